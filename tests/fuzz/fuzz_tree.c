/* What a saved supervision tree may be read back from: anything. What is accepted must be
 * a tree that can go on: answer whatever it says, stop it, and save it again. */
#include "nv_buf.h"
#include "tree.h"

#include <stdlib.h>

#define SAVED_BYTES_MAX (64u * 1024 * 1024)
#define ACTIONS_MAX     4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/* Answer what it says, as a world would in which everything works. */
static void
answer(struct sup_tree *t, int64_t now_ms)
{
	struct sup_tree_action a;

	for (int n = 0; n < ACTIONS_MAX && sup_tree_next_action(t, &a); n++) {
		if (a.what == SUP_TREE_START && n % 3 == 0)
			sup_tree_failed(t, a.node, now_ms + 1, now_ms);
		else if (a.what == SUP_TREE_START)
			sup_tree_started(t, a.node, now_ms);
		else if (a.what == SUP_TREE_STOP)
			sup_tree_exited(t, a.node, SUP_EXIT_SHUTDOWN, 0, now_ms);
	}
}

static void
go_on(struct sup_tree *t)
{
	int64_t now_ms = 1000;

	answer(t, now_ms);
	for (sup_node n = 0; n < 40; n++) {
		struct sup_call_args args = {.call = n,
			.what = (enum sup_call)(n % 4),
			.group = n,
			.id = n / 2,
			.spec = {SUP_TRANSIENT, 5, false}};
		now_ms += 700;
		sup_tree_timer(t, now_ms);
		sup_tree_exited(
			t, n, (enum sup_exit_class)(n % 3), now_ms + n % 5, now_ms);
		sup_tree_call(t, &args, now_ms);
		answer(t, now_ms);
	}
	for (sup_node n = 0; n < 40; n++) {
		sup_tree_stop(t, n, now_ms);
		answer(t, now_ms);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct sup_tree *t = NULL;
	struct sup_tree *again = NULL;
	struct nv_buf buf;

	if (sup_tree_load(data, bytes, &t) < 0)
		return 0;
	nv_buf_init(&buf, SAVED_BYTES_MAX);
	if (sup_tree_save(t, &buf) < 0 || sup_tree_load(buf.data, buf.bytes, &again) < 0)
		abort();
	nv_buf_fini(&buf);
	go_on(t);
	go_on(again);
	nv_buf_init(&buf, SAVED_BYTES_MAX);
	if (sup_tree_save(t, &buf) < 0)
		abort();
	nv_buf_fini(&buf);
	sup_tree_free(t);
	sup_tree_free(again);
	return 0;
}
