/* A new configuration as a plan: what is added, removed and changed, and what each of it
 * means for what runs. The same rules decide what a reload does. */
#ifndef SUP_PLAN_H
#define SUP_PLAN_H

#include "cgroup.h"
#include "nv_config.h"
#include "nv_msg_flow.h"

/* Can limits of processes that run be changed from old to new? In v2 always; in v1 one
 * that was not there at the start has no directory they are in. */
bool sup_plan_limits_live(const struct sup_cgroup_root *root,
	const struct nv_conf_worker *old, const struct nv_conf_worker *new);
/* Must instances that run with `old` be restarted for `new`? */
bool sup_plan_restarts(const struct sup_cgroup_root *root,
	const struct nv_conf_worker *old, const struct nv_conf_worker *new);

/* running: instances of a worker with a process; may be NULL: all have one. */
typedef uint32_t sup_plan_running_fn(void *arg, const char *worker);
/* row->request_id is 0. */
typedef void sup_plan_row_fn(void *arg, const struct nv_ctl_plan *row);

struct sup_plan_counts {
	uint32_t added;
	uint32_t removed;
	uint32_t changed;  /* workers */
	uint32_t restarts; /* of them, those that are restarted */
	uint32_t settings; /* of the fleet */
};
/* 0 or -ENOMEM. */
int sup_plan_make(const struct sup_cgroup_root *root, const struct nv_config *old,
	const struct nv_config *new, sup_plan_running_fn *running, sup_plan_row_fn *row,
	void *arg, struct sup_plan_counts *ret);
/* "1 worker added, 2 changed (1 restarted)"; "nothing changes". */
void sup_plan_text(const struct sup_plan_counts *counts, char *buf, size_t buf_bytes);

#endif
