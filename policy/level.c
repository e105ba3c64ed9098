/* The volumes a worker can be set to: below 1 by a longer interval, above by instances,
 * and, when these are used up, by a shorter interval. */
#include "pol_private.h"

/* Instances at which a step of growth ends; beyond, each half of a doubling. */
static const uint32_t instance_steps[] = {
	1, 2, 3, 4, 6, 8, 11, 16, 24, 32, 48, 64, 96, 128, 192, 256};
/* Volumes nearer to each other than this are one. */
#define SAME 1.04

static void
level_add(struct pol_worker *w, double x, uint32_t instances, int64_t interval_s)
{
	unsigned at = w->n_levels;

	if (w->n_levels == POL_LEVELS_MAX || !(x > 0))
		return;
	for (unsigned i = 0; i < w->n_levels; i++) {
		double ratio = x / w->levels[i].x;

		if (ratio < SAME && ratio > 1 / SAME)
			return;
	}
	while (at > 0 && w->levels[at - 1].x > x) {
		w->levels[at] = w->levels[at - 1];
		at--;
	}
	w->levels[at] = (struct pol_level){
		.x = x, .instances = instances, .interval_s = interval_s};
	w->n_levels++;
}

void
pol_levels_make(struct pol_worker *w)
{
	const struct pol_worker_conf *c = &w->conf;
	int64_t base = c->run_interval_s;
	uint32_t max = NV_MAX(c->instances_max, 1);

	w->n_levels = 0;
	level_add(w, 1, 1, base);
	for (unsigned i = 0; base > 0 && i < c->n_intervals; i++) {
		if (c->intervals_s[i] > base)
			level_add(w, (double)base / (double)c->intervals_s[i], 1,
				c->intervals_s[i]);
	}
	for (unsigned i = 1; i < NV_LEN(instance_steps) && instance_steps[i] < max &&
			     w->n_levels < POL_LEVELS_MAX - 1;
		i++)
		level_add(w, instance_steps[i], instance_steps[i], base);
	if (max > 1 && max <= 2 * instance_steps[NV_LEN(instance_steps) - 1])
		level_add(w, max, max, base);
	for (unsigned i = 0; base > 0 && i < c->n_intervals; i++) {
		if (c->intervals_s[i] > 0 && c->intervals_s[i] < base)
			level_add(w,
				(double)max * (double)base / (double)c->intervals_s[i],
				max, c->intervals_s[i]);
	}
}

double
pol_volume_set(const struct pol_worker *w)
{
	double x = w->st.instances;

	if (w->conf.run_interval_s > 0 && w->st.run_interval_s > 0)
		x *= (double)w->conf.run_interval_s / (double)w->st.run_interval_s;
	return x;
}

double
pol_volume(const struct pol_worker *w)
{
	return w->st.state == POL_ST_RUNNING || w->st.state == POL_ST_PAUSED_BY_BUDGET
		       ? pol_volume_set(w)
		       : 0;
}

double
pol_volume_least(const struct pol_worker *w)
{
	double x = NV_MIN(pol_volume_set(w), w->levels[0].x);

	return x > 0 ? x : w->levels[0].x;
}
