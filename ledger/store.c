/* Opening and closing: a new ledger is complete before it gets its name; an old one is
 * checked against its own size before anything is read through the map, since reading a
 * page that is not there is a SIGBUS. */
#include "store.h"

#include "chain.h"
#include "nv_as_owner.h"
#include "nv_fd.h"
#include "pages.h"
#include "rebuild.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define NEW_NAME "new.mdb"

static const size_t map_bytes_default = (size_t)64 << 30;
static const size_t map_bytes_min = (size_t)1 << 20;
enum { READERS_MAX = 512, DBS_MAX = 32 };

int
led_rc(int mdb_rc)
{
	switch (mdb_rc) {
	case 0:
		return 0;
	case MDB_NOTFOUND:
		return -ENOENT;
	case MDB_KEYEXIST:
		return -EEXIST;
	case MDB_MAP_FULL:
		return -ENOSPC;
	case MDB_READERS_FULL:
		return -EMFILE;
	case MDB_MAP_RESIZED:
		return -EAGAIN;
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
	case MDB_INVALID:
	case MDB_PANIC:
	case MDB_INCOMPATIBLE:
	case MDB_BAD_VALSIZE:
		return -EBADMSG;
	case MDB_VERSION_MISMATCH:
		return -EPROTONOSUPPORT;
	case EINVAL: /* -EINVAL is kept for what the caller did */
		return -EIO;
	default:
		return mdb_rc > 0 ? -mdb_rc : -EIO;
	}
}

int
led_fail(struct nv_err *err, int mdb_rc, const char *what)
{
	return nv_err_set(
		err, led_rc(mdb_rc), "cannot %s: %s", what, mdb_strerror(mdb_rc));
}

MDB_val
led_val(const void *data, size_t bytes)
{
	/* LMDB never writes through a key or value it was given. */
	return (MDB_val){.mv_size = bytes, .mv_data = (void *)(uintptr_t)data};
}

int
led_floor(MDB_cursor *cursor, const uint8_t *key, size_t key_bytes, size_t prefix_bytes,
	MDB_val *ret_key, MDB_val *ret_value)
{
	MDB_val k = led_val(key, key_bytes);
	int rc = mdb_cursor_get(cursor, &k, ret_value, MDB_SET_RANGE);

	if (rc == MDB_NOTFOUND)
		rc = mdb_cursor_get(cursor, &k, ret_value, MDB_LAST);
	else if (rc == 0 &&
		 (k.mv_size != key_bytes || memcmp(k.mv_data, key, key_bytes) != 0))
		rc = mdb_cursor_get(cursor, &k, ret_value, MDB_PREV);
	if (rc != 0)
		return rc;
	if (k.mv_size != key_bytes || memcmp(k.mv_data, key, prefix_bytes) != 0)
		return MDB_NOTFOUND;
	*ret_key = k;
	return 0;
}

int
led_last_u64(MDB_txn *txn, MDB_dbi dbi, uint64_t *ret)
{
	MDB_cursor *cursor;
	MDB_val key;
	MDB_val value;
	int rc = mdb_cursor_open(txn, dbi, &cursor);

	if (rc != 0)
		return led_rc(rc);
	rc = mdb_cursor_get(cursor, &key, &value, MDB_LAST);
	if (rc == 0 && key.mv_size != 8)
		rc = MDB_CORRUPTED;
	if (rc == 0)
		*ret = led_key_get_u64(key.mv_data);
	else if (rc == MDB_NOTFOUND)
		*ret = 0;
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? 0 : led_rc(rc);
}

int
led_grow_map(struct led *led, size_t bytes)
{
	if (led->n_views > 0)
		return -EBUSY;
	int rc = mdb_env_set_mapsize(led->env, bytes);

	if (rc == 0)
		led->map_bytes = bytes;
	return led_rc(rc);
}

int
led_begin_read(struct led *led, MDB_txn **ret)
{
	int rc = mdb_txn_begin(led->env, NULL, MDB_RDONLY, ret);

	if (rc == MDB_MAP_RESIZED && led->n_views == 0) {
		/* The writer grew the map: take over its size. */
		rc = mdb_env_set_mapsize(led->env, 0);
		if (rc == 0)
			rc = mdb_txn_begin(led->env, NULL, MDB_RDONLY, ret);
	} else if (rc == MDB_READERS_FULL) {
		int dead = 0;

		if (mdb_reader_check(led->env, &dead) == 0 && dead > 0)
			rc = mdb_txn_begin(led->env, NULL, MDB_RDONLY, ret);
	}
	return led_rc(rc);
}

/* Before LMDB sees the file: reading a page that is not there is a SIGBUS. */
static int
check_file(const char *path, struct nv_err *err)
{
	struct led_meta_page meta[2];

	return led_pages_meta(path, meta, err);
}

/* ---- environment and tables ---- */

static int
open_env(struct led *led, const char *path, unsigned flags, struct nv_err *err)
{
	int rc = mdb_env_create(&led->env);

	if (rc == 0)
		rc = mdb_env_set_maxreaders(led->env, READERS_MAX);
	if (rc == 0)
		rc = mdb_env_set_maxdbs(led->env, DBS_MAX);
	if (rc == 0 && !led->read_only)
		rc = mdb_env_set_mapsize(led->env, led->map_bytes);
	if (rc == 0) {
		/* LMDB follows links, and writes to its lock file also for who only
		 * reads. */
		struct nv_as_owner as = nv_as_owner_begin(path);

		rc = mdb_env_open(led->env, path, MDB_NOSUBDIR | MDB_NOTLS | flags, 0600);
		nv_as_owner_end(&as);
	}
	if (rc != 0) {
		mdb_env_close(led->env);
		led->env = NULL;
		return nv_err_set(
			err, led_rc(rc), "cannot open %s: %s", path, mdb_strerror(rc));
	}
	return 0;
}

static int
open_tables(struct led *led, MDB_txn *txn, unsigned flags)
{
	for (unsigned i = 0; i < LED_DB_COUNT; i++) {
		int rc = mdb_dbi_open(
			txn, led_db_name((enum led_db)i), flags, &led->dbi[i]);

		if (rc != 0)
			return rc;
	}
	return 0;
}

static int
make_meta(struct led *led, struct nv_err *err)
{
	struct timespec now;
	struct led_meta *meta = &led->meta;

	if (clock_gettime(CLOCK_REALTIME, &now) < 0)
		return nv_err_set(err, -errno, "no clock: %s", strerror(errno));
	if (getrandom(meta->id, sizeof(meta->id), 0) != sizeof(meta->id))
		return nv_err_set(err, -EIO, "no random numbers");
	meta->scale = 9;
	meta->created_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
	/* As the lowest one makes it: brought back to that, the ledger is read by a
	 * program that knows of no later one. */
	meta->schema = LED_SCHEMA_LOWEST;
	led_genesis(meta, meta->genesis);
	meta->schema = LED_SCHEMA;
	return 0;
}

static int
write_meta(struct led *led, MDB_txn *txn)
{
	uint8_t value[LED_META_BYTES];
	MDB_val key = led_val("ledger", 6);
	MDB_val val = led_val(value, led_meta_encode(&led->meta, value));

	return mdb_put(txn, led->dbi[LED_DB_META], &key, &val, MDB_NOOVERWRITE);
}

int
led_create_env(struct led *led, const char *path, unsigned flags, struct nv_err *err)
{
	MDB_txn *txn;
	int rc = open_env(led, path, flags, err);

	if (rc < 0)
		return rc;
	rc = mdb_txn_begin(led->env, NULL, 0, &txn);
	if (rc == 0) {
		rc = open_tables(led, txn, MDB_CREATE);
		if (rc == 0)
			rc = write_meta(led, txn);
		if (rc == 0)
			rc = mdb_txn_commit(txn);
		else
			mdb_txn_abort(txn);
	}
	return rc == 0 ? 0 : led_fail(err, rc, "create the ledger");
}

static int
create_in(struct led *led, const char *path, struct nv_err *err)
{
	int rc = make_meta(led, err);

	if (rc == 0)
		rc = led_create_env(led, path, 0, err);
	if (rc == 0) {
		int synced = mdb_env_sync(led->env, 1);

		if (synced != 0)
			rc = led_fail(err, synced, "create the ledger");
	}
	if (led->env)
		mdb_env_close(led->env);
	led->env = NULL;
	return rc;
}

static int
join(char *buf, size_t buf_bytes, const char *dir, const char *name, struct nv_err *err)
{
	int n = snprintf(buf, buf_bytes, "%s/%s", dir, name);

	if (n < 0 || (size_t)n >= buf_bytes)
		return nv_err_set(err, -ENAMETOOLONG, "the path %s is too long", dir);
	return 0;
}

static int
sync_dir(const char *dir)
{
	NV_CLEANUP_FD fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

/* A crash in the middle leaves only the temporary name, which the next start removes. */
static int
create(struct led *led, const char *path, struct nv_err *err)
{
	char temp[PATH_MAX];
	char temp_lock[PATH_MAX];
	int rc = join(temp, sizeof(temp), led->dir, NEW_NAME, err);

	if (rc == 0)
		rc = join(temp_lock, sizeof(temp_lock), led->dir, NEW_NAME "-lock", err);
	if (rc < 0)
		return rc;
	(void)unlink(temp);      /* usually not there */
	(void)unlink(temp_lock); /* usually not there */
	rc = create_in(led, temp, err);
	(void)unlink(temp_lock); /* nobody else opened it */
	if (rc < 0)
		return rc;
	if (renameat2(AT_FDCWD, temp, AT_FDCWD, path, RENAME_NOREPLACE) < 0 &&
		(errno != EINVAL || rename(temp, path) < 0))
		return nv_err_set(
			err, -errno, "cannot name %s: %s", path, strerror(errno));
	rc = sync_dir(led->dir);
	if (rc < 0)
		return nv_err_set(err, rc, "cannot sync %s: %s", led->dir, strerror(-rc));
	return 0;
}

int
led_lock_writer(const char *dir, int *ret_fd, struct nv_err *err)
{
	char path[PATH_MAX];
	int rc = join(path, sizeof(path), dir, LED_LOCK_NAME, err);

	if (rc < 0)
		return rc;
	*ret_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (*ret_fd < 0)
		return nv_err_set(
			err, -errno, "cannot open %s: %s", path, strerror(errno));
	if (flock(*ret_fd, LOCK_EX | LOCK_NB) < 0) {
		rc = errno == EWOULDBLOCK ? -EBUSY : -errno;
		return nv_err_set(err, rc,
			rc == -EBUSY
				? "another process has the ledger in %s open for writing"
				: "cannot lock the ledger in %s",
			dir);
	}
	return 0;
}

static int
load_meta(struct led *led, MDB_txn *txn, struct nv_err *err)
{
	MDB_val key = led_val("ledger", 6);
	MDB_val value;
	uint8_t genesis[LED_HASH_BYTES];
	int rc = mdb_get(txn, led->dbi[LED_DB_META], &key, &value);

	if (rc != 0)
		return nv_err_set(err, -EBADMSG, "the ledger in %s is damaged: %s",
			led->dir, mdb_strerror(rc));
	rc = led_meta_decode(value.mv_data, value.mv_size, &led->meta);
	if (rc == -EPROTONOSUPPORT)
		return nv_err_set(err, rc,
			"the ledger in %s has schema %u, this program knows %u: use a "
			"newer Nova, or bring it back with that one's `novactl "
			"ledger downgrade --to %u`",
			led->dir, led->meta.schema, LED_SCHEMA, LED_SCHEMA);
	if (rc == 0) {
		/* The genesis hash is that of the schema it was made with. */
		struct led_meta made = led->meta;

		rc = -EBADMSG;
		for (made.schema = 1; made.schema <= led->meta.schema; made.schema++) {
			led_genesis(&made, genesis);
			if (memcmp(genesis, led->meta.genesis, LED_HASH_BYTES) == 0)
				rc = 0;
		}
	}
	return rc == 0 ? 0
		       : nv_err_set(err, rc,
				 "the ledger in %s is damaged: its own description",
				 led->dir);
}

/* What the writer need not look up as long as there is none of it. */
static int
load_claims(struct led *led, MDB_txn *txn)
{
	MDB_cursor *cursor;
	MDB_stat orphans;
	MDB_val key;
	MDB_val value;
	int rc = mdb_stat(txn, led->dbi[LED_DB_ORPHAN], &orphans);

	if (rc == 0)
		rc = mdb_cursor_open(txn, led->dbi[LED_DB_PENDEXP], &cursor);
	if (rc != 0)
		return led_rc(rc);
	led->n_orphans = orphans.ms_entries;
	led->next_expiry = INT64_MAX;
	rc = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
	if (rc == 0 && key.mv_size == 16)
		led->next_expiry = (int64_t)led_key_get_u64(key.mv_data);
	mdb_cursor_close(cursor);
	return rc == 0 || rc == MDB_NOTFOUND ? 0 : led_rc(rc);
}

/* Where the writer goes on: the last audit row must agree with the tables. */
static int
load_head(struct led *led, MDB_txn *txn)
{
	struct led_audit last = {.first_seq = 1, .first_bad = 1};
	uint8_t bytes[8];
	MDB_val value;
	int rc = led_last_u64(txn, led->dbi[LED_DB_EVENT], &led->last_seq);

	if (rc == 0)
		rc = led_last_u64(txn, led->dbi[LED_DB_BAD], &led->last_bad);
	if (rc == 0)
		rc = led_last_u64(txn, led->dbi[LED_DB_AUDIT], &led->last_batch);
	if (rc == 0)
		rc = led_dicts_load(led, txn);
	if (rc == 0)
		rc = load_claims(led, txn);
	if (rc < 0)
		return rc;
	memcpy(led->head, led->meta.genesis, LED_HASH_BYTES);
	if (led->last_batch > 0) {
		MDB_val key = led_val(bytes, led_key_u64(led->last_batch, bytes));

		rc = mdb_get(txn, led->dbi[LED_DB_AUDIT], &key, &value);
		if (rc != 0)
			return led_rc(rc);
		rc = led_audit_decode(
			led->last_batch, value.mv_data, value.mv_size, &last);
		if (rc < 0)
			return rc;
		led->last_time_ns = last.time_ns;
		led->duplicates = last.duplicates;
		memcpy(led->head, last.hash, LED_HASH_BYTES);
	}
	if (last.first_seq + last.n_events != led->last_seq + 1 ||
		last.first_bad + last.n_bad != led->last_bad + 1)
		return -EBADMSG;
	for (int i = 0; i < LED_DICT_COUNT; i++) {
		if (last.last_ids[i] != led->dicts[i].n_committed)
			return -EBADMSG;
	}
	return 0;
}

static int
load(struct led *led, struct nv_err *err)
{
	MDB_txn *txn;
	int rc = led_begin_read(led, &txn);

	if (rc < 0)
		return nv_err_set(err, rc, "cannot read the ledger in %s: %s", led->dir,
			strerror(-rc));
	int opened = open_tables(led, txn, 0);

	if (opened != 0) {
		mdb_txn_abort(txn);
		return nv_err_set(err, -EBADMSG, "the ledger in %s is damaged: %s",
			led->dir, mdb_strerror(opened));
	}
	rc = load_meta(led, txn, err);
	if (rc == 0 && !led->read_only) {
		rc = load_head(led, txn);
		if (rc < 0)
			(void)nv_err_set(err, rc,
				"the ledger in %s does not agree with its last audit "
				"row: %s",
				led->dir, strerror(-rc));
	}
	if (rc < 0) {
		mdb_txn_abort(txn);
		return rc;
	}
	rc = mdb_txn_commit(txn); /* keeps the table handles */
	return rc == 0 ? 0 : led_fail(err, rc, "read the ledger");
}

static int
open_writer(struct led *led, const char *path, struct nv_err *err)
{
	int dead;
	int rc = nv_mkdir_p(led->dir, 0700);

	if (rc < 0)
		return nv_err_set(err, rc, "cannot make %s: %s", led->dir, strerror(-rc));
	rc = led_lock_writer(led->dir, &led->lock_fd, err);
	if (rc < 0)
		return rc;
	led_rebuild_tidy(led->dir);
	if (access(path, F_OK) < 0) {
		if (errno != ENOENT)
			return nv_err_set(
				err, -errno, "cannot open %s: %s", path, strerror(errno));
		rc = create(led, path, err);
	}
	if (rc == 0)
		rc = check_file(path, err);
	if (rc == 0)
		rc = led_migrate(led->dir, err);
	if (rc == 0)
		rc = open_env(led, path, 0, err);
	if (rc == 0)
		(void)mdb_reader_check(led->env, &dead); /* again at the next open */
	return rc;
}

static int
open_reader(struct led *led, const char *path, struct nv_err *err)
{
	if (access(path, F_OK) < 0 && errno == ENOENT)
		return nv_err_set(err, -ENOENT, "there is no ledger in %s yet", led->dir);
	uint32_t schema = 0;
	int rc = check_file(path, err);

	if (rc == 0)
		rc = led_schema_of(path, &schema, err);
	uint32_t lowest = led->older ? LED_SCHEMA_LOWEST : LED_SCHEMA;

	if (rc == 0 && schema > 0 && schema < lowest)
		rc = nv_err_set(err, -EPROTONOSUPPORT,
			"the ledger in %s has schema %u: nova-engine brings it to %u "
			"when it starts, or novactl ledger rebuild",
			led->dir, (unsigned)schema, (unsigned)LED_SCHEMA);
	if (rc == 0)
		rc = open_env(led, path, MDB_RDONLY, err);
	/* On a file system nobody can write to there is no lock to keep either. */
	if (rc == -EROFS)
		rc = open_env(led, path, MDB_RDONLY | MDB_NOLOCK, err);
	return rc;
}

int
led_open(const char *dir, const struct led_options *opt, struct led **ret,
	struct nv_err *err)
{
	char path[PATH_MAX];
	struct led *led = calloc(1, sizeof(*led));

	if (!led)
		return nv_err_set(err, -ENOMEM, "no memory for the ledger");
	led->lock_fd = -1;
	led->read_only = opt && opt->read_only;
	led->older = led->read_only && opt->older;
	led->boot_id = opt ? opt->boot_id : 0;
	led->map_bytes = opt && opt->map_bytes ? NV_MAX(opt->map_bytes, map_bytes_min)
					       : map_bytes_default;
	led->dir = strdup(dir);
	int rc = led->dir ? join(path, sizeof(path), dir, LED_FILE_NAME, err) : -ENOMEM;

	if (rc == 0)
		rc = led->read_only ? open_reader(led, path, err)
				    : open_writer(led, path, err);
	if (rc == 0)
		rc = load(led, err);
	if (rc < 0) {
		led_close(led);
		return rc;
	}
	*ret = led;
	return 0;
}

void
led_close(struct led *led)
{
	if (!led)
		return;
	NV_ASSERT(!led->in_batch && led->n_views == 0);
	if (led->env)
		mdb_env_close(led->env);
	led_batch_free(led->batch);
	led_dicts_fini(led);
	led_tables_fini(&led->totals);
	led_segments_fini(&led->segments);
	nv_fd_close(&led->lock_fd);
	free(led->dir);
	free(led);
}

bool
led_is_broken(const struct led *led)
{
	return led->broken;
}

int64_t
led_last_time(const struct led *led)
{
	return led->last_time_ns;
}

int
led_readers_check(struct led *led, uint32_t *ret_dead)
{
	int dead = 0;
	int rc = mdb_reader_check(led->env, &dead);

	if (rc != 0)
		return led_rc(rc);
	if (ret_dead)
		*ret_dead = (uint32_t)dead;
	return 0;
}

struct oldest {
	int pid; /* 0 = none yet */
	uint64_t txn;
};

/* LMDB tells of its readers in text only: pid, thread, transaction ("-" when it does not
 * read now), after a line with the headings. */
static int
note_reader(const char *line, void *arg)
{
	struct oldest *oldest = arg;
	char *end;
	long pid = strtol(line, &end, 10);

	if (end == line || pid <= 0)
		return 0;
	const char *at = strrchr(end, ' ');
	uint64_t txn = at ? strtoull(at, &end, 10) : 0;

	if (!at || end == at || (oldest->pid != 0 && oldest->txn <= txn) || txn == 0)
		return 0;
	*oldest = (struct oldest){(int)pid, txn};
	return 0;
}

int
led_readers_oldest(struct led *led, int *ret_pid, uint64_t *ret_txn)
{
	struct oldest oldest = {0};
	int rc = mdb_reader_list(led->env, note_reader, &oldest);

	if (rc < 0)
		return -EIO;
	if (oldest.pid == 0)
		return -ENOENT;
	*ret_pid = oldest.pid;
	*ret_txn = oldest.txn;
	return 0;
}
