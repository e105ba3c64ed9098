/* Inside of the supervision tree (tree.h): its storage, and what its files say to each
 * other. Everything is in flat arrays and refers to each other by *slot*, the index in
 * its array; SUP_NO_SLOT is none. Nobody but tree*.c includes this. */
#ifndef SUP_TREE_IMPL_H
#define SUP_TREE_IMPL_H

#include "tree.h"

#define SUP_NO_SLOT UINT32_MAX

enum tree_op {
	TREE_OFF,       /* never started, or ended */
	TREE_START_ALL, /* S5 */
	TREE_UP,        /* no operation: messages are handled */
	TREE_SWEEP,     /* S6 */
	TREE_CALL,      /* the start or stop of one child by a call (S12) */
	TREE_STOP_ALL   /* S10 */
};

enum tree_msg_what {
	TREE_MSG_EXIT,
	TREE_MSG_GIVE_UP,
	TREE_MSG_RETRY,
	TREE_MSG_CALL,
	TREE_MSG_COUNT
};

struct tree_msg {
	uint32_t prev, next; /* in the mailbox; `next` in the list of free ones */
	uint32_t node;       /* of all but CALL */
	enum tree_msg_what what;
	enum sup_exit_class how; /* EXIT */
	bool escalate;           /* GIVE_UP */
	int64_t retry_at_ms;     /* EXIT */
	struct sup_call_args call;
};

struct tree_list {
	uint32_t first, last;
};

struct tree_node {
	sup_node handle; /* 0: a free slot, `next` is the next free one */
	uint32_t parent; /* node slot */
	uint32_t prev, next;
	uint32_t same_handle, same_id; /* hash chains */
	uint32_t group;                /* group slot; SUP_NO_SLOT: a leaf */
	uint64_t id;
	struct sup_child_spec spec;
	enum sup_child_state state;
	bool dynamic;
	bool absent; /* a static child that is forgotten until its group starts anew */
	bool in_op;  /* the operation of its group is about it too */
	bool unborn; /* its START_CHILD was answered FAILED before it has exited */
	bool called; /* `call` began what is in flight and is to be answered */
	enum sup_call call_what;
	uint64_t call;
	int64_t retry_at_ms; /* RESTARTING */
	uint64_t retry_seq;
	uint32_t heap; /* 1 + place among the waiting retries; 0: not there */
	uint32_t msg;  /* the message about it in its group's mailbox */
};

enum tree_report { TREE_REPORT_NONE, TREE_REPORT_STARTED, TREE_REPORT_ENDED };

struct tree_group {
	uint32_t node; /* SUP_NO_SLOT: a free slot, work_next is the next free one */
	enum sup_strategy strategy;
	uint32_t intensity;
	uint32_t period_s;
	enum sup_auto_shutdown auto_shutdown;
	struct tree_list children;
	struct tree_list mailbox;
	uint32_t calls; /* in the mailbox */
	uint32_t alive; /* children with a process */
	enum tree_op op;
	bool begun;       /* START_ALL, since somebody last asked */
	bool half;        /* SWEEP: there is no start half (S14) */
	bool all_at_once; /* STOP_ALL of a simple_one_for_one */
	uint32_t cursor;  /* the child whose answer the operation awaits */
	enum sup_tree_why why;
	sup_node cause;
	int64_t *stamps_s; /* owned; oldest first */
	uint32_t n_stamps;
	uint32_t stamps_cap;
	/* Work of this event only. */
	enum tree_report report;
	bool to_pump;
	uint32_t report_next, pump_next;
	uint32_t free_next;
};

struct sup_tree {
	struct tree_node *nodes;
	uint32_t nodes_cap, nodes_used, nodes_free, n_nodes;
	struct tree_group *groups;
	uint32_t groups_cap, groups_used, groups_free, n_groups;
	struct tree_msg *msgs;
	uint32_t msgs_cap, msgs_used, msgs_free;
	uint32_t *by_handle, *by_id; /* nodes_cap heads each */
	uint32_t *heap;              /* node slots, the first due on top */
	uint32_t n_heap;
	struct sup_tree_action *actions; /* a ring; the capacity is a power of two */
	uint32_t actions_cap, actions_first, n_actions;
	struct tree_list roots;
	sup_node next_handle;
	uint64_t next_seq;
	int64_t now_ms; /* of the event that is being handled */
	struct tree_list reports, pumps;
};

/* ---- tree_store.c ---- */

/* Room for one more node (and group) and all that can follow from it: -ENOMEM or 0. */
int tree_reserve(struct sup_tree *t, bool group);
/* After a reserve: cannot fail. The last child of the parent (slot, or none: a root). */
uint32_t tree_node_new(struct sup_tree *t, uint32_t parent, sup_node handle, uint64_t id);
uint32_t tree_group_new(struct sup_tree *t, uint32_t node);
/* With the nodes below; the caller has seen to it that nothing refers to it. */
void tree_node_free(struct sup_tree *t, uint32_t top);
uint32_t tree_by_handle(const struct sup_tree *t, sup_node handle);
/* A child of the parent slot; absent ones only if `absent`. */
uint32_t tree_by_id(const struct sup_tree *t, uint32_t parent, uint64_t id, bool absent);
/* The static one, absent or not. */
uint32_t tree_static_by_id(const struct sup_tree *t, uint32_t parent, uint64_t id);
struct tree_list *tree_siblings(struct sup_tree *t, uint32_t parent);
struct tree_group *tree_parent_group(const struct sup_tree *t, uint32_t slot);

/* At the end of a mailbox; the message that is returned is the caller's to fill. */
struct tree_msg *tree_msg_push(
	struct sup_tree *t, struct tree_group *g, enum tree_msg_what what, uint32_t node);
void tree_msg_drop(struct sup_tree *t, struct tree_group *g, uint32_t slot);
/* Nothing waits for this node any more: neither a message nor a retry. */
void tree_void_pending(struct sup_tree *t, uint32_t slot);

void tree_heap_add(struct sup_tree *t, uint32_t slot);
void tree_heap_remove(struct sup_tree *t, uint32_t slot);

void tree_act(struct sup_tree *t, const struct sup_tree_action *action);

/* ---- tree_shape.c ---- */

/* 0 or -EINVAL: a child like this in that group (slot; none: a root). */
int tree_check_child(const struct sup_tree *t, uint32_t parent_group,
	const struct sup_child_spec *spec, bool group);
int tree_check_group(const struct sup_group_spec *spec);
/* Room for as many restarts as it counts, and n_stamps: 0, -ENOMEM. */
int tree_fit_stamps(struct tree_group *g, uint32_t n_stamps);
/* 0, or -ENOMEM with everything as it was. */
int tree_set_group(struct tree_group *g, const struct sup_group_spec *spec);
/* Groups above and including this slot (none: 0). */
uint32_t tree_depth(const struct sup_tree *t, uint32_t slot);

/* ---- small things ---- */

static inline sup_node
tree_handle_of(const struct sup_tree *t, uint32_t slot)
{
	return slot == SUP_NO_SLOT ? 0 : t->nodes[slot].handle;
}

static inline bool
tree_is_simple(const struct tree_group *g)
{
	return g->strategy == SUP_SIMPLE_ONE_FOR_ONE;
}

static inline bool
tree_is_sweeper(const struct tree_group *g)
{
	return g->strategy == SUP_ONE_FOR_ALL || g->strategy == SUP_REST_FOR_ONE;
}

/* ---- tree_op.c ---- */

void tree_set_state(struct sup_tree *t, uint32_t slot, enum sup_child_state state);
void
tree_reply(struct sup_tree *t, uint64_t call, enum sup_call_result result, sup_node node);
/* Answers the call that began what is in flight, if there is one. */
void tree_reply_child(
	struct sup_tree *t, uint32_t slot, enum sup_call_result result, bool gone);
/* The mailbox is looked at before this event is over. */
void tree_to_pump(struct sup_tree *t, struct tree_group *g);

void tree_child_start(struct sup_tree *t, uint32_t slot);
/* true: its exit is to be awaited. */
bool tree_child_stop(struct sup_tree *t, uint32_t slot);
/* A child without process: gone, or absent until its group starts anew. */
void tree_forget(struct sup_tree *t, uint32_t slot);
void tree_set_retry(
	struct sup_tree *t, struct tree_group *g, uint32_t slot, int64_t retry_at_ms);

void tree_group_begin(struct sup_tree *t, struct tree_group *g);
void tree_group_end(struct sup_tree *t, struct tree_group *g);
void tree_stop_all(
	struct sup_tree *t, struct tree_group *g, enum sup_tree_why why, sup_node cause);
/* S7. The child (or none, when it is forgotten already) has no process. */
void
tree_give_up(struct sup_tree *t, struct tree_group *g, uint32_t slot, sup_node cause);
void tree_sweep(struct sup_tree *t, struct tree_group *g, uint32_t failed, bool half);
/* An operation goes on with this child or what follows it in its direction. */
void tree_step_start(struct sup_tree *t, struct tree_group *g, uint32_t slot);
void tree_step_stop_all(struct sup_tree *t, struct tree_group *g, uint32_t slot);
void tree_step_sweep_stop(struct sup_tree *t, struct tree_group *g, uint32_t slot);
/* The operation is over: messages are handled again. */
void tree_op_done(struct sup_tree *t, struct tree_group *g);
void tree_clear_marks(struct sup_tree *t, const struct tree_group *g);

/* ---- tree.c ---- */

/* All that follows from an event. */
void tree_run(struct sup_tree *t);

/* ---- tree_call.c ---- */

/* Does this call have to wait? `before`: look at the messages before this one. */
bool tree_call_waits(const struct sup_tree *t, const struct tree_group *g,
	const struct sup_call_args *call, uint32_t before);
void tree_call_handle(
	struct sup_tree *t, struct tree_group *g, const struct sup_call_args *call);

#endif
