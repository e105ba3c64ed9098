/* The two implementations of tree.h behind one set of calls: the program's and the
 * reference model's, sound or with one rule broken. */
#ifndef TREE_SIDE_H
#define TREE_SIDE_H

#include "otp_model.h"

struct side_ops {
	const char *name;
	void *(*make)(enum otp_break broken);
	void (*free)(void *t);
	int (*add_group)(void *t, sup_node parent, uint64_t id,
		const struct sup_group_spec *spec, sup_node *ret);
	int (*add_leaf)(void *t, sup_node group, uint64_t id,
		const struct sup_child_spec *spec, sup_node *ret);
	int (*change_group)(void *t, sup_node group, const struct sup_group_spec *spec);
	int (*change_leaf)(void *t, sup_node leaf, const struct sup_child_spec *spec);
	int (*remove)(void *t, sup_node node);
	void (*start)(void *t, sup_node group, int64_t now_ms);
	void (*stop)(void *t, sup_node group, int64_t now_ms);
	void (*started)(void *t, sup_node leaf, int64_t now_ms);
	void (*ignored)(void *t, sup_node leaf, int64_t now_ms);
	void (*failed)(void *t, sup_node leaf, int64_t retry_at_ms, int64_t now_ms);
	void (*exited)(void *t, sup_node leaf, enum sup_exit_class how,
		int64_t retry_at_ms, int64_t now_ms);
	void (*leaf_gives_up)(void *t, sup_node leaf, bool escalate, int64_t now_ms);
	void (*timer)(void *t, int64_t now_ms);
	int64_t (*deadline)(void *t);
	void (*call)(void *t, const struct sup_call_args *args, int64_t now_ms);
	bool (*next_action)(void *t, struct sup_tree_action *ret);
	bool (*child)(
		void *t, sup_node group, uint32_t index, struct sup_child_view *ret);
	void (*count)(void *t, sup_node group, struct sup_counts *ret);
	uint32_t (*restarts)(void *t, sup_node group, int64_t now_ms);
	sup_node (*find)(void *t, sup_node group, uint64_t id);
	sup_node (*parent)(void *t, sup_node node);
	/* Written down, read back, and freed: NULL when the copy cannot be made. */
	void *(*reload)(void *t);
};

extern const struct side_ops side_model;
extern const struct side_ops side_tree;

/* Memory that was kept for the next one. */
void side_fini(void);

#endif
