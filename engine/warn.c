/* Soft limits: one warning for each cap and period when the share `budget_warn` of it is
 * spent, as an event of the ledger and in the log. The newest of each cap is kept as a
 * state of the ledger, so that no restart repeats it. */
#include "caps.h"
#include "decide.h"
#include "txn.h"

#include "nv_clock.h"
#include "nv_json.h"
#include "nv_log.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_BYTES   200
#define WARN_AT_MAX 100 /* in one commit; the others in the next look */

static const char *
key_of(const struct eng_cap *cap, char key[KEY_BYTES])
{
	(void)snprintf(key, KEY_BYTES, "warn/%s/%s/%s%s%s",
		eng_cap_scope_name(cap->scope), eng_cap_period_name(cap->period),
		cap->subject[0] ? cap->subject : "*", cap->operation[0] ? "/" : "",
		cap->operation);
	return key;
}

/* What tells one period of it from another; of one without an end, its limit. */
static int64_t
period_of(const struct eng_cap *cap)
{
	return cap->period == ENG_CAP_TOTAL
		       ? (int64_t)NV_MIN(cap->limit, (nv_i128)NV_MONEY_MAX)
		       : cap->from_ns;
}

void
eng_warn_load(struct eng *eng)
{
	struct led_view *v = NULL;

	if (led_view_begin(eng->led, &v, NULL) < 0)
		return; /* at worst one is said twice */
	for (size_t i = 0; i < eng->caps->n; i++) {
		struct eng_cap *cap = &eng->caps->list[i];
		char key[KEY_BYTES];
		const void *line;
		size_t bytes;

		if (cap->limit < 0 ||
			led_view_state(v, key_of(cap, key), &line, &bytes) < 0)
			continue;
		json_t *o = json_loadb(line, bytes, 0, NULL);

		cap->warned_ns = json_integer_value(json_object_get(o, "began_ns"));
		cap->warned = json_is_object(o);
		json_decref(o);
	}
	led_view_end(v);
}

static char *
line_of(const struct eng *eng, const struct eng_cap *cap)
{
	char text[ENG_CAP_TEXT_BYTES];
	json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:s, s:I}",
		"event", "state", "state", "budget_warning", "scope",
		eng_cap_scope_name(cap->scope), "subject", cap->subject, "operation",
		cap->operation, "budget", eng_cap_name(cap, text), "limit",
		nv_json_money(cap->limit), "spent", nv_json_money(cap->spent), "currency",
		eng->config->base_currency, "began_ns", (json_int_t)period_of(cap));
	char *line = nv_json_line(o);

	json_decref(o);
	return line;
}

static void
put(struct eng *eng, struct eng_txn *txn, const struct eng_cap *cap)
{
	NV_CLEANUP_FREE char *line = line_of(eng, cap);
	char key[KEY_BYTES];
	struct eng_worker *w = cap->scope == ENG_CAP_WORKER ||
					       cap->scope == ENG_CAP_OPERATION ||
					       cap->scope == ENG_CAP_LIMIT
				       ? eng_worker_find(eng, cap->subject)
				       : NULL;
	struct led_event ev = {.kind = LED_STATE,
		.worker = w ? eng_txn_worker(eng, txn, w) : 0,
		.claimed_ns = txn->now_ns,
		.received_ns = txn->now_ns,
		.line = line,
		.line_bytes = line ? strlen(line) : 0};

	if (!line || eng_txn_event(eng, txn, w, &ev, NULL) < 0 ||
		led_batch_state_put(txn->batch, key_of(cap, key), line, ev.line_bytes) <
			0)
		eng_ledger_trouble(eng, "a budget's warning cannot be written");
}

static bool
is_due(const struct eng *eng, const struct eng_cap *cap)
{
	return eng_cap_at(cap, eng->config->budget_warn_ppm) &&
	       (!cap->warned || cap->warned_ns != period_of(cap));
}

static void
say(const struct eng *eng, const struct eng_cap *cap)
{
	char text[ENG_CAP_TEXT_BYTES];
	char a[NV_MONEY_BYTES];
	char b[NV_MONEY_BYTES];

	nv_warn("%s: %s of %s is spent", eng_cap_name(cap, text),
		nv_money_show(cap->spent, eng->config->base_currency, a),
		nv_money_show(cap->limit, eng->config->base_currency, b));
}

void
eng_warn(struct eng *eng)
{
	struct eng_cap *due[WARN_AT_MAX];
	struct eng_txn txn;
	size_t n = 0;

	for (size_t i = 0; i < eng->caps->n && n < WARN_AT_MAX; i++) {
		if (is_due(eng, &eng->caps->list[i]))
			due[n++] = &eng->caps->list[i];
	}
	if (n == 0)
		return;
	eng_txn_begin(eng, &txn);
	for (size_t i = 0; i < n; i++) {
		put(eng, &txn, due[i]);
		due[i]->warned = true;
		due[i]->warned_ns = period_of(due[i]);
		say(eng, due[i]);
	}
	eng_txn_commit(eng, &txn);
}
