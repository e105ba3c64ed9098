/* Lines of a replay from outside: whatever they say, the answers are whole lines, and
 * what was refused has a reason. */
#include "replay.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	const char *at = (const char *)data;
	const char *end = at + bytes;
	struct replay r;

	replay_init(&r);
	for (unsigned lines = 0; at < end && !r.ended && lines < 500; lines++) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t n = (size_t)((stop ? stop : end) - at);
		struct nv_err err = {0};
		int rc = replay_line(&r, at, n, &err);

		NV_ASSERT(rc == 0 || rc == -EINVAL || rc == -EPROTO);
		NV_ASSERT(rc == 0 || err.text[0]);
		NV_ASSERT(!r.out.bytes || r.out.data[r.out.bytes - 1] == '\n');
		nv_buf_clear(&r.out);
		if (rc == -EPROTO)
			break;
		at += n + (stop != NULL);
	}
	replay_fini(&r);
	return 0;
}
