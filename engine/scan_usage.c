/* What a `usage` event says of tokens: by the names of the OpenTelemetry convention, or
 * as the vendor's own object, whole. The two vendors mean opposite things by "input":
 * Anthropic's input_tokens leaves out what was read from and written to the cache,
 * OpenAI's prompt_tokens (and input_tokens of its Responses) holds it. Here input always
 * holds it. */
#include "scan_private.h"

#include <errno.h>
#include <string.h>

static int
fail(const struct eng_found *s, enum eng_field field, enum eng_reject reject)
{
	*s->why = (struct eng_refusal){reject, 0, (int)field};
	return -EINVAL;
}

/* A whole number below 9.2e9, also written as 3.4e2. */
static bool
count_of(const char *text, size_t bytes, uint64_t *ret)
{
	int64_t nano;
	bool rounded;

	if (nv_money_parse(text, bytes, NV_DECIMAL_ROUND, &nano, &rounded) != 0 ||
		rounded || nano < 0 || nano % NV_MONEY_SCALE != 0)
		return false;
	*ret = (uint64_t)(nano / NV_MONEY_SCALE);
	return true;
}

static int
read_count(const struct eng_found *s, enum eng_field field, uint64_t *ret)
{
	const struct eng_text *text = &s->line->field[field];

	if (eng_line_has(s->line, field) && !count_of(text->at, text->bytes, ret))
		return fail(s, field, ENG_R_COUNT_RANGE);
	return 0;
}

/* ---- a walk over an object that the scanner has found to be well formed ---- */

static const char *
after_space(const char *p)
{
	while (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r')
		p++;
	return p;
}

static const char *
after_string(const char *p)
{
	for (p++; *p != '"'; p++) {
		if (*p == '\\')
			p++;
	}
	return p + 1;
}

static const char *
after_value(const char *p)
{
	unsigned depth = 0;

	do {
		if (*p == '"') {
			p = after_string(p);
			continue;
		}
		if (*p == '{' || *p == '[')
			depth++;
		else if (*p == '}' || *p == ']')
			depth--;
		p++;
	} while (depth > 0 || (p[-1] != '}' && p[-1] != ']' && p[-1] != '"' &&
				      !strchr(",}] \t\r\n", *p)));
	return p;
}

/* The value of a key of the object at `object`; NULL when it has none, or is null, or
 * this is no object. */
static const char *
member(const char *object, const char *key)
{
	size_t bytes = strlen(key);
	const char *p = object;

	if (!p || *p != '{')
		return NULL;
	p = after_space(p + 1);
	while (*p == '"') {
		const char *name = p + 1;
		const char *end = after_string(p);
		const char *value = after_space(after_space(end) + 1);

		if ((size_t)(end - 1 - name) == bytes && memcmp(name, key, bytes) == 0)
			return *value == 'n' ? NULL : value;
		p = after_space(after_value(value));
		if (*p == ',')
			p = after_space(p + 1);
	}
	return NULL;
}

/* 0 when it is not there; `bad` when it is no count. */
static uint64_t
number(const char *object, const char *key, bool *bad)
{
	const char *value = member(object, key);
	uint64_t n = 0;

	if (value && !count_of(value, (size_t)(after_value(value) - value), &n))
		*bad = true;
	return n;
}

/* ---- the vendors' objects ---- */

static void
read_anthropic(const char *raw, struct eng_line *line, bool *bad)
{
	const char *split = member(raw, "cache_creation");
	uint64_t written = number(raw, "cache_creation_input_tokens", bad);
	uint64_t short_ = number(split, "ephemeral_5m_input_tokens", bad);

	line->tokens_write_1h = number(split, "ephemeral_1h_input_tokens", bad);
	/* The sum and its parts say the same; whoever says only one is believed. */
	line->tokens_write =
		written > line->tokens_write_1h ? written - line->tokens_write_1h : 0;
	line->tokens_write = NV_MAX(line->tokens_write, short_);
	line->tokens_read = number(raw, "cache_read_input_tokens", bad);
	line->tokens_in = number(raw, "input_tokens", bad) + line->tokens_read +
			  line->tokens_write + line->tokens_write_1h;
	line->tokens_out = number(raw, "output_tokens", bad);
	line->searches =
		number(member(raw, "server_tool_use"), "web_search_requests", bad);
}

static void
read_openai(const char *raw, const char *in, const char *out, struct eng_line *line,
	bool *bad)
{
	bool chat = strcmp(in, "prompt_tokens") == 0;
	const char *more_in =
		member(raw, chat ? "prompt_tokens_details" : "input_tokens_details");
	const char *more_out =
		member(raw, chat ? "completion_tokens_details" : "output_tokens_details");

	line->tokens_in = number(raw, in, bad);
	line->tokens_out = number(raw, out, bad);
	line->tokens_read = number(more_in, "cached_tokens", bad);
	/* Others who speak OpenAI's language have it here. */
	if (!member(more_in, "cached_tokens"))
		line->tokens_read = number(raw,
			member(raw, "cached_tokens") ? "cached_tokens"
						     : "prompt_cache_hit_tokens",
			bad);
	line->tokens_write = number(more_in, "cache_write_tokens", bad);
	line->audio_in = number(more_in, "audio_tokens", bad);
	line->audio_out = number(more_out, "audio_tokens", bad);
}

/* Which of the three it is shows by its own members. */
static int
read_raw(const struct eng_found *s)
{
	static const char *const anthropics[] = {"cache_creation_input_tokens",
		"cache_read_input_tokens", "cache_creation", "server_tool_use"};
	struct eng_line *line = s->line;
	const char *raw = line->field[ENG_F_RAW].at;
	bool anthropic = false;
	bool bad = false;

	for (size_t i = 0; i < NV_LEN(anthropics); i++)
		anthropic = anthropic || member(raw, anthropics[i]);
	if (*raw != '{')
		return fail(s, ENG_F_RAW, ENG_R_USAGE_OBJECT);
	if (member(raw, "prompt_tokens"))
		read_openai(raw, "prompt_tokens", "completion_tokens", line, &bad);
	else if (!member(raw, "input_tokens"))
		return fail(s, ENG_F_RAW, ENG_R_USAGE_OBJECT);
	else if (anthropic)
		read_anthropic(raw, line, &bad);
	else
		read_openai(raw, "input_tokens", "output_tokens", line, &bad);
	if (bad)
		return fail(s, ENG_F_RAW, ENG_R_USAGE_COUNT);
	/* Anthropic says the tier in it; OpenAI beside it, in the answer. */
	const char *tier = member(raw, "service_tier");

	if (tier && *tier == '"' && !eng_line_has(line, ENG_F_TIER)) {
		line->field[ENG_F_TIER] = (struct eng_text){
			tier + 1, (uint32_t)(after_string(tier) - tier - 2)};
		line->have |= UINT64_C(1) << ENG_F_TIER;
	}
	return 0;
}

/* The model that answered decides, then the one that was asked for. */
static int
find_model(const struct eng_found *s)
{
	static const enum eng_field names[] = {
		ENG_F_RESPONSE_MODEL, ENG_F_MODEL, ENG_F_PLAIN_MODEL};
	struct eng_line *line = s->line;

	for (size_t i = 0; i < NV_LEN(names); i++) {
		enum eng_field f = names[i];

		if (!eng_line_has(line, f))
			continue;
		if (s->kind[f] != V_STRING)
			return fail(s, f, ENG_R_TYPE_STRING);
		line->model = line->field[f];
		return 0;
	}
	return fail(s, ENG_F_MODEL, ENG_R_MISSING);
}

int
eng_scan_usage(const struct eng_found *s)
{
	struct eng_line *line = s->line;
	int rc = find_model(s);

	line->tokens_in = line->tokens_out = line->tokens_read = line->tokens_write = 0;
	line->tokens_write_1h = line->audio_in = line->audio_out = line->searches = 0;
	line->vendor = line->field[ENG_F_PROVIDER];
	if (!eng_line_has(line, ENG_F_PROVIDER))
		line->vendor =
			eng_line_has(line, ENG_F_FROM) && s->kind[ENG_F_FROM] == V_STRING
				? line->field[ENG_F_FROM]
				: (struct eng_text){NULL, 0};
	if (rc == 0 && eng_line_has(line, ENG_F_TIER) && s->kind[ENG_F_TIER] != V_STRING)
		rc = fail(s, ENG_F_TIER, ENG_R_TYPE_STRING);
	if (rc)
		return rc;
	if (eng_line_has(line, ENG_F_RAW))
		return s->kind[ENG_F_RAW] == V_NESTED
			       ? read_raw(s)
			       : fail(s, ENG_F_RAW, ENG_R_USAGE_OBJECT);
	if (!eng_line_has(line, ENG_F_TOKENS_IN) && !eng_line_has(line, ENG_F_TOKENS_OUT))
		return fail(s, ENG_F_TOKENS_IN, ENG_R_MISSING);
	rc = read_count(s, ENG_F_TOKENS_IN, &line->tokens_in);
	if (rc == 0)
		rc = read_count(s, ENG_F_TOKENS_OUT, &line->tokens_out);
	if (rc == 0)
		rc = read_count(s, ENG_F_TOKENS_READ, &line->tokens_read);
	if (rc == 0)
		rc = read_count(s, ENG_F_TOKENS_WRITE, &line->tokens_write);
	return rc;
}
