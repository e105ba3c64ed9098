/* What is wanted of a worker, and how much of it is there. */
#include "sup.h"

bool
sup_worker_paused(const struct sup_worker *w)
{
	if (w->conf->system)
		return false;
	/* In an emergency a member of a tree holds still until it is its turn to end. */
	return w->sup->engine_pause || (w->sup->brake.on && w->policy.tree) ||
	       (w->desired && w->desire.paused);
}

unsigned
sup_worker_wanted(const struct sup_worker *w)
{
	/* Nova's own run as long as Nova does: they bring in what was earned. */
	if (w->conf->system)
		return !w->removed && w->sup->phase == SUP_RUNNING;
	if (!w->desired || w->removed || w->held || w->moving || w->sup->brake.on ||
		w->sup->phase != SUP_RUNNING)
		return 0;
	return NV_MIN(w->desire.instances, w->conf->instances_max);
}

bool
sup_worker_may_start(const struct sup_worker *w)
{
	if (w->sup->phase != SUP_RUNNING)
		return false;
	if (w->conf->system) /* its pipe waits for the engine */
		return true;
	return w->sup->engine_ready && !sup_worker_paused(w) && sup_gate_open(w);
}

unsigned
sup_worker_live(const struct sup_worker *w)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < w->n_instances; i++)
		n += sup_inst_live(&w->instances[i]->machine);
	return n;
}

unsigned
sup_worker_up(const struct sup_worker *w)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < w->n_instances; i++)
		n += w->instances[i]->machine.state == SUP_INST_UP;
	return n;
}

unsigned
sup_workers_live(const struct sup *sup)
{
	unsigned n = 0;

	for (const struct sup_worker *w = sup->workers; w; w = w->next)
		n += sup_worker_live(w);
	return n;
}

unsigned
sup_agents_live(const struct sup *sup)
{
	unsigned n = 0;

	for (const struct sup_worker *w = sup->workers; w; w = w->next)
		n += w->conf->system ? 0 : sup_worker_live(w);
	return n;
}
