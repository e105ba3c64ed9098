/* The dynamic interface of the supervision tree (docs/SUPERVISION.md, S4 and S12), and
 * what it writes down. */
#include "tree_fixture.h"

START_TEST(s12_start_child)
{
	PLAY("group g - one 1/5", "start g", "= UP g", "call 1 start g a", "= START a",
		"started a", "= REPLY 1 ok a", "call 2 start g a",
		"= REPLY 2 already_started a", "call 3 start g b transient", "= START b",
		"ignored b", "= REPLY 3 ignored b", "call 4 start g b",
		"= REPLY 4 already_present b", "call 5 start g c temporary", "= START c",
		"ignored c", "= FORGOT c; REPLY 5 ignored -", "call 6 start g d",
		"= START d", "failed d", "= FORGOT d; REPLY 6 failed -",
		"call 7 start g d", "= START d", "exit d normal",
		"= FORGOT d; REPLY 7 failed -", "call 8 start g e significant",
		"= REPLY 8 invalid -", "? g: a running, b down", "call 9 start nowhere a",
		"= REPLY 9 invalid -", "call 10 start a b", "= REPLY 10 invalid -");
}
END_TEST

START_TEST(s12_restart_terminate_delete)
{
	PLAY("@1000", "group g - one 5/5", "leaf a g", "leaf t g temporary", "start g",
		"= START a", "started a", "= START t", "started t", "= UP g",
		"call 1 restart g a", "= REPLY 1 running a", "call 2 delete g a",
		"= REPLY 2 running a", "call 3 terminate g x", "= REPLY 3 not_found -",
		"call 4 restart g x", "= REPLY 4 not_found -", "call 5 delete g x",
		"= REPLY 5 not_found -", "call 6 terminate g a", "= STOP a 5000",
		"exit a shutdown", "= REPLY 6 ok a", "call 7 terminate g a",
		"= REPLY 7 ok a", "call 8 restart g a", "= START a", "failed a",
		"= REPLY 8 failed a", "? g: a down, t running", "call 9 restart g a",
		"= START a", "ignored a", "= REPLY 9 ignored a", "call 10 restart g a",
		"= START a", "started a", "= REPLY 10 ok a", "# g 2 2 0 2 0",
		"call 11 terminate g t", "= STOP t 5000", "exit t shutdown",
		"= FORGOT t; REPLY 11 ok -", "exit a abnormal 5000", "=",
		"call 12 restart g a", "= REPLY 12 restarting a", "call 13 delete g a",
		"= REPLY 13 restarting a", "call 14 start g a",
		"= REPLY 14 already_present a", "call 15 terminate g a",
		"= REPLY 15 ok a", "deadline -", "call 16 delete g a",
		"= FORGOT a; REPLY 16 ok -", "? g: ", "stop g", "= ENDED g stopped -",
		"? g: a down, t down");
}
END_TEST

START_TEST(s12_a_group_as_child)
{
	PLAY("group g - one 1/5", "group x g one 1/5", "leaf a x", "leaf b x", "start g",
		"= START a", "started a", "= START b", "started b", "= UP g",
		"call 1 start x d", "= START d", "started d", "= REPLY 1 ok d",
		"call 2 terminate g x", "= STOP d 5000", "? g: x stopping",
		"exit d shutdown", "= STOP b 5000", "exit b shutdown", "= STOP a 5000",
		"exit a shutdown", "= FORGOT d; REPLY 2 ok x", "? g: x down",
		"call 3 start x d", "= REPLY 3 stopping -", "call 4 restart g x",
		"= START a", "? g: x starting", "started a", "= START b", "started b",
		"= REPLY 4 ok x", "call 5 delete g x", "= REPLY 5 running x",
		"call 6 terminate g x", "= STOP b 5000", "exit b shutdown",
		"= STOP a 5000", "exit a shutdown", "= REPLY 6 ok x", "call 7 delete g x",
		"= FORGOT a; FORGOT b; REPLY 7 ok -", "? g: ", "call 8 restart g x",
		"= REPLY 8 not_found -");
	/* A group without children is up and down at once. */
	PLAY("group g - all 1/5", "group x g one 1/5", "start g", "= UP g",
		"call 1 terminate g x", "= REPLY 1 ok x", "call 2 restart g x",
		"= REPLY 2 ok x", "? g: x running", "# g 1 1 1 0 0");
	/* Its start fails. */
	PLAY("group g - one 1/5", "leaf k g", "group x g one 1/5", "leaf a x", "start g",
		"= START k", "started k", "= START a", "started a", "= UP g",
		"call 1 terminate g x", "= STOP a 5000", "exit a normal",
		"= REPLY 1 ok x", "call 2 restart g x", "= START a", "failed a",
		"= REPLY 2 failed x", "? g: k running, x down");
}
END_TEST

START_TEST(s12_simple)
{
	PLAY("group g - simple 2/5", "start g", "= UP g", "call 1 start g a", "= START a",
		"started a", "= REPLY 1 ok a", "call 2 restart g a", "= REPLY 2 simple -",
		"call 3 delete g a", "= REPLY 3 simple -", "call 4 start g b transient",
		"= START b", "started b", "= REPLY 4 ok b", "exit b normal", "= FORGOT b",
		"exit a abnormal", "= START a", "ignored a", "= FORGOT a",
		"? g: ", "call 5 start g c", "= START c", "ignored c",
		"= FORGOT c; REPLY 5 ignored -", "call 6 start g d", "= START d",
		"started d", "= REPLY 6 ok d", "call 7 terminate g d", "= STOP d 5000",
		"exit d shutdown", "= FORGOT d; REPLY 7 ok -", "call 8 terminate g d",
		"= REPLY 8 not_found -");
}
END_TEST

START_TEST(s4_children_do_not_wait_for_each_other)
{
	PLAY("group g - one 5/5", "leaf a g", "leaf b g", "start g", "= START a",
		"started a", "= START b", "started b", "= UP g", "call 1 terminate g a",
		"= STOP a 5000", "exit b abnormal", "= START b", "call 2 restart g a",
		"=", "call 3 delete g a", "=", "call 4 start g c", "= START c",
		"exit a shutdown", "= REPLY 1 ok a; START a", "started a",
		"= REPLY 2 ok a; REPLY 3 running a", "started c", "= REPLY 4 ok c",
		"started b", "=");
	/* A start that hangs can be terminated ... */
	PLAY("group g - one 5/5", "start g", "= UP g", "call 1 start g a", "= START a",
		"call 2 terminate g a", "= REPLY 1 failed -; STOP a 5000",
		"call 3 start g a", "=", "exit a shutdown",
		"= FORGOT a; REPLY 2 ok -; START a", "started a", "= REPLY 3 ok a");
	/* ... unless somebody is before. */
	PLAY("group g - one 5/5", "leaf a g", "start g", "= START a", "started a",
		"= UP g", "exit a abnormal", "= START a", "call 1 restart g a", "=",
		"call 2 terminate g a", "=", "started a",
		"= REPLY 1 running a; STOP a 5000", "exit a shutdown", "= REPLY 2 ok a");
	/* A sweep group handles one at a time. */
	PLAY("group g - all 5/5", "leaf a g", "leaf b g", "start g", "= START a",
		"started a", "= START b", "started b", "= UP g", "call 1 terminate g a",
		"= STOP a 5000", "call 2 start g c", "=", "exit b abnormal", "=",
		"exit a shutdown", "= REPLY 1 ok a; START c", "started c",
		"= REPLY 2 ok c; STOP c 5000", "exit c shutdown", "= START a",
		"started a", "= START b", "started b", "= START c", "started c", "=");
}
END_TEST

START_TEST(s12_calls_are_checked_when_they_are_handled)
{
	PLAY("group g - all 5/5", "leaf a g", "leaf b g", "start g", "= START a",
		"started a", "= START b", "call 1 restart g a", "=", "exit a abnormal",
		"=",
		/* Dead at once: the call starts it, and the exit is void. */
		"started b", "= UP g; START a", "started a", "= REPLY 1 ok a",
		"? g: a running, b running", "# g 2 2 0 2 0");
	PLAY("group g - one 5/5", "call 1 start g a", "= REPLY 1 stopping -", "start g",
		"= UP g");
}
END_TEST

START_TEST(s8_a_restarted_group_begins_anew)
{
	PLAY("group g - one 9/5", "group x g one 1/5", "leaf a x", "start g", "= START a",
		"started a", "= UP g", "call 1 start x d", "= START d", "started d",
		"= REPLY 1 ok d", "exit a abnormal", "= START a", "started a", "=",
		"exit d abnormal", "= GAVE_UP x d; STOP a 5000", "exit a shutdown",
		"= FORGOT d; START a", "started a", "=", "? x: a running",
		"# x 1 1 0 1 0", "# g 1 1 1 0 1");
}
END_TEST

START_TEST(s12_busy)
{
	struct player p = {.t = sup_tree_new()};

	play_line(&p, "group g - one 1/5");
	play_line(&p, "leaf a g");
	play_line(&p, "start g");
	play_line(&p, "= START a");
	for (unsigned i = 0; i < SUP_TREE_CALLS_MAX; i++)
		play_line(&p, "call 7 restart g a");
	play_line(&p, "=");
	play_line(&p, "call 8 restart g a");
	play_line(&p, "= REPLY 8 busy -");
	sup_tree_free(p.t);
}
END_TEST

START_TEST(what_is_read_is_not_trusted)
{
	struct player p = {.t = sup_tree_new()};
	struct sup_tree *t = NULL;
	struct nv_buf buf;
	static const char *const lines[] = {"group g - all 3/5", "leaf a g", "leaf b g",
		"group x g rest 2/5", "leaf c x transient", "start g", "started a",
		"started b", "started c", "call 3 start x d", "started d",
		"exit a abnormal 700", "call 4 start g f", "exit b abnormal"};

	for (size_t i = 0; i < NV_LEN(lines); i++)
		play_line(&p, lines[i]);
	nv_buf_init(&buf, 1 << 20);
	ck_assert_int_eq(sup_tree_save(p.t, &buf), 0);
	for (size_t n = 0; n < buf.bytes; n++)
		ck_assert_int_eq(sup_tree_load(buf.data, n, &t), -EBADMSG);
	/* Any one byte changed: refused, or a tree that can be used and freed. */
	for (size_t n = 0; n < buf.bytes; n++)
		for (unsigned bit = 0; bit < 8; bit++) {
			buf.data[n] = (char)(buf.data[n] ^ (1 << bit));
			if (sup_tree_load(buf.data, buf.bytes, &t) == 0) {
				struct sup_tree_action a;

				sup_tree_timer(t, INT64_MAX / 4);
				for (sup_node i = 1; i < 10; i++)
					sup_tree_exited(t, i, SUP_EXIT_NORMAL, 0, 1);
				sup_tree_stop(t, 1, 1);
				while (sup_tree_next_action(t, &a))
					;
				sup_tree_free(t);
			}
			buf.data[n] = (char)(buf.data[n] ^ (1 << bit));
		}
	nv_buf_fini(&buf);
	sup_tree_free(p.t);
}
END_TEST

START_TEST(many_children_cost_little_each)
{
	struct sup_tree *t = sup_tree_new();
	struct sup_group_spec g = {.strategy = SUP_SIMPLE_ONE_FOR_ONE, .period_s = 1};
	struct sup_tree_action a;
	sup_node group;

	ck_assert_int_eq(sup_tree_add_group(t, 0, 1, &g, &group), 0);
	sup_tree_start(t, group, 0);
	for (uint64_t id = 0; id < 100000; id++) {
		sup_tree_call(t,
			&(struct sup_call_args){.what = SUP_CALL_START_CHILD,
				.group = group,
				.id = id,
				.spec = {.restart = SUP_TEMPORARY}},
			0);
		while (sup_tree_next_action(t, &a))
			if (a.what == SUP_TREE_START)
				sup_tree_started(t, a.node, 0);
	}
	sup_tree_stop(t, group, 1);
	uint32_t stops = 0, forgot = 0;

	while (sup_tree_next_action(t, &a)) {
		stops += a.what == SUP_TREE_STOP;
		forgot += a.what == SUP_TREE_FORGOT;
		if (a.what == SUP_TREE_STOP)
			sup_tree_exited(t, a.node, SUP_EXIT_SHUTDOWN, 0, 1);
	}
	ck_assert_uint_eq(stops, 100000);
	ck_assert_uint_eq(forgot, 100000);
	sup_tree_free(t);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("tree_call");
	TCase *c = tcase_create("calls");
	const TTest *const tests[] = {s12_start_child, s12_restart_terminate_delete,
		s12_a_group_as_child, s12_simple, s4_children_do_not_wait_for_each_other,
		s12_calls_are_checked_when_they_are_handled,
		s8_a_restarted_group_begins_anew, s12_busy, what_is_read_is_not_trusted,
		many_children_cost_little_each};

	tcase_set_timeout(c, 120);
	for (size_t i = 0; i < NV_LEN(tests); i++)
		tcase_add_test(c, tests[i]);
	suite_add_tcase(s, c);
	return run_suite(s);
}
