/* What the face sums up by itself: the money of a group. */
#include "live_show.h"
#include "run_suite.h"

#include <stdio.h>
#include <string.h>

#define WORKERS 2

static struct gw_row rows[WORKERS];

/* A row of group "g"; amount NULL: the engine is away. */
static void
put_row(size_t i, const char *amount)
{
	struct gw_row *row = &rows[i];

	(void)snprintf(row->worker, sizeof(row->worker), "w%zu", i);
	(void)snprintf(row->group, sizeof(row->group), "g");
	row->json =
		amount ? json_pack("{s:{s:s, s:s, s:s, s:s}}", "metrics", "cost", amount,
				 "revenue", "0.00", "refunds", "0.00", "profit", "0.00")
		       : json_pack("{s:n}", "metrics");
	row->text = row->worker;
	ck_assert_ptr_nonnull(row->json);
}

START_TEST(test_sum_of_a_group)
{
	static const struct {
		const char *amounts[WORKERS];
		const char *sum; /* NULL: it is not known */
	} cases[] = {
		{{"0.000000001", "0.1"}, "0.100000001"},
		{{"-3.00", "2.50"}, "-0.50"},
		/* Beyond what 64 bits hold: a year in a small currency. */
		{{"9300000000.00", "0.01"}, "9300000000.01"},
		{{"9000000000.00", "9000000000.00"}, "18000000000.00"},
		{{"-123456789012345.123456789", "0.00"}, "-123456789012345.123456789"},
		{{"1.00", NULL}, NULL},
		{{"1.00", "much"}, NULL},
	};

	for (size_t i = 0; i < NV_LEN(cases); i++) {
		const struct gw_picture picture = {.rows = rows, .n_rows = WORKERS};
		bool missing = true;

		for (size_t k = 0; k < WORKERS; k++)
			put_row(k, cases[i].amounts[k]);
		json_t *o = gw_live_groups(&picture, "g", &missing);
		const char *sum = json_string_value(
			json_object_get(json_object_get(o, "group"), "cost"));

		ck_assert(o && !missing);
		if (cases[i].sum)
			ck_assert_pstr_eq(sum, cases[i].sum);
		else
			ck_assert_ptr_null(sum);
		json_decref(o);
		for (size_t k = 0; k < WORKERS; k++)
			json_decref(rows[k].json);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("live_show");
	TCase *tc = tcase_create("groups");

	tcase_add_test(tc, test_sum_of_a_group);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
