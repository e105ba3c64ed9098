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
#define RESOLVES_SOON   3              /* the next one comes within a minute */
#define PATIENCE_MS     INT64_C(55000) /* of a caller, while it is found out */
#define LATER_MS_CALLER INT64_C(30000) /* a longer wait is told to the caller */
#define LATER_NS_MAX    (INT64_C(86400) * 1000000000)
#define ASK_AGAIN_S     30.
#define PRUNE_S         86400.

static struct plat_entry *
entry_of(struct plat_out *out)
{
	return (struct plat_entry *)out;
}

static void next_step(struct plat_entry *e, double after_s);

/* ---- the list ---- */

static void
list_add(struct plat_entry *e)
{
	struct plat_outbox *box = e->out.plat->outbox;

	e->next = NULL;
	*box->last = e;
	box->last = &e->next;
	box->n++;
}

static void
entry_drop(struct plat_entry *e)
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

static void
answer(struct plat_entry *e)
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

static void
give_back(struct plat_entry *e)
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
	next_step(e, 0.);
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
		give_back(e);
	} else if (rc != -ENOTCONN) {
		next_step(e, STORE_AGAIN_S);
	}
}

/* What is left to do for one that is done or refused. */
static void
finish(struct plat_entry *e)
{
	if (e->dirty && keep(e) < 0) {
		next_step(e, STORE_AGAIN_S);
	} else if (e->booked) {
		give_back(e);
		entry_drop(e);
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
	answer(e);
	finish(e);
}

void
plat_out_done(struct plat_out *out, json_t *result, int64_t cost_nano)
{
	struct plat_entry *e = entry_of(out);

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
	struct plat_entry *e = entry_of(out);
	va_list ap;

	va_start(ap, fmt);
	say_why(e, fmt, ap);
	va_end(ap);
	outcome(e, PLAT_OUT_REFUSED);
	e->code = code;
	e->booked = true;
	over(e);
}

void
plat_out_later(struct plat_out *out, int64_t wait_ms, const char *fmt, ...)
{
	struct plat_entry *e = entry_of(out);
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
	if (wait_ms > LATER_MS_CALLER)
		answer(e);
	next_step(e, (double)NV_MAX(wait_ms, 0) / 1000.);
}

void
plat_out_unknown(struct plat_out *out, const char *fmt, ...)
{
	struct plat_entry *e = entry_of(out);
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
		answer(e);
	int64_t wait_s = (int64_t)RESOLVE_S_FIRST << NV_MIN(e->n_resolved, 10u);

	next_step(e, (double)NV_MIN(wait_s, RESOLVE_S_MAX));
}

int
plat_out_progress(struct plat_out *out, const json_t *progress)
{
	struct plat_entry *e = entry_of(out);
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
		next_step(e, STORE_AGAIN_S);
		return;
	}
	e->busy = true;
	out->verb->send(out);
}

static void
want_turn(struct plat_entry *e)
{
	if (e->waits || e->busy)
		return;
	e->waits = true;
	if (plat_turn(e->out.plat, on_turn, e) < 0) {
		e->waits = false;
		next_step(e, STORE_AGAIN_S);
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
	if (e->out.plat->ending && e->out.state != PLAT_OUT_DONE &&
		e->out.state != PLAT_OUT_REFUSED)
		return;
	if (e->busy || e->asking)
		return;
	switch (e->out.state) {
	case PLAT_OUT_QUEUED:
		if (e->out.agent[0] && !e->reservation[0])
			reserve_again(e);
		else
			want_turn(e);
		break;
	case PLAT_OUT_UNKNOWN:
		if (e->dirty)
			(void)keep(e);
		if (e->out.verb->resolve)
			want_turn(e);
		else if (e->dirty)
			next_step(e, STORE_AGAIN_S);
		break;
	case PLAT_OUT_DONE:
	case PLAT_OUT_REFUSED:
		finish(e);
		break;
	default:
		break;
	}
}

static void
next_step(struct plat_entry *e, double after_s)
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
		next_step(e, 0.);
	} else if (refused < 0) {
		next_step(e, ASK_AGAIN_S);
	} else {
		/* Nothing of it was sent: then it is not sent at all. */
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
	next_step(e, ASK_AGAIN_S);
}

/* ---- begin ---- */

/* Who asks does not wait for what will take long: it is told how things are. */
static void
tell_if_long(struct plat_entry *e)
{
	const struct plat *p = e->out.plat;
	bool queued = e->out.state == PLAT_OUT_QUEUED;

	if (queued && plat_turns_hold_ms(p) > LATER_MS_CALLER) {
		(void)snprintf(e->why, sizeof e->why,
			"%s lets nobody in for %lld s; it is sent then", p->kind->name,
			(long long)plat_turns_hold_ms(p) / 1000);
		answer(e);
	} else if (e->out.state == PLAT_OUT_UNKNOWN &&
		   (!e->out.verb->resolve || e->n_resolved > RESOLVES_SOON)) {
		answer(e);
	}
}

static void
start_entry(struct plat_call *call)
{
	struct plat_entry *e = entry_of(call->out);

	(void)snprintf(e->reservation, sizeof e->reservation, "%s", call->reservation);
	call->reservation[0] = '\0';
	call->out = NULL;
	int rc = plat_entry_store(e);

	if (rc < 0) {
		give_back(e);
		e->call = NULL;
		entry_drop(e);
		plat_fail(call, NV_EXIT_FAILED,
			"it cannot be stored: %s: nothing was sent", strerror(-rc));
		return;
	}
	tell_if_long(e);
	want_turn(e);
}

void
plat_outbox_not_begun(struct plat_call *call)
{
	struct plat_entry *e = entry_of(call->out);

	call->out = NULL;
	e->call = NULL;
	entry_drop(e);
}

/* A call whose request was made before: it gets what that one got. */
static void
join(struct plat_call *call, struct plat_entry *e, bool in_memory)
{
	if (e->out.verb != call->verb || !json_equal(e->args, call->args)) {
		plat_fail(call, NV_EXIT_USAGE,
			"the id \"%.60s\" was used for another request", call->id);
		return;
	}
	bool is_over = e->out.state == PLAT_OUT_DONE || e->out.state == PLAT_OUT_REFUSED;

	if (in_memory && !is_over && e->call) {
		plat_call_unknown_as(call, e->out.id, plat_out_state_name(e->out.state),
			"it is under way");
		return;
	}
	struct plat_call *before = e->call;

	e->call = call;
	if (is_over || !in_memory) {
		answer(e);
		e->call = before;
	} else {
		tell_if_long(e);
	}
}

/* True: there was one, and the call was answered or waits for it. */
static bool
joined(struct plat_call *call)
{
	struct plat *p = call->plat;
	char id[PLAT_OUT_ID_BYTES];
	json_t *o = NULL;

	if (!call->id[0])
		return false;
	for (struct plat_entry *e = p->outbox->first; e; e = e->next) {
		if (strcmp(e->caller_id, call->id) == 0 &&
			strcmp(e->out.agent, call->agent) == 0) {
			join(call, e, true);
			return true;
		}
	}
	int rc = plat_entry_asked(p, call->agent, call->id, id);

	if (rc == 0)
		rc = plat_get(p, "outbox", id, &o);
	if (rc == -ENOENT)
		return false;
	struct plat_entry *e = rc == 0 ? plat_entry_decode(p, id, o) : NULL;

	json_decref(o);
	if (e)
		join(call, e, false);
	else
		plat_fail(call, NV_EXIT_FAILED, "outbox %s cannot be read", id);
	plat_entry_free(e);
	return true;
}

static struct plat_entry *
make_entry(
	struct plat_call *call, json_t *request, int64_t cost_nano, const char *currency)
{
	struct plat *p = call->plat;
	struct plat_entry *e = calloc(1, sizeof *e);

	if (!e || !request)
		goto no_memory;
	e->args = json_deep_copy(call->args);
	if (!e->args)
		goto no_memory;
	e->out.plat = p;
	/* In the order in which they were made. */
	(void)snprintf(e->out.id, sizeof e->out.id, "%016llx-%s-%llx",
		(unsigned long long)nv_wall_ns(), p->outbox->nonce,
		(unsigned long long)++p->outbox->serial);
	e->out.verb = call->verb;
	(void)snprintf(e->out.agent, sizeof e->out.agent, "%s", call->agent);
	(void)snprintf(e->caller_id, sizeof e->caller_id, "%s", call->id);
	(void)snprintf(e->out.currency, sizeof e->out.currency, "%s", currency);
	e->out.request = request;
	e->out.cost_nano = cost_nano;
	e->out.created_ns = e->changed_ns = nv_wall_ns();
	e->booked = true;
	e->call = call;
	ev_timer_init(&e->timer, on_timer, 0., 0.);
	e->timer.data = e;
	return e;
no_memory:
	plat_entry_free(e);
	json_decref(request);
	return NULL;
}

void
plat_out_begin(
	struct plat_call *call, json_t *request, int64_t cost_nano, const char *currency)
{
	struct plat *p = call->plat;

	NV_ASSERT((call->verb->flags & PLAT_EFFECT) && call->verb->send);
	NV_ASSERT(cost_nano >= 0 && nv_currency_valid(currency));
	if (joined(call)) {
		json_decref(request);
		return;
	}
	if (p->outbox->n >= PLAT_OUT_OPEN_MAX ||
		(cost_nano > 0 && !plat_pipe_is_there(p))) {
		json_decref(request);
		plat_fail(call, NV_EXIT_FAILED, "%s",
			p->outbox->n >= PLAT_OUT_OPEN_MAX
				? "the outbox is full"
				: "started by hand, without pipes to the engine: what "
				  "costs money cannot be booked");
		return;
	}
	struct plat_entry *e = make_entry(call, request, cost_nano, currency);

	if (!e) {
		plat_fail(call, NV_EXIT_FAILED, "out of memory");
		return;
	}
	list_add(e);
	call->out = &e->out;
	plat_call_reserve(call, cost_nano, currency, PLAT_RESERVE_S_OUT, start_entry);
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
	list_add(e);
	next_step(e, 0.);
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
		answer(e);
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
		entry_drop(box->first);
	free(box);
	p->outbox = NULL;
}
