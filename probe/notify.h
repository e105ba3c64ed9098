/* What a worker says on its NOTIFY_SOCKET, as it would to systemd: lines of NAME=VALUE in
 * a datagram. Only READY=1 means something here; other names are passed over. */
#ifndef PROBE_NOTIFY_H
#define PROBE_NOTIFY_H

#include "nv_base.h"

#define PROBE_NOTIFY_BYTES_MAX 4096 /* of a datagram; a longer one is cut */

/* Is READY=1 a line of it? */
bool probe_notify_is_ready(const char *text, size_t bytes);

#endif
