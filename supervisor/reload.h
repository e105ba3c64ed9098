/* Reading the configuration. */
#ifndef SUP_RELOAD_H
#define SUP_RELOAD_H

#include "plan.h"

struct sup;
struct sup_conf;

/* Read and check everything. 0 with *ret_conf (the caller's reference) and the sealed
 * snapshot (NULL: not wanted); -EINVAL with the errors in errs; -errno. */
int sup_conf_load(const char *path, struct sup_conf **ret_conf, int *ret_snapshot,
	struct nv_conf_errors *errs);

/* Read the files, tell each difference to `row` (may be NULL), and with `apply` take
 * them. 0 with a summary in text; -EINVAL with every error in it, and nothing changed. */
int sup_reload_plan(struct sup *sup, bool apply, sup_plan_row_fn *row, void *arg,
	char *text, size_t text_bytes);

#endif
