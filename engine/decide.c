/* Decisions: asks the rules about each worker every autonomous.interval, keeps what
 * comes out durable, executes it, and tells afterwards what came of it.
 *
 * A decision and the desire it asks for are written in one commit. Whatever dies
 * whenever: either both are there, and the next engine sends the desire to novasupd with
 * all the others; or none, and the next analysis comes to the same conclusion again. */
#include "decide.h"
#include "report.h"
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

#define SETTING_KEY "setting/autonomous"

/* ---- history ---- */

struct eng_history *
eng_history_of(struct eng_worker *w)
{
	if (!w->history) {
		w->history = calloc(1, sizeof *w->history);
		NV_ASSERT(w->history != NULL);
	}
	return w->history;
}

static void
history_free(struct eng_worker *w)
{
	if (w->history) {
		eng_decision_free(w->history->open);
		eng_decision_free(w->history->last);
	}
	free(w->history);
	w->history = NULL;
}

static void
note_executed(struct eng_worker *w, const struct eng_decision *d)
{
	struct eng_history *h = eng_history_of(w);

	w->changed_ns = d->executed_ns;
	h->runs_at_change = (uint64_t)d->runs_total;
	h->advice = ENG_ACT_NONE;
	if (d->action == ENG_ACT_SCALE_UP) {
		if (h->n_rises == ENG_RISES_MAX)
			memmove(h->rises, h->rises + 1,
				--h->n_rises * sizeof h->rises[0]);
		h->rises[h->n_rises++] = (struct eng_rise){.at_ns = d->executed_ns,
			.impact_nano = d->impact_nano,
			.to_instances = d->to_instances,
			.asked = d->asked};
	}
	if (d->action == ENG_ACT_PAUSE) {
		if (h->n_pauses == ENG_RISES_MAX)
			memmove(h->pauses_ns, h->pauses_ns + 1,
				--h->n_pauses * sizeof h->pauses_ns[0]);
		h->pauses_ns[h->n_pauses++] = d->executed_ns;
	}
}

/* Remember a decision whose newest record is in the ledger. Takes d. */
static void
history_take(struct eng_worker *w, struct eng_decision *d)
{
	struct eng_history *h = eng_history_of(w);

	if (h->open && h->open != d && h->open->id == d->id) {
		eng_decision_free(h->open);
		h->open = NULL;
	}
	switch (d->state) {
	case ENG_DEC_PENDING:
		if (h->open != d)
			eng_decision_free(h->open);
		h->open = d;
		return;
	case ENG_DEC_EXECUTED:
		note_executed(w, d);
		if (h->last != d)
			eng_decision_free(h->last);
		h->last = d;
		if (d->outcome_known) {
			h->last = NULL;
			eng_decision_free(d);
		}
		return;
	case ENG_DEC_DENIED:
		h->denied_until_ns[d->action] = d->decided_ns + ENG_DENIED_NS;
		break;
	case ENG_DEC_ADVISED:
		h->advice = d->action;
		h->advice_to = d->action == ENG_ACT_SCALE_UP ? d->to_instances : 0;
		break;
	default:
		break;
	}
	eng_decision_free(d);
}

static void
count_new(struct eng *eng, int64_t proposed_ns)
{
	eng->decide->n_total++;
	eng->decide->n_today += proposed_ns >= eng->decide->day_from_ns;
}

struct load {
	struct eng *eng;
	struct nv_err *err;
};

static int
load_one(void *arg, const char *key, const void *value, size_t bytes)
{
	struct load *load = arg;
	struct eng_decision *d = eng_decision_load(key, value, bytes, load->err);

	if (!d)
		return -EBADMSG;
	struct eng_worker *w = eng_worker_add(load->eng, d->worker);

	NV_ASSERT(w != NULL);
	count_new(load->eng, d->proposed_ns);
	history_take(w, d);
	return 0;
}

/* ---- the durable switch ---- */

static void
load_setting(struct eng *eng, struct led_view *v)
{
	const void *value = NULL;
	size_t bytes = 0;

	eng->autonomous = eng->config->autonomous_enabled;
	if (led_view_state(v, SETTING_KEY, &value, &bytes) < 0)
		return;
	json_t *o = json_loadb(value, bytes, 0, NULL);
	const json_t *on = json_object_get(o, "autonomous");

	if (json_is_boolean(on))
		eng->autonomous = json_is_true(on);
	json_decref(o);
}

int
eng_autonomous_set(struct eng *eng, bool on, unsigned uid, struct nv_err *err)
{
	char line[200];
	struct eng_txn txn = {0};
	int64_t now_ns = nv_wall_ns();
	int n = snprintf(line, sizeof line,
		"{\"event\":\"setting\",\"autonomous\":%s,\"by\":\"uid "
		"%u\",\"at_ns\":%" PRId64 "}",
		on ? "true" : "false", uid, now_ns);
	int rc = eng_intake_flush(eng);

	if (rc < 0)
		return nv_err_set(err, rc, "the ledger is busy: %s", strerror(-rc));
	struct led_event ev = {
		.kind = LED_SETTING,
		.flags = LED_F_MANUAL,
		.claimed_ns = now_ns,
		.received_ns = now_ns,
		.line = line,
		.line_bytes = (size_t)n,
	};

	eng_txn_begin(eng, &txn);
	rc = eng_txn_event(eng, &txn, NULL, &ev, NULL);
	if (rc >= 0)
		rc = led_batch_state_put(txn.batch, SETTING_KEY, line, (size_t)n);
	if (rc < 0)
		eng_ledger_trouble(eng, "a setting cannot be written");
	eng_txn_commit(eng, &txn);
	eng->autonomous = on;
	return 0;
}

/* ---- acting ---- */

/* The desire a decision asks for. */
static void
desire_of(const struct eng_worker *w, const struct eng_decision *d, int64_t now_ns,
	struct eng_desire *ret)
{
	static const enum eng_want wants[ENG_ACT_COUNT] = {
		[ENG_ACT_SCALE_UP] = ENG_WANT_RUNNING,
		[ENG_ACT_PAUSE] = ENG_WANT_PAUSED,
		[ENG_ACT_RESUME] = ENG_WANT_RUNNING,
		[ENG_ACT_KILL] = ENG_WANT_KILLED,
	};
	const char *reason = json_string_value(json_object_get(d->doc, "reason"));

	*ret = w->desire;
	ret->want = wants[d->action];
	if (d->action == ENG_ACT_SCALE_UP)
		ret->instances = d->to_instances;
	ret->since_ns = now_ns;
	(void)snprintf(ret->by, sizeof ret->by, "decision %" PRIu64, d->id);
	(void)snprintf(ret->reason, sizeof ret->reason, "%s by decision %" PRIu64 ": %s",
		eng_action_name(d->action), d->id, reason ? reason : "");
}

/* Decision, desire and "executed" in one commit. Takes d; returns its id. */
static uint64_t
execute(struct eng *eng, struct eng_worker *w, struct eng_decision *d, const char *by,
	const char *note, int64_t now_ns)
{
	struct eng_txn txn = {0};
	struct eng_desire desire;
	uint64_t seq = 0;
	int rc;

	eng_decision_stand(d, &w->totals);
	if (d->id == 0)
		count_new(eng, d->proposed_ns);
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
	nv_info("decision %" PRIu64 ": %s %s: %s", d->id, eng_action_name(d->action),
		w->name, json_string_value(json_object_get(d->doc, "reason")));
	eng_desire_apply(w, &desire, seq);
	uint64_t id = d->id;

	history_take(w, d);
	eng_desire_send(eng, w, false);
	return id;
}

/* A step that changes nothing but the record. Takes d; returns its id. */
static uint64_t
record(struct eng *eng, struct eng_worker *w, struct eng_decision *d)
{
	struct eng_txn txn = {0};

	if (d->id == 0)
		count_new(eng, d->proposed_ns);
	eng_txn_begin(eng, &txn);
	if (eng_decision_put(eng, &txn, w, d) < 0)
		eng_ledger_trouble(eng, "a decision cannot be written");
	eng_txn_commit(eng, &txn);
	nv_info("decision %" PRIu64 ": %s %s is %s", d->id, eng_action_name(d->action),
		w->name, eng_dec_state_name(d->state));
	uint64_t id = d->id;

	history_take(w, d);
	return id;
}

/* End a waiting decision without doing it. */
static void
close_open(struct eng *eng, struct eng_worker *w, const char *step,
	enum eng_dec_state state, const char *by, const char *note, int64_t now_ns)
{
	struct eng_history *h = eng_history_of(w);
	struct eng_decision *d = h->open;

	NV_ASSERT(d != NULL && d->state == ENG_DEC_PENDING);
	h->open = NULL;
	if (eng_decision_step(d, step, state, by, note, now_ns) < 0)
		eng_ledger_trouble(eng, "no memory for a decision");
	(void)record(eng, w, d);
}

/* ---- analysis ---- */

static const char *
state_word(const struct eng *eng, const struct eng_case *c)
{
	if (!eng_action_changes(c->result.action))
		return "none";
	if (!eng->autonomous || !c->worker->conf->autonomous)
		return "advised";
	return c->result.needs_approval ? "pending" : "executed";
}

static int
add_row(const struct eng *eng, json_t *rows, const struct eng_case *c, uint64_t id)
{
	const struct eng_policy_result *r = &c->result;
	json_t *o = json_object();
	int bad = o ? 0 : -1;

	bad |= json_object_set_new(
		o, "id", id ? json_integer((json_int_t)id) : json_null());
	bad |= json_object_set_new(o, "worker", json_string(c->worker->name));
	bad |= json_object_set_new(o, "target", json_string(c->worker->name));
	bad |= json_object_set_new(o, "type", json_string(eng_action_name(r->action)));
	bad |= json_object_set_new(o, "state", json_string(state_word(eng, c)));
	bad |= json_object_set_new(o, "rule", json_string(r->rule));
	bad |= json_object_set_new(o, "reason", nv_json_str(r->reason));
	bad |= json_object_set_new(o, "cost_impact", nv_json_money(r->cost_impact));
	bad |= json_object_set_new(
		o, "currency", json_string(eng->config->base_currency));
	bad |= json_object_set_new(
		o, "requires_approval", json_boolean(r->needs_approval));
	bad |= json_object_set_new(
		o, "roi_percent", nv_json_percent(r->roi_known, r->roi_ppm));
	bad |= json_object_set_new(
		o, "runs", json_integer((json_int_t)eng_runs(&c->window)));
	bad |= json_object_set_new(o, "expected", nv_json_str(r->expected));
	bad |= json_object_set_new(o, "counterfactual", nv_json_str(r->counterfactual));
	if (bad) {
		json_decref(o);
		return -ENOMEM;
	}
	return json_array_append_new(rows, o) < 0 ? -ENOMEM : 0;
}

/* A person's denial, or a waiting decision about it, turn an action into none. */
static void
hold_back(struct eng_case *c, int64_t now_ns)
{
	const struct eng_history *h = c->worker->history;
	struct eng_policy_result *r = &c->result;
	char when[NV_RFC3339_BYTES];
	char why[200];

	if (!h || !eng_action_changes(r->action))
		return;
	if (h->denied_until_ns[r->action] > now_ns) {
		r->rule = "denied";
		(void)snprintf(why, sizeof why,
			"a person denied %s; not asked again before %s",
			eng_action_name(r->action),
			nv_rfc3339(h->denied_until_ns[r->action], when));
	} else if (h->open && r->action != ENG_ACT_KILL && r->action != ENG_ACT_PAUSE) {
		r->rule = "one_open_decision";
		(void)snprintf(why, sizeof why,
			"decision %" PRIu64 " about it waits for an approval",
			h->open->id);
	} else {
		return;
	}
	(void)snprintf(r->reason, sizeof r->reason, "%s", why);
	r->action = ENG_ACT_NONE;
	r->needs_approval = false;
	r->cost_impact = 0;
}

static void
ask(struct eng_case *c, int64_t now_ns)
{
	eng_policy_decide(&c->rules, &c->figures, &c->result);
	hold_back(c, now_ns);
}

/* Do what the rules say about one worker. Returns the decision's id, 0 = none. */
static uint64_t
act(struct eng *eng, struct eng_case *c, int64_t now_ns)
{
	struct eng_worker *w = c->worker;
	struct eng_history *h = eng_history_of(w);
	const struct eng_policy_result *r = &c->result;
	struct eng_dec_basis basis = {.rules = &c->rules,
		.figures = &c->figures,
		.result = r,
		.window = &c->window,
		.from_ns = c->from_ns};
	bool advice = !eng->autonomous || !w->conf->autonomous;

	if (!eng_action_changes(r->action)) {
		h->advice = ENG_ACT_NONE;
		return 0;
	}
	if (advice && h->advice == r->action &&
		(r->action != ENG_ACT_SCALE_UP || h->advice_to == r->to_instances))
		return 0; /* said already */
	if (!advice && h->open)
		close_open(eng, w, "void", ENG_DEC_VOID, "policy",
			"something more urgent came up", now_ns);
	struct eng_decision *d = eng_decision_new(eng, w, &basis,
		advice              ? ENG_DEC_ADVISED
		: r->needs_approval ? ENG_DEC_PENDING
				    : ENG_DEC_EXECUTED,
		now_ns);

	if (!d)
		eng_ledger_trouble(eng, "no memory for a decision");
	if (d->state == ENG_DEC_EXECUTED)
		return execute(eng, w, d, "policy", NULL, now_ns);
	return record(eng, w, d);
}

/* Urgent things first, then growth where it returns most. */
static int
by_urgency(const void *a, const void *b)
{
	static const int order[ENG_ACT_COUNT] = {[ENG_ACT_KILL] = 0,
		[ENG_ACT_PAUSE] = 1,
		[ENG_ACT_RESUME] = 2,
		[ENG_ACT_SCALE_UP] = 3,
		[ENG_ACT_MAINTAIN] = 4,
		[ENG_ACT_NONE] = 5};
	const struct eng_case *x = *(const struct eng_case *const *)a;
	const struct eng_case *y = *(const struct eng_case *const *)b;

	if (x->result.action != y->result.action)
		return order[x->result.action] < order[y->result.action] ? -1 : 1;
	if (x->result.action == ENG_ACT_SCALE_UP &&
		x->result.roi_ppm != y->result.roi_ppm)
		return x->result.roi_ppm > y->result.roi_ppm ? -1 : 1;
	return strcmp(x->worker->name, y->worker->name);
}

struct analysis {
	struct eng_case *cases;  /* owned */
	struct eng_case **order; /* owned; those that change something come first */
	size_t n;
};

static void
analysis_fini(struct analysis *a)
{
	free(a->cases);
	free(a->order);
}

static int
analysis_read(struct eng *eng, int64_t now_ns, struct analysis *a, struct nv_err *err)
{
	struct led_view *v = NULL;
	struct eng_room room;
	int rc = led_view_begin(eng->led, &v, err);

	if (rc < 0)
		return rc;
	a->cases = calloc(eng->config->n_workers + 1, sizeof *a->cases);
	a->order = calloc(eng->config->n_workers + 1, sizeof *a->order);
	rc = a->cases && a->order ? eng_room_read(eng, v, now_ns, &room) : -ENOMEM;
	for (struct eng_worker *w = eng->workers; rc == 0 && w; w = w->next) {
		if (!w->conf)
			continue;
		NV_ASSERT(a->n < eng->config->n_workers);
		rc = eng_case_read(eng, v, w, &room, now_ns, &a->cases[a->n]);
		a->order[a->n] = &a->cases[a->n];
		a->n++;
	}
	led_view_end(v);
	if (rc < 0)
		return nv_err_set(
			err, rc, "the figures cannot be read: %s", strerror(-rc));
	for (size_t i = 0; i < a->n; i++)
		ask(&a->cases[i], now_ns);
	qsort(a->order, a->n, sizeof a->order[0], by_urgency);
	return 0;
}

int
eng_decide_analyse(struct eng *eng, bool dry, json_t *rows, struct nv_err *err)
{
	struct analysis a = {0};
	int64_t now_ns = nv_wall_ns();
	nv_i128 added = 0;
	int rc = eng_intake_flush(eng);

	if (rc < 0)
		return nv_err_set(err, rc, "the ledger is busy: %s", strerror(-rc));
	eng_enforce_rebase(eng);
	rc = analysis_read(eng, now_ns, &a, err);
	for (size_t i = 0; rc == 0 && i < a.n; i++) {
		struct eng_case *c = a.order[i];
		uint64_t id = 0;

		if (c->result.action == ENG_ACT_SCALE_UP && added > 0) {
			/* What was decided before it in this round takes room. */
			c->figures.fleet_reserved += added;
			ask(c, now_ns);
		}
		if (!dry)
			id = act(eng, c, now_ns);
		if (c->result.action == ENG_ACT_SCALE_UP && eng->autonomous &&
			c->worker->conf->autonomous)
			added += c->result.cost_impact;
		if (rows)
			rc = add_row(eng, rows, c, id);
	}
	analysis_fini(&a);
	if (!dry)
		eng->decide->analysed_ns = now_ns;
	return rc;
}

/* ---- outcomes, expiry ---- */

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
	return d->action != ENG_ACT_SCALE_UP || runs >= min_runs ||
	       !eng_worker_is_running(w);
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

/* What time alone changes. */
static void
look_at_clock(struct eng *eng, int64_t now_ns)
{
	for (struct eng_worker *w = eng->workers; w; w = w->next) {
		struct eng_history *h = w->history;

		if (!h)
			continue;
		if (h->open && h->open->expires_ns <= now_ns)
			close_open(eng, w, "expired", ENG_DEC_EXPIRED, "clock",
				"nobody answered in time", now_ns);
		if (h->open &&
			(!eng_worker_is_running(w) ||
				eng_desire_instances(w) != h->open->from_instances) &&
			!w->budget_paused)
			close_open(eng, w, "void", ENG_DEC_VOID, "policy",
				"the worker was changed meanwhile", now_ns);
		if (h->last && outcome_due(eng, w, h->last, now_ns))
			record_outcome(eng, w, now_ns);
	}
}

/* ---- a person's answer ---- */

static struct eng_worker *
find_open(struct eng *eng, uint64_t id)
{
	for (struct eng_worker *w = eng->workers; w; w = w->next) {
		if (w->history && w->history->open && w->history->open->id == id)
			return w;
	}
	return NULL;
}

static int
not_open(struct eng *eng, uint64_t id, struct nv_err *err)
{
	struct led_view *v = NULL;
	char key[ENG_DECISION_KEY_BYTES];
	const void *value = NULL;
	size_t bytes = 0;
	int rc = led_view_begin(eng->led, &v, err);

	if (rc < 0)
		return rc;
	struct eng_decision *d = NULL;

	if (led_view_state(v, eng_decision_key(id, key), &value, &bytes) == 0)
		d = eng_decision_load(key, value, bytes, NULL);
	led_view_end(v);
	if (!d)
		return nv_err_set(err, -ENOENT, "there is no decision %" PRIu64, id);
	rc = nv_err_set(err, -EALREADY, "decision %" PRIu64 " does not wait: it is %s",
		id, eng_dec_state_name(d->state));
	eng_decision_free(d);
	return rc;
}

/* Do the rules still say the same, now that it is answered? */
static bool
still_holds(struct eng *eng, struct eng_worker *w, const struct eng_decision *d,
	int64_t now_ns, char *why, size_t why_bytes)
{
	struct led_view *v = NULL;
	struct eng_room room;
	struct eng_case c;

	(void)snprintf(why, why_bytes, "the ledger cannot be read");
	if (led_view_begin(eng->led, &v, NULL) < 0)
		return false;
	int rc = w->conf ? eng_room_read(eng, v, now_ns, &room) : -ENOENT;

	if (rc == 0) {
		room.reserved -= d->impact_nano; /* its own */
		rc = eng_case_read(eng, v, w, &room, now_ns, &c);
	}
	led_view_end(v);
	if (!w->conf)
		(void)snprintf(why, why_bytes, "the worker is not configured any more");
	if (rc < 0)
		return false;
	eng_policy_decide(&c.rules, &c.figures, &c.result);
	if (c.result.action != d->action) {
		(void)snprintf(
			why, why_bytes, "it does not hold any more: %s", c.result.reason);
		return false;
	}
	/* Approved is a rise of so much; a tenth more is the noise of new runs. */
	if (c.figures.instances != d->from_instances ||
		c.result.cost_impact * 10 > (nv_i128)d->impact_nano * 11) {
		(void)snprintf(why, why_bytes, "it would be something else by now: %s",
			c.result.reason);
		return false;
	}
	return true;
}

static void
uid_text(unsigned uid, char by[32])
{
	(void)snprintf(by, 32, "uid %u", uid);
}

int
eng_decide_approve(
	struct eng *eng, uint64_t id, unsigned uid, json_t **ret_json, struct nv_err *err)
{
	int64_t now_ns = nv_wall_ns();
	char by[32];
	char why[400];
	int rc = eng_intake_flush(eng);

	if (rc < 0)
		return nv_err_set(err, rc, "the ledger is busy: %s", strerror(-rc));
	look_at_clock(eng, now_ns);
	struct eng_worker *w = find_open(eng, id);

	if (!w)
		return not_open(eng, id, err);
	struct eng_decision *d = w->history->open;

	uid_text(uid, by);
	if (!still_holds(eng, w, d, now_ns, why, sizeof why)) {
		close_open(eng, w, "void", ENG_DEC_VOID, by, why, now_ns);
		return nv_err_set(
			err, -ESTALE, "decision %" PRIu64 " is void: %s", id, why);
	}
	w->history->open = NULL;
	(void)execute(eng, w, d, by, NULL, now_ns);
	/* Without its outcome it is kept as the worker's last. */
	*ret_json = eng_decision_json(w->history->last);
	return *ret_json ? 0 : -ENOMEM;
}

int
eng_decide_deny(struct eng *eng, uint64_t id, unsigned uid, const char *reason,
	json_t **ret_json, struct nv_err *err)
{
	int64_t now_ns = nv_wall_ns();
	char by[32];
	int rc = eng_intake_flush(eng);

	if (rc < 0)
		return nv_err_set(err, rc, "the ledger is busy: %s", strerror(-rc));
	look_at_clock(eng, now_ns);
	struct eng_worker *w = find_open(eng, id);

	if (!w)
		return not_open(eng, id, err);
	uid_text(uid, by);
	struct eng_decision *d = w->history->open;

	if (eng_decision_step(d, "denied", ENG_DEC_DENIED, by, reason, now_ns) < 0)
		eng_ledger_trouble(eng, "no memory for a decision");
	*ret_json = eng_decision_json(d);
	w->history->open = NULL;
	(void)record(eng, w, d);
	return *ret_json ? 0 : -ENOMEM;
}

/* ---- clockwork ---- */

static void
on_analyse(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct eng *eng = timer->data;
	struct nv_err err = {0};

	(void)loop;
	(void)revents;
	if (!eng->desires_sent)
		return;
	if (eng_decide_analyse(eng, false, NULL, &err) < 0)
		nv_error("analysis failed, tried again in %" PRId64 " s: %s",
			eng->config->autonomous_interval_ms / 1000, err.text);
	eng->decide->next_ns =
		nv_wall_ns() + eng->config->autonomous_interval_ms * NV_NS_PER_MS;
}

static void
on_tick(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct eng *eng = timer->data;

	(void)loop;
	(void)revents;
	if (!eng->desires_sent)
		return;
	look_at_clock(eng, nv_wall_ns());
	eng_enforce(eng);
}

static void
on_soon(struct ev_loop *loop, ev_timer *timer, int revents)
{
	ev_timer_stop(loop, timer);
	(void)revents;
	eng_enforce(timer->data);
}

void
eng_decide_after_commit(struct eng *eng)
{
	/* Acting on it needs a commit of its own: not from inside this one. */
	if (eng->decide && eng->desires_sent && !ev_is_active(&eng->decide->soon)) {
		ev_timer_set(&eng->decide->soon, 0., 0.);
		ev_timer_start(eng->loop, &eng->decide->soon);
	}
}

nv_i128
eng_spent_today(const struct eng *eng)
{
	return eng->decide ? eng->decide->spent_today : 0;
}

void
eng_decide_config(struct eng *eng)
{
	struct eng_decide *d = eng->decide;
	struct nv_err err = {0};
	double interval = (double)eng->config->autonomous_interval_ms / 1000.;

	if (eng_zone_set(eng->config->timezone, &err) < 0)
		nv_error("%s", err.text);
	d->day_to_ns = 0; /* the zone may be another one */
	eng_enforce_rebase(eng);
	ev_timer_stop(eng->loop, &d->analyse);
	ev_timer_set(&d->analyse, interval, interval);
	ev_timer_start(eng->loop, &d->analyse);
	d->next_ns = nv_wall_ns() + eng->config->autonomous_interval_ms * NV_NS_PER_MS;
	eng_enforce(eng);
}

int
eng_decide_open(struct eng *eng, struct nv_err *err)
{
	struct led_view *v = NULL;
	struct load load = {.eng = eng, .err = err};
	struct eng_decide *d = calloc(1, sizeof *d);
	struct nv_err zone = {0};

	if (!d)
		return nv_err_set(err, -ENOMEM, "no memory for decisions");
	eng->decide = d;
	ev_timer_init(&d->analyse, on_analyse, 1., 1.);
	ev_timer_init(&d->tick, on_tick, 1., 1.);
	ev_timer_init(&d->soon, on_soon, 0., 0.);
	d->analyse.data = d->tick.data = d->soon.data = eng;
	(void)eng_zone_set(eng->config->timezone, &zone); /* eng_decide_config says it */
	eng_day_bounds(nv_wall_ns(), &d->day_from_ns, &d->day_to_ns);
	int rc = led_view_begin(eng->led, &v, err);

	if (rc == 0) {
		load_setting(eng, v);
		rc = led_view_states(v, "decision/", load_one, &load);
		led_view_end(v);
	}
	if (rc < 0) {
		eng_decide_close(eng);
		return rc;
	}
	ev_timer_start(eng->loop, &d->tick);
	eng_decide_config(eng);
	return 0;
}

void
eng_decide_close(struct eng *eng)
{
	for (struct eng_worker *w = eng->workers; w; w = w->next)
		history_free(w);
	if (!eng->decide)
		return;
	ev_timer_stop(eng->loop, &eng->decide->analyse);
	ev_timer_stop(eng->loop, &eng->decide->tick);
	ev_timer_stop(eng->loop, &eng->decide->soon);
	free(eng->decide);
	eng->decide = NULL;
}
