/* What the gate's files share; nobody else includes it. */
#ifndef ENG_GATE_PRIVATE_H
#define ENG_GATE_PRIVATE_H

#include "gate.h"

/* ---- gate.c ---- */
/* At today's rate; 0 without one. */
nv_i128 eng_gate_in_base(const struct eng *eng, const char *currency, nv_i128 nano);
/* eng_gate_check of one question. A whole run does not say which calls it will make: it
 * begins only while every one of its worker's operations has money left. */
void eng_gate_weigh(const struct eng *eng, const struct eng_worker *w,
	const char *operation, bool run, nv_i128 amount, nv_i128 usual, int64_t now_ns,
	struct eng_gate_verdict *ret);
/* A copy of what becomes one of w's; it counts in its caps at once. */
struct eng_reservation *
eng_gate_add(struct eng *eng, struct eng_worker *w, const struct eng_reservation *what);
/* End it in this transaction; ev: the line that asks for it, or NULL. */
void eng_gate_end(struct eng *eng, struct eng_txn *txn, struct eng_reservation *r,
	const struct led_event *ev, uint32_t flags);
/* Reservations of w are to be looked at after the commit. */
void eng_gate_touch(struct eng *eng, struct eng_worker *w);

/* ---- gate_wait.c ---- */
/* It was refused: it is told when there may be room. */
void eng_gate_wait(struct eng *eng, struct eng_stream *s, const char *operation, bool run,
	nv_i128 amount, nv_i128 usual);
void eng_gate_forget_waiter(struct eng *eng, uint64_t stream_id);
void eng_gate_forget_waiters(struct eng *eng);

#endif
