/* OTP's dynamic interface to the supervision tree (rule S12): start, restart, terminate
 * and delete one child. A call is a message in its group's mailbox. */
#include "tree_impl.h"

static bool
same_child_before(const struct sup_tree *t, const struct tree_group *g,
	const struct sup_call_args *call, uint32_t before)
{
	uint32_t slot = g->mailbox.first;

	for (; slot != before; slot = t->msgs[slot].next) {
		const struct tree_msg *m = &t->msgs[slot];
		uint64_t id =
			m->what == TREE_MSG_CALL ? m->call.id : t->nodes[m->node].id;

		if (id == call->id)
			return true;
	}
	return false;
}

bool
tree_call_waits(const struct sup_tree *t, const struct tree_group *g,
	const struct sup_call_args *call, uint32_t before)
{
	if (g->op != TREE_UP)
		return true;
	/* In one_for_all and rest_for_one what is in flight is an operation: here only
	 * what began before the group got its strategy. */
	if (same_child_before(t, g, call, before))
		return true;
	uint32_t slot = tree_by_id(t, g->node, call->id, false);

	if (slot == SUP_NO_SLOT)
		return false;
	enum sup_child_state state = t->nodes[slot].state;

	return state == SUP_CHILD_STOPPING ||
	       (state == SUP_CHILD_STARTING && call->what != SUP_CALL_TERMINATE_CHILD);
}

/* What the call began is in flight; its answer comes with the child's. */
static void
in_flight(struct sup_tree *t, struct tree_group *g, uint32_t slot,
	const struct sup_call_args *call)
{
	struct tree_node *n = &t->nodes[slot];

	n->called = true;
	n->call = call->call;
	n->call_what = call->what;
	if (tree_is_sweeper(g)) {
		g->op = TREE_CALL;
		g->cursor = slot;
	}
}

static void
start_child(struct sup_tree *t, struct tree_group *g, uint32_t slot,
	const struct sup_call_args *call)
{
	if (tree_check_child(t, t->nodes[g->node].group, &call->spec, false)) {
		tree_reply(t, call->call, SUP_CALL_INVALID, 0);
		return;
	}
	if (slot != SUP_NO_SLOT) {
		tree_reply(t, call->call,
			sup_child_has_process(t->nodes[slot].state)
				? SUP_CALL_ALREADY_STARTED
				: SUP_CALL_ALREADY_PRESENT,
			t->nodes[slot].handle);
		return;
	}
	uint32_t group = t->nodes[g->node].group;

	if (tree_reserve(t, false)) {
		tree_reply(t, call->call, SUP_CALL_FAILED, 0);
		return;
	}
	g = &t->groups[group];
	slot = tree_node_new(t, g->node, t->next_handle++, call->id);
	t->nodes[slot].spec = call->spec;
	t->nodes[slot].dynamic = true;
	in_flight(t, g, slot, call);
	tree_child_start(t, slot);
}

static void
terminate_child(struct sup_tree *t, struct tree_group *g, uint32_t slot,
	const struct sup_call_args *call)
{
	if (tree_child_stop(t, slot)) {
		in_flight(t, g, slot, call);
		return;
	}
	sup_node handle = t->nodes[slot].handle;

	if (t->nodes[slot].spec.restart == SUP_TEMPORARY || tree_is_simple(g)) {
		tree_forget(t, slot);
		handle = 0;
	}
	tree_reply(t, call->call, SUP_CALL_OK, handle);
}

/* RESTART_CHILD and DELETE_CHILD are for one that is down. */
static void
call_down(struct sup_tree *t, struct tree_group *g, uint32_t slot,
	const struct sup_call_args *call)
{
	const struct tree_node *n = &t->nodes[slot];

	if (n->state == SUP_CHILD_RESTARTING) {
		tree_reply(t, call->call, SUP_CALL_RESTARTING, n->handle);
	} else if (sup_child_has_process(n->state)) {
		tree_reply(t, call->call, SUP_CALL_RUNNING, n->handle);
	} else if (call->what == SUP_CALL_RESTART_CHILD) {
		in_flight(t, g, slot, call);
		tree_child_start(t, slot);
	} else {
		tree_forget(t, slot);
		tree_reply(t, call->call, SUP_CALL_OK, 0);
	}
}

void
tree_call_handle(
	struct sup_tree *t, struct tree_group *g, const struct sup_call_args *call)
{
	uint32_t slot = tree_by_id(t, g->node, call->id, false);

	if (call->what == SUP_CALL_START_CHILD)
		start_child(t, g, slot, call);
	else if (tree_is_simple(g) && call->what != SUP_CALL_TERMINATE_CHILD)
		tree_reply(t, call->call, SUP_CALL_SIMPLE, 0);
	else if (slot == SUP_NO_SLOT)
		tree_reply(t, call->call, SUP_CALL_NOT_FOUND, 0);
	else if (call->what == SUP_CALL_TERMINATE_CHILD)
		terminate_child(t, g, slot, call);
	else
		call_down(t, g, slot, call);
}

void
sup_tree_call(struct sup_tree *t, const struct sup_call_args *args, int64_t now_ms)
{
	uint32_t slot = tree_by_handle(t, args->group);

	t->now_ms = now_ms;
	if (slot == SUP_NO_SLOT || t->nodes[slot].group == SUP_NO_SLOT ||
		args->what > SUP_CALL_DELETE_CHILD) {
		tree_reply(t, args->call, SUP_CALL_INVALID, 0);
		return;
	}
	struct tree_group *g = &t->groups[t->nodes[slot].group];

	if (g->op == TREE_OFF || g->op == TREE_STOP_ALL) {
		tree_reply(t, args->call, SUP_CALL_STOPPING, 0);
		return;
	}
	if (tree_call_waits(t, g, args, SUP_NO_SLOT) && g->calls >= SUP_TREE_CALLS_MAX) {
		tree_reply(t, args->call, SUP_CALL_BUSY, 0);
		return;
	}
	tree_msg_push(t, g, TREE_MSG_CALL, SUP_NO_SLOT)->call = *args;
	tree_to_pump(t, g);
	tree_run(t);
}
