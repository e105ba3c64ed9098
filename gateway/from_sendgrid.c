/* SendGrid's Event Webhook: POST /webhooks/sendgrid. */
#include "gateway.h"
#include "map.h"

#include <errno.h>

void
gw_from_sendgrid(struct gw_call *call)
{
	struct gw *gw = call->arg;
	struct gw_signed m = gw_signed(call, "x-twilio-email-event-webhook-signature",
		"x-twilio-email-event-webhook-timestamp");
	struct nv_err err = {0};
	json_error_t bad;
	json_t *lines = NULL;

	if (!gw_genuine(gw, call, GW_FROM_SENDGRID, gw_sign_sendgrid(&m, gw->sendgrid),
		    403, "sendgrid_webhook_key"))
		return;
	json_t *events = json_loadb(m.body, m.body_bytes, JSON_REJECT_DUPLICATES, &bad);
	int rc = events ? map_sendgrid_events(events, &lines, &err) : -EINVAL;

	if (rc == -EINVAL)
		gw_hook_unread(gw, call, GW_FROM_SENDGRID, events ? err.text : bad.text);
	else
		gw_hook_begin(gw, call, GW_FROM_SENDGRID, rc < 0 ? NULL : lines);
	json_decref(events);
}
