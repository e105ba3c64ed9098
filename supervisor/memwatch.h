/* Memory as the cause of an end: what the kernel killed in an instance's cgroup. */
#ifndef SUP_MEMWATCH_H
#define SUP_MEMWATCH_H

#include "nv_base.h"

struct sup;
struct sup_worker;
struct sup_incarnation;

/* "limit 64.0 MiB, peak 63.9 MiB", for an end by `oom`. */
void sup_memory_text(const struct sup_incarnation *inc, char *buf, size_t buf_bytes);
/* "2 of its processes ended for memory", of instances that go on; "" when none was. */
void sup_memory_note(const struct sup_worker *w, char *buf, size_t buf_bytes);
/* Now and then: instances of which a process was killed for memory while they go on (v1
 * memory cgroups; v2 ends the whole group) get that into the journal. Looks at a bounded
 * number of them. */
bool sup_memory_tick(struct sup *sup);

#endif
