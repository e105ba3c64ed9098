/* A picture of the fleet from two halves: novasupd's answer to SUP_STATUS (processes,
 * instances, states), which is taken one message at a time by whatever loop receives
 * it, and the engine's (figures, desired state and why). Pure; either half may be
 * missing.
 *
 * Makers of JSON return a new reference, or NULL without memory. */
#ifndef NV_FLEET_H
#define NV_FLEET_H

#include "nv_json.h"
#include "nv_msg_body.h"
#include "nv_msg_flow.h"

#define NV_FLEET_ROWS_MAX 200000 /* of one kind in one answer */

/* A whole answer to SUP_STATUS; all zero is an empty one. */
struct nv_fleet {
	struct nv_ctl_nova nova;
	struct nv_ctl_incident incident; /* state "" when there is none */
	struct nv_ctl_proc *procs;       /* owned */
	size_t n_procs;
	struct nv_ctl_worker *workers; /* owned */
	size_t n_workers;
	struct nv_ctl_roll *rolls; /* owned; of workers that have had one */
	size_t n_rolls;
	struct nv_ctl_instance *instances; /* owned; those of a worker stand together */
	size_t n_instances;
	struct nv_ctl_log *logs; /* owned; of workers whose log has lost something */
	size_t n_logs;
};

/* Take the next message of an answer, or a CTL_ROWS of many: 1 it was the last one, 0
 * there are more, -EBADMSG (malformed, or no part of a status), -E2BIG, -ENOMEM. That
 * it answers our request is the caller's to compare. */
int nv_fleet_take(struct nv_fleet *fleet, const struct nv_msg *msg);
void nv_fleet_clear(struct nv_fleet *fleet);

/* NULL when it is not known. */
const struct nv_ctl_worker *
nv_fleet_worker(const struct nv_fleet *fleet, const char *name);
/* NULL: nothing of its log was lost, and it can be written. */
const struct nv_ctl_log *nv_fleet_log(const struct nv_fleet *fleet, const char *worker);
/* NULL when it has had none. */
const struct nv_ctl_roll *nv_fleet_roll(const struct nv_fleet *fleet, const char *worker);

/* The state that is shown. novasupd says what is; that nothing runs because the worker
 * was killed or taken out of service is the engine's knowledge (its row of
 * workers.metrics, or NULL) and says more than "stopped". Borrowed from either. */
const char *nv_fleet_state(const struct nv_ctl_worker *w, const json_t *row);
/* The worst of a worker's instances, which begin at `at`, among those that do not run as
 * they should, in words; "" when there is none. */
void nv_fleet_trouble(const struct nv_fleet *fleet, size_t at,
	const struct nv_ctl_worker *w, char *text, size_t text_bytes);

/* ---- as JSON ---- */

/* Rows of `workers status --json`. fleet and metrics (the data of workers.metrics) may be
 * NULL: what only they know is null then. only: one worker's name, or NULL for all. */
json_t *nv_fleet_workers_json(
	const struct nv_fleet *fleet, const json_t *metrics, const char *only);
/* The same one at a time, for who must not take long at once. Of worker number k, whose
 * instances begin at *at, which is moved behind them; engine: its row of workers.metrics,
 * or NULL. */
json_t *nv_fleet_row_json(
	const struct nv_fleet *fleet, size_t k, size_t *at, const json_t *engine);
/* Of a worker that only the engine knows. */
json_t *nv_fleet_stray_json(const json_t *engine, bool novasupd_answers);
/* Which of the counts a worker in this state is in: each is in exactly one. */
const char *nv_fleet_count_of(const char *state);
/* {"total","running",...} of rows. */
json_t *nv_fleet_counts_json(const json_t *rows);
/* The "nova", "processes" and "incident" (null when there is none) of `status --json`. */
json_t *nv_fleet_nova_json(const struct nv_fleet *fleet);
json_t *nv_fleet_processes_json(const struct nv_fleet *fleet);
json_t *nv_fleet_incident_json(const struct nv_fleet *fleet);

#endif
