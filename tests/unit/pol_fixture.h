/* A fleet of the decision core's tests: workers, hours of runs and sales, and somebody
 * who does what is decided. */
#ifndef POL_FIXTURE_H
#define POL_FIXTURE_H

#include "cycle.h"

#include <check.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define T0   INT64_C(1763337600) /* a midnight */
#define HOUR INT64_C(3600)
#define DAY  INT64_C(86400)

#define NOTES_MAX 4096
struct notes {
	struct pol_decision d[NOTES_MAX];
	size_t n;
	struct pol *pol;
	bool obey; /* do at once what needs no approval */
	int64_t now;
	size_t limits;
};

/* Every number a decision carries, or the name of one that is not finite. */
static inline const char *
not_finite(const struct pol_decision *d)
{
	const struct pol_why *w = &d->why;
	const double all[] = {d->confidence, d->evidence, w->limit, w->value, w->p, w->e,
		w->exposure, w->sales_eff, w->sale_mean, w->refund, w->volume,
		w->volume_to, w->beta, w->mature, w->half_life_d, w->roi_percent[0],
		w->roi_percent[1], w->roi_percent[2], w->marginal[0], w->marginal[1],
		w->marginal[2], w->shadow, w->success, w->one_more_sale_p,
		w->stay_roi_percent, w->next_best_multiple};

	for (size_t i = 0; i < NV_LEN(all); i++) {
		if (!isfinite(all[i]))
			return "a number that is not finite";
	}
	if (!(d->confidence >= 0 && d->confidence <= 1) || d->risk > 100)
		return "out of 0..1 or 0..100";
	return NULL;
}

static inline void
do_it(struct pol *pol, const struct pol_decision *d, int64_t now)
{
	struct pol_standing st;

	if (pol_standing_get(pol, d->worker, &st) < 0)
		return;
	switch (d->action) {
	case POL_SCALE_UP:
	case POL_SCALE_DOWN:
		st.instances = d->to_instances;
		break;
	case POL_OPTIMIZE_INTERVAL:
		st.run_interval_s = d->to_interval_s;
		break;
	case POL_PAUSE:
		st.state = POL_ST_PAUSED_BY_POLICY;
		break;
	case POL_RESUME:
	case POL_DEPLOY:
		st.state = POL_ST_RUNNING;
		break;
	case POL_KILL:
		st.state = POL_ST_KILLED;
		break;
	default:
		return;
	}
	st.live = st.instances;
	ck_assert_int_eq(pol_standing_put(pol, d->worker, now, &st), 0);
	ck_assert_int_eq(pol_answer(pol, d->worker, POL_APPLIED, now), 0);
}

static inline void
note(const struct pol_decision *d, void *arg)
{
	struct notes *n = arg;

	ck_assert_ptr_null(not_finite(d));
	ck_assert_ptr_nonnull(d->finding);
	ck_assert_ptr_nonnull(d->why.rule);
	if (d->action == POL_LIMIT) {
		n->limits++;
		return;
	}
	ck_assert_uint_lt(n->n, NOTES_MAX);
	n->d[n->n] = *d;
	n->n++;
	if (n->obey && !d->needs_approval && !d->advice && d->action != POL_CANCEL)
		do_it(n->pol, d, n->now);
}

static inline struct pol *
fleet_new(enum pol_mode mode, int64_t budget)
{
	struct pol_conf conf;
	struct pol *p;

	pol_conf_init(&conf);
	conf.mode = mode;
	conf.daily_budget_nano = budget * NV_MONEY_SCALE;
	ck_assert_int_eq(pol_new(&conf, &p), 0);
	return p;
}

/* Runs each hour at 10 cents, sells at 20, up to eight instances, down to every 4 h. */
static inline void
fleet_add(struct pol *p, const char *name, bool catalog)
{
	struct pol_worker_conf c;
	struct pol_standing st = {.state = catalog ? POL_ST_CATALOG : POL_ST_RUNNING,
		.instances = 1,
		.live = 1};

	pol_worker_conf_init(&c);
	(void)snprintf(c.name, sizeof c.name, "%s", name);
	c.run_interval_s = HOUR;
	c.n_intervals = 2;
	c.intervals_s[0] = 2 * HOUR;
	c.intervals_s[1] = 4 * HOUR;
	c.expected_cost_nano = NV_MONEY_SCALE / 10;
	c.expected_sale_nano = 20 * NV_MONEY_SCALE;
	c.instances_max = 8;
	c.catalog = catalog;
	ck_assert_int_eq(pol_worker_put(p, &c), 0);
	ck_assert_int_eq(pol_standing_put(p, name, T0, &st), 0);
}

static inline void
fact(struct pol *p, enum pol_fact_kind kind, const char *name, int64_t ts, int64_t nano,
	bool ok, int64_t caused)
{
	struct pol_fact f = {.kind = kind,
		.worker = name,
		.ts = ts,
		.nano = nano,
		.ok = ok,
		.caused_ts = caused};

	ck_assert_int_eq(pol_fact(p, &f), 0);
}

/* One hour of a worker as it stands: runs of `cost` each; good runs add up to sales of
 * 20 units at `multiple` times what was spent, a sale six hours after its cause. */
struct life {
	const char *name;
	double multiple;
	double cost;
	double due;     /* runs */
	double owed;    /* sales */
	double good;    /* share of runs */
	double bad_due; /* runs that fail */
};

static inline void
live_hour(struct pol *p, struct life *l, int64_t ts)
{
	struct pol_standing st;
	double x;

	ck_assert_int_eq(pol_standing_get(p, l->name, &st), 0);
	if (st.state != POL_ST_RUNNING)
		return;
	x = st.instances *
	    (st.run_interval_s ? (double)HOUR / (double)st.run_interval_s : 1);
	for (l->due += x; l->due >= 1; l->due--) {
		bool ok = true;

		l->bad_due += 1 - l->good;
		if (l->bad_due >= 1) {
			ok = false;
			l->bad_due--;
		}
		fact(p, POL_RUN, l->name, ts, 0, ok, 0);
		fact(p, POL_COST, l->name, ts, pol_nano(l->cost), true, 0);
		l->owed += ok ? l->cost * l->multiple / 20 : 0;
		for (; l->owed >= 1; l->owed--)
			fact(p, POL_REVENUE, l->name, ts + 6 * HOUR, 20 * NV_MONEY_SCALE,
				true, ts);
	}
}

static inline void
live(struct pol *p, struct life *l, size_t n, int64_t from, int64_t hours,
	struct notes *notes)
{
	notes->pol = p;
	for (int64_t h = 0; h < hours; h++) {
		for (size_t i = 0; i < n; i++)
			live_hour(p, &l[i], from + h * HOUR + 60);
		notes->now = from + (h + 1) * HOUR;
		ck_assert_int_eq(pol_evaluate(p, notes->now, note, notes), 0);
	}
}

static inline size_t
count_of(const struct notes *n, enum pol_action action, const char *worker)
{
	size_t found = 0;

	for (size_t i = 0; i < n->n; i++)
		found += n->d[i].action == action && strcmp(n->d[i].worker, worker) == 0;
	return found;
}

static inline const struct pol_decision *
first_of(const struct notes *n, enum pol_action action)
{
	for (size_t i = 0; i < n->n; i++) {
		if (n->d[i].action == action)
			return &n->d[i];
	}
	return NULL;
}

#endif
