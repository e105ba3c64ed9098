/* The watch for anomalies: see anomalies.h. */
#include "anomalies.h"
#include "anomaly.h"
#include "api.h"
#include "nv_clock.h"
#include "nv_json.h"
#include "nv_log.h"
#include "report.h"
#include "setting.h"
#include "txn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_EVERY_S 60.
#define HOUR_NS      (INT64_C(3600) * NV_NS_PER_SEC)
#define PREFIX       "anomaly/"
#define KEY_BYTES    (sizeof(PREFIX) + NV_NAME_MAX + 16)
#define BY           "anomaly"

struct eng_anomalies {
	struct eng *eng;
	ev_timer timer;
	int64_t seen_ns; /* of the last commit that was looked at */
};

/* What the ledger holds about one kind of anomaly of one worker. */
struct known {
	bool open;
	bool paused;
	int64_t since_ns; /* of being open, or of its end */
	int64_t quiet_ns; /* figures up to then have been judged by a person */
};

static const char *
key_of(const struct eng_worker *w, enum eng_anomaly what, char key[KEY_BYTES])
{
	(void)snprintf(key, KEY_BYTES, PREFIX "%s/%s", w->name, eng_anomaly_name(what));
	return key;
}

static struct known
recall(struct led_view *v, const struct eng_worker *w, enum eng_anomaly what)
{
	struct known k = {0};
	char key[KEY_BYTES];
	const void *value;
	size_t bytes;

	if (led_view_state(v, key_of(w, what, key), &value, &bytes) < 0)
		return k;
	json_t *line = json_loadb(value, bytes, 0, NULL);
	const char *state = json_string_value(json_object_get(line, "state"));

	k.open = state && strcmp(state, "open") == 0;
	k.paused = json_is_true(json_object_get(line, "paused"));
	k.since_ns = json_integer_value(json_object_get(line, "at_ns"));
	k.quiet_ns = json_integer_value(json_object_get(line, "quiet_until_ns"));
	json_decref(line);
	return k;
}

static json_t *
line_of(const struct eng_worker *w, enum eng_anomaly what, bool open, bool paused,
	int64_t quiet_ns, const char *reason)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:b, s:I, s:o}", "event", "alert",
		"worker", w->name, "anomaly", eng_anomaly_name(what), "state",
		open ? "open" : "ended", "paused", paused, "quiet_until_ns",
		(json_int_t)quiet_ns, "reason", nv_json_str(reason));
}

static void
record(struct eng *eng, struct eng_worker *w, enum eng_anomaly what, bool open,
	bool paused, int64_t quiet_ns, const char *reason)
{
	char key[KEY_BYTES];
	struct nv_err err = {0};
	struct eng_keyed to = {
		.kind = LED_ALERT, .worker = w, .key = key_of(w, what, key)};

	if (eng_keyed_put(
		    eng, &to, line_of(w, what, open, paused, quiet_ns, reason), &err) < 0)
		nv_error("%s: an anomaly is not recorded: %s", w->name, err.text);
}

/* ---- figures ---- */

struct counting {
	uint64_t events;
};

static int
count_one(void *arg, uint32_t worker, uint32_t currency, const char *category,
	nv_i128 nano, uint64_t events)
{
	struct counting *c = arg;

	(void)worker;
	(void)currency;
	(void)category;
	(void)nano;
	c->events += events;
	return 0;
}

/* Sales or refunds since a time, to the hour. */
static uint64_t
count(struct led_view *v, const struct eng_worker *w, enum led_code code, int64_t from_ns)
{
	struct counting c = {0};

	(void)led_view_categories(v, w->id, code, from_ns, INT64_MAX, count_one, &c);
	return c.events;
}

static struct led_totals
window(struct eng *eng, struct led_view *v, const struct eng_worker *w, int64_t from_ns,
	int64_t to_ns)
{
	struct led_totals t = {0};

	/* What cannot be read is nothing: no anomaly is found then. */
	if (eng_sum_window(eng, v, w->id, from_ns, to_ns, &t, NULL) < 0)
		t = (struct led_totals){0};
	return t;
}

static nv_i128
dearest_hour(struct eng *eng, struct led_view *v, const struct eng_worker *w,
	int64_t hour_ago_ns)
{
	nv_i128 most = 0;

	for (int64_t i = 1; i <= ENG_ANOMALY_BASE_HOURS; i++) {
		struct led_totals t = window(eng, v, w, hour_ago_ns - i * HOUR_NS,
			hour_ago_ns - (i - 1) * HOUR_NS);

		most = NV_MAX(most, t.cost);
	}
	return most;
}

static void
read_figures(struct eng *eng, struct led_view *v, const struct eng_worker *w,
	const struct eng_anomaly_rules *rules, int64_t now_ns,
	struct eng_anomaly_figures *ret)
{
	int64_t hour_ago_ns = now_ns - HOUR_NS;
	int64_t day_ago_ns = now_ns - 24 * HOUR_NS;
	int64_t base_ns = ENG_ANOMALY_BASE_HOURS * HOUR_NS;
	struct led_totals hour = window(eng, v, w, hour_ago_ns, INT64_MAX);
	struct led_totals base = window(eng, v, w, hour_ago_ns - base_ns, hour_ago_ns);
	struct led_totals day = window(eng, v, w, day_ago_ns, INT64_MAX);
	struct led_totals days = window(eng, v, w, day_ago_ns - base_ns, day_ago_ns);
	struct led_totals old = window(eng, v, w, 0, day_ago_ns - HOUR_NS);

	*ret = (struct eng_anomaly_figures){
		.known_a_day = old.cost > 0,
		.cost_hour = hour.cost,
		.runs_hour = hour.runs_ok + hour.runs_failed,
		.cost_base = base.cost,
		.runs_base = base.runs_ok + base.runs_failed,
		.refunds_day = day.refunds,
		.refunds_base = days.refunds,
		.revenue_base = days.revenue,
	};
	ret->sales_base = count(v, w, LED_CODE_REVENUE, now_ns - base_ns);
	ret->n_refunds_day = count(v, w, LED_CODE_REFUND, day_ago_ns);
	if (eng_anomaly_wants_max(rules, ret))
		ret->cost_hour_max = dearest_hour(eng, v, w, hour_ago_ns);
	ret->silent_hours = eng_anomaly_silence_hours(rules, ret->sales_base);
	if (ret->silent_hours == 0)
		return;
	int64_t silent_ns = now_ns - (int64_t)ret->silent_hours * HOUR_NS;

	ret->sales_silent = count(v, w, LED_CODE_REVENUE, silent_ns);
	ret->runs_silent = window(eng, v, w, silent_ns, INT64_MAX).runs_ok;
}

/* How far back the figures of an anomaly reach: as long it is not found again after its
 * end, since a person has seen them. */
static int64_t
reach_ns(enum eng_anomaly what, const struct eng_anomaly_figures *f)
{
	if (what == ENG_ANOMALY_SILENCE)
		return (int64_t)f->silent_hours * HOUR_NS;
	return what == ENG_ANOMALY_REFUNDS ? 24 * HOUR_NS : HOUR_NS;
}

/* ---- acts ---- */

/* In one commit: one that is open and holds nobody any more is over, so that after a kill
 * in between nobody would be paused. */
static void
pause_for(
	struct eng *eng, struct eng_worker *w, const struct eng_anomaly_verdict *verdict)
{
	char key[KEY_BYTES];
	struct eng_keyed to = {
		.kind = LED_ALERT, .worker = w, .key = key_of(w, verdict->what, key)};
	struct eng_desire d = w->desire;
	struct eng_txn txn = {0};
	uint64_t seq = 0;

	d.want = ENG_WANT_PAUSED;
	d.since_ns = nv_wall_ns();
	(void)snprintf(d.by, sizeof(d.by), BY);
	(void)snprintf(d.reason, sizeof(d.reason), "%.150s; a person may resume it",
		verdict->reason);
	(void)eng_intake_flush(eng);
	eng_txn_begin(eng, &txn);
	if (eng_keyed_put_in(eng, &txn, &to,
		    line_of(w, verdict->what, true, true, 0, verdict->reason)) < 0 ||
		eng_desire_put(eng, &txn, w, &d, 0, &seq) < 0)
		eng_ledger_trouble(eng, "an anomaly cannot be written");
	eng_txn_commit(eng, &txn);
	eng_desire_apply(w, &d, seq);
	eng_desire_send(eng, w, false);
}

static void
begin(struct eng *eng, struct eng_worker *w, const struct eng_anomaly_verdict *verdict)
{
	nv_error("%s: anomaly: %s", w->name, verdict->reason);
	if (eng->config->anomaly_action == NV_ANOMALY_PAUSE)
		pause_for(eng, w, verdict);
	else
		record(eng, w, verdict->what, true, false, 0, verdict->reason);
}

/* What is to be written after a look: not while a view is open. */
struct found {
	struct eng_anomaly_verdict fresh; /* NONE: nothing new */
	struct ending {
		enum eng_anomaly what;
		bool paused;
		int64_t quiet_ns;
	} endings[ENG_ANOMALY_COUNT];
	unsigned n_endings;
};

static void
look_at(struct eng *eng, struct led_view *v, const struct eng_worker *w,
	const struct eng_anomaly_rules *rules, int64_t now_ns, struct found *ret)
{
	bool held = w->desire.want == ENG_WANT_PAUSED && strcmp(w->desire.by, BY) == 0;
	struct eng_anomaly_figures f;
	struct eng_anomaly_verdict verdict;

	*ret = (struct found){.fresh = {.what = ENG_ANOMALY_NONE}};
	read_figures(eng, v, w, rules, now_ns, &f);
	eng_anomaly_judge(rules, &f, &verdict);
	for (int i = ENG_ANOMALY_NONE + 1; i < ENG_ANOMALY_COUNT; i++) {
		enum eng_anomaly what = (enum eng_anomaly)i;
		struct known k = recall(v, w, what);

		if (k.open && !(k.paused ? held : verdict.what == what))
			ret->endings[ret->n_endings++] = (struct ending){
				what, k.paused, now_ns + reach_ns(what, &f)};
		else if (!k.open && verdict.what == what && now_ns >= k.quiet_ns &&
			 w->desire.want == ENG_WANT_RUNNING)
			ret->fresh = verdict;
	}
}

static void
act_on(struct eng *eng, struct eng_worker *w, const struct found *found)
{
	for (unsigned i = 0; i < found->n_endings; i++) {
		const struct ending *e = &found->endings[i];

		record(eng, w, e->what, false, e->paused, e->quiet_ns,
			e->paused ? "it is not paused for it any more"
				  : "it is as usual again");
	}
	if (found->fresh.what != ENG_ANOMALY_NONE)
		begin(eng, w, &found->fresh);
}

static struct eng_anomaly_rules
rules_of(const struct nv_config *config)
{
	struct eng_anomaly_rules rules = {.cost_ppm = config->anomaly_cost_ppm,
		.refunds_ppm = config->anomaly_refunds_ppm,
		.silence = config->anomaly_silence,
		.above_nano = config->anomaly_above_nano};

	memcpy(rules.currency, config->base_currency, sizeof(rules.currency));
	return rules;
}

void
eng_anomalies_look(struct eng *eng)
{
	struct eng_anomaly_rules rules = rules_of(eng->config);
	int64_t now_ns = NV_MAX(nv_wall_ns(), led_last_time(eng->led));

	for (struct eng_worker *w = eng->workers; w; w = w->next) {
		struct led_view *v = NULL;
		struct found found;

		if (!w->conf || w->id == 0 || led_view_begin(eng->led, &v, NULL) < 0)
			continue;
		look_at(eng, v, w, &rules, now_ns, &found);
		led_view_end(v);
		act_on(eng, w, &found);
	}
}

static void
on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct eng_anomalies *a = w->data;

	(void)loop;
	(void)revents;
	if (a->eng->desires_sent && a->seen_ns != led_last_time(a->eng->led))
		eng_anomalies_look(a->eng);
	a->seen_ns = led_last_time(a->eng->led);
}

int
eng_anomalies_open(struct eng *eng, struct nv_err *err)
{
	struct eng_anomalies *a = calloc(1, sizeof(*a));

	if (!a)
		return nv_err_set(err, -ENOMEM, "no memory for the watch");
	a->eng = eng;
	eng->anomalies = a;
	ev_timer_init(&a->timer, on_timer, LOOK_EVERY_S, LOOK_EVERY_S);
	a->timer.data = a;
	ev_timer_start(eng->loop, &a->timer);
	return 0;
}

void
eng_anomalies_close(struct eng *eng)
{
	if (!eng->anomalies)
		return;
	ev_timer_stop(eng->loop, &eng->anomalies->timer);
	free(eng->anomalies);
	eng->anomalies = NULL;
}

/* ---- the verb ---- */

struct listing {
	json_t *rows;
	bool all;
	int bad;
};

static int
one_row(void *arg, const char *key, const void *value, size_t bytes)
{
	struct listing *l = arg;
	json_t *line = json_loadb(value, bytes, 0, NULL);
	static const char *const same[] = {
		"worker", "anomaly", "state", "paused", "reason"};
	const char *state = json_string_value(json_object_get(line, "state"));
	json_t *row = json_object();

	(void)key;
	if (!l->all && (!state || strcmp(state, "open") != 0)) {
		json_decref(row);
		json_decref(line);
		return 0;
	}
	for (size_t i = 0; i < NV_LEN(same); i++)
		l->bad |= json_object_set(row, same[i], json_object_get(line, same[i]));
	l->bad |= json_object_set_new(row, "since",
		nv_json_time(json_integer_value(json_object_get(line, "at_ns"))));
	l->bad |= json_array_append_new(l->rows, row);
	json_decref(line);
	return l->bad != 0;
}

int
eng_verb_anomalies(struct eng_call *call)
{
	struct listing l = {.rows = json_array()};
	struct led_view *v = NULL;
	bool look = false;
	int rc = nv_json_get_bool(call->args, "look", &look, &call->err);

	if (rc == 0 || rc == -ENOENT)
		rc = nv_json_get_bool(call->args, "all", &l.all, &call->err);
	if (rc == -ENOENT)
		rc = 0;
	if (rc == 0 && look)
		eng_anomalies_look(call->eng);
	if (rc == 0)
		rc = l.rows ? led_view_begin(call->eng->led, &v, &call->err) : -ENOMEM;
	if (rc == 0) {
		rc = led_view_states(v, PREFIX, one_row, &l);
		led_view_end(v);
	}
	if (rc < 0 || l.bad) {
		json_decref(l.rows);
		return rc < 0 ? rc : -ENOMEM;
	}
	call->data = json_pack("{s:o}", "anomalies", l.rows);
	return call->data ? 0 : -ENOMEM;
}
