/* What use costs, and what /proc says about a tree of processes that is known. */
#include "proc.h"
#include "resource.h"

#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* main.c of the engine has the real one. */
void
eng_ledger_trouble(struct eng *eng, const char *what)
{
	(void)eng;
	ck_abort_msg("%s", what);
	abort();
}

START_TEST(test_cost)
{
	static const struct {
		int64_t cpu_second;
		int64_t gib_hour;
		uint64_t cpu_us;
		uint64_t kib_s;
		int64_t nano;
	} table[] = {
		{0, 0, 1000000, 1000000, 0},
		{11600, 0, 1000000, 0, 11600},
		{11600, 0, 500000, 0, 5800},
		{11600, 0, 86, 0, 0}, /* below 10^-9: not yet */
		{11600, 0, 87, 0, 1},
		{0, 5300000, 0, UINT64_C(1048576) * 3600, 5300000},
		{0, 5300000, 0, UINT64_C(1048576) * 1800, 2650000},
		{1000000000, 5300000, 2000000, UINT64_C(1048576) * 3600, 2005300000},
		{INT64_MAX / 2, INT64_MAX / 2, UINT64_MAX, UINT64_MAX, NV_MONEY_MAX},
		{1000000000, 0, UINT64_MAX, 0, NV_MONEY_MAX},
	};

	for (size_t i = 0; i < NV_LEN(table); i++)
		ck_assert_int_eq(eng_resource_cost(table[i].cpu_second, table[i].gib_hour,
					 table[i].cpu_us, table[i].kib_s),
			table[i].nano);
}
END_TEST

/* However often it is booked in between, the parts add up to the whole. */
START_TEST(test_parts)
{
	unsigned seed = 7;

	for (int round = 0; round < 200; round++) {
		uint64_t cpu_us = 0;
		uint64_t kib_s = 0;
		int64_t booked = 0;
		int64_t price = rand_r(&seed) % 100000;

		for (int part = 0; part < 50; part++) {
			int64_t before = eng_resource_cost(price, price, cpu_us, kib_s);

			cpu_us += (uint64_t)rand_r(&seed) % 100000;
			kib_s += (uint64_t)rand_r(&seed) % 100000;
			booked += eng_resource_cost(price, price, cpu_us, kib_s) - before;
		}
		ck_assert_int_eq(booked, eng_resource_cost(price, price, cpu_us, kib_s));
	}
}
END_TEST

static pid_t
sleeper(int ready)
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid > 0)
		return pid;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (write(ready, "x", 1) != 1)
		_exit(1);
	for (;;)
		(void)pause();
}

START_TEST(test_tree)
{
	struct eng_procs procs = {0};
	struct eng_proc me;
	int32_t pids[64];
	int ready[2];
	char byte;
	uint32_t fds = 0;
	uint64_t pss = 0;

	ck_assert_int_eq(pipe(ready), 0);
	pid_t a = sleeper(ready[1]);
	pid_t b = sleeper(ready[1]);

	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	ck_assert_int_eq(eng_procs_scan(&procs), 0);
	size_t n = eng_procs_tree(&procs, getpid(), pids, NV_LEN(pids));

	ck_assert_uint_eq(n, 3);
	ck_assert_int_eq(pids[0], getpid());
	ck_assert((pids[1] == a && pids[2] == b) || (pids[1] == b && pids[2] == a));
	/* Taken once: another tree does not count them again. */
	ck_assert_uint_eq(eng_procs_tree(&procs, a, pids, NV_LEN(pids)), 0);
	ck_assert_ptr_nonnull(eng_procs_find(&procs, a));
	ck_assert_int_eq(eng_procs_find(&procs, a)->ppid, getpid());
	ck_assert_int_eq(eng_proc_read(getpid(), &me), 0);
	ck_assert_int_eq(me.ppid, getppid());
	ck_assert_uint_ge(me.threads, 1);
	ck_assert_uint_gt(me.rss_bytes, 100000);
	ck_assert_int_eq(eng_proc_fds(getpid(), &fds), 0);
	ck_assert_uint_ge(fds, 5);
	if (eng_proc_pss(getpid(), &pss) == 0)
		ck_assert_uint_gt(pss, 10000);
	(void)kill(a, SIGKILL);
	(void)kill(b, SIGKILL);
	(void)waitpid(a, NULL, 0);
	(void)waitpid(b, NULL, 0);
	ck_assert_int_lt(eng_proc_read(a, &me), 0);
	ck_assert_int_lt(eng_proc_fds(a, &fds), 0);
	(void)close(ready[0]);
	(void)close(ready[1]);
	eng_procs_fini(&procs);
}
END_TEST

START_TEST(test_no_cgroup)
{
	int32_t pids[4];
	uint64_t us;

	ck_assert_int_lt(eng_cgroup_pids("/no/such/cgroup", pids, 4), 0);
	ck_assert_int_lt(eng_cgroup_cpu("/no/such/cgroup", &us), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("resource");
	TCase *tc = tcase_create("resource");

	tcase_add_test(tc, test_cost);
	tcase_add_test(tc, test_parts);
	tcase_add_test(tc, test_tree);
	tcase_add_test(tc, test_no_cgroup);
	suite_add_tcase(suite, tc);

	SRunner *runner = srunner_create(suite);

	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
