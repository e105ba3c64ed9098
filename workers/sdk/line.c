/* Event lines: see line.h. */
#include "line.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void
add(struct nova_line *l, const char *text, size_t bytes)
{
	/* Room for "}\n" is kept to the end. */
	if (l->error || bytes > sizeof(l->text) - 2 - l->bytes) {
		if (!l->error)
			l->error = -EMSGSIZE;
		return;
	}
	memcpy(l->text + l->bytes, text, bytes);
	l->bytes += bytes;
}

/* Length of the UTF-8 sequence at s (RFC 3629), 0 if there is none. */
static size_t
utf8_len(const unsigned char *s, size_t bytes)
{
	static const struct {
		unsigned char first_min, first_max, second_min, second_max, len;
	} forms[] = {
		{0x00, 0x7f, 0, 0, 1},
		{0xc2, 0xdf, 0x80, 0xbf, 2},
		{0xe0, 0xe0, 0xa0, 0xbf, 3},
		{0xe1, 0xec, 0x80, 0xbf, 3},
		{0xed, 0xed, 0x80, 0x9f, 3},
		{0xee, 0xef, 0x80, 0xbf, 3},
		{0xf0, 0xf0, 0x90, 0xbf, 4},
		{0xf1, 0xf3, 0x80, 0xbf, 4},
		{0xf4, 0xf4, 0x80, 0x8f, 4},
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (s[0] < forms[i].first_min || s[0] > forms[i].first_max)
			continue;
		size_t len = forms[i].len;

		if (len > bytes)
			return 0;
		if (len > 1 && (s[1] < forms[i].second_min || s[1] > forms[i].second_max))
			return 0;
		for (size_t k = 2; k < len; k++) {
			if ((s[k] & 0xc0) != 0x80)
				return 0;
		}
		return len;
	}
	return 0;
}

static void
add_string(struct nova_line *l, const char *value, bool strict)
{
	size_t left = strlen(value);

	add(l, "\"", 1);
	while (left > 0) {
		unsigned char c = (unsigned char)*value;
		size_t len = utf8_len((const unsigned char *)value, left);
		char escaped[8];

		if (len == 0) {
			if (strict && !l->error)
				l->error = -EILSEQ;
			add(l, "\\ufffd", 6);
			len = 1;
		} else if (c == '"' || c == '\\') {
			escaped[0] = '\\';
			escaped[1] = (char)c;
			add(l, escaped, 2);
		} else if (c < 0x20 || c == 0x7f) {
			(void)snprintf(escaped, sizeof(escaped), "\\u%04x", c);
			add(l, escaped, 6);
		} else {
			add(l, value, len);
		}
		value += len;
		left -= len;
	}
	add(l, "\"", 1);
}

static void
add_key(struct nova_line *l, const char *key)
{
	add(l, ",\"", 2);
	add(l, key, strlen(key));
	add(l, "\":", 2);
}

void
nova_line_begin(struct nova_line *l, const char *event)
{
	l->bytes = 0;
	l->error = 0;
	add(l, "{\"event\":", 9);
	add_string(l, event, true);
}

void
nova_line_name(struct nova_line *l, const char *key, const char *value)
{
	if (value) {
		add_key(l, key);
		add_string(l, value, true);
	}
}

void
nova_line_note(struct nova_line *l, const char *key, const char *value)
{
	if (value) {
		add_key(l, key);
		add_string(l, value, false);
	}
}

void
nova_line_raw(struct nova_line *l, const char *key, const char *value)
{
	add_key(l, key);
	add(l, value, strlen(value));
}

void
nova_line_int(struct nova_line *l, const char *key, int64_t value)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRId64, value);
	nova_line_raw(l, key, text);
}

void
nova_line_options(struct nova_line *l, const struct nova_event_options *o)
{
	if (!o)
		return;
	size_t id_bytes = o->id ? strlen(o->id) : 0;

	if (!l->error && ((o->id && (id_bytes == 0 || id_bytes > NOVA_ID_BYTES_MAX)) ||
				 (o->ack && !o->id)))
		l->error = -EINVAL;
	nova_line_name(l, "id", o->id);
	nova_line_name(l, "at", o->at);
	if (o->ack)
		nova_line_raw(l, "ack", "true");
	nova_line_name(l, "currency", o->currency);
	nova_line_name(l, "category", o->category);
	nova_line_name(l, "vendor", o->vendor);
	nova_line_name(l, "source", o->source);
	nova_line_name(l, "external_id", o->external_id);
	nova_line_name(l, "agent", o->agent);
	nova_line_name(l, "variant", o->variant);
	nova_line_name(l, "operation", o->operation);
	nova_line_name(l, "reservation", o->reservation);
	nova_line_name(l, "of", o->of);
	nova_line_name(l, "fee", o->fee);
	nova_line_name(l, "status", o->status);
	nova_line_name(l, "run", o->run);
	nova_line_note(l, "note", o->note);
}

int
nova_line_end(struct nova_line *l)
{
	if (l->error)
		return l->error;
	memcpy(l->text + l->bytes, "}\n", 2);
	l->bytes += 2;
	return 0;
}
