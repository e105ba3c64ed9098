/* One request of a client, from its line to its answer: see frame.h and plat.h. */
#include "args.h"
#include "frame.h"
#include "nv_clock.h"
#include "nv_json.h"
#include "nv_log.h"
#include "outbox.h"
#include "pipe.h"
#include "sock.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEADLINE_S  900.
#define ERROR_BYTES 1000

/* ---- answers ---- */

static void
send_answer(struct plat_client *client, json_t *answer)
{
	NV_CLEANUP_FREE char *line = answer ? nv_json_line(answer) : NULL;

	json_decref(answer);
	plat_client_answer(client,
		line ? line : "{\"ok\":false,\"code\":4,\"error\":\"out of memory\"}");
}

static json_t *
error_of(enum nv_exit code, const char *text, const char *outcome)
{
	json_t *o = json_pack("{s:b, s:i, s:o}", "ok", 0, "code", (int)code, "error",
		nv_json_str(text));

	if (o && outcome && json_object_set_new(o, "outcome", json_string(outcome)) < 0) {
		json_decref(o);
		return NULL;
	}
	return o;
}

static void
give_back(struct plat_call *call)
{
	if (call->reservation[0])
		plat_release(call->plat, call->reservation, call->agent);
	call->reservation[0] = '\0';
}

/* The call is over: nothing is left of it. */
static void
call_free(struct plat_call *call)
{
	struct plat *p = call->plat;
	struct plat_call **link = &p->calls;

	NV_ASSERT(!call->asking);
	if (call->out)
		plat_outbox_not_begun(call);
	while (*link != call)
		link = &(*link)->next;
	*link = call->next;
	p->n_calls--;
	ev_timer_stop(p->loop, &call->deadline);
	give_back(call);
	json_decref(call->args);
	free(call);
	plat_show_title(p);
	plat_check_end(p);
}

static void
answer_call(struct plat_call *call, json_t *answer)
{
	struct plat_client *client = call->client;

	call->client = NULL;
	if (client)
		send_answer(client, answer);
	else
		json_decref(answer);
}

void
plat_done(struct plat_call *call, json_t *data)
{
	if (!data) {
		plat_fail(call, NV_EXIT_FAILED, "out of memory");
		return;
	}
	call->plat->n_answered++;
	answer_call(call, json_pack("{s:b, s:o}", "ok", 1, "data", data));
	call_free(call);
}

void
plat_call_refuse(
	struct plat_call *call, enum nv_exit code, int64_t retry_after_s, const char *why)
{
	json_t *o = error_of(code, why, "refused");

	call->plat->n_failed++;
	if (o && retry_after_s > 0)
		(void)json_object_set_new(
			o, "retry_after_s", json_integer(retry_after_s)); /* a hint */
	answer_call(call, o);
	call_free(call);
}

void
plat_fail(struct plat_call *call, enum nv_exit code, const char *fmt, ...)
{
	char text[ERROR_BYTES];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	plat_call_refuse(call, code, 0, text);
}

void
plat_fail_later(struct plat_call *call, int64_t retry_after_s, const char *fmt, ...)
{
	char text[ERROR_BYTES];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	plat_call_refuse(call, NV_EXIT_FAILED, retry_after_s, text);
}

void
plat_call_unknown_as(
	struct plat_call *call, const char *outbox_id, const char *state, const char *why)
{
	json_t *o = error_of(NV_EXIT_FAILED, why, "unknown");
	int bad = o ? 0 : -1;

	if (outbox_id) {
		bad |= json_object_set_new(o, "outbox", json_string(outbox_id));
		bad |= json_object_set_new(o, "state", json_string(state));
	}
	if (bad) {
		json_decref(o);
		o = NULL;
	}
	call->plat->n_failed++;
	answer_call(call, o);
	call_free(call);
}

void
plat_unknown(struct plat_call *call, const char *fmt, ...)
{
	char text[ERROR_BYTES];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	plat_call_unknown_as(call, NULL, NULL, text);
}

/* ---- money ---- */

static void
on_asked(struct plat *p, void *arg, int refused, const char *why, int64_t retry_s)
{
	struct plat_call *call = arg;
	char text[ERROR_BYTES];

	(void)p;
	call->asking = false;
	if (refused == 0) {
		call->next_fn(call);
		return;
	}
	/* Perhaps it was reserved, and the answer is late: it is not needed. */
	if (refused < 0) {
		give_back(call);
		plat_call_refuse(call, NV_EXIT_FAILED, 30,
			"the engine does not answer: nothing may be spent");
		return;
	}
	call->reservation[0] = '\0';
	(void)snprintf(text, sizeof text, "%s may not: %s", call->agent, why);
	plat_call_refuse(call, NV_EXIT_NO, retry_s, text);
}

void
plat_call_reserve(struct plat_call *call, int64_t nano, const char *currency,
	int64_t expires_s, plat_next_fn *next)
{
	struct plat *p = call->plat;

	NV_ASSERT(!call->reservation[0] && !call->asking);
	if (!call->agent[0]) {
		next(call);
		return;
	}
	plat_uid(p, "r", call->reservation);
	call->next_fn = next;
	call->asking = true;
	int rc = plat_ask(p, call->reservation, nano, currency, call->agent,
		call->verb->operation ? call->verb->operation : call->verb->name,
		expires_s, on_asked, call);

	if (rc == 0)
		return;
	call->asking = false;
	call->reservation[0] = '\0';
	plat_fail(call, NV_EXIT_FAILED,
		rc == -ENOTCONN ? "started by hand, without pipes to the engine: agents "
				  "cannot be served"
				: "out of memory");
}

void
plat_reserve(
	struct plat_call *call, int64_t nano, const char *currency, plat_next_fn *next)
{
	NV_ASSERT(!(call->verb->flags & PLAT_EFFECT));
	plat_call_reserve(call, nano, currency, PLAT_RESERVE_S_CALL, next);
}

int
plat_spend(struct plat_call *call, int64_t nano, const char *currency, const char *what)
{
	struct plat *p = call->plat;
	char id[PLAT_UID_BYTES];

	if (nano <= 0)
		return 0;
	plat_uid(p, "c", id);
	return plat_book(p,
		plat_cost_event(p, id, nano, currency, call->agent, call->reservation,
			call->verb->operation ? call->verb->operation : call->verb->name,
			what),
		NULL, NULL);
}

/* ---- what a platform asks ---- */

struct plat *
plat_call_platform(const struct plat_call *call)
{
	return call->plat;
}

const char *
plat_call_agent(const struct plat_call *call)
{
	return call->agent;
}

const struct plat_verb *
plat_call_verb(const struct plat_call *call)
{
	return call->verb;
}

bool
plat_call_is_heard(const struct plat_call *call)
{
	return call->client != NULL;
}

void
plat_call_set_own(struct plat_call *call, void *own)
{
	call->own = own;
}

void *
plat_call_own(const struct plat_call *call)
{
	return call->own;
}

/* ---- begin ---- */

const struct plat_verb *
plat_verb_find(const struct plat_kind *kind, const char *name)
{
	const struct plat_verb *tables[] = {plat_own_verbs, kind->verbs};

	for (size_t i = 0; i < NV_LEN(tables); i++) {
		for (const struct plat_verb *v = tables[i]; v && v->name; v++) {
			if (strcmp(v->name, name) == 0)
				return v;
		}
	}
	return NULL;
}

static const struct plat_verb *
verb_of(const struct plat *p, const char *name, struct nv_err *err)
{
	const struct plat_verb *tables[] = {plat_own_verbs, p->kind->verbs};
	const struct plat_verb *found = plat_verb_find(p->kind, name);
	const char *names[512];
	size_t n = 0;

	if (found)
		return found;
	for (size_t i = 0; i < NV_LEN(tables); i++) {
		for (const struct plat_verb *v = tables[i];
			v && v->name && n < NV_LEN(names); v++)
			names[n++] = v->name;
	}
	const char *near = nv_name_nearest(name, names, n);

	(void)nv_err_set(err, -EINVAL, "%s has no verb \"%.40s\"%s%s", p->kind->name,
		name, near ? "; did you mean " : "", near ? near : "");
	return NULL;
}

/* The request as it is: {"verb","args"?,"agent"?,"id"?}. */
struct request {
	const char *verb;
	const char *agent; /* NULL: not said */
	const char *id;    /* NULL: not said */
	json_t *args;      /* borrowed, or NULL */
};

static int
read_request(const json_t *o, struct request *r, struct nv_err *err)
{
	static const char *const known[] = {"verb", "args", "agent", "id"};
	const char *key;
	json_t *value;

	if (!json_is_object(o))
		return nv_err_set(err, -EINVAL, "expected an object");
	json_object_foreach((json_t *)(uintptr_t)o, key, value)
	{
		size_t i = 0;

		while (i < NV_LEN(known) && strcmp(key, known[i]) != 0)
			i++;
		if (i == NV_LEN(known))
			return nv_err_set(err, -EINVAL,
				"expected verb, args, agent and id, not \"%.40s\"", key);
	}
	int rc = nv_json_need_str(o, "verb", 100, &r->verb, err);

	if (rc == 0)
		rc = nv_json_get_str(o, "agent", NV_NAME_MAX - 1, &r->agent, err);
	if (rc == 0 || rc == -ENOENT)
		rc = nv_json_get_str(o, "id", PLAT_ID_BYTES_MAX, &r->id, err);
	if (rc < 0 && rc != -ENOENT)
		return rc;
	r->args = json_object_get(o, "args");
	if (r->args && !json_is_object(r->args))
		return nv_err_set(err, -EINVAL, "args: expected an object");
	if (r->id && !*r->id)
		return nv_err_set(
			err, -EINVAL, "id: expected 1 to %d bytes", PLAT_ID_BYTES_MAX);
	if (r->agent && !nv_name_valid(r->agent))
		return nv_err_set(err, -EINVAL, "agent: expected a worker's name");
	return 0;
}

/* In whose name, and may it? 0, -EPERM, -EINVAL. */
static int
settle_agent(struct plat_call *call, const struct request *r, const char *agent,
	struct nv_err *err)
{
	struct plat *p = call->plat;
	const char *who = r->agent ? r->agent : agent;

	if (!call->person && r->agent && strcmp(r->agent, agent) != 0)
		return nv_err_set(err, -EPERM, "%s may not call in the name of %s", agent,
			r->agent);
	(void)snprintf(call->agent, sizeof call->agent, "%s", who);
	if (call->person && r->agent && !p->by_hand && !nv_config_worker(p->config, who))
		return nv_err_set(err, -EPERM, "there is no worker \"%s\"", who);
	if (call->person)
		return 0;
	if (!(call->verb->flags & PLAT_AGENT))
		return nv_err_set(err, -EPERM, "%s %s is for people, not for agents",
			p->kind->name, call->verb->name);
	return 0;
}

/* The bucket of an agent that calls; NULL without memory. */
static struct plat_rate *
bucket_of(struct plat *p, const char *agent)
{
	struct plat_agent *a = p->agents;

	while (a && strcmp(a->name, agent) != 0)
		a = a->next;
	if (a)
		return &a->rate;
	a = calloc(1, sizeof *a);
	if (!a)
		return NULL;
	(void)snprintf(a->name, sizeof a->name, "%s", agent);
	/* What it may do in a whole period it may do at once: who sends twenty mails an
	 * hour mostly sends them together. */
	plat_rate_init(&a->rate, p->settings.agent_rate.count,
		p->settings.agent_rate.per_ms, p->settings.agent_rate.count,
		nv_mono_ms());
	a->next = p->agents;
	p->agents = a;
	return &a->rate;
}

/* True: answered. */
static bool
held_by_rate(struct plat_call *call)
{
	struct plat *p = call->plat;
	char text[200];
	struct plat_rate *rate =
		call->agent[0] && !call->person && p->settings.agent_rate.count > 0
			? bucket_of(p, call->agent)
			: NULL;
	int64_t wait_ms = rate ? plat_rate_take(rate, nv_mono_ms()) : 0;

	if (wait_ms == 0)
		return false;
	(void)snprintf(text, sizeof text,
		"%s has used up its agent_rate of %s; there is room for a call in %lld s",
		call->agent, p->kind->name, (long long)(wait_ms + 999) / 1000);
	plat_call_refuse(call, NV_EXIT_NO, (wait_ms + 999) / 1000, text);
	return true;
}

static void
on_deadline(struct ev_loop *loop, ev_timer *t, int revents)
{
	struct plat_call *call = t->data;

	(void)loop;
	(void)revents;
	/* The platform still holds it, so it stays; who asked shall not wait for ever. */
	nv_warn("%s has not ended within %.0f s; it goes on", call->verb->name,
		DEADLINE_S);
	answer_call(call,
		error_of(NV_EXIT_FAILED,
			"it has not ended within 15 minutes, and goes on", "unknown"));
}

static enum nv_exit
code_of(int rc)
{
	return rc == -EINVAL ? NV_EXIT_USAGE : rc == -EPERM ? NV_EXIT_NO : NV_EXIT_FAILED;
}

/* 0: it runs; else answered. */
static int
begin(struct plat *p, struct plat_call *call, const struct request *r, const char *agent,
	struct nv_err *err)
{
	json_t *empty = json_object();
	int rc = settle_agent(call, r, agent, err);

	if (rc == 0)
		rc = plat_args_check(
			call->verb, r->args ? r->args : empty, &call->args, err);
	json_decref(empty);
	if (rc < 0)
		return rc;
	if (r->id)
		(void)snprintf(call->id, sizeof call->id, "%s", r->id);
	if (p->problem[0] && !(call->verb->flags & PLAT_NO_KEY))
		return nv_err_set(err, -ENOTCONN, "%s", p->problem);
	return 0;
}

static void
refuse_line(struct plat_client *client, int rc, const struct nv_err *err)
{
	client->plat->n_failed++;
	send_answer(client, error_of(code_of(rc),
				    err->text[0] ? err->text : strerror(-rc), "refused"));
}

void
plat_call_line(struct plat *p, struct plat_client *client, const char *line, size_t bytes,
	const char *agent, bool person, uid_t uid)
{
	struct nv_err err = {0};
	struct request r = {0};
	json_error_t why;
	json_t *o = json_loadb(line, bytes, JSON_REJECT_DUPLICATES, &why);
	struct plat_call *call = NULL;
	int rc = o ? read_request(o, &r, &err)
		   : nv_err_set(&err, -EINVAL, "the request is not JSON: %s at byte %d",
			     why.text, why.position);
	const struct plat_verb *verb = rc == 0 ? verb_of(p, r.verb, &err) : NULL;

	if (rc == 0 && !verb)
		rc = -EINVAL;
	if (rc == 0 && p->ending)
		rc = nv_err_set(&err, -ESHUTDOWN, "%s is ending", p->kind->name);
	if (rc == 0 && p->n_calls >= PLAT_CALLS_MAX)
		rc = nv_err_set(&err, -EBUSY, "%u calls are under way", p->n_calls);
	if (rc == 0 && !(call = calloc(1, sizeof *call)))
		rc = -ENOMEM;
	if (!call) {
		refuse_line(client, rc, &err);
		json_decref(o);
		return;
	}
	call->plat = p;
	call->client = client;
	call->verb = verb;
	call->person = person;
	call->uid = uid;
	ev_timer_init(&call->deadline, on_deadline, DEADLINE_S, 0.);
	call->deadline.data = call;
	ev_timer_start(p->loop, &call->deadline);
	call->next = p->calls;
	p->calls = call;
	p->n_calls++;
	rc = begin(p, call, &r, agent, &err);
	json_decref(o);
	if (rc < 0) {
		plat_call_refuse(
			call, code_of(rc), 0, err.text[0] ? err.text : strerror(-rc));
		return;
	}
	plat_show_title(p);
	if (!held_by_rate(call))
		call->verb->run(call);
}

void
plat_call_forget(struct plat *p, const struct plat_client *client)
{
	for (struct plat_call *call = p->calls; call; call = call->next) {
		if (call->client == client)
			call->client = NULL;
	}
}
