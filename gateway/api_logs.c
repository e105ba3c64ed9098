/* What a worker prints, as it prints it: `novactl logs --follow --json` as server-sent
 * events, each with the cursor of its line as id, so that a client goes on after the last
 * one it has had (Last-Event-ID). A client that does not read holds up its own novactl,
 * and nobody else. */
#include "api_ask.h"
#include "gateway.h"
#include "query.h"
#include "reply.h"
#include "sse.h"
#include "words.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_BYTES_MAX ((size_t)256 << 10) /* as JSON, with its text twice */
#define LINES_DEFAULT  "50"
#define CURSOR_BYTES   80

struct logs {
	struct gw *gw;
	struct gw_call *call; /* until the stream has begun */
	struct gw_ask *ask;
	struct gw_sse *sse;
	struct gw_child *child;
	struct gw_words words;
	struct nv_buf part; /* of a line that has not come whole */
	bool skipping;      /* the rest of a line that is too long */
};

static void
drop(struct logs *l)
{
	gw_ask_cancel(l->ask);
	gw_child_cancel(l->child);
	gw_words_fini(&l->words);
	nv_buf_fini(&l->part);
	free(l);
}

/* ---- lines ---- */

/* 0, or -EAGAIN: nothing was said. A line that is no object is none of novactl's. */
static int
say(struct logs *l, const char *line, size_t bytes)
{
	json_t *row = json_loadb(line, bytes, 0, NULL);
	const char *cursor = json_string_value(json_object_get(row, "cursor"));
	bool gap = json_is_true(json_object_get(row, "gap"));
	const char *error = json_string_value(json_object_get(row, "error"));
	int rc = 0;

	if (row)
		rc = gw_sse_send(l->sse,
			gap     ? "gap"
			: error ? "end"
				: "line",
			cursor, line, bytes);
	json_decref(row);
	return rc;
}

static int
say_too_long(struct logs *l)
{
	static const char text[] = "{\"gap\":true,\"reason\":\"a line was too long\"}";

	return gw_sse_send(l->sse, "gap", NULL, text, sizeof(text) - 1);
}

/* The end of a line: what came before it may stand in l->part. */
static int
end_line(struct logs *l, const char *data, size_t bytes)
{
	int rc = 0;

	if (l->skipping || l->part.bytes + bytes > LINE_BYTES_MAX) {
		rc = say_too_long(l);
		if (rc == 0)
			l->skipping = false;
	} else if (l->part.bytes == 0) {
		rc = say(l, data, bytes);
	} else {
		size_t before = l->part.bytes;

		nv_buf_add(&l->part, data, bytes);
		rc = say(l, l->part.data, l->part.bytes);
		if (rc < 0) {
			l->part.bytes = before; /* it comes again */
			return rc;
		}
	}
	if (rc == 0)
		nv_buf_clear(&l->part);
	return rc;
}

static size_t
on_output(void *arg, const char *data, size_t bytes)
{
	struct logs *l = arg;
	size_t at = 0;
	const char *nl;

	while (at < bytes && (nl = memchr(data + at, '\n', bytes - at))) {
		size_t n = (size_t)(nl - data) - at;

		if (end_line(l, data + at, n) < 0)
			return at;
		at += n + 1;
	}
	if (l->part.bytes + (bytes - at) > LINE_BYTES_MAX)
		l->skipping = true;
	if (!l->skipping)
		nv_buf_add(&l->part, data + at, bytes - at);
	return bytes;
}

static void
on_done(void *arg, const struct nv_program_end *end)
{
	struct logs *l = arg;
	json_t *why = json_pack(
		"{s:o}", "error", nv_json_str(end->why[0] ? end->why : "novactl ended"));
	char *line = why ? nv_json_line(why) : NULL;

	/* Its own sentence was a line like others. */
	if (line && (end->why[0] || end->code == 0))
		(void)gw_sse_send(l->sse, "end", NULL, line, strlen(line));
	free(line);
	json_decref(why);
	l->child = NULL;
	gw_sse_end(l->sse);
	drop(l);
}

static void
on_more(void *arg)
{
	struct logs *l = arg;

	if (l->child)
		gw_child_resume(l->child);
}

static void
on_stream_gone(void *arg)
{
	drop(arg);
}

/* ---- the beginning ---- */

static void
begin(struct logs *l)
{
	const struct gw_child_spec child = {.kind = GW_CHILD_FOLLOW,
		.words = l->words.list,
		.output = on_output,
		.done = on_done,
		.arg = l};
	const struct gw_sse_spec spec = {
		.more = on_more, .gone = on_stream_gone, .arg = l};
	struct gw_call *call = l->call;
	int rc = gw_child_start(l->gw, &child, &l->child);

	l->call = NULL;
	call->gone = NULL;
	if (rc < 0)
		gw_answer_busy(call, rc);
	else
		rc = gw_sse_begin(call, &spec, &l->sse);
	if (rc < 0)
		drop(l);
}

static void
on_known(void *arg, const struct gw_told *told)
{
	struct logs *l = arg;

	l->ask = NULL;
	/* Logs are files: without an engine they can be read all the same. */
	if (told->code != NV_EXIT_NO) {
		begin(l);
		return;
	}
	l->call->gone = NULL;
	gw_answer_error(l->call, 404, told->error);
	drop(l);
}

static void
on_gone(struct gw_call *call)
{
	drop(call->own);
}

static bool
is_cursor(const char *text)
{
	return *text && strlen(text) < CURSOR_BYTES &&
	       strspn(text, "0123456789abcdef-") == strlen(text);
}

/* Where to go on, and which lines. 0, or -EINVAL with a sentence. */
static int
make_words(struct logs *l, const struct gw_param *given, struct nv_err *err)
{
	const char *last = gw_header(l->call->request, "last-event-id");
	const char *after = last && *last ? last : given[1].value;
	const char *lines = given[0].value ? given[0].value : LINES_DEFAULT;

	gw_words_add(&l->words, "logs");
	gw_words_add(&l->words, "--follow");
	if (after && !is_cursor(after))
		return nv_err_set(err, -EINVAL,
			"\"%.40s\" is no cursor of a line: expected the id of an event "
			"of this stream",
			after);
	if (strlen(lines) > 4 || strspn(lines, "0123456789") != strlen(lines))
		return nv_err_set(err, -EINVAL,
			"lines is \"%.40s\", expected a whole number up to 9999", lines);
	if (after)
		gw_words_addf(&l->words, "--after=%s", after);
	else
		gw_words_addf(&l->words, "--lines=%s", lines);
	if (given[2].value)
		gw_words_add_literal(&l->words, "--grep", given[2].value);
	if (given[3].value)
		gw_words_addf(&l->words, "--instance=%s", given[3].value);
	gw_words_addf(&l->words, "%s", l->call->params[0]);
	gw_words_add(&l->words, "--json");
	return l->words.error;
}

static void
ask(struct logs *l)
{
	json_t *args = json_pack("{s:s, s:b}", "worker", l->call->params[0], "brief", 1);

	l->call->own = l;
	l->call->gone = on_gone;
	if (!args || gw_ask_verb(l->gw, "workers.metrics", args, 5000, on_known, l,
			     &l->ask) < 0) {
		l->call->gone = NULL;
		gw_answer_error(l->call, 500, "no memory");
		drop(l);
	}
}

void
gw_api_logs(struct gw_call *call)
{
	struct gw_param given[] = {{.name = "lines", .bytes_max = 10},
		{.name = "after", .bytes_max = CURSOR_BYTES},
		{.name = "grep", .bytes_max = 200}, {.name = "instance", .bytes_max = 5}};
	struct nv_err err = {0};

	if (!gw_wants_stream(call)) {
		gw_api_look(call);
		return;
	}
	if (gw_query_parse(call, given, NV_LEN(given)) < 0)
		return;
	if (!nv_name_valid(call->params[0])) {
		gw_answer_error(call, 404, "there is no such worker");
		return;
	}
	struct logs *l = calloc(1, sizeof(*l));

	if (!l) {
		gw_answer_error(call, 500, "no memory");
		return;
	}
	l->gw = call->arg;
	l->call = call;
	nv_buf_init(&l->part, LINE_BYTES_MAX + 65536);
	int rc = make_words(l, given, &err);

	if (rc == 0) {
		ask(l);
		return;
	}
	gw_answer_error(
		call, rc == -EINVAL ? 400 : 500, rc == -EINVAL ? err.text : "no memory");
	drop(l);
}
