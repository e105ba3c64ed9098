/* The image: records, batches, growth, what is refused, and SIGKILL at any moment. */
#include "image.h"
#include "nv_clock.h"
#include "nv_fd.h"
#include "run_suite.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the plain things ---- */

static struct sup_image *
image_of(int fd)
{
	struct sup_image *im = NULL;
	char why[200] = "";
	int rc = sup_image_open(dup(fd), &im, why, sizeof(why));

	ck_assert_msg(rc == 0, "open: %d %s", rc, why);
	return im;
}

static void
put_text(struct sup_image *im, uint16_t type, uint64_t key, const char *text)
{
	sup_image_put(im, type, 1, key, text, strlen(text));
}

static void
check_text(const struct sup_image *im, uint16_t type, uint64_t key, const char *text)
{
	struct sup_image_record r;
	int rc = sup_image_find(im, type, key, &r);

	if (!text) {
		ck_assert_int_eq(rc, -ENOENT);
		return;
	}
	ck_assert_int_eq(rc, 0);
	ck_assert_uint_eq(r.bytes, strlen(text));
	ck_assert_mem_eq(r.data, text, r.bytes);
}

START_TEST(test_records)
{
	struct sup_image *im;

	ck_assert_int_eq(sup_image_new(&im), 0);
	ck_assert(sup_image_is_empty(im));
	put_text(im, 1, 7, "seven");
	put_text(im, 2, 7, "other type");
	put_text(im, 1, 8, "");
	ck_assert_int_eq(sup_image_commit(im), 0);
	put_text(im, 1, 7, "newer");
	sup_image_delete(im, 1, 8);
	sup_image_delete(im, 1, 99);
	ck_assert_int_eq(sup_image_commit(im), 0);
	struct sup_image *again = image_of(sup_image_fd(im));

	for (int i = 0; i < 2; i++) {
		check_text(i ? again : im, 1, 7, "newer");
		check_text(i ? again : im, 2, 7, "other type");
		check_text(i ? again : im, 1, 8, NULL);
	}
	ck_assert(!sup_image_is_empty(again));
	sup_image_free(again);
	sup_image_free(im);
}
END_TEST

START_TEST(test_an_open_batch_is_not_there)
{
	struct sup_image *im;

	ck_assert_int_eq(sup_image_new(&im), 0);
	put_text(im, 1, 1, "one");
	ck_assert_int_eq(sup_image_commit(im), 0);
	put_text(im, 1, 1, "two");
	put_text(im, 1, 2, "three");
	/* So many that the batch moves to the other area and the file grows. */
	for (unsigned i = 0; i < 5000; i++)
		put_text(im, 3, i, "some bytes that fill the area, and then another one");
	struct sup_image *again = image_of(sup_image_fd(im));

	check_text(again, 1, 1, "one");
	check_text(again, 1, 2, NULL);
	check_text(again, 3, 0, NULL);
	/* And whoever comes after it can go on from there. */
	for (unsigned i = 0; i < 20000; i++) {
		put_text(again, 4, i % 3000, i % 2 ? "odd" : "evens");
		if (i % 7 == 0)
			ck_assert_int_eq(sup_image_commit(again), 0);
	}
	ck_assert_int_eq(sup_image_commit(again), 0);
	sup_image_free(im);
	im = image_of(sup_image_fd(again));
	check_text(im, 1, 1, "one");
	check_text(im, 4, 1, "odd");
	check_text(im, 4, 2999, "odd");
	sup_image_free(again);
	sup_image_free(im);
}
END_TEST

/* Records that replace each other fill one area after the other: none of them is the one
 * that is published. */
START_TEST(test_a_batch_that_moves_again_and_again)
{
	struct sup_image *im;
	char large[20000];

	memset(large, 'x', sizeof(large));
	ck_assert_int_eq(sup_image_new(&im), 0);
	put_text(im, 1, 1, "one");
	ck_assert_int_eq(sup_image_commit(im), 0);
	put_text(im, 1, 1, "two");
	for (unsigned i = 0; i < 50; i++) {
		large[0] = (char)('a' + i % 26);
		sup_image_put(im, 3, 1, 1, large, sizeof(large));
		struct sup_image *again = image_of(sup_image_fd(im));

		check_text(again, 1, 1, "one");
		check_text(again, 3, 1, NULL);
		sup_image_free(again);
	}
	ck_assert_int_eq(sup_image_commit(im), 0);
	struct sup_image *again = image_of(sup_image_fd(im));
	struct sup_image_record r;

	check_text(again, 1, 1, "two");
	ck_assert_int_eq(sup_image_find(again, 3, 1, &r), 0);
	ck_assert_uint_eq(r.bytes, sizeof(large));
	ck_assert_mem_eq(r.data, large, sizeof(large));
	sup_image_free(again);
	sup_image_free(im);
}
END_TEST

static int
in_order(void *arg, const struct sup_image_record *r)
{
	struct sup_image_record *last = arg;

	ck_assert(r->type > last->type || (r->type == last->type && r->key > last->key));
	*last = *r;
	return r->type == 9 ? -ECANCELED : 0;
}

START_TEST(test_each_in_order)
{
	struct sup_image *im;
	struct sup_image_record last = {0};

	ck_assert_int_eq(sup_image_new(&im), 0);
	for (uint64_t i = 500; i > 0; i--)
		put_text(im, (uint16_t)(1 + i % 3), i * UINT64_C(0x100000001), "x");
	ck_assert_int_eq(sup_image_commit(im), 0);
	ck_assert_int_eq(sup_image_each(im, in_order, &last), 0);
	ck_assert_uint_eq(last.type, 3);
	put_text(im, 9, 1, "stop");
	put_text(im, 10, 1, "not reached");
	last = (struct sup_image_record){0};
	ck_assert_int_eq(sup_image_each(im, in_order, &last), -ECANCELED);
	ck_assert_uint_eq(last.type, 9);
	sup_image_free(im);
}
END_TEST

START_TEST(test_memory_is_given_back)
{
	struct sup_image *im;
	char text[1000];
	struct stat st;

	memset(text, 'x', sizeof(text));
	ck_assert_int_eq(sup_image_new(&im), 0);
	for (unsigned i = 0; i < 200000; i++) {
		text[i % sizeof(text)] ^= 1;
		sup_image_put(im, 1, 1, i % 10, text, sizeof(text));
		ck_assert_int_eq(sup_image_commit(im), 0);
	}
	ck_assert_int_eq(fstat(sup_image_fd(im), &st), 0);
	ck_assert_int_le(st.st_size, 4096 + 2 * 65536);
	ck_assert_int_le(st.st_blocks * 512, 4096 + 65536 + 16384);
	sup_image_free(im);
}
END_TEST

START_TEST(test_what_is_refused)
{
	const struct {
		off_t at;
		uint64_t value;
		const char *why;
	} cases[] = {
		{0, 1, "format 0"}, {8, 77, "format 77"},
		{16, UINT64_C(0) << 40 | 8, "damaged"},     /* in the head */
		{16, UINT64_C(1) << 40 | 4, "damaged"},     /* not whole */
		{16, UINT64_C(1) << 40 | 65544, "damaged"}, /* longer than an area */
		{16, UINT64_C(9999) << 40 | 24, "damaged"}, /* behind the end */
		{16, UINT64_C(1) << 40 | 8, "damaged"},     /* half a record's head */
		{4096 + 4, UINT64_C(70000), "damaged"},     /* a record too long */
		{4096 + 4, UINT64_C(4000), "damaged"}, /* longer than what is there */
	};
	char why[200];

	for (size_t i = 0; i < NV_LEN(cases); i++) {
		struct sup_image *im;
		struct sup_image *again = NULL;
		uint32_t small = (uint32_t)cases[i].value;
		bool in_record = cases[i].at > 4096 || cases[i].at == 8;

		ck_assert_int_eq(sup_image_new(&im), 0);
		put_text(im, 1, 1, "text");
		ck_assert_int_eq(sup_image_commit(im), 0);
		ck_assert_int_gt(pwrite(sup_image_fd(im),
					 in_record ? (const void *)&small
						   : (const void *)&cases[i].value,
					 in_record ? 4 : 8, cases[i].at),
			0);
		why[0] = '\0';
		ck_assert_int_eq(
			sup_image_open(dup(sup_image_fd(im)), &again, why, sizeof(why)),
			-EPROTO);
		ck_assert_msg(strstr(why, cases[i].why), "case %zu: %s", i, why);
		sup_image_free(im);
	}
	int fd = memfd_create("short", MFD_CLOEXEC);
	struct sup_image *none = NULL;

	ck_assert_int_eq(sup_image_open(fd, &none, why, sizeof(why)), -EPROTO);
	ck_assert_int_lt(sup_image_open(-1, &none, why, sizeof(why)), 0);
}
END_TEST

/* ---- killed at any moment ---- */

#define GROUPS     37
#define GROUP_SIZE 5

/* Each batch gives one group of records one number, and the number is the batch's; the
 * size of the records, and whether there are any, follows from the number. */
static unsigned
size_of(uint64_t number)
{
	return (unsigned)(number * 2654435761U % 900);
}

static bool
is_there(uint64_t number)
{
	return number % 11 != 0;
}

static void
write_batches(struct sup_image *im, uint64_t number, _Atomic uint64_t *said)
{
	static uint64_t data[128];

	for (;; number++) {
		uint64_t group = number * 7 % GROUPS;

		for (size_t i = 0; i < NV_LEN(data); i++)
			data[i] = number;
		for (uint64_t i = 0; i < GROUP_SIZE; i++) {
			if (is_there(number))
				sup_image_put(im, (uint16_t)i, 1, group, data,
					8 + size_of(number) / 8 * 8);
			else
				sup_image_delete(im, (uint16_t)i, group);
		}
		sup_image_put(im, 100, 1, 0, &number, sizeof(number));
		if (sup_image_commit(im) < 0)
			_exit(1);
		atomic_store(said, number);
	}
}

/* All groups are as the last batch that counts left them; its number. */
static uint64_t
check_batches(const struct sup_image *im)
{
	struct sup_image_record r;
	uint64_t last = 0;

	if (sup_image_find(im, 100, 0, &r) == 0)
		memcpy(&last, r.data, sizeof(last));
	for (uint64_t back = 0; back < GROUPS && back < last; back++) {
		uint64_t number = last - back;

		for (uint16_t i = 0; i < GROUP_SIZE; i++) {
			int rc = sup_image_find(im, i, number * 7 % GROUPS, &r);

			ck_assert_int_eq(rc, is_there(number) ? 0 : -ENOENT);
			if (rc < 0)
				continue;
			ck_assert_uint_eq(r.bytes, 8 + size_of(number) / 8 * 8);
			ck_assert_mem_eq(r.data, &number, 8);
			ck_assert_mem_eq(
				(const uint8_t *)r.data + r.bytes - 8, &number, 8);
		}
	}
	return last;
}

START_TEST(test_killed_at_any_moment)
{
	const char *text = getenv("NOVA_KILLS");
	long kills = text ? strtol(text, NULL, 10) : 1500;
	struct sup_image *im;
	_Atomic uint64_t *said = mmap(
		NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned seed = 1;

	ck_assert_ptr_ne(said, MAP_FAILED);
	ck_assert_int_eq(sup_image_new(&im), 0);
	int fd = dup(sup_image_fd(im));

	sup_image_free(im);
	for (long i = 0; i < kills; i++) {
		im = image_of(fd);
		uint64_t last = check_batches(im);
		uint64_t told = atomic_load(said);

		/* What was committed is there; one more may be, that was not yet said. */
		ck_assert_msg(last == told || last == told + 1, "%llu after %llu",
			(unsigned long long)last, (unsigned long long)told);
		atomic_store(said, last);
		pid_t pid = fork();

		if (pid == 0) {
			leave_check(sup_image_fd(im));
			write_batches(im, last + 1, said);
		}
		ck_assert_int_gt(pid, 0);
		/* Every other one has done something, however late it was begun. */
		while (i % 2 && atomic_load(said) < last + 2)
			(void)sched_yield();
		int64_t until = nv_mono_ns() + rand_r(&seed) % 1000000;

		while (nv_mono_ns() < until)
			;
		(void)kill(pid, SIGKILL);
		int status;

		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert(WIFSIGNALED(status));
		sup_image_free(im);
	}
	ck_assert_uint_ge(atomic_load(said), (uint64_t)kills / 2 * 2);
	(void)close(fd);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("image");
	TCase *tc = tcase_create("all");

	tcase_set_timeout(tc, 600);
	tcase_add_test(tc, test_records);
	tcase_add_test(tc, test_an_open_batch_is_not_there);
	tcase_add_test(tc, test_a_batch_that_moves_again_and_again);
	tcase_add_test(tc, test_each_in_order);
	tcase_add_test(tc, test_memory_is_given_back);
	tcase_add_test(tc, test_what_is_refused);
	tcase_add_test(tc, test_killed_at_any_moment);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
