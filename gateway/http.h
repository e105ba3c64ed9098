/* The HTTP layer: a server with routes on a libev loop. Handlers get a request that is
 * whole and answer it at once or later; what is malformed, too large, too slow or too
 * much is answered by the layer itself.
 *
 * A connection has one request at a time: the next one of a pipeline is read when the
 * answer before it is written, so answers keep their order. Deadlines are absolute: for
 * the head from its first byte, for the body, for an idle connection, for the writing of
 * an answer; a peer that sends a byte at a time gains nothing. */
#ifndef GW_HTTP_H
#define GW_HTTP_H

#include "head.h"
#include "nv_err.h"
#include "tls.h"

#include <ev.h>

#define GW_PEER_BYTES 64

struct gw_call;
typedef void gw_handler_fn(struct gw_call *call);

struct gw_route {
	enum gw_method method; /* what answers GET answers HEAD */
	const char
		*path; /* "/webhooks/custom/" with a slash at its end: and one segment */
	const char *types;     /* content types taken, with blanks between; NULL = any */
	size_t body_bytes_max; /* 0: a body is refused */
	gw_handler_fn *handle;
};

/* One request. It lives until it is answered, or until the peer is gone. */
struct gw_call {
	const struct gw_request *request;
	const char *rest; /* of the path, for a route that ends with a slash */
	const char *peer; /* address of the peer, as text */
	void *arg;        /* the server's */
	/* A handler that answers later sets it: the peer is gone, the call must not be
	 * used after it. */
	void (*gone)(struct gw_call *call);
	void *own; /* the handler's */
};

/* Before the answer: one more header. Name and value are ours or checked by the caller.
 */
void gw_answer_header(struct gw_call *call, const char *name, const char *value);
/* Answer, once; the call is gone then. type may be NULL when bytes is 0. */
void gw_answer(struct gw_call *call, int status, const char *type, const void *body,
	size_t bytes);
/* Answer with {"error":"sentence"}. */
void gw_answer_error(struct gw_call *call, int status, const char *text);

struct gw_limits {
	int64_t header_ms;
	int64_t body_ms;
	int64_t idle_ms;
	int64_t write_ms;
	uint32_t connections;
	uint32_t per_address;    /* of an IPv4 address, or of the /64 of an IPv6 one */
	uint64_t buffered_bytes; /* of bodies that are on their way, all together */
};

#define GW_STATUS_MAX 600

struct gw_conn;
struct gw_server {
	struct ev_loop *loop;
	const struct gw_route *routes;
	size_t n_routes;
	void *arg;
	struct gw_limits limits;
	struct gw_tls *tls; /* borrowed; NULL: plain */
	/* From here on the server's own. */
	int fd;
	ev_io accept;
	ev_timer again; /* accepting, after a pause for want of descriptors */
	struct gw_conn *conns;
	uint32_t n_conns;
	uint64_t buffered_bytes;
	uint64_t accepted;
	uint64_t turned_away; /* connections beyond a limit */
	uint64_t answers[GW_STATUS_MAX];
	bool stopping;
};

/* Listen at host (an address, not a name) and port, 0 for a free one. 0 or -errno with a
 * sentence. The fields above the line are set by the caller before. */
int gw_server_listen(
	struct gw_server *s, const char *host, uint16_t port, struct nv_err *err);
/* "127.0.0.1:5001", "[::1]:5001"; buf has GW_PEER_BYTES. */
const char *gw_server_address(const struct gw_server *s, char *buf);
/* No more connections, no more requests; what is being answered goes on. */
void gw_server_stop(struct gw_server *s);
/* Is nothing being answered? */
bool gw_server_is_quiet(const struct gw_server *s);
/* Close everything. */
void gw_server_fini(struct gw_server *s);

#endif
