/* The environment of a run: what nova-runner itself was given, with some variables set
 * anew. */
#ifndef RN_ENV_H
#define RN_ENV_H

#include "nv_base.h"

struct rn_env {
	char **list; /* owned, as are its strings; NULL-terminated for exec */
	size_t n;
	int error; /* 0 or -ENOMEM, remembered */
};

/* A copy of `from`. */
void rn_env_init(struct rn_env *env, char *const from[]);
void rn_env_fini(struct rn_env *env);
/* value NULL removes the variable. */
void rn_env_set(struct rn_env *env, const char *name, const char *value);

#endif
