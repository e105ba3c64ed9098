/* why: how an instance ended the last times, from the ledger: the end itself, what was
 * asked before, what it had said and spent, what came after. */
#include "api.h"
#include "count.h"
#include "decide.h"
#include "fleet.h"
#include "why.h"

#include "nv_clock.h"
#include "nv_json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define WHY_LAST_MAX   20
#define WHY_EVENTS_MAX 10 /* shown of an incarnation */
/* Events looked at: a request must not hold up the intake. */
#define WHY_WALK_MAX ((size_t)100000)
#define DAY_NS       (INT64_C(86400) * NV_NS_PER_SEC)

/* One end, and what belongs to it. */
struct end {
	uint64_t seq;
	int64_t at_ns;
	uint32_t instance;
	uint32_t generation;
	json_t *line;   /* owned: the journal's words */
	json_t *events; /* owned: its last ones, newest first */
	int64_t started_ns;
	uint64_t runs_ok;
	uint64_t runs_failed;
	nv_i128 cost;
	nv_i128 revenue;
	bool unconverted;
	uint64_t wish_seq;
	json_t *wish; /* owned */
	uint32_t crashes;
	int64_t oldest_crash_ns;
	uint64_t start_seq; /* of the next incarnation */
	int64_t start_ns;
	uint32_t start_generation;
	uint64_t state_seq; /* of the first word about it after the end */
	json_t *state;      /* owned */
};

struct search {
	struct eng *eng;
	struct led_view *view;
	const struct eng_worker *w;
	uint32_t instance; /* 0 = any */
	size_t wanted;
	struct end ends[WHY_LAST_MAX];
	size_t n;
	int64_t within_ns; /* the crash window */
	uint32_t currency;
	size_t left; /* events that may be looked at */
	/* Up to counted_seq it is known how many ends there are: none but so many more.
	 */
	uint64_t counted_seq;
	uint64_t ends_left;
	bool truncated;
	int error;
};

static json_t *
parse(const struct led_event *ev)
{
	return json_loadb(ev->line, ev->line_bytes, JSON_REJECT_DUPLICATES, NULL);
}

static int
find_end(void *arg, const struct led_event *ev)
{
	struct search *s = arg;
	bool counted = ev->seq <= s->counted_seq;

	if (counted && s->ends_left == 0)
		return 1;
	if (ev->kind != LED_EXIT)
		return 0;
	s->ends_left -= counted;
	if (s->instance && ev->instance != s->instance)
		return 0;
	struct end *e = &s->ends[s->n];

	*e = (struct end){.seq = ev->seq,
		.at_ns = ev->claimed_ns,
		.instance = ev->instance,
		.generation = ev->generation,
		.line = parse(ev),
		.events = json_array()};
	if (!e->events)
		s->error = -ENOMEM;
	s->n++;
	return s->n == s->wanted || s->error;
}

static void
add_money(struct search *s, struct end *e, const struct led_event *ev)
{
	for (unsigned i = 0; i < ev->n_legs; i++) {
		const struct led_leg *leg = &ev->legs[i];

		if (leg->currency != s->currency)
			e->unconverted = true;
		else if (leg->code == LED_CODE_COST)
			e->cost += leg->nano;
		else if (leg->code == LED_CODE_REVENUE)
			e->revenue += leg->nano;
	}
}

/* Said by the incarnation that ended, or about it. */
static void
take_own(struct search *s, struct end *e, const struct led_event *ev)
{
	if (ev->kind == LED_START) {
		e->started_ns = ev->claimed_ns;
		return;
	}
	if (ev->kind == LED_EXIT || ev->kind == LED_STATE)
		return;
	if (ev->kind == LED_RUN) {
		e->runs_ok += (ev->flags & LED_F_OK) != 0;
		e->runs_failed += (ev->flags & LED_F_OK) == 0;
	}
	add_money(s, e, ev);
	if (json_array_size(e->events) < WHY_EVENTS_MAX &&
		json_array_append_new(e->events, eng_json_event(s->eng, s->view, ev)) < 0)
		s->error = -ENOMEM;
}

/* What came after it. The walk goes back in time: the last one found is the first. */
static void
take_later(struct end *e, const struct led_event *ev)
{
	if (ev->kind == LED_START) {
		e->start_seq = ev->seq;
		e->start_ns = ev->claimed_ns;
		e->start_generation = ev->generation;
	} else if (ev->kind == LED_STATE) {
		json_decref(e->state);
		e->state = parse(ev);
		e->state_seq = ev->seq;
	}
}

static bool
is_complete(const struct search *s, const struct end *e, const struct led_event *ev)
{
	return e->started_ns && e->wish && ev->claimed_ns < e->at_ns - s->within_ns;
}

static int
find_circumstances(void *arg, const struct led_event *ev)
{
	struct search *s = arg;
	bool complete = true;

	if (s->error)
		return 1;
	for (size_t i = 0; i < s->n; i++) {
		struct end *e = &s->ends[i];
		bool same = ev->instance == e->instance;

		complete = complete && is_complete(s, e, ev);
		if (same && ev->generation == e->generation)
			take_own(s, e, ev);
		if (same && ev->seq > e->seq)
			take_later(e, ev);
		if (same && ev->kind == LED_EXIT && ev->seq <= e->seq &&
			(ev->flags & LED_F_CRASH) &&
			ev->claimed_ns >= e->at_ns - s->within_ns) {
			e->crashes++;
			e->oldest_crash_ns = ev->claimed_ns;
		}
		if (ev->kind == LED_DESIRE && ev->seq < e->seq && !e->wish) {
			e->wish = parse(ev);
			e->wish_seq = ev->seq;
		}
	}
	return complete;
}

/* ---- the answer ---- */

static const char *
text(const json_t *o, const char *key)
{
	const char *value = json_string_value(json_object_get(o, key));

	return value ? value : "";
}

static uint64_t
number(const json_t *o, const char *key)
{
	json_int_t value = json_integer_value(json_object_get(o, key));

	return value > 0 ? (uint64_t)value : 0;
}

static uint64_t
decision_of(const char *by)
{
	static const char word[] = "decision ";
	char *end;

	if (strncmp(by, word, sizeof(word) - 1) != 0)
		return 0;
	unsigned long long id = strtoull(by + sizeof(word) - 1, &end, 10);

	return *end ? 0 : id;
}

static void
fill_why(const struct search *s, const struct end *e, struct eng_why *why,
	struct eng_why_next *next)
{
	*why = (struct eng_why){.worker = s->w->name,
		.instance = e->instance,
		.generation = e->generation,
		.cause = text(e->line, "cause"),
		.by = text(e->line, "by"),
		.detail = text(e->line, "detail"),
		.stage = text(e->line, "stage"),
		.err_name = text(e->line, "errno"),
		.status = (int)json_integer_value(json_object_get(e->line, "status")),
		.crash = json_is_true(json_object_get(e->line, "crash")),
		.uptime_ms = number(e->line, "uptime_ms"),
		.mem_peak_bytes = number(e->line, "mem_peak_kib") << 10,
		.mem_limit_bytes = s->w->conf ? s->w->conf->limit_memory_bytes : 0,
		.wish = text(e->wish, "want"),
		.wish_by = text(e->wish, "by"),
		.wish_reason = text(e->wish, "reason"),
		.decision = decision_of(text(e->wish, "by"))};
	bool state = e->state && (!e->start_seq || e->state_seq < e->start_seq);

	*next = (struct eng_why_next){.started = e->start_seq != 0,
		.generation = e->start_generation,
		.after_ms = (e->start_ns - e->at_ns) / NV_NS_PER_MS,
		.state = state ? text(e->state, "state") : "",
		.reason = state ? text(e->state, "reason") : ""};
}

static json_t *
sentence(
	void (*put)(struct nv_buf *, const struct eng_why *, const struct eng_why_next *),
	const struct eng_why *why, const struct eng_why_next *next)
{
	struct nv_buf buf;

	nv_buf_init(&buf, 4096);
	put(&buf, why, next);
	json_t *o = buf.bytes ? nv_json_text(buf.data, buf.bytes) : json_null();

	nv_buf_fini(&buf);
	return o;
}

static void
put_what(struct nv_buf *out, const struct eng_why *why, const struct eng_why_next *next)
{
	(void)next;
	eng_why_what(out, why);
}

static json_t *
text_or_null(const char *value)
{
	return value[0] ? nv_json_str(value) : json_null();
}

static json_t *
count(uint64_t n)
{
	return json_integer((json_int_t)n);
}

static json_t *
seconds(int64_t ns)
{
	int64_t ms = ns / NV_NS_PER_MS;

	return json_real((double)ms / 1000.);
}

static int
put_status(json_t *o, const struct eng_why *why)
{
	bool ran = strcmp(why->cause, "exec") != 0;
	bool signalled = ran && WIFSIGNALED(why->status);
	int bad = 0;

	bad |= json_object_set_new(o, "exit_code",
		ran && !signalled ? json_integer(WEXITSTATUS(why->status)) : json_null());
	bad |= json_object_set_new(o, "signal",
		signalled ? json_integer(WTERMSIG(why->status)) : json_null());
	bad |= json_object_set_new(o, "stage", text_or_null(why->stage));
	bad |= json_object_set_new(o, "errno", text_or_null(why->err_name));
	return bad;
}

/* What it had done, from its first byte to its last. */
static json_t *
before_json(const struct search *s, const struct end *e)
{
	const char *currency = s->eng->config->base_currency;
	bool beat = s->w->heartbeat_ns > 0 && e->started_ns > 0 &&
		    s->w->heartbeat_ns >= e->started_ns &&
		    s->w->heartbeat_ns <= e->at_ns + NV_NS_PER_SEC;
	json_t *o = json_object();
	int bad = o ? 0 : -1;

	bad |= json_object_set_new(o, "runs_ok", count(e->runs_ok));
	bad |= json_object_set_new(o, "runs_failed", count(e->runs_failed));
	bad |= json_object_set_new(o, "cost", nv_json_money(e->cost));
	bad |= json_object_set_new(o, "revenue", nv_json_money(e->revenue));
	bad |= json_object_set_new(o, "currency", json_string(currency));
	bad |= json_object_set_new(o, "other_currencies", json_boolean(e->unconverted));
	bad |= json_object_set_new(o, "last_heartbeat",
		beat ? nv_json_time(s->w->heartbeat_ns) : json_null());
	bad |= json_object_set_new(
		o, "last_status", text_or_null(beat ? s->w->status : ""));
	bad |= json_object_set(o, "events", e->events);
	if (bad) {
		json_decref(o);
		return NULL;
	}
	return o;
}

/* What the worker and the fleet had spent on that day until then. */
static json_t *
budget_json(const struct search *s, const struct end *e)
{
	int64_t from = s->eng->decide ? s->eng->decide->day_from_ns : 0;
	struct led_totals own = {0};
	struct led_totals all = {0};
	nv_i128 daily = s->w->conf ? s->w->conf->budget_daily_nano : -1;

	while (from > e->at_ns)
		from -= DAY_NS;
	int rc =
		led_view_window(s->view, s->w->id, s->currency, from, e->at_ns + 1, &own);

	if (rc == 0 || rc == -ENOENT)
		rc = led_view_window(s->view, 0, s->currency, from, e->at_ns + 1, &all);
	if (rc < 0 && rc != -ENOENT)
		return NULL;
	return json_pack("{s:o, s:o, s:o, s:o, s:s}", "spent", nv_json_money(own.cost),
		"daily", eng_json_cap(daily), "fleet_spent", nv_json_money(all.cost),
		"fleet_daily", eng_json_cap(s->eng->config->max_daily_budget_nano),
		"currency", s->eng->config->base_currency);
}

static json_t *
window_json(const struct search *s, const struct end *e)
{
	const struct nv_conf_crashes *c = s->w->conf ? &s->w->conf->crashes : NULL;

	if (!c)
		return json_null();
	return json_pack("{s:o, s:i, s:o, s:o}", "crashes", count(e->crashes), "max",
		(int)c->max, "within_s", seconds(s->within_ns), "oldest_leaves_in_s",
		e->crashes ? seconds(e->oldest_crash_ns + s->within_ns - e->at_ns)
			   : json_null());
}

static json_t *
wish_json(const struct end *e, const struct eng_why *why)
{
	if (!e->wish)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "want", text_or_null(why->wish),
		"instances", json_integer((json_int_t)number(e->wish, "instances")), "by",
		text_or_null(why->wish_by), "reason", text_or_null(why->wish_reason),
		"decision", why->decision ? count(why->decision) : json_null());
}

static json_t *
next_json(const struct end *e, const struct eng_why_next *next)
{
	return json_pack("{s:b, s:o, s:o, s:o, s:o}", "started", next->started, "after_s",
		next->started ? seconds(e->start_ns - e->at_ns) : json_null(),
		"generation", next->started ? count(next->generation) : json_null(),
		"state", text_or_null(next->state), "reason", text_or_null(next->reason));
}

static json_t *
end_json(const struct search *s, const struct end *e)
{
	struct eng_why why;
	struct eng_why_next next;
	json_t *o = json_object();
	int bad = o ? 0 : -1;

	fill_why(s, e, &why, &next);
	bad |= json_object_set_new(o, "seq", count(e->seq));
	bad |= json_object_set_new(o, "at", nv_json_time(e->at_ns));
	bad |= json_object_set_new(o, "instance", count(e->instance));
	bad |= json_object_set_new(o, "generation", count(e->generation));
	bad |= json_object_set_new(o, "pid", count(number(e->line, "pid")));
	bad |= json_object_set_new(o, "what", sentence(put_what, &why, &next));
	bad |= json_object_set_new(o, "cause", nv_json_str(why.cause));
	bad |= json_object_set_new(o, "crash", json_boolean(why.crash));
	bad |= json_object_set_new(o, "by", text_or_null(why.by));
	bad |= json_object_set_new(o, "detail", text_or_null(why.detail));
	bad |= put_status(o, &why);
	bad |= json_object_set_new(
		o, "started", e->started_ns ? nv_json_time(e->started_ns) : json_null());
	bad |= json_object_set_new(
		o, "uptime_s", json_real((double)why.uptime_ms / 1000.));
	bad |= json_object_set_new(
		o, "cpu_s", json_real((double)number(e->line, "cpu_us") / 1e6));
	bad |= json_object_set_new(o, "memory_peak_bytes", count(why.mem_peak_bytes));
	bad |= json_object_set_new(o, "memory_limit_bytes",
		why.mem_limit_bytes ? count(why.mem_limit_bytes) : json_null());
	bad |= json_object_set_new(o, "asked", wish_json(e, &why));
	bad |= json_object_set_new(o, "before", before_json(s, e));
	bad |= json_object_set_new(o, "budget", budget_json(s, e));
	bad |= json_object_set_new(o, "window", window_json(s, e));
	bad |= json_object_set_new(o, "next", next_json(e, &next));
	bad |= json_object_set_new(o, "did", sentence(eng_why_did, &why, &next));
	bad |= json_object_set_new(o, "advice", sentence(eng_why_advice, &why, &next));
	if (bad) {
		json_decref(o);
		return NULL;
	}
	return o;
}

static json_t *
ends_json(const struct search *s)
{
	json_t *list = json_array();
	int bad = list ? 0 : -1;

	for (size_t i = 0; i < s->n; i++)
		bad |= json_array_append_new(list, end_json(s, &s->ends[i]));
	if (bad) {
		json_decref(list);
		return NULL;
	}
	return list;
}

/* A worker that never ended has events of a year to look through, unless it is known. */
static void
take_count(struct search *s)
{
	if (!eng_count_fresh(s->eng))
		return;
	s->counted_seq = s->eng->count->all.seq;
	s->ends_left = eng_counted_exits(&s->eng->count->all, s->w->id);
}

static int
search_ends(struct search *s, struct nv_err *err)
{
	int rc;

	take_count(s);
	rc = led_view_begin(s->eng->led, &s->view, err);
	if (rc < 0)
		return rc;
	if (s->w->id != 0) /* else it has no event at all */
		rc = led_view_own_events(s->view, s->w->id, &s->left, find_end, s);
	s->truncated = s->left == 0;
	s->currency = led_view_currency_id(s->view, s->eng->config->base_currency);
	s->left = WHY_WALK_MAX;
	if (rc >= 0 && s->n > 0 && !s->error)
		rc = led_view_own_events(
			s->view, s->w->id, &s->left, find_circumstances, s);
	s->truncated = s->truncated || s->left == 0;
	return s->error ? s->error : NV_MIN(rc, 0);
}

int
eng_verb_why(struct eng_call *call)
{
	struct search *s = calloc(1, sizeof(*s));
	struct eng_worker *w = NULL;
	const char *name = NULL;
	uint64_t instance = 0;
	uint64_t last = 1;
	int rc = s ? nv_json_need_str(call->args, "worker", 200, &name, &call->err)
		   : -ENOMEM;

	if (rc == 0)
		rc = eng_api_worker(call, name, &w);
	if (rc == 0)
		rc = nv_json_get_u64(
			call->args, "instance", 1, UINT32_MAX, &instance, &call->err);
	if (rc == 0 || (rc == -ENOENT && w))
		rc = nv_json_get_u64(
			call->args, "last", 1, WHY_LAST_MAX, &last, &call->err);
	if (rc == 0 || (rc == -ENOENT && w)) {
		*s = (struct search){.eng = call->eng,
			.w = w,
			.instance = (uint32_t)instance,
			.wanted = last,
			.left = WHY_WALK_MAX,
			.within_ns =
				w->conf ? w->conf->crashes.within_ms * NV_NS_PER_MS : 0};
		rc = search_ends(s, &call->err);
		if (rc == 0)
			call->data = json_pack("{s:s, s:o, s:b, s:o}", "worker", w->name,
				"desired", eng_json_desired(w), "truncated", s->truncated,
				"deaths", ends_json(s));
		led_view_end(s->view);
	}
	for (size_t i = 0; s && i < s->n; i++) {
		json_decref(s->ends[i].line);
		json_decref(s->ends[i].events);
		json_decref(s->ends[i].wish);
		json_decref(s->ends[i].state);
	}
	free(s);
	return rc;
}
