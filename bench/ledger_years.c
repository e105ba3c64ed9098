/* A ledger of many years, and how long it takes to ask it something:
 *
 *   bench_ledger_years [EVENTS] [YEARS] [WORKERS] [DIR] [BATCH_S]
 *                         (default 2000000 10 50, a new directory in /tmp, 21600)
 *
 * Writes EVENTS costs and sales, spread evenly over YEARS until now and over WORKERS,
 * BATCH_S seconds' worth (six hours) in each batch; an existing ledger in DIR is only
 * asked. Prints the time to open it, of windows of every length at random places, of the
 * breakdown by category and of reading events, as the slowest and the middle one of many;
 * every question is asked of a file whose pages the kernel may or may not have. Disk:
 * some 250 bytes an event. */
#include "led.h"
#include "nv_clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ASKED = 2000, WORKERS_MAX = 1000 };

static const int64_t hour_ns = INT64_C(3600) * NV_NS_PER_SEC;
static int64_t batch_ns = INT64_C(21600) * NV_NS_PER_SEC;
static const int64_t day_ns = INT64_C(86400) * NV_NS_PER_SEC;
static uint64_t random_state = 88172645463325252u;
static uint64_t n_events = 2000000;
static int64_t years = 10;
static uint32_t n_workers = 50;
static char dir[512];
static int64_t from_ns;
static int64_t until_ns;
static int64_t took[ASKED];

static uint64_t
below(uint64_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state % n;
}

NV_NORETURN static void
fail(const char *what, int rc, const struct nv_err *err)
{
	(void)fprintf(stderr, "ledger_years: %s: %s\n", what,
		err && err->text[0] ? err->text : strerror(-rc));
	exit(1);
}

/* ---- writing ---- */

static void
add_event(struct led_batch *b, uint64_t n, int64_t at)
{
	static const char *const categories[] = {"llm", "email", "api", "compute"};
	static const char *const sources[] = {"stripe", "gumroad"};
	char name[32];
	char line[160];
	bool sale = n % 5 == 0;
	int64_t nano = (int64_t)(1000000 + below(50000000));

	(void)snprintf(name, sizeof(name), "agent_%u", (unsigned)below(n_workers));
	struct led_event ev = {.kind = sale ? LED_REVENUE : LED_COST,
		.worker = led_batch_worker_id(b, name),
		.claimed_ns = at,
		.received_ns = at,
		.category = sale ? sources[n % 2] : categories[n % 4],
		.line = line};

	ev.category_bytes = strlen(ev.category);
	ev.line_bytes = (size_t)snprintf(line, sizeof(line),
		"{\"event\":\"%s\",\"amount\":\"0.%09lld\",\"%s\":\"%s\"}",
		sale ? "revenue" : "cost", (long long)nano, sale ? "source" : "category",
		ev.category);
	int rc = led_batch_post(b, &ev, sale ? LED_CODE_REVENUE : LED_CODE_COST,
		ev.category, ev.category_bytes, nano, led_batch_currency_id(b, "USD"));

	if (rc == 0)
		rc = led_batch_event(b, &ev, NULL);
	if (rc != 0)
		fail("event", rc, NULL);
}

static void
write_ledger(void)
{
	struct led *led;
	struct led_batch *b;
	struct nv_err err = {0};
	int64_t began = nv_mono_ns();
	uint64_t n = 0;
	int rc = led_open(dir, NULL, &led, &err);

	if (rc < 0)
		fail("open", rc, &err);
	for (int64_t at = from_ns; at < until_ns; at += batch_ns) {
		double done =
			(double)(at + batch_ns - from_ns) / (double)(until_ns - from_ns);
		uint64_t upto = (uint64_t)(done * (double)n_events);

		rc = led_batch_begin(led, at, &b, &err);
		for (; rc == 0 && n < upto; n++)
			add_event(b, n, at);
		if (rc == 0)
			rc = led_batch_commit(b, &err);
		if (rc < 0)
			fail("commit", rc, &err);
	}
	led_close(led);
	double s = (double)(nv_mono_ns() - began) / 1e9;

	(void)printf("written      %llu events in %.1f s, %.0f a second\n",
		(unsigned long long)n, s, (double)n / s);
}

/* ---- asking ---- */

static int
by_length(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a;
	int64_t y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void
report(const char *what, size_t n)
{
	size_t middle = n / 2;
	size_t most = n * 99 / 100;

	qsort(took, n, sizeof(took[0]), by_length);
	(void)printf(
		"%-12s middle %9.3f ms   99 of 100 within %9.3f ms   slowest %9.3f ms\n",
		what, (double)took[middle] / 1e6, (double)took[most] / 1e6,
		(double)took[n - 1] / 1e6);
}

static int
count_category(void *arg, uint32_t worker, uint32_t currency, const char *category,
	nv_i128 nano, uint64_t events)
{
	(void)worker;
	(void)currency;
	(void)category;
	(void)nano;
	*(uint64_t *)arg += events;
	return 0;
}

static int
count_event(void *arg, const struct led_event *ev)
{
	(void)ev;
	return ++*(int *)arg == 100;
}

enum question { WINDOW, CATEGORIES, EVENTS };

static void
ask(struct led *led, enum question question, size_t times, const char *what)
{
	static const int64_t lengths[] = {INT64_C(60) * NV_NS_PER_SEC, hour_ns, day_ns,
		30 * day_ns, 365 * day_ns, 3650 * day_ns};
	struct led_stats stats;
	struct led_view *v;
	uint64_t sum = 0;

	for (size_t i = 0; i < times; i++) {
		int64_t length = lengths[below(NV_LEN(lengths))];
		int64_t at = from_ns + (int64_t)below((uint64_t)(until_ns - from_ns));
		struct led_totals totals;
		int events = 0;
		int64_t began = nv_mono_ns();
		int rc = led_view_begin(led, &v, NULL);

		if (rc == 0 && question == WINDOW)
			rc = led_view_window(v, (uint32_t)below(n_workers + 1),
				led_view_currency_id(v, "USD"), at, at + length, &totals);
		else if (rc == 0 && question == CATEGORIES)
			rc = led_view_categories(v, (uint32_t)below(n_workers + 1),
				LED_CODE_COST, at, at + length, count_category, &sum);
		else if (rc == 0)
			rc = led_view_stats(v, &stats);
		if (rc == 0 && question == EVENTS)
			rc = led_view_events(
				v, 1 + below(stats.events), true, count_event, &events);
		if (rc < 0 && rc != -ENOENT)
			fail(what, rc, NULL);
		led_view_end(v);
		took[i] = nv_mono_ns() - began;
	}
	report(what, times);
}

static void
ask_all(void)
{
	struct led_options opt = {.read_only = true};
	struct led_stats stats;
	struct led_view *v;
	struct led *led;
	struct nv_err err = {0};

	/* As the engine opens it, and as somebody who only reads. */
	for (int i = 0; i < 20; i++) {
		int64_t began = nv_mono_ns();
		int rc = led_open(dir, i % 2 ? &opt : NULL, &led, &err);

		if (rc < 0)
			fail("open", rc, &err);
		took[i] = nv_mono_ns() - began;
		led_close(led);
	}
	report("open", 20);
	int rc = led_open(dir, &opt, &led, &err);

	if (rc < 0 || led_view_begin(led, &v, &err) < 0)
		fail("open", rc, &err);
	if (led_view_stats(v, &stats) < 0)
		fail("stats", -EIO, NULL);
	led_view_end(v);
	ask(led, WINDOW, ASKED, "window");
	ask(led, CATEGORIES, ASKED / 10, "categories");
	ask(led, EVENTS, ASKED, "100 events");
	(void)printf("file         %.2f GiB, %.0f bytes an event, %llu batches\n",
		(double)stats.bytes / (double)(1u << 30),
		(double)stats.bytes / (double)NV_MAX(stats.events, UINT64_C(1)),
		(unsigned long long)stats.batches);
	led_close(led);
}

static void
remove_dir(void)
{
	static const char *const names[] = {
		"ledger.mdb", "ledger.mdb-lock", "writer.lock"};
	char path[600];

	for (size_t i = 0; i < NV_LEN(names); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		(void)unlink(path); /* it is in /tmp */
	}
	(void)rmdir(dir);
}

int
main(int argc, char **argv)
{
	struct stat st;
	char file[600];

	if (argc > 1)
		n_events = strtoull(argv[1], NULL, 10);
	if (argc > 2)
		years = (int64_t)strtoull(argv[2], NULL, 10);
	if (argc > 3)
		n_workers = (uint32_t)strtoul(argv[3], NULL, 10);
	if (argc > 5)
		batch_ns = (int64_t)strtoull(argv[5], NULL, 10) * NV_NS_PER_SEC;
	if (argc > 6 || batch_ns <= 0 || batch_ns > day_ns || n_events == 0 ||
		years < 1 || years > 50 || n_workers == 0 || n_workers > WORKERS_MAX) {
		(void)fprintf(stderr,
			"usage: ledger_years [EVENTS] [YEARS] [WORKERS] [DIR] "
			"[BATCH_S]\n");
		return 2;
	}
	(void)snprintf(dir, sizeof(dir), "%s",
		argc > 4 ? argv[4] : "/tmp/nova-ledger-years.XXXXXX");
	if (argc <= 4 && !mkdtemp(dir))
		fail("a directory in /tmp", -errno, NULL);
	until_ns = nv_wall_ns() / batch_ns * batch_ns;
	from_ns = until_ns - years * 365 * day_ns;
	(void)snprintf(file, sizeof(file), "%s/ledger.mdb", dir);
	if (stat(file, &st) < 0)
		write_ledger();
	ask_all();
	if (argc <= 4)
		remove_dir();
	return 0;
}
