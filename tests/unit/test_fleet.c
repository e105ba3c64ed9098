/* The picture of the fleet: an answer of novasupd taken message by message, both halves
 * joined, and every worker in exactly one count. */
#include "nv_fleet.h"
#include "run_suite.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int64_t
int_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static const char *
text_at(const json_t *row, const char *key)
{
	const char *text = json_string_value(json_object_get(row, key));

	return text ? text : "";
}

static const char *
state_of(const json_t *rows, size_t i)
{
	return text_at(json_array_get(rows, i), "state");
}

/* ---- messages as novasupd sends them ---- */

static struct nv_msg msg;

static struct nv_wr
body(void)
{
	struct nv_wr w;

	nv_wr_init(&w, msg.body, sizeof(msg.body));
	return w;
}

static int
take(struct nv_fleet *fleet, enum nv_msg_type type, const struct nv_wr *w)
{
	ck_assert_int_eq(w->error, 0);
	msg.type = (uint16_t)type;
	msg.bytes = w->bytes;
	return nv_fleet_take(fleet, &msg);
}

static struct nv_ctl_worker
worker_of(unsigned i)
{
	struct nv_ctl_worker w = {.request_id = 7,
		.group = "g",
		.state = "running",
		.desired = 1,
		.retry_in_ms = -1};

	(void)snprintf(w.worker, sizeof(w.worker), "w%u", i);
	return w;
}

static struct nv_ctl_instance
instance_of(const char *worker, uint32_t number, const char *state)
{
	struct nv_ctl_instance in = {.request_id = 7,
		.instance = number,
		.pid = 100,
		.generation = 2,
		.uptime_ms = 1500};

	(void)snprintf(in.worker, sizeof(in.worker), "%s", worker);
	(void)snprintf(in.state, sizeof(in.state), "%s", state);
	return in;
}

static void
take_worker(struct nv_fleet *fleet, const struct nv_ctl_worker *worker)
{
	struct nv_wr w = body();

	(void)nv_ctl_worker_encode(&w, worker);
	ck_assert_int_eq(take(fleet, NV_MSG_CTL_WORKER, &w), 0);
}

static void
take_instance(struct nv_fleet *fleet, const struct nv_ctl_instance *in)
{
	struct nv_wr w = body();

	(void)nv_ctl_instance_encode(&w, in);
	ck_assert_int_eq(take(fleet, NV_MSG_CTL_INSTANCE, &w), 0);
}

static int
take_end(struct nv_fleet *fleet)
{
	struct nv_wr w = body();

	nv_wr_u32(&w, 7);
	return take(fleet, NV_MSG_CTL_END, &w);
}

/* So many workers with so many instances each. */
static void
fill(struct nv_fleet *fleet, unsigned workers, uint32_t instances)
{
	for (unsigned i = 1; i <= workers; i++) {
		struct nv_ctl_worker worker = worker_of(i);

		take_worker(fleet, &worker);
		for (uint32_t k = 1; k <= instances; k++) {
			struct nv_ctl_instance in = instance_of(worker.worker, k, "up");

			take_instance(fleet, &in);
		}
	}
	ck_assert_int_eq(take_end(fleet), 1);
}

START_TEST(test_taken_one_by_one)
{
	struct nv_fleet fleet = {0};

	fill(&fleet, 100, 3);
	ck_assert_uint_eq(fleet.n_workers, 100);
	ck_assert_uint_eq(fleet.n_instances, 300);
	ck_assert_ptr_eq(nv_fleet_worker(&fleet, "w42"), &fleet.workers[41]);
	ck_assert_ptr_null(nv_fleet_worker(&fleet, "w101"));
	ck_assert_ptr_null(nv_fleet_log(&fleet, "w1"));
	ck_assert_ptr_null(nv_fleet_roll(&fleet, "w1"));
	nv_fleet_clear(&fleet);
	ck_assert_uint_eq(fleet.n_workers, 0);
}
END_TEST

START_TEST(test_taken_as_rows)
{
	struct nv_fleet fleet = {0};
	struct nv_ctl_worker worker = worker_of(1);
	struct nv_ctl_instance in = instance_of("w1", 1, "up");
	uint8_t one[NV_MSG_BODY_MAX];
	struct nv_wr w = body();
	struct nv_wr o;

	nv_wr_u32(&w, 7);
	nv_wr_init(&o, one, sizeof(one));
	(void)nv_ctl_worker_encode(&o, &worker);
	ck_assert_int_eq(nv_ctl_rows_add(&w, NV_MSG_CTL_WORKER, o.data, o.bytes), 0);
	nv_wr_init(&o, one, sizeof(one));
	(void)nv_ctl_instance_encode(&o, &in);
	ck_assert_int_eq(nv_ctl_rows_add(&w, NV_MSG_CTL_INSTANCE, o.data, o.bytes), 0);
	ck_assert_int_eq(take(&fleet, NV_MSG_CTL_ROWS, &w), 0);
	ck_assert_uint_eq(fleet.n_workers, 1);
	ck_assert_uint_eq(fleet.n_instances, 1);
	/* One byte short of it, and an end among rows. */
	msg.bytes--;
	ck_assert_int_eq(nv_fleet_take(&fleet, &msg), -EBADMSG);
	w = body();
	nv_wr_u32(&w, 7);
	nv_wr_init(&o, one, sizeof(one));
	nv_wr_u32(&o, 7);
	ck_assert_int_eq(nv_ctl_rows_add(&w, NV_MSG_CTL_END, o.data, o.bytes), 0);
	ck_assert_int_eq(take(&fleet, NV_MSG_CTL_ROWS, &w), -EBADMSG);
	nv_fleet_clear(&fleet);
}
END_TEST

START_TEST(test_no_status)
{
	struct nv_fleet fleet = {0};
	struct nv_ctl_reply *reply = calloc(1, sizeof(*reply));
	struct nv_wr w = body();

	ck_assert_ptr_nonnull(reply);
	(void)nv_ctl_reply_encode(&w, reply);
	ck_assert_int_eq(take(&fleet, NV_MSG_CTL_REPLY, &w), -EBADMSG);
	w = body();
	nv_wr_u32(&w, 7);
	ck_assert_int_eq(take(&fleet, NV_MSG_CTL_WORKER, &w), -EBADMSG);
	free(reply);
	nv_fleet_clear(&fleet);
}
END_TEST

/* ---- joined ---- */

START_TEST(test_trouble_and_instances)
{
	struct nv_fleet fleet = {0};
	struct nv_ctl_worker worker = worker_of(1);
	struct nv_ctl_instance in = instance_of("w1", 1, "up");
	json_t *metrics = json_pack("{s:[{s:s, s:[{s:i, s:{s:i}}, {s:i}]}]}", "workers",
		"worker", "w1", "instances", "instance", 2, "resources", "rss_bytes",
		4096, "instance", -5);

	worker.crashes_in_window = 2;
	take_worker(&fleet, &worker);
	take_instance(&fleet, &in);
	in = instance_of("w1", 2, "backoff");
	(void)snprintf(in.last_exit, sizeof(in.last_exit), "exit 3");
	take_instance(&fleet, &in);
	worker = worker_of(2);
	take_worker(&fleet, &worker);
	in = instance_of("w2", 1, "up");
	(void)snprintf(in.health, sizeof(in.health), "unhealthy");
	(void)snprintf(in.health_reason, sizeof(in.health_reason), "no answer");
	take_instance(&fleet, &in);

	json_t *rows = nv_fleet_workers_json(&fleet, metrics, NULL);
	json_t *row = json_array_get(rows, 0);
	json_t *list = json_object_get(row, "instances");

	ck_assert_str_eq(
		text_at(row, "trouble"), "instance 2: backoff, 2 crashes, last: exit 3");
	ck_assert_uint_eq(json_array_size(list), 2);
	ck_assert(json_is_null(json_object_get(json_array_get(list, 0), "resources")));
	ck_assert_int_eq(int_of(json_object_get(json_array_get(list, 1), "resources"),
				 "rss_bytes"),
		4096);
	ck_assert_str_eq(text_at(json_array_get(rows, 1), "trouble"),
		"instance 1: unhealthy for 0ms: no answer");
	json_decref(rows);
	rows = nv_fleet_workers_json(&fleet, metrics, "w2");
	ck_assert_uint_eq(json_array_size(rows), 1);
	ck_assert_str_eq(text_at(json_array_get(rows, 0), "worker"), "w2");
	ck_assert_uint_eq(
		json_array_size(json_object_get(json_array_get(rows, 0), "instances")),
		1);
	json_decref(rows);
	json_decref(metrics);
	nv_fleet_clear(&fleet);
}
END_TEST

/* That it was killed for good says more than that nothing of it runs. */
START_TEST(test_killed_is_more_than_stopped)
{
	struct nv_fleet fleet = {0};
	struct nv_ctl_worker worker = worker_of(1);
	json_t *metrics = json_pack("{s:[{s:s, s:{s:s, s:s}}]}", "workers", "worker",
		"w1", "desired", "state", "killed", "reason", "by decision 4");

	(void)snprintf(worker.state, sizeof(worker.state), "stopped");
	take_worker(&fleet, &worker);
	json_t *rows = nv_fleet_workers_json(&fleet, metrics, NULL);

	ck_assert_str_eq(state_of(rows, 0), "killed");
	ck_assert_str_eq(text_at(json_array_get(rows, 0), "reason"), "by decision 4");
	json_decref(rows);
	(void)snprintf(
		fleet.workers[0].state, sizeof(fleet.workers[0].state), "stopping");
	rows = nv_fleet_workers_json(&fleet, metrics, NULL);
	ck_assert_str_eq(state_of(rows, 0), "stopping");
	json_decref(rows);
	json_decref(metrics);
	nv_fleet_clear(&fleet);
}
END_TEST

START_TEST(test_system_workers_are_processes)
{
	struct nv_fleet fleet = {0};
	struct nv_ctl_worker worker = worker_of(1);

	(void)snprintf(worker.worker, sizeof(worker.worker), "nova.gateway");
	take_worker(&fleet, &worker);
	json_t *rows = nv_fleet_workers_json(&fleet, NULL, NULL);

	ck_assert_uint_eq(json_array_size(rows), 0);
	json_decref(rows);
	rows = nv_fleet_workers_json(&fleet, NULL, "nova.gateway");
	ck_assert_uint_eq(json_array_size(rows), 1);
	json_decref(rows);
	nv_fleet_clear(&fleet);
}
END_TEST

START_TEST(test_counts)
{
	static const char *const states[] = {"running", "starting", "waiting", "paused",
		"stopping", "stopped", "killed", "undeployed", "unconfigured", "backoff",
		"cooldown", "failed", "halted", "something new", ""};
	json_t *rows = json_array();
	int64_t sum = 0;
	const char *key;
	json_t *value;

	for (size_t i = 0; i < NV_LEN(states); i++)
		(void)json_array_append_new(rows, json_pack("{s:s}", "state", states[i]));
	json_t *counts = nv_fleet_counts_json(rows);

	json_object_foreach(counts, key, value)
	{
		if (strcmp(key, "total") != 0)
			sum += json_integer_value(value);
	}
	ck_assert_int_eq(int_of(counts, "total"), NV_LEN(states));
	ck_assert_int_eq(sum, NV_LEN(states));
	ck_assert_int_eq(int_of(counts, "crashed"), 3);
	ck_assert_int_eq(int_of(counts, "stopped"), 4);
	ck_assert_int_eq(int_of(counts, "unknown"), 2);
	json_decref(counts);
	json_decref(rows);
}
END_TEST

START_TEST(test_merge_of_one_half)
{
	struct nv_fleet fleet = {0};

	json_t *metrics = json_pack("{s:[{s:s, s:{s:s}, s:{s:s}}]}", "workers", "worker",
		"only_engine", "desired", "state", "running", "metrics", "cost", "1.00");
	fill(&fleet, 1, 1);
	json_t *rows = nv_fleet_workers_json(&fleet, NULL, NULL);

	ck_assert_uint_eq(json_array_size(rows), 1);
	ck_assert(json_is_null(json_object_get(json_array_get(rows, 0), "metrics")));
	json_decref(rows);
	rows = nv_fleet_workers_json(NULL, metrics, NULL);
	ck_assert_uint_eq(json_array_size(rows), 1);
	ck_assert_str_eq(state_of(rows, 0), "unknown");
	json_decref(rows);
	rows = nv_fleet_workers_json(&fleet, metrics, NULL);
	ck_assert_uint_eq(json_array_size(rows), 2);
	ck_assert_str_eq(state_of(rows, 1), "unconfigured");
	json_decref(rows);
	rows = nv_fleet_workers_json(NULL, NULL, NULL);
	ck_assert_uint_eq(json_array_size(rows), 0);
	json_decref(rows);
	json_decref(metrics);
	nv_fleet_clear(&fleet);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("fleet");
	TCase *tc = tcase_create("fleet");

	tcase_add_test(tc, test_taken_one_by_one);
	tcase_add_test(tc, test_taken_as_rows);
	tcase_add_test(tc, test_no_status);
	tcase_add_test(tc, test_trouble_and_instances);
	tcase_add_test(tc, test_killed_is_more_than_stopped);
	tcase_add_test(tc, test_system_workers_are_processes);
	tcase_add_test(tc, test_counts);
	tcase_add_test(tc, test_merge_of_one_half);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
