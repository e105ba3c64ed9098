/* What a person enters by hand: track, and ledger.correct. An entry is put as the line
 * the worker itself would have said, and booked by the same rules. */
#include "api.h"
#include "book.h"
#include "fleet.h"
#include "report.h"

#include "nv_json.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- the line of an entry ---- */

static const struct {
	const char *arg;
	const char *field; /* of the line */
	size_t max;
} texts[] = {
	{"id", "id", 128},
	{"note", "note", 500},
	{"of", "of", 200},
	{"status", "status", 20},
	{"run", "run", 128},
	{"variant", "variant", 64},
	{"operation", "operation", 64},
	{"external_id", "external_id", 200},
	{"to_currency", "to_currency", 10},
};

/* Exact, with the sentence a person needs. ret NULL: only checked. */
static int
take_amount(struct eng_call *call, const char *arg, bool required, int64_t *ret,
	const char **ret_text)
{
	const char *text = NULL;
	int64_t nano = 0;
	int rc = nv_json_get_str(call->args, arg, 60, &text, &call->err);

	*ret_text = NULL;
	if (rc == -ENOENT && !required)
		return 0;
	if (rc < 0)
		return rc == -ENOENT
			       ? nv_err_set(&call->err, -EINVAL, "%s is missing", arg)
			       : rc;
	rc = nv_money_parse(text, strlen(text), NV_DECIMAL_EXACT, &nano, NULL);
	if (rc == -EDOM)
		return nv_err_set(&call->err, -EINVAL,
			"%s \"%s\" has more than 9 decimals", arg, text);
	if (rc == -ERANGE)
		return nv_err_set(&call->err, -EINVAL,
			"%s \"%s\" is too large: below 9.2e9 is expected", arg, text);
	if (rc < 0 || nano <= 0)
		return nv_err_set(&call->err, -EINVAL,
			"%s is \"%s\", expected a decimal above 0, such as 12.34", arg,
			text);
	*ret_text = text;
	if (ret)
		*ret = nano;
	return 0;
}

static int
put_amount(struct eng_call *call, json_t *line, const char *arg, bool required)
{
	const char *text;
	int rc = take_amount(call, arg, required, NULL, &text);

	if (rc < 0 || !text)
		return rc;
	return json_object_set_new(line, arg, json_string(text)) < 0 ? -ENOMEM : 0;
}

static int
put_texts(struct eng_call *call, json_t *line)
{
	for (size_t i = 0; i < NV_LEN(texts); i++) {
		const char *text = NULL;
		int rc = nv_json_get_str(
			call->args, texts[i].arg, texts[i].max, &text, &call->err);

		if (rc < 0 && rc != -ENOENT)
			return rc;
		if (rc == -ENOENT)
			continue;
		if (!text[0])
			return nv_err_set(
				&call->err, -EINVAL, "%s is empty", texts[i].arg);
		if (json_object_set_new(line, texts[i].field, nv_json_str(text)) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* The source of a cost is its category and vendor. */
static int
put_source(struct eng_call *call, json_t *line, bool cost)
{
	const char *source = NULL;
	int rc = nv_json_get_str(call->args, "source", 64, &source, &call->err);
	int bad = 0;

	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	bad |= json_object_set_new(
		line, cost ? "category" : "source", nv_json_str(source));
	if (cost)
		bad |= json_object_set_new(line, "vendor", nv_json_str(source));
	return bad ? -ENOMEM : 0;
}

static int
put_currency(struct eng_call *call, json_t *line)
{
	const char *currency = NULL;
	int rc = nv_json_get_str(call->args, "currency", 10, &currency, &call->err);

	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	return json_object_set_new(line, "currency", nv_json_str(currency)) < 0 ? -ENOMEM
										: 0;
}

static const char *const kinds[] = {
	"cost", "revenue", "refund", "dispute", "fee", "payout", "conversion", "grant"};

static int
take_kind(struct eng_call *call, const char **ret)
{
	int rc = nv_json_need_str(call->args, "kind", 20, ret, &call->err);

	for (size_t i = 0; rc == 0 && i < NV_LEN(kinds); i++) {
		if (strcmp(*ret, kinds[i]) == 0)
			return 0;
	}
	return rc < 0 ? rc
		      : nv_err_set(&call->err, -EINVAL,
				"kind is \"%s\", expected cost, revenue, refund, "
				"dispute, "
				"fee, payout, conversion or grant",
				*ret);
}

/* As the worker itself would have said it, and who did. */
static int
entry_line(struct eng_call *call, const char *kind, char **ret)
{
	json_t *line = json_pack("{s:s}", "event", kind);
	const char *status = json_string_value(json_object_get(call->args, "status"));
	bool ends = strcmp(kind, "dispute") == 0 && status &&
		    (strcmp(status, "won") == 0 || strcmp(status, "lost") == 0);
	int rc = line ? put_amount(call, line, "amount", !ends) : -ENOMEM;

	if (rc == 0)
		rc = put_amount(call, line, "fee", false);
	if (rc == 0)
		rc = put_amount(call, line, "to_amount", false);
	if (rc == 0)
		rc = put_currency(call, line);
	if (rc == 0)
		rc = put_source(call, line, strcmp(kind, "cost") == 0);
	if (rc == 0)
		rc = put_texts(call, line);
	if (rc == 0 && json_object_set_new(line, "entered_by", json_string(call->by)) < 0)
		rc = -ENOMEM;
	if (rc == 0) {
		*ret = nv_json_line(line);
		rc = *ret ? 0 : -ENOMEM;
	}
	json_decref(line);
	return rc;
}

/* ---- track ---- */

/* More budget for a worker: no event of its own could say so. */
static int
book_grant(struct eng_call *call, struct eng_txn *txn, struct eng_worker *w,
	const char *line, uint64_t *ret_seq, char reason[ENG_REASON_BYTES])
{
	const char *currency = call->eng->config->base_currency;
	const char *id = json_string_value(json_object_get(call->args, "id"));
	const char *text;
	int64_t nano = 0;
	int rc = take_amount(call, "amount", true, &nano, &text);

	(void)nv_json_get_str(call->args, "currency", 10, &currency, &call->err);
	if (rc == 0 && !eng_currency_known(call->eng->config, currency))
		rc = -EINVAL;
	if (rc < 0) {
		(void)snprintf(reason, ENG_REASON_BYTES,
			"currency %s is neither a code of ISO 4217 nor declared under "
			"currencies",
			currency);
		return rc;
	}
	struct led_event ev = {.kind = LED_GRANT,
		.flags = LED_F_MANUAL,
		.worker = eng_txn_worker(call->eng, txn, w),
		.claimed_ns = txn->now_ns,
		.received_ns = txn->now_ns,
		.id = id,
		.id_bytes = id ? strlen(id) : 0,
		.line = line,
		.line_bytes = strlen(line)};

	rc = led_batch_post(txn->batch, &ev, LED_CODE_GRANT, NULL, 0, nano,
		eng_txn_currency(call->eng, txn, currency));
	if (rc == 0)
		rc = eng_txn_event(call->eng, txn, w, &ev, ret_seq);
	if (rc == -EEXIST)
		(void)snprintf(reason, ENG_REASON_BYTES,
			"id is known already, with other content");
	return rc == -EEXIST ? -EALREADY : rc;
}

/* A person's cost is no run's: it does not count against a cap per run. */
static void
note_manual_cost(struct eng_call *call, struct eng_worker *w)
{
	const char *currency = call->eng->config->base_currency;
	const char *text;
	int64_t nano = 0;
	int64_t rate = 0;

	(void)nv_json_get_str(call->args, "currency", 10, &currency, &call->err);
	if (take_amount(call, "amount", true, &nano, &text) == 0 &&
		eng_rate(call->eng->config, currency, &rate))
		w->manual_cost += eng_convert(nano, rate);
}

int
eng_verb_track(struct eng_call *call)
{
	struct eng *eng = call->eng;
	struct eng_txn txn = {0};
	struct eng_worker *w = NULL;
	const char *kind = NULL;
	const char *worker = NULL;
	char reason[ENG_REASON_BYTES] = "";
	NV_CLEANUP_FREE char *line = NULL;
	uint64_t seq = 0;
	int rc = take_kind(call, &kind);

	if (rc == 0)
		rc = nv_json_need_str(call->args, "worker", 200, &worker, &call->err);
	if (rc == 0)
		rc = eng_api_worker(call, worker, &w);
	if (rc == 0)
		rc = entry_line(call, kind, &line);
	if (rc < 0 || !line || !w)
		return rc < 0 ? rc : -ENOMEM;
	bool grant = strcmp(kind, "grant") == 0;

	eng_txn_begin(eng, &txn);
	rc = grant ? book_grant(call, &txn, w, line, &seq, reason)
		   : eng_book_manual(eng, &txn, w, line, strlen(line), &seq, reason);
	/* Also when it was refused: a duplicate is counted, and a new name is kept. */
	eng_txn_commit(eng, &txn);
	if (rc == -EALREADY)
		return nv_err_set(&call->err, rc,
			"id \"%s\" is taken by another entry of %s",
			json_string_value(json_object_get(call->args, "id")), w->name);
	if (rc < 0)
		return nv_err_set(&call->err, rc, "%s", reason);
	if (rc == 0 && strcmp(kind, "cost") == 0)
		note_manual_cost(call, w);
	call->data =
		json_pack("{s:I, s:b}", "seq", (json_int_t)seq, "duplicate", rc == 1);
	return 0;
}

/* ---- ledger.correct ---- */

static int
refuse_correction(struct eng_call *call, uint64_t seq, int rc)
{
	static const struct {
		int rc;
		const char *why;
	} reasons[] = {
		{-ENOENT, "there is no such event"},
		{-EINVAL, "nothing of it can be taken back: it moved no money of one "
			  "amount, or it is a reservation, a release or a correction"},
		{-EALREADY, "it has been corrected before"},
		{-EBUSY, "others build on it: a sale with refunds or disputes, or a "
			 "dispute that has ended"},
		{-ERANGE, "the new amount is more than is left of the sale"},
		{-EDOM, "the sale was paid in another currency"},
		{-EEXIST, "the id is taken by another entry"},
	};
	const char *why = strerror(-rc);

	for (size_t i = 0; i < NV_LEN(reasons); i++) {
		if (reasons[i].rc == rc)
			why = reasons[i].why;
	}
	return nv_err_set(&call->err, rc == -ENOENT ? -ENOENT : -EPERM, "event %llu: %s",
		(unsigned long long)seq, why);
}

struct correction {
	uint64_t seq; /* what is corrected */
	const char *reason;
	const char *amount; /* NULL: it is only taken back */
	int64_t nano;
	const char *id;
	uint64_t made; /* the correction */
	uint64_t anew; /* what stands for it now; 0 = nothing */
};

static char *
correction_line(
	const struct eng_call *call, const struct correction *c, const char *event)
{
	json_t *o = json_pack("{s:s, s:I, s:o, s:o}", "event", event, "of_seq",
		(json_int_t)c->seq, "reason", nv_json_str(c->reason), "entered_by",
		json_string(call->by));
	int bad = o ? 0 : -1;

	if (c->amount)
		bad |= json_object_set_new(o, "amount", json_string(c->amount));
	if (c->id)
		bad |= json_object_set_new(o, "id", nv_json_str(c->id));
	char *line = bad ? NULL : nv_json_line(o);

	json_decref(o);
	return line;
}

/* The same request once more, since its answer was lost. */
static bool
said_before(struct eng_txn *txn, struct correction *c)
{
	struct led_event target;
	struct led_event made;
	struct led_event key = {.id = c->id, .id_bytes = strlen(c->id)};

	if (led_batch_lookup(txn->batch, c->seq, &target) < 0)
		return false;
	key.worker = target.worker;
	if (led_batch_lookup_id(txn->batch, &key, &made) < 0 ||
		made.kind != LED_CORRECTION || made.ref != c->seq)
		return false;
	c->made = made.seq;
	return true;
}

/* Both events in one commit. The strings of an event that the ledger fills in are its
 * own until the next is appended: it is asked for again. */
static int
book_correction(struct eng_call *call, struct eng_txn *txn, struct correction *c)
{
	NV_CLEANUP_FREE char *line = correction_line(call, c, "correction");
	struct led_event ev = {0};
	struct led_event anew;
	int rc = line ? 0 : -ENOMEM;

	if (rc == 0 && c->amount)
		rc = led_batch_replace(txn->batch, c->seq, c->nano, &anew);
	if (rc == 0)
		rc = led_batch_correct(txn->batch, c->seq, &ev);
	if (rc == -EALREADY && c->id && said_before(txn, c))
		return 1;
	if (rc < 0)
		return rc;
	struct eng_worker *w = eng_worker_by_id(call->eng, ev.worker);

	ev.flags = LED_F_MANUAL;
	ev.claimed_ns = ev.received_ns = txn->now_ns;
	ev.id = c->id;
	ev.id_bytes = c->id ? strlen(c->id) : 0;
	ev.line = line;
	ev.line_bytes = strlen(line);
	rc = eng_txn_event(call->eng, txn, w, &ev, &c->made);
	if (rc != 0 || !c->amount)
		return rc;
	rc = led_batch_replace(txn->batch, c->seq, c->nano, &anew);
	if (rc == 0) {
		anew.flags |= LED_F_MANUAL;
		anew.received_ns = txn->now_ns;
		anew.line = line;
		anew.line_bytes = strlen(line);
		rc = eng_txn_event(call->eng, txn, w, &anew, &c->anew);
	}
	/* Never one without the other: the batch ends with this process. */
	if (rc < 0)
		eng_ledger_trouble(
			call->eng, "the ledger does not take a corrected event");
	return 0;
}

int
eng_verb_correct(struct eng_call *call)
{
	struct eng_txn txn = {0};
	struct correction c = {0};
	int rc = nv_json_get_u64(call->args, "seq", 1, INT64_MAX, &c.seq, &call->err);

	if (rc == -ENOENT)
		return nv_err_set(&call->err, -EINVAL, "seq is missing");
	if (rc == 0)
		rc = nv_json_need_str(call->args, "reason", 500, &c.reason, &call->err);
	if (rc == 0 && !c.reason[0])
		rc = nv_err_set(&call->err, -EINVAL, "reason is empty");
	if (rc == 0)
		rc = take_amount(call, "amount", false, &c.nano, &c.amount);
	if (rc == 0) {
		rc = nv_json_get_str(call->args, "id", 128, &c.id, &call->err);
		rc = rc == -ENOENT ? 0 : rc;
	}
	if (rc < 0)
		return rc;
	if (c.id && !c.id[0])
		return nv_err_set(&call->err, -EINVAL, "id is empty");
	eng_txn_begin(call->eng, &txn);
	rc = book_correction(call, &txn, &c);
	eng_txn_commit(call->eng, &txn);
	if (rc < 0)
		return refuse_correction(call, c.seq, rc);
	call->data = json_pack("{s:I, s:o, s:b}", "seq", (json_int_t)c.made, "anew",
		c.anew ? json_integer((json_int_t)c.anew) : json_null(), "duplicate",
		rc == 1);
	return 0;
}
