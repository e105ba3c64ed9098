/* A/B tests of a worker's variants: who is best, how the runs are shared between them,
 * and when the test may stop. Pure.
 *
 * Two judges, who must agree. The posterior says how likely each variant is the best and
 * so how the runs are shared; it is looked at as often as one likes, and what is looked
 * at so often will sooner or later be 95% sure of anything. So the end of a test needs
 * the e-value too, which is valid at any time: if A is no better than B, the probability
 * that the e-value of "A beats B" ever reaches 20 is at most 1/20, however often one
 * looks and however the shares were moved by what was seen (Ville's inequality; Ramdas et
 * al., "Game-theoretic statistics and safe anytime-valid inference", 2023). */
#ifndef POL_VARIANTS_H
#define POL_VARIANTS_H

#include "pol.h"

#define POL_PAIR_ODDS 4

/* What is known of one variant; all sums discounted and corrected as the model does. */
struct pol_arm {
	double sales;    /* attributed to its runs */
	double net;      /* their amounts, giants cut, less refunds */
	double exposure; /* dollars */
	bool dropped;    /* gets no runs any more */
};

/* The evidence of every ordered pair, each worth 1 (log 0) at the beginning:
 * beats[v][u][k] speaks for "v beats u", holds[v][u][k] for "u is not better than v by a
 * fifth or more". All zero is the beginning. Saved as it is. */
#define POL_HOLD_MARGIN 1.2

struct pol_pairs {
	double beats[POL_VARIANTS_MAX][POL_VARIANTS_MAX][POL_PAIR_ODDS];
	double holds[POL_VARIANTS_MAX][POL_VARIANTS_MAX][POL_PAIR_ODDS];
};

/* One attributed sale of `variant`; share: how the runs (or what they cost) were split at
 * the time of its cause, chosen without knowing it. Of any pair that both had a share,
 * it is a coin whose fair side is known. Order does not matter. */
void pol_pairs_sale(
	struct pol_pairs *pairs, unsigned variant, const double *share, unsigned n);
/* The same for `times` sales with the same shares. */
void pol_pairs_sales(struct pol_pairs *pairs, unsigned variant, const double *share,
	unsigned n, uint32_t times);
/* The e-value of "v beats u": the mean over the odds {1.15, 1.3, 1.6, 2.2}. */
double pol_pairs_e(const struct pol_pairs *pairs, unsigned v, unsigned u);
/* The same of "u is not better than v by a fifth or more". */
double pol_pairs_hold_e(const struct pol_pairs *pairs, unsigned v, unsigned u);

enum pol_test_end {
	POL_TEST_ON,     /* goes on */
	POL_TEST_PROVEN, /* P(best) > 0.95 and e-value reached against every rival */
	/* 30 sales, less than 2% is expected to be lost, and e-values prove that no rival
	 * is better by a fifth */
	POL_TEST_ENOUGH
};

struct pol_test {
	unsigned best; /* the index of the highest P(best) */
	enum pol_test_end end;
	bool move; /* share differs enough from the present one to be set */
	double p_best[POL_VARIANTS_MAX];
	double share[POL_VARIANTS_MAX]; /* what it should be; 1 of the best at the end */
	double value[POL_VARIANTS_MAX]; /* earned per dollar: posterior mean */
	double loss[POL_VARIANTS_MAX];  /* expected, as a share of the best, if taken */
	double least_e;      /* "beats" of the best, against its strongest rival */
	double least_hold_e; /* "holds", likewise */
	double need_e;       /* what either has to reach: 20 for each rival */
};

/* share_now: how runs are split at present. cv2: squared coefficient of variation of
 * sale sizes, 0 leaves sizes out of the comparison. 1 <= n <= POL_VARIANTS_MAX. */
void pol_variants_judge(const struct pol_arm *arms, unsigned n, const double *share_now,
	const struct pol_pairs *pairs, double cv2, struct pol_test *ret);

#endif
