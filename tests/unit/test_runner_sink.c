/* Writing into pipes somebody else reads: nothing lost, nothing torn, nobody kept
 * waiting. */
#include "nv_fd.h"
#include "run_suite.h"
#include "sink.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct ev_loop *loop;
static int read_end;
static int write_end;
static struct rn_sink sink;
static int changes;

static void
on_change(struct rn_sink *s)
{
	ck_assert_ptr_eq(s, &sink);
	changes++;
}

static void
setup(void)
{
	(void)signal(SIGPIPE, SIG_IGN);
	loop = ev_loop_new(EVFLAG_AUTO);
	ck_assert_int_eq(nv_pipe(&read_end, &write_end, 4096), 0);
	ck_assert_int_eq(
		rn_sink_init(&sink, loop, write_end, 100000, on_change, NULL), 0);
	changes = 0;
}

static void
teardown(void)
{
	rn_sink_fini(&sink);
	rn_sink_fini(&sink); /* zeroed: fine */
	nv_fd_close(&read_end);
	nv_fd_close(&write_end);
	ev_loop_destroy(loop);
}

START_TEST(small_lines_go_at_once)
{
	char buf[64];

	ck_assert_int_eq(rn_sink_put(&sink, "a\n", 2), 0);
	ck_assert_int_eq(rn_sink_put(&sink, "b\nc\n", 4), 0);
	ck_assert(rn_sink_is_empty(&sink));
	ck_assert_int_eq(read(read_end, buf, sizeof(buf)), 6);
	ck_assert(memcmp(buf, "a\nb\nc\n", 6) == 0);
}
END_TEST

START_TEST(the_pipe_keeps_its_flags)
{
	ck_assert_int_eq(fcntl(write_end, F_GETFL) & O_NONBLOCK, 0);
}
END_TEST

static size_t
put_numbered(size_t lines)
{
	size_t total = 0;

	for (size_t i = 0; i < lines; i++) {
		char line[128];
		int n = snprintf(
			line, sizeof(line), "line %zu %0*d\n", i, (int)(i * 7 % 90), 0);

		ck_assert_int_eq(rn_sink_put(&sink, line, (size_t)n), 0);
		total += (size_t)n;
	}
	return total;
}

START_TEST(a_full_pipe_keeps_everything_in_order)
{
	size_t total = put_numbered(1000);
	char *all = malloc(total + 1);
	size_t got = 0;

	ck_assert_ptr_nonnull(all);
	ck_assert(!rn_sink_is_empty(&sink));
	ck_assert_int_eq(nv_fd_set_nonblock(read_end, true), 0);
	while (got < total) {
		ssize_t n = read(read_end, all + got, total - got);

		if (n > 0) {
			/* Each write ended with a line. */
			ck_assert_int_eq(all[got + (size_t)n - 1], '\n');
			got += (size_t)n;
		}
		(void)ev_run(loop, EVRUN_NOWAIT);
	}
	(void)ev_run(loop, EVRUN_NOWAIT);
	ck_assert(rn_sink_is_empty(&sink));
	ck_assert_int_eq(changes, 1);
	const char *at = all;

	all[total] = '\0';
	for (size_t i = 0; i < 1000; i++) {
		char head[32];

		(void)snprintf(head, sizeof(head), "line %zu ", i);
		ck_assert_msg(strncmp(at, head, strlen(head)) == 0, "at line %zu", i);
		at = strchr(at, '\n') + 1;
	}
	free(all);
}
END_TEST

START_TEST(what_does_not_fit_is_refused_whole)
{
	char *big = calloc(1, 100001);

	ck_assert_ptr_nonnull(big);
	memset(big, 'x', 100001);
	ck_assert_int_eq(rn_sink_put(&sink, big, 100001), -ENOBUFS);
	ck_assert(rn_sink_is_empty(&sink));
	ck_assert_int_eq(rn_sink_put(&sink, "ok\n", 3), 0);
	free(big);
}
END_TEST

START_TEST(a_reader_that_goes_is_an_error)
{
	(void)put_numbered(1000);
	nv_fd_close(&read_end);
	(void)ev_run(loop, EVRUN_NOWAIT);
	ck_assert_int_eq(sink.error, -EPIPE);
	ck_assert_int_eq(changes, 1);
	ck_assert_int_eq(rn_sink_put(&sink, "x\n", 2), -EPIPE);
}
END_TEST

START_TEST(a_shared_pipe_is_asked_before_it_is_written)
{
	/* As when /proc/self/fd cannot be opened: the descriptor blocks. */
	rn_sink_fini(&sink);
	ck_assert_int_eq(
		rn_sink_init(&sink, loop, write_end, 100000, on_change, NULL), 0);
	nv_fd_close(&sink.fd);
	sink.fd = write_end;
	sink.own = false;
	sink.ask = true;
	ev_io_set(&sink.out, write_end, EV_WRITE);
	(void)put_numbered(1000); /* would hang if it did not ask */
	ck_assert(!rn_sink_is_empty(&sink));
}
END_TEST

START_TEST(a_file_is_written_where_it_stands)
{
	char path[] = "/tmp/nova-sink.XXXXXX";
	int fd = mkstemp(path);
	struct rn_sink to_file;
	char buf[16] = "";

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "before\n", 7), 7);
	ck_assert_int_eq(rn_sink_init(&to_file, loop, fd, 1000, on_change, NULL), 0);
	ck_assert_int_eq(rn_sink_put(&to_file, "after\n", 6), 0);
	ck_assert_int_eq(pread(fd, buf, sizeof(buf), 0), 13);
	ck_assert(memcmp(buf, "before\nafter\n", 13) == 0);
	rn_sink_fini(&to_file);
	(void)close(fd);
	(void)unlink(path);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("runner_sink");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, small_lines_go_at_once);
	tcase_add_test(t, the_pipe_keeps_its_flags);
	tcase_add_test(t, a_full_pipe_keeps_everything_in_order);
	tcase_add_test(t, what_does_not_fit_is_refused_whole);
	tcase_add_test(t, a_reader_that_goes_is_an_error);
	tcase_add_test(t, a_shared_pipe_is_asked_before_it_is_written);
	tcase_add_test(t, a_file_is_written_where_it_stands);
	suite_add_tcase(s, t);
	return run_suite(s);
}
