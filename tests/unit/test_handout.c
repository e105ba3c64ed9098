/* A text handed to a process: it gets all of it, its end is told, and one that hangs is
 * killed with what it started, while the loop goes on. */
#include "handout.h"
#include "run_suite.h"

#include "nv_clock.h"
#include "nv_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct ev_loop *loop;
static struct eng_handout handout;
static char told[128];
static int n_told;

static void
on_done(struct eng_handout *h, const char *problem)
{
	ck_assert_ptr_eq(h, &handout);
	ck_assert_ptr_eq(h->owner, told);
	ck_assert_int_eq(h->pid, 0);
	(void)snprintf(told, sizeof(told), "%s", problem ? problem : "fine");
	n_told++;
}

static void
setup(void)
{
	loop = ev_loop_new(EVFLAG_AUTO);
	ck_assert_ptr_nonnull(loop);
	n_told = 0;
	told[0] = '\0';
	eng_handout_init(&handout, loop, on_done, told);
}

static void
teardown(void)
{
	eng_handout_fini(&handout);
	ev_loop_destroy(loop);
}

static int
start(const char *script, double timeout_s)
{
	char shell[] = "sh";
	char option[] = "-c";
	char *text = strdup(script);
	char *argv[] = {shell, option, text, NULL};
	int rc = eng_handout_start(&handout, "sh", argv, "a line\n", 7, timeout_s);

	free(text);
	return rc;
}

static void
run_to_end(void)
{
	while (n_told == 0)
		ev_run(loop, EVRUN_ONCE);
	ck_assert_int_eq(n_told, 1);
}

START_TEST(ends)
{
	static const struct {
		const char *script;
		const char *says;
	} cases[] = {
		{"read a b; test \"$a $b\" = 'a line'", "fine"},
		{"cat >/dev/null; exit 7", "it ended with exit code 7"},
		{"exit 0", "fine"}, /* need not read it */
		{"kill -TERM $$", "it was ended by signal 15"},
		{"echo to nowhere", "fine"},
	};

	for (size_t i = 0; i < NV_LEN(cases); i++) {
		n_told = 0;
		ck_assert_int_eq(start(cases[i].script, 100.), 0);
		run_to_end();
		ck_assert_str_eq(told, cases[i].says);
	}
}
END_TEST

START_TEST(hangs)
{
	char name[] = "/tmp/nova-handout.XXXXXX";
	char script[200];
	char text[32] = "";
	int fd = mkstemp(name);

	ck_assert_int_ge(fd, 0);
	(void)snprintf(script, sizeof(script),
		"trap '' TERM HUP INT; sleep 1000 & echo $! >%s; wait", name);
	/* As long as it takes to start what is to be killed with it. */
	ck_assert_int_eq(start(script, 1000.), 0);
	ck_assert_int_eq(start("exit 0", 1.), -EBUSY);
	for (int64_t end = nv_mono_ms() + 60000;
		nv_mono_ms() < end && !strchr(text, '\n');)
		(void)!pread(fd, text, sizeof(text) - 1, 0);
	ck_assert_ptr_nonnull(strchr(text, '\n'));
	ev_timer_stop(loop, &handout.timer);
	ev_timer_set(&handout.timer, 0.01, 0.);
	ev_timer_start(loop, &handout.timer);
	run_to_end();
	ck_assert_str_eq(told, "it took too long and was killed");
	pid_t child = (pid_t)strtol(text, NULL, 10);
	char stat[64];

	ck_assert_int_gt(child, 1);
	/* Killed with it: gone, or a zombie that waits for its new parent. */
	(void)snprintf(stat, sizeof(stat), "/proc/%d/stat", (int)child);
	for (int64_t end = nv_mono_ms() + 60000; nv_mono_ms() < end;) {
		char *content = NULL;
		size_t bytes;

		if (nv_read_file_at(AT_FDCWD, stat, 4096, &content, &bytes) < 0)
			break;
		bool gone = strstr(content, ") Z") || strstr(content, ") X");

		free(content);
		if (gone)
			break;
		ck_assert_int_lt(nv_mono_ms(), end - 1);
	}
	close(fd);
	(void)unlink(name);
}
END_TEST

START_TEST(no_such_program)
{
	char name[] = "/nonexistent/program";
	char *argv[] = {name, NULL};

	ck_assert_int_eq(eng_handout_start(&handout, name, argv, "x", 1, 1.), -ENOENT);
	ck_assert_int_eq(start("exit 0", 100.), 0);
	run_to_end();
	ck_assert_str_eq(told, "fine");
}
END_TEST

START_TEST(given_up)
{
	ck_assert_int_eq(start("sleep 1000", 1000.), 0);
	eng_handout_fini(&handout);
	ck_assert_int_eq(n_told, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("handout");
	TCase *tc = tcase_create("handout");

	tcase_set_timeout(tc, 200);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, ends);
	tcase_add_test(tc, hangs);
	tcase_add_test(tc, no_such_program);
	tcase_add_test(tc, given_up);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
