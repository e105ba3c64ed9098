/* Outbox entries on the disk: table "outbox" by id, "asked" by the caller's own id. */
#include "nv_clock.h"
#include "nv_json.h"
#include "outbox.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const state_names[] = {
#define X(name, text) [PLAT_OUT_##name] = text,
	PLAT_OUT_STATES(X)
#undef X
};

const char *
plat_out_state_name(enum plat_out_state state)
{
	return state_names[state];
}

static void
asked_key(char ret[PLAT_KEY_BYTES_MAX], const char *agent, const char *caller_id)
{
	(void)snprintf(ret, PLAT_KEY_BYTES_MAX, "%s/%s", agent, caller_id);
}

static int
put(json_t *o, const char *key, json_t *value)
{
	return value ? json_object_set_new(o, key, value) : 0;
}

static json_t *
encode(const struct plat_entry *e)
{
	const struct plat_out *out = &e->out;
	json_t *o = json_pack("{s:s, s:s, s:s, s:O, s:i, s:I, s:I, s:I, s:I, s:s, s:s, "
			      "s:i, s:b}",
		"verb", out->verb->name, "agent", out->agent, "state",
		state_names[out->state], "request", out->request, "tries",
		(int)out->tries, "created", (json_int_t)out->created_ns, "sent",
		(json_int_t)out->sent_ns, "changed", (json_int_t)e->changed_ns, "cost",
		(json_int_t)out->cost_nano, "currency", out->currency, "caller_id",
		e->caller_id, "code", (int)e->code, "booked", e->booked);
	int bad = o ? 0 : -1;

	bad |= put(o, "progress", json_incref(out->progress));
	bad |= put(o, "result", json_incref(out->result));
	bad |= put(o, "args", json_incref(e->args));
	bad |= json_object_set_new(o, "why", nv_json_str(e->why));
	if (!bad)
		return o;
	json_decref(o);
	return NULL;
}

int
plat_entry_store(struct plat_entry *e)
{
	struct plat *p = e->out.plat;
	char key[PLAT_KEY_BYTES_MAX];
	json_t *o = encode(e);
	int rc = o ? plat_batch_begin(p) : -ENOMEM;

	if (rc == 0) {
		rc = plat_put(p, "outbox", e->out.id, o);
		if (rc == 0 && !e->stored && e->caller_id[0]) {
			json_t *id = json_string(e->out.id);

			asked_key(key, e->out.agent, e->caller_id);
			rc = id ? plat_put(p, "asked", key, id) : -ENOMEM;
			json_decref(id);
		}
		int end = plat_batch_end(p, rc == 0);

		rc = rc < 0 ? rc : end;
	}
	json_decref(o);
	if (rc == 0)
		e->stored = true;
	return rc;
}

static int
state_of(const char *text)
{
	for (size_t i = 0; text && i < NV_LEN(state_names); i++) {
		if (strcmp(text, state_names[i]) == 0)
			return (int)i;
	}
	return -1;
}

struct plat_entry *
plat_entry_decode(struct plat *p, const char *id, const json_t *o)
{
	struct plat_entry *e = calloc(1, sizeof *e);
	const char *verb;
	const char *agent;
	const char *state;
	const char *currency;
	const char *caller_id;
	const char *why;
	json_t *request;
	json_int_t created;
	json_int_t sent;
	json_int_t changed;
	json_int_t cost;
	int tries;
	int code;
	int booked;

	if (!e)
		return NULL;
	e->out.plat = p;
	if (json_unpack((json_t *)(uintptr_t)o,
		    "{s:s, s:s, s:s, s:o, s:i, s:I, s:I, s:I, s:I, s:s, s:s, s:i, s:b, "
		    "s:s}",
		    "verb", &verb, "agent", &agent, "state", &state, "request", &request,
		    "tries", &tries, "created", &created, "sent", &sent, "changed",
		    &changed, "cost", &cost, "currency", &currency, "caller_id",
		    &caller_id, "code", &code, "booked", &booked, "why", &why) < 0 ||
		state_of(state) < 0 || !plat_verb_find(p->kind, verb)) {
		plat_entry_free(e);
		return NULL;
	}
	(void)snprintf(e->out.id, sizeof e->out.id, "%s", id);
	(void)snprintf(e->out.agent, sizeof e->out.agent, "%s", agent);
	(void)snprintf(e->out.currency, sizeof e->out.currency, "%s", currency);
	(void)snprintf(e->caller_id, sizeof e->caller_id, "%s", caller_id);
	(void)snprintf(e->why, sizeof e->why, "%s", why);
	e->out.verb = plat_verb_find(p->kind, verb);
	e->out.state = (enum plat_out_state)state_of(state);
	e->out.request = json_incref(request);
	e->out.progress = json_incref(json_object_get(o, "progress"));
	e->out.result = json_incref(json_object_get(o, "result"));
	e->args = json_incref(json_object_get(o, "args"));
	e->out.tries = (unsigned)tries;
	e->out.created_ns = created;
	e->out.sent_ns = sent;
	e->out.cost_nano = cost;
	e->changed_ns = changed;
	e->code = (enum nv_exit)code;
	e->booked = booked;
	e->stored = true;
	return e;
}

void
plat_entry_free(struct plat_entry *e)
{
	if (!e)
		return;
	json_decref(e->out.request);
	json_decref(e->out.progress);
	json_decref(e->out.result);
	json_decref(e->args);
	free(e);
}

int
plat_entry_asked(struct plat *p, const char *agent, const char *caller_id,
	char ret[PLAT_OUT_ID_BYTES])
{
	char key[PLAT_KEY_BYTES_MAX];
	json_t *id = NULL;

	asked_key(key, agent, caller_id);
	int rc = plat_get(p, "asked", key, &id);

	if (rc < 0)
		return rc;
	(void)snprintf(ret, PLAT_OUT_ID_BYTES, "%s", json_string_value(id));
	json_decref(id);
	return 0;
}

int
plat_entry_forget(struct plat *p, const struct plat_entry *e)
{
	char key[PLAT_KEY_BYTES_MAX];

	asked_key(key, e->out.agent, e->caller_id);
	int rc = e->caller_id[0] ? plat_del(p, "asked", key) : 0;

	return rc < 0 ? rc : plat_del(p, "outbox", e->out.id);
}

json_t *
plat_entry_show(const struct plat_entry *e)
{
	const struct plat_out *out = &e->out;
	json_t *o =
		json_pack("{s:s, s:s, s:s, s:i}", "id", out->id, "verb", out->verb->name,
			"state", state_names[out->state], "tries", (int)out->tries);
	int bad = o ? 0 : -1;

	bad |= json_object_set_new(
		o, "agent", out->agent[0] ? json_string(out->agent) : json_null());
	bad |= json_object_set_new(o, "created", nv_json_time(out->created_ns));
	bad |= json_object_set_new(o, "sent", nv_json_time(out->sent_ns));
	bad |= json_object_set_new(o, "changed", nv_json_time(e->changed_ns));
	bad |= json_object_set_new(o, "request", json_incref(out->request));
	bad |= put(o, "progress", json_incref(out->progress));
	bad |= put(o, "result", json_incref(out->result));
	if (out->cost_nano > 0) {
		bad |= json_object_set_new(o, "cost", nv_json_money(out->cost_nano));
		bad |= json_object_set_new(o, "currency", json_string(out->currency));
		bad |= json_object_set_new(o, "booked", json_boolean(e->booked));
	}
	if (e->caller_id[0])
		bad |= json_object_set_new(o, "asked_as", nv_json_str(e->caller_id));
	if (e->why[0])
		bad |= json_object_set_new(o, "why", nv_json_str(e->why));
	if (!bad)
		return o;
	json_decref(o);
	return NULL;
}
