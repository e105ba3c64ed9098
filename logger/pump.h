/* One stream's way into its log, exactly once:
 *
 *   pipe --splice--> memfd at its size --lines--> file
 *
 * One system call moves bytes from the pipe into the memfd: they are in the one or in the
 * other. The memfd's size is what was taken, the progress table (progress.h) says how
 * much of it is in the file, and the file's size whether a write that was begun has
 * happened. So a logger that is killed anywhere leaves all that the next one needs. An
 * unfinished line stays in the memfd until its newline comes.
 *
 * A file that cannot be written leaves the bytes where they are. `when_full: wait`: the
 * pipe fills and the worker waits. `drop`: up to a ceiling is taken, then the oldest
 * lines are dropped and counted, and a line in the log says so when it can be written
 * again. */
#ifndef LOG_PUMP_H
#define LOG_PUMP_H

#include "format.h"
#include "logfile.h"
#include "progress.h"

#define LOG_WAITING_BYTES_MAX ((uint64_t)1 << 20)  /* of one stream, before dropping */
#define LOG_WAITING_ALL_MAX   ((uint64_t)64 << 20) /* of all; beyond: */
#define LOG_WAITING_BYTES_MIN ((uint64_t)64 << 10) /* each gets only this */

struct log_pump {
	struct log_file *file; /* borrowed */
	struct log_slot *slot; /* borrowed: of the table */
	uint32_t instance;
	uint32_t generation;
	int pipe_fd;           /* owned */
	int mem_fd;            /* owned */
	bool eof;              /* of the pipe */
	uint64_t taken;        /* size of the memfd */
	uint64_t punched;      /* below, its memory was given back */
	uint64_t *all_waiting; /* borrowed: sum over all pumps, kept by each */
	uint64_t waiting;      /* its part of that sum */
};

/* Takes both descriptors, also on failure. The slot says where to go on. 0 or -errno. */
int log_pump_init(struct log_pump *p, struct log_file *file, struct log_slot *slot,
	int pipe_fd, int mem_fd, uint64_t *all_waiting);
void log_pump_fini(struct log_pump *p);
/* May more be taken from the pipe now? */
bool log_pump_wants(const struct log_pump *p);
/* Take what the pipe holds, at most a pass' worth: 1 there may be more, 0 not now, or
 * -errno. */
int log_pump_take(struct log_pump *p);
/* Write whole lines (at_end: all) of what was taken. The file's `error` says whether it
 * worked; if not, what is too much is dropped. */
void log_pump_write(struct log_pump *p, const struct log_now *now, bool at_end);
/* Only drop what is too much: for a file that is known to fail. */
void log_pump_shed(struct log_pump *p, const struct log_now *now);
/* Nothing more will come and all of it is in the file. */
bool log_pump_done(const struct log_pump *p);
uint64_t log_pump_dropped(const struct log_pump *p);
/* Give memory back that is not needed any more. */
void log_pump_punch(struct log_pump *p);

#endif
