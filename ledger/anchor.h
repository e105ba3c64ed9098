/* Anchors: the ledger's head, remembered by somebody else. A line says which batch was
 * the last and what its hash was; whoever has such a line can tell later that the end of
 * the ledger was cut off, or that it was rolled back, or written anew. */
#ifndef LED_ANCHOR_H
#define LED_ANCHOR_H

#include "led.h"
#include "schema.h"

struct led_anchor {
	uint8_t ledger[16];
	uint64_t batch;
	uint8_t hash[LED_HASH_BYTES]; /* of that batch */
	int64_t at_ns;                /* when it was handed out */
};
/* {"ledger":"..","batch":12,"hash":"..","at":"2026-11-22T14:05:09.123Z"}; returns the
 * length, without a newline. */
#define LED_ANCHOR_LINE_BYTES 256
size_t led_anchor_line(const struct led_anchor *a, char out[LED_ANCHOR_LINE_BYTES]);
/* The head of a view, now. -ENOENT: nothing was committed yet. */
int led_anchor_of(struct led_view *v, int64_t now_ns, struct led_anchor *ret);

#define LED_ANCHORS_MAX 1000000
struct led_anchors {
	struct led_anchor *list; /* owned; by batch */
	size_t n;
	size_t skipped; /* lines that are no anchor */
};
/* Every line with an anchor in it: what a journal or a mail puts before or after it does
 * not matter. -ENOENT and others with a sentence; -EBADMSG: there is none in it. */
int led_anchors_load(const char *path, struct led_anchors *ret, struct nv_err *err);
void led_anchors_fini(struct led_anchors *a);

#endif
