/* Headers as they come, gzip as it comes, URLs taken apart and resolved. */
#include "nv_base.h"
#include "nv_gunzip.h"
#include "nv_http_headers.h"
#include "nv_uri.h"
#include "run_suite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* ---- headers ---- */

static const struct {
	const char *line;
	int rc;
} lines[] = {
	{"A: b\r\n", 0},
	{"A:b", 0},
	{"A:", 0},
	{"\r\n", 0},
	{"", 0},
	{"a-b_c!#$: x", 0},
	{"A : b", -EINVAL},
	{": b", -EINVAL},
	{"no colon", -EINVAL},
	{" folded: x", -EINVAL},
	{"\tfolded", -EINVAL},
	{"A: b\rc", -EINVAL},
	{"A: b\x01", -EINVAL},
	{"A: b\x7f", -EINVAL},
	{"A(: b", -EINVAL},
	{"\xc3\xa4: b", -EINVAL},
	{"A: \xc3\xa4", 0},
	{"A: b\tc", 0},
};

START_TEST(test_lines)
{
	struct nv_http_headers h;

	nv_http_headers_init(&h, 100);
	ck_assert_msg(nv_http_headers_line(&h, lines[_i].line, strlen(lines[_i].line)) ==
			      lines[_i].rc,
		"%s", lines[_i].line);
	nv_http_headers_fini(&h);
}
END_TEST

static void
line(struct nv_http_headers *h, const char *text)
{
	ck_assert_int_eq(nv_http_headers_line(h, text, strlen(text)), 0);
}

START_TEST(test_headers)
{
	struct nv_http_headers h;

	nv_http_headers_init(&h, 64);
	ck_assert_ptr_null(nv_http_headers_get(&h, "x", 0));
	line(&h, "HTTP/1.1 103 Early Hints\r\n");
	line(&h, "Link: early\r\n");
	line(&h, "\r\n");
	line(&h, "HTTP/1.1 200 OK\r\n");
	line(&h, "Set-Cookie:  a=1 \t\r\n");
	line(&h, "X-Empty:\r\n");
	line(&h, "set-cookie: b=2\r\n");
	ck_assert_ptr_null(nv_http_headers_get(&h, "link", 0));
	ck_assert_str_eq(nv_http_headers_get(&h, "SET-COOKIE", 0), "a=1");
	ck_assert_str_eq(nv_http_headers_get(&h, "set-cookie", 1), "b=2");
	ck_assert_ptr_null(nv_http_headers_get(&h, "set-cookie", 2));
	ck_assert_str_eq(nv_http_headers_get(&h, "x-empty", 0), "");
	ck_assert_ptr_null(nv_http_headers_get(&h, "a=1", 0));
	ck_assert_int_eq(nv_http_headers_line(&h,
				 "X-Much: 0123456789012345678901234567890123456789", 48),
		-ENOBUFS);
	/* Half an answer's headers are none. */
	ck_assert_ptr_null(nv_http_headers_get(&h, "set-cookie", 0));
	nv_http_headers_fini(&h);
	/* A NUL would hide what follows it. */
	nv_http_headers_init(&h, 64);
	ck_assert_int_eq(nv_http_headers_line(&h, "A: b\0c", 6), -EINVAL);
	nv_http_headers_fini(&h);
}
END_TEST

/* ---- gzip ---- */

static size_t
gzip(const char *text, size_t bytes, uint8_t *to, size_t room)
{
	z_stream z = {0};

	ck_assert_int_eq(
		deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (Bytef *)(uintptr_t)text;
	z.avail_in = (uInt)bytes;
	z.next_out = to;
	z.avail_out = (uInt)room;
	ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	ck_assert_int_eq(deflateEnd(&z), Z_OK);
	return room - z.avail_out;
}

/* Fed in steps of so many bytes. */
static int
gunzip(const uint8_t *data, size_t bytes, size_t step, struct nv_buf *out,
	bool *ret_whole)
{
	struct nv_gunzip *g = nv_gunzip_new();
	int rc = 0;

	ck_assert_ptr_nonnull(g);
	nv_buf_clear(out);
	for (size_t at = 0; at < bytes && rc == 0; at += step)
		rc = nv_gunzip_add(g, data + at, NV_MIN(step, bytes - at), out);
	*ret_whole = nv_gunzip_whole(g);
	nv_gunzip_free(g);
	return rc;
}

START_TEST(test_gunzip)
{
	static char text[100000];
	static uint8_t packed[100000];
	struct nv_buf out;
	bool whole;

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)('a' + i * i % 23);
	size_t bytes = gzip(text, sizeof(text), packed, sizeof(packed));

	/* Head and foot of a member; the compiler is to know it, too. */
	NV_ASSERT(bytes > 18 && bytes < sizeof(packed));
	size_t two = bytes + gzip("tail", 4, packed + bytes, sizeof(packed) - bytes);

	nv_buf_init(&out, sizeof(text) + 10);
	for (size_t step = 1; step < two + 7; step = step * 3 + 1) {
		ck_assert_int_eq(gunzip(packed, bytes, step, &out, &whole), 0);
		ck_assert(whole);
		ck_assert_uint_eq(out.bytes, sizeof(text));
		ck_assert_int_eq(memcmp(out.data, text, sizeof(text)), 0);
		/* Two members are one text. */
		ck_assert_int_eq(gunzip(packed, two, step, &out, &whole), 0);
		ck_assert(whole);
		ck_assert_uint_eq(out.bytes, sizeof(text) + 4);
		ck_assert_int_eq(memcmp(out.data + sizeof(text), "tail", 4), 0);
	}
	/* Cut anywhere: no error, but not whole. */
	for (size_t cut = 0; cut < bytes; cut++) {
		ck_assert_int_eq(gunzip(packed, cut, 997, &out, &whole), 0);
		ck_assert(!whole);
	}
	/* The checksum counts. */
	packed[bytes - 5] ^= 1;
	ck_assert_int_eq(gunzip(packed, bytes, 997, &out, &whole), -EBADMSG);
	packed[bytes - 5] ^= 1;
	memcpy(packed + bytes, "junk", 4);
	ck_assert_int_eq(gunzip(packed, bytes + 4, 99999, &out, &whole), -EBADMSG);
	ck_assert_int_eq(gunzip((const uint8_t *)"<html>", 6, 6, &out, &whole), -EBADMSG);
	nv_buf_fini(&out);
	nv_buf_init(&out, sizeof(text) - 1);
	ck_assert_int_eq(gunzip(packed, bytes, 99999, &out, &whole), -ENOBUFS);
	nv_buf_fini(&out);
	nv_gunzip_free(NULL);
}
END_TEST

/* ---- URLs ---- */

static const struct {
	const char *text;
	const char *whole; /* NULL: refused */
	const char *origin;
} uris[] = {
	{"https://Api.Example.com", "https://api.example.com/",
		"https://api.example.com"},
	{"http://x:80/a?b=c#d", "http://x/a?b=c", "http://x"},
	{"https://x:8443/a/../b/./c", "https://x:8443/b/c", "https://x:8443"},
	{"http://0x7f.1/", "http://127.0.0.1/", "http://127.0.0.1"},
	{"http://2130706433/", "http://127.0.0.1/", "http://127.0.0.1"},
	{"http://[::1]:9/x", "http://[::1]:9/x", "http://[::1]:9"},
	{"http://x/a b?c d", "http://x/a%20b?c%20d", "http://x"},
	{"http://x/\xc3\xa4?\"<>", "http://x/%C3%A4?%22%3C%3E", "http://x"},
	{"http://x/%41%zz", "http://x/%41%zz", "http://x"},
	{"http://H\xc3\xb6st.Example/", NULL, NULL},
	{"HTTP://x", "http://x/", "http://x"},
	{"ftp://x/", NULL, NULL},
	{"file:///etc/passwd", NULL, NULL},
	{"gopher://x/", NULL, NULL},
	{"javascript:alert(1)", NULL, NULL},
	{"x.example/path", NULL, NULL},
	{"/path", NULL, NULL},
	{"", NULL, NULL},
	{"http://", NULL, NULL},
	{"http://x:99999/", NULL, NULL},
	{"http://x:-1/", NULL, NULL},
	{"http://x\n/", NULL, NULL},
	{"http://a b/", NULL, NULL},
	{"http:///x", "http://x/", "http://x"},
};

START_TEST(test_uri)
{
	struct nv_uri uri = {0};
	struct nv_buf buf;
	int rc = nv_uri_parse(uris[_i].text, &uri);

	if (!uris[_i].whole) {
		ck_assert_msg(rc == -EINVAL, "%s is taken", uris[_i].text);
		return;
	}
	ck_assert_msg(rc == 0, "%s is refused", uris[_i].text);
	nv_buf_init(&buf, 1000);
	nv_uri_text(&uri, &buf);
	ck_assert_str_eq(buf.data, uris[_i].whole);
	nv_buf_clear(&buf);
	nv_uri_origin(&uri, &buf);
	ck_assert_str_eq(buf.data, uris[_i].origin);
	nv_buf_fini(&buf);
	nv_uri_fini(&uri);
}
END_TEST

START_TEST(test_uri_more)
{
	struct nv_uri a = {0}, b = {0};
	char longest[NV_URI_BYTES_MAX + 2];

	ck_assert_int_eq(nv_uri_parse("https://user:pass@x/", &a), 0);
	ck_assert(a.credentials);
	nv_uri_fini(&a);
	ck_assert_int_eq(nv_uri_parse("https://user@x/", &a), 0);
	ck_assert(a.credentials);
	ck_assert_int_eq(nv_uri_parse("https://X:443/y", &b), 0);
	ck_assert(!b.credentials);
	ck_assert(nv_uri_same_origin(&a, &b));
	nv_uri_fini(&b);
	ck_assert_int_eq(nv_uri_parse("http://X:443/y", &b), 0);
	ck_assert(!nv_uri_same_origin(&a, &b));
	nv_uri_fini(&a);
	nv_uri_fini(&b);
	nv_uri_fini(NULL);
	memset(longest, 'x', sizeof(longest));
	memcpy(longest, "http://x/", 9);
	longest[NV_URI_BYTES_MAX] = '\0';
	ck_assert_int_eq(nv_uri_parse(longest, &a), 0);
	nv_uri_fini(&a);
	longest[NV_URI_BYTES_MAX] = 'x';
	longest[NV_URI_BYTES_MAX + 1] = '\0';
	ck_assert_int_eq(nv_uri_parse(longest, &a), -E2BIG);
}
END_TEST

/* RFC 3986, 5.4, as far as libcurl keeps to it, and what the guard must see. */
static const struct {
	const char *reference;
	const char *whole;
} references[] = {
	{"g", "http://a/b/c/g"},
	{"./g", "http://a/b/c/g"},
	{"g/", "http://a/b/c/g/"},
	{"/g", "http://a/g"},
	{"//g", "http://g/"},
	{"g?y", "http://a/b/c/g?y"},
	{"?y", "http://a/b/c/d;p?y"},
	{"g#s", "http://a/b/c/g"},
	{"../g", "http://a/b/g"},
	{"../../g", "http://a/g"},
	{"../../../g", "http://a/g"},
	{"http://z/y", "http://z/y"},
	{"https://z", "https://z/"},
	{"javascript:x", NULL},
	{"ftp://z/", NULL},
	{"mailto:a@b", NULL},
	{"http://", NULL},
};

START_TEST(test_resolve)
{
	struct nv_buf buf;
	int rc;

	nv_buf_init(&buf, 1000);
	rc = nv_uri_resolve("http://a/b/c/d;p?q", references[_i].reference, &buf);
	if (references[_i].whole) {
		ck_assert_msg(rc == 0, "%s is refused", references[_i].reference);
		ck_assert_str_eq(buf.data, references[_i].whole);
	} else {
		ck_assert_msg(rc == -EINVAL, "%s becomes %s", references[_i].reference,
			buf.data);
	}
	nv_buf_fini(&buf);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("nv_http_parts");
	TCase *tc = tcase_create("nv_http_parts");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, test_lines, 0, (int)NV_LEN(lines));
	tcase_add_test(tc, test_headers);
	tcase_add_test(tc, test_gunzip);
	tcase_add_loop_test(tc, test_uri, 0, (int)NV_LEN(uris));
	tcase_add_test(tc, test_uri_more);
	tcase_add_loop_test(tc, test_resolve, 0, (int)NV_LEN(references));
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
