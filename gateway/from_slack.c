/* Slack's buttons: POST /webhooks/slack. Verified here, decided by nova-alerts, which
 * knows who may. */
#include "gateway.h"
#include "nv_ask.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLACK_MS 2500 /* it waits for 3 s, and a person sees an error then */

struct press {
	struct gw *gw;
	struct gw_call *call;
	struct nv_ask *ask; /* owned while it is under way */
};

static void
on_taken(void *arg, json_t *data, bool gone, const char *why)
{
	struct press *p = arg;
	struct gw *gw = p->gw;
	struct gw_call *call = p->call;

	free(p);
	if (gone || *why) {
		gw_hook_later(
			gw, call, GW_FROM_SLACK, gone ? "alerts do not answer" : why);
		return;
	}
	char *text = json_object_size(data) ? nv_json_line(data) : NULL;

	gw->figures[GW_FROM_SLACK].accepted++;
	gw_answer(
		call, 200, "application/json", text ? text : "", text ? strlen(text) : 0);
	free(text);
}

static void
on_gone(struct gw_call *call)
{
	struct press *p = call->own;

	nv_ask_cancel(p->ask);
	free(p);
}

void
gw_from_slack(struct gw_call *call)
{
	struct gw *gw = call->arg;
	struct gw_signed m =
		gw_signed(call, "x-slack-signature", "x-slack-request-timestamp");
	char path[1200];

	if (!gw_genuine(gw, call, GW_FROM_SLACK, gw_sign_slack(&m, &gw->slack), 401,
		    "slack_signing_secret"))
		return;
	char *text = gw_form_value(call->request->body, "payload");
	json_t *payload = text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;

	free(text);
	if (!json_is_object(payload)) {
		json_decref(payload);
		gw->figures[GW_FROM_SLACK].bad++;
		gw_answer_error(call, 400, "expected payload= with a JSON object");
		return;
	}
	struct press *p = calloc(1, sizeof(*p));
	json_t *question =
		json_pack("{s:s, s:{s:o}}", "verb", "slack", "args", "payload", payload);
	int rc = -ENOMEM;

	(void)snprintf(path, sizeof(path), "%s/alerts.sock", gw->run_dir);
	if (p && question) {
		*p = (struct press){.gw = gw, .call = call};
		rc = nv_ask(gw->loop, path, question, SLACK_MS, on_taken, p, &p->ask);
	} else {
		json_decref(question);
	}
	if (rc < 0) {
		free(p);
		gw_hook_later(gw, call, GW_FROM_SLACK, "alerts are not there");
		return;
	}
	call->own = p;
	call->gone = on_gone;
}
