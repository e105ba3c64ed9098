/* Lines that were said, by hash: a set that forgets all when it is full, since saying a
 * line again does no harm. */
#include "stripe.h"

#include "nv_crypto.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS ((size_t)16384) /* a power of two */

struct stripe_seen {
	uint8_t (*slot)[16]; /* owned; all zero = free */
	size_t n;
};

struct stripe_seen *
stripe_seen_new(void)
{
	struct stripe_seen *seen = calloc(1, sizeof(*seen));

	if (seen)
		seen->slot = calloc(SLOTS, sizeof(*seen->slot));
	if (seen && seen->slot)
		return seen;
	free(seen);
	return NULL;
}

void
stripe_seen_free(struct stripe_seen *seen)
{
	if (seen)
		free(seen->slot);
	free(seen);
}

void
stripe_seen_clear(struct stripe_seen *seen)
{
	memset(seen->slot, 0, SLOTS * sizeof(*seen->slot));
	seen->n = 0;
}

/* Its slot, or the free one it would get. */
static uint8_t *
find(struct stripe_seen *seen, const char *text, uint8_t hash[NV_SHA256_BYTES])
{
	static const uint8_t none[16];
	const struct nv_piece piece = {text, strlen(text)};
	uint32_t at;

	nv_sha256(&piece, 1, hash);
	memcpy(&at, hash, sizeof(at));
	for (;; at++) {
		uint8_t *slot = seen->slot[at & (SLOTS - 1)];

		if (memcmp(slot, hash, 16) == 0 || memcmp(slot, none, 16) == 0)
			return slot;
	}
}

bool
stripe_seen_has(struct stripe_seen *seen, const char *text)
{
	uint8_t hash[NV_SHA256_BYTES];

	return memcmp(find(seen, text, hash), hash, 16) == 0;
}

void
stripe_seen_add(struct stripe_seen *seen, const char *text)
{
	uint8_t hash[NV_SHA256_BYTES];

	if (seen->n >= SLOTS / 4 * 3)
		stripe_seen_clear(seen);
	memcpy(find(seen, text, hash), hash, 16);
	seen->n++;
}
