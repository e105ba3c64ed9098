/* Log lines: see nv_log.h. */
#include "nv_log.h"
#include "nv_buf.h"
#include "nv_clock.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
	const char *name;
	enum nv_level threshold;
} log_state = {.name = "nova", .threshold = NV_INFO};

static const char *const level_names[] = {"debug", "info", "warn", "error"};

void
nv_log_init(const char *name)
{
	const char *wanted = getenv("NOVA_LOG_LEVEL");

	log_state.name = name;
	for (size_t i = 0; wanted && i < NV_LEN(level_names); i++) {
		if (strcmp(wanted, level_names[i]) == 0)
			log_state.threshold = (enum nv_level)i;
	}
}

/* The longest piece: a control character of two bytes, as \xNN\xNN. Others have at
 * most 4. */
#define ESCAPED_BYTES_MAX 8u

/* Text as it is; what a terminal could obey, and what is not UTF-8, as \xNN. */
static size_t
escape(char *out, size_t out_bytes, const char *text)
{
	static const char hex[] = "0123456789abcdef";
	size_t left = strlen(text);
	size_t n = 0;

	while (left && n + ESCAPED_BYTES_MAX < out_bytes) {
		size_t bytes = nv_utf8_len(text, left);
		bool plain = bytes > 0 && !nv_is_control(text, bytes);

		bytes = NV_MAX(bytes, (size_t)1);
		for (size_t i = 0; i < bytes; i++) {
			unsigned char c = (unsigned char)text[i];

			if (plain) {
				out[n++] = (char)c;
				continue;
			}
			out[n++] = '\\';
			out[n++] = 'x';
			out[n++] = hex[c >> 4];
			out[n++] = hex[c & 15];
		}
		text += bytes;
		left -= bytes;
	}
	return n;
}

void
nv_log(enum nv_level level, const char *fmt, ...)
{
	int saved = errno;

	if (level < log_state.threshold)
		return;
	char text[1024];
	char line[2048];
	char when[NV_RFC3339_BYTES];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	int head = snprintf(line, sizeof(line),
		"%s %s %s[%d]: ", nv_rfc3339(nv_wall_ns(), when), level_names[level],
		log_state.name, (int)getpid());
	size_t bytes = (size_t)head;

	bytes += escape(line + bytes, sizeof(line) - bytes - 1, text);
	line[bytes++] = '\n';
	/* One write, so that lines of several processes do not mix. Nothing can be
	 * done about a log that cannot be written. */
	if (write(STDERR_FILENO, line, bytes) < 0)
		errno = saved;
	errno = saved;
}
