/* The rows of the picture: both halves joined worker by worker, a slice at a time, and
 * compared with what was shown before. Pure: no loop, no clock. */
#ifndef GW_LIVE_ROWS_H
#define GW_LIVE_ROWS_H

#include "live.h"

#define GW_ROWS_SLICE 8 /* workers that are joined in one step: some 0.4 ms */

struct gw_rows_aux;

struct gw_rows {
	struct gw_row *rows;     /* owned: places */
	struct gw_rows_aux *aux; /* owned, beside them */
	size_t n;
	json_t *index; /* owned: name -> place */
	uint64_t generation;
	uint64_t order;
	json_t *counts; /* owned: "workers" of status; NULL before the first */
	/* Of the build under way. */
	const struct nv_fleet *fleet; /* borrowed */
	const char *metrics;          /* borrowed: where to read on; NULL at the end */
	bool has_metrics;
	const json_t *sparks; /* borrowed: {name: [..]} */
	size_t next_worker;
	size_t next_instance;
	size_t next_place;
	json_t *next_counts; /* owned */
	int step;
	int error;
};

int gw_rows_init(struct gw_rows *t);
void gw_rows_fini(struct gw_rows *t);

/* Begin: fleet, metrics (the text of an answer to workers.metrics) and sparks may each be
 * NULL: what only they know is null then. All three stay borrowed until the end. */
void gw_rows_begin(struct gw_rows *t, const struct nv_fleet *fleet, const char *metrics,
	const json_t *sparks);
/* 0: there is more to do; 1: done, *ret_changed says whether any row has changed but for
 * the passing of time; -ENOMEM, -EBADMSG: nothing has changed, the build is over. */
int gw_rows_step(struct gw_rows *t, bool *ret_changed);

/* The object that begins at text: its end, NULL when there is none. */
const char *gw_rows_object_end(const char *text);
/* Equal but for what only says how much time has passed? */
bool gw_rows_same(const json_t *a, const json_t *b);

#endif
