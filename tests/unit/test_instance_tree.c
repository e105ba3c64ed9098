/* The instance state machine where a supervision tree decides, success codes, and a
 * grace without an end. */
#include "instance.h"
#include "run_suite.h"

#include <signal.h>
#include <string.h>

static struct sup_inst_policy
policy(void)
{
	return (struct sup_inst_policy){.success = {1},
		.tree = true,
		.restart = NV_RESTART_PERMANENT,
		.grace_ms = 10000,
		.crashes = {.max = 1, .within_ms = 60000, .backoff_min_ms = 1000}};
}

static unsigned
step(struct sup_inst *i, const struct sup_inst_policy *p, enum sup_inst_event event,
	int64_t at_ms)
{
	return sup_inst_step(i, p, event, at_ms);
}

static unsigned
end(struct sup_inst *i, const struct sup_inst_policy *p, int status, int64_t at_ms)
{
	i->end.status = status;
	(void)step(i, p, SUP_EV_MAIN_EXIT, at_ms);
	return step(i, p, SUP_EV_GONE, at_ms);
}

static void
up(struct sup_inst *i, const struct sup_inst_policy *p, int64_t at_ms)
{
	ck_assert_uint_eq(step(i, p, SUP_EV_GO, at_ms), SUP_ACT_START);
	(void)step(i, p, SUP_EV_SPAWNED, at_ms);
	ck_assert_int_eq(i->state, SUP_INST_UP);
}

START_TEST(test_go_waits_for_the_gate)
{
	struct sup_inst_policy p = policy();
	struct sup_inst i;

	ck_assert_int_eq(sup_inst_init(&i, &p, 1), 0);
	/* What is wanted does not start it, and what is not wanted does not stop it. */
	ck_assert_uint_eq(step(&i, &p, SUP_EV_WANT, 0), 0);
	ck_assert_uint_eq(step(&i, &p, SUP_EV_GATE_OPEN, 0), 0);
	ck_assert_uint_eq(step(&i, &p, SUP_EV_GATE_SHUT, 0), 0);
	ck_assert_uint_eq(step(&i, &p, SUP_EV_GO, 0), 0);
	ck_assert_int_eq(i.state, SUP_INST_STOPPED);
	ck_assert_uint_eq(step(&i, &p, SUP_EV_GATE_OPEN, 5), SUP_ACT_START);
	(void)step(&i, &p, SUP_EV_SPAWNED, 5);
	ck_assert_uint_eq(step(&i, &p, SUP_EV_UNWANT, 6), 0);
	ck_assert_int_eq(i.state, SUP_INST_UP);
	/* A stop before the gate has opened leaves nothing to start. */
	(void)end(&i, &p, 0, 7);
	(void)step(&i, &p, SUP_EV_GATE_SHUT, 8);
	(void)step(&i, &p, SUP_EV_GO, 8);
	(void)step(&i, &p, SUP_EV_STOP, 9);
	ck_assert_uint_eq(step(&i, &p, SUP_EV_GATE_OPEN, 10), 0);
	sup_inst_fini(&i);
}
END_TEST

START_TEST(test_every_end_is_told)
{
	struct sup_inst_policy p = policy();
	struct sup_inst i;

	ck_assert_int_eq(sup_inst_init(&i, &p, 1), 0);
	(void)step(&i, &p, SUP_EV_GATE_OPEN, 0);
	/* Many crashes: without `crashes` of its own nothing paces it. */
	for (int k = 0; k < 5; k++) {
		up(&i, &p, k);
		ck_assert_uint_eq(end(&i, &p, 256, k), SUP_ACT_RECORD | SUP_ACT_ENDED);
		ck_assert(i.end.crash && !i.asked && !i.gave_up);
		ck_assert_int_eq(i.retry_at_ms, k);
		ck_assert_int_eq(i.state, SUP_INST_STOPPED);
	}
	up(&i, &p, 10);
	ck_assert_uint_eq(step(&i, &p, SUP_EV_STOP, 11), SUP_ACT_ASK);
	ck_assert_uint_eq(end(&i, &p, SIGTERM, 12), SUP_ACT_RECORD | SUP_ACT_ENDED);
	ck_assert(i.asked && !i.end.crash);
	/* One that cannot be started. */
	ck_assert_uint_eq(step(&i, &p, SUP_EV_GO, 13), SUP_ACT_START);
	ck_assert_uint_eq(
		step(&i, &p, SUP_EV_SPAWN_FAIL, 13), SUP_ACT_RECORD | SUP_ACT_ENDED);
	ck_assert(i.end.crash && i.end.exec);
	/* Where descriptors ran out, it is not tried again at once. */
	ck_assert_uint_eq(step(&i, &p, SUP_EV_GO, 14), SUP_ACT_START);
	i.end.machine = true;
	(void)step(&i, &p, SUP_EV_SPAWN_FAIL, 14);
	ck_assert(!i.end.crash && i.retry_at_ms >= 14 && i.state == SUP_INST_BACKOFF);
	/* The tree's clock decides, not this one's. */
	ck_assert_uint_eq(step(&i, &p, SUP_EV_TIMER, 100000), 0);
	sup_inst_fini(&i);
}
END_TEST

START_TEST(test_own_limit)
{
	struct sup_inst_policy p = policy();
	struct sup_inst i;

	p.paced = true;
	p.crashes.on_limit = NV_ON_LIMIT_ESCALATE;
	ck_assert_int_eq(sup_inst_init(&i, &p, 1), 0);
	(void)step(&i, &p, SUP_EV_GATE_OPEN, 0);
	up(&i, &p, 0);
	ck_assert_uint_eq(end(&i, &p, 256, 0), SUP_ACT_RECORD | SUP_ACT_ENDED);
	ck_assert(!i.gave_up && i.state == SUP_INST_BACKOFF && i.retry_at_ms <= 1000);
	up(&i, &p, 1000);
	/* The tree is told of it, not the group. */
	ck_assert_uint_eq(
		end(&i, &p, 256, 1000), SUP_ACT_RECORD | SUP_ACT_REPORT | SUP_ACT_ENDED);
	ck_assert(i.gave_up && i.state == SUP_INST_HALTED);
	/* What the tree starts all the same is started. */
	up(&i, &p, 2000);
	(void)step(&i, &p, SUP_EV_RESET, 2000);
	(void)end(&i, &p, 256, 2000);
	ck_assert(!i.gave_up);
	sup_inst_fini(&i);
}
END_TEST

START_TEST(test_ends_for_good)
{
	struct sup_inst_policy p = policy();
	struct sup_inst i;

	p.restart = NV_RESTART_TRANSIENT;
	ck_assert_int_eq(sup_inst_init(&i, &p, 1), 0);
	(void)step(&i, &p, SUP_EV_GATE_OPEN, 0);
	up(&i, &p, 0);
	ck_assert_uint_eq(
		end(&i, &p, 0, 1), SUP_ACT_RECORD | SUP_ACT_REPORT | SUP_ACT_ENDED);
	ck_assert_int_eq(i.state, SUP_INST_FINISHED);
	up(&i, &p, 2); /* in a sweep */
	ck_assert_uint_eq(step(&i, &p, SUP_EV_HASTE, 3), SUP_ACT_KILL);
	(void)end(&i, &p, SIGKILL, 4);
	ck_assert(i.asked);
	ck_assert_uint_eq(step(&i, &p, SUP_EV_HALT, 5), SUP_ACT_REPORT);
	ck_assert_int_eq(i.state, SUP_INST_HALTED);
	sup_inst_fini(&i);
}
END_TEST

START_TEST(test_success_codes)
{
	struct sup_inst_policy p = policy();
	struct sup_inst i;

	p.tree = false;
	p.restart = NV_RESTART_TRANSIENT;
	p.success[3 / 8] = 1 << 3; /* 3, and no more 0 */
	ck_assert_int_eq(sup_inst_init(&i, &p, 1), 0);
	(void)step(&i, &p, SUP_EV_GATE_OPEN, 0);
	(void)step(&i, &p, SUP_EV_WANT, 0);
	(void)step(&i, &p, SUP_EV_SPAWNED, 0);
	(void)end(&i, &p, 3 << 8, 1);
	ck_assert_int_eq(i.state, SUP_INST_FINISHED);
	ck_assert_str_eq(i.end.cause, "exit");
	(void)step(&i, &p, SUP_EV_RESET, 2);
	(void)step(&i, &p, SUP_EV_SPAWNED, 2);
	(void)end(&i, &p, 0, 3);
	ck_assert_int_eq(i.state, SUP_INST_BACKOFF);
	ck_assert(i.end.crash);
	ck_assert_str_eq(i.end.cause, "crash");
	sup_inst_fini(&i);
}
END_TEST

START_TEST(test_grace_without_end)
{
	struct sup_inst_policy p = policy();
	struct sup_inst i;

	p.grace_ms = NV_INFINITY_MS;
	ck_assert_int_eq(sup_inst_init(&i, &p, 1), 0);
	(void)step(&i, &p, SUP_EV_GATE_OPEN, 0);
	up(&i, &p, 0);
	ck_assert_uint_eq(step(&i, &p, SUP_EV_STOP, 1), SUP_ACT_ASK);
	ck_assert_int_eq(i.deadline_ms, SUP_NO_DEADLINE);
	/* What outlives its main process has no say in it. */
	(void)step(&i, &p, SUP_EV_MAIN_EXIT, 1000000);
	ck_assert_int_eq(i.deadline_ms, 1000000 + SUP_LEFTOVER_MS);
	(void)step(&i, &p, SUP_EV_GONE, 1000001);
	up(&i, &p, 2000000);
	(void)step(&i, &p, SUP_EV_STOP, 2000000);
	ck_assert_uint_eq(step(&i, &p, SUP_EV_HASTE, 2000001), SUP_ACT_KILL);
	sup_inst_fini(&i);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("instance_tree");
	TCase *c = tcase_create("tree");
	const TTest *const tests[] = {test_go_waits_for_the_gate, test_every_end_is_told,
		test_own_limit, test_ends_for_good, test_success_codes,
		test_grace_without_end};

	for (size_t i = 0; i < NV_LEN(tests); i++)
		tcase_add_test(c, tests[i]);
	suite_add_tcase(s, c);
	return run_suite(s);
}
