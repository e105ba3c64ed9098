/* Backup and restore: see backup.h. */
#include "backup.h"

#include "nv_clock.h"
#include "nv_fd.h"
#include "pages.h"
#include "rebuild.h"
#include "replay.h"
#include "share.h"
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

#define KEPT_BYTES 4200 /* of a path */

/* A directory with a temporary name that holds the copy until it is proven. */
struct workshop {
	char dir[PATH_MAX];
	char file[PATH_MAX];
	char lock[PATH_MAX];
	char segments[PATH_MAX]; /* links to them, or a link to where they are */
};

static int
paths_of(struct workshop *w, struct nv_err *err)
{
	int n = snprintf(w->file, sizeof(w->file), "%s/" LED_FILE_NAME, w->dir);
	int m = snprintf(w->lock, sizeof(w->lock), "%s/" LED_FILE_NAME "-lock", w->dir);
	int k = snprintf(
		w->segments, sizeof(w->segments), "%s/" LED_SEGMENTS_NAME, w->dir);

	if (n < 0 || m < 0 || k < 0 || (size_t)NV_MAX(NV_MAX(n, m), k) >= sizeof(w->file))
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
	if (unlink(w->segments) < 0) /* it is a directory, or not there */
		led_unshare_segments(w->segments);
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

/* Beside FILE what its segments are; the copy that is proven sees them through a link. */
static int
backup_segments(
	struct workshop *w, const struct led *led, const char *file, struct nv_err *err)
{
	char from[PATH_MAX];
	char to[PATH_MAX];
	char target[PATH_MAX];
	const char *slash = strrchr(file, '/');
	int n = snprintf(from, sizeof(from), "%s/" LED_SEGMENTS_NAME, led->dir);
	int m = snprintf(to, sizeof(to), "%s" LED_BACKUP_SEGMENTS, file);
	int k = snprintf(target, sizeof(target), "../%s" LED_BACKUP_SEGMENTS,
		slash ? slash + 1 : file);

	if (n < 0 || m < 0 || k < 0 || (size_t)NV_MAX(NV_MAX(n, m), k) >= sizeof(from))
		return nv_err_set(err, -ENAMETOOLONG, "the path %s is too long", file);
	int rc = led_share_segments(from, to, true, err);

	if (rc == 0 && symlink(target, w->segments) < 0)
		rc = nv_err_set(err, -errno, "%s: %s", w->segments, strerror(errno));
	return rc;
}

/* A name that nobody has yet. NFS and FAT know no RENAME_NOREPLACE; a second name is
 * refused there as well when the first is taken. */
static int
take_name(const char *from, const char *to)
{
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	if (link(from, to) == 0)
		return unlink(from) < 0 ? -errno : 0;
	/* No second names either (FAT): one writer at a time is all that is left. */
	if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS)
		return -errno;
	if (access(to, F_OK) == 0)
		return -EEXIST;
	return rename(from, to) < 0 ? -errno : 0;
}

/* A snapshot in a new workshop, with its segments. */
static int
backup_begin(
	struct workshop *w, const struct led *led, const char *file, struct nv_err *err)
{
	if (access(file, F_OK) == 0)
		return nv_err_set(err, -EEXIST, "%s exists", file);
	int rc = workshop_open(w, file, "backup", err);

	if (rc < 0)
		return rc;
	int copied = mdb_env_copy2(led->env, w->file, MDB_CP_COMPACT);

	if (copied != 0)
		rc = led_fail(err, copied, "copy the ledger");
	/* Books are for their owner. Until here nobody else could enter the workshop. */
	else if (chmod(w->file, 0600) < 0)
		rc = nv_err_set(err, -errno, "%s: %s", w->file, strerror(errno));
	if (rc == 0)
		rc = sync_path(w->file, err);
	if (rc == 0)
		rc = backup_segments(w, led, file, err);
	if (rc < 0)
		workshop_close(w);
	return rc;
}

/* rc: whether there is something to be proven and to get its name. */
static int
backup_end(struct workshop *w, int rc, const char *file, bool unverified,
	led_problem_fn *fn, void *arg, uint64_t *ret_checked, struct nv_err *err)
{
	if (rc == 0 && !unverified)
		rc = prove(w, fn, arg, ret_checked, err);
	int named = rc == 0 ? take_name(w->file, file) : 0;

	if (named < 0)
		rc = nv_err_set(err, named, "%s: %s", file, strerror(-named));
	if (rc == 0)
		rc = sync_parent(file, err);
	workshop_close(w);
	return rc;
}

int
led_backup(struct led *led, const char *file, bool unverified, led_problem_fn *fn,
	void *arg, uint64_t *ret_checked, struct nv_err *err)
{
	struct workshop w;
	int rc = backup_begin(&w, led, file, err);

	*ret_checked = 0;
	if (rc < 0)
		return rc;
	return backup_end(&w, rc, file, unverified, fn, arg, ret_checked, err);
}

/* The snapshot in the workshop, written again as far as it is wanted, in its place. */
static int
cut(struct workshop *w, const struct led_until *until, struct nv_err *err)
{
	char part[PATH_MAX];
	struct led_options options = {.read_only = true};
	struct led_stats stats = {0};
	struct led *led = NULL;
	struct led_view *v = NULL;
	int n = snprintf(part, sizeof(part), "%s/part.mdb", w->dir);

	if (n < 0 || (size_t)n >= sizeof(part))
		return nv_err_set(err, -ENAMETOOLONG, "the path %s is too long", w->dir);
	int rc = led_replay_until(w->dir, w->file, w->dir, part, until, err);

	if (rc == 0 && rename(part, w->file) < 0)
		rc = nv_err_set(err, -errno, "%s: %s", w->file, strerror(errno));
	(void)unlink(part); /* only there when it failed */
	(void)snprintf(part, sizeof(part), "%.4000s/part.mdb-lock", w->dir);
	(void)unlink(part); /* LMDB's, of a file that has another name now */
	(void)unlink(w->lock);
	if (rc == 0)
		rc = led_open(w->dir, &options, &led, err);
	if (rc < 0)
		return rc;
	rc = led_view_begin(led, &v, err);
	if (rc == 0) {
		rc = led_view_stats(v, &stats);
		led_view_end(v);
	}
	led_close(led);
	return rc == 0 && stats.batches == 0
		       ? nv_err_set(err, -ENODATA, "nothing had been committed by then")
		       : rc;
}

int
led_backup_until(struct led *led, const char *file, const struct led_until *until,
	led_problem_fn *fn, void *arg, uint64_t *ret_checked, struct nv_err *err)
{
	struct workshop w;
	int rc = backup_begin(&w, led, file, err);

	*ret_checked = 0;
	if (rc < 0)
		return rc;
	rc = cut(&w, until, err);
	if (rc == 0)
		rc = sync_path(w.file, err);
	return backup_end(&w, rc, file, false, fn, arg, ret_checked, err);
}

/* ---- restore ---- */

/* Nobody writes the ledger that is to be replaced, and nobody begins to until the lock is
 * closed: *ret_lock is the caller's. */
static int
lock_old(const char *dir, int *ret_lock, struct nv_err *err)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/" LED_LOCK_NAME, dir);

	if (n < 0 || (size_t)n >= sizeof(path))
		return nv_err_set(err, -ENAMETOOLONG, "the path %s is too long", dir);
	*ret_lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
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
	/* The directory last: until then they cannot put a link into it. */
	if (lchown(w->file, st.st_uid, st.st_gid) < 0 ||
		led_give_segments(w->segments, st.st_uid, st.st_gid) < 0 ||
		lchown(w->dir, st.st_uid, st.st_gid) < 0)
		return nv_err_set(err, -errno, "cannot give %s to user %u: %s", w->dir,
			(unsigned)st.st_uid, strerror(errno));
	return 0;
}

/* The two change places in one step; the old one then gets a name that says when. */
static int
take_place(struct workshop *w, const char *dir, char kept[KEPT_BYTES], struct nv_err *err)
{
	char at[NV_RFC3339_BYTES];

	(void)unlink(w->lock); /* verify's: nobody has the copy open */
	if (renameat2(AT_FDCWD, w->dir, AT_FDCWD, dir, RENAME_EXCHANGE) < 0)
		return nv_err_set(err, -errno, "%s: %s", dir, strerror(errno));
	(void)nv_rfc3339(nv_wall_ns(), at);
	(void)snprintf(kept, KEPT_BYTES, "%s.before-%.19sZ", dir, at);
	if (renameat2(AT_FDCWD, w->dir, AT_FDCWD, kept, RENAME_NOREPLACE) < 0)
		(void)snprintf(kept, KEPT_BYTES, "%s", w->dir); /* safe there too */
	return sync_parent(dir, err);
}

static int
put_in_place(struct workshop *w, const char *dir, struct nv_err *err)
{
	(void)unlink(w->lock); /* verify's: nobody has the copy open */
	/* A directory replaces none that has something in it. */
	if (rename(w->dir, dir) < 0)
		return nv_err_set(err, -errno, "%s: %s", dir, strerror(errno));
	return sync_parent(dir, err);
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

static int
share_from(struct workshop *w, const char *path, const char *suffix, bool replace,
	struct nv_err *err)
{
	char from[PATH_MAX];
	int n = snprintf(from, sizeof(from), "%s%s", path, suffix);

	if (n < 0 || (size_t)n >= sizeof(from))
		return nv_err_set(err, -ENAMETOOLONG, "the path %s is too long", path);
	return led_share_segments(from, w->segments, replace, err);
}

int
led_restore(const char *file, const char *dir, const char *old_dir, led_problem_fn *fn,
	void *arg, uint64_t *ret_checked, struct nv_err *err)
{
	struct workshop w;
	struct led_meta_page meta[2];
	int rc = workshop_open(&w, dir, "restore", err);

	if (rc < 0)
		return rc;
	rc = led_copy_file(file, w.file, err);
	/* A backup of an older schema becomes one of this. */
	if (rc == 0)
		rc = led_pages_meta(w.file, meta, err);
	if (rc == 0)
		rc = led_migrate(w.dir, err);
	drop_old_schemas(&w);
	if (rc == 0)
		rc = share_from(&w, file, LED_BACKUP_SEGMENTS, true, err);
	/* A backup from before they were made, or one that came without them. What it has
	 * is its own: the ledger that is replaced may have gone another way since. */
	if (rc == 0 && old_dir)
		rc = share_from(&w, old_dir, "/" LED_SEGMENTS_NAME, false, err);
	if (rc == 0)
		rc = prove(&w, fn, arg, ret_checked, err);
	if (rc == 0)
		rc = give(&w, dir, err);
	if (rc == 0)
		rc = put_in_place(&w, dir, err);
	if (rc < 0)
		workshop_close(&w);
	return rc;
}

/* ---- compaction ---- */

static uint64_t
file_bytes(const char *dir)
{
	char path[PATH_MAX];
	struct stat st;
	int n = snprintf(path, sizeof(path), "%s/" LED_FILE_NAME, dir);

	return n > 0 && (size_t)n < sizeof(path) && stat(path, &st) == 0
		       ? (uint64_t)st.st_size
		       : 0;
}

static int
copy_compact(struct workshop *w, const char *dir, struct nv_err *err)
{
	struct led_options opt = {.read_only = true};
	struct led *led;
	int rc = led_open(dir, &opt, &led, err);

	if (rc < 0)
		return rc;
	int copied = mdb_env_copy2(led->env, w->file, MDB_CP_COMPACT);

	led_close(led);
	if (copied != 0)
		return led_fail(err, copied, "copy the ledger");
	return sync_path(w->file, err);
}

/* What stood there before; the copy is proven and in its place. */
static void
remove_old(const char *kept)
{
	struct workshop old;
	char path[PATH_MAX];

	(void)snprintf(old.dir, sizeof(old.dir), "%s", kept);
	if (paths_of(&old, NULL) < 0)
		return;
	int n = snprintf(path, sizeof(path), "%s/" LED_LOCK_NAME, kept);

	if (n > 0 && (size_t)n < sizeof(path))
		(void)unlink(path); /* as below: what cannot be removed stays */
	workshop_close(&old);
}

int
led_compact(const char *dir, led_problem_fn *fn, void *arg, uint64_t *ret_before,
	uint64_t *ret_after, struct nv_err *err)
{
	struct workshop w;
	char kept[KEPT_BYTES] = "";
	NV_CLEANUP_FD lock = -1;
	uint64_t checked;
	uint64_t before = file_bytes(dir);

	if (before == 0)
		return nv_err_set(err, -ENOENT, "there is no ledger in %s yet", dir);
	int rc = lock_old(dir, &lock, err);

	if (rc < 0)
		return rc;
	rc = workshop_open(&w, dir, "compact", err);
	if (rc < 0)
		return rc;
	rc = copy_compact(&w, dir, err);
	if (rc == 0)
		rc = share_from(&w, dir, "/" LED_SEGMENTS_NAME, true, err);
	if (rc == 0)
		rc = prove(&w, fn, arg, &checked, err);
	if (rc == 0)
		rc = give(&w, dir, err);
	if (rc == 0)
		rc = take_place(&w, dir, kept, err);
	if (rc < 0 && kept[0] == '\0') /* else they have changed places */
		workshop_close(&w);
	if (rc < 0)
		return rc;
	remove_old(kept);
	*ret_before = before;
	*ret_after = file_bytes(dir);
	return 0;
}
