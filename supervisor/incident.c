/* Storms applied to instances: see incident.h. An instance that is held is in BACKOFF or
 * COOLDOWN without a deadline; nothing else says so, so that nothing can disagree. */
#include "incident.h"
#include "journal.h"
#include "nv_clock.h"
#include "nv_log.h"
#include "nv_units.h"
#include "sup.h"

#include <stdio.h>
#include <string.h>

#define COMING_MS 60000 /* one that rests for longer is not waited for */

static struct sup_storm_policy
policy_of(const struct sup *sup)
{
	const struct nv_config *c = sup->conf->config;

	return (struct sup_storm_policy){.rate = c->spawn_rate,
		.burst = c->spawn_burst,
		.workers = c->storm_workers,
		.within_ms = c->storm_within_ms,
		.canary_ms = c->storm_canary_ms};
}

static uint64_t
key_of(const struct sup_instance *inst)
{
	return sup_storm_key(inst->worker->name, inst->number);
}

static bool
rests(const struct sup_instance *inst)
{
	return inst->machine.state == SUP_INST_BACKOFF ||
	       inst->machine.state == SUP_INST_COOLDOWN;
}

bool
sup_incident_holds(const struct sup_instance *inst)
{
	return rests(inst) && inst->machine.deadline_ms == SUP_NO_DEADLINE;
}

static struct sup_instance *
canary_of(const struct sup *sup)
{
	for (struct sup_worker *w = sup->workers; w; w = w->next) {
		for (uint32_t i = 0; i < w->n_instances; i++) {
			if (key_of(w->instances[i]) == sup->storm.canary)
				return w->instances[i];
		}
	}
	return NULL;
}

static uint32_t
count(const struct sup *sup, uint32_t *ret_coming)
{
	int64_t now = nv_mono_ms();
	uint32_t held = 0;

	*ret_coming = 0;
	for (const struct sup_worker *w = sup->workers; w; w = w->next) {
		for (uint32_t i = 0; i < w->n_instances; i++) {
			const struct sup_instance *inst = w->instances[i];
			const struct sup_inst *m = &inst->machine;

			if (!rests(inst))
				continue;
			/* One that may not start anyway, as it is paused or waits for
			 * another one, keeps no incident open. */
			if (sup_incident_holds(inst))
				held += m->gate || !sup->engine_ready;
			else if (m->end.crash && !inst->granted &&
				 m->deadline_ms - now < COMING_MS)
				(*ret_coming)++;
		}
	}
	return held;
}

uint32_t
sup_incident_held(const struct sup *sup)
{
	uint32_t coming;

	return count(sup, &coming);
}

void
sup_incident_canary(const struct sup *sup, char *buf, size_t buf_bytes)
{
	const struct sup_instance *canary =
		sup->storm.state == SUP_STORM_CANARY ? canary_of(sup) : NULL;

	buf[0] = '\0';
	if (canary)
		(void)snprintf(
			buf, buf_bytes, "%s#%u", canary->worker->name, canary->number);
}

void
sup_incident_text(const struct sup *sup, char *buf, size_t buf_bytes)
{
	const struct sup_storm *s = &sup->storm;
	char within[NV_UNITS_BYTES];
	char wait[NV_UNITS_BYTES];
	char then[200] = "";

	buf[0] = '\0';
	if (s->state == SUP_STORM_QUIET)
		return;
	int64_t left_ms = NV_MAX(s->deadline_ms - nv_mono_ms(), 0);
	const struct sup_instance *canary =
		s->state == SUP_STORM_CANARY ? canary_of(sup) : NULL;

	left_ms = (left_ms + 999) / 1000 * 1000;
	if (s->state == SUP_STORM_OPEN)
		(void)snprintf(then, sizeof(then), "%s the next is tried in %s",
			s->failed ? " not over yet;" : "",
			nv_duration_show(left_ms, wait));
	else if (canary)
		(void)snprintf(then, sizeof(then),
			" canary %s#%u has to live for %s more", canary->worker->name,
			canary->number, nv_duration_show(left_ms, wait));
	else if (s->state == SUP_STORM_RAMP)
		(void)snprintf(then, sizeof(then), " the others follow, %u each second",
			UINT32_C(1) << NV_MIN(s->ramp, SUP_STORM_RAMP_MAX));
	(void)snprintf(buf, buf_bytes,
		"%u workers crashed within %s;%s; %u instances are held", s->n_workers,
		nv_duration_show(sup->conf->config->storm_within_ms, within), then,
		sup_incident_held(sup));
}

/* ---- what is told ---- */

static void
tell(struct sup *sup, const char *why)
{
	const struct sup_storm *s = &sup->storm;
	const char *state = sup_storm_state_name(s->state);
	char names[1000] = "";
	size_t used = 0;

	/* Those of the workers that are still held, as far as they fit. */
	for (const struct sup_worker *w = sup->workers; w; w = w->next) {
		bool crashed = false;

		for (uint32_t i = 0; i < w->n_instances && !crashed; i++)
			crashed = rests(w->instances[i]) &&
				  w->instances[i]->machine.end.crash;
		if (crashed && used + strlen(w->name) + 4 < sizeof(names))
			used += (size_t)snprintf(names + used, sizeof(names) - used,
				"%s\"%s\"", used ? "," : "", w->name);
	}
	nv_log(s->state == SUP_STORM_QUIET ? NV_INFO : NV_WARN, "incident %u %s: %s",
		s->id, state, why);
	sup_journal_incident(sup->journal, s->id, state, s->n_workers, names, s->failed,
		nv_mono_ms() - s->opened_ms, why);
	/* Both in one commit: an incident is not opened twice. */
	sup->storm_changed = true;
	sup_state_storm(sup);
	sup->storm_changed = true; /* what follows in this pass, too */
}

/* ---- timer ---- */

static void
arm(struct sup *sup)
{
	struct ev_loop *loop = sup->loop;

	sup->storm_changed = true;
	ev_timer_stop(loop, &sup->storm_timer);
	if (sup->storm.deadline_ms == INT64_MAX)
		return;
	int64_t wait_ms = NV_MAX(sup->storm.deadline_ms - nv_mono_ms(), 0);

	ev_now_update(loop);
	ev_timer_set(&sup->storm_timer, (double)wait_ms / 1000 + 0.0005, 0.);
	ev_timer_start(loop, &sup->storm_timer);
}

/* Let it go: as if its backoff were over just now. */
static void
let_go(struct sup_instance *inst)
{
	inst->machine.deadline_ms = nv_mono_ms();
	sup_instance_event(inst, SUP_EV_TIMER);
}

/* The one that was tried least often, of them the one with the fewest crashes. */
static struct sup_instance *
pick(const struct sup *sup)
{
	struct sup_instance *best = NULL;

	for (const struct sup_worker *w = sup->workers; w; w = w->next) {
		for (uint32_t i = 0; i < w->n_instances; i++) {
			struct sup_instance *inst = w->instances[i];

			if (!sup_incident_holds(inst) || !inst->machine.gate)
				continue;
			if (inst->tried_in != sup->storm.id) {
				inst->tried_in = sup->storm.id;
				inst->tried = 0;
			}
			if (!best || inst->tried < best->tried ||
				(inst->tried == best->tried &&
					inst->machine.n_crashes <
						best->machine.n_crashes))
				best = inst;
		}
	}
	return best;
}

static void
try_one(struct sup *sup, const struct sup_storm_policy *policy)
{
	struct sup_instance *canary = pick(sup);
	char why[200];
	char life[NV_UNITS_BYTES];

	if (!canary) { /* no ledger: nothing is started anyway */
		sup->storm.deadline_ms = nv_mono_ms() + SUP_STORM_TICK_MS;
		return;
	}
	canary->tried++;
	sup_storm_try(&sup->storm, policy, key_of(canary), nv_mono_ms());
	(void)snprintf(why, sizeof(why), "%s#%u is tried; it has to live for %s",
		canary->worker->name, canary->number,
		nv_duration_show(policy->canary_ms, life));
	tell(sup, why);
	let_go(canary);
}

static void
release(struct sup *sup, uint32_t n, bool all)
{
	for (struct sup_worker *w = sup->workers; w && n > 0; w = w->next) {
		for (uint32_t i = 0; i < w->n_instances && n > 0; i++) {
			if (!sup_incident_holds(w->instances[i]) ||
				!(all || w->instances[i]->machine.gate))
				continue;
			let_go(w->instances[i]);
			n--;
		}
	}
}

static void
on_timer(struct ev_loop *loop, ev_timer *t, int revents)
{
	struct sup *sup = t->data;
	struct sup_storm_policy policy = policy_of(sup);
	char why[100];
	uint32_t coming;
	uint32_t n;

	(void)loop;
	(void)revents;
	uint32_t held = count(sup, &coming);
	const struct sup_instance *canary = canary_of(sup);

	/* One that is not there proves nothing. */
	if (!canary || !sup_inst_live(&canary->machine))
		(void)sup_storm_left(&sup->storm, sup->storm.canary, nv_mono_ms());
	switch (sup_storm_timer(&sup->storm, &policy, held, coming, nv_mono_ms(), &n)) {
	case SUP_STORM_WAIT:
		break;
	case SUP_STORM_PICK:
		try_one(sup, &policy);
		break;
	case SUP_STORM_ALIVE:
		(void)snprintf(why, sizeof(why),
			"the canary lives; %u held instances follow", held);
		tell(sup, why);
		release(sup, n, false);
		break;
	case SUP_STORM_RELEASE:
		release(sup, n, false);
		break;
	case SUP_STORM_CLOSED:
		tell(sup, "nothing that crashed is held any more");
		release(sup, UINT32_MAX, true);
		break;
	}
	arm(sup);
}

void
sup_incident_start(struct sup *sup)
{
	struct sup_storm_policy policy = policy_of(sup);

	if (sup->storm.refilled_ms == 0) /* none was loaded */
		sup_storm_init(&sup->storm, &policy, nv_mono_ms());
	sup->storm_changed = true;
	ev_timer_init(&sup->storm_timer, on_timer, 0., 0.);
	sup->storm_timer.data = sup;
}

/* The storm is as it was; who was held by it still is. */
void
sup_incident_resume(struct sup *sup)
{
	if (sup->storm.state == SUP_STORM_QUIET)
		release(sup, UINT32_MAX, true);
	arm(sup);
}

void
sup_incident_stop(struct sup *sup)
{
	if (sup->loop)
		ev_timer_stop(sup->loop, &sup->storm_timer);
}

void
sup_incident_reload(struct sup *sup)
{
	struct sup_storm_policy policy = policy_of(sup);

	if (sup_storm_adopt(&sup->storm, &policy, nv_mono_ms())) {
		tell(sup, "storm.workers is none now");
		release(sup, UINT32_MAX, true);
	}
	arm(sup);
}

/* ---- instances ---- */

bool
sup_incident_may_restart(struct sup_instance *inst)
{
	struct sup *sup = inst->sup;
	struct sup_inst *m = &inst->machine;
	struct sup_storm_policy policy = policy_of(sup);
	int64_t wait_ms = 0;

	if (inst->worker->conf->system)
		return true;
	if (!rests(inst) || sup->phase != SUP_RUNNING || nv_mono_ms() < m->deadline_ms)
		return true; /* nothing is to be restarted by this */
	if (inst->granted) {
		inst->granted = false;
		return true;
	}
	switch (sup_storm_ask(&sup->storm, &policy, key_of(inst), m->end.crash,
		nv_mono_ms(), &wait_ms)) {
	case SUP_STORM_GO:
		return true;
	case SUP_STORM_LATER:
		inst->granted = true;
		m->deadline_ms = nv_mono_ms() + wait_ms;
		sup_state_instance(inst);
		sup->storm_changed = true;
		return false;
	case SUP_STORM_HOLD:
		m->deadline_ms = SUP_NO_DEADLINE;
		sup_state_instance(inst); /* held from the first moment of a resume on */
		return false;
	}
	return true;
}

void
sup_incident_ended(struct sup_instance *inst)
{
	struct sup *sup = inst->sup;
	struct sup_storm_policy policy = policy_of(sup);
	char why[300];
	char within[NV_UNITS_BYTES];
	int64_t now = nv_mono_ms();

	inst->granted = false;
	sup->storm_changed = true;
	if (sup->phase != SUP_RUNNING || inst->worker->conf->system)
		return;
	if (!inst->machine.end.crash) {
		if (sup_storm_left(&sup->storm, key_of(inst), now))
			arm(sup);
		return;
	}
	switch (sup_storm_crash(&sup->storm, &policy,
		sup_storm_key(inst->worker->name, 0), key_of(inst), now)) {
	case SUP_STORM_NOTHING:
		return;
	case SUP_STORM_OPENED:
		(void)snprintf(why, sizeof(why),
			"%u workers crashed within %s; restarts are held",
			sup->storm.n_workers, nv_duration_show(policy.within_ms, within));
		break;
	case SUP_STORM_CANARY_DIED:
		(void)snprintf(why, sizeof(why), "canary %s#%u died: %s",
			inst->worker->name, inst->number, inst->last_exit);
		break;
	case SUP_STORM_BACK:
		(void)snprintf(
			why, sizeof(why), "many of those that followed crashed again");
		break;
	}
	tell(sup, why);
	arm(sup);
}
