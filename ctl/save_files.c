/* Files of a backup: copied, compressed, removed, listed. See save.h. */
#include "save.h"

#include "nv_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define COPY_BYTES  65536
#define WALK_FDS    16
#define GZIP_WRITES "wb6"

static int
failed(const char *path, struct nv_err *err)
{
	return nv_err_set(err, -errno, "%s: %s", path, strerror(errno));
}

int
ctl_path_join(char ret[PATH_MAX], const char *dir, const char *name, struct nv_err *err)
{
	int n = snprintf(ret, PATH_MAX, "%s/%s", dir, name);

	return n < 0 || n >= PATH_MAX ? nv_err_set(err, -ENAMETOOLONG,
						"the path %s/%s is too long", dir, name)
				      : 0;
}

int
ctl_sync_dir(const char *path, struct nv_err *err)
{
	NV_CLEANUP_FD fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || fsync(fd) < 0 ? failed(path, err) : 0;
}

/* ---- one file ---- */

static int
open_source(const char *path, uint64_t *ret_bytes, struct nv_err *err)
{
	/* A FIFO in the place of a file must not hold us up. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return failed(path, err);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		nv_fd_close(&fd);
		return nv_err_set(err, -EBADMSG, "%s is not a file", path);
	}
	*ret_bytes = (uint64_t)st.st_size;
	return fd;
}

int
ctl_copy_file(const char *from, const char *to, mode_t mode, struct nv_err *err)
{
	char data[COPY_BYTES];
	uint64_t left = 0;
	NV_CLEANUP_FD in = open_source(from, &left, err);

	if (in < 0)
		return in;
	NV_CLEANUP_FD out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

	if (out < 0)
		return failed(to, err);
	while (left > 0) {
		ssize_t n = nv_read_full(in, data, (size_t)NV_MIN(left, sizeof(data)));

		if (n <= 0)
			return nv_err_set(err, n < 0 ? (int)n : -EIO, "%s: %s", from,
				n < 0 ? strerror((int)-n)
				      : "it became shorter while it was read");
		int rc = nv_write_full(out, data, (size_t)n);

		if (rc < 0)
			return nv_err_set(err, rc, "%s: %s", to, strerror(-rc));
		left -= (uint64_t)n;
	}
	return fsync(out) < 0 ? failed(to, err) : 0;
}

static int
sync_file(const char *path, struct nv_err *err)
{
	NV_CLEANUP_FD fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 || fsync(fd) < 0 ? failed(path, err) : 0;
}

static int
gzip_error(gzFile z, const char *path, struct nv_err *err)
{
	int code = Z_OK;
	const char *text = gzerror(z, &code);

	return code == Z_ERRNO ? failed(path, err)
			       : nv_err_set(err, -EBADMSG, "%s: %s", path, text);
}

int
ctl_gzip(const char *from, const char *to, struct nv_err *err)
{
	char data[COPY_BYTES];
	uint64_t left = 0;
	NV_CLEANUP_FD in = open_source(from, &left, err);
	int rc = 0;

	if (in < 0)
		return in;
	int fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	gzFile z = fd < 0 ? NULL : gzdopen(fd, GZIP_WRITES);

	if (!z) {
		rc = failed(to, err);
		nv_fd_close(&fd);
		return rc;
	}
	while (left > 0 && rc == 0) {
		ssize_t n = nv_read_full(in, data, (size_t)NV_MIN(left, sizeof(data)));

		if (n <= 0)
			rc = nv_err_set(err, -EIO, "%s cannot be read", from);
		else if (gzwrite(z, data, (unsigned)n) != n)
			rc = gzip_error(z, to, err);
		else
			left -= (uint64_t)n;
	}
	if (gzclose(z) != Z_OK && rc == 0)
		rc = failed(to, err);
	return rc == 0 ? sync_file(to, err) : rc;
}

int
ctl_gunzip(const char *from, const char *to, struct nv_err *err)
{
	char data[COPY_BYTES];
	int n;
	int rc = 0;
	gzFile z = gzopen(from, "rbe");

	if (!z)
		return failed(from, err);
	NV_CLEANUP_FD out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (out < 0)
		rc = failed(to, err);
	while (rc == 0 && (n = gzread(z, data, sizeof(data))) != 0) {
		if (n < 0)
			rc = gzip_error(z, from, err);
		else if ((rc = nv_write_full(out, data, (size_t)n)) < 0)
			(void)nv_err_set(err, rc, "%s: %s", to, strerror(-rc));
	}
	if (rc == 0 && !gzeof(z))
		rc = gzip_error(z, from, err);
	if (gzclose(z) != Z_OK && rc == 0)
		rc = nv_err_set(err, -EBADMSG, "%s is cut short", from);
	if (rc == 0 && fsync(out) < 0)
		rc = failed(to, err);
	return rc;
}

/* ---- trees ---- */

/* nftw has no argument of its own. One walk at a time. */
static struct {
	json_t *list;
	size_t skip; /* of each path: the directory that is listed, and its slash */
	struct nv_err *err;
	int rc;
} walk;

static int
sync_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)at;
	walk.rc = type == FTW_DP ? ctl_sync_dir(path, walk.err) : 0;
	return walk.rc;
}

int
ctl_sync_tree(const char *path, struct nv_err *err)
{
	walk.err = err;
	walk.rc = 0;
	if (nftw(path, sync_one, WALK_FDS, FTW_DEPTH | FTW_PHYS) == 0)
		return 0;
	return walk.rc < 0 ? walk.rc : failed(path, err);
}

static int
list_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)at;
	if (type == FTW_D)
		return 0;
	if (type != FTW_F || !S_ISREG(st->st_mode))
		walk.rc = nv_err_set(walk.err, -EBADMSG, "%s is not a file", path);
	else if (json_array_size(walk.list) >= CTL_BACKUP_FILES)
		walk.rc = nv_err_set(
			walk.err, -E2BIG, "more than %d files in it", CTL_BACKUP_FILES);
	else
		(void)json_array_append_new(walk.list, ctl_json_str(path + walk.skip));
	return walk.rc;
}

static int
compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int
ctl_list_files(const char *dir, json_t **ret, struct nv_err *err)
{
	walk.err = err;
	walk.rc = 0;
	walk.skip = strlen(dir) + 1;
	walk.list = ctl_need(json_array());
	int rc = nftw(dir, list_one, WALK_FDS, FTW_PHYS);

	if (rc != 0) {
		json_decref(walk.list);
		return walk.rc < 0 ? walk.rc : failed(dir, err);
	}
	size_t n = json_array_size(walk.list);
	const char **names = ctl_alloc(n + 1, sizeof(*names));
	json_t *sorted = ctl_need(json_array());

	for (size_t i = 0; i < n; i++)
		names[i] = json_string_value(json_array_get(walk.list, i));
	qsort(names, n, sizeof(*names), compare_texts);
	for (size_t i = 0; i < n; i++)
		(void)json_array_append_new(sorted, ctl_json_str(names[i]));
	free(names);
	json_decref(walk.list);
	*ret = sorted;
	return 0;
}
