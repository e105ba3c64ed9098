/* Files that only save a start from reading the whole ledger again: each names the event
 * it goes up to, and is used when it is whole and the ledger has exactly that event. */
#ifndef ENG_CACHE_H
#define ENG_CACHE_H

#include "led.h"

/* The last member of a file's head, which stands at its beginning. */
struct eng_cache_seal {
	uint64_t bytes;    /* of all of it */
	uint64_t checksum; /* over all of it, with 0 here */
};

/* FNV-1a, on from hash. */
uint64_t eng_cache_mix(uint64_t hash, const void *data, size_t bytes);
/* What tells one event of the ledger from another: 0 or the ledger's error, -ENOENT when
 * there is no such event. */
int eng_cache_event(struct led_view *v, uint64_t seq, uint64_t *ret);
/* Seal what was made, its seal at this place, and put it there whole. 0 or -errno. */
int eng_cache_write(const char *path, char *data, size_t bytes, size_t seal_at);
/* Is it as it was written? */
bool eng_cache_is_whole(char *data, size_t bytes, size_t seal_at);

#endif
