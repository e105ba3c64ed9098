/* When novactl may say "running", "paused", "failed", and when it must go on waiting. */
#include "run_suite.h"
#include "wait.h"

#include <string.h>

static struct nv_ctl_worker worker;
static struct nv_ctl_instance instances[3];

static struct nv_fleet
fleet_of(const char *state, uint32_t desired, uint64_t epoch, size_t n)
{
	struct nv_fleet fleet = {.workers = &worker,
		.n_workers = 1,
		.instances = instances,
		.n_instances = n};

	fleet.nova.ready = true;
	worker = (struct nv_ctl_worker){
		.worker = "w", .desired = desired, .epoch = epoch, .retry_in_ms = -1};
	(void)snprintf(worker.state, sizeof(worker.state), "%s", state);
	worker.paused = strcmp(state, "paused") == 0;
	for (uint32_t i = 0; i < NV_LEN(instances); i++)
		instances[i] = (struct nv_ctl_instance){.worker = "w",
			.instance = i + 1,
			.pid = (int32_t)(100 + i),
			.generation = 2,
			.state = "up",
			.uptime_ms = 60000};
	return fleet;
}

static struct ctl_goal
goal_of(enum ctl_want want, uint64_t epoch)
{
	return (struct ctl_goal){.worker = "w", .want = want, .epoch = epoch};
}

static int
judge(struct ctl_goal *goal, const struct nv_fleet *fleet)
{
	ctl_goal_judge(goal, fleet);
	return goal->done ? goal->code : -1;
}

START_TEST(test_running)
{
	struct nv_fleet fleet = fleet_of("running", 2, 5, 2);
	struct ctl_goal goal = goal_of(CTL_WANT_RUNNING, 6);

	ck_assert_int_eq(judge(&goal, &fleet), -1); /* an older desire */
	goal.epoch = 5;
	ck_assert_int_eq(judge(&goal, &fleet), NV_EXIT_OK);
	goal = goal_of(CTL_WANT_RUNNING, 0);
	instances[1].uptime_ms = 10; /* it may still die of its start */
	ck_assert_int_eq(judge(&goal, &fleet), -1);
	instances[1].uptime_ms = 60000;
	memcpy(instances[1].state, "starting", 9);
	ck_assert_int_eq(judge(&goal, &fleet), -1);
	fleet = fleet_of("running", 2, 5, 1); /* one is missing */
	ck_assert_int_eq(judge(&goal, &fleet), -1);
	fleet = fleet_of("running", 2, 5, 3); /* one too many still lives */
	ck_assert_int_eq(judge(&goal, &fleet), -1);
}
END_TEST

START_TEST(test_not_running)
{
	struct nv_fleet fleet = fleet_of("backoff", 2, 5, 2);
	struct ctl_goal goal = goal_of(CTL_WANT_RUNNING, 5);

	memcpy(instances[0].state, "backoff", 8);
	memcpy(instances[0].last_exit, "exec: ENOENT", 13);
	worker.retry_in_ms = 4000;
	ck_assert_int_eq(judge(&goal, &fleet), NV_EXIT_FAILED);
	ck_assert_ptr_nonnull(strstr(goal.text, "exec: ENOENT"));
	ck_assert_ptr_nonnull(strstr(goal.text, "next try in 4s"));
	fleet = fleet_of("halted", 1, 5, 0);
	goal = goal_of(CTL_WANT_RUNNING, 5);
	ck_assert_int_eq(judge(&goal, &fleet), NV_EXIT_FAILED);
	fleet = fleet_of("paused", 1, 5, 1);
	goal = goal_of(CTL_WANT_RUNNING, 5);
	ck_assert_int_eq(judge(&goal, &fleet), NV_EXIT_NO);
	fleet = fleet_of("stopped", 0, 5, 0);
	goal = goal_of(CTL_WANT_RUNNING, 5);
	ck_assert_int_eq(judge(&goal, &fleet), NV_EXIT_NO);
	fleet = fleet_of("stopped", 1, 5, 1); /* a transient one has done its work */
	memcpy(instances[0].state, "stopped", 8);
	memcpy(instances[0].last_exit, "exit 0", 7);
	instances[0].pid = 0;
	goal = goal_of(CTL_WANT_RUNNING, 5);
	ck_assert_int_eq(judge(&goal, &fleet), NV_EXIT_NO);
	ck_assert_ptr_nonnull(strstr(goal.text, "exit 0"));
}
END_TEST

START_TEST(test_restart)
{
	struct nv_fleet fleet = fleet_of("running", 2, 5, 2);
	struct nv_ctl_instance old[2];
	struct nv_fleet before = fleet;
	struct ctl_goal goal = goal_of(CTL_WANT_RUNNING, 0);

	memcpy(old, instances, sizeof(old));
	before.instances = old;
	before.n_instances = 2;
	goal.before = &before;
	ck_assert_int_eq(judge(&goal, &fleet), -1);
	instances[0].generation = 3;
	instances[0].pid = 200;
	ck_assert_int_eq(judge(&goal, &fleet), -1);
	goal.instance = 1; /* only that one was asked for */
	ck_assert_int_eq(judge(&goal, &fleet), NV_EXIT_OK);
	goal = goal_of(CTL_WANT_RUNNING, 0);
	goal.before = &before;
	instances[1].generation = 3;
	ck_assert_int_eq(judge(&goal, &fleet), NV_EXIT_OK);
}
END_TEST

START_TEST(test_pause_and_resume)
{
	struct nv_fleet fleet = fleet_of("running", 1, 5, 1);
	struct ctl_goal goal = goal_of(CTL_WANT_PAUSED, 5);

	ck_assert_int_eq(judge(&goal, &fleet), -1);
	worker.paused = true;
	ck_assert_int_eq(judge(&goal, &fleet), NV_EXIT_OK);
	goal = goal_of(CTL_WANT_RESUMED, 5);
	ck_assert_int_eq(judge(&goal, &fleet), NV_EXIT_NO);
	worker.paused = false;
	goal = goal_of(CTL_WANT_RESUMED, 5);
	ck_assert_int_eq(judge(&goal, &fleet), NV_EXIT_OK);
}
END_TEST

START_TEST(test_stop_is_never_guessed)
{
	struct nv_fleet fleet = fleet_of("stopped", 0, 5, 0);
	struct ctl_goal goal = goal_of(CTL_WANT_STOPPED, 5);

	/* Only novasupd's answer to a wait decides. */
	ck_assert_int_eq(judge(&goal, &fleet), -1);
	fleet.n_workers = 0;
	ck_assert_int_eq(judge(&goal, &fleet), NV_EXIT_OK);
	fleet.nova.ready = false;
	goal = goal_of(CTL_WANT_STOPPED, 5);
	ck_assert_int_eq(judge(&goal, &fleet), -1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("ctl_wait");
	TCase *tc = tcase_create("wait");

	tcase_add_test(tc, test_running);
	tcase_add_test(tc, test_not_running);
	tcase_add_test(tc, test_restart);
	tcase_add_test(tc, test_pause_and_resume);
	tcase_add_test(tc, test_stop_is_never_guessed);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
