/* The special functions of the model that libm does not have. Pure, no errors: what is
 * out of the domain is held to its edge, and nothing that comes out is NaN unless NaN
 * went in. Relative error below 1e-9 where not said otherwise (tests/unit/test_gamma.c).
 */
#ifndef POL_GAMMA_H
#define POL_GAMMA_H

/* Regularised incomplete gamma functions: P(a, x) is the probability that a
 * Gamma(shape a, scale 1) variable is at most x; Q = 1 - P, without cancellation.
 * a > 0; x <= 0 is 0. */
double pol_gamma_p(double a, double x);
double pol_gamma_q(double a, double x);
/* x with P(a, x) = p; p in 0..1, held to 1e-12 from the edges. */
double pol_gamma_quantile(double a, double p);

/* Mean and variance of ln of a Gamma(a, 1) variable: digamma and trigamma, a > 0. */
double pol_digamma(double a);
double pol_trigamma(double a);

/* P(Z <= z) of a standard normal. */
double pol_normal_cdf(double z);

#endif
