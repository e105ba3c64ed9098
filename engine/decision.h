/* One decision as it is kept: a record that every step adds to, written whole as the line
 * of a LED_DECISION event and under "decision/ID". The id is the seq of the first step;
 * later steps refer to it.
 *
 *   pending  --approve-->  executed     (growth above the approval limit)
 *            --deny----->  denied
 *            --time----->  expired
 *            --------->    void         (what it was based on does not hold any more)
 *   executed                            (everything else, at once)
 *   advised                             (nothing is done: only said)
 *
 * A decision is executed when the desire it asks for is in the ledger; both are in one
 * commit, so it is never half done and never done twice. */
#ifndef ENG_DECISION_H
#define ENG_DECISION_H

#include "classic.h"
#include "fleet.h"

#include "pol.h"

enum eng_dec_state {
	ENG_DEC_PENDING,
	ENG_DEC_EXECUTED,
	ENG_DEC_DENIED,
	ENG_DEC_EXPIRED,
	ENG_DEC_VOID,
	ENG_DEC_ADVISED,
	ENG_DEC_COUNT
};
const char *eng_dec_state_name(enum eng_dec_state state);

struct eng_decision {
	struct eng_decision *next;
	uint64_t id; /* 0 until its first step is in a batch */
	char worker[NV_NAME_MAX];
	enum pol_action action;
	enum eng_dec_state state;
	int64_t proposed_ns;
	int64_t expires_ns; /* pending ones */
	int64_t decided_ns; /* approved, denied, expired, void; 0 = not */
	int64_t executed_ns;
	int64_t impact_nano; /* per day */
	/* Of the worker since ever, when it was executed. */
	int64_t runs_total;
	int64_t cost_total;
	int64_t earned_total;
	bool asked; /* it needed an approval */
	bool outcome_known;
	uint32_t from_instances;
	uint32_t to_instances;
	json_t *doc; /* owned: everything above and what it was based on */
};

/* What a decision was made from, for the record. */
struct eng_dec_basis {
	const struct pol_classic_rules *rules;
	const struct pol_classic_figures *figures;
	const struct pol_classic_result *result;
	const struct led_totals *window;
	int64_t from_ns; /* of the window */
};

/* NULL without memory. */
struct eng_decision *eng_decision_new(const struct eng *eng, const struct eng_worker *w,
	const struct eng_dec_basis *basis, enum eng_dec_state state, int64_t now_ns);
/* The same of a decision of the core (policy/pol.h). */
struct eng_dec_judged {
	enum pol_mode mode;
	uint64_t seq;         /* of the last event it was based on */
	int64_t shift_s;      /* mean delay of sales: outcome.h */
	const char *expected; /* effect, in a few words */
	const char *instead;  /* what would have changed it */
};
struct eng_decision *eng_decision_judged(const struct eng *eng,
	const struct eng_worker *w, const struct pol_decision *from,
	const struct eng_dec_judged *judged, enum eng_dec_state state, int64_t now_ns);
void eng_decision_free(struct eng_decision *d);
bool eng_decision_is_judged(const struct eng_decision *d);

/* The next step, in memory only. by: "policy", "uid 0", "clock"; note may be NULL. */
int eng_decision_step(struct eng_decision *d, const char *step, enum eng_dec_state state,
	const char *by, const char *note, int64_t now_ns);
/* Before the step "executed": where the worker stands. */
void eng_decision_stand(struct eng_decision *d, const struct led_totals *totals);
/* Merge the outcome (taken) into the record. */
int eng_decision_outcome(struct eng_decision *d, json_t *outcome);
/* Append the record as it is now and keep it as the newest. */
int eng_decision_put(struct eng *eng, struct eng_txn *txn, struct eng_worker *w,
	struct eng_decision *d);

/* What the ledger holds under `key`. NULL with err set when it is not a decision. */
struct eng_decision *
eng_decision_load(const char *key, const void *value, size_t bytes, struct nv_err *err);

#define ENG_DECISION_KEY_BYTES 40
const char *eng_decision_key(uint64_t id, char key[ENG_DECISION_KEY_BYTES]);

/* The record for people and programs: with its id and times as RFC 3339. New reference.
 */
json_t *eng_decision_json(const struct eng_decision *d);
/* explain.c: in plain words, for `explain`; the caller's to free. NULL without memory. */
char *eng_decision_explain(const struct eng_decision *d);

#endif
