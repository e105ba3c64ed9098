/* The steps around a rebuild: see rebuild.h. What is put into the new file: replay.c. */
#include "rebuild.h"

#include "lower.h"
#include "nv_clock.h"
#include "nv_fd.h"
#include "pages.h"
#include "replay.h"
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEXT_NAME "rebuild"

struct paths {
	char file[PATH_MAX];
	char lock[PATH_MAX];
	char next[PATH_MAX]; /* a directory */
	char next_file[PATH_MAX];
	char next_lock[PATH_MAX];
	char next_segments[PATH_MAX];
};

static int
paths_of(struct paths *p, const char *dir, struct nv_err *err)
{
	struct {
		char *to;
		const char *name;
	} const list[] = {
		{p->file, LED_FILE_NAME},
		{p->lock, LED_FILE_NAME "-lock"},
		{p->next, NEXT_NAME},
		{p->next_file, NEXT_NAME "/" LED_FILE_NAME},
		{p->next_lock, NEXT_NAME "/" LED_FILE_NAME "-lock"},
		{p->next_segments, NEXT_NAME "/" LED_SEGMENTS_NAME},
	};

	for (size_t i = 0; i < NV_LEN(list); i++) {
		int n = snprintf(list[i].to, PATH_MAX, "%s/%s", dir, list[i].name);

		if (n < 0 || n >= PATH_MAX)
			return nv_err_set(
				err, -ENAMETOOLONG, "the path %s is too long", dir);
	}
	return 0;
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

/* The directory without the file in it is one whose file has taken its place: LMDB's lock
 * file then still speaks of the old one. */
void
led_rebuild_tidy(const char *dir)
{
	struct paths p;
	struct nv_err err = {0};
	struct stat st;

	if (paths_of(&p, dir, &err) < 0 || stat(p.next, &st) < 0)
		return;
	if (access(p.next_file, F_OK) < 0 && errno == ENOENT)
		(void)unlink(p.lock); /* gone already: fine */
	(void)unlink(p.next_file);
	(void)unlink(p.next_lock);
	(void)unlink(p.next_segments);
	(void)rmdir(p.next); /* what else is in it is not ours */
}

int
led_schema_of(const char *path, uint32_t *ret, struct nv_err *err)
{
	MDB_env *env;
	MDB_txn *txn = NULL;
	MDB_dbi dbi;
	MDB_val key = led_val("ledger", 6);
	MDB_val value;
	struct led_meta meta = {0};
	int rc = mdb_env_create(&env);

	if (rc != 0)
		return led_fail(err, rc, "open the ledger");
	rc = mdb_env_set_maxdbs(env, 1);
	if (rc == 0)
		rc = mdb_env_open(env, path, MDB_NOSUBDIR | MDB_RDONLY | MDB_NOLOCK, 0);
	if (rc == 0)
		rc = mdb_txn_begin(env, NULL, MDB_RDONLY, &txn);
	if (rc == 0)
		rc = mdb_dbi_open(txn, led_db_name(LED_DB_META), 0, &dbi);
	if (rc == 0)
		rc = mdb_get(txn, dbi, &key, &value);
	if (rc == 0) {
		int read = led_meta_decode(value.mv_data, value.mv_size, &meta);

		*ret = meta.schema;
		if (read < 0 && read != -EPROTONOSUPPORT)
			rc = MDB_CORRUPTED;
	}
	if (txn)
		mdb_txn_abort(txn);
	mdb_env_close(env);
	return rc == 0 ? 0 : led_fail(err, rc, "read what kind of ledger it is");
}

/* ---- the new one ---- */

static int
prove(const struct paths *p, led_problem_fn *fn, void *arg, uint64_t *ret_checked,
	struct nv_err *err)
{
	static const struct led_verify_options options = {.older = true};
	int rc = led_verify_contained_with(p->next, &options, fn, arg, ret_checked);

	if (rc < 0)
		return nv_err_set(err, rc, "the rebuilt ledger cannot be verified: %s",
			strerror(-rc));
	if (rc > 0)
		return nv_err_set(err, -EBADMSG, "the rebuilt ledger is not sound");
	return sync_path(p->next_file, err);
}

/* As root for a Nova that runs as somebody else: the new file is theirs as well. */
static int
give(const struct paths *p, struct nv_err *err)
{
	struct stat st;

	if (stat(p->file, &st) < 0 || chown(p->next_file, st.st_uid, st.st_gid) < 0)
		return nv_err_set(err, -errno, "cannot give %s its owner: %s",
			p->next_file, strerror(errno));
	return 0;
}

/* A second name for the old file. What bears it already is of an earlier time (there and
 * back again), or this very file, and somebody was interrupted. */
static int
keep(const struct paths *p, const char *kept, struct nv_err *err)
{
	char temp[PATH_MAX];
	struct stat old;
	struct stat now;
	int rc = link(p->file, kept) < 0 ? -errno : 0;

	if (rc == -EEXIST && stat(kept, &old) == 0 && stat(p->file, &now) == 0 &&
		old.st_ino == now.st_ino)
		return 0;
	if (rc == -EEXIST) {
		int n = snprintf(temp, sizeof(temp), "%s.new", kept);

		if (n < 0 || (size_t)n >= sizeof(temp))
			return nv_err_set(err, -ENAMETOOLONG, "%s: too long", kept);
		(void)unlink(temp); /* usually not there */
		rc = link(p->file, temp) < 0 || rename(temp, kept) < 0 ? -errno : 0;
	}
	return rc < 0 ? nv_err_set(err, rc, "cannot keep %s: %s", kept, strerror(-rc))
		      : 0;
}

/* The old file gets a second name, then the new one takes its place. */
static int
take_place(const struct paths *p, const char *dir, const char *kept, struct nv_err *err)
{
	int rc = keep(p, kept, err);

	if (rc < 0)
		return rc;
	if (rename(p->next_file, p->file) < 0)
		return nv_err_set(err, -errno, "cannot put %s in place: %s", p->next_file,
			strerror(errno));
	led_rebuild_tidy(dir);
	return sync_path(dir, err);
}

/* Makes the new file from the old one. */
typedef int make_fn(const char *dir, const char *from, const char *to_dir,
	const char *to_file, struct nv_err *err);

static int
rebuild(const char *dir, make_fn *make, const char *kept, led_problem_fn *fn, void *arg,
	uint64_t *ret_checked, struct nv_err *err)
{
	struct paths p;
	int rc = paths_of(&p, dir, err);

	if (rc < 0)
		return rc;
	led_rebuild_tidy(dir);
	if (mkdir(p.next, 0700) < 0)
		return nv_err_set(
			err, -errno, "cannot make %s: %s", p.next, strerror(errno));
	/* Verify looks for the segments beside the file. */
	if (symlink("../" LED_SEGMENTS_NAME, p.next_segments) < 0)
		return nv_err_set(err, -errno, "cannot make %s: %s", p.next_segments,
			strerror(errno));
	rc = make(dir, p.file, p.next, p.next_file, err);
	if (rc == 0)
		rc = prove(&p, fn, arg, ret_checked, err);
	if (rc == 0)
		rc = give(&p, err);
	if (rc == 0)
		return take_place(&p, dir, kept, err);
	/* Nothing happened yet: the old one is as it was. */
	(void)unlink(p.next_file);
	(void)unlink(p.next_lock);
	(void)unlink(p.next_segments);
	(void)rmdir(p.next);
	return rc;
}

/* ---- who asks for it ---- */

static void
count_problem(void *arg, const char *problem)
{
	struct nv_err *first = arg;

	if (first->text[0] == '\0')
		(void)nv_err_set(first, -EBADMSG, "%s", problem);
}

int
led_migrate(const char *dir, struct nv_err *err)
{
	char path[PATH_MAX];
	char kept[LED_REBUILD_KEPT_BYTES];
	struct nv_err why = {0};
	struct nv_err found = {0};
	uint32_t schema = 0;
	uint64_t checked;
	int n = snprintf(path, sizeof(path), "%s/" LED_FILE_NAME, dir);

	if (n < 0 || (size_t)n >= sizeof(path))
		return nv_err_set(err, -ENAMETOOLONG, "the path %s is too long", dir);
	int rc = led_schema_of(path, &schema, err);

	if (rc < 0 || schema >= LED_SCHEMA)
		return rc;
	(void)snprintf(
		kept, sizeof(kept), "%s/ledger.schema%u.mdb", dir, (unsigned)schema);
	rc = rebuild(dir, led_replay, kept, count_problem, &found, &checked, &why);
	if (rc == 0)
		return 0;
	return nv_err_set(err, rc,
		"the ledger in %s has schema %u and cannot be brought to %u: %s%s%s; it "
		"is as it was",
		dir, schema, LED_SCHEMA, why.text, found.text[0] ? ": " : "", found.text);
}

int
led_rebuild(const char *dir, led_problem_fn *fn, void *arg, uint64_t *ret_checked,
	char kept[LED_REBUILD_KEPT_BYTES], struct nv_err *err)
{
	char at[NV_RFC3339_BYTES];
	struct paths p;
	struct led_meta_page meta[2];
	NV_CLEANUP_FD lock = -1;
	int rc = paths_of(&p, dir, err);

	kept[0] = '\0';
	if (rc == 0 && access(p.file, F_OK) < 0)
		rc = nv_err_set(err, -errno, "there is no ledger in %s", dir);
	if (rc == 0)
		rc = led_lock_writer(dir, &lock, err);
	if (rc == 0)
		rc = led_pages_meta(p.file, meta, err);
	if (rc < 0)
		return rc;
	(void)nv_rfc3339(nv_wall_ns(), at);
	(void)snprintf(
		kept, LED_REBUILD_KEPT_BYTES, "%s/ledger.before-%.19sZ.mdb", dir, at);
	rc = rebuild(dir, led_replay, kept, fn, arg, ret_checked, err);
	if (rc < 0)
		kept[0] = '\0';
	return rc;
}

int
led_downgrade(const char *dir, uint32_t to, led_problem_fn *fn, void *arg,
	uint64_t *ret_checked, char kept[LED_REBUILD_KEPT_BYTES], struct nv_err *err)
{
	struct paths p;
	struct led_meta_page meta[2];
	uint32_t schema = 0;
	NV_CLEANUP_FD lock = -1;
	int rc = paths_of(&p, dir, err);

	kept[0] = '\0';
	if (rc == 0 && to < LED_SCHEMA_LOWEST)
		rc = nv_err_set(err, -EINVAL,
			"a ledger can be brought back to schema %d at most: restore a "
			"backup from before it was changed",
			LED_SCHEMA_LOWEST);
	if (rc == 0 && access(p.file, F_OK) < 0)
		rc = nv_err_set(err, -errno, "there is no ledger in %s", dir);
	if (rc == 0)
		rc = led_lock_writer(dir, &lock, err);
	if (rc < 0)
		return rc;
	led_rebuild_tidy(dir);
	rc = led_pages_meta(p.file, meta, err);
	if (rc == 0)
		rc = led_schema_of(p.file, &schema, err);
	if (rc == 0 && schema <= to)
		rc = nv_err_set(err, -EEXIST, "the ledger in %s already has schema %u",
			dir, (unsigned)schema);
	/* Each step down has a form of its own; there is one so far. */
	if (rc == 0 && schema != LED_SCHEMA)
		rc = nv_err_set(err, -EINVAL,
			"the ledger in %s has schema %u, this program brings %d down",
			dir, (unsigned)schema, LED_SCHEMA);
	if (rc == 0)
		rc = led_lower_check(dir, err);
	if (rc < 0)
		return rc;
	(void)snprintf(kept, LED_REBUILD_KEPT_BYTES, "%s/ledger.schema%u.mdb", dir,
		(unsigned)schema);
	rc = rebuild(dir, led_lower, kept, fn, arg, ret_checked, err);
	if (rc < 0)
		kept[0] = '\0';
	return rc;
}
