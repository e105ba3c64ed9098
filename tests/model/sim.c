/* Applies events to both sides and compares what comes of them. */
#include "sim.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#define FINISH_ROUNDS 4096

int
sim_init(struct sim *s, const struct side_ops *judge, enum otp_break judge_broken,
	const struct side_ops *judged, enum otp_break judged_broken)
{
	memset(s, 0, sizeof(*s));
	s->ops[0] = judge;
	s->ops[1] = judged;
	s->side[0] = judge->make(judge_broken);
	s->side[1] = judged->make(judged_broken);
	return s->side[0] == NULL || s->side[1] == NULL ? -ENOMEM : 0;
}

void
sim_fini(struct sim *s)
{
	for (int i = 0; i < 2; i++)
		if (s->side[i] != NULL)
			s->ops[i]->free(s->side[i]);
}

NV_PRINTF(2, 3)
static bool
differ(struct sim *s, const char *fmt, ...)
{
	va_list args;

	if (s->problem[0] != '\0')
		return false;
	va_start(args, fmt);
	(void)vsnprintf(s->problem, sizeof(s->problem), fmt, args);
	va_end(args);
	return false;
}

/* ---- actions ---- */

static const char *const what_name[] = {[SUP_TREE_START] = "START",
	[SUP_TREE_STOP] = "STOP",
	[SUP_TREE_REPLY] = "REPLY",
	[SUP_TREE_UP] = "UP",
	[SUP_TREE_ENDED] = "ENDED",
	[SUP_TREE_GAVE_UP] = "GAVE_UP",
	[SUP_TREE_FORGOT] = "FORGOT"};
static const char *const result_name[] = {[SUP_CALL_OK] = "ok",
	[SUP_CALL_ALREADY_STARTED] = "already_started",
	[SUP_CALL_ALREADY_PRESENT] = "already_present",
	[SUP_CALL_RUNNING] = "running",
	[SUP_CALL_RESTARTING] = "restarting",
	[SUP_CALL_NOT_FOUND] = "not_found",
	[SUP_CALL_SIMPLE] = "simple",
	[SUP_CALL_FAILED] = "failed",
	[SUP_CALL_IGNORED] = "ignored",
	[SUP_CALL_INVALID] = "invalid",
	[SUP_CALL_BUSY] = "busy",
	[SUP_CALL_STOPPING] = "stopping"};
static const char *const why_name[] = {[SUP_WHY_STOPPED] = "stopped",
	[SUP_WHY_START_FAILED] = "start_failed",
	[SUP_WHY_GAVE_UP] = "gave_up",
	[SUP_WHY_AUTO_SHUTDOWN] = "auto_shutdown"};

/* Nodes are printed by the judge's number. */
static sup_node
as_judge(const struct sim *s, int side, sup_node node)
{
	if (side == 0 || node == 0)
		return node;
	return node < SIM_NODES ? s->judge[node] : 0;
}

static void
action_text(const struct sim *s, int side, const struct sup_tree_action *a, char *text,
	size_t bytes)
{
	sup_node node = as_judge(s, side, a->node);
	int n = snprintf(text, bytes, "%s node %u", what_name[a->what], node);

	if (n < 0 || (size_t)n >= bytes)
		return;
	text += n;
	bytes -= (size_t)n;
	if (a->what == SUP_TREE_STOP)
		(void)snprintf(text, bytes, " within %" PRId64, a->shutdown_ms);
	else if (a->what == SUP_TREE_REPLY)
		(void)snprintf(text, bytes, " call %" PRIu64 " %s", a->call,
			result_name[a->result]);
	else if (a->what == SUP_TREE_ENDED)
		(void)snprintf(text, bytes, " %s cause %u", why_name[a->why],
			as_judge(s, side, a->cause));
	else if (a->what == SUP_TREE_GAVE_UP)
		(void)snprintf(text, bytes, " cause %u", as_judge(s, side, a->cause));
}

static bool
bind(struct sim *s, sup_node judge, sup_node other)
{
	if (judge == 0 || other == 0 || judge >= SIM_NODES || other >= SIM_NODES)
		return judge == other;
	if (s->other[judge] == 0 && s->judge[other] == 0) {
		s->other[judge] = other;
		s->judge[other] = judge;
		s->node_max = NV_MAX(s->node_max, judge);
	}
	return s->other[judge] == other && s->judge[other] == judge;
}

static bool
same_action(
	struct sim *s, const struct sup_tree_action *a, const struct sup_tree_action *b)
{
	if (a->what != b->what || !bind(s, a->node, b->node))
		return false;
	switch (a->what) {
	case SUP_TREE_STOP:
		return a->shutdown_ms == b->shutdown_ms;
	case SUP_TREE_REPLY:
		return a->call == b->call && a->result == b->result;
	case SUP_TREE_GAVE_UP:
		return bind(s, a->cause, b->cause);
	case SUP_TREE_ENDED:
		if (a->why != b->why)
			return false;
		return a->why == SUP_WHY_STOPPED || bind(s, a->cause, b->cause);
	case SUP_TREE_START:
	case SUP_TREE_UP:
	case SUP_TREE_FORGOT:
		break;
	}
	return true;
}

/* S10, S2: one leaf of a group at a time, and none before one that stands after it. */
static bool
stops_in_order(struct sim *s, sup_node leaf)
{
	sup_node group = s->ops[0]->parent(s->side[0], leaf);
	struct sup_child_view v;
	bool after = false;

	if (s->deferred || group >= SIM_NODES || !s->going[group])
		return true;
	s->in_order[leaf] = true;
	for (uint32_t n = 0; s->ops[0]->child(s->side[0], group, n, &v); n++) {
		if (v.node == leaf) {
			after = true;
			continue;
		}
		if (v.is_group)
			continue;
		if (s->in_order[v.node])
			return differ(
				s, "STOP of node %u while node %u stops", leaf, v.node);
		if (after && s->proc[v.node] != SIM_NONE &&
			s->proc[v.node] != SIM_STOPPING)
			return differ(s, "STOP of node %u before node %u", leaf, v.node);
	}
	return true;
}

static void
note_going(struct sim *s)
{
	for (unsigned tag = 1; tag < SIM_GROUPS; tag++)
		if (s->group[tag][0] != 0)
			s->going[s->group[tag][0]] =
				otp_group_stops_in_order(s->side[0], s->group[tag][0]);
}

/* What must hold of any action, and what the world looks like after it. */
static bool
perform(struct sim *s, const struct sup_tree_action *a)
{
	sup_node n = a->node;

	if (n >= SIM_NODES)
		return differ(s, "node %u", n);
	switch (a->what) {
	case SUP_TREE_START:
		if (s->proc[n] != SIM_NONE)
			return differ(s, "START of node %u, which has a process", n);
		s->proc[n] = SIM_STARTING;
		break;
	case SUP_TREE_STOP:
		if (s->proc[n] != SIM_STARTING && s->proc[n] != SIM_RUNNING)
			return differ(s, "STOP of node %u, which is not live", n);
		s->was_starting[n] = s->proc[n] == SIM_STARTING;
		s->proc[n] = SIM_STOPPING;
		return stops_in_order(s, n);
	case SUP_TREE_REPLY:
		if (a->call >= SIM_CALLS || s->call[a->call] == 0)
			return differ(s, "call %" PRIu64 " answered twice", a->call);
		s->call[a->call]--;
		break;
	case SUP_TREE_FORGOT:
		if (s->proc[n] != SIM_NONE)
			return differ(s, "FORGOT node %u, which has a process", n);
		s->forgotten = n;
		break;
	case SUP_TREE_ENDED:
		for (unsigned tag = 1; tag < SIM_GROUPS; tag++)
			if (s->group[tag][0] == n)
				s->ended[tag] = true;
		break;
	case SUP_TREE_UP:
	case SUP_TREE_GAVE_UP:
		break;
	}
	return true;
}

static bool
take_actions(struct sim *s, int64_t most)
{
	for (int64_t n = 0; n < most; n++) {
		struct sup_tree_action a[2];
		char text[2][128] = {"nothing", "nothing"};
		bool more[2];

		memset(a, 0, sizeof(a));
		for (int i = 0; i < 2; i++) {
			more[i] = s->ops[i]->next_action(s->side[i], &a[i]);
			if (more[i] && s->trace != NULL)
				action_text(s, i, &a[i], text[i], sizeof(text[i]));
		}
		if (!more[0] && !more[1])
			return true;
		if (s->trace != NULL)
			(void)fprintf(s->trace, "        %-48s %s\n", text[0], text[1]);
		if (more[0] != more[1] || !same_action(s, &a[0], &a[1])) {
			for (int i = 0; i < 2; i++)
				if (more[i])
					action_text(
						s, i, &a[i], text[i], sizeof(text[i]));
			return differ(s, "action: %s | %s", text[0], text[1]);
		}
		if (!perform(s, &a[0]))
			return false;
	}
	return true;
}

/* ---- views ---- */

static bool
same_spec(const struct sup_child_spec *a, const struct sup_child_spec *b)
{
	return a->restart == b->restart && a->shutdown_ms == b->shutdown_ms &&
	       a->significant == b->significant;
}

static bool
same_child(struct sim *s, const struct sup_child_view *a, const struct sup_child_view *b)
{
	if (!bind(s, a->node, b->node) || a->id != b->id || a->is_group != b->is_group)
		return differ(s, "child id %" PRIu64 " | %" PRIu64, a->id, b->id);
	if (a->dynamic != b->dynamic || !same_spec(&a->spec, &b->spec))
		return differ(s, "settings of node %u", a->node);
	if (a->state != b->state)
		return differ(
			s, "state of node %u: %d | %d", a->node, a->state, b->state);
	if (a->state == SUP_CHILD_RESTARTING && a->retry_at_ms != b->retry_at_ms &&
		(a->retry_at_ms > s->now_ms || b->retry_at_ms > s->now_ms))
		return differ(s, "retry of node %u: %" PRId64 " | %" PRId64, a->node,
			a->retry_at_ms, b->retry_at_ms);
	return true;
}

static bool
same_group(struct sim *s, sup_node node)
{
	sup_node of[2] = {node, s->other[node]};
	struct sup_counts count[2];
	uint32_t restarts[2];
	struct sup_child_view v[2];
	bool there[2] = {true, true};

	for (uint32_t n = 0; there[0]; n++) {
		for (int i = 0; i < 2; i++)
			there[i] = s->ops[i]->child(s->side[i], of[i], n, &v[i]);
		if (there[0] != there[1])
			return differ(s, "node %u has more than %u children: %d | %d",
				node, n, there[0], there[1]);
		if (!there[0])
			break;
		if (!same_child(s, &v[0], &v[1]))
			return false;
		for (int i = 0; i < 2; i++)
			if (s->ops[i]->find(s->side[i], of[i], v[i].id) != v[i].node ||
				s->ops[i]->parent(s->side[i], v[i].node) != of[i])
				return differ(s, "node %u is not found", v[0].node);
		if (v[0].is_group && !same_group(s, v[0].node))
			return false;
	}
	for (int i = 0; i < 2; i++) {
		s->ops[i]->count(s->side[i], of[i], &count[i]);
		restarts[i] = s->ops[i]->restarts(s->side[i], of[i], s->now_ms);
	}
	if (memcmp(&count[0], &count[1], sizeof(count[0])) != 0)
		return differ(s, "counts of node %u: active %u | %u", node,
			count[0].active, count[1].active);
	if (restarts[0] != restarts[1])
		return differ(s, "restarts of node %u: %u | %u", node, restarts[0],
			restarts[1]);
	return true;
}

static bool
same_views(struct sim *s)
{
	int64_t deadline[2];

	for (unsigned i = 0; i < s->n_top; i++)
		if (!same_group(s, s->group[s->top[i]][0]))
			return false;
	for (int i = 0; i < 2; i++)
		deadline[i] = s->ops[i]->deadline(s->side[i]);
	if (deadline[0] != deadline[1])
		return differ(
			s, "deadline: %" PRId64 " | %" PRId64, deadline[0], deadline[1]);
	return true;
}

/* ---- events ---- */

bool
sim_may(const struct sim *s, sup_node leaf, enum event_kind kind)
{
	enum sim_proc proc;
	bool crossed; /* its STOP and the answer to its START are on their way at once */

	if (leaf == 0 || leaf >= SIM_NODES || s->other[leaf] == 0 ||
		otp_action_waits(s->side[0], leaf))
		return false;
	proc = s->proc[leaf];
	crossed = proc == SIM_STOPPING && s->was_starting[leaf];
	switch (kind) {
	case EV_STARTED:
	case EV_IGNORED:
	case EV_FAILED:
		return proc == SIM_STARTING || crossed;
	case EV_GIVES_UP:
		return proc == SIM_STARTING || proc == SIM_RUNNING || crossed;
	default:
		return proc != SIM_NONE;
	}
}

static struct sup_child_spec
child_spec(const struct event *e)
{
	return (struct sup_child_spec){.restart = (enum sup_child_restart)e->f[F_RESTART],
		.shutdown_ms = e->f[F_SHUTDOWN],
		.significant = e->f[F_SIGNIFICANT] != 0};
}

static struct sup_group_spec
group_spec(const struct event *e)
{
	return (struct sup_group_spec){.child = child_spec(e),
		.strategy = (enum sup_strategy)e->f[F_STRATEGY],
		.intensity = (uint32_t)e->f[F_INTENSITY],
		.period_s = (uint32_t)e->f[F_PERIOD],
		.auto_shutdown = (enum sup_auto_shutdown)e->f[F_AUTO]};
}

static unsigned
tag_of(const struct event *e, enum event_field field)
{
	return e->f[field] > 0 && e->f[field] < SIM_GROUPS ? (unsigned)e->f[field] : 0;
}

static bool
add_group(struct sim *s, const struct event *e)
{
	unsigned parent = tag_of(e, F_GROUP);
	unsigned tag = tag_of(e, F_TAG);
	struct sup_group_spec spec = group_spec(e);
	sup_node node[2] = {0, 0};
	int rc[2];

	if (tag == 0 || s->group[tag][0] != 0 ||
		(parent != 0 && s->group[parent][0] == 0))
		return true;
	for (int i = 0; i < 2; i++)
		rc[i] = s->ops[i]->add_group(s->side[i], s->group[parent][i],
			(uint64_t)e->f[F_ID], &spec, &node[i]);
	if (rc[0] != rc[1])
		return differ(s, "add_group: %d | %d", rc[0], rc[1]);
	if (rc[0] < 0)
		return true;
	s->group[tag][0] = node[0];
	s->group[tag][1] = node[1];
	if (parent == 0)
		s->top[s->n_top++] = tag;
	return bind(s, node[0], node[1]) || differ(s, "add_group: its number");
}

static bool
add_leaf(struct sim *s, const struct event *e)
{
	unsigned parent = tag_of(e, F_GROUP);
	struct sup_child_spec spec = child_spec(e);
	sup_node node[2] = {0, 0};
	int rc[2];

	for (int i = 0; i < 2; i++)
		rc[i] = s->ops[i]->add_leaf(s->side[i], s->group[parent][i],
			(uint64_t)e->f[F_ID], &spec, &node[i]);
	if (rc[0] != rc[1])
		return differ(s, "add_leaf: %d | %d", rc[0], rc[1]);
	return rc[0] < 0 || bind(s, node[0], node[1]) ||
	       differ(s, "add_leaf: its number");
}

/* The child that an event is about; 0 when there is none now. */
static sup_node
target(const struct sim *s, const struct event *e)
{
	unsigned group = tag_of(e, F_GROUP);

	if (group == 0 || s->group[group][0] == 0)
		return 0;
	return s->ops[0]->find(s->side[0], s->group[group][0], (uint64_t)e->f[F_ID]);
}

/* Groups that are gone with the one that was removed lose their tags. */
static void
drop_tags(struct sim *s, unsigned removed)
{
	for (unsigned i = 0; i < s->n_top; i++)
		if (s->top[i] == removed) {
			s->top[i] = s->top[--s->n_top];
			s->group[removed][0] = 0;
		}
	for (unsigned tag = 1; tag < SIM_GROUPS; tag++) {
		bool top = false;
		for (unsigned i = 0; i < s->n_top; i++)
			top = top || s->top[i] == tag;
		if (!top && s->ops[0]->parent(s->side[0], s->group[tag][0]) == 0)
			s->group[tag][0] = s->group[tag][1] = 0;
	}
}

static bool
change(struct sim *s, const struct event *e)
{
	struct sup_child_spec leaf = child_spec(e);
	struct sup_group_spec group = group_spec(e);
	unsigned tag = tag_of(e, F_TAG);
	sup_node node = tag != 0 ? s->group[tag][0] : target(s, e);
	sup_node of[2] = {node, s->other[node]};
	int rc[2];

	if (node == 0)
		return true;
	for (int i = 0; i < 2; i++) {
		if (e->kind == EV_CHANGE_GROUP)
			rc[i] = s->ops[i]->change_group(s->side[i], of[i], &group);
		else if (e->kind == EV_CHANGE_LEAF)
			rc[i] = s->ops[i]->change_leaf(s->side[i], of[i], &leaf);
		else
			rc[i] = s->ops[i]->remove(s->side[i], of[i]);
	}
	if (rc[0] != rc[1])
		return differ(s, "change: %d | %d", rc[0], rc[1]);
	if (e->kind == EV_REMOVE && rc[0] == 0)
		drop_tags(s, tag);
	return true;
}

static void
call(struct sim *s, const struct event *e)
{
	unsigned tag = tag_of(e, F_GROUP);

	if (e->f[F_TAG] <= 0 || e->f[F_TAG] >= SIM_CALLS)
		return;
	s->call[e->f[F_TAG]]++;
	for (int i = 0; i < 2; i++) {
		struct sup_call_args a = {.call = (uint64_t)e->f[F_TAG],
			.what = (enum sup_call)e->f[F_WHAT],
			.group = s->group[tag][i],
			.id = (uint64_t)e->f[F_ID],
			.spec = child_spec(e)};
		s->ops[i]->call(s->side[i], &a, s->now_ms);
	}
}

/* Say it of a node (of side 0) to both. */
static void
say(struct sim *s, enum event_kind kind, sup_node leaf, const struct event *e)
{
	int64_t retry_at_ms = s->now_ms + e->f[F_DELAY];
	int64_t now = s->now_ms;

	for (int i = 0; i < 2; i++) {
		sup_node n = i == 0 ? leaf : s->other[leaf];
		if (kind == EV_STARTED)
			s->ops[i]->started(s->side[i], n, now);
		else if (kind == EV_IGNORED)
			s->ops[i]->ignored(s->side[i], n, now);
		else if (kind == EV_FAILED)
			s->ops[i]->failed(s->side[i], n, retry_at_ms, now);
		else if (kind == EV_GIVES_UP)
			s->ops[i]->leaf_gives_up(
				s->side[i], n, e->f[F_ESCALATE] != 0, now);
		else
			s->ops[i]->exited(s->side[i], n, (enum sup_exit_class)e->f[F_HOW],
				retry_at_ms, now);
	}
}

/* What a leaf did. One that is told to stop may still have to say that it has started. */
static void
leaf_event(struct sim *s, const struct event *e, sup_node leaf)
{
	say(s, e->kind, leaf, e);
	if (e->kind == EV_STARTED && s->proc[leaf] == SIM_STOPPING)
		return;
	s->proc[leaf] = e->kind == EV_STARTED ? SIM_RUNNING : SIM_NONE;
	s->in_order[leaf] = false;
}

static void
group_event(struct sim *s, const struct event *e)
{
	unsigned tag = tag_of(e, F_TAG);

	if (tag == 0 || s->group[tag][0] == 0)
		return;
	for (int i = 0; i < 2; i++) {
		if (e->kind == EV_START)
			s->ops[i]->start(s->side[i], s->group[tag][i], s->now_ms);
		else
			s->ops[i]->stop(s->side[i], s->group[tag][i], s->now_ms);
	}
}

static void
ghost(struct sim *s, const struct event *e)
{
	static const enum event_kind said[] = {
		EV_EXITED, EV_STARTED, EV_FAILED, EV_IGNORED, EV_GIVES_UP};
	sup_node n = target(s, e);

	if (n == 0) {
		n = s->forgotten;
		if (s->ops[0]->parent(s->side[0], n) != 0)
			return; /* it may come back */
	}
	if (n != 0 && s->proc[n] == SIM_NONE && !otp_action_waits(s->side[0], n))
		say(s, said[(uint64_t)e->f[F_WHAT] % NV_LEN(said)], n, e);
}

static bool
dispatch(struct sim *s, const struct event *e)
{
	switch (e->kind) {
	case EV_GROUP:
		return add_group(s, e);
	case EV_LEAF:
		return add_leaf(s, e);
	case EV_CHANGE_GROUP:
	case EV_CHANGE_LEAF:
	case EV_REMOVE:
		return change(s, e);
	case EV_START:
	case EV_STOP:
		group_event(s, e);
		return true;
	case EV_STARTED:
	case EV_IGNORED:
	case EV_FAILED:
	case EV_EXITED:
	case EV_GIVES_UP: {
		sup_node leaf = target(s, e);
		if (sim_may(s, leaf, e->kind))
			leaf_event(s, e, leaf);
		return true;
	}
	case EV_CALL:
		call(s, e);
		return true;
	case EV_RELOAD:
		s->side[1] = s->ops[1]->reload(s->side[1]);
		return s->side[1] != NULL || differ(s, "what was saved cannot be loaded");
	case EV_GHOST:
		ghost(s, e);
		return true;
	case EV_TIMER:
	case EV_COUNT:
		break;
	}
	return true;
}

bool
sim_apply(struct sim *s, const struct event *e)
{
	bool due;

	s->now_ms += e->f[F_AFTER];
	due = s->ops[0]->deadline(s->side[0]) <= s->now_ms && e->f[F_LATE] == 0;
	if (s->trace != NULL) {
		(void)fprintf(s->trace, "%8" PRId64 " ", s->now_ms);
		event_print(s->trace, e);
	}
	note_going(s);
	if (due || e->kind == EV_TIMER) {
		for (int i = 0; i < 2; i++)
			s->ops[i]->timer(s->side[i], s->now_ms);
		if (!take_actions(s, INT64_MAX))
			return false;
	}
	if (!dispatch(s, e) || !same_views(s) ||
		!take_actions(s, e->f[F_TAKE] == 0 ? INT64_MAX : e->f[F_TAKE] - 1))
		return false;
	s->deferred = e->f[F_TAKE] != 0;
	return true;
}

/* ---- the end ---- */

static bool
finish_round(struct sim *s, unsigned round, bool *ret_more)
{
	struct event e = {.kind = EV_EXITED};

	*ret_more = false;
	for (sup_node n = 1; n <= s->node_max; n++) {
		if (s->proc[n] == SIM_NONE)
			continue;
		*ret_more = true;
		/* What is not told to stop may as well go on for a while. */
		if (s->proc[n] != SIM_STOPPING && (round + n) % 3 != 0)
			continue;
		if (s->trace != NULL)
			(void)fprintf(s->trace, "%8" PRId64 " end: exit of node %u\n",
				s->now_ms, n);
		note_going(s);
		leaf_event(s, &e, n);
		return take_actions(s, INT64_MAX) && same_views(s);
	}
	return true;
}

bool
sim_finish(struct sim *s)
{
	bool more = true;

	if (!take_actions(s, INT64_MAX))
		return false;
	memset(s->ended, 0, sizeof(s->ended));
	for (unsigned i = 0; i < s->n_top; i++) {
		struct event e = {.kind = EV_STOP};
		unsigned tag = s->top[i];
		e.f[F_TAG] = tag;

		if (!sim_apply(s, &e))
			return false;
	}
	for (unsigned round = 0; more; round++) {
		if (round == FINISH_ROUNDS)
			return differ(s, "no end after a stop");
		if (!finish_round(s, round, &more))
			return false;
	}
	for (unsigned i = 0; i < s->n_top; i++)
		if (!s->ended[s->top[i]])
			return differ(s, "group %u has not ended", s->top[i]);
	for (unsigned i = 0; i < SIM_CALLS; i++)
		if (s->call[i] != 0)
			return differ(s, "call %u was never answered", i);
	return s->ops[1]->deadline(s->side[1]) == INT64_MAX ||
	       differ(s, "a deadline is left at the end");
}

int
sim_replay(const struct history *h, const struct side_ops *judge,
	enum otp_break judge_broken, const struct side_ops *judged,
	enum otp_break judged_broken, FILE *trace, char *problem, size_t problem_bytes)
{
	static struct sim s;
	int at = -1;

	if (sim_init(&s, judge, judge_broken, judged, judged_broken) == 0) {
		s.now_ms = h->begin_ms;
		s.trace = trace;
		for (unsigned i = 0; i < h->n && at < 0; i++)
			if (!sim_apply(&s, &h->event[i]))
				at = (int)i;
		if (at < 0 && !sim_finish(&s))
			at = (int)h->n;
	}
	if (problem != NULL)
		(void)snprintf(problem, problem_bytes, "%s", s.problem);
	sim_fini(&s);
	return at;
}
