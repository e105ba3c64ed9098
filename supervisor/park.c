/* Which instances of a worker shall run: see park.h. */
#include "park.h"

static void
unpark(struct sup_park *p, uint32_t i)
{
	p->parked[i] = false;
	p->n_parked--;
}

/* One above the last wanted one would leave a gap that nobody counts. */
static void
tidy(struct sup_park *p, uint32_t wanted)
{
	for (uint32_t i = p->n; i > 0; i--) {
		if (p->parked[i - 1] && (wanted == 0 || i > wanted + p->n_parked))
			unpark(p, i - 1);
	}
}

void
sup_park_change(struct sup_park *p, uint32_t before, uint32_t now, const uint32_t *hints,
	size_t n_hints)
{
	uint32_t more = now > before ? now - before : 0;
	uint32_t fewer = before > now && now > 0 ? before - now : 0;

	for (uint32_t i = 0; i < p->n && more > 0; i++) {
		if (!p->parked[i])
			continue;
		unpark(p, i);
		more--;
	}
	uint32_t above = before + p->n_parked; /* the wanted ones are below */

	for (size_t k = 0; k < n_hints && fewer > 0; k++) {
		uint32_t number = hints[k];

		if (number == 0 || number > above || number > p->n ||
			p->parked[number - 1])
			continue;
		p->parked[number - 1] = true;
		p->n_parked++;
		fewer--;
	}
	tidy(p, now);
}
