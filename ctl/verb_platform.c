/* platform: what the vendors' processes do, and calls to them. */
#include "engine_client.h"
#include "nv_clock.h"
#include "nv_conf_platforms.h"
#include "platform.h"
#include "program.h"
#include "table.h"
#include "value.h"
#include "verbs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define CALL_MS    INT64_C(1200000) /* a platform answers within 15 minutes */
#define ASK_MS     INT64_C(10000)
#define LIST_BYTES ((size_t)8 << 20)

/* ---- asking ---- */

static int
open_platform(struct ctl_engine *to, const struct ctl *ctl, const char *name,
	struct nv_err *err)
{
	char socket[NV_NAME_MAX + 20];

	(void)snprintf(socket, sizeof(socket), "platform/%s.sock", name);
	return ctl_engine_open_at(to, ctl, socket, name, err);
}

/* One request over a connection of its own. *ret_answer is set when one came. */
static int
ask(const struct ctl *ctl, const char *name, json_t *request, int64_t wait_ms,
	json_t **ret_data, json_t **ret_answer, struct nv_err *err)
{
	struct ctl_engine to;
	int code = open_platform(&to, ctl, name, err);

	if (code == NV_EXIT_OK)
		code = ctl_engine_send_object(&to, request, err);
	else
		json_decref(request);
	if (code == NV_EXIT_OK)
		code = ctl_engine_recv_object(
			&to, nv_mono_ms() + wait_ms, ret_data, ret_answer, err);
	ctl_engine_close(&to);
	return code;
}

static json_t *
request_of(const char *verb, json_t *args)
{
	return ctl_need(json_pack("{s:s, s:o}", "verb", verb, "args",
		args ? args : ctl_need(json_object())));
}

/* What nova-platform prints about itself: NULL with a sentence. */
static json_t *
program_says(struct ctl *ctl, const char *word, const char *option, struct nv_err *err)
{
	char program[NV_PATH_MAX + 20];
	char *argv[4] = {program, NULL, NULL, NULL};
	struct nv_buf out;
	json_t *o = NULL;
	int n = 1;

	(void)snprintf(program, sizeof(program), "%s/nova-platform", ctl->paths.bin_dir);
	if (word)
		argv[n++] = (char *)(uintptr_t)word;
	argv[n] = (char *)(uintptr_t)option;
	nv_buf_init(&out, LIST_BYTES);
	int rc = ctl_program_run(program, argv, true, &out, err);

	if (rc == 0)
		o = json_loadb(out.data ? out.data : "", out.bytes, 0, NULL);
	nv_buf_fini(&out);
	if (rc == 0 && !o)
		(void)nv_err_set(err, -EINVAL, "%s printed no JSON", program);
	if (rc > 0)
		(void)nv_err_set(
			err, -EINVAL, "there is no platform \"%s\"", word ? word : "");
	return o;
}

json_t *
ctl_platform_describe(struct ctl *ctl, const char *name, struct nv_err *err)
{
	json_t *data = NULL;
	json_t *answer = NULL;
	struct nv_err ignored = {0};
	int code = ask(
		ctl, name, request_of("help", NULL), ASK_MS, &data, &answer, &ignored);

	json_decref(answer);
	return code == NV_EXIT_OK ? data : program_says(ctl, name, "--verbs", err);
}

/* ---- all of them ---- */

static void
list_row(struct ctl_table *t, const json_t *row)
{
	char buf[CTL_VALUE_BYTES];
	const json_t *poll = ctl_sub(row, "poll");
	const json_t *outbox = ctl_sub(row, "outbox");
	const char *state = ctl_str(row, "state");
	enum ctl_style style = strcmp(state, "ok") == 0    ? CTL_GREEN
			       : strcmp(state, "off") == 0 ? CTL_DIM
							   : CTL_RED;

	ctl_cell(t, CTL_BOLD, ctl_str(row, "platform"));
	ctl_cell(t, style, state);
	ctl_cell(t, CTL_PLAIN, ctl_count(ctl_sub(row, "calls"), "answered", buf));
	ctl_cell(t, CTL_PLAIN, ctl_ago(poll, "last_ok", buf));
	ctl_cell(t, CTL_PLAIN, ctl_count(outbox, "queued", buf));
	ctl_cell(t, ctl_int(outbox, "unknown") ? CTL_RED : CTL_PLAIN,
		ctl_count(outbox, "unknown", buf));
	ctl_cell(t, CTL_PLAIN,
		*ctl_str(row, "problem") ? ctl_str(row, "problem")
					 : ctl_str(poll, "error"));
}

/* One that listens and does not answer stands still: that is not the same as none. */
static bool
is_there(const struct ctl *ctl, const char *name)
{
	struct ctl_engine to;
	bool there = open_platform(&to, ctl, name, NULL) == NV_EXIT_OK;

	ctl_engine_close(&to);
	return there;
}

/* What one is like; {"platform","state":"off"} when nobody listens. */
static json_t *
state_of(const struct ctl *ctl, const json_t *kind)
{
	const char *name = ctl_str(kind, "name");
	json_t *data = NULL;
	json_t *answer = NULL;
	struct nv_err err = {0};
	int code =
		ask(ctl, name, request_of("state", NULL), ASK_MS, &data, &answer, &err);

	json_decref(answer);
	if (code == NV_EXIT_OK)
		return data;
	bool off = code == NV_EXIT_UNREACHABLE && !is_there(ctl, name);

	return ctl_need(json_pack("{s:s, s:s, s:s, s:s*}", "platform", name, "summary",
		ctl_str(kind, "summary"), "state",
		off                           ? "off"
		: code == NV_EXIT_UNREACHABLE ? "silent"
					      : "?",
		"problem", off ? NULL : err.text));
}

static int
list_all(struct ctl *ctl)
{
	static const struct ctl_column columns[] = {{"PLATFORM", false}, {"STATE", false},
		{"CALLS", true}, {"POLLED", false}, {"QUEUED", true}, {"UNKNOWN", true},
		{"PROBLEM", false}};
	struct nv_err err = {0};
	json_t *kinds = program_says(ctl, NULL, "--list", &err);
	json_t *rows = ctl_need(json_array());
	size_t i;
	json_t *each;

	if (!kinds) {
		json_decref(rows);
		return ctl_fail_err(&ctl->out, NV_EXIT_FAILED, &err);
	}
	json_array_foreach(json_object_get(kinds, "platforms"), i, each)(void)
		json_array_append_new(rows, state_of(ctl, each));
	json_decref(kinds);
	if (ctl->out.json) {
		ctl_json(&ctl->out, ctl_need(json_pack("{s:o}", "platforms", rows)));
		return NV_EXIT_OK;
	}
	struct ctl_table *t = ctl_table_new(columns, NV_LEN(columns));

	json_array_foreach(rows, i, each) list_row(t, each);
	ctl_table_print(t, &ctl->out, "no platforms");
	json_decref(rows);
	return NV_EXIT_OK;
}

/* ---- a call ---- */

/* The whole answer goes into the object: what became of it must not get lost. */
static int
fail(struct ctl *ctl, int code, const struct nv_err *err, const json_t *answer)
{
	const char *outbox = ctl_str(answer, "outbox");

	if (ctl->out.json && answer) {
		json_t *o = ctl_need(json_copy((json_t *)(uintptr_t)answer));

		(void)json_object_del(o, "ok");
		ctl_json(&ctl->out, o);
	}
	if (*outbox)
		return ctl_fail(&ctl->out, code, "%s (outbox %s)", err->text, outbox);
	return ctl_fail_err(&ctl->out, code, err);
}

static int
call(struct ctl *ctl, const char *name, const char *verb, json_t *args)
{
	const char *agent = ctl_opt(&ctl->args, "agent");
	const char *once = ctl_opt(&ctl->args, "once");
	const char *timeout = ctl_opt(&ctl->args, "timeout");
	int64_t wait_ms = CALL_MS;
	json_t *data = NULL;
	json_t *answer = NULL;
	struct nv_err err = {0};

	if (timeout && nv_duration_parse(timeout, &wait_ms, &err) < 0) {
		json_decref(args);
		return ctl_fail_err(&ctl->out, NV_EXIT_USAGE, &err);
	}
	json_t *request = request_of(verb, args);

	if (agent)
		ctl_put_text(request, "agent", agent);
	if (once)
		ctl_put_text(request, "id", once);
	ctl_progress(&ctl->out, "%s: %s", name, verb);
	int code = ask(ctl, name, request, wait_ms, &data, &answer, &err);

	ctl_progress_end(&ctl->out);
	if (code != NV_EXIT_OK) {
		code = fail(ctl, code, &err, answer);
	} else if (ctl->out.json) {
		ctl_json(&ctl->out, data);
	} else {
		ctl_platform_show(&ctl->out, data);
		json_decref(data);
	}
	json_decref(answer);
	return code;
}

static int
help(struct ctl *ctl, const json_t *description, const json_t *verb)
{
	if (ctl->out.json)
		ctl_json(&ctl->out, ctl_need(json_deep_copy(verb ? verb : description)));
	else
		ctl_platform_help(&ctl->out, description, verb);
	return NV_EXIT_OK;
}

int
ctl_verb_platform(struct ctl *ctl)
{
	char **words = ctl->args.words;
	int n = ctl->args.n_words;
	const char *name = n > 0 ? words[0] : NULL;
	struct nv_err err = {0};
	int taken = 0;

	if (!name)
		return list_all(ctl);
	enum nv_platform known;

	if (nv_platform_from(name, &known))
		name = nv_platform_name(known);
	if (!nv_name_valid(name))
		return ctl_fail(
			&ctl->out, NV_EXIT_USAGE, "there is no platform \"%s\"", name);
	if (n == 1 && !ctl->args.help)
		return call(ctl, name, "state", NULL);
	json_t *description = ctl_platform_describe(ctl, name, &err);

	if (!description)
		return ctl_fail_err(&ctl->out, NV_EXIT_USAGE, &err);
	const json_t *verb =
		n > 1 ? ctl_platform_verb(description, words + 1, n - 1, &taken, &err)
		      : NULL;
	json_t *args =
		verb && !ctl->args.help
			? ctl_platform_args(verb, words + 1 + taken, n - 1 - taken, &err)
			: NULL;
	int code;

	if (ctl->args.help && (verb || n == 1))
		code = help(ctl, description, verb);
	else if (!verb || !args)
		code = ctl_fail_err(&ctl->out, NV_EXIT_USAGE, &err);
	else
		code = call(ctl, name, ctl_str(verb, "name"), args);
	json_decref(description);
	return code;
}
