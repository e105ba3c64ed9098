/* See lower.h. */
#include "lower.h"

#include "store.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

enum { LOWER = 2, GROUP = 50000, DBS_MAX = 32 };

/* ---- may it be? ---- */

static int
is_unknown(void *arg, const struct led_event *ev)
{
	uint64_t *seq = arg;
	bool unknown = ev->kind > LED_WEBHOOK;

	for (unsigned i = 0; i < ev->n_legs; i++)
		unknown = unknown || led_code_is_past(ev->legs[i].code);
	*seq = ev->seq;
	return unknown;
}

int
led_lower_check(const char *dir, struct nv_err *err)
{
	static const struct led_options options = {.read_only = true};
	struct led *led = NULL;
	struct led_view *v = NULL;
	uint64_t seq = 0;
	int rc = led_open(dir, &options, &led, err);

	if (rc < 0)
		return rc;
	rc = led_view_begin(led, &v, err);
	if (rc == 0) {
		rc = led_view_events(v, 1, false, is_unknown, &seq);
		led_view_end(v);
	}
	led_close(led);
	if (rc == 1)
		return nv_err_set(err, -ENOTSUP,
			"event %" PRIu64
			" was imported, which schema %d has no form for: restore a "
			"backup from before the import, or stay with this version",
			seq, LOWER);
	if (rc < 0 && !err->text[0])
		return nv_err_set(
			err, rc, "the ledger cannot be read: %s", strerror(-rc));
	return rc;
}

/* ---- the copy ---- */

static int
copy(const char *from, const char *to, size_t *ret_bytes)
{
	MDB_env *env = NULL;
	struct stat st;
	int rc = mdb_env_create(&env);

	if (rc != 0)
		return rc;
	/* The writer's lock is ours. */
	rc = mdb_env_open(env, from, MDB_NOSUBDIR | MDB_RDONLY | MDB_NOLOCK, 0);
	if (rc == 0)
		rc = mdb_env_copy2(env, to, MDB_CP_COMPACT);
	mdb_env_close(env);
	if (rc == 0 && stat(to, &st) < 0)
		rc = errno;
	if (rc == 0)
		*ret_bytes = (size_t)st.st_size;
	return rc;
}

static int
begin(MDB_env *env, MDB_dbi *rollc, MDB_dbi *meta, MDB_txn **txn)
{
	int rc = mdb_txn_begin(env, NULL, 0, txn);

	if (rc == 0)
		rc = mdb_dbi_open(*txn, led_db_name(LED_DB_ROLLC), 0, rollc);
	if (rc == 0)
		rc = mdb_dbi_open(*txn, led_db_name(LED_DB_META), 0, meta);
	return rc;
}

/* Rows of all workers stand behind those of each, within a code. */
static int
remove_rows(MDB_txn *txn, MDB_dbi dbi, uint16_t *code, bool *ret_more)
{
	MDB_cursor *cursor;
	MDB_val value;
	uint8_t wanted[LED_KEY_ROLLC_BYTES];
	int rc = mdb_cursor_open(txn, dbi, &cursor);

	*ret_more = false;
	for (unsigned n = 0; rc == 0 && n < GROUP; n++) {
		MDB_val k = led_val(
			wanted, led_key_rollc(*code, LED_ALL_WORKERS, 0, 0, 0, wanted));

		rc = mdb_cursor_get(cursor, &k, &value, MDB_SET_RANGE);
		if (rc == 0 && k.mv_size != sizeof(wanted))
			rc = MDB_CORRUPTED;
		if (rc != 0)
			break;
		const uint8_t *key = k.mv_data;

		*code = (uint16_t)(key[0] << 8 | key[1]);
		if (led_key_get_u32(key + 2) == LED_ALL_WORKERS)
			rc = mdb_cursor_del(cursor, 0);
		*ret_more = rc == 0;
	}
	if (rc == MDB_NOTFOUND) {
		*ret_more = false;
		rc = 0;
	}
	return rc; /* the transaction closes the cursor of a write */
}

static int
put_meta(MDB_txn *txn, MDB_dbi dbi)
{
	uint8_t bytes[LED_META_BYTES];
	struct led_meta meta;
	MDB_val key = led_val("ledger", 6);
	MDB_val value;
	int rc = mdb_get(txn, dbi, &key, &value);

	if (rc != 0)
		return rc;
	if (led_meta_decode(value.mv_data, value.mv_size, &meta) < 0)
		return MDB_CORRUPTED;
	meta.schema = LOWER; /* the genesis hash stays: that of its first schema */
	value = led_val(bytes, led_meta_encode(&meta, bytes));
	return mdb_put(txn, dbi, &key, &value, 0);
}

static int
lower(MDB_env *env)
{
	MDB_txn *txn = NULL;
	MDB_dbi rollc;
	MDB_dbi meta;
	uint16_t code = 0;
	bool more = true;
	int rc = 0;

	while (more && rc == 0) {
		rc = begin(env, &rollc, &meta, &txn);
		if (rc == 0)
			rc = remove_rows(txn, rollc, &code, &more);
		if (rc == 0 && !more)
			rc = put_meta(txn, meta);
		if (rc == 0)
			rc = mdb_txn_commit(txn);
		else if (txn)
			mdb_txn_abort(txn);
		txn = NULL;
	}
	return rc == 0 ? mdb_env_sync(env, 1) : rc;
}

int
led_lower(const char *dir, const char *from, const char *to_dir, const char *to_file,
	struct nv_err *err)
{
	MDB_env *env = NULL;
	size_t bytes = 0;

	(void)dir;
	(void)to_dir;
	int rc = copy(from, to_file, &bytes);

	if (rc == 0)
		rc = mdb_env_create(&env);
	if (rc != 0)
		return led_fail(err, rc, "copy the ledger");
	rc = mdb_env_set_maxdbs(env, DBS_MAX);
	/* Address space only: rows are removed, but a group of them is copied first. */
	if (rc == 0)
		rc = mdb_env_set_mapsize(env, bytes * 2 + ((size_t)1 << 30));
	/* Synced once, when all of it is there. */
	if (rc == 0)
		rc = mdb_env_open(
			env, to_file, MDB_NOSUBDIR | MDB_NOLOCK | MDB_NOSYNC, 0600);
	if (rc == 0)
		rc = lower(env);
	mdb_env_close(env);
	return rc == 0 ? 0 : led_fail(err, rc, "write the ledger of the older schema");
}
