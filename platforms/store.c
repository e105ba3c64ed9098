/* The durable store of a platform: see store.h and plat.h. */
#include "store.h"
#include "frame.h"
#include "nv_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define MAP_BYTES ((size_t)1 << 30)
#define KEY_BYTES (PLAT_TABLE_BYTES_MAX + 1 + PLAT_KEY_BYTES_MAX + 1)

struct plat_store {
	MDB_env *env;
	MDB_dbi dbi;
	MDB_txn *batch; /* NULL when none is open */
	int lock_fd;
};

static int
errno_of(int rc)
{
	switch (rc) {
	case MDB_SUCCESS:
		return 0;
	case MDB_NOTFOUND:
		return -ENOENT;
	case MDB_MAP_FULL:
		return -ENOSPC;
	default:
		return rc > 0 ? -rc : -EIO;
	}
}

/* ---- open and close ---- */

static int
lock(struct plat_store *s, const char *dir, struct nv_err *err)
{
	char path[NV_PATH_MAX];

	if (snprintf(path, sizeof path, "%s/lock", dir) >= (int)sizeof path)
		return nv_err_set(err, -ENAMETOOLONG, "%s: too long", dir);
	s->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->lock_fd < 0)
		return nv_err_set(
			err, -errno, "%s cannot be opened: %s", path, strerror(errno));
	if (flock(s->lock_fd, LOCK_EX | LOCK_NB) < 0)
		return nv_err_set(err, errno == EWOULDBLOCK ? -EBUSY : -errno,
			"%s is held by another nova-platform", path);
	return 0;
}

static int
open_env(struct plat_store *s, const char *dir, struct nv_err *err)
{
	char path[NV_PATH_MAX];
	MDB_txn *txn = NULL;

	if (snprintf(path, sizeof path, "%s/store.mdb", dir) >= (int)sizeof path)
		return nv_err_set(err, -ENAMETOOLONG, "%s: too long", dir);
	int rc = mdb_env_create(&s->env);

	if (rc == 0)
		rc = mdb_env_set_mapsize(s->env, MAP_BYTES);
	/* One thread: a reader and the writer may be open in it at the same time. */
	if (rc == 0)
		rc = mdb_env_open(
			s->env, path, MDB_NOSUBDIR | MDB_NOTLS | MDB_NORDAHEAD, 0600);
	if (rc == 0)
		rc = mdb_txn_begin(s->env, NULL, 0, &txn);
	if (rc == 0)
		rc = mdb_dbi_open(txn, NULL, 0, &s->dbi);
	if (rc == 0)
		rc = mdb_txn_commit(txn);
	else if (txn)
		mdb_txn_abort(txn);
	if (rc != 0)
		return nv_err_set(err, errno_of(rc), "%s cannot be opened: %s", path,
			mdb_strerror(rc));
	return 0;
}

int
plat_store_open(struct plat_store **ret, const char *state_dir, const char *name,
	struct nv_err *err)
{
	char dir[NV_PATH_MAX];
	struct plat_store *s = calloc(1, sizeof *s);

	if (!s)
		return nv_err_set(err, -ENOMEM, "no memory");
	s->lock_fd = -1;
	int rc = 0;

	if (snprintf(dir, sizeof dir, "%s/platforms/%s", state_dir, name) >=
		(int)sizeof dir)
		rc = nv_err_set(err, -ENAMETOOLONG, "%s: too long", state_dir);
	if (rc == 0 && (rc = nv_mkdir_p(dir, 0700)) < 0)
		(void)nv_err_set(err, rc, "%s cannot be made: %s", dir, strerror(-rc));
	if (rc == 0)
		rc = lock(s, dir, err);
	if (rc == 0)
		rc = open_env(s, dir, err);
	if (rc < 0) {
		plat_store_close(s);
		return rc;
	}
	*ret = s;
	return 0;
}

void
plat_store_close(struct plat_store *s)
{
	if (!s)
		return;
	if (s->batch)
		mdb_txn_abort(s->batch);
	if (s->env)
		mdb_env_close(s->env);
	nv_fd_close(&s->lock_fd);
	free(s);
}

/* ---- keys ---- */

/* "table NUL key": a table's keys stand together, in order. */
static int
make_key(char buf[KEY_BYTES], MDB_val *ret, const char *table, const char *key)
{
	size_t t = strlen(table);
	size_t k = strlen(key);

	if (t == 0 || t > PLAT_TABLE_BYTES_MAX || k > PLAT_KEY_BYTES_MAX)
		return -ENAMETOOLONG;
	memcpy(buf, table, t + 1);
	memcpy(buf + t + 1, key, k + 1);
	*ret = (MDB_val){.mv_size = t + 1 + k, .mv_data = buf};
	return 0;
}

static int
begin(struct plat_store *s, unsigned flags, MDB_txn **ret)
{
	if (s->batch) {
		*ret = s->batch;
		return 0;
	}
	return errno_of(mdb_txn_begin(s->env, NULL, flags, ret));
}

/* Of a transaction that begin() gave. A batch in which something failed is ended by who
 * opened it. */
static int
end(struct plat_store *s, MDB_txn *txn, int rc)
{
	if (txn == s->batch)
		return rc;
	if (rc == 0)
		return errno_of(mdb_txn_commit(txn));
	mdb_txn_abort(txn);
	return rc;
}

/* ---- for platforms ---- */

int
plat_put(struct plat *p, const char *table, const char *key, const json_t *value)
{
	struct plat_store *s = p->store;
	char buf[KEY_BYTES];
	MDB_val k;
	MDB_txn *txn = NULL;
	NV_CLEANUP_FREE char *text = NULL;
	int rc = make_key(buf, &k, table, key);

	if (rc < 0)
		return rc;
	text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
	if (!text)
		return -ENOMEM;
	MDB_val v = {.mv_size = strlen(text), .mv_data = text};

	if (v.mv_size > PLAT_VALUE_BYTES_MAX)
		return -EFBIG;
	rc = begin(s, 0, &txn);
	return rc < 0 ? rc : end(s, txn, errno_of(mdb_put(txn, s->dbi, &k, &v, 0)));
}

static json_t *
read_value(const MDB_val *v)
{
	return json_loadb(v->mv_data, v->mv_size, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
}

int
plat_get(struct plat *p, const char *table, const char *key, json_t **ret)
{
	struct plat_store *s = p->store;
	char buf[KEY_BYTES];
	MDB_val k;
	MDB_val v;
	MDB_txn *txn = NULL;
	json_t *value = NULL;
	int rc = make_key(buf, &k, table, key);

	if (rc == 0)
		rc = begin(s, MDB_RDONLY, &txn);
	if (rc < 0)
		return rc;
	rc = errno_of(mdb_get(txn, s->dbi, &k, &v));
	if (rc == 0 && !(value = read_value(&v)))
		rc = -EIO;
	if (txn != s->batch)
		mdb_txn_abort(txn);
	if (rc == 0)
		*ret = value;
	return rc;
}

int
plat_del(struct plat *p, const char *table, const char *key)
{
	struct plat_store *s = p->store;
	char buf[KEY_BYTES];
	MDB_val k;
	MDB_txn *txn = NULL;
	int rc = make_key(buf, &k, table, key);

	if (rc == 0)
		rc = begin(s, 0, &txn);
	if (rc < 0)
		return rc;
	rc = mdb_del(txn, s->dbi, &k, NULL);
	return end(s, txn, rc == MDB_NOTFOUND ? 0 : errno_of(rc));
}

/* The first key of the table above `buf` (`inclusive`: or itself); copied into buf, as
 * what fn does may move what LMDB gave. */
static int
step(struct plat_store *s, MDB_txn *txn, char buf[KEY_BYTES], size_t table_bytes,
	size_t *bytes, bool inclusive, json_t **ret)
{
	MDB_cursor *cursor;
	MDB_val k = {.mv_size = *bytes, .mv_data = buf};
	MDB_val v;
	int rc = mdb_cursor_open(txn, s->dbi, &cursor);

	if (rc != 0)
		return errno_of(rc);
	rc = mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE);
	if (rc == 0 && !inclusive && k.mv_size == *bytes &&
		memcmp(k.mv_data, buf, *bytes) == 0)
		rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT);
	if (rc == 0 && (k.mv_size < table_bytes || k.mv_size >= KEY_BYTES ||
			       memcmp(k.mv_data, buf, table_bytes) != 0))
		rc = MDB_NOTFOUND;
	if (rc == 0) {
		memcpy(buf, k.mv_data, k.mv_size);
		buf[k.mv_size] = '\0';
		*bytes = k.mv_size;
		*ret = read_value(&v);
	}
	mdb_cursor_close(cursor);
	return rc == 0 && !*ret ? -EIO : errno_of(rc);
}

int
plat_each(struct plat *p, const char *table, const char *prefix, const char *after,
	plat_each_fn *fn, void *arg)
{
	struct plat_store *s = p->store;
	char buf[KEY_BYTES];
	MDB_val k;
	MDB_txn *txn = NULL;
	bool inclusive = !after || strcmp(after, prefix) < 0;
	int rc = make_key(buf, &k, table, inclusive ? prefix : after);

	if (rc == 0)
		rc = begin(s, MDB_RDONLY, &txn);
	if (rc < 0)
		return rc;
	size_t table_bytes = strlen(table) + 1;
	size_t bytes = k.mv_size;

	for (;;) {
		json_t *value = NULL;

		rc = step(s, txn, buf, table_bytes, &bytes, inclusive, &value);
		inclusive = false;
		const char *key = buf + table_bytes;

		if (rc == 0 && strncmp(key, prefix, strlen(prefix)) == 0)
			rc = fn(arg, key, value);
		else if (rc == 0)
			rc = -ENOENT;
		json_decref(value);
		if (rc != 0)
			break;
	}
	if (txn != s->batch)
		mdb_txn_abort(txn);
	return rc == -ENOENT ? 0 : rc;
}

int
plat_batch_begin(struct plat *p)
{
	NV_ASSERT(!p->store->batch);
	return errno_of(mdb_txn_begin(p->store->env, NULL, 0, &p->store->batch));
}

int
plat_batch_end(struct plat *p, bool keep)
{
	MDB_txn *txn = p->store->batch;

	NV_ASSERT(txn);
	p->store->batch = NULL;
	if (keep)
		return errno_of(mdb_txn_commit(txn));
	mdb_txn_abort(txn);
	return 0;
}
