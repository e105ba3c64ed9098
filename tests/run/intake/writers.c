#include "writers.h"

#include "nv_fd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BURST_LINES 16
#define DYING_LINES 40
#define LONG_BYTES  9000

struct pen {
	struct writers *w;
	struct writer_counts *counts;
	int fd;
	unsigned seed;
	uint64_t n;
};

const char *
writer_worker(enum writer_kind kind)
{
	static const char *const names[WR_COUNT] = {"numbered", "same", "fragments",
		"shell", "shared", "dying", "dirty", "acked"};

	return names[kind];
}

struct writers *
writers_new(void)
{
	struct writers *w = mmap(NULL, sizeof(*w), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (w == MAP_FAILED)
		die("no shared memory");
	w->pause_us = 1000;
	return w;
}

void
writers_free(struct writers *w)
{
	(void)munmap(w, sizeof(*w));
}

static void
put(struct pen *pen, const char *text, size_t bytes)
{
	if (nv_write_full(pen->fd, text, bytes) != 0)
		_exit(70);
}

/* Real workers do not write without a breath; and the ledger must not fill the disk. */
static bool
goes_on(struct pen *pen)
{
	if (pen->n % BURST_LINES == 0) {
		struct timespec ts = {.tv_nsec = (long)pen->w->pause_us * 1000};

		(void)nanosleep(&ts, NULL);
	}
	return !pen->w->stop;
}

static size_t
numbered_line(char *buf, size_t buf_bytes, unsigned k, uint64_t n)
{
	return (size_t)snprintf(buf, buf_bytes,
		"{\"event\":\"cost\",\"amount\":\"0.000000001\",\"k\":%u,\"n\":%llu}\n",
		k, (unsigned long long)n);
}

static void
write_numbered(struct pen *pen, unsigned k)
{
	char line[200];

	for (; goes_on(pen); pen->n++) {
		put(pen, line, numbered_line(line, sizeof(line), k, pen->n));
		pen->counts->lines++;
	}
}

static void
write_same(struct pen *pen)
{
	static const char line[] = "{\"event\":\"cost\",\"amount\":\"0.02\"}\n";

	for (; goes_on(pen); pen->n++) {
		put(pen, line, sizeof(line) - 1);
		pen->counts->lines++;
	}
}

/* In up to four pieces, with the engine free to run between them. */
static void
write_fragments(struct pen *pen)
{
	char line[200];

	for (; goes_on(pen); pen->n++) {
		size_t n = numbered_line(line, sizeof(line), 0, pen->n);
		size_t at = 0;

		for (int i = 0; i < 3 && at < n; i++) {
			size_t piece = (size_t)rand_r(&pen->seed) % (n - at + 1);

			if (piece > 0)
				put(pen, line + at, piece);
			at += piece;
		}
		if (at < n)
			put(pen, line + at, n - at);
		pen->counts->lines++;
	}
}

static void
write_dirty(struct pen *pen)
{
	static const char *const dirt[] = {"hello\n", "\n",
		"{\"event\":\"cost\",\"amount\":-1}\n", "{\"event\":\"nonsense\"}\n",
		"{\"event\":\"cost\",\"amount\":1e400}\n"};
	static char long_line[LONG_BYTES];
	char line[200];

	memset(long_line, 'y', sizeof(long_line));
	/* What is inside a line that is too long must never count. */
	(void)numbered_line(long_line + 4096, 200, 0, 1);
	long_line[4096 + strlen(long_line + 4096) - 1] = 'y';
	long_line[sizeof(long_line) - 1] = '\n';
	for (char *p = long_line; p < long_line + sizeof(long_line); p++)
		if (*p == '\0')
			*p = 'y';
	for (; goes_on(pen); pen->n++) {
		unsigned pick = (unsigned)rand_r(&pen->seed) % (NV_LEN(dirt) + 1);

		put(pen, line, numbered_line(line, sizeof(line), 0, pen->n));
		pen->counts->lines++;
		if (pick < NV_LEN(dirt))
			put(pen, dirt[pick], strlen(dirt[pick]));
		else
			put(pen, long_line, sizeof(long_line));
		pen->counts->rejects++;
	}
}

static void
write_acked(struct pen *pen)
{
	char line[200];

	for (; goes_on(pen) && pen->n < WR_ACKED_MAX; pen->n++) {
		int n = snprintf(line, sizeof(line),
			"{\"event\":\"cost\",\"amount\":\"0.000000001\",\"id\":\"%llu\","
			"\"ack\":true,"
			"\"n\":%llu}\n",
			(unsigned long long)pen->n, (unsigned long long)pen->n);

		put(pen, line, (size_t)n);
		pen->counts->lines++;
		put(pen, line, (size_t)n);
		put(pen, "{\"event\":\"heartbeat\"}\n", 22);
		pen->counts->beats++;
	}
}

/* Lives for a few lines, then half of one. */
static void
write_dying(struct pen *pen)
{
	char line[200];
	uint64_t last = pen->counts->lines + (uint64_t)rand_r(&pen->seed) % DYING_LINES;
	size_t n;

	for (pen->n = pen->counts->lines; pen->n < last && goes_on(pen); pen->n++) {
		put(pen, line, numbered_line(line, sizeof(line), 0, pen->n));
		pen->counts->lines++;
	}
	n = numbered_line(line, sizeof(line), 0, pen->n);
	put(pen, line, 1 + (size_t)rand_r(&pen->seed) % (n - 3));
	pen->counts->rejects++;
}

/* The plainest worker there is. It counts its lines in a file's length, since a shell has
 * no shared memory: one byte a line, written after the line. */
static void
write_shell(struct pen *pen)
{
	static char script[] = "i=0; while [ ! -e \"$STOP\" ]; do "
			       "echo '{\"event\":\"cost\",\"amount\":\"0.000000003\"}' "
			       ">&3; i=$((i+1)); done; "
			       "echo $i >\"$STOP.count\"";
	char *argv[] = {(char[]){"sh"}, (char[]){"-c"}, script, NULL};

	if (dup2(pen->fd, 3) != 3)
		_exit(71);
	(void)execv("/bin/sh", argv);
	_exit(72);
}

static void
run(struct pen *pen, enum writer_kind kind, unsigned k)
{
	switch (kind) {
	case WR_NUMBERED:
	case WR_SHARED:
		write_numbered(pen, k);
		break;
	case WR_SAME:
		write_same(pen);
		break;
	case WR_FRAGMENTS:
		write_fragments(pen);
		break;
	case WR_SHELL:
		write_shell(pen);
		break;
	case WR_DYING:
		write_dying(pen);
		break;
	case WR_DIRTY:
		write_dirty(pen);
		break;
	case WR_ACKED:
		write_acked(pen);
		break;
	case WR_COUNT:
		break;
	}
	_exit(0);
}

pid_t
writer_start(struct writers *w, struct supd *s, enum writer_kind kind, size_t stream,
	uint32_t seed)
{
	unsigned procs = kind == WR_SHARED ? WR_SHARED_PROCS : 1;
	pid_t first = -1;

	/* The processes of a shared pipe are children of the first one, which ends last.
	 */
	(void)fflush(stdout);
	pid_t pid = fork();

	if (pid < 0)
		die("no fork: %s", strerror(errno));
	if (pid > 0)
		return pid;
	struct pen pen = {.w = w, .counts = &w->of[kind], .seed = seed};

	pen.fd = supd_become_writer(s, stream);
	for (unsigned k = 1; k < procs; k++) {
		pen.counts = &w->shared[k];
		first = fork();
		if (first == 0) {
			(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
			run(&pen, kind, k);
		}
	}
	if (procs > 1) {
		pen.counts = &w->shared[0];
		write_numbered(&pen, 0);
		while (wait(NULL) > 0)
			;
		_exit(0);
	}
	run(&pen, kind, 0);
	_exit(0);
}
