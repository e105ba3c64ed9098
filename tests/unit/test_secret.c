/* Credentials directories: granted whole or not at all, and removed whatever is in them.
 */
#include "nv_fd.h"
#include "run_suite.h"
#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char base[] = "/tmp/nova-secret.XXXXXX";
static char conf[64];
static char dir[128];

static void
put(const char *name, const char *text, mode_t mode)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/secrets/%s", conf, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(nv_write_full(fd, text, strlen(text)), 0);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	(void)close(fd);
}

static void
setup(void)
{
	char path[256];

	memcpy(strrchr(base, '.') + 1, "XXXXXX", 7);
	ck_assert_ptr_nonnull(mkdtemp(base));
	(void)snprintf(conf, sizeof(conf), "%s/etc", base);
	(void)snprintf(path, sizeof(path), "%s/secrets", conf);
	ck_assert_int_eq(nv_mkdir_p(path, 0700), 0);
	ck_assert_int_eq(sup_secret_path(dir, sizeof(dir), base, "w", 1), 0);
	put("good", "value", 0600);
	put("open", "value", 0644);
	put("empty", "", 0400);
	(void)snprintf(path, sizeof(path), "%s/secrets/link", conf);
	ck_assert_int_eq(symlink("good", path), 0);
	(void)snprintf(path, sizeof(path), "%s/secrets/fifo", conf);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
}

static void
teardown(void)
{
	sup_secret_remove_all(base);
	sup_secret_remove(base); /* removes any directory with all that is in it */
	ck_assert_int_ne(access(base, F_OK), 0);
}

static int
grant(char *const *names, size_t n, const char **failed)
{
	return sup_secret_grant(dir, conf, names, n, false, getuid(), getgid(), failed);
}

START_TEST(test_granted)
{
	char good[] = "good";
	char empty[] = "empty";
	char *names[] = {good, empty};
	const char *failed;
	char path[256];
	struct stat st;

	ck_assert_int_eq(grant(names, 2, &failed), 0);
	ck_assert_ptr_null(failed);
	ck_assert_int_eq(stat(dir, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0700);
	(void)snprintf(path, sizeof(path), "%s/good", dir);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0400);
	ck_assert_int_eq(st.st_size, 5);
	/* A second grant starts from nothing. */
	ck_assert_int_eq(grant(names + 1, 1, &failed), 0);
	ck_assert_int_ne(access(path, F_OK), 0);
	sup_secret_remove(dir);
	ck_assert_int_ne(access(dir, F_OK), 0);
}
END_TEST

START_TEST(test_refused)
{
	static const struct {
		const char *name;
		int rc;
	} cases[] = {{"open", -EPERM}, {"missing", -ENOENT}, {"link", -ELOOP},
		{"fifo", -EINVAL}, {"../etc/secrets/good", -EINVAL}, {"", -EINVAL}};

	for (size_t k = 0; k < NV_LEN(cases); k++) {
		char good[] = "good";
		char bad[64];
		char *names[] = {good, bad};
		const char *failed = NULL;

		(void)snprintf(bad, sizeof(bad), "%s", cases[k].name);
		ck_assert_int_eq(grant(names, 2, &failed), cases[k].rc);
		ck_assert_str_eq(failed, cases[k].name);
		ck_assert_int_ne(access(dir, F_OK), 0); /* not even the good one */
	}
}
END_TEST

START_TEST(test_removed_with_whatever_is_in_it)
{
	const char *failed;
	char path[256];

	ck_assert_int_eq(grant(NULL, 0, &failed), 0);
	(void)snprintf(path, sizeof(path), "%s/a/b/c", dir);
	ck_assert_int_eq(nv_mkdir_p(path, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/a/outside", dir);
	ck_assert_int_eq(symlink(conf, path), 0);
	sup_secret_remove(dir);
	ck_assert_int_ne(access(dir, F_OK), 0);
	(void)snprintf(path, sizeof(path), "%s/secrets/good", conf);
	ck_assert_int_eq(access(path, F_OK), 0); /* links are not followed */
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("secret");
	TCase *tc = tcase_create("all");

	tcase_add_unchecked_fixture(tc, NULL, NULL);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_granted);
	tcase_add_test(tc, test_refused);
	tcase_add_test(tc, test_removed_with_whatever_is_in_it);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
