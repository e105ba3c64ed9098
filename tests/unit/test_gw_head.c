/* Request heads and chunks: what is taken, and every way of being read in two ways. */
#include "chunk.h"
#include "head.h"
#include "run_suite.h"

#include <stdio.h>
#include <string.h>

#define GET "GET / HTTP/1.1\r\n"
#define H   "Host: a\r\n"

/* ---- heads ---- */

static int
status_of(const char *text, size_t bytes, struct gw_request *r, char *copy)
{
	size_t at = 0;
	const char *why = "";
	int found = 0;

	/* As it comes from a slow peer: every length first. */
	for (size_t n = 0; n <= bytes && found == 0; n++)
		found = gw_head_find(text, n, &at);
	if (found <= 0)
		return -found;
	memcpy(copy, text, bytes);
	copy[bytes] = '\0';
	return gw_head_parse(copy, (size_t)found, r, &why);
}

static const struct {
	const char *text;
	int status; /* 0: taken */
} heads[] = {
	{GET H "\r\n", 0},
	{"GET / HTTP/1.0\r\n\r\n", 0},
	{"GET http://a/x?y HTTP/1.1\r\n" H "\r\n", 0},
	{"OPTIONS * HTTP/1.1\r\n" H "\r\n", 0},
	{GET "hOsT:a\r\nA:\r\nB:  b c \t\r\n\r\n", 0},
	{GET H "Content-Length: 0\r\n\r\n", 0},
	{GET H "Transfer-Encoding: Chunked\r\n\r\n", 0},
	{"POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\n", 0},
	{GET "Host:\r\n\r\n", 0},
	{GET H "X: \xc3\xa9\r\n\r\n", 0},
	/* request line */
	{"GET /\r\n" H "\r\n", 400},
	{"GET  / HTTP/1.1\r\n" H "\r\n", 400},
	{"GET / HTTP/1.1 \r\n" H "\r\n", 400},
	{" GET / HTTP/1.1\r\n" H "\r\n", 400},
	{"GET x HTTP/1.1\r\n" H "\r\n", 400},
	{"GET * HTTP/1.1\r\n" H "\r\n", 400},
	{"GET http:///x HTTP/1.1\r\n" H "\r\n", 400},
	{"GET http://u@a/x HTTP/1.1\r\n" H "\r\n", 400},
	{"GET /\x7f HTTP/1.1\r\n" H "\r\n", 400},
	{"GET /\xff HTTP/1.1\r\n" H "\r\n", 400},
	{"GET /a\tb HTTP/1.1\r\n" H "\r\n", 400},
	{"GET /%0 HTTP/1.1\r\n" H "\r\n", 400},
	{"GET /%00 HTTP/1.1\r\n" H "\r\n", 400},
	{"GET /a%2Fb HTTP/1.1\r\n" H "\r\n", 400},
	{"GET /a#b HTTP/1.1\r\n" H "\r\n", 400},
	{"G(T / HTTP/1.1\r\n" H "\r\n", 400},
	{"get / HTTP/1.1\r\n" H "\r\n", 501},
	{"BREW / HTTP/1.1\r\n" H "\r\n", 501},
	{"GET / HTTP/0.9\r\n" H "\r\n", 505},
	{"GET / HTTP/2.0\r\n" H "\r\n", 505},
	{"GET / HTTP/1.10\r\n" H "\r\n", 400},
	{"GET / http/1.1\r\n" H "\r\n", 400},
	{"GET / HTTP/1.1\n" H "\r\n", 400},
	{"\r\n\r\n", 400},
	/* headers */
	{GET "\r\n", 400},
	{GET H H "\r\n", 400},
	{GET "Host: a b\r\n\r\n", 400},
	{GET "Host: a/b\r\n\r\n", 400},
	{GET H "X : y\r\n\r\n", 400},
	{GET H " X: y\r\n\r\n", 400},
	{GET H "X: y\r\n z\r\n\r\n", 400},
	{GET H "X\r\n\r\n", 400},
	{GET H ": y\r\n\r\n", 400},
	{GET H "X\x01: y\r\n\r\n", 400},
	{GET H "X: a\rb\r\n\r\n", 400},
	{GET H "X: a\nY: b\r\n\r\n", 400},
	{GET H "X: a\x08\r\n\r\n", 400},
	{GET H "X: a\x7f\r\n\r\n", 400},
	{GET H "Expect: soon\r\n\r\n", 417},
	/* lengths */
	{GET H "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", 400},
	{GET H "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
	{GET H "Content-Length: +5\r\n\r\n", 400},
	{GET H "Content-Length: -5\r\n\r\n", 400},
	{GET H "Content-Length: 5, 5\r\n\r\n", 400},
	{GET H "Content-Length: 0x5\r\n\r\n", 400},
	{GET H "Content-Length:\r\n\r\n", 400},
	{GET H "Content-Length: 99999999999999999999999\r\n\r\n", 413},
	{GET H "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
	{GET H "Transfer-Encoding: gzip, chunked\r\n\r\n", 400},
	{GET H "Transfer-Encoding: chunked, identity\r\n\r\n", 400},
	{GET H "Transfer-Encoding: xchunked\r\n\r\n", 400},
	{GET H "Transfer-Encoding: gzip\r\n\r\n", 501},
	{GET H "Transfer-Encoding: \x0b"
	       "chunked\r\n\r\n",
		400},
	{"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
};

START_TEST(takes_or_refuses_heads)
{
	static char copy[GW_HEAD_BYTES_MAX + 1];
	struct gw_request r;
	int status = status_of(heads[_i].text, strlen(heads[_i].text), &r, copy);

	ck_assert_msg(status == heads[_i].status, "head %d: %d, expected %d:\n%s", _i,
		status, heads[_i].status, heads[_i].text);
}
END_TEST

START_TEST(reads_what_a_head_says)
{
	static const char text[] =
		"POST /webhooks/gumroad/a%20b?x=1&y HTTP/1.1\r\nHost: nova.example:80\r\n"
		"Content-Length: 12\r\nX-Sig:  a,b \r\nX-Sig: c\r\n"
		"Connection: foo, Close\r\nExpect: 100-Continue\r\n\r\n";
	static char copy[GW_HEAD_BYTES_MAX + 1];
	struct gw_request r;

	ck_assert_int_eq(status_of(text, sizeof(text) - 1, &r, copy), 0);
	ck_assert_str_eq(r.path, "/webhooks/gumroad/a b");
	ck_assert_str_eq(r.query, "x=1&y");
	ck_assert_str_eq(gw_header(&r, "x-sig"), "a,b");
	ck_assert_uint_eq(gw_header_count(&r, "x-sig"), 2);
	ck_assert_ptr_null(gw_header(&r, "x"));
	ck_assert_int_eq(r.method, GW_POST);
	ck_assert_int_eq(r.length, 12);
	ck_assert(r.has_body && r.expects && !r.keep && !r.chunked);
}
END_TEST

START_TEST(bounds_a_head)
{
	static char text[2 * GW_HEAD_BYTES_MAX];
	static char copy[2 * GW_HEAD_BYTES_MAX];
	struct gw_request r;
	size_t at = 0;

	/* A request line without an end. */
	memset(text, 'a', sizeof(text));
	ck_assert_int_eq(gw_head_find(text, GW_LINE_BYTES_MAX, &at), 0);
	ck_assert_int_eq(gw_head_find(text, GW_LINE_BYTES_MAX + 1, &at), -414);
	/* Headers without an end, and one that just fits. */
	int n = snprintf(text, sizeof(text), GET H "X: ");
	size_t fits = GW_HEAD_BYTES_MAX - 4;

	memset(text + n, 'a', fits - (size_t)n);
	memcpy(text + fits, "\r\n\r\n", 4);
	ck_assert_int_eq(status_of(text, GW_HEAD_BYTES_MAX, &r, copy), 0);
	memset(text + n, 'a', GW_HEAD_BYTES_MAX);
	ck_assert_int_eq(status_of(text, GW_HEAD_BYTES_MAX + 1, &r, copy), 431);
	/* As many headers as there may be, and one more. */
	n = snprintf(text, sizeof(text), GET H);
	for (int i = 1; i < GW_HEADERS_MAX; i++)
		n += snprintf(text + n, sizeof(text) - (size_t)n, "X: y\r\n");
	int end = n + snprintf(text + n, sizeof(text) - (size_t)n, "\r\n");

	ck_assert_int_eq(status_of(text, (size_t)end, &r, copy), 0);
	ck_assert_uint_eq(r.n_headers, GW_HEADERS_MAX);
	end = n + snprintf(text + n, sizeof(text) - (size_t)n, "X: y\r\n\r\n");
	ck_assert_int_eq(status_of(text, (size_t)end, &r, copy), 431);
	/* A NUL is no end of anything. */
	at = 0;
	ck_assert_int_eq(gw_head_find(GET "Host: a\0b\r\n\r\n", 30, &at), -400);
}
END_TEST

/* ---- chunks ---- */

static const struct {
	const char *text;
	const char *body;
	int rc; /* bytes taken, or the refusal */
} chunked[] = {
	{"0\r\n\r\n", "", 5},
	{"3\r\nabc\r\n0\r\n\r\n", "abc", 13},
	{"3\r\nabc\r\n0\r\n\r\nGET /", "abc", 13},
	{"00000003\r\nabc\r\n000\r\n\r\n", "abc", 22},
	{"1;a=b;c\r\nx\r\nA\r\n0123456789\r\n0;last\r\nT: v\r\n\r\n", "x0123456789", 43},
	{"3\r\nab", "ab", 5},
	{"3\nabc\r\n0\r\n\r\n", "", -400},
	{"3\r\nabc\n0\r\n\r\n", "", -400},
	{"3\r\nabcd\r\n0\r\n\r\n", "", -400},
	{"\r\nabc", "", -400},
	{";a\r\n", "", -400},
	{"3 \r\nabc\r\n0\r\n\r\n", "", -400},
	{" 3\r\nabc\r\n0\r\n\r\n", "", -400},
	{"0x3\r\nabc\r\n0\r\n\r\n", "", -400},
	{"-1\r\n", "", -400},
	{"000000003\r\n", "", -413},
	{"ffffffff\r\n", "", -413},
	{"21\r\n", "", -413},
	{"3;\x01\r\nabc\r\n", "", -400},
	{"3;a\rb\r\nabc\r\n", "", -400},
	{"0\r\n X: folded\r\n\r\n", "", -400},
	{"0\r\nX: y\n\r\n", "", -400},
	{"0\r\n\rX", "", -400},
};

static int
feed(const char *text, size_t bytes, size_t step, struct nv_buf *body)
{
	struct gw_chunk c = {0};
	int taken = 0;

	for (size_t at = 0; at < bytes && c.state != GW_CHUNK_DONE;) {
		size_t n = NV_MIN(step, bytes - at);
		int rc = gw_chunk_feed(&c, text + at, n, body);

		if (rc < 0)
			return rc;
		taken += rc;
		at += n;
	}
	return taken;
}

START_TEST(takes_or_refuses_chunks)
{
	const char *text = chunked[_i].text;

	for (size_t n = 1; n <= strlen(text); n++) {
		struct nv_buf body;

		nv_buf_init(&body, 32);
		ck_assert_int_eq(feed(text, strlen(text), n, &body), chunked[_i].rc);
		if (chunked[_i].rc > 0)
			ck_assert_str_eq(body.data ? body.data : "", chunked[_i].body);
		nv_buf_fini(&body);
	}
}
END_TEST

START_TEST(bounds_what_chunks_skip)
{
	struct nv_buf text;
	struct nv_buf body;

	nv_buf_init(&text, 1 << 20);
	nv_buf_init(&body, 32);
	nv_buf_puts(&text, "0\r\n");
	for (int i = 0; i < GW_CHUNK_EXTRA_BYTES_MAX / 4 + 1; i++)
		nv_buf_puts(&text, "a: b\r\n");
	ck_assert_int_eq(feed(text.data, text.bytes, 100, &body), -400);
	nv_buf_clear(&text);
	for (int i = 0; i < GW_CHUNK_EXTRA_BYTES_MAX; i++)
		nv_buf_puts(&text, "1;ext\r\nx\r\n");
	nv_buf_fini(&body);
	nv_buf_init(&body, 1 << 20);
	ck_assert_int_eq(feed(text.data, text.bytes, 100, &body), -400);
	nv_buf_fini(&text);
	nv_buf_fini(&body);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("gw_head");
	TCase *c = tcase_create("heads");

	tcase_add_loop_test(c, takes_or_refuses_heads, 0, NV_LEN(heads));
	tcase_add_test(c, reads_what_a_head_says);
	tcase_add_test(c, bounds_a_head);
	tcase_add_loop_test(c, takes_or_refuses_chunks, 0, NV_LEN(chunked));
	tcase_add_test(c, bounds_what_chunks_skip);
	suite_add_tcase(suite, c);
	return run_suite(suite);
}
