/* Log files: rotation by size, disks that fail, files that others rename. */
#include "logfile.h"
#include "run_suite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define T "2026-11-22T15:00:00.000Z"

static struct log_limits limits;
static struct log_file file;

static void
setup(void)
{
	char dir[] = "/tmp/nova-log.XXXXXX";

	ck_assert_ptr_nonnull(mkdtemp(dir));
	limits = (struct log_limits){.file_bytes_max = 1000, .files_kept = 2};
	memcpy(limits.dir, dir, sizeof(dir));
	log_file_init(&file, "w");
}

static const char *
path(const char *name)
{
	static char buf[1200];

	(void)snprintf(buf, sizeof(buf), "%s/%s", limits.dir, name);
	return buf;
}

static void
teardown(void)
{
	static const char *const names[] = {
		"w.log", "w.log.1", "w.log.2", "w.log.3", "moved"};

	log_file_fini(&file);
	for (size_t i = 0; i < NV_LEN(names); i++)
		(void)unlink(path(names[i]));
	ck_assert_int_eq(rmdir(limits.dir), 0);
}

static long
size_of(const char *name)
{
	struct stat st;

	return stat(path(name), &st) < 0 ? -1 : (long)st.st_size;
}

static void
add(const char *text)
{
	log_file_line(&file, T, 3, text, strlen(text), false);
}

START_TEST(test_form_of_a_line)
{
	static const char expected[] = T " #3 hello\n" T " #3 part [cut]\n" T " own\n";
	char text[256] = "";

	add("hello");
	log_file_line(&file, T, 3, "part", 4, true);
	log_file_line(&file, T, 0, "own", 3, false);
	ck_assert_int_eq(log_file_flush(&file, &limits, 1), 0);
	int fd = open(path("w.log"), O_RDONLY);

	ck_assert_int_gt(read(fd, text, sizeof(text) - 1), 0);
	(void)close(fd);
	ck_assert_str_eq(text, expected);
}
END_TEST

START_TEST(test_rotation)
{
	for (int i = 0; i < 100; i++) {
		add("0123456789012345678901234567890123456789");
		ck_assert_int_eq(log_file_flush(&file, &limits, 1), 0);
		ck_assert_int_le(size_of("w.log"), 1000);
	}
	ck_assert_int_gt(size_of("w.log.1"), 900);
	ck_assert_int_gt(size_of("w.log.2"), 900);
	ck_assert_int_eq(size_of("w.log.3"), -1);
	/* Many lines at once are spread, whole lines only. */
	for (int i = 0; i < 60; i++)
		add("0123456789012345678901234567890123456789");
	ck_assert_int_eq(log_file_flush(&file, &limits, 1), 0);
	ck_assert_int_le(size_of("w.log"), 1000);
	ck_assert_int_eq(size_of("w.log.1") % 69, 0);
	limits.files_kept = 0;
	for (int i = 0; i < 60; i++)
		add("x");
	ck_assert_int_eq(log_file_flush(&file, &limits, 1), 0);
	ck_assert_int_le(size_of("w.log"), 1000);
}
END_TEST

START_TEST(test_a_line_larger_than_a_file)
{
	char text[3001];

	memset(text, 'y', 3000);
	text[3000] = '\0';
	add("small");
	add(text);
	add("small");
	ck_assert_int_eq(log_file_flush(&file, &limits, 1), 0);
	ck_assert_int_eq(size_of("w.log"), 34);
	ck_assert_int_gt(size_of("w.log.1"), 3000);
}
END_TEST

START_TEST(test_a_disk_that_fails_loses_the_surplus_and_says_so)
{
	char good[1024];
	char text[8192] = "";

	memcpy(good, limits.dir, sizeof(good));
	(void)snprintf(limits.dir, sizeof(limits.dir), "/no/such/dir");
	for (int i = 0; i < 60000; i++)
		add("line");
	ck_assert_int_eq(log_file_flush(&file, &limits, 1), -ENOENT);
	ck_assert_uint_le(file.waiting.bytes, LOG_WAITING_BYTES_MAX);
	ck_assert_uint_gt(file.dropped, 0);
	uint64_t dropped = file.dropped;

	memcpy(limits.dir, good, sizeof(good));
	limits.file_bytes_max = (uint64_t)1 << 30;
	ck_assert_int_eq(log_file_flush(&file, &limits, 1), 0);
	ck_assert_uint_eq(file.waiting.bytes, 0);
	ck_assert_uint_eq(file.dropped, 0);
	ck_assert_uint_eq(file.dropped_ever, dropped);
	int fd = open(path("w.log"), O_RDONLY);

	(void)lseek(fd, -200, SEEK_END);
	ck_assert_int_gt(read(fd, text, sizeof(text) - 1), 0);
	(void)close(fd);
	char note[64];

	(void)snprintf(note, sizeof(note), "%llu bytes were dropped here",
		(unsigned long long)dropped);
	ck_assert_ptr_nonnull(strstr(text, note));
}
END_TEST

START_TEST(test_renamed_by_somebody_else)
{
	char from[1200];

	add("one");
	ck_assert_int_eq(log_file_flush(&file, &limits, 1), 0);
	(void)snprintf(from, sizeof(from), "%s", path("w.log"));
	ck_assert_int_eq(rename(from, path("moved")), 0);
	add("two");
	ck_assert_int_eq(log_file_flush(&file, &limits, 5000), 0);
	ck_assert_int_eq(size_of("w.log"), 32);
	ck_assert_int_eq(size_of("moved"), 32);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("logfile");
	TCase *tc = tcase_create("all");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_form_of_a_line);
	tcase_add_test(tc, test_rotation);
	tcase_add_test(tc, test_a_line_larger_than_a_file);
	tcase_add_test(tc, test_a_disk_that_fails_loses_the_surplus_and_says_so);
	tcase_add_test(tc, test_renamed_by_somebody_else);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
