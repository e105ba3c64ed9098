/* Verb `import`: a batch of rows of another system's books, each an event of its own kind
 * that is stored once, however often it is told. See import.h. */
#include "import.h"

#include "api.h"
#include "book.h"
#include "txn.h"

#include "nv_clock.h"
#include "nv_json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One namespace of ids, whoever the money is booked on: another mapping of names must not
 * book a second time. */
#define SPEAKER "nova.import"

#define AGENTS    "imported/agent/"
#define DECISIONS "imported/decision/"
#define NAMES     "imported/name/"

enum what { COST, REVENUE, AGENT, DECISION, NOTE, N_WHATS };
static const char *const whats[N_WHATS] = {
	[COST] = "cost",
	[REVENUE] = "revenue",
	[AGENT] = "agent",
	[DECISION] = "decision",
	[NOTE] = "note",
};

struct row {
	enum what what;
	const char *id; /* borrowed from the request, as all texts */
	const char *worker;
	const char *currency;
	const char *category; /* NULL = none */
	const char *group;    /* of an agent; NULL = none */
	int64_t at_ns;
	int64_t nano; /* 0: nothing moved */
	bool back;    /* it was taken back */
	char *line;   /* owned */
};

/* ---- reading ---- */

static int
bad_row(struct eng_call *call, size_t i, const char *why)
{
	return nv_err_set(&call->err, -EINVAL, "row %zu: %s", i, why);
}

static int
take_what(const json_t *o, enum what *ret)
{
	const char *text = json_string_value(json_object_get(o, "what"));

	for (int i = 0; text && i < N_WHATS; i++) {
		if (strcmp(text, whats[i]) == 0) {
			*ret = (enum what)i;
			return 0;
		}
	}
	return -EINVAL;
}

static const char *
text_of(const json_t *o, const char *key, size_t bytes_max)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text && text[0] && strlen(text) <= bytes_max ? text : NULL;
}

/* A text that may be missing, and must not be anything else. */
static bool
text_fits(const json_t *o, const char *key, size_t bytes_max)
{
	return !json_object_get(o, key) || text_of(o, key, bytes_max);
}

static const char *
take_names(struct eng_call *call, const json_t *o, struct row *row)
{
	row->id = text_of(o, "id", 128);
	row->worker = text_of(o, "worker", NV_NAME_MAX - 1);
	row->currency = text_of(o, "currency", NV_CURRENCY_BYTES - 1);
	row->category = text_of(o, "category", 64);
	row->group = text_of(o, "group", NV_NAME_MAX - 1);
	if (!row->id || !strchr(row->id, ':'))
		return "id is not SYSTEM:... of at most 128 bytes";
	if (!row->worker || !nv_name_valid(row->worker) || nv_name_is_system(row->worker))
		return "worker is not the name of a worker";
	if (!text_fits(o, "category", 64))
		return "category is not a text of at most 64 bytes";
	if (!text_fits(o, "group", NV_NAME_MAX - 1) ||
		(row->group && (row->what != AGENT || !nv_name_valid(row->group))))
		return "group is not the name of a group, or this is no agent";
	if (row->currency && !eng_currency_known(call->eng->config, row->currency))
		return "currency is neither a code of ISO 4217 nor declared";
	return NULL;
}

static const char *
take_money(const json_t *o, struct row *row)
{
	const char *amount = text_of(o, "amount", 60);
	const json_t *back = json_object_get(o, "back");
	bool money = row->what == COST || row->what == REVENUE;

	row->back = json_is_true(back);
	if (back && !json_is_boolean(back))
		return "back is neither true nor false";
	if (!money)
		return json_object_get(o, "amount") || row->back || row->currency
			       ? "only costs and revenue have an amount"
			       : NULL;
	if (!amount || !row->currency)
		return "amount or currency is missing";
	if (nv_money_parse(amount, strlen(amount), NV_DECIMAL_EXACT, &row->nano, NULL) <
			0 ||
		row->nano < 0)
		return "amount is not a decimal of at most 9 decimals below 9.2e9";
	return NULL;
}

static const char *
take_time(const struct eng_call *call, const json_t *o, struct row *row)
{
	const char *at = text_of(o, "at", 40);

	if (!at || nv_rfc3339_parse(at, strlen(at), &row->at_ns) < 0 || row->at_ns < 0)
		return "at is not a time of RFC 3339 since 1970";
	return row->at_ns > call->now_ns ? "at has not been yet" : NULL;
}

static int
take_row(struct eng_call *call, size_t i, json_t *o, struct row *row)
{
	static const char *const known[] = {"id", "what", "worker", "at", "amount",
		"currency", "back", "category", "group", "data"};
	const char *why = NULL;
	const char *key;
	json_t *value;

	if (!json_is_object(o))
		return bad_row(call, i, "is not an object");
	json_object_foreach(o, key, value)
	{
		size_t k = 0;

		while (k < NV_LEN(known) && strcmp(known[k], key) != 0)
			k++;
		if (k == NV_LEN(known))
			return bad_row(call, i, "has a field nobody knows");
	}
	if (take_what(o, &row->what) < 0)
		why = "what is not cost, revenue, agent, decision or note";
	if (!why)
		why = take_names(call, o, row);
	if (!why)
		why = take_money(o, row);
	if (!why)
		why = take_time(call, o, row);
	if (!why && !json_is_object(json_object_get(o, "data")))
		why = "data is not an object";
	if (why)
		return bad_row(call, i, why);
	json_t *line = json_pack("{s:s}", "event", "imported");

	if (!line || json_object_update(line, o) < 0 ||
		!(row->line = nv_json_line(line))) {
		json_decref(line);
		return -ENOMEM;
	}
	json_decref(line);
	/* A number may be longer than it was written, and a line of the ledger is not
	 * longer than a request. */
	return strlen(row->line) >= ENG_API_LINE_BYTES_MAX
		       ? bad_row(call, i, "is too long")
		       : 0;
}

/* ---- booking ---- */

struct booking {
	struct eng_call *call;
	struct eng_txn txn;
	uint32_t speaker;
	uint64_t booked;
	uint64_t known;
	json_t *refused; /* owned */
};

static size_t
strangers(const struct eng *eng)
{
	size_t n = 0;

	for (const struct eng_worker *w = eng->workers; w; w = w->next)
		n += w->conf == NULL;
	return n;
}

static struct eng_worker *
worker_of(struct eng *eng, const char *name)
{
	struct eng_worker *w = eng_worker_find(eng, name);

	return w || strangers(eng) >= ENG_STRANGERS_MAX ? w : eng_worker_add(eng, name);
}

static void
put_state(struct booking *b, const char *key, const struct led_event *ev)
{
	if (led_batch_state_put(b->txn.batch, key, ev->line, ev->line_bytes) < 0)
		eng_ledger_trouble(
			b->call->eng, "the ledger does not take an imported state");
}

/* What is asked for by name later. */
static void
keep(struct booking *b, struct eng_worker *w, const struct row *row,
	const struct led_event *ev)
{
	char key[200];

	if (!w->past && !w->conf) {
		w->past = true;
		(void)snprintf(key, sizeof key, NAMES "%s", row->worker);
		put_state(b, key, ev);
	}
	if (row->what == AGENT) {
		(void)snprintf(w->past_group, sizeof w->past_group, "%s",
			row->group ? row->group : "");
		(void)snprintf(key, sizeof key, AGENTS "%s", row->worker);
		put_state(b, key, ev);
	} else if (row->what == DECISION) {
		(void)snprintf(key, sizeof key, DECISIONS "%020lld/%s",
			(long long)row->at_ns, row->id);
		put_state(b, key, ev);
	}
}

static const char *
book(struct booking *b, const struct row *row)
{
	struct eng *eng = b->call->eng;
	struct eng_worker *w = worker_of(eng, row->worker);

	if (!w)
		return "too many workers are not in the configuration";
	struct led_event ev = {.kind = LED_IMPORTED,
		.flags = LED_F_MANUAL,
		.worker = eng_txn_worker(eng, &b->txn, w),
		.said_by = b->speaker,
		.claimed_ns = row->at_ns,
		.received_ns = b->txn.now_ns,
		.id = row->id,
		.id_bytes = strlen(row->id),
		.category = row->category,
		.category_bytes = row->category ? strlen(row->category) : 0,
		.line = row->line,
		.line_bytes = strlen(row->line)};

	if (row->nano > 0 &&
		led_batch_post(b->txn.batch, &ev,
			row->what == COST ? LED_CODE_PAST_COST : LED_CODE_PAST_REVENUE,
			NULL, 0, row->nano,
			eng_txn_currency(eng, &b->txn, row->currency)) < 0)
		eng_ledger_trouble(eng, "the ledger does not take a posting");
	if (row->nano > 0 && row->back) {
		struct led_leg *leg = &ev.legs[0];
		uint32_t debit = leg->debit;

		leg->debit = leg->credit;
		leg->credit = debit;
		leg->code |= LED_CODE_REVERSAL;
	}
	int rc = eng_txn_event(eng, &b->txn, w, &ev, NULL);

	if (rc == 1)
		b->known++;
	if (rc == 0) {
		b->booked++;
		keep(b, w, row, &ev);
	}
	if (rc >= 0)
		return NULL;
	return rc == -EEXIST
		       ? "is in the ledger with other content, or for another worker"
		       : "is refused by the ledger";
}

static int
book_all(struct eng_call *call, const struct row *rows, size_t n)
{
	struct booking b = {.call = call, .refused = json_array()};
	struct eng_worker *speaker = eng_worker_add(call->eng, SPEAKER);
	int bad = b.refused && speaker ? 0 : -1;

	if (bad)
		return -ENOMEM;
	eng_txn_begin(call->eng, &b.txn);
	b.speaker = eng_txn_worker(call->eng, &b.txn, speaker);
	for (size_t i = 0; i < n; i++) {
		const char *why = book(&b, &rows[i]);

		if (why)
			bad |= json_array_append_new(
				b.refused, json_pack("{s:I, s:s}", "row", (json_int_t)i,
						   "reason", why));
	}
	eng_txn_commit(call->eng, &b.txn);
	call->data = bad ? NULL
			 : json_pack("{s:I, s:I, s:O}", "booked", (json_int_t)b.booked,
				   "known", (json_int_t)b.known, "refused", b.refused);
	json_decref(b.refused);
	return call->data ? 0 : -ENOMEM;
}

int
eng_verb_import(struct eng_call *call)
{
	json_t *list = json_object_get(call->args, "rows");
	size_t n = json_array_size(list);

	if (n == 0 || n > ENG_IMPORT_ROWS_MAX)
		return nv_err_set(&call->err, -EINVAL,
			"rows is not a list of 1 to %d rows", ENG_IMPORT_ROWS_MAX);
	struct row *rows = calloc(n, sizeof *rows);
	int rc = rows ? 0 : -ENOMEM;

	/* All of them before any is booked. */
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = take_row(call, i, json_array_get(list, i), &rows[i]);
	if (rc == 0)
		rc = book_all(call, rows, n);
	for (size_t i = 0; rows && i < n; i++)
		free(rows[i].line);
	free(rows);
	return rc;
}

/* Who brings what, said once before its rows: these are the same whoever brings them. */
int
eng_verb_import_begin(struct eng_call *call)
{
	const char *file = NULL;
	struct eng_txn txn;
	uint64_t seq = 0;
	int rc = nv_json_need_str(call->args, "file", 4096, &file, &call->err);

	if (rc < 0)
		return rc;
	json_t *o = json_pack("{s:s, s:s, s:o, s:s}", "event", "state", "state", "import",
		"file", nv_json_str(file), "by", call->by);
	NV_CLEANUP_FREE char *line = o ? nv_json_line(o) : NULL;

	json_decref(o);
	if (!line)
		return -ENOMEM;
	eng_txn_begin(call->eng, &txn);
	struct led_event ev = {.kind = LED_STATE,
		.flags = LED_F_MANUAL,
		.claimed_ns = txn.now_ns,
		.received_ns = txn.now_ns,
		.line = line,
		.line_bytes = strlen(line)};

	rc = eng_txn_event(call->eng, &txn, NULL, &ev, &seq);
	eng_txn_commit(call->eng, &txn);
	call->data = json_pack("{s:I}", "seq", (json_int_t)seq);
	return rc < 0 ? rc : call->data ? 0 : -ENOMEM;
}

/* ---- what there is ---- */

static int
add_totals(json_t *list, struct led_view *v, const struct eng_worker *w)
{
	uint32_t n = led_view_n_currencies(v);
	int bad = 0;

	for (uint32_t c = 1; c <= n && w->id != 0; c++) {
		char code[NV_CURRENCY_BYTES];
		struct led_totals t;
		int rc = led_view_past(v, w->id, c, 0, INT64_MAX, &t);

		if (rc == 0)
			rc = led_view_currency_code(v, c, code);
		if (rc == -ENOENT)
			continue;
		if (rc < 0)
			return rc;
		bad |= json_array_append_new(
			list, json_pack("{s:s, s:s, s:o, s:o}", "worker", w->name,
				      "currency", code, "cost", nv_json_money(t.cost),
				      "revenue", nv_json_money(t.revenue)));
	}
	return bad ? -ENOMEM : 0;
}

int
eng_verb_import_totals(struct eng_call *call)
{
	struct led_view *v = NULL;
	json_t *list = json_array();
	int rc = list ? led_view_begin(call->eng->led, &v, &call->err) : -ENOMEM;

	for (const struct eng_worker *w = call->eng->workers; w && rc == 0; w = w->next)
		rc = add_totals(list, v, w);
	led_view_end(v);
	if (rc == 0)
		call->data = json_pack("{s:O}", "workers", list);
	json_decref(list);
	return rc < 0 ? rc : call->data ? 0 : -ENOMEM;
}

static int
load_agent(void *arg, const char *key, const void *value, size_t bytes)
{
	struct eng_worker *w = eng_worker_find(arg, key + strlen(AGENTS));
	json_t *o = w ? json_loadb(value, bytes, 0, NULL) : NULL;
	const char *group = json_string_value(json_object_get(o, "group"));

	if (group && nv_name_valid(group))
		(void)snprintf(w->past_group, sizeof w->past_group, "%s", group);
	json_decref(o);
	return 0;
}

static int
load_name(void *arg, const char *key, const void *value, size_t bytes)
{
	struct eng_worker *w = eng_worker_find(arg, key + strlen(NAMES));

	(void)value;
	(void)bytes;
	if (w)
		w->past = true;
	return 0;
}

int
eng_import_load(struct eng *eng, struct led_view *v)
{
	int rc = led_view_states(v, NAMES, load_name, eng);

	return rc == 0 ? led_view_states(v, AGENTS, load_agent, eng) : rc;
}

bool
eng_import_only(const struct eng_worker *w)
{
	const struct led_totals *t = &w->totals;
	nv_i128 moved = t->cost | t->revenue | t->refunds | t->fees | t->disputes |
			t->payouts | t->grants;

	return (w->past || t->events == 0) && !w->conf && !w->system && !w->instances &&
	       moved == 0 && !w->uncounted.codes[0] && t->runs_ok == 0 &&
	       t->runs_failed == 0 && t->crashes == 0 && t->rejected == 0;
}

struct decisions {
	json_t *list; /* newest first */
	const char *worker;
	int64_t since_ns;
	size_t limit;
	int bad;
};

static int
one_decision(void *arg, const char *key, const void *value, size_t bytes)
{
	struct decisions *ds = arg;
	int64_t at_ns = strtoll(key + strlen(DECISIONS), NULL, 10);

	if (at_ns < ds->since_ns || json_array_size(ds->list) >= ds->limit)
		return 1;
	json_t *o = json_loadb(value, bytes, 0, NULL);
	const char *worker = json_string_value(json_object_get(o, "worker"));
	bool wanted = o && worker && (!ds->worker || strcmp(ds->worker, worker) == 0);

	if (wanted)
		ds->bad |= json_array_append(ds->list, o);
	json_decref(o);
	return ds->bad;
}

json_t *
eng_import_decisions(
	struct led_view *v, const char *worker, int64_t since_ns, size_t limit)
{
	struct decisions ds = {.list = json_array(),
		.worker = worker,
		.since_ns = since_ns,
		.limit = limit};
	json_t *list = json_array();
	int bad = ds.list && list ? 0 : -1;

	if (!bad && led_view_states_back(v, DECISIONS, one_decision, &ds) < 0)
		bad = -1;
	for (size_t i = json_array_size(ds.list); !bad && i-- > 0;)
		bad = json_array_append(list, json_array_get(ds.list, i));
	json_decref(ds.list);
	if (!bad && !ds.bad)
		return list;
	json_decref(list);
	return NULL;
}
