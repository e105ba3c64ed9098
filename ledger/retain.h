/* Retention: months of events that are older than wanted go to segment files (segment.h):
 * written, synced and read back there; told of by an event; then deleted from the
 * database, a few at a time. In steps, none of which holds up the caller for long, and
 * each of which may be the last one of the process: what is told of by an event is on
 * disk, what is not is written again. The space is used for new events; `led_compact`
 * gives it back. */
#ifndef LED_RETAIN_H
#define LED_RETAIN_H

#include "segment.h"

#include "led.h"

#include <nettle/sha2.h>

#define LED_RETAIN_ROWS        256u  /* deleted in one transaction */
#define LED_RETAIN_RECORDS     2000u /* copied, or compared, in one step */
#define LED_SEGMENT_EVENTS_MAX (UINT64_C(1) << 20)

enum led_retain_state {
	LED_RETAIN_IDLE,
	LED_RETAIN_WRITE,
	LED_RETAIN_COMPARE,
	LED_RETAIN_TELL,
	LED_RETAIN_DELETE
};
struct led_retain {
	struct led *led; /* borrowed; open for writing */
	enum led_retain_state state;
	struct led_segment segment;
	uint64_t next; /* event */
	int fd;        /* of the file that is written or compared; -1 = none */
	uint64_t at;   /* in it */
	struct sha256_ctx sha;
	uint64_t *index; /* owned */
	size_t n_index;
	uint8_t *buffer; /* owned; LED_RETAIN_BUFFER bytes at least */
	size_t buffered;
	size_t buffer_cap;
};
int led_retain_open(struct led_retain *r, struct led *led);
void led_retain_close(struct led_retain *r);
/* One step towards "everything before before_ns (wall clock) is in segments": whole
 * months (UTC) only, and never the month of the newest commit. now_ns: for the event that
 * tells. 1: there is more to do; 0: nothing is left; negative: an error, with a sentence,
 * after which the next call begins the segment anew. When led_is_broken says so
 * afterwards, a commit has failed. */
int led_retain_step(
	struct led_retain *r, int64_t before_ns, int64_t now_ns, struct nv_err *err);

/* The segment that would be written next. -ENOENT: none. bytes and hash are not set. */
int led_retain_plan(struct led_view *v, int64_t before_ns, struct led_segment *ret);
/* The same after another one: for a list of all of them. */
int led_retain_plan_after(
	struct led_view *v, int64_t before_ns, uint64_t last, struct led_segment *ret);

/* Each segment there is, oldest first; non-zero ends it and is returned. */
typedef int led_segment_fn(void *arg, const struct led_segment *s);
int led_view_segments(struct led_view *v, led_segment_fn *fn, void *arg);

#endif
