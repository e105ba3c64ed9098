/* What a ledger holds, for the tests: read with its own read-only view. */
#ifndef TEST_SEEN_H
#define TEST_SEEN_H

#include "led.h"

/* Opens STATE_DIR/ledger for reading, calls fn, closes it. */
typedef void seen_fn(void *arg, struct led_view *view);
void seen_view(const char *state_dir, seen_fn *fn, void *arg);

struct seen_worker { /* figures of one worker in USD, since ever */
	struct led_totals totals;
};
void seen_worker(const char *state_dir, const char *worker, struct seen_worker *ret);
/* Events of a kind (0 = any), of a worker (NULL = any) whose line contains text (NULL =
 * any). */
uint64_t seen_events(
	const char *state_dir, enum led_kind kind, const char *worker, const char *text);
/* Quarantined lines whose reason contains text. */
uint64_t seen_rejected(const char *state_dir, const char *reason);
/* Whether verify finds the ledger sound; problems are printed. */
bool seen_sound(const char *state_dir);

#endif
