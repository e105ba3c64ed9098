/* Environment, identity and exec candidates: see setting.h. */
#include "setting.h"
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

int
sup_setting_identity(struct sup_setting *s, const struct sup_instance *inst,
	struct sup_spawn_error *ret_error)
{
	const char *user = inst->worker->conf->user;
	char space[16384];
	struct passwd pw;
	struct passwd *found = NULL;

	*s = (struct sup_setting){.uid = geteuid(), .gid = getegid()};
	if (!user || !user[0])
		return 0;
	int error = getpwnam_r(user, &pw, space, sizeof(space), &found);

	if (!found)
		return fail(ret_error, SUP_STAGE_USER, error ? error : ENOENT);
	s->uid = pw.pw_uid;
	s->gid = pw.pw_gid;
	(void)snprintf(s->home, sizeof(s->home), "%s", pw.pw_dir);
	if (s->uid == geteuid())
		return 0;
	if (geteuid() != 0)
		return fail(ret_error, SUP_STAGE_USER, EPERM);
	s->n_groups = SUP_GROUPS_MAX;
	if (getgrouplist(user, pw.pw_gid, s->groups, &s->n_groups) < 0)
		return fail(ret_error, SUP_STAGE_USER, E2BIG);
	s->set_ids = true;
	return 0;
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
add_configured(struct sup_setting *s, const struct nv_conf_worker *conf)
{
	int rc = 0;

	for (size_t i = 0; i < conf->n_env && rc == 0; i++)
		rc = add(s, "%s=%s", conf->env[i].key, conf->env[i].value);
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
	int rc = add(s, "NOVA_EVENT_FD=3");

	rc = rc ? rc : add(s, "NOVA_CONTROL_FD=4");
	rc = rc ? rc : add(s, "NOVA_WORKER=%s", inst->worker->name);
	rc = rc ? rc : add(s, "NOVA_INSTANCE=%u", inst->number);
	rc = rc ? rc : add(s, "NOVA_GENERATION=%u", inst->generation);
	rc = rc ? rc : add(s, "NOVA_PARAMS=%s", params ? params : "{}");
	rc = rc ? rc : add(s, "NOVA_VARIANT=%s", d->variant);
	rc = rc ? rc : add(s, "NOVA_RUN_INTERVAL_MS=%lld", (long long)interval);
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
	const struct nv_conf_worker *conf = inst->worker->conf;
	const char *bin = inst->sup->paths.bin_dir;

	if (conf->kind == NV_KIND_TASK)
		return add_candidate(s, bin, strlen(bin), "nova-runner");
	if (strchr(conf->argv[0], '/'))
		return add_candidate(s, "", 0, conf->argv[0]);
	for (const char *at = env_value(s, "PATH");; at++) {
		const char *end = strchrnul(at, ':');
		int rc = add_candidate(s, at, (size_t)(end - at), conf->argv[0]);

		if (rc < 0 || !*end)
			return rc;
		at = end;
	}
}

int
sup_setting_build(struct sup_setting *s, const struct sup_instance *inst,
	const char *credentials, struct sup_spawn_error *ret_error)
{
	int rc = add_inherited(s);

	rc = rc ? rc : add_configured(s, inst->worker->conf);
	rc = rc ? rc : add_protocol(s, inst, credentials);
	rc = rc ? rc : add_candidates(s, inst);
	return rc ? fail(ret_error, SUP_STAGE_EXEC, -rc) : 0;
}

void
sup_setting_fini(struct sup_setting *s)
{
	for (size_t i = 0; i < s->n_env; i++)
		free(s->env[i]);
	free(s->env);
	for (size_t i = 0; i < s->n_candidates; i++)
		free(s->candidates[i]);
	*s = (struct sup_setting){0};
}

void
sup_own_env_init(struct sup_own_env *env)
{
	static const char *const names[] = {"PATH=", "LANG=", "LC_",
		"TZ=", "TZDIR=", "HOME=", "NOVA_", "ASAN_OPTIONS=", "LSAN_OPTIONS=",
		"UBSAN_OPTIONS=", "LLVM_PROFILE_FILE=", "GCOV_PREFIX"};
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
