/* The supervision tree, rule by rule (docs/SUPERVISION.md): operations, strategies,
 * intensity, significant children, pacing. Calls are in test_tree_call.c. */
#include "tree_fixture.h"

/* A group of three with everything running. */
#define THREE(strategy, limit) \
	"group g - " strategy " " limit, "leaf a g", "leaf b g", "leaf c g", "start g", \
		"= START a", "started a", "= START b", "started b", "= START c", \
		"started c", "= UP g"

START_TEST(s5_start_in_order_stop_in_reverse)
{
	PLAY("group g - one 1/5", "leaf a g stop=0", "leaf b g stop=-1", "leaf c g",
		"? g: a down, b down, c down", "start g", "= START a",
		"? g: a starting, b down, c down", "started a", "= START b", "started b",
		"= START c", "started c", "= UP g", "# g 3 3 0 3 0", "start g", "=",
		"stop g", "= STOP c 5000", "? g: a running, b running, c stopping",
		"exit c shutdown", "= STOP b -1", "stop g", "=", "exit b abnormal",
		"= STOP a 0", "exit a normal", "= ENDED g stopped -",
		"? g: a down, b down, c down", "# g 3 0 0 3 0", "start g", "= START a",
		"started a", "= START b", "stop g", "= STOP b -1", "exit b shutdown",
		"= STOP a 0", "exit a shutdown", "= ENDED g stopped -");
	PLAY("group g - one 1/5", "stop g", "= ENDED g stopped -", "start g", "= UP g",
		"stop g", "= ENDED g stopped -");
}
END_TEST

START_TEST(s5_ignored_and_failed_starts)
{
	PLAY("group g - one 1/5", "leaf a g", "leaf b g temporary", "leaf c g", "start g",
		"= START a", "ignored a", "= START b", "ignored b", "= FORGOT b; START c",
		"started c", "= UP g", "? g: a down, c running",
		/* The next life has it again. */
		"stop g", "= STOP c 5000", "exit c shutdown", "= ENDED g stopped -",
		"? g: a down, b down, c down");
	PLAY("group g - all 1/5", "leaf a g", "leaf b g", "leaf c g", "start g",
		"= START a", "started a", "= START b", "started b", "= START c",
		"failed c", "= STOP b 5000", "exit b shutdown", "= STOP a 5000",
		"exit a shutdown", "= ENDED g start_failed c");
	/* An exit before `started` is a failed start, however it ends. */
	PLAY("group g - rest 1/5", "leaf a g", "start g", "= START a", "exit a normal",
		"= ENDED g start_failed a");
	/* Below: the leaf is the cause; the other group is stopped. */
	PLAY("group g - one 1/5", "group x g one 1/5", "leaf a x", "group y g one 1/5",
		"leaf b y", "start g", "= START a", "started a", "= START b", "failed b",
		"= STOP a 5000", "exit a shutdown", "= ENDED g start_failed b");
}
END_TEST

START_TEST(s3_exits_wait_for_the_start)
{
	PLAY("group g - one 2/5", "leaf a g", "leaf b g", "start g", "= START a",
		"started a", "= START b", "exit a abnormal", "=",
		"? g: a down, b starting", "started b", "= UP g; START a", "started a",
		"=");
	/* ... and are void when the group fails meanwhile. */
	PLAY("group g - all 2/5", "leaf a g", "leaf b g", "start g", "= START a",
		"started a", "= START b", "exit a abnormal", "=", "failed b",
		"= ENDED g start_failed b");
}
END_TEST

START_TEST(s6_restart_by_kind)
{
	static const struct {
		const char *kind, *how, *expected, *children;
	} cases[] = {
		{"permanent", "normal", "= START a", "? g: a starting"},
		{"permanent", "shutdown", "= START a", "? g: a starting"},
		{"permanent", "abnormal", "= START a", "? g: a starting"},
		{"transient", "normal", "=", "? g: a down"},
		{"transient", "shutdown", "=", "? g: a down"},
		{"transient", "abnormal", "= START a", "? g: a starting"},
		{"temporary", "normal", "= FORGOT a", "? g: "},
		{"temporary", "shutdown", "= FORGOT a", "? g: "},
		{"temporary", "abnormal", "= FORGOT a", "? g: "},
	};

	for (size_t i = 0; i < NV_LEN(cases); i++) {
		char leaf[64], ended[64];

		(void)snprintf(leaf, sizeof(leaf), "leaf a g %s", cases[i].kind);
		(void)snprintf(ended, sizeof(ended), "exit a %s", cases[i].how);
		PLAY("group g - one 3/5", leaf, "start g", "= START a", "started a",
			"= UP g", ended, cases[i].expected, cases[i].children);
	}
}
END_TEST

START_TEST(s6_one_for_one)
{
	PLAY(THREE("one", "3/5"), "exit b abnormal", "= START b",
		"? g: a running, b starting, c running", "# g 3 3 0 3 1",
		"exit a abnormal", "= START a", "started b", "=", "started a", "=",
		"exit c abnormal", "= START c", "ignored c", "=",
		"? g: a running, b running, c down");
}
END_TEST

START_TEST(s6_one_for_all)
{
	PLAY(THREE("all", "1/5"), "exit b abnormal", "= STOP c 5000", "exit c shutdown",
		"= STOP a 5000", "exit a shutdown", "= START a", "started a", "= START b",
		"started b", "= START c", "started c", "=", "# g 3 3 0 3 1",
		/* One restart of three children was one unit; this is one too many. */
		"exit a abnormal", "= GAVE_UP g a; STOP c 5000", "exit c shutdown",
		"= STOP b 5000", "exit b shutdown", "= ENDED g gave_up a");
	/* One that dies by itself meanwhile needs no stop, and its exit is void. */
	PLAY(THREE("all", "1/5"), "exit b abnormal", "= STOP c 5000", "exit a abnormal",
		"=", "exit c abnormal", "= START a", "started a", "= START b",
		"started b", "= START c", "started c", "=", "# g 3 3 0 3 1");
	/* What ended on purpose is started again too, as OTP does. */
	PLAY("group g - all 1/5", "leaf a g transient", "leaf b g", "start g",
		"= START a", "started a", "= START b", "started b", "= UP g",
		"exit a normal", "=", "exit b abnormal", "= START a", "started a",
		"= START b", "started b", "=");
}
END_TEST

START_TEST(s6_rest_for_one)
{
	PLAY(THREE("rest", "2/5"), "exit b abnormal", "= STOP c 5000", "exit c shutdown",
		"= START b", "? g: a running, b starting, c down", "started b",
		"= START c", "ignored c", "=", "? g: a running, b running, c down");
	/* One before it is not part of the sweep: its exit waits. */
	PLAY(THREE("rest", "2/5"), "exit b abnormal", "= STOP c 5000", "exit a abnormal",
		"=", "exit c shutdown", "= START b", "started b", "= START c",
		"started c", "= STOP c 5000", "exit c shutdown", "= STOP b 5000",
		"exit b shutdown", "= START a", "started a", "= START b", "started b",
		"= START c", "started c", "=");
}
END_TEST

START_TEST(s6_temporary_bystanders_are_forgotten)
{
	PLAY("group g - all 1/5", "leaf a g", "leaf t g temporary", "leaf b g", "start g",
		"= START a", "started a", "= START t", "started t", "= START b",
		"started b", "= UP g", "exit a abnormal", "= STOP b 5000",
		"exit b shutdown", "= STOP t 5000", "exit t shutdown",
		"= FORGOT t; START a", "started a", "= START b", "started b", "=",
		"? g: a running, b running");
	PLAY("group g - rest 1/5", "leaf t g temporary", "leaf a g", "leaf u g temporary",
		"start g", "= START t", "started t", "= START a", "started a",
		"= START u", "started u", "= UP g", "exit a abnormal", "= STOP u 5000",
		"exit u shutdown", "= FORGOT u; START a", "started a", "=",
		"? g: t running, a running");
}
END_TEST

START_TEST(s6_failed_restarts)
{
	/* Each attempt costs one. */
	PLAY("group g - one 2/5", "leaf a g", "start g", "= START a", "started a",
		"= UP g", "exit a abnormal", "= START a", "failed a", "= START a",
		"failed a", "= GAVE_UP g a; ENDED g gave_up a");
	/* one_for_all: those started stay up until the retry sweeps. */
	PLAY(THREE("all", "2/5"), "exit a abnormal", "= STOP c 5000", "exit c shutdown",
		"= STOP b 5000", "exit b shutdown", "= START a", "started a", "= START b",
		"failed b", "= STOP a 5000", "exit a shutdown", "= START a", "started a",
		"= START b", "started b", "= START c", "started c", "=");
	/* rest_for_one: from the failed one on. */
	PLAY(THREE("rest", "3/5"), "exit a abnormal", "= STOP c 5000", "exit c shutdown",
		"= STOP b 5000", "exit b shutdown", "= START a", "started a", "= START b",
		"failed b", "= START b", "? g: a running, b starting, c down", "failed b",
		"= START b", "started b", "= START c", "started c", "=", "# g 3 3 0 3 3");
	/* A retry that waits behind an exit whose sweep covers it is void. */
	PLAY(THREE("rest", "3/5"), "exit a abnormal", "= STOP c 5000", "exit c shutdown",
		"= STOP b 5000", "exit b shutdown", "= START a", "started a", "= START b",
		"exit a abnormal", "=", "failed b", "= START a", "started a", "= START b",
		"started b", "= START c", "started c", "=", "# g 3 3 0 3 2");
}
END_TEST

START_TEST(s7_intensity_counts_as_otp_does)
{
	/* 0: the first one ends it. */
	PLAY("group g - one 0/1", "leaf a g", "start g", "= START a", "started a",
		"= UP g", "exit a abnormal", "= GAVE_UP g a; ENDED g gave_up a");
	/* Whole seconds, both ends included: 1 s after is within a period of 1 s ... */
	PLAY("@999", "group g - one 1/1", "leaf a g", "start g", "= START a", "started a",
		"= UP g", "exit a abnormal", "= START a", "started a", "=", "@1999",
		"# g 1 1 0 1 1", "exit a abnormal", "= GAVE_UP g a; ENDED g gave_up a");
	/* ... 2 s after is not. */
	PLAY("@999", "group g - one 1/1", "leaf a g", "start g", "= START a", "started a",
		"= UP g", "exit a abnormal", "= START a", "started a", "=", "@2000",
		"# g 1 1 0 1 0", "exit a abnormal", "= START a", "started a", "=");
}
END_TEST

START_TEST(s7_escalates)
{
	/* A permanent group is restarted, for one unit of its parent. */
	PLAY("group g - one 1/5", "group x g one 0/5", "leaf a x", "leaf b g", "start g",
		"= START a", "started a", "= START b", "started b", "= UP g",
		"exit a abnormal", "= GAVE_UP x a; START a", "# g 2 2 1 1 1", "started a",
		"=", "exit a abnormal", "= GAVE_UP x a; GAVE_UP g x; STOP b 5000",
		"exit b shutdown", "= ENDED g gave_up x");
	/* A transient one is not; a temporary one is forgotten with all below. */
	PLAY("group g - one 1/5", "group x g one 0/5 transient", "leaf a x", "start g",
		"= START a", "started a", "= UP g", "exit a abnormal", "= GAVE_UP x a",
		"? g: x down", "# g 1 0 1 0 0");
	PLAY("group g - one 1/5", "group x g one 0/5 temporary", "leaf a x", "leaf b x",
		"start g", "= START a", "started a", "= START b", "started b", "= UP g",
		"exit a abnormal", "= GAVE_UP x a; STOP b 5000", "exit b normal",
		"= FORGOT a; FORGOT b", "? g: ", "stop g", "= ENDED g stopped -",
		"start g", "= START a");
	/* A child group whose start fails is a failed start of a child. */
	PLAY("group g - one 2/5", "group x g one 0/5", "leaf a x", "start g", "= START a",
		"started a", "= UP g", "exit a abnormal", "= GAVE_UP x a; START a",
		"failed a", "= START a", "failed a", "= GAVE_UP g x; ENDED g gave_up x");
}
END_TEST

START_TEST(s9_significant)
{
	PLAY("group g - one 1/5 auto=any", "leaf a g transient significant", "leaf b g",
		"start g", "= START a", "started a", "= START b", "started b", "= UP g",
		"exit a abnormal", "= START a", "started a", "=", "exit a normal",
		"= STOP b 5000", "exit b shutdown", "= ENDED g auto_shutdown a");
	PLAY("group g - one 1/5 auto=any", "leaf a g temporary significant", "leaf b g",
		"start g", "= START a", "started a", "= START b", "started b", "= UP g",
		"exit a abnormal", "= FORGOT a; STOP b 5000", "exit b shutdown",
		"= ENDED g auto_shutdown a");
	PLAY("group g - one 1/5 auto=all", "leaf a g transient significant",
		"leaf b g temporary significant", "leaf c g", "start g", "= START a",
		"started a", "= START b", "started b", "= START c", "started c", "= UP g",
		"exit a shutdown", "=", "exit b normal", "= FORGOT b; STOP c 5000",
		"exit c shutdown", "= ENDED g auto_shutdown b");
	/* Not by terminate_child, nor as a bystander. */
	PLAY("group g - one 1/5 auto=any", "leaf a g transient significant", "start g",
		"= START a", "started a", "= UP g", "call 1 terminate g a",
		"= STOP a 5000", "exit a normal", "= REPLY 1 ok a");
	PLAY("group g - all 1/5 auto=any", "leaf a g", "leaf b g temporary significant",
		"start g", "= START a", "started a", "= START b", "started b", "= UP g",
		"exit a abnormal", "= STOP b 5000", "exit b normal",
		"= FORGOT b; START a", "started a", "=");
	/* A significant group passes it on. */
	PLAY("group g - one 1/5 auto=any",
		"group x g one 1/5 auto=any transient significant",
		"leaf a x transient significant", "leaf b g", "start g", "= START a",
		"started a", "= START b", "started b", "= UP g", "exit a normal",
		"= STOP b 5000", "exit b shutdown", "= ENDED g auto_shutdown x");
	/* The flags as they are at the time of the exit. */
	PLAY("group g - one 1/5 auto=any", "leaf a g transient significant", "start g",
		"= START a", "started a", "= UP g", "change_group g one 1/5",
		"refused no", "exit a normal", "=");
}
END_TEST

START_TEST(s10_stop_all_voids_what_waits)
{
	PLAY(THREE("one", "1/5"), "exit a abnormal", "= START a", "exit b abnormal",
		"= GAVE_UP g b; STOP c 5000", "call 1 terminate g c",
		"= REPLY 1 stopping -", "exit c shutdown", "= STOP a 5000",
		"exit a shutdown", "= ENDED g gave_up b");
	PLAY("group g - one 1/5", "leaf a g", "start g", "= START a",
		"call 1 restart g a", "=", "call 2 start g d", "=", "stop g",
		"= REPLY 1 stopping -; REPLY 2 stopping -; STOP a 5000",
		"exit a shutdown", "= ENDED g stopped -");
	PLAY("group g - simple 1/5", "start g", "= UP g", "call 1 start g a", "= START a",
		"call 2 start g b", "= START b", "started b", "= REPLY 2 ok b", "stop g",
		"= STOP b 5000; REPLY 1 failed -; STOP a 5000", "exit a shutdown", "=",
		"exit b shutdown", "= FORGOT a; FORGOT b; ENDED g stopped -", "? g: ");
}
END_TEST

START_TEST(s11_a_stop_interrupts)
{
	/* The stop in flight of a sweep is waited for. */
	PLAY(THREE("all", "1/5"), "exit b abnormal", "= STOP c 5000", "stop g", "=",
		"exit c shutdown", "= STOP a 5000", "exit a shutdown",
		"= ENDED g stopped -");
	/* A child group in its start. */
	PLAY("group g - one 1/5", "leaf a g", "group x g one 1/5", "leaf b x", "leaf c x",
		"start g", "= START a", "started a", "= START b", "started b",
		"= START c", "stop g", "= STOP c 5000", "exit c shutdown",
		"= STOP b 5000", "exit b shutdown", "= STOP a 5000", "exit a shutdown",
		"= ENDED g stopped -");
	/* A child group that goes down by itself: its end is the answer. */
	PLAY("group g - one 1/5", "group x g one 0/5", "leaf a x", "leaf b x", "start g",
		"= START a", "started a", "= START b", "started b", "= UP g",
		"exit a abnormal", "= GAVE_UP x a; STOP b 5000", "? g: x running",
		"stop g", "=", "? g: x stopping", "exit b shutdown",
		"= ENDED g stopped -");
}
END_TEST

START_TEST(s13_what_answers_a_stop)
{
	PLAY("group g - one 1/5", "leaf a g", "start g", "= START a", "started a",
		"= UP g", "call 1 terminate g a", "= STOP a 5000", "exit a abnormal",
		"= REPLY 1 ok a", "exit a abnormal", "=", "? g: a down", "# g 1 0 0 1 0");
}
END_TEST

START_TEST(s14_pacing)
{
	PLAY("@1000", "group g - one 1/5", "leaf a g", "leaf b g", "start g", "= START a",
		"started a", "= START b", "started b", "= UP g", "deadline -",
		"exit a abnormal 3000", "=", "deadline 3000", "# g 2 1 0 2 0",
		"? g: a restarting, b running", "@2999", "timer", "=", "@3000", "timer",
		"= START a", "deadline -", "# g 2 2 0 2 1", "failed a 4000", "=",
		"deadline 4000", "@4000", "timer", "= GAVE_UP g a; STOP b 5000",
		"exit b shutdown", "= ENDED g gave_up a");
	/* The others are stopped at the exit, started at the retry. */
	PLAY("@1000", THREE("all", "1/5"), "exit b abnormal 3000", "= STOP c 5000",
		"exit c shutdown", "= STOP a 5000", "exit a shutdown", "=",
		"? g: a down, b restarting, c down", "# g 3 0 0 3 0", "@3000", "timer",
		"= START a", "started a", "= START b", "started b", "= START c",
		"started c", "=", "# g 3 3 0 3 1");
	/* Due while the stop half runs. */
	PLAY("@1000", THREE("rest", "1/5"), "exit b abnormal 2000", "= STOP c 5000",
		"@2000", "timer", "=", "exit c shutdown", "= START b", "started b",
		"= START c", "started c", "=");
	/* Two wait: the first due one sweeps from the leftmost. */
	PLAY("@1000", THREE("rest", "2/9"), "exit c abnormal 2000", "=",
		"exit b abnormal 5000", "=", "? g: a running, b restarting, c restarting",
		"@2000", "timer", "= START b", "deadline -", "started b", "= START c",
		"started c", "=", "@5000", "timer", "=", "# g 3 3 0 3 1");
	/* A stop between cancels it. */
	PLAY("@1000", THREE("one", "1/5"), "exit b abnormal 9000", "=", "stop g",
		"= STOP c 5000", "deadline -", "? g: a running, b down, c stopping",
		"exit c shutdown", "= STOP a 5000", "exit a shutdown",
		"= ENDED g stopped -");
}
END_TEST

START_TEST(s15_a_leaf_gives_up)
{
	PLAY(THREE("all", "1/5"), "gives_up b", "=", "? g: a running, b down, c running",
		"# g 3 2 0 3 0", "escalates c", "= GAVE_UP g c; STOP a 5000",
		"exit a shutdown", "= ENDED g gave_up c");
	PLAY("group g - one 1/5", "leaf a g temporary", "leaf b g", "start g",
		"= START a", "started a", "= START b", "gives_up b", "= UP g",
		"gives_up a", "= FORGOT a", "? g: b down");
	PLAY("group g - one 3/5", "leaf a g", "start g", "= START a", "started a",
		"= UP g", "exit a abnormal", "= START a", "escalates a",
		"= GAVE_UP g a; ENDED g gave_up a");
}
END_TEST

START_TEST(h_live_change)
{
	PLAY(THREE("one", "1/5"), "leaf d g", "refused no",
		"? g: a running, b running, c running, d down", "call 1 restart g d",
		"= START d", "started d", "= REPLY 1 ok d", "remove a", "refused busy",
		"exit a abnormal", "= START a", "started a", "=", "call 2 terminate g a",
		"= STOP a 5000", "exit a shutdown", "= REPLY 2 ok a", "remove a",
		"refused no", "? g: b running, c running, d running",
		/* A new intensity holds from the next restart on. */
		"change_group g one 0/5", "exit b abnormal", "= GAVE_UP g b; STOP d 5000",
		"exit d shutdown", "= STOP c 5000", "exit c shutdown",
		"= ENDED g gave_up b");
	/* One that is added meanwhile is no part of the operation. */
	PLAY(THREE("all", "1/5"), "exit c abnormal", "= STOP b 5000", "leaf d g",
		"exit b shutdown", "= STOP a 5000", "exit a shutdown", "= START a",
		"started a", "= START b", "started b", "= START c", "started c", "=",
		"? g: a running, b running, c running, d down");
}
END_TEST

START_TEST(h_bad_combinations)
{
	PLAY("group g - one 1/5", "leaf a g significant", "refused",
		"leaf a g transient "
		"significant",
		"refused", "group s - simple 1/5 auto=any",
		"leaf a s transient significant", "refused", "group x s one 1/5",
		"refused", "group y - one 1/0", "refused", "group y - one 1001/5",
		"refused", "leaf a g stop=-2", "refused", "leaf a nowhere", "refused",
		"leaf a g", "refused no", "leaf a g", "refused exists", "leaf b a",
		"refused", "group h - one 1/5 auto=any", "leaf k h transient significant",
		"refused no", "change_leaf k permanent significant", "refused",
		"change_group h simple 1/5", "refused", "change_group h one 1/0",
		"refused");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("tree");
	TCase *c = tcase_create("rules");
	const TTest *const tests[] = {s5_start_in_order_stop_in_reverse,
		s5_ignored_and_failed_starts, s3_exits_wait_for_the_start,
		s6_restart_by_kind, s6_one_for_one, s6_one_for_all, s6_rest_for_one,
		s6_temporary_bystanders_are_forgotten, s6_failed_restarts,
		s7_intensity_counts_as_otp_does, s7_escalates, s9_significant,
		s10_stop_all_voids_what_waits, s11_a_stop_interrupts,
		s13_what_answers_a_stop, s14_pacing, s15_a_leaf_gives_up, h_live_change,
		h_bad_combinations};

	for (size_t i = 0; i < NV_LEN(tests); i++)
		tcase_add_test(c, tests[i]);
	suite_add_tcase(s, c);
	return run_suite(s);
}
