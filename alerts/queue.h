/* What one channel still has to say: notices in order, bounded, coalesced. Pure. The
 * first ones may be on their way (locked): they stay as they are until they are taken or
 * come back. */
#ifndef ALERT_QUEUE_H
#define ALERT_QUEUE_H

#include "alert.h"

#define ALERT_QUEUE_MAX 200

struct alert_queue {
	struct alert_notice *list; /* owned */
	size_t n;
	size_t locked;
	size_t maybe;     /* the first ones may have been said, and nobody heard it */
	uint64_t dropped; /* for want of room, since the last one that was said */
};

void alert_queue_fini(struct alert_queue *queue);
/* An alert that is over before anybody can have been told of it is not mentioned at all;
 * what is said again replaces what waits. When it is full the oldest goes, and is
 * counted. 0 or -ENOMEM. */
int alert_queue_add(struct alert_queue *queue, const struct alert_notice *notice);
/* The first n are on their way. */
void alert_queue_lock(struct alert_queue *queue, size_t n);
/* They were taken (or never will be): they are gone. */
void alert_queue_taken(struct alert_queue *queue);
/* They come back: to be sent again. maybe: they may have been said all the same. */
void alert_queue_back(struct alert_queue *queue, bool maybe);
json_t *alert_queue_save(const struct alert_queue *queue); /* NULL: no memory */
/* Whatever was saved may have been on its way when its process died. 0 or -ENOMEM. */
int alert_queue_load(struct alert_queue *queue, const json_t *saved);

#endif
