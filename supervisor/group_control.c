/* What a person asks of groups, and what is shown of them: see group.h. */
#include "group.h"
#include "nv_clock.h"
#include "nv_log.h"
#include "nv_msg_group.h"
#include "sup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Who waits for which call. */
struct sup_group_waiter {
	struct sup_group_waiter *next;
	uint64_t number;
	struct sup_client *client; /* borrowed: goes with it */
	uint32_t request_id;
};

/* ---- words ---- */

static const char *
result_word(enum sup_call_result result)
{
	static const char *const words[] = {[SUP_CALL_OK] = "ok",
		[SUP_CALL_ALREADY_STARTED] = "already_started",
		[SUP_CALL_ALREADY_PRESENT] = "already_present",
		[SUP_CALL_RUNNING] = "running",
		[SUP_CALL_RESTARTING] = "restarting",
		[SUP_CALL_NOT_FOUND] = "not_found",
		[SUP_CALL_SIMPLE] = "simple_one_for_one",
		[SUP_CALL_FAILED] = "failed",
		[SUP_CALL_IGNORED] = "ignored",
		[SUP_CALL_INVALID] = "invalid",
		[SUP_CALL_BUSY] = "busy",
		[SUP_CALL_STOPPING] = "stopping"};

	return words[result];
}

static const char *
state_word(enum sup_child_state state)
{
	static const char *const words[] = {[SUP_CHILD_DOWN] = "down",
		[SUP_CHILD_STARTING] = "starting",
		[SUP_CHILD_RUNNING] = "running",
		[SUP_CHILD_STOPPING] = "stopping",
		[SUP_CHILD_RESTARTING] = "restarting"};

	return words[state];
}

static const char *
restart_word(enum sup_child_restart restart)
{
	static const char *const words[] = {[SUP_PERMANENT] = "permanent",
		[SUP_TRANSIENT] = "transient",
		[SUP_TEMPORARY] = "temporary"};

	return words[restart];
}

/* ---- answers ---- */

void
sup_group_answer(struct sup *sup, uint64_t number, enum sup_call_result result)
{
	struct sup_group_waiter **at = &sup->groups.waiters;

	while (*at && (*at)->number != number)
		at = &(*at)->next;
	if (!*at)
		return; /* it has gone */
	struct sup_group_waiter *w = *at;

	*at = w->next;
	sup->groups.n_waiters--;
	sup_client_reply(w->client, w->request_id,
		result == SUP_CALL_OK ? NV_EXIT_OK : NV_EXIT_NO, "%s",
		result_word(result));
	free(w);
}

void
sup_group_client_gone(struct sup *sup, const struct sup_client *client)
{
	for (struct sup_group_waiter **at = &sup->groups.waiters; *at;) {
		struct sup_group_waiter *w = *at;

		if (client && w->client != client) {
			at = &w->next;
			continue;
		}
		*at = w->next;
		sup->groups.n_waiters--;
		free(w);
	}
}

/* A number for the call of a client; 0: too many are waiting, which is answered. */
static uint64_t
await(struct sup_client *client, uint32_t request_id)
{
	struct sup *sup = sup_client_sup(client);
	struct sup_group_waiter *w =
		sup->groups.n_waiters < SUP_WAITERS_MAX ? calloc(1, sizeof(*w)) : NULL;

	if (!w) {
		sup_client_reply(client, request_id, NV_EXIT_FAILED,
			"busy: too many are waiting already");
		return 0;
	}
	w->number = ++sup->groups.calls;
	w->client = client;
	w->request_id = request_id;
	w->next = sup->groups.waiters;
	sup->groups.waiters = w;
	sup->groups.n_waiters++;
	return w->number;
}

/* ---- requests: show ---- */

static const char *
group_state(const struct sup_group *g)
{
	struct sup_child_view view;

	if (g->halted)
		return "halted";
	if (!g->node || !sup_tree_view(g->sup->groups.tree, g->node, &view) ||
		view.state == SUP_CHILD_DOWN)
		return "stopped";
	return state_word(view.state);
}

static void
send_group(struct sup_client *client, uint32_t request_id, const struct sup_group *g)
{
	static const char *const strategies[] = {[NV_STRATEGY_NONE] = "none",
		[NV_STRATEGY_ONE_FOR_ONE] = "one_for_one",
		[NV_STRATEGY_ONE_FOR_ALL] = "one_for_all",
		[NV_STRATEGY_REST_FOR_ONE] = "rest_for_one",
		[NV_STRATEGY_SIMPLE_ONE_FOR_ONE] = "simple_one_for_one"};
	static const char *const autos[] = {[NV_AUTO_NEVER] = "never",
		[NV_AUTO_ANY] = "any_significant",
		[NV_AUTO_ALL] = "all_significant"};
	const struct sup_tree *t = g->sup->groups.tree;
	struct nv_ctl_group m = {.request_id = request_id,
		.intensity = g->conf->intensity,
		.period_s = (uint32_t)(g->conf->period_ms / 1000),
		.restarts = g->node ? sup_tree_restarts(t, g->node, nv_mono_ms()) : 0,
		.given_up = g->given_up,
		.significant = g->conf->significant,
		.shutdown_ms = g->conf->shutdown_ms};
	struct sup_counts counts = {0};
	uint8_t body[1024];
	struct nv_wr w;

	memcpy(m.name, g->name, sizeof(m.name));
	if (g->parent)
		memcpy(m.parent, g->parent->name, sizeof(m.parent));
	(void)snprintf(
		m.strategy, sizeof(m.strategy), "%s", strategies[g->conf->strategy]);
	(void)snprintf(m.state, sizeof(m.state), "%s", group_state(g));
	(void)snprintf(m.reason, sizeof(m.reason), "%s",
		g->held && !g->parent ? "stopped by a person" : g->cause);
	(void)snprintf(m.auto_shutdown, sizeof(m.auto_shutdown), "%s",
		autos[g->conf->auto_shutdown]);
	(void)snprintf(m.restart, sizeof(m.restart), "%s",
		restart_word((enum sup_child_restart)g->conf->restart));
	if (g->node)
		sup_tree_count(t, g->node, &counts);
	m.specs = counts.specs;
	m.active = counts.active;
	m.supervisors = counts.supervisors;
	m.workers = counts.workers;
	nv_wr_init(&w, body, sizeof(body));
	(void)nv_ctl_group_encode(&w, &m); /* the error stays in w */
	(void)nv_chan_send_wr(sup_client_chan(client), NV_MSG_CTL_GROUP, &w);
}

static void
send_child(struct sup_client *client, uint32_t request_id, const struct sup_group *g,
	const struct sup_child_view *view)
{
	struct nv_ctl_group_child m = {.request_id = request_id,
		.significant = view->spec.significant,
		.dynamic = view->dynamic,
		.shutdown_ms = view->spec.shutdown_ms,
		.retry_in_ms = -1};
	const struct sup_instance *inst = sup_leaf_find(g->sup, view->id);
	const struct sup_group *child =
		view->is_group ? sup_group_by_id(g->sup, view->id) : NULL;
	uint8_t body[512];
	struct nv_wr w;

	memcpy(m.group, g->name, sizeof(m.group));
	if (inst) {
		memcpy(m.name, inst->worker->name, sizeof(m.name));
		m.instance = inst->number;
		m.pid = inst->now ? inst->now->child.pid : 0;
	} else if (child) {
		memcpy(m.name, child->name, sizeof(m.name));
	}
	if (view->state == SUP_CHILD_RESTARTING)
		m.retry_in_ms = NV_MAX(view->retry_at_ms - nv_mono_ms(), 0);
	(void)snprintf(m.state, sizeof(m.state), "%s", state_word(view->state));
	(void)snprintf(
		m.restart, sizeof(m.restart), "%s", restart_word(view->spec.restart));
	nv_wr_init(&w, body, sizeof(body));
	(void)nv_ctl_group_child_encode(&w, &m); /* the error stays in w */
	(void)nv_chan_send_wr(sup_client_chan(client), NV_MSG_CTL_GROUP_CHILD, &w);
}

static void
send_children(struct sup_client *client, uint32_t request_id, const struct sup_group *g)
{
	const struct sup_tree *t = g->sup->groups.tree;
	struct sup_child_view view;

	if (!g->node)
		return;
	for (sup_node n = sup_tree_next(t, g->node, 0); n;
		n = sup_tree_next(t, g->node, n))
		if (sup_tree_view(t, n, &view))
			send_child(client, request_id, g, &view);
}

static void
no_such_group(struct sup_client *client, uint32_t request_id, const char *name)
{
	const char *known[64];
	size_t n = 0;

	for (struct sup_group *g = sup_client_sup(client)->groups.list;
		g && n < NV_LEN(known); g = g->next)
		known[n++] = g->name;
	const char *near = nv_name_nearest(name, known, n);

	sup_client_reply(client, request_id, NV_EXIT_NO,
		"not_found: there is no group \"%s\" with a strategy%s%s%s", name,
		near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

int
sup_group_on_get(struct sup_client *client, struct nv_msg *msg)
{
	struct sup *sup = sup_client_sup(client);
	struct nv_sup_group_get m;
	uint8_t body[4];
	struct nv_wr end;

	if (nv_sup_group_get_decode(&m, msg) < 0)
		return -EBADMSG;
	struct sup_group *one = m.group[0] ? sup_group_find(sup, m.group) : NULL;

	if (m.group[0] && !one) {
		no_such_group(client, m.request_id, m.group);
		return 0;
	}
	for (const struct sup_group *g = sup->groups.list; g; g = g->next) {
		if (one && g != one)
			continue;
		send_group(client, m.request_id, g);
		if (one)
			send_children(client, m.request_id, g);
	}
	nv_wr_init(&end, body, sizeof(body));
	nv_wr_u32(&end, m.request_id);
	(void)nv_chan_send_wr(sup_client_chan(client), NV_MSG_CTL_END, &end);
	return 0;
}

/* ---- requests: do ---- */

/* A group without parent has nobody to be asked. */
static void
do_root(struct sup_client *client, struct sup_group *g, const struct nv_sup_group_do *m)
{
	struct sup *sup = g->sup;
	const char *state = group_state(g);
	bool down = strcmp(state, "stopped") == 0 || g->halted;
	enum sup_call_result now = SUP_CALL_OK;

	if (m->what == NV_GROUP_START && !down)
		now = strcmp(state, "stopping") == 0 ? SUP_CALL_STOPPING
						     : SUP_CALL_ALREADY_STARTED;
	else if (g->call)
		now = SUP_CALL_BUSY;
	if (now != SUP_CALL_OK || (m->what == NV_GROUP_STOP && down)) {
		g->held |= m->what == NV_GROUP_STOP &&
			   (down || strcmp(state, "stopping") == 0);
		sup->groups.changed = true;
		sup_client_reply(client, m->request_id,
			now == SUP_CALL_OK ? NV_EXIT_OK : NV_EXIT_NO, "%s",
			result_word(now));
		return;
	}
	g->call = await(client, m->request_id);
	if (!g->call)
		return;
	g->call_is_stop = m->what == NV_GROUP_STOP;
	g->held = m->what == NV_GROUP_STOP;
	g->again = m->what == NV_GROUP_RESTART && !down;
	if (!down) {
		sup_tree_stop(sup->groups.tree, g->node, nv_mono_ms());
	} else {
		(void)sup_group_start_root(g); /* it is down */
	}
}

/* One call on the parent, or two of which the second is answered. */
static void
do_child(struct sup_client *client, struct sup_group *g, uint64_t id,
	const struct nv_sup_group_do *m, const struct sup_child_spec *spec)
{
	static const enum sup_call calls[] = {[NV_GROUP_START] = SUP_CALL_RESTART_CHILD,
		[NV_GROUP_STOP] = SUP_CALL_TERMINATE_CHILD,
		[NV_GROUP_RESTART] = SUP_CALL_RESTART_CHILD,
		[NV_GROUP_CHILD_START] = SUP_CALL_START_CHILD,
		[NV_GROUP_CHILD_RESTART] = SUP_CALL_RESTART_CHILD,
		[NV_GROUP_CHILD_TERMINATE] = SUP_CALL_TERMINATE_CHILD,
		[NV_GROUP_CHILD_DELETE] = SUP_CALL_DELETE_CHILD};
	uint64_t number = await(client, m->request_id);

	if (!number)
		return;
	if (m->what == NV_GROUP_RESTART)
		sup_group_call(g, SUP_CALL_TERMINATE_CHILD, id, NULL, SUP_CALL_OURS);
	sup_group_call(g, calls[m->what], id, spec, number);
}

/* The worker of a child, and its instance when there can be one. */
static bool
find_leaf(struct sup_group *g, const struct nv_sup_group_do *m, struct sup_instance **ret)
{
	struct sup_worker *w = sup_worker_find(g->sup, m->child);
	uint32_t number = m->instance ? m->instance : 1;

	*ret = NULL;
	if (!w || w->group != g)
		return false;
	if (m->what == NV_GROUP_CHILD_START && number <= w->conf->instances_max)
		(void)sup_worker_grow(w, number); /* without memory there is none */
	if (number <= w->n_instances)
		*ret = w->instances[number - 1];
	return true;
}

int
sup_group_on_do(struct sup_client *client, struct nv_msg *msg)
{
	struct sup *sup = sup_client_sup(client);
	struct nv_sup_group_do m;

	if (nv_sup_group_do_decode(&m, msg) < 0 || m.what < NV_GROUP_START ||
		m.what > NV_GROUP_CHILD_DELETE)
		return -EBADMSG;
	struct sup_group *g = sup_group_find(sup, m.group);

	if (!g || !g->node) {
		no_such_group(client, m.request_id, m.group);
		return 0;
	}
	if (m.what < NV_GROUP_CHILD_START) {
		if (g->parent)
			do_child(client, g->parent, sup_group_id(g->name), &m, NULL);
		else
			do_root(client, g, &m);
		sup_groups_run(sup);
		return 0;
	}
	struct sup_instance *inst;
	const struct sup_group *child = sup_group_find(sup, m.child);

	if (find_leaf(g, &m, &inst)) {
		struct sup_child_spec spec = sup_leaf_spec(sup_worker_find(sup, m.child));

		do_child(client, g, inst ? inst->leaf.id : 0, &m, &spec);
	} else if (child && child->parent == g && m.what != NV_GROUP_CHILD_START) {
		do_child(client, g, sup_group_id(child->name), &m, NULL);
	} else {
		sup_client_reply(client, m.request_id, NV_EXIT_NO, "%s",
			result_word(child && child->parent == g ? SUP_CALL_ALREADY_PRESENT
								: SUP_CALL_NOT_FOUND));
	}
	sup_groups_run(sup);
	return 0;
}

/* A group below the root that is down, and no group above is about to change that. */
static bool
branch_is_down(const struct sup_group *g, char *buf, size_t buf_bytes)
{
	const struct sup_group *down = NULL;

	for (; g; g = g->parent) {
		if (!sup_tree_is_settled(g->sup->groups.tree, g->node))
			return false;
		if (g->parent && sup_group_state(g) == SUP_CHILD_DOWN)
			down = g;
	}
	if (down)
		(void)snprintf(buf, buf_bytes, "group %s is down in group %s", down->name,
			down->parent->name);
	return down != NULL;
}

bool
sup_group_lets_down(const struct sup_instance *inst, char *buf, size_t buf_bytes)
{
	const struct sup_worker *w = inst->worker;
	const struct sup_group *root = w->group ? sup_group_root(w->group) : NULL;
	struct sup_child_view view;

	buf[0] = '\0';
	if (!root)
		return false;
	if (root->held)
		(void)snprintf(buf, buf_bytes, "group %s was stopped", root->name);
	else if (root->halted)
		(void)snprintf(buf, buf_bytes, "group %s: %s", root->name, root->cause);
	else if (sup_group_state(root) == SUP_CHILD_STARTING)
		(void)snprintf(buf, buf_bytes, "group %s starts in order", root->name);
	if (sup_group_state(root) != SUP_CHILD_RUNNING)
		return sup_group_state(root) == SUP_CHILD_DOWN;
	if (branch_is_down(w->group, buf, buf_bytes))
		return true;
	if (!sup_tree_is_settled(w->sup->groups.tree, w->group->node))
		return false;
	if (!sup_tree_view(w->sup->groups.tree, sup_leaf_node(inst), &view))
		(void)snprintf(buf, buf_bytes, "group %s has forgotten it (restart: %s)",
			w->group->name,
			w->conf->restart == NV_RESTART_TEMPORARY ? "temporary"
								 : "transient");
	else if (view.state == SUP_CHILD_DOWN)
		(void)snprintf(buf, buf_bytes, "group %s does not start it by itself%s%s",
			w->group->name, inst->last_exit[0] ? "; last: " : "",
			inst->last_exit);
	return buf[0] != '\0';
}
