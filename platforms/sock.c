/* The socket: see sock.h. */
#include "sock.h"
#include "nv_accept.h"
#include "nv_fd.h"
#include "nv_log.h"
#include "who.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG   128
#define PEERPIDFD 77 /* SO_PEERPIDFD: headers of Debian 12 do not know it */

struct plat_sock {
	int fd; /* owned: listening; -1 */
	struct nv_accept accept;
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	struct plat_client *clients; /* owned */
	unsigned n_clients;
	size_t in_bytes; /* of all */
};

static bool client_go_on(struct plat_client *c);

static void
client_free(struct plat_client *c)
{
	struct plat *p = c->plat;
	struct plat_client **link = &p->sock->clients;

	while (*link != c)
		link = &(*link)->next;
	*link = c->next;
	p->sock->n_clients--;
	p->sock->in_bytes -= c->request.bytes;
	plat_call_forget(p, c);
	plat_who_forget(p, c);
	ev_io_stop(p->loop, &c->in);
	ev_io_stop(p->loop, &c->out);
	ev_timer_stop(p->loop, &c->idle);
	nv_fd_close(&c->fd);
	nv_fd_close(&c->pidfd);
	nv_buf_fini(&c->request);
	nv_buf_fini(&c->answer);
	free(c);
	plat_check_end(p);
}

/* Sends what the socket takes. False: the client is gone. */
static bool
client_send(struct plat_client *c)
{
	struct ev_loop *loop = c->plat->loop;

	while (c->answer.bytes > 0) {
		ssize_t n = send(c->fd, c->answer.data, c->answer.bytes,
			MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0) {
			client_free(c);
			return false;
		}
		nv_buf_consume(&c->answer, (size_t)n);
		ev_timer_again(loop, &c->idle);
	}
	if (c->answer.bytes > 0) {
		ev_io_start(loop, &c->out);
		return true;
	}
	ev_io_stop(loop, &c->out);
	if (!c->closing)
		return true;
	client_free(c);
	return false;
}

static void
answer_put(struct plat_client *c, const char *line)
{
	nv_buf_puts(&c->answer, line);
	nv_buf_puts(&c->answer, "\n");
	if (!c->answer.error)
		return;
	nv_buf_fini(&c->answer);
	nv_buf_init(&c->answer, 4096);
	nv_buf_puts(&c->answer, "{\"ok\":false,\"code\":4,\"error\":\"the answer is too "
				"large\"}\n");
}

void
plat_client_answer(struct plat_client *c, const char *line)
{
	c->busy = false;
	answer_put(c, line);
	if (c->plat->ending)
		c->closing = true;
	ev_timer_again(c->plat->loop, &c->idle);
	/* The next line begins when the loop comes round: a caller may be deep in a
	 * call of this very client. */
	ev_io_start(c->plat->loop, &c->out);
}

/* The next whole line, if the last one has been answered. False: the client is gone. */
static bool
client_go_on(struct plat_client *c)
{
	struct plat *p = c->plat;

	if (c->busy || c->answer.bytes > 0 || c->closing)
		return true;
	const char *nl = c->request.bytes > 0
				 ? memchr(c->request.data, '\n', c->request.bytes)
				 : NULL;

	if (!nl) {
		if (c->request.bytes <= PLAT_LINE_BYTES_MAX) {
			ev_io_start(p->loop, &c->in);
			return true;
		}
		answer_put(c, "{\"ok\":false,\"code\":2,\"error\":\"a request is at most "
			      "8 MiB\"}");
		c->closing = true;
		ev_io_stop(p->loop, &c->in);
		return client_send(c);
	}
	size_t bytes = (size_t)(nl - c->request.data);

	c->busy = true;
	/* Its connection stays as long as its call takes. */
	ev_timer_stop(p->loop, &c->idle);
	if (!c->known) {
		plat_who_ask(p, c); /* plat_client_known comes back to the line */
		return true;
	}
	/* Not strndup: a NUL is a byte of the line like any other. */
	NV_CLEANUP_FREE char *line = malloc(bytes + 1);

	if (line) {
		memcpy(line, c->request.data, bytes);
		line[bytes] = '\0';
	}

	p->sock->in_bytes -= bytes + 1;
	nv_buf_consume(&c->request, bytes + 1);
	if (line)
		plat_call_line(p, c, line, bytes, c->agent, c->person, c->uid);
	else
		plat_client_answer(c, "{\"ok\":false,\"code\":4,\"error\":\"out of "
				      "memory\"}");
	return true;
}

void
plat_client_known(struct plat_client *c, const char *agent, bool person, const char *why)
{
	if (why) {
		struct nv_buf text;

		nv_buf_init(&text, 4096);
		nv_buf_puts(&text, "{\"ok\":false,\"code\":1,\"outcome\":\"refused\","
				   "\"error\":");
		nv_buf_put_json(&text, why, strlen(why));
		nv_buf_puts(&text, "}");
		c->closing = true;
		plat_client_answer(c, text.data);
		nv_buf_fini(&text);
		return;
	}
	(void)snprintf(c->agent, sizeof c->agent, "%s", agent);
	c->person = person;
	c->known = true;
	c->busy = false;
	(void)client_go_on(c);
}

/* ---- events ---- */

static void
on_readable(struct ev_loop *loop, ev_io *io, int revents)
{
	struct plat_client *c = io->data;
	struct plat_sock *sock = c->plat->sock;
	char bytes[65536];
	size_t room = PLAT_LINE_BYTES_MAX + 2 - c->request.bytes;

	(void)revents;
	if (room == 0) { /* more requests than it reads answers */
		ev_io_stop(loop, io);
		return;
	}
	ssize_t n = recv(c->fd, bytes, NV_MIN(sizeof bytes, room), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0 || sock->in_bytes + (size_t)n > PLAT_IN_BYTES_MAX) {
		client_free(c);
		return;
	}
	if (!c->busy)
		ev_timer_again(loop, &c->idle);
	nv_buf_add(&c->request, bytes, (size_t)n);
	if (c->request.error) {
		client_free(c);
		return;
	}
	sock->in_bytes += (size_t)n;
	(void)client_go_on(c);
}

static void
on_writable(struct ev_loop *loop, ev_io *io, int revents)
{
	struct plat_client *c = io->data;

	(void)loop;
	(void)revents;
	if (client_send(c))
		(void)client_go_on(c);
}

static void
on_idle(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct plat_client *c = timer->data;

	(void)loop;
	(void)revents;
	client_free(c);
}

static void
refuse(int fd, const char *why)
{
	char line[200];
	int n = snprintf(
		line, sizeof line, "{\"ok\":false,\"code\":4,\"error\":\"%s\"}\n", why);

	/* As a courtesy: nobody waits for it to arrive. */
	(void)!send(fd, line, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* The process that connected, and no later one of its number: the kernel keeps it with
 * the socket since Linux 6.5. Older ones are asked at once. Negative: it is gone. */
static int
pidfd_of_peer(int fd, pid_t pid)
{
	int pidfd = -1;
	socklen_t bytes = sizeof pidfd;

	if (getsockopt(fd, SOL_SOCKET, PEERPIDFD, &pidfd, &bytes) == 0)
		return pidfd;
	return errno == ENOPROTOOPT ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
}

static void
on_accept(void *arg, int accepted)
{
	struct plat *p = arg;
	struct plat_sock *sock = p->sock;
	struct ucred cred;
	socklen_t bytes = sizeof cred;
	NV_CLEANUP_FD fd = accepted;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &bytes) < 0)
		return;
	struct plat_client *c =
		sock->n_clients < PLAT_CLIENTS_MAX ? calloc(1, sizeof *c) : NULL;

	if (!c) {
		refuse(fd, "too many connections");
		return;
	}
	c->plat = p;
	c->pid = cred.pid;
	c->uid = cred.uid;
	c->pidfd = pidfd_of_peer(fd, cred.pid);
	c->fd = nv_fd_steal(&fd);
	nv_buf_init(&c->request, PLAT_LINE_BYTES_MAX + 4);
	nv_buf_init(&c->answer, PLAT_ANSWER_BYTES_MAX);
	ev_io_init(&c->in, on_readable, c->fd, EV_READ);
	ev_io_init(&c->out, on_writable, c->fd, EV_WRITE);
	ev_timer_init(&c->idle, on_idle, 0., PLAT_IDLE_S);
	c->in.data = c->out.data = c->idle.data = c;
	c->next = sock->clients;
	sock->clients = c;
	sock->n_clients++;
	ev_io_start(p->loop, &c->in);
	ev_timer_again(p->loop, &c->idle);
}

/* ---- open and close ---- */

static int
bind_at(struct plat_sock *sock, struct nv_err *err)
{
	/* The store's lock says that we are the only one of this name: what lies there
	 * is dead. */
	sock->fd = nv_listen_unix(sock->path, SOCK_STREAM, 0666, BACKLOG);
	return sock->fd < 0 ? nv_err_set(err, sock->fd, "%s cannot be bound: %s",
				      sock->path, strerror(-sock->fd))
			    : 0;
}

int
plat_sock_open(struct plat *p, struct nv_err *err)
{
	struct plat_sock *sock = calloc(1, sizeof *sock);
	char dir[NV_PATH_MAX];
	int rc = 0;

	if (!sock)
		return nv_err_set(err, -ENOMEM, "no memory");
	sock->fd = -1;
	p->sock = sock;
	if (snprintf(dir, sizeof dir, "%s/platform", p->paths.run_dir) >=
			(int)sizeof dir ||
		snprintf(sock->path, sizeof sock->path, "%s/%s.sock", dir,
			p->kind->name) >= (int)sizeof sock->path)
		return nv_err_set(err, -ENAMETOOLONG,
			"%s: the path of a socket has at most %zu bytes",
			p->paths.run_dir, sizeof sock->path - 1);
	if ((rc = nv_mkdir_p(dir, 0755)) < 0)
		return nv_err_set(err, rc, "%s cannot be made: %s", dir, strerror(-rc));
	if ((rc = bind_at(sock, err)) < 0)
		return rc;
	nv_accept_start(&sock->accept, p->loop, sock->fd, on_accept, p);
	return 0;
}

void
plat_sock_end(struct plat *p)
{
	struct plat_sock *sock = p->sock;
	struct plat_client *next;

	if (sock->fd < 0)
		return;
	nv_accept_stop(&sock->accept);
	nv_fd_close(&sock->fd);
	(void)unlink(sock->path);
	for (struct plat_client *c = sock->clients; c; c = next) {
		next = c->next;
		c->closing = true;
		if (!c->busy && c->answer.bytes == 0)
			client_free(c);
	}
}

void
plat_sock_close(struct plat *p)
{
	if (!p->sock)
		return;
	plat_sock_end(p);
	while (p->sock->clients)
		client_free(p->sock->clients);
	free(p->sock);
	p->sock = NULL;
}

unsigned
plat_sock_clients(const struct plat *p)
{
	return p->sock ? p->sock->n_clients : 0;
}
