/* Holds the budgets: after each commit the spending of the day is compared with the
 * caps, and a worker whose next run does not fit is paused on top of whatever is wanted
 * of it. That pause is not a desire: it follows from the ledger alone, comes back after
 * any restart, and ends by itself when the day does.
 *
 * A run that cost more than per_run is different: nothing in the figures of tomorrow
 * will say that it is fixed. So the worker is paused as a desire, by "budget", and stays
 * so until a person resumes it. */
#include "caps.h"
#include "decide.h"
#include "feed.h"
#include "gate.h"
#include "report.h"
#include "resource.h"
#include "txn.h"

#include "nv_clock.h"
#include "nv_log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The commits keep the sums current; now and then they are taken from the ledger anew,
 * so that no slip can live long. */
#define REBASE_NS (60 * NV_NS_PER_SEC)
/* A clock that is set right by less moves money by less than a window's edge. */
#define CLOCK_SLACK_NS (60 * NV_NS_PER_SEC)

/* Commits never go back in time: after the clock has been wrong in the future, all money
 * counts at that time, and would be today's until the clock has got there. */
static void
look_at_clock(struct eng *eng, int64_t now_ns)
{
	struct eng_decide *d = eng->decide;
	int64_t last_ns = led_last_time(eng->led);
	bool behind = last_ns > now_ns + CLOCK_SLACK_NS;
	char when[NV_RFC3339_BYTES];

	if (behind && !d->clock_behind)
		nv_error("the clock is behind the ledger, whose last entry is of %s: "
			 "until then everything is booked at that time, and no budget's "
			 "day ends",
			nv_rfc3339(last_ns, when));
	if (!behind && d->clock_behind)
		nv_info("the clock has passed the ledger's last entry: days end again");
	d->clock_behind = behind;
}

/* What the worker's totals were when the day, and when the hour, began. */
static int
rebase_one(struct eng *eng, struct led_view *v, struct eng_worker *w, int64_t day_ns,
	int64_t hour_ns)
{
	struct led_totals today = {0};
	struct led_totals hour = {0};
	int rc = 0;

	if (w->id != 0)
		rc = eng_sum_window(eng, v, w->id, day_ns, INT64_MAX, &today, NULL);
	if (rc == 0 && w->id != 0 && eng->caps->hourly)
		rc = eng_sum_window(eng, v, w->id, hour_ns, INT64_MAX, &hour, NULL);
	if (rc < 0)
		return rc;
	NV_ASSERT(w->purse != NULL); /* built by the caller where it was not */
	w->day_base_cost = w->totals.cost - today.cost;
	w->purse->hour_base_cost = w->totals.cost - hour.cost;
	return 0;
}

/* Some were not there when the caps were built: others have named them since. */
static bool
any_new(const struct eng *eng)
{
	const struct eng_worker *w = eng->workers;

	while (w && w->purse)
		w = w->next;
	return w != NULL;
}

void
eng_enforce_rebase(struct eng *eng)
{
	struct eng_decide *d = eng->decide;
	struct led_view *v = NULL;
	int64_t now_ns = nv_wall_ns();
	int64_t from_ns;
	int64_t to_ns;
	int64_t hour_ns;
	int64_t hour_end_ns;
	nv_i128 spent = 0;

	look_at_clock(eng, now_ns);
	if (any_new(eng))
		eng_caps_build(eng);
	eng_day_bounds(now_ns, &from_ns, &to_ns);
	eng_hour_bounds(now_ns, &hour_ns, &hour_end_ns);
	if (led_view_begin(eng->led, &v, NULL) < 0) {
		eng_caps_recount(eng);
		return; /* the sums stay as they are; tried again in a second */
	}
	for (struct eng_worker *w = eng->workers; w; w = w->next) {
		if (rebase_one(eng, v, w, from_ns, hour_ns) < 0) {
			led_view_end(v);
			eng_caps_recount(eng); /* caps that were built anew are empty */
			return;
		}
		spent += w->totals.cost - w->day_base_cost;
	}
	if (d->day_from_ns != from_ns)
		d->n_today = 0;
	d->day_from_ns = from_ns;
	d->day_to_ns = to_ns;
	eng_caps_operations(eng, v);
	led_view_end(v);
	d->rebased_ns = now_ns;
	d->spent_today = spent;
	(void)eng_caps_periods(eng, now_ns);
	eng_caps_recount(eng);
	if (eng->gate)
		eng->gate->changed = true; /* another hour or day may have room */
}

/* What the next run may cost: the median of the last ones, so that one bill booked
 * between two runs does not keep a worker down for ever; the mean while there are few. */
static nv_i128
next_run(const struct eng_worker *w, bool *ret_guessed)
{
	const struct eng_history *h = w->history;
	uint64_t runs = eng_runs(&w->totals);
	nv_i128 sorted[ENG_RUN_COSTS_MAX];
	unsigned n = h ? NV_MIN(h->n_run_costs, ENG_RUN_COSTS_MAX) : 0;

	*ret_guessed = n < 3;
	if (n < 3)
		return runs ? w->totals.cost / (nv_i128)runs : 0;
	memcpy(sorted, h->run_costs, n * sizeof sorted[0]);
	return eng_cost_percentile(sorted, n, 51);
}

static void
pause_for_run(struct eng *eng, struct eng_worker *w, nv_i128 cost, uint64_t runs)
{
	char a[NV_MONEY_BYTES];
	char b[NV_MONEY_BYTES];
	struct eng_desire d = w->desire;
	struct nv_err err = {0};
	const char *currency = eng->config->base_currency;

	d.want = ENG_WANT_PAUSED;
	d.since_ns = nv_wall_ns();
	(void)snprintf(d.by, sizeof d.by, "budget");
	(void)snprintf(d.reason, sizeof d.reason,
		"a run cost %s, above its budget of %s per run; a person may resume it",
		nv_money_show(cost / (nv_i128)runs, currency, a),
		nv_money_show(w->conf->budget_per_run_nano, currency, b));
	nv_warn("%s is paused: %s", w->name, d.reason);
	if (eng_desire_set(eng, w, &d, false, &err) < 0)
		nv_error("%s", err.text);
}

static void
mark_runs(struct eng_history *h, const struct eng_worker *w)
{
	h->marked = true;
	h->runs_mark = eng_runs(&w->totals);
	h->cost_mark = w->totals.cost;
	h->manual_mark = w->manual_cost;
	h->compute_mark = w->compute_cost;
}

/* What `runs` runs have cost since the mark. A bill entered by a person is no run's.
 * Compute cost is booked in pieces of a minute: each of the runs since the piece before
 * bears the same share of it, and the first piece an engine books, of which it does not
 * know the runs, is nobody's. */
static nv_i128
cost_of_runs(struct eng_history *h, const struct eng_worker *w, uint64_t runs)
{
	nv_i128 manual = w->manual_cost - h->manual_mark;
	nv_i128 compute = w->compute_cost - h->compute_mark;
	nv_i128 cost = w->totals.cost - h->cost_mark - manual - compute;

	if (compute <= 0)
		return cost;
	uint64_t sharing = eng_runs(&w->totals) - h->compute_runs;

	if (h->compute_seen)
		cost += compute * (nv_i128)runs / (nv_i128)NV_MAX(sharing, runs);
	h->compute_seen = true;
	h->compute_runs = eng_runs(&w->totals);
	return cost;
}

/* Without a person's word: what a cap or a decision has paused goes on by itself. */
static bool
may_run_again(const struct eng_worker *w)
{
	return w->desire.want == ENG_WANT_RUNNING ||
	       (w->desire.want == ENG_WANT_PAUSED &&
		       strncmp(w->desire.by, "decision ", 9) == 0);
}

/* Between two looks: how many runs were there, and what was spent. With one instance that
 * is the cost of the run; with several it is their mean. */
static void
look_at_runs(struct eng *eng, struct eng_worker *w)
{
	struct eng_history *h = eng_history_of(w);

	if (!h->marked) {
		mark_runs(h, w);
		h->cost_mark -= eng_begun_cost(eng, w);
		return;
	}
	uint64_t runs = eng_runs(&w->totals) - h->runs_mark;

	if (runs == 0)
		return;
	nv_i128 cost = cost_of_runs(h, w, runs);

	mark_runs(h, w);
	h->run_costs[h->n_run_costs % ENG_RUN_COSTS_MAX] = cost / (nv_i128)runs;
	h->n_run_costs++;
	/* Full stays full, and the place of the oldest is kept. */
	if (h->n_run_costs == 2 * ENG_RUN_COSTS_MAX)
		h->n_run_costs = ENG_RUN_COSTS_MAX;
	if (may_run_again(w) &&
		eng_budget_run_over(cost, runs, w->conf->budget_per_run_nano))
		pause_for_run(eng, w, cost, runs);
}

/* The worker may want to know what is left: said at the edge of nothing, and when it
 * moved by a tenth. */
static void
tell_remaining(struct eng *eng, struct eng_worker *w, const struct eng_budget_verdict *v)
{
	struct eng_history *h = eng_history_of(w);
	nv_i128 remaining = v->remaining; /* ENG_SUM_MAX without a cap */
	nv_i128 moved = remaining > h->told ? remaining - h->told : h->told - remaining;
	char text[NV_MONEY_BYTES];
	char line[200];

	if (h->was_told && (remaining == 0) == (h->told == 0) && moved * 10 < h->told)
		return;
	if (h->was_told && moved == 0)
		return;
	h->was_told = true;
	h->told = remaining;
	if (v->capped)
		(void)snprintf(line, sizeof line,
			"{\"control\":\"budget\",\"remaining\":\"%s\",\"currency\":\"%"
			"s\"}",
			nv_money_text(remaining, text), eng->config->base_currency);
	else
		(void)snprintf(
			line, sizeof line, "{\"control\":\"budget\",\"remaining\":null}");
	eng_control_line(eng, w, line);
}

static void
record_pause(struct eng *eng, struct eng_worker *w, bool pause)
{
	struct eng_txn txn = {0};
	char line[500];
	int64_t now_ns = nv_wall_ns();
	/* The reason is our own sentence: money and words, nothing to escape. */
	int n = snprintf(line, sizeof line,
		"{\"event\":\"state\",\"worker\":\"%s\",\"state\":\"%s\",\"reason\":\"%"
		"s\"}",
		w->name, pause ? "budget_paused" : "budget_resumed",
		pause ? w->budget_reason : "");
	struct led_event ev = {
		.kind = LED_STATE,
		.claimed_ns = now_ns,
		.received_ns = now_ns,
		.line = line,
		.line_bytes = (size_t)n,
	};

	eng_txn_begin(eng, &txn);
	ev.worker = eng_txn_worker(eng, &txn, w);
	if (eng_txn_event(eng, &txn, w, &ev, NULL) < 0)
		eng_ledger_trouble(eng, "a budget pause cannot be written");
	eng_txn_commit(eng, &txn);
}

/* Halted at its crash limit it spends nothing, whatever is wanted of it. */
static bool
will_run(const struct eng_worker *w)
{
	const struct eng_instance *i = w->instances;

	while (i && i->gone)
		i = i->next;
	return w->desire.want == ENG_WANT_RUNNING && (i || !w->halted);
}

/* promised: what the next runs of the workers before it may cost; adds its own. */
static void
enforce_one(struct eng *eng, struct eng_worker *w, nv_i128 *promised)
{
	struct eng_budget_verdict verdict;
	struct eng_budget_figures f = {
		.caps = (const struct eng_cap *const *)w->purse->caps,
		.n_caps = w->purse->n_caps,
		.fleet_promised = *promised,
		.asks = eng_gate_asks(w),
		.clock_behind = eng->decide->clock_behind,
		.uncounted = w->uncounted.costs,
		.unpriced = !eng->price && eng->price_problem[0],
	};

	/* The runs before the rate was declared seemed to cost nothing. */
	if (w->budget_rule == eng_budget_rule_currency && !w->uncounted.costs[0])
		eng_history_of(w)->n_run_costs = 0;
	f.next_run = next_run(w, &f.next_run_guessed);
	if (!f.asks) /* who asks is held run by run */
		f.next_run *= NV_MAX(eng_desire_instances(w), 1U);
	memcpy(f.currency, eng->config->base_currency, sizeof f.currency);
	eng_budget_check(&f, &verdict);
	if (!verdict.pause && !f.asks && will_run(w))
		*promised += f.next_run;
	tell_remaining(eng, w, &verdict);
	/* The amounts in a reason may move while it is paused; what it is may not go
	 * unsaid. */
	if (verdict.rule == w->budget_rule &&
		(verdict.rule != eng_budget_rule_currency ||
			strcmp(verdict.reason, w->budget_reason) == 0))
		return;
	w->budget_paused = verdict.pause;
	w->budget_rule = verdict.rule;
	(void)snprintf(w->budget_reason, sizeof w->budget_reason, "%s",
		verdict.pause ? verdict.reason : "");
	/* Pause first: the record can wait a millisecond, the money cannot. The pause
	 * follows from what is in the ledger already, so nothing is lost in between. */
	eng_desire_send(eng, w, false);
	if (w->desire.want != ENG_WANT_RUNNING)
		return;
	nv_info("%s is %s: %s", w->name, verdict.pause ? "paused" : "running again",
		verdict.pause ? verdict.reason : "its budgets have room");
	record_pause(eng, w, verdict.pause);
}

/* Amounts of before and after a change of rates or of the base currency do not compare:
 * their difference is nobody's run. With the same rates a run that is going on has cost
 * what it has cost. */
void
eng_enforce_forget(struct eng *eng)
{
	struct eng_decide *d = eng->decide;
	bool same = strcmp(d->base_currency, eng->config->base_currency) == 0;
	uint64_t rates = eng_feed_rates_hash(eng->config);

	memcpy(d->base_currency, eng->config->base_currency, sizeof d->base_currency);
	for (struct eng_worker *w = eng->workers; w; w = w->next) {
		if (!w->history)
			continue;
		if (rates != d->rates_hash)
			w->history->marked = false;
		w->history->was_told = false;
		if (!same)
			w->history->n_run_costs = 0;
	}
	d->rates_hash = rates;
}

/* Those that run keep their place, in the order of their names; what is left then may
 * let others go on. */
static void
enforce_those(struct eng *eng, bool running, nv_i128 *promised)
{
	for (struct eng_worker *w = eng->workers; w; w = w->next) {
		if (w->conf && w->history->runs_now == running)
			enforce_one(eng, w, promised);
	}
}

static nv_i128
for_rest_of_day(const struct eng *eng, int64_t now_ns)
{
	const struct eng_decide *d = eng->decide;
	int64_t day_ms = (d->day_to_ns - d->day_from_ns) / NV_NS_PER_MS;
	int64_t left_ms = (d->day_to_ns - now_ns) / NV_NS_PER_MS;

	if (day_ms <= 0)
		return 0;
	return eng_reserved_pending(eng) * NV_MIN(NV_MAX(left_ms, 0), day_ms) / day_ms;
}

void
eng_enforce(struct eng *eng)
{
	struct eng_decide *d = eng->decide;
	int64_t now_ns = nv_wall_ns();
	nv_i128 spent = 0;
	nv_i128 promised = 0;

	if (now_ns >= d->day_to_ns || now_ns < d->day_from_ns ||
		now_ns - d->rebased_ns >= REBASE_NS || any_new(eng) ||
		(eng->caps->hourly && (now_ns >= eng->caps->hour_to_ns ||
					      now_ns < eng->caps->hour_from_ns)))
		eng_enforce_rebase(eng);
	for (const struct eng_worker *w = eng->workers; w; w = w->next)
		spent += w->totals.cost - w->day_base_cost;
	d->spent_today = spent;
	eng_caps_recount(eng);
	for (struct eng_worker *w = eng->workers; w; w = w->next) {
		if (!w->conf)
			continue;
		look_at_runs(eng, w);
		w->history->runs_now = eng_worker_is_running(w);
	}
	/* A rise that waits for its answer is kept for the rest of the day. */
	eng->caps->fleet_day->approvals = for_rest_of_day(eng, now_ns);
	enforce_those(eng, true, &promised);
	enforce_those(eng, false, &promised);
	eng_warn(eng);
	eng_gate_offer(eng);
}
