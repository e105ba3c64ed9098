/* What becomes of rotated files: they are made safe on disk, compressed, and the old ones
 * removed. All of it in a process of its own with low priority ("nova-logger --tidy"), so
 * that no worker's output waits for it; one at a time.
 *
 * A file is compressed beside itself under a name that no reader looks at, synced, then
 * renamed; the old one goes last. Killed anywhere, the old or the whole new file is
 * there, or both, and the next run goes on from there. */
#ifndef LOG_TIDY_H
#define LOG_TIDY_H

#include "nv_logfile.h"
#include "nv_name.h"

struct log_tidy_job {
	const char *dir;
	const char *worker;
	struct nv_log_policy policy; /* keep, keep_bytes, keep_age, compress */
	int64_t now_ns;
};

/* argv of the process for a job, as log_tidy_main reads it. */
#define LOG_TIDY_ARGS 10
struct log_tidy_argv {
	char text[LOG_TIDY_ARGS][24];
	char *argv[LOG_TIDY_ARGS];
};
void log_tidy_argv(struct log_tidy_argv *ret, const char *dir, const char *worker,
	const struct nv_log_policy *policy);
/* The process: its exit code. */
int log_tidy_main(int argc, char **argv);
/* Do one job: 0 or -errno of the first step that failed (the others are done). */
int log_tidy(const struct log_tidy_job *job);

#endif
