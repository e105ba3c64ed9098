/* Readers of the ledger's events: nothing is missed or said twice, however the engine's
 * pages arrive. The engine here is a socket of the test's own, on the same loop. */
#include "ask.h"
#include "gateway.h"
#include "nv_buf.h"
#include "nv_fd.h"
#include "run_suite.h"
#include "tail.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_S 60.
#define PAGE       500 /* of the engine */

static struct gw gw;
static char dir[] = "/tmp/nova-tail.XXXXXX";
static char path[200];
static int listener = -1;
static int follower = -1;
static ev_io accepting;
static ev_io asking;
static struct gw_tail_reader *reader;
static uint64_t n_seen; /* events, each one behind the one before */

/* ---- the engine ---- */

/* A page as the engine writes it. */
static void
put_page(struct nv_buf *buf, uint64_t first, unsigned n)
{
	nv_buf_puts(buf, "{\"ok\":true,\"data\":{\"events\":[");
	for (unsigned i = 0; i < n; i++)
		nv_buf_printf(buf, "%s{\"seq\":%llu,\"worker\":\"w\"}", i ? "," : "",
			(unsigned long long)first + i);
	nv_buf_puts(buf, "]}}\n");
}

static void
on_asked(struct ev_loop *loop, ev_io *io, int revents)
{
	static const char hello[] =
		"{\"ok\":true,\"data\":{\"events\":[],\"last_seq\":0}}\n";
	char line[4096];
	ssize_t n = recv(follower, line, sizeof(line), 0);
	struct nv_buf buf;

	(void)revents;
	ck_assert_int_gt(n, 0);
	ev_io_stop(loop, io);
	nv_buf_init(&buf, (size_t)1 << 20);
	nv_buf_puts(&buf, hello);
	put_page(&buf, 1, PAGE);
	put_page(&buf, PAGE + 1, 3);
	/* All of it at once, as if the reader had been away for a moment. */
	ck_assert_int_eq(buf.error, 0);
	ck_assert_int_eq(send(follower, buf.data, buf.bytes, MSG_NOSIGNAL), buf.bytes);
	nv_buf_fini(&buf);
}

static void
on_accept(struct ev_loop *loop, ev_io *io, int revents)
{
	(void)revents;
	follower = accept(io->fd, NULL, NULL);
	ck_assert_int_ge(follower, 0);
	ev_io_init(&asking, on_asked, follower, EV_READ);
	ev_io_start(loop, &asking);
}

/* ---- the gateway ---- */

static void
setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/" GW_ASK_ENGINE, dir);
	gw.loop = ev_default_loop(EVFLAG_AUTO);
	gw.run_dir = dir;
	ck_assert_int_eq(gw_asker_open(&gw), 0);
	ck_assert_int_eq(gw_tail_open(&gw), 0);
	listener = nv_listen_unix(path, SOCK_STREAM, 0600, 64);
	ck_assert_int_ge(listener, 0);
	ev_io_init(&accepting, on_accept, listener, EV_READ);
	ev_io_start(gw.loop, &accepting);
}

static void
teardown(void)
{
	gw_tail_close(&gw);
	gw_asker_close(&gw);
	ev_io_stop(gw.loop, &asking);
	ev_io_stop(gw.loop, &accepting);
	nv_fd_close(&follower);
	nv_fd_close(&listener);
	(void)unlink(path);
	ck_assert_int_eq(rmdir(dir), 0);
}

static void
on_ready(void *arg)
{
	struct gw_tail_row row;

	(void)arg;
	while (gw_tail_next(reader, &row) > 0) {
		ck_assert_uint_eq(row.seq, ++n_seen);
		gw_tail_step(reader);
	}
}

static void
on_late(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)loop;
	(void)timer;
	(void)revents;
	ck_abort_msg("%llu events only", (unsigned long long)n_seen);
}

/* A full page makes the reader of the engine wait a moment: what has come behind it in
 * the same bytes is not left lying until the next commit. */
START_TEST(test_behind_a_full_page)
{
	ev_timer late;

	ck_assert_int_eq(gw_tail_begin(&gw, "", 0, on_ready, NULL, &reader), 0);
	ev_timer_init(&late, on_late, PATIENCE_S, 0);
	ev_timer_start(gw.loop, &late);
	while (n_seen < PAGE + 3)
		ev_run(gw.loop, EVRUN_ONCE);
	ev_timer_stop(gw.loop, &late);
	ck_assert_uint_eq(gw_tail_place(reader), PAGE + 3);
	gw_tail_end(reader);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("gw_tail");
	TCase *tc = tcase_create("tail");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 2 * PATIENCE_S);
	tcase_add_test(tc, test_behind_a_full_page);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
