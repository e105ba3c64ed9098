/* Where things are: see nv_paths.h. */
#include "nv_paths.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int
join(char out[NV_PATH_MAX], struct nv_err *err, const char *fmt, ...) NV_PRINTF(3, 4);

static int
join(char out[NV_PATH_MAX], struct nv_err *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(out, NV_PATH_MAX, fmt, ap);

	va_end(ap);
	if (n < 0 || n >= NV_PATH_MAX)
		return nv_err_set(err, -ENAMETOOLONG, "a path is longer than %d bytes",
			NV_PATH_MAX - 1);
	return 0;
}

static int
absolute(char out[NV_PATH_MAX], const char *path, struct nv_err *err)
{
	char cwd[NV_PATH_MAX];

	if (path[0] == '/')
		return join(out, err, "%s", path);
	if (!getcwd(cwd, sizeof(cwd)))
		return nv_err_set(
			err, -errno, "the working directory has no usable path");
	return join(out, err, "%s/%s", cwd, path);
}

/* An XDG directory: the variable when it is absolute, else HOME and the default. */
static int
xdg(char out[NV_PATH_MAX], const char *variable, const char *fallback, const char *tail,
	struct nv_err *err)
{
	const char *value = getenv(variable);
	const char *home = getenv("HOME");

	if (value && value[0] == '/')
		return join(out, err, "%s/%s", value, tail);
	if (!home || home[0] != '/')
		return nv_err_set(err, -ENOENT,
			"HOME is not set: give the directories on the command line");
	return join(out, err, "%s/%s/%s", home, fallback, tail);
}

static int
default_run_dir(char out[NV_PATH_MAX], struct nv_err *err)
{
	const char *value = getenv("XDG_RUNTIME_DIR");

	if (value && value[0] == '/')
		return join(out, err, "%s/nova", value);
	return xdg(out, "XDG_STATE_HOME", ".local/state", "nova/run", err);
}

int
nv_paths_bin_dir(char ret[NV_PATH_MAX], struct nv_err *err)
{
	ssize_t n = readlink("/proc/self/exe", ret, NV_PATH_MAX - 1);

	if (n <= 0)
		return nv_err_set(err, -errno, "/proc/self/exe cannot be read");
	ret[n] = '\0';
	char *slash = strrchr(ret, '/');

	if (slash)
		*slash = '\0';
	return 0;
}

int
nv_paths_resolve(struct nv_paths *ret, const char *config, const char *state_dir,
	const char *run_dir, const char *log_dir, struct nv_err *err)
{
	bool root = geteuid() == 0;
	struct {
		char *out;
		const char *argument;
		const char *variable;
		const char *root_default;
		const char *xdg_variable;
		const char *xdg_fallback;
		const char *tail;
	} const rows[] = {
		{ret->config, config, "NOVA_CONFIG", "/etc/nova/nova.yaml",
			"XDG_CONFIG_HOME", ".config", "nova/nova.yaml"},
		{ret->state_dir, state_dir, "NOVA_STATE_DIR", "/var/lib/nova",
			"XDG_DATA_HOME", ".local/share", "nova"},
		{ret->run_dir, run_dir, "NOVA_RUN_DIR", "/run/nova", NULL, NULL, NULL},
		{ret->log_dir, log_dir, "NOVA_LOG_DIR", "/var/log/nova", "XDG_STATE_HOME",
			".local/state", "nova/log"},
	};

	for (size_t i = 0; i < NV_LEN(rows); i++) {
		const char *given =
			rows[i].argument ? rows[i].argument : getenv(rows[i].variable);
		int rc;

		if (given && given[0])
			rc = absolute(rows[i].out, given, err);
		else if (root)
			rc = join(rows[i].out, err, "%s", rows[i].root_default);
		else if (!rows[i].xdg_variable)
			rc = default_run_dir(rows[i].out, err);
		else
			rc = xdg(rows[i].out, rows[i].xdg_variable, rows[i].xdg_fallback,
				rows[i].tail, err);
		if (rc < 0)
			return rc;
	}
	return nv_paths_bin_dir(ret->bin_dir, err);
}
