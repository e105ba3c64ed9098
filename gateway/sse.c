/* Server-sent events (WHATWG HTML, section 9.2): see sse.h. */
#include "sse.h"

#include "gateway.h"
#include "nv_buf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD_BYTES_MAX ((size_t)512)
#define BEAT           ":\n\n"

struct gw_sse {
	struct gw_call *call; /* NULL: it has ended */
	struct ev_loop *loop;
	struct gw_sse_spec spec;
	ev_timer beat;
	bool open; /* an event is being said in parts */
};

static void
on_beat(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct gw_sse *sse = timer->data;

	(void)loop;
	(void)revents;
	/* A client that takes nothing needs no comment; nothing stands inside a line of
	 * data. */
	if (!sse->open && gw_stream_waiting(sse->call) == 0)
		(void)gw_stream_write(sse->call, BEAT, sizeof(BEAT) - 1);
}

static void
sse_free(struct gw_sse *sse)
{
	ev_timer_stop(sse->loop, &sse->beat);
	free(sse);
}

static void
on_gone(struct gw_call *call)
{
	struct gw_sse *sse = call->own;
	struct gw_sse_spec spec = sse->spec;

	sse_free(sse);
	spec.gone(spec.arg);
}

static void
on_drained(struct gw_call *call)
{
	struct gw_sse *sse = call->own;

	sse->spec.more(sse->spec.arg);
}

int
gw_sse_begin(struct gw_call *call, const struct gw_sse_spec *spec, struct gw_sse **ret)
{
	const struct gw *gw = call->arg;
	struct gw_sse *sse = calloc(1, sizeof(*sse));
	char hello[40];

	if (!sse) {
		gw_answer_error(call, 503, "no memory");
		return -ENOMEM;
	}
	/* A proxy before us must not keep the events for itself. */
	gw_answer_header(call, "X-Accel-Buffering", "no");
	int rc = gw_stream_begin(call, 200, "text/event-stream");

	if (rc < 0) {
		free(sse);
		return rc;
	}
	sse->call = call;
	sse->loop = gw->loop;
	sse->spec = *spec;
	call->own = sse;
	call->gone = on_gone;
	call->drained = on_drained;
	ev_timer_init(&sse->beat, on_beat, 0, GW_SSE_BEAT_S);
	sse->beat.data = sse;
	ev_timer_again(sse->loop, &sse->beat);
	int n = snprintf(hello, sizeof(hello), "retry: %d\n\n", GW_SSE_RETRY_MS);

	(void)gw_stream_write(call, hello, (size_t)n);
	*ret = sse;
	return 0;
}

static int
say(struct gw_sse *sse, const char *data, size_t bytes)
{
	int rc = gw_stream_write(sse->call, data, bytes);

	if (rc == 0)
		ev_timer_again(sse->loop, &sse->beat);
	return rc;
}

static void
put_head(struct nv_buf *buf, const char *event, const char *id)
{
	if (id)
		nv_buf_printf(buf, "id: %s\n", id);
	if (event)
		nv_buf_printf(buf, "event: %s\n", event);
}

/* A line break of any kind ends a line of data; the client gets \n for each. */
static void
put_data(struct nv_buf *buf, const char *data, size_t bytes)
{
	size_t at = 0;

	for (;;) {
		size_t n = 0;

		while (at + n < bytes && data[at + n] != '\n' && data[at + n] != '\r')
			n++;
		nv_buf_puts(buf, "data: ");
		nv_buf_add(buf, data + at, n);
		nv_buf_puts(buf, "\n");
		at += n;
		if (at == bytes)
			return;
		at += data[at] == '\r' && at + 1 < bytes && data[at + 1] == '\n' ? 2 : 1;
	}
}

int
gw_sse_send(struct gw_sse *sse, const char *event, const char *id, const char *data,
	size_t bytes)
{
	struct nv_buf buf;

	NV_ASSERT(!sse->open);
	/* Each byte may be a line of its own: seven more. */
	nv_buf_init(&buf, HEAD_BYTES_MAX + 8 * bytes + 16);
	put_head(&buf, event, id);
	put_data(&buf, data, bytes);
	nv_buf_puts(&buf, "\n");
	int rc = buf.error ? buf.error : say(sse, buf.data, buf.bytes);

	nv_buf_fini(&buf);
	return rc;
}

int
gw_sse_place(struct gw_sse *sse, const char *id)
{
	char text[40];
	int n = snprintf(text, sizeof(text), "id: %s\n\n", id);

	NV_ASSERT(!sse->open && n < (int)sizeof(text));
	return say(sse, text, (size_t)n);
}

int
gw_sse_open_event(struct gw_sse *sse, const char *event, const char *id)
{
	struct nv_buf buf;

	NV_ASSERT(!sse->open);
	nv_buf_init(&buf, HEAD_BYTES_MAX);
	put_head(&buf, event, id);
	nv_buf_puts(&buf, "data: ");
	int rc = buf.error ? buf.error : say(sse, buf.data, buf.bytes);

	nv_buf_fini(&buf);
	sse->open = rc == 0;
	return rc;
}

int
gw_sse_part(struct gw_sse *sse, const char *data, size_t bytes)
{
	NV_ASSERT(sse->open);
	return say(sse, data, bytes);
}

int
gw_sse_close_event(struct gw_sse *sse)
{
	int rc = say(sse, "\n\n", 2);

	NV_ASSERT(sse->open);
	sse->open = rc != 0;
	return rc;
}

void
gw_sse_end(struct gw_sse *sse)
{
	struct gw_call *call = sse->call;

	sse_free(sse);
	gw_stream_end(call);
}

int
gw_sse_last_id(const struct gw_call *call, const char *query, uint64_t *ret)
{
	const char *text = gw_header(call->request, "last-event-id");
	uint64_t v = 0;

	if (!text || !*text)
		text = query;
	if (!text || !*text)
		return 0;
	for (const char *at = text; *at; at++) {
		if (*at < '0' || *at > '9' ||
			__builtin_mul_overflow(v, (uint64_t)10, &v) ||
			__builtin_add_overflow(v, (uint64_t)(*at - '0'), &v))
			return -EINVAL;
	}
	if (v >= INT64_MAX) /* the one after it has to be a number, too */
		return -EINVAL;
	*ret = v;
	return 1;
}
