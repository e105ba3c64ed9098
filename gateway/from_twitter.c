/* X: its challenge, GET /webhooks/x?crc_token=, and its posts, which are facts. */
#include "gateway.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
gw_from_twitter_crc(struct gw_call *call)
{
	struct gw *gw = call->arg;
	char *token = gw_form_value(call->request->query, "crc_token");
	char crc[GW_CRC_BYTES];
	char body[GW_CRC_BYTES + 40];
	int rc = gw_sign_x_crc(token ? token : "", &gw->twitter, crc);

	free(token);
	if (rc == -ENOKEY) {
		(void)gw_genuine(gw, call, GW_FROM_TWITTER, GW_NO_SECRET, 503,
			"twitter_api_secret");
		return;
	}
	if (rc < 0) {
		gw_answer_error(call, 400, "expected ?crc_token= with 1 to 256 bytes");
		return;
	}
	int n = snprintf(body, sizeof(body), "{\"response_token\":\"%s\"}", crc);

	gw_answer(call, 200, "application/json", body, (size_t)n);
}

/* "tweet_create_events": the array that a post is about. */
static const char *
kind_of(const json_t *post)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)post, key, value)
	{
		if (json_is_array(value))
			return key;
	}
	return "other";
}

void
gw_from_twitter(struct gw_call *call)
{
	struct gw *gw = call->arg;
	struct gw_signed m = gw_signed(call, "x-twitter-webhooks-signature", NULL);
	json_error_t bad;

	if (!gw_genuine(gw, call, GW_FROM_TWITTER, gw_sign_x(&m, &gw->twitter), 403,
		    "twitter_api_secret"))
		return;
	json_t *post = json_loadb(m.body, m.body_bytes, JSON_REJECT_DUPLICATES, &bad);

	if (!json_is_object(post)) {
		gw_hook_unread(gw, call, GW_FROM_TWITTER,
			post ? "expected an object" : bad.text);
	} else {
		json_t *fact = gw_fact(call, "twitter", kind_of(post));

		gw_hook_begin(
			gw, call, GW_FROM_TWITTER, fact ? json_pack("[o]", fact) : NULL);
	}
	json_decref(post);
}
