/* The operations of a group of the supervision tree (tree.h, rules S2, S3, S5..S7, S10,
 * S11): what is started and stopped, one after the other.
 *
 * A group is in one of these; messages are handled in UP only:
 *
 *        start              all started
 *    OFF ----> START_ALL ---------------> UP <----> SWEEP   stop half, start half
 *     ^            |                      |  <----> CALL    one child of a sweep group
 *     |            | a start failed       | over its intensity, significant, stop
 *     |            v                      v  (a stop interrupts every operation)
 *     +-------- STOP_ALL <----------------+
 *
 * Orders go down by calls (a group that is started or stopped starts or stops its
 * children); answers go up by tree_run(), so that no child's step is in the middle of its
 * parent's. */
#include "tree_impl.h"

/* ---- small things ---- */

void
tree_set_state(struct sup_tree *t, uint32_t slot, enum sup_child_state state)
{
	struct tree_node *n = &t->nodes[slot];
	struct tree_group *g = tree_parent_group(t, slot);

	if (g) {
		g->alive -= sup_child_has_process(n->state);
		g->alive += sup_child_has_process(state);
	}
	n->state = state;
}

void
tree_reply(struct sup_tree *t, uint64_t call, enum sup_call_result result, sup_node node)
{
	tree_act(t, &(struct sup_tree_action){.what = SUP_TREE_REPLY,
			    .call = call,
			    .result = result,
			    .node = node});
}

void
tree_reply_child(
	struct sup_tree *t, uint32_t slot, enum sup_call_result result, bool gone)
{
	struct tree_node *n = &t->nodes[slot];

	if (n->called)
		tree_reply(t, n->call, result, gone ? 0 : n->handle);
	n->called = false;
}

static void
report(struct sup_tree *t, struct tree_group *g, enum tree_report what)
{
	uint32_t slot = t->nodes[g->node].group;

	if (!g->report) {
		if (t->reports.first == SUP_NO_SLOT)
			t->reports.first = slot;
		else
			t->groups[t->reports.last].report_next = slot;
		t->reports.last = slot;
	}
	g->report = what;
}

void
tree_to_pump(struct sup_tree *t, struct tree_group *g)
{
	uint32_t slot = t->nodes[g->node].group;

	if (g->to_pump)
		return;
	g->to_pump = true;
	if (t->pumps.first == SUP_NO_SLOT)
		t->pumps.first = slot;
	else
		t->groups[t->pumps.last].pump_next = slot;
	t->pumps.last = slot;
}

/* Every leaf of it is reported; groups inside of it are of no interest to anybody. */
static void
report_forgotten(struct sup_tree *t, uint32_t top)
{
	uint32_t slot = top;

	for (;;) {
		const struct tree_node *n = &t->nodes[slot];
		uint32_t below = SUP_NO_SLOT;

		if (n->group != SUP_NO_SLOT)
			below = t->groups[n->group].children.first;
		else if (slot == top || !n->absent)
			tree_act(t, &(struct sup_tree_action){
					    .what = SUP_TREE_FORGOT, .node = n->handle});
		while (below == SUP_NO_SLOT && slot != top) {
			below = t->nodes[slot].next;
			if (below == SUP_NO_SLOT)
				slot = t->nodes[slot].parent;
		}
		if (below == SUP_NO_SLOT)
			return;
		slot = below;
	}
}

void
tree_forget(struct sup_tree *t, uint32_t slot)
{
	struct tree_node *n = &t->nodes[slot];

	tree_void_pending(t, slot);
	tree_set_state(t, slot, SUP_CHILD_DOWN);
	n->in_op = false;
	report_forgotten(t, slot);
	if (n->dynamic)
		tree_node_free(t, slot);
	else
		n->absent = true;
}

void
tree_clear_marks(struct sup_tree *t, const struct tree_group *g)
{
	for (uint32_t c = g->children.first; c != SUP_NO_SLOT; c = t->nodes[c].next)
		t->nodes[c].in_op = false;
}

/* ---- one child ---- */

void
tree_child_start(struct sup_tree *t, uint32_t slot)
{
	tree_void_pending(t, slot);
	tree_set_state(t, slot, SUP_CHILD_STARTING);
	if (t->nodes[slot].group != SUP_NO_SLOT)
		tree_group_begin(t, &t->groups[t->nodes[slot].group]);
	else
		tree_act(t, &(struct sup_tree_action){.what = SUP_TREE_START,
				    .node = t->nodes[slot].handle});
}

/* What a stop from above means for a group (S11). */
static void
order_stop(struct sup_tree *t, struct tree_group *g)
{
	if (g->op != TREE_STOP_ALL && g->op != TREE_OFF)
		tree_stop_all(t, g, SUP_WHY_STOPPED, 0);
}

bool
tree_child_stop(struct sup_tree *t, uint32_t slot)
{
	struct tree_node *n = &t->nodes[slot];

	switch (n->state) {
	case SUP_CHILD_STARTING:
		if (n->called) {
			n->unborn = n->call_what == SUP_CALL_START_CHILD;
			tree_reply_child(t, slot, SUP_CALL_FAILED, n->unborn);
		}
		break;
	case SUP_CHILD_RUNNING:
		break;
	case SUP_CHILD_STOPPING:
		return true;
	default:
		tree_void_pending(t, slot);
		tree_set_state(t, slot, SUP_CHILD_DOWN);
		return false;
	}
	tree_set_state(t, slot, SUP_CHILD_STOPPING);
	if (n->group != SUP_NO_SLOT)
		order_stop(t, &t->groups[n->group]);
	else
		tree_act(t, &(struct sup_tree_action){.what = SUP_TREE_STOP,
				    .node = n->handle,
				    .shutdown_ms = n->spec.shutdown_ms});
	return true;
}

void
tree_set_retry(
	struct sup_tree *t, struct tree_group *g, uint32_t slot, int64_t retry_at_ms)
{
	struct tree_node *n = &t->nodes[slot];

	tree_set_state(t, slot, SUP_CHILD_RESTARTING);
	n->retry_at_ms = retry_at_ms;
	n->retry_seq = t->next_seq++;
	if (retry_at_ms > t->now_ms)
		tree_heap_add(t, slot);
	else
		(void)tree_msg_push(t, g, TREE_MSG_RETRY, slot);
	tree_to_pump(t, g);
}

/* ---- START_ALL, and the start half of a SWEEP ---- */

void
tree_op_done(struct sup_tree *t, struct tree_group *g)
{
	bool start = g->op == TREE_START_ALL;

	g->op = TREE_UP;
	g->cursor = SUP_NO_SLOT;
	if (start && t->nodes[g->node].parent != SUP_NO_SLOT)
		report(t, g, TREE_REPORT_STARTED);
	else if (start)
		tree_act(t, &(struct sup_tree_action){.what = SUP_TREE_UP,
				    .node = tree_handle_of(t, g->node)});
	tree_to_pump(t, g);
}

void
tree_step_start(struct sup_tree *t, struct tree_group *g, uint32_t slot)
{
	for (; slot != SUP_NO_SLOT; slot = t->nodes[slot].next) {
		struct tree_node *n = &t->nodes[slot];

		if (!n->in_op)
			continue;
		n->in_op = false;
		if (sup_child_has_process(n->state))
			continue;
		g->cursor = slot;
		tree_child_start(t, slot);
		return;
	}
	tree_op_done(t, g);
}

void
tree_group_begin(struct sup_tree *t, struct tree_group *g)
{
	g->op = TREE_START_ALL;
	g->begun = true;
	g->n_stamps = 0;
	for (uint32_t c = g->children.first; c != SUP_NO_SLOT; c = t->nodes[c].next)
		t->nodes[c].in_op = !t->nodes[c].absent;
	tree_step_start(t, g, g->children.first);
}

/* ---- STOP_ALL ---- */

void
tree_group_end(struct sup_tree *t, struct tree_group *g)
{
	for (uint32_t c = g->children.first, next; c != SUP_NO_SLOT; c = next) {
		next = t->nodes[c].next;
		t->nodes[c].called = t->nodes[c].unborn = false;
		if (t->nodes[c].dynamic)
			tree_forget(t, c);
		else
			t->nodes[c].absent = false;
	}
	g->op = TREE_OFF;
	g->cursor = SUP_NO_SLOT;
	g->n_stamps = 0;
	if (t->nodes[g->node].parent != SUP_NO_SLOT)
		report(t, g, TREE_REPORT_ENDED);
	else
		tree_act(t, &(struct sup_tree_action){.what = SUP_TREE_ENDED,
				    .node = tree_handle_of(t, g->node),
				    .why = g->why,
				    .cause = g->cause});
}

void
tree_step_stop_all(struct sup_tree *t, struct tree_group *g, uint32_t slot)
{
	for (; slot != SUP_NO_SLOT; slot = t->nodes[slot].prev)
		if (tree_child_stop(t, slot)) {
			g->cursor = slot;
			if (!g->all_at_once)
				return;
		}
	if (g->alive == 0)
		tree_group_end(t, g);
}

void
tree_stop_all(
	struct sup_tree *t, struct tree_group *g, enum sup_tree_why why, sup_node cause)
{
	while (g->mailbox.first != SUP_NO_SLOT) {
		const struct tree_msg m = t->msgs[g->mailbox.first];

		tree_msg_drop(t, g, g->mailbox.first);
		if (m.what == TREE_MSG_CALL)
			tree_reply(t, m.call.call, SUP_CALL_STOPPING, 0);
	}
	for (uint32_t c = g->children.first; c != SUP_NO_SLOT; c = t->nodes[c].next) {
		t->nodes[c].in_op = false;
		if (t->nodes[c].state == SUP_CHILD_RESTARTING) {
			tree_void_pending(t, c);
			tree_set_state(t, c, SUP_CHILD_DOWN);
		}
	}
	g->op = TREE_STOP_ALL;
	g->cursor = SUP_NO_SLOT;
	g->why = why;
	g->cause = cause;
	g->all_at_once = tree_is_simple(g);
	tree_step_stop_all(t, g, g->children.last);
}

/* S7. The child (or none, when it is forgotten already) has no process. */
void
tree_give_up(struct sup_tree *t, struct tree_group *g, uint32_t slot, sup_node cause)
{
	tree_act(t, &(struct sup_tree_action){.what = SUP_TREE_GAVE_UP,
			    .node = tree_handle_of(t, g->node),
			    .cause = cause});
	if (slot != SUP_NO_SLOT) {
		tree_void_pending(t, slot);
		tree_set_state(t, slot, SUP_CHILD_DOWN);
		if (t->nodes[slot].spec.restart == SUP_TEMPORARY)
			tree_forget(t, slot);
	}
	tree_stop_all(t, g, SUP_WHY_GAVE_UP, cause);
}

/* ---- SWEEP ---- */

void
tree_step_sweep_stop(struct sup_tree *t, struct tree_group *g, uint32_t slot)
{
	for (uint32_t prev; slot != SUP_NO_SLOT; slot = prev) {
		const struct tree_node *n = &t->nodes[slot];

		prev = n->prev;
		if (!n->in_op || (g->half && n->state == SUP_CHILD_RESTARTING))
			continue;
		if (tree_child_stop(t, slot)) {
			g->cursor = slot;
			return;
		}
		if (n->spec.restart == SUP_TEMPORARY)
			tree_forget(t, slot);
	}
	g->cursor = SUP_NO_SLOT;
	if (g->half) {
		tree_clear_marks(t, g);
		tree_op_done(t, g);
	} else {
		tree_step_start(t, g, g->children.first);
	}
}

void
tree_sweep(struct sup_tree *t, struct tree_group *g, uint32_t failed, bool half)
{
	uint32_t from = g->strategy == SUP_REST_FOR_ONE ? failed : g->children.first;

	g->op = TREE_SWEEP;
	g->half = half;
	for (uint32_t c = from; c != SUP_NO_SLOT; c = t->nodes[c].next)
		t->nodes[c].in_op = !t->nodes[c].absent;
	tree_step_sweep_stop(t, g, g->children.last);
}
