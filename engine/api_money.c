/* Verbs about money: summary, costs, revenue. */
#include "api.h"
#include "decide.h"
#include "fleet.h"
#include "intake.h"
#include "reports.h"
#include "restored.h"

#include "nv_clock.h"
#include "nv_json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- summary ---- */

static json_t *
hash_json(const uint8_t hash[32])
{
	char hex[65];

	for (size_t i = 0; i < 32; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", hash[i]);
	return json_string(hex);
}

int
eng_verb_summary(struct eng_call *call)
{
	struct eng *eng = call->eng;
	struct led_view *v = NULL;
	struct led_totals today = {0};
	struct led_stats stats = {0};
	struct eng_intake_figures intake = {0};
	json_t *metrics = NULL;
	int rc = led_view_begin(eng->led, &v, &call->err);

	if (rc < 0)
		return rc;
	rc = eng_sum_window(eng, v, 0, eng->decide->day_from_ns, INT64_MAX, &today, NULL);
	if (rc == 0)
		rc = led_view_stats(v, &stats);
	if (rc == 0) {
		metrics = eng_json_metrics(eng, &today);
		rc = eng_json_put_unconverted(metrics, eng, v,
			&(struct eng_scope){(const uint32_t[]){0}, 1,
				eng->decide->day_from_ns, INT64_MAX, false},
			NULL);
	}
	led_view_end(v);
	if (rc < 0) {
		json_decref(metrics);
		return rc;
	}
	eng_intake_figures(eng, &intake);
	json_t *counts = eng_json_counts(eng);
	json_int_t pending = json_integer_value(json_object_get(counts, "pending"));
	json_t *e = json_pack("{s:I, s:I, s:I, s:I, s:o}", "streams",
		(json_int_t)intake.streams, "quarantined", (json_int_t)stats.quarantined,
		"events", (json_int_t)stats.events, "control_dropped",
		(json_int_t)intake.control_dropped, "head_hash",
		hash_json(stats.head_hash));

	call->data = json_pack("{s:o, s:o, s:o, s:I, s:b, s:b, s:o, s:o}", "today",
		metrics, "budget", eng_json_budget(eng), "decisions", counts,
		"pending_approvals", pending, "autonomous", eng->autonomous,
		"unconverted_money", json_object_get(metrics, "unconverted") != NULL,
		"engine", e, "restored", eng_restored_json(eng));
	return 0;
}

/* ---- costs, revenue ---- */

static int
money_table(struct eng_call *call, bool cost)
{
	const char *what = cost ? "cost" : "revenue";
	enum eng_figure figure = cost ? ENG_FIG_COST : ENG_FIG_REVENUE;
	struct eng_report r = {0};
	int rc = eng_report_begin(
		&r, call, &(struct eng_report_ask){.period = "today", .by = "worker"});

	r.figures = 1u << figure;
	if (rc == 0)
		rc = eng_report_fill(&r);
	if (rc == 0) {
		eng_tally_sort(&r.tally, cost ? ENG_BY_COST : ENG_BY_REVENUE, false);
		call->data = json_pack(
			"{s:o}", "total", nv_json_money(r.tally.total->base.v[figure]));
		rc = call->data ? eng_report_put_head(&r, call->data) : -ENOMEM;
	}
	if (rc == 0)
		rc = eng_json_put_shares(call->data, &r.tally,
			&(struct eng_shares_ask){"rows", what, figure, r.limit});
	if (rc == 0)
		rc = eng_report_put_tail(&r, call->data, what);
	eng_report_end(&r);
	return rc;
}

int
eng_verb_costs(struct eng_call *call)
{
	return money_table(call, true);
}

int
eng_verb_revenue(struct eng_call *call)
{
	return money_table(call, false);
}
