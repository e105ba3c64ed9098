/* robots.txt, encodings, URLs, CSV and diffs: whatever comes, what goes out is bounded,
 * is UTF-8, and says the same when it is read again. The first byte says which. */
#include "scr_csv.h"
#include "scr_diff.h"
#include "scr_encoding.h"
#include "scr_robots.h"
#include "scr_url.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void
robots(const char *text, size_t bytes)
{
	static const char *const paths[] = {
		"", "/", "/a/b?c", "/robots.txt", "/%", "/*$"};
	struct scr_robots *r = scr_robots_parse(text, bytes, "nova/1");

	NV_ASSERT(r);
	for (size_t i = 0; i < NV_LEN(paths); i++) {
		const char *rule;
		bool allowed = scr_robots_allowed(r, paths[i], &rule);

		NV_ASSERT(allowed || rule);
	}
	NV_ASSERT(scr_robots_allowed(r, "/robots.txt", NULL));
	NV_ASSERT(scr_robots_delay_ms(r) >= -1 &&
		  scr_robots_delay_ms(r) <= SCR_ROBOTS_DELAY_MAX_MS);
	scr_robots_free(r);
}

static void
encoding(const char *text, size_t bytes)
{
	struct nv_buf out;
	size_t bom;
	const char *name = scr_encoding_sniff(text, bytes, NULL, &bom);

	NV_ASSERT(bom <= bytes && scr_encoding_of_label(name, strlen(name)) == name);
	nv_buf_init(&out, bytes * 4 + 16);
	NV_ASSERT(scr_decode(name, text + bom, bytes - bom, &out) == 0);
	for (size_t i = 0; i < out.bytes;) {
		size_t n = nv_utf8_len(out.data + i, out.bytes - i);

		NV_ASSERT(n > 0 && out.data[i]);
		i += n;
	}
	nv_buf_fini(&out);
}

static void
url(const char *text)
{
	char *absolute = NULL, *key = NULL, *again = NULL;

	if (scr_url_resolve("http://example.com/a/b?c", text, &absolute) < 0)
		return;
	NV_ASSERT(strncmp(absolute, "http", 4) == 0 && !strchr(absolute, '#'));
	if (scr_url_key(absolute, &key) == 0) {
		int rc = scr_url_key(key, &again);

		NV_ASSERT(rc == -E2BIG || (rc == 0 && strcmp(key, again) == 0));
	}
	NV_ASSERT(scr_url_in_scope(absolute, absolute, SCR_SCOPE_HOST));
	free(absolute);
	free(key);
	free(again);
}

static void
cells(const char *text, size_t bytes)
{
	struct nv_buf out;
	const char *half = memchr(text, '\n', bytes);

	nv_buf_init(&out, bytes * 2 + 16);
	scr_csv_cell(&out, text, bytes);
	NV_ASSERT(out.error == 0);
	nv_buf_fini(&out);
	json_t *diff = scr_diff(text, half ? half + 1 : "");

	NV_ASSERT(diff && (strcmp(text, half ? half + 1 : "") != 0 ||
				  json_array_size(diff) == 0));
	json_decref(diff);
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
	switch (data[0] % 4) {
	case 0:
		robots(text, bytes - 1);
		break;
	case 1:
		encoding(text, bytes - 1);
		break;
	case 2:
		url(text);
		break;
	default:
		cells(text, bytes - 1);
	}
	free(text);
	return 0;
}
