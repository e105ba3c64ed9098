/* What a worker does that it never did before: costs far above its own recent mean, sales
 * that have stopped, a burst of refunds. Pure: figures in, verdict out; integers only.
 * anomalies.c reads the figures and acts. docs/DECISIONS.md says the same in prose.
 *
 * Amounts are in the base currency at scale 10^-9, ratios in parts per million. */
#ifndef ENG_ANOMALY_H
#define ENG_ANOMALY_H

#include "nv_money.h"

#define ENG_ANOMALY_BASE_HOURS 168 /* what is usual: of these */
#define ENG_ANOMALY_SALES_MIN  10  /* in them, before silence means anything */
#define ENG_ANOMALY_RUNS_MIN   20  /* in them, before a run's cost means anything */
#define ENG_ANOMALY_BURST      3   /* refunds in a day that may be a burst */

enum eng_anomaly {
	ENG_ANOMALY_NONE,
	ENG_ANOMALY_COST,
	ENG_ANOMALY_SILENCE,
	ENG_ANOMALY_REFUNDS,
	ENG_ANOMALY_COUNT
};
const char *eng_anomaly_name(enum eng_anomaly what); /* "cost", ... */

struct eng_anomaly_rules {
	int64_t cost_ppm;    /* of the mean; 0: not watched, also below */
	int64_t refunds_ppm; /* of the mean */
	uint32_t silence;    /* sales that are missing */
	int64_t above_nano;  /* less than this is no anomaly */
	char currency[NV_CURRENCY_BYTES];
};

/* "Base": the ENG_ANOMALY_BASE_HOURS before the last hour (of costs), before the last
 * 24 hours (of refunds), or until now (of sales). */
struct eng_anomaly_figures {
	bool known_a_day; /* it had costs more than a day before the last hour */
	nv_i128 cost_hour;
	uint64_t runs_hour;
	nv_i128 cost_base;
	uint64_t runs_base;
	nv_i128 cost_hour_max; /* of the base's single hours; see eng_anomaly_wants_max */
	uint64_t sales_base;
	uint64_t silent_hours; /* asked for by eng_anomaly_silence_hours; 0: not asked */
	uint64_t sales_silent; /* sales in them */
	uint64_t runs_silent;  /* good runs in them */
	nv_i128 refunds_day;
	uint64_t n_refunds_day;
	nv_i128 refunds_base;
	nv_i128 revenue_base;
};

struct eng_anomaly_verdict {
	enum eng_anomaly what;
	char reason[240];
};

/* Whether cost_hour_max decides, so that it has to be read: it takes many look-ups. */
bool eng_anomaly_wants_max(
	const struct eng_anomaly_rules *rules, const struct eng_anomaly_figures *f);
/* So long without a sale means that rules->silence of them are missing: whole hours; 0:
 * too few sales to say. */
uint64_t
eng_anomaly_silence_hours(const struct eng_anomaly_rules *rules, uint64_t sales_base);
void eng_anomaly_judge(const struct eng_anomaly_rules *rules,
	const struct eng_anomaly_figures *f, struct eng_anomaly_verdict *ret);

#endif
