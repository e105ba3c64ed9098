/* Writes the past of a fleet straight into a ledger, hour by hour, with the commit times
 * of then, the last hour ending now: what a month of operation would have left behind.
 *
 *   decide_past LEDGER HOURS NAME:RUNS:COST:EVERY:SALE:DELAY:FAIL...
 *
 * Of each worker: runs an hour, nano-dollars a run, a sale every so many hours (0: none)
 * of so many nano-dollars, so many seconds after its run; runs of the last FAIL hours
 * fail. With DECIDE_PAST_AHEAD_S in the environment the last hour ends so much later than
 * now: what a clock that was wrong leaves behind. */
#include "led.h"
#include "nv_clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORKERS_MAX 200
#define HOUR_NS     (INT64_C(3600) * NV_NS_PER_SEC)
#define FIELDS      7

struct worker {
	const char *name;
	long long field[FIELDS]; /* [0] is the name's place */
};

static void
die(const char *what)
{
	(void)fprintf(stderr, "decide_past: %s\n", what);
	exit(1);
}

static struct worker
parse(char *text)
{
	struct worker w = {.name = text};
	char *at = text;

	for (int i = 1; i < FIELDS; i++) {
		at = strchr(at, ':');
		if (!at)
			die("a worker has seven fields");
		*at++ = '\0';
		w.field[i] = strtoll(at, NULL, 10);
	}
	return w;
}

static void
add(struct led_batch *b, uint32_t worker, enum led_kind kind, enum led_code code,
	int64_t nano, int64_t now_ns, int64_t caused_ns, uint32_t flags)
{
	struct led_event ev = {.kind = kind,
		.flags = flags,
		.worker = worker,
		.claimed_ns = now_ns,
		.received_ns = now_ns,
		.caused_ns = caused_ns,
		.duration_ms = kind == LED_RUN ? 10 : 0,
		.line = "{}",
		.line_bytes = 2};
	uint64_t seq;

	if (code && led_batch_post(b, &ev, code, NULL, 0, nano,
			    led_batch_currency_id(b, "USD")) != 0)
		die("a posting is refused");
	if (led_batch_event(b, &ev, &seq) != 0)
		die("an event is refused");
}

static void
one_hour(struct led_batch *b, const struct worker *w, long long hour, long long left,
	int64_t now_ns)
{
	uint32_t id = led_batch_worker_id(b, w->name);
	bool ok = left > w->field[6];

	for (long long i = 0; i < w->field[1]; i++) {
		add(b, id, LED_COST, LED_CODE_COST, w->field[2], now_ns, 0, 0);
		add(b, id, LED_RUN, 0, 0, now_ns, 0, ok ? LED_F_OK : 0);
	}
	if (w->field[3] && hour % w->field[3] == w->field[3] - 1 && ok)
		add(b, id, LED_REVENUE, LED_CODE_REVENUE, w->field[4], now_ns,
			now_ns - w->field[5] * NV_NS_PER_SEC, 0);
}

int
main(int argc, char **argv)
{
	struct led_options opt = {.boot_id = 1};
	struct worker workers[WORKERS_MAX];
	struct led *led = NULL;
	struct nv_err err = {0};
	long long hours = argc > 2 ? strtoll(argv[2], NULL, 10) : 0;
	const char *ahead = getenv("DECIDE_PAST_AHEAD_S");
	int64_t end_ns =
		nv_wall_ns() + (ahead ? strtoll(ahead, NULL, 10) : 0) * NV_NS_PER_SEC;
	int n = argc - 3;

	if (n < 1 || n > WORKERS_MAX || hours <= 0)
		die("usage: decide_past LEDGER HOURS WORKER...");
	for (int i = 0; i < n; i++)
		workers[i] = parse(argv[i + 3]);
	if (led_open(argv[1], &opt, &led, &err) != 0)
		die(err.text);
	for (long long h = 0; h < hours; h++) {
		int64_t now_ns = end_ns - (hours - h) * HOUR_NS;
		struct led_batch *b = NULL;

		if (led_batch_begin(led, now_ns, &b, &err) != 0)
			die(err.text);
		for (int i = 0; i < n; i++)
			one_hour(b, &workers[i], h, hours - h, now_ns);
		if (led_batch_commit(b, &err) != 0)
			die(err.text);
	}
	led_close(led);
	return 0;
}
