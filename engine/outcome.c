/* What came of decisions: see outcome.h. */
#include "outcome.h"

#include "decide.h"
#include "report.h"
#include "txn.h"

#include "calibration.h"

#include "nv_clock.h"
#include "nv_json.h"
#include "nv_units.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_NS      (INT64_C(86400) * NV_NS_PER_SEC)
#define BEFORE_DAYS 25 /* of the evidence that a kill rests on: its half life */
#define SHIFT_S_MAX (INT64_C(30) * 86400)
#define AT_A_TIME   32
#define CLAIMS_MAX  200000 /* the newest */

struct eng_outcome_due {
	uint64_t id;
	int64_t at_ns;
};

/* ---- the promise ---- */

/* False: nothing is claimed that the figures could contradict. */
static bool
claim_of(const struct pol_decision *d, const struct nv_conf_worker *conf,
	const char **ret_roi, int64_t *ret_ppm)
{
	const char *rule = d->why.rule ? d->why.rule : "";

	*ret_ppm = 0;
	*ret_roi = "above";
	if (d->action == POL_KILL) {
		*ret_roi = "below";
		*ret_ppm = conf->roi_kill_ppm;
		return true;
	}
	if (d->action == POL_RETIRE) {
		*ret_roi = "below";
		return true;
	}
	if (strcmp(rule, "p_roi>scale") == 0) {
		*ret_ppm = conf->roi_scale_ppm;
		return true;
	}
	return d->action == POL_DEPLOY || strcmp(rule, "buys_its_place") == 0;
}

int
eng_outcome_promise(json_t *doc, const struct pol_decision *d,
	const struct nv_conf_worker *conf, int64_t shift_s)
{
	const char *roi;
	int64_t ppm = 0;
	json_t *claim;
	int bad = json_object_set_new(doc, "measure",
		json_pack("{s:i, s:I}", "days", ENG_OUTCOME_DAYS, "shift_s",
			(json_int_t)NV_MAX(NV_MIN(shift_s, SHIFT_S_MAX), 0)));

	if (!claim_of(d, conf, &roi, &ppm))
		return bad ? -ENOMEM : 0;
	claim = json_pack("{s:s, s:o, s:f}", "roi", roi, "percent",
		nv_json_percent(true, ppm), "probability", d->why.p);
	bad |= json_object_set_new(doc, "claim", claim);
	return bad ? -ENOMEM : 0;
}

/* ---- those that are due ---- */

static int64_t
when_decided(const struct eng_decision *d)
{
	return d->executed_ns  ? d->executed_ns
	       : d->decided_ns ? d->decided_ns
			       : d->proposed_ns;
}

/* It spends nothing any more: what it did before is what there is to measure. */
static bool
is_over(const struct eng_decision *d)
{
	return d->state == ENG_DEC_EXECUTED &&
	       (d->action == POL_KILL || d->action == POL_RETIRE);
}

static int64_t
shift_ns(const struct eng_decision *d)
{
	const json_t *m = json_object_get(d->doc, "measure");

	return json_integer_value(json_object_get(m, "shift_s")) * NV_NS_PER_SEC;
}

static bool
is_due(const struct eng_decision *d, int64_t *ret_ns)
{
	if (d->outcome_known || d->state == ENG_DEC_PENDING ||
		!json_object_get(d->doc, "measure"))
		return false;
	*ret_ns = when_decided(d) + shift_ns(d) +
		  (is_over(d) ? 0 : ENG_OUTCOME_DAYS * DAY_NS);
	return true;
}

void
eng_outcome_expect(struct eng_outcome_list *all, const struct eng_decision *d)
{
	int64_t at_ns = 0;
	size_t i;

	if (!is_due(d, &at_ns))
		return;
	if (all->n == all->cap) {
		size_t cap = all->cap ? all->cap * 2 : 64;
		struct eng_outcome_due *list = reallocarray(all->list, cap, sizeof *list);

		NV_ASSERT(list != NULL);
		all->list = list;
		all->cap = cap;
	}
	for (i = all->n; i > 0 && all->list[i - 1].at_ns < at_ns; i--)
		all->list[i] = all->list[i - 1];
	all->list[i] = (struct eng_outcome_due){.id = d->id, .at_ns = at_ns};
	all->n++;
}

void
eng_outcome_fini(struct eng_outcome_list *all)
{
	free(all->list);
	*all = (struct eng_outcome_list){0};
}

int64_t
eng_outcome_next(const struct eng_outcome_list *all)
{
	return all->n ? all->list[all->n - 1].at_ns : INT64_MAX;
}

/* ---- measuring ---- */

struct measured {
	int64_t from_ns;
	int64_t to_ns;
	nv_i128 cost; /* after (or, when it is over, before) */
	nv_i128 earned;
	nv_i128 cost_before; /* in as many days before */
	nv_i128 earned_before;
	uint64_t runs;
};

static int
window(struct eng *eng, struct led_view *v, const struct eng_worker *w, int64_t from_ns,
	int64_t to_ns, struct led_totals *ret)
{
	if (w->id == 0) {
		*ret = (struct led_totals){0};
		return 0;
	}
	return eng_sum_window(
		eng, v, w->id, NV_MAX(from_ns, 0), NV_MAX(to_ns, 1), ret, NULL);
}

static int
measure(struct eng *eng, struct led_view *v, const struct eng_worker *w,
	const struct eng_decision *d, struct measured *ret)
{
	int64_t at_ns = when_decided(d);
	int64_t shift = shift_ns(d);
	int64_t span = ENG_OUTCOME_DAYS * DAY_NS;
	struct measured m = {.from_ns = at_ns, .to_ns = at_ns + span};
	struct led_totals t;
	int rc;

	if (is_over(d)) {
		m.from_ns = at_ns - BEFORE_DAYS * DAY_NS;
		m.to_ns = at_ns;
	}
	if ((rc = window(eng, v, w, m.from_ns, m.to_ns, &t)) < 0)
		return rc;
	m.cost = t.cost;
	m.runs = eng_runs(&t);
	if ((rc = window(eng, v, w, m.from_ns + shift, m.to_ns + shift, &t)) < 0)
		return rc;
	m.earned = eng_earned(&t);
	if ((rc = window(eng, v, w, at_ns - span, at_ns, &t)) < 0)
		return rc;
	m.cost_before = t.cost;
	m.earned_before = eng_earned(&t);
	*ret = m;
	return 0;
}

/* true, false, or null: there was nothing to hold it against. */
static json_t *
verdict(const struct eng_decision *d, const struct measured *m)
{
	const json_t *claim = json_object_get(d->doc, "claim");
	const char *roi = json_string_value(json_object_get(claim, "roi"));
	double percent = json_number_value(json_object_get(claim, "percent"));
	int64_t ppm = 0;

	if (!roi || !nv_roi_ppm(m->earned, m->cost, &ppm))
		return json_null();
	bool above = (double)ppm > percent * 1e4;

	return json_boolean(strcmp(roi, "above") == 0 ? above : !above);
}

static void
summary(const struct eng *eng, const struct eng_worker *w, const struct eng_decision *d,
	const struct measured *m, const json_t *came, char *text, size_t bytes)
{
	const json_t *claim = json_object_get(d->doc, "claim");
	const char *currency = eng->config->base_currency;
	char cost[NV_MONEY_BYTES];
	char earned[NV_MONEY_BYTES];
	char roi[NV_UNITS_BYTES] = "unknown";
	char said[120] = "";
	int64_t ppm = 0;

	if (nv_roi_ppm(m->earned, m->cost, &ppm))
		(void)nv_percent_show(ppm, roi);
	if (json_is_boolean(came))
		(void)snprintf(said, sizeof said, "; that its ROI is %s %g%% was %s",
			json_string_value(json_object_get(claim, "roi")),
			json_number_value(json_object_get(claim, "percent")),
			json_is_true(came) ? "true" : "not true");
	(void)snprintf(text, bytes,
		"%s%d days it cost %s and earned %s, ROI %s%s; it is %s",
		is_over(d) ? "in the last " : "in the following ",
		is_over(d) ? BEFORE_DAYS : ENG_OUTCOME_DAYS,
		nv_money_show(m->cost, currency, cost),
		nv_money_show(m->earned, currency, earned), roi, said,
		eng_worker_state(w));
}

static json_t *
outcome_json(const struct eng *eng, const struct eng_worker *w,
	const struct eng_decision *d, const struct measured *m, int64_t now_ns)
{
	char text[400];
	int64_t ppm = 0;
	bool known = nv_roi_ppm(m->earned, m->cost, &ppm);
	/* Profit a day, after it and before it. */
	nv_i128 change =
		is_over(d) ? 0
			   : (m->earned - m->cost - (m->earned_before - m->cost_before)) /
				     ENG_OUTCOME_DAYS;
	json_t *came = verdict(d, m);
	json_t *o = json_object();
	int bad = o ? 0 : -1;

	summary(eng, w, d, m, came, text, sizeof text);
	bad |= json_object_set_new(o, "at", nv_json_time(now_ns));
	bad |= json_object_set_new(o, "from", nv_json_time(NV_MAX(m->from_ns, 1)));
	bad |= json_object_set_new(o, "to", nv_json_time(m->to_ns));
	bad |= json_object_set_new(o, "runs", json_integer((json_int_t)m->runs));
	bad |= json_object_set_new(o, "cost", nv_json_money(m->cost));
	bad |= json_object_set_new(o, "earned", nv_json_money(m->earned));
	bad |= json_object_set_new(o, "roi_percent", nv_json_percent(known, ppm));
	bad |= json_object_set_new(o, "cost_before", nv_json_money(m->cost_before));
	bad |= json_object_set_new(o, "earned_before", nv_json_money(m->earned_before));
	bad |= json_object_set_new(o, "profit_change_per_day", nv_json_money(change));
	bad |= json_object_set_new(o, "claim_came_true", came);
	bad |= json_object_set_new(o, "state", json_string(eng_worker_state(w)));
	bad |= json_object_set_new(o, "instances", json_integer(eng_desire_instances(w)));
	bad |= json_object_set_new(o, "summary", nv_json_str(text));
	if (bad) {
		json_decref(o);
		return NULL;
	}
	return o;
}

static void
record(struct eng *eng, uint64_t id, int64_t now_ns)
{
	struct eng_decision *d = NULL;

	if (eng_decision_find(eng, id, &d, NULL) < 0)
		return;
	struct eng_worker *w = eng_worker_find(eng, d->worker);
	struct led_view *v = NULL;
	struct measured m;
	struct eng_txn txn = {0};

	if (!w || led_view_begin(eng->led, &v, NULL) < 0) {
		eng_decision_free(d);
		return;
	}
	int rc = measure(eng, v, w, d, &m);

	led_view_end(v);
	json_t *outcome = rc == 0 ? outcome_json(eng, w, d, &m, now_ns) : NULL;

	if (!outcome || eng_decision_outcome(d, outcome) < 0)
		eng_ledger_trouble(eng, "the outcome of a decision cannot be measured");
	eng_txn_begin(eng, &txn);
	if (eng_decision_put(eng, &txn, w, d) < 0)
		eng_ledger_trouble(eng, "a decision cannot be written");
	eng_txn_commit(eng, &txn);
	eng_decision_free(d);
}

void
eng_outcome_run(struct eng *eng, int64_t now_ns)
{
	struct eng_outcome_list *all = &eng->decide->outcomes;

	for (int i = 0; i < AT_A_TIME && eng_outcome_next(all) <= now_ns; i++)
		record(eng, all->list[--all->n].id, now_ns);
}

/* ---- calibration ---- */

struct claims {
	struct pol_claim *ring; /* owned */
	size_t n;
	unsigned unknown; /* outcomes that could not be held against anything */
	unsigned waiting;
};

static int
see_claim(void *arg, const char *key, const void *value, size_t bytes)
{
	struct claims *c = arg;
	json_t *doc = json_loadb(value, bytes, 0, NULL);
	const json_t *claim = json_object_get(doc, "claim");
	const json_t *outcome = json_object_get(doc, "outcome");
	const json_t *came = json_object_get(outcome, "claim_came_true");

	(void)key;
	if (claim && json_is_boolean(came))
		c->ring[c->n++ % CLAIMS_MAX] = (struct pol_claim){
			.p = json_number_value(json_object_get(claim, "probability")),
			.came = json_is_true(came)};
	else if (claim && outcome)
		c->unknown++;
	else if (claim)
		c->waiting++;
	json_decref(doc);
	return 0;
}

static json_t *
bins_json(const struct pol_calibration *c)
{
	json_t *list = json_array();
	int bad = list ? 0 : -1;

	for (size_t i = 0; i < NV_LEN(c->bins); i++) {
		const struct pol_bin *b = &c->bins[i];

		if (b->n > 0)
			bad |= json_array_append_new(list,
				json_pack("{s:f, s:f, s:i, s:i, s:f, s:f, s:f, s:f, s:b}",
					"from", b->from, "to", b->to, "claims", (int)b->n,
					"came_true", (int)b->came, "stated", b->stated,
					"rate", b->rate, "low", b->low, "high", b->high,
					"agrees", b->agrees));
	}
	if (bad) {
		json_decref(list);
		return NULL;
	}
	return list;
}

json_t *
eng_outcome_calibration(struct led_view *v)
{
	struct claims c = {.ring = calloc(CLAIMS_MAX, sizeof *c.ring)};
	struct pol_calibration r;

	if (!c.ring || led_view_states(v, "decision/", see_claim, &c) != 0) {
		free(c.ring);
		return NULL;
	}
	pol_calibration(c.ring, NV_MIN(c.n, (size_t)CLAIMS_MAX), &r);
	free(c.ring);
	return json_pack("{s:i, s:i, s:i, s:i, s:f, s:f, s:f, s:f, s:f, s:s, s:i, s:o}",
		"claims", (int)r.n, "came_true", (int)r.came, "waiting", (int)c.waiting,
		"not_measurable", (int)c.unknown, "stated", r.stated, "rate", r.rate,
		"brier", r.brier, "brier_base", r.brier_base, "log_loss", r.log_loss,
		"verdict", pol_verdict_name(r.verdict), "needed", POL_CALIBRATION_MIN,
		"bins", bins_json(&r));
}
