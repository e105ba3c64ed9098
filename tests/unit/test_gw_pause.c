/* What is tried again after a pause is tried again after that pause each time: nothing
 * spins while it waits. Counted are the rounds of the loop, which a slow machine only
 * makes fewer. */
#include "http.h"
#include "nv_fd.h"
#include "run_suite.h"
#include "supwatch.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define WAIT_S     1.
#define ROUNDS_MAX 40 /* pauses are of 100 ms and more */

static struct ev_loop *loop;
static unsigned n_done;

static void
on_fleet(void *arg, struct nv_fleet *fleet, int64_t as_of_ns, const char *why)
{
	(void)arg;
	(void)as_of_ns;
	ck_assert_ptr_null(fleet);
	ck_assert_str_eq(why, "novasupd does not answer: nobody listens on its socket");
	n_done++;
	ev_break(loop, EVBREAK_ALL);
}

START_TEST(test_novasupd_away)
{
	char dir[] = "/tmp/nova-pause.XXXXXX";
	struct gw_supwatch *sup;

	loop = ev_loop_new(EVFLAG_AUTO);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	sup = gw_supwatch_new(loop, dir, on_fleet, NULL);
	ck_assert_ptr_nonnull(sup);
	gw_supwatch_ask(sup, (int64_t)(WAIT_S * 1000));
	(void)ev_run(loop, 0);
	ck_assert_uint_eq(n_done, 1);
	ck_assert_uint_le(ev_iteration(loop), ROUNDS_MAX);
	gw_supwatch_free(sup);
	ev_loop_destroy(loop);
	ck_assert_int_eq(rmdir(dir), 0);
}
END_TEST

static void
on_over(struct ev_loop *l, ev_timer *timer, int revents)
{
	(void)timer;
	(void)revents;
	ev_break(l, EVBREAK_ALL);
}

/* A client knocks and there is no descriptor for it. */
START_TEST(test_no_descriptors)
{
	struct gw_server server = {
		.limits = {.connections = 10, .per_address = 10, .streams = 10}};
	struct sockaddr_in at = {0};
	socklen_t bytes = sizeof(at);
	struct nv_err err = {0};
	struct rlimit limit;
	ev_timer over;

	server.loop = loop = ev_loop_new(EVFLAG_AUTO);
	ck_assert_msg(
		gw_server_listen(&server, "127.0.0.1", 0, &err) == 0, "%s", err.text);
	ck_assert_int_eq(getsockname(server.fd, (struct sockaddr *)&at, &bytes), 0);
	ev_timer_init(&over, on_over, WAIT_S, 0);
	ev_timer_start(loop, &over);
	(void)ev_run(loop, EVRUN_NOWAIT); /* what the loop itself opens is open */
	NV_CLEANUP_FD client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(connect(client, (struct sockaddr *)&at, bytes), 0);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	const rlim_t was = limit.rlim_cur;

	limit.rlim_cur = (rlim_t)client + 1;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	/* Gaps below it would be taken. */
	while (fcntl(0, F_DUPFD_CLOEXEC, 0) >= 0)
		;
	(void)ev_run(loop, 0);
	ck_assert_uint_eq(server.accepted, 0);
	ck_assert_uint_le(ev_iteration(loop), ROUNDS_MAX);
	limit.rlim_cur = was;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	gw_server_stop(&server);
	gw_server_fini(&server);
	ev_loop_destroy(loop);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("gw_pause");
	TCase *tc = tcase_create("pause");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_novasupd_away);
	tcase_add_test(tc, test_no_descriptors);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
