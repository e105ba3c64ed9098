/* Lines of the log: what a terminal or a file gets, and what systemd's journal gets. */
#include "nv_log.h"
#include "run_suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static int ends[2];
static int saved_stderr;

/* Standard error is one end of a stream, as systemd's is. */
static void
set_up(void)
{
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	saved_stderr = dup(STDERR_FILENO);
	ck_assert_int_ge(dup2(ends[0], STDERR_FILENO), 0);
}

static void
tear_down(void)
{
	ck_assert_int_ge(dup2(saved_stderr, STDERR_FILENO), 0);
	(void)close(saved_stderr);
	(void)close(ends[0]);
	(void)close(ends[1]);
	ck_assert_int_eq(unsetenv("JOURNAL_STREAM"), 0);
}

static void
name_journal(unsigned add)
{
	char text[64];
	struct stat st;

	ck_assert_int_eq(fstat(STDERR_FILENO, &st), 0);
	(void)snprintf(text, sizeof(text), "%llu:%llu", (unsigned long long)st.st_dev,
		(unsigned long long)st.st_ino + add);
	ck_assert_int_eq(setenv("JOURNAL_STREAM", text, 1), 0);
}

static const char *
said(void)
{
	static char text[4096];
	ssize_t n = recv(ends[1], text, sizeof(text) - 1, MSG_DONTWAIT);

	ck_assert_int_gt(n, 0);
	text[n] = '\0';
	return text;
}

START_TEST(a_journal_gets_levels_and_no_time)
{
	char want[64];

	name_journal(0);
	nv_log_init("nova-x");
	nv_debug("not above the threshold");
	nv_info("one");
	nv_warn("two\nlines");
	nv_error("three");
	(void)snprintf(want, sizeof(want), "<6>nova-x[%d]: one\n", (int)getpid());
	const char *text = said();

	ck_assert_msg(strncmp(text, want, strlen(want)) == 0, "%s", text);
	ck_assert_ptr_nonnull(strstr(text, "\n<4>nova-x["));
	ck_assert_ptr_nonnull(strstr(text, "two\\x0alines\n<3>nova-x["));
}
END_TEST

/* Redirected since, or another's variable that came down to us. */
START_TEST(another_stream_is_no_journal)
{
	name_journal(1);
	nv_log_init("nova-x");
	nv_warn("one");
	const char *text = said();

	ck_assert_int_eq(text[0], '2');
	ck_assert_ptr_nonnull(strstr(text, "Z warn nova-x["));
}
END_TEST

START_TEST(a_journal_that_reads_nothing_holds_nobody)
{
	name_journal(0);
	nv_log_init("nova-x");
	/* More than any socket takes; a write that waited would never return. */
	for (int i = 0; i < 20000; i++)
		nv_info("%0512d", i);
	ck_assert_ptr_nonnull(strstr(said(), "<6>nova-x["));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("nv_log");
	TCase *tc = tcase_create("lines");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, a_journal_gets_levels_and_no_time);
	tcase_add_test(tc, another_stream_is_no_journal);
	tcase_add_test(tc, a_journal_that_reads_nothing_holds_nobody);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
