/* The end of a log file that is rotated by rename (NAME, NAME.1, NAME.2, ...), and what
 * is written to it from then on. */
#ifndef CTL_TAIL_H
#define CTL_TAIL_H

#include "nv_err.h"

#include <sys/types.h>

#define CTL_TAIL_LINES_MAX 100000

/* Without the newline; the last line of a file may have had none. Non-zero ends it. */
typedef int ctl_line_fn(void *arg, const char *line, size_t bytes);

struct ctl_tail {
	char path[1200];
	int fd;    /* owned; -1 while there is no file */
	off_t at;  /* next byte to read */
	int watch; /* owned inotify descriptor; -1 without one */
};

/* Hand over the last n lines, older ones from the rotated files when the newest has
 * fewer. A last line without its newline is still being written: it is handed over only
 * when nobody will follow. 0, -ENOENT when there is no file, or another negative errno.
 * Then *ret stands at the end. */
int ctl_tail_open(struct ctl_tail *ret, const char *path, size_t n_lines, bool follow,
	ctl_line_fn *fn, void *arg);
/* Wait for more and hand it over, for ever; returns what fn returned or an errno. */
int ctl_tail_follow(struct ctl_tail *tail, ctl_line_fn *fn, void *arg);
void ctl_tail_fini(struct ctl_tail *tail);

#endif
