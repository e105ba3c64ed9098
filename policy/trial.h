/* The running A/B test of a worker's declared variants inside the core: what each has had
 * and brought, day by day, and the decision about their shares. The statistics are
 * variants.c's. */
#ifndef POL_TRIAL_H
#define POL_TRIAL_H

#include "pol_private.h"
#include "variants.h"

#define POL_TRIAL_DAYS \
	120 /* that are kept; a test that takes longer forgets the oldest */

struct pol_trial_day {
	int32_t day; /* since 1970, UTC */
	uint32_t runs[POL_VARIANTS_MAX];
	uint32_t sales[POL_VARIANTS_MAX]; /* by the day of their cause */
	int64_t cost[POL_VARIANTS_MAX];
	int64_t net[POL_VARIANTS_MAX]; /* of its sales: giants cut, less what came back */
};

struct pol_variants {
	struct pol_trial_day *days; /* owned, ascending */
	/* flat from here on */
	uint32_t n_days;
	uint32_t days_cap;
};

/* A fact of the worker that names a variant; others are passed over. 0 or -ENOMEM. */
int pol_trial_fact(struct pol_worker *w, const struct pol_fact *fact, int64_t ts);
/* Other variants are declared: what was known of the old ones is void. */
void pol_trial_void(struct pol_worker *w);
void pol_trial_free(struct pol_variants *t);

/* What is known now, for the judge: arms in the order of the variants, shares in force.
 * False: there is no test (fewer than two variants, or nothing is known). */
bool pol_trial_arms(const struct pol_worker *w, struct pol_arm *arms, double *share,
	struct pol_pairs *pairs);

/* How well the mix of variants sold on a day, relative to the mix that runs now: old
 * money that went into worse variants says less of what new money brings. Within 1/4..4;
 * 1 where nothing is known. */
struct pol_mix {
	unsigned n; /* 0: no variants */
	double rate[POL_VARIANTS_MAX];
	double now;
};
void pol_mix_make(const struct pol_worker *w, struct pol_mix *ret);
double pol_mix_of(const struct pol_worker *w, const struct pol_mix *mix, int32_t day);

/* The decision about the shares, when it is time for one. True: proposed. */
struct pol_cycle;
bool pol_trial_answer(struct pol_cycle *c, struct pol_worker *w);

#endif
