/* Rotated files: compressed whole or not at all, and only as many as wanted. */
#include "nv_clock.h"
#include "nv_fd.h"
#include "run_suite.h"
#include "tidy.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#define T0 (INT64_C(1795356900) * NV_NS_PER_SEC) /* 2026-11-22T14:15:00Z */

static char dir[64];

static const char *
path_of(const char *name)
{
	static char path[300];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void
setup(void)
{
	(void)snprintf(dir, sizeof(dir), "/tmp/nova-tidy.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void
teardown(void)
{
	DIR *d = opendir(dir);

	for (const struct dirent *e; (e = readdir(d));) {
		if (e->d_name[0] != '.')
			(void)unlinkat(dirfd(d), e->d_name, 0);
	}
	(void)closedir(d);
	ck_assert_int_eq(rmdir(dir), 0);
}

static void
put(const char *name, const char *text)
{
	int fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(nv_write_full(fd, text, strlen(text)), 0);
	nv_fd_close(&fd);
}

static bool
there(const char *name)
{
	struct stat st;

	return lstat(path_of(name), &st) == 0;
}

static void
check_packed(const char *name, const char *text)
{
	char got[100] = "";
	gzFile f = gzopen(path_of(name), "re");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(gzdirect(f), 0);
	ck_assert_int_eq(gzread(f, got, sizeof(got) - 1), (int)strlen(text));
	ck_assert_int_eq(gzclose(f), Z_OK);
	ck_assert_str_eq(got, text);
}

static void
tidy(struct nv_log_policy policy)
{
	const struct log_tidy_job job = {.dir = dir,
		.worker = "w",
		.policy = policy,
		.now_ns = T0 + 60 * NV_NS_PER_SEC};

	ck_assert_int_eq(log_tidy(&job), 0);
}

START_TEST(test_compressed)
{
	struct stat st;

	put("w.log", "now\n");
	put("w.log.20261122T141501.000Z", "one\n");
	put("w.log.20261122T141502.000Z", "");
	put("ww.log.20261122T141502.000Z", "another's\n");
	tidy((struct nv_log_policy){.files_kept = 9, .compress = NV_LOG_COMPRESS_GZIP});
	check_packed("w.log.20261122T141501.000Z.gz", "one\n");
	check_packed("w.log.20261122T141502.000Z.gz", "");
	ck_assert(!there("w.log.20261122T141501.000Z"));
	ck_assert(there("w.log") && there("ww.log.20261122T141502.000Z"));
	ck_assert_int_eq(stat(path_of("w.log.20261122T141501.000Z.gz"), &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0640);
}
END_TEST

/* What a kill in the middle leaves: a part beside the old file, or both whole ones. */
START_TEST(test_after_a_kill)
{
	put("w.log.20261122T141501.000Z", "one\n");
	put("w.log.20261122T141501.000Z.gz.part", "torn");
	put("w.log.20261122T141500.000Z.gz.part", "its file is gone");
	put("w.log.20261122T141502.000Z", "two\n");
	put("w.log.20261122T141502.000Z.gz", "stands for the whole one");
	tidy((struct nv_log_policy){.files_kept = 9, .compress = NV_LOG_COMPRESS_GZIP});
	check_packed("w.log.20261122T141501.000Z.gz", "one\n");
	ck_assert(!there("w.log.20261122T141501.000Z.gz.part"));
	ck_assert(!there("w.log.20261122T141500.000Z.gz.part"));
	ck_assert(!there("w.log.20261122T141502.000Z"));
	ck_assert(there("w.log.20261122T141502.000Z.gz"));
}
END_TEST

START_TEST(test_kept)
{
	static const char *const names[] = {"w.log.20261122T141501.000Z",
		"w.log.20261122T141502.000Z", "w.log.20261122T141503.000Z",
		"w.log.20261122T141559.000Z"};
	static const struct {
		struct nv_log_policy policy;
		size_t left;
	} cases[] = {
		{{.files_kept = 4}, 4},
		{{.files_kept = 3}, 3},
		{{.files_kept = 0}, 0},
		{{.files_kept = 4, .kept_bytes_max = 20}, 2},
		{{.files_kept = 4, .kept_bytes_max = 40}, 4},
		{{.files_kept = 4, .kept_bytes_max = 9}, 0},
		{{.files_kept = 4, .kept_ms_max = 58000}, 3},
		{{.files_kept = 4, .kept_ms_max = 2000}, 1},
		{{.files_kept = 4, .kept_ms_max = 60000}, 4},
	};

	for (size_t i = 0; i < NV_LEN(cases); i++) {
		for (size_t k = 0; k < NV_LEN(names); k++)
			put(names[k], "ten bytes\n");
		tidy(cases[i].policy);
		for (size_t k = 0; k < NV_LEN(names); k++)
			ck_assert_msg(there(names[k]) == (k >= 4 - cases[i].left),
				"case %zu, %s", i, names[k]);
	}
}
END_TEST

START_TEST(test_arguments)
{
	const struct nv_log_policy policy = {.files_kept = 3, .kept_bytes_max = 5};
	struct log_tidy_argv args;

	log_tidy_argv(&args, dir, "w", &policy);
	ck_assert_str_eq(args.argv[1], "--tidy");
	ck_assert_str_eq(args.argv[4], "3");
	ck_assert_ptr_null(args.argv[LOG_TIDY_ARGS - 1]);
	ck_assert_int_eq(log_tidy_main(3, args.argv), NV_EXIT_USAGE);
	static char bad[] = "-1";

	args.argv[4] = bad;
	ck_assert_int_eq(log_tidy_main(LOG_TIDY_ARGS - 1, args.argv), NV_EXIT_USAGE);
	static char name[] = "../w";

	log_tidy_argv(&args, dir, "w", &policy);
	args.argv[3] = name;
	ck_assert_int_eq(log_tidy_main(LOG_TIDY_ARGS - 1, args.argv), NV_EXIT_USAGE);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("log tidy");
	TCase *tc = tcase_create("all");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_compressed);
	tcase_add_test(tc, test_after_a_kill);
	tcase_add_test(tc, test_kept);
	tcase_add_test(tc, test_arguments);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
