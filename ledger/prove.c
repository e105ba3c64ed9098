/* See prove.h. */
#include "prove.h"

#include "chain.h"
#include "seal.h"
#include "shape.h"
#include "view.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

struct proof {
	struct led_view *v;
	struct nv_buf *out;
	struct nv_err *err;
	struct led_audit audit; /* of the event's batch */
	uint64_t index;         /* of the event in it */
	struct led_records records;
	struct nv_buf leaf; /* framed records of the event's leaf; version 1: all */
	uint64_t leaf_first;
	bool in_leaf; /* the event is in the open leaf */
	bool have;    /* that leaf is complete */
};

int
led_view_id(struct led_view *v, uint32_t scope, const char *id, size_t bytes,
	uint64_t *ret_seq)
{
	uint8_t key[LED_KEY_BYTES_MAX];
	MDB_val value;

	if (bytes == 0 || bytes > LED_ID_MAX)
		return -ENOENT;
	int rc = led_view_get(
		v, LED_DB_IDEM, key, led_key_idem(scope, id, bytes, key), &value);

	return rc < 0 ? rc : led_seq_decode(value.mv_data, value.mv_size, ret_seq);
}

static int
damaged(const struct proof *p, const char *what)
{
	return nv_err_set(p->err, -EBADMSG,
		"the ledger is damaged (%s): novactl ledger verify says more", what);
}

static int
get_audit(struct led_view *v, uint64_t batch, struct led_audit *ret)
{
	uint8_t bytes[8];
	MDB_val value;
	int rc = led_view_get(v, LED_DB_AUDIT, bytes, led_key_u64(batch, bytes), &value);

	return rc < 0 ? rc : led_audit_decode(batch, value.mv_data, value.mv_size, ret);
}

/* Batches are dense, and their first events ascend. */
static int
find_batch(struct proof *p, uint64_t seq)
{
	uint64_t low = 1;
	uint64_t high;
	int rc = led_last_u64(p->v->txn, p->v->led->dbi[LED_DB_AUDIT], &high);

	while (rc == 0 && low <= high) {
		uint64_t middle = low + (high - low) / 2;

		rc = get_audit(p->v, middle, &p->audit);
		if (rc < 0)
			break;
		if (seq < p->audit.first_seq) {
			high = middle - 1;
		} else if (seq - p->audit.first_seq >= p->audit.n_events) {
			low = middle + 1;
		} else {
			p->index = seq - p->audit.first_seq;
			return 0;
		}
	}
	if (rc < 0)
		return damaged(p, "its audit rows");
	return nv_err_set(p->err, -ENOENT, "there is no event %" PRIu64, seq);
}

/* ---- the records of the batch ---- */

static void
take_record(struct proof *p, const MDB_val *record)
{
	struct led_records *r = &p->records;
	uint32_t bytes = (uint32_t)record->mv_size;
	uint8_t frame[4];

	if (p->audit.version > 1 && !p->have && r->leaf_bytes == 0) {
		nv_buf_clear(&p->leaf);
		p->leaf_first = r->n;
	}
	if (r->n == p->index) {
		r->tree.wanted = r->tree.n; /* the leaf it goes into */
		p->in_leaf = true;
	}
	if (!p->have) {
		for (int i = 0; i < 4; i++)
			frame[i] = (uint8_t)(bytes >> (8 * i));
		nv_buf_add(&p->leaf, frame, sizeof(frame));
		nv_buf_add(&p->leaf, record->mv_data, record->mv_size);
	}
	/* Of version 1 nothing may be left out. */
	if (led_records_add(r, record->mv_data, record->mv_size) && p->in_leaf &&
		p->audit.version > 1)
		p->have = true;
}

static int
take_numbered(struct proof *p, enum led_db db, uint64_t first, uint64_t n)
{
	uint8_t bytes[8];
	MDB_val value;

	for (uint64_t i = 0; i < n; i++) {
		int rc = db == LED_DB_EVENT
				 ? led_record(p->v->led, p->v->txn, first + i, &value)
				 : led_view_get(p->v, db, bytes,
					   led_key_u64(first + i, bytes), &value);

		if (rc < 0)
			return damaged(p, "a record is missing");
		take_record(p, &value);
	}
	return 0;
}

static int
take_names(struct proof *p)
{
	struct led_audit before = {0};
	uint8_t key[LED_KEY_BYTES_MAX];
	MDB_val name;

	if (p->audit.batch > 1 && get_audit(p->v, p->audit.batch - 1, &before) < 0)
		return damaged(p, "its audit rows");
	for (int d = 0; d < LED_DICT_COUNT; d++) {
		for (uint32_t i = before.last_ids[d] + 1; i <= p->audit.last_ids[d];
			i++) {
			if (led_view_get(p->v, LED_DB_NAME, key,
				    led_key_name((enum led_dict_kind)d, i, key),
				    &name) < 0)
				return damaged(p, "a name is missing");
			take_record(p, &name);
		}
	}
	return 0;
}

static int
take_records(struct proof *p)
{
	const struct led_audit *a = &p->audit;
	uint8_t root[LED_HASH_BYTES];

	led_records_begin(&p->records);
	int rc = take_numbered(p, LED_DB_EVENT, a->first_seq, a->n_events);

	if (rc == 0)
		rc = take_numbered(p, LED_DB_BAD, a->first_bad, a->n_bad);
	if (rc == 0)
		rc = take_names(p);
	if (rc < 0)
		return rc;
	led_records_end(&p->records, root);
	if (a->version > 1 && memcmp(root, a->records, sizeof(root)) != 0)
		return damaged(p, "the records of the event's batch");
	return p->leaf.error < 0 ? nv_err_set(p->err, p->leaf.error, "no memory") : 0;
}

/* ---- text ---- */

static void
put_hex(struct nv_buf *out, const void *bytes, size_t n)
{
	char text[2 * 256 + 1];
	const uint8_t *at = bytes;

	nv_buf_puts(out, "\"");
	while (n > 0) {
		size_t part = NV_MIN(n, (size_t)256);

		nv_buf_puts(out, led_hex(at, part, text));
		at += part;
		n -= part;
	}
	nv_buf_puts(out, "\"");
}

static void
put_hash(struct nv_buf *out, const char *name, const uint8_t hash[LED_HASH_BYTES])
{
	nv_buf_printf(out, ",\"%s\":", name);
	put_hex(out, hash, LED_HASH_BYTES);
}

static void
put_path(struct nv_buf *out, const struct led_merkle *tree)
{
	nv_buf_puts(out, ",\"path\":[");
	for (unsigned i = 0; i < tree->path_len; i++) {
		nv_buf_puts(out, i ? "," : "");
		put_hex(out, tree->path[i], LED_HASH_BYTES);
	}
	nv_buf_puts(out, "]");
}

static void
put_batch(struct proof *p)
{
	const struct led_audit *a = &p->audit;
	struct nv_buf *out = p->out;

	nv_buf_printf(out, ",\"batch\":{\"number\":%" PRIu64 ",\"index\":%" PRIu64,
		a->batch, p->index);
	put_hash(out, "previous", a->previous);
	nv_buf_puts(out, ",\"body\":");
	put_hex(out, a->body, a->body_bytes);
	nv_buf_puts(out, ",\"records\":");
	put_hex(out, p->leaf.data, p->leaf.bytes);
	if (a->version > 1) {
		nv_buf_printf(out,
			",\"first\":%" PRIu64 ",\"leaf\":%" PRIu64 ",\"leaves\":%" PRIu64,
			p->leaf_first, p->records.tree.wanted, p->records.tree.n);
		put_path(out, &p->records.tree);
	}
	put_hash(out, "hash", a->hash);
	nv_buf_puts(out, "}");
}

/* ---- from the batch to something that is known ---- */

static int
put_day(struct proof *p, const struct led_seal *seal)
{
	struct nv_buf *out = p->out;
	struct led_merkle tree;
	struct led_audit a;
	uint8_t hash[LED_HASH_BYTES];

	led_merkle_init(&tree, p->audit.batch - seal->first_batch);
	for (uint64_t i = 0; i < seal->batches; i++) {
		if (get_audit(p->v, seal->first_batch + i, &a) < 0)
			return damaged(p, "its audit rows");
		led_merkle_leaf(a.hash, LED_HASH_BYTES, hash);
		led_merkle_add(&tree, hash);
	}
	led_merkle_root(&tree, hash);
	if (memcmp(hash, seal->root, sizeof(hash)) != 0)
		return damaged(p, "the seal of the event's day");
	char line[LED_SEAL_LINE_BYTES];

	(void)led_seal_line(seal, line);
	nv_buf_printf(out, ",\"day\":{\"seal\":%s", line);
	put_path(out, &tree);
	nv_buf_puts(out, "},\"chain\":null");
	return 0;
}

/* What is hashed of a following batch is its number, which counts up, and its body. */
static int
put_chain(struct proof *p, uint64_t to)
{
	struct nv_buf *out = p->out;
	struct led_audit a = p->audit;
	struct sha256_ctx sha;
	uint8_t hash[LED_HASH_BYTES];

	if (to - a.batch > LED_PROOF_LINKS_MAX)
		return nv_err_set(p->err, -E2BIG,
			"%" PRIu64 " batches lie between the event and the hash it would "
			"be proven with (at most %u): take an anchor nearer to it, or "
			"wait for the seal of its day",
			to - a.batch, LED_PROOF_LINKS_MAX);
	nv_buf_puts(out, ",\"day\":null,\"chain\":{\"links\":[");
	for (uint64_t batch = p->audit.batch + 1; batch <= to; batch++) {
		if (get_audit(p->v, batch, &a) < 0)
			return damaged(p, "its audit rows");
		if (a.version == 1)
			return nv_err_set(p->err, -E2BIG,
				"a batch of the first version lies between: take the "
				"seal of the day");
		sha256_init(&sha);
		sha256_update(&sha, a.body_bytes, a.body);
		sha256_digest(&sha, sizeof(hash), hash);
		nv_buf_puts(out, batch > p->audit.batch + 1 ? "," : "");
		put_hex(out, hash, sizeof(hash));
	}
	nv_buf_printf(out, "],\"batch\":%" PRIu64, to);
	put_hash(out, "hash", a.hash);
	nv_buf_puts(out, "}");
	return 0;
}

static int
put_way(struct proof *p, const struct led_anchors *anchors)
{
	struct led_seal seal;
	uint64_t last;
	int rc = led_last_u64(p->v->txn, p->v->led->dbi[LED_DB_AUDIT], &last);

	if (rc < 0)
		return damaged(p, "its audit rows");
	for (size_t i = 0; anchors && i < anchors->n; i++) {
		const struct led_anchor *a = &anchors->list[i];

		if (a->batch >= p->audit.batch && a->batch <= last)
			return put_chain(p, a->batch);
	}
	if (anchors)
		return nv_err_set(
			p->err, -ENOENT, "none of the anchors comes after the event");
	rc = led_view_seal_of(p->v, p->audit.batch, &seal);
	if (rc == 0)
		return put_day(p, &seal);
	return rc == -ENOENT ? put_chain(p, last) : damaged(p, "its seals");
}

static int
prove(struct proof *p, uint64_t seq, const struct led_anchors *anchors)
{
	char id[2 * sizeof(p->v->led->meta.id) + 1];
	int rc = find_batch(p, seq);

	if (rc == 0)
		rc = take_records(p);
	if (rc < 0)
		return rc;
	nv_buf_printf(p->out,
		"{\"proof\":\"nova ledger proof 1\",\"ledger\":\"%s\",\"seq\":%" PRIu64,
		led_hex(p->v->led->meta.id, sizeof(p->v->led->meta.id), id), seq);
	put_batch(p);
	rc = put_way(p, anchors);
	nv_buf_puts(p->out, "}");
	if (rc == 0 && p->out->error < 0)
		rc = nv_err_set(p->err, p->out->error, "the proof is too large");
	return rc;
}

int
led_prove(struct led_view *v, uint64_t seq, const struct led_anchors *anchors,
	struct nv_buf *out, struct nv_err *err)
{
	struct proof p = {.v = v, .out = out, .err = err};

	nv_buf_init(&p.leaf, LED_PROOF_BYTES_MAX);
	int rc = prove(&p, seq, anchors);

	nv_buf_fini(&p.leaf);
	return rc;
}
