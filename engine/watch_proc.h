/* What the system says about why a worker may not have run: a sample for watch.h. Reads
 * /proc and the cgroup; what is not there is not known and counts for nobody. */
#ifndef ENG_WATCH_PROC_H
#define ENG_WATCH_PROC_H

#include "resource.h"
#include "watch.h"

void eng_watch_sample(const struct eng_instance *inst, struct eng_watch_sample *ret);

#endif
