/* Notices in the form each kind of channel wants, and what its answers mean. Pure. Limits
 * and escapes: the vendors' own documents of Slack's incoming webhooks and mrkdwn,
 * PagerDuty's Events API v2, Discord's webhooks, Telegram's Bot API. What workers said is
 * only ever text in it: it mentions nobody, links nowhere and formats nothing. */
#ifndef ALERT_WORDING_H
#define ALERT_WORDING_H

#include "alert.h"

#define ALERT_BATCH_MAX 10 /* notices in one message */

#define ALERT_CHANNELS(X) \
	X(SLACK, "slack") \
	X(PAGERDUTY, "pagerduty") \
	X(DISCORD, "discord") \
	X(TELEGRAM, "telegram") \
	X(EMAIL, "email") \
	X(WEBHOOK, "webhook")
enum alert_channel_kind {
#define X(name, text) ALERT_TO_##name,
	ALERT_CHANNELS(X)
#undef X
		ALERT_CHANNEL_COUNT
};
const char *alert_channel_name(enum alert_channel_kind kind);

struct alert_batch {
	const struct alert_notice *list;
	size_t n;         /* at least 1 */
	uint64_t dropped; /* so many before them were not said */
	bool repeat;      /* they may have been said before: the answer was lost */
	const char *host; /* whose fleet it is */
};

/* The body of a request that says as many of these as fit, at least one: *ret_said. NULL:
 * no memory. Secrets (PagerDuty's routing key, Telegram's chat) are put in by the caller.
 * PagerDuty takes one. Of the e-mail: an object with "subject" and "text". */
json_t *alert_words(
	enum alert_channel_kind kind, const struct alert_batch *batch, size_t *ret_said);

/* What an answer means for the notices that were sent. */
enum alert_reply {
	ALERT_TAKEN,
	ALERT_LATER, /* say them again, after the server's own wait or a back-off */
	ALERT_NEVER, /* these cannot be said this way: others may */
	ALERT_DEAD   /* nothing will ever go this way, until a person mends it */
};
/* status 0: there was no answer. body: as it came; *ret_wait_ms: a wait the body names,
 * else unchanged. */
enum alert_reply alert_reply(
	enum alert_channel_kind kind, int status, const char *body, int64_t *ret_wait_ms);

/* "approve:284" or "deny:284", as the buttons have it. 0 or -EINVAL. */
int alert_button_parse(const char *data, bool *ret_approve, int64_t *ret_id);

#endif
