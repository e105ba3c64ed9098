/* Special functions: see gamma.h. Sources: series and continued fraction of the
 * incomplete gamma functions, DLMF 8.7.1 and 8.9.2 (Lentz's method); digamma and
 * trigamma, Abramowitz and Stegun 6.3.18 and 6.4.12; starting point of the quantile,
 * Wilson and Hilferty (1931). */
#include "gamma.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>

#define STEPS_MAX  4000
#define NORMAL_A   2e5 /* above it the cube-root normal is as good as the series */
#define EDGE_P     1e-12
#define NEWTON_MAX 60

/* The lower and the upper function, whichever converges; the other is its complement. */
static double
by_series(double a, double x)
{
	double term = 1 / a;
	double sum = term;

	for (int n = 1; n < STEPS_MAX; n++) {
		term *= x / (a + n);
		sum += term;
		if (term < sum * DBL_EPSILON)
			break;
	}
	return sum * exp(a * log(x) - x - lgamma(a));
}

static double
by_fraction(double a, double x)
{
	double b = x + 1 - a;
	double c = 1 / DBL_MIN;
	double d = 1 / b;
	double h = d;

	for (int n = 1; n < STEPS_MAX; n++) {
		double an = -n * (n - a);

		b += 2;
		d = an * d + b;
		d = 1 / (fabs(d) < DBL_MIN ? DBL_MIN : d);
		c = b + an / c;
		c = fabs(c) < DBL_MIN ? DBL_MIN : c;
		h *= d * c;
		if (fabs(d * c - 1) < DBL_EPSILON)
			break;
	}
	return h * exp(a * log(x) - x - lgamma(a));
}

/* The cube root of a Gamma variable over its shape is nearly normal. */
static double
cube_root_z(double a, double x)
{
	return (cbrt(x / a) - 1 + 1 / (9 * a)) * 3 * sqrt(a);
}

static double
incomplete(double a, double x, bool upper)
{
	if (!(x > 0))
		return upper ? 1 : 0;
	if (isinf(x))
		return upper ? 0 : 1;
	if (a > NORMAL_A)
		return pol_normal_cdf(upper ? -cube_root_z(a, x) : cube_root_z(a, x));
	bool series = x < a + 1;
	double v = series ? by_series(a, x) : by_fraction(a, x);

	v = fmin(fmax(v, 0), 1);
	return series == upper ? 1 - v : v;
}

double
pol_gamma_p(double a, double x)
{
	return incomplete(a, x, false);
}

double
pol_gamma_q(double a, double x)
{
	return incomplete(a, x, true);
}

/* A rough normal quantile: the Newton steps below do the rest. */
static double
rough_z(double p)
{
	double t = sqrt(-2 * log(fmin(p, 1 - p)));
	double z = t - (2.30753 + 0.27061 * t) / (1 + t * (0.99229 + 0.04481 * t));

	return p < 0.5 ? -z : z;
}

static double
first_guess(double a, double p)
{
	double root = rough_z(p) / (3 * sqrt(a)) + 1 - 1 / (9 * a);
	/* P(a, x) is near x^a / Gamma(a+1) at the left end; the logarithm stays a number
	 * where the power does not. */
	double left = exp(fmax((log(p) + lgamma(a + 1)) / a, -700));

	return root > 0.1 ? a * root * root * root : fmax(left, DBL_MIN);
}

double
pol_gamma_quantile(double a, double p)
{
	p = fmin(fmax(p, EDGE_P), 1 - EDGE_P);
	double x = first_guess(a, p);
	double low = 0;
	double high = HUGE_VAL;

	for (int i = 0; i < NEWTON_MAX; i++) {
		/* In the tail that is small: 1 - p would lose the digits there. */
		double off = p < 0.5 ? pol_gamma_p(a, x) - p : 1 - p - pol_gamma_q(a, x);
		double density = exp((a - 1) * log(x) - x - lgamma(a));
		double to = density > 0 ? x - off / density : -1;

		if (off > 0)
			high = fmin(high, x);
		else
			low = fmax(low, x);
		if (!(to > low && to < high))
			to = isinf(high)     ? 2 * x
			     : low > 0       ? sqrt(low) * sqrt(high)
			     : high > 1e-300 ? high / 16
					     : high;
		if (fabs(to - x) <= 4 * DBL_EPSILON * x)
			return to;
		x = to;
	}
	return x;
}

double
pol_digamma(double a)
{
	double sum = 0;

	while (a < 8) {
		sum -= 1 / a;
		a += 1;
	}
	double r2 = 1 / (a * a);

	return sum + log(a) - 1 / (2 * a) -
	       r2 * (1 / 12.0 - r2 * (1 / 120.0 - r2 * (1 / 252.0 - r2 / 240)));
}

double
pol_trigamma(double a)
{
	double sum = 0;

	while (a < 8) {
		sum += 1 / (a * a);
		a += 1;
	}
	double r = 1 / a;
	double r2 = r * r;

	return sum + r + r2 / 2 +
	       r * r2 * (1 / 6.0 - r2 * (1 / 30.0 - r2 * (1 / 42.0 - r2 / 30)));
}

double
pol_normal_cdf(double z)
{
	return erfc(-z * M_SQRT1_2) / 2;
}
