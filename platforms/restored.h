/* The store of a platform beside a ledger that was restored: see restored.c. */
#ifndef PLAT_RESTORED_H
#define PLAT_RESTORED_H

#include "frame.h"

/* At a start, with the store open and nothing read from it. Once for each restore. 0, or
 * what the store says. */
int plat_restored(struct plat *p, struct nv_err *err);

#endif
