/* Names of the actions: see action.h. */
#include "action.h"

#include <string.h>

static const char *const action_names[POL_ACTION_COUNT] = {
	[POL_NONE] = "none",
	[POL_MAINTAIN] = "maintain",
	[POL_SCALE_UP] = "scale_up",
	[POL_SCALE_DOWN] = "scale_down",
	[POL_PAUSE] = "pause",
	[POL_RESUME] = "resume",
	[POL_KILL] = "kill",
	[POL_DEPLOY] = "deploy",
	[POL_OPTIMIZE_INTERVAL] = "optimize_interval",
	[POL_OPTIMIZE_SPLIT] = "optimize_split",
	[POL_LIMIT] = "limit",
	[POL_CANCEL] = "cancel",
	[POL_RETIRE] = "retire",
};

const char *
pol_action_name(enum pol_action action)
{
	NV_ASSERT((unsigned)action < POL_ACTION_COUNT);
	return action_names[action];
}

bool
pol_action_from(const char *name, enum pol_action *ret)
{
	for (unsigned i = 0; i < POL_ACTION_COUNT; i++) {
		if (strcmp(name, action_names[i]) == 0) {
			*ret = (enum pol_action)i;
			return true;
		}
	}
	return false;
}

bool
pol_action_changes(enum pol_action action)
{
	return action != POL_NONE && action != POL_MAINTAIN;
}
