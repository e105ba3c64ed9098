/* Notices in each channel's form: see wording.h. */
#include "wording.h"

#include "nv_buf.h"
#include "nv_clock.h"
#include "nv_json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_BYTES_MAX ((size_t)64 << 10)
#define DISCORD_MAX       2000
#define TELEGRAM_MAX      4096
#define SUPPRESS_EMBEDS   4 /* a flag of Discord's messages */

static const char *const names[] = {
#define X(name, text) text,
	ALERT_CHANNELS(X)
#undef X
};

const char *
alert_channel_name(enum alert_channel_kind kind)
{
	return names[kind];
}

/* ---- a line for people ---- */

static const char *
headline(const struct alert_notice *notice)
{
	static const char *const words[] = {[ALERT_INFO] = "Note",
		[ALERT_WARNING] = "Warning",
		[ALERT_ERROR] = "Error",
		[ALERT_CRITICAL] = "Critical"};

	return notice->event == ALERT_RESOLVED ? "Over" : words[notice->alert.severity];
}

enum escape { PLAIN, SLACK, TELEGRAM, DISCORD };

#define NOTHING "\xe2\x80\x8b" /* U+200B: not seen, and no part of a link or a name */

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (unsigned char)c >= 0x80;
}

/* What clients make links and mentions of by themselves: URLs, and at Telegram names of
 * hosts and users too. What a worker said is not to lead people anywhere. */
static bool
would_link(const char *at, enum escape escape)
{
	if (strncmp(at, "://", 3) == 0)
		return true;
	return escape == TELEGRAM && (*at == '@' || (*at == '.' && is_letter(at[1])));
}

static void
put_escaped(struct nv_buf *buf, const char *text, enum escape escape)
{
	bool entities = escape == SLACK || escape == TELEGRAM;

	for (; *text; text++) {
		if (entities && *text == '&')
			nv_buf_puts(buf, "&amp;");
		else if (entities && *text == '<')
			nv_buf_puts(buf, "&lt;");
		else if (entities && *text == '>')
			nv_buf_puts(buf, "&gt;");
		else if (escape == DISCORD && strchr("\\*_~`|[]<>#", *text))
			nv_buf_printf(buf, "\\%c", *text);
		else
			nv_buf_add(buf, text, 1);
		if (escape != PLAIN && would_link(text, escape))
			nv_buf_puts(buf, NOTHING);
	}
}

static void
put_line(struct nv_buf *buf, const struct alert_notice *notice, enum escape escape)
{
	nv_buf_printf(buf, "%s%s: ", headline(notice),
		notice->event == ALERT_AGAIN ? " (still)" : "");
	put_escaped(buf, notice->alert.text, escape);
}

/* Characters, as Discord and Telegram count them: UTF-16 units, at most. */
static size_t
length_of(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80 ? 1u : 0u;
	return n + n / 8;
}

/* The lines of as many as fit into so many characters, the first always. */
static char *
lines(const struct alert_batch *batch, enum escape escape, size_t max, size_t *ret_said)
{
	struct nv_buf all;
	size_t said = 0;

	nv_buf_init(&all, MESSAGE_BYTES_MAX);
	if (batch->repeat)
		nv_buf_puts(&all, "(perhaps said before)\n");
	if (batch->dropped > 0)
		nv_buf_printf(&all, "(%" PRIu64 " older ones were too many to keep)\n",
			batch->dropped);
	while (said < NV_MIN(batch->n, (size_t)ALERT_BATCH_MAX)) {
		struct nv_buf one;

		nv_buf_init(&one, MESSAGE_BYTES_MAX);
		put_line(&one, &batch->list[said], escape);
		nv_buf_add(&one, "", 1);
		bool fits = !one.error && !all.error &&
			    (said == 0 || length_of(one.data) + 1 + all.bytes <= max);

		if (fits) {
			if (said > 0)
				nv_buf_puts(&all, "\n");
			nv_buf_puts(&all, one.data);
		}
		nv_buf_fini(&one);
		if (!fits)
			break;
		said++;
	}
	*ret_said = NV_MAX(said, (size_t)1);
	char *text = all.error ? NULL : nv_buf_take(&all);

	nv_buf_fini(&all);
	return text;
}

/* What waits for a person among the notices that are said: it gets buttons. */
static const struct alert_notice *
question(const struct alert_batch *batch, size_t said)
{
	for (size_t i = 0; i < said; i++)
		if (batch->list[i].alert.approval &&
			batch->list[i].event != ALERT_RESOLVED)
			return &batch->list[i];
	return NULL;
}

/* A question is said alone, so that its buttons can be about nothing else. */
static struct alert_batch
until_question(const struct alert_batch *batch)
{
	struct alert_batch part = *batch;

	if (question(batch, 1)) {
		part.n = 1;
		return part;
	}
	for (size_t i = 1; i < batch->n; i++) {
		if (question(&(struct alert_batch){.list = &batch->list[i], .n = 1}, 1)) {
			part.n = i;
			break;
		}
	}
	return part;
}

/* ---- each kind ---- */

static json_t *
slack_button(const char *label, const char *style, const char *what, int64_t id)
{
	return json_pack("{s:s, s:{s:s, s:s}, s:s, s:s, s:o}", "type", "button", "text",
		"type", "plain_text", "text", label, "style", style, "action_id",
		*what == 'a' ? "nova_approve" : "nova_deny", "value",
		json_sprintf("%s:%lld", what, (long long)id));
}

static json_t *
words_slack(const struct alert_batch *all, size_t *ret_said)
{
	const struct alert_batch batch = until_question(all);
	char *text = lines(&batch, SLACK, 2900, ret_said);
	const struct alert_notice *asks = question(&batch, *ret_said);
	json_t *body =
		text ? json_pack("{s:s, s:[{s:s, s:{s:s, s:s}}]}", "text", text, "blocks",
			       "type", "section", "text", "type", "mrkdwn", "text", text)
		     : NULL;

	free(text);
	if (!body || !asks)
		return body;
	json_t *buttons = json_pack("{s:s, s:[o,o]}", "type", "actions", "elements",
		slack_button("Approve", "primary", "approve", asks->alert.approval),
		slack_button("Deny", "danger", "deny", asks->alert.approval));

	if (json_array_append_new(json_object_get(body, "blocks"), buttons) != 0) {
		json_decref(body);
		return NULL;
	}
	return body;
}

static json_t *
words_discord(const struct alert_batch *batch, size_t *ret_said)
{
	char *text = lines(batch, DISCORD, DISCORD_MAX, ret_said);
	json_t *body = text ? json_pack("{s:s, s:i, s:{s:[]}}", "content", text, "flags",
				      SUPPRESS_EMBEDS, "allowed_mentions", "parse")
			    : NULL;

	free(text);
	return body;
}

static json_t *
telegram_button(const char *label, const char *what, int64_t id)
{
	return json_pack("{s:s, s:o}", "text", label, "callback_data",
		json_sprintf("%s:%lld", what, (long long)id));
}

static json_t *
words_telegram(const struct alert_batch *all, size_t *ret_said)
{
	const struct alert_batch batch = until_question(all);
	char *text = lines(&batch, TELEGRAM, TELEGRAM_MAX, ret_said);
	const struct alert_notice *asks = question(&batch, *ret_said);
	json_t *body = text ? json_pack("{s:s, s:s, s:{s:b}}", "text", text, "parse_mode",
				      "HTML", "link_preview_options", "is_disabled", 1)
			    : NULL;

	free(text);
	if (!body || !asks)
		return body;
	json_t *keyboard = json_pack("{s:[[o,o]]}", "inline_keyboard",
		telegram_button("Approve", "approve", asks->alert.approval),
		telegram_button("Deny", "deny", asks->alert.approval));

	if (json_object_set_new(body, "reply_markup", keyboard) != 0) {
		json_decref(body);
		return NULL;
	}
	return body;
}

static json_t *
words_pagerduty(const struct alert_batch *batch, size_t *ret_said)
{
	const struct alert_notice *notice = &batch->list[0];
	const struct alert *alert = &notice->alert;
	bool over = notice->event == ALERT_RESOLVED;
	json_t *body =
		json_pack("{s:s, s:o}", "event_action", over ? "resolve" : "trigger",
			"dedup_key", json_sprintf("nova/%s/%s", batch->host, alert->key));

	*ret_said = 1;
	if (!body || over)
		return body;
	json_t *payload = json_pack("{s:s, s:s, s:s, s:s, s:o}", "summary", alert->text,
		"source", batch->host, "severity", alert_severity_name(alert->severity),
		"class", alert_source_verb(alert->source), "timestamp",
		nv_json_time(notice->since_ms * NV_NS_PER_MS));

	if (json_object_set_new(body, "payload", payload) != 0) {
		json_decref(body);
		return NULL;
	}
	return body;
}

static json_t *
words_email(const struct alert_batch *batch, size_t *ret_said)
{
	char *text = lines(batch, PLAIN, MESSAGE_BYTES_MAX / 2, ret_said);
	json_t *body = text ? json_pack("{s:o, s:s}", "subject",
				      json_sprintf("Nova on %s: %s%s", batch->host,
					      headline(&batch->list[0]),
					      *ret_said > 1 ? ", and more" : ""),
				      "text", text)
			    : NULL;

	free(text);
	return body;
}

static json_t *
words_webhook(const struct alert_batch *batch, size_t *ret_said)
{
	json_t *list = json_array();
	size_t n = NV_MIN(batch->n, (size_t)ALERT_BATCH_MAX);

	for (size_t i = 0; list && i < n; i++) {
		if (json_array_append_new(list, alert_notice_save(&batch->list[i])) !=
			0) {
			json_decref(list);
			list = NULL;
		}
	}
	*ret_said = n;
	return list ? json_pack("{s:s, s:I, s:b, s:o}", "host", batch->host, "dropped",
			      (json_int_t)batch->dropped, "repeat", batch->repeat,
			      "notices", list)
		    : NULL;
}

json_t *
alert_words(
	enum alert_channel_kind kind, const struct alert_batch *batch, size_t *ret_said)
{
	static json_t *(*const kinds[])(const struct alert_batch *, size_t *) = {
		[ALERT_TO_SLACK] = words_slack,
		[ALERT_TO_PAGERDUTY] = words_pagerduty,
		[ALERT_TO_DISCORD] = words_discord,
		[ALERT_TO_TELEGRAM] = words_telegram,
		[ALERT_TO_EMAIL] = words_email,
		[ALERT_TO_WEBHOOK] = words_webhook,
	};

	return kinds[kind](batch, ret_said);
}

/* ---- answers ---- */

/* Discord names a wait in seconds with a fraction, Telegram in whole ones. */
static void
read_wait(const char *body, int64_t *ret_wait_ms)
{
	json_t *answer = json_loads(body, JSON_REJECT_DUPLICATES, NULL);
	const json_t *wait = json_object_get(answer, "retry_after");

	if (!wait)
		wait = json_object_get(
			json_object_get(answer, "parameters"), "retry_after");
	double seconds = json_number_value(wait);

	if (seconds > 0 && seconds < 86400)
		*ret_wait_ms = (int64_t)(seconds * 1000.0) + 1;
	json_decref(answer);
}

/* Statuses that say: this address, this key, never again. */
static bool
is_gone(enum alert_channel_kind kind, int status, const char *body)
{
	if (status == 401 || status == 403 || status == 404 || status == 410)
		return true;
	/* A bot that was never let in; a key that is none. */
	return status == 400 &&
	       ((kind == ALERT_TO_TELEGRAM && strstr(body, "chat not found")) ||
		       (kind == ALERT_TO_PAGERDUTY && strstr(body, "routing_key")) ||
		       (kind == ALERT_TO_SLACK && strstr(body, "invalid_token")));
}

enum alert_reply
alert_reply(
	enum alert_channel_kind kind, int status, const char *body, int64_t *ret_wait_ms)
{
	if (status >= 200 && status < 300)
		return ALERT_TAKEN;
	if (status == 429) {
		read_wait(body, ret_wait_ms);
		return ALERT_LATER;
	}
	if (is_gone(kind, status, body))
		return ALERT_DEAD;
	if (status == 0 || status == 408 || status == 425 || status >= 500)
		return ALERT_LATER;
	return ALERT_NEVER;
}

int
alert_button_parse(const char *data, bool *ret_approve, int64_t *ret_id)
{
	bool approve = strncmp(data, "approve:", 8) == 0;
	const char *digits = approve ? data + 8 : data + 5;
	char *end;

	if (!approve && strncmp(data, "deny:", 5) != 0)
		return -EINVAL;
	size_t n = strspn(digits, "0123456789");

	if (n == 0 || n > 18 || digits[n] != '\0')
		return -EINVAL;
	*ret_approve = approve;
	*ret_id = strtoll(digits, &end, 10);
	return 0;
}
