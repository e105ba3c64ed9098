/* The original system's .env -> settings and secrets of ours. Pure: text in, what becomes
 * of each variable out. A value that is taken as no setting is never kept anywhere but in
 * the secret it is. */
#ifndef CTL_IMPORT_ENV_H
#define CTL_IMPORT_ENV_H

#include "nv_base.h"

#include <jansson.h>

#define CTL_ENV_SECRETS_MAX 32

struct ctl_env_secret {
	const char *name;     /* of the file in secrets/; static */
	const char *variable; /* static */
	char *value;          /* owned; wiped */
	size_t bytes;
};

struct ctl_env {
	json_t *settings; /* owned: the tree of nova.yaml; values as they are written */
	json_t *used; /* owned: [{"variable","setting"}] and [{"variable","secret"}] */
	json_t *left; /* owned: [{"variable","why"}] */
	struct ctl_env_secret secrets[CTL_ENV_SECRETS_MAX];
	size_t n_secrets;
};

/* 0 or -ENOMEM; ctl_env_fini is due in any case. */
int ctl_env_read(const char *text, size_t bytes, struct ctl_env *ret);
void ctl_env_fini(struct ctl_env *env);

/* The settings as YAML; the caller's to free. NULL without memory. */
char *ctl_env_yaml(const struct ctl_env *env);

#endif
