/* Gammas by their mean and shape, and fast quantiles of them. None returns NaN or
 * an infinity for finite arguments; arguments out of range are taken as the nearest in
 * range. */
#ifndef POL_MATH_H
#define POL_MATH_H

#include "nv_base.h"

/* Quantiles at a fixed p for any shape, read from a table in ln(shape): within 10^-4 of
 * pol_gamma_quantile(a, p) / a, thirty times as fast. */
#define POL_QUANTILE_POINTS 512
struct pol_quantile {
	double p;
	double ln_ratio[POL_QUANTILE_POINTS]; /* ln(quantile / shape) */
};
void pol_quantile_init(struct pol_quantile *t, double p);
/* The quantile of a Gamma with mean 1 and this shape. */
double pol_quantile_of(const struct pol_quantile *t, double shape);

/* A positive random variable by its mean and its variance, as a Gamma. */
struct pol_gamma {
	double mean;
	double shape;
};
struct pol_gamma pol_gamma_fit(double mean, double second_moment);
double pol_gamma_below(const struct pol_gamma *g, double x);
double pol_gamma_at(const struct pol_gamma *g, double p);

/* v, or the bound when v is outside or not a number (then lo). */
double pol_clip(double v, double lo, double hi);
/* Nearest integer, saturated. */
int64_t pol_to_int(double v);

#endif
