/* Requests that must happen once: see outbox.h for the states. */
#include "outbox.h"
#include "nv_clock.h"
#include "nv_json.h"
#include "nv_log.h"
#include "pipe.h"
#include "turn.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define STORE_AGAIN_S   5.
#define RESOLVE_S_FIRST 2
#define RESOLVE_S_MAX   3600
#define PATIENCE_MS     INT64_C(55000) /* of a caller, while it is found out */
#define LATER_NS_MAX    (INT64_C(86400) * 1000000000)
#define ASK_AGAIN_S     30.
#define PRUNE_S         86400.

/* ---- the list ---- */

void
plat_entry_add(struct plat_entry *e)
{
	struct plat_outbox *box = e->out.plat->outbox;

	e->next = NULL;
	*box->last = e;
	box->last = &e->next;
	box->n++;
}

void
plat_entry_drop(struct plat_entry *e)
{
	struct plat *p = e->out.plat;
	struct plat_outbox *box = p->outbox;
	struct plat_entry **link = &box->first;

	while (*link != e)
		link = &(*link)->next;
	*link = e->next;
	if (box->last == &e->next)
		box->last = link;
	box->n--;
	ev_timer_stop(p->loop, &e->timer);
	plat_turn_cancel(p, e);
	plat_entry_free(e);
	plat_check_end(p);
}

struct plat_entry *
plat_outbox_find(struct plat *p, const char *id)
{
	struct plat_entry *e = p->outbox->first;

	while (e && strcmp(e->out.id, id) != 0)
		e = e->next;
	return e;
}

size_t
plat_outbox_count(const struct plat *p, enum plat_out_state state)
{
	size_t n = 0;

	for (const struct plat_entry *e = p->outbox->first; e; e = e->next)
		n += e->stored && e->out.state == state;
	return n;
}

bool
plat_outbox_is_busy(const struct plat *p)
{
	for (const struct plat_entry *e = p->outbox->first; e; e = e->next) {
		if (e->busy)
			return true;
	}
	return false;
}

/* ---- the disk ---- */

/* What has happened is kept in memory until the disk takes it. */
static int
keep(struct plat_entry *e)
{
	e->changed_ns = nv_wall_ns();
	int rc = plat_entry_store(e);

	if (rc < 0 && !e->dirty)
		nv_error("outbox %s cannot be stored: %s; trying again", e->out.id,
			strerror(-rc));
	e->dirty = rc < 0;
	return rc;
}

/* ---- the end of an entry ---- */

void
plat_entry_answer(struct plat_entry *e)
{
	struct plat_call *call = e->call;

	e->call = NULL;
	if (!call)
		return;
	switch (e->out.state) {
	case PLAT_OUT_DONE:
		plat_done(call, json_deep_copy(e->out.result));
		break;
	case PLAT_OUT_REFUSED:
		plat_call_refuse(call, e->code, 0, e->why);
		break;
	default:
		plat_call_unknown_as(
			call, e->out.id, plat_out_state_name(e->out.state), e->why);
	}
}

void
plat_entry_give_back(struct plat_entry *e)
{
	if (e->reservation[0])
		plat_release(e->out.plat, e->reservation, e->out.agent);
	e->reservation[0] = '\0';
}

static void
on_booked(struct plat *p, void *arg, int rc, const char *reason)
{
	struct plat_entry *e = arg;

	(void)p;
	e->booking = false;
	if (rc == -ECANCELED)
		return; /* the next process books it */
	if (rc < 0)
		nv_error("the cost of outbox %s lies in the quarantine: %s", e->out.id,
			reason ? reason : strerror(-rc));
	e->booked = true;
	e->dirty = true;
	plat_entry_next(e, 0.);
}

static void
book(struct plat_entry *e)
{
	struct plat *p = e->out.plat;
	const struct plat_verb *v = e->out.verb;
	char id[PLAT_OUT_ID_BYTES + 64];

	(void)snprintf(id, sizeof id, "%s:%s:cost", p->kind->name, e->out.id);
	int rc = plat_book(p,
		plat_cost_event(p, id, e->out.cost_nano, e->out.currency, e->out.agent,
			e->reservation, v->operation ? v->operation : v->name, v->name),
		on_booked, e);

	if (rc == 0) {
		e->booking = true;
		plat_entry_give_back(e);
	} else if (rc != -ENOTCONN) {
		plat_entry_next(e, STORE_AGAIN_S);
	}
}

/* What is left to do for one that is done or refused. */
static void
finish(struct plat_entry *e)
{
	if (e->dirty && keep(e) < 0) {
		plat_entry_next(e, STORE_AGAIN_S);
	} else if (e->booked) {
		plat_entry_give_back(e);
		plat_entry_drop(e);
	} else if (!e->booking) {
		book(e);
	}
}

static void
outcome(struct plat_entry *e, enum plat_out_state state)
{
	NV_ASSERT(e->busy);
	e->busy = false;
	e->out.state = state;
	ev_timer_stop(e->out.plat->loop, &e->timer);
}

/* Stored, then said; then what it cost is booked. */
static void
over(struct plat_entry *e)
{
	(void)keep(e); /* finish() tries again */
	plat_entry_answer(e);
	finish(e);
}

void
plat_out_done(struct plat_out *out, json_t *result, int64_t cost_nano)
{
	struct plat_entry *e = plat_entry_of(out);

	NV_ASSERT(cost_nano >= 0);
	outcome(e, PLAT_OUT_DONE);
	json_decref(out->result);
	out->result = result ? result : json_object();
	out->cost_nano = cost_nano;
	e->booked = cost_nano == 0;
	e->why[0] = '\0';
	over(e);
}

static void
say_why(struct plat_entry *e, const char *fmt, va_list ap)
{
	(void)vsnprintf(e->why, sizeof e->why, fmt, ap);
}

void
plat_out_refused(struct plat_out *out, enum nv_exit code, const char *fmt, ...)
{
	struct plat_entry *e = plat_entry_of(out);
	va_list ap;

	va_start(ap, fmt);
	say_why(e, fmt, ap);
	va_end(ap);
	outcome(e, PLAT_OUT_REFUSED);
	e->code = code;
	int64_t spent = out->plat->kind->spent ? out->plat->kind->spent(out) : 0;

	if (spent > 0)
		out->cost_nano = spent;
	e->booked = spent == 0;
	over(e);
}

void
plat_out_later(struct plat_out *out, int64_t wait_ms, const char *fmt, ...)
{
	struct plat_entry *e = plat_entry_of(out);
	va_list ap;

	va_start(ap, fmt);
	say_why(e, fmt, ap);
	va_end(ap);
	if (nv_wall_ns() - out->created_ns > LATER_NS_MAX) {
		char last[PLAT_OUT_WHY_BYTES];

		memcpy(last, e->why, sizeof last);
		plat_out_refused(out, NV_EXIT_FAILED, "given up after a day: %s", last);
		return;
	}
	outcome(e, PLAT_OUT_QUEUED);
	(void)keep(e); /* with `sent` on the disk it would only be looked up needlessly */
	if (wait_ms > PLAT_LATER_MS_CALLER)
		plat_entry_answer(e);
	plat_entry_next(e, (double)NV_MAX(wait_ms, 0) / 1000.);
}

void
plat_out_unknown(struct plat_out *out, const char *fmt, ...)
{
	struct plat_entry *e = plat_entry_of(out);
	int64_t now_ms = nv_mono_ms();
	va_list ap;

	va_start(ap, fmt);
	say_why(e, fmt, ap);
	va_end(ap);
	if (e->unknown_ms == 0) {
		e->unknown_ms = now_ms;
		nv_warn("outbox %s (%s): nobody knows whether it was done: %s", out->id,
			out->verb->name, e->why);
	}
	outcome(e, PLAT_OUT_UNKNOWN);
	(void)keep(e); /* `sent` on the disk means the same */
	if (!out->verb->resolve || now_ms - e->unknown_ms > PATIENCE_MS)
		plat_entry_answer(e);
	int64_t wait_s = (int64_t)RESOLVE_S_FIRST << NV_MIN(e->n_resolved, 10u);

	plat_entry_next(e, (double)NV_MIN(wait_s, RESOLVE_S_MAX));
}

int
plat_out_progress(struct plat_out *out, const json_t *progress)
{
	struct plat_entry *e = plat_entry_of(out);
	json_t *copy = json_deep_copy(progress);

	if (!copy)
		return -ENOMEM;
	json_decref(out->progress);
	out->progress = copy;
	e->changed_ns = nv_wall_ns();
	return plat_entry_store(e);
}

int64_t
plat_out_age_ms(const struct plat_out *out)
{
	return out->sent_ns ? NV_MAX(nv_wall_ns() - out->sent_ns, 0) / 1000000 : 0;
}

/* ---- sending ---- */

static void
on_turn(void *arg)
{
	struct plat_entry *e = arg;
	struct plat_out *out = &e->out;

	e->waits = false;
	if (out->plat->ending)
		return; /* it is on the disk */
	if (out->state == PLAT_OUT_UNKNOWN) {
		e->busy = true;
		e->n_resolved++;
		out->verb->resolve(out);
		return;
	}
	out->state = PLAT_OUT_SENT;
	out->tries++;
	if (out->sent_ns == 0)
		out->sent_ns = nv_wall_ns();
	/* What is not marked as sent is not sent. */
	if (keep(e) < 0) {
		out->state = PLAT_OUT_QUEUED;
		plat_entry_next(e, STORE_AGAIN_S);
		return;
	}
	e->busy = true;
	out->verb->send(out);
}

void
plat_entry_want_turn(struct plat_entry *e)
{
	if (e->waits || e->busy)
		return;
	e->waits = true;
	if (plat_turn(e->out.plat, on_turn, e) < 0) {
		e->waits = false;
		plat_entry_next(e, STORE_AGAIN_S);
	}
}

static void reserve_again(struct plat_entry *e);

/* Whatever its state asks for. */
static void
on_timer(struct ev_loop *loop, ev_timer *t, int revents)
{
	struct plat_entry *e = t->data;

	(void)loop;
	(void)revents;
	bool over = e->out.state == PLAT_OUT_DONE || e->out.state == PLAT_OUT_REFUSED;

	/* Without a key everybody would refuse it: the process that has one goes on. */
	if (!over && (e->out.plat->ending || e->out.plat->problem[0]))
		return;
	if (e->busy || e->asking)
		return;
	switch (e->out.state) {
	case PLAT_OUT_QUEUED:
		if (e->out.agent[0] && !e->reservation[0])
			reserve_again(e);
		else
			plat_entry_want_turn(e);
		break;
	case PLAT_OUT_UNKNOWN:
		if (e->dirty)
			(void)keep(e);
		if (e->out.verb->resolve)
			plat_entry_want_turn(e);
		else if (e->dirty)
			plat_entry_next(e, STORE_AGAIN_S);
		break;
	case PLAT_OUT_DONE:
	case PLAT_OUT_REFUSED:
		finish(e);
		break;
	default:
		break;
	}
}

void
plat_entry_init(struct plat_entry *e)
{
	ev_timer_init(&e->timer, on_timer, 0., 0.);
	e->timer.data = e;
}

void
plat_entry_next(struct plat_entry *e, double after_s)
{
	struct ev_loop *loop = e->out.plat->loop;

	ev_timer_stop(loop, &e->timer);
	ev_timer_init(&e->timer, on_timer, after_s, 0.);
	e->timer.data = e;
	ev_timer_start(loop, &e->timer);
}

/* ---- after a start: the reservation went with the process that asked ---- */

static void
on_reserved_again(
	struct plat *p, void *arg, int refused, const char *why, int64_t retry_s)
{
	struct plat_entry *e = arg;

	(void)p;
	(void)retry_s;
	e->asking = false;
	if (refused == -ECANCELED)
		return;
	if (refused != 0)
		e->reservation[0] = '\0';
	if (refused == 0 || e->out.state != PLAT_OUT_QUEUED) {
		plat_entry_next(e, 0.);
	} else if (refused < 0) {
		plat_entry_next(e, ASK_AGAIN_S);
	} else {
		/* Nothing of it is under way: then no more of it is sent. */
		e->busy = true;
		plat_out_refused(
			&e->out, NV_EXIT_NO, "%s may not: %s", e->out.agent, why);
	}
}

static void
reserve_again(struct plat_entry *e)
{
	struct plat *p = e->out.plat;
	const struct plat_verb *v = e->out.verb;

	plat_uid(p, "r", e->reservation);
	e->asking = true;
	int rc = plat_ask(p, e->reservation, e->out.cost_nano, e->out.currency,
		e->out.agent, v->operation ? v->operation : v->name, PLAT_RESERVE_S_OUT,
		on_reserved_again, e);

	if (rc == 0)
		return;
	e->asking = false;
	e->reservation[0] = '\0';
	plat_entry_next(e, ASK_AGAIN_S);
}

/* ---- by hand ---- */

int
plat_outbox_resolve(struct plat *p, const char *id, const char *what, unsigned uid)
{
	struct plat_entry *e = plat_outbox_find(p, id);

	if (!e)
		return -ENOENT;
	if (e->out.state != PLAT_OUT_UNKNOWN || e->busy)
		return -EBUSY;
	nv_info("outbox %s: uid %u says %s", id, uid, what);
	plat_turn_cancel(p, e);
	e->waits = false;
	e->busy = true;
	if (strcmp(what, "done") == 0)
		plat_out_done(&e->out,
			json_pack("{s:s, s:s}", "outbox", id, "resolved", "by hand"),
			e->out.cost_nano);
	else if (strcmp(what, "refused") == 0)
		plat_out_refused(
			&e->out, NV_EXIT_NO, "it was not done, as uid %u says", uid);
	else
		plat_out_later(&e->out, 0, "once more, as uid %u says", uid);
	return 0;
}

struct each {
	struct plat *p;
	plat_out_fn *fn;
	void *arg;
};

static int
each_stored(void *arg, const char *key, json_t *value)
{
	struct each *each = arg;
	struct plat_entry *e = plat_entry_decode(each->p, key, value);
	int rc = e ? each->fn(each->arg, &e->out) : 0;

	plat_entry_free(e);
	return rc;
}

int
plat_out_each(struct plat *p, bool all, plat_out_fn *fn, void *arg)
{
	struct each each = {.p = p, .fn = fn, .arg = arg};
	int rc = 0;

	if (all)
		return plat_each(p, "outbox", "", NULL, each_stored, &each);
	for (struct plat_entry *e = p->outbox->first; e && rc == 0; e = e->next)
		rc = fn(arg, &e->out);
	return rc;
}

/* ---- start and end ---- */

static bool
is_over(const struct plat_entry *e)
{
	return (e->out.state == PLAT_OUT_DONE || e->out.state == PLAT_OUT_REFUSED) &&
	       e->booked;
}

static int
load_one(void *arg, const char *key, json_t *value)
{
	struct plat *p = arg;
	struct plat_entry *e = plat_entry_decode(p, key, value);

	if (!e) {
		nv_error("outbox %s cannot be read: it is left as it is", key);
		return 0;
	}
	if (is_over(e)) {
		int rc = nv_wall_ns() - e->changed_ns > PLAT_OUT_KEEP_NS
				 ? plat_entry_forget(p, e)
				 : 0;

		plat_entry_free(e);
		return rc;
	}
	if (e->out.state == PLAT_OUT_SENT) {
		e->out.state = PLAT_OUT_UNKNOWN;
		(void)snprintf(e->why, sizeof e->why,
			"the process ended before the answer came");
	}
	plat_entry_add(e);
	plat_entry_next(e, 0.);
	if (e->out.state == PLAT_OUT_UNKNOWN && e->out.agent[0] && e->out.cost_nano > 0 &&
		plat_pipe_is_there(p))
		reserve_again(e);
	return 0;
}

static int
prune_one(void *arg, const char *key, json_t *value)
{
	struct plat *p = arg;
	struct plat_entry *e = plat_entry_decode(p, key, value);
	int rc = 0;

	if (e && is_over(e) && nv_wall_ns() - e->changed_ns > PLAT_OUT_KEEP_NS)
		rc = plat_entry_forget(p, e);
	plat_entry_free(e);
	return rc;
}

static void
on_prune(struct ev_loop *loop, ev_timer *t, int revents)
{
	struct plat *p = t->data;
	int rc = plat_each(p, "outbox", "", NULL, prune_one, p);

	(void)loop;
	(void)revents;
	if (rc < 0)
		nv_error("what is old in the outbox cannot be removed: %s; trying again "
			 "tomorrow",
			strerror(-rc));
}

int
plat_outbox_open(struct plat *p, struct nv_err *err)
{
	struct plat_outbox *box = calloc(1, sizeof *box);
	uint64_t random;

	if (!box || getrandom(&random, sizeof random, 0) != sizeof random) {
		free(box);
		return nv_err_set(err, -ENOMEM, "no memory");
	}
	box->last = &box->first;
	(void)snprintf(box->nonce, sizeof box->nonce, "%08llx", random & 0xffffffffULL);
	p->outbox = box;
	ev_timer_init(&box->prune, on_prune, PRUNE_S, PRUNE_S);
	box->prune.data = p;
	ev_timer_start(p->loop, &box->prune);
	int rc = plat_each(p, "outbox", "", NULL, load_one, p);

	return rc < 0 ? nv_err_set(
				err, rc, "the outbox cannot be read: %s", strerror(-rc))
		      : 0;
}

void
plat_outbox_end(struct plat *p)
{
	for (struct plat_entry *e = p->outbox->first; e; e = e->next) {
		if (e->busy || !e->call || !e->stored)
			continue;
		if (!e->why[0])
			(void)snprintf(e->why, sizeof e->why,
				"the process ends; it is sent by the next one");
		plat_entry_answer(e);
	}
}

void
plat_outbox_close(struct plat *p)
{
	struct plat_outbox *box = p->outbox;

	if (!box)
		return;
	ev_timer_stop(p->loop, &box->prune);
	while (box->first)
		plat_entry_drop(box->first);
	free(box);
	p->outbox = NULL;
}
