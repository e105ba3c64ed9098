/* The reader of result and control lines: JSON and nothing else, with the text kept. */
#include "json.h"
#include "run_suite.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct seen {
	char text[4096];
	size_t n;
};

static int
on_member(
	void *arg, const char *key, const struct rn_json_value *value, struct nv_err *err)
{
	struct seen *seen = arg;

	(void)err;
	seen->n += (size_t)snprintf(seen->text + seen->n, sizeof(seen->text) - seen->n,
		"%s=%d:%.*s;", key, (int)value->type, (int)value->bytes, value->text);
	return 0;
}

static int
read_bytes(const char *text, size_t bytes, struct seen *seen, struct nv_err *err)
{
	/* A heap copy of the exact size, so that a read past its end is seen. */
	char *copy = malloc(bytes ? bytes : 1);

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, text, bytes);
	*seen = (struct seen){0};
	int rc = rn_json_object(copy, bytes, on_member, seen, err);

	free(copy);
	return rc;
}

START_TEST(members_keep_their_text)
{
	static const struct {
		const char *text;
		const char *members;
	} cases[] = {
		{"{}", ""},
		{" \t\r\n{ } \n", ""},
		{"{\"a\":1}", "a=1:1;"},
		{"{\"a\":-0.50e+07,\"b\":0,\"c\":1E2}", "a=1:-0.50e+07;b=1:0;c=1:1E2;"},
		{"{\"a\":\"x\\\"y\\u00e9\",\"b\":\"\"}",
			"a=0:\"x\\\"y\\u00e9\";b=0:\"\";"},
		{"{\"a\":{\"b\":[1,{\"c\":null}]},\"d\":[]}",
			"a=3:{\"b\":[1,{\"c\":null}]};d=4:[];"},
		{"{\"a\":true,\"b\":false,\"c\":null}", "a=5:true;b=5:false;c=6:null;"},
		{"{\"a\":NaN,\"b\":Infinity,\"c\":-Infinity}",
			"a=2:NaN;b=2:Infinity;c=2:-Infinity;"},
		{"{\"\\u0061\\n\":1}", "a\n=1:1;"},
		{"{\"\xc3\xa9\":\"\xf0\x9f\x92\xb0\"}",
			"\xc3\xa9=0:\"\xf0\x9f\x92\xb0\";"},
		{"{\"a\":\"\\ud83d\\ude00\"}", "a=0:\"\\ud83d\\ude00\";"},
	};

	for (size_t i = 0; i < NV_LEN(cases); i++) {
		struct seen seen;
		struct nv_err err = {0};
		int rc = read_bytes(cases[i].text, strlen(cases[i].text), &seen, &err);

		ck_assert_msg(rc == 0, "%s: %s", cases[i].text, err.text);
		ck_assert_str_eq(seen.text, cases[i].members);
	}
}
END_TEST

START_TEST(what_is_not_json_is_refused)
{
	static const char *const cases[] = {"", " ", "[]", "1", "\"a\"", "{", "{\"a\"",
		"{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{,}", "{\"a\" 1}",
		"{a:1}", "{'a':1}", "{\"a\":01}", "{\"a\":1.}", "{\"a\":.5}",
		"{\"a\":+1}", "{\"a\":1e}", "{\"a\":1e+}", "{\"a\":-}", "{\"a\":--1}",
		"{\"a\":0x10}", "{\"a\":tru}", "{\"a\":nan}", "{\"a\":+Infinity}",
		"{\"a\":\"}", "{\"a\":\"\\x\"}", "{\"a\":\"\\u12\"}",
		"{\"a\":\"\\ud800\"}", "{\"a\":\"\\udc00\"}",
		"{\"a\":\"\\ud800\\u0041\"}", "{\"a\":\"\n\"}", "{\"a\":\"\xff\"}",
		"{\"a\":\"\xc0\x80\"}", "{\"a\":\"\xed\xa0\x80\"}", "{\"a\":[1 2]}",
		"{\"a\":[1,]}", "{\"a\":[}", "{\"a\":{]}", "{} {}", "{}x", "{\"a\":\"\\"};

	for (size_t i = 0; i < NV_LEN(cases); i++) {
		struct seen seen;
		struct nv_err err = {0};
		int rc = read_bytes(cases[i], strlen(cases[i]), &seen, &err);

		ck_assert_msg(rc == -EINVAL, "%s: rc %d", cases[i], rc);
		ck_assert_msg(err.column >= 1 && err.column <= strlen(cases[i]) + 1 &&
				      err.text[0],
			"%s: column %u", cases[i], err.column);
	}
}
END_TEST

START_TEST(a_nul_byte_is_no_end)
{
	struct seen seen;

	ck_assert_int_eq(read_bytes("{\"a\":1}\0", 8, &seen, NULL), -EINVAL);
	ck_assert_int_eq(read_bytes("{\"a\0b\":1}", 9, &seen, NULL), -EINVAL);
	ck_assert_int_eq(read_bytes("{\0}", 3, &seen, NULL), -EINVAL);
}
END_TEST

/* An object that holds `depth` arrays in one another. */
static int
read_nested(unsigned depth)
{
	char text[2100] = "{\"a\":";
	struct seen seen;

	memset(text + 5, '[', depth);
	memset(text + 5 + depth, ']', depth);
	text[5 + 2 * depth] = '}';
	return read_bytes(text, 6 + 2 * (size_t)depth, &seen, NULL);
}

START_TEST(depth_has_a_limit)
{
	ck_assert_int_eq(read_nested(RN_JSON_DEPTH_MAX), 0);
	ck_assert_int_eq(read_nested(RN_JSON_DEPTH_MAX + 1), -EINVAL);
	ck_assert_int_eq(read_nested(1000), -EINVAL);
}
END_TEST

START_TEST(strings_are_decoded)
{
	static const struct {
		const char *raw;
		size_t room;
		int rc;
		const char *text;
	} cases[] = {
		{"\"abc\"", 4, 0, "abc"},
		{"\"abc\"", 3, -EMSGSIZE, NULL},
		{"\"\"", 1, 0, ""},
		{"\"\"", 0, -EMSGSIZE, NULL},
		{"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", 20, 0, "\"\\/\b\f\n\r\t"},
		{"\"\\u00e9\\u20ac\\ud83d\\ude00\"", 20, 0,
			"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
		{"\"\\ud83d\\ude00\"", 4, -EMSGSIZE, NULL},
		{"\"a\\u0000b\"", 20, -EILSEQ, NULL},
	};

	for (size_t i = 0; i < NV_LEN(cases); i++) {
		struct rn_json_value v = {.type = RN_JSON_STRING,
			.text = cases[i].raw,
			.bytes = strlen(cases[i].raw)};
		char buf[32];
		int rc = rn_json_string(&v, buf, cases[i].room);

		ck_assert_msg(rc == cases[i].rc, "%s: rc %d", cases[i].raw, rc);
		if (rc == 0)
			ck_assert_str_eq(buf, cases[i].text);
	}
	struct rn_json_value number = {.type = RN_JSON_NUMBER, .text = "12", .bytes = 2};
	char buf[8];

	ck_assert_int_eq(rn_json_string(&number, buf, sizeof(buf)), -EINVAL);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("runner_json");
	TCase *t = tcase_create("all");

	tcase_add_test(t, members_keep_their_text);
	tcase_add_test(t, what_is_not_json_is_refused);
	tcase_add_test(t, a_nul_byte_is_no_end);
	tcase_add_test(t, depth_has_a_limit);
	tcase_add_test(t, strings_are_decoded);
	suite_add_tcase(s, t);
	return run_suite(s);
}
