/* Where the fleet's files are: what was given, else what the running novasupd uses,
 * else the defaults. `novactl --run-dir DIR VERB` is enough for every verb. */
#ifndef CTL_PATHS_H
#define CTL_PATHS_H

#include "ctl.h"

/* Fill the paths from the options, the environment and the defaults. */
int ctl_paths_init(struct ctl *ctl, struct nv_err *err);
/* Replace what was not given by what novasupd says, if it answers. */
void ctl_paths_adopt(struct ctl *ctl);

enum ctl_place { CTL_PLACE_CONFIG, CTL_PLACE_STATE_DIR, CTL_PLACE_LOG_DIR };
/* The same, for a verb that cannot do without this place. When a run directory was named
 * but its novasupd does not answer, the default places may well be another fleet's: an
 * error is printed and NV_EXIT_UNREACHABLE returned, unless the place was given. */
int ctl_paths_need(struct ctl *ctl, enum ctl_place place);

#endif
