/* Anomalies: what is one, and what is only a busy day. */
#include "anomaly.h"
#include "run_suite.h"

#include <string.h>

#define USD(n) ((nv_i128)(n)*NV_MONEY_SCALE)

static const struct eng_anomaly_rules rules = {.cost_ppm = 5000000,
	.refunds_ppm = 5000000,
	.silence = 7,
	.above_nano = NV_MONEY_SCALE,
	.currency = "USD"};

/* A usual week: $168 in 1,680 runs, 70 sales of $10, a refund of $10 a day. */
static const struct eng_anomaly_figures usual = {.known_a_day = true,
	.cost_hour = USD(1),
	.runs_hour = 10,
	.cost_base = USD(168),
	.runs_base = 1680,
	.cost_hour_max = USD(2),
	.sales_base = 70,
	.silent_hours = 17,
	.sales_silent = 7,
	.runs_silent = 170,
	.refunds_day = USD(10),
	.n_refunds_day = 1,
	.refunds_base = USD(70),
	.revenue_base = USD(700)};

struct row {
	const char *what;
	struct eng_anomaly_figures f;
	enum eng_anomaly expected;
	const char *words; /* in the reason */
};

#define ROW(text, verdict, said, ...) \
	rows[n] = (struct row){ \
		.what = text, .f = usual, .expected = verdict, .words = said}; \
	f = &rows[n++].f; \
	__VA_ARGS__

START_TEST(test_table)
{
	static struct row rows[40];
	struct eng_anomaly_figures *f;
	size_t n = 0;

	ROW("as usual", ENG_ANOMALY_NONE, "", (void)f);
	ROW("five times the mean hour is not more than that", ENG_ANOMALY_NONE, "",
		f->cost_hour = USD(5), f->runs_hour = 50);
	ROW("a cent more is", ENG_ANOMALY_COST, "$5.01 in the last hour; the dearest",
		f->cost_hour = USD(5) + NV_MONEY_SCALE / 100, f->runs_hour = 51);
	ROW("no more than twice the dearest hour", ENG_ANOMALY_NONE, "",
		f->cost_hour = USD(20), f->cost_hour_max = USD(10), f->runs_hour = 200);
	ROW("a worker of today has no usual hour", ENG_ANOMALY_NONE, "",
		f->known_a_day = false, f->cost_hour = USD(50), f->runs_hour = 500);
	ROW("small money is none", ENG_ANOMALY_NONE, "", f->cost_base = USD(1) / 1000,
		f->cost_hour = USD(1) / 2, f->cost_hour_max = 1);
	ROW("runs of five times the price", ENG_ANOMALY_NONE, "", f->cost_hour = USD(2),
		f->runs_hour = 4);
	ROW("of more than that", ENG_ANOMALY_COST, "a run cost $0.63",
		f->cost_hour = USD(19) / 10, f->runs_hour = 3);
	ROW("two runs are too few", ENG_ANOMALY_NONE, "", f->cost_hour = USD(4),
		f->runs_hour = 2);
	ROW("a week of too few runs", ENG_ANOMALY_NONE, "", f->runs_base = 19,
		f->cost_base = USD(1), f->cost_hour = USD(2), f->runs_hour = 3);
	ROW("sales have stopped", ENG_ANOMALY_SILENCE, "nothing for 17 hours",
		f->sales_silent = 0);
	ROW("but it did not work either", ENG_ANOMALY_NONE, "", f->sales_silent = 0,
		f->runs_silent = 0);
	ROW("not asked", ENG_ANOMALY_NONE, "", f->sales_silent = 0, f->silent_hours = 0);
	ROW("a burst of refunds", ENG_ANOMALY_REFUNDS, "3 refunds of $70.01",
		f->n_refunds_day = 3, f->refunds_day = USD(7001) / 100,
		f->refunds_base = USD(70));
	ROW("two are none", ENG_ANOMALY_NONE, "", f->n_refunds_day = 2,
		f->refunds_day = USD(500));
	ROW("not above five days of them", ENG_ANOMALY_NONE, "", f->n_refunds_day = 9,
		f->refunds_day = USD(50), f->refunds_base = USD(70));
	ROW("not a tenth of a day's sales", ENG_ANOMALY_NONE, "", f->n_refunds_day = 9,
		f->refunds_day = USD(10), f->refunds_base = 0,
		f->revenue_base = USD(700));
	ROW("nothing ever happened", ENG_ANOMALY_NONE, "",
		*f = (struct eng_anomaly_figures){0});
	for (size_t i = 0; i < n; i++) {
		struct eng_anomaly_verdict v;

		eng_anomaly_judge(&rules, &rows[i].f, &v);
		ck_assert_msg(v.what == rows[i].expected, "%s: %s: %s", rows[i].what,
			eng_anomaly_name(v.what), v.reason);
		ck_assert_msg(strstr(v.reason, rows[i].words), "%s: \"%s\"", rows[i].what,
			v.reason);
	}
}
END_TEST

START_TEST(test_off)
{
	struct eng_anomaly_rules off = {.currency = "USD"};
	struct eng_anomaly_figures f = usual;
	struct eng_anomaly_verdict v;

	f.cost_hour = USD(100000);
	f.n_refunds_day = 1000;
	f.refunds_day = USD(100000);
	eng_anomaly_judge(&off, &f, &v);
	ck_assert_int_eq(v.what, ENG_ANOMALY_NONE);
	ck_assert_uint_eq(eng_anomaly_silence_hours(&off, 1000), 0);
	ck_assert(!eng_anomaly_wants_max(&off, &f));
}
END_TEST

START_TEST(test_silence_hours)
{
	static const struct {
		uint64_t sales;
		uint64_t hours;
	} rows[] = {
		{0, 0}, {9, 0}, {10, 118}, {70, 17}, {168, 7}, {1176, 1}, {100000, 1}};

	for (size_t i = 0; i < NV_LEN(rows); i++)
		ck_assert_uint_eq(
			eng_anomaly_silence_hours(&rules, rows[i].sales), rows[i].hours);
}
END_TEST

/* The largest sums that the ledger's figures can reach do not overflow. */
START_TEST(test_limits)
{
	nv_i128 most = (nv_i128)NV_MONEY_SCALE * NV_MONEY_SCALE * NV_MONEY_SCALE;
	struct eng_anomaly_figures f = {.known_a_day = true,
		.cost_hour = most,
		.runs_hour = UINT32_MAX,
		.cost_base = most,
		.runs_base = UINT32_MAX,
		.cost_hour_max = most,
		.refunds_day = most,
		.n_refunds_day = UINT32_MAX,
		.refunds_base = most,
		.revenue_base = most};
	struct eng_anomaly_verdict v;

	eng_anomaly_judge(&rules, &f, &v);
	ck_assert_int_eq(v.what, ENG_ANOMALY_REFUNDS);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("anomaly");
	TCase *tc = tcase_create("anomaly");

	tcase_add_test(tc, test_table);
	tcase_add_test(tc, test_off);
	tcase_add_test(tc, test_silence_hours);
	tcase_add_test(tc, test_limits);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
