/* The markup of the tables as mdoc and as Markdown. */
#include "reference.h"
#include "run_suite.h"

#include <string.h>

static struct nv_buf out;
static const struct ref_text mdoc = {&out, false};
static const struct ref_text markdown = {&out, true};

static void
setup(void)
{
	nv_buf_init(&out, 1000000);
}

static void
teardown(void)
{
	nv_buf_fini(&out);
}

static const char *
taken(void)
{
	static char text[10000];

	ck_assert_uint_lt(out.bytes, sizeof(text));
	memcpy(text, out.data ? out.data : "", out.bytes);
	text[out.bytes] = '\0';
	nv_buf_clear(&out);
	return text;
}

START_TEST(test_prose)
{
	static const struct {
		const char *text;
		const char *mdoc;
	} cases[] = {
		{"One. Two.", "One.\nTwo.\n"},
		{"Of `x`.", "Of\n.Cm x .\n"},
		{"`a b`, c", ".Ql \"a b\" ,\nc\n"},
		{"see (`x`)", "see\n.No \\&( Ns Cm x )\n"},
		{"novasupd(8).", ".Xr novasupd 8 .\n"},
		{"(see nova.yaml(5))", "(see\n.Xr nova.yaml 5 )\n"},
		{".start", "\\&.start\n"},
		{"'start", "\\&'start\n"},
		{"a\\b", "a\\eb\n"},
		{"`At` `...`", ".Cm \\&At\n.Cm \\&...\\&\n"},
		{"`{\"a\": 1}`", ".Ql \"{\\(dqa\\(dq: 1}\"\n"},
		{"an open `x", "an open\n.No \\&`x\n"},
		{"", ""},
	};

	for (size_t i = 0; i < NV_LEN(cases); i++) {
		ref_prose(&mdoc, cases[i].text);
		ck_assert_str_eq(taken(), cases[i].mdoc);
	}
	ref_prose(&markdown, "Of `x`. Two.");
	ck_assert_str_eq(taken(), "Of `x`. Two.\n");
}
END_TEST

START_TEST(test_sentence)
{
	ref_sentence(&mdoc, "the whole fleet");
	ck_assert_str_eq(taken(), "The whole fleet.\n");
	ref_sentence(&markdown, "`x` of it.");
	ck_assert_str_eq(taken(), "`x` of it.\n");
}
END_TEST

START_TEST(test_usage)
{
	ref_usage(&mdoc, "[WORKER[#INSTANCE]...] | --by KEY");
	ck_assert_str_eq(taken(), " No \\&[ Ns Ar WORKER Ns No \\&[# Ns Ar INSTANCE Ns "
				  "No \\&]...]\\& No \\&| "
				  "Fl Fl by Ar KEY");
	ref_usage(&markdown, "GROUP start|stop");
	ck_assert_str_eq(taken(), "GROUP start|stop");
	ref_usage(&mdoc, "GROUP start|stop");
	ck_assert_str_eq(taken(), " Ar GROUP Cm start Ns No \\&| Ns Cm stop");
}
END_TEST

START_TEST(test_table)
{
	static const char text[] =
		"# Head\n\n| verb | args | data |\n|---|---|---|\n"
		"| `a` | `x`\\|`y` | `{}` |\n| `b` | | z |\nmore\n| c |\n";

	ck_assert(ref_table(&mdoc, text, "| verb |"));
	ck_assert_str_eq(taken(),
		".Bl -tag -width Ds\n.It Xo\n.Cm a\n.Xc\nTakes\n.Cm x Ns No \\&| Ns Cm y "
		".\n"
		"Answers\n.Cm \\&{} .\n.It Xo\n.Cm b\n.Xc\nAnswers z.\n.El\n");
	ck_assert(!ref_table(&mdoc, text, "| nothing |"));
	ck_assert_str_eq(taken(), "");
}
END_TEST

START_TEST(test_everything_is_made)
{
	for (size_t t = 0; t < REF_TABLES; t++) {
		ref_settings(&mdoc, &ref_tables[t]);
		ref_settings(&markdown, &ref_tables[t]);
	}
	ck_assert_int_eq(out.error, 0);
	nv_buf_clear(&out);
	ck_assert(ref_verbs(&mdoc, "ledger"));
	ck_assert_ptr_nonnull(strstr(out.data, ".It Cm ledger verify"));
	ck_assert(!ref_verbs(&mdoc, "ledge"));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("ref_text");
	TCase *tc = tcase_create("ref_text");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_prose);
	tcase_add_test(tc, test_sentence);
	tcase_add_test(tc, test_usage);
	tcase_add_test(tc, test_table);
	tcase_add_test(tc, test_everything_is_made);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
