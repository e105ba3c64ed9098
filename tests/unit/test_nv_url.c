/* Percent-encoding, queries and forms. */
#include "nv_url.h"
#include "run_suite.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static struct nv_buf buf;

static void
set_up(void)
{
	nv_buf_init(&buf, 4096);
}

static void
tear_down(void)
{
	nv_buf_fini(&buf);
}

START_TEST(test_every_byte)
{
	static const char bare[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				   "0123456789-._~";
	char expected[8];

	for (unsigned c = 0; c < 256; c++) {
		char byte = (char)c;

		nv_buf_clear(&buf);
		nv_url_encode(&buf, &byte, 1);
		(void)snprintf(expected, sizeof(expected),
			c && strchr(bare, (int)c) ? "%c" : "%%%02X", c);
		ck_assert_str_eq(buf.data, expected);
		/* And back. */
		struct nv_buf back;

		nv_buf_init(&back, 8);
		nv_url_decode(&back, buf.data, buf.bytes, false);
		ck_assert_uint_eq(back.bytes, 1);
		ck_assert_int_eq(back.data[0], byte);
		nv_buf_fini(&back);
	}
}
END_TEST

/* The cases of the web platform, as far as they are about UTF-8: what they encode is
 * decoded to the same, and ours, which encodes more, too. */
START_TEST(test_web_platform)
{
	const char *path = getenv("NOVA_URL_CASES");
	json_t *cases, *each;
	size_t i, seen = 0;

	ck_assert_ptr_nonnull(path);
	cases = json_load_file(path, JSON_ALLOW_NUL, NULL);
	ck_assert_ptr_nonnull(cases);
	json_array_foreach(cases, i, each)
	{
		const char *in = json_string_value(json_object_get(each, "input"));
		const char *out = json_string_value(
			json_object_get(json_object_get(each, "output"), "utf-8"));

		if (!in || !out)
			continue;
		seen++;
		nv_buf_clear(&buf);
		nv_url_decode(&buf, out, strlen(out), false);
		ck_assert_str_eq(buf.data, in);
		nv_buf_clear(&buf);
		nv_url_encode(&buf, in, strlen(in));
		struct nv_buf back;

		nv_buf_init(&back, 4096);
		nv_url_decode(&back, buf.data, buf.bytes, false);
		ck_assert_str_eq(back.data, in);
		nv_buf_fini(&back);
	}
	ck_assert_uint_ge(seen, 5);
	json_decref(cases);
}
END_TEST

START_TEST(test_segment)
{
	static const char *const bad[] = {"", ".", ".."};

	nv_buf_puts(&buf, "https://api.example/v1/sales");
	nv_url_segment(&buf, "a==");
	nv_url_segment(&buf, "@evil.example/v1/x?y#z");
	ck_assert_int_eq(buf.error, 0);
	ck_assert_str_eq(buf.data,
		"https://api.example/v1/sales/a%3D%3D/%40evil.example%2Fv1%2Fx%3Fy%23z");
	for (size_t i = 0; i < NV_LEN(bad); i++) {
		nv_buf_clear(&buf);
		nv_url_segment(&buf, bad[i]);
		ck_assert_int_eq(buf.error, -EINVAL);
	}
	/* What is not just dots is a name. */
	nv_buf_clear(&buf);
	nv_url_segment(&buf, "...");
	ck_assert_str_eq(buf.data, "/...");
}
END_TEST

START_TEST(test_query_and_form)
{
	nv_buf_puts(&buf, "https://x/y");
	nv_url_query(&buf, "q", "a b&c=d");
	nv_url_query(&buf, "created[gte]", "1");
	ck_assert_str_eq(buf.data, "https://x/y?q=a%20b%26c%3Dd&created[gte]=1");
	nv_buf_clear(&buf);
	nv_form_add(&buf, "items[0][price]", "price_1");
	nv_form_add_int(&buf, "amount", INT64_MIN);
	nv_form_add_bool(&buf, "capture", false);
	nv_form_add(&buf, "metadata[a&b]", "\xc3\xa4+%");
	nv_form_add(&buf, "unset", "");
	ck_assert_str_eq(buf.data, "items[0][price]=price_1&amount=-9223372036854775808&"
				   "capture=false&metadata[a%26b]=%C3%A4%2B%25&unset=");
}
END_TEST

static int
collect(void *arg, const char *key, size_t key_bytes, const char *value,
	size_t value_bytes)
{
	struct nv_buf *seen = arg;

	ck_assert_uint_eq(key[key_bytes], 0);
	ck_assert_uint_eq(value[value_bytes], 0);
	if (strcmp(key, "stop") == 0)
		return 7;
	nv_buf_printf(seen, "<%s>%zu", key, value_bytes);
	nv_buf_printf(seen, "<%s>", value);
	return 0;
}

static const struct {
	const char *text;
	const char *seen;
	int rc;
} forms[] = {
	{"", "", 0},
	{"a=1&b=2", "<a>1<1><b>1<2>", 0},
	{"a", "<a>0<>", 0},
	{"=", "<>0<>", 0},
	{"&&a=1&", "<a>1<1>", 0},
	{"a=b=c", "<a>3<b=c>", 0},
	{"a+b=c+d%2B", "<a b>4<c d+>", 0},
	{"url_params%5Bagent_id%5D=7", "<url_params[agent_id]>1<7>", 0},
	{"a=%zz%4&b=%", "<a>5<%zz%4><b>1<%>", 0},
	{"a=x%00y", "<a>3<x>", 0},
	{"a=1&stop=1&b=2", "<a>1<1>", 7},
	{"a=1&b=2&c=3&d=4", "<a>1<1><b>1<2><c>1<3>", -E2BIG},
};

START_TEST(test_each)
{
	nv_buf_puts(&buf, "");
	ck_assert_int_eq(
		nv_form_each(forms[_i].text, strlen(forms[_i].text), 3, collect, &buf),
		forms[_i].rc);
	ck_assert_str_eq(buf.data, forms[_i].seen);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("nv_url");
	TCase *tc = tcase_create("nv_url");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, test_every_byte);
	tcase_add_test(tc, test_web_platform);
	tcase_add_test(tc, test_segment);
	tcase_add_test(tc, test_query_and_form);
	tcase_add_loop_test(tc, test_each, 0, (int)NV_LEN(forms));
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
