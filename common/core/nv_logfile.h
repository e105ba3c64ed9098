/* The files of a worker's output, as nova-logger keeps them and novactl reads them:
 *
 *   WORKER.log                                 written now
 *   WORKER.log.20261122T141503.123Z            rotated then
 *   WORKER.log.20261122T141503.123Z.gz         and compressed
 *   WORKER.log.20261122T141503.123Z.gz.part    being compressed; not to be read
 *
 * A line is "TIME #INSTANCE.GENERATION text" (without the time where the worker's
 * `timestamps` are none). A worker's name has no capital letter, so that no worker's file
 * is taken for the rotated file of another. Pure. */
#ifndef NV_LOGFILE_H
#define NV_LOGFILE_H

#include "nv_base.h"

enum nv_log_compress { NV_LOG_COMPRESS_NONE, NV_LOG_COMPRESS_GZIP };
enum nv_log_stamp { NV_LOG_STAMP_RFC3339, NV_LOG_STAMP_NONE };
enum nv_log_full { NV_LOG_FULL_DROP, NV_LOG_FULL_WAIT };

/* What is kept of a worker's output, and how. */
struct nv_log_policy {
	uint64_t file_bytes_max;       /* rotated at this size */
	int64_t age_ms;                /* rotated when older than this; 0 = never */
	uint32_t files_kept;           /* rotated ones */
	uint64_t kept_bytes_max;       /* of all rotated ones; 0 = any */
	int64_t kept_ms_max;           /* age of a rotated one; 0 = any */
	enum nv_log_compress compress; /* rotated ones */
	enum nv_log_stamp stamps;
	enum nv_log_full when_full;
};

#define NV_LOG_STAMP_BYTES 24 /* of the time in a file's name, with the NUL */
#define NV_LOG_PART_SUFFIX ".part"

/* "20261122T141503.123Z"; returns buf. */
const char *nv_log_file_stamp(int64_t wall_ns, char buf[NV_LOG_STAMP_BYTES]);

enum nv_log_file_kind {
	NV_LOG_FILE_OTHER,   /* not of this worker */
	NV_LOG_FILE_CURRENT, /* WORKER.log */
	NV_LOG_FILE_PLAIN,   /* rotated */
	NV_LOG_FILE_GZIP,    /* rotated and compressed */
	NV_LOG_FILE_PART     /* of a compression that has not ended */
};
/* What the file `name` of a log directory is to `worker`; a rotated one's time goes to
 * ret_wall_ns (may be NULL). */
enum nv_log_file_kind
nv_log_file_kind(const char *name, const char *worker, int64_t *ret_wall_ns);

/* What stands before the text of a line. */
struct nv_log_head {
	int64_t wall_ns; /* -1: the line has no time */
	uint32_t instance;
	uint32_t generation;
	size_t bytes; /* of the line, that the head takes with its spaces */
};
/* False when the line does not begin like one of nova-logger's. */
bool nv_log_head_parse(const char *line, size_t bytes, struct nv_log_head *ret);

#endif
