/* A list of NAME=value strings: see env.h. */
#include "env.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
push(struct rn_env *env, char *taken)
{
	char **grown = NULL;

	if (taken)
		grown = realloc(env->list, (env->n + 2) * sizeof(*grown));
	if (!grown) {
		env->error = -ENOMEM;
		free(taken);
		return;
	}
	env->list = grown;
	env->list[env->n++] = taken;
	env->list[env->n] = NULL;
}

void
rn_env_init(struct rn_env *env, char *const from[])
{
	*env = (struct rn_env){0};
	for (size_t i = 0; from[i] && !env->error; i++)
		push(env, strdup(from[i]));
}

void
rn_env_fini(struct rn_env *env)
{
	for (size_t i = 0; i < env->n; i++)
		free(env->list[i]);
	free(env->list);
	*env = (struct rn_env){0};
}

static void
drop(struct rn_env *env, const char *name)
{
	size_t bytes = strlen(name);
	size_t kept = 0;

	for (size_t i = 0; i < env->n; i++) {
		if (strncmp(env->list[i], name, bytes) == 0 && env->list[i][bytes] == '=')
			free(env->list[i]);
		else
			env->list[kept++] = env->list[i];
	}
	env->n = kept;
	if (env->list)
		env->list[kept] = NULL;
}

void
rn_env_set(struct rn_env *env, const char *name, const char *value)
{
	char *pair = NULL;

	drop(env, name);
	if (!value || env->error)
		return;
	if (asprintf(&pair, "%s=%s", name, value) < 0)
		pair = NULL;
	push(env, pair);
}
