/* For scrape_oracles: asks the scraper's pure parts. A JSON object a line in, one out.
 *
 *   {"robots": text, "agent": token, "paths": [..]}   -> {"allowed": [..], "delay_ms": n}
 *   {"base": url, "url": reference}                   -> {"url": absolute, "key": key} or
 * {}
 *   {"bytes": text as hex, "type": header?}           -> {"encoding": name, "text":
 * utf-8} */
#include "nv_json.h"
#include "scr_ascii.h"
#include "scr_encoding.h"
#include "scr_robots.h"
#include "scr_url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *
str(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

static json_t *
robots(const json_t *ask)
{
	const json_t *text = json_object_get(ask, "robots");
	struct scr_robots *r = scr_robots_parse(
		json_string_value(text), json_string_length(text), str(ask, "agent"));
	json_t *allowed = json_array(), *path;
	size_t i;

	NV_ASSERT(r);
	json_array_foreach(json_object_get(ask, "paths"), i, path)(
		void) json_array_append_new(allowed,
		json_boolean(scr_robots_allowed(r, json_string_value(path), NULL)));
	json_t *out = json_pack("{s:o, s:I}", "allowed", allowed, "delay_ms",
		(json_int_t)scr_robots_delay_ms(r));

	scr_robots_free(r);
	return out;
}

static json_t *
url(const json_t *ask)
{
	char *absolute = NULL, *key = NULL, *again = NULL;

	if (scr_url_resolve(str(ask, "base"), str(ask, "url"), &absolute) < 0)
		return json_object();
	NV_ASSERT(scr_url_key(absolute, &key) == 0);
	/* A key is a URL, and its own key. */
	NV_ASSERT(scr_url_key(key, &again) == 0 && strcmp(again, key) == 0);
	json_t *out = json_pack("{s:s, s:s}", "url", absolute, "key", key);

	free(absolute);
	free(key);
	free(again);
	return out;
}

static json_t *
encoding(const json_t *ask)
{
	const char *hex = str(ask, "bytes");
	size_t bytes = strlen(hex) / 2, bom;
	NV_CLEANUP_FREE char *body = malloc(bytes + 1);
	struct nv_buf out;

	NV_ASSERT(body);
	for (size_t i = 0; i < bytes; i++)
		body[i] = (char)(scr_hex(hex[2 * i]) * 16 + scr_hex(hex[2 * i + 1]));
	const char *name = scr_encoding_sniff(body, bytes, str(ask, "type"), &bom);

	nv_buf_init(&out, bytes * 4 + 16);
	NV_ASSERT(scr_decode(name, body + bom, bytes - bom, &out) == 0);
	json_t *text = json_stringn(out.data ? out.data : "", out.bytes);

	NV_ASSERT(text); /* UTF-8 */
	nv_buf_fini(&out);
	return json_pack("{s:s, s:o}", "encoding", name, "text", text);
}

int
main(void)
{
	char *line = NULL;
	size_t cap = 0;

	while (getline(&line, &cap, stdin) > 0) {
		json_t *ask = json_loads(line, JSON_ALLOW_NUL, NULL);
		json_t *out = json_object_get(ask, "robots")  ? robots(ask)
			      : json_object_get(ask, "bytes") ? encoding(ask)
							      : url(ask);
		char *text = nv_json_line(out);

		NV_ASSERT(text);
		(void)puts(text);
		(void)fflush(stdout);
		free(text);
		json_decref(out);
		json_decref(ask);
	}
	free(line);
	return 0;
}
