/* Ends everything a check has started. nova-probe is a subreaper: whoever loses its
 * parent below us becomes our child, whatever session it has made for itself. */
#ifndef PROBE_SWEEP_H
#define PROBE_SWEEP_H

#include "nv_base.h"

#include <sys/types.h>

/* 0 or -errno. */
int probe_sweep_init(void);
/* SIGKILL to the process group of a check and to every child of ours that is none of the
 * `known` main processes of checks; again until there is none. */
void probe_sweep(pid_t group, const pid_t *known, size_t n_known);

#endif
