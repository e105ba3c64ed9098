/* Shapes of the old API that are about agents: see compat.h. */
#include "compat.h"

#include <string.h>

static const char *
text_of(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text ? text : "";
}

static void
put_text(struct nv_buf *b, const char *text)
{
	nv_buf_put_json(b, text, strlen(text));
}

void
gw_compat_put(struct nv_buf *b, const char *name, const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	nv_buf_printf(b, "\"%s\":", name);
	if (text)
		put_text(b, text);
	else
		nv_buf_puts(b, "null");
}

void
gw_compat_put_all(struct nv_buf *b, const json_t *o, const char *const (*fields)[2])
{
	for (size_t i = 0; fields[i][0]; i++) {
		if (i)
			nv_buf_puts(b, ",");
		gw_compat_put(b, fields[i][0], o, fields[i][1]);
	}
}

static void
put_timestamp(struct nv_buf *b, const struct gw_compat_facts *facts)
{
	nv_buf_printf(b, ",\"timestamp\":\"%s\"}", facts->timestamp);
}

/* ---- the overview ---- */

static const char *const windows[] = {"today", "week", "month"};

enum what { REVENUE, COSTS, COST_PERCENT, ROI };

static void
put_windows(struct nv_buf *b, const char *name, const json_t *money, enum what what)
{
	char buf[GW_CENTS_BYTES];

	nv_buf_printf(b, "\"%s\":{", name);
	for (size_t i = 0; i < NV_LEN(windows); i++) {
		const json_t *f = json_object_get(money, windows[i]);
		nv_i128 earned = gw_compat_nano(f, "net_revenue");
		nv_i128 cost = gw_compat_nano(f, "cost");

		nv_buf_printf(b, "%s\"%s\":%s", i ? "," : "", windows[i],
			what == REVENUE ? gw_compat_cents(earned, buf)
			: what == COSTS ? gw_compat_cents(cost, buf)
			: what == COST_PERCENT
				? gw_compat_percent(cost, earned, buf)
				: gw_compat_percent(earned - cost, cost, buf));
	}
	nv_buf_puts(b, "},");
}

/* critical: the emergency stop, or an agent that Nova has given up; warning: one that
 * crashes or waits for another try. */
static const char *
health_of(const json_t *overview, const json_t *agents, size_t *ret_active)
{
	bool critical = json_is_object(json_object_get(overview, "stop"));
	bool warning = false;
	size_t i;
	json_t *row;

	json_array_foreach(agents, i, row)
	{
		const char *status = text_of(row, "status");

		*ret_active += strcmp(status, "running") == 0;
		critical |= strcmp(status, "halted") == 0;
		warning |= strcmp(status, "crashed") == 0 ||
			   strcmp(status, "backoff") == 0 ||
			   strcmp(status, "cooldown") == 0;
	}
	return critical ? "critical" : warning ? "warning" : "healthy";
}

void
gw_compat_overview(struct nv_buf *b, const struct gw_compat_facts *facts)
{
	const json_t *money = json_object_get(facts->data[0], "money");
	size_t active = 0;
	const char *health = health_of(
		facts->data[0], json_object_get(facts->data[1], "agents"), &active);

	nv_buf_puts(b, "{");
	put_windows(b, "revenue", money, REVENUE);
	put_windows(b, "costs", money, COSTS);
	put_windows(b, "cost_percent", money, COST_PERCENT);
	put_windows(b, "roi", money, ROI);
	nv_buf_printf(
		b, "\"active_agents\":%zu,\"system_health\":\"%s\"", active, health);
	put_timestamp(b, facts);
}

/* ---- agents ---- */

/* Nova keeps no sum of tokens for each worker: null, not a zero. */
void
gw_compat_put_agent(struct nv_buf *b, const json_t *agent)
{
	static const char *const fields[][2] = {{"id", "worker"}, {"name", "worker"},
		{"type", "kind"}, {"department", "group"}, {"status", "status"}, {NULL}};
	const json_t *m = json_object_get(agent, "metrics");
	nv_i128 earned = gw_compat_earned(m);
	nv_i128 cost = gw_compat_nano(m, "cost");
	char buf[GW_CENTS_BYTES];

	nv_buf_puts(b, "{");
	gw_compat_put_all(b, agent, fields);
	nv_buf_puts(b, ",");
	gw_compat_put(b, "deployed_at", json_object_get(agent, "desired"), "since");
	nv_buf_printf(
		b, ",\"tokens_used\":null,\"total_cost\":%s", gw_compat_cents(cost, buf));
	nv_buf_printf(b, ",\"revenue_generated\":%s", gw_compat_cents(earned, buf));
	nv_buf_printf(b, ",\"roi\":%s,", gw_compat_percent(earned - cost, cost, buf));
	gw_compat_put(b, "last_active", agent, "last_heartbeat");
	nv_buf_puts(b, "}");
}

static bool
is_first_of_group(const json_t *agents, size_t at)
{
	const char *group = text_of(json_array_get(agents, at), "group");

	for (size_t i = 0; i < at; i++)
		if (strcmp(text_of(json_array_get(agents, i), "group"), group) == 0)
			return false;
	return true;
}

void
gw_compat_agents(struct nv_buf *b, const struct gw_compat_facts *facts)
{
	const json_t *agents = json_object_get(facts->data[0], "agents");
	size_t n = json_array_size(agents);
	const char *between = "";

	nv_buf_puts(b, "{\"departments\":{");
	for (size_t i = 0; i < n; i++) {
		const char *group = text_of(json_array_get(agents, i), "group");
		const char *comma = "";

		if (!is_first_of_group(agents, i))
			continue;
		nv_buf_puts(b, between);
		put_text(b, group);
		nv_buf_puts(b, ":[");
		for (size_t k = i; k < n; k++) {
			const json_t *row = json_array_get(agents, k);

			if (strcmp(text_of(row, "group"), group) != 0)
				continue;
			nv_buf_puts(b, comma);
			gw_compat_put_agent(b, row);
			comma = ",";
		}
		nv_buf_puts(b, "]");
		between = ",";
	}
	nv_buf_printf(b, "},\"total_agents\":%zu", n);
	put_timestamp(b, facts);
}

#define RECENT_MAX 20

/* The newest of one kind, newest first, in the base currency; null: it has no rate. What
 * tokens have cost is a cost, too; of a model without a price it is not known. */
static void
put_recent(struct nv_buf *b, const json_t *events, const json_t *pnl, const char *kind)
{
	char buf[GW_CENTS_BYTES];
	size_t shown = 0;
	bool costs = strcmp(kind, "cost") == 0;
	nv_i128 nano = 0;

	for (size_t i = json_array_size(events); i > 0 && shown < RECENT_MAX; i--) {
		const json_t *ev = json_array_get(events, i - 1);

		if (strcmp(text_of(ev, "kind"), kind) != 0 &&
			!(costs && strcmp(text_of(ev, "kind"), "usage") == 0))
			continue;
		nv_buf_puts(b, shown++ ? ",{" : "{");
		gw_compat_put(b, "timestamp", ev, "at");
		nv_buf_puts(b, ",");
		gw_compat_put(b, costs ? "operation" : "description", ev, "category");
		nv_buf_printf(b, ",\"%s\":%s%s}", costs ? "cost" : "amount",
			gw_compat_base(pnl, ev, &nano) ? gw_compat_cents(nano, buf)
						       : "null",
			costs ? ",\"total_tokens\":null" : "");
	}
}

void
gw_compat_agent(struct nv_buf *b, const struct gw_compat_facts *facts)
{
	const json_t *events = json_object_get(facts->data[1], "events");

	nv_buf_puts(b, "{\"agent\":");
	gw_compat_put_agent(b, json_object_get(facts->data[0], "agent"));
	nv_buf_puts(b, ",\"recent_costs\":[");
	put_recent(b, events, facts->data[2], "cost");
	nv_buf_puts(b, "],\"recent_revenue\":[");
	put_recent(b, events, facts->data[2], "revenue");
	nv_buf_puts(b, "]");
	put_timestamp(b, facts);
}

/* ---- alerts and opportunities ---- */

void
gw_compat_alerts(struct nv_buf *b, const struct gw_compat_facts *facts)
{
	static const char *const fields[][2] = {{"level", "severity"},
		{"message", "text"}, {"timestamp", "since"}, {NULL}};
	size_t i;
	json_t *row;

	nv_buf_puts(b, "{\"alerts\":[");
	json_array_foreach(json_object_get(facts->data[0], "alerts"), i, row)
	{
		nv_buf_puts(b, i ? ",{" : "{");
		gw_compat_put_all(b, row, fields);
		nv_buf_puts(b, "}");
	}
	nv_buf_puts(b, "]");
	put_timestamp(b, facts);
}

/* What would bring in more: more of a worker, or more money for one. */
bool
gw_compat_is_opportunity(const json_t *decision)
{
	const char *type = text_of(decision, "type");

	return strncmp(type, "scale_up", 8) == 0 || strncmp(type, "reinvest", 8) == 0;
}

static void
put_opportunity(struct nv_buf *b, const json_t *d)
{
	static const char *const what[][2] = {{"type", "type"}, {"agent", "worker"},
		{"status", "state"}, {"description", "reason"}, {NULL}};
	static const char *const when[][2] = {
		{"created_at", "proposed"}, {"expires_at", "expires"}, {NULL}};
	char buf[GW_CENTS_BYTES];

	nv_buf_printf(b, "{\"id\":%lld,",
		(long long)json_integer_value(json_object_get(d, "id")));
	gw_compat_put_all(b, d, what);
	nv_buf_printf(b, ",\"cost\":%s,",
		gw_compat_cents(gw_compat_nano(d, "cost_impact"), buf));
	gw_compat_put_all(b, d, when);
	nv_buf_puts(b, "}");
}

void
gw_compat_opportunities(struct nv_buf *b, const struct gw_compat_facts *facts)
{
	size_t i;
	json_t *row;
	size_t n = 0;

	nv_buf_puts(b, "{\"opportunities\":[");
	json_array_foreach(json_object_get(facts->data[0], "approvals"), i, row)
	{
		if (!gw_compat_is_opportunity(row))
			continue;
		nv_buf_puts(b, n++ ? "," : "");
		put_opportunity(b, row);
	}
	/* Only those that wait are listed: it is the one status there is. */
	nv_buf_puts(b, "],\"status_breakdown\":{");
	if (n > 0)
		nv_buf_printf(b, "\"pending\":%zu", n);
	nv_buf_printf(b, "},\"total\":%zu", n);
	put_timestamp(b, facts);
}

void
gw_compat_opportunity(struct nv_buf *b, const struct gw_compat_facts *facts)
{
	nv_buf_puts(b, "{\"opportunity\":");
	put_opportunity(b, json_object_get(facts->data[0], "decision"));
	put_timestamp(b, facts);
}
