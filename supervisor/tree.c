/* The supervision tree: what follows from an event (tree.h; the rules S1.. are in
 * docs/SUPERVISION.md). tree_op.c has the operations this leads to. */
#include "tree_impl.h"

/* ---- restarts ---- */

/* 2.2: spends one; false: over the intensity. */
static bool
add_restart(struct tree_group *g, int64_t now_ms)
{
	int64_t now_s = now_ms / 1000;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < g->n_stamps; i++)
		if (g->stamps_s[i] >= now_s - (int64_t)g->period_s)
			g->stamps_s[kept++] = g->stamps_s[i];
	NV_ASSERT(kept < g->stamps_cap);
	g->stamps_s[kept++] = now_s;
	g->n_stamps = kept;
	return kept <= g->intensity;
}

static void
restart(struct sup_tree *t, struct tree_group *g, uint32_t slot)
{
	if (!add_restart(g, t->now_ms))
		tree_give_up(t, g, slot, tree_handle_of(t, slot));
	else if (tree_is_sweeper(g))
		tree_sweep(t, g, slot, false);
	else
		tree_child_start(t, slot);
}

static bool
other_significant(const struct sup_tree *t, const struct tree_group *g)
{
	for (uint32_t c = g->children.first; c != SUP_NO_SLOT; c = t->nodes[c].next)
		if (t->nodes[c].spec.significant && t->nodes[c].state != SUP_CHILD_DOWN)
			return true;
	return false;
}

static void
ended_for_good(struct sup_tree *t, struct tree_group *g, uint32_t slot)
{
	const struct tree_node *n = &t->nodes[slot];
	bool significant = n->spec.significant && !tree_is_simple(g);
	sup_node handle = n->handle;

	if (n->spec.restart == SUP_TEMPORARY || tree_is_simple(g))
		tree_forget(t, slot);
	if (!significant || g->auto_shutdown == SUP_AUTO_NEVER)
		return;
	if (g->auto_shutdown == SUP_AUTO_ALL && other_significant(t, g))
		return;
	tree_stop_all(t, g, SUP_WHY_AUTO_SHUTDOWN, handle);
}

static void
handle_exit(struct sup_tree *t, struct tree_group *g, const struct tree_msg *m)
{
	enum sup_child_restart kind = t->nodes[m->node].spec.restart;

	if (kind == SUP_TEMPORARY ||
		(kind == SUP_TRANSIENT && m->how != SUP_EXIT_ABNORMAL)) {
		ended_for_good(t, g, m->node);
	} else if (m->retry_at_ms <= t->now_ms) {
		restart(t, g, m->node);
	} else {
		tree_set_retry(t, g, m->node, m->retry_at_ms);
		if (tree_is_sweeper(g))
			tree_sweep(t, g, m->node, true);
	}
}

static void
handle_retry(struct sup_tree *t, struct tree_group *g, uint32_t slot)
{
	uint32_t from = slot;

	if (!add_restart(g, t->now_ms)) {
		tree_give_up(t, g, slot, tree_handle_of(t, slot));
		return;
	}
	if (!tree_is_sweeper(g)) {
		tree_child_start(t, slot);
		return;
	}
	for (uint32_t c = g->children.first; c != slot; c = t->nodes[c].next)
		if (t->nodes[c].state == SUP_CHILD_RESTARTING) {
			from = c;
			break;
		}
	tree_sweep(t, g, from, false);
}

static void
handle_give_up(struct sup_tree *t, struct tree_group *g, uint32_t slot, bool escalate)
{
	if (escalate)
		tree_give_up(t, g, slot, tree_handle_of(t, slot));
	else if (t->nodes[slot].spec.restart == SUP_TEMPORARY || tree_is_simple(g))
		tree_forget(t, slot);
}

/* ---- the mailbox ---- */

static void
handle(struct sup_tree *t, struct tree_group *g, uint32_t msg)
{
	const struct tree_msg m = t->msgs[msg];

	tree_msg_drop(t, g, msg);
	switch (m.what) {
	case TREE_MSG_EXIT:
		handle_exit(t, g, &m);
		break;
	case TREE_MSG_GIVE_UP:
		handle_give_up(t, g, m.node, m.escalate);
		break;
	case TREE_MSG_RETRY:
		handle_retry(t, g, m.node);
		break;
	default:
		tree_call_handle(t, g, &m.call);
		break;
	}
}

static void
pump(struct sup_tree *t, uint32_t group)
{
	uint32_t msg = t->groups[group].mailbox.first;

	while (msg != SUP_NO_SLOT && t->groups[group].op == TREE_UP) {
		struct tree_group *g = &t->groups[group];
		const struct tree_msg *m = &t->msgs[msg];

		if (m->what == TREE_MSG_CALL && tree_call_waits(t, g, &m->call, msg)) {
			msg = m->next;
			continue;
		}
		uint32_t prev = m->prev;

		handle(t, g, msg);
		/* Adding a child may have moved the groups. What was before it still
		 * waits; what is after it has its turn. */
		g = &t->groups[group];
		msg = prev == SUP_NO_SLOT ? g->mailbox.first : t->msgs[prev].next;
	}
}

/* ---- answers of children ---- */

static void
child_started(struct sup_tree *t, uint32_t slot)
{
	struct tree_group *g = tree_parent_group(t, slot);

	if (t->nodes[slot].state != SUP_CHILD_STARTING)
		return;
	tree_set_state(t, slot, SUP_CHILD_RUNNING);
	tree_reply_child(t, slot, SUP_CALL_OK, false);
	if (g->cursor == slot && (g->op == TREE_START_ALL || g->op == TREE_SWEEP))
		tree_step_start(t, g, t->nodes[slot].next);
	else if (g->cursor == slot && g->op == TREE_CALL)
		tree_op_done(t, g);
	else
		tree_to_pump(t, g);
}

enum outcome {
	IGNORED,
	FAILED,
	GIVES_UP, /* this leaf only */
	ESCALATES,
};

/* The start was a step of START_ALL or SWEEP. */
static void
step_not_started(struct sup_tree *t, struct tree_group *g, uint32_t slot,
	enum outcome outcome, int64_t retry_at_ms)
{
	const struct tree_node *n = &t->nodes[slot];
	uint32_t next = n->next;

	if (outcome == IGNORED || outcome == GIVES_UP) {
		if (n->spec.restart == SUP_TEMPORARY)
			tree_forget(t, slot);
		tree_step_start(t, g, next);
	} else if (g->op == TREE_START_ALL) {
		tree_stop_all(t, g, SUP_WHY_START_FAILED,
			n->group == SUP_NO_SLOT ? n->handle : t->groups[n->group].cause);
	} else if (outcome == ESCALATES) {
		tree_give_up(t, g, slot, n->handle);
	} else {
		tree_clear_marks(t, g);
		tree_set_retry(t, g, slot, retry_at_ms);
		tree_op_done(t, g);
	}
}

/* The start was a call's. */
static void
call_not_started(
	struct sup_tree *t, struct tree_group *g, uint32_t slot, enum outcome outcome)
{
	struct tree_node *n = &t->nodes[slot];
	bool temporary = n->spec.restart == SUP_TEMPORARY || tree_is_simple(g);
	bool fresh = n->call_what == SUP_CALL_START_CHILD;
	bool gone = fresh ? outcome != IGNORED || temporary
			  : outcome == GIVES_UP && temporary;
	sup_node handle = n->handle;
	uint64_t call = n->call;
	bool operation = g->op == TREE_CALL && g->cursor == slot;
	bool stopping = g->op == TREE_STOP_ALL;

	n->called = false;
	if (gone)
		tree_forget(t, slot);
	tree_reply(t, call, outcome == IGNORED ? SUP_CALL_IGNORED : SUP_CALL_FAILED,
		gone ? 0 : handle);
	if (outcome == ESCALATES && !stopping)
		tree_give_up(t, g, gone ? SUP_NO_SLOT : slot, handle);
	else if (operation)
		tree_op_done(t, g);
}

static void
child_not_started(
	struct sup_tree *t, uint32_t slot, enum outcome outcome, int64_t retry_at_ms)
{
	struct tree_group *g = tree_parent_group(t, slot);
	struct tree_node *n = &t->nodes[slot];

	tree_set_state(t, slot, SUP_CHILD_DOWN);
	tree_to_pump(t, g);
	if (n->called)
		call_not_started(t, g, slot, outcome);
	else if (g->op == TREE_STOP_ALL)
		return;
	else if (g->cursor == slot && (g->op == TREE_START_ALL || g->op == TREE_SWEEP))
		step_not_started(t, g, slot, outcome, retry_at_ms);
	else if (outcome == FAILED)
		tree_set_retry(t, g, slot, retry_at_ms);
	else if (outcome == ESCALATES)
		tree_give_up(t, g, slot, n->handle);
	else if (tree_is_simple(g) || n->spec.restart == SUP_TEMPORARY)
		tree_forget(t, slot);
}

/* S13: the exit that was awaited. */
static void
child_stopped(struct sup_tree *t, uint32_t slot)
{
	struct tree_group *g = tree_parent_group(t, slot);
	struct tree_node *n = &t->nodes[slot];
	uint32_t prev = n->prev;
	bool temporary = n->spec.restart == SUP_TEMPORARY;
	bool awaited = g->cursor == slot;
	bool gone = (n->called && (temporary || tree_is_simple(g))) ||
		    (n->unborn && g->op != TREE_STOP_ALL) ||
		    (awaited && g->op == TREE_SWEEP && temporary);
	bool called = n->called;
	uint64_t call = n->call;
	sup_node handle = n->handle;

	n->called = n->unborn = false;
	tree_set_state(t, slot, SUP_CHILD_DOWN);
	if (gone)
		tree_forget(t, slot);
	if (called)
		tree_reply(t, call, SUP_CALL_OK, gone ? 0 : handle);
	if (g->op == TREE_STOP_ALL && g->all_at_once) {
		if (g->alive == 0)
			tree_group_end(t, g);
	} else if (awaited && g->op == TREE_STOP_ALL) {
		tree_step_stop_all(t, g, prev);
	} else if (awaited && g->op == TREE_SWEEP) {
		tree_step_sweep_stop(t, g, prev);
	} else if (awaited && g->op == TREE_CALL) {
		tree_op_done(t, g);
	} else {
		tree_to_pump(t, g);
	}
}

static void
child_exited(
	struct sup_tree *t, uint32_t slot, enum sup_exit_class how, int64_t retry_at_ms)
{
	struct tree_group *g = tree_parent_group(t, slot);

	switch (t->nodes[slot].state) {
	case SUP_CHILD_STARTING:
		child_not_started(t, slot, FAILED, retry_at_ms);
		break;
	case SUP_CHILD_STOPPING:
		child_stopped(t, slot);
		break;
	case SUP_CHILD_RUNNING:
		tree_set_state(t, slot, SUP_CHILD_DOWN);
		if (g->op == TREE_STOP_ALL)
			break;
		struct tree_msg *m = tree_msg_push(t, g, TREE_MSG_EXIT, slot);

		m->how = how;
		m->retry_at_ms = retry_at_ms;
		tree_to_pump(t, g);
		break;
	default:
		break;
	}
}

void
tree_run(struct sup_tree *t)
{
	for (;;) {
		if (t->reports.first != SUP_NO_SLOT) {
			struct tree_group *g = &t->groups[t->reports.first];
			enum tree_report what = g->report;

			t->reports.first = g->report_next;
			g->report_next = SUP_NO_SLOT;
			g->report = TREE_REPORT_NONE;
			if (what == TREE_REPORT_STARTED)
				child_started(t, g->node);
			else
				child_exited(t, g->node, SUP_EXIT_SHUTDOWN, t->now_ms);
		} else if (t->pumps.first != SUP_NO_SLOT) {
			uint32_t slot = t->pumps.first;

			t->pumps.first = t->groups[slot].pump_next;
			t->groups[slot].pump_next = SUP_NO_SLOT;
			t->groups[slot].to_pump = false;
			pump(t, slot);
		} else {
			return;
		}
	}
}

/* ---- events ---- */

/* The slot of a leaf, or none. */
static uint32_t
leaf_slot(const struct sup_tree *t, sup_node leaf)
{
	uint32_t slot = tree_by_handle(t, leaf);

	return slot != SUP_NO_SLOT && t->nodes[slot].group == SUP_NO_SLOT ? slot
									  : SUP_NO_SLOT;
}

static struct tree_group *
root_group(const struct sup_tree *t, sup_node group)
{
	uint32_t slot = tree_by_handle(t, group);

	if (slot == SUP_NO_SLOT || t->nodes[slot].parent != SUP_NO_SLOT)
		return NULL;
	return &t->groups[t->nodes[slot].group];
}

void
sup_tree_start(struct sup_tree *t, sup_node group, int64_t now_ms)
{
	struct tree_group *g = root_group(t, group);

	if (!g || g->op != TREE_OFF)
		return;
	t->now_ms = now_ms;
	tree_group_begin(t, g);
	tree_run(t);
}

void
sup_tree_stop(struct sup_tree *t, sup_node group, int64_t now_ms)
{
	struct tree_group *g = root_group(t, group);

	if (!g)
		return;
	t->now_ms = now_ms;
	if (g->op == TREE_OFF)
		tree_act(t, &(struct sup_tree_action){.what = SUP_TREE_ENDED,
				    .node = group,
				    .why = SUP_WHY_STOPPED});
	else if (g->op != TREE_STOP_ALL)
		tree_stop_all(t, g, SUP_WHY_STOPPED, 0);
	tree_run(t);
}

void
sup_tree_started(struct sup_tree *t, sup_node leaf, int64_t now_ms)
{
	uint32_t slot = leaf_slot(t, leaf);

	t->now_ms = now_ms;
	if (slot != SUP_NO_SLOT)
		child_started(t, slot);
	tree_run(t);
}

/* An answer that says: there is no process. */
static void
leaf_without_process(
	struct sup_tree *t, sup_node leaf, enum outcome outcome, int64_t retry_at_ms)
{
	uint32_t slot = leaf_slot(t, leaf);

	if (slot == SUP_NO_SLOT)
		return;
	switch (t->nodes[slot].state) {
	case SUP_CHILD_STARTING:
		child_not_started(t, slot, outcome, retry_at_ms);
		break;
	case SUP_CHILD_STOPPING:
		child_stopped(t, slot);
		break;
	default:
		break;
	}
}

void
sup_tree_ignored(struct sup_tree *t, sup_node leaf, int64_t now_ms)
{
	t->now_ms = now_ms;
	leaf_without_process(t, leaf, IGNORED, 0);
	tree_run(t);
}

void
sup_tree_failed(struct sup_tree *t, sup_node leaf, int64_t retry_at_ms, int64_t now_ms)
{
	t->now_ms = now_ms;
	leaf_without_process(t, leaf, FAILED, retry_at_ms);
	tree_run(t);
}

void
sup_tree_exited(struct sup_tree *t, sup_node leaf, enum sup_exit_class how,
	int64_t retry_at_ms, int64_t now_ms)
{
	uint32_t slot = leaf_slot(t, leaf);

	t->now_ms = now_ms;
	if (slot != SUP_NO_SLOT)
		child_exited(t, slot, how, retry_at_ms);
	tree_run(t);
}

void
sup_tree_leaf_gives_up(struct sup_tree *t, sup_node leaf, bool escalate, int64_t now_ms)
{
	uint32_t slot = leaf_slot(t, leaf);

	t->now_ms = now_ms;
	if (slot != SUP_NO_SLOT && t->nodes[slot].state == SUP_CHILD_RUNNING) {
		struct tree_group *g = tree_parent_group(t, slot);

		tree_set_state(t, slot, SUP_CHILD_DOWN);
		if (g->op != TREE_STOP_ALL) {
			tree_msg_push(t, g, TREE_MSG_GIVE_UP, slot)->escalate = escalate;
			tree_to_pump(t, g);
		}
	} else {
		leaf_without_process(t, leaf, escalate ? ESCALATES : GIVES_UP, 0);
	}
	tree_run(t);
}

void
sup_tree_timer(struct sup_tree *t, int64_t now_ms)
{
	t->now_ms = now_ms;
	while (sup_tree_deadline(t) <= now_ms) {
		uint32_t slot = t->heap[0];
		struct tree_group *g = tree_parent_group(t, slot);

		tree_heap_remove(t, slot);
		(void)tree_msg_push(t, g, TREE_MSG_RETRY, slot);
		tree_to_pump(t, g);
		tree_run(t);
	}
	tree_run(t);
}
