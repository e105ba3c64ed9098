/* The grammar: one line of JSON, its known fields noted; see scan.h. */
#include "scan_private.h"

#include "nv_buf.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The shortest member is "":0 with its comma. */
#define KEYS_MAX (ENG_LINE_BYTES_MAX / 5 + 1)

_Static_assert(ENG_F_COUNT <= 64, "eng_line.have has a bit for each field");

struct key {
	struct eng_text text;
	uint32_t hash;
};

struct scan {
	const char *p;
	const char *start;
	const char *end;
	char *scratch;
	struct eng_line *line;
	struct eng_refusal *why;
	uint64_t seen; /* known keys of the line's own object, null or not */
	unsigned n_keys;
	uint8_t kind[ENG_F_COUNT];
	struct key keys[KEYS_MAX]; /* unknown and nested keys of the open objects */
};

static int
fail_at(struct scan *s, enum eng_reject reject, const char *at)
{
	if (at >= s->end && reject != ENG_R_NUMBER_RANGE)
		reject = ENG_R_CUT_OFF;
	*s->why = (struct eng_refusal){reject, (uint32_t)(at - s->start) + 1, -1};
	return -EINVAL;
}

/* An unexpected byte: say what it is when that explains more than "unexpected". */
static int
fail_byte(struct scan *s, enum eng_reject reject)
{
	if (s->p < s->end && *s->p == '\0')
		reject = ENG_R_NUL;
	return fail_at(s, reject, s->p);
}

static inline void
skip_space(struct scan *s)
{
	while (s->p < s->end &&
		(*s->p == ' ' || *s->p == '\t' || *s->p == '\r' || *s->p == '\n'))
		s->p++;
}

/* ---- strings ---- */

#define BYTES(c) (UINT64_C(0x0101010101010101) * (uint8_t)(c))

/* The first byte from p on that a string cannot take as it is: a quote, a
 * backslash, a control character or a byte outside ASCII. */
static inline const char *
plain_end(const char *p, const char *end)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	/* Eight at a time. Each term sets the top bit of a byte that matches; a borrow
	 * can only set a bit above a true match, so the lowest one is exact. */
	while (end - p >= 8) {
		uint64_t x;

		memcpy(&x, p, sizeof(x));
		uint64_t quote = x ^ BYTES('"');
		uint64_t slash = x ^ BYTES('\\');
		uint64_t hit = ((quote - BYTES(1)) & ~quote) |
			       ((slash - BYTES(1)) & ~slash) | ((x - BYTES(0x20)) & ~x) |
			       x;

		hit &= BYTES(0x80);
		if (hit)
			return p + (__builtin_ctzll(hit) >> 3);
		p += 8;
	}
#endif
	while (p < end && *p != '"' && *p != '\\' && (uint8_t)*p >= 0x20 &&
		(uint8_t)*p < 0x80)
		p++;
	return p;
}

static int
hex4(const char *p, const char *end, uint32_t *ret)
{
	uint32_t v = 0;

	if (end - p < 4)
		return -EINVAL;
	for (int i = 0; i < 4; i++) {
		char c = p[i];
		uint32_t digit;

		if (c >= '0' && c <= '9')
			digit = (uint32_t)(c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			digit = (uint32_t)((c | 0x20) - 'a' + 10);
		else
			return -EINVAL;
		v = v << 4 | digit;
	}
	*ret = v;
	return 0;
}

static char *
put_utf8(char *out, uint32_t cp)
{
	if (cp < 0x80) {
		*out++ = (char)cp;
	} else if (cp < 0x800) {
		*out++ = (char)(0xc0 | cp >> 6);
		*out++ = (char)(0x80 | (cp & 0x3f));
	} else if (cp < 0x10000) {
		*out++ = (char)(0xe0 | cp >> 12);
		*out++ = (char)(0x80 | (cp >> 6 & 0x3f));
		*out++ = (char)(0x80 | (cp & 0x3f));
	} else {
		*out++ = (char)(0xf0 | cp >> 18);
		*out++ = (char)(0x80 | (cp >> 12 & 0x3f));
		*out++ = (char)(0x80 | (cp >> 6 & 0x3f));
		*out++ = (char)(0x80 | (cp & 0x3f));
	}
	return out;
}

/* At the `u` of \uXXXX; leaves s->p behind the last digit. */
static int
scan_unicode(struct scan *s, char **out)
{
	const char *escape = s->p - 1;
	uint32_t cp;
	uint32_t low;

	if (hex4(s->p + 1, s->end, &cp) != 0)
		return fail_at(s, ENG_R_ESCAPE, escape);
	s->p += 5;
	if (cp == 0)
		return fail_at(s, ENG_R_ESCAPED_NUL, escape);
	if (cp >= 0xdc00 && cp <= 0xdfff)
		return fail_at(s, ENG_R_SURROGATE, escape);
	if (cp >= 0xd800 && cp <= 0xdbff) {
		if (s->end - s->p < 6 || s->p[0] != '\\' || s->p[1] != 'u' ||
			hex4(s->p + 2, s->end, &low) != 0 || low < 0xdc00 || low > 0xdfff)
			return fail_at(s, ENG_R_SURROGATE, escape);
		s->p += 6;
		cp = 0x10000 + ((cp - 0xd800) << 10) + (low - 0xdc00);
	}
	*out = put_utf8(*out, cp);
	return 0;
}

/* At the backslash. */
static int
scan_escape(struct scan *s, char **out)
{
	static const char from[] = "\"\\/bfnrt";
	static const char to[] = "\"\\/\b\f\n\r\t";

	if (++s->p >= s->end)
		return fail_at(s, ENG_R_CUT_OFF, s->end);
	if (*s->p == 'u')
		return scan_unicode(s, out);
	const char *hit = *s->p ? strchr(from, *s->p) : NULL;

	if (!hit)
		return fail_at(s, ENG_R_ESCAPE, s->p - 1);
	*(*out)++ = to[hit - from];
	s->p++;
	return 0;
}

/* The rest of a string that is not plain ASCII. first is its first byte, s->p the
 * first byte that is not plain. Without escapes the text is borrowed from the line. */
static __attribute__((noinline)) int
scan_string_slow(struct scan *s, const char *first, struct eng_text *ret)
{
	char *out = NULL;           /* in scratch, once there was an escape */
	const char *copied = first; /* everything before it is in scratch */

	for (;;) {
		if (s->p >= s->end)
			return fail_at(s, ENG_R_CUT_OFF, s->end);
		if (*s->p == '"' || *s->p == '\\') {
			if (*s->p == '\\' || out) {
				if (!out)
					out = s->scratch;
				memcpy(out, copied, (size_t)(s->p - copied));
				out += s->p - copied;
			}
			if (*s->p == '"')
				break;
			int rc = scan_escape(s, &out);

			if (rc)
				return rc;
			copied = s->p;
		} else if ((uint8_t)*s->p < 0x20) {
			return fail_byte(s, ENG_R_CONTROL);
		} else {
			size_t n = nv_utf8_len(s->p, (size_t)(s->end - s->p));

			if (n == 0)
				return fail_byte(s, ENG_R_UTF8);
			s->p += n;
		}
		s->p = plain_end(s->p, s->end);
	}
	if (out) {
		*ret = (struct eng_text){s->scratch, (uint32_t)(out - s->scratch)};
		s->scratch = out;
	} else {
		*ret = (struct eng_text){first, (uint32_t)(s->p - first)};
	}
	s->p++;
	return 0;
}

/* At the opening quote. */
static inline int
scan_string(struct scan *s, struct eng_text *ret)
{
	const char *first = ++s->p;

	s->p = plain_end(first, s->end);
	if (s->p < s->end && *s->p == '"') {
		*ret = (struct eng_text){first, (uint32_t)(s->p - first)};
		s->p++;
		return 0;
	}
	return scan_string_slow(s, first, ret);
}

/* ---- numbers ---- */

static inline bool
is_digit(const struct scan *s)
{
	return s->p < s->end && *s->p >= '0' && *s->p <= '9';
}

static inline bool
skip_digits(struct scan *s)
{
	if (!is_digit(s))
		return false;
	do
		s->p++;
	while (is_digit(s));
	return true;
}

/* Other readers turn numbers into doubles: what overflows one is refused. */
static __attribute__((noinline)) int
check_range(struct scan *s, const struct eng_text *number)
{
	char copy[ENG_LINE_BYTES_MAX + 1];

	memcpy(copy, number->at, number->bytes);
	copy[number->bytes] = '\0';
	if (isinf(strtod(copy, NULL)))
		return fail_at(s, ENG_R_NUMBER_RANGE, number->at);
	return 0;
}

static int
scan_number(struct scan *s, struct eng_text *ret)
{
	const char *first = s->p;
	bool exponent = false;

	if (*s->p == '-')
		s->p++;
	if (s->p < s->end && *s->p == '0')
		s->p++;
	else if (!skip_digits(s))
		return fail_byte(s, ENG_R_NUMBER);
	if (s->p < s->end && *s->p == '.') {
		s->p++;
		if (!skip_digits(s))
			return fail_byte(s, ENG_R_NUMBER);
	}
	if (s->p < s->end && (*s->p == 'e' || *s->p == 'E')) {
		exponent = true;
		s->p++;
		if (s->p < s->end && (*s->p == '+' || *s->p == '-'))
			s->p++;
		if (!skip_digits(s))
			return fail_byte(s, ENG_R_NUMBER);
	}
	*ret = (struct eng_text){first, (uint32_t)(s->p - first)};
	if (exponent || ret->bytes > 300)
		return check_range(s, ret);
	return 0;
}

/* ---- values, arrays, objects ---- */

static int
scan_word(struct scan *s, const char *word, size_t bytes)
{
	if ((size_t)(s->end - s->p) < bytes &&
		memcmp(s->p, word, (size_t)(s->end - s->p)) == 0)
		return fail_at(s, ENG_R_CUT_OFF, s->end);
	if ((size_t)(s->end - s->p) < bytes || memcmp(s->p, word, bytes) != 0)
		return fail_byte(s, ENG_R_SYNTAX);
	s->p += bytes;
	return 0;
}

static int scan_members(struct scan *s, unsigned depth);
static int scan_array(struct scan *s, unsigned depth);

static inline int
scan_value(struct scan *s, unsigned depth, uint8_t *ret_kind, struct eng_text *ret)
{
	if (s->p >= s->end)
		return fail_at(s, ENG_R_CUT_OFF, s->end);
	switch (*s->p) {
	case '"':
		*ret_kind = V_STRING;
		return scan_string(s, ret);
	case 't':
		*ret_kind = V_TRUE;
		return scan_word(s, "true", 4);
	case 'f':
		*ret_kind = V_FALSE;
		return scan_word(s, "false", 5);
	case 'n':
		*ret_kind = V_NULL;
		return scan_word(s, "null", 4);
	case '{':
	case '[':
		*ret_kind = V_NESTED;
		if (depth >= ENG_SCAN_DEPTH_MAX)
			return fail_at(s, ENG_R_DEPTH, s->p);
		return *s->p == '{' ? scan_members(s, depth + 1)
				    : scan_array(s, depth + 1);
	case '-':
	case '0' ... '9':
		*ret_kind = V_NUMBER;
		return scan_number(s, ret);
	default:
		return fail_byte(s, ENG_R_SYNTAX);
	}
}

/* After a value: 1 another follows, 0 the end, negative refused. */
static inline int
scan_next(struct scan *s, char close)
{
	skip_space(s);
	if (s->p < s->end && *s->p == ',') {
		s->p++;
		skip_space(s);
		return 1;
	}
	if (s->p < s->end && *s->p == close) {
		s->p++;
		return 0;
	}
	return fail_byte(s, ENG_R_SYNTAX);
}

/* At the bracket. */
static int
scan_array(struct scan *s, unsigned depth)
{
	struct eng_text ignored;
	uint8_t kind;
	int rc;

	s->p++;
	skip_space(s);
	if (s->p < s->end && *s->p == ']') {
		s->p++;
		return 0;
	}
	do {
		rc = scan_value(s, depth, &kind, &ignored);
		if (rc == 0)
			rc = scan_next(s, ']');
	} while (rc == 1);
	return rc;
}

static const struct {
	const char *name;
	uint32_t bytes;
} field_names[] = {
#define X(name, text, type) {text, sizeof(text) - 1},
	ENG_FIELDS(X)
#undef X
};

/* Which known field a key is; ENG_F_COUNT for none. Lengths tell nearly all apart. */
static inline enum eng_field
field_find(struct eng_text key)
{
#define IS(field, text) \
	if (memcmp(key.at, text, sizeof(text) - 1) == 0) \
	return ENG_F_##field
	switch (key.bytes) {
	case 2:
		IS(ID, "id");
		IS(AT, "at");
		IS(OK, "ok");
		IS(OF, "of");
		break;
	case 3:
		IS(ACK, "ack");
		IS(RUN, "run");
		IS(FEE, "fee");
		break;
	case 4:
		IS(NOTE, "note");
		IS(NAME, "name");
		IS(TYPE, "type");
		break;
	case 5:
		IS(EVENT, "event");
		IS(PLAIN_MODEL, "model");
		IS(VALUE, "value");
		IS(ERROR, "error");
		IS(AGENT, "agent");
		IS(TOTAL, "total");
		break;
	case 6:
		IS(AMOUNT, "amount");
		IS(SOURCE, "source");
		IS(VENDOR, "vendor");
		IS(STATUS, "status");
		IS(RUN_AT, "run_at");
		break;
	case 7:
		IS(VARIANT, "variant");
		IS(EXPIRES, "expires");
		break;
	case 8:
		IS(PROGRESS, "progress");
		IS(FROM, "provider");
		IS(CURRENCY, "currency");
		IS(CATEGORY, "category");
		break;
	case 9:
		IS(OPERATION, "operation");
		IS(TO_AMOUNT, "to_amount");
		break;
	case 11:
		IS(TO_CURRENCY, "to_currency");
		IS(RESERVATION, "reservation");
		IS(EXTERNAL_ID, "external_id");
		IS(DURATION, "duration_ms");
		break;
	default:
		for (int f = ENG_F_PROVIDER; key.bytes >= 12 && f < ENG_F_COUNT; f++)
			if (field_names[f].bytes == key.bytes &&
				memcmp(key.at, field_names[f].name, key.bytes) == 0)
				return (enum eng_field)f;
	}
#undef IS
	return ENG_F_COUNT;
}

/* Remember a key of the open object (they start at `base`); refuse a repeated one. */
static int
key_push(struct scan *s, unsigned base, struct eng_text text, const char *at)
{
	uint32_t hash = 2166136261u;

	for (uint32_t i = 0; i < text.bytes; i++)
		hash = (hash ^ (uint8_t)text.at[i]) * 16777619u;
	for (unsigned i = base; i < s->n_keys; i++) {
		const struct key *k = &s->keys[i];

		if (k->hash == hash && k->text.bytes == text.bytes &&
			memcmp(k->text.at, text.at, text.bytes) == 0)
			return fail_at(s, ENG_R_DUPLICATE, at);
	}
	NV_ASSERT(s->n_keys < KEYS_MAX);
	s->keys[s->n_keys++] = (struct key){text, hash};
	return 0;
}

/* At the key's quote of a member of the line's own object (depth 1) or a nested one. */
static inline int
scan_member(struct scan *s, unsigned depth, unsigned base)
{
	const char *at = s->p;
	struct eng_text key;
	struct eng_text value;
	uint8_t kind;

	if (s->p >= s->end || *s->p != '"')
		return fail_byte(s, ENG_R_SYNTAX);
	int rc = scan_string(s, &key);

	if (rc)
		return rc;
	skip_space(s);
	if (s->p >= s->end || *s->p != ':')
		return fail_byte(s, ENG_R_SYNTAX);
	s->p++;
	skip_space(s);

	enum eng_field field = depth == 1 ? field_find(key) : ENG_F_COUNT;

	if (field == ENG_F_COUNT) {
		rc = key_push(s, base, key, at);
		return rc ? rc : scan_value(s, depth, &kind, &value);
	}
	if (s->seen >> field & 1)
		return fail_at(s, ENG_R_DUPLICATE, at);
	s->seen |= UINT64_C(1) << field;
	const char *start = s->p;

	rc = scan_value(s, depth, &s->kind[field], &s->line->field[field]);
	if (rc == 0 && s->kind[field] == V_NESTED)
		s->line->field[field] =
			(struct eng_text){start, (uint32_t)(s->p - start)};
	if (rc == 0 && s->kind[field] != V_NULL)
		s->line->have |= UINT64_C(1) << field;
	return rc;
}

/* At the brace. */
static int
scan_members(struct scan *s, unsigned depth)
{
	unsigned base = s->n_keys;
	int rc;

	s->p++;
	skip_space(s);
	if (s->p < s->end && *s->p == '}') {
		s->p++;
		return 0;
	}
	do {
		rc = scan_member(s, depth, base);
		if (rc == 0)
			rc = scan_next(s, '}');
	} while (rc == 1);
	s->n_keys = base;
	return rc;
}

int
eng_scan(const char *line, size_t bytes, char scratch[ENG_LINE_BYTES_MAX],
	struct eng_line *ret, struct eng_refusal *why)
{
	struct scan s;

	if (bytes >= ENG_LINE_BYTES_MAX) {
		*why = (struct eng_refusal){ENG_R_TOO_LONG, 0, -1};
		return -EINVAL;
	}
	s.p = line;
	s.start = line;
	s.end = line + bytes;
	s.scratch = scratch;
	s.line = ret;
	s.why = why;
	s.seen = 0;
	s.n_keys = 0;
	ret->have = 0;
	ret->rounded = false;
	ret->ack = false;

	skip_space(&s);
	if (s.p == s.end) {
		*why = (struct eng_refusal){ENG_R_EMPTY, 0, -1};
		return -EINVAL;
	}
	if (*s.p != '{')
		return fail_byte(&s, ENG_R_NOT_OBJECT);
	int rc = scan_members(&s, 1);

	if (rc)
		return rc;
	skip_space(&s);
	if (s.p != s.end)
		return fail_byte(&s, ENG_R_TRAILING);
	return eng_scan_meaning(&(struct eng_found){ret, why, s.kind});
}
