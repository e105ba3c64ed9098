/* See handout.h. */
#include "handout.h"

#include "nv_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

static void
stop_watching(struct eng_handout *h)
{
	ev_io_stop(h->loop, &h->io);
	ev_timer_stop(h->loop, &h->timer);
	nv_fd_close(&h->pidfd);
	h->pid = 0;
}

static void
on_ended(struct ev_loop *loop, ev_io *w, int revents)
{
	struct eng_handout *h = w->data;
	char text[64] = "";
	int status;

	(void)loop;
	(void)revents;
	if (waitpid(h->pid, &status, WNOHANG) != h->pid)
		return;
	if (h->timed_out)
		(void)snprintf(text, sizeof(text), "it took too long and was killed");
	else if (WIFSIGNALED(status))
		(void)snprintf(text, sizeof(text), "it was ended by signal %d",
			WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0)
		(void)snprintf(text, sizeof(text), "it ended with exit code %d",
			WEXITSTATUS(status));
	stop_watching(h);
	h->done(h, text[0] ? text : NULL);
}

/* Killed, and told when the kernel lets it go: who hangs in a dead file system may not.
 */
static void
on_timeout(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct eng_handout *h = w->data;

	(void)loop;
	(void)revents;
	h->timed_out = true;
	(void)kill(-h->pid, SIGKILL); /* gone already: on_ended comes */
}

void
eng_handout_init(
	struct eng_handout *h, struct ev_loop *loop, eng_handout_fn *done, void *owner)
{
	*h = (struct eng_handout){
		.loop = loop, .done = done, .owner = owner, .pidfd = -1};
	ev_init(&h->io, on_ended);
	ev_init(&h->timer, on_timeout);
	h->io.data = h;
	h->timer.data = h;
}

/* The text from the pipe, nothing to say but errors, default signals, a group of its own
 * so that what it starts is killed with it. */
static int
spawn(const char *path, char *const argv[], int from, pid_t *ret)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t all;
	int rc = posix_spawn_file_actions_init(&files);

	if (rc != 0)
		return -rc;
	rc = posix_spawnattr_init(&attr);
	if (rc != 0) {
		(void)posix_spawn_file_actions_destroy(&files);
		return -rc;
	}
	(void)sigfillset(&all);
	rc = posix_spawn_file_actions_adddup2(&files, from, STDIN_FILENO);
	if (rc == 0)
		rc = posix_spawn_file_actions_addopen(
			&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	if (rc == 0)
		rc = posix_spawnattr_setsigdefault(&attr, &all);
	if (rc == 0)
		rc = posix_spawnattr_setpgroup(&attr, 0);
	if (rc == 0)
		rc = posix_spawnattr_setflags(
			&attr, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
	if (rc == 0)
		rc = posix_spawnp(ret, path, &files, &attr, argv, environ);
	(void)posix_spawnattr_destroy(&attr);
	(void)posix_spawn_file_actions_destroy(&files);
	return -rc;
}

int
eng_handout_start(struct eng_handout *h, const char *path, char *const argv[],
	const char *text, size_t bytes, double timeout_s)
{
	NV_CLEANUP_FD from = -1;
	NV_CLEANUP_FD to = -1;
	pid_t pid = 0;

	NV_ASSERT(bytes <= PIPE_BUF);
	if (h->pid != 0)
		return -EBUSY;
	int rc = nv_pipe(&from, &to, 0);

	/* It fits into an empty pipe: written before anybody reads. */
	if (rc == 0)
		rc = nv_write_full(to, text, bytes);
	if (rc == 0)
		rc = spawn(path, argv, from, &pid);
	if (rc < 0)
		return rc;
	int pidfd = pidfd_open(pid, 0);

	if (pidfd < 0) {
		rc = -errno;
		(void)kill(-pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
		return rc;
	}
	h->pid = pid;
	h->pidfd = pidfd;
	h->timed_out = false;
	ev_io_set(&h->io, pidfd, EV_READ);
	ev_io_start(h->loop, &h->io);
	ev_timer_set(&h->timer, timeout_s, 0.);
	ev_timer_start(h->loop, &h->timer);
	return 0;
}

void
eng_handout_fini(struct eng_handout *h)
{
	if (h->pid == 0)
		return;
	(void)kill(-h->pid, SIGKILL);
	/* Not waited for: novasupd's keeper is its parent once this process is gone. */
	stop_watching(h);
}
