/* What a backup of a whole fleet needs besides the ledger: copies of other LMDB files
 * that are in use, and the hash of a file. */
#ifndef LED_COPY_H
#define LED_COPY_H

#include "nv_err.h"

#define LED_FILE_HASH_BYTES 32

/* SHA-256 of a regular file and how long it is; follows no link. */
int led_file_hash(const char *path, uint8_t ret_hash[LED_FILE_HASH_BYTES],
	uint64_t *ret_bytes, struct nv_err *err);
/* One snapshot of an LMDB file that another process may be writing, in a new file
 * (-EEXIST), without its free pages, durable. The copy is read whole before it counts:
 * -EBADMSG when the source is damaged. The file must have been made already (-ENOENT). */
int led_copy_store(const char *from, const char *to, struct nv_err *err);

#endif
