/* One stream: the bytes of one incarnation's event pipe on their way into the ledger.
 *
 * Bytes are spliced from the pipe to the end of a memfd that novasupd holds as well: one
 * system call moves them, so they are always in the one or in the other. What the ledger
 * has consumed is rec.offset; the memfd's size is the tail. Nothing else is state: the
 * next engine goes on with the same two numbers.
 *
 * The byte before the offset is always kept: when it is no newline, the offset stands
 * inside an overlong line whose rest is still to be skipped. */
#ifndef ENG_STREAM_H
#define ENG_STREAM_H

#include "eng.h"
#include "nv_buf.h"

#define ENG_STREAM_WINDOW_BYTES  ((uint64_t)2 << 20) /* between offset and tail */
#define ENG_STREAM_PUNCH_BYTES   ((uint64_t)256 << 10)
#define ENG_CONTROL_LINE_BYTES   4096 /* with the newline: atomic on a pipe */
#define ENG_STREAM_ACK_BYTES_MAX ((size_t)256 << 10)

struct eng_stream {
	struct eng_stream *next;   /* of all streams */
	struct eng_stream *ready;  /* queue of those with unread bytes */
	struct eng *eng;           /* borrowed */
	struct eng_worker *worker; /* borrowed; NULL for the journal */
	struct eng_instance *inst; /* owned; NULL for the journal */
	char variant[NV_NAME_MAX]; /* of an experiment it was started with; "" = none */
	struct led_stream rec; /* as the ledger has it, or the open transaction will */
	uint64_t tail;         /* size of the memfd */
	uint64_t punched;      /* below it the memfd is a hole */
	int pipe_fd;           /* owned; -1: the journal, or nothing is left to read */
	int mem_fd;            /* owned */
	int ctl_fd;            /* owned; -1: the journal */
	ev_io io;
	bool eof;
	bool queued;
	bool skipping;      /* inside an overlong line */
	bool stalled;       /* not read until there is room */
	bool touched;       /* rec differs from what the ledger has */
	bool said_ready;    /* to be told to novasupd after the commit */
	bool is_ready;      /* it has said so, ever */
	bool closed;        /* in the ledger: to be dropped after the commit */
	struct nv_buf acks; /* whole control lines, sent after the commit */
};

/* Takes the descriptors in any case. rec is what the ledger knows (a fresh one has offset
 * 0). -EINVAL when the descriptors are not what they should be or the offset lies beyond
 * the memfd's end. */
int eng_stream_new(struct eng *eng, const struct led_stream *rec, int pipe_fd, int mem_fd,
	int ctl_fd, struct eng_stream **ret);
void eng_stream_free(struct eng_stream *s);

/* Bytes in the memfd the ledger has not consumed. */
uint64_t eng_stream_waiting(const struct eng_stream *s);
/* Move up to max_bytes from the pipe to the memfd; returns how many. Sets s->eof when
 * every write end is closed. 0 when the pipe is empty; negative errno. */
int64_t eng_stream_fill(struct eng_stream *s, uint64_t max_bytes);
/* The journal: its memfd grows by novasupd's hand. */
int eng_stream_look(struct eng_stream *s);
/* Give back the memory of what is committed, in large steps. */
void eng_stream_punch(struct eng_stream *s);
/* Write whole control lines (each at most ENG_CONTROL_LINE_BYTES). Lines that do not fit
 * are dropped; returns how many were. */
unsigned eng_stream_control(struct eng_stream *s, const char *lines, size_t bytes);

#endif
