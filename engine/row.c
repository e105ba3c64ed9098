/* Workers as JSON text: see row.h. */
#include "row.h"

#include "decide.h"
#include "fleet.h"
#include "put.h"
#include "report.h"
#include "resource.h"

#include "nv_clock.h"

#include <stdio.h>
#include <string.h>

/* ---- parts ---- */

void
eng_row_metrics(struct nv_buf *buf, const struct eng *eng, const struct led_totals *t,
	const char *unconverted)
{
	int64_t roi_ppm = 0;
	bool known = nv_roi_ppm(eng_earned(t), t->cost, &roi_ppm);

	nv_buf_puts(buf, "{");
	eng_put_count(buf, "\"runs\":", eng_runs(t));
	eng_put_count(buf, "\"ok\":", t->runs_ok);
	eng_put_count(buf, "\"failed\":", t->runs_failed);
	eng_put_money(buf, "\"cost\":", t->cost);
	eng_put_money(buf, "\"revenue\":", t->revenue);
	eng_put_money(buf, "\"refunds\":", t->refunds);
	eng_put_money(buf, "\"fees\":", t->fees);
	eng_put_money(buf, "\"disputes\":", t->disputes);
	eng_put_money(buf, "\"profit\":", eng_profit(t));
	eng_put_percent(buf, "\"roi_percent\":", known, roi_ppm);
	eng_put_count(buf, "\"crashes\":", t->crashes);
	eng_put_part(
		buf, "\"run_s\":", (int64_t)NV_MIN(t->run_ms, (uint64_t)INT64_MAX), 1000);
	eng_put_text(buf, "\"currency\":", eng->config->base_currency);
	if (unconverted) {
		eng_put_key(buf, "\"unconverted\":");
		nv_buf_puts(buf, unconverted);
	}
	nv_buf_puts(buf, "}");
}

void
eng_row_desired(struct nv_buf *buf, const struct eng_worker *w)
{
	bool by_budget = w->desire.want == ENG_WANT_RUNNING && w->budget_paused;

	nv_buf_puts(buf, "{");
	eng_put_text(buf, "\"state\":", eng_worker_state(w));
	eng_put_count(buf, "\"instances\":", eng_desire_instances(w));
	eng_put_bool(buf, "\"paused\":", eng_worker_is_paused(w));
	eng_put_bool(buf, "\"budget_paused\":", w->conf && w->budget_paused);
	eng_put_text(buf, "\"reason\":", eng_worker_reason(w));
	eng_put_text(buf, "\"by\":", by_budget ? "budget" : w->desire.by);
	eng_put_time(buf, "\"since\":", w->desire.since_ns);
	eng_put_count(buf, "\"epoch\":", w->desire.epoch);
	nv_buf_puts(buf, "}");
}

void
eng_row_resources(struct nv_buf *buf, const struct eng_worker *w, uint32_t instance)
{
	struct eng_usage_sample sum = {0};

	for (const struct eng_instance *i = w->instances; i; i = i->next) {
		if (i->gone || (instance != 0 && i->instance != instance))
			continue;
		sum.cpu_us += i->now.cpu_us;
		sum.cpu_ppm += i->now.cpu_ppm;
		sum.rss_bytes += i->now.rss_bytes;
		sum.pss_bytes += i->now.pss_bytes;
		sum.threads += i->now.threads;
		sum.fds += i->now.fds;
		sum.processes += i->now.processes;
		sum.read_bytes += i->now.read_bytes;
		sum.write_bytes += i->now.write_bytes;
	}
	nv_buf_puts(buf, "{");
	eng_put_part(buf,
		"\"cpu_s\":", (int64_t)NV_MIN((uint64_t)sum.cpu_us, (uint64_t)INT64_MAX),
		1000000);
	eng_put_percent(buf, "\"cpu_percent\":", true, sum.cpu_ppm);
	eng_put_count(buf, "\"rss_bytes\":", sum.rss_bytes);
	eng_put_count(buf, "\"pss_bytes\":", sum.pss_bytes);
	eng_put_count(buf, "\"processes\":", sum.processes);
	eng_put_count(buf, "\"threads\":", sum.threads);
	eng_put_count(buf, "\"fds\":", sum.fds);
	eng_put_count(buf, "\"read_bytes\":", sum.read_bytes);
	eng_put_count(buf, "\"write_bytes\":", sum.write_bytes);
	nv_buf_puts(buf, "}");
}

static void
put_instances(struct nv_buf *buf, const struct eng_worker *w)
{
	eng_put_key(buf, "\"instances\":");
	nv_buf_puts(buf, "[");
	for (const struct eng_instance *i = w->instances; i; i = i->next) {
		if (i->gone)
			continue;
		eng_put_key(buf, "{");
		eng_put_count(buf, "\"instance\":", i->instance);
		eng_put_count(buf, "\"generation\":", i->generation);
		eng_put_count(buf, "\"pid\":", (uint64_t)NV_MAX(i->pid, 0));
		eng_put_time(buf, "\"last_heartbeat\":", i->heartbeat_ns);
		eng_put_key(buf, "\"resources\":");
		eng_row_resources(buf, w, i->instance);
		nv_buf_puts(buf, "}");
	}
	nv_buf_puts(buf, "]");
}

/* ---- rows ---- */

void
eng_row_worker(struct nv_buf *buf, const struct eng *eng, const struct eng_worker *w,
	const char *unconverted, bool brief)
{
	eng_put_text(buf, "\"worker\":", w->name);
	eng_put_text(buf, "\"group\":", eng_worker_group(w));
	eng_put_text_or_null(buf, "\"kind\":",
		!w->conf                        ? NULL
		: w->conf->kind == NV_KIND_TASK ? "task"
						: "service");
	eng_put_bool(buf, "\"configured\":", w->conf != NULL);
	eng_put_bool(buf, "\"halted\":", w->halted);
	eng_put_key(buf, "\"desired\":");
	eng_row_desired(buf, w);
	eng_put_key(buf, "\"metrics\":");
	eng_row_metrics(buf, eng, &w->totals, unconverted);
	eng_put_count(buf, "\"rejected_events\":", w->rejected);
	eng_put_key(buf, "\"unpriced\":{");
	eng_put_count(buf, "\"events\":", w->unpriced);
	eng_put_text_or_null(buf, "\"model\":", w->unpriced_model);
	nv_buf_puts(buf, "}");
	eng_put_time(buf, "\"last_heartbeat\":", w->heartbeat_ns);
	eng_put_text_or_null(buf, "\"last_status\":", w->status);
	eng_put_text_or_null(buf, "\"last_error\":", w->last_error);
	if (brief)
		return;
	eng_put_key(buf, "\"resources\":");
	eng_row_resources(buf, w, 0);
	put_instances(buf, w);
}

const char *
eng_agent_state(const struct eng_worker *w)
{
	const char *state = eng_worker_state(w);

	if (strcmp(state, "running") != 0)
		return state;
	if (w->halted)
		return "halted";
	for (const struct eng_instance *i = w->instances; i; i = i->next)
		if (!i->gone)
			return state;
	return "down";
}

void
eng_row_agent(struct nv_buf *buf, const struct eng_worker *w)
{
	const struct nv_conf_worker *conf = w->conf;

	eng_put_text(buf, "\"agent\":", w->name);
	eng_put_text(buf, "\"status\":", eng_agent_state(w));
	eng_put_text(buf, "\"state\":", eng_agent_state(w));
	eng_put_text(buf, "\"reason\":", eng_worker_reason(w));
	if (!conf)
		return;
	eng_put_text(buf, "\"description\":", conf->description);
	eng_put_bool(buf, "\"autonomous\":", conf->autonomous);
	eng_put_part(buf, "\"run_interval_s\":", eng_worker_interval_ms(w), 1000);
	eng_put_count(buf, "\"instances_min\":", conf->instances_min);
	eng_put_count(buf, "\"instances_max\":", conf->instances_max);
}
