/* forecast: what a worker or the fleet will earn and spend in the next days, as it runs
 * now, with intervals; and what that rests on. */
#include "api.h"
#include "decide.h"
#include "judge.h"

#include "forecast.h"
#include "nv_clock.h"
#include "nv_json.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

/* Statistics become money here, rounded to a cent: more digits would be a lie. */
static json_t *
cents(double units)
{
	double held = fmax(fmin(isfinite(units) ? units : 0, 9.2e9), -9.2e9);

	return nv_json_money((nv_i128)llround(held * 100) * (NV_MONEY_SCALE / 100));
}

static json_t *
interval_json(const struct pol_interval *i)
{
	return json_pack("{s:o, s:[o, o], s:[o, o]}", "expected", cents(i->mean), "p80",
		cents(i->low80), cents(i->high80), "p95", cents(i->low95),
		cents(i->high95));
}

static const char *
basis_name(enum pol_basis basis)
{
	return basis == POL_BASIS_EVIDENCE ? "evidence"
	       : basis == POL_BASIS_PRIOR  ? "too_little_data"
					   : "nothing";
}

static json_t *
forecast_json(const struct pol_forecast *f)
{
	return json_pack("{s:i, s:s, s:f, s:f, s:o, s:o, s:o, s:o, s:o}", "days",
		(int)f->days, "basis", basis_name(f->basis), "sales_seen",
		round(f->evidence * 10) / 10, "sales_expected", round(f->sales * 10) / 10,
		"revenue", interval_json(&f->revenue), "cost", interval_json(&f->cost),
		"profit", interval_json(&f->profit), "of_money_already_spent",
		cents(f->due), "refunds_expected", cents(f->refunds));
}

/* One sentence about how much it is worth. */
static void
say_basis(const struct pol_forecast *f, char *buf, size_t bytes)
{
	switch (f->basis) {
	case POL_BASIS_NOTHING:
		(void)snprintf(buf, bytes,
			"nothing runs and no sale is to come: there is nothing to "
			"forecast");
		break;
	case POL_BASIS_PRIOR:
		(void)snprintf(buf, bytes,
			"too little data: %.1f recent sales are known, fewer than %.0f; "
			"these figures are what a worker like it does on average, not "
			"what this one does",
			f->evidence, POL_FORECAST_SALES_MIN);
		break;
	case POL_BASIS_EVIDENCE:
		(void)snprintf(buf, bytes,
			"rests on %.1f recent sales (old ones count less); as everything "
			"runs now, without decisions to come",
			f->evidence);
		break;
	}
}

/* Of the whole fleet it takes a while when the fleet is large, and the intake waits: the
 * answer is given again for a hundred times as long as it took, with its time. Of days to
 * come it says the same then. */
#define AGAIN 100

static int
fleet_forecast(struct eng *eng, const struct pol *pol, int64_t now_ns, unsigned days,
	struct pol_forecast *ret, int64_t *ret_as_of_ns)
{
	struct eng_decide *d = eng->decide;
	int64_t began_ns = nv_mono_ns();

	if (began_ns >= d->outlook_until_ns || d->outlook.days != days) {
		int rc = pol_forecast(
			pol, NULL, now_ns / NV_NS_PER_SEC, days, &d->outlook);
		int64_t took_ns = nv_mono_ns() - began_ns;

		d->outlook_until_ns = 0;
		if (rc < 0)
			return rc;
		d->outlook_ns = now_ns;
		d->outlook_until_ns = began_ns + AGAIN * took_ns;
	}
	*ret = d->outlook;
	*ret_as_of_ns = d->outlook_ns;
	return 0;
}

/* The budget that may stop what is planned is said, not guessed at. */
int
eng_verb_forecast(struct eng_call *call)
{
	const char *name = NULL;
	struct eng_worker *only = NULL;
	struct pol_forecast f;
	uint64_t days = 0;
	char basis[256];
	int rc = nv_json_get_str(call->args, "worker", 200, &name, &call->err);

	if (rc == 0)
		rc = eng_api_worker(call, name, &only);
	if (rc < 0 && (rc != -ENOENT || name))
		return rc;
	rc = nv_json_get_u64(
		call->args, "days", 1, POL_FORECAST_DAYS_MAX, &days, &call->err);
	if (rc < 0 && rc != -ENOENT)
		return rc;
	struct pol *pol = eng_judge_pol(call->eng);

	if (!pol)
		return nv_err_set(&call->err, -EAGAIN,
			"the ledger is still being read: ask again in a moment");
	int64_t as_of_ns = call->now_ns;

	days = days ? days : 7;
	rc = only ? pol_forecast(pol, only->name, call->now_ns / NV_NS_PER_SEC,
			    (unsigned)days, &f)
		  : fleet_forecast(
			    call->eng, pol, call->now_ns, (unsigned)days, &f, &as_of_ns);
	if (rc == -ENOENT) /* it is configured, and nothing of it is in the ledger */
		f = (struct pol_forecast){.days = (unsigned)days};
	else if (rc < 0)
		return nv_err_set(&call->err, rc, "the forecast cannot be made");
	say_basis(&f, basis, sizeof basis);
	json_t *o = forecast_json(&f);

	if (!o ||
		json_object_set_new(
			o, "worker", only ? json_string(only->name) : json_null()) < 0 ||
		json_object_set_new(o, "text", nv_json_str(basis)) < 0 ||
		json_object_set_new(o, "as_of", nv_json_time(as_of_ns)) < 0 ||
		json_object_set_new(o, "currency",
			json_string(call->eng->config->base_currency)) < 0) {
		json_decref(o);
		return -ENOMEM;
	}
	call->data = o;
	return 0;
}
