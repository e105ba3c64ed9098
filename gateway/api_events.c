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

struct events {
	struct gw_sse *sse;
	struct gw_tail_reader *reader;
};

static void
on_gone(void *arg)
{
	struct events *e = arg;

	gw_tail_end(e->reader);
	free(e);
}

/* As many as there are, or as the client takes. */
static void
push(void *arg)
{
	struct events *e = arg;
	struct gw_tail_row row;
	char id[24];
	int rc;

	while ((rc = gw_tail_next(e->reader, &row)) > 0) {
		(void)snprintf(id, sizeof(id), "%" PRIu64, row.seq);
		if (gw_sse_send(e->sse, "event", id, row.text, row.bytes) < 0)
			return;
		gw_tail_step(e->reader);
	}
	if (rc == -ESTALE)
		(void)gw_sse_send(e->sse, "reset", NULL, "{}", 2);
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
