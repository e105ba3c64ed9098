/* What a record of schema 1 says in its line only: the external id of a sale. The line
 * was valid JSON when it was stored (the engine's scanner saw to that); what is not read
 * here is simply not known. */
#include "schema.h"

#include <string.h>

struct at {
	const char *p;
	const char *end;
};

static void
skip_space(struct at *a)
{
	while (a->p < a->end && (*a->p == ' ' || *a->p == '\t'))
		a->p++;
}

/* Behind the closing quote, with what stands between; false at the end of the line. */
static bool
take_string(struct at *a, const char **ret, size_t *ret_bytes)
{
	const char *from = ++a->p;

	for (; a->p < a->end && *a->p != '"'; a->p++) {
		if (*a->p == '\\')
			a->p++;
	}
	if (a->p >= a->end)
		return false;
	*ret = from;
	*ret_bytes = (size_t)(a->p++ - from);
	return true;
}

/* Past a value: to the comma or the bracket that ends it. */
static bool
skip_value(struct at *a)
{
	const char *text;
	size_t bytes;
	unsigned depth = 0;

	while (a->p < a->end) {
		char c = *a->p;

		if (depth == 0 && (c == ',' || c == '}'))
			return true;
		if (c == '"') {
			if (!take_string(a, &text, &bytes))
				return false;
			continue;
		}
		if (c == '{' || c == '[')
			depth++;
		if (c == '}' || c == ']')
			depth--;
		a->p++;
	}
	return false;
}

void
led_line_external(struct led_event *ev)
{
	static const char key[] = "external_id";
	struct at a = {ev->line, ev->line ? ev->line + ev->line_bytes : ev->line};
	const char *text;
	size_t bytes;

	skip_space(&a);
	if (a.p >= a.end || *a.p != '{')
		return;
	do {
		a.p++;
		skip_space(&a);
		if (a.p >= a.end || *a.p != '"' || !take_string(&a, &text, &bytes))
			return;
		bool found = bytes == sizeof(key) - 1 && memcmp(text, key, bytes) == 0;

		skip_space(&a);
		if (a.p >= a.end || *a.p++ != ':')
			return;
		skip_space(&a);
		if (found && a.p < a.end && *a.p == '"' &&
			take_string(&a, &text, &bytes)) {
			/* One with escapes would have to be unescaped: no platform has
			 * such ids. */
			if (bytes > 0 && bytes <= LED_ID_MAX &&
				!memchr(text, '\\', bytes)) {
				ev->external = text;
				ev->external_bytes = bytes;
			}
			return;
		}
		if (!skip_value(&a))
			return;
	} while (a.p < a.end && *a.p == ',');
}
