/* Preloaded into nova-engine by a test: while the file named by NOVA_TEST_FAIL exists,
 * the calls that make data durable fail as a broken disk makes them fail. */
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

int fdatasync(int fd);
int fsync(int fd);

static int
is_broken(void)
{
	const char *path = getenv("NOVA_TEST_FAIL");

	return path && access(path, F_OK) == 0;
}

typedef int sync_fn(int fd);

static int
sync_or_fail(const char *name, int fd)
{
	if (is_broken()) {
		errno = EIO;
		return -1;
	}
	/* A data pointer and a function's are the same on every system with dlsym. */
	union {
		void *data;
		sync_fn *fn;
	} real = {.data = dlsym(RTLD_NEXT, name)};

	return real.fn(fd);
}

int
fdatasync(int fd)
{
	return sync_or_fail("fdatasync", fd);
}

int
fsync(int fd)
{
	return sync_or_fail("fsync", fd);
}
