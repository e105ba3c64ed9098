/* Telling the service manager: see notify.h. */
#include "notify.h"
#include "nv_buf.h"
#include "nv_clock.h"
#include "nv_log.h"
#include "sup.h"

#include <errno.h>
#include <linux/futex.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define EXTEND_S         60. /* a stop that says nothing for so long is hung */
#define AGAIN_S          0.02
#define UNSAID_BYTES_MAX ((size_t)64 << 10)

struct sup_notify {
	int fd; /* of the relay; borrowed from shared */
	ev_timer watchdog;
	ev_timer extend;
	struct nv_buf unsaid; /* for which there was no room, in order, each with a NUL */
	ev_timer again;
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

static int
send_with(int fd, struct msghdr msg, const int *fds, unsigned n_fds)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(SUP_NOTIFY_FDS_MAX * sizeof(int))];
	} control = {0};

	NV_ASSERT(n_fds <= SUP_NOTIFY_FDS_MAX);
	if (n_fds > 0) {
		msg.msg_control = control.bytes;
		msg.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		struct cmsghdr *head = CMSG_FIRSTHDR(&msg);

		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(head), fds, n_fds * sizeof(int));
	}
	if (sendmsg(fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
		return 0;
	/* Too many on their way is no room either. */
	return errno == ENOBUFS || errno == ETOOMANYREFS ? -EAGAIN : -errno;
}

int
sup_notify_send_raw(const char *text, size_t bytes, const int *fds, unsigned n_fds)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	size_t len = path ? strlen(path) : 0;
	struct iovec text_at = {(void *)(uintptr_t)text, bytes};
	struct msghdr msg = {.msg_name = &to, .msg_iov = &text_at, .msg_iovlen = 1};

	if (len < 2 || len >= sizeof(to.sun_path))
		return -ENOENT;
	memcpy(to.sun_path, path, len);
	if (to.sun_path[0] == '@')
		to.sun_path[0] = '\0'; /* the abstract name space */
	msg.msg_namelen = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	return send_with(raw_fd, msg, fds, n_fds);
}

int64_t
sup_notify_watchdog_ms(pid_t keeper_pid)
{
	const char *usec = getenv("WATCHDOG_USEC");
	const char *pid = getenv("WATCHDOG_PID");

	/* The manager names the process it started, which is the keeper. */
	if (!usec || (pid && strtol(pid, NULL, 10) != (long)keeper_pid))
		return 0;
	return (int64_t)(strtoull(usec, NULL, 10) / 1000);
}

bool
sup_notify_is_beat(const char *text)
{
	return strcmp(text, SUP_NOTIFY_ALIVE) == 0 ||
	       strncmp(text, SUP_NOTIFY_EXTEND, strlen(SUP_NOTIFY_EXTEND)) == 0;
}

/* false: there is no room now. */
static bool
say(const struct sup_notify *n, const char *text)
{
	return send(n->fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT) >= 0 ||
	       (errno != EAGAIN && errno != ENOBUFS);
}

static void
say_unsaid(struct sup_notify *n)
{
	while (n->unsaid.bytes > 0 && say(n, n->unsaid.data))
		nv_buf_consume(&n->unsaid, strlen(n->unsaid.data) + 1);
}

static void
on_again(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct sup_notify *n = w->data;

	(void)revents;
	say_unsaid(n);
	if (n->unsaid.bytes == 0)
		ev_timer_stop(loop, w);
}

void
sup_notify(struct sup *sup, const char *fmt, ...)
{
	struct sup_notify *n = sup->notify;
	char text[SUP_NOTIFY_BYTES_MAX];
	va_list ap;

	if (!n || n->fd < 0)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	say_unsaid(n);
	/* A manager that never hears of READY ends the whole fleet in the end. */
	if ((n->unsaid.bytes == 0 && say(n, text)) || sup_notify_is_beat(text))
		return;
	nv_buf_add(&n->unsaid, text, strlen(text) + 1);
	if (n->unsaid.error)
		nv_error("the service manager does not listen: %s", text);
	n->unsaid.error = 0;
	ev_timer_start(sup->loop, &n->again);
}

int
sup_notify_fds(struct sup *sup, const char *text, const int *fds, unsigned n_fds)
{
	struct iovec text_at = {(void *)(uintptr_t)text, strlen(text)};
	struct msghdr msg = {.msg_iov = &text_at, .msg_iovlen = 1};

	NV_ASSERT(text_at.iov_len <= SUP_NOTIFY_BYTES_MAX);
	/* First: the keeper may have passed it on before we are back. */
	atomic_fetch_add(&sup->shared->said, 1);
	int rc = send_with(sup->shared->notify_fd, msg, fds, n_fds);

	if (rc < 0)
		atomic_fetch_sub(&sup->shared->said, 1);
	return rc;
}

void
sup_notify_await(struct sup *sup, int64_t wait_ms)
{
	struct sup_shared *shared = sup->shared;
	int64_t until = nv_mono_ms() + wait_ms;
	uint32_t said = atomic_load(&shared->said);

	for (;;) {
		uint32_t relayed = atomic_load(&shared->relayed);
		int64_t left_ms = until - nv_mono_ms();
		struct timespec left = {left_ms / 1000, left_ms % 1000 * NV_NS_PER_MS};

		if ((int32_t)(said - relayed) <= 0 || left_ms <= 0)
			return;
		(void)syscall(
			SYS_futex, &shared->relayed, FUTEX_WAIT, relayed, &left, NULL, 0);
	}
}

static void
on_watchdog(struct ev_loop *loop, ev_timer *w, int revents)
{
	(void)loop;
	(void)revents;
	sup_notify(w->data, SUP_NOTIFY_ALIVE);
}

static void
on_extend(struct ev_loop *loop, ev_timer *w, int revents)
{
	(void)loop;
	(void)revents;
	sup_notify(w->data, SUP_NOTIFY_EXTEND "%lld", (long long)(EXTEND_S * 1e6));
}

void
sup_notify_stopping(struct sup *sup)
{
	if (!sup->notify || ev_is_active(&sup->notify->extend))
		return;
	on_extend(sup->loop, &sup->notify->extend, 0);
	ev_timer_start(sup->loop, &sup->notify->extend);
}

int
sup_notify_start(struct sup *sup)
{
	struct sup_notify *n = calloc(1, sizeof(*n));

	if (!n)
		return -ENOMEM;
	n->fd = sup->shared->notify_fd;
	sup->notify = n;
	int64_t ms = n->fd < 0 ? 0 : sup_notify_watchdog_ms(sup->shared->keeper_pid);
	double beat_s = (double)ms / 1000 / SUP_NOTIFY_BEATS;

	ev_timer_init(&n->watchdog, on_watchdog, beat_s, beat_s);
	ev_timer_init(&n->extend, on_extend, EXTEND_S / 3, EXTEND_S / 3);
	n->watchdog.data = n->extend.data = sup;
	nv_buf_init(&n->unsaid, UNSAID_BYTES_MAX);
	ev_timer_init(&n->again, on_again, AGAIN_S, AGAIN_S);
	n->again.data = n;
	if (ms > 0) {
		on_watchdog(sup->loop, &n->watchdog, 0);
		ev_timer_start(sup->loop, &n->watchdog);
	}
	return 0;
}

void
sup_notify_stop(struct sup *sup)
{
	if (!sup->notify)
		return;
	ev_timer_stop(sup->loop, &sup->notify->watchdog);
	ev_timer_stop(sup->loop, &sup->notify->extend);
	ev_timer_stop(sup->loop, &sup->notify->again);
	say_unsaid(sup->notify);
	nv_buf_fini(&sup->notify->unsaid);
	free(sup->notify);
	sup->notify = NULL;
}
