/* The classic rules on the facts of the core: as the engine asks them in production, with
 * the figures of the last 30 days. */
#include "classic.h"
#include "cycle.h"

#include <stdio.h>

#define WINDOW_D    30
#define RECENT_S    (INT64_C(6) * POL_HOUR_S)
#define COOLDOWN_MS INT64_C(3600000)

static enum pol_classic_state
state_of(const struct pol_worker *w)
{
	switch (w->st.state) {
	case POL_ST_RUNNING:
		return POL_CLASSIC_RUNNING;
	case POL_ST_PAUSED_BY_POLICY:
		return POL_CLASSIC_PAUSED_BY_POLICY;
	case POL_ST_PAUSED_BY_PERSON:
		return POL_CLASSIC_PAUSED_BY_PERSON;
	case POL_ST_PAUSED_BY_BUDGET:
		return POL_CLASSIC_BUDGET_PAUSED;
	default:
		return POL_CLASSIC_DOWN;
	}
}

static void
figures_window(const struct pol_cycle *c, const struct pol_worker *w,
	struct pol_classic_figures *f)
{
	int32_t from = pol_day_of(c->now) - WINDOW_D;

	for (uint32_t i = 0; i < w->n_days; i++) {
		const struct pol_day *d = &w->days[i];

		if (d->day < from)
			continue;
		f->runs_ok += d->ok;
		f->runs_failed += d->runs - d->ok;
		f->cost += d->cost;
		f->earned += (nv_i128)d->revenue - d->refund - d->fee;
	}
}

static void
figures_make(const struct pol_cycle *c, const struct pol_worker *w,
	struct pol_classic_figures *f)
{
	int64_t interval =
		w->st.run_interval_s ? w->st.run_interval_s : w->conf.run_interval_s;
	uint64_t recent;
	int64_t from = NV_MAX(c->now - RECENT_S, w->changed_ts);

	*f = (struct pol_classic_figures){.state = state_of(w),
		.halted = w->st.halted,
		.instances = NV_MAX(w->st.instances, 1),
		.instances_max = NV_MAX(w->conf.instances_max, 1),
		.live = w->st.live,
		.interval_ms = interval * 1000};
	figures_window(c, w, f);
	pol_hours_runs(w->hours, from, c->now + 1, &recent, &f->recent_ok);
	f->recent_failed = recent - f->recent_ok;
	f->cost_24h = pol_hours_cost(w->hours, c->now - POL_DAY_S, c->now + 1);
	f->since_change_ms = w->changed_ts ? (c->now - w->changed_ts) * 1000 : -1;
	f->runs_since_change = w->changed_runs;
	f->pauses = w->pauses;
	f->paused_for_ms = (c->now - w->changed_ts) * 1000;
	for (unsigned i = 0; i < POL_RISES_MAX; i++) {
		if (w->rises[i].ts && c->now - w->rises[i].ts < POL_DAY_S)
			f->rises_24h += w->rises[i].nano;
	}
	f->fleet_budget = c->p->conf.daily_budget_nano;
	f->fleet_projected = pol_nano(c->plan);
	f->fleet_reserved = pol_nano(c->pending);
	f->worker_budget_daily = w->conf.budget_daily_nano;
	f->worker_projected = pol_nano(pol_cost_at(w, pol_volume(w)));
	f->worker_budget_total = -1;
}

static int64_t
impact_of(const struct pol_cycle *c, const struct pol_worker *w,
	const struct pol_classic_result *r)
{
	(void)c;
	if (r->action == POL_SCALE_UP)
		return (int64_t)NV_MIN(r->cost_impact, (nv_i128)NV_MONEY_MAX);
	if (r->action == POL_KILL || r->action == POL_PAUSE)
		return -pol_nano(pol_cost_at(w, pol_volume(w)));
	return 0;
}

static void
decide(struct pol_cycle *c, struct pol_worker *w)
{
	const struct pol_conf *conf = &c->p->conf;
	struct pol_classic_rules rules = {.min_roi_ppm = pol_min_roi(c->p, w),
		.scale_roi_ppm = pol_scale_roi(c->p, w),
		.kill_roi_ppm = pol_kill_roi(c->p, w),
		.min_runs = pol_min_runs(c->p, w),
		.cooldown_ms = COOLDOWN_MS,
		.approval_above_nano = conf->approval_above_nano,
		.currency = "USD"};
	struct pol_classic_figures f;
	struct pol_classic_result r;
	struct pol_decision d;

	figures_make(c, w, &f);
	pol_classic_decide(&rules, &f, &r);
	w->rule = r.rule;
	if (!pol_action_changes(r.action))
		return;
	pol_decision_init(&d, r.action, w);
	if (r.action == POL_SCALE_UP)
		d.to_instances = r.to_instances;
	d.needs_approval = r.needs_approval;
	d.impact_nano = impact_of(c, w, &r);
	d.why.rule = r.rule;
	d.why.threshold = "classic";
	d.why.value = r.roi_known ? (double)r.roi_ppm / 1e4 : 0;
	d.finding = "classic";
	if (r.action == POL_PAUSE)
		w->pauses++;
	if (d.impact_nano > 0 && !d.needs_approval)
		c->plan += pol_units(d.impact_nano);
	else if (d.impact_nano > 0)
		c->pending += pol_units(d.impact_nano);
	(void)snprintf(d.text, sizeof d.text, "%.*s", (int)sizeof d.text - 1, r.reason);
	pol_propose(c, w, &d);
}

void
pol_classic_cycle(struct pol_cycle *c)
{
	for (uint32_t i = 0; i < c->p->n_workers; i++) {
		struct pol_worker *w = c->p->workers[i];

		if (!w->open)
			decide(c, w);
	}
}
