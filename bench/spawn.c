/* The floor of restart latency: one child, started by vfork and exec, waited for with a
 * pidfd, killed, started again. Prints a line per round: nanoseconds from the kill to
 * the main of the next child. Usage: bench_spawn ROUNDS FIFO CHILD */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int64_t
now_ns(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static pid_t
start(const char *child, const char *fifo, int *ret_pidfd)
{
	char *argv[] = {(char *)(uintptr_t)child, (char *)(uintptr_t)fifo, NULL};
	/* This is the floor, after all: NOLINTNEXTLINE(clang-analyzer-security.*) */
	pid_t pid = vfork();
	if (pid == 0) {
		execv(child, argv);
		_exit(127);
	}
	*ret_pidfd = pid < 0 ? -1 : (int)syscall(SYS_pidfd_open, pid, 0);
	return pid;
}

/* The time the child's main began, from its line on the FIFO; -1 when it is not a line.
 */
static int64_t
began_ns(int fifo)
{
	char line[64];
	ssize_t n = read(fifo, line, sizeof(line) - 1);
	if (n <= 0)
		return -1;
	line[n] = '\0';
	const char *space = strchr(line, ' ');
	return space ? strtoll(space + 1, NULL, 10) : -1;
}

static int
round_of(const char *fifo_path, const char *child, int fifo, pid_t *pid, int *pidfd)
{
	int64_t killed = now_ns();
	if (kill(*pid, SIGKILL) < 0)
		return -errno;
	struct pollfd ended = {.fd = *pidfd, .events = POLLIN};
	siginfo_t info;
	if (poll(&ended, 1, -1) < 0 || waitid(P_PID, (id_t)*pid, &info, WEXITED) < 0)
		return -errno;
	(void)close(*pidfd);
	*pid = start(child, fifo_path, pidfd);
	if (*pid < 0 || *pidfd < 0)
		return -ECHILD;
	int64_t began = began_ns(fifo);
	if (began < 0)
		return -EIO;
	printf("%" PRId64 "\n", began - killed);
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc != 4) {
		(void)fputs("usage: bench_spawn ROUNDS FIFO CHILD\n", stderr);
		return 2;
	}
	long rounds = strtol(argv[1], NULL, 10);
	int pidfd = -1;
	/* Read and write: opening does not wait, and there is never an end of file. */
	int fifo = open(argv[2], O_RDWR | O_CLOEXEC);
	pid_t pid = fifo < 0 ? -1 : start(argv[3], argv[2], &pidfd);
	int rc = pid < 0 || began_ns(fifo) < 0 ? -EIO : 0;
	for (long i = 0; i < rounds && rc == 0; i++)
		rc = round_of(argv[2], argv[3], fifo, &pid, &pidfd);
	if (pid > 0) {
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
	}
	if (rc < 0)
		(void)fprintf(stderr, "bench_spawn: %s\n", strerror(-rc));
	return rc < 0 ? 4 : 0;
}
