/* Periods and sums: see report.h. */
#include "report.h"

#include "budget.h"

#include "nv_clock.h"
#include "nv_iso4217.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- sums ---- */

bool
eng_rate(const struct nv_config *config, const char *code, int64_t *ret_rate_nano)
{
	if (strcmp(code, config->base_currency) == 0) {
		*ret_rate_nano = NV_MONEY_SCALE;
		return true;
	}
	for (size_t i = 0; i < config->n_currencies; i++) {
		if (strcmp(code, config->currencies[i].code) == 0) {
			*ret_rate_nano = config->currencies[i].rate_nano;
			return true;
		}
	}
	return false;
}

bool
eng_currency_known(const struct nv_config *config, const char *code)
{
	int64_t rate_nano = 0;

	return eng_rate(config, code, &rate_nano) || nv_iso4217_active(code);
}

nv_i128
eng_convert(nv_i128 nano, int64_t rate_nano)
{
	if (rate_nano == NV_MONEY_SCALE)
		return nano;
	/* Whole units and the rest apart: the product of both together would pass 128
	 * bits with amounts a confused worker can report. */
	nv_i128 half = NV_MONEY_SCALE / 2;
	nv_i128 rest = nano % NV_MONEY_SCALE * rate_nano;
	nv_i128 whole;
	nv_i128 sum;

	rest = (rest + (rest < 0 ? -half : half)) / NV_MONEY_SCALE;
	if (__builtin_mul_overflow(nano / NV_MONEY_SCALE, (nv_i128)rate_nano, &whole) ||
		__builtin_add_overflow(whole, rest, &sum) || sum > NV_SUM_MAX)
		return nano < 0 ? -NV_SUM_MAX : NV_SUM_MAX;
	return sum < -NV_SUM_MAX ? -NV_SUM_MAX : sum;
}

void
eng_totals_add(struct led_totals *sum, const struct led_totals *t)
{
	sum->cost += t->cost;
	sum->revenue += t->revenue;
	sum->refunds += t->refunds;
	sum->fees += t->fees;
	sum->disputes += t->disputes;
	sum->payouts += t->payouts;
	sum->grants += t->grants;
	sum->runs_ok += t->runs_ok;
	sum->runs_failed += t->runs_failed;
	sum->crashes += t->crashes;
	sum->heartbeats += t->heartbeats;
	sum->events += t->events;
	sum->rejected += t->rejected;
	sum->run_ms += t->run_ms;
	sum->seq_last = NV_MAX(sum->seq_last, t->seq_last);
}

static void
money_add(struct led_totals *sum, const struct led_totals *t, int64_t rate_nano)
{
	sum->cost += eng_convert(t->cost, rate_nano);
	sum->revenue += eng_convert(t->revenue, rate_nano);
	sum->refunds += eng_convert(t->refunds, rate_nano);
	sum->fees += eng_convert(t->fees, rate_nano);
	sum->disputes += eng_convert(t->disputes, rate_nano);
	sum->payouts += eng_convert(t->payouts, rate_nano);
	sum->grants += eng_convert(t->grants, rate_nano);
}

static bool
has_money(const struct led_totals *t)
{
	return t->cost || t->revenue || t->refunds || t->fees || t->disputes ||
	       t->payouts;
}

/* Adds a code to a list for people, which ends in "..." when it is full. */
static void
name_code(char list[ENG_CODES_BYTES], const char *code)
{
	static const char full[] = ", ...";
	size_t used = strlen(list);

	if (used + 2 + strlen(code) + sizeof full <= ENG_CODES_BYTES)
		(void)snprintf(list + used, ENG_CODES_BYTES - used, "%s%s",
			used ? ", " : "", code);
	else if (list[used - 1] != '.')
		(void)snprintf(list + used, ENG_CODES_BYTES - used, "%s", full);
}

/* The totals of one currency over a window. */
struct share {
	char code[NV_CURRENCY_BYTES];
	struct led_totals totals;
	int64_t rate_nano;
	bool rated;
};

static int
share_read(struct eng *eng, struct led_view *v, uint32_t worker_id, uint32_t currency,
	int64_t from_ns, int64_t end_ns, struct share *ret)
{
	int rc = led_view_currency_code(v, currency, ret->code);

	if (rc < 0)
		return rc;
	rc = led_view_window(v, worker_id, currency, from_ns, end_ns, &ret->totals);
	if (rc < 0 && rc != -ENOENT)
		return rc;
	ret->rated = eng_rate(eng->config, ret->code, &ret->rate_nano);
	return 0;
}

int
eng_sum_window(struct eng *eng, struct led_view *v, uint32_t worker_id, int64_t from_ns,
	int64_t end_ns, struct led_totals *ret, struct eng_uncounted *ret_uncounted)
{
	struct led_totals sum = {0};
	struct eng_uncounted uncounted = {0};
	uint32_t n = led_view_n_currencies(v);

	/* Currency 0: the counts, without money; the others repeat the counts. */
	int rc = led_view_window(v, worker_id, 0, from_ns, end_ns, &sum);

	if (rc < 0 && rc != -ENOENT)
		return rc;
	for (uint32_t id = 1; id <= n; id++) {
		struct share share;

		rc = share_read(eng, v, worker_id, id, from_ns, end_ns, &share);
		if (rc < 0)
			return rc;
		if (share.rated)
			money_add(&sum, &share.totals, share.rate_nano);
		else if (has_money(&share.totals))
			name_code(uncounted.codes, share.code);
		if (!share.rated && share.totals.cost)
			name_code(uncounted.costs, share.code);
		sum.seq_last = NV_MAX(sum.seq_last, share.totals.seq_last);
	}
	*ret = sum;
	if (ret_uncounted)
		*ret_uncounted = uncounted;
	return 0;
}

int
eng_profits_at(struct eng *eng, struct led_view *v, uint32_t worker_id,
	const int64_t *at_ns, size_t n, nv_i128 *ret)
{
	struct led_totals at[ENG_PROFITS_MAX];
	uint32_t n_currencies = led_view_n_currencies(v);

	NV_ASSERT(n <= ENG_PROFITS_MAX);
	for (size_t i = 0; i < n; i++)
		ret[i] = 0;
	for (uint32_t id = 1; id <= n_currencies; id++) {
		char code[NV_CURRENCY_BYTES];
		int64_t rate_nano = 0;
		int rc = led_view_currency_code(v, id, code);

		if (rc < 0)
			return rc;
		if (!eng_rate(eng->config, code, &rate_nano))
			continue;
		rc = led_view_money_at(v, worker_id, id, at_ns, n, at);
		if (rc < 0)
			return rc;
		for (size_t i = 0; i < n; i++) {
			struct led_totals base = {0};

			money_add(&base, &at[i], rate_nano);
			ret[i] += eng_profit(&base);
		}
	}
	return 0;
}

static int
add_past(struct led_view *v, const struct eng_scope *scope, size_t i, uint32_t currency,
	struct led_totals *sum)
{
	struct led_totals past;
	int rc = led_view_past(
		v, scope->workers[i], currency, scope->from_ns, scope->to_ns, &past);

	if (rc == 0)
		eng_totals_add(sum, &past);
	return rc == -ENOENT ? 0 : rc;
}

int
eng_uncounted_walk(struct eng *eng, struct led_view *v, const struct eng_scope *scope,
	eng_uncounted_fn *fn, void *arg)
{
	uint32_t n = led_view_n_currencies(v);

	for (uint32_t id = 1; id <= n; id++) {
		struct share share = {0};
		struct led_totals sum = {0};
		int rc = 0;

		for (size_t i = 0; i < scope->n_workers && rc == 0 && !share.rated; i++) {
			rc = share_read(eng, v, scope->workers[i], id, scope->from_ns,
				scope->to_ns, &share);
			if (rc == 0)
				eng_totals_add(&sum, &share.totals);
			if (rc == 0 && scope->past)
				rc = add_past(v, scope, i, id, &sum);
		}
		if (rc == 0 && !share.rated && has_money(&sum))
			rc = fn(arg, share.code, &sum);
		if (rc != 0)
			return rc;
	}
	return 0;
}

nv_i128
eng_earned(const struct led_totals *t)
{
	return t->revenue - t->refunds - t->disputes - t->fees;
}

nv_i128
eng_profit(const struct led_totals *t)
{
	return eng_earned(t) - t->cost;
}
