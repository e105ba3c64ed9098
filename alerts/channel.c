/* Saying notices: one message under way a channel, each with its own pace, back-off and
 * end. See alerts.h. */
#include "alerts.h"

#include "nv_clock.h"
#include "nv_crypto.h"
#include "nv_json.h"
#include "nv_log.h"
#include "nv_service.h"
#include "nv_url.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRY_MS          INT64_C(20000)
#define BACK_OFF_MS     INT64_C(5000)
#define BACK_OFF_MAX_MS INT64_C(600000)
#define HAND_ON_MS      INT64_C(300000) /* failing for so long: the fallback speaks */

/* Between two messages: Slack and Telegram allow about one a second, a group of Telegram
 * 20 a minute. */
static const double pace_s[] = {[ALERT_TO_SLACK] = 1.1,
	[ALERT_TO_PAGERDUTY] = 0.2,
	[ALERT_TO_DISCORD] = 1.,
	[ALERT_TO_TELEGRAM] = 3.,
	[ALERT_TO_EMAIL] = 1.,
	[ALERT_TO_WEBHOOK] = 0.1};

static void go(struct alert_channel *c);

static void
wait_for(struct alert_channel *c, double s)
{
	struct ev_loop *loop = c->alerts->loop;

	ev_timer_stop(loop, &c->timer);
	ev_timer_set(&c->timer, s, 0.);
	ev_timer_start(loop, &c->timer);
}

static void
on_timer(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)loop;
	(void)revents;
	go(timer->data);
}

/* ---- who stands in for whom ---- */

static bool
is_lost(const struct alert_channel *c, int64_t now_ms)
{
	return c->dead || (c->failing_ms && now_ms - c->failing_ms >= HAND_ON_MS);
}

static struct alert_channel *
fallback_of(struct alert_channel *c)
{
	enum nv_alert_channel kind = c->alerts->config->alerts.fallback;
	struct alert_channel *other =
		kind < NV_ALERT_CHANNELS ? &c->alerts->channels[kind] : NULL;

	return other && other != c && other->used ? other : NULL;
}

static bool
is_grave_enough(const struct alert_channel *c, const struct alert_notice *notice)
{
	return (int)notice->alert.severity >= (int)c->alerts->config->alerts.min[c->kind];
}

static void
put(struct alert_channel *c, const struct alert_notice *notice)
{
	if (alert_queue_add(&c->queue, notice) < 0)
		nv_error("%s: no memory for \"%s\"", alert_channel_name(c->kind),
			notice->alert.text);
}

/* What this channel could not say goes to the fallback, but what it was told itself. */
static void
hand_on(struct alert_channel *c)
{
	struct alert_channel *other = fallback_of(c);

	if (c->handed_on || !other)
		return;
	c->handed_on = true;
	for (size_t i = 0; i < c->queue.n; i++)
		if (!is_grave_enough(other, &c->queue.list[i]))
			put(other, &c->queue.list[i]);
	alert_store_save(c->alerts);
	go(other);
}

/* ---- what became of a message ---- */

static void
done(struct alert_channel *c, enum alert_reply reply, int64_t wait_ms, bool maybe,
	const char *why)
{
	int64_t now_ms = nv_wall_ns() / NV_NS_PER_MS;

	c->busy = false;
	c->call = NULL;
	c->repeat = false;
	(void)snprintf(
		c->trouble, sizeof(c->trouble), "%s", reply == ALERT_TAKEN ? "" : why);
	if (reply == ALERT_TAKEN || reply == ALERT_NEVER) {
		if (reply == ALERT_NEVER)
			nv_warn("%s refused a message: %s", alert_channel_name(c->kind),
				why);
		else
			c->sent += c->queue.locked;
		alert_queue_taken(&c->queue);
		if (c->failures)
			nv_info("%s works again", alert_channel_name(c->kind));
		c->failures = 0;
		c->failing_ms = 0;
		c->handed_on = false;
		c->sent_ms = now_ms;
		alert_store_save(c->alerts);
		wait_for(c, pace_s[c->kind]);
		return;
	}
	alert_queue_back(&c->queue, maybe);
	c->repeat = maybe;
	if (!c->failing_ms)
		c->failing_ms = now_ms;
	if (c->failures++ == 0)
		nv_warn("%s: %s", alert_channel_name(c->kind), why);
	c->dead |= reply == ALERT_DEAD;
	if (is_lost(c, now_ms))
		hand_on(c);
	if (c->dead)
		return;
	int64_t back_off_ms =
		NV_MIN(BACK_OFF_MS << NV_MIN(c->failures - 1, 8u), BACK_OFF_MAX_MS);

	wait_for(c, (double)NV_MAX(back_off_ms, wait_ms) / 1000.);
}

/* A test has an end of its own: it changes nothing of the queue. */
static void
tested(struct alert_channel *c, enum alert_reply reply, const char *why)
{
	alert_tested_fn *fn = c->tested;
	void *arg = c->tested_arg;

	c->busy = false;
	c->call = NULL;
	c->tested = NULL;
	if (reply == ALERT_TAKEN) {
		c->dead = false;
		c->failures = 0;
		c->failing_ms = 0;
		c->handed_on = false;
		c->trouble[0] = '\0';
	}
	wait_for(c, pace_s[c->kind]);
	if (fn)
		fn(arg, c, reply == ALERT_TAKEN, reply == ALERT_TAKEN ? "taken" : why);
}

static void
ended(struct alert_channel *c, enum alert_reply reply, int64_t wait_ms, bool maybe,
	const char *why)
{
	if (c->testing)
		tested(c, reply, why);
	else
		done(c, reply, wait_ms, maybe, why);
	c->testing = false;
}

static void
on_answer(void *arg, const struct nv_http_answer *answer)
{
	struct alert_channel *c = arg;
	int64_t wait_ms = answer->retry_after_ms;
	enum alert_reply reply = alert_reply(c->kind,
		answer->outcome == NV_HTTP_DONE ? answer->status
		: answer->status >= 400         ? answer->status
						: 0,
		answer->body, &wait_ms);

	ended(c, reply, wait_ms, answer->outcome == NV_HTTP_UNKNOWN || answer->maybe,
		answer->err);
}

/* nova-platform has it in its outbox, or says why not: it is never said twice by us. */
static void
on_mailed(void *arg, int code, const json_t *answer, const char *why)
{
	struct alert_channel *c = arg;
	const char *outcome = json_string_value(json_object_get(answer, "outcome"));
	bool has_it = code == NV_EXIT_OK || (outcome && strcmp(outcome, "unknown") == 0);

	c->mail = NULL;
	ended(c,
		has_it                                        ? ALERT_TAKEN
		: code == NV_EXIT_NO || code == NV_EXIT_USAGE ? ALERT_NEVER
							      : ALERT_LATER,
		-1, code == -1, why);
}

/* ---- sending ---- */

static int
mail(struct alert_channel *c, const json_t *body)
{
	char to[400];
	char *subject;
	char *text;
	int rc = -ENOMEM;

	(void)snprintf(to, sizeof(to), "to=%s", c->alerts->config->alerts.email_to);
	if (asprintf(&subject, "subject=%s",
		    json_string_value(json_object_get(body, "subject"))) < 0)
		return -ENOMEM;
	if (asprintf(&text, "text=%s",
		    json_string_value(json_object_get(body, "text"))) >= 0) {
		const char *const words[] = {
			"platform", "sendgrid", "send", to, subject, text, NULL};

		rc = alert_ask(c->alerts, words, on_mailed, c, &c->mail);
		free(text);
	}
	free(subject);
	return rc;
}

static int
post(struct alert_channel *c, const json_t *body)
{
	char *text = json_dumps(body, JSON_COMPACT);
	char signature[2 * NV_SHA256_BYTES + 8] = "sha256=";
	struct nv_http_header header = {"X-Nova-Signature", signature};
	struct nv_err err = {0};
	uint8_t mac[NV_SHA256_BYTES];

	if (!text)
		return -ENOMEM;
	struct nv_http_request request = {.method = "POST",
		.url = c->url,
		.body = text,
		.body_bytes = strlen(text),
		.content_type = "application/json",
		.guard = NV_HTTP_ANY_ADDRESS,
		.limits = {.deadline_ms = TRY_MS,
			.try_ms = TRY_MS,
			.body_bytes_max = 64 << 10}};

	if (c->kind == ALERT_TO_WEBHOOK && c->key) {
		const struct nv_piece piece = {text, strlen(text)};

		nv_hmac_sha256(c->key, strlen(c->key), &piece, 1, mac);
		for (size_t i = 0; i < sizeof(mac); i++)
			(void)snprintf(signature + 7 + 2 * i, 3, "%02x", mac[i]);
		request.headers = &header;
		request.headers_n = 1;
	}
	int rc = nv_http_start(c->alerts->http, &request, on_answer, c, &c->call, &err);

	if (rc == -EINVAL) {
		c->dead = true;
		(void)snprintf(c->trouble, sizeof(c->trouble), "%s", err.text);
	}
	explicit_bzero(text, strlen(text));
	free(text);
	return rc;
}

/* The secrets that stand in a body. */
static int
put_secrets(const struct alert_channel *c, json_t *body)
{
	const struct nv_conf_alerts *conf = &c->alerts->config->alerts;

	if (c->kind == ALERT_TO_PAGERDUTY)
		return json_object_set_new(body, "routing_key", json_string(c->key));
	if (c->kind == ALERT_TO_TELEGRAM)
		return json_object_set_new(
			body, "chat_id", json_string(conf->telegram_chat));
	return 0;
}

/* 0: it is under way, and these were said of list: *ret_said. */
static int
send_batch(struct alert_channel *c, const struct alert_notice *list, size_t n,
	size_t *ret_said)
{
	const struct alert_batch batch = {
		list, n, c->queue.dropped, c->repeat, c->alerts->host};
	json_t *body = alert_words(c->kind, &batch, ret_said);
	int rc = body && put_secrets(c, body) == 0 ? 0 : -ENOMEM;

	if (rc == 0)
		rc = c->kind == ALERT_TO_EMAIL ? mail(c, body) : post(c, body);
	json_decref(body);
	if (rc == 0)
		c->busy = true;
	return rc;
}

static void
go(struct alert_channel *c)
{
	size_t said;

	if (!c->used || c->dead || c->busy || c->queue.n == 0 || ev_is_active(&c->timer))
		return;
	int rc = send_batch(c, c->queue.list, c->queue.n, &said);

	if (rc < 0) {
		nv_error("%s: nothing can be sent: %s", alert_channel_name(c->kind),
			c->trouble[0] ? c->trouble : strerror(-rc));
		if (c->dead)
			hand_on(c);
		else
			wait_for(c, (double)BACK_OFF_MS / 1000.);
		return;
	}
	alert_queue_lock(&c->queue, said);
}

int
alert_channel_test(struct alert_channel *c, alert_tested_fn *fn, void *arg)
{
	struct alert_notice notice = {ALERT_RAISED,
		{.key = "test", .source = ALERT_FROM_OWN, .severity = ALERT_INFO},
		nv_wall_ns() / NV_NS_PER_MS};
	size_t said;

	if (!c->used)
		return -ENOTCONN;
	if (c->busy)
		return -EBUSY;
	alert_say(
		&notice.alert, "This is a test of Nova's alerts on %s.", c->alerts->host);
	int rc = send_batch(c, &notice, 1, &said);

	if (rc < 0)
		return rc;
	c->testing = true;
	c->tested = fn;
	c->tested_arg = arg;
	return 0;
}

void
alert_channels_forget_tests(struct alerts *a, const void *arg)
{
	for (size_t i = 0; i < ALERT_CHANNEL_COUNT; i++)
		if (a->channels[i].tested_arg == arg)
			a->channels[i].tested = NULL;
}

/* ---- all channels ---- */

void
alert_channels_put(struct alerts *a, const struct alert_notice *notice)
{
	int64_t now_ms = nv_wall_ns() / NV_NS_PER_MS;

	for (size_t i = 0; i < ALERT_CHANNEL_COUNT; i++) {
		struct alert_channel *c = &a->channels[i];
		struct alert_channel *other = c->used ? fallback_of(c) : NULL;

		if (!c->used || !is_grave_enough(c, notice))
			continue;
		put(c, notice);
		if (other && is_lost(c, now_ms) && !is_grave_enough(other, notice))
			put(other, notice);
	}
}

void
alert_channels_go(struct alerts *a)
{
	for (size_t i = 0; i < ALERT_CHANNEL_COUNT; i++)
		go(&a->channels[i]);
}

/* The secret of that name; what is missing is said. */
static bool
need_secret(struct alert_channel *c, const char *name, char **ret)
{
	if (nv_service_secret(name, ret) == 0)
		return true;
	(void)snprintf(c->why_not, sizeof(c->why_not), "no secrets/%s", name);
	return false;
}

static bool
need_setting(struct alert_channel *c, const char *value, const char *name)
{
	if (value && *value)
		return true;
	(void)snprintf(c->why_not, sizeof(c->why_not), "no alerts.%s", name);
	return false;
}

/* 0, or -ENOMEM. */
static int
open_channel(struct alert_channel *c)
{
	const struct nv_conf_alerts *conf = &c->alerts->config->alerts;
	char *token = NULL;
	int rc = 0;

	switch (c->kind) {
	case ALERT_TO_SLACK:
		c->used = need_secret(c, "slack_webhook_url", &c->url);
		break;
	case ALERT_TO_DISCORD:
		c->used = need_secret(c, "discord_webhook_url", &c->url);
		break;
	case ALERT_TO_WEBHOOK:
		c->used = need_secret(c, "alert_webhook_url", &c->url);
		(void)nv_service_secret("alert_webhook_secret", &c->key);
		break;
	case ALERT_TO_PAGERDUTY:
		c->used = need_secret(c, "pagerduty_routing_key", &c->key);
		if (asprintf(&c->url, "%s/v2/enqueue", conf->pagerduty_base_url) < 0)
			rc = -ENOMEM;
		break;
	case ALERT_TO_TELEGRAM:
		c->used = need_setting(c, conf->telegram_chat, "telegram.chat") &&
			  need_secret(c, "telegram_bot_token", &token);
		if (c->used && asprintf(&c->url, "%s/bot%s/sendMessage",
				       conf->telegram_base_url, token) < 0)
			rc = -ENOMEM;
		nv_service_forget(&token);
		break;
	case ALERT_TO_EMAIL:
		c->used = need_setting(c, conf->email_to, "email.to");
		if (c->used && !c->alerts->config->platforms[NV_PLATFORM_SENDGRID].on) {
			c->used = false;
			(void)snprintf(c->why_not, sizeof(c->why_not),
				"no platforms.sendgrid to send with");
		}
		break;
	case ALERT_CHANNEL_COUNT:
		break;
	}
	return rc;
}

int
alert_channels_open(struct alerts *a)
{
	int rc = 0;

	for (size_t i = 0; i < ALERT_CHANNEL_COUNT && rc == 0; i++) {
		struct alert_channel *c = &a->channels[i];

		c->alerts = a;
		c->kind = (enum alert_channel_kind)i;
		ev_timer_init(&c->timer, on_timer, 0., 0.);
		c->timer.data = c;
		rc = open_channel(c);
		nv_info("%s: %s", alert_channel_name(c->kind),
			c->used ? "is used" : c->why_not);
	}
	return rc;
}

void
alert_channels_inherit(struct alerts *a)
{
	bool any = false;

	for (size_t i = 0; i < ALERT_CHANNEL_COUNT; i++)
		any |= a->channels[i].used;
	for (size_t i = 0; any && i < ALERT_CHANNEL_COUNT; i++) {
		struct alert_channel *c = &a->channels[i];

		if (c->used)
			continue;
		for (size_t k = 0; k < c->queue.n; k++)
			if (c->queue.list[k].event != ALERT_RESOLVED)
				alert_book_renew(a->book, c->queue.list[k].alert.key);
		alert_queue_fini(&c->queue);
	}
}

void
alert_channels_close(struct alerts *a)
{
	for (size_t i = 0; i < ALERT_CHANNEL_COUNT; i++) {
		struct alert_channel *c = &a->channels[i];

		if (a->loop)
			ev_timer_stop(a->loop, &c->timer);
		nv_http_cancel(c->call);
		alert_ask_cancel(c->mail);
		alert_queue_fini(&c->queue);
		nv_service_forget(&c->url);
		nv_service_forget(&c->key);
	}
}

json_t *
alert_channels_show(const struct alerts *a)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < ALERT_CHANNEL_COUNT; i++) {
		const struct alert_channel *c = &a->channels[i];
		const char *state = !c->used      ? "off"
				    : c->dead     ? "dead"
				    : c->failures ? "failing"
						  : "ok";
		json_t *one = json_pack("{s:s, s:s, s:s, s:o, s:I, s:I, s:o}", "channel",
			alert_channel_name(c->kind), "state", state, "min",
			alert_severity_name(
				(enum alert_severity)a->config->alerts.min[c->kind]),
			"problem", nv_json_str(c->used ? c->trouble : c->why_not),
			"waiting", (json_int_t)c->queue.n, "sent", (json_int_t)c->sent,
			"last_sent",
			c->sent_ms ? nv_json_time(c->sent_ms * NV_NS_PER_MS)
				   : json_null());

		if (json_array_append_new(list, one) != 0) {
			json_decref(list);
			list = NULL;
		}
	}
	return list;
}
