/* A decision in plain words: what and why, how sure, what became of it; then the numbers
 * behind it. The record has everything (decision.c, record.c): nothing is looked up. */
#include "decision.h"

#include "nv_buf.h"
#include "nv_clock.h"
#include "nv_json.h"
#include "nv_units.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TEXT_BYTES_MAX 16384

static const char *
doc_text(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text ? text : "";
}

static bool
has_number(const json_t *o, const char *key, double *ret)
{
	const json_t *v = json_object_get(o, key);

	if (!json_is_number(v))
		return false;
	*ret = json_number_value(v);
	return true;
}

static bool
is_judged(const json_t *o)
{
	return json_is_string(json_object_get(o, "policy"));
}

/* ---- the first sentence: what, and why ---- */

static void
say_what(struct nv_buf *buf, const struct eng_decision *d)
{
	const json_t *inputs = json_object_get(d->doc, "inputs");
	char a[NV_UNITS_BYTES];
	char b[NV_UNITS_BYTES];
	double from_s = 0;
	double to_s = 0;
	const char *name;
	json_t *share;
	const char *between = " to ";

	nv_buf_printf(buf, "Decision %" PRIu64 ": %s %s", d->id,
		pol_action_name(d->action), d->worker);
	if ((d->action == POL_SCALE_UP || d->action == POL_SCALE_DOWN) &&
		d->from_instances != d->to_instances)
		nv_buf_printf(buf, " from %u to %u instances", d->from_instances,
			d->to_instances);
	if (has_number(d->doc, "to_interval_s", &to_s) &&
		has_number(inputs, "run_interval_s", &from_s) && to_s != from_s)
		nv_buf_printf(buf, ", running every %s instead of every %s",
			nv_duration_show((int64_t)to_s * 1000, b),
			nv_duration_show((int64_t)from_s * 1000, a));
	json_object_foreach(json_object_get(d->doc, "split"), name, share)
	{
		nv_buf_printf(buf, "%s%s %.0f%%", between, name,
			100. * json_number_value(share));
		between = ", ";
	}
	nv_buf_printf(buf, ", because %s.\n", doc_text(d->doc, "reason"));
}

/* ---- the second: how sure ---- */

static void
say_sure(struct nv_buf *buf, const json_t *o)
{
	double p = 0;
	double risk = 0;

	if (!is_judged(o) || !has_number(o, "probability", &p))
		return;
	nv_buf_printf(
		buf, "It is right about that with a probability of %.1f%%", 100. * p);
	if (has_number(o, "risk", &risk))
		nv_buf_printf(buf, ", at a %s risk (%.0f of 100)",
			doc_text(o, "risk_band"), risk);
	nv_buf_puts(buf, ".\n");
}

/* ---- the third: what became of it ---- */

static void
say_state(struct nv_buf *buf, const struct eng_decision *d)
{
	char when[NV_RFC3339_BYTES];
	const char *by = doc_text(d->doc, "decided_by");
	const char *note = doc_text(d->doc, "note");
	int64_t at = d->executed_ns ? d->executed_ns : d->decided_ns;

	switch (d->state) {
	case ENG_DEC_PENDING:
		nv_buf_printf(buf,
			"It waits for an approval until %s; meanwhile its cost is "
			"reserved.",
			nv_rfc3339(d->expires_ns, when));
		break;
	case ENG_DEC_ADVISED:
		nv_buf_puts(buf, "Nothing was done: autonomous decisions are off for it, "
				 "this is advice.");
		break;
	case ENG_DEC_EXECUTED:
		nv_buf_printf(buf, "It was carried out at %s%s%s.", nv_rfc3339(at, when),
			d->asked ? ", approved by " : "", d->asked ? by : "");
		break;
	default:
		nv_buf_printf(buf, "It is %s since %s (%s).",
			eng_dec_state_name(d->state), nv_rfc3339(at, when), by);
	}
	if (note[0])
		nv_buf_printf(buf, " %s.", note);
	nv_buf_puts(buf, "\n");
}

/* ---- the numbers ---- */

static void
put_money(struct nv_buf *buf, const json_t *o, const char *key, const char *name)
{
	char shown[NV_MONEY_BYTES];
	int64_t nano = 0;
	const json_t *inputs = json_object_get(o, "inputs");

	if (nv_json_get_money(inputs, key, &nano, NULL) == 0 && nano != 0)
		nv_buf_printf(buf, ", %s %s", name,
			nv_money_show(nano, doc_text(o, "currency"), shown));
}

static void
put_basis(struct nv_buf *buf, const json_t *o)
{
	const json_t *inputs = json_object_get(o, "inputs");
	long long ok = json_integer_value(json_object_get(inputs, "runs_ok"));
	long long failed = json_integer_value(json_object_get(inputs, "runs_failed"));
	long long sales = json_integer_value(json_object_get(inputs, "sales"));

	nv_buf_printf(buf, "It is based on %lld runs (%lld good)", ok + failed, ok);
	if (doc_text(inputs, "window_from")[0])
		nv_buf_printf(buf, " between %s and %s", doc_text(inputs, "window_from"),
			doc_text(inputs, "window_to"));
	put_money(buf, o, "cost", "cost");
	put_money(buf, o, "revenue", "revenue");
	if (sales > 0)
		nv_buf_printf(buf, " of %lld sale%s", sales, sales == 1 ? "" : "s");
	put_money(buf, o, "refunds", "refunds");
	put_money(buf, o, "fees", "fees");
	put_money(buf, o, "disputes", "disputes");
	nv_buf_puts(buf, ".\n");
	if (doc_text(o, "expected")[0])
		nv_buf_printf(buf, "Expected effect: %s.\n", doc_text(o, "expected"));
	if (doc_text(o, "counterfactual")[0])
		nv_buf_printf(buf, "What would have changed it: %s.\n",
			doc_text(o, "counterfactual"));
}

static void
put_three(struct nv_buf *buf, const json_t *o, const char *key, const char *name,
	const char *unit)
{
	const json_t *list = json_object_get(o, key);

	if (json_array_size(list) == 3)
		nv_buf_printf(buf,
			"%s: %.4g%s, between %.4g%s and %.4g%s in 8 of 10 cases.\n", name,
			json_number_value(json_array_get(list, 1)), unit,
			json_number_value(json_array_get(list, 0)), unit,
			json_number_value(json_array_get(list, 2)), unit);
}

static void
put_model(struct nv_buf *buf, const json_t *o)
{
	const json_t *inputs = json_object_get(o, "inputs");
	const json_t *model = json_object_get(o, "model");
	double value = 0;
	double limit = 0;
	double e = 0;
	double shadow = 0;

	if (!is_judged(o))
		return;
	put_three(buf, o, "roi_range_percent", "Return on investment as it is", "%");
	put_three(buf, o, "marginal",
		"What each unit of money of the next step would return", "");
	(void)has_number(o, "value", &value);
	(void)has_number(o, "limit_value", &limit);
	(void)has_number(o, "e_value", &e);
	nv_buf_printf(buf, "Rule %s, policy %s: %s, %.4g held against %.4g; e-value %.4g",
		doc_text(o, "rule"), doc_text(o, "policy"), doc_text(o, "threshold"),
		value, limit, e);
	if (has_number(o, "shadow_price", &shadow) && shadow > 0)
		nv_buf_printf(buf,
			"; one more %s of the fleet's budget would return %.3g",
			doc_text(o, "currency"), shadow);
	nv_buf_printf(buf, ".\nModel %lld, priors %s, ledger up to event %lld.\n",
		json_integer_value(json_object_get(model, "version")),
		doc_text(model, "priors"),
		json_integer_value(json_object_get(inputs, "ledger_seq")));
}

static void
put_outcome(struct nv_buf *buf, const json_t *o)
{
	const json_t *outcome = json_object_get(o, "outcome");

	if (outcome)
		nv_buf_printf(buf, "Outcome: %s.\n", doc_text(outcome, "summary"));
}

char *
eng_decision_explain(const struct eng_decision *d)
{
	struct nv_buf buf;

	nv_buf_init(&buf, TEXT_BYTES_MAX);
	say_what(&buf, d);
	say_sure(&buf, d->doc);
	say_state(&buf, d);
	put_basis(&buf, d->doc);
	put_model(&buf, d->doc);
	put_outcome(&buf, d->doc);
	char *text = nv_buf_take(&buf);

	nv_buf_fini(&buf);
	return text;
}
