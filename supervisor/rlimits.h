/* Resource limits of a worker's processes (setrlimit). Those of the whole process tree
 * are the cgroup's. */
#ifndef SUP_RLIMITS_H
#define SUP_RLIMITS_H

#include "cgroup.h"
#include "nv_config.h"
#include "spawn.h"

/* Add the limits of the configuration to spec; nofile: what the user gave Nova. A limit
 * above what Nova may set is lowered to that. */
void sup_limits_fill(struct sup_spawn *spec, const struct nv_conf_worker *conf,
	const struct rlimit *nofile);
/* Those of the whole process tree, for its cgroup. */
struct sup_cgroup_limits sup_limits_of_tree(const struct nv_conf_worker *conf);

#endif
