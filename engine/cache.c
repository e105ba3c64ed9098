/* See cache.h. */
#include "cache.h"

#include "nv_fd.h"

#include <string.h>

uint64_t
eng_cache_mix(uint64_t hash, const void *data, size_t bytes)
{
	const unsigned char *at = data;

	for (size_t i = 0; i < bytes; i++)
		hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
	return hash;
}

static int
mix_event(void *arg, const struct led_event *ev)
{
	uint64_t *hash = arg;

	*hash = eng_cache_mix(*hash, &ev->seq, sizeof ev->seq);
	*hash = eng_cache_mix(*hash, &ev->received_ns, sizeof ev->received_ns);
	*hash = eng_cache_mix(*hash, &ev->kind, sizeof ev->kind);
	*hash = eng_cache_mix(*hash, ev->line, ev->line_bytes);
	return 0;
}

int
eng_cache_event(struct led_view *v, uint64_t seq, uint64_t *ret)
{
	*ret = UINT64_C(0xcbf29ce484222325);
	return led_view_event(v, seq, mix_event, ret);
}

/* The checksum of it with this length and no checksum. */
static uint64_t
sum_of(char *data, size_t bytes, size_t seal_at)
{
	const struct eng_cache_seal open = {.bytes = bytes};

	memcpy(data + seal_at, &open, sizeof open);
	return eng_cache_mix(0, data, bytes);
}

int
eng_cache_write(const char *path, char *data, size_t bytes, size_t seal_at)
{
	const struct eng_cache_seal seal = {bytes, sum_of(data, bytes, seal_at)};

	memcpy(data + seal_at, &seal, sizeof seal);
	return nv_write_file_atomic(path, data, bytes, 0600);
}

bool
eng_cache_is_whole(char *data, size_t bytes, size_t seal_at)
{
	struct eng_cache_seal seal;

	if (bytes < seal_at + sizeof seal)
		return false;
	memcpy(&seal, data + seal_at, sizeof seal);
	bool whole = seal.bytes == bytes && sum_of(data, bytes, seal_at) == seal.checksum;

	memcpy(data + seal_at, &seal, sizeof seal);
	return whole;
}
