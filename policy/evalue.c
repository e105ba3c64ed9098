/* The e-value against "it breaks even": see docs/DECISIONS.md.
 *
 *   e = mean over theta in {0, .1, ..., .7} of theta^n * exp((1 - theta) * mu)
 *
 * With n Poisson of mean mu each term has expectation 1, so their mean is a test
 * martingale as money is spent: P(e ever >= 20) <= 1/20 (Ville). */
#include "pol_private.h"

#include <math.h>

#define THETAS 8
#define E_MAX  1e12

double
pol_evalue(double n, double mu)
{
	double sum = 0;

	n = pol_clip(n, 0, 1e15);
	mu = pol_clip(mu, 0, 1e15);
	for (unsigned i = 0; i < THETAS; i++) {
		double theta = i / 10.0;
		double ln = (1 - theta) * mu;

		if (i == 0 && n > 0)
			continue;
		if (i > 0)
			ln += n * log(theta);
		sum += exp(pol_clip(ln, -700, 700));
	}
	return pol_clip(sum / THETAS, 0, E_MAX);
}
