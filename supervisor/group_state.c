/* Groups outlive novasupd: the tree is written down before what it decided is done, and
 * compared with what the instances are when it comes back. See group.h, state.h. */
#include "group.h"
#include "nv_clock.h"
#include "nv_log.h"
#include "state.h"
#include "sup.h"

#include <errno.h>
#include <string.h>

#define TREE_BYTES_MAX ((size_t)64 << 20)

void
sup_groups_keep(struct sup *sup)
{
	static struct nv_buf buf; /* its memory is kept */
	struct sup_groups *groups = &sup->groups;

	if (!groups->changed || !groups->tree)
		return;
	groups->changed = false;
	if (buf.bytes_max == 0)
		nv_buf_init(&buf, TREE_BYTES_MAX);
	nv_buf_clear(&buf);
	if (sup_tree_save(groups->tree, &buf) < 0) {
		nv_error("groups: no memory to keep their state");
		return;
	}
	sup_state_tree(buf.data, buf.bytes);
	for (struct sup_group *g = groups->list; g; g = g->next)
		sup_state_group(g);
	while (groups->wishes) {
		struct sup_instance *inst = groups->wishes;

		groups->wishes = inst->leaf.wish_next;
		inst->leaf.wished = false;
		sup_state_instance(inst);
	}
}

int
sup_group_restore(struct sup *sup, const struct sup_group *read, struct sup_conf *conf,
	const struct nv_conf_group *c)
{
	if (sup_group_find(sup, read->name))
		return -EEXIST;
	struct sup_group *g = sup_group_new(sup, read->name);

	if (!g)
		return -ENOMEM;
	memcpy(SUP_FLAT(g), SUP_FLAT(read), SUP_FLAT_BYTES(g));
	g->cause[sizeof(g->cause) - 1] = '\0';
	g->conf_ref = sup_conf_hold(conf);
	g->conf = c;
	return 0;
}

int
sup_groups_piece(struct sup *sup, const void *data, size_t bytes)
{
	struct nv_buf *saved = &sup->groups.saved;

	if (saved->bytes_max == 0)
		nv_buf_init(saved, TREE_BYTES_MAX);
	nv_buf_add(saved, data, bytes);
	return saved->error;
}

static struct sup_group *
by_node(struct sup *sup, sup_node node)
{
	struct sup_group *g = sup->groups.list;

	while (g && (g->node != node || !node))
		g = g->next;
	return g;
}

/* 0 or -ENOMEM. */
static int
restore_worker(struct sup_worker *w)
{
	w->group = w->group_name[0] ? sup_group_find(w->sup, w->group_name) : NULL;
	w->policy.tree = w->group != NULL;
	for (uint32_t i = 0; w->group && i < w->n_instances; i++)
		if (sup_leaf_know(w->instances[i]) < 0)
			return -ENOMEM;
	return 0;
}

int
sup_groups_restore(struct sup *sup)
{
	struct sup_groups *groups = &sup->groups;
	struct sup_child_view view;
	int rc = 0;

	if (groups->saved.bytes == 0)
		return groups->list ? -EBADMSG : 0;
	rc = sup_tree_load(groups->saved.data, groups->saved.bytes, &groups->tree);
	nv_buf_fini(&groups->saved);
	groups->saved = (struct nv_buf){0};
	for (struct sup_group *g = groups->list; rc == 0 && g; g = g->next) {
		if (g->node && !sup_tree_view(groups->tree, g->node, &view))
			rc = -EBADMSG;
		else if (g->node)
			g->parent = by_node(sup, sup_tree_parent(groups->tree, g->node));
		else if (g->conf->parent[0])
			g->parent = sup_group_find(sup, g->conf->parent);
	}
	for (struct sup_worker *w = sup->workers; rc == 0 && w; w = w->next)
		rc = restore_worker(w);
	groups->busy = true;
	/* Calls of persons that wait there have numbers of another count. */
	groups->calls = (uint64_t)nv_mono_ns();
	return rc;
}

/* What the tree awaits of it may have happened, and nobody was left to tell. */
static void
compare(struct sup_instance *inst)
{
	struct sup_tree *t = inst->sup->groups.tree;
	bool live = sup_inst_live(&inst->machine);
	sup_node node = sup_leaf_node(inst);
	struct sup_child_view view = {0};

	if (node)
		(void)sup_tree_view(t, node, &view);
	if (sup_child_has_process(view.state)) {
		if (!live && !inst->machine.go)
			sup_group_ended(inst);
		else if (view.state == SUP_CHILD_STARTING &&
			 inst->machine.state == SUP_INST_UP)
			sup_group_started(inst);
		else if (view.state == SUP_CHILD_STOPPING)
			sup_instance_event(inst, SUP_EV_STOP);
	} else if (live) {
		sup_instance_event(inst, SUP_EV_STOP);
	}
}

void
sup_groups_resume(struct sup *sup)
{
	if (!sup->groups.tree)
		return;
	sup->groups.busy = false;
	sup->groups.any_busy = true; /* each of them knows whether it is one */
	sup_groups_run(sup);
	for (struct sup_worker *w = sup->workers; w; w = w->next)
		for (uint32_t i = 0; w->group && i < w->n_instances; i++)
			compare(w->instances[i]);
	sup_groups_run(sup);
}
