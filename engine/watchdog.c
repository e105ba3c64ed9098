#include "watchdog.h"

#include "fleet.h"
#include "intake.h"
#include "nv_clock.h"
#include "nv_log.h"
#include "resource.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define CHECK_EVERY_S 0.25
/* Longer between two checks than this: the engine was stopped or starved, and nobody
 * else's silence can be judged. */
#define GAP_NS NV_NS_PER_SEC

struct eng_watchdog {
	struct eng *eng;
	ev_timer timer;
	int64_t checked_mono_ns;
};

static void
kill_instance(struct eng *eng, struct eng_instance *inst, int64_t silent_ms)
{
	struct nv_sup_kill m = {
		.stream_id = inst->stream_id, .hard = false, .cause = "watchdog"};
	uint8_t body[512];
	struct nv_wr w;

	nv_warn("%s#%u gave no sign of life for %lld ms: ended", inst->worker->name,
		inst->instance, (long long)silent_ms);
	(void)snprintf(inst->worker->last_error, sizeof(inst->worker->last_error),
		"watchdog: instance %u gave no sign of life for %lld ms", inst->instance,
		(long long)silent_ms);
	nv_wr_init(&w, body, sizeof(body));
	(void)nv_sup_kill_encode(&w, &m);
	if (nv_chan_send_wr(&eng->sup, NV_MSG_SUP_KILL, &w) == 0)
		inst->killed_mono_ns = nv_mono_ns();
}

static void
check(struct eng *eng, struct eng_stream *s, int64_t mono_ns, int64_t excused_ns)
{
	struct eng_instance *inst = s->inst;
	const struct nv_conf_worker *conf = s->worker->conf;

	inst->seen_mono_ns += excused_ns;
	if (inst->gone || inst->killed_mono_ns || !conf ||
		conf->heartbeat_every_ms <= 0 || conf->heartbeat_timeout_ms <= 0)
		return;
	if (eng_worker_is_paused(s->worker) || s->stalled || eng_stream_waiting(s) > 0) {
		inst->seen_mono_ns = mono_ns;
		return;
	}
	int64_t silent_ms = (mono_ns - inst->seen_mono_ns) / NV_NS_PER_MS;

	if (silent_ms > conf->heartbeat_timeout_ms)
		kill_instance(eng, inst, silent_ms);
}

static void
on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct eng_watchdog *dog = w->data;
	int64_t mono_ns = nv_mono_ns();
	int64_t gap_ns = mono_ns - dog->checked_mono_ns;

	(void)loop;
	(void)revents;
	dog->checked_mono_ns = mono_ns;
	for (struct eng_stream *s = dog->eng->intake->streams; s; s = s->next)
		check(dog->eng, s, mono_ns, gap_ns > GAP_NS ? gap_ns : 0);
}

int
eng_watchdog_open(struct eng *eng)
{
	struct eng_watchdog *dog = calloc(1, sizeof(*dog));

	if (!dog)
		return -ENOMEM;
	dog->eng = eng;
	dog->checked_mono_ns = nv_mono_ns();
	ev_timer_init(&dog->timer, on_timer, CHECK_EVERY_S, CHECK_EVERY_S);
	dog->timer.data = dog;
	/* What has come is read before anyone is judged by what has not. */
	ev_set_priority(&dog->timer, EV_MINPRI);
	ev_timer_start(eng->loop, &dog->timer);
	eng->watchdog = dog;
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
