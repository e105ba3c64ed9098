/* engine.sock: the answers' shapes, bad requests, and clients that misbehave. */
#include "eng_fixture.h"
#include "nv_fd.h"
#include "run_suite.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#define GLOBAL \
	"max_daily_budget: $100\ncurrencies: {EUR: 1.10 USD}\n" \
	"policy: classic\nautonomous: {enabled: true, interval: 1h}\n"

static const char *const workers[] = {"worker: email\ncommand: [a]\ngroup: "
				      "sales\ninstances: {start: 2, min: 1, max: 4}\n",
	"worker: web\ncommand: [a]\ngroup: sales\nkind: service\n",
	"worker: spare\ncommand: [a]\ninstances: {start: 0, min: 0, max: 3}\n", NULL};

static struct eng_fixture f;

static void
setup(void)
{
	eng_fixture_make_dir(&f);
	eng_fixture_open(&f, GLOBAL, workers);
}

static void
teardown(void)
{
	eng_fixture_close(&f);
	eng_fixture_remove_in(f.dir);
}

/* ---- bad requests ---- */

static const struct {
	const char *request;
	int code;
	const char *says;
} bad[] = {
	{"", 2, "not JSON"},
	{"hello", 2, "not JSON"},
	{"[]", 2, "expected an object"},
	{"{}", 2, "verb is missing"},
	{"{\"verb\":7}", 2, "verb is a number, expected a string"},
	{"{\"verb\":\"pign\"}", 2, "did you mean ping"},
	{"{\"verb\":\"ping\",\"verb\":\"ping\"}", 2, "duplicate"},
	{"{\"verb\":\"ping\",\"extra\":1}", 2, "\"extra\""},
	{"{\"verb\":\"ping\",\"args\":[]}", 2, "args: expected an object"},
	{"{\"verb\":\"ping\",\"args\":{\"x\":1}}", 2, "has no argument \"x\""},
	{"{\"verb\":\"kill\",\"args\":{\"wroker\":\"a\"}}", 2, "did you mean worker"},
	{"{\"verb\":\"kill\",\"args\":{}}", 2, "worker is missing"},
	{"{\"verb\":\"kill\",\"args\":{\"worker\":\"emial\"}}", 1, "did you mean email"},
	{"{\"verb\":\"kill\",\"args\":{\"worker\":\"\\u0000\"}}", 2, "not JSON"},
	{"{\"verb\":\"workers.set\",\"args\":{\"action\":\"explode\"}}", 2,
		"expected start, stop, pause or resume"},
	{"{\"verb\":\"workers.set\",\"args\":{\"action\":\"stop\",\"workers\":\"email\"}"
	 "}",
		2, "expected a list"},
	{"{\"verb\":\"workers.set\",\"args\":{\"action\":\"stop\",\"workers\":[7]}}", 2,
		"expected a list of names"},
	{"{\"verb\":\"workers.set\",\"args\":{\"action\":\"pause\",\"workers\":["
	 "\"spare\"]}}",
		1, "nothing to pause"},
	{"{\"verb\":\"workers.scale\",\"args\":{\"worker\":\"email\"}}", 2, "instances"},
	{"{\"verb\":\"workers.scale\",\"args\":{\"worker\":\"email\",\"instances\":5}}",
		1, "1 to 4 instances"},
	{"{\"verb\":\"workers.scale\",\"args\":{\"worker\":\"email\",\"instances\":0}}",
		1, "stop ends it"},
	{"{\"verb\":\"workers.scale\",\"args\":{\"worker\":\"email\",\"instances\":-1}}",
		2, "expected 0 to"},
	{"{\"verb\":\"workers.scale\",\"args\":{\"worker\":\"email\",\"multiplier\":0}}",
		2, "above 0"},
	{"{\"verb\":\"workers.scale\",\"args\":{\"worker\":\"email\",\"multiplier\":"
	 "1e300}}",
		2, "at most 1000"},
	{"{\"verb\":\"workers.scale\",\"args\":{\"worker\":\"email\",\"instances\":2,"
	 "\"multiplier\":2}}",
		2, "not both"},
	{"{\"verb\":\"approve\",\"args\":{\"id\":99}}", 1, "no decision 99"},
	{"{\"verb\":\"approve\",\"args\":{\"id\":\"x\"}}", 2, "number of a decision"},
	{"{\"verb\":\"approve\",\"args\":{}}", 2, "id is missing"},
	{"{\"verb\":\"explain\",\"args\":{\"id\":\"\"}}", 2, "number of a decision"},
	{"{\"verb\":\"explain\",\"args\":{\"id\":99999999999999999999}}", 2, ""},
	{"{\"verb\":\"costs\",\"args\":{\"period\":\"someday\"}}", 2, "expected today"},
	{"{\"verb\":\"costs\",\"args\":{\"by\":\"colour\"}}", 2,
		"expected worker, group"},
	{"{\"verb\":\"costs\",\"args\":{\"period\":\"today\",\"from\":\"2026-01-01\"}}",
		2, "not both"},
	{"{\"verb\":\"roi\",\"args\":{\"target\":\"nobody\"}}", 1, "no such group"},
	{"{\"verb\":\"track\",\"args\":{\"kind\":\"gift\",\"worker\":\"web\","
	 "\"amount\":\"1\"}}",
		2,
		"expected cost, revenue, refund, dispute, fee, payout, conversion or "
		"grant"},
	{"{\"verb\":\"track\",\"args\":{\"kind\":\"refund\",\"worker\":\"web\","
	 "\"amount\":\"1\",\"of\":\"\"}}",
		2, "of is empty"},
	{"{\"verb\":\"track\",\"args\":{\"kind\":\"dispute\",\"worker\":\"web\"}}", 2,
		"amount is missing"},
	{"{\"verb\":\"track\",\"args\":{\"kind\":\"dispute\",\"worker\":\"web\","
	 "\"status\":\"won\"}}",
		2, "of is missing"},
	{"{\"verb\":\"ledger.correct\",\"args\":{\"seq\":1}}", 2, "reason"},
	{"{\"verb\":\"ledger.correct\",\"args\":{\"reason\":\"x\"}}", 2, "seq"},
	{"{\"verb\":\"ledger.correct\",\"args\":{\"seq\":99999999,"
	 "\"reason\":\"x\"}}",
		1, "no such event"},
	{"{\"verb\":\"track\",\"args\":{\"kind\":\"cost\",\"worker\":\"web\","
	 "\"amount\":\"-1\"}}",
		2, "above 0"},
	{"{\"verb\":\"track\",\"args\":{\"kind\":\"cost\",\"worker\":\"web\","
	 "\"amount\":\"0\"}}",
		2, "above 0"},
	{"{\"verb\":\"track\",\"args\":{\"kind\":\"cost\",\"worker\":\"web\","
	 "\"amount\":\"NaN\"}}",
		2, "above 0"},
	{"{\"verb\":\"track\",\"args\":{\"kind\":\"cost\",\"worker\":\"web\","
	 "\"amount\":\"1e400\"}}",
		2, "too large"},
	{"{\"verb\":\"track\",\"args\":{\"kind\":\"cost\",\"worker\":\"web\","
	 "\"amount\":\"0.0000000001\"}}",
		2, "9 decimals"},
	{"{\"verb\":\"track\",\"args\":{\"kind\":\"cost\",\"worker\":\"web\","
	 "\"amount\":0.1}}",
		2, "expected a string"},
	{"{\"verb\":\"track\",\"args\":{\"kind\":\"cost\",\"worker\":\"web\","
	 "\"amount\":\"1\",\"currency\":\"XQZ\"}}",
		2, "currency XQZ is neither a code of ISO 4217 nor declared"},
	{"{\"verb\":\"events\",\"args\":{\"limit\":1000000}}", 2, "limit"},
	{"{\"verb\":\"decisions\",\"args\":{\"since\":\"never\"}}", 2, "not a time"},
	{"{\"verb\":\"autonomous.set\",\"args\":{\"enabled\":\"yes\"}}", 2,
		"true or false"},
};

START_TEST(test_bad_requests)
{
	char *line =
		eng_api_answer(&f.eng, NULL, 0, bad[_i].request, strlen(bad[_i].request));
	json_t *o = json_loads(line, 0, NULL);

	ck_assert_msg(json_is_false(json_object_get(o, "ok")), "%s -> %s",
		bad[_i].request, line);
	ck_assert_msg(json_integer_value(json_object_get(o, "code")) == bad[_i].code,
		"%s -> %s", bad[_i].request, line);
	ck_assert_msg(strstr(eng_fixture_text(o, "error"), bad[_i].says) != NULL,
		"%s -> %s", bad[_i].request, line);
	json_decref(o);
	free(line);
}
END_TEST

/* ---- shapes ---- */

/* Paths that must be there: a dot goes into an object, "[]" into the first row. */
static const struct {
	const char *request;
	const char *paths[24];
} shapes[] = {
	{"{\"verb\":\"ping\"}", {"version", "pid", "uptime_s"}},
	{"{\"verb\":\"summary\"}",
		{"today.cost", "today.revenue", "today.refunds", "today.profit",
			"today.roi_percent", "today.currency", "today.runs",
			"today.failed", "budget.daily", "budget.spent", "budget.reserved",
			"budget.remaining", "budget.percent_used", "decisions.total",
			"decisions.today", "decisions.pending", "pending_approvals",
			"engine.streams", "engine.quarantined", "engine.head_hash"}},
	{"{\"verb\":\"workers.metrics\"}",
		{"workers.[].worker", "workers.[].group", "workers.[].kind",
			"workers.[].desired.state", "workers.[].desired.instances",
			"workers.[].desired.paused", "workers.[].desired.reason",
			"workers.[].desired.by", "workers.[].desired.since",
			"workers.[].desired.epoch", "workers.[].metrics.runs",
			"workers.[].metrics.ok", "workers.[].metrics.failed",
			"workers.[].metrics.cost", "workers.[].metrics.profit",
			"workers.[].metrics.roi_percent", "workers.[].metrics.crashes",
			"workers.[].rejected_events", "workers.[].last_heartbeat",
			"workers.[].last_status", "workers.[].last_error",
			"workers.[].resources.cpu_s", "workers.[].instances"}},
	{"{\"verb\":\"agents\",\"args\":{\"group\":\"sales\"}}",
		{"agents.[].agent", "agents.[].status", "agents.[].metrics.cost"}},
	{"{\"verb\":\"agent\",\"args\":{\"worker\":\"web\"}}",
		{"agent.worker", "agent.budget.daily", "agent.thresholds.min_runs",
			"agent.decisions", "agent.events"}},
	{"{\"verb\":\"autonomous.status\"}",
		{"enabled", "thresholds.min_roi_percent", "thresholds.kill_roi_percent",
			"budget.daily", "budget.percent_used", "decisions.total",
			"decisions.today", "decisions.pending", "pending_approvals"}},
	{"{\"verb\":\"autonomous.run\",\"args\":{\"dry_run\":true}}",
		{"decisions.[].worker", "decisions.[].type", "decisions.[].reason",
			"decisions.[].cost_impact"}},
	{"{\"verb\":\"approvals\"}", {"approvals"}},
	{"{\"verb\":\"decisions\"}", {"decisions"}},
	{"{\"verb\":\"costs\"}", {"period.from", "period.to", "total", "rows.[].key",
					 "rows.[].cost", "rows.[].share_percent"}},
	{"{\"verb\":\"revenue\",\"args\":{\"by\":\"source\"}}",
		{"period.from", "total", "rows.[].key", "rows.[].revenue",
			"rows.[].share_percent"}},
	{"{\"verb\":\"roi\",\"args\":{\"target\":\"sales\"}}",
		{"target", "cost", "revenue", "refunds", "fees", "profit",
			"roi_percent"}},
	{"{\"verb\":\"events\"}",
		{"events.[].seq", "events.[].at", "events.[].kind", "events.[].worker"}},
	{"{\"verb\":\"quarantine\"}", {"quarantine"}},
	{"{\"verb\":\"ledger.stats\"}",
		{"events", "quarantined", "streams", "duplicates_refused", "batches",
			"head_hash", "bytes"}},
};

static const json_t *
at_path(const json_t *o, const char *path)
{
	while (o && *path) {
		char key[60];
		size_t n = strcspn(path, ".");

		(void)snprintf(key, sizeof key, "%.*s", (int)n, path);
		o = strcmp(key, "[]") == 0 ? json_array_get(o, 0)
					   : json_object_get(o, key);
		path += n + (path[n] == '.');
	}
	return o;
}

START_TEST(test_shapes)
{
	eng_fixture_runs(&f, "web", 3, true, "0.10", "0.40");
	const json_t *data = eng_fixture_ask(&f, shapes[_i].request);

	ck_assert_msg(data != NULL, "%s failed", shapes[_i].request);
	for (size_t i = 0; shapes[_i].paths[i]; i++)
		ck_assert_msg(at_path(data, shapes[_i].paths[i]) != NULL, "%s: no %s",
			shapes[_i].request, shapes[_i].paths[i]);
}
END_TEST

START_TEST(test_figures)
{
	const json_t *data;

	eng_fixture_runs(&f, "web", 3, true, "0.10", "0.40");
	eng_fixture_runs(&f, "email", 1, false, "0.05", "0");
	data = eng_fixture_ask(&f, "{\"verb\":\"costs\"}");
	ck_assert_str_eq(eng_fixture_text(data, "total"), "0.35");
	ck_assert_str_eq(json_string_value(at_path(data, "rows.[].key")), "web");
	ck_assert_str_eq(json_string_value(at_path(data, "rows.[].cost")), "0.30");
	data = eng_fixture_ask(&f, "{\"verb\":\"costs\",\"args\":{\"by\":\"group\"}}");
	ck_assert_str_eq(json_string_value(at_path(data, "rows.[].key")), "sales");
	ck_assert_str_eq(json_string_value(at_path(data, "rows.[].cost")), "0.35");
	data = eng_fixture_ask(&f, "{\"verb\":\"costs\",\"args\":{\"by\":\"category\"}}");
	ck_assert_str_eq(eng_fixture_text(data, "total"), "0.35");
	data = eng_fixture_ask(&f, "{\"verb\":\"roi\",\"args\":{\"target\":\"web\"}}");
	ck_assert_str_eq(eng_fixture_text(data, "profit"), "0.90");
	ck_assert(json_real_value(json_object_get(data, "roi_percent")) > 299.9);
	data = eng_fixture_ask(&f, "{\"verb\":\"roi\",\"args\":{\"target\":\"spare\"}}");
	ck_assert(json_is_null(json_object_get(data, "roi_percent")));
	data = eng_fixture_ask(&f, "{\"verb\":\"summary\"}");
	ck_assert_str_eq(json_string_value(at_path(data, "today.cost")), "0.35");
	ck_assert_int_eq(json_integer_value(at_path(data, "today.failed")), 1);
	eng_fixture_turn(&f);
	data = eng_fixture_ask(&f, "{\"verb\":\"summary\"}");
	ck_assert_str_eq(json_string_value(at_path(data, "budget.spent")), "0.35");
	ck_assert_str_eq(json_string_value(at_path(data, "budget.remaining")), "99.65");
}
END_TEST

START_TEST(test_track)
{
	static const char request[] =
		"{\"verb\":\"track\",\"args\":{\"kind\":\"revenue\",\"worker\":\"web\","
		"\"amount\":\"12.50\",\"source\":\"shop\",\"id\":\"order-1\"}}";
	const json_t *data = eng_fixture_ask(&f, request);
	json_int_t seq = json_integer_value(json_object_get(data, "seq"));

	ck_assert_int_gt(seq, 0);
	ck_assert(json_is_false(json_object_get(data, "duplicate")));
	data = eng_fixture_ask(&f, request);
	ck_assert_int_eq(json_integer_value(json_object_get(data, "seq")), seq);
	ck_assert(json_is_true(json_object_get(data, "duplicate")));
	/* the same id with another amount is no duplicate */
	ck_assert_ptr_null(eng_fixture_ask(&f,
		"{\"verb\":\"track\",\"args\":{\"kind\":\"revenue\",\"worker\":\"web\","
		"\"amount\":\"13.50\",\"source\":\"shop\",\"id\":\"order-1\"}}"));
	/* money in another declared currency counts in the base currency */
	ck_assert_ptr_nonnull(eng_fixture_ask(&f,
		"{\"verb\":\"track\",\"args\":{\"kind\":\"cost\",\"worker\":\"web\","
		"\"amount\":\"10\",\"currency\":\"EUR\"}}"));
	data = eng_fixture_ask(&f, "{\"verb\":\"roi\",\"args\":{\"target\":\"web\"}}");
	ck_assert_str_eq(eng_fixture_text(data, "revenue"), "12.50");
	ck_assert_str_eq(eng_fixture_text(data, "cost"), "11.00");
	ck_assert_int_eq((int64_t)eng_worker_find(&f.eng, "web")->totals.cost,
		INT64_C(11000000000));
	/* after a restart as well */
	eng_fixture_close(&f);
	eng_fixture_open(&f, GLOBAL, workers);
	data = eng_fixture_ask(&f, request);
	ck_assert(json_is_true(json_object_get(data, "duplicate")));
}
END_TEST

static const char *
unconverted(const char *request, const char *path, const char *key)
{
	const json_t *data = eng_fixture_ask(&f, request);
	const json_t *list = path[0] ? at_path(data, path) : data;

	list = json_object_get(list, "unconverted");
	ck_assert_uint_eq(json_array_size(list), 1);
	ck_assert_str_eq(eng_fixture_text(json_array_get(list, 0), "currency"), "GBP");
	return eng_fixture_text(json_array_get(list, 0), key);
}

/* Pounds have no rate: they are in no sum, and every answer with a sum says so. */
START_TEST(test_unconverted)
{
	static const char summary[] = "{\"verb\":\"summary\"}";
	static const char web[] = "{\"verb\":\"roi\",\"args\":{\"target\":\"web\"}}";
	static const char sales[] = "{\"verb\":\"roi\",\"args\":{\"target\":\"sales\"}}";
	static const char agent[] = "{\"verb\":\"agent\",\"args\":{\"worker\":\"web\"}}";
	static const char revenue[] =
		"{\"verb\":\"revenue\",\"args\":{\"by\":\"source\"}}";
	const json_t *data = at_path(eng_fixture_ask(&f, summary), "today");

	ck_assert_ptr_null(json_object_get(data, "unconverted"));
	ck_assert_ptr_nonnull(eng_fixture_ask(&f,
		"{\"verb\":\"track\",\"args\":{\"kind\":\"revenue\",\"worker\":\"web\","
		"\"amount\":\"5\",\"currency\":\"GBP\"}}"));
	ck_assert_ptr_nonnull(eng_fixture_ask(&f,
		"{\"verb\":\"track\",\"args\":{\"kind\":\"refund\",\"worker\":\"email\","
		"\"amount\":\"2\",\"currency\":\"GBP\"}}"));
	ck_assert_str_eq(unconverted(summary, "today", "revenue"), "5.00");
	ck_assert_str_eq(unconverted(summary, "today", "refunds"), "2.00");
	ck_assert_str_eq(unconverted(agent, "agent.metrics", "revenue"), "5.00");
	ck_assert_str_eq(unconverted(web, "", "refunds"), "0.00");
	ck_assert_str_eq(unconverted(sales, "", "refunds"), "2.00"); /* the group */
	ck_assert_str_eq(unconverted(sales, "", "revenue"), "5.00");
	ck_assert_str_eq(unconverted(revenue, "", "revenue"), "5.00");
	data = eng_fixture_ask(&f, revenue);
	ck_assert_str_eq(eng_fixture_text(data, "total"), "0.00");
	ck_assert(json_is_true(json_object_get(data, "unconverted_money")));
	/* No cost is left out, so that sum is whole. */
	data = eng_fixture_ask(&f, "{\"verb\":\"costs\"}");
	ck_assert_ptr_null(json_object_get(data, "unconverted"));
	ck_assert(json_is_false(json_object_get(data, "unconverted_money")));
}
END_TEST

START_TEST(test_set_and_scale)
{
	const json_t *data = eng_fixture_ask(
		&f, "{\"verb\":\"workers.set\",\"args\":{\"action\":\"stop\"}}");

	ck_assert_uint_eq(json_array_size(json_object_get(data, "workers")), 3);
	ck_assert_int_eq(eng_worker_find(&f.eng, "email")->desire.want, ENG_WANT_STOPPED);
	ck_assert_int_eq(
		eng_worker_find(&f.eng, "spare")->desire.want, ENG_WANT_UNDEPLOYED);
	ck_assert_ptr_nonnull(eng_fixture_ask(
		&f, "{\"verb\":\"workers.set\",\"args\":{\"action\":\"start\"}}"));
	ck_assert_int_eq(eng_worker_find(&f.eng, "email")->desire.want, ENG_WANT_RUNNING);
	ck_assert_uint_eq(eng_desire_instances(eng_worker_find(&f.eng, "email")), 2);
	ck_assert_int_eq(/* the catalogue is not started with the rest */
		eng_worker_find(&f.eng, "spare")->desire.want, ENG_WANT_UNDEPLOYED);
	data = eng_fixture_ask(&f, "{\"verb\":\"workers.scale\",\"args\":{\"worker\":"
				   "\"email\",\"multiplier\":1.5}}");
	ck_assert_int_eq(json_integer_value(at_path(data, "workers.[].instances")), 3);
	data = eng_fixture_ask(
		&f, "{\"verb\":\"deploy\",\"args\":{\"worker\":\"spare\"}}");
	ck_assert_str_eq(json_string_value(at_path(data, "workers.[].state")), "running");
	data = eng_fixture_ask(
		&f, "{\"verb\":\"undeploy\",\"args\":{\"worker\":\"spare\"}}");
	ck_assert_str_eq(
		json_string_value(at_path(data, "workers.[].state")), "undeployed");
	/* One bad name among good ones: nothing is changed. */
	ck_assert_ptr_null(eng_fixture_ask(&f,
		"{\"verb\":\"workers.set\",\"args\":{\"action\":\"stop\","
		"\"workers\":[\"email\",\"nobody\"]}}"));
	ck_assert_int_eq(eng_worker_find(&f.eng, "email")->desire.want, ENG_WANT_RUNNING);
	eng_fixture_close(&f);
	eng_fixture_open(&f, GLOBAL, workers);
	ck_assert_uint_eq(eng_desire_instances(eng_worker_find(&f.eng, "email")), 3);
	ck_assert_int_eq(
		eng_worker_find(&f.eng, "spare")->desire.want, ENG_WANT_UNDEPLOYED);
}
END_TEST

/* ---- the socket ---- */

static int
dial(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	(void)snprintf(addr.sun_path, sizeof addr.sun_path, "%s/engine.sock", f.dir);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&addr, sizeof addr), 0);
	return fd;
}

/* Let the engine work and read what comes, until `lines` lines are there or the engine
 * closes. Returns the number of lines. */
static unsigned
listen_for(int fd, unsigned lines, char *text, size_t text_bytes, bool *ret_closed)
{
	size_t used = 0;
	unsigned n = 0;

	*ret_closed = false;
	for (int turn = 0; turn < 20000 && n < lines; turn++) {
		ev_run(f.eng.loop, EVRUN_NOWAIT);
		ssize_t got = recv(fd, text + used, text_bytes - used - 1, 0);

		if (got == 0 || (got < 0 && errno != EAGAIN)) {
			*ret_closed = true;
			break;
		}
		for (ssize_t i = 0; i < got; i++)
			n += text[used + (size_t)i] == '\n';
		used += got > 0 ? (size_t)got : 0;
	}
	text[used] = '\0';
	return n;
}

static void
say(int fd, const char *text)
{
	ck_assert_int_eq(
		send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

START_TEST(test_socket)
{
	static char text[1 << 20];
	bool closed;
	struct nv_err err = {0};

	ck_assert_msg(eng_api_open(&f.eng, &err) == 0, "%s", err.text);
	NV_CLEANUP_FD fd = dial();

	/* byte by byte */
	for (const char *at = "{\"verb\":\"ping\"}\n"; *at; at++) {
		char one[2] = {*at, '\0'};

		say(fd, one);
		ev_run(f.eng.loop, EVRUN_NOWAIT);
	}
	ck_assert_uint_eq(listen_for(fd, 1, text, sizeof text, &closed), 1);
	ck_assert_ptr_nonnull(strstr(text, "\"ok\":true"));
	/* several at once, a bad one among them */
	say(fd, "{\"verb\":\"ping\"}\ngarbage\n{\"verb\":\"summary\"}\n");
	ck_assert_uint_eq(listen_for(fd, 3, text, sizeof text, &closed), 3);
	ck_assert_ptr_nonnull(strstr(text, "\"code\":2"));
	/* binary garbage is answered like any other line */
	ck_assert_int_eq(send(fd, "\0\xff\xfe\n", 4, MSG_NOSIGNAL), 4);
	ck_assert_uint_eq(listen_for(fd, 1, text, sizeof text, &closed), 1);
	ck_assert(!closed);
	/* one that hangs up in the middle of a line */
	int rude = dial();

	say(rude, "{\"verb\":");
	ev_run(f.eng.loop, EVRUN_NOWAIT);
	(void)close(rude);
	ev_run(f.eng.loop, EVRUN_NOWAIT);
	say(fd, "{\"verb\":\"ping\"}\n");
	ck_assert_uint_eq(listen_for(fd, 1, text, sizeof text, &closed), 1);
}
END_TEST

START_TEST(test_line_too_long)
{
	static char text[1 << 20];
	static char flood[80000];
	bool closed;
	size_t sent = 0;
	struct nv_err err = {0};

	ck_assert_int_eq(eng_api_open(&f.eng, &err), 0);
	NV_CLEANUP_FD fd = dial();

	memset(flood, 'a', sizeof flood);
	while (sent < sizeof flood) {
		ssize_t n = send(fd, flood + sent, sizeof flood - sent, MSG_NOSIGNAL);

		if (n < 0 && errno != EAGAIN)
			break; /* the engine has had enough */
		sent += n > 0 ? (size_t)n : 0;
		ev_run(f.eng.loop, EVRUN_NOWAIT);
	}
	(void)listen_for(fd, 2, text, sizeof text, &closed);
	ck_assert_ptr_nonnull(strstr(text, "at most 65536 bytes"));
	ck_assert(closed);
	/* a line of exactly the limit is still one */
	NV_CLEANUP_FD again = dial();

	memset(flood, ' ', ENG_API_LINE_BYTES_MAX);
	memcpy(flood, "{\"verb\":\"ping\"}", 15);
	flood[ENG_API_LINE_BYTES_MAX] = '\n';
	for (sent = 0; sent < ENG_API_LINE_BYTES_MAX + 1;) {
		ssize_t n = send(again, flood + sent, ENG_API_LINE_BYTES_MAX + 1 - sent,
			MSG_NOSIGNAL);

		ck_assert(n > 0 || errno == EAGAIN);
		sent += n > 0 ? (size_t)n : 0;
		ev_run(f.eng.loop, EVRUN_NOWAIT);
	}
	ck_assert_uint_eq(listen_for(again, 1, text, sizeof text, &closed), 1);
	ck_assert_ptr_nonnull(strstr(text, "\"ok\":true"));
}
END_TEST

START_TEST(test_reader_that_does_not_read)
{
	static char text[1 << 20];
	bool closed;
	struct nv_err err = {0};
	int fds[ENG_API_CLIENTS_MAX];

	eng_fixture_runs(&f, "web", 2000, true, "0.10", "0.40");
	ck_assert_int_eq(eng_api_open(&f.eng, &err), 0);
	NV_CLEANUP_FD slow = dial();

	/* Much more than the socket holds, and never reads. */
	for (int i = 0; i < 50; i++) {
		static const char request[] =
			"{\"verb\":\"events\",\"args\":{\"limit\":5000}}\n";
		ssize_t n = send(slow, request, sizeof request - 1, MSG_NOSIGNAL);

		ck_assert(n > 0 || errno == EAGAIN);
		ev_run(f.eng.loop, EVRUN_NOWAIT);
	}
	NV_CLEANUP_FD fd = dial();

	say(fd, "{\"verb\":\"ping\"}\n");
	ck_assert_uint_eq(listen_for(fd, 1, text, sizeof text, &closed), 1);
	/* More than one process may have: told so, and the others live. */
	for (size_t i = 0; i < NV_LEN(fds); i++) {
		fds[i] = dial();
		ev_run(f.eng.loop, EVRUN_NOWAIT);
	}
	(void)listen_for(fds[NV_LEN(fds) - 1], 2, text, sizeof text, &closed);
	ck_assert_ptr_nonnull(strstr(text, "too many connections of this process"));
	ck_assert(closed);
	for (size_t i = 0; i < NV_LEN(fds); i++)
		(void)close(fds[i]);
	say(fd, "{\"verb\":\"ping\"}\n");
	ck_assert_uint_eq(listen_for(fd, 1, text, sizeof text, &closed), 1);
	/* Now it reads after all: every answer is whole. */
	static char big[64 << 20];
	unsigned lines = listen_for(slow, 2, big, sizeof big, &closed);

	ck_assert_uint_ge(lines, 1);
	char *end = strchr(big, '\n');

	*end = '\0';
	json_t *o = json_loads(big, 0, NULL);

	ck_assert_uint_eq(json_array_size(at_path(o, "data.events")), 5000);
	json_decref(o);
}
END_TEST

/* A process that takes every place it can get, silent or following. */
NV_NORETURN static void
hog(const char *path, int ready_fd, bool follows)
{
	static const char request[] = "{\"verb\":\"events.follow\"}\n";

	for (int i = 0; i < ENG_API_OF_ONE_MAX; i++) {
		struct sockaddr_un addr = {.sun_family = AF_UNIX};
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

		(void)snprintf(addr.sun_path, sizeof addr.sun_path, "%s", path);
		if (connect(fd, (const struct sockaddr *)&addr, sizeof addr) < 0)
			_exit(1);
		if (follows && send(fd, request, sizeof request - 1, MSG_NOSIGNAL) < 0)
			_exit(1);
	}
	if (write(ready_fd, "r", 1) != 1)
		_exit(1);
	for (;;)
		(void)pause();
}

static pid_t
hog_start(bool follows)
{
	char path[128];
	int fds[2];
	char byte = 0;

	(void)snprintf(path, sizeof path, "%s/engine.sock", f.dir);
	ck_assert_int_eq(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
	pid_t pid = fork();

	if (pid == 0) {
		leave_check(fds[1]);
		hog(path, fds[1], follows);
	}
	ck_assert_int_gt(pid, 0);
	while (read(fds[0], &byte, 1) != 1)
		ev_run(f.eng.loop, EVRUN_NOWAIT);
	for (int i = 0; i < 200; i++) /* every one of them accepted */
		ev_run(f.eng.loop, EVRUN_NOWAIT);
	(void)close(fds[0]);
	(void)close(fds[1]);
	return pid;
}

static void
hog_end(pid_t pid)
{
	(void)kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

static void
until_served(void)
{
	char text[4096];
	bool closed;
	bool served = false;

	while (!served) {
		NV_CLEANUP_FD fd = dial();

		say(fd, "{\"verb\":\"ping\"}\n");
		(void)listen_for(fd, 1, text, sizeof text, &closed);
		served = strstr(text, "\"ok\":true") != NULL;
		ck_assert(served || strstr(text, "too many connections"));
	}
}

/* Two that hold every place: idle ones give theirs up, followers keep it. */
START_TEST(test_places)
{
	static char text[1 << 20];
	bool closed;
	struct nv_err err = {0};

	ck_assert_int_eq(eng_api_open(&f.eng, &err), 0);
	pid_t idle = hog_start(false);
	pid_t busy = hog_start(true);

	until_served(); /* they have been idle for a second then */
	hog_end(idle);
	pid_t more = hog_start(true);
	NV_CLEANUP_FD refused = dial();

	(void)listen_for(refused, 2, text, sizeof text, &closed);
	ck_assert_ptr_nonnull(strstr(text, "too many connections"));
	ck_assert(closed);
	hog_end(busy);
	until_served();
	hog_end(more);
}
END_TEST

START_TEST(test_follow)
{
	static char text[4 << 20];
	bool closed;
	struct nv_err err = {0};

	ck_assert_int_eq(eng_api_open(&f.eng, &err), 0);
	NV_CLEANUP_FD fd = dial();

	say(fd, "{\"verb\":\"events.follow\",\"args\":{\"worker\":\"web\"}}\n");
	ck_assert_uint_eq(listen_for(fd, 1, text, sizeof text, &closed), 1);
	ck_assert_ptr_nonnull(strstr(text, "\"events\":[]"));
	eng_fixture_runs(&f, "email", 1, true, "0.10", "0");
	eng_fixture_runs(&f, "web", 1, true, "0.20", "0");
	ck_assert_uint_eq(listen_for(fd, 1, text, sizeof text, &closed), 1);
	ck_assert_ptr_nonnull(strstr(text, "0.20"));
	ck_assert_ptr_null(strstr(text, "0.10"));
	/* From the first one on, in pages, each event once and in order. */
	NV_CLEANUP_FD all = dial();

	eng_fixture_runs(&f, "web", 700, true, "0.01", "0.02");
	say(all, "{\"verb\":\"events.follow\",\"args\":{\"since_seq\":1}}\n");
	uint64_t seen = 0;
	size_t used = 0;

	for (int turn = 0; turn < 20000 && seen < 2104; turn++) {
		char *end;

		ev_run(f.eng.loop, EVRUN_NOWAIT);
		ssize_t n = recv(all, text + used, sizeof text - used - 1, 0);

		used += n > 0 ? (size_t)n : 0;
		text[used] = '\0';
		while ((end = memchr(text, '\n', used))) {
			json_t *o = json_loadb(text, (size_t)(end - text), 0, NULL);
			size_t i;
			json_t *ev;

			json_array_foreach(at_path(o, "data.events"), i, ev)
			{
				ck_assert_int_eq(
					json_integer_value(json_object_get(ev, "seq")),
					(json_int_t)seen + 1);
				seen++;
			}
			json_decref(o);
			used -= (size_t)(end + 1 - text);
			memmove(text, end + 1, used);
		}
	}
	ck_assert_uint_eq(seen, 2104);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("api");
	TCase *c = tcase_create("requests");
	TCase *s = tcase_create("socket");

	tcase_set_timeout(c, 30);
	tcase_set_timeout(s, 60);
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_loop_test(c, test_bad_requests, 0, NV_LEN(bad));
	tcase_add_loop_test(c, test_shapes, 0, NV_LEN(shapes));
	tcase_add_test(c, test_figures);
	tcase_add_test(c, test_track);
	tcase_add_test(c, test_unconverted);
	tcase_add_test(c, test_set_and_scale);
	tcase_add_checked_fixture(s, setup, teardown);
	tcase_add_test(s, test_socket);
	tcase_add_test(s, test_line_too_long);
	tcase_add_test(s, test_reader_that_does_not_read);
	tcase_add_test(s, test_follow);
	tcase_add_test(s, test_places);
	suite_add_tcase(suite, c);
	suite_add_tcase(suite, s);
	return run_suite(suite);
}
