/* The pages of an LMDB 0.9 file (64-bit), read without LMDB: what it would not notice
 * before it is too late. LMDB trusts each page's own number, the counts, and its list of
 * free pages; a flipped bit there reads well and spoils what is written next. */
#ifndef LED_PAGES_H
#define LED_PAGES_H

#include "nv_err.h"

struct led_tree { /* MDB_db */
	uint16_t flags;
	uint16_t depth;
	uint64_t n_branch;
	uint64_t n_leaf;
	uint64_t n_overflow;
	uint64_t n_entries;
	uint64_t root; /* UINT64_MAX: empty */
};

struct led_meta_page {
	uint32_t page_bytes;
	uint64_t last_page;
	uint64_t txn;
	struct led_tree free;
	struct led_tree main;
};

/* The two meta pages as they are on the disk. They must follow each other (a commit
 * writes the page of its number's parity), and the file must be as long as the newer one
 * says. -EBADMSG with a sentence, or another error. Tries again while a writer is at
 * work. */
int led_pages_meta(const char *path, struct led_meta_page ret[2], struct nv_err *err);

/* Walks every tree and the free list of the snapshot that `meta` describes, which a read
 * transaction must be holding: each page in use once and only once, with its own number,
 * bounds and order of keys intact, none of them free. 0, -EBADMSG with the first finding,
 * -ENOMEM, -errno. */
int
led_pages_check(const char *path, const struct led_meta_page *meta, struct nv_err *err);

#endif
