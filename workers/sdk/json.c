/* The members of a control line: see line.h. The engine writes them; they are JSON, but
 * this reader must survive whatever else arrives. */
#include "line.h"

#include <errno.h>
#include <string.h>

static const char *
skip_space(const char *at)
{
	return at + strspn(at, " \t\r\n");
}

/* Behind the string that starts at *at, or NULL. */
static const char *
skip_string(const char *at)
{
	if (*at != '"')
		return NULL;
	for (at++; *at && *at != '"'; at++) {
		if (*at == '\\' && *++at == '\0')
			return NULL;
	}
	return *at ? at + 1 : NULL;
}

/* Behind the value that starts at *at, or NULL. Brackets are counted, not matched by
 * kind: where a value ends is all that is asked. */
static const char *
skip_value(const char *at)
{
	size_t depth = 0;

	do {
		at = skip_space(at);
		if (*at == '\0')
			return NULL;
		if (*at == '"') {
			at = skip_string(at);
			if (!at)
				return NULL;
		} else if (*at == '{' || *at == '[') {
			depth++;
			at++;
		} else if (*at == '}' || *at == ']') {
			if (depth == 0)
				return NULL;
			depth--;
			at++;
		} else if (depth > 0 && (*at == ',' || *at == ':')) {
			at++;
		} else {
			size_t n = strcspn(at, " \t\r\n,:{}[]\"");

			if (n == 0)
				return NULL;
			at += n;
		}
	} while (depth > 0);
	return at;
}

const char *
nova_json_member(const char *line, const char *key, size_t *ret_bytes)
{
	const char *at = skip_space(line);
	size_t key_bytes = strlen(key);

	if (*at != '{')
		return NULL;
	do {
		const char *name = skip_space(at + 1);
		const char *name_end = skip_string(name);

		if (!name_end)
			return NULL;
		at = skip_space(name_end);
		if (*at != ':')
			return NULL;
		const char *value = skip_space(at + 1);
		const char *end = skip_value(value);

		if (!end)
			return NULL;
		if ((size_t)(name_end - name) == key_bytes + 2 &&
			memcmp(name + 1, key, key_bytes) == 0) {
			*ret_bytes = (size_t)(end - value);
			return value;
		}
		at = skip_space(end);
	} while (*at == ',');
	return NULL;
}

/* Four hexadecimal digits, or -1. Stops at the end of the text by itself. */
static long
hex4(const char *at)
{
	long value = 0;

	for (int i = 0; i < 4; i++) {
		static const char digits[] = "0123456789abcdefABCDEF";
		const char *found = at[i] ? strchr(digits, at[i]) : NULL;

		if (!found)
			return -1;
		long digit = found - digits;

		value = value * 16 + (digit > 15 ? digit - 6 : digit);
	}
	return value;
}

static size_t
utf8_put(long code, char out[4])
{
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	size_t len = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
	static const int lead[] = {0, 0, 0xc0, 0xe0, 0xf0};

	for (size_t i = len - 1; i > 0; i--) {
		out[i] = (char)(0x80 | (code & 0x3f));
		code >>= 6;
	}
	out[0] = (char)(lead[len] | code);
	return len;
}

/* The escape behind a backslash at *at; its code point or -1. */
static long
take_escape(const char **at)
{
	static const char names[] = "\"\\/bfnrt";
	static const char meant[] = "\"\\/\b\f\n\r\t";
	char c = *(*at)++;

	if (c != 'u') {
		const char *found = c ? strchr(names, c) : NULL;

		return found ? meant[found - names] : -1;
	}
	long code = hex4(*at);

	if (code <= 0)
		return -1;
	*at += 4;
	if (code < 0xd800 || code > 0xdfff)
		return code;
	if (code > 0xdbff || (*at)[0] != '\\' || (*at)[1] != 'u')
		return -1;
	long low = hex4(*at + 2);

	if (low < 0xdc00 || low > 0xdfff)
		return -1;
	*at += 6;
	return 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
}

int
nova_json_string(const char *raw, size_t raw_bytes, char *buf, size_t buf_bytes)
{
	if (raw_bytes < 2 || raw[0] != '"' || raw[raw_bytes - 1] != '"')
		return -EINVAL;
	const char *at = raw + 1;
	const char *end = raw + raw_bytes - 1;
	size_t used = 0;

	while (at < end) {
		char piece[4] = {*at};
		size_t len = 1;

		if (*at++ == '\\') {
			long code = take_escape(&at);

			if (code < 0)
				return -EINVAL;
			len = utf8_put(code, piece);
		}
		if (used + len >= buf_bytes)
			return -EMSGSIZE;
		memcpy(buf + used, piece, len);
		used += len;
	}
	buf[used] = '\0';
	return 0;
}
