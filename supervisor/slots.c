/* Slots of a worker that are wanted, and those that stay empty: park.c applied to
 * workers.
 */
#include "park.h"
#include "sup.h"

#include <stdlib.h>
#include <string.h>

uint32_t
sup_worker_slots(const struct sup_worker *w)
{
	uint32_t wanted = sup_worker_wanted(w);

	return wanted > 0 ? wanted + w->n_parked : 0;
}

bool
sup_worker_in(const struct sup_worker *w, uint32_t i)
{
	return i < sup_worker_slots(w) &&
	       !(i < w->n_instances && w->instances[i]->parked);
}

void
sup_worker_idle(struct sup_worker *w, const uint32_t *numbers, uint32_t n)
{
	free(w->idle);
	w->idle = n ? calloc(n, sizeof(*w->idle)) : NULL;
	w->n_idle = w->idle ? n : 0; /* without memory the youngest go, as always */
	if (w->idle)
		memcpy(w->idle, numbers, n * sizeof(*w->idle));
}

void
sup_worker_choose_slots(struct sup_worker *w, uint32_t before, uint32_t now)
{
	static bool parked[SUP_INSTANCES_MAX];
	uint32_t n = NV_MIN(w->n_instances, (uint32_t)SUP_INSTANCES_MAX);
	struct sup_park park = {.parked = parked, .n = n, .n_parked = w->n_parked};

	if (before == now || (w->n_parked == 0 && w->n_idle == 0))
		return;
	for (uint32_t i = 0; i < n; i++)
		parked[i] = w->instances[i]->parked;
	sup_park_change(&park, before, now, w->idle, w->n_idle);
	w->n_parked = park.n_parked;
	sup_state_worker(w);
	for (uint32_t i = 0; i < n; i++) {
		if (w->instances[i]->parked == parked[i])
			continue;
		w->instances[i]->parked = parked[i];
		sup_state_instance(w->instances[i]);
	}
}
