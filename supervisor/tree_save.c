/* The supervision tree written down and read back (tree.h). Nodes come in the order of a
 * walk, parents before children, and name each other by handle. What is read is not
 * trusted: a record that could not have been written is -EBADMSG. */
#include "tree_impl.h"

#include "nv_buf.h"
#include "nv_wire.h"

#include <errno.h>

#define MAGIC       UINT32_C(0x4552544e) /* NTRE */
#define VERSION     1
#define PIECE_BYTES 256 /* more than any one record without its stamps */

enum {
	F_GROUP = 1,
	F_DYNAMIC = 2,
	F_ABSENT = 4,
	F_IN_OP = 8,
	F_UNBORN = 16,
	F_CALLED = 32,
	F_WAITS = 64, /* its retry has a time to come */
	F_ALL = 127,
	/* 1 was said by an earlier version, and never meant anything */
	G_HALF = 2,
	G_AT_ONCE = 4,
	G_BEGUN = 8,
	G_ALL = 15
};

/* ---- writing ---- */

static void
put_piece(struct nv_buf *buf, const struct nv_wr *w)
{
	NV_ASSERT(!w->error);
	nv_buf_add(buf, w->data, w->bytes);
}

static void
put_spec(struct nv_wr *w, const struct sup_child_spec *spec)
{
	nv_wr_u8(w, (uint8_t)NV_MIN((unsigned)spec->restart, UINT8_MAX));
	nv_wr_i64(w, spec->shutdown_ms);
	nv_wr_u8(w, spec->significant);
}

static void
put_group(const struct sup_tree *t, const struct tree_group *g, struct nv_buf *buf)
{
	uint8_t data[PIECE_BYTES];
	struct nv_wr w;

	nv_wr_init(&w, data, sizeof(data));
	nv_wr_u8(&w, (uint8_t)g->strategy);
	nv_wr_u32(&w, g->intensity);
	nv_wr_u32(&w, g->period_s);
	nv_wr_u8(&w, (uint8_t)g->auto_shutdown);
	nv_wr_u8(&w, (uint8_t)g->op);
	nv_wr_u8(&w, (uint8_t)((g->half ? G_HALF : 0) | (g->all_at_once ? G_AT_ONCE : 0) |
			       (g->begun ? G_BEGUN : 0)));
	nv_wr_u32(&w, tree_handle_of(t, g->cursor));
	nv_wr_u8(&w, (uint8_t)g->why);
	nv_wr_u32(&w, g->cause);
	nv_wr_u32(&w, g->n_stamps);
	put_piece(buf, &w);
	for (uint32_t i = 0; i < g->n_stamps; i++) {
		nv_wr_init(&w, data, sizeof(data));
		nv_wr_i64(&w, g->stamps_s[i]);
		put_piece(buf, &w);
	}
}

static void
put_node(const struct sup_tree *t, uint32_t slot, struct nv_buf *buf)
{
	const struct tree_node *n = &t->nodes[slot];
	uint8_t data[PIECE_BYTES];
	struct nv_wr w;

	nv_wr_init(&w, data, sizeof(data));
	nv_wr_u32(&w, n->handle);
	nv_wr_u32(&w, tree_handle_of(t, n->parent));
	nv_wr_u64(&w, n->id);
	nv_wr_u8(&w, (uint8_t)((n->group != SUP_NO_SLOT ? F_GROUP : 0) |
			       (n->dynamic ? F_DYNAMIC : 0) | (n->absent ? F_ABSENT : 0) |
			       (n->in_op ? F_IN_OP : 0) | (n->unborn ? F_UNBORN : 0) |
			       (n->called ? F_CALLED : 0) | (n->heap ? F_WAITS : 0)));
	put_spec(&w, &n->spec);
	nv_wr_u8(&w, (uint8_t)n->state);
	nv_wr_u8(&w, (uint8_t)n->call_what);
	nv_wr_u64(&w, n->call);
	nv_wr_i64(&w, n->retry_at_ms);
	nv_wr_u64(&w, n->retry_seq);
	put_piece(buf, &w);
	if (n->group != SUP_NO_SLOT)
		put_group(t, &t->groups[n->group], buf);
}

static void
put_mailbox(const struct sup_tree *t, const struct tree_group *g, struct nv_buf *buf)
{
	uint8_t data[PIECE_BYTES];
	struct nv_wr w;

	for (uint32_t i = g->mailbox.first; i != SUP_NO_SLOT; i = t->msgs[i].next) {
		const struct tree_msg *m = &t->msgs[i];

		nv_wr_init(&w, data, sizeof(data));
		nv_wr_u8(&w, (uint8_t)m->what);
		nv_wr_u32(&w, tree_handle_of(t, m->node));
		nv_wr_u8(&w, (uint8_t)m->how);
		nv_wr_u8(&w, m->escalate);
		nv_wr_i64(&w, m->retry_at_ms);
		nv_wr_u64(&w, m->call.call);
		nv_wr_u8(&w, (uint8_t)m->call.what);
		nv_wr_u64(&w, m->call.id);
		put_spec(&w, &m->call.spec);
		put_piece(buf, &w);
	}
	nv_wr_init(&w, data, sizeof(data));
	nv_wr_u8(&w, TREE_MSG_COUNT);
	put_piece(buf, &w);
}

static void
put_action(const struct sup_tree_action *a, struct nv_buf *buf)
{
	uint8_t data[PIECE_BYTES];
	struct nv_wr w;

	nv_wr_init(&w, data, sizeof(data));
	nv_wr_u8(&w, (uint8_t)a->what);
	nv_wr_u32(&w, a->node);
	nv_wr_i64(&w, a->shutdown_ms);
	nv_wr_u64(&w, a->call);
	nv_wr_u8(&w, (uint8_t)a->result);
	nv_wr_u8(&w, (uint8_t)a->why);
	nv_wr_u32(&w, a->cause);
	put_piece(buf, &w);
}

/* The walk: the first node, and the one after `slot`. */
static uint32_t
walk(const struct sup_tree *t, uint32_t slot)
{
	if (slot == SUP_NO_SLOT)
		return t->roots.first;
	if (t->nodes[slot].group != SUP_NO_SLOT) {
		uint32_t below = t->groups[t->nodes[slot].group].children.first;

		if (below != SUP_NO_SLOT)
			return below;
	}
	while (slot != SUP_NO_SLOT && t->nodes[slot].next == SUP_NO_SLOT)
		slot = t->nodes[slot].parent;
	return slot == SUP_NO_SLOT ? slot : t->nodes[slot].next;
}

int
sup_tree_save(const struct sup_tree *t, struct nv_buf *buf)
{
	uint8_t data[PIECE_BYTES];
	struct nv_wr w;
	uint32_t slot;

	nv_wr_init(&w, data, sizeof(data));
	nv_wr_u32(&w, MAGIC);
	nv_wr_u32(&w, VERSION);
	nv_wr_u32(&w, t->next_handle);
	nv_wr_u64(&w, t->next_seq);
	nv_wr_u32(&w, t->n_nodes);
	nv_wr_u32(&w, t->n_actions);
	put_piece(buf, &w);
	for (slot = walk(t, SUP_NO_SLOT); slot != SUP_NO_SLOT; slot = walk(t, slot))
		put_node(t, slot, buf);
	for (slot = walk(t, SUP_NO_SLOT); slot != SUP_NO_SLOT; slot = walk(t, slot))
		if (t->nodes[slot].group != SUP_NO_SLOT)
			put_mailbox(t, &t->groups[t->nodes[slot].group], buf);
	for (uint32_t i = 0; i < t->n_actions; i++)
		put_action(
			&t->actions[(t->actions_first + i) & (t->actions_cap - 1)], buf);
	return buf->error ? -ENOMEM : 0;
}

/* ---- reading ---- */

/* A number below limit; anything else is remembered as an error. */
static unsigned
get_below(struct nv_rd *r, unsigned limit)
{
	unsigned v = nv_rd_u8(r);

	if (v >= limit) {
		r->error = -EBADMSG;
		return 0;
	}
	return v;
}

/* Of a waiting call: anything, as it is checked when it is handled. */
static void
get_call_spec(struct nv_rd *r, struct sup_child_spec *ret)
{
	ret->restart = nv_rd_u8(r);
	ret->shutdown_ms = nv_rd_i64(r);
	ret->significant = get_below(r, 2);
}

static void
get_spec(struct nv_rd *r, struct sup_child_spec *ret)
{
	get_call_spec(r, ret);
	if (ret->restart > SUP_TEMPORARY || ret->shutdown_ms < SUP_SHUTDOWN_INFINITY)
		r->error = -EBADMSG;
}

/* The cursor's child is not there yet: its handle is left in ret_cursor. */
static int
get_group(struct nv_rd *r, struct sup_tree *t, uint32_t node, sup_node *ret_cursor)
{
	uint32_t slot = tree_group_new(t, node);
	struct tree_group *g = &t->groups[slot];
	struct sup_group_spec spec = {0};

	spec.strategy = get_below(r, SUP_SIMPLE_ONE_FOR_ONE + 1);
	spec.intensity = nv_rd_u32(r);
	spec.period_s = nv_rd_u32(r);
	spec.auto_shutdown = get_below(r, SUP_AUTO_ALL + 1);
	g->op = get_below(r, TREE_STOP_ALL + 1);
	unsigned flags = get_below(r, G_ALL + 1);

	g->half = flags & G_HALF;
	g->all_at_once = flags & G_AT_ONCE;
	g->begun = flags & G_BEGUN;
	*ret_cursor = nv_rd_u32(r);
	g->why = get_below(r, SUP_WHY_AUTO_SHUTDOWN + 1);
	g->cause = nv_rd_u32(r);
	uint32_t n_stamps = nv_rd_u32(r);

	if (r->error || tree_check_group(&spec) || n_stamps > SUP_INTENSITY_MAX + 1)
		return -EBADMSG;
	if (tree_set_group(g, &spec) || tree_fit_stamps(g, n_stamps))
		return -ENOMEM;
	for (uint32_t i = 0; i < n_stamps; i++)
		g->stamps_s[i] = nv_rd_i64(r);
	g->n_stamps = n_stamps;
	return r->error ? -EBADMSG : 0;
}

static int
get_node(struct nv_rd *r, struct sup_tree *t, sup_node *ret_cursor)
{
	sup_node handle = nv_rd_u32(r), above = nv_rd_u32(r);
	uint64_t id = nv_rd_u64(r);
	unsigned flags = get_below(r, F_ALL + 1);
	struct tree_node n = {0};

	get_spec(r, &n.spec);
	n.state = get_below(r, SUP_CHILD_RESTARTING + 1);
	n.call_what = get_below(r, SUP_CALL_DELETE_CHILD + 1);
	n.call = nv_rd_u64(r);
	n.retry_at_ms = nv_rd_i64(r);
	n.retry_seq = nv_rd_u64(r);
	uint32_t parent = tree_by_handle(t, above);

	if (r->error || handle == 0 || handle >= t->next_handle ||
		tree_by_handle(t, handle) != SUP_NO_SLOT)
		return -EBADMSG;
	if (above ? parent == SUP_NO_SLOT || t->nodes[parent].group == SUP_NO_SLOT
		  : !(flags & F_GROUP) || n.state != SUP_CHILD_DOWN)
		return -EBADMSG;
	if (!(flags & F_ABSENT) && tree_by_id(t, parent, id, false) != SUP_NO_SLOT)
		return -EBADMSG;
	if ((flags & F_WAITS) && n.state != SUP_CHILD_RESTARTING)
		return -EBADMSG;
	if ((flags & F_GROUP) && tree_depth(t, parent) >= SUP_TREE_DEPTH_MAX)
		return -EBADMSG;
	if (tree_reserve(t, flags & F_GROUP))
		return -ENOMEM;
	uint32_t slot = tree_node_new(t, parent, handle, id);
	struct tree_node *to = &t->nodes[slot];

	to->spec = n.spec;
	to->dynamic = flags & F_DYNAMIC;
	to->absent = flags & F_ABSENT;
	to->in_op = flags & F_IN_OP;
	to->unborn = flags & F_UNBORN;
	to->called = flags & F_CALLED;
	to->call_what = n.call_what;
	to->call = n.call;
	to->retry_at_ms = n.retry_at_ms;
	to->retry_seq = n.retry_seq;
	tree_set_state(t, slot, n.state);
	if (flags & F_WAITS)
		tree_heap_add(t, slot);
	*ret_cursor = 0;
	return flags & F_GROUP ? get_group(r, t, slot, ret_cursor) : 0;
}

static int
get_message(struct nv_rd *r, struct sup_tree *t, uint32_t group, enum tree_msg_what what)
{
	struct tree_group *g = &t->groups[group];
	struct tree_msg m = {.what = what};
	uint32_t slot = tree_by_handle(t, nv_rd_u32(r));

	m.how = get_below(r, SUP_EXIT_ABNORMAL + 1);
	m.escalate = get_below(r, 2);
	m.retry_at_ms = nv_rd_i64(r);
	m.call.call = nv_rd_u64(r);
	m.call.what = get_below(r, SUP_CALL_DELETE_CHILD + 1);
	m.call.group = tree_handle_of(t, g->node);
	m.call.id = nv_rd_u64(r);
	get_call_spec(r, &m.call.spec);
	if (r->error)
		return -EBADMSG;
	if (what == TREE_MSG_CALL) {
		if (slot != SUP_NO_SLOT || g->calls >= SUP_TREE_CALLS_MAX)
			return -EBADMSG;
		tree_msg_push(t, g, what, SUP_NO_SLOT)->call = m.call;
		return 0;
	}
	if (slot == SUP_NO_SLOT || t->nodes[slot].parent != g->node ||
		t->nodes[slot].msg != SUP_NO_SLOT || t->nodes[slot].heap ||
		t->nodes[slot].state !=
			(what == TREE_MSG_RETRY ? SUP_CHILD_RESTARTING : SUP_CHILD_DOWN))
		return -EBADMSG;
	struct tree_msg *to = tree_msg_push(t, g, what, slot);

	to->how = m.how;
	to->escalate = m.escalate;
	to->retry_at_ms = m.retry_at_ms;
	return 0;
}

static int
get_mailbox(struct nv_rd *r, struct sup_tree *t, uint32_t group)
{
	for (;;) {
		unsigned what = get_below(r, TREE_MSG_COUNT + 1);

		if (r->error)
			return -EBADMSG;
		if (what == TREE_MSG_COUNT)
			return 0;
		int rc = get_message(r, t, group, what);

		if (rc)
			return rc;
	}
}

static int
get_action(struct nv_rd *r, struct sup_tree *t)
{
	struct sup_tree_action a = {0};

	a.what = get_below(r, SUP_TREE_FORGOT + 1);
	a.node = nv_rd_u32(r);
	a.shutdown_ms = nv_rd_i64(r);
	a.call = nv_rd_u64(r);
	a.result = get_below(r, SUP_CALL_STOPPING + 1);
	a.why = get_below(r, SUP_WHY_AUTO_SHUTDOWN + 1);
	a.cause = nv_rd_u32(r);
	if (r->error)
		return -EBADMSG;
	tree_act(t, &a);
	return 0;
}

static int
get_nodes(struct nv_rd *r, struct sup_tree *t, uint32_t n_nodes)
{
	for (uint32_t i = 0; i < n_nodes; i++) {
		sup_node cursor;
		int rc = get_node(r, t, &cursor);

		if (rc)
			return rc;
		/* Until its children are there, as a handle. */
		if (t->nodes[i].group != SUP_NO_SLOT)
			t->groups[t->nodes[i].group].cursor = cursor;
	}
	for (uint32_t i = 0; i < t->groups_used; i++) {
		struct tree_group *g = &t->groups[i];
		sup_node cursor = g->cursor;

		g->cursor = tree_by_handle(t, cursor);
		if (cursor && (g->cursor == SUP_NO_SLOT ||
				      t->nodes[g->cursor].parent != g->node))
			return -EBADMSG;
	}
	return 0;
}

static int
get_tree(struct nv_rd *r, struct sup_tree *t)
{
	if (nv_rd_u32(r) != MAGIC || nv_rd_u32(r) != VERSION)
		return -EBADMSG;
	t->next_handle = nv_rd_u32(r);
	t->next_seq = nv_rd_u64(r);
	uint32_t n_nodes = nv_rd_u32(r), n_actions = nv_rd_u32(r);
	int rc = r->error || t->next_handle == 0 ? -EBADMSG : get_nodes(r, t, n_nodes);

	/* In a fresh tree slots are given in order, which is the order of the walk. */
	for (uint32_t i = 0; rc == 0 && i < t->groups_used; i++)
		rc = get_mailbox(r, t, i);
	for (uint32_t i = 0; rc == 0 && i < n_actions; i++)
		rc = get_action(r, t);
	return rc ? rc : nv_rd_end(r);
}

int
sup_tree_load(const void *data, size_t bytes, struct sup_tree **ret)
{
	struct sup_tree *t = sup_tree_new();
	struct nv_rd r;

	if (!t)
		return -ENOMEM;
	nv_rd_init(&r, data, bytes);
	int rc = get_tree(&r, t);

	if (rc) {
		sup_tree_free(t);
		return rc;
	}
	*ret = t;
	return 0;
}
