/* What the decision core says, for people and programs. Pure. */
#ifndef ENG_JUDGE_TEXT_H
#define ENG_JUDGE_TEXT_H

#include "pol.h"

#include <jansson.h>

struct eng_judge_text {
	char expected[200]; /* effect; "" = none can be told */
	char instead[200];  /* what would have changed it */
};
void eng_judge_text(
	const struct pol_decision *d, const char *currency, struct eng_judge_text *ret);

/* One worker of `novactl autonomous run`: a new reference, NULL without memory. */
struct eng_judge_row {
	const char *worker;
	const char *currency;
	const struct pol_judgement *judgement;
	const struct pol_decision *decision; /* NULL = none is proposed */
	const char *state;    /* "none", "advised", "pending", "executed" */
	const char *obstacle; /* NULL, or why it is not done */
	uint64_t id;          /* 0 = none */
};
json_t *eng_judge_row_json(const struct eng_judge_row *row);
json_t *eng_judge_fleet_row(const struct pol_fleet *fleet);

#endif
