/* The queue of a channel: see queue.h. */
#include "queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void
alert_queue_fini(struct alert_queue *queue)
{
	free(queue->list);
	*queue = (struct alert_queue){0};
}

static void
take_out(struct alert_queue *queue, size_t at)
{
	queue->n--;
	queue->maybe -= at < queue->maybe;
	memmove(&queue->list[at], &queue->list[at + 1],
		(queue->n - at) * sizeof(*queue->list));
}

/* What waits about this alert; n when nothing does. */
static size_t
waiting(const struct alert_queue *queue, const char *key)
{
	for (size_t i = queue->n; i > queue->locked; i--)
		if (strcmp(queue->list[i - 1].alert.key, key) == 0)
			return i - 1;
	return queue->n;
}

int
alert_queue_add(struct alert_queue *queue, const struct alert_notice *notice)
{
	size_t at = waiting(queue, notice->alert.key);

	if (!queue->list) {
		queue->list = calloc(ALERT_QUEUE_MAX, sizeof(*queue->list));
		if (!queue->list)
			return -ENOMEM;
	}
	if (at < queue->n) {
		enum alert_event before = queue->list[at].event;
		bool over = notice->event == ALERT_RESOLVED;
		bool told = before == ALERT_RAISED && at < queue->maybe;

		if (over && before == ALERT_RAISED && !told) {
			take_out(queue, at);
			return 0;
		}
		if (before != ALERT_RESOLVED && !(over && told)) {
			queue->list[at] = *notice;
			if (notice->event == ALERT_AGAIN)
				queue->list[at].event = before;
			return 0;
		}
	}
	if (queue->n == ALERT_QUEUE_MAX) {
		take_out(queue, queue->locked < queue->n ? queue->locked : queue->n - 1);
		queue->dropped++;
	}
	queue->list[queue->n++] = *notice;
	return 0;
}

void
alert_queue_lock(struct alert_queue *queue, size_t n)
{
	queue->locked = NV_MIN(n, queue->n);
}

void
alert_queue_taken(struct alert_queue *queue)
{
	queue->n -= queue->locked;
	memmove(queue->list, &queue->list[queue->locked],
		queue->n * sizeof(*queue->list));
	queue->maybe -= NV_MIN(queue->maybe, queue->locked);
	queue->locked = 0;
	queue->dropped = 0;
}

void
alert_queue_back(struct alert_queue *queue, bool maybe)
{
	if (maybe)
		queue->maybe = NV_MAX(queue->maybe, queue->locked);
	queue->locked = 0;
}

json_t *
alert_queue_save(const struct alert_queue *queue)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < queue->n; i++) {
		if (json_array_append_new(list, alert_notice_save(&queue->list[i])) !=
			0) {
			json_decref(list);
			list = NULL;
		}
	}
	return list;
}

int
alert_queue_load(struct alert_queue *queue, const json_t *saved)
{
	const json_t *one;
	size_t i;

	json_array_foreach(saved, i, one)
	{
		struct alert_notice notice;

		if (alert_notice_load(&notice, one) == 0 &&
			alert_queue_add(queue, &notice) < 0)
			return -ENOMEM;
		queue->maybe = queue->n;
	}
	return 0;
}
