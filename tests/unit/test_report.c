/* Days of time zones, periods, conversion. */
#include "nv_clock.h"
#include "report.h"
#include "run_suite.h"

#include <errno.h>
#include <string.h>

static int64_t
at(const char *text)
{
	int64_t ns = 0;

	ck_assert_int_eq(nv_rfc3339_parse(text, strlen(text), &ns), 0);
	return ns;
}

/* The local day that contains `now`. */
static const struct {
	const char *zone;
	const char *now;
	const char *from;
	const char *to;
} days[] = {
	{"UTC", "2026-11-22T14:05:00Z", "2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z"},
	{"UTC", "2026-11-22T00:00:00Z", "2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z"},
	{"UTC", "2026-11-21T23:59:59.999Z", "2026-11-21T00:00:00Z",
		"2026-11-22T00:00:00Z"},
	{"UTC", "2028-02-29T12:00:00Z", "2028-02-29T00:00:00Z", "2028-03-01T00:00:00Z"},
	{"UTC", "2027-02-28T12:00:00Z", "2027-02-28T00:00:00Z", "2027-03-01T00:00:00Z"},
	{"UTC", "2026-12-31T23:00:00Z", "2026-12-31T00:00:00Z", "2027-01-01T00:00:00Z"},
	/* 23 and 25 hours */
	{"Europe/Berlin", "2026-03-29T12:00:00Z", "2026-03-28T23:00:00Z",
		"2026-03-29T22:00:00Z"},
	{"Europe/Berlin", "2026-10-25T12:00:00Z", "2026-10-24T22:00:00Z",
		"2026-10-25T23:00:00Z"},
	{"America/New_York", "2026-03-08T12:00:00Z", "2026-03-08T05:00:00Z",
		"2026-03-09T04:00:00Z"},
	{"America/New_York", "2026-11-01T05:30:00Z", "2026-11-01T04:00:00Z",
		"2026-11-02T05:00:00Z"},
	/* half hours, and midnights that do not exist or come twice */
	{"Asia/Kolkata", "2026-11-22T20:00:00Z", "2026-11-22T18:30:00Z",
		"2026-11-23T18:30:00Z"},
	{"America/Sao_Paulo", "2018-11-04T12:00:00Z", "2018-11-04T03:00:00Z",
		"2018-11-05T02:00:00Z"},
	{"America/Havana", "2026-03-08T12:00:00Z", "2026-03-08T05:00:00Z",
		"2026-03-09T04:00:00Z"},
	{"America/Havana", "2026-11-01T12:00:00Z", "2026-11-01T04:00:00Z",
		"2026-11-02T05:00:00Z"},
	/* a date that was left out; midnight that came again for a minute's difference */
	{"Pacific/Apia", "2011-12-30T09:00:00Z", "2011-12-29T10:00:00Z",
		"2011-12-30T10:00:00Z"},
	{"Pacific/Apia", "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z",
		"2011-12-31T10:00:00Z"},
	{"America/St_Johns", "2010-11-07T02:30:30Z", "2010-11-06T02:30:00Z",
		"2010-11-07T03:30:00Z"},
	{"Asia/Kathmandu", "2026-11-22T20:00:00Z", "2026-11-22T18:15:00Z",
		"2026-11-23T18:15:00Z"},
	{"Pacific/Kiritimati", "2026-11-22T12:00:00Z", "2026-11-22T10:00:00Z",
		"2026-11-23T10:00:00Z"},
};

START_TEST(test_days)
{
	struct nv_err err = {0};
	int64_t from;
	int64_t to;
	char text[NV_RFC3339_BYTES];

	if (eng_zone_set(days[_i].zone, &err) < 0) {
		/* A system without tzdata: then it must be said. */
		ck_assert_ptr_nonnull(strstr(err.text, days[_i].zone));
		return;
	}
	eng_day_bounds(at(days[_i].now), &from, &to);
	ck_assert_msg(from == at(days[_i].from), "%s", nv_rfc3339(from, text));
	ck_assert_msg(to == at(days[_i].to), "%s", nv_rfc3339(to, text));
	/* Every instant of the day is in the day. */
	for (int64_t t = from; t < to; t += 1800 * NV_NS_PER_SEC) {
		int64_t f2;
		int64_t t2;

		eng_day_bounds(t, &f2, &t2);
		ck_assert(f2 == from && t2 == to);
	}
}
END_TEST

/* Four years of days follow one another without gap or overlap. */
START_TEST(test_days_follow)
{
	static const char *const zones[] = {
		"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"};

	for (size_t i = 0; i < NV_LEN(zones); i++) {
		int64_t t = at("2026-01-01T12:00:00Z");
		int64_t last = 0;

		if (eng_zone_set(zones[i], NULL) < 0)
			continue;
		for (int day = 0; day < 4 * 366; day++) {
			int64_t from;
			int64_t to;

			eng_day_bounds(t, &from, &to);
			ck_assert(from <= t && t < to);
			ck_assert(last == 0 || from == last);
			ck_assert(to - from >= INT64_C(22) * 3600 * NV_NS_PER_SEC &&
				  to - from <= INT64_C(26) * 3600 * NV_NS_PER_SEC);
			last = to;
			t = to;
		}
	}
}
END_TEST

/* Whatever the clocks do, the parts of any unit follow one another, begin where the unit
 * of each of their instants begins, and those of a larger unit begin with one of a
 * smaller. */
START_TEST(test_units_partition)
{
	static const char *const zones[] = {"UTC", "Europe/Berlin", "America/New_York",
		"Australia/Lord_Howe", "Asia/Kathmandu", "America/Havana",
		"America/St_Johns", "Pacific/Apia", "Pacific/Chatham", "Asia/Pyongyang",
		"Africa/Casablanca", "America/Sao_Paulo"};
	static const char *const years[] = {"2010-10-20T00:00:00Z",
		"2011-12-01T00:00:00Z", "2015-08-01T00:00:00Z", "2018-04-20T00:00:00Z",
		"2026-02-20T00:00:00Z", "2026-10-01T00:00:00Z"};

	if (eng_zone_set(zones[_i], NULL) < 0)
		return;
	for (size_t y = 0; y < NV_LEN(years); y++) {
		for (enum eng_unit unit = ENG_HOUR; unit < ENG_N_UNITS; unit++) {
			int64_t t = eng_unit_start(unit, at(years[y]));
			int64_t end = at(years[y]) + INT64_C(50) * 86400 * NV_NS_PER_SEC;

			ck_assert(t <= at(years[y]));
			while (t < end) {
				int64_t next = eng_unit_next(unit, t);
				int64_t half = t + (next - t) / 2;

				ck_assert(next > t);
				ck_assert(eng_unit_start(unit, t) == t);
				ck_assert(eng_unit_start(unit, half) == t);
				ck_assert(eng_unit_start(unit, next - 1) == t);
				ck_assert(eng_unit_next(unit, half) == next);
				ck_assert(eng_unit_next(unit, next - 1) == next);
				ck_assert(t % (60 * NV_NS_PER_SEC) == 0);
				if (unit != ENG_HOUR)
					ck_assert(eng_unit_start(ENG_DAY, t) == t);
				if (unit == ENG_DAY)
					ck_assert(eng_unit_start(ENG_HOUR, t) == t);
				t = next;
			}
		}
	}
}
END_TEST

static const struct {
	const char *zone;
	enum eng_unit unit;
	const char *t;
	const char *start;
	const char *next;
	const char *name;
} units[] = {
	{"Europe/Berlin", ENG_WEEK, "2026-11-22T22:59:59Z", "2026-11-15T23:00:00Z",
		"2026-11-22T23:00:00Z", "2026-W47"},
	{"Europe/Berlin", ENG_WEEK, "2027-01-01T12:00:00Z", "2026-12-27T23:00:00Z",
		"2027-01-03T23:00:00Z", "2026-W53"},
	{"UTC", ENG_MONTH, "2028-02-29T23:59:59Z", "2028-02-01T00:00:00Z",
		"2028-03-01T00:00:00Z", "2028-02"},
	{"UTC", ENG_MONTH, "2026-12-31T23:59:59Z", "2026-12-01T00:00:00Z",
		"2027-01-01T00:00:00Z", "2026-12"},
	{"UTC", ENG_MONTH, "2027-01-31T00:00:00Z", "2027-01-01T00:00:00Z",
		"2027-02-01T00:00:00Z", "2027-01"},
	{"Europe/Berlin", ENG_MONTH, "2026-03-31T21:59:59Z", "2026-02-28T23:00:00Z",
		"2026-03-31T22:00:00Z", "2026-03"},
	{"Asia/Kolkata", ENG_YEAR, "2025-12-31T18:30:00Z", "2025-12-31T18:30:00Z",
		"2026-12-31T18:30:00Z", "2026"},
	{"Asia/Kolkata", ENG_HOUR, "2026-11-22T18:45:00Z", "2026-11-22T18:30:00Z",
		"2026-11-22T19:30:00Z", "2026-11-23 00:00 +0530"},
	/* the hour that is there twice, the one that is not, and one of 90 minutes */
	{"Europe/Berlin", ENG_HOUR, "2026-10-25T01:10:00Z", "2026-10-25T01:00:00Z",
		"2026-10-25T02:00:00Z", "2026-10-25 02:00 +0100"},
	{"Europe/Berlin", ENG_HOUR, "2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z",
		"2026-03-29T02:00:00Z", "2026-03-29 03:00 +0200"},
	{"Australia/Lord_Howe", ENG_HOUR, "2026-04-04T15:15:00Z", "2026-04-04T14:00:00Z",
		"2026-04-04T15:30:00Z", "2026-04-05 01:00 +1100"},
	{"UTC", ENG_DAY, "1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z",
		"1970-01-02T00:00:00Z", "1970-01-01"},
	{"Asia/Kolkata", ENG_DAY, "1970-01-01T01:00:00Z", "1970-01-01T00:00:00Z",
		"1970-01-01T18:30:00Z", "1970-01-01"},
};

START_TEST(test_units)
{
	char name[ENG_UNIT_BYTES];
	char text[NV_RFC3339_BYTES];

	if (eng_zone_set(units[_i].zone, NULL) < 0)
		return;
	int64_t start = eng_unit_start(units[_i].unit, at(units[_i].t));
	int64_t next = eng_unit_next(units[_i].unit, at(units[_i].t));

	ck_assert_msg(start == at(units[_i].start), "%s", nv_rfc3339(start, text));
	ck_assert_msg(next == at(units[_i].next), "%s", nv_rfc3339(next, text));
	ck_assert_str_eq(eng_unit_name(units[_i].unit, start, name), units[_i].name);
}
END_TEST

START_TEST(test_unknown_zone)
{
	struct nv_err err = {0};

	ck_assert_int_eq(eng_zone_set("Europe/Atlantis", &err), -ENOENT);
	ck_assert_ptr_nonnull(strstr(err.text, "Europe/Atlantis"));
	ck_assert_int_eq(eng_zone_set("../../etc/passwd", &err), -ENOENT);
	ck_assert_int_eq(eng_zone_set("UTC", NULL), 0);
	ck_assert_int_eq(eng_zone_set("", NULL), 0);
	ck_assert_int_eq(eng_zone_set(NULL, NULL), 0);
}
END_TEST

static const struct {
	const char *text;
	const char *from; /* NULL: refused */
	const char *to;
} periods[] = {
	{"today", "2026-11-22T00:00:00Z", "2026-11-22T14:00:00Z"},
	{"yesterday", "2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z"},
	{"week", "2026-11-16T00:00:00Z", "2026-11-22T14:00:00Z"},
	{"month", "2026-11-01T00:00:00Z", "2026-11-22T14:00:00Z"},
	{"year", "2026-01-01T00:00:00Z", "2026-11-22T14:00:00Z"},
	{"all", "1970-01-01T00:00:00Z", "2026-11-22T14:00:00Z"},
	{"7d", "2026-11-15T14:00:00Z", "2026-11-22T14:00:00Z"},
	{"90m", "2026-11-22T12:30:00Z", "2026-11-22T14:00:00Z"},
	{"last-week", "2026-11-09T00:00:00Z", "2026-11-16T00:00:00Z"},
	{"last-month", "2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z"},
	{"last-year", "2025-01-01T00:00:00Z", "2026-01-01T00:00:00Z"},
	{"2026-11-21", "2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z"},
	{"2028-02", "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z"},
	{"2026-12", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"},
	{"2028", "2028-01-01T00:00:00Z", "2029-01-01T00:00:00Z"},
	{"2026-13", NULL, NULL},
	{"2026-00", NULL, NULL},
	{"2027-02-29", NULL, NULL},
	{"2026-1", NULL, NULL},
	{"1969", NULL, NULL},
	{"2262", NULL, NULL},
	{"last-", NULL, NULL},
	{"last-century", NULL, NULL},
	{"", NULL, NULL},
	{"tomorrow", NULL, NULL},
	{"7", NULL, NULL},
	{"-7d", NULL, NULL},
};

START_TEST(test_periods)
{
	struct eng_period p;
	struct nv_err err = {0};
	int64_t now = at("2026-11-22T14:00:00Z"); /* a Sunday */

	ck_assert_int_eq(eng_zone_set("UTC", NULL), 0);
	int rc = eng_period_parse(periods[_i].text, now, &p, &err);

	if (!periods[_i].from) {
		ck_assert_int_eq(rc, -EINVAL);
		ck_assert(err.text[0] != '\0');
		return;
	}
	ck_assert_int_eq(rc, 0);
	ck_assert_int_eq(p.from_ns, at(periods[_i].from));
	ck_assert_int_eq(p.to_ns, at(periods[_i].to));
}
END_TEST

START_TEST(test_ranges)
{
	struct eng_period p;
	struct nv_err err = {0};
	int64_t now = at("2026-11-22T14:00:00Z");

	ck_assert_int_eq(eng_zone_set("UTC", NULL), 0);
	ck_assert_int_eq(eng_period_range("2026-11-01", "2026-11-02", now, &p, &err), 0);
	ck_assert_int_eq(p.from_ns, at("2026-11-01T00:00:00Z"));
	ck_assert_int_eq(p.to_ns, at("2026-11-02T00:00:00Z"));
	ck_assert_int_eq(
		eng_period_range("2026-11-01T10:00:00+02:00", NULL, now, &p, &err), 0);
	ck_assert_int_eq(p.from_ns, at("2026-11-01T08:00:00Z"));
	ck_assert_int_eq(p.to_ns, now);
	ck_assert_int_eq(eng_period_range("2h", NULL, now, &p, &err), 0);
	ck_assert_int_eq(p.from_ns, at("2026-11-22T12:00:00Z"));
	ck_assert_int_eq(eng_period_range("2026-02-30", NULL, now, &p, &err), -EINVAL);
	ck_assert_int_eq(eng_period_range("2026-13-01", NULL, now, &p, &err), -EINVAL);
	ck_assert_int_eq(
		eng_period_range("2026-11-02", "2026-11-01", now, &p, &err), -EINVAL);
	ck_assert_int_eq(eng_period_range("x", NULL, now, &p, &err), -EINVAL);
	ck_assert_int_eq(eng_period_range("2028-02-29", "2028-03-01", now, &p, &err), 0);
	ck_assert_int_eq(p.to_ns - p.from_ns, 86400 * NV_NS_PER_SEC);
}
END_TEST

START_TEST(test_convert)
{
	int64_t rate = 0;
	struct nv_conf_currency eur = {.code = "EUR", .rate_nano = 1080000000};
	struct nv_config config = {
		.base_currency = "USD", .currencies = &eur, .n_currencies = 1};

	ck_assert(eng_rate(&config, "USD", &rate) && rate == NV_MONEY_SCALE);
	ck_assert(eng_rate(&config, "EUR", &rate) && rate == 1080000000);
	ck_assert(!eng_rate(&config, "GBP", &rate));
	ck_assert(eng_currency_known(&config, "GBP")); /* but it is one */
	ck_assert(!eng_currency_known(&config, "CREDIT"));
	memcpy(eur.code, "CREDIT", sizeof "CREDIT");
	ck_assert(eng_currency_known(&config, "CREDIT"));
	ck_assert(eng_convert(INT64_C(10000000000), 1080000000) == INT64_C(10800000000));
	ck_assert(eng_convert(1, 500000000) == 1); /* half away from zero */
	ck_assert(eng_convert(-1, 500000000) == -1);
	ck_assert(eng_convert(1, 499999999) == 0);
	ck_assert(eng_convert((nv_i128)NV_MONEY_MAX * 1000000, NV_MONEY_SCALE) ==
		  (nv_i128)NV_MONEY_MAX * 1000000);
}
END_TEST

START_TEST(test_earned)
{
	struct led_totals t = {.revenue = 100,
		.refunds = 10,
		.fees = 3,
		.disputes = 7,
		.cost = 30,
		.payouts = 1000};
	struct led_totals sum = {0};

	ck_assert(eng_earned(&t) == 80);
	ck_assert(eng_profit(&t) == 50);
	eng_totals_add(&sum, &t);
	eng_totals_add(&sum, &t);
	ck_assert(eng_profit(&sum) == 100);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("report");
	TCase *c = tcase_create("report");

	tcase_add_loop_test(c, test_days, 0, NV_LEN(days));
	tcase_add_test(c, test_days_follow);
	tcase_add_loop_test(c, test_units_partition, 0, 12);
	tcase_add_loop_test(c, test_units, 0, NV_LEN(units));
	tcase_add_test(c, test_unknown_zone);
	tcase_add_loop_test(c, test_periods, 0, NV_LEN(periods));
	tcase_add_test(c, test_ranges);
	tcase_add_test(c, test_convert);
	tcase_add_test(c, test_earned);
	suite_add_tcase(suite, c);
	return run_suite(suite);
}
