/* Credentials of a request, and addresses that are locked out. */
#include "creds.h"
#include "lockout.h"
#include "run_suite.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *header;
	const char *token;
} bearers[] = {
	{"Bearer abc", "abc"},
	{"bearer abc", "abc"},
	{"BEARER   abc", "abc"},
	{"Bearer ", NULL},
	{"Bearer", NULL},
	{"", NULL},
	{"Bearer\tabc", NULL},
	{"Bearer a b", NULL},
	{"Bearer a, Bearer b", NULL},
	{"Basic abc", NULL},
	{"Bearerabc", NULL},
	{"abc", NULL},
};

START_TEST(reads_authorization)
{
	ck_assert_pstr_eq(gw_creds_bearer(bearers[_i].header), bearers[_i].token);
}
END_TEST

#define LONG_VALUE \
	"0123456789012345678901234567890123456789012345678901234567890123456789"

static const struct {
	const char *header;
	const char *values[4];
} cookies[] = {
	{"", {NULL}},
	{";", {NULL}},
	{"s=abc", {"abc", NULL}},
	{"a=1; s=abc; b=2", {"abc", NULL}},
	{"a=1;s=abc;b=2", {"abc", NULL}},
	{" s=abc \t; x", {"abc", NULL}},
	{"s=a; s=b; s=c", {"a", "b", "c", NULL}},
	{"xs=abc", {NULL}},
	{"sx=abc", {NULL}},
	{"S=abc", {NULL}},
	{"s", {NULL}},
	{"s=", {"", NULL}},
	{"s =abc", {NULL}},
	{"s=\"abc\"", {"", NULL}},
	{"s=a%20; s=b", {"", "b", NULL}},
	{"s=a=b", {"", NULL}},
	{"s=" LONG_VALUE, {"", NULL}},
	{"a=s=abc", {NULL}},
};

START_TEST(reads_cookies)
{
	char value[GW_COOKIE_BYTES_MAX];

	for (size_t i = 0;; i++) {
		bool there = gw_creds_cookie(cookies[_i].header, "s", i, value);

		ck_assert_int_eq(there, cookies[_i].values[i] != NULL);
		if (!there)
			break;
		ck_assert_str_eq(value, cookies[_i].values[i]);
	}
}
END_TEST

static const struct {
	const char *host;
	bool ours;
} hosts[] = {
	{"localhost", true},
	{"LOCALHOST:5001", true},
	{"nova.localhost:80", true},
	{"127.0.0.1", true},
	{"127.0.0.1:5001", true},
	{"127.1.2.3:5001", true},
	{"[::1]", true},
	{"[::1]:5001", true},
	{"nova.example.com", true},
	{"Nova.Example.com:443", true},
	{NULL, false},
	{"", false},
	{":80", false},
	{"evil.com", false},
	{"xlocalhost", false},
	{"localhost.evil.com", false},
	{"127.0.0.1.evil.com", false},
	{"127.1", false},
	{"0.0.0.0:5001", false},
	{"10.0.0.1", false},
	{"[::2]", false},
	{"[::1", false},
	{"[]", false},
	{"[::1]x", false},
	{"[::1]:80x", false},
	{"::1", false},
	{"[::ffff:127.0.0.1]", false},
	{"localhost:x", false},
	{"nova.example.com.", false},
	{"x.nova.example.com", false},
	{"2130706433", false},
};

START_TEST(knows_its_hosts)
{
	static const char *const names[] = {"other", "nova.example.com"};

	ck_assert_int_eq(gw_creds_host_is_ours(hosts[_i].host, names, NV_LEN(names)),
		hosts[_i].ours);
}
END_TEST

static const struct {
	const char *origin;
	const char *host;
	bool ours;
} origins[] = {
	{"http://localhost:5001", "localhost:5001", true},
	{"https://nova.example.com", "nova.example.com", true},
	{"HTTPS://Nova.example.com", "nova.Example.com", true},
	{"http://[::1]:5001", "[::1]:5001", true},
	{"http://localhost:5002", "localhost:5001", false},
	{"http://127.0.0.1:5001", "localhost:5001", false},
	{"http://localhost", "localhost:5001", false},
	{"http://localhost:5001/", "localhost:5001", false},
	{"http://localhost:5001.evil.com", "localhost:5001", false},
	{"null", "null", false},
	{"", "", false},
	{"http://", "", false},
	{"http://x", NULL, false},
	{"file://localhost:5001", "localhost:5001", false},
	{"ftp://localhost:5001", "localhost:5001", false},
	{"localhost:5001", "localhost:5001", false},
};

START_TEST(knows_its_origin)
{
	ck_assert_int_eq(gw_creds_origin_is_ours(origins[_i].origin, origins[_i].host),
		origins[_i].ours);
}
END_TEST

/* ---- lockout ---- */

static struct in6_addr
address(const char *text)
{
	struct in6_addr a;

	ck_assert_int_eq(inet_pton(AF_INET6, text, &a), 1);
	return a;
}

static void
wrong(struct gw_lockout *l, const struct in6_addr *a, unsigned n, int64_t at_ms)
{
	for (unsigned i = 0; i < n; i++)
		gw_lockout_wrong(l, a, at_ms);
}

#define MIN_MS INT64_C(60000)

START_TEST(locks_out_and_waits_longer_each_time)
{
	static struct gw_lockout l;
	struct in6_addr a = address("::ffff:192.0.2.1");
	int64_t now = 1000;

	wrong(&l, &a, GW_LOCKOUT_WRONG - 1, now);
	ck_assert_int_eq(gw_lockout_left(&l, &a, now), 0);
	wrong(&l, &a, 1, now);
	ck_assert_int_eq(gw_lockout_left(&l, &a, now), MIN_MS);
	ck_assert_int_eq(gw_lockout_left(&l, &a, now + MIN_MS - 1), 1);
	now += MIN_MS;
	ck_assert_int_eq(gw_lockout_left(&l, &a, now), 0);
	for (int64_t wait = 2 * MIN_MS; wait <= 32 * MIN_MS; wait *= 2) {
		wrong(&l, &a, GW_LOCKOUT_WRONG, now);
		ck_assert_int_eq(gw_lockout_left(&l, &a, now), wait);
		now += wait;
	}
	for (int i = 0; i < 20; i++) { /* and not for ever */
		wrong(&l, &a, GW_LOCKOUT_WRONG, now);
		ck_assert_int_eq(gw_lockout_left(&l, &a, now), GW_LOCKOUT_MAX_MS);
		now += GW_LOCKOUT_MAX_MS;
	}
	ck_assert_uint_eq(l.locks, 26);
	now += GW_LOCKOUT_FORGET_MS + 1;
	wrong(&l, &a, GW_LOCKOUT_WRONG, now);
	ck_assert_int_eq(gw_lockout_left(&l, &a, now), MIN_MS);
}
END_TEST

START_TEST(forgives_slips_that_are_far_apart)
{
	static struct gw_lockout l;
	struct in6_addr a = address("::ffff:192.0.2.1");

	for (int64_t i = 0; i < 100; i++) {
		wrong(&l, &a, GW_LOCKOUT_WRONG - 1, i * (GW_LOCKOUT_WINDOW_MS + 1));
		ck_assert_int_eq(
			gw_lockout_left(&l, &a, i * (GW_LOCKOUT_WINDOW_MS + 1)), 0);
	}
}
END_TEST

START_TEST(tells_clients_apart)
{
	static struct gw_lockout l;
	struct in6_addr v4 = address("::ffff:192.0.2.1");
	struct in6_addr v4_other = address("::ffff:192.0.2.2");
	struct in6_addr v6 = address("2001:db8:0:1::1");
	struct in6_addr v6_same = address("2001:db8:0:1:ffff::9");
	struct in6_addr v6_other = address("2001:db8:0:2::1");

	wrong(&l, &v4, GW_LOCKOUT_WRONG, 0);
	ck_assert_int_gt(gw_lockout_left(&l, &v4, 0), 0);
	ck_assert_int_eq(gw_lockout_left(&l, &v4_other, 0), 0);
	wrong(&l, &v6, GW_LOCKOUT_WRONG - 1, 0);
	wrong(&l, &v6_same, 1, 0);
	ck_assert_int_gt(gw_lockout_left(&l, &v6_same, 0), 0);
	ck_assert_int_gt(gw_lockout_left(&l, &v6, 0), 0);
	ck_assert_int_eq(gw_lockout_left(&l, &v6_other, 0), 0);
}
END_TEST

/* More addresses than there is room for do not let out who is locked. */
START_TEST(keeps_the_locked_when_it_is_full)
{
	static struct gw_lockout l;
	struct in6_addr bad = address("::ffff:192.0.2.1");

	wrong(&l, &bad, GW_LOCKOUT_WRONG, 0);
	for (unsigned i = 0; i < 3 * GW_LOCKOUT_ADDRESSES; i++) {
		char text[64];

		(void)snprintf(text, sizeof(text), "2001:db8:%x::1", i + 1);
		struct in6_addr a = address(text);

		gw_lockout_wrong(&l, &a, 1 + i);
	}
	ck_assert_int_gt(gw_lockout_left(&l, &bad, 1000), 0);
	/* All of them locked: one has to go, and it goes on. */
	for (unsigned i = 0; i < 2 * GW_LOCKOUT_ADDRESSES; i++) {
		char text[64];

		(void)snprintf(text, sizeof(text), "2001:db8:%x::1", i + 1);
		struct in6_addr a = address(text);

		wrong(&l, &a, GW_LOCKOUT_WRONG, 3000 + i);
		ck_assert_int_gt(gw_lockout_left(&l, &a, 3000 + i), 0);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("gw_creds");
	TCase *c = tcase_create("creds");

	tcase_add_loop_test(c, reads_authorization, 0, NV_LEN(bearers));
	tcase_add_loop_test(c, reads_cookies, 0, NV_LEN(cookies));
	tcase_add_loop_test(c, knows_its_hosts, 0, NV_LEN(hosts));
	tcase_add_loop_test(c, knows_its_origin, 0, NV_LEN(origins));
	tcase_add_test(c, locks_out_and_waits_longer_each_time);
	tcase_add_test(c, forgives_slips_that_are_far_apart);
	tcase_add_test(c, tells_clients_apart);
	tcase_add_test(c, keeps_the_locked_when_it_is_full);
	suite_add_tcase(suite, c);
	return run_suite(suite);
}
