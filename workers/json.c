/* A strict reader of one JSON object: see json.h. */
#include "json.h"
#include "nv_buf.h"

#include <errno.h>
#include <string.h>

#define KEY_BYTES 128

struct reader {
	const char *start;
	const char *at;
	const char *end;
	struct nv_err *err;
};

static int
refuse(struct reader *r, const char *what)
{
	if (r->err) {
		r->err->line = 1;
		r->err->column = (unsigned)(r->at - r->start) + 1;
	}
	return nv_err_set(r->err, -EINVAL, "%s", what);
}

static void
skip_space(struct reader *r)
{
	while (r->at < r->end &&
		(*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r'))
		r->at++;
}

static bool
take_word(struct reader *r, const char *word)
{
	size_t bytes = strlen(word);

	if ((size_t)(r->end - r->at) < bytes || memcmp(r->at, word, bytes) != 0)
		return false;
	r->at += bytes;
	return true;
}

/* Four hexadecimal digits, or -1. */
static int
hex4(const char *at, const char *end)
{
	int value = 0;

	if (end - at < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		char c = at[i];

		if (c >= '0' && c <= '9')
			value = value * 16 + (c - '0');
		else if (c >= 'a' && c <= 'f')
			value = value * 16 + (c - 'a' + 10);
		else if (c >= 'A' && c <= 'F')
			value = value * 16 + (c - 'A' + 10);
		else
			return -1;
	}
	return value;
}

/* The escape at *at, just behind the backslash: its code point, or -1. */
static int
take_escape(const char **at, const char *end)
{
	static const char names[] = "\"\\/bfnrt";
	static const char meant[] = "\"\\/\b\f\n\r\t";

	if (*at == end)
		return -1;
	char c = *(*at)++;

	if (c != 'u') {
		const char *found = c ? strchr(names, c) : NULL;

		return found ? meant[found - names] : -1;
	}
	int high = hex4(*at, end);

	if (high < 0)
		return -1;
	*at += 4;
	if (high < 0xd800 || high > 0xdfff)
		return high;
	if (high > 0xdbff || end - *at < 6 || (*at)[0] != '\\' || (*at)[1] != 'u')
		return -1;
	int low = hex4(*at + 2, end);

	if (low < 0xdc00 || low > 0xdfff)
		return -1;
	*at += 6;
	return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

static int
skip_string(struct reader *r)
{
	if (r->at == r->end || *r->at != '"')
		return refuse(r, "expected a string in double quotes");
	r->at++;
	while (r->at < r->end && *r->at != '"') {
		if ((unsigned char)*r->at < 0x20)
			return refuse(r, "a control character inside a string");
		if (*r->at == '\\') {
			const char *at = r->at + 1;

			if (take_escape(&at, r->end) < 0)
				return refuse(
					r, "a backslash that starts no JSON escape");
			r->at = at;
			continue;
		}
		size_t bytes = nv_utf8_len(r->at, (size_t)(r->end - r->at));

		if (bytes == 0)
			return refuse(r, "bytes that are not UTF-8");
		r->at += bytes;
	}
	if (r->at == r->end)
		return refuse(r, "a string without its closing quote");
	r->at++;
	return 0;
}

static size_t
skip_digits(struct reader *r)
{
	const char *from = r->at;

	while (r->at < r->end && *r->at >= '0' && *r->at <= '9')
		r->at++;
	return (size_t)(r->at - from);
}

static int
skip_number(struct reader *r)
{
	if (r->at < r->end && *r->at == '-')
		r->at++;
	bool zero = r->at < r->end && *r->at == '0';
	size_t digits = skip_digits(r);

	if (digits == 0 || (zero && digits > 1))
		return refuse(r, "expected a JSON value");
	if (r->at < r->end && *r->at == '.') {
		r->at++;
		if (skip_digits(r) == 0)
			return refuse(r, "expected digits behind the decimal point");
	}
	if (r->at < r->end && (*r->at == 'e' || *r->at == 'E')) {
		r->at++;
		if (r->at < r->end && (*r->at == '+' || *r->at == '-'))
			r->at++;
		if (skip_digits(r) == 0)
			return refuse(r, "expected digits in the exponent");
	}
	return 0;
}

static int skip_value(struct reader *r, int depth, struct rn_json_value *ret);

/* The inside of an array, behind its opening bracket. */
static int
skip_array(struct reader *r, int depth)
{
	struct rn_json_value value;

	skip_space(r);
	if (take_word(r, "]"))
		return 0;
	for (;;) {
		int rc = skip_value(r, depth, &value);

		if (rc < 0)
			return rc;
		skip_space(r);
		if (take_word(r, "]"))
			return 0;
		if (!take_word(r, ","))
			return refuse(r, "expected a comma or the end of the array");
	}
}

/* The inside of an object, behind its opening brace. fn may be NULL. */
static int
walk_object(struct reader *r, int depth, rn_json_member_fn *fn, void *arg)
{
	skip_space(r);
	if (take_word(r, "}"))
		return 0;
	for (;;) {
		struct rn_json_value name = {.type = RN_JSON_STRING};
		struct rn_json_value value;
		char key[KEY_BYTES];

		skip_space(r);
		name.text = r->at;
		int rc = skip_string(r);

		if (rc < 0)
			return rc;
		name.bytes = (size_t)(r->at - name.text);
		skip_space(r);
		if (!take_word(r, ":"))
			return refuse(r, "expected a colon behind the name");
		rc = skip_value(r, depth, &value);
		if (rc == 0 && fn && rn_json_string(&name, key, sizeof(key)) == 0)
			rc = fn(arg, key, &value, r->err);
		if (rc < 0)
			return rc;
		skip_space(r);
		if (take_word(r, "}"))
			return 0;
		if (!take_word(r, ","))
			return refuse(r, "expected a comma or the end of the object");
	}
}

static int
skip_value(struct reader *r, int depth, struct rn_json_value *ret)
{
	int rc = 0;

	skip_space(r);
	ret->text = r->at;
	if (depth <= 0)
		return refuse(r, "nested too deeply");
	if (r->at < r->end && *r->at == '"') {
		ret->type = RN_JSON_STRING;
		rc = skip_string(r);
	} else if (take_word(r, "{")) {
		ret->type = RN_JSON_OBJECT;
		rc = walk_object(r, depth - 1, NULL, NULL);
	} else if (take_word(r, "[")) {
		ret->type = RN_JSON_ARRAY;
		rc = skip_array(r, depth - 1);
	} else if (take_word(r, "true") || take_word(r, "false")) {
		ret->type = RN_JSON_BOOL;
	} else if (take_word(r, "null")) {
		ret->type = RN_JSON_NULL;
	} else if (take_word(r, "NaN") || take_word(r, "Infinity") ||
		   take_word(r, "-Infinity")) {
		ret->type = RN_JSON_NONFINITE;
	} else {
		ret->type = RN_JSON_NUMBER;
		rc = skip_number(r);
	}
	ret->bytes = (size_t)(r->at - ret->text);
	return rc;
}

int
rn_json_object(const char *text, size_t bytes, rn_json_member_fn *fn, void *arg,
	struct nv_err *err)
{
	struct reader r = {.start = text, .at = text, .end = text + bytes, .err = err};

	skip_space(&r);
	if (!take_word(&r, "{"))
		return refuse(&r, "expected a JSON object");
	int rc = walk_object(&r, RN_JSON_DEPTH_MAX, fn, arg);

	if (rc < 0)
		return rc;
	skip_space(&r);
	return r.at == r.end ? 0 : refuse(&r, "expected nothing behind the object");
}

static size_t
utf8_encode(int code, char out[4])
{
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xc0 | (code >> 6));
		out[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (char)(0xe0 | (code >> 12));
		out[1] = (char)(0x80 | ((code >> 6) & 0x3f));
		out[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | (code >> 18));
	out[1] = (char)(0x80 | ((code >> 12) & 0x3f));
	out[2] = (char)(0x80 | ((code >> 6) & 0x3f));
	out[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}

int
rn_json_string(const struct rn_json_value *value, char *buf, size_t buf_bytes)
{
	if (value->type != RN_JSON_STRING || !value->text || value->bytes < 2)
		return -EINVAL;
	const char *at = value->text + 1;
	const char *end = value->text + value->bytes - 1;
	size_t used = 0;

	while (at < end) {
		char piece[4] = {*at};
		size_t bytes = 1;

		if (*at++ == '\\') {
			int code = take_escape(&at, end);

			if (code < 0)
				return -EINVAL;
			if (code == 0)
				return -EILSEQ;
			bytes = utf8_encode(code, piece);
		}
		if (used + bytes >= buf_bytes)
			return -EMSGSIZE;
		memcpy(buf + used, piece, bytes);
		used += bytes;
	}
	if (buf_bytes == 0)
		return -EMSGSIZE;
	buf[used] = '\0';
	return 0;
}
