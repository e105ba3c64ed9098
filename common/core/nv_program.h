/* Another program of Nova's as a child on a libev loop: nothing blocks, nothing outlives
 * its use. What it prints is collected up to a ceiling, or handed on as it comes, at the
 * reader's pace: a pipe that is full holds the child up, no memory. Only on the default
 * loop, which is told of ended children. */
#ifndef NV_PROGRAM_H
#define NV_PROGRAM_H

#include "nv_base.h"

#include <ev.h>

#define NV_PROGRAM_ERRORS_MAX ((size_t)4096) /* kept of standard error */

struct nv_program;

struct nv_program_end {
	int code;        /* exit status; -1: ended by a signal, or by us */
	const char *out; /* collected: borrowed, NUL-terminated, "" when streamed */
	size_t out_bytes;
	const char *errors; /* standard error: borrowed, the first of it, NUL-terminated
			     */
	const char *why; /* "", or a sentence: it did not end by itself, or said too much
			  */
};

struct nv_program_spec {
	const char *path;
	const char *const *argv; /* NULL-terminated; argv[0] is the name in sentences */
	size_t bytes_max;        /* of what is collected */
	int64_t deadline_ms;     /* then it is killed; 0: none */
	/* NULL: collect. Else what it prints, as it comes: returns how much was taken;
	 * when that is not all of it, nothing more is read until nv_program_resume. */
	size_t (*output)(void *arg, const char *data, size_t bytes);
	/* Once, from the loop, unless it is cancelled; the handle is gone then. */
	void (*done)(void *arg, const struct nv_program_end *end);
	void *arg;
};

/* The child gets our environment, /dev/null as standard input, no descriptor but the
 * three, default signals and a process group of its own. 0, or -errno. */
int nv_program_start(struct ev_loop *loop, const struct nv_program_spec *spec,
	struct nv_program **ret);
/* The reader takes more, from the next turn of the loop on. */
void nv_program_resume(struct nv_program *p);
/* Kill its process group; done is not called, and nobody waits. NULL is fine. */
void nv_program_cancel(struct nv_program *p);

#endif
