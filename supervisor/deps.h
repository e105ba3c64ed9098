/* Dependencies between workers, as rules about counts: when a condition holds, when the
 * end of an instance breaks it, and who has to end before whom. Pure: no worker, no
 * process; gate.c applies the answers. */
#ifndef SUP_DEPS_H
#define SUP_DEPS_H

#include "instance.h"

/* A worker as those that depend on it see it. */
struct sup_deps_view {
	uint32_t wanted;    /* instances that shall run now */
	uint32_t processes; /* instances with a process */
	uint32_t up;
	uint32_t finished; /* ended well, not restarted; of the wanted ones, as `up` */
};

/* May one that waits for this condition start? */
bool sup_deps_holds(enum nv_depend_condition condition, const struct sup_deps_view *on);

/* An instance of the worker went from one state to another, and `after` is how the worker
 * is now: did that take away what the condition promises? Growing the worker never does,
 * nor does taking away what is not needed for it. */
bool sup_deps_breaks(enum nv_depend_condition condition, enum sup_inst_state from,
	enum sup_inst_state to, const struct sup_deps_view *after);

/* "waits for db: ready (1 of 2 up)"; `why` is what keeps the other one from it, or "". */
void sup_deps_text(char *buf, size_t buf_bytes, const char *on,
	enum nv_depend_condition condition, const struct sup_deps_view *view,
	const char *why);

#endif
