/* Resource limits of a worker's processes: see rlimits.h. */
#include "rlimits.h"

#include <sys/resource.h>

static void
add(struct sup_spawn *spec, int resource, uint64_t soft, uint64_t hard)
{
	struct rlimit limit = {soft, hard};

	NV_ASSERT(spec->n_limits < SUP_SPAWN_LIMITS_MAX);
	spec->limits[spec->n_limits].resource = resource;
	spec->limits[spec->n_limits++].limit = limit;
}

/* At most what there is: without CAP_SYS_RESOURCE a limit is never raised. */
static void
add_bounded(struct sup_spawn *spec, int resource, uint64_t soft, uint64_t hard)
{
	struct rlimit now;

	if (getrlimit((__rlimit_resource_t)resource, &now) == 0 &&
		now.rlim_max != RLIM_INFINITY) {
		hard = NV_MIN(hard, now.rlim_max);
		soft = NV_MIN(soft, hard);
	}
	add(spec, resource, soft, hard);
}

void
sup_limits_fill(struct sup_spawn *spec, const struct nv_conf_worker *conf,
	const struct rlimit *nofile)
{
	uint64_t files = NV_MIN(nofile->rlim_max, conf->limit_open_files);
	/* What cannot be known in seconds is rounded up; the kernel ends it at the hard
	 * one. */
	uint64_t cpu_s = (uint64_t)(conf->limit_cpu_time_ms + 999) / 1000;

	if (conf->limit_open_files)
		add(spec, RLIMIT_NOFILE, files, files);
	else
		add(spec, RLIMIT_NOFILE, nofile->rlim_cur, nofile->rlim_max);
	if (conf->limit_core_bytes >= 0)
		add_bounded(spec, RLIMIT_CORE, (uint64_t)conf->limit_core_bytes,
			(uint64_t)conf->limit_core_bytes);
	if (conf->limit_processes)
		add_bounded(
			spec, RLIMIT_NPROC, conf->limit_processes, conf->limit_processes);
	if (conf->limit_file_bytes)
		add_bounded(spec, RLIMIT_FSIZE, conf->limit_file_bytes,
			conf->limit_file_bytes);
	if (conf->limit_stack_bytes)
		add_bounded(spec, RLIMIT_STACK, conf->limit_stack_bytes,
			conf->limit_stack_bytes);
	if (cpu_s)
		add_bounded(spec, RLIMIT_CPU, cpu_s, cpu_s + 1);
	if (conf->limit_locked_bytes >= 0)
		add_bounded(spec, RLIMIT_MEMLOCK, (uint64_t)conf->limit_locked_bytes,
			(uint64_t)conf->limit_locked_bytes);
	if (conf->limit_address_bytes)
		add_bounded(spec, RLIMIT_AS, conf->limit_address_bytes,
			conf->limit_address_bytes);
}

struct sup_cgroup_limits
sup_limits_of_tree(const struct nv_conf_worker *conf)
{
	return (struct sup_cgroup_limits){.memory_bytes = conf->limit_memory_bytes,
		.memory_high_bytes = conf->limit_memory_high_bytes,
		.cpu_ppm = conf->limit_cpu_ppm,
		.tasks = conf->limit_tasks,
		.cpu_weight = conf->limit_cpu_weight,
		.io_weight = conf->limit_io_weight};
}
