/* Dependencies as rules about counts: see deps.h. */
#include "deps.h"

#include <stdio.h>

bool
sup_deps_holds(enum nv_depend_condition condition, const struct sup_deps_view *on)
{
	switch (condition) {
	case NV_DEPEND_STARTED:
		return on->wanted > 0 && on->processes > 0;
	case NV_DEPEND_READY:
		return on->wanted > 0 && on->up >= on->wanted;
	case NV_DEPEND_COMPLETED:
		return on->wanted > 0 && on->finished >= on->wanted;
	}
	return false;
}

static bool
has_process(enum sup_inst_state state)
{
	return state == SUP_INST_STARTING || state == SUP_INST_UP ||
	       state == SUP_INST_STOPPING;
}

bool
sup_deps_breaks(enum nv_depend_condition condition, enum sup_inst_state from,
	enum sup_inst_state to, const struct sup_deps_view *after)
{
	switch (condition) {
	case NV_DEPEND_STARTED:
		/* Also when another process takes its place in the same step. */
		return (from == SUP_INST_STOPPING || from == SUP_INST_STARTING) &&
		       to != SUP_INST_STOPPING && to != SUP_INST_UP &&
		       after->processes == (has_process(to) ? 1 : 0);
	case NV_DEPEND_READY:
		return from == SUP_INST_UP && to != SUP_INST_UP &&
		       (after->wanted == 0 || after->up < after->wanted);
	case NV_DEPEND_COMPLETED:
		/* It is done again. One that is switched off stays done for those that
		 * run already. */
		return from == SUP_INST_FINISHED && has_process(to);
	}
	return false;
}

void
sup_deps_text(char *buf, size_t buf_bytes, const char *on,
	enum nv_depend_condition condition, const struct sup_deps_view *view,
	const char *why)
{
	char count[64] = "";

	if (view->wanted > 1 && condition != NV_DEPEND_STARTED)
		(void)snprintf(count, sizeof(count), " (%u of %u)",
			condition == NV_DEPEND_READY ? view->up : view->finished,
			view->wanted);
	(void)snprintf(buf, buf_bytes, "waits for %s: %s%s%s%s", on,
		nv_conf_depend_name(condition), count, why[0] ? "; it is " : "", why);
}
