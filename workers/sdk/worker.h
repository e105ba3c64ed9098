/* Inside libnova: the handle. */
#ifndef NOVA_WORKER_H
#define NOVA_WORKER_H

#include "nova.h"

#define CONTROL_BYTES_MAX ((size_t)16 << 10)
#define KEPT_MAX          64

struct nova_worker {
	int event_fd;   /* borrowed */
	int control_fd; /* borrowed; -1 = none */
	int ready_fd;   /* owned: `ready: fd` waits for a newline on it; -1 = none or done
			 */
	char *name;     /* owned, as all of these */
	char *params;
	char *variant;
	char *run_id;
	int instance;
	int generation;
	int64_t run_interval_ms;
	/* Reading. Bytes from the pipe, then whole lines that nobody has asked for yet.
	 */
	char *buf; /* owned, CONTROL_BYTES_MAX + 1 */
	size_t buf_bytes;
	bool skip; /* inside a line that is too long */
	bool closed;
	char *kept[KEPT_MAX]; /* owned, oldest first */
	size_t n_kept;
	char *current;     /* owned: what the last nova_control points into */
	char *params_text; /* owned: likewise */
};

/* The line "reserve"; of the options currency and operation. */
int nova_ask(struct nova_worker *w, const char *id, const char *amount,
	const struct nova_event_options *options);

#endif
