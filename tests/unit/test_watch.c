/* The watchdog's judgement: tables of what a look credits, and simulated workers whose
 * own time is stopped, frozen, throttled, starved, suspended and not looked at. */
#include "run_suite.h"
#include "watch.h"

#include <stdio.h>
#include <string.h>

#define S  INT64_C(1000000000)
#define MS INT64_C(1000000)

static const struct eng_watch_rule minute = {.every_ns = 30 * S, .timeout_ns = 120 * S};

/* Look at each due time with the same kind of sample until a verdict or the end; returns
 * the time of the kill, 0 for none. `grow` is added to the counters for each second. */
struct grow {
	bool stopped;
	bool disk;
	bool runnable;
	double frozen;
	double waited;
	double throttled;
	double cpu;
};

static int64_t
run(const struct eng_watch_rule *rule, const struct grow *g, int64_t until_ns,
	struct eng_watch *w)
{
	eng_watch_sign(w, rule, 1000 * S);
	while (w->due_ns < 1000 * S + until_ns) {
		int64_t now = w->due_ns + MS;
		double at = (double)(now - 1000 * S);
		struct eng_watch_sample s = {.mono_ns = now,
			.stopped = g->stopped,
			.disk = g->disk,
			.runnable = g->runnable,
			.frozen_ns = (int64_t)(at * g->frozen),
			.waited_ns = (int64_t)(at * g->waited),
			.throttled_ns = (int64_t)(at * g->throttled),
			.cpu_ns = (int64_t)(at * g->cpu)};

		if (eng_watch_look(w, rule, &s) == ENG_WATCH_KILL)
			return now - 1000 * S;
		ck_assert_int_gt(w->due_ns, now);
	}
	return 0;
}

START_TEST(test_what_counts)
{
	static const struct {
		const char *name;
		struct grow grow;
		int64_t min_s; /* 0: never within an hour */
		int64_t max_s;
	} cases[] = {
		{"asleep and silent", {0}, 120, 121},
		{"busy and silent", {.cpu = 1, .runnable = true}, 120, 121},
		{"stopped", {.stopped = true}, 0, 0},
		{"in the freezer all the time", {.frozen = 1}, 0, 0},
		{"half of it in the freezer", {.frozen = 0.5}, 190, 215},
		{"on a dead disk", {.disk = true}, 0, 0},
		{"no processor at all", {.runnable = true}, 0, 0},
		{"waits, as the queue says", {.waited = 1, .cpu = 0}, 0, 0},
		{"a tenth of a processor", {.waited = 0.9, .cpu = 0.1, .runnable = true},
			600, 1000},
		{"throttled to a tenth, on 8 processors",
			{.throttled = 7.2, .cpu = 0.1, .runnable = true}, 600, 1000},
		{"throttled now and then", {.throttled = 0.3}, 150, 170},
		{"uses more than one processor", {.cpu = 4, .waited = 1}, 120, 121},
	};

	for (size_t i = 0; i < NV_LEN(cases); i++) {
		struct eng_watch w;
		int64_t at = run(&minute, &cases[i].grow, 3600 * S, &w);

		ck_assert_msg(cases[i].max_s == 0 ? at == 0
						  : at >= cases[i].min_s * S &&
							    at <= cases[i].max_s * S,
			"%s: killed at %.1f s", cases[i].name, (double)at / 1e9);
	}
}
END_TEST

START_TEST(test_nobody_is_looked_at_early)
{
	struct eng_watch w;

	eng_watch_sign(&w, &minute, 7 * S);
	ck_assert_int_gt(w.due_ns, 37 * S);
	ck_assert_int_lt(w.due_ns, 60 * S);
}
END_TEST

START_TEST(test_late_is_said_once)
{
	struct eng_watch w;
	unsigned late = 0;

	eng_watch_sign(&w, &minute, 0);
	for (;;) {
		struct eng_watch_sample s = {.mono_ns = w.due_ns};
		enum eng_watch_verdict v = eng_watch_look(&w, &minute, &s);

		if (v == ENG_WATCH_KILL)
			break;
		late += v == ENG_WATCH_LATE;
		ck_assert(v != ENG_WATCH_LATE || w.own_ns >= 90 * S);
	}
	ck_assert_uint_eq(late, 1);
}
END_TEST

/* A stop that began after the last sign and ended just before the look. */
START_TEST(test_unseen_stop)
{
	static const struct eng_watch_rule rule = {10 * S, 20 * S};
	struct eng_watch w;
	int64_t now;

	eng_watch_sign(&w, &rule, 0);
	now = w.due_ns;
	do {
		struct eng_watch_sample s = {.mono_ns = now};

		ck_assert_msg(eng_watch_look(&w, &rule, &s) != ENG_WATCH_KILL,
			"killed after %.1f s, watched for %.1f s", (double)now / 1e9,
			(double)w.seen_ns / 1e9);
		now = w.due_ns;
	} while (w.due_ns < 20 * S); /* it had 10 s of its own at most */
}
END_TEST

START_TEST(test_nobody_looked)
{
	struct eng_watch w;

	/* The engine stood still for an hour: not held against anyone. */
	eng_watch_sign(&w, &minute, 0);
	struct eng_watch_sample s = {.mono_ns = 3600 * S};
	ck_assert_int_eq(eng_watch_look(&w, &minute, &s), ENG_WATCH_OK);
	ck_assert_int_eq(w.own_ns, 0);
	ck_assert_int_eq(w.held_ns, 3600 * S);
	/* In the middle of it, too. */
	s.mono_ns = w.due_ns;
	ck_assert_int_eq(eng_watch_look(&w, &minute, &s), ENG_WATCH_OK);
	int64_t own = w.own_ns;
	ck_assert_int_gt(own, 0);
	s.mono_ns = w.due_ns + 3600 * S;
	ck_assert_int_eq(eng_watch_look(&w, &minute, &s), ENG_WATCH_OK);
	ck_assert_int_eq(w.own_ns, own);
	/* The machine slept, and the clock that counts did not. */
	s.mono_ns = w.due_ns;
	s.asleep_ns = 8 * 3600 * S;
	ck_assert_int_eq(eng_watch_look(&w, &minute, &s), ENG_WATCH_OK);
	ck_assert_int_eq(w.own_ns, own);
	/* Then it is judged as ever. */
	while (w.own_ns < 119 * S) {
		s.mono_ns = w.due_ns;
		if (eng_watch_look(&w, &minute, &s) == ENG_WATCH_KILL)
			break;
	}
	s.mono_ns = w.due_ns;
	if (w.own_ns < minute.timeout_ns)
		ck_assert_int_eq(eng_watch_look(&w, &minute, &s), ENG_WATCH_KILL);
}
END_TEST

START_TEST(test_text)
{
	struct eng_watch w = {.last = {.mono_ns = 120 * S}, .own_ns = 120 * S};
	char buf[ENG_WATCH_TEXT];

	ck_assert_str_eq(eng_watch_text(&w, "no sign of life", buf),
		"no sign of life for 2m of its own time");
	w.last.mono_ns = 300 * S;
	w.stopped_ns = 150 * S;
	w.starved_ns = 30 * S;
	ck_assert_str_eq(eng_watch_text(&w, "no sign of life", buf),
		"no sign of life for 2m of its own time (5m by the clock: 2m30s stopped, "
		"30s "
		"without a processor)");
	w.disk_ns = w.held_ns = S;
	ck_assert(strlen(eng_watch_text(&w, "signs of life, but no progress", buf)) <
		  ENG_WATCH_TEXT - 1);
	ck_assert(buf[strlen(buf) - 1] == ')');
}
END_TEST

/* ---- simulation ---- */

static uint64_t seed;

static uint64_t
draw(uint64_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % n;
}

/* One worker on a machine that does as it likes. Time goes in steps of a 200th of
 * `every`; the worker's own time is what the machine gave it. */
struct world {
	struct eng_watch_rule rule;
	struct eng_watch watch;
	struct eng_watch_sample s;
	int64_t step_ns;
	int64_t own_ns;       /* since the last sign, in truth */
	int64_t sign_at_ns;   /* own time of the next sign; INT64_MAX: hung */
	int64_t condition_ns; /* how much longer */
	enum { FREE, STOPPED, FROZEN, SHARED, STARVED, DISK, CONDITIONS } condition;
	int64_t queued_ns;
	int64_t blind_ns; /* the engine does not look for this much longer */
};

static void
next_condition(struct world *w, bool rough)
{
	int64_t pace = (w->rule.timeout_ns - w->rule.every_ns) / 8;

	if (w->condition == STARVED)
		w->s.waited_ns += w->queued_ns;
	w->queued_ns = 0;
	if (w->condition != FREE || !rough) {
		w->condition = FREE;
		w->condition_ns = (int64_t)draw((uint64_t)w->rule.timeout_ns * 2) + pace;
		return;
	}
	w->condition = 1 + (int)draw(CONDITIONS - 1);
	w->condition_ns = pace * 3 / 2 + (int64_t)draw((uint64_t)w->rule.timeout_ns * 4);
}

static void
step(struct world *w, bool rough)
{
	int64_t ns = w->step_ns;
	int64_t given = ns;

	if ((w->condition_ns -= ns) < 0)
		next_condition(w, rough);
	if (rough && w->blind_ns <= 0 && draw(20000) == 0)
		w->blind_ns = (int64_t)draw((uint64_t)w->rule.timeout_ns * 3);
	if (rough && draw(20000) == 0)
		w->s.asleep_ns += (int64_t)draw(3600) * S;
	w->s.stopped = w->condition == STOPPED || w->condition == FROZEN;
	w->s.disk = w->condition == DISK;
	w->s.runnable = w->condition == SHARED || w->condition == STARVED;
	switch (w->condition) {
	case STOPPED:
	case DISK:
		given = 0;
		break;
	case FROZEN:
		given = 0;
		w->s.frozen_ns += ns;
		break;
	case STARVED:
		given = 0; /* the queue counts it when it gets its turn */
		w->queued_ns += ns;
		break;
	case SHARED:
		given = ns / 4;
		w->s.cpu_ns += given;
		w->s.waited_ns += ns - given;
		break;
	default:
		break;
	}
	w->s.mono_ns += ns;
	w->own_ns += given;
	w->blind_ns -= ns;
}

/* A worker that says something every so often of its own time is never killed. */
START_TEST(test_sim_no_false_kill)
{
	seed = UINT64_C(0x9e3779b97f4a7c15) + (uint64_t)_i;
	for (int round = 0; round < 40; round++) {
		int64_t every = (int64_t)(1 + draw(60)) * S;
		struct world w = {.rule = {every, every * (int64_t)(2 + draw(4))},
			.step_ns = every / 200,
			.s.mono_ns = 5 * S};

		eng_watch_sign(&w.watch, &w.rule, w.s.mono_ns);
		w.sign_at_ns = every / 2;
		for (int i = 0; i < 20000; i++) {
			step(&w, true);
			if (w.own_ns >= w.sign_at_ns) {
				eng_watch_sign(&w.watch, &w.rule, w.s.mono_ns);
				w.own_ns = 0;
				w.sign_at_ns =
					(int64_t)draw((uint64_t)every * 7 / 10) + 1;
			} else if (w.blind_ns <= 0 && w.s.mono_ns >= w.watch.due_ns) {
				ck_assert_msg(eng_watch_look(&w.watch, &w.rule, &w.s) !=
						      ENG_WATCH_KILL,
					"seed %d round %d step %d: killed with %.2f s of "
					"its "
					"own, %.2f s allowed",
					_i, round, i, (double)w.own_ns / 1e9,
					(double)w.rule.timeout_ns / 1e9);
			}
		}
	}
}
END_TEST

/* One that hangs is always killed, once it has had its time and not much later. */
START_TEST(test_sim_hang_is_ended)
{
	seed = UINT64_C(0xd1b54a32d192ed03) + (uint64_t)_i;
	for (int round = 0; round < 200; round++) {
		int64_t every = (int64_t)(1 + draw(60)) * S;
		struct world w = {.rule = {every, every * (int64_t)(2 + draw(4))},
			.step_ns = every / 200,
			.s.mono_ns = 5 * S};
		bool killed = false;
		/* A stop comes once in a while: each may cost two looks. */
		bool rough = draw(2) == 0;
		int64_t bound = w.rule.timeout_ns * (rough ? 6 : 1) + every / 2;

		eng_watch_sign(&w.watch, &w.rule, w.s.mono_ns);
		while (!killed && w.own_ns < bound) {
			step(&w, rough);
			if (w.blind_ns <= 0 && w.s.mono_ns >= w.watch.due_ns)
				killed = eng_watch_look(&w.watch, &w.rule, &w.s) ==
					 ENG_WATCH_KILL;
		}
		ck_assert_msg(killed, "seed %d round %d: not killed after %.1f of %.1f s",
			_i, round, (double)w.own_ns / 1e9,
			(double)w.rule.timeout_ns / 1e9);
		if (!rough)
			ck_assert_int_ge(w.own_ns, w.rule.timeout_ns);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("watch");
	TCase *tcase = tcase_create("watch");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, test_what_counts);
	tcase_add_test(tcase, test_nobody_is_looked_at_early);
	tcase_add_test(tcase, test_late_is_said_once);
	tcase_add_test(tcase, test_unseen_stop);
	tcase_add_test(tcase, test_nobody_looked);
	tcase_add_test(tcase, test_text);
	tcase_add_loop_test(tcase, test_sim_no_false_kill, 0, 8);
	tcase_add_loop_test(tcase, test_sim_hang_is_ended, 0, 4);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
