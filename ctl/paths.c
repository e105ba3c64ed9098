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
	ctl->run_dir_given = is_given(args->run_dir, "NOVA_RUN_DIR");
	return nv_paths_resolve(&ctl->paths, args->config, args->state_dir, args->run_dir,
		args->log_dir, err);
}

static void
adopt(bool given, char path[NV_PATH_MAX], const char *theirs)
{
	if (!given && theirs[0])
		(void)snprintf(path, NV_PATH_MAX, "%s", theirs);
}

static bool
all_given(const struct ctl *ctl)
{
	return ctl->config_given && ctl->state_dir_given && ctl->log_dir_given;
}

/* False when novasupd did not answer; why is in err. */
static bool
ask_novasupd(struct ctl *ctl, struct nv_err *err)
{
	struct ctl_sup sup;
	struct nv_fleet fleet;
	bool answered = ctl_sup_open(&sup, &ctl->paths, err) == NV_EXIT_OK &&
			ctl_sup_status(&sup, "", &fleet, err) == NV_EXIT_OK;

	ctl_sup_close(&sup);
	if (!answered)
		return false;
	adopt(ctl->config_given, ctl->paths.config, fleet.nova.config);
	adopt(ctl->state_dir_given, ctl->paths.state_dir, fleet.nova.state_dir);
	adopt(ctl->log_dir_given, ctl->paths.log_dir, fleet.nova.log_dir);
	nv_fleet_clear(&fleet);
	return true;
}

void
ctl_paths_adopt(struct ctl *ctl)
{
	struct nv_err ignored = {0};

	if (!all_given(ctl))
		(void)ask_novasupd(ctl, &ignored); /* else: the defaults */
}

int
ctl_paths_need(struct ctl *ctl, enum ctl_place place)
{
	static const char *const options[] = {"config", "state-dir", "log-dir"};
	const bool given[] = {
		ctl->config_given, ctl->state_dir_given, ctl->log_dir_given};
	struct nv_err err = {0};

	if (given[place] || ask_novasupd(ctl, &err) || !ctl->run_dir_given)
		return NV_EXIT_OK;
	return ctl_fail(&ctl->out, NV_EXIT_UNREACHABLE,
		"%s; where its files are is not known: give --%s", err.text,
		options[place]);
}
