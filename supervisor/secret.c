/* Credentials directories: see secret.h. */
#include "secret.h"
#include "nv_config.h"
#include "nv_fd.h"
#include "nv_log.h"
#include "nv_name.h"
#include "nv_secret.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PATH_BYTES 2048

int
sup_secret_path(char *ret, size_t ret_bytes, const char *run_dir, const char *worker,
	uint32_t instance)
{
	int n = snprintf(
		ret, ret_bytes, "%s/credentials/%s.%u", run_dir, worker, instance);

	return n < 0 || (size_t)n >= ret_bytes ? -ENAMETOOLONG : 0;
}

struct secret {
	char *data; /* owned, wiped at the end */
	size_t bytes;
};

static void
secret_fini(struct secret *s)
{
	if (s->data)
		explicit_bzero(s->data, s->bytes);
	free(s->data);
}

/* Links may lead around below `dir` (a Secret of Kubernetes is a link to a link), not out
 * of it. A kernel or a container's filter without openat2: no links. */
static int
open_beneath(int dir, const char *name)
{
	struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
	int fd = (int)syscall(SYS_openat2, dir, name, &how, sizeof(how));

	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return errno == EXDEV ? -ELOOP : -errno;
	return fd;
}

static int
read_file(const char *base, const char *name, struct secret *ret)
{
	char path[PATH_BYTES];
	struct stat folder, st;

	if (snprintf(path, sizeof(path), "%s/secrets", base) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	NV_CLEANUP_FD dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0 || fstat(dir, &folder) < 0)
		return -errno;
	NV_CLEANUP_FD from = open_beneath(dir, name);

	if (from < 0)
		return from;
	if (fstat(from, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if (!nv_secret_private(&folder, &st, geteuid(), getegid()))
		return -EPERM;
	if (st.st_size < 0 || (size_t)st.st_size > SUP_SECRET_BYTES_MAX)
		return -EFBIG;
	ret->data = malloc((size_t)st.st_size + 1);
	if (!ret->data)
		return -ENOMEM;
	ret->bytes = (size_t)st.st_size;
	ssize_t n = nv_read_full(from, ret->data, (size_t)st.st_size);

	if (n < 0)
		return (int)n;
	ret->bytes = (size_t)n;
	return 0;
}

/* A .env that others can read keeps no secret. */
static char *
from_dotenv(const char *conf_dir, const char *names)
{
	char path[PATH_BYTES];
	NV_CLEANUP_FREE char *text = NULL;
	struct stat st;

	if (snprintf(path, sizeof(path), "%s/.env", conf_dir) >= (int)sizeof(path))
		return NULL;
	NV_CLEANUP_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size < 0 ||
		(size_t)st.st_size > SUP_SECRET_BYTES_MAX)
		return NULL;
	text = malloc((size_t)st.st_size + 1);
	ssize_t n = text ? nv_read_full(fd, text, (size_t)st.st_size) : -1;

	if (n < 0)
		return NULL;
	char *value = nv_conf_dotenv_get(text, (size_t)n, names);

	explicit_bzero(text, (size_t)n);
	if (value &&
		((st.st_mode & 077) != 0 || (st.st_uid != 0 && st.st_uid != geteuid()))) {
		nv_warn("%s: a secret (%s) is not used, as others may read the file; "
			"chmod 600 it",
			path, names);
		explicit_bzero(value, strlen(value));
		free(value);
		return NULL;
	}
	return value;
}

/* Nobody has to have one: a secret that is nowhere is left out. */
static int
read_environment(const char *conf_dir, const char *name, struct secret *ret)
{
	const char *names = nv_conf_secret_variables(name);
	char one[128];

	for (const char *at = names; at && *at && !ret->data;) {
		size_t bytes = strcspn(at, " ");

		(void)snprintf(one, sizeof(one), "%.*s", (int)bytes, at);
		const char *value = getenv(one);

		if (value && value[0]) {
			ret->data = strdup(value);
			if (!ret->data)
				return -ENOMEM;
		}
		at += bytes + strspn(at + bytes, " ");
	}
	if (!ret->data && names)
		ret->data = from_dotenv(conf_dir, names);
	if (!ret->data)
		return -ENOENT;
	ret->bytes = strlen(ret->data);
	return 0;
}

static int
copy_one(int dir, const struct sup_secret_places *places, const char *name, bool system,
	uid_t uid, gid_t gid)
{
	struct secret secret = {0};

	if (!nv_name_valid(name))
		return -EINVAL;
	int rc = read_file(places->conf_dir, name, &secret);

	if (rc == -ENOENT)
		rc = read_file(places->run_dir, name, &secret);
	if (rc == -ENOENT && system)
		rc = read_environment(places->conf_dir, name, &secret);
	if (rc == 0) {
		NV_CLEANUP_FD to =
			openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);

		rc = to < 0 ? -errno : nv_write_full(to, secret.data, secret.bytes);
		if (rc == 0 && (uid != geteuid() || gid != getegid()) &&
			fchown(to, uid, gid) < 0)
			rc = -errno;
	} else if (rc == -ENOENT && system) {
		rc = 0;
	}
	secret_fini(&secret);
	return rc;
}

int
sup_secret_grant(const char *dir, const struct sup_secret_places *places,
	char *const *names, size_t n_names, bool system, uid_t uid, gid_t gid,
	const char **ret_failed)
{
	char parent[PATH_BYTES];

	if (snprintf(parent, sizeof(parent), "%s", dir) >= (int)sizeof(parent))
		return -ENAMETOOLONG;
	*ret_failed = NULL;
	*strrchr(parent, '/') = '\0';
	sup_secret_remove(dir);
	if ((mkdir(parent, 0711) < 0 && errno != EEXIST) || mkdir(dir, 0700) < 0)
		return -errno;
	NV_CLEANUP_FD fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	int rc = fd < 0 ? -errno : 0;

	for (size_t i = 0; i < n_names && rc == 0; i++) {
		rc = copy_one(fd, places, names[i], system, uid, gid);
		if (rc < 0)
			*ret_failed = names[i];
	}
	if (rc == 0 && (uid != geteuid() || gid != getegid()) && fchown(fd, uid, gid) < 0)
		rc = -errno;
	if (rc < 0)
		sup_secret_remove(dir);
	return rc;
}

/* The worker owns the directory and may have put anything into it: whatever it is,
 * names are removed, links are not followed. */
static void
remove_below(int at, const char *name, int depth)
{
	int fd = depth > 8 ? -1
			   : openat(at, name,
				     O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir)
		nv_fd_close(&fd);
	for (struct dirent *e; dir && (e = readdir(dir));) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (unlinkat(fd, e->d_name, 0) < 0 && (errno == EISDIR || errno == EPERM))
			remove_below(fd, e->d_name, depth + 1);
	}
	if (dir)
		(void)closedir(dir);
	(void)unlinkat(at, name, AT_REMOVEDIR); /* absent is as good */
}

void
sup_secret_remove(const char *dir)
{
	remove_below(AT_FDCWD, dir, 0);
}

void
sup_secret_remove_all(const char *run_dir)
{
	char dir[PATH_BYTES];

	if (snprintf(dir, sizeof(dir), "%s/credentials", run_dir) < (int)sizeof(dir))
		remove_below(AT_FDCWD, dir, 0);
}

void
sup_secret_sweep(
	const char *run_dir, bool (*is_known)(void *arg, const char *path), void *arg)
{
	char path[PATH_BYTES];
	int at = snprintf(path, sizeof(path), "%s/credentials/", run_dir);
	DIR *dir = at < (int)sizeof(path) ? opendir(path) : NULL;

	for (struct dirent *e; dir && (e = readdir(dir));) {
		if (e->d_name[0] == '.' ||
			snprintf(path + at, sizeof(path) - (size_t)at, "%s", e->d_name) >=
				(int)(sizeof(path) - (size_t)at))
			continue;
		if (!is_known(arg, path))
			remove_below(AT_FDCWD, path, 0);
	}
	if (dir)
		(void)closedir(dir);
}
