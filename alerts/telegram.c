/* Buttons under messages in Telegram: its updates are fetched by long polling, so nothing
 * has to be reachable from outside (core.telegram.org/bots/api: getUpdates,
 * CallbackQuery). An update counts as seen when its answer is known: what came twice
 * finds the decision made. See alerts.h. */
#include "alerts.h"

#include "nv_log.h"
#include "nv_service.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POLL_S         50 /* Telegram holds the request so long */
#define POLL_MS        INT64_C(70000)
#define ANSWER_MS      INT64_C(20000)
#define BACK_OFF_S     5.
#define BACK_OFF_S_MAX 300.

struct alert_telegram {
	struct alerts *alerts;
	char *base; /* owned, a secret: ".../botTOKEN/" */
	struct nv_http_call *poll;
	ev_timer timer;
	unsigned failures;
	json_t *updates; /* owned: being answered */
	size_t at;
	/* Of the button that is being answered. */
	char query[80];
	char chat[40];
	int64_t message;
};

static void poll_now(struct alert_telegram *t);
static void next_update(struct alert_telegram *t);

static int
call(struct alert_telegram *t, const char *method, json_t *body, int64_t deadline_ms,
	nv_http_done_fn *fn, struct nv_http_call **ret)
{
	char *url = NULL;
	char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
	struct nv_err err = {0};
	int rc = -ENOMEM;

	if (text && asprintf(&url, "%s%s", t->base, method) >= 0) {
		const struct nv_http_request request = {.method = "POST",
			.url = url,
			.body = text,
			.body_bytes = strlen(text),
			.content_type = "application/json",
			.guard = NV_HTTP_ANY_ADDRESS,
			.idempotent = true,
			.expect_json = true,
			.limits = {.deadline_ms = deadline_ms,
				.try_ms = deadline_ms,
				.low_speed_ms = deadline_ms,
				.body_bytes_max = 4 << 20}};

		rc = nv_http_start(t->alerts->http, &request, fn, t, ret, &err);
	}
	nv_service_forget(&url);
	free(text);
	json_decref(body);
	return rc;
}

static void
on_said(void *arg, const struct nv_http_answer *answer)
{
	(void)arg;
	if (answer->outcome != NV_HTTP_DONE)
		nv_warn("telegram: an answer could not be shown: %s", answer->err);
}

/* The button turns, and a question that is over becomes its answer. */
static void
say(struct alert_telegram *t, const char *text, bool over)
{
	int rc = call(t, "answerCallbackQuery",
		json_pack("{s:s, s:s}", "callback_query_id", t->query, "text", text),
		ANSWER_MS, on_said, NULL);

	if (rc == 0 && over && t->chat[0])
		rc = call(t, "editMessageText",
			json_pack("{s:s, s:I, s:s}", "chat_id", t->chat, "message_id",
				(json_int_t)t->message, "text", text),
			ANSWER_MS, on_said, NULL);
	if (rc < 0)
		nv_warn("telegram: an answer cannot be sent: %s", strerror(-rc));
}

static void
seen(struct alert_telegram *t)
{
	const json_t *update = json_array_get(t->updates, t->at++);
	int64_t id = json_integer_value(json_object_get(update, "update_id"));

	if (id >= t->alerts->telegram_next)
		t->alerts->telegram_next = id + 1;
	alert_store_save(t->alerts);
	next_update(t);
}

static void
on_decided(void *arg, bool over, const char *text)
{
	struct alert_telegram *t = arg;

	say(t, text, over);
	seen(t);
}

/* An id of Telegram is a number; ours are texts. */
static void
id_text(const json_t *id, char *ret, size_t bytes)
{
	(void)snprintf(ret, bytes, "%" PRId64, (int64_t)json_integer_value(id));
}

/* true: the answer comes later. */
static bool
on_button(struct alert_telegram *t, const json_t *query)
{
	const struct nv_conf_alerts *conf = &t->alerts->config->alerts;
	const json_t *message = json_object_get(query, "message");
	const char *data = json_string_value(json_object_get(query, "data"));
	const char *id = json_string_value(json_object_get(query, "id"));
	char from[40];
	char who[60];
	bool approve;
	int64_t decision;

	id_text(json_object_get(json_object_get(query, "from"), "id"), from,
		sizeof(from));
	id_text(json_object_get(json_object_get(message, "chat"), "id"), t->chat,
		sizeof(t->chat));
	t->message = json_integer_value(json_object_get(message, "message_id"));
	(void)snprintf(t->query, sizeof(t->query), "%s", id ? id : "");
	if (!alert_may(conf->telegram_approvers, from)) {
		nv_warn("telegram: user %s pressed a button and is no approver", from);
		say(t, "You may not decide this.", false);
		return false;
	}
	if (conf->telegram_chat[0] != '@' && strcmp(conf->telegram_chat, t->chat) != 0) {
		nv_warn("telegram: a button in chat %s, which is not ours", t->chat);
		say(t, "Not from this chat.", false);
		return false;
	}
	if (!data || alert_button_parse(data, &approve, &decision) < 0) {
		say(t, "This button is none of Nova's.", false);
		return false;
	}
	(void)snprintf(who, sizeof(who), "telegram:%s", from);
	if (alert_decide(t->alerts, approve, decision, who, on_decided, t) == 0)
		return true;
	say(t, "Nova could not be asked; try again.", false);
	return false;
}

static void
next_update(struct alert_telegram *t)
{
	while (t->at < json_array_size(t->updates)) {
		const json_t *update = json_array_get(t->updates, t->at);
		const json_t *query = json_object_get(update, "callback_query");

		if (json_is_object(query) && on_button(t, query))
			return;
		int64_t id = json_integer_value(json_object_get(update, "update_id"));

		if (id >= t->alerts->telegram_next)
			t->alerts->telegram_next = id + 1;
		t->at++;
	}
	if (t->at > 0)
		alert_store_save(t->alerts);
	json_decref(t->updates);
	t->updates = NULL;
	t->at = 0;
	poll_now(t);
}

static void
again_in(struct alert_telegram *t, double s)
{
	ev_timer_stop(t->alerts->loop, &t->timer);
	ev_timer_set(&t->timer, s, 0.);
	ev_timer_start(t->alerts->loop, &t->timer);
}

static void
on_updates(void *arg, const struct nv_http_answer *answer)
{
	struct alert_telegram *t = arg;
	json_t *result = json_object_get(answer->json, "result");

	t->poll = NULL;
	if (answer->outcome == NV_HTTP_DONE && json_is_array(result)) {
		t->failures = 0;
		/* A server that does not hold the request is not asked without end. */
		if (json_array_size(result) == 0) {
			again_in(t, 0.2);
			return;
		}
		t->updates = json_incref(result);
		t->at = 0;
		next_update(t);
		return;
	}
	double wait_s = BACK_OFF_S * (double)(1u << NV_MIN(t->failures, 6u));

	if (t->failures++ == 0)
		nv_warn("telegram: buttons cannot be read: %s", answer->err);
	if (answer->status == 401 || answer->status == 404)
		wait_s = BACK_OFF_S_MAX;
	if (answer->retry_after_ms > 0)
		wait_s = NV_MAX(wait_s, (double)answer->retry_after_ms / 1000.);
	again_in(t, NV_MIN(wait_s, BACK_OFF_S_MAX));
}

static void
poll_now(struct alert_telegram *t)
{
	int rc = call(t, "getUpdates",
		json_pack("{s:I, s:i, s:[s]}", "offset",
			(json_int_t)t->alerts->telegram_next, "timeout", POLL_S,
			"allowed_updates", "callback_query"),
		POLL_MS, on_updates, &t->poll);

	if (rc < 0)
		again_in(t, BACK_OFF_S);
}

static void
on_timer(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)loop;
	(void)revents;
	poll_now(timer->data);
}

int
alert_telegram_open(struct alerts *a)
{
	const struct alert_channel *c = &a->channels[ALERT_TO_TELEGRAM];
	size_t n = c->url ? strlen(c->url) - strlen("sendMessage") : 0;

	if (!c->used || !c->url || !a->config->alerts.telegram_approvers)
		return 0;
	struct alert_telegram *t = calloc(1, sizeof(*t));

	if (t)
		t->base = strndup(c->url, n);
	if (!t || !t->base) {
		free(t);
		return -ENOMEM;
	}
	t->alerts = a;
	ev_timer_init(&t->timer, on_timer, 0., 0.);
	t->timer.data = t;
	a->telegram = t;
	poll_now(t);
	return 0;
}

void
alert_telegram_close(struct alerts *a)
{
	struct alert_telegram *t = a->telegram;

	if (!t)
		return;
	ev_timer_stop(a->loop, &t->timer);
	nv_http_cancel(t->poll);
	json_decref(t->updates);
	nv_service_forget(&t->base);
	free(t);
	a->telegram = NULL;
}
