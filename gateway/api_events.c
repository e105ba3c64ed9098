/* The ledger's events: a page of them, or all that come, each with its sequence as id, so
 * that a client goes on after the last one it has had. */
#include "api_ask.h"
#include "gateway.h"
#include "query.h"
#include "reply.h"
#include "sse.h"
#include "tail.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define ID_BYTES 24

struct events {
	struct gw_sse *sse;
	struct gw_tail_reader *reader;
	bool placed;    /* the client has an id to come back with */
	bool reset_due; /* the ledger is another one */
};

static void
on_gone(void *arg)
{
	struct events *e = arg;

	gw_tail_end(e->reader);
	free(e);
}

static void
say_id(char id[ID_BYTES], uint64_t seq)
{
	(void)snprintf(id, ID_BYTES, "%" PRIu64, seq);
}

/* Who has had no event yet, or none that it wanted, also has to know where it is: what
 * happens before it comes back would be missed. */
static void
say_place(struct events *e)
{
	uint64_t place = gw_tail_place(e->reader);
	char id[ID_BYTES];

	if (e->placed || place == UINT64_MAX)
		return;
	say_id(id, place);
	e->placed = gw_sse_place(e->sse, id) == 0;
}

/* As many as there are, or as the client takes: `more` comes back here. */
static void
push(void *arg)
{
	struct events *e = arg;
	struct gw_tail_row row;
	char id[ID_BYTES];

	for (;;) {
		if (e->reset_due && gw_sse_send(e->sse, "reset", NULL, "{}", 2) < 0)
			return;
		e->reset_due = false;
		int rc = gw_tail_next(e->reader, &row);

		if (rc == 0)
			break;
		if (rc < 0) {
			e->reset_due = true;
			e->placed = false;
			continue;
		}
		say_id(id, row.seq);
		if (gw_sse_send(e->sse, "event", id, row.text, row.bytes) < 0)
			return;
		gw_tail_step(e->reader);
		e->placed = true;
	}
	say_place(e);
}

static void
begin(struct gw_call *call, const char *worker, uint64_t after)
{
	struct events *e = calloc(1, sizeof(*e));
	const struct gw_sse_spec spec = {.more = push, .gone = on_gone, .arg = e};
	int rc = e ? gw_tail_begin(call->arg, worker, after, push, e, &e->reader)
		   : -ENOMEM;

	if (rc < 0) {
		free(e);
		gw_answer_error(call, 500, "no memory");
	} else if (gw_sse_begin(call, &spec, &e->sse) < 0) {
		on_gone(e);
	} else {
		push(e); /* others read already: what it has missed is there */
	}
}

void
gw_api_events(struct gw_call *call)
{
	struct gw_param given[] = {{.name = "worker", .bytes_max = NV_NAME_MAX - 1},
		{.name = "last_event_id", .bytes_max = 20}};
	uint64_t after = UINT64_MAX;

	if (!gw_wants_stream(call)) {
		gw_api_ask(call);
		return;
	}
	if (gw_query_parse(call, given, NV_LEN(given)) < 0)
		return;
	if (given[0].value && !nv_name_valid(given[0].value)) {
		gw_answer_error(call, 404, "there is no such worker");
		return;
	}
	if (gw_sse_last_id(call, given[1].value, &after) < 0) {
		gw_answer_error(call, 400,
			"Last-Event-ID: expected the number of an event of this stream");
		return;
	}
	begin(call, given[0].value ? given[0].value : "", after);
}
