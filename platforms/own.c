/* The verbs that every platform has: its state, its outbox, help. */
#include "nv_clock.h"
#include "nv_json.h"
#include "outbox.h"
#include "pipe.h"
#include "sock.h"
#include "turn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OUTBOX_ROWS_DEFAULT 50
#define OUTBOX_ROWS_MAX     10000

/* ---- help ---- */

static const char *const type_names[] = {[PLAT_TEXT] = "text",
	[PLAT_INT] = "number",
	[PLAT_MONEY] = "money",
	[PLAT_BOOL] = "flag",
	[PLAT_LIST] = "list",
	[PLAT_JSON] = "json"};

static json_t *
describe_arg(const struct plat_arg *a)
{
	json_t *o = json_pack("{s:s, s:s, s:b, s:b, s:s}", "name", a->name, "type",
		type_names[a->type], "required", !!(a->flags & PLAT_REQUIRED), "word",
		!!(a->flags & (PLAT_REQUIRED | PLAT_WORD)), "help", a->help);

	if (o && a->choices &&
		json_object_set_new(o, "choices", json_string(a->choices)) < 0) {
		json_decref(o);
		return NULL;
	}
	return o;
}

static json_t *
describe_verb(const struct plat_verb *v)
{
	json_t *args = json_array();
	int bad = args ? 0 : -1;

	for (const struct plat_arg *a = v->args; a && a->name; a++)
		bad |= json_array_append_new(args, describe_arg(a));
	json_t *o = json_pack("{s:s, s:s, s:b, s:b, s:o}", "name", v->name, "summary",
		v->summary, "agents", !!(v->flags & PLAT_AGENT), "effect",
		!!(v->flags & PLAT_EFFECT), "args", args);

	if (!bad)
		return o;
	json_decref(o);
	return NULL;
}

json_t *
plat_describe(const struct plat_kind *kind)
{
	const struct plat_verb *tables[] = {kind->verbs, plat_own_verbs};
	json_t *verbs = json_array();
	int bad = verbs ? 0 : -1;

	for (size_t i = 0; i < NV_LEN(tables); i++) {
		for (const struct plat_verb *v = tables[i]; v && v->name; v++)
			bad |= json_array_append_new(verbs, describe_verb(v));
	}
	json_t *o = json_pack("{s:s, s:s, s:o}", "platform", kind->name, "summary",
		kind->summary, "verbs", verbs);

	if (!bad)
		return o;
	json_decref(o);
	return NULL;
}

static void
run_help(struct plat_call *call)
{
	plat_done(call, plat_describe(call->plat->kind));
}

/* ---- state ---- */

static json_t *
show_poll(const struct plat *p)
{
	const struct plat_poll *poll = &p->poll;

	return json_pack("{s:b, s:o, s:o, s:o, s:i, s:o*}", "under_way", poll->under_way,
		"last", nv_json_time(poll->last_ns), "last_ok",
		nv_json_time(poll->last_ok_ns), "next", nv_json_time(poll->next_ns),
		"failures", (int)poll->failures, "error",
		poll->why[0] ? nv_json_str(poll->why) : NULL);
}

static json_t *
show_outbox(const struct plat *p)
{
	size_t unbooked = 0;

	for (const struct plat_entry *e = p->outbox->first; e; e = e->next)
		unbooked += !e->booked;
	return json_pack("{s:I, s:I, s:I, s:I}", "queued",
		(json_int_t)plat_outbox_count(p, PLAT_OUT_QUEUED), "sent",
		(json_int_t)plat_outbox_count(p, PLAT_OUT_SENT), "unknown",
		(json_int_t)plat_outbox_count(p, PLAT_OUT_UNKNOWN), "unbooked",
		(json_int_t)unbooked);
}

static void
run_state(struct plat_call *call)
{
	struct plat *p = call->plat;
	const char *state = p->problem[0]      ? "no_key"
			    : p->poll.failures ? "failing"
					       : "ok";
	json_t *o = json_pack(
		"{s:s, s:s, s:s, s:i, s:f, s:s*, s:b, s:{s:i, s:i, s:I, s:I}, s:I, s:I, "
		"s:f, s:o, s:o}",
		"platform", p->kind->name, "summary", p->kind->summary, "state", state,
		"pid", (int)getpid(), "uptime_s",
		(double)(nv_mono_ms() - p->started_ms) / 1000., "problem",
		p->problem[0] ? p->problem : NULL, "engine", plat_pipe_is_there(p),
		"calls", "under_way", (int)p->n_calls, "clients",
		(int)plat_sock_clients(p), "answered", (json_int_t)p->n_answered,
		"failed", (json_int_t)p->n_failed, "booking", (json_int_t)plat_booking(p),
		"waiting_for_turn", (json_int_t)plat_turns_waiting(p), "held_s",
		(double)plat_turns_hold_ms(p) / 1000., "poll", show_poll(p), "outbox",
		show_outbox(p));

	if (o && p->kind->show)
		p->kind->show(p, o);
	plat_done(call, o);
}

/* ---- polls ---- */

static void
run_poll(struct plat_call *call)
{
	struct plat *p = call->plat;

	if (!p->kind->poll) {
		plat_fail(call, NV_EXIT_NO, "%s has nothing to poll", p->kind->name);
		return;
	}
	bool was = p->poll.under_way;

	plat_poll_now(p);
	plat_done(call, json_pack("{s:s}", "poll",
				was ? "under way; another one follows it" : "begun"));
}

/* ---- the outbox ---- */

struct rows {
	json_t *list;
	size_t max;
	bool bad;
};

static int
add_row(void *arg, const struct plat_out *out)
{
	struct rows *rows = arg;
	json_t *row = plat_entry_show((const struct plat_entry *)out);

	rows->bad |= json_array_append_new(rows->list, row) < 0;
	if (json_array_size(rows->list) > rows->max)
		rows->bad |= json_array_remove(rows->list, 0) < 0;
	return rows->bad;
}

static void
run_outbox(struct plat_call *call)
{
	struct plat *p = call->plat;
	struct rows rows = {.list = json_array(),
		.max = (size_t)plat_arg_int(call, "limit", OUTBOX_ROWS_DEFAULT)};
	int rc = rows.list ? plat_out_each(p, plat_arg_bool(call, "all"), add_row, &rows)
			   : -ENOMEM;

	if (rc < 0) {
		json_decref(rows.list);
		plat_fail(call, NV_EXIT_FAILED, "the outbox cannot be read: %s",
			strerror(-rc));
		return;
	}
	if (rows.bad) {
		json_decref(rows.list);
		rows.list = NULL;
	}
	plat_done(call, json_pack("{s:o}", "outbox", rows.list));
}

static void
run_resolve(struct plat_call *call)
{
	const char *id = plat_arg_str(call, "id");
	int rc = plat_outbox_resolve(
		call->plat, id, plat_arg_str(call, "what"), call->uid);

	if (rc < 0)
		plat_fail(call, NV_EXIT_NO, "outbox %s %s", id,
			rc == -ENOENT ? "is not there, or is over"
				      : "is not unknown, or is being looked up just now");
	else
		plat_done(call, json_pack("{s:s, s:s}", "id", id, "resolved",
					plat_arg_str(call, "what")));
}

static const struct plat_arg outbox_args[] = {
	{"all", PLAT_BOOL, 0, "also what is over (30 days)", NULL, 0, 0},
	{"limit", PLAT_INT, 0, "at most this many, the newest (default 50)", NULL, 1,
		OUTBOX_ROWS_MAX},
	{0}};

static const struct plat_arg resolve_args[] = {
	{"id", PLAT_TEXT, PLAT_REQUIRED, "of the outbox entry", NULL, 1,
		PLAT_OUT_ID_BYTES},
	{"what", PLAT_TEXT, PLAT_REQUIRED,
		"done: it happened; refused: it did not; retry: send it again",
		"done|refused|retry", 0, 0},
	{0}};

const struct plat_verb plat_own_verbs[] = {
	{"state", "what it does, and what is wrong", PLAT_NO_KEY, NULL, NULL, run_state,
		NULL, NULL},
	{"help", "the verbs and their arguments", PLAT_NO_KEY | PLAT_AGENT, NULL, NULL,
		run_help, NULL, NULL},
	{"poll", "look at once for what is new", 0, NULL, NULL, run_poll, NULL, NULL},
	{"outbox", "requests that are not over", PLAT_NO_KEY, NULL, outbox_args,
		run_outbox, NULL, NULL},
	{"resolve", "say what became of a request that nobody can look up", PLAT_NO_KEY,
		NULL, resolve_args, run_resolve, NULL, NULL},
	{0}};
