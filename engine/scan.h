/* The strict scanner of event lines (docs/PROTOCOL: "Events"): one pass over one line,
 * no allocation, no state outside its arguments. It accepts what RFC 8259 calls an
 * object in valid UTF-8, and refuses repeated keys, depth over ENG_SCAN_DEPTH_MAX, U+0000
 * in a string, and numbers no double can hold, so that every stored line can be read back
 * by any JSON library. Amounts are read from their text and never pass through a double.
 */
#ifndef ENG_SCAN_H
#define ENG_SCAN_H

#include "nv_money.h"

#define ENG_LINE_BYTES_MAX      4096 /* with the newline: atomic on a pipe (PIPE_BUF) */
#define ENG_ID_BYTES_MAX        128
#define ENG_REF_BYTES_MAX       200 /* of what names another event */
#define ENG_OPERATION_BYTES_MAX 64
#define ENG_SCAN_DEPTH_MAX      32 /* the line's own object is 1 */

#define ENG_EVENTS(X) \
	X(READY, "ready") \
	X(HEARTBEAT, "heartbeat") \
	X(RUN, "run") \
	X(COST, "cost") \
	X(USAGE, "usage") \
	X(REVENUE, "revenue") \
	X(REFUND, "refund") \
	X(DISPUTE, "dispute") \
	X(FEE, "fee") \
	X(PAYOUT, "payout") \
	X(METRIC, "metric") \
	X(CONVERSION, "conversion") \
	X(CORRECTION, "correction") \
	X(RESERVE, "reserve") \
	X(RELEASE, "release") \
	X(BEGIN, "begin") \
	X(WEBHOOK, "webhook")

enum eng_event {
#define X(name, text) ENG_EV_##name,
	ENG_EVENTS(X)
#undef X
		ENG_EV_COUNT
};
const char *eng_event_name(enum eng_event event);

/* The fields that mean something, with what their value must be: S a string, N a
 * number, A either (an amount or a time), B true or false, ANY whatever it is: one that
 * means something in some events only, and is looked at there. null counts as not given.
 */
#define ENG_FIELDS(X) \
	X(EVENT, "event", S) \
	X(ID, "id", S) \
	X(AT, "at", A) \
	X(NOTE, "note", S) \
	X(ACK, "ack", B) \
	X(AMOUNT, "amount", A) \
	X(CURRENCY, "currency", S) \
	X(CATEGORY, "category", S) \
	X(VENDOR, "vendor", S) \
	X(SOURCE, "source", S) \
	X(EXTERNAL_ID, "external_id", S) \
	X(AGENT, "agent", S) \
	X(VARIANT, "variant", S) \
	X(STATUS, "status", S) \
	X(PROGRESS, "progress", ANY) \
	X(OK, "ok", B) \
	X(DURATION, "duration_ms", N) \
	X(ERROR, "error", S) \
	X(NAME, "name", S) \
	X(VALUE, "value", N) \
	X(PROVIDER, "gen_ai.provider.name", S) \
	X(MODEL, "gen_ai.request.model", S) \
	X(TOKENS_IN, "gen_ai.usage.input_tokens", N) \
	X(TOKENS_OUT, "gen_ai.usage.output_tokens", N) \
	X(TOKENS_READ, "gen_ai.usage.cache_read.input_tokens", N) \
	X(TOKENS_WRITE, "gen_ai.usage.cache_creation.input_tokens", N) \
	X(RUN, "run", ANY) \
	X(RUN_AT, "run_at", ANY) \
	X(OPERATION, "operation", ANY) \
	X(OF, "of", ANY) \
	X(FEE, "fee", ANY) \
	X(RESERVATION, "reservation", ANY) \
	X(EXPIRES, "expires", ANY) \
	X(TO_AMOUNT, "to_amount", ANY) \
	X(TO_CURRENCY, "to_currency", ANY) \
	X(TOTAL, "total", ANY) \
	X(FROM, "provider", ANY) \
	X(TYPE, "type", ANY) \
	X(RESPONSE_MODEL, "gen_ai.response.model", ANY) \
	X(PLAIN_MODEL, "model", ANY) \
	X(TIER, "service_tier", ANY) \
	X(RAW, "response_usage", ANY)

enum eng_field {
#define X(name, text, kind) ENG_F_##name,
	ENG_FIELDS(X)
#undef X
		ENG_F_COUNT
};

/* Why a line was refused: the sentence goes into the quarantine. */
#define ENG_REJECTS(X) \
	X(EMPTY, "an empty line") \
	X(TOO_LONG, "longer than 4096 bytes with its newline") \
	X(NOT_OBJECT, "not a JSON object: a line starts with {") \
	X(CUT_OFF, "the line ends in the middle of its JSON object") \
	X(TRAILING, "text after the end of the JSON object") \
	X(NUL, "a NUL byte") \
	X(CONTROL, "a raw control character in a string") \
	X(UTF8, "bytes that are not UTF-8") \
	X(ESCAPE, "a bad escape in a string") \
	X(ESCAPED_NUL, "\\u0000 in a string") \
	X(SURROGATE, "half of a surrogate pair in a string") \
	X(SYNTAX, "not JSON: unexpected character") \
	X(NUMBER, "not a JSON number") \
	X(NUMBER_RANGE, "a number too large for any JSON reader") \
	X(DEPTH, "nested deeper than 32") \
	X(DUPLICATE, "the same key twice") \
	X(TYPE_STRING, "must be a string") \
	X(TYPE_NUMBER, "must be a number") \
	X(TYPE_BOOL, "must be true or false") \
	X(TYPE_AMOUNT, "must be a decimal string or a number") \
	X(TYPE_TIME, "must be an RFC 3339 string or unix seconds") \
	X(MISSING, "is missing") \
	X(UNKNOWN_EVENT, "is not an event Nova knows") \
	X(ID_LENGTH, "must have 1 to 128 bytes") \
	X(AMOUNT_SYNTAX, "is not a decimal number") \
	X(AMOUNT_RANGE, "must be below 9200000000") \
	X(AMOUNT_EXACT, "has more than 9 decimals in a string") \
	X(AMOUNT_NEGATIVE, "is negative: a refund is an event of its own") \
	X(TIME, "is not an RFC 3339 time or unix seconds") \
	X(TIME_RANGE, "is outside the years 1970 to 2261") \
	X(COUNT_RANGE, "must be a whole number from 0 to 9199999999") \
	X(DURATION_RANGE, "must be a number from 0 to 9199999999") \
	X(WORKER_NAME, "is not a worker's name: a-z, 0-9, _ . -, at most 63 bytes") \
	X(ACK_WITHOUT_ID, "needs an id to answer with") \
	X(AMOUNT_ZERO, "must be above 0") \
	X(REF_LENGTH, "must have 1 to 200 bytes") \
	X(RUN_LENGTH, "must have 1 to 128 bytes, or be a number") \
	X(OPERATION_LENGTH, "must have 1 to 64 bytes") \
	X(DISPUTE_STATUS, "of a dispute is opened, won or lost") \
	X(TYPE_LENGTH, "must be a string of 1 to 200 bytes") \
	X(EXPIRES_RANGE, "must be seconds above 0, at most 604800") \
	X(USAGE_OBJECT, \
		"must be the usage object of an answer of Anthropic's or OpenAI's") \
	X(USAGE_COUNT, "has a number that is not a whole one from 0 to 9199999999")

enum eng_reject {
	ENG_OK,
#define X(name, text) ENG_R_##name,
	ENG_REJECTS(X)
#undef X
		ENG_R_COUNT
};
const char *eng_reject_text(enum eng_reject reject);

struct eng_text {
	const char *at; /* borrowed from the line or the scratch buffer */
	uint32_t bytes; /* not NUL-terminated */
};

enum eng_dispute { ENG_DISPUTE_OPENED, ENG_DISPUTE_WON, ENG_DISPUTE_LOST };

#define ENG_RESERVE_S_DEFAULT 3600
#define ENG_RESERVE_S_MAX     604800

struct eng_line {
	enum eng_event event;
	uint64_t
		have; /* bit ENG_F_x: the field is there, not null, and what it must be */
	bool rounded; /* an amount was rounded to 10^-9 */
	bool ok;
	bool ack;
	/* Valid where the bit is set: strings unescaped, numbers and nested values as
	 * written. */
	struct eng_text field[ENG_F_COUNT];
	bool has_progress;     /* a heartbeat with a number */
	nv_i128 progress_nano; /* the number times 10^9 */
	int64_t amount_nano;   /* of a refund without `amount`: its `total` */
	int64_t fee_nano;      /* 0 = none */
	int64_t to_nano;       /* conversion */
	int64_t expires_ns;    /* reserve: how long it holds */
	int64_t run_at_ns;     /* 0 = not said */
	enum eng_dispute dispute;
	int64_t at_ns;
	int64_t duration_ms;
	/* usage: */
	struct eng_text model;  /* the one that answered, else the one asked for */
	struct eng_text vendor; /* at NULL: not said */
	uint64_t tokens_in;     /* all of them: cached and audio ones too */
	uint64_t tokens_out;
	uint64_t tokens_read;     /* from the cache */
	uint64_t tokens_write;    /* to the cache, for minutes */
	uint64_t tokens_write_1h; /* for an hour */
	uint64_t audio_in;
	uint64_t audio_out;
	uint64_t searches; /* of the web, by the vendor's own tool */
};

static inline bool
eng_line_has(const struct eng_line *line, enum eng_field field)
{
	return (line->have >> field & 1) != 0;
}

struct eng_refusal {
	enum eng_reject reject;
	uint32_t column; /* 1-based byte; 0 when it is about a field */
	int field;       /* enum eng_field, -1 when it is about the JSON */
};
/* "column 17: a bad escape in a string", "amount is missing". Returns buf. */
#define ENG_REFUSAL_BYTES 160
const char *eng_refusal_text(const struct eng_refusal *why, char buf[ENG_REFUSAL_BYTES]);

/* Scan one line without its newline. scratch receives unescaped strings and must live as
 * long as *ret is used. 0, or -EINVAL with the reason in *why; of *ret only `ack` counts
 * then: the line asks for an answer, and its id can be read. */
int eng_scan(const char *line, size_t bytes, char scratch[ENG_LINE_BYTES_MAX],
	struct eng_line *ret, struct eng_refusal *why);

#endif
