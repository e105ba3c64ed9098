/* Small files of the cgroup file system; shared by cgroup.c and cgroup_root.c. */
#ifndef SUP_CGROUP_FILE_H
#define SUP_CGROUP_FILE_H

#include "nv_base.h"

int sup_cgroup_write(const char *dir, const char *file, const char *text);
int sup_cgroup_read(const char *dir, const char *file, char *buf, size_t buf_bytes);
/* The number after "key " at a line's beginning; 0 when there is no such line. */
uint64_t sup_cgroup_field(const char *text, const char *key);
/* Remove path and the directories below it, deepest first; what is in use stays. */
void sup_cgroup_remove_tree(const char *path);

#endif
