/* The place of a line in a log as one word: see logread.h. */
#include "logread.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ROTATION-START-BYTES-CHECK in hexadecimal; no file was rotated before: 0. */
const char *
ctl_log_cursor(const struct ctl_log_place *place, char buf[CTL_LOG_CURSOR_BYTES])
{
	uint64_t after = place->after_ns > 0 ? (uint64_t)place->after_ns : 0;

	(void)snprintf(buf, CTL_LOG_CURSOR_BYTES,
		"%" PRIx64 "-%" PRIx64 "-%" PRIx64 "-%" PRIx32, after,
		(uint64_t)place->start, (uint64_t)(place->end - place->start),
		place->check);
	return buf;
}

/* Hexadecimal digits up to `end`, which is stepped over; at most max. */
static int
take_hex(const char **at, char end, uint64_t max, uint64_t *ret)
{
	static const char digits[] = "0123456789abcdef";
	uint64_t v = 0;
	const char *from = *at;

	for (; **at && **at != end; (*at)++) {
		const char *digit = strchr(digits, **at);

		if (!digit || v > max >> 4)
			return -EINVAL;
		v = v << 4 | (uint64_t)(digit - digits);
	}
	if (*at == from || **at != end || v > max)
		return -EINVAL;
	*at += end != '\0';
	*ret = v;
	return 0;
}

int
ctl_log_cursor_parse(const char *text, struct ctl_log_place *ret)
{
	uint64_t after = 0;
	uint64_t start = 0;
	uint64_t bytes = 0;
	uint64_t check = 0;

	if (take_hex(&text, '-', INT64_MAX, &after) < 0 ||
		take_hex(&text, '-', INT64_MAX / 2, &start) < 0 ||
		take_hex(&text, '-', INT64_MAX / 2, &bytes) < 0 ||
		take_hex(&text, '\0', UINT32_MAX, &check) < 0)
		return -EINVAL;
	*ret = (struct ctl_log_place){.after_ns = after ? (int64_t)after : INT64_MIN,
		.start = (off_t)start,
		.end = (off_t)(start + bytes),
		.check = (uint32_t)check};
	return 0;
}
