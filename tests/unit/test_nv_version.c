/* The version of a program is in its file, behind a mark: found there, and nothing else
 * is taken for it. */
#include "nv_version.h"
#include "run_suite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

START_TEST(test_own)
{
	char found[NV_VERSION_MAX] = "";

	ck_assert_str_ne(nv_version(), "");
	ck_assert_str_eq(nv_user_agent() + strlen("nova/"), nv_version());
	ck_assert_int_eq(nv_version_of_file("/proc/self/exe", found), 0);
	ck_assert_str_eq(found, nv_version());
}
END_TEST

/* With % for @, so that the mark stands once in this program. */
#define WHAT "%(#)"
#define NOVA "nova/"
#define X10  "xxxxxxxxxx"
#define X60  X10 X10 X10 X10 X10 X10

#define CASE(text, version) \
	{ \
		text, sizeof(text) - 1, version \
	}
static const struct {
	const char *text;
	size_t bytes;
	const char *version; /* NULL: none */
} cases[] = {
	CASE("abc" WHAT NOVA "1.2\0more", "1.2"),
	CASE(WHAT "other 7\0" WHAT NOVA "1\0", "1"),
	CASE(WHAT WHAT NOVA "2.0~rc1\0", "2.0~rc1"),
	CASE(WHAT NOVA "\0" WHAT NOVA "3\0", "3"), /* an empty one is none */
	CASE(WHAT NOVA X60 "123\0", X60 "123"),
	CASE(WHAT NOVA X60 "1234\0", NULL), /* one byte too long */
	CASE(WHAT NOVA "1.2", NULL),        /* cut at the end of the file */
	CASE(WHAT NOVA, NULL),
	CASE(WHAT, NULL),
	CASE("nova/1.2\0", NULL),
	CASE("x", NULL),
	CASE("", NULL),
};

START_TEST(test_files)
{
	char path[] = "/tmp/nova-version.XXXXXX";
	int fd = mkstemp(path);
	char found[NV_VERSION_MAX] = "untouched";

	ck_assert_int_ge(fd, 0);
	for (size_t i = 0; i < cases[_i].bytes; i++) {
		const char *at = cases[_i].text + i;

		ck_assert_int_eq(write(fd, *at == '%' ? "@" : at, 1), 1);
	}
	int rc = nv_version_of_file(path, found);

	(void)unlink(path);
	(void)close(fd);
	ck_assert_int_eq(rc, cases[_i].version ? 0 : -ENODATA);
	ck_assert_str_eq(found, cases[_i].version ? cases[_i].version : "untouched");
}
END_TEST

START_TEST(test_others)
{
	char found[NV_VERSION_MAX];

	ck_assert_int_eq(nv_version_of_file("/proc/self/none", found), -ENOENT);
	ck_assert_int_eq(nv_version_of_file("/dev/null", found), -ENODATA);
	ck_assert_int_eq(nv_version_of_file("/", found), -ENODATA);
	ck_assert_int_eq(nv_version_of_file("/bin/true", found), -ENODATA);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("nv_version");
	TCase *tc = tcase_create("nv_version");

	tcase_add_test(tc, test_own);
	tcase_add_loop_test(tc, test_files, 0, (int)(sizeof(cases) / sizeof(*cases)));
	tcase_add_test(tc, test_others);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
