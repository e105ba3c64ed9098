/* The instance state machine, case by case: each table row is an event at a time, and
 * what must follow. */
#include "instance.h"
#include "run_suite.h"

#include <string.h>

struct step {
	enum sup_inst_event event;
	int64_t at_ms;
	enum sup_inst_state state;
	unsigned actions;
	int status; /* of MAIN_EXIT */
};

static struct sup_inst_policy
policy(void)
{
	return (struct sup_inst_policy){.success = {1},
		.restart = NV_RESTART_PERMANENT,
		.grace_ms = 10000,
		.crashes = {.max = 3,
			.within_ms = 60000,
			.cooldown_ms = 0,
			.backoff_min_ms = 1000,
			.backoff_max_ms = 8000}};
}

static void
run(struct sup_inst *i, const struct sup_inst_policy *p, const struct step *steps,
	size_t n)
{
	for (size_t k = 0; k < n; k++) {
		const struct step *s = &steps[k];

		if (s->event == SUP_EV_MAIN_EXIT)
			i->end.status = s->status;
		unsigned actions = sup_inst_step(i, p, s->event, s->at_ms);

		ck_assert_msg(i->state == s->state, "step %zu: state %s, not %s", k,
			sup_inst_state_name(i->state), sup_inst_state_name(s->state));
		ck_assert_msg(actions == s->actions, "step %zu: actions %u, not %u", k,
			actions, s->actions);
	}
}

#define RUN(inst, pol, ...) \
	do { \
		const struct step steps_[] = {__VA_ARGS__}; \
		run(inst, pol, steps_, NV_LEN(steps_)); \
	} while (0)

/* Wanted, allowed, started, up, at time 0. */
#define STARTED \
	{SUP_EV_GATE_OPEN, 0, SUP_INST_STOPPED, 0, 0}, \
		{SUP_EV_WANT, 0, SUP_INST_STARTING, SUP_ACT_START, 0}, \
	{ \
		SUP_EV_SPAWNED, 0, SUP_INST_UP, 0, 0 \
	}

START_TEST(test_start_needs_want_and_gate)
{
	struct sup_inst_policy p = policy();
	struct sup_inst i;

	ck_assert_int_eq(sup_inst_init(&i, &p, 1), 0);
	RUN(&i, &p, {SUP_EV_WANT, 0, SUP_INST_STOPPED, 0, 0},
		{SUP_EV_GATE_OPEN, 5, SUP_INST_STARTING, SUP_ACT_START, 0},
		{SUP_EV_SPAWNED, 6, SUP_INST_UP, 0, 0},
		/* The gate is for starts only. */
		{SUP_EV_GATE_SHUT, 7, SUP_INST_UP, 0, 0},
		{SUP_EV_WANT, 8, SUP_INST_UP, 0, 0});
	sup_inst_fini(&i);
}
END_TEST

START_TEST(test_ready_is_awaited_when_asked_for)
{
	struct sup_inst_policy p = policy();
	struct sup_inst i;

	p.ready_event = true;
	ck_assert_int_eq(sup_inst_init(&i, &p, 1), 0);
	RUN(&i, &p, {SUP_EV_GATE_OPEN, 0, SUP_INST_STOPPED, 0, 0},
		{SUP_EV_WANT, 0, SUP_INST_STARTING, SUP_ACT_START, 0},
		{SUP_EV_SPAWNED, 1, SUP_INST_STARTING, 0, 0},
		{SUP_EV_READY, 900, SUP_INST_UP, 0, 0},
		{SUP_EV_READY, 901, SUP_INST_UP, 0, 0});
	ck_assert_int_eq(i.up_ms, 900);
	sup_inst_fini(&i);
}
END_TEST

START_TEST(test_not_ready_in_time)
{
	struct sup_inst_policy p = policy();
	struct sup_inst i;

	p.ready_event = true;
	p.ready_timeout_ms = 1000;
	ck_assert_int_eq(sup_inst_init(&i, &p, 1), 0);
	RUN(&i, &p, {SUP_EV_GATE_OPEN, 0, SUP_INST_STOPPED, 0, 0},
		{SUP_EV_WANT, 0, SUP_INST_STARTING, SUP_ACT_START, 0},
		{SUP_EV_SPAWNED, 100, SUP_INST_STARTING, 0, 0},
		{SUP_EV_TIMER, 1099, SUP_INST_STARTING, 0, 0},
		/* What a pause takes does not count: 1 ms is left. */
		{SUP_EV_GATE_SHUT, 1099, SUP_INST_STARTING, 0, 0},
		{SUP_EV_TIMER, 90000, SUP_INST_STARTING, 0, 0},
		{SUP_EV_GATE_OPEN, 100000, SUP_INST_STARTING, 0, 0},
		{SUP_EV_TIMER, 100000, SUP_INST_STARTING, 0, 0},
		{SUP_EV_TIMER, 100001, SUP_INST_STOPPING, SUP_ACT_ASK, 0},
		/* Too late. */
		{SUP_EV_READY, 100002, SUP_INST_STOPPING, 0, 0},
		{SUP_EV_MAIN_EXIT, 100100, SUP_INST_STOPPING, SUP_ACT_ASK_REST, 0},
		{SUP_EV_GONE, 100200, SUP_INST_BACKOFF, SUP_ACT_RECORD, 0});
	ck_assert_str_eq(i.end.cause, "not_ready");
	ck_assert(i.end.crash);
	sup_inst_fini(&i);
	/* Ready in time: the deadline is gone. */
	ck_assert_int_eq(sup_inst_init(&i, &p, 1), 0);
	RUN(&i, &p, {SUP_EV_GATE_OPEN, 0, SUP_INST_STOPPED, 0, 0},
		{SUP_EV_WANT, 0, SUP_INST_STARTING, SUP_ACT_START, 0},
		{SUP_EV_SPAWNED, 100, SUP_INST_STARTING, 0, 0},
		{SUP_EV_READY, 1099, SUP_INST_UP, 0, 0},
		{SUP_EV_TIMER, 1100, SUP_INST_UP, 0, 0});
	ck_assert_int_eq(i.deadline_ms, SUP_NO_DEADLINE);
	sup_inst_fini(&i);
}
END_TEST

START_TEST(test_stop_ladder)
{
	struct sup_inst_policy p = policy();
	struct sup_inst i;

	ck_assert_int_eq(sup_inst_init(&i, &p, 1), 0);
	RUN(&i, &p, STARTED, {SUP_EV_UNWANT, 100, SUP_INST_STOPPING, SUP_ACT_ASK, 0},
		{SUP_EV_UNWANT, 200, SUP_INST_STOPPING, 0, 0},
		{SUP_EV_TIMER, 10099, SUP_INST_STOPPING, 0, 0},
		{SUP_EV_TIMER, 10100, SUP_INST_STOPPING, SUP_ACT_KILL, 0},
		/* What does not die is killed again, and is not "stopped". */
		{SUP_EV_TIMER, 11100, SUP_INST_STOPPING, SUP_ACT_KILL, 0},
		{SUP_EV_MAIN_EXIT, 11200, SUP_INST_STOPPING, SUP_ACT_ASK_REST, 9},
		{SUP_EV_GONE, 11300, SUP_INST_STOPPED, SUP_ACT_RECORD, 0});
	ck_assert_str_eq(i.end.cause, "stop");
	ck_assert(!i.end.crash);
	ck_assert_int_eq(i.end.status, 9);
	sup_inst_fini(&i);
}
END_TEST

START_TEST(test_haste_and_no_grace)
{
	struct sup_inst_policy p = policy();
	struct sup_inst i;

	ck_assert_int_eq(sup_inst_init(&i, &p, 1), 0);
	RUN(&i, &p, STARTED, {SUP_EV_HASTE, 50, SUP_INST_UP, 0, 0},
		{SUP_EV_UNWANT, 100, SUP_INST_STOPPING, SUP_ACT_ASK, 0},
		{SUP_EV_HASTE, 150, SUP_INST_STOPPING, SUP_ACT_KILL, 0},
		{SUP_EV_MAIN_EXIT, 160, SUP_INST_STOPPING, SUP_ACT_ASK_REST, 9},
		{SUP_EV_GONE, 160, SUP_INST_STOPPED, SUP_ACT_RECORD, 0});
	p.grace_ms = 0;
	RUN(&i, &p, {SUP_EV_WANT, 200, SUP_INST_STARTING, SUP_ACT_START, 0},
		{SUP_EV_SPAWNED, 201, SUP_INST_UP, 0, 0},
		{SUP_EV_UNWANT, 300, SUP_INST_STOPPING, SUP_ACT_KILL, 0});
	sup_inst_fini(&i);
}
END_TEST

START_TEST(test_wanted_again_while_stopping)
{
	struct sup_inst_policy p = policy();
	struct sup_inst i;

	ck_assert_int_eq(sup_inst_init(&i, &p, 1), 0);
	RUN(&i, &p, STARTED, {SUP_EV_UNWANT, 1, SUP_INST_STOPPING, SUP_ACT_ASK, 0},
		{SUP_EV_WANT, 2, SUP_INST_STOPPING, 0, 0},
		{SUP_EV_MAIN_EXIT, 3, SUP_INST_STOPPING, SUP_ACT_ASK_REST, 15},
		{SUP_EV_GONE, 3, SUP_INST_STARTING, SUP_ACT_RECORD | SUP_ACT_START, 0});
	ck_assert_uint_eq(i.n_crashes, 0);
	ck_assert_uint_eq(i.restarts, 0);
	sup_inst_fini(&i);
}
END_TEST

START_TEST(test_what_outlives_its_main_process)
{
	struct sup_inst_policy p = policy();
	struct sup_inst i;

	ck_assert_int_eq(sup_inst_init(&i, &p, 1), 0);
	RUN(&i, &p, STARTED,
		{SUP_EV_MAIN_EXIT, 500, SUP_INST_STOPPING, SUP_ACT_ASK_REST, 9},
		{SUP_EV_TIMER, 500 + SUP_LEFTOVER_MS - 1, SUP_INST_STOPPING, 0, 0},
		{SUP_EV_TIMER, 500 + SUP_LEFTOVER_MS, SUP_INST_STOPPING, SUP_ACT_KILL, 0},
		{SUP_EV_GONE, 2600, SUP_INST_BACKOFF, SUP_ACT_RECORD, 0});
	ck_assert_str_eq(i.end.cause, "crash");
	ck_assert(i.end.crash);
	ck_assert_int_ge(i.deadline_ms, 2600);
	ck_assert_int_le(i.deadline_ms, 3600);
	sup_inst_fini(&i);
}
END_TEST

/* One crash at `at`: from UP to what follows GONE. */
static unsigned
crash(struct sup_inst *i, const struct sup_inst_policy *p, int64_t at)
{
	if (i->state == SUP_INST_BACKOFF || i->state == SUP_INST_COOLDOWN)
		ck_assert_uint_eq(
			sup_inst_step(i, p, SUP_EV_TIMER, NV_MAX(at, i->deadline_ms)),
			SUP_ACT_START);
	(void)sup_inst_step(i, p, SUP_EV_SPAWNED, at);
	i->end.status = 256;
	(void)sup_inst_step(i, p, SUP_EV_MAIN_EXIT, at);
	return sup_inst_step(i, p, SUP_EV_GONE, at);
}

START_TEST(test_limit_halts_and_reset_clears)
{
	struct sup_inst_policy p = policy();
	struct sup_inst i;

	ck_assert_int_eq(sup_inst_init(&i, &p, 1), 0);
	(void)sup_inst_step(&i, &p, SUP_EV_GATE_OPEN, 0);
	(void)sup_inst_step(&i, &p, SUP_EV_WANT, 0);
	for (int k = 0; k < 3; k++) {
		ck_assert_uint_eq(crash(&i, &p, (int64_t)k * 100), SUP_ACT_RECORD);
		ck_assert_int_eq(i.state, SUP_INST_BACKOFF);
	}
	ck_assert_uint_eq(crash(&i, &p, 400), SUP_ACT_RECORD | SUP_ACT_REPORT);
	ck_assert_int_eq(i.state, SUP_INST_HALTED);
	ck_assert_uint_eq(sup_inst_crashes(&i, &p, 400), 4);
	RUN(&i, &p, {SUP_EV_TIMER, 99999, SUP_INST_HALTED, 0, 0},
		{SUP_EV_GATE_OPEN, 100000, SUP_INST_HALTED, 0, 0},
		/* Stopped and wanted again by policy: still given up. */
		{SUP_EV_UNWANT, 100001, SUP_INST_STOPPED, 0, 0},
		{SUP_EV_WANT, 100002, SUP_INST_HALTED, SUP_ACT_REPORT, 0},
		{SUP_EV_RESET, 100003, SUP_INST_STARTING, SUP_ACT_START, 0});
	ck_assert_uint_eq(i.n_crashes, 0);
	sup_inst_fini(&i);
}
END_TEST

START_TEST(test_window_slides)
{
	struct sup_inst_policy p = policy();
	struct sup_inst i;

	ck_assert_int_eq(sup_inst_init(&i, &p, 1), 0);
	(void)sup_inst_step(&i, &p, SUP_EV_GATE_OPEN, 0);
	(void)sup_inst_step(&i, &p, SUP_EV_WANT, 0);
	/* Three in each window, for ever: never halted. */
	for (int k = 0; k < 30; k++) {
		(void)crash(&i, &p, (int64_t)k * 20001);
		ck_assert_int_eq(i.state, SUP_INST_BACKOFF);
	}
	ck_assert_uint_eq(i.restarts, 30);
	sup_inst_fini(&i);
}
END_TEST

START_TEST(test_cooldown_comes_once)
{
	struct sup_inst_policy p = policy();
	struct sup_inst i;

	p.crashes.cooldown_ms = 5000;
	ck_assert_int_eq(sup_inst_init(&i, &p, 1), 0);
	(void)sup_inst_step(&i, &p, SUP_EV_GATE_OPEN, 0);
	(void)sup_inst_step(&i, &p, SUP_EV_WANT, 0);
	(void)crash(&i, &p, 0);
	(void)crash(&i, &p, 10);
	ck_assert_int_eq(i.state, SUP_INST_BACKOFF);
	ck_assert_uint_eq(crash(&i, &p, 20), SUP_ACT_RECORD | SUP_ACT_REPORT);
	ck_assert_int_eq(i.state, SUP_INST_COOLDOWN);
	ck_assert_int_eq(i.deadline_ms, 5020);
	RUN(&i, &p, {SUP_EV_TIMER, 5019, SUP_INST_COOLDOWN, 0, 0},
		{SUP_EV_GATE_SHUT, 5019, SUP_INST_COOLDOWN, 0, 0},
		{SUP_EV_TIMER, 5020, SUP_INST_STOPPED, 0, 0},
		{SUP_EV_GATE_OPEN, 6000, SUP_INST_STARTING, SUP_ACT_START, 0});
	(void)crash(&i, &p, 6001);
	ck_assert_int_eq(i.state, SUP_INST_HALTED);
	sup_inst_fini(&i);
}
END_TEST

START_TEST(test_limit_zero_and_escalate)
{
	struct sup_inst_policy p = policy();
	struct sup_inst i;

	p.crashes.max = 0;
	p.crashes.on_limit = NV_ON_LIMIT_ESCALATE;
	ck_assert_int_eq(sup_inst_init(&i, &p, 1), 0);
	(void)sup_inst_step(&i, &p, SUP_EV_GATE_OPEN, 0);
	(void)sup_inst_step(&i, &p, SUP_EV_WANT, 0);
	ck_assert_uint_eq(
		crash(&i, &p, 0), SUP_ACT_RECORD | SUP_ACT_REPORT | SUP_ACT_ESCALATE);
	ck_assert_int_eq(i.state, SUP_INST_HALTED);
	sup_inst_fini(&i);
}
END_TEST

START_TEST(test_backoff_grows_stays_random_and_resets)
{
	struct sup_inst_policy p = policy();
	struct sup_inst i;
	int64_t at = 0;

	p.crashes.max = 900;
	ck_assert_int_eq(sup_inst_init(&i, &p, 12345), 0);
	(void)sup_inst_step(&i, &p, SUP_EV_GATE_OPEN, 0);
	(void)sup_inst_step(&i, &p, SUP_EV_WANT, 0);
	const int64_t low[] = {0, 1000, 1000, 1000, 1000};
	const int64_t high[] = {1000, 2000, 4000, 8000, 8000};

	for (int k = 0; k < 5; k++) {
		(void)crash(&i, &p, at);
		ck_assert_int_ge(i.deadline_ms - at, low[k]);
		ck_assert_int_le(i.deadline_ms - at, high[k]);
		at = i.deadline_ms;
	}
	int64_t least = INT64_MAX;
	int64_t most = 0;

	for (int k = 0; k < 200; k++) {
		(void)crash(&i, &p, at);
		least = NV_MIN(least, i.deadline_ms - at);
		most = NV_MAX(most, i.deadline_ms - at);
		at = i.deadline_ms;
	}
	ck_assert_int_lt(least, 2500); /* at the cap, the whole window is used */
	ck_assert_int_gt(most, 6500);
	(void)sup_inst_step(&i, &p, SUP_EV_TIMER, at);
	(void)sup_inst_step(&i, &p, SUP_EV_SPAWNED, at);
	at += 8000; /* up for as long as the longest wait: healthy */
	(void)sup_inst_step(&i, &p, SUP_EV_MAIN_EXIT, at);
	(void)sup_inst_step(&i, &p, SUP_EV_GONE, at);
	ck_assert_int_le(i.deadline_ms - at, 1000);
	ck_assert_uint_eq(i.attempts, 1);
	sup_inst_fini(&i);
}
END_TEST

START_TEST(test_restart_kinds)
{
	static const struct {
		enum nv_restart restart;
		int status;
		enum sup_inst_state then;
	} cases[] = {{NV_RESTART_PERMANENT, 0, SUP_INST_BACKOFF},
		{NV_RESTART_PERMANENT, 256, SUP_INST_BACKOFF},
		{NV_RESTART_TRANSIENT, 0, SUP_INST_FINISHED},
		{NV_RESTART_TRANSIENT, 256, SUP_INST_BACKOFF},
		{NV_RESTART_TRANSIENT, 9, SUP_INST_BACKOFF},
		{NV_RESTART_TEMPORARY, 0, SUP_INST_FINISHED},
		{NV_RESTART_TEMPORARY, 256, SUP_INST_FAILED}};

	for (size_t k = 0; k < NV_LEN(cases); k++) {
		struct sup_inst_policy p = policy();
		struct sup_inst i;

		p.restart = cases[k].restart;
		ck_assert_int_eq(sup_inst_init(&i, &p, 1), 0);
		RUN(&i, &p, STARTED,
			{SUP_EV_MAIN_EXIT, 9, SUP_INST_STOPPING, SUP_ACT_ASK_REST,
				cases[k].status});
		(void)sup_inst_step(&i, &p, SUP_EV_GONE, 10);
		ck_assert_msg(i.state == cases[k].then, "case %zu: %s", k,
			sup_inst_state_name(i.state));
		ck_assert_int_eq(i.end.crash, cases[k].status != 0);
		if (i.state == SUP_INST_FINISHED)
			RUN(&i, &p, {SUP_EV_GATE_OPEN, 11, SUP_INST_FINISHED, 0, 0},
				{SUP_EV_RESET, 12, SUP_INST_STARTING, SUP_ACT_START, 0});
		sup_inst_fini(&i);
	}
}
END_TEST

START_TEST(test_restart_is_no_crash)
{
	struct sup_inst_policy p = policy();
	struct sup_inst i;

	ck_assert_int_eq(sup_inst_init(&i, &p, 1), 0);
	RUN(&i, &p, STARTED, {SUP_EV_RESTART, 10, SUP_INST_STOPPING, SUP_ACT_ASK, 0},
		{SUP_EV_RESTART, 11, SUP_INST_STOPPING, 0, 0},
		{SUP_EV_MAIN_EXIT, 12, SUP_INST_STOPPING, SUP_ACT_ASK_REST, 15},
		{SUP_EV_GONE, 13, SUP_INST_STARTING, SUP_ACT_RECORD | SUP_ACT_START, 0},
		{SUP_EV_SPAWNED, 14, SUP_INST_UP, 0, 0},
		/* Dying by itself when the restart is asked for. */
		{SUP_EV_MAIN_EXIT, 15, SUP_INST_STOPPING, SUP_ACT_ASK_REST, 256},
		{SUP_EV_RESTART, 16, SUP_INST_STOPPING, 0, 0},
		{SUP_EV_GONE, 17, SUP_INST_STARTING, SUP_ACT_RECORD | SUP_ACT_START, 0});
	ck_assert_uint_eq(i.n_crashes, 0);
	sup_inst_fini(&i);
}
END_TEST

START_TEST(test_kill_is_a_crash_with_its_cause)
{
	struct sup_inst_policy p = policy();
	struct sup_inst i;

	ck_assert_int_eq(sup_inst_init(&i, &p, 1), 0);
	memcpy(i.forced_cause, "watchdog", 9);
	RUN(&i, &p, STARTED, {SUP_EV_KILL_SOFT, 10, SUP_INST_STOPPING, SUP_ACT_ASK, 0},
		{SUP_EV_MAIN_EXIT, 12, SUP_INST_STOPPING, SUP_ACT_ASK_REST, 0},
		{SUP_EV_GONE, 13, SUP_INST_BACKOFF, SUP_ACT_RECORD, 0});
	ck_assert_str_eq(i.end.cause, "watchdog");
	ck_assert(i.end.crash); /* although it left with 0 */
	RUN(&i, &p, {SUP_EV_KILL_HARD, 14, SUP_INST_BACKOFF, 0, 0},
		{SUP_EV_RESET, 15, SUP_INST_STARTING, SUP_ACT_START, 0},
		{SUP_EV_SPAWNED, 16, SUP_INST_UP, 0, 0},
		{SUP_EV_KILL_HARD, 17, SUP_INST_STOPPING, SUP_ACT_KILL, 0});
	sup_inst_fini(&i);
}
END_TEST

START_TEST(test_exec_failures)
{
	struct sup_inst_policy p = policy();
	struct sup_inst i;

	p.crashes.max = 1;
	p.restart = NV_RESTART_TRANSIENT;
	ck_assert_int_eq(sup_inst_init(&i, &p, 1), 0);
	RUN(&i, &p, {SUP_EV_GATE_OPEN, 0, SUP_INST_STOPPED, 0, 0},
		{SUP_EV_WANT, 0, SUP_INST_STARTING, SUP_ACT_START, 0});
	/* The machine is short of something: waits, does not count, is never given up. */
	for (int k = 0; k < 20; k++) {
		i.end.machine = true;
		RUN(&i, &p, {SUP_EV_SPAWN_FAIL, k, SUP_INST_BACKOFF, SUP_ACT_RECORD, 0});
		ck_assert(!i.end.crash);
		ck_assert_str_eq(i.end.cause, "exec");
		ck_assert_uint_eq(sup_inst_step(&i, &p, SUP_EV_TIMER, i.deadline_ms),
			SUP_ACT_START);
	}
	i.end.machine = false;
	RUN(&i, &p, {SUP_EV_SPAWN_FAIL, 100, SUP_INST_BACKOFF, SUP_ACT_RECORD, 0});
	ck_assert(i.end.crash);
	(void)sup_inst_step(&i, &p, SUP_EV_TIMER, i.deadline_ms);
	RUN(&i, &p,
		{SUP_EV_SPAWN_FAIL, 200, SUP_INST_HALTED, SUP_ACT_RECORD | SUP_ACT_REPORT,
			0});
	sup_inst_fini(&i);
}
END_TEST

START_TEST(test_oom_is_a_crash)
{
	struct sup_inst_policy p = policy();
	struct sup_inst i;

	ck_assert_int_eq(sup_inst_init(&i, &p, 1), 0);
	RUN(&i, &p, STARTED,
		{SUP_EV_MAIN_EXIT, 1, SUP_INST_STOPPING, SUP_ACT_ASK_REST, 9});
	i.end.oom = true;
	(void)sup_inst_step(&i, &p, SUP_EV_GONE, 2);
	ck_assert_str_eq(i.end.cause, "oom");
	ck_assert(i.end.crash);
	sup_inst_fini(&i);
}
END_TEST

START_TEST(test_halt_of_a_group)
{
	struct sup_inst_policy p = policy();
	struct sup_inst i;

	ck_assert_int_eq(sup_inst_init(&i, &p, 1), 0);
	RUN(&i, &p, STARTED, {SUP_EV_HALT, 1, SUP_INST_STOPPING, SUP_ACT_ASK, 0},
		{SUP_EV_MAIN_EXIT, 2, SUP_INST_STOPPING, SUP_ACT_ASK_REST, 0},
		{SUP_EV_GONE, 3, SUP_INST_HALTED, SUP_ACT_RECORD | SUP_ACT_REPORT, 0},
		{SUP_EV_RESTART, 4, SUP_INST_STARTING, SUP_ACT_START, 0});
	sup_inst_fini(&i);
}
END_TEST

START_TEST(test_gate_holds_a_retry)
{
	struct sup_inst_policy p = policy();
	struct sup_inst i;

	ck_assert_int_eq(sup_inst_init(&i, &p, 1), 0);
	RUN(&i, &p, STARTED,
		{SUP_EV_MAIN_EXIT, 1, SUP_INST_STOPPING, SUP_ACT_ASK_REST, 9},
		{SUP_EV_GONE, 2, SUP_INST_BACKOFF, SUP_ACT_RECORD, 0},
		{SUP_EV_GATE_SHUT, 3, SUP_INST_BACKOFF, 0, 0},
		/* Before its time, an open gate is no reason to hurry. */
		{SUP_EV_GATE_OPEN, 2, SUP_INST_BACKOFF, 0, 0},
		{SUP_EV_GATE_SHUT, 5, SUP_INST_BACKOFF, 0, 0},
		{SUP_EV_TIMER, 2000, SUP_INST_STOPPED, 0, 0},
		{SUP_EV_GATE_OPEN, 2001, SUP_INST_STARTING, SUP_ACT_START, 0});
	sup_inst_fini(&i);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {test_start_needs_want_and_gate,
		test_ready_is_awaited_when_asked_for, test_not_ready_in_time,
		test_stop_ladder, test_haste_and_no_grace,
		test_wanted_again_while_stopping, test_what_outlives_its_main_process,
		test_limit_halts_and_reset_clears, test_window_slides,
		test_cooldown_comes_once, test_limit_zero_and_escalate,
		test_backoff_grows_stays_random_and_resets, test_restart_kinds,
		test_restart_is_no_crash, test_kill_is_a_crash_with_its_cause,
		test_exec_failures, test_oom_is_a_crash, test_halt_of_a_group,
		test_gate_holds_a_retry};

	Suite *suite = suite_create("instance");
	TCase *tc = tcase_create("all");

	for (size_t i = 0; i < NV_LEN(tests); i++)
		tcase_add_test(tc, tests[i]);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
