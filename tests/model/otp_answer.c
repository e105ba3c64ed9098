/* What a START or a STOP came to, for a leaf (told by the caller) and for a group (told
 * by its own operation); and the exits nobody asked for, which become messages. */
#include "otp_state.h"

#include <string.h>

static struct otp_group *
parent_of(struct otp *m, sup_node child)
{
	return otp_group_of(m, m->node[child].parent);
}

/* Is the child the one that the operation of its group waits for? */
static bool
is_step_of(const struct otp_group *g, enum otp_op op, sup_node child)
{
	return g->op == op && g->n_step > 0 && g->step[0].child == child;
}

static void
call_over(struct otp *m, sup_node child, enum sup_call_result result)
{
	struct otp_node *c = &m->node[child];

	c->start_called = false;
	otp_reply(m, c->start_call, result, child);
}

static void
child_started(struct otp *m, sup_node child)
{
	struct otp_node *c = &m->node[child];

	if (c->state != SUP_CHILD_STARTING)
		return;
	c->state = SUP_CHILD_RUNNING;
	otp_wake(m, c->parent);
	if (c->start_called)
		call_over(m, child, SUP_CALL_OK);
	otp_advance(m, c->parent);
}

static void
child_ignored(struct otp *m, sup_node child)
{
	struct otp_node *c = &m->node[child];
	struct otp_group *g = parent_of(m, child);
	bool called = c->start_called;
	bool temporary = c->spec.restart == SUP_TEMPORARY;

	c->state = SUP_CHILD_DOWN;
	otp_wake(m, c->parent);
	if (called) {
		bool fresh = c->start_what == SUP_CALL_START_CHILD;
		if (fresh && (temporary || otp_is_simple(g)))
			otp_forget(m, child);
		call_over(m, child, SUP_CALL_IGNORED);
	} else if (g->phase == OTP_COMING) {
		if (temporary)
			otp_forget(m, child);
	} else if (g->phase == OTP_UP &&
		   (temporary || (otp_is_simple(g) && g->op != OTP_OP_SWEEP))) {
		otp_forget(m, child);
	}
	otp_advance(m, c->parent);
}

/* A start that a call asked for has failed: no retry, no cost (S12). */
static void
called_start_failed(struct otp *m, sup_node child, const struct otp_end *end)
{
	struct otp_node *c = &m->node[child];
	struct otp_group *g = parent_of(m, child);
	sup_node group = c->parent;
	bool fresh = c->start_what == SUP_CALL_START_CHILD;
	bool over = g->phase == OTP_UP && end->gives_up && end->escalate;

	if (fresh || (end->gives_up && !end->escalate &&
			     (c->spec.restart == SUP_TEMPORARY || otp_is_simple(g))))
		otp_forget(m, child);
	call_over(m, child, SUP_CALL_FAILED);
	if (over) {
		otp_give_up(m, group, child);
		return;
	}
	otp_advance(m, group);
	if (!fresh && g->phase == OTP_UP && m->broken == OTP_S12_FAILED_RETRIES)
		otp_restart_later(m, child, end->retry_at_ms);
}

static void
restart_failed(struct otp *m, sup_node child, const struct otp_end *end)
{
	struct otp_node *c = &m->node[child];
	struct otp_group *g = parent_of(m, child);

	if (end->gives_up && end->escalate) {
		otp_give_up(m, c->parent, child);
	} else if (end->gives_up) {
		if (c->spec.restart == SUP_TEMPORARY ||
			(otp_is_simple(g) && g->op != OTP_OP_SWEEP))
			otp_forget(m, child);
		otp_advance(m, c->parent);
	} else {
		if (is_step_of(g, OTP_OP_SWEEP, child)) {
			g->op = OTP_OP_NONE;
			g->n_step = 0;
		}
		otp_restart_later(m, child, end->retry_at_ms);
	}
}

static void
child_start_failed(struct otp *m, sup_node child, const struct otp_end *end)
{
	struct otp_node *c = &m->node[child];
	struct otp_group *g = parent_of(m, child);

	c->state = SUP_CHILD_DOWN;
	otp_wake(m, c->parent);
	if (c->start_called) {
		called_start_failed(m, child, end);
	} else if (g->phase == OTP_UP) {
		restart_failed(m, child, end);
	} else if (g->phase == OTP_GOING) {
		otp_advance(m, c->parent);
	} else if (end->gives_up && !end->escalate && m->broken != OTP_S15_ESCALATES) {
		if (c->spec.restart == SUP_TEMPORARY)
			otp_forget(m, child);
		otp_advance(m, c->parent);
	} else {
		sup_node cause = c->group != NULL ? c->group->cause : child;
		otp_begin_stop_all(m, c->parent, SUP_WHY_START_FAILED, cause);
	}
}

/* The exit that a STOP asked for (S13). */
static void
child_stopped(struct otp *m, sup_node child)
{
	struct otp_node *c = &m->node[child];
	struct otp_group *g = parent_of(m, child);
	sup_node group = c->parent;

	c->state = SUP_CHILD_DOWN;
	otp_wake(m, group);
	if ((c->never_was && g->phase == OTP_UP) ||
		(c->stop_called &&
			(c->spec.restart == SUP_TEMPORARY || otp_is_simple(g))))
		otp_forget(m, child);
	if (c->stop_called) {
		c->stop_called = false;
		otp_reply(m, c->stop_call, SUP_CALL_OK, child);
		if (m->broken == OTP_S9_TERMINATED && c->spec.significant &&
			g->phase == OTP_UP) {
			otp_begin_stop_all(m, group, SUP_WHY_AUTO_SHUTDOWN, child);
			return;
		}
	}
	otp_advance(m, group);
}

static void
child_exited(struct otp *m, sup_node child, const struct otp_end *end)
{
	struct otp_node *c = &m->node[child];
	struct otp_group *g = parent_of(m, child);

	if (c->state == SUP_CHILD_STARTING) {
		child_start_failed(m, child, end);
		return;
	}
	if (c->state == SUP_CHILD_STOPPING) {
		child_stopped(m, child);
		if (m->broken != OTP_S13_EXIT_RESTARTS || end->how != SUP_EXIT_ABNORMAL ||
			!c->exists || g->phase != OTP_UP || c->state != SUP_CHILD_DOWN ||
			otp_position(g, child) == g->n_kid)
			return;
	} else if (c->state != SUP_CHILD_RUNNING) {
		return;
	}
	c->state = SUP_CHILD_DOWN;
	if (g->phase == OTP_GOING) {
		otp_advance(m, c->parent);
	} else if (g->phase == OTP_COMING && m->broken == OTP_S3_EXIT_FAILS_START) {
		otp_begin_stop_all(m, c->parent, SUP_WHY_START_FAILED, child);
	} else {
		NV_ASSERT(g->n_box < OTP_BOX);
		g->box[g->n_box++] = (struct otp_msg){
			.kind = OTP_MSG_EXIT, .child = child, .end = *end};
		otp_wake(m, c->parent);
	}
}

void
otp_answer(struct otp *m, sup_node group, enum otp_answer answer)
{
	struct otp_node *c = &m->node[group];
	struct otp_end end = {.how = SUP_EXIT_SHUTDOWN};

	if (m->broken == OTP_S7_ABNORMAL && c->group->why == SUP_WHY_GAVE_UP)
		end.how = SUP_EXIT_ABNORMAL;
	if (answer == OTP_ANSWER_STARTED)
		child_started(m, group);
	else if (answer == OTP_ANSWER_FAILED && c->state == SUP_CHILD_STARTING)
		child_start_failed(m, group, &end);
	else
		child_exited(m, group, &end);
}

static bool
is_leaf(const struct otp *m, sup_node leaf)
{
	return leaf > 0 && leaf <= m->n_node && m->node[leaf].exists &&
	       m->node[leaf].group == NULL;
}

void
otp_started(struct otp *m, sup_node leaf, int64_t now_ms)
{
	m->now_ms = now_ms;
	if (!is_leaf(m, leaf))
		return;
	child_started(m, leaf);
	otp_settle(m);
}

void
otp_ignored(struct otp *m, sup_node leaf, int64_t now_ms)
{
	struct otp_end end = {.how = SUP_EXIT_ABNORMAL};

	m->now_ms = now_ms;
	if (!is_leaf(m, leaf))
		return;
	if (m->node[leaf].state == SUP_CHILD_STOPPING)
		child_stopped(m, leaf);
	else if (m->node[leaf].state != SUP_CHILD_STARTING)
		return;
	else if (m->broken == OTP_S5_IGNORED_FAILS)
		child_start_failed(m, leaf, &end);
	else
		child_ignored(m, leaf);
	otp_settle(m);
}

void
otp_failed(struct otp *m, sup_node leaf, int64_t retry_at_ms, int64_t now_ms)
{
	struct otp_end end = {.how = SUP_EXIT_ABNORMAL, .retry_at_ms = retry_at_ms};

	m->now_ms = now_ms;
	if (!is_leaf(m, leaf) || m->node[leaf].state == SUP_CHILD_RUNNING)
		return;
	child_exited(m, leaf, &end);
	otp_settle(m);
}

void
otp_exited(struct otp *m, sup_node leaf, enum sup_exit_class how, int64_t retry_at_ms,
	int64_t now_ms)
{
	struct otp_end end = {.how = how, .retry_at_ms = retry_at_ms};

	m->now_ms = now_ms;
	if (!is_leaf(m, leaf))
		return;
	child_exited(m, leaf, &end);
	otp_settle(m);
}

void
otp_leaf_gives_up(struct otp *m, sup_node leaf, bool escalate, int64_t now_ms)
{
	struct otp_end end = {
		.how = SUP_EXIT_ABNORMAL, .gives_up = true, .escalate = escalate};

	m->now_ms = now_ms;
	if (!is_leaf(m, leaf))
		return;
	if (m->broken == OTP_S15_ESCALATES)
		end.escalate = true;
	if (m->broken == OTP_S15_RESTARTS)
		end.gives_up = false;
	child_exited(m, leaf, &end);
	otp_settle(m);
}
