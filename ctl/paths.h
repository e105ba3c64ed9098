/* Where the fleet's files are: what was given, else what the running novasupd uses,
 * else the defaults. `novactl --run-dir DIR VERB` is enough for every verb. */
#ifndef CTL_PATHS_H
#define CTL_PATHS_H

#include "ctl.h"

/* Fill the paths from the options, the environment and the defaults. */
int ctl_paths_init(struct ctl *ctl, struct nv_err *err);
/* Replace what was not given by what novasupd says, if it answers. */
void ctl_paths_adopt(struct ctl *ctl);

#endif
