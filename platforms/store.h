/* The durable store of a platform: one LMDB file under STATE_DIR/platforms/NAME, opened
 * by one process at a time. Values are JSON text. The functions for platforms are in
 * plat.h. */
#ifndef PLAT_STORE_H
#define PLAT_STORE_H

#include "plat.h"

struct plat_store;

/* Makes the directory. -EBUSY when another process has it open. */
int plat_store_open(struct plat_store **ret, const char *state_dir, const char *name,
	struct nv_err *err);
void plat_store_close(struct plat_store *s);

#endif
