/* What a worker or a fleet will earn and spend in the next days. Pure.
 *
 * Sales that are to come are a compound negative binomial: their number is Poisson with a
 * rate that is Gamma distributed (what is not known of the worker), each has a size.
 *
 *   mu   = a/b (E_due + E_new)      E_due: money spent already whose sales are still to
 *                                   come within the time; E_new: money planned
 *   mean = mu m
 *   var  = m^2 (mu (1 + cv^2) + mu^2/a) + mean^2 (cv^2/(5+n) + 0.01 T/7)
 *
 * The last term: the mean size is known from n sales only, and markets drift. Refunds of
 * past sales that fall due are taken off; at best there are none. An interval is that of
 * a Gamma distribution with this mean and variance, with the probability of no sale at
 * all, (b/(b+E))^a, as a lump at zero: a worker that sells once a month has a week
 * without a sale most of the time. */
#ifndef POL_FORECAST_H
#define POL_FORECAST_H

#include "nv_base.h"

#define POL_FORECAST_DAYS_MAX 366
/* Discounted sales below which there is too little to tell: the prior speaks. */
#define POL_FORECAST_SALES_MIN 5.0

/* One worker. All amounts in units of the base currency, none negative. */
struct pol_prospect {
	double a; /* rate of sales per dollar: Gamma(a, b) */
	double b;
	double size;       /* mean of a sale, before refunds */
	double cv2;        /* of sale sizes: squared coefficient of variation */
	double n;          /* discounted sales it is known from */
	double due;        /* E_due, dollars of exposure */
	double planned;    /* E_new, the same: what matures within the time */
	double cost;       /* planned, within the time */
	double cost_sd;    /* of one day's cost around the plan */
	double refund;     /* share of sales that is refunded */
	double refund_due; /* expected refunds of past sales within the time */
	double refund_var; /* and their variance: one large sale may be among them */
	double refund_new; /* share of the new sales' refunds that fall within the time */
};

struct pol_interval {
	double mean;
	double low80;
	double high80;
	double low95;
	double high95;
};

enum pol_basis {           /* how much the forecast rests on */
	POL_BASIS_NOTHING, /* no sale and no cost planned: nothing to forecast */
	POL_BASIS_PRIOR, /* fewer than POL_FORECAST_SALES_MIN sales: guesswork, said so */
	POL_BASIS_EVIDENCE
};

struct pol_forecast {
	unsigned days;
	enum pol_basis basis;
	struct pol_interval revenue; /* sales less what is refunded of them */
	struct pol_interval cost;
	struct pol_interval profit;
	double sales;    /* expected number */
	double due;      /* expected revenue from money already spent */
	double refunds;  /* expected, of past and new sales */
	double evidence; /* discounted sales */
};

/* n prospects that are independent but for the drift of the market, which they share. The
 * cost is never above cost_cap (the budget of these days); negative: no cap. */
void pol_forecast_sum(const struct pol_prospect *prospects, size_t n, unsigned days,
	double cost_cap, struct pol_forecast *ret);

/* The part of money spent evenly over `days` days from now on, weekday w costing
 * weekday[w], whose sales come within those days. first: the weekday of the first day.
 * mature(age_d): share of the sales of money of that age that have come. */
typedef double pol_mature_fn(double age_d, const void *arg);
double pol_forecast_planned(double per_day, const double weekday[7], unsigned first,
	unsigned days, pol_mature_fn *mature, const void *arg);

struct pol;
/* Of one worker, or of the whole fleet (NULL), as it runs now: what is open or planned is
 * not in it. now: Unix seconds. 0, -ENOENT, -EINVAL, -ENOMEM. */
int pol_forecast(const struct pol *p, const char *worker, int64_t now, unsigned days,
	struct pol_forecast *ret);

#endif
