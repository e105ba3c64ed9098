/* What may still be spent. Pure: figures in, verdict out; amounts in the base currency at
 * scale 10^-9. Two gates hold the caps:
 *
 * - A run that asks before it begins (every task, docs/DECISIONS.md) begins only when
 * what is spent, what is reserved and what it may cost itself fit into every cap it
 * counts against. So a cap is passed by no more than what the runs in flight cost above
 * their reservations, and what was spent without asking since the last answer.
 * - A worker that does not ask is paused as soon as its next runs would not fit in what
 *   is left, so that a cap is passed by no more than what was already in flight.
 *
 * enforce.c and gate.c act on the verdicts. */
#ifndef ENG_BUDGET_H
#define ENG_BUDGET_H

#include "nv_money.h"
#include "nv_name.h"

/* Beyond every sum anybody means, 10^18 units: what is converted or projected ends here
 * instead of overflowing. Times a threshold, or the milliseconds of a day, it still fits
 * 128 bits. */
#define ENG_SUM_MAX ((nv_i128)NV_MONEY_SCALE * NV_MONEY_SCALE * NV_MONEY_SCALE)

enum eng_cap_scope {
	ENG_CAP_FLEET,
	ENG_CAP_GROUP,
	ENG_CAP_WORKER,
	ENG_CAP_LIMIT,     /* of a worker or the fleet, set by decision */
	ENG_CAP_OPERATION, /* one kind of call of a worker */
	ENG_CAP_SCOPES
};
/* In the order in which they end. */
enum eng_cap_period { ENG_CAP_HOUR, ENG_CAP_DAY, ENG_CAP_TOTAL, ENG_CAP_PERIODS };

/* One limit, and what counts against it. */
struct eng_cap {
	enum eng_cap_scope scope;
	enum eng_cap_period period;
	char subject[NV_NAME_MAX];   /* group or worker; "" = the fleet */
	char operation[NV_NAME_MAX]; /* ENG_CAP_OPERATION */
	nv_i128 limit;               /* -1 = none */
	nv_i128 spent;               /* in the period */
	nv_i128 reserved;            /* by runs and calls that have asked */
	nv_i128 approvals;           /* kept for decisions that wait for an answer */
	int64_t from_ns;             /* the period; 0 and INT64_MAX for ENG_CAP_TOTAL */
	int64_t to_ns;
	bool warned;       /* warn.c: a warning was given */
	int64_t warned_ns; /* for the period that began then; TOTAL: for that limit */
	bool pacing;       /* ENG_CAP_DAY: spread over the day */
};

/* As the worker it holds back is told: "its daily budget". Returns buf. */
#define ENG_CAP_TEXT_BYTES 200
const char *eng_cap_text(const struct eng_cap *cap, char buf[ENG_CAP_TEXT_BYTES]);
/* As everybody else is told: "the daily budget of email_agent". Returns buf. */
const char *eng_cap_name(const struct eng_cap *cap, char buf[ENG_CAP_TEXT_BYTES]);
/* "day", "hour", "total"; "fleet", "group", ... */
const char *eng_cap_period_name(enum eng_cap_period period);
const char *eng_cap_scope_name(enum eng_cap_scope scope);
/* limit - spent - reserved - approvals, never below 0; ENG_SUM_MAX without a limit. */
nv_i128 eng_cap_left(const struct eng_cap *cap);
/* Has the spending reached this share of the limit? Never true without a limit. */
bool eng_cap_at(const struct eng_cap *cap, int64_t share_ppm);
/* What may be spent of a paced cap until now: 1.5 times the part of the day that has
 * passed, of which an hour has always passed. */
nv_i128 eng_cap_pace(const struct eng_cap *cap, int64_t now_ns);

/* ---- the gate of those who ask ---- */
struct eng_gate_verdict {
	bool fits;
	nv_i128 amount; /* to reserve: what was asked for, or less, see below */
	const struct eng_cap *cap; /* that does not let it through; NULL = fits */
	int64_t retry_ns; /* wall clock; when that may be over by itself; 0 = as soon as
			     somebody else gives back what he has reserved */
	char reason[320];
};
/* May `amount` more be spent under all of these caps? An amount above a whole cap gets
 * all of that cap when nothing of it is spent or reserved and `usual` (what it mostly
 * costs) fits: one dear run must not keep a worker down for ever. */
void
eng_gate_check(const struct eng_cap *const *caps, size_t n, nv_i128 amount, nv_i128 usual,
	int64_t now_ns, const char *currency, struct eng_gate_verdict *ret);
/* The same without the words. */
bool eng_gate_fits(const struct eng_cap *const *caps, size_t n, nv_i128 amount,
	nv_i128 usual, int64_t now_ns);
/* The nearest-rank percentile of n costs (n > 0), which are sorted in place. */
nv_i128 eng_cost_percentile(nv_i128 *costs, unsigned n, unsigned percent);

/* ---- the gate of those who do not ---- */
/* A verdict's rule: costs in a currency without a rate. */
extern const char eng_budget_rule_currency[];

struct eng_budget_figures {
	const struct eng_cap *const
		*caps; /* in the order in which they give the reason */
	size_t n_caps;
	nv_i128 fleet_promised; /* to the next runs of workers that go before it; counts
				   against the fleet's caps */
	nv_i128 next_run; /* what one run of each of its instances may cost; 0 = unknown
			   */
	/* next_run is a mean that knows no single run: alone it keeps nobody from
	 * beginning with a cap of which nothing is spent, or he might never show that it
	 * is wrong. */
	bool next_run_guessed;
	bool asks;         /* its runs pass the other gate: reservations come and go */
	bool clock_behind; /* of the ledger: its days do not end when the clock's do */
	const char *uncounted; /* currencies of costs without a rate; "" or NULL = none */
	bool unpriced;         /* there is no price table, though one is configured */
	char currency[NV_CURRENCY_BYTES];
};

struct eng_budget_verdict {
	bool pause;
	bool capped;       /* there is a cap at all */
	nv_i128 remaining; /* of the tightest cap; never negative */
	const char *rule;  /* static: which kind of cap says pause; NULL = none */
	char reason[320];  /* when it is to pause */
};

void eng_budget_check(const struct eng_budget_figures *f, struct eng_budget_verdict *ret);

/* What a running worker will cost a day if it goes on: what it did cost in the last
 * 24 hours, or its last hour times 24 when that is more (a young worker), but the latter
 * never above what its runs can cost at the configured interval (0 = unknown). */
nv_i128
eng_budget_projection(nv_i128 cost_1h, nv_i128 cost_24h, nv_i128 configured_per_day);

/* The part of a rise that does not show in the last hour's cost yet. */
nv_i128 eng_budget_unseen(nv_i128 rise_per_day, int64_t age_ms);

/* Cost per run above its cap (cap < 0 = none). */
bool eng_budget_run_over(nv_i128 cost, uint64_t runs, nv_i128 cap);

#endif
