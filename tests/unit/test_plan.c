/* What differs between two configurations, and what it means for what runs. */
#include "conf_fixture.h"
#include "plan.h"

static char said[20000];
static uint32_t has_processes;

static void
on_row(void *arg, const struct nv_ctl_plan *row)
{
	static const char *const effects[] = {[NV_PLAN_LIVE] = "live",
		[NV_PLAN_RESTART] = "restart",
		[NV_PLAN_START] = "start",
		[NV_PLAN_STOP] = "stop",
		[NV_PLAN_LATER] = "later"};
	size_t used = strlen(said);

	ck_assert_ptr_eq(arg, said);
	(void)snprintf(said + used, sizeof(said) - used, "%c%s%s%s%s%s%s %s\n",
		"+-~"[row->kind], row -> worker, row -> key[0] ? " " : "", row->key,
		row->key[0] ? " " : "", row->from, row->key[0] ? " >" : "", row->to);
	used = strlen(said) - 1;
	(void)snprintf(said + used, sizeof(said) - used, " = %s\n", effects[row->effect]);
}

static uint32_t
running(void *arg, const char *worker)
{
	(void)arg;
	(void)worker;
	return has_processes;
}

static const struct sup_cgroup_root v2 = {
	.usable = true, .v2_memory = true, .v2_cpu = true, .v2_pids = true};
static const struct sup_cgroup_root v1 = {.usable = true};
static const struct sup_cgroup_root none = {.usable = false};

/* Two fleets: what nova.yaml says, and the rest of worker w (NULL: there is none). */
static const char *
plan(const struct sup_cgroup_root *root, const char *const old[2],
	const char *const new[2], struct sup_plan_counts *counts)
{
	struct fixture f[2];
	const char *const *const texts[2] = {old, new};
	char worker[2][2000];

	for (size_t i = 0; i < 2; i++) {
		fixture_init(&f[i], texts[i][0]);
		(void)snprintf(worker[i], sizeof(worker[i]),
			"worker: w\nkind: service\ncommand: [x]\n%s",
			texts[i][1] ? texts[i][1] : "");
		if (texts[i][1])
			fixture_worker(&f[i], "w.yaml", worker[i]);
		fixture_worker(&f[i], "z.yaml", "worker: zz\ncommand: [x]\n");
		ck_assert_msg(fixture_parse(&f[i]) == 0, "%s", fixture_errors(&f[i]));
	}
	said[0] = '\0';
	ck_assert_int_eq(sup_plan_make(root, f[0].config, f[1].config, running, on_row,
				 said, counts),
		0);
	fixture_fini(&f[0]);
	fixture_fini(&f[1]);
	return said;
}

static const struct {
	const struct sup_cgroup_root *root;
	uint32_t processes;
	const char *old[2];
	const char *new[2];
	const char *rows;
	const char *text;
} cases[] = {
	{&v2, 1, {"", ""}, {"", ""}, "", "nothing changes"},
	{&v2, 0, {"", NULL}, {"", ""}, "+w  = start\n", "1 added"},
	{&v2, 0, {"", NULL}, {"", "instances: {start: 0}"}, "+w  = later\n", "1 added"},
	{&v2, 1, {"", ""}, {"", NULL}, "-w  = stop\n", "1 removed"},
	{&v2, 1, {"", "env: {A: b}"}, {"", "env: {A: c}"},
		"~w env {A: \"b\"} > {A: \"c\"} = restart\n", "1 changed (1 restarted)"},
	{&v2, 0, {"", "env: {A: b}"}, {"", "env: {A: c}"},
		"~w env {A: \"b\"} > {A: \"c\"} = later\n", "1 changed (0 restarted)"},
	/* Masked, and seen all the same. */
	{&v2, 1, {"", "env: {API_KEY: b}"}, {"", "env: {API_KEY: c}"},
		"~w env {API_KEY: \"********\"} > {API_KEY: \"********\"} = restart\n",
		"1 changed (1 restarted)"},
	{&v2, 1, {"", "stop: {grace: 1s}"}, {"", "stop: {grace: 2s}"},
		"~w stop.grace 1s > 2s = live\n", "1 changed (0 restarted)"},
	{&v2, 1, {"", ""},
		{"", "crashes: {max: 1}\nroi: {min: 10%}\ninstances: {max: 3}\n"
		     "depends_on: [zz]\nparams: {a: {choices: [b]}}"},
		"~w instances.max 8 > 3 = live\n"
		"~w depends_on {} > {zz: ready} = live\n"
		"~w crashes.max 5 > 1 = live\n"
		"~w roi.min 150% > 10% = live\n"
		"~w params {} > {a: {choices: [\"b\"]}} = live\n",
		"1 changed (0 restarted)"},
	{&v2, 1, {"", "limits: {memory: 5MiB, cpu: 10%, tasks: 5}"}, {"", ""},
		"~w limits.memory 5MiB > none = live\n~w limits.cpu 10% > none = live\n"
		"~w limits.tasks 5 > none = live\n",
		"1 changed (0 restarted)"},
	{&v2, 1, {"", ""}, {"", "limits: {memory: 5MiB}"},
		"~w limits.memory none > 5MiB = live\n", "1 changed (0 restarted)"},
	/* In v1 there is no directory for one that was not there. */
	{&v1, 1, {"", ""}, {"", "limits: {memory: 5MiB}"},
		"~w limits.memory none > 5MiB = restart\n", "1 changed (1 restarted)"},
	{&v1, 1, {"", "limits: {memory: 5MiB}"}, {"", "limits: {memory: 6MiB}"},
		"~w limits.memory 5MiB > 6MiB = live\n", "1 changed (0 restarted)"},
	{&v1, 1, {"", "limits: {tasks: 5}"}, {"", "limits: {tasks: 5, cpu: 1%}"},
		"~w limits.cpu none > 1% = restart\n", "1 changed (1 restarted)"},
	{&none, 1, {"", ""}, {"", "limits: {memory: 5MiB}"},
		"~w limits.memory none > 5MiB = live\n", "1 changed (0 restarted)"},
	{&v2, 1, {"", ""}, {"sample: 1s\nengine_away: 1s", ""},
		"~ engine_away 10s > 1s = live\n~ sample 5s > 1s = live\n",
		"2 settings of the fleet"},
	/* What a worker takes over from the fleet changes with it. */
	{&v2, 1, {"", ""}, {"crashes: {max: 7}", "crashes: {max: 5}"},
		"~ crashes.max 5 > 7 = live\n~zz crashes.max 5 > 7 = live\n",
		"1 changed (0 restarted), 1 setting of the fleet"},
};

START_TEST(test_cases)
{
	struct sup_plan_counts counts;
	char text[200];

	has_processes = cases[_i].processes;
	ck_assert_str_eq(plan(cases[_i].root, cases[_i].old, cases[_i].new, &counts),
		cases[_i].rows);
	sup_plan_text(&counts, text, sizeof(text));
	ck_assert_str_eq(text, cases[_i].text);
}
END_TEST

/* A long value is cut, in one piece and not within a character. */
START_TEST(test_long_values)
{
	struct sup_plan_counts counts;
	char long_one[1400] = "description: \"";
	size_t used = strlen(long_one);

	for (int i = 0; i < 300; i++, used += 3)
		memcpy(long_one + used, "\xe2\x82\xac", 4);
	memcpy(long_one + used, "\"", 2);
	has_processes = 1;
	(void)plan(&v2, (const char *const[2]){"", ""},
		(const char *const[2]){"", long_one}, &counts);
	const char *end = strstr(said, "... = live\n");

	ck_assert_msg(end && (size_t)(end - said) < 400, "%s", said);
	ck_assert_int_eq((unsigned char)end[-1], 0xac);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("plan");
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(tc, test_cases, 0, NV_LEN(cases));
	tcase_add_test(tc, test_long_values);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
