/* Routes that are one question to the engine (or to nova-alerts): parameters of the path
 * and of the query become its arguments, its answer is the body, with the time at which
 * it was read. What they mean is the engine's; here is only what they look like. */
#include "api_ask.h"

#include "api.h"
#include "gateway.h"
#include "nv_clock.h"
#include "openapi.h"
#include "query.h"
#include "reply.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_BYTES_MAX 200

#define TEXT   GW_PARAM_TEXT
#define NUMBER GW_PARAM_NUMBER
#define FLAG   GW_PARAM_FLAG

#define PERIOD \
	{"period", TEXT, 0}, {"from", TEXT, 0}, \
	{ \
		"to", TEXT, 0 \
	}
#define TARGET \
	{ \
		"target", TEXT, 0 \
	}
#define BY \
	{ \
		"by", TEXT, 0 \
	}
#define WORKER \
	{ \
		"worker", TEXT, 0 \
	}
/* Rows of events and the like: what is older is asked for by page. */
#define PAGE \
	{ \
		"limit", NUMBER, 1000 \
	}
/* Rows of a report: a year by the hour fits. */
#define ROWS \
	{ \
		"limit", NUMBER, 10000 \
	}

#define NOW_MS    500  /* what changes with every action */
#define REPORT_MS 3000 /* sums over time */
#define TABLE_MS  30000

const struct gw_asked gw_asked[GW_ASKED_COUNT] = {
	[GW_ASKED_CRASHES] = {"why", NULL, "worker", NOW_MS,
		{{"instance", NUMBER, 10000}, {"last", NUMBER, 20}}},
	[GW_ASKED_DECISIONS] = {"decisions", NULL, NULL, NOW_MS,
		{WORKER, {"since", TEXT, 0}, PAGE}},
	[GW_ASKED_DECISION] = {"explain", NULL, "id", NOW_MS, {{0}}},
	[GW_ASKED_CALIBRATION] = {"decisions.calibration", NULL, NULL, REPORT_MS, {{0}}},
	[GW_ASKED_APPROVALS] = {"approvals", NULL, NULL, NOW_MS, {{0}}},
	[GW_ASKED_BUDGET] = {"budget", NULL, NULL, NOW_MS, {{0}}},
	[GW_ASKED_BUDGET_OF] = {"budget", NULL, "worker", NOW_MS, {{0}}},
	[GW_ASKED_PNL] = {"pnl", NULL, NULL, REPORT_MS, {TARGET, PERIOD, BY, ROWS}},
	[GW_ASKED_COSTS] = {"costs", NULL, NULL, REPORT_MS, {TARGET, PERIOD, BY, ROWS}},
	[GW_ASKED_REVENUE] = {"revenue", NULL, NULL, REPORT_MS,
		{TARGET, PERIOD, BY, ROWS}},
	[GW_ASKED_ROI] = {"roi", NULL, NULL, REPORT_MS, {TARGET, PERIOD, BY, ROWS}},
	[GW_ASKED_TIMELINE] = {"timeline", NULL, NULL, REPORT_MS,
		{TARGET, PERIOD, BY, ROWS}},
	[GW_ASKED_CASHFLOW] = {"cashflow", NULL, NULL, REPORT_MS,
		{PERIOD, BY, ROWS, {"older", NUMBER, 36500}}},
	[GW_ASKED_FORECAST] = {"forecast", NULL, NULL, REPORT_MS,
		{WORKER, {"days", NUMBER, 366}}},
	[GW_ASKED_COHORTS] = {"cohorts", NULL, NULL, REPORT_MS,
		{TARGET, PERIOD, BY, ROWS}},
	[GW_ASKED_REINVEST] = {"reinvest", NULL, NULL, REPORT_MS,
		{TARGET, PERIOD, {"after", TEXT, 0}}},
	[GW_ASKED_PERFORMERS] = {"performers", NULL, NULL, REPORT_MS,
		{PERIOD, {"order", TEXT, 0}, {"bottom", FLAG, 0}, ROWS}},
	[GW_ASKED_QUALITY] = {"quality", NULL, NULL, REPORT_MS,
		{{"older", NUMBER, 36500}}},
	[GW_ASKED_PRICES] = {"prices", NULL, NULL, TABLE_MS,
		{{"model", TEXT, 0}, {"provider", TEXT, 0}, {"at", TEXT, 0}}},
	[GW_ASKED_EVENTS] = {"events", NULL, NULL, NOW_MS,
		{WORKER, {"since_seq", NUMBER, 0}, PAGE}},
	[GW_ASKED_QUARANTINE] = {"quarantine", NULL, NULL, NOW_MS, {WORKER, PAGE}},
	[GW_ASKED_INCIDENTS] = {"incidents", NULL, NULL, NOW_MS, {PAGE}},
	[GW_ASKED_ANOMALIES] = {"anomalies", NULL, NULL, NOW_MS, {{"all", FLAG, 0}}},
	[GW_ASKED_WEBHOOKS] = {"webhooks", NULL, NULL, NOW_MS,
		{{"provider", TEXT, 0}, {"since_seq", NUMBER, 0}, PAGE}},
	[GW_ASKED_ALERTS] = {"list", GW_ASK_ALERTS, NULL, NOW_MS, {{0}}},
};

/* ---- arguments ---- */

static int
put_number(json_t *args, const struct gw_asked_param *p, const char *text,
	struct nv_err *err)
{
	json_int_t n = 0;
	size_t bytes = strlen(text);

	if (bytes == 0 || bytes > 18 || strspn(text, "0123456789") != bytes)
		return nv_err_set(err, -EINVAL,
			"%s is \"%.40s\", expected a whole number", p->name, text);
	for (const char *at = text; *at; at++)
		n = n * 10 + (*at - '0');
	if (p->max && n > p->max)
		return nv_err_set(err, -EINVAL, "%s is %s, expected at most %u", p->name,
			text, p->max);
	return json_object_set_new(args, p->name, json_integer(n)) < 0 ? -ENOMEM : 0;
}

static int
put(json_t *args, const struct gw_asked_param *p, const char *text, struct nv_err *err)
{
	bool yes = strcmp(text, "true") == 0;

	switch (p->kind) {
	case NUMBER:
		return put_number(args, p, text, err);
	case FLAG:
		if (!yes && strcmp(text, "false") != 0)
			return nv_err_set(err, -EINVAL,
				"%s is \"%.40s\", expected true or false", p->name, text);
		return json_object_set_new(args, p->name, json_boolean(yes)) < 0 ? -ENOMEM
										 : 0;
	default:
		return json_object_set_new(args, p->name, nv_json_str(text)) < 0 ? -ENOMEM
										 : 0;
	}
}

static int
make_args(const struct gw_asked *asked, const struct gw_call *call,
	const struct gw_param *given, json_t **ret, struct nv_err *err)
{
	json_t *args = json_object();
	int rc = args ? 0 : -ENOMEM;

	if (rc == 0 && asked->path_arg)
		rc = json_object_set_new(
			     args, asked->path_arg, nv_json_str(call->params[0])) < 0
			     ? -ENOMEM
			     : 0;
	for (size_t i = 0; rc == 0 && i < GW_ASKED_PARAMS_MAX && asked->params[i].name;
		i++)
		if (given[i].value)
			rc = put(args, &asked->params[i], given[i].value, err);
	if (rc < 0)
		json_decref(args);
	else
		*ret = args;
	return rc;
}

/* ---- the answer ---- */

struct asking {
	struct gw_call *call;
	struct gw_ask *ask;
};

static void
on_gone(struct gw_call *call)
{
	struct asking *a = call->own;

	gw_ask_cancel(a->ask);
	free(a);
}

json_t *
gw_json_as_of(json_t *data, int64_t as_of_ns)
{
	json_t *body = json_copy(data);

	if (body &&
		(json_object_get(body, "as_of") ||
			json_object_set_new(body, "as_of", nv_json_time(as_of_ns)) == 0))
		return body;
	json_decref(body);
	return NULL;
}

static void
on_told(void *arg, const struct gw_told *told)
{
	struct asking *a = arg;
	struct gw_call *call = a->call;

	call->gone = NULL;
	free(a);
	if (told->code != NV_EXIT_OK)
		gw_ask_refuse(call, told, true);
	else
		gw_answer_json(call, 200, gw_json_as_of(told->data, told->as_of_ns));
}

static void
ask(struct gw_call *call, const struct gw_asked *asked, json_t *args)
{
	struct gw *gw = call->arg;
	struct asking *a = calloc(1, sizeof(*a));
	json_t *question = json_pack("{s:s, s:o}", "verb", asked->verb, "args", args);

	if (!a || !question) {
		free(a);
		json_decref(question);
		gw_answer_error(call, 500, "no memory for the question");
		return;
	}
	a->call = call;
	call->own = a;
	call->gone = on_gone;
	if (gw_ask(gw, asked->socket ? asked->socket : GW_ASK_ENGINE, question,
		    asked->ttl_ms, on_told, a, &a->ask) < 0) {
		call->gone = NULL;
		free(a);
		gw_answer_error(call, 500, "no memory for the question");
	}
}

void
gw_api_ask(struct gw_call *call)
{
	const struct gw_asked *asked = call->route->with;
	struct gw_param given[GW_ASKED_PARAMS_MAX];
	struct nv_err err = {0};
	json_t *args = NULL;
	size_t n = 0;

	for (; n < GW_ASKED_PARAMS_MAX && asked->params[n].name; n++)
		given[n] = (struct gw_param){
			.name = asked->params[n].name, .bytes_max = TEXT_BYTES_MAX};
	if (gw_query_parse(call, given, n) < 0)
		return;
	int rc = make_args(asked, call, given, &args, &err);

	if (rc == -EINVAL)
		gw_answer_error(call, 400, err.text);
	else if (rc < 0)
		gw_answer_error(call, 500, "no memory for the question");
	else
		ask(call, asked, args);
}

void
gw_api_gateway(struct gw_call *call)
{
	json_t *figures;

	if (gw_query_none(call) < 0)
		return;
	figures = gw_figures_json(call->arg);
	gw_answer_json(call, 200, figures ? gw_json_as_of(figures, nv_wall_ns()) : NULL);
	json_decref(figures);
}

void
gw_api_openapi(struct gw_call *call)
{
	if (gw_query_none(call) == 0)
		gw_answer(call, 200, "application/json", gw_openapi, gw_openapi_bytes);
}
