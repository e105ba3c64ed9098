/* Verbs about the ledger itself: ping, events, quarantine, ledger.stats. */
#include "api.h"
#include "evidence.h"
#include "fleet.h"
#include "report.h"
#include "retention.h"
#include "saving.h"
#include "txn.h"

#include "nv_clock.h"
#include "nv_json.h"
#include "nv_version.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int
eng_verb_ping(struct eng_call *call)
{
	int64_t up_ms = (nv_mono_ns() - call->eng->started_mono_ns) / NV_NS_PER_MS;
	struct eng_evidence_figures evidence;

	const char *retention = eng_retention_problem(call->eng);
	const char *saving = eng_saving_problem(call->eng);

	eng_evidence_figures(call->eng, &evidence);
	call->data = json_pack("{s:s, s:i, s:f, s:I, s:o, s:o, s:o, s:o, s:o}", "version",
		nv_version(), "pid", (int)getpid(), "uptime_s", (double)up_ms / 1000.,
		"config_gen", (json_int_t)call->eng->config_gen, "price_problem",
		call->eng->price_problem[0] ? nv_json_str(call->eng->price_problem)
					    : json_null(),
		"anchor_problem",
		evidence.anchor_problem[0] ? nv_json_str(evidence.anchor_problem)
					   : json_null(),
		"seal_problem",
		evidence.seal_problem[0] ? nv_json_str(evidence.seal_problem)
					 : json_null(),
		"retention_problem", retention[0] ? nv_json_str(retention) : json_null(),
		"backup_problem", saving[0] ? nv_json_str(saving) : json_null());
	return 0;
}

/* ---- events ---- */

static int
take_worker(struct eng_call *call, struct eng_worker **ret)
{
	const char *name = NULL;
	int rc = nv_json_get_str(call->args, "worker", 200, &name, &call->err);

	if (rc == -ENOENT)
		return 0;
	return rc < 0 ? rc : eng_api_worker(call, name, ret);
}

static int
take_u64(struct eng_call *call, const char *key, uint64_t max, uint64_t *ret)
{
	int rc = nv_json_get_u64(call->args, key, 0, max, ret, &call->err);

	return rc == -ENOENT ? 0 : rc;
}

static int
event_list(struct eng_call *call, uint64_t limit, uint64_t *ret_last_seq)
{
	struct eng_worker *w = NULL;
	struct led_view *v = NULL;
	struct led_stats stats = {0};
	uint64_t since = 0;
	int rc = take_worker(call, &w);

	if (rc == 0)
		rc = take_u64(call, "since_seq", INT64_MAX, &since);
	if (rc == 0)
		rc = take_u64(call, "limit", ENG_API_ROWS_MAX, &limit);
	if (rc == 0)
		rc = led_view_begin(call->eng->led, &v, &call->err);
	if (rc < 0)
		return rc;
	json_t *list = limit == 0 ? json_array()
				  : eng_json_events(call->eng, v, w, since, limit);

	rc = led_view_stats(v, &stats);
	led_view_end(v);
	*ret_last_seq = stats.events; /* seqs are dense from 1 */
	call->data = json_pack(
		"{s:o, s:I}", "events", list, "last_seq", (json_int_t)stats.events);
	return rc;
}

int
eng_verb_events(struct eng_call *call)
{
	uint64_t last = 0;

	return event_list(call, 50, &last);
}

/* The last events (or those since since_seq), then whatever comes. */
int
eng_verb_follow(struct eng_call *call)
{
	uint64_t last = 0;
	uint64_t since = 0;
	const char *worker = json_string_value(json_object_get(call->args, "worker"));
	int rc = event_list(call, 0, &last);

	if (rc < 0)
		return rc;
	if (take_u64(call, "since_seq", INT64_MAX, &since) == 0 && since > 0) {
		const json_t *list = json_object_get(call->data, "events");
		size_t n = json_array_size(list);
		const json_t *end = n ? json_array_get(list, n - 1) : NULL;

		/* A page may have ended before the newest one. */
		last = end ? (uint64_t)json_integer_value(json_object_get(end, "seq"))
			   : NV_MIN(since - 1, last);
	}
	eng_api_follow(call->client, worker ? worker : "", last);
	return 0;
}

/* ---- quarantine, stats ---- */

struct bad_walk {
	json_t *list;
	struct led_view *view;
	uint32_t worker;
	size_t limit;
	int bad;
};

static int
one_bad(void *arg, const struct led_bad *bad)
{
	struct bad_walk *w = arg;
	char name[NV_NAME_MAX];
	bool named =
		bad->worker != 0 && led_view_worker_name(w->view, bad->worker, name) == 0;

	if (json_array_size(w->list) >= w->limit)
		return 1;
	if (w->worker != 0 && bad->worker != w->worker)
		return 0;
	w->bad |= json_array_append_new(w->list,
		json_pack("{s:I, s:o, s:o, s:s, s:I, s:o, s:o, s:I}", "seq",
			(json_int_t)bad->seq, "at", nv_json_time(bad->received_ns),
			"worker", named ? json_string(name) : json_null(), "reason",
			bad->reason ? bad->reason : "", "offset",
			(json_int_t)bad->stream_offset, "stream",
			json_sprintf("%llu", (unsigned long long)bad->stream), "line",
			nv_json_text(bad->bytes, bad->n_bytes), "bytes",
			(json_int_t)bad->n_bytes_whole));
	return w->bad;
}

int
eng_verb_quarantine(struct eng_call *call)
{
	struct eng_worker *w = NULL;
	struct bad_walk walk = {.limit = 50};
	uint64_t limit = 50;
	int rc = take_worker(call, &w);

	if (rc == 0)
		rc = take_u64(call, "limit", ENG_API_ROWS_MAX, &limit);
	if (rc == 0)
		rc = led_view_begin(call->eng->led, &walk.view, &call->err);
	if (rc < 0)
		return rc;
	walk.list = json_array();
	walk.limit = limit;
	walk.worker = w ? w->id : 0;
	/* Newest first. */
	if (!w || w->id != 0)
		rc = led_view_quarantine(walk.view, 0, true, one_bad, &walk);
	led_view_end(walk.view);
	call->data = json_pack("{s:o}", "quarantine", walk.list);
	return rc == 1 ? 0 : rc;
}

int
eng_verb_stats(struct eng_call *call)
{
	struct led_view *v = NULL;
	struct led_stats s = {0};
	char hex[65];
	int rc = led_view_begin(call->eng->led, &v, &call->err);

	if (rc < 0)
		return rc;
	rc = led_view_stats(v, &s);
	led_view_end(v);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < sizeof s.head_hash; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", s.head_hash[i]);
	call->data = json_pack("{s:I, s:I, s:I, s:I, s:I, s:s, s:I}", "events",
		(json_int_t)s.events, "quarantined", (json_int_t)s.quarantined, "streams",
		(json_int_t)s.streams, "duplicates_refused",
		(json_int_t)s.duplicates_refused, "batches", (json_int_t)s.batches,
		"head_hash", hex, "bytes", (json_int_t)s.bytes);
	return 0;
}
