/* How long the engine takes for what the face asks, with many workers and a long ledger:
 *
 *   bench_face_verbs LEDGER_DIR [WORKERS] [TIMES] [VERB]   (default 1000 21, all)
 *
 * LEDGER_DIR: one that bench_ledger_years has written with as many workers. The engine's
 * own code answers inside this process, so what is measured is the time in which the
 * intake waits. Each verb is asked TIMES times; between two times one worker has
 * committed an event, as in a fleet that lives. Prints the first, the middle and the
 * slowest time, the middle processor time (what counts on a machine with others on it)
 * and the bytes of the answer. */
#include "api.h"
#include "count.h"
#include "decide.h"
#include "intake.h"
#include "judge.h"
#include "nv_clock.h"
#include "nv_log.h"
#include "txn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { WORKERS_MAX = 1000, TIMES_MAX = 1001 };

static struct eng eng;
static struct nv_conf_source sources[WORKERS_MAX + 1];
static int64_t took[TIMES_MAX];
static int64_t used[TIMES_MAX];

/* main.c's. */
NV_NORETURN void
eng_ledger_trouble(struct eng *e, const char *what)
{
	(void)e;
	(void)fprintf(stderr, "face_verbs: %s\n", what);
	exit(1);
}

NV_NORETURN static void
fail(const char *what, const struct nv_err *err)
{
	(void)fprintf(stderr, "face_verbs: %s: %s\n", what, err ? err->text : "");
	exit(1);
}

static char *
copy(const char *text)
{
	char *own = strdup(text);

	if (!own)
		fail("no memory", NULL);
	return own;
}

static void
add_source(size_t i, enum nv_source_kind kind, const char *name, const char *text)
{
	sources[i] = (struct nv_conf_source){
		.kind = kind, .name = copy(name), .text = copy(text)};
	sources[i].bytes = strlen(text);
}

static void
configure(unsigned n)
{
	struct nv_conf_sources all = {.list = sources,
		.n = n + 1,
		.from_snapshot = true,
		.uid = 1000,
		.dir = "/etc/nova"};
	struct nv_conf_errors errs = {0};

	add_source(0, NV_SOURCE_MAIN, "nova.yaml", "max_daily_budget: $100000\n");
	for (unsigned i = 0; i < n; i++) {
		char name[64];
		char text[128];

		(void)snprintf(name, sizeof name, "workers.d/agent_%u.yaml", i);
		(void)snprintf(text, sizeof text,
			"worker: agent_%u\ncommand: [a]\ngroup: group_%u\n", i, i % 20);
		add_source(i + 1, NV_SOURCE_WORKER, name, text);
	}
	if (nv_config_parse(&all, &eng.config, &errs) < 0) {
		(void)fprintf(stderr, "face_verbs: %s\n",
			errs.n ? errs.list[0].text : "the configuration");
		exit(1);
	}
}

static void
open_engine(const char *dir, const char *run_dir)
{
	struct led_options opt = {.boot_id = 1};
	struct nv_err err = {0};
	int64_t began = nv_mono_ns();

	eng.sup.fd = -1;
	eng.loop = ev_loop_new(EVFLAG_AUTO);
	eng.started_mono_ns = began;
	(void)snprintf(eng.run_dir, sizeof eng.run_dir, "%s", run_dir);
	(void)snprintf(eng.state_dir, sizeof eng.state_dir, "%s", run_dir);
	if (led_open(dir, &opt, &eng.led, &err) < 0)
		fail("the ledger", &err);
	if (eng_intake_open(&eng) < 0 || eng_fleet_load(&eng, &err) < 0 ||
		eng_decide_open(&eng, &err) < 0)
		fail("the engine", &err);
	(void)printf("opened in %.2f s\n", (double)(nv_mono_ns() - began) / 1e9);
	/* The decision core has read the ledger before it can be asked. */
	while (!eng_judge_pol(&eng))
		ev_run(eng.loop, EVRUN_ONCE);
	(void)printf("ready after %.2f s\n", (double)(nv_mono_ns() - began) / 1e9);
	if (eng_count_open(&eng) < 0)
		fail("the counts", NULL);
	while (!eng_count_fresh(&eng))
		ev_run(eng.loop, EVRUN_ONCE);
	(void)printf("counted after %.2f s\n", (double)(nv_mono_ns() - began) / 1e9);
}

/* One cost of one worker. */
static void
one_event(unsigned i)
{
	struct eng_txn txn;
	char name[64];

	(void)snprintf(name, sizeof name, "agent_%u", i);
	struct eng_worker *w = eng_worker_find(&eng, name);

	if (!w)
		fail(name, NULL);
	eng_txn_begin(&eng, &txn);
	struct led_event ev = {.kind = LED_COST,
		.worker = eng_txn_worker(&eng, &txn, w),
		.claimed_ns = txn.now_ns,
		.received_ns = txn.now_ns,
		.line = "{}",
		.line_bytes = 2};

	if (led_batch_post(txn.batch, &ev, LED_CODE_COST, "api", 3, 1000000,
		    eng_txn_currency(&eng, &txn, "USD")) < 0 ||
		eng_txn_event(&eng, &txn, w, &ev, NULL) < 0)
		fail("an event", NULL);
	eng_txn_commit(&eng, &txn);
}

static int
by_length(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a;
	int64_t y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Of this thread: what others on the machine take is not in it. */
static int64_t
processor_ns(void)
{
	struct timespec t = {0};

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * NV_NS_PER_SEC + t.tv_nsec;
}

static void
measure(const char *name, const char *request, unsigned n_workers, unsigned times)
{
	size_t bytes = 0;

	for (unsigned i = 0; i < times; i++) {
		one_event(i * 7919 % n_workers);
		(void)eng_intake_flush(&eng);
		int64_t began = nv_mono_ns();
		int64_t began_cpu = processor_ns();
		char *line = eng_api_answer(&eng, NULL, 0, request, strlen(request));

		used[i] = processor_ns() - began_cpu;
		took[i] = nv_mono_ns() - began;
		if (!line || strncmp(line, "{\"ok\":true", 10) != 0) {
			(void)fprintf(stderr, "face_verbs: %s: %.200s\n", request,
				line ? line : "no memory");
			exit(1);
		}
		bytes = strlen(line);
		free(line);
	}
	int64_t first = took[0];
	unsigned middle = times / 2;

	qsort(took, times, sizeof took[0], by_length);
	qsort(used, times, sizeof used[0], by_length);
	(void)printf("%-22s first %8.3f ms   middle %8.3f ms (processor %8.3f ms)   "
		     "slowest %8.3f ms %9zu B\n",
		name, (double)first / 1e6, (double)took[middle] / 1e6,
		(double)used[middle] / 1e6, (double)took[times - 1] / 1e6, bytes);
}

static const struct {
	const char *name;
	const char *request;
} questions[] = {
	{"ping", "{\"verb\":\"ping\"}"},
	{"overview", "{\"verb\":\"overview\"}"},
	{"sparklines", "{\"verb\":\"sparklines\"}"},
	{"workers.metrics brief",
		"{\"verb\":\"workers.metrics\",\"args\":{\"brief\":true}}"},
	{"workers.metrics", "{\"verb\":\"workers.metrics\"}"},
	{"summary", "{\"verb\":\"summary\"}"},
	{"agents", "{\"verb\":\"agents\"}"},
	{"agent", "{\"verb\":\"agent\",\"args\":{\"worker\":\"agent_3\"}}"},
	{"pnl today", "{\"verb\":\"pnl\"}"},
	{"pnl year", "{\"verb\":\"pnl\",\"args\":{\"period\":\"365d\"}}"},
	{"pnl by worker",
		"{\"verb\":\"pnl\",\"args\":{\"period\":\"30d\",\"by\":\"worker\"}}"},
	{"pnl of a worker",
		"{\"verb\":\"pnl\",\"args\":{\"period\":\"365d\",\"target\":\"agent_3\"}"
		"}"},
	{"timeline year",
		"{\"verb\":\"timeline\",\"args\":{\"period\":\"365d\",\"by\":\"day\"}}"},
	{"timeline of a worker",
		"{\"verb\":\"timeline\",\"args\":{\"period\":\"365d\",\"by\":\"day\","
		"\"target\":\"agent_3\"}}"},
	{"timeline of a group",
		"{\"verb\":\"timeline\",\"args\":{\"period\":\"30d\",\"by\":\"day\","
		"\"target\":\"group_3\"}}"},
	{"cashflow year",
		"{\"verb\":\"cashflow\",\"args\":{\"period\":\"365d\",\"by\":\"day\"}}"},
	{"cohorts", "{\"verb\":\"cohorts\"}"},
	{"reinvest", "{\"verb\":\"reinvest\"}"},
	{"quality", "{\"verb\":\"quality\"}"},
	{"costs by category",
		"{\"verb\":\"costs\",\"args\":{\"period\":\"30d\",\"by\":\"category\"}}"},
	{"revenue by source",
		"{\"verb\":\"revenue\",\"args\":{\"period\":\"30d\",\"by\":\"source\"}}"},
	{"performers", "{\"verb\":\"performers\"}"},
	{"forecast", "{\"verb\":\"forecast\"}"},
	{"budget", "{\"verb\":\"budget\"}"},
	{"decisions", "{\"verb\":\"decisions\"}"},
	{"decisions of a worker",
		"{\"verb\":\"decisions\",\"args\":{\"worker\":\"agent_3\"}}"},
	{"approvals", "{\"verb\":\"approvals\"}"},
	{"calibration", "{\"verb\":\"decisions.calibration\"}"},
	{"figures", "{\"verb\":\"figures\"}"},
	{"events", "{\"verb\":\"events\",\"args\":{\"limit\":100}}"},
	{"events of a worker",
		"{\"verb\":\"events\",\"args\":{\"worker\":\"agent_3\",\"limit\":50}}"},
	{"why", "{\"verb\":\"why\",\"args\":{\"worker\":\"agent_3\"}}"},
	{"quarantine", "{\"verb\":\"quarantine\"}"},
	{"webhooks", "{\"verb\":\"webhooks\"}"},
	{"incidents", "{\"verb\":\"incidents\"}"},
	{"anomalies", "{\"verb\":\"anomalies\"}"},
	{"ledger.stats", "{\"verb\":\"ledger.stats\"}"},
};

int
main(int argc, char **argv)
{
	char run_dir[] = "/tmp/nova-face-verbs.XXXXXX";
	unsigned n = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : WORKERS_MAX;
	unsigned times = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 21;
	const char *only = argc > 4 ? argv[4] : NULL;

	if (argc < 2 || argc > 5 || n == 0 || n > WORKERS_MAX || times == 0 ||
		times > TIMES_MAX) {
		(void)fprintf(stderr,
			"usage: face_verbs LEDGER_DIR [WORKERS] [TIMES] [VERB]\n");
		return 2;
	}
	if (!mkdtemp(run_dir))
		fail("a directory in /tmp", NULL);
	(void)setenv("NOVA_LOG_LEVEL", "error", 0);
	nv_log_init("bench");
	configure(n);
	open_engine(argv[1], run_dir);
	for (size_t i = 0; i < NV_LEN(questions); i++) {
		if (!only || strcmp(only, questions[i].name) == 0)
			measure(questions[i].name, questions[i].request, n, times);
	}
	char cache[sizeof eng.count->path];

	(void)snprintf(cache, sizeof cache, "%s", eng.count->path);
	eng_count_close(&eng);
	(void)unlink(cache);
	eng_decide_close(&eng);
	eng_intake_close(&eng);
	eng_fleet_free(&eng);
	led_close(eng.led);
	(void)rmdir(run_dir);
	return 0;
}
