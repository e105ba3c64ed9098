/* Copies of a ledger: taken while the engine writes, put back while nobody does. Both are
 * verified whole before they get their name, and a crash at any point leaves either the
 * old state or the new one (besides a directory with a temporary name). */
#ifndef LED_BACKUP_H
#define LED_BACKUP_H

#include "led.h"

/* Write one snapshot of an open ledger to a new file (-EEXIST: it is there), without the
 * pages that are free. *ret_checked: events in it. Problems found by verify are told to
 * fn, and nothing is left then (-EBADMSG). unverified: the copy is not read again
 * (*ret_checked is 0). */
int led_backup(struct led *led, const char *file, bool unverified, led_problem_fn *fn,
	void *arg, uint64_t *ret_checked, struct nv_err *err);

/* The ledger as it was once, in a new file: see replay.h. -ENODATA: nothing had been
 * committed then. Always verified. */
struct led_until;
int led_backup_until(struct led *led, const char *file, const struct led_until *until,
	led_problem_fn *fn, void *arg, uint64_t *ret_checked, struct nv_err *err);

/* Segments of a backup FILE are in this directory beside it. */
#define LED_BACKUP_SEGMENTS ".segments"

/* Make `dir`, which is not there yet or empty, a ledger's directory with what is in the
 * backup. A segment that did not come with it is taken from old_dir (NULL: none), the
 * directory of the ledger that it was taken of. */
int led_restore(const char *file, const char *dir, const char *old_dir,
	led_problem_fn *fn, void *arg, uint64_t *ret_checked, struct nv_err *err);

/* Write the ledger anew without its free pages, prove the copy and put it in the old
 * one's place, which is removed. Sizes of the file before and after. -EBUSY: the engine
 * has it open. An interruption leaves the old one or the new one, as above. */
int led_compact(const char *dir, led_problem_fn *fn, void *arg, uint64_t *ret_before,
	uint64_t *ret_after, struct nv_err *err);

#endif
