/* Supervision trees with the semantics of OTP's supervisor: which leaf is started,
 * stopped and restarted, and when a group gives up. A pure function of (tree, event,
 * now): no clock, no process, no I/O, and no pointer inside that outlives a call, so that
 * the whole tree can be written down and read back (sup_tree_save, sup_tree_load).
 *
 * A *group* is a supervisor; a *leaf* is one instance of a worker. Groups nest. Each
 * group without a parent is a tree of its own. docs/SUPERVISION.md is the rule book; the
 * numbers S1.. in comments and tests are its rules.
 *
 * The caller feeds events and then takes actions until there are none:
 *
 *     sup_tree_exited(t, leaf, SUP_EXIT_ABNORMAL, now, now);
 *     while (sup_tree_next_action(t, &a)) perform(&a);
 *
 * Every START is answered by exactly one of started, ignored, failed, or, if a STOP for
 * the same leaf came in between, by exited. Every STOP is answered by exited. A leaf that
 * was started may also exit by itself at any time. Answers may come at once or much
 * later. */
#ifndef SUP_TREE_H
#define SUP_TREE_H

#include "nv_base.h"

enum sup_strategy {
	SUP_ONE_FOR_ONE,
	SUP_ONE_FOR_ALL,
	SUP_REST_FOR_ONE,
	SUP_SIMPLE_ONE_FOR_ONE /* any number of leaves alike: addressed by number, stopped
				  all at once, gone when they have ended for good */
};
enum sup_auto_shutdown { SUP_AUTO_NEVER, SUP_AUTO_ANY, SUP_AUTO_ALL };
enum sup_child_restart { SUP_PERMANENT, SUP_TRANSIENT, SUP_TEMPORARY };
enum sup_exit_class {
	SUP_EXIT_NORMAL,   /* ended by itself, well */
	SUP_EXIT_SHUTDOWN, /* ended as an answer to a stop, or a group that gave up */
	SUP_EXIT_ABNORMAL  /* everything else */
};

#define SUP_SHUTDOWN_BRUTAL   INT64_C(0)  /* kill, wait */
#define SUP_SHUTDOWN_INFINITY INT64_C(-1) /* ask, wait */
#define SUP_INTENSITY_MAX     1000
#define SUP_TREE_DEPTH_MAX    64 /* groups inside of groups: -EINVAL beyond */
#define SUP_TREE_CALLS_MAX \
	64 /* waiting in one group; more are answered SUP_CALL_BUSY \
	    */

/* What a group and a leaf have in common: how their parent treats them. */
struct sup_child_spec {
	enum sup_child_restart restart;
	int64_t shutdown_ms; /* or one of the two above */
	bool significant;
};
struct sup_group_spec {
	struct sup_child_spec child;
	enum sup_strategy strategy;
	uint32_t intensity; /* 0..SUP_INTENSITY_MAX: more restarts than this ... */
	uint32_t period_s;  /* ... within this many seconds, >= 1: given up */
	enum sup_auto_shutdown auto_shutdown;
};

typedef uint32_t sup_node; /* stable for the life of the node; 0 is none. Reused never */

struct sup_tree;

struct sup_tree *sup_tree_new(void); /* NULL: no memory */
void sup_tree_free(struct sup_tree *t);

/* ---- shape: static children, in start order. May be called before the group is started,
 * or for a running one by a new configuration (rules H). Return 0 with *ret, or -EINVAL
 * (a bad combination: significant with permanent, significant in a group whose
 * auto_shutdown is never or that is simple_one_for_one, a group inside a
 * simple_one_for_one, a number out of range, no such parent), -EEXIST (that id is a child
 * of this group already), -ENOMEM. `id` is the caller's number for the child, unique
 * within its parent (OTP's child id); `parent` 0: a tree of its own. */
int sup_tree_add_group(struct sup_tree *t, sup_node parent, uint64_t id,
	const struct sup_group_spec *spec, sup_node *ret);
int sup_tree_add_leaf(struct sup_tree *t, sup_node group, uint64_t id,
	const struct sup_child_spec *spec, sup_node *ret);
/* New settings for a node that goes on (rules H). -EINVAL leaves everything as it was. */
int sup_tree_change_group(
	struct sup_tree *t, sup_node group, const struct sup_group_spec *spec);
int sup_tree_change_leaf(
	struct sup_tree *t, sup_node leaf, const struct sup_child_spec *spec);
/* Forget a static child that has no process (-EBUSY otherwise), a group with all below.
 */
int sup_tree_remove(struct sup_tree *t, sup_node node);

/* ---- events ---- */

/* A group without parent: start it, stop it. A stop is answered by SUP_TREE_ENDED. */
void sup_tree_start(struct sup_tree *t, sup_node group, int64_t now_ms);
void sup_tree_stop(struct sup_tree *t, sup_node group, int64_t now_ms);

void sup_tree_started(struct sup_tree *t, sup_node leaf, int64_t now_ms);
void sup_tree_ignored(struct sup_tree *t, sup_node leaf, int64_t now_ms);
void
sup_tree_failed(struct sup_tree *t, sup_node leaf, int64_t retry_at_ms, int64_t now_ms);
/* retry_at_ms: the leaf's own pacing (backoff, cooldown); now_ms, or earlier, for at
 * once. It delays the restart of this leaf (S14); it never changes what is restarted. */
void sup_tree_exited(struct sup_tree *t, sup_node leaf, enum sup_exit_class how,
	int64_t retry_at_ms, int64_t now_ms);
/* The leaf is over its own crash limit: `escalate` false: it stays down as after
 * terminate_child, its group goes on; true: as if the group were over its intensity (S7).
 */
void
sup_tree_leaf_gives_up(struct sup_tree *t, sup_node leaf, bool escalate, int64_t now_ms);
void sup_tree_timer(struct sup_tree *t, int64_t now_ms);
int64_t sup_tree_deadline(const struct sup_tree *t); /* INT64_MAX: none */

/* ---- calls: OTP's dynamic interface ---- */

enum sup_call {
	SUP_CALL_START_CHILD,     /* a new dynamic leaf with this id and spec */
	SUP_CALL_RESTART_CHILD,   /* one that is down; costs no intensity */
	SUP_CALL_TERMINATE_CHILD, /* stop it and keep (temporary, simple: forget) its spec
				   */
	SUP_CALL_DELETE_CHILD     /* forget one that is down */
};
enum sup_call_result {
	SUP_CALL_OK,
	SUP_CALL_ALREADY_STARTED, /* start_child: the id is there and has a process */
	SUP_CALL_ALREADY_PRESENT, /* start_child: the id is there without (or restarting)
				   */
	SUP_CALL_RUNNING,         /* restart_child, delete_child */
	SUP_CALL_RESTARTING,      /* restart_child, delete_child: a retry is pending */
	SUP_CALL_NOT_FOUND,
	SUP_CALL_SIMPLE,  /* restart_child, delete_child in a simple_one_for_one */
	SUP_CALL_FAILED,  /* the start failed; start_child: nothing is kept */
	SUP_CALL_IGNORED, /* the start was ignored; start_child keeps the spec (permanent,
			     transient), forgets it (temporary, simple) */
	SUP_CALL_INVALID, /* a bad combination, or not a group */
	SUP_CALL_BUSY,
	SUP_CALL_STOPPING /* the group is going down, or is not running */
};
struct sup_call_args {
	uint64_t call; /* the caller's number, comes back in SUP_TREE_REPLY */
	enum sup_call what;
	sup_node group;
	uint64_t id;
	struct sup_child_spec spec; /* START_CHILD */
};
/* Answered by one SUP_TREE_REPLY, at once or later. A call on a group that goes down
 * before its turn is answered SUP_CALL_STOPPING. */
void sup_tree_call(struct sup_tree *t, const struct sup_call_args *args, int64_t now_ms);

/* ---- actions ---- */

enum sup_tree_what {
	SUP_TREE_START,   /* node: a leaf */
	SUP_TREE_STOP,    /* node: a leaf; shutdown_ms */
	SUP_TREE_REPLY,   /* call, result; node of the child where there is one */
	SUP_TREE_UP,      /* node: a group without parent is started */
	SUP_TREE_ENDED,   /* node: a group without parent is down; why */
	SUP_TREE_GAVE_UP, /* node: a group (any) is over its intensity; a report, nothing
			     to do. `cause`: the child whose restart was one too many */
	SUP_TREE_FORGOT   /* node: a leaf that will not come back: its number is free */
};
enum sup_tree_why {
	SUP_WHY_STOPPED,      /* sup_tree_stop */
	SUP_WHY_START_FAILED, /* `cause`: the leaf */
	SUP_WHY_GAVE_UP,
	SUP_WHY_AUTO_SHUTDOWN /* `cause`: the significant child */
};
struct sup_tree_action {
	enum sup_tree_what what;
	sup_node node;
	int64_t shutdown_ms;
	uint64_t call;
	enum sup_call_result result;
	enum sup_tree_why why;
	sup_node cause;
};
bool sup_tree_next_action(struct sup_tree *t, struct sup_tree_action *ret);
bool sup_tree_has_actions(const struct sup_tree *t);

/* ---- looking ---- */

enum sup_child_state {
	SUP_CHILD_DOWN,     /* `undefined`: a spec without a process */
	SUP_CHILD_STARTING, /* START was said, no answer yet */
	SUP_CHILD_RUNNING,
	SUP_CHILD_STOPPING,  /* STOP was said, no exit yet */
	SUP_CHILD_RESTARTING /* a retry is pending (at once, or at retry_at_ms) */
};
static inline bool
sup_child_has_process(enum sup_child_state state)
{
	return state == SUP_CHILD_STARTING || state == SUP_CHILD_RUNNING ||
	       state == SUP_CHILD_STOPPING;
}
struct sup_child_view {
	sup_node node;
	uint64_t id;
	bool is_group;
	bool dynamic;
	enum sup_child_state state;
	struct sup_child_spec spec;
	int64_t retry_at_ms; /* of RESTARTING */
};
/* Children in start order. false: no such index. */
bool sup_tree_child(const struct sup_tree *t, sup_node group, uint32_t index,
	struct sup_child_view *ret);
struct sup_counts {
	uint32_t specs;
	uint32_t active; /* with a process; a group that is started (OTP: is_pid) */
	uint32_t supervisors;
	uint32_t workers;
};
void sup_tree_count(const struct sup_tree *t, sup_node group, struct sup_counts *ret);
/* Restarts that count now, of how many. */
uint32_t sup_tree_restarts(const struct sup_tree *t, sup_node group, int64_t now_ms);
sup_node sup_tree_find(const struct sup_tree *t, sup_node group, uint64_t id);
/* The static child of that id, also one that is forgotten until its group starts anew. */
sup_node sup_tree_find_static(const struct sup_tree *t, sup_node group, uint64_t id);
sup_node sup_tree_parent(const struct sup_tree *t, sup_node node);
/* The same by node; a group without parent has the state of its own operation. */
bool sup_tree_view(const struct sup_tree *t, sup_node node, struct sup_child_view *ret);
/* Has it been started, or started anew, since this was last asked? */
bool sup_tree_was_begun(struct sup_tree *t, sup_node group);
/* No operation runs and no message waits: what is down in it stays down. */
bool sup_tree_is_settled(const struct sup_tree *t, sup_node group);
/* Walk the children in start order: the first (node 0), the one after `node`; 0: none. */
sup_node sup_tree_next(const struct sup_tree *t, sup_node group, sup_node node);
bool
sup_tree_group_spec(const struct sup_tree *t, sup_node group, struct sup_group_spec *ret);

/* ---- to survive the process ---- */

struct nv_buf;
/* Everything, in a versioned form; a load gives a tree that answers every later event as
 * the saved one would have, actions not yet taken included. 0, -ENOMEM, -EBADMSG. */
int sup_tree_save(const struct sup_tree *t, struct nv_buf *buf);
int sup_tree_load(const void *data, size_t bytes, struct sup_tree **ret);

#endif
