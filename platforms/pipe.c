/* Events to the engine, and its answers: see pipe.h.
 *
 * An event waits in `unsent`, goes into the pipe in one write, and waits in `said` for
 * its answer. An engine that died between the commit and the answer answers nobody, so
 * what was said long ago is said again: ids make that harmless. */
#include "pipe.h"
#include "nv_clock.h"
#include "nv_fd.h"
#include "nv_json.h"
#include "nv_log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_BYTES_MAX    4096 /* with the newline: PIPE_BUF */
#define CONTROL_BYTES_MAX ((size_t)256 << 10)
#define QUIET_BYTES_MAX   ((size_t)1 << 20) /* lines nobody waits for */
#define AGAIN_S           5.
#define AGAIN_MS_MIN      INT64_C(20000)
#define AGAIN_MS_MAX      INT64_C(600000)
#define ASK_MS_MAX        INT64_C(60000)
#define HEARTBEAT_S       20.

/* Something said that wants an answer. */
struct saying {
	struct saying *next;
	char *line; /* owned, with the newline */
	size_t bytes;
	char *id;        /* owned: JSON string as it stands in the line, decoded */
	int64_t said_ms; /* 0: not yet */
	int64_t again_ms;
	int64_t first_ms;
	plat_booked_fn *booked; /* of an event */
	plat_asked_fn *asked;   /* of a question; then booked is NULL */
	void *arg;
};

struct saying_list {
	struct saying *first;
	struct saying **last;
	size_t n;
};

struct plat_pipe {
	int event_fd;
	int control_fd; /* -1: none */
	ev_io out;
	ev_io in;
	ev_timer again;
	ev_timer heartbeat;
	struct saying_list unsent;
	struct saying_list said;
	struct nv_buf quiet; /* whole lines that nobody waits for; go first */
	struct nv_buf heard;
	bool skipping; /* an overlong control line */
};

static void
list_push(struct saying_list *l, struct saying *s)
{
	s->next = NULL;
	*l->last = s;
	l->last = &s->next;
	l->n++;
}

static void
list_unlink(struct saying_list *l, struct saying **link)
{
	struct saying *s = *link;

	*link = s->next;
	if (l->last == &s->next)
		l->last = link;
	l->n--;
}

static void
saying_free(struct saying *s)
{
	free(s->line);
	free(s->id);
	free(s);
}

static void
answer(struct plat *p, struct saying *s, int rc, const char *why, int64_t retry_s)
{
	if (s->asked)
		s->asked(p, s->arg, rc, why, retry_s);
	else if (s->booked)
		s->booked(p, s->arg, rc > 0 ? -EINVAL : rc, why);
	saying_free(s);
}

/* ---- out ---- */

/* 0, or -EAGAIN: the pipe is full. Other trouble: nobody will ever read it, which shows
 * as no answer. */
static int
write_line(struct plat_pipe *pipe, const char *line, size_t bytes)
{
	ssize_t n;

	do
		n = write(pipe->event_fd, line, bytes);
	while (n < 0 && errno == EINTR);
	return n < 0 && errno == EAGAIN ? -EAGAIN : 0;
}

static int
write_quiet(struct plat_pipe *pipe)
{
	while (pipe->quiet.bytes > 0) {
		const char *nl = memchr(pipe->quiet.data, '\n', pipe->quiet.bytes);
		size_t bytes = (size_t)(nl - pipe->quiet.data) + 1;

		if (write_line(pipe, pipe->quiet.data, bytes) < 0)
			return -EAGAIN;
		nv_buf_consume(&pipe->quiet, bytes);
	}
	return 0;
}

/* Lines nobody waits for belong to what was said before them (a release after its cost),
 * so they go last. */
static void
pump(struct plat *p)
{
	struct plat_pipe *pipe = p->pipe;
	int rc = 0;

	while (rc == 0 && pipe->unsent.first) {
		struct saying *s = pipe->unsent.first;

		rc = write_line(pipe, s->line, s->bytes);
		if (rc < 0)
			break;
		list_unlink(&pipe->unsent, &pipe->unsent.first);
		s->said_ms = nv_mono_ms();
		list_push(&pipe->said, s);
	}
	if (rc == 0)
		rc = write_quiet(pipe);
	if (rc < 0)
		ev_io_start(p->loop, &pipe->out);
	else
		ev_io_stop(p->loop, &pipe->out);
	if (p->ending)
		plat_check_end(p);
}

static void
on_writable(struct ev_loop *loop, ev_io *io, int revents)
{
	(void)loop;
	(void)revents;
	pump(io->data);
}

static char *
line_of(json_t *event, size_t *ret_bytes)
{
	struct nv_buf buf;
	NV_CLEANUP_FREE char *text = nv_json_line(event);

	nv_buf_init(&buf, (size_t)1 << 20);
	if (text) {
		nv_buf_puts(&buf, text);
		nv_buf_puts(&buf, "\n");
	}
	*ret_bytes = buf.bytes;
	char *line = text ? nv_buf_take(&buf) : NULL;

	nv_buf_fini(&buf);
	return line;
}

/* event is borrowed. */
static int
say(struct plat *p, json_t *event, plat_booked_fn *booked, plat_asked_fn *asked,
	void *arg)
{
	const char *id = json_string_value(json_object_get(event, "id"));
	struct saying *s = calloc(1, sizeof *s);

	if (!s)
		return -ENOMEM;
	s->id = strdup(id);
	s->line = line_of(event, &s->bytes);
	if (!s->id || !s->line) {
		saying_free(s);
		return -ENOMEM;
	}
	if (s->bytes > LINE_BYTES_MAX) {
		saying_free(s);
		return -EMSGSIZE;
	}
	s->booked = booked;
	s->asked = asked;
	s->arg = arg;
	s->again_ms = AGAIN_MS_MIN;
	s->first_ms = nv_mono_ms();
	list_push(&p->pipe->unsent, s);
	pump(p);
	return 0;
}

static int
book(struct plat *p, json_t *event, plat_booked_fn *fn, void *arg)
{
	const char *id = json_string_value(json_object_get(event, "id"));

	if (!plat_pipe_is_there(p))
		return -ENOTCONN;
	if (!id || !*id || !json_is_string(json_object_get(event, "event")))
		return -EINVAL;
	if (plat_booking(p) >= PLAT_BOOK_MAX)
		return -ENOBUFS;
	if (json_object_set_new(event, "ack", json_true()) < 0)
		return -ENOMEM;
	return say(p, event, fn, NULL, arg);
}

int
plat_book(struct plat *p, json_t *event, plat_booked_fn *fn, void *arg)
{
	int rc = event ? book(p, event, fn, arg) : -ENOMEM;

	json_decref(event);
	return rc;
}

size_t
plat_booking(const struct plat *p)
{
	return p->pipe ? p->pipe->unsent.n + p->pipe->said.n : 0;
}

void
plat_say(struct plat *p, json_t *event)
{
	size_t bytes = 0;

	if (!plat_pipe_is_there(p)) {
		json_decref(event);
		return;
	}
	NV_CLEANUP_FREE char *line = event ? line_of(event, &bytes) : NULL;

	json_decref(event);
	if (!line || bytes > LINE_BYTES_MAX ||
		p->pipe->quiet.bytes + bytes > QUIET_BYTES_MAX)
		return;
	nv_buf_add(&p->pipe->quiet, line, bytes);
	pump(p);
}

/* ---- money ---- */

int
plat_ask(struct plat *p, const char *id, int64_t nano, const char *currency,
	const char *agent, const char *operation, int64_t expires_s, plat_asked_fn *fn,
	void *arg)
{
	char amount[NV_MONEY_BYTES];

	if (!plat_pipe_is_there(p))
		return -ENOTCONN;
	json_t *event = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I}", "event",
		"reserve", "id", id, "amount", nv_money_text(nano, amount), "currency",
		currency, "agent", agent, "operation", operation, "expires",
		(json_int_t)expires_s);
	int rc = event ? say(p, event, NULL, fn, arg) : -ENOMEM;

	json_decref(event);
	return rc;
}

void
plat_release(struct plat *p, const char *id, const char *agent)
{
	plat_say(p, json_pack("{s:s, s:s, s:s}", "event", "release", "of", id, "agent",
			    agent));
}

json_t *
plat_cost_event(struct plat *p, const char *id, int64_t nano, const char *currency,
	const char *agent, const char *reservation, const char *operation,
	const char *note)
{
	char amount[NV_MONEY_BYTES];
	json_t *event = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "event", "cost",
		"id", id, "amount", nv_money_text(nano, amount), "currency", currency,
		"category", "api", "vendor", p->kind->name, "operation", operation);
	int bad = event ? 0 : -1;

	if (agent[0])
		bad |= json_object_set_new(event, "agent", json_string(agent));
	if (reservation[0])
		bad |= json_object_set_new(
			event, "reservation", json_string(reservation));
	if (note && *note)
		bad |= json_object_set_new(event, "note", nv_json_str(note));
	if (bad) {
		json_decref(event);
		return NULL;
	}
	return event;
}

/* ---- in ---- */

static struct saying *
take(struct saying_list *l, const char *id, bool question)
{
	for (struct saying **link = &l->first; *link; link = &(*link)->next) {
		struct saying *s = *link;

		if ((s->asked != NULL) != question || strcmp(s->id, id) != 0)
			continue;
		list_unlink(l, link);
		return s;
	}
	return NULL;
}

static void
hear(struct plat *p, const json_t *o)
{
	const char *control = json_string_value(json_object_get(o, "control"));
	const char *id = json_string_value(json_object_get(o, "id"));
	const char *why = json_string_value(json_object_get(o, "reason"));

	if (!control || !id)
		return; /* of no meaning for a platform, or for any */
	bool question =
		strcmp(control, "reserved") == 0 || strcmp(control, "refused") == 0;
	bool no = strcmp(control, "refused") == 0 || strcmp(control, "nack") == 0;

	if (!question && !no && strcmp(control, "ack") != 0)
		return;
	struct saying *s = take(&p->pipe->said, id, question);

	/* A question that is not answerable at all comes back as nack. */
	if (!s && strcmp(control, "nack") == 0)
		s = take(&p->pipe->said, id, true);
	/* Said again, and the first answer comes meanwhile. */
	if (!s)
		s = take(&p->pipe->unsent, id, question);
	if (!s)
		return;
	answer(p, s, no ? 1 : 0, no ? (why ? why : "the engine gave no reason") : NULL,
		json_integer_value(json_object_get(o, "retry_after_s")));
}

static void
hear_lines(struct plat *p)
{
	struct nv_buf *heard = &p->pipe->heard;
	const char *nl;

	while (heard->bytes > 0 && (nl = memchr(heard->data, '\n', heard->bytes))) {
		size_t bytes = (size_t)(nl - heard->data);

		if (!p->pipe->skipping) {
			json_t *o = json_loadb(heard->data, bytes, 0, NULL);

			nv_buf_consume(heard, bytes + 1);
			if (o)
				hear(p, o);
			json_decref(o);
		} else {
			nv_buf_consume(heard, bytes + 1);
		}
		p->pipe->skipping = false;
	}
	if (heard->bytes >= CONTROL_BYTES_MAX / 2) {
		nv_buf_clear(heard);
		p->pipe->skipping = true;
	}
}

static void
on_readable(struct ev_loop *loop, ev_io *io, int revents)
{
	struct plat *p = io->data;
	char bytes[16384];
	ssize_t n = read(io->fd, bytes, sizeof bytes);

	(void)revents;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) { /* novasupd is gone; it also sees to our end */
		ev_io_stop(loop, io);
		return;
	}
	nv_buf_add(&p->pipe->heard, bytes, (size_t)n);
	hear_lines(p);
	if (p->ending)
		plat_check_end(p);
}

/* ---- again ---- */

static void
on_again(struct ev_loop *loop, ev_timer *t, int revents)
{
	struct plat *p = t->data;
	int64_t now_ms = nv_mono_ms();
	struct saying_list *said = &p->pipe->said;
	struct saying **link = &said->first;
	struct saying_list late = {.last = &late.first};

	(void)loop;
	(void)revents;
	while (*link) {
		struct saying *s = *link;

		if (s->asked && now_ms - s->first_ms > ASK_MS_MAX) {
			list_unlink(said, link);
			list_push(&late, s);
		} else if (now_ms - s->said_ms > s->again_ms) {
			list_unlink(said, link);
			s->again_ms = NV_MIN(s->again_ms * 2, AGAIN_MS_MAX);
			list_push(&p->pipe->unsent, s);
		} else {
			link = &s->next;
		}
	}
	for (link = &p->pipe->unsent.first; *link;) {
		struct saying *s = *link;

		if (s->asked && now_ms - s->first_ms > ASK_MS_MAX) {
			list_unlink(&p->pipe->unsent, link);
			list_push(&late, s);
		} else {
			link = &s->next;
		}
	}
	while (late.first) {
		struct saying *s = late.first;

		list_unlink(&late, &late.first);
		answer(p, s, -ETIMEDOUT, NULL, 0);
	}
	pump(p);
}

static void
on_heartbeat(struct ev_loop *loop, ev_timer *t, int revents)
{
	struct plat *p = t->data;

	(void)loop;
	(void)revents;
	/* One is enough in a pipe that nobody reads. */
	if (p->pipe->quiet.bytes > 0)
		return;
	char status[100];

	(void)snprintf(status, sizeof status, "%u calls, %llu answered", p->n_calls,
		(unsigned long long)p->n_answered);
	uint64_t done = p->n_answered + p->n_failed + p->poll.done;

	plat_say(p, json_pack("{s:s, s:s, s:I}", "event", "heartbeat", "status", status,
			    "progress", (json_int_t)done));
}

void
plat_pipe_ready(struct plat *p)
{
	plat_say(p, json_pack("{s:s}", "event", "ready"));
}

/* ---- open and close ---- */

static int
given_fd(const char *variable, int *ret)
{
	const char *text = getenv(variable);
	char *end = NULL;
	long fd = text && *text ? strtol(text, &end, 10) : -1;

	if (fd < 0)
		return 0;
	if (*end || fd < 3 || fd > 1024 || nv_fd_set_cloexec((int)fd, true) < 0 ||
		nv_fd_set_nonblock((int)fd, true) < 0)
		return -EBADF;
	*ret = (int)fd;
	return 0;
}

int
plat_pipe_open(struct plat *p, struct nv_err *err)
{
	struct plat_pipe *pipe = calloc(1, sizeof *pipe);

	if (!pipe)
		return nv_err_set(err, -ENOMEM, "no memory");
	p->pipe = pipe;
	pipe->event_fd = pipe->control_fd = -1;
	pipe->unsent.last = &pipe->unsent.first;
	pipe->said.last = &pipe->said.first;
	nv_buf_init(&pipe->quiet, QUIET_BYTES_MAX + LINE_BYTES_MAX);
	nv_buf_init(&pipe->heard, CONTROL_BYTES_MAX);
	if (given_fd("NOVA_EVENT_FD", &pipe->event_fd) < 0 ||
		given_fd("NOVA_CONTROL_FD", &pipe->control_fd) < 0)
		return nv_err_set(err, -EBADF,
			"NOVA_EVENT_FD and NOVA_CONTROL_FD: expected open descriptors");
	/* Events that nobody answers are no good: both, or none. */
	if (pipe->event_fd < 0 || pipe->control_fd < 0) {
		pipe->event_fd = pipe->control_fd = -1;
		return 0;
	}
	ev_io_init(&pipe->out, on_writable, pipe->event_fd, EV_WRITE);
	ev_io_init(&pipe->in, on_readable, pipe->control_fd, EV_READ);
	ev_timer_init(&pipe->again, on_again, AGAIN_S, AGAIN_S);
	ev_timer_init(&pipe->heartbeat, on_heartbeat, HEARTBEAT_S, HEARTBEAT_S);
	pipe->out.data = pipe->in.data = pipe->again.data = pipe->heartbeat.data = p;
	ev_io_start(p->loop, &pipe->in);
	ev_timer_start(p->loop, &pipe->again);
	ev_timer_start(p->loop, &pipe->heartbeat);
	return 0;
}

static void
cancel_all(struct plat *p, struct saying_list *l)
{
	while (l->first) {
		struct saying *s = l->first;

		list_unlink(l, &l->first);
		answer(p, s, -ECANCELED, "the process ends", 0);
	}
}

void
plat_pipe_close(struct plat *p)
{
	struct plat_pipe *pipe = p->pipe;

	if (!pipe)
		return;
	if (plat_pipe_is_there(p)) {
		ev_io_stop(p->loop, &pipe->out);
		ev_io_stop(p->loop, &pipe->in);
		ev_timer_stop(p->loop, &pipe->again);
		ev_timer_stop(p->loop, &pipe->heartbeat);
	}
	pipe->event_fd = -1; /* what is told so says nothing more */
	cancel_all(p, &pipe->unsent);
	cancel_all(p, &pipe->said);
	nv_buf_fini(&pipe->quiet);
	nv_buf_fini(&pipe->heard);
	free(pipe);
	p->pipe = NULL;
}

bool
plat_pipe_is_there(const struct plat *p)
{
	return p->pipe && p->pipe->event_fd >= 0;
}

bool
plat_pipe_is_flushed(const struct plat *p)
{
	return !p->pipe || (p->pipe->unsent.n == 0 && p->pipe->quiet.bytes == 0);
}
