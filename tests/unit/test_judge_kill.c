/* Killed between proposal, approval, execution and outcome, at any moment, under a policy
 * that judges: each decision is executed once, with one desired state, and has at most
 * one outcome. */
#include "past_fixture.h"

#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#define GLOBAL \
	"max_daily_budget: $10000\napproval_above: $5\n" \
	"autonomous: {enabled: true, interval: 1h}\n" \
	"prices: {cpu_second: $0, gib_hour: $0}\n"

#define USD(cents) ((int64_t)(cents) * (NV_MONEY_SCALE / 100))

static struct eng_fixture f;

static void
problem(void *arg, const char *text)
{
	(void)arg;
	ck_abort_msg("verify: %s", text);
}

#define MANY  8 /* the fixture has eight instances up of so many */
#define KILLS 25

static char many_text[MANY][160];
static const char *many_workers[MANY + 1];
static struct past_worker many_past[MANY];
static char many_names[MANY][16];

static void
make_many(void)
{
	for (int i = 0; i < MANY; i++) {
		(void)snprintf(many_names[i], sizeof many_names[i], "w%02d", i);
		(void)snprintf(many_text[i], sizeof many_text[i],
			"worker: w%02d\ncommand: [a]\nrun_interval: 1h\n"
			"instances: {start: 1, max: 2}\nexpected: {sale: $20}\n",
			i);
		many_workers[i] = many_text[i];
		many_past[i] = (struct past_worker){
			many_names[i], 1, USD(50), 4, USD(2000), 0, 0};
	}
}

static _Atomic unsigned *passes; /* of live(), in all its lives; shared memory */

/* Judges, answers and measures until it is killed. */
static void
live(void)
{
	const int64_t month_ns = INT64_C(30) * 86400 * NV_NS_PER_SEC;
	struct nv_err err = {0};

	for (;;) {
		json_t *json = NULL;
		uint64_t id = 0;

		(void)eng_decide_analyse(&f.eng, false, NULL, &err);
		for (const struct eng_worker *w = f.eng.workers; w && !id; w = w->next)
			id = w->history && w->history->open ? w->history->open->id : 0;
		if (id % 4 == 1)
			(void)eng_decide_deny(&f.eng, id, "uid 1", NULL, &json, &err);
		else if (id != 0)
			(void)eng_decide_approve(&f.eng, id, "uid 1", &json, &err);
		else
			eng_outcome_run(&f.eng, nv_wall_ns() + month_ns);
		json_decref(json);
		(void)atomic_fetch_add(passes, 1);
	}
}

struct steps {
	uint64_t id;
	unsigned proposed;
	unsigned approved;
	unsigned desires;
	unsigned executed;
	unsigned denied;
	unsigned outcomes;
};

struct all_steps {
	struct steps list[20 * MANY];
	size_t n;
};

static int
count_steps(void *arg, const struct led_event *ev)
{
	struct all_steps *all = arg;
	uint64_t id = ev->ref ? ev->ref : ev->seq;
	size_t i = 0;

	if (ev->kind != LED_DECISION && (ev->kind != LED_DESIRE || ev->ref == 0))
		return 0;
	while (i < all->n && all->list[i].id != id)
		i++;
	ck_assert_uint_lt(i, NV_LEN(all->list));
	all->n = NV_MAX(all->n, i + 1);
	struct steps *s = &all->list[i];

	s->id = id;
	if (ev->kind == LED_DESIRE) {
		s->desires++;
		return 0;
	}
	json_t *o = json_loadb(ev->line, ev->line_bytes, 0, NULL);
	const char *step = eng_fixture_text(o, "step");

	s->proposed += strcmp(step, "proposed") == 0;
	s->approved += strcmp(step, "approved") == 0;
	s->executed += strcmp(step, "executed") == 0;
	s->denied += strcmp(step, "denied") == 0;
	s->outcomes += strcmp(step, "outcome") == 0;
	json_decref(o);
	return 0;
}

START_TEST(test_killed_anywhere)
{
	static struct all_steps all;
	struct led_view *v = NULL;
	char path[128];
	uint64_t checked = 0;
	unsigned executed = 0;
	unsigned outcomes = 0;
	const char *fixed = getenv("NOVA_TEST_SEED");
	unsigned seed = fixed ? (unsigned)fixed[0] * 7919U : (unsigned)nv_wall_ns();

	make_many();
	eng_fixture_make_dir(&f);
	past_make(f.dir, many_past, MANY, 10 * 24, nv_wall_ns());
	passes = mmap(NULL, sizeof(*passes), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(passes, MAP_FAILED);
	for (int round = 0; round < KILLS; round++) {
		const unsigned before = atomic_load(passes);
		pid_t pid = fork();

		ck_assert_int_ge(pid, 0);
		if (pid == 0) {
			leave_check(-1);
			eng_fixture_open(&f, GLOBAL, many_workers);
			live();
		}
		struct timespec wait = {.tv_nsec = (long)(rand_r(&seed) % 200000000U)};

		/* Some get somewhere on the slowest of machines. */
		while (round % 4 == 0 && atomic_load(passes) == before)
			(void)sched_yield();
		(void)nanosleep(&wait, NULL);
		ck_assert_int_eq(kill(pid, SIGKILL), 0);
		ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	}
	(void)munmap(passes, sizeof(*passes));
	eng_fixture_open(&f, GLOBAL, many_workers);
	ck_assert_int_eq(led_view_begin(f.eng.led, &v, NULL), 0);
	ck_assert_int_eq(led_view_events(v, 1, false, count_steps, &all), 0);
	led_view_end(v);
	for (size_t i = 0; i < all.n; i++) {
		const struct steps *s = &all.list[i];

		ck_assert_uint_eq(s->proposed, 1);
		ck_assert_uint_le(s->executed + s->denied, 1);
		ck_assert_uint_eq(s->approved, s->executed);
		ck_assert_uint_eq(s->desires, s->executed);
		ck_assert_uint_le(s->outcomes, 1);
		executed += s->executed;
		outcomes += s->outcomes;
	}
	(void)fprintf(stderr, "# %zu decisions, %u executed, %u outcomes, %d kills\n",
		all.n, executed, outcomes, KILLS);
	ck_assert_uint_gt(all.n, 0);
	ck_assert_uint_le(all.n, MANY);
	(void)snprintf(path, sizeof path, "%s/ledger", f.dir);
	ck_assert_int_eq(led_verify_contained(path, problem, NULL, &checked), 0);
	eng_fixture_close(&f);
	eng_fixture_remove_in(f.dir);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("judge_kill");
	TCase *c = tcase_create("judge_kill");

	tcase_set_timeout(c, 300);
	tcase_add_test(c, test_killed_anywhere);
	suite_add_tcase(suite, c);
	return run_suite(suite);
}
