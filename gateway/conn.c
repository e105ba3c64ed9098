/* One connection: see conn.h. */
#include "conn.h"

#include "nv_clock.h"
#include "nv_fd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define READ_BYTES     16384
#define IN_BYTES_MAX   (2 * READ_BYTES + GW_HEAD_BYTES_MAX)
#define KEPT_BYTES_MAX 65536 /* a larger buffer is not kept for the next request */
#define OUT_BYTES_MAX  (16u << 20)
#define STEPS_MAX      64 /* of one connection, before the others have their turn */

enum step { GONE = -1, WAIT, GO };

static enum step step(struct gw_conn *c);

/* ---- watchers ---- */

static void
arm(struct gw_conn *c, int events)
{
	struct ev_loop *loop = c->server->loop;

	if (ev_is_active(&c->io) && (c->io.events & (EV_READ | EV_WRITE)) == events)
		return;
	ev_io_stop(loop, &c->io);
	if (!events)
		return;
	ev_io_set(&c->io, c->fd, events);
	ev_io_start(loop, &c->io);
}

static void
set_deadline(struct gw_conn *c, int64_t ms)
{
	ev_timer_stop(c->server->loop, &c->deadline);
	if (ms <= 0)
		return;
	ev_timer_set(&c->deadline, (double)ms / 1000, 0);
	ev_timer_start(c->server->loop, &c->deadline);
}

/* Until nothing is to be done at once. */
static void
run(struct gw_conn *c)
{
	for (unsigned i = 0; i < STEPS_MAX; i++)
		if (step(c) != GO)
			return;
	ev_feed_event(c->server->loop, &c->io, EV_CUSTOM);
}

static void
on_io(struct ev_loop *loop, ev_io *io, int revents)
{
	(void)loop;
	(void)revents;
	run(io->data);
}

/* ---- bytes ---- */

/* More than 0: so many came; 0: the end; -EAGAIN: it is waited for; else no good. */
static ssize_t
fill(struct gw_conn *c)
{
	char data[READ_BYTES];
	ssize_t n;

	c->wants_write = false;
	if (c->tls)
		n = gw_tls_read(c->tls, data, sizeof(data), &c->wants_write);
	else {
		n = recv(c->fd, data, sizeof(data), 0);
		if (n < 0)
			n = errno == EINTR ? -EAGAIN : -errno;
	}
	if (n > 0)
		nv_buf_add(&c->in, data, (size_t)n);
	if (n == 0)
		c->read_ended = true;
	return c->in.error ? c->in.error : n;
}

/* Write what waits: 0 when all is out, -EAGAIN, or no good. */
static int
flush(struct gw_conn *c)
{
	while (c->out_at < c->out.bytes) {
		const char *data = c->out.data + c->out_at;
		size_t bytes = c->out.bytes - c->out_at;
		bool wants_write = true;
		ssize_t n;

		if (c->tls)
			n = gw_tls_write(c->tls, data, bytes, &wants_write);
		else {
			n = send(c->fd, data, bytes, MSG_NOSIGNAL);
			if (n < 0)
				n = errno == EINTR ? -EAGAIN : -errno;
		}
		if (n < 0)
			return (int)n;
		c->out_at += (size_t)n;
	}
	nv_buf_clear(&c->out);
	c->out_at = 0;
	return 0;
}

static void
account(struct gw_conn *c)
{
	c->server->buffered_bytes += c->body.cap_bytes - c->body_accounted;
	c->body_accounted = c->body.cap_bytes;
}

static void
drop_body(struct gw_conn *c)
{
	if (c->body.cap_bytes > KEPT_BYTES_MAX)
		nv_buf_fini(&c->body);
	nv_buf_clear(&c->body);
	account(c);
}

/* ---- answers ---- */

static struct gw_conn *
conn_of(struct gw_call *call)
{
	return (struct gw_conn *)(void *)((char *)call - offsetof(struct gw_conn, call));
}

static void
put_head(struct gw_conn *c, int status, const char *type, size_t bytes)
{
	char date[48];
	time_t now = (time_t)(nv_wall_ns() / NV_NS_PER_SEC);
	struct tm tm;

	gmtime_r(&now, &tm);
	(void)strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	nv_buf_printf(&c->out, "HTTP/1.1 %d %s\r\nDate: %s\r\n", status,
		gw_status_text(status), date);
	if (type)
		nv_buf_printf(&c->out, "Content-Type: %s\r\n", type);
	if (status != 204)
		nv_buf_printf(&c->out, "Content-Length: %zu\r\n", bytes);
	nv_buf_puts(&c->out, "Cache-Control: no-store\r\n"
			     "X-Content-Type-Options: nosniff\r\n");
	if (c->extra.bytes)
		nv_buf_add(&c->out, c->extra.data, c->extra.bytes);
	nv_buf_puts(&c->out, c->last ? "Connection: close\r\n\r\n" : "\r\n");
}

static void
answer(struct gw_conn *c, int status, const char *type, const void *body, size_t bytes)
{
	NV_ASSERT(status >= 100 && status < GW_STATUS_MAX);
	c->last = c->last || !c->request.keep || c->server->stopping;
	c->server->answers[status]++;
	put_head(c, status, type, bytes);
	if (c->request.method != GW_HEAD)
		nv_buf_add(&c->out, body, bytes);
	nv_buf_clear(&c->extra);
	drop_body(c);
	c->state = GW_CONN_FLUSH;
	set_deadline(c, c->server->limits.write_ms);
}

static void
answer_error(struct gw_conn *c, int status, const char *text)
{
	struct nv_buf body;

	nv_buf_init(&body, 2048);
	nv_buf_puts(&body, "{\"error\":");
	nv_buf_put_json(&body, text, strlen(text));
	nv_buf_puts(&body, "}\n");
	answer(c, status, "application/json", body.data, body.bytes);
	nv_buf_fini(&body);
}

/* The layer's own refusal: nobody knows where the next request would begin. */
static enum step
refuse(struct gw_conn *c, int status, const char *why)
{
	c->last = true;
	answer_error(c, status, *why ? why : gw_status_text(status));
	return GO;
}

void
gw_answer_header(struct gw_call *call, const char *name, const char *value)
{
	nv_buf_printf(&conn_of(call)->extra, "%s: %s\r\n", name, value);
}

/* After an answer of a handler: go on, unless the connection's own step does. */
static void
answered(struct gw_conn *c)
{
	if (!c->handling)
		run(c);
}

void
gw_answer(struct gw_call *call, int status, const char *type, const void *body,
	size_t bytes)
{
	struct gw_conn *c = conn_of(call);

	NV_ASSERT(c->state == GW_CONN_HANDLE);
	answer(c, status, type, body, bytes);
	answered(c);
}

void
gw_answer_error(struct gw_call *call, int status, const char *text)
{
	struct gw_conn *c = conn_of(call);

	NV_ASSERT(c->state == GW_CONN_HANDLE);
	answer_error(c, status, text);
	answered(c);
}

/* ---- states ---- */

static enum step
end(struct gw_conn *c)
{
	gw_conn_free(c);
	return GONE;
}

static enum step
step_handshake(struct gw_conn *c)
{
	bool write;
	int rc = gw_tls_handshake(c->tls, &write);

	if (rc == -EAGAIN) {
		arm(c, write ? EV_WRITE : EV_READ);
		return WAIT;
	}
	if (rc < 0)
		return end(c);
	c->state = GW_CONN_HEAD;
	return GO;
}

static enum step
handle(struct gw_conn *c)
{
	set_deadline(c, 0);
	arm(c, 0);
	c->request.body = c->body.data ? c->body.data : "";
	c->request.body_bytes = c->body.bytes;
	c->state = GW_CONN_HANDLE;
	c->handling = true;
	c->route->handle(&c->call);
	c->handling = false;
	return c->state == GW_CONN_HANDLE ? WAIT : GO;
}

static enum step
begin_body(struct gw_conn *c)
{
	c->chunk = (struct gw_chunk){0};
	c->body.bytes_max = c->route->body_bytes_max;
	if (!c->request.has_body || (!c->request.chunked && c->request.length == 0))
		return handle(c);
	c->state = GW_CONN_BODY;
	set_deadline(c, c->server->limits.body_ms);
	if (c->request.expects && c->in.bytes == 0)
		nv_buf_puts(&c->out, "HTTP/1.1 100 Continue\r\n\r\n");
	return GO;
}

static enum step
take_head(struct gw_conn *c, size_t bytes)
{
	struct gw_match match;
	const char *why;

	nv_buf_clear(&c->head);
	nv_buf_add(&c->head, c->in.data, bytes);
	nv_buf_consume(&c->in, bytes);
	c->in_seen = 0;
	if (c->head.error)
		return end(c);
	int status = gw_head_parse(c->head.data, bytes, &c->request, &why);

	if (status)
		return refuse(c, status, why);
	status = gw_route_find(c->server, &c->request, &match);
	if (status == 405)
		nv_buf_printf(&c->extra, "Allow: %s\r\n", match.allow);
	if (status == 0)
		status = gw_route_check(match.route, &c->request);
	/* A body that is not read would be taken for the next request. */
	if (status && (c->request.has_body || c->request.expects))
		return refuse(c, status, "");
	if (status) {
		answer_error(c, status, gw_status_text(status));
		return GO;
	}
	c->route = match.route;
	c->call = (struct gw_call){.request = &c->request,
		.rest = match.rest,
		.peer = c->peer,
		.arg = c->server->arg};
	return begin_body(c);
}

static enum step
step_head(struct gw_conn *c)
{
	/* An empty line before a request is overlooked, as old clients send one. */
	if (c->idle && c->in.bytes >= 2 && memcmp(c->in.data, "\r\n", 2) == 0)
		nv_buf_consume(&c->in, 2);
	if (c->idle && c->in.bytes) {
		c->idle = false;
		set_deadline(c, c->server->limits.header_ms);
	}
	int found = c->in.bytes > c->in_seen
			    ? gw_head_find(c->in.data, c->in.bytes, &c->in_seen)
			    : 0;

	if (found > 0)
		return take_head(c, (size_t)found);
	if (found < 0) {
		c->request = (struct gw_request){0};
		return refuse(c, -found, found == -400 ? "not a line of HTTP" : "");
	}
	if (c->read_ended || (c->idle && c->server->stopping))
		return end(c);
	ssize_t n = fill(c);

	if (n > 0)
		return GO;
	if (n != -EAGAIN)
		return end(c);
	arm(c, c->wants_write ? EV_WRITE : EV_READ);
	return WAIT;
}

/* Take what has come of the body. 1: it is whole; 0: not yet; else -status. */
static int
take_body(struct gw_conn *c)
{
	int n;

	if (c->request.chunked) {
		n = gw_chunk_feed(&c->chunk, c->in.data, c->in.bytes, &c->body);
		if (n < 0)
			return n;
	} else {
		n = (int)NV_MIN(c->in.bytes, (size_t)c->request.length - c->body.bytes);
		nv_buf_add(&c->body, c->in.data, (size_t)n);
		if (c->body.error)
			return -503;
	}
	nv_buf_consume(&c->in, (size_t)n);
	account(c);
	if (c->server->buffered_bytes > c->server->limits.buffered_bytes)
		return -503;
	return c->request.chunked ? c->chunk.state == GW_CHUNK_DONE
				  : c->body.bytes == (size_t)c->request.length;
}

static enum step
step_body(struct gw_conn *c)
{
	int whole = c->in.bytes ? take_body(c) : 0;

	if (whole == -503)
		nv_buf_puts(&c->extra, "Retry-After: 5\r\n");
	if (whole < 0)
		return refuse(c, -whole, "");
	if (whole) {
		/* What was to be said before the body came is pointless now, unless a
		 * part of it is out. */
		if (c->out_at == 0 && !c->tls)
			nv_buf_clear(&c->out);
		return handle(c);
	}
	int rc = flush(c);

	if (rc < 0 && rc != -EAGAIN)
		return end(c);
	ssize_t n = c->read_ended ? 0 : fill(c);

	if (n > 0)
		return GO;
	if (n != -EAGAIN)
		return end(c);
	arm(c, EV_READ | (rc == -EAGAIN || c->wants_write ? EV_WRITE : 0));
	return WAIT;
}

static enum step
begin_linger(struct gw_conn *c)
{
	if (c->read_ended)
		return end(c);
	if (c->tls)
		gw_tls_end(c->tls);
	if (shutdown(c->fd, SHUT_WR) < 0)
		return end(c);
	c->state = GW_CONN_LINGER;
	set_deadline(c, GW_LINGER_MS);
	return GO;
}

static enum step
step_flush(struct gw_conn *c)
{
	int rc = c->out.error ? c->out.error : flush(c);

	if (rc == -EAGAIN) {
		arm(c, EV_WRITE);
		return WAIT;
	}
	if (rc < 0)
		return end(c);
	if (c->last)
		return begin_linger(c);
	c->state = GW_CONN_HEAD;
	c->idle = true;
	set_deadline(c, c->server->limits.idle_ms);
	return GO;
}

static enum step
step_linger(struct gw_conn *c)
{
	char data[READ_BYTES];
	ssize_t n = recv(c->fd, data, sizeof(data), 0);

	if (n > 0) {
		c->lingered_bytes += (size_t)n;
		return c->lingered_bytes > GW_LINGER_BYTES_MAX ? end(c) : GO;
	}
	if (n == 0 || (errno != EAGAIN && errno != EINTR))
		return end(c);
	arm(c, EV_READ);
	return WAIT;
}

static enum step
step(struct gw_conn *c)
{
	switch (c->state) {
	case GW_CONN_HANDSHAKE:
		return step_handshake(c);
	case GW_CONN_HEAD:
		return step_head(c);
	case GW_CONN_BODY:
		return step_body(c);
	case GW_CONN_HANDLE:
		return WAIT;
	case GW_CONN_FLUSH:
		return step_flush(c);
	case GW_CONN_LINGER:
		return step_linger(c);
	}
	return WAIT;
}

static void
on_deadline(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct gw_conn *c = timer->data;

	(void)loop;
	(void)revents;
	if ((c->state == GW_CONN_HEAD && !c->idle) || c->state == GW_CONN_BODY) {
		if (c->state == GW_CONN_HEAD)
			c->request = (struct gw_request){0};
		(void)refuse(c, 408, "");
		run(c);
		return;
	}
	gw_conn_free(c);
}

/* ---- begin and end ---- */

static void
show_peer(struct gw_conn *c)
{
	const uint8_t *b = c->address.sin6_addr.s6_addr;

	if (IN6_IS_ADDR_V4MAPPED(&c->address.sin6_addr))
		(void)snprintf(c->peer, sizeof(c->peer), "%u.%u.%u.%u", b[12], b[13],
			b[14], b[15]);
	else if (!inet_ntop(AF_INET6, &c->address.sin6_addr, c->peer, sizeof(c->peer)))
		c->peer[0] = '\0';
}

int
gw_conn_new(struct gw_server *s, int fd, const struct sockaddr_in6 *address)
{
	struct gw_conn *c = calloc(1, sizeof(*c));

	if (!c || (s->tls && gw_tls_accept(s->tls, fd, &c->tls) < 0)) {
		free(c);
		nv_fd_close(&fd);
		return -ENOMEM;
	}
	c->server = s;
	c->fd = fd;
	c->address = *address;
	c->state = s->tls ? GW_CONN_HANDSHAKE : GW_CONN_HEAD;
	c->idle = true;
	show_peer(c);
	nv_buf_init(&c->in, IN_BYTES_MAX);
	nv_buf_init(&c->head, GW_HEAD_BYTES_MAX);
	nv_buf_init(&c->body, 0);
	nv_buf_init(&c->extra, 4096);
	nv_buf_init(&c->out, OUT_BYTES_MAX);
	c->next = s->conns;
	if (c->next)
		c->next->prev = c;
	s->conns = c;
	s->n_conns++;
	ev_io_init(&c->io, on_io, fd, 0);
	c->io.data = c;
	ev_timer_init(&c->deadline, on_deadline, 0, 0);
	c->deadline.data = c;
	/* The first request has to begin at once: no idling before it. */
	set_deadline(c, s->limits.header_ms);
	run(c);
	return 0;
}

void
gw_conn_free(struct gw_conn *c)
{
	struct gw_server *s = c->server;

	if (c->state == GW_CONN_HANDLE && c->call.gone)
		c->call.gone(&c->call);
	ev_io_stop(s->loop, &c->io);
	ev_timer_stop(s->loop, &c->deadline);
	gw_tls_session_free(c->tls);
	nv_fd_close(&c->fd);
	s->buffered_bytes -= c->body_accounted;
	nv_buf_fini(&c->in);
	nv_buf_fini(&c->head);
	nv_buf_fini(&c->body);
	nv_buf_fini(&c->extra);
	nv_buf_fini(&c->out);
	if (c->prev)
		c->prev->next = c->next;
	else
		s->conns = c->next;
	if (c->next)
		c->next->prev = c->prev;
	s->n_conns--;
	free(c);
}

void
gw_conn_stop(struct gw_conn *c)
{
	if (c->state == GW_CONN_HEAD && c->idle)
		gw_conn_free(c);
}
