/* Event streams and log pipes: see stream.h. */
#include "stream.h"
#include "nv_clock.h"
#include "nv_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

uint64_t
sup_random_base(void)
{
	uint64_t base = 0;

	while (base == 0) {
		if (getrandom(&base, sizeof(base), 0) != (ssize_t)sizeof(base))
			base = (uint64_t)nv_wall_ns() * UINT64_C(0x9e3779b97f4a7c15);
		base &= ~UINT64_C(0xffffff);
	}
	return base;
}

static int
inode_of(int fd, ino_t *ret)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	*ret = st.st_ino;
	return 0;
}

static void
close_all(struct sup_stream *s)
{
	nv_fd_close(&s->event_r);
	nv_fd_close(&s->event_w);
	nv_fd_close(&s->memfd);
	nv_fd_close(&s->control_r);
	nv_fd_close(&s->control_w);
}

static int
open_all(struct sup_stream *s)
{
	char name[64];
	int rc = nv_pipe(&s->event_r, &s->event_w, SUP_EVENT_PIPE_BYTES);

	if (rc == 0)
		rc = nv_pipe(&s->control_r, &s->control_w, 0);
	if (rc == 0)
		rc = inode_of(s->event_r, &s->event_inode);
	if (rc == 0)
		rc = nv_fd_set_nonblock(s->control_w, true);
	if (rc < 0)
		return rc;
	(void)snprintf(name, sizeof(name), "nova-stream-%llu", (unsigned long long)s->id);
	s->memfd = memfd_create(name, MFD_CLOEXEC);
	return s->memfd < 0 ? -errno : 0;
}

struct sup_stream *
sup_stream_add(struct sup_streams *all)
{
	struct sup_stream *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	if (all->tail)
		all->tail->next = s;
	else
		all->head = s;
	all->tail = s;
	all->n_streams++;
	return s;
}

int
sup_stream_new(struct sup_streams *all, uint64_t id, struct sup_stream **ret)
{
	struct sup_stream *s = sup_stream_add(all);

	if (!s)
		return -ENOMEM;
	s->id = id;
	s->event_r = s->event_w = s->memfd = s->control_r = s->control_w = -1;
	int rc = open_all(s);

	if (rc < 0) {
		sup_stream_drop(all, s);
		return rc;
	}
	*ret = s;
	return 0;
}

void
sup_stream_end(struct sup_stream *s, int ret_fds[2])
{
	s->pid = 0;
	ret_fds[0] = nv_fd_steal(&s->event_w);
	ret_fds[1] = nv_fd_steal(&s->control_r);
}

void
sup_stream_drop(struct sup_streams *all, struct sup_stream *s)
{
	struct sup_stream **at = &all->head;
	struct sup_stream *before = NULL;

	while (*at != s) {
		before = *at;
		at = &(*at)->next;
	}
	*at = s->next;
	if (all->tail == s)
		all->tail = before;
	all->n_streams--;
	close_all(s);
	free(s);
}

struct sup_stream *
sup_stream_find(const struct sup_streams *all, uint64_t id)
{
	struct sup_stream *s = all->head;

	while (s && s->id != id)
		s = s->next;
	return s;
}

const char *
sup_stream_not_closed(const struct sup_stream *s, uint64_t bytes)
{
	struct stat st;
	int waiting = 0;

	if (s->event_w >= 0)
		return "its writers are alive";
	if (fstat(s->memfd, &st) < 0 || (uint64_t)st.st_size != bytes)
		return "its memfd has another size";
	if ((s->event_r >= 0 && ioctl(s->event_r, FIONREAD, &waiting) < 0) ||
		waiting != 0)
		return "its pipe still holds bytes";
	return NULL;
}

void
sup_stream_control(const struct sup_stream *s, const char *line)
{
	size_t bytes = strlen(line);

	NV_ASSERT(bytes <= PIPE_BUF); /* so that it is written whole or not at all */
	if (s->control_w >= 0 && write(s->control_w, line, bytes) < 0)
		return; /* full or unread: the signal says the same */
}

struct sup_log *
sup_log_add(struct sup_streams *all)
{
	struct sup_log *log = calloc(1, sizeof(*log));

	if (!log)
		return NULL;
	if (all->logs_tail)
		all->logs_tail->next = log;
	else
		all->logs = log;
	all->logs_tail = log;
	all->n_logs++;
	return log;
}

int
sup_log_new(struct sup_streams *all, struct sup_log **ret)
{
	struct sup_log *log = sup_log_add(all);

	if (!log)
		return -ENOMEM;
	log->read_fd = log->write_fd = log->mem_fd = -1;
	int rc = nv_pipe(&log->read_fd, &log->write_fd, 0);

	if (rc == 0)
		rc = inode_of(log->read_fd, &log->inode);
	if (rc == 0) {
		log->mem_fd = memfd_create("nova-log", MFD_CLOEXEC);
		rc = log->mem_fd < 0 ? -errno : 0;
	}
	if (rc < 0) {
		sup_log_drop(all, log);
		return rc;
	}
	log->id = ++all->log_counter;
	*ret = log;
	return 0;
}

int
sup_log_end(struct sup_log *log)
{
	return nv_fd_steal(&log->write_fd);
}

void
sup_log_drop(struct sup_streams *all, struct sup_log *log)
{
	struct sup_log **at = &all->logs;
	struct sup_log *before = NULL;

	while (*at != log) {
		before = *at;
		at = &(*at)->next;
	}
	*at = log->next;
	if (all->logs_tail == log)
		all->logs_tail = before;
	all->n_logs--;
	nv_fd_close(&log->mem_fd);
	nv_fd_close(&log->read_fd);
	nv_fd_close(&log->write_fd);
	free(log);
}

struct sup_log *
sup_log_find(const struct sup_streams *all, uint64_t id)
{
	struct sup_log *log = all->logs;

	while (log && log->id != id)
		log = log->next;
	return log;
}

void
sup_streams_fini(struct sup_streams *all)
{
	while (all->head)
		sup_stream_drop(all, all->head);
	while (all->logs)
		sup_log_drop(all, all->logs);
}
