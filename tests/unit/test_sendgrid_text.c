/* Addresses and CSV files, as people and agents write them and as nobody should. */
#include "sendgrid_addr.h"
#include "sendgrid_csv.h"

#include "nv_json.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define A10 "aaaaaaaaaa"
#define A60 A10 A10 A10 A10 A10 A10

static const struct {
	const char *text, *email, *name; /* email NULL: refused */
} addresses[] = {
	{"a@b.example", "a@b.example", ""},
	{"First.Last+tag@mail.b-c.example", "First.Last+tag@mail.b-c.example", ""},
	{"!#$%&'*+-/=?^_`{|}~@b.example", "!#$%&'*+-/=?^_`{|}~@b.example", ""},
	{"<a@b.example>", "a@b.example", ""},
	{"A Name <a@b.example>", "a@b.example", "A Name"},
	{"  Zo\xc3\xab   <a@b.example>", "a@b.example", "Zo\xc3\xab"},
	{"\"A, B\" <a@b.example>", "a@b.example", "A, B"},
	{A60 "aaaa@b.example", A60 "aaaa@b.example", ""},
	{A60 "aaaaa@b.example", NULL, NULL},
	{"a@" A60 "aaa.example", "a@" A60 "aaa.example", ""},
	{"a@" A60 "aaaa.example", NULL, NULL},
	{"a@" A60 "." A60 "." A60 "." A60 "." A10 ".example", NULL, NULL},
	{"", NULL, NULL},
	{"a", NULL, NULL},
	{"@b.example", NULL, NULL},
	{"a@", NULL, NULL},
	{"a@b", NULL, NULL},
	{"a@b..example", NULL, NULL},
	{"a@.b.example", NULL, NULL},
	{"a@b.example.", NULL, NULL},
	{"a@-b.example", NULL, NULL},
	{"a@b-.example", NULL, NULL},
	{"a@[127.0.0.1]", NULL, NULL},
	{".a@b.example", NULL, NULL},
	{"a.@b.example", NULL, NULL},
	{"a..b@b.example", NULL, NULL},
	{"a b@b.example", NULL, NULL},
	{"a@b.example ", NULL, NULL},
	{" a@b.example", NULL, NULL},
	{"a@@b.example", NULL, NULL},
	{"a@b@c.example", NULL, NULL},
	{"a@b.example,c@b.example", NULL, NULL},
	{"a@b.example\r\nBcc: c@b.example", NULL, NULL},
	{"A\nB <a@b.example>", NULL, NULL},
	{"A\x7f <a@b.example>", NULL, NULL},
	{"A, B <a@b.example>", NULL, NULL},
	{"A \"B\" <a@b.example>", NULL, NULL},
	{"\"A\\\" <x@y.z>, \" <a@b.example>", NULL, NULL},
	{"A <a@b.example", NULL, NULL},
	{"A <a@b.example> x", NULL, NULL},
	{"<<a@b.example>", NULL, NULL},
	{"<>", NULL, NULL},
	{"Zo\xc3\xab@b.example", NULL, NULL},
	{"a@b\xc3\xbc.example", NULL, NULL},
};

START_TEST(an_address)
{
	struct sg_address a;
	struct nv_err err = {0};
	int rc = sg_address_parse(addresses[_i].text, &a, &err);

	if (!addresses[_i].email) {
		ck_assert_int_eq(rc, -EINVAL);
		ck_assert_ptr_null(strpbrk(err.text, "\r\n\x7f"));
		return;
	}
	ck_assert_msg(rc == 0, "%s", err.text);
	ck_assert_str_eq(a.email, addresses[_i].email);
	ck_assert_str_eq(a.name, addresses[_i].name);
}
END_TEST

START_TEST(a_key_and_json)
{
	struct sg_address a;
	char key[SG_EMAIL_BYTES];

	ck_assert_int_eq(sg_address_parse("N <A.B@C.Example>", &a, NULL), 0);
	sg_address_key(&a, key);
	ck_assert_str_eq(key, "a.b@c.example");
	json_t *json = sg_address_json(&a);
	char *text = nv_json_line(json);

	ck_assert_str_eq(text, "{\"email\":\"A.B@C.Example\",\"name\":\"N\"}");
	free(text);
	json_decref(json);
}
END_TEST

static const struct {
	const char *text, *rows; /* rows: JSON, or with says a part of the sentence */
	bool refused;
} files[] = {
	{"email,name\na@b,A\n", "[{\"email\":\"a@b\",\"name\":\"A\"}]", false},
	{"\xEF\xBB\xBF"
	 "email\r\na\r\n\r\nb",
		"[{\"email\":\"a\"},{\"email\":\"b\"}]", false},
	{"a,b\n\"x, \"\"y\"\"\",\"1\n2\"\n", "[{\"a\":\"x, \\\"y\\\"\",\"b\":\"1\\n2\"}]",
		false},
	{"a,b\nx\n,\n", "[{\"a\":\"x\"},{\"a\":\"\",\"b\":\"\"}]", false},
	{"a\n\xff\n", "[{\"a\":\"\xef\xbf\xbd\"}]", false},
	{"a", "[]", false},
	{"a\nx\ry\n", "[{\"a\":\"x\\ry\"}]", false},
	{"", "line 1: expected", true},
	{"\xEF\xBB\xBF", "line 1: expected", true},
	{"a,\nx,y\n", "without a name", true},
	{"a,a\n", "two columns", true},
	{"a\nx,y\n", "line 2: more columns", true},
	{"a\n\n\"x", "line 3: a quote that is not closed", true},
	{"a\n\"x\"y\n", "line 2: text behind", true},
	{"a\n1\n2\n3\n4\n", "more than 3 rows", true},
};

START_TEST(a_file)
{
	json_t *rows = NULL;
	struct nv_err err = {0};
	int rc = sg_csv_read(files[_i].text, strlen(files[_i].text), 3, &rows, &err);

	if (files[_i].refused) {
		ck_assert_int_eq(rc, -EINVAL);
		ck_assert_msg(strstr(err.text, files[_i].rows) != NULL, "%s", err.text);
		return;
	}
	char *text = nv_json_line(rows);

	ck_assert_msg(rc == 0, "%s", err.text);
	ck_assert_str_eq(text, files[_i].rows);
	free(text);
	json_decref(rows);
}
END_TEST

START_TEST(bounds_of_a_file)
{
	char *big = malloc(SG_CSV_FIELD_MAX + 8);
	json_t *rows = NULL;
	struct nv_err err = {0};

	memcpy(big, "a\n", 2);
	memset(big + 2, 'x', SG_CSV_FIELD_MAX + 1);
	ck_assert_int_eq(sg_csv_read(big, SG_CSV_FIELD_MAX + 2, 9, &rows, &err), 0);
	json_decref(rows);
	ck_assert_int_eq(sg_csv_read(big, SG_CSV_FIELD_MAX + 3, 9, &rows, &err), -EINVAL);
	ck_assert_int_eq(sg_csv_read("a\n\0\n", 4, 9, &rows, &err), -EINVAL);
	memset(big, ',', SG_CSV_COLUMNS_MAX + 2);
	ck_assert_int_eq(
		sg_csv_read(big, SG_CSV_COLUMNS_MAX + 2, 9, &rows, &err), -EINVAL);
	free(big);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("sendgrid_text");
	TCase *tcase = tcase_create("all");
	SRunner *runner = srunner_create(suite);

	suite_add_tcase(suite, tcase);
	tcase_add_loop_test(tcase, an_address, 0, NV_LEN(addresses));
	tcase_add_test(tcase, a_key_and_json);
	tcase_add_loop_test(tcase, a_file, 0, NV_LEN(files));
	tcase_add_test(tcase, bounds_of_a_file);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
