/* Files in a directory of somebody else, opened by root as the one it belongs to: what
 * that account put there (a link in the place of a file) leads no further than the
 * account itself gets, and a file that is made belongs to it. */
#ifndef NV_AS_OWNER_H
#define NV_AS_OWNER_H

#include "nv_base.h"

#include <sys/types.h>

struct nv_as_owner {
	bool changed;
	uid_t uid;
	gid_t gid;
};

/* For this thread, until nv_as_owner_end, the owner of the directory that `path` is in is
 * the one who opens files. Nothing changes for a program that is not root's, and for a
 * directory that is root's or is not there. */
struct nv_as_owner nv_as_owner_begin(const char *path);
void nv_as_owner_end(const struct nv_as_owner *as);

#endif
