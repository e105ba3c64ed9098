/* Checks over the network: does somebody accept at HOST:PORT, is a URL answered well. By
 * libcurl's multi interface on our loop; any number at the same time. */
#ifndef PROBE_HTTP_H
#define PROBE_HTTP_H

#include "nv_base.h"

#include <ev.h>

/* A check is over; why is "" when it succeeded. */
typedef void probe_done_fn(void *arg, bool good, const char *why);

struct probe_net;  /* all of them */
struct probe_http; /* one */

/* 0 or -ENOMEM. */
int probe_net_new(struct ev_loop *loop, struct probe_net **ret);
void probe_net_free(struct probe_net *net);

/* Begin one: `connect_only` for "HOST:PORT" as the target, else a URL. done is called
 * once, never before this returns, unless it is cancelled. */
int probe_http_start(struct probe_net *net, const char *target, bool connect_only,
	int64_t timeout_ms, probe_done_fn *done, void *arg, struct probe_http **ret);
void probe_http_cancel(struct probe_http *h); /* NULL is fine */

#endif
