/* A new configuration as a plan: see plan.h. */
#include "plan.h"

#include <stdio.h>
#include <string.h>

static bool
limit_live(bool v2, uint64_t old, uint64_t new)
{
	return v2 || old == new || old != 0;
}

bool
sup_plan_limits_live(const struct sup_cgroup_root *root, const struct nv_conf_worker *old,
	const struct nv_conf_worker *new)
{
	if (!root->usable)
		return true; /* none is enforced, now or later */
	return limit_live(root->v2_memory, old->limit_memory_bytes,
		       new->limit_memory_bytes) &&
	       limit_live(root->v2_cpu, (uint64_t)old->limit_cpu_ppm,
		       (uint64_t) new->limit_cpu_ppm) &&
	       limit_live(root->v2_pids, old->limit_tasks, new->limit_tasks);
}

bool
sup_plan_restarts(const struct sup_cgroup_root *root, const struct nv_conf_worker *old,
	const struct nv_conf_worker *new)
{
	return old->restart_hash != new->restart_hash ||
	       !sup_plan_limits_live(root, old, new);
}

struct making {
	const struct sup_cgroup_root *root;
	const struct nv_config *old;
	const struct nv_config *new;
	sup_plan_running_fn *running;
	sup_plan_row_fn *row;
	void *arg;
	struct sup_plan_counts *counts;
	char last[NV_NAME_MAX]; /* the worker counted last */
};

/* Does this very key need a restart here? */
static bool
key_restarts(const struct making *m, const struct nv_conf_change *c)
{
	const struct nv_conf_worker *old = nv_config_worker(m->old, c->worker);
	const struct nv_conf_worker *new = nv_config_worker(m->new, c->worker);

	if (c->restart || !m->root->usable)
		return c->restart;
	if (strcmp(c->key, "limits.memory") == 0)
		return !limit_live(m->root->v2_memory, old->limit_memory_bytes,
			new->limit_memory_bytes);
	if (strcmp(c->key, "limits.cpu") == 0)
		return !limit_live(m->root->v2_cpu, (uint64_t)old->limit_cpu_ppm,
			(uint64_t) new->limit_cpu_ppm);
	if (strcmp(c->key, "limits.tasks") == 0)
		return !limit_live(m->root->v2_pids, old->limit_tasks, new->limit_tasks);
	return false;
}

/* A section of nova.yaml that is a process, or a setting in it. */
static enum nv_plan_effect
effect_of_section(const struct making *m, const char *key)
{
	char name[NV_NAME_MAX];

	if (!nv_conf_system_of(key, name))
		return NV_PLAN_LIVE;
	const struct nv_conf_worker *old = nv_config_worker(m->old, name);
	const struct nv_conf_worker *new = nv_config_worker(m->new, name);

	if (old && new)
		return NV_PLAN_RESTART;
	return old ? NV_PLAN_STOP : new ? NV_PLAN_START : NV_PLAN_LATER;
}

static enum nv_plan_effect
effect_of(struct making *m, const struct nv_conf_change *c, uint32_t running)
{
	switch (c->kind) {
	case NV_CONF_ADDED:
		m->counts->added++;
		return nv_config_worker(m->new, c->worker)->instances_start > 0
			       ? NV_PLAN_START
			       : NV_PLAN_LATER;
	case NV_CONF_REMOVED:
		m->counts->removed++;
		return NV_PLAN_STOP;
	case NV_CONF_CHANGED:
		break;
	}
	if (!c->worker[0]) {
		m->counts->settings++;
		return effect_of_section(m, c->key);
	}
	if (strcmp(m->last, c->worker) != 0) {
		(void)snprintf(m->last, sizeof(m->last), "%s", c->worker);
		m->counts->changed++;
		m->counts->restarts +=
			running > 0 &&
			sup_plan_restarts(m->root, nv_config_worker(m->old, c->worker),
				nv_config_worker(m->new, c->worker));
	}
	if (!key_restarts(m, c))
		return NV_PLAN_LIVE;
	return running > 0 ? NV_PLAN_RESTART : NV_PLAN_LATER;
}

static void
on_change(void *arg, const struct nv_conf_change *c)
{
	struct making *m = arg;
	struct nv_ctl_plan row = {.kind = (uint8_t)c->kind,
		.running = !c->worker[0] ? 0
			   : m->running  ? m->running(m->arg, c->worker)
					 : 1};

	row.effect = (uint8_t)effect_of(m, c, row.running);
	(void)snprintf(row.worker, sizeof(row.worker), "%s", c->worker);
	(void)snprintf(row.key, sizeof(row.key), "%s", c->key);
	(void)snprintf(row.from, sizeof(row.from), "%s", c->from);
	(void)snprintf(row.to, sizeof(row.to), "%s", c->to);
	m->row(m->arg, &row);
}

int
sup_plan_make(const struct sup_cgroup_root *root, const struct nv_config *old,
	const struct nv_config *new, sup_plan_running_fn *running, sup_plan_row_fn *row,
	void *arg, struct sup_plan_counts *ret)
{
	struct making m = {.root = root,
		.old = old,
		.new = new,
		.running = running,
		.row = row,
		.arg = arg,
		.counts = ret};

	*ret = (struct sup_plan_counts){0};
	return nv_config_diff(old, new, on_change, &m);
}

static size_t
add(char *buf, size_t buf_bytes, size_t used, uint32_t n, const char *what)
{
	if (n == 0 || used >= buf_bytes)
		return used;
	int more = snprintf(
		buf + used, buf_bytes - used, "%s%u %s", used ? ", " : "", n, what);

	return used + (size_t)NV_MAX(more, 0);
}

void
sup_plan_text(const struct sup_plan_counts *c, char *buf, size_t buf_bytes)
{
	char changed[60];
	size_t used = 0;

	(void)snprintf(changed, sizeof(changed), "changed (%u restarted)", c->restarts);
	buf[0] = '\0';
	used = add(buf, buf_bytes, used, c->added, "added");
	used = add(buf, buf_bytes, used, c->removed, "removed");
	used = add(buf, buf_bytes, used, c->changed, changed);
	used = add(buf, buf_bytes, used, c->settings,
		c->settings == 1 ? "setting of the fleet" : "settings of the fleet");
	if (used == 0)
		(void)snprintf(buf, buf_bytes, "nothing changes");
}
