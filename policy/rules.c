/* What each worker gets after the ladder was bought: the order of the questions is the
 * policy, the first that answers ends it.
 *
 *   an open decision, advice only, not ours to move  -> nothing
 *   loses money, proven twice                        -> kill
 *   its steps do not buy their place for 48 h        -> less volume, then pause
 *   (at once when the budget is short)
 *   long at the floor and losing                     -> ask a person
 *   paused, and its first step buys its place        -> resume
 *   catalogue, and there is room                     -> deploy
 *   a higher step buys its place                     -> scale up, or a shorter interval
 *   its variants differ (trial.h)                    -> other shares
 */
#include "cycle.h"
#include "trial.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t
own(int64_t of_worker, int64_t of_fleet)
{
	return of_worker != INT64_MIN ? of_worker : of_fleet;
}

int64_t
pol_kill_roi(const struct pol *p, const struct pol_worker *w)
{
	return own(w->conf.kill_roi_ppm, p->conf.kill_roi_ppm);
}

int64_t
pol_min_roi(const struct pol *p, const struct pol_worker *w)
{
	return own(w->conf.min_roi_ppm, p->conf.min_roi_ppm);
}

int64_t
pol_scale_roi(const struct pol *p, const struct pol_worker *w)
{
	return own(w->conf.scale_roi_ppm, p->conf.scale_roi_ppm);
}

uint32_t
pol_min_runs(const struct pol *p, const struct pol_worker *w)
{
	return w->conf.min_runs != UINT32_MAX ? w->conf.min_runs : p->conf.min_runs;
}

double
pol_cost_at(const struct pol_worker *w, double x)
{
	return w->post.cost_unit * x;
}

bool
pol_counts(const struct pol *p, const struct pol_worker *w)
{
	return p->conf.advise_only || !w->conf.advise_only;
}

bool
pol_fits(const struct pol_cycle *c, double rise)
{
	double day = c->plan + c->pending + rise;

	return day <= POL_BUDGET_USE * c->budget && c->spent + day * c->rest <= c->budget;
}

static double
success(const struct pol_worker *w, int64_t now)
{
	uint64_t runs;
	uint64_t ok;

	pol_hours_runs(w->hours, now - POL_SUCCESS_S, now, &runs, &ok);
	return runs ? (double)ok / (double)runs : 1;
}

bool
pol_may_grow(const struct pol_cycle *c, const struct pol_worker *w, const char **ret_rule)
{
	const struct pol *p = c->p;
	double x = pol_volume_set(w);
	const char *no = NULL;

	if (c->calm)
		no = "fleet_calm";
	else if (w->st.state != POL_ST_RUNNING || w->open)
		no = "not_running";
	else if (w->st.halted || w->st.live < w->st.instances)
		no = "not_up";
	else if (w->total_runs < pol_min_runs(p, w) && w->conf.run_interval_s > 0)
		no = "min_runs";
	else if (w->post.cost_nano <= 0)
		no = "no_cost";
	else if (w->changed_ts && c->now - w->changed_ts < POL_UP_S)
		no = "cooldown";
	else if (c->now < w->denied_until[POL_SCALE_UP])
		no = "denied";
	else if (success(w, c->now) < POL_SUCCESS * w->post.usual)
		no = "success<80%";
	else if (p->conf.mode == POL_STRICT && x > 0.98 &&
		 1 - pol_post_below(&w->post, x, w->post.good, pol_scale_roi(p, w)) <=
			 POL_P_GROW)
		no = "p_roi<scale";
	*ret_rule = no;
	return !no;
}

/* ---- kill ---- */

static bool
answer_kill(struct pol_cycle *c, struct pol_worker *w)
{
	const struct pol *p = c->p;
	const struct pol_post *post = &w->post;
	int64_t kill = pol_kill_roi(p, w);
	int64_t age_min = NV_MAX(POL_KILL_AGE_S, (int64_t)w->conf.ramp_days * POL_DAY_S);
	/* At the volume that is best for it: a worker that only runs too much is
	 * throttled. */
	double x = pol_volume_least(w);
	struct pol_decision d;

	if (!w->first_ts || c->now - w->first_ts < age_min || !post->sale_known ||
		w->total_runs < pol_min_runs(p, w) || post->cost_nano <= 0 ||
		c->now < w->denied_until[POL_KILL])
		return false;
	double p_below = w->p_kill;

	if (p_below <= POL_P_KILL)
		return false;
	double e = pol_evalue(post->even_n, pol_post_even(post, x, kill));

	w->rule = "e<20";
	if (e < POL_E_KILL)
		return false;
	pol_decision_init(&d, POL_KILL, w);
	d.to_instances = 0;
	d.why.rule = "p_roi<kill";
	d.why.threshold = "P(ROI < kill_roi) > 0.95 and e >= 20";
	d.why.limit = POL_P_KILL;
	d.why.value = p_below;
	d.why.p = p_below;
	d.why.e = e;
	d.finding = "losing";
	d.reasons[0] = "roi_below_kill";
	d.reasons[1] = "e_value";
	d.impact_nano = -pol_nano(pol_cost_at(w, pol_volume(w)));
	(void)snprintf(d.text, sizeof d.text,
		"it loses money with probability %.3f, and its %llu sales are too few "
		"for what it spent (e = %.0f)",
		p_below, (unsigned long long)post->sales_n, e);
	if (pol_counts(p, w))
		c->plan -= pol_cost_at(w, pol_volume(w));
	pol_propose(c, w, &d);
	return true;
}

/* ---- less ---- */

/* A level that one change reaches (instances or interval): the highest not above x. */
static const struct pol_level *
reachable(const struct pol_worker *w, double x)
{
	const struct pol_level *best = NULL;
	int64_t interval =
		w->st.run_interval_s ? w->st.run_interval_s : w->conf.run_interval_s;

	for (unsigned i = 0; i < w->n_levels; i++) {
		const struct pol_level *l = &w->levels[i];

		if (l->x <= x * 1.02 &&
			(l->instances == w->st.instances || l->interval_s == interval))
			best = l;
	}
	return best;
}

/* Changes to a level: by instances or by the interval. */
static void
set_level(struct pol_decision *d, const struct pol_worker *w, const struct pol_level *l,
	bool up)
{
	d->to_instances = l->instances;
	d->to_interval_s = l->interval_s;
	if (l->instances == w->st.instances)
		d->action = POL_OPTIMIZE_INTERVAL;
	else
		d->action = up ? POL_SCALE_UP : POL_SCALE_DOWN;
}

static void
reduce(struct pol_cycle *c, struct pol_worker *w, double to, bool short_of_money)
{
	double x = pol_volume(w);
	const struct pol_level *l = to > 0 ? reachable(w, to) : NULL;
	struct pol_decision d;
	int at = NV_MAX(pol_level_at(w, x), 0);
	struct pol_gamma g = pol_post_marginal(
		&w->post, at > 0 ? w->levels[at - 1].x : 0, w->levels[at].x);
	double hurdle = x > 1.02 ? POL_HURDLE_GROW : POL_HURDLE;

	pol_decision_init(&d, POL_PAUSE, w);
	d.to_instances = w->st.instances;
	if (l && l->x < x * 0.98)
		set_level(&d, w, l, false);
	else
		l = NULL;
	double x_to = l ? l->x : 0;

	d.why.rule = short_of_money ? "budget_short" : "off_the_ladder";
	d.why.threshold = "judged multiple of its step >= hurdle, for 48 h";
	d.why.limit = hurdle;
	d.why.value = w->step_value[at];
	d.why.p = pol_gamma_below(&g, hurdle);
	d.why.volume_to = x_to;
	d.finding = "under_performing";
	d.reasons[0] = short_of_money ? "budget" : "marginal_below_hurdle";
	d.impact_nano = -pol_nano(pol_cost_at(w, x) - pol_cost_at(w, x_to));
	(void)snprintf(d.text, sizeof d.text,
		"its last step returns %.2f a unit as judged, %s: from volume %.2f to "
		"%.2f",
		d.why.value,
		short_of_money ? "and the budget does not suffice for all"
			       : "which has not bought its place for 48 h",
		x, x_to);
	if (pol_counts(c->p, w))
		c->plan += pol_cost_at(w, x_to) - pol_cost_at(w, x);
	w->drop = true;
	pol_propose(c, w, &d);
}

static bool
answer_less(struct pol_cycle *c, struct pol_worker *w)
{
	double x = pol_volume(w);

	if (!w->below_since)
		return false;
	w->rule = "below_ladder";
	if (c->now - w->below_since < POL_DOWN_S)
		return false;
	reduce(c, w, NV_MAX(w->target, x / 2 >= w->levels[0].x * 0.98 ? x / 2 : 0),
		false);
	return true;
}

static bool
answer_retire(struct pol_cycle *c, struct pol_worker *w)
{
	double x = pol_volume(w);
	struct pol_decision d;

	if (!w->floor_since || c->now - w->floor_since < POL_RETIRE_S ||
		c->now < w->denied_until[POL_RETIRE] || w->post.cost_nano <= 0)
		return false;
	double p = pol_post_below(&w->post, w->levels[0].x, 1, 0);

	if (p <= POL_P_RETIRE)
		return false;
	pol_decision_init(&d, POL_RETIRE, w);
	d.needs_approval = true;
	d.to_instances = 0;
	d.why.rule = "long_at_the_floor";
	d.why.threshold = "30 days at the floor and P(ROI < 0) > 0.8";
	d.why.limit = POL_P_RETIRE;
	d.why.value = p;
	d.why.p = p;
	d.finding = "losing";
	d.reasons[0] = "long_at_the_floor";
	d.impact_nano = -pol_nano(pol_cost_at(w, x));
	(void)snprintf(d.text, sizeof d.text,
		"for 30 days at its least volume or paused, and it loses money with "
		"probability %.2f",
		p);
	pol_propose(c, w, &d);
	return true;
}

/* ---- more ---- */

/* Smaller growth waits as well when with the unasked ones of a day it is large. */
static bool
asks(const struct pol_cycle *c, const struct pol_worker *w, int64_t rise)
{
	int64_t sum = NV_MAX(rise, 0); /* with no run left out, as it may come */

	for (unsigned i = 0; i < POL_RISES_MAX; i++) {
		if (w->rises[i].ts && c->now - w->rises[i].ts < POL_DAY_S)
			sum = pol_add(sum, w->rises[i].nano);
	}
	return sum > c->p->conf.approval_above_nano;
}

static void
propose_more(
	struct pol_cycle *c, struct pol_worker *w, struct pol_decision *d, double rise)
{
	d->impact_nano = pol_nano(rise);
	if (!pol_counts(c->p, w))
		rise = 0;
	if (d->needs_approval)
		c->pending += rise;
	else
		c->plan += rise;
	pol_propose(c, w, d);
}

static bool
answer_resume(struct pol_cycle *c, struct pol_worker *w)
{
	double x = pol_volume_set(w);
	struct pol_decision d;

	if (!w->poor)
		return false; /* of a breaker: pol_breakers */
	if (!(w->target >= x * 0.98) || c->now - w->changed_ts < POL_DOWN_S ||
		c->now < w->denied_until[POL_RESUME])
		return false;
	double rise = pol_cost_at(w, x);

	if (c->calm || !pol_fits(c, rise))
		return false;
	pol_decision_init(&d, POL_RESUME, w);
	struct pol_gamma g = pol_post_marginal(&w->post, 0, x);

	d.why.rule = "buys_its_place";
	d.why.threshold = "judged multiple of its first step >= 1";
	d.why.limit = POL_HURDLE;
	d.why.value = w->step_value[NV_MAX(pol_level_at(w, x), 0)];
	d.why.p = 1 - pol_gamma_below(&g, POL_HURDLE);
	d.why.volume_to = x;
	d.finding = "worth_a_trial";
	d.reasons[0] = "marginal_above_hurdle";
	d.expected_profit_nano = pol_nano(rise * (g.mean - 1));
	(void)snprintf(d.text, sizeof d.text,
		"its step is judged at %.2f a unit again: it runs at volume %.2f",
		d.why.value, x);
	propose_more(c, w, &d, rise);
	return true;
}

static bool
answer_deploy(struct pol_cycle *c, struct pol_worker *w)
{
	struct pol_decision d;
	double rise = pol_cost_at(w, 1);

	if (!(w->target > 0.98) || c->calm || c->trials >= POL_TRIALS_MAX ||
		c->now < w->denied_until[POL_DEPLOY] || !pol_fits(c, rise))
		return false;
	struct pol_gamma g = pol_post_average(&w->post, 1);

	pol_decision_init(&d, POL_DEPLOY, w);
	d.to_instances = 1;
	d.to_interval_s = w->conf.run_interval_s;
	/* Nor does anybody know what it may cost when nothing is declared. */
	d.needs_approval =
		asks(c, w, pol_nano(w->post.cost_full)) || !(w->post.cost_full > 0);
	d.why.rule = "room_for_a_trial";
	d.why.threshold = "declared ROI >= min_roi, room, fewer than 3 trials";
	d.why.limit = (double)pol_min_roi(c->p, w) / 1e4;
	d.why.value = (double)w->conf.expected_roi_ppm / 1e4;
	d.why.p = 1 - pol_gamma_below(&g, POL_HURDLE);
	d.why.volume_to = 1;
	d.finding = "worth_a_trial";
	d.reasons[0] = "declared_roi";
	d.expected_profit_nano = pol_nano(rise * (g.mean - 1));
	(void)snprintf(d.text, sizeof d.text,
		"there is room for a trial: it is declared to have an ROI of %.0f%%",
		d.why.value);
	c->trials++;
	propose_more(c, w, &d, rise);
	return true;
}

/* The highest level up to the target whose rise fits. */
static const struct pol_level *
growth(const struct pol_cycle *c, const struct pol_worker *w)
{
	double x = pol_volume(w);
	double to = w->target;

	for (unsigned tries = 0; tries < POL_LEVELS_MAX; tries++) {
		const struct pol_level *l = reachable(w, to);

		if (!l || l->x <= x * 1.02)
			return NULL;
		if (pol_fits(c, pol_cost_at(w, l->x) - pol_cost_at(w, x)))
			return l;
		to = l->x * 0.95;
	}
	return NULL;
}

static bool
answer_more(struct pol_cycle *c, struct pol_worker *w)
{
	const struct pol *p = c->p;
	double x = pol_volume(w);
	const struct pol_level *l = growth(c, w);
	struct pol_decision d;

	w->rule = "room";
	if (!l)
		return false;
	double hurdle = l->x > 1.02 ? POL_HURDLE_GROW : POL_HURDLE;
	double rise = pol_cost_at(w, l->x) - pol_cost_at(w, x);
	struct pol_gamma g = pol_post_marginal(&w->post, x, l->x);
	double reaches = 1 - pol_gamma_below(&g, hurdle);

	pol_decision_init(&d, POL_SCALE_UP, w);
	set_level(&d, w, l, true);
	if (c->now < w->denied_until[d.action])
		return false;
	int64_t full = pol_nano(w->post.cost_full * (l->x - x));

	d.needs_approval = l->x > w->x_held * 1.02 && asks(c, w, full);
	/* Held before or not: a large rise is asked for. */
	d.needs_approval |= full > p->conf.approval_above_nano;
	d.why.rule = p->conf.mode == POL_STRICT && x > 0.98 ? "p_roi>scale" : "marginal";
	/* As the ladder judges it: the 70% quantile up to 1, the 40% one above. */
	d.why.threshold = l->x > 1.02 ? "P(multiple of the step >= hurdle) >= 0.6"
				      : "P(multiple of the step >= hurdle) >= 0.3";
	d.why.limit = l->x > 1.02 ? POL_P_STEP : POL_P_TRY;
	d.why.value = reaches;
	d.why.p = reaches;
	if (p->conf.mode == POL_STRICT && x > 0.98) {
		d.why.threshold = "P(ROI > scale_roi) > 0.8";
		d.why.limit = POL_P_GROW;
		d.why.p = 1 -
			  pol_post_below(&w->post, x, w->post.good, pol_scale_roi(p, w));
		d.why.value = d.why.p;
	}
	d.why.volume_to = l->x;
	d.finding = "over_performing";
	d.reasons[0] = "marginal_above_hurdle";
	d.expected_profit_nano = pol_nano(rise * (g.mean - 1));
	(void)snprintf(d.text, sizeof d.text,
		"the next unit of money is expected to return %.2f: from volume %.2f to "
		"%.2f",
		g.mean, x, l->x);
	propose_more(c, w, &d, rise);
	return true;
}

/* ---- all of them ---- */

static bool
is_ours(const struct pol_worker *w)
{
	return w->post.valid && !w->open &&
	       (w->st.state == POL_ST_RUNNING || w->st.state == POL_ST_PAUSED_BY_POLICY ||
		       w->st.state == POL_ST_CATALOG);
}

/* When what runs costs more than there is, those that lost their place go at once. */
static void
make_room(struct pol_cycle *c)
{
	struct pol *p = c->p;

	while (c->plan > POL_BUDGET_USE * c->budget * 1.0001) {
		struct pol_worker *worst = NULL;
		double least = 0;

		for (uint32_t i = 0; i < p->n_workers; i++) {
			struct pol_worker *w = p->workers[i];
			double x = pol_volume(w);

			if (!is_ours(w) || w->drop || !(x > 0) || w->target >= x * 0.98)
				continue;
			double value = w->step_value[NV_MAX(pol_level_at(w, x), 0)];

			if (!worst || value < least) {
				worst = w;
				least = value;
			}
		}
		if (!worst)
			return;
		reduce(c, worst, worst->target, true);
	}
}

struct grower {
	struct pol_worker *w;
	double value;
};

static int
by_value(const void *va, const void *vb)
{
	const struct grower *a = va;
	const struct grower *b = vb;

	if (a->value != b->value)
		return a->value > b->value ? -1 : 1;
	return strcmp(a->w->conf.name, b->w->conf.name);
}

static void
grow(struct pol_cycle *c, struct grower *g, size_t n)
{
	qsort(g, n, sizeof *g, by_value);
	for (size_t i = 0; i < n; i++) {
		struct pol_worker *w = g[i].w;

		if (w->st.state == POL_ST_CATALOG)
			(void)answer_deploy(c, w);
		else if (w->st.state == POL_ST_PAUSED_BY_POLICY)
			(void)answer_resume(c, w);
		else
			(void)answer_more(c, w);
	}
}

void
pol_rules(struct pol_cycle *c)
{
	struct pol *p = c->p;
	struct grower *g = calloc((size_t)p->n_workers + 1, sizeof *g);
	size_t n = 0;

	if (!g)
		return; /* nothing is decided without memory */
	pol_timers(c);
	for (uint32_t i = 0; i < p->n_workers; i++) {
		struct pol_worker *w = p->workers[i];

		w->drop = false;
		if (!is_ours(w))
			continue;
		w->rule = "hold";
		if (w->st.state != POL_ST_CATALOG &&
			(answer_kill(c, w) || answer_less(c, w) || answer_retire(c, w)))
			continue;
		if (w->target > pol_volume(w) * 1.02)
			g[n++] = (struct grower){.w = w,
				.value = w->step_value[NV_MAX(
					pol_level_at(w, w->target), 0)]};
	}
	make_room(c);
	grow(c, g, n);
	for (uint32_t i = 0; i < p->n_workers; i++) {
		if (is_ours(p->workers[i]))
			(void)pol_trial_answer(c, p->workers[i]);
	}
	free(g);
}
