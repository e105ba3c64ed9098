/* Did what was stated with probability p come true in p of the cases? Pure: a list of
 * claims in, a reliability table and scores out.
 *
 * Brier score: mean of (p - came)^2 (Brier 1950); log loss: mean of -ln of the
 * probability given to what happened; both 0 for an oracle. Intervals of a bin's rate:
 * Wilson (1927), which holds for few claims and for rates near 0 and 1. The test of all
 * claims together is Spiegelhalter's z (1986). */
#ifndef POL_CALIBRATION_H
#define POL_CALIBRATION_H

#include "nv_base.h"

#define POL_CALIBRATION_BINS 10
/* Fewer claims than this say nothing about anybody. */
#define POL_CALIBRATION_MIN 20

struct pol_claim {
	double p; /* stated, 0..1 */
	bool came;
};

struct pol_bin {
	double from; /* stated p: from <= p < to, the last one with 1 */
	double to;
	uint32_t n;
	uint32_t came;
	double stated; /* mean of p; 0 when n == 0, as the following */
	double rate;   /* came / n */
	double low;    /* 95% interval of the rate */
	double high;
	bool agrees; /* the mean stated lies in the interval; true when n == 0 */
};

enum pol_verdict {
	POL_CALIBRATION_TOO_FEW,  /* fewer than POL_CALIBRATION_MIN */
	POL_CALIBRATION_AGREES,   /* nothing speaks against the stated numbers */
	POL_CALIBRATION_TOO_SURE, /* stated more than came, or too near to 0 and 1 */
	POL_CALIBRATION_TOO_SHY   /* the other way */
};
const char *pol_verdict_name(enum pol_verdict verdict); /* "agrees", "too sure" */

struct pol_calibration {
	uint32_t n;
	uint32_t refused; /* p no number in 0..1: not counted in anything else */
	uint32_t came;
	double stated; /* mean of p */
	double rate;   /* 0 when n == 0, as all that follow */
	double brier;
	double brier_base; /* of somebody who always says `rate` */
	double log_loss;   /* p is held within 1e-6 of 0 and 1 */
	double bias_z;     /* (came - expected) / its deviation if the claims are true */
	double spread_z;   /* Spiegelhalter's */
	enum pol_verdict verdict;
	struct pol_bin bins[POL_CALIBRATION_BINS];
};

void
pol_calibration(const struct pol_claim *claims, size_t n, struct pol_calibration *ret);

/* 95% interval of a rate of which `came` of `n` have been seen; 0..1 when n is 0. */
void pol_wilson(uint32_t came, uint32_t n, double *ret_low, double *ret_high);

#endif
