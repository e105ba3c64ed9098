/* Storage of the supervision tree: slots of nodes, groups and messages, the two ways to
 * find a node, the waiting retries in order, and the ring of actions. Memory is taken
 * when something is added; events find it there. */
#include "tree_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAP       16
#define ACTIONS_A_NODE  3
#define ACTIONS_A_GROUP (SUP_TREE_CALLS_MAX + 4)

struct sup_tree *
sup_tree_new(void)
{
	struct sup_tree *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->nodes_free = t->groups_free = t->msgs_free = SUP_NO_SLOT;
	t->roots = t->reports = t->pumps = (struct tree_list){SUP_NO_SLOT, SUP_NO_SLOT};
	t->next_handle = 1;
	t->next_seq = 1;
	return t;
}

void
sup_tree_free(struct sup_tree *t)
{
	if (!t)
		return;
	for (uint32_t i = 0; i < t->groups_used; i++)
		free(t->groups[i].stamps_s);
	free(t->groups);
	free(t->nodes);
	free(t->msgs);
	free(t->by_handle);
	free(t->by_id);
	free(t->heap);
	free(t->actions);
	free(t);
}

/* ---- memory ---- */

static int
grow(void **array, uint32_t cap, size_t item_bytes)
{
	void *p = reallocarray(*array, cap, item_bytes);

	if (!p)
		return -ENOMEM;
	*array = p;
	return 0;
}

static uint32_t
mix(uint64_t v)
{
	v *= UINT64_C(0x9e3779b97f4a7c15);
	return (uint32_t)(v >> 32);
}

static uint32_t *
handle_head(const struct sup_tree *t, sup_node handle)
{
	return &t->by_handle[mix(handle) & (t->nodes_cap - 1)];
}

static uint32_t *
id_head(const struct sup_tree *t, uint32_t parent, uint64_t id)
{
	return &t->by_id[mix(id ^ ((uint64_t)parent << 40)) & (t->nodes_cap - 1)];
}

static void
chain(struct sup_tree *t, uint32_t slot)
{
	struct tree_node *n = &t->nodes[slot];
	uint32_t *head = handle_head(t, n->handle);

	n->same_handle = *head;
	*head = slot;
	head = id_head(t, n->parent, n->id);
	n->same_id = *head;
	*head = slot;
}

static int
grow_nodes(struct sup_tree *t)
{
	uint32_t cap = t->nodes_cap ? 2 * t->nodes_cap : FIRST_CAP;

	if (grow((void **)&t->nodes, cap, sizeof(*t->nodes)) ||
		grow((void **)&t->by_handle, cap, sizeof(*t->by_handle)) ||
		grow((void **)&t->by_id, cap, sizeof(*t->by_id)) ||
		grow((void **)&t->heap, cap, sizeof(*t->heap)))
		return -ENOMEM;
	t->nodes_cap = cap;
	memset(t->by_handle, 0xff, cap * sizeof(*t->by_handle));
	memset(t->by_id, 0xff, cap * sizeof(*t->by_id));
	for (uint32_t i = 0; i < t->nodes_used; i++)
		if (t->nodes[i].handle)
			chain(t, i);
	return 0;
}

static int
grow_actions(struct sup_tree *t, uint32_t want)
{
	uint32_t cap = FIRST_CAP;

	while (cap < want)
		cap *= 2;
	if (cap <= t->actions_cap)
		return 0;
	struct sup_tree_action *ring = reallocarray(NULL, cap, sizeof(*ring));

	if (!ring)
		return -ENOMEM;
	for (uint32_t i = 0; i < t->n_actions; i++)
		ring[i] = t->actions[(t->actions_first + i) & (t->actions_cap - 1)];
	free(t->actions);
	t->actions = ring;
	t->actions_cap = cap;
	t->actions_first = 0;
	return 0;
}

int
tree_reserve(struct sup_tree *t, bool group)
{
	uint32_t groups = t->n_groups + group;

	if (t->next_handle == UINT32_MAX)
		return -ENOMEM;
	if (t->nodes_free == SUP_NO_SLOT && t->nodes_used == t->nodes_cap)
		if (grow_nodes(t))
			return -ENOMEM;
	if (group && t->groups_free == SUP_NO_SLOT && t->groups_used == t->groups_cap) {
		uint32_t cap = t->groups_cap ? 2 * t->groups_cap : 4;

		if (grow((void **)&t->groups, cap, sizeof(*t->groups)))
			return -ENOMEM;
		t->groups_cap = cap;
	}
	/* At most one message about each node, and the calls. */
	uint32_t msgs = t->nodes_cap + groups * SUP_TREE_CALLS_MAX + 1;

	if (t->msgs_cap < msgs) {
		if (grow((void **)&t->msgs, 2 * msgs, sizeof(*t->msgs)))
			return -ENOMEM;
		t->msgs_cap = 2 * msgs;
	}
	return grow_actions(
		t, ACTIONS_A_NODE * t->nodes_cap + ACTIONS_A_GROUP * groups + 1);
}

/* ---- nodes ---- */

struct tree_list *
tree_siblings(struct sup_tree *t, uint32_t parent)
{
	return parent == SUP_NO_SLOT ? &t->roots
				     : &t->groups[t->nodes[parent].group].children;
}

struct tree_group *
tree_parent_group(const struct sup_tree *t, uint32_t slot)
{
	uint32_t parent = t->nodes[slot].parent;

	return parent == SUP_NO_SLOT ? NULL : &t->groups[t->nodes[parent].group];
}

uint32_t
tree_node_new(struct sup_tree *t, uint32_t parent, sup_node handle, uint64_t id)
{
	uint32_t slot = t->nodes_free;

	if (slot != SUP_NO_SLOT)
		t->nodes_free = t->nodes[slot].next;
	else
		slot = t->nodes_used++;
	NV_ASSERT(slot < t->nodes_cap);
	struct tree_list *list = tree_siblings(t, parent);

	t->nodes[slot] = (struct tree_node){.handle = handle,
		.parent = parent,
		.prev = list->last,
		.next = SUP_NO_SLOT,
		.group = SUP_NO_SLOT,
		.id = id,
		.msg = SUP_NO_SLOT};
	if (list->last == SUP_NO_SLOT)
		list->first = slot;
	else
		t->nodes[list->last].next = slot;
	list->last = slot;
	t->n_nodes++;
	chain(t, slot);
	return slot;
}

uint32_t
tree_group_new(struct sup_tree *t, uint32_t node)
{
	uint32_t slot = t->groups_free;

	if (slot != SUP_NO_SLOT)
		t->groups_free = t->groups[slot].free_next;
	else
		slot = t->groups_used++;
	NV_ASSERT(slot < t->groups_cap);
	t->groups[slot] = (struct tree_group){.node = node,
		.children = {SUP_NO_SLOT, SUP_NO_SLOT},
		.mailbox = {SUP_NO_SLOT, SUP_NO_SLOT},
		.cursor = SUP_NO_SLOT,
		.report_next = SUP_NO_SLOT,
		.pump_next = SUP_NO_SLOT};
	t->nodes[node].group = slot;
	t->n_groups++;
	return slot;
}

static void
group_free(struct sup_tree *t, uint32_t slot)
{
	struct tree_group *g = &t->groups[slot];

	while (g->mailbox.first != SUP_NO_SLOT)
		tree_msg_drop(t, g, g->mailbox.first);
	free(g->stamps_s);
	*g = (struct tree_group){.node = SUP_NO_SLOT, .free_next = t->groups_free};
	t->groups_free = slot;
	t->n_groups--;
}

static void
unchain(struct sup_tree *t, uint32_t slot)
{
	const struct tree_node *n = &t->nodes[slot];
	uint32_t *at = handle_head(t, n->handle);

	while (*at != slot)
		at = &t->nodes[*at].same_handle;
	*at = n->same_handle;
	at = id_head(t, n->parent, n->id);
	while (*at != slot)
		at = &t->nodes[*at].same_id;
	*at = n->same_id;
}

/* The next to be freed of what is below and including top: children before parents. */
static uint32_t
deepest(const struct sup_tree *t, uint32_t top)
{
	while (t->nodes[top].group != SUP_NO_SLOT) {
		uint32_t child = t->groups[t->nodes[top].group].children.first;

		if (child == SUP_NO_SLOT)
			break;
		top = child;
	}
	return top;
}

void
tree_node_free(struct sup_tree *t, uint32_t top)
{
	uint32_t slot;

	do {
		slot = deepest(t, top);
		struct tree_node *n = &t->nodes[slot];
		struct tree_list *list = tree_siblings(t, n->parent);

		tree_void_pending(t, slot);
		if (n->group != SUP_NO_SLOT)
			group_free(t, n->group);
		*(n->prev == SUP_NO_SLOT ? &list->first : &t->nodes[n->prev].next) =
			n->next;
		*(n->next == SUP_NO_SLOT ? &list->last : &t->nodes[n->next].prev) =
			n->prev;
		unchain(t, slot);
		n->handle = 0;
		n->next = t->nodes_free;
		t->nodes_free = slot;
		t->n_nodes--;
	} while (slot != top);
}

uint32_t
tree_by_handle(const struct sup_tree *t, sup_node handle)
{
	if (!handle || !t->nodes_cap)
		return SUP_NO_SLOT;
	uint32_t slot = *handle_head(t, handle);

	while (slot != SUP_NO_SLOT && t->nodes[slot].handle != handle)
		slot = t->nodes[slot].same_handle;
	return slot;
}

uint32_t
tree_by_id(const struct sup_tree *t, uint32_t parent, uint64_t id, bool absent)
{
	if (!t->nodes_cap)
		return SUP_NO_SLOT;
	uint32_t slot = *id_head(t, parent, id);

	for (; slot != SUP_NO_SLOT; slot = t->nodes[slot].same_id) {
		const struct tree_node *n = &t->nodes[slot];

		if (n->id == id && n->parent == parent && (absent || !n->absent))
			break;
	}
	return slot;
}

uint32_t
tree_static_by_id(const struct sup_tree *t, uint32_t parent, uint64_t id)
{
	uint32_t slot = *id_head(t, parent, id); /* there is a parent */

	for (; slot != SUP_NO_SLOT; slot = t->nodes[slot].same_id) {
		const struct tree_node *n = &t->nodes[slot];

		if (n->id == id && n->parent == parent && !n->dynamic)
			break;
	}
	return slot;
}

/* ---- messages ---- */

struct tree_msg *
tree_msg_push(
	struct sup_tree *t, struct tree_group *g, enum tree_msg_what what, uint32_t node)
{
	uint32_t slot = t->msgs_free;

	if (slot != SUP_NO_SLOT)
		t->msgs_free = t->msgs[slot].next;
	else
		slot = t->msgs_used++;
	NV_ASSERT(slot < t->msgs_cap);
	struct tree_msg *m = &t->msgs[slot];

	*m = (struct tree_msg){
		.prev = g->mailbox.last, .next = SUP_NO_SLOT, .node = node, .what = what};
	if (g->mailbox.last == SUP_NO_SLOT)
		g->mailbox.first = slot;
	else
		t->msgs[g->mailbox.last].next = slot;
	g->mailbox.last = slot;
	if (what == TREE_MSG_CALL)
		g->calls++;
	else
		t->nodes[node].msg = slot;
	return m;
}

void
tree_msg_drop(struct sup_tree *t, struct tree_group *g, uint32_t slot)
{
	struct tree_msg *m = &t->msgs[slot];

	*(m->prev == SUP_NO_SLOT ? &g->mailbox.first : &t->msgs[m->prev].next) = m->next;
	*(m->next == SUP_NO_SLOT ? &g->mailbox.last : &t->msgs[m->next].prev) = m->prev;
	if (m->what == TREE_MSG_CALL)
		g->calls--;
	else
		t->nodes[m->node].msg = SUP_NO_SLOT;
	m->next = t->msgs_free;
	t->msgs_free = slot;
}

void
tree_void_pending(struct sup_tree *t, uint32_t slot)
{
	if (t->nodes[slot].msg != SUP_NO_SLOT)
		tree_msg_drop(t, tree_parent_group(t, slot), t->nodes[slot].msg);
	if (t->nodes[slot].heap)
		tree_heap_remove(t, slot);
}

/* ---- retries: a heap by (time, order of arrival) ---- */

static bool
sooner(const struct sup_tree *t, uint32_t a, uint32_t b)
{
	const struct tree_node *x = &t->nodes[a], *y = &t->nodes[b];

	if (x->retry_at_ms != y->retry_at_ms)
		return x->retry_at_ms < y->retry_at_ms;
	return x->retry_seq < y->retry_seq;
}

static void
heap_set(struct sup_tree *t, uint32_t place, uint32_t slot)
{
	t->heap[place] = slot;
	t->nodes[slot].heap = place + 1;
}

static void
heap_up(struct sup_tree *t, uint32_t place)
{
	uint32_t slot = t->heap[place];

	while (place > 0 && sooner(t, slot, t->heap[(place - 1) / 2])) {
		heap_set(t, place, t->heap[(place - 1) / 2]);
		place = (place - 1) / 2;
	}
	heap_set(t, place, slot);
}

static void
heap_down(struct sup_tree *t, uint32_t place)
{
	uint32_t slot = t->heap[place];

	for (uint32_t child; (child = 2 * place + 1) < t->n_heap; place = child) {
		if (child + 1 < t->n_heap &&
			sooner(t, t->heap[child + 1], t->heap[child]))
			child++;
		if (!sooner(t, t->heap[child], slot))
			break;
		heap_set(t, place, t->heap[child]);
	}
	heap_set(t, place, slot);
}

void
tree_heap_add(struct sup_tree *t, uint32_t slot)
{
	t->heap[t->n_heap] = slot;
	heap_up(t, t->n_heap++);
}

void
tree_heap_remove(struct sup_tree *t, uint32_t slot)
{
	uint32_t place = t->nodes[slot].heap - 1;
	uint32_t last = t->heap[--t->n_heap];

	t->nodes[slot].heap = 0;
	if (last == slot)
		return;
	heap_set(t, place, last);
	heap_up(t, place);
	heap_down(t, t->nodes[last].heap - 1);
}

int64_t
sup_tree_deadline(const struct sup_tree *t)
{
	return t->n_heap ? t->nodes[t->heap[0]].retry_at_ms : INT64_MAX;
}

/* ---- actions ---- */

void
tree_act(struct sup_tree *t, const struct sup_tree_action *action)
{
	/* What was reserved is enough for a caller that takes the actions of an event
	 * before the next event; one that does not makes the ring grow. */
	if (t->n_actions == t->actions_cap)
		NV_ASSERT(grow_actions(t, 2 * t->n_actions) == 0);
	t->actions[(t->actions_first + t->n_actions++) & (t->actions_cap - 1)] = *action;
}

bool
sup_tree_next_action(struct sup_tree *t, struct sup_tree_action *ret)
{
	if (t->n_actions == 0)
		return false;
	*ret = t->actions[t->actions_first];
	t->actions_first = (t->actions_first + 1) & (t->actions_cap - 1);
	t->n_actions--;
	return true;
}

bool
sup_tree_has_actions(const struct sup_tree *t)
{
	return t->n_actions > 0;
}
