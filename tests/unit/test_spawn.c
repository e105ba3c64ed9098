/* Starting programs: each way to make a process, each stage that can fail. */
#include "nv_fd.h"
#include "run_suite.h"
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char *const no_env[] = {NULL};

struct started {
	int status;
	char output[4096];
	struct sup_spawn_error error;
	int rc;
};

/* Run a shell script with its output on descriptors 1 and 2; way as given. */
static void
run(enum sup_spawn_way way, char *script, const struct sup_spawn *given,
	struct started *ret)
{
	char arg0[] = "sh";
	char arg1[] = "-c";
	char *argv[] = {arg0, arg1, script, NULL};
	char shell[] = "/bin/sh";
	char *candidates[] = {shell, NULL};
	NV_CLEANUP_FD null = open("/dev/null", O_RDWR | O_CLOEXEC);
	NV_CLEANUP_FD in = -1;
	NV_CLEANUP_FD out = -1;
	struct sup_spawn spawn = *given;
	pid_t pid = 0;
	int pidfd = -1;

	ck_assert_int_eq(nv_pipe(&in, &out, 0), 0);
	spawn.argv = argv;
	spawn.envp = no_env;
	if (!spawn.candidates)
		spawn.candidates = candidates;
	spawn.fds[0] = null;
	spawn.fds[1] = out;
	spawn.fds[2] = out;
	spawn.n_fds = 3;
	spawn.cgroup_fd = -1;
	sup_spawn_start_from(way);
	ret->rc = sup_spawn(&spawn, &pid, &pidfd, &ret->error);
	nv_fd_close(&out);
	ssize_t n = nv_read_full(in, ret->output, sizeof(ret->output) - 1);

	ret->output[NV_MAX(n, 0)] = '\0';
	if (ret->rc < 0) {
		ck_assert_int_eq(waitpid(-1, NULL, 0), -1); /* no process is left */
		ck_assert_int_eq(errno, ECHILD);
		return;
	}
	ck_assert_int_eq(waitpid(pid, &ret->status, 0), pid);
	nv_fd_close(&pidfd);
}

START_TEST(test_each_way)
{
	static const enum sup_spawn_way ways[] = {
		SUP_SPAWN_CLONE3_CGROUP, SUP_SPAWN_CLONE3, SUP_SPAWN_CLONE};
	struct started r;

	for (size_t k = 0; k < NV_LEN(ways); k++) {
		for (int again = 0; again < 3; again++) {
			struct sup_spawn s = {.directory = "/"};

			run(ways[k], (char[]){"echo hello from $$; pwd; exit 7"}, &s, &r);
			ck_assert_int_eq(r.rc, 0);
			ck_assert_int_eq(r.status, 7 << 8);
			ck_assert_ptr_nonnull(strstr(r.output, "hello from "));
			ck_assert_ptr_nonnull(strstr(r.output, "\n/\n"));
		}
	}
}
END_TEST

START_TEST(test_stages)
{
	char missing[] = "/no/such/program";
	char not_executable[] = "/etc/passwd";
	char good[] = "/bin/sh";
	char *first_missing[] = {missing, good, NULL};
	char *denied[] = {not_executable, NULL};
	char *denied_then_missing[] = {not_executable, missing, NULL};
	char *only_missing[] = {missing, NULL};
	const struct {
		struct sup_spawn spawn;
		enum sup_stage stage;
		int error;
	} cases[] = {
		{{.candidates = only_missing}, SUP_STAGE_EXEC, ENOENT},
		{{.candidates = denied}, SUP_STAGE_EXEC, EACCES},
		{{.candidates = denied_then_missing}, SUP_STAGE_EXEC, EACCES},
		{{.candidates = first_missing}, SUP_STAGE_NONE, 0},
		{{.directory = "/no/such/dir"}, SUP_STAGE_DIRECTORY, ENOENT},
		{{.n_joins = 1, .join_fds = {-1}}, SUP_STAGE_CGROUP, EBADF},
		{{.n_limits = 1, .limits = {{999, {1, 1}}}}, SUP_STAGE_LIMITS, EINVAL},
	};
	struct started r;

	for (enum sup_spawn_way way = SUP_SPAWN_CLONE3; way <= SUP_SPAWN_CLONE; way++) {
		for (size_t k = 0; k < NV_LEN(cases); k++) {
			struct sup_spawn s = cases[k].spawn;

			run(way, (char[]){"exit 0"}, &s, &r);
			ck_assert_msg(r.error.stage == cases[k].stage,
				"case %zu: stage %s", k, sup_stage_name(r.error.stage));
			ck_assert_int_eq(r.error.error, cases[k].error);
			ck_assert_int_eq(r.rc, -cases[k].error);
		}
	}
}
END_TEST

START_TEST(test_signals_are_as_new)
{
	struct sup_spawn s = {0};
	struct started r;
	sigset_t mask;

	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGUSR1, SIG_IGN);
	(void)sigemptyset(&mask);
	(void)sigaddset(&mask, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &mask, NULL);
	run(SUP_SPAWN_CLONE3,
		(char[]){"grep -E 'SigBlk|SigIgn' /proc/self/status; kill -TERM $$"}, &s,
		&r);
	ck_assert_ptr_nonnull(strstr(r.output, "SigBlk:\t0000000000000000"));
	ck_assert_ptr_nonnull(strstr(r.output, "SigIgn:\t0000000000000000"));
	ck_assert(WIFSIGNALED(r.status) && WTERMSIG(r.status) == SIGTERM);
	/* The parent's own are as they were. */
	ck_assert_ptr_eq((void *)signal(SIGUSR1, SIG_DFL), (void *)SIG_IGN);
	(void)sigprocmask(SIG_UNBLOCK, NULL, &mask);
	ck_assert_int_eq(sigismember(&mask, SIGTERM), 1);
}
END_TEST

START_TEST(test_nothing_else_is_inherited)
{
	struct sup_spawn s = {0};
	struct started r;
	int open_one = dup(STDERR_FILENO); /* not close-on-exec */

	ck_assert_int_ge(open_one, 3);
	run(SUP_SPAWN_CLONE3, (char[]){"ls /proc/$$/fd | tr '\\n' ' '; env"}, &s, &r);
	/* 0 1 2, and perhaps the directory that ls or the shell itself has open. */
	char expected[16];

	(void)snprintf(expected, sizeof(expected), " %d ", open_one);
	ck_assert_msg(strncmp(r.output, "0 1 2 ", 6) == 0, "%s", r.output);
	ck_assert_ptr_null(strstr(r.output, expected));
	ck_assert_ptr_null(strstr(r.output, "HOME="));
	(void)close(open_one);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("spawn");
	TCase *tc = tcase_create("all");

	tcase_add_test(tc, test_each_way);
	tcase_add_test(tc, test_stages);
	tcase_add_test(tc, test_signals_are_as_new);
	tcase_add_test(tc, test_nothing_else_is_inherited);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
