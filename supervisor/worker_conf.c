/* Workers and the configuration: which there are, and what a new one means for those that
 * run. What is restarted for it is decided by plan.c. */
#include "journal.h"
#include "memwatch.h"
#include "nv_clock.h"
#include "nv_log.h"
#include "nv_units.h"
#include "plan.h"
#include "rlimits.h"
#include "sup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUNNER_MARGIN_MS 1000

void
sup_worker_take_conf(
	struct sup_worker *w, struct sup_conf *conf, const struct nv_conf_worker *c)
{
	struct sup_conf *old = w->conf_ref;

	w->conf_ref = sup_conf_hold(conf);
	w->conf = c;
	w->conf_gen = conf->gen;
	w->policy = (struct sup_inst_policy){.restart = c->restart,
		.crashes = c->crashes,
		.ready_event = c->ready != NV_READY_EXEC,
		.ready_timeout_ms = c->ready_timeout_ms,
		.grace_ms = c->stop_grace_ms};
	w->policy.tree = w->group != NULL;
	w->policy.paced = c->crashes_own;
	memcpy(w->policy.success, c->success, sizeof(w->policy.success));
	/* The runner gives its command all of the grace, and then has to say how it went.
	 */
	if (c->kind == NV_KIND_TASK && c->stop_grace_ms > 0)
		w->policy.grace_ms += RUNNER_MARGIN_MS;
	w->removed = false;
	sup_state_worker(w);
	sup_conf_drop(old);
	for (uint32_t i = 0; i < w->n_instances; i++) {
		if (sup_inst_fit(&w->instances[i]->machine, &w->policy) < 0)
			nv_error("%s: no memory for more crash stamps", w->name);
	}
}

struct sup_worker *
sup_worker_add(struct sup *sup, const char *name)
{
	struct sup_worker **at = &sup->workers;
	struct sup_worker *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	while (*at && strcmp((*at)->name, name) < 0)
		at = &(*at)->next;
	w->sup = sup;
	(void)snprintf(w->name, sizeof(w->name), "%s", name);
	w->next = *at;
	*at = w;
	return w;
}

static int
add_worker(struct sup *sup, struct sup_conf *conf, const struct nv_conf_worker *c)
{
	struct sup_worker *w = sup_worker_add(sup, c->name);

	if (!w)
		return -ENOMEM;
	w->id = ++sup->worker_counter;
	sup_state_fleet(sup);
	sup_worker_take_conf(w, conf, c);
	return 0;
}

static bool
limits_differ(const struct nv_conf_worker *a, const struct nv_conf_worker *b)
{
	return a->limit_memory_bytes != b->limit_memory_bytes ||
	       a->limit_cpu_ppm != b->limit_cpu_ppm || a->limit_tasks != b->limit_tasks;
}

/* For what runs. False when the kernel refuses one: memory that is in use already. */
static bool
apply_limits(struct sup_worker *w)
{
	const struct sup_cgroup_limits limits = sup_limits_of_tree(w->conf);

	for (uint32_t i = 0; w->sup->cgroups.usable && i < w->n_instances; i++) {
		struct sup_instance *inst = w->instances[i];

		if (!inst->now)
			continue;
		int rc = sup_cgroup_update(&inst->now->cgroup, &w->sup->cgroups, &limits);

		if (rc < 0) {
			nv_warn("%s#%u: its limits cannot be changed while it runs: %s",
				w->name, inst->number, strerror(-rc));
			return false;
		}
	}
	return true;
}

/* Does some of it still run with settings of before? */
static bool
runs_as_before(const struct sup_worker *w)
{
	for (uint32_t i = 0; i < w->n_instances; i++) {
		const struct sup_instance *inst = w->instances[i];

		if (inst->now && inst->now->restart_hash != w->conf->restart_hash &&
			(inst->machine.state == SUP_INST_UP ||
				inst->machine.state == SUP_INST_STARTING))
			return true;
	}
	return false;
}

/* Several instances one after the other, so that some always serve. What runs with other
 * settings afterwards does so on purpose, until the next change. */
static void
renew(struct sup_worker *w, bool changed)
{
	const struct sup_roll_policy policy = sup_roll_policy_of(w->conf);

	if (!changed)
		changed = !apply_limits(w);
	if (changed)
		nv_info("%s: its configuration changed; restarting it", w->name);
	if (changed && sup_worker_wanted(w) > 1 && !sup_worker_paused(w) &&
		!sup_group_is_held(w)) {
		w->renew = false; /* in the image together with the first step */
		sup_roll_begin(w, &policy);
		return;
	}
	if (changed)
		(void)sup_worker_restart(w, 0, "reload");
	w->renew = false;
	sup_state_worker(w);
}

static int
load_one(struct sup *sup, struct sup_conf *conf, const struct nv_conf_worker *c,
	struct nv_err *err)
{
	struct sup_worker *w = sup_worker_find(sup, c->name);

	if (!w)
		return add_worker(sup, conf, c) == 0
			       ? 0
			       : nv_err_set(err, -ENOMEM, "no memory for worker %s",
					 c->name);
	bool changed = sup_plan_restarts(&sup->cgroups, w->conf, c);
	uint32_t most = w->conf->instances_max;

	/* A load that died half way has left a mark. */
	changed |= w->renew && runs_as_before(w);
	w->renew |= changed || limits_differ(w->conf, c);
	sup_worker_take_conf(w, conf, c);
	sup_worker_choose_slots(w, NV_MIN(w->desire.instances, most),
		NV_MIN(w->desire.instances, c->instances_max));
	if (w->renew)
		renew(w, changed);
	return 0;
}

int
sup_workers_load(struct sup *sup, struct sup_conf *conf, struct nv_err *err)
{
	for (struct sup_worker *w = sup->workers; w; w = w->next) {
		w->removed = !nv_config_worker(conf->config, w->name);
		sup_state_worker(w);
	}
	const struct nv_config *config = conf->config;

	for (size_t i = 0; i < config->n_workers; i++) {
		if (load_one(sup, conf, &config->workers[i], err) < 0)
			return -ENOMEM;
	}
	for (size_t i = 0; i < config->n_system; i++) {
		if (load_one(sup, conf, &config->system[i], err) < 0)
			return -ENOMEM;
	}
	if (sup_gate_resolve(sup) < 0)
		return nv_err_set(err, -ENOMEM, "no memory for dependencies");
	if (sup_groups_load(sup, conf) < 0)
		return nv_err_set(err, -ENOMEM, "no memory for groups");
	sup_workers_apply(sup);
	return 0;
}
