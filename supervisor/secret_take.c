/* Secrets of an environment variable become files: see secret.h. */
#include "nv_env_file.h"
#include "nv_fd.h"
#include "nv_name.h"
#include "secret.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define VARIABLE "NOVA_SECRETS"

struct take {
	int dir;
	char failed[NV_NAME_MAX]; /* whose file could not be written */
};

static int
on_line(void *arg, const char *name, const char *value)
{
	struct take *take = arg;
	char lower[NV_NAME_MAX];
	size_t n = strlen(name);

	if (!value[0])
		return 0; /* empty is as good as not set */
	if (n >= sizeof(lower))
		return -ENAMETOOLONG;
	for (size_t i = 0; i <= n; i++)
		lower[i] = (char)tolower((unsigned char)name[i]);
	(void)snprintf(take->failed, sizeof(take->failed), "%s", lower);
	if (!nv_name_valid(lower))
		return -EINVAL;
	NV_CLEANUP_FD to =
		openat(take->dir, lower, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);

	return to < 0 ? -errno : nv_write_full(to, value, strlen(value));
}

static int
take_text(const char *path, char *text, struct nv_err *err)
{
	struct take take = {.failed = ""};
	size_t bytes = strlen(text);

	if (bytes > NV_ENV_FILE_BYTES_MAX)
		return nv_err_set(err, -EFBIG, VARIABLE " has more than %zu bytes",
			NV_ENV_FILE_BYTES_MAX);
	if (mkdir(path, 0700) < 0)
		return nv_err_set(err, -errno, "%s: %s", path, strerror(errno));
	NV_CLEANUP_FD dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (dir < 0)
		return nv_err_set(err, -errno, "%s: %s", path, strerror(errno));
	struct nv_err where = {0};

	take.dir = dir;
	int rc = nv_env_file_parse(text, bytes, on_line, &take, &where);

	if (rc < 0 && where.text[0])
		return nv_err_set(
			err, rc, VARIABLE ", line %u: %s", where.line, where.text);
	if (rc == -EEXIST)
		return nv_err_set(err, rc, VARIABLE ": %s is there twice", take.failed);
	if (rc == -EINVAL || rc == -ENAMETOOLONG)
		return nv_err_set(err, rc,
			VARIABLE ": a secret's name has up to %d of a-z, 0-9, \"_\", and "
				 "a letter or digit first",
			NV_NAME_MAX - 1);
	if (rc < 0)
		return nv_err_set(err, rc, "%s/%s: %s", path, take.failed, strerror(-rc));
	return 0;
}

int
sup_secret_take(const char *run_dir, struct nv_err *err)
{
	char path[4096];
	char *given = getenv(VARIABLE);

	if (snprintf(path, sizeof(path), "%s/secrets", run_dir) >= (int)sizeof(path))
		return nv_err_set(err, -ENAMETOOLONG, "%s is too long", run_dir);
	sup_secret_remove(path);
	if (!given)
		return 0;
	char *text = strdup(given);

	explicit_bzero(given, strlen(given));
	(void)unsetenv(VARIABLE);
	if (!text)
		return nv_err_set(err, -ENOMEM, "no memory for " VARIABLE);
	size_t bytes = strlen(text);
	int rc = take_text(path, text, err);

	explicit_bzero(text, bytes);
	free(text);
	if (rc < 0)
		sup_secret_remove(path);
	return rc;
}
