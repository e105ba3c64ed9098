/* What a group does with the messages in its mailbox (S3, S4), an exit (S6, S9, S15), a
 * retry (S6, S14) and being over its intensity (S7). */
#include "otp_state.h"

#include <string.h>

static sup_node
child_of_message(const struct otp *m, sup_node group, const struct otp_msg *msg)
{
	if (msg->kind == OTP_MSG_CALL)
		return otp_find(m, group, msg->args.id);
	return msg->child;
}

/* S12: a start in flight need not be waited for to stop it, if nothing said before this
 * waits for it. */
static bool
may_interrupt(const struct otp *m, sup_node group, unsigned at)
{
	const struct otp_group *g = m->node[group].group;
	const struct otp_msg *msg = &g->box[at];
	sup_node child = child_of_message(m, group, msg);

	if (msg->kind != OTP_MSG_CALL || msg->args.what != SUP_CALL_TERMINATE_CHILD ||
		m->node[child].state != SUP_CHILD_STARTING)
		return false;
	for (unsigned i = 0; i < at; i++)
		if (child_of_message(m, group, &g->box[i]) == child)
			return false;
	return true;
}

static bool
may_handle(const struct otp *m, sup_node group, unsigned at)
{
	const struct otp_group *g = m->node[group].group;
	sup_node child;

	if (g->phase != OTP_UP || g->op != OTP_OP_NONE)
		return false;
	for (unsigned i = 0; m->broken == OTP_S4_WAITS && i < g->n_kid; i++)
		if (otp_in_flight(&m->node[g->kid[i]]))
			return false;
	child = child_of_message(m, group, &g->box[at]);
	if (child == 0 || !otp_in_flight(&m->node[child]))
		return true;
	return may_interrupt(m, group, at);
}

/* 2.2: may there be one restart more? */
static bool
spend(struct otp *m, struct otp_group *g)
{
	int64_t now_s = m->now_ms / 1000;
	int64_t kept[OTP_STAMPS];
	unsigned n = 0;
	uint32_t most = m->broken == OTP_H_OLD_INTENSITY ? g->spec_of_life.intensity
							 : g->spec.intensity;

	if (m->broken == OTP_S6_MILLISECONDS)
		now_s = m->now_ms;
	kept[n++] = now_s;
	for (unsigned i = 0; i < g->n_stamp && n < OTP_STAMPS; i++) {
		int64_t oldest = now_s - g->spec.period_s;
		if (m->broken == OTP_S6_MILLISECONDS)
			oldest = now_s - g->spec.period_s * INT64_C(1000);
		if (m->broken == OTP_S6_WINDOW)
			oldest++;
		if (g->stamp[i] >= oldest)
			kept[n++] = g->stamp[i];
	}
	memcpy(g->stamp, kept, n * sizeof(kept[0]));
	g->n_stamp = n;
	return m->broken == OTP_S6_LIMIT ? n < most : n <= most;
}

/* S7. The cause is forgotten already, or is a child that is down. */
void
otp_give_up(struct otp *m, sup_node group, sup_node cause)
{
	struct otp_group *g = otp_group_of(m, group);

	if (m->broken != OTP_S7_SILENT)
		otp_say(m,
			&(struct sup_tree_action){
				.what = SUP_TREE_GAVE_UP, .node = group, .cause = cause});
	if (m->node[cause].exists && m->node[cause].spec.restart == SUP_TEMPORARY &&
		otp_position(g, cause) < g->n_kid)
		otp_forget(m, cause);
	otp_begin_stop_all(m, group, SUP_WHY_GAVE_UP, cause);
}

/* Where a sweep begins that the restart of this child asks for. */
static unsigned
sweep_from(const struct otp *m, const struct otp_group *g, sup_node child, bool retry)
{
	unsigned from = otp_position(g, child);

	if (g->spec.strategy == SUP_ONE_FOR_ALL || m->broken == OTP_S6_REST_ALL)
		return 0;
	for (unsigned i = from; retry && i-- > 0;)
		if (m->node[g->kid[i]].state == SUP_CHILD_RESTARTING &&
			m->broken != OTP_S14_NOT_LEFTMOST)
			from = i;
	return from;
}

/* The restart of one_for_all and rest_for_one; only its stop half when the start half has
 * to wait for a retry (S14). */
static void
sweep(struct otp *m, sup_node group, sup_node cause, unsigned from, bool start_half)
{
	struct otp_group *g = otp_group_of(m, group);

	g->op = OTP_OP_SWEEP;
	g->half = !start_half;
	g->n_step = 0;
	for (unsigned i = g->n_kid; i-- > from;)
		otp_add_step(g, true, g->kid[i], false);
	for (unsigned i = from; start_half && i < g->n_kid; i++)
		if (m->broken != OTP_S6_DOWN_STAYS || g->kid[i] == cause ||
			otp_has_process(&m->node[g->kid[i]]))
			otp_add_step(g, false, g->kid[i], false);
	otp_advance(m, group);
}

/* One restart, now: it costs one unit. */
static void
restart_now(struct otp *m, sup_node group, sup_node child, bool retry)
{
	struct otp_group *g = otp_group_of(m, group);
	bool spent = (m->broken == OTP_S6_RETRY_FREE && retry) || spend(m, g);

	if (!spent) {
		otp_void_retry(m, g, child);
		otp_give_up(m, group, child);
	} else if (otp_is_sweep(g)) {
		sweep(m, group, child, sweep_from(m, g, child, retry), true);
	} else {
		otp_child_start(m, child);
	}
}

static void
restart(struct otp *m, sup_node group, sup_node child, int64_t retry_at_ms)
{
	struct otp_group *g = otp_group_of(m, group);

	if (retry_at_ms <= m->now_ms) {
		restart_now(m, group, child, false);
		return;
	}
	if (m->broken == OTP_S14_SPENDS_EARLY && !spend(m, g)) {
		otp_give_up(m, group, child);
		return;
	}
	otp_restart_later(m, child, retry_at_ms);
	if (otp_is_sweep(g) && m->broken != OTP_S14_STOPS_LATE)
		sweep(m, group, child, sweep_from(m, g, child, false), false);
}

/* S9: a significant child has ended for good, by itself. */
static void
significant_ended(struct otp *m, sup_node group, sup_node child)
{
	struct otp_group *g = otp_group_of(m, group);

	if (g->spec.auto_shutdown == SUP_AUTO_NEVER)
		return;
	if (m->broken == OTP_S9_NOT_UPWARD && m->node[child].group != NULL)
		return;
	for (unsigned i = 0; i < g->n_kid; i++) {
		const struct otp_node *c = &m->node[g->kid[i]];
		if (g->spec.auto_shutdown == SUP_AUTO_ALL && c->spec.significant &&
			c->state != SUP_CHILD_DOWN && m->broken != OTP_S9_ALL_IS_ANY)
			return;
	}
	otp_begin_stop_all(m, group, SUP_WHY_AUTO_SHUTDOWN, child);
}

static void
handle_exit(struct otp *m, sup_node group, sup_node child, const struct otp_end *end)
{
	struct otp_group *g = otp_group_of(m, group);
	struct otp_node *c = &m->node[child];
	struct sup_child_spec spec = c->spec;
	bool again = spec.restart == SUP_PERMANENT ||
		     (spec.restart == SUP_TRANSIENT &&
			     (end->how == SUP_EXIT_ABNORMAL ||
				     (m->broken == OTP_S6_TRANSIENT_SHUTDOWN &&
					     end->how == SUP_EXIT_SHUTDOWN)));

	if (c->state != SUP_CHILD_DOWN || otp_position(g, child) == g->n_kid)
		return; /* only with S3 broken */
	if (end->gives_up && end->escalate) {
		otp_give_up(m, group, child);
	} else if (end->gives_up) {
		if (spec.restart == SUP_TEMPORARY || otp_is_simple(g))
			otp_forget(m, child);
	} else if (again) {
		restart(m, group, child, end->retry_at_ms);
	} else {
		if (spec.restart == SUP_TEMPORARY || otp_is_simple(g))
			otp_forget(m, child);
		if (spec.significant)
			significant_ended(m, group, child);
	}
}

static void
handle(struct otp *m, sup_node group, const struct otp_msg *msg)
{
	switch (msg->kind) {
	case OTP_MSG_EXIT:
		handle_exit(m, group, msg->child, &msg->end);
		break;
	case OTP_MSG_RETRY:
		restart_now(m, group, msg->child, true);
		break;
	case OTP_MSG_CALL:
		otp_handle_call(m, group, &msg->args);
		break;
	}
}

/* Once through the mailbox, oldest first; what has to wait stays. */
void
otp_read_mail(struct otp *m, sup_node group)
{
	struct otp_group *g = otp_group_of(m, group);
	unsigned kept = 0;

	while (kept < g->n_box) {
		unsigned i = m->broken == OTP_S1_LIFO ? g->n_box - 1 - kept : kept;
		struct otp_msg msg = g->box[i];
		if (!may_handle(m, group, i)) {
			kept++;
			continue;
		}
		g->n_box--;
		memmove(&g->box[i], &g->box[i + 1], (g->n_box - i) * sizeof(g->box[0]));
		handle(m, group, &msg);
	}
}

/* Which of two is put into its mailbox first? */
static bool
is_sooner(const struct otp_node *a, const struct otp_node *b)
{
	return a->retry_at_ms != b->retry_at_ms ? a->retry_at_ms < b->retry_at_ms
						: a->retry_order < b->retry_order;
}

void
otp_timer(struct otp *m, int64_t now_ms)
{
	m->now_ms = now_ms;
	if (m->broken == OTP_S14_EARLY)
		now_ms++;
	for (;;) {
		struct otp_node *due = NULL;
		for (sup_node n = 1; n <= m->n_node; n++) {
			struct otp_node *c = &m->node[n];
			if (c->exists && c->retry_later && c->retry_at_ms <= now_ms &&
				(due == NULL || is_sooner(c, due)))
				due = c;
		}
		if (due == NULL)
			break;
		otp_restart_later(m, (sup_node)(due - m->node), m->now_ms);
		otp_settle(m);
	}
}

int64_t
otp_deadline(const struct otp *m)
{
	int64_t first = INT64_MAX;

	for (sup_node n = 1; n <= m->n_node; n++) {
		const struct otp_node *c = &m->node[n];
		if (c->exists && c->retry_later && c->retry_at_ms < first)
			first = c->retry_at_ms;
	}
	return first;
}
