/* Answers of the HTTP layer to clients that take them slowly or not at all: a server and
 * its clients in one process, over loopback. */
#include "conn.h"
#include "run_suite.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LARGE ((size_t)8 << 20) /* more than the kernel takes for a client */

static struct gw_server server;
static struct gw_call *call; /* the stream that is open */
static int drained;
static int gone;
static char *large;

static void
on_drained(struct gw_call *c)
{
	ck_assert_ptr_eq(c, call);
	drained++;
}

static void
on_gone(struct gw_call *c)
{
	ck_assert_ptr_eq(c, call);
	gone++;
	call = NULL;
}

static void
on_large(struct gw_call *c)
{
	gw_answer(c, 200, "text/plain", large, LARGE);
}

static void
on_stream(struct gw_call *c)
{
	(void)snprintf(c->who.token, sizeof(c->who.token), "%s", c->params[0]);
	if (gw_stream_begin(c, 200, "text/plain") < 0)
		return;
	call = c;
	c->drained = on_drained;
	c->gone = on_gone;
}

/* A stream nobody looks after. */
static void
on_open(struct gw_call *c)
{
	(void)snprintf(c->who.token, sizeof(c->who.token), "%s", c->params[0]);
	(void)gw_stream_begin(c, 200, "text/plain");
}

static const struct gw_route routes[] = {
	{.method = GW_GET, .path = "/large", .handle = on_large},
	{.method = GW_GET, .path = "/stream/{token}", .handle = on_stream},
	{.method = GW_GET, .path = "/open/{token}", .handle = on_open},
};

static void
begin(void)
{
	struct nv_err err = {0};

	large = malloc(LARGE);
	ck_assert_ptr_nonnull(large);
	memset(large, 'x', LARGE);
	server = (struct gw_server){.loop = ev_loop_new(0),
		.routes = routes,
		.n_routes = NV_LEN(routes),
		.limits = {.header_ms = 600000,
			.body_ms = 600000,
			.idle_ms = 600000,
			.write_ms = 600000,
			.connections = 100,
			.per_address = 100,
			.buffered_bytes = 1 << 20,
			.unread_bytes = 3 * LARGE + (1 << 20),
			.streams = 20}};
	ck_assert_msg(
		gw_server_listen(&server, "127.0.0.1", 0, &err) == 0, "%s", err.text);
	drained = 0;
	gone = 0;
	call = NULL;
}

static void
end(void)
{
	gw_server_fini(&server);
	ck_assert_uint_eq(server.n_conns, 0);
	ck_assert_uint_eq(server.n_streams, 0);
	ck_assert_uint_eq(server.unread_bytes, 0);
	ev_loop_destroy(server.loop);
	free(large);
}

/* Let the server do all that it can do now. */
static void
turn(void)
{
	for (int i = 0; i < 50; i++)
		ev_run(server.loop, EVRUN_NOWAIT);
}

static uint64_t
answered(void)
{
	uint64_t n = 0;

	for (size_t i = 0; i < GW_STATUS_MAX; i++)
		n += server.answers[i];
	return n;
}

/* A new client; its request has been answered, though not all of it may have left. What
 * is sent over loopback may come a moment later. */
static int
client(const char *request)
{
	const uint64_t before = answered();
	struct sockaddr_in at = {0};
	socklen_t bytes = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(getsockname(server.fd, (struct sockaddr *)&at, &bytes), 0);
	ck_assert_int_eq(
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){4096}, sizeof(int)), 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&at, bytes), 0);
	ck_assert_int_eq(send(fd, request, strlen(request), 0), (ssize_t)strlen(request));
	ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	while (answered() == before)
		ev_run(server.loop, EVRUN_ONCE);
	turn();
	return fd;
}

static void
until_gone(int n)
{
	while (gone < n)
		ev_run(server.loop, EVRUN_ONCE);
	ck_assert_int_eq(gone, n);
}

#define TO_THE_END SIZE_MAX

/* What comes while the server goes on: min bytes (TO_THE_END: until it closes), however
 * long they take, and what else comes soon. The bytes; the first ones into buf. */
static ssize_t
take(int fd, size_t min, char *buf, size_t max, bool *ret_closed)
{
	struct pollfd readable = {.fd = fd, .events = POLLIN};
	size_t at = 0;
	int quiet = 0;

	memset(buf, 0, max);
	*ret_closed = false;
	while (at < min || quiet < 10) {
		char data[65536];
		ssize_t n = recv(fd, data, sizeof(data), 0);

		if (n == 0 || (n < 0 && errno != EAGAIN)) {
			*ret_closed = true;
			break;
		}
		if (n > 0) {
			size_t room = at + 1 < max ? max - 1 - at : 0;

			memcpy(buf + NV_MIN(at, max - 1), data, NV_MIN(room, (size_t)n));
			at += (size_t)n;
			quiet = 0;
		} else {
			quiet += poll(&readable, 1, 1) == 0;
		}
		ev_run(server.loop, EVRUN_NOWAIT);
	}
	return (ssize_t)at;
}

static void
expect(int fd, const char *start)
{
	char buf[4096];
	bool closed;

	(void)take(fd, strlen(start), buf, sizeof(buf), &closed);
	ck_assert_msg(strncmp(buf, start, strlen(start)) == 0, "%.200s", buf);
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: x\r\n\r\n"

START_TEST(large_answers_have_a_ceiling_together)
{
	int held[3];
	char buf[256];
	bool closed;

	begin();
	for (size_t i = 0; i < NV_LEN(held); i++)
		held[i] = client(GET("/large"));
	ck_assert_uint_ge(server.unread_bytes, 2 * LARGE);
	int more = client(GET("/large"));

	expect(more, "HTTP/1.1 503 ");
	int head = client("HEAD /large HTTP/1.1\r\nHost: x\r\n\r\n");

	expect(head, "HTTP/1.1 200 ");
	/* Whoever takes his makes room, and its memory is given back. */
	for (size_t i = 0; i < NV_LEN(held); i++)
		ck_assert_int_gt(take(held[i], LARGE + 1, buf, sizeof(buf), &closed),
			(ssize_t)LARGE);
	ck_assert_uint_le(server.unread_bytes, 5 << 16);
	ck_assert_int_eq(send(more, GET("/large"), strlen(GET("/large")), 0),
		(ssize_t)strlen(GET("/large")));
	ck_assert_int_gt(
		take(more, LARGE + 1, buf, sizeof(buf), &closed), (ssize_t)LARGE);
	ck_assert_int_eq(strncmp(buf, "HTTP/1.1 200 ", 13), 0);
	for (size_t i = 0; i < NV_LEN(held); i++)
		close(held[i]);
	close(more);
	close(head);
	end();
}
END_TEST

START_TEST(a_stream_says_when_it_is_full_and_empty)
{
	size_t written = 0;
	char buf[256];
	bool closed;
	int rc;

	begin();
	int fd = client(GET("/stream/a"));

	ck_assert_ptr_nonnull(call);
	ck_assert_int_eq(gw_stream_write(call, "", 0), 0);
	ck_assert_uint_eq(gw_stream_waiting(call), 0);
	while ((rc = gw_stream_write(call, large, 1 << 16)) == 0) {
		written += 1 << 16;
		turn();
		ck_assert_uint_lt(written, 64 << 20);
	}
	ck_assert_int_eq(rc, -EAGAIN);
	ck_assert_uint_le(gw_stream_waiting(call), GW_STREAM_BYTES_MAX + (1 << 10));
	turn();
	ck_assert_int_eq(drained, 0);
	ck_assert_int_gt(
		take(fd, written + 1, buf, sizeof(buf), &closed), (ssize_t)written);
	ck_assert(!closed);
	ck_assert_ptr_nonnull(strstr(buf, "Transfer-Encoding: chunked"));
	ck_assert_int_eq(drained, 1);
	/* A piece that is larger than what may wait goes into an empty stream only. */
	ck_assert_int_eq(
		gw_stream_write(call, large, GW_STREAM_WRITE_MAX + 1), -EMSGSIZE);
	ck_assert_int_eq(gw_stream_write(call, large, GW_STREAM_WRITE_MAX), 0);
	ck_assert_int_eq(gw_stream_write(call, large, 1), -EAGAIN);
	ck_assert_int_gt(take(fd, GW_STREAM_WRITE_MAX + 1, buf, sizeof(buf), &closed),
		(ssize_t)GW_STREAM_WRITE_MAX);
	ck_assert_int_eq(drained, 2);
	gw_stream_end(call);
	call = NULL;
	ck_assert_int_eq(take(fd, 5, buf, sizeof(buf), &closed), 5);
	ck_assert_str_eq(buf, "0\r\n\r\n");
	/* The connection is good for the next request. */
	ck_assert(!closed);
	ck_assert_int_eq(send(fd, GET("/none"), strlen(GET("/none")), 0),
		(ssize_t)strlen(GET("/none")));
	expect(fd, "HTTP/1.1 404 ");
	ck_assert_int_eq(gone, 0);
	close(fd);
	end();
}
END_TEST

START_TEST(a_stream_that_fails_is_not_taken_for_a_whole_one)
{
	char buf[4096];
	bool closed;

	begin();
	int fd = client(GET("/stream/a"));

	ck_assert_int_eq(gw_stream_write(call, "part", 4), 0);
	gw_stream_abort(call);
	(void)take(fd, TO_THE_END, buf, sizeof(buf), &closed);
	ck_assert(closed);
	ck_assert_ptr_nonnull(strstr(buf, "\r\n\r\n4\r\npart\r\n"));
	ck_assert_ptr_null(strstr(buf, "0\r\n\r\n"));
	close(fd);
	end();
}
END_TEST

START_TEST(an_old_client_gets_it_to_the_end)
{
	char buf[4096];
	bool closed;

	begin();
	int fd = client("GET /stream/a HTTP/1.0\r\n\r\n");

	ck_assert_int_eq(gw_stream_write(call, "one ", 4), 0);
	ck_assert_int_eq(gw_stream_write(call, "two", 3), 0);
	gw_stream_end(call);
	(void)take(fd, TO_THE_END, buf, sizeof(buf), &closed);
	ck_assert(closed);
	ck_assert_ptr_null(strstr(buf, "Transfer-Encoding"));
	ck_assert_str_eq(strstr(buf, "\r\n\r\n"), "\r\n\r\none two");
	close(fd);
	end();
}
END_TEST

START_TEST(a_client_that_leaves_is_told_of)
{
	begin();
	int fd = client(GET("/stream/a"));

	ck_assert_ptr_nonnull(call);
	close(fd);
	until_gone(1);
	ck_assert_uint_eq(server.n_streams, 0);
	/* Also one that only ends its side. */
	fd = client(GET("/stream/a"));
	ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
	until_gone(2);
	close(fd);
	/* And when the server ends. */
	fd = client(GET("/stream/a"));
	ck_assert_ptr_nonnull(call);
	gw_server_stop(&server);
	ck_assert_int_eq(gone, 3);
	close(fd);
	end();
}
END_TEST

static bool
is_of_a(const struct gw_call *c, void *arg)
{
	return strcmp(c->who.token, arg) == 0;
}

START_TEST(streams_are_counted_and_ended)
{
	int fds[24];
	size_t n = 0;

	begin();
	for (int i = 0; i < GW_STREAM_PER_TOKEN; i++) {
		fds[n++] = client(GET("/open/a"));
		expect(fds[n - 1], "HTTP/1.1 200 ");
	}
	fds[n++] = client(GET("/open/a"));
	expect(fds[n - 1], "HTTP/1.1 429 ");
	for (int i = GW_STREAM_PER_TOKEN; i < 20; i++) {
		fds[n++] = client(GET("/open/b"));
		expect(fds[n - 1], "HTTP/1.1 200 ");
	}
	fds[n++] = client(GET("/open/c"));
	expect(fds[n - 1], "HTTP/1.1 429 ");
	fds[n++] = client("HEAD /open/c HTTP/1.1\r\nHost: x\r\n\r\n");
	expect(fds[n - 1], "HTTP/1.1 429 ");
	ck_assert_uint_eq(server.n_streams, 20);
	gw_server_end_streams(&server, is_of_a, (char[]){"a"});
	ck_assert_uint_eq(server.n_streams, 20 - GW_STREAM_PER_TOKEN);
	fds[n++] = client("HEAD /open/a HTTP/1.1\r\nHost: x\r\n\r\n");
	expect(fds[n - 1], "HTTP/1.1 200 ");
	ck_assert_uint_eq(server.n_streams, 20 - GW_STREAM_PER_TOKEN);
	while (n)
		close(fds[--n]);
	end();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("gw_stream");
	TCase *c = tcase_create("streams");

	tcase_add_test(c, large_answers_have_a_ceiling_together);
	tcase_add_test(c, a_stream_says_when_it_is_full_and_empty);
	tcase_add_test(c, a_stream_that_fails_is_not_taken_for_a_whole_one);
	tcase_add_test(c, an_old_client_gets_it_to_the_end);
	tcase_add_test(c, a_client_that_leaves_is_told_of);
	tcase_add_test(c, streams_are_counted_and_ended);
	suite_add_tcase(suite, c);
	return run_suite(suite);
}
