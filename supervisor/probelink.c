/* nova-probe as novasupd sees it: it is told which incarnations to ask what, and says
 * what became of it. There is one only while the configuration has something to ask. */
#include "journal.h"
#include "nv_clock.h"
#include "nv_log.h"
#include "sup.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- to nova-probe ---- */

/* What is to be asked of an incarnation as it is now; 0: nothing. */
static uint8_t
wanted(const struct sup_instance *inst)
{
	const struct nv_conf_worker *conf = inst->worker->conf;

	if (!inst->now || inst->now->child.pid == 0 || inst->now->frozen)
		return 0;
	if (inst->machine.state == SUP_INST_STARTING &&
		(conf->ready == NV_READY_PROBE ||
			(conf->ready == NV_READY_NOTIFY && inst->now->ready.ours >= 0)))
		return NV_PROBE_WHAT_READY;
	if (inst->machine.state == SUP_INST_UP && conf->health.kind != NV_PROBE_NONE)
		return NV_PROBE_WHAT_HEALTH;
	return 0;
}

static void
send_watch(struct sup_instance *inst, uint8_t what)
{
	struct sup *sup = inst->sup;
	struct sup_incarnation *inc = inst->now;
	struct nv_probe_watch m = {.stream_id = inc->stream->id,
		.instance = inst->number,
		.pid = inc->child.pid,
		.what = what};
	bool socket = what == NV_PROBE_WHAT_READY &&
		      inst->worker->conf->ready == NV_READY_NOTIFY;
	uint8_t body[512];
	struct nv_wr w;

	memcpy(m.worker, inst->worker->name, sizeof(m.worker));
	(void)snprintf(m.cgroup, sizeof(m.cgroup), "%s", inc->cgroup.path);
	nv_wr_init(&w, body, sizeof(body));
	int rc = nv_probe_watch_encode(&w, &m);

	if (rc == 0)
		rc = nv_chan_send(&sup->probe.chan,
			socket ? NV_MSG_PROBE_NOTIFY : NV_MSG_PROBE_WATCH, body, w.bytes,
			&inc->ready.ours, socket);
	sup_link_must_send(&sup->probe, rc, "PROBE_WATCH");
}

void
sup_probelink_update(struct sup_instance *inst)
{
	struct sup *sup = inst->sup;
	uint8_t what = wanted(inst);
	uint8_t body[8];
	struct nv_wr w;

	if (!inst->now || inst->now->probed == what || !nv_chan_is_open(&sup->probe.chan))
		return;
	inst->now->probed = what;
	if (what != 0) {
		send_watch(inst, what);
		return;
	}
	nv_wr_init(&w, body, sizeof(body));
	nv_wr_u64(&w, inst->now->stream->id);
	sup_link_must_send(&sup->probe,
		nv_chan_send_wr(&sup->probe.chan, NV_MSG_PROBE_DROP, &w), "PROBE_DROP");
}

static void
say_all(struct sup *sup)
{
	uint8_t body[4];
	struct nv_wr w;

	nv_wr_init(&w, body, sizeof(body));
	nv_wr_u32(&w, sup->config_gen);
	sup_link_must_send(&sup->probe,
		nv_chan_send(&sup->probe.chan, NV_MSG_PROBE_HELLO, body, w.bytes,
			&sup->conf->snapshot_fd, 1),
		"PROBE_HELLO");
	for (struct sup_worker *worker = sup->workers; worker; worker = worker->next) {
		for (uint32_t i = 0; i < worker->n_instances; i++) {
			if (!worker->instances[i]->now)
				continue;
			worker->instances[i]->now->probed = 0;
			sup_probelink_update(worker->instances[i]);
		}
	}
}

static bool
is_needed(const struct nv_config *config)
{
	for (size_t i = 0; i < config->n_workers; i++) {
		const struct nv_conf_worker *w = &config->workers[i];

		if (w->ready == NV_READY_PROBE || w->ready == NV_READY_NOTIFY ||
			w->health.kind != NV_PROBE_NONE)
			return true;
	}
	return false;
}

void
sup_probelink_config(struct sup *sup)
{
	if (!is_needed(sup->conf->config)) {
		sup_probelink_stop(sup);
		return;
	}
	if (nv_chan_is_open(&sup->probe.chan) && sup->probe.wanted)
		say_all(sup);
	else
		sup_link_want(&sup->probe);
}

void
sup_probelink_stop(struct sup *sup)
{
	if (!sup->probe.sup)
		return;
	sup->probe.cut_off = true; /* in the image before it is true */
	sup_link_expect_end(&sup->probe);
	nv_chan_close(&sup->probe.chan); /* it ends when nobody listens */
	sup->probe.cut_off = false;
}

/* ---- from nova-probe ---- */

static void
set_health(struct sup_instance *inst, enum sup_health health, const char *reason)
{
	struct sup_health_state *h = &inst->health;

	if (h->is != health)
		h->since_ms = nv_mono_ms();
	h->is = health;
	(void)snprintf(h->reason, sizeof(h->reason), "%s", reason);
}

static void
on_health(struct sup_instance *inst, const struct nv_sup_probe_state *m)
{
	bool report = inst->worker->conf->health_on_failure == NV_ON_FAILURE_REPORT;
	bool was = inst->health.is == SUP_HEALTH_UNHEALTHY;

	set_health(inst, m->good ? SUP_HEALTH_GOOD : SUP_HEALTH_UNHEALTHY, m->reason);
	if (m->good) {
		if (was)
			nv_info("%s#%u is healthy again", inst->worker->name,
				inst->number);
		return;
	}
	nv_warn("%s#%u is unhealthy%s: %s", inst->worker->name, inst->number,
		report ? "" : " and restarted", m->reason);
	if (report)
		return;
	(void)snprintf(inst->detail, sizeof(inst->detail), "%s", m->reason);
	(void)snprintf(inst->machine.forced_cause, sizeof(inst->machine.forced_cause),
		"unhealthy");
	sup_instance_event(inst, SUP_EV_KILL_SOFT);
}

static int
on_probe_state(struct nv_chan *chan, struct nv_msg *msg)
{
	struct nv_sup_probe_state m;

	if (nv_sup_probe_state_decode(&m, msg) < 0)
		return -EBADMSG;
	struct sup_instance *inst =
		sup_instance_by_stream(sup_link_sup(chan), m.stream_id);

	/* What was asked before is answered by an older message. */
	if (!inst || inst->now->probed != m.what)
		return 0;
	if (m.what == NV_PROBE_WHAT_HEALTH)
		on_health(inst, &m);
	else if (m.good)
		sup_instance_event(inst, SUP_EV_READY);
	else
		set_health(inst, SUP_HEALTH_NOT_READY, m.reason);
	return 0;
}

static nv_chan_handler_fn *const handlers[NV_MSG_TYPE_MAX] = {
	[NV_MSG_SUP_PROBE_UP] = sup_link_on_up,
	[NV_MSG_SUP_PROBE_STATE] = on_probe_state,
	[NV_MSG_SUP_PROBE_PONG] = sup_link_on_pong,
};

void
sup_probelink_init(struct sup *sup)
{
	sup_link_init(&sup->probe, sup, "nova-probe", 'P', NV_MSG_PROBE_PING, handlers,
		say_all, say_all, sup_advance);
}

void
sup_probelink_start(struct sup *sup)
{
	sup_probelink_config(sup);
}

/* ---- readiness by descriptor ---- */

static void
on_readable(struct ev_loop *loop, ev_io *w, int revents)
{
	struct sup_incarnation *inc = w->data;
	struct sup_instance *inst = inc->instance;

	(void)revents;
	/* What is read is gone: the next novasupd has to know that it has come. */
	inc->ready_seen = sup_ready_waits(&inc->ready);
	sup_state_instance(inst);
	sup_state_commit();
	enum sup_ready_word word = sup_ready_read(&inc->ready);

	inc->ready_seen = false;
	if (word == SUP_READY_NOTHING) {
		sup_state_instance(inst);
		sup_state_commit(); /* what has come was not the word */
		return;
	}
	ev_io_stop(loop, w);
	sup_ready_fini(&inc->ready, loop);
	if (word == SUP_READY_SAID) {
		sup_instance_event(inst, SUP_EV_READY);
		return;
	}
	/* Everyone who could say it has closed it; when it is about to end, that end is
	 * what counts. */
	if (inst->machine.state != SUP_INST_STARTING)
		return;
	(void)snprintf(inst->detail, sizeof(inst->detail),
		"it closed its readiness descriptor without a newline");
	(void)snprintf(inst->machine.forced_cause, sizeof(inst->machine.forced_cause),
		"not_ready");
	sup_instance_event(inst, SUP_EV_KILL_SOFT);
}

void
sup_probelink_listen(struct sup_incarnation *inc)
{
	sup_ready_started(&inc->ready);
	if (inc->ready.ours < 0 || inc->instance->worker->conf->ready != NV_READY_FD)
		return;
	ev_io_init(&inc->ready.io, on_readable, inc->ready.ours, EV_READ);
	inc->ready.io.data = inc;
	ev_io_start(inc->instance->sup->loop, &inc->ready.io);
}
