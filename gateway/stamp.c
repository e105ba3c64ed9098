/* Changes of files: see stamp.h. */
#include "stamp.h"

#include <sys/stat.h>

struct gw_stamp
gw_stamp_look(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return (struct gw_stamp){0};
	return (struct gw_stamp){st.st_ino, st.st_size, st.st_mtim, st.st_ctim};
}

static bool
same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool
gw_stamp_same(const struct gw_stamp *a, const struct gw_stamp *b)
{
	return a->inode == b->inode && a->bytes == b->bytes &&
	       same_time(&a->modified, &b->modified) &&
	       same_time(&a->changed, &b->changed);
}
