/* What touches the system: descriptors and files, paths, the log line, and the title of a
 * real process as /proc shows it. */
#include "nv_fd.h"
#include "nv_log.h"
#include "nv_paths.h"
#include "nv_title.h"
#include "run_suite.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[100];

static void
setup(void)
{
	(void)snprintf(dir, sizeof(dir), "/tmp/nova-sys-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void
teardown(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		(void)execlp("rm", "rm", "-rf", dir, (char *)NULL);
		_exit(127);
	}
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

static const char *
path_of(const char *name)
{
	static char path[4][300];
	static unsigned turn;
	char *p = path[turn++ % 4];

	(void)snprintf(p, sizeof(path[0]), "%s/%s", dir, name);
	return p;
}

START_TEST(test_pipe)
{
	int in;
	int out;
	char buf[10];

	ck_assert_int_eq(nv_pipe(&in, &out, 0), 0);
	ck_assert_int_eq(fcntl(in, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	ck_assert_int_eq(fcntl(out, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	ck_assert_int_eq(nv_fd_set_cloexec(in, false), 0);
	ck_assert_int_eq(fcntl(in, F_GETFD) & FD_CLOEXEC, 0);
	ck_assert_int_eq(nv_fd_set_nonblock(in, true), 0);
	ck_assert_int_eq(nv_read_full(in, buf, 1), -EAGAIN);
	ck_assert_int_eq(nv_fd_set_nonblock(in, false), 0);
	ck_assert_int_eq(nv_write_full(out, "abc", 3), 0);
	ck_assert_int_eq(nv_read_full(in, buf, 3), 3);
	nv_fd_close(&in);
	nv_fd_close(&out);
}
END_TEST

START_TEST(test_ownership)
{
	int in;
	int out;
	char buf[10];

	ck_assert_int_eq(nv_pipe(&in, &out, 65536), 0);
	ck_assert_int_eq(nv_write_full(out, "abc", 3), 0);
	int kept = out;
	int taken = nv_fd_steal(&out);

	ck_assert_int_eq(taken, kept);
	ck_assert_int_eq(out, -1);
	nv_fd_close(&out); /* nothing to do */
	errno = 77;
	nv_fd_close(&taken);
	ck_assert_int_eq(errno, 77);
	ck_assert_int_eq(taken, -1);
	ck_assert_int_eq(fcntl(kept, F_GETFD), -1);
	/* The rest, and then the end of file: a short count. */
	ck_assert_int_eq(nv_read_full(in, buf, sizeof(buf)), 3);
	ck_assert_int_eq(nv_read_full(in, buf, sizeof(buf)), 0);
	nv_fd_close(&in);
	ck_assert_int_eq(nv_read_full(-1, buf, 1), -EBADF);
	ck_assert_int_eq(nv_write_full(-1, buf, 1), -EBADF);
	ck_assert_int_eq(nv_fd_set_nonblock(-1, true), -EBADF);
}
END_TEST

START_TEST(test_short_writes)
{
	/* A pipe takes a large buffer in pieces. */
	static char big[300000];
	static char back[sizeof(big)];
	int in;
	int out;

	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (char)(i * 31);
	ck_assert_int_eq(nv_pipe(&in, &out, 0), 0);
	pid_t pid = fork();

	if (pid == 0)
		_exit(nv_write_full(out, big, sizeof(big)) == 0 ? 0 : 1);
	nv_fd_close(&out);
	ck_assert_int_eq(nv_read_full(in, back, sizeof(back)), (ssize_t)sizeof(back));
	ck_assert_mem_eq(big, back, sizeof(big));
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	nv_fd_close(&in);
}
END_TEST

START_TEST(test_files)
{
	char *text = NULL;
	size_t bytes = 0;
	struct stat st;
	static char big[10000];

	ck_assert_int_eq(nv_write_file_atomic(path_of("f"), "a\0b", 3, 0640), 0);
	ck_assert_int_eq(nv_read_file_at(AT_FDCWD, path_of("f"), 3, &text, &bytes), 0);
	ck_assert_uint_eq(bytes, 3);
	ck_assert_mem_eq(text, "a\0b", 4);
	free(text);
	ck_assert_int_eq(nv_read_file_at(AT_FDCWD, path_of("f"), 2, &text, NULL), -EFBIG);
	ck_assert_int_eq(
		nv_read_file_at(AT_FDCWD, path_of("no"), 2, &text, NULL), -ENOENT);
	ck_assert_int_eq(nv_read_file_at(AT_FDCWD, dir, 2, &text, NULL), -EISDIR);
	ck_assert_int_eq(
		nv_read_file_at(AT_FDCWD, "/dev/zero", 1 << 20, &text, NULL), -EFBIG);
	memset(big, 'x', sizeof(big));
	/* The sizes around the steps by which the buffer grows. */
	for (size_t n = 4090; n < 4100; n++) {
		ck_assert_int_eq(nv_write_file_atomic(path_of("f"), big, n, 0640), 0);
		ck_assert_int_eq(
			nv_read_file_at(AT_FDCWD, path_of("f"), n, &text, &bytes), 0);
		ck_assert_uint_eq(bytes, n);
		ck_assert_uint_eq(strlen(text), n);
		free(text);
		ck_assert_int_eq(
			nv_read_file_at(AT_FDCWD, path_of("f"), n - 1, &text, &bytes),
			-EFBIG);
	}
	ck_assert_int_eq(stat(path_of("f"), &st), 0);
	ck_assert_int_eq(nv_write_file_atomic(path_of("no/f"), "x", 1, 0640), -ENOENT);
	/* A failure leaves the old file and no new one beside it. */
	ck_assert_int_eq(mkdir(path_of("d"), 0755), 0);
	ck_assert_int_lt(nv_write_file_atomic(path_of("d"), "x", 1, 0640), 0);
	char beside[400];

	(void)snprintf(beside, sizeof(beside), "%s.new.%d", path_of("d"), (int)getpid());
	ck_assert_int_lt(access(beside, F_OK), 0);
}
END_TEST

START_TEST(test_mkdir)
{
	struct stat st;

	ck_assert_int_eq(nv_mkdir_p(path_of("a/b/c"), 0700), 0);
	ck_assert_int_eq(nv_mkdir_p(path_of("a/b/c"), 0700), 0);
	ck_assert_int_eq(nv_mkdir_p(path_of("a/b/c/"), 0700), 0);
	ck_assert_int_eq(stat(path_of("a/b/c"), &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0700);
	ck_assert_int_eq(nv_write_file_atomic(path_of("a/f"), "", 0, 0600), 0);
	ck_assert_int_eq(nv_mkdir_p(path_of("a/f"), 0700), -ENOTDIR);
	ck_assert_int_eq(nv_mkdir_p(path_of("a/f/g"), 0700), -ENOTDIR);
	ck_assert_int_eq(nv_mkdir_p("", 0700), -ENAMETOOLONG);
}
END_TEST

/* ---- paths ---- */

START_TEST(test_paths)
{
	struct nv_paths p;
	struct nv_err err = {.text = ""};
	char cwd[NV_PATH_MAX];
	char wanted[2 * NV_PATH_MAX];
	static char huge[NV_PATH_MAX + 10];

	(void)unsetenv("NOVA_STATE_DIR");
	ck_assert_int_eq(setenv("NOVA_RUN_DIR", "/env/run", 1), 0);
	ck_assert_int_eq(setenv("NOVA_LOG_DIR", "", 1), 0);
	ck_assert_int_eq(setenv("NOVA_CONFIG", "/env/nova.yaml", 1), 0);
	ck_assert_ptr_nonnull(getcwd(cwd, sizeof(cwd)));
	ck_assert_int_eq(
		nv_paths_resolve(&p, "sub/nova.yaml", "/s", NULL, NULL, &err), 0);
	(void)snprintf(wanted, sizeof(wanted), "%s/sub/nova.yaml", cwd);
	ck_assert_str_eq(p.config, wanted);
	ck_assert_str_eq(p.state_dir, "/s");
	ck_assert_str_eq(p.run_dir, "/env/run");
	ck_assert_int_eq(p.log_dir[0], '/');
	ck_assert_int_eq(p.bin_dir[0], '/');
	memset(huge, 'x', sizeof(huge) - 1);
	huge[0] = '/';
	ck_assert_int_eq(
		nv_paths_resolve(&p, huge, NULL, NULL, NULL, &err), -ENAMETOOLONG);
	ck_assert_int_ne(err.text[0], '\0');
}
END_TEST

START_TEST(test_paths_unprivileged)
{
	struct nv_paths p;
	struct nv_err err = {.text = ""};
	static const char *const variables[] = {"NOVA_CONFIG", "NOVA_STATE_DIR",
		"NOVA_RUN_DIR", "NOVA_LOG_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME",
		"XDG_STATE_HOME", "XDG_RUNTIME_DIR"};

	for (size_t i = 0; i < NV_LEN(variables); i++)
		(void)unsetenv(variables[i]);
	bool root = geteuid() == 0;

	if (root)
		ck_assert_int_eq(seteuid(65534), 0);
	ck_assert_int_eq(setenv("HOME", "/home/x", 1), 0);
	ck_assert_int_eq(nv_paths_resolve(&p, NULL, NULL, NULL, NULL, &err), 0);
	ck_assert_str_eq(p.config, "/home/x/.config/nova/nova.yaml");
	ck_assert_str_eq(p.state_dir, "/home/x/.local/share/nova");
	ck_assert_str_eq(p.run_dir, "/home/x/.local/state/nova/run");
	ck_assert_str_eq(p.log_dir, "/home/x/.local/state/nova/log");
	ck_assert_int_eq(setenv("XDG_RUNTIME_DIR", "/run/user/1", 1), 0);
	ck_assert_int_eq(setenv("XDG_CONFIG_HOME", "relative", 1), 0);
	ck_assert_int_eq(setenv("XDG_DATA_HOME", "/data", 1), 0);
	ck_assert_int_eq(nv_paths_resolve(&p, NULL, NULL, NULL, NULL, &err), 0);
	ck_assert_str_eq(p.run_dir, "/run/user/1/nova");
	ck_assert_str_eq(p.config, "/home/x/.config/nova/nova.yaml");
	ck_assert_str_eq(p.state_dir, "/data/nova");
	(void)unsetenv("HOME");
	ck_assert_int_eq(nv_paths_resolve(&p, NULL, NULL, NULL, NULL, &err), -ENOENT);
	if (root)
		ck_assert_int_eq(seteuid(0), 0);
}
END_TEST

/* ---- log ---- */

START_TEST(test_log)
{
	NV_CLEANUP_FD in = -1;
	int out;
	char text[4000] = "";
	char huge[3000];
	int saved = dup(STDERR_FILENO);

	ck_assert_int_eq(nv_pipe(&in, &out, 0), 0);
	ck_assert_int_ge(dup2(out, STDERR_FILENO), 0);
	nv_fd_close(&out);
	ck_assert_int_eq(setenv("NOVA_LOG_LEVEL", "warn", 1), 0);
	nv_log_init("nova-test");
	errno = 42;
	nv_info("not shown");
	nv_warn("two\nlines \x1b[31m %d", 7);
	ck_assert_int_eq(errno, 42);
	memset(huge, '\x01', sizeof(huge) - 1);
	huge[sizeof(huge) - 1] = '\0';
	nv_error("%s", huge);
	ck_assert_int_ge(dup2(saved, STDERR_FILENO), 0);
	nv_fd_close(&saved);
	ck_assert_int_gt(nv_read_full(in, text, sizeof(text) - 1), 0);
	char *second = strchr(text, '\n');

	ck_assert_ptr_nonnull(second);
	*second++ = '\0';
	char wanted[100];

	(void)snprintf(wanted, sizeof(wanted),
		"warn nova-test[%d]: two\\x0alines \\x1b[31m 7", (int)getpid());
	ck_assert_ptr_nonnull(strstr(text, wanted));
	ck_assert_ptr_eq(strchr(second, '\n'), second + strlen(second) - 1);
	ck_assert_uint_le(strlen(second), 2048);
}
END_TEST

/* ---- title: this program again, as a process of its own ---- */

static int
title_main(int argc, char **argv, const char *title)
{
	char first[20];

	nv_title_init(argc, argv);
	nv_title_set("%s", title);
	/* argv and the environment still read as they were. */
	bool same = strcmp(argv[1], "--title") == 0 && getenv("TITLE_TEST") &&
		    strcmp(getenv("TITLE_TEST"), "kept") == 0;

	(void)snprintf(first, sizeof(first), "%s", same ? "y" : "n");
	if (write(STDOUT_FILENO, first, 1) != 1)
		return 1;
	(void)pause(); /* the test ends it */
	return 0;
}

static void
check_title(const char *title, const char *shown)
{
	int in;
	int out;
	char ready = 0;
	char path[64];
	char *text = NULL;
	size_t bytes = 0;

	ck_assert_int_eq(nv_pipe(&in, &out, 0), 0);
	pid_t pid = fork();

	if (pid == 0) {
		ck_assert_int_ge(dup2(out, STDOUT_FILENO), 0);
		(void)setenv("TITLE_TEST", "kept", 1);
		(void)execl("/proc/self/exe", "test_nv_system", "--title", title,
			(char *)NULL);
		_exit(127);
	}
	nv_fd_close(&out);
	ck_assert_int_eq(nv_read_full(in, &ready, 1), 1);
	(void)snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	ck_assert_int_eq(nv_read_file_at(AT_FDCWD, path, 65536, &text, &bytes), 0);
	(void)snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	char *comm = NULL;

	ck_assert_int_eq(nv_read_file_at(AT_FDCWD, path, 65536, &comm, NULL), 0);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	nv_fd_close(&in);
	ck_assert_int_eq(ready, 'y');
	ck_assert_str_eq(text, shown);
	/* Nothing of the old arguments behind the title. */
	for (size_t i = strlen(text); i < bytes; i++)
		ck_assert_int_eq(text[i], '\0');
	ck_assert_str_eq(comm, "exe\n");
	free(text);
	free(comm);
}

START_TEST(test_title)
{
	char longer[400];

	check_title("nova: w#1 up 3d2h roi 212%", "nova: w#1 up 3d2h roi 212%");
	check_title("x", "x");
	/* Longer than the arguments: it goes on where the environment was. */
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	check_title(longer, longer);
}
END_TEST

START_TEST(test_title_without_init)
{
	nv_title_set("nothing to write to");
	nv_title_init(0, NULL);
	nv_title_set("still nothing");
}
END_TEST

int
main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "--title") == 0) {
		char title[600];

		(void)snprintf(title, sizeof(title), "%s", argv[2]);
		return title_main(argc, argv, title);
	}
	Suite *suite = suite_create("nv_system");
	TCase *files = tcase_create("files");
	TCase *tc = tcase_create("rest");

	tcase_add_checked_fixture(files, setup, teardown);
	tcase_add_test(files, test_files);
	tcase_add_test(files, test_mkdir);
	suite_add_tcase(suite, files);
	tcase_add_test(tc, test_ownership);
	tcase_add_test(tc, test_pipe);
	tcase_add_test(tc, test_short_writes);
	tcase_add_test(tc, test_paths);
	tcase_add_test(tc, test_paths_unprivileged);
	tcase_add_test(tc, test_log);
	tcase_add_test(tc, test_title);
	tcase_add_test(tc, test_title_without_init);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
