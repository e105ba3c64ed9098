/* Who belongs to a tree, on invented and on real processes. */
#include "proctree.h"
#include "run_suite.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct pick {
	pid_t root;
	pid_t cut;
};

static int
is_root(void *arg, const struct sup_proc *p)
{
	const struct pick *pick = arg;

	if (p->pid == pick->cut)
		return -1;
	return p->pid == pick->root;
}

START_TEST(test_marks)
{
	/* 10 -> 11 -> 12 (zombie) -> 5; 10 -> 20 (cut) -> 21; 30 is a stranger. */
	struct sup_proc list[] = {{.pid = 5, .ppid = 12, .state = 'S'},
		{.pid = 10, .ppid = 1, .state = 'S'},
		{.pid = 11, .ppid = 10, .state = 'R'},
		{.pid = 12, .ppid = 11, .state = 'Z'},
		{.pid = 20, .ppid = 10, .state = 'S'},
		{.pid = 21, .ppid = 20, .state = 'S'},
		{.pid = 30, .ppid = 1, .state = 'S'}};
	struct pick pick = {.root = 10, .cut = 20};

	ck_assert_uint_eq(sup_proctree_mark(list, NV_LEN(list), is_root, &pick), 3);
	ck_assert(list[0].member && list[1].member && list[2].member);
	ck_assert(
		!list[3].member && !list[4].member && !list[5].member && !list[6].member);
}
END_TEST

static struct sup_proc
find(pid_t pid)
{
	size_t n = 0;
	const struct sup_proc *list = sup_proctree_scan(&n);

	ck_assert_ptr_nonnull(list);
	for (size_t i = 0; i < n; i++) {
		if (list[i].pid == pid)
			return list[i];
	}
	return (struct sup_proc){0};
}

START_TEST(test_scan_sees_real_ones)
{
	struct sup_proc self = find(getpid());

	ck_assert_int_eq(self.ppid, getppid());
	ck_assert_int_eq(self.pgid, getpgrp());
	ck_assert_int_eq(self.sid, getsid(0));
	int ready[2];

	ck_assert_int_eq(pipe(ready), 0);
	pid_t child = fork();

	if (child == 0) {
		(void)setsid();
		(void)!write(ready[1], "x", 1);
		for (;;)
			(void)pause();
	}
	char c;

	ck_assert_int_eq(read(ready[0], &c, 1), 1);
	struct sup_proc p = find(child);

	ck_assert_int_eq(p.ppid, getpid());
	ck_assert_int_eq(p.sid, child);
	struct stat st;

	ck_assert_int_eq(fstat(ready[0], &st), 0);
	ck_assert(sup_proctree_has_pipe(child, st.st_ino));
	ck_assert(!sup_proctree_has_pipe(child, st.st_ino + 1));
	(void)kill(child, SIGKILL);
	siginfo_t info;

	ck_assert_int_eq(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
	ck_assert_int_eq(find(child).state, 'Z');
	(void)waitpid(child, NULL, 0);
	ck_assert_int_eq(find(child).pid, 0);
}
END_TEST

START_TEST(test_environment_is_matched_whole)
{
	/* The environment a process was started with: our own, as ctest or make gave it.
	 */
	const char *path = getenv("PATH");
	char entry[8192];

	ck_assert_ptr_nonnull(path);
	(void)snprintf(entry, sizeof(entry), "PATH=%s", path);
	ck_assert(sup_proctree_has_env(getpid(), entry));
	entry[strlen(entry) - 1] = '\0';
	ck_assert(!sup_proctree_has_env(getpid(), entry));
	ck_assert(!sup_proctree_has_env(getpid(), "ATH="));
	ck_assert(!sup_proctree_has_env(-1, "PATH="));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("proctree");
	TCase *tc = tcase_create("all");

	tcase_add_test(tc, test_marks);
	tcase_add_test(tc, test_scan_sees_real_ones);
	tcase_add_test(tc, test_environment_is_matched_whole);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
