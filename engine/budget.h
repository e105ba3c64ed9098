/* What may still be spent. Pure: figures in, verdict out; amounts in the base currency at
 * scale 10^-9. The caps hold by a gate: a worker is paused as soon as its next runs
 * would not fit in what is left, so that a cap is passed by no more than what was
 * already in flight. enforce.c acts on the verdicts. */
#ifndef ENG_BUDGET_H
#define ENG_BUDGET_H

#include "nv_money.h"

/* A verdict's rule: costs in a currency without a rate. */
extern const char eng_budget_rule_currency[];

struct eng_budget_figures {
	nv_i128 fleet_cap; /* max_daily_budget */
	nv_i128 fleet_spent;
	nv_i128 fleet_promised;   /* to the next runs of workers that go before it */
	nv_i128 worker_daily_cap; /* -1 = none */
	nv_i128 worker_spent;
	nv_i128 worker_total_cap; /* -1 = none */
	nv_i128 worker_total;
	nv_i128 next_run; /* what one run of each of its instances may cost; 0 = unknown
			   */
	/* next_run is a mean that knows no single run: alone it keeps nobody from
	 * beginning with a cap of which nothing is spent, or he might never show that it
	 * is wrong. */
	bool next_run_guessed;
	bool clock_behind; /* of the ledger: its days do not end when the clock's do */
	const char *uncounted; /* currencies of costs without a rate; "" or NULL = none */
	bool unpriced;         /* there is no price table, though one is configured */
	char currency[NV_CURRENCY_BYTES];
};

struct eng_budget_verdict {
	bool pause;
	nv_i128 remaining; /* of the tightest cap; never negative */
	const char *rule;  /* static: which cap says pause; NULL = none */
	char reason[200];  /* when it is to pause */
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
