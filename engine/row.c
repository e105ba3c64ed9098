/* Workers as JSON text: see row.h. */
#include "row.h"

#include "decide.h"
#include "fleet.h"
#include "report.h"
#include "resource.h"

#include "nv_clock.h"

#include <stdio.h>
#include <string.h>

/* ---- members ---- */

/* `key` with its quotes and colon: "\"runs\":". */
static void
put_key(struct nv_buf *buf, const char *key)
{
	char last = buf->bytes > 0 ? buf->data[buf->bytes - 1] : '{';

	if (last != '{' && last != '[')
		nv_buf_add(buf, ",", 1);
	nv_buf_puts(buf, key);
}

static void
put_digits(struct nv_buf *buf, uint64_t n)
{
	char text[24];
	size_t at = sizeof text;

	do {
		text[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	nv_buf_add(buf, text + at, sizeof text - at);
}

static void
put_count(struct nv_buf *buf, const char *key, uint64_t n)
{
	put_key(buf, key);
	put_digits(buf, NV_MIN(n, (uint64_t)INT64_MAX));
}

/* n / scale, a power of ten, with every digit. */
static void
put_part(struct nv_buf *buf, const char *key, int64_t n, unsigned scale)
{
	uint64_t left = n < 0 ? -(uint64_t)n : (uint64_t)n;

	put_key(buf, key);
	if (n < 0)
		nv_buf_add(buf, "-", 1);
	put_digits(buf, left / scale);
	nv_buf_add(buf, ".", 1);
	left %= scale;
	for (unsigned at = scale / 10; at > 0; at /= 10) {
		char digit = (char)('0' + left / at % 10);

		nv_buf_add(buf, &digit, 1);
	}
}

static void
put_null(struct nv_buf *buf, const char *key)
{
	put_key(buf, key);
	nv_buf_puts(buf, "null");
}

static void
put_percent(struct nv_buf *buf, const char *key, bool known, int64_t ppm)
{
	if (known)
		put_part(buf, key, nv_mul_div(ppm, 1, 1000), 10);
	else
		put_null(buf, key);
}

static void
put_money(struct nv_buf *buf, const char *key, nv_i128 nano)
{
	char text[NV_MONEY_BYTES];

	put_key(buf, key);
	nv_buf_add(buf, "\"", 1);
	nv_buf_puts(buf, nv_money_text(nano, text));
	nv_buf_add(buf, "\"", 1);
}

static void
put_bool(struct nv_buf *buf, const char *key, bool value)
{
	put_key(buf, key);
	nv_buf_puts(buf, value ? "true" : "false");
}

static void
put_text(struct nv_buf *buf, const char *key, const char *text)
{
	put_key(buf, key);
	nv_buf_put_json(buf, text, strlen(text));
}

static void
put_text_or_null(struct nv_buf *buf, const char *key, const char *text)
{
	if (text && text[0])
		put_text(buf, key, text);
	else
		put_null(buf, key);
}

static void
put_time(struct nv_buf *buf, const char *key, int64_t wall_ns)
{
	char text[NV_RFC3339_BYTES];

	if (wall_ns == 0)
		put_null(buf, key);
	else
		put_text(buf, key, nv_rfc3339(wall_ns, text));
}

/* ---- parts ---- */

void
eng_row_metrics(struct nv_buf *buf, const struct eng *eng, const struct led_totals *t,
	const char *unconverted)
{
	int64_t roi_ppm = 0;
	bool known = nv_roi_ppm(eng_earned(t), t->cost, &roi_ppm);

	nv_buf_puts(buf, "{");
	put_count(buf, "\"runs\":", eng_runs(t));
	put_count(buf, "\"ok\":", t->runs_ok);
	put_count(buf, "\"failed\":", t->runs_failed);
	put_money(buf, "\"cost\":", t->cost);
	put_money(buf, "\"revenue\":", t->revenue);
	put_money(buf, "\"refunds\":", t->refunds);
	put_money(buf, "\"fees\":", t->fees);
	put_money(buf, "\"disputes\":", t->disputes);
	put_money(buf, "\"profit\":", eng_profit(t));
	put_percent(buf, "\"roi_percent\":", known, roi_ppm);
	put_count(buf, "\"crashes\":", t->crashes);
	put_part(
		buf, "\"run_s\":", (int64_t)NV_MIN(t->run_ms, (uint64_t)INT64_MAX), 1000);
	put_text(buf, "\"currency\":", eng->config->base_currency);
	if (unconverted) {
		put_key(buf, "\"unconverted\":");
		nv_buf_puts(buf, unconverted);
	}
	nv_buf_puts(buf, "}");
}

void
eng_row_desired(struct nv_buf *buf, const struct eng_worker *w)
{
	bool by_budget = w->desire.want == ENG_WANT_RUNNING && w->budget_paused;

	nv_buf_puts(buf, "{");
	put_text(buf, "\"state\":", eng_worker_state(w));
	put_count(buf, "\"instances\":", eng_desire_instances(w));
	put_bool(buf, "\"paused\":", eng_worker_is_paused(w));
	put_bool(buf, "\"budget_paused\":", w->conf && w->budget_paused);
	put_text(buf, "\"reason\":", eng_worker_reason(w));
	put_text(buf, "\"by\":", by_budget ? "budget" : w->desire.by);
	put_time(buf, "\"since\":", w->desire.since_ns);
	put_count(buf, "\"epoch\":", w->desire.epoch);
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
	put_part(buf,
		"\"cpu_s\":", (int64_t)NV_MIN((uint64_t)sum.cpu_us, (uint64_t)INT64_MAX),
		1000000);
	put_percent(buf, "\"cpu_percent\":", true, sum.cpu_ppm);
	put_count(buf, "\"rss_bytes\":", sum.rss_bytes);
	put_count(buf, "\"pss_bytes\":", sum.pss_bytes);
	put_count(buf, "\"processes\":", sum.processes);
	put_count(buf, "\"threads\":", sum.threads);
	put_count(buf, "\"fds\":", sum.fds);
	put_count(buf, "\"read_bytes\":", sum.read_bytes);
	put_count(buf, "\"write_bytes\":", sum.write_bytes);
	nv_buf_puts(buf, "}");
}

static void
put_instances(struct nv_buf *buf, const struct eng_worker *w)
{
	put_key(buf, "\"instances\":");
	nv_buf_puts(buf, "[");
	for (const struct eng_instance *i = w->instances; i; i = i->next) {
		if (i->gone)
			continue;
		put_key(buf, "{");
		put_count(buf, "\"instance\":", i->instance);
		put_count(buf, "\"generation\":", i->generation);
		put_count(buf, "\"pid\":", (uint64_t)NV_MAX(i->pid, 0));
		put_time(buf, "\"last_heartbeat\":", i->heartbeat_ns);
		put_key(buf, "\"resources\":");
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
	put_text(buf, "\"worker\":", w->name);
	put_text(buf, "\"group\":", eng_worker_group(w));
	put_text_or_null(buf, "\"kind\":",
		!w->conf                        ? NULL
		: w->conf->kind == NV_KIND_TASK ? "task"
						: "service");
	put_bool(buf, "\"configured\":", w->conf != NULL);
	put_bool(buf, "\"halted\":", w->halted);
	put_key(buf, "\"desired\":");
	eng_row_desired(buf, w);
	put_key(buf, "\"metrics\":");
	eng_row_metrics(buf, eng, &w->totals, unconverted);
	put_count(buf, "\"rejected_events\":", w->rejected);
	put_key(buf, "\"unpriced\":{");
	put_count(buf, "\"events\":", w->unpriced);
	put_text_or_null(buf, "\"model\":", w->unpriced_model);
	nv_buf_puts(buf, "}");
	put_time(buf, "\"last_heartbeat\":", w->heartbeat_ns);
	put_text_or_null(buf, "\"last_status\":", w->status);
	put_text_or_null(buf, "\"last_error\":", w->last_error);
	if (brief)
		return;
	put_key(buf, "\"resources\":");
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

	put_text(buf, "\"agent\":", w->name);
	put_text(buf, "\"status\":", eng_agent_state(w));
	put_text(buf, "\"state\":", eng_agent_state(w));
	put_text(buf, "\"reason\":", eng_worker_reason(w));
	if (!conf)
		return;
	put_text(buf, "\"description\":", conf->description);
	put_bool(buf, "\"autonomous\":", conf->autonomous);
	put_part(buf, "\"run_interval_s\":", eng_worker_interval_ms(w), 1000);
	put_count(buf, "\"instances_min\":", conf->instances_min);
	put_count(buf, "\"instances_max\":", conf->instances_max);
}
