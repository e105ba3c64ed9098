/* Children on a loop: what they say arrives whole, at the reader's pace, and none
 * outlives its use. */
#include "nv_program.h"
#include "run_suite.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#define MANY 300000u

struct heard {
	struct ev_loop *loop;
	struct nv_program *program;
	unsigned ends;
	int code;
	char out[256];
	size_t out_bytes;
	char errors[NV_PROGRAM_ERRORS_MAX + 1];
	char why[160];
	size_t streamed;
	bool in_order;
	size_t at_a_time; /* what the reader takes of a piece; 0: all */
	size_t stop_after;
	ev_timer again;
};

static void
on_done(void *arg, const struct nv_program_end *end)
{
	struct heard *h = arg;

	h->ends++;
	h->code = end->code;
	h->out_bytes = end->out_bytes;
	(void)snprintf(h->out, sizeof(h->out), "%s", end->out);
	(void)snprintf(h->errors, sizeof(h->errors), "%s", end->errors);
	(void)snprintf(h->why, sizeof(h->why), "%s", end->why);
	ev_break(h->loop, EVBREAK_ALL);
}

static int
begin(struct heard *h, const char *script, const struct nv_program_spec *more)
{
	const char *argv[] = {"sh", "-c", script, NULL};
	struct nv_program_spec spec = *more;

	h->loop = ev_default_loop(EVFLAG_AUTO);
	spec.path = "/bin/sh";
	spec.argv = argv;
	spec.done = on_done;
	spec.arg = h;
	return nv_program_start(h->loop, &spec, &h->program);
}

static void
run(struct heard *h, const char *script, const struct nv_program_spec *more)
{
	ck_assert_int_eq(begin(h, script, more), 0);
	ev_run(h->loop, 0);
	ck_assert_uint_eq(h->ends, 1);
}

START_TEST(collects)
{
	struct heard h = {0};

	run(&h, "echo out; echo err >&2; read x || echo no input; exit 3",
		&(struct nv_program_spec){.bytes_max = 100});
	ck_assert_int_eq(h.code, 3);
	ck_assert_str_eq(h.out, "out\nno input\n");
	ck_assert_str_eq(h.errors, "err\n");
	ck_assert_str_eq(h.why, "");
}
END_TEST

START_TEST(says_too_much)
{
	struct heard h = {0};

	run(&h, "while :; do echo 0123456789; done",
		&(struct nv_program_spec){.bytes_max = 1000});
	ck_assert_int_eq(h.code, -1);
	ck_assert_str_eq(h.why, "sh said too much");
}
END_TEST

START_TEST(many_errors_hold_nobody_up)
{
	struct heard h = {0};

	run(&h, "head -c 1000000 /dev/zero | tr '\\0' e >&2; echo done",
		&(struct nv_program_spec){.bytes_max = 100});
	ck_assert_int_eq(h.code, 0);
	ck_assert_str_eq(h.out, "done\n");
	ck_assert_uint_eq(strlen(h.errors), NV_PROGRAM_ERRORS_MAX);
}
END_TEST

/* The grandchild holds the pipe: it goes with its group. */
START_TEST(ends_at_its_deadline)
{
	struct heard h = {0};

	run(&h, "sleep 1000 & echo begun; wait",
		&(struct nv_program_spec){.bytes_max = 100, .deadline_ms = 200});
	ck_assert_int_eq(h.code, -1);
	ck_assert_str_eq(h.why, "sh did not end in time");
}
END_TEST

START_TEST(killed_by_another)
{
	struct heard h = {0};

	run(&h, "kill -TERM $$", &(struct nv_program_spec){.bytes_max = 100});
	ck_assert_int_eq(h.code, -1);
	ck_assert_str_eq(h.why, "sh was ended by signal 15");
}
END_TEST

START_TEST(no_such_program)
{
	struct nv_program *p = NULL;
	const char *argv[] = {"none", NULL};
	const struct nv_program_spec spec = {
		.path = "/nonexistent/none", .argv = argv, .done = on_done};

	ck_assert_int_eq(
		nv_program_start(ev_default_loop(EVFLAG_AUTO), &spec, &p), -ENOENT);
	ck_assert_ptr_null(p);
}
END_TEST

/* ---- streams ---- */

static void
on_again(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct heard *h = timer->data;

	(void)loop;
	(void)revents;
	nv_program_resume(h->program);
}

static size_t
on_output(void *arg, const char *data, size_t bytes)
{
	struct heard *h = arg;
	size_t take = h->at_a_time && h->at_a_time < bytes ? h->at_a_time : bytes;

	for (size_t i = 0; i < take; i++)
		h->in_order &= data[i] == "0123456789"[(h->streamed + i) % 10];
	h->streamed += take;
	if (h->stop_after && h->streamed >= h->stop_after) {
		nv_program_cancel(h->program);
		h->program = NULL;
		ev_break(h->loop, EVBREAK_ALL);
	} else if (take < bytes) {
		ev_timer_init(&h->again, on_again, 0.0001, 0.);
		h->again.data = h;
		ev_timer_start(h->loop, &h->again);
	}
	return take;
}

#define DIGITS "yes 0123456789 | tr -d '\\n' | head -c 300000"

START_TEST(streams_at_the_readers_pace)
{
	size_t paces[] = {0, 1000, 60000};
	struct heard h = {.in_order = true, .at_a_time = paces[_i]};

	run(&h, DIGITS, &(struct nv_program_spec){.output = on_output});
	ck_assert_int_eq(h.code, 0);
	ck_assert_uint_eq(h.streamed, MANY);
	ck_assert(h.in_order);
	ck_assert_str_eq(h.out, "");
}
END_TEST

/* Nobody is left of a child without end: the loop reaps it. */
static void
ck_nobody_left(struct heard *h)
{
	siginfo_t who;

	while (waitid(P_ALL, 0, &who, WEXITED | WNOHANG | WNOWAIT) == 0)
		ev_run(h->loop, EVRUN_ONCE);
	ck_assert_int_eq(errno, ECHILD);
	ck_assert_uint_eq(h->ends, 0);
}

START_TEST(cancelled_by_its_reader)
{
	struct heard h = {.in_order = true, .stop_after = 100000};

	ck_assert_int_eq(begin(&h, "yes 0123456789 | tr -d '\\n'",
				 &(struct nv_program_spec){.output = on_output}),
		0);
	ev_run(h.loop, 0);
	ck_nobody_left(&h);
}
END_TEST

START_TEST(cancelled_at_once)
{
	struct heard h = {0};

	ck_assert_int_eq(
		begin(&h, "sleep 1000", &(struct nv_program_spec){.bytes_max = 100}), 0);
	nv_program_cancel(h.program);
	ck_nobody_left(&h);
	nv_program_cancel(NULL);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("nv_program");
	TCase *tc = tcase_create("all");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, collects);
	tcase_add_test(tc, says_too_much);
	tcase_add_test(tc, many_errors_hold_nobody_up);
	tcase_add_test(tc, ends_at_its_deadline);
	tcase_add_test(tc, killed_by_another);
	tcase_add_test(tc, no_such_program);
	tcase_add_loop_test(tc, streams_at_the_readers_pace, 0, 3);
	tcase_add_test(tc, cancelled_by_its_reader);
	tcase_add_test(tc, cancelled_at_once);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
