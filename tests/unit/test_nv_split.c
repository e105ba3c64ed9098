/* Splits: their text form, and how evenly and how independently runs are shared out. */
#include "nv_split.h"
#include "run_suite.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

START_TEST(text_form)
{
	static const char *const good[] = {
		"",
		"a:1000000",
		"a:700000,b:300000",
		"a:1000000,b:0",
		"1.x-y_z:500000,b:500000",
		"style;style.1:500000:%22plain%22,style.2:500000:%22say%20%25%2C%3A%22",
		"n;n.1:250000:-1.5e+3,n.2:750000:true",
		"a:1,b:1,c:1,d:1,e:1,f:1,g:1,h:999993",
	};

	for (size_t i = 0; i < NV_LEN(good); i++) {
		struct nv_split s;
		struct nv_err err = {0};
		char text[NV_SPLIT_BYTES];

		ck_assert_msg(nv_split_parse(good[i], &s, &err) == 0, "%s: %s", good[i],
			err.text);
		ck_assert_str_eq(nv_split_text(&s, text), good[i]);
	}
	struct nv_split s;

	ck_assert_int_eq(nv_split_parse(good[5], &s, NULL), 0);
	ck_assert_str_eq(s.param, "style");
	ck_assert_str_eq(s.arms[1].value, "\"say %,:\"");
}
END_TEST

START_TEST(refusals)
{
	static const char *const bad[] = {
		"a",
		"a:",
		"a:1",
		"a:999999",
		"a:1000001",
		"a:-1,b:1000001",
		"a:4294967297",
		"a:500000,a:500000",
		"a:500000,b:500000,",
		",a:1000000",
		"A:1000000",
		"a b:1000000",
		":1000000",
		"a:1000000:x",    /* a value without a parameter */
		"p;a:1000000",    /* a parameter without values */
		"p;a:1000000:",   /* an empty one */
		"p;a:1000000:%2", /* half an escape */
		"p;a:1000000:%zz",
		"p;a:1000000:%00",
		"p;a:1000000:\"x\"", /* not encoded */
		"p;",
		";a:1000000:1",
		"p;a:500000:1,b:500000",
		"a:1,b:1,c:1,d:1,e:1,f:1,g:1,h:1,i:999992", /* nine */
		"p;a:1000000:012345678901234567890123456789012345678901234567",
	};
	struct nv_split s = {.n = 77};

	for (size_t i = 0; i < NV_LEN(bad); i++) {
		struct nv_err err = {0};

		ck_assert_msg(nv_split_parse(bad[i], &s, &err) == -EINVAL, "%s", bad[i]);
		ck_assert(err.text[0] != '\0');
		ck_assert_uint_eq(s.n, 77);
	}
}
END_TEST

/* The longest there can be fits. */
START_TEST(longest)
{
	struct nv_split s = {.n = NV_SPLIT_ARMS};
	char text[NV_SPLIT_BYTES];
	struct nv_split back;

	memset(s.param, 'p', NV_NAME_MAX - 1);
	for (unsigned i = 0; i < NV_SPLIT_ARMS; i++) {
		memset(s.arms[i].name, 'a' + (char)i, NV_NAME_MAX - 1);
		memset(s.arms[i].value, '"', NV_SPLIT_VALUE_BYTES - 1);
		s.arms[i].share_ppm = i == 0 ? NV_SPLIT_WHOLE_PPM : 0;
	}
	ck_assert_int_eq(nv_split_parse(nv_split_text(&s, text), &back, NULL), 0);
	ck_assert_mem_eq(&back, &s, sizeof(s));
}
END_TEST

START_TEST(shares)
{
	static const struct {
		double shares[3];
		uint32_t ppm[3];
	} cases[] = {
		{{1 / 3.0, 1 / 3.0, 1 / 3.0}, {333334, 333333, 333333}},
		{{0.7, 0.3, 0}, {700000, 300000, 0}},
		{{0, 0, 0}, {333334, 333333, 333333}},
		{{2, 1, 1}, {500000, 250000, 250000}},
		{{NAN, -1, 5}, {0, 0, 1000000}},
		{{1e-9, 1, 1e-9}, {0, 1000000, 0}},
	};

	for (size_t i = 0; i < NV_LEN(cases); i++) {
		struct nv_split s = {.n = 3};
		uint32_t sum = 0;

		nv_split_set_shares(&s, cases[i].shares);
		for (unsigned k = 0; k < 3; k++) {
			uint32_t off = s.arms[k].share_ppm - cases[i].ppm[k] + 1;

			ck_assert_uint_le(off, 2);
			sum += s.arms[k].share_ppm;
		}
		ck_assert_uint_eq(sum, NV_SPLIT_WHOLE_PPM);
	}
	struct nv_split s;

	ck_assert_int_eq(nv_split_parse("a:1000000,b:0", &s, NULL), 0);
	ck_assert(!nv_split_is_mixed(&s));
	ck_assert_int_eq(nv_split_parse("a:999999,b:1", &s, NULL), 0);
	ck_assert(nv_split_is_mixed(&s));
}
END_TEST

/* Run ids as nova-runner makes them: shares are kept within 4.5 deviations, and what one
 * run gets says nothing about the next nor about one that is a whole day later. */
START_TEST(runs)
{
	struct nv_split s;
	unsigned got[3] = {0};
	unsigned before[1441] = {0};
	double together[3] = {0};
	static const unsigned lags[3] = {1, 24, 1440};
	const unsigned n = 20000;

	ck_assert_int_eq(nv_split_parse("a:700000,c:0,b:300000", &s, NULL), 0);
	for (unsigned i = 0; i < n; i++) {
		char id[64];

		(void)snprintf(id, sizeof(id), "mailer.1.0123456789abcdef.%u", i + 1);
		unsigned arm = nv_split_of_run(&s, id);

		ck_assert_uint_eq(arm, nv_split_of_run(&s, id));
		got[arm]++;
		for (unsigned k = 0; k < 3; k++)
			together[k] += i >= lags[k] && arm == 0 &&
				       before[(i - lags[k]) % 1441] == 1;
		before[i % 1441] = arm == 0;
	}
	ck_assert_uint_eq(got[1], 0);
	ck_assert_double_eq_tol(got[0], 0.7 * n, 4.5 * sqrt(0.21 * n));
	for (unsigned k = 0; k < 3; k++)
		ck_assert_double_eq_tol(together[k] / (n - lags[k]), 0.49, 0.02);
}
END_TEST

/* Of instances side by side each variant has its share but for one or two, and each
 * restart of a single one moves on. */
START_TEST(instances)
{
	struct nv_split s;
	unsigned side[2] = {0};
	unsigned restarts[2] = {0};

	ck_assert_int_eq(nv_split_parse("a:700000,b:300000", &s, NULL), 0);
	for (uint32_t i = 1; i <= 10; i++) {
		side[nv_split_of_instance(&s, "shop", i, 1)]++;
		restarts[nv_split_of_instance(&s, "shop", 1, i)]++;
	}
	ck_assert_uint_ge(side[0], 6);
	ck_assert_uint_le(side[0], 8);
	ck_assert_uint_ge(restarts[0], 6);
	ck_assert_uint_le(restarts[0], 8);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("nv_split");
	TCase *tc = tcase_create("nv_split");

	tcase_add_test(tc, text_form);
	tcase_add_test(tc, refusals);
	tcase_add_test(tc, longest);
	tcase_add_test(tc, shares);
	tcase_add_test(tc, runs);
	tcase_add_test(tc, instances);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
