/* Channels on a loop: order, a full socket, descriptors in the queue, corrupt peers, and
 * a handler that closes its own channel. */
#include "nv_chan.h"
#include "nv_fd.h"
#include "nv_msg_body.h"
#include "run_suite.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static struct ev_loop *loop;
static struct nv_chan sup; /* novasupd's end */
static struct nv_chan eng; /* the engine's end */
static uint64_t expected;
static unsigned got;
static unsigned closes;
static char why_closed[256];
static ino_t passed;

static int
on_stop(struct nv_chan *chan, struct nv_msg *msg)
{
	uint8_t gen[4] = {(uint8_t)expected, (uint8_t)(expected >> 8),
		(uint8_t)(expected >> 16), (uint8_t)(expected >> 24)};

	(void)chan;
	ck_assert_uint_eq(msg->bytes, 4);
	ck_assert_mem_eq(msg->body, gen, 4);
	expected++;
	got++;
	return 0;
}

static int
on_config(struct nv_chan *chan, struct nv_msg *msg)
{
	NV_CLEANUP_FD fd = nv_fd_steal(&msg->fds[0]);
	struct stat st;

	(void)chan;
	ck_assert_int_eq(fstat(fd, &st), 0);
	passed = st.st_ino;
	got++;
	return 0;
}

static int
on_bad(struct nv_chan *chan, struct nv_msg *msg)
{
	(void)chan;
	(void)msg;
	return -EBADMSG;
}

static int
on_close_me(struct nv_chan *chan, struct nv_msg *msg)
{
	(void)msg;
	got++;
	nv_chan_close(chan);
	return 0;
}

static void
on_closed(struct nv_chan *chan, const char *why)
{
	ck_assert(!nv_chan_is_open(chan));
	closes++;
	(void)snprintf(why_closed, sizeof(why_closed), "%s", why ? why : "plain");
}

static nv_chan_handler_fn *const handlers[NV_MSG_TYPE_MAX] = {
	[NV_MSG_ENG_STOP] = on_stop,
	[NV_MSG_ENG_CONFIG] = on_config,
	[NV_MSG_ENG_JOURNAL_GREW] = on_bad,
	[NV_MSG_ENG_SYNCED] = on_close_me,
};
static nv_chan_handler_fn *const none[NV_MSG_TYPE_MAX] = {0};

static void
setup(void)
{
	int ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	loop = ev_loop_new(EVFLAG_AUTO);
	ck_assert_ptr_nonnull(loop);
	nv_chan_open(&sup, loop, ends[0], 'S', 'E', none, on_closed, NULL);
	nv_chan_open(&eng, loop, ends[1], 'E', 'S', handlers, on_closed, NULL);
	expected = 0;
	got = 0;
	closes = 0;
}

static void
teardown(void)
{
	nv_chan_close(&sup);
	nv_chan_close(&eng);
	nv_chan_close(&eng); /* again is fine */
	ev_loop_destroy(loop);
}

static void
turn(void)
{
	ev_run(loop, EVRUN_NOWAIT);
}

static int
send_number(uint32_t v)
{
	uint8_t body[4];
	struct nv_wr w;

	nv_wr_init(&w, body, sizeof(body));
	nv_wr_u32(&w, v);
	return nv_chan_send_wr(&sup, NV_MSG_ENG_STOP, &w);
}

START_TEST(test_full_socket)
{
	/* Many more than the socket holds: all arrive, in order. */
	const uint32_t n = 20000;

	for (uint32_t i = 0; i < n; i++)
		ck_assert_int_eq(send_number(i), 0);
	ck_assert(!nv_chan_flushed(&sup));
	for (int i = 0; i < 100000 && got < n; i++)
		turn();
	ck_assert_uint_eq(got, n);
	ck_assert(nv_chan_flushed(&sup));
	ck_assert_uint_eq(sup.queued_bytes, 0);
	ck_assert_uint_eq(closes, 0);
	/* The writer's watcher rests when there is nothing to write. */
	ck_assert(!ev_is_active(&sup.out));
}
END_TEST

START_TEST(test_ceiling)
{
	int rc = 0;
	uint32_t sent = 0;

	sup.queued_bytes_max = 10000;
	while (rc == 0 && sent < 100000) {
		rc = send_number(sent);
		sent += rc == 0;
	}
	ck_assert_int_eq(rc, -ENOBUFS);
	/* Nothing that was taken is lost, and there is room again afterwards. */
	for (int i = 0; i < 100000 && got < sent; i++)
		turn();
	ck_assert_uint_eq(got, sent);
	ck_assert_int_eq(send_number(sent), 0);
	/* Messages without a body count as well. */
	for (rc = 0, sent = 0; rc == 0 && sent < 100000; sent++)
		rc = nv_chan_send(&sup, NV_MSG_ENG_SYNCED, NULL, 0, NULL, 0);
	ck_assert_int_eq(rc, -ENOBUFS);
}
END_TEST

START_TEST(test_queued_descriptors)
{
	uint32_t n = 0;
	int fds[2];
	struct stat st;
	uint8_t gen[4] = {0};

	while (nv_chan_flushed(&sup))
		ck_assert_int_eq(send_number(n++), 0);
	ck_assert_int_eq(nv_pipe(&fds[0], &fds[1], 0), 0);
	ck_assert_int_eq(fstat(fds[0], &st), 0);
	ck_assert_int_eq(nv_chan_send(&sup, NV_MSG_ENG_CONFIG, gen, 4, &fds[0], 1), 0);
	/* The caller may close its own at once. */
	nv_fd_close(&fds[0]);
	for (int i = 0; i < 100000 && got < n + 1; i++)
		turn();
	ck_assert_uint_eq(got, n + 1);
	ck_assert_uint_eq(passed, st.st_ino);
	/* The last reader is gone: nobody kept a copy. */
	ck_assert_int_eq(fcntl(fds[1], F_SETFL, O_NONBLOCK), 0);
	ck_assert_ptr_ne(signal(SIGPIPE, SIG_IGN), SIG_ERR);
	ck_assert_int_lt(write(fds[1], "x", 1), 0);
	ck_assert_int_eq(errno, EPIPE);
	nv_fd_close(&fds[1]);
}
END_TEST

START_TEST(test_refusals)
{
	uint8_t body[8] = {0};

	ck_assert_int_eq(
		nv_chan_send(&sup, NV_MSG_ENG_STOP, body, 5, NULL, 0), -EMSGSIZE);
	ck_assert_int_eq(
		nv_chan_send(&sup, NV_MSG_ENG_CONFIG, body, 4, NULL, 0), -EINVAL);
	struct nv_wr w;

	nv_wr_init(&w, body, 2);
	nv_wr_u32(&w, 1);
	ck_assert_int_eq(nv_chan_send_wr(&sup, NV_MSG_ENG_STOP, &w), -ENOBUFS);
	nv_chan_close(&sup);
	ck_assert_int_eq(send_number(0), -ENOTCONN);
	turn();
	ck_assert_uint_eq(closes, 1);
	ck_assert_str_eq(why_closed, "plain");
	ck_assert(!nv_chan_is_open(&eng));
}
END_TEST

static void
send_raw(const void *data, size_t bytes)
{
	ck_assert_int_eq(send(sup.fd, data, bytes, 0), (ssize_t)bytes);
}

START_TEST(test_corrupt_peer)
{
	static const struct {
		uint8_t data[16];
		size_t bytes;
		const char *why;
	} rows[] = {
		{{99, 0, 0, 0}, 4, "unknown number"},
		{{25, 0, 0, 0}, 4, "not allowed from this peer"},
		{{8, 0, 0, 0, 1}, 5, "wrong size"},
		{{4, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8}, 12, "a message with a bad body"},
		{{7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 16, "wrong size"},
	};

	send_raw(rows[_i].data, rows[_i].bytes);
	turn();
	ck_assert_uint_eq(closes, 1);
	ck_assert_msg(strstr(why_closed, rows[_i].why), "%s", why_closed);
	ck_assert(!nv_chan_is_open(&eng));
	turn();
	ck_assert_uint_eq(closes, 2); /* novasupd's end sees the end of file */
}
END_TEST

START_TEST(test_not_served)
{
	uint8_t body[2 + 4 + 8] = {0};
	uint8_t packet[4 + sizeof(body)] = {NV_MSG_ENG_HELD};

	/* In the catalogue, but this process has no handler for it. */
	send_raw(packet, sizeof(packet));
	turn();
	ck_assert_str_eq(why_closed, "a message that is not served here");
}
END_TEST

START_TEST(test_handler_closes)
{
	ck_assert_int_eq(nv_chan_send(&sup, NV_MSG_ENG_SYNCED, NULL, 0, NULL, 0), 0);
	ck_assert_int_eq(send_number(0), 0);
	turn();
	ck_assert_uint_eq(got, 1);
	ck_assert(!nv_chan_is_open(&eng));
	ck_assert_uint_eq(closes, 0); /* who closes itself is not told */
	turn();
	ck_assert_uint_eq(closes, 1);
}
END_TEST

/* A peer that ends has said more than one pass reads, and has not read what it was sent:
 * the kernel tells of that first, and the last words must come all the same. */
START_TEST(test_last_words)
{
	const uint32_t n = 150;
	uint8_t state[3] = {NV_ENGINE_READY, 0, 0};

	for (uint32_t i = 0; i < n; i++)
		ck_assert_int_eq(send_number(i), 0);
	ck_assert_int_eq(nv_chan_send(&eng, NV_MSG_SUP_ENGINE_STATE, state, sizeof(state),
				 NULL, 0),
		0);
	nv_chan_close(&sup);
	nv_chan_drain(&eng);
	ck_assert_uint_eq(got, n);
	ck_assert_uint_eq(closes, 1);
	ck_assert_str_eq(why_closed, "plain");
	ck_assert(!nv_chan_is_open(&eng));
	nv_chan_drain(&eng); /* closed: nothing to do */
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("nv_chan");
	TCase *tc = tcase_create("nv_chan");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_full_socket);
	tcase_add_test(tc, test_ceiling);
	tcase_add_test(tc, test_queued_descriptors);
	tcase_add_test(tc, test_refusals);
	tcase_add_loop_test(tc, test_corrupt_peer, 0, 5);
	tcase_add_test(tc, test_not_served);
	tcase_add_test(tc, test_handler_closes);
	tcase_add_test(tc, test_last_words);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
