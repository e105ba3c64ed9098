/* The last lines of rotated logs, against a plain reading of all of them. */
#include "nv_buf.h"
#include "nv_fd.h"
#include "run_suite.h"
#include "tail.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char dir[64];
static char path[128];
static struct nv_buf seen;
static size_t n_seen;

static int
take(void *arg, const char *line, size_t bytes)
{
	(void)arg;
	nv_buf_add(&seen, line, bytes);
	nv_buf_add(&seen, "\n", 1);
	n_seen++;
	return 0;
}

static void
setup(void)
{
	(void)snprintf(dir, sizeof(dir), "/tmp/nova-tail.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/w.log", dir);
	nv_buf_init(&seen, (size_t)64 << 20);
	n_seen = 0;
}

static void
teardown(void)
{
	for (int i = 0; i < 10; i++) {
		char name[160];

		(void)snprintf(name, sizeof(name), i ? "%s.%d" : "%s", path, i);
		(void)unlink(name);
	}
	(void)rmdir(dir);
	nv_buf_fini(&seen);
}

static void
put(int rotated, const char *text, size_t bytes)
{
	char name[160];

	(void)snprintf(name, sizeof(name), rotated ? "%s.%d" : "%s", path, rotated);
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(nv_write_full(fd, text, bytes), 0);
	nv_fd_close(&fd);
}

static const char *
last(size_t n, bool follow)
{
	struct ctl_tail tail;

	nv_buf_clear(&seen);
	n_seen = 0;
	ck_assert_int_eq(ctl_tail_open(&tail, path, n, follow, take, NULL), 0);
	ctl_tail_fini(&tail);
	return seen.data ? seen.data : "";
}

START_TEST(test_few)
{
	put(0, "", 0);
	ck_assert_str_eq(last(5, false), "");
	put(0, "a\nb\nc\n", 6);
	ck_assert_str_eq(last(0, false), "");
	ck_assert_str_eq(last(1, false), "c\n");
	ck_assert_str_eq(last(2, false), "b\nc\n");
	ck_assert_str_eq(last(3, false), "a\nb\nc\n");
	ck_assert_str_eq(last(9, false), "a\nb\nc\n");
	put(0, "a\nb", 3);
	ck_assert_str_eq(last(1, false), "b\n");
	ck_assert_str_eq(last(2, true), "a\n"); /* b is still being written */
	put(0, "\n\n\n", 3);
	ck_assert_str_eq(last(2, false), "\n\n");
	put(0, "\n", 1);
	ck_assert_str_eq(last(2, false), "\n");
}
END_TEST

START_TEST(test_none)
{
	struct ctl_tail tail;

	ck_assert_int_eq(ctl_tail_open(&tail, path, 5, false, take, NULL), -ENOENT);
	ctl_tail_fini(&tail);
	ck_assert_int_eq(ctl_tail_open(&tail, dir, 5, false, take, NULL), -EINVAL);
	ctl_tail_fini(&tail);
}
END_TEST

/* Random files of random lines, some longer than a block: the last n of everything. */
START_TEST(test_random)
{
	unsigned seed = (unsigned)_i + 1;
	struct nv_buf all;
	size_t n_lines = 0;

	nv_buf_init(&all, (size_t)64 << 20);
	for (int file = 3; file >= 0; file--) {
		size_t start = all.bytes;
		int lines = rand_r(&seed) % 40;

		for (int i = 0; i < lines; i++) {
			size_t bytes = (size_t)(rand_r(&seed) % 100);

			if (rand_r(&seed) % 16 == 0)
				bytes = (size_t)(rand_r(&seed) % 200000);
			for (size_t k = 0; k < bytes; k++)
				nv_buf_add(&all, &"abcdefghij"[rand_r(&seed) % 10], 1);
			nv_buf_add(&all, "\n", 1);
			n_lines++;
		}
		put(file, all.data ? all.data + start : "", all.bytes - start);
	}
	for (size_t n = 0; n <= n_lines + 1; n += 1 + n / 4) {
		const char *expected = all.data ? all.data + all.bytes : "";
		size_t want = NV_MIN(n, n_lines);

		for (size_t k = 0; k < want;) {
			expected--;
			if (expected == all.data || expected[-1] == '\n')
				k++;
		}
		(void)last(n, false);
		ck_assert_uint_eq(n_seen, want);
		ck_assert_msg(strcmp(seen.data ? seen.data : "", expected) == 0,
			"seed %d, last %zu of %zu lines differ", _i + 1, n, n_lines);
	}
	nv_buf_fini(&all);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("ctl_tail");
	TCase *tc = tcase_create("tail");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_few);
	tcase_add_test(tc, test_none);
	tcase_add_loop_test(tc, test_random, 0, 20);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
