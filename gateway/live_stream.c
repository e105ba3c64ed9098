/* GET /api/v1/stream: one stream for a tab of the dashboard.
 *
 *	overview  the whole object, when something in it has changed
 *	workers   rows that have changed but for the passing of time, and who is gone;
 *	          "whole": all of them
 *	event     one of the ledger's, with its seq as id (?events=1 or ?worker=)
 *	tick      each 5 s: how old the picture is
 *	reset     the client has lagged, or the ledger is another one: forget what you
 *	          have
 *
 * Nothing is queued for a client. It has a place in the rows (a generation) and in the
 * ledger (a seq), and is told what is behind them when its connection has room: one that
 * lags is told the newest state later, not all states in between. */
#include "api_live.h"

#include "gateway.h"
#include "live.h"
#include "nv_clock.h"
#include "query.h"
#include "sse.h"
#include "tail.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TICK_S         5.
#define LAG_MS         5000 /* full for so long: it is told to forget what it has */
#define PART_BYTES     ((size_t)32 << 10)
#define PART_BYTES_MAX ((size_t)2 << 20)
#define EVENTS_MAX     200 /* before others have their turn */
#define ID_BYTES       24

/* Rows on their way: an event is open meanwhile. */
enum sweep { REST, CHANGED, REMOVED, CLOSING };

struct tab {
	struct gw *gw;
	struct gw_sse *sse;
	struct gw_live_watch watch;
	struct gw_live_wait *wait;     /* for a picture that is not of an earlier look */
	bool waited;                   /* there is one, or none could be had */
	struct gw_tail_reader *reader; /* owned; NULL: no events are wanted */
	ev_timer tick;
	ev_timer again; /* more events than one turn may have */
	bool tick_due;
	bool reset_due;
	bool placed;       /* it knows where in the ledger it is */
	int64_t full_ms;   /* since when nothing fits; 0: it does */
	uint64_t rows;     /* the generation it has */
	uint64_t order;    /* 0: it has none */
	uint64_t overview; /* as gw_picture.overview_changed */
	enum sweep sweep;
	uint64_t sweep_rows; /* the generation it has at its end */
	uint64_t sweep_order;
	bool cut; /* the rest of the sweep is left out */
	size_t place;
	bool first;            /* in the array that is open */
	struct nv_buf pending; /* of the open event: what has to be said first */
};

static void pump(struct tab *tab);

/* ---- rows ---- */

static bool
is_due(const struct tab *tab, const struct gw_row *row)
{
	if (tab->sweep == CHANGED)
		return row->text && (tab->order == 0 || row->changed > tab->rows);
	return !row->text && tab->order != 0 && row->changed > tab->rows;
}

static int
open_sweep(struct tab *tab, const struct gw_picture *p)
{
	char time[NV_RFC3339_BYTES];
	NV_CLEANUP_FREE char *warnings = p->warnings ? nv_json_line(p->warnings) : NULL;
	int rc = gw_sse_open_event(tab->sse, "workers", NULL);

	if (rc < 0)
		return rc;
	nv_buf_printf(&tab->pending, "{\"as_of\":\"%s\",", nv_rfc3339(p->as_of_ns, time));
	if (p->sparks_as_of_ns)
		nv_buf_printf(&tab->pending, "\"spark_as_of\":\"%s\",",
			nv_rfc3339(p->sparks_as_of_ns, time));
	else
		nv_buf_puts(&tab->pending, "\"spark_as_of\":null,");
	nv_buf_printf(&tab->pending, "\"warnings\":%s,\"whole\":%s,\"changed\":[",
		warnings ? warnings : "[]", tab->order == 0 ? "true" : "false");
	tab->sweep = CHANGED;
	tab->sweep_rows = p->generation;
	tab->sweep_order = p->order;
	tab->cut = false;
	tab->place = 0;
	tab->first = true;
	return 0;
}

/* The next rows as one piece: 1 said, 0 there are none, -EAGAIN. */
static int
say_rows(struct tab *tab, const struct gw_picture *p)
{
	struct nv_buf buf;
	size_t place = tab->place;
	bool first = tab->first;
	int rc = 0;

	nv_buf_init(&buf, PART_BYTES_MAX);
	for (; !tab->cut && place < p->n_rows && buf.bytes < PART_BYTES; place++) {
		const struct gw_row *row = &p->rows[place];

		if (!is_due(tab, row))
			continue;
		nv_buf_puts(&buf, first ? "" : ",");
		if (tab->sweep == CHANGED)
			nv_buf_add(&buf, row->text, row->bytes);
		else
			nv_buf_put_json(&buf, row->worker, strlen(row->worker));
		first = false;
	}
	if (buf.error)
		rc = buf.error;
	else if (buf.bytes)
		rc = gw_sse_part(tab->sse, buf.data, buf.bytes);
	if (rc == 0) {
		rc = buf.bytes > 0;
		tab->place = place;
		tab->first = first;
	}
	nv_buf_fini(&buf);
	return rc;
}

static int
say_pending(struct tab *tab)
{
	int rc = tab->pending.error;

	if (rc == 0 && tab->pending.bytes)
		rc = gw_sse_part(tab->sse, tab->pending.data, tab->pending.bytes);
	if (rc == 0)
		nv_buf_clear(&tab->pending);
	return rc;
}

/* All that is left of one array, and what comes after it. */
static int
say_array(struct tab *tab, const struct gw_picture *p, const char *after)
{
	int rc = say_pending(tab);

	while (rc == 0 && (rc = say_rows(tab, p)) > 0)
		rc = 0;
	if (rc < 0)
		return rc;
	nv_buf_puts(&tab->pending, after);
	tab->place = 0;
	tab->first = true;
	tab->sweep++;
	return 0;
}

/* Say what is left of the sweep: 0 when it is done. */
static int
sweep(struct tab *tab, const struct gw_picture *p)
{
	int rc = 0;

	/* The places are others now: all begin anew. */
	if (tab->sweep_order != p->order)
		tab->cut = tab->reset_due = true;
	if (tab->sweep == CHANGED)
		rc = say_array(tab, p, "],\"removed\":[");
	if (rc == 0 && tab->sweep == REMOVED)
		rc = say_array(tab, p, "]}");
	if (rc == 0)
		rc = say_pending(tab);
	if (rc == 0)
		rc = gw_sse_close_event(tab->sse);
	if (rc < 0)
		return rc;
	tab->sweep = REST;
	tab->rows = tab->sweep_rows;
	tab->order = tab->sweep_order;
	return 0;
}

/* ---- the rest ---- */

static int
say_reset(struct tab *tab)
{
	int rc = gw_sse_send(tab->sse, "reset", NULL, "{}", 2);

	if (rc < 0)
		return rc;
	tab->reset_due = false;
	tab->order = 0;
	tab->rows = 0;
	tab->overview = 0;
	return 0;
}

/* With the place in the ledger as its id: who comes back begins there, also when there
 * was no event yet, or none that it wanted. */
static int
say_tick(struct tab *tab, const struct gw_picture *p)
{
	uint64_t place = tab->reader ? gw_tail_place(tab->reader) : UINT64_MAX;
	char time[NV_RFC3339_BYTES];
	char id[ID_BYTES];
	char data[80];
	int n = p->generation ? snprintf(data, sizeof(data), "{\"as_of\":\"%s\"}",
					nv_rfc3339(p->as_of_ns, time))
			      : snprintf(data, sizeof(data), "{\"as_of\":null}");

	(void)snprintf(id, sizeof(id), "%llu", (unsigned long long)place);
	int rc = gw_sse_send(
		tab->sse, "tick", place == UINT64_MAX ? NULL : id, data, (size_t)n);

	tab->tick_due = tab->tick_due && rc < 0;
	tab->placed = tab->placed || (rc == 0 && place != UINT64_MAX);
	return rc;
}

static int
say_events(struct tab *tab)
{
	struct gw_tail_row row;
	int rc = 0;

	for (unsigned n = 0; tab->reader && n < EVENTS_MAX; n++) {
		char id[ID_BYTES];
		int found = gw_tail_next(tab->reader, &row);

		if (found == -ESTALE) {
			tab->reset_due = true;
			return say_reset(tab);
		}
		if (found == 0)
			return 0;
		(void)snprintf(id, sizeof(id), "%llu", (unsigned long long)row.seq);
		rc = gw_sse_send(tab->sse, "event", id, row.text, row.bytes);
		if (rc < 0)
			return rc;
		gw_tail_step(tab->reader);
	}
	if (tab->reader)
		ev_timer_start(tab->gw->loop, &tab->again);
	return 0;
}

/* Say what there is to say and fits. */
static int
say_all(struct tab *tab)
{
	struct gw_picture p;
	int rc = 0;

	gw_live_picture(tab->gw, &p);
	if (!tab->waited)
		p.generation = 0;
	if (tab->sweep != REST)
		rc = sweep(tab, &p);
	if (rc == 0 && tab->reset_due)
		rc = say_reset(tab);
	if (rc == 0 && p.generation && tab->overview != p.overview_changed) {
		rc = gw_sse_send(
			tab->sse, "overview", NULL, p.overview, p.overview_bytes);
		if (rc == 0)
			tab->overview = p.overview_changed;
	}
	if (rc == 0 && p.generation &&
		(tab->order != p.order || tab->rows != p.generation)) {
		/* Other places: what was removed meanwhile cannot be told. */
		if (tab->order && tab->order != p.order)
			rc = say_reset(tab);
		if (rc == 0)
			rc = open_sweep(tab, &p);
		if (rc == 0)
			rc = sweep(tab, &p);
	}
	if (rc == 0)
		rc = say_events(tab);
	if (rc == 0 &&
		(tab->tick_due || (tab->reader && !tab->placed &&
					  gw_tail_place(tab->reader) != UINT64_MAX)))
		rc = say_tick(tab, &p);
	return rc;
}

static void
tab_free(struct tab *tab)
{
	gw_live_watch_end(tab->gw, &tab->watch);
	gw_live_wait_cancel(tab->wait);
	gw_tail_end(tab->reader);
	ev_timer_stop(tab->gw->loop, &tab->tick);
	ev_timer_stop(tab->gw->loop, &tab->again);
	nv_buf_fini(&tab->pending);
	free(tab);
}

static void
pump(struct tab *tab)
{
	int rc;

	if (tab->full_ms)
		return; /* on_room comes */
	rc = say_all(tab);
	if (rc == -EAGAIN) {
		tab->full_ms = nv_mono_ms();
	} else if (rc < 0) {
		struct gw_sse *sse = tab->sse;

		tab_free(tab);
		gw_sse_end(sse);
	}
}

static void
on_room(void *arg)
{
	struct tab *tab = arg;

	if (tab->full_ms && nv_mono_ms() - tab->full_ms > LAG_MS) {
		tab->reset_due = true;
		tab->cut = true;
	}
	tab->full_ms = 0;
	pump(tab);
}

static void
on_gone(void *arg)
{
	tab_free(arg);
}

static void
on_changed(struct gw_live_watch *watch)
{
	pump((struct tab *)(void *)((char *)watch - offsetof(struct tab, watch)));
}

static void
on_events(void *arg)
{
	struct tab *tab = arg;

	/* From the loop, once for all that has come. */
	if (!ev_is_active(&tab->again))
		ev_timer_start(tab->gw->loop, &tab->again);
}

static void
on_again(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)loop;
	(void)revents;
	pump(timer->data);
}

static void
on_tick(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct tab *tab = timer->data;

	(void)loop;
	(void)revents;
	tab->tick_due = true;
	pump(tab);
}

/* ---- begin ---- */

/* What nobody had looked at for a while is asked for again, and not shown before that as
 * if it was of now; without an answer it says itself how old it is. */
static void
on_picture(void *arg, const char *why)
{
	struct tab *tab = arg;

	(void)why;
	tab->wait = NULL;
	tab->waited = true;
	pump(tab);
}

static int
begin(struct gw_call *call, bool events, const char *worker, uint64_t after)
{
	struct tab *tab = calloc(1, sizeof(*tab));
	const struct gw_sse_spec spec = {.more = on_room, .gone = on_gone, .arg = tab};
	struct gw_live_wait *wait = NULL;
	struct gw *gw = call->arg;
	int rc;

	if (!tab) {
		gw_answer_error(call, 500, "no memory");
		return -ENOMEM;
	}
	tab->gw = gw;
	rc = gw_sse_begin(call, &spec, &tab->sse);
	if (rc < 0) {
		free(tab);
		return rc;
	}
	nv_buf_init(&tab->pending, PART_BYTES_MAX);
	ev_timer_init(&tab->tick, on_tick, 0, TICK_S);
	ev_timer_init(&tab->again, on_again, 0, 0);
	tab->tick.data = tab->again.data = tab;
	ev_timer_again(gw->loop, &tab->tick);
	tab->watch.changed = on_changed;
	gw_live_watch_begin(gw, &tab->watch);
	if (events &&
		gw_tail_begin(gw, worker, after, on_events, tab, &tab->reader) < 0) {
		struct gw_sse *sse = tab->sse;

		tab_free(tab);
		gw_sse_end(sse);
		return -ENOMEM;
	}
	rc = gw_live_wait(gw, on_picture, tab, &wait);
	if (rc < 0) {
		on_picture(tab, "no memory");
	} else if (wait) { /* else it was told, and may be gone */
		tab->wait = wait;
		pump(tab);
	}
	return rc;
}

void
gw_api_stream(struct gw_call *call)
{
	struct gw_param params[] = {{"events", 1, NULL},
		{"worker", NV_NAME_MAX - 1, NULL}, {"last_event_id", 20, NULL}};
	uint64_t after = UINT64_MAX;
	bool events;

	if (gw_query_parse(call, params, NV_LEN(params)) < 0)
		return;
	if (params[0].value && strcmp(params[0].value, "1") != 0 &&
		strcmp(params[0].value, "0") != 0) {
		gw_answer_error(call, 400, "events: expected 0 or 1");
		return;
	}
	if (gw_sse_last_id(call, params[2].value, &after) < 0) {
		gw_answer_error(call, 400,
			"last event id: expected the id of an event, a whole number");
		return;
	}
	events = params[1].value || (params[0].value && params[0].value[0] == '1');
	(void)begin(call, events, params[1].value ? params[1].value : "", after);
}
