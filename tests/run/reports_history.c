/* Writes a ledger with a history of eight months, each commit at a time of its own, so
 * that reports can be asked about the past: reports_history LEDGER_DIR SEED. The same
 * seed gives the same history. */
#include "led.h"
#include "nv_clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BEGIN   (INT64_C(1725148800) * NV_NS_PER_SEC) /* 2024-09-01T00:00:00Z */
#define BATCHES 240
#define STEP_S  86400 /* 240 days */

struct sale {
	char id[24];
	uint32_t worker;
	uint32_t currency;
	uint64_t seq;
	int64_t gross;
	int64_t left;     /* to refund or dispute */
	int64_t disputed; /* open */
	bool touched;     /* something came back, if only for a time */
};

static struct sale sales[4 * BATCHES];
static unsigned n_sales;
static uint64_t last_cost;
static uint64_t state;

static uint64_t
rnd(uint64_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % n;
}

static void
must(int rc, const char *what)
{
	if (rc == 0)
		return;
	(void)fprintf(stderr, "%s: %s\n", what, strerror(-rc));
	exit(1);
}

static void
post(struct led_batch *b, struct led_event *ev, enum led_code code, int64_t nano,
	uint32_t currency)
{
	static const char *const parties[] = {"stripe", "gumroad", "open ai"};
	const char *party = parties[rnd(3)];

	must(led_batch_post(b, ev, code, party, strlen(party), nano, currency), "post");
}

static void
sell(struct led_batch *b, struct led_event *ev)
{
	struct sale *s = &sales[n_sales];
	int64_t nano = (int64_t)(1 + rnd(20000)) * 10000000;
	uint32_t currency = led_batch_currency_id(
		b, (const char *const[]){"USD", "EUR", "JPY"}[rnd(3)]);

	(void)snprintf(s->id, sizeof(s->id), "sale-%u", n_sales++);
	s->worker = ev->worker;
	s->currency = currency;
	s->left = nano;
	s->gross = nano;
	ev->kind = LED_REVENUE;
	ev->id = s->id;
	ev->id_bytes = strlen(s->id);
	must(led_batch_post(b, ev, LED_CODE_REVENUE, "stripe", 6, nano, currency),
		"sale");
	if (rnd(2) == 0)
		must(led_batch_post(
			     b, ev, LED_CODE_FEE, "stripe", 6, 1 + nano / 30, currency),
			"fee");
}

/* Refunds and disputes of a sale, whatever it allows. */
static bool
take_back(struct led_batch *b, struct led_event *ev)
{
	struct sale *s = &sales[rnd(n_sales)];
	enum led_code code = LED_CODE_REFUND;
	int64_t nano = 0;
	struct led_sale known;

	if (s->disputed > 0) {
		code = rnd(2) ? LED_CODE_DISPUTE_WON : LED_CODE_DISPUTE_LOST;
		nano = s->disputed;
		s->left += code == LED_CODE_DISPUTE_WON ? nano : 0;
		s->disputed = 0;
	} else if (s->left > 0) {
		nano = 1 + (int64_t)rnd((uint64_t)s->left);
		code = rnd(2) ? LED_CODE_REFUND : LED_CODE_DISPUTE;
		s->left -= nano;
		s->disputed = code == LED_CODE_DISPUTE ? nano : 0;
	}
	if (nano == 0)
		return false;
	s->touched = true;
	ev->kind = code == LED_CODE_REFUND ? LED_REFUND : LED_DISPUTE;
	ev->worker = s->worker;
	ev->of = s->id;
	ev->of_bytes = strlen(s->id);
	must(led_batch_sale(b, ev->worker, ev->worker, ev->of, ev->of_bytes, &known),
		"the sale");
	ev->ref = known.seq;
	must(led_batch_post(b, ev, code, "stripe", 6, nano, s->currency), "back");
	return true;
}

/* A conversion at the bank or at a platform. */
static void
convert(struct led_batch *b, struct led_event *ev)
{
	int64_t nano = (int64_t)(1 + rnd(5000)) * 10000000;
	bool bank = rnd(2) == 0;

	ev->kind = LED_CONVERSION;
	ev->worker = 0;
	must(led_batch_convert(b, ev, bank ? NULL : "gumroad", bank ? 0 : 7, nano,
		     led_batch_currency_id(b, "USD"), nano * 9 / 10,
		     led_batch_currency_id(b, "EUR")),
		"convert");
}

/* Takes back a sale of which nothing came back, or the last cost. */
static bool
correct(struct led_batch *b, struct led_event *ev)
{
	struct sale *s = n_sales > 0 ? &sales[rnd(n_sales)] : NULL;
	uint64_t seq = last_cost;

	if (s && rnd(2) == 0) {
		if (s->left != s->gross || s->touched)
			return false;
		seq = s->seq;
		s->left = 0;
	} else {
		last_cost = 0;
	}
	if (seq == 0)
		return false;
	ev->kind = LED_CORRECTION;
	must(led_batch_correct(b, seq, ev), "correct");
	return true;
}

static void
one_event(struct led_batch *b, int64_t now_ns)
{
	static const char *const names[] = {"alpha", "beta", "gamma"};
	static const char *const categories[] = {"llm", "ads", "email"};
	const char *category = categories[rnd(3)];
	struct led_event ev = {.worker = led_batch_worker_id(b, names[rnd(3)]),
		.claimed_ns = now_ns,
		.received_ns = now_ns,
		.category = category,
		.category_bytes = strlen(category),
		.line = "{}",
		.line_bytes = 2};
	uint32_t usd = led_batch_currency_id(b, "USD");
	uint64_t seq = 0;

	switch (rnd(9)) {
	case 0:
	case 1:
		ev.kind = LED_COST;
		post(b, &ev, LED_CODE_COST, (int64_t)(1 + rnd(1000000000)) * 17,
			rnd(4) ? usd : led_batch_currency_id(b, "EUR"));
		break;
	case 2:
		ev.kind = LED_PAYOUT;
		ev.worker = 0;
		post(b, &ev, LED_CODE_PAYOUT, (int64_t)(1 + rnd(500)) * 100000000, usd);
		break;
	case 3:
	case 4:
		if (n_sales > 0 && take_back(b, &ev))
			break;
		sell(b, &ev);
		break;
	case 5:
		convert(b, &ev);
		break;
	case 6:
		if (correct(b, &ev))
			break;
		sell(b, &ev);
		break;
	default:
		sell(b, &ev);
		break;
	}
	must(led_batch_event(b, &ev, &seq), "event");
	if (ev.kind == LED_COST)
		last_cost = seq;
	if (ev.kind == LED_REVENUE)
		sales[n_sales - 1].seq = seq;
}

int
main(int argc, char **argv)
{
	struct led_options opt = {.map_bytes = (uint64_t)64 << 20, .boot_id = 1};
	struct nv_err err = {0};
	struct led *led = NULL;

	if (argc != 3)
		return 2;
	state = UINT64_C(0x9e3779b97f4a7c15) ^ strtoull(argv[2], NULL, 10);
	must(led_open(argv[1], &opt, &led, &err), "open");
	for (int i = 0; i < BATCHES; i++) {
		int64_t now_ns = BEGIN + ((int64_t)i * STEP_S + (int64_t)rnd(STEP_S)) *
						 NV_NS_PER_SEC;
		struct led_batch *b = NULL;

		must(led_batch_begin(led, now_ns, &b, &err), "begin");
		for (uint64_t n = 1 + rnd(4); n > 0; n--)
			one_event(b, now_ns);
		must(led_batch_commit(b, &err), "commit");
	}
	led_close(led);
	return 0;
}
