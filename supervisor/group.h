/* Supervision groups: tree.h with real instances. A group with a strategy is a supervisor
 * of the tree, an instance of one of its workers is a leaf. The engine's wish decides
 * which leaves may run: one that shall not run answers its start with `ignored`, one that
 * shall no longer run is terminated, one that shall again is restarted.
 *
 *   group.c         actions of the tree -> instances, ends of instances -> the tree
 *   group_leaf.c    which instance is which leaf
 *   group_shape.c   the configuration -> nodes of the tree
 *   group_control.c what a person asks for and sees */
#ifndef SUP_GROUP_H
#define SUP_GROUP_H

#include "nv_buf.h"
#include "nv_config.h"
#include "tree.h"

#include <ev.h>

struct nv_chan;
struct sup;
struct sup_conf;
struct sup_group_waiter;
struct sup_instance;
struct sup_worker;

/* Calls of novasupd itself carry this and the child's id; a person's carry a number. */
#define SUP_CALL_OURS (UINT64_C(1) << 63)

struct sup_group {
	struct sup *sup;
	struct sup_group *next;           /* by name */
	struct sup_conf *conf_ref;        /* held */
	const struct nv_conf_group *conf; /* borrowed from conf_ref */
	struct sup_group *parent;         /* NULL: a tree of its own */
	uint64_t call;                    /* of a person who waits for it; 0: nobody */
	bool call_is_stop;
	ev_timer shutdown; /* its parent has no more patience */

	char flat[0]; /* from here on: state.h */
	char name[NV_NAME_MAX];
	uint32_t conf_gen;
	sup_node node; /* 0: not in the tree */
	bool leaving;  /* no longer configured, or elsewhere: removed when it is down */
	bool held;     /* without parent: a person stopped it */
	bool again;    /* without parent: to be started when it has ended */
	bool halted;   /* without parent: it ended by itself */
	bool was_running;  /* when it was last looked at */
	bool busy;         /* its parent took no more calls: once more */
	bool ending;       /* its parent was asked to end it, and has not answered */
	uint32_t given_up; /* so often, since Nova started */
	char cause[300];   /* why it was given up, or has ended; "" */
};

/* What novasupd has of all groups. */
struct sup_groups {
	struct nv_buf saved;    /* of a resume, until all of it is there */
	struct sup_group *list; /* owned, by name */
	struct sup_tree *tree;  /* owned; NULL: no group has a strategy */
	ev_timer timer;         /* its deadline */
	bool busy;              /* its actions are being performed, or held back */
	bool changed;           /* since it was last put into the image */
	uint64_t calls;         /* numbers given to calls of persons */
	struct sup_group_waiter *waiters; /* owned */
	unsigned n_waiters;
	bool any_busy;                /* a child is to be asked for once more */
	struct sup_instance **leaves; /* owned: by id, n_buckets heads */
	uint32_t n_buckets;
	uint32_t n_leaves;
	struct sup_instance *wishes; /* of which it is still to be written down */
};

/* What an instance has of it. */
struct sup_leaf {
	uint64_t id;
	struct sup_instance *same; /* hash chain */
	struct sup_instance *wish_next;
	bool known;  /* it is in the table */
	bool wished; /* it is in the list of wishes */
};

/* ---- group.c ---- */
void sup_groups_fini(struct sup *sup);
/* The fleet ends: every tree by its own rules. */
void sup_groups_stop(struct sup *sup);
/* The actions of the tree, until there are none. */
void sup_groups_run(struct sup *sup);
struct sup_group *sup_group_find(struct sup *sup, const char *name);
struct sup_group *sup_group_by_id(struct sup *sup, uint64_t id); /* sup_group_id */
struct sup_group *sup_group_root(struct sup_group *g);
enum sup_child_state sup_group_state(const struct sup_group *g);
/* A group without parent, with nothing of its past; false: it runs already. */
bool sup_group_start_root(struct sup_group *root);

/* Instances of workers in a group: it is up; it has ended (machine.end says how). */
void sup_group_started(struct sup_instance *inst);
void sup_group_ended(struct sup_instance *inst);
/* These of its slots are wanted, but for parked ones: what differs is told to the tree.
 */
void sup_group_apply(struct sup_worker *w, uint32_t slots);
/* It shall run from now on, or no more. */
void sup_group_want(struct sup_instance *inst, bool want);
/* What is wanted, and whether the tree was told that it shall not run, to be written down
 * with what the tree was asked for: one without the other is never asked for again. */
void sup_group_wish(struct sup_instance *inst, bool want, bool going);
/* A person or the policy starts it anew: also a group that is halted. */
void sup_group_reset(struct sup_instance *inst);
/* Stop it and start it again; costs nothing. Not in a tree that a person has stopped. */
void sup_group_restart(struct sup_instance *inst);
/* A person has stopped its tree. */
bool sup_group_is_held(const struct sup_worker *w);
/* A person or the policy wants it to run all the same: one that is going down is started
 * when it is down. */
void sup_group_revive(struct sup_worker *w);
/* It is about to be started or stopped by the tree, and shall not run: answered. */
void sup_group_release(struct sup_instance *inst);
/* Start one that was added below its parent; end one that is to leave. */
void sup_group_begin(struct sup_group *g);
void sup_group_end(struct sup_group *g);
/* Once a pass: what a group was too busy for. */
void sup_group_again(struct sup *sup);

/* A call on the tree; number 0: nobody waits for the answer. */
void sup_group_call(struct sup_group *g, enum sup_call what, uint64_t id,
	const struct sup_child_spec *spec, uint64_t number);
sup_node sup_leaf_node(const struct sup_instance *inst);
struct sup_child_spec sup_leaf_spec(const struct sup_worker *w);
struct sup_instance *sup_leaf_find(struct sup *sup, uint64_t id);
int sup_leaf_know(struct sup_instance *inst); /* 0 or -ENOMEM */
void sup_leaf_forget(struct sup_instance *inst);
uint64_t sup_leaf_id(const char *worker, uint32_t number);
uint64_t sup_group_id(const char *name);

/* ---- group_control.c ---- */
struct sup_client;
/* An instance without process that its group will not start by itself; false: it will, or
 * it is in none. In any case why it does not run yet, for people, or "". */
bool sup_group_lets_down(const struct sup_instance *inst, char *buf, size_t buf_bytes);
/* The answer to a person's call. */
void sup_group_answer(struct sup *sup, uint64_t number, enum sup_call_result result);
/* Messages of a client, as control.c dispatches them. */
struct nv_msg;
int sup_group_on_get(struct sup_client *client, struct nv_msg *msg);
int sup_group_on_do(struct sup_client *client, struct nv_msg *msg);
void sup_group_client_gone(struct sup *sup, const struct sup_client *client);

/* ---- group_state.c: after our own death ---- */
/* Into the open batch, if it has changed. */
void sup_groups_keep(struct sup *sup);
/* A group that was read: 0, -EEXIST, -ENOMEM. */
int sup_group_restore(struct sup *sup, const struct sup_group *read,
	struct sup_conf *conf, const struct nv_conf_group *c);
/* The next piece of what was written down. */
int sup_groups_piece(struct sup *sup, const void *data, size_t bytes);
/* All pieces are there, and all workers: 0, -EBADMSG, -ENOMEM. Nothing is done yet. */
int sup_groups_restore(struct sup *sup);
/* Every process is known again: what was decided is done, and what happened is told. */
void sup_groups_resume(struct sup *sup);

/* ---- group_shape.c ---- */
/* After the workers of a configuration were taken: 0 or -ENOMEM. */
int sup_groups_load(struct sup *sup, struct sup_conf *conf);
struct sup_group *sup_group_new(struct sup *sup, const char *name); /* NULL: no memory */
/* A worker is being freed: false while its leaves are still in use. */
bool sup_group_let_go(struct sup_worker *w);
/* Once a pass: groups and workers that wait to leave. */
void sup_groups_collect(struct sup *sup);

#endif
