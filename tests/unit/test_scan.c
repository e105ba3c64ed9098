/* The line scanner: what is accepted and what it means, what is one past valid, and
 * what a hostile or broken worker may send. */
#include "scan.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char scratch[ENG_LINE_BYTES_MAX];

static int
scan_bytes(const char *text, size_t bytes, struct eng_line *line, struct eng_refusal *why)
{
	/* A heap copy of the exact size, so that a read past its end is seen. */
	char *copy = malloc(bytes ? bytes : 1);

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, text, bytes);
	int rc = eng_scan(copy, bytes, scratch, line, why);

	free(copy);
	return rc;
}

static void
check_valid(const char *text)
{
	struct eng_line line;
	struct eng_refusal why = {0};
	char buf[ENG_REFUSAL_BYTES];
	int rc = scan_bytes(text, strlen(text), &line, &why);

	ck_assert_msg(rc == 0, "%s: refused: %s", text, eng_refusal_text(&why, buf));
}

static void
check_refused(
	const char *text, size_t bytes, enum eng_reject reject, const char *sentence)
{
	struct eng_line line;
	struct eng_refusal why = {0};
	char buf[ENG_REFUSAL_BYTES];
	int rc = scan_bytes(text, bytes, &line, &why);

	ck_assert_msg(rc == -EINVAL, "%.100s: accepted", text);
	ck_assert_msg(why.reject == reject, "%.100s: refused as: %s, expected: %s", text,
		eng_refusal_text(&why, buf), eng_reject_text(reject));
	if (sentence)
		ck_assert_str_eq(eng_refusal_text(&why, buf), sentence);
}

static bool
text_is(const struct eng_line *line, enum eng_field field, const char *expected)
{
	const struct eng_text *t = &line->field[field];

	return eng_line_has(line, field) && t->bytes == strlen(expected) &&
	       memcmp(t->at, expected, t->bytes) == 0;
}

START_TEST(test_valid)
{
	static const char *const lines[] = {
		"{\"event\":\"ready\"}",
		" \t{ \"event\" : \"ready\" } \r",
		"{\"event\":\"\\u0072eady\"}",
		"{\"\\u0065vent\":\"ready\"}",
		"{\"event\":\"heartbeat\",\"status\":\"caf\xc3\xa9 \\ud83d\\ude00\"}",
		"{\"event\":\"heartbeat\",\"status\":null}",
		"{\"event\":\"run\",\"ok\":true}",
		"{\"event\":\"run\",\"ok\":false,\"duration_ms\":12.75,\"error\":\"x\"}",
		"{\"event\":\"cost\",\"amount\":\"0.02\"}",
		"{\"event\":\"cost\",\"amount\":0}",
		"{\"event\":\"cost\",\"amount\":-0.0}",
		"{\"event\":\"cost\",\"amount\":3e-05}",
		"{\"event\":\"cost\",\"amount\":\"3e-05\"}",
		"{\"event\":\"revenue\",\"amount\":9199999999.999999999}",
		"{\"event\":\"revenue\",\"amount\":\"1\",\"agent\":\"email_agent\"}",
		"{\"event\":\"metric\",\"name\":\"depth\",\"value\":-1.5e300}",
		"{\"event\":\"usage\",\"gen_ai.request.model\":\"m\",\"gen_ai.usage."
		"output_tokens\":1}",
		"{\"event\":\"ready\",\"x\":[1,[2,{\"y\":[]}],{}],\"y\":{\"event\":1,"
		"\"x\":2}}",
		"{\"event\":\"ready\",\"x\":12345678901234567890123}",
		"{\"event\":\"ready\",\"x\":{\"a\":1},\"y\":{\"a\":1}}",
		"{\"event\":\"ready\",\"at\":1763820000.123456789}",
		"{\"event\":\"ready\",\"at\":\"2026-11-22T14:05:09+02:00\"}",
		"{\"event\":\"ready\",\"id\":\"1\",\"ack\":true}",
		"{\"event\":\"ready\",\"ack\":false}",
	};

	for (size_t i = 0; i < NV_LEN(lines); i++)
		check_valid(lines[i]);
}
END_TEST

#define REFUSED(text, reject, sentence) \
	{ \
		text, sizeof(text) - 1, ENG_R_##reject, sentence \
	}

static const struct {
	const char *text;
	size_t bytes;
	enum eng_reject reject;
	const char *sentence;
} refused[] = {
	REFUSED("", EMPTY, "an empty line"),
	REFUSED("  \t", EMPTY, NULL),
	REFUSED("hello", NOT_OBJECT, "column 1: not a JSON object: a line starts with {"),
	REFUSED("[1]", NOT_OBJECT, NULL),
	REFUSED("\xef\xbb\xbf{}", NOT_OBJECT, NULL),
	REFUSED("\0{\"event\":\"ready\"}", NUL, "column 1: a NUL byte"),
	REFUSED("{\"event\":\"re\0dy\"}", NUL, "column 13: a NUL byte"),
	REFUSED("{\"event\":\"ready\"}\0", NUL, NULL),
	REFUSED("{\"event\":\"ready\",\"ok\":\0true}", NUL, NULL),
	REFUSED("{\"event\":\"ready\"", CUT_OFF, NULL),
	REFUSED("{\"event\":\"rea", CUT_OFF, NULL),
	REFUSED("{\"event\":tr", CUT_OFF, NULL),
	REFUSED("{\"event\":\"ready\\", CUT_OFF, NULL),
	REFUSED("{", CUT_OFF, NULL),
	REFUSED("{\"event\":\"ready\"}{\"event\":\"ready\"}", TRAILING,
		"column 18: text after the end of the JSON object"),
	REFUSED("{\"event\":\"ready\"} x", TRAILING, NULL),
	REFUSED("{\"event\":\"re\tady\"}", CONTROL, NULL),
	REFUSED("{\"event\":\"re\xff\"}", UTF8, NULL),
	REFUSED("{\"event\":\"re\xc0\x80\"}", UTF8, NULL),
	REFUSED("{\"event\":\"re\xed\xa0\x80\"}", UTF8, NULL),
	REFUSED("{\"event\":\"re\xf4\x90\x80\x80\"}", UTF8, NULL),
	REFUSED("{\"event\":\"\\x41\"}", ESCAPE, NULL),
	REFUSED("{\"event\":\"\\u12g4\"}", ESCAPE, NULL),
	REFUSED("{\"event\":\"\\\0\"}", ESCAPE, NULL),
	REFUSED("{\"event\":\"ready\",\"x\":\"\\u0000\"}", ESCAPED_NUL, NULL),
	REFUSED("{\"event\":\"\\ud83d\"}", SURROGATE, NULL),
	REFUSED("{\"event\":\"\\ude00\"}", SURROGATE, NULL),
	REFUSED("{\"event\":\"\\ud83d\\u0041\"}", SURROGATE, NULL),
	REFUSED("{'event':'ready'}", SYNTAX, NULL),
	REFUSED("{event:\"ready\"}", SYNTAX, NULL),
	REFUSED("{\"event\":\"ready\",}", SYNTAX, NULL),
	REFUSED("{\"event\" \"ready\"}", SYNTAX, NULL),
	REFUSED("{\"event\":\"ready\" \"x\":1}", SYNTAX, NULL),
	REFUSED("{\"event\":\"ready\",\"x\":[1,]}", SYNTAX, NULL),
	REFUSED("{\"event\":\"ready\",\"x\":[1}", SYNTAX, NULL),
	REFUSED("{\"event\":\"ready\",\"x\":True}", SYNTAX, NULL),
	REFUSED("{\"event\":\"cost\",\"amount\":NaN}", SYNTAX, NULL),
	REFUSED("{\"event\":\"cost\",\"amount\":Infinity}", SYNTAX, NULL),
	REFUSED("{\"event\":\"cost\",\"amount\":-Infinity}", NUMBER, NULL),
	REFUSED("{\"event\":\"cost\",\"amount\":nan}", SYNTAX, NULL),
	REFUSED("{\"event\":\"cost\",\"amount\":.5}", SYNTAX, NULL),
	REFUSED("{\"event\":\"cost\",\"amount\":5.}", NUMBER, NULL),
	REFUSED("{\"event\":\"cost\",\"amount\":1e}", NUMBER, NULL),
	REFUSED("{\"event\":\"cost\",\"amount\":+1}", SYNTAX, NULL),
	REFUSED("{\"event\":\"cost\",\"amount\":01}", SYNTAX, NULL),
	REFUSED("{\"event\":\"cost\",\"amount\":0x10}", SYNTAX, NULL),
	REFUSED("{\"event\":\"cost\",\"amount\":1e400}", NUMBER_RANGE, NULL),
	REFUSED("{\"event\":\"ready\",\"x\":-1e400}", NUMBER_RANGE, NULL),
	REFUSED("{\"event\":\"ready\",\"event\":\"ready\"}", DUPLICATE,
		"column 18: the same key twice"),
	REFUSED("{\"event\":\"ready\",\"\\u0065vent\":\"ready\"}", DUPLICATE, NULL),
	REFUSED("{\"event\":\"ready\",\"note\":null,\"note\":\"x\"}", DUPLICATE, NULL),
	REFUSED("{\"event\":\"ready\",\"x\":1,\"y\":2,\"x\":3}", DUPLICATE, NULL),
	REFUSED("{\"event\":\"ready\",\"x\":{\"y\":1,\"y\":2}}", DUPLICATE, NULL),
	REFUSED("{\"event\":7}", TYPE_STRING, "event must be a string"),
	REFUSED("{\"event\":\"run\",\"ok\":1}", TYPE_BOOL, "ok must be true or false"),
	REFUSED("{\"event\":\"run\",\"ok\":\"true\"}", TYPE_BOOL, NULL),
	REFUSED("{\"event\":\"cost\",\"amount\":true}", TYPE_AMOUNT, NULL),
	REFUSED("{\"event\":\"cost\",\"amount\":[1]}", TYPE_AMOUNT, NULL),
	REFUSED("{\"event\":\"ready\",\"at\":false}", TYPE_TIME, NULL),
	REFUSED("{\"event\":\"metric\",\"name\":\"x\",\"value\":\"1\"}", TYPE_NUMBER,
		NULL),
	REFUSED("{\"event\":\"ready\",\"id\":5}", TYPE_STRING, "id must be a string"),
	REFUSED("{}", MISSING, "event is missing"),
	REFUSED("{\"event\":null}", MISSING, NULL),
	REFUSED("{\"event\":\"cost\"}", MISSING, "amount is missing"),
	REFUSED("{\"event\":\"cost\",\"amount\":null}", MISSING, NULL),
	REFUSED("{\"event\":\"run\"}", MISSING, "ok is missing"),
	REFUSED("{\"event\":\"metric\",\"name\":\"x\"}", MISSING, "value is missing"),
	REFUSED("{\"event\":\"usage\",\"gen_ai.usage.input_tokens\":1}", MISSING,
		"gen_ai.request.model is missing"),
	REFUSED("{\"event\":\"usage\",\"gen_ai.request.model\":\"m\"}", MISSING, NULL),
	REFUSED("{\"event\":\"spend\",\"amount\":\"1\"}", UNKNOWN_EVENT,
		"event is not an event Nova knows"),
	REFUSED("{\"event\":\"cost \",\"amount\":\"1\"}", UNKNOWN_EVENT, NULL),
	REFUSED("{\"event\":\"ready\",\"id\":\"\"}", ID_LENGTH, NULL),
	REFUSED("{\"event\":\"ready\",\"ack\":true}", ACK_WITHOUT_ID, NULL),
	REFUSED("{\"event\":\"cost\",\"amount\":\"\"}", AMOUNT_SYNTAX, NULL),
	REFUSED("{\"event\":\"cost\",\"amount\":\" 1\"}", AMOUNT_SYNTAX, NULL),
	REFUSED("{\"event\":\"cost\",\"amount\":\"$1\"}", AMOUNT_SYNTAX, NULL),
	REFUSED("{\"event\":\"cost\",\"amount\":\"1,000\"}", AMOUNT_SYNTAX, NULL),
	REFUSED("{\"event\":\"cost\",\"amount\":\"NaN\"}", AMOUNT_SYNTAX, NULL),
	REFUSED("{\"event\":\"cost\",\"amount\":\"1e400\"}", AMOUNT_RANGE, NULL),
	REFUSED("{\"event\":\"cost\",\"amount\":9200000000}", AMOUNT_RANGE, NULL),
	REFUSED("{\"event\":\"cost\",\"amount\":\"0.0000000001\"}", AMOUNT_EXACT, NULL),
	REFUSED("{\"event\":\"cost\",\"amount\":-1}", AMOUNT_NEGATIVE,
		"amount is negative: a refund is an event of its own"),
	REFUSED("{\"event\":\"cost\",\"amount\":\"-0.01\"}", AMOUNT_NEGATIVE, NULL),
	REFUSED("{\"event\":\"cost\",\"amount\":-1e12}", AMOUNT_NEGATIVE, NULL),
	REFUSED("{\"event\":\"cost\",\"amount\":-1e-12}", AMOUNT_NEGATIVE, NULL),
	REFUSED("{\"event\":\"ready\",\"at\":\"yesterday\"}", TIME, NULL),
	REFUSED("{\"event\":\"ready\",\"at\":\"1763820000\"}", TIME, NULL),
	REFUSED("{\"event\":\"ready\",\"at\":-1}", TIME_RANGE, NULL),
	REFUSED("{\"event\":\"ready\",\"at\":1e11}", TIME_RANGE, NULL),
	REFUSED("{\"event\":\"usage\",\"gen_ai.request.model\":\"m\",\"gen_ai.usage."
		"input_tokens\":1.5}",
		COUNT_RANGE, NULL),
	REFUSED("{\"event\":\"usage\",\"gen_ai.request.model\":\"m\",\"gen_ai.usage."
		"input_tokens\":-1}",
		COUNT_RANGE, NULL),
	REFUSED("{\"event\":\"run\",\"ok\":true,\"duration_ms\":-1}", DURATION_RANGE,
		NULL),
	REFUSED("{\"event\":\"revenue\",\"amount\":1,\"agent\":\"\"}", WORKER_NAME, NULL),
	REFUSED("{\"event\":\"revenue\",\"amount\":1,\"agent\":\"../x\"}", WORKER_NAME,
		NULL),
	REFUSED("{\"event\":\"revenue\",\"amount\":1,\"agent\":\"A b\"}", WORKER_NAME,
		NULL),
};

START_TEST(test_refused)
{
	check_refused(refused[_i].text, refused[_i].bytes, refused[_i].reject,
		refused[_i].sentence);
}
END_TEST

START_TEST(test_amounts)
{
	static const struct {
		const char *text;
		int64_t nano;
		bool rounded;
	} table[] = {
		{"0.05", 50000000, false},
		{"\"0.05\"", 50000000, false},
		{"3e-05", 30000, false},
		{"0.30000000000000004", 300000000, true},
		{"1e2", 100000000000, false},
		{"0.0000000005", 0, true},
		{"0.0000000015", 2, true},
		{"\"12.345678901\"", 12345678901, false},
		{"9199999999.999999999", INT64_C(9199999999999999999), false},
	};

	for (size_t i = 0; i < NV_LEN(table); i++) {
		char text[200];
		struct eng_line line;
		struct eng_refusal why;

		(void)snprintf(text, sizeof(text), "{\"event\":\"cost\",\"amount\":%s}",
			table[i].text);
		ck_assert_int_eq(scan_bytes(text, strlen(text), &line, &why), 0);
		ck_assert_int_eq(line.amount_nano, table[i].nano);
		ck_assert_int_eq(line.rounded, table[i].rounded);
	}
}
END_TEST

START_TEST(test_fields)
{
	static const char text[] =
		"{\"event\":\"revenue\",\"id\":\"a\\\"b\\u20ac\",\"at\":1763820000.5,"
		"\"currency\":\"EUR\",\"amount\":\"1.5\",\"source\":\"st\\/"
		"ripe\",\"ack\":true,"
		"\"external_id\":\"ch_1\",\"agent\":\"mailer\",\"note\":\"\","
		"\"extra\":{\"amount\":\"9\"}}";
	struct eng_line line;
	struct eng_refusal why;

	ck_assert_int_eq(eng_scan(text, sizeof(text) - 1, scratch, &line, &why), 0);
	ck_assert_int_eq(line.event, ENG_EV_REVENUE);
	ck_assert(text_is(&line, ENG_F_ID, "a\"b\xe2\x82\xac"));
	ck_assert(text_is(&line, ENG_F_SOURCE, "st/ripe"));
	ck_assert(text_is(&line, ENG_F_CURRENCY, "EUR"));
	ck_assert(text_is(&line, ENG_F_EXTERNAL_ID, "ch_1"));
	ck_assert(text_is(&line, ENG_F_AGENT, "mailer"));
	ck_assert(text_is(&line, ENG_F_NOTE, ""));
	ck_assert(line.ack);
	ck_assert(!eng_line_has(&line, ENG_F_VENDOR));
	ck_assert_int_eq(line.amount_nano, 1500000000);
	ck_assert_int_eq(line.at_ns, INT64_C(1763820000500000000));
}
END_TEST

START_TEST(test_progress)
{
	/* Only a heartbeat's, only a number; anything else is the worker's own. */
	static const struct {
		const char *text;
		bool has;
		int64_t milli;
	} cases[] = {
		{"{\"event\":\"heartbeat\",\"progress\":7}", true, 7000},
		{"{\"event\":\"heartbeat\",\"progress\":0.25}", true, 250},
		{"{\"event\":\"heartbeat\",\"progress\":-1}", true, -1000},
		{"{\"event\":\"heartbeat\",\"progress\":123456789012.5}", true,
			123456789012000},
		{"{\"event\":\"heartbeat\",\"progress\":\"7\"}", false, 0},
		{"{\"event\":\"heartbeat\",\"progress\":[1]}", false, 0},
		{"{\"event\":\"heartbeat\",\"progress\":null}", false, 0},
		{"{\"event\":\"heartbeat\"}", false, 0},
		{"{\"event\":\"run\",\"ok\":true,\"progress\":{\"a\":1}}", false, 0},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct eng_line line;
		struct eng_refusal why;

		ck_assert_msg(scan_bytes(cases[i].text, strlen(cases[i].text), &line,
				      &why) == 0,
			"%s", cases[i].text);
		ck_assert_msg(line.has_progress == cases[i].has, "%s", cases[i].text);
		ck_assert_msg(!cases[i].has || line.progress_nano / 1000000 ==
						       (nv_i128)cases[i].milli,
			"%s", cases[i].text);
	}
}
END_TEST

START_TEST(test_usage)
{
	static const char text[] =
		"{\"event\":\"usage\",\"gen_ai.provider.name\":\"anthropic\","
		"\"gen_ai.request.model\":\"m-1\",\"gen_ai.usage.input_tokens\":1200,"
		"\"gen_ai.usage.output_tokens\":3.4e2,"
		"\"gen_ai.usage.cache_read.input_tokens\":1000.0,"
		"\"gen_ai.usage.cache_creation.input_tokens\":7,\"gen_ai.other\":1}";
	struct eng_line line;
	struct eng_refusal why;

	ck_assert_int_eq(eng_scan(text, sizeof(text) - 1, scratch, &line, &why), 0);
	ck_assert(text_is(&line, ENG_F_PROVIDER, "anthropic"));
	ck_assert(text_is(&line, ENG_F_MODEL, "m-1"));
	ck_assert_uint_eq(line.tokens_in, 1200);
	ck_assert_uint_eq(line.tokens_out, 340);
	ck_assert_uint_eq(line.tokens_read, 1000);
	ck_assert_uint_eq(line.tokens_write, 7);
}
END_TEST

/* The vendors' own objects: what they call input is not the same thing. Examples of
 * platform.claude.com (prompt caching, web search) and platform.openai.com (usage). */
static const struct {
	const char *text;
	uint64_t in, out, read, write, write_1h, audio_in, audio_out, searches;
	const char *model;
	const char *tier;   /* NULL: none */
	const char *reason; /* of a refusal; NULL: taken */
} raws[] = {
	{"\"provider\":\"anthropic\",\"model\":\"c\",\"response_usage\":{\"input_"
	 "tokens\":50,"
	 "\"cache_read_input_tokens\":188086,\"cache_creation_input_tokens\":556,"
	 "\"cache_creation\":{\"ephemeral_5m_input_tokens\":456,"
	 "\"ephemeral_1h_input_tokens\":100},\"output_tokens\":393,"
	 "\"server_tool_use\":{\"web_search_requests\":2},\"service_tier\":\"batch\"}",
		188692, 393, 188086, 456, 100, 0, 0, 2, "c", "batch", NULL},
	/* no split: all of it is for minutes; no sum: the parts are believed */
	{"\"model\":\"c\",\"response_usage\":{\"input_tokens\":1,"
	 "\"cache_creation_input_tokens\":9,\"output_tokens\":2}",
		10, 2, 0, 9, 0, 0, 0, 0, "c", NULL, NULL},
	{"\"model\":\"c\",\"response_usage\":{\"input_tokens\":1,\"cache_creation\":"
	 "{\"ephemeral_5m_input_tokens\":3,\"ephemeral_1h_input_tokens\":4},"
	 "\"cache_creation_input_tokens\":null,\"output_tokens\":2}",
		8, 2, 0, 3, 4, 0, 0, 0, "c", NULL, NULL},
	{"\"model\":\"g\",\"service_tier\":\"flex\",\"response_usage\":{\"prompt_"
	 "tokens\":2006,"
	 "\"completion_tokens\":300,\"total_tokens\":2306,\"prompt_tokens_details\":"
	 "{\"cached_tokens\":1920,\"audio_tokens\":7},\"completion_tokens_details\":"
	 "{\"reasoning_tokens\":0,\"audio_tokens\":5}}",
		2006, 300, 1920, 0, 0, 7, 5, 0, "g", "flex", NULL},
	{" \"model\" : \"g\" , \"response_usage\" : { \"input_tokens\" : 36 , "
	 "\"input_tokens_details\" : { \"cached_tokens\" : 12 } , \"output_tokens\" : 87 "
	 ", "
	 "\"output_tokens_details\" : { \"reasoning_tokens\" : 64 } , \"total_tokens\" : "
	 "123 }",
		36, 87, 12, 0, 0, 0, 0, 0, "g", NULL, NULL},
	{"\"model\":\"d\",\"response_usage\":{\"prompt_tokens\":100,\"completion_"
	 "tokens\":1,"
	 "\"prompt_cache_hit_tokens\":64}",
		100, 1, 64, 0, 0, 0, 0, 0, "d", NULL, NULL},
	/* the model that answered decides */
	{"\"gen_ai.request.model\":\"asked\",\"gen_ai.response.model\":\"answered\","
	 "\"response_usage\":{\"prompt_tokens\":1}",
		1, 0, 0, 0, 0, 0, 0, 0, "answered", NULL, NULL},
	/* what stands deeper, or in texts, is not meant */
	{"\"model\":\"g\",\"response_usage\":{\"x\":{\"prompt_tokens\":9,\"y\":[{\"a\":"
	 "\"}\"}]},"
	 "\"z\":\"\\\"prompt_tokens\\\":8,\",\"input_tokens\":4}",
		4, 0, 0, 0, 0, 0, 0, 0, "g", NULL, NULL},
	{"\"model\":\"g\",\"response_usage\":{}", .reason = "must be the usage object"},
	{"\"model\":\"g\",\"response_usage\":{\"total_tokens\":3}",
		.reason = "must be the usage object"},
	{"\"model\":\"g\",\"response_usage\":{\"prompt_tokens\":-1}",
		.reason = "has a number"},
	{"\"model\":\"g\",\"response_usage\":{\"prompt_tokens\":\"5\"}",
		.reason = "has a number"},
	{"\"model\":\"g\",\"response_usage\":{\"prompt_tokens\":5,"
	 "\"prompt_tokens_details\":{\"cached_tokens\":1.5}}",
		.reason = "has a number"},
	{"\"response_usage\":{\"prompt_tokens\":5}", .reason = "is missing"},
	{"\"model\":7,\"response_usage\":{\"prompt_tokens\":5}",
		.reason = "must be a string"},
	{"\"model\":\"g\",\"service_tier\":7,\"response_usage\":{\"prompt_tokens\":5}",
		.reason = "must be a string"},
};

START_TEST(test_raw_usage)
{
	char text[ENG_LINE_BYTES_MAX];
	struct eng_line line;
	struct eng_refusal why;
	char words[ENG_REFUSAL_BYTES];
	int n = snprintf(text, sizeof text, "{\"event\":\"usage\",%s}", raws[_i].text);

	int rc = eng_scan(text, (size_t)n, scratch, &line, &why);

	if (raws[_i].reason) {
		ck_assert_int_eq(rc, -EINVAL);
		ck_assert_msg(strstr(eng_refusal_text(&why, words), raws[_i].reason),
			"%s", words);
		return;
	}
	ck_assert_msg(rc == 0, "%s", eng_refusal_text(&why, words));
	ck_assert_uint_eq(line.tokens_in, raws[_i].in);
	ck_assert_uint_eq(line.tokens_out, raws[_i].out);
	ck_assert_uint_eq(line.tokens_read, raws[_i].read);
	ck_assert_uint_eq(line.tokens_write, raws[_i].write);
	ck_assert_uint_eq(line.tokens_write_1h, raws[_i].write_1h);
	ck_assert_uint_eq(line.audio_in, raws[_i].audio_in);
	ck_assert_uint_eq(line.audio_out, raws[_i].audio_out);
	ck_assert_uint_eq(line.searches, raws[_i].searches);
	ck_assert_uint_eq(line.model.bytes, strlen(raws[_i].model));
	ck_assert(memcmp(line.model.at, raws[_i].model, line.model.bytes) == 0);
	ck_assert_int_eq(eng_line_has(&line, ENG_F_TIER), raws[_i].tier != NULL);
	if (raws[_i].tier)
		ck_assert(text_is(&line, ENG_F_TIER, raws[_i].tier));
}
END_TEST

/* The longest line, and one byte more. */
START_TEST(test_length)
{
	char text[ENG_LINE_BYTES_MAX + 1];
	static const char head[] = "{\"event\":\"ready\",\"x\":\"";
	struct eng_line line;
	struct eng_refusal why;

	memset(text, 'a', sizeof(text));
	memcpy(text, head, sizeof(head) - 1);
	memcpy(text + ENG_LINE_BYTES_MAX - 3, "\"}", 2);
	ck_assert_int_eq(scan_bytes(text, ENG_LINE_BYTES_MAX - 1, &line, &why), 0);
	memcpy(text + ENG_LINE_BYTES_MAX - 3, "a\"}", 3);
	check_refused(text, ENG_LINE_BYTES_MAX, ENG_R_TOO_LONG,
		"longer than 4096 bytes with its newline");
}
END_TEST

START_TEST(test_depth)
{
	for (int arrays = ENG_SCAN_DEPTH_MAX - 1; arrays <= ENG_SCAN_DEPTH_MAX;
		arrays++) {
		char text[200] = "{\"event\":\"ready\",\"x\":";
		size_t n = strlen(text);

		memset(text + n, '[', (size_t)arrays);
		memset(text + n + arrays, ']', (size_t)arrays);
		text[n + (size_t)arrays * 2] = '}';
		if (arrays < ENG_SCAN_DEPTH_MAX)
			check_valid(text);
		else
			check_refused(text, strlen(text), ENG_R_DEPTH, NULL);
	}
}
END_TEST

/* As many members as fit, all different, then the last one repeated. */
START_TEST(test_many_members)
{
	char text[ENG_LINE_BYTES_MAX];
	size_t n = (size_t)snprintf(text, sizeof(text), "{\"event\":\"ready\",\"\":0");
	unsigned key = 0;

	while (n + 20 < sizeof(text))
		n += (size_t)snprintf(text + n, sizeof(text) - n, ",\"%x\":0", key++);
	size_t end = n;

	(void)snprintf(text + n, sizeof(text) - n, "}");
	check_valid(text);
	(void)snprintf(text + end, sizeof(text) - end, ",\"%x\":0}", key - 1);
	check_refused(text, strlen(text), ENG_R_DUPLICATE, NULL);
}
END_TEST

START_TEST(test_id_length)
{
	char text[300];

	(void)snprintf(text, sizeof(text), "{\"event\":\"ready\",\"id\":\"%0128d\"}", 7);
	check_valid(text);
	(void)snprintf(text, sizeof(text), "{\"event\":\"ready\",\"id\":\"%0129d\"}", 7);
	check_refused(text, strlen(text), ENG_R_ID_LENGTH, "id must have 1 to 128 bytes");
}
END_TEST

/* Every prefix of a valid line is refused, and none reads past its end. */
START_TEST(test_prefixes)
{
	static const char text[] =
		"{\"event\":\"cost\",\"amount\":12.5e-3,\"note\":\"\\u20ac\\n\xc3\xa9\","
		"\"x\":[true,false,null,{\"y\":-1}],\"id\":\"abcdefghijkl\"}";
	struct eng_line line;
	struct eng_refusal why;

	for (size_t n = 0; n < sizeof(text) - 1; n++)
		ck_assert_int_eq(scan_bytes(text, n, &line, &why), -EINVAL);
	ck_assert_int_eq(scan_bytes(text, sizeof(text) - 1, &line, &why), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("scan");
	TCase *tc = tcase_create("scan");

	tcase_add_test(tc, test_valid);
	tcase_add_loop_test(tc, test_refused, 0, (int)NV_LEN(refused));
	tcase_add_test(tc, test_amounts);
	tcase_add_test(tc, test_fields);
	tcase_add_test(tc, test_progress);
	tcase_add_test(tc, test_usage);
	tcase_add_loop_test(tc, test_raw_usage, 0, (int)(sizeof raws / sizeof *raws));
	tcase_add_test(tc, test_length);
	tcase_add_test(tc, test_depth);
	tcase_add_test(tc, test_many_members);
	tcase_add_test(tc, test_id_length);
	tcase_add_test(tc, test_prefixes);
	suite_add_tcase(suite, tc);

	SRunner *runner = srunner_create(suite);

	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
