/* The steps of decisions: executed, recorded, closed, and what came of them.
 *
 * A decision and the desire it asks for are written in one commit. Whatever dies
 * whenever: either both are there, and the next engine sends the desire to novasupd with
 * all the others; or none, and the next analysis comes to the same conclusion again. */
#include "decide.h"
#include "record.h"
#include "report.h"
#include "tune.h"
#include "txn.h"

#include "nv_clock.h"
#include "nv_json.h"
#include "nv_log.h"
#include "nv_units.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- steps ---- */

int
eng_act_tune(const struct eng_worker *w, const struct pol_decision *d,
	struct eng_desire *ret, struct nv_err *err)
{
	int64_t ms = d->to_interval_s * 1000;
	int rc = 0;

	if (!w->conf || d->action == POL_PAUSE || d->action == POL_KILL)
		return 0;
	/* The configured one is not written down: a reload may change it. Below a second
	 * the core sees one. */
	if (d->to_interval_s == NV_MAX(w->conf->run_interval_ms / 1000, 1))
		ms = 0;
	if (d->to_interval_s > 0 && ms != ret->run_interval_ms)
		rc = eng_tune_interval(w, ret, ms, err);
	if (rc == 0 && d->n_split > 0)
		rc = eng_tune_shares(w, ret, d->split, d->n_split, err);
	return rc;
}

/* The recorded shares, by name: the configuration may list its variants otherwise by now.
 * What does not fit any more changes nothing. */
static void
share_out(
	const struct eng_worker *w, const struct eng_decision *d, struct eng_desire *ret)
{
	const json_t *split = json_object_get(d->doc, "split");
	size_t n = w->conf ? w->conf->n_variants : 0;
	double shares[NV_CONF_VARIANTS_MAX] = {0};
	struct nv_err err = {0};

	for (size_t i = 0; i < n; i++)
		shares[i] =
			json_number_value(json_object_get(split, w->conf->variants[i]));
	if (eng_tune_shares(w, ret, shares, (unsigned)n, &err) < 0)
		nv_warn("decision %" PRIu64 " changes no share: %s", d->id, err.text);
}

/* The desire a decision asks for. */
static void
desire_of(const struct eng_worker *w, const struct eng_decision *d, int64_t now_ns,
	struct eng_desire *ret)
{
	static const enum eng_want wants[POL_ACTION_COUNT] = {
		[POL_SCALE_UP] = ENG_WANT_RUNNING,
		[POL_SCALE_DOWN] = ENG_WANT_RUNNING,
		[POL_PAUSE] = ENG_WANT_PAUSED,
		[POL_RESUME] = ENG_WANT_RUNNING,
		[POL_KILL] = ENG_WANT_KILLED,
		[POL_DEPLOY] = ENG_WANT_RUNNING,
		[POL_OPTIMIZE_INTERVAL] = ENG_WANT_RUNNING,
		[POL_OPTIMIZE_SPLIT] = ENG_WANT_RUNNING,
		[POL_RETIRE] = ENG_WANT_KILLED,
	};
	static const bool sets[POL_ACTION_COUNT] = {[POL_SCALE_UP] = true,
		[POL_SCALE_DOWN] = true,
		[POL_RESUME] = true,
		[POL_DEPLOY] = true};
	const char *reason = json_string_value(json_object_get(d->doc, "reason"));
	struct pol_decision from = {0};
	struct nv_err err = {0};
	int rc = 0;

	*ret = w->desire;
	ret->want = wants[d->action];
	if (sets[d->action] && d->to_instances > 0)
		ret->instances = d->to_instances;
	if (eng_record_read(d->doc, &from) == 0)
		from.n_split = 0; /* by name, below */
	if (from.to_interval_s > 0)
		rc = eng_act_tune(w, &from, ret, &err);
	if (rc < 0) /* judge.c has asked before; the file has changed since */
		nv_warn("decision %" PRIu64 " about %s: %s", d->id, w->name, err.text);
	if (d->action == POL_OPTIMIZE_SPLIT)
		share_out(w, d, ret);
	ret->since_ns = now_ns;
	(void)snprintf(ret->by, sizeof ret->by, "decision %" PRIu64, d->id);
	(void)snprintf(ret->reason, sizeof ret->reason, "%s by decision %" PRIu64 ": %s",
		pol_action_name(d->action), d->id, reason ? reason : "");
}

uint64_t
eng_act_execute(struct eng *eng, struct eng_worker *w, struct eng_decision *d,
	const char *by, const char *note, int64_t now_ns)
{
	struct eng_txn txn = {0};
	struct eng_desire desire;
	uint64_t seq = 0;
	int rc;

	eng_decision_stand(d, &w->totals);
	if (d->id == 0)
		eng_decision_count(eng, d->proposed_ns);
	eng_txn_begin(eng, &txn);
	rc = d->id == 0 ? eng_decision_put(eng, &txn, w, d) : 0;
	if (rc == 0)
		rc = eng_decision_step(d, "approved", ENG_DEC_EXECUTED, by, note, now_ns);
	if (rc == 0)
		rc = eng_decision_put(eng, &txn, w, d);
	if (rc == 0) {
		desire_of(w, d, now_ns, &desire);
		rc = eng_desire_put(eng, &txn, w, &desire, d->id, &seq);
	}
	if (rc == 0)
		rc = eng_decision_step(d, "executed", ENG_DEC_EXECUTED, by, NULL, now_ns);
	if (rc == 0)
		rc = eng_decision_put(eng, &txn, w, d);
	if (rc < 0)
		eng_ledger_trouble(eng, "a decision cannot be written");
	eng_txn_commit(eng, &txn);
	nv_info("decision %" PRIu64 ": %s %s: %s", d->id, pol_action_name(d->action),
		w->name, json_string_value(json_object_get(d->doc, "reason")));
	eng_desire_apply(w, &desire, seq);
	uint64_t id = d->id;

	eng_history_take(eng, w, d);
	eng_desire_send(eng, w, false);
	return id;
}

uint64_t
eng_act_record(struct eng *eng, struct eng_worker *w, struct eng_decision *d)
{
	struct eng_txn txn = {0};

	if (d->id == 0)
		eng_decision_count(eng, d->proposed_ns);
	eng_txn_begin(eng, &txn);
	if (eng_decision_put(eng, &txn, w, d) < 0)
		eng_ledger_trouble(eng, "a decision cannot be written");
	eng_txn_commit(eng, &txn);
	nv_info("decision %" PRIu64 ": %s %s is %s", d->id, pol_action_name(d->action),
		w->name, eng_dec_state_name(d->state));
	uint64_t id = d->id;

	eng_history_take(eng, w, d);
	return id;
}

void
eng_act_close(struct eng *eng, struct eng_worker *w, const char *step,
	enum eng_dec_state state, const char *by, const char *note, int64_t now_ns)
{
	struct eng_history *h = eng_history_of(w);
	struct eng_decision *d = h->open;

	NV_ASSERT(d != NULL && d->state == ENG_DEC_PENDING);
	h->open = NULL;
	if (eng_decision_step(d, step, state, by, note, now_ns) < 0)
		eng_ledger_trouble(eng, "no memory for a decision");
	(void)eng_act_record(eng, w, d);
}

/* ---- what time brings ---- */

static json_t *
outcome_of(const struct eng *eng, const struct eng_worker *w,
	const struct eng_decision *d, int64_t now_ns)
{
	char roi[64] = "unknown";
	char money[NV_MONEY_BYTES];
	char text[200];
	int64_t ppm = 0;
	uint64_t runs = eng_runs(&w->totals) - (uint64_t)d->runs_total;
	nv_i128 cost = w->totals.cost - d->cost_total;
	nv_i128 earned = eng_earned(&w->totals) - d->earned_total;
	bool known = nv_roi_ppm(earned, cost, &ppm);
	json_t *o = json_object();
	int bad = o ? 0 : -1;

	if (known)
		(void)nv_percent_show(ppm, roi);
	(void)snprintf(text, sizeof text,
		"since then %" PRIu64 " runs, cost %s, ROI %s; it is %s", runs,
		nv_money_show(cost, eng->config->base_currency, money), roi,
		eng_worker_state(w));
	bad |= json_object_set_new(o, "at", nv_json_time(now_ns));
	bad |= json_object_set_new(o, "from", nv_json_time(d->executed_ns));
	bad |= json_object_set_new(o, "runs", json_integer((json_int_t)runs));
	bad |= json_object_set_new(o, "cost", nv_json_money(cost));
	bad |= json_object_set_new(o, "earned", nv_json_money(earned));
	bad |= json_object_set_new(o, "roi_percent", nv_json_percent(known, ppm));
	bad |= json_object_set_new(o, "state", json_string(eng_worker_state(w)));
	bad |= json_object_set_new(o, "instances", json_integer(eng_desire_instances(w)));
	bad |= json_object_set_new(o, "summary", json_string(text));
	if (bad) {
		json_decref(o);
		return NULL;
	}
	return o;
}

/* Growth has an outcome when there are enough new runs to judge it by, the others after
 * a cooldown. */
static bool
outcome_due(const struct eng *eng, const struct eng_worker *w,
	const struct eng_decision *d, int64_t now_ns)
{
	uint64_t runs = eng_runs(&w->totals) - (uint64_t)d->runs_total;
	uint32_t min_runs = w->conf ? w->conf->roi_min_runs : 0;
	int64_t age_ms = (now_ns - d->executed_ns) / NV_NS_PER_MS;

	if (age_ms < eng->config->autonomous_cooldown_ms || age_ms < 1000)
		return false;
	return d->action != POL_SCALE_UP || runs >= min_runs || !eng_worker_is_running(w);
}

static void
record_outcome(struct eng *eng, struct eng_worker *w, int64_t now_ns)
{
	struct eng_decision *d = w->history->last;
	json_t *outcome = outcome_of(eng, w, d, now_ns);
	struct eng_txn txn = {0};

	if (!outcome || eng_decision_outcome(d, outcome) < 0)
		eng_ledger_trouble(eng, "no memory for a decision");
	w->history->last = NULL;
	eng_txn_begin(eng, &txn);
	if (eng_decision_put(eng, &txn, w, d) < 0)
		eng_ledger_trouble(eng, "a decision cannot be written");
	eng_txn_commit(eng, &txn);
	eng_decision_free(d);
}

/* What it was asked for is not what there is. A budget's pause ends by itself: what waits
 * goes on waiting. */
static bool
is_overtaken(const struct eng_worker *w, const struct eng_decision *d)
{
	enum eng_want want = w->desire.want;
	bool fits = want == ENG_WANT_RUNNING;

	if (d->action == POL_DEPLOY)
		fits = want == ENG_WANT_UNDEPLOYED;
	else if (d->action == POL_RESUME || d->action == POL_RETIRE)
		fits = want == ENG_WANT_PAUSED || want == ENG_WANT_RUNNING;
	return !w->conf || !fits || eng_desire_instances(w) != d->from_instances;
}

void
eng_act_clock(struct eng *eng, int64_t now_ns)
{
	for (struct eng_worker *w = eng->workers; w; w = w->next) {
		struct eng_history *h = w->history;

		if (!h)
			continue;
		if (h->open && h->open->expires_ns <= now_ns)
			eng_act_close(eng, w, "expired", ENG_DEC_EXPIRED, "clock",
				"nobody answered in time", now_ns);
		if (h->open && is_overtaken(w, h->open))
			eng_act_close(eng, w, "void", ENG_DEC_VOID, "policy",
				"the worker was changed meanwhile", now_ns);
		if (h->last && outcome_due(eng, w, h->last, now_ns))
			record_outcome(eng, w, now_ns);
	}
	eng_outcome_run(eng, now_ns);
}
