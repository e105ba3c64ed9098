/* The parts of the picture as the API says them; pure. New references, or NULL without
 * memory. */
#ifndef GW_LIVE_SHOW_H
#define GW_LIVE_SHOW_H

#include "live.h"

struct gw_live_parts {
	int64_t as_of_ns;
	const struct nv_fleet *fleet; /* each NULL: away */
	const json_t *counts;
	const json_t *engine; /* of the verb overview */
	const json_t *alerts; /* of nova-alerts' list */
	const json_t *warnings;
};
/* GET /api/v1/overview */
json_t *gw_live_overview(const struct gw_live_parts *parts);
/* GET /api/v1/status: as `novactl status --json`; summary: of the engine's verb, NULL
 * when it is away. */
json_t *gw_live_status(const struct gw_picture *picture, const json_t *summary);
/* GET /api/v1/groups, or the one named: figures of its workers, summed exactly. NULL with
 * *ret_missing when there is no such group. */
json_t *
gw_live_groups(const struct gw_picture *picture, const char *only, bool *ret_missing);

#endif
