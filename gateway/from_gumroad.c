/* Gumroad: POST /webhooks/gumroad/SECRET. Its pings are not signed: the secret in the
 * address opens the door, and what is booked is what Gumroad's API says of the sale when
 * the platform asks it. */
#include "gateway.h"
#include "map.h"
#include "nv_ask.h"
#include "nv_log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ping {
	struct gw *gw;
	struct gw_call *call;
	struct nv_ask *ask; /* owned while it is under way */
	json_t *fact;       /* owned */
};

static enum gw_verdict
check_secret(const struct gw *gw, const char *given)
{
	bool same = false;

	if (gw->gumroad.n == 0)
		return GW_NO_SECRET;
	for (size_t i = 0; i < gw->gumroad.n; i++)
		same |= nv_same_secret(given, strlen(given), gw->gumroad.list[i],
			strlen(gw->gumroad.list[i]));
	return same ? GW_GENUINE : GW_FORGED;
}

/* One pair of the form; what cannot be decoded is passed over. */
static int
read_pair(struct map_gumroad_ping *ping, const char *pair, size_t bytes)
{
	const char *equals = memchr(pair, '=', bytes);
	NV_CLEANUP_FREE char *text = equals ? strndup(pair, bytes) : NULL;

	if (!text)
		return equals ? -ENOMEM : 0;
	char *value = text + (equals - pair);

	*value++ = '\0';
	int key_bytes = gw_unescape(text, true);
	int value_bytes = gw_unescape(value, true);

	if (key_bytes > 0 && value_bytes >= 0)
		map_gumroad_ping_field(
			ping, text, (size_t)key_bytes, value, (size_t)value_bytes);
	return 0;
}

static int
read_ping(const struct gw_request *r, struct map_gumroad_ping *ret)
{
	int rc = 0;

	*ret = (struct map_gumroad_ping){0};
	for (const char *at = r->body; *at && rc == 0;) {
		size_t bytes = strcspn(at, "&");

		rc = read_pair(ret, at, bytes);
		at += bytes + (at[bytes] == '&');
	}
	return rc;
}

/* ---- the platform's word ---- */

static void
book(struct gw *gw, struct gw_call *call, json_t *fact)
{
	json_t *lines = fact ? json_pack("[o]", fact) : NULL;

	gw_hook_begin(gw, call, GW_FROM_GUMROAD, lines);
}

static void
on_confirmed(void *arg, json_t *data, bool gone, const char *why)
{
	struct ping *p = arg;
	struct gw *gw = p->gw;
	struct gw_call *call = p->call;
	json_t *fact = p->fact;

	(void)data;
	free(p);
	call->gone = NULL;
	if (gone || *why) {
		/* Told to come again, it does after 60, 180 and 600 seconds; told no, it
		 * never does. What is missing then, the platform finds by itself. */
		nv_warn("gumroad: a sale is not confirmed: %s", why);
		json_decref(fact);
		gw_hook_later(gw, call, GW_FROM_GUMROAD, "the sale is not confirmed");
		return;
	}
	book(gw, call, fact);
}

static void
on_gone(struct gw_call *call)
{
	struct ping *p = call->own;

	nv_ask_cancel(p->ask);
	json_decref(p->fact);
	free(p);
}

static void
confirm(struct gw *gw, struct gw_call *call, const struct map_gumroad_ping *ping,
	json_t *fact)
{
	char path[1200];
	struct ping *p = calloc(1, sizeof(*p));
	json_t *question = json_pack("{s:s, s:{s:s, s:s*}}", "verb", "confirm", "args",
		"sale", ping->sale, "agent", ping->agent[0] ? ping->agent : NULL);
	int rc = -ENOMEM;

	(void)snprintf(path, sizeof(path), "%s/platform/gumroad.sock", gw->run_dir);
	if (p && question) {
		*p = (struct ping){.gw = gw, .call = call, .fact = fact};
		rc = nv_ask(
			gw->loop, path, question, GW_HOOK_MS, on_confirmed, p, &p->ask);
	} else {
		json_decref(question);
	}
	if (rc < 0) {
		free(p);
		json_decref(fact);
		gw_hook_later(gw, call, GW_FROM_GUMROAD, "the platform is not there");
		return;
	}
	call->own = p;
	call->gone = on_gone;
}

void
gw_from_gumroad(struct gw_call *call)
{
	struct gw *gw = call->arg;
	struct map_gumroad_ping ping;
	struct nv_err err = {0};
	json_t *fact = NULL;

	if (!gw_genuine(gw, call, GW_FROM_GUMROAD, check_secret(gw, call->params[0]), 404,
		    "gumroad_webhook_secret"))
		return;
	int rc = read_ping(call->request, &ping);

	if (rc == 0)
		rc = map_gumroad_ping_fact(&ping, &fact, &err);
	if (rc == -EINVAL)
		gw_hook_unread(gw, call, GW_FROM_GUMROAD, err.text);
	else if (rc < 0)
		gw_hook_later(gw, call, GW_FROM_GUMROAD, "no memory");
	else if (ping.sale[0] && !ping.test)
		confirm(gw, call, &ping, fact);
	else
		book(gw, call, fact);
}
