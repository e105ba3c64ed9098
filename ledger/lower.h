/* A ledger of schema 3 as one of schema 2, for a program that knows no later one. Schema
 * 3 added the events of other books (kind imported, with their postings) and, to the
 * table of categories, the sums of all workers. The first are primary: a ledger that has
 * any stays what it is. The second are derived: without them it is what schema 2 would
 * have written. */
#ifndef LED_LOWER_H
#define LED_LOWER_H

#include "nv_err.h"

/* 0, or -ENOTSUP with what stands in the way. Opens the ledger, read-only. */
int led_lower_check(const char *dir, struct nv_err *err);
/* The new file from the old one, which nobody writes; durable. dir and to_dir are where
 * they are. */
int led_lower(const char *dir, const char *from, const char *to_dir, const char *to_file,
	struct nv_err *err);

#endif
