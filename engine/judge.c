/* The decision core inside the engine: see judge.h. Nothing here decides; what the core
 * proposes is checked against what only the engine knows, and written down or done. */
#include "judge.h"

#include "caps.h"
#include "decide.h"
#include "gate.h"
#include "judge_text.h"
#include "record.h"
#include "report.h"
#include "resource.h"

#include "nv_clock.h"
#include "nv_json.h"
#include "nv_log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEP_EVENTS    4000    /* read between two looks at everything else: some ms */
#define AT_ONCE        200000  /* so many are read while somebody waits for an answer */
#define SAVE_EVENTS    1000000 /* kept again after so many, */
#define SAVE_NS        (INT64_C(3600) * NV_NS_PER_SEC) /* or this long */
#define SAVE_WORKERS   1000
#define FEED_DELAY_S   0.5
#define PROPOSALS_MAX  20000
#define MEAN_BY_MEDIAN 2.33 /* exp(1.3^2 / 2), decisions on the delay of sales */

struct eng_judge {
	struct eng_feed feed;
	ev_timer timer; /* reads on */
	bool caught_up; /* everything that was committed when it last looked */
	bool owed;      /* it was judged, and nobody has heard what is proposed */
	uint64_t saved_seq;
	int64_t saved_ns;
	char path[260];
};

struct proposals {
	struct pol_decision *list; /* owned */
	size_t n;
	size_t cap;
	bool lost; /* no memory for one */
};

static void
collect(const struct pol_decision *d, void *arg)
{
	struct proposals *all = arg;

	if (all->n == all->cap) {
		size_t cap = all->cap ? all->cap * 2 : 16;
		struct pol_decision *list =
			all->n < PROPOSALS_MAX
				? reallocarray(all->list, cap, sizeof *list)
				: NULL;

		if (!list) {
			all->lost = true;
			return;
		}
		all->list = list;
		all->cap = cap;
	}
	all->list[all->n++] = *d;
}

/* ---- reading ---- */

/* The ledger's time never goes back; neither does the core's. */
static int64_t
ledger_now(const struct eng *eng)
{
	return NV_MAX(nv_wall_ns(), led_last_time(eng->led));
}

static void
keep(struct eng *eng, bool now)
{
	struct eng_judge *j = eng->decide->judge;
	int64_t mono_ns = nv_mono_ns();

	/* A large fleet's takes long to write: only when nobody waits. */
	if (!now && pol_workers(j->feed.pol) > SAVE_WORKERS)
		return;
	if (j->feed.seq == j->saved_seq ||
		(!now && j->feed.seq - j->saved_seq < SAVE_EVENTS &&
			mono_ns - j->saved_ns < SAVE_NS))
		return;
	int rc = eng_feed_save(&j->feed, eng->led, j->path);

	if (rc < 0)
		nv_warn("what decisions rest on is not kept in %s: %s; the next start "
			"reads the ledger instead",
			j->path, strerror(-rc));
	j->saved_seq = j->feed.seq;
	j->saved_ns = mono_ns;
}

/* Reads up to `max` events, and judges at every multiple of the cadence on the way, when
 * exactly what was committed before it is in: so the core is the same whether it reads on
 * from day to day or from the beginning. Nothing is proposed meanwhile: whoever asks next
 * gets a judgement at once. 1: there is more to read; 0; negative. */
static int
read_on(struct eng *eng, uint64_t max, struct nv_err *err)
{
	struct eng_judge *j = eng->decide->judge;
	struct eng_feed *f = &j->feed;
	int64_t now_ns = ledger_now(eng);
	uint64_t had = f->seq;

	for (;;) {
		int64_t next_s = eng_feed_next_judgement(f);
		bool due = next_s > 0 && next_s <= now_ns / NV_NS_PER_SEC;
		int64_t stop_ns = due ? next_s * NV_NS_PER_SEC : INT64_MAX;
		uint64_t left = max - NV_MIN(max, f->seq - had);
		int rc = eng_feed_run(f, eng->led, left, stop_ns, err);

		if (rc < 0)
			return rc;
		if (next_s == 0 && eng_feed_next_judgement(f) > 0)
			continue; /* the first event of all */
		if (rc == 1 || !due)
			return rc;
		if (next_s + ENG_FEED_JUDGE_S >= now_ns / NV_NS_PER_SEC)
			rc = pol_evaluate(f->pol, next_s, NULL, NULL);
		if (rc < 0)
			return nv_err_set(
				err, rc, "the judgement failed: %s", strerror(-rc));
		f->judged_s = next_s;
		j->owed = true;
	}
}

static void
on_timer(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct eng *eng = timer->data;
	struct eng_judge *j = eng->decide->judge;
	struct nv_err err = {0};

	(void)revents;
	ev_timer_stop(loop, timer);
	int rc = read_on(eng, STEP_EVENTS, &err);

	if (rc < 0) {
		nv_error("decisions wait: %s", err.text);
		ev_timer_set(timer, 10., 0.);
		ev_timer_start(loop, timer);
		return;
	}
	if (rc == 0 && !j->caught_up)
		nv_info("decisions rest on %" PRIu64 " events of the ledger",
			j->feed.seq);
	j->caught_up = rc == 0;
	if (rc == 1) {
		ev_timer_set(timer, 0., 0.);
		ev_timer_start(loop, timer);
	} else {
		keep(eng, false);
	}
}

void
eng_judge_after_commit(struct eng *eng)
{
	struct eng_judge *j = eng->decide->judge;

	if (!j || ev_is_active(&j->timer))
		return;
	ev_timer_set(&j->timer, FEED_DELAY_S, 0.);
	ev_timer_start(eng->loop, &j->timer);
}

void
eng_judge_progress(const struct eng *eng, uint64_t *ret_read, uint64_t *ret_all)
{
	struct led_view *v = NULL;
	struct led_stats stats = {0};

	*ret_read = eng->decide->judge->feed.seq;
	if (led_view_begin(eng->led, &v, NULL) == 0) {
		(void)led_view_stats(v, &stats); /* 0 events then */
		led_view_end(v);
	}
	*ret_all = NV_MAX(stats.events, *ret_read);
}

/* Somebody waits: as much as can be read at once. */
static int
catch_up(struct eng *eng, struct nv_err *err)
{
	uint64_t read = 0;
	uint64_t of = 0;
	int rc = read_on(eng, AT_ONCE, err);

	if (rc == 0)
		eng->decide->judge->caught_up = true;
	if (rc != 1)
		return rc;
	eng_judge_after_commit(eng);
	eng_judge_progress(eng, &read, &of);
	return nv_err_set(err, -EAGAIN,
		"the ledger is still being read: %" PRIu64 " of %" PRIu64
		" events; ask again in a moment",
		read, of);
}

struct pol *
eng_judge_pol(struct eng *eng)
{
	struct eng_judge *j = eng->decide->judge;

	return catch_up(eng, NULL) == 0 ? j->feed.pol : NULL;
}

/* ---- what only a running engine sees ---- */

static bool
same_standing(const struct pol_standing *a, const struct pol_standing *b)
{
	for (size_t i = 0; i < NV_LEN(a->split); i++) {
		if (a->split[i] < b->split[i] || a->split[i] > b->split[i])
			return false;
	}
	return a->state == b->state && a->instances == b->instances &&
	       a->live == b->live && a->halted == b->halted &&
	       a->run_interval_s == b->run_interval_s;
}

static int
put_standings(struct eng *eng, struct pol *pol, int64_t now_s)
{
	int rc = 0;

	for (const struct eng_worker *w = eng->workers; rc == 0 && w; w = w->next) {
		struct pol_standing had;
		struct pol_standing is;

		if (pol_standing_get(pol, w->name, &had) < 0)
			continue; /* nothing of it is in the ledger */
		eng_feed_standing(w->conf, &w->desire, w->budget_paused, &is);
		is.halted = w->halted;
		is.live = 0;
		for (const struct eng_instance *i = w->instances; i; i = i->next)
			is.live += !i->gone;
		if (!same_standing(&had, &is))
			rc = pol_standing_put(pol, w->name, now_s, &is);
	}
	return rc;
}

/* Clocks change: the day of the budget does not begin where it did. */
static int
put_day(struct eng *eng, struct pol *pol, int64_t now_ns)
{
	struct pol_conf had;
	struct pol_conf is;

	pol_conf_get(pol, &had);
	eng_feed_pol_conf(eng->config, !eng->autonomous, now_ns, &is);
	if (had.day_offset_s == is.day_offset_s && had.advise_only == is.advise_only)
		return 0;
	return pol_conf_set(pol, &is);
}

/* ---- doing it ---- */

static bool
grows(const struct pol_decision *d)
{
	return d->impact_nano > 0 || d->action == POL_RESUME || d->action == POL_DEPLOY;
}

/* What the core cannot know; NULL = nothing is in the way. */
static const char *
obstacle(const struct eng_worker *w, const struct pol_decision *d, int64_t now_ns)
{
	const struct eng_history *h = w->history;
	bool urgent = d->action == POL_KILL || d->action == POL_PAUSE;

	if (!w->conf)
		return "it is not configured any more";
	if (h && h->denied_until_ns[d->action] > now_ns)
		return "a person denied it";
	if (h && h->open && !urgent)
		return "another decision about it waits for an approval";
	if (w->uncounted.codes[0] && (grows(d) || d->action == POL_KILL))
		return "it has money in a currency without a rate";
	if (w->desire.want == ENG_WANT_PAUSED && grows(d) &&
		strncmp(w->desire.by, "decision ", 9) != 0)
		return "a person or a budget has paused it";
	struct eng_desire desire = w->desire;

	if (eng_act_tune(w, d, &desire, NULL) < 0)
		return "its file does not declare what would be turned";
	return NULL;
}

static bool
is_advice(const struct eng *eng, const struct eng_worker *w, const struct pol_decision *d)
{
	return d->advice || !eng->autonomous || !w->conf->autonomous;
}

/* Said already? */
static bool
is_repeated(const struct eng_worker *w, const struct pol_decision *d)
{
	const struct eng_history *h = w->history;

	return h && h->advice == d->action && h->advice_to == d->to_instances;
}

static uint64_t
write_down(struct eng *eng, struct eng_worker *w, const struct pol_decision *d,
	int64_t now_ns)
{
	const struct eng_feed *f = &eng->decide->judge->feed;
	struct eng_judge_text text;
	struct eng_history *h = eng_history_of(w);
	bool advice = is_advice(eng, w, d);
	struct pol_conf conf;
	struct pol_fleet fleet;

	pol_conf_get(f->pol, &conf);
	pol_fleet_get(f->pol, now_ns / NV_NS_PER_SEC, &fleet);
	eng_judge_text(d, eng->config->base_currency, &text);
	struct eng_dec_judged judged = {.mode = conf.mode,
		.seq = f->seq,
		/* The mean of a lognormal curve with the spread of the prior. */
		.shift_s = (int64_t)(fleet.delay_median_h * 3600. * MEAN_BY_MEDIAN),
		.expected = text.expected,
		.instead = text.instead};

	if (advice && is_repeated(w, d))
		return 0;
	if (!advice && h->open)
		eng_act_close(eng, w, "void", ENG_DEC_VOID, "policy",
			"something more urgent came up", now_ns);
	struct eng_decision *dec = eng_decision_judged(eng, w, d, &judged,
		advice              ? ENG_DEC_ADVISED
		: d->needs_approval ? ENG_DEC_PENDING
				    : ENG_DEC_EXECUTED,
		now_ns);

	if (!dec)
		eng_ledger_trouble(eng, "no memory for a decision");
	if (dec->state == ENG_DEC_EXECUTED)
		return eng_act_execute(eng, w, dec, "policy", NULL, now_ns);
	return eng_act_record(eng, w, dec);
}

/* What a day may cost, of a worker or ("*") of the fleet: a gate like any budget's, kept
 * by gate.c. It follows from the judgement and is no decision of its own. */
static void
set_limit(struct eng *eng, struct eng_worker *w, const struct pol_decision *d)
{
	struct nv_err err = {0};
	bool fleet = strcmp(d->worker, "*") == 0;

	if (d->advice || !eng->autonomous || (!fleet && (!w || !w->conf || !w->purse)) ||
		(w && w->conf && !w->conf->autonomous))
		return;
	if (eng_gate_limit_set(eng, fleet ? NULL : w, d->limit_nano, &err) < 0)
		nv_warn("the limit of %s is not set: %s", d->worker, err.text);
}

void
eng_judge_lift(struct eng *eng, bool all)
{
	struct nv_err err = {0};

	for (struct eng_worker *w = eng->workers; w; w = w->next) {
		if (w->limited && w->purse && (all || (w->conf && !w->conf->autonomous)))
			(void)eng_gate_limit_set(eng, w, -1, &err); /* next time then */
	}
	if (!all)
		return;
	if (eng->fleet_limited)
		(void)eng_gate_limit_set(eng, NULL, -1, &err);
	/* When it decides again, it gives them out again. */
	pol_limits_forget(eng->decide->judge->feed.pol);
}

/* Does it, or tells the core that it is not done. */
static uint64_t
do_one(struct eng *eng, const struct pol_decision *d, int64_t now_ns)
{
	struct pol *pol = eng->decide->judge->feed.pol;
	struct eng_worker *w = eng_worker_find(eng, d->worker);
	const char *wrong = w ? obstacle(w, d, now_ns) : "there is no such worker";

	if (d->action == POL_CANCEL) {
		if (w && w->history && w->history->open)
			eng_act_close(
				eng, w, "void", ENG_DEC_VOID, "policy", d->text, now_ns);
		return 0;
	}
	if (d->action == POL_LIMIT) {
		set_limit(eng, w, d);
		return 0;
	}
	uint64_t id = wrong ? 0 : write_down(eng, w, d, now_ns);

	if (wrong)
		nv_info("%s of %s is not done: %s", pol_action_name(d->action), d->worker,
			wrong);
	if (wrong || is_advice(eng, w, d))
		(void)pol_answer(pol, d->worker, POL_REFUSED, now_ns / NV_NS_PER_SEC);
	return id;
}

static void
do_all(struct eng *eng, const struct proposals *all, uint64_t *ids, int64_t now_ns)
{
	for (size_t i = 0; i < all->n; i++) {
		uint64_t id = do_one(eng, &all->list[i], now_ns);

		if (ids)
			ids[i] = id;
	}
}

/* ---- asking ---- */

/* A core of its own that may be asked without consequences. */
static int
copy_core(const struct pol *pol, struct pol **ret)
{
	struct nv_buf buf;

	nv_buf_init(&buf, (size_t)1 << 30);
	int rc = pol_save(pol, &buf);

	if (rc == 0)
		rc = buf.error;
	if (rc == 0)
		rc = pol_load(buf.data, buf.bytes, ret);
	nv_buf_fini(&buf);
	return rc;
}

static int
ask_dry(struct eng *eng, struct proposals *all, int64_t now_s)
{
	struct pol *copy = NULL;
	int rc = copy_core(eng->decide->judge->feed.pol, &copy);

	if (rc == 0) {
		pol_evaluate_soon(copy);
		rc = pol_evaluate(copy, now_s, collect, all);
	}
	pol_free(copy);
	return rc;
}

static int
ask(struct eng *eng, const struct eng_judge_call *call, struct proposals *all,
	struct nv_err *err)
{
	struct eng_judge *j = eng->decide->judge;
	int rc = catch_up(eng, err);

	if (rc < 0)
		return rc;
	int64_t now_ns = ledger_now(eng);
	int64_t now_s = now_ns / NV_NS_PER_SEC;

	rc = put_day(eng, j->feed.pol, now_ns);
	if (rc == 0)
		rc = put_standings(eng, j->feed.pol, now_s);
	if (rc == 0 && call->dry) {
		rc = ask_dry(eng, all, now_s);
	} else if (rc == 0) {
		if (call->now || j->owed)
			pol_evaluate_soon(j->feed.pol);
		j->owed = false;
		rc = pol_evaluate(j->feed.pol, now_s, collect, all);
	}
	if (rc == 0 && all->lost)
		rc = -ENOMEM;
	return rc < 0 ? nv_err_set(err, rc, "the judgement failed: %s", strerror(-rc))
		      : 0;
}

static const struct pol_decision *
proposal_of(const struct proposals *all, const char *worker, size_t *ret_i)
{
	for (size_t i = 0; i < all->n; i++) {
		if (strcmp(all->list[i].worker, worker) == 0 &&
			all->list[i].action != POL_LIMIT &&
			all->list[i].action != POL_CANCEL) {
			*ret_i = i;
			return &all->list[i];
		}
	}
	return NULL;
}

static const char *
state_word(
	const struct eng *eng, const struct eng_worker *w, const struct pol_decision *d)
{
	if (!d)
		return "none";
	if (is_advice(eng, w, d))
		return "advised";
	return d->needs_approval ? "pending" : "executed";
}

static int
add_rows(struct eng *eng, json_t *rows, const struct proposals *all, const uint64_t *ids,
	int64_t now_ns)
{
	const struct pol *pol = eng->decide->judge->feed.pol;
	int rc = 0;

	for (const struct eng_worker *w = eng->workers; rc == 0 && w; w = w->next) {
		struct pol_judgement judgement;
		size_t i = 0;

		if (!w->conf ||
			pol_judge(pol, w->name, now_ns / NV_NS_PER_SEC, &judgement) < 0)
			continue;
		const struct pol_decision *d = proposal_of(all, w->name, &i);
		/* What was just done is in the way of nothing. */
		bool done = d && ids && ids[i] != 0;
		const char *wrong = d && !done ? obstacle(w, d, now_ns) : NULL;
		const struct eng_judge_row row = {.worker = w->name,
			.currency = eng->config->base_currency,
			.judgement = &judgement,
			.decision = d,
			.obstacle = wrong,
			.state = state_word(eng, w, wrong ? NULL : d),
			.id = d && ids ? ids[i] : 0};
		json_t *o = eng_judge_row_json(&row);

		rc = !o || json_array_append_new(rows, o) < 0 ? -ENOMEM : 0;
	}
	return rc;
}

int
eng_judge_run(struct eng *eng, const struct eng_judge_call *call, struct nv_err *err)
{
	struct proposals all = {0};
	int64_t now_ns = nv_wall_ns();
	int rc = ask(eng, call, &all, err);
	uint64_t *ids = rc == 0 ? calloc(all.n + 1, sizeof *ids) : NULL;

	if (rc == 0 && !ids)
		rc = nv_err_set(err, -ENOMEM, "no memory for decisions");
	if (rc == 0 && !call->dry) {
		do_all(eng, &all, ids, now_ns);
		/* The core learns what was done the way it learns everything. */
		(void)catch_up(eng, NULL);
		keep(eng, false);
	}
	if (rc == 0 && call->rows)
		rc = add_rows(eng, call->rows, &all, call->dry ? NULL : ids, now_ns);
	free(ids);
	free(all.list);
	return rc;
}

json_t *
eng_judge_fleet_json(struct eng *eng)
{
	const struct pol *pol = eng->decide->judge->feed.pol;
	struct pol_fleet fleet;

	pol_fleet_get(pol, ledger_now(eng) / NV_NS_PER_SEC, &fleet);
	return eng_judge_fleet_row(&fleet);
}

bool
eng_judge_holds(struct eng *eng, struct eng_worker *w, const struct eng_decision *d,
	int64_t now_ns, char *why, size_t why_bytes)
{
	struct eng_judge *j = eng->decide->judge;
	struct pol_decision decision;
	struct pol_why now;
	struct nv_err err = {0};

	if (!w->conf) {
		(void)snprintf(why, why_bytes, "the worker is not configured any more");
		return false;
	}
	int rc = eng_record_read(d->doc, &decision);

	if (rc == 0)
		rc = catch_up(eng, &err);
	if (rc == 0)
		rc = put_standings(eng, j->feed.pol, now_ns / NV_NS_PER_SEC);
	if (rc < 0) {
		(void)snprintf(
			why, why_bytes, "%s", err.text[0] ? err.text : strerror(-rc));
		return false;
	}
	if (eng_desire_instances(w) != d->from_instances) {
		(void)snprintf(
			why, why_bytes, "its instances have been changed meanwhile");
		return false;
	}
	if (pol_recheck(j->feed.pol, &decision, now_ns / NV_NS_PER_SEC, &now))
		return true;
	(void)snprintf(why, why_bytes,
		"it does not hold any more (%s): its probability is %.1f%% now, it was "
		"%.1f%%",
		now.rule ? now.rule : "", 100. * now.p, 100. * decision.why.p);
	return false;
}

/* ---- start and end ---- */

/* What the last one knew, or nothing: then the ledger is read from its beginning. */
static int
start(struct eng *eng, struct nv_err *err)
{
	struct eng_judge *j = eng->decide->judge;
	struct nv_err why = {0};
	int rc = eng_feed_init(&j->feed, eng->config, !eng->autonomous, err);

	if (rc < 0)
		return rc;
	rc = eng_feed_load(&j->feed, eng->led, j->path, &why);
	if (rc == -EBADMSG)
		nv_info("%s is not used: %s; decisions wait until the ledger is read",
			j->path, why.text);
	j->saved_seq = j->feed.seq;
	j->saved_ns = nv_mono_ns();
	j->caught_up = false;
	/* What was proposed when the last engine died is proposed again. */
	j->owed = true;
	ev_timer_set(&j->timer, 0., 0.);
	ev_timer_start(eng->loop, &j->timer);
	return 0;
}

int
eng_judge_open(struct eng *eng, struct nv_err *err)
{
	struct eng_judge *j = calloc(1, sizeof *j);

	if (!j)
		return nv_err_set(err, -ENOMEM, "no memory for decisions");
	eng->decide->judge = j;
	(void)snprintf(j->path, sizeof j->path, "%s/decide.cache", eng->state_dir);
	ev_timer_init(&j->timer, on_timer, 0., 0.);
	j->timer.data = eng;
	return start(eng, err);
}

void
eng_judge_config(struct eng *eng)
{
	struct eng_judge *j = eng->decide->judge;
	struct nv_err err = {0};
	int rc = eng_feed_config(&j->feed, eng->config, !eng->autonomous);

	if (rc == -ESTALE) {
		/* Other rates: every amount is another one. */
		eng_feed_fini(&j->feed);
		rc = start(eng, &err);
	}
	if (rc < 0)
		eng_ledger_trouble(
			eng, err.text[0] ? err.text : "no memory for decisions");
}

void
eng_judge_close(struct eng *eng)
{
	struct eng_judge *j = eng->decide->judge;

	if (!j)
		return;
	ev_timer_stop(eng->loop, &j->timer);
	if (j->caught_up)
		keep(eng, true);
	eng_feed_fini(&j->feed);
	free(j);
	eng->decide->judge = NULL;
}
