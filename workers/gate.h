/* Asking before a run whether there is money for it: what has been asked and answered.
 * Pure: no clock, no pipe. A run that was given its reservation begins at once; one that
 * was refused asks again when it was told to, or earlier, when a control line says that
 * there is room. Without an answer (no engine, a line lost to a full pipe) the same
 * question is asked again, which reserves nothing twice. Times are monotonic ms. */
#ifndef RN_GATE_H
#define RN_GATE_H

#include <stdbool.h>
#include <stdint.h>

#define RN_GATE_ID_BYTES     192
#define RN_GATE_REASON_BYTES 320
#define RN_GATE_ANSWER_MS    INT64_C(10000) /* without an answer: ask again */
#define RN_GATE_RETRY_MS_MIN INT64_C(100)
#define RN_GATE_RETRY_MS_MAX INT64_C(86400000)

enum rn_gate_state {
	RN_GATE_IDLE,
	RN_GATE_ASKED,
	RN_GATE_RESERVED, /* the run may begin */
	RN_GATE_REFUSED
};

struct rn_gate {
	bool ask; /* somebody keeps a budget: runs must ask */
	enum rn_gate_state state;
	char id[RN_GATE_ID_BYTES]; /* of the last question */
	uint64_t number;           /* the run it is about, and which question it is */
	unsigned tries;
	int64_t again_ms;                  /* ASKED, REFUSED: when to ask (again) */
	char reason[RN_GATE_REASON_BYTES]; /* REFUSED */
	char amount[64];                   /* RESERVED */
};

enum rn_gate_move {
	RN_GATE_GO,   /* begin the run: rn_gate_take */
	RN_GATE_SAY,  /* say "reserve" with g->id, and wait until again_ms */
	RN_GATE_WAIT, /* until again_ms, or a control line */
};
/* A run wants to begin. run_id: of run `number`. */
enum rn_gate_move
rn_gate_want(struct rn_gate *g, const char *run_id, uint64_t number, int64_t now_ms);
/* The run has begun: the reservation is its own. */
void rn_gate_take(struct rn_gate *g);
/* No run is to begin now after all. True: say "release" of g->id. */
bool rn_gate_drop(struct rn_gate *g);

/* Answers; of another question they change nothing. True: something has changed. */
bool rn_gate_reserved(struct rn_gate *g, const char *id, const char *amount);
bool rn_gate_refused(struct rn_gate *g, const char *id, const char *reason,
	int64_t retry_ms, int64_t now_ms);
/* "gate": whether to ask; a question that waits is asked again now. */
void rn_gate_set(struct rn_gate *g, bool ask, int64_t now_ms);

#endif
