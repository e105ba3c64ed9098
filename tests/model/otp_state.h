/* What the reference model remembers (private to otp_*.c). Everything is a short list
 * with a bound that the simulation never reaches. */
#ifndef OTP_STATE_H
#define OTP_STATE_H

#include "otp_model.h"

#define OTP_NODES   384
#define OTP_GROUPS  24
#define OTP_KIDS    160
#define OTP_BOX     320
#define OTP_STEPS   (2 * OTP_KIDS)
#define OTP_STAMPS  (SUP_INTENSITY_MAX + 2)
#define OTP_ACTIONS 1024

enum otp_phase { OTP_OFF, OTP_COMING, OTP_UP, OTP_GOING };
enum otp_op { OTP_OP_NONE, OTP_OP_START_ALL, OTP_OP_SWEEP, OTP_OP_STOP_ALL, OTP_OP_CALL };
enum otp_kind { OTP_MSG_EXIT, OTP_MSG_RETRY, OTP_MSG_CALL };
enum otp_answer { OTP_ANSWER_STARTED, OTP_ANSWER_FAILED, OTP_ANSWER_EXITED };

/* How a process ended, as its owner said it. */
struct otp_end {
	enum sup_exit_class how;
	int64_t retry_at_ms;
	bool gives_up;
	bool escalate;
};

struct otp_msg {
	enum otp_kind kind;
	sup_node child;            /* EXIT, RETRY */
	struct otp_end end;        /* EXIT */
	struct sup_call_args args; /* CALL */
};

struct otp_step {
	bool stop;
	bool begun;
	sup_node child;
};

struct otp_group {
	struct sup_group_spec spec;
	struct sup_group_spec spec_of_life; /* as it was when the group was started */
	enum otp_phase phase;
	enum otp_op op;
	bool half;                       /* SWEEP: stop only, a retry starts them again */
	struct otp_step step[OTP_STEPS]; /* first: the one that is being taken */
	unsigned n_step;
	struct otp_msg box[OTP_BOX]; /* first: the oldest */
	unsigned n_box;
	sup_node kid[OTP_KIDS]; /* in start order, of this life */
	unsigned n_kid;
	sup_node fixed[OTP_KIDS]; /* static children, of every life */
	unsigned n_fixed;
	int64_t stamp[OTP_STAMPS]; /* whole seconds, newest first */
	unsigned n_stamp;
	enum sup_tree_why why; /* GOING: what for */
	sup_node cause;
	bool stop_after_start; /* only with S11 broken */
};

struct otp_node {
	bool exists;
	sup_node parent;
	uint64_t id;
	struct sup_child_spec spec;
	bool dynamic;
	struct otp_group *group; /* NULL: a leaf */
	enum sup_child_state state;
	int64_t retry_at_ms;
	bool retry_later;     /* RESTARTING, and not in the mailbox yet */
	uint64_t retry_order; /* of arrival */
	/* A call that waits for the answer to its START. */
	bool start_called;
	enum sup_call start_what;
	uint64_t start_call;
	/* A call that waits for the exit. */
	bool stop_called;
	uint64_t stop_call;
	bool never_was; /* its START_CHILD was answered FAILED: nothing is kept */
};

struct otp_post {
	sup_node group;
	enum otp_answer answer;
};

struct otp {
	enum otp_break broken;
	int64_t now_ms;
	struct otp_node node[OTP_NODES]; /* 0 is none */
	unsigned n_node;
	struct otp_group group[OTP_GROUPS];
	unsigned n_group;
	struct otp_post
		post[OTP_NODES]; /* answers of groups on their way to the parent */
	unsigned n_post;
	uint64_t retries;
	sup_node awake[OTP_NODES]; /* groups that may have a message to handle */
	unsigned n_awake;
	struct sup_tree_action action[OTP_ACTIONS];
	unsigned n_action;
	unsigned taken;
};

/* ---- otp_model.c: operations ---- */

struct otp_group *otp_group_of(struct otp *m, sup_node node); /* of a group */
bool otp_has_process(const struct otp_node *c);
bool otp_in_flight(const struct otp_node *c);
bool otp_is_sweep(const struct otp_group *g); /* one_for_all, rest_for_one */
bool otp_is_simple(const struct otp_group *g);
unsigned otp_position(const struct otp_group *g, sup_node child); /* n_kid: no child */

void otp_say(struct otp *m, const struct sup_tree_action *a);
void otp_reply(struct otp *m, uint64_t call, enum sup_call_result result, sup_node node);
void otp_forget(struct otp *m, sup_node child);

void otp_void_exit(struct otp_group *g, sup_node child);
void otp_void_retry(struct otp *m, struct otp_group *g, sup_node child);
void otp_restart_later(struct otp *m, sup_node child, int64_t retry_at_ms);

void otp_child_start(struct otp *m, sup_node child);
void otp_child_stop(struct otp *m, sup_node child);
void otp_add_step(struct otp_group *g, bool stop, sup_node child, bool begun);
void otp_advance(struct otp *m, sup_node group);
void otp_begin_start_all(struct otp *m, sup_node group);
void
otp_begin_stop_all(struct otp *m, sup_node group, enum sup_tree_why why, sup_node cause);
void otp_wake(struct otp *m, sup_node group);
/* Handle all that can be handled now. */
void otp_settle(struct otp *m);

/* ---- otp_answer.c: what a START or a STOP came to ---- */

void otp_answer(struct otp *m, sup_node group, enum otp_answer answer);

/* ---- otp_message.c: what a group does with a message ---- */

void otp_read_mail(struct otp *m, sup_node group);
void otp_give_up(struct otp *m, sup_node group, sup_node cause);

/* ---- otp_call.c ---- */

void otp_handle_call(struct otp *m, sup_node group, const struct sup_call_args *a);

/* ---- otp_shape.c ---- */

bool otp_spec_fits(const struct otp_group *g, const struct sup_child_spec *spec);
sup_node otp_new_node(struct otp *m, sup_node parent, uint64_t id,
	const struct sup_child_spec *spec, bool is_group);

#endif
