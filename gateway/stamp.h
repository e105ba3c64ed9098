/* By what a change of a file is seen without reading it: files that matter here are
 * replaced, never written in place. */
#ifndef GW_STAMP_H
#define GW_STAMP_H

#include "nv_base.h"

#include <sys/types.h>
#include <time.h>

struct gw_stamp {
	ino_t inode; /* 0: the file is not there */
	off_t bytes;
	struct timespec modified;
	struct timespec changed;
};

/* Take it before the file is read: a change in between is seen the next time. Follows
 * links, as certificates of the day are links. */
struct gw_stamp gw_stamp_look(const char *path);
bool gw_stamp_same(const struct gw_stamp *a, const struct gw_stamp *b);

#endif
