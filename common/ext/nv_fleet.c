/* An answer to SUP_STATUS, message by message: see nv_fleet.h. */
#include "nv_fleet.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Room for one more row behind *rows: by doubling, so the room is always the next power
 * of two, at least 16. The new row, or NULL. */
static void *
add_row(void **rows, size_t *n, size_t bytes)
{
	if (*n < 16 ? *n == 0 : (*n & (*n - 1)) == 0) {
		void *grown = reallocarray(*rows, *n < 16 ? 16 : *n * 2, bytes);

		if (!grown)
			return NULL;
		*rows = grown;
	}
	return (char *)*rows + (*n)++ * bytes;
}

/* `kind` of a message into the list `rows` of the fleet. */
#define TAKE_ROW(fleet, rows, n, kind, msg) \
	do { \
		void *list = (fleet)->rows; \
		struct nv_ctl_##kind *row; \
\
		if ((fleet)->n == NV_FLEET_ROWS_MAX) \
			return -E2BIG; \
		row = add_row(&list, &(fleet)->n, sizeof(*row)); \
		if (!row) \
			return -ENOMEM; \
		(fleet)->rows = list; \
		return nv_ctl_##kind##_decode(row, msg); \
	} while (0)

static int
take_one(struct nv_fleet *fleet, const struct nv_msg *msg)
{
	switch (msg->type) {
	case NV_MSG_CTL_NOVA:
		return nv_ctl_nova_decode(&fleet->nova, msg);
	case NV_MSG_CTL_INCIDENT:
		return nv_ctl_incident_decode(&fleet->incident, msg);
	case NV_MSG_CTL_PROC:
		TAKE_ROW(fleet, procs, n_procs, proc, msg);
	case NV_MSG_CTL_WORKER:
		TAKE_ROW(fleet, workers, n_workers, worker, msg);
	case NV_MSG_CTL_ROLL:
		TAKE_ROW(fleet, rolls, n_rolls, roll, msg);
	case NV_MSG_CTL_INSTANCE:
		TAKE_ROW(fleet, instances, n_instances, instance, msg);
	case NV_MSG_CTL_LOG:
		TAKE_ROW(fleet, logs, n_logs, log, msg);
	case NV_MSG_CTL_END:
		return 1;
	default:
		return -EBADMSG;
	}
}

int
nv_fleet_take(struct nv_fleet *fleet, const struct nv_msg *msg)
{
	struct nv_rd rows;
	struct nv_msg row;
	int rc;

	if (msg->type != NV_MSG_CTL_ROWS)
		return take_one(fleet, msg);
	nv_rd_init(&rows, msg->body, msg->bytes);
	(void)nv_rd_u32(&rows); /* the request, which the caller has compared */
	while ((rc = nv_ctl_rows_next(&rows, &row)) > 0) {
		rc = take_one(fleet, &row);
		if (rc != 0)
			return rc < 0 ? rc : -EBADMSG; /* no end stands among rows */
	}
	return rc;
}

void
nv_fleet_clear(struct nv_fleet *fleet)
{
	free(fleet->procs);
	free(fleet->workers);
	free(fleet->instances);
	free(fleet->rolls);
	free(fleet->logs);
	*fleet = (struct nv_fleet){0};
}

const struct nv_ctl_worker *
nv_fleet_worker(const struct nv_fleet *fleet, const char *name)
{
	for (size_t i = 0; i < fleet->n_workers; i++) {
		if (strcmp(fleet->workers[i].worker, name) == 0)
			return &fleet->workers[i];
	}
	return NULL;
}

const struct nv_ctl_log *
nv_fleet_log(const struct nv_fleet *fleet, const char *worker)
{
	for (size_t i = 0; i < fleet->n_logs; i++) {
		if (strcmp(fleet->logs[i].worker, worker) == 0)
			return &fleet->logs[i];
	}
	return NULL;
}

const struct nv_ctl_roll *
nv_fleet_roll(const struct nv_fleet *fleet, const char *worker)
{
	for (size_t i = 0; i < fleet->n_rolls; i++) {
		if (strcmp(fleet->rolls[i].worker, worker) == 0)
			return &fleet->rolls[i];
	}
	return NULL;
}
