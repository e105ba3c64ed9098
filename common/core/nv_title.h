/* The process title: what ps and top show of one of Nova's own processes. */
#ifndef NV_TITLE_H
#define NV_TITLE_H

#include "nv_base.h"

/* Call first thing in main: claims the memory of argv and environ (environ is
 * copied away, so getenv goes on working). argv must not be used as the target of later
 * writes. */
void nv_title_init(int argc, char **argv);
/* Show this text as the command line (cut to the room there is). The short name of the
 * process (comm) stays what it is, so that it is still found by it. */
void nv_title_set(const char *fmt, ...) NV_PRINTF(1, 2);

#endif
