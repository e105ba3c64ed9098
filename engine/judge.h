/* The decision core inside the engine (policy strict and marginal): it is fed from the
 * ledger in small steps, asked at its cadence, and what it says is recorded, executed,
 * advised or put before a person. Under policy classic it is fed all the same: forecasts
 * rest on it, and another policy may be chosen any time. */
#ifndef ENG_JUDGE_H
#define ENG_JUDGE_H

#include "decision.h"
#include "feed.h"

struct eng_judge; /* in struct eng_decide */

int eng_judge_open(struct eng *eng, struct nv_err *err);
/* Another configuration, or autonomous was switched. */
void eng_judge_config(struct eng *eng);
void eng_judge_close(struct eng *eng); /* keeps what it knows for the next start */
/* Something was committed: it is read soon. */
void eng_judge_after_commit(struct eng *eng);

/* Asks the core, at its cadence or (now: true) at once, and does what it says. rows (may
 * be NULL) gets one object a worker. dry: nothing is recorded or done, and the core does
 * not notice. -EAGAIN: it is still reading the past. */
struct eng_judge_call {
	bool now;
	bool dry;
	json_t *rows;
};
int eng_judge_run(struct eng *eng, const struct eng_judge_call *call, struct nv_err *err);
/* Whether a waiting decision may still be executed; else `why` says why not. */
bool eng_judge_holds(struct eng *eng, struct eng_worker *w, const struct eng_decision *d,
	int64_t now_ns, char *why, size_t why_bytes);
/* The core with everything committed so far, for whoever only asks (forecast). NULL: it
 * is still reading the past. */
struct pol *eng_judge_pol(struct eng *eng);
/* Limits that the core has set end where it does not decide: about the workers that are
 * only advised, or (all: true) about the whole fleet. */
void eng_judge_lift(struct eng *eng, bool all);
/* How much of the ledger it has read. */
void eng_judge_progress(const struct eng *eng, uint64_t *ret_read, uint64_t *ret_all);
/* What the fleet's next unit of budget would return and the like: a new reference. */
json_t *eng_judge_fleet_json(struct eng *eng);

#endif
