/* The shape of the supervision tree: static children, their settings, and looking. */
#include "tree_impl.h"

#include <errno.h>
#include <stdlib.h>

/* ---- checks ---- */

int
tree_check_child(const struct sup_tree *t, uint32_t parent_group,
	const struct sup_child_spec *spec, bool group)
{
	if (spec->restart > SUP_TEMPORARY || spec->shutdown_ms < SUP_SHUTDOWN_INFINITY)
		return -EINVAL;
	if (spec->significant && spec->restart == SUP_PERMANENT)
		return -EINVAL;
	if (parent_group == SUP_NO_SLOT)
		return 0;
	const struct tree_group *g = &t->groups[parent_group];

	if (g->strategy == SUP_SIMPLE_ONE_FOR_ONE && (group || spec->significant))
		return -EINVAL;
	if (spec->significant && g->auto_shutdown == SUP_AUTO_NEVER)
		return -EINVAL;
	return 0;
}

int
tree_check_group(const struct sup_group_spec *spec)
{
	if (spec->strategy > SUP_SIMPLE_ONE_FOR_ONE ||
		spec->intensity > SUP_INTENSITY_MAX || spec->period_s < 1 ||
		spec->auto_shutdown > SUP_AUTO_ALL)
		return -EINVAL;
	return 0;
}

/* The slots of a group by its handle: 0, or -EINVAL. */
static int
find_group(const struct sup_tree *t, sup_node handle, uint32_t *ret_node)
{
	uint32_t slot = tree_by_handle(t, handle);

	if (slot == SUP_NO_SLOT || t->nodes[slot].group == SUP_NO_SLOT)
		return -EINVAL;
	*ret_node = slot;
	return 0;
}

int
tree_fit_stamps(struct tree_group *g, uint32_t n_stamps)
{
	uint32_t cap = NV_MAX(g->intensity, NV_MAX(n_stamps, g->n_stamps)) + 1;

	if (g->stamps_cap >= cap)
		return 0;
	int64_t *stamps = reallocarray(g->stamps_s, cap, sizeof(*stamps));

	if (!stamps)
		return -ENOMEM;
	g->stamps_s = stamps;
	g->stamps_cap = cap;
	return 0;
}

int
tree_set_group(struct tree_group *g, const struct sup_group_spec *spec)
{
	uint32_t intensity = g->intensity;

	g->intensity = spec->intensity;
	if (tree_fit_stamps(g, 0)) {
		g->intensity = intensity;
		return -ENOMEM;
	}
	g->strategy = spec->strategy;
	g->period_s = spec->period_s;
	g->auto_shutdown = spec->auto_shutdown;
	return 0;
}

uint32_t
tree_depth(const struct sup_tree *t, uint32_t slot)
{
	uint32_t depth = 0;

	for (; slot != SUP_NO_SLOT; slot = t->nodes[slot].parent)
		depth++;
	return depth;
}

/* ---- shape ---- */

int
sup_tree_add_group(struct sup_tree *t, sup_node parent, uint64_t id,
	const struct sup_group_spec *spec, sup_node *ret)
{
	uint32_t above = SUP_NO_SLOT;

	if (parent && find_group(t, parent, &above))
		return -EINVAL;
	if (tree_check_group(spec) ||
		tree_check_child(t, parent ? t->nodes[above].group : SUP_NO_SLOT,
			&spec->child, true))
		return -EINVAL;
	if (tree_depth(t, above) >= SUP_TREE_DEPTH_MAX)
		return -EINVAL;
	if (tree_by_id(t, above, id, true) != SUP_NO_SLOT)
		return -EEXIST;
	if (tree_reserve(t, true))
		return -ENOMEM;
	uint32_t slot = tree_node_new(t, above, t->next_handle, id);
	struct tree_group *g = &t->groups[tree_group_new(t, slot)];

	if (tree_set_group(g, spec)) {
		tree_node_free(t, slot);
		return -ENOMEM;
	}
	t->nodes[slot].spec = spec->child;
	*ret = t->next_handle++;
	return 0;
}

int
sup_tree_add_leaf(struct sup_tree *t, sup_node group, uint64_t id,
	const struct sup_child_spec *spec, sup_node *ret)
{
	uint32_t above;

	if (find_group(t, group, &above) ||
		tree_check_child(t, t->nodes[above].group, spec, false))
		return -EINVAL;
	if (tree_by_id(t, above, id, true) != SUP_NO_SLOT)
		return -EEXIST;
	if (tree_reserve(t, false))
		return -ENOMEM;
	t->nodes[tree_node_new(t, above, t->next_handle, id)].spec = *spec;
	*ret = t->next_handle++;
	return 0;
}

int
sup_tree_change_group(
	struct sup_tree *t, sup_node group, const struct sup_group_spec *spec)
{
	uint32_t slot;

	if (find_group(t, group, &slot) || tree_check_group(spec))
		return -EINVAL;
	struct tree_node *n = &t->nodes[slot];
	struct tree_group *g = &t->groups[n->group];

	if (tree_check_child(t,
		    n->parent == SUP_NO_SLOT ? SUP_NO_SLOT : t->nodes[n->parent].group,
		    &spec->child, true))
		return -EINVAL;
	/* What is in it now must be allowed in it. That its auto_shutdown may become
	 * `never` while it has significant children is OTP's; they are without effect
	 * then. */
	if (spec->strategy == SUP_SIMPLE_ONE_FOR_ONE)
		for (uint32_t c = g->children.first; c != SUP_NO_SLOT;
			c = t->nodes[c].next)
			if (t->nodes[c].group != SUP_NO_SLOT ||
				t->nodes[c].spec.significant)
				return -EINVAL;
	if (tree_set_group(g, spec))
		return -ENOMEM;
	n->spec = spec->child;
	return 0;
}

int
sup_tree_change_leaf(struct sup_tree *t, sup_node leaf, const struct sup_child_spec *spec)
{
	uint32_t slot = tree_by_handle(t, leaf);

	if (slot == SUP_NO_SLOT || t->nodes[slot].group != SUP_NO_SLOT ||
		tree_check_child(t, t->nodes[t->nodes[slot].parent].group, spec, false))
		return -EINVAL;
	t->nodes[slot].spec = *spec;
	return 0;
}

int
sup_tree_remove(struct sup_tree *t, sup_node node)
{
	uint32_t slot = tree_by_handle(t, node);

	if (slot == SUP_NO_SLOT)
		return -EINVAL;
	const struct tree_node *n = &t->nodes[slot];

	if (sup_child_has_process(n->state) ||
		(n->group != SUP_NO_SLOT && t->groups[n->group].op != TREE_OFF))
		return -EBUSY;
	tree_node_free(t, slot);
	return 0;
}

/* ---- looking ---- */

static enum sup_child_state
state_of(const struct sup_tree *t, const struct tree_node *n)
{
	if (n->parent != SUP_NO_SLOT)
		return n->state;
	switch (t->groups[n->group].op) {
	case TREE_OFF:
		return SUP_CHILD_DOWN;
	case TREE_START_ALL:
		return SUP_CHILD_STARTING;
	case TREE_STOP_ALL:
		return SUP_CHILD_STOPPING;
	default:
		return SUP_CHILD_RUNNING;
	}
}

static void
view(const struct sup_tree *t, uint32_t slot, struct sup_child_view *ret)
{
	const struct tree_node *n = &t->nodes[slot];

	*ret = (struct sup_child_view){.node = n->handle,
		.id = n->id,
		.is_group = n->group != SUP_NO_SLOT,
		.dynamic = n->dynamic,
		.state = state_of(t, n),
		.spec = n->spec};
	if (ret->state == SUP_CHILD_RESTARTING)
		ret->retry_at_ms = n->retry_at_ms;
}

/* This child or the first one after it that is there. */
static uint32_t
present(const struct sup_tree *t, uint32_t slot)
{
	while (slot != SUP_NO_SLOT && t->nodes[slot].absent)
		slot = t->nodes[slot].next;
	return slot;
}

bool
sup_tree_child(const struct sup_tree *t, sup_node group, uint32_t index,
	struct sup_child_view *ret)
{
	uint32_t slot;

	if (find_group(t, group, &slot))
		return false;
	slot = present(t, t->groups[t->nodes[slot].group].children.first);
	while (slot != SUP_NO_SLOT && index-- > 0)
		slot = present(t, t->nodes[slot].next);
	if (slot == SUP_NO_SLOT)
		return false;
	view(t, slot, ret);
	return true;
}

bool
sup_tree_view(const struct sup_tree *t, sup_node node, struct sup_child_view *ret)
{
	uint32_t slot = tree_by_handle(t, node);

	if (slot == SUP_NO_SLOT || t->nodes[slot].absent)
		return false;
	view(t, slot, ret);
	return true;
}

bool
sup_tree_was_begun(struct sup_tree *t, sup_node group)
{
	uint32_t slot;

	if (find_group(t, group, &slot))
		return false;
	struct tree_group *g = &t->groups[t->nodes[slot].group];
	bool begun = g->begun;

	g->begun = false;
	return begun;
}

bool
sup_tree_is_settled(const struct sup_tree *t, sup_node group)
{
	uint32_t slot;

	if (find_group(t, group, &slot))
		return true;
	const struct tree_group *g = &t->groups[t->nodes[slot].group];

	return (g->op == TREE_UP || g->op == TREE_OFF) && g->mailbox.first == SUP_NO_SLOT;
}

sup_node
sup_tree_next(const struct sup_tree *t, sup_node group, sup_node node)
{
	uint32_t slot;

	if (node) {
		slot = tree_by_handle(t, node);
		slot = slot == SUP_NO_SLOT ? slot : present(t, t->nodes[slot].next);
	} else {
		if (find_group(t, group, &slot))
			return 0;
		slot = present(t, t->groups[t->nodes[slot].group].children.first);
	}
	return slot == SUP_NO_SLOT ? 0 : t->nodes[slot].handle;
}

bool
sup_tree_group_spec(const struct sup_tree *t, sup_node group, struct sup_group_spec *ret)
{
	uint32_t slot;

	if (find_group(t, group, &slot))
		return false;
	const struct tree_group *g = &t->groups[t->nodes[slot].group];

	*ret = (struct sup_group_spec){.child = t->nodes[slot].spec,
		.strategy = g->strategy,
		.intensity = g->intensity,
		.period_s = g->period_s,
		.auto_shutdown = g->auto_shutdown};
	return true;
}

void
sup_tree_count(const struct sup_tree *t, sup_node group, struct sup_counts *ret)
{
	uint32_t slot;

	*ret = (struct sup_counts){0};
	if (find_group(t, group, &slot))
		return;
	const struct tree_group *g = &t->groups[t->nodes[slot].group];

	ret->active = g->alive;
	for (uint32_t c = present(t, g->children.first); c != SUP_NO_SLOT;
		c = present(t, t->nodes[c].next)) {
		ret->specs++;
		if (t->nodes[c].group != SUP_NO_SLOT)
			ret->supervisors++;
		else
			ret->workers++;
	}
}

uint32_t
sup_tree_restarts(const struct sup_tree *t, sup_node group, int64_t now_ms)
{
	uint32_t slot, n = 0;

	if (find_group(t, group, &slot))
		return 0;
	const struct tree_group *g = &t->groups[t->nodes[slot].group];

	for (uint32_t i = 0; i < g->n_stamps; i++)
		n += g->stamps_s[i] >= now_ms / 1000 - (int64_t)g->period_s;
	return n;
}

sup_node
sup_tree_find(const struct sup_tree *t, sup_node group, uint64_t id)
{
	uint32_t slot = SUP_NO_SLOT;

	if (group && find_group(t, group, &slot))
		return 0;
	slot = tree_by_id(t, slot, id, false);
	return slot == SUP_NO_SLOT ? 0 : t->nodes[slot].handle;
}

sup_node
sup_tree_parent(const struct sup_tree *t, sup_node node)
{
	uint32_t slot = tree_by_handle(t, node);

	if (slot == SUP_NO_SLOT || t->nodes[slot].parent == SUP_NO_SLOT)
		return 0;
	return t->nodes[t->nodes[slot].parent].handle;
}

sup_node
sup_tree_find_static(const struct sup_tree *t, sup_node group, uint64_t id)
{
	uint32_t slot;

	if (find_group(t, group, &slot))
		return 0;
	slot = tree_static_by_id(t, slot, id);
	return slot == SUP_NO_SLOT ? 0 : t->nodes[slot].handle;
}
