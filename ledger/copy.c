/* See copy.h. */
#include "copy.h"

#include "nv_as_owner.h"
#include "nv_fd.h"
#include "pages.h"
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_BYTES 65536

int
led_file_hash(const char *path, uint8_t ret_hash[LED_FILE_HASH_BYTES],
	uint64_t *ret_bytes, struct nv_err *err)
{
	/* A FIFO that somebody put there must not hold us up. */
	NV_CLEANUP_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct sha256_ctx sha;
	struct stat st;
	uint8_t data[READ_BYTES];
	uint64_t bytes = 0;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0)
		return nv_err_set(err, -errno, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return nv_err_set(err, -EBADMSG, "%s is not a file", path);
	sha256_init(&sha);
	while ((n = nv_read_full(fd, data, sizeof(data))) > 0) {
		sha256_update(&sha, (size_t)n, data);
		bytes += (uint64_t)n;
	}
	if (n < 0)
		return nv_err_set(err, (int)n, "%s: %s", path, strerror((int)-n));
	sha256_digest(&sha, LED_FILE_HASH_BYTES, ret_hash);
	*ret_bytes = bytes;
	return 0;
}

static int
open_store(const char *path, unsigned flags, MDB_env **ret)
{
	int rc = mdb_env_create(ret);

	if (rc == 0) {
		struct nv_as_owner as = nv_as_owner_begin(path);

		rc = mdb_env_open(
			*ret, path, MDB_NOSUBDIR | MDB_NOTLS | MDB_RDONLY | flags, 0600);
		nv_as_owner_end(&as);
	}
	if (rc != 0) {
		mdb_env_close(*ret);
		*ret = NULL;
	}
	return rc;
}

/* Every key of the copy, in order, as many as it says. */
static int
walk(MDB_txn *txn)
{
	MDB_cursor *cursor;
	MDB_dbi dbi;
	MDB_stat stat;
	MDB_val key;
	MDB_val value;
	size_t n = 0;
	int rc = mdb_dbi_open(txn, NULL, 0, &dbi);

	if (rc == 0)
		rc = mdb_stat(txn, dbi, &stat);
	if (rc == 0)
		rc = mdb_cursor_open(txn, dbi, &cursor);
	if (rc != 0)
		return rc;
	while ((rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0)
		n++;
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? (n == stat.ms_entries ? 0 : MDB_CORRUPTED) : rc;
}

static int
check_copy(const char *path, struct nv_err *err)
{
	struct led_meta_page meta[2];
	MDB_env *env = NULL;
	MDB_txn *txn = NULL;
	int rc = led_pages_meta(path, meta, err);

	if (rc < 0)
		return rc;
	/* Nobody else knows of it. */
	int mdb = open_store(path, MDB_NOLOCK, &env);

	if (mdb == 0)
		mdb = mdb_txn_begin(env, NULL, MDB_RDONLY, &txn);
	if (mdb == 0)
		mdb = walk(txn);
	if (txn)
		mdb_txn_abort(txn);
	if (env)
		mdb_env_close(env);
	return mdb == 0 ? 0 : led_fail(err, mdb, "read the copy of a store");
}

int
led_copy_store(const char *from, const char *to, struct nv_err *err)
{
	struct led_meta_page meta[2];
	MDB_env *env = NULL;

	if (access(to, F_OK) == 0)
		return nv_err_set(err, -EEXIST, "%s exists", to);
	int rc = led_pages_meta(from, meta, err);

	if (rc < 0)
		return rc;
	int mdb = open_store(from, 0, &env);

	/* On a file system nobody can write to there is no lock to keep either. */
	if (mdb == EROFS)
		mdb = open_store(from, MDB_NOLOCK, &env);
	if (mdb == 0)
		mdb = mdb_env_copy2(env, to, MDB_CP_COMPACT);
	if (mdb == 0 && chmod(to, 0600) < 0)
		mdb = errno;
	if (env)
		mdb_env_close(env);
	if (mdb != 0) {
		rc = led_rc(mdb);
		return nv_err_set(err, rc, "cannot copy %s: %s", from, mdb_strerror(mdb));
	}
	rc = check_copy(to, err);
	NV_CLEANUP_FD fd = rc == 0 ? open(to, O_RDONLY | O_CLOEXEC) : -1;

	if (rc == 0 && (fd < 0 || fsync(fd) < 0))
		rc = nv_err_set(err, -errno, "cannot sync %s: %s", to, strerror(errno));
	return rc;
}
