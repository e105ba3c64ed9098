/* The progress table: what a dead logger leaves, and what the next one makes of it. */
#include "nv_fd.h"
#include "progress.h"
#include "run_suite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

static int table_fd;
static struct log_table *table;
static char dir[64];
static char path[128];

static void
setup(void)
{
	(void)snprintf(dir, sizeof(dir), "/tmp/nova-progress.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/w.log", dir);
	table_fd = memfd_create("table", MFD_CLOEXEC);
	ck_assert_int_eq(log_table_map(table_fd, &table), 0);
}

static void
teardown(void)
{
	log_table_unmap(table);
	(void)close(table_fd);
	(void)unlink(path);
	ck_assert_int_eq(rmdir(dir), 0);
}

static void
map_again(void)
{
	log_table_unmap(table);
	ck_assert_int_eq(log_table_map(table_fd, &table), 0);
}

START_TEST(test_entries_outlive_the_mapping)
{
	struct log_slot *a = log_table_take(table, 1);
	struct log_slot *b = log_table_take(table, 1 + LOG_PROGRESS_SLOTS);
	struct log_progress p = {.done = 77};

	ck_assert_ptr_ne(a, b); /* both want the same place */
	log_slot_commit(b, &p);
	map_again();
	ck_assert_uint_eq(log_slot_get(log_table_take(table, 1))->done, 0);
	b = log_table_take(table, 1 + LOG_PROGRESS_SLOTS);
	ck_assert_uint_eq(log_slot_get(b)->done, 77);
	/* Free, and taken by another: nothing of the old one is left. */
	log_slot_free(b);
	b = log_table_take(table, 1 + 2 * LOG_PROGRESS_SLOTS);
	ck_assert_uint_eq(log_slot_get(b)->done, 0);
	log_slot_free(log_table_take(table, 1));
	/* A known id is found past a free place. */
	ck_assert_ptr_eq(log_table_take(table, 1 + 2 * LOG_PROGRESS_SLOTS), b);
}
END_TEST

START_TEST(test_a_full_table)
{
	for (uint64_t id = 1; id <= LOG_PROGRESS_SLOTS; id++)
		ck_assert_ptr_nonnull(log_table_take(table, id));
	ck_assert_ptr_null(log_table_take(table, LOG_PROGRESS_SLOTS + 1));
	ck_assert_ptr_nonnull(log_table_take(table, 5));
}
END_TEST

START_TEST(test_another_file_is_no_table)
{
	uint64_t magic = 1;
	struct log_table *t;

	ck_assert_int_eq(pwrite(table_fd, &magic, sizeof(magic), 0), sizeof(magic));
	ck_assert_int_eq(log_table_map(table_fd, &t), -EBADMSG);
	magic = 0;
	ck_assert_int_eq(pwrite(table_fd, &magic, sizeof(magic), 0), sizeof(magic));
}
END_TEST

/* A write of 10 bytes at 100 was under way; the file has `size` bytes now. */
static void
recover_with(const char *name, long size, uint64_t done, long size_after)
{
	struct log_slot *slot = log_table_take(table, 9);
	struct stat st;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, size), 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	struct log_progress p = {.done = 50,
		.noted = 1,
		.writing = 1,
		.done_after = 60,
		.noted_after = 2,
		.dev = st.st_dev,
		.ino = st.st_ino,
		.size_before = 100,
		.bytes = 10};

	log_slot_commit(slot, &p);
	if (name) {
		char other[256];

		(void)snprintf(other, sizeof(other), "%s/%s", dir, name);
		ck_assert_int_eq(rename(path, other), 0);
		memcpy(path, other, sizeof(path));
	}
	map_again();
	ck_assert_int_eq(log_table_recover(table, dir), 0);
	slot = log_table_take(table, 9);
	ck_assert_uint_eq(log_slot_get(slot)->done, done);
	ck_assert_uint_eq(log_slot_get(slot)->noted, done == 60 ? 2 : 1);
	ck_assert_uint_eq(log_slot_get(slot)->writing, 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_eq(st.st_size, size_after);
	(void)close(fd);
	log_slot_free(slot);
}

START_TEST(test_a_write_that_was_under_way)
{
	recover_with(NULL, 100, 50, 100); /* had not begun */
	recover_with(NULL, 104, 50, 100); /* half of it */
	recover_with(NULL, 110, 60, 110); /* had happened */
	recover_with(NULL, 150, 60, 150);
	recover_with(NULL, 20, 50, 20);      /* somebody has cut the file */
	recover_with("moved", 110, 60, 110); /* or moved it */
}
END_TEST

START_TEST(test_the_file_is_gone)
{
	struct log_slot *slot = log_table_take(table, 9);
	struct log_progress p = {.done = 50, .writing = 1, .done_after = 60, .ino = 1};

	log_slot_commit(slot, &p);
	ck_assert_int_eq(log_table_recover(table, dir), 0);
	ck_assert_uint_eq(log_slot_get(slot)->done, 50);
	ck_assert_uint_eq(log_slot_get(slot)->writing, 0);
	log_slot_commit(slot, &p);
	ck_assert_int_eq(log_table_recover(table, "/nonexistent/log"), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("log progress");
	TCase *tc = tcase_create("all");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_entries_outlive_the_mapping);
	tcase_add_test(tc, test_a_full_table);
	tcase_add_test(tc, test_another_file_is_no_table);
	tcase_add_test(tc, test_a_write_that_was_under_way);
	tcase_add_test(tc, test_the_file_is_gone);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
