/* The decision core's calls: see pol.h. */
#include "cycle.h"
#include "trial.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INTERVAL_MAX_S (INT64_C(366) * POL_DAY_S)
#define ROI_MAX_PPM    INT64_C(1000000000000)

static const char *const mode_names[POL_MODE_COUNT] = {
	[POL_STRICT] = "strict",
	[POL_MARGINAL] = "marginal",
	[POL_CLASSIC] = "classic",
};

const char *
pol_mode_name(enum pol_mode mode)
{
	NV_ASSERT((unsigned)mode < POL_MODE_COUNT);
	return mode_names[mode];
}

bool
pol_mode_from(const char *name, enum pol_mode *ret)
{
	for (unsigned i = 0; i < POL_MODE_COUNT; i++) {
		if (strcmp(name, mode_names[i]) == 0) {
			*ret = (enum pol_mode)i;
			return true;
		}
	}
	return false;
}

void
pol_conf_init(struct pol_conf *conf)
{
	*conf = (struct pol_conf){.mode = POL_STRICT,
		.daily_budget_nano = 100 * NV_MONEY_SCALE,
		.approval_above_nano = 50 * NV_MONEY_SCALE,
		.min_roi_ppm = 1500000,
		.scale_roi_ppm = 3000000,
		.kill_roi_ppm = 0,
		.min_runs = 20,
		.evaluate_s = 21600,
		.approval_expiry_s = 172800};
}

void
pol_worker_conf_init(struct pol_worker_conf *conf)
{
	*conf = (struct pol_worker_conf){.instances_max = 1,
		.budget_daily_nano = -1,
		.min_roi_ppm = INT64_MIN,
		.scale_roi_ppm = INT64_MIN,
		.kill_roi_ppm = INT64_MIN,
		.min_runs = UINT32_MAX};
}

static bool
roi_valid(int64_t ppm)
{
	return ppm >= -1000000 && ppm <= ROI_MAX_PPM;
}

static bool
conf_valid(const struct pol_conf *c)
{
	return (unsigned)c->mode < POL_MODE_COUNT && c->daily_budget_nano >= 0 &&
	       c->approval_above_nano >= 0 && roi_valid(c->min_roi_ppm) &&
	       roi_valid(c->scale_roi_ppm) && roi_valid(c->kill_roi_ppm) &&
	       c->evaluate_s >= 60 && c->evaluate_s <= POL_DAY_S &&
	       c->day_offset_s > -POL_DAY_S && c->day_offset_s < POL_DAY_S &&
	       c->approval_expiry_s > 0;
}

int
pol_new(const struct pol_conf *conf, struct pol **ret)
{
	if (!conf_valid(conf))
		return -EINVAL;
	struct pol *p = calloc(1, sizeof *p);

	if (!p)
		return -ENOMEM;
	p->conf = *conf;
	pol_priors_init(&p->priors);
	pol_decay_init(p->decay);
	pol_quantile_init(&p->q40, 0.4);
	pol_quantile_init(&p->q70, 0.7);
	pol_quantile_init(&p->q90, 0.9);
	p->judged = -1;
	*ret = p;
	return 0;
}

void
pol_free(struct pol *p)
{
	if (!p)
		return;
	for (uint32_t i = 0; i < p->n_workers; i++)
		pol_worker_free(p->workers[i]);
	free(p->workers);
	free(p->slots);
	free(p);
}

int
pol_conf_set(struct pol *p, const struct pol_conf *conf)
{
	if (!conf_valid(conf))
		return -EINVAL;
	p->conf = *conf;
	for (uint32_t i = 0; i < p->n_workers; i++)
		p->workers[i]->dirty = true;
	return 0;
}

void
pol_conf_get(const struct pol *p, struct pol_conf *ret)
{
	*ret = p->conf;
}

/* ---- workers ---- */

static uint32_t
name_hash(const char *name)
{
	uint32_t h = 2166136261u; /* FNV-1a */

	for (; *name; name++)
		h = (h ^ (uint8_t)*name) * 16777619u;
	return h;
}

struct pol_worker *
pol_find(const struct pol *p, const char *name)
{
	if (p->n_slots == 0)
		return NULL;
	for (uint32_t at = name_hash(name);; at++) {
		uint32_t i = p->slots[at & (p->n_slots - 1)];

		if (i == 0)
			return NULL;
		if (strcmp(p->workers[i - 1]->conf.name, name) == 0)
			return p->workers[i - 1];
	}
}

static void
slot_put(struct pol *p, uint32_t i)
{
	uint32_t at = name_hash(p->workers[i]->conf.name);

	while (p->slots[at & (p->n_slots - 1)])
		at++;
	p->slots[at & (p->n_slots - 1)] = i + 1;
}

void
pol_slots_fill(struct pol *p)
{
	/* Of a fleet that never had a worker there is no table. */
	if (p->n_slots > 0)
		memset(p->slots, 0, p->n_slots * sizeof *p->slots);
	for (uint32_t i = 0; i < p->n_workers; i++)
		slot_put(p, i);
}

int
pol_workers_reserve(struct pol *p, uint32_t n)
{
	if (n > POL_WORKERS_MAX)
		return -ENOSPC;
	if (n <= p->cap_workers)
		return 0;
	uint32_t cap = 16;

	while (cap < n)
		cap *= 2;
	struct pol_worker **more = realloc(p->workers, cap * sizeof(struct pol_worker *));

	if (!more)
		return -ENOMEM;
	p->workers = more;
	uint32_t *slots = calloc((size_t)cap * 2, sizeof *slots);

	if (!slots)
		return -ENOMEM;
	free(p->slots);
	p->slots = slots;
	p->n_slots = cap * 2;
	p->cap_workers = cap;
	pol_slots_fill(p);
	return 0;
}

static bool
worker_conf_valid(const struct pol_worker_conf *c)
{
	if (!memchr(c->name, 0, sizeof c->name) || !c->name[0] ||
		!memchr(c->group, 0, sizeof c->group) || c->run_interval_s < 0 ||
		c->run_interval_s > INTERVAL_MAX_S ||
		c->n_intervals > POL_INTERVALS_MAX || c->n_variants > POL_VARIANTS_MAX ||
		c->instances_max > POL_INSTANCES_MAX || c->expected_cost_nano < 0 ||
		c->expected_cost_nano > NV_MONEY_MAX || c->expected_sale_nano < 0 ||
		c->expected_sale_nano > NV_MONEY_MAX || c->ramp_days > 3660 ||
		c->budget_daily_nano < -1)
		return false;
	for (unsigned i = 0; i < c->n_intervals; i++) {
		if (c->intervals_s[i] <= 0 || c->intervals_s[i] > INTERVAL_MAX_S)
			return false;
	}
	for (unsigned i = 0; i < c->n_variants; i++) {
		if (!memchr(c->variants[i], 0, sizeof c->variants[i]))
			return false;
	}
	return true;
}

int
pol_worker_put(struct pol *p, const struct pol_worker_conf *conf)
{
	if (!worker_conf_valid(conf))
		return -EINVAL;
	struct pol_worker *w = pol_find(p, conf->name);

	if (w) {
		if (conf->n_variants != w->conf.n_variants ||
			memcmp(conf->variants, w->conf.variants, sizeof conf->variants) !=
				0)
			pol_trial_void(w);
		w->conf = *conf;
		w->dirty = true;
		pol_levels_make(w);
		return 0;
	}
	int rc = pol_workers_reserve(p, p->n_workers + 1);

	if (rc < 0)
		return rc;
	w = calloc(1, sizeof *w);
	if (!w)
		return -ENOMEM;
	w->conf = *conf;
	w->st = (struct pol_standing){
		.state = conf->catalog ? POL_ST_CATALOG : POL_ST_RUNNING,
		.instances = 1,
		.live = 1};
	w->limit_nano = -1;
	w->dirty = true;
	w->judged_day = INT32_MIN;
	w->finding = "";
	w->rule = "";
	w->x_held = conf->catalog ? 0 : 1;
	pol_levels_make(w);
	uint32_t at = p->n_workers;

	while (at > 0 && strcmp(p->workers[at - 1]->conf.name, conf->name) > 0)
		at--;
	bool last = at == p->n_workers;

	for (uint32_t i = p->n_workers; i > at; i--)
		p->workers[i] = p->workers[i - 1];
	p->workers[at] = w;
	p->n_workers++;
	if (last)
		slot_put(p, at); /* nobody's place has changed */
	else
		pol_slots_fill(p);
	return 0;
}

int
pol_worker_drop(struct pol *p, const char *name)
{
	struct pol_worker *w = pol_find(p, name);
	uint32_t at = 0;

	if (!w)
		return -ENOENT;
	while (p->workers[at] != w)
		at++;
	p->n_workers--;
	for (; at < p->n_workers; at++)
		p->workers[at] = p->workers[at + 1];
	pol_worker_free(w);
	pol_slots_fill(p);
	return 0;
}

size_t
pol_workers(const struct pol *p)
{
	return p->n_workers;
}

const char *
pol_worker_name(const struct pol *p, size_t i)
{
	return i < p->n_workers ? p->workers[i]->conf.name : NULL;
}

/* ---- standing ---- */

static bool
works(enum pol_state state)
{
	return state == POL_ST_RUNNING || state == POL_ST_PAUSED_BY_BUDGET;
}

int
pol_standing_put(
	struct pol *p, const char *worker, int64_t ts, const struct pol_standing *st)
{
	struct pol_worker *w = pol_find(p, worker);

	if (!w)
		return -ENOENT;
	if ((unsigned)st->state >= POL_ST_COUNT || st->instances > POL_INSTANCES_MAX ||
		st->run_interval_s < 0 || st->run_interval_s > INTERVAL_MAX_S || ts < 0 ||
		ts > POL_TS_MAX)
		return -EINVAL;
	double was = pol_volume(w);
	bool worked = works(w->st.state);

	const struct pol_standing had = w->st;

	w->st = *st;
	for (unsigned i = 0; i < POL_VARIANTS_MAX; i++) {
		w->st.split[i] = pol_clip(st->split[i], 0, 1);
		if (w->st.split[i] != had.split[i])
			w->split_ts = NV_MAX(ts, 1);
	}
	double x = pol_volume(w);
	bool first = w->st_since == 0;

	/* A person's pause, or time in the catalogue, is no time at the floor. */
	if (!worked && works(st->state) && had.state != POL_ST_PAUSED_BY_POLICY)
		w->floor_since = 0;

	w->dirty = true;
	if (works(st->state)) {
		w->poor = false;
		w->x_held = NV_MAX(w->x_held, x);
	}
	if (first) {
		w->st_since = NV_MAX(ts, 1);
		return 0;
	}
	if (x == was && worked == works(st->state))
		return 0;
	w->st_since = NV_MAX(ts, 1);
	w->changed_ts = w->st_since;
	w->changed_runs = 0;
	if (x > was)
		w->up_ts = w->st_since;
	else
		w->down_ts = w->st_since;
	return 0;
}

int
pol_standing_get(const struct pol *p, const char *worker, struct pol_standing *ret)
{
	const struct pol_worker *w = pol_find(p, worker);

	if (!w)
		return -ENOENT;
	*ret = w->st;
	return 0;
}

/* ---- figures ---- */

int64_t
pol_day_begin(const struct pol *p, int64_t now)
{
	int64_t local = now + p->conf.day_offset_s;

	return local - ((local % POL_DAY_S) + POL_DAY_S) % POL_DAY_S -
	       p->conf.day_offset_s;
}

void
pol_fleet_get(const struct pol *p, int64_t now, struct pol_fleet *ret)
{
	int64_t begin = pol_day_begin(p, now);
	double plan = 0;
	double pending = 0;

	*ret = (struct pol_fleet){.budget_nano = p->conf.daily_budget_nano,
		.shadow = p->shadow,
		.fleet_multiple = p->priors.rho,
		.refund = p->priors.refund,
		.delay_median_h = p->priors.curve.median_s / POL_HOUR_S};
	for (uint32_t i = 0; i < p->n_workers; i++) {
		const struct pol_worker *w = p->workers[i];
		double x = pol_volume(w);

		if (x > 0)
			plan += w->post.valid ? pol_cost_at(w, x) : 0;
		if (w->open && w->open->d.impact_nano > 0)
			pending += pol_units(w->open->d.impact_nano);
	}
	(void)snprintf(ret->next_best, sizeof ret->next_best, "%s", p->next_best);
	ret->spent_today_nano = pol_hours_cost(p->hours, begin, now + 1);
	ret->plan_per_day_nano = pol_nano(plan);
	ret->pending_nano = pol_nano(pending);
	ret->planned_rest_nano =
		pol_nano(plan * (double)(begin + POL_DAY_S - now) / POL_DAY_S);
}

/* ---- the evaluation ---- */

/* Judged anew when something is new, on a new day, or while money of the last two days
 * is maturing by the hour. */
static void
judge(struct pol *p, struct pol_worker *w, int64_t now)
{
	int32_t today = pol_day_of(now);
	bool maturing = w->n_days > 0 && w->days[w->n_days - 1].day >= today - 2 &&
			now / POL_HOUR_S != w->judged_ts / POL_HOUR_S;

	if (w->post.valid && !w->dirty && w->judged_day == today && !maturing)
		return;
	pol_post_make(p, w, now, &w->post);
	for (unsigned i = 0; i < w->n_levels; i++)
		w->step_value[i] = pol_step_judge(p, w, i);
	w->p_kill = pol_post_below(&w->post, pol_volume_least(w), 1, pol_kill_roi(p, w));
	w->dirty = false;
	w->judged_day = today;
	w->judged_ts = now;
}

static void
cycle_init(struct pol_cycle *c, struct pol *p, int64_t now, pol_decision_fn *propose,
	void *arg)
{
	struct pol_fleet f;

	pol_fleet_get(p, now, &f);
	*c = (struct pol_cycle){.p = p, .now = now, .propose = propose, .arg = arg};
	c->budget = pol_units(p->conf.daily_budget_nano);
	c->plan = pol_units(f.plan_per_day_nano);
	c->pending = pol_units(f.pending_nano);
	c->spent = pol_units(f.spent_today_nano);
	c->rest = (double)(pol_day_begin(p, now) + POL_DAY_S - now) / POL_DAY_S;
	for (uint32_t i = 0; i < p->n_workers; i++) {
		struct pol_worker *w = p->workers[i];

		/* On trial until it has sold, or had its chance. */
		if (w->trial && w->post.valid &&
			(w->post.sales >= 3 || !(pol_volume(w) > 0.98) ||
				w->post.even[POL_BETAS - 1] >= 3))
			w->trial = false;
		c->trials += w->trial ||
			     (w->open && w->open->d.action == POL_DEPLOY && !w->trial);
	}
}

void
pol_evaluate_soon(struct pol *p)
{
	p->soon = true;
}

int
pol_evaluate(struct pol *p, int64_t now, pol_decision_fn *propose, void *arg)
{
	struct pol_cycle c;
	int rc = 0;

	if (now < 0 || now > POL_TS_MAX)
		return -EINVAL;
	now = NV_MAX(now, p->now);
	p->now = now;
	int64_t boundary = now / p->conf.evaluate_s;
	bool due = p->soon || boundary != p->judged;

	if (due) {
		p->soon = false;
		p->judged = boundary;
		pol_priors_refresh(p, now);
		for (uint32_t i = 0; i < p->n_workers; i++)
			judge(p, p->workers[i], now);
	}
	cycle_init(&c, p, now, propose, arg);
	if (p->conf.mode == POL_CLASSIC) {
		if (due && propose)
			pol_classic_cycle(&c);
	} else if (!propose) {
		rc = due ? pol_ladder(&c) : 0;
		if (due)
			pol_timers(&c);
	} else {
		pol_breakers(&c);
		if (due) {
			pol_open_check(&c);
			cycle_init(&c, p, now, propose, arg);
			c.calm = now < p->calm_after;
			rc = pol_ladder(&c);
			if (rc == 0)
				pol_rules(&c);
		}
	}
	pol_limits(&c);
	return rc;
}

int
pol_judge(const struct pol *p, const char *worker, int64_t now, struct pol_judgement *ret)
{
	const struct pol_worker *w = pol_find(p, worker);
	struct pol_post post;

	if (!w)
		return -ENOENT;
	now = NV_MAX(now, p->now);
	pol_post_make(p, w, now, &post);
	double x = pol_volume(w) > 0 ? pol_volume(w) : w->levels[0].x;

	*ret = (struct pol_judgement){.standing = w->st, .judged = w->post.valid};
	ret->finding = w->finding;
	ret->rule = w->rule;
	ret->p_below_kill = pol_post_below(&post, x, post.good, pol_kill_roi(p, w));
	ret->p_above_min = 1 - pol_post_below(&post, x, post.good, pol_min_roi(p, w));
	ret->p_above_scale = 1 - pol_post_below(&post, x, post.good, pol_scale_roi(p, w));
	ret->target_volume = w->target;
	ret->cost_per_day_nano = pol_nano(post.cost_unit * pol_volume(w));
	ret->why.rule = w->rule;
	ret->why.threshold = "";
	ret->why.p = ret->p_above_min;
	ret->why.e = pol_evalue(post.even_n, pol_post_even(&post, x, pol_kill_roi(p, w)));
	pol_why_fill(p, w, &post, now, pol_volume(w), &ret->why);
	(void)snprintf(ret->text, sizeof ret->text,
		"%llu sales for %.2f spent; the next unit of money is expected to return "
		"%.2f (80%%: %.2f to %.2f)",
		(unsigned long long)post.sales_n, pol_units(post.cost_nano),
		ret->why.marginal[1], ret->why.marginal[0], ret->why.marginal[2]);
	return 0;
}
