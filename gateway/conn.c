/* One connection: see conn.h. */
#include "conn.h"

#include "nv_clock.h"
#include "nv_fd.h"
#include "query.h"

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

#define EXTRA_BYTES_MAX 8192

static enum gw_step step(struct gw_conn *c);

/* ---- watchers ---- */

void
gw_conn_arm(struct gw_conn *c, int events)
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

void
gw_conn_deadline(struct gw_conn *c, int64_t ms)
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
		if (step(c) != GW_GO)
			return;
	gw_conn_poke(c);
}

/* By a timer: an event that is fed in a callback comes at once, before any other
 * connection, and one client with requests at hand would have the loop for itself. */
void
gw_conn_poke(struct gw_conn *c)
{
	if (ev_is_active(&c->turn))
		return;
	ev_timer_set(&c->turn, 0, 0);
	ev_timer_start(c->server->loop, &c->turn);
}

static void
on_turn(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)loop;
	(void)revents;
	run(timer->data);
}

static void
on_io(struct ev_loop *loop, ev_io *io, int revents)
{
	struct gw_conn *c = io->data;

	(void)loop;
	(void)revents;
	if (!ev_is_active(&c->turn))
		run(c);
}

/* ---- bytes ---- */

ssize_t
gw_conn_fill(struct gw_conn *c)
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

static void
account_out(struct gw_conn *c)
{
	c->server->unread_bytes += c->out.cap_bytes - c->out_accounted;
	c->out_accounted = c->out.cap_bytes;
}

int
gw_conn_flush(struct gw_conn *c)
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
		if (n < 0) {
			account_out(c);
			return (int)n;
		}
		c->out_at += (size_t)n;
	}
	if (c->out.cap_bytes > KEPT_BYTES_MAX) {
		nv_buf_fini(&c->out);
		nv_buf_init(&c->out, OUT_BYTES_MAX);
	}
	nv_buf_clear(&c->out);
	c->out_at = 0;
	account_out(c);
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

struct gw_conn *
gw_conn_of(struct gw_call *call)
{
	return (struct gw_conn *)(void *)((char *)call - offsetof(struct gw_conn, call));
}

/* The page may load and ask only what comes from here, may be in no frame, and may send
 * no form anywhere (CSP level 3); no other site may read or embed what is answered. */
static const char security[] =
	"X-Content-Type-Options: nosniff\r\n"
	"Content-Security-Policy: default-src 'none'; script-src 'self'; style-src "
	"'self'; "
	"img-src 'self' data:; connect-src 'self'; font-src 'self'; base-uri 'none'; "
	"form-action 'none'; frame-ancestors 'none'\r\n"
	"Referrer-Policy: no-referrer\r\n"
	"Cross-Origin-Opener-Policy: same-origin\r\n"
	"Cross-Origin-Resource-Policy: same-origin\r\n"
	"Permissions-Policy: camera=(), geolocation=(), microphone=(), payment=(), "
	"usb=()\r\n";

void
gw_conn_put_head(struct gw_conn *c, int status, const char *type, ssize_t bytes)
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
	if (bytes < 0 && !c->request.http10)
		nv_buf_puts(&c->out, "Transfer-Encoding: chunked\r\n");
	else if (bytes >= 0 && status != 204 && status != 304)
		nv_buf_printf(&c->out, "Content-Length: %zd\r\n", bytes);
	nv_buf_printf(&c->out, "Cache-Control: %s\r\n%s",
		c->cache ? c->cache : "no-store", security);
	if (c->tls)
		nv_buf_puts(&c->out, "Strict-Transport-Security: max-age=31536000\r\n");
	/* A header that was lost could be the one that matters. */
	if (c->extra.error)
		c->out.error = c->extra.error;
	if (c->extra.bytes)
		nv_buf_add(&c->out, c->extra.data, c->extra.bytes);
	nv_buf_puts(&c->out, c->last ? "Connection: close\r\n\r\n" : "\r\n");
}

void
gw_conn_answered(struct gw_conn *c, int status)
{
	NV_ASSERT(status >= 100 && status < GW_STATUS_MAX);
	c->server->answers[status]++;
	if (c->route)
		c->server->by_kind[c->route->kind][status / 100]++;
	nv_buf_clear(&c->extra);
	c->cache = NULL;
	drop_body(c);
}

static void answer_error(struct gw_conn *c, int status, const char *text);

static void
answer(struct gw_conn *c, int status, const char *type, const void *body, size_t bytes)
{
	if (bytes > KEPT_BYTES_MAX && c->request.method != GW_HEAD &&
		c->server->unread_bytes + bytes > c->server->limits.unread_bytes) {
		nv_buf_clear(&c->extra); /* they were of the other answer */
		c->cache = NULL;
		nv_buf_puts(&c->extra, "Retry-After: 5\r\n");
		answer_error(c, 503, "too many answers wait for their clients");
		return;
	}
	c->last = c->last || !c->request.keep || c->server->stopping;
	gw_conn_put_head(c, status, type, (ssize_t)bytes);
	if (c->request.method != GW_HEAD)
		nv_buf_add(&c->out, body, bytes);
	gw_conn_answered(c, status);
	c->state = GW_CONN_FLUSH;
	gw_conn_deadline(c, c->server->limits.write_ms);
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
static enum gw_step
refuse(struct gw_conn *c, int status, const char *why)
{
	c->last = true;
	answer_error(c, status, *why ? why : gw_status_text(status));
	return GW_GO;
}

void
gw_answer_header(struct gw_call *call, const char *name, const char *value)
{
	nv_buf_printf(&gw_conn_of(call)->extra, "%s: %s\r\n", name, value);
}

void
gw_answer_cache(struct gw_call *call, const char *control)
{
	gw_conn_of(call)->cache = control;
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
	struct gw_conn *c = gw_conn_of(call);

	NV_ASSERT(c->state == GW_CONN_HANDLE);
	answer(c, status, type, body, bytes);
	answered(c);
}

void
gw_answer_error(struct gw_call *call, int status, const char *text)
{
	struct gw_conn *c = gw_conn_of(call);

	NV_ASSERT(c->state == GW_CONN_HANDLE);
	answer_error(c, status, text);
	answered(c);
}

/* ---- states ---- */

static enum gw_step
end(struct gw_conn *c)
{
	gw_conn_free(c);
	return GW_GONE;
}

static enum gw_step
step_handshake(struct gw_conn *c)
{
	bool write;
	int rc = gw_tls_handshake(c->tls, &write);

	if (rc == -EAGAIN) {
		gw_conn_arm(c, write ? EV_WRITE : EV_READ);
		return GW_WAIT;
	}
	if (rc < 0)
		return end(c);
	c->state = GW_CONN_HEAD;
	return GW_GO;
}

static enum gw_step
handle(struct gw_conn *c)
{
	gw_conn_deadline(c, 0);
	gw_conn_arm(c, 0);
	c->request.body = c->body.data ? c->body.data : "";
	c->request.body_bytes = c->body.bytes;
	c->state = GW_CONN_HANDLE;
	c->handling = true;
	c->route->handle(&c->call);
	c->handling = false;
	return c->state == GW_CONN_HANDLE ? GW_WAIT : GW_GO;
}

static enum gw_step
begin_body(struct gw_conn *c)
{
	c->chunk = (struct gw_chunk){0};
	c->body.bytes_max = c->route->body_bytes_max;
	if (!c->request.has_body || (!c->request.chunked && c->request.length == 0))
		return handle(c);
	c->state = GW_CONN_BODY;
	gw_conn_deadline(c, c->server->limits.body_ms);
	if (c->request.expects && c->in.bytes == 0)
		nv_buf_puts(&c->out, "HTTP/1.1 100 Continue\r\n\r\n");
	return GW_GO;
}

/* The call, with copies of the path's parameters. */
static void
make_call(struct gw_conn *c, const struct gw_match *m)
{
	size_t starts[GW_PARAMS_MAX] = {0};

	c->call = (struct gw_call){.request = &c->request,
		.route = m->route,
		.peer = c->peer,
		.address = &c->address.sin6_addr,
		.arg = c->server->arg};
	nv_buf_clear(&c->params);
	for (size_t i = 0; i < GW_PARAMS_MAX; i++) {
		starts[i] = c->params.bytes;
		if (m->params[i].bytes)
			nv_buf_add(&c->params, m->params[i].at, m->params[i].bytes);
		nv_buf_add(&c->params, "", 1);
	}
	for (size_t i = 0; i < GW_PARAMS_MAX; i++)
		c->call.params[i] = c->params.error ? "" : c->params.data + starts[i];
}

/* Of the connections at most three quarters may serve the face: the rest is for webhooks,
 * however many dashboards there are. */
static bool
has_room(struct gw_conn *c, const struct gw_route *route)
{
	struct gw_server *s = c->server;
	bool face = route->kind != GW_KIND_HOOK && route->kind != GW_KIND_PROBE;

	if (face == c->face)
		return true;
	if (face && s->n_face >= NV_MAX(s->limits.connections * 3 / 4, 1u) &&
		!gw_conn_make_room(s, true))
		return false;
	c->face = face;
	if (face)
		s->n_face++;
	else
		s->n_face--;
	return true;
}

/* Find the handler. 0, or the status of the refusal with a sentence, if there is more to
 * say than the status does. */
static int
find_handler(struct gw_conn *c, const char **ret_why)
{
	struct gw_match match;
	int status = gw_route_find(c->server, &c->request, &match);

	if (status == 405)
		nv_buf_printf(&c->extra, "Allow: %s\r\n", match.allow);
	if (status)
		return status;
	c->route = match.route;
	make_call(c, &match);
	if (c->params.error)
		return 503;
	/* No worker, decision or file has such a name. */
	for (size_t i = 0; i < GW_PARAMS_MAX; i++)
		if (!gw_is_text(c->call.params[i]))
			return 404;
	if (!has_room(c, match.route)) {
		nv_buf_puts(&c->extra, "Retry-After: 5\r\n");
		c->last = true;
		*ret_why = "too many connections of dashboards";
		return 503;
	}
	if (c->server->admit)
		status = c->server->admit(&c->call, ret_why);
	return status ? status : gw_route_check(match.route, &c->request);
}

static enum gw_step
take_head(struct gw_conn *c, size_t bytes)
{
	const char *why;

	nv_buf_clear(&c->head);
	nv_buf_add(&c->head, c->in.data, bytes);
	nv_buf_consume(&c->in, bytes);
	c->in_seen = 0;
	c->route = NULL;
	if (c->head.error)
		return end(c);
	int status = gw_head_parse(c->head.data, bytes, &c->request, &why);

	if (status)
		return refuse(c, status, why);
	why = "";
	status = find_handler(c, &why);
	/* A body that is not read would be taken for the next request. */
	if (status && (c->request.has_body || c->request.expects))
		return refuse(c, status, why);
	if (status) {
		answer_error(c, status, *why ? why : gw_status_text(status));
		return GW_GO;
	}
	return begin_body(c);
}

static enum gw_step
step_head(struct gw_conn *c)
{
	/* An empty line before a request is overlooked, as old clients send one. */
	if (c->idle && c->in.bytes >= 2 && memcmp(c->in.data, "\r\n", 2) == 0)
		nv_buf_consume(&c->in, 2);
	if (c->idle && c->in.bytes) {
		c->idle = false;
		gw_conn_deadline(c, c->server->limits.header_ms);
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
	ssize_t n = gw_conn_fill(c);

	if (n > 0)
		return GW_GO;
	if (n != -EAGAIN)
		return end(c);
	gw_conn_arm(c, c->wants_write ? EV_WRITE : EV_READ);
	return GW_WAIT;
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

static enum gw_step
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
	int rc = gw_conn_flush(c);

	if (rc < 0 && rc != -EAGAIN)
		return end(c);
	ssize_t n = c->read_ended ? 0 : gw_conn_fill(c);

	if (n > 0)
		return GW_GO;
	if (n != -EAGAIN)
		return end(c);
	gw_conn_arm(c, EV_READ | (rc == -EAGAIN || c->wants_write ? EV_WRITE : 0));
	return GW_WAIT;
}

static enum gw_step
begin_linger(struct gw_conn *c)
{
	if (c->read_ended)
		return end(c);
	if (c->tls)
		gw_tls_end(c->tls);
	if (shutdown(c->fd, SHUT_WR) < 0)
		return end(c);
	c->state = GW_CONN_LINGER;
	gw_conn_deadline(c, GW_LINGER_MS);
	return GW_GO;
}

static enum gw_step
step_flush(struct gw_conn *c)
{
	int rc = c->out.error ? c->out.error : gw_conn_flush(c);

	if (rc == -EAGAIN) {
		gw_conn_arm(c, EV_WRITE);
		return GW_WAIT;
	}
	if (rc < 0)
		return end(c);
	if (c->last)
		return begin_linger(c);
	c->state = GW_CONN_HEAD;
	c->idle = true;
	c->idle_since = ev_now(c->server->loop);
	gw_conn_deadline(c, c->server->limits.idle_ms);
	return GW_GO;
}

static enum gw_step
step_linger(struct gw_conn *c)
{
	char data[READ_BYTES];
	ssize_t n = recv(c->fd, data, sizeof(data), 0);

	if (n > 0) {
		c->lingered_bytes += (size_t)n;
		return c->lingered_bytes > GW_LINGER_BYTES_MAX ? end(c) : GW_GO;
	}
	if (n == 0 || (errno != EAGAIN && errno != EINTR))
		return end(c);
	gw_conn_arm(c, EV_READ);
	return GW_WAIT;
}

static enum gw_step
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
		return GW_WAIT;
	case GW_CONN_FLUSH:
		return step_flush(c);
	case GW_CONN_STREAM:
		return gw_stream_step(c);
	case GW_CONN_LINGER:
		return step_linger(c);
	}
	return GW_WAIT;
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
	c->idle_since = ev_now(s->loop);
	show_peer(c);
	nv_buf_init(&c->in, IN_BYTES_MAX);
	nv_buf_init(&c->head, GW_HEAD_BYTES_MAX);
	nv_buf_init(&c->body, 0);
	nv_buf_init(&c->params, GW_HEAD_BYTES_MAX);
	nv_buf_init(&c->query, GW_HEAD_BYTES_MAX);
	nv_buf_init(&c->extra, EXTRA_BYTES_MAX);
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
	ev_timer_init(&c->turn, on_turn, 0, 0);
	c->turn.data = c;
	/* The first request has to begin at once: no idling before it. */
	gw_conn_deadline(c, s->limits.header_ms);
	run(c);
	return 0;
}

void
gw_conn_free(struct gw_conn *c)
{
	struct gw_server *s = c->server;

	if ((c->state == GW_CONN_HANDLE || c->state == GW_CONN_STREAM) && c->call.gone)
		c->call.gone(&c->call);
	s->n_streams -= c->state == GW_CONN_STREAM;
	s->n_face -= c->face;
	ev_io_stop(s->loop, &c->io);
	ev_timer_stop(s->loop, &c->deadline);
	ev_timer_stop(s->loop, &c->turn);
	gw_tls_session_free(c->tls);
	nv_fd_close(&c->fd);
	s->buffered_bytes -= c->body_accounted;
	s->unread_bytes -= c->out_accounted;
	nv_buf_fini(&c->in);
	nv_buf_fini(&c->head);
	nv_buf_fini(&c->body);
	nv_buf_fini(&c->params);
	nv_buf_fini(&c->query);
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

bool
gw_conn_make_room(struct gw_server *s, bool face)
{
	struct gw_conn *oldest = NULL;

	for (struct gw_conn *c = s->conns; c; c = c->next)
		if (c->state == GW_CONN_HEAD && c->idle && (c->face || !face) &&
			(!oldest || c->idle_since < oldest->idle_since))
			oldest = c;
	if (oldest)
		gw_conn_free(oldest);
	return oldest != NULL;
}

void
gw_conn_stop(struct gw_conn *c)
{
	if ((c->state == GW_CONN_HEAD && c->idle) || c->state == GW_CONN_STREAM)
		gw_conn_free(c);
}
