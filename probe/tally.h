/* From the results of single checks to what is said about a worker: pure. Only changes
 * are said. */
#ifndef PROBE_TALLY_H
#define PROBE_TALLY_H

#include "nv_msg_body.h"

#define PROBE_REASON_BYTES 200

struct probe_tally {
	enum nv_probe_what what;
	uint32_t failures_max; /* in a row, of HEALTH; at least 1 */
	uint32_t failures;
	bool told;                       /* something was said */
	bool good;                       /* that it is */
	char reason[PROBE_REASON_BYTES]; /* that was said */
};

void
probe_tally_init(struct probe_tally *t, enum nv_probe_what what, uint32_t failures_max);
/* A check is over; why is "" when it succeeded. True: t->good and t->reason are to be
 * said. */
bool probe_tally_add(struct probe_tally *t, bool good, const char *why);

#endif
