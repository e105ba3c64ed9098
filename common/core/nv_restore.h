/* The last step of putting a backup into a state directory, which must happen as a whole
 * although a directory that is a mount point cannot be exchanged for another one.
 *
 * Whoever restores makes everything ready in STATE_DIR/restore.part: each item under its
 * own name, or an empty file "absent.NAME" for one that the restored fleet does not have,
 * and in the file "before" the name of the directory that is to keep what stood there. A
 * rename to STATE_DIR/restore.ready is the moment it counts: from then on
 * nv_restore_finish, called by whoever comes next (novactl restore itself, novasupd
 * before anything else), moves the items into place. A kill before that moment leaves the
 * old state, one after it the new one. */
#ifndef NV_RESTORE_H
#define NV_RESTORE_H

#include "nv_err.h"

#define NV_RESTORE_PART   "restore.part"
#define NV_RESTORE_READY  "restore.ready"
#define NV_RESTORE_BEFORE "before"
#define NV_RESTORE_ABSENT "absent."
/* What was restored, and until when it is known: see docs/LEDGER.md. */
#define NV_RESTORED_FILE "restored.json"
#define NV_RESTORE_NAME  64 /* bytes of a "before" name, with the NUL */

/* 1: a restore was finished and what stood there before is in STATE_DIR/ret_before ("":
 * there was nothing); 0: there was none to finish. -EBADMSG: restore.ready is not what
 * restore makes. */
int nv_restore_finish(
	const char *state_dir, char ret_before[NV_RESTORE_NAME], struct nv_err *err);

#endif
