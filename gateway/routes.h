/* The table of everything that nova-gateway answers, one line a route: routes.c. */
#ifndef GW_ROUTES_H
#define GW_ROUTES_H

#include "http.h"
#include "nv_config.h"

#include <stdio.h>

/* The table as this configuration wants it: limits of bodies filled in, pages and API
 * left out without gateway.dashboard, /metrics open with gateway.open_metrics. *ret is
 * the caller's to free. 0 or -ENOMEM. */
int
gw_routes_make(const struct nv_conf_gateway *conf, struct gw_route **ret, size_t *ret_n);
/* "METHOD PATH ROLE", a line a route. */
void gw_routes_print(FILE *to);
/* What a path is for. */
enum gw_kind gw_route_kind(const char *path);

#endif
