/* Fuzz target: bodies of webhooks of one's own. What is taken has ids of its own
 * namespace, is money of the agent that is set, and says nothing that is not theirs. */
#include "gateway.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void
check_line(const json_t *line, const struct nv_conf_webhook *conf)
{
	const char *id = json_string_value(json_object_get(line, "id"));
	const char *of = json_string_value(json_object_get(line, "of"));
	const char *event = json_string_value(json_object_get(line, "event"));
	const char *agent = json_string_value(json_object_get(line, "agent"));

	NV_ASSERT(id && strncmp(id, "custom.shop:", 12) == 0 && strlen(id) < GW_ID_BYTES);
	NV_ASSERT(!of || strncmp(of, "custom.shop:", 12) == 0);
	NV_ASSERT(
		event && strcmp(event, "webhook") != 0 && strcmp(event, "reserve") != 0);
	NV_ASSERT(!json_object_get(line, "ack"));
	NV_ASSERT(!json_is_real(json_object_get(line, "amount")));
	if (conf->agent[0])
		NV_ASSERT(agent && strcmp(agent, conf->agent) == 0);
	else
		NV_ASSERT(!agent ||
			  (nv_name_valid(agent) && strncmp(agent, "nova.", 5) != 0));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static const struct nv_conf_webhook hooks[] = {
		{.name = "shop", .agent = "seller"}, {.name = "shop"}};

	for (size_t i = 0; i < NV_LEN(hooks); i++) {
		struct nv_err err = {0};
		json_t *lines = NULL;
		size_t at;
		json_t *line;
		int rc = gw_custom_lines(
			(const char *)data, bytes, &hooks[i], &lines, &err);

		NV_ASSERT((rc == 0) == (lines != NULL));
		NV_ASSERT(rc == 0 || err.text[0]);
		json_array_foreach(lines, at, line)
		{
			check_line(line, &hooks[i]);
		}
		json_decref(lines);
	}
	return 0;
}
