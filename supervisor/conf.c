/* Configurations by reference: a worker that is being stopped keeps the settings it was
 * started with while the fleet already has new ones. */
#include "nv_fd.h"
#include "sup.h"

#include <stdlib.h>

struct sup_conf *
sup_conf_new(struct nv_config *config)
{
	struct sup_conf *conf = calloc(1, sizeof(*conf));

	if (!conf) {
		nv_config_free(config);
		return NULL;
	}
	conf->config = config;
	conf->snapshot_fd = -1;
	conf->refs = 1;
	return conf;
}

struct sup_conf *
sup_conf_hold(struct sup_conf *conf)
{
	conf->refs++;
	return conf;
}

void
sup_conf_drop(struct sup_conf *conf)
{
	if (!conf || --conf->refs > 0)
		return;
	if (conf->gen > 0) {
		sup_state_gone(SUP_REC_CONF, conf->gen);
		sup_state_commit(); /* before the number means another descriptor */
	}
	nv_fd_close(&conf->snapshot_fd);
	nv_config_free(conf->config);
	free(conf);
}
