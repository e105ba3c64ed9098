/* Where the money stands: what the ledger's balance accounts hold at a time, in each
 * currency. Now it is what the balances say; at any other time it is that less what has
 * moved since, from the running totals. */
#ifndef ENG_POSITIONS_H
#define ENG_POSITIONS_H

#include "report.h"

enum eng_class {
	ENG_AT_PLATFORM, /* Assets:Platform: at those who take the customers' money */
	ENG_DISPUTED,    /* Assets:Disputed: held back until a dispute ends */
	ENG_AT_BANK,     /* Assets:Bank */
	ENG_VENDORS,     /* Liabilities:Vendors: below zero, it is owed */
	ENG_N_CLASSES
};
extern const char *const eng_class_names[ENG_N_CLASSES];

struct eng_position {
	nv_i128 v[ENG_N_CLASSES];
	nv_i128 converted; /* what has come to platforms out of other currencies since */
};
struct eng_positions {
	uint32_t n;               /* currencies */
	struct eng_position *own; /* owned: by currency id - 1 */
	struct eng_position base; /* those with a rate, converted */
};

/* At a time, which is a multiple of LED_CATEGORY_EDGE_NS or after the last commit. In any
 * case eng_positions_fini is due. */
int eng_positions_at(
	struct eng *eng, struct led_view *v, int64_t at_ns, struct eng_positions *ret);
void eng_positions_fini(struct eng_positions *p);

/* Sum of a posting code over a window, in one currency; worker 0 = the fleet. */
int eng_code_sum(struct led_view *v, uint32_t worker, enum led_code code,
	uint32_t currency, int64_t from_ns, int64_t to_ns, nv_i128 *ret);

#endif
