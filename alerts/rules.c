/* Which alerts there are: see rules.h. One function a rule. */
#include "rules.h"

#include "nv_config.h"
#include "nv_json.h"
#include "nv_units.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GROWTH_HOLD_MS (INT64_C(3600) * 1000)
#define HALF_A_NAME    "%.100s"

/* ---- what is remembered ---- */

struct alert_memory {
	json_t *counts; /* owned: "rule:worker" -> [count, when it last grew, ms] */
	bool changed;   /* since it was saved */
};

struct alert_memory *
alert_memory_new(void)
{
	struct alert_memory *memory = calloc(1, sizeof(*memory));

	if (memory)
		memory->counts = json_object();
	if (memory && !memory->counts) {
		free(memory);
		memory = NULL;
	}
	return memory;
}

void
alert_memory_free(struct alert_memory *memory)
{
	if (!memory)
		return;
	json_decref(memory->counts);
	free(memory);
}

bool
alert_memory_changed(const struct alert_memory *memory)
{
	return memory->changed;
}

json_t *
alert_memory_save(struct alert_memory *memory)
{
	memory->changed = false;
	return json_incref(memory->counts);
}

int
alert_memory_load(struct alert_memory *memory, const json_t *saved)
{
	const char *key;
	json_t *known;

	json_object_foreach((json_t *)(uintptr_t)saved, key, known)
	{
		if (json_is_integer(json_array_get(known, 0)) &&
			json_is_integer(json_array_get(known, 1)) &&
			json_object_set(memory->counts, key, known) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* ---- reading ---- */

struct rules {
	const struct alert_facts *facts;
	const struct nv_config *config;
	struct alert_memory *memory;
	struct alert_book *book;
};

static const char *
text_at(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static int64_t
int_at(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

/* Percent as the JSON has it, in millionths of one. */
static bool
ppm_at(const json_t *object, const char *key, int64_t *ret)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_number(value))
		return false;
	*ret = (int64_t)(json_number_value(value) * 10000.0);
	return true;
}

static struct alert
make(enum alert_source source, enum alert_severity severity, const char *rule,
	const char *subject)
{
	struct alert alert = {.source = source, .severity = severity};

	(void)snprintf(alert.key, sizeof(alert.key), "%s%s%s", rule, subject ? ":" : "",
		subject ? subject : "");
	return alert;
}

static void
see(const struct rules *r, const struct alert *alert)
{
	/* No room: it comes again with the next look. */
	(void)alert_book_see(r->book, alert);
}

/* ---- the fleet as a whole ---- */

static void
rule_emergency(const struct rules *r, const json_t *nova)
{
	const char *stop = text_at(nova, "emergency_stop");
	struct alert alert =
		make(ALERT_FROM_STATUS, ALERT_CRITICAL, "emergency_stop", NULL);

	if (!*stop)
		return;
	alert_say(&alert, "Everything is stopped: %s", stop);
	see(r, &alert);
}

static void
rule_engine(const struct rules *r, const json_t *nova)
{
	const char *state = text_at(nova, "engine_state");
	struct alert alert = make(ALERT_FROM_STATUS, ALERT_CRITICAL, "engine", NULL);

	if (strcmp(state, "ready") == 0 ||
		json_is_true(json_object_get(nova, "stopping")))
		return;
	alert_say(&alert,
		"The engine is %s%s%s: no money is booked and no agent is started.",
		*state ? state : "away", *text_at(nova, "engine_reason") ? ", " : "",
		text_at(nova, "engine_reason"));
	see(r, &alert);
}

static void
rule_processes(const struct rules *r, const json_t *status)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(status, "processes"), i, one)
	{
		const char *name = text_at(one, "name");
		const char *state = text_at(one, "state");
		struct alert alert =
			make(ALERT_FROM_STATUS, ALERT_ERROR, "process", name);

		if (strcmp(state, "up") == 0 || strcmp(state, "starting") == 0 ||
			strcmp(state, "running") == 0)
			continue;
		alert_say(&alert, "%s is %s, after %lld restarts.", name,
			*state ? state : "down", (long long)int_at(one, "restarts"));
		see(r, &alert);
	}
}

static void
rule_storm(const struct rules *r, const json_t *status)
{
	const json_t *incident = json_object_get(status, "incident");
	struct alert alert = make(ALERT_FROM_STATUS, ALERT_CRITICAL, "incident", NULL);

	if (!json_is_object(incident))
		return;
	alert_say(&alert, "Many workers crash together: %s.",
		*text_at(incident, "reason") ? text_at(incident, "reason")
					     : "no cause is known");
	see(r, &alert);
}

static void
rules_status(const struct rules *r, const json_t *status)
{
	const json_t *nova = json_object_get(status, "nova");

	rule_emergency(r, nova);
	rule_engine(r, nova);
	rule_processes(r, status);
	rule_storm(r, status);
}

/* ---- each worker ---- */

static const struct nv_conf_worker *
conf_of(const struct nv_config *config, const char *name)
{
	for (size_t i = 0; i < config->n_workers; i++)
		if (strcmp(config->workers[i].name, name) == 0)
			return &config->workers[i];
	return NULL;
}

static void
rule_halted(const struct rules *r, const json_t *worker, const char *name)
{
	struct alert alert = make(ALERT_FROM_WORKERS, ALERT_ERROR, "halted", name);
	const char *why = text_at(worker, "trouble");

	if (strcmp(text_at(worker, "state"), "halted") != 0)
		return;
	if (!*why)
		why = text_at(worker, "reason");
	alert_say(&alert,
		"%s is halted: it crashed too often%s%s. It stays down until somebody "
		"starts it.",
		name, *why ? ": " : "", why);
	see(r, &alert);
}

static void
rule_crashes(const struct rules *r, const json_t *worker, const char *name)
{
	struct alert alert = make(ALERT_FROM_WORKERS, ALERT_WARNING, "crash_rate", name);
	int64_t crashes = int_at(worker, "crashes_in_window");
	double window_s = json_number_value(json_object_get(worker, "window_s"));
	char shown[NV_UNITS_BYTES];

	if (r->config->alerts.crash_rate == 0 || window_s <= 0 ||
		strcmp(text_at(worker, "state"), "halted") == 0 ||
		(double)crashes * 3600.0 / window_s <
			(double)r->config->alerts.crash_rate ||
		crashes < 2)
		return;
	alert_say(&alert, "%s crashed %lld times within %s.", name, (long long)crashes,
		nv_duration_show((int64_t)(window_s * 1000.0), shown));
	see(r, &alert);
}

/* Its figures are those `workers status` shows. */
static void
rule_roi(const struct rules *r, const json_t *worker, const char *name)
{
	const struct nv_conf_worker *conf = conf_of(r->config, name);
	const json_t *metrics = json_object_get(worker, "metrics");
	char is[NV_UNITS_BYTES];
	char wanted[NV_UNITS_BYTES];
	int64_t roi;

	if (!conf || conf->system || !ppm_at(metrics, "roi_percent", &roi) ||
		int_at(metrics, "runs") < (int64_t)conf->roi_min_runs)
		return;
	bool negative = roi < 0;
	struct alert alert =
		make(ALERT_FROM_WORKERS, negative ? ALERT_ERROR : ALERT_WARNING,
			negative ? "negative_roi" : "low_roi", name);

	if (!negative && roi >= conf->roi_min_ppm)
		return;
	if (negative)
		alert_say(&alert, "%s loses money: ROI %s over %lld runs, %s %s so far.",
			name, nv_percent_show(roi, is),
			(long long)int_at(metrics, "runs"), text_at(metrics, "profit"),
			text_at(metrics, "currency"));
	else
		alert_say(&alert,
			"%s earns too little: ROI %s over %lld runs, %s is wanted.", name,
			nv_percent_show(roi, is), (long long)int_at(metrics, "runs"),
			nv_percent_show(conf->roi_min_ppm, wanted));
	see(r, &alert);
}

/* A count that only grows: has it grown within the last hour? What was there at the first
 * look is no news; one that is smaller was begun anew. */
static bool
grows(const struct rules *r, const char *key, int64_t count)
{
	json_t *known = json_object_get(r->memory->counts, key);
	int64_t before = json_integer_value(json_array_get(known, 0));
	int64_t grew_ms = json_integer_value(json_array_get(known, 1));

	if (!known || count != before) {
		if (!known)
			grew_ms = 0;
		else if (count > before)
			grew_ms = r->facts->now_ms;
		/* No memory: as if nothing was known. */
		(void)json_object_set_new(r->memory->counts, key,
			json_pack("[I,I]", (json_int_t)count, (json_int_t)grew_ms));
		r->memory->changed = true;
	}
	return grew_ms > 0 && r->facts->now_ms - grew_ms <= GROWTH_HOLD_MS;
}

static void
rule_quarantine(const struct rules *r, const json_t *worker, const char *name)
{
	struct alert alert = make(ALERT_FROM_WORKERS, ALERT_WARNING, "quarantine", name);
	int64_t count = int_at(worker, "rejected_events");

	if (!grows(r, alert.key, count))
		return;
	alert_say(&alert,
		"%s says what cannot be booked: %lld lines of it lie in quarantine.",
		name, (long long)count);
	see(r, &alert);
}

/* Unpriced is not free: what such calls cost stands in no sum and in no budget. */
static void
rule_unpriced(const struct rules *r, const json_t *worker, const char *name)
{
	struct alert alert = make(ALERT_FROM_WORKERS, ALERT_ERROR, "unpriced", name);
	const json_t *unpriced = json_object_get(worker, "unpriced");
	int64_t count = int_at(unpriced, "events");

	const json_t *known = json_object_get(r->memory->counts, alert.key);

	/* From the first one on: of each engine, which begins at none. */
	if (count > 0 && (!known || json_integer_value(json_array_get(known, 0)) > count))
		(void)grows(r, alert.key, 0);
	if (!grows(r, alert.key, count))
		return;
	alert_say(&alert,
		"%s uses a model without a price (%.60s): %lld calls are in no sum and "
		"no "
		"budget.",
		name, text_at(unpriced, "model"), (long long)count);
	see(r, &alert);
}

static void
rules_workers(const struct rules *r, const json_t *answer)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(answer, "workers"), i, one)
	{
		const char *name = text_at(one, "worker");

		rule_halted(r, one, name);
		rule_crashes(r, one, name);
		rule_roi(r, one, name);
		rule_quarantine(r, one, name);
		rule_unpriced(r, one, name);
	}
}

/* ---- money ---- */

static void
rules_budget(const struct rules *r, const json_t *answer)
{
	const char *currency = text_at(answer, "currency");
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(answer, "caps"), i, one)
	{
		const char *subject = text_at(one, "subject");
		char name[120];
		int64_t used;

		if (!ppm_at(one, "percent_used", &used) ||
			used < (r->config->budget_warn_ppm > 0
					       ? r->config->budget_warn_ppm
					       : 1000000))
			continue;
		bool full = used >= 1000000;

		(void)snprintf(name, sizeof(name), "%s:%s%s%s:%s", text_at(one, "scope"),
			subject, *text_at(one, "operation") ? "." : "",
			text_at(one, "operation"), text_at(one, "period"));
		struct alert alert = make(ALERT_FROM_BUDGET,
			full ? ALERT_CRITICAL : ALERT_WARNING, "budget", name);

		alert_say(&alert,
			"The %s budget of %s%s%s is %s: %s of %s %s, %s more is set "
			"aside.",
			text_at(one, "period"), *subject ? subject : "the fleet",
			*text_at(one, "operation") ? ", " : "", text_at(one, "operation"),
			full ? "used up" : "nearly used up", text_at(one, "spent"),
			text_at(one, "limit"), currency, text_at(one, "reserved"));
		see(r, &alert);
	}
}

static void
rules_approvals(const struct rules *r, const json_t *answer)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(answer, "approvals"), i, one)
	{
		char id[32];

		(void)snprintf(id, sizeof(id), "%lld", (long long)int_at(one, "id"));
		struct alert alert =
			make(ALERT_FROM_APPROVALS, ALERT_WARNING, "approval", id);

		if (strcmp(text_at(one, "state"), "pending") != 0)
			continue;
		alert.approval = int_at(one, "id");
		alert_say(&alert,
			"Decision %s waits for you until %s: %s of " HALF_A_NAME ": %s",
			id, text_at(one, "expires"), text_at(one, "type"),
			text_at(one, "worker"), text_at(one, "reason"));
		see(r, &alert);
	}
}

static void
rules_anomalies(const struct rules *r, const json_t *answer)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(answer, "anomalies"), i, one)
	{
		char name[NV_NAME_MAX + 40];

		(void)snprintf(name, sizeof(name), "%s:%.30s", text_at(one, "worker"),
			text_at(one, "anomaly"));
		struct alert alert =
			make(ALERT_FROM_ANOMALIES, ALERT_ERROR, "anomaly", name);

		alert_say(&alert, "%s behaves unlike itself: %s.", text_at(one, "worker"),
			text_at(one, "reason"));
		see(r, &alert);
	}
}

/* ---- what Nova stands on ---- */

static void
rules_doctor(const struct rules *r, const json_t *answer)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(answer, "checks"), i, one)
	{
		const char *check = text_at(one, "check");
		bool ledger = strstr(check, "ledger") != NULL;
		bool failed = strcmp(text_at(one, "result"), "fail") == 0;
		struct alert alert =
			make(ALERT_FROM_DOCTOR, ledger ? ALERT_CRITICAL : ALERT_ERROR,
				ledger ? "ledger" : "doctor", check);

		if (!failed && !(ledger && strcmp(text_at(one, "result"), "warn") == 0))
			continue;
		if (!failed)
			alert.severity = ALERT_ERROR;
		alert_say(&alert, "%s: %s", check, text_at(one, "detail"));
		see(r, &alert);
	}
}

/* One that is "off" has no section; if it has one, rule_processes tells of it. */
static void
rule_platform(const struct rules *r, const json_t *one, const char *name)
{
	const char *state = text_at(one, "state");
	const char *why = text_at(one, "problem");
	struct alert alert = make(ALERT_FROM_PLATFORMS, ALERT_ERROR, "platform", name);

	if (!*state || strcmp(state, "ok") == 0 || strcmp(state, "off") == 0)
		return;
	if (!*why)
		why = text_at(json_object_get(one, "poll"), "error");
	alert_say(&alert, "The platform %s does not work: %s.", name, *why ? why : state);
	see(r, &alert);
}

static void
rule_outbox(const struct rules *r, const json_t *one, const char *name)
{
	int64_t unknown = int_at(json_object_get(one, "outbox"), "unknown");
	struct alert alert = make(ALERT_FROM_PLATFORMS, ALERT_ERROR, "outbox", name);

	if (unknown <= 0)
		return;
	alert_say(&alert,
		"%lld requests to %s may have been done or not: see novactl platform %s "
		"outbox.",
		(long long)unknown, name, name);
	see(r, &alert);
}

static void
rules_platforms(const struct rules *r, const json_t *answer)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(answer, "platforms"), i, one)
	{
		const char *name = text_at(one, "platform");

		rule_platform(r, one, name);
		rule_outbox(r, one, name);
	}
}

/* ---- all of them ---- */

static void
rule_trouble(const struct rules *r)
{
	struct alert alert = make(ALERT_FROM_OWN, ALERT_CRITICAL, "nova", NULL);

	if (!*r->facts->trouble)
		return;
	alert_say(&alert, "Nothing can be known of the fleet: %s.", r->facts->trouble);
	see(r, &alert);
}

unsigned
alert_rules(const struct alert_facts *facts, const struct nv_config *config,
	struct alert_memory *memory, struct alert_book *book)
{
	static void (*const rules[ALERT_FROM_OWN])(
		const struct rules *, const json_t *) = {
		[ALERT_FROM_STATUS] = rules_status,
		[ALERT_FROM_WORKERS] = rules_workers,
		[ALERT_FROM_BUDGET] = rules_budget,
		[ALERT_FROM_APPROVALS] = rules_approvals,
		[ALERT_FROM_ANOMALIES] = rules_anomalies,
		[ALERT_FROM_DOCTOR] = rules_doctor,
		[ALERT_FROM_PLATFORMS] = rules_platforms,
	};
	const struct rules r = {facts, config, memory, book};
	unsigned sources = 1u << ALERT_FROM_OWN;

	rule_trouble(&r);
	for (size_t i = 0; i < NV_LEN(rules); i++) {
		if (!facts->of[i])
			continue;
		rules[i](&r, facts->of[i]);
		sources |= 1u << i;
	}
	return sources;
}
