/* One picture of the fleet from two halves: novasupd's (processes, instances, states)
 * and the engine's (figures, desired state and why). Pure; either half may be missing. */
#ifndef CTL_MERGE_H
#define CTL_MERGE_H

#include "sup_client.h"

#include <jansson.h>

/* Rows of `workers status --json`. fleet and metrics (the data of workers.metrics) may be
 * NULL: what only they know is null then. only: one worker's name, or NULL for all. */
json_t *
ctl_merge_workers(const struct ctl_fleet *fleet, const json_t *metrics, const char *only);
/* {"total","running",...}: every row is in exactly one of the counts. */
json_t *ctl_merge_counts(const json_t *rows);
/* The "nova" and "processes" of `status --json`. */
json_t *ctl_merge_nova(const struct ctl_fleet *fleet);
/* Its "incident": null when there is none. */
json_t *ctl_merge_incident(const struct ctl_fleet *fleet);
json_t *ctl_merge_processes(const struct ctl_fleet *fleet);

#endif
