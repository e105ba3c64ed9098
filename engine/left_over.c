/* Streams that the ledger has open and nobody holds any more, at the start of an engine:
 * see eng_intake_synced. */
#include "gate.h"
#include "intake.h"
#include "nv_log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct left_over {
	struct eng *eng;
	struct led_stream *list; /* owned */
	size_t n;
	size_t cap;
};

static int
collect_left_over(void *arg, const struct led_stream *rec)
{
	struct left_over *l = arg;
	const struct eng_intake *in = l->eng->intake;

	if (rec->state != LED_STREAM_OPEN || eng_intake_find(l->eng, rec->stream_id) ||
		(in->journal && in->journal->rec.stream_id == rec->stream_id) ||
		(in->earlier && in->earlier->rec.stream_id == rec->stream_id))
		return 0;
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 16;
		struct led_stream *list = reallocarray(l->list, cap, sizeof(*list));

		if (!list)
			return -ENOMEM;
		l->list = list;
		l->cap = cap;
	}
	l->list[l->n++] = *rec;
	return 0;
}

/* The journal of an earlier life that nobody holds; that of a fleet that was killed whole
 * may come with it (eng_intake_earlier). */
static bool
is_journal(uint64_t stream_id)
{
	return (stream_id & 0xffffff) == 0;
}

static void
close_left_over(struct eng *eng, struct eng_txn *txn, const struct led_stream *rec)
{
	struct led_stream closed = *rec;
	char line[256];
	bool journal = is_journal(rec->stream_id);
	int n = snprintf(line, sizeof(line),
		"{\"event\":\"state\",\"state\":\"%s\",\"stream\":\"%llu\",\"offset\":%"
		"llu,"
		"\"reason\":\"%s\"}",
		journal ? "novasupd_ended" : "stream_lost",
		(unsigned long long)rec->stream_id, (unsigned long long)rec->offset,
		journal ? "a new novasupd has started: its predecessor's journal ends "
			  "here"
			: "novasupd ended before it: what came after the offset is not "
			  "known");
	struct led_event ev = {.kind = LED_STATE,
		.worker = rec->worker,
		.claimed_ns = txn->now_ns,
		.received_ns = txn->now_ns,
		.instance = rec->instance,
		.generation = rec->generation,
		.line = line,
		.line_bytes = (size_t)n};

	closed.state = LED_STREAM_CLOSED;
	closed.closed_ns = txn->now_ns;
	if (!journal)
		nv_warn("stream %llu (instance %u) was left open by an earlier novasupd: "
			"closed "
			"at byte %llu",
			(unsigned long long)rec->stream_id, rec->instance,
			(unsigned long long)rec->offset);
	if (eng_txn_event(eng, txn, NULL, &ev, NULL) < 0)
		eng_ledger_trouble(eng, "the note about a lost stream is refused");
	if (rec->worker)
		eng_gate_stream_over(
			eng, txn, eng_worker_by_id(eng, rec->worker), rec->stream_id);
	eng_txn_stream(eng, txn, &closed);
}

void
eng_intake_synced(struct eng *eng)
{
	struct left_over l = {.eng = eng};
	struct led_view *view;
	struct nv_err err = {0};
	struct eng_txn txn;

	if (led_view_begin(eng->led, &view, &err) != 0)
		eng_ledger_trouble(eng, err.text);
	int rc = led_view_streams(view, collect_left_over, &l);

	led_view_end(view);
	if (rc)
		eng_ledger_trouble(eng, "the streams of the ledger cannot be read");
	if (l.n > 0) {
		eng_txn_begin(eng, &txn);
		for (size_t i = 0; i < l.n; i++)
			close_left_over(eng, &txn, &l.list[i]);
		eng_txn_commit(eng, &txn);
	}
	free(l.list);
	(void)eng_intake_flush(eng);
}
