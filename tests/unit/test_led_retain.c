/* Old months move to segments, whatever kills the process in between: every event is
 * there afterwards as before, once, in order and by number; verify proves database and
 * segments together; a damaged, cut or missing segment is found. */
#include "led_fixture.h"
#include "run_suite.h"

#include "nv_fd.h"
#include "retain.h"
#include "view.h"

#include <fcntl.h>
#include <nettle/sha2.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#define EVENTS 1200u           /* in five months */
#define FROM   (T0 - 22 * DAY) /* the last day of a month */

static struct led *led;

static void
make_ledger(void)
{
	make_dir();
	led = open_with(1);
	for (uint64_t n = 0; n < EVENTS;) {
		struct led_batch *b = begin(led, FROM + (int64_t)n * 3 * HOUR);

		for (int i = 0; i < 6; i++) {
			char id[32];

			(void)snprintf(id, sizeof(id), "%llu", (unsigned long long)n + 1);
			n = add_cost(b, n % 2 ? "w1" : "w2", (int64_t)n + 1, id);
		}
		commit(b);
	}
}

static void
remove_segments(void)
{
	char command_dir[256];

	(void)snprintf(command_dir, sizeof(command_dir), "%s/segments", test_dir);
	for (uint64_t last = 1; last <= EVENTS; last++) {
		for (uint64_t first = last; first > 0 && first + 400 > last; first--) {
			struct led_segment s = {.first = first, .last = last};
			char name[LED_SEGMENT_NAME_BYTES];
			char path[400];

			led_segment_name(&s, name);
			(void)snprintf(path, sizeof(path), "%s/%s", command_dir, name);
			(void)unlink(path);
		}
	}
	remove_file("segments/new.part");
	(void)rmdir(command_dir);
}

static void
remove_all(void)
{
	remove_segments();
	remove_dir();
}

/* One hash of the first EVENTS events as somebody reads them. */
struct digest {
	struct sha256_ctx sha;
	uint64_t n;
	uint64_t next;
	bool down;
};

static int
add_event(void *arg, const struct led_event *ev)
{
	struct digest *d = arg;

	if (ev->seq > EVENTS)
		return d->down ? 0 : 1;
	if (d->next != 0)
		ck_assert_uint_eq(ev->seq, d->next);
	d->next = d->down ? ev->seq - 1 : ev->seq + 1;
	d->n++;
	if (!d->down) {
		sha256_update(&d->sha, ev->id_bytes, (const uint8_t *)ev->id);
		sha256_update(&d->sha, sizeof(ev->legs), (const uint8_t *)ev->legs);
	}
	return 0;
}

static void
read_all(uint8_t hash[32])
{
	struct led_view *v = view(led);
	struct digest up = {.next = 1};
	struct digest down = {.down = true};
	struct digest some = {.next = 431};

	sha256_init(&up.sha);
	sha256_init(&some.sha);
	int rc = led_view_events(v, 0, false, add_event, &up);

	ck_assert_msg(rc == 0 || rc == 1, "%d", rc);
	ck_assert_uint_eq(up.n, EVENTS);
	sha256_digest(&up.sha, 32, hash);
	ck_assert_int_eq(led_view_events(v, 0, true, add_event, &down), 0);
	ck_assert_uint_eq(down.n, EVENTS);
	rc = led_view_events(v, 431, false, add_event, &some);
	ck_assert_msg(rc == 0 || rc == 1, "%d", rc);
	ck_assert_uint_eq(some.n, EVENTS - 430);
	some = (struct digest){.down = true, .next = 900};
	ck_assert_int_eq(led_view_events(v, 900, true, add_event, &some), 0);
	ck_assert_uint_eq(some.n, 900);
	for (uint64_t seq = 1; seq <= EVENTS; seq += 7) {
		some = (struct digest){.next = seq};
		sha256_init(&some.sha);
		ck_assert_int_eq(led_view_event(v, seq, add_event, &some), 0);
		ck_assert_uint_eq(some.n, 1);
	}
	ck_assert_int_eq(led_view_event(v, EVENTS + 1000, add_event, &some), -ENOENT);
	led_view_end(v);
}

static const int64_t now = FROM + (int64_t)EVENTS * 3 * HOUR;

/* At most `steps`; true: nothing is left to do. */
static bool
retain(long steps)
{
	struct led_retain r;
	struct nv_err err = {0};
	int rc = 1;

	ck_assert_int_eq(led_retain_open(&r, led), 0);
	while (rc == 1 && steps-- > 0)
		rc = led_retain_step(&r, now - 31 * DAY, now, &err);
	ck_assert_msg(rc >= 0, "%d %s", rc, err.text);
	led_retain_close(&r);
	return rc == 0;
}

static int
count_segment(void *arg, const struct led_segment *s)
{
	uint64_t *last = arg;

	ck_assert_uint_eq(s->first, *last + 1);
	*last = s->last;
	return 0;
}

static uint64_t
segments_end(void)
{
	struct led_view *v = view(led);
	uint64_t last = 0;

	ck_assert_int_eq(led_view_segments(v, count_segment, &last), 0);
	led_view_end(v);
	return last;
}

static uint64_t
first_kept(void)
{
	struct led_view *v = view(led);
	uint64_t first = 0;

	ck_assert_int_eq(led_first_kept(led, v->txn, &first), 0);
	led_view_end(v);
	return first;
}

START_TEST(months_move)
{
	uint8_t before[32];
	uint8_t after[32];

	make_ledger();
	read_all(before);
	ck_assert(retain(100000));
	read_all(after);
	ck_assert_mem_eq(before, after, 32);
	uint64_t end = segments_end();

	ck_assert_uint_gt(end, 700);
	ck_assert_uint_lt(end, EVENTS);
	ck_assert_uint_eq(first_kept(), end + 1);
	verify_clean();
	ck_assert(retain(1)); /* once is enough */
	/* An id from a segment is known for what it was. */
	struct led_batch *b = begin(led, now);
	struct led_event ev = plain_event(LED_COST, led_batch_worker_id(b, "w2"), "{}");
	uint64_t seq = 0;

	set_id(&ev, "1");
	ck_assert_int_eq(led_batch_post(b, &ev, LED_CODE_COST, "openai", 6, 1,
				 led_batch_currency_id(b, "USD")),
		0);
	ck_assert_int_eq(led_batch_event(b, &ev, &seq), 1);
	ck_assert_uint_eq(seq, 1);
	ev.legs[0].nano = 2;
	ev.line = "{ }";
	ev.line_bytes = 3;
	ck_assert_int_eq(led_batch_event(b, &ev, &seq), -EEXIST);
	led_batch_abort(b);
	led_close(led);
	led = open_with(1);
	read_all(after);
	ck_assert_mem_eq(before, after, 32);
	led_close(led);
	verify_clean();
	remove_all();
}
END_TEST

/* Ended after each step in turn, and gone on by another process. */
START_TEST(ended_at_each_step)
{
	uint8_t before[32];
	uint8_t after[32];
	int status;
	bool done = false;

	make_ledger();
	read_all(before);
	led_close(led);
	for (long steps = 1; !done; steps = steps % 9 + 1) {
		pid_t pid = fork();

		ck_assert_int_ge(pid, 0);
		if (pid == 0) {
			led = open_with(1);
			bool all = retain(steps);

			_exit(all ? 7 : 8); /* nothing is closed */
		}
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert(WIFEXITED(status));
		done = WEXITSTATUS(status) == 7;
		ck_assert(done || WEXITSTATUS(status) == 8);
		verify_clean();
		led = open_with(1);
		read_all(after);
		ck_assert_mem_eq(before, after, 32);
		led_close(led);
	}
	led = open_with(1);
	ck_assert_uint_eq(first_kept(), segments_end() + 1);
	led_close(led);
	remove_all();
}
END_TEST

/* Killed at any moment. */
START_TEST(killed)
{
	uint8_t before[32];
	uint8_t after[32];
	uint64_t random = 88172645463325252u;
	int status;

	make_ledger();
	read_all(before);
	led_close(led);
	for (int round = 0; round < 30; round++) {
		pid_t pid = fork();

		ck_assert_int_ge(pid, 0);
		if (pid == 0) {
			leave_check(-1);
			led = open_with(1);
			(void)retain(100000);
			for (;;)
				(void)pause();
		}
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		struct timespec wait = {.tv_nsec = (long)(random % 12000000)};

		(void)nanosleep(&wait, NULL);
		ck_assert_int_eq(kill(pid, SIGKILL), 0);
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert(WIFSIGNALED(status));
		led = open_with(1);
		read_all(after);
		ck_assert_mem_eq(before, after, 32);
		led_close(led);
		verify_clean();
	}
	led = open_with(1);
	ck_assert(retain(100000));
	read_all(after);
	ck_assert_mem_eq(before, after, 32);
	led_close(led);
	verify_clean();
	remove_all();
}
END_TEST

/* ---- damage ---- */

static char found[8192];

static void
note(void *arg, const char *problem)
{
	size_t n = strlen(found);

	(void)arg;
	(void)snprintf(found + n, sizeof(found) - n, "%s\n", problem);
}

static int
verify(void)
{
	found[0] = '\0';
	return led_verify_contained(test_dir, note, NULL, NULL);
}

static int
note_segment(void *arg, const struct led_segment *s)
{
	*(struct led_segment *)arg = *s;
	return 1; /* the first */
}

START_TEST(damage_is_found)
{
	struct led_segment s;
	struct led_view *v;
	char name[LED_SEGMENT_NAME_BYTES];
	char path[300];
	char *data = NULL;
	size_t bytes;

	make_ledger();
	ck_assert(retain(100000));
	v = view(led);
	ck_assert_int_eq(led_view_segments(v, note_segment, &s), 1);
	led_view_end(v);
	led_close(led);
	led_segment_name(&s, name);
	(void)snprintf(path, sizeof(path), "%s/segments/%s", test_dir, name);
	ck_assert_int_eq(nv_read_file_at(AT_FDCWD, path, 64u << 20, &data, &bytes), 0);
	ck_assert_uint_eq(bytes, s.bytes);
	for (size_t at = 0; at < bytes; at += 1 + bytes / 150) {
		data[at] = (char)(data[at] ^ 4);
		ck_assert_int_eq(nv_write_file_atomic(path, data, bytes, 0600), 0);
		ck_assert_msg(verify() == 1, "byte %zu", at);
		data[at] = (char)(data[at] ^ 4);
	}
	for (size_t cut = 0; cut < bytes; cut += 1 + bytes / 20) {
		ck_assert_int_eq(nv_write_file_atomic(path, data, cut, 0600), 0);
		ck_assert_int_eq(verify(), 1);
		ck_assert_ptr_nonnull(strstr(found, name));
	}
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(verify(), 1);
	ck_assert_ptr_nonnull(strstr(found, "is missing"));
	led = open_with(1);
	v = view(led);
	struct digest d = {0};

	ck_assert_int_eq(led_view_event(v, 1, add_event, &d), -EBADMSG);
	ck_assert_int_eq(led_view_events(v, 0, false, add_event, &d), -EBADMSG);
	led_view_end(v);
	/* Nothing is deleted or begun on top of that. */
	ck_assert(retain(1));
	led_close(led);
	ck_assert_int_eq(nv_write_file_atomic(path, data, bytes, 0600), 0);
	ck_assert_int_eq(verify(), 0);
	free(data);
	remove_all();
}
END_TEST

/* A segment that is not what was written is not what rows are deleted for. */
START_TEST(nothing_is_deleted_for_a_bad_file)
{
	struct led_retain r;
	struct led_segment s;
	struct nv_err err = {0};
	char name[LED_SEGMENT_NAME_BYTES];
	char path[300];

	make_ledger();
	ck_assert_int_eq(led_retain_open(&r, led), 0);
	do {
		ck_assert_int_eq(led_retain_step(&r, now - 31 * DAY, now, &err), 1);
	} while (segments_end() == 0);
	led_retain_close(&r);
	struct led_view *v = view(led);

	ck_assert_int_eq(led_view_segments(v, note_segment, &s), 1);
	led_view_end(v);
	led_segment_name(&s, name);
	(void)snprintf(path, sizeof(path), "%s/segments/%s", test_dir, name);
	ck_assert_int_eq(truncate(path, (off_t)s.bytes - 1), 0);
	ck_assert_int_eq(led_retain_open(&r, led), 0);
	ck_assert_int_eq(led_retain_step(&r, now - 31 * DAY, now, &err), -EBADMSG);
	ck_assert_ptr_nonnull(strstr(err.text, name));
	led_retain_close(&r);
	ck_assert_uint_eq(first_kept(), 1);
	led_close(led);
	remove_all();
}
END_TEST

START_TEST(the_line_has_one_spelling)
{
	struct led_segment s = {
		.first = 1, .last = 7, .first_batch = 2, .last_batch = 3, .bytes = 12345};
	struct led_segment again;
	char line[LED_SEGMENT_LINE_BYTES];
	char other[LED_SEGMENT_LINE_BYTES];
	size_t n = led_segment_line(&s, line);

	ck_assert_int_eq(led_segment_parse(line, n, &again), 0);
	(void)led_segment_line(&again, other);
	ck_assert_str_eq(line, other);
	for (size_t i = 0; i < n; i++)
		ck_assert_int_eq(led_segment_parse(line, i, &again), -EBADMSG);
	s.last = 0;
	n = led_segment_line(&s, line);
	ck_assert_int_eq(led_segment_parse(line, n, &again), -EBADMSG);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("led_retain");
	TCase *tc = tcase_create("retain");

	tcase_set_timeout(tc, 250);
	tcase_add_test(tc, months_move);
	tcase_add_test(tc, ended_at_each_step);
	tcase_add_test(tc, killed);
	tcase_add_test(tc, damage_is_found);
	tcase_add_test(tc, nothing_is_deleted_for_a_bad_file);
	tcase_add_test(tc, the_line_has_one_spelling);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
