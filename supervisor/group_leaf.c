/* Leaves of the supervision tree and the instances they are: see group.h. */
#include "group.h"
#include "sup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- ids ---- */

static uint64_t
hash(const char *text)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return h;
}

/* From the name, so that whoever comes after us finds the same. A worker's name has no
 * '#', so that groups and leaves are apart. */
uint64_t
sup_leaf_id(const char *worker, uint32_t number)
{
	char text[NV_NAME_MAX + 16];

	(void)snprintf(text, sizeof(text), "%s#%u", worker, number);
	return hash(text) & ~SUP_CALL_OURS;
}

uint64_t
sup_group_id(const char *name)
{
	return hash(name) & ~SUP_CALL_OURS;
}

/* ---- the table ---- */

static struct sup_instance **
bucket(const struct sup_groups *groups, uint64_t id)
{
	return &groups->leaves[(id >> 20) & (groups->n_buckets - 1)];
}

struct sup_instance *
sup_leaf_find(struct sup *sup, uint64_t id)
{
	struct sup_instance *inst =
		sup->groups.n_buckets ? *bucket(&sup->groups, id) : NULL;

	while (inst && inst->leaf.id != id)
		inst = inst->leaf.same;
	return inst;
}

static int
grow(struct sup_groups *groups)
{
	uint32_t n = groups->n_buckets ? 2 * groups->n_buckets : 64;
	struct sup_instance **old = groups->leaves;
	uint32_t old_n = groups->n_buckets;
	struct sup_instance **fresh = calloc(n, sizeof(struct sup_instance *));

	if (!fresh)
		return -ENOMEM;
	groups->leaves = fresh;
	groups->n_buckets = n;
	for (uint32_t i = 0; i < old_n; i++) {
		for (struct sup_instance *inst = old[i], *next; inst; inst = next) {
			struct sup_instance **at = bucket(groups, inst->leaf.id);

			next = inst->leaf.same;
			inst->leaf.same = *at;
			*at = inst;
		}
	}
	free(old);
	return 0;
}

int
sup_leaf_know(struct sup_instance *inst)
{
	struct sup_groups *groups = &inst->sup->groups;

	if (inst->leaf.known)
		return 0;
	if (groups->n_leaves >= groups->n_buckets && grow(groups) < 0)
		return -ENOMEM;
	inst->leaf.id = sup_leaf_id(inst->worker->name, inst->number);
	struct sup_instance **at = bucket(groups, inst->leaf.id);

	inst->leaf.same = *at;
	inst->leaf.known = true;
	*at = inst;
	groups->n_leaves++;
	return 0;
}

void
sup_leaf_forget(struct sup_instance *inst)
{
	struct sup_groups *groups = &inst->sup->groups;

	if (!inst->leaf.known)
		return;
	struct sup_instance **at = bucket(groups, inst->leaf.id);

	while (*at != inst)
		at = &(*at)->leaf.same;
	*at = inst->leaf.same;
	groups->n_leaves--;
	if (inst->leaf.wished) {
		at = &groups->wishes;
		while (*at != inst)
			at = &(*at)->leaf.wish_next;
		*at = inst->leaf.wish_next;
	}
	inst->leaf = (struct sup_leaf){0};
}

sup_node
sup_leaf_node(const struct sup_instance *inst)
{
	const struct sup_group *g = inst->worker->group;

	return g && g->node
		       ? sup_tree_find(inst->sup->groups.tree, g->node, inst->leaf.id)
		       : 0;
}

struct sup_child_spec
sup_leaf_spec(const struct sup_worker *w)
{
	static const enum sup_child_restart kinds[] = {
		[NV_RESTART_PERMANENT] = SUP_PERMANENT,
		[NV_RESTART_TRANSIENT] = SUP_TRANSIENT,
		[NV_RESTART_TEMPORARY] = SUP_TEMPORARY};

	return (struct sup_child_spec){.restart = kinds[w->conf->restart],
		.significant = w->conf->significant,
		.shutdown_ms = w->policy.grace_ms};
}
