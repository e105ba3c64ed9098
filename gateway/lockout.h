/* Wrong tokens, counted by the address they come from: too many, and the address waits,
 * longer each time. Pure, of a fixed size; nothing of it outlives the process. */
#ifndef GW_LOCKOUT_H
#define GW_LOCKOUT_H

#include "nv_base.h"

#include <netinet/in.h>

#define GW_LOCKOUT_WRONG     5
#define GW_LOCKOUT_WINDOW_MS (INT64_C(15) * 60 * 1000)
#define GW_LOCKOUT_FIRST_MS  (INT64_C(60) * 1000) /* doubled each time */
#define GW_LOCKOUT_MAX_MS    (INT64_C(60) * 60 * 1000)
#define GW_LOCKOUT_FORGET_MS (INT64_C(24) * 3600 * 1000) /* without another wrong one */
#define GW_LOCKOUT_ADDRESSES 512 /* the calmest one is forgotten */

struct gw_lockout_entry {
	struct in6_addr address; /* of IPv6, the /64 */
	bool used;
	uint32_t wrong; /* in this window */
	uint32_t locks; /* so far */
	int64_t window_ms;
	int64_t locked_ms; /* until then */
	int64_t last_ms;
};

struct gw_lockout {
	struct gw_lockout_entry entries[GW_LOCKOUT_ADDRESSES];
	uint64_t locks; /* since the start */
};

/* How long the address still has to wait; 0: it may try. */
int64_t gw_lockout_left(
	const struct gw_lockout *l, const struct in6_addr *address, int64_t now_ms);
/* It has tried a wrong one. */
void
gw_lockout_wrong(struct gw_lockout *l, const struct in6_addr *address, int64_t now_ms);

#endif
