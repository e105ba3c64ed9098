/* Result lines and event lines: see result.h. */
#include "result.h"
#include "nv_clock.h"
#include "nv_money.h"
#include "nv_name.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define AMOUNT_BYTES_MAX 128 /* text of an amount */
#define TEXT_BYTES_MAX   512 /* raw text of any other member */
#define QUOTE_BYTES_MAX  1500
#define ERROR_BYTES_MAX  400

static_assert(2 * AMOUNT_BYTES_MAX + 4 * TEXT_BYTES_MAX + 3 * RN_RUN_ID_BYTES +
			      NV_NAME_MAX + 220 <
		      RN_EVENT_BYTES_MAX,
	"the longest result must fit into one line");
/* Each byte quoted may become six. */
static_assert(6 * ERROR_BYTES_MAX + 3 * RN_RUN_ID_BYTES + NV_NAME_MAX + 220 <
		      RN_EVENT_BYTES_MAX,
	"the longest error must fit into one line");

static int
on_member(
	void *arg, const char *key, const struct rn_json_value *value, struct nv_err *err)
{
	struct rn_result *r = arg;
	const struct {
		const char *key;
		struct rn_json_value *to;
		bool amount;
	} known[] = {
		{"revenue", &r->revenue, true},
		{"cost", &r->cost, true},
		{"currency", &r->currency, false},
		{"source", &r->source, false},
		{"category", &r->category, false},
		{"vendor", &r->vendor, false},
		{"external_id", &r->external_id, false},
	};

	for (size_t i = 0; i < NV_LEN(known); i++) {
		if (strcmp(key, known[i].key) != 0)
			continue;
		bool number =
			value->type == RN_JSON_NUMBER || value->type == RN_JSON_NONFINITE;

		if (known[i].to->text)
			return nv_err_set(err, -EINVAL, "\"%s\" is there twice", key);
		if (value->type == RN_JSON_NULL)
			return 0;
		if (value->type != RN_JSON_STRING && !(known[i].amount && number))
			return nv_err_set(err, -EINVAL, "expected \"%s\" to be %s", key,
				known[i].amount ? "an amount" : "a string");
		if (value->bytes > (known[i].amount ? AMOUNT_BYTES_MAX : TEXT_BYTES_MAX))
			return nv_err_set(err, -EINVAL, "\"%s\" is too long", key);
		*known[i].to = *value;
	}
	return 0;
}

int
rn_result_parse(const char *line, size_t bytes, struct rn_result *ret, struct nv_err *err)
{
	struct rn_result result = {0};

	while (bytes > 0 && (*line == ' ' || *line == '\t')) {
		line++;
		bytes--;
	}
	if (bytes == 0 || *line != '{')
		return 0;
	int rc = rn_json_object(line, bytes, on_member, &result, err);

	if (rc < 0) {
		bool meant = memmem(line, bytes, "\"revenue\"", 9) ||
			     memmem(line, bytes, "\"cost\"", 6);

		return meant ? rc : 0;
	}
	if (!result.revenue.text && !result.cost.text)
		return 0;
	*ret = result;
	return 1;
}

/* An amount that is exactly zero says that nothing was earned or spent: no event. What
 * is no amount at all goes on to the engine, which quarantines it with the reason. */
static bool
is_zero(const struct rn_json_value *value)
{
	char text[AMOUNT_BYTES_MAX + 1];
	int64_t nano = 0;
	bool rounded = false;

	if (value->type == RN_JSON_STRING) {
		if (rn_json_string(value, text, sizeof(text)) < 0)
			return false;
	} else {
		memcpy(text, value->text, value->bytes);
		text[value->bytes] = '\0';
	}
	return nv_money_parse(text, strlen(text), NV_DECIMAL_ROUND, &nano, &rounded) ==
		       0 &&
	       nano == 0 && !rounded;
}

static void
put_raw(struct nv_buf *out, const char *key, const struct rn_json_value *value)
{
	if (!value->text)
		return;
	nv_buf_printf(out, ",\"%s\":", key);
	nv_buf_add(out, value->text, value->bytes);
}

static void
put_head(struct nv_buf *out, const char *event, const char *suffix,
	const struct rn_run_report *run)
{
	int64_t ms = run->at_wall_ns / NV_NS_PER_MS;

	nv_buf_printf(out,
		"{\"event\":\"%s\",\"id\":\"%s.%s\",\"run\":\"%s\","
		"\"at\":%" PRId64 ".%03" PRId64,
		event, run->run_id, suffix, run->run_id, ms / 1000, ms % 1000);
	if (run->variant[0])
		nv_buf_printf(out, ",\"variant\":\"%s\"", run->variant);
}

/* When the run was that earned it: its own line comes after this one. */
static void
put_run_at(struct nv_buf *out, const struct rn_run_report *run)
{
	int64_t ms = NV_MAX(run->at_wall_ns / NV_NS_PER_MS - run->duration_ms, 0);

	nv_buf_printf(out, ",\"run_at\":%" PRId64 ".%03" PRId64, ms / 1000, ms % 1000);
}

void
rn_event_begin(struct nv_buf *out, const char *run_id, const char *variant)
{
	nv_buf_printf(out, "{\"event\":\"begin\",\"run\":\"%s\",\"variant\":\"%s\"}\n",
		run_id, variant);
}

void
rn_event_result(struct nv_buf *out, const struct rn_result *result,
	const struct rn_run_report *run)
{
	if (result->revenue.text && !is_zero(&result->revenue)) {
		put_head(out, "revenue", "revenue", run);
		put_run_at(out, run);
		put_raw(out, "amount", &result->revenue);
		put_raw(out, "currency", &result->currency);
		put_raw(out, "source", &result->source);
		put_raw(out, "external_id", &result->external_id);
		nv_buf_puts(out, "}\n");
	}
	if (result->cost.text && !is_zero(&result->cost)) {
		put_head(out, "cost", "cost", run);
		put_raw(out, "amount", &result->cost);
		put_raw(out, "currency", &result->currency);
		put_raw(out, "category", &result->category);
		put_raw(out, "vendor", &result->vendor);
		nv_buf_puts(out, "}\n");
	}
}

/* As much of the text as stays within `max` bytes once it is quoted. */
static void
put_quoted(struct nv_buf *out, const char *text, size_t bytes, size_t max)
{
	size_t used = 0;
	size_t take = 0;

	while (take < bytes) {
		unsigned char c = (unsigned char)text[take];
		size_t len = nv_utf8_len(text + take, bytes - take);
		size_t cost = len == 0 || c < 0x20 || c == 0x7f ? 6
			      : c == '"' || c == '\\'           ? 2
								: len;

		if (used + cost > max)
			break;
		used += cost;
		take += len ? len : 1;
	}
	nv_buf_put_json(out, text, take);
}

void
rn_event_bad_result(struct nv_buf *out, const char *line, size_t bytes, const char *why,
	const struct rn_run_report *run)
{
	put_head(out, "result", "result", run);
	nv_buf_puts(out, ",\"note\":");
	put_quoted(out, why, strlen(why), ERROR_BYTES_MAX);
	nv_buf_puts(out, ",\"line\":");
	put_quoted(out, line, bytes, QUOTE_BYTES_MAX);
	nv_buf_puts(out, "}\n");
}

void
rn_event_run(struct nv_buf *out, const struct rn_run_report *run)
{
	put_head(out, "run", "run", run);
	nv_buf_printf(out, ",\"ok\":%s,\"duration_ms\":%" PRId64,
		run->ok ? "true" : "false", run->duration_ms);
	if (run->error) {
		nv_buf_puts(out, ",\"error\":");
		put_quoted(out, run->error, strlen(run->error), ERROR_BYTES_MAX);
	}
	nv_buf_puts(out, "}\n");
}

void
rn_event_reserve(struct nv_buf *out, const char *id, const char *run_id)
{
	nv_buf_printf(out, "{\"event\":\"reserve\",\"id\":\"%s\",\"run\":\"%s\"}\n", id,
		run_id);
}

void
rn_event_release(struct nv_buf *out, const char *id)
{
	nv_buf_printf(out, "{\"event\":\"release\",\"of\":\"%s\"}\n", id);
}

void
rn_event_heartbeat(struct nv_buf *out, const char *status)
{
	nv_buf_puts(out, "{\"event\":\"heartbeat\",\"status\":");
	put_quoted(out, status, strlen(status), ERROR_BYTES_MAX);
	nv_buf_puts(out, "}\n");
}
