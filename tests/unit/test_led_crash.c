/* SIGKILL at any moment of writing, and readers while it goes on: every acknowledged
 * event is there once, nothing else is, and every view is a whole one.
 *
 * Event n costs n: a total says at once whether events 1..n are all in it, once each. */
#include "led_fixture.h"
#include "run_suite.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

static uint64_t random_state = 88172645463325252u;

static uint32_t
below(uint32_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state % n);
}

static nv_i128
sum_to(uint64_t n)
{
	return (nv_i128)n * (n + 1) / 2;
}

/* Writes for ever; after each commit the last seq goes to ack_fd. */
NV_NORETURN static void
write_for_ever(int ack_fd, uint32_t events_max)
{
	struct led *led = open_with(1);
	uint64_t seq = stats(led).events;

	for (int64_t now = T0;; now += SEC) {
		struct led_batch *b = begin(led, now);

		for (uint32_t n = 1 + below(events_max); n > 0; n--) {
			char id[32];

			(void)snprintf(
				id, sizeof(id), "%llu", (unsigned long long)seq + 1);
			uint64_t got =
				add_cost(b, "w1", (int64_t)seq + 1, n % 3 ? NULL : id);

			ck_assert_uint_eq(got, ++seq);
		}
		struct led_stream row = {
			.stream_id = 1, .offset = seq, .state = LED_STREAM_OPEN};

		ck_assert_int_eq(led_batch_stream(b, &row), 0);
		commit(b);
		if (write(ack_fd, &seq, sizeof(seq)) != sizeof(seq))
			_exit(1);
	}
}

static pid_t
start_writer(int *ret_ack, uint32_t events_max)
{
	int ack[2];

	ck_assert_int_eq(pipe(ack), 0);
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		leave_check(ack[1]);
		write_for_ever(ack[1], events_max);
	}
	close(ack[1]);
	*ret_ack = ack[0];
	return pid;
}

/* Somewhere within the next half millisecond: about the time of a commit. */
static void
spin(void)
{
	struct timespec from;
	struct timespec now;
	long ns = (long)below(500000);

	(void)clock_gettime(CLOCK_MONOTONIC, &from);
	do {
		(void)clock_gettime(CLOCK_MONOTONIC, &now);
	} while ((now.tv_sec - from.tv_sec) * 1000000000L + now.tv_nsec - from.tv_nsec <
		 ns);
}

static void
stop_writer(pid_t pid, int ack_fd, uint64_t *acked)
{
	int status;
	uint64_t seq;

	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFSIGNALED(status), "the writer failed by itself");
	while (read(ack_fd, &seq, sizeof(seq)) == sizeof(seq))
		*acked = seq;
	close(ack_fd);
}

START_TEST(killed)
{
	uint64_t acked = 0;

	make_dir();
	for (int round = 0; round < 150; round++) {
		int ack_fd;
		pid_t pid = start_writer(&ack_fd, round % 2 ? 3 : 400);

		/* Some are killed while they open. */
		for (uint32_t n = below(8); n > 0; n--)
			ck_assert_int_eq(
				read(ack_fd, &acked, sizeof(acked)), sizeof(acked));
		spin();
		stop_writer(pid, ack_fd, &acked);
		struct led *led = open_with(1);
		uint64_t events = stats(led).events;

		ck_assert_uint_ge(events, acked);
		ck_assert_money_eq(window(led, "w1", 0, INT64_MAX).cost, sum_to(events));
		led_close(led);
		if (round % 10 == 0)
			ck_assert_uint_eq(verify_clean(), events);
	}
	ck_assert_uint_gt(acked, 1000);
	verify_clean();
	remove_dir();
}
END_TEST

START_TEST(readers_meanwhile)
{
	uint64_t acked = 0;
	uint64_t before = 0;
	uint64_t moved = 0;
	int ack_fd;

	make_dir();
	led_close(open_with(1)); /* so that there is one to read */
	pid_t pid = start_writer(&ack_fd, 200);
	struct led *reader = open_reader();

	/* A writer that is far ahead waits for the acknowledgements to be read: it goes
	 * on, and so does what is seen. */
	for (int i = 0; i < 1500 || moved <= 100; i++) {
		/* Keep up with the acknowledgements: what was told must be seen. */
		ck_assert_int_eq(read(ack_fd, &acked, sizeof(acked)), sizeof(acked));
		struct led_view *v = view(reader);
		struct led_totals t;
		struct led_stats s;
		struct led_stream row;

		ck_assert_int_eq(led_view_stats(v, &s), 0);
		ck_assert_uint_ge(s.events, acked);
		ck_assert_uint_ge(s.events, before);
		ck_assert_int_eq(led_view_window(v, 0, 1, 0, INT64_MAX, &t), 0);
		ck_assert_uint_eq(t.events, s.events);
		ck_assert_money_eq(t.cost, sum_to(s.events));
		ck_assert_int_eq(led_view_stream(v, 1, &row), 0);
		ck_assert_uint_eq(row.offset, s.events);
		led_view_end(v);
		moved += s.events != before;
		before = s.events;
		if (i == 700)
			verify_clean(); /* while it is being written */
	}
	stop_writer(pid, ack_fd, &acked);
	led_close(reader);
	verify_clean();
	remove_dir();
}
END_TEST

/* A reader killed in the middle of a view does not hold anything back for ever. */
START_TEST(reader_killed)
{
	int ready[2];
	char byte;
	int status;

	make_dir();
	struct led *led = open_with(1);

	for (int round = 0; round < 20; round++) {
		ck_assert_int_eq(pipe(ready), 0);
		pid_t pid = fork();

		ck_assert_int_ge(pid, 0);
		if (pid == 0) {
			struct led *reader = open_reader();

			(void)view(reader);
			if (write(ready[1], "r", 1) != 1)
				_exit(1);
			for (;;)
				(void)pause();
		}
		ck_assert_int_eq(read(ready[0], &byte, 1), 1);
		ck_assert_int_eq(kill(pid, SIGKILL), 0);
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		close(ready[0]);
		close(ready[1]);
	}
	uint32_t dead = 0;

	ck_assert_int_eq(led_readers_check(led, &dead), 0);
	ck_assert_uint_ge(dead, 1);
	struct led_batch *b = begin(led, T0);

	add_cost(b, "w1", 1, NULL);
	commit(b);
	led_close(led);
	verify_clean();
	remove_dir();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("led_crash");
	TCase *tc = tcase_create("crash");

	tcase_set_timeout(tc, 200);
	tcase_add_test(tc, killed);
	tcase_add_test(tc, readers_meanwhile);
	tcase_add_test(tc, reader_killed);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
