#include "naive.h"

#include "led.h"
#include "nv_clock.h"
#include "nv_fd.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define READ_BYTES 65536
#define PIPES_MAX  64

struct naive {
	struct led *led;
	struct led_batch *batch;
	uint32_t worker;
	char text[PIPES_MAX][READ_BYTES];
	size_t bytes[PIPES_MAX];
};

static void
store(struct naive *n, const char *line, size_t bytes)
{
	struct led_event ev = {.kind = LED_COST,
		.worker = n->worker,
		.claimed_ns = nv_wall_ns(),
		.received_ns = nv_wall_ns(),
		.line = line,
		.line_bytes = bytes};

	if (memmem(line, bytes, "\"cost\"", 6) &&
		led_batch_event(n->batch, &ev, NULL) < 0)
		_exit(60);
}

static bool
take(struct naive *n, size_t i, int fd)
{
	char *text = n->text[i];
	ssize_t got = read(fd, text + n->bytes[i], READ_BYTES - n->bytes[i]);

	if (got <= 0)
		return false;
	n->bytes[i] += (size_t)got;
	char *line = text;
	char *end = text + n->bytes[i];

	for (char *nl; (nl = memchr(line, '\n', (size_t)(end - line))); line = nl + 1)
		store(n, line, (size_t)(nl - line));
	if (line == text && n->bytes[i] == READ_BYTES)
		line = end;
	n->bytes[i] = (size_t)(end - line);
	memmove(text, line, n->bytes[i]);
	return true;
}

static void
open_batch(struct naive *n)
{
	struct nv_err err = {0};

	if (led_batch_begin(n->led, nv_wall_ns(), &n->batch, &err) != 0)
		_exit(61);
	n->worker = led_batch_worker_id(n->batch, "naive");
}

NV_NORETURN static void
run(struct supd *s, int said)
{
	static struct naive n;
	struct pollfd pfds[PIPES_MAX] = {0};
	struct led_options opt = {.boot_id = s->boot_id};
	struct nv_err err = {0};
	char dir[300];
	size_t n_pipes = NV_MIN(s->n_streams, (size_t)PIPES_MAX);
	size_t open_pipes = n_pipes;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)snprintf(dir, sizeof(dir), "%s/ledger", s->state_dir);
	if (led_open(dir, &opt, &n.led, &err) != 0)
		_exit(62);
	if (write(said, "r", 1) != 1)
		_exit(65);
	for (size_t i = 0; i < n_pipes; i++) {
		pfds[i] =
			(struct pollfd){.fd = s->streams[i].pipe_read, .events = POLLIN};
		nv_fd_close(&s->streams[i].pipe_write);
	}
	while (open_pipes > 0) {
		open_batch(&n);
		if (poll(pfds, n_pipes, 100) < 0 && errno != EINTR)
			_exit(63);
		for (size_t i = 0; i < n_pipes; i++) {
			if (pfds[i].fd >= 0 && pfds[i].revents &&
				!take(&n, i, pfds[i].fd)) {
				pfds[i].fd = -1;
				open_pipes--;
			}
		}
		if (led_batch_commit(n.batch, &err) != 0)
			_exit(64);
	}
	led_close(n.led);
	_exit(0);
}

pid_t
naive_start(struct supd *s)
{
	int said[2];
	char byte;

	(void)fflush(stdout);
	if (pipe(said) != 0)
		die("no pipe: %s", strerror(errno));
	pid_t pid = fork();

	if (pid < 0)
		die("no fork: %s", strerror(errno));
	if (pid == 0)
		run(s, said[1]);
	(void)close(said[1]);
	/* What ended instead is told by whoever waits for it. */
	(void)!read(said[0], &byte, 1);
	(void)close(said[0]);
	return pid;
}

void
naive_kill(pid_t pid)
{
	int status;

	(void)kill(pid, SIGKILL);
	if (waitpid(pid, &status, 0) != pid)
		die("waitpid: %s", strerror(errno));
	if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
		die("the naive intake failed: %d", WEXITSTATUS(status));
}

void
naive_wait(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) ||
		WEXITSTATUS(status) != 0)
		die("the naive intake failed");
}
