/* The figures the rules are asked with, read from the ledger. */
#include "decide.h"
#include "report.h"
#include "resource.h"

#include "nv_clock.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MINUTE_NS (60 * NV_NS_PER_SEC)
#define HOUR_NS   (60 * MINUTE_NS)
#define DAY_NS    (24 * HOUR_NS)
#define RECENT_NS (6 * HOUR_NS)
#define WEEK_NS   (7 * DAY_NS)

uint64_t
eng_runs(const struct led_totals *t)
{
	return t->runs_ok + t->runs_failed;
}

static int64_t
ago(int64_t now_ns, int64_t span_ns)
{
	return now_ns > span_ns ? now_ns - span_ns : 0;
}

/* Windows have minute edges: what happened before a change in the same minute must not
 * count as after it. */
static int64_t
after_minute(int64_t ns)
{
	return ns <= 0 ? 0 : (ns + MINUTE_NS - 1) / MINUTE_NS * MINUTE_NS;
}

nv_i128
eng_reserved_pending(const struct eng *eng)
{
	nv_i128 sum = 0;

	for (const struct eng_worker *w = eng->workers; w; w = w->next) {
		if (w->history && w->history->open)
			sum += w->history->open->impact_nano;
	}
	return sum;
}

/* Growth that was decided but does not show in the cost yet. */
static nv_i128
unseen_rises(const struct eng_worker *w, int64_t now_ns)
{
	const struct eng_history *h = w->history;
	nv_i128 sum = 0;

	if (!h || !eng_worker_is_running(w))
		return 0;
	for (unsigned i = 0; i < h->n_rises; i++) {
		/* Somebody has made it smaller since: nothing more will come. */
		if (h->rises[i].to_instances > eng_desire_instances(w))
			continue;
		sum += eng_budget_unseen(h->rises[i].impact_nano,
			(now_ns - h->rises[i].at_ns) / NV_NS_PER_MS);
	}
	return sum;
}

/* Since from_ns; a worker without an event has no id, and 0 would be the whole fleet. */
static int
own_window(struct eng *eng, struct led_view *v, uint32_t id, int64_t from_ns,
	struct led_totals *ret, struct eng_uncounted *ret_uncounted)
{
	if (id == 0) {
		*ret = (struct led_totals){0};
		if (ret_uncounted)
			*ret_uncounted = (struct eng_uncounted){0};
		return 0;
	}
	return eng_sum_window(eng, v, id, from_ns, INT64_MAX, ret, ret_uncounted);
}

static int
worker_costs(struct eng *eng, struct led_view *v, uint32_t id, int64_t now_ns,
	nv_i128 *ret_1h, nv_i128 *ret_24h)
{
	struct led_totals t;
	int rc = own_window(eng, v, id, ago(now_ns, HOUR_NS), &t, NULL);

	if (rc < 0)
		return rc;
	*ret_1h = t.cost;
	rc = own_window(eng, v, id, ago(now_ns, DAY_NS), &t, NULL);
	if (rc == 0)
		*ret_24h = t.cost;
	return rc;
}

/* What the worker will cost a day as it runs now. */
static int
worker_projection(struct eng *eng, struct led_view *v, const struct eng_worker *w,
	int64_t now_ns, nv_i128 *ret)
{
	nv_i128 cost_1h = 0;
	nv_i128 cost_24h = 0;
	nv_i128 configured;

	*ret = 0;
	if (w->id == 0)
		return 0;
	if (!eng_worker_is_running(w)) {
		/* It costs nothing more, but what it did cost today is spent. */
		*ret = w->totals.cost - w->day_base_cost;
		return 0;
	}
	int rc = worker_costs(eng, v, w->id, now_ns, &cost_1h, &cost_24h);

	if (rc < 0)
		return rc;
	configured = pol_classic_cost_per_day(w->totals.cost, eng_runs(&w->totals),
		eng_worker_interval_ms(w), eng_desire_instances(w));
	*ret = eng_budget_projection(cost_1h, cost_24h, configured);
	return 0;
}

int
eng_room_read(struct eng *eng, struct led_view *v, int64_t now_ns, struct eng_room *ret)
{
	struct eng_room room = {.reserved = eng_reserved_pending(eng)};

	for (struct eng_worker *w = eng->workers; w; w = w->next) {
		nv_i128 projection = 0;
		int rc = worker_projection(eng, v, w, now_ns, &projection);

		if (rc < 0)
			return rc;
		room.projected += projection;
		room.reserved += unseen_rises(w, now_ns);
	}
	room.projected = NV_MAX(room.projected, eng_spent_today(eng));
	*ret = room;
	return 0;
}

static enum pol_classic_state
policy_state(const struct eng_worker *w)
{
	if (!w->conf)
		return POL_CLASSIC_DOWN;
	if (w->desire.want == ENG_WANT_PAUSED)
		return strncmp(w->desire.by, "decision ", 9) == 0
			       ? POL_CLASSIC_PAUSED_BY_POLICY
			       : POL_CLASSIC_PAUSED_BY_PERSON;
	if (w->desire.want != ENG_WANT_RUNNING)
		return POL_CLASSIC_DOWN;
	return w->budget_paused ? POL_CLASSIC_BUDGET_PAUSED : POL_CLASSIC_RUNNING;
}

static void
case_history(const struct eng_worker *w, int64_t now_ns, struct pol_classic_figures *f)
{
	const struct eng_history *h = w->history;

	f->since_change_ms = -1;
	if (w->changed_ns > 0) {
		f->since_change_ms = (now_ns - w->changed_ns) / NV_NS_PER_MS;
		/* A clock that went back must not open the gate, nor keep it shut. */
		f->since_change_ms = NV_MAX(f->since_change_ms, 0);
		f->runs_since_change = eng_runs(&w->totals);
		f->runs_since_change -=
			h ? NV_MIN(h->runs_at_change, f->runs_since_change) : 0;
	}
	f->paused_for_ms = NV_MAX(now_ns - w->desire.since_ns, 0) / NV_NS_PER_MS;
	for (unsigned i = 0; h && i < h->n_pauses; i++)
		f->pauses += h->pauses_ns[i] > ago(now_ns, WEEK_NS);
	for (unsigned i = 0; h && i < h->n_rises; i++) {
		if (!h->rises[i].asked && h->rises[i].at_ns > ago(now_ns, DAY_NS))
			f->rises_24h += h->rises[i].impact_nano;
	}
}

static void
case_rules(const struct eng *eng, const struct nv_conf_worker *conf,
	struct pol_classic_rules *rules)
{
	*rules = (struct pol_classic_rules){
		.min_roi_ppm = conf->roi_min_ppm,
		.scale_roi_ppm = conf->roi_scale_ppm,
		.kill_roi_ppm = conf->roi_kill_ppm,
		.min_runs = conf->roi_min_runs,
		.cooldown_ms = eng->config->autonomous_cooldown_ms,
		.approval_above_nano = eng->config->approval_above_nano,
	};
	memcpy(rules->currency, eng->config->base_currency, sizeof rules->currency);
}

int
eng_case_read(struct eng *eng, struct led_view *v, struct eng_worker *w,
	const struct eng_room *room, int64_t now_ns, struct eng_case *ret)
{
	struct eng_case c = {.worker = w};
	struct pol_classic_figures *f = &c.figures;
	struct led_totals recent;
	struct eng_uncounted uncounted;
	nv_i128 cost_1h = 0;
	int rc;

	NV_ASSERT(w->conf != NULL);
	case_rules(eng, w->conf, &c.rules);
	c.from_ns = NV_MAX(ago(now_ns, eng->config->autonomous_window_ms * NV_NS_PER_MS),
		after_minute(w->desire.fresh_ns));
	int64_t recent_ns = NV_MAX(ago(now_ns, RECENT_NS),
		after_minute(NV_MAX(w->changed_ns, w->desire.since_ns)));

	if ((rc = own_window(eng, v, w->id, c.from_ns, &c.window, &uncounted)) < 0 ||
		(rc = own_window(eng, v, w->id, recent_ns, &recent, NULL)) < 0 ||
		(rc = worker_costs(eng, v, w->id, now_ns, &cost_1h, &f->cost_24h)) < 0 ||
		(rc = worker_projection(eng, v, w, now_ns, &f->worker_projected)) < 0)
		return rc;
	f->state = policy_state(w);
	f->halted = w->halted;
	f->instances = NV_MAX(eng_desire_instances(w), 1U);
	f->instances_max = w->conf->instances_max;
	for (const struct eng_instance *i = w->instances; i; i = i->next)
		f->live += !i->gone;
	f->interval_ms = eng_worker_interval_ms(w);
	f->runs_ok = c.window.runs_ok;
	f->runs_failed = c.window.runs_failed;
	f->cost = c.window.cost;
	f->earned = eng_earned(&c.window);
	static_assert(sizeof f->uncounted == sizeof uncounted.codes, "the same list");
	memcpy(f->uncounted, uncounted.codes, sizeof f->uncounted);
	f->recent_ok = recent.runs_ok;
	f->recent_failed = recent.runs_failed;
	case_history(w, now_ns, f);
	f->fleet_budget = eng->config->max_daily_budget_nano < 0
				  ? NV_MONEY_MAX
				  : eng->config->max_daily_budget_nano;
	f->fleet_projected = room->projected;
	/* What waits about this worker is not in the way of itself. */
	f->fleet_reserved =
		room->reserved -
		(w->history && w->history->open ? w->history->open->impact_nano : 0);
	f->worker_budget_daily = w->conf->budget_daily_nano;
	f->worker_budget_total = w->conf->budget_total_nano;
	if (f->worker_budget_total >= 0)
		f->worker_budget_total = (int64_t)NV_MIN(
			f->worker_budget_total + w->totals.grants, (nv_i128)NV_MONEY_MAX);
	f->worker_cost_total = w->totals.cost;
	*ret = c;
	return 0;
}
