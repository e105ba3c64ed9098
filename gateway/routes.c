/* Everything that nova-gateway answers: see routes.h. The role is the least one that may;
 * it is asked before the handler is (auth.h). */
#include "routes.h"

#include "api.h"
#include "api_live.h"
#include "auth.h"
#include "gateway.h"
#include "metrics.h"
#include "pages.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define JSON "application/json"
#define FORM "application/x-www-form-urlencoded"

#define ACT_BYTES       4096
#define BODY_CONFIGURED SIZE_MAX /* gateway.max_body */

#define ROUTE(m, p, r, t, b, h, w) \
	{.method = (m), \
		.path = (p), \
		.role = (r), \
		.types = (t), \
		.body_bytes_max = (b), \
		.handle = (h), \
		.with = (w)},

/* A question to a socket. */
#define ASKED(p, name) \
	ROUTE(GW_GET, "/api/v1" p, GW_READONLY, NULL, 0, gw_api_ask, \
		&gw_asked[GW_ASKED_##name])

/* A question to novactl. */
#define LOOK(p, handler, name) \
	ROUTE(GW_GET, "/api/v1" p, GW_READONLY, NULL, 0, handler, \
		&gw_looks[GW_LOOK_##name])
#define EXPORT(p, name) \
	ROUTE(GW_GET, "/api/v1" p, GW_READONLY, NULL, 0, gw_api_export, \
		&gw_exports[GW_EXPORT_##name])

#define OLD(p, name) \
	ROUTE(GW_GET, "/api/" p, GW_READONLY, NULL, 0, gw_api_compat, \
		&gw_compats[GW_COMPAT_##name])

/* A command of novactl. */
#define ACT(p, role, name) \
	ROUTE(GW_POST, "/api/v1" p, role, "?" JSON, ACT_BYTES, gw_api_act, \
		&gw_acts[GW_ACT_##name])

#define PAGE(p) ROUTE(GW_GET, p, GW_OPEN, NULL, 0, gw_page_shell, NULL)

/* One line a route. A body of "?" JSON need not be there. */
/* clang-format off */
static const struct gw_route table[] = {
	/* What load balancers ask. */
	ROUTE(GW_GET, "/healthz", GW_OPEN, NULL, 0, gw_health, NULL)
	ROUTE(GW_GET, "/readyz", GW_OPEN, NULL, 0, gw_ready, NULL)

	/* What Prometheus scrapes; open with gateway.open_metrics. */
	ROUTE(GW_GET, "/metrics", GW_READONLY, NULL, 0, gw_metrics_get, NULL)

	/* Sessions of browsers. */
	ROUTE(GW_POST, "/api/v1/session", GW_OPEN, JSON, 1024, gw_session_post, NULL)
	ROUTE(GW_GET, "/api/v1/session", GW_READONLY, NULL, 0, gw_session_get, NULL)
	ROUTE(GW_DELETE, "/api/v1/session", GW_READONLY, "?" JSON, 1024, gw_session_delete, NULL)

	/* Pages. */
	PAGE("/")
	PAGE("/login")
	PAGE("/fleet")
	PAGE("/workers/{worker}")
	PAGE("/decisions")
	PAGE("/decisions/{id}")
	PAGE("/money")
	PAGE("/ledger")
	PAGE("/settings")
	ROUTE(GW_GET, "/assets/{file}", GW_OPEN, NULL, 0, gw_page_asset, NULL)

	/* Webhooks: who may is said by their signatures. */
	ROUTE(GW_POST, "/webhooks/stripe", GW_OPEN, JSON, BODY_CONFIGURED, gw_from_stripe, NULL)
	ROUTE(GW_POST, "/webhooks/sendgrid", GW_OPEN, JSON, BODY_CONFIGURED, gw_from_sendgrid, NULL)
	ROUTE(GW_POST, "/webhooks/gumroad/{secret}", GW_OPEN, FORM, BODY_CONFIGURED, gw_from_gumroad, NULL)
	ROUTE(GW_GET, "/webhooks/x", GW_OPEN, NULL, 0, gw_from_twitter_crc, NULL)
	ROUTE(GW_POST, "/webhooks/x", GW_OPEN, JSON, BODY_CONFIGURED, gw_from_twitter, NULL)
	ROUTE(GW_POST, "/webhooks/slack", GW_OPEN, FORM, BODY_CONFIGURED, gw_from_slack, NULL)
	ROUTE(GW_POST, "/webhooks/custom/{name}", GW_OPEN, JSON, BODY_CONFIGURED, gw_from_custom, NULL)

	/* Questions. */
	ROUTE(GW_GET, "/api/v1/openapi.json", GW_OPEN, NULL, 0, gw_api_openapi, NULL)
	ASKED("/workers/{worker}/crashes", CRASHES)
	ASKED("/decisions", DECISIONS)
	ASKED("/decisions/{id}", DECISION)
	ASKED("/calibration", CALIBRATION)
	ASKED("/approvals", APPROVALS)
	ASKED("/budget", BUDGET)
	ASKED("/budget/{worker}", BUDGET_OF)
	ASKED("/pnl", PNL)
	ASKED("/costs", COSTS)
	ASKED("/revenue", REVENUE)
	ASKED("/roi", ROI)
	ASKED("/timeline", TIMELINE)
	ASKED("/cashflow", CASHFLOW)
	ASKED("/forecast", FORECAST)
	ASKED("/cohorts", COHORTS)
	ASKED("/reinvest", REINVEST)
	ASKED("/performers", PERFORMERS)
	ASKED("/quality", QUALITY)
	ASKED("/prices", PRICES)
	ROUTE(GW_GET, "/api/v1/events", GW_READONLY, NULL, 0, gw_api_events, &gw_asked[GW_ASKED_EVENTS])
	ASKED("/quarantine", QUARANTINE)
	ASKED("/incidents", INCIDENTS)
	ASKED("/anomalies", ANOMALIES)
	ASKED("/webhooks", WEBHOOKS)
	ASKED("/alerts", ALERTS)
	/* The live picture. */
	ROUTE(GW_GET, "/api/v1/overview", GW_READONLY, NULL, 0, gw_api_overview, NULL)
	ROUTE(GW_GET, "/api/v1/status", GW_READONLY, NULL, 0, gw_api_status, NULL)
	ROUTE(GW_GET, "/api/v1/groups", GW_READONLY, NULL, 0, gw_api_groups, NULL)
	ROUTE(GW_GET, "/api/v1/groups/{group}", GW_READONLY, NULL, 0, gw_api_group, NULL)
	ROUTE(GW_GET, "/api/v1/workers", GW_READONLY, NULL, 0, gw_api_workers, NULL)
	ROUTE(GW_GET, "/api/v1/workers/{worker}", GW_READONLY, NULL, 0, gw_api_worker, NULL)
	ROUTE(GW_GET, "/api/v1/workers/{worker}/instances", GW_READONLY, NULL, 0, gw_api_instances, NULL)
	ROUTE(GW_GET, "/api/v1/stream", GW_READONLY, NULL, 0, gw_api_stream, NULL)

	ROUTE(GW_GET, "/api/v1/gateway", GW_READONLY, NULL, 0, gw_api_gateway, NULL)
	ROUTE(GW_GET, "/api/v1/ledger", GW_READONLY, NULL, 0, gw_api_ledger, NULL)
	LOOK("/workers/{worker}/why", gw_api_look, WHY)
	LOOK("/workers/{worker}/logs", gw_api_logs, LOGS)
	LOOK("/config", gw_api_look, CONFIG)
	LOOK("/platforms", gw_api_look, PLATFORMS)
	EXPORT("/export/ledger", LEDGER)
	EXPORT("/export/timeline", TIMELINE)
	EXPORT("/export/pnl", PNL)
	ROUTE(GW_POST, "/api/v1/simulate", GW_READONLY, JSON, ACT_BYTES, gw_api_simulate, NULL)

	/* The routes of the system that Nova replaces. */
	OLD("overview", OVERVIEW)
	OLD("agents", AGENTS)
	OLD("agents/{id}", AGENT)
	OLD("financial/summary", SUMMARY)
	OLD("financial/trends", TRENDS)
	OLD("financial/departments", DEPARTMENTS)
	OLD("financial/top-agents", TOP)
	OLD("alerts", ALERTS)
	OLD("opportunities", OPPORTUNITIES)
	OLD("opportunities/{id}", OPPORTUNITY)
	OLD("export/agents", EXPORT_AGENTS)
	OLD("export/opportunities", EXPORT_OPPORTUNITIES)
	OLD("export/financial", EXPORT_FINANCIAL)

	/* Commands. */
	ROUTE(GW_POST, "/api/v1/ledger/verify", GW_OPERATOR, "?" JSON, ACT_BYTES, gw_api_verify, NULL)
	ACT("/workers/{worker}/start", GW_OPERATOR, START)
	ACT("/workers/{worker}/stop", GW_OPERATOR, STOP)
	ACT("/workers/{worker}/restart", GW_OPERATOR, RESTART)
	ACT("/workers/{worker}/pause", GW_OPERATOR, PAUSE)
	ACT("/workers/{worker}/resume", GW_OPERATOR, RESUME)
	ACT("/workers/{worker}/scale", GW_OPERATOR, SCALE)
	ACT("/groups/{group}/start", GW_OPERATOR, GROUP_START)
	ACT("/groups/{group}/stop", GW_OPERATOR, GROUP_STOP)
	ACT("/groups/{group}/restart", GW_OPERATOR, GROUP_RESTART)
	ACT("/approvals/{id}/approve", GW_OPERATOR, APPROVE)
	ACT("/approvals/{id}/deny", GW_OPERATOR, DENY)
	ACT("/alerts/{id}/ack", GW_OPERATOR, ACK)
	ACT("/emergency-stop", GW_OPERATOR, EMERGENCY_STOP)
	ACT("/emergency-resume", GW_ADMIN, EMERGENCY_RESUME)
	ACT("/workers/{worker}/kill", GW_ADMIN, KILL)
	ACT("/autonomous", GW_ADMIN, AUTONOMOUS)
	ACT("/budget/{worker}/grant", GW_ADMIN, GRANT)
};
/* clang-format on */

enum gw_kind
gw_route_kind(const char *path)
{
	static const struct {
		const char *begin;
		enum gw_kind kind;
	} kinds[] = {
		{"/webhooks/", GW_KIND_HOOK},
		{"/healthz", GW_KIND_PROBE},
		{"/readyz", GW_KIND_PROBE},
		{"/metrics", GW_KIND_METRICS},
		{"/api/v1/", GW_KIND_API},
		{"/api/", GW_KIND_COMPAT},
	};

	for (size_t i = 0; i < NV_LEN(kinds); i++)
		if (strncmp(path, kinds[i].begin, strlen(kinds[i].begin)) == 0)
			return kinds[i].kind;
	return GW_KIND_PAGE;
}

static bool
is_wanted(const struct nv_conf_gateway *conf, enum gw_kind kind)
{
	return conf->dashboard || kind == GW_KIND_HOOK || kind == GW_KIND_PROBE ||
	       kind == GW_KIND_METRICS;
}

int
gw_routes_make(const struct nv_conf_gateway *conf, struct gw_route **ret, size_t *ret_n)
{
	struct gw_route *routes = calloc(NV_LEN(table), sizeof(*routes));
	size_t n = 0;

	if (!routes)
		return -ENOMEM;
	for (size_t i = 0; i < NV_LEN(table); i++) {
		struct gw_route r = table[i];

		r.kind = gw_route_kind(r.path);
		if (!is_wanted(conf, r.kind))
			continue;
		if (r.kind == GW_KIND_METRICS && conf->open_metrics)
			r.role = GW_OPEN;
		if (r.body_bytes_max == BODY_CONFIGURED)
			r.body_bytes_max = conf->body_bytes_max;
		routes[n++] = r;
	}
	*ret = routes;
	*ret_n = n;
	return 0;
}

void
gw_routes_print(FILE *to)
{
	for (size_t i = 0; i < NV_LEN(table); i++)
		(void)fprintf(to, "%s %s %s\n", gw_method_name(table[i].method),
			table[i].path, gw_role_name(table[i].role));
}

const char *
gw_role_name(enum gw_role role)
{
	static const char *const names[] = {
#define X(name, text) [GW_##name] = (text),
		GW_ROLES(X)
#undef X
	};

	return names[role];
}

const char *
gw_kind_name(enum gw_kind kind)
{
	static const char *const names[] = {
#define X(name, text) [GW_KIND_##name] = (text),
		GW_KINDS(X)
#undef X
	};

	return names[kind];
}
