/* GET /api/export/financial: every sale of the ledger as the old system's table, in the
 * base currency; what has no rate has no amount, and another currency is named. The
 * ledger is read by novactl, a line an event, and what is a sale is handed on; of any
 * length, at the pace of who takes it. */
#include "compat.h"

#include "api_ask.h"
#include "child.h"
#include "nv_csv.h"
#include "reply.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LINE_BYTES_MAX ((size_t)65536)
#define ROWS_BYTES_MAX ((size_t)262144)
#define HEAD           "Timestamp,Source,Department,Amount,Description,Associated Cost\r\n"

struct sales {
	struct gw_call *call;
	struct gw_child *child;
	json_t *groups;     /* owned: of each worker */
	json_t *pnl;        /* owned: with the rates */
	struct nv_buf line; /* of an event that has not come whole */
	struct nv_buf rows; /* not handed on yet */
	bool begun;
	bool ended; /* the rows are all that is left */
};

static void
drop(struct sales *s)
{
	nv_buf_fini(&s->line);
	nv_buf_fini(&s->rows);
	json_decref(s->groups);
	json_decref(s->pnl);
	free(s);
}

static void
on_gone(struct gw_call *call)
{
	struct sales *s = call->own;

	gw_child_cancel(s->child);
	drop(s);
}

/* ---- rows ---- */

/* worker -> group, as the engine has them now. NULL: no memory. */
static json_t *
groups_of(const json_t *agents)
{
	json_t *groups = json_object();
	size_t i;
	json_t *row;

	json_array_foreach(json_object_get(agents, "agents"), i, row)
	{
		const char *worker = json_string_value(json_object_get(row, "worker"));
		json_t *group = json_object_get(row, "group");

		if (worker && json_is_string(group))
			(void)json_object_set(groups, worker, group);
	}
	return groups;
}

static const char *
group_of(const struct sales *s, const char *worker)
{
	const char *group =
		worker ? json_string_value(json_object_get(s->groups, worker)) : NULL;

	return group ? group : "";
}

/* What was said of it; of another currency than the base's also the amount as it was
 * paid. */
static void
put_description(struct sales *s, const char *note, const json_t *leg)
{
	const char *currency = json_string_value(json_object_get(leg, "currency"));
	const char *amount = json_string_value(json_object_get(leg, "amount"));
	const char *base = json_string_value(json_object_get(s->pnl, "currency"));
	struct nv_buf text;

	nv_buf_init(&text, LINE_BYTES_MAX);
	nv_buf_puts(&text, note ? note : "");
	if (currency && amount && base && strcmp(currency, base) != 0)
		nv_buf_printf(&text, "%s%s %s", note ? ", " : "", amount, currency);
	nv_csv_put_text(&s->rows, text.error || !text.bytes ? "" : text.data);
	nv_buf_fini(&text);
}

static void
put_row(struct sales *s, const json_t *ev)
{
	const json_t *leg = json_array_get(json_object_get(ev, "legs"), 0);
	const char *worker = json_string_value(json_object_get(ev, "worker"));
	const char *source = json_string_value(json_object_get(ev, "category"));
	const char *at = json_string_value(json_object_get(ev, "at"));
	const char *line = json_string_value(json_object_get(ev, "line"));
	json_t *said = line ? json_loads(line, 0, NULL) : NULL;
	const char *note = json_string_value(json_object_get(said, "note"));
	char buf[GW_CENTS_BYTES];
	nv_i128 nano = 0;

	nv_csv_put_text(&s->rows, at ? at : "");
	nv_buf_puts(&s->rows, ",");
	nv_csv_put_text(&s->rows, source ? source : worker ? worker : "");
	nv_buf_puts(&s->rows, ",");
	nv_csv_put_text(&s->rows, group_of(s, worker));
	nv_buf_printf(&s->rows, ",%s,",
		gw_compat_base(s->pnl, leg, &nano) ? gw_compat_cents(nano, buf) : "");
	put_description(s, note, leg);
	/* What a sale has cost nobody told: no figure, and no zero. */
	nv_buf_puts(&s->rows, ",\r\n");
	json_decref(said);
}

/* novactl prints {"seq":..}, each on a line of its own, with a comma behind it. */
static void
take_line(struct sales *s, const char *line, size_t bytes)
{
	static const char sale[] = "\"kind\":\"revenue\"";
	static const char head[] = "{\"seq\":";
	json_t *ev;

	while (bytes && (line[bytes - 1] == ',' || line[bytes - 1] == ']' ||
				line[bytes - 1] == '\r'))
		bytes--;
	if (bytes < sizeof(head) || memcmp(line, head, sizeof(head) - 1) != 0 ||
		!memmem(line, NV_MIN(bytes, 80), sale, sizeof(sale) - 1))
		return;
	ev = json_loadb(line, bytes, 0, NULL);
	if (ev)
		put_row(s, ev);
	json_decref(ev);
}

/* 0; -EAGAIN: the peer takes no more now; else the call was answered. */
static int
hand_on(struct sales *s)
{
	if (!s->begun) {
		gw_answer_header(s->call, "Content-Disposition",
			"attachment; filename=\"nova-financial.csv\"");
		if (gw_stream_begin(s->call, 200, "text/csv; charset=utf-8") < 0)
			return -EIO;
		s->begun = true;
		(void)gw_stream_write(s->call, HEAD, sizeof(HEAD) - 1);
	}
	if (s->rows.bytes == 0)
		return 0;
	int rc = gw_stream_write(s->call, s->rows.data, s->rows.bytes);

	if (rc == 0)
		nv_buf_clear(&s->rows);
	return rc;
}

static void
finish(struct sales *s, bool whole)
{
	struct gw_call *call = s->call;

	call->gone = NULL;
	call->drained = NULL;
	if (whole)
		gw_stream_end(call);
	else
		gw_stream_abort(call);
	drop(s);
}

static void
on_drained(struct gw_call *call)
{
	struct sales *s = call->own;

	if (!s->ended)
		gw_child_resume(s->child);
	else if (hand_on(s) == 0)
		finish(s, true);
}

static size_t
on_output(void *arg, const char *data, size_t bytes)
{
	struct sales *s = arg;
	size_t at = 0;
	const char *nl;
	int rc = hand_on(s);

	if (rc < 0 && rc != -EAGAIN) {
		struct gw_child *child = s->child;

		drop(s);
		gw_child_cancel(child);
		return bytes;
	}
	if (rc < 0)
		return 0;
	while (at < bytes && (nl = memchr(data + at, '\n', bytes - at))) {
		size_t n = (size_t)(nl - data) - at;

		nv_buf_add(&s->line, data + at, n);
		if (!s->line.error && s->line.bytes)
			take_line(s, s->line.data, s->line.bytes);
		nv_buf_clear(&s->line);
		at += n + 1;
	}
	nv_buf_add(&s->line, data + at, bytes - at);
	/* What does not go now goes with the next piece. */
	(void)hand_on(s);
	return bytes;
}

static void
on_done(void *arg, const struct nv_program_end *end)
{
	struct sales *s = arg;
	bool whole = end->code == NV_EXIT_OK && !s->rows.error;
	char error[600];

	s->child = NULL;
	s->ended = true;
	if (s->begun && !whole) {
		finish(s, false);
	} else if (whole) {
		int rc = hand_on(s);

		if (rc == 0)
			finish(s, true);
		else if (rc != -EAGAIN)
			drop(s);
	} else {
		s->call->gone = NULL;
		json_decref(gw_child_answer(end, error, sizeof(error)));
		gw_answer_code(s->call, end->code, true, error);
		drop(s);
	}
}

void
gw_compat_sales(struct gw_call *call, const struct gw_compat_facts *facts)
{
	static const char *const words[] = {"ledger", "export", "--format=json", NULL};
	struct sales *s = calloc(1, sizeof(*s));
	json_t *groups = groups_of(facts->data[0]);

	json_decref(facts->data[0]);
	if (!s || !groups) {
		free(s);
		json_decref(groups);
		json_decref(facts->data[1]);
		gw_answer_error(call, 500, "no memory");
		return;
	}
	s->call = call;
	s->groups = groups;
	s->pnl = facts->data[1];
	nv_buf_init(&s->line, LINE_BYTES_MAX);
	nv_buf_init(&s->rows, ROWS_BYTES_MAX);
	const struct gw_child_spec spec = {.kind = GW_CHILD_EXPORT,
		.words = words,
		.deadline_ms = GW_EXPORT_MS,
		.output = on_output,
		.done = on_done,
		.arg = s};
	int rc = gw_child_start(call->arg, &spec, &s->child);

	if (rc < 0) {
		drop(s);
		gw_answer_busy(call, rc);
		return;
	}
	call->own = s;
	call->gone = on_gone;
	call->drained = on_drained;
}
