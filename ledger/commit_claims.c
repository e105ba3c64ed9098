/* Writing what the claims of a batch changed: sales of which something came back,
 * reservations, links, and refunds that wait for their sale. */
#include "batch.h"

static int
put(struct led_batch *b, MDB_txn *txn, enum led_db db, const uint8_t *key,
	size_t key_bytes, const void *value, size_t value_bytes)
{
	MDB_val k = led_val(key, key_bytes);
	MDB_val v = led_val(value, value_bytes);

	return mdb_put(txn, b->led->dbi[db], &k, &v, 0);
}

static int
del(struct led_batch *b, MDB_txn *txn, enum led_db db, const uint8_t *key,
	size_t key_bytes)
{
	MDB_val k = led_val(key, key_bytes);

	return mdb_del(txn, b->led->dbi[db], &k, NULL);
}

/* Those of one scope are neighbours: the cursor stands beside the next one already. Of
 * the same name the newest is written last. */
static int
put_exts(const struct led_batch *b, MDB_cursor *cursor, bool of_fleet)
{
	uint8_t key[LED_KEY_BYTES_MAX];
	uint8_t value[16];
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < b->n_exts; i++) {
		const struct led_batch_ext *ext = &b->ext_list[i];
		const char *text = (const char *)b->ext_bytes.data + ext->at;

		if (!of_fleet && ext->scope == 0)
			continue;
		MDB_val k = led_val(key,
			led_key_idem(of_fleet ? 0 : ext->scope, text, ext->bytes, key));
		MDB_val v = led_val(value, led_seq_encode(ext->seq, value));

		rc = mdb_cursor_put(cursor, &k, &v, 0);
	}
	return rc;
}

static int
write_exts(struct led_batch *b, MDB_txn *txn)
{
	MDB_cursor *cursor;

	if (b->n_exts == 0)
		return 0;
	int rc = mdb_cursor_open(txn, b->led->dbi[LED_DB_EXTID], &cursor);

	if (rc != 0)
		return rc;
	rc = put_exts(b, cursor, false);
	if (rc == 0)
		rc = put_exts(b, cursor, true);
	mdb_cursor_close(cursor);
	return rc;
}

static int
write_sales(struct led_batch *b, MDB_txn *txn)
{
	const struct led_claims *c = &b->claims;

	for (uint32_t i = 0; i < c->sale_keys.n; i++) {
		uint8_t key[8];
		uint8_t value[LED_SALE_BYTES_MAX];
		const struct led_claim_sale *s = &c->sales[i];

		if (!s->touched)
			continue;
		int rc = put(b, txn, LED_DB_SALE, key, led_key_u64(s->sale.seq, key),
			value, led_sale_encode(&s->sale, value));

		if (rc != 0)
			return rc;
	}
	return 0;
}

/* Open ones have a row and a place by their expiry; a resolved one has neither. */
static int
write_pend(struct led_batch *b, MDB_txn *txn, const struct led_claim_pend *p)
{
	uint8_t key[8];
	uint8_t expiry[16];
	uint8_t value[LED_PEND_BYTES_MAX];
	size_t key_bytes = led_key_u64(p->pend.seq, key);
	size_t expiry_bytes = led_key_pendexp(p->pend.expires_ns, p->pend.seq, expiry);
	int rc;

	if (p->pend.left > 0) {
		rc = put(b, txn, LED_DB_PEND, key, key_bytes, value,
			led_pend_encode(&p->pend, value));
		return rc != 0 || p->stored ? rc
					    : put(b, txn, LED_DB_PENDEXP, expiry,
						      expiry_bytes, "\1", 1);
	}
	if (!p->stored)
		return 0; /* came and went in this batch */
	rc = del(b, txn, LED_DB_PEND, key, key_bytes);
	return rc != 0 ? rc : del(b, txn, LED_DB_PENDEXP, expiry, expiry_bytes);
}

static int
write_links(struct led_batch *b, MDB_txn *txn)
{
	const struct led_claims *c = &b->claims;

	for (uint32_t i = 0; i < c->link_keys.n; i++) {
		uint8_t key[16];
		uint8_t value[16];
		struct led_pair pair = c->link_keys.keys[i];
		int rc = put(b, txn, LED_DB_LINK, key,
			led_key_link((enum led_link)pair.b, pair.a, key), value,
			led_seq_encode(c->links[i], value));

		if (rc != 0)
			return rc;
	}
	return 0;
}

static int
write_orphans(struct led_batch *b, MDB_txn *txn)
{
	const struct led_claims *c = &b->claims;

	for (uint32_t i = 0; i < c->n_orphans; i++) {
		const struct led_orphan *o = &c->orphans[i];
		uint8_t key[LED_KEY_BYTES_MAX];
		size_t bytes;

		if (o->stored != o->gone) /* stays as it is, or came and went */
			continue;
		const char *of = led_texts_get(&c->orphan_ids, c->orphan_of[i], &bytes);
		size_t n = led_key_orphan(of, bytes, o->seq, key);
		int rc = o->gone ? del(b, txn, LED_DB_ORPHAN, key, n)
				 : put(b, txn, LED_DB_ORPHAN, key, n, "\1", 1);

		if (rc != 0)
			return rc;
	}
	return 0;
}

int
led_write_claims(struct led_batch *b, MDB_txn *txn)
{
	int rc = write_exts(b, txn);

	if (rc == 0)
		rc = write_sales(b, txn);
	for (uint32_t i = 0; rc == 0 && i < b->claims.pend_keys.n; i++)
		rc = write_pend(b, txn, &b->claims.pends[i]);
	if (rc == 0)
		rc = write_links(b, txn);
	return rc == 0 ? write_orphans(b, txn) : rc;
}

void
led_remember_claims(struct led_batch *b)
{
	struct led *led = b->led;
	const struct led_claims *c = &b->claims;

	if (b->next_expiry != INT64_MIN)
		led->next_expiry = b->next_expiry;
	for (uint32_t i = 0; i < c->pend_keys.n; i++) {
		if (c->pends[i].pend.left > 0)
			led->next_expiry =
				NV_MIN(led->next_expiry, c->pends[i].pend.expires_ns);
	}
	for (uint32_t i = 0; i < c->n_orphans; i++) {
		if (c->orphans[i].stored == c->orphans[i].gone)
			led->n_orphans += c->orphans[i].gone ? UINT64_MAX : 1;
	}
}
