#include "scr_pool.h"

#include "nv_buf.h"
#include "nv_fd.h"
#include "nv_json.h"
#include "nv_paths.h"
#include "scr_work.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct scr_job {
	struct scr_pool *pool;
	struct nv_buf request;  /* head, what is wanted, the page */
	scr_pool_done_fn *done; /* NULL: cancelled */
	void *arg;
	struct scr_job *next; /* in the queue */
};

struct child {
	struct scr_pool *pool;
	pid_t pid; /* 0: none */
	int fd;
	struct scr_job *job; /* owned; NULL: idle */
	size_t sent;
	struct nv_buf reply;
	struct ev_io io;
	struct ev_timer deadline;
};

struct scr_pool {
	struct ev_loop *loop;
	char program[NV_PATH_MAX];
	struct child children[SCR_POOL_CHILDREN];
	struct scr_job *first, **tail; /* owned; waiting */
	unsigned waiting;
	uint64_t broken;
	struct ev_timer soon; /* gives work out, from the loop */
};

/* The first of the queue; the caller's. */
static struct scr_job *
take(struct scr_pool *pool)
{
	struct scr_job *job = pool->first;

	pool->first = job->next;
	if (!pool->first)
		pool->tail = &pool->first;
	pool->waiting--;
	return job;
}

static void
job_free(struct scr_job *job)
{
	nv_buf_fini(&job->request);
	free(job);
}

static void
answer(struct scr_job *job, json_t *data, const char *why)
{
	if (job->done)
		job->done(job->arg, data, why);
	else
		json_decref(data);
	job_free(job);
}

static void
child_end(struct child *c)
{
	if (c->pid <= 0)
		return;
	ev_io_stop(c->pool->loop, &c->io);
	ev_timer_stop(c->pool->loop, &c->deadline);
	nv_fd_close(&c->fd);
	(void)kill(c->pid, SIGKILL); /* it may be gone already */
	while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
		;
	c->pid = 0;
	nv_buf_clear(&c->reply);
}

static void
child_broke(struct child *c, const char *why)
{
	struct scr_pool *pool = c->pool;
	struct scr_job *job = c->job;

	c->job = NULL;
	child_end(c);
	if (job) {
		pool->broken++;
		answer(job, NULL, why);
	}
	ev_timer_start(pool->loop, &pool->soon);
}

/* The socket is the child's input and output; nothing else goes along. */
static int
spawn(struct scr_pool *pool, int fd, pid_t *ret)
{
	char name[] = "nova-scrape-parse";
	char *argv[] = {name, NULL}, *env[] = {NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t signals;
	int rc = -posix_spawn_file_actions_init(&actions);

	if (rc < 0)
		return rc;
	rc = -posix_spawnattr_init(&attr);
	if (rc == 0) {
		(void)sigemptyset(&signals);
		rc = -posix_spawnattr_setsigmask(&attr, &signals);
		if (rc == 0)
			rc = -posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
		if (rc == 0)
			rc = -posix_spawn_file_actions_adddup2(&actions, fd, 0);
		if (rc == 0)
			rc = -posix_spawn_file_actions_adddup2(&actions, fd, 1);
		if (rc == 0)
			rc = -posix_spawn(ret, pool->program, &actions, &attr, argv, env);
		(void)posix_spawnattr_destroy(&attr);
	}
	(void)posix_spawn_file_actions_destroy(&actions);
	return rc;
}

static int
child_start(struct child *c)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	NV_CLEANUP_FD theirs = pair[1];
	int rc = nv_fd_set_nonblock(pair[0], true);

	if (rc == 0)
		rc = spawn(c->pool, theirs, &c->pid);
	if (rc < 0) {
		nv_fd_close(&pair[0]);
		c->pid = 0;
		return rc;
	}
	c->fd = pair[0];
	ev_io_set(&c->io, c->fd, EV_READ);
	ev_io_start(c->pool->loop, &c->io);
	return 0;
}

static void
want_events(struct child *c, int events)
{
	ev_io_stop(c->pool->loop, &c->io);
	ev_io_set(&c->io, c->fd, events);
	ev_io_start(c->pool->loop, &c->io);
}

/* 0: all that can be done now is done. */
static int
child_send(struct child *c)
{
	const struct nv_buf *b = &c->job->request;

	while (c->sent < b->bytes) {
		ssize_t n =
			send(c->fd, b->data + c->sent, b->bytes - c->sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		c->sent += (size_t)n;
	}
	want_events(c, EV_READ);
	return 0;
}

static void
child_answered(struct child *c)
{
	struct scr_pool *pool = c->pool;
	struct scr_job *job = c->job;
	json_t *all = json_loadb(c->reply.data + 4, c->reply.bytes - 4, 0, NULL);
	json_t *data = json_is_true(json_object_get(all, "ok"))
			       ? json_incref(json_object_get(all, "data"))
			       : NULL;
	const char *why = json_string_value(json_object_get(all, "error"));
	bool broken = !data && !why;

	c->job = NULL;
	nv_buf_clear(&c->reply);
	ev_timer_stop(pool->loop, &c->deadline);
	/* A page may have left a lot of memory behind, or worse: a child that made an
	 * error is not asked again. */
	if (!data) {
		pool->broken += broken;
		child_end(c);
	}
	answer(job, data, data ? NULL : why ? why : "the page could not be read");
	json_decref(all);
	ev_timer_start(pool->loop, &pool->soon);
}

/* 1: the answer is complete; 0: not yet; negative: the child is of no use. */
static int
child_receive(struct child *c)
{
	char chunk[65536];

	for (;;) {
		ssize_t n = recv(c->fd, chunk, sizeof(chunk), 0);
		uint32_t bytes;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return 0;
		if (n <= 0 || !c->job)
			return -EPIPE;
		nv_buf_add(&c->reply, chunk, (size_t)n);
		if (c->reply.error)
			return -ENOBUFS;
		if (c->reply.bytes < sizeof(bytes))
			continue;
		memcpy(&bytes, c->reply.data, sizeof(bytes));
		if (c->reply.bytes > sizeof(bytes) + bytes)
			return -EBADMSG;
		if (c->reply.bytes == sizeof(bytes) + bytes)
			return 1;
	}
}

static void
on_io(struct ev_loop *loop, struct ev_io *w, int revents)
{
	struct child *c = w->data;
	int rc = 0;

	(void)loop;
	if (revents & EV_WRITE)
		rc = child_send(c);
	/* What it says before it dies is read first: an answer is an answer. */
	if (revents & EV_READ)
		rc = child_receive(c);
	if (rc > 0)
		child_answered(c);
	else if (rc < 0)
		child_broke(c,
			"the page broke the program that reads pages (it took too much "
			"memory or time)");
}

static void
on_deadline(struct ev_loop *loop, struct ev_timer *w, int revents)
{
	(void)loop;
	(void)revents;
	child_broke(w->data, "reading the page took too long");
}

static void
give(struct child *c)
{
	struct scr_pool *pool = c->pool;

	if (c->pid == 0) {
		int rc = child_start(c);

		if (rc < 0) {
			char why[128];

			(void)snprintf(why, sizeof(why),
				"nova-scrape-parse cannot be started: %s", strerror(-rc));
			answer(take(pool), NULL, why);
			return;
		}
	}
	c->job = take(pool);
	c->sent = 0;
	want_events(c, EV_READ | EV_WRITE);
	ev_timer_set(&c->deadline, (double)SCR_POOL_DEADLINE_MS / 1000, 0);
	ev_timer_start(pool->loop, &c->deadline);
}

static void
drop_cancelled(struct scr_pool *pool)
{
	while (pool->first && !pool->first->done)
		job_free(take(pool));
}

static void
give_out(struct scr_pool *pool)
{
	for (size_t i = 0; i < SCR_POOL_CHILDREN; i++) {
		drop_cancelled(pool);
		if (pool->first && !pool->children[i].job)
			give(&pool->children[i]);
	}
}

static void
on_soon(struct ev_loop *loop, struct ev_timer *w, int revents)
{
	(void)revents;
	ev_timer_stop(loop, w);
	give_out(w->data);
}

int
scr_pool_new(struct ev_loop *loop, const char *program, struct scr_pool **ret)
{
	struct scr_pool *pool = calloc(1, sizeof(*pool));
	char dir[NV_PATH_MAX];
	int rc = pool ? 0 : -ENOMEM;

	if (rc == 0 && !program)
		rc = nv_paths_bin_dir(dir, NULL);
	if (rc == 0) {
		int n = snprintf(pool->program, sizeof(pool->program), "%s%s",
			program ? program : dir, program ? "" : "/nova-scrape-parse");

		rc = n < 0 || (size_t)n >= sizeof(pool->program) ? -ENAMETOOLONG : 0;
	}
	if (rc < 0) {
		free(pool);
		return rc;
	}
	pool->loop = loop;
	pool->tail = &pool->first;
	ev_timer_init(&pool->soon, on_soon, 0, 0);
	pool->soon.data = pool;
	for (size_t i = 0; i < SCR_POOL_CHILDREN; i++) {
		struct child *c = &pool->children[i];

		c->pool = pool;
		c->fd = -1;
		nv_buf_init(&c->reply, SCR_POOL_REPLY_BYTES_MAX + 4);
		ev_io_init(&c->io, on_io, -1, EV_READ);
		ev_timer_init(&c->deadline, on_deadline, 0, 0);
		c->io.data = c;
		c->deadline.data = c;
	}
	*ret = pool;
	return 0;
}

void
scr_pool_free(struct scr_pool *pool)
{
	if (!pool)
		return;
	ev_timer_stop(pool->loop, &pool->soon);
	for (size_t i = 0; i < SCR_POOL_CHILDREN; i++) {
		struct child *c = &pool->children[i];

		child_end(c);
		if (c->job)
			job_free(c->job);
		nv_buf_fini(&c->reply);
	}
	while (pool->first)
		job_free(take(pool));
	free(pool);
}

int
scr_pool_ask(struct scr_pool *pool, const json_t *want, const char *body, size_t bytes,
	scr_pool_done_fn *done, void *arg, struct scr_job **ret)
{
	NV_CLEANUP_FREE char *text = nv_json_line(want);
	struct scr_job *job;

	if (pool->waiting >= SCR_POOL_QUEUE_MAX)
		return -ENOBUFS;
	if (!text)
		return -ENOMEM;
	uint32_t head[2] = {(uint32_t)strlen(text), (uint32_t)bytes};

	if (head[0] > SCR_POOL_WANT_BYTES_MAX || bytes > SCR_BODY_BYTES_MAX)
		return -EFBIG;
	job = calloc(1, sizeof(*job));
	if (!job)
		return -ENOMEM;
	nv_buf_init(&job->request, sizeof(head) + head[0] + bytes);
	nv_buf_add(&job->request, head, sizeof(head));
	nv_buf_add(&job->request, text, head[0]);
	nv_buf_add(&job->request, body, bytes);
	if (job->request.error) {
		job_free(job);
		return -ENOMEM;
	}
	job->pool = pool;
	job->done = done;
	job->arg = arg;
	*pool->tail = job;
	pool->tail = &job->next;
	pool->waiting++;
	if (ret)
		*ret = job;
	ev_timer_start(pool->loop, &pool->soon);
	return 0;
}

void
scr_pool_cancel(struct scr_job *job)
{
	if (job)
		job->done = NULL;
}

uint64_t
scr_pool_broken(const struct scr_pool *pool)
{
	return pool->broken;
}
