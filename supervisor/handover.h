/* The keeper executes another binary and stays what it is: same pid, same children, same
 * descriptors. */
#ifndef SUP_HANDOVER_H
#define SUP_HANDOVER_H

#include "shared.h"

/* Arguments of this program, for the next one; borrowed for life. */
void sup_handover_init(int argc, char **argv);
/* Executes shared->reexec_path. Returns only when that fails: -errno, and everything is
 * as it was. */
int sup_handover_exec(const struct sup_shared *shared);
/* The next program: the memory that its predecessor has left in fd. 0, or -EPROTO when it
 * is of another version; -errno. */
int sup_handover_take(int fd, struct sup_shared **ret);

#endif
