/* Random numbers for statistical tests: the same seed always gives the same test.
 * splitmix64 (Steele, Lea, Flood 2014); the rest by standard transformations. */
#ifndef STATSIM_H
#define STATSIM_H

#include <math.h>
#include <stdint.h>

struct sim {
	uint64_t state; /* the seed */
};

static inline uint64_t
sim_bits(struct sim *sim)
{
	uint64_t z = sim->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* In (0, 1), never one of the ends. */
static inline double
sim_uniform(struct sim *sim)
{
	return ((double)(sim_bits(sim) >> 12) + 0.5) * 0x1p-52;
}

static inline double
sim_normal(struct sim *sim)
{
	return sqrt(-2 * log(sim_uniform(sim))) * cos(2 * M_PI * sim_uniform(sim));
}

/* Marsaglia and Tsang (2000); below 1 by the power of a uniform. */
static inline double
sim_gamma(struct sim *sim, double shape)
{
	double less = 1;

	if (shape < 1) {
		less = pow(sim_uniform(sim), 1 / shape);
		shape += 1;
	}
	double d = shape - 1 / 3.0;

	for (;;) {
		double z = sim_normal(sim);
		double v = pow(1 + z / sqrt(9 * d), 3);

		if (v > 0 && log(sim_uniform(sim)) < z * z / 2 + d - d * v + d * log(v))
			return d * v * less;
	}
}

/* By the times between events; mean up to some hundreds. */
static inline unsigned
sim_poisson(struct sim *sim, double mean)
{
	unsigned n = 0;

	for (double t = -log(sim_uniform(sim)); t < mean; t -= log(sim_uniform(sim)))
		n++;
	return n;
}

/* Mean 1, squared coefficient of variation cv2. */
static inline double
sim_lognormal(struct sim *sim, double cv2)
{
	double s2 = log1p(cv2);

	return exp(sqrt(s2) * sim_normal(sim) - s2 / 2);
}

#endif
