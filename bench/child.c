/* The child of the restart benchmark: says when its main began, as nanoseconds of the
 * monotonic clock, on the FIFO named by its first argument, and waits to be killed.
 * The same program is started by novasupd and by the bare loop. */
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	if (argc != 2)
		return 2;
	int fd = open(argv[1], O_WRONLY | O_CLOEXEC);
	if (fd < 0 || dprintf(fd, "%ld %lld\n", (long)getpid(),
			      (long long)now.tv_sec * 1000000000 + now.tv_nsec) < 0)
		return 4;
	(void)close(fd);
	for (;;)
		(void)pause();
}
