/* The service of the side-by-side benchmark: says when its main began (a record of 16
 * bytes on a FIFO: nanoseconds of the monotonic clock, pid), and waits to be killed. It
 * is static, so that the loader is in nobody's figures, and the same for every
 * supervisor.
 *
 * usage: bench_stamp FIFO            a service in the foreground
 *        bench_stamp FIFO PIDFILE    the same as a daemon, for who wants it so
 *        BENCH_FIFO=FIFO bench_stamp for a supervisor that gives no arguments
 * BENCH_READY_FD=N: and a newline to descriptor N when it is ready. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

struct record {
	int64_t ns;
	int64_t pid;
};

static int64_t
now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static int
become_daemon(const char *pidfile)
{
	char path[4096];
	pid_t pid = fork();

	if (pid < 0)
		return -1;
	if (pid > 0)
		_exit(0);
	(void)setsid();
	(void)snprintf(path, sizeof(path), "%s.new", pidfile);
	FILE *f = fopen(path, "we");

	if (!f || fprintf(f, "%ld\n", (long)getpid()) < 0 || fclose(f) != 0)
		return -1;
	return rename(path, pidfile);
}

int
main(int argc, char **argv)
{
	struct record r = {.ns = now_ns()};
	const char *path = getenv("BENCH_FIFO"); /* s6 has arguments of its own */
	const char *ready = getenv("BENCH_READY_FD");

	if (!path && argc > 1)
		path = argv[1];
	if (!path)
		return 2;
	if (argc > 2 && !ready) {
		if (become_daemon(argv[2]) < 0)
			return 4;
		r.ns = now_ns(); /* the service is the daemon */
	}
	r.pid = getpid();
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, &r, sizeof(r)) != (ssize_t)sizeof(r))
		return 4;
	(void)close(fd);
	if (ready && write((int)strtol(ready, NULL, 10), "\n", 1) != 1)
		return 4;
	for (;;)
		(void)pause();
}
