/* The fleet's configuration as it is on disk now, read by the same code as novasupd's. */
#ifndef CTL_CONF_H
#define CTL_CONF_H

#include "ctl.h"
#include "nv_config.h"

/* Read and parse; with `extra_file`, as if workers.d had that file with that text too.
 * 0 and *ret (may be NULL: only check), or negative with errs filled (the caller's to
 * fini in any case). */
int ctl_conf_load(const struct ctl *ctl, const char *extra_file, const char *extra_text,
	struct nv_config **ret, struct nv_conf_errors *errs);

#endif
