/* The shape of the reference model: nodes, their settings (H), and how they are seen. */
#include "otp_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct otp *
otp_new(enum otp_break broken)
{
	struct otp *m = calloc(1, sizeof(*m));

	if (m != NULL)
		m->broken = broken;
	return m;
}

void
otp_free(struct otp *m)
{
	free(m);
}

void
otp_clear(struct otp *m, enum otp_break broken)
{
	m->broken = broken;
	for (unsigned i = 0; i < m->n_group; i++) {
		struct otp_group *g = &m->group[i];
		g->phase = OTP_OFF;
		g->op = OTP_OP_NONE;
		g->n_step = g->n_box = g->n_kid = g->n_fixed = g->n_stamp = 0;
		g->stop_after_start = false;
	}
	memset(m->node, 0, (m->n_node + 1) * sizeof(m->node[0]));
	m->n_node = m->n_group = m->n_post = m->n_awake = m->n_action = m->taken = 0;
}

static bool
is_node(const struct otp *m, sup_node node)
{
	return node > 0 && node <= m->n_node && m->node[node].exists;
}

static struct otp_group *
find_group(const struct otp *m, sup_node node)
{
	return is_node(m, node) ? m->node[node].group : NULL;
}

static bool
child_spec_ok(const struct sup_child_spec *s)
{
	if ((unsigned)s->restart > SUP_TEMPORARY ||
		s->shutdown_ms < SUP_SHUTDOWN_INFINITY)
		return false;
	return !(s->significant && s->restart == SUP_PERMANENT);
}

/* Can a child with these settings live in this group? */
bool
otp_spec_fits(const struct otp_group *g, const struct sup_child_spec *spec)
{
	if (!child_spec_ok(spec))
		return false;
	if (!spec->significant)
		return true;
	return g->spec.auto_shutdown != SUP_AUTO_NEVER && !otp_is_simple(g);
}

static bool
group_spec_ok(const struct sup_group_spec *s)
{
	return child_spec_ok(&s->child) &&
	       (unsigned)s->strategy <= SUP_SIMPLE_ONE_FOR_ONE &&
	       (unsigned)s->auto_shutdown <= SUP_AUTO_ALL &&
	       s->intensity <= SUP_INTENSITY_MAX && s->period_s >= 1;
}

sup_node
otp_new_node(struct otp *m, sup_node parent, uint64_t id,
	const struct sup_child_spec *spec, bool is_group)
{
	sup_node n = ++m->n_node;

	NV_ASSERT(n < OTP_NODES);
	m->node[n] = (struct otp_node){.exists = true,
		.parent = parent,
		.id = id,
		.spec = *spec,
		.state = SUP_CHILD_DOWN};
	if (is_group) {
		NV_ASSERT(m->n_group < OTP_GROUPS);
		m->node[n].group = &m->group[m->n_group++];
	}
	return n;
}

static bool
id_taken(const struct otp *m, const struct otp_group *g, uint64_t id)
{
	for (unsigned i = 0; i < g->n_kid; i++)
		if (m->node[g->kid[i]].id == id)
			return true;
	for (unsigned i = 0; i < g->n_fixed; i++)
		if (m->node[g->fixed[i]].id == id)
			return true;
	return false;
}

static bool
id_of_tree(const struct otp *m, uint64_t id)
{
	for (sup_node n = 1; n <= m->n_node; n++)
		if (m->node[n].exists && m->node[n].parent == 0 && m->node[n].id == id)
			return true;
	return false;
}

static int
add(struct otp *m, struct otp_group *g, sup_node parent, uint64_t id,
	const struct sup_child_spec *spec, bool is_group, sup_node *ret)
{
	if (g != NULL ? id_taken(m, g, id) : id_of_tree(m, id))
		return -EEXIST;
	*ret = otp_new_node(m, parent, id, spec, is_group);
	if (g == NULL)
		return 0;
	NV_ASSERT(g->n_kid < OTP_KIDS && g->n_fixed < OTP_KIDS);
	g->kid[g->n_kid++] = *ret;
	g->fixed[g->n_fixed++] = *ret;
	if (m->broken == OTP_H_STARTS && g->phase == OTP_UP && g->op == OTP_OP_NONE)
		otp_child_start(m, *ret);
	return 0;
}

int
otp_add_group(struct otp *m, sup_node parent, uint64_t id,
	const struct sup_group_spec *spec, sup_node *ret)
{
	struct otp_group *g = find_group(m, parent);

	if (!group_spec_ok(spec) || (parent != 0 && g == NULL) ||
		(g != NULL && (otp_is_simple(g) || !otp_spec_fits(g, &spec->child))))
		return -EINVAL;
	int rc = add(m, g, parent, id, &spec->child, true, ret);
	if (rc == 0)
		m->node[*ret].group->spec = *spec;
	return rc;
}

int
otp_add_leaf(struct otp *m, sup_node group, uint64_t id,
	const struct sup_child_spec *spec, sup_node *ret)
{
	struct otp_group *g = find_group(m, group);

	if (g == NULL || !otp_spec_fits(g, spec))
		return -EINVAL;
	return add(m, g, group, id, spec, false, ret);
}

/* Do all children, of this life and of the next, go with this? That a significant one is
 * in a group that never shuts down by itself any more is no mistake, as in OTP. */
static bool
children_fit(
	const struct otp *m, const struct otp_group *g, const struct sup_group_spec *s)
{
	for (unsigned i = 0; i < g->n_kid + g->n_fixed; i++) {
		sup_node n = i < g->n_kid ? g->kid[i] : g->fixed[i - g->n_kid];
		if (s->strategy == SUP_SIMPLE_ONE_FOR_ONE &&
			(m->node[n].group != NULL || m->node[n].spec.significant))
			return false;
	}
	return true;
}

int
otp_change_group(struct otp *m, sup_node group, const struct sup_group_spec *spec)
{
	struct otp_group *g = find_group(m, group);
	struct otp_group *above = g == NULL ? NULL : find_group(m, m->node[group].parent);

	if (g == NULL || !group_spec_ok(spec) || !children_fit(m, g, spec) ||
		(above != NULL && !otp_spec_fits(above, &spec->child)))
		return -EINVAL;
	g->spec = *spec;
	m->node[group].spec = spec->child;
	return 0;
}

int
otp_change_leaf(struct otp *m, sup_node leaf, const struct sup_child_spec *spec)
{
	if (!is_node(m, leaf) || m->node[leaf].group != NULL ||
		!otp_spec_fits(find_group(m, m->node[leaf].parent), spec))
		return -EINVAL;
	m->node[leaf].spec = *spec;
	return 0;
}

static void
vanish(struct otp *m, sup_node node)
{
	struct otp_group *g = m->node[node].group;

	for (unsigned i = 0; g != NULL && i < g->n_fixed; i++)
		vanish(m, g->fixed[i]);
	m->node[node].exists = false;
	m->node[node].retry_later = false;
}

int
otp_remove(struct otp *m, sup_node node)
{
	const struct otp_node *n = &m->node[is_node(m, node) ? node : 0];
	struct otp_group *above = find_group(m, n->parent);

	if (!n->exists)
		return -EINVAL;
	if (otp_has_process(n) || (n->group != NULL && n->group->phase != OTP_OFF))
		return -EBUSY;
	if (above != NULL) {
		unsigned at = otp_position(above, node);
		otp_void_exit(above, node);
		otp_void_retry(m, above, node);
		if (at < above->n_kid) {
			above->n_kid--;
			memmove(&above->kid[at], &above->kid[at + 1],
				(above->n_kid - at) * sizeof(above->kid[0]));
		}
		for (at = 0; at < above->n_fixed && above->fixed[at] != node;)
			at++;
		if (at < above->n_fixed) {
			above->n_fixed--;
			memmove(&above->fixed[at], &above->fixed[at + 1],
				(above->n_fixed - at) * sizeof(above->fixed[0]));
		}
	}
	vanish(m, node);
	return 0;
}

void
otp_start(struct otp *m, sup_node group, int64_t now_ms)
{
	struct otp_group *g = find_group(m, group);

	m->now_ms = now_ms;
	if (g == NULL || m->node[group].parent != 0 || g->phase != OTP_OFF)
		return;
	otp_begin_start_all(m, group);
	otp_settle(m);
}

void
otp_stop(struct otp *m, sup_node group, int64_t now_ms)
{
	struct otp_group *g = find_group(m, group);

	m->now_ms = now_ms;
	if (g == NULL || m->node[group].parent != 0 || g->phase == OTP_GOING)
		return;
	if (g->phase == OTP_OFF)
		otp_say(m, &(struct sup_tree_action){.what = SUP_TREE_ENDED,
				   .node = group,
				   .why = SUP_WHY_STOPPED});
	else if (m->broken == OTP_S11_WAITS_FOR_START && g->phase == OTP_COMING)
		g->stop_after_start = true;
	else
		otp_begin_stop_all(m, group, SUP_WHY_STOPPED, 0);
	otp_settle(m);
}

bool
otp_next_action(struct otp *m, struct sup_tree_action *ret)
{
	if (m->taken == m->n_action) {
		m->taken = m->n_action = 0;
		return false;
	}
	*ret = m->action[m->taken++];
	return true;
}

bool
otp_action_waits(const struct otp *m, sup_node node)
{
	for (unsigned i = m->taken; i < m->n_action; i++)
		if (m->action[i].node == node)
			return true;
	return false;
}

bool
otp_child(const struct otp *m, sup_node group, uint32_t index, struct sup_child_view *ret)
{
	const struct otp_group *g = find_group(m, group);

	if (g == NULL || index >= g->n_kid)
		return false;
	const struct otp_node *c = &m->node[g->kid[index]];
	*ret = (struct sup_child_view){.node = g->kid[index],
		.id = c->id,
		.is_group = c->group != NULL,
		.dynamic = c->dynamic,
		.state = c->state,
		.spec = c->spec,
		.retry_at_ms = c->retry_at_ms};
	return true;
}

void
otp_count(const struct otp *m, sup_node group, struct sup_counts *ret)
{
	const struct otp_group *g = find_group(m, group);

	*ret = (struct sup_counts){0};
	for (unsigned i = 0; g != NULL && i < g->n_kid; i++) {
		const struct otp_node *c = &m->node[g->kid[i]];
		ret->specs++;
		ret->active += otp_has_process(c);
		ret->supervisors += c->group != NULL;
		ret->workers += c->group == NULL;
	}
}

uint32_t
otp_restarts(const struct otp *m, sup_node group, int64_t now_ms)
{
	const struct otp_group *g = find_group(m, group);
	uint32_t n = 0;

	for (unsigned i = 0; g != NULL && i < g->n_stamp; i++)
		n += g->stamp[i] >= now_ms / 1000 - g->spec.period_s;
	return n;
}

sup_node
otp_find(const struct otp *m, sup_node group, uint64_t id)
{
	const struct otp_group *g = find_group(m, group);

	for (unsigned i = 0; g != NULL && i < g->n_kid; i++)
		if (m->node[g->kid[i]].id == id)
			return g->kid[i];
	return 0;
}

sup_node
otp_parent(const struct otp *m, sup_node node)
{
	return is_node(m, node) ? m->node[node].parent : 0;
}

bool
otp_group_up(const struct otp *m, sup_node group)
{
	const struct otp_group *g = find_group(m, group);

	return g != NULL && g->phase == OTP_UP;
}

bool
otp_group_runs(const struct otp *m, sup_node group)
{
	const struct otp_group *g = find_group(m, group);

	return g != NULL && g->phase != OTP_OFF;
}

bool
otp_group_stops_in_order(const struct otp *m, sup_node group)
{
	const struct otp_group *g = find_group(m, group);

	return g != NULL && g->phase == OTP_GOING && !otp_is_simple(g);
}
