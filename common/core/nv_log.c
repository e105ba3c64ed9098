/* Log lines: see nv_log.h. */
#include "nv_log.h"
#include "nv_buf.h"
#include "nv_clock.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static struct {
	const char *name;
	enum nv_level threshold;
	bool journal; /* standard error is systemd's: it has a clock and levels of its own
		       */
} log_state = {.name = "nova", .threshold = NV_INFO};

static const char *const level_names[] = {"debug", "info", "warn", "error"};
static const char level_numbers[] = {'7', '6', '4', '3'}; /* syslog's: sd-daemon(3) */

/* Only the descriptor that the manager opened is one: it may have been redirected since.
 */
static bool
is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char own[64];
	struct stat st;

	if (!stream || fstat(STDERR_FILENO, &st) < 0 || !S_ISSOCK(st.st_mode))
		return false;
	(void)snprintf(own, sizeof(own), "%llu:%llu", (unsigned long long)st.st_dev,
		(unsigned long long)st.st_ino);
	return strcmp(stream, own) == 0;
}

void
nv_log_init(const char *name)
{
	const char *wanted = getenv("NOVA_LOG_LEVEL");

	log_state.name = name;
	log_state.journal = is_journal();
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

static int
put_head(char *line, size_t line_bytes, enum nv_level level)
{
	char when[NV_RFC3339_BYTES];

	if (log_state.journal)
		return snprintf(line, line_bytes, "<%c>%s[%d]: ", level_numbers[level],
			log_state.name, (int)getpid());
	return snprintf(line, line_bytes,
		"%s %s %s[%d]: ", nv_rfc3339(nv_wall_ns(), when), level_names[level],
		log_state.name, (int)getpid());
}

/* One write, so that lines of several processes do not mix. A journal that takes no more
 * must not hold us: what does not fit is lost, and so is what cannot be written. */
static void
write_line(const char *line, size_t bytes)
{
	ssize_t n = log_state.journal ? send(STDERR_FILENO, line, bytes,
						MSG_DONTWAIT | MSG_NOSIGNAL)
				      : write(STDERR_FILENO, line, bytes);

	(void)n;
}

void
nv_log(enum nv_level level, const char *fmt, ...)
{
	int saved = errno;

	if (level < log_state.threshold)
		return;
	char text[1024];
	char line[2048];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	size_t bytes = (size_t)put_head(line, sizeof(line), level);

	bytes += escape(line + bytes, sizeof(line) - bytes - 1, text);
	line[bytes++] = '\n';
	write_line(line, bytes);
	errno = saved;
}
