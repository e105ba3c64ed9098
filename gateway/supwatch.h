/* The gateway's client of novasupd: one SUP_STATUS at a time over novasupd.sock. novasupd
 * may be replaced by another one, which listens on the same socket: it is asked again. */
#ifndef GW_SUPWATCH_H
#define GW_SUPWATCH_H

#include "nv_fleet.h"

#include <ev.h>

struct gw_supwatch;

/* fleet is the callee's to take (by copying the struct and zeroing it), NULL with a
 * sentence when there is none. as_of_ns: wall clock, when it was asked. */
typedef void
gw_supwatch_fn(void *arg, struct nv_fleet *fleet, int64_t as_of_ns, const char *why);

/* NULL without memory. run_dir is borrowed. */
struct gw_supwatch *gw_supwatch_new(
	struct ev_loop *loop, const char *run_dir, gw_supwatch_fn *done, void *arg);
void gw_supwatch_free(struct gw_supwatch *s);
/* Ask, unless it is under way; done is called once, from the loop, within timeout_ms. */
void gw_supwatch_ask(struct gw_supwatch *s, int64_t timeout_ms);
bool gw_supwatch_is_asking(const struct gw_supwatch *s);
/* Nobody looks any more: the connection goes. */
void gw_supwatch_rest(struct gw_supwatch *s);

#endif
