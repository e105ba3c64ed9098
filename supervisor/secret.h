/* Credentials directories: one private directory an incarnation, one file a granted
 * secret, readable by the worker's user only, gone when the worker is. */
#ifndef SUP_SECRET_H
#define SUP_SECRET_H

#include "nv_base.h"

#include <sys/types.h>

#define SUP_SECRET_BYTES_MAX ((size_t)1 << 20)

/* Where it is for this instance; 0 or -ENAMETOOLONG. */
int sup_secret_path(char *ret, size_t ret_bytes, const char *run_dir, const char *worker,
	uint32_t instance);
/* Make dir and copy conf_dir/secrets/NAME into it for uid:gid. Each source must be a
 * regular file of root or of ourselves that nobody else can read. -errno, and nothing
 * is left behind; a system worker's secret may also stand in our environment or in
 * conf_dir/.env (nv_conf_secret_variables), and one that is nowhere is left out.
 * *ret_failed is then the secret it was about, or NULL. */
int sup_secret_grant(const char *dir, const char *conf_dir, char *const *names,
	size_t n_names, bool system, uid_t uid, gid_t gid, const char **ret_failed);
void sup_secret_remove(const char *dir);
/* Every directory in run_dir/credentials that nobody knows. */
void sup_secret_sweep(
	const char *run_dir, bool (*is_known)(void *arg, const char *path), void *arg);
/* Whatever an earlier fleet left in run_dir/credentials. */
void sup_secret_remove_all(const char *run_dir);

#endif
