/* RFC 4648, section 10, and what no encoder would have written. */
#include "nv_base64.h"
#include "run_suite.h"

#include <errno.h>
#include <string.h>

static const struct {
	enum nv_base64 kind;
	const char *text;
	const char *data;
	size_t bytes;
} rows[] = {
	{NV_BASE64_STD, "", "", 0},
	{NV_BASE64_STD, "Zg==", "f", 1},
	{NV_BASE64_STD, "Zm8=", "fo", 2},
	{NV_BASE64_STD, "Zm9v", "foo", 3},
	{NV_BASE64_STD, "Zm9vYg==", "foob", 4},
	{NV_BASE64_STD, "Zm9vYmE=", "fooba", 5},
	{NV_BASE64_STD, "Zm9vYmFy", "foobar", 6},
	{NV_BASE64_STD, "+/+/", "\xfb\xff\xbf", 3},
	{NV_BASE64_STD, "AAAA", "\0\0\0", 3},
	{NV_BASE64_URL, "", "", 0},
	{NV_BASE64_URL, "Zg", "f", 1},
	{NV_BASE64_URL, "Zm8", "fo", 2},
	{NV_BASE64_URL, "Zm9v", "foo", 3},
	{NV_BASE64_URL, "-_-_", "\xfb\xff\xbf", 3},
};

START_TEST(test_both_ways)
{
	char text[32];
	uint8_t data[32];
	size_t bytes = 99;

	ck_assert_uint_eq(
		nv_base64_encode(rows[_i].kind, rows[_i].data, rows[_i].bytes, text),
		strlen(rows[_i].text));
	ck_assert_str_eq(text, rows[_i].text);
	/* Exactly as much room as it needs. */
	ck_assert_int_eq(nv_base64_decode(rows[_i].kind, text, strlen(text), data,
				 rows[_i].bytes, &bytes),
		0);
	ck_assert_uint_eq(bytes, rows[_i].bytes);
	ck_assert_int_eq(memcmp(data, rows[_i].data, bytes), 0);
	if (rows[_i].bytes)
		ck_assert_int_eq(nv_base64_decode(rows[_i].kind, text, strlen(text), data,
					 rows[_i].bytes - 1, &bytes),
			-ENOBUFS);
}
END_TEST

static const struct {
	enum nv_base64 kind;
	const char *text;
} bad[] = {
	{NV_BASE64_STD, "Z"},
	{NV_BASE64_STD, "Zg"},
	{NV_BASE64_STD, "Zg="},
	{NV_BASE64_STD, "Zg==="},
	{NV_BASE64_STD, "===="},
	{NV_BASE64_STD, "="},
	{NV_BASE64_STD, "Z==="},
	{NV_BASE64_STD, "Zh=="}, /* bits left over */
	{NV_BASE64_STD, "Zm9="},
	{NV_BASE64_STD, "Zm=v"},
	{NV_BASE64_STD, "Zg==Zg=="},
	{NV_BASE64_STD, "Zm9v\n"},
	{NV_BASE64_STD, " Zm9"},
	{NV_BASE64_STD, "-_-_"},
	{NV_BASE64_STD, "Zm\xc3\xa9"},
	{NV_BASE64_URL, "Z"},
	{NV_BASE64_URL, "Zg=="},
	{NV_BASE64_URL, "Zh"},
	{NV_BASE64_URL, "Zm9"},
	{NV_BASE64_URL, "+/+/"},
};

START_TEST(test_refused)
{
	uint8_t data[32];
	size_t bytes;

	ck_assert_msg(nv_base64_decode(bad[_i].kind, bad[_i].text, strlen(bad[_i].text),
			      data, sizeof(data), &bytes) == -EINVAL,
		"%s", bad[_i].text);
}
END_TEST

START_TEST(test_hex)
{
	char text[16];
	uint8_t data[4] = {0};

	nv_hex_encode("\x00\x9f\xa0\xff", 4, text);
	ck_assert_str_eq(text, "009fa0ff");
	ck_assert_int_eq(nv_hex_decode("009FA0ff", 8, data, 4), 0);
	ck_assert_int_eq(memcmp(data, "\x00\x9f\xa0\xff", 4), 0);
	ck_assert_int_eq(nv_hex_decode("009fa0f", 7, data, 4), -EINVAL);
	ck_assert_int_eq(nv_hex_decode("009fa0ff0", 9, data, 4), -EINVAL);
	ck_assert_int_eq(nv_hex_decode("009fa0fg", 8, data, 4), -EINVAL);
	ck_assert_int_eq(nv_hex_decode("", 0, data, 0), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("nv_base64");
	TCase *tc = tcase_create("nv_base64");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, test_both_ways, 0, (int)NV_LEN(rows));
	tcase_add_loop_test(tc, test_refused, 0, (int)NV_LEN(bad));
	tcase_add_test(tc, test_hex);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
