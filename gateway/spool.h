/* The bodies of verified webhooks, as they came: NDJSON files in STATE_DIR/gateway, one a
 * day and more when they grow large. A line is {"at","provider","sha256","bytes","body"},
 * or "body_base64" for what is not UTF-8. A fact in the ledger names its body by sha256.
 *
 * A body is written before its fact is said. Files are synced once a second: what a
 * killed process wrote stays, a machine that loses its power may lose the last second of
 * bodies, never of the ledger. The oldest go when they are too old or too much. */
#ifndef GW_SPOOL_H
#define GW_SPOOL_H

#include "nv_err.h"

#define GW_SPOOL_FILE_BYTES_MAX (UINT64_C(64) << 20) /* then the next one */

struct gw_spool {
	char dir[1024];
	int fd; /* owned; -1: none is open */
	char day[16];
	unsigned number;
	uint64_t bytes; /* of the open file */
	bool unsynced;
	uint64_t kept;   /* bodies, since the start */
	uint64_t failed; /* could not be written */
	uint64_t bytes_max;
	int64_t age_ms_max;
};

/* 0 or -errno with a sentence. */
int gw_spool_open(struct gw_spool *s, const char *state_dir, uint64_t bytes_max,
	int64_t age_ms_max, struct nv_err *err);
/* 0 or -errno; logged when it begins to fail. */
int gw_spool_add(struct gw_spool *s, int64_t wall_ns, const char *provider,
	const char *sha256, const char *body, size_t bytes);
void gw_spool_sync(struct gw_spool *s);
void gw_spool_fini(struct gw_spool *s);

#endif
