/* Which instances of a worker shall run. Without anything said these are 1..wanted. When
 * fewer are wanted the engine may name those that have the least to do: their slots are
 * *parked*, and the others go on under the numbers they have. A parked slot is the first
 * to be used again. Pure: a function of (slots, numbers). */
#ifndef SUP_PARK_H
#define SUP_PARK_H

#include "nv_base.h"

#define SUP_PARK_HINTS_MAX 1000

struct sup_park {
	bool *parked;      /* borrowed: of each slot, [i] of instance i + 1 */
	uint32_t n;        /* slots */
	uint32_t n_parked; /* true ones; all of them below wanted + n_parked */
};

/* From `before` to `now` instances; hints: numbers that shall go first, best first. Those
 * that are not among the wanted ones are passed over. */
void sup_park_change(struct sup_park *p, uint32_t before, uint32_t now,
	const uint32_t *hints, size_t n_hints);

#endif
