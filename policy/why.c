/* The numbers behind a decision, and its risk. */
#include "cycle.h"

#include <stdio.h>
#include <string.h>

static double
percent(double multiple)
{
	return pol_clip(100 * (multiple - 1), -100, 1e15);
}

void
pol_why_fill(const struct pol *p, const struct pol_worker *w, const struct pol_post *post,
	int64_t now, double x_to, struct pol_why *why)
{
	double x = pol_volume(w);
	double x1 = x;
	double x2 = x_to;
	uint64_t runs;
	uint64_t ok;

	why->cost_nano = post->cost_nano;
	why->revenue_nano = post->revenue_nano;
	why->refund_nano = post->refund_nano;
	why->runs_ok = post->runs_ok;
	why->runs_failed = post->runs_failed;
	why->sales = post->sales_n;
	why->exposure = post->exposure;
	why->sales_eff = post->sales;
	why->sale_mean = post->sale;
	why->refund = post->refund;
	why->volume = x;
	why->volume_to = x_to;
	why->beta = post->beta;
	why->mature = post->mature;
	why->half_life_d = post->half_life_d;
	pol_hours_runs(w->hours, now - POL_SUCCESS_S, now + 1, &runs, &ok);
	why->success = runs ? (double)ok / (double)runs : 1;
	if (post->valid) {
		struct pol_gamma g = pol_post_average(post, x > 0 ? x : w->levels[0].x);

		g.mean *= post->good;
		why->roi_percent[0] = percent(pol_gamma_at(&g, 0.1));
		why->roi_percent[1] = percent(pol_gamma_at(&g, 0.5));
		why->roi_percent[2] = percent(pol_gamma_at(&g, 0.9));
		why->stay_roi_percent = x > 0 ? percent(g.mean) : 0;
		if (x2 < x1) {
			x1 = x_to;
			x2 = x;
		}
		if (!(x2 > x1)) {
			int at = NV_MAX(pol_level_at(w, x), 0);

			x1 = at > 0 ? w->levels[at - 1].x : 0;
			x2 = w->levels[at].x;
		}
		g = pol_post_marginal(post, x1, x2);
		why->marginal[0] = pol_gamma_at(&g, 0.1);
		why->marginal[1] = pol_gamma_at(&g, 0.5);
		why->marginal[2] = pol_gamma_at(&g, 0.9);
		struct pol_post more = *post;
		double level = pol_volume_least(w);

		pol_post_more(&more, 1);
		why->one_more_sale_p =
			pol_post_below(&more, level, 1, pol_kill_roi(p, w));
	}
	why->shadow = p->shadow;
	struct pol_fleet f;

	pol_fleet_get(p, now, &f);
	why->budget_left_nano = pol_add(p->conf.daily_budget_nano,
		-pol_add(pol_add(f.spent_today_nano, f.planned_rest_nano),
			f.pending_nano));
	(void)snprintf(why->next_best, sizeof why->next_best, "%s", p->next_best);
	why->next_best_multiple = p->next_best_multiple;
	why->version = POL_MODEL_VERSION;
	why->priors = p->priors.hash;
}

static double
irreversible(enum pol_action action)
{
	switch (action) {
	case POL_KILL:
	case POL_RETIRE:
		return 1;
	case POL_DEPLOY:
		return 0.5;
	case POL_SCALE_UP:
	case POL_SCALE_DOWN:
		return 0.3;
	case POL_OPTIMIZE_INTERVAL:
	case POL_OPTIMIZE_SPLIT:
		return 0.1;
	default:
		return 0;
	}
}

unsigned
pol_risk(const struct pol *p, const struct pol_worker *w, const struct pol_post *post,
	const struct pol_decision *d)
{
	double budget = NV_MAX(pol_units(p->conf.daily_budget_nano), 1e-9);
	double rise = pol_units(d->impact_nano);
	double loss = 0; /* L95: until the next move */

	if (!post->valid)
		return 0;
	if (d->action == POL_KILL || d->action == POL_RETIRE) {
		struct pol_gamma g = pol_post_average(post, w->levels[0].x);

		loss = 30 * pol_cost_at(w, w->levels[0].x) *
		       NV_MAX(0, pol_gamma_at(&g, 0.95) - 1);
	} else if (rise > 0) {
		double x = pol_volume(w);
		struct pol_gamma g =
			pol_post_marginal(post, x, NV_MAX(d->why.volume_to, x + 1e-3));
		double days = 1 + (double)post->delay80_s / POL_DAY_S;

		loss = rise * days * NV_MAX(0, 1 - pol_gamma_at(&g, 0.05));
	}
	double risk = 100 * (0.5 * NV_MIN(1, loss / budget) +
				    0.3 * (1 - pol_clip(d->why.p, 0, 1)) +
				    0.2 * irreversible(d->action));

	return (unsigned)pol_clip(risk + 0.5, 0, 100);
}
