/* What the fields of a line mean, and why a line is refused, in words. */
#include "scan_private.h"

#include "nv_clock.h"
#include "nv_money.h"
#include "nv_name.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum field_type { T_S, T_N, T_A, T_B, T_ANY };

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
fail_field(struct eng_refusal *why, enum eng_field field, enum eng_reject reject)
{
	*why = (struct eng_refusal){reject, 0, (int)field};
	return -EINVAL;
}

static int
check_types(const struct eng_found *s)
{
	static const uint8_t allowed[] = {[T_S] = 1 << V_STRING,
		[T_N] = 1 << V_NUMBER,
		[T_A] = 1 << V_STRING | 1 << V_NUMBER,
		[T_B] = 1 << V_TRUE | 1 << V_FALSE,
		[T_ANY] = UINT8_MAX};

	for (uint64_t left = s->line->have; left; left &= left - 1) {
		enum eng_field f = (enum eng_field)__builtin_ctzll(left);
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

/* An amount from its text. -0.0 is what some languages print for nothing; -1e-12 is not
 * nothing. */
static int
read_money(const struct eng_found *s, enum eng_field field, int64_t *ret)
{
	const struct eng_text *text = &s->line->field[field];
	bool number = s->kind[field] == V_NUMBER;
	bool rounded = false;

	if (!number && s->kind[field] != V_STRING)
		return fail_field(s->why, field, ENG_R_TYPE_AMOUNT);
	switch (nv_money_parse(text->at, text->bytes,
		number ? NV_DECIMAL_ROUND : NV_DECIMAL_EXACT, ret, &rounded)) {
	case 0:
		if (*ret < 0 || (text->at[0] == '-' && rounded))
			return fail_field(s->why, field, ENG_R_AMOUNT_NEGATIVE);
		s->line->rounded |= rounded;
		return 0;
	case -ERANGE:
		return fail_field(s->why, field,
			text->at[0] == '-' ? ENG_R_AMOUNT_NEGATIVE : ENG_R_AMOUNT_RANGE);
	case -EDOM:
		return fail_field(s->why, field, ENG_R_AMOUNT_EXACT);
	default:
		return fail_field(s->why, field, ENG_R_AMOUNT_SYNTAX);
	}
}

static int
read_time(const struct eng_found *s, enum eng_field field, int64_t *ret)
{
	const struct eng_text *text = &s->line->field[field];
	bool rounded;
	int rc;

	if (s->kind[field] != V_NUMBER && s->kind[field] != V_STRING)
		return fail_field(s->why, field, ENG_R_TYPE_TIME);
	/* Unix seconds have the scale of money: nanoseconds are seconds times 10^9. */
	if (s->kind[field] == V_NUMBER)
		rc = nv_money_parse(
			text->at, text->bytes, NV_DECIMAL_ROUND, ret, &rounded);
	else
		rc = nv_rfc3339_parse(text->at, text->bytes, ret);
	if (rc == -ERANGE || (rc == 0 && *ret < 0))
		return fail_field(s->why, field, ENG_R_TIME_RANGE);
	return rc ? fail_field(s->why, field, ENG_R_TIME) : 0;
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

/* A number that grows says that work is done: compared, never used as money. What is not
 * a number says nothing, and is kept as any other text of the worker's own. */
static void
read_progress(const struct eng_found *s, struct eng_line *line)
{
	const struct eng_text *text = &line->field[ENG_F_PROGRESS];
	char number[40];
	int64_t nano;
	bool rounded;

	if (!eng_line_has(line, ENG_F_PROGRESS) || s->kind[ENG_F_PROGRESS] != V_NUMBER)
		return;
	line->has_progress = true;
	if (nv_money_parse(text->at, text->bytes, NV_DECIMAL_ROUND, &nano, &rounded) ==
		0) {
		line->progress_nano = nano;
		return;
	}
	/* More than money has: what stands before the point will do, up to 2^63. */
	(void)snprintf(number, sizeof(number), "%.*s", (int)text->bytes, text->at);
	line->progress_nano = (nv_i128)strtoll(number, NULL, 10) * NV_MONEY_SCALE;
}

static int
read_name(const struct eng_line *line, enum eng_field field, struct eng_refusal *why)
{
	const struct eng_text *text = &line->field[field];
	char name[NV_NAME_MAX];

	if (text->bytes < sizeof(name)) {
		memcpy(name, text->at, text->bytes);
		name[text->bytes] = '\0';
		if (nv_name_valid(name))
			return 0;
	}
	return fail_field(why, field, ENG_R_WORKER_NAME);
}

/* A text that means something in this event: absent, or within its bounds. */
static int
read_ref(const struct eng_found *s, enum eng_field field, uint32_t max,
	enum eng_reject too_long)
{
	if (!eng_line_has(s->line, field))
		return 0;
	if (s->kind[field] != V_STRING)
		return fail_field(s->why, field, ENG_R_TYPE_STRING);
	uint32_t bytes = s->line->field[field].bytes;

	return bytes == 0 || bytes > max ? fail_field(s->why, field, too_long) : 0;
}

static int
need(const struct eng_found *s, enum eng_field field)
{
	return eng_line_has(s->line, field) ? 0
					    : fail_field(s->why, field, ENG_R_MISSING);
}

/* The run that caused it, and when that was. A number is taken as it is written. */
static int
read_cause(const struct eng_found *s, struct eng_line *line)
{
	if (eng_line_has(line, ENG_F_RUN)) {
		uint32_t bytes = line->field[ENG_F_RUN].bytes;
		uint8_t kind = s->kind[ENG_F_RUN];

		if ((kind != V_STRING && kind != V_NUMBER) || bytes == 0 ||
			bytes > ENG_ID_BYTES_MAX)
			return fail_field(s->why, ENG_F_RUN, ENG_R_RUN_LENGTH);
	}
	return eng_line_has(line, ENG_F_RUN_AT)
		       ? read_time(s, ENG_F_RUN_AT, &line->run_at_ns)
		       : 0;
}

static int
read_dispute(const struct eng_found *s, struct eng_line *line)
{
	static const char *const names[] = {[ENG_DISPUTE_OPENED] = "opened",
		[ENG_DISPUTE_WON] = "won",
		[ENG_DISPUTE_LOST] = "lost"};
	const struct eng_text *text = &line->field[ENG_F_STATUS];
	size_t i = 0;

	line->dispute = ENG_DISPUTE_OPENED;
	if (!eng_line_has(line, ENG_F_STATUS))
		return need(s, ENG_F_AMOUNT);
	while (i < NV_LEN(names) && (strlen(names[i]) != text->bytes ||
					    memcmp(names[i], text->at, text->bytes) != 0))
		i++;
	if (i == NV_LEN(names))
		return fail_field(s->why, ENG_F_STATUS, ENG_R_DISPUTE_STATUS);
	line->dispute = (enum eng_dispute)i;
	/* Which one has ended; how much is what is open. */
	return need(s, line->dispute == ENG_DISPUTE_OPENED ? ENG_F_AMOUNT : ENG_F_OF);
}

/* Amount, what it is about, and fee of everything that moves money. */
static int
read_movement(const struct eng_found *s, struct eng_line *line)
{
	bool sale = line->event == ENG_EV_REVENUE || line->event == ENG_EV_DISPUTE;
	/* How much of a sale has come back in all by now, instead of how much now. */
	bool total = line->event == ENG_EV_REFUND && eng_line_has(line, ENG_F_TOTAL) &&
		     !eng_line_has(line, ENG_F_AMOUNT);
	int rc = line->event == ENG_EV_DISPUTE ? read_dispute(s, line)
		 : total                       ? need(s, ENG_F_OF)
					       : need(s, ENG_F_AMOUNT);

	if (rc == 0 && (total || eng_line_has(line, ENG_F_AMOUNT)))
		rc = read_money(
			s, total ? ENG_F_TOTAL : ENG_F_AMOUNT, &line->amount_nano);
	if (rc == 0 && sale && eng_line_has(line, ENG_F_FEE))
		rc = read_money(s, ENG_F_FEE, &line->fee_nano);
	if (rc == 0 && line->event != ENG_EV_COST)
		rc = read_ref(s, ENG_F_OF, ENG_REF_BYTES_MAX, ENG_R_REF_LENGTH);
	if (rc == 0 && line->event == ENG_EV_COST)
		rc = read_ref(s, ENG_F_OPERATION, ENG_OPERATION_BYTES_MAX,
			ENG_R_OPERATION_LENGTH);
	if (rc == 0 && line->event == ENG_EV_COST)
		rc = read_ref(s, ENG_F_RESERVATION, ENG_ID_BYTES_MAX, ENG_R_ID_LENGTH);
	return rc ? rc : read_cause(s, line);
}

static int
read_reserve(const struct eng_found *s, struct eng_line *line)
{
	int rc = need(s, ENG_F_ID);

	line->expires_ns = ENG_RESERVE_S_DEFAULT * NV_MONEY_SCALE;
	/* Of a whole run the engine knows what it mostly costs. */
	if (rc == 0 && !eng_line_has(line, ENG_F_RUN))
		rc = need(s, ENG_F_AMOUNT);
	if (rc == 0 && eng_line_has(line, ENG_F_AMOUNT))
		rc = read_money(s, ENG_F_AMOUNT, &line->amount_nano);
	if (rc == 0)
		rc = read_ref(s, ENG_F_OPERATION, ENG_OPERATION_BYTES_MAX,
			ENG_R_OPERATION_LENGTH);
	if (rc == 0)
		rc = read_cause(s, line);
	if (rc || !eng_line_has(line, ENG_F_EXPIRES))
		return rc;
	const struct eng_text *text = &line->field[ENG_F_EXPIRES];
	bool rounded;

	/* Seconds have the scale of money: times 10^9 they are nanoseconds. */
	if (s->kind[ENG_F_EXPIRES] != V_NUMBER ||
		nv_money_parse(text->at, text->bytes, NV_DECIMAL_ROUND, &line->expires_ns,
			&rounded) != 0 ||
		line->expires_ns <= 0 ||
		line->expires_ns > ENG_RESERVE_S_MAX * NV_MONEY_SCALE)
		return fail_field(s->why, ENG_F_EXPIRES, ENG_R_EXPIRES_RANGE);
	return 0;
}

static int
read_conversion(const struct eng_found *s, struct eng_line *line)
{
	int rc = need(s, ENG_F_AMOUNT);

	if (rc == 0)
		rc = need(s, ENG_F_TO_AMOUNT);
	if (rc == 0)
		rc = need(s, ENG_F_TO_CURRENCY);
	if (rc == 0)
		rc = read_money(s, ENG_F_AMOUNT, &line->amount_nano);
	if (rc == 0)
		rc = read_money(s, ENG_F_TO_AMOUNT, &line->to_nano);
	if (rc == 0 && line->amount_nano == 0)
		rc = fail_field(s->why, ENG_F_AMOUNT, ENG_R_AMOUNT_ZERO);
	if (rc == 0 && line->to_nano == 0)
		rc = fail_field(s->why, ENG_F_TO_AMOUNT, ENG_R_AMOUNT_ZERO);
	return rc ? rc
		  : read_ref(s, ENG_F_TO_CURRENCY, ENG_OPERATION_BYTES_MAX,
			    ENG_R_OPERATION_LENGTH);
}

/* A fact: who said what kind of thing. What else is told stays in the line. */
static int
read_webhook(const struct eng_found *s)
{
	static const enum eng_field needed[] = {ENG_F_ID, ENG_F_FROM, ENG_F_TYPE};
	int rc = 0;

	for (size_t i = 0; i < NV_LEN(needed) && rc == 0; i++)
		rc = need(s, needed[i]);
	if (rc == 0)
		rc = read_ref(s, ENG_F_TYPE, ENG_REF_BYTES_MAX, ENG_R_TYPE_LENGTH);
	if (rc || s->kind[ENG_F_FROM] != V_STRING)
		return rc ? rc : fail_field(s->why, ENG_F_FROM, ENG_R_TYPE_STRING);
	return read_name(s->line, ENG_F_FROM, s->why);
}

/* What each event needs of its own. */
static int
read_fields(const struct eng_found *s, struct eng_line *line)
{
	int rc;

	switch (line->event) {
	case ENG_EV_COST:
	case ENG_EV_REVENUE:
	case ENG_EV_REFUND:
	case ENG_EV_DISPUTE:
	case ENG_EV_FEE:
	case ENG_EV_PAYOUT:
		return read_movement(s, line);
	case ENG_EV_CONVERSION:
		return read_conversion(s, line);
	case ENG_EV_RESERVE:
		return read_reserve(s, line);
	case ENG_EV_CORRECTION:
	case ENG_EV_RELEASE:
		rc = need(s, ENG_F_OF);
		return rc ? rc
			  : read_ref(s, ENG_F_OF, ENG_REF_BYTES_MAX, ENG_R_REF_LENGTH);
	case ENG_EV_BEGIN:
		rc = need(s, ENG_F_RUN);
		return rc ? rc : read_cause(s, line);
	case ENG_EV_RUN:
		rc = read_run(line, s->why);
		return rc ? rc : read_cause(s, line);
	case ENG_EV_USAGE:
		rc = eng_scan_usage(s);
		if (rc == 0)
			rc = read_ref(s, ENG_F_OPERATION, ENG_OPERATION_BYTES_MAX,
				ENG_R_OPERATION_LENGTH);
		if (rc == 0)
			rc = read_ref(
				s, ENG_F_RESERVATION, ENG_ID_BYTES_MAX, ENG_R_ID_LENGTH);
		return rc ? rc : read_cause(s, line);
	case ENG_EV_METRIC:
		if (!eng_line_has(line, ENG_F_NAME))
			return fail_field(s->why, ENG_F_NAME, ENG_R_MISSING);
		if (!eng_line_has(line, ENG_F_VALUE))
			return fail_field(s->why, ENG_F_VALUE, ENG_R_MISSING);
		return 0;
	case ENG_EV_HEARTBEAT:
		read_progress(s, line);
		break;
	case ENG_EV_WEBHOOK:
		return read_webhook(s);
	case ENG_EV_READY:
	case ENG_EV_COUNT:
		break;
	}
	return 0;
}

/* Before anything can be wrong: who asks for an answer gets one. */
static void
note_ack(const struct eng_found *s)
{
	const struct eng_line *line = s->line;
	uint32_t bytes = eng_line_has(line, ENG_F_ID) && s->kind[ENG_F_ID] == V_STRING
				 ? line->field[ENG_F_ID].bytes
				 : 0;

	s->line->ack = eng_line_has(line, ENG_F_ACK) && s->kind[ENG_F_ACK] == V_TRUE &&
		       bytes > 0 && bytes <= ENG_ID_BYTES_MAX;
}

int
eng_scan_meaning(const struct eng_found *s)
{
	struct eng_line *line = s->line;
	int rc;

	note_ack(s);
	rc = check_types(s);
	if (rc == 0)
		rc = read_event(line, s->why);
	if (rc == 0 && eng_line_has(line, ENG_F_ID)) {
		uint32_t bytes = line->field[ENG_F_ID].bytes;

		if (bytes == 0 || bytes > ENG_ID_BYTES_MAX)
			rc = fail_field(s->why, ENG_F_ID, ENG_R_ID_LENGTH);
	}
	if (rc == 0 && eng_line_has(line, ENG_F_AT))
		rc = read_time(s, ENG_F_AT, &line->at_ns);
	if (rc == 0 && eng_line_has(line, ENG_F_AGENT))
		rc = read_name(line, ENG_F_AGENT, s->why);
	if (rc)
		return rc;
	line->has_progress = false;
	line->fee_nano = 0;
	line->run_at_ns = 0;
	line->ok = eng_line_has(line, ENG_F_OK) && s->kind[ENG_F_OK] == V_TRUE;
	if (eng_line_has(line, ENG_F_ACK) && s->kind[ENG_F_ACK] == V_TRUE && !line->ack)
		return fail_field(s->why, ENG_F_ACK, ENG_R_ACK_WITHOUT_ID);
	return read_fields(s, line);
}
