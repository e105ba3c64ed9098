/* The routes of the system that Nova replaces: one or two questions to the engine each,
 * their answers put into its shapes. See compat.h. */
#include "compat.h"

#include "api_ask.h"
#include "gateway.h"
#include "nv_clock.h"
#include "query.h"
#include "reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TTL_MS           1000
#define ANSWER_BYTES_MAX ((size_t)16 << 20)
#define DAYS_NS          (INT64_C(32) * 86400 * NV_NS_PER_SEC)

#define ALL "{\"period\":\"all\"}"

#define ONLY(v) \
	{ \
		{ \
			.verb = (v) \
		} \
	}

const struct gw_compat gw_compats[GW_COMPAT_COUNT] = {
	[GW_COMPAT_OVERVIEW] = {{{.verb = "overview"}, {.verb = "agents"}},
		gw_compat_overview, NULL, NULL},
	[GW_COMPAT_AGENTS] = {ONLY("agents"), gw_compat_agents, NULL, NULL},
	[GW_COMPAT_AGENT] = {{{.verb = "agent", .path_arg = "worker"},
				     {.verb = "events",
					     .path_arg = "worker",
					     .args = "{\"limit\":1000}"},
				     {.verb = "pnl", .args = ALL}},
		gw_compat_agent, NULL, NULL},
	[GW_COMPAT_SUMMARY] = {{{.verb = "pnl", .args = ALL}}, gw_compat_summary, NULL,
		NULL},
	[GW_COMPAT_TRENDS] =
		{{{.verb = "timeline", .args = "{\"by\":\"day\"}", .days = true}},
			gw_compat_trends, NULL, NULL},
	[GW_COMPAT_DEPARTMENTS] = {{{.verb = "pnl",
					   .args = "{\"period\":\"all\",\"by\":\"group\","
						   "\"limit\":10000}"}},
		gw_compat_departments, NULL, NULL},
	[GW_COMPAT_TOP] = {ONLY("agents"), gw_compat_top, NULL, NULL},
	[GW_COMPAT_ALERTS] = {{{.verb = "list", .of_alerts = true}}, gw_compat_alerts,
		NULL, NULL},
	[GW_COMPAT_OPPORTUNITIES] = {ONLY("approvals"), gw_compat_opportunities, NULL,
		NULL},
	[GW_COMPAT_OPPORTUNITY] = {{{.verb = "explain", .path_arg = "id"}},
		gw_compat_opportunity, NULL, NULL},
	[GW_COMPAT_EXPORT_AGENTS] = {ONLY("agents"), gw_compat_agents_csv, "agents",
		NULL},
	[GW_COMPAT_EXPORT_OPPORTUNITIES] = {ONLY("approvals"),
		gw_compat_opportunities_csv, "opportunities", NULL},
	[GW_COMPAT_EXPORT_FINANCIAL] = {{{.verb = "agents"},
						{.verb = "pnl", .args = ALL}},
		NULL, NULL, gw_compat_sales},
};

/* ---- figures ---- */

nv_i128
gw_compat_nano(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));
	nv_i128 nano = 0;

	/* No sum goes beyond it, and what is done with it fits. */
	if (!text || !nv_sum_parse(text, &nano) || nano > NV_SUM_MAX ||
		nano < -NV_SUM_MAX)
		return 0;
	return nano;
}

nv_i128
gw_compat_earned(const json_t *m)
{
	return gw_compat_nano(m, "revenue") - gw_compat_nano(m, "refunds") -
	       gw_compat_nano(m, "disputes") - gw_compat_nano(m, "fees");
}

/* n / by, half to even. */
static nv_i128
divide(nv_i128 n, nv_i128 by)
{
	bool minus = n < 0;
	nv_i128 whole = (minus ? -n : n) / by;
	nv_i128 rest = (minus ? -n : n) % by;

	if (rest * 2 > by || (rest * 2 == by && whole % 2 == 1))
		whole++;
	return minus ? -whole : whole;
}

bool
gw_compat_base(const json_t *pnl, const json_t *event, nv_i128 *ret_nano)
{
	const char *currency = json_string_value(json_object_get(event, "currency"));
	nv_i128 nano = gw_compat_nano(event, "amount");
	size_t i;
	json_t *row;

	json_array_foreach(json_object_get(pnl, "currencies"), i, row)
	{
		const char *name = json_string_value(json_object_get(row, "currency"));

		if (!currency || !name || strcmp(currency, name) != 0)
			continue;
		if (!json_is_string(json_object_get(row, "rate")) ||
			__builtin_mul_overflow(nano, gw_compat_nano(row, "rate"), &nano))
			return false;
		*ret_nano = divide(nano, NV_MONEY_SCALE);
		return true;
	}
	return false;
}

/* Hundredths, which fit: a sum is at most NV_SUM_MAX. */
static const char *
show_hundredths(nv_i128 n, char buf[GW_CENTS_BYTES])
{
	bool minus = n < 0;
	char digits[GW_CENTS_BYTES];
	size_t at = sizeof(digits);

	if (minus)
		n = -n;
	digits[--at] = '\0';
	for (int i = 0; i < 3 || n > 0; i++) {
		if (i == 2)
			digits[--at] = '.';
		digits[--at] = (char)('0' + (int)(n % 10));
		n /= 10;
	}
	(void)snprintf(buf, GW_CENTS_BYTES, "%s%s", minus ? "-" : "", digits + at);
	return buf;
}

const char *
gw_compat_cents(nv_i128 nano, char buf[GW_CENTS_BYTES])
{
	return show_hundredths(divide(nano, NV_MONEY_SCALE / 100), buf);
}

const char *
gw_compat_percent(nv_i128 a, nv_i128 b, char buf[GW_CENTS_BYTES])
{
	if (b > 0)
		return show_hundredths(divide(a * 10000, b), buf);
	(void)snprintf(buf, GW_CENTS_BYTES, "null");
	return buf;
}

/* ---- asking ---- */

struct compat;

struct question {
	struct compat *all;
	size_t number;
	struct gw_ask *ask;
};

struct compat {
	struct gw_call *call;
	const struct gw_compat *route;
	struct question questions[GW_COMPAT_ASKS_MAX];
	struct gw_compat_facts facts;
	size_t left;
};

static void
drop(struct compat *c)
{
	for (size_t i = 0; i < GW_COMPAT_ASKS_MAX; i++) {
		gw_ask_cancel(c->questions[i].ask);
		json_decref(c->facts.data[i]);
	}
	free(c);
}

static void
on_gone(struct gw_call *call)
{
	drop(call->own);
}

static void
answer(struct compat *c)
{
	struct gw_call *call = c->call;
	bool csv = c->route->csv != NULL;
	struct nv_buf body;
	char value[100];

	if (c->route->then) {
		const struct gw_compat_facts facts = c->facts;

		void (*then)(struct gw_call *, const struct gw_compat_facts *) =
			c->route->then;

		c->facts = (struct gw_compat_facts){0};
		call->gone = NULL;
		drop(c);
		then(call, &facts);
		return;
	}
	nv_buf_init(&body, ANSWER_BYTES_MAX);
	(void)nv_rfc3339(nv_wall_ns(), c->facts.timestamp);
	c->route->show(&body, &c->facts);
	if (csv) {
		(void)snprintf(value, sizeof(value),
			"attachment; filename=\"nova-%s-%.10s.csv\"", c->route->csv,
			c->facts.timestamp);
		gw_answer_header(call, "Content-Disposition", value);
	}
	call->gone = NULL;
	drop(c);
	if (body.error)
		gw_answer_error(call, 500, "the answer is too large");
	else
		gw_answer(call, 200, csv ? "text/csv; charset=utf-8" : "application/json",
			body.data, body.bytes);
	nv_buf_fini(&body);
}

static void
on_told(void *arg, const struct gw_told *told)
{
	struct question *q = arg;
	struct compat *c = q->all;

	q->ask = NULL;
	if (told->code != NV_EXIT_OK) {
		struct gw_call *call = c->call;

		call->gone = NULL;
		drop(c);
		gw_ask_refuse(call, told, true);
		return;
	}
	c->facts.data[q->number] = json_incref(told->data);
	if (--c->left == 0)
		answer(c);
}

static json_t *
make_args(const struct compat *c, size_t i)
{
	const char *text = c->route->asks[i].args;
	const char *path_arg = c->route->asks[i].path_arg;
	json_t *args = text ? json_loads(text, 0, NULL) : json_object();
	char day[NV_RFC3339_BYTES];
	int bad = args ? 0 : -1;

	if (path_arg)
		bad |= json_object_set_new(
			args, path_arg, nv_json_str(c->call->params[0]));
	if (c->route->asks[i].days) {
		nv_rfc3339(nv_wall_ns() - DAYS_NS, day);
		day[10] = '\0';
		bad |= json_object_set_new(args, "from", json_string(day));
	}
	if (!bad)
		return args;
	json_decref(args);
	return NULL;
}

static int
ask(struct compat *c, size_t i)
{
	json_t *args = make_args(c, i);
	json_t *question =
		json_pack("{s:s, s:o}", "verb", c->route->asks[i].verb, "args", args);

	c->questions[i] = (struct question){.all = c, .number = i};
	if (!question)
		return -1;
	return gw_ask(c->call->arg,
		c->route->asks[i].of_alerts ? GW_ASK_ALERTS : GW_ASK_ENGINE, question,
		TTL_MS, on_told, &c->questions[i], &c->questions[i].ask);
}

void
gw_api_compat(struct gw_call *call)
{
	struct compat *c;
	int rc = 0;

	if (gw_query_none(call) < 0)
		return;
	c = calloc(1, sizeof(*c));
	if (!c) {
		gw_answer_error(call, 500, "no memory");
		return;
	}
	c->call = call;
	c->route = call->route->with;
	call->own = c;
	call->gone = on_gone;
	for (size_t i = 0; i < GW_COMPAT_ASKS_MAX && c->route->asks[i].verb; i++)
		c->left++;
	for (size_t i = 0; rc == 0 && i < GW_COMPAT_ASKS_MAX && c->route->asks[i].verb;
		i++)
		rc = ask(c, i);
	if (rc == 0)
		return;
	call->gone = NULL;
	drop(c);
	gw_answer_error(call, 500, "no memory");
}
