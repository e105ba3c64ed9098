/* Event streams and log pipes. novasupd makes them, keeps both ends and never reads or
 * writes the bytes; what the engine or the logger loses by a crash, the next one gets
 * again. A stream is dropped only when the engine says that the ledger holds all of it.
 * The journal of an earlier fleet (fdstore.h) is a stream too: without pipes, event_inode
 * 0.
 */
#ifndef SUP_STREAM_H
#define SUP_STREAM_H

#include "nv_logfile.h"
#include "nv_name.h"

#include <sys/types.h>

#define SUP_EVENT_PIPE_BYTES ((size_t)1 << 20) /* asked for, not promised */

struct sup_stream {
	struct sup_stream *next; /* oldest first */
	bool kept;               /* by the service manager too: fdstore.h */

	char flat[0]; /* from here on: state.h */
	uint64_t id;
	char worker[NV_NAME_MAX];
	uint32_t instance;
	uint32_t generation;
	pid_t pid; /* 0 when its tree is gone */
	char cgroup[256];
	bool runner;
	char variant[NV_NAME_MAX]; /* it was started with */
	int event_r;               /* owned, as all */
	int event_w;               /* -1 when its tree is gone */
	int memfd;
	int control_r; /* -1 when its tree is gone */
	int control_w;
	ino_t event_inode;
};

struct sup_log {
	struct sup_log *next;
	bool kept;

	char flat[0]; /* from here on: state.h */
	uint64_t id;
	char name[NV_NAME_MAX];
	uint32_t instance;
	uint32_t generation;
	struct nv_log_policy policy;
	uint64_t dropped_bytes; /* by the logger, as far as it has said */
	int mem_fd;             /* owned: what the logger has taken from the pipe */
	int read_fd;            /* owned */
	int write_fd;           /* owned; -1 when its tree is gone */
	ino_t inode;
};

struct sup_streams {
	struct sup_stream *head; /* owned */
	struct sup_stream *tail;
	struct sup_log *logs; /* owned */
	struct sup_log *logs_tail;
	unsigned n_streams;
	unsigned n_logs;
	uint64_t log_counter;
};

/* Of ids: upper 40 bits random, never 0; lower 24 zero. */
uint64_t sup_random_base(void);
/* Make one and put it at the end of the list: 0 or -errno. */
int sup_stream_new(struct sup_streams *all, uint64_t id, struct sup_stream **ret);
/* Put one at the end of the list that the image has kept: NULL without memory. */
struct sup_stream *sup_stream_add(struct sup_streams *all);
/* The tree is gone: nobody can write any more. Takes the descriptors that only it had,
 * for the caller to close once that is committed. */
void sup_stream_end(struct sup_stream *stream, int ret_fds[2]);
/* Take it off the list and close everything. */
void sup_stream_drop(struct sup_streams *all, struct sup_stream *stream);
struct sup_stream *sup_stream_find(const struct sup_streams *all, uint64_t id);
/* NULL when the ledger may be believed to have all `bytes` of it, else what is wrong. */
const char *sup_stream_not_closed(const struct sup_stream *stream, uint64_t bytes);
/* A control line for its worker. Lost when the pipe is full: nobody reads it. */
void sup_stream_control(const struct sup_stream *stream, const char *line);

int sup_log_new(struct sup_streams *all, struct sup_log **ret);
struct sup_log *sup_log_add(struct sup_streams *all);
int sup_log_end(struct sup_log *log); /* the same: the descriptor to close */
void sup_log_drop(struct sup_streams *all, struct sup_log *log);
struct sup_log *sup_log_find(const struct sup_streams *all, uint64_t id);

void sup_streams_fini(struct sup_streams *all);

#endif
