/* See retain.h. */
#include "retain.h"

#include "nv_fd.h"
#include "view.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUFFER_BYTES ((size_t)1 << 20)
#define PART_NAME    "new.part"

static int
path_in(const struct led *led, const char *name, char path[PATH_MAX])
{
	int n = snprintf(path, PATH_MAX, "%s/" LED_SEGMENTS_NAME "%s%s", led->dir,
		name[0] ? "/" : "", name);

	return n < 0 || n >= PATH_MAX ? -ENAMETOOLONG : 0;
}

static void
remove_part(const struct led *led)
{
	char path[PATH_MAX];

	if (path_in(led, PART_NAME, path) == 0)
		(void)unlink(path); /* usually not there */
}

int
led_retain_open(struct led_retain *r, struct led *led)
{
	*r = (struct led_retain){.led = led, .fd = -1, .buffer_cap = BUFFER_BYTES};
	r->buffer = malloc(r->buffer_cap);
	if (!r->buffer)
		return -ENOMEM;
	remove_part(led);
	return 0;
}

static void
forget(struct led_retain *r)
{
	if (r->state == LED_RETAIN_WRITE || r->state == LED_RETAIN_COMPARE)
		remove_part(r->led); /* given up: its space may be what was missing */
	nv_fd_close(&r->fd);
	free(r->index);
	r->index = NULL;
	r->n_index = 0;
	r->buffered = 0;
	r->state = LED_RETAIN_IDLE;
}

void
led_retain_close(struct led_retain *r)
{
	forget(r);
	free(r->buffer);
	r->buffer = NULL;
}

static int
sync_path(const char *path)
{
	NV_CLEANUP_FD fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

/* ---- writing the file ---- */

static int
flush(struct led_retain *r)
{
	int rc = nv_write_full(r->fd, r->buffer, r->buffered);

	sha256_update(&r->sha, r->buffered, r->buffer);
	r->buffered = 0;
	return rc;
}

static int
put(struct led_retain *r, const void *data, size_t bytes)
{
	int rc = 0;

	if (r->buffer_cap - r->buffered < bytes)
		rc = flush(r);
	/* A record is at most some 70 KiB. */
	if (bytes > r->buffer_cap)
		return -E2BIG;
	memcpy(r->buffer + r->buffered, data, bytes);
	r->buffered += bytes;
	r->at += bytes;
	return rc;
}

static int
begin_file(struct led_retain *r)
{
	char path[PATH_MAX];
	uint8_t head[LED_SEGMENT_HEAD];
	uint64_t strides = (r->segment.last - r->segment.first) / LED_SEGMENT_STRIDE + 1;
	int rc = path_in(r->led, "", path);

	if (rc == 0)
		rc = nv_mkdir_p(path, 0700);
	if (rc == 0)
		rc = sync_path(r->led->dir);
	if (rc == 0)
		rc = path_in(r->led, PART_NAME, path);
	if (rc < 0)
		return rc;
	r->index = reallocarray(NULL, strides, sizeof(*r->index));
	if (!r->index)
		return -ENOMEM;
	r->fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (r->fd < 0)
		return -errno;
	sha256_init(&r->sha);
	led_segment_head(&r->segment, r->led->meta.id, head);
	r->at = 0;
	r->next = r->segment.first;
	r->state = LED_RETAIN_WRITE;
	return put(r, head, sizeof(head));
}

static int
put_record(struct led_retain *r, const MDB_val *record)
{
	uint8_t frame[4];

	if ((r->next - r->segment.first) % LED_SEGMENT_STRIDE == 0)
		r->index[r->n_index++] = r->at;
	for (int i = 0; i < 4; i++)
		frame[i] = (uint8_t)(record->mv_size >> (8 * i));
	int rc = put(r, frame, sizeof(frame));

	return rc < 0 ? rc : put(r, record->mv_data, record->mv_size);
}

static int
end_file(struct led_retain *r)
{
	uint8_t number[8];
	uint64_t index_at = r->at;
	int rc = 0;

	for (size_t i = 0; i < r->n_index && rc == 0; i++) {
		(void)led_put_u64(number, r->index[i]);
		rc = put(r, number, sizeof(number));
	}
	(void)led_put_u64(number, index_at);
	if (rc == 0)
		rc = put(r, number, sizeof(number));
	if (rc == 0)
		rc = flush(r);
	if (rc < 0)
		return rc;
	sha256_digest(&r->sha, LED_HASH_BYTES, r->segment.hash);
	rc = nv_write_full(r->fd, r->segment.hash, LED_HASH_BYTES);
	r->segment.bytes = r->at + LED_HASH_BYTES;
	return rc == 0 && fsync(r->fd) < 0 ? -errno : rc;
}

/* Calls fn with the next records of the segment, a bounded number of them. */
typedef int record_fn(struct led_retain *r, const MDB_val *record);

static int
some_records(struct led_retain *r, record_fn *fn)
{
	struct led_view *v;
	int rc = led_view_begin(r->led, &v, NULL);

	if (rc < 0)
		return rc;
	for (unsigned i = 0;
		rc == 0 && i < LED_RETAIN_RECORDS && r->next <= r->segment.last; i++) {
		uint8_t bytes[8];
		MDB_val record;

		rc = led_view_get(
			v, LED_DB_EVENT, bytes, led_key_u64(r->next, bytes), &record);
		if (rc == 0)
			rc = fn(r, &record);
		r->next++;
	}
	led_view_end(v);
	return rc == -ENOENT ? -EBADMSG : rc;
}

static int
write_some(struct led_retain *r)
{
	int rc = some_records(r, put_record);

	if (rc < 0 || r->next <= r->segment.last)
		return rc;
	rc = end_file(r);
	r->next = r->segment.first;
	r->at = LED_SEGMENT_HEAD;
	r->state = LED_RETAIN_COMPARE;
	return rc;
}

/* ---- reading it back ---- */

static int
compare_record(struct led_retain *r, const MDB_val *record)
{
	uint32_t bytes;

	if (record->mv_size + 4 > r->buffer_cap)
		return -E2BIG;
	if (pread(r->fd, r->buffer, record->mv_size + 4, (off_t)r->at) !=
		(ssize_t)(record->mv_size + 4))
		return -EBADMSG;
	bytes = (uint32_t)r->buffer[0] | (uint32_t)r->buffer[1] << 8 |
		(uint32_t)r->buffer[2] << 16 | (uint32_t)r->buffer[3] << 24;
	if (bytes != record->mv_size ||
		memcmp(r->buffer + 4, record->mv_data, record->mv_size) != 0)
		return -EBADMSG;
	r->at += 4 + (uint64_t)bytes;
	return 0;
}

static int
compare_some(struct led_retain *r)
{
	char from[PATH_MAX];
	char to[PATH_MAX];
	char name[LED_SEGMENT_NAME_BYTES];
	int rc = some_records(r, compare_record);

	if (rc < 0 || r->next <= r->segment.last)
		return rc;
	led_segment_name(&r->segment, name);
	rc = path_in(r->led, PART_NAME, from);
	if (rc == 0)
		rc = path_in(r->led, name, to);
	/* One that is there already is of a process that ended before it was told of. */
	if (rc == 0 && rename(from, to) < 0)
		rc = -errno;
	if (rc == 0)
		rc = path_in(r->led, "", from);
	if (rc == 0)
		rc = sync_path(from);
	/* Its hash, head and index, as every reader will want them. */
	if (rc == 0)
		rc = led_segment_check(r->led, &r->segment, NULL);
	r->state = LED_RETAIN_TELL;
	return rc;
}

/* ---- telling, deleting ---- */

static int
tell(struct led_retain *r, int64_t now_ns, struct nv_err *err)
{
	struct led_batch *b;
	char line[LED_SEGMENT_LINE_BYTES];
	char key[LED_SEGMENT_STATE_BYTES];
	struct led_event ev = {.kind = LED_SEGMENT,
		.claimed_ns = now_ns,
		.received_ns = now_ns,
		.line = line};

	ev.line_bytes = led_segment_line(&r->segment, line);
	led_segment_state_key(r->segment.last, key);
	int rc = led_batch_begin(r->led, now_ns, &b, err);

	if (rc < 0)
		return rc;
	rc = led_batch_event(b, &ev, NULL);
	if (rc == 0)
		rc = led_batch_state_put(b, key, line, ev.line_bytes);
	if (rc < 0) {
		led_batch_abort(b);
		return rc;
	}
	rc = led_batch_commit(b, err);
	if (rc == 0)
		forget(r);
	return rc;
}

/* One transaction; *ret_more: there are older rows yet. LMDB's code. */
static int
delete_rows(struct led *led, uint64_t last, bool *ret_more)
{
	MDB_txn *txn;
	MDB_cursor *cursor;
	MDB_val key;
	MDB_val value;
	int rc = mdb_txn_begin(led->env, NULL, 0, &txn);

	*ret_more = false;
	if (rc != 0)
		return rc;
	rc = mdb_cursor_open(txn, led->dbi[LED_DB_EVENT], &cursor);
	for (unsigned i = 0; rc == 0; i++) {
		rc = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
		if (rc != 0 || led_key_get_u64(key.mv_data) > last)
			break;
		if (i == LED_RETAIN_ROWS) {
			*ret_more = true;
			break;
		}
		rc = mdb_cursor_del(cursor, 0);
	}
	if (rc != 0 && rc != MDB_NOTFOUND) {
		mdb_txn_abort(txn);
		return rc;
	}
	return mdb_txn_commit(txn);
}

static int
delete_some(struct led_retain *r, struct nv_err *err)
{
	bool more;
	int rc;

	while ((rc = delete_rows(r->led, r->segment.last, &more)) == MDB_MAP_FULL) {
		rc = led_grow_map(r->led, r->led->map_bytes * 2);
		if (rc < 0)
			return nv_err_set(err, rc, "the ledger's map cannot grow: %s",
				strerror(-rc));
	}
	if (rc != 0) {
		/* What LMDB holds in memory may not be what is on the disk. */
		r->led->broken = true;
		return led_fail(err, rc, "delete what is in a segment");
	}
	if (!more)
		forget(r);
	return 0;
}

/* ---- what to do next ---- */

/* Rows that a segment has are deleted first, when the file is what it was. */
static int
begin_delete(struct led_retain *r, struct led_view *v, struct nv_err *err)
{
	uint64_t kept;
	int rc = led_first_kept(r->led, v->txn, &kept);

	if (rc == 0)
		rc = led_segment_of(r->led, v->txn, kept, &r->segment);
	if (rc < 0)
		return rc;
	if (r->segment.first > kept)
		return -ENOENT;
	rc = led_segment_check(r->led, &r->segment, err);
	if (rc == 0)
		r->state = LED_RETAIN_DELETE;
	return rc;
}

static int
begin(struct led_retain *r, int64_t before_ns, struct nv_err *err)
{
	struct led_view *v;
	int rc = led_view_begin(r->led, &v, err);

	if (rc < 0)
		return rc;
	rc = begin_delete(r, v, err);
	if (rc != -ENOENT) {
		led_view_end(v);
		return rc < 0 ? rc : 1;
	}
	rc = led_retain_plan(v, before_ns, &r->segment);
	led_view_end(v);
	if (rc == -ENOENT)
		return 0;
	if (rc == 0)
		rc = begin_file(r);
	return rc < 0 ? rc : 1;
}

int
led_retain_step(
	struct led_retain *r, int64_t before_ns, int64_t now_ns, struct nv_err *err)
{
	int rc;

	switch (r->state) {
	case LED_RETAIN_WRITE:
		rc = write_some(r);
		break;
	case LED_RETAIN_COMPARE:
		rc = compare_some(r);
		break;
	case LED_RETAIN_TELL:
		rc = tell(r, now_ns, err);
		break;
	case LED_RETAIN_DELETE:
		rc = delete_some(r, err);
		break;
	case LED_RETAIN_IDLE:
	default:
		rc = begin(r, before_ns, err);
		if (rc == 0)
			return 0;
		break;
	}
	if (rc >= 0)
		return 1;
	forget(r);
	if (!err || !err->text[0])
		(void)nv_err_set(err, rc, "old events cannot be moved to a segment: %s",
			strerror(-rc));
	return rc;
}
