/* Paths of the fleet: see paths.h. */
#include "paths.h"
#include "sup_client.h"

#include <stdio.h>
#include <stdlib.h>

static bool
is_given(const char *option, const char *variable)
{
	const char *value = getenv(variable);

	return option || (value && value[0]);
}

int
ctl_paths_init(struct ctl *ctl, struct nv_err *err)
{
	const struct ctl_args *args = &ctl->args;

	ctl->config_given = is_given(args->config, "NOVA_CONFIG");
	ctl->state_dir_given = is_given(args->state_dir, "NOVA_STATE_DIR");
	ctl->log_dir_given = is_given(args->log_dir, "NOVA_LOG_DIR");
	return nv_paths_resolve(&ctl->paths, args->config, args->state_dir, args->run_dir,
		args->log_dir, err);
}

static void
adopt(bool given, char path[NV_PATH_MAX], const char *theirs)
{
	if (!given && theirs[0])
		(void)snprintf(path, NV_PATH_MAX, "%s", theirs);
}

void
ctl_paths_adopt(struct ctl *ctl)
{
	struct ctl_sup sup;
	struct ctl_fleet fleet;
	struct nv_err err = {0};

	if (ctl->config_given && ctl->state_dir_given && ctl->log_dir_given)
		return;
	if (ctl_sup_open(&sup, &ctl->paths, &err) == NV_EXIT_OK &&
		ctl_sup_status(&sup, "", &fleet, &err) == NV_EXIT_OK) {
		adopt(ctl->config_given, ctl->paths.config, fleet.nova.config);
		adopt(ctl->state_dir_given, ctl->paths.state_dir, fleet.nova.state_dir);
		adopt(ctl->log_dir_given, ctl->paths.log_dir, fleet.nova.log_dir);
		ctl_fleet_clear(&fleet);
	}
	ctl_sup_close(&sup);
}
