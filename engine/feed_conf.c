/* Settings and desired states as the decision core takes them. */
#include "feed.h"

#include "report.h"

#include "nv_clock.h"
#include "nv_units.h"

#include <stdio.h>
#include <string.h>

#define DAY_S INT64_C(86400)

static const enum pol_mode modes[] = {[NV_POLICY_STRICT] = POL_STRICT,
	[NV_POLICY_MARGINAL] = POL_MARGINAL,
	[NV_POLICY_CLASSIC] = POL_CLASSIC};

/* Local time - UTC at the beginning of the budget day, within -12..+14 hours. */
static int64_t
day_offset(int64_t now_ns)
{
	int64_t from_ns;
	int64_t to_ns;

	eng_day_bounds(now_ns, &from_ns, &to_ns);
	int64_t offset = -(from_ns / NV_NS_PER_SEC) % DAY_S;

	if (offset < 0)
		offset += DAY_S;
	return offset > DAY_S / 2 + INT64_C(7200) ? offset - DAY_S : offset;
}

void
eng_feed_pol_conf(const struct nv_config *config, bool advise_only, int64_t day_ns,
	struct pol_conf *ret)
{
	pol_conf_init(ret);
	ret->mode = modes[config->policy];
	ret->daily_budget_nano = config->max_daily_budget_nano < 0
					 ? NV_MONEY_MAX
					 : config->max_daily_budget_nano;
	ret->approval_above_nano = config->approval_above_nano;
	ret->min_roi_ppm = config->min_roi_ppm;
	ret->scale_roi_ppm = config->scale_roi_ppm;
	ret->kill_roi_ppm = config->kill_roi_ppm;
	ret->min_runs = config->min_runs;
	ret->approval_expiry_s = config->approval_expiry_ms / 1000;
	ret->day_offset_s = day_offset(day_ns);
	ret->advise_only = advise_only;
}

/* Others that may be set: halves and doubles of the configured one within the declared
 * range, and its ends. Nothing declared, nothing turned. */
static void
put_intervals(const struct nv_conf_worker *conf, struct pol_worker_conf *ret)
{
	int64_t low = 0;
	int64_t high = 0;

	for (size_t i = 0; i < conf->n_params; i++) {
		const struct nv_conf_param *p = &conf->params[i];

		if (strcmp(p->name, "run_interval") == 0 && p->range_min &&
			(nv_duration_parse(p->range_min, &low, NULL) < 0 ||
				nv_duration_parse(p->range_max, &high, NULL) < 0))
			return;
	}
	/* The slower ones first: they are what a ladder takes before it pauses. */
	static const int quarters[POL_INTERVALS_MAX] = {8, 16, 32, 64, 2, 1};

	for (size_t i = 0; i < NV_LEN(quarters) && quarters[i]; i++) {
		int64_t ms = conf->run_interval_ms / 4 * quarters[i];

		if (ms >= low && ms <= high && ms % 1000 == 0)
			ret->intervals_s[ret->n_intervals++] = ms / 1000;
	}
}

void
eng_feed_worker_conf(const struct nv_conf_worker *conf, struct pol_worker_conf *ret)
{
	pol_worker_conf_init(ret);
	memcpy(ret->name, conf->name, sizeof ret->name);
	memcpy(ret->group, conf->group, sizeof ret->group);
	/* Below a second it counts as one: volumes are ratios. */
	ret->run_interval_s = NV_MAX(conf->run_interval_ms / 1000, 1);
	put_intervals(conf, ret);
	ret->expected_cost_nano = NV_MAX(conf->expected_cost_nano, 0);
	ret->expected_sale_nano = NV_MAX(conf->expected_sale_nano, 0);
	ret->has_expected_roi = conf->expected_roi_ppm != NV_CONF_NO_ROI;
	ret->expected_roi_ppm = ret->has_expected_roi ? conf->expected_roi_ppm : 0;
	ret->ramp_days =
		(uint32_t)((conf->expected_ramp_ms + DAY_S * 1000 - 1) / (DAY_S * 1000));
	ret->instances_max = conf->instances_max;
	for (size_t i = 0; i < NV_MIN(conf->n_variants, (size_t)POL_VARIANTS_MAX); i++)
		(void)snprintf(ret->variants[ret->n_variants++], sizeof ret->variants[0],
			"%s", conf->variants[i]);
	ret->budget_daily_nano = conf->budget_daily_nano;
	ret->catalog = conf->instances_start == 0;
	ret->advise_only = !conf->autonomous;
	ret->min_roi_ppm = conf->roi_min_ppm;
	ret->scale_roi_ppm = conf->roi_scale_ppm;
	ret->kill_roi_ppm = conf->roi_kill_ppm;
	ret->min_runs = conf->roi_min_runs;
}

static enum pol_state
state_of(
	const struct nv_conf_worker *conf, const struct eng_desire *d, bool budget_paused)
{
	bool by_policy = strncmp(d->by, "decision ", 9) == 0;

	switch (d->want) {
	case ENG_WANT_RUNNING:
		return !conf           ? POL_ST_STOPPED
		       : budget_paused ? POL_ST_PAUSED_BY_BUDGET
				       : POL_ST_RUNNING;
	case ENG_WANT_PAUSED:
		return by_policy ? POL_ST_PAUSED_BY_POLICY : POL_ST_PAUSED_BY_PERSON;
	case ENG_WANT_KILLED:
		return POL_ST_KILLED;
	case ENG_WANT_UNDEPLOYED:
		/* Nobody has said so but its file: it may be tried out. */
		return conf && conf->instances_start == 0 && strcmp(d->by, "config") == 0
			       ? POL_ST_CATALOG
			       : POL_ST_STOPPED;
	default:
		return POL_ST_STOPPED;
	}
}

/* Shares of the declared variants; none (all zero) means equal ones. */
static void
put_split(const struct nv_conf_worker *conf, const struct nv_split *split, double *ret)
{
	for (size_t i = 0; conf && !split->param[0] && i < conf->n_variants; i++) {
		for (unsigned k = 0; k < split->n; k++) {
			if (i < POL_VARIANTS_MAX &&
				strcmp(split->arms[k].name, conf->variants[i]) == 0)
				ret[i] = split->arms[k].share_ppm /
					 (double)NV_SPLIT_WHOLE_PPM;
		}
	}
}

void
eng_feed_standing(const struct nv_conf_worker *conf, const struct eng_desire *d,
	bool budget_paused, struct pol_standing *ret)
{
	*ret = (struct pol_standing){.state = state_of(conf, d, budget_paused),
		.instances =
			conf ? NV_MAX(NV_MIN(NV_MAX(d->instances, conf->instances_min),
					      conf->instances_max),
				       1U)
			     : NV_MAX(d->instances, 1U),
		.run_interval_s = d->run_interval_ms > 0
					  ? NV_MAX(d->run_interval_ms / 1000, 1)
					  : 0};
	for (size_t i = 0; conf && i < NV_MIN(conf->n_variants, NV_LEN(ret->split));
		i++) {
		for (unsigned k = 0; k < d->split.n; k++) {
			const struct nv_split_arm *arm = &d->split.arms[k];

			if (strcmp(arm->name, conf->variants[i]) == 0)
				ret->split[i] = arm->share_ppm / 1e6;
		}
	}
	/* As far as the ledger knows, all of them are up. */
	ret->live = ret->instances;
	put_split(conf, &d->split, ret->split);
}

static void
mix(uint64_t *hash, const void *data, size_t bytes)
{
	const unsigned char *at = data;

	for (size_t i = 0; i < bytes; i++)
		*hash = (*hash ^ at[i]) * UINT64_C(0x100000001b3);
}

uint64_t
eng_feed_rates_hash(const struct nv_config *config)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	mix(&hash, config->base_currency, strlen(config->base_currency));
	for (size_t i = 0; i < config->n_currencies; i++) {
		mix(&hash, config->currencies[i].code,
			strlen(config->currencies[i].code) + 1);
		mix(&hash, &config->currencies[i].rate_nano, sizeof(int64_t));
	}
	return hash;
}
