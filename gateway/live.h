/* The gateway's picture of the fleet: novasupd's half, the engine's and that of
 * nova-alerts asked once a second while somebody looks (a request in the last
 * GW_LIVE_LOOK_S, or an open stream), joined and kept as JSON text. Without anybody it
 * asks nobody.
 *
 * A half that is away is null and named in the warnings, never an invented zero; as_of is
 * when the oldest of what is shown was read. */
#ifndef GW_LIVE_H
#define GW_LIVE_H

#include "nv_fleet.h"

#define GW_LIVE_LOOK_S   10
#define GW_LIVE_HALF_MS  3000 /* without an answer: it is away */
#define GW_LIVE_FIRST_MS 5000 /* a request waits so long for a picture */

struct gw;
struct gw_live;
struct gw_live_wait; /* a request that waits for a picture that is not too old */

/* One worker. Rows keep their places: one that is gone stays, empty, until all begin anew
 * (`order` changes). */
struct gw_row {
	char worker[NV_NAME_MAX];
	char group[NV_NAME_MAX];
	const char *state; /* borrowed from `json` */
	json_t *json;      /* owned: the row as it is shown */
	char *text;        /* owned: the same; NULL: the worker is gone */
	size_t bytes;
	uint64_t changed; /* the generation in which something but time has changed */
};

struct gw_picture {
	const struct gw_row *rows;
	size_t n_rows;       /* places */
	uint64_t generation; /* of the rows; 0: there is no picture yet */
	uint64_t order;
	int64_t as_of_ns;             /* of the rows */
	const struct nv_fleet *fleet; /* NULL: novasupd does not answer */
	const char *overview;         /* GET /api/v1/overview as text */
	size_t overview_bytes;
	uint64_t overview_changed; /* counts changes of it, but for its as_of */
	const json_t *counts;      /* "workers" of status */
	const json_t *warnings;    /* which half is away, and why */
	int64_t sparks_as_of_ns;   /* of each row's "spark"; 0: there are none */
};
/* As it is now; borrowed until the loop. */
void gw_live_picture(const struct gw *gw, struct gw_picture *ret);
const struct gw_row *gw_live_row(const struct gw *gw, const char *worker);

/* Somebody looks. done is called once, from the loop or from here, when there is a
 * picture that is not older than a few seconds: why NULL; or a sentence when there is
 * none within GW_LIVE_FIRST_MS. -ENOMEM: it is not called. *ret is NULL when it has been
 * called. */
int gw_live_wait(struct gw *gw, void (*done)(void *arg, const char *why), void *arg,
	struct gw_live_wait **ret);
void gw_live_wait_cancel(struct gw_live_wait *wait);

/* Something was done: who asks from now on gets no picture that was read before, unless
 * there is no other within GW_LIVE_FIRST_MS. */
void gw_live_changed(struct gw *gw);

/* Somebody goes on looking, and is told after each change of the picture. */
struct gw_live_watch {
	struct gw_live_watch *prev;
	struct gw_live_watch *next;
	void (*changed)(struct gw_live_watch *watch);
};
void gw_live_watch_begin(struct gw *gw, struct gw_live_watch *watch);
void gw_live_watch_end(struct gw *gw, struct gw_live_watch *watch);

int gw_live_open(struct gw *gw);
void gw_live_close(struct gw *gw);

#endif
