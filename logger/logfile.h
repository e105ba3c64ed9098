/* One worker's log: DIR/NAME.log, turned away by size and by age into a file with the
 * time in its name (nv_logfile.h). It is opened again when somebody has renamed or
 * removed it. What is done with the rotated files is tidy.h's. */
#ifndef LOG_LOGFILE_H
#define LOG_LOGFILE_H

#include "nv_logfile.h"
#include "nv_name.h"

#include <sys/types.h>

struct log_now {
	int64_t mono_ms;
	int64_t wall_ns;
};

struct log_file {
	struct log_file *next; /* in its bucket */
	unsigned refs;         /* streams that write into it */
	char name[NV_NAME_MAX];
	const char *dir; /* borrowed */
	struct nv_log_policy policy;
	int fd; /* owned; -1: not open */
	dev_t dev;
	ino_t ino;
	int64_t checked_ms; /* when the path was last seen to be this file */
	int64_t born_ns;    /* wall clock: when it was begun */
	int64_t rotate_ms;  /* no attempt to rotate before: the last one failed */
	int64_t stamp_ns;   /* in the name of the last rotated one */
	bool untidy;        /* was rotated: compress, remove */
	uint32_t rotated;   /* of its rotated files, at the last count */
	int error;          /* of the last attempt to write; 0 = writing works */
};

void log_file_init(struct log_file *f, const char *dir, const char *name);
void log_file_fini(struct log_file *f);
/* Open it if it is not, turn it away when it is too old; its size. 0 or -errno. */
int log_file_ready(struct log_file *f, const struct log_now *now, uint64_t *ret_bytes);
/* The next line goes into a new file. 0; or -errno: go on with the old one, a log that is
 * too large is better than none. */
int log_file_rotate(struct log_file *f, const struct log_now *now);

#endif
