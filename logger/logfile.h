/* One worker's log: DIR/NAME.log, rotated by size into NAME.log.1 ... NAME.log.KEPT. What
 * cannot be written (a full disk) waits up to a ceiling, beyond which it is counted and
 * dropped; the count is written into the log when writing works again. */
#ifndef LOG_LOGFILE_H
#define LOG_LOGFILE_H

#include "nv_buf.h"
#include "nv_name.h"

#define LOG_WAITING_BYTES_MAX ((size_t)1 << 20)

struct log_limits {
	char dir[1024];
	uint64_t file_bytes_max;
	uint32_t files_kept;
};

struct log_file {
	struct log_file *next;
	unsigned refs; /* streams that write into it */
	char name[NV_NAME_MAX];
	int fd; /* owned; -1: could not be opened */
	uint64_t bytes;
	int64_t checked_ms; /* when the path was last seen to be this file */
	struct nv_buf waiting;
	uint64_t dropped; /* bytes since the last note in the log */
	uint64_t dropped_ever;
	int error; /* of the last attempt; 0 = writing works */
};

void log_file_init(struct log_file *f, const char *name);
void log_file_fini(struct log_file *f);
/* Add one line: "TIME #INSTANCE text"; cut: it goes on in the next one. */
void log_file_line(struct log_file *f, const char *time, uint32_t instance,
	const char *text, size_t bytes, bool cut);
/* Write what waits, rotating when it is time. 0, or -errno: it waits on. */
int log_file_flush(struct log_file *f, const struct log_limits *limits, int64_t now_ms);

#endif
