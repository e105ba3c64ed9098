/* The handlers of the API, by file. Which of many a route is stands in its `with`. */
#ifndef GW_API_H
#define GW_API_H

#include "http.h"
#include "nv_buf.h"

#include <jansson.h>

#include <jansson.h>

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
	GW_PARAM_FLAG,   /* true or false */
	GW_PARAM_LITERAL /* of novactl: a text, for an option that takes a pattern */
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

/* ---- api_act.c: somebody does something, by novactl ---- */

#define GW_ACTS(X) \
	X(START) \
	X(STOP) \
	X(RESTART) \
	X(PAUSE) \
	X(RESUME) \
	X(SCALE) \
	X(KILL) \
	X(GROUP_START) \
	X(GROUP_STOP) \
	X(GROUP_RESTART) \
	X(APPROVE) \
	X(DENY) \
	X(ACK) \
	X(EMERGENCY_STOP) \
	X(EMERGENCY_RESUME) \
	X(AUTONOMOUS) \
	X(GRANT)
enum gw_act_name {
#define X(name) GW_ACT_##name,
	GW_ACTS(X)
#undef X
		GW_ACT_COUNT
};
enum gw_field_kind {
	GW_FIELD_TEXT,
	GW_FIELD_COUNT,   /* a whole number */
	GW_FIELD_DECIMAL, /* digits, in a string: never through a double */
	GW_FIELD_FLAG     /* true: the option is given */
};

struct gw_field {
	const char *key; /* of the body; NULL ends the list */
	enum gw_field_kind kind;
	const char *option; /* of novactl, with its dashes; NULL: a word by itself */
	bool needed;
	uint32_t max;          /* bytes of a text, or the largest count */
	const char *otherwise; /* what a reason is when none is given; NULL: none */
};

#define GW_ACT_FIELDS_MAX 4
struct gw_act {
	/* The verb; then the parameter of the path. */
	const char *verb[2];
	bool (*valid)(const char *param); /* NULL: there is none */
	const char *what;                 /* "worker": what the parameter names */
	/* To find out what a no means, the engine is asked about it: verb and argument;
	 * NULL: it is not, and no is no. */
	const char *known_by[2];
	bool no_is_missing; /* a no means that there is none */
	bool by_members;    /* of a group without a strategy, each of its workers */
	bool via;           /* the verb takes --via */
	bool stamps;        /* it does not, and its reason says who asked */
	bool is_brake;      /* never waits behind anything else */
	/* {"enabled":bool}: the second word of the verb. */
	bool enables;
	struct gw_field fields[GW_ACT_FIELDS_MAX];
};
/* One of them is `with` of a route with this handler. */
extern const struct gw_act gw_acts[GW_ACT_COUNT];
gw_handler_fn gw_api_act;

/* ---- api_look.c: a question that only novactl answers ---- */

#define GW_LOOKS(X) \
	X(WHY) \
	X(CONFIG) \
	X(PLATFORMS) \
	X(LOGS)
enum gw_look_name {
#define X(name) GW_LOOK_##name,
	GW_LOOKS(X)
#undef X
		GW_LOOK_COUNT
};

struct gw_look_param {
	const char *name; /* of the query; NULL ends the list */
	enum gw_param_kind kind;
	const char *option; /* with its dashes; NULL: a word; "#": of the worker */
	uint32_t max;       /* of a number; of a text's bytes */
};

#define GW_LOOK_PARAMS_MAX 8
struct gw_look {
	const char *verb[2];
	bool of_worker; /* the parameter of the path is one */
	bool is_now;    /* the answer gets an as_of */
	struct gw_look_param params[GW_LOOK_PARAMS_MAX];
};
extern const struct gw_look gw_looks[GW_LOOK_COUNT];
gw_handler_fn gw_api_look;
/* POST /api/v1/simulate */
gw_handler_fn gw_api_simulate;

/* ---- api_logs.c: the lines of a worker, or the stream of them ---- */

gw_handler_fn gw_api_logs;

/* ---- api_export.c: of any length ---- */

#define GW_EXPORTS(X) \
	X(LEDGER) \
	X(TIMELINE) \
	X(PNL)
enum gw_export_name {
#define X(name) GW_EXPORT_##name,
	GW_EXPORTS(X)
#undef X
		GW_EXPORT_COUNT
};
struct gw_export {
	const char *name; /* of the file: "nova-NAME-DATE.csv" */
	const char *verb[2];
	bool is_report;             /* takes target, period, from, to, by, limit */
	const char *const *formats; /* the first is the default; NULL-terminated */
};
extern const struct gw_export gw_exports[GW_EXPORT_COUNT];
gw_handler_fn gw_api_export;

/* ---- api_events.c: a page of events, or the stream of them ---- */

gw_handler_fn gw_api_events;

/* ---- api_ledger.c ---- */

gw_handler_fn gw_api_ledger;
gw_handler_fn gw_api_verify;
struct gw;
/* The last one as it is shown; a new reference. */
json_t *gw_verify_json(const struct gw *gw);
int gw_verify_open(struct gw *gw);
void gw_verify_close(struct gw *gw);

/* ---- compat.c: the routes of the system that Nova replaces ---- */

#define GW_COMPATS(X) \
	X(OVERVIEW) \
	X(AGENTS) \
	X(AGENT) \
	X(SUMMARY) \
	X(TRENDS) \
	X(DEPARTMENTS) \
	X(TOP) \
	X(ALERTS) \
	X(OPPORTUNITIES) \
	X(OPPORTUNITY) \
	X(EXPORT_AGENTS) \
	X(EXPORT_OPPORTUNITIES) \
	X(EXPORT_FINANCIAL)
enum gw_compat_name {
#define X(name) GW_COMPAT_##name,
	GW_COMPATS(X)
#undef X
		GW_COMPAT_COUNT
};

#define GW_COMPAT_ASKS_MAX 3
struct gw_compat_facts {
	json_t *data[GW_COMPAT_ASKS_MAX]; /* owned */
	char timestamp[40];
};
struct gw_compat {
	struct {
		const char *verb;
		const char *args;     /* JSON */
		const char *path_arg; /* what the parameter of the path is */
		bool days;            /* and "from" is 32 days ago */
		bool of_alerts;       /* of nova-alerts, not of the engine */
	} asks[GW_COMPAT_ASKS_MAX];
	void (*show)(struct nv_buf *b, const struct gw_compat_facts *facts);
	const char *csv; /* name of the file; NULL: JSON */
	/* Instead of show: answers the call by and by; the facts are its own then. */
	void (*then)(struct gw_call *call, const struct gw_compat_facts *facts);
};
extern const struct gw_compat gw_compats[GW_COMPAT_COUNT];
gw_handler_fn gw_api_compat;

/* GET /api/v1/openapi.json */
gw_handler_fn gw_api_openapi;
/* GET /api/v1/gateway: what `novactl gateway` shows. */
gw_handler_fn gw_api_gateway;

#endif
