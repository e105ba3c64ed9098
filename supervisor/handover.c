/* From one binary to the next: see handover.h. */
#include "handover.h"
#include "fdtable.h"
#include "nv_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define ARGS_MAX  64
#define FDS_SPARE 16 /* what a program needs to be loaded, and some more */

static const char option[] = "--resume-fd";

static struct {
	int argc;
	char **argv;
} own;

void
sup_handover_init(int argc, char **argv)
{
	own.argc = argc;
	own.argv = argv;
}

/* Ours, without what our own predecessor has added, and with the number. */
static int
make_args(char *number, char *args[ARGS_MAX + 3])
{
	static char name[sizeof(option)];
	int n = 0;

	if (own.argc > ARGS_MAX)
		return -E2BIG;
	for (int i = 0; i < own.argc; i++) {
		if (strcmp(own.argv[i], option) == 0)
			i++;
		else
			args[n++] = own.argv[i];
	}
	memcpy(name, option, sizeof(name));
	args[n++] = name;
	args[n++] = number;
	args[n] = NULL;
	return 0;
}

/* A program that cannot open its libraries is the end of the fleet. */
static int
check_spare(void)
{
	int fds[FDS_SPARE];
	int n = 0;
	int rc = 0;

	while (n < FDS_SPARE && rc == 0) {
		fds[n] = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (fds[n] < 0)
			rc = -errno;
		else
			n++;
	}
	while (n > 0)
		(void)close(fds[--n]);
	return rc;
}

int
sup_handover_exec(const struct sup_shared *shared)
{
	char number[16];
	char *args[ARGS_MAX + 3];
	struct rlimit before;
	struct rlimit all;
	int rc = make_args(number, args);

	if (rc < 0)
		return rc;
	(void)snprintf(number, sizeof(number), "%d", shared->shared_fd);
	/* The table may have no free number below the limit that the user gave. */
	(void)getrlimit(RLIMIT_NOFILE, &before); /* cannot fail */
	all = before;
	all.rlim_cur = all.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &all); /* up to the hard one always works */
	rc = check_spare();
	if (rc == 0) {
		sup_fdtable_cloexec(false);
		(void)execve(shared->reexec_path, args, environ);
		rc = -errno;
		sup_fdtable_cloexec(true);
	}
	(void)setrlimit(RLIMIT_NOFILE, &before);
	return rc;
}

int
sup_handover_take(int fd, struct sup_shared **ret)
{
	struct stat st;

	sup_fdtable_cloexec(true);
	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size != (off_t)sizeof(struct sup_shared))
		return -EPROTO;
	struct sup_shared *shared =
		mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (shared == MAP_FAILED)
		return -errno;
	if (shared->version != SUP_SHARED_VERSION || shared->keeper_pid != getpid()) {
		(void)munmap(shared, sizeof(*shared));
		return -EPROTO;
	}
	shared->reexec_path[0] = '\0';
	shared->reexecs++;
	*ret = shared;
	return 0;
}
