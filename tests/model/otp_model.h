/* The reference model of supervisor/tree.h: what the rules S1..S15 and H of
 * docs/SUPERVISION.md say, written from the rules and not from the code, slow and plain.
 * Each group is a mailbox and the list of steps its operation has still to take. Same
 * calls as in tree.h; the differences between the two are what tree_sim looks for.
 *
 * A model can be born with one rule broken: then the simulation must see the difference,
 * or it is blind (test_tree_mutants). */
#ifndef OTP_MODEL_H
#define OTP_MODEL_H

#include "tree.h"

/* Name, and what is wrong. */
#define OTP_BREAKS(X) \
	X(SOUND, "nothing") \
	X(S1_LIFO, "S1: the newest message is handled first") \
	X(S2_SWEEP_AT_ONCE, "S2: a sweep does not wait for one stop before the next") \
	X(S3_EXIT_FAILS_START, "S3: a death of a started child fails START_ALL") \
	X(S3_VOID_FORGOTTEN, "S3: the exit message of a child started again is kept") \
	X(S4_WAITS, "S4: one_for_one waits while another child starts or stops") \
	X(S5_FORWARD, "S5: a failed START_ALL stops in start order") \
	X(S5_IGNORED_FAILS, "S5: an ignored start is a failed one") \
	X(S6_TRANSIENT_SHUTDOWN, "S6: transient is restarted after SHUTDOWN") \
	X(S6_WINDOW, "S6: a stamp exactly period old does not count") \
	X(S6_MILLISECONDS, "S6: the window is counted in milliseconds") \
	X(S6_LIMIT, "S6: the restart that reaches the intensity gives up") \
	X(S6_RETRY_FREE, "S6: a retry spends nothing") \
	X(S6_REST_ALL, "S6: rest_for_one sweeps all") \
	X(S6_TEMPORARY_BACK, "S6: a temporary bystander is started again") \
	X(S6_DOWN_STAYS, "S6: a sweep does not start what was down on purpose") \
	X(S7_ABNORMAL, "S7: a group that gave up exits ABNORMAL") \
	X(S7_SILENT, "S7: giving up is not reported") \
	X(S8_STAMPS, "S8: the intensity list outlives the group's life") \
	X(S8_DYNAMIC, "S8: dynamic children outlive the group's life") \
	X(S9_ALL_IS_ANY, "S9: auto_shutdown all acts as any") \
	X(S9_TERMINATED, "S9: terminate_child of a significant child shuts down") \
	X(S9_NOT_UPWARD, "S9: a significant group does not pass it on") \
	X(S10_FORWARD, "S10: STOP_ALL in start order") \
	X(S10_SIMPLE_SLOW, "S10: simple_one_for_one stops one at a time") \
	X(S10_CALLS_LOST, "S10: waiting calls are answered with FAILED") \
	X(S11_WAITS_FOR_START, "S11: an order to stop waits for START_ALL") \
	X(S12_RESTART_COSTS, "S12: restart_child spends a unit") \
	X(S12_FAILED_RETRIES, "S12: a failed restart_child is retried") \
	X(S12_DELETE_RESTARTING, "S12: delete_child works while restarting") \
	X(S12_TERMINATE_KEEPS_RETRY, "S12: terminate_child leaves the retry") \
	X(S12_CHECKED_EARLY, "S12: a call is checked when it arrives") \
	X(S13_EXIT_RESTARTS, "S13: an abnormal exit during a stop is unexpected") \
	X(S14_STOPS_LATE, "S14: a delayed sweep stops the others at the retry") \
	X(S14_SPENDS_EARLY, "S14: a delayed restart spends its unit at the exit") \
	X(S14_EARLY, "S14: a retry is due one millisecond early") \
	X(S14_NOT_LEFTMOST, "S14: a retry sweeps from its own child only") \
	X(S15_ESCALATES, "S15: leaf_gives_up always escalates") \
	X(S15_RESTARTS, "S15: leaf_gives_up is an abnormal exit") \
	X(H_STARTS, "H: a new child of a running group is started") \
	X(H_OLD_INTENSITY, "H: a new intensity holds from the next life on")

enum otp_break {
#define OTP_X(name, text) OTP_##name,
	OTP_BREAKS(OTP_X)
#undef OTP_X
		OTP_BREAK_COUNT
};

struct otp;

struct otp *otp_new(enum otp_break broken); /* NULL: no memory */
void otp_free(struct otp *m);
/* As new, in the same memory. */
void otp_clear(struct otp *m, enum otp_break broken);

int otp_add_group(struct otp *m, sup_node parent, uint64_t id,
	const struct sup_group_spec *spec, sup_node *ret);
int otp_add_leaf(struct otp *m, sup_node group, uint64_t id,
	const struct sup_child_spec *spec, sup_node *ret);
int otp_change_group(struct otp *m, sup_node group, const struct sup_group_spec *spec);
int otp_change_leaf(struct otp *m, sup_node leaf, const struct sup_child_spec *spec);
int otp_remove(struct otp *m, sup_node node);

void otp_start(struct otp *m, sup_node group, int64_t now_ms);
void otp_stop(struct otp *m, sup_node group, int64_t now_ms);
void otp_started(struct otp *m, sup_node leaf, int64_t now_ms);
void otp_ignored(struct otp *m, sup_node leaf, int64_t now_ms);
void otp_failed(struct otp *m, sup_node leaf, int64_t retry_at_ms, int64_t now_ms);
void otp_exited(struct otp *m, sup_node leaf, enum sup_exit_class how,
	int64_t retry_at_ms, int64_t now_ms);
void otp_leaf_gives_up(struct otp *m, sup_node leaf, bool escalate, int64_t now_ms);
void otp_timer(struct otp *m, int64_t now_ms);
int64_t otp_deadline(const struct otp *m);
void otp_call(struct otp *m, const struct sup_call_args *args, int64_t now_ms);
bool otp_next_action(struct otp *m, struct sup_tree_action *ret);
/* Is there something about this node that was said and not taken yet? */
bool otp_action_waits(const struct otp *m, sup_node node);

bool otp_child(
	const struct otp *m, sup_node group, uint32_t index, struct sup_child_view *ret);
void otp_count(const struct otp *m, sup_node group, struct sup_counts *ret);
uint32_t otp_restarts(const struct otp *m, sup_node group, int64_t now_ms);
sup_node otp_find(const struct otp *m, sup_node group, uint64_t id);
sup_node otp_parent(const struct otp *m, sup_node node);
/* Is this group started, with all its children? */
bool otp_group_up(const struct otp *m, sup_node group);
/* Does it run at all: starting, up, or stopping? */
bool otp_group_runs(const struct otp *m, sup_node group);
/* Is it in STOP_ALL, and has to keep the order? */
bool otp_group_stops_in_order(const struct otp *m, sup_node group);

#endif
