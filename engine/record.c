/* Decisions of the core as records: see record.h. */
#include "record.h"

#include "nv_json.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MEDIUM_RISK 25
#define HIGH_RISK   50

static json_t *
three(const double v[3])
{
	json_t *list = json_array();
	int bad = list ? 0 : -1;

	for (int i = 0; i < 3; i++)
		bad |= json_array_append_new(list, nv_json_real(v[i]));
	if (bad) {
		json_decref(list);
		return NULL;
	}
	return list;
}

static json_t *
inputs_json(const struct pol_decision *d, uint64_t seq)
{
	const struct pol_why *w = &d->why;
	json_t *o = json_object();
	int bad = o ? 0 : -1;

	bad |= json_object_set_new(o, "runs_ok", json_integer((json_int_t)w->runs_ok));
	bad |= json_object_set_new(
		o, "runs_failed", json_integer((json_int_t)w->runs_failed));
	bad |= json_object_set_new(o, "sales", json_integer((json_int_t)w->sales));
	bad |= json_object_set_new(o, "cost", nv_json_money(w->cost_nano));
	bad |= json_object_set_new(o, "revenue", nv_json_money(w->revenue_nano));
	bad |= json_object_set_new(o, "refunds", nv_json_money(w->refund_nano));
	bad |= json_object_set_new(o, "exposure", nv_json_real(w->exposure));
	bad |= json_object_set_new(o, "sales_eff", nv_json_real(w->sales_eff));
	bad |= json_object_set_new(o, "sale_mean", nv_json_real(w->sale_mean));
	bad |= json_object_set_new(o, "refund_share", nv_json_real(w->refund));
	bad |= json_object_set_new(o, "volume", nv_json_real(w->volume));
	bad |= json_object_set_new(o, "volume_to", nv_json_real(w->volume_to));
	bad |= json_object_set_new(o, "beta", nv_json_real(w->beta));
	bad |= json_object_set_new(o, "mature", nv_json_real(w->mature));
	bad |= json_object_set_new(o, "half_life_d", nv_json_real(w->half_life_d));
	bad |= json_object_set_new(o, "success", nv_json_real(w->success));
	bad |= json_object_set_new(o, "instances", json_integer(d->from_instances));
	bad |= json_object_set_new(o, "run_interval_s", json_integer(d->from_interval_s));
	bad |= json_object_set_new(o, "ledger_seq", json_integer((json_int_t)seq));
	if (bad) {
		json_decref(o);
		return NULL;
	}
	return o;
}

static json_t *
instead_json(const struct pol_why *w)
{
	json_t *o = json_object();
	int bad = o ? 0 : -1;

	bad |= json_object_set_new(
		o, "one_more_sale_p", nv_json_real(w->one_more_sale_p));
	bad |= json_object_set_new(
		o, "stay_roi_percent", nv_json_real(w->stay_roi_percent));
	bad |= json_object_set_new(o, "budget_left", nv_json_money(w->budget_left_nano));
	bad |= json_object_set_new(o, "next_best",
		w->next_best[0] ? json_string(w->next_best) : json_null());
	bad |= json_object_set_new(
		o, "next_best_multiple", nv_json_real(w->next_best_multiple));
	if (bad) {
		json_decref(o);
		return NULL;
	}
	return o;
}

static json_t *
words(const char *const list[], size_t n)
{
	json_t *array = json_array();
	int bad = array ? 0 : -1;

	for (size_t i = 0; i < n && list[i]; i++)
		bad |= json_array_append_new(array, json_string(list[i]));
	if (bad) {
		json_decref(array);
		return NULL;
	}
	return array;
}

static json_t *
split_json(const struct pol_decision *d, const struct nv_conf_worker *conf)
{
	json_t *o = json_object();
	int bad = o ? 0 : -1;

	for (unsigned i = 0; conf && i < d->n_split && i < conf->n_variants; i++)
		bad |= json_object_set_new(
			o, conf->variants[i], nv_json_real(d->split[i]));
	if (bad) {
		json_decref(o);
		return NULL;
	}
	return o;
}

static const char *
risk_band(unsigned risk)
{
	return risk < MEDIUM_RISK ? "low" : risk < HIGH_RISK ? "medium" : "high";
}

static int
write_change(json_t *o, const struct pol_decision *d, const struct nv_conf_worker *conf)
{
	int bad = 0;

	if (d->to_interval_s > 0)
		bad |= json_object_set_new(
			o, "to_interval_s", json_integer(d->to_interval_s));
	if (d->n_split > 0)
		bad |= json_object_set_new(o, "split", split_json(d, conf));
	if (d->action == POL_LIMIT)
		bad |= json_object_set_new(o, "limit", nv_json_money(d->limit_nano));
	return bad;
}

int
eng_record_write(json_t *doc, const struct pol_decision *d, enum pol_mode mode,
	const struct nv_conf_worker *conf, uint64_t seq)
{
	const struct pol_why *w = &d->why;
	char priors[20];
	int bad = write_change(doc, d, conf);

	(void)snprintf(priors, sizeof priors, "%016llx", (unsigned long long)w->priors);
	bad |= json_object_set_new(doc, "policy", json_string(pol_mode_name(mode)));
	bad |= json_object_set_new(
		doc, "threshold", json_string(w->threshold ? w->threshold : ""));
	bad |= json_object_set_new(doc, "limit_value", nv_json_real(w->limit));
	bad |= json_object_set_new(doc, "value", nv_json_real(w->value));
	bad |= json_object_set_new(doc, "probability", nv_json_real(w->p));
	bad |= json_object_set_new(doc, "e_value", nv_json_real(w->e));
	bad |= json_object_set_new(doc, "confidence", nv_json_real(d->confidence));
	bad |= json_object_set_new(doc, "evidence", nv_json_real(d->evidence));
	bad |= json_object_set_new(doc, "risk", json_integer(d->risk));
	bad |= json_object_set_new(doc, "risk_band", json_string(risk_band(d->risk)));
	bad |= json_object_set_new(
		doc, "finding", json_string(d->finding ? d->finding : ""));
	bad |= json_object_set_new(doc, "reasons", words(d->reasons, NV_LEN(d->reasons)));
	bad |= json_object_set_new(
		doc, "expected_profit", nv_json_money(d->expected_profit_nano));
	bad |= json_object_set_new(doc, "roi_range_percent", three(w->roi_percent));
	bad |= json_object_set_new(doc, "marginal", three(w->marginal));
	bad |= json_object_set_new(doc, "shadow_price", nv_json_real(w->shadow));
	bad |= json_object_set_new(doc, "instead", instead_json(w));
	bad |= json_object_set_new(doc, "model",
		json_pack("{s:i, s:s}", "version", (int)w->version, "priors", priors));
	bad |= json_object_set_new(doc, "inputs", inputs_json(d, seq));
	return bad ? -ENOMEM : 0;
}

/* ---- back ---- */

static double
number(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	return json_is_number(v) ? json_number_value(v) : 0.;
}

static int64_t
whole(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	return json_is_integer(v) ? (int64_t)json_integer_value(v) : 0;
}

static int64_t
money(const json_t *o, const char *key)
{
	int64_t nano = 0;

	(void)nv_json_get_money(o, key, &nano, NULL); /* missing is nothing */
	return nano;
}

static const char *
text_of(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text ? text : "";
}

static void
read_why(const json_t *o, struct pol_why *w)
{
	const json_t *inputs = json_object_get(o, "inputs");
	const json_t *marginal = json_object_get(o, "marginal");

	w->rule = text_of(o, "rule");
	w->threshold = text_of(o, "threshold");
	w->limit = number(o, "limit_value");
	w->value = number(o, "value");
	w->p = number(o, "probability");
	w->e = number(o, "e_value");
	w->shadow = number(o, "shadow_price");
	w->volume = number(inputs, "volume");
	w->volume_to = number(inputs, "volume_to");
	for (size_t i = 0; i < NV_LEN(w->marginal); i++)
		w->marginal[i] = json_number_value(json_array_get(marginal, i));
}

int
eng_record_read(const json_t *doc, struct pol_decision *ret)
{
	const json_t *inputs = json_object_get(doc, "inputs");
	const char *type = json_string_value(json_object_get(doc, "type"));
	const char *worker = json_string_value(json_object_get(doc, "worker"));
	const char *text = json_string_value(json_object_get(doc, "reason"));
	struct pol_decision d = {.finding = text_of(doc, "finding")};
	const char *key;
	json_t *share;

	if (!json_is_string(json_object_get(doc, "policy")) || !type || !worker ||
		strlen(worker) >= sizeof d.worker || !pol_action_from(type, &d.action))
		return -EINVAL;
	(void)snprintf(d.worker, sizeof d.worker, "%s", worker);
	(void)snprintf(d.text, sizeof d.text, "%s", text ? text : "");
	d.from_instances = (uint32_t)whole(doc, "from_instances");
	d.to_instances = (uint32_t)whole(doc, "to_instances");
	d.from_interval_s = whole(inputs, "run_interval_s");
	d.to_interval_s = whole(doc, "to_interval_s");
	json_object_foreach(json_object_get(doc, "split"), key, share)
	{
		if (d.n_split < POL_VARIANTS_MAX)
			d.split[d.n_split++] = json_number_value(share);
	}
	d.limit_nano = money(doc, "limit");
	d.needs_approval = json_is_true(json_object_get(doc, "requires_approval"));
	d.impact_nano = money(doc, "cost_impact");
	d.expected_profit_nano = money(doc, "expected_profit");
	d.confidence = number(doc, "confidence");
	d.evidence = number(doc, "evidence");
	d.risk = (unsigned)whole(doc, "risk");
	read_why(doc, &d.why);
	*ret = d;
	return 0;
}
