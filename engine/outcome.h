/* What came of a decision of the core: the money after it next to what was expected, and
 * whether its claim was true. A claim is a sentence about the return on investment,
 * stated with a probability when the decision was made:
 *
 *   scale_up by policy strict   its ROI is above scale_roi
 *   deploy, resume              it earns what it costs (ROI above 0)
 *   kill                        its ROI is below kill_roi
 *   retire                      its ROI is below 0
 *
 * It is held against what came: the cost of ENG_OUTCOME_DAYS from the decision on, and
 * what was earned in as long a time, later by the mean delay of sales. What was killed
 * spends nothing any more: there it is the money before the decision, some of which had
 * been seen when it was made. Growth is measured at the greater volume, which returns
 * less: a hard test, never a soft one. Decisions that were not carried out are measured
 * as well, so that advice can be judged before it is followed. */
#ifndef ENG_OUTCOME_H
#define ENG_OUTCOME_H

#include "decision.h"

#define ENG_OUTCOME_DAYS 7

/* Adds what is claimed, and how it will be measured. shift_s: mean delay of sales. */
int eng_outcome_promise(json_t *doc, const struct pol_decision *d,
	const struct nv_conf_worker *conf, int64_t shift_s);

/* Decisions whose outcome is to come, by id; made from the ledger at start. */
struct eng_outcome_list {
	struct eng_outcome_due *list; /* owned, by time: the next one last */
	size_t n;
	size_t cap;
};
/* Does nothing for one that has its outcome, waits, or is of the classic rules. */
void eng_outcome_expect(struct eng_outcome_list *all, const struct eng_decision *d);
void eng_outcome_fini(struct eng_outcome_list *all);
/* When the next one is due; INT64_MAX = there is none. */
int64_t eng_outcome_next(const struct eng_outcome_list *all);
/* Records what is due by now, at most some at a time. */
void eng_outcome_run(struct eng *eng, int64_t now_ns);

/* Stated probabilities next to what came, over all decisions of the ledger: a new
 * reference. */
json_t *eng_outcome_calibration(struct led_view *v);

#endif
