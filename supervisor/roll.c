/* Rolling restarts applied to workers: see roll.h. */
#include "roll.h"
#include "journal.h"
#include "nv_clock.h"
#include "nv_log.h"
#include "sup.h"

#include <stdio.h>
#include <string.h>

struct sup_roll_policy
sup_roll_policy_of(const struct nv_conf_worker *conf)
{
	return (struct sup_roll_policy){.surge = conf->rolling_surge,
		.max_unavailable = conf->rolling_unavailable,
		.abort_after = conf->rolling_abort_after,
		.pause_ms = conf->rolling_pause_ms};
}

uint32_t
sup_roll_slots(const struct sup_worker *w)
{
	uint32_t slots = sup_worker_slots(w);

	return slots > 0 ? slots + w->roll.surge : 0;
}

static void
on_timer(struct ev_loop *loop, ev_timer *t, int revents)
{
	(void)loop;
	(void)revents;
	sup_gate_later(t->data);
}

static void
arm(struct sup_worker *w)
{
	struct ev_loop *loop = w->sup->loop;

	ev_timer_stop(loop, &w->roll_timer);
	if (w->roll.deadline_ms == INT64_MAX || !sup_roll_active(&w->roll))
		return;
	int64_t wait_ms = NV_MAX(w->roll.deadline_ms - nv_mono_ms(), 0);

	ev_now_update(loop);
	ev_timer_init(&w->roll_timer, on_timer, (double)wait_ms / 1000 + 0.0005, 0.);
	w->roll_timer.data = w;
	ev_timer_start(loop, &w->roll_timer);
}

static void
tell(const struct sup_worker *w)
{
	char text[200];

	sup_roll_text(&w->roll, text, sizeof(text));
	nv_log(w->roll.phase == SUP_ROLL_ABORTED ? NV_ERROR : NV_INFO,
		"%s: rolling restart %u: %s: %s", w->name, w->roll.id,
		sup_roll_phase_name(w->roll.phase), text);
}

void
sup_roll_begin(struct sup_worker *w, const struct sup_roll_policy *policy)
{
	sup_roll_start(&w->roll, policy, sup_worker_slots(w));
	/* What the additional ones of an earlier attempt did is not held against these.
	 */
	for (uint32_t i = sup_worker_slots(w); i < w->n_instances; i++) {
		if (!sup_inst_live(&w->instances[i]->machine))
			sup_instance_event(w->instances[i], SUP_EV_RESET);
	}
	tell(w);
	sup_state_worker(w);
	sup_gate_later(w);
}

bool
sup_roll_cancel(struct sup_worker *w, const char *by)
{
	if (!sup_roll_active(&w->roll))
		return false;
	sup_roll_abort(&w->roll, by);
	tell(w);
	sup_state_worker(w);
	sup_gate_later(w);
	return true;
}

/* One instance after the other, without a copy of all of them: most have nothing to do
 * with the step. */
static bool
step(struct sup_worker *w, uint32_t *ret_from, uint32_t *ret_to)
{
	static struct sup_roll_one one[SUP_INSTANCES_MAX + SUP_ROLL_SURGE_MAX];
	struct sup_roll_view view = {.one = one,
		.n = NV_MIN(w->n_instances, (uint32_t)NV_LEN(one)),
		.wanted = sup_group_is_held(w) ? 0 : sup_worker_slots(w)};

	for (uint32_t i = 0; i < view.n; i++) {
		const struct sup_inst *m = &w->instances[i]->machine;

		/* In a tree it waits for its turn to be restarted. */
		one[i] = (struct sup_roll_one){
			m->state == SUP_INST_UP && !w->instances[i]->leaf_again,
			m->up_ms};
		if (w->instances[i]->parked) /* a slot that stays empty misses nobody */
			one[i] = (struct sup_roll_one){.up = true};
	}
	return sup_roll_step(&w->roll, &view, nv_mono_ms(), ret_from, ret_to);
}

/* A new one that will not come up by itself any more ends it. */
static void
give_up_on_halted(struct sup_worker *w)
{
	const struct sup_roll *r = &w->roll;
	uint32_t slots = sup_worker_slots(w);

	for (uint32_t i = 0; i < w->n_instances && sup_roll_active(r); i++) {
		enum sup_inst_state state = w->instances[i]->machine.state;
		bool is_new =
			i >= slots ? i < slots + r->surge : i + 1 < r->first + r->count;
		char why[80];

		if (!is_new || w->instances[i]->parked ||
			(state != SUP_INST_HALTED && state != SUP_INST_FAILED &&
				state != SUP_INST_FINISHED))
			continue;
		(void)snprintf(why, sizeof(why), "new instance %u is %s", i + 1,
			sup_inst_state_name(state));
		sup_roll_abort(&w->roll, why);
	}
}

void
sup_roll_run(struct sup_worker *w)
{
	enum sup_roll_phase before = w->roll.phase;
	uint32_t surge = w->roll.surge;
	uint32_t from;
	uint32_t to;

	if (!sup_roll_active(&w->roll) && w->roll.surge == 0)
		return;
	/* Paused, or without a ledger, nothing can come up: it goes on afterwards. */
	if (sup_roll_active(&w->roll) && sup_worker_wanted(w) > 0 &&
		(sup_worker_paused(w) || !w->sup->engine_ready))
		return;
	if (sup_worker_wanted(w) > 0)
		give_up_on_halted(w);
	/* What was asked for is written down after it was done: the next novasupd would
	 * take an old instance for a new one otherwise. Asked twice is a restart more. */
	while (step(w, &from, &to)) {
		tell(w);
		for (uint32_t k = from; k <= to; k++)
			(void)sup_worker_restart(w, k, "rolling restart");
		sup_state_worker(w);
	}
	if (w->roll.phase != before && !sup_roll_active(&w->roll))
		tell(w);
	if (w->roll.phase != before || w->roll.surge != surge)
		sup_state_worker(w);
	sup_state_commit();
	arm(w);
}

void
sup_roll_changed(struct sup_instance *inst)
{
	struct sup_worker *w = inst->worker;

	if (sup_roll_active(&w->roll) || w->roll.surge > 0)
		sup_gate_later(w);
}

void
sup_roll_ended(struct sup_instance *inst)
{
	struct sup_worker *w = inst->worker;

	const struct sup_inst_end *end = &inst->machine.end;

	/* What was asked to end, and what the machine had no room for, failed nobody. */
	if (!sup_roll_active(&w->roll) ||
		!(end->crash || strcmp(end->cause, "exit") == 0))
		return;
	sup_roll_failed(&w->roll, inst->number, sup_worker_slots(w), inst->last_exit);
	if (!sup_roll_active(&w->roll))
		tell(w);
	sup_state_worker(w);
	sup_gate_later(w);
}

void
sup_roll_fini(struct sup_worker *w)
{
	if (w->roll.id > 0)
		ev_timer_stop(w->sup->loop, &w->roll_timer);
}
