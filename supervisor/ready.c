/* Readiness by descriptor: see ready.h. */
#include "ready.h"
#include "nv_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define READS_MAX 16 /* of one pass: one that writes for ever keeps nobody waiting */

static int
make_pipe(struct sup_ready *r)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	r->ours = fds[0];
	r->theirs = fds[1];
	(void)snprintf(r->env, sizeof(r->env), "NOVA_READY_FD=%d", SUP_READY_FD);
	return nv_fd_set_nonblock(r->ours, true);
}

/* In the worker's private directory, so that nobody else can say it for it. */
static int
make_socket(struct sup_ready *r, const char *dir, uid_t uid, gid_t gid)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int n = snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/.notify", dir);

	if (n < 0 || (size_t)n >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	r->ours = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (r->ours < 0)
		return -errno;
	if (bind(r->ours, (const struct sockaddr *)&addr, sizeof(addr)) < 0 ||
		chmod(addr.sun_path, 0600) < 0)
		return -errno;
	if ((uid != geteuid() || gid != getegid()) && lchown(addr.sun_path, uid, gid) < 0)
		return -errno;
	(void)snprintf(r->env, sizeof(r->env), "NOTIFY_SOCKET=%s", addr.sun_path);
	return 0;
}

int
sup_ready_make(
	struct sup_ready *r, enum nv_ready how, const char *dir, uid_t uid, gid_t gid)
{
	*r = (struct sup_ready){.ours = -1, .theirs = -1};
	switch (how) {
	case NV_READY_FD:
		return make_pipe(r);
	case NV_READY_NOTIFY:
		return make_socket(r, dir, uid, gid);
	default:
		return 0;
	}
}

void
sup_ready_started(struct sup_ready *r)
{
	nv_fd_close(&r->theirs);
}

void
sup_ready_fini(struct sup_ready *r, struct ev_loop *loop)
{
	if (r->ours >= 0)
		ev_io_stop(loop, &r->io);
	nv_fd_close(&r->ours);
	nv_fd_close(&r->theirs);
}

bool
sup_ready_waits(const struct sup_ready *r)
{
	int bytes = 0;

	return ioctl(r->ours, FIONREAD, &bytes) == 0 && bytes > 0;
}

enum sup_ready_word
sup_ready_read(struct sup_ready *r)
{
	char buf[256];

	for (int i = 0; i < READS_MAX; i++) {
		ssize_t n = read(r->ours, buf, sizeof(buf));

		if (n > 0 && memchr(buf, '\n', (size_t)n))
			return SUP_READY_SAID;
		if (n == 0)
			return SUP_READY_NEVER;
		if (n < 0 && errno != EINTR)
			return SUP_READY_NOTHING;
	}
	return SUP_READY_NOTHING;
}
