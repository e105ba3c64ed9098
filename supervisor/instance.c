/* The instance state machine: see instance.h. Each event has one function; what an event
 * means in a state that is not named there is: nothing. */
#include "instance.h"
#include "nv_clock.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

static const char *const state_names[SUP_INST_STATE_COUNT] = {
#define X(name, text) [SUP_INST_##name] = text,
	SUP_INST_STATES(X)
#undef X
};

typedef unsigned
step_fn(struct sup_inst *i, const struct sup_inst_policy *policy, int64_t now_ms);

const char *
sup_inst_state_name(enum sup_inst_state state)
{
	NV_ASSERT(state < SUP_INST_STATE_COUNT);
	return state_names[state];
}

bool
sup_inst_live(const struct sup_inst *i)
{
	return i->state == SUP_INST_STARTING || i->state == SUP_INST_UP ||
	       i->state == SUP_INST_STOPPING;
}

int
sup_inst_fit(struct sup_inst *i, const struct sup_inst_policy *policy)
{
	uint32_t cap = NV_MIN(policy->crashes.max, SUP_CRASHES_MAX - 1) + 1;

	if (cap <= i->crashes_cap)
		return 0;
	int64_t *grown = realloc(i->crash_ms, cap * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	i->crash_ms = grown;
	i->crashes_cap = cap;
	return 0;
}

int
sup_inst_init(struct sup_inst *i, const struct sup_inst_policy *policy, uint64_t seed)
{
	*i = (struct sup_inst){
		.deadline_ms = SUP_NO_DEADLINE,
		.random = seed ? seed : 1,
	};
	return sup_inst_fit(i, policy);
}

void
sup_inst_fini(struct sup_inst *i)
{
	if (!i)
		return;
	free(i->crash_ms);
	i->crash_ms = NULL;
	i->crashes_cap = 0;
}

void
sup_inst_clear(struct sup_inst *i)
{
	NV_ASSERT(!sup_inst_live(i));
	*i = (struct sup_inst){.deadline_ms = SUP_NO_DEADLINE,
		.gate = i->gate,
		.restarts = i->restarts,
		.crash_ms = i->crash_ms,
		.crashes_cap = i->crashes_cap,
		.random = i->random};
}

static void
enter(struct sup_inst *i, enum sup_inst_state state, int64_t deadline_ms)
{
	i->state = state;
	i->deadline_ms = deadline_ms;
}

static unsigned
try_start(struct sup_inst *i, const struct sup_inst_policy *policy)
{
	bool wanted = policy->tree ? i->go : i->want;

	NV_ASSERT(!sup_inst_live(i));
	if (i->over_limit && wanted && !policy->tree) {
		enter(i, SUP_INST_HALTED, SUP_NO_DEADLINE);
		return SUP_ACT_REPORT;
	}
	if (policy->tree && !wanted)
		return 0; /* it rests as it is */
	if (!wanted || !i->gate) {
		enter(i, SUP_INST_STOPPED, SUP_NO_DEADLINE);
		return 0;
	}
	enter(i, SUP_INST_STARTING, SUP_NO_DEADLINE);
	i->asked = false;
	i->again = false;
	i->forced = false;
	i->asked_cause[0] = '\0';
	i->asked_by[0] = '\0';
	return SUP_ACT_START;
}

static unsigned
begin_stop(struct sup_inst *i, int64_t grace_ms, int64_t now_ms)
{
	enter(i, SUP_INST_STOPPING,
		grace_ms == NV_INFINITY_MS ? SUP_NO_DEADLINE : now_ms + grace_ms);
	if (grace_ms != 0)
		return SUP_ACT_ASK;
	i->deadline_ms = now_ms + SUP_KILL_AGAIN_MS;
	return SUP_ACT_KILL;
}

/* ---- how it ended, and what follows ---- */

static void
forget_old_crashes(
	struct sup_inst *i, const struct sup_inst_policy *policy, int64_t now_ms)
{
	uint32_t old = 0;

	while (old < i->n_crashes &&
		i->crash_ms[old] < now_ms - policy->crashes.within_ms)
		old++;
	i->n_crashes -= old;
	memmove(i->crash_ms, i->crash_ms + old, i->n_crashes * sizeof(*i->crash_ms));
}

static void
count_crash(struct sup_inst *i, const struct sup_inst_policy *policy, int64_t now_ms)
{
	forget_old_crashes(i, policy, now_ms);
	if (i->n_crashes == i->crashes_cap) {
		i->n_crashes--;
		memmove(i->crash_ms, i->crash_ms + 1,
			i->n_crashes * sizeof(*i->crash_ms));
	}
	i->crash_ms[i->n_crashes++] = now_ms;
}

uint32_t
sup_inst_crashes(
	const struct sup_inst *i, const struct sup_inst_policy *policy, int64_t now_ms)
{
	uint32_t n = 0;

	for (uint32_t k = 0; k < i->n_crashes; k++)
		n += i->crash_ms[k] >= now_ms - policy->crashes.within_ms;
	return n;
}

static uint64_t
next_random(struct sup_inst *i)
{
	i->random ^= i->random << 13;
	i->random ^= i->random >> 7;
	i->random ^= i->random << 17;
	return i->random;
}

/* The first retry comes soon, each later one from a window that doubles up to the cap.
 * The whole window is random, also at the cap, so that what died together does not come
 * back together. */
static int64_t
backoff_ms(struct sup_inst *i, const struct sup_inst_policy *policy)
{
	int64_t min = policy->crashes.backoff_min_ms;

	/* What could not be started is not tried again and again without a pause. */
	if (i->end.exec && min == 0)
		min = SUP_FAILED_START_MS;
	int64_t top = min;
	int64_t cap = NV_MAX(policy->crashes.backoff_max_ms, min);

	for (uint32_t k = 1; k < i->attempts && top < cap; k++)
		top = top > 0 ? top * 2 : 100;
	top = NV_MIN(top, cap);
	int64_t low = i->attempts <= 1 ? 0 : min;

	return top <= low ? top
			  : low + (int64_t)(next_random(i) % (uint64_t)(top - low + 1));
}

static unsigned
restart_later(struct sup_inst *i, const struct sup_inst_policy *policy, int64_t now_ms)
{
	int64_t stable_ms =
		NV_MIN(SUP_STABLE_MS, NV_MAX(policy->crashes.backoff_max_ms, 1000));

	if (!i->end.exec && now_ms - i->started_ms >= stable_ms)
		i->attempts = 0;
	if (i->attempts < UINT32_MAX)
		i->attempts++;
	i->restarts++;
	enter(i, SUP_INST_BACKOFF, now_ms + backoff_ms(i, policy));
	return 0;
}

/* A crash of one that is to be restarted: soon, after the cooldown, or never. */
static unsigned
after_crash(struct sup_inst *i, const struct sup_inst_policy *policy, int64_t now_ms)
{
	uint32_t max = NV_MIN(policy->crashes.max, SUP_CRASHES_MAX - 1);

	if (i->n_crashes > max) {
		i->over_limit = true;
		enter(i, SUP_INST_HALTED, SUP_NO_DEADLINE);
		return SUP_ACT_REPORT | (policy->crashes.on_limit == NV_ON_LIMIT_ESCALATE
							? SUP_ACT_ESCALATE
							: 0);
	}
	if (i->n_crashes == max && policy->crashes.cooldown_ms > 0) {
		(void)restart_later(i, policy, now_ms);
		enter(i, SUP_INST_COOLDOWN, now_ms + policy->crashes.cooldown_ms);
		return SUP_ACT_REPORT;
	}
	return restart_later(i, policy, now_ms);
}

static bool
ended_well(int status, const struct sup_inst_policy *policy)
{
	return WIFEXITED(status) &&
	       nv_conf_is_success(policy->success, WEXITSTATUS(status));
}

static void
name_end(struct sup_inst *i, const struct sup_inst_policy *policy)
{
	struct sup_inst_end *e = &i->end;
	bool well = ended_well(e->status, policy);
	const char *cause;

	if (e->exec)
		cause = "exec";
	else if (i->asked)
		cause = i->asked_cause[0] ? i->asked_cause : "stop";
	else if (i->forced)
		cause = i->forced_cause;
	else if (e->oom)
		cause = "oom";
	else
		cause = well ? "exit" : "crash";
	e->crash = e->exec ? !e->machine : !i->asked && (i->forced || e->oom || !well);
	(void)snprintf(e->cause, sizeof(e->cause), "%s", cause);
	/* A start may follow in the same step, and forgets who asked. */
	(void)snprintf(e->by, sizeof(e->by), "%s", i->asked ? i->asked_by : "");
}

/* The tree decides what follows; what is written down here is for people, and when. */
static unsigned
ended_in_tree(struct sup_inst *i, const struct sup_inst_policy *policy, int64_t now_ms)
{
	unsigned actions = 0;

	i->go = false;
	i->again = false;
	i->gave_up = false;
	i->retry_at_ms = now_ms;
	if (i->asked)
		return SUP_ACT_ENDED;
	if (policy->restart == NV_RESTART_TEMPORARY ||
		(policy->restart == NV_RESTART_TRANSIENT && !i->end.crash &&
			!i->end.machine)) {
		enter(i, i->end.crash ? SUP_INST_FAILED : SUP_INST_FINISHED,
			SUP_NO_DEADLINE);
		return SUP_ACT_ENDED | SUP_ACT_REPORT;
	}
	if (i->end.machine || (policy->paced && !i->end.crash))
		actions = restart_later(i, policy, now_ms);
	else if (policy->paced)
		actions = after_crash(i, policy, now_ms) & ~(unsigned)SUP_ACT_ESCALATE;
	else
		i->restarts++;
	i->gave_up = i->state == SUP_INST_HALTED;
	i->over_limit = false;
	if (i->deadline_ms != SUP_NO_DEADLINE)
		i->retry_at_ms = i->deadline_ms;
	return SUP_ACT_ENDED | actions;
}

static unsigned
ended(struct sup_inst *i, const struct sup_inst_policy *policy, int64_t now_ms)
{
	unsigned actions = SUP_ACT_RECORD;

	i->main_alive = false;
	name_end(i, policy);
	if (i->end.crash)
		count_crash(i, policy, now_ms);
	enter(i, SUP_INST_STOPPED, SUP_NO_DEADLINE);
	if (policy->tree)
		return actions | ended_in_tree(i, policy, now_ms);
	if (!i->want)
		return actions;
	if (i->asked)
		return actions | try_start(i, policy);
	if (i->end.machine)
		return actions | restart_later(i, policy, now_ms);
	if (policy->restart == NV_RESTART_TEMPORARY ||
		(policy->restart == NV_RESTART_TRANSIENT && !i->end.crash)) {
		enter(i, i->end.crash ? SUP_INST_FAILED : SUP_INST_FINISHED,
			SUP_NO_DEADLINE);
		return actions | SUP_ACT_REPORT;
	}
	if (i->end.crash)
		return actions | after_crash(i, policy, now_ms);
	return actions | restart_later(i, policy, now_ms);
}

/* ---- events ---- */

static unsigned
on_want(struct sup_inst *i, const struct sup_inst_policy *policy, int64_t now_ms)
{
	(void)now_ms;
	i->want = true;
	return i->state == SUP_INST_STOPPED ? try_start(i, policy) : 0;
}

static unsigned
on_unwant(struct sup_inst *i, const struct sup_inst_policy *policy, int64_t now_ms)
{
	i->want = false;
	if (policy->tree)
		return 0;
	i->again = false;
	switch (i->state) {
	case SUP_INST_STARTING:
	case SUP_INST_UP:
		i->asked = true;
		return begin_stop(i, policy->grace_ms, now_ms);
	case SUP_INST_STOPPING:
		return 0;
	default:
		enter(i, SUP_INST_STOPPED, SUP_NO_DEADLINE);
		return 0;
	}
}

static unsigned
on_gate_open(struct sup_inst *i, const struct sup_inst_policy *policy, int64_t now_ms)
{
	if (!i->gate && i->state == SUP_INST_STARTING && i->main_alive &&
		i->ready_left_ms > 0)
		i->deadline_ms = now_ms + i->ready_left_ms;
	i->gate = true;
	if (policy->tree)
		return sup_inst_live(i) ? 0 : try_start(i, policy);
	bool due = (i->state == SUP_INST_BACKOFF || i->state == SUP_INST_COOLDOWN) &&
		   now_ms >= i->deadline_ms;

	return due || i->state == SUP_INST_STOPPED ? try_start(i, policy) : 0;
}

static unsigned
on_gate_shut(struct sup_inst *i, const struct sup_inst_policy *policy, int64_t now_ms)
{
	(void)policy;
	/* Paused, or nobody is there to hear it: that time does not count. */
	if (i->gate && i->state == SUP_INST_STARTING &&
		i->deadline_ms != SUP_NO_DEADLINE) {
		i->ready_left_ms = NV_MAX(i->deadline_ms - now_ms, 1);
		i->deadline_ms = SUP_NO_DEADLINE;
	}
	i->gate = false;
	return 0;
}

static unsigned
on_reset(struct sup_inst *i, const struct sup_inst_policy *policy, int64_t now_ms)
{
	(void)now_ms;
	i->n_crashes = 0;
	i->attempts = 0;
	i->over_limit = false;
	if (policy->tree && i->state == SUP_INST_HALTED)
		enter(i, SUP_INST_STOPPED, SUP_NO_DEADLINE);
	return sup_inst_live(i) ? 0 : try_start(i, policy);
}

static unsigned
on_restart(struct sup_inst *i, const struct sup_inst_policy *policy, int64_t now_ms)
{
	switch (i->state) {
	case SUP_INST_STARTING:
	case SUP_INST_UP:
		i->asked = true;
		i->again = true;
		return begin_stop(i, policy->grace_ms, now_ms);
	case SUP_INST_STOPPING:
		/* It was dying by itself: the person's wish comes first. */
		i->again = true;
		return 0;
	default:
		return on_reset(i, policy, now_ms);
	}
}

static unsigned
on_halt(struct sup_inst *i, const struct sup_inst_policy *policy, int64_t now_ms)
{
	if (policy->tree) {
		if (sup_inst_live(i))
			return 0;
		i->go = false;
		enter(i, SUP_INST_HALTED, SUP_NO_DEADLINE);
		return SUP_ACT_REPORT;
	}
	i->over_limit = true;
	if (i->state == SUP_INST_STARTING || i->state == SUP_INST_UP) {
		i->asked = true;
		return begin_stop(i, policy->grace_ms, now_ms);
	}
	if (i->state == SUP_INST_STOPPING || !i->want)
		return 0;
	enter(i, SUP_INST_HALTED, SUP_NO_DEADLINE);
	return SUP_ACT_REPORT;
}

static unsigned
on_spawned(struct sup_inst *i, const struct sup_inst_policy *policy, int64_t now_ms)
{
	NV_ASSERT(i->state == SUP_INST_STARTING);
	i->end = (struct sup_inst_end){0};
	i->main_alive = true;
	i->started_ms = now_ms;
	i->up_ms = now_ms;
	i->ready_left_ms = policy->ready_timeout_ms;
	if (!policy->ready_event)
		enter(i, SUP_INST_UP, SUP_NO_DEADLINE);
	else if (i->gate && i->ready_left_ms > 0)
		i->deadline_ms = now_ms + i->ready_left_ms;
	return 0;
}

static unsigned
on_spawn_fail(struct sup_inst *i, const struct sup_inst_policy *policy, int64_t now_ms)
{
	NV_ASSERT(i->state == SUP_INST_STARTING);
	i->end = (struct sup_inst_end){.exec = true, .machine = i->end.machine};
	return ended(i, policy, now_ms);
}

static unsigned
on_ready(struct sup_inst *i, const struct sup_inst_policy *policy, int64_t now_ms)
{
	(void)policy;
	if (i->state == SUP_INST_STARTING) {
		enter(i, SUP_INST_UP, SUP_NO_DEADLINE);
		i->up_ms = now_ms;
	}
	return 0;
}

static unsigned
kill_it(struct sup_inst *i, int64_t grace_ms, int64_t now_ms)
{
	if (i->state != SUP_INST_STARTING && i->state != SUP_INST_UP)
		return 0;
	i->forced = true;
	return begin_stop(i, grace_ms, now_ms);
}

static unsigned
on_kill_soft(struct sup_inst *i, const struct sup_inst_policy *policy, int64_t now_ms)
{
	return kill_it(i, policy->grace_ms, now_ms);
}

static unsigned
on_kill_hard(struct sup_inst *i, const struct sup_inst_policy *policy, int64_t now_ms)
{
	(void)policy;
	return kill_it(i, 0, now_ms);
}

static unsigned
on_main_exit(struct sup_inst *i, const struct sup_inst_policy *policy, int64_t now_ms)
{
	NV_ASSERT(sup_inst_live(i) && i->main_alive);
	i->main_alive = false;
	if (i->state != SUP_INST_STOPPING || i->deadline_ms == SUP_NO_DEADLINE)
		enter(i, SUP_INST_STOPPING,
			now_ms + (policy->grace_ms == NV_INFINITY_MS
						 ? SUP_LEFTOVER_MS
						 : NV_MIN(policy->grace_ms,
							   SUP_LEFTOVER_MS)));
	return SUP_ACT_ASK_REST;
}

static unsigned
on_gone(struct sup_inst *i, const struct sup_inst_policy *policy, int64_t now_ms)
{
	NV_ASSERT(i->state == SUP_INST_STOPPING && !i->main_alive);
	if (i->again)
		i->asked = true;
	return ended(i, policy, now_ms);
}

static unsigned
on_timer(struct sup_inst *i, const struct sup_inst_policy *policy, int64_t now_ms)
{
	if (now_ms < i->deadline_ms)
		return 0;
	switch (i->state) {
	case SUP_INST_STOPPING:
		/* Again and again: what cannot die now (a call that does not return to
		 * user space) dies later, and until then this is not "stopped". */
		i->deadline_ms = now_ms + SUP_KILL_AGAIN_MS;
		return SUP_ACT_KILL;
	case SUP_INST_BACKOFF:
	case SUP_INST_COOLDOWN:
		if (!policy->tree || i->go)
			return try_start(i, policy);
		i->deadline_ms = SUP_NO_DEADLINE;
		return 0;
	case SUP_INST_STARTING:
		(void)snprintf(i->forced_cause, sizeof(i->forced_cause), "not_ready");
		return kill_it(i, policy->grace_ms, now_ms);
	default:
		i->deadline_ms = SUP_NO_DEADLINE;
		return 0;
	}
}

static unsigned
on_go(struct sup_inst *i, const struct sup_inst_policy *policy, int64_t now_ms)
{
	(void)now_ms;
	NV_ASSERT(policy->tree);
	i->go = true;
	return sup_inst_live(i) ? 0 : try_start(i, policy);
}

/* Through BACKOFF, where whoever limits restarts may hold it. */
static unsigned
on_again(struct sup_inst *i, const struct sup_inst_policy *policy, int64_t now_ms)
{
	NV_ASSERT(policy->tree);
	i->go = true;
	if (!sup_inst_live(i))
		enter(i, SUP_INST_BACKOFF, now_ms);
	return 0;
}

static unsigned
on_stop(struct sup_inst *i, const struct sup_inst_policy *policy, int64_t now_ms)
{
	NV_ASSERT(policy->tree);
	i->go = false;
	if (i->state == SUP_INST_BACKOFF || i->state == SUP_INST_COOLDOWN)
		enter(i, SUP_INST_STOPPED, SUP_NO_DEADLINE);
	if (i->state != SUP_INST_STARTING && i->state != SUP_INST_UP)
		return 0;
	i->asked = true;
	return begin_stop(i, policy->grace_ms, now_ms);
}

static unsigned
on_haste(struct sup_inst *i, const struct sup_inst_policy *policy, int64_t now_ms)
{
	if (policy->tree && (i->state == SUP_INST_STARTING || i->state == SUP_INST_UP)) {
		i->asked = true;
		return begin_stop(i, 0, now_ms);
	}
	if (i->state != SUP_INST_STOPPING)
		return 0;
	i->deadline_ms = now_ms + SUP_KILL_AGAIN_MS;
	return SUP_ACT_KILL;
}

static step_fn *const steps[SUP_EV_COUNT] = {
	[SUP_EV_WANT] = on_want,
	[SUP_EV_UNWANT] = on_unwant,
	[SUP_EV_GATE_OPEN] = on_gate_open,
	[SUP_EV_GATE_SHUT] = on_gate_shut,
	[SUP_EV_RESET] = on_reset,
	[SUP_EV_RESTART] = on_restart,
	[SUP_EV_HALT] = on_halt,
	[SUP_EV_SPAWNED] = on_spawned,
	[SUP_EV_SPAWN_FAIL] = on_spawn_fail,
	[SUP_EV_READY] = on_ready,
	[SUP_EV_KILL_SOFT] = on_kill_soft,
	[SUP_EV_KILL_HARD] = on_kill_hard,
	[SUP_EV_MAIN_EXIT] = on_main_exit,
	[SUP_EV_GONE] = on_gone,
	[SUP_EV_TIMER] = on_timer,
	[SUP_EV_GO] = on_go,
	[SUP_EV_AGAIN] = on_again,
	[SUP_EV_STOP] = on_stop,
	[SUP_EV_HASTE] = on_haste,
};

unsigned
sup_inst_step(struct sup_inst *i, const struct sup_inst_policy *policy,
	enum sup_inst_event event, int64_t now_ms)
{
	NV_ASSERT(event < SUP_EV_COUNT);
	return steps[event](i, policy, now_ms);
}
