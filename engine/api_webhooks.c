/* Verb `webhooks`: what the gateway was told, for platforms that catch up on it, and how
 * much of it each provider has said. */
#include "api.h"

#include "nv_json.h"

#include <errno.h>
#include <string.h>

#define LOOKED_AT_MAX 20000 /* events in one answer: nobody waits for a long walk */

struct walk {
	struct led_view *view;
	const char *provider; /* NULL = all */
	json_t *list;
	uint64_t limit;
	uint64_t looked_at;
	uint64_t next_seq;
	int bad;
};

/* The fields of the line as they were said; the rest is in `line`. */
static json_t *
webhook_json(struct walk *w, const struct led_event *ev)
{
	static const char *const fields[] = {
		"type", "object", "agent", "bytes", "sha256", "note"};
	char name[NV_NAME_MAX] = "";
	json_t *line = json_loadb(ev->line, ev->line_bytes, 0, NULL);
	json_t *o = json_pack("{s:I, s:o, s:o, s:o, s:o}", "seq", (json_int_t)ev->seq,
		"at", nv_json_time(ev->received_ns), "provider",
		nv_json_text(ev->category, ev->category_bytes), "id",
		nv_json_text(ev->id, ev->id_bytes), "line",
		nv_json_text(ev->line, ev->line_bytes));

	for (size_t i = 0; i < NV_LEN(fields); i++) {
		json_t *value = json_object_get(line, fields[i]);

		w->bad |= json_object_set_new(
			o, fields[i], value ? json_incref(value) : json_null());
	}
	if (led_view_worker_name(w->view, ev->worker, name) == 0)
		w->bad |= json_object_set_new(o, "worker", json_string(name));
	json_decref(line);
	return o;
}

static int
one_event(void *arg, const struct led_event *ev)
{
	struct walk *w = arg;

	w->next_seq = ev->seq;
	if (json_array_size(w->list) >= w->limit || w->looked_at++ >= LOOKED_AT_MAX)
		return 1;
	w->next_seq = ev->seq + 1;
	if (ev->kind != LED_WEBHOOK)
		return 0;
	if (w->provider &&
		(strlen(w->provider) != ev->category_bytes ||
			memcmp(w->provider, ev->category, ev->category_bytes) != 0))
		return 0;
	w->bad |= json_array_append_new(w->list, webhook_json(w, ev));
	return w->bad;
}

struct counting {
	json_t *counts;
	int bad;
};

/* Of all agents together. */
static int
one_count(void *arg, uint32_t worker, uint32_t currency, const char *category,
	nv_i128 nano, uint64_t events)
{
	struct counting *c = arg;
	json_int_t before = json_integer_value(json_object_get(c->counts, category));

	(void)worker;
	(void)currency;
	(void)nano; /* no money moves */
	c->bad |= json_object_set_new(
		c->counts, category, json_integer(before + (json_int_t)events));
	return 0;
}

int
eng_webhook_counts(struct led_view *v, json_t **ret)
{
	struct counting c = {.counts = json_object()};
	int rc = led_view_categories(v, LED_ALL_WORKERS, (enum led_code)LED_CODE_WEBHOOK,
		0, INT64_MAX, one_count, &c);

	if (rc >= 0 && (!c.counts || c.bad))
		rc = -ENOMEM;
	if (rc < 0) {
		json_decref(c.counts);
		return rc;
	}
	*ret = c.counts;
	return 0;
}

static int
take(struct eng_call *call, struct walk *w, uint64_t *ret_since)
{
	int rc = nv_json_get_str(
		call->args, "provider", NV_NAME_MAX - 1, &w->provider, &call->err);

	if (rc == 0 || rc == -ENOENT)
		rc = nv_json_get_u64(
			call->args, "since_seq", 0, INT64_MAX, ret_since, &call->err);
	if (rc == 0 || rc == -ENOENT)
		rc = nv_json_get_u64(
			call->args, "limit", 1, ENG_API_ROWS_MAX, &w->limit, &call->err);
	return rc == -ENOENT ? 0 : rc;
}

int
eng_verb_webhooks(struct eng_call *call)
{
	struct walk w = {.limit = 50};
	json_t *counts = NULL;
	struct led_stats stats = {0};
	uint64_t since = 0;
	int rc = take(call, &w, &since);

	if (rc == 0)
		rc = led_view_begin(call->eng->led, &w.view, &call->err);
	if (rc < 0)
		return rc;
	w.list = json_array();
	w.next_seq = NV_MAX(since, 1);
	rc = led_view_events(w.view, w.next_seq, false, one_event, &w);
	if (rc >= 0 && !w.bad)
		rc = eng_webhook_counts(w.view, &counts);
	if (rc >= 0)
		rc = led_view_stats(w.view, &stats);
	led_view_end(w.view);
	/* `more`: ask again from next_seq on. */
	call->data = json_pack("{s:o, s:o, s:I, s:b}", "webhooks", w.list, "counts",
		counts, "next_seq", (json_int_t)w.next_seq, "more",
		w.next_seq <= stats.events);
	return rc < 0 ? rc : w.bad ? -ENOMEM : 0;
}
