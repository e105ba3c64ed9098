/* Backup and restore: see backup.h. */
#include "backup.h"

#include "nv_clock.h"
#include "nv_fd.h"
#include "pages.h"
#include "rebuild.h"
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define COPY_BYTES 65536

/* A directory with a temporary name that holds the copy until it is proven. */
struct workshop {
	char dir[PATH_MAX];
	char file[PATH_MAX];
	char lock[PATH_MAX];
};

static int
paths_of(struct workshop *w, struct nv_err *err)
{
	int n = snprintf(w->file, sizeof(w->file), "%s/" LED_FILE_NAME, w->dir);
	int m = snprintf(w->lock, sizeof(w->lock), "%s/" LED_FILE_NAME "-lock", w->dir);

	if (n < 0 || m < 0 || (size_t)NV_MAX(n, m) >= sizeof(w->file))
		return nv_err_set(err, -ENAMETOOLONG, "the path %s is too long", w->dir);
	return 0;
}

/* Beside the place it is for, so that a rename does the rest. */
static int
workshop_open(
	struct workshop *w, const char *beside, const char *what, struct nv_err *err)
{
	int n = snprintf(w->dir, sizeof(w->dir), "%s.%s-XXXXXX", beside, what);

	if (n < 0 || (size_t)n >= sizeof(w->dir))
		return nv_err_set(err, -ENAMETOOLONG, "the path %s is too long", beside);
	if (!mkdtemp(w->dir))
		return nv_err_set(err, -errno, "cannot make a directory beside %s: %s",
			beside, strerror(errno));
	return paths_of(w, err);
}

static void
workshop_close(struct workshop *w)
{
	(void)unlink(w->file); /* not there when it got its name */
	(void)unlink(w->lock);
	(void)rmdir(w->dir);
}

static int
sync_path(const char *path, struct nv_err *err)
{
	NV_CLEANUP_FD fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) < 0)
		return nv_err_set(
			err, -errno, "cannot sync %s: %s", path, strerror(errno));
	return 0;
}

static const char *
parent_of(const char *path, char dir[PATH_MAX])
{
	const char *slash = strrchr(path, '/');

	(void)snprintf(dir, PATH_MAX, "%.*s", slash ? (int)NV_MAX(slash - path, 1) : 1,
		slash ? path : ".");
	return dir;
}

static int
sync_parent(const char *path, struct nv_err *err)
{
	char dir[PATH_MAX];

	return sync_path(parent_of(path, dir), err);
}

static int
prove(struct workshop *w, led_problem_fn *fn, void *arg, uint64_t *ret_checked,
	struct nv_err *err)
{
	int rc = led_verify_contained(w->dir, fn, arg, ret_checked);

	if (rc < 0)
		return nv_err_set(
			err, rc, "the copy cannot be verified: %s", strerror(-rc));
	if (rc > 0)
		return nv_err_set(err, -EBADMSG, "the copy is not sound");
	return 0;
}

int
led_backup(struct led *led, const char *file, led_problem_fn *fn, void *arg,
	uint64_t *ret_checked, struct nv_err *err)
{
	struct workshop w;

	if (access(file, F_OK) == 0)
		return nv_err_set(err, -EEXIST, "%s exists", file);
	int rc = workshop_open(&w, file, "backup", err);

	if (rc < 0)
		return rc;
	int copied = mdb_env_copy2(led->env, w.file, MDB_CP_COMPACT);

	if (copied != 0)
		rc = led_fail(err, copied, "copy the ledger");
	if (rc == 0)
		rc = sync_path(w.file, err);
	if (rc == 0)
		rc = prove(&w, fn, arg, ret_checked, err);
	if (rc == 0 && renameat2(AT_FDCWD, w.file, AT_FDCWD, file, RENAME_NOREPLACE) < 0)
		rc = nv_err_set(err, -errno, "%s: %s", file, strerror(errno));
	if (rc == 0)
		rc = sync_parent(file, err);
	workshop_close(&w);
	return rc;
}

/* ---- restore ---- */

static int
copy_file(const char *from, const char *to, struct nv_err *err)
{
	NV_CLEANUP_FD in = open(from, O_RDONLY | O_CLOEXEC);
	char data[COPY_BYTES];
	ssize_t n;

	if (in < 0)
		return nv_err_set(err, -errno, "%s: %s", from, strerror(errno));
	NV_CLEANUP_FD out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (out < 0)
		return nv_err_set(err, -errno, "%s: %s", to, strerror(errno));
	while ((n = nv_read_full(in, data, sizeof(data))) > 0) {
		int rc = nv_write_full(out, data, (size_t)n);

		if (rc < 0)
			return nv_err_set(err, rc, "%s: %s", to, strerror(-rc));
	}
	if (n < 0)
		return nv_err_set(err, (int)n, "%s: %s", from, strerror((int)-n));
	if (fsync(out) < 0)
		return nv_err_set(err, -errno, "%s: %s", to, strerror(errno));
	return 0;
}

/* Nobody writes the ledger that is to be replaced, and nobody begins to until the lock is
 * closed: *ret_lock is the caller's. */
static int
lock_old(const char *dir, int *ret_lock, struct nv_err *err)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/" LED_LOCK_NAME, dir);

	if (n < 0 || (size_t)n >= sizeof(path))
		return nv_err_set(err, -ENAMETOOLONG, "the path %s is too long", dir);
	*ret_lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (*ret_lock < 0)
		return nv_err_set(err, -errno, "%s: %s", path, strerror(errno));
	if (flock(*ret_lock, LOCK_EX | LOCK_NB) < 0)
		return nv_err_set(err, errno == EWOULDBLOCK ? -EBUSY : -errno,
			errno == EWOULDBLOCK
				? "the ledger in %s is in use: stop Nova first"
				: "cannot lock the ledger in %s",
			dir);
	return 0;
}

/* As root for a Nova that runs as somebody else: the copy is theirs, as what it replaces
 * or stands in is. */
static int
give(const struct workshop *w, const char *dir, struct nv_err *err)
{
	char parent[PATH_MAX];
	struct stat st;

	if (stat(dir, &st) < 0 && stat(parent_of(dir, parent), &st) < 0)
		return nv_err_set(err, -errno, "%s: %s", parent, strerror(errno));
	if (chown(w->dir, st.st_uid, st.st_gid) < 0 ||
		chown(w->file, st.st_uid, st.st_gid) < 0)
		return nv_err_set(err, -errno, "cannot give %s to user %u: %s", w->dir,
			(unsigned)st.st_uid, strerror(errno));
	return 0;
}

/* The two change places in one step; the old one then gets a name that says when. */
static int
take_place(struct workshop *w, const char *dir, char kept[LED_KEPT_BYTES],
	struct nv_err *err)
{
	char at[NV_RFC3339_BYTES];

	(void)unlink(w->lock); /* verify's: nobody has the copy open */
	if (renameat2(AT_FDCWD, w->dir, AT_FDCWD, dir, RENAME_EXCHANGE) < 0)
		return nv_err_set(err, -errno, "%s: %s", dir, strerror(errno));
	(void)nv_rfc3339(nv_wall_ns(), at);
	(void)snprintf(kept, LED_KEPT_BYTES, "%s.before-%.19sZ", dir, at);
	if (renameat2(AT_FDCWD, w->dir, AT_FDCWD, kept, RENAME_NOREPLACE) < 0)
		(void)snprintf(kept, LED_KEPT_BYTES, "%s", w->dir); /* safe there too */
	return sync_parent(dir, err);
}

static int
put_in_place(struct workshop *w, const char *dir, bool replace, char kept[LED_KEPT_BYTES],
	struct nv_err *err)
{
	NV_CLEANUP_FD lock = -1;

	if (access(dir, F_OK) < 0) {
		(void)unlink(w->lock);
		if (renameat2(AT_FDCWD, w->dir, AT_FDCWD, dir, RENAME_NOREPLACE) < 0)
			return nv_err_set(err, -errno, "%s: %s", dir, strerror(errno));
		return sync_parent(dir, err);
	}
	int rc = lock_old(dir, &lock, err);

	if (rc == 0 && !replace)
		rc = nv_err_set(err, -EEXIST, "there is a ledger in %s", dir);
	return rc == 0 ? take_place(w, dir, kept, err) : rc;
}

/* What a migration keeps is the backup, which stays where it is. */
static void
drop_old_schemas(const struct workshop *w)
{
	char path[PATH_MAX];

	for (unsigned schema = 1; schema < LED_SCHEMA; schema++) {
		int n = snprintf(
			path, sizeof(path), "%s/ledger.schema%u.mdb", w->dir, schema);

		if (n > 0 && (size_t)n < sizeof(path))
			(void)unlink(path); /* mostly there is none */
	}
}

int
led_restore(const char *file, const char *dir, bool replace, led_problem_fn *fn,
	void *arg, uint64_t *ret_checked, char ret_kept[LED_KEPT_BYTES],
	struct nv_err *err)
{
	struct workshop w;
	struct led_meta_page meta[2];
	int rc = workshop_open(&w, dir, "restore", err);

	ret_kept[0] = '\0';
	if (rc < 0)
		return rc;
	rc = copy_file(file, w.file, err);
	/* A backup of an older schema becomes one of this. */
	if (rc == 0)
		rc = led_pages_meta(w.file, meta, err);
	if (rc == 0)
		rc = led_migrate(w.dir, err);
	drop_old_schemas(&w);
	if (rc == 0)
		rc = prove(&w, fn, arg, ret_checked, err);
	if (rc == 0)
		rc = give(&w, dir, err);
	if (rc == 0)
		rc = put_in_place(&w, dir, replace, ret_kept, err);
	if (rc < 0)
		workshop_close(&w);
	return rc;
}
