/* What a batch looks up: first in itself, then in the ledger as of the last commit. */
#include "batch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int
led_batch_read(struct led_batch *b)
{
	if (b->read)
		return 0;
	int rc = led_begin_read(b->led, &b->read);

	return rc == -EEXIST ? -EIO : rc;
}

/* 0, -ENOENT, another error. */
static int
stored(struct led_batch *b, enum led_db db, const uint8_t *key, size_t key_bytes,
	MDB_val *ret)
{
	MDB_val k = led_val(key, key_bytes);
	int rc = led_batch_read(b);

	if (rc < 0)
		return rc == -ENOENT ? -EIO : rc;
	rc = mdb_get(b->read, b->led->dbi[db], &k, ret);
	return rc == MDB_NOTFOUND ? -ENOENT : rc == 0 ? 0 : -EBADMSG;
}

int
led_batch_record(struct led_batch *b, uint64_t seq, struct led_event *ret)
{
	MDB_val value = {0};

	if (seq > b->led->last_seq) {
		uint64_t i = seq - b->led->last_seq - 1;
		uint32_t bytes;

		if (i >= b->n_events)
			return -ENOENT;
		const uint8_t *record = b->events.data + b->events_at[i];

		memcpy(&bytes, record, 4);
		return led_event_decode(seq, record + 4, bytes, ret);
	}
	int rc = led_batch_read(b);

	if (rc == 0)
		rc = led_record(b->led, b->read, seq, &value);
	return rc < 0 ? rc : led_event_decode(seq, value.mv_data, value.mv_size, ret);
}

/* ---- what the claims ask ---- */

static int
source_event(void *arg, uint64_t seq, struct led_event *ret)
{
	return led_batch_record(arg, seq, ret);
}

static int
source_sale(void *arg, uint64_t seq, struct led_sale *ret)
{
	struct led_batch *b = arg;
	struct led_event ev;
	uint8_t key[8];
	MDB_val value;
	int rc = seq > b->led->last_seq
			 ? -ENOENT
			 : stored(b, LED_DB_SALE, key, led_key_u64(seq, key), &value);

	if (rc == 0)
		return led_sale_decode(seq, value.mv_data, value.mv_size, ret);
	if (rc == -ENOENT)
		rc = led_batch_record(b, seq, &ev);
	return rc < 0 ? rc : led_sale_of_event(&ev, seq, ret);
}

static int
source_pend(void *arg, uint64_t seq, struct led_pend *ret)
{
	uint8_t key[8];
	MDB_val value;
	int rc = stored(arg, LED_DB_PEND, key, led_key_u64(seq, key), &value);

	return rc < 0 ? rc : led_pend_decode(seq, value.mv_data, value.mv_size, ret);
}

static int
source_link(void *arg, enum led_link what, uint64_t seq, uint64_t *ret)
{
	uint8_t key[16];
	MDB_val value;
	int rc = stored(arg, LED_DB_LINK, key, led_key_link(what, seq, key), &value);

	return rc < 0 ? rc : led_seq_decode(value.mv_data, value.mv_size, ret);
}

static int
one_orphan(struct led_batch *b, struct led_claims *claims, const MDB_val *key)
{
	struct led_event ev;
	uint64_t seq = led_key_get_u64((const uint8_t *)key->mv_data + key->mv_size - 8);
	int rc = led_batch_record(b, seq, &ev);

	return rc < 0 ? -EBADMSG : led_claims_orphan(claims, &ev, seq, true);
}

static int
source_orphans(void *arg, struct led_claims *claims, const char *of, size_t bytes)
{
	struct led_batch *b = arg;
	uint8_t from[LED_KEY_BYTES_MAX];
	MDB_cursor *cursor;
	MDB_val value;
	int rc = led_batch_read(b);

	if (rc < 0)
		return rc;
	MDB_val key = led_val(from, led_key_orphan(of, bytes, 0, from));

	rc = mdb_cursor_open(b->read, b->led->dbi[LED_DB_ORPHAN], &cursor);
	if (rc != 0)
		return -EBADMSG;
	int result = 0;

	rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
	/* Up to the NUL they are the same. */
	while (rc == 0 && result == 0 && key.mv_size == bytes + 9 &&
		memcmp(key.mv_data, from, bytes + 1) == 0) {
		result = one_orphan(b, claims, &key);
		rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
	}
	mdb_cursor_close(cursor);
	return rc == 0 || rc == MDB_NOTFOUND ? result : -EBADMSG;
}

struct led_claim_source
led_batch_source(struct led_batch *b)
{
	return (struct led_claim_source){.sale = source_sale,
		.pend = source_pend,
		.event = source_event,
		.link = source_link,
		.orphans = source_orphans,
		.arg = b};
}

/* ---- ids ---- */

int
led_batch_id(
	struct led_batch *b, uint32_t scope, const char *id, size_t bytes, uint64_t *ret)
{
	uint8_t key[LED_KEY_BYTES_MAX];
	MDB_val value;

	if (bytes == 0 || bytes > LED_ID_MAX)
		return -ENOENT;
	size_t n = led_key_idem(scope, id, bytes, key);
	uint32_t i = led_texts_find(&b->ids, key, n);

	if (i != LED_MAP_NONE) {
		*ret = b->id_seqs[i];
		return 0;
	}
	int rc = stored(b, LED_DB_IDEM, key, n, &value);

	return rc < 0 ? rc : led_seq_decode(value.mv_data, value.mv_size, ret);
}

static int
ext_index(struct led_batch *b, uint32_t scope, const struct led_batch_ext *ext)
{
	uint8_t key[LED_KEY_BYTES_MAX];
	size_t n = led_key_idem(
		scope, (const char *)b->ext_bytes.data + ext->at, ext->bytes, key);
	bool is_new;

	if (b->exts.n == b->exts_cap) {
		uint32_t cap = b->exts_cap ? b->exts_cap * 2 : 64;
		uint64_t *p = reallocarray(b->ext_seqs, cap, sizeof(*p));

		if (!p)
			return -ENOMEM;
		b->ext_seqs = p;
		b->exts_cap = cap;
	}
	uint32_t i = led_texts_add(&b->exts, key, n, &is_new);

	if (i == LED_MAP_NONE)
		return -ENOMEM;
	b->ext_seqs[i] = ext->seq; /* the newest of a name has it */
	return 0;
}

/* Most batches have sales of which nothing is asked. */
static int
exts_index(struct led_batch *b)
{
	for (; b->n_ext_indexed < b->n_exts; b->n_ext_indexed++) {
		const struct led_batch_ext *ext = &b->ext_list[b->n_ext_indexed];
		int rc = ext_index(b, ext->scope, ext);

		if (rc == 0 && ext->scope != 0)
			rc = ext_index(b, 0, ext);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int
led_batch_ext_add(struct led_batch *b, const struct led_event *ev, uint64_t seq)
{
	uint8_t *out = led_bytes_room(&b->ext_bytes, ev->external_bytes);

	if (!out)
		return -ENOBUFS;
	if (b->n_exts == b->ext_list_cap) {
		uint32_t cap = b->ext_list_cap ? b->ext_list_cap * 2 : 64;
		struct led_batch_ext *p = reallocarray(b->ext_list, cap, sizeof(*p));

		if (!p)
			return -ENOMEM;
		b->ext_list = p;
		b->ext_list_cap = cap;
	}
	memcpy(out, ev->external, ev->external_bytes);
	b->ext_list[b->n_exts++] = (struct led_batch_ext){.seq = seq,
		.at = b->ext_bytes.n,
		.bytes = (uint32_t)ev->external_bytes,
		.scope = led_idem_scope(ev)};
	b->ext_bytes.n += ev->external_bytes;
	return 0;
}

int
led_batch_ext(
	struct led_batch *b, uint32_t scope, const char *id, size_t bytes, uint64_t *ret)
{
	uint8_t key[LED_KEY_BYTES_MAX];
	MDB_val value;

	if (bytes == 0 || bytes > LED_ID_MAX)
		return -ENOENT;
	int rc = exts_index(b);

	if (rc < 0)
		return rc;
	size_t n = led_key_idem(scope, id, bytes, key);
	uint32_t i = led_texts_find(&b->exts, key, n);

	if (i != LED_MAP_NONE) {
		*ret = b->ext_seqs[i];
		return 0;
	}
	rc = stored(b, LED_DB_EXTID, key, n, &value);

	return rc < 0 ? rc : led_seq_decode(value.mv_data, value.mv_size, ret);
}
