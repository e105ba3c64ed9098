/* What the senders have in common: reading a request, and saying no. */
#include "gateway.h"
#include "nv_clock.h"
#include "nv_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *
only(const struct gw_request *r, const char *name)
{
	return name && gw_header_count(r, name) == 1 ? gw_header(r, name) : NULL;
}

struct gw_signed
gw_signed(const struct gw_call *call, const char *signature, const char *timestamp)
{
	const struct gw_request *r = call->request;

	return (struct gw_signed){.signature = only(r, signature),
		.timestamp = only(r, timestamp),
		.body = r->body,
		.body_bytes = r->body_bytes,
		.now_s = nv_wall_ns() / NV_NS_PER_SEC};
}

bool
gw_genuine(struct gw *gw, struct gw_call *call, enum gw_source source,
	enum gw_verdict verdict, int status, const char *secret)
{
	struct gw_figures *f = &gw->figures[source];
	char text[200];

	/* A repeating line is counted: 1, 2, 4, 8 ... */
	uint64_t n = ++f->verdicts[verdict];

	if (verdict == GW_GENUINE)
		return true;
	if (verdict == GW_NO_SECRET) {
		(void)snprintf(
			text, sizeof(text), "no secret: put it into secrets/%s", secret);
		if ((n & (n - 1)) == 0)
			nv_warn("%s: %s", gw_source_name(source), text);
		gw_hook_later(gw, call, source, "not set up yet");
		return false;
	}
	if ((n & (n - 1)) == 0)
		nv_warn("%s: a webhook from %s is refused: %s (%llu so far)",
			gw_source_name(source), call->peer, gw_verdict_name(verdict),
			(unsigned long long)n);
	(void)snprintf(text, sizeof(text), "signature: %s", gw_verdict_name(verdict));
	gw_answer_error(call, status, text);
	return false;
}

char *
gw_form_value(const char *form, const char *name)
{
	size_t name_bytes = strlen(name);

	while (*form) {
		size_t bytes = strcspn(form, "&");

		if (bytes > name_bytes && form[name_bytes] == '=' &&
			memcmp(form, name, name_bytes) == 0) {
			char *value =
				strndup(form + name_bytes + 1, bytes - name_bytes - 1);

			if (value && gw_unescape(value, true) < 0) {
				free(value);
				return NULL;
			}
			return value;
		}
		form += bytes + (form[bytes] == '&');
	}
	return NULL;
}
