/* The lines that the ledger reads back (seals, segments, keys): what is accepted has one
 * spelling only, and it is the one that was read. */
#include "seal.h"
#include "segment.h"

#include "nv_base.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void
fuzz_seal(const char *line, size_t bytes)
{
	struct led_seal seal;
	char again[LED_SEAL_LINE_BYTES];

	if (led_seal_parse(line, bytes, &seal) < 0)
		return;
	NV_ASSERT(led_seal_line(&seal, again) == bytes);
	NV_ASSERT(memcmp(line, again, bytes) == 0);
}

static void
fuzz_segment(const char *line, size_t bytes)
{
	struct led_segment segment;
	char again[LED_SEGMENT_LINE_BYTES];

	if (led_segment_parse(line, bytes, &segment) < 0)
		return;
	NV_ASSERT(led_segment_line(&segment, again) == bytes);
	NV_ASSERT(memcmp(line, again, bytes) == 0);
}

static void
fuzz_key(const char *text, size_t bytes)
{
	struct led_seal_key key;
	char again[LED_SEAL_KEY_BYTES];

	if (led_seal_key_parse(text, bytes, &key) < 0)
		return;
	/* A file's last line may end with blanks. */
	led_seal_key_text(&key, again);
	NV_ASSERT(strlen(again) <= bytes);
	NV_ASSERT(memcmp(text, again, strlen(again)) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	/* An exact copy, so that a read past the end is seen. */
	char *copy = malloc(bytes > 0 ? bytes : 1);

	if (!copy)
		return 0;
	if (bytes > 0)
		memcpy(copy, data, bytes);
	fuzz_seal(copy, bytes);
	fuzz_segment(copy, bytes);
	fuzz_key(copy, bytes);
	free(copy);
	return 0;
}
