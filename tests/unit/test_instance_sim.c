/* The instance state machine in random worlds: any order of wishes, deaths and clocks.
 * What must hold in each of them is checked after every event. The seed is printed when
 * it fails; a run of one seed is repeated with NOVA_TEST_SEED. */
#include "instance.h"
#include "run_suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORLDS 100000
#define EVENTS 300

struct world {
	struct sup_inst i;
	struct sup_inst_policy p;
	uint64_t seed;
	uint64_t random;
	int64_t now_ms;
	bool running;  /* a main process exists */
	bool tree;     /* something of the tree exists */
	bool starting; /* START was answered and not yet reported on */
	unsigned starts;
	unsigned records;
	unsigned crashes; /* recorded as such */
	bool gate;
	bool want;
};

static uint64_t
rnd(struct world *w, uint64_t below)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return w->random % below;
}

/* ck_assert would tell Check about each of these, which costs more than the rest. */
#define HOLDS(w, cond) \
	do { \
		if (!(cond)) \
			ck_abort_msg("%s; NOVA_TEST_SEED=%llu, state %s", #cond, \
				(unsigned long long)(w)->seed, \
				sup_inst_state_name((w)->i.state)); \
	} while (0)

static void
check(struct world *w, enum sup_inst_state before, enum sup_inst_event event,
	unsigned actions)
{
	const struct sup_inst *i = &w->i;
	bool waits = i->state == SUP_INST_BACKOFF || i->state == SUP_INST_COOLDOWN ||
		     i->state == SUP_INST_STOPPING ||
		     (i->state == SUP_INST_STARTING && w->running && w->gate &&
			     w->p.ready_timeout_ms > 0);

	HOLDS(w, waits == (i->deadline_ms != SUP_NO_DEADLINE));
	HOLDS(w, i->want == w->want && i->gate == w->gate);
	HOLDS(w, i->n_crashes <= i->crashes_cap);
	/* Nothing is started that is not wanted, not allowed, or still there. */
	if (actions & SUP_ACT_START)
		HOLDS(w, w->want && w->gate && !w->running && !w->tree &&
				 i->state == SUP_INST_STARTING);
	/* What runs is live, and what is not live does not run. */
	HOLDS(w, !(w->tree || w->starting) || sup_inst_live(i));
	HOLDS(w, i->main_alive == w->running);
	if (i->state == SUP_INST_HALTED)
		HOLDS(w, i->over_limit && i->want);
	/* Given up is left by a person or by not being wanted only. */
	if (before == SUP_INST_HALTED && i->state != SUP_INST_HALTED)
		HOLDS(w, event == SUP_EV_RESET || event == SUP_EV_RESTART ||
				 event == SUP_EV_UNWANT);
	if (!w->want)
		HOLDS(w, i->state == SUP_INST_STOPPED || i->state == SUP_INST_STOPPING);
	HOLDS(w, w->records <= w->starts);
	if (!sup_inst_live(i))
		HOLDS(w, w->records == w->starts);
	if (actions & (SUP_ACT_KILL | SUP_ACT_ASK | SUP_ACT_ASK_REST))
		HOLDS(w, w->tree);
}

static void
step(struct world *w, enum sup_inst_event event)
{
	enum sup_inst_state before = w->i.state;
	unsigned actions = sup_inst_step(&w->i, &w->p, event, w->now_ms);

	if (actions & SUP_ACT_RECORD) {
		w->records++;
		w->crashes += w->i.end.crash;
	}
	check(w, before, event, actions);
	if (actions & SUP_ACT_START) {
		w->starts++;
		w->starting = true;
	}
	if ((actions & SUP_ACT_KILL) && w->running && rnd(w, 4) > 0) {
		w->running = false;
		w->i.end.status = 9;
		step(w, SUP_EV_MAIN_EXIT);
	}
}

static void
report_start(struct world *w)
{
	w->starting = false;
	if (rnd(w, 8) == 0) {
		w->i.end.machine = rnd(w, 2) == 0;
		step(w, SUP_EV_SPAWN_FAIL);
		return;
	}
	w->running = true;
	w->tree = true;
	step(w, SUP_EV_SPAWNED);
}

static void
die(struct world *w)
{
	if (w->running) {
		w->running = false;
		w->i.end.status = rnd(w, 3) == 0 ? 0 : 256;
		step(w, SUP_EV_MAIN_EXIT);
	} else if (w->tree) {
		w->tree = false;
		w->i.end.oom = rnd(w, 20) == 0;
		step(w, SUP_EV_GONE);
	}
}

static void
anything(struct world *w)
{
	switch (rnd(w, 16)) {
	case 0:
		w->want = true;
		step(w, SUP_EV_WANT);
		break;
	case 1:
		w->want = false;
		step(w, SUP_EV_UNWANT);
		break;
	case 2:
		w->gate = !w->gate;
		step(w, w->gate ? SUP_EV_GATE_OPEN : SUP_EV_GATE_SHUT);
		break;
	case 3:
		step(w, (enum sup_inst_event[]){SUP_EV_RESET, SUP_EV_RESTART, SUP_EV_HALT,
				SUP_EV_HASTE}[rnd(w, 4)]);
		break;
	case 4:
		memcpy(w->i.forced_cause, "watchdog", 9);
		step(w, rnd(w, 2) ? SUP_EV_KILL_SOFT : SUP_EV_KILL_HARD);
		break;
	case 5:
		step(w, SUP_EV_READY);
		break;
	case 6:
	case 7:
	case 8:
	case 9:
		die(w);
		break;
	default:
		w->now_ms += (int64_t)rnd(w, 3000);
		if (w->i.deadline_ms != SUP_NO_DEADLINE && rnd(w, 2))
			w->now_ms = NV_MAX(w->now_ms, w->i.deadline_ms);
		step(w, SUP_EV_TIMER);
	}
}

static void
live_once(uint64_t seed)
{
	struct world w = {
		.seed = seed, .random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1};

	w.p = (struct sup_inst_policy){.success = {1},
		.restart = (enum nv_restart)rnd(&w, 3),
		.ready_event = rnd(&w, 2),
		.ready_timeout_ms = rnd(&w, 2) ? 1 + (int64_t)rnd(&w, 5000) : 0,
		.grace_ms = rnd(&w, 3) ? (int64_t)rnd(&w, 5000) : 0,
		.crashes = {.max = (uint32_t)rnd(&w, 6),
			.within_ms = (int64_t)rnd(&w, 60000),
			.cooldown_ms = rnd(&w, 2) ? (int64_t)rnd(&w, 10000) : 0,
			.backoff_min_ms = (int64_t)rnd(&w, 2000),
			.backoff_max_ms = (int64_t)rnd(&w, 20000),
			.on_limit = (enum nv_on_limit)rnd(&w, 2)}};
	ck_assert_int_eq(sup_inst_init(&w.i, &w.p, seed), 0);
	for (int k = 0; k < EVENTS; k++) {
		if (w.starting)
			report_start(&w);
		else
			anything(&w);
	}
	/* However it went: unwanted and let die, it ends stopped, with every start
	 * recorded. */
	while (w.starting)
		report_start(&w);
	w.want = false;
	step(&w, SUP_EV_UNWANT);
	while (w.running || w.tree)
		die(&w);
	HOLDS(&w, w.i.state == SUP_INST_STOPPED && w.records == w.starts);
	sup_inst_fini(&w.i);
}

START_TEST(test_random_worlds)
{
	const char *seed = getenv("NOVA_TEST_SEED");

	if (seed) {
		live_once(strtoull(seed, NULL, 10));
		return;
	}
	for (uint64_t k = 1; k <= WORLDS; k++)
		live_once(k);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("instance_sim");
	TCase *tc = tcase_create("all");

	tcase_set_timeout(tc, 100);
	tcase_add_test(tc, test_random_worlds);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
