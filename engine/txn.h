/* One group commit of the engine: a batch of the ledger, and the workers it touches,
 * whose figures are read anew once it is on disk. An error of the ledger is not for the
 * caller to handle: the engine reports trouble and exits (eng_ledger_trouble), and the
 * next one starts from what is on disk. */
#ifndef ENG_TXN_H
#define ENG_TXN_H

#include "eng.h"

struct eng_txn {
	struct led_batch *batch; /* owned while open */
	int64_t now_ns;          /* wall clock */
	int64_t mono_ns;
	uint64_t round;
	char currency[NV_CURRENCY_BYTES]; /* the last one asked for, and its id */
	uint32_t currency_id;
	uint64_t first_seq; /* 0: no event was added */
	uint64_t last_seq;
	struct eng_worker **touched; /* owned list; the workers are borrowed */
	size_t n_touched;
	size_t cap_touched;
};

/* Never two at a time. */
void eng_txn_begin(struct eng *eng, struct eng_txn *txn);
/* Durable when it returns; then figures are current and the followers told. */
void eng_txn_commit(struct eng *eng, struct eng_txn *txn);

/* The worker's id in the ledger; it counts as touched. */
uint32_t eng_txn_worker(struct eng *eng, struct eng_txn *txn, struct eng_worker *w);
uint32_t eng_txn_currency(struct eng *eng, struct eng_txn *txn, const char *code);
/* Append. 0; 1 a duplicate, nothing booked; a refusal of led_batch_event (-EEXIST the id
 * is known with other content, ...). ret_seq may be NULL. */
int eng_txn_event(struct eng *eng, struct eng_txn *txn, struct eng_worker *w,
	const struct led_event *ev, uint64_t *ret_seq);
/* Something was appended by another way: followers shall see it. */
void eng_txn_added(struct eng_txn *txn, uint64_t seq);
void eng_txn_heartbeat(struct eng *eng, struct eng_txn *txn, struct eng_worker *w);
/* w may be NULL: a line of the journal. */
void eng_txn_quarantine(struct eng *eng, struct eng_txn *txn, struct eng_worker *w,
	uint64_t stream, uint64_t offset, const char *reason, const char *bytes,
	size_t n_bytes);
void eng_txn_stream(struct eng *eng, struct eng_txn *txn, const struct led_stream *rec);

#endif
