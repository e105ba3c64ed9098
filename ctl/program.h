/* Another program of Nova, started to do something for a verb: what it prints is read
 * whole. */
#ifndef CTL_PROGRAM_H
#define CTL_PROGRAM_H

#include "nv_buf.h"
#include "nv_err.h"

/* Its exit code; errors it has printed itself, or to nobody when `quiet`. Negative errno
 * with a sentence when it could not be run, did not end by itself, or said too much. */
int ctl_program_run(const char *program, char *const argv[], bool quiet,
	struct nv_buf *answer, struct nv_err *err);

#endif
