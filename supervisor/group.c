/* Actions of the supervision tree -> instances; ends of instances -> the tree: group.h.
 */
#include "group.h"
#include "nv_clock.h"
#include "nv_log.h"
#include "sup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- groups ---- */

struct sup_group *
sup_group_find(struct sup *sup, const char *name)
{
	struct sup_group *g = sup->groups.list;

	while (g && strcmp(g->name, name) != 0)
		g = g->next;
	return g;
}

struct sup_group *
sup_group_by_id(struct sup *sup, uint64_t id)
{
	struct sup_group *g = sup->groups.list;

	while (g && sup_group_id(g->name) != id)
		g = g->next;
	return g;
}

static struct sup_group *
group_of(struct sup *sup, sup_node node)
{
	struct sup_group *g = sup->groups.list;

	while (g && g->node != node)
		g = g->next;
	return g;
}

struct sup_group *
sup_group_root(struct sup_group *g)
{
	while (g->parent)
		g = g->parent;
	return g;
}

enum sup_child_state
sup_group_state(const struct sup_group *g)
{
	struct sup_child_view view;

	if (!g->node || !sup_tree_view(g->sup->groups.tree, g->node, &view))
		return SUP_CHILD_DOWN;
	return view.state;
}

/* ---- calls ---- */

void
sup_group_call(struct sup_group *g, enum sup_call what, uint64_t id,
	const struct sup_child_spec *spec, uint64_t number)
{
	struct sup_call_args args = {
		.call = number, .what = what, .group = g->node, .id = id};

	if (spec)
		args.spec = *spec;
	sup_tree_call(g->sup->groups.tree, &args, nv_mono_ms());
}

static void
call_leaf(struct sup_instance *inst, enum sup_call what)
{
	struct sup_child_spec spec = sup_leaf_spec(inst->worker);

	sup_group_call(inst->worker->group, what, inst->leaf.id, &spec,
		SUP_CALL_OURS | inst->leaf.id);
}

static void
call_group(struct sup_group *g, enum sup_call what)
{
	uint64_t id = sup_group_id(g->name);

	sup_group_call(g->parent, what, id, NULL, SUP_CALL_OURS | id);
}

/* As a person would. While its parent is starting this waits until all that was to be
 * started with the parent is; one that is not running starts it with the others. */
void
sup_group_begin(struct sup_group *g)
{
	enum sup_child_state state = sup_group_state(g->parent);

	if (state == SUP_CHILD_STARTING || state == SUP_CHILD_RUNNING)
		call_group(g, SUP_CALL_RESTART_CHILD);
}

void
sup_group_end(struct sup_group *g)
{
	if (g->parent && g->parent->node) {
		g->ending = true;
		call_group(g, SUP_CALL_TERMINATE_CHILD);
	} else {
		sup_tree_stop(g->sup->groups.tree, g->node, nv_mono_ms());
	}
}

/* Start one that is down, or was never there, or is forgotten by then: each of the two
 * does nothing where it is the other's turn. */
static void
start_leaf(struct sup_instance *inst)
{
	call_leaf(inst, SUP_CALL_START_CHILD);
	call_leaf(inst, SUP_CALL_RESTART_CHILD);
}

void
sup_group_wish(struct sup_instance *inst, bool want, bool going)
{
	struct sup_groups *groups = &inst->sup->groups;

	inst->machine.want = want;
	inst->leaf_going = going;
	groups->changed = true;
	if (inst->leaf.wished)
		return;
	inst->leaf.wished = true;
	inst->leaf.wish_next = groups->wishes;
	groups->wishes = inst;
}

static void
name_group(struct sup_instance *inst)
{
	struct sup_inst *m = &inst->machine;
	bool running = inst->sup->phase == SUP_RUNNING;

	if (!m->asked && !m->asked_by[0])
		(void)snprintf(m->asked_by, sizeof(m->asked_by), "%s%s",
			running ? "group " : "shutdown",
			running ? inst->worker->group_name : "");
}

/* Its group starts, or starts it anew, and waits for that with every call: it does not
 * wait for one that shall not run. */
static void
end_start(struct sup_instance *inst)
{
	sup_node node = sup_leaf_node(inst);
	struct sup_child_view view;

	if (!node || !sup_tree_view(inst->sup->groups.tree, node, &view) ||
		view.state != SUP_CHILD_STARTING || !sup_inst_live(&inst->machine))
		return;
	name_group(inst);
	sup_instance_event(inst, SUP_EV_STOP);
}

void
sup_group_want(struct sup_instance *inst, bool want)
{
	struct sup_tree *t = inst->sup->groups.tree;
	sup_node node = sup_leaf_node(inst);
	struct sup_child_view view = {0};
	bool there = node && sup_tree_view(t, node, &view);

	sup_tick_soon(inst->sup);
	if (want && (!there || inst->leaf_going || !sup_child_has_process(view.state))) {
		sup_group_wish(inst, true, false);
		start_leaf(inst);
	} else if (!want && there) {
		sup_group_release(inst);
		sup_group_wish(inst, false, true);
		call_leaf(inst, SUP_CALL_TERMINATE_CHILD);
		if (view.dynamic)
			call_leaf(inst, SUP_CALL_DELETE_CHILD);
	} else {
		sup_group_wish(inst, want, inst->leaf_going);
	}
	sup_groups_run(inst->sup);
	if (!want)
		end_start(inst);
}

void
sup_group_release(struct sup_instance *inst)
{
	if (!inst->machine.go || sup_inst_live(&inst->machine))
		return;
	sup_node node = sup_leaf_node(inst);

	sup_instance_event(inst, SUP_EV_STOP);
	if (node)
		sup_tree_ignored(inst->sup->groups.tree, node, nv_mono_ms());
	sup_groups_run(inst->sup);
}

void
sup_group_apply(struct sup_worker *w, uint32_t slots)
{
	if (w->sup->phase != SUP_RUNNING)
		return; /* every tree is stopped as a whole */
	for (uint32_t n = w->n_instances; n > 0; n--) {
		struct sup_instance *inst = w->instances[n - 1];

		if (n <= slots && !inst->parked)
			continue;
		if (inst->machine.want)
			sup_group_want(inst, false);
		else if (w->desired || w->held)
			sup_group_release(inst);
	}
	for (uint32_t n = 1; n <= NV_MIN(slots, w->n_instances); n++) {
		struct sup_instance *inst = w->instances[n - 1];

		if (!inst->parked && !inst->machine.want)
			sup_group_want(inst, true);
	}
}

bool
sup_group_start_root(struct sup_group *root)
{
	if (root->held || root->halted)
		root->cause[0] = '\0';
	root->held = false;
	root->halted = false;
	if (root->leaving || root->sup->phase != SUP_RUNNING ||
		sup_group_state(root) != SUP_CHILD_DOWN)
		return false;
	nv_info("group %s: starting", root->name);
	for (struct sup_worker *w = root->sup->workers; w; w = w->next)
		for (uint32_t i = 0; w->group && i < w->n_instances; i++)
			if (sup_group_root(w->group) == root)
				sup_instance_event(w->instances[i], SUP_EV_RESET);
	sup_tree_start(root->sup->groups.tree, root->node, nv_mono_ms());
	return true;
}

bool
sup_group_is_held(const struct sup_worker *w)
{
	return w->group && sup_group_root(w->group)->held;
}

void
sup_group_revive(struct sup_worker *w)
{
	struct sup_group *root = w->group ? sup_group_root(w->group) : NULL;

	if (!root)
		return;
	root->held = false;
	root->again |= sup_group_state(root) == SUP_CHILD_STOPPING &&
		       w->sup->phase == SUP_RUNNING;
	w->sup->groups.changed = true;
}

void
sup_group_reset(struct sup_instance *inst)
{
	struct sup_group *root = sup_group_root(inst->worker->group);
	struct sup_child_view view;

	sup_instance_event(inst, SUP_EV_RESET);
	sup_group_revive(inst->worker);
	if (!sup_group_start_root(root) && inst->machine.want) {
		sup_node node = sup_leaf_node(inst);

		/* One that is being stopped is down when it is the turn of these. */
		if (!node || (sup_tree_view(inst->sup->groups.tree, node, &view) &&
				     (!sup_child_has_process(view.state) ||
					     view.state == SUP_CHILD_STOPPING))) {
			if (node && view.state == SUP_CHILD_RESTARTING)
				call_leaf(inst, SUP_CALL_TERMINATE_CHILD);
			start_leaf(inst);
		}
	}
	sup_groups_run(inst->sup);
}

void
sup_group_restart(struct sup_instance *inst)
{
	struct sup_group *g = inst->worker->group;
	bool forgets = inst->worker->conf->restart == NV_RESTART_TEMPORARY ||
		       g->conf->strategy == NV_STRATEGY_SIMPLE_ONE_FOR_ONE;

	if (sup_group_is_held(inst->worker))
		return;
	if (!sup_group_start_root(sup_group_root(g))) {
		bool there = sup_leaf_node(inst) != 0;

		inst->leaf_again = sup_inst_live(&inst->machine);
		sup_group_wish(inst, inst->machine.want, inst->leaf_going);
		if (there)
			call_leaf(inst, SUP_CALL_TERMINATE_CHILD);
		call_leaf(inst, there && !forgets ? SUP_CALL_RESTART_CHILD
						  : SUP_CALL_START_CHILD);
	}
	sup_groups_run(inst->sup);
}

/* ---- what the tree is told ---- */

void
sup_group_started(struct sup_instance *inst)
{
	sup_node node = sup_leaf_node(inst);

	if (!node)
		return;
	sup_tree_started(inst->sup->groups.tree, node, nv_mono_ms());
	sup_groups_run(inst->sup);
}

/* It is on its way: what is still asked for is its start. */
static void
forget_again(struct sup_instance *inst)
{
	if (!inst->leaf_again)
		return;
	inst->leaf_again = false;
	sup_group_wish(inst, inst->machine.want, inst->leaf_going);
}

void
sup_group_ended(struct sup_instance *inst)
{
	const struct sup_inst *m = &inst->machine;
	struct sup_tree *t = inst->sup->groups.tree;
	sup_node node = sup_leaf_node(inst);
	int64_t now_ms = nv_mono_ms();
	struct sup_child_view view;

	forget_again(inst);
	if (!node || !sup_tree_view(t, node, &view))
		return;
	if (m->gave_up)
		sup_tree_leaf_gives_up(t, node,
			inst->worker->policy.crashes.on_limit == NV_ON_LIMIT_ESCALATE,
			now_ms);
	else if (m->asked && view.state != SUP_CHILD_STOPPING) /* not by the tree */
		sup_tree_leaf_gives_up(t, node, false, now_ms);
	else if (m->end.exec)
		sup_tree_failed(t, node, m->retry_at_ms, now_ms);
	else
		sup_tree_exited(t, node,
			m->asked       ? SUP_EXIT_SHUTDOWN
			: m->end.crash ? SUP_EXIT_ABNORMAL
				       : SUP_EXIT_NORMAL,
			m->retry_at_ms, now_ms);
	sup_groups_run(inst->sup);
}

static void
on_tree_timer(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct sup *sup = timer->data;

	(void)loop;
	(void)revents;
	sup_tree_timer(sup->groups.tree, nv_mono_ms());
	sup_groups_run(sup);
}

static void
arm(struct sup *sup)
{
	ev_timer *timer = &sup->groups.timer;
	int64_t deadline_ms = sup_tree_deadline(sup->groups.tree);

	ev_timer_stop(sup->loop, timer);
	if (deadline_ms == INT64_MAX)
		return;
	ev_now_update(sup->loop);
	ev_timer_init(timer, on_tree_timer,
		(double)NV_MAX(deadline_ms - nv_mono_ms(), 0) / 1000 + 0.0005, 0.);
	timer->data = sup;
	ev_timer_start(sup->loop, timer);
}

/* ---- what the tree says ---- */

static void
own_group_reply(struct sup *sup, uint64_t id, enum sup_call_result result)
{
	struct sup_group *g = sup_group_by_id(sup, id);

	if (!g)
		return;
	g->ending = false;
	if (result == SUP_CALL_BUSY) {
		g->busy = true;
		sup->groups.any_busy = true;
	} else if (result == SUP_CALL_FAILED) {
		nv_error("group %s: its start failed; group %s goes on without it",
			g->name, g->parent ? g->parent->name : "above");
	}
}

/* The answer to a call of our own. Most say what is known. */
static void
own_reply(struct sup *sup, const struct sup_tree_action *a)
{
	uint64_t id = a->call & ~SUP_CALL_OURS;
	struct sup_instance *inst = sup_leaf_find(sup, id);

	if (!inst) {
		own_group_reply(sup, id, a->result);
		return;
	}
	if (a->result == SUP_CALL_BUSY) {
		inst->leaf_busy = true;
		sup->groups.any_busy = true;
		sup_group_wish(inst, inst->machine.want, inst->leaf_going);
	} else if (a->result == SUP_CALL_FAILED) {
		nv_error("%s#%u: its start failed; group %s goes on without it",
			inst->worker->name, inst->number, inst->worker->group->name);
	}
}

void
sup_group_again(struct sup *sup)
{
	if (!sup->groups.any_busy)
		return;
	sup->groups.any_busy = false;
	for (struct sup_group *g = sup->groups.list; g; g = g->next) {
		if (!g->busy)
			continue;
		g->busy = false;
		if (g->node && g->parent && !g->leaving)
			sup_group_begin(g);
	}
	sup_groups_run(sup);
	for (struct sup_worker *w = sup->workers; w; w = w->next) {
		for (uint32_t i = 0; w->group && i < w->n_instances; i++) {
			struct sup_instance *inst = w->instances[i];

			if (!inst->leaf_busy)
				continue;
			inst->leaf_busy = false;
			if (inst->leaf_again) {
				sup_group_restart(inst);
				continue;
			}
			inst->leaf_going = true; /* whatever its state: say it again */
			sup_group_want(inst, inst->machine.want);
		}
	}
}

/* NULL also for one that is in another group by now: a call of before may still begin it
 * where it was. */
static struct sup_instance *
leaf_of(struct sup *sup, sup_node node)
{
	const struct sup_tree *t = sup->groups.tree;
	struct sup_child_view view;
	struct sup_instance *inst =
		sup_tree_view(t, node, &view) ? sup_leaf_find(sup, view.id) : NULL;
	const struct sup_group *g = inst ? inst->worker->group : NULL;

	return g && g->node == sup_tree_parent(t, node) ? inst : NULL;
}

static bool
is_unwanted(const struct sup_instance *inst)
{
	const struct sup_worker *w = inst->worker;

	return w->removed || w->moving ||
	       ((w->desired || w->held) &&
		       (inst->parked || inst->number > sup_roll_slots(w)));
}

static void
start(struct sup *sup, sup_node node)
{
	struct sup_instance *inst = leaf_of(sup, node);

	if (!inst || (is_unwanted(inst) && sup->phase == SUP_RUNNING)) {
		sup_tree_ignored(sup->groups.tree, node, nv_mono_ms());
		if (!inst)
			(void)sup_tree_remove(sup->groups.tree, node);
		return;
	}
	if (inst->machine.state == SUP_INST_UP) {
		sup_tree_started(sup->groups.tree, node, nv_mono_ms());
		return; /* it has outlived what we knew of it */
	}
	if (!inst->machine.end.crash || inst->machine.asked) {
		sup_instance_event(inst, SUP_EV_GO);
		return;
	}
	/* An automatic restart: many at once may have a common cause. */
	sup_instance_event(inst, SUP_EV_AGAIN);
	sup_instance_event(inst, SUP_EV_TIMER);
}

static void
stop(struct sup *sup, sup_node node)
{
	struct sup_instance *inst = leaf_of(sup, node);

	if (inst) {
		forget_again(inst);
		name_group(inst);
		sup_instance_event(inst, SUP_EV_STOP);
	}
	if (!inst || !sup_inst_live(&inst->machine))
		sup_tree_exited(
			sup->groups.tree, node, SUP_EXIT_SHUTDOWN, 0, nv_mono_ms());
	else if (sup->stop_requests > 1)
		sup_instance_event(inst, SUP_EV_HASTE);
}

/* "w#1 (exit code 3)", or the name of a group. */
static void
cause_text(struct sup *sup, sup_node cause, char *buf, size_t buf_bytes)
{
	const struct sup_instance *inst = leaf_of(sup, cause);
	const struct sup_group *g = group_of(sup, cause);

	if (inst)
		(void)snprintf(buf, buf_bytes, "%s#%u%s%s%s", inst->worker->name,
			inst->number, inst->last_exit[0] ? " (" : "", inst->last_exit,
			inst->last_exit[0] ? ")" : "");
	else
		(void)snprintf(
			buf, buf_bytes, "%s", g ? g->name : "a child that is forgotten");
}

static void
gave_up(struct sup *sup, const struct sup_tree_action *a)
{
	struct sup_group *g = group_of(sup, a->node);
	char cause[250];

	if (!g)
		return;
	cause_text(sup, a->cause, cause, sizeof(cause));
	g->given_up++;
	(void)snprintf(g->cause, sizeof(g->cause),
		"more than %u restarts in %llds; last: %s", g->conf->intensity,
		(long long)(g->conf->period_ms / 1000), cause);
	nv_error("group %s: given up: %s", g->name, g->cause);
}

/* Everybody below is halted, and the journal says so. */
static void
halt_below(struct sup_group *g)
{
	for (struct sup_worker *w = g->sup->workers; w; w = w->next) {
		if (!w->group || sup_group_root(w->group) != g)
			continue;
		for (uint32_t i = 0; i < w->n_instances; i++)
			if (w->instances[i]->machine.want)
				sup_instance_event(w->instances[i], SUP_EV_HALT);
	}
}

static void
ended(struct sup *sup, const struct sup_tree_action *a)
{
	struct sup_group *g = group_of(sup, a->node);
	char cause[250];

	if (!g)
		return;
	cause_text(sup, a->cause, cause, sizeof(cause));
	g->halted = a->why != SUP_WHY_STOPPED && !g->again;
	switch (a->why) {
	case SUP_WHY_STOPPED:
		nv_info("group %s: stopped", g->name);
		break;
	case SUP_WHY_START_FAILED:
		(void)snprintf(g->cause, sizeof(g->cause), "its start failed: %s", cause);
		nv_error("group %s: %s", g->name, g->cause);
		break;
	case SUP_WHY_GAVE_UP:
		break; /* said, with the arithmetic */
	case SUP_WHY_AUTO_SHUTDOWN:
		(void)snprintf(g->cause, sizeof(g->cause), "%s has ended (auto_shutdown)",
			cause);
		nv_info("group %s: ends: %s", g->name, g->cause);
		break;
	}
	if (g->halted && a->why != SUP_WHY_AUTO_SHUTDOWN)
		halt_below(g);
	if (g->call && (g->call_is_stop || !g->again))
		sup_group_answer(
			sup, g->call, g->call_is_stop ? SUP_CALL_OK : SUP_CALL_FAILED);
	if (g->call_is_stop || !g->again)
		g->call = 0;
	if (g->again && !g->held && sup->phase == SUP_RUNNING)
		(void)sup_group_start_root(g);
	g->again = false;
}

static void
perform(struct sup *sup, const struct sup_tree_action *a)
{
	struct sup_group *g;

	switch (a->what) {
	case SUP_TREE_START:
		start(sup, a->node);
		break;
	case SUP_TREE_STOP:
		stop(sup, a->node);
		break;
	case SUP_TREE_REPLY:
		if (a->call & SUP_CALL_OURS)
			own_reply(sup, a);
		else
			sup_group_answer(sup, a->call, a->result);
		break;
	case SUP_TREE_UP:
		g = group_of(sup, a->node);
		if (!g)
			break;
		nv_info("group %s: started", g->name);
		if (g->call && !g->call_is_stop) {
			sup_group_answer(sup, g->call, SUP_CALL_OK);
			g->call = 0;
		}
		break;
	case SUP_TREE_ENDED:
		ended(sup, a);
		break;
	case SUP_TREE_GAVE_UP:
		gave_up(sup, a);
		break;
	case SUP_TREE_FORGOT:
		break; /* found by id when it is wanted again */
	}
}

/* ---- looking after groups ---- */

static bool
is_below(const struct sup_group *g, const struct sup_group *top)
{
	while (g && g != top)
		g = g->parent;
	return g != NULL;
}

/* Its parent's patience is over: everything below is killed. */
static void
on_shutdown(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct sup_group *top = timer->data;

	(void)loop;
	(void)revents;
	nv_warn("group %s: its shutdown takes too long; killing what is left", top->name);
	for (struct sup_worker *w = top->sup->workers; w; w = w->next) {
		if (!w->group || !is_below(w->group, top))
			continue;
		for (uint32_t i = 0; i < w->n_instances; i++)
			sup_instance_event(w->instances[i], SUP_EV_HASTE);
	}
}

static void
look_at_patience(struct sup_group *g, enum sup_child_state state)
{
	struct ev_loop *loop = g->sup->loop;

	if (state != SUP_CHILD_STOPPING || !g->parent ||
		g->conf->shutdown_ms == NV_INFINITY_MS) {
		ev_timer_stop(loop, &g->shutdown);
		return;
	}
	if (ev_is_active(&g->shutdown))
		return;
	ev_now_update(loop);
	ev_timer_init(&g->shutdown, on_shutdown, (double)g->conf->shutdown_ms / 1000, 0.);
	g->shutdown.data = g;
	ev_timer_start(loop, &g->shutdown);
}

/* It has just been started: what was added to it since is wanted again. */
static void
add_wanted(struct sup_group *g)
{
	for (struct sup_worker *w = g->sup->workers; w; w = w->next) {
		if (w->group != g)
			continue;
		for (uint32_t i = 0; i < w->n_instances; i++)
			if (w->instances[i]->machine.want &&
				!sup_leaf_node(w->instances[i]))
				call_leaf(w->instances[i], SUP_CALL_START_CHILD);
	}
}

static void
look(struct sup *sup)
{
	for (struct sup_group *g = sup->groups.list; g; g = g->next) {
		enum sup_child_state state = sup_group_state(g);
		bool running = state == SUP_CHILD_RUNNING;

		look_at_patience(g, state);
		/* A group without processes is stopped and started in one step. */
		if (g->node && sup_tree_was_begun(sup->groups.tree, g->node))
			g->was_running = false;
		if (running && !g->was_running) {
			g->was_running = true;
			add_wanted(g);
		}
		g->was_running = running;
	}
}

void
sup_groups_run(struct sup *sup)
{
	struct sup_groups *groups = &sup->groups;
	struct sup_tree_action a;

	groups->changed = groups->tree != NULL;
	if (groups->busy || !groups->tree)
		return;
	groups->busy = true;
	do {
		/* Decided, then put: committed with the first of what is done. */
		if (sup_tree_has_actions(groups->tree))
			sup_groups_keep(sup);
		while (sup_tree_next_action(groups->tree, &a)) {
			groups->changed = true;
			perform(sup, &a);
		}
		look(sup);
	} while (sup_tree_has_actions(groups->tree));
	groups->busy = false;
	arm(sup);
}

void
sup_groups_stop(struct sup *sup)
{
	for (struct sup_group *g = sup->groups.list; g; g = g->next) {
		g->again = false;
		if (!g->parent && g->node && sup_group_state(g) != SUP_CHILD_DOWN)
			sup_tree_stop(sup->groups.tree, g->node, nv_mono_ms());
	}
	sup_groups_run(sup);
}

void
sup_groups_fini(struct sup *sup)
{
	struct sup_groups *groups = &sup->groups;

	while (groups->list) {
		struct sup_group *g = groups->list;

		groups->list = g->next;
		ev_timer_stop(sup->loop, &g->shutdown);
		sup_conf_drop(g->conf_ref);
		free(g);
	}
	if (groups->tree)
		ev_timer_stop(sup->loop, &groups->timer);
	sup_tree_free(groups->tree);
	nv_buf_fini(&groups->saved);
	free(groups->leaves);
	*groups = (struct sup_groups){0};
}
