/* The HTTP layer's listening socket: see http.h. */
#include "http.h"

#include "conn.h"
#include "nv_fd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ACCEPT_PAUSE_S 0.2
#define ACCEPTS_MAX    64 /* a pass of the loop */
#define BACKLOG        512

/* ---- limits ---- */

/* Of one client: an IPv4 address, or the network a provider gives to one household. */
static bool
same_client(const struct in6_addr *a, const struct in6_addr *b)
{
	return memcmp(a, b, IN6_IS_ADDR_V4MAPPED(a) ? 16 : 8) == 0;
}

static bool
has_room(struct gw_server *s, const struct sockaddr_in6 *address)
{
	uint32_t n = 0;

	/* Who says nothing has to give way to who has something to say. */
	if (s->n_conns >= s->limits.connections && !gw_conn_make_room(s, false))
		return false;
	for (const struct gw_conn *c = s->conns; c; c = c->next)
		n += same_client(&address->sin6_addr, &c->address.sin6_addr);
	return n < s->limits.per_address;
}

static void
turn_away(struct gw_server *s, int fd)
{
	static const char text[] = "HTTP/1.1 503 Service Unavailable\r\n"
				   "Content-Length: 0\r\n"
				   "Retry-After: 5\r\n"
				   "Connection: close\r\n\r\n";

	s->turned_away++;
	if (!s->tls)
		(void)send(fd, text, sizeof(text) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	nv_fd_close(&fd);
}

/* ---- accepting ---- */

static void
widen(const struct sockaddr_storage *from, struct sockaddr_in6 *to)
{
	*to = (struct sockaddr_in6){.sin6_family = AF_INET6};
	if (from->ss_family == AF_INET6) {
		memcpy(to, from, sizeof(*to));
		return;
	}
	struct sockaddr_in in;

	memcpy(&in, from, sizeof(in));
	to->sin6_addr.s6_addr[10] = 0xff;
	to->sin6_addr.s6_addr[11] = 0xff;
	memcpy(&to->sin6_addr.s6_addr[12], &in.sin_addr, 4);
	to->sin6_port = in.sin_port;
}

static void
on_again(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct gw_server *s = timer->data;

	(void)revents;
	ev_timer_stop(loop, timer);
	ev_io_start(loop, &s->accept);
}

static void
on_accept(struct ev_loop *loop, ev_io *io, int revents)
{
	struct gw_server *s = io->data;

	(void)revents;
	for (unsigned i = 0; i < ACCEPTS_MAX; i++) {
		struct sockaddr_storage from = {0};
		struct sockaddr_in6 address;
		socklen_t bytes = sizeof(from);
		int fd = accept4(s->fd, (struct sockaddr *)&from, &bytes,
			SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM ||
				      errno == ENOBUFS)) {
			ev_io_stop(loop, io);
			ev_timer_set(&s->again, ACCEPT_PAUSE_S, 0);
			ev_timer_start(loop, &s->again);
		}
		if (fd < 0 && errno != ECONNABORTED && errno != EINTR)
			return;
		if (fd < 0)
			continue;
		widen(&from, &address);
		s->accepted++;
		if (!has_room(s, &address)) {
			turn_away(s, fd);
			continue;
		}
		/* Answers are one write each: waiting for more would only delay them. */
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
		if (gw_conn_new(s, fd, &address) < 0)
			s->turned_away++;
	}
}

static int
parse_address(const char *host, uint16_t port, struct sockaddr_storage *ret,
	socklen_t *ret_bytes)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

	if (inet_pton(AF_INET, host, &in.sin_addr) == 1) {
		memcpy(ret, &in, sizeof(in));
		*ret_bytes = sizeof(in);
		return 0;
	}
	if (inet_pton(AF_INET6, host, &in6.sin6_addr) == 1) {
		memcpy(ret, &in6, sizeof(in6));
		*ret_bytes = sizeof(in6);
		return 0;
	}
	return -EINVAL;
}

int
gw_server_listen(struct gw_server *s, const char *host, uint16_t port, struct nv_err *err)
{
	struct sockaddr_storage address = {0};
	socklen_t bytes = 0;

	s->fd = -1;
	if (parse_address(host, port, &address, &bytes) < 0)
		return nv_err_set(err, -EINVAL,
			"\"%.60s\" is no address to listen at, expected one such as "
			"127.0.0.1 or ::1",
			host);
	NV_CLEANUP_FD fd =
		socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return nv_err_set(err, -errno, "no socket: %s", strerror(errno));
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
	if (bind(fd, (struct sockaddr *)&address, bytes) < 0 || listen(fd, BACKLOG) < 0)
		return nv_err_set(err, -errno, "cannot listen at %.60s port %u: %s", host,
			port, strerror(errno));
	s->fd = nv_fd_steal(&fd);
	ev_io_init(&s->accept, on_accept, s->fd, EV_READ);
	s->accept.data = s;
	ev_timer_init(&s->again, on_again, 0, 0);
	s->again.data = s;
	ev_io_start(s->loop, &s->accept);
	return 0;
}

const char *
gw_server_address(const struct gw_server *s, char *buf)
{
	struct sockaddr_storage at = {0};
	socklen_t bytes = sizeof(at);
	char text[INET6_ADDRSTRLEN] = "?";

	(void)getsockname(s->fd, (struct sockaddr *)&at, &bytes);
	if (at.ss_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, &at, sizeof(in));
		(void)inet_ntop(AF_INET, &in.sin_addr, text, sizeof(text));
		(void)snprintf(buf, GW_PEER_BYTES, "%s:%u", text, ntohs(in.sin_port));
	} else {
		struct sockaddr_in6 in;

		memcpy(&in, &at, sizeof(in));
		(void)inet_ntop(AF_INET6, &in.sin6_addr, text, sizeof(text));
		(void)snprintf(buf, GW_PEER_BYTES, "[%s]:%u", text, ntohs(in.sin6_port));
	}
	return buf;
}

void
gw_server_stop(struct gw_server *s)
{
	struct gw_conn *next;

	s->stopping = true;
	ev_io_stop(s->loop, &s->accept);
	ev_timer_stop(s->loop, &s->again);
	nv_fd_close(&s->fd);
	for (struct gw_conn *c = s->conns; c; c = next) {
		next = c->next;
		gw_conn_stop(c);
	}
}

void
gw_server_end_streams(struct gw_server *s,
	bool (*ends)(const struct gw_call *call, void *arg), void *arg)
{
	struct gw_conn *next;

	for (struct gw_conn *c = s->conns; c; c = next) {
		next = c->next;
		if (c->state == GW_CONN_STREAM && ends(&c->call, arg))
			gw_conn_free(c);
	}
}

bool
gw_server_is_quiet(const struct gw_server *s)
{
	for (const struct gw_conn *c = s->conns; c; c = c->next)
		if (c->state == GW_CONN_HANDLE || c->state == GW_CONN_FLUSH)
			return false;
	return true;
}

void
gw_server_fini(struct gw_server *s)
{
	gw_server_stop(s);
	while (s->conns)
		gw_conn_free(s->conns);
}
