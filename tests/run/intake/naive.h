/* The control of the torture: an intake as one would write it first. It reads pipes into
 * its own memory and commits what it has; killed between the two, it has lost lines. Only
 * here, never in the product. */
#ifndef TEST_NAIVE_H
#define TEST_NAIVE_H

#include "supd.h"

pid_t naive_start(struct supd *s);
void naive_kill(pid_t pid);
/* Until it has met the end of every pipe. */
void naive_wait(pid_t pid);

#endif
