/* What the daemons said, as the tree of `novactl top` takes it. Pure. */
#ifndef CTL_TOP_FILL_H
#define CTL_TOP_FILL_H

#include "nv_fleet.h"
#include "top_model.h"

/* Each may be missing (NULL): what only it knows is unknown then, never zero. */
struct top_said {
	const struct nv_fleet *fleet; /* novasupd's status */
	const json_t *metrics;        /* the engine's workers.metrics */
	const json_t *today;          /* its pnl of today by worker */
	const json_t *hours;          /* its sparklines */
};

/* The fleet (the caller's to clear). Nova's own workers are left out. */
void top_fill(const struct top_said *said, struct top_fleet *ret);

#endif
