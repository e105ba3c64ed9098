/* What the counts and the totals have of each worker, for the verb `figures`. */
#ifndef ENG_API_COUNTS_H
#define ENG_API_COUNTS_H

#include "api.h"
#include "count.h"

#include "nv_buf.h"

struct eng_slot;

struct eng_counts {
	struct led_view *view;             /* borrowed */
	const struct eng_counted *counted; /* borrowed; NULL: not known yet */
	struct eng_slot *slots; /* owned: 0 nobody's, by number, n_kept + 1 all others */
	size_t n_kept;
	struct eng_slot *fresh; /* owned: workers without a number */
	size_t n_fresh;
	size_t cap_fresh;
	json_t *lists[ENG_COUNT_KINDS]; /* owned */
	bool behind; /* the counts do not have all that the totals have */
	int bad;
};

/* Rows of n_kept workers, all others as one. 0 or negative; in any case eng_counts_fini
 * is due. */
int eng_counts_take(struct eng_counts *c, struct eng *eng, struct led_view *view,
	const struct eng_counted *counted, size_t n_kept);
void eng_counts_fini(struct eng_counts *c);
/* A list of rows as text: a thousand of them as a tree of JSON take five times as long.
 */
void eng_counts_put_workers(struct nv_buf *buf, const struct eng_counts *c);
/* What is not of one worker; null while it is not known. */
json_t *eng_counts_json(const struct eng_counts *c, uint64_t last_seq);
/* cost, revenue, net_revenue, profit, roi_ppm (null: no cost). */
json_t *eng_counts_amounts_json(const struct led_totals *t);

#endif
