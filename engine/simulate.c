/* The same ledger under two sets of settings: see simulate.h. */
#include "simulate.h"

#include "report.h"

#include "nv_clock.h"
#include "nv_json.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEP_EVENTS  50000
#define EPISODES_MAX 20000 /* of both together */
#define DAY_S        INT64_C(86400)
#define SAME_S       DAY_S /* the same decision, if it comes this close */

/* One worker in one course of things. */
struct fate {
	char name[NV_NAME_MAX];
	bool killed;
	bool paused;
	int64_t since_s;
	nv_i128 spared; /* what it did spend and would not have */
	nv_i128 lost;   /* what it did earn and would not have */
};

/* The same decision about the same worker, as often as it came. */
struct episode {
	char worker[NV_NAME_MAX];
	enum pol_action action;
	uint32_t times;
	int64_t first_s;
	int64_t last_s;
	struct pol_decision decision; /* the first */
};

struct course {
	struct eng_feed feed;
	struct fate *fates; /* owned, sorted by name */
	size_t n_fates;
	struct episode *episodes; /* owned, in the order of their firsts */
	size_t n_episodes;
	size_t cap;
	uint64_t n_more; /* beyond EPISODES_MAX */
	int64_t now_s;   /* of the judgement that is being made */
	nv_i128 cost;    /* from `since` on, as it would have been */
	nv_i128 earned;
	int64_t since_s;
	int rc;
};

/* ---- one course of things ---- */

static int
by_name(const void *key, const void *element)
{
	return strcmp(key, ((const struct fate *)element)->name);
}

static struct fate *
fate_of(struct course *c, const char *name)
{
	if (!name || c->n_fates == 0)
		return NULL;
	return bsearch(name, c->fates, c->n_fates, sizeof *c->fates, by_name);
}

static int64_t
signed_nano(const struct pol_fact *fact)
{
	switch (fact->kind) {
	case POL_COST:
	case POL_REVENUE:
		return fact->nano;
	case POL_REFUND:
	case POL_DISPUTE:
	case POL_FEE:
		return -fact->nano;
	default:
		return 0;
	}
}

static bool
keep(void *arg, const char *worker, const struct pol_fact *fact)
{
	struct course *c = arg;
	struct fate *fate = fate_of(c, worker);
	bool gone = fate && (fate->killed || fate->paused);
	int64_t nano = fact ? signed_nano(fact) : 0;

	if (!fact)
		return !gone;
	/* What came late of what was spent before counts as it came. */
	bool spent_before =
		gone && fact->kind != POL_COST && fact->kind != POL_RUN &&
		(fact->caused_ts ? fact->caused_ts : fact->sale_ts) > 0 &&
		(fact->caused_ts ? fact->caused_ts : fact->sale_ts) < fate->since_s;

	if (gone && !spent_before) {
		if (fact->kind == POL_COST)
			fate->spared += nano;
		else
			fate->lost += nano;
		return false;
	}
	if (fact->booked >= c->since_s) {
		if (fact->kind == POL_COST)
			c->cost += nano;
		else
			c->earned += nano;
	}
	return true;
}

static void
note(struct course *c, const struct pol_decision *d)
{
	for (size_t i = c->n_episodes; i-- > 0;) {
		struct episode *e = &c->episodes[i];

		if (e->action == d->action && strcmp(e->worker, d->worker) == 0) {
			e->times++;
			e->last_s = c->now_s;
			return;
		}
	}
	if (c->n_episodes == EPISODES_MAX / 2) {
		c->n_more++;
		return;
	}
	if (c->n_episodes == c->cap) {
		size_t cap = c->cap ? c->cap * 2 : 64;
		struct episode *list = reallocarray(c->episodes, cap, sizeof *list);

		if (!list) {
			c->rc = -ENOMEM;
			return;
		}
		c->episodes = list;
		c->cap = cap;
	}
	struct episode *e = &c->episodes[c->n_episodes++];

	*e = (struct episode){.action = d->action,
		.times = 1,
		.first_s = c->now_s,
		.last_s = c->now_s,
		.decision = *d};
	memcpy(e->worker, d->worker, sizeof e->worker);
}

/* What can be followed is: nothing of it comes after it. What cannot is refused, as if
 * the fleet had not been able to do it. */
static void
on_decision(const struct pol_decision *d, void *arg)
{
	struct course *c = arg;
	struct pol *pol = c->feed.pol;
	struct fate *fate = fate_of(c, d->worker);
	struct pol_standing st;
	bool follows = d->action == POL_KILL || d->action == POL_PAUSE;

	if (d->action == POL_LIMIT || d->action == POL_CANCEL || !fate)
		return;
	note(c, d);
	if (pol_standing_get(pol, d->worker, &st) < 0)
		return;
	if (follows) {
		fate->killed |= d->action == POL_KILL;
		fate->paused |= d->action == POL_PAUSE;
		fate->since_s = c->now_s;
		st.state = fate->killed ? POL_ST_KILLED : POL_ST_PAUSED_BY_POLICY;
	} else if (d->action == POL_RESUME && fate->paused) {
		/* It runs on as it really did from here on. */
		fate->paused = false;
		st.state = POL_ST_RUNNING;
		follows = true;
	}
	if (follows)
		(void)pol_standing_put(pol, d->worker, c->now_s, &st);
	(void)pol_answer(pol, d->worker, follows ? POL_APPLIED : POL_REFUSED, c->now_s);
}

static int
course_init(struct course *c, const struct nv_config *config, int64_t since_s,
	struct nv_err *err)
{
	int rc = eng_feed_init(&c->feed, config, false, err);

	if (rc < 0)
		return rc;
	c->since_s = since_s;
	c->feed.keep = keep;
	c->feed.keep_arg = c;
	c->fates = calloc(config->n_workers + 1, sizeof *c->fates);
	if (!c->fates)
		return nv_err_set(err, -ENOMEM, "no memory for the workers");
	for (size_t i = 0; i < config->n_workers; i++)
		memcpy(c->fates[c->n_fates++].name, config->workers[i].name, NV_NAME_MAX);
	return 0;
}

static void
course_fini(struct course *c)
{
	eng_feed_fini(&c->feed);
	free(c->fates);
	free(c->episodes);
}

/* Days begin at local midnight, wherever the clocks stand. */
static int
judge(struct course *c, int64_t at_s)
{
	struct pol_conf had;
	struct pol_conf is;
	int rc = 0;

	pol_conf_get(c->feed.pol, &had);
	eng_feed_pol_conf(c->feed.config, false, at_s * NV_NS_PER_SEC, &is);
	if (had.day_offset_s != is.day_offset_s)
		rc = pol_conf_set(c->feed.pol, &is);
	c->now_s = at_s;
	if (rc == 0)
		rc = pol_evaluate(
			c->feed.pol, at_s, at_s >= c->since_s ? on_decision : NULL, c);
	c->feed.judged_s = at_s;
	return rc < 0 ? rc : c->rc;
}

/* Everything committed before stop_s. */
static int
course_run(struct course *c, struct led *led, int64_t stop_s, struct nv_err *err)
{
	struct eng_feed *f = &c->feed;

	for (;;) {
		int64_t next_s = eng_feed_next_judgement(f);
		bool due = next_s > 0 && next_s <= stop_s;
		int rc = eng_feed_run(f, led, STEP_EVENTS,
			(due ? next_s : stop_s) * NV_NS_PER_SEC, err);

		if (rc < 0)
			return rc;
		if (rc == 1 || (next_s == 0 && eng_feed_next_judgement(f) > 0))
			continue;
		if (!due)
			return 0;
		if (next_s + ENG_FEED_JUDGE_S < c->since_s) {
			f->judged_s = next_s;
			continue;
		}
		rc = judge(c, next_s);
		if (rc < 0)
			return nv_err_set(
				err, rc, "the judgement failed: %s", strerror(-rc));
	}
}

static int
see_time(void *arg, const struct led_event *ev)
{
	int64_t *ret = arg;

	*ret = ev->received_ns / NV_NS_PER_SEC;
	return 1;
}

/* When the ledger begins and ends; 0 = it is empty. */
static int
read_times(struct led *led, int64_t *ret_begin_s, int64_t *ret_end_s, struct nv_err *err)
{
	struct led_view *v = NULL;
	int rc = led_view_begin(led, &v, err);

	*ret_begin_s = *ret_end_s = 0;
	if (rc < 0)
		return rc;
	rc = led_view_events(v, 1, false, see_time, ret_begin_s);
	if (rc >= 0)
		rc = led_view_events(v, 0, true, see_time, ret_end_s);
	led_view_end(v);
	return rc < 0 ? nv_err_set(
				err, rc, "the ledger cannot be read: %s", strerror(-rc))
		      : 0;
}

/* Day by day, so that both have come equally far when the time is up. 1: it was. */
static int
run_both(const struct eng_simulate *s, struct course *now, struct course *other,
	int64_t *ret_to_s, struct nv_err *err)
{
	int64_t to_s = 0;
	int64_t end_s = 0;
	int rc = read_times(s->led, &to_s, &end_s, err);

	if (rc < 0)
		return rc;
	end_s++;

	while (to_s < end_s) {
		if (nv_mono_ns() > s->deadline_mono_ns)
			break;
		int64_t next_s = NV_MIN(to_s + DAY_S, end_s);

		rc = course_run(now, s->led, next_s, err);
		if (rc == 0)
			rc = course_run(other, s->led, next_s, err);
		if (rc < 0)
			return rc;
		to_s = next_s;
	}
	*ret_to_s = to_s;
	return to_s < end_s;
}

/* ---- the two side by side ---- */

static const struct episode *
same_in(const struct course *c, const struct episode *e)
{
	for (size_t i = 0; i < c->n_episodes; i++) {
		if (c->episodes[i].action == e->action &&
			strcmp(c->episodes[i].worker, e->worker) == 0)
			return &c->episodes[i];
	}
	return NULL;
}

static json_t *
side_json(const struct episode *e)
{
	char text[32];

	if (!e)
		return json_null();
	const struct pol_decision *d = &e->decision;

	(void)snprintf(text, sizeof text, "%.6g", isfinite(d->why.p) ? d->why.p : 0.);
	return json_pack("{s:o, s:o, s:i, s:s, s:o, s:f, s:b, s:o, s:i}", "first",
		nv_json_time(e->first_s * NV_NS_PER_SEC), "last",
		nv_json_time(e->last_s * NV_NS_PER_SEC), "times", (int)e->times, "rule",
		d->why.rule ? d->why.rule : "", "reason", nv_json_str(d->text),
		"probability", strtod(text, NULL), "requires_approval", d->needs_approval,
		"cost_impact", nv_json_money(d->impact_nano), "to_instances",
		(int)d->to_instances);
}

static const char *
stake_text(const struct episode *e, bool with_money)
{
	switch (e->action) {
	case POL_KILL:
	case POL_PAUSE:
		return with_money ? "from then on it would have spent and earned "
				    "nothing: known to the cent"
				  : "it did nothing after it: nothing is at stake";
	case POL_SCALE_DOWN:
	case POL_OPTIMIZE_INTERVAL:
	case POL_OPTIMIZE_SPLIT:
		return "it would have run otherwise: what it would have spent and earned "
		       "cannot be known";
	case POL_RESUME:
		return "it would have run again: what it would have earned cannot be "
		       "known";
	case POL_RETIRE:
		return "a person would have been asked";
	default:
		return "it would have run more: what it would have earned cannot be "
		       "known";
	}
}

static bool
differs(const struct episode *a, const struct episode *b)
{
	return !a || !b || llabs(a->first_s - b->first_s) > SAME_S ||
	       a->decision.needs_approval != b->decision.needs_approval ||
	       a->decision.to_instances != b->decision.to_instances;
}

static json_t *
row_json(struct course *now, struct course *other, const struct episode *a,
	const struct episode *b)
{
	const struct episode *e = a ? a : b;
	const struct fate *without = fate_of(now, e->worker);
	const struct fate *with = fate_of(other, e->worker);
	bool ends = e->action == POL_KILL || e->action == POL_PAUSE;
	nv_i128 spared = ends && with && without ? with->spared - without->spared : 0;
	nv_i128 lost = ends && with && without ? with->lost - without->lost : 0;

	return json_pack("{s:s, s:s, s:b, s:o, s:o, s:{s:b, s:o, s:o, s:s}}", "worker",
		e->worker, "type", pol_action_name(e->action), "differs", differs(a, b),
		"now", side_json(a), "other", side_json(b), "at_stake", "known", ends,
		"not_spent", nv_json_money(spared), "not_earned", nv_json_money(lost),
		"text", stake_text(e, spared != 0 || lost != 0));
}

static int
add_rows(json_t *rows, struct course *now, struct course *other, unsigned *ret_same)
{
	int bad = 0;

	*ret_same = 0;
	for (size_t i = 0; i < now->n_episodes; i++) {
		const struct episode *a = &now->episodes[i];
		const struct episode *b = same_in(other, a);

		bad |= json_array_append_new(rows, row_json(now, other, a, b));
		*ret_same += !differs(a, b);
	}
	for (size_t i = 0; i < other->n_episodes; i++) {
		const struct episode *b = &other->episodes[i];

		if (!same_in(now, b))
			bad |= json_array_append_new(rows, row_json(now, other, NULL, b));
	}
	return bad;
}

static json_t *
course_json(const struct course *c)
{
	nv_i128 spared = 0;
	nv_i128 lost = 0;

	for (size_t i = 0; i < c->n_fates; i++) {
		spared += c->fates[i].spared;
		lost += c->fates[i].lost;
	}
	return json_pack("{s:i, s:o, s:o, s:o, s:o, s:o}", "decisions",
		(int)(c->n_episodes + c->n_more), "cost", nv_json_money(c->cost),
		"earned", nv_json_money(c->earned), "profit",
		nv_json_money(c->earned - c->cost), "not_spent", nv_json_money(spared),
		"not_earned", nv_json_money(lost));
}

static json_t *
result_json(const struct eng_simulate *s, struct course *now, struct course *other,
	int64_t to_s)
{
	unsigned same = 0;
	json_t *rows = json_array();
	int bad = rows ? add_rows(rows, now, other, &same) : -1;
	json_t *o = json_pack("{s:o, s:o, s:I, s:s, s:o, s:o, s:i, s:I, s:o}", "from",
		nv_json_time(s->since_ns), "to", nv_json_time(to_s * NV_NS_PER_SEC),
		"events", (json_int_t)now->feed.seq, "currency", s->now->base_currency,
		"now", course_json(now), "other", course_json(other), "same_decisions",
		(int)same, "not_listed",
		(json_int_t)now->n_more + (json_int_t)other->n_more, "decisions", rows);

	if (bad || !o) {
		json_decref(o);
		return NULL;
	}
	return o;
}

int
eng_simulate(const struct eng_simulate *s, json_t **ret, struct nv_err *err)
{
	struct course now = {0};
	struct course other = {0};
	int64_t since_s = s->since_ns / NV_NS_PER_SEC;
	int64_t to_s = 0;
	int rc = course_init(&now, s->now, since_s, err);

	if (rc == 0)
		rc = course_init(&other, s->other, since_s, err);
	if (rc == 0)
		rc = run_both(s, &now, &other, &to_s, err);
	if (rc >= 0) {
		*ret = result_json(s, &now, &other, to_s);
		if (!*ret || json_object_set_new(*ret, "complete", json_boolean(rc == 0)))
			rc = nv_err_set(err, -ENOMEM, "no memory for the answer");
	}
	course_fini(&now);
	course_fini(&other);
	return rc < 0 ? rc : 0;
}
