/* Open addressing with linear probing, at most half full. Entries are only ever removed
 * newest first, so clearing their slots leaves every probe sequence whole. */
#include "map.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static uint64_t
seed(void)
{
	static uint64_t value;

	if (value == 0) {
		/* Without randomness a flood of colliding keys is only slow, not wrong.
		 */
		if (getrandom(&value, sizeof(value), GRND_NONBLOCK) != sizeof(value))
			value = UINT64_C(0x9e3779b97f4a7c15);
		value |= 1;
	}
	return value;
}

/* Multiply to 128 bits and fold: every input bit reaches every output bit. */
static inline uint64_t
mix(uint64_t a, uint64_t b)
{
	unsigned __int128 p = (unsigned __int128)(a ^ UINT64_C(0xd1b54a32d192ed03)) *
			      (b ^ UINT64_C(0x8cb92ba72f3d8dd7));

	return (uint64_t)p ^ (uint64_t)(p >> 64);
}

static inline uint32_t
hash_pair(uint64_t a, uint64_t b)
{
	return (uint32_t)mix(mix(a, seed()), b);
}

static uint32_t
hash_bytes(const uint8_t *at, size_t bytes)
{
	uint64_t h = mix(seed(), bytes);

	for (; bytes >= 8; bytes -= 8, at += 8) {
		uint64_t w;

		memcpy(&w, at, 8);
		h = mix(h, w);
	}
	uint64_t last = 0;

	memcpy(&last, at, bytes);
	return (uint32_t)mix(h, last + bytes);
}

/* Grow an array of n elements towards the next power of two; the old one stays on
 * failure. */
static bool
grow(void *array_ptr, size_t elem_bytes, uint32_t *cap)
{
	void **array = array_ptr;
	uint32_t more = *cap ? *cap * 2 : 64;

	if (more > UINT32_MAX / 4)
		return false;
	void *p = reallocarray(*array, more, elem_bytes);

	if (!p)
		return false;
	*array = p;
	*cap = more;
	return true;
}

static void
put_slot(uint32_t *slots, uint32_t n_slots, uint32_t hash, uint32_t index)
{
	uint32_t at = hash & (n_slots - 1);

	while (slots[at] != 0)
		at = (at + 1) & (n_slots - 1);
	slots[at] = index + 1;
}

/* ---- pairs ---- */

void
led_map_fini(struct led_map *m)
{
	free(m->slots);
	free(m->keys);
	*m = (struct led_map){0};
}

void
led_map_clear(struct led_map *m)
{
	if (m->n > 0)
		memset(m->slots, 0, m->n_slots * sizeof(*m->slots));
	m->n = 0;
}

uint32_t
led_map_find(const struct led_map *m, uint64_t a, uint64_t b)
{
	if (m->n == 0)
		return LED_MAP_NONE;
	uint32_t at = hash_pair(a, b) & (m->n_slots - 1);

	for (; m->slots[at] != 0; at = (at + 1) & (m->n_slots - 1)) {
		const struct led_pair *key = &m->keys[m->slots[at] - 1];

		if (key->a == a && key->b == b)
			return m->slots[at] - 1;
	}
	return LED_MAP_NONE;
}

static bool
map_rehash(struct led_map *m)
{
	uint32_t n_slots = m->n_slots ? m->n_slots * 2 : 128;
	uint32_t *slots = calloc(n_slots, sizeof(*slots));

	if (!slots)
		return false;
	for (uint32_t i = 0; i < m->n; i++)
		put_slot(slots, n_slots, hash_pair(m->keys[i].a, m->keys[i].b), i);
	free(m->slots);
	m->slots = slots;
	m->n_slots = n_slots;
	return true;
}

uint32_t
led_map_add(struct led_map *m, uint64_t a, uint64_t b, bool *ret_new)
{
	uint32_t found = led_map_find(m, a, b);

	*ret_new = found == LED_MAP_NONE;
	if (found != LED_MAP_NONE)
		return found;
	if (m->n == m->cap && !grow(&m->keys, sizeof(*m->keys), &m->cap))
		return LED_MAP_NONE;
	if ((m->n + 1) * 2 > m->n_slots && !map_rehash(m))
		return LED_MAP_NONE;
	m->keys[m->n] = (struct led_pair){a, b};
	put_slot(m->slots, m->n_slots, hash_pair(a, b), m->n);
	return m->n++;
}

/* ---- texts ---- */

void
led_texts_fini(struct led_texts *t)
{
	free(t->slots);
	free(t->items);
	free(t->bytes);
	*t = (struct led_texts){0};
}

void
led_texts_clear(struct led_texts *t)
{
	if (t->n > 0)
		memset(t->slots, 0, t->n_slots * sizeof(*t->slots));
	t->n = 0;
	t->n_bytes = 0;
}

static uint32_t
texts_find(const struct led_texts *t, const void *text, size_t bytes, uint32_t hash)
{
	if (t->n == 0)
		return LED_MAP_NONE;
	uint32_t at = hash & (t->n_slots - 1);

	for (; t->slots[at] != 0; at = (at + 1) & (t->n_slots - 1)) {
		const struct led_text *item = &t->items[t->slots[at] - 1];

		if (item->hash == hash && item->n_bytes == bytes &&
			memcmp(t->bytes + item->offset, text, bytes) == 0)
			return t->slots[at] - 1;
	}
	return LED_MAP_NONE;
}

uint32_t
led_texts_find(const struct led_texts *t, const void *text, size_t bytes)
{
	return texts_find(t, text, bytes, hash_bytes(text, bytes));
}

static bool
texts_rehash(struct led_texts *t)
{
	uint32_t n_slots = t->n_slots ? t->n_slots * 2 : 128;
	uint32_t *slots = calloc(n_slots, sizeof(*slots));

	if (!slots)
		return false;
	for (uint32_t i = 0; i < t->n; i++)
		put_slot(slots, n_slots, t->items[i].hash, i);
	free(t->slots);
	t->slots = slots;
	t->n_slots = n_slots;
	return true;
}

static bool
texts_room(struct led_texts *t, size_t bytes)
{
	size_t cap = t->cap_bytes ? t->cap_bytes : 4096;

	while (cap - t->n_bytes < bytes)
		cap *= 2;
	if (cap == t->cap_bytes)
		return true;
	char *p = realloc(t->bytes, cap);

	if (!p)
		return false;
	t->bytes = p;
	t->cap_bytes = cap;
	return true;
}

uint32_t
led_texts_add(struct led_texts *t, const void *text, size_t bytes, bool *ret_new)
{
	NV_ASSERT(bytes <= UINT32_MAX);
	uint32_t hash = hash_bytes(text, bytes);
	uint32_t found = texts_find(t, text, bytes, hash);

	*ret_new = found == LED_MAP_NONE;
	if (found != LED_MAP_NONE)
		return found;
	if (t->n == t->cap && !grow(&t->items, sizeof(*t->items), &t->cap))
		return LED_MAP_NONE;
	if ((t->n + 1) * 2 > t->n_slots && !texts_rehash(t))
		return LED_MAP_NONE;
	if (!texts_room(t, bytes))
		return LED_MAP_NONE;
	memcpy(t->bytes + t->n_bytes, text, bytes);
	t->items[t->n] = (struct led_text){t->n_bytes, (uint32_t)bytes, hash};
	t->n_bytes += bytes;
	put_slot(t->slots, t->n_slots, hash, t->n);
	return t->n++;
}

void
led_texts_truncate(struct led_texts *t, uint32_t n)
{
	while (t->n > n) {
		struct led_text *item = &t->items[--t->n];
		uint32_t at = item->hash & (t->n_slots - 1);

		while (t->slots[at] != t->n + 1)
			at = (at + 1) & (t->n_slots - 1);
		t->slots[at] = 0;
		t->n_bytes = item->offset;
	}
}

const char *
led_texts_get(const struct led_texts *t, uint32_t index, size_t *ret_bytes)
{
	NV_ASSERT(index < t->n);
	*ret_bytes = t->items[index].n_bytes;
	return t->bytes + t->items[index].offset;
}
