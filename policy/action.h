/* What the policy may decide, and the names of it. */
#ifndef POL_ACTION_H
#define POL_ACTION_H

#include "nv_base.h"

enum pol_action {
	POL_NONE,     /* nothing to do; the reason says why */
	POL_MAINTAIN, /* it does well as it is */
	POL_SCALE_UP,
	POL_SCALE_DOWN,
	POL_PAUSE,
	POL_RESUME,
	POL_KILL,
	POL_DEPLOY,            /* start a declared worker that has never run */
	POL_OPTIMIZE_INTERVAL, /* run it more or less often */
	POL_OPTIMIZE_SPLIT,    /* other shares for its variants */
	POL_LIMIT,             /* a gate: what it, or the fleet, may spend a day */
	POL_CANCEL,            /* withdraw what waits for an approval */
	POL_RETIRE,            /* ask a person whether to end it for good */
	POL_ACTION_COUNT
};
const char *pol_action_name(enum pol_action action); /* "scale_up" */
bool pol_action_from(const char *name, enum pol_action *ret);
/* Changes something: everything but none and maintain. */
bool pol_action_changes(enum pol_action action);

#endif
