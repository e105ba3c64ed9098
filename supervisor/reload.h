/* Reading the configuration. */
#ifndef SUP_RELOAD_H
#define SUP_RELOAD_H

#include "plan.h"

struct sup;
struct sup_conf;

/* Read and check everything. 0 with *ret_conf (the caller's reference), which holds a
 * sealed snapshot if that is wanted; -EINVAL with the errors in errs; -errno. With
 * workers in force (n_workers), a workers.d that is not there is an error and not their
 * end. */
int sup_conf_load(const char *path, bool snapshot_wanted, size_t n_workers,
	struct sup_conf **ret_conf, struct nv_conf_errors *errs);
/* The same from the snapshot of an earlier one: 0 and fd is taken, or -errno. */
int sup_conf_from_snapshot(int fd, uint32_t gen, struct sup_conf **ret);

/* Read the files, tell each difference to `row` (may be NULL), and with `apply` take
 * them. 0 with a summary in text; -EINVAL with every error in it, and nothing changed. */
int sup_reload_plan(struct sup *sup, bool apply, sup_plan_row_fn *row, void *arg,
	char *text, size_t text_bytes);

#endif
