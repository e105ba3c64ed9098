/* Decisions: asks the rules about each worker every autonomous.interval and does what
 * they say, or advises it where Nova may not act. */
#include "decide.h"
#include "caps.h"
#include "gate.h"
#include "judge.h"
#include "report.h"
#include "setting.h"
#include "txn.h"

#include "nv_clock.h"
#include "nv_json.h"
#include "nv_log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SETTING     "autonomous"
#define TICK_S      1.0
#define TICK_IDLE_S 30.0 /* nothing waits for the clock but the end of the day */
#define SMALL_FLEET 200  /* workers whose budgets are checked after every commit */

/* ---- the durable switch ---- */

static void
load_setting(struct eng *eng)
{
	json_t *line = eng_setting_get(eng, SETTING);
	const json_t *on = json_object_get(line, "autonomous");

	eng->autonomous =
		json_is_boolean(on) ? json_is_true(on) : eng->config->autonomous_enabled;
	json_decref(line);
}

int
eng_autonomous_set(struct eng *eng, bool on, const char *by, struct nv_err *err)
{
	int rc = eng_setting_put(eng, SETTING,
		json_pack("{s:b, s:s}", "autonomous", on, "by", by), true, err);

	if (rc == 0)
		eng->autonomous = on;
	return rc;
}

/* ---- analysis ---- */

static const char *
state_word(const struct eng *eng, const struct eng_case *c)
{
	if (!pol_action_changes(c->result.action))
		return "none";
	if (!eng->autonomous || !c->worker->conf->autonomous)
		return "advised";
	return c->result.needs_approval ? "pending" : "executed";
}

static int
add_row(const struct eng *eng, json_t *rows, const struct eng_case *c, uint64_t id)
{
	const struct pol_classic_result *r = &c->result;
	json_t *o = json_object();
	int bad = o ? 0 : -1;

	bad |= json_object_set_new(
		o, "id", id ? json_integer((json_int_t)id) : json_null());
	bad |= json_object_set_new(o, "worker", json_string(c->worker->name));
	bad |= json_object_set_new(o, "target", json_string(c->worker->name));
	bad |= json_object_set_new(o, "type", json_string(pol_action_name(r->action)));
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
	struct pol_classic_result *r = &c->result;
	char when[NV_RFC3339_BYTES];
	char why[200];

	if (!h || !pol_action_changes(r->action))
		return;
	if (h->denied_until_ns[r->action] > now_ns) {
		r->rule = "denied";
		(void)snprintf(why, sizeof why,
			"a person denied %s; not asked again before %s",
			pol_action_name(r->action),
			nv_rfc3339(h->denied_until_ns[r->action], when));
	} else if (h->open && r->action != POL_KILL && r->action != POL_PAUSE) {
		r->rule = "one_open_decision";
		(void)snprintf(why, sizeof why,
			"decision %" PRIu64 " about it waits for an approval",
			h->open->id);
	} else {
		return;
	}
	(void)snprintf(r->reason, sizeof r->reason, "%s", why);
	r->action = POL_NONE;
	r->needs_approval = false;
	r->cost_impact = 0;
}

static void
ask(struct eng_case *c, int64_t now_ns)
{
	pol_classic_decide(&c->rules, &c->figures, &c->result);
	hold_back(c, now_ns);
}

/* Do what the rules say about one worker. Returns the decision's id, 0 = none. */
static uint64_t
act(struct eng *eng, struct eng_case *c, int64_t now_ns)
{
	struct eng_worker *w = c->worker;
	struct eng_history *h = eng_history_of(w);
	const struct pol_classic_result *r = &c->result;
	struct eng_dec_basis basis = {.rules = &c->rules,
		.figures = &c->figures,
		.result = r,
		.window = &c->window,
		.from_ns = c->from_ns};
	bool advice = !eng->autonomous || !w->conf->autonomous;

	if (!pol_action_changes(r->action)) {
		h->advice = POL_NONE;
		return 0;
	}
	if (advice && h->advice == r->action &&
		(r->action != POL_SCALE_UP || h->advice_to == r->to_instances))
		return 0; /* said already */
	if (!advice && h->open)
		eng_act_close(eng, w, "void", ENG_DEC_VOID, "policy",
			"something more urgent came up", now_ns);
	struct eng_decision *d = eng_decision_new(eng, w, &basis,
		advice              ? ENG_DEC_ADVISED
		: r->needs_approval ? ENG_DEC_PENDING
				    : ENG_DEC_EXECUTED,
		now_ns);

	if (!d)
		eng_ledger_trouble(eng, "no memory for a decision");
	if (d->state == ENG_DEC_EXECUTED)
		return eng_act_execute(eng, w, d, "policy", NULL, now_ns);
	return eng_act_record(eng, w, d);
}

/* Urgent things first, then growth where it returns most. */
static int
by_urgency(const void *a, const void *b)
{
	static const int order[POL_ACTION_COUNT] = {[POL_KILL] = 0,
		[POL_PAUSE] = 1,
		[POL_RESUME] = 2,
		[POL_SCALE_UP] = 3,
		[POL_MAINTAIN] = 4,
		[POL_NONE] = 5};
	const struct eng_case *x = *(const struct eng_case *const *)a;
	const struct eng_case *y = *(const struct eng_case *const *)b;

	if (x->result.action != y->result.action)
		return order[x->result.action] < order[y->result.action] ? -1 : 1;
	if (x->result.action == POL_SCALE_UP && x->result.roi_ppm != y->result.roi_ppm)
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
	a->order = calloc(eng->config->n_workers + 1, sizeof(struct eng_case *));
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
	qsort(a->order, a->n, sizeof(struct eng_case *), by_urgency);
	return 0;
}

int
eng_decide_analyse(struct eng *eng, bool dry, json_t *rows, struct nv_err *err)
{
	struct analysis a = {0};
	int64_t now_ns = nv_wall_ns();
	nv_i128 added = 0;
	char brake[NV_BRAKE_REASON_BYTES + 64];
	int rc = eng_intake_flush(eng);

	if (eng->brake.on && !dry)
		return nv_err_set(err, -EBUSY, "nothing is decided: %s",
			nv_brake_text(&eng->brake, brake, sizeof brake));
	if (rc < 0)
		return nv_err_set(err, rc, "the ledger is busy: %s", strerror(-rc));
	eng_enforce_rebase(eng);
	if (!dry)
		eng_judge_lift(eng,
			eng->config->policy == NV_POLICY_CLASSIC || !eng->autonomous);
	if (eng->config->policy != NV_POLICY_CLASSIC) {
		const struct eng_judge_call call = {
			.now = rows != NULL, .dry = dry, .rows = rows};

		rc = eng_judge_run(eng, &call, err);
		if (rc == 0 && !dry)
			eng->decide->analysed_ns = now_ns;
		return rc;
	}
	rc = analysis_read(eng, now_ns, &a, err);
	for (size_t i = 0; rc == 0 && i < a.n; i++) {
		struct eng_case *c = a.order[i];
		uint64_t id = 0;

		if (c->result.action == POL_SCALE_UP && added > 0) {
			/* What was decided before it in this round takes room. */
			c->figures.fleet_reserved += added;
			ask(c, now_ns);
		}
		if (!dry)
			id = act(eng, c, now_ns);
		if (c->result.action == POL_SCALE_UP && eng->autonomous &&
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

/* ---- clockwork ---- */

static void
on_analyse(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct eng *eng = timer->data;
	struct nv_err err = {0};

	(void)loop;
	(void)revents;
	if (!eng->desires_sent || eng->brake.on)
		return;
	int rc = eng_decide_analyse(eng, false, NULL, &err);

	if (rc < 0 && rc != -EAGAIN)
		nv_error("analysis failed, tried again in %" PRId64 " s: %s",
			eng->config->autonomous_interval_ms / 1000, err.text);
	eng->decide->next_ns =
		nv_wall_ns() + eng->config->autonomous_interval_ms * NV_NS_PER_MS;
}

/* What only the clock can change: the day ends, a question is too old, an outcome is due.
 * A commit brings the next look near (eng_decide_after_commit). */
static void
arm_tick(struct eng *eng)
{
	struct eng_decide *d = eng->decide;
	double wait_s = TICK_IDLE_S;

	for (const struct eng_worker *w = eng->workers; w; w = w->next) {
		if (w->history && (w->history->open || w->history->last))
			wait_s = TICK_S;
	}
	if (eng_outcome_next(&d->outcomes) - NV_NS_PER_SEC <= nv_wall_ns())
		wait_s = TICK_S;
	int64_t next_ns = NV_MIN(
		d->day_to_ns, eng->caps->hourly ? eng->caps->hour_to_ns : INT64_MAX);
	double day_s = (double)(next_ns - nv_wall_ns()) / 1e9;

	wait_s = NV_MAX(NV_MIN(wait_s, day_s), 0.01);
	ev_timer_stop(eng->loop, &d->tick);
	ev_timer_set(&d->tick, wait_s, 0.);
	ev_timer_start(eng->loop, &d->tick);
}

static void
on_tick(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct eng *eng = timer->data;

	(void)loop;
	(void)revents;
	if (eng->desires_sent) {
		nv_i128 spent = eng->decide->spent_today;

		eng_act_clock(eng, nv_wall_ns());
		eng_enforce(eng);
		/* A new day: the title says what it has cost. */
		if (eng->decide->spent_today != spent && eng->news)
			ev_timer_again(eng->loop, eng->news);
	}
	arm_tick(eng);
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
	double delay_s = 0.;

	if (eng->decide && ev_is_active(&eng->decide->tick) &&
		ev_timer_remaining(eng->loop, &eng->decide->tick) > TICK_S) {
		ev_timer_stop(eng->loop, &eng->decide->tick);
		ev_timer_set(&eng->decide->tick, TICK_S, 0.);
		ev_timer_start(eng->loop, &eng->decide->tick);
	}
	if (eng->decide)
		eng_judge_after_commit(eng);
	/* Acting on it needs a commit of its own: not from inside this one. A fleet of
	 * thousands is looked at a little later, or commits would do nothing else. */
	if (eng->decide && eng->desires_sent && !ev_is_active(&eng->decide->soon)) {
		if (eng->config->n_workers > SMALL_FLEET)
			delay_s = (double)eng->config->n_workers * 20e-6;
		ev_timer_set(&eng->decide->soon, delay_s, 0.);
		ev_timer_start(eng->loop, &eng->decide->soon);
	}
}

nv_i128
eng_spent_today(const struct eng *eng)
{
	return eng->decide ? eng->decide->spent_today : 0;
}

/* Not at each reload: where those come more often than this, nothing would be decided. */
static void
arm_analyse(struct eng *eng)
{
	struct eng_decide *d = eng->decide;

	d->interval_ms = eng->config->autonomous_interval_ms;
	double interval = (double)d->interval_ms / 1000.;

	ev_timer_stop(eng->loop, &d->analyse);
	ev_timer_set(&d->analyse, interval, interval);
	ev_timer_start(eng->loop, &d->analyse);
	d->next_ns = nv_wall_ns() + d->interval_ms * NV_NS_PER_MS;
}

void
eng_decide_config(struct eng *eng)
{
	struct eng_decide *d = eng->decide;
	struct nv_err err = {0};

	if (eng_zone_set(eng->config->timezone, &err) < 0)
		nv_error("%s", err.text);
	load_setting(eng);
	d->day_to_ns = 0; /* the zone may be another one */
	d->outlook_until_ns = 0;
	eng_caps_build(eng);
	if (eng->gate)
		eng_gate_say(eng, NULL); /* whether runs are to ask */
	eng_enforce_forget(eng);
	eng_enforce_rebase(eng);
	eng_judge_config(eng);
	if (d->interval_ms != eng->config->autonomous_interval_ms)
		arm_analyse(eng);
	eng_enforce(eng);
}

int
eng_decide_open(struct eng *eng, struct nv_err *err)
{
	struct led_view *v = NULL;
	struct eng_decide *d = calloc(1, sizeof *d);
	struct nv_err zone = {0};

	if (!d)
		return nv_err_set(err, -ENOMEM, "no memory for decisions");
	eng->decide = d;
	ev_timer_init(&d->analyse, on_analyse, 1., 1.);
	ev_timer_init(&d->tick, on_tick, TICK_S, 0.);
	ev_timer_init(&d->soon, on_soon, 0., 0.);
	d->analyse.data = d->tick.data = d->soon.data = eng;
	(void)eng_zone_set(eng->config->timezone, &zone); /* eng_decide_config says it */
	eng_day_bounds(nv_wall_ns(), &d->day_from_ns, &d->day_to_ns);
	int rc = led_view_begin(eng->led, &v, err);

	if (rc == 0) {
		rc = eng_history_load(eng, v, err);
		led_view_end(v);
	}
	if (rc < 0) {
		eng_decide_close(eng);
		return rc;
	}
	rc = eng_judge_open(eng, err);
	if (rc < 0) {
		eng_decide_close(eng);
		return rc;
	}
	ev_timer_start(eng->loop, &d->tick);
	eng_decide_config(eng);
	rc = eng_gate_open(eng, err);
	if (rc < 0)
		eng_decide_close(eng);
	return rc;
}

void
eng_decide_close(struct eng *eng)
{
	for (struct eng_worker *w = eng->workers; w; w = w->next)
		eng_history_free(w);
	eng_gate_close(eng);
	eng_caps_free(eng);
	if (!eng->decide)
		return;
	ev_timer_stop(eng->loop, &eng->decide->analyse);
	ev_timer_stop(eng->loop, &eng->decide->tick);
	ev_timer_stop(eng->loop, &eng->decide->soon);
	eng_judge_close(eng);
	eng_outcome_fini(&eng->decide->outcomes);
	free(eng->decide);
	eng->decide = NULL;
}
