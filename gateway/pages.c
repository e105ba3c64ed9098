/* Pages: see pages.h. */
#include "pages.h"

#include "web_assets.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define TAG_BYTES 128

static const char bare[] =
	"<!doctype html>\n"
	"<html lang=\"en\"><meta charset=\"utf-8\"><title>Nova</title>\n"
	"<h1>Nova</h1>\n"
	"<p>This nova-gateway was built without the dashboard (NOVA_WEB=OFF). To get it, "
	"install nodejs and npm and build again without that option. The API answers at "
	"/api/v1, and <code>novactl top</code> shows the fleet in a terminal.</p>\n"
	"</html>\n";

/* Is the weight in the parameters behind a coding, ";q=0.5", more than 0? Without one it
 * is 1. */
static bool
has_weight(const char *params, size_t bytes)
{
	const char *end = params + bytes;

	for (const char *at = params; at < end; at += strcspn(at, ";")) {
		at += strspn(at, "; \t");
		if (end - at < 2 || strncasecmp(at, "q=", 2) != 0)
			continue;
		at += 2;
		return strspn(at, "0.") < strcspn(at, ", \t;");
	}
	return true;
}

bool
gw_takes_gzip(const char *accept)
{
	bool any = false;

	while (accept && *accept) {
		accept += strspn(accept, ", \t");
		size_t bytes = strcspn(accept, ",");
		size_t name = strcspn(accept, ",; \t");
		bool weight = has_weight(accept + name, bytes - name);

		if (name == 4 && strncasecmp(accept, "gzip", 4) == 0)
			return weight;
		if (name == 1 && *accept == '*')
			any = weight;
		accept += bytes;
	}
	return any;
}

bool
gw_tag_matches(const char *none_match, const char *tag)
{
	size_t tag_bytes = strlen(tag);

	while (none_match && *none_match) {
		none_match += strspn(none_match, ", \t");
		if (*none_match == '*')
			return true;
		if (strncmp(none_match, "W/", 2) == 0)
			none_match += 2;
		if (strncmp(none_match, tag, tag_bytes) == 0 &&
			(!none_match[tag_bytes] || strchr(", \t", none_match[tag_bytes])))
			return true;
		none_match += strcspn(none_match, ",");
	}
	return false;
}

static const struct gw_web_asset *
find(const char *folder, const char *name)
{
	size_t bytes = strlen(folder);

	for (size_t i = 0; i < gw_web_n_assets; i++) {
		const char *own = gw_web_assets[i].name;

		if (strncmp(own, folder, bytes) == 0 && strcmp(own + bytes, name) == 0)
			return &gw_web_assets[i];
	}
	return NULL;
}

static void
serve(struct gw_call *call, const struct gw_web_asset *a)
{
	const struct gw_request *r = call->request;
	bool gzip = a->gzip && gw_takes_gzip(gw_header(r, "accept-encoding"));
	char tag[TAG_BYTES];

	/* Two codings of a file are two representations, and have two tags (RFC 9110,
	 * section 8.8.3). The tag of the table has its quotes. */
	(void)snprintf(tag, sizeof(tag), "%.*s%s\"", (int)strlen(a->etag) - 1, a->etag,
		gzip ? "-gzip" : "");
	gw_answer_header(call, "ETag", tag);
	gw_answer_header(call, "Vary", "Accept-Encoding");
	gw_answer_cache(
		call, a->immutable ? "public, max-age=31536000, immutable" : "no-cache");
	if (gw_tag_matches(gw_header(r, "if-none-match"), tag)) {
		gw_answer(call, 304, NULL, NULL, 0);
		return;
	}
	if (gzip) {
		gw_answer_header(call, "Content-Encoding", "gzip");
		gw_answer(call, 200, a->type, a->gzip, a->gzip_bytes);
	} else {
		gw_answer(call, 200, a->type, a->data, a->bytes);
	}
}

void
gw_page_shell(struct gw_call *call)
{
	const struct gw_web_asset *shell = find("", "index.html");

	if (shell)
		serve(call, shell);
	else
		gw_answer(call, 200, "text/html; charset=utf-8", bare, sizeof(bare) - 1);
}

void
gw_page_asset(struct gw_call *call)
{
	const struct gw_web_asset *a = find("assets/", call->params[0]);

	if (a)
		serve(call, a);
	else
		gw_answer_error(call, 404, "there is no such file");
}
