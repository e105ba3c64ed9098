/* A decision of a replay as a line of JSON. */
#include "replay.h"

#include <math.h>
#include <string.h>

/* The core never gives out NaN or an infinity; JSON has no word for them. */
static void
put_number(struct nv_buf *out, const char *key, double v)
{
	nv_buf_printf(out, "\"%s\":%.6g,", key, isfinite(v) ? v : 0.0);
}

static void
put_amount(struct nv_buf *out, const char *key, int64_t nano)
{
	char text[NV_MONEY_BYTES];

	nv_buf_printf(out, "\"%s\":\"%s\",", key, nv_money_text(nano, text));
}

static void
put_text(struct nv_buf *out, const char *key, const char *text)
{
	nv_buf_printf(out, "\"%s\":", key);
	nv_buf_put_json(out, text, strlen(text));
	nv_buf_puts(out, ",");
}

static void
put_three(struct nv_buf *out, const char *key, const double *v)
{
	nv_buf_printf(out, "\"%s\":[%.6g,%.6g,%.6g],", key, v[0], v[1], v[2]);
}

static void
unput_comma(struct nv_buf *out)
{
	if (!out->error && out->bytes && out->data[out->bytes - 1] == ',')
		out->data[--out->bytes] = '\0';
}

static void
put_inputs(struct nv_buf *out, const struct pol_why *w)
{
	nv_buf_puts(out, "\"inputs\":{");
	put_amount(out, "cost", w->cost_nano);
	put_amount(out, "revenue", w->revenue_nano);
	put_amount(out, "refunds", w->refund_nano);
	nv_buf_printf(out, "\"runs\":%llu,\"failed\":%llu,\"sales\":%llu,",
		(unsigned long long)w->runs_ok + w->runs_failed,
		(unsigned long long)w->runs_failed, (unsigned long long)w->sales);
	put_number(out, "exposure", w->exposure);
	put_number(out, "sales_eff", w->sales_eff);
	put_number(out, "sale_mean", w->sale_mean);
	put_number(out, "refund", w->refund);
	put_number(out, "volume", w->volume);
	put_number(out, "volume_to", w->volume_to);
	put_number(out, "beta", w->beta);
	put_number(out, "F", w->mature);
	put_number(out, "H", w->half_life_d);
	put_number(out, "success", w->success);
	unput_comma(out);
	nv_buf_puts(out, "},");
}

static void
put_why(struct nv_buf *out, const struct pol_decision *d)
{
	const struct pol_why *w = &d->why;

	nv_buf_puts(out, "\"why\":{");
	put_text(out, "rule", w->rule);
	put_text(out, "threshold", w->threshold);
	put_number(out, "limit", w->limit);
	put_number(out, "value", w->value);
	put_number(out, "p", w->p);
	if (w->e > 0)
		put_number(out, "e", w->e);
	put_inputs(out, w);
	put_three(out, "roi", w->roi_percent);
	put_three(out, "marginal", w->marginal);
	nv_buf_puts(out, "\"counterfactual\":{");
	put_number(out, "one_more_sale_p", w->one_more_sale_p);
	put_number(out, "stay_roi", w->stay_roi_percent);
	put_amount(out, "budget_left", w->budget_left_nano);
	if (w->next_best[0]) {
		put_text(out, "next_best", w->next_best);
		put_number(out, "next_best_multiple", w->next_best_multiple);
	}
	put_number(out, "shadow", w->shadow);
	unput_comma(out);
	nv_buf_printf(out, "},\"model\":{\"version\":%u,\"priors\":\"%016llx\"}}",
		w->version, (unsigned long long)w->priors);
}

static void
put_split(struct replay *r, const struct pol_decision *d)
{
	const struct replay_worker *w = replay_find(r, d->worker);

	nv_buf_puts(&r->out, "\"param\":\"variant_split\",\"value\":{");
	for (unsigned i = 0; w && i < d->n_split && i < w->conf.n_variants; i++) {
		nv_buf_put_json(
			&r->out, w->conf.variants[i], strlen(w->conf.variants[i]));
		nv_buf_printf(&r->out, ":%.6f,", d->split[i]);
	}
	unput_comma(&r->out);
	nv_buf_puts(&r->out, "},");
}

void
replay_show(struct replay *r, const struct pol_decision *d, uint64_t of)
{
	struct nv_buf *out = &r->out;
	const char *type = pol_action_name(d->action);

	if (d->action == POL_OPTIMIZE_INTERVAL || d->action == POL_OPTIMIZE_SPLIT)
		type = "optimize";
	nv_buf_printf(out, "{\"type\":\"%s\",\"id\":\"d%llu\",", type,
		(unsigned long long)++r->decisions);
	put_text(out, "worker", d->worker);
	switch (d->action) {
	case POL_SCALE_UP:
	case POL_SCALE_DOWN:
		nv_buf_printf(out, "\"instances\":%u,", d->to_instances);
		break;
	case POL_OPTIMIZE_INTERVAL:
		nv_buf_printf(out, "\"param\":\"run_interval\",\"value\":%lld,",
			(long long)d->to_interval_s);
		break;
	case POL_OPTIMIZE_SPLIT:
		put_split(r, d);
		break;
	case POL_LIMIT:
		put_amount(out, "usd_per_day", d->limit_nano);
		break;
	case POL_CANCEL:
		nv_buf_printf(out, "\"of\":\"d%llu\",", (unsigned long long)of);
		break;
	default:
		break;
	}
	if (d->action != POL_LIMIT && d->action != POL_CANCEL) {
		if (d->needs_approval)
			nv_buf_puts(out, "\"requires_approval\":true,");
		put_amount(out, "cost_impact", d->impact_nano);
		put_number(out, "confidence", d->confidence);
		put_number(out, "evidence", d->evidence);
		nv_buf_printf(out, "\"risk\":%u,", d->risk);
		put_text(out, "finding", d->finding);
		put_text(out, "reason", d->text);
		put_why(out, d);
		nv_buf_puts(out, "}\n");
		return;
	}
	put_text(out, "reason", d->text);
	unput_comma(out);
	nv_buf_puts(out, "}\n");
}
