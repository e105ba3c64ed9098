/* What a decision costs: a cycle of the core over many workers, cold and with nothing
 * new, and events through the replay.
 *
 * usage: bench_policy [WORKERS] [DAYS]   (default 10000 60)
 *
 * Each worker has run once an hour and sold now and then; times are medians of 9 cycles
 * of the processor's clock. */
#include "pol.h"
#include "replay.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define T0     INT64_C(1763337600)
#define HOUR   INT64_C(3600)
#define DAY    INT64_C(86400)
#define ROUNDS 9

static size_t decided;

/* Of this process alone: others on the machine do not count. */
static int64_t
cpu_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void
count(const struct pol_decision *d, void *arg)
{
	(void)arg;
	decided += d->action != POL_LIMIT;
}

static int
by_size(const void *a, const void *b)
{
	const int64_t *x = a;
	const int64_t *y = b;

	return (*x > *y) - (*x < *y);
}

static void
say(const char *what, int64_t *ns, size_t n)
{
	qsort(ns, n, sizeof *ns, by_size);
	int64_t median = ns[n / 2];

	(void)printf("%-44s %10.2f ms\n", what, (double)median / 1e6);
}

static struct pol *
fleet(unsigned workers)
{
	struct pol_conf conf;
	struct pol_worker_conf c;
	struct pol *p;

	pol_conf_init(&conf);
	conf.mode = POL_MARGINAL;
	conf.daily_budget_nano = (int64_t)workers * 3 * NV_MONEY_SCALE;
	if (pol_new(&conf, &p) < 0)
		return NULL;
	pol_worker_conf_init(&c);
	c.run_interval_s = HOUR;
	c.n_intervals = 2;
	c.intervals_s[0] = 2 * HOUR;
	c.intervals_s[1] = 4 * HOUR;
	c.expected_cost_nano = NV_MONEY_SCALE / 10;
	c.expected_sale_nano = 5 * NV_MONEY_SCALE;
	c.instances_max = 16;
	for (unsigned i = 0; i < workers; i++) {
		(void)snprintf(c.name, sizeof c.name, "w%05u", i);
		if (pol_worker_put(p, &c) < 0)
			return NULL;
	}
	return p;
}

static void
tell(struct pol *p, enum pol_fact_kind kind, unsigned worker, int64_t ts, int64_t nano)
{
	char name[16];

	(void)snprintf(name, sizeof name, "w%05u", worker);
	struct pol_fact f = {.kind = kind,
		.worker = name,
		.ts = ts,
		.nano = nano,
		.ok = true,
		.caused_ts = kind == POL_REVENUE ? ts - 5 * HOUR : 0};

	(void)pol_fact(p, &f);
}

static void
tell_hour(struct pol *p, unsigned workers, unsigned every, int64_t hour)
{
	int64_t ts = T0 + hour * HOUR;

	for (unsigned i = 0; i < workers; i += every) {
		tell(p, POL_RUN, i, ts, 0);
		tell(p, POL_COST, i, ts, NV_MONEY_SCALE / 10);
		/* A multiple of 0.5 to 4.5 */
		if ((hour * 7919 + i) % (100 / (i % 9 + 1)) == 0)
			tell(p, POL_REVENUE, i, ts, 5 * NV_MONEY_SCALE);
	}
}

/* One cycle with the judgement of all that is new. */
static int64_t
cycle(struct pol *p, int64_t now)
{
	int64_t begin = cpu_ns();

	pol_evaluate_soon(p);
	(void)pol_evaluate(p, now, count, NULL);
	return cpu_ns() - begin;
}

static void
bench_cycles(unsigned workers, unsigned days)
{
	struct pol *p = fleet(workers);
	int64_t ns[ROUNDS];
	int64_t hour = 0;
	int64_t begin = cpu_ns();

	if (!p)
		return;
	for (; hour < (int64_t)days * 24; hour++)
		tell_hour(p, workers, 1, hour);
	double events = (double)workers * (double)hour * 2.05;

	(void)printf("%-44s %10.2f M/s\n", "facts into the core",
		events / (double)(cpu_ns() - begin) * 1e3);
	ns[0] = cycle(p, T0 + hour * HOUR);
	say("cycle, cold (all workers, new day)", ns, 1);
	for (unsigned i = 0; i < ROUNDS; i++) {
		tell_hour(p, workers, 1, hour++);
		ns[i] = cycle(p, T0 + hour * HOUR);
	}
	say("cycle, all workers have something new", ns, ROUNDS);
	for (unsigned i = 0; i < ROUNDS; i++) {
		tell_hour(p, workers, 100, hour);
		ns[i] = cycle(p, T0 + hour * HOUR + i);
	}
	say("cycle, one worker in 100 has something new", ns, ROUNDS);
	for (unsigned i = 0; i < ROUNDS; i++)
		ns[i] = cycle(p, T0 + hour * HOUR + ROUNDS + i);
	say("cycle, nothing new", ns, ROUNDS);
	for (unsigned i = 0; i < ROUNDS; i++) {
		begin = cpu_ns();
		(void)pol_evaluate(p, T0 + hour * HOUR + 100 + i, count, NULL);
		ns[i] = cpu_ns() - begin;
	}
	say("between two judgements (breakers, gates)", ns, ROUNDS);
	struct nv_buf buf;

	nv_buf_init(&buf, SIZE_MAX / 2);
	begin = cpu_ns();
	if (pol_save(p, &buf) == 0)
		(void)printf("%-44s %10.2f ms, %.1f KiB a worker\n", "saved",
			(double)(cpu_ns() - begin) / 1e6,
			(double)buf.bytes / 1024 / workers);
	nv_buf_fini(&buf);
	pol_free(p);
}

static void
feed(struct replay *r, const char *line)
{
	struct nv_err err = {0};

	if (replay_line(r, line, strlen(line), &err) < 0)
		(void)fprintf(stderr, "bench_policy: %s\n", err.text);
	nv_buf_clear(&r->out);
}

/* 100 workers, an hour a tick: read, kept, sorted, told, decided. */
static void
bench_replay(unsigned days)
{
	struct nv_buf hello;
	struct replay r;
	char line[300];
	uint64_t lines = 0;

	replay_init(&r);
	nv_buf_init(&hello, 1 << 20);
	nv_buf_printf(&hello,
		"{\"type\":\"hello\",\"v\":1,\"ts\":%" PRId64
		",\"tick_s\":3600,\"config\":{\"daily_budget\":\"300\"},\"workers\":[",
		T0);
	for (unsigned i = 0; i < 100; i++)
		nv_buf_printf(&hello,
			"%s{\"worker\":\"w%02u\",\"run_interval\":3600,"
			"\"typical_sale\":\"5\"}",
			i ? "," : "", i);
	nv_buf_puts(&hello, "]}");
	feed(&r, hello.data);
	nv_buf_fini(&hello);
	int64_t begin = cpu_ns();

	for (int64_t h = 0; h < (int64_t)days * 24; h++) {
		int64_t ts = T0 + h * HOUR + 60;

		for (unsigned i = 0; i < 100; i++) {
			(void)snprintf(line, sizeof line,
				"{\"type\":\"run\",\"ts\":%" PRId64
				",\"worker\":\"w%02u\",\"id\":\"r%" PRIu64
				"\",\"ok\":true,\"instance\":1}",
				ts, i, lines++);
			feed(&r, line);
			(void)snprintf(line, sizeof line,
				"{\"type\":\"cost\",\"ts\":%" PRId64
				",\"worker\":\"w%02u\",\"id\":\"c%" PRIu64
				"\",\"amount\":\"0.10\"}",
				ts, i, lines++);
			feed(&r, line);
		}
		(void)snprintf(line, sizeof line,
			"{\"type\":\"tick\",\"ts\":%" PRId64 "}", T0 + (h + 1) * HOUR);
		feed(&r, line);
	}
	(void)printf("%-44s %10.2f k/s\n", "events through the replay, 100 workers",
		(double)lines / (double)(cpu_ns() - begin) * 1e6);
	replay_fini(&r);
}

int
main(int argc, char **argv)
{
	char *end;
	unsigned long workers = argc > 1 ? strtoul(argv[1], &end, 10) : 10000;
	unsigned long days = argc > 2 ? strtoul(argv[2], &end, 10) : 60;

	if (workers < 1 || workers > POL_WORKERS_MAX || days < 1 || days > POL_DAYS) {
		(void)fprintf(stderr, "usage: bench_policy [WORKERS] [DAYS]\n");
		return NV_EXIT_USAGE;
	}
	bench_cycles((unsigned)workers, (unsigned)days);
	bench_replay(NV_MIN((unsigned)days, 60));
	return NV_EXIT_OK;
}
