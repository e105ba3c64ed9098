/* The value decoders of the ledger: nothing crashes, and what is accepted encodes to
 * exactly the same bytes again (one spelling each). */
#include "chain.h"
#include "schema.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static uint8_t again[LED_EVENT_BYTES_MAX];

static void
check_same(const uint8_t *data, size_t bytes, size_t n)
{
	NV_ASSERT(n == bytes && memcmp(again, data, n) == 0);
}

static void
fuzz_event(const uint8_t *data, size_t bytes)
{
	struct led_event ev;

	if (bytes == 0 || led_event_decode(1, data, bytes, &ev) < 0)
		return;
	size_t n = led_event_encode(&ev, again);

	/* Version 1 is read, and never written again. */
	if (data[0] == 1)
		NV_ASSERT(led_event_decode(1, again, n, &ev) == 0);
	else
		check_same(data, bytes, n);
}

static void
fuzz_bad(const uint8_t *data, size_t bytes)
{
	struct led_bad bad;
	char reason[LED_REASON_MAX + 1];

	if (led_bad_decode(1, data, bytes, &bad, reason) < 0 || strlen(reason) == 0)
		return;
	/* A reason with a NUL inside is cut when it is read: as text it is another one.
	 */
	size_t n = led_bad_encode(&bad, strlen(reason), again);

	if (n == bytes)
		check_same(data, bytes, n);
}

static void
fuzz_sums(const uint8_t *data, size_t bytes)
{
	struct led_sum sum;

	for (unsigned n = 0; n <= LED_FIELDS_MAX; n++) {
		if (led_sum_decode(data, bytes, n, &sum) == 0)
			check_same(data, bytes, led_sum_encode(&sum, n, again));
	}
}

static void
fuzz_audit(const uint8_t *data, size_t bytes)
{
	struct led_audit audit;
	struct led_stream stream;
	uint32_t worker;
	uint64_t n;
	const char *key;
	size_t key_bytes;
	int rc = led_audit_decode(1, data, bytes, &audit);

	if (rc < 0)
		return;
	for (uint64_t i = 0; rc == 0 && i < audit.n_streams; i++)
		rc = led_audit_next_stream(&audit, &stream);
	for (uint64_t i = 0; rc == 0 && i < audit.n_heartbeats; i++)
		rc = led_audit_next_heartbeats(&audit, &worker, &n);
	for (uint64_t i = 0; rc == 0 && i < audit.n_states; i++)
		rc = led_audit_next_state(&audit, &n, &key, &key_bytes);
	if (rc == 0)
		(void)led_audit_end(&audit); /* either answer is fine */
}

static void
fuzz_rest(const uint8_t *data, size_t bytes)
{
	struct led_stream stream;
	struct led_meta meta;
	struct led_sale sale;
	struct led_pend pend;
	uint64_t seq;
	const void *line;
	size_t line_bytes;

	if (led_stream_decode(data, bytes, &stream) == 0)
		check_same(data, bytes, led_stream_encode(&stream, again));
	if (led_meta_decode(data, bytes, &meta) == 0)
		check_same(data, bytes, led_meta_encode(&meta, again));
	if (led_sale_decode(1, data, bytes, &sale) == 0)
		check_same(data, bytes, led_sale_encode(&sale, again));
	if (led_pend_decode(1, data, bytes, &pend) == 0)
		check_same(data, bytes, led_pend_encode(&pend, again));
	if (led_seq_decode(data, bytes, &seq) == 0)
		check_same(data, bytes, led_seq_encode(seq, again));
	if (led_state_decode(data, bytes, &seq, &line, &line_bytes) == 0)
		NV_ASSERT(line_bytes < bytes);
}

/* The first byte says which decoder. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	if (bytes == 0)
		return 0;
	/* An exact copy, so that a read past the end is seen. */
	uint8_t *copy = malloc(bytes > 1 ? bytes - 1 : 1);

	if (!copy)
		return 0;
	memcpy(copy, data + 1, bytes - 1);
	switch (data[0] % 5) {
	case 0:
		fuzz_event(copy, bytes - 1);
		break;
	case 1:
		fuzz_bad(copy, bytes - 1);
		break;
	case 2:
		fuzz_sums(copy, bytes - 1);
		break;
	case 3:
		fuzz_audit(copy, bytes - 1);
		break;
	default:
		fuzz_rest(copy, bytes - 1);
	}
	free(copy);
	return 0;
}
