/* events and quarantine: what came in, and what was refused. */
#include "engine_client.h"
#include "nv_clock.h"
#include "value.h"
#include "verbs.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#define RECONNECT_MS 5000 /* an engine that died is back sooner, or not at all */
#define NAP_MS       100

static void
print_events(const struct ctl *ctl, const json_t *list)
{
	size_t i;
	json_t *ev;

	json_array_foreach(list, i, ev)
	{
		ctl_print_event(&ctl->out, ev);
	}
	(void)fflush(stdout); /* followed through a pipe: line by line */
}

static int
event_args(struct ctl *ctl, json_t **ret)
{
	struct nv_err err = {0};
	int64_t since = -1;
	int64_t limit;

	if (ctl_opt_number(&ctl->args, "limit", 1, CTL_ROWS_MAX, 50, &limit, &err) < 0 ||
		ctl_opt_number(&ctl->args, "since-seq", 0, INT64_MAX, -1, &since, &err) <
			0)
		return ctl_fail_err(&ctl->out, NV_EXIT_USAGE, &err);
	json_t *args = ctl_need(json_object());

	(void)json_object_set_new(args, "limit", json_integer(limit));
	if (since >= 0)
		(void)json_object_set_new(args, "since_seq", json_integer(since));
	ctl_put_option(ctl, args, "worker");
	*ret = args;
	return NV_EXIT_OK;
}

struct follower {
	struct ctl *ctl;
	json_t *args; /* owned */
	struct ctl_engine engine;
	int64_t last_seq; /* newest one seen; -1 before the first answer */
};

/* One answer of the engine, printed. */
static int
take_answer(struct follower *f, int64_t deadline_ms, struct nv_err *err)
{
	json_t *data = NULL;
	size_t i;
	json_t *ev;
	int code = ctl_engine_recv(&f->engine, deadline_ms, &data, err);

	if (code != NV_EXIT_OK)
		return code;
	const json_t *list = json_object_get(data, "events");

	if (f->last_seq < 0)
		f->last_seq = json_array_size(list) ? 0 : ctl_int(data, "last_seq");
	json_array_foreach(list, i, ev)
	{
		f->last_seq = NV_MAX(f->last_seq, ctl_int(ev, "seq"));
		if (f->ctl->out.json) {
			ctl_json_line(json_incref(ev));
			f->ctl->out.json_done = true; /* an error is none any more */
		} else {
			ctl_print_event(&f->ctl->out, ev);
		}
	}
	(void)fflush(stdout); /* line by line, also through a pipe */
	json_decref(data);
	return ferror(stdout) ? NV_EXIT_FAILED : NV_EXIT_OK;
}

/* Connect, ask, and print until the connection ends; why is in err. */
static int
follow_once(struct follower *f, struct nv_err *err)
{
	int code = ctl_engine_open(&f->engine, f->ctl, err);

	if (f->last_seq >= 0)
		(void)json_object_set_new(
			f->args, "since_seq", json_integer(f->last_seq + 1));
	if (code == NV_EXIT_OK)
		code = ctl_engine_send(
			&f->engine, "events.follow", json_deep_copy(f->args), err);
	/* The first answer has a deadline; after it, silence is normal. */
	int64_t deadline_ms = nv_mono_ms() + CTL_DEADLINE_MS;

	while (code == NV_EXIT_OK) {
		code = take_answer(f, deadline_ms, err);
		deadline_ms = -1;
	}
	ctl_engine_close(&f->engine);
	return code;
}

/* An engine that is started anew has every event: go on after the last one seen. */
static int
follow(struct ctl *ctl, json_t *args)
{
	struct follower f = {.ctl = ctl, .args = args, .last_seq = -1};
	struct nv_err err = {0};
	int code = follow_once(&f, &err);
	int64_t until_ms = nv_mono_ms() + RECONNECT_MS;

	while (code == NV_EXIT_UNREACHABLE && f.last_seq >= 0 &&
		nv_mono_ms() < until_ms) {
		int64_t seen = f.last_seq;

		(void)poll(NULL, 0, NAP_MS);
		code = follow_once(&f, &err);
		if (f.last_seq > seen)
			until_ms = nv_mono_ms() + RECONNECT_MS;
	}
	json_decref(args);
	if (ferror(stdout))
		return NV_EXIT_FAILED; /* said at the end of the program */
	return ctl_fail_err(&ctl->out, code, &err);
}

int
ctl_verb_events(struct ctl *ctl)
{
	json_t *args = NULL;
	json_t *data = NULL;
	int code = event_args(ctl, &args);

	if (code != NV_EXIT_OK)
		return code;
	if (ctl_opt(&ctl->args, "follow"))
		return follow(ctl, args);
	code = ctl_ask(ctl, "events", args, &data);
	if (code != NV_EXIT_OK)
		return code;
	if (ctl->out.json) {
		ctl_json(&ctl->out, data);
		return NV_EXIT_OK;
	}
	print_events(ctl, json_object_get(data, "events"));
	json_decref(data);
	return NV_EXIT_OK;
}

static void
quarantine_table(const struct ctl *ctl, const json_t *data)
{
	static const struct ctl_column columns[] = {{"SEQ", true}, {"AT", false},
		{"WORKER", false}, {"REASON", false}, {"LINE", false}};
	struct ctl_table *t = ctl_table_new(columns, NV_LEN(columns));
	const json_t *list = json_object_get(data, "quarantine");
	size_t i;
	json_t *row;

	json_array_foreach(list, i, row)
	{
		const char *line = ctl_str(row, "line");
		char buf[CTL_VALUE_BYTES];

		ctl_cellf(t, CTL_PLAIN, "%lld", (long long)ctl_int(row, "seq"));
		ctl_cell(t, CTL_PLAIN, ctl_when(row, "at", buf));
		ctl_cell(t, CTL_BOLD, ctl_str(row, "worker"));
		ctl_cell(t, CTL_PLAIN, ctl_str(row, "reason"));
		ctl_cellf(t, CTL_DIM, "%.200s", line);
	}
	ctl_table_print(t, &ctl->out, "nothing is in quarantine");
}

int
ctl_verb_quarantine(struct ctl *ctl)
{
	struct nv_err err = {0};
	int64_t limit;
	json_t *data = NULL;

	if (ctl_opt_number(&ctl->args, "limit", 1, CTL_ROWS_MAX, 50, &limit, &err) < 0)
		return ctl_fail_err(&ctl->out, NV_EXIT_USAGE, &err);
	json_t *args = ctl_need(json_pack("{s:I}", "limit", (json_int_t)limit));

	ctl_put_option(ctl, args, "worker");
	int code = ctl_ask(ctl, "quarantine", args, &data);

	if (code != NV_EXIT_OK)
		return code;
	if (ctl->out.json) {
		ctl_json(&ctl->out, data);
		return NV_EXIT_OK;
	}
	quarantine_table(ctl, data);
	json_decref(data);
	return NV_EXIT_OK;
}
