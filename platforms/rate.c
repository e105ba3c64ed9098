/* Token buckets: see rate.h. */
#include "rate.h"
#include "nv_base.h"

void
plat_rate_init(
	struct plat_rate *r, int64_t count, int64_t per_ms, int64_t burst, int64_t now_ms)
{
	NV_ASSERT(count >= 0 && count <= INT64_C(1000000000));
	NV_ASSERT(count == 0 || (per_ms > 0 && per_ms <= INT64_C(86400000) * 366));
	if (burst <= 0)
		burst = count > 0 ? count * 1000 / per_ms : 0;
	*r = (struct plat_rate){.count = count,
		.per_ms = per_ms,
		.burst = NV_MAX(burst, 1),
		.as_of_ms = now_ms};
	r->burst = NV_MIN(r->burst, INT64_C(1000000));
	r->credit = r->burst * per_ms;
}

int64_t
plat_rate_take(struct plat_rate *r, int64_t now_ms)
{
	if (r->count == 0)
		return 0;
	/* A full bucket gains nothing, so no more than that has to be counted. */
	int64_t full_ms = (r->burst * r->per_ms) / r->count + 1;
	int64_t passed_ms = NV_MIN(NV_MAX(now_ms - r->as_of_ms, 0), full_ms);

	r->credit = NV_MIN(r->credit + passed_ms * r->count, r->burst * r->per_ms);
	r->as_of_ms = NV_MAX(now_ms, r->as_of_ms);
	if (r->credit >= r->per_ms) {
		r->credit -= r->per_ms;
		return 0;
	}
	return (r->per_ms - r->credit + r->count - 1) / r->count;
}

void
plat_rate_give(struct plat_rate *r)
{
	if (r->count > 0)
		r->credit = NV_MIN(r->credit + r->per_ms, r->burst * r->per_ms);
}
