/* Two small hash tables for one thread. Entries keep their order of insertion and
 * have a dense index 0, 1, 2, ... The hash is seeded, since ids and categories are text
 * from outside.
 *
 * struct led_map: two 64-bit words -> index; the caller keeps its values in an array
 * of its own. struct led_texts: bytes -> index. */
#ifndef LED_MAP_H
#define LED_MAP_H

#include "nv_base.h"

#define LED_MAP_NONE UINT32_MAX

struct led_pair {
	uint64_t a;
	uint64_t b;
};

struct led_map {
	uint32_t *slots;       /* owned; index + 1, 0 = free */
	struct led_pair *keys; /* owned; by index */
	uint32_t n;
	uint32_t n_slots; /* a power of two, or 0 */
	uint32_t cap;     /* of keys */
};

void led_map_fini(struct led_map *m);
/* Forget everything, keep the memory. */
void led_map_clear(struct led_map *m);
uint32_t led_map_find(const struct led_map *m, uint64_t a, uint64_t b); /* or NONE */
/* Find or add. NONE: no memory. *ret_new says which. */
uint32_t led_map_add(struct led_map *m, uint64_t a, uint64_t b, bool *ret_new);

struct led_text {
	size_t offset; /* into bytes */
	uint32_t n_bytes;
	uint32_t hash;
};
struct led_texts {
	uint32_t *slots;
	struct led_text *items; /* owned; by index */
	char *bytes;            /* owned; every text, one after the other */
	size_t n_bytes;
	size_t cap_bytes;
	uint32_t n;
	uint32_t n_slots;
	uint32_t cap;
};

void led_texts_fini(struct led_texts *t);
void led_texts_clear(struct led_texts *t);
uint32_t led_texts_find(const struct led_texts *t, const void *text, size_t bytes);
uint32_t
led_texts_add(struct led_texts *t, const void *text, size_t bytes, bool *ret_new);
/* Drop every entry with index >= n. */
void led_texts_truncate(struct led_texts *t, uint32_t n);
/* Borrowed until the next add; not NUL-terminated. */
const char *led_texts_get(const struct led_texts *t, uint32_t index, size_t *ret_bytes);

#endif
