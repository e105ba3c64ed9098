/* Telling the service manager: see notify.h. */
#include "notify.h"
#include "nv_log.h"
#include "sup.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct sup_notify {
	int fd; /* of the relay; borrowed from shared */
	ev_timer watchdog;
};

bool
sup_notify_wanted(void)
{
	const char *path = getenv("NOTIFY_SOCKET");

	return path && (path[0] == '/' || path[0] == '@');
}

static int raw_fd = -1;

int
sup_notify_open(void)
{
	raw_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return raw_fd < 0 ? -errno : raw_fd;
}

void
sup_notify_use(int fd)
{
	raw_fd = fd;
}

void
sup_notify_send_raw(const char *text, size_t bytes)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	size_t len = path ? strlen(path) : 0;

	if (len < 2 || len >= sizeof(to.sun_path))
		return;
	memcpy(to.sun_path, path, len);
	if (to.sun_path[0] == '@')
		to.sun_path[0] = '\0'; /* the abstract name space */
	(void)sendto(raw_fd, text, bytes, MSG_NOSIGNAL | MSG_DONTWAIT,
		(struct sockaddr *)&to,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
}

void
sup_notify(struct sup *sup, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	if (!sup->notify || sup->notify->fd < 0)
		return;
	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof(text), fmt, ap);

	va_end(ap);
	if (n > 0)
		(void)send(sup->notify->fd, text, NV_MIN((size_t)n, sizeof(text) - 1),
			MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void
on_watchdog(struct ev_loop *loop, ev_timer *w, int revents)
{
	(void)loop;
	(void)revents;
	sup_notify(w->data, "WATCHDOG=1");
}

int
sup_notify_start(struct sup *sup)
{
	struct sup_notify *n = calloc(1, sizeof(*n));
	const char *usec = getenv("WATCHDOG_USEC");
	const char *pid = getenv("WATCHDOG_PID");

	if (!n)
		return -ENOMEM;
	n->fd = sup->shared->notify_fd;
	sup->notify = n;
	unsigned long long us = usec ? strtoull(usec, NULL, 10) : 0;

	/* The manager names the process it started, which is the keeper. */
	if (pid && strtol(pid, NULL, 10) != (long)sup->shared->keeper_pid)
		us = 0;
	double half = (double)us / 2e6;

	ev_timer_init(&n->watchdog, on_watchdog, half, half);
	n->watchdog.data = sup;
	if (us > 0)
		ev_timer_start(sup->loop, &n->watchdog);
	return 0;
}

void
sup_notify_stop(struct sup *sup)
{
	if (!sup->notify)
		return;
	ev_timer_stop(sup->loop, &sup->notify->watchdog);
	free(sup->notify);
	sup->notify = NULL;
}
