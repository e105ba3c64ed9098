/* Workers: what the engine wants, and the instances that are to become so. Performs what
 * the state machine of an instance answers. */
#include "journal.h"
#include "memwatch.h"
#include "nv_clock.h"
#include "nv_log.h"
#include "nv_units.h"
#include "rlimits.h"
#include "sup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_MS_MAX 100

/* ---- one instance ---- */

static void
arm(struct sup_instance *inst)
{
	struct ev_loop *loop = inst->sup->loop;
	int64_t deadline = inst->machine.deadline_ms;

	ev_timer_stop(loop, &inst->timer);
	if (deadline == SUP_NO_DEADLINE)
		return;
	int64_t wait_ms = NV_MAX(deadline - nv_mono_ms(), 0);

	ev_now_update(loop);
	ev_timer_set(&inst->timer, (double)wait_ms / 1000 + 0.0005, 0.);
	ev_timer_start(loop, &inst->timer);
}

static void
on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	(void)loop;
	(void)revents;
	sup_instance_event(w->data, SUP_EV_TIMER);
}

static void
on_look(struct ev_loop *loop, ev_timer *w, int revents)
{
	(void)loop;
	(void)revents;
	sup_instance_look(w->data);
}

void
sup_instance_look(struct sup_instance *inst)
{
	struct ev_loop *loop = inst->sup->loop;

	if (!inst->now || inst->now->child.pid != 0)
		return;
	if (sup_incarnation_gone(inst->now)) {
		ev_timer_stop(loop, &inst->look);
		/* When it went well in spite of that, it was a process it can do without.
		 */
		inst->machine.end.oom =
			inst->now->usage.oom_killed && inst->machine.end.status != 0;
		sup_instance_event(inst, SUP_EV_GONE);
		return;
	}
	ev_timer_stop(loop, &inst->look);
	inst->look_ms = NV_MIN(inst->look_ms * 2, LOOK_MS_MAX);
	ev_timer_set(&inst->look, (double)inst->look_ms / 1000, 0.);
	ev_timer_start(loop, &inst->look);
}

void
sup_instance_look_soon(struct sup_instance *inst)
{
	ev_timer_stop(inst->sup->loop, &inst->look);
	ev_timer_set(&inst->look, 0., 0.);
	ev_timer_start(inst->sup->loop, &inst->look);
}

void
sup_instance_look_later(struct sup_instance *inst)
{
	struct sup *sup = inst->sup;

	if (inst->look_listed)
		return;
	inst->look_listed = true;
	inst->look_next = NULL;
	if (!sup->looks)
		sup->looks_end = &sup->looks;
	*sup->looks_end = inst;
	sup->looks_end = &inst->look_next;
}

void
sup_instances_look(struct sup *sup)
{
	static unsigned batches;
	struct sup_instance *list = sup->looks;

	sup->looks = NULL;
	if (++batches == 0)
		batches = 1;
	sup->look_batch = batches;
	while (list) {
		struct sup_instance *inst = list;

		list = inst->look_next;
		inst->look_listed = false;
		sup_instance_look(inst);
	}
	sup->look_batch = 0;
}

void
sup_instance_reason(const struct sup_instance *inst, char *buf, size_t buf_bytes)
{
	const struct sup_inst *m = &inst->machine;
	const struct sup_inst_policy *p = &inst->worker->policy;
	char window[NV_UNITS_BYTES];

	if (p->tree && (m->state == SUP_INST_STOPPED ||
			       (m->state == SUP_INST_HALTED && !m->gave_up))) {
		(void)sup_group_lets_down(inst, buf, buf_bytes);
		if (!buf[0])
			(void)snprintf(buf, buf_bytes, "%s", inst->last_exit);
		return;
	}
	/* What led to a rest stays true while the window moves on. */
	bool rests = m->state == SUP_INST_HALTED || m->state == SUP_INST_COOLDOWN;
	uint32_t n = rests ? inst->told_crashes : sup_inst_crashes(m, p, nv_mono_ms());

	switch (m->state) {
	case SUP_INST_HALTED:
	case SUP_INST_COOLDOWN:
	case SUP_INST_BACKOFF:
		if (sup_incident_holds(inst)) {
			(void)snprintf(buf, buf_bytes, "held by incident %u; last: %s",
				inst->sup->storm.id, inst->last_exit);
			break;
		}
		if (inst->worker->conf->system) { /* never given up */
			(void)snprintf(buf, buf_bytes, "last: %s", inst->last_exit);
			break;
		}
		(void)snprintf(buf, buf_bytes, "%u %s in %s (limit %u); last: %s", n,
			n == 1 ? "crash" : "crashes",
			nv_duration_show(p->crashes.within_ms, window), p->crashes.max,
			inst->last_exit[0] ? inst->last_exit : "none");
		break;
	case SUP_INST_FINISHED:
	case SUP_INST_FAILED:
		(void)snprintf(buf, buf_bytes, "%s; not restarted (restart: %s)",
			inst->last_exit,
			p->restart == NV_RESTART_TEMPORARY ? "temporary" : "transient");
		break;
	case SUP_INST_STOPPING:
		(void)snprintf(buf, buf_bytes, "%s",
			m->main_alive ? "asked to stop"
				      : "waiting for the rest of its processes");
		break;
	default:
		buf[0] = '\0';
	}
}

/* What the failed stage was about, where a name helps. */
static const char *
failed_thing(const struct sup_instance *inst)
{
	const struct nv_conf_worker *conf = inst->worker->conf;

	switch (inst->spawn_error.stage) {
	case SUP_STAGE_EXEC:
		return conf->kind == NV_KIND_TASK ? "nova-runner" : conf->argv[0];
	case SUP_STAGE_DIRECTORY:
		return conf->directory;
	case SUP_STAGE_USER:
		return conf->user;
	case SUP_STAGE_SECRET:
	case SUP_STAGE_ISOLATION:
	case SUP_STAGE_MOUNT:
	case SUP_STAGE_LANDLOCK:
		return inst->failed_thing;
	case SUP_STAGE_ENVIRONMENT:
		return conf->env_file;
	default:
		return NULL;
	}
}

/* Its end goes into the journal; returns what is to be released after the commit. */
static struct sup_incarnation *
record(struct sup_instance *inst)
{
	struct sup_inst_end *end = &inst->machine.end;

	if (inst->now) {
		bool named = end->crash && strcmp(end->cause, "crash") != 0;
		char text[100];

		sup_exit_text(end->status, text, sizeof(text));
		if (strcmp(end->cause, "oom") == 0)
			sup_memory_text(inst->now, inst->detail, sizeof(inst->detail));
		else if (!end->crash || !inst->machine.forced)
			inst->detail[0] = '\0'; /* it ended otherwise than it was to */
		(void)snprintf(inst->last_exit, sizeof(inst->last_exit), "%s%s%s%s%s%s",
			text, named ? " (" : "", named ? end->cause : "",
			named && inst->detail[0] ? ": " : "", named ? inst->detail : "",
			named ? ")" : "");
		nv_log(end->crash ? NV_WARN : NV_INFO,
			"%s#%u generation=%u ended: %s cause=%s", inst->worker->name,
			inst->number, inst->generation, text, end->cause);
		struct sup_incarnation *inc = sup_incarnation_end(inst->now);

		sup_incident_ended(inst);
		sup_roll_ended(inst);
		return inc;
	}
	struct sup_journal_exit entry = {.worker = inst->worker->name,
		.instance = inst->number,
		.generation = inst->generation,
		.cause = end->cause,
		.crash = end->crash,
		.error = inst->spawn_error};

	const char *what = failed_thing(inst);

	(void)snprintf(inst->last_exit, sizeof(inst->last_exit), "%s: %s %s%s%s",
		sup_stage_name(inst->spawn_error.stage),
		strerrorname_np(inst->spawn_error.error),
		strerror(inst->spawn_error.error), what ? ": " : "", what ? what : "");
	nv_warn("%s#%u does not start: %s", inst->worker->name, inst->number,
		inst->last_exit);
	sup_journal_exit(inst->sup->journal, &entry);
	sup_incident_ended(inst);
	sup_roll_ended(inst);
	return NULL;
}

static void
escalate(struct sup_instance *from)
{
	const char *group = from->worker->conf->group;

	nv_error("group %s: given up, as %s#%u is over its crash limit", group,
		from->worker->name, from->number);
	for (struct sup_worker *w = from->sup->workers; w; w = w->next) {
		if (strcmp(w->conf->group, group) != 0)
			continue;
		for (uint32_t i = 0; i < w->n_instances; i++) {
			if (w->instances[i] != from)
				sup_instance_event(w->instances[i], SUP_EV_HALT);
		}
	}
}

static void
report(struct sup_instance *inst)
{
	const char *state = sup_inst_state_name(inst->machine.state);
	char reason[300];

	inst->told_crashes =
		sup_inst_crashes(&inst->machine, &inst->worker->policy, nv_mono_ms());
	sup_instance_reason(inst, reason, sizeof(reason));
	nv_log(inst->machine.state == SUP_INST_HALTED ? NV_ERROR : NV_WARN,
		"%s#%u is %s: %s", inst->worker->name, inst->number, state, reason);
	sup_journal_state(
		inst->sup->journal, inst->worker->name, inst->number, state, reason);
}

static void
start(struct sup_instance *inst)
{
	if (inst->sup->starts_left > 0)
		inst->sup->starts_left--;
	if (sup_incarnation_start(inst) < 0) {
		inst->machine.end.machine =
			sup_spawn_error_is_machine(&inst->spawn_error);
		sup_instance_event(inst, SUP_EV_SPAWN_FAIL);
		return;
	}
	nv_info("%s#%u generation=%u started pid=%d", inst->worker->name, inst->number,
		inst->generation, (int)inst->last_pid);
	/* First: the next ones of its group may be started by this event, and the logger
	 * takes a log for one that it has closed when it knows a younger one. */
	sup_loggerlink_log(inst->sup, inst->now->log);
	sup_instance_event(inst, SUP_EV_SPAWNED);
	if (inst->now)
		sup_enginelink_stream(inst->sup, inst->now->stream);
}

static void
ask(struct sup_incarnation *inc)
{
	sup_incarnation_ask(inc);
	inc->asked = true;
	sup_state_instance(inc->instance);
	sup_state_commit(); /* once: for some a second signal means more than the first */
}

static void
ask_rest(struct sup_incarnation *inc)
{
	sup_incarnation_ask_rest(inc);
	inc->asked_rest = true;
	sup_state_instance(inc->instance);
	sup_state_commit();
}

static void
perform(struct sup_instance *inst, unsigned actions)
{
	if ((actions & SUP_ACT_ASK) && inst->now)
		ask(inst->now);
	if ((actions & SUP_ACT_ASK_REST) && inst->now)
		ask_rest(inst->now);
	if ((actions & SUP_ACT_KILL) && inst->now) {
		sup_incarnation_kill(inst->now);
		sup_instance_look(inst);
	}
	if (actions & SUP_ACT_ESCALATE) {
		escalate(inst);
		inst->escalating = false;
		sup_state_instance(inst);
	}
	if (actions & SUP_ACT_START)
		start(inst);
	else if (inst->has_credentials && inst->machine.state != SUP_INST_BACKOFF &&
		 inst->machine.state != SUP_INST_STARTING)
		sup_incarnation_drop_credentials(inst);
}

static void
say_not_ready(struct sup_instance *inst)
{
	char text[NV_UNITS_BYTES];
	const char *why =
		inst->health.is == SUP_HEALTH_NOT_READY ? inst->health.reason : "";

	(void)snprintf(inst->detail, sizeof(inst->detail), "not ready within %s%s%s",
		nv_duration_show(inst->worker->policy.ready_timeout_ms, text),
		why[0] ? "; last: " : "", why);
	nv_warn("%s#%u: %s", inst->worker->name, inst->number, inst->detail);
}

/* A restart that is due when this pass has made all its starts: its timer is set anew. */
static bool
is_for_next_pass(const struct sup_instance *inst)
{
	return inst->machine.state == SUP_INST_BACKOFF && inst->sup->starts_left == 0;
}

static void
tell_dependents(struct sup_instance *inst, enum sup_inst_state from)
{
	sup_gate_changed(inst, from);
	if (inst->untold == 0)
		return;
	inst->untold = 0;
	sup_state_instance(inst);
}

void
sup_instance_event(struct sup_instance *inst, enum sup_inst_event event)
{
	enum sup_inst_state from = inst->machine.state;
	struct sup_incarnation *ended = NULL;
	bool tree = inst->worker->policy.tree;

	sup_tick_soon(inst->sup);
	if (tree && event == SUP_EV_RESTART) {
		sup_group_restart(inst);
		return;
	}
	if (event == SUP_EV_TIMER && (!tree || inst->machine.go) &&
		(is_for_next_pass(inst) || !sup_incident_may_restart(inst))) {
		arm(inst);
		return;
	}
	unsigned actions =
		sup_inst_step(&inst->machine, &inst->worker->policy, event, nv_mono_ms());

	/* Decide ... */
	arm(inst);
	if (from == SUP_INST_STARTING && event == SUP_EV_TIMER)
		say_not_ready(inst);
	else if (from == SUP_INST_STARTING && inst->machine.state == SUP_INST_UP)
		inst->health = (struct sup_health_state){0};
	sup_probelink_update(inst);
	if (actions & SUP_ACT_RECORD)
		ended = record(inst);
	if (actions & SUP_ACT_REPORT)
		report(inst);
	if (actions & SUP_ACT_ESCALATE)
		inst->escalating = true;
	if (from != inst->machine.state && inst->worker->gate.n_dependents > 0)
		inst->untold = (uint8_t)(from + 1);
	/* ... commit ... */
	sup_state_instance(inst);
	sup_state_commit();
	/* ... act. */
	if (ended)
		sup_incarnation_release(ended);
	tell_dependents(inst, from);
	sup_roll_changed(inst);
	perform(inst, actions);
	if (actions & SUP_ACT_ENDED)
		sup_group_ended(inst);
	else if (tree && from != SUP_INST_UP && inst->machine.state == SUP_INST_UP &&
		 !(actions & SUP_ACT_START))
		sup_group_started(inst);
	else if (!tree && event == SUP_EV_GONE &&
		 inst->machine.state == SUP_INST_BACKOFF &&
		 inst->machine.deadline_ms <= nv_mono_ms())
		/* Without a delay it does not wait for a timer either. */
		sup_instance_event(inst, SUP_EV_TIMER);
}

/* What the machine had decided, and what may not have been done. */
void
sup_instance_resume(struct sup_instance *inst)
{
	const struct sup_inst *m = &inst->machine;
	struct sup_incarnation *inc = inst->now;
	unsigned actions = inst->escalating ? SUP_ACT_ESCALATE : 0;

	arm(inst);
	if (inst->untold > 0)
		tell_dependents(inst, (enum sup_inst_state)(inst->untold - 1));
	if (inc && inc->frozen)
		sup_incarnation_freeze(inc, true);
	if (m->state == SUP_INST_STARTING && !inc)
		actions |= SUP_ACT_START;
	if (m->state == SUP_INST_STOPPING && inc) {
		if (m->main_alive && !inc->asked)
			actions |= SUP_ACT_ASK;
		if (!m->main_alive && !inc->asked_rest)
			actions |= SUP_ACT_ASK_REST;
	}
	perform(inst, actions);
	if (inst->now && inst->now->child.pid == 0)
		sup_instance_look_soon(inst);
}

struct sup_instance *
sup_instance_new(struct sup_worker *w, uint32_t number)
{
	struct sup_instance *inst = calloc(1, sizeof(*inst));
	uint64_t seed =
		w->sup->boot_id ^ (uint64_t)(uintptr_t)inst ^ (uint64_t)nv_mono_ns();

	if (!inst || sup_inst_init(&inst->machine, &w->policy, seed) < 0) {
		free(inst);
		return NULL;
	}
	inst->sup = w->sup;
	inst->worker = w;
	inst->number = number;
	ev_timer_init(&inst->timer, on_timer, 0., 0.);
	ev_timer_init(&inst->look, on_look, 0., 0.);
	inst->timer.data = inst;
	inst->look.data = inst;
	return inst;
}

static void
instance_free(struct sup_instance *inst)
{
	NV_ASSERT(!inst->now);
	sup_leaf_forget(inst);
	ev_timer_stop(inst->sup->loop, &inst->timer);
	ev_timer_stop(inst->sup->loop, &inst->look);
	sup_inst_fini(&inst->machine);
	free(inst);
}

/* ---- workers ---- */

int
sup_worker_grow(struct sup_worker *w, uint32_t n)
{
	n = NV_MIN(n, SUP_INSTANCES_MAX);
	if (n <= w->n_instances)
		return 0;
	struct sup_instance **grown =
		realloc(w->instances, n * sizeof(struct sup_instance *));

	if (!grown) {
		nv_error("%s: no memory for %u instances", w->name, n);
		return -ENOMEM;
	}
	w->instances = grown;
	while (w->n_instances < n) {
		struct sup_instance *inst = sup_instance_new(w, w->n_instances + 1);

		if (!inst || (w->group && sup_leaf_know(inst) < 0)) {
			if (inst)
				instance_free(inst);
			nv_error("%s: no memory for instance %u", w->name,
				w->n_instances + 1);
			return -ENOMEM;
		}
		w->instances[w->n_instances++] = inst;
	}
	sup_state_worker(w);
	return 0;
}

static void
apply_pause(struct sup_instance *inst, bool paused)
{
	enum sup_inst_state state = inst->machine.state;

	if (inst->now && inst->now->frozen != paused &&
		(state == SUP_INST_UP || state == SUP_INST_STARTING))
		sup_incarnation_pause(inst->now, paused);
	sup_probelink_update(inst);
}

/* Whether this pass may start one more; if not, the next pass comes at once and applies
 * what is wanted again. */
static bool
may_start(struct sup *sup)
{
	if (sup->starts_left > 0)
		return true;
	if (!sup->more_starts) {
		sup->more_starts = true;
		ev_timer_stop(sup->loop, &sup->more_timer);
		ev_timer_set(&sup->more_timer, 0., 0.);
		ev_timer_start(sup->loop, &sup->more_timer);
	}
	return false;
}

/* Who asked first for its end: the journal says so. */
static void
name_asker(struct sup_instance *inst, const char *by)
{
	struct sup_inst *m = &inst->machine;

	if (!m->asked && !m->asked_by[0])
		(void)snprintf(m->asked_by, sizeof(m->asked_by), "%s", by);
}

/* Why no instance of it, or fewer, are wanted. */
static void
unwanted_by(const struct sup_worker *w, char *buf, size_t buf_bytes)
{
	if (w->sup->phase != SUP_RUNNING)
		(void)snprintf(buf, buf_bytes, "shutdown");
	else if (w->removed)
		(void)snprintf(buf, buf_bytes, "removed");
	else if (w->sup->brake.on)
		(void)nv_brake_by(w->sup->brake.uid, buf, buf_bytes);
	else if (w->held)
		(void)snprintf(buf, buf_bytes, "uid %u", w->held_uid);
	else
		(void)snprintf(buf, buf_bytes, "engine");
}

void
sup_worker_apply(struct sup_worker *w)
{
	sup_roll_run(w);
	uint32_t wanted = sup_roll_slots(w);
	bool paused = sup_worker_paused(w);
	char by[32];
	bool gate = sup_worker_may_start(w);

	(void)sup_worker_grow(w, wanted); /* said; the others go on */
	for (uint32_t i = 0; i < w->n_instances; i++) {
		struct sup_instance *inst = w->instances[i];

		if (!gate && inst->machine.gate)
			sup_instance_event(inst, SUP_EV_GATE_SHUT);
		else if (gate && !inst->machine.gate && may_start(w->sup))
			sup_instance_event(inst, SUP_EV_GATE_OPEN);
		apply_pause(inst, paused);
	}
	if (w->policy.tree) {
		sup_group_apply(w, wanted);
		return;
	}
	if (sup_gate_must_outlive(w))
		return;
	/* The youngest first, so that scaling down takes those with the least to lose. */
	unwanted_by(w, by, sizeof(by));
	for (uint32_t n = w->n_instances; n > 0; n--) {
		if ((n <= wanted && !w->instances[n - 1]->parked) ||
			!w->instances[n - 1]->machine.want)
			continue;
		name_asker(w->instances[n - 1], by);
		sup_instance_event(w->instances[n - 1], SUP_EV_UNWANT);
	}
	for (uint32_t n = 1; n <= NV_MIN(wanted, w->n_instances); n++) {
		if (!w->instances[n - 1]->parked && !w->instances[n - 1]->machine.want &&
			may_start(w->sup))
			sup_instance_event(w->instances[n - 1], SUP_EV_WANT);
	}
}

void
sup_workers_apply(struct sup *sup)
{
	sup_tick_soon(sup);
	for (struct sup_worker *w = sup->workers; w; w = w->next)
		sup_worker_apply(w);
}

void
sup_worker_reset(struct sup_worker *w)
{
	sup_state_commit();
	for (uint32_t i = 0; i < w->n_instances; i++) {
		if (w->policy.tree)
			sup_group_reset(w->instances[i]);
		else
			sup_instance_event(w->instances[i], SUP_EV_RESET);
	}
	w->resetting = false;
	sup_state_worker(w);
}

void
sup_worker_desire(struct sup_worker *w, const struct nv_sup_desire *desire)
{
	/* After our own death the engine says again what we may have obeyed already. */
	bool reset =
		desire->reset && !(w->sup->resyncing && w->reset_epoch == desire->epoch);

	sup_worker_choose_slots(w,
		w->desired ? NV_MIN(w->desire.instances, w->conf->instances_max) : 0,
		NV_MIN(desire->instances, w->conf->instances_max));
	sup_worker_idle(w, NULL, 0);
	w->desire = *desire;
	w->desired = true;
	/* Held until a person starts it, or the ledger knows that it is stopped. */
	if (w->held && (reset || desire->instances == 0))
		w->held = false;
	if (reset)
		w->reset_epoch = desire->epoch;
	w->resetting |= reset;
	sup_state_worker(w);
	if (w->resetting)
		sup_worker_reset(w);
	sup_gate_later(w);
}

void
sup_worker_hold(struct sup_worker *w, uint32_t uid)
{
	w->held = true;
	w->held_told = false;
	w->held_uid = uid;
	w->held_wall_ns = nv_wall_ns();
	sup_state_worker(w);
	sup_state_commit();
	nv_info("%s: stopped by uid %u", w->name, uid);
	sup_enginelink_held(w->sup, w);
	sup_gate_later(w);
}

unsigned
sup_worker_restart(struct sup_worker *w, uint32_t instance, const char *by)
{
	unsigned told = 0;

	for (uint32_t i = 0; i < w->n_instances; i++) {
		struct sup_instance *inst = w->instances[i];

		if ((instance && inst->number != instance) || !inst->machine.want)
			continue;
		name_asker(inst, by);
		if (inst->machine.over_limit)
			sup_instance_event(inst, SUP_EV_RESET);
		else
			sup_instance_event(inst, SUP_EV_RESTART);
		told++;
	}
	return told;
}

void
sup_workers_haste(struct sup *sup)
{
	sup_workers_apply(sup); /* nobody waits for another one's end any more */
	for (struct sup_worker *w = sup->workers; w; w = w->next) {
		for (uint32_t i = 0; i < w->n_instances; i++)
			sup_instance_event(w->instances[i], SUP_EV_HASTE);
	}
}

struct sup_worker *
sup_worker_find(struct sup *sup, const char *name)
{
	struct sup_worker *w = sup->workers;

	while (w && strcmp(w->name, name) != 0)
		w = w->next;
	return w;
}

struct sup_instance *
sup_instance_by_stream(struct sup *sup, uint64_t stream_id)
{
	const struct sup_stream *s = sup_stream_find(&sup->streams, stream_id);
	struct sup_worker *w = s ? sup_worker_find(sup, s->worker) : NULL;

	if (!w || s->instance > w->n_instances)
		return NULL;
	struct sup_instance *inst = w->instances[s->instance - 1];

	return inst->now && inst->now->stream == s ? inst : NULL;
}

/* ---- the end of a worker ---- */

static void
worker_free(struct sup_worker *w)
{
	sup_gate_fini(w);
	sup_roll_fini(w);
	for (uint32_t i = 0; i < w->n_instances; i++) {
		sup_state_gone(SUP_REC_INSTANCE, sup_state_instance_key(w->instances[i]));
		instance_free(w->instances[i]);
	}
	sup_state_gone(SUP_REC_WORKER, w->id);
	free(w->instances);
	free(w->idle);
	sup_conf_drop(w->conf_ref);
	free(w);
}

void
sup_workers_collect(struct sup *sup)
{
	for (struct sup_worker **at = &sup->workers; *at;) {
		struct sup_worker *w = *at;

		if (!w->removed || sup_worker_live(w) > 0 || !sup_group_let_go(w)) {
			at = &w->next;
			continue;
		}
		*at = w->next;
		worker_free(w);
	}
}

void
sup_workers_free(struct sup *sup)
{
	while (sup->workers) {
		struct sup_worker *w = sup->workers;

		sup->workers = w->next;
		worker_free(w);
	}
}
