/* What the service manager is told (sd_notify protocol): READY, STOPPING, RELOADING,
 * WATCHDOG, STATUS. novasupd proper says it to the keeper, the keeper to the socket of
 * NOTIFY_SOCKET, because a manager trusts only the process that it started. */
#ifndef SUP_NOTIFY_H
#define SUP_NOTIFY_H

#include "nv_base.h"

#include <sys/types.h>

#define SUP_NOTIFY_FDS_MAX   4
#define SUP_NOTIFY_BYTES_MAX 512
#define SUP_NOTIFY_ALIVE     "WATCHDOG=1" /* the keeper looks for it too */
#define SUP_NOTIFY_EXTEND    "EXTEND_TIMEOUT_USEC="
#define SUP_NOTIFY_BEATS     4 /* in the time that the manager allows */

struct sup;
struct sup_notify;

/* Is there a manager? (NOTIFY_SOCKET is set) */
bool sup_notify_wanted(void);
/* Keeper: the socket that it sends on, open for life (-errno); then pass these bytes on.
 * 0, or -errno: -EAGAIN when the manager has no room now. */
int sup_notify_open(void);
void sup_notify_use(int fd); /* the one that an earlier binary has opened */
int sup_notify_send_raw(const char *text, size_t bytes, const int *fds, unsigned n_fds);
/* Said again and again anyway: it need not be kept for a manager that has no room. */
bool sup_notify_is_beat(const char *text);
/* How long the manager allows between two signs of life; 0: it wants none. */
int64_t sup_notify_watchdog_ms(pid_t keeper_pid);

int sup_notify_start(struct sup *sup); /* with the watchdog, if one is asked for */
void sup_notify_stop(struct sup *sup);
/* Each line "KEY=VALUE"; lines are separated by newlines. What there is no room for is
 * said later, in order, unless it is a beat. */
void sup_notify(struct sup *sup, const char *fmt, ...) NV_PRINTF(2, 3);
/* The stop goes on: ask for more time now and then, until all is over. */
void sup_notify_stopping(struct sup *sup);
/* With descriptors, or about such: 0, or -EAGAIN. */
int sup_notify_fds(struct sup *sup, const char *text, const int *fds, unsigned n_fds);
/* Wait until the manager has them all, at most that long. */
void sup_notify_await(struct sup *sup, int64_t wait_ms);

#endif
