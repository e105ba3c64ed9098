/* Environment, identity and exec candidates: see setting.h. */
#include "setting.h"
#include "nv_env_file.h"
#include "nv_expand.h"
#include "nv_log.h"
#include "sup.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_DEFAULT "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static int
fail(struct sup_spawn_error *ret, enum sup_stage stage, int error)
{
	*ret = (struct sup_spawn_error){stage, error};
	return -error;
}

/* The configuration's groups in the place of the account's. */
static int
choose_groups(struct sup_setting *s, const struct nv_conf_worker *conf, const char *user,
	struct sup_spawn_error *ret_error)
{
	char space[16384];
	struct group gr;
	struct group *found = NULL;

	if (conf->user_group) {
		int error =
			getgrnam_r(conf->user_group, &gr, space, sizeof(space), &found);

		if (!found)
			return fail(ret_error, SUP_STAGE_USER, error ? error : ENOENT);
		s->gid = gr.gr_gid;
	}
	s->n_groups = SUP_GROUPS_MAX;
	if (!conf->has_user_groups) {
		if (!user) /* ours, as they are */
			s->n_groups = getgroups(SUP_GROUPS_MAX, s->groups);
		else if (getgrouplist(user, s->gid, s->groups, &s->n_groups) < 0)
			s->n_groups = -1;
		return s->n_groups < 0 ? fail(ret_error, SUP_STAGE_USER, E2BIG) : 0;
	}
	s->n_groups = 0;
	for (size_t i = 0; i < conf->n_user_groups; i++) {
		int error = getgrnam_r(
			conf->user_groups[i], &gr, space, sizeof(space), &found);

		if (!found)
			return fail(ret_error, SUP_STAGE_USER, error ? error : ENOENT);
		s->groups[s->n_groups++] = gr.gr_gid;
	}
	return 0;
}

int
sup_setting_identity(struct sup_setting *s, const struct sup_instance *inst,
	struct sup_spawn_error *ret_error)
{
	const struct nv_conf_worker *conf = inst->worker->conf;
	const char *user = conf->user && conf->user[0] ? conf->user : NULL;
	bool groups = conf->user_group || conf->has_user_groups;
	char space[16384];
	struct passwd pw;
	struct passwd *found = NULL;

	*s = (struct sup_setting){.uid = geteuid(), .gid = getegid()};
	if (user) {
		int error = getpwnam_r(user, &pw, space, sizeof(space), &found);

		if (!found)
			return fail(ret_error, SUP_STAGE_USER, error ? error : ENOENT);
		s->uid = pw.pw_uid;
		s->gid = pw.pw_gid;
		(void)snprintf(s->home, sizeof(s->home), "%s", pw.pw_dir);
	}
	if (s->uid == geteuid() && !groups)
		return 0;
	if (geteuid() != 0)
		return fail(ret_error, SUP_STAGE_USER, EPERM);
	int rc = choose_groups(s, conf, user, ret_error);

	s->set_ids = rc == 0;
	return rc;
}

/* ---- environment ---- */

static size_t
key_bytes(const char *entry)
{
	return (size_t)(strchrnul(entry, '=') - entry);
}

/* Add an owned "NAME=value"; one of the same name is replaced. */
static int
add_owned(struct sup_setting *s, char *entry)
{
	size_t len = key_bytes(entry);

	for (size_t i = 0; i < s->n_env; i++) {
		if (key_bytes(s->env[i]) == len && memcmp(s->env[i], entry, len) == 0) {
			free(s->env[i]);
			s->env[i] = entry;
			return 0;
		}
	}
	if (s->n_env + 2 > s->env_cap) {
		size_t cap = s->env_cap ? s->env_cap * 2 : 32;
		char **grown = realloc(s->env, cap * sizeof(*grown));

		if (!grown) {
			free(entry);
			return -ENOMEM;
		}
		s->env = grown;
		s->env_cap = cap;
	}
	s->env[s->n_env++] = entry;
	s->env[s->n_env] = NULL;
	return 0;
}

static int add(struct sup_setting *s, const char *fmt, ...) NV_PRINTF(2, 3);

static int
add(struct sup_setting *s, const char *fmt, ...)
{
	char *entry = NULL;
	va_list ap;

	va_start(ap, fmt);
	int n = vasprintf(&entry, fmt, ap);

	va_end(ap);
	return n < 0 ? -ENOMEM : add_owned(s, entry);
}

static int
add_inherited(struct sup_setting *s)
{
	static const char *const names[] = {"PATH", "LANG", "TZ", "HOME"};
	int rc = 0;

	for (size_t i = 0; i < NV_LEN(names) && rc == 0; i++) {
		const char *value = getenv(names[i]);

		if (value)
			rc = add(s, "%s=%s", names[i], value);
		else if (i == 0)
			rc = add(s, "PATH=%s", PATH_DEFAULT);
	}
	if (rc == 0 && s->home[0])
		rc = add(s, "HOME=%s", s->home);
	return rc;
}

static int
on_file_variable(void *arg, const char *name, const char *value)
{
	return add(arg, "%s=%s", name, value);
}

/* Read anew at each start, so that a changed file counts from the next one on; it may
 * hold secrets, so it is in no snapshot. */
static int
add_file(struct sup_setting *s, const char *path)
{
	char *text = NULL;
	size_t bytes = 0;
	struct nv_err err = {.text = ""};
	int rc = nv_env_file_read(path, &text, &bytes);

	if (rc < 0)
		return rc;
	rc = nv_env_file_parse(text, bytes, on_file_variable, s, &err);
	if (rc == -EINVAL)
		nv_warn("%s:%u:%u: %s", path, err.line, err.column, err.text);
	explicit_bzero(text, bytes);
	free(text);
	return rc;
}

static int
add_configured(struct sup_setting *s, const struct nv_conf_worker *conf,
	const char *const values[])
{
	int rc = 0;

	for (size_t i = 0; i < conf->n_env && rc == 0; i++) {
		NV_CLEANUP_FREE char *value = nv_expand(conf->env[i].value, values);

		rc = value ? add(s, "%s=%s", conf->env[i].key, value) : -ENOMEM;
	}
	return rc;
}

static int
expand_command(struct sup_setting *s, const struct nv_conf_worker *conf,
	const char *const values[])
{
	size_t n = 0;

	while (conf->argv[n])
		n++;
	s->argv = calloc(n + 1, sizeof(*s->argv));
	for (size_t i = 0; s->argv && i < n; i++) {
		s->argv[i] = nv_expand(conf->argv[i], values);
		if (!s->argv[i])
			return -ENOMEM;
	}
	return s->argv ? 0 : -ENOMEM;
}

/* A split that is not understood is none: the engine has made it, and says it again. */
static struct nv_split
split_of(const struct sup_instance *inst)
{
	struct nv_split split = {0};

	(void)nv_split_parse(inst->worker->desire.split, &split, NULL);
	return split;
}

void
sup_setting_variant(const struct sup_instance *inst, char ret[NV_NAME_MAX])
{
	const struct nv_split split = split_of(inst);
	const char *name = inst->worker->desire.variant;

	if (split.n > 0 && inst->worker->conf->kind == NV_KIND_TASK)
		name = "";
	else if (split.n > 0 && !split.param[0])
		name = split.arms[nv_split_of_instance(&split, inst->worker->name,
					  inst->number, inst->generation)]
			       .name;
	memcpy(ret, name, strnlen(name, NV_NAME_MAX - 1) + 1);
}

/* What a system worker has besides: the configuration as it was read, where its files
 * are, and what a build that looks for mistakes needs. */
static int
add_system(struct sup_setting *s, const struct sup_instance *inst)
{
	static const char *const names[] = {"NOVA_LOG_LEVEL", "TZDIR", "ASAN_OPTIONS",
		"LSAN_OPTIONS", "UBSAN_OPTIONS", "LLVM_PROFILE_FILE"};
	const struct nv_paths *paths = &inst->sup->paths;
	int rc = add(s, "NOVA_SNAPSHOT_FD=%d", SUP_SNAPSHOT_FD);

	rc = rc ? rc : add(s, "NOVA_RUN_DIR=%s", paths->run_dir);
	rc = rc ? rc : add(s, "NOVA_STATE_DIR=%s", paths->state_dir);
	for (size_t i = 0; i < NV_LEN(names) && rc == 0; i++) {
		const char *value = getenv(names[i]);

		if (value)
			rc = add(s, "%s=%s", names[i], value);
	}
	return rc;
}

static int
add_protocol(
	struct sup_setting *s, const struct sup_instance *inst, const char *credentials)
{
	const struct nv_sup_desire *d = &inst->worker->desire;
	const struct nv_conf_worker *conf = inst->worker->conf;
	const char *params = d->params[0] ? d->params : conf->params_json;
	int64_t interval =
		d->run_interval_ms > 0 ? d->run_interval_ms : conf->run_interval_ms;
	char variant[NV_NAME_MAX];
	int rc = add(s, "NOVA_EVENT_FD=3");

	sup_setting_variant(inst, variant);
	if (d->split[0] && conf->kind == NV_KIND_TASK)
		rc = rc ? rc : add(s, "NOVA_SPLIT=%s", d->split);

	rc = rc ? rc : add(s, "NOVA_CONTROL_FD=4");
	rc = rc ? rc : add(s, "NOVA_WORKER=%s", inst->worker->name);
	rc = rc ? rc : add(s, "NOVA_INSTANCE=%u", inst->number);
	rc = rc ? rc : add(s, "NOVA_GENERATION=%u", inst->generation);
	rc = rc ? rc : add(s, "NOVA_PARAMS=%s", params ? params : "{}");
	rc = rc ? rc : add(s, "NOVA_VARIANT=%s", variant);
	rc = rc ? rc : add(s, "NOVA_RUN_INTERVAL_MS=%lld", (long long)interval);
	if (rc == 0 && conf->platforms != 0)
		rc = add(s, "NOVA_PLATFORM_DIR=%s/platform", inst->sup->paths.run_dir);
	if (rc == 0 && conf->system)
		rc = add_system(s, inst);
	return rc ? rc : add(s, "%s", credentials);
}

static const char *
env_value(const struct sup_setting *s, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < s->n_env; i++) {
		if (key_bytes(s->env[i]) == len && memcmp(s->env[i], name, len) == 0)
			return s->env[i] + len + 1;
	}
	return "";
}

/* ---- candidates ---- */

static int
add_candidate(
	struct sup_setting *s, const char *dir, size_t dir_bytes, const char *program)
{
	char *path = NULL;

	if (s->n_candidates == SUP_CANDIDATES_MAX)
		return -E2BIG;
	/* An empty element of PATH means the working directory. */
	if (asprintf(&path, "%.*s%s%s", (int)dir_bytes, dir, dir_bytes ? "/" : "",
		    program) < 0)
		return -ENOMEM;
	s->candidates[s->n_candidates++] = path;
	s->candidates[s->n_candidates] = NULL;
	return 0;
}

static int
add_candidates(struct sup_setting *s, const struct sup_instance *inst)
{
	const char *bin = inst->sup->paths.bin_dir;

	if (inst->worker->conf->kind == NV_KIND_TASK)
		return add_candidate(s, bin, strlen(bin), "nova-runner");
	NV_ASSERT(s->argv && s->argv[0]);
	if (inst->worker->conf->system)
		return add_candidate(s, bin, strlen(bin), s->argv[0]);
	if (strchr(s->argv[0], '/'))
		return add_candidate(s, "", 0, s->argv[0]);
	for (const char *at = env_value(s, "PATH");; at++) {
		const char *end = strchrnul(at, ':');
		int rc = add_candidate(s, at, (size_t)(end - at), s->argv[0]);

		if (rc < 0 || !*end)
			return rc;
		at = end;
	}
}

int
sup_setting_build(struct sup_setting *s, const struct sup_instance *inst,
	const char *credentials, const char *ready, struct sup_spawn_error *ret_error)
{
	const struct nv_conf_worker *conf = inst->worker->conf;
	char instance[16];
	char generation[16];
	char variant[NV_NAME_MAX];
	const char *const values[NV_EXPAND_COUNT] = {
		[NV_EXPAND_WORKER] = inst->worker->name,
		[NV_EXPAND_INSTANCE] = instance,
		[NV_EXPAND_GENERATION] = generation,
		[NV_EXPAND_VARIANT] = variant,
		[NV_EXPAND_CREDENTIALS] = strchr(credentials, '=') + 1};

	sup_setting_variant(inst, variant);
	(void)snprintf(instance, sizeof(instance), "%u", inst->number);
	(void)snprintf(generation, sizeof(generation), "%u", inst->generation);
	int rc = add_inherited(s);
	int file = rc == 0 && conf->env_file ? add_file(s, conf->env_file) : 0;

	if (file < 0)
		return fail(ret_error, SUP_STAGE_ENVIRONMENT, -file);
	rc = rc ? rc : add_configured(s, conf, values);
	rc = rc ? rc : add_protocol(s, inst, credentials);
	rc = rc || !ready[0] ? rc : add(s, "%s", ready);
	rc = rc ? rc : expand_command(s, conf, values);
	rc = rc ? rc : add_candidates(s, inst);
	return rc ? fail(ret_error, SUP_STAGE_EXEC, -rc) : 0;
}

void
sup_setting_fini(struct sup_setting *s)
{
	for (size_t i = 0; i < s->n_env; i++)
		free(s->env[i]);
	free(s->env);
	for (char **a = s->argv; a && *a; a++)
		free(*a);
	free(s->argv);
	for (size_t i = 0; i < s->n_candidates; i++)
		free(s->candidates[i]);
	*s = (struct sup_setting){0};
}

void
sup_own_env_init(struct sup_own_env *env)
{
	static const char *const names[] = {"PATH=", "LANG=", "LC_",
		"TZ=", "TZDIR=", "HOME=", "NOVA_", "ASAN_OPTIONS=", "LSAN_OPTIONS=",
		"UBSAN_OPTIONS=", "LLVM_PROFILE_FILE=", "GCOV_PREFIX", "JOURNAL_STREAM="};
	size_t n = 0;

	for (char **at = environ; *at && n < SUP_OWN_ENV_MAX; at++) {
		for (size_t i = 0; i < NV_LEN(names); i++) {
			if (strncmp(*at, names[i], strlen(names[i])) == 0) {
				env->list[n++] = *at;
				break;
			}
		}
	}
	env->list[n] = NULL;
}
