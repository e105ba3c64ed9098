/* What novasupd says about itself and the fleet. "stopped" and "running" are said only
 * when the processes are. */
#include "memwatch.h"
#include "nv_clock.h"
#include "nv_log.h"
#include "nv_msg_flow.h"
#include "nv_units.h"
#include "nv_version.h"
#include "sup.h"

#include <stdio.h>
#include <string.h>

struct answer {
	struct nv_chan *chan;
	uint32_t request_id;
	int64_t now_ms;
	struct nv_wr rows; /* CTL_ROWS that is being filled */
	uint8_t body[NV_MSG_BODY_MAX];
};

static void
begin_rows(struct answer *a)
{
	nv_wr_init(&a->rows, a->body, sizeof(a->body));
	nv_wr_u32(&a->rows, a->request_id);
}

static void
send_rows(struct answer *a)
{
	if (a->rows.bytes > 4)
		(void)nv_chan_send_wr(a->chan, NV_MSG_CTL_ROWS, &a->rows);
	begin_rows(a);
}

/* Many in one packet, as a fleet has thousands. */
static void
add_row(struct answer *a, enum nv_msg_type type, const struct nv_wr *row)
{
	if (row->error)
		return; /* it would not be understood either */
	if (nv_ctl_rows_add(&a->rows, type, row->data, row->bytes) == 0)
		return;
	send_rows(a);
	(void)nv_ctl_rows_add(&a->rows, type, row->data, row->bytes); /* fits now */
}

static uint64_t
since(const struct answer *a, int64_t then_ms)
{
	return (uint64_t)NV_MAX(a->now_ms - then_ms, 0);
}

static const char *
engine_word(const struct sup *sup)
{
	if (sup->engine_ready)
		return "ready";
	if (sup->engine_trouble)
		return "trouble";
	return sup->engine.child.pid != 0 ? "starting" : "down";
}

static void
send_nova(struct answer *a, struct sup *sup)
{
	struct nv_ctl_nova m = {.request_id = a->request_id,
		.pid = sup->shared->keeper_pid,
		.uptime_ms = since(a, sup->started_ms),
		.ready = sup->engine_ready && sup->phase == SUP_RUNNING,
		.stopping = sup->phase != SUP_RUNNING,
		.config_gen = sup->config_gen};
	uint8_t body[2048];
	struct nv_wr w;

	(void)snprintf(m.version, sizeof(m.version), "%s", nv_version());
	(void)snprintf(m.engine_state, sizeof(m.engine_state), "%s", engine_word(sup));
	memcpy(m.engine_reason, sup->engine_reason, sizeof(m.engine_reason));
	(void)snprintf(m.isolation, sizeof(m.isolation), "%s",
		sup->cgroups.usable ? "cgroup v2" : "process groups and subreaper");
	(void)snprintf(m.state_dir, sizeof(m.state_dir), "%s", sup->paths.state_dir);
	(void)snprintf(m.log_dir, sizeof(m.log_dir), "%s", sup->paths.log_dir);
	(void)snprintf(m.config, sizeof(m.config), "%s", sup->paths.config);
	(void)nv_brake_text(&sup->brake, m.brake, sizeof(m.brake));
	nv_wr_init(&w, body, sizeof(body));
	(void)nv_ctl_nova_encode(&w, &m); /* the error stays in w */
	add_row(a, NV_MSG_CTL_NOVA, &w);
}

static void
send_proc(struct answer *a, struct nv_ctl_proc *m)
{
	uint8_t body[512];
	struct nv_wr w;

	m->request_id = a->request_id;
	nv_wr_init(&w, body, sizeof(body));
	(void)nv_ctl_proc_encode(&w, m);
	add_row(a, NV_MSG_CTL_PROC, &w);
}

static void
send_link(struct answer *a, const struct sup_link *link)
{
	struct nv_ctl_proc m = {.pid = link->child.pid,
		.uptime_ms = link->child.pid ? since(a, link->started_ms) : 0,
		.restarts = link->restarts};

	(void)snprintf(m.name, sizeof(m.name), "%s", link->program);
	(void)snprintf(m.state, sizeof(m.state), "%s", sup_link_state_name(link));
	memcpy(m.last_exit, link->last_exit, sizeof(m.last_exit));
	send_proc(a, &m);
}

/* A system worker is a process of ours, too. */
static void
send_system(struct answer *a, const struct sup_worker *w)
{
	const struct sup_instance *inst = w->n_instances ? w->instances[0] : NULL;
	struct nv_ctl_proc m = {.pid = 0};
	char reason[300];

	memcpy(m.name, w->name, NV_MIN(sizeof(m.name), sizeof(w->name)));
	(void)snprintf(m.state, sizeof(m.state), "%s",
		sup_status_worker_state(w, reason, sizeof(reason)));
	if (inst && inst->now) {
		m.pid = inst->now->child.pid;
		m.uptime_ms = since(a, inst->machine.started_ms);
	}
	if (inst) {
		m.restarts = inst->machine.restarts;
		memcpy(m.last_exit, inst->last_exit,
			NV_MIN(sizeof(m.last_exit), sizeof(inst->last_exit)));
	}
	send_proc(a, &m);
}

static void
send_procs(struct answer *a, const struct sup *sup)
{
	struct nv_ctl_proc keeper = {.name = "keeper",
		.pid = sup->shared->keeper_pid,
		.state = "up",
		.uptime_ms = since(a, sup->started_ms)};
	struct nv_ctl_proc self = {.name = "novasupd",
		.pid = sup->pid,
		.state = "up",
		.restarts = sup->shared->restarts,
		.uptime_ms = since(a, sup->started_ms)};

	send_proc(a, &keeper);
	send_proc(a, &self);
	send_link(a, &sup->logger);
	send_link(a, &sup->engine);
	if (sup->probe.wanted || sup->probe.child.pid != 0)
		send_link(a, &sup->probe);
	for (const struct sup_worker *w = sup->workers; w; w = w->next) {
		if (w->conf->system)
			send_system(a, w);
	}
}

static void
send_incident(struct answer *a, const struct sup *sup)
{
	const struct sup_storm *s = &sup->storm;
	struct nv_ctl_incident m = {.request_id = a->request_id,
		.id = s->id,
		.workers = s->n_workers,
		.held = sup_incident_held(sup),
		.failed = s->failed,
		.since_ms = since(a, s->opened_ms),
		.next_ms = NV_MAX(s->deadline_ms - a->now_ms, 0)};
	uint8_t body[1024];
	struct nv_wr w;

	if (s->state == SUP_STORM_QUIET)
		return;
	(void)snprintf(m.state, sizeof(m.state), "%s", sup_storm_state_name(s->state));
	sup_incident_canary(sup, m.canary, sizeof(m.canary));
	sup_incident_text(sup, m.text, sizeof(m.text));
	nv_wr_init(&w, body, sizeof(body));
	(void)nv_ctl_incident_encode(&w, &m);
	add_row(a, NV_MSG_CTL_INCIDENT, &w);
}

static void
send_roll(struct answer *a, const struct sup_worker *w)
{
	const struct sup_roll *r = &w->roll;
	struct nv_ctl_roll m = {.request_id = a->request_id,
		.id = r->id,
		.done = NV_MIN(r->first > 0 ? r->first - 1 : 0, r->last),
		.total = r->last,
		.failures = r->failures};
	uint8_t body[1024];
	struct nv_wr wr;

	if (r->phase == SUP_ROLL_NONE)
		return;
	memcpy(m.worker, w->name, sizeof(m.worker));
	(void)snprintf(m.phase, sizeof(m.phase), "%s", sup_roll_phase_name(r->phase));
	sup_roll_text(r, m.text, sizeof(m.text));
	nv_wr_init(&wr, body, sizeof(body));
	(void)nv_ctl_roll_encode(&wr, &m);
	add_row(a, NV_MSG_CTL_ROLL, &wr);
}

/* The instance in the worst state among those that are wanted. */
static const struct sup_instance *
worst_instance(const struct sup_worker *w, unsigned wanted)
{
	static const enum sup_inst_state order[] = {SUP_INST_HALTED, SUP_INST_FAILED,
		SUP_INST_COOLDOWN, SUP_INST_BACKOFF, SUP_INST_STOPPING, SUP_INST_STOPPED,
		SUP_INST_STARTING, SUP_INST_FINISHED};

	for (size_t k = 0; k < NV_LEN(order); k++) {
		for (uint32_t i = 0; wanted > 0 && i < w->n_instances; i++) {
			if (sup_worker_in(w, i) &&
				w->instances[i]->machine.state == order[k])
				return w->instances[i];
		}
	}
	return NULL;
}

static const char *
pause_reason(const struct sup_worker *w)
{
	return w->sup->engine_pause ? w->sup->engine_reason : w->desire.reason;
}

static const char *
unwanted_state(const struct sup_worker *w, char *reason, size_t reason_bytes)
{
	char held[64];
	char brake[NV_BRAKE_REASON_BYTES + 64];
	const char *why = w->desire.reason;

	(void)snprintf(held, sizeof(held), "stopped by uid %u", w->held_uid);
	(void)nv_brake_text(&w->sup->brake, brake, sizeof(brake));
	if (w->removed)
		why = "no longer in the configuration";
	else if (w->sup->phase != SUP_RUNNING)
		why = "nova is stopping";
	else if (w->sup->brake.on)
		why = brake;
	else if (w->held)
		why = held;
	(void)snprintf(reason, reason_bytes, "%s", why);
	if (sup_gate_must_outlive(w))
		sup_gate_stop_text(w, reason, reason_bytes);
	return sup_worker_live(w) > 0 ? "stopping" : "stopped";
}

const char *
sup_status_worker_state(const struct sup_worker *w, char *reason, size_t reason_bytes)
{
	unsigned wanted = sup_worker_wanted(w);
	const struct sup_instance *worst = worst_instance(w, wanted);

	reason[0] = '\0';
	if (!w->desired && !w->conf->system && !w->removed && !w->held &&
		w->sup->phase == SUP_RUNNING) {
		(void)snprintf(reason, reason_bytes, "%s", w->sup->engine_reason);
		return "waiting";
	}
	if (wanted == 0)
		return unwanted_state(w, reason, reason_bytes);
	if (sup_worker_paused(w)) {
		(void)snprintf(reason, reason_bytes, "%s", pause_reason(w));
		return "paused";
	}
	/* Those that are replaced are not missed: others stand in. */
	if (sup_roll_active(&w->roll) &&
		sup_worker_up(w) + w->roll.policy.max_unavailable >= wanted) {
		char roll[200];

		sup_roll_text(&w->roll, roll, sizeof(roll));
		(void)snprintf(reason, reason_bytes, "rolling restart: %s", roll);
		return "running";
	}
	if (!worst) {
		sup_memory_note(w, reason, reason_bytes);
		if (w->roll.phase == SUP_ROLL_ABORTED && !reason[0])
			(void)snprintf(reason, reason_bytes,
				"the rolling restart was aborted: %s", w->roll.why);
		else if (w->not_enforced[0] && !reason[0])
			(void)snprintf(reason, reason_bytes, "not enforced here: %s",
				w->not_enforced);
		return "running";
	}
	if (worst->machine.state == SUP_INST_STOPPED &&
		sup_group_lets_down(worst, reason, reason_bytes))
		return "stopped";
	if (worst->machine.state == SUP_INST_STOPPED) {
		(void)snprintf(reason, reason_bytes, "%s", w->sup->engine_reason);
		if (w->sup->engine_ready)
			sup_gate_start_text(w, reason, reason_bytes);
		if (!reason[0])
			sup_instance_reason(worst, reason, reason_bytes);
		return "waiting";
	}
	char why[250];

	sup_instance_reason(worst, why, sizeof(why));
	(void)snprintf(reason, reason_bytes, "instance %u: %s", worst->number, why);
	return worst->machine.state == SUP_INST_FAILED
		       ? "stopped"
		       : sup_inst_state_name(worst->machine.state);
}

static void
send_worker(struct answer *a, const struct sup_worker *w)
{
	struct nv_ctl_worker m = {.request_id = a->request_id,
		.desired = sup_worker_wanted(w),
		.up = sup_worker_up(w),
		.paused = sup_worker_paused(w),
		.epoch = w->desire.epoch,
		.crashes_max = w->policy.crashes.max,
		.window_ms = (uint64_t)w->policy.crashes.within_ms,
		.retry_in_ms = -1};
	uint8_t body[2048];
	struct nv_wr wr;

	memcpy(m.worker, w->name, sizeof(m.worker));
	memcpy(m.group, w->conf->group, sizeof(m.group));
	(void)snprintf(m.state, sizeof(m.state), "%s",
		sup_status_worker_state(w, m.reason, sizeof(m.reason)));
	for (uint32_t i = 0; i < w->n_instances; i++) {
		const struct sup_inst *machine = &w->instances[i]->machine;
		uint32_t crashes = sup_inst_crashes(machine, &w->policy, a->now_ms);

		m.restarts += machine->restarts;
		m.crashes_in_window = NV_MAX(m.crashes_in_window, crashes);
		if ((machine->state == SUP_INST_BACKOFF ||
			    machine->state == SUP_INST_COOLDOWN) &&
			!sup_incident_holds(w->instances[i])) {
			int64_t wait = NV_MAX(machine->deadline_ms - a->now_ms, 0);

			if (m.retry_in_ms < 0 || wait < m.retry_in_ms)
				m.retry_in_ms = wait;
		}
	}
	nv_wr_init(&wr, body, sizeof(body));
	(void)nv_ctl_worker_encode(&wr, &m);
	add_row(a, NV_MSG_CTL_WORKER, &wr);
}

/* Nothing is sent for a log that has lost nothing and can be written. */
static void
send_log(struct answer *a, const struct sup_worker *w)
{
	struct nv_ctl_log m = {.request_id = a->request_id,
		.dropped_bytes = sup_loggerlink_dropped(w->sup, w)};
	uint8_t body[512];
	struct nv_wr wr;

	if (m.dropped_bytes == 0 && !w->log_error[0])
		return;
	memcpy(m.worker, w->name, sizeof(m.worker));
	memcpy(m.error, w->log_error, sizeof(m.error));
	nv_wr_init(&wr, body, sizeof(body));
	(void)nv_ctl_log_encode(&wr, &m); /* the error stays in wr */
	add_row(a, NV_MSG_CTL_LOG, &wr);
}

static void
put_health(const struct answer *a, const struct sup_instance *inst,
	struct nv_ctl_instance *m)
{
	static const char *const names[] = {[SUP_HEALTH_UNKNOWN] = "",
		[SUP_HEALTH_NOT_READY] = "not ready",
		[SUP_HEALTH_GOOD] = "healthy",
		[SUP_HEALTH_UNHEALTHY] = "unhealthy"};
	const struct sup_health_state *h = &inst->health;

	if (h->is == SUP_HEALTH_UNKNOWN)
		return;
	(void)snprintf(m->health, sizeof(m->health), "%s", names[h->is]);
	(void)snprintf(m->health_reason, sizeof(m->health_reason), "%s", h->reason);
	m->health_ms = since(a, h->since_ms);
}

static void
send_instance(struct answer *a, const struct sup_instance *inst)
{
	struct nv_ctl_instance m = {.request_id = a->request_id,
		.instance = inst->number,
		.generation = inst->generation,
		.restarts = inst->machine.restarts};
	uint8_t body[1536];
	struct nv_wr w;

	memcpy(m.worker, inst->worker->name, sizeof(m.worker));
	(void)snprintf(
		m.state, sizeof(m.state), "%s", sup_inst_state_name(inst->machine.state));
	memcpy(m.last_exit, inst->last_exit, sizeof(m.last_exit));
	if (inst->now) {
		m.pid = inst->now->child.pid;
		m.uptime_ms = since(a, inst->machine.started_ms);
		(void)snprintf(m.cgroup, sizeof(m.cgroup), "%s", inst->now->cgroup.path);
		put_health(a, inst, &m);
	}
	nv_wr_init(&w, body, sizeof(body));
	(void)nv_ctl_instance_encode(&w, &m);
	add_row(a, NV_MSG_CTL_INSTANCE, &w);
}

/* Those that a line about the worker is made of: who is up for longest, and who does
 * worst (it says more than that it is not up). */
static void
send_instances_brief(struct answer *a, const struct sup_worker *w, unsigned wanted)
{
	const struct sup_instance *worst = worst_instance(w, wanted);
	const struct sup_instance *oldest = NULL;

	for (uint32_t i = 0; i < w->n_instances; i++) {
		const struct sup_instance *inst = w->instances[i];

		if (inst->now && (!oldest || inst->machine.started_ms <
						     oldest->machine.started_ms))
			oldest = inst;
	}
	if (oldest)
		send_instance(a, oldest);
	if (worst && worst != oldest)
		send_instance(a, worst);
}

static void
send_instances(struct answer *a, const struct sup_worker *w, unsigned wanted)
{
	for (uint32_t i = 0; i < w->n_instances; i++) {
		const struct sup_instance *inst = w->instances[i];

		/* Slots that were scaled away are not shown. */
		if ((wanted > 0 && sup_worker_in(w, i)) || sup_inst_live(&inst->machine))
			send_instance(a, inst);
	}
}

void
sup_status_send(
	struct sup *sup, struct nv_chan *chan, const struct nv_sup_request *request)
{
	static struct answer a; /* of one request at a time, and too large for a stack */
	uint8_t body[4];
	struct nv_wr end;

	a.chan = chan;
	a.request_id = request->request_id;
	a.now_ms = nv_mono_ms();
	begin_rows(&a);
	send_nova(&a, sup);
	send_procs(&a, sup);
	send_incident(&a, sup);
	for (const struct sup_worker *w = sup->workers; w; w = w->next) {
		unsigned wanted = sup_worker_wanted(w);

		if (request->worker[0] && strcmp(request->worker, w->name) != 0)
			continue;
		send_worker(&a, w);
		send_log(&a, w);
		send_roll(&a, w);
		if (request->brief)
			send_instances_brief(&a, w, wanted);
		else
			send_instances(&a, w, wanted);
	}
	send_rows(&a);
	nv_wr_init(&end, body, sizeof(body));
	nv_wr_u32(&end, request->request_id);
	(void)nv_chan_send_wr(chan, NV_MSG_CTL_END, &end);
}
