/* Fuzz target: what comes over a connection, as a head and its chunks. However it is cut
 * into pieces, the answer is the same; and what is taken can be read in one way only. */
#include "chunk.h"
#include "head.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

#define BODY_BYTES_MAX 4096

/* Where the head ends, given in pieces of `step` bytes. */
static int
find(const char *data, size_t bytes, size_t step)
{
	size_t at = 0;
	int found = 0;

	for (size_t n = NV_MIN(step, bytes);; n = NV_MIN(n + step, bytes)) {
		char *copy = malloc(n ? n : 1); /* its end is the end of its memory */

		NV_ASSERT(copy);
		memcpy(copy, data, n);
		found = gw_head_find(copy, n, &at);
		free(copy);
		if (found != 0 || n == bytes)
			return found;
	}
}

static int
feed(const char *data, size_t bytes, size_t step, struct nv_buf *body)
{
	struct gw_chunk c = {0};
	size_t taken = 0;

	nv_buf_init(body, BODY_BYTES_MAX);
	while (taken < bytes && c.state != GW_CHUNK_DONE) {
		size_t n = NV_MIN(step, bytes - taken);
		int rc = gw_chunk_feed(&c, data + taken, n, body);

		if (rc < 0)
			return rc;
		NV_ASSERT((size_t)rc == n || c.state == GW_CHUNK_DONE);
		taken += (size_t)rc;
	}
	return (int)taken;
}

static void
check_request(const struct gw_request *r)
{
	NV_ASSERT(r->path[0] == '/' || strcmp(r->path, "*") == 0);
	NV_ASSERT(r->n_headers <= GW_HEADERS_MAX);
	NV_ASSERT(gw_header_count(r, "content-length") +
			  gw_header_count(r, "transfer-encoding") ==
		  (r->has_body ? 1u : 0u));
	NV_ASSERT(gw_header_count(r, "host") == 1 ||
		  (r->http10 && gw_header_count(r, "host") == 0));
	NV_ASSERT(!(r->chunked && (r->length || r->http10)));
	for (size_t i = 0; i < r->n_headers; i++) {
		NV_ASSERT(r->headers[i].name[0]);
		NV_ASSERT(!strpbrk(r->headers[i].name, " \t\r\n:"));
		NV_ASSERT(!strpbrk(r->headers[i].value, "\r\n"));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	const char *text = (const char *)data;
	struct gw_request r;
	const char *why;
	int found = find(text, bytes, bytes ? bytes : 1);

	if (bytes < 600)
		NV_ASSERT(find(text, bytes, 1) == found);
	NV_ASSERT(find(text, bytes, 97) == found);
	if (found <= 0)
		return 0;
	char *head = malloc((size_t)found);

	NV_ASSERT(head);
	memcpy(head, text, (size_t)found);
	int status = gw_head_parse(head, (size_t)found, &r, &why);

	NV_ASSERT(status == 0 || (status >= 400 && status < 600));
	if (status == 0)
		check_request(&r);
	free(head);

	struct nv_buf whole;
	struct nv_buf pieces;
	int a = feed(text + found, bytes - (size_t)found, bytes, &whole);
	int b = feed(text + found, bytes - (size_t)found, 1, &pieces);

	NV_ASSERT(a == b);
	if (a >= 0)
		NV_ASSERT(whole.bytes == pieces.bytes &&
			  (!whole.bytes ||
				  memcmp(whole.data, pieces.data, whole.bytes) == 0));
	nv_buf_fini(&whole);
	nv_buf_fini(&pieces);
	return 0;
}
