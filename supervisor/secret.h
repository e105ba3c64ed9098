/* Credentials directories: one private directory an incarnation, one file a granted
 * secret, readable by the worker's user only, gone when the worker is. */
#ifndef SUP_SECRET_H
#define SUP_SECRET_H

#include "nv_base.h"
#include "nv_err.h"

#include <sys/types.h>

#define SUP_SECRET_BYTES_MAX ((size_t)1 << 20)

/* Where it is for this instance; 0 or -ENAMETOOLONG. */
int sup_secret_path(char *ret, size_t ret_bytes, const char *run_dir, const char *worker,
	uint32_t instance);
/* Where secrets are looked for, in this order: conf_dir/secrets, then run_dir/secrets
 * (what came in NOVA_SECRETS: see sup_secret_take). */
struct sup_secret_places {
	const char *conf_dir;
	const char *run_dir;
};

/* Make dir and copy secrets/NAME into it for uid:gid. Each source must be one
 * that nobody else can read (nv_secret.h); a link must stay below
 * secrets/. -errno, and nothing is left behind; a system worker's secret may also stand
 * in our environment or in conf_dir/.env (nv_conf_secret_variables), and one that is
 * nowhere is left out. *ret_failed is then the secret it was about, or NULL. */
int sup_secret_grant(const char *dir, const struct sup_secret_places *places,
	char *const *names, size_t n_names, bool system, uid_t uid, gid_t gid,
	const char **ret_failed);
/* What services without files give (ECS): the variable NOVA_SECRETS, lines NAME=VALUE as
 * in an env_file, becomes run_dir/secrets/NAME, 0400, and is wiped and removed from the
 * environment. Names count in lower case. Without the variable, what an earlier fleet
 * left in run_dir/secrets is removed. At the start only: what is there outlives a
 * re-exec. -errno with a sentence that holds no value, and nothing is left. */
int sup_secret_take(const char *run_dir, struct nv_err *err);
void sup_secret_remove(const char *dir);
/* Every directory in run_dir/credentials that nobody knows. */
void sup_secret_sweep(
	const char *run_dir, bool (*is_known)(void *arg, const char *path), void *arg);
/* Whatever an earlier fleet left in run_dir/credentials. */
void sup_secret_remove_all(const char *run_dir);

#endif
