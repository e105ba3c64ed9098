/* Random histories, and smaller ones that still show the same. */
#ifndef SIM_RANDOM_H
#define SIM_RANDOM_H

#include "sim.h"

/* Invent a history, event by event, while both sides live through it. Its events are in
 * *h afterwards. Returns as sim_replay: -1 when the two agree. */
int sim_random(struct history *h, uint64_t seed, const struct side_ops *judge,
	enum otp_break judge_broken, const struct side_ops *judged,
	enum otp_break judged_broken);

/* Take away all events that the difference does not need. */
void
sim_shrink(struct history *h, const struct side_ops *judge, enum otp_break judge_broken,
	const struct side_ops *judged, enum otp_break judged_broken);

#endif
