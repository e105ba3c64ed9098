/* Anybody's own: POST /webhooks/custom/NAME, an event line or an array of them, signed.
 */
#include "gateway.h"
#include "nv_log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define EVENTS_MAX 500

static const char *const events[] = {
	"revenue", "refund", "dispute", "fee", "payout", "cost", "conversion"};
/* What a line may say; who says it, and that it wants an answer, is not theirs. */
static const char *const fields[] = {"event", "id", "at", "note", "amount", "currency",
	"category", "vendor", "source", "external_id", "variant", "status", "of", "fee",
	"total", "to_amount", "to_currency", "operation", "agent"};
/* Amounts: a number with a fraction has been through a double before we see it. */
static const char *const amounts[] = {"amount", "fee", "total", "to_amount"};
/* Ids of the sender's own: they get the webhook's name in front. */
static const char *const ids[] = {"id", "of"};

static bool
is_one_of(const char *word, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(word, list[i]) == 0)
			return true;
	return false;
}

static int
check_fields(const json_t *line, size_t at, struct nv_err *err)
{
	const char *event = json_string_value(json_object_get(line, "event"));
	const char *key;
	json_t *value;

	if (!event || !is_one_of(event, events, NV_LEN(events)))
		return nv_err_set(err, -EINVAL,
			"event %zu: \"event\" is %.40s, expected revenue, refund, "
			"dispute, "
			"fee, payout, cost or conversion",
			at, event ? event : "missing");
	json_object_foreach((json_t *)(uintptr_t)line, key, value)
	{
		if (!is_one_of(key, fields, NV_LEN(fields))) {
			const char *near = nv_name_nearest(key, fields, NV_LEN(fields));

			return nv_err_set(err, -EINVAL,
				"event %zu: unknown field \"%.40s\"%s%s", at, key,
				near ? "; did you mean " : "", near ? near : "");
		}
		if (json_is_object(value) || json_is_array(value))
			return nv_err_set(err, -EINVAL,
				"event %zu: %s is no string or number", at, key);
		if (json_is_real(value) && is_one_of(key, amounts, NV_LEN(amounts)))
			return nv_err_set(err, -EINVAL,
				"event %zu: %s is a number with a fraction, expected a "
				"decimal string such as \"12.50\"",
				at, key);
	}
	return 0;
}

/* "custom.NAME:ID". */
static int
put_ids(json_t *line, size_t at, const struct nv_conf_webhook *conf, struct nv_err *err)
{
	for (size_t i = 0; i < NV_LEN(ids); i++) {
		const char *id = json_string_value(json_object_get(line, ids[i]));
		char full[GW_ID_BYTES];

		if (!id && i == 0)
			return nv_err_set(err, -EINVAL,
				"event %zu: id is missing: without one a repeat would "
				"count twice",
				at);
		if (!id)
			continue;
		int n = snprintf(full, sizeof(full), "custom.%s:%s", conf->name, id);

		if (!*id || n >= (int)sizeof(full))
			return nv_err_set(err, -EINVAL,
				"event %zu: %s has %zu bytes, expected 1 to %zu", at,
				ids[i], strlen(id),
				GW_ID_BYTES - 1 - strlen("custom.:") -
					strlen(conf->name));
		if (json_object_set_new(line, ids[i], json_string(full)) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int
put_agent(json_t *line, size_t at, const struct nv_conf_webhook *conf, struct nv_err *err)
{
	const json_t *value = json_object_get(line, "agent");
	const char *agent = json_string_value(value);

	if (value && !json_is_null(value) &&
		(!agent || !nv_name_valid(agent) || strncmp(agent, "nova.", 5) == 0))
		return nv_err_set(
			err, -EINVAL, "event %zu: agent is not the name of a worker", at);
	if (!conf->agent[0])
		return 0;
	if (agent && strcmp(agent, conf->agent) != 0)
		return nv_err_set(err, -EINVAL,
			"event %zu: this webhook is for the agent %s", at, conf->agent);
	return json_object_set_new(line, "agent", json_string(conf->agent)) < 0 ? -ENOMEM
										: 0;
}

static int
take_line(json_t *line, size_t at, const struct nv_conf_webhook *conf, struct nv_err *err)
{
	if (!json_is_object(line))
		return nv_err_set(err, -EINVAL, "event %zu: expected an object", at);
	int rc = check_fields(line, at, err);

	if (rc == 0)
		rc = put_ids(line, at, conf, err);
	if (rc == 0)
		rc = put_agent(line, at, conf, err);
	return rc;
}

int
gw_custom_lines(const char *body, size_t bytes, const struct nv_conf_webhook *conf,
	json_t **ret_lines, struct nv_err *err)
{
	json_error_t bad;
	json_t *all = json_loadb(body, bytes, JSON_REJECT_DUPLICATES, &bad);
	int rc = 0;

	if (!all)
		return nv_err_set(err, -EINVAL, "line %d column %d: %s", bad.line,
			bad.column, bad.text);
	if (json_is_object(all))
		all = json_pack("[o]", all);
	if (!json_is_array(all) || json_array_size(all) == 0 ||
		json_array_size(all) > EVENTS_MAX)
		rc = nv_err_set(err, -EINVAL,
			"expected an event object or an array of 1 to %d of them",
			EVENTS_MAX);
	for (size_t i = 0; i < json_array_size(all) && rc == 0; i++)
		rc = take_line(json_array_get(all, i), i + 1, conf, err);
	if (rc == 0)
		*ret_lines = all;
	else
		json_decref(all);
	return rc;
}

/* ---- the request ---- */

static const struct nv_conf_webhook *
find(const struct gw *gw, const char *name, struct gw_secrets **ret)
{
	for (size_t i = 0; i < gw->config->gateway.n_webhooks; i++) {
		if (strcmp(gw->config->gateway.webhooks[i].name, name) == 0) {
			*ret = &gw->custom[i];
			return &gw->config->gateway.webhooks[i];
		}
	}
	return NULL;
}

/* Header names are compared in lower case. */
static void
lower(const char *name, char ret[256])
{
	size_t i = 0;

	for (; i < 255 && name[i]; i++)
		ret[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] | 0x20
								 : name[i]);
	ret[i] = '\0';
}

void
gw_from_custom(struct gw_call *call)
{
	struct gw *gw = call->arg;
	struct gw_secrets *secrets;
	const struct nv_conf_webhook *conf = find(gw, call->params[0], &secrets);
	char header[256];
	char timestamp[256] = "";
	char secret[NV_NAME_MAX + 16];
	char provider[NV_NAME_MAX + 16];
	struct nv_err err = {0};
	json_t *lines = NULL;

	if (!conf) {
		gw_answer_error(call, 404, "there is no webhook of this name");
		return;
	}
	lower(conf->header, header);
	if (conf->timestamp)
		lower(conf->timestamp, timestamp);
	(void)snprintf(secret, sizeof(secret), "webhook_%s", conf->name);
	struct gw_signed m = gw_signed(call, header, timestamp);

	if (!gw_genuine(gw, call, GW_FROM_CUSTOM,
		    gw_sign_custom(&m, conf->prefix, conf->timestamp != NULL, secrets),
		    401, secret))
		return;
	int rc = gw_custom_lines(m.body, m.body_bytes, conf, &lines, &err);

	if (rc == -EINVAL) {
		/* Whoever sends it wrote it: it can be mended there. */
		gw->figures[GW_FROM_CUSTOM].bad++;
		nv_warn("custom webhook %s: %s", conf->name, err.text);
		gw_answer_error(call, 400, err.text);
		return;
	}
	(void)snprintf(provider, sizeof(provider), "custom.%s", conf->name);
	json_t *fact = rc < 0 ? NULL : gw_fact(call, provider, "events");

	if (rc < 0 || json_array_append_new(lines, fact) < 0) {
		json_decref(lines);
		lines = NULL;
	}
	gw_hook_begin(gw, call, GW_FROM_CUSTOM, lines);
}
