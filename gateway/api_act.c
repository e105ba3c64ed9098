/* Routes that do something: each is one command of novactl, so that what a person may and
 * gets in the browser is what novactl does. The child ends what it began also when the
 * caller has gone; each action is one line in the log. */
#include "api.h"
#include "api_ask.h"
#include "gateway.h"
#include "live.h"
#include "nv_log.h"
#include "query.h"
#include "reply.h"
#include "words.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_BYTES_MAX ((size_t)4 << 20)
#define ACT_MS           180000 /* novactl gives up before */
#define REASON_BYTES     200
#define STAMPED_BYTES    180 /* of a reason that a name is added to */

static bool
is_id(const char *text)
{
	size_t bytes = strlen(text);

	return bytes > 0 && bytes <= 18 && strspn(text, "0123456789") == bytes;
}

/* A key of an alert, such as "halted:mailer": as nova-alerts made it. */
static bool
is_key(const char *text)
{
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c <= ' ' || *c == 0x7f)
			return false;
	return *text && *text != '-' && strlen(text) < 200;
}

#define TEXT    GW_FIELD_TEXT
#define COUNT   GW_FIELD_COUNT
#define DECIMAL GW_FIELD_DECIMAL
#define FLAG    GW_FIELD_FLAG

#define OF_WORKER \
	.valid = nv_name_valid, .what = "worker", .known_by = {"agent", "worker"}
#define OF_GROUP .valid = nv_name_valid, .what = "group", .by_members = true
#define OF_ID    .valid = is_id, .what = "decision", .known_by = {"explain", "id"}
#define REASON \
	{ \
		"reason", TEXT, "--reason", false, REASON_BYTES \
	}
#define WHY_LIFTED \
	{ \
		"reason", TEXT, "--reason", false, STAMPED_BYTES, "lifted" \
	}
#define WHY \
	{ \
		"reason", TEXT, "--reason", true, STAMPED_BYTES \
	}

const struct gw_act gw_acts[GW_ACT_COUNT] = {
	[GW_ACT_START] = {.verb = {"workers", "start"}, OF_WORKER, .via = true},
	[GW_ACT_STOP] = {.verb = {"workers", "stop"}, OF_WORKER, .via = true},
	[GW_ACT_RESTART] = {.verb = {"workers", "restart"},
		OF_WORKER,
		.fields = {{"rolling", FLAG, "--rolling", false, 0}}},
	[GW_ACT_PAUSE] = {.verb = {"workers", "pause"}, OF_WORKER, .via = true},
	[GW_ACT_RESUME] = {.verb = {"workers", "resume"}, OF_WORKER, .via = true},
	[GW_ACT_SCALE] = {.verb = {"workers", "scale"},
		OF_WORKER,
		.via = true,
		.fields = {{"instances", COUNT, "--instances", false, 10000},
			{"multiplier", DECIMAL, "--multiplier", false, 20}}},
	[GW_ACT_KILL] = {.verb = {"kill"}, OF_WORKER, .via = true, .fields = {REASON}},
	[GW_ACT_GROUP_START] = {.verb = {"group", "start"}, OF_GROUP},
	[GW_ACT_GROUP_STOP] = {.verb = {"group", "stop"}, OF_GROUP},
	[GW_ACT_GROUP_RESTART] = {.verb = {"group", "restart"}, OF_GROUP},
	[GW_ACT_APPROVE] = {.verb = {"approve"}, OF_ID, .via = true},
	[GW_ACT_DENY] = {.verb = {"deny"}, OF_ID, .via = true, .fields = {REASON}},
	[GW_ACT_ACK] = {.verb = {"alerts", "ack"},
		.via = true,
		.valid = is_key,
		.what = "alert",
		.no_is_missing = true},
	[GW_ACT_EMERGENCY_STOP] = {.verb = {"stop-everything"},
		.stamps = true,
		.is_brake = true,
		.fields = {WHY, {"now", FLAG, "--now", false, 0}}},
	[GW_ACT_EMERGENCY_RESUME] = {.verb = {"resume-everything"},
		.stamps = true,
		.is_brake = true,
		.fields = {WHY_LIFTED}},
	[GW_ACT_AUTONOMOUS] = {.verb = {"autonomous"}, .enables = true, .via = true},
	[GW_ACT_GRANT] = {.verb = {"budget", "grant"},
		OF_WORKER,
		.via = true,
		.fields = {{"amount", DECIMAL, NULL, true, 40},
			{"currency", TEXT, "--currency", false, 8},
			{"id", TEXT, "--id", false, 128},
			{"note", TEXT, "--note", false, REASON_BYTES}}},
};

/* ---- one under way ---- */

struct acting {
	struct gw *gw;
	struct gw_call *call; /* NULL: nobody waits for it any more */
	const struct gw_act *act;
	struct gw_ask *ask;
	struct gw_live_wait *wait;
	bool each; /* of a group without a strategy every worker by itself */
	enum gw_who_kind kind;
	char who[NV_NAME_MAX];
	enum gw_role role;
	char peer[GW_PEER_BYTES];
	char target[256];
	char error[600];
	json_t *answer; /* owned */
};

static void
drop(struct acting *a)
{
	json_decref(a->answer);
	free(a);
}

static void
on_gone(struct gw_call *call)
{
	struct acting *a = call->own;

	a->call = NULL;
	if (a->ask || a->wait) {
		gw_ask_cancel(a->ask);
		gw_live_wait_cancel(a->wait);
		drop(a);
	}
}

static void
say(const struct acting *a, int code, const char *error)
{
	nv_info("%s%s%s %s, asked for by %s (%s) at %s: %s", a->act->verb[0],
		a->act->verb[1] ? " " : "", a->act->verb[1] ? a->act->verb[1] : "",
		a->target, a->who, gw_role_name(a->role), a->peer,
		code == NV_EXIT_OK ? "done" : error);
}

static void
refuse(struct acting *a, int code, bool missing)
{
	if (a->call) {
		a->call->gone = NULL;
		gw_answer_code(a->call, code, missing, a->error);
	}
	drop(a);
}

/* Is what the path names there at all? */
static void
on_known(void *arg, const struct gw_told *told)
{
	struct acting *a = arg;

	a->ask = NULL;
	refuse(a, NV_EXIT_NO, told->code == NV_EXIT_NO);
}

static bool
ask_whether_known(struct acting *a)
{
	json_t *args;

	if (!a->act->known_by[0] || !a->call)
		return false;
	args = json_pack("{s:s}", a->act->known_by[1], a->call->params[0]);
	return args && gw_ask_verb(a->gw, a->act->known_by[0], args, 0, on_known, a,
			       &a->ask) == 0;
}

static void on_done(void *arg, const struct nv_program_end *end);

static int
start(struct acting *a, const struct gw_words *words)
{
	const struct gw_child_spec spec = {
		.kind = a->act->is_brake ? GW_CHILD_STOP : GW_CHILD_ACT,
		.words = words->list,
		.bytes_max = ANSWER_BYTES_MAX,
		.deadline_ms = ACT_MS,
		.done = on_done,
		.arg = a};
	struct gw_child *child;

	return gw_child_start(a->gw, &spec, &child);
}

static void
add_via(struct gw_words *w, enum gw_who_kind kind, const char *who)
{
	gw_words_addf(
		w, "--via=%s:%s", kind == GW_WHO_SESSION ? "dashboard" : "api", who);
}

/* A group without a strategy is its workers, as far as the picture of the fleet knows
 * them; why: there is no picture. */
static void
on_picture(void *arg, const char *why)
{
	struct acting *a = arg;
	struct gw_words words = {0};
	struct gw_picture picture;
	size_t n = 0;
	int rc = 0;

	a->wait = NULL;
	gw_live_picture(a->gw, &picture);
	gw_words_add(&words, "workers");
	gw_words_add(&words, a->act->verb[1]);
	for (size_t i = 0; !why && i < picture.n_rows; i++) {
		const struct gw_row *row = &picture.rows[i];

		if (!row->text || strcmp(row->group, a->target) != 0)
			continue;
		gw_words_addf(&words, "%s", row->worker);
		n++;
	}
	if (strcmp(a->act->verb[1], "restart") != 0)
		add_via(&words, a->kind, a->who);
	gw_words_add(&words, "--json");
	a->each = true;
	if (n > 0)
		rc = words.error ? words.error : start(a, &words);
	gw_words_fini(&words);
	if (why)
		(void)snprintf(a->error, sizeof(a->error), "%s", why);
	else if (n == 0)
		(void)snprintf(a->error, sizeof(a->error), "there is no group \"%s\"",
			a->target);
	else if (rc < 0)
		(void)snprintf(a->error, sizeof(a->error), "novactl cannot be started");
	if (n == 0 || rc < 0)
		refuse(a,
			why      ? NV_EXIT_UNREACHABLE
			: n == 0 ? NV_EXIT_NO
				 : NV_EXIT_FAILED,
			true);
}

static bool
ask_for_members(struct acting *a, const json_t *answer)
{
	static const char word[] = "not_found";
	const char *result = json_string_value(json_object_get(answer, "result"));

	if (!a->act->by_members || a->each || !a->call || !result ||
		strncmp(result, word, strlen(word)) != 0)
		return false;
	return gw_live_wait(a->gw, on_picture, a, &a->wait) == 0;
}

static void
on_done(void *arg, const struct nv_program_end *end)
{
	struct acting *a = arg;

	gw_ask_changed(a->gw);
	gw_live_changed(a->gw);
	json_decref(a->answer);
	a->answer = gw_child_answer(end, a->error, sizeof(a->error));
	if (end->code == NV_EXIT_NO && ask_for_members(a, a->answer))
		return;
	say(a, end->code, a->error);
	if (end->code == NV_EXIT_OK && a->answer) {
		if (a->call) {
			a->call->gone = NULL;
			gw_answer_json(a->call, 200, json_incref(a->answer));
		}
		drop(a);
	} else if (end->code != NV_EXIT_NO || !ask_whether_known(a)) {
		refuse(a, end->code == NV_EXIT_OK ? NV_EXIT_FAILED : end->code,
			a->act->no_is_missing);
	}
}

/* ---- the command ---- */

static int
add_text(struct gw_words *w, const struct gw_act *act, const struct gw_field *f,
	const struct gw_call *call, const json_t *value, struct nv_err *err)
{
	const char *text = json_string_value(value);

	if (!text || strlen(text) > f->max || (f->needed && !*text))
		return nv_err_set(err, -EINVAL, "%s: expected a text of %s%u bytes",
			f->key, f->needed ? "1 to " : "at most ", f->max);
	if (f->kind == DECIMAL && (!*text || strspn(text, "0123456789.") != strlen(text)))
		return nv_err_set(err, -EINVAL,
			"%s is \"%.40s\", expected digits such as \"12.34\"", f->key,
			text);
	if (f->option && act->stamps && strcmp(f->key, "reason") == 0)
		gw_words_addf(w, "%s=%s (%s)", f->option, text, call->who.name);
	else if (f->option)
		gw_words_addf(w, "%s=%s", f->option, text);
	else
		gw_words_add(w, text);
	return 0;
}

static int
add_field(struct gw_words *w, const struct gw_act *act, const struct gw_field *f,
	const struct gw_call *call, const json_t *body, struct nv_err *err)
{
	const json_t *value = json_object_get(body, f->key);

	if ((!value || json_is_null(value)) && f->otherwise)
		gw_words_addf(w, "%s=%s (%s)", f->option, f->otherwise, call->who.name);
	if (!value || json_is_null(value))
		return f->needed ? nv_err_set(err, -EINVAL, "%s is missing", f->key) : 0;
	if (f->kind == FLAG) {
		if (!json_is_boolean(value))
			return nv_err_set(
				err, -EINVAL, "%s: expected true or false", f->key);
		if (json_is_true(value))
			gw_words_add(w, f->option);
		return 0;
	}
	if (f->kind == COUNT) {
		json_int_t n = json_integer_value(value);

		if (!json_is_integer(value) || n < 0 || n > f->max)
			return nv_err_set(err, -EINVAL,
				"%s: expected a whole number up to %u", f->key, f->max);
		gw_words_addf(w, "%s=%" JSON_INTEGER_FORMAT, f->option, n);
		return 0;
	}
	return add_text(w, act, f, call, value, err);
}

static int
make_words(struct gw_words *w, const struct gw_act *act, const struct gw_call *call,
	const json_t *body, struct nv_err *err)
{
	const json_t *enabled = json_object_get(body, "enabled");
	int rc = 0;

	gw_words_add(w, act->verb[0]);
	if (act->verb[1])
		gw_words_add(w, act->verb[1]);
	if (act->enables && !json_is_boolean(enabled))
		return nv_err_set(err, -EINVAL, "enabled: expected true or false");
	if (act->enables)
		gw_words_add(w, json_is_true(enabled) ? "enable" : "disable");
	if (act->valid)
		gw_words_add(w, call->params[0]);
	for (size_t i = 0; rc == 0 && i < GW_ACT_FIELDS_MAX && act->fields[i].key; i++)
		rc = add_field(w, act, &act->fields[i], call, body, err);
	if (act->via)
		add_via(w, call->who.kind, call->who.name);
	gw_words_add(w, "--json");
	return rc ? rc : w->error;
}

static int
take_body(struct gw_call *call, const struct gw_act *act, json_t **ret)
{
	const char *keys[GW_ACT_FIELDS_MAX + 2] = {NULL};
	size_t n = 0;

	if (act->enables)
		keys[n++] = "enabled";
	for (size_t i = 0; i < GW_ACT_FIELDS_MAX && act->fields[i].key; i++)
		keys[n++] = act->fields[i].key;
	return gw_body_json(call, keys, ret);
}

static void
begin(struct gw_call *call, const struct gw_act *act, const struct gw_words *words)
{
	struct acting *a = calloc(1, sizeof(*a));

	if (!a) {
		gw_answer_error(call, 500, "no memory");
		return;
	}
	*a = (struct acting){.gw = call->arg,
		.call = call,
		.act = act,
		.kind = call->who.kind,
		.role = call->who.role};
	(void)snprintf(a->who, sizeof(a->who), "%s", call->who.name);
	(void)snprintf(a->peer, sizeof(a->peer), "%s", call->peer);
	(void)snprintf(a->target, sizeof(a->target), "%s",
		act->valid ? call->params[0] : "fleet");
	int rc = start(a, words);

	if (rc < 0) {
		drop(a);
		gw_answer_busy(call, rc);
		return;
	}
	call->own = a;
	call->gone = on_gone;
}

void
gw_api_act(struct gw_call *call)
{
	const struct gw_act *act = call->route->with;
	struct gw_words words = {0};
	struct nv_err err = {0};
	json_t *body = NULL;
	char text[200];

	if (gw_query_none(call) < 0)
		return;
	if (act->valid && !act->valid(call->params[0])) {
		(void)snprintf(text, sizeof(text), "there is no %s \"%.80s\"", act->what,
			call->params[0]);
		gw_answer_error(call, 404, text);
		return;
	}
	if (take_body(call, act, &body) < 0)
		return;
	int rc = make_words(&words, act, call, body, &err);

	if (rc == -EINVAL)
		gw_answer_error(call, 400, err.text);
	else if (rc < 0)
		gw_answer_error(call, 500, "no memory");
	else
		begin(call, act, &words);
	gw_words_fini(&words);
	json_decref(body);
}
