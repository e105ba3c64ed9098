/* Another program as a child on a libev loop: see nv_program.h. */
#include "nv_program.h"

#include "nv_buf.h"
#include "nv_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHUNK_BYTES ((size_t)65536)

struct nv_program {
	struct ev_loop *loop;
	struct nv_program_spec spec; /* path and argv are not kept */
	char name[64];
	int out_fd;    /* owned; -1: at its end */
	int errors_fd; /* owned; -1: at its end */
	struct nv_buf out;
	struct nv_buf errors;
	ev_io out_io;
	ev_io errors_io;
	ev_child child;
	ev_timer deadline;
	ev_timer resume; /* hands on what waits, from the loop */
	bool handing;    /* inside the reader's function */
	bool ended;
	int status;
	const char *why; /* it was killed for; NULL: it was not */
};

/* ---- the end ---- */

static void
drop(struct nv_program *p)
{
	ev_io_stop(p->loop, &p->out_io);
	ev_io_stop(p->loop, &p->errors_io);
	ev_child_stop(p->loop, &p->child);
	ev_timer_stop(p->loop, &p->deadline);
	ev_timer_stop(p->loop, &p->resume);
	nv_fd_close(&p->out_fd);
	nv_fd_close(&p->errors_fd);
	nv_buf_fini(&p->out);
	nv_buf_fini(&p->errors);
	free(p);
}

/* Done once it has ended, both pipes are read, and what it said is handed on. */
static void
finish_if_done(struct nv_program *p)
{
	char text[160] = "";
	bool waiting = p->spec.output && p->out.bytes > 0 && !p->why;

	if (!p->ended || waiting || ((p->out_fd >= 0 || p->errors_fd >= 0) && !p->why))
		return;
	bool exited = WIFEXITED(p->status) && !p->why;

	if (p->why)
		(void)snprintf(text, sizeof(text), "%s %s", p->name, p->why);
	else if (!exited)
		(void)snprintf(text, sizeof(text), "%s was ended by signal %d", p->name,
			WTERMSIG(p->status));
	const struct nv_program_end end = {.code = exited ? WEXITSTATUS(p->status) : -1,
		.out = p->out.data && !p->spec.output ? p->out.data : "",
		.out_bytes = p->spec.output ? 0 : p->out.bytes,
		.errors = p->errors.data ? p->errors.data : "",
		.why = text};

	if (p->spec.done)
		p->spec.done(p->spec.arg, &end);
	drop(p);
}

/* The whole group: novactl may have started a program itself. A pid whose process was
 * reaped is only used while somebody still holds the pipe. */
static void
kill_group(const struct nv_program *p)
{
	if (!p->ended || p->out_fd >= 0 || p->errors_fd >= 0)
		(void)kill(-p->child.pid, SIGKILL);
}

static void
give_up(struct nv_program *p, const char *why)
{
	if (!p->why)
		p->why = why;
	kill_group(p);
	ev_io_stop(p->loop, &p->out_io);
	ev_io_stop(p->loop, &p->errors_io);
	finish_if_done(p);
}

static void
on_child(struct ev_loop *loop, ev_child *child, int revents)
{
	struct nv_program *p = child->data;

	(void)revents;
	p->ended = true;
	p->status = child->rstatus;
	ev_child_stop(loop, child);
	finish_if_done(p);
}

static void
on_deadline(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)loop;
	(void)revents;
	give_up(timer->data, "did not end in time");
}

/* ---- what it says ---- */

/* True while the reader takes everything; else p may be gone. */
static bool
hand_on(struct nv_program *p)
{
	if (!p->spec.output || p->out.bytes == 0)
		return true;
	p->handing = true;
	size_t taken = p->spec.output(p->spec.arg, p->out.data, p->out.bytes);

	p->handing = false;
	if (p->why) {
		finish_if_done(p);
		return false;
	}
	NV_ASSERT(taken <= p->out.bytes);
	nv_buf_consume(&p->out, taken);
	return p->out.bytes == 0;
}

static void
on_resume(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct nv_program *p = timer->data;

	(void)revents;
	ev_timer_stop(loop, timer);
	if (p->why || !hand_on(p))
		return;
	if (p->out_fd >= 0)
		ev_io_start(loop, &p->out_io);
	else
		finish_if_done(p);
}

static void
on_output(struct ev_loop *loop, ev_io *io, int revents)
{
	struct nv_program *p = io->data;
	char chunk[CHUNK_BYTES];
	ssize_t n = read(p->out_fd, chunk, sizeof(chunk));

	(void)revents;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		ev_io_stop(loop, io);
		nv_fd_close(&p->out_fd);
		finish_if_done(p);
		return;
	}
	nv_buf_add(&p->out, chunk, (size_t)n);
	if (p->out.error) {
		give_up(p, "said too much");
		return;
	}
	ev_io_stop(loop, io);
	if (hand_on(p))
		ev_io_start(loop, io);
}

/* Read to its end, so that nobody waits to say the rest; the first of it is kept. */
static void
on_errors(struct ev_loop *loop, ev_io *io, int revents)
{
	struct nv_program *p = io->data;
	char chunk[NV_PROGRAM_ERRORS_MAX];
	ssize_t n = read(p->errors_fd, chunk, sizeof(chunk));

	(void)revents;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0) {
		size_t room = NV_PROGRAM_ERRORS_MAX - p->errors.bytes;

		nv_buf_add(&p->errors, chunk, NV_MIN((size_t)n, room));
		return;
	}
	ev_io_stop(loop, io);
	nv_fd_close(&p->errors_fd);
	finish_if_done(p);
}

/* ---- the start ---- */

static int
set_files(posix_spawn_file_actions_t *files, int out, int errors)
{
	int rc = posix_spawn_file_actions_addopen(files, 0, "/dev/null", O_RDONLY, 0);

	rc = rc ? rc : posix_spawn_file_actions_adddup2(files, out, 1);
	rc = rc ? rc : posix_spawn_file_actions_adddup2(files, errors, 2);
	return rc ? rc : posix_spawn_file_actions_addclosefrom_np(files, 3);
}

static int
set_signals(posix_spawnattr_t *attr)
{
	sigset_t none;
	sigset_t defaults;

	(void)sigemptyset(&none);
	(void)sigemptyset(&defaults);
	(void)sigaddset(&defaults, SIGPIPE);
	(void)sigaddset(&defaults, SIGHUP);
	int rc = posix_spawnattr_setsigmask(attr, &none);

	rc = rc ? rc : posix_spawnattr_setsigdefault(attr, &defaults);
	rc = rc ? rc : posix_spawnattr_setpgroup(attr, 0);
	return rc ? rc
		  : posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK |
							   POSIX_SPAWN_SETSIGDEF |
							   POSIX_SPAWN_SETPGROUP);
}

static int
spawn(const struct nv_program_spec *spec, int out, int errors, pid_t *ret)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	int rc = posix_spawn_file_actions_init(&files);

	if (rc != 0)
		return -rc;
	rc = posix_spawnattr_init(&attr);
	if (rc != 0) {
		(void)posix_spawn_file_actions_destroy(&files);
		return -rc;
	}
	rc = set_files(&files, out, errors);
	rc = rc ? rc : set_signals(&attr);
	rc = rc ? rc
		: posix_spawn(ret, spec->path, &files, &attr,
			  (char *const *)(uintptr_t)spec->argv, environ);
	(void)posix_spawnattr_destroy(&attr);
	(void)posix_spawn_file_actions_destroy(&files);
	return -rc;
}

static void
watch(struct nv_program *p, pid_t pid)
{
	ev_io_init(&p->out_io, on_output, p->out_fd, EV_READ);
	ev_io_init(&p->errors_io, on_errors, p->errors_fd, EV_READ);
	ev_child_init(&p->child, on_child, pid, 0);
	ev_timer_init(&p->deadline, on_deadline, (double)p->spec.deadline_ms / 1000, 0.);
	ev_timer_init(&p->resume, on_resume, 0., 0.);
	p->out_io.data = p->errors_io.data = p->child.data = p->deadline.data =
		p->resume.data = p;
	ev_io_start(p->loop, &p->out_io);
	ev_io_start(p->loop, &p->errors_io);
	ev_child_start(p->loop, &p->child);
	if (p->spec.deadline_ms > 0)
		ev_timer_start(p->loop, &p->deadline);
}

int
nv_program_start(
	struct ev_loop *loop, const struct nv_program_spec *spec, struct nv_program **ret)
{
	NV_CLEANUP_FD out_from = -1;
	NV_CLEANUP_FD out_to = -1;
	NV_CLEANUP_FD errors_from = -1;
	NV_CLEANUP_FD errors_to = -1;
	pid_t pid = -1;
	int rc = nv_pipe(&out_from, &out_to, 0);

	rc = rc < 0 ? rc : nv_pipe(&errors_from, &errors_to, 0);
	rc = rc < 0 ? rc : nv_fd_set_nonblock(out_from, true);
	rc = rc < 0 ? rc : nv_fd_set_nonblock(errors_from, true);
	if (rc < 0)
		return rc;
	struct nv_program *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	rc = spawn(spec, out_to, errors_to, &pid);
	if (rc < 0) {
		free(p);
		return rc;
	}
	p->loop = loop;
	p->spec = *spec;
	p->spec.path = NULL;
	p->spec.argv = NULL;
	(void)snprintf(p->name, sizeof(p->name), "%s", spec->argv[0]);
	p->out_fd = nv_fd_steal(&out_from);
	p->errors_fd = nv_fd_steal(&errors_from);
	nv_buf_init(&p->out, spec->output ? 2 * CHUNK_BYTES : spec->bytes_max);
	nv_buf_init(&p->errors, NV_PROGRAM_ERRORS_MAX + 1);
	watch(p, pid);
	*ret = p;
	return 0;
}

void
nv_program_resume(struct nv_program *p)
{
	ev_timer_stop(p->loop, &p->resume);
	ev_timer_set(&p->resume, 0., 0.);
	ev_timer_start(p->loop, &p->resume);
}

void
nv_program_cancel(struct nv_program *p)
{
	if (!p)
		return;
	kill_group(p);
	if (p->ended && !p->handing) {
		drop(p);
		return;
	}
	/* It is forgotten as soon as the loop hears of its end. */
	p->spec.done = NULL;
	p->spec.output = NULL;
	p->why = "is not wanted any more";
	ev_io_stop(p->loop, &p->out_io);
	ev_io_stop(p->loop, &p->errors_io);
	ev_timer_stop(p->loop, &p->deadline);
	ev_timer_stop(p->loop, &p->resume);
	nv_fd_close(&p->out_fd);
	nv_fd_close(&p->errors_fd);
}
