#include "scan.h"

#include "nv_buf.h"
#include "nv_clock.h"
#include "nv_money.h"
#include "nv_name.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The shortest member is "":0 with its comma. */
#define KEYS_MAX (ENG_LINE_BYTES_MAX / 5 + 1)

_Static_assert(ENG_F_COUNT <= 32, "eng_line.have has a bit for each field");

enum value_kind { V_STRING, V_NUMBER, V_TRUE, V_FALSE, V_NULL, V_NESTED };
enum field_type { T_S, T_N, T_A, T_B };

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
	uint32_t seen; /* known keys of the line's own object, null or not */
	unsigned n_keys;
	uint8_t kind[ENG_F_COUNT];
	struct key keys[KEYS_MAX]; /* unknown and nested keys of the open objects */
};

static const struct {
	const char *text;
	uint32_t bytes;
} event_names[] = {
#define X(name, text) {text, sizeof(text) - 1},
	ENG_EVENTS(X)
#undef X
};

static const struct {
	const char *name;
	enum field_type type;
} fields[] = {
#define X(name, text, type) {text, T_##type},
	ENG_FIELDS(X)
#undef X
};

static const char *const reject_texts[] = {"",
#define X(name, text) text,
	ENG_REJECTS(X)
#undef X
};

const char *
eng_event_name(enum eng_event event)
{
	return event < ENG_EV_COUNT ? event_names[event].text : "unknown";
}

const char *
eng_reject_text(enum eng_reject reject)
{
	return reject < ENG_R_COUNT ? reject_texts[reject] : "unknown";
}

const char *
eng_refusal_text(const struct eng_refusal *why, char buf[ENG_REFUSAL_BYTES])
{
	if (why->field >= 0)
		(void)snprintf(buf, ENG_REFUSAL_BYTES, "%s %s", fields[why->field].name,
			eng_reject_text(why->reject));
	else if (why->column > 0)
		(void)snprintf(buf, ENG_REFUSAL_BYTES, "column %u: %s", why->column,
			eng_reject_text(why->reject));
	else
		(void)snprintf(
			buf, ENG_REFUSAL_BYTES, "%s", eng_reject_text(why->reject));
	return buf;
}

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

static int
fail_field(struct eng_refusal *why, enum eng_field field, enum eng_reject reject)
{
	*why = (struct eng_refusal){reject, 0, (int)field};
	return -EINVAL;
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
		break;
	case 3:
		IS(ACK, "ack");
		break;
	case 4:
		IS(NOTE, "note");
		IS(NAME, "name");
		break;
	case 5:
		IS(EVENT, "event");
		IS(VALUE, "value");
		IS(ERROR, "error");
		IS(AGENT, "agent");
		break;
	case 6:
		IS(AMOUNT, "amount");
		IS(SOURCE, "source");
		IS(VENDOR, "vendor");
		IS(STATUS, "status");
		break;
	case 7:
		IS(VARIANT, "variant");
		break;
	case 8:
		IS(CURRENCY, "currency");
		IS(CATEGORY, "category");
		break;
	case 11:
		IS(EXTERNAL_ID, "external_id");
		IS(DURATION, "duration_ms");
		break;
	default:
		if (key.bytes < 20 || memcmp(key.at, "gen_ai.", 7) != 0)
			break;
		for (int f = ENG_F_PROVIDER; f <= ENG_F_TOKENS_WRITE; f++)
			if (strlen(fields[f].name) == key.bytes &&
				memcmp(key.at, fields[f].name, key.bytes) == 0)
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
	s->seen |= 1u << field;
	rc = scan_value(s, depth, &s->kind[field], &s->line->field[field]);
	if (rc == 0 && s->kind[field] != V_NULL)
		s->line->have |= 1u << field;
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

/* ---- meaning ---- */

static int
check_types(const struct scan *s)
{
	static const uint8_t allowed[] = {[T_S] = 1 << V_STRING,
		[T_N] = 1 << V_NUMBER,
		[T_A] = 1 << V_STRING | 1 << V_NUMBER,
		[T_B] = 1 << V_TRUE | 1 << V_FALSE};

	for (uint32_t left = s->line->have; left; left &= left - 1) {
		enum eng_field f = (enum eng_field)__builtin_ctz(left);
		enum field_type type = fields[f].type;

		if (allowed[type] >> s->kind[f] & 1)
			continue;
		if (f == ENG_F_AT)
			return fail_field(s->why, f, ENG_R_TYPE_TIME);
		return fail_field(s->why, f,
			type == T_S   ? ENG_R_TYPE_STRING
			: type == T_N ? ENG_R_TYPE_NUMBER
			: type == T_B ? ENG_R_TYPE_BOOL
				      : ENG_R_TYPE_AMOUNT);
	}
	return 0;
}

static int
read_event(struct eng_line *line, struct eng_refusal *why)
{
	const struct eng_text *name = &line->field[ENG_F_EVENT];

	if (!eng_line_has(line, ENG_F_EVENT))
		return fail_field(why, ENG_F_EVENT, ENG_R_MISSING);
	for (int e = 0; e < ENG_EV_COUNT; e++) {
		if (event_names[e].bytes == name->bytes &&
			memcmp(event_names[e].text, name->at, name->bytes) == 0) {
			line->event = (enum eng_event)e;
			return 0;
		}
	}
	return fail_field(why, ENG_F_EVENT, ENG_R_UNKNOWN_EVENT);
}

static int
read_amount(const struct scan *s, struct eng_line *line)
{
	const struct eng_text *text = &line->field[ENG_F_AMOUNT];
	bool number = s->kind[ENG_F_AMOUNT] == V_NUMBER;

	switch (nv_money_parse(text->at, text->bytes,
		number ? NV_DECIMAL_ROUND : NV_DECIMAL_EXACT, &line->amount_nano,
		&line->rounded)) {
	case 0:
		/* -0.0 is what some languages print for nothing; -1e-12 is not nothing.
		 */
		if (line->amount_nano < 0 || (text->at[0] == '-' && line->rounded))
			return fail_field(s->why, ENG_F_AMOUNT, ENG_R_AMOUNT_NEGATIVE);
		return 0;
	case -ERANGE:
		return fail_field(s->why, ENG_F_AMOUNT,
			text->at[0] == '-' ? ENG_R_AMOUNT_NEGATIVE : ENG_R_AMOUNT_RANGE);
	case -EDOM:
		return fail_field(s->why, ENG_F_AMOUNT, ENG_R_AMOUNT_EXACT);
	default:
		return fail_field(s->why, ENG_F_AMOUNT, ENG_R_AMOUNT_SYNTAX);
	}
}

static int
read_time(const struct scan *s, struct eng_line *line)
{
	const struct eng_text *text = &line->field[ENG_F_AT];
	bool rounded;
	int rc;

	/* Unix seconds have the scale of money: nanoseconds are seconds times 10^9. */
	if (s->kind[ENG_F_AT] == V_NUMBER)
		rc = nv_money_parse(
			text->at, text->bytes, NV_DECIMAL_ROUND, &line->at_ns, &rounded);
	else
		rc = nv_rfc3339_parse(text->at, text->bytes, &line->at_ns);
	if (rc == -ERANGE || (rc == 0 && line->at_ns < 0))
		return fail_field(s->why, ENG_F_AT, ENG_R_TIME_RANGE);
	return rc ? fail_field(s->why, ENG_F_AT, ENG_R_TIME) : 0;
}

static int
read_count(const struct eng_line *line, enum eng_field field, uint64_t *ret,
	struct eng_refusal *why)
{
	int64_t nano;
	bool rounded;

	*ret = 0;
	if (!eng_line_has(line, field))
		return 0;
	const struct eng_text *text = &line->field[field];

	if (nv_money_parse(text->at, text->bytes, NV_DECIMAL_ROUND, &nano, &rounded) !=
			0 ||
		rounded || nano < 0 || nano % NV_MONEY_SCALE != 0)
		return fail_field(why, field, ENG_R_COUNT_RANGE);
	*ret = (uint64_t)(nano / NV_MONEY_SCALE);
	return 0;
}

static int
read_usage(struct eng_line *line, struct eng_refusal *why)
{
	if (!eng_line_has(line, ENG_F_MODEL))
		return fail_field(why, ENG_F_MODEL, ENG_R_MISSING);
	if (!eng_line_has(line, ENG_F_TOKENS_IN) && !eng_line_has(line, ENG_F_TOKENS_OUT))
		return fail_field(why, ENG_F_TOKENS_IN, ENG_R_MISSING);
	int rc = read_count(line, ENG_F_TOKENS_IN, &line->tokens_in, why);

	if (rc == 0)
		rc = read_count(line, ENG_F_TOKENS_OUT, &line->tokens_out, why);
	if (rc == 0)
		rc = read_count(line, ENG_F_TOKENS_READ, &line->tokens_read, why);
	if (rc == 0)
		rc = read_count(line, ENG_F_TOKENS_WRITE, &line->tokens_write, why);
	return rc;
}

static int
read_run(struct eng_line *line, struct eng_refusal *why)
{
	const struct eng_text *text = &line->field[ENG_F_DURATION];
	int64_t nano;
	bool rounded;

	line->duration_ms = 0;
	if (!eng_line_has(line, ENG_F_OK))
		return fail_field(why, ENG_F_OK, ENG_R_MISSING);
	if (!eng_line_has(line, ENG_F_DURATION))
		return 0;
	if (nv_money_parse(text->at, text->bytes, NV_DECIMAL_ROUND, &nano, &rounded) !=
			0 ||
		nano < 0)
		return fail_field(why, ENG_F_DURATION, ENG_R_DURATION_RANGE);
	line->duration_ms = nano / NV_MONEY_SCALE;
	return 0;
}

static int
read_agent(const struct eng_line *line, struct eng_refusal *why)
{
	const struct eng_text *text = &line->field[ENG_F_AGENT];
	char name[NV_NAME_MAX];

	if (text->bytes < sizeof(name)) {
		memcpy(name, text->at, text->bytes);
		name[text->bytes] = '\0';
		if (nv_name_valid(name))
			return 0;
	}
	return fail_field(why, ENG_F_AGENT, ENG_R_WORKER_NAME);
}

/* What each event needs of its own. */
static int
read_fields(const struct scan *s, struct eng_line *line)
{
	switch (line->event) {
	case ENG_EV_COST:
	case ENG_EV_REVENUE:
	case ENG_EV_REFUND:
	case ENG_EV_DISPUTE:
	case ENG_EV_FEE:
	case ENG_EV_PAYOUT:
		if (!eng_line_has(line, ENG_F_AMOUNT))
			return fail_field(s->why, ENG_F_AMOUNT, ENG_R_MISSING);
		return read_amount(s, line);
	case ENG_EV_RUN:
		return read_run(line, s->why);
	case ENG_EV_USAGE:
		return read_usage(line, s->why);
	case ENG_EV_METRIC:
		if (!eng_line_has(line, ENG_F_NAME))
			return fail_field(s->why, ENG_F_NAME, ENG_R_MISSING);
		if (!eng_line_has(line, ENG_F_VALUE))
			return fail_field(s->why, ENG_F_VALUE, ENG_R_MISSING);
		return 0;
	case ENG_EV_READY:
	case ENG_EV_HEARTBEAT:
	case ENG_EV_COUNT:
		break;
	}
	return 0;
}

static int
read_line(const struct scan *s, struct eng_line *line)
{
	int rc = check_types(s);

	if (rc == 0)
		rc = read_event(line, s->why);
	if (rc == 0 && eng_line_has(line, ENG_F_ID)) {
		uint32_t bytes = line->field[ENG_F_ID].bytes;

		if (bytes == 0 || bytes > ENG_ID_BYTES_MAX)
			rc = fail_field(s->why, ENG_F_ID, ENG_R_ID_LENGTH);
	}
	if (rc == 0 && eng_line_has(line, ENG_F_AT))
		rc = read_time(s, line);
	if (rc == 0 && eng_line_has(line, ENG_F_AGENT))
		rc = read_agent(line, s->why);
	if (rc)
		return rc;
	line->ok = eng_line_has(line, ENG_F_OK) && s->kind[ENG_F_OK] == V_TRUE;
	line->ack = eng_line_has(line, ENG_F_ACK) && s->kind[ENG_F_ACK] == V_TRUE;
	if (line->ack && !eng_line_has(line, ENG_F_ID))
		return fail_field(s->why, ENG_F_ACK, ENG_R_ACK_WITHOUT_ID);
	return read_fields(s, line);
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
	return read_line(&s, ret);
}
