/* Stated probabilities against what happened: see calibration.h. */
#include "calibration.h"

#include <math.h>

#define Z95     1.959963984540054
#define P_LEAST 1e-6

const char *
pol_verdict_name(enum pol_verdict verdict)
{
	static const char *const names[] = {
		[POL_CALIBRATION_TOO_FEW] = "too few",
		[POL_CALIBRATION_AGREES] = "agrees",
		[POL_CALIBRATION_TOO_SURE] = "too sure",
		[POL_CALIBRATION_TOO_SHY] = "too shy",
	};

	NV_ASSERT((unsigned)verdict < NV_LEN(names));
	return names[verdict];
}

void
pol_wilson(uint32_t came, uint32_t n, double *ret_low, double *ret_high)
{
	double z2 = Z95 * Z95;
	double low = 0;
	double high = 1;

	NV_ASSERT(came <= n);
	if (n > 0) {
		double rate = (double)came / n;
		double middle = (rate + z2 / (2.0 * n)) / (1 + z2 / n);
		double half = Z95 / (1 + z2 / n) *
			      sqrt(rate * (1 - rate) / n + z2 / (4.0 * n * n));

		low = came == 0 ? 0 : fmax(middle - half, 0);
		high = came == n ? 1 : fmin(middle + half, 1);
	}
	*ret_low = low;
	*ret_high = high;
}

static void
finish_bins(struct pol_calibration *c)
{
	for (unsigned i = 0; i < POL_CALIBRATION_BINS; i++) {
		struct pol_bin *bin = &c->bins[i];

		bin->from = (double)i / POL_CALIBRATION_BINS;
		bin->to = (double)(i + 1) / POL_CALIBRATION_BINS;
		bin->agrees = true;
		if (bin->n == 0)
			continue;
		bin->stated /= bin->n;
		bin->rate = (double)bin->came / bin->n;
		pol_wilson(bin->came, bin->n, &bin->low, &bin->high);
		bin->agrees = bin->stated >= bin->low && bin->stated <= bin->high;
	}
}

/* The two tests see different faults: one that all is stated too high or too low, the
 * other that everything is stated too far from, or too near to, one half. */
static enum pol_verdict
judge(const struct pol_calibration *c)
{
	double worse = fabs(c->spread_z) > fabs(c->bias_z) ? c->spread_z : -c->bias_z;

	if (c->n < POL_CALIBRATION_MIN)
		return POL_CALIBRATION_TOO_FEW;
	/* Two looks at 5% together: each at 2.5%. */
	if (fabs(worse) < 2.241402727604947)
		return POL_CALIBRATION_AGREES;
	return worse > 0 ? POL_CALIBRATION_TOO_SURE : POL_CALIBRATION_TOO_SHY;
}

void
pol_calibration(const struct pol_claim *claims, size_t n, struct pol_calibration *ret)
{
	struct pol_calibration c = {0};
	double spread = 0;
	double spread_var = 0;
	double bias_var = 0;
	double bias = 0;

	for (size_t i = 0; i < n; i++) {
		double p = claims[i].p;
		double came = claims[i].came ? 1 : 0;

		if (!(p >= 0 && p <= 1)) {
			c.refused++;
			continue;
		}
		double held = fmin(fmax(p, P_LEAST), 1 - P_LEAST);
		struct pol_bin *bin = &c.bins[(unsigned)NV_MIN(
			p * POL_CALIBRATION_BINS, POL_CALIBRATION_BINS - 1.0)];

		c.n++;
		c.came += claims[i].came;
		c.stated += p;
		c.brier += (p - came) * (p - came);
		c.log_loss -= log(claims[i].came ? held : 1 - held);
		spread += (came - p) * (1 - 2 * p);
		spread_var += (1 - 2 * p) * (1 - 2 * p) * held * (1 - held);
		bias += came - p;
		bias_var += held * (1 - held);
		bin->n++;
		bin->came += claims[i].came;
		bin->stated += p;
	}
	finish_bins(&c);
	if (c.n > 0) {
		c.stated /= c.n;
		c.rate = (double)c.came / c.n;
		c.brier /= c.n;
		c.brier_base = c.rate * (1 - c.rate);
		c.log_loss /= c.n;
		c.bias_z = bias / sqrt(bias_var);
		c.spread_z = spread_var > 0 ? spread / sqrt(spread_var) : 0;
	}
	c.verdict = judge(&c);
	*ret = c;
}
