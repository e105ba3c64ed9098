/* Ids that were seen: see replay.h. */
#include "replay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CAP_MIN 1024u

/* Two FNV-1a sums with different beginnings, mixed at the end (splitmix64's finaliser).
 */
static uint64_t
sum(uint64_t h, const char *text)
{
	for (; *text; text++)
		h = (h ^ (uint8_t)*text) * UINT64_C(1099511628211);
	return (h ^ 0xff) * UINT64_C(1099511628211);
}

static uint64_t
mix(uint64_t h)
{
	h = (h ^ (h >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	h = (h ^ (h >> 27)) * UINT64_C(0x94d049bb133111eb);
	return h ^ (h >> 31);
}

struct replay_id
replay_id_make(enum replay_type type, const char *worker, const char *id)
{
	uint64_t t = (uint64_t)type;
	struct replay_id r;

	r.a = mix(sum(sum(UINT64_C(14695981039346656037) + t, worker), id));
	r.b = mix(sum(sum(UINT64_C(0x9e3779b97f4a7c15) - t, id), worker));
	r.b |= 1; /* 0 = no id */
	return r;
}

static struct replay_seen *
slot_of(struct replay_seen *table, size_t cap, struct replay_id id)
{
	size_t at = (size_t)id.a & (cap - 1);

	while (table[at].id.b && (table[at].id.a != id.a || table[at].id.b != id.b))
		at = (at + 1) & (cap - 1);
	return &table[at];
}

const struct replay_seen *
replay_ids_get(const struct replay_ids *t, struct replay_id id)
{
	const struct replay_seen *s;

	if (!id.b)
		return NULL;
	if (t->cap) {
		s = slot_of(t->now, t->cap, id);
		if (s->id.b)
			return s;
	}
	if (t->cap_before) {
		s = slot_of(t->before, t->cap_before, id);
		if (s->id.b)
			return s;
	}
	return NULL;
}

static int
grow(struct replay_ids *t)
{
	size_t cap = t->cap ? t->cap * 2 : CAP_MIN;

	if (t->n >= ENG_REPLAY_IDS_MAX / 2) {
		free(t->before);
		t->before = t->now;
		t->cap_before = t->cap;
		t->now = NULL;
		t->cap = 0;
		t->n = 0;
		cap = CAP_MIN;
	}
	struct replay_seen *more = calloc(cap, sizeof *more);

	if (!more)
		return -ENOMEM;
	for (size_t i = 0; i < t->cap; i++) {
		if (t->now[i].id.b)
			*slot_of(more, cap, t->now[i].id) = t->now[i];
	}
	free(t->now);
	t->now = more;
	t->cap = cap;
	return 0;
}

int
replay_ids_put(struct replay_ids *t, const struct replay_seen *seen)
{
	if (replay_ids_get(t, seen->id))
		return -EEXIST;
	if (t->n * 2 >= t->cap && grow(t) < 0)
		return -ENOMEM;
	*slot_of(t->now, t->cap, seen->id) = *seen;
	t->n++;
	return 0;
}

void
replay_ids_fini(struct replay_ids *t)
{
	free(t->now);
	free(t->before);
	*t = (struct replay_ids){0};
}
