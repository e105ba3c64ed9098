/* led_make DIR DAYS BATCHES EVENTS: a ledger in DIR whose batches lie on the DAYS days
 * before today (UTC), so that a test need not wait for midnight. BATCHES a day with
 * EVENTS each; event n costs n millionths and has the id "n<n>" of worker "w". Prints the
 * first seal key and writes it to DIR/../seal.key. */
#include "led.h"
#include "nv_clock.h"
#include "seal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t day_ns = INT64_C(86400) * NV_NS_PER_SEC;

static void
need(bool ok, const char *what)
{
	if (ok)
		return;
	(void)fprintf(stderr, "led_make: %s failed\n", what);
	exit(1);
}

static void
add_event(struct led_batch *b, int64_t at, uint64_t n)
{
	char line[128];
	char id[32];
	struct led_event ev = {.kind = LED_COST,
		.worker = led_batch_worker_id(b, "w"),
		.claimed_ns = at,
		.received_ns = at,
		.id = id,
		.line = line};
	int bytes = snprintf(line, sizeof(line),
		"{\"event\":\"cost\",\"amount\":\"%llu.%06llu\",\"id\":\"n%llu\"}",
		(unsigned long long)n / 1000000, (unsigned long long)n % 1000000,
		(unsigned long long)n);

	ev.line_bytes = (size_t)bytes;
	ev.id_bytes = (size_t)snprintf(id, sizeof(id), "n%llu", (unsigned long long)n);
	need(led_batch_post(b, &ev, LED_CODE_COST, "vendor", 6, (int64_t)n * 1000,
		     led_batch_currency_id(b, "USD")) == 0,
		"post");
	need(led_batch_event(b, &ev, NULL) == 0, "event");
}

int
main(int argc, char **argv)
{
	struct led *led;
	struct led_batch *b;
	struct led_seal_key key;
	char path[4096];
	char text[LED_SEAL_KEY_BYTES];
	uint64_t n = 0;

	if (argc != 5)
		return 2;
	int days = (int)strtol(argv[2], NULL, 10);
	int batches = (int)strtol(argv[3], NULL, 10);
	int events = (int)strtol(argv[4], NULL, 10);
	int64_t today = nv_wall_ns() / day_ns;

	need(led_open(argv[1], NULL, &led, NULL) == 0, "open");
	for (int d = 0; d < days; d++) {
		for (int i = 0; i < batches; i++) {
			int64_t at = (today - days + d) * day_ns + day_ns / batches * i;

			need(led_batch_begin(led, at, &b, NULL) == 0, "begin");
			for (int k = 0; k < events; k++)
				add_event(b, at, ++n);
			need(led_batch_commit(b, NULL) == 0, "commit");
		}
	}
	need(led_seal_key_make(led_id(led), (uint32_t)(today - days), &key) == 0, "key");
	(void)snprintf(path, sizeof(path), "%s/../seal.key", argv[1]);
	need(led_seal_key_store(path, &key) == 0, "store");
	led_seal_key_text(&key, text);
	(void)puts(text);
	led_close(led);
	return 0;
}
