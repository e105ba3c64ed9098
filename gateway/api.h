/* The handlers of the API, by file. Which of many a route is stands in its `with`. */
#ifndef GW_API_H
#define GW_API_H

#include "http.h"

/* ---- api_ask.c: one question to a socket, its answer as it is ---- */

#define GW_ASKED(X) \
	X(CRASHES) \
	X(DECISIONS) \
	X(DECISION) \
	X(CALIBRATION) \
	X(APPROVALS) \
	X(BUDGET) \
	X(BUDGET_OF) \
	X(PNL) \
	X(COSTS) \
	X(REVENUE) \
	X(ROI) \
	X(TIMELINE) \
	X(CASHFLOW) \
	X(FORECAST) \
	X(COHORTS) \
	X(REINVEST) \
	X(PERFORMERS) \
	X(QUALITY) \
	X(PRICES) \
	X(EVENTS) \
	X(QUARANTINE) \
	X(INCIDENTS) \
	X(ANOMALIES) \
	X(WEBHOOKS) \
	X(ALERTS)
enum gw_asked_name {
#define X(name) GW_ASKED_##name,
	GW_ASKED(X)
#undef X
		GW_ASKED_COUNT
};
enum gw_param_kind {
	GW_PARAM_TEXT,
	GW_PARAM_NUMBER, /* whole, of at most 18 digits */
	GW_PARAM_FLAG    /* true or false */
};

struct gw_asked_param {
	const char *name; /* NULL ends the list; also the name of the argument */
	enum gw_param_kind kind;
	uint32_t max; /* of a number; 0: any */
};

#define GW_ASKED_PARAMS_MAX 8
struct gw_asked {
	const char *verb;
	const char *socket;   /* NULL: the engine's */
	const char *path_arg; /* what the parameter of the path is; NULL: there is none */
	int64_t ttl_ms;
	struct gw_asked_param params[GW_ASKED_PARAMS_MAX];
};
/* One of them is `with` of a route with this handler. */
extern const struct gw_asked gw_asked[GW_ASKED_COUNT];
gw_handler_fn gw_api_ask;

/* GET /api/v1/gateway: what `novactl gateway` shows. */
gw_handler_fn gw_api_gateway;

#endif
