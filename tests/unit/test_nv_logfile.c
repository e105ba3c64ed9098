/* Names of log files and heads of their lines. */
#include "nv_clock.h"
#include "nv_logfile.h"
#include "run_suite.h"

#include <string.h>

#define NS (INT64_C(1763820903) * NV_NS_PER_SEC + 123 * NV_NS_PER_MS)

START_TEST(test_kinds)
{
	static const struct {
		const char *name;
		enum nv_log_file_kind kind;
	} cases[] = {
		{"w.log", NV_LOG_FILE_CURRENT},
		{"w.log.20251122T141503.123Z", NV_LOG_FILE_PLAIN},
		{"w.log.20251122T141503.123Z.gz", NV_LOG_FILE_GZIP},
		{"w.log.20251122T141503.123Z.gz.part", NV_LOG_FILE_PART},
		{"w.log.20251122T141503.123Z.gz.parts", NV_LOG_FILE_OTHER},
		{"w.log.20251122T141503.123Z.bak", NV_LOG_FILE_OTHER},
		{"w.log.20251122T141503.123", NV_LOG_FILE_OTHER},
		{"w.log.20251322T141503.123Z", NV_LOG_FILE_OTHER},
		{"w.log.20251231T235960.000Z", NV_LOG_FILE_OTHER},
		{"w.log.1", NV_LOG_FILE_OTHER},
		{"w.log.", NV_LOG_FILE_OTHER},
		{"w.logs", NV_LOG_FILE_OTHER},
		{"w.lo", NV_LOG_FILE_OTHER},
		{"ww.log", NV_LOG_FILE_OTHER},
		{"", NV_LOG_FILE_OTHER},
	};
	int64_t ns = 0;

	for (size_t i = 0; i < NV_LEN(cases); i++)
		ck_assert_msg(nv_log_file_kind(cases[i].name, "w", NULL) == cases[i].kind,
			"%s", cases[i].name);
	(void)nv_log_file_kind("w.log.20251122T141503.123Z", "w", &ns);
	ck_assert_int_eq(ns, NS);
	char stamp[NV_LOG_STAMP_BYTES];

	ck_assert_str_eq(nv_log_file_stamp(NS, stamp), "20251122T141503.123Z");
}
END_TEST

START_TEST(test_heads)
{
	static const struct {
		const char *line;
		bool good;
		int64_t ns;
		uint32_t instance;
		uint32_t generation;
		const char *text;
	} cases[] = {
		{"2025-11-22T14:15:03.123Z #3.17 hello", true, NS, 3, 17, "hello"},
		{"2025-11-22T14:15:03.123Z #3.17 ", true, NS, 3, 17, ""},
		{"#1.2 #3.4 x", true, -1, 1, 2, "#3.4 x"},
		{"#999999999.1 x", true, -1, 999999999, 1, "x"},
		{"#9999999999.1 x", false, 0, 0, 0, NULL},
		{"2025-11-22T14:15:03.123Z #3 hello", false, 0, 0, 0, NULL},
		{"2025-11-22T14:15:03.123Z #3.1", false, 0, 0, 0, NULL},
		{"2025-11-22T14:15:03.123Z hello", false, 0, 0, 0, NULL},
		{"#.1 x", false, 0, 0, 0, NULL},
		{"#1. x", false, 0, 0, 0, NULL},
		{"#1.", false, 0, 0, 0, NULL},
		{"#", false, 0, 0, 0, NULL},
		{"", false, 0, 0, 0, NULL},
		{"hello", false, 0, 0, 0, NULL},
	};

	for (size_t i = 0; i < NV_LEN(cases); i++) {
		struct nv_log_head head;
		const char *line = cases[i].line;
		bool good = nv_log_head_parse(line, strlen(line), &head);

		ck_assert_msg(good == cases[i].good, "%s", line);
		if (!good)
			continue;
		ck_assert_int_eq(head.wall_ns, cases[i].ns);
		ck_assert_uint_eq(head.instance, cases[i].instance);
		ck_assert_uint_eq(head.generation, cases[i].generation);
		ck_assert_str_eq(line + head.bytes, cases[i].text);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("nv_logfile");
	TCase *tc = tcase_create("all");

	tcase_add_test(tc, test_kinds);
	tcase_add_test(tc, test_heads);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
