/* What the policy knows of a worker: hours, days, sales, delays. Facts may come in any
 * order: every sum is one of integers, every list a set with a rule what leaves it. */
#include "trial.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Sales of an unknown cause are placed this part of the mean delay before they came
 * (docs/DECISIONS.md: less than all of it, as late ones are those that are missing). */
#define UNKNOWN_CAUSE_PERCENT 70
/* A refund that names no sale is held against what was sold about so long ago. */
#define UNKNOWN_SALE_S (INT64_C(20) * POL_DAY_S)

int32_t
pol_day_of(int64_t ts)
{
	return (int32_t)(ts / POL_DAY_S);
}

int64_t
pol_add(int64_t a, int64_t b)
{
	int64_t sum;

	if (__builtin_add_overflow(a, b, &sum))
		return a < 0 ? INT64_MIN : INT64_MAX;
	return sum;
}

double
pol_units(int64_t nano)
{
	return (double)nano / (double)NV_MONEY_SCALE;
}

int64_t
pol_nano(double units)
{
	return pol_to_int(pol_clip(units, -9.2e9, 9.2e9) * (double)NV_MONEY_SCALE);
}

static void
count(uint32_t *n)
{
	if (*n < UINT32_MAX)
		(*n)++;
}

/* The slot of an hour; NULL when it is older than what is kept. */
static struct pol_hour *
hour_slot(struct pol_hour *hours, int64_t ts)
{
	int32_t hour = (int32_t)(ts / POL_HOUR_S);
	struct pol_hour *h = &hours[hour % POL_HOURS];

	if (h->hour > hour)
		return NULL;
	if (h->hour < hour)
		*h = (struct pol_hour){.hour = hour};
	return h;
}

/* The kept hours that lie at least partly in [from, to): their first and last. */
static void
hours_between(int64_t from, int64_t to, int32_t *ret_first, int32_t *ret_last)
{
	int64_t last = (to - 1) / POL_HOUR_S;
	int64_t first = NV_MAX(from, 0) / POL_HOUR_S;

	*ret_last = to > 0 ? (int32_t)last : -1;
	*ret_first = (int32_t)NV_MAX(first, last - POL_HOURS + 1);
}

int64_t
pol_hours_cost(const struct pol_hour *hours, int64_t from, int64_t to)
{
	int32_t hour;
	int32_t last;
	int64_t sum = 0;

	for (hours_between(from, to, &hour, &last); hour <= last; hour++) {
		if (hour > 0 && hours[hour % POL_HOURS].hour == hour)
			sum = pol_add(sum, hours[hour % POL_HOURS].cost);
	}
	return sum;
}

void
pol_hours_runs(const struct pol_hour *hours, int64_t from, int64_t to, uint64_t *ret_runs,
	uint64_t *ret_ok)
{
	int32_t hour;
	int32_t last;

	*ret_runs = 0;
	*ret_ok = 0;
	for (hours_between(from, to, &hour, &last); hour <= last; hour++) {
		if (hour > 0 && hours[hour % POL_HOURS].hour == hour) {
			*ret_runs += hours[hour % POL_HOURS].runs;
			*ret_ok += hours[hour % POL_HOURS].ok;
		}
	}
}

static int
days_grow(struct pol_worker *w)
{
	uint32_t cap = w->days_cap ? NV_MIN(w->days_cap * 3, POL_DAYS) : 20;
	struct pol_day *more = realloc(w->days, cap * sizeof *more);

	if (!more)
		return -ENOMEM;
	w->days = more;
	w->days_cap = cap;
	return 0;
}

/* The record of a day; NULL when it is older than what is kept, or without memory. */
struct pol_day *
pol_worker_day(struct pol_worker *w, int32_t day)
{
	uint32_t at = w->n_days;

	while (at > 0 && w->days[at - 1].day > day)
		at--;
	if (at > 0 && w->days[at - 1].day == day)
		return &w->days[at - 1];
	int32_t newest = w->n_days ? w->days[w->n_days - 1].day : day;

	if (day <= newest - POL_DAYS)
		return NULL;
	newest = NV_MAX(newest, day);
	uint32_t old = 0;

	while (old < w->n_days && w->days[old].day <= newest - POL_DAYS)
		old++;
	if (old > 0) {
		memmove(w->days, w->days + old, (w->n_days - old) * sizeof *w->days);
		w->n_days -= old;
		at = at > old ? at - old : 0;
	}
	if (w->n_days == w->days_cap && days_grow(w) < 0)
		return NULL;
	memmove(w->days + at + 1, w->days + at, (w->n_days - at) * sizeof *w->days);
	w->days[at] = (struct pol_day){.day = day};
	w->n_days++;
	return &w->days[at];
}

/* The newest POL_SALES_KEPT sales, whatever the order they are told in. */
static int
sale_keep(struct pol_worker *w, int64_t ts, int64_t nano)
{
	if (w->n_sale == w->sale_cap && w->sale_cap < POL_SALES_KEPT) {
		uint32_t cap = w->sale_cap ? w->sale_cap * 4 : 16;
		struct pol_sale *more = realloc(w->sale, cap * sizeof *more);

		if (!more)
			return -ENOMEM;
		w->sale = more;
		w->sale_cap = cap;
	}
	uint32_t at = w->n_sale;

	while (at > 0 &&
		(w->sale[at - 1].ts > ts ||
			(w->sale[at - 1].ts == ts && w->sale[at - 1].nano > nano)))
		at--;
	if (w->n_sale == POL_SALES_KEPT) {
		if (at == 0)
			return 0;
		memmove(w->sale, w->sale + 1, (at - 1) * sizeof *w->sale);
		at--;
	} else {
		memmove(w->sale + at + 1, w->sale + at,
			(w->n_sale - at) * sizeof *w->sale);
		w->n_sale++;
	}
	w->sale[at] = (struct pol_sale){.ts = ts, .nano = nano};
	return 0;
}

static void
volume_note(struct pol_worker *w, struct pol_day *d)
{
	double x = pol_clip(pol_volume_set(w), 1.0 / POL_X_ONE, POL_X_ONE);

	if (d->x_n < UINT32_MAX) {
		d->x_n++;
		d->x_sum += (uint64_t)(x * POL_X_ONE + 0.5);
	}
}

static int
fact_run(struct pol_worker *w, const struct pol_fact *f, int64_t ts)
{
	struct pol_hour *h = hour_slot(w->hours, ts);
	struct pol_day *d = pol_worker_day(w, pol_day_of(ts));

	w->total_runs++;
	w->total_ok += f->ok;
	if (ts >= w->changed_ts)
		count(&w->changed_runs);
	if (h) {
		count(&h->runs);
		h->ok += f->ok && h->ok < UINT32_MAX;
	}
	if (d) {
		count(&d->runs);
		d->ok += f->ok && d->ok < UINT32_MAX;
		volume_note(w, d);
	}
	return 0;
}

/* The largest cost of a day and of the one before. */
static void
cost_largest(struct pol_worker *w, int32_t day, int64_t nano)
{
	if (day == w->cost_max_day + 1) {
		w->cost_max[1] = w->cost_max[0];
		w->cost_max[0] = nano;
	} else if (day > w->cost_max_day) {
		w->cost_max[1] = 0;
		w->cost_max[0] = nano;
	} else if (day >= w->cost_max_day - 1) {
		int64_t *at = &w->cost_max[w->cost_max_day - day];

		*at = NV_MAX(*at, nano);
	}
	w->cost_max_day = NV_MAX(w->cost_max_day, day);
}

static int
fact_cost(struct pol *p, struct pol_worker *w, const struct pol_fact *f, int64_t ts)
{
	struct pol_hour *h = hour_slot(w->hours, ts);
	struct pol_day *d = pol_worker_day(w, pol_day_of(ts));
	/* What is booked late counts for the fleet's budget of the day it was spent. */
	struct pol_hour *fleet = hour_slot(p->hours, ts);

	w->total_cost = pol_add(w->total_cost, f->nano);
	cost_largest(w, pol_day_of(ts), f->nano);
	if (h)
		h->cost = NV_MAX(pol_add(h->cost, f->nano), 0);
	if (fleet)
		fleet->cost = NV_MAX(pol_add(fleet->cost, f->nano), 0);
	if (d) {
		/* What is taken back was there, or its day is forgotten. */
		d->cost = NV_MAX(pol_add(d->cost, f->nano), 0);
		if (w->conf.run_interval_s == 0)
			volume_note(w, d);
	}
	return 0;
}

static int
fact_revenue(struct pol *p, struct pol_worker *w, const struct pol_fact *f, int64_t ts)
{
	int64_t caused = NV_MIN(f->caused_ts, ts);
	struct pol_day *d;

	w->total_revenue = pol_add(w->total_revenue, f->nano);
	if (f->nano == 0)
		return 0; /* no sale */
	w->total_sales++;
	if (caused > 0) {
		if (!w->delay && !(w->delay = calloc(1, sizeof *w->delay)))
			return -ENOMEM;
		pol_delay_add(w->delay, caused, ts - caused);
	} else {
		int64_t back =
			(int64_t)p->priors.curve.mean_s * UNKNOWN_CAUSE_PERCENT / 100;

		caused = NV_MAX(ts - back, 0);
	}
	d = pol_worker_day(w, pol_day_of(ts));
	if (d) {
		count(&d->sales);
		d->revenue = pol_add(d->revenue, f->nano);
	}
	d = pol_worker_day(w, pol_day_of(caused));
	if (d)
		count(&d->caused);
	return sale_keep(w, ts, f->nano);
}

static int
fact_back(struct pol_worker *w, const struct pol_fact *f, int64_t ts)
{
	int64_t sold =
		f->sale_ts > 0 ? NV_MIN(f->sale_ts, ts) : NV_MAX(ts - UNKNOWN_SALE_S, 0);
	bool fee = f->kind == POL_FEE;
	struct pol_day *d = pol_worker_day(w, pol_day_of(fee ? ts : sold));

	w->total_refund = pol_add(w->total_refund, f->nano);
	if (d && fee) {
		d->fee = pol_add(d->fee, f->nano);
	} else if (d) {
		/* However large: what is taken back is at most the sale. */
		bool known = f->sale_nano > 0 && f->nano < f->sale_nano && f->nano > 0;

		d->refund = pol_add(d->refund, f->nano);
		/* A dispute that was won comes back. */
		d->refunded += f->nano < 0 ? -POL_PARTS
			       : known     ? (int64_t)((double)f->nano /
                                                   (double)f->sale_nano * POL_PARTS)
					   : POL_PARTS;
	}
	return 0;
}

static bool
fact_valid(const struct pol_fact *f)
{
	return (unsigned)f->kind < POL_FACT_COUNT && f->worker && f->ts >= 0 &&
	       f->ts <= POL_TS_MAX && f->booked >= 0 && f->booked <= POL_TS_MAX &&
	       f->caused_ts >= 0 && f->sale_ts >= 0 && f->sale_nano >= 0 &&
	       f->nano <= NV_MONEY_MAX &&
	       f->nano >= (f->kind == POL_DISPUTE || f->kind == POL_COST ? -NV_MONEY_MAX
									 : 0);
}

int
pol_fact(struct pol *p, const struct pol_fact *f)
{
	if (!fact_valid(f))
		return -EINVAL;
	struct pol_worker *w = pol_find(p, f->worker);

	if (!w)
		return -ENOENT;
	int64_t ts = f->booked ? NV_MIN(f->ts, f->booked) : f->ts;

	w->dirty = true;
	if (f->variant && pol_trial_fact(w, f, ts) < 0)
		return -ENOMEM;
	if ((f->kind == POL_RUN || f->kind == POL_COST) &&
		(w->first_ts == 0 || ts < w->first_ts))
		w->first_ts = NV_MAX(ts, 1);
	switch (f->kind) {
	case POL_RUN:
		return fact_run(w, f, ts);
	case POL_COST:
		return fact_cost(p, w, f, ts);
	case POL_REVENUE:
		return fact_revenue(p, w, f, ts);
	default:
		return fact_back(w, f, ts);
	}
}

void
pol_worker_free(struct pol_worker *w)
{
	if (!w)
		return;
	free(w->days);
	free(w->sale);
	free(w->delay);
	free(w->open);
	pol_trial_free(w->variants);
	free(w);
}
