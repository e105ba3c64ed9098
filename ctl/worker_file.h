/* The file workers.d/WORKER.yaml that `deploy` writes for a new worker. */
#ifndef CTL_WORKER_FILE_H
#define CTL_WORKER_FILE_H

#include "nv_err.h"

#include <jansson.h>

/* Put "a.b.c" = value into nested objects. -EINVAL when a part of the path is empty or
 * already a plain value, or the key was given before. */
int ctl_worker_file_set(
	json_t *settings, const char *key, const char *value, struct nv_err *err);
/* The text of the file (the caller's to free): worker, group, command, settings. */
char *ctl_worker_file_text(const char *group, const char *worker, char *const *command,
	size_t n_command, const json_t *settings);

#endif
