/* The floor of the side-by-side benchmark: what any supervisor on this machine has to do,
 * and nothing else. Two programs in one:
 *
 * usage: bench_floor keep N PROGRAM ARGS...   N children by vfork and exec, a pidfd each,
 *                                             one epoll; who dies is started again
 *        bench_floor time N PROGRAM ARGS...   run it N times, output thrown away; a line
 *                                             each: nanoseconds from start to end, exit
 * code bench_floor under PROCS FIFO PROGRAM ARGS... run it below this process, which gets
 * all its orphans, so that whatever it starts can be found again; PROCS: cgroup.procs
 * file to join, or "-"; on the FIFO: when it began */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct child {
	pid_t pid;
	int pidfd;
};

static int64_t
now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* This is the floor, after all: two system calls after vfork.
 * NOLINTBEGIN(clang-analyzer-security.*,clang-analyzer-unix.Vfork) */
static pid_t
start(char **argv, int null_fd)
{
	pid_t parent = getpid();
	pid_t pid = vfork();

	if (pid == 0) {
		if (null_fd >= 0 && dup2(null_fd, STDOUT_FILENO) < 0)
			_exit(127);
		if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || getppid() != parent)
			_exit(127);
		execv(argv[0], argv);
		_exit(127);
	}
	return pid;
}
/* NOLINTEND(clang-analyzer-security.*,clang-analyzer-unix.Vfork) */

static int
start_watched(struct child *c, char **argv, int epoll)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};

	c->pid = start(argv, -1);
	c->pidfd = c->pid < 0 ? -1 : (int)syscall(SYS_pidfd_open, c->pid, 0);
	if (c->pidfd < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, c->pidfd, &ev) < 0)
		return -errno;
	return 0;
}

static int
keep(long n, char **argv)
{
	struct child *children = calloc((size_t)n, sizeof(*children));
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	int rc = children && epoll >= 0 ? 0 : -ENOMEM;

	for (long i = 0; i < n && rc == 0; i++)
		rc = start_watched(&children[i], argv, epoll);
	while (rc == 0) {
		struct epoll_event events[64];
		int seen = epoll_wait(epoll, events, 64, -1);

		for (int i = 0; i < seen && rc == 0; i++) {
			struct child *c = events[i].data.ptr;
			siginfo_t info;

			if (waitid(P_PID, (id_t)c->pid, &info, WEXITED) < 0)
				rc = -errno;
			(void)close(c->pidfd);
			if (rc == 0)
				rc = start_watched(c, argv, epoll);
		}
		if (seen < 0 && errno != EINTR)
			rc = -errno;
	}
	free(children);
	return rc;
}

static int
time_it(long n, char **argv)
{
	int null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	for (long i = 0; i < n; i++) {
		int64_t began = now_ns();
		pid_t pid = start(argv, null_fd);
		int status;

		if (pid < 0 || waitpid(pid, &status, 0) < 0)
			return -errno;
		printf("%" PRId64 " %d\n", now_ns() - began,
			WIFEXITED(status) ? WEXITSTATUS(status) : 128);
	}
	return 0;
}

static int
join(const char *procs)
{
	int fd = strcmp(procs, "-") == 0 ? -1 : open(procs, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return strcmp(procs, "-") == 0 ? 0 : -errno;
	return write(fd, "0", 1) < 0 ? -errno : 0;
}

static int
under(const char *procs, const char *fifo, char **argv)
{
	struct {
		int64_t ns;
		int64_t pid;
	} began = {.pid = getpid()};
	int rc = join(procs);
	int fd = open(fifo, O_WRONLY | O_CLOEXEC);

	if (rc < 0 || fd < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		return rc < 0 ? rc : -errno;
	began.ns = now_ns();
	if (write(fd, &began, sizeof(began)) < 0 || start(argv, -1) < 0)
		return -errno;
	for (;;) {
		if (wait(NULL) < 0 && errno != EINTR)
			return 0;
	}
}

int
main(int argc, char **argv)
{
	long n = argc > 3 ? strtol(argv[2], NULL, 10) : 0;
	int rc = -EINVAL;

	if (n > 0 && strcmp(argv[1], "keep") == 0)
		rc = keep(n, argv + 3);
	else if (n > 0 && strcmp(argv[1], "time") == 0)
		rc = time_it(n, argv + 3);
	else if (argc > 4 && strcmp(argv[1], "under") == 0)
		rc = under(argv[2], argv[3], argv + 4);
	if (rc == -EINVAL)
		(void)fputs("usage: bench_floor keep|time N PROGRAM ARGS...\n"
			    "       bench_floor under PROCS FIFO PROGRAM ARGS...\n",
			stderr);
	else if (rc < 0)
		(void)fprintf(stderr, "bench_floor: %s\n", strerror(-rc));
	return rc < 0 ? 4 : 0;
}
