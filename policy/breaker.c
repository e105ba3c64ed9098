/* What is looked at on each call: workers that fail or run away, their probes, and the
 * gates. None of it is evidence about the business. */
#include "cycle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WEEK_S        (INT64_C(7) * POL_DAY_S)
#define DOUBLINGS_MAX 3 /* 6, 12, 24, 48 h */
#define CALM_RUNS     10
#define CALM_WINDOW_S (INT64_C(3) * POL_HOUR_S)
#define CALM_SPEND    3.0
#define GATE_CHANGE   0.10
#define FLEET_CHANGE  0.01
#define GATE_USUAL    1.5 /* runs: the gate's own reserve, about its 95th percentile */
#define FLIGHT_MAX    0.3 /* of the budget that is kept for what is in flight */

static int
by_size(const void *a, const void *b)
{
	const double *x = a;
	const double *y = b;

	return (*x > *y) - (*x < *y);
}

/* Median cost of a run over the days of the last week; 0 when there are fewer than 3. */
static double
median_cost(const struct pol_worker *w, int32_t today)
{
	double v[8];
	size_t n = 0;

	for (uint32_t i = w->n_days; i-- > 0 && w->days[i].day >= today - 7;) {
		const struct pol_day *d = &w->days[i];

		if (d->day < today && d->runs > 0 && n < NV_LEN(v))
			v[n++] = pol_units(d->cost) / d->runs;
	}
	if (n < 3)
		return 0;
	qsort(v, n, sizeof *v, by_size);
	return v[n / 2];
}

int64_t
pol_breaker_hold(const struct pol_worker *w, int64_t now)
{
	unsigned count = now - w->breaker_last > WEEK_S ? 0 : w->breaker_count;

	return POL_BREAKER_S << NV_MIN(count, DOUBLINGS_MAX);
}

static void
trip(struct pol_cycle *c, struct pol_worker *w, const char *code, double value,
	double limit, const char *text)
{
	struct pol_decision d;
	int64_t hold = pol_breaker_hold(w, c->now);

	pol_decision_init(&d, POL_PAUSE, w);
	d.why.rule = "breaker";
	d.why.threshold = code;
	d.why.limit = limit;
	d.why.value = value;
	d.why.volume_to = 0;
	d.finding = "unhealthy";
	d.reasons[0] = code;
	d.impact_nano = -pol_nano(pol_cost_at(w, pol_volume(w)));
	(void)snprintf(d.text, sizeof d.text, "%s; it is tried again in %lld h", text,
		(long long)(hold / POL_HOUR_S));
	if (w->open)
		pol_withdraw(c, w, "breaker");
	pol_propose(c, w, &d);
}

static void
check_running(struct pol_cycle *c, struct pol_worker *w)
{
	int64_t from = NV_MAX(c->now - POL_BREAKER_S,
		(w->changed_ts + POL_HOUR_S - 1) / POL_HOUR_S * POL_HOUR_S);
	uint64_t runs;
	uint64_t ok;
	char text[120];

	pol_hours_runs(w->hours, from, c->now + 1, &runs, &ok);
	if (runs < POL_BREAKER_RUNS)
		return;
	if ((double)ok < POL_BREAKER_GOOD * (double)runs) {
		(void)snprintf(text, sizeof text, "%llu of its last %llu runs were good",
			(unsigned long long)ok, (unsigned long long)runs);
		trip(c, w, "success<30%", (double)ok / (double)runs, POL_BREAKER_GOOD,
			text);
		return;
	}
	double usual = median_cost(w, pol_day_of(c->now));
	double cost =
		pol_units(pol_hours_cost(w->hours, from, c->now + 1)) / (double)runs;

	if (usual > 0 && cost > POL_BREAKER_COST * usual) {
		(void)snprintf(text, sizeof text,
			"a run costs %.4f, %.1f times what it did in the week before",
			cost, cost / usual);
		trip(c, w, "cost>3x", cost, POL_BREAKER_COST * usual, text);
	}
}

static void
check_paused(struct pol_cycle *c, struct pol_worker *w)
{
	double x = pol_volume_set(w);
	double rise = pol_cost_at(w, x);
	struct pol_decision d;

	if (w->poor || c->now < w->breaker_until ||
		c->now < w->denied_until[POL_RESUME] || !pol_fits(c, rise))
		return;
	pol_decision_init(&d, POL_RESUME, w);
	d.why.rule = "probe";
	d.why.threshold = "paused for 6, 12, 24, 48 h";
	d.why.value = (double)(c->now - w->changed_ts) / POL_HOUR_S;
	d.why.limit = (double)(w->breaker_until - w->breaker_last) / POL_HOUR_S;
	d.why.volume_to = x;
	d.finding = "worth_a_trial";
	d.reasons[0] = "probe";
	d.impact_nano = pol_nano(rise);
	(void)snprintf(d.text, sizeof d.text,
		"it was paused for %.0f h: it is tried again", d.why.value);
	if (pol_counts(c->p, w))
		c->plan += rise;
	pol_propose(c, w, &d);
}

/* Something is wrong with more than one worker: nothing grows for a while. */
static void
check_fleet(struct pol_cycle *c)
{
	struct pol *p = c->p;
	uint64_t runs = 0;
	uint64_t ok = 0;
	int64_t hour = c->now / POL_HOUR_S * POL_HOUR_S;

	for (uint32_t i = 0; i < p->n_workers; i++) {
		uint64_t r;
		uint64_t o;

		pol_hours_runs(
			p->workers[i]->hours, c->now - CALM_WINDOW_S, c->now + 1, &r, &o);
		runs += r;
		ok += o;
	}
	double spent = pol_units(pol_hours_cost(p->hours, hour - POL_HOUR_S, hour));

	if ((runs >= CALM_RUNS && ok * 2 < runs) ||
		(spent > CALM_SPEND * c->plan / 24 && spent > c->budget / 4))
		p->calm_after = c->now + POL_BREAKER_S;
	c->calm = c->now < p->calm_after;
}

void
pol_breakers(struct pol_cycle *c)
{
	struct pol *p = c->p;

	check_fleet(c);
	for (uint32_t i = 0; i < p->n_workers; i++) {
		struct pol_worker *w = p->workers[i];

		if (!w->post.valid)
			continue;
		/* A pause never waits for the answer to something else. */
		if (w->st.state == POL_ST_RUNNING &&
			(!w->open || w->open->d.needs_approval))
			check_running(c, w);
		else if (w->st.state == POL_ST_PAUSED_BY_POLICY && !w->open)
			check_paused(c, w);
	}
}

/* ---- gates ---- */

static void
propose_limit(struct pol_cycle *c, const char *worker, int64_t nano, const char *text)
{
	struct pol_decision d = {.action = POL_LIMIT, .limit_nano = nano, .finding = ""};

	(void)snprintf(d.worker, sizeof d.worker, "%s", worker);
	(void)snprintf(d.text, sizeof d.text, "%s", text);
	d.why.rule = "gate";
	d.why.threshold = "";
	d.why.p = 1;
	d.confidence = 1;
	d.finding = "gate";
	d.reasons[0] = "gate";
	c->propose(&d, c->arg);
}

static bool
moved(int64_t was, int64_t is, double part)
{
	double off = (double)is - (double)was;

	return was < 0 || off > part * (double)was || off < -part * (double)was;
}

void
pol_limits_forget(struct pol *p)
{
	p->limit_known = false;
	for (uint32_t i = 0; i < p->n_workers; i++)
		p->workers[i]->limit_nano = -1;
}

void
pol_limits(struct pol_cycle *c)
{
	struct pol *p = c->p;
	double flight = 0;

	if (!c->propose)
		return;
	if (p->conf.advise_only) {
		/* Whoever keeps the gates may lift them meanwhile. */
		pol_limits_forget(p);
		return;
	}
	for (uint32_t i = 0; i < p->n_workers; i++) {
		struct pol_worker *w = p->workers[i];
		double x = pol_volume(w);
		/* The gate keeps what a run usually costs; runs may cost more. */
		double one = pol_units(NV_MAX(w->cost_max[0], w->cost_max[1])) -
			     GATE_USUAL * w->post.cost_per_run;

		if (!(x > 0) || !w->post.valid)
			continue;
		flight = NV_MAX(flight, one);
		if (w->conf.advise_only) {
			w->limit_nano = -1;
			continue;
		}
		int64_t gate = pol_nano(
			NV_MAX(POL_GATE * pol_cost_at(w, x), 2 * w->post.cost_per_run));

		if (gate > 0 && moved(w->limit_nano, gate, GATE_CHANGE)) {
			w->limit_nano = gate;
			propose_limit(c, w->conf.name, gate,
				"1.35 times what is planned for it a day");
		}
	}
	int64_t all = pol_nano(c->budget - NV_MIN(flight, FLIGHT_MAX * c->budget));

	if (!p->limit_known || moved(p->limit_nano, all, FLEET_CHANGE)) {
		p->limit_known = true;
		p->limit_nano = all;
		propose_limit(c, "*", all,
			"the daily budget less what a run may cost above what the gate "
			"reserves for it");
	}
}
