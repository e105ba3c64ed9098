/* The configuration -> nodes of the supervision tree, and its live change (rule H): see
 * group.h. What runs goes on; what is new is added down and then started, what is gone is
 * ended and then removed. */
#include "group.h"
#include "nv_clock.h"
#include "nv_log.h"
#include "sup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- settings ---- */

static struct sup_group_spec
spec_of(const struct nv_conf_group *c)
{
	static const enum sup_strategy strategies[] = {
		[NV_STRATEGY_ONE_FOR_ONE] = SUP_ONE_FOR_ONE,
		[NV_STRATEGY_ONE_FOR_ALL] = SUP_ONE_FOR_ALL,
		[NV_STRATEGY_REST_FOR_ONE] = SUP_REST_FOR_ONE,
		[NV_STRATEGY_SIMPLE_ONE_FOR_ONE] = SUP_SIMPLE_ONE_FOR_ONE};
	static const enum sup_child_restart kinds[] = {
		[NV_RESTART_PERMANENT] = SUP_PERMANENT,
		[NV_RESTART_TRANSIENT] = SUP_TRANSIENT,
		[NV_RESTART_TEMPORARY] = SUP_TEMPORARY};
	static const enum sup_auto_shutdown autos[] = {[NV_AUTO_NEVER] = SUP_AUTO_NEVER,
		[NV_AUTO_ANY] = SUP_AUTO_ANY,
		[NV_AUTO_ALL] = SUP_AUTO_ALL};

	return (struct sup_group_spec){.strategy = strategies[c->strategy],
		.intensity = c->intensity,
		.period_s = (uint32_t)(c->period_ms / 1000),
		.auto_shutdown = autos[c->auto_shutdown],
		.child = {.restart = kinds[c->restart],
			.significant = c->significant,
			.shutdown_ms = c->shutdown_ms}};
}

struct sup_group *
sup_group_new(struct sup *sup, const char *name)
{
	struct sup_group **at = &sup->groups.list;
	struct sup_group *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	while (*at && strcmp((*at)->name, name) < 0)
		at = &(*at)->next;
	g->sup = sup;
	memcpy(g->name, name, strlen(name) + 1);
	g->next = *at;
	*at = g;
	return g;
}

/* 0 or -ENOMEM. */
static int
take_groups(struct sup *sup, struct sup_conf *conf)
{
	size_t n = conf->config->n_groups;
	struct sup_conf **old = calloc(n + 1, sizeof(struct sup_conf *));
	int rc = old ? 0 : -ENOMEM;

	for (size_t i = 0; i < n && rc == 0; i++) {
		const struct nv_conf_group *c = &conf->config->groups[i];
		struct sup_group *g = sup_group_find(sup, c->name);

		if (c->strategy == NV_STRATEGY_NONE)
			continue;
		if (!g)
			g = sup_group_new(sup, c->name);
		if (!g) {
			rc = -ENOMEM;
			continue;
		}
		old[i] = g->conf_ref;
		g->conf_ref = sup_conf_hold(conf);
		g->conf = c;
	}
	/* No group is written down with one that is gone. */
	sup->groups.changed = true;
	sup_groups_keep(sup);
	for (size_t i = 0; old && i < n; i++)
		sup_conf_drop(old[i]);
	free(old);
	return rc;
}

static bool
is_configured(const struct sup *sup, const struct sup_group *g)
{
	const struct nv_conf_group *c = nv_config_group(sup->conf->config, g->name);

	return c && c->strategy != NV_STRATEGY_NONE;
}

/* Which groups have to leave, and who is whose child. One that is being ended has left,
 * also when it is wanted again meanwhile: it comes back as a new one. */
static void
relate_groups(struct sup *sup)
{
	for (struct sup_group *g = sup->groups.list; g; g = g->next) {
		struct sup_group *parent =
			g->conf->parent[0] ? sup_group_find(sup, g->conf->parent) : NULL;

		g->leaving = !is_configured(sup, g) ||
			     (g->node && (g->leaving || parent != g->parent));
		if (!g->node)
			g->parent = parent;
	}
	/* What is below one that leaves is taken out with it, and comes back. */
	for (struct sup_group *g = sup->groups.list; g; g = g->next)
		for (const struct sup_group *up = g->parent; up; up = up->parent)
			g->leaving |= up->leaving && g->node;
}

static struct sup_group *
group_for(struct sup *sup, const struct sup_worker *w)
{
	struct sup_group *g = w->removed ? w->group : sup_group_find(sup, w->conf->group);

	return g && (is_configured(sup, g) || w->removed) ? g : NULL;
}

/* ---- nodes ---- */

struct child {
	const char *name;
	size_t place; /* in `order`, or behind all of it */
	struct sup_worker *worker;
	struct sup_group *group;
};

static int
compare(const void *a, const void *b)
{
	const struct child *x = a, *y = b;

	if (x->place != y->place)
		return x->place < y->place ? -1 : 1;
	return strcmp(x->name, y->name);
}

static size_t
place_of(const struct nv_conf_group *c, const char *name)
{
	size_t i = 0;

	while (i < c->n_order && strcmp(c->order[i], name) != 0)
		i++;
	return i;
}

/* Its children in their order: owned list, or NULL (*ret_n 0 or no memory). */
static struct child *
list_children(struct sup_group *g, size_t *ret_n, int *ret_rc)
{
	size_t n = 0;

	for (struct sup_worker *w = g->sup->workers; w; w = w->next)
		n += w->group == g;
	for (struct sup_group *c = g->sup->groups.list; c; c = c->next)
		n += c->parent == g;
	struct child *list = calloc(n + 1, sizeof(*list));

	*ret_n = 0;
	if (!list) {
		*ret_rc = -ENOMEM;
		return NULL;
	}
	n = 0;
	for (struct sup_worker *w = g->sup->workers; w; w = w->next)
		if (w->group == g)
			list[n++] = (struct child){
				w->name, place_of(g->conf, w->name), w, NULL};
	for (struct sup_group *c = g->sup->groups.list; c; c = c->next)
		if (c->parent == g)
			list[n++] = (struct child){
				c->name, place_of(g->conf, c->name), NULL, c};
	qsort(list, n, sizeof(*list), compare);
	*ret_n = n;
	return list;
}

/* Its instances as leaves: those that are there get new settings, the first ones that are
 * not are added. */
static int
add_leaves(struct sup_worker *w)
{
	struct sup_tree *t = w->sup->groups.tree;
	struct sup_child_spec spec = sup_leaf_spec(w);
	int rc = sup_worker_grow(w, w->conf->instances_start);

	for (uint32_t i = 0; rc == 0 && i < w->n_instances; i++) {
		struct sup_instance *inst = w->instances[i];
		sup_node node = sup_leaf_node(inst);

		if (!node)
			node = sup_tree_find_static(t, w->group->node, inst->leaf.id);
		if (node) {
			if (sup_tree_change_leaf(t, node, &spec) < 0)
				nv_error("%s#%u: its new settings do not fit group %s",
					w->name, inst->number, w->group->name);
			continue;
		}
		if (i < w->conf->instances_start)
			rc = sup_tree_add_leaf(
				t, w->group->node, inst->leaf.id, &spec, &node);
	}
	return rc;
}

static int add_group(struct sup_group *g);

static int
add_children(struct sup_group *g)
{
	size_t n;
	int rc = 0;
	struct child *list = list_children(g, &n, &rc);

	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = list[i].worker ? add_leaves(list[i].worker)
				    : add_group(list[i].group);
	free(list);
	return rc;
}

/* It and what is below, as far as it is not there yet. */
static int
add_group(struct sup_group *g)
{
	struct sup_groups *groups = &g->sup->groups;
	struct sup_group_spec spec = spec_of(g->conf);
	bool fresh = g->node == 0;
	int rc = 0;

	if (g->leaving)
		return 0;
	if (fresh)
		rc = sup_tree_add_group(groups->tree, g->parent ? g->parent->node : 0,
			sup_group_id(g->name), &spec, &g->node);
	else if (sup_tree_change_group(groups->tree, g->node, &spec) < 0)
		nv_error("group %s: its new settings do not fit what is in it", g->name);
	if (rc == 0)
		rc = add_children(g);
	if (rc == 0 && fresh && g->parent)
		sup_group_begin(g);
	return rc;
}

/* ---- leaving ---- */

/* Nothing of it is in the tree any more; it comes back where it belongs. */
static void
out_of_tree(struct sup_group *g)
{
	g->node = 0;
	g->was_running = false;
	g->ending = false;
	for (struct sup_worker *w = g->sup->workers; w; w = w->next)
		for (uint32_t i = 0; w->group == g && i < w->n_instances; i++)
			sup_group_wish(w->instances[i], false, false);
	for (struct sup_group *c = g->sup->groups.list; c; c = c->next)
		if (c->parent == g && c->node)
			out_of_tree(c);
}

/* true: it is out of the tree. */
static bool
remove_group(struct sup_group *g)
{
	if (!g->node)
		return true;
	if (sup_tree_remove(g->sup->groups.tree, g->node) < 0) {
		/* It was not its turn, or its parent has been started anew with it. */
		if (!g->ending && sup_group_state(g) != SUP_CHILD_STOPPING) {
			sup_group_end(g);
			sup_groups_run(g->sup);
		}
		return false;
	}
	out_of_tree(g);
	return true;
}

static bool
has_members(const struct sup_group *g)
{
	for (const struct sup_worker *w = g->sup->workers; w; w = w->next)
		if (w->group == g)
			return true;
	for (const struct sup_group *c = g->sup->groups.list; c; c = c->next)
		if (c->parent == g)
			return true;
	return false;
}

bool
sup_group_let_go(struct sup_worker *w)
{
	struct sup_tree *t = w->sup->groups.tree;

	if (!w->group)
		return true;
	for (uint32_t i = 0; i < w->n_instances; i++) {
		struct sup_instance *inst = w->instances[i];

		sup_group_release(inst);
		sup_node node = sup_leaf_node(inst);

		if (node && sup_tree_remove(t, node) == -EBUSY)
			return false;
		node = w->group->node
			       ? sup_tree_find_static(t, w->group->node, inst->leaf.id)
			       : 0;
		if (node)
			(void)sup_tree_remove(t, node); /* absent: without process */
	}
	for (uint32_t i = 0; i < w->n_instances; i++)
		sup_leaf_forget(w->instances[i]);
	w->group = NULL;
	w->group_name[0] = '\0';
	return true;
}

/* ---- joining ---- */

/* A worker that has no process and no leaf goes where it belongs. 0 or -ENOMEM. */
static int
join(struct sup_worker *w)
{
	struct sup_group *g = group_for(w->sup, w);
	int rc = 0;

	w->moving = false;
	w->group = g;
	(void)snprintf(w->group_name, sizeof(w->group_name), "%s", g ? g->name : "");
	w->policy.tree = g != NULL;
	w->policy.paced = w->conf->crashes_own;
	for (uint32_t i = 0; i < w->n_instances; i++) {
		sup_inst_clear(&w->instances[i]->machine);
		sup_state_instance(w->instances[i]);
		if (g && rc == 0)
			rc = sup_leaf_know(w->instances[i]);
	}
	sup_state_worker(w);
	return rc;
}

static int
relate_workers(struct sup *sup)
{
	for (struct sup_worker *w = sup->workers; w; w = w->next) {
		struct sup_group *g = group_for(sup, w);

		if (g == w->group) {
			w->moving = false;
			continue;
		}
		w->moving = true;
		if (sup_worker_live(w) == 0 && sup_group_let_go(w) && join(w) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int
start_new_roots(struct sup *sup)
{
	for (struct sup_group *g = sup->groups.list; g; g = g->next) {
		bool fresh = !g->node && !g->parent && !g->leaving;
		int rc = g->parent || g->leaving ? 0 : add_group(g);

		if (rc < 0)
			return rc;
		if (fresh && !g->held && sup->phase == SUP_RUNNING)
			sup_tree_start(sup->groups.tree, g->node, nv_mono_ms());
	}
	return 0;
}

int
sup_groups_load(struct sup *sup, struct sup_conf *conf)
{
	struct sup_groups *groups = &sup->groups;
	int rc = take_groups(sup, conf);

	if (rc < 0 || !groups->list)
		return rc;
	if (!groups->tree)
		groups->tree = sup_tree_new();
	if (!groups->tree)
		return -ENOMEM;
	relate_groups(sup);
	rc = relate_workers(sup);
	for (struct sup_group *g = groups->list; g; g = g->next)
		if (g->leaving && g->node)
			sup_group_end(g);
	if (rc == 0)
		rc = start_new_roots(sup);
	sup_groups_run(sup);
	return rc == -EEXIST || rc == -EINVAL ? -ENOMEM : rc;
}

void
sup_groups_collect(struct sup *sup)
{
	bool again = false;

	if (!sup->groups.tree)
		return;
	sup_group_again(sup);
	for (struct sup_worker *w = sup->workers; w; w = w->next)
		again |= w->moving && sup_worker_live(w) == 0;
	for (struct sup_group **at = &sup->groups.list; *at;) {
		struct sup_group *g = *at;

		if (!g->leaving || !remove_group(g) ||
			(!is_configured(sup, g) && has_members(g))) {
			at = &g->next;
			continue;
		}
		again = true;
		if (is_configured(sup, g)) {
			g->leaving = false;
			at = &g->next;
			continue;
		}
		*at = g->next;
		ev_timer_stop(sup->loop, &g->shutdown);
		sup->groups.changed = true;
		sup_groups_keep(sup); /* the tree without it */
		sup_state_gone(SUP_REC_GROUP, sup_group_id(g->name));
		sup_conf_drop(g->conf_ref);
		free(g);
	}
	if (again && sup->phase == SUP_RUNNING) {
		if (sup_groups_load(sup, sup->conf) < 0)
			nv_error("groups: no memory for a change of the configuration");
		sup_workers_apply(sup);
	}
}
