/* What came back of sales, counted when the sale was made instead of when it came back.
 */
#ifndef ENG_COHORT_H
#define ENG_COHORT_H

#include "reports.h"

/* r has rows of time that follow one another, filled and converted. The refunds and
 * disputes of each row become those of its sales, whenever they were booked (disputes:
 * open and lost ones), and a sale that was corrected is out of the row it was made in,
 * not of the one of its correction. Converts anew. ret_rest: refunds and disputes booked
 * since the first row began that belong to no sale of that time, in the base currency. 0
 * or negative.
 */
int eng_cohort_attribute(struct eng_report *r, struct eng_figures *ret_rest);

#endif
