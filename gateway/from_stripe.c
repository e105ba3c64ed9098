/* Stripe: POST /webhooks/stripe. */
#include "gateway.h"
#include "map.h"

#include <errno.h>

void
gw_from_stripe(struct gw_call *call)
{
	struct gw *gw = call->arg;
	struct gw_signed m = gw_signed(call, "stripe-signature", NULL);
	struct nv_err err = {0};
	json_error_t bad;
	json_t *lines = NULL;

	/* 400, as Stripe's own examples answer; it tries again for three days. */
	if (!gw_genuine(gw, call, GW_FROM_STRIPE, gw_sign_stripe(&m, &gw->stripe), 400,
		    "stripe_webhook_secret"))
		return;
	json_t *event = json_loadb(m.body, m.body_bytes, JSON_REJECT_DUPLICATES, &bad);
	static const enum map_stripe_mode modes[] = {[NV_STRIPE_AUTO] = MAP_STRIPE_BOTH,
		[NV_STRIPE_LIVE] = MAP_STRIPE_LIVE,
		[NV_STRIPE_TEST] = MAP_STRIPE_TEST};
	const struct map_stripe how = {
		modes[gw->config->stripe.mode], gw->config->stripe.account};
	int rc = event ? map_stripe_event(event, &how, &lines, &err) : -EINVAL;

	json_decref(event);
	if (rc == -EINVAL)
		gw_hook_unread(gw, call, GW_FROM_STRIPE, event ? err.text : bad.text);
	else
		gw_hook_begin(gw, call, GW_FROM_STRIPE, rc < 0 ? NULL : lines);
}
