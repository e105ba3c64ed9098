/* Questions of the gateway: shared, kept, paced, bounded, and answered in words when
 * nobody answers. The engine here is a socket of the test's own, on the same loop. */
#include "ask.h"
#include "gateway.h"
#include "nv_clock.h"
#include "nv_fd.h"
#include "run_suite.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_S 60.
#define BEYOND     10 /* questions that find no room */

/* One who asks. */
struct peer {
	int fd;
	ev_io io;
	ev_timer thinking;
};

static struct gw gw;
static char dir[] = "/tmp/nova-ask.XXXXXX";
static char path[200];
static int listener = -1;
static ev_io accepting;
static unsigned asked;   /* questions that arrived */
static double think_s;   /* what the engine takes for each */
static const char *says; /* NULL: {"n":asked} */
static unsigned n_told;
static json_int_t n_seen;
static int code_seen;
static bool busy_seen;
static char error_seen[300];

/* ---- the engine ---- */

static void
on_thought(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct peer *peer = timer->data;
	char answer[200];
	int n = says ? snprintf(answer, sizeof(answer), "%s\n", says)
		     : snprintf(answer, sizeof(answer),
			       "{\"ok\":true,\"data\":{\"n\":%u}}\n", asked);

	(void)loop;
	(void)revents;
	(void)send(peer->fd, answer, (size_t)n, MSG_NOSIGNAL);
	nv_fd_close(&peer->fd);
	free(peer);
}

static void
on_question(struct ev_loop *loop, ev_io *io, int revents)
{
	struct peer *peer = io->data;
	char line[4096];
	ssize_t n = recv(peer->fd, line, sizeof(line), 0);

	(void)revents;
	ck_assert_int_gt(n, 0);
	ck_assert_int_eq(line[n - 1], '\n');
	ev_io_stop(loop, io);
	asked++;
	ev_timer_init(&peer->thinking, on_thought, think_s, 0);
	peer->thinking.data = peer;
	ev_timer_start(loop, &peer->thinking);
}

static void
on_accept(struct ev_loop *loop, ev_io *io, int revents)
{
	struct peer *peer = calloc(1, sizeof(*peer));

	(void)revents;
	ck_assert_ptr_nonnull(peer);
	peer->fd = accept(io->fd, NULL, NULL);
	ck_assert_int_ge(peer->fd, 0);
	ev_io_init(&peer->io, on_question, peer->fd, EV_READ);
	peer->io.data = peer;
	ev_io_start(loop, &peer->io);
}

static void
engine_begins(void)
{
	listener = nv_listen_unix(path, SOCK_STREAM, 0600, 64);
	ck_assert_int_ge(listener, 0);
	ev_io_init(&accepting, on_accept, listener, EV_READ);
	ev_io_start(gw.loop, &accepting);
}

static void
engine_ends(void)
{
	ev_io_stop(gw.loop, &accepting);
	nv_fd_close(&listener);
	(void)unlink(path);
}

/* ---- the gateway ---- */

static void
setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/" GW_ASK_ENGINE, dir);
	gw.loop = ev_default_loop(EVFLAG_AUTO);
	gw.run_dir = dir;
	ck_assert_int_eq(gw_asker_open(&gw), 0);
	engine_begins();
}

static void
teardown(void)
{
	gw_asker_close(&gw);
	engine_ends();
	ck_assert_int_eq(rmdir(dir), 0);
}

static void
on_told(void *arg, const struct gw_told *told)
{
	(void)arg;
	n_told++;
	code_seen = told->code;
	busy_seen = told->busy;
	n_seen = json_integer_value(json_object_get(told->data, "n"));
	(void)snprintf(error_seen, sizeof(error_seen), "%s", told->error);
}

/* How many had been told before. */
static void
on_last(void *arg, const struct gw_told *told)
{
	unsigned *ret = arg;

	ck_assert_int_eq(told->code, 0);
	*ret = n_told;
}

static struct gw_ask *
ask(const char *verb, int64_t ttl_ms)
{
	struct gw_ask *handle = NULL;

	ck_assert_int_eq(gw_ask_verb(&gw, verb, NULL, ttl_ms, on_told, NULL, &handle), 0);
	ck_assert_ptr_nonnull(handle);
	return handle;
}

static void
on_late(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)loop;
	(void)timer;
	(void)revents;
	ck_abort_msg("%u answers only", n_told);
}

/* Until so many have been told. */
static void
run_until(unsigned n)
{
	ev_timer late;

	ev_timer_init(&late, on_late, PATIENCE_S, 0);
	ev_timer_start(gw.loop, &late);
	while (n_told < n)
		ev_run(gw.loop, EVRUN_ONCE);
	ev_timer_stop(gw.loop, &late);
}

START_TEST(test_shared_and_kept)
{
	struct gw_ask_figures figures;

	for (int i = 0; i < 20; i++)
		(void)ask("a", i == 7 ? 60000 : 0); /* one that keeps it */
	ck_assert_uint_eq(n_told, 0);               /* never from within */
	run_until(20);
	ck_assert_uint_eq(asked, 1);
	(void)ask("a", 60000);
	run_until(21);
	ck_assert_uint_eq(asked, 1);
	ck_assert_int_eq(n_seen, 1);
	(void)ask("a", 0);
	run_until(22);
	ck_assert_uint_eq(asked, 2);
	/* What was asked before a change answers nothing after it. */
	gw_ask_changed(&gw);
	(void)ask("a", 60000);
	run_until(23);
	ck_assert_uint_eq(asked, 3);
	gw_ask_figures(&gw, &figures);
	ck_assert_uint_eq(figures.asked, 3);
	ck_assert_uint_eq(figures.shared, 20);
}
END_TEST

START_TEST(test_codes)
{
	static const struct {
		const char *says;
		int code;
		const char *error;
	} cases[] = {
		{"{\"ok\":false,\"code\":1,\"error\":\"no such worker\"}", 1,
			"no such worker"},
		{"{\"ok\":false,\"code\":2,\"error\":\"wrong\"}", 2, "wrong"},
		{"{\"ok\":false,\"code\":99}", 4, "it answered without a reason"},
		{"not JSON", 3, "nova-engine does not answer: what it said is no JSON"},
		{"[1]", 3, "nova-engine does not answer: what it said is no JSON"},
	};

	for (unsigned i = 0; i < NV_LEN(cases); i++) {
		says = cases[i].says;
		(void)ask("x", 0);
		run_until(i + 1);
		ck_assert_int_eq(code_seen, cases[i].code);
		ck_assert_str_eq(error_seen, cases[i].error);
		ck_assert(!busy_seen);
	}
}
END_TEST

START_TEST(test_nobody_there)
{
	engine_ends();
	(void)ask("a", 0);
	run_until(1);
	ck_assert_int_eq(code_seen, 3);
	ck_assert_str_eq(
		error_seen, "nova-engine is not there: nobody listens on its socket");
	/* It comes back; a failure is not kept. */
	engine_begins();
	(void)ask("a", 60000);
	run_until(2);
	ck_assert_int_eq(code_seen, 0);
}
END_TEST

/* However much is asked, the engine is asked for a quarter of the time, plus the purse.
 */
START_TEST(test_paced)
{
	int64_t begun_ms = nv_mono_ms();
	struct gw_ask_figures figures;
	char verb[16];

	think_s = 0.1;
	for (unsigned i = 0; i < 40; i++) {
		(void)snprintf(verb, sizeof(verb), "v%u", i);
		(void)ask(verb, 0);
	}
	run_until(40);
	gw_ask_figures(&gw, &figures);
	/* Four at a time for 100 ms are 1 s of the engine's time: the purse pays for half
	 * of it at once, the rest has to be waited for. A slow machine takes longer only.
	 */
	ck_assert_int_ge(figures.waited_ms, 900);
	ck_assert_int_ge(nv_mono_ms() - begun_ms, 1200);
}
END_TEST

START_TEST(test_bounded)
{
	char verb[16];
	unsigned before;

	for (unsigned i = 0; i < GW_ASK_WAITING + 50; i++) {
		(void)snprintf(verb, sizeof(verb), "v%u", i);
		(void)ask(verb, 0);
	}
	run_until(GW_ASK_WAITING + 50);
	before = asked;
	ck_assert_uint_le(before, GW_ASK_WAITING + 50);
	struct gw_ask_figures figures;

	gw_ask_figures(&gw, &figures);
	ck_assert_uint_eq(figures.asked + figures.busy, GW_ASK_WAITING + 50);
	ck_assert_uint_ge(figures.busy, 40);
}
END_TEST

/* What everybody looks at is answered although one asks for a lot. */
START_TEST(test_first)
{
	char verb[16];

	think_s = 0.02;
	for (unsigned i = 0; i < GW_ASK_WAITING + BEYOND; i++) {
		(void)snprintf(verb, sizeof(verb), "v%u", i);
		(void)ask(verb, 0);
	}
	struct gw_ask *last = NULL;
	unsigned before = UINT_MAX;

	ck_assert_int_eq(gw_ask_verb(&gw, "last", NULL, 0, on_last, &before, &last), 0);
	gw_ask_first(last);
	run_until(GW_ASK_WAITING + BEYOND);
	ck_assert_uint_le(before, BEYOND + GW_ASK_UNDER_WAY);
}
END_TEST

START_TEST(test_cancelled)
{
	struct gw_ask *one = ask("a", 0);
	struct gw_ask *two = ask("a", 0);

	(void)ask("b", 0);
	gw_ask_cancel(one);
	gw_ask_cancel(two);
	gw_ask_cancel(NULL);
	run_until(1);
	ck_assert_uint_eq(asked, 1); /* nobody wants the answer to "a" */
	(void)ask("c", 0);
	gw_ask_cancel(ask("c", 0));
	run_until(2);
	ck_assert_uint_eq(asked, 2);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("gw_ask");
	TCase *tc = tcase_create("ask");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 2 * PATIENCE_S);
	tcase_add_test(tc, test_shared_and_kept);
	tcase_add_test(tc, test_codes);
	tcase_add_test(tc, test_nobody_there);
	tcase_add_test(tc, test_paced);
	tcase_add_test(tc, test_bounded);
	tcase_add_test(tc, test_first);
	tcase_add_test(tc, test_cancelled);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
