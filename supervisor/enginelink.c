/* The engine as novasupd sees it: what it is told when it starts, what it may ask for,
 * and what its absence means for the agents. */
#include "fdstore.h"
#include "journal.h"
#include "notify.h"
#include "nv_clock.h"
#include "nv_log.h"
#include "nv_msg_flow.h"
#include "sup.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- to the engine ---- */

static int
send_number(struct sup *sup, enum nv_msg_type type, uint64_t value, size_t bytes, int fd)
{
	uint8_t body[8];

	for (size_t i = 0; i < bytes; i++)
		body[i] = (uint8_t)(value >> (8 * i));
	return nv_chan_send(&sup->engine.chan, type, body, bytes, &fd, fd >= 0);
}

void
sup_enginelink_stream(struct sup *sup, const struct sup_stream *s)
{
	struct nv_eng_stream m = {.stream_id = s->id,
		.instance = s->instance,
		.generation = s->generation,
		.pid = s->pid,
		.runner = s->runner};
	uint8_t body[1024];
	struct nv_wr w;
	int fds[3] = {s->event_r, s->memfd, s->control_w};

	if (!nv_chan_is_open(&sup->engine.chan))
		return; /* the next one gets them all */
	if (s->event_inode == 0) {
		sup_link_must_send(&sup->engine,
			send_number(sup, NV_MSG_ENG_JOURNAL, s->id, 8, s->memfd),
			"ENG_JOURNAL");
		return;
	}
	memcpy(m.worker, s->worker, sizeof(m.worker));
	memcpy(m.cgroup, s->cgroup, sizeof(s->cgroup));
	memcpy(m.variant, s->variant, sizeof(m.variant));
	nv_wr_init(&w, body, sizeof(body));
	int rc = nv_eng_stream_encode(&w, &m);

	if (rc == 0)
		rc = nv_chan_send(
			&sup->engine.chan, NV_MSG_ENG_STREAM, body, w.bytes, fds, 3);
	sup_link_must_send(&sup->engine, rc, "ENG_STREAM");
}

void
sup_enginelink_held(struct sup *sup, struct sup_worker *w)
{
	struct nv_eng_held m = {.uid = w->held_uid, .wall_ns = w->held_wall_ns};
	uint8_t body[256];
	struct nv_wr wr;

	if (!nv_chan_is_open(&sup->engine.chan))
		return;
	memcpy(m.worker, w->name, sizeof(m.worker));
	nv_wr_init(&wr, body, sizeof(body));
	(void)nv_eng_held_encode(&wr, &m); /* the error stays in wr */
	sup_link_must_send(&sup->engine,
		nv_chan_send_wr(&sup->engine.chan, NV_MSG_ENG_HELD, &wr), "ENG_HELD");
}

void
sup_enginelink_brake(struct sup *sup)
{
	uint8_t body[544];
	struct nv_wr w;

	if (!nv_chan_is_open(&sup->engine.chan))
		return;
	nv_wr_init(&w, body, sizeof(body));
	(void)nv_brake_encode(&w, &sup->brake); /* the error stays in w */
	sup_link_must_send(&sup->engine,
		nv_chan_send_wr(&sup->engine.chan, NV_MSG_ENG_BRAKE, &w), "ENG_BRAKE");
}

void
sup_enginelink_config(struct sup *sup)
{
	sup_link_must_send(&sup->engine,
		send_number(sup, NV_MSG_ENG_CONFIG, sup->config_gen, 4,
			sup->conf->snapshot_fd),
		"ENG_CONFIG");
}

void
sup_enginelink_stop(struct sup *sup, uint32_t drain_ms)
{
	sup_link_must_send(&sup->engine,
		send_number(sup, NV_MSG_ENG_STOP, drain_ms, 4, -1), "ENG_STOP");
}

static int
send_hello(struct sup *sup)
{
	struct nv_eng_hello m = {.boot_id = sup->boot_id, .config_gen = sup->config_gen};
	uint8_t body[512];
	struct nv_wr w;

	/* root.c has checked that they fit. */
	(void)snprintf(m.state_dir, sizeof(m.state_dir), "%s", sup->paths.state_dir);
	(void)snprintf(m.run_dir, sizeof(m.run_dir), "%s", sup->paths.run_dir);
	nv_wr_init(&w, body, sizeof(body));
	int rc = nv_eng_hello_encode(&w, &m);

	if (rc == 0)
		rc = nv_chan_send(&sup->engine.chan, NV_MSG_ENG_HELLO, body, w.bytes,
			&sup->conf->snapshot_fd, 1);
	return rc;
}

/* The state of everything, in an order in which it can be taken. */
static int
send_all(struct sup *sup)
{
	int rc = send_number(
		sup, NV_MSG_ENG_JOURNAL, sup->boot_id, 8, sup_journal_fd(sup->journal));

	for (const struct sup_stream *s = sup->streams.head; s; s = s->next)
		sup_enginelink_stream(sup, s);
	for (struct sup_worker *w = sup->workers; w; w = w->next) {
		if (w->held)
			sup_enginelink_held(sup, w);
	}
	sup_enginelink_brake(sup);
	return rc ? rc
		  : nv_chan_send(&sup->engine.chan, NV_MSG_ENG_SYNCED, NULL, 0, NULL, 0);
}

static void
on_start(struct sup *sup)
{
	sup->resyncing = false;
	sup_link_must_send(&sup->engine, send_hello(sup), "ENG_HELLO");
	sup_link_must_send(&sup->engine, send_all(sup), "ENG_SYNCED");
}

/* What the last novasupd had not yet said, and what it had not yet heard, is found by
 * saying everything again. */
static void
on_resume(struct sup *sup)
{
	sup->resyncing = true;
	sup_link_must_send(&sup->engine,
		nv_chan_send(&sup->engine.chan, NV_MSG_ENG_RESUMED, NULL, 0, NULL, 0),
		"ENG_RESUMED");
	sup_link_must_send(&sup->engine, send_all(sup), "ENG_SYNCED");
	sup_enginelink_config(sup);
}

/* ---- its absence ---- */

static void
pause_agents(struct sup *sup, const char *why)
{
	if (sup->engine_pause || sup->phase != SUP_RUNNING)
		return;
	nv_error("pausing every agent: %s", why);
	sup->engine_pause = true;
	sup_state_fleet(sup);
	sup_workers_apply(sup);
}

static void
on_away(struct ev_loop *loop, ev_timer *t, int revents)
{
	struct sup *sup = t->data;

	(void)loop;
	(void)revents;
	if (!sup->engine_ready)
		pause_agents(
			sup, "no engine has been able to write the ledger for too long");
}

static void
arm_away(struct sup *sup)
{
	int64_t left_ms = NV_MAX(sup->away_until_ms - nv_mono_ms(), 0);

	ev_timer_stop(sup->loop, &sup->away_timer);
	ev_timer_set(&sup->away_timer, (double)left_ms / 1000, 0.);
	ev_timer_start(sup->loop, &sup->away_timer);
}

static void
on_down(struct sup *sup)
{
	bool was_ready = sup->engine_ready;

	sup->engine_ready = false;
	sup->engine_spoke = false;
	if (!sup->engine_trouble)
		(void)snprintf(sup->engine_reason, sizeof(sup->engine_reason),
			"there is no engine (%s); another one is started",
			sup->engine.last_exit[0] ? sup->engine.last_exit
						 : "channel closed");
	if (was_ready || !ev_is_active(&sup->away_timer)) {
		sup->away_until_ms = nv_mono_ms() + sup->conf->config->engine_away_ms;
		arm_away(sup);
	}
	sup_state_fleet(sup);
	sup_workers_apply(sup);
	sup_advance(sup);
}

/* ---- from the engine ---- */

static int
on_state(struct nv_chan *chan, struct nv_msg *msg)
{
	struct sup *sup = sup_link_sup(chan);
	struct nv_sup_engine_state m;

	if (nv_sup_engine_state_decode(&m, msg) < 0)
		return -EBADMSG;
	if (m.state == NV_ENGINE_TROUBLE) {
		sup->engine_trouble = true;
		sup->engine_ready = false;
		(void)snprintf(
			sup->engine_reason, sizeof(sup->engine_reason), "%s", m.reason);
		nv_error("nova-engine cannot write the ledger: %s", m.reason);
		pause_agents(sup, m.reason);
		sup_workers_apply(sup);
		return 0;
	}
	if (m.state != NV_ENGINE_READY)
		return -EBADMSG;
	sup->engine_spoke = true;
	sup_state_fleet(sup);
	sup_link_up(&sup->engine);
	sup_advance(sup);
	return 0;
}

static int
on_desire(struct nv_chan *chan, struct nv_msg *msg)
{
	struct sup *sup = sup_link_sup(chan);
	struct nv_sup_desire m;

	if (nv_sup_desire_decode(&m, msg) < 0 || !nv_name_valid(m.worker))
		return -EBADMSG;
	struct sup_worker *w = sup_worker_find(sup, m.worker);

	if (w && w->conf->system)
		nv_debug("desire for %s, which is Nova's own", m.worker);
	else if (w && !w->removed)
		sup_worker_desire(w, &m);
	else
		nv_debug("desire for %s, which is not configured", m.worker);
	return 0;
}

static int
on_idle(struct nv_chan *chan, struct nv_msg *msg)
{
	static struct nv_sup_idle m; /* large, and one at a time */

	if (nv_sup_idle_decode(&m, msg) < 0 || !nv_name_valid(m.worker))
		return -EBADMSG;
	struct sup_worker *w = sup_worker_find(sup_link_sup(chan), m.worker);

	if (w && !w->removed)
		sup_worker_idle(w, m.numbers, m.n);
	return 0;
}

static int
on_desire_end(struct nv_chan *chan, struct nv_msg *msg)
{
	struct sup *sup = sup_link_sup(chan);

	(void)msg;
	if (!sup->engine_spoke)
		return -EBADMSG;
	sup->engine_ready = true;
	sup->engine_trouble = false;
	sup->engine_reason[0] = '\0';
	ev_timer_stop(sup->loop, &sup->away_timer);
	sup->away_until_ms = 0;
	if (sup->engine_pause)
		nv_info("the ledger is back: agents go on");
	sup->engine_pause = false;
	sup->resyncing = false;
	sup_state_fleet(sup);
	sup_workers_apply(sup);
	sup_advance(sup);
	return 0;
}

static int
on_stream_closed(struct nv_chan *chan, struct nv_msg *msg)
{
	struct sup *sup = sup_link_sup(chan);
	struct nv_sup_stream_closed m;

	if (nv_sup_stream_closed_decode(&m, msg) < 0)
		return -EBADMSG;
	struct sup_stream *s = sup_stream_find(&sup->streams, m.stream_id);

	if (!s)
		return 0; /* said twice, by an engine that died in between */
	const char *wrong = sup_stream_not_closed(s, m.bytes);

	if (wrong) {
		nv_error("stream %llu of %s#%u is kept: the ledger says closed at %llu, "
			 "but %s",
			(unsigned long long)s->id, s->worker, s->instance,
			(unsigned long long)m.bytes, wrong);
		return 0;
	}
	sup_state_gone(SUP_REC_STREAM, s->id);
	sup_fdstore_forget_stream(sup, s);
	sup_state_commit(); /* before its numbers mean other descriptors */
	sup_stream_drop(&sup->streams, s);
	sup_advance(sup);
	return 0;
}

static int
on_kill(struct nv_chan *chan, struct nv_msg *msg)
{
	struct sup *sup = sup_link_sup(chan);
	struct nv_sup_kill m;

	if (nv_sup_kill_decode(&m, msg) < 0)
		return -EBADMSG;
	struct sup_instance *inst = sup_instance_by_stream(sup, m.stream_id);

	if (!inst)
		return 0; /* it ended meanwhile */
	(void)snprintf(inst->machine.forced_cause, sizeof(inst->machine.forced_cause),
		"%s", nv_name_valid(m.cause) ? m.cause : "killed");
	(void)snprintf(inst->detail, sizeof(inst->detail), "%s", m.detail);
	nv_warn("%s#%u is ended by the engine: %s: %s", inst->worker->name, inst->number,
		inst->machine.forced_cause, inst->detail);
	sup_instance_event(inst, m.hard ? SUP_EV_KILL_HARD : SUP_EV_KILL_SOFT);
	return 0;
}

static int
on_instance_ready(struct nv_chan *chan, struct nv_msg *msg)
{
	uint64_t id;

	if (nv_body_u64_decode(&id, msg) < 0)
		return -EBADMSG;
	struct sup_instance *inst = sup_instance_by_stream(sup_link_sup(chan), id);

	/* Where something else is waited for, the event is not it. */
	if (inst && inst->worker->conf->ready == NV_READY_EVENT)
		sup_instance_event(inst, SUP_EV_READY);
	return 0;
}

static int
on_brake_pull(struct nv_chan *chan, struct nv_msg *msg)
{
	struct nv_sup_brake_pull m;
	char text[300];

	if (nv_sup_brake_pull_decode(&m, msg) < 0)
		return -EBADMSG;
	(void)sup_brake_pull(
		sup_link_sup(chan), m.uid, m.reason, false, text, sizeof(text));
	return 0;
}

static nv_chan_handler_fn *const handlers[NV_MSG_TYPE_MAX] = {
	[NV_MSG_SUP_ENGINE_STATE] = on_state,
	[NV_MSG_SUP_DESIRE] = on_desire,
	[NV_MSG_SUP_DESIRE_END] = on_desire_end,
	[NV_MSG_SUP_IDLE] = on_idle,
	[NV_MSG_SUP_STREAM_CLOSED] = on_stream_closed,
	[NV_MSG_SUP_KILL] = on_kill,
	[NV_MSG_SUP_BRAKE_PULL] = on_brake_pull,
	[NV_MSG_SUP_INSTANCE_READY] = on_instance_ready,
	[NV_MSG_SUP_ENGINE_PONG] = sup_link_on_pong,
};

void
sup_enginelink_init(struct sup *sup)
{
	ev_timer_init(&sup->away_timer, on_away, 0., 0.);
	sup->away_timer.data = sup;
	sup_link_init(&sup->engine, sup, "nova-engine", 'E', NV_MSG_ENG_PING, handlers,
		on_start, on_resume, on_down);
}

void
sup_enginelink_start(struct sup *sup)
{
	(void)snprintf(sup->engine_reason, sizeof(sup->engine_reason),
		"nova-engine has not opened the ledger yet");
	sup_link_want(&sup->engine);
}

void
sup_enginelink_resume(struct sup *sup)
{
	if (sup->away_until_ms > 0)
		arm_away(sup);
	sup_link_resume(&sup->engine);
}

void
sup_enginelink_news(struct sup *sup)
{
	if (sup_journal_grew(sup->journal) && nv_chan_is_open(&sup->engine.chan))
		sup_link_must_send(&sup->engine,
			send_number(sup, NV_MSG_ENG_JOURNAL_GREW,
				sup_journal_bytes(sup->journal), 8, -1),
			"ENG_JOURNAL_GREW");
}
