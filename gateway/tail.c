/* The ledger's events for many readers: see tail.h. */
#include "tail.h"

#include "ask.h"
#include "gateway.h"
#include "nv_fd.h"
#include "nv_paths.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define NOW          UINT64_MAX
#define PAGE         500
#define AGAIN_S      0.5 /* until the engine is looked for again */
#define RETRY_S      1.  /* until a page is asked for again */
#define PACE_S       0.1 /* after a full page: 5,000 events a second at most */
#define IN_BYTES_MAX ((size_t)16 << 20)

struct event {
	uint64_t seq;
	char *text; /* owned */
	size_t bytes;
	char worker[NV_NAME_MAX];
};

struct gw_tail {
	struct gw *gw;
	int fd; /* owned; -1: not connected */
	ev_io io;
	ev_timer again;
	ev_timer pace;
	struct nv_buf in;
	bool hello;     /* the first answer of this connection has come */
	bool known;     /* where the ledger ends was said once */
	uint64_t after; /* the ring has all events from the one after this ... */
	uint64_t last;  /* ... to this one */
	struct event ring[GW_TAIL_EVENTS_MAX];
	size_t first;
	size_t n;
	size_t bytes;
	struct gw_tail_reader *readers; /* owned list */
};

struct gw_tail_reader {
	struct gw_tail_reader *prev;
	struct gw_tail_reader *next;
	struct gw_tail *tail;
	char worker[NV_NAME_MAX]; /* "": all */
	uint64_t after;           /* the last one that was had, or passed over */
	uint64_t at;              /* what gw_tail_next has given */
	bool stale;
	bool checked; /* it is ahead of the ring, and the ledger is not behind it */
	json_t *page; /* owned: what the ring does not have any more */
	size_t page_at;
	char *text; /* owned: of a row of the page */
	struct gw_ask *ask;
	ev_timer retry;
	void (*ready)(void *arg);
	void *arg;
};

static void follow(struct gw_tail *t);

/* ---- the ring ---- */

static struct event *
event_at(struct gw_tail *t, size_t i)
{
	return &t->ring[(t->first + i) % GW_TAIL_EVENTS_MAX];
}

static void
drop_first(struct gw_tail *t)
{
	struct event *e = event_at(t, 0);

	t->after = e->seq;
	t->bytes -= e->bytes;
	free(e->text);
	e->text = NULL;
	t->first = (t->first + 1) % GW_TAIL_EVENTS_MAX;
	t->n--;
}

/* Empty, as if nothing was ever heard but where the ledger ends. */
static void
begin_at(struct gw_tail *t, uint64_t last)
{
	while (t->n > 0)
		drop_first(t);
	t->after = t->last = last;
}

static int
append(struct gw_tail *t, const json_t *row)
{
	uint64_t seq = (uint64_t)json_integer_value(json_object_get(row, "seq"));
	const char *worker = json_string_value(json_object_get(row, "worker"));
	char *text;

	if (seq <= t->last)
		return 0; /* heard before */
	text = nv_json_line(row);
	if (!text)
		return -ENOMEM;
	size_t bytes = strlen(text);

	while (t->n == GW_TAIL_EVENTS_MAX ||
		(t->n > 0 && t->bytes + bytes > GW_TAIL_BYTES_MAX))
		drop_first(t);
	struct event *e = event_at(t, t->n++);

	e->seq = seq;
	e->text = text;
	e->bytes = bytes;
	(void)snprintf(e->worker, sizeof(e->worker), "%s", worker ? worker : "");
	t->bytes += bytes;
	t->last = seq;
	return 0;
}

/* The first one behind `after`, or NULL. */
static const struct event *
find_after(struct gw_tail *t, uint64_t after)
{
	size_t low = 0;
	size_t high = t->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (event_at(t, middle)->seq > after)
			high = middle;
		else
			low = middle + 1;
	}
	return low < t->n ? event_at(t, low) : NULL;
}

/* ---- following the engine ---- */

static void
tell_readers(struct gw_tail *t)
{
	struct gw_tail_reader *next;

	/* A reader may end itself in here, no other. */
	for (struct gw_tail_reader *r = t->readers; r; r = next) {
		next = r->next;
		r->ready(r->arg);
	}
}

static void
hang_up(struct gw_tail *t)
{
	ev_io_stop(t->gw->loop, &t->io);
	ev_timer_stop(t->gw->loop, &t->pace);
	nv_fd_close(&t->fd);
	nv_buf_fini(&t->in);
	t->hello = false;
}

static void
lost(struct gw_tail *t)
{
	hang_up(t);
	ev_timer_stop(t->gw->loop, &t->again);
	ev_timer_set(&t->again, AGAIN_S, 0);
	ev_timer_start(t->gw->loop, &t->again);
}

/* The first answer says where the ledger ends; one that ends before what was heard is
 * another ledger. */
static void
take_hello(struct gw_tail *t, const json_t *data)
{
	uint64_t last = (uint64_t)json_integer_value(json_object_get(data, "last_seq"));

	t->hello = true;
	if (!t->known || last < t->last)
		begin_at(t, last);
	t->known = true;
}

/* One answer: how many events were in it, or -errno. */
static int
take_line(struct gw_tail *t, const char *line, size_t bytes)
{
	json_t *o = json_loadb(line, bytes, 0, NULL);
	const json_t *data = json_object_get(o, "data");
	const json_t *events = json_object_get(data, "events");
	int rc = json_is_true(json_object_get(o, "ok")) && json_is_array(events)
			 ? 0
			 : -EPROTO;
	size_t i;
	json_t *row;

	if (rc == 0 && !t->hello)
		take_hello(t, data);
	json_array_foreach(events, i, row)
	{
		if (rc == 0)
			rc = append(t, row);
	}
	int n = (int)json_array_size(events);

	json_decref(o);
	return rc < 0 ? rc : n;
}

/* Every whole answer that is there. Behind a full page more are coming, and the engine
 * has other things to do than to tell: the rest waits for on_pace, what has come of it
 * too. */
static void
take_lines(struct gw_tail *t)
{
	const char *end = NULL;
	bool some = false;
	int taken = 0;

	while (t->in.bytes > 0 && taken < PAGE &&
		(end = memchr(t->in.data, '\n', t->in.bytes))) {
		size_t bytes = (size_t)(end - t->in.data);

		taken = take_line(t, t->in.data, bytes);
		if (taken < 0) {
			lost(t);
			return;
		}
		nv_buf_consume(&t->in, bytes + 1);
		some = true;
	}
	if (taken >= PAGE) {
		ev_io_stop(t->gw->loop, &t->io);
		ev_timer_set(&t->pace, PACE_S, 0);
		ev_timer_start(t->gw->loop, &t->pace);
	}
	if (some)
		tell_readers(t);
}

static void
on_readable(struct ev_loop *loop, ev_io *io, int revents)
{
	struct gw_tail *t = io->data;
	char data[65536];
	ssize_t n = recv(t->fd, data, sizeof(data), 0);

	(void)loop;
	(void)revents;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		nv_buf_add(&t->in, data, (size_t)n);
	if (n <= 0 || t->in.error) {
		lost(t);
		return;
	}
	take_lines(t);
}

static void
on_pace(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct gw_tail *t = timer->data;

	(void)revents;
	ev_io_start(loop, &t->io);
	take_lines(t);
}

static int
reach(struct gw_tail *t)
{
	char line[120];
	int n = t->known ? snprintf(line, sizeof(line),
				   "{\"verb\":\"events.follow\",\"args\":{\"since_seq\":"
				   "%llu}}\n",
				   (unsigned long long)t->last + 1)
			 : snprintf(line, sizeof(line), "{\"verb\":\"events.follow\"}\n");

	NV_CLEANUP_FD fd = nv_connect_unix(t->gw->run_dir, GW_ASK_ENGINE, SOCK_STREAM);

	if (fd < 0)
		return fd;
	/* So few bytes fit into a fresh socket. */
	if (send(fd, line, (size_t)n, MSG_NOSIGNAL) != n)
		return -EAGAIN;
	t->fd = nv_fd_steal(&fd);
	return 0;
}

static void
follow(struct gw_tail *t)
{
	if (t->fd >= 0)
		return;
	if (reach(t) < 0) {
		lost(t);
		return;
	}
	nv_buf_init(&t->in, IN_BYTES_MAX);
	ev_io_init(&t->io, on_readable, t->fd, EV_READ);
	t->io.data = t;
	ev_io_start(t->gw->loop, &t->io);
}

static void
on_again(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct gw_tail *t = timer->data;

	(void)loop;
	(void)revents;
	if (t->readers)
		follow(t);
}

/* ---- readers ---- */

static void
on_page(void *arg, const struct gw_told *told)
{
	struct gw_tail_reader *r = arg;
	struct gw_tail *t = r->tail;
	json_t *events = json_object_get(told->data, "events");

	r->ask = NULL;
	if (!events) {
		ev_timer_stop(t->gw->loop, &r->retry);
		ev_timer_set(&r->retry, RETRY_S, 0);
		ev_timer_start(t->gw->loop, &r->retry);
		return;
	}
	uint64_t last =
		(uint64_t)json_integer_value(json_object_get(told->data, "last_seq"));

	if (last < r->after)
		r->stale = true;
	else if (json_array_size(events) > 0)
		r->page = json_incref(events);
	else if (r->after < t->after)
		/* The ledger does not keep them; of what came since it was asked that is
		 * not said. */
		r->after = NV_MAX(r->after, NV_MIN(t->after, last));
	r->page_at = 0;
	r->checked = true;
	r->ready(r->arg);
}

static void
ask_page(struct gw_tail_reader *r)
{
	json_t *args;

	if (r->ask || ev_is_active(&r->retry))
		return;
	args = json_pack(
		"{s:I, s:i}", "since_seq", (json_int_t)r->after + 1, "limit", PAGE);
	if (gw_ask_verb(r->tail->gw, "events", args, 0, on_page, r, &r->ask) < 0) {
		ev_timer_set(&r->retry, RETRY_S, 0);
		ev_timer_start(r->tail->gw->loop, &r->retry);
	}
}

static void
on_retry(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct gw_tail_reader *r = timer->data;

	(void)revents;
	ev_timer_stop(loop, timer);
	r->ready(r->arg);
}

static bool
wants(const struct gw_tail_reader *r, const char *worker)
{
	return !r->worker[0] || (worker && strcmp(worker, r->worker) == 0);
}

/* The next one of the page: 1; 0 there is none, the page is gone then; -ENOMEM. */
static int
next_of_page(struct gw_tail_reader *r, struct gw_tail_row *ret)
{
	const json_t *row;

	while ((row = json_array_get(r->page, r->page_at))) {
		uint64_t seq = (uint64_t)json_integer_value(json_object_get(row, "seq"));

		if (seq <= r->after ||
			!wants(r, json_string_value(json_object_get(row, "worker")))) {
			r->after = NV_MAX(r->after, seq);
			r->page_at++;
			continue;
		}
		free(r->text);
		r->text = nv_json_line(row);
		if (!r->text)
			return -ENOMEM;
		r->at = seq;
		*ret = (struct gw_tail_row){
			.seq = seq, .text = r->text, .bytes = strlen(r->text)};
		return 1;
	}
	json_decref(r->page);
	r->page = NULL;
	return 0;
}

static int
next_of_ring(struct gw_tail_reader *r, struct gw_tail_row *ret)
{
	const struct event *e;

	r->checked = r->checked && r->after > r->tail->last;
	while ((e = find_after(r->tail, r->after))) {
		if (!wants(r, e->worker)) {
			r->after = e->seq;
			continue;
		}
		r->at = e->seq;
		*ret = (struct gw_tail_row){
			.seq = e->seq, .text = e->text, .bytes = e->bytes};
		return 1;
	}
	return 0;
}

int
gw_tail_next(struct gw_tail_reader *r, struct gw_tail_row *ret)
{
	const struct gw_tail *t = r->tail;

	if (!t->known)
		return 0;
	if (r->after == NOW)
		r->after = t->last;
	if (r->stale) {
		r->stale = false;
		r->after = t->last;
		return -ESTALE;
	}
	int rc = r->page ? next_of_page(r, ret) : 0;

	if (rc != 0)
		return NV_MAX(rc, 0); /* no memory: another time */
	if (r->after < t->after || (r->after > t->last && !r->checked)) {
		ask_page(r);
		return 0;
	}
	return next_of_ring(r, ret);
}

void
gw_tail_step(struct gw_tail_reader *r)
{
	r->after = NV_MAX(r->after, r->at);
}

uint64_t
gw_tail_place(const struct gw_tail_reader *r)
{
	return r->after;
}

int
gw_tail_begin(struct gw *gw, const char *worker, uint64_t after_seq,
	void (*ready)(void *arg), void *arg, struct gw_tail_reader **ret)
{
	struct gw_tail *t = gw->tail;
	struct gw_tail_reader *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->tail = t;
	(void)snprintf(r->worker, sizeof(r->worker), "%s", worker);
	r->after = after_seq;
	r->ready = ready;
	r->arg = arg;
	ev_timer_init(&r->retry, on_retry, RETRY_S, 0);
	r->retry.data = r;
	r->next = t->readers;
	if (r->next)
		r->next->prev = r;
	t->readers = r;
	follow(t);
	*ret = r;
	return 0;
}

void
gw_tail_end(struct gw_tail_reader *r)
{
	struct gw_tail *t = r ? r->tail : NULL;

	if (!t)
		return;
	if (r->prev)
		r->prev->next = r->next;
	else
		t->readers = r->next;
	if (r->next)
		r->next->prev = r->prev;
	gw_ask_cancel(r->ask);
	ev_timer_stop(t->gw->loop, &r->retry);
	json_decref(r->page);
	free(r->text);
	free(r);
	if (t->readers)
		return;
	/* Nobody listens: what comes meanwhile would have to be read later. */
	hang_up(t);
	ev_timer_stop(t->gw->loop, &t->again);
	begin_at(t, 0);
	t->known = false;
}

int
gw_tail_open(struct gw *gw)
{
	struct gw_tail *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->gw = gw;
	t->fd = -1;
	ev_timer_init(&t->again, on_again, AGAIN_S, 0);
	ev_timer_init(&t->pace, on_pace, PACE_S, 0);
	t->again.data = t->pace.data = t;
	gw->tail = t;
	return 0;
}

void
gw_tail_close(struct gw *gw)
{
	struct gw_tail *t = gw->tail;

	if (!t)
		return;
	while (t->readers)
		gw_tail_end(t->readers);
	hang_up(t);
	ev_timer_stop(gw->loop, &t->again);
	begin_at(t, 0);
	free(t);
	gw->tail = NULL;
}
