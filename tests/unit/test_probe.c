/* What nova-probe makes of single results, and of what a worker says on its socket. */
#include "notify.h"
#include "run_suite.h"
#include "tally.h"

#include <string.h>

START_TEST(test_ready)
{
	struct probe_tally t;

	probe_tally_init(&t, NV_PROBE_WHAT_READY, 3);
	/* Why not yet is said once for each reason. */
	ck_assert(probe_tally_add(&t, false, "refused"));
	ck_assert(!t.good);
	ck_assert_str_eq(t.reason, "refused");
	ck_assert(!probe_tally_add(&t, false, "refused"));
	ck_assert(probe_tally_add(&t, false, "status 503"));
	ck_assert(probe_tally_add(&t, true, ""));
	ck_assert(t.good);
	ck_assert_str_eq(t.reason, "");
	ck_assert(!probe_tally_add(&t, true, ""));
}
END_TEST

START_TEST(test_health)
{
	struct probe_tally t;

	probe_tally_init(&t, NV_PROBE_WHAT_HEALTH, 3);
	ck_assert(probe_tally_add(&t, true, ""));
	ck_assert(!probe_tally_add(&t, true, ""));
	for (int i = 0; i < 2; i++) {
		/* Two failures are not three, as often as they come. */
		ck_assert(!probe_tally_add(&t, false, "a"));
		ck_assert(!probe_tally_add(&t, false, "b"));
		ck_assert(!probe_tally_add(&t, true, ""));
	}
	ck_assert(!probe_tally_add(&t, false, "a"));
	ck_assert(!probe_tally_add(&t, false, "b"));
	ck_assert(probe_tally_add(&t, false, "c"));
	ck_assert(!t.good);
	ck_assert_str_eq(t.reason, "3 checks failed in a row; last: c");
	ck_assert(!probe_tally_add(&t, false, "d"));
	ck_assert(probe_tally_add(&t, true, ""));
	ck_assert(t.good);
	/* From the beginning, too; and a limit of 0 is 1. */
	probe_tally_init(&t, NV_PROBE_WHAT_HEALTH, 0);
	ck_assert(probe_tally_add(&t, false, "x"));
	ck_assert_str_eq(t.reason, "x");
}
END_TEST

START_TEST(test_notify)
{
	static const struct {
		const char *text;
		bool ready;
	} cases[] = {
		{"READY=1", true},
		{"READY=1\n", true},
		{"STATUS=READY=1\nREADY=1", true},
		{"\n\nREADY=1\nSTATUS=x", true},
		{"", false},
		{"\n", false},
		{"READY=0", false},
		{"READY=11", false},
		{"READY=", false},
		{" READY=1", false},
		{"READY=1 ", false},
		{"XREADY=1", false},
		{"STATUS=READY=1", false},
		{"READY=1\r\n", false},
	};

	for (size_t i = 0; i < NV_LEN(cases); i++)
		ck_assert_msg(probe_notify_is_ready(cases[i].text,
				      strlen(cases[i].text)) == cases[i].ready,
			"\"%s\"", cases[i].text);
	ck_assert(!probe_notify_is_ready("READY=1\0", 8));
	ck_assert(!probe_notify_is_ready("READY=1", 6));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("probe");
	TCase *tc = tcase_create("probe");

	tcase_add_test(tc, test_ready);
	tcase_add_test(tc, test_health);
	tcase_add_test(tc, test_notify);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
