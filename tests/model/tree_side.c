/* Adapters: tree.h and otp_model.h have the same calls, on another type. */
#include "tree_side.h"

#include "nv_buf.h"

#define ADAPT(side, fn) \
	static int side##_add_group(void *t, sup_node parent, uint64_t id, \
		const struct sup_group_spec *spec, sup_node *ret) \
	{ \
		return fn##_add_group(t, parent, id, spec, ret); \
	} \
	static int side##_add_leaf(void *t, sup_node group, uint64_t id, \
		const struct sup_child_spec *spec, sup_node *ret) \
	{ \
		return fn##_add_leaf(t, group, id, spec, ret); \
	} \
	static int side##_change_group( \
		void *t, sup_node group, const struct sup_group_spec *spec) \
	{ \
		return fn##_change_group(t, group, spec); \
	} \
	static int side##_change_leaf( \
		void *t, sup_node leaf, const struct sup_child_spec *spec) \
	{ \
		return fn##_change_leaf(t, leaf, spec); \
	} \
	static int side##_remove(void *t, sup_node node) \
	{ \
		return fn##_remove(t, node); \
	} \
	static void side##_start(void *t, sup_node group, int64_t now_ms) \
	{ \
		fn##_start(t, group, now_ms); \
	} \
	static void side##_stop(void *t, sup_node group, int64_t now_ms) \
	{ \
		fn##_stop(t, group, now_ms); \
	} \
	static void side##_started(void *t, sup_node leaf, int64_t now_ms) \
	{ \
		fn##_started(t, leaf, now_ms); \
	} \
	static void side##_ignored(void *t, sup_node leaf, int64_t now_ms) \
	{ \
		fn##_ignored(t, leaf, now_ms); \
	} \
	static void side##_failed( \
		void *t, sup_node leaf, int64_t retry_at_ms, int64_t now_ms) \
	{ \
		fn##_failed(t, leaf, retry_at_ms, now_ms); \
	} \
	static void side##_exited(void *t, sup_node leaf, enum sup_exit_class how, \
		int64_t retry_at_ms, int64_t now_ms) \
	{ \
		fn##_exited(t, leaf, how, retry_at_ms, now_ms); \
	} \
	static void side##_leaf_gives_up( \
		void *t, sup_node leaf, bool escalate, int64_t now_ms) \
	{ \
		fn##_leaf_gives_up(t, leaf, escalate, now_ms); \
	} \
	static void side##_timer(void *t, int64_t now_ms) \
	{ \
		fn##_timer(t, now_ms); \
	} \
	static int64_t side##_deadline(void *t) \
	{ \
		return fn##_deadline(t); \
	} \
	static void side##_call( \
		void *t, const struct sup_call_args *args, int64_t now_ms) \
	{ \
		fn##_call(t, args, now_ms); \
	} \
	static bool side##_next_action(void *t, struct sup_tree_action *ret) \
	{ \
		return fn##_next_action(t, ret); \
	} \
	static bool side##_child( \
		void *t, sup_node group, uint32_t index, struct sup_child_view *ret) \
	{ \
		return fn##_child(t, group, index, ret); \
	} \
	static void side##_count(void *t, sup_node group, struct sup_counts *ret) \
	{ \
		fn##_count(t, group, ret); \
	} \
	static uint32_t side##_restarts(void *t, sup_node group, int64_t now_ms) \
	{ \
		return fn##_restarts(t, group, now_ms); \
	} \
	static sup_node side##_find(void *t, sup_node group, uint64_t id) \
	{ \
		return fn##_find(t, group, id); \
	} \
	static sup_node side##_parent(void *t, sup_node node) \
	{ \
		return fn##_parent(t, node); \
	}

#define OPS(side) \
	.name = #side, .make = side##_make, .free = side##_free, \
	.add_group = side##_add_group, .add_leaf = side##_add_leaf, \
	.change_group = side##_change_group, .change_leaf = side##_change_leaf, \
	.remove = side##_remove, .start = side##_start, .stop = side##_stop, \
	.started = side##_started, .ignored = side##_ignored, .failed = side##_failed, \
	.exited = side##_exited, .leaf_gives_up = side##_leaf_gives_up, \
	.timer = side##_timer, .deadline = side##_deadline, .call = side##_call, \
	.next_action = side##_next_action, .child = side##_child, .count = side##_count, \
	.restarts = side##_restarts, .find = side##_find, .parent = side##_parent, \
	.reload = side##_reload

/* A model is large; one that is given back is taken again. */
static struct otp *spare[2];

static void *
model_make(enum otp_break broken)
{
	for (size_t i = 0; i < NV_LEN(spare); i++) {
		struct otp *m = spare[i];
		if (m != NULL) {
			spare[i] = NULL;
			otp_clear(m, broken);
			return m;
		}
	}
	return otp_new(broken);
}

static void
model_free(void *t)
{
	for (size_t i = 0; i < NV_LEN(spare); i++)
		if (spare[i] == NULL) {
			spare[i] = t;
			return;
		}
	otp_free(t);
}

void
side_fini(void)
{
	for (size_t i = 0; i < NV_LEN(spare); i++) {
		otp_free(spare[i]);
		spare[i] = NULL;
	}
}

ADAPT(model, otp)

static void *
model_reload(void *t)
{
	return t;
}

const struct side_ops side_model = {OPS(model)};

#define SAVED_BYTES_MAX (4 * 1024 * 1024)

ADAPT(tree, sup_tree)

static void
tree_free(void *t)
{
	sup_tree_free(t);
}

static void *
tree_make(enum otp_break broken)
{
	(void)broken; /* it is what it is */
	return sup_tree_new();
}

static void *
tree_reload(void *t)
{
	struct sup_tree *copy = NULL;
	struct nv_buf buf;

	nv_buf_init(&buf, SAVED_BYTES_MAX);
	if (sup_tree_save(t, &buf) < 0 || buf.error != 0 ||
		sup_tree_load(buf.data, buf.bytes, &copy) < 0)
		copy = NULL;
	nv_buf_fini(&buf);
	sup_tree_free(t);
	return copy;
}

const struct side_ops side_tree = {OPS(tree)};
