/* Values of the original's database -> ours: amounts, times, texts, names. */
#include "import_value.h"
#include "run_suite.h"

#include "nv_clock.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOUR_NS (INT64_C(3600) * NV_NS_PER_SEC)

static struct ctl_cell
whole(int64_t v)
{
	return (struct ctl_cell){.type = CTL_CELL_WHOLE, .whole = v};
}

static struct ctl_cell
real(double v)
{
	return (struct ctl_cell){.type = CTL_CELL_REAL, .real = v};
}

static struct ctl_cell
bytes(enum ctl_cell_type type, const char *text, size_t n)
{
	return (struct ctl_cell){.type = type, .text = text, .bytes = n};
}

static struct ctl_cell
text(const char *s)
{
	return s ? bytes(CTL_CELL_TEXT, s, strlen(s)) : (struct ctl_cell){0};
}

#define BIT(note) (UINT32_C(1) << (note))

/* ---- amounts ---- */

static void
amount_is(struct ctl_cell cell, int64_t nano, ctl_import_notes expected)
{
	ctl_import_notes notes = 0;
	int64_t found = -77;

	ck_assert_int_eq(ctl_import_amount(&cell, &found, &notes), 0);
	ck_assert_int_eq(found, nano);
	ck_assert_uint_eq(notes, expected);
}

static void
amount_not(struct ctl_cell cell, enum ctl_import_note why)
{
	ctl_import_notes notes = 0;
	int64_t found = -77;

	ck_assert_int_lt(ctl_import_amount(&cell, &found, &notes), 0);
	ck_assert_int_eq(found, -77);
	ck_assert_uint_eq(notes, BIT(why));
}

START_TEST(amounts)
{
	const ctl_import_notes rounded = BIT(CTL_MENDED_ROUNDED);
	const ctl_import_notes negative = BIT(CTL_MENDED_NEGATIVE);
	const ctl_import_notes as_text = BIT(CTL_MENDED_TEXT_AMOUNT);

	amount_is(real(0.1), 100000000, 0);
	amount_is(real(0.1 + 0.2), 300000000, rounded);
	amount_is(real(19.99), 19990000000, 0);
	amount_is(real(3e-05), 30000, 0);
	amount_is(real(1e-09), 1, 0);
	amount_is(real(1e-10), 0, rounded);
	amount_is(real(2.5e-09), 2, rounded); /* half to even */
	amount_is(real(3.5e-09), 4, rounded);
	amount_is(real(0.0), 0, 0);
	amount_is(real(-0.0), 0, 0);
	amount_is(real(-12.5), -12500000000, negative);
	amount_is(real(9199999999.0), INT64_C(9199999999000000000), 0);
	amount_is(whole(3), 3000000000, 0);
	amount_is(whole(-3), -3000000000, negative);
	amount_is(text("12.50"), 12500000000, as_text);
	amount_is(text("-1"), -1000000000, as_text | negative);
	amount_not(real(9.2e9), CTL_LEFT_TOO_LARGE);
	amount_not(real(1e300), CTL_LEFT_TOO_LARGE);
	amount_not(real(-1e300), CTL_LEFT_TOO_LARGE);
	amount_not(real(HUGE_VAL), CTL_LEFT_NOT_FINITE);
	amount_not(real(-HUGE_VAL), CTL_LEFT_NOT_FINITE);
	amount_not(real((double)NAN), CTL_LEFT_NOT_FINITE);
	amount_not(whole(INT64_MAX), CTL_LEFT_TOO_LARGE);
	amount_not(whole(INT64_MIN), CTL_LEFT_TOO_LARGE);
	amount_not(text("$12"), CTL_LEFT_NO_NUMBER);
	amount_not(text("1,50"), CTL_LEFT_NO_NUMBER);
	amount_not(text("nan"), CTL_LEFT_NO_NUMBER);
	amount_not(text(""), CTL_LEFT_NO_NUMBER);
	amount_not(bytes(CTL_CELL_TEXT, "1\0002", 3), CTL_LEFT_NO_NUMBER);
	amount_not(bytes(CTL_CELL_BLOB, "1", 1), CTL_LEFT_NO_NUMBER);
	amount_not(text(NULL), CTL_LEFT_NO_AMOUNT);
}
END_TEST

/* Every double that is a number of at most 9 decimals is read as just that number. */
START_TEST(doubles)
{
	srand48(7);
	for (int i = 0; i < 20000; i++) {
		int64_t micro = (int64_t)(drand48() * 1e9);
		char decimal[40];

		(void)snprintf(decimal, sizeof decimal, "%lld.%06lld",
			(long long)(micro / 1000000), (long long)(micro % 1000000));
		amount_is(real(strtod(decimal, NULL)), micro * 1000, 0);
	}
}
END_TEST

/* ---- times ---- */

static int64_t
central(void *arg, int64_t local_ns)
{
	(void)arg;
	(void)local_ns;
	return 6 * HOUR_NS;
}

static struct ctl_import_clock
clock_at(const char *now)
{
	struct ctl_import_clock clock = {.zone = central};

	ck_assert_int_eq(nv_rfc3339_parse(now, strlen(now), &clock.now_ns), 0);
	return clock;
}

START_TEST(times)
{
	static const struct {
		const char *stamp;
		const char *created;
		const char *expected; /* NULL: left out */
		ctl_import_notes notes;
	} cases[] = {
		{"2025-11-18T10:15:00.123456", "2025-11-18 16:15:00",
			"2025-11-18T16:15:00.123456Z", 0},
		{"2025-11-18T10:15:00", "2025-11-18 16:15:03",
			"2025-11-18T16:15:00.000000Z", 0},
		{"2025-11-18T10:15:00", "2025-11-18 10:15:01",
			"2025-11-18T10:15:00.000000Z", 0},
		{"2025-11-18T15:45:00", "2025-11-18 10:15:01", /* +05:30 */
			"2025-11-18T10:15:00.000000Z", 0},
		{"2025-11-19T00:15:00", "2025-11-18 10:15:01", /* +14:00 */
			"2025-11-18T10:15:00.000000Z", 0},
		{"2025-11-18T10:15:00", NULL, "2025-11-18T16:15:00.000000Z",
			BIT(CTL_MENDED_NO_ZONE)},
		{"2025-11-18T10:15:00", "2025-11-25 10:15:01",
			"2025-11-18T16:15:00.000000Z", BIT(CTL_MENDED_NO_ZONE)},
		{"2025-11-18T10:15:00+02:00", "2025-11-18 16:15:00",
			"2025-11-18T08:15:00.000000Z", 0},
		{"2025-11-18T10:15:00Z", NULL, "2025-11-18T10:15:00.000000Z", 0},
		{"2025-01-01T00:00:00", "2025-11-18 16:15:00",
			"2025-11-18T16:15:00.000000Z", BIT(CTL_MENDED_FALLBACK_CLOCK)},
		{"2025-01-01T00:00:00", "2025-01-01 06:00:00",
			"2025-01-01T06:00:00.000000Z", 0},
		{"yesterday", "2025-11-18 16:15:00", "2025-11-18T16:15:00.000000Z",
			BIT(CTL_MENDED_CREATED)},
		{"1969-12-31T23:59:59", "2025-11-18 16:15:00",
			"2025-11-18T16:15:00.000000Z", BIT(CTL_MENDED_CREATED)},
		{NULL, "2025-11-18 16:15:00", "2025-11-18T16:15:00.000000Z",
			BIT(CTL_MENDED_CREATED)},
		{NULL, NULL, NULL, BIT(CTL_LEFT_NO_TIME)},
		{"2025-02-30T10:00:00", "", NULL, BIT(CTL_LEFT_NO_TIME)},
		{"2999-01-01T10:00:00", "2999-01-01 16:00:00", NULL, 0},
		{"2025-11-18T10:15:00.1234567890123456789", NULL, NULL,
			BIT(CTL_LEFT_NO_TIME)},
	};

	for (size_t i = 0; i < NV_LEN(cases); i++) {
		struct ctl_import_clock clock = clock_at("2026-01-01T00:00:00Z");
		struct ctl_cell stamp = text(cases[i].stamp);
		struct ctl_cell created = text(cases[i].created);
		char shown[CTL_IMPORT_TIME_BYTES];
		ctl_import_notes notes = 0;
		int64_t ns = 0;
		int rc = ctl_import_time(&clock, &stamp, &created, &ns, &notes);

		ck_assert_msg((rc == 0) == (cases[i].expected != NULL), "case %zu", i);
		if (rc == 0)
			ck_assert_str_eq(
				ctl_import_time_text(ns, shown), cases[i].expected);
		else
			notes &= BIT(CTL_LEFT_NO_TIME);
		ck_assert_msg(
			rc < 0 ? notes == BIT(CTL_LEFT_NO_TIME) : notes == cases[i].notes,
			"case %zu: notes %x", i, notes);
	}
}
END_TEST

/* A row without a time, or of the future, is put where the one before it is. */
START_TEST(time_of_the_row_before)
{
	struct ctl_import_clock clock = clock_at("2026-01-01T00:00:00Z");
	struct ctl_cell good = text("2025-11-18T10:15:00Z");
	struct ctl_cell late = text("2999-01-01T00:00:00Z");
	struct ctl_cell none = {0};
	ctl_import_notes notes = 0;
	int64_t first = 0;
	int64_t second = 0;

	ck_assert_int_eq(ctl_import_time(&clock, &good, &none, &first, &notes), 0);
	ck_assert_uint_eq(notes, 0);
	ck_assert_int_eq(ctl_import_time(&clock, &late, &none, &second, &notes), 0);
	ck_assert_uint_eq(notes, BIT(CTL_MENDED_BEFORE));
	ck_assert_int_eq(first, second);
	notes = 0;
	ck_assert_int_eq(ctl_import_time(&clock, &none, &none, &second, &notes), 0);
	ck_assert_uint_eq(notes, BIT(CTL_MENDED_BEFORE));
	ck_assert_int_eq(first, second);
}
END_TEST

/* What other rows of the file tell of the zone goes before --zone. */
START_TEST(zone_of_other_rows)
{
	struct ctl_import_clock clock = clock_at("2026-01-01T00:00:00Z");
	struct ctl_cell stamp = text("2025-11-18T10:15:00");
	struct ctl_cell created = text("2025-11-18 07:15:02"); /* +03:00 */
	struct ctl_cell never = text("2025-11-20 07:15:02");
	struct ctl_cell none = {0};
	char shown[CTL_IMPORT_TIME_BYTES];
	ctl_import_notes notes = 0;
	int64_t ns = 0;

	ctl_import_zone_learn(&clock, &stamp, &never);
	ctl_import_zone_learn(&clock, &stamp, &none);
	ck_assert(!clock.known);
	ctl_import_zone_learn(&clock, &stamp, &created);
	ck_assert(clock.known);
	ck_assert_int_eq(ctl_import_time(&clock, &stamp, &none, &ns, &notes), 0);
	ck_assert_str_eq(ctl_import_time_text(ns, shown), "2025-11-18T07:15:00.000000Z");
}
END_TEST

/* ---- texts ---- */

static void
text_is(struct ctl_cell cell, size_t max, const char *expected, ctl_import_notes wanted)
{
	struct nv_buf buf;
	ctl_import_notes notes = 0;

	nv_buf_init(&buf, 1000);
	ctl_import_text(&buf, &cell, max, &notes);
	ck_assert_str_eq(buf.data ? buf.data : "", expected);
	ck_assert_uint_eq(notes, wanted);
	nv_buf_fini(&buf);
}

START_TEST(texts)
{
	text_is(text("a\nb\t\"c\""), 100, "a\nb\t\"c\"", 0);
	text_is(text("gr\xc3\xbc\xc3\x9f"), 100, "gr\xc3\xbc\xc3\x9f", 0);
	text_is(text("gr\xc3\xbc"), 3, "gr", BIT(CTL_MENDED_CUT));
	text_is(bytes(CTL_CELL_TEXT, "a\0b", 3), 100,
		"a\xef\xbf\xbd"
		"b",
		BIT(CTL_MENDED_REPAIRED));
	text_is(text("a\xff\xc3"), 100, "a\xef\xbf\xbd\xef\xbf\xbd",
		BIT(CTL_MENDED_REPAIRED));
	text_is(text("\x1b[2J"), 100, "\xef\xbf\xbd[2J", BIT(CTL_MENDED_REPAIRED));
	text_is(bytes(CTL_CELL_BLOB, "xy", 2), 100, "xy", 0);
	text_is(whole(-5), 100, "-5", 0);
	text_is(real(0.1), 100, "0.1", 0);
	text_is(real(HUGE_VAL), 100, "not finite", 0);
	text_is(text(NULL), 100, "", 0);
}
END_TEST

/* ---- names ---- */

START_TEST(names)
{
	static const struct {
		const char *agent;
		const char *worker;
	} cases[] = {
		{"board_ceo", "novaos.board_ceo"},
		{"Email Agent", "novaos.email_agent"},
		{"dds_dentists_austin,_tx_1", "novaos.dds_dentists_austin__tx_1"},
		{"..", "novaos._."},
		{"-x", "novaos._x"},
		{"gr\xc3\xbc\xc3\x9f", "novaos.gr__"},
		{"\xff/../etc", "novaos.__.._etc"},
		{"", "novaos._"},
		{"0123456789012345678901234567890123456789012345678901234567890123456789",
			"novaos."
			"01234567890123456789012345678901234567890123456789012345"},
	};
	char name[NV_NAME_MAX];

	for (size_t i = 0; i < NV_LEN(cases); i++) {
		ctl_import_name(cases[i].agent, strlen(cases[i].agent), name);
		ck_assert_str_eq(name, cases[i].worker);
		ck_assert(nv_name_valid(name) && !nv_name_is_system(name));
	}
	ctl_import_name_again(name, 1234);
	ck_assert_str_eq(
		name, "novaos.012345678901234567890123456789012345678901234567890-1234");
	ck_assert(nv_name_valid(name));
	ck_assert(ctl_import_group("Sales Dept", 10, name));
	ck_assert_str_eq(name, "sales_dept");
	ck_assert(!ctl_import_group("", 0, name));
	ck_assert(!ctl_import_group("-", 1, name));
}
END_TEST

START_TEST(hashes)
{
	const struct ctl_cell cells[] = {text("a"), text("ab"), text(""), text(NULL),
		bytes(CTL_CELL_BLOB, "a", 1), whole(1), real(1.)};

	for (size_t i = 0; i < NV_LEN(cells); i++) {
		for (size_t k = 0; k < NV_LEN(cells); k++)
			ck_assert_int_eq(
				ctl_import_hash(CTL_IMPORT_HASH_INIT, &cells[i]) ==
					ctl_import_hash(CTL_IMPORT_HASH_INIT, &cells[k]),
				i == k);
	}
	/* "a","b" is not "ab","". */
	uint64_t ab = ctl_import_hash(CTL_IMPORT_HASH_INIT, &cells[0]);

	ck_assert(ctl_import_hash(ab,
			  &(struct ctl_cell){
				  .type = CTL_CELL_TEXT, .text = "b", .bytes = 1}) !=
		  ctl_import_hash(
			  ctl_import_hash(CTL_IMPORT_HASH_INIT, &cells[1]), &cells[2]));
}
END_TEST

START_TEST(notes_have_words)
{
	for (int i = 0; i < CTL_IMPORT_NOTES; i++)
		ck_assert_uint_gt(
			strlen(ctl_import_note_text((enum ctl_import_note)i)), 5);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("import_value");
	TCase *tc = tcase_create("import_value");

	tcase_add_test(tc, amounts);
	tcase_add_test(tc, doubles);
	tcase_add_test(tc, times);
	tcase_add_test(tc, time_of_the_row_before);
	tcase_add_test(tc, zone_of_other_rows);
	tcase_add_test(tc, texts);
	tcase_add_test(tc, names);
	tcase_add_test(tc, hashes);
	tcase_add_test(tc, notes_have_words);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
