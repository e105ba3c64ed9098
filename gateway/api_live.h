/* Routes of the live picture: overview, status, groups, workers, and the stream of all of
 * it that a tab of the dashboard keeps open. */
#ifndef GW_API_LIVE_H
#define GW_API_LIVE_H

#include "http.h"

gw_handler_fn gw_api_overview;
gw_handler_fn gw_api_status;
gw_handler_fn gw_api_groups;
gw_handler_fn gw_api_group;
gw_handler_fn gw_api_workers;
gw_handler_fn gw_api_worker;
gw_handler_fn gw_api_instances;
gw_handler_fn gw_api_stream; /* live_stream.c */

#endif
