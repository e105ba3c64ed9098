/* Every batch of one ledger written again into a new file: primary records as they are,
 * everything else computed. */
#ifndef LED_REPLAY_H
#define LED_REPLAY_H

#include "nv_err.h"

/* from: the file of the ledger in dir, which nobody writes; to_dir, to_file: where the
 * new one goes (the directory is there, the file is not). Synced when it returns 0.
 * -EBADMSG: the chain cannot be followed. */
int led_replay(const char *dir, const char *from, const char *to_dir, const char *to_file,
	struct nv_err *err);

/* The same as it was once: all batches that end at or before this event and were
 * committed at or before this time. NULL: all. */
struct led_until {
	uint64_t seq;  /* UINT64_MAX: any */
	int64_t at_ns; /* INT64_MAX: any */
};
int led_replay_until(const char *dir, const char *from, const char *to_dir,
	const char *to_file, const struct led_until *until, struct nv_err *err);

#endif
