#include "txn.h"

#include "caps.h"
#include "count.h"
#include "evidence.h"
#include "gate.h"
#include "report.h"

#include "nv_clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

NV_NORETURN static void
trouble(struct eng *eng, const char *doing, int rc, const struct nv_err *err)
{
	char what[700];

	(void)snprintf(what, sizeof(what), "%s: %s", doing,
		err && err->text[0] ? err->text : strerror(-rc));
	eng_ledger_trouble(eng, what);
}

void
eng_txn_begin(struct eng *eng, struct eng_txn *txn)
{
	static uint64_t rounds; /* numbers the transactions of this process */
	struct nv_err err = {0};

	*txn = (struct eng_txn){
		.now_ns = nv_wall_ns(), .mono_ns = nv_mono_ns(), .round = ++rounds};
	int rc = led_batch_begin(eng->led, txn->now_ns, &txn->batch, &err);

	if (rc)
		trouble(eng, "the ledger does not begin a batch", rc, &err);
}

static void
touch(struct eng *eng, struct eng_txn *txn, struct eng_worker *w)
{
	if (w->txn_round == txn->round)
		return;
	if (txn->n_touched == txn->cap_touched) {
		size_t cap = txn->cap_touched ? txn->cap_touched * 2 : 64;
		struct eng_worker **list =
			reallocarray(txn->touched, cap, sizeof(struct eng_worker *));

		if (!list)
			trouble(eng, "a batch of the ledger", -ENOMEM, NULL);
		txn->touched = list;
		txn->cap_touched = cap;
	}
	w->txn_round = txn->round;
	w->txn_beats = 0;
	txn->touched[txn->n_touched++] = w;
}

uint32_t
eng_txn_worker(struct eng *eng, struct eng_txn *txn, struct eng_worker *w)
{
	touch(eng, txn, w);
	if (w->id == 0) {
		w->id = led_batch_worker_id(txn->batch, w->name);
		if (w->id == 0)
			trouble(eng, "the ledger takes no new worker", -EIO, NULL);
	}
	return w->id;
}

uint32_t
eng_txn_currency(struct eng *eng, struct eng_txn *txn, const char *code)
{
	if (txn->currency_id && strcmp(txn->currency, code) == 0)
		return txn->currency_id;
	txn->currency_id = led_batch_currency_id(txn->batch, code);
	if (txn->currency_id == 0)
		trouble(eng, "the ledger takes no new currency", -EIO, NULL);
	(void)snprintf(txn->currency, sizeof(txn->currency), "%s", code);
	return txn->currency_id;
}

void
eng_txn_added(struct eng_txn *txn, uint64_t seq)
{
	if (txn->first_seq == 0)
		txn->first_seq = seq;
	txn->last_seq = seq;
}

int
eng_txn_event(struct eng *eng, struct eng_txn *txn, struct eng_worker *w,
	const struct led_event *ev, uint64_t *ret_seq)
{
	uint64_t seq = 0;

	if (w)
		touch(eng, txn, w);
	int rc = led_batch_event(txn->batch, ev, &seq);

	if (rc < 0 && !led_is_refusal(rc))
		trouble(eng, "the ledger does not take an event", rc, NULL);
	if (rc == 0)
		eng_txn_added(txn, seq);
	if (rc >= 0 && ret_seq)
		*ret_seq = seq;
	return rc;
}

void
eng_txn_heartbeat(struct eng *eng, struct eng_txn *txn, struct eng_worker *w)
{
	(void)eng_txn_worker(eng, txn, w);
	w->txn_beats++;
}

void
eng_txn_quarantine(struct eng *eng, struct eng_txn *txn, struct eng_worker *w,
	uint64_t stream, uint64_t offset, const char *reason, const char *bytes,
	size_t n_bytes)
{
	int rc = led_batch_quarantine(txn->batch, stream, offset,
		w ? eng_txn_worker(eng, txn, w) : 0, reason, bytes, n_bytes);

	if (rc)
		trouble(eng, "the ledger does not take a quarantined line", rc, NULL);
}

void
eng_txn_stream(struct eng *eng, struct eng_txn *txn, const struct led_stream *rec)
{
	int rc = led_batch_stream(txn->batch, rec);

	if (rc)
		trouble(eng, "the ledger does not take a stream's offset", rc, NULL);
}

/* All touched workers in one view. */
static int
refresh(struct eng *eng, struct eng_worker **list, size_t n)
{
	struct led_view *view;
	int rc = led_view_begin(eng->led, &view, NULL);

	if (rc)
		return rc;
	for (size_t i = 0; i < n && rc == 0; i++) {
		struct eng_worker *w = list[i];
		struct led_totals totals;
		struct eng_uncounted uncounted;

		if (w->id == 0)
			continue;
		rc = eng_sum_window(eng, view, w->id, 0, INT64_MAX, &totals, &uncounted);
		if (rc == 0) {
			w->totals = totals;
			w->uncounted = uncounted;
			w->rejected = totals.rejected;
			eng_caps_spent(eng, view, w);
		}
	}
	led_view_end(view);
	return rc;
}

int
eng_worker_refresh(struct eng *eng, struct eng_worker *w)
{
	return refresh(eng, &w, 1);
}

void
eng_txn_commit(struct eng *eng, struct eng_txn *txn)
{
	struct nv_err err = {0};
	int rc = 0;

	for (size_t i = 0; i < txn->n_touched && rc == 0; i++)
		if (txn->touched[i]->txn_beats)
			rc = led_batch_heartbeats(txn->batch, txn->touched[i]->id,
				txn->touched[i]->txn_beats);
	if (rc)
		trouble(eng, "the ledger does not count heartbeats", rc, NULL);
	int64_t began_ns = nv_mono_ns();

	rc = led_batch_commit(txn->batch, &err);
	if (rc)
		trouble(eng, "the ledger does not commit", rc, &err);
	txn->batch = NULL;
	eng_count_committed(eng, nv_mono_ns() - began_ns);
	rc = refresh(eng, txn->touched, txn->n_touched);
	if (rc)
		trouble(eng, "the ledger does not read back", rc, NULL);
	bool any = txn->n_touched > 0;

	eng_gate_committed(eng);

	free(txn->touched);
	txn->touched = NULL;
	txn->n_touched = 0;
	txn->cap_touched = 0;
	eng_evidence_after_commit(eng);
	if (eng->news && !ev_is_active(eng->news))
		ev_timer_again(eng->loop, eng->news);
	/* While the engine starts there is nobody to be told yet. */
	if (any && eng->decide)
		eng_decide_after_commit(eng);
	if (txn->first_seq && eng->api)
		eng_api_after_commit(eng, txn->first_seq, txn->last_seq);
}
