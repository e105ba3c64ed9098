/* TAP for the C programs of this folder: one line per promise, its figures behind it. */
#ifndef TEST_TAP_H
#define TEST_TAP_H

#include "nv_base.h"

void tap_ok(bool good, const char *fmt, ...) NV_PRINTF(2, 3);
void tap_note(const char *fmt, ...) NV_PRINTF(1, 2);
/* Prints the plan; the program's exit code. */
int tap_end(void);

#endif
