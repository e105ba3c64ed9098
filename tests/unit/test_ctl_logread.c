/* The last lines of rotated logs, against a plain reading of all of them, and what comes
 * after them while files are turned away and compressed. */
#include "logread.h"
#include "nv_buf.h"
#include "nv_fd.h"
#include "run_suite.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

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
	(void)snprintf(dir, sizeof(dir), "/tmp/nova-logread.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/w.log", dir);
	nv_buf_init(&seen, (size_t)64 << 20);
	n_seen = 0;
}

static void
teardown(void)
{
	DIR *d = opendir(dir);

	for (const struct dirent *e; (e = readdir(d));) {
		if (e->d_name[0] != '.')
			(void)unlinkat(dirfd(d), e->d_name, 0);
	}
	(void)closedir(d);
	ck_assert_int_eq(rmdir(dir), 0);
	nv_buf_fini(&seen);
}

/* File 0 is the one that is written; 1 was rotated last. */
static const char *
name_of(int rotated, bool packed)
{
	static char name[200];

	if (rotated == 0)
		(void)snprintf(name, sizeof(name), "%s", path);
	else
		(void)snprintf(name, sizeof(name), "%s.20261122T1415%02d.000Z%s", path,
			30 - rotated, packed ? ".gz" : "");
	return name;
}

static void
put(int rotated, const char *text, size_t bytes)
{
	int fd = open(
		name_of(rotated, false), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(nv_write_full(fd, text, bytes), 0);
	nv_fd_close(&fd);
}

static void
put_packed(int rotated, const char *text, size_t bytes)
{
	gzFile f = gzopen(name_of(rotated, true), "we");

	ck_assert_ptr_nonnull(f);
	if (bytes > 0)
		ck_assert_int_eq(gzwrite(f, text, (unsigned)bytes), (int)bytes);
	ck_assert_int_eq(gzclose(f), Z_OK);
}

static void
add(const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(nv_write_full(fd, text, strlen(text)), 0);
	nv_fd_close(&fd);
}

static const struct ctl_log_filter any;

static const char *
text_of(void)
{
	return seen.data ? seen.data : "";
}

static const char *
last(size_t n, bool follow)
{
	struct ctl_log log;

	nv_buf_clear(&seen);
	n_seen = 0;
	ck_assert_int_eq(ctl_log_open(&log, dir, "w"), 0);
	ck_assert_int_eq(ctl_log_tail(&log, n, &any, !follow, take, NULL), 0);
	ctl_log_fini(&log);
	return text_of();
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

/* ---- after a line ---- */

#define CURSORS_MAX 64
static char cursors[CURSORS_MAX][CTL_LOG_CURSOR_BYTES];
static size_t n_cursors;

static int
take_cursor(void *arg, const char *line, size_t bytes)
{
	const struct ctl_log *log = arg;

	ck_assert_uint_lt(n_cursors, CURSORS_MAX);
	(void)ctl_log_cursor(&log->place, cursors[n_cursors++]);
	return take(NULL, line, bytes);
}

static const char *
after(const char *cursor, bool *ret_gap)
{
	struct ctl_log log;
	struct ctl_log_place place;

	nv_buf_clear(&seen);
	ck_assert_int_eq(ctl_log_cursor_parse(cursor, &place), 0);
	ck_assert_int_eq(ctl_log_open(&log, dir, "w"), 0);
	ck_assert_int_eq(ctl_log_after(&log, &place, false, take, NULL, ret_gap), 0);
	ctl_log_fini(&log);
	return text_of();
}

/* The cursor of every line leads to what comes after it. */
static void
ck_all_cursors(const char *all)
{
	bool gap = true;

	for (size_t i = 0; i < n_cursors; i++) {
		all = strchr(all, '\n') + 1;
		ck_assert_str_eq(after(cursors[i], &gap), all);
		ck_assert(!gap);
	}
}

START_TEST(test_after)
{
	struct ctl_log log;
	bool gap = false;

	n_cursors = 0;
	put_packed(2, "a\nbb\n", 5);
	put(1, "ccc\n\nd", 6);
	put(0, "e\nf\ng", 5);
	ck_assert_int_eq(ctl_log_open(&log, dir, "w"), 0);
	ck_assert_int_eq(ctl_log_tail(&log, 99, &any, false, take_cursor, &log), 0);
	ctl_log_fini(&log);
	ck_assert_uint_eq(n_cursors, 7);
	ck_all_cursors("a\nbb\nccc\n\nd\ne\nf\n");

	/* The file that was written is rotated and compressed, the oldest is removed. */
	ck_assert_int_eq(unlink(name_of(0, false)), 0);
	ck_assert_int_eq(unlink(name_of(2, true)), 0);
	char newer[200];

	(void)snprintf(newer, sizeof(newer), "%s.20261122T150000.000Z.gz", path);
	gzFile f = gzopen(newer, "we");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(gzwrite(f, "e\nf\ng\n", 6), 6);
	ck_assert_int_eq(gzclose(f), Z_OK);
	put(0, "h\n", 2);
	ck_assert_str_eq(after(cursors[6], &gap), "g\nh\n");
	ck_assert(!gap);
	ck_assert_str_eq(after(cursors[2], &gap), "\nd\ne\nf\ng\nh\n");
	ck_assert(!gap);
	/* What it stood in is gone. */
	ck_assert_str_eq(after(cursors[0], &gap), "ccc\n\nd\ne\nf\ng\nh\n");
	ck_assert(gap);
}
END_TEST

START_TEST(test_after_goes_on)
{
	struct ctl_log log;
	struct ctl_log_place place;
	bool gap = true;

	n_cursors = 0;
	put(0, "a\nb\n", 4);
	ck_assert_int_eq(ctl_log_open(&log, dir, "w"), 0);
	ck_assert_int_eq(ctl_log_tail(&log, 2, &any, false, take_cursor, &log), 0);
	ctl_log_fini(&log);
	ck_assert_int_eq(ctl_log_cursor_parse(cursors[0], &place), 0);
	nv_buf_clear(&seen);
	ck_assert_int_eq(ctl_log_open(&log, dir, "w"), 0);
	ck_assert_int_eq(ctl_log_after(&log, &place, false, take, NULL, &gap), 0);
	add("c\nd");
	ck_assert_int_eq(ctl_log_more(&log, take_cursor, &log), 0);
	ck_assert_int_eq(rename(path, name_of(1, false)), 0);
	put(0, "e\n", 2);
	ck_assert_int_eq(ctl_log_more(&log, take_cursor, &log), 0);
	ctl_log_fini(&log);
	ck_assert_str_eq(text_of(), "b\nc\nd\ne\n");
	ck_assert(!gap);
	ck_all_cursors("a\nb\nc\nd\ne\n");
	/* Cut: what is there is new. */
	ck_assert_int_eq(unlink(name_of(1, false)), 0);
	put(0, "x\n", 2);
	ck_assert_str_eq(after(cursors[1], &gap), "x\n");
	ck_assert(gap);
}
END_TEST

START_TEST(test_cursor_words)
{
	static const char *const bad[] = {"", "-", "0-0-0", "0-0-0-", "0-0-0-0-",
		"0-0-0-0-0", "0--0-0", "g-0-0-0", "A-0-0-0", "0-0-0-100000000",
		"0-0-0-0 ", " 0-0-0-0", "8000000000000000-0-0-0",
		"0-4000000000000000-0-0", "0-0-ffffffffffffffffffff-0", "+1-0-0-0"};
	struct ctl_log_place place;
	char buf[CTL_LOG_CURSOR_BYTES];

	for (size_t i = 0; i < NV_LEN(bad); i++)
		ck_assert_msg(
			ctl_log_cursor_parse(bad[i], &place) == -EINVAL, "%s", bad[i]);
	ck_assert_int_eq(ctl_log_cursor_parse(
				 "7fffffffffffffff-3ffffffffffffffe-1-ffffffff", &place),
		0);
	ck_assert_str_eq(ctl_log_cursor(&place, buf),
		"7fffffffffffffff-3ffffffffffffffe-1-ffffffff");
	ck_assert_int_eq(ctl_log_cursor_parse("0-0-0-0", &place), 0);
	ck_assert(place.after_ns == INT64_MIN);
}
END_TEST

START_TEST(test_none)
{
	struct ctl_log log;

	ck_assert_int_eq(ctl_log_open(&log, dir, "w"), -ENOENT);
	ctl_log_fini(&log);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(ctl_log_open(&log, dir, "w"), -EINVAL);
	ctl_log_fini(&log);
	ck_assert_int_eq(rmdir(path), 0);
	put(1, "old\n", 4); /* between two files */
	ck_assert_str_eq(last(5, false), "old\n");
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
		(file > 1 && rand_r(&seed) % 2 ? put_packed : put)(
			file, all.data ? all.data + start : "", all.bytes - start);
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

#define AT(second, who) "2026-11-22T14:15:" second ".000Z #" who " "

START_TEST(test_which)
{
	static const char text[] = AT("01", "1.1") "one\n" AT("02", "2.1") "two\n" AT(
		"03", "1.2") "three\nno head\n" AT("04", "1.2") "four\n";
	static const uint32_t second[] = {2, 1};
	const struct {
		struct ctl_log_filter filter;
		const char *grep;
		const char *got;
	} cases[] = {
		{{.instance = 2}, NULL, AT("02", "2.1") "two\n"},
		{{.generation = 1}, NULL,
			AT("01", "1.1") "one\n" AT("02", "2.1") "two\n"},
		{{.instance = 1, .generation = 2}, NULL,
			AT("03", "1.2") "three\n" AT("04", "1.2") "four\n"},
		/* 14:15:03: a line without a time belongs to the one before it. */
		{{.since_ns = INT64_C(1795356903000000000)}, NULL,
			AT("03", "1.2") "three\nno head\n" AT("04", "1.2") "four\n"},
		{{.generations = second, .n_generations = 2}, NULL,
			AT("02", "2.1") "two\n" AT("03", "1.2") "three\n" AT(
				"04", "1.2") "four\n"},
		{{0}, "^t", AT("02", "2.1") "two\n" AT("03", "1.2") "three\n"},
		{{0}, "2026", ""},
		{{0}, "no|four", "no head\n" AT("04", "1.2") "four\n"},
	};

	put(0, text, sizeof(text) - 1);
	for (size_t i = 0; i < NV_LEN(cases); i++) {
		struct ctl_log_filter filter = cases[i].filter;
		struct ctl_log log;
		regex_t re;

		if (cases[i].grep) {
			ck_assert_int_eq(regcomp(&re, cases[i].grep, REG_EXTENDED), 0);
			filter.grep = &re;
		}
		nv_buf_clear(&seen);
		ck_assert_int_eq(ctl_log_open(&log, dir, "w"), 0);
		ck_assert_int_eq(ctl_log_tail(&log, 50, &filter, true, take, NULL), 0);
		ctl_log_fini(&log);
		ck_assert_str_eq(text_of(), cases[i].got);
		if (cases[i].grep)
			regfree(&re);
	}
}
END_TEST

START_TEST(test_what_comes)
{
	struct ctl_log log;
	char from[200];

	put(1, "old\n", 4);
	put(0, "a\nb", 3);
	ck_assert_int_eq(ctl_log_open(&log, dir, "w"), 0);
	ck_assert_int_eq(ctl_log_tail(&log, 2, &any, false, take, NULL), 0);
	/* "b" is not whole yet. */
	ck_assert_str_eq(text_of(), "old\na\n");
	nv_buf_clear(&seen);
	nv_buf_puts(&seen, "a\n");
	add("c\n");
	ck_assert_int_eq(ctl_log_more(&log, take, NULL), 0);
	ck_assert_str_eq(text_of(), "a\nbc\n");
	/* Turned away three times between two looks; one of them is compressed already,
	 * and the one that was open, too. */
	add("d\n");
	put_packed(-1, "a\nbc\nd\n", 7);
	(void)snprintf(from, sizeof(from), "%s", path);
	ck_assert_int_eq(unlink(from), 0);
	put_packed(-2, "e\n", 2);
	put(-3, "f\n", 2);
	ck_assert_int_eq(ctl_log_more(&log, take, NULL), 0);
	add("g\n");
	ck_assert_int_eq(ctl_log_more(&log, take, NULL), 0);
	ck_assert_str_eq(text_of(), "a\nbc\nd\ne\nf\ng\n");
	/* Turned away once, not compressed. */
	add("h\n");
	ck_assert_int_eq(rename(path, name_of(-4, false)), 0);
	add("i\n");
	ck_assert_int_eq(ctl_log_more(&log, take, NULL), 0);
	ck_assert_int_eq(ctl_log_more(&log, take, NULL), 0);
	ck_assert_str_eq(text_of(), "a\nbc\nd\ne\nf\ng\nh\ni\n");
	ctl_log_fini(&log);
}
END_TEST

/* A file is there twice while it is compressed: plain, and packed already. */
START_TEST(test_both_are_there)
{
	struct ctl_log log;

	put(0, "a\n", 2);
	ck_assert_int_eq(ctl_log_open(&log, dir, "w"), 0);
	ck_assert_int_eq(rename(path, name_of(3, false)), 0);
	put_packed(3, "a\n", 2); /* between the opening and the listing */
	ck_assert_int_eq(ctl_log_tail(&log, 10, &any, false, take, NULL), 0);
	ck_assert_str_eq(text_of(), "a\n");
	put(0, "b\n", 2);
	ck_assert_int_eq(ctl_log_more(&log, take, NULL), 0);
	ck_assert_str_eq(text_of(), "a\nb\n");
	ck_assert_int_eq(rename(path, name_of(2, false)), 0);
	put_packed(2, "b\n", 2); /* while it is followed */
	put(1, "c\n", 2);
	put_packed(1, "c\n", 2);
	put(0, "d\n", 2);
	ck_assert_int_eq(ctl_log_more(&log, take, NULL), 0);
	ck_assert_int_eq(unlink(name_of(2, false)), 0);
	ck_assert_int_eq(ctl_log_more(&log, take, NULL), 0);
	ck_assert_str_eq(text_of(), "a\nb\nc\nd\n");
	ctl_log_fini(&log);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("ctl_logread");
	TCase *tc = tcase_create("logread");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_few);
	tcase_add_test(tc, test_after);
	tcase_add_test(tc, test_after_goes_on);
	tcase_add_test(tc, test_cursor_words);
	tcase_add_test(tc, test_none);
	tcase_add_test(tc, test_which);
	tcase_add_test(tc, test_both_are_there);
	tcase_add_test(tc, test_what_comes);
	tcase_add_loop_test(tc, test_random, 0, 20);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
