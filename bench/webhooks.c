/* Load for bench/webhooks: sends the requests of a file over so many connections, each
 * the next one when it has its answer, and says how long all of it took.
 *
 * usage: bench_webhooks PORT CONNECTIONS FILE
 * FILE: for each request its bytes as a decimal line, then the bytes themselves. */
#include "nv_clock.h"
#include "nv_fd.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_MAX 256
#define ANSWER_BYTES    4096

struct sender {
	int fd;
	bool waiting;
	size_t got;
	int64_t sent_ns;
	char answer[ANSWER_BYTES + 1];
};

static char *at; /* the next request */
static char *end;
static size_t good;
static size_t bad;
static int64_t slowest_ns;

/* False: there are no more. */
static bool
send_next(struct sender *s)
{
	char *text;

	if (at >= end)
		return false;
	size_t bytes = (size_t)strtoul(at, &text, 10);

	text++;
	if (nv_write_full(s->fd, text, bytes) < 0) {
		(void)fprintf(stderr, "bench_webhooks: the server has closed\n");
		exit(1);
	}
	at = text + bytes;
	s->waiting = true;
	s->got = 0;
	s->sent_ns = nv_mono_ns();
	return true;
}

/* Is the answer whole? */
static bool
take(struct sender *s)
{
	ssize_t n = recv(s->fd, s->answer + s->got, ANSWER_BYTES - s->got, 0);

	if (n <= 0) {
		(void)fprintf(stderr, "bench_webhooks: an answer is missing\n");
		exit(1);
	}
	s->got += (size_t)n;
	s->answer[s->got] = '\0';
	const char *body = strstr(s->answer, "\r\n\r\n");
	const char *length = strcasestr(s->answer, "\r\ncontent-length:");

	if (!body || !length || length > body ||
		s->got < (size_t)(body + 4 - s->answer) + strtoul(length + 17, NULL, 10))
		return false;
	int64_t took = nv_mono_ns() - s->sent_ns;

	slowest_ns = NV_MAX(slowest_ns, took);
	if (strncmp(s->answer, "HTTP/1.1 200", 12) == 0)
		good++;
	else
		bad++;
	s->waiting = false;
	return true;
}

static int
reach(uint16_t port)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
		perror("bench_webhooks: connect");
		exit(1);
	}
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	return fd;
}

static void
run(struct sender *senders, struct pollfd *polls, size_t n)
{
	size_t live = 0;

	for (size_t i = 0; i < n; i++)
		live += send_next(&senders[i]);
	while (live > 0) {
		if (poll(polls, n, -1) < 0)
			exit(1);
		for (size_t i = 0; i < n; i++)
			if ((polls[i].revents & POLLIN) && senders[i].waiting &&
				take(&senders[i]) && !send_next(&senders[i]))
				live--;
	}
}

int
main(int argc, char **argv)
{
	static struct sender senders[CONNECTIONS_MAX];
	static struct pollfd polls[CONNECTIONS_MAX];
	size_t bytes;
	char *data;
	size_t n = argc == 4 ? strtoul(argv[2], NULL, 10) : 0;

	if (n == 0 || n > CONNECTIONS_MAX) {
		(void)fprintf(stderr, "usage: bench_webhooks PORT CONNECTIONS FILE\n");
		return 2;
	}
	if (nv_read_file_at(-1, argv[3], (size_t)1 << 30, &data, &bytes) < 0) {
		perror(argv[3]);
		return 1;
	}
	at = data;
	end = data + bytes;
	for (size_t i = 0; i < n; i++) {
		senders[i].fd = reach((uint16_t)strtoul(argv[1], NULL, 10));
		polls[i] = (struct pollfd){.fd = senders[i].fd, .events = POLLIN};
	}
	int64_t from = nv_mono_ns();

	run(senders, polls, n);
	(void)printf("{\"ok\":%zu,\"bad\":%zu,\"seconds\":%.6f,\"slowest_ms\":%.3f}\n",
		good, bad, (double)(nv_mono_ns() - from) / 1e9, (double)slowest_ns / 1e6);
	free(data);
	return bad ? 1 : 0;
}
