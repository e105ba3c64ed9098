/* Event lines to nova-engine and its answers: lines go into the event pipe in the order
 * they are said, whole ones only, and each is answered on the control pipe once it is
 * committed. What the pipe does not take waits here up to a ceiling; beyond it nothing is
 * taken any more, so that a slow engine costs no memory. */
#ifndef GW_EMIT_H
#define GW_EMIT_H

#include "nv_buf.h"

#include <ev.h>

#define GW_LINE_MAX          4096 /* with the newline: atomic on a pipe */
#define GW_ID_BYTES          129  /* of an event, with the NUL */
#define GW_REASON_BYTES      160
#define GW_QUEUE_BYTES_MAX   ((size_t)4 << 20)
#define GW_TICKETS_MAX       32768
#define GW_TICKET_BUCKETS    4096
#define GW_CONTROL_BYTES_MAX ((size_t)64 << 10) /* one line of the engine's */

/* One line that is waited for. */
struct gw_ticket {
	struct gw_ticket *next;
	char id[GW_ID_BYTES];
	bool waiting;
	bool refused; /* it went to quarantine */
	char reason[GW_REASON_BYTES];
	void (*answered)(struct gw_ticket *ticket);
	void *arg;
};

struct gw_emit {
	struct ev_loop *loop;
	int events_fd;  /* borrowed; -1: there is no engine to talk to */
	int control_fd; /* borrowed */
	ev_io out;
	ev_io in;
	struct nv_buf queue;
	struct nv_buf control;
	struct gw_ticket *buckets[GW_TICKET_BUCKETS];
	uint32_t n_waiting;
	uint64_t said;
	uint64_t refused;
	bool broken; /* a pipe is gone: nothing will ever be answered */
	/* novasupd wants the process to end. */
	void (*stop)(void *arg);
	void *arg;
};

/* Descriptors that are not pipes of novasupd's make every line fail. */
void gw_emit_init(struct gw_emit *e, struct ev_loop *loop, int events_fd, int control_fd);
void gw_emit_fini(struct gw_emit *e);

/* Is there room for so many lines of so many bytes? */
bool gw_emit_has_room(const struct gw_emit *e, size_t lines, size_t bytes);
/* Say a line (without newline, shorter than GW_LINE_MAX, with the ticket's id and "ack")
 * and wait for its answer; ticket->answered is called from the loop, never from here. The
 * ticket stays the caller's; several may wait for one id. -EAGAIN: no room; -EPIPE. */
int
gw_emit_say(struct gw_emit *e, struct gw_ticket *ticket, const char *line, size_t bytes);
/* The same without an answer (ready, heartbeat); dropped when there is no room. */
void gw_emit_tell(struct gw_emit *e, const char *line);
/* Not waited for any more; the line itself stays said. */
void gw_emit_forget(struct gw_emit *e, struct gw_ticket *ticket);

#endif
