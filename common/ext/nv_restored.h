/* STATE_DIR/restored.json: the ledger there is not the newest that there was. `novactl
 * restore` and `novactl ledger restore` leave it; the engine tells it in the ledger, and
 * a platform reads again what its vendor told since (docs/LEDGER.md). */
#ifndef NV_RESTORED_H
#define NV_RESTORED_H

#include "nv_err.h"

#include <jansson.h>

#define NV_RESTORED_ID_CHARS   32
#define NV_RESTORED_FROM_BYTES 1024

struct nv_restored {
	char id[NV_RESTORED_ID_CHARS + 1]; /* random, of this restore */
	int64_t at_ns;
	char from[NV_RESTORED_FROM_BYTES]; /* path of the backup */
	char ledger[33];                   /* id of the ledger, hexadecimal */
	char head[65];                     /* hash of its last batch, hexadecimal */
	uint64_t events;
	uint64_t batches;
	int64_t until_ns; /* of its last commit; 0: there is none */
	bool stores;      /* what the platforms keep is of then, too */
};

/* A new reference; NULL without memory. */
json_t *nv_restored_json(const struct nv_restored *r);
/* Pure: 0 or -EINVAL. */
int nv_restored_parse(const char *text, size_t bytes, struct nv_restored *ret);
/* 0, -ENOENT: nothing was ever restored here, -EINVAL: it is not what Nova writes. */
int nv_restored_read(const char *state_dir, struct nv_restored *ret);
/* To this path, durable. A new id is given to r. */
int nv_restored_write(const char *path, struct nv_restored *r);

#endif
