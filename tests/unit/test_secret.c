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
	ck_assert_int_eq(nv_mkdir_p(path, 0755), 0);
	ck_assert_int_eq(sup_secret_path(dir, sizeof(dir), base, "w", 1), 0);
	put("good", "value", 0600);
	put("open", "value", 0644);
	put("empty", "", 0400);
	(void)snprintf(path, sizeof(path), "%s/secrets/link", conf);
	ck_assert_int_eq(symlink("good", path), 0);
	/* As kubelet lays a Secret out: NAME -> ..data/NAME, ..data -> ..TIME. */
	(void)snprintf(path, sizeof(path), "%s/secrets/..2026", conf);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	put("..2026/mounted", "value", 0400);
	(void)snprintf(path, sizeof(path), "%s/secrets/..data", conf);
	ck_assert_int_eq(symlink("..2026", path), 0);
	(void)snprintf(path, sizeof(path), "%s/secrets/mounted", conf);
	ck_assert_int_eq(symlink("..data/mounted", path), 0);
	(void)snprintf(path, sizeof(path), "%s/secrets/out", conf);
	ck_assert_int_eq(symlink("../secrets/good", path), 0);
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
	const struct sup_secret_places places = {.conf_dir = conf, .run_dir = base};

	return sup_secret_grant(
		dir, &places, names, n, false, getuid(), getgid(), failed);
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
	} cases[] = {{"open", -EPERM}, {"missing", -ENOENT}, {"out", -ELOOP},
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

/* What a compose file mounts is open to all, so the directory must not be. */
START_TEST(test_open_file_in_a_closed_directory)
{
	static const struct {
		mode_t dir, file;
		int rc;
	} cases[] = {{0700, 0644, 0}, {0700, 0444, 0}, {0755, 0444, -EPERM},
		{0701, 0444, -EPERM}, {0700, 0666, -EPERM}, {0700, 0620, -EPERM},
		{0755, 0600, 0}};

	for (size_t k = 0; k < NV_LEN(cases); k++) {
		char open[] = "open";
		char *names[] = {open};
		const char *failed;
		char path[256];

		(void)snprintf(path, sizeof(path), "%s/secrets", conf);
		put("open", "value", cases[k].file);
		ck_assert_int_eq(chmod(path, cases[k].dir), 0);
		int rc = grant(names, 1, &failed);

		ck_assert_msg(rc == cases[k].rc, "case %zu: %d", k, rc);
	}
}
END_TEST

START_TEST(test_links_below_are_followed)
{
	char link[] = "link";
	char mounted[] = "mounted";
	char *names[] = {link, mounted};
	const char *failed;
	char path[256];
	struct stat st;

	ck_assert_int_eq(grant(names, 2, &failed), 0);
	(void)snprintf(path, sizeof(path), "%s/mounted", dir);
	ck_assert_int_eq(lstat(path, &st), 0);
	ck_assert(S_ISREG(st.st_mode));
	ck_assert_int_eq(st.st_size, 5);
}
END_TEST

/* Runs as an account of the group's, as a container does; needs root to become one. */
START_TEST(test_roots_file_for_our_group)
{
	static const struct {
		mode_t mode;
		uid_t uid;
		gid_t gid;
		int rc;
	} cases[] = {{0440, 0, 990, 0}, {0444, 0, 990, -EPERM}, {0460, 0, 990, -EPERM},
		{0440, 0, 991, -EACCES}, {0440, 990, 990, -EPERM}, {0400, 990, 990, 0}};

	if (geteuid() != 0)
		return;
	for (size_t k = 0; k < NV_LEN(cases); k++) {
		char name[] = "good";
		char *names[] = {name};
		const char *failed = NULL;
		char path[256];

		put("good", "value", 0600);
		(void)snprintf(path, sizeof(path), "%s/secrets/good", conf);
		ck_assert_int_eq(chown(path, cases[k].uid, cases[k].gid), 0);
		ck_assert_int_eq(chmod(path, cases[k].mode), 0);
		(void)snprintf(path, sizeof(path), "%s/secrets", conf);
		ck_assert_int_eq(chmod(path, 0755), 0);
		ck_assert_int_eq(chmod(base, 0777), 0);
		ck_assert_int_eq(setegid(990), 0);
		ck_assert_int_eq(seteuid(990), 0);
		const struct sup_secret_places places = {
			.conf_dir = conf, .run_dir = base};
		int rc = sup_secret_grant(
			dir, &places, names, 1, false, 990, 990, &failed);

		sup_secret_remove_all(base);
		ck_assert_int_eq(seteuid(0), 0);
		ck_assert_int_eq(setegid(0), 0);
		ck_assert_msg(rc == cases[k].rc, "case %zu: %d", k, rc);
	}
}
END_TEST

static int
take(const char *text, struct nv_err *err)
{
	if (text)
		ck_assert_int_eq(setenv("NOVA_SECRETS", text, 1), 0);
	*err = (struct nv_err){0};
	return sup_secret_take(base, err);
}

START_TEST(test_taken_from_the_environment)
{
	char key[] = "stripe_api_key";
	char other[] = "other";
	char good[] = "good";
	char *names[] = {key, other, good};
	const char *failed;
	char path[256];
	char text[16] = "";
	struct nv_err err;
	struct stat st;

	ck_assert_int_eq(take("# of the fleet\nSTRIPE_API_KEY=sk_1\nother='a b'\n"
			      "good=not this one\nempty_one=\n",
				 &err),
		0);
	ck_assert_ptr_null(getenv("NOVA_SECRETS"));
	(void)snprintf(path, sizeof(path), "%s/secrets", base);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0700);
	(void)snprintf(path, sizeof(path), "%s/secrets/empty_one", base);
	ck_assert_int_ne(access(path, F_OK), 0);
	ck_assert_int_eq(grant(names, 3, &failed), 0);
	(void)snprintf(path, sizeof(path), "%s/stripe_api_key", dir);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	ck_assert_int_eq(nv_read_full(fd, text, sizeof(text) - 1), 4);
	(void)close(fd);
	ck_assert_str_eq(text, "sk_1");
	(void)snprintf(path, sizeof(path), "%s/good", dir);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_size, 5); /* a file beside the configuration comes first */
	/* The next fleet has none. */
	ck_assert_int_eq(take(NULL, &err), 0);
	ck_assert_int_eq(grant(names, 1, &failed), -ENOENT);
}
END_TEST

START_TEST(test_nothing_of_a_bad_variable_is_taken)
{
	static const char *const cases[] = {"a=secret1\nsecret2\n",
		"a=secret1\na=secret2\n", "a=secret1\nA=secret2\n", "a=\"secret1\n",
		"_a=secret1\n", "a.b=secret1\n"};

	for (size_t k = 0; k < NV_LEN(cases); k++) {
		struct nv_err err;
		char path[256];

		ck_assert_int_lt(take(cases[k], &err), 0);
		ck_assert_ptr_null(strstr(err.text, "secret1"));
		ck_assert_ptr_null(strstr(err.text, "secret2"));
		ck_assert_ptr_nonnull(strstr(err.text, "NOVA_SECRETS"));
		ck_assert_ptr_null(getenv("NOVA_SECRETS"));
		(void)snprintf(path, sizeof(path), "%s/secrets", base);
		ck_assert_int_ne(access(path, F_OK), 0);
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
	tcase_add_test(tc, test_open_file_in_a_closed_directory);
	tcase_add_test(tc, test_links_below_are_followed);
	tcase_add_test(tc, test_roots_file_for_our_group);
	tcase_add_test(tc, test_taken_from_the_environment);
	tcase_add_test(tc, test_nothing_of_a_bad_variable_is_taken);
	tcase_add_test(tc, test_removed_with_whatever_is_in_it);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
