/* Segment files beside a copy of a ledger: they never change, so a copy has links to them
 * where the disk is the same, and copies elsewhere. */
#ifndef LED_SHARE_H
#define LED_SHARE_H

#include "nv_err.h"

/* Every segment of directory `from` in directory `to` as well, which is made; one that is
 * there already with the same size stays, and one of another size when not `replace`:
 * books that parted have other segments of the same name. Durable when it returns. 0 also
 * when there is no `from`. */
int
led_share_segments(const char *from, const char *to, bool replace, struct nv_err *err);
/* Removes a directory of segments. */
void led_unshare_segments(const char *path);
int led_copy_file(const char *from, const char *to, struct nv_err *err);
/* Gives a directory of segments, if it is there, to a user. -errno. */
int led_give_segments(const char *path, unsigned uid, unsigned gid);

#endif
