/* The last step of a restore: killed before any of its calls, and then done by whoever
 * comes next, it ends with all of the new state and all of the old one beside. The calls
 * that change something are interposed by the definitions in this file. */
#include "nv_restore.h"

#include "run_suite.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static long countdown; /* 0: nothing is killed */
static bool no_rename; /* of what stands in the state */

static void
step(void)
{
	if (countdown > 0 && --countdown == 0)
		(void)kill(getpid(), SIGKILL);
}

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): libc's names are
 * reserved */
int
renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	step();
	if (no_rename) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, 0);
}

int
unlinkat(int dir, const char *name, int flags)
{
	step();
	return (int)syscall(SYS_unlinkat, dir, name, flags);
}

int
mkdirat(int dir, const char *name, mode_t mode)
{
	step();
	return (int)syscall(SYS_mkdirat, dir, name, mode);
}

int
fsync(int fd)
{
	step();
	return (int)syscall(SYS_fsync, fd);
}
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */

static char dir[] = "/tmp/nova-restore.XXXXXX";

static const char *
in(const char *name)
{
	static char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void
put(const char *name, const char *text)
{
	FILE *f = fopen(in(name), "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
}

static void
check_is(const char *name, const char *text)
{
	char got[64] = "";
	FILE *f = fopen(in(name), "r");

	ck_assert_msg(f != NULL, "%s is missing", name);
	got[fread(got, 1, sizeof(got) - 1, f)] = '\0';
	(void)fclose(f);
	ck_assert_str_eq(got, text);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static int
give_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	struct stat top;

	(void)st;
	(void)type;
	(void)at;
	return stat(dir, &top) < 0 ? -1 : chown(path, top.st_uid, top.st_gid);
}

static void
make_state(void)
{
	memcpy(dir + sizeof(dir) - 7, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(mkdir(in("ledger"), 0700), 0);
	put("ledger/ledger.mdb", "old");
	put("tokens", "old");
	put("cache", "old");
	put("stays", "old");
	ck_assert_int_eq(mkdir(in(NV_RESTORE_READY), 0700), 0);
	ck_assert_int_eq(mkdir(in(NV_RESTORE_READY "/ledger"), 0700), 0);
	put(NV_RESTORE_READY "/ledger/ledger.mdb", "new");
	put(NV_RESTORE_READY "/tokens", "new");
	put(NV_RESTORE_READY "/fresh", "new");
	put(NV_RESTORE_READY "/absent.cache", "");
	put(NV_RESTORE_READY "/absent.never", "");
	put(NV_RESTORE_READY "/before", "before-then");
}

static void
remove_state(void)
{
	ck_assert_int_eq(nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static void
check_new(void)
{
	check_is("ledger/ledger.mdb", "new");
	check_is("tokens", "new");
	check_is("fresh", "new");
	check_is("stays", "old");
	check_is("before-then/ledger/ledger.mdb", "old");
	check_is("before-then/tokens", "old");
	check_is("before-then/cache", "old");
	ck_assert_int_lt(access(in("cache"), F_OK), 0);
	ck_assert_int_lt(access(in(NV_RESTORE_READY), F_OK), 0);
}

static int
finish_as(long kill_at, uid_t uid)
{
	struct nv_err err = {0};
	char before[NV_RESTORE_NAME];
	int status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		if (uid != 0 && setuid(uid) < 0)
			_exit(101);
		countdown = kill_at;
		int rc = nv_restore_finish(dir, before, &err);

		_exit(rc < 0 ? 100 : rc);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int
finish(long kill_at)
{
	return finish_as(kill_at, 0);
}

START_TEST(killed_anywhere)
{
	long n = 0;
	int status;

	do {
		make_state();
		status = finish(++n);
		if (status < 0) {
			int again = finish(0);

			/* 0: only its own traces were left. */
			ck_assert_msg(again == 0 || again == 1, "step %ld: %d", n, again);
		}
		check_new();
		remove_state();
	} while (status < 0);
	ck_assert_int_eq(status, 1);
	ck_assert_int_gt(n, 15);
}
END_TEST

/* Killed again and again, a step further each time. */
START_TEST(killed_often)
{
	long n = 1;

	make_state();
	while (finish(n) < 0)
		n++;
	check_new();
	remove_state();
}
END_TEST

START_TEST(nothing_to_finish)
{
	struct nv_err err = {0};
	char before[NV_RESTORE_NAME];

	make_state();
	ck_assert_int_eq(finish(0), 1);
	ck_assert_int_eq(nv_restore_finish(dir, before, &err), 0);
	check_new();
	remove_state();
	ck_assert_int_eq(nv_restore_finish(dir, before, &err), 0); /* no state at all */
}
END_TEST

/* An empty state has nothing to be kept. */
START_TEST(into_nothing)
{
	struct nv_err err = {0};
	char before[NV_RESTORE_NAME];

	memcpy(dir + sizeof(dir) - 7, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(mkdir(in(NV_RESTORE_READY), 0700), 0);
	put(NV_RESTORE_READY "/tokens", "new");
	put(NV_RESTORE_READY "/before", "before-then");
	ck_assert_int_eq(nv_restore_finish(dir, before, &err), 1);
	ck_assert_str_eq(before, "");
	check_is("tokens", "new");
	ck_assert_int_lt(access(in("before-then"), F_OK), 0);
	remove_state();
}
END_TEST

/* Root puts back what is somebody else's, is killed anywhere, and they go on. */
START_TEST(killed_as_root)
{
	enum { THEIRS = 54321 };
	struct stat st;
	long n = 0;
	int status = geteuid() == 0 ? -1 : 0;

	while (status < 0) {
		make_state();
		ck_assert_int_eq(chown(dir, THEIRS, THEIRS), 0);
		ck_assert_int_eq(nftw(dir, give_one, 8, FTW_PHYS), 0);
		status = finish(++n);
		if (status < 0) {
			int again = finish_as(0, THEIRS);

			ck_assert_msg(again == 0 || again == 1, "step %ld: %d", n, again);
		}
		check_new();
		ck_assert_int_eq(stat(in("before-then"), &st), 0);
		ck_assert_uint_eq(st.st_uid, THEIRS);
		remove_state();
	}
}
END_TEST

/* A name that cannot be moved away is not replaced. */
START_TEST(old_one_is_kept)
{
	make_state();
	no_rename = true;
	ck_assert_int_eq(finish(0), 100);
	no_rename = false;
	check_is("tokens", "old");
	check_is("ledger/ledger.mdb", "old");
	check_is(NV_RESTORE_READY "/tokens", "new");
	ck_assert_int_eq(finish(0), 1);
	check_new();
	remove_state();
}
END_TEST

static const char *const strange[] = {
	"", "then", "before-", "before-../x", "before-a/b", "../before-then"};

/* A directory of that name that somebody else made: nothing is moved. */
START_TEST(not_ours)
{
	struct nv_err err = {0};
	char before[NV_RESTORE_NAME];
	bool fine = strcmp(strange[_i], "before-") == 0;

	make_state();
	put(NV_RESTORE_READY "/before", strange[_i]);
	int rc = nv_restore_finish(dir, before, &err);

	ck_assert_int_eq(rc, fine ? 1 : -EBADMSG);
	if (!fine) {
		check_is("tokens", "old");
		ck_assert_ptr_nonnull(strstr(err.text, "is not what `novactl restore`"));
	}
	remove_state();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("nv_restore");
	TCase *tc = tcase_create("restore");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, killed_anywhere);
	tcase_add_test(tc, killed_often);
	tcase_add_test(tc, killed_as_root);
	tcase_add_test(tc, old_one_is_kept);
	tcase_add_test(tc, nothing_to_finish);
	tcase_add_test(tc, into_nothing);
	tcase_add_loop_test(tc, not_ours, 0, (int)NV_LEN(strange));
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
