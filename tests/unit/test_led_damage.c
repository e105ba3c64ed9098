/* Flipped bits and cut files: verify finds them, or they changed nothing that is ever
 * read. A wrong answer is never taken for a right one. */
#include "led_fixture.h"
#include "run_suite.h"

#include "nv_fd.h"

#include <fcntl.h>
#include <sys/wait.h>

static char *whole; /* the sound file */
static size_t whole_bytes;
static char *text; /* its export */
static size_t text_bytes;

static void
write_ledger(void)
{
	struct led *led = open_with(1);
	char line[64];

	for (int i = 0; i < 40; i++) {
		struct led_batch *b = begin(led, T0 + (int64_t)i * 7 * MIN);
		uint32_t w = led_batch_worker_id(b, i % 3 ? "w1" : "w2");
		uint32_t usd = led_batch_currency_id(b, "USD");

		for (int k = 0; k < 15; k++) {
			(void)snprintf(line, sizeof(line), "{\"line\":%d}", i * 100 + k);
			struct led_event ev = plain_event(LED_REVENUE, w, line);

			ev.stream = 5;
			ev.stream_offset = (uint64_t)(i * 15 + k) * 20;
			set_category(&ev, k % 2 ? "stripe" : "gumroad");
			if (k % 3 == 0)
				set_id(&ev, line);
			ck_assert_int_eq(led_batch_post(b, &ev, LED_CODE_REVENUE,
						 "stripe", 6, 1000 + i, usd),
				0);
			add(b, &ev);
			ck_assert_int_eq(
				led_batch_state_put(b, k % 2 ? "desire/a" : "desire/b",
					line, strlen(line)),
				0);
		}
		ck_assert_int_eq(led_batch_heartbeats(b, w, 2), 0);
		ck_assert_int_eq(led_batch_quarantine(b, 0, 0, w, "bad", line, 5), 0);
		struct led_stream row = {.stream_id = 5,
			.worker = w,
			.offset = (uint64_t)(i + 1) * 15 * 20,
			.state = LED_STREAM_OPEN};

		ck_assert_int_eq(led_batch_stream(b, &row), 0);
		commit(b);
	}
	led_close(led);
}

/* Everything a reader can ask for, as text. Negative: it could not be read. */
static int
export_all(const char *to)
{
	struct led_options opt = {.read_only = true};
	struct led *led;
	struct led_view *v;
	NV_CLEANUP_FD fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int rc = led_open(test_dir, &opt, &led, NULL);

	if (rc < 0)
		return rc;
	if (led_view_begin(led, &v, NULL) < 0) {
		led_close(led);
		return -EIO;
	}
	struct led_totals t;
	struct led_stats s;

	rc = led_export(v, LED_FORMAT_JSON, fd, NULL);
	if (rc == 0)
		rc = led_view_window(v, 0, 1, 0, INT64_MAX, &t);
	if (rc == 0)
		rc = led_view_stats(v, &s);
	if (rc == 0)
		dprintf(fd, "%llu %llu %llu %llu", (unsigned long long)t.events,
			(unsigned long long)t.revenue, (unsigned long long)t.heartbeats,
			(unsigned long long)s.streams);
	led_view_end(v);
	led_close(led);
	return rc;
}

static void
prepare(void)
{
	make_dir();
	write_ledger();
	ck_assert_uint_eq(verify_clean(), 600);
	ck_assert_int_eq(nv_read_file_at(AT_FDCWD, file_in("ledger.mdb"), 64u << 20,
				 &whole, &whole_bytes),
		0);
	ck_assert_int_eq(export_all(file_in("export")), 0);
	ck_assert_int_eq(nv_read_file_at(AT_FDCWD, file_in("export"), 64u << 20, &text,
				 &text_bytes),
		0);
}

static void
finish(void)
{
	free(whole);
	free(text);
	remove_dir();
}

static void
put_file(const char *data, size_t bytes)
{
	ck_assert_int_eq(
		nv_write_file_atomic(file_in("ledger.mdb"), data, bytes, 0600), 0);
	remove_file("ledger.mdb-lock");
}

static void
no_word(void *arg, const char *problem)
{
	(void)arg;
	(void)problem;
}

/* In a child, since reading a damaged file may crash: true if the text is the same. */
static bool
reads_the_same(void)
{
	int status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		char *again = NULL;
		size_t bytes = 0;
		bool same = export_all(file_in("export")) == 0 &&
			    nv_read_file_at(AT_FDCWD, file_in("export"), 64u << 20,
				    &again, &bytes) == 0 &&
			    bytes == text_bytes && memcmp(again, text, bytes) == 0;

		free(again);
		_exit(same ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* A sound ledger can be written to: still sound afterwards. */
static bool
goes_on(void)
{
	int status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		struct led_options opt = {.map_bytes = 1};
		struct led *led;

		if (led_open(test_dir, &opt, &led, NULL) < 0)
			_exit(2);
		for (int i = 0; i < 10; i++) {
			struct led_batch *b = begin(led, T0 + DAY + i * HOUR);

			for (int k = 0; k < 50; k++)
				add_cost(b, "w1", 5, NULL);
			if (led_batch_commit(b, NULL) < 0)
				_exit(3);
		}
		led_close(led);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 &&
	       led_verify_contained(test_dir, no_word, NULL, NULL) == 0;
}

START_TEST(flipped_bits)
{
	const char *flips = getenv("LED_FLIPS");
	unsigned long n = flips ? strtoul(flips, NULL, 10) : 500;
	uint64_t random = 0x2545f4914f6cdd1du + n;
	int found = 0;
	int harmless = 0;

	prepare();
	for (unsigned long i = 0; i < n; i++) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		size_t bit = random % (whole_bytes * 8);

		whole[bit / 8] = (char)(whole[bit / 8] ^ (1 << bit % 8));
		put_file(whole, whole_bytes);
		int rc = led_verify_contained(test_dir, no_word, NULL, NULL);

		if (rc != 0) {
			found++;
		} else {
			harmless++;
			ck_assert_msg(
				reads_the_same(), "bit %zu: read wrong, not found", bit);
			ck_assert_msg(goes_on(),
				"bit %zu: not found, and spoils what is written "
				"later",
				bit);
		}
		whole[bit / 8] = (char)(whole[bit / 8] ^ (1 << bit % 8));
	}
	(void)printf("flipped bits: %d found, %d in unused bytes\n", found, harmless);
	ck_assert_int_gt(found, 100);
	finish();
}
END_TEST

START_TEST(cut_off)
{
	prepare();
	for (size_t i = 0; i < 60; i++) {
		/* Whole pages, odd lengths, and nothing at all. */
		size_t bytes = whole_bytes - 1 - i * (whole_bytes - 1) / 59;

		put_file(whole, bytes);
		ck_assert_int_eq(led_verify_contained(test_dir, no_word, NULL, NULL), 1);
		struct led_options opt = {0};
		struct led *led;
		struct nv_err err = {0};

		ck_assert_int_eq(led_open(test_dir, &opt, &led, &err), -EBADMSG);
		ck_assert_str_ne(err.text, "");
		opt.read_only = true;
		ck_assert_int_eq(led_open(test_dir, &opt, &led, &err), -EBADMSG);
	}
	finish();
}
END_TEST

/* Not the file, but what is in it: rows changed by someone who knows the format. */
START_TEST(not_a_ledger)
{
	static const char junk[20000] = "This is not a ledger at all.";

	make_dir();
	led_close(open_with(1));
	put_file(junk, sizeof(junk));
	ck_assert_int_eq(led_verify_contained(test_dir, no_word, NULL, NULL), 1);
	struct led *led;
	struct nv_err err = {0};

	ck_assert_int_eq(led_open(test_dir, NULL, &led, &err), -EBADMSG);
	remove_dir();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("led_damage");
	TCase *tc = tcase_create("damage");

	tcase_set_timeout(tc, 200);
	tcase_add_test(tc, flipped_bits);
	tcase_add_test(tc, cut_off);
	tcase_add_test(tc, not_a_ledger);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
