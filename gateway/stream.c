/* Answers that go on: see http.h. What is written waits in the connection's buffer and
 * leaves it when the loop comes round, so a writer is never called back by its write. */
#include "conn.h"

#include <errno.h>
#include <string.h>

static uint32_t
streams_of(const struct gw_server *s, const char *token)
{
	uint32_t n = 0;

	for (const struct gw_conn *c = s->conns; c; c = c->next)
		n += c->state == GW_CONN_STREAM && strcmp(c->call.who.token, token) == 0;
	return n;
}

int
gw_stream_begin(struct gw_call *call, int status, const char *type)
{
	struct gw_conn *c = gw_conn_of(call);
	struct gw_server *s = c->server;

	NV_ASSERT(c->state == GW_CONN_HANDLE);
	if (s->n_streams >= s->limits.streams ||
		streams_of(s, call->who.token) >= GW_STREAM_PER_TOKEN) {
		gw_answer_header(call, "Retry-After", "5");
		gw_answer_error(call, 429, "too many streams are open");
		return -EBUSY;
	}
	if (c->request.method == GW_HEAD) {
		gw_answer(call, status, type, NULL, 0);
		return -ENODATA;
	}
	c->last = c->last || !c->request.keep || s->stopping;
	gw_conn_put_head(c, status, type, -1);
	gw_conn_answered(c, status);
	c->state = GW_CONN_STREAM;
	c->stream_full = false;
	s->n_streams++;
	gw_conn_deadline(c, GW_STREAM_IDLE_MS);
	gw_conn_poke(c);
	return 0;
}

size_t
gw_stream_waiting(const struct gw_call *call)
{
	const struct gw_conn *c = gw_conn_of((struct gw_call *)(uintptr_t)call);

	return c->out.bytes - c->out_at;
}

/* Bytes that are out give their room back once they are more than those that wait: each
 * byte is moved once at most. */
static void
compact(struct gw_conn *c)
{
	if (c->out_at < c->out.bytes - c->out_at)
		return;
	nv_buf_consume(&c->out, c->out_at);
	c->out_at = 0;
}

int
gw_stream_write(struct gw_call *call, const void *data, size_t bytes)
{
	struct gw_conn *c = gw_conn_of(call);
	size_t waiting = gw_stream_waiting(call);

	NV_ASSERT(c->state == GW_CONN_STREAM);
	if (bytes > GW_STREAM_WRITE_MAX)
		return -EMSGSIZE;
	if (waiting && waiting + bytes > GW_STREAM_BYTES_MAX) {
		c->stream_full = true;
		return -EAGAIN;
	}
	if (bytes == 0) /* an empty chunk would be the last one */
		return 0;
	compact(c);
	if (!c->request.http10)
		nv_buf_printf(&c->out, "%zx\r\n", bytes);
	nv_buf_add(&c->out, data, bytes);
	if (!c->request.http10)
		nv_buf_puts(&c->out, "\r\n");
	if (waiting == 0)
		gw_conn_deadline(c, GW_STREAM_IDLE_MS);
	gw_conn_poke(c);
	return 0;
}

static void
leave(struct gw_conn *c)
{
	NV_ASSERT(c->state == GW_CONN_STREAM);
	c->server->n_streams--;
	c->state = GW_CONN_FLUSH;
	gw_conn_deadline(c, c->server->limits.write_ms);
	gw_conn_poke(c);
}

void
gw_stream_end(struct gw_call *call)
{
	struct gw_conn *c = gw_conn_of(call);

	if (!c->request.http10)
		nv_buf_puts(&c->out, "0\r\n\r\n");
	leave(c);
}

/* Without the last chunk a client knows; of HTTP/1.0 it learns nothing either way. */
void
gw_stream_abort(struct gw_call *call)
{
	struct gw_conn *c = gw_conn_of(call);

	c->last = true;
	leave(c);
}

/* Write, and let the deadline run anew for each byte that was taken. */
static int
push(struct gw_conn *c)
{
	size_t before = c->out.bytes - c->out_at;
	int rc = c->out.error ? c->out.error : gw_conn_flush(c);

	if (rc < 0 && rc != -EAGAIN)
		return rc;
	if (rc == 0) {
		if (before)
			gw_conn_deadline(c, 0);
	} else if (c->out.bytes - c->out_at < before) {
		gw_conn_deadline(c, GW_STREAM_IDLE_MS);
	}
	return rc;
}

enum gw_step
gw_stream_step(struct gw_conn *c)
{
	int rc = push(c);

	if (rc < 0 && rc != -EAGAIN) {
		gw_conn_free(c);
		return GW_GONE;
	}
	/* A request that is sent ahead waits here, as far as there is room for it. */
	bool reads = c->in.bytes < GW_HEAD_BYTES_MAX;
	ssize_t n = reads ? gw_conn_fill(c) : -EAGAIN;

	if (n > 0)
		return GW_GO;
	if (n != -EAGAIN) {
		gw_conn_free(c);
		return GW_GONE;
	}
	if (rc == 0 && c->stream_full) {
		c->stream_full = false;
		c->handling = true;
		if (c->call.drained)
			c->call.drained(&c->call);
		c->handling = false;
		return GW_GO;
	}
	gw_conn_arm(c,
		(reads ? EV_READ : 0) | (rc == -EAGAIN || c->wants_write ? EV_WRITE : 0));
	return GW_WAIT;
}
