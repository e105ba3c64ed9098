/* Calls to platforms: one JSON line to the socket of one, one back. */
#include "line.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define ANSWER_BYTES_MAX ((size_t)64 << 20)
#define HEAD_BYTES       1024
#define AGAIN_MS         50

static int64_t
now_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* A name that needs no escape, in JSON or in a path. */
static bool
is_name(const char *text)
{
	size_t bytes = text ? strlen(text) : 0;

	return bytes > 0 && bytes < 64 && text[0] != '.' && text[0] != '-' &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_.-") == bytes;
}

static bool
is_id(const char *id)
{
	size_t n = 0;

	while (id[n] > ' ' - 1 && id[n] < 0x7f && id[n] != '"' && id[n] != '\\')
		n++;
	return !id[n] && n > 0 && n <= NOVA_ID_BYTES_MAX;
}

/* The line, with its newline; NULL with errno. */
static char *
make_request(const char *verb, const char *args, const char *id, size_t *ret_bytes)
{
	char head[HEAD_BYTES];
	int n = snprintf(head, sizeof(head), "{\"verb\":\"%s\"%s%s%s,\"args\":", verb,
		id ? ",\"id\":\"" : "", id ? id : "", id ? "\"" : "");
	size_t head_bytes = (size_t)n;
	size_t args_bytes = strlen(args);

	if (head_bytes + args_bytes + 2 > NOVA_PLATFORM_BYTES_MAX) {
		errno = EMSGSIZE;
		return NULL;
	}
	char *line = malloc(head_bytes + args_bytes + 3);

	if (!line)
		return NULL;
	memcpy(line, head, head_bytes);
	memcpy(line + head_bytes, args, args_bytes);
	/* Raw line breaks are white space in JSON, and would end the line. */
	for (char *c = line; c < line + head_bytes + args_bytes; c++) {
		if (*c == '\n' || *c == '\r')
			*c = ' ';
	}
	memcpy(line + head_bytes + args_bytes, "}\n", 3);
	*ret_bytes = head_bytes + args_bytes + 2;
	return line;
}

static int
connect_to(const char *platform)
{
	const char *dir = getenv("NOVA_PLATFORM_DIR");
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	if (!dir || !*dir)
		return -ENOENT;
	int n = snprintf(
		addr.sun_path, sizeof(addr.sun_path), "%s/%s.sock", dir, platform);

	if (n < 0 || (size_t)n >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) == 0)
		return fd;
	int rc = errno == ECONNREFUSED ? -ENOENT : -errno;

	(void)close(fd);
	return rc;
}

/* It may just be started, or started anew: nothing was sent yet, so asking again does no
 * harm. */
static int
connect_soon(const char *platform, int64_t deadline_ms)
{
	int64_t until_ms = now_ms() + NOVA_PLATFORM_START_MS;
	int fd;

	if (deadline_ms >= 0 && deadline_ms < until_ms)
		until_ms = deadline_ms;
	while ((fd = connect_to(platform)) == -ENOENT && getenv("NOVA_PLATFORM_DIR") &&
		now_ms() < until_ms)
		(void)poll(NULL, 0, AGAIN_MS);
	return fd;
}

/* deadline -1: for ever. */
static int
wait_for(int fd, short events, int64_t deadline_ms)
{
	struct pollfd p = {.fd = fd, .events = events};

	for (;;) {
		int64_t left = deadline_ms < 0 ? -1 : deadline_ms - now_ms();

		if (deadline_ms >= 0 && left <= 0)
			return -ETIMEDOUT;
		int n = poll(&p, 1, left > 3600000 ? 3600000 : (int)left);

		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
	}
}

static int
send_all(int fd, const char *data, size_t bytes, int64_t deadline_ms)
{
	while (bytes > 0) {
		ssize_t n = send(fd, data, bytes, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n > 0) {
			data += n;
			bytes -= (size_t)n;
			continue;
		}
		int rc = errno == EAGAIN  ? wait_for(fd, POLLOUT, deadline_ms)
			 : errno == EINTR ? 0
					  : -EPIPE;

		if (rc < 0)
			return rc;
	}
	return 0;
}

/* One line, without its newline; the caller's. */
static int
read_line(int fd, int64_t deadline_ms, char **ret)
{
	size_t cap = 65536;
	size_t bytes = 0;
	char *line = malloc(cap);
	int rc = line ? 0 : -ENOMEM;

	while (rc == 0) {
		if (bytes + 1 == cap) {
			char *more =
				cap < ANSWER_BYTES_MAX ? realloc(line, cap * 2) : NULL;

			if (!more) {
				rc = cap < ANSWER_BYTES_MAX ? -ENOMEM : -EPROTO;
				break;
			}
			line = more;
			cap *= 2;
		}
		rc = wait_for(fd, POLLIN, deadline_ms);
		if (rc < 0)
			break;
		ssize_t n = recv(fd, line + bytes, cap - bytes - 1, MSG_DONTWAIT);

		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			rc = -EPIPE;
		if (n <= 0)
			continue;
		char *nl = memchr(line + bytes, '\n', (size_t)n);

		bytes += (size_t)n;
		if (!nl)
			continue;
		*nl = '\0';
		*ret = line;
		return 0;
	}
	free(line);
	return rc;
}

/* 1, 0, or -EPROTO. */
static int
judge(struct nova_answer *a)
{
	size_t bytes = 0;
	const char *ok = nova_json_member(a->line, "ok", &bytes);

	if (!ok)
		return -EPROTO;
	if (bytes == 4 && memcmp(ok, "true", 4) == 0) {
		a->data = nova_json_member(a->line, "data", &a->data_bytes);
		return a->data ? 1 : -EPROTO;
	}
	const char *code = nova_json_member(a->line, "code", &bytes);
	const char *error = nova_json_member(a->line, "error", &bytes);

	a->code = code ? (int)strtol(code, NULL, 10) : 4;
	if (error && nova_json_string(error, bytes, a->error, sizeof(a->error)) < 0)
		(void)snprintf(a->error, sizeof(a->error), "%.*s",
			(int)(bytes < 500 ? bytes : 500), error);
	const char *outcome = nova_json_member(a->line, "outcome", &bytes);

	a->unknown = outcome && bytes == 9 && memcmp(outcome, "\"unknown\"", 9) == 0;
	const char *after = nova_json_member(a->line, "retry_after_s", &bytes);

	a->retry_after_s = after ? strtoll(after, NULL, 10) : 0;
	return 0;
}

int
nova_platform_call(const char *platform, const char *verb, const char *args,
	const char *id, int timeout_ms, struct nova_answer *ret)
{
	int64_t deadline_ms = timeout_ms < 0 ? -1 : now_ms() + timeout_ms;
	size_t bytes = 0;

	if (!ret || !is_name(platform) || !is_name(verb) || (id && !is_id(id)))
		return -EINVAL;
	*ret = (struct nova_answer){0};
	char *line = make_request(verb, args ? args : "{}", id, &bytes);

	if (!line)
		return -errno;
	int fd = connect_soon(platform, deadline_ms);
	int rc = fd < 0 ? fd : send_all(fd, line, bytes, deadline_ms);

	free(line);
	/* It may have refused before it read everything: then its answer is there. */
	if (rc == 0 || rc == -EPIPE)
		rc = read_line(fd, deadline_ms, &ret->line);
	if (fd >= 0)
		(void)close(fd);
	if (rc == 0)
		rc = judge(ret);
	if (rc < 0)
		nova_platform_answer_clear(ret);
	return rc;
}

void
nova_platform_answer_clear(struct nova_answer *a)
{
	if (!a)
		return;
	free(a->line);
	*a = (struct nova_answer){0};
}
