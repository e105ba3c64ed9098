#include "watchdog.h"

#include "fleet.h"
#include "intake.h"
#include "nv_clock.h"
#include "nv_log.h"
#include "resource.h"
#include "watch_proc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One that was to end and has not is asked for again: novasupd may have lost it. */
#define AGAIN_NS    (120 * NV_NS_PER_SEC)
#define KICK_S      0.05 /* many streams come at once */
#define WAIT_S_MAX  3600.0
#define MS_NS       NV_NS_PER_MS
#define LOOK_LATE_S 0.001

struct eng_watchdog {
	struct eng *eng;
	ev_timer timer;
	bool kicked;
};

/* ---- rules ---- */

static bool
life_rule(const struct eng_worker *w, struct eng_watch_rule *ret)
{
	const struct nv_conf_worker *conf = w->system ? w->system : w->conf;

	if (!conf || conf->heartbeat_every_ms <= 0 || conf->heartbeat_timeout_ms <= 0)
		return false;
	*ret = (struct eng_watch_rule){
		conf->heartbeat_every_ms * MS_NS, conf->heartbeat_timeout_ms * MS_NS};
	return true;
}

static bool
progress_rule(const struct eng_worker *w, struct eng_watch_rule *ret)
{
	const struct nv_conf_worker *conf = w->conf;

	if (!conf || conf->heartbeat_progress_ms <= 0)
		return false;
	int64_t ms = conf->heartbeat_progress_ms;

	/* A task whose interval was made longer is given as much more. */
	if (conf->kind == NV_KIND_TASK)
		ms += NV_MAX(eng_worker_interval_ms(w) - conf->run_interval_ms, 0);
	*ret = (struct eng_watch_rule){ms / 2 * MS_NS, ms * MS_NS};
	return true;
}

/* ---- one instance ---- */

static void
kill_instance(struct eng *eng, struct eng_instance *inst, const char *cause,
	const char *what, const struct eng_watch *watch)
{
	struct nv_sup_kill m = {.stream_id = inst->stream_id, .hard = false};
	char text[ENG_WATCH_TEXT];
	uint8_t body[NV_SUP_KILL_BYTES];
	struct nv_wr w;

	(void)snprintf(m.cause, sizeof(m.cause), "%s", cause);
	(void)snprintf(
		m.detail, sizeof(m.detail), "%s", eng_watch_text(watch, what, text));
	nv_warn("%s#%u is ended: %s: %s", inst->worker->name, inst->instance, cause,
		m.detail);
	(void)snprintf(inst->worker->last_error, sizeof(inst->worker->last_error),
		"%s: instance %u: %s", cause, inst->instance, m.detail);
	nv_wr_init(&w, body, sizeof(body));
	(void)nv_sup_kill_encode(&w, &m); /* the error stays in w */
	if (nv_chan_send_wr(&eng->sup, NV_MSG_SUP_KILL, &w) == 0)
		inst->killed_mono_ns = nv_mono_ns();
}

/* Look at one promise of an instance; returns when to look again. */
static int64_t
look(struct eng_stream *s, struct eng_vigil *vigil, const struct eng_watch_rule *rule,
	int64_t sign_ns, int64_t now_ns, const char *cause, const char *what)
{
	struct eng_instance *inst = s->inst;
	struct eng_watch *watch = &vigil->watch;
	struct eng_watch_sample sample;

	if (vigil->sign_ns != sign_ns || vigil->rule.every_ns != rule->every_ns ||
		vigil->rule.timeout_ns != rule->timeout_ns) {
		vigil->sign_ns = sign_ns;
		vigil->rule = *rule;
		eng_watch_sign(watch, rule, sign_ns);
	}
	/* Paused, or its words are with us, unread: nothing is held against it. */
	if (eng_worker_is_paused(s->worker) || s->stalled || eng_stream_waiting(s) > 0) {
		eng_watch_sign(watch, rule, now_ns);
		return watch->due_ns;
	}
	if (watch->due_ns > now_ns)
		return watch->due_ns;
	eng_watch_sample(inst, &sample);
	switch (eng_watch_look(watch, rule, &sample)) {
	case ENG_WATCH_OK:
		break;
	case ENG_WATCH_LATE: {
		char text[ENG_WATCH_TEXT];

		nv_info("%s#%u: %s", inst->worker->name, inst->instance,
			eng_watch_text(watch, what, text));
		break;
	}
	case ENG_WATCH_KILL:
		kill_instance(s->eng, inst, cause, what, watch);
		return now_ns + NV_NS_PER_SEC; /* again when it could not be told */
	}
	return watch->due_ns;
}

static int64_t
look_at(struct eng_stream *s, int64_t now_ns)
{
	struct eng_instance *inst = s->inst;
	struct eng_watch_rule rule;
	int64_t due_ns = ENG_WATCH_NEVER_NS;

	if (inst->gone)
		return due_ns;
	if (inst->killed_mono_ns) {
		if (now_ns - inst->killed_mono_ns < AGAIN_NS)
			return inst->killed_mono_ns + AGAIN_NS;
		inst->killed_mono_ns = 0;
	}
	if (life_rule(s->worker, &rule))
		due_ns = look(s, &inst->life, &rule, inst->seen_mono_ns, now_ns,
			"watchdog", "no sign of life");
	if (inst->killed_mono_ns == 0 && progress_rule(s->worker, &rule))
		due_ns = NV_MIN(due_ns,
			look(s, &inst->progresses, &rule, inst->progress_mono_ns, now_ns,
				"livelock", "signs of life, but no progress"));
	return due_ns;
}

/* ---- when ---- */

static void
arm(struct eng_watchdog *dog, double seconds)
{
	ev_timer_stop(dog->eng->loop, &dog->timer);
	ev_now_update(dog->eng->loop);
	ev_timer_set(&dog->timer, seconds, 0.);
	ev_timer_start(dog->eng->loop, &dog->timer);
}

static void
on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct eng_watchdog *dog = w->data;
	int64_t now_ns = nv_mono_ns();
	int64_t due_ns = ENG_WATCH_NEVER_NS;

	(void)loop;
	(void)revents;
	dog->kicked = false;
	for (struct eng_stream *s = dog->eng->intake->streams; s; s = s->next)
		due_ns = NV_MIN(due_ns, look_at(s, now_ns));
	if (due_ns != ENG_WATCH_NEVER_NS)
		arm(dog, NV_MIN((double)NV_MAX(due_ns - nv_mono_ns(), 0) / 1e9 +
					 LOOK_LATE_S,
				 WAIT_S_MAX));
}

void
eng_watchdog_kick(struct eng *eng)
{
	struct eng_watchdog *dog = eng->watchdog;

	if (!dog || dog->kicked)
		return;
	dog->kicked = true;
	arm(dog, KICK_S);
}

int
eng_watchdog_open(struct eng *eng)
{
	struct eng_watchdog *dog = calloc(1, sizeof(*dog));

	if (!dog)
		return -ENOMEM;
	dog->eng = eng;
	ev_timer_init(&dog->timer, on_timer, 0., 0.);
	dog->timer.data = dog;
	/* What has come is read before anyone is judged by what has not. */
	ev_set_priority(&dog->timer, EV_MINPRI);
	eng->watchdog = dog;
	eng_watchdog_kick(eng);
	return 0;
}

void
eng_watchdog_close(struct eng *eng)
{
	struct eng_watchdog *dog = eng->watchdog;

	if (!dog)
		return;
	ev_timer_stop(eng->loop, &dog->timer);
	free(dog);
	eng->watchdog = NULL;
}
