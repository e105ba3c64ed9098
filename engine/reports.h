/* What the verbs about money share: what was asked (whose money, when, by what, how much
 * of it), the table it becomes, and its parts as JSON. report_ask.c, report_fill.c,
 * report_json.c. */
#ifndef ENG_REPORTS_H
#define ENG_REPORTS_H

#include "api.h"
#include "tally.h"

enum eng_per { /* what a row is */
	ENG_PER_NONE,
	ENG_PER_WORKER,
	ENG_PER_GROUP,
	ENG_PER_CATEGORY, /* of costs; the source of revenue: the same field of an event
			   */
	ENG_PER_VARIANT,
	ENG_PER_UNIT /* of time */
};

/* Whose money: the fleet's (ids == NULL), a worker's or a group's. */
struct eng_target {
	const struct eng_worker *only; /* a worker; NULL: the group `name` */
	const char *name;              /* borrowed from the call */
	const char *kind;              /* static: "worker", "group" */
	uint32_t *ids;                 /* owned */
	size_t n;                      /* workers without an event are left out */
};

struct eng_report {
	struct eng_call *call; /* borrowed */
	struct led_view *view; /* owned */
	struct eng_period period;
	struct eng_target target;
	struct eng_tally tally;
	enum eng_per per;
	enum eng_unit unit; /* ENG_PER_UNIT */
	const char *by;     /* as asked, "" = ENG_PER_NONE */
	size_t limit;       /* rows in the answer */
	/* By category: which figures the rows need (1 << enum eng_figure), the others are
	 * one row without any of these; 0: all. A walk over categories for each. */
	unsigned figures;
	/* Time rows before the last `limit` ones are one row, the first. */
	size_t folded;
};

/* Reads target, period, from, to, by and limit of the call, opens a view and an empty
 * tally. The period is widened to the edges the ledger's sums have: minutes, or
 * LED_CATEGORY_EDGE_NS when categories are asked for; the answer names the time it speaks
 * of. What
 * is asked until now ends after the last commit, also when the clock is behind it.
 * 0 or negative with call->err; in any case eng_report_end is due. */
struct eng_report_ask {
	const char *period; /* when none is given */
	const char *by;     /* the same */
	bool units;         /* whether `by` may be hour, day, week, month, year */
	bool categories;    /* edges as for categories, whatever `by` is */
};
int eng_report_begin(
	struct eng_report *r, struct eng_call *call, const struct eng_report_ask *ask);
void eng_report_end(struct eng_report *r);
/* The rows of `by`, or one without a key, converted. */
int eng_report_fill(struct eng_report *r);
/* Adds up the target over a window into a row, or as a row of time. */
int eng_report_add(
	struct eng_report *r, struct eng_tally_row *row, int64_t from_ns, int64_t to_ns);
int eng_report_add_time(
	struct eng_report *r, const char *key, int64_t from_ns, int64_t to_ns);
/* Adds the costs of the period by category, whatever `by` is. */
int eng_report_fill_costs(struct eng_report *r, struct eng_tally *t);

/* The ledger keeps its sums by the minute, those of categories by a longer time: a period
 * is widened to such edges, and the answer names the time it really speaks of. Until now
 * means all that is booked, by a clock that was ahead too. last_ns: led_last_time. */
void
eng_period_widen(struct eng_period *p, int64_t edge_ns, int64_t now_ns, int64_t last_ns);

/* Fills in a target; -ENOENT with the nearest name. */
int eng_target_take(struct eng_call *call, const char *name, struct eng_target *ret);

/* ---- JSON, new references; NULL: no memory ---- */

json_t *eng_json_period(const struct eng_period *p);
/* Adds cost, revenue, refunds, disputes, fees, net_revenue, profit, roi_percent. */
int eng_json_put_figures(json_t *o, const struct eng_figures *f);
/* The total in each currency with its rate, as it is and in the base currency. */
json_t *eng_json_currencies(const struct eng_tally *t);
/* "period", "currency", "target" and "kind", "by"; "currencies", "unconverted",
 * "unconverted_money". what: see eng_json_put_unconverted. */
int eng_report_put_head(const struct eng_report *r, json_t *o);
int eng_report_put_tail(const struct eng_report *r, json_t *o, const char *what);

/* Adds one figure of every row that has any, with its share of the whole, as a list
 * [{"key", what, "share_percent"}]; what is beyond the limit becomes "omitted". */
struct eng_shares_ask {
	const char *list; /* name of the list */
	const char *what; /* "cost", "revenue" */
	enum eng_figure figure;
	size_t limit;
};
int eng_json_put_shares(
	json_t *o, const struct eng_tally *t, const struct eng_shares_ask *ask);

/* Shares of a whole in tenths of a percent that add up to 100.0 exactly: rounded down,
 * and what is left over goes to those that lost most by it (largest remainder). When a
 * part is negative or the whole not above zero there are none: false. */
bool eng_shares(const nv_i128 *parts, size_t n, unsigned *ret_tenths);

#endif
