/* Fuzz target: what workers print as lines of a log, and heads and names read back. The
 * lines hold every byte of the input once, in order, however much room there is. */
#include "format.h"
#include "nv_logfile.h"

#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static const struct log_form form = {"2026-11-22T14:15:03.123Z", 3, 17};

/* Take one line of the log apart: its text is the next of the input. */
static const char *
check_line(const char *line, size_t bytes, const char *raw, const char *end)
{
	static const char cut[] = " [cut]";
	struct nv_log_head head;

	NV_ASSERT(nv_log_head_parse(line, bytes, &head));
	NV_ASSERT(head.instance == 3 && head.generation == 17 && head.wall_ns > 0);
	const char *text = line + head.bytes;
	size_t n = bytes - head.bytes;
	size_t left = (size_t)(end - raw);
	const char *nl = left ? memchr(raw, '\n', left) : NULL;
	size_t whole = nl ? (size_t)(nl - raw) : left;

	if (whole > LOG_LINE_BYTES_MAX) {
		NV_ASSERT(n == LOG_LINE_BYTES_MAX + sizeof(cut) - 1);
		NV_ASSERT(memcmp(text, raw, LOG_LINE_BYTES_MAX) == 0);
		return raw + LOG_LINE_BYTES_MAX;
	}
	NV_ASSERT(n == whole && (n == 0 || memcmp(text, raw, n) == 0));
	return raw + whole + (nl ? 1 : 0);
}

static void
check_format(const char *raw, size_t bytes, size_t room)
{
	const char *end = raw + bytes;

	while (raw < end) {
		struct nv_buf out;
		bool full;

		nv_buf_init(&out, bytes * (LOG_EXTRA_BYTES + 2) + 1024);
		size_t took = log_format(
			&out, &form, raw, (size_t)(end - raw), true, room, true, &full);

		NV_ASSERT(took > 0 && !out.error);
		const char *next = raw;

		for (const char *line = out.data; line < out.data + out.bytes;) {
			const char *nl =
				memchr(line, '\n', (size_t)(out.data + out.bytes - line));

			NV_ASSERT(nl);
			next = check_line(line, (size_t)(nl - line), next, end);
			line = nl + 1;
		}
		NV_ASSERT(next == raw + took);
		raw += took;
		nv_buf_fini(&out);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct nv_log_head head;
	char name[300];
	int64_t ns;

	if (bytes == 0)
		return 0;
	const char *text = (const char *)data;

	if (nv_log_head_parse(text, bytes, &head))
		NV_ASSERT(head.bytes <= bytes && head.wall_ns >= -1);
	(void)snprintf(name, sizeof(name), "%.*s", (int)NV_MIN(bytes, (size_t)299), text);
	enum nv_log_file_kind kind = nv_log_file_kind(name, "w", &ns);

	if (kind >= NV_LOG_FILE_PLAIN) {
		char stamp[NV_LOG_STAMP_BYTES];

		/* The time in the name is the one that is given back. */
		(void)nv_log_file_stamp(ns, stamp);
		NV_ASSERT(strncmp(name + strlen("w.log."), stamp, strlen(stamp)) == 0);
	}
	check_format(text + 1, bytes - 1, (size_t)data[0] * 64);
	return 0;
}
