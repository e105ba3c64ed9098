/* Which Nova a program is: see nv_version.h. */
#include "nv_version.h"
#include "nv_base.h"
#include "nv_fd.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define WHAT  "@(#)"
#define AGENT "nova/"
/* Programs of Nova are some MiB; what is larger is somebody else's. */
#define FILE_BYTES_MAX (256 << 20)

/* Whole in the file, though only its end is used: pointers lead into it. */
static const char mark[] = WHAT AGENT NOVA_VERSION;

static_assert(sizeof(NOVA_VERSION) > 1 && sizeof(NOVA_VERSION) <= NV_VERSION_MAX,
	"a version is short, and not empty");

const char *
nv_user_agent(void)
{
	return mark + sizeof(WHAT) - 1;
}

const char *
nv_version(void)
{
	return mark + sizeof(WHAT AGENT) - 1;
}

static int
find(const char *text, size_t bytes, char ret[NV_VERSION_MAX])
{
	const char *end = text + bytes;
	const char *at = text;

	/* The mark of others too: what(1) is old. */
	while ((at = memmem(at, (size_t)(end - at), WHAT, sizeof(WHAT) - 1))) {
		at += sizeof(WHAT) - 1;
		size_t left = (size_t)(end - at);
		size_t n = strnlen(at, NV_MIN(left, sizeof(AGENT) + NV_VERSION_MAX));

		if (n < sizeof(AGENT) || n == left ||
			n >= sizeof(AGENT) - 1 + NV_VERSION_MAX ||
			memcmp(at, AGENT, sizeof(AGENT) - 1) != 0)
			continue;
		memcpy(ret, at + sizeof(AGENT) - 1, n - sizeof(AGENT) + 2);
		return 0;
	}
	return -ENODATA;
}

int
nv_version_of_file(const char *path, char ret[NV_VERSION_MAX])
{
	struct stat st;
	NV_CLEANUP_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size <= 0 || st.st_size > FILE_BYTES_MAX)
		return -ENODATA;
	size_t bytes = (size_t)st.st_size;
	char *text = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, fd, 0);

	if (text == MAP_FAILED)
		return -errno;
	int rc = find(text, bytes, ret);

	(void)munmap(text, bytes);
	return rc;
}
