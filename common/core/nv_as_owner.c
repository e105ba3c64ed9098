/* See nv_as_owner.h. */
#include "nv_as_owner.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

struct nv_as_owner
nv_as_owner_begin(const char *path)
{
	struct nv_as_owner as = {.changed = false};
	const char *slash = strrchr(path, '/');
	char dir[PATH_MAX];
	struct stat st;
	int n = snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - path) : 1,
		slash ? path : ".");

	if (geteuid() != 0 || n <= 0 || (size_t)n >= sizeof(dir) || lstat(dir, &st) < 0)
		return as;
	/* A link of theirs to a directory of root's is theirs. */
	if (st.st_uid == 0 &&
		(!S_ISLNK(st.st_mode) || stat(dir, &st) < 0 || st.st_uid == 0))
		return as;
	int kept = errno;

	/* The group first: without root's own number there is no right to it any more. */
	as = (struct nv_as_owner){.changed = true,
		.gid = (gid_t)setfsgid(st.st_gid),
		.uid = (uid_t)setfsuid(st.st_uid)};
	errno = kept;
	return as;
}

void
nv_as_owner_end(const struct nv_as_owner *as)
{
	int kept = errno;

	if (as->changed) {
		(void)setfsuid(as->uid);
		(void)setfsgid(as->gid);
	}
	errno = kept;
}
