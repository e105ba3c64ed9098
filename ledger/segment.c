/* See segment.h. What is mapped was written whole and never changes; its size is checked
 * before anything is read, and every offset before it is followed. */
#include "segment.h"

#include "nv_fd.h"
#include "shape.h"
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

/* ---- what is said of one ---- */

size_t
led_segment_line(const struct led_segment *s, char out[LED_SEGMENT_LINE_BYTES])
{
	char hash[2 * LED_HASH_BYTES + 1];
	int n = snprintf(out, LED_SEGMENT_LINE_BYTES,
		"{\"event\":\"segment\",\"first\":%" PRIu64 ",\"last\":%" PRIu64
		",\"first_batch\":%" PRIu64 ",\"last_batch\":%" PRIu64
		",\"bytes\":%" PRIu64 ",\"sha256\":\"%s\"}",
		s->first, s->last, s->first_batch, s->last_batch, s->bytes,
		led_hex(s->hash, LED_HASH_BYTES, hash));

	NV_ASSERT(n > 0 && n < LED_SEGMENT_LINE_BYTES);
	return (size_t)n;
}

int
led_segment_parse(const char *line, size_t bytes, struct led_segment *ret)
{
	struct led_shape t = {.at = line, .end = line + bytes};
	struct led_segment s = {0};

	led_shape_literal(&t, "{\"event\":\"segment\",\"first\":");
	s.first = led_shape_number(&t);
	led_shape_literal(&t, ",\"last\":");
	s.last = led_shape_number(&t);
	led_shape_literal(&t, ",\"first_batch\":");
	s.first_batch = led_shape_number(&t);
	led_shape_literal(&t, ",\"last_batch\":");
	s.last_batch = led_shape_number(&t);
	led_shape_literal(&t, ",\"bytes\":");
	s.bytes = led_shape_number(&t);
	led_shape_literal(&t, ",\"sha256\":\"");
	led_shape_hex(&t, s.hash, LED_HASH_BYTES);
	led_shape_literal(&t, "\"}");
	if (!led_shape_end(&t) || s.first == 0 || s.last < s.first ||
		s.first_batch == 0 || s.last_batch < s.first_batch ||
		s.bytes < LED_SEGMENT_HEAD + LED_SEGMENT_TAIL || s.bytes > INT64_MAX)
		return -EBADMSG;
	*ret = s;
	return 0;
}

void
led_segment_state_key(uint64_t last, char out[LED_SEGMENT_STATE_BYTES])
{
	(void)snprintf(out, LED_SEGMENT_STATE_BYTES, "segment/%020" PRIu64, last);
}

void
led_segment_name(const struct led_segment *s, char out[LED_SEGMENT_NAME_BYTES])
{
	(void)snprintf(out, LED_SEGMENT_NAME_BYTES, "%020" PRIu64 "-%020" PRIu64 ".seg",
		s->first, s->last);
}

void
led_segment_head(const struct led_segment *s, const uint8_t ledger[16], uint8_t *out)
{
	static const char magic[16] = "nova segment 1\n";

	memcpy(out, magic, sizeof(magic));
	memcpy(out + 16, ledger, 16);
	uint8_t *at = led_put_u64(out + 32, s->first);

	at = led_put_u64(at, s->last);
	at = led_put_u64(at, s->first_batch);
	at = led_put_u64(at, s->last_batch);
	NV_ASSERT(at == out + LED_SEGMENT_HEAD);
}

int
led_segment_of(struct led *led, MDB_txn *txn, uint64_t seq, struct led_segment *ret)
{
	char key[LED_SEGMENT_STATE_BYTES];
	MDB_cursor *cursor;
	MDB_val value;
	uint64_t said;
	const void *line;
	size_t bytes;

	led_segment_state_key(seq, key);
	MDB_val k = led_val(key, strlen(key));
	int rc = mdb_cursor_open(txn, led->dbi[LED_DB_STATE], &cursor);

	if (rc != 0)
		return led_rc(rc);
	rc = mdb_cursor_get(cursor, &k, &value, MDB_SET_RANGE);
	if (rc == 0 && (k.mv_size < 8 || memcmp(k.mv_data, "segment/", 8) != 0))
		rc = MDB_NOTFOUND;
	mdb_cursor_close(cursor);
	if (rc != 0)
		return led_rc(rc);
	rc = led_state_decode(value.mv_data, value.mv_size, &said, &line, &bytes);
	return rc < 0 ? rc : led_segment_parse(line, bytes, ret);
}

/* ---- its file ---- */

static uint64_t
get_u64(const uint8_t *at)
{
	uint64_t v = 0;

	for (int i = 7; i >= 0; i--)
		v = v << 8 | at[i];
	return v;
}

static int
path_of(const struct led *led, const struct led_segment *s, char path[PATH_MAX])
{
	char name[LED_SEGMENT_NAME_BYTES];

	led_segment_name(s, name);
	int n = snprintf(path, PATH_MAX, "%s/" LED_SEGMENTS_NAME "/%s", led->dir, name);

	return n < 0 || n >= PATH_MAX ? -ENAMETOOLONG : 0;
}

/* The mapping of a whole file whose size is right; NULL and errno. */
static const uint8_t *
map_file(const char *path, uint64_t bytes)
{
	struct stat st;
	NV_CLEANUP_FD fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) < 0)
		return NULL;
	if ((uint64_t)st.st_size != bytes) {
		errno = EBADMSG;
		return NULL;
	}
	const uint8_t *data = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0);

	if (data == MAP_FAILED)
		return NULL;
	return data;
}

/* Head and index fit what is said of the segment. */
static bool
well_formed(const struct led *led, struct led_segment_map *m)
{
	const struct led_segment *s = &m->is;
	uint8_t head[LED_SEGMENT_HEAD];
	uint64_t strides = (s->last - s->first) / LED_SEGMENT_STRIDE + 1;

	led_segment_head(s, led->meta.id, head);
	if (memcmp(m->data, head, sizeof(head)) != 0)
		return false;
	m->index_at = get_u64(m->data + s->bytes - LED_SEGMENT_TAIL);
	return m->index_at >= LED_SEGMENT_HEAD && m->index_at < s->bytes &&
	       s->bytes - LED_SEGMENT_TAIL - m->index_at == strides * 8 &&
	       strides <= s->bytes / 8;
}

static int
open_segment(struct led *led, const struct led_segment *s, struct led_segment_map *ret)
{
	struct led_segment_map m = {.is = *s};
	char path[PATH_MAX];

	if (path_of(led, s, path) < 0)
		return -ENAMETOOLONG;
	m.data = map_file(path, s->bytes);
	if (!m.data)
		return errno == ENOMEM || errno == EMFILE || errno == EACCES ? -errno
									     : -EBADMSG;
	if (!well_formed(led, &m)) {
		(void)munmap((void *)(uintptr_t)m.data, s->bytes);
		return -EBADMSG;
	}
	*ret = m;
	return 0;
}

static int
get_segment(struct led *led, MDB_txn *txn, uint64_t seq, struct led_segment_map **ret)
{
	struct led_segments *open = &led->segments;
	struct led_segment s = {0};

	for (size_t i = 0; i < open->n; i++) {
		if (seq >= open->list[i].is.first && seq <= open->list[i].is.last) {
			*ret = &open->list[i];
			return 0;
		}
	}
	int rc = led_segment_of(led, txn, seq, &s);

	if (rc < 0)
		return rc;
	if (seq < s.first)
		return -ENOENT;
	if (open->n == open->cap) {
		size_t cap = open->cap ? open->cap * 2 : 16;
		struct led_segment_map *p = reallocarray(open->list, cap, sizeof(*p));

		if (!p)
			return -ENOMEM;
		open->list = p;
		open->cap = cap;
	}
	rc = open_segment(led, &s, &open->list[open->n]);
	if (rc < 0)
		return rc;
	*ret = &open->list[open->n++];
	return 0;
}

void
led_segments_fini(struct led_segments *s)
{
	for (size_t i = 0; i < s->n; i++)
		(void)munmap((void *)(uintptr_t)s->list[i].data, s->list[i].is.bytes);
	free(s->list);
	*s = (struct led_segments){0};
}

/* ---- records ---- */

static bool
frame_at(const struct led_segment_map *m, uint64_t at, uint32_t *ret_bytes)
{
	if (at < LED_SEGMENT_HEAD || at > m->index_at || m->index_at - at < 4)
		return false;
	*ret_bytes = (uint32_t)m->data[at] | (uint32_t)m->data[at + 1] << 8 |
		     (uint32_t)m->data[at + 2] << 16 | (uint32_t)m->data[at + 3] << 24;
	return *ret_bytes <= m->index_at - at - 4;
}

int
led_segment_record(struct led *led, MDB_txn *txn, uint64_t seq, MDB_val *ret)
{
	struct led_segment_map *m;
	uint32_t bytes;
	int rc = get_segment(led, txn, seq, &m);

	if (rc < 0)
		return rc;
	uint64_t nth = seq - m->is.first;
	uint64_t at = m->next_at;

	/* The one after the last needs no search. */
	if (m->next_at == 0 || m->next_seq != seq) {
		at = get_u64(m->data + m->index_at + nth / LED_SEGMENT_STRIDE * 8);
		for (uint64_t i = nth % LED_SEGMENT_STRIDE; i > 0; i--) {
			if (!frame_at(m, at, &bytes))
				return -EBADMSG;
			at += 4 + (uint64_t)bytes;
		}
	}
	if (!frame_at(m, at, &bytes))
		return -EBADMSG;
	*ret = led_val(m->data + at + 4, bytes);
	m->next_at = at + 4 + bytes;
	m->next_seq = seq + 1;
	return 0;
}

int
led_record(struct led *led, MDB_txn *txn, uint64_t seq, MDB_val *ret)
{
	uint8_t bytes[8];
	MDB_val key = led_val(bytes, led_key_u64(seq, bytes));
	int rc = mdb_get(txn, led->dbi[LED_DB_EVENT], &key, ret);

	return rc == MDB_NOTFOUND ? led_segment_record(led, txn, seq, ret) : led_rc(rc);
}

int
led_first_kept(struct led *led, MDB_txn *txn, uint64_t *ret)
{
	MDB_cursor *cursor;
	MDB_val key;
	MDB_val value;
	int rc = mdb_cursor_open(txn, led->dbi[LED_DB_EVENT], &cursor);

	if (rc != 0)
		return led_rc(rc);
	rc = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
	if (rc == 0 && key.mv_size != 8)
		rc = MDB_CORRUPTED;
	if (rc == 0)
		*ret = led_key_get_u64(key.mv_data);
	else if (rc == MDB_NOTFOUND)
		*ret = UINT64_MAX;
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? 0 : led_rc(rc);
}

/* ---- the whole file ---- */

/* Every record lies after the one before, and every index entry where it says. */
static bool
records_fit(const struct led_segment_map *m)
{
	uint64_t at = LED_SEGMENT_HEAD;
	uint32_t bytes;

	for (uint64_t nth = 0; nth <= m->is.last - m->is.first; nth++) {
		if (nth % LED_SEGMENT_STRIDE == 0 &&
			get_u64(m->data + m->index_at + nth / LED_SEGMENT_STRIDE * 8) !=
				at)
			return false;
		if (!frame_at(m, at, &bytes))
			return false;
		at += 4 + (uint64_t)bytes;
	}
	return at == m->index_at;
}

int
led_segment_check(struct led *led, const struct led_segment *s, struct nv_err *err)
{
	struct led_segment_map m = {0};
	struct sha256_ctx sha;
	uint8_t hash[LED_HASH_BYTES];
	char name[LED_SEGMENT_NAME_BYTES];
	int rc = open_segment(led, s, &m);

	led_segment_name(s, name);
	if (rc < 0)
		return nv_err_set(err, rc,
			"segment %s is missing, or is not what the ledger says of it",
			name);
	size_t hashed = s->bytes - LED_HASH_BYTES;

	NV_ASSERT(m.data);
	sha256_init(&sha);
	sha256_update(&sha, hashed, m.data);
	sha256_digest(&sha, sizeof(hash), hash);
	bool same = memcmp(hash, s->hash, sizeof(hash)) == 0 &&
		    memcmp(hash, m.data + hashed, sizeof(hash)) == 0;
	bool fit = same && records_fit(&m);

	(void)munmap((void *)(uintptr_t)m.data, s->bytes);
	return fit ? 0
		   : nv_err_set(err, -EBADMSG, "segment %s is damaged: %s", name,
			     same ? "its records" : "its hash");
}
