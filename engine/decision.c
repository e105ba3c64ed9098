/* One decision as it is kept: see decision.h. */
#include "decision.h"

#include "nv_clock.h"
#include "nv_json.h"
#include "outcome.h"
#include "record.h"
#include "report.h"
#include "txn.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_PREFIX "decision/"

static const char *const state_names[ENG_DEC_COUNT] = {
	[ENG_DEC_PENDING] = "pending",
	[ENG_DEC_EXECUTED] = "executed",
	[ENG_DEC_DENIED] = "denied",
	[ENG_DEC_EXPIRED] = "expired",
	[ENG_DEC_VOID] = "void",
	[ENG_DEC_ADVISED] = "advised",
};

const char *
eng_dec_state_name(enum eng_dec_state state)
{
	NV_ASSERT((unsigned)state < ENG_DEC_COUNT);
	return state_names[state];
}

const char *
eng_decision_key(uint64_t id, char key[ENG_DECISION_KEY_BYTES])
{
	/* Padded, so that the order of keys is the order of decisions. */
	(void)snprintf(key, ENG_DECISION_KEY_BYTES, KEY_PREFIX "%020" PRIu64, id);
	return key;
}

bool
eng_decision_is_judged(const struct eng_decision *d)
{
	return json_is_string(json_object_get(d->doc, "policy"));
}

void
eng_decision_free(struct eng_decision *d)
{
	if (!d)
		return;
	json_decref(d->doc);
	free(d);
}

/* ---- making one ---- */

static json_t *
inputs_json(const struct eng_dec_basis *basis, int64_t now_ns)
{
	const struct pol_classic_figures *f = basis->figures;
	const struct led_totals *t = basis->window;
	json_t *o = json_object();
	int bad = o ? 0 : -1;

	bad |= json_object_set_new(o, "window_from", nv_json_time(basis->from_ns));
	bad |= json_object_set_new(o, "window_to", nv_json_time(now_ns));
	bad |= json_object_set_new(o, "runs_ok", json_integer((json_int_t)f->runs_ok));
	bad |= json_object_set_new(
		o, "runs_failed", json_integer((json_int_t)f->runs_failed));
	bad |= json_object_set_new(
		o, "recent_ok", json_integer((json_int_t)f->recent_ok));
	bad |= json_object_set_new(
		o, "recent_failed", json_integer((json_int_t)f->recent_failed));
	bad |= json_object_set_new(o, "cost", nv_json_money(t->cost));
	bad |= json_object_set_new(o, "revenue", nv_json_money(t->revenue));
	bad |= json_object_set_new(o, "refunds", nv_json_money(t->refunds));
	bad |= json_object_set_new(o, "fees", nv_json_money(t->fees));
	bad |= json_object_set_new(o, "disputes", nv_json_money(t->disputes));
	bad |= json_object_set_new(o, "roi_percent",
		nv_json_percent(basis->result->roi_known, basis->result->roi_ppm));
	bad |= json_object_set_new(
		o, "cost_per_run", nv_json_money(basis->result->cost_per_run_nano));
	bad |= json_object_set_new(o, "cost_24h", nv_json_money(f->cost_24h));
	bad |= json_object_set_new(o, "run_interval_ms", json_integer(f->interval_ms));
	bad |= json_object_set_new(o, "instances", json_integer(f->instances));
	bad |= json_object_set_new(
		o, "fleet_projected", nv_json_money(f->fleet_projected));
	bad |= json_object_set_new(o, "fleet_reserved", nv_json_money(f->fleet_reserved));
	bad |= json_object_set_new(
		o, "ledger_seq", json_integer((json_int_t)t->seq_last));
	if (bad) {
		json_decref(o);
		return NULL;
	}
	return o;
}

static json_t *
thresholds_json(const struct eng_dec_basis *basis)
{
	const struct pol_classic_rules *r = basis->rules;
	json_t *o = json_object();
	int bad = o ? 0 : -1;

	bad |= json_object_set_new(
		o, "min_roi_percent", nv_json_percent(true, r->min_roi_ppm));
	bad |= json_object_set_new(
		o, "scale_roi_percent", nv_json_percent(true, r->scale_roi_ppm));
	bad |= json_object_set_new(
		o, "kill_roi_percent", nv_json_percent(true, r->kill_roi_ppm));
	bad |= json_object_set_new(o, "min_runs", json_integer(r->min_runs));
	bad |= json_object_set_new(
		o, "approval_above", nv_json_money(r->approval_above_nano));
	bad |= json_object_set_new(
		o, "max_daily_budget", nv_json_money(basis->figures->fleet_budget));
	if (bad) {
		json_decref(o);
		return NULL;
	}
	return o;
}

/* What every record begins with. */
struct said {
	const char *rule;
	const char *reason;
	const char *expected;
	const char *counterfactual;
};

static int
head_fill(struct eng_decision *d, const struct eng *eng, const struct said *said)
{
	json_t *o = d->doc;
	int bad = 0;

	bad |= json_object_set_new(o, "event", json_string("decision"));
	bad |= json_object_set_new(o, "step", json_string("proposed"));
	bad |= json_object_set_new(o, "type", json_string(pol_action_name(d->action)));
	bad |= json_object_set_new(o, "worker", json_string(d->worker));
	bad |= json_object_set_new(o, "state", json_string(eng_dec_state_name(d->state)));
	bad |= json_object_set_new(o, "rule", json_string(said->rule));
	bad |= json_object_set_new(o, "reason", nv_json_str(said->reason));
	bad |= json_object_set_new(o, "expected", nv_json_str(said->expected));
	bad |= json_object_set_new(
		o, "counterfactual", nv_json_str(said->counterfactual));
	bad |= json_object_set_new(o, "cost_impact", nv_json_money(d->impact_nano));
	bad |= json_object_set_new(
		o, "currency", json_string(eng->config->base_currency));
	bad |= json_object_set_new(o, "requires_approval", json_boolean(d->asked));
	bad |= json_object_set_new(o, "from_instances", json_integer(d->from_instances));
	bad |= json_object_set_new(o, "to_instances", json_integer(d->to_instances));
	bad |= json_object_set_new(o, "proposed_ns", json_integer(d->proposed_ns));
	bad |= json_object_set_new(o, "expires_ns", json_integer(d->expires_ns));
	return bad;
}

static int
doc_fill(struct eng_decision *d, const struct eng *eng, const struct eng_dec_basis *basis)
{
	const struct pol_classic_result *r = basis->result;
	struct said said = {r->rule, r->reason, r->expected, r->counterfactual};
	json_t *o = d->doc;
	int bad = head_fill(d, eng, &said);

	bad |= json_object_set_new(o, "inputs", inputs_json(basis, d->proposed_ns));
	bad |= json_object_set_new(o, "thresholds", thresholds_json(basis));
	return bad ? -ENOMEM : 0;
}

struct eng_decision *
eng_decision_new(const struct eng *eng, const struct eng_worker *w,
	const struct eng_dec_basis *basis, enum eng_dec_state state, int64_t now_ns)
{
	struct eng_decision *d = calloc(1, sizeof *d);

	if (!d)
		return NULL;
	(void)snprintf(d->worker, sizeof d->worker, "%s", w->name);
	d->action = basis->result->action;
	d->state = state;
	d->proposed_ns = now_ns;
	if (state == ENG_DEC_PENDING)
		d->expires_ns = now_ns + eng->config->approval_expiry_ms * NV_NS_PER_MS;
	d->impact_nano = (int64_t)NV_MIN(basis->result->cost_impact, NV_MONEY_MAX);
	d->asked = basis->result->needs_approval;
	d->from_instances = eng_desire_instances(w);
	d->to_instances =
		basis->result->action == POL_KILL ? 0 : basis->result->to_instances;
	d->doc = json_object();
	if (!d->doc || doc_fill(d, eng, basis) < 0) {
		eng_decision_free(d);
		return NULL;
	}
	return d;
}

/* ---- by the decision core ---- */

static json_t *
judged_thresholds(const struct eng *eng, const struct nv_conf_worker *conf)
{
	int64_t budget = eng->config->max_daily_budget_nano;
	json_t *o = json_object();
	int bad = o ? 0 : -1;

	bad |= json_object_set_new(
		o, "min_roi_percent", nv_json_percent(true, conf->roi_min_ppm));
	bad |= json_object_set_new(
		o, "scale_roi_percent", nv_json_percent(true, conf->roi_scale_ppm));
	bad |= json_object_set_new(
		o, "kill_roi_percent", nv_json_percent(true, conf->roi_kill_ppm));
	bad |= json_object_set_new(o, "min_runs", json_integer(conf->roi_min_runs));
	bad |= json_object_set_new(
		o, "approval_above", nv_json_money(eng->config->approval_above_nano));
	bad |= json_object_set_new(
		o, "max_daily_budget", budget < 0 ? json_null() : nv_json_money(budget));
	if (bad) {
		json_decref(o);
		return NULL;
	}
	return o;
}

static int
judged_fill(struct eng_decision *d, const struct eng *eng, const struct eng_worker *w,
	const struct pol_decision *from, const struct eng_dec_judged *judged)
{
	struct said said = {
		from->why.rule, from->text, judged->expected, judged->instead};
	json_t *o = d->doc;
	int bad = head_fill(d, eng, &said);

	bad |= json_object_set_new(o, "thresholds", judged_thresholds(eng, w->conf));
	if (bad)
		return -ENOMEM;
	int rc = eng_record_write(o, from, judged->mode, w->conf, judged->seq);

	return rc < 0 ? rc : eng_outcome_promise(o, from, w->conf, judged->shift_s);
}

struct eng_decision *
eng_decision_judged(const struct eng *eng, const struct eng_worker *w,
	const struct pol_decision *from, const struct eng_dec_judged *judged,
	enum eng_dec_state state, int64_t now_ns)
{
	struct eng_decision *d = calloc(1, sizeof *d);

	if (!d)
		return NULL;
	(void)snprintf(d->worker, sizeof d->worker, "%s", w->name);
	d->action = from->action;
	d->state = state;
	d->proposed_ns = now_ns;
	if (state == ENG_DEC_PENDING)
		d->expires_ns = now_ns + eng->config->approval_expiry_ms * NV_NS_PER_MS;
	d->impact_nano = from->impact_nano;
	d->asked = from->needs_approval;
	d->from_instances = eng_desire_instances(w);
	d->to_instances = from->to_instances;
	d->doc = json_object();
	if (!d->doc || judged_fill(d, eng, w, from, judged) < 0) {
		eng_decision_free(d);
		return NULL;
	}
	return d;
}

int
eng_decision_step(struct eng_decision *d, const char *step, enum eng_dec_state state,
	const char *by, const char *note, int64_t now_ns)
{
	json_t *o = d->doc;
	int bad = 0;

	bad |= json_object_set_new(o, "step", json_string(step));
	bad |= json_object_set_new(o, "state", json_string(eng_dec_state_name(state)));
	if (strcmp(step, "executed") == 0) {
		d->executed_ns = now_ns;
		bad |= json_object_set_new(o, "runs_total", json_integer(d->runs_total));
		bad |= json_object_set_new(o, "cost_total", nv_json_money(d->cost_total));
		bad |= json_object_set_new(
			o, "earned_total", nv_json_money(d->earned_total));
		bad |= json_object_set_new(o, "executed_ns", json_integer(now_ns));
	} else {
		d->decided_ns = now_ns;
		bad |= json_object_set_new(o, "decided_ns", json_integer(now_ns));
		bad |= json_object_set_new(o, "decided_by", nv_json_str(by));
	}
	if (note && note[0])
		bad |= json_object_set_new(o, "note", nv_json_str(note));
	d->state = state;
	return bad ? -ENOMEM : 0;
}

static int64_t
clip(nv_i128 nano)
{
	return (int64_t)NV_MAX(NV_MIN(nano, NV_MONEY_MAX), -NV_MONEY_MAX);
}

void
eng_decision_stand(struct eng_decision *d, const struct led_totals *totals)
{
	d->runs_total = (int64_t)(totals->runs_ok + totals->runs_failed);
	d->cost_total = clip(totals->cost);
	d->earned_total = clip(eng_earned(totals));
}

int
eng_decision_outcome(struct eng_decision *d, json_t *outcome)
{
	int bad = json_object_set_new(d->doc, "outcome", outcome);

	bad |= json_object_set_new(d->doc, "step", json_string("outcome"));
	d->outcome_known = true;
	return bad ? -ENOMEM : 0;
}

int
eng_decision_put(struct eng *eng, struct eng_txn *txn, struct eng_worker *w,
	struct eng_decision *d)
{
	char key[ENG_DECISION_KEY_BYTES];
	uint64_t seq = 0;
	NV_CLEANUP_FREE char *line = nv_json_line(d->doc);

	if (!line)
		return -ENOMEM;
	struct led_event ev = {
		.kind = LED_DECISION,
		.worker = eng_txn_worker(eng, txn, w),
		.claimed_ns = txn->now_ns,
		.received_ns = txn->now_ns,
		.ref = d->id,
		.line = line,
		.line_bytes = strlen(line),
	};
	int rc = eng_txn_event(eng, txn, w, &ev, &seq);

	if (rc < 0)
		return rc;
	if (d->id == 0)
		d->id = seq;
	return led_batch_state_put(
		txn->batch, eng_decision_key(d->id, key), line, ev.line_bytes);
}

/* ---- reading one back ---- */

static bool
state_from(const char *name, enum eng_dec_state *ret)
{
	for (unsigned i = 0; i < ENG_DEC_COUNT; i++) {
		if (strcmp(name, state_names[i]) == 0) {
			*ret = (enum eng_dec_state)i;
			return true;
		}
	}
	return false;
}

static int
take_u32(const json_t *o, const char *key, uint32_t *ret, struct nv_err *err)
{
	uint64_t v = 0;
	int rc = nv_json_get_u64(o, key, 0, UINT32_MAX, &v, err);

	if (rc < 0 && rc != -ENOENT)
		return rc;
	*ret = (uint32_t)v;
	return 0;
}

static int
doc_take(struct eng_decision *d, struct nv_err *err)
{
	const char *type = NULL;
	const char *state = NULL;
	const char *worker = NULL;
	const json_t *o = d->doc;
	int rc;

	if ((rc = nv_json_need_str(o, "type", 20, &type, err)) < 0 ||
		(rc = nv_json_need_str(o, "state", 20, &state, err)) < 0 ||
		(rc = nv_json_need_str(o, "worker", NV_NAME_MAX - 1, &worker, err)) < 0)
		return rc;
	if (!pol_action_from(type, &d->action) || !state_from(state, &d->state) ||
		!nv_name_valid(worker))
		return nv_err_set(err, -EINVAL, "unknown type, state or worker name");
	(void)snprintf(d->worker, sizeof d->worker, "%s", worker);
	d->asked = json_is_true(json_object_get(o, "requires_approval"));
	d->outcome_known = json_object_get(o, "outcome") != NULL;
	if ((rc = nv_json_take_count(o, "runs_total", &d->runs_total, err)) < 0)
		return rc;
	rc = nv_json_get_money(o, "cost_total", &d->cost_total, err);
	if (rc < 0 && rc != -ENOENT)
		return rc;
	rc = nv_json_get_money(o, "earned_total", &d->earned_total, err);
	if (rc < 0 && rc != -ENOENT)
		return rc;
	if ((rc = nv_json_get_money(o, "cost_impact", &d->impact_nano, err)) < 0)
		return rc == -ENOENT ? nv_err_set(err, -EINVAL, "cost_impact is missing")
				     : rc;
	if ((rc = nv_json_take_count(o, "proposed_ns", &d->proposed_ns, err)) < 0 ||
		(rc = nv_json_take_count(o, "expires_ns", &d->expires_ns, err)) < 0 ||
		(rc = nv_json_take_count(o, "decided_ns", &d->decided_ns, err)) < 0 ||
		(rc = nv_json_take_count(o, "executed_ns", &d->executed_ns, err)) < 0 ||
		(rc = take_u32(o, "from_instances", &d->from_instances, err)) < 0)
		return rc;
	return take_u32(o, "to_instances", &d->to_instances, err);
}

static uint64_t
id_from(const char *key)
{
	uint64_t id = 0;
	const char *at = key + strlen(KEY_PREFIX);

	if (strncmp(key, KEY_PREFIX, strlen(KEY_PREFIX)) != 0 || strlen(at) != 20)
		return 0;
	for (; *at; at++) {
		if (*at < '0' || *at > '9' || __builtin_mul_overflow(id, 10, &id) ||
			__builtin_add_overflow(id, (uint64_t)(*at - '0'), &id))
			return 0;
	}
	return id;
}

struct eng_decision *
eng_decision_load(const char *key, const void *value, size_t bytes, struct nv_err *err)
{
	json_error_t why;
	struct eng_decision *d = calloc(1, sizeof *d);

	if (!d) {
		(void)nv_err_set(err, -ENOMEM, "no memory for a decision");
		return NULL;
	}
	d->id = id_from(key);
	d->doc = json_loadb(value, bytes, JSON_REJECT_DUPLICATES, &why);
	if (d->id == 0)
		(void)nv_err_set(err, -EINVAL, "%.60s is not a decision's key", key);
	else if (!d->doc)
		(void)nv_err_set(err, -EINVAL, "%.60s is not JSON: %s", key, why.text);
	else if (doc_take(d, err) == 0)
		return d;
	eng_decision_free(d);
	return NULL;
}

/* ---- showing one ---- */

json_t *
eng_decision_json(const struct eng_decision *d)
{
	static const char *const internal[] = {"event", "proposed_ns", "expires_ns",
		"decided_ns", "executed_ns", "runs_total", "cost_total", "earned_total"};
	json_t *o = json_object();
	int bad = o ? 0 : -1;

	bad |= json_object_set_new(o, "id", json_integer((json_int_t)d->id));
	bad |= json_object_update(o, d->doc);
	for (size_t i = 0; i < NV_LEN(internal); i++)
		(void)json_object_del(o, internal[i]); /* may not be there */
	bad |= json_object_set_new(o, "target", json_string(d->worker));
	bad |= json_object_set_new(o, "at", nv_json_time(d->proposed_ns));
	bad |= json_object_set_new(o, "proposed", nv_json_time(d->proposed_ns));
	bad |= json_object_set_new(o, "expires", nv_json_time(d->expires_ns));
	bad |= json_object_set_new(o, "decided", nv_json_time(d->decided_ns));
	bad |= json_object_set_new(o, "executed", nv_json_time(d->executed_ns));
	if (bad) {
		json_decref(o);
		return NULL;
	}
	return o;
}
