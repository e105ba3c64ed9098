/* Lines out, answers in: see emit.h. */
#include "emit.h"

#include "nv_fd.h"
#include "nv_json.h"
#include "nv_log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define READ_BYTES 16384

static struct gw_ticket **
bucket_of(struct gw_emit *e, const char *id)
{
	uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */

	for (; *id; id++)
		hash = (hash ^ (unsigned char)*id) * UINT64_C(1099511628211);
	return &e->buckets[hash % GW_TICKET_BUCKETS];
}

/* ---- out ---- */

/* Whole lines, together as much as the pipe takes in one piece or not at all: a process
 * that is killed leaves no half line. */
static size_t
portion(const struct nv_buf *queue)
{
	size_t bytes = NV_MIN(queue->bytes, (size_t)GW_LINE_MAX);

	while (bytes && queue->data[bytes - 1] != '\n')
		bytes--;
	return bytes;
}

static void
drain(struct gw_emit *e)
{
	size_t at = 0;

	while (at < e->queue.bytes && !e->broken) {
		struct nv_buf rest = {
			.data = e->queue.data + at, .bytes = e->queue.bytes - at};
		ssize_t n = write(e->events_fd, rest.data, portion(&rest));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN) {
			nv_error("event pipe: %s; webhooks are refused", strerror(errno));
			e->broken = true;
		}
		if (n < 0)
			break;
		at += (size_t)n;
	}
	nv_buf_consume(&e->queue, at);
	if (e->queue.bytes && !e->broken)
		ev_io_start(e->loop, &e->out);
	else
		ev_io_stop(e->loop, &e->out);
}

static void
on_writable(struct ev_loop *loop, ev_io *io, int revents)
{
	(void)loop;
	(void)revents;
	drain(io->data);
}

bool
gw_emit_has_room(const struct gw_emit *e, size_t lines, size_t bytes)
{
	return !e->broken && e->n_waiting + lines <= GW_TICKETS_MAX &&
	       e->queue.bytes + bytes <= GW_QUEUE_BYTES_MAX;
}

static int
put(struct gw_emit *e, const char *line, size_t bytes)
{
	NV_ASSERT(bytes < GW_LINE_MAX);
	if (e->broken)
		return -EPIPE;
	if (e->queue.bytes + bytes + 1 > GW_QUEUE_BYTES_MAX)
		return -EAGAIN;
	size_t before = e->queue.bytes;

	nv_buf_add(&e->queue, line, bytes);
	nv_buf_add(&e->queue, "\n", 1);
	if (e->queue.error) {
		e->queue.bytes = before;
		e->queue.error = 0;
		return -ENOMEM;
	}
	/* Written at the end of this pass of the loop, together with what follows. */
	ev_feed_event(e->loop, &e->out, EV_WRITE);
	return 0;
}

int
gw_emit_say(struct gw_emit *e, struct gw_ticket *ticket, const char *line, size_t bytes)
{
	if (e->n_waiting == GW_TICKETS_MAX)
		return -EAGAIN;
	int rc = put(e, line, bytes);

	if (rc < 0)
		return rc;
	struct gw_ticket **at = bucket_of(e, ticket->id);

	ticket->next = *at;
	*at = ticket;
	ticket->waiting = true;
	ticket->refused = false;
	ticket->reason[0] = '\0';
	e->n_waiting++;
	e->said++;
	return 0;
}

void
gw_emit_tell(struct gw_emit *e, const char *line)
{
	(void)put(e, line, strlen(line)); /* the next one will do as well */
}

void
gw_emit_forget(struct gw_emit *e, struct gw_ticket *ticket)
{
	if (!ticket->waiting)
		return;
	for (struct gw_ticket **at = bucket_of(e, ticket->id); *at; at = &(*at)->next) {
		if (*at != ticket)
			continue;
		*at = ticket->next;
		e->n_waiting--;
		break;
	}
	ticket->waiting = false;
}

/* ---- in ---- */

static void
answer(struct gw_emit *e, const char *id, bool refused, const char *reason)
{
	struct gw_ticket *found = NULL;
	struct gw_ticket **at = bucket_of(e, id);

	while (*at) {
		struct gw_ticket *t = *at;

		if (strcmp(t->id, id) != 0) {
			at = &t->next;
			continue;
		}
		*at = t->next;
		t->next = found;
		found = t;
		e->n_waiting--;
	}
	e->refused += refused && found;
	while (found) {
		struct gw_ticket *t = found;

		found = t->next;
		t->waiting = false;
		t->refused = refused;
		(void)snprintf(t->reason, sizeof(t->reason), "%s", reason ? reason : "");
		t->answered(t);
	}
}

static void
take_line(struct gw_emit *e, const char *line, size_t bytes)
{
	json_t *o = json_loadb(line, bytes, 0, NULL);
	const char *what = json_string_value(json_object_get(o, "control"));
	const char *id = json_string_value(json_object_get(o, "id"));

	if (what && id && strcmp(what, "ack") == 0)
		answer(e, id, false, NULL);
	else if (what && id && strcmp(what, "nack") == 0)
		answer(e, id, true, json_string_value(json_object_get(o, "reason")));
	else if (what && strcmp(what, "stop") == 0 && e->stop)
		e->stop(e->arg);
	json_decref(o);
}

static void
take_lines(struct gw_emit *e)
{
	char *line = e->control.data;
	char *end = line + e->control.bytes;
	char *stop;

	while ((stop = memchr(line, '\n', (size_t)(end - line))) != NULL) {
		take_line(e, line, (size_t)(stop - line));
		line = stop + 1;
	}
	nv_buf_consume(&e->control, (size_t)(line - e->control.data));
}

static void
on_readable(struct ev_loop *loop, ev_io *io, int revents)
{
	struct gw_emit *e = io->data;
	char data[READ_BYTES];
	ssize_t n = read(e->control_fd, data, sizeof(data));

	(void)revents;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		nv_buf_add(&e->control, data, (size_t)n);
	if (n > 0 && !e->control.error) {
		take_lines(e);
		return;
	}
	nv_error("control pipe: %s; webhooks are refused",
		n < 0    ? strerror(errno)
		: n == 0 ? "closed"
			 : "a line without end");
	e->broken = true;
	ev_io_stop(loop, io);
}

/* ---- begin and end ---- */

void
gw_emit_init(struct gw_emit *e, struct ev_loop *loop, int events_fd, int control_fd)
{
	e->loop = loop;
	e->events_fd = events_fd;
	e->control_fd = control_fd;
	nv_buf_init(&e->queue, GW_QUEUE_BYTES_MAX + GW_LINE_MAX);
	nv_buf_init(&e->control, GW_CONTROL_BYTES_MAX);
	ev_io_init(&e->out, on_writable, events_fd, EV_WRITE);
	ev_io_init(&e->in, on_readable, control_fd, EV_READ);
	/* After everything else of a pass: what was said in it goes out together. */
	ev_set_priority(&e->out, EV_MINPRI);
	e->out.data = e;
	e->in.data = e;
	e->broken = nv_fd_set_nonblock(events_fd, true) < 0 ||
		    nv_fd_set_nonblock(control_fd, true) < 0;
	if (!e->broken)
		ev_io_start(loop, &e->in);
}

void
gw_emit_fini(struct gw_emit *e)
{
	ev_io_stop(e->loop, &e->out);
	ev_io_stop(e->loop, &e->in);
	nv_buf_fini(&e->queue);
	nv_buf_fini(&e->control);
}
