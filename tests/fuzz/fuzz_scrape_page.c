/* A page as nova-scrape-parse reads it: a selector, a newline, the page. */
#include "scr_work.h"

#include "nv_json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	const uint8_t *end = memchr(data, '\n', bytes);
	size_t css_bytes = end ? (size_t)(end - data) : 0;
	const char *body = (const char *)data + (end ? css_bytes + 1 : 0);
	size_t body_bytes = bytes - (end ? css_bytes + 1 : 0);
	struct nv_err err = {.text = ""};
	json_t *out = NULL;
	json_t *css = css_bytes ? nv_json_text((const char *)data, css_bytes) : NULL;
	json_t *want = json_pack("{s:b, s:b, s:b, s:b, s:b, s:b, s:{s:s, s:s}}", "body",
		1, "text", 1, "title", 1, "links", 1, "lists", 1, "tables", 1, "fields",
		"a", "p", "b", "a @href");

	if (css)
		(void)json_object_set_new(want, "select", json_pack("{s:o}", "css", css));
	int rc = scr_work(body, body_bytes, want, &out, &err);

	NV_ASSERT(rc == 0 ? json_is_object(out) : err.text[0] != '\0');
	NV_ASSERT(rc == 0 || rc == -EINVAL || rc == -ETIME || rc == -ENOMEM);
	if (rc == 0) {
		char *line = nv_json_line(out); /* it can be said */

		NV_ASSERT(line);
		free(line);
		json_decref(out);
	}
	json_decref(want);
	return 0;
}
