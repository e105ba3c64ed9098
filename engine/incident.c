/* Incidents: see incident.h. */
#include "incident.h"
#include "api.h"

#include "nv_json.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX "incident/"

static bool
count_in(const json_t *root, const char *key, json_int_t max)
{
	const json_t *v = json_object_get(root, key);

	return json_is_integer(v) && json_integer_value(v) >= 0 &&
	       json_integer_value(v) <= max;
}

const char *
eng_incident_book(struct eng *eng, struct eng_txn *txn, uint64_t boot_id, uint64_t offset,
	const json_t *root, const char *line, size_t bytes)
{
	double at = json_number_value(json_object_get(root, "at"));
	char key[100];

	if (!count_in(root, "id", UINT32_MAX) || !count_in(root, "workers", UINT32_MAX) ||
		!count_in(root, "failed", UINT32_MAX))
		return "id, workers or failed is not a whole number";
	if (!json_is_string(json_object_get(root, "state")) || !(at >= 0 && at < 9e9))
		return "state is not a word or at is not unix seconds";
	struct led_event ev = {.kind = LED_STATE,
		.stream = boot_id,
		.stream_offset = offset,
		.claimed_ns = (int64_t)llround(at * 1e6) * 1000,
		.received_ns = txn->now_ns,
		.line = line,
		.line_bytes = bytes};

	(void)snprintf(key, sizeof(key), PREFIX "%016" PRIx64 "/%08u", boot_id,
		(unsigned)json_integer_value(json_object_get(root, "id")));
	if (eng_txn_event(eng, txn, NULL, &ev, NULL) < 0 ||
		led_batch_state_put(txn->batch, key, line, bytes) < 0)
		eng_ledger_trouble(eng, "the ledger does not take an incident");
	return NULL;
}

/* ---- the verb ---- */

struct listing {
	json_t *rows;
	int bad;
};

static int
one_incident(void *arg, const char *key, const void *value, size_t bytes)
{
	struct listing *l = arg;
	json_t *root = json_loadb(value, bytes, 0, NULL);
	double at = json_number_value(json_object_get(root, "at"));
	double age = json_number_value(json_object_get(root, "age_ms")) / 1000;
	char boot[17] = "";

	(void)snprintf(boot, sizeof(boot), "%.16s", key + strlen(PREFIX));
	json_t *row = json_object();
	static const char *const same[] = {
		"id", "state", "workers", "down", "failed", "reason"};

	for (size_t i = 0; i < NV_LEN(same); i++)
		l->bad |= json_object_set(row, same[i], json_object_get(root, same[i]));
	l->bad |= json_object_set_new(row, "boot", json_string(boot));
	l->bad |= json_object_set_new(row, "opened",
		nv_json_time((int64_t)llround((at - age) * 1e3) * 1000000));
	l->bad |= json_object_set_new(
		row, "changed", nv_json_time((int64_t)llround(at * 1e3) * 1000000));
	l->bad |= json_array_append_new(l->rows, row);
	json_decref(root);
	return l->bad != 0;
}

static int
newest_first(const void *a, const void *b)
{
	const json_t *x = *(json_t *const *)a;
	const json_t *y = *(json_t *const *)b;

	return strcmp(json_string_value(json_object_get(y, "opened")),
		json_string_value(json_object_get(x, "opened")));
}

/* The newest of them, oldest first. */
static json_t *
newest(const json_t *rows, size_t limit)
{
	size_t n = json_array_size(rows);
	json_t **sorted = calloc(n + 1, sizeof(json_t *));
	json_t *list = json_array();

	for (size_t i = 0; sorted && i < n; i++)
		sorted[i] = json_array_get(rows, i);
	if (sorted && n > 1)
		qsort(sorted, n, sizeof(json_t *), newest_first);
	for (size_t i = NV_MIN(n, limit); sorted && i > 0; i--)
		(void)json_array_append(list, sorted[i - 1]);
	free(sorted);
	return list;
}

int
eng_verb_incidents(struct eng_call *call)
{
	struct listing l = {.rows = json_array()};
	struct led_view *v = NULL;
	uint64_t limit = 50;
	int rc = nv_json_get_u64(
		call->args, "limit", 1, ENG_API_ROWS_MAX, &limit, &call->err);

	if (rc == -ENOENT)
		rc = 0;
	if (rc == 0 && !l.rows)
		rc = -ENOMEM;
	if (rc == 0)
		rc = led_view_begin(call->eng->led, &v, &call->err);
	if (rc < 0) {
		json_decref(l.rows);
		return rc;
	}
	rc = led_view_states(v, PREFIX, one_incident, &l);
	led_view_end(v);
	if (rc >= 0 && !l.bad)
		call->data =
			json_pack("{s:o}", "incidents", newest(l.rows, (size_t)limit));
	json_decref(l.rows);
	return rc < 0 ? rc : l.bad || !call->data ? -ENOMEM : 0;
}
