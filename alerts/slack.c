/* Buttons under messages in Slack. The gateway takes Slack's POST, checks its signature
 * and hands on the payload (api.slack.com/interactivity: block_actions); the answer goes
 * to the payload's response_url. Slack says a press once, so one that was taken is kept
 * until its answer is known: the next process asks again, and what came twice finds the
 * decision made. See alerts.h. */
#include "alerts.h"

#include "nv_log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_MS      INT64_C(20000)
#define URL_BYTES_MAX  500
#define USER_BYTES_MAX 41
#define UNDER_WAY_MAX  32

struct slack_press {
	struct slack_press *next;
	struct alerts *alerts;
	char url[URL_BYTES_MAX]; /* where the answer goes; "" = nowhere */
	char user[USER_BYTES_MAX];
	bool approve;
	int64_t id;
};

struct alert_slack {
	struct slack_press *list;
	unsigned n;
};

static void
on_said(void *arg, const struct nv_http_answer *answer)
{
	(void)arg;
	if (answer->outcome != NV_HTTP_DONE)
		nv_warn("slack: an answer could not be shown: %s", answer->err);
}

/* The address comes from Slack by way of a signed request; still only Slack's own host is
 * written to, but for a mock that a person has set up as the channel itself. */
static bool
is_slack(const struct alerts *a, const char *url)
{
	static const char own[] = "https://hooks.slack.com/";
	const char *channel = a->channels[ALERT_TO_SLACK].url;
	const char *path = channel ? strchr(channel, ':') : NULL;
	size_t origin = path ? (size_t)(path - channel) + 3 : 0;

	if (strncmp(url, own, sizeof(own) - 1) == 0)
		return true;
	if (!origin || strlen(channel) < origin)
		return false;
	origin += strcspn(channel + origin, "/");
	return strncmp(url, channel, origin) == 0 && url[origin] == '/';
}

static void
say(struct alerts *a, const char *url, const char *text, bool over)
{
	json_t *body = json_pack("{s:b, s:s, s:s}", "replace_original", over,
		"response_type", over ? "in_channel" : "ephemeral", "text", text);
	char *dump = body ? json_dumps(body, JSON_COMPACT) : NULL;

	json_decref(body);
	if (dump && *url && is_slack(a, url)) {
		const struct nv_http_request request = {.method = "POST",
			.url = url,
			.body = dump,
			.body_bytes = strlen(dump),
			.content_type = "application/json",
			.guard = NV_HTTP_ANY_ADDRESS,
			.limits = {.deadline_ms = ANSWER_MS}};

		(void)nv_http_start(a->http, &request, on_said, NULL, NULL, NULL);
	}
	free(dump);
}

static void
drop(struct slack_press *press)
{
	struct alert_slack *slack = press->alerts->slack;
	struct slack_press **at = &slack->list;

	while (*at != press)
		at = &(*at)->next;
	*at = press->next;
	slack->n--;
	alert_store_save(press->alerts);
	free(press);
}

static void
on_decided(void *arg, bool over, const char *text)
{
	struct slack_press *press = arg;

	say(press->alerts, press->url, text, over);
	drop(press);
}

/* Who may is asked again of what another process has taken: it may have been changed. */
static int
decide(struct slack_press *press)
{
	struct alerts *a = press->alerts;
	char who[60];

	if (!alert_may(a->config->alerts.slack_approvers, press->user)) {
		nv_warn("slack: a user who is no approver pressed a button");
		say(a, press->url, "You may not decide this.", false);
		return -EPERM;
	}
	(void)snprintf(who, sizeof(who), "slack:%s", press->user);
	int rc = alert_decide(a, press->approve, press->id, who, on_decided, press);

	if (rc < 0)
		say(a, press->url, "Nova could not be asked; try again.", false);
	return rc;
}

/* A copy in the list. NULL: no memory, or there are too many. */
static struct slack_press *
keep(struct alerts *a, const struct slack_press *what)
{
	if (!a->slack)
		a->slack = calloc(1, sizeof(*a->slack));
	struct slack_press *press =
		a->slack && a->slack->n < UNDER_WAY_MAX ? malloc(sizeof(*press)) : NULL;

	if (!press)
		return NULL;
	*press = *what;
	press->alerts = a;
	press->next = a->slack->list;
	a->slack->list = press;
	a->slack->n++;
	return press;
}

/* What a button says, of whom, and where the answer goes. 0 or -EINVAL. */
static int
read_press(const char *value, const char *user, const char *url, struct slack_press *ret)
{
	*ret = (struct slack_press){0};
	if (!value || !user || strlen(user) >= sizeof(ret->user) ||
		alert_button_parse(value, &ret->approve, &ret->id) < 0)
		return -EINVAL;
	(void)snprintf(ret->user, sizeof(ret->user), "%s", user);
	if (url && strlen(url) < sizeof(ret->url))
		(void)snprintf(ret->url, sizeof(ret->url), "%s", url);
	return 0;
}

int
alert_slack_payload(struct alerts *a, const json_t *payload)
{
	const char *type = json_string_value(json_object_get(payload, "type"));
	const json_t *action = json_array_get(json_object_get(payload, "actions"), 0);
	const char *value = json_string_value(json_object_get(action, "value"));
	const char *user = json_string_value(
		json_object_get(json_object_get(payload, "user"), "id"));
	const char *url = json_string_value(json_object_get(payload, "response_url"));
	struct slack_press what;

	if (!type || strcmp(type, "block_actions") != 0 ||
		read_press(value, user, url, &what) < 0)
		return -EINVAL;
	struct slack_press *press = keep(a, &what);

	if (!press)
		say(a, what.url, "Nova could not be asked; try again.", false);
	else if (decide(press) < 0)
		drop(press);
	else
		alert_store_save(a);
	return 0;
}

json_t *
alert_slack_save(const struct alerts *a)
{
	json_t *list = json_array();

	for (const struct slack_press *p = a->slack ? a->slack->list : NULL; list && p;
		p = p->next) {
		json_t *one = json_pack("{s:o, s:s, s:s}", "value",
			json_sprintf(
				"%s:%" PRId64, p->approve ? "approve" : "deny", p->id),
			"user", p->user, "response_url", p->url);

		if (json_array_append_new(list, one) != 0) {
			json_decref(list);
			list = NULL;
		}
	}
	return list;
}

int
alert_slack_load(struct alerts *a, const json_t *saved)
{
	const json_t *one;
	size_t i;

	json_array_foreach(saved, i, one)
	{
		struct slack_press what;

		if (read_press(json_string_value(json_object_get(one, "value")),
			    json_string_value(json_object_get(one, "user")),
			    json_string_value(json_object_get(one, "response_url")),
			    &what) == 0 &&
			!keep(a, &what))
			return -ENOMEM;
	}
	return 0;
}

void
alert_slack_resume(struct alerts *a)
{
	struct slack_press *next;

	for (struct slack_press *p = a->slack ? a->slack->list : NULL; p; p = next) {
		next = p->next;
		if (decide(p) < 0)
			drop(p);
	}
}

void
alert_slack_close(struct alerts *a)
{
	while (a->slack && a->slack->list) {
		struct slack_press *press = a->slack->list;

		a->slack->list = press->next;
		free(press);
	}
	free(a->slack);
	a->slack = NULL;
}
