/* The retry table: class x phase x status x vendor's header. And the waits servers name.
 */
#include "nv_http_headers.h"
#include "nv_http_retry.h"
#include "run_suite.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* 1994-11-06T08:49:37Z in ms, the instant of RFC 9110's examples. */
#define RFC_MS INT64_C(784111777000)
/* 2026-11-23T00:00:00Z */
#define NOW_MS INT64_C(1795392000000)

enum { S = NV_HTTP_SAFE, K = NV_HTTP_KEYED, O = NV_HTTP_ONCE };
enum {
	DONE = NV_HTTP_V_DONE,
	AGAIN = NV_HTTP_V_AGAIN,
	NO = NV_HTTP_V_REFUSED,
	MAY = NV_HTTP_V_UNKNOWN
};

/* For each class: what the first try of three means, and what the last one does. */
static const struct {
	enum nv_http_phase phase;
	int status;
	struct {
		int first, last;
	} safe, keyed, once;
} rows[] = {
	{NV_HTTP_PH_RESOLVE, 0, {AGAIN, NO}, {AGAIN, NO}, {AGAIN, NO}},
	{NV_HTTP_PH_CONNECT, 0, {AGAIN, NO}, {AGAIN, NO}, {AGAIN, NO}},
	{NV_HTTP_PH_TLS, 0, {AGAIN, NO}, {AGAIN, NO}, {AGAIN, NO}},
	{NV_HTTP_PH_SEND, 0, {AGAIN, NO}, {AGAIN, MAY}, {MAY, MAY}},
	{NV_HTTP_PH_WAIT, 0, {AGAIN, NO}, {AGAIN, MAY}, {MAY, MAY}},
	{NV_HTTP_PH_BODY, 200, {AGAIN, NO}, {AGAIN, MAY}, {MAY, MAY}},
	/* A refusal whose text is cut is a refusal. */
	{NV_HTTP_PH_BODY, 402, {NO, NO}, {NO, NO}, {NO, NO}},
	{NV_HTTP_PH_BODY, 429, {AGAIN, NO}, {AGAIN, NO}, {AGAIN, NO}},
	{NV_HTTP_PH_BODY, 500, {AGAIN, NO}, {AGAIN, MAY}, {MAY, MAY}},
	{NV_HTTP_PH_ANSWER, 200, {DONE, DONE}, {DONE, DONE}, {DONE, DONE}},
	{NV_HTTP_PH_ANSWER, 202, {DONE, DONE}, {DONE, DONE}, {DONE, DONE}},
	{NV_HTTP_PH_ANSWER, 204, {DONE, DONE}, {DONE, DONE}, {DONE, DONE}},
	{NV_HTTP_PH_ANSWER, 301, {NO, NO}, {NO, NO}, {NO, NO}},
	{NV_HTTP_PH_ANSWER, 302, {NO, NO}, {NO, NO}, {NO, NO}},
	{NV_HTTP_PH_ANSWER, 303, {NO, NO}, {MAY, MAY}, {MAY, MAY}},
	{NV_HTTP_PH_ANSWER, 304, {DONE, DONE}, {NO, NO}, {NO, NO}},
	{NV_HTTP_PH_ANSWER, 307, {NO, NO}, {NO, NO}, {NO, NO}},
	{NV_HTTP_PH_ANSWER, 400, {NO, NO}, {NO, NO}, {NO, NO}},
	{NV_HTTP_PH_ANSWER, 401, {NO, NO}, {NO, NO}, {NO, NO}},
	{NV_HTTP_PH_ANSWER, 402, {NO, NO}, {NO, NO}, {NO, NO}},
	{NV_HTTP_PH_ANSWER, 404, {NO, NO}, {NO, NO}, {NO, NO}},
	{NV_HTTP_PH_ANSWER, 408, {AGAIN, NO}, {AGAIN, MAY}, {MAY, MAY}},
	{NV_HTTP_PH_ANSWER, 409, {NO, NO}, {NO, NO}, {NO, NO}},
	{NV_HTTP_PH_ANSWER, 425, {AGAIN, NO}, {AGAIN, NO}, {AGAIN, NO}},
	{NV_HTTP_PH_ANSWER, 429, {AGAIN, NO}, {AGAIN, NO}, {AGAIN, NO}},
	{NV_HTTP_PH_ANSWER, 499, {NO, NO}, {NO, NO}, {NO, NO}},
	{NV_HTTP_PH_ANSWER, 500, {AGAIN, NO}, {AGAIN, MAY}, {MAY, MAY}},
	{NV_HTTP_PH_ANSWER, 501, {NO, NO}, {NO, NO}, {NO, NO}},
	{NV_HTTP_PH_ANSWER, 502, {AGAIN, NO}, {AGAIN, MAY}, {MAY, MAY}},
	{NV_HTTP_PH_ANSWER, 503, {AGAIN, NO}, {AGAIN, NO}, {AGAIN, NO}},
	{NV_HTTP_PH_ANSWER, 504, {AGAIN, NO}, {AGAIN, MAY}, {MAY, MAY}},
	{NV_HTTP_PH_ANSWER, 599, {AGAIN, NO}, {AGAIN, MAY}, {MAY, MAY}},
	{NV_HTTP_PH_ANSWER, 999, {NO, NO}, {MAY, MAY}, {MAY, MAY}},
};

static struct nv_http_try
try_of(int class, enum nv_http_phase phase, int status)
{
	return (struct nv_http_try){.class = (enum nv_http_class) class,
		.phase = phase,
		.status = status,
		.tries = 1,
		.left_ms = 60000,
		.now_wall_ms = NOW_MS,
		.random = 12345};
}

START_TEST(test_table)
{
	const int expected[3][2] = {{rows[_i].safe.first, rows[_i].safe.last},
		{rows[_i].keyed.first, rows[_i].keyed.last},
		{rows[_i].once.first, rows[_i].once.last}};

	for (int class = 0; class < 3; class ++) {
		for (unsigned last = 0; last < 2; last++) {
			struct nv_http_try t =
				try_of(class, rows[_i].phase, rows[_i].status);

			t.tries = last ? 3 : 1;
			struct nv_http_decision d = nv_http_decide(NULL, &t);

			ck_assert_msg((int)d.verdict == expected[class][last],
				"phase %d status %d class %d try %u: %d", (int)t.phase,
				t.status, class, t.tries, (int)d.verdict);
			/* Only what may have acted is said to. */
			ck_assert_int_eq(
				d.maybe, class != S && expected[class][1] == MAY);
			if (d.verdict == NV_HTTP_V_AGAIN)
				ck_assert_int_gt(d.wait_ms, 0);
			/* No time left: as the last try. */
			t.tries = 1;
			t.left_ms = 0;
			d = nv_http_decide(NULL, &t);
			ck_assert_int_eq((int)d.verdict, expected[class][1]);
		}
	}
}
END_TEST

START_TEST(test_fatal)
{
	struct nv_http_try t = try_of(K, NV_HTTP_PH_BODY, 200);

	t.fatal = true;
	ck_assert_int_eq((int)nv_http_decide(NULL, &t).verdict, MAY);
	t = try_of(O, NV_HTTP_PH_CONNECT, 0);
	t.fatal = true;
	ck_assert_int_eq((int)nv_http_decide(NULL, &t).verdict, NO);
}
END_TEST

/* What an earlier try may have done does not go away by an answer that does not know of
 * it. */
START_TEST(test_maybe_stays)
{
	static const struct {
		int class;
		enum nv_http_phase phase;
		int status;
		int verdict;
	} later[] = {
		{K, NV_HTTP_PH_CONNECT, 0, MAY},
		{K, NV_HTTP_PH_RESOLVE, 0, MAY},
		{K, NV_HTTP_PH_ANSWER, 200, DONE},
		{K, NV_HTTP_PH_ANSWER, 400, NO}, /* the key's own answer */
		{K, NV_HTTP_PH_ANSWER, 402, NO},
		{K, NV_HTTP_PH_ANSWER, 401, MAY},
		{K, NV_HTTP_PH_ANSWER, 403, MAY},
		{K, NV_HTTP_PH_ANSWER, 409, MAY},
		{K, NV_HTTP_PH_ANSWER, 429, MAY},
		{K, NV_HTTP_PH_ANSWER, 503, MAY},
		{S, NV_HTTP_PH_ANSWER, 503, NO},
		{S, NV_HTTP_PH_CONNECT, 0, NO},
	};

	for (size_t i = 0; i < NV_LEN(later); i++) {
		struct nv_http_try t =
			try_of(later[i].class, later[i].phase, later[i].status);

		t.tries = 3;
		t.maybe = true;
		struct nv_http_decision d = nv_http_decide(NULL, &t);

		ck_assert_msg((int)d.verdict == later[i].verdict, "row %zu: %d", i,
			(int)d.verdict);
		ck_assert(d.maybe == (later[i].class != S));
	}
}
END_TEST

static struct nv_http_headers headers;

static void
set_headers(const char *const *lines)
{
	nv_http_headers_clear(&headers);
	for (; *lines; lines++)
		ck_assert_int_eq(
			nv_http_headers_line(&headers, *lines, strlen(*lines)), 0);
}

static void
set_up(void)
{
	nv_http_headers_init(&headers, 4096);
}

static void
tear_down(void)
{
	nv_http_headers_fini(&headers);
}

#define LINES(...) \
	(const char *const[]) \
	{ \
		__VA_ARGS__, NULL \
	}

static const struct nv_http_rule stripe_rules[] = {
	{409, 409, 1u << NV_HTTP_KEYED, NV_HTTP_V_AGAIN, NV_HTTP_V_UNKNOWN}};
static const char *const x_windows[] = {"x-rate-limit-", "x-app-limit-24hour-", NULL};
static const struct nv_http_policy vendor = {.tries_max = 3,
	.wait_ms_min = 500,
	.wait_ms_max = 5000,
	.rules = stripe_rules,
	.rules_n = 1,
	.should_retry = "stripe-should-retry",
	.windows = x_windows};

START_TEST(test_vendor)
{
	static const struct {
		int class, status;
		const char *should;
		int verdict;
	} cases[] = {
		{K, 409, "x-none: 1",
			AGAIN}, /* the vendor's rule before the general one */
		{O, 409, "x-none: 1", NO},
		{K, 409, "Stripe-Should-Retry: false", MAY},
		{K, 500, "stripe-should-retry: false", MAY},
		{K, 400, "stripe-should-retry: true", AGAIN},
		{K, 429, "stripe-should-retry: false", NO},
		{S, 404, "stripe-should-retry: true", AGAIN},
		{K, 200, "stripe-should-retry: true", DONE},
		{K, 400, "stripe-should-retry: yes", NO},   /* neither word */
		{O, 500, "stripe-should-retry: true", MAY}, /* would act twice */
		{O, 429, "stripe-should-retry: true", AGAIN},
	};

	for (size_t i = 0; i < NV_LEN(cases); i++) {
		struct nv_http_try t =
			try_of(cases[i].class, NV_HTTP_PH_ANSWER, cases[i].status);

		set_headers(LINES(cases[i].should));
		t.headers = &headers;
		ck_assert_msg(
			(int)nv_http_decide(&vendor, &t).verdict == cases[i].verdict,
			"row %zu", i);
	}
}
END_TEST

/* The server's wait is a floor; beyond the deadline it ends the call at once. */
START_TEST(test_server_wait)
{
	struct nv_http_try t = try_of(O, NV_HTTP_PH_ANSWER, 429);
	struct nv_http_decision d;

	t.headers = &headers;
	set_headers(LINES("Retry-After: 30"));
	d = nv_http_decide(&vendor, &t);
	ck_assert_int_eq((int)d.verdict, AGAIN);
	ck_assert_int_eq(d.wait_ms, 30000);
	ck_assert_int_eq(d.server_wait_ms, 30000);
	t.left_ms = 30000;
	d = nv_http_decide(&vendor, &t);
	ck_assert_int_eq((int)d.verdict, NO);
	ck_assert(d.throttled);
	ck_assert_int_eq(d.server_wait_ms, 30000);
	t.status = 503;
	ck_assert(nv_http_decide(&vendor, &t).throttled);
	t.status = 400;
	ck_assert(!nv_http_decide(&vendor, &t).throttled);
	/* Under our own wait: ours. */
	t = try_of(O, NV_HTTP_PH_ANSWER, 429);
	t.headers = &headers;
	set_headers(LINES("Retry-After: 0"));
	d = nv_http_decide(&vendor, &t);
	ck_assert_int_ge(d.wait_ms, 250);
	ck_assert_int_eq(d.server_wait_ms, 0);
	/* Nonsense is none. */
	set_headers(LINES("Retry-After: soon"));
	ck_assert_int_eq(nv_http_decide(&vendor, &t).server_wait_ms, -1);
	/* Of a good answer nothing is waited for. */
	t.status = 200;
	set_headers(LINES("Retry-After: 30"));
	ck_assert_int_eq(nv_http_decide(&vendor, &t).server_wait_ms, -1);
}
END_TEST

START_TEST(test_windows)
{
	struct nv_http_try t = try_of(S, NV_HTTP_PH_ANSWER, 429);

	t.headers = &headers;
	/* The empty window's reset, though the other one's is later. */
	set_headers(LINES("x-rate-limit-remaining: 0", "x-rate-limit-reset: 1795392010",
		"x-app-limit-24hour-remaining: 5",
		"x-app-limit-24hour-reset: 1795399999"));
	ck_assert_int_eq(nv_http_decide(&vendor, &t).server_wait_ms, 10000);
	/* None says that it is empty: the latest. */
	set_headers(LINES("x-rate-limit-remaining: 3", "x-rate-limit-reset: 1795392010",
		"x-app-limit-24hour-remaining: 5",
		"x-app-limit-24hour-reset: 1795392020"));
	ck_assert_int_eq(nv_http_decide(&vendor, &t).server_wait_ms, 20000);
	set_headers(
		LINES("x-rate-limit-remaining: 0", "x-rate-limit-reset: 99999999999999"));
	ck_assert_int_eq(nv_http_decide(&vendor, &t).server_wait_ms, -1);
	/* Together with Retry-After: the longer one. */
	set_headers(LINES("x-rate-limit-remaining: 0", "x-rate-limit-reset: 1795392010",
		"retry-after: 15"));
	ck_assert_int_eq(nv_http_decide(&vendor, &t).server_wait_ms, 15000);
	/* Every answer carries them: only 429 is about them. */
	t.status = 503;
	set_headers(LINES("x-rate-limit-remaining: 0", "x-rate-limit-reset: 1795392010"));
	ck_assert_int_eq(nv_http_decide(&vendor, &t).server_wait_ms, -1);
}
END_TEST

START_TEST(test_own_wait)
{
	struct nv_http_try t = try_of(S, NV_HTTP_PH_WAIT, 0);
	static const struct nv_http_policy many = {
		.tries_max = 100, .wait_ms_min = 500, .wait_ms_max = 5000};
	static const int64_t windows[] = {500, 1000, 2000, 4000, 5000, 5000, 5000};

	for (unsigned n = 0; n < NV_LEN(windows); n++) {
		int64_t least = INT64_MAX, most = 0;

		t.tries = n + 1;
		for (uint32_t random = 0; random < 20000; random++) {
			t.random = random * 2654435761u;
			int64_t wait = nv_http_decide(&many, &t).wait_ms;

			least = NV_MIN(least, wait);
			most = NV_MAX(most, wait);
		}
		ck_assert_int_ge(least, windows[n] / 2);
		ck_assert_int_le(most, windows[n]);
		ck_assert_int_gt(most - least, windows[n] / 3);
	}
	/* A number of tries that no shift could stand. */
	t.tries = 4000000000u;
	ck_assert_int_eq((int)nv_http_decide(&many, &t).verdict, NO);
}
END_TEST

/* ---- what servers write ---- */

static const struct {
	const char *value;
	int64_t ms;
} waits[] = {
	{"0", 0},
	{"1", 1000},
	{"120", 120000},
	{"1.5", 1500},
	{"0.337", 337},
	{"1.3371", 1338},
	{"1.3370", 1337},
	{"64.0000000000000000000001", 64001},
	{"2678400", 2678400000},
	{"2678401", -1},
	{"1000000000", -1},
	{"99999999999999999999999999", -1},
	{"-1", -1},
	{"+1", -1},
	{"", -1},
	{" 1", -1},
	{"1 ", 1000},
	{"1.", -1},
	{".5", -1},
	{"1e3", -1},
	{"0x10", -1},
	{"NaN", -1},
	{"soon", -1},
	{"1,5", -1},
	{"1;2", -1},
	{"Mon, 23 Nov 2026 00:01:00 GMT", 60000},
	{"Mon, 23 Nov 2026 00:00:00 GMT", 0},
	{"Sun, 22 Nov 2026 00:00:00 GMT", 0}, /* gone by */
	{"Monday, 23-Nov-26 00:01:00 GMT", 60000},
	{"Mon Nov 23 00:01:00 2026", 60000},
	{"Wed, 23 Dec 2026 00:00:00 GMT", INT64_C(30) * 86400000},
	{"Fri, 25 Dec 2026 00:00:00 GMT", -1}, /* over 31 days */
	{"Mon, 23 Nov 9999 00:00:00 GMT", -1},
	{"Mon, 31 Feb 2026 00:00:00 GMT", -1},
	{"Mon, 23 Nov 2026 24:00:00 GMT", -1},
	{"Mon, 23 Nov 2026 00:01:00 CET", -1},
	{"Mon, 23 Nov 2026 00:01:00", -1},
	{"23 Nov 2026 00:01:00 GMT", -1},
	{"Mon, 3 Nov 2026 00:01:00 GMT", -1},
	{"Mon, 23 Nov 2026 00:01:00 GMT ", -1},
	{"Mon Nov  3 00:01:00 2026", 0},
	{"Mon Nov 3 00:01:00 2026", -1},
};

START_TEST(test_retry_after)
{
	ck_assert_msg(nv_http_retry_after_ms(waits[_i].value, NOW_MS) == waits[_i].ms,
		"%s: %lld", waits[_i].value,
		(long long)nv_http_retry_after_ms(waits[_i].value, NOW_MS));
}
END_TEST

START_TEST(test_dates)
{
	int64_t ms = 0;

	ck_assert_int_eq(
		nv_http_date_parse("Sun, 06 Nov 1994 08:49:37 GMT", NOW_MS, &ms), 0);
	ck_assert_int_eq(ms, RFC_MS);
	ck_assert_int_eq(
		nv_http_date_parse("Sunday, 06-Nov-94 08:49:37 GMT", NOW_MS, &ms), 0);
	ck_assert_int_eq(ms, RFC_MS);
	ck_assert_int_eq(nv_http_date_parse("Sun Nov  6 08:49:37 1994", NOW_MS, &ms), 0);
	ck_assert_int_eq(ms, RFC_MS);
	/* Two digits: at most 50 years ahead of 2026. */
	ck_assert_int_eq(
		nv_http_date_parse("Sunday, 06-Nov-76 00:00:00 GMT", NOW_MS, &ms), 0);
	ck_assert_int_eq(ms, INT64_C(3371846400000));
	ck_assert_int_eq(
		nv_http_date_parse("Sunday, 06-Nov-77 00:00:00 GMT", NOW_MS, &ms), 0);
	ck_assert_int_eq(ms, INT64_C(247622400000));
}
END_TEST

START_TEST(test_epoch)
{
	ck_assert_int_eq(nv_http_epoch_wait_ms("1795392060", NOW_MS), 60000);
	ck_assert_int_eq(nv_http_epoch_wait_ms("1795391000", NOW_MS), 0);
	ck_assert_int_eq(nv_http_epoch_wait_ms("0", NOW_MS), 0);
	ck_assert_int_eq(nv_http_epoch_wait_ms("1800000000", NOW_MS), -1);
	ck_assert_int_eq(
		nv_http_epoch_wait_ms("1795392060000", NOW_MS), -1); /* milliseconds */
	ck_assert_int_eq(nv_http_epoch_wait_ms("-5", NOW_MS), -1);
	ck_assert_int_eq(nv_http_epoch_wait_ms("", NOW_MS), -1);
	ck_assert_int_eq(nv_http_epoch_wait_ms(NULL, NOW_MS), -1);
	ck_assert_int_eq(nv_http_epoch_wait_ms("1795392060.5", NOW_MS), -1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("nv_http_retry");
	TCase *tc = tcase_create("nv_http_retry");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, test_table, 0, (int)NV_LEN(rows));
	tcase_add_test(tc, test_fatal);
	tcase_add_test(tc, test_maybe_stays);
	tcase_add_test(tc, test_vendor);
	tcase_add_test(tc, test_server_wait);
	tcase_add_test(tc, test_windows);
	tcase_add_test(tc, test_own_wait);
	tcase_add_loop_test(tc, test_retry_after, 0, (int)NV_LEN(waits));
	tcase_add_test(tc, test_dates);
	tcase_add_test(tc, test_epoch);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
