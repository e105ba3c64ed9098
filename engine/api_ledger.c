/* Verbs about the ledger itself: ping, track, events, quarantine, ledger.stats. */
#include "api.h"
#include "evidence.h"
#include "fleet.h"
#include "report.h"
#include "retention.h"
#include "txn.h"

#include "nv_clock.h"
#include "nv_json.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int
eng_verb_ping(struct eng_call *call)
{
	int64_t up_ms = (nv_mono_ns() - call->eng->started_mono_ns) / NV_NS_PER_MS;
	struct eng_evidence_figures evidence;

	const char *retention = eng_retention_problem(call->eng);

	eng_evidence_figures(call->eng, &evidence);
	call->data = json_pack("{s:s, s:i, s:f, s:I, s:o, s:o, s:o, s:o}", "version",
		NOVA_VERSION, "pid", (int)getpid(), "uptime_s", (double)up_ms / 1000.,
		"config_gen", (json_int_t)call->eng->config_gen, "price_problem",
		call->eng->price_problem[0] ? nv_json_str(call->eng->price_problem)
					    : json_null(),
		"anchor_problem",
		evidence.anchor_problem[0] ? nv_json_str(evidence.anchor_problem)
					   : json_null(),
		"seal_problem",
		evidence.seal_problem[0] ? nv_json_str(evidence.seal_problem)
					 : json_null(),
		"retention_problem", retention[0] ? nv_json_str(retention) : json_null());
	return 0;
}

/* ---- track ---- */

struct entry {
	const char *word;
	enum led_kind kind;
	enum led_code code;
	struct eng_worker *worker;
	int64_t nano;
	char currency[NV_CURRENCY_BYTES];
	int64_t rate_nano;
	const char *source;
	const char *id;
	const char *note;
};

static int
take_kind(struct eng_call *call, struct entry *e)
{
	static const struct {
		const char *word;
		enum led_kind kind;
		enum led_code code;
	} kinds[] = {
		{"cost", LED_COST, LED_CODE_COST},
		{"revenue", LED_REVENUE, LED_CODE_REVENUE},
		{"refund", LED_REFUND, LED_CODE_REFUND},
	};
	int rc = nv_json_need_str(call->args, "kind", 20, &e->word, &call->err);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < NV_LEN(kinds); i++) {
		if (strcmp(e->word, kinds[i].word) == 0) {
			e->kind = kinds[i].kind;
			e->code = kinds[i].code;
			return 0;
		}
	}
	return nv_err_set(&call->err, -EINVAL,
		"kind is \"%s\", expected cost, revenue or refund", e->word);
}

static int
take_amount(struct eng_call *call, struct entry *e)
{
	const char *text = NULL;
	const char *currency = call->eng->config->base_currency;
	int rc = nv_json_need_str(call->args, "amount", 60, &text, &call->err);

	if (rc < 0)
		return rc;
	rc = nv_money_parse(text, strlen(text), NV_DECIMAL_EXACT, &e->nano, NULL);
	if (rc == -EDOM)
		return nv_err_set(&call->err, -EINVAL,
			"amount \"%s\" has more than 9 decimals", text);
	if (rc == -ERANGE)
		return nv_err_set(&call->err, -EINVAL,
			"amount \"%s\" is too large: below 9.2e9 is expected", text);
	if (rc < 0 || e->nano <= 0)
		return nv_err_set(&call->err, -EINVAL,
			"amount is \"%s\", expected a decimal above 0, such as 12.34",
			text);
	rc = nv_json_get_str(call->args, "currency", 10, &currency, &call->err);
	if (rc < 0 && rc != -ENOENT)
		return rc;
	if (!nv_currency_valid(currency) ||
		!eng_currency_known(call->eng->config, currency))
		return nv_err_set(&call->err, -EINVAL,
			"currency %s is neither a code of ISO 4217 nor declared under "
			"currencies",
			currency);
	/* Without a rate it stays 0: in the base currency it does not count. */
	(void)eng_rate(call->eng->config, currency, &e->rate_nano);
	(void)snprintf(e->currency, sizeof e->currency, "%s", currency);
	return 0;
}

static int
take_entry(struct eng_call *call, struct entry *e)
{
	const char *worker = NULL;
	int rc = take_kind(call, e);

	if (rc == 0)
		rc = nv_json_need_str(call->args, "worker", 200, &worker, &call->err);
	if (rc == 0)
		rc = eng_api_worker(call, worker, &e->worker);
	if (rc == 0)
		rc = take_amount(call, e);
	if (rc < 0)
		return rc;
	rc = nv_json_get_str(call->args, "source", 64, &e->source, &call->err);
	if (rc < 0 && rc != -ENOENT)
		return rc;
	rc = nv_json_get_str(call->args, "note", 500, &e->note, &call->err);
	if (rc < 0 && rc != -ENOENT)
		return rc;
	rc = nv_json_get_str(call->args, "id", 128, &e->id, &call->err);
	if (rc < 0 && rc != -ENOENT)
		return rc;
	if (e->id && !e->id[0])
		return nv_err_set(&call->err, -EINVAL, "id is empty");
	return 0;
}

/* As the worker itself would have said it, and who did. */
static char *
entry_line(const struct eng_call *call, const struct entry *e)
{
	char money[NV_MONEY_BYTES];
	json_t *o = json_object();
	int bad = o ? 0 : -1;

	bad |= json_object_set_new(o, "event", json_string(e->word));
	bad |= json_object_set_new(
		o, "amount", json_string(nv_money_text(e->nano, money)));
	bad |= json_object_set_new(o, "currency", json_string(e->currency));
	if (e->source)
		bad |= json_object_set_new(o, e->kind == LED_COST ? "category" : "source",
			json_string(e->source));
	if (e->id)
		bad |= json_object_set_new(o, "id", json_string(e->id));
	if (e->note)
		bad |= json_object_set_new(o, "note", json_string(e->note));
	bad |= json_object_set_new(o, "entered_by", json_sprintf("uid %u", call->uid));
	char *line = bad ? NULL : nv_json_line(o);

	json_decref(o);
	return line;
}

int
eng_verb_track(struct eng_call *call)
{
	struct eng *eng = call->eng;
	struct entry e = {0};
	struct eng_txn txn = {0};
	uint64_t seq = 0;
	int rc = take_entry(call, &e);
	NV_CLEANUP_FREE char *line = rc == 0 ? entry_line(call, &e) : NULL;

	if (rc < 0 || !line)
		return rc < 0 ? rc : -ENOMEM;
	eng_txn_begin(eng, &txn);
	struct led_event ev = {
		.kind = e.kind,
		.flags = LED_F_MANUAL,
		.worker = eng_txn_worker(eng, &txn, e.worker),
		.claimed_ns = txn.now_ns,
		.received_ns = txn.now_ns,
		.id = e.id,
		.id_bytes = e.id ? strlen(e.id) : 0,
		.category = e.source,
		.category_bytes = e.source ? strlen(e.source) : 0,
		.line = line,
		.line_bytes = strlen(line),
	};
	const char *party = e.source ? e.source : "manual";

	rc = led_batch_post(txn.batch, &ev, e.code, party, strlen(party), e.nano,
		led_batch_currency_id(txn.batch, e.currency));
	if (rc == 0)
		rc = eng_txn_event(eng, &txn, e.worker, &ev, &seq);
	if (rc < 0 && rc != -EEXIST && rc != -EINVAL)
		eng_ledger_trouble(eng, "a manual entry cannot be written");
	/* Also when it was refused: a duplicate is counted, and a new name is kept. */
	eng_txn_commit(eng, &txn);
	if (rc == -EEXIST)
		return nv_err_set(&call->err, -EALREADY,
			"id \"%s\" is taken by another entry of %s", e.id,
			e.worker->name);
	if (rc < 0)
		return nv_err_set(&call->err, rc, "the ledger refuses the entry: %s",
			strerror(-rc));
	if (rc == 0 && e.kind == LED_COST)
		e.worker->manual_cost += eng_convert(e.nano, e.rate_nano);
	call->data =
		json_pack("{s:I, s:b}", "seq", (json_int_t)seq, "duplicate", rc == 1);
	return 0;
}

/* ---- events ---- */

static int
take_worker(struct eng_call *call, struct eng_worker **ret)
{
	const char *name = NULL;
	int rc = nv_json_get_str(call->args, "worker", 200, &name, &call->err);

	if (rc == -ENOENT)
		return 0;
	return rc < 0 ? rc : eng_api_worker(call, name, ret);
}

static int
take_u64(struct eng_call *call, const char *key, uint64_t max, uint64_t *ret)
{
	int rc = nv_json_get_u64(call->args, key, 0, max, ret, &call->err);

	return rc == -ENOENT ? 0 : rc;
}

static int
event_list(struct eng_call *call, uint64_t limit, uint64_t *ret_last_seq)
{
	struct eng_worker *w = NULL;
	struct led_view *v = NULL;
	struct led_stats stats = {0};
	uint64_t since = 0;
	int rc = take_worker(call, &w);

	if (rc == 0)
		rc = take_u64(call, "since_seq", INT64_MAX, &since);
	if (rc == 0)
		rc = take_u64(call, "limit", ENG_API_ROWS_MAX, &limit);
	if (rc == 0)
		rc = led_view_begin(call->eng->led, &v, &call->err);
	if (rc < 0)
		return rc;
	json_t *list = limit == 0 ? json_array()
				  : eng_json_events(call->eng, v, w, since, limit);

	rc = led_view_stats(v, &stats);
	led_view_end(v);
	*ret_last_seq = stats.events; /* seqs are dense from 1 */
	call->data = json_pack(
		"{s:o, s:I}", "events", list, "last_seq", (json_int_t)stats.events);
	return rc;
}

int
eng_verb_events(struct eng_call *call)
{
	uint64_t last = 0;

	return event_list(call, 50, &last);
}

/* The last events (or those since since_seq), then whatever comes. */
int
eng_verb_follow(struct eng_call *call)
{
	uint64_t last = 0;
	uint64_t since = 0;
	const char *worker = json_string_value(json_object_get(call->args, "worker"));
	int rc = event_list(call, 0, &last);

	if (rc < 0)
		return rc;
	if (take_u64(call, "since_seq", INT64_MAX, &since) == 0 && since > 0) {
		const json_t *list = json_object_get(call->data, "events");
		size_t n = json_array_size(list);
		const json_t *end = n ? json_array_get(list, n - 1) : NULL;

		/* A page may have ended before the newest one. */
		last = end ? (uint64_t)json_integer_value(json_object_get(end, "seq"))
			   : NV_MIN(since - 1, last);
	}
	eng_api_follow(call->client, worker ? worker : "", last);
	return 0;
}

/* ---- quarantine, stats ---- */

struct bad_walk {
	json_t *list;
	struct led_view *view;
	uint32_t worker;
	size_t limit;
	int bad;
};

static int
one_bad(void *arg, const struct led_bad *bad)
{
	struct bad_walk *w = arg;
	char name[NV_NAME_MAX];
	bool named =
		bad->worker != 0 && led_view_worker_name(w->view, bad->worker, name) == 0;

	if (json_array_size(w->list) >= w->limit)
		return 1;
	if (w->worker != 0 && bad->worker != w->worker)
		return 0;
	w->bad |= json_array_append_new(w->list,
		json_pack("{s:I, s:o, s:o, s:s, s:I, s:o, s:o, s:I}", "seq",
			(json_int_t)bad->seq, "at", nv_json_time(bad->received_ns),
			"worker", named ? json_string(name) : json_null(), "reason",
			bad->reason ? bad->reason : "", "offset",
			(json_int_t)bad->stream_offset, "stream",
			json_sprintf("%llu", (unsigned long long)bad->stream), "line",
			nv_json_text(bad->bytes, bad->n_bytes), "bytes",
			(json_int_t)bad->n_bytes_whole));
	return w->bad;
}

int
eng_verb_quarantine(struct eng_call *call)
{
	struct eng_worker *w = NULL;
	struct bad_walk walk = {.limit = 50};
	uint64_t limit = 50;
	int rc = take_worker(call, &w);

	if (rc == 0)
		rc = take_u64(call, "limit", ENG_API_ROWS_MAX, &limit);
	if (rc == 0)
		rc = led_view_begin(call->eng->led, &walk.view, &call->err);
	if (rc < 0)
		return rc;
	walk.list = json_array();
	walk.limit = limit;
	walk.worker = w ? w->id : 0;
	/* Newest first. */
	if (!w || w->id != 0)
		rc = led_view_quarantine(walk.view, 0, true, one_bad, &walk);
	led_view_end(walk.view);
	call->data = json_pack("{s:o}", "quarantine", walk.list);
	return rc == 1 ? 0 : rc;
}

int
eng_verb_stats(struct eng_call *call)
{
	struct led_view *v = NULL;
	struct led_stats s = {0};
	char hex[65];
	int rc = led_view_begin(call->eng->led, &v, &call->err);

	if (rc < 0)
		return rc;
	rc = led_view_stats(v, &s);
	led_view_end(v);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < sizeof s.head_hash; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", s.head_hash[i]);
	call->data = json_pack("{s:I, s:I, s:I, s:I, s:I, s:s, s:I}", "events",
		(json_int_t)s.events, "quarantined", (json_int_t)s.quarantined, "streams",
		(json_int_t)s.streams, "duplicates_refused",
		(json_int_t)s.duplicates_refused, "batches", (json_int_t)s.batches,
		"head_hash", hex, "bytes", (json_int_t)s.bytes);
	return 0;
}
