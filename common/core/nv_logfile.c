/* Names and lines of log files: see nv_logfile.h. */
#include "nv_logfile.h"
#include "nv_clock.h"

#include <stdio.h>
#include <string.h>

const char *
nv_log_file_stamp(int64_t wall_ns, char buf[NV_LOG_STAMP_BYTES])
{
	char full[NV_RFC3339_BYTES];
	size_t n = 0;

	(void)nv_rfc3339(wall_ns, full);
	for (const char *c = full; *c && n + 1 < NV_LOG_STAMP_BYTES; c++) {
		if (*c != '-' && *c != ':')
			buf[n++] = *c;
	}
	buf[n] = '\0';
	return buf;
}

/* "20261122T141503.123Z" at the start of text: its time, or -1. */
static int64_t
read_stamp(const char *text)
{
	static const char shape[] = "ddddddddTdddddd.dddZ";
	char full[NV_RFC3339_BYTES];
	int64_t ns;

	for (size_t i = 0; shape[i]; i++) {
		bool digit = text[i] >= '0' && text[i] <= '9';

		if (shape[i] == 'd' ? !digit : text[i] != shape[i])
			return -1;
	}
	(void)snprintf(full, sizeof(full), "%.4s-%.2s-%.5s:%.2s:%.7s", text, text + 4,
		text + 6, text + 11, text + 13);
	if (nv_rfc3339_parse(full, strlen(full), &ns) < 0)
		return -1;
	/* A leap second is a time, and no name that was given by us. */
	char again[NV_LOG_STAMP_BYTES];

	(void)nv_log_file_stamp(ns, again);
	return strncmp(again, text, strlen(again)) == 0 ? ns : -1;
}

enum nv_log_file_kind
nv_log_file_kind(const char *name, const char *worker, int64_t *ret_wall_ns)
{
	static const char ext[] = ".log";
	size_t bytes = strlen(worker);

	if (strncmp(name, worker, bytes) != 0 ||
		strncmp(name + bytes, ext, sizeof(ext) - 1) != 0)
		return NV_LOG_FILE_OTHER;
	name += bytes + sizeof(ext) - 1;
	if (!*name)
		return NV_LOG_FILE_CURRENT;
	if (*name++ != '.')
		return NV_LOG_FILE_OTHER;
	int64_t ns = read_stamp(name);

	if (ns < 0)
		return NV_LOG_FILE_OTHER;
	if (ret_wall_ns)
		*ret_wall_ns = ns;
	name = strchr(name, 'Z') + 1;
	if (!*name)
		return NV_LOG_FILE_PLAIN;
	if (strcmp(name, ".gz") == 0)
		return NV_LOG_FILE_GZIP;
	return strcmp(name, ".gz" NV_LOG_PART_SUFFIX) == 0 ? NV_LOG_FILE_PART
							   : NV_LOG_FILE_OTHER;
}

/* A number of at most nine digits; the bytes it takes, or 0. */
static size_t
read_number(const char *text, size_t bytes, uint32_t *ret)
{
	uint32_t value = 0;
	size_t n = 0;

	while (n < bytes && n < 9 && text[n] >= '0' && text[n] <= '9')
		value = value * 10 + (uint32_t)(text[n++] - '0');
	*ret = value;
	return n;
}

bool
nv_log_head_parse(const char *line, size_t bytes, struct nv_log_head *ret)
{
	const char *space = memchr(line, ' ', NV_MIN(bytes, (size_t)NV_RFC3339_BYTES));
	struct nv_log_head head = {.wall_ns = -1};
	size_t at = 0;

	if (space && nv_rfc3339_parse(line, (size_t)(space - line), &head.wall_ns) == 0)
		at = (size_t)(space - line) + 1;
	else
		head.wall_ns = -1;
	if (at == bytes || line[at] != '#')
		return false;
	size_t n = read_number(line + at + 1, bytes - at - 1, &head.instance);

	at += 1 + n;
	if (n == 0 || at == bytes || line[at] != '.')
		return false;
	n = read_number(line + at + 1, bytes - at - 1, &head.generation);
	at += 1 + n;
	if (n == 0 || at == bytes || line[at] != ' ')
		return false;
	head.bytes = at + 1;
	*ret = head;
	return true;
}
