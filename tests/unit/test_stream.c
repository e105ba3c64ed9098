/* Streams and logs: made, ended, dropped only when nothing can be lost. */
#include "nv_fd.h"
#include "run_suite.h"
#include "stream.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static int
open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	ck_assert_ptr_nonnull(dir);
	while (readdir(dir))
		n++;
	(void)closedir(dir);
	return n;
}

static void
end_stream(struct sup_stream *s)
{
	int fds[2];

	sup_stream_end(s, fds);
	for (size_t i = 0; i < NV_LEN(fds); i++)
		nv_fd_close(&fds[i]);
}

START_TEST(test_life_of_a_stream)
{
	struct sup_streams all = {0};
	struct sup_stream *s[3];
	int before = open_fds();

	for (uint64_t k = 0; k < 3; k++)
		ck_assert_int_eq(sup_stream_new(&all, 100 + k, &s[k]), 0);
	ck_assert_ptr_eq(sup_stream_find(&all, 101), s[1]);
	ck_assert_ptr_null(sup_stream_find(&all, 99));
	ck_assert_int_eq(write(s[1]->event_w, "one\n", 4), 4);
	ck_assert_str_eq(sup_stream_not_closed(s[1], 0), "its writers are alive");
	end_stream(s[1]);
	ck_assert_str_eq(sup_stream_not_closed(s[1], 4), "its memfd has another size");
	ck_assert_str_eq(sup_stream_not_closed(s[1], 0), "its pipe still holds bytes");
	ck_assert_int_eq(splice(s[1]->event_r, NULL, s[1]->memfd, NULL, 100, 0), 4);
	ck_assert_str_eq(sup_stream_not_closed(s[1], 0), "its memfd has another size");
	ck_assert_ptr_null(sup_stream_not_closed(s[1], 4));
	sup_stream_drop(&all, s[1]);
	ck_assert_ptr_eq(all.head, s[0]);
	ck_assert_ptr_eq(all.tail, s[2]);
	sup_stream_drop(&all, s[2]);
	ck_assert_ptr_eq(all.tail, s[0]);
	ck_assert_int_eq(sup_stream_new(&all, 103, &s[1]), 0);
	ck_assert_ptr_eq(all.head->next, s[1]);
	ck_assert_uint_eq(all.n_streams, 2);
	sup_streams_fini(&all);
	ck_assert_int_eq(open_fds(), before);
}
END_TEST

START_TEST(test_control_never_blocks)
{
	struct sup_streams all = {0};
	struct sup_stream *s;

	(void)signal(SIGPIPE, SIG_IGN);
	ck_assert_int_eq(sup_stream_new(&all, 1, &s), 0);
	for (int k = 0; k < 100000; k++)
		sup_stream_control(s, "{\"control\":\"pause\"}\n");
	end_stream(s);
	sup_stream_control(s, "{\"control\":\"stop\"}\n"); /* nobody is there */
	sup_streams_fini(&all);
}
END_TEST

START_TEST(test_logs)
{
	struct sup_streams all = {0};
	struct sup_log *a;
	struct sup_log *b;
	int before = open_fds();

	ck_assert_int_eq(sup_log_new(&all, &a), 0);
	ck_assert_int_eq(sup_log_new(&all, &b), 0);
	ck_assert_uint_ne(a->id, b->id);
	int fd = sup_log_end(a);

	nv_fd_close(&fd);
	ck_assert_ptr_eq(sup_log_find(&all, b->id), b);
	sup_log_drop(&all, b);
	ck_assert_ptr_eq(all.logs_tail, a);
	sup_streams_fini(&all);
	ck_assert_int_eq(open_fds(), before);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("stream");
	TCase *tc = tcase_create("all");

	tcase_add_test(tc, test_life_of_a_stream);
	tcase_add_test(tc, test_control_never_blocks);
	tcase_add_test(tc, test_logs);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
