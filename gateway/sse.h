/* Server-sent events on a streaming answer. Nothing is queued for a client that lags: a
 * send says -EAGAIN, and `more` is called when the connection has taken everything. */
#ifndef GW_SSE_H
#define GW_SSE_H

#include "http.h"

#define GW_SSE_BEAT_S   15. /* a comment when nothing else was said */
#define GW_SSE_RETRY_MS 2000

struct gw_sse;

struct gw_sse_spec {
	void (*more)(void *arg); /* there is room again */
	void (*gone)(void *arg); /* the peer is gone, or the stream was ended for it:
				  * the gw_sse is no more */
	void *arg;
};

/* Begin the answer; call is the stream's from here on. 0, -EBUSY (answered: too many
 * streams), -ENOMEM (answered). */
int
gw_sse_begin(struct gw_call *call, const struct gw_sse_spec *spec, struct gw_sse **ret);
/* One event: event NULL = "message", id NULL = none; data may have several lines. 0,
 * -EAGAIN (nothing was said). */
int gw_sse_send(struct gw_sse *sse, const char *event, const char *id, const char *data,
	size_t bytes);
/* Only an id, which the client keeps for coming back; no event is seen. */
int gw_sse_place(struct gw_sse *sse, const char *id);
/* An event in pieces: a head, data without newlines in any number of parts, the end. Each
 * may say -EAGAIN and is said again after `more`. */
int gw_sse_open_event(struct gw_sse *sse, const char *event, const char *id);
int gw_sse_part(struct gw_sse *sse, const char *data, size_t bytes);
int gw_sse_close_event(struct gw_sse *sse);
/* End the answer; gone is not called. */
void gw_sse_end(struct gw_sse *sse);

/* Where the client was: the header Last-Event-ID, else `query` (its last_event_id, may be
 * NULL). 1 with the number, below INT64_MAX; 0 there is none; -EINVAL when it is none. */
int gw_sse_last_id(const struct gw_call *call, const char *query, uint64_t *ret);

#endif
