#include "resource.h"

#include "intake.h"
#include "nv_clock.h"
#include "nv_log.h"
#include "proc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BOOK_EVERY_NS  (60 * NV_NS_PER_SEC)
#define TREE_PIDS_MAX  4096 /* of one incarnation */
#define PSS_EVERY      10   /* samples: walking the page tables is dear */
#define GIB_HOUR_KIB_S (INT64_C(1048576) * 3600)
#define SAMPLE_MS_MIN  100
#define FRESH_MAX      100  /* instances that are sampled while somebody waits */
#define IDLE_PPM       1000 /* a thousandth of a processor */

struct eng_resource {
	struct eng *eng;
	ev_timer timer;
	struct eng_procs procs;
	int64_t pss_mono_ns;
	int64_t pace_ms; /* between the last two samples */
	int32_t pids[TREE_PIDS_MAX];
};

/* ---- cost ---- */

/* a * price / c over any a: the quotient and the rest apart, so that nothing overflows.
 */
static int64_t
scaled(uint64_t amount, int64_t price_nano, int64_t unit)
{
	nv_i128 nano = (nv_i128)amount * price_nano / unit;

	return nano > NV_MONEY_MAX ? NV_MONEY_MAX : (int64_t)nano;
}

int64_t
eng_resource_cost(int64_t cpu_second_nano, int64_t gib_hour_nano, uint64_t cpu_us,
	uint64_t mem_kib_s)
{
	int64_t cpu = scaled(cpu_us, cpu_second_nano, 1000000);
	int64_t mem = scaled(mem_kib_s, gib_hour_nano, GIB_HOUR_KIB_S);

	return cpu > NV_MONEY_MAX - mem ? NV_MONEY_MAX : cpu + mem;
}

/* The cost is the difference of what the totals cost, so that cutting off below 10^-9
 * never adds up. */
void
eng_resource_book(struct eng *eng, struct eng_txn *txn, struct eng_worker *w,
	struct led_stream *rec, uint64_t cpu_us, uint64_t mem_kib_s)
{
	int64_t cpu_price = eng->config->price_cpu_second_nano;
	int64_t mem_price = eng->config->price_gib_hour_nano;
	uint64_t cpu_total = NV_MAX(cpu_us, rec->cpu_us_booked);
	uint64_t mem_total = NV_MAX(mem_kib_s, rec->mem_kib_s_booked);
	int64_t nano = eng_resource_cost(cpu_price, mem_price, cpu_total, mem_total) -
		       eng_resource_cost(cpu_price, mem_price, rec->cpu_us_booked,
			       rec->mem_kib_s_booked);

	if (nano <= 0)
		return; /* nothing yet that can be written as money */
	char line[160];
	int n = snprintf(line, sizeof(line),
		"{\"event\":\"compute\",\"stream\":\"%llu\",\"cpu_us\":%llu,\"mem_kib_"
		"s\":%llu}",
		(unsigned long long)rec->stream_id,
		(unsigned long long)(cpu_total - rec->cpu_us_booked),
		(unsigned long long)(mem_total - rec->mem_kib_s_booked));
	struct led_event ev = {.kind = LED_COMPUTE,
		.worker = eng_txn_worker(eng, txn, w),
		.stream = rec->stream_id,
		.claimed_ns = txn->now_ns,
		.received_ns = txn->now_ns,
		.instance = rec->instance,
		.generation = rec->generation,
		.category = "compute",
		.category_bytes = 7,
		.line = line,
		.line_bytes = (size_t)n};
	uint32_t base = eng_txn_currency(eng, txn, eng->config->base_currency);

	if (led_batch_post(txn->batch, &ev, LED_CODE_COST, "host", 4, nano, base) != 0 ||
		eng_txn_event(eng, txn, w, &ev, NULL) != 0)
		eng_ledger_trouble(eng, "the ledger does not take a compute cost");
	w->compute_cost += nano;
	rec->cpu_us_booked = cpu_total;
	rec->mem_kib_s_booked = mem_total;
}

static bool
has_cost(const struct eng *eng, const struct eng_stream *s)
{
	const struct nv_config *c = eng->config;
	const struct led_stream *rec = &s->rec;
	uint64_t cpu_us = NV_MAX(s->inst->now.cpu_us, rec->cpu_us_booked);

	return eng_resource_cost(c->price_cpu_second_nano, c->price_gib_hour_nano, cpu_us,
		       s->inst->mem_kib_s) >
	       eng_resource_cost(c->price_cpu_second_nano, c->price_gib_hour_nano,
		       rec->cpu_us_booked, rec->mem_kib_s_booked);
}

/* Book every stream that is due in one transaction. */
static void
book_due(struct eng *eng, int64_t mono_ns, bool all)
{
	struct eng_txn txn;
	bool open = false;

	for (struct eng_stream *s = eng->intake->streams; s; s = s->next) {
		if (s->inst->gone || s->inst->now.at_mono_ns == 0 || !has_cost(eng, s) ||
			(!all && mono_ns - s->inst->booked_mono_ns < BOOK_EVERY_NS))
			continue;
		if (!open)
			eng_txn_begin(eng, &txn);
		open = true;
		eng_resource_book(eng, &txn, s->worker, &s->rec, s->inst->now.cpu_us,
			s->inst->mem_kib_s);
		s->rec.worker = eng_txn_worker(eng, &txn, s->worker);
		eng_txn_stream(eng, &txn, &s->rec);
		s->inst->booked_mono_ns = mono_ns;
	}
	if (open)
		eng_txn_commit(eng, &txn);
}

/* What has no price now must not be charged at a price it gets later. */
static void
mark_free(struct eng *eng)
{
	struct eng_txn txn;

	if (eng->config->price_cpu_second_nano > 0 &&
		eng->config->price_gib_hour_nano > 0)
		return;
	eng_txn_begin(eng, &txn);
	for (struct eng_stream *s = eng->intake->streams; s; s = s->next) {
		if (s->inst->gone || s->inst->now.at_mono_ns == 0)
			continue;
		s->rec.cpu_us_booked = NV_MAX(s->rec.cpu_us_booked, s->inst->now.cpu_us);
		s->rec.mem_kib_s_booked =
			NV_MAX(s->rec.mem_kib_s_booked, s->inst->mem_kib_s);
		s->rec.worker = eng_txn_worker(eng, &txn, s->worker);
		eng_txn_stream(eng, &txn, &s->rec);
	}
	eng_txn_commit(eng, &txn);
}

void
eng_resource_settle(struct eng *eng)
{
	if (!eng->resource || !eng->intake)
		return;
	book_due(eng, nv_mono_ns(), true);
	mark_free(eng);
}

/* ---- samples ---- */

/* The incarnation's processes, into r->pids. */
static size_t
find_pids(struct eng_resource *r, const struct eng_instance *inst)
{
	if (inst->cgroup[0]) {
		long n = eng_cgroup_pids(inst->cgroup, r->pids, TREE_PIDS_MAX);

		if (n >= 0)
			return (size_t)n;
	}
	if (inst->pid <= 0)
		return 0;
	return eng_procs_tree(&r->procs, inst->pid, r->pids, TREE_PIDS_MAX);
}

static void
add_process(int32_t pid, bool pss, struct eng_usage_sample *sum)
{
	struct eng_proc p;
	uint64_t bytes_read = 0;
	uint64_t bytes_written = 0;
	uint64_t pss_bytes = 0;
	uint32_t fds = 0;

	if (eng_proc_read(pid, &p) != 0)
		return;
	/* Each may fail for a process that has just ended or is another user's: then it
	 * adds nothing. */
	(void)eng_proc_fds(pid, &fds);
	(void)eng_proc_io(pid, &bytes_read, &bytes_written);
	if (pss)
		(void)eng_proc_pss(pid, &pss_bytes);
	sum->cpu_us += p.cpu_us;
	sum->rss_bytes += p.rss_bytes;
	sum->threads += p.threads;
	sum->processes++;
	sum->fds += fds;
	sum->read_bytes += bytes_read;
	sum->write_bytes += bytes_written;
	sum->pss_bytes += pss_bytes;
}

static void
settle_sample(struct eng_instance *inst, struct eng_usage_sample *sum)
{
	const struct eng_usage_sample *last = &inst->now;
	int64_t elapsed_ns = sum->at_mono_ns - last->at_mono_ns;

	/* Ended children of ended parents drop out of /proc's sums; time never goes back.
	 */
	sum->cpu_us = NV_MAX(sum->cpu_us, last->cpu_us);
	if (last->at_mono_ns > 0 && elapsed_ns > 0) {
		uint64_t cpu_us = sum->cpu_us - last->cpu_us;
		uint64_t kib_ms =
			(sum->rss_bytes >> 10) * (uint64_t)(elapsed_ns / NV_NS_PER_MS) +
			inst->mem_kib_ms_rest;

		sum->cpu_ppm =
			nv_mul_div((int64_t)cpu_us, INT64_C(1000000000), elapsed_ns);
		inst->mem_kib_s += kib_ms / 1000;
		inst->mem_kib_ms_rest = kib_ms % 1000;
	}
	inst->now = *sum;
}

static void
sample_instance(
	struct eng_resource *r, struct eng_instance *inst, int64_t mono_ns, bool pss)
{
	struct eng_usage_sample sum = {.at_mono_ns = mono_ns};
	size_t n = find_pids(r, inst);
	uint64_t cpu_us;

	for (size_t i = 0; i < n; i++)
		add_process(r->pids[i], pss, &sum);
	if (inst->cgroup[0] && eng_cgroup_cpu(inst->cgroup, &cpu_us) == 0)
		sum.cpu_us = cpu_us; /* exact, and knows the processes that are gone */
	if (!pss)
		sum.pss_bytes = inst->now.pss_bytes;
	settle_sample(inst, &sum);
}

/* Trees are found by parents only where there is no cgroup to ask. */
static void
scan_if_needed(struct eng_resource *r)
{
	bool needed = false;

	for (struct eng_stream *s = r->eng->intake->streams; s && !needed; s = s->next)
		needed = !s->inst->gone && !s->inst->cgroup[0];
	if (!needed)
		return;
	int rc = eng_procs_scan(&r->procs);

	if (rc) {
		nv_warn("cannot read /proc: %s; resource figures stand still",
			strerror(-rc));
		r->procs.n = 0;
	}
}

static int64_t
sample_ms(const struct eng_resource *r)
{
	return NV_MAX(r->eng->config->sample_ms, SAMPLE_MS_MIN);
}

/* Nobody has used a processor worth mentioning. */
static bool
is_idle(const struct eng *eng)
{
	for (const struct eng_stream *s = eng->intake->streams; s; s = s->next) {
		if (!s->inst->gone && s->inst->now.cpu_ppm > IDLE_PPM)
			return false;
	}
	return true;
}

static void
sample_all(struct eng_resource *r, int64_t mono_ns)
{
	struct eng *eng = r->eng;
	bool pss = mono_ns - r->pss_mono_ns >= PSS_EVERY * sample_ms(r) * NV_NS_PER_MS;

	if (pss)
		r->pss_mono_ns = mono_ns;
	scan_if_needed(r);
	for (struct eng_stream *s = eng->intake->streams; s; s = s->next)
		if (!s->inst->gone)
			sample_instance(
				r, s->inst, mono_ns, pss || s->inst->now.at_mono_ns == 0);
	book_due(eng, mono_ns, false);
}

static void
arm(struct eng_resource *r, int64_t wait_ms)
{
	ev_timer_stop(r->eng->loop, &r->timer);
	ev_timer_set(&r->timer, (double)wait_ms / 1000, 0.);
	ev_timer_start(r->eng->loop, &r->timer);
}

static void
on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct eng_resource *r = w->data;

	(void)loop;
	(void)revents;
	if (r->eng->intake->n_streams == 0)
		return; /* the next stream wakes it */
	sample_all(r, nv_mono_ns());
	r->pace_ms = is_idle(r->eng) ? NV_MIN(NV_MAX(r->pace_ms * 2, sample_ms(r)),
					       NV_MAX(ENG_SAMPLE_IDLE_MS, sample_ms(r)))
				     : sample_ms(r);
	arm(r, r->pace_ms);
}

void
eng_resource_wake(struct eng *eng)
{
	struct eng_resource *r = eng->resource;

	if (!r)
		return;
	int64_t first_ms = NV_MIN(sample_ms(r), 1000);

	r->pace_ms = 0;
	if (!ev_is_active(&r->timer) ||
		ev_timer_remaining(eng->loop, &r->timer) * 1000 > (double)first_ms)
		arm(r, first_ms);
}

void
eng_resource_fresh(struct eng *eng, const struct eng_worker *w)
{
	struct eng_resource *r = eng->resource;
	int64_t mono_ns = nv_mono_ns();
	bool scanned = false;

	if (!r || (!w && eng->intake->n_streams > FRESH_MAX))
		return;
	for (struct eng_stream *s = eng->intake->streams; s; s = s->next) {
		int64_t age_ns = mono_ns - s->inst->now.at_mono_ns;

		if (s->inst->gone || (w && s->worker != w) ||
			age_ns < sample_ms(r) * NV_NS_PER_MS)
			continue;
		if (!scanned)
			scan_if_needed(r);
		scanned = true;
		sample_instance(r, s->inst, mono_ns, s->inst->now.at_mono_ns == 0);
	}
}

uint64_t
eng_resource_mem_kib_s(const struct eng_instance *inst, int64_t mono_ns)
{
	const struct eng_usage_sample *last = &inst->now;

	if (last->at_mono_ns == 0 || mono_ns <= last->at_mono_ns)
		return inst->mem_kib_s;
	return inst->mem_kib_s +
	       ((last->rss_bytes >> 10) *
			       (uint64_t)((mono_ns - last->at_mono_ns) / NV_NS_PER_MS) +
		       inst->mem_kib_ms_rest) /
		       1000;
}

int
eng_resource_open(struct eng *eng)
{
	struct eng_resource *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->eng = eng;
	ev_timer_init(&r->timer, on_timer, 0., 0.);
	r->timer.data = r;
	eng->resource = r;
	eng_resource_wake(eng);
	return 0;
}

void
eng_resource_close(struct eng *eng)
{
	struct eng_resource *r = eng->resource;

	if (!r)
		return;
	ev_timer_stop(eng->loop, &r->timer);
	eng_procs_fini(&r->procs);
	free(r);
	eng->resource = NULL;
}
