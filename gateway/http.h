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
#include "who.h"

#include <ev.h>
#include <netinet/in.h>

#define GW_PEER_BYTES 64
#define GW_PARAMS_MAX 2

struct gw_call;
typedef void gw_handler_fn(struct gw_call *call);

/* What a route is for; `face` are all but the first two: they leave connections to
 * webhooks, and answer to known Host names only. */
#define GW_KINDS(X) \
	X(HOOK, "webhook") \
	X(PROBE, "probe") \
	X(METRICS, "metrics") \
	X(API, "api") \
	X(COMPAT, "compat") \
	X(PAGE, "page")
enum gw_kind {
#define X(name, text) GW_KIND_##name,
	GW_KINDS(X)
#undef X
		GW_KIND_COUNT
};
const char *gw_kind_name(enum gw_kind kind);

struct gw_route {
	enum gw_method method; /* what answers GET answers HEAD */
	/* "/api/v1/workers/{worker}/pause": {NAME} is one segment, not empty, decoded. A
	 * literal path is found before one with a parameter that would take it, too. */
	const char *path;
	enum gw_role role;
	/* Content types taken, with blanks between; NULL = any. With a '?' before it, a
	 * body need not be there. */
	const char *types;
	size_t body_bytes_max; /* 0: a body is refused */
	gw_handler_fn *handle;
	const void *with;  /* the handler's: what this route is, for one that has many */
	enum gw_kind kind; /* by the path: gw_routes_make */
};

/* One request. It lives until it is answered, or until the peer is gone. */
struct gw_call {
	const struct gw_request *request;
	const struct gw_route *route;
	const char *params[GW_PARAMS_MAX]; /* of the path, decoded; "" beyond the last */
	const char *peer;                  /* address of the peer, as text */
	const struct in6_addr *address;    /* the same; IPv4 as a mapped one */
	struct gw_who who;
	void *arg; /* the server's */
	/* A handler that answers later sets it: the peer is gone, the call must not be
	 * used after it. */
	void (*gone)(struct gw_call *call);
	/* A stream that was full is empty again (see gw_stream_write). */
	void (*drained)(struct gw_call *call);
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
/* Before the answer: Cache-Control instead of no-store. The text has to stay. */
void gw_answer_cache(struct gw_call *call, const char *control);

/* ---- answers that go on: stream.c ---- */

#define GW_STREAM_BYTES_MAX ((size_t)256 << 10) /* not taken by the peer yet */
#define GW_STREAM_WRITE_MAX ((size_t)2 << 20)   /* of one piece, into an empty stream */
#define GW_STREAM_PER_TOKEN 16
#define GW_STREAM_IDLE_MS   30000 /* without a byte taken while some wait: closed */

/* Begin one: 0; else the call was answered and is gone: -EBUSY (too many streams: 429),
 * -ENODATA (HEAD). The call's gone is called when the peer leaves, when its token is
 * revoked and when the process ends; it may be set later than here. */
int gw_stream_begin(struct gw_call *call, int status, const char *type);
/* Hand over bytes: 0, and they will be written as the peer takes them; -EAGAIN when they
 * would pass GW_STREAM_BYTES_MAX together with those that wait (nothing was taken;
 * call->drained is called when all that waits is out). A piece that is larger is taken by
 * an empty stream, up to GW_STREAM_WRITE_MAX: -EMSGSIZE beyond. Never calls back. */
int gw_stream_write(struct gw_call *call, const void *data, size_t bytes);
/* Bytes that wait. */
size_t gw_stream_waiting(const struct gw_call *call);
/* No more follows; the call is gone then. */
void gw_stream_end(struct gw_call *call);
/* It failed in the middle: the peer sees that it is not whole. The call is gone then. */
void gw_stream_abort(struct gw_call *call);

struct gw_limits {
	int64_t header_ms;
	int64_t body_ms;
	int64_t idle_ms;
	int64_t write_ms;
	uint32_t connections;
	uint32_t per_address;    /* of an IPv4 address, or of the /64 of an IPv6 one */
	uint64_t buffered_bytes; /* of bodies that are on their way, all together */
	/* Of answers that their clients have not taken, all together: a large one is
	 * refused with 503 beyond it. */
	uint64_t unread_bytes;
	uint32_t streams;
};

/* May it? Before a body is read. 0 with call->who set; else the status of the refusal, a
 * sentence in *ret_why, and headers by gw_answer_header. */
typedef int gw_admit_fn(struct gw_call *call, const char **ret_why);

#define GW_STATUS_MAX 600

struct gw_conn;
struct gw_server {
	struct ev_loop *loop;
	const struct gw_route *routes;
	size_t n_routes;
	void *arg;
	gw_admit_fn *admit; /* NULL: everybody may everything */
	struct gw_limits limits;
	struct gw_tls *tls; /* borrowed; NULL: plain */
	/* From here on the server's own. */
	int fd;
	ev_io accept;
	ev_timer again; /* accepting, after a pause for want of descriptors */
	struct gw_conn *conns;
	uint32_t n_conns;
	uint32_t n_face; /* of them, whose last request was for the face */
	uint32_t n_streams;
	uint64_t buffered_bytes;
	uint64_t unread_bytes;
	uint64_t accepted;
	uint64_t turned_away; /* connections beyond a limit */
	uint64_t answers[GW_STATUS_MAX];
	uint64_t by_kind[GW_KIND_COUNT][6]; /* by route and hundreds of the status */
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
/* Close the streams for which `ends` is true: who listens may no more. */
void gw_server_end_streams(struct gw_server *s,
	bool (*ends)(const struct gw_call *call, void *arg), void *arg);
/* Is nothing being answered? */
bool gw_server_is_quiet(const struct gw_server *s);
/* Close everything. */
void gw_server_fini(struct gw_server *s);

#endif
