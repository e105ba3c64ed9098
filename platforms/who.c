/* Whose process has connected: see who.h. */
#include "who.h"

#include <unistd.h>

void
plat_who_ask(struct plat *p, struct plat_client *client)
{
	(void)p;
	/* Started by hand there is no novasupd, and so no agents. */
	if (client->uid == 0 || client->uid == geteuid())
		plat_client_known(client, "", true, NULL);
	else
		plat_client_known(client, NULL, false,
			"only root, who runs Nova, and agents that were granted it may "
			"ask");
}

void
plat_who_forget(struct plat *p, const struct plat_client *client)
{
	(void)p;
	(void)client;
}

void
plat_who_close(struct plat *p)
{
	(void)p;
}

bool
plat_who_is_granted(const struct plat *p, const char *agent)
{
	return nv_config_worker(p->config, agent) != NULL;
}
