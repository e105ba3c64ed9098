/* An engine without novasupd: a ledger in a directory of its own, a configuration from
 * text, workers, decisions and the answers of engine.sock. Closing and opening it
 * again is what a restart is. */
#ifndef ENG_FIXTURE_H
#define ENG_FIXTURE_H

#include "api.h"
#include "conf_fixture.h"
#include "decide.h"
#include "fleet.h"
#include "intake.h"
#include "nv_clock.h"
#include "nv_log.h"
#include "resource.h"
#include "txn.h"

#include <dirent.h>
#include <unistd.h>

/* main.c's: a test dies of it. */
NV_NORETURN void
eng_ledger_trouble(struct eng *eng, const char *what)
{
	(void)eng;
	(void)fprintf(stderr, "# ledger trouble: %s\n", what);
	abort();
}

struct eng_fixture {
	struct eng eng;
	struct fixture conf;
	char dir[64];
	struct eng_instance up[64];
};

static inline void
eng_fixture_open(struct eng_fixture *f, const char *global, const char *const *workers)
{
	struct nv_err err = {0};
	struct led_options opt = {.map_bytes = (uint64_t)64 << 20, .boot_id = 1};
	char path[128];

	(void)setenv("NOVA_LOG_LEVEL", "error", 0);
	nv_log_init("test");
	fixture_init(&f->conf, global);
	for (size_t i = 0; workers[i]; i++) {
		char name[64];

		(void)snprintf(name, sizeof name, "workers.d/%zu.yaml", i);
		fixture_worker(&f->conf, name, workers[i]);
	}
	ck_assert_msg(fixture_parse(&f->conf) == 0, "%s", fixture_errors(&f->conf));
	memset(&f->eng, 0, sizeof f->eng);
	f->eng.sup.fd = -1;
	f->eng.loop = ev_loop_new(EVFLAG_AUTO);
	f->eng.config = f->conf.config;
	f->eng.started_mono_ns = nv_mono_ns();
	(void)snprintf(path, sizeof path, "%s/ledger", f->dir);
	(void)snprintf(f->eng.run_dir, sizeof f->eng.run_dir, "%s", f->dir);
	(void)snprintf(f->eng.state_dir, sizeof f->eng.state_dir, "%s", f->dir);
	ck_assert_msg(led_open(path, &opt, &f->eng.led, &err) == 0, "%s", err.text);
	ck_assert_int_eq(eng_intake_open(&f->eng), 0);
	ck_assert_msg(eng_fleet_load(&f->eng, &err) == 0, "%s", err.text);
	ck_assert_msg(eng_decide_open(&f->eng, &err) == 0, "%s", err.text);
	f->eng.desires_sent = true;
	/* Eight instances of each worker are up, as far as the engine can see. */
	memset(f->up, 0, sizeof f->up);
	size_t n = 0;

	for (struct eng_worker *w = f->eng.workers; w; w = w->next) {
		for (uint32_t i = 1; i <= 8 && n < NV_LEN(f->up); i++) {
			f->up[n] = (struct eng_instance){
				.next = w->instances, .worker = w, .instance = i};
			w->instances = &f->up[n++];
		}
	}
}

static inline void
eng_fixture_close(struct eng_fixture *f)
{
	eng_api_close(&f->eng);
	eng_decide_close(&f->eng);
	eng_intake_close(&f->eng);
	eng_fleet_free(&f->eng);
	eng_price_close(&f->eng);
	led_close(f->eng.led);
	ev_loop_destroy(f->eng.loop);
	fixture_fini(&f->conf);
}

static inline void
eng_fixture_make_dir(struct eng_fixture *f)
{
	(void)snprintf(f->dir, sizeof f->dir, "/tmp/nova-eng.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(f->dir));
}

static inline void
eng_fixture_remove_in(const char *dir)
{
	DIR *d = opendir(dir);
	const struct dirent *entry;

	while (d && (entry = readdir(d))) {
		char path[400];

		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
		if (unlink(path) < 0)
			eng_fixture_remove_in(path);
	}
	if (d)
		(void)closedir(d);
	(void)rmdir(dir);
}

/* `n` runs of a worker, each with this cost and revenue, in one commit. */
static inline void
eng_fixture_runs(struct eng_fixture *f, const char *worker, unsigned n, bool ok,
	const char *cost, const char *revenue)
{
	struct eng_worker *w = eng_worker_find(&f->eng, worker);
	struct eng_txn txn;
	static const struct {
		enum led_kind kind;
		enum led_code code;
	} kinds[] = {{LED_COST, LED_CODE_COST}, {LED_REVENUE, LED_CODE_REVENUE}};
	const char *const amounts[] = {cost, revenue};

	ck_assert_ptr_nonnull(w);
	eng_txn_begin(&f->eng, &txn);
	uint32_t usd = led_batch_currency_id(txn.batch, "USD");

	for (unsigned i = 0; i < n; i++) {
		for (size_t k = 0; k < NV_LEN(kinds); k++) {
			struct led_event ev = {.kind = kinds[k].kind,
				.worker = eng_txn_worker(&f->eng, &txn, w),
				.claimed_ns = txn.now_ns,
				.received_ns = txn.now_ns,
				.line = "{}",
				.line_bytes = 2};
			int64_t nano = 0;

			ck_assert_int_eq(nv_money_parse(amounts[k], strlen(amounts[k]),
						 NV_DECIMAL_EXACT, &nano, NULL),
				0);
			if (nano == 0)
				continue;
			ck_assert_int_eq(led_batch_post(txn.batch, &ev, kinds[k].code,
						 NULL, 0, nano, usd),
				0);
			ck_assert_int_eq(eng_txn_event(&f->eng, &txn, w, &ev, NULL), 0);
		}
		struct led_event run = {.kind = LED_RUN,
			.flags = ok ? LED_F_OK : 0,
			.worker = eng_txn_worker(&f->eng, &txn, w),
			.claimed_ns = txn.now_ns,
			.received_ns = txn.now_ns,
			.duration_ms = 10,
			.line = "{}",
			.line_bytes = 2};

		ck_assert_int_eq(eng_txn_event(&f->eng, &txn, w, &run, NULL), 0);
	}
	eng_txn_commit(&f->eng, &txn);
}

/* Whatever the loop has to do now: budgets after a commit. */
static inline void
eng_fixture_turn(struct eng_fixture *f)
{
	ev_run(f->eng.loop, EVRUN_NOWAIT);
	ev_run(f->eng.loop, EVRUN_NOWAIT);
}

/* The answer's data (borrowed until the next call), or NULL when it was an error. */
static inline json_t *
eng_fixture_ask(struct eng_fixture *f, const char *request)
{
	static json_t *last;
	char *line;

	json_decref(last);
	line = eng_api_answer(&f->eng, NULL, 0, request, strlen(request));
	ck_assert_ptr_nonnull(line);
	last = json_loads(line, 0, NULL);
	ck_assert_msg(json_is_object(last), "%s", line);
	free(line);
	return json_object_get(last, "data");
}

static inline const char *
eng_fixture_text(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	ck_assert_msg(text != NULL, "no text \"%s\"", key);
	return text;
}

#endif
