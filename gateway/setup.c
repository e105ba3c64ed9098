/* Secrets and the address: see setup.h. */
#include "setup.h"

#include "nv_log.h"
#include "nv_service.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* NULL when it is not there. */
static char *
read_secret(const char *name)
{
	char *text;
	int rc = nv_service_secret(name, &text);

	if (rc < 0 && rc != -ENOENT)
		nv_error("secrets/%s: %s", name, strerror(-rc));
	return text;
}

static void
read_key(struct gw *gw)
{
	struct nv_err err = {0};
	char *text = read_secret("sendgrid_webhook_key");

	if (text && nv_ec_key_parse(text, strlen(text), &gw->sendgrid, &err) < 0)
		nv_error("secrets/sendgrid_webhook_key: %s", err.text);
	free(text);
}

int
gw_secrets_read(struct gw *gw)
{
	const struct nv_conf_gateway *conf = &gw->config->gateway;

	gw_secrets_set(&gw->stripe, read_secret("stripe_webhook_secret"));
	gw_secrets_set(&gw->gumroad, read_secret("gumroad_webhook_secret"));
	gw_secrets_set(&gw->twitter, read_secret("twitter_api_secret"));
	gw_secrets_set(&gw->slack, read_secret("slack_signing_secret"));
	read_key(gw);
	gw->custom = calloc(conf->n_webhooks + 1, sizeof(*gw->custom));
	if (!gw->custom)
		return -ENOMEM;
	for (size_t i = 0; i < conf->n_webhooks; i++) {
		char name[NV_NAME_MAX + 16];

		(void)snprintf(name, sizeof(name), "webhook_%s", conf->webhooks[i].name);
		gw_secrets_set(&gw->custom[i], read_secret(name));
	}
	return 0;
}

void
gw_secrets_forget(struct gw *gw)
{
	gw_secrets_fini(&gw->stripe);
	gw_secrets_fini(&gw->gumroad);
	gw_secrets_fini(&gw->twitter);
	gw_secrets_fini(&gw->slack);
	nv_ec_key_free(gw->sendgrid);
	gw->sendgrid = NULL;
	for (size_t i = 0; gw->custom && i < gw->config->gateway.n_webhooks; i++)
		gw_secrets_fini(&gw->custom[i]);
	free(gw->custom);
	gw->custom = NULL;
}

int
gw_listen_parse(const char *text, char host[GW_PEER_BYTES], uint16_t *ret_port)
{
	const char *colon = strrchr(text, ':');
	size_t bytes = colon ? (size_t)(colon - text) : 0;
	char *end = NULL;

	if (bytes == 0 || bytes >= GW_PEER_BYTES || colon[1] < '0' || colon[1] > '9')
		return -EINVAL;
	long port = strtol(colon + 1, &end, 10);

	if (*end || port > UINT16_MAX)
		return -EINVAL;
	if (text[0] == '[' && text[bytes - 1] == ']') {
		text++;
		bytes -= 2;
	}
	memcpy(host, text, bytes);
	host[bytes] = '\0';
	*ret_port = (uint16_t)port;
	return 0;
}
