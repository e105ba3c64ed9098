/* Metrics of the gateway itself, of who answers it, of platforms and alerts, and of the
 * last verify. Counters of the gateway and of platforms are since their process started.
 */
#include "metrics.h"

#include "api.h"
#include "ask.h"
#include "auth.h"
#include "gateway.h"
#include "metrics_proc.h"
#include "nv_clock.h"
#include "nv_version.h"

#include <string.h>

static void
put_build(struct gw_text *t)
{
	gw_text_family(t, "nova_build", GW_INFO, "Which Nova this is.");
	gw_text_count(t, GW_WITH({"version", nv_version()}), 1);
}

static void
put_up(struct gw_text *t, const struct gw_scrape *s)
{
	gw_text_family(t, "nova_up", GW_GAUGE,
		"1: the process has answered this scrape; 0: what it knows is left out.");
	gw_text_count(t, GW_WITH({"process", "nova-engine"}), s->engine != NULL);
	gw_text_count(t, GW_WITH({"process", "novasupd"}), s->fleet != NULL);
	if (s->has_alerts)
		gw_text_count(t, GW_WITH({"process", "nova-alerts"}), s->alerts != NULL);
	for (int i = 0; i < NV_PLATFORMS; i++)
		if (s->has_platforms[i])
			gw_text_count(t,
				GW_WITH({"process",
					nv_platform_name((enum nv_platform)i)}),
				s->platforms[i] != NULL);
}

/* ---- HTTP ---- */

static void
put_http(struct gw_text *t, const struct gw_server *server)
{
	static const char *const classes[] = {"", "1xx", "2xx", "3xx", "4xx", "5xx"};

	gw_text_family(t, "nova_http_responses", GW_COUNTER,
		"Answers by what the route is for and the class of the status.");
	for (int kind = 0; kind < GW_KIND_COUNT; kind++)
		for (size_t c = 1; c < NV_LEN(classes); c++)
			if (server->by_kind[kind][c] > 0)
				gw_text_count(t,
					GW_WITH({"route",
							gw_kind_name((enum gw_kind)kind)},
						{"status", classes[c]}),
					server->by_kind[kind][c]);
	gw_text_family(t, "nova_http_connections", GW_GAUGE, "Open connections.");
	gw_text_count(t, NULL, 0, server->n_conns);
	gw_text_family(t, "nova_http_connections_accepted", GW_COUNTER,
		"Connections that were taken.");
	gw_text_count(t, NULL, 0, server->accepted);
	gw_text_family(t, "nova_http_connections_turned_away", GW_COUNTER,
		"Connections beyond a limit.");
	gw_text_count(t, NULL, 0, server->turned_away);
	gw_text_family(t, "nova_http_streams", GW_GAUGE,
		"Open streams of dashboards, logs and exports.");
	gw_text_count(t, NULL, 0, server->n_streams);
}

static void
put_auth(struct gw_text *t, const struct gw *gw)
{
	struct gw_auth_figures f;

	gw_auth_figures(gw, &f);
	gw_text_family(t, "nova_sessions", GW_GAUGE, "Logins that are open.");
	gw_text_count(t, NULL, 0, f.sessions);
	gw_text_family(t, "nova_logins", GW_COUNTER, "Logins.");
	gw_text_count(t, NULL, 0, f.logins);
	gw_text_family(t, "nova_auth_refused", GW_COUNTER,
		"Requests that were refused: a token that nobody has, one that has "
		"ended, or "
		"something its role may not.");
	gw_text_count(t, GW_WITH({"reason", "wrong"}), f.wrong);
	gw_text_count(t, GW_WITH({"reason", "ended"}), f.ended);
	gw_text_count(t, GW_WITH({"reason", "forbidden"}), f.forbidden);
	gw_text_family(t, "nova_lockouts", GW_COUNTER,
		"Addresses that were locked out for wrong tokens.");
	gw_text_count(t, NULL, 0, f.lockouts);
}

static void
put_asks(struct gw_text *t, const struct gw *gw)
{
	struct gw_ask_figures f;

	gw_ask_figures(gw, &f);
	gw_text_family(t, "nova_gateway_questions", GW_COUNTER,
		"Questions of the API to other processes: sent, answered from what was "
		"known, "
		"turned away as too many, failed.");
	gw_text_count(t, GW_WITH({"result", "sent"}), f.asked);
	gw_text_count(t, GW_WITH({"result", "shared"}), f.shared);
	gw_text_count(t, GW_WITH({"result", "busy"}), f.busy);
	gw_text_count(t, GW_WITH({"result", "failed"}), f.failed);
}

/* ---- webhooks ---- */

static void
put_webhooks(struct gw_text *t, const struct gw *gw)
{
	gw_text_family(t, "nova_webhook_verdicts", GW_COUNTER,
		"Webhooks by sender and what their signature is worth.");
	for (int s = 0; s < GW_SOURCE_COUNT; s++)
		for (int v = 0; v < GW_VERDICT_COUNT; v++)
			gw_text_count(t,
				GW_WITH({"provider", gw_source_name((enum gw_source)s)},
					{"verdict", gw_verdict_name((enum gw_verdict)v)}),
				gw->figures[s].verdicts[v]);
	gw_text_family(t, "nova_webhooks_accepted", GW_COUNTER,
		"Webhooks that were answered with 200: they are in the ledger.");
	for (int s = 0; s < GW_SOURCE_COUNT; s++)
		gw_text_count(t, GW_WITH({"provider", gw_source_name((enum gw_source)s)}),
			gw->figures[s].accepted);
	gw_text_family(t, "nova_webhooks_put_off", GW_COUNTER,
		"Webhooks whose sender was told to come again.");
	for (int s = 0; s < GW_SOURCE_COUNT; s++)
		gw_text_count(t, GW_WITH({"provider", gw_source_name((enum gw_source)s)}),
			gw->figures[s].unavailable);
}

/* ---- platforms, alerts, verify ---- */

static void
put_platform(struct gw_text *t, const struct gw_scrape *s, const char *object,
	const char *key, const char *label, const char *value)
{
	for (int i = 0; i < NV_PLATFORMS; i++) {
		const json_t *o = s->platforms[i];
		const json_t *n =
			json_object_get(object ? json_object_get(o, object) : o, key);
		const char *name = nv_platform_name((enum nv_platform)i);

		if (!json_is_integer(n))
			continue;
		if (label)
			gw_text_scaled(t, GW_WITH({"platform", name}, {label, value}),
				json_integer_value(n), 1);
		else
			gw_text_scaled(
				t, GW_WITH({"platform", name}), json_integer_value(n), 1);
	}
}

static void
put_platforms(struct gw_text *t, const struct gw_scrape *s)
{
	static const char *const outbox[] = {"queued", "sent", "unknown", "unbooked"};

	gw_text_family(t, "nova_platform_calls", GW_COUNTER,
		"Calls of agents that a platform's process has answered, by outcome.");
	put_platform(t, s, "calls", "answered", "outcome", "done");
	put_platform(t, s, "calls", "failed", "outcome", "failed");
	gw_text_family(t, "nova_platform_calls_under_way", GW_GAUGE,
		"Calls that are not answered yet.");
	put_platform(t, s, "calls", "under_way", NULL, NULL);
	gw_text_family(t, "nova_platform_waiting", GW_GAUGE,
		"Requests that wait for their turn by the platform's limits.");
	put_platform(t, s, NULL, "waiting_for_turn", NULL, NULL);
	gw_text_family(t, "nova_platform_outbox", GW_GAUGE,
		"Requests that must happen once: queued, sent without an answer, unknown "
		"(a "
		"person has to look), done and not booked yet.");
	for (size_t i = 0; i < NV_LEN(outbox); i++)
		put_platform(t, s, "outbox", outbox[i], "state", outbox[i]);
	gw_text_family(t, "nova_platform_poll_failures", GW_GAUGE,
		"How often in a row the platform could not be polled.");
	put_platform(t, s, "poll", "failures", NULL, NULL);
}

static void
put_alerts(struct gw_text *t, const json_t *alerts)
{
	static const char *const severities[] = {"info", "warning", "error", "critical"};
	const json_t *list = json_object_get(alerts, "alerts");
	size_t i;
	const json_t *alert;

	gw_text_family(t, "nova_alerts_raised", GW_GAUGE, "Alerts that are raised now.");
	for (size_t k = 0; alerts && k < NV_LEN(severities); k++) {
		uint64_t n = 0;

		json_array_foreach(list, i, alert)
		{
			const char *severity =
				json_string_value(json_object_get(alert, "severity"));

			n += severity && strcmp(severity, severities[k]) == 0;
		}
		gw_text_count(t, GW_WITH({"severity", severities[k]}), n);
	}
}

static void
put_verify(struct gw_text *t, const struct gw *gw)
{
	json_t *last = gw_verify_json(gw);
	const json_t *ok = json_object_get(last, "ok");

	/* One that was never asked for, or could not be answered, says nothing. */
	gw_text_family(t, "nova_ledger_verified", GW_GAUGE,
		"1: the last verification that the gateway was asked for found nothing; "
		"0: "
		"problems.");
	if (json_is_boolean(ok))
		gw_text_count(t, NULL, 0, json_is_true(ok));
	gw_text_family(t, "nova_ledger_verified_events", GW_GAUGE,
		"Events that it has checked.");
	if (json_is_boolean(ok))
		gw_text_scaled(t, NULL, 0,
			json_integer_value(json_object_get(last, "checked_events")), 1);
	json_decref(last);
}

void
gw_metrics_put_self(struct gw_text *t, const struct gw_scrape *s)
{
	gw_metrics_put_process(t);
	put_build(t);
	put_up(t, s);
	put_http(t, &s->gw->server);
	put_auth(t, s->gw);
	put_asks(t, s->gw);
	put_webhooks(t, s->gw);
	put_platforms(t, s);
	put_alerts(t, s->alerts);
	put_verify(t, s->gw);
}
