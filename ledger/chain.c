/* See chain.h. SHA-256 is nettle's: it uses the CPU's SHA instructions (1.6 GB/s here,
 * mbedTLS 2.28 0.2 GB/s) and has no set-up cost to speak of (docs/LEDGER.md). */
#include "chain.h"

#include <errno.h>
#include <string.h>

/* Version 1 (schema 1) knows the dictionaries before LED_DICT_VARIANT. */
enum { AUDIT_VERSION = 2 };

size_t
led_audit_head_encode(const struct led_audit *a, uint8_t *out)
{
	uint8_t *at = out;

	*at++ = AUDIT_VERSION;
	at = led_put_u64(at, (uint64_t)a->time_ns);
	at = led_put_u64(at, a->boot_id);
	at = led_put_var(at, a->first_seq);
	at = led_put_var(at, a->n_events);
	at = led_put_var(at, a->first_bad);
	at = led_put_var(at, a->n_bad);
	at = led_put_var(at, a->duplicates);
	for (int i = 0; i < LED_DICT_COUNT; i++)
		at = led_put_var(at, a->last_ids[i]);
	at = led_put_var(at, a->n_streams);
	at = led_put_var(at, a->n_heartbeats);
	at = led_put_var(at, a->n_states);
	return (size_t)(at - out);
}

size_t
led_audit_put_stream(const struct led_stream *s, uint8_t *out)
{
	uint8_t row[LED_STREAM_BYTES_MAX];
	size_t bytes = led_stream_encode(s, row);
	uint8_t *at = led_put_var(out, bytes);

	memcpy(at, row, bytes);
	return (size_t)(at - out) + bytes;
}

size_t
led_audit_put_heartbeats(uint32_t worker, uint64_t count, uint8_t *out)
{
	return (size_t)(led_put_var(led_put_var(out, worker), count) - out);
}

size_t
led_audit_put_state(uint64_t seq, const char *key, size_t bytes, uint8_t *out)
{
	uint8_t *at = led_put_var(led_put_var(out, seq), bytes);

	memcpy(at, key, bytes);
	return (size_t)(at - out) + bytes;
}

int
led_audit_decode(uint64_t batch, const void *value, size_t bytes, struct led_audit *ret)
{
	struct led_audit a = {.batch = batch, .body = value};
	size_t root_bytes = 0;

	if (bytes < 2 * (size_t)LED_HASH_BYTES + 1)
		return -EBADMSG;
	a.version = *a.body;
	a.body_bytes = bytes - 2 * (size_t)LED_HASH_BYTES;
	if (a.version == 2)
		root_bytes = LED_HASH_BYTES;
	else if (a.version != 1)
		return -EBADMSG;
	if (a.body_bytes < 1 + root_bytes)
		return -EBADMSG;
	a.rest = (struct led_rd){
		.at = a.body + 1, .end = a.body + a.body_bytes - root_bytes};
	a.time_ns = (int64_t)led_get_u64(&a.rest);
	a.boot_id = led_get_u64(&a.rest);
	a.first_seq = led_get_var(&a.rest);
	a.n_events = led_get_var(&a.rest);
	a.first_bad = led_get_var(&a.rest);
	a.n_bad = led_get_var(&a.rest);
	a.duplicates = led_get_var(&a.rest);
	int n_dicts = *a.body == AUDIT_VERSION ? LED_DICT_COUNT : LED_DICT_VARIANT;

	for (int i = 0; i < n_dicts; i++)
		a.last_ids[i] = led_get_var32(&a.rest);
	a.n_streams = led_get_var(&a.rest);
	a.n_heartbeats = led_get_var(&a.rest);
	a.n_states = led_get_var(&a.rest);
	if (a.rest.bad || a.time_ns < 0)
		return -EBADMSG;
	memcpy(a.records, a.body + a.body_bytes - root_bytes, root_bytes);
	memcpy(a.previous, a.body + a.body_bytes, LED_HASH_BYTES);
	memcpy(a.hash, a.body + a.body_bytes + LED_HASH_BYTES, LED_HASH_BYTES);
	*ret = a;
	return 0;
}

int
led_audit_next_stream(struct led_audit *a, struct led_stream *ret)
{
	uint64_t bytes = led_get_var(&a->rest);
	const uint8_t *row = led_get_bytes(&a->rest, bytes);

	return row ? led_stream_decode(row, bytes, ret) : -EBADMSG;
}

int
led_audit_next_heartbeats(struct led_audit *a, uint32_t *ret_worker, uint64_t *ret_count)
{
	uint32_t worker = led_get_var32(&a->rest);
	uint64_t count = led_get_var(&a->rest);

	if (a->rest.bad)
		return -EBADMSG;
	*ret_worker = worker;
	*ret_count = count;
	return 0;
}

int
led_audit_next_state(
	struct led_audit *a, uint64_t *ret_seq, const char **ret_key, size_t *ret_bytes)
{
	uint64_t seq = led_get_var(&a->rest);
	uint64_t bytes = led_get_var(&a->rest);
	const uint8_t *key = led_get_bytes(&a->rest, bytes);

	if (!key || bytes == 0 || bytes > LED_KEY_MAX)
		return -EBADMSG;
	*ret_seq = seq;
	*ret_key = (const char *)key;
	*ret_bytes = bytes;
	return 0;
}

int
led_audit_end(const struct led_audit *a)
{
	return a->rest.bad || a->rest.at != a->rest.end ? -EBADMSG : 0;
}

/* ---- the records of a batch ---- */

static void
frame(size_t bytes, uint8_t length[4])
{
	NV_ASSERT(bytes <= UINT32_MAX);
	for (int i = 0; i < 4; i++)
		length[i] = (uint8_t)(bytes >> (8 * i));
}

static void
close_leaf(struct led_records *r)
{
	uint8_t hash[LED_HASH_BYTES];

	sha256_digest(&r->leaf, sizeof(hash), hash);
	led_merkle_add(&r->tree, hash);
	r->leaf_bytes = 0;
}

static void
open_leaf(struct led_records *r)
{
	static const uint8_t prefix = 0; /* of a leaf: RFC 6962 */
	uint8_t first[8];

	sha256_init(&r->leaf);
	sha256_update(&r->leaf, 1, &prefix);
	led_put_u64(first, r->n);
	sha256_update(&r->leaf, sizeof(first), first);
}

void
led_records_begin(struct led_records *r)
{
	led_merkle_init(&r->tree, UINT64_MAX);
	r->leaf_bytes = 0;
	r->n = 0;
}

bool
led_records_add(struct led_records *r, const void *record, size_t bytes)
{
	uint8_t length[4];

	if (r->leaf_bytes == 0)
		open_leaf(r);
	frame(bytes, length);
	sha256_update(&r->leaf, sizeof(length), length);
	sha256_update(&r->leaf, bytes, record);
	r->leaf_bytes += sizeof(length) + bytes;
	r->n++;
	if (r->leaf_bytes < LED_LEAF_BYTES)
		return false;
	close_leaf(r);
	return true;
}

/* What goes into one leaf is hashed in one run. */
void
led_records_framed(struct led_records *r, const void *records, size_t bytes)
{
	const uint8_t *run = records;
	const uint8_t *end = run + bytes;
	const uint8_t *at = run;

	while (at < end) {
		uint32_t n;

		if (r->leaf_bytes == 0)
			open_leaf(r);
		memcpy(&n, at, sizeof(n));
		at += sizeof(n) + n;
		r->leaf_bytes += sizeof(n) + n;
		r->n++;
		if (r->leaf_bytes < LED_LEAF_BYTES && at < end)
			continue;
		sha256_update(&r->leaf, (size_t)(at - run), run);
		run = at;
		if (r->leaf_bytes >= LED_LEAF_BYTES)
			close_leaf(r);
	}
}

void
led_records_end(struct led_records *r, uint8_t root[LED_HASH_BYTES])
{
	if (r->leaf_bytes > 0)
		close_leaf(r);
	led_merkle_root(&r->tree, root);
}

/* ---- the chain ---- */

void
led_link(const uint8_t previous[LED_HASH_BYTES], uint64_t batch, const void *body,
	size_t body_bytes, uint8_t hash[LED_HASH_BYTES])
{
	static const char domain[] = "nova chain 2";
	struct sha256_ctx sha;
	uint8_t number[8];
	uint8_t body_hash[LED_HASH_BYTES];

	sha256_init(&sha);
	sha256_update(&sha, body_bytes, body);
	sha256_digest(&sha, sizeof(body_hash), body_hash);
	led_put_u64(number, batch);
	sha256_update(&sha, sizeof(domain), (const uint8_t *)domain);
	sha256_update(&sha, LED_HASH_BYTES, previous);
	sha256_update(&sha, sizeof(number), number);
	sha256_update(&sha, sizeof(body_hash), body_hash);
	sha256_digest(&sha, LED_HASH_BYTES, hash);
}

static void
run_record(struct led_chain *c, const void *record, size_t bytes)
{
	uint8_t length[4];

	frame(bytes, length);
	sha256_update(&c->run, sizeof(length), length);
	sha256_update(&c->run, bytes, record);
}

void
led_chain_begin(struct led_chain *c, const struct led_audit *audit)
{
	uint8_t number[8];

	c->audit = audit;
	if (audit->version != 1) {
		led_records_begin(&c->records);
		return;
	}
	sha256_init(&c->run);
	sha256_update(&c->run, LED_HASH_BYTES, audit->previous);
	led_put_u64(number, audit->batch);
	sha256_update(&c->run, sizeof(number), number);
	run_record(c, audit->body, audit->body_bytes);
}

void
led_chain_record(struct led_chain *c, const void *record, size_t bytes)
{
	if (c->audit->version == 1)
		run_record(c, record, bytes);
	else
		(void)led_records_add(&c->records, record, bytes);
}

bool
led_chain_matches(struct led_chain *c)
{
	const struct led_audit *a = c->audit;
	uint8_t root[LED_HASH_BYTES];
	uint8_t hash[LED_HASH_BYTES];

	if (a->version == 1) {
		sha256_digest(&c->run, sizeof(hash), hash);
		return memcmp(hash, a->hash, sizeof(hash)) == 0;
	}
	led_records_end(&c->records, root);
	led_link(a->previous, a->batch, a->body, a->body_bytes, hash);
	return memcmp(root, a->records, sizeof(root)) == 0 &&
	       memcmp(hash, a->hash, sizeof(hash)) == 0;
}

void
led_genesis(const struct led_meta *meta, uint8_t hash[LED_HASH_BYTES])
{
	static const char domain[] = "nova ledger genesis 1";
	struct sha256_ctx sha;
	uint8_t rest[4 + 8 + 1];
	uint8_t *at = rest;

	for (int i = 0; i < 4; i++)
		*at++ = (uint8_t)(meta->schema >> (8 * i));
	at = led_put_u64(at, (uint64_t)meta->created_ns);
	*at = meta->scale;
	sha256_init(&sha);
	sha256_update(&sha, sizeof(domain), (const uint8_t *)domain);
	sha256_update(&sha, sizeof(meta->id), meta->id);
	sha256_update(&sha, sizeof(rest), rest);
	sha256_digest(&sha, LED_HASH_BYTES, hash);
}
