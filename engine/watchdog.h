/* The watchdog: a worker that promised heartbeats and gives no sign of life for longer
 * than its timeout is ended and restarted by its restart policy. Any event is a sign of
 * life. Silence is not counted while the worker is paused, while its bytes wait for us,
 * or while the engine itself did not run. */
#ifndef ENG_WATCHDOG_H
#define ENG_WATCHDOG_H

#include "eng.h"

int eng_watchdog_open(struct eng *eng);
void eng_watchdog_close(struct eng *eng);

#endif
