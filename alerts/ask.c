/* Asking the fleet: novactl as a child, its JSON on a pipe. See alerts.h. */
#include "alerts.h"

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

#define ANSWER_BYTES_MAX ((size_t)64 << 20)
#define ASK_S            120. /* novactl gives up before */

struct alert_ask {
	struct alerts *alerts;
	alert_answer_fn *fn;
	void *arg;
	int fd; /* owned */
	bool read_all;
	bool ended;
	bool killed;
	int status;
	struct nv_buf out;
	ev_io io;
	ev_child child;
	ev_timer deadline;
};

static void
finish(struct alert_ask *ask)
{
	struct ev_loop *loop = ask->alerts->loop;
	bool exited = ask->ended && WIFEXITED(ask->status) && !ask->killed;
	int code = exited ? WEXITSTATUS(ask->status) : -1;
	json_t *answer = ask->out.error ? NULL
					: json_loadb(ask->out.data ? ask->out.data : "",
						  ask->out.bytes, 0, NULL);
	const char *why = json_string_value(json_object_get(answer, "error"));

	ev_io_stop(loop, &ask->io);
	ev_child_stop(loop, &ask->child);
	ev_timer_stop(loop, &ask->deadline);
	if (!why)
		why = ask->killed           ? "novactl did not answer in time"
		      : !exited             ? "novactl was ended by a signal"
		      : ask->out.error      ? "novactl said too much"
		      : code == 0 && answer ? ""
					    : "novactl could not be understood";
	if (ask->fn)
		ask->fn(ask->arg, code, answer, why);
	json_decref(answer);
	nv_fd_close(&ask->fd);
	nv_buf_fini(&ask->out);
	free(ask);
}

static void
on_readable(struct ev_loop *loop, ev_io *io, int revents)
{
	struct alert_ask *ask = io->data;
	char chunk[65536];
	ssize_t n = read(ask->fd, chunk, sizeof(chunk));

	(void)revents;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0) {
		nv_buf_add(&ask->out, chunk, (size_t)n);
		if (!ask->out.error)
			return;
		(void)kill(ask->child.pid, SIGKILL);
	}
	ask->read_all = true;
	ev_io_stop(loop, io);
	if (ask->ended)
		finish(ask);
}

static void
on_child(struct ev_loop *loop, ev_child *child, int revents)
{
	struct alert_ask *ask = child->data;

	(void)revents;
	ask->ended = true;
	ask->status = child->rstatus;
	ev_child_stop(loop, child);
	if (ask->read_all)
		finish(ask);
}

static void
on_deadline(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct alert_ask *ask = timer->data;

	(void)loop;
	(void)revents;
	ask->killed = true;
	if (!ask->ended)
		(void)kill(ask->child.pid, SIGKILL);
	/* A grandchild may hold the pipe: it is not waited for. */
	ask->read_all = true;
	ev_io_stop(ask->alerts->loop, &ask->io);
	if (ask->ended)
		finish(ask);
}

/* The child gets our environment, no descriptor but three, and default signals. */
static int
spawn(const char *path, char *const *argv, int out, pid_t *ret)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none;
	sigset_t defaults;
	int rc = posix_spawn_file_actions_init(&files);

	if (rc != 0)
		return -rc;
	rc = posix_spawnattr_init(&attr);
	if (rc != 0) {
		(void)posix_spawn_file_actions_destroy(&files);
		return -rc;
	}
	(void)sigemptyset(&none);
	(void)sigemptyset(&defaults);
	(void)sigaddset(&defaults, SIGPIPE);
	(void)sigaddset(&defaults, SIGHUP);
	rc = posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	rc = rc ? rc : posix_spawn_file_actions_adddup2(&files, out, 1);
	rc = rc ? rc
		: posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
	rc = rc ? rc : posix_spawnattr_setsigmask(&attr, &none);
	rc = rc ? rc : posix_spawnattr_setsigdefault(&attr, &defaults);
	rc = rc ? rc
		: posix_spawnattr_setflags(
			  &attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	rc = rc ? rc : posix_spawn(ret, path, &files, &attr, argv, environ);
	(void)posix_spawnattr_destroy(&attr);
	(void)posix_spawn_file_actions_destroy(&files);
	return -rc;
}

int
alert_ask(struct alerts *a, const char *const *words, alert_answer_fn *fn, void *arg,
	struct alert_ask **ret)
{
	char *argv[ALERT_ASK_WORDS_MAX + 3];
	struct alert_ask *ask = calloc(1, sizeof(*ask));
	size_t n = 0;
	pid_t pid = -1;
	int out;

	if (!ask)
		return -ENOMEM;
	argv[n++] = a->novactl;
	for (size_t i = 0; words[i] && n <= ALERT_ASK_WORDS_MAX; i++)
		argv[n++] = (char *)(uintptr_t)words[i];
	argv[n++] = (char[]){"--json"};
	argv[n] = NULL;
	nv_buf_init(&ask->out, ANSWER_BYTES_MAX);
	int rc = nv_pipe(&ask->fd, &out, 0);

	if (rc < 0) {
		free(ask);
		return rc;
	}
	rc = spawn(a->novactl, argv, out, &pid);
	nv_fd_close(&out);
	if (rc < 0 || nv_fd_set_nonblock(ask->fd, true) < 0) {
		nv_fd_close(&ask->fd);
		free(ask);
		return rc < 0 ? rc : -EIO;
	}
	ask->alerts = a;
	ask->fn = fn;
	ask->arg = arg;
	ev_io_init(&ask->io, on_readable, ask->fd, EV_READ);
	ev_child_init(&ask->child, on_child, pid, 0);
	ev_timer_init(&ask->deadline, on_deadline, ASK_S, 0.);
	ask->io.data = ask->child.data = ask->deadline.data = ask;
	ev_io_start(a->loop, &ask->io);
	ev_child_start(a->loop, &ask->child);
	ev_timer_start(a->loop, &ask->deadline);
	if (ret)
		*ret = ask;
	return 0;
}

void
alert_ask_cancel(struct alert_ask *ask)
{
	if (!ask)
		return;
	ask->fn = NULL;
	if (!ask->ended) {
		(void)kill(ask->child.pid, SIGKILL);
		while (waitpid(ask->child.pid, &ask->status, 0) < 0 && errno == EINTR)
			;
	}
	finish(ask);
}
