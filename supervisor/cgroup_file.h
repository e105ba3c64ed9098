/* Small files of the cgroup file system; shared by cgroup.c and cgroup_root.c. */
#ifndef SUP_CGROUP_FILE_H
#define SUP_CGROUP_FILE_H

#include "cgroup.h"

/* Put the limits into files of cg->path and its v1 directories; what cannot be held is
 * noted in cg->not_enforced. */
void sup_cgroup_set_limits(struct sup_cgroup *cg, const struct sup_cgroup_root *root,
	const struct sup_cgroup_limits *limits);
/* The fleet's subtree by the name `name`, from the text of /proc/self/mountinfo and
 * /proc/self/cgroup. */
void sup_cgroup_root_make(struct sup_cgroup_root *root, const char *mountinfo,
	const char *cgroups, const char *name);

int sup_cgroup_write(const char *dir, const char *file, const char *text);
int sup_cgroup_read(const char *dir, const char *file, char *buf, size_t buf_bytes);
/* The number after "key " at a line's beginning; 0 when there is no such line. */
uint64_t sup_cgroup_field(const char *text, const char *key);
/* Remove path and the directories below it, deepest first; what is in use stays. */
void sup_cgroup_remove_tree(const char *path);

#endif
