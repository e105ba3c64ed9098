/* Reports over random histories: whatever is asked for by whatever key, the rows are what
 * a naive count over the events says, and add up to the whole. Several currencies,
 * several time zones, a winter's end, a leap day, refunds and disputes long after the
 * sale. */
#include "eng_fixture.h"
#include "run_suite.h"
#include "tally.h"

#include <time.h>

#define SEC     NV_NS_PER_SEC
#define QUARTER (900 * SEC)
#define FROM    (INT64_C(1705708800) * SEC) /* 2024-01-20T00:00:00Z */
#define SPAN    (INT64_C(90) * 86400)       /* s: past the end of March */
#define N       1500

static const char *const worker_names[] = {"alpha", "beta", "gamma", "old"};
static const char *const groups[] = {"sales", "sales", "ops", "(not configured)"};
static const char *const categories[] = {"llm", "email", "", "ads"};
static const char *const codes[] = {"USD", "EUR", "GBP"}; /* GBP has no rate */
static const char *const variants[] = {"", "a", "b"};

struct made {
	int64_t at_ns;
	enum led_code code;
	unsigned worker;
	unsigned currency;
	unsigned category;
	unsigned variant;
	int64_t nano;
	int sale;     /* index of the sale it is about, -1 = none */
	int64_t took; /* of a sale: what was taken of it */
};

static struct made made[N];
static struct eng_fixture f;
static uint64_t seed;

static uint64_t
rnd(uint64_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % n;
}

static int
by_time(const void *a, const void *b)
{
	const struct made *x = a;
	const struct made *y = b;

	return x->at_ns < y->at_ns ? -1 : x->at_ns > y->at_ns;
}

/* Fractions of 10^-9 for EUR at 1.08 come out of every amount when `odd`. */
static void
invent(bool odd)
{
	for (int i = 0; i < N; i++)
		made[i] = (struct made){.at_ns = FROM + (int64_t)rnd(SPAN) * SEC +
						 (int64_t)rnd((uint64_t)SEC),
			.sale = -1};
	qsort(made, N, sizeof made[0], by_time);
	for (int i = 0; i < N; i++) {
		static const enum led_code kinds[] = {LED_CODE_COST, LED_CODE_COST,
			LED_CODE_REVENUE, LED_CODE_REVENUE, LED_CODE_FEE, LED_CODE_REFUND,
			LED_CODE_REFUND, LED_CODE_PAYOUT};
		struct made *m = &made[i];

		m->code = kinds[rnd(NV_LEN(kinds))];
		m->worker = (unsigned)rnd(4);
		m->currency = (unsigned)rnd(3);
		m->category = (unsigned)rnd(4);
		m->variant = m->worker == 0 ? (unsigned)rnd(3) : 0;
		m->nano = (int64_t)(1 + rnd(100000000)) * (odd ? 1 : 1000000);
		if (m->code != LED_CODE_REFUND || rnd(4) == 0)
			continue;
		/* Of an earlier sale, of what is left of it, whoever made it. */
		for (int back = 0; i > 0 && back < 20 && m->sale < 0; back++) {
			int k = (int)rnd((uint64_t)i);
			struct made *s = &made[k];

			if (s->code != LED_CODE_REVENUE || s->took == s->nano)
				continue;
			m->sale = k;
			m->worker = s->worker;
			m->variant = s->variant;
			m->currency = s->currency;
			m->nano = NV_MIN(m->nano, s->nano - s->took);
			s->took += m->nano;
		}
	}
}

static void
write_event(struct led_batch *b, int i)
{
	static const enum led_kind kinds[] = {[LED_CODE_COST] = LED_COST,
		[LED_CODE_REVENUE] = LED_REVENUE,
		[LED_CODE_FEE] = LED_FEE,
		[LED_CODE_REFUND] = LED_REFUND,
		[LED_CODE_PAYOUT] = LED_PAYOUT};
	const struct made *m = &made[i];
	char id[32];
	char of[32];
	struct led_event ev = {.kind = kinds[m->code],
		.worker = led_batch_worker_id(b, worker_names[m->worker]),
		.claimed_ns = m->at_ns,
		.received_ns = m->at_ns,
		.category = categories[m->category],
		.category_bytes = strlen(categories[m->category]),
		.line = "{}",
		.line_bytes = 2};

	ev.id_bytes = (size_t)snprintf(id, sizeof id, "e%d", i);
	ev.id = id;
	if (m->sale >= 0) {
		ev.of_bytes = (size_t)snprintf(of, sizeof of, "e%d", m->sale);
		ev.of = of;
		struct led_sale sale;

		ck_assert_int_eq(
			led_batch_sale(b, ev.worker, ev.worker, of, ev.of_bytes, &sale),
			0);
		ev.ref = sale.seq;
	}
	if (m->variant > 0 && m->code != LED_CODE_PAYOUT)
		ev.variant = led_batch_variant_id(b, variants[m->variant], 1);
	if (m->code == LED_CODE_PAYOUT)
		ev.worker = 0;
	ck_assert_int_eq(led_batch_post(b, &ev, m->code, "stripe", 6, m->nano,
				 led_batch_currency_id(b, codes[m->currency])),
		0);
	ck_assert_int_eq(led_batch_event(b, &ev, NULL), 0);
}

static void
write_history(void)
{
	struct led_options opt = {.map_bytes = (uint64_t)64 << 20, .boot_id = 1};
	struct nv_err err = {0};
	struct led *led = NULL;
	char path[128];

	(void)snprintf(path, sizeof path, "%s/ledger", f.dir);
	ck_assert_msg(led_open(path, &opt, &led, &err) == 0, "%s", err.text);
	for (int i = 0; i < N;) {
		struct led_batch *b = NULL;
		int64_t now_ns = made[i].at_ns;

		ck_assert_int_eq(led_batch_begin(led, now_ns, &b, &err), 0);
		/* What is committed together counts at that time. */
		for (int n = 0; i < N && n < 4; n++, i++) {
			made[i].at_ns = now_ns;
			write_event(b, i);
		}
		ck_assert_msg(led_batch_commit(b, &err) == 0, "%s", err.text);
	}
	led_close(led);
}

static void
open_in(const char *zone)
{
	static const char *const workers[] = {
		"worker: alpha\ncommand: [a]\ngroup: sales\n",
		"worker: beta\ncommand: [a]\ngroup: sales\n",
		"worker: gamma\ncommand: [a]\ngroup: ops\n", NULL};
	char global[200];

	(void)snprintf(global, sizeof global,
		"timezone: %s\ncurrencies: {EUR: 1.08 USD}\nreinvest: 50%%\n", zone);
	eng_fixture_open(&f, global, workers);
}

/* ---- the naive count ---- */

typedef bool counts_fn(const struct made *m, const void *arg);

static enum eng_figure
figure_of(enum led_code code)
{
	switch (code) {
	case LED_CODE_COST:
		return ENG_FIG_COST;
	case LED_CODE_REVENUE:
		return ENG_FIG_REVENUE;
	case LED_CODE_FEE:
		return ENG_FIG_FEES;
	case LED_CODE_REFUND:
		return ENG_FIG_REFUNDS;
	default:
		return ENG_FIG_PAYOUTS;
	}
}

/* In the base currency, converted once for each currency. */
static struct eng_figures
count(int64_t from_ns, int64_t to_ns, counts_fn *counts, const void *arg)
{
	struct eng_figures own[3] = {{{0}}};
	struct eng_figures sum = {{0}};

	for (int i = 0; i < N; i++) {
		const struct made *m = &made[i];

		if (m->at_ns >= from_ns && m->at_ns < to_ns &&
			(!counts || counts(m, arg)))
			own[m->currency].v[figure_of(m->code)] += m->nano;
	}
	for (size_t k = 0; k < ENG_N_FIGURES; k++)
		sum.v[k] = own[0].v[k] + eng_convert(own[1].v[k], 1080000000);
	return sum;
}

static bool
is_worker(const struct made *m, const void *arg)
{
	return m->code != LED_CODE_PAYOUT && strcmp(worker_names[m->worker], arg) == 0;
}

static bool
is_group(const struct made *m, const void *arg)
{
	return m->code != LED_CODE_PAYOUT && strcmp(groups[m->worker], arg) == 0;
}

static bool
is_category(const struct made *m, const void *arg)
{
	const char *name = categories[m->category];

	return strcmp(name[0] ? name : "(none)", arg) == 0;
}

static bool
is_variant(const struct made *m, const void *arg)
{
	const char *key = arg;

	if (m->code == LED_CODE_PAYOUT)
		return false;
	if (m->variant == 0)
		return strcmp(key, "(no variant)") == 0;
	return strncmp(key, "alpha:", 6) == 0 &&
	       strcmp(key + 6, variants[m->variant]) == 0;
}

/* By the calendar of the C library. */
static char labels[N][40];

static void
label_all(char unit)
{
	for (int i = 0; i < N; i++) {
		time_t t = (time_t)(made[i].at_ns / SEC);
		struct tm tm;

		(void)localtime_r(&t, &tm);
		switch (unit) {
		case 'd':
			(void)strftime(labels[i], sizeof labels[i], "%Y-%m-%d", &tm);
			break;
		case 'w':
			(void)strftime(labels[i], sizeof labels[i], "%G-W%V", &tm);
			break;
		case 'm':
			(void)strftime(labels[i], sizeof labels[i], "%Y-%m", &tm);
			break;
		case 'y':
			(void)strftime(labels[i], sizeof labels[i], "%Y", &tm);
			break;
		default:
			(void)strftime(
				labels[i], sizeof labels[i], "%Y-%m-%d %H:00 %z", &tm);
			break;
		}
	}
}

static bool
is_unit(const struct made *m, const void *arg)
{
	return strcmp(labels[m - made], arg) == 0;
}

/* ---- what is asked ---- */

static int64_t
money(const json_t *o, const char *key)
{
	const char *text = eng_fixture_text(o, key);
	int64_t nano = 0;

	ck_assert_msg(
		nv_money_parse(text, strlen(text), NV_DECIMAL_EXACT, &nano, NULL) == 0,
		"%s: %s", key, text);
	return nano;
}

static struct eng_figures
figures(const json_t *o)
{
	struct eng_figures v = {{
		[ENG_FIG_COST] = money(o, "cost"),
		[ENG_FIG_REVENUE] = money(o, "revenue"),
		[ENG_FIG_REFUNDS] = money(o, "refunds"),
		[ENG_FIG_DISPUTES] = money(o, "disputes"),
		[ENG_FIG_FEES] = money(o, "fees"),
	}};

	ck_assert_int_eq(money(o, "net_revenue"), (int64_t)eng_figures_earned(&v));
	ck_assert_int_eq(money(o, "profit"), (int64_t)eng_figures_profit(&v));
	return v;
}

static json_t *
ask(const char *verb, const char *args, ...)
{
	char request[400];
	char text[300];
	va_list ap;

	va_start(ap, args);
	(void)vsnprintf(text, sizeof text, args, ap);
	va_end(ap);
	(void)snprintf(
		request, sizeof request, "{\"verb\":\"%s\",\"args\":{%s}}", verb, text);
	json_t *data = eng_fixture_ask(&f, request);

	ck_assert_msg(data != NULL, "%s", request);
	return data;
}

static void
same(const struct eng_figures *a, const struct eng_figures *b, int64_t slack,
	const char *what)
{
	for (size_t k = 0; k < ENG_N_PROFIT_FIGURES; k++) {
		nv_i128 d = a->v[k] - b->v[k];

		ck_assert_msg(d <= slack && -d <= slack, "%s: figure %zu is off by %lld",
			what, k, (long long)d);
	}
}

/* Rows of an answer against the naive count; they add up to the total exactly. Rounding
 * that is carried may move a row by 10^-9 a currency with a rate but not the base's: one.
 */
static void
check_rows(const json_t *data, int64_t from_ns, int64_t to_ns, counts_fn *counts,
	int64_t slack)
{
	struct eng_figures all = count(from_ns, to_ns, NULL, NULL);
	struct eng_figures total = figures(json_object_get(data, "total"));
	struct eng_figures sum = {{0}};
	size_t i;
	json_t *row;

	same(&total, &all, 0, "total");
	json_array_foreach(json_object_get(data, "rows"), i, row)
	{
		const char *key = eng_fixture_text(row, "key");
		struct eng_figures got = figures(row);
		struct eng_figures want = count(from_ns, to_ns, counts, key);

		same(&got, &want, slack, key);
		eng_figures_add(&sum, &got, 1);
	}
	same(&sum, &total, 0, "sum of rows");
}

static const struct {
	const char *by;
	counts_fn *counts;
} keys[] = {{"worker", is_worker}, {"group", is_group}, {"category", is_category},
	{"source", is_category}, {"variant", is_variant}};

static const char *
rfc(int64_t ns)
{
	static char text[4][NV_RFC3339_BYTES];
	static unsigned next;

	return nv_rfc3339(ns, text[next++ % 4]);
}

static const char *const zones[] = {
	"UTC", "Europe/Berlin", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe"};

static void
check_zone(const char *zone, int64_t slack)
{
	static const char *const units[] = {"hour", "day", "week", "month", "year"};

	for (size_t k = 0; k < NV_LEN(keys); k++) {
		check_rows(ask("pnl", "\"period\":\"2024\",\"by\":\"%s\"", keys[k].by), 0,
			INT64_MAX, keys[k].counts, slack);
		/* Any quarters of an hour, and days of the zone. */
		for (int i = 0; i < 4; i++) {
			int64_t from = FROM + (int64_t)rnd(8000) * QUARTER;
			int64_t to = from + (int64_t)(1 + rnd(300)) * QUARTER;

			check_rows(
				ask("pnl", "\"from\":\"%s\",\"to\":\"%s\",\"by\":\"%s\"",
					rfc(from), rfc(to), keys[k].by),
				from, to, keys[k].counts, slack);
		}
	}
	for (size_t u = 0; u < NV_LEN(units); u++) {
		int64_t from;
		int64_t to;
		struct nv_err err = {0};

		if (eng_zone_set(zone, &err) < 0)
			return; /* no such zone here */
		label_all(units[u][0]);
		check_rows(ask("timeline", "\"period\":\"2024\",\"by\":\"%s\"", units[u]),
			0, INT64_MAX, is_unit, slack);
		/* The day of the leap year, and a day with a change of clocks. */
		eng_day_bounds(FROM + (INT64_C(40) * 86400 + 43200) * SEC, &from, &to);
		check_rows(ask("timeline", "\"period\":\"2024-02-29\",\"by\":\"%s\"",
				   units[u]),
			from, to, is_unit, slack);
	}
}

START_TEST(test_adds_up)
{
	seed = UINT64_C(0x9e3779b97f4a7c15) + (uint64_t)_i;
	(void)fprintf(stderr, "# seed %d, %s\n", _i, zones[_i]);
	eng_fixture_make_dir(&f);
	invent(_i % 2 == 1);
	write_history();
	open_in(zones[_i]);
	check_zone(zones[_i], _i % 2 == 1 ? 1 : 0);
	eng_fixture_close(&f);
	eng_fixture_remove_in(f.dir);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("reports");
	TCase *c = tcase_create("reports");

	tcase_set_timeout(c, 120);
	tcase_add_loop_test(c, test_adds_up, 0, NV_LEN(zones));
	suite_add_tcase(suite, c);
	return run_suite(suite);
}
