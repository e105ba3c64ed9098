/* Merkle trees of RFC 6962 (section 2.1) over SHA-256, built leaf by leaf without keeping
 * the leaves: a leaf is SHA-256(0x00, data), a node SHA-256(0x01, left, right), the tree
 * of n leaves splits at the largest power of two below n, the empty tree is SHA-256("").
 * The path of one leaf is gathered on the way, when asked for. Pure. */
#ifndef LED_MERKLE_H
#define LED_MERKLE_H

#include <stddef.h>
#include <stdint.h>

#define LED_MERKLE_HASH_BYTES 32
#define LED_MERKLE_LEVELS     64

struct led_merkle {
	uint64_t n; /* leaves so far */
	/* Roots of the complete subtrees, largest first: one for each set bit of n. */
	uint8_t stack[LED_MERKLE_LEVELS][LED_MERKLE_HASH_BYTES];
	unsigned depth;
	uint64_t wanted; /* leaf whose path is gathered; UINT64_MAX = none */
	uint8_t path[LED_MERKLE_LEVELS][LED_MERKLE_HASH_BYTES]; /* from the leaf up */
	unsigned path_len;
};

/* Hash of a leaf's data. */
void led_merkle_leaf(const void *data, size_t bytes, uint8_t ret[LED_MERKLE_HASH_BYTES]);

/* wanted: index of the leaf whose path will be asked for, UINT64_MAX for none. */
void led_merkle_init(struct led_merkle *m, uint64_t wanted);
void led_merkle_add(struct led_merkle *m, const uint8_t leaf[LED_MERKLE_HASH_BYTES]);
/* The root of what was added. The path is complete afterwards; more may be added only to
 * a tree nobody wants a path of. */
void led_merkle_root(struct led_merkle *m, uint8_t ret[LED_MERKLE_HASH_BYTES]);

#endif
