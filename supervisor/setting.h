/* What a program is started with: environment, identity, the paths exec may try. Built
 * anew from the configuration at each start; nothing of novasupd's own environment gets
 * through but the few names protocol.md lists. */
#ifndef SUP_SETTING_H
#define SUP_SETTING_H

#include "nv_name.h"
#include "spawn.h"

struct sup_instance;

#define SUP_CANDIDATES_MAX 64
#define SUP_GROUPS_MAX     128
#define SUP_OWN_ENV_MAX    128
#define SUP_SNAPSHOT_FD    5 /* of a system worker: what NOVA_SNAPSHOT_FD says */

struct sup_setting {
	char **env; /* owned, NULL-terminated */
	size_t n_env;
	size_t env_cap;
	char **argv; /* owned, NULL-terminated: the command */
	char *candidates[SUP_CANDIDATES_MAX + 1]; /* owned, NULL-terminated */
	size_t n_candidates;
	bool set_ids;
	uid_t uid;
	gid_t gid;
	gid_t groups[SUP_GROUPS_MAX];
	int n_groups;
	char home[256]; /* of the user, "" = as novasupd */
};

/* 0, or -errno with the stage (user, environment, exec) in ret_error. */
int sup_setting_identity(struct sup_setting *s, const struct sup_instance *inst,
	struct sup_spawn_error *ret_error);
/* The variant of an experiment that the incarnation to be started is, all of it: what
 * NOVA_VARIANT says. "" for a task in an experiment: nova-runner chooses for each run. */
void sup_setting_variant(const struct sup_instance *inst, char ret[NV_NAME_MAX]);
/* After the identity; credentials is the "CREDENTIALS_DIRECTORY=..." entry, ready the one
 * that says how to say so ("": none). */
int sup_setting_build(struct sup_setting *s, const struct sup_instance *inst,
	const char *credentials, const char *ready, struct sup_spawn_error *ret_error);
void sup_setting_fini(struct sup_setting *s);

/* Environment of Nova's own programs: ours, without what may be a secret. */
struct sup_own_env {
	char *list[SUP_OWN_ENV_MAX + 1]; /* borrowed from environ */
};
void sup_own_env_init(struct sup_own_env *env);

#endif
