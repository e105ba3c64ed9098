/* Buttons under messages in Slack. The gateway takes Slack's POST, checks its signature
 * and hands on the payload (api.slack.com/interactivity: block_actions); the answer goes
 * to the payload's response_url. See alerts.h. */
#include "alerts.h"

#include "nv_log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_MS     INT64_C(20000)
#define URL_BYTES_MAX 500
#define UNDER_WAY_MAX 32

struct slack_press {
	struct slack_press *next;
	struct alerts *alerts;
	char url[URL_BYTES_MAX]; /* where the answer goes; "" = nowhere */
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
on_decided(void *arg, bool done, const char *text)
{
	struct slack_press *press = arg;
	struct alert_slack *slack = press->alerts->slack;
	struct slack_press **at = &slack->list;

	(void)done;
	while (*at != press)
		at = &(*at)->next;
	*at = press->next;
	slack->n--;
	say(press->alerts, press->url, text, true);
	free(press);
}

static int
decide(struct alerts *a, const char *url, const char *who, bool approve, int64_t id)
{
	struct slack_press *press;

	if (!a->slack)
		a->slack = calloc(1, sizeof(*a->slack));
	if (!a->slack || a->slack->n >= UNDER_WAY_MAX)
		return -EBUSY;
	press = calloc(1, sizeof(*press));
	if (!press)
		return -ENOMEM;
	press->alerts = a;
	(void)snprintf(press->url, sizeof(press->url), "%s", url);
	int rc = alert_decide(a, approve, id, who, on_decided, press);

	if (rc < 0) {
		free(press);
		return rc;
	}
	press->next = a->slack->list;
	a->slack->list = press;
	a->slack->n++;
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
	char who[60];
	bool approve;
	int64_t id;

	if (!type || strcmp(type, "block_actions") != 0 || !value || !user ||
		strlen(user) > 40 || alert_button_parse(value, &approve, &id) < 0)
		return -EINVAL;
	if (!url || strlen(url) >= URL_BYTES_MAX)
		url = "";
	if (!alert_may(a->config->alerts.slack_approvers, user)) {
		nv_warn("slack: a user who is no approver pressed a button");
		say(a, url, "You may not decide this.", false);
		return 0;
	}
	(void)snprintf(who, sizeof(who), "slack:%s", user);
	if (decide(a, url, who, approve, id) < 0)
		say(a, url, "Nova could not be asked; try again.", false);
	return 0;
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
