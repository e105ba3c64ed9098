/* What the service manager is told (sd_notify protocol): READY, STOPPING, RELOADING,
 * WATCHDOG, STATUS. novasupd proper says it to the keeper, the keeper to the socket of
 * NOTIFY_SOCKET, because a manager trusts only the process that it started. */
#ifndef SUP_NOTIFY_H
#define SUP_NOTIFY_H

#include "nv_base.h"

struct sup;
struct sup_notify;

/* Is there a manager? (NOTIFY_SOCKET is set) */
bool sup_notify_wanted(void);
/* Keeper: the socket that it sends on, open for life (-errno); then pass these bytes on.
 * An error is the manager's. */
int sup_notify_open(void);
void sup_notify_use(int fd); /* the one that an earlier binary has opened */
void sup_notify_send_raw(const char *text, size_t bytes);

int sup_notify_start(struct sup *sup); /* with the watchdog, if one is asked for */
void sup_notify_stop(struct sup *sup);
/* Each line "KEY=VALUE"; lines are separated by newlines. */
void sup_notify(struct sup *sup, const char *fmt, ...) NV_PRINTF(2, 3);

#endif
