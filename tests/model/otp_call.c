/* The dynamic interface (S12): start, restart, terminate and delete a child. */
#include "otp_state.h"

#include <string.h>

/* Start a child because a call asks for it. In a sweep group this is an operation. */
static void
start_for(struct otp *m, sup_node group, sup_node child, const struct sup_call_args *a)
{
	struct otp_group *g = otp_group_of(m, group);
	struct otp_node *c = &m->node[child];

	c->start_called = true;
	c->start_what = a->what;
	c->start_call = a->call;
	if (otp_is_sweep(g)) {
		g->op = OTP_OP_CALL;
		g->n_step = 0;
		otp_add_step(g, false, child, false);
		otp_advance(m, group);
	} else {
		otp_child_start(m, child);
	}
}

static void
start_child(struct otp *m, sup_node group, const struct sup_call_args *a)
{
	struct otp_group *g = otp_group_of(m, group);
	sup_node child = otp_find(m, group, a->id);

	if (!otp_spec_fits(g, &a->spec)) {
		otp_reply(m, a->call, SUP_CALL_INVALID, 0);
	} else if (child != 0) {
		otp_reply(m, a->call,
			otp_has_process(&m->node[child]) ? SUP_CALL_ALREADY_STARTED
							 : SUP_CALL_ALREADY_PRESENT,
			child);
	} else {
		child = otp_new_node(m, group, a->id, &a->spec, false);
		m->node[child].dynamic = true;
		NV_ASSERT(g->n_kid < OTP_KIDS);
		g->kid[g->n_kid++] = child;
		start_for(m, group, child, a);
	}
}

static void
restart_child(
	struct otp *m, sup_node group, sup_node child, const struct sup_call_args *a)
{
	struct otp_node *c = &m->node[child];

	if (c->state == SUP_CHILD_RESTARTING) {
		otp_reply(m, a->call, SUP_CALL_RESTARTING, child);
	} else if (otp_has_process(c)) {
		otp_reply(m, a->call, SUP_CALL_RUNNING, child);
	} else {
		struct otp_group *g = otp_group_of(m, group);
		if (m->broken == OTP_S12_RESTART_COSTS && g->n_stamp + 1 < OTP_STAMPS)
			g->stamp[g->n_stamp++] = m->now_ms / 1000;
		start_for(m, group, child, a);
	}
}

static void
terminate_child(
	struct otp *m, sup_node group, sup_node child, const struct sup_call_args *a)
{
	struct otp_group *g = otp_group_of(m, group);
	struct otp_node *c = &m->node[child];

	if (otp_has_process(c)) {
		c->stop_called = true;
		c->stop_call = a->call;
		if (otp_is_sweep(g)) {
			g->op = OTP_OP_CALL;
			g->n_step = 0;
			otp_add_step(g, true, child, false);
			otp_advance(m, group);
		} else {
			otp_child_stop(m, child);
		}
		return;
	}
	otp_void_exit(g, child);
	if (m->broken != OTP_S12_TERMINATE_KEEPS_RETRY)
		otp_void_retry(m, g, child);
	if (c->spec.restart == SUP_TEMPORARY || otp_is_simple(g))
		otp_forget(m, child);
	otp_reply(m, a->call, SUP_CALL_OK, child);
}

static void
delete_child(struct otp *m, sup_node child, const struct sup_call_args *a)
{
	struct otp_node *c = &m->node[child];

	if (c->state == SUP_CHILD_RESTARTING && m->broken != OTP_S12_DELETE_RESTARTING) {
		otp_reply(m, a->call, SUP_CALL_RESTARTING, child);
	} else if (otp_has_process(c)) {
		otp_reply(m, a->call, SUP_CALL_RUNNING, child);
	} else {
		otp_forget(m, child);
		otp_reply(m, a->call, SUP_CALL_OK, child);
	}
}

void
otp_handle_call(struct otp *m, sup_node group, const struct sup_call_args *a)
{
	struct otp_group *g = otp_group_of(m, group);
	sup_node child = otp_find(m, group, a->id);

	if (a->what == SUP_CALL_START_CHILD)
		start_child(m, group, a);
	else if (otp_is_simple(g) && a->what != SUP_CALL_TERMINATE_CHILD)
		otp_reply(m, a->call, SUP_CALL_SIMPLE, 0);
	else if (child == 0)
		otp_reply(m, a->call, SUP_CALL_NOT_FOUND, 0);
	else if (a->what == SUP_CALL_RESTART_CHILD)
		restart_child(m, group, child, a);
	else if (a->what == SUP_CALL_TERMINATE_CHILD)
		terminate_child(m, group, child, a);
	else
		delete_child(m, child, a);
}

/* With S12 broken: what can be said at once is said at once. */
static bool
answered_early(struct otp *m, const struct sup_call_args *a)
{
	sup_node child = otp_find(m, a->group, a->id);

	if (m->broken != OTP_S12_CHECKED_EARLY || a->what != SUP_CALL_RESTART_CHILD ||
		child == 0 || !otp_has_process(&m->node[child]))
		return false;
	otp_reply(m, a->call, SUP_CALL_RUNNING, child);
	return true;
}

void
otp_call(struct otp *m, const struct sup_call_args *a, int64_t now_ms)
{
	struct otp_group *g = NULL;
	unsigned calls = 0;

	m->now_ms = now_ms;
	if (a->group > 0 && a->group <= m->n_node && m->node[a->group].exists)
		g = m->node[a->group].group;
	if (g == NULL) {
		otp_reply(m, a->call, SUP_CALL_INVALID, 0);
		return;
	}
	if (g->phase == OTP_OFF || g->phase == OTP_GOING) {
		otp_reply(m, a->call, SUP_CALL_STOPPING, 0);
		return;
	}
	if (answered_early(m, a))
		return;
	for (unsigned i = 0; i < g->n_box; i++)
		calls += g->box[i].kind == OTP_MSG_CALL;
	NV_ASSERT(g->n_box < OTP_BOX);
	g->box[g->n_box++] = (struct otp_msg){.kind = OTP_MSG_CALL, .args = *a};
	otp_wake(m, a->group);
	otp_settle(m);
	if (calls < SUP_TREE_CALLS_MAX)
		return;
	/* One too many waits now, unless this one was answered at once. */
	for (unsigned i = 0; i < g->n_box; i++)
		if (g->box[i].kind == OTP_MSG_CALL && g->box[i].args.call == a->call) {
			g->n_box--;
			memmove(&g->box[i], &g->box[i + 1],
				(g->n_box - i) * sizeof(g->box[0]));
			otp_reply(m, a->call, SUP_CALL_BUSY, 0);
			return;
		}
}
