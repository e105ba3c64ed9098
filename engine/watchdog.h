/* The watchdog: a worker that promised heartbeats and gives no sign of life for longer
 * than its timeout, or that beats and gets nothing done for `progress`, is ended and
 * restarted by its restart policy. Any event is a sign of life; any event but a plain
 * heartbeat is progress. What counts is the time in which the worker could have run:
 * watch.h. Nobody is looked at before a sign is overdue, and no timer runs meanwhile. */
#ifndef ENG_WATCHDOG_H
#define ENG_WATCHDOG_H

#include "eng.h"

int eng_watchdog_open(struct eng *eng);
void eng_watchdog_close(struct eng *eng);
/* A stream has come, or the rules have changed: look when it may be due. */
void eng_watchdog_kick(struct eng *eng);

#endif
