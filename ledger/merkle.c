/* See merkle.h. */
#include "merkle.h"

#include "nv_base.h"

#include <nettle/sha2.h>
#include <string.h>

void
led_merkle_leaf(const void *data, size_t bytes, uint8_t ret[LED_MERKLE_HASH_BYTES])
{
	static const uint8_t prefix = 0;
	struct sha256_ctx sha;

	sha256_init(&sha);
	sha256_update(&sha, 1, &prefix);
	sha256_update(&sha, bytes, data);
	sha256_digest(&sha, LED_MERKLE_HASH_BYTES, ret);
}

static void
node(const uint8_t *left, const uint8_t *right, uint8_t ret[LED_MERKLE_HASH_BYTES])
{
	static const uint8_t prefix = 1;
	struct sha256_ctx sha;

	sha256_init(&sha);
	sha256_update(&sha, 1, &prefix);
	sha256_update(&sha, LED_MERKLE_HASH_BYTES, left);
	sha256_update(&sha, LED_MERKLE_HASH_BYTES, right);
	sha256_digest(&sha, LED_MERKLE_HASH_BYTES, ret);
}

void
led_merkle_init(struct led_merkle *m, uint64_t wanted)
{
	m->n = 0;
	m->depth = 0;
	m->wanted = wanted;
	m->path_len = 0;
}

/* Two neighbours become one; `from` is the first leaf below the left one, `middle` the
 * first below the right one, `end` the one after both. */
static void
join(struct led_merkle *m, const uint8_t *left, const uint8_t *right, uint64_t from,
	uint64_t middle, uint64_t end, uint8_t ret[LED_MERKLE_HASH_BYTES])
{
	if (m->wanted >= from && m->wanted < end) {
		NV_ASSERT(m->path_len < LED_MERKLE_LEVELS);
		memcpy(m->path[m->path_len++], m->wanted < middle ? right : left,
			LED_MERKLE_HASH_BYTES);
	}
	node(left, right, ret);
}

void
led_merkle_add(struct led_merkle *m, const uint8_t leaf[LED_MERKLE_HASH_BYTES])
{
	uint64_t size = 1; /* leaves below each of the two that are joined */

	NV_ASSERT(m->depth < LED_MERKLE_LEVELS && m->n < UINT64_MAX - 1);
	memcpy(m->stack[m->depth++], leaf, LED_MERKLE_HASH_BYTES);
	m->n++;
	for (uint64_t n = m->n; (n & 1) == 0; n >>= 1) {
		uint8_t *left = m->stack[m->depth - 2];

		join(m, left, m->stack[m->depth - 1], m->n - 2 * size, m->n - size, m->n,
			left);
		m->depth--;
		size *= 2;
	}
}

void
led_merkle_root(struct led_merkle *m, uint8_t ret[LED_MERKLE_HASH_BYTES])
{
	struct sha256_ctx sha;

	if (m->n == 0) {
		sha256_init(&sha);
		sha256_digest(&sha, LED_MERKLE_HASH_BYTES, ret);
		return;
	}
	/* From the smallest subtree, on the right, to the largest. */
	uint64_t bits = m->n;
	uint64_t begin = m->n - (bits & -bits);

	memcpy(ret, m->stack[m->depth - 1], LED_MERKLE_HASH_BYTES);
	bits &= bits - 1;
	for (unsigned i = m->depth - 1; i > 0; i--) {
		uint64_t size = bits & -bits;

		join(m, m->stack[i - 1], ret, begin - size, begin, m->n, ret);
		begin -= size;
		bits &= bits - 1;
	}
}
