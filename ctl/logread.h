/* The log of one worker as a person reads it: its last lines, out of the file that is
 * written and the rotated ones (also compressed), and what comes after them, over any
 * number of rotations. No line is handed over twice or left out. */
#ifndef CTL_LOGREAD_H
#define CTL_LOGREAD_H

#include "nv_err.h"
#include "nv_logfile.h"
#include "nv_name.h"

#include <regex.h>
#include <sys/types.h>

#define CTL_LOG_LINES_MAX 100000

/* Which lines are wanted; all zero: every one. */
struct ctl_log_filter {
	uint32_t instance;   /* 0 = any */
	uint32_t generation; /* 0 = any */
	int64_t since_ns;    /* wall clock; lines without a time are taken */
	const regex_t *grep; /* borrowed; NULL = any */
	/* Of each instance [n-1] only this generation (0: none); NULL = any. */
	const uint32_t *generations; /* borrowed */
	size_t n_generations;
};
/* head_time: of the last line that had one, for those that have none; updated. */
bool ctl_log_wanted(const struct ctl_log_filter *filter, const char *line, size_t bytes,
	int64_t *head_time);

/* Without the newline; the last line of a file may have had none. Non-zero ends it. */
typedef int ctl_line_fn(void *arg, const char *line, size_t bytes);

/* Where a line stands, whatever becomes of its file: rotated, compressed, moved on. */
struct ctl_log_place {
	int64_t after_ns; /* rotation of the file before its own; INT64_MIN: none */
	off_t start;      /* of the line in its file, uncompressed */
	off_t end;        /* where the next one starts */
	uint32_t check;   /* CRC-32 of the line: is it still the same file? */
};
#define CTL_LOG_CURSOR_BYTES 80
/* As one word for people and programs to keep; returns buf. */
const char *
ctl_log_cursor(const struct ctl_log_place *place, char buf[CTL_LOG_CURSOR_BYTES]);
/* 0 or -EINVAL. */
int ctl_log_cursor_parse(const char *text, struct ctl_log_place *ret);

struct ctl_log {
	char dir[1100];
	char worker[NV_NAME_MAX];
	int fd;           /* owned; of the file that is read; -1 while there is none */
	off_t at;         /* next byte to read */
	int64_t stamp_ns; /* of the newest rotated file before it */
	struct ctl_log_place place; /* of the line that is being handed over */
};

/* 0; -ENOENT when the worker has no log at all; -EINVAL when it is no plain file. */
int ctl_log_open(struct ctl_log *log, const char *dir, const char *worker);
void ctl_log_fini(struct ctl_log *log);
/* Hand over the last n wanted lines. A last line without its newline is still being
 * written: it is handed over only with `partial`. Then the log stands at its end. 0, a
 * negative errno, or what fn returned. */
int ctl_log_tail(struct ctl_log *log, size_t n, const struct ctl_log_filter *filter,
	bool partial, ctl_line_fn *fn, void *arg);
/* Instead of a tail: hand over every line after that place, wanted or not. *ret_gap: the
 * place is gone (its file was cut or removed); then everything that is younger is handed
 * over. 0, a negative errno, or what fn returned. */
int ctl_log_after(struct ctl_log *log, const struct ctl_log_place *place, bool partial,
	ctl_line_fn *fn, void *arg, bool *ret_gap);
/* Hand over what has come since, wanted or not; does not wait. */
int ctl_log_more(struct ctl_log *log, ctl_line_fn *fn, void *arg);

/* Something may have changed in the directory: wait for it, at most a second. False:
 * nobody reads what we write any more. */
struct ctl_log_watch {
	int fd; /* owned inotify descriptor; -1 without one */
};
void ctl_log_watch_open(struct ctl_log_watch *watch, const char *dir);
bool ctl_log_watch_wait(const struct ctl_log_watch *watch);
void ctl_log_watch_close(struct ctl_log_watch *watch);

#endif
