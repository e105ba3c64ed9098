/* What HTTP servers write: headers, waits and dates, URLs to be resolved, forms, gzip.
 * The first byte says which. */
#include "nv_gunzip.h"
#include "nv_http_headers.h"
#include "nv_http_retry.h"
#include "nv_uri.h"
#include "nv_url.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

#define NOW_MS INT64_C(1795392000000)

static void
headers(const char *text, size_t bytes)
{
	struct nv_http_headers h;

	nv_http_headers_init(&h, 2000);
	while (bytes) {
		const char *end = memchr(text, '\n', bytes);
		size_t line = end ? (size_t)(end - text) + 1 : bytes;
		int rc = nv_http_headers_line(&h, text, line);

		NV_ASSERT(rc == 0 || rc == -EINVAL || rc == -ENOBUFS || rc == -ENOMEM);
		text += line;
		bytes -= line;
	}
	const char *value = nv_http_headers_get(&h, "retry-after", 0);

	NV_ASSERT(!value || !strpbrk(value, "\r\n"));
	struct nv_http_try t = {.class = NV_HTTP_ONCE,
		.phase = NV_HTTP_PH_ANSWER,
		.status = 429,
		.headers = &h,
		.tries = 1,
		.left_ms = 60000,
		.now_wall_ms = NOW_MS};
	static const char *const windows[] = {"x-rate-limit-", NULL};
	static const struct nv_http_policy policy = {.tries_max = 2,
		.wait_ms_min = 100,
		.wait_ms_max = 200,
		.windows = windows,
		.should_retry = "stripe-should-retry"};
	struct nv_http_decision d = nv_http_decide(&policy, &t);

	NV_ASSERT(d.verdict == NV_HTTP_V_AGAIN || d.verdict == NV_HTTP_V_REFUSED);
	NV_ASSERT(d.wait_ms >= 0 && d.wait_ms < 60000);
	nv_http_headers_fini(&h);
}

static void
waits(const char *text)
{
	const int64_t month = INT64_C(31) * 86400000;
	int64_t a = nv_http_retry_after_ms(text, NOW_MS);
	int64_t b = nv_http_epoch_wait_ms(text, NOW_MS);
	int64_t ms = -1;

	NV_ASSERT(a >= -1 && a <= month + 1000 && b >= -1 && b <= month);
	if (nv_http_date_parse(text, NOW_MS, &ms) == 0)
		NV_ASSERT(ms >= 0);
}

static void
uris(const char *text)
{
	struct nv_buf one, two;

	nv_buf_init(&one, 100000);
	nv_buf_init(&two, 100000);
	/* What comes out is stable, clean, and of http alone. */
	if (nv_uri_resolve("https://base.example/a/b?c", text, &one) == 0 &&
		one.bytes <= NV_URI_BYTES_MAX) {
		NV_ASSERT(strncmp(one.data, "http", 4) == 0);
		for (size_t i = 0; i < one.bytes; i++)
			NV_ASSERT(one.data[i] > 0x20 && one.data[i] < 0x7f);
		NV_ASSERT(nv_uri_resolve(one.data, one.data, &two) == 0);
		NV_ASSERT(strcmp(one.data, two.data) == 0);
	}
	nv_buf_fini(&one);
	nv_buf_fini(&two);
}

static int
on_pair(void *arg, const char *key, size_t key_bytes, const char *value,
	size_t value_bytes)
{
	size_t *n = arg;

	NV_ASSERT(key[key_bytes] == '\0' && value[value_bytes] == '\0');
	(*n)++;
	return 0;
}

static void
forms(const char *text, size_t bytes)
{
	size_t n = 0;
	struct nv_buf encoded, back;
	int rc = nv_form_each(text, bytes, 50, on_pair, &n);

	NV_ASSERT(n <= 50 && (rc == 0 || rc == -E2BIG || rc == -ENOMEM));
	nv_buf_init(&encoded, 3 * bytes + 1);
	nv_buf_init(&back, bytes + 1);
	nv_url_encode(&encoded, text, bytes);
	nv_url_decode(&back, encoded.data, encoded.bytes, true);
	NV_ASSERT(back.bytes == bytes && memcmp(back.data, text, bytes) == 0);
	nv_buf_fini(&encoded);
	nv_buf_fini(&back);
}

static void
gunzip(const char *data, size_t bytes)
{
	struct nv_gunzip *g = nv_gunzip_new();
	struct nv_buf out;
	int rc = 0;

	NV_ASSERT(g);
	nv_buf_init(&out, 100000);
	for (size_t at = 0, step = 1; at < bytes && rc == 0;
		at += step, step = step * 2 + 1)
		rc = nv_gunzip_add(g, data + at, NV_MIN(step, bytes - at), &out);
	NV_ASSERT(out.bytes <= 100000);
	NV_ASSERT(rc == 0 || rc == -EBADMSG || rc == -ENOBUFS || rc == -ENOMEM);
	nv_gunzip_free(g);
	nv_buf_fini(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	if (bytes == 0)
		return 0;
	char *text = malloc(bytes);

	if (!text)
		return 0;
	memcpy(text, data + 1, bytes - 1);
	text[bytes - 1] = '\0';
	switch (data[0] % 5) {
	case 0:
		headers(text, bytes - 1);
		break;
	case 1:
		waits(text);
		break;
	case 2:
		uris(text);
		break;
	case 3:
		forms(text, bytes - 1);
		break;
	default:
		gunzip(text, bytes - 1);
	}
	free(text);
	return 0;
}
