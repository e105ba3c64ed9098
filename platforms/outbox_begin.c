/* How a call becomes an entry of the outbox, or joins one that its caller made before. */
#include "nv_clock.h"
#include "outbox.h"
#include "pipe.h"
#include "turn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RESOLVES_SOON 3 /* the next one comes within a minute */

/* Who asks does not wait for what will take long: it is told how things are. */
static void
tell_if_long(struct plat_entry *e)
{
	const struct plat *p = e->out.plat;
	bool queued = e->out.state == PLAT_OUT_QUEUED;

	if (queued && plat_turns_hold_ms(p) > PLAT_LATER_MS_CALLER) {
		(void)snprintf(e->why, sizeof e->why,
			"%s lets nobody in for %lld s; it is sent then", p->kind->name,
			(long long)plat_turns_hold_ms(p) / 1000);
		plat_entry_answer(e);
	} else if (e->out.state == PLAT_OUT_UNKNOWN &&
		   (!e->out.verb->resolve || e->n_resolved > RESOLVES_SOON)) {
		plat_entry_answer(e);
	}
}

static void
start_entry(struct plat_call *call)
{
	struct plat_entry *e = plat_entry_of(call->out);

	(void)snprintf(e->reservation, sizeof e->reservation, "%s", call->reservation);
	call->reservation[0] = '\0';
	call->out = NULL;
	int rc = plat_entry_store(e);

	if (rc < 0) {
		plat_entry_give_back(e);
		e->call = NULL;
		plat_entry_drop(e);
		plat_fail(call, NV_EXIT_FAILED,
			"it cannot be stored: %s: nothing was sent", strerror(-rc));
		return;
	}
	tell_if_long(e);
	plat_entry_want_turn(e);
}

void
plat_outbox_not_begun(struct plat_call *call)
{
	struct plat_entry *e = plat_entry_of(call->out);

	call->out = NULL;
	e->call = NULL;
	plat_entry_drop(e);
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
		plat_entry_answer(e);
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
	plat_entry_init(e);
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
	plat_entry_add(e);
	call->out = &e->out;
	plat_call_reserve(call, cost_nano, currency, PLAT_RESERVE_S_OUT, start_entry);
}
