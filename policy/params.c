/* Values for an experiment: see params.h. */
#include "params.h"

unsigned
pol_params_choices(size_t n, size_t now, size_t ret[POL_PARAMS_ARMS])
{
	unsigned count = 0;
	size_t first = now < n ? now : 0;

	for (size_t i = 0; i < n && count < POL_PARAMS_ARMS; i++)
		ret[count++] = (first + i) % n;
	return count;
}

/* The multiple of grain that is nearest, within the range. */
static int64_t
fit(nv_i128 v, int64_t low, int64_t high, int64_t grain)
{
	nv_i128 half = grain / 2;
	nv_i128 rounded = (v >= 0 ? v + half : v - half) / grain * grain;

	if (rounded <= low)
		return low;
	return rounded >= high ? high : (int64_t)rounded;
}

unsigned
pol_params_range(int64_t low, int64_t high, int64_t now, int64_t grain, int64_t ret[3])
{
	NV_ASSERT(low <= high && grain > 0);
	nv_i128 at = NV_MIN(NV_MAX(now, low), high);
	nv_i128 step = ((nv_i128)high - low) / 8;
	const nv_i128 sides[2] = {
		low > 0 ? at * 3 / 2 : at + step, low > 0 ? at * 2 / 3 : at - step};
	unsigned n = 1;

	ret[0] = (int64_t)at;
	for (unsigned i = 0; i < 2; i++) {
		int64_t v = fit(sides[i], low, high, grain);

		/* A grain coarser than the step: the next one all the same. */
		if (v == ret[0])
			v = fit(i == 0 ? at + grain : at - grain, low, high, grain);
		if (v != ret[0] && (n < 2 || v != ret[1]))
			ret[n++] = v;
	}
	return n;
}
