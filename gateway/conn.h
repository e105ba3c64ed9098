/* Connections of the HTTP layer: private to http.c and conn.c.
 *
 *	HANDSHAKE -> HEAD -> BODY -> HANDLE -> FLUSH -> HEAD ...
 *	                \______\______|_________/   \-> LINGER -> gone
 *	                            STREAM -> FLUSH
 *
 * HANDSHAKE  of TLS; a plain connection begins in HEAD
 * HEAD       waits for a request, or for the rest of its head
 * BODY       waits for the rest of the body
 * HANDLE     a handler has the call; nothing is read
 * FLUSH      the answer is being written
 * STREAM     an answer goes on; a peer that closes its side has left
 * LINGER     our side is closed; what the peer still sends is thrown away, so that it is
 *            not reset before it has read the answer */
#ifndef GW_CONN_H
#define GW_CONN_H

#include "chunk.h"
#include "http.h"
#include "nv_buf.h"

#define GW_LINGER_MS        2000
#define GW_LINGER_BYTES_MAX (1 << 20)

#define GW_CONN_STATES(X) \
	X(HANDSHAKE) \
	X(HEAD) \
	X(BODY) \
	X(HANDLE) \
	X(FLUSH) \
	X(STREAM) \
	X(LINGER)

enum gw_conn_state {
#define X(name) GW_CONN_##name,
	GW_CONN_STATES(X)
#undef X
};

struct gw_conn {
	struct gw_conn *prev;
	struct gw_conn *next;
	struct gw_server *server;
	int fd; /* owned */
	ev_io io;
	ev_timer deadline;
	ev_timer turn; /* its next step is due when the others have had theirs */
	struct gw_tls_session *tls; /* owned; NULL: plain */
	enum gw_conn_state state;
	bool read_ended;  /* the peer sends nothing more */
	bool wants_write; /* of TLS, below a read */
	bool idle;        /* HEAD: no byte of the next request yet */
	ev_tstamp idle_since;
	bool last;     /* closed after this answer */
	bool handling; /* inside the handler: an answer does not take the next step */
	struct sockaddr_in6 address; /* IPv4 as a mapped one */
	char peer[GW_PEER_BYTES];
	struct nv_buf in;      /* read, not yet taken */
	size_t in_seen;        /* gw_head_find */
	struct nv_buf head;    /* the head that `request` points into */
	struct nv_buf body;    /* of the request */
	size_t body_accounted; /* in server->buffered_bytes */
	struct nv_buf params;  /* copies of what call.params points to */
	struct nv_buf query;   /* what gw_query_parse decoded */
	struct nv_buf extra;   /* headers of the answer */
	const char *cache;     /* Cache-Control of the answer; NULL: no-store */
	bool face;             /* counted in server->n_face */
	bool stream_full;      /* a write was refused: drained is due */
	struct nv_buf out;     /* what is to be written */
	size_t out_at;
	size_t out_accounted; /* in server->unread_bytes */
	struct gw_chunk chunk;
	struct gw_request request;
	const struct gw_route *route;
	struct gw_call call;
	size_t lingered_bytes;
};

/* Take over a connection that was accepted. 0 or -ENOMEM; fd is taken in any case. */
int gw_conn_new(struct gw_server *s, int fd, const struct sockaddr_in6 *address);
void gw_conn_free(struct gw_conn *c);
/* Close a connection on which no byte of a request is there, the one that has waited
 * longest; `face`: one that served the face. False: there is none. */
bool gw_conn_make_room(struct gw_server *s, bool face);
/* The server stops: an idle connection and a stream go, any other after its answer. */
void gw_conn_stop(struct gw_conn *c);

/* ---- for stream.c ---- */

enum gw_step { GW_GONE = -1, GW_WAIT, GW_GO };

struct gw_conn *gw_conn_of(struct gw_call *call);
/* Watch for EV_READ and EV_WRITE, or for nothing. */
void gw_conn_arm(struct gw_conn *c, int events);
/* Close it in so many milliseconds; 0: never. */
void gw_conn_deadline(struct gw_conn *c, int64_t ms);
/* Read: more than 0: so many came; 0: the end; -EAGAIN: it is waited for; else no good.
 */
ssize_t gw_conn_fill(struct gw_conn *c);
/* Write what waits: 0 when all is out, -EAGAIN, or no good. */
int gw_conn_flush(struct gw_conn *c);
/* Head of an answer; bytes < 0: its length is not known. */
void gw_conn_put_head(struct gw_conn *c, int status, const char *type, ssize_t bytes);
/* Count the answer, forget what was only for it. */
void gw_conn_answered(struct gw_conn *c, int status);
/* Take the next step when the loop comes round. */
void gw_conn_poke(struct gw_conn *c);
enum gw_step gw_stream_step(struct gw_conn *c);

/* The route of a request: 0, or the status of the refusal. *ret_allow lists the methods
 * of the path when the status is 405. */
struct gw_match {
	const struct gw_route *route;
	struct {
		const char *at; /* in the path */
		size_t bytes;
	} params[GW_PARAMS_MAX];
	char allow[64];
};
int gw_route_find(
	const struct gw_server *s, const struct gw_request *r, struct gw_match *ret);
/* May its body come? 0, or the status of the refusal. */
int gw_route_check(const struct gw_route *route, const struct gw_request *r);

const char *gw_status_text(int status);

#endif
