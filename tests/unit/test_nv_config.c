/* The configuration as a whole: the protocol's example, defaults, rules between settings,
 * and what a person sees when something is wrong. */
#include "conf_fixture.h"
#include "nv_buf.h"
#include "nv_fd.h"
#include "nv_options.h"

#include <fcntl.h>
#include <signal.h>

static const char whole[] =
	"worker: email_agent\n"
	"group: sales                         # a supervision group\n"
	"description: Cold outreach\n"
	"command: [python3, agents/email_agent.py]\n"
	"kind: task                           # task | service\n"
	"run_interval: 60s\n"
	"instances: {start: 1, min: 0, max: 8}\n"
	"restart: permanent                   # permanent | transient | temporary\n"
	"crashes: {max: 5, within: 1h, cooldown: 5m, backoff: 1s..5m, on_limit: halt}\n"
	"heartbeat: {every: 60s, timeout: 2m}\n"
	"stop: {signal: TERM, grace: 10s}\n"
	"budget: {per_run: $0.50, daily: $10, total: $200}\n"
	"roi: {min: 150%, scale: 300%, kill: 0%, min_runs: 20}\n"
	"limits: {memory: 256MiB, cpu: 50%, tasks: 64, open_files: 256}\n"
	"user: nova-agent\n"
	"secrets: [anthropic_api_key]\n"
	"env: {REGION: eu}\n"
	"params:                              # what `optimize` may turn\n"
	"  subject_style: {choices: [plain, question, number]}\n"
	"  run_interval: {range: 30s..10m}\n"
	"autonomous: true                     # false: the engine only advises\n";

START_TEST(test_whole)
{
	struct fixture f;

	fixture_init(&f, "");
	fixture_worker(&f, "w.yaml", whole);
	ck_assert_msg(fixture_parse(&f) == 0, "%s", fixture_errors(&f));
	const struct nv_conf_worker *w = nv_config_worker(f.config, "email_agent");

	ck_assert_ptr_nonnull(w);
	ck_assert_str_eq(w->group, "sales");
	ck_assert_str_eq(w->description, "Cold outreach");
	ck_assert_str_eq(w->argv[0], "python3");
	ck_assert_str_eq(w->argv[1], "agents/email_agent.py");
	ck_assert_ptr_null(w->argv[2]);
	ck_assert_str_eq(w->directory, "/etc/nova");
	ck_assert_int_eq(w->kind, NV_KIND_TASK);
	ck_assert_int_eq(w->run_interval_ms, 60000);
	ck_assert_uint_eq(w->instances_start, 1);
	ck_assert_uint_eq(w->instances_min, 0);
	ck_assert_uint_eq(w->instances_max, 8);
	ck_assert_int_eq(w->restart, NV_RESTART_PERMANENT);
	ck_assert_uint_eq(w->crashes.max, 5);
	ck_assert_int_eq(w->crashes.within_ms, 3600000);
	ck_assert_int_eq(w->crashes.cooldown_ms, 300000);
	ck_assert_int_eq(w->crashes.backoff_min_ms, 1000);
	ck_assert_int_eq(w->crashes.backoff_max_ms, 300000);
	ck_assert_int_eq(w->crashes.on_limit, NV_ON_LIMIT_HALT);
	ck_assert_int_eq(w->heartbeat_every_ms, 60000);
	ck_assert_int_eq(w->heartbeat_timeout_ms, 120000);
	ck_assert_int_eq(w->stop_signal, SIGTERM);
	ck_assert_int_eq(w->stop_grace_ms, 10000);
	ck_assert_int_eq(w->budget_per_run_nano, 500000000);
	ck_assert_int_eq(w->budget_daily_nano, INT64_C(10000000000));
	ck_assert_int_eq(w->budget_total_nano, INT64_C(200000000000));
	ck_assert_int_eq(w->roi_min_ppm, 1500000);
	ck_assert_int_eq(w->roi_scale_ppm, 3000000);
	ck_assert_int_eq(w->roi_kill_ppm, 0);
	ck_assert_uint_eq(w->roi_min_runs, 20);
	ck_assert_uint_eq(w->limit_memory_bytes, 256u << 20);
	ck_assert_int_eq(w->limit_cpu_ppm, 500000);
	ck_assert_uint_eq(w->limit_tasks, 64);
	ck_assert_uint_eq(w->limit_open_files, 256);
	ck_assert_str_eq(w->user, "nova-agent");
	ck_assert_uint_eq(w->n_secrets, 1);
	ck_assert_str_eq(w->secrets[0], "anthropic_api_key");
	ck_assert_uint_eq(w->n_env, 1);
	ck_assert_str_eq(w->env[0].key, "REGION");
	ck_assert_str_eq(w->env[0].value, "eu");
	ck_assert_uint_eq(w->n_params, 2);
	ck_assert_str_eq(w->params[0].name, "subject_style");
	ck_assert_uint_eq(w->params[0].n_choices, 3);
	ck_assert_str_eq(w->params[0].choices[2], "number");
	ck_assert_str_eq(w->params[1].range_min, "30s");
	ck_assert_str_eq(w->params[1].range_max, "10m");
	ck_assert_str_eq(
		w->params_json, "{\"subject_style\":\"plain\",\"run_interval\":\"1m\"}");
	ck_assert(w->autonomous);
	ck_assert_ptr_null(nv_config_worker(f.config, "email"));
	fixture_fini(&f);
}
END_TEST

START_TEST(test_defaults)
{
	struct fixture f;

	fixture_init(&f, "");
	fixture_worker(&f, "w.yaml", "worker: w\ncommand: [true]\n");
	ck_assert_msg(fixture_parse(&f) == 0, "%s", fixture_errors(&f));
	const struct nv_config *c = f.config;
	const struct nv_conf_worker *w = &c->workers[0];

	ck_assert_str_eq(c->dir, "/etc/nova");
	ck_assert_str_eq(c->base_currency, "USD");
	ck_assert_str_eq(c->timezone, "UTC");
	ck_assert_int_eq(c->max_daily_budget_nano, INT64_C(100000000000));
	ck_assert_int_eq(c->approval_above_nano, INT64_C(50000000000));
	ck_assert_int_eq(c->min_roi_ppm, 1500000);
	ck_assert_int_eq(c->scale_roi_ppm, 3000000);
	ck_assert_int_eq(c->kill_roi_ppm, 0);
	ck_assert_uint_eq(c->min_runs, 20);
	ck_assert_int_eq(c->policy, NV_POLICY_STRICT);
	ck_assert_int_eq(c->run_interval_ms, 60000);
	ck_assert_uint_eq(c->crashes.max, 5);
	ck_assert_int_eq(c->crashes.cooldown_ms, 300000);
	ck_assert(!c->autonomous_enabled);
	ck_assert_int_eq(c->autonomous_interval_ms, 60000);
	ck_assert_int_eq(c->autonomous_window_ms, INT64_C(604800000));
	ck_assert_int_eq(c->autonomous_cooldown_ms, 3600000);
	ck_assert_int_eq(c->approval_expiry_ms, INT64_C(172800000));
	ck_assert_int_eq(c->price_cpu_second_nano, 11600);
	ck_assert_int_eq(c->price_gib_hour_nano, 5300000);
	ck_assert_uint_eq(c->logs.file_bytes_max, 10u << 20);
	ck_assert_uint_eq(c->logs.files_kept, 5);
	ck_assert_int_eq(c->engine_away_ms, 10000);
	ck_assert_int_eq(c->sample_ms, 5000);
	ck_assert_uint_eq(c->spawn_rate, 500);
	ck_assert_uint_eq(c->spawn_burst, 2000);
	ck_assert_uint_eq(c->storm_workers, 5);
	ck_assert_int_eq(c->storm_within_ms, 10000);
	ck_assert_int_eq(c->storm_canary_ms, 5000);
	ck_assert_uint_eq(c->n_currencies, 0);
	ck_assert_str_eq(w->group, "default");
	ck_assert_str_eq(w->description, "");
	ck_assert_int_eq(w->kind, NV_KIND_TASK);
	ck_assert_uint_eq(w->instances_start, 1);
	ck_assert_uint_eq(w->instances_max, 8);
	ck_assert_int_eq(w->heartbeat_every_ms, 30000);
	ck_assert_int_eq(w->heartbeat_timeout_ms, 120000);
	ck_assert_int_eq(w->ready, NV_READY_EXEC);
	ck_assert_int_eq(w->budget_per_run_nano, -1);
	ck_assert_int_eq(w->budget_daily_nano, -1);
	ck_assert_int_eq(w->budget_total_nano, -1);
	ck_assert_int_eq(w->expected_cost_nano, -1);
	ck_assert_int_eq(w->expected_sale_nano, -1);
	ck_assert_int_eq(w->expected_roi_ppm, NV_CONF_NO_ROI);
	ck_assert_int_eq(w->expected_ramp_ms, 0);
	ck_assert_uint_eq(w->n_variants, 0);
	ck_assert_int_eq(w->run_timeout_ms, 0);
	ck_assert_uint_eq(w->limit_memory_bytes, 0);
	ck_assert_uint_eq(w->limit_tasks, 0);
	ck_assert_ptr_null(w->user);
	ck_assert_str_eq(w->params_json, "{}");
	ck_assert(w->autonomous);
	fixture_fini(&f);
}
END_TEST

/* Lines of a worker file (after its name and command) and what comes of them. */
static const struct {
	const char *text;
	const char *key;
	const char *shown;
} worker_good[] = {
	{"kind: service\n", "heartbeat.every", "none"},
	{"kind: service\nheartbeat: {every: 10s}\n", "heartbeat.timeout", "20s"},
	{"heartbeat: {timeout: 10s}\n", "heartbeat.every", "5s"},
	{"heartbeat: {every: none, timeout: none}\n", "heartbeat.every", "none"},
	{"instances: {start: 20}\n", "instances.max", "20"},
	{"instances: {min: 3}\n", "instances.start", "3"},
	{"instances: {max: 1}\n", "instances.start", "1"},
	{"instances: {start: 0}\n", "instances.start", "0"},
	{"crashes: {backoff: 2s}\n", "crashes.backoff", "2s..2s"},
	{"crashes: {max: 0, cooldown: 0}\n", "crashes.cooldown", "0s"},
	{"crashes: {on_limit: escalate}\n", "crashes.on_limit", "escalate"},
	{"stop: {signal: SIGUSR1}\n", "stop.signal", "USR1"},
	{"stop: {grace: 0s}\n", "stop.grace", "0s"},
	{"budget: {daily: $10/day}\n", "budget.daily", "$10.00"},
	{"budget: {daily: 0 USD}\n", "budget.daily", "$0.00"},
	{"budget: {total: 10 EUR}\n", "budget.total", "$10.80"},
	{"budget: {per_run: $0.000000001}\n", "budget.per_run", "$0.000000001"},
	{"budget: {daily: none}\n", "budget.daily", "none"},
	{"roi: {kill: -50%}\n", "roi.kill", "-50%"},
	{"roi: {kill: -100%}\n", "roi.kill", "-100%"},
	{"roi: {min: 12.5%}\n", "roi.min", "12.5%"},
	{"roi: {min: 0.0001%}\n", "roi.min", "0.0001%"},
	{"limits: {cpu: 250%}\n", "limits.cpu", "250%"},
	{"limits: {memory: none, tasks: none}\n", "limits.tasks", "none"},
	{"limits: {memory: 1536 MiB}\n", "limits.memory", "1536MiB"},
	{"run_interval: 1h30m\n", "run_interval", "1h30m"},
	{"run_timeout: 1d2h3m4s5ms\n", "run_timeout", "1d2h3m4s5ms"},
	{"ready: event\n", "ready", "event"},
	{"kind: service\nready: fd\n", "ready", "fd"},
	{"kind: service\nready: notify\n", "ready", "notify"},
	{"ready: exec\n", "ready.exec", "none"},
	{"ready: {exec: [test, -f, x]}\n", "ready.exec", "[\"test\", \"-f\", \"x\"]"},
	{"ready: {tcp: '[::1]:80'}\n", "ready", "probe"},
	{"ready: {tcp: 'db.local:65535', every: 100ms}\n", "ready.every", "100ms"},
	{"ready: {http: 'https://[::1]:8443/x?y#z', after: 3s}\n", "ready.http",
		"https://[::1]:8443/x?y#z"},
	{"ready_timeout: none\n", "ready_timeout", "none"},
	{"", "ready_timeout", "1m"},
	{"health: {http: 'http://127.0.0.1/'}\n", "health.every", "10s"},
	{"health: {http: 'http://127.0.0.1/'}\n", "health.timeout", "5s"},
	{"health: {tcp: 'a:1', failures: 1}\n", "health.failures", "1"},
	{"health: {tcp: 'a:1', on_failure: report}\n", "health.on_failure", "report"},
	{"heartbeat: {progress: 10m}\n", "heartbeat.progress", "10m"},
	{"restart: temporary\n", "restart", "temporary"},
	{"directory: agents/x\n", "directory", "/etc/nova/agents/x"},
	{"directory: /srv\n", "directory", "/srv"},
	{"autonomous: no\n", "autonomous", "false"},
	{"autonomous: \"true\"\n", "autonomous", "true"},
	{"description: |\n  Two\n  lines\n", "description", "Two lines"},
	{"env: {N: 5, T: true, E: '', X: 1.10}\n", "env",
		"{N: \"5\", T: \"true\", E: \"\", X: \"1.10\"}"},
	{"env: {API_TOKEN: abc, PASSWORD: x}\n", "env",
		"{API_TOKEN: \"********\", PASSWORD: \"********\"}"},
	{"params: {n: {range: 1..10}}\n", "params", "{n: {range: 1..10}}"},
	{"params: {n: {range: -0.5..0.9}}\n", "params", "{n: {range: -0.5..0.9}}"},
	{"params: {}\nsecrets: []\nenv: {}\n", "secrets", "[]"},
	{"expected: {cost_per_run: $0.05, sale: 49 EUR}\n", "expected.sale", "$52.92"},
	{"expected: {cost_per_run: $0.05}\n", "expected.cost_per_run", "$0.05"},
	{"expected: {roi: 200%, ramp: 14d}\n", "expected.roi", "200%"},
	{"expected: {roi: -100%, ramp: 14d}\n", "expected.ramp", "14d"},
	{"expected: {roi: none}\n", "expected.roi", "none"},
	{"variants: [short, long]\n", "variants", "[\"short\", \"long\"]"},
	{"variants: []\n", "variants", "[]"},
	{"secrets: [a, B.c-d]\n", "secrets", "[\"a\", \"B.c-d\"]"},
};

START_TEST(test_worker_good)
{
	struct fixture f;
	char text[1000];
	char key[100];

	(void)snprintf(text, sizeof(text), "worker: w\ncommand: [x, '']\n%s",
		worker_good[_i].text);
	(void)snprintf(key, sizeof(key), "workers.w.%s", worker_good[_i].key);
	fixture_init(&f, "currencies: {EUR: 1.08 USD}");
	fixture_worker(&f, "w.yaml", text);
	ck_assert_msg(
		fixture_parse(&f) == 0, "%s%s", worker_good[_i].text, fixture_errors(&f));
	ck_assert_str_eq(fixture_show(&f, key).value, worker_good[_i].shown);
	fixture_fini(&f);
}
END_TEST

START_TEST(test_inherit)
{
	struct fixture f;

	fixture_init(&f, "min_roi: 120%\nrun_interval: 5m\n"
			 "crashes: {max: 9, backoff: 2s..3s}\nstop: {grace: 1s}\n");
	fixture_worker(&f, "w.yaml", "worker: w\ncommand: [x]\ncrashes: {max: 2}\n");
	ck_assert_msg(fixture_parse(&f) == 0, "%s", fixture_errors(&f));
	ck_assert_str_eq(fixture_show(&f, "workers.w.roi.min").value, "120%");
	ck_assert_str_eq(fixture_show(&f, "workers.w.roi.min").origin, "nova.yaml:1");
	ck_assert_str_eq(fixture_show(&f, "workers.w.run_interval").value, "5m");
	ck_assert_str_eq(fixture_show(&f, "workers.w.crashes.max").value, "2");
	ck_assert_str_eq(fixture_show(&f, "workers.w.crashes.max").origin, "w.yaml:3");
	ck_assert_str_eq(fixture_show(&f, "workers.w.crashes.backoff").value, "2s..3s");
	ck_assert_str_eq(fixture_show(&f, "workers.w.stop.grace").value, "1s");
	ck_assert_str_eq(fixture_show(&f, "workers.w.crashes.within").origin, "default");
	fixture_fini(&f);
}
END_TEST

START_TEST(test_many_files)
{
	struct fixture f;
	char text[100];
	char name[100];

	fixture_init(&f, "");
	for (int i = 199; i >= 0; i--) {
		(void)snprintf(
			text, sizeof(text), "worker: w%03d\ncommand: [x%d]\n", i, i);
		(void)snprintf(name, sizeof(name), "f%d.yaml", 200 - i);
		fixture_worker(&f, name, text);
	}
	ck_assert_int_eq(fixture_parse(&f), 0);
	ck_assert_uint_eq(f.config->n_workers, 200);
	ck_assert_str_eq(f.config->workers[0].name, "w000");
	ck_assert_str_eq(f.config->workers[199].name, "w199");
	ck_assert_str_eq(nv_config_worker(f.config, "w123")->argv[0], "x123");
	ck_assert_str_eq(fixture_show(&f, "workers.w123.command").origin, "f77.yaml:2");
	fixture_fini(&f);

	fixture_init(&f, "");
	fixture_worker(&f, "a.yaml", "worker: w\ncommand: [x]\n");
	fixture_worker(&f, "b.yaml", "worker: other\ncommand: [x]\n");
	fixture_worker(&f, "c.yaml", "\nworker: w\ncommand: [x]\n");
	ck_assert_int_eq(fixture_parse(&f), -EINVAL);
	ck_assert_str_eq(fixture_errors(&f),
		"c.yaml:2:9: worker: \"w\" is already defined in a.yaml on line 1");
	fixture_fini(&f);
}
END_TEST

START_TEST(test_all_errors_at_once)
{
	struct fixture f;

	fixture_init(&f, "min_roi: 5\nnonsense_here: 1\n");
	fixture_worker(&f, "z.yaml", "worker: z\ncommand: x\n");
	fixture_worker(&f, "a.yaml", "worker: a\ncommand: [x]\nkind: y\nkind: z\n");
	fixture_worker(&f, "m.yaml", "worker: [\n");
	ck_assert_int_eq(fixture_parse(&f), -EINVAL);
	ck_assert_uint_eq(f.errs.n, 6);
	ck_assert_str_eq(f.errs.list[0].file, "a.yaml");
	ck_assert_uint_eq(f.errs.list[0].line, 3);
	ck_assert_uint_eq(f.errs.list[1].line, 4);
	ck_assert_str_eq(f.errs.list[2].file, "m.yaml");
	ck_assert_str_eq(f.errs.list[3].file, "nova.yaml");
	ck_assert_str_eq(f.errs.list[5].file, "z.yaml");
	fixture_fini(&f);
}
END_TEST

START_TEST(test_errors_capped)
{
	struct fixture f;
	static char text[100000];
	size_t used = 0;
	NV_CLEANUP_FD out = -1;
	NV_CLEANUP_FD in = -1;
	static char printed[200000];

	for (int i = 0; i < 250; i++)
		used += (size_t)snprintf(
			text + used, sizeof(text) - used, "key%d: 1\n", i);
	fixture_init(&f, text);
	ck_assert_int_eq(fixture_parse(&f), -EINVAL);
	ck_assert_uint_eq(f.errs.n, NV_CONFIG_ERRORS_MAX);
	ck_assert_uint_eq(f.errs.n_more, 50);
	ck_assert_int_eq(nv_pipe(&in, &out, 1 << 20), 0);
	nv_conf_errors_print(&f.errs, out);
	nv_fd_close(&out);
	ck_assert_int_gt(nv_read_full(in, printed, sizeof(printed) - 1), 0);
	ck_assert_ptr_nonnull(strstr(printed, "... and 50 more\n250 errors\n"));
	fixture_fini(&f);
}
END_TEST

START_TEST(test_errors_stay)
{
	/* What could not be read counts, even if all that was read is good. */
	struct fixture f;

	fixture_init(&f, "");
	f.errs.list = calloc(1, sizeof(*f.errs.list));
	ck_assert_ptr_nonnull(f.errs.list);
	f.errs.n = 1;
	ck_assert_int_eq(fixture_parse(&f), -EINVAL);
	fixture_fini(&f);
}
END_TEST

static uint64_t
hash_of(const char *lines)
{
	struct fixture f;
	char text[1000];

	(void)snprintf(text, sizeof(text), "worker: w\ncommand: [x, y]\n%s", lines);
	fixture_init(&f, "");
	fixture_worker(&f, "w.yaml", text);
	ck_assert_msg(fixture_parse(&f) == 0, "%s", fixture_errors(&f));
	uint64_t hash = f.config->workers[0].restart_hash;

	fixture_fini(&f);
	return hash;
}

START_TEST(test_restart_hash)
{
	static const char *const restarts[] = {"directory: /x", "kind: service",
		"run_interval: 61s", "run_timeout: 1m", "heartbeat: {every: 7s}",
		"limits: {open_files: 50}", "user: u", "secrets: [s]", "env: {A: b}",
		"env: {Ab: ''}", "ready: event"};
	static const char *const same[] = {"limits: {memory: 5MiB}", "limits: {cpu: 5%}",
		"limits: {tasks: 5}", "group: g", "description: d",
		"instances: {start: 2}", "restart: temporary", "crashes: {max: 1}",
		"stop: {grace: 1s}", "budget: {daily: $1}", "roi: {min: 10%}",
		"autonomous: false", "run_interval: 1m", "params: {a: {choices: [b]}}",
		"health: {tcp: 'a:1'}", "ready_timeout: 5s", "heartbeat: {progress: 1h}"};
	uint64_t base = hash_of("");
	uint64_t seen[NV_LEN(restarts)];

	for (size_t i = 0; i < NV_LEN(same); i++)
		ck_assert_msg(hash_of(same[i]) == base, "%s", same[i]);
	for (size_t i = 0; i < NV_LEN(restarts); i++) {
		seen[i] = hash_of(restarts[i]);
		ck_assert_msg(seen[i] != base, "%s", restarts[i]);
		for (size_t k = 0; k < i; k++)
			ck_assert_msg(
				seen[k] != seen[i], "%s, %s", restarts[k], restarts[i]);
	}
}
END_TEST

START_TEST(test_param_json)
{
	static const char *const rows[][2] = {{"1", "1"}, {"-0.5", "-0.5"},
		{"1e5", "1e5"}, {"true", "true"}, {"false", "false"},
		{"null", "\"null\""}, {"", "\"\""}, {"01", "\"01\""}, {"+1", "\"+1\""},
		{"1.", "\"1.\""}, {".5", "\".5\""}, {"1e", "\"1e\""}, {"NaN", "\"NaN\""},
		{"30s", "\"30s\""}, {"a\"b\\c\n", "\"a\\\"b\\\\c\\n\""}, {"-", "\"-\""}};
	struct nv_buf buf;

	nv_buf_init(&buf, 1000);
	for (size_t i = 0; i < NV_LEN(rows); i++) {
		nv_buf_clear(&buf);
		nv_conf_param_json(&buf, rows[i][0]);
		ck_assert_str_eq(buf.data, rows[i][1]);
	}
	nv_buf_fini(&buf);
}
END_TEST

START_TEST(test_params_too_long)
{
	struct fixture f;
	static char text[100000];
	size_t used = (size_t)snprintf(
		text, sizeof(text), "worker: w\ncommand: [x]\nparams:\n");

	for (int i = 0; i < 40; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
			"  p%d: {choices: [%0150d]}\n", i, i + 1);
	fixture_init(&f, "");
	fixture_worker(&f, "w.yaml", text);
	ck_assert_int_eq(fixture_parse(&f), -EINVAL);
	ck_assert_str_eq(fixture_errors(&f), "w.yaml:4:3: params: the first choice of "
					     "each is more than 4000 bytes in all");
	fixture_fini(&f);
}
END_TEST

/* Each scalar of the whole example, shown, is read back as the same value. */
struct again {
	struct {
		char key[100];
		char value[200];
	} list[NV_OPTIONS_MAX];
	size_t n;
};

static void
on_again(void *arg, const char *key, const char *value, const char *origin)
{
	struct again *a = arg;

	(void)origin;
	if (strncmp(key, "workers.", 8) == 0 || strcmp(key, "currencies") == 0 ||
		strcmp(key, "groups") == 0 || strcmp(value, "none") == 0)
		return;
	ck_assert_uint_lt(a->n, NV_LEN(a->list));
	(void)snprintf(a->list[a->n].key, sizeof(a->list[0].key), "%s", key);
	(void)snprintf(a->list[a->n++].value, sizeof(a->list[0].value), "%s", value);
}

/* "a.b.c" and its value as YAML: a: {b: {c: value}} */
static void
nest(const char *key, const char *value, char *out, size_t out_bytes)
{
	size_t n = 0;
	int depth = 0;

	for (const char *dot; (dot = strchr(key, '.')) != NULL; key = dot + 1, depth++)
		n += (size_t)snprintf(out + n, out_bytes - n,
			"%s%.*s: ", depth ? "{" : "", (int)(dot - key), key);
	n += (size_t)snprintf(
		out + n, out_bytes - n, "%s%s: %s", depth ? "{" : "", key, value);
	while (depth-- > 0)
		n += (size_t)snprintf(out + n, out_bytes - n, "}");
}

START_TEST(test_shown_reads_back)
{
	struct fixture f;
	static struct again a;

	fixture_init(&f, "max_daily_budget: $0.123456789\nmin_roi: 99.9999%\n"
			 "run_interval: 1d1ms\nlogs: {size: 4097B}\nsample: 100ms\n");
	ck_assert_int_eq(nv_config_show(&f.sources, on_again, &a), 0);
	ck_assert_uint_gt(a.n, 20);
	fixture_fini(&f);
	/* One setting at a time, since sections may not repeat. */
	for (size_t i = 0; i < a.n; i++) {
		const char *key = a.list[i].key;
		struct fixture g;
		char line[400];
		char wide[500];

		nest(key, a.list[i].value, line, sizeof(line));
		(void)snprintf(wide, sizeof(wide), "%s%s",
			strcmp(key, "scale_roi") != 0 ? "scale_roi: 1000%\n" : "", line);
		fixture_init(&g, wide);
		ck_assert_msg(fixture_parse(&g) == 0, "%s: %s", line, fixture_errors(&g));
		ck_assert_str_eq(fixture_show(&g, key).value, a.list[i].value);
		fixture_fini(&g);
	}
}
END_TEST

static char *
read_tree_file(const char *name)
{
	const char *source = getenv("NOVA_SOURCE");
	char path[1000];
	char *text = NULL;

	(void)snprintf(
		path, sizeof(path), "%s/%s", source ? source : NOVA_SOURCE_DIR, name);
	ck_assert_msg(
		nv_read_file_at(AT_FDCWD, path, 1 << 20, &text, NULL) == 0, "%s", path);
	return text;
}

/* Put every commented-out setting in force. */
static void
uncomment(char *text)
{
	bool line_start = true;

	for (char *at = text; *at; at++) {
		if (line_start && at[0] == '#' &&
			((at[1] >= 'a' && at[1] <= 'z') || strncmp(at + 1, "  ", 2) == 0))
			*at = at[1] == ' ' ? ' ' : '\n';
		line_start = *at == '\n';
	}
}

START_TEST(test_default_file)
{
	char *text = read_tree_file("etc/nova.yaml");
	struct fixture plain;
	struct fixture full;

	fixture_init(&plain, text);
	ck_assert_msg(fixture_parse(&plain) == 0, "%s", fixture_errors(&plain));
	uncomment(text);
	fixture_init(&full, text);
	ck_assert_msg(fixture_parse(&full) == 0, "%s", fixture_errors(&full));
	for (size_t i = 0; i < nv_options_global_n; i++) {
		const char *key = nv_options_global[i].key;
		struct fixture_shown a = fixture_show(&plain, key);
		struct fixture_shown b = fixture_show(&full, key);

		/* Everything is there, commented out, with its default. */
		ck_assert_msg(strcmp(a.origin, "default") == 0, "%s is in force", key);
		ck_assert_msg(strcmp(b.origin, "default") != 0, "%s is missing", key);
		if (nv_options_global[i].fallback)
			ck_assert_str_eq(a.value, b.value);
	}
	fixture_fini(&plain);
	fixture_fini(&full);
	free(text);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("nv_config");
	TCase *tc = tcase_create("nv_config");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_whole);
	tcase_add_test(tc, test_defaults);
	tcase_add_loop_test(tc, test_worker_good, 0, (int)NV_LEN(worker_good));
	tcase_add_test(tc, test_inherit);
	tcase_add_test(tc, test_many_files);
	tcase_add_test(tc, test_all_errors_at_once);
	tcase_add_test(tc, test_errors_capped);
	tcase_add_test(tc, test_errors_stay);
	tcase_add_test(tc, test_restart_hash);
	tcase_add_test(tc, test_param_json);
	tcase_add_test(tc, test_params_too_long);
	tcase_add_test(tc, test_shown_reads_back);
	tcase_add_test(tc, test_default_file);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
