/* Routes that only novactl can answer, as it reads files besides asking the engine: one
 * command each, its JSON is the body. */
#include "api_ask.h"
#include "gateway.h"
#include "nv_buf.h"
#include "nv_clock.h"
#include "query.h"
#include "reply.h"
#include "words.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_BYTES_MAX ((size_t)32 << 20)
#define LOOK_MS          30000
#define SIMULATE_MS      90000 /* nova-engine gives up after 60 s */
#define TEXT_BYTES_MAX   200
#define SETTINGS_MAX     20

#define TEXT   GW_PARAM_TEXT
#define NUMBER GW_PARAM_NUMBER
#define FLAG   GW_PARAM_FLAG

const struct gw_look gw_looks[GW_LOOK_COUNT] = {
	[GW_LOOK_WHY] = {.verb = {"why"},
		.of_worker = true,
		.is_now = true,
		.params = {{"instance", NUMBER, "#", 10000},
			{"last", NUMBER, "--last", 20},
			{"lines", NUMBER, "--lines", 1000}}},
	[GW_LOOK_CONFIG] = {.verb = {"config", "show"},
		.is_now = true,
		.params = {{"prefix", TEXT, NULL, 100}, {"set", FLAG, "--set", 0},
			{"fleet", FLAG, "--fleet", 0}}},
	[GW_LOOK_PLATFORMS] = {.verb = {"platform"}, .is_now = true},
	[GW_LOOK_LOGS] = {.verb = {"logs"},
		.of_worker = true,
		.is_now = true,
		.params = {{"lines", NUMBER, "--lines", 5000},
			{"after", TEXT, "--after", 80}, {"since", TEXT, "--since", 40},
			{"grep", GW_PARAM_LITERAL, "--grep", TEXT_BYTES_MAX},
			{"instance", NUMBER, "--instance", 10000},
			{"previous", FLAG, "--previous", 0}}},
};

/* ---- the answer ---- */

struct looking {
	struct gw_call *call;
	struct gw_child *child;
	bool is_now;
	int64_t asked_ns;
};

static void
on_gone(struct gw_call *call)
{
	struct looking *l = call->own;

	gw_child_cancel(l->child);
	free(l);
}

/* What novactl printed is the body as it is, an object (the settings of a large fleet are
 * megabytes, and reading them here would keep everybody else waiting); "as_of" comes in
 * front. */
static void
answer_text(struct gw_call *call, const struct looking *l, const char *text, size_t bytes)
{
	char when[NV_RFC3339_BYTES];
	char front[NV_RFC3339_BYTES + 20];
	struct nv_buf body;

	if (!l->is_now) {
		gw_answer(call, 200, "application/json", text, bytes);
		return;
	}
	(void)snprintf(front, sizeof(front), "{\"as_of\":\"%s\"%s",
		nv_rfc3339(l->asked_ns, when), text[1] == '}' ? "" : ",");
	nv_buf_init(&body, ANSWER_BYTES_MAX + sizeof(front));
	nv_buf_puts(&body, front);
	nv_buf_add(&body, text + 1, bytes - 1);
	if (body.error)
		gw_answer_error(call, 500, "no memory for the answer");
	else
		gw_answer(call, 200, "application/json", body.data, body.bytes);
	nv_buf_fini(&body);
}

static void
on_done(void *arg, const struct nv_program_end *end)
{
	struct looking *l = arg;
	struct gw_call *call = l->call;
	char error[600];

	call->gone = NULL;
	if (end->code == NV_EXIT_OK && end->out_bytes > 1 && end->out[0] == '{') {
		answer_text(call, l, end->out, end->out_bytes);
	} else {
		json_decref(gw_child_answer(end, error, sizeof(error)));
		gw_answer_code(call, end->code == NV_EXIT_OK ? NV_EXIT_FAILED : end->code,
			true, error);
	}
	free(l);
}

static void
begin(struct gw_call *call, enum gw_child_kind kind, int64_t deadline_ms, bool is_now,
	const struct gw_words *words)
{
	struct looking *l = calloc(1, sizeof(*l));
	const struct gw_child_spec spec = {.kind = kind,
		.words = words->list,
		.bytes_max = ANSWER_BYTES_MAX,
		.deadline_ms = deadline_ms,
		.done = on_done,
		.arg = l};
	int rc = l ? 0 : -ENOMEM;

	if (rc == 0) {
		*l = (struct looking){
			.call = call, .is_now = is_now, .asked_ns = nv_wall_ns()};
		rc = gw_child_start(call->arg, &spec, &l->child);
	}
	if (rc < 0) {
		free(l);
		gw_answer_busy(call, rc);
		return;
	}
	call->own = l;
	call->gone = on_gone;
}

/* ---- the command ---- */

static int
add_param(struct gw_words *w, const struct gw_look_param *p, const char *text,
	struct nv_err *err)
{
	size_t bytes = strlen(text);
	bool yes = strcmp(text, "true") == 0;

	if (p->kind == FLAG) {
		if (!yes && strcmp(text, "false") != 0)
			return nv_err_set(err, -EINVAL,
				"%s is \"%.40s\", expected true or false", p->name, text);
		if (yes)
			gw_words_add(w, p->option);
		return 0;
	}
	if (p->kind == NUMBER &&
		(bytes == 0 || bytes > 9 || strspn(text, "0123456789") != bytes ||
			strtoul(text, NULL, 10) > p->max))
		return nv_err_set(err, -EINVAL,
			"%s is \"%.40s\", expected a whole number up to %u", p->name,
			text, p->max);
	if (p->kind == GW_PARAM_LITERAL)
		gw_words_add_literal(w, p->option, text);
	else if (p->option)
		gw_words_addf(w, "%s=%s", p->option, text);
	else if (text[0] == '-')
		return nv_err_set(
			err, -EINVAL, "%s is \"%.40s\", expected a word", p->name, text);
	else
		gw_words_add(w, text);
	return 0;
}

static int
make_words(struct gw_words *w, const struct gw_look *look, const struct gw_call *call,
	const struct gw_param *given, struct nv_err *err)
{
	const char *instance = NULL;
	int rc = 0;

	gw_words_add(w, look->verb[0]);
	if (look->verb[1])
		gw_words_add(w, look->verb[1]);
	for (size_t i = 0; rc == 0 && i < GW_LOOK_PARAMS_MAX && look->params[i].name;
		i++) {
		const struct gw_look_param *p = &look->params[i];
		struct gw_words none = {0};
		bool is_instance = p->option && strcmp(p->option, "#") == 0;

		if (given[i].value)
			rc = add_param(is_instance ? &none : w, p, given[i].value, err);
		if (is_instance)
			instance = given[i].value;
		gw_words_fini(&none);
	}
	if (look->of_worker && instance)
		gw_words_addf(w, "%s#%s", call->params[0], instance);
	else if (look->of_worker)
		gw_words_add(w, call->params[0]);
	gw_words_add(w, "--json");
	return rc ? rc : w->error;
}

void
gw_api_look(struct gw_call *call)
{
	const struct gw_look *look = call->route->with;
	struct gw_param given[GW_LOOK_PARAMS_MAX];
	struct gw_words words = {0};
	struct nv_err err = {0};
	size_t n = 0;

	for (; n < GW_LOOK_PARAMS_MAX && look->params[n].name; n++)
		given[n] = (struct gw_param){.name = look->params[n].name,
			.bytes_max =
				look->params[n].kind == TEXT ||
						look->params[n].kind == GW_PARAM_LITERAL
					? look->params[n].max
					: 20};
	if (gw_query_parse(call, given, n) < 0)
		return;
	if (look->of_worker && !nv_name_valid(call->params[0])) {
		gw_answer_error(call, 404, "there is no such worker");
		return;
	}
	int rc = make_words(&words, look, call, given, &err);

	if (rc == -EINVAL)
		gw_answer_error(call, 400, err.text);
	else if (rc < 0)
		gw_answer_error(call, 500, "no memory");
	else
		begin(call, GW_CHILD_LOOK, LOOK_MS, look->is_now, &words);
	gw_words_fini(&words);
}

/* ---- POST /simulate {"set":["NAME=VALUE",..],"since":TIME} ---- */

static int
add_settings(struct gw_words *w, const json_t *set, struct nv_err *err)
{
	size_t i;
	json_t *each;

	if (!json_is_array(set) || json_array_size(set) == 0 ||
		json_array_size(set) > SETTINGS_MAX)
		return nv_err_set(err, -EINVAL,
			"set: expected a list of 1 to %d texts such as "
			"\"scale_roi=250%%\"",
			SETTINGS_MAX);
	json_array_foreach(set, i, each)
	{
		const char *text = json_string_value(each);

		if (!text || !*text || strlen(text) > TEXT_BYTES_MAX)
			return nv_err_set(err, -EINVAL,
				"set: expected texts such as \"scale_roi=250%%\"");
		gw_words_addf(w, "--set=%s", text);
	}
	return 0;
}

void
gw_api_simulate(struct gw_call *call)
{
	static const char *const keys[] = {"set", "since", NULL};
	struct gw_words words = {0};
	struct nv_err err = {0};
	const char *since = NULL;
	json_t *body;

	if (gw_query_none(call) < 0 || gw_body_json(call, keys, &body) < 0)
		return;
	gw_words_add(&words, "simulate");
	int rc = add_settings(&words, json_object_get(body, "set"), &err);

	if (rc == 0)
		rc = nv_json_get_str(body, "since", 40, &since, &err);
	if (rc == -ENOENT)
		rc = 0;
	if (since)
		gw_words_addf(&words, "--since=%s", since);
	gw_words_add(&words, "--json");
	if (rc < 0)
		gw_answer_error(call, 400, err.text);
	else if (words.error)
		gw_answer_error(call, 500, "no memory");
	else
		begin(call, GW_CHILD_SIMULATE, SIMULATE_MS, false, &words);
	gw_words_fini(&words);
	json_decref(body);
}
