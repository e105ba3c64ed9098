#include "ready.h"

#include "intake.h"
#include "resource.h"

#define READY_EVENTS_MAX 200000 /* the newest that are looked through */

void
eng_ready_send(struct eng *eng, struct eng_stream *s)
{
	uint8_t body[8];
	struct nv_wr w;

	s->said_ready = false;
	nv_wr_init(&w, body, sizeof(body));
	nv_wr_u64(&w, s->rec.stream_id);
	(void)nv_chan_send_wr(&eng->sup, NV_MSG_SUP_INSTANCE_READY, &w);
}

struct ready_again {
	struct eng *eng;
	unsigned left;
	int64_t from_ns; /* older ones are decided: ready, or ended for it */
};

/* An incarnation that may still be waited for. */
static bool
may_be_awaited(const struct eng_stream *s)
{
	const struct nv_conf_worker *conf =
		s->worker->system ? s->worker->system : s->worker->conf;

	return !s->inst->gone && conf && conf->ready == NV_READY_EVENT;
}

static int
note_ready(void *arg, const struct led_event *ev)
{
	struct ready_again *r = arg;

	if (ev->kind == LED_READY) {
		struct eng_stream *s = eng_intake_find(r->eng, ev->stream);

		if (s)
			s->is_ready = true;
	}
	return ev->received_ns < r->from_ns || --r->left == 0;
}

/* What an earlier engine was told by those that live. */
static void
recall_ready(struct eng *eng)
{
	struct ready_again r = {eng, READY_EVENTS_MAX, INT64_MAX};
	struct led_view *view;
	struct nv_err err = {0};

	for (struct eng_stream *s = eng->intake->streams; s; s = s->next) {
		if (may_be_awaited(s) && !s->is_ready)
			r.from_ns = NV_MIN(r.from_ns, s->rec.opened_ns);
	}
	if (r.from_ns == INT64_MAX)
		return;
	if (led_view_begin(eng->led, &view, &err) != 0)
		eng_ledger_trouble(eng, err.text);
	int rc = led_view_events(view, 0, true, note_ready, &r);

	led_view_end(view);
	if (rc < 0)
		eng_ledger_trouble(eng, "the newest events cannot be read");
}

void
eng_ready_again(struct eng *eng)
{
	recall_ready(eng);
	for (struct eng_stream *s = eng->intake->streams; s; s = s->next) {
		if (s->is_ready && may_be_awaited(s))
			eng_ready_send(eng, s);
	}
}
