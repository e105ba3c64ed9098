/* What the files of the policy share: how a worker is kept. Nobody outside includes it.
 *
 * All that is counted is an integer, so that the order of facts cannot change a sum;
 * doubles are made from them at each evaluation, always in the same order. Everything
 * below a struct's first member is flat: pol_save writes it as it is. */
#ifndef POL_PRIVATE_H
#define POL_PRIVATE_H

#include "pol.h"
#include "pol_math.h"

#define POL_DAY_S        86400
#define POL_HOUR_S       3600
#define POL_HOURS        96 /* of single hours that are kept */
#define POL_MEMORIES     3
#define POL_MEMORY_USUAL 1 /* the one of 25 days */
#define POL_TS_MAX       INT64_C(100000000000)
#define POL_PARTS        1024 /* of a sale, as refunds are counted */
#define POL_X_ONE        1024 /* a volume of 1, as it is summed */

/* ---- the delay of sales (delay.c) ---- */

#define POL_BINS       20
#define POL_DELAY_DAYS 46 /* days of causes that are not old enough for every bin */
extern const int64_t pol_delay_edge_s[POL_BINS];

/* Sales with a known cause, by the day of the cause and the bin of their delay. */
struct pol_delay {
	uint32_t n;                /* all of them */
	uint32_t mature[POL_BINS]; /* their causes are older than the last edge */
	int32_t day[POL_DELAY_DAYS];
	uint16_t young[POL_DELAY_DAYS][POL_BINS];
};

/* F at each edge; 1 at the last. */
struct pol_curve {
	double at[POL_BINS];
	double mean_s;
	double median_s;
};
void pol_delay_add(struct pol_delay *d, int64_t caused_ts, int64_t delay_s);
/* Chain ladder; prior is worth `weight` sales. An entry may be NULL; without any the
 * prior comes back. */
void pol_curve_fit(const struct pol_delay *const *d, size_t count,
	const struct pol_curve *prior, double weight, int64_t now, struct pol_curve *ret);
/* Lognormal(median 18 h, sigma 1.3). */
void pol_curve_prior(struct pol_curve *ret);
double pol_curve_at(const struct pol_curve *c, int64_t age_s);
/* The age by which a share p of the sales has come, in seconds. */
int64_t pol_curve_age(const struct pol_curve *c, double p);

/* ---- a worker's record (store.c) ---- */

struct pol_hour {
	int32_t hour; /* since 1970 */
	uint32_t runs;
	uint32_t ok;
	int64_t cost;
};

struct pol_day {
	int32_t day; /* since 1970, UTC */
	uint32_t runs;
	uint32_t ok;
	uint32_t caused; /* sales whose cause was that day */
	uint32_t sales;  /* that came that day */
	uint32_t x_n;
	int64_t refunded; /* sales of that day that were taken back, in 1/1024 */
	uint64_t x_sum;   /* volumes in force at its runs, in 1/1024 */
	int64_t cost;
	int64_t revenue;
	int64_t refund; /* of sales of that day, disputes included */
	int64_t fee;
};

#define POL_SALES_KEPT 256
struct pol_sale {
	int64_t ts;
	int64_t nano;
};

/* A volume the worker can be set to. */
#define POL_LEVELS_MAX 20
struct pol_level {
	double x; /* relative to one instance at the base interval */
	uint32_t instances;
	int64_t interval_s;
};

#define POL_BETAS 5
extern const double pol_beta[POL_BETAS];

/* The posterior of a worker at one moment (posterior.c). */
struct pol_post {
	bool valid;
	bool sale_known; /* a size is declared or was seen somewhere */
	double a;        /* shape: a0 + sales, discounted */
	double rate[POL_BETAS];
	double weight[POL_BETAS]; /* of each beta; sum 1 */
	double beta;              /* mean */
	double sale;              /* m, units */
	double keep;              /* (1 - refunds - fees) of a sale */
	double refund;            /* q */
	double usual;             /* share of good runs of all days */
	double good;              /* u: share of the cost that is in good runs */
	double spread;            /* of size and refunds: relative variance */
	double exposure;          /* units, corrected, discounted */
	double sales;             /* discounted */
	double even[POL_BETAS];   /* sales expected at break-even, undiscounted */
	double even_n;            /* sales that are held against it */
	double half_life_d;       /* mean of those that its past speaks for */
	double thin;              /* evidence is divided by this */
	double mature;            /* F at the age of a day */
	int64_t delay80_s;
	double cost_per_run; /* units */
	double cost_unit;    /* units a day at volume 1 */
	double cost_full;    /* the same when no run is left out */
	int64_t cost_nano;   /* of the evidence */
	int64_t revenue_nano;
	int64_t refund_nano;
	uint64_t runs_ok;
	uint64_t runs_failed;
	uint64_t sales_n;
};

struct pol_rise {
	int64_t ts;
	int64_t nano; /* per day, unasked */
};
#define POL_RISES_MAX 16

/* A decision under way, with the words its pointers point to. */
#define POL_CODE_BYTES 80
struct pol_open {
	struct pol_decision d;
	char rule[POL_CODE_BYTES];
	char threshold[POL_CODE_BYTES];
	char finding[POL_CODE_BYTES];
	char reasons[POL_REASONS_MAX][POL_CODE_BYTES]; /* "" after the last */
};
/* Lets d's pointers point to the words beside it. */
void pol_open_point(struct pol_open *o);

struct pol_variants; /* of optimize */

struct pol_worker {
	/* owned; not flat */
	struct pol_day *days;  /* ascending */
	struct pol_sale *sale; /* ascending by ts, then amount */
	struct pol_delay *delay;
	struct pol_open *open; /* the one open decision */
	struct pol_variants *variants;
	/* flat from here on */
	struct pol_worker_conf conf;
	struct pol_standing st;
	int64_t st_since;
	int64_t split_ts; /* when st.split was last changed; 0 never */
	uint32_t n_days;
	uint32_t days_cap;
	uint32_t n_sale;
	uint32_t sale_cap;
	struct pol_hour hours[POL_HOURS];
	unsigned n_levels;
	struct pol_level levels[POL_LEVELS_MAX];
	/* totals, ever */
	int64_t total_cost;
	int64_t total_revenue;
	int64_t total_refund; /* disputes and fees included */
	uint64_t total_runs;
	uint64_t total_ok;
	uint64_t total_sales;
	int64_t first_ts;    /* of its first run or cost; 0 none */
	int64_t cost_max[2]; /* largest single cost of cost_max_day and the day before */
	int32_t cost_max_day;
	/* how decisions go on; times are 0 when there is none */
	int64_t changed_ts;    /* last change of its volume or state */
	uint32_t changed_runs; /* runs since, bounded */
	int64_t up_ts;
	int64_t down_ts;
	int64_t below_since; /* the ladder would buy less than what runs */
	int64_t floor_since; /* at the floor or paused */
	int64_t breaker_until;
	int64_t breaker_last;
	uint32_t breaker_count;
	uint32_t pauses;
	bool trial;    /* deployed from the catalogue, not proven yet */
	bool poor;     /* paused since it did not buy its place, not by a breaker */
	double x_held; /* the highest volume it was ever allowed */
	int64_t denied_until[POL_ACTION_COUNT];
	struct pol_rise rises[POL_RISES_MAX];
	int64_t limit_nano; /* gate last given out; -1 none */
	int64_t open_ts;
	bool open_granted;
	bool drop; /* a decision of this evaluation takes its place */
	/* the last judgement */
	bool dirty;
	int32_t judged_day;
	int64_t judged_ts;
	struct pol_post post;
	double p_kill;                     /* P(ROI < kill_roi) at its least volume */
	double step_value[POL_LEVELS_MAX]; /* judged multiples of its steps */
	const char *finding;               /* static; made anew at each judgement */
	const char *rule;
	double target;
};

/* What all workers share, made once a day (fleet.c). */
struct pol_priors {
	int32_t day; /* of the refresh; INT32_MIN = never */
	struct pol_curve curve;
	double rho;    /* fleet multiple at volume 1 */
	double refund; /* q of the fleet */
	double fee;    /* share of fees */
	double cv2;
	double bias; /* what sales are, relative to what was declared */
	double sale; /* mean of the fleet; 0 unknown */
	double weekday[7];
	uint64_t hash;
};

struct pol {
	struct pol_worker **workers; /* owned, by name */
	uint32_t *slots;             /* owned hash table: index + 1; 0 empty */
	/* flat from here on */
	uint32_t n_workers;
	uint32_t cap_workers;
	uint32_t n_slots;
	struct pol_conf conf;
	struct pol_priors priors;
	int64_t now;    /* of the last evaluation */
	int64_t judged; /* last multiple of the cadence that was judged */
	bool soon;
	bool limit_known;
	int64_t limit_nano; /* of the fleet, last given out */
	int64_t calm_after; /* no growth before: something is wrong with the fleet */
	double shadow;
	char next_best[NV_NAME_MAX];
	double next_best_multiple;
	struct pol_hour hours[POL_HOURS];         /* of the fleet */
	double decay[POL_MEMORIES][POL_DAYS + 1]; /* 2^(-days/H) */
	struct pol_quantile q40;
	struct pol_quantile q70;
	struct pol_quantile q90;
};

/* Room for n workers. */
int pol_workers_reserve(struct pol *p, uint32_t n);
void pol_slots_fill(struct pol *p);
struct pol_worker *pol_find(const struct pol *p, const char *name);
int32_t pol_day_of(int64_t ts);
struct pol_day *pol_worker_day(struct pol_worker *w, int32_t day);
/* Cost of the hours that lie in [from, to), at least partly. */
int64_t pol_hours_cost(const struct pol_hour *hours, int64_t from, int64_t to);
void pol_hours_runs(const struct pol_hour *hours, int64_t from, int64_t to,
	uint64_t *ret_runs, uint64_t *ret_ok);
int64_t pol_add(int64_t a, int64_t b); /* saturates */
double pol_units(int64_t nano);
int64_t pol_nano(double units);
void pol_worker_free(struct pol_worker *w);

/* ---- volumes (level.c) ---- */

/* The volumes that the configuration allows, ascending, and what runs now. */
void pol_levels_make(struct pol_worker *w);
/* Volume of what runs when it runs; 0 while it is paused or down. */
double pol_volume(const struct pol_worker *w);
double pol_volume_set(const struct pol_worker *w); /* as set, also while it is paused */

/* The least it can be set to: what is best for it when more saturates its market. */
double pol_volume_least(const struct pol_worker *w);

/* ---- judgement ---- */

/* Sizes of the kept sales; off2 = sum of (amount/mean - 1)^2. */
struct pol_sale_sums {
	double n;
	double sum;
	double mean;
	double off2;
};
void
pol_sale_sums(const struct pol_worker *w, double expected, struct pol_sale_sums *ret);
double pol_sale_expected(const struct pol_priors *pr, const struct pol_worker *w);

/* What one worker says of the fleet. */
struct pol_rates {
	double sales;   /* discounted */
	double even;    /* sales expected of a multiple of 1, discounted */
	double refunds; /* sales, discounted */
	double refunds_due;
	double fees;          /* in sales */
	double revenue_sales; /* in sales */
	double weekday_sales[7];
	double weekday_even[7]; /* expected with equal days */
};
void pol_rates_make(const struct pol *p, const struct pol_worker *w, int64_t now,
	struct pol_rates *ret);

void pol_priors_init(struct pol_priors *pr);
/* Does nothing when they are of this day. */
void pol_priors_refresh(struct pol *p, int64_t now);

/* How fast a worker's past is forgotten, and how much its sales scatter (memory.c). */
struct pol_memory {
	double decay[POL_DAYS + 1]; /* by age in days */
	double half_life_d;         /* mean of the half-lives */
	double thin; /* variance of its sales over that of a Poisson; >= 1 */
};
void pol_decay_init(double decay[POL_MEMORIES][POL_DAYS + 1]);
/* e: corrected exposure of each kept day. */
void pol_memory_make(const struct pol *p, const struct pol_worker *w, const double *e,
	int32_t today, struct pol_memory *ret);
void pol_post_make(const struct pol *p, const struct pol_worker *w, int64_t now,
	struct pol_post *post);
/* As if this many more sales had come today. */
void pol_post_more(struct pol_post *post, double sales);
/* Average multiple at volume x of money in good runs; marginal multiple of the step from
 * x1 to x2 of all its money. */
struct pol_gamma pol_post_average(const struct pol_post *post, double x);
struct pol_gamma pol_post_marginal(const struct pol_post *post, double x1, double x2);
/* P(ROI < roi) at volume x when a share `good` of the cost is in good runs. */
double
pol_post_below(const struct pol_post *post, double x, double good, int64_t roi_ppm);
/* mu0: sales expected if it had the ROI at volume x. */
double pol_post_even(const struct pol_post *post, double x, int64_t roi_ppm);

/* e-value against "it breaks even": n sales where mu are expected (evalue.c). */
double pol_evalue(double n, double mu);

#endif
