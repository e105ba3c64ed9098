/* Fuzz target: the query of a target. What is taken is text, and each name once. */
#include "query.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct gw_param p[] = {
		{"worker", 63, NULL}, {"limit", 10, NULL}, {"since", 40, NULL}};
	struct nv_err err = {0};
	struct nv_buf copy;
	char *text = malloc(bytes + 1);

	NV_ASSERT(text);
	if (bytes)
		memcpy(text, data, bytes);
	text[bytes] = '\0';
	nv_buf_init(&copy, 16384);
	int rc = gw_query_read(text, p, NV_LEN(p), &copy, &err);

	NV_ASSERT(rc == 0 || rc == -EINVAL || rc == -ENOBUFS);
	NV_ASSERT(rc == 0 || err.text[0]);
	for (size_t i = 0; rc == 0 && i < NV_LEN(p); i++) {
		if (!p[i].value)
			continue;
		NV_ASSERT(strlen(p[i].value) <= p[i].bytes_max);
		for (const char *at = p[i].value; *at; at++)
			NV_ASSERT((unsigned char)*at >= ' ');
	}
	nv_buf_fini(&copy);
	free(text);
	return 0;
}
