/* Decisions under way: one a worker, from the proposal to its answer. */
#include "cycle.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
pol_decision_init(
	struct pol_decision *d, enum pol_action action, const struct pol_worker *w)
{
	*d = (struct pol_decision){.action = action};
	(void)snprintf(d->worker, sizeof d->worker, "%s", w->conf.name);
	d->from_instances = w->st.instances;
	d->from_interval_s =
		w->st.run_interval_s ? w->st.run_interval_s : w->conf.run_interval_s;
	d->to_instances = d->from_instances;
	d->to_interval_s = d->from_interval_s;
	d->finding = "";
	for (unsigned i = 0; i < POL_REASONS_MAX; i++)
		d->reasons[i] = NULL;
	d->why.rule = "";
	d->why.threshold = "";
	d->why.p = 1;
	d->why.volume_to = pol_volume(w);
}

void
pol_open_point(struct pol_open *o)
{
	o->d.why.rule = o->rule;
	o->d.why.threshold = o->threshold;
	o->d.finding = o->finding;
	for (unsigned i = 0; i < POL_REASONS_MAX; i++)
		o->d.reasons[i] = o->reasons[i][0] ? o->reasons[i] : NULL;
}

static void
word(char to[POL_CODE_BYTES], const char *from)
{
	(void)snprintf(to, POL_CODE_BYTES, "%s", from ? from : "");
}

static int
keep_open(struct pol_worker *w, const struct pol_decision *d, int64_t ts)
{
	struct pol_open *o = calloc(1, sizeof *o);

	if (!o)
		return -ENOMEM;
	o->d = *d;
	word(o->rule, d->why.rule);
	word(o->threshold, d->why.threshold);
	word(o->finding, d->finding);
	for (unsigned i = 0; i < POL_REASONS_MAX && d->reasons[i]; i++)
		word(o->reasons[i], d->reasons[i]);
	pol_open_point(o);
	w->open = o;
	w->open_ts = ts;
	w->open_granted = false;
	return 0;
}

static void
close_open(struct pol_worker *w)
{
	free(w->open);
	w->open = NULL;
	w->open_granted = false;
}

void
pol_propose(struct pol_cycle *c, struct pol_worker *w, struct pol_decision *d)
{
	uint64_t runs = w->post.runs_ok + w->post.runs_failed;

	w->finding = d->finding;
	w->rule = d->why.rule;
	if (!c->propose)
		return;
	pol_why_fill(c->p, w, &w->post, c->now, d->why.volume_to, &d->why);
	d->confidence = pol_clip(d->why.p, 0, 1);
	d->evidence = pol_clip((double)runs / 100, 0, 1);
	d->risk = pol_risk(c->p, w, &w->post, d);
	d->advice = c->p->conf.advise_only || w->conf.advise_only;
	/* Without memory to remember it nothing is proposed. */
	if (!d->advice && keep_open(w, d, c->now) < 0)
		return;
	c->propose(d, c->arg);
}

static void
note_rise(struct pol_worker *w, int64_t ts, int64_t nano)
{
	struct pol_rise *oldest = &w->rises[0];

	for (unsigned i = 1; i < POL_RISES_MAX; i++) {
		if (w->rises[i].ts < oldest->ts)
			oldest = &w->rises[i];
	}
	/* More rises in a day than there is room for: the oldest goes on counting. */
	if (oldest->ts && ts - oldest->ts < POL_DAY_S)
		nano = pol_add(nano, oldest->nano);
	*oldest = (struct pol_rise){.ts = NV_MAX(ts, 1), .nano = nano};
}

static void
applied(struct pol_worker *w, const struct pol_decision *d, int64_t ts)
{
	if (!d->needs_approval && d->impact_nano > 0)
		note_rise(w, ts, d->impact_nano);
	if (d->action == POL_DEPLOY)
		w->trial = true;
	if (d->impact_nano < 0)
		/* The next step down needs less patience than the first. */
		w->below_since = ts - (POL_DOWN_S - POL_DOWN_NEXT_S);
	if (d->action == POL_PAUSE)
		w->poor = strcmp(d->why.rule, "breaker") != 0;
	if (d->action == POL_PAUSE && !w->poor) {
		int64_t hold = pol_breaker_hold(w, ts);

		w->breaker_count = hold > POL_BREAKER_S ? w->breaker_count + 1 : 1;
		w->breaker_last = ts;
		w->breaker_until = ts + hold;
	}
	if (d->action == POL_RESUME)
		w->poor = false;
}

int
pol_answer(struct pol *p, const char *worker, enum pol_answer answer, int64_t ts)
{
	struct pol_worker *w = pol_find(p, worker);

	if (!w || !w->open)
		return -ENOENT;
	if ((unsigned)answer >= POL_ANSWER_COUNT || ts < 0 || ts > POL_TS_MAX)
		return -EINVAL;
	switch (answer) {
	case POL_GRANTED:
		w->open_granted = true;
		return 0;
	case POL_APPLIED:
		applied(w, &w->open->d, ts);
		break;
	case POL_DENIED:
		w->denied_until[w->open->d.action] =
			ts +
			(w->open->d.action == POL_RETIRE ? POL_RETIRE_S : POL_DENIED_S);
		break;
	case POL_REFUSED:
		/* What could not be done is not asked for again at once. */
		w->denied_until[w->open->d.action] = ts + POL_UP_S;
		break;
	default:
		break;
	}
	close_open(w);
	return 0;
}

int
pol_restore(struct pol *p, const struct pol_decision *decision, int64_t ts)
{
	struct pol_worker *w = pol_find(p, decision->worker);

	if (!w)
		return -ENOENT;
	if (w->open)
		return -EEXIST;
	return keep_open(w, decision, ts);
}

int
pol_open_get(const struct pol *p, const char *worker, struct pol_decision *ret,
	int64_t *ret_ts)
{
	const struct pol_worker *w = pol_find(p, worker);

	if (!w || !w->open)
		return -ENOENT;
	*ret = w->open->d;
	*ret_ts = w->open_ts;
	return 0;
}

/* ---- does it still hold ---- */

static bool
growth_holds(const struct pol *p, const struct pol_worker *w, const struct pol_post *post,
	const struct pol_decision *d, struct pol_why *why)
{
	double x = pol_volume(w);
	double x_to = d->why.volume_to;
	double limit = d->why.limit - POL_P_SLACK;

	int64_t interval =
		w->st.run_interval_s ? w->st.run_interval_s : w->conf.run_interval_s;

	if (!(x_to > x) || d->from_instances != w->st.instances ||
		(d->from_interval_s && d->from_interval_s != interval)) {
		why->rule = "changed_by_hand";
		return false;
	}
	struct pol_gamma g = pol_post_marginal(post, x, x_to);
	double rise = post->cost_unit * (x_to - x);

	why->p = 1 - pol_gamma_below(&g, x_to > 1.02 ? POL_HURDLE_GROW : POL_HURDLE);
	if (strcmp(d->why.rule, "p_roi>scale") == 0)
		why->p = 1 - pol_post_below(post, x, post->good, pol_scale_roi(p, w));
	why->value = why->p;
	if (why->p < limit) {
		why->rule = "fallen";
		return false;
	}
	if (rise > pol_units(d->impact_nano) * 1.1 + 0.01) {
		why->rule = "dearer";
		return false;
	}
	return true;
}

bool
pol_recheck(const struct pol *p, const struct pol_decision *d, int64_t now,
	struct pol_why *ret_why)
{
	const struct pol_worker *w = pol_find(p, d->worker);
	struct pol_post post;

	*ret_why = d->why;
	if (!w || w->st.state == POL_ST_KILLED || w->st.state == POL_ST_STOPPED ||
		w->st.state == POL_ST_PAUSED_BY_PERSON ||
		(d->action == POL_DEPLOY && w->st.state != POL_ST_CATALOG)) {
		ret_why->rule = "changed_by_hand";
		return false;
	}
	pol_post_make(p, w, NV_MAX(now, p->now), &post);
	if (d->action == POL_KILL || d->action == POL_RETIRE) {
		double x = pol_volume_least(w);

		ret_why->p = pol_post_below(
			&post, x, 1, d->action == POL_KILL ? pol_kill_roi(p, w) : 0);
		ret_why->value = ret_why->p;
		ret_why->rule =
			ret_why->p < d->why.limit - POL_P_SLACK ? "fallen" : d->why.rule;
		return ret_why->p >= d->why.limit - POL_P_SLACK;
	}
	if (d->impact_nano > 0) {
		struct pol_fleet f;

		pol_fleet_get(p, now, &f);
		/* Its own rise is among the pending ones. */
		if (pol_add(f.plan_per_day_nano, NV_MAX(f.pending_nano, d->impact_nano)) >
			p->conf.daily_budget_nano) {
			ret_why->rule = "over_budget";
			return false;
		}
	}
	if (d->action == POL_SCALE_UP ||
		(d->action == POL_OPTIMIZE_INTERVAL && d->impact_nano > 0))
		return growth_holds(p, w, &post, d, ret_why);
	return true;
}

void
pol_timers(struct pol_cycle *c)
{
	for (uint32_t i = 0; i < c->p->n_workers; i++) {
		struct pol_worker *w = c->p->workers[i];
		double x = pol_volume(w);

		if (!w->post.valid)
			continue;
		if (!(x > 0) || w->target >= x * 0.98)
			w->below_since = 0;
		else if (!w->below_since)
			w->below_since = c->now;
		if (x > w->levels[0].x * 1.02)
			w->floor_since = 0;
		else if (!w->floor_since)
			w->floor_since = c->now;
	}
}

void
pol_withdraw(struct pol_cycle *c, struct pol_worker *w, const char *rule)
{
	struct pol_decision d;

	pol_decision_init(&d, POL_CANCEL, w);
	d.why = w->open->d.why;
	d.why.threshold = "still holds, within 48 h";
	d.why.rule = rule;
	d.needs_approval = false;
	d.finding = "void";
	d.reasons[0] = rule;
	(void)snprintf(d.text, sizeof d.text,
		"what waited for an approval is withdrawn: %s", rule);
	close_open(w);
	if (c->propose)
		c->propose(&d, c->arg);
}

/* What waits is withdrawn when it has waited too long or does not hold any more. */
void
pol_open_check(struct pol_cycle *c)
{
	struct pol *p = c->p;

	for (uint32_t i = 0; i < p->n_workers; i++) {
		struct pol_worker *w = p->workers[i];
		struct pol_why why;
		const char *rule = NULL;

		if (!w->open)
			continue;
		if (!w->open->d.needs_approval) {
			if (c->now - w->open_ts >= POL_LOST_S)
				close_open(w);
			continue;
		}
		if (c->now - w->open_ts >= p->conf.approval_expiry_s)
			rule = "expired";
		else if (!pol_recheck(p, &w->open->d, c->now, &why))
			rule = why.rule;
		if (rule)
			pol_withdraw(c, w, rule);
	}
}
