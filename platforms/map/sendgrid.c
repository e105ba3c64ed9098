/* SendGrid's Event Webhook: facts about mail, no money. Custom arguments of a mail come
 * back as members of the event itself, beside (and over) SendGrid's own. */
#include "map.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_BYTES_MAX     200
#define CATEGORY_BYTES_MAX 60
#define CATEGORIES_MAX     10 /* of a mail, by SendGrid's own limit */
#define EVENT_ID_BYTES_MAX 100

static const char *const EVENTS[] = {"processed", "dropped", "deferred", "bounce",
	"delivered", "open", "click", "spamreport", "unsubscribe", "group_unsubscribe",
	"group_resubscribe", "account_status_change"};

static const char *const FIELDS[] = {"event", "email", "timestamp", "smtp-id", "category",
	"sg_event_id", "sg_message_id", "sg_template_id", "sg_template_name",
	"sg_machine_open", "sg_content_type", "response", "attempt", "useragent", "ip",
	"url", "url_offset", "reason", "status", "type", "asm_group_id", "tls",
	"cert_err", "pool", "send_at", "unique_args", "newsletter",
	"bounce_classification", "marketing_campaign_id", "marketing_campaign_name",
	"marketing_campaign_version", "marketing_campaign_split_id", "post_type",
	"singlesend_id", "singlesend_name", "template_id", "template_hash",
	"template_version_id", "phase_id", "mc_stats", "mc_pod_id", "mc_auto_id",
	"mc_auto_name", "nova_id", "agent_id"};

bool
map_sendgrid_reserved(const char *name)
{
	for (size_t i = 0; i < NV_LEN(FIELDS); i++)
		if (strcmp(FIELDS[i], name) == 0)
			return true;
	return false;
}

static const char *
type_of(const json_t *event)
{
	const char *type = map_text(event, "event");

	for (size_t i = 0; type && i < NV_LEN(EVENTS); i++)
		if (strcmp(EVENTS[i], type) == 0)
			return EVENTS[i];
	return NULL;
}

/* FNV-1a over the event's own text: the same content, the same id. */
static void
content_id(const char *text, char id[40])
{
	unsigned __int128 h =
		((unsigned __int128)0x6c62272e07bb0142 << 64) | 0x62b821756295c58d;
	const unsigned __int128 prime = ((unsigned __int128)1 << 88) | 0x13b;

	for (const unsigned char *p = (const unsigned char *)text; *p; p++)
		h = (h ^ *p) * prime;
	(void)snprintf(id, 40, "x-%016llx%016llx", (unsigned long long)(h >> 64),
		(unsigned long long)h);
}

static json_t *
begin(const json_t *event)
{
	const char *id = map_text(event, "sg_event_id");
	json_t *line = id && strlen(id) <= EVENT_ID_BYTES_MAX
			       ? map_line("webhook", "sendgrid", id, NULL)
			       : NULL;

	if (line)
		return line;
	char made[40];
	char *text = json_dumps(event, JSON_COMPACT | JSON_SORT_KEYS);

	if (!text)
		return NULL;
	content_id(text, made);
	free(text);
	return map_line("webhook", "sendgrid", made, NULL);
}

/* A string or an array of strings. */
static int
put_categories(json_t *line, const json_t *value)
{
	size_t n = json_is_array(value) ? json_array_size(value) : 1;
	json_t *list = json_array();
	json_t *cut = json_object();
	int bad = list && cut ? 0 : -ENOMEM;

	for (size_t i = 0; !bad && i < n && i < CATEGORIES_MAX; i++) {
		const json_t *one =
			json_is_array(value) ? json_array_get(value, i) : value;

		(void)json_object_clear(cut);
		bad |= map_put_text(
			cut, "text", json_string_value(one), CATEGORY_BYTES_MAX);
		if (!bad && json_object_size(cut) > 0)
			bad |= json_array_append(list, json_object_get(cut, "text"));
	}
	json_decref(cut);
	if (!bad && json_array_size(list) > 0)
		bad |= json_object_set(line, "categories", list);
	json_decref(list);
	return bad ? -ENOMEM : 0;
}

static int
fill(json_t *line, const json_t *event)
{
	const char *type = type_of(event);
	int64_t at;
	int bad = json_object_set_new(line, "provider", json_string("sendgrid"));

	bad |= map_put_text(line, "type", type ? type : "shadowed", TEXT_BYTES_MAX);
	if (map_int(event, "timestamp", &at) && at >= 0 && at < INT64_C(9000000000))
		bad |= json_object_set_new(line, "at", json_integer(at));
	bad |= map_put_text(
		line, "object", map_text(event, "sg_message_id"), TEXT_BYTES_MAX);
	bad |= map_put_agent(line, map_text(event, "agent_id"));
	bad |= map_put_text(line, "nova_id", map_text(event, "nova_id"), 64);
	bad |= map_put_text(line, "reason", map_text(event, "reason"), TEXT_BYTES_MAX);
	bad |= put_categories(line, json_object_get(event, "category"));
	if (!type)
		bad |= map_put_text(line, "note",
			"its `event` is none of SendGrid's: a custom argument of that "
			"name stands over it, or it is new",
			TEXT_BYTES_MAX);
	return bad ? -ENOMEM : 0;
}

int
map_sendgrid_events(const json_t *events, json_t **ret_lines, struct nv_err *err)
{
	size_t n = json_array_size(events);

	if (!json_is_array(events) || n > MAP_SENDGRID_MAX)
		return nv_err_set(err, -EINVAL, "expected an array of at most %d events",
			MAP_SENDGRID_MAX);
	for (size_t i = 0; i < n; i++)
		if (!json_is_object(json_array_get(events, i)))
			return nv_err_set(
				err, -EINVAL, "event %zu: expected an object", i + 1);
	json_t *lines = json_array();

	for (size_t i = 0; lines && i < n; i++) {
		const json_t *event = json_array_get(events, i);
		json_t *line = begin(event);

		if (!line || fill(line, event) != 0 ||
			json_array_append(lines, line) != 0) {
			json_decref(lines);
			lines = NULL;
		}
		json_decref(line);
	}
	if (!lines)
		return -ENOMEM;
	*ret_lines = lines;
	return 0;
}
