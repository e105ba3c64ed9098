/* Sums of money over periods of time (period.h), in the base currency. */
#ifndef ENG_REPORT_H
#define ENG_REPORT_H

#include "eng.h"
#include "period.h"

/* How much of the base currency one unit of `code` is worth, scale 10^-9; false when it
 * is neither the base nor declared. */
bool eng_rate(const struct nv_config *config, const char *code, int64_t *ret_rate_nano);
/* Whether events may be in it: the base currency, a declared one, or ISO 4217's. */
bool eng_currency_known(const struct nv_config *config, const char *code);
/* amount * rate, rounded half away from zero; at most NV_SUM_MAX. */
nv_i128 eng_convert(nv_i128 nano, int64_t rate_nano);

/* Sum of every currency at today's declared rates. ret_uncounted (may be NULL) names the
 * currencies with money but without a rate: they are left out. 0, or -EIO when the ledger
 * cannot be read. */
int
eng_sum_window(struct eng *eng, struct led_view *v, uint32_t worker_id, int64_t from_ns,
	int64_t end_ns, struct led_totals *ret, struct eng_uncounted *ret_uncounted);
/* Profit since ever of a worker in the base currency, as of each of n instants: whole
 * minutes, ascending, at most ENG_PROFITS_MAX. Rounded as eng_sum_window does. */
#define ENG_PROFITS_MAX 32
int eng_profits_at(struct eng *eng, struct led_view *v, uint32_t worker_id,
	const int64_t *at_ns, size_t n, nv_i128 *ret);
/* Whose money over which time. */
struct eng_scope {
	const uint32_t *workers; /* ids; the id 0 is the whole fleet */
	size_t n_workers;
	int64_t from_ns;
	int64_t to_ns;
	bool past; /* and what was imported as of that time */
};
/* Calls fn with the totals of each currency that has money but no rate; non-zero ends it
 * and is returned. */
typedef int eng_uncounted_fn(void *arg, const char *code, const struct led_totals *t);
int eng_uncounted_walk(struct eng *eng, struct led_view *v, const struct eng_scope *scope,
	eng_uncounted_fn *fn, void *arg);

/* revenue - refunds - disputes - fees: what is left of the sales. */
nv_i128 eng_earned(const struct led_totals *t);
nv_i128 eng_profit(const struct led_totals *t);
void eng_totals_add(struct led_totals *sum, const struct led_totals *t);

#endif
