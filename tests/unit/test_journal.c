/* The lifecycle journal: the lines the engine parses, as they are written. */
#include "journal.h"
#include "run_suite.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static void
read_all(struct sup_journal *j, char *text, size_t bytes)
{
	ssize_t n = pread(sup_journal_fd(j), text, bytes - 1, 0);

	ck_assert_int_ge(n, 0);
	ck_assert_uint_eq((uint64_t)n, sup_journal_bytes(j));
	text[n] = '\0';
}

START_TEST(test_lines)
{
	static char text[8192];
	struct sup_journal *j;
	struct sup_stream s = {.id = 1234567890123456789ULL,
		.worker = "w.x",
		.instance = 2,
		.generation = 3,
		.pid = 77};

	ck_assert_int_eq(sup_journal_new(&j), 0);
	ck_assert(!sup_journal_grew(j));
	sup_journal_start(j, &s);
	struct sup_journal_exit e = {.stream = &s,
		.worker = "w.x",
		.instance = 2,
		.generation = 3,
		.pid = 77,
		.status = 256,
		.cause = "crash",
		.crash = true,
		.uptime_ms = 5120,
		.cpu_us = 90211,
		.mem_peak_kib = 5120};

	sup_journal_exit(j, &e);
	e.stream = NULL;
	e.cause = "exec";
	e.error = (struct sup_spawn_error){SUP_STAGE_EXEC, ENOENT};
	sup_journal_exit(j, &e);
	sup_journal_state(j, "w.x", 2, "halted", "6 crashes in 1h; last: \"x\"\n");
	ck_assert(!sup_journal_grew(j));
	ck_assert(sup_journal_waits(j));
	sup_journal_flush(j);
	ck_assert(!sup_journal_waits(j));
	ck_assert(sup_journal_grew(j));
	ck_assert(!sup_journal_grew(j));
	read_all(j, text, sizeof(text));
	static const char *const expected[] = {
		"{\"event\":\"start\",\"stream\":\"1234567890123456789\",\"worker\":\"w."
		"x\","
		"\"instance\":2,\"generation\":3,\"pid\":77,\"at\":",
		"{\"event\":\"exit\",\"stream\":\"1234567890123456789\",\"worker\":\"w."
		"x\","
		"\"instance\":2,\"generation\":3,\"pid\":77,\"status\":256,\"cause\":"
		"\"crash\","
		"\"crash\":true,\"uptime_ms\":5120,\"cpu_us\":90211,\"mem_peak_kib\":"
		"5120,\"at\":",
		"{\"event\":\"exit\",\"stream\":\"0\",\"worker\":\"w.x\",\"instance\":2,"
		"\"generation\":3,\"pid\":77,\"status\":256,\"cause\":\"exec\",\"crash\":"
		"true,"
		"\"uptime_ms\":5120,\"cpu_us\":90211,\"mem_peak_kib\":5120,\"stage\":"
		"\"exec\","
		"\"errno\":\"ENOENT\",\"at\":",
		"{\"event\":\"state\",\"worker\":\"w.x\",\"instance\":2,\"state\":"
		"\"halted\","
		"\"reason\":\"6 crashes in 1h; last: \\\"x\\\"\\n\",\"at\":"};
	char *at = text;

	for (size_t k = 0; k < NV_LEN(expected); k++) {
		char *end = strchr(at, '\n');

		ck_assert_ptr_nonnull(end);
		*end = '\0';
		ck_assert_msg(strncmp(at, expected[k], strlen(expected[k])) == 0,
			"line %zu: %s", k, at);
		ck_assert_int_eq(end[-1], '}');
		at = end + 1;
	}
	ck_assert_int_eq(*at, '\0');
	sup_journal_free(j);
}
END_TEST

START_TEST(test_growth_is_appended)
{
	struct sup_journal *j;
	uint64_t before = 0;

	ck_assert_int_eq(sup_journal_new(&j), 0);
	for (int k = 0; k < 1000; k++) {
		sup_journal_state(j, "w", 1, "cooldown", "x");
		sup_journal_flush(j);
		ck_assert_uint_gt(sup_journal_bytes(j), before);
		before = sup_journal_bytes(j);
	}
	/* The engine reads with the same descriptor: its offset must not matter. */
	ck_assert_int_eq(lseek(sup_journal_fd(j), 5, SEEK_SET), 5);
	sup_journal_state(j, "w", 1, "cooldown", "y");
	sup_journal_flush(j);
	ck_assert_uint_gt(sup_journal_bytes(j), before);
	char last[4] = "";

	ck_assert_int_eq(
		pread(sup_journal_fd(j), last, 2, (off_t)sup_journal_bytes(j) - 2), 2);
	ck_assert_str_eq(last, "}\n");
	sup_journal_free(j);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("journal");
	TCase *tc = tcase_create("all");

	tcase_add_test(tc, test_lines);
	tcase_add_test(tc, test_growth_is_appended);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
