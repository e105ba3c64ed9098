/* Exports: what novactl prints, streamed at the pace of who takes it. A ledger of any
 * length costs the gateway no memory; a client that goes away ends its novactl. */
#include "api_ask.h"
#include "gateway.h"
#include "nv_clock.h"
#include "query.h"
#include "reply.h"
#include "words.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIECE_BYTES ((size_t)65536)

static const char *const ledger_formats[] = {"json", "csv", "hledger", "beancount", NULL};
static const char *const table_formats[] = {"csv", NULL};

const struct gw_export gw_exports[GW_EXPORT_COUNT] = {
	[GW_EXPORT_LEDGER] = {.name = "ledger",
		.verb = {"ledger", "export"},
		.formats = ledger_formats},
	[GW_EXPORT_TIMELINE] = {.name = "timeline",
		.verb = {"timeline", "--csv"},
		.is_report = true,
		.formats = table_formats},
	[GW_EXPORT_PNL] = {.name = "pnl",
		.verb = {"pnl", "--csv"},
		.is_report = true,
		.formats = table_formats},
};

struct exporting {
	struct gw_call *call;
	struct gw_child *child;
	const struct gw_export *what;
	const char *format;
	bool begun;
};

static void
on_gone(struct gw_call *call)
{
	struct exporting *e = call->own;

	gw_child_cancel(e->child);
	free(e);
}

static void
on_drained(struct gw_call *call)
{
	const struct exporting *e = call->own;

	gw_child_resume(e->child);
}

/* ---- what it prints ---- */

static const char *
type_of(const char *format)
{
	return strcmp(format, "json") == 0  ? "application/json"
	       : strcmp(format, "csv") == 0 ? "text/csv; charset=utf-8"
					    : "text/plain; charset=utf-8";
}

static const char *
suffix_of(const char *format)
{
	return strcmp(format, "hledger") == 0 ? "journal" : format;
}

/* 0; else the call was answered. */
static int
begin_answer(struct exporting *e)
{
	char value[160];
	char day[NV_RFC3339_BYTES];

	nv_rfc3339(nv_wall_ns(), day);
	(void)snprintf(value, sizeof(value), "attachment; filename=\"nova-%s-%.10s.%s\"",
		e->what->name, day, suffix_of(e->format));
	gw_answer_header(e->call, "Content-Disposition", value);
	int rc = gw_stream_begin(e->call, 200, type_of(e->format));

	e->begun = rc == 0;
	return rc;
}

static size_t
on_output(void *arg, const char *data, size_t bytes)
{
	struct exporting *e = arg;
	size_t at = 0;

	if (!e->begun && begin_answer(e) < 0) {
		struct gw_child *child = e->child;

		free(e);
		gw_child_cancel(child);
		return bytes;
	}
	while (at < bytes) {
		size_t n = NV_MIN(bytes - at, PIECE_BYTES);

		if (gw_stream_write(e->call, data + at, n) < 0)
			break;
		at += n;
	}
	return at;
}

/* An export that fails in the middle must not look whole. */
static void
on_done(void *arg, const struct nv_program_end *end)
{
	struct exporting *e = arg;
	struct gw_call *call = e->call;
	char error[600];
	bool begun = e->begun;

	call->gone = NULL;
	call->drained = NULL;
	if (begun && end->code == NV_EXIT_OK) {
		gw_stream_end(call);
	} else if (begun) {
		gw_stream_abort(call);
	} else if (end->code == NV_EXIT_OK) {
		if (begin_answer(e) == 0)
			gw_stream_end(call);
	} else {
		json_decref(gw_child_answer(end, error, sizeof(error)));
		gw_answer_code(call, end->code, true, error);
	}
	free(e);
}

/* ---- what is asked for ---- */

#define REPORT_PARAMS 6 /* after the format */

/* The value that is known, for good; NULL with a sentence. */
static const char *
take_format(const struct gw_export *what, const char *given, struct nv_err *err)
{
	if (!given)
		return what->formats[0];
	for (size_t i = 0; what->formats[i]; i++)
		if (strcmp(what->formats[i], given) == 0)
			return what->formats[i];
	(void)nv_err_set(err, -EINVAL, "format is \"%.40s\", expected %s", given,
		what->formats[1] ? "json, csv, hledger or beancount" : "csv");
	return NULL;
}

static int
make_words(struct gw_words *w, const struct gw_export *what, const char *format,
	const struct gw_param *given, size_t n, struct nv_err *err)
{
	gw_words_add(w, what->verb[0]);
	gw_words_add(w, what->verb[1]);
	if (!what->is_report)
		gw_words_addf(w, "--format=%s", format);
	for (size_t i = 1; i < n; i++) {
		const char *value = given[i].value;

		if (!value)
			continue;
		if (strcmp(given[i].name, "target") != 0)
			gw_words_addf(w, "--%s=%s", given[i].name, value);
		else if (nv_name_valid(value))
			gw_words_add(w, value);
		else
			return nv_err_set(err, -EINVAL,
				"target is \"%.40s\", expected a worker or a group",
				value);
	}
	return w->error;
}

static void
begin(struct gw_call *call, const struct gw_export *what, const char *format,
	const struct gw_words *words)
{
	struct exporting *e = calloc(1, sizeof(*e));
	const struct gw_child_spec spec = {.kind = GW_CHILD_EXPORT,
		.words = words->list,
		.deadline_ms = GW_EXPORT_MS,
		.output = on_output,
		.done = on_done,
		.arg = e};
	int rc = e ? 0 : -ENOMEM;

	if (rc == 0) {
		*e = (struct exporting){.call = call, .what = what, .format = format};
		/* Its head is all that is asked for: nothing has to be read. */
		if (call->request->method == GW_HEAD) {
			(void)begin_answer(e);
			free(e);
			return;
		}
		rc = gw_child_start(call->arg, &spec, &e->child);
	}
	if (rc < 0) {
		free(e);
		gw_answer_busy(call, rc);
		return;
	}
	call->own = e;
	call->gone = on_gone;
	call->drained = on_drained;
}

void
gw_api_export(struct gw_call *call)
{
	const struct gw_export *what = call->route->with;
	struct gw_param given[1 + REPORT_PARAMS] = {{.name = "format", .bytes_max = 20},
		{.name = "target", .bytes_max = NV_NAME_MAX},
		{.name = "period", .bytes_max = 40}, {.name = "from", .bytes_max = 40},
		{.name = "to", .bytes_max = 40}, {.name = "by", .bytes_max = 40},
		{.name = "limit", .bytes_max = 9}};
	size_t n = what->is_report ? NV_LEN(given) : 1;
	struct gw_words words = {0};
	struct nv_err err = {0};
	int rc = -EINVAL;

	if (gw_query_parse(call, given, n) < 0)
		return;
	const char *format = take_format(what, given[0].value, &err);

	if (format)
		rc = make_words(&words, what, format, given, n, &err);
	if (rc == -EINVAL)
		gw_answer_error(call, 400, err.text);
	else if (rc < 0)
		gw_answer_error(call, 500, "no memory");
	else
		begin(call, what, format, &words);
	gw_words_fini(&words);
}
