/* why: the last end of an instance. The ledger's side comes from the engine (verb `why`),
 * the last lines from the log, what is now from novasupd. */
#include "engine_client.h"
#include "logread.h"
#include "nv_clock.h"
#include "nv_name.h"
#include "paths.h"
#include "sup_client.h"
#include "value.h"
#include "verbs.h"
#include "words.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVENTS_SHOWN 5

struct question {
	struct ctl *ctl;
	char worker[NV_NAME_MAX];
	uint32_t instance; /* 0 = any */
	int64_t last;
	int64_t lines;
};

/* ---- what is asked ---- */

static int
take_question(struct ctl *ctl, struct question *q)
{
	struct nv_err err = {0};

	*q = (struct question){.ctl = ctl};
	if (ctl_instance_split(ctl->args.words[0], q->worker, &q->instance) < 0)
		return ctl_fail(&ctl->out, NV_EXIT_USAGE,
			"\"%s\" is no name of a worker, nor WORKER#INSTANCE",
			ctl->args.words[0]);
	if (ctl_opt_number(&ctl->args, "last", 1, 20, 1, &q->last, &err) < 0 ||
		ctl_opt_number(&ctl->args, "lines", 0, 1000, 10, &q->lines, &err) < 0)
		return ctl_fail_err(&ctl->out, NV_EXIT_USAGE, &err);
	return NV_EXIT_OK;
}

static int
ask_engine(const struct question *q, json_t **ret, struct nv_err *err)
{
	json_t *args = ctl_need(json_pack(
		"{s:s, s:I}", "worker", q->worker, "last", (json_int_t)q->last));

	if (q->instance)
		(void)json_object_set_new(args, "instance", json_integer(q->instance));
	return ctl_engine_call(q->ctl, "why", args, ret, err);
}

/* The row of `workers status` for it; NULL when novasupd does not answer or know it. */
static json_t *
ask_novasupd(const struct question *q, struct nv_err *err)
{
	struct ctl_sup sup;
	struct nv_fleet fleet = {0};
	int code = ctl_sup_open(&sup, &q->ctl->paths, err);

	if (code == NV_EXIT_OK)
		code = ctl_sup_status(&sup, q->worker, &fleet, err);
	ctl_sup_close(&sup);
	if (code != NV_EXIT_OK)
		return NULL;
	json_t *rows = ctl_need(nv_fleet_workers_json(&fleet, NULL, q->worker));
	json_t *row = json_incref(json_array_get(rows, 0));

	json_decref(rows);
	nv_fleet_clear(&fleet);
	return row;
}

static int
take_line(void *arg, const char *line, size_t bytes)
{
	(void)json_array_append_new(arg, ctl_json_text(line, bytes));
	return 0;
}

/* The last lines of that incarnation; an empty array when there is no log. */
static json_t *
lines_of(const struct question *q, const json_t *death)
{
	struct ctl_log_filter filter = {.instance = (uint32_t)ctl_int(death, "instance"),
		.generation = (uint32_t)ctl_int(death, "generation")};
	json_t *list = ctl_need(json_array());
	struct ctl_log log;
	int rc = ctl_log_open(&log, q->ctl->paths.log_dir, q->worker);

	if (rc == 0)
		rc = ctl_log_tail(&log, (size_t)q->lines, &filter, true, take_line, list);
	if (rc < 0 && rc != -ENOENT)
		ctl_warn(&q->ctl->out, "%s/%s.log: %s", q->ctl->paths.log_dir, q->worker,
			strerror(-rc));
	ctl_log_fini(&log);
	return list;
}

/* ---- for people ---- */

/* Seconds as a duration; "-" when missing. */
static const char *
duration(const json_t *object, const char *key, char buf[NV_UNITS_BYTES])
{
	json_t *value = json_object_get(object, key);

	if (!json_is_number(value))
		return "-";
	return nv_duration_show((int64_t)(json_number_value(value) * 1000.), buf);
}

static void
print_when(const struct ctl_out *out, const json_t *d)
{
	char when[CTL_VALUE_BYTES];
	char ago[CTL_VALUE_BYTES];
	char text[300];

	(void)snprintf(text, sizeof(text), "%s (%s), generation %lld%s",
		ctl_when(d, "at", when), ctl_ago(d, "at", ago),
		(long long)ctl_int(d, "generation"),
		ctl_true(d, "crash") ? ", counted as a crash" : "");
	ctl_field(out, "when", text);
}

static void
print_before(const struct ctl_out *out, const json_t *d)
{
	const json_t *b = json_object_get(d, "before");
	const char *currency = ctl_str(b, "currency");
	char cost[CTL_VALUE_BYTES];
	char revenue[CTL_VALUE_BYTES];
	char beat[CTL_VALUE_BYTES];
	char text[600];

	(void)snprintf(text, sizeof(text),
		"%lld runs ok, %lld failed; cost %s, revenue %s%s",
		(long long)ctl_int(b, "runs_ok"), (long long)ctl_int(b, "runs_failed"),
		ctl_money(b, "cost", currency, cost),
		ctl_money(b, "revenue", currency, revenue),
		ctl_true(b, "other_currencies") ? ", and other currencies" : "");
	ctl_field(out, "before", text);
	if (ctl_str(b, "last_heartbeat")[0]) {
		(void)snprintf(text, sizeof(text), "%s%s%s",
			ctl_when(b, "last_heartbeat", beat),
			ctl_str(b, "last_status")[0] ? ": " : "",
			ctl_str(b, "last_status"));
		ctl_field(out, "heartbeat", text);
	}
}

static void
print_used(const struct ctl_out *out, const json_t *d)
{
	uint64_t limit = (uint64_t)ctl_int(d, "memory_limit_bytes");
	char peak[NV_UNITS_BYTES];
	char most[NV_UNITS_BYTES];
	char cpu[NV_UNITS_BYTES];
	char text[300];

	(void)snprintf(text, sizeof(text), "%s of CPU, at most %s of memory%s%s",
		duration(d, "cpu_s", cpu),
		nv_size_show((uint64_t)ctl_int(d, "memory_peak_bytes"), peak),
		limit ? ", its limit is " : "", limit ? nv_size_show(limit, most) : "");
	ctl_field(out, "used", text);
}

static void
print_budget(const struct ctl_out *out, const json_t *d)
{
	const json_t *b = json_object_get(d, "budget");
	const char *currency = ctl_str(b, "currency");
	bool capped = ctl_str(b, "daily")[0] != '\0';
	char own[CTL_VALUE_BYTES];
	char cap[CTL_VALUE_BYTES];
	char all[CTL_VALUE_BYTES];
	char fleet[CTL_VALUE_BYTES];
	char text[500];

	bool fleet_capped = ctl_str(b, "fleet_daily")[0] != '\0';

	(void)snprintf(text, sizeof(text), "%s%s%s spent that day; the fleet %s%s%s",
		ctl_money(b, "spent", currency, own), capped ? " of " : "",
		capped ? ctl_money(b, "daily", currency, cap) : "",
		ctl_money(b, "fleet_spent", currency, all), fleet_capped ? " of " : "",
		fleet_capped ? ctl_money(b, "fleet_daily", currency, fleet) : "");
	ctl_field(out, "budget", text);
}

static void
print_window(const struct ctl_out *out, const json_t *d)
{
	const json_t *w = json_object_get(d, "window");
	long long crashes = (long long)ctl_int(w, "crashes");
	char within[NV_UNITS_BYTES];
	char leaves[NV_UNITS_BYTES];
	char text[300];

	if (!json_is_object(w) || crashes == 0)
		return;
	(void)snprintf(text, sizeof(text),
		"%lld in the last %s (over %lld is the limit); the first of them counts "
		"for %s more",
		crashes, duration(w, "within_s", within), (long long)ctl_int(w, "max"),
		duration(w, "oldest_leaves_in_s", leaves));
	ctl_field(out, "crashes", text);
}

static void
print_asked(const struct ctl_out *out, const json_t *d)
{
	const json_t *a = json_object_get(d, "asked");
	const char *by = ctl_str(a, "by");
	const char *reason = ctl_str(a, "reason");
	const char *want = ctl_str(a, "want");
	char text[500];

	if (!by[0] && !reason[0])
		return;
	if (strncmp(reason, want, strlen(want)) == 0 && reason[0])
		(void)snprintf(text, sizeof(text), "%s", reason); /* says who, too */
	else
		(void)snprintf(text, sizeof(text), "%s, asked for by %s%s%s", want,
			by[0] ? by : "the configuration", reason[0] ? ": " : "", reason);
	ctl_field(out, "wish then", text);
}

static void
print_events(const struct ctl_out *out, const json_t *d)
{
	const json_t *list = json_object_get(json_object_get(d, "before"), "events");
	size_t n = json_array_size(list);

	if (n == 0)
		return;
	ctl_print(out, CTL_DIM, "  its last events:\n");
	for (size_t i = NV_MIN(n, (size_t)EVENTS_SHOWN); i > 0; i--)
		ctl_print_event(out, json_array_get(list, i - 1));
}

static void
print_lines(const struct ctl_out *out, const json_t *d)
{
	const json_t *list = json_object_get(d, "lines");
	size_t i;
	json_t *line;

	if (json_array_size(list) == 0)
		return;
	ctl_print(out, CTL_DIM, "  its last lines:\n");
	json_array_foreach(list, i, line)
		ctl_print(out, CTL_PLAIN, "    %s\n", json_string_value(line));
}

static void
print_death(const struct ctl_out *out, const json_t *d)
{
	ctl_print(out, ctl_true(d, "crash") ? CTL_RED : CTL_BOLD, "%s\n",
		ctl_str(d, "what"));
	print_when(out, d);
	print_asked(out, d);
	print_before(out, d);
	print_used(out, d);
	print_budget(out, d);
	print_window(out, d);
	ctl_field(out, "then", ctl_str(d, "did"));
	ctl_field(out, "to do", ctl_str(d, "advice"));
	print_events(out, d);
	print_lines(out, d);
}

/* One line: what is now. */
static void
print_now(const struct question *q, const json_t *row)
{
	const struct ctl_out *out = &q->ctl->out;
	const char *reason = ctl_str(row, "reason");
	char retry[NV_UNITS_BYTES];
	const json_t *list = json_object_get(row, "instances");
	size_t i;
	json_t *in;

	if (!row)
		return;
	ctl_print(out, CTL_PLAIN, "now: %s is %s%s%s", q->worker, ctl_str(row, "state"),
		reason[0] ? ", " : "", reason);
	if (json_is_number(json_object_get(row, "retry_in_s")))
		ctl_print(out, CTL_PLAIN, "; the next try is in %s",
			duration(row, "retry_in_s", retry));
	ctl_print(out, CTL_PLAIN,
		"; crashes in the last %s: %lld, over %lld is the limit\n",
		duration(row, "window_s", retry),
		(long long)ctl_int(row, "crashes_in_window"),
		(long long)ctl_int(row, "crashes_max"));
	json_array_foreach(list, i, in)
	{
		if (q->instance && ctl_int(in, "instance") != q->instance)
			continue;
		ctl_print(out, CTL_DIM, "  #%lld %s, generation %lld, for %s\n",
			(long long)ctl_int(in, "instance"), ctl_str(in, "state"),
			(long long)ctl_int(in, "generation"),
			duration(in, "uptime_s", retry));
	}
}

/* Nothing has ended: because all is well, or because nothing was ever begun? */
static void
print_no_death(const struct question *q, const json_t *row, bool truncated)
{
	const struct ctl_out *out = &q->ctl->out;
	long long up = (long long)ctl_int(row, "up");
	char who[NV_NAME_MAX + 16];

	if (q->instance)
		(void)snprintf(who, sizeof(who), "%s#%u", q->worker, q->instance);
	else
		(void)snprintf(who, sizeof(who), "%s", q->worker);
	ctl_print(out, CTL_BOLD, "%s has not ended%s%s\n", who,
		truncated ? " in the newest part of the ledger" : " so far",
		up > 0 ? "" : "; it does not run now");
}

static void
print_all(const struct question *q, const json_t *data, const json_t *row)
{
	const json_t *deaths = json_object_get(data, "deaths");
	size_t n = json_array_size(deaths);

	if (n == 0)
		print_no_death(q, row, ctl_true(data, "truncated"));
	for (size_t i = n; i > 0; i--) {
		print_death(&q->ctl->out, json_array_get(deaths, i - 1));
		ctl_print(&q->ctl->out, CTL_PLAIN, "\n");
	}
	print_now(q, row);
}

/* Without the engine: the little that novasupd remembers. */
static int
without_engine(const struct question *q, json_t *row, int code, const struct nv_err *err)
{
	const json_t *list = json_object_get(row, "instances");
	struct ctl_out *out = &q->ctl->out;
	size_t i;
	json_t *in;

	if (!row || code != NV_EXIT_UNREACHABLE || out->json)
		return ctl_fail_err(out, code, err);
	json_array_foreach(list, i, in)
	{
		const char *last = ctl_str(in, "last_exit");

		if (last[0] && (!q->instance || ctl_int(in, "instance") == q->instance))
			ctl_print(out, CTL_BOLD, "%s#%lld ended last: %s\n", q->worker,
				(long long)ctl_int(in, "instance"), last);
	}
	print_now(q, row);
	return ctl_fail_err(out, code, err);
}

int
ctl_verb_why(struct ctl *ctl)
{
	struct question q;
	struct nv_err err = {0};
	struct nv_err sup_err = {0};
	json_t *data = NULL;
	size_t i;
	json_t *death;
	int code = take_question(ctl, &q);

	if (code != NV_EXIT_OK)
		return code;
	ctl_paths_adopt(ctl);
	json_t *row = ask_novasupd(&q, &sup_err);

	code = ask_engine(&q, &data, &err);
	if (code != NV_EXIT_OK) {
		code = without_engine(&q, row, code, &err);
		json_decref(row);
		return code;
	}
	if (!row && sup_err.text[0])
		ctl_warn(&ctl->out, "%s", sup_err.text);
	json_array_foreach(json_object_get(data, "deaths"), i, death)(void)
		json_object_set_new(death, "lines", lines_of(&q, death));
	if (ctl->out.json) {
		(void)json_object_set_new(
			data, "now", row ? json_incref(row) : json_null());
		ctl_json(&ctl->out, data);
	} else {
		print_all(&q, data, row);
		json_decref(data);
	}
	json_decref(row);
	return NV_EXIT_OK;
}
