/* Rolling restart: the instances of a worker are replaced a few at a time, so that those
 * that serve are never fewer than wanted - max_unavailable. Pure: a function of (roll,
 * instances, now); roll.c applies the answers.
 *
 *    SURGE   `surge` more instances, numbered above, have to come up and live for `pause`
 *    BATCH   surge + max_unavailable instances, lowest number first, are restarted; each
 *            has to come up and live for `pause`; then the next ones
 *    DONE    the additional ones are taken away
 *    ABORTED `abort_after` new ones failed, or a person said so: the old ones that are
 * left stay; the additional ones stay until all that are wanted are up */
#ifndef SUP_ROLLING_H
#define SUP_ROLLING_H

#include "nv_base.h"

#define SUP_ROLL_SURGE_MAX 1000

struct sup_roll_policy {
	uint32_t surge;
	uint32_t max_unavailable; /* surge + max_unavailable >= 1 */
	uint32_t abort_after;     /* failures of new ones; 0 counts as 1 */
	int64_t pause_ms;
};

enum sup_roll_phase {
	SUP_ROLL_NONE,
	SUP_ROLL_SURGE,
	SUP_ROLL_BATCH,
	SUP_ROLL_DONE,
	SUP_ROLL_ABORTED,
	SUP_ROLL_PHASES
};
const char *sup_roll_phase_name(enum sup_roll_phase phase);

/* Flat. Instances have numbers from 1. */
struct sup_roll {
	enum sup_roll_phase phase;
	uint32_t id; /* counts from 1 */
	struct sup_roll_policy policy;
	uint32_t last;       /* instances 1..last are replaced */
	uint32_t first;      /* of the batch; those below are done */
	uint32_t count;      /* in the batch */
	uint32_t surge;      /* additional instances that shall run now */
	uint32_t failures;   /* of new ones */
	int64_t deadline_ms; /* INT64_MAX: none */
	char why[120];       /* ABORTED: "new instance 2 failed: exit 3" */
};

struct sup_roll_one {
	bool up;
	int64_t up_ms; /* since */
};
/* one[i] is instance i + 1; wanted: how many shall run without the additional ones; n:
 * how many there are. */
struct sup_roll_view {
	const struct sup_roll_one *one;
	uint32_t n;
	uint32_t wanted;
};

bool sup_roll_active(const struct sup_roll *r);
/* Begin (a roll that is active is begun anew). */
void
sup_roll_start(struct sup_roll *r, const struct sup_roll_policy *policy, uint32_t wanted);
void sup_roll_abort(struct sup_roll *r, const char *why);
/* Instance `number` ended by itself, badly, or could not be started. */
void
sup_roll_failed(struct sup_roll *r, uint32_t number, uint32_t wanted, const char *how);
/* To be called after every change and at the deadline, until it answers false: then
 * r->surge additional instances shall run. True: restart instances *ret_from..*ret_to
 * (nothing when they are 0) and call again. */
bool sup_roll_step(struct sup_roll *r, const struct sup_roll_view *view, int64_t now_ms,
	uint32_t *ret_from, uint32_t *ret_to);
/* "2 of 5 replaced; ...", for people. */
void sup_roll_text(const struct sup_roll *r, char *buf, size_t buf_bytes);

struct nv_buf;
void sup_roll_save(const struct sup_roll *r, struct nv_buf *buf);
/* -EBADMSG: *r stays as it was. */
int sup_roll_load(struct sup_roll *r, const void *data, size_t bytes);

#endif
