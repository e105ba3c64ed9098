/* Operations of the reference model: START_ALL, SWEEP, STOP_ALL as lists of single steps
 * (S2, S5, S10, S11), and the loop that lets groups work until nothing is left to do. */
#include "otp_state.h"

#include <string.h>

struct otp_group *
otp_group_of(struct otp *m, sup_node node)
{
	NV_ASSERT(node < OTP_NODES && m->node[node].group != NULL);
	return m->node[node].group;
}

bool
otp_has_process(const struct otp_node *c)
{
	return c->state == SUP_CHILD_STARTING || c->state == SUP_CHILD_RUNNING ||
	       c->state == SUP_CHILD_STOPPING;
}

bool
otp_in_flight(const struct otp_node *c)
{
	return c->state == SUP_CHILD_STARTING || c->state == SUP_CHILD_STOPPING;
}

bool
otp_is_sweep(const struct otp_group *g)
{
	return g->spec.strategy == SUP_ONE_FOR_ALL ||
	       g->spec.strategy == SUP_REST_FOR_ONE;
}

bool
otp_is_simple(const struct otp_group *g)
{
	return g->spec.strategy == SUP_SIMPLE_ONE_FOR_ONE;
}

unsigned
otp_position(const struct otp_group *g, sup_node child)
{
	unsigned i = 0;

	while (i < g->n_kid && g->kid[i] != child)
		i++;
	return i;
}

void
otp_say(struct otp *m, const struct sup_tree_action *a)
{
	NV_ASSERT(m->n_action < OTP_ACTIONS);
	m->action[m->n_action++] = *a;
}

void
otp_reply(struct otp *m, uint64_t call, enum sup_call_result result, sup_node node)
{
	const struct otp_group *g =
		node == 0 ? NULL : m->node[m->node[node].parent].group;

	if (g == NULL || otp_position(g, node) == g->n_kid)
		node = 0; /* there is no child any more */
	otp_say(m, &(struct sup_tree_action){.what = SUP_TREE_REPLY,
			   .node = node,
			   .call = call,
			   .result = result});
}

/* Of a leaf; of a group, for each leaf below it. */
static void
say_forgotten(struct otp *m, sup_node node)
{
	const struct otp_group *g = m->node[node].group;

	if (g == NULL)
		otp_say(m,
			&(struct sup_tree_action){.what = SUP_TREE_FORGOT, .node = node});
	for (unsigned i = 0; g != NULL && i < g->n_kid; i++)
		say_forgotten(m, g->kid[i]);
}

/* The child is no child any more, for this life of its group. */
void
otp_forget(struct otp *m, sup_node child)
{
	struct otp_node *c = &m->node[child];
	struct otp_group *g = otp_group_of(m, c->parent);
	unsigned at = otp_position(g, child);

	NV_ASSERT(!otp_has_process(c));
	otp_void_exit(g, child);
	otp_void_retry(m, g, child);
	if (at < g->n_kid) {
		g->n_kid--;
		memmove(&g->kid[at], &g->kid[at + 1],
			(g->n_kid - at) * sizeof(g->kid[0]));
	}
	c->state = SUP_CHILD_DOWN;
	say_forgotten(m, child);
	if (c->dynamic)
		c->exists = false;
}

static void
box_remove(struct otp_group *g, unsigned at)
{
	g->n_box--;
	memmove(&g->box[at], &g->box[at + 1], (g->n_box - at) * sizeof(g->box[0]));
}

void
otp_void_exit(struct otp_group *g, sup_node child)
{
	for (unsigned i = g->n_box; i-- > 0;)
		if (g->box[i].kind == OTP_MSG_EXIT && g->box[i].child == child)
			box_remove(g, i);
}

/* RESTARTING ends: the child is only down. */
void
otp_void_retry(struct otp *m, struct otp_group *g, sup_node child)
{
	struct otp_node *c = &m->node[child];

	for (unsigned i = g->n_box; i-- > 0;)
		if (g->box[i].kind == OTP_MSG_RETRY && g->box[i].child == child)
			box_remove(g, i);
	c->retry_later = false;
	if (c->state == SUP_CHILD_RESTARTING)
		c->state = SUP_CHILD_DOWN;
}

void
otp_restart_later(struct otp *m, sup_node child, int64_t retry_at_ms)
{
	struct otp_node *c = &m->node[child];
	struct otp_group *g = otp_group_of(m, c->parent);

	c->state = SUP_CHILD_RESTARTING;
	c->retry_at_ms = retry_at_ms;
	c->retry_order = ++m->retries;
	c->retry_later = retry_at_ms > m->now_ms;
	if (!c->retry_later) {
		NV_ASSERT(g->n_box < OTP_BOX);
		g->box[g->n_box++] =
			(struct otp_msg){.kind = OTP_MSG_RETRY, .child = child};
		otp_wake(m, c->parent);
	}
}

void
otp_child_start(struct otp *m, sup_node child)
{
	struct otp_node *c = &m->node[child];
	struct otp_group *g = otp_group_of(m, c->parent);

	if (m->broken != OTP_S3_VOID_FORGOTTEN)
		otp_void_exit(g, child);
	otp_void_retry(m, g, child);
	NV_ASSERT(c->state == SUP_CHILD_DOWN);
	c->state = SUP_CHILD_STARTING;
	if (c->group != NULL)
		otp_begin_start_all(m, child);
	else
		otp_say(m,
			&(struct sup_tree_action){.what = SUP_TREE_START, .node = child});
}

void
otp_child_stop(struct otp *m, sup_node child)
{
	struct otp_node *c = &m->node[child];

	NV_ASSERT(c->state == SUP_CHILD_STARTING || c->state == SUP_CHILD_RUNNING);
	if (c->start_called) {
		c->never_was = c->start_what == SUP_CALL_START_CHILD;
		otp_reply(m, c->start_call, SUP_CALL_FAILED, c->never_was ? 0 : child);
		c->start_called = false;
	}
	c->state = SUP_CHILD_STOPPING;
	if (c->group == NULL)
		otp_say(m, &(struct sup_tree_action){.what = SUP_TREE_STOP,
				   .node = child,
				   .shutdown_ms = c->spec.shutdown_ms});
	else if (m->broken == OTP_S11_WAITS_FOR_START && c->group->phase == OTP_COMING)
		c->group->stop_after_start = true;
	else if (c->group->phase == OTP_COMING || c->group->phase == OTP_UP)
		otp_begin_stop_all(m, child, SUP_WHY_STOPPED, 0);
}

void
otp_add_step(struct otp_group *g, bool stop, sup_node child, bool begun)
{
	NV_ASSERT(g->n_step < OTP_STEPS);
	g->step[g->n_step++] = (struct otp_step){stop, begun, child};
}

static void
post(struct otp *m, sup_node group, enum otp_answer answer)
{
	NV_ASSERT(m->n_post < OTP_NODES);
	m->post[m->n_post++] = (struct otp_post){group, answer};
}

static void
start_all_done(struct otp *m, sup_node group)
{
	struct otp_group *g = otp_group_of(m, group);

	g->phase = OTP_UP;
	if (g->stop_after_start)
		otp_begin_stop_all(m, group, SUP_WHY_STOPPED, 0);
	else if (m->node[group].parent != 0)
		post(m, group, OTP_ANSWER_STARTED);
	else
		otp_say(m, &(struct sup_tree_action){.what = SUP_TREE_UP, .node = group});
}

/* A life is over: the dynamic children are forgotten, the static ones are all there
 * again, without a process. */
static void
stop_all_done(struct otp *m, sup_node group)
{
	struct otp_group *g = otp_group_of(m, group);

	g->phase = OTP_OFF;
	if (m->broken != OTP_S8_STAMPS)
		g->n_stamp = 0;
	for (unsigned i = 0; i < g->n_kid; i++) {
		sup_node child = g->kid[i];
		if (m->node[child].dynamic && m->broken != OTP_S8_DYNAMIC) {
			otp_forget(m, child);
			i--;
		}
	}
	if (m->broken != OTP_S8_DYNAMIC) {
		memcpy(g->kid, g->fixed, sizeof(g->kid));
		g->n_kid = g->n_fixed;
	}
	if (m->node[group].parent == 0)
		otp_say(m, &(struct sup_tree_action){.what = SUP_TREE_ENDED,
				   .node = group,
				   .why = g->why,
				   .cause = g->cause});
	else if (g->why == SUP_WHY_START_FAILED)
		post(m, group, OTP_ANSWER_FAILED);
	else
		post(m, group, OTP_ANSWER_EXITED);
}

/* The step is over, whatever came of it. */
static void
step_done(struct otp *m, sup_node group)
{
	struct otp_group *g = otp_group_of(m, group);
	struct otp_step s = g->step[0];
	struct otp_node *c = &m->node[s.child];

	g->n_step--;
	memmove(&g->step[0], &g->step[1], g->n_step * sizeof(g->step[0]));
	if (s.stop && g->op == OTP_OP_SWEEP && c->spec.restart == SUP_TEMPORARY &&
		c->state == SUP_CHILD_DOWN && m->broken != OTP_S6_TEMPORARY_BACK)
		otp_forget(m, s.child);
}

static void
step_begin(struct otp *m, sup_node group)
{
	struct otp_group *g = otp_group_of(m, group);
	struct otp_step *s = &g->step[0];
	struct otp_node *c = &m->node[s->child];

	s->begun = true;
	if (s->stop) {
		otp_void_exit(g, s->child);
		if (g->op == OTP_OP_SWEEP && !g->half)
			otp_void_retry(m, g, s->child);
		if (c->state == SUP_CHILD_STARTING || c->state == SUP_CHILD_RUNNING)
			otp_child_stop(m, s->child);
	} else {
		otp_child_start(m, s->child);
	}
}

/* Take steps until one waits for an answer, or none is left. */
void
otp_advance(struct otp *m, sup_node group)
{
	struct otp_group *g = otp_group_of(m, group);
	enum otp_op op = g->op;

	while (g->n_step > 0) {
		struct otp_step *s = &g->step[0];
		if (otp_position(g, s->child) == g->n_kid) { /* removed meanwhile */
			g->n_step--;
			memmove(s, s + 1, g->n_step * sizeof(*s));
			continue;
		}
		if (!s->begun)
			step_begin(m, group);
		if (m->broken == OTP_S2_SWEEP_AT_ONCE && s->stop && op == OTP_OP_SWEEP &&
			g->n_step > 1 && g->step[1].stop &&
			m->node[s->child].state == SUP_CHILD_STOPPING) {
			struct otp_step first = *s; /* to the end of the stops */
			unsigned last = 1;
			while (last + 1 < g->n_step && g->step[last + 1].stop)
				last++;
			if (g->step[last].begun)
				return;
			memmove(s, s + 1, last * sizeof(*s));
			g->step[last] = first;
			continue;
		}
		if (otp_in_flight(&m->node[s->child]))
			return;
		step_done(m, group);
	}
	if (op == OTP_OP_NONE)
		return;
	g->op = OTP_OP_NONE;
	otp_wake(m, group);
	if (op == OTP_OP_START_ALL)
		start_all_done(m, group);
	else if (op == OTP_OP_STOP_ALL)
		stop_all_done(m, group);
}

void
otp_begin_start_all(struct otp *m, sup_node group)
{
	struct otp_group *g = otp_group_of(m, group);

	g->phase = OTP_COMING;
	g->spec_of_life = g->spec;
	g->op = OTP_OP_START_ALL;
	g->n_step = 0;
	g->n_box = 0;
	g->stop_after_start = false;
	for (unsigned i = 0; i < g->n_kid; i++)
		otp_add_step(g, false, g->kid[i], false);
	otp_advance(m, group);
}

static void
stop_all_steps(struct otp *m, struct otp_group *g, enum sup_tree_why why)
{
	bool forward = m->broken == OTP_S10_FORWARD ||
		       (m->broken == OTP_S5_FORWARD && why == SUP_WHY_START_FAILED);

	g->n_step = 0;
	for (unsigned i = 0; i < g->n_kid; i++)
		otp_add_step(g, true, g->kid[forward ? i : g->n_kid - 1 - i], false);
	if (!otp_is_simple(g) || m->broken == OTP_S10_SIMPLE_SLOW)
		return;
	for (unsigned i = g->n_kid; i-- > 0;) {
		struct otp_node *c = &m->node[g->kid[i]];
		if (c->state == SUP_CHILD_STARTING || c->state == SUP_CHILD_RUNNING)
			otp_child_stop(m, g->kid[i]);
	}
}

void
otp_begin_stop_all(struct otp *m, sup_node group, enum sup_tree_why why, sup_node cause)
{
	struct otp_group *g = otp_group_of(m, group);

	NV_ASSERT(g->phase == OTP_COMING || g->phase == OTP_UP);
	g->phase = OTP_GOING;
	g->op = OTP_OP_STOP_ALL;
	g->why = why;
	g->cause = cause;
	for (unsigned i = 0; i < g->n_box; i++)
		if (g->box[i].kind == OTP_MSG_CALL)
			otp_reply(m, g->box[i].args.call,
				m->broken == OTP_S10_CALLS_LOST ? SUP_CALL_FAILED
								: SUP_CALL_STOPPING,
				0);
	g->n_box = 0;
	for (unsigned i = 0; i < g->n_kid; i++)
		otp_void_retry(m, g, g->kid[i]);
	stop_all_steps(m, g, why);
	otp_advance(m, group);
}

/* There may be something to handle in this group, when its turn comes. */
void
otp_wake(struct otp *m, sup_node group)
{
	for (unsigned i = 0; i < m->n_awake; i++)
		if (m->awake[i] == group)
			return;
	NV_ASSERT(m->n_awake < OTP_NODES);
	m->awake[m->n_awake++] = group;
}

/* Answers to parents first; then each group that was woken, in that order, goes through
 * its mailbox once. */
void
otp_settle(struct otp *m)
{
	while (m->n_post > 0 || m->n_awake > 0) {
		if (m->n_post > 0) {
			struct otp_post p = m->post[0];
			m->n_post--;
			memmove(&m->post[0], &m->post[1], m->n_post * sizeof(m->post[0]));
			otp_answer(m, p.group, p.answer);
		} else {
			sup_node group = m->awake[0];
			m->n_awake--;
			memmove(&m->awake[0], &m->awake[1],
				m->n_awake * sizeof(m->awake[0]));
			otp_read_mail(m, group);
		}
	}
}
