/* Reading the configuration. */
#ifndef SUP_RELOAD_H
#define SUP_RELOAD_H

#include "nv_config.h"

struct sup_conf;

/* Read and check everything. 0 with *ret_conf (the caller's reference) and the sealed
 * snapshot (NULL: not wanted); -EINVAL with the errors in errs; -errno. */
int sup_conf_load(const char *path, struct sup_conf **ret_conf, int *ret_snapshot,
	struct nv_conf_errors *errs);

#endif
