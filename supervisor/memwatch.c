/* Memory as the cause of an end: see memwatch.h. */
#include "memwatch.h"
#include "journal.h"
#include "nv_log.h"
#include "nv_units.h"
#include "sup.h"

#include <stdio.h>

#define LOOKS_AT_ONCE 64

void
sup_memory_text(const struct sup_incarnation *inc, char *buf, size_t buf_bytes)
{
	uint64_t limit = inc->instance->worker->conf->limit_memory_bytes;
	uint64_t peak = inc->usage.mem_peak_kib * 1024;
	char a[NV_UNITS_BYTES];
	char b[NV_UNITS_BYTES];

	if (!limit)
		(void)snprintf(buf, buf_bytes, "the machine ran out of memory");
	else if (!peak)
		(void)snprintf(buf, buf_bytes, "limit %s", nv_size_show(limit, a));
	else
		(void)snprintf(buf, buf_bytes, "limit %s, peak %s",
			nv_size_show(limit, a), nv_size_show(peak, b));
}

void
sup_memory_note(const struct sup_worker *w, char *buf, size_t buf_bytes)
{
	uint32_t kills = 0;

	for (uint32_t i = 0; i < w->n_instances; i++)
		kills += w->instances[i]->now ? w->instances[i]->now->oom_told : 0;
	buf[0] = '\0';
	if (kills > 0)
		(void)snprintf(
			buf, buf_bytes, "%u of its processes ended for memory", kills);
}

static void
tell(struct sup_incarnation *inc)
{
	const struct sup_instance *inst = inc->instance;
	struct sup_cgroup_usage usage;
	char limit[NV_UNITS_BYTES];
	char reason[200];

	sup_cgroup_usage(&inc->cgroup, &usage);
	if (usage.oom_kills <= inc->oom_told || inc->child.pid == 0)
		return;
	inc->oom_told = usage.oom_kills;
	sup_state_instance(inc->instance);
	(void)snprintf(reason, sizeof(reason),
		"%u of its processes ended for memory (limit %s); it goes on",
		usage.oom_kills,
		nv_size_show(inst->worker->conf->limit_memory_bytes, limit));
	nv_warn("%s#%u: %s", inst->worker->name, inst->number, reason);
	sup_journal_state(
		inst->sup->journal, inst->worker->name, inst->number, "warning", reason);
}

bool
sup_memory_tick(struct sup *sup)
{
	unsigned n = 0;
	unsigned looks = 0;

	for (struct sup_worker *w = sup->workers; w; w = w->next) {
		for (uint32_t i = 0; i < w->n_instances; i++) {
			struct sup_incarnation *inc = w->instances[i]->now;

			if (!inc || !inc->cgroup.v1[SUP_V1_MEMORY] ||
				n++ < sup->memory_turn)
				continue;
			if (looks++ == LOOKS_AT_ONCE) {
				sup->memory_turn = n - 1;
				return true;
			}
			tell(inc);
		}
	}
	sup->memory_turn = 0;
	return n > 0;
}
