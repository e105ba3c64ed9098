/* nova-gateway: what the world may send us. A webhook is verified over its raw bytes,
 * turned into event lines, and answered with 200 when nova-engine has committed them: who
 * was not told 200 sends again, and what was heard twice counts once. */
#ifndef GW_GATEWAY_H
#define GW_GATEWAY_H

#include "emit.h"
#include "http.h"
#include "nv_config.h"
#include "nv_json.h"
#include "nv_paths.h"
#include "sign.h"
#include "spool.h"

#define GW_HOOKS_MAX      1024 /* under way at a time */
#define GW_HOOK_MS        4000 /* until a sender is told to come again: all wait 5 s */
#define GW_BODY_BYTES_MAX ((size_t)1 << 20)

#define GW_SOURCES(X) \
	X(STRIPE, "stripe") \
	X(GUMROAD, "gumroad") \
	X(SENDGRID, "sendgrid") \
	X(TWITTER, "twitter") \
	X(SLACK, "slack") \
	X(CUSTOM, "custom")

enum gw_source {
#define X(name, text) GW_FROM_##name,
	GW_SOURCES(X)
#undef X
		GW_SOURCE_COUNT
};
const char *gw_source_name(enum gw_source source);

/* Since the start of the process. */
struct gw_figures {
	uint64_t verdicts[GW_VERDICT_COUNT]; /* of all posts whose signature was looked at
					      */
	uint64_t accepted;                   /* answered with 200 */
	uint64_t events;                     /* in them, as facts in the ledger */
	uint64_t unread;        /* genuine, but not understood: a fact and nothing more */
	uint64_t lines_refused; /* quarantined by the engine */
	uint64_t unavailable;   /* told to come again: engine or platform away, or busy */
	uint64_t bad;           /* genuine, and refused for what they say (custom) */
	int64_t last_ns;        /* accepted; wall clock */
};

struct gw_hook;
struct gw_sock;
struct gw_asker;
struct gw_tail;
struct gw_live;
struct gw_children;
struct gw_auth;
struct gw_verify;
struct gw_metrics;

struct gw {
	struct ev_loop *loop;
	const struct nv_config *config;
	const char *run_dir;
	const struct nv_paths *paths; /* borrowed */
	struct gw_server server;
	struct gw_emit emit;
	struct gw_spool spool;
	struct gw_sock *sock;         /* owned */
	struct gw_asker *asker;       /* owned */
	struct gw_tail *tail;         /* owned */
	struct gw_live *live;         /* owned */
	struct gw_children *children; /* owned */
	struct gw_auth *auth;         /* owned */
	bool loopback;                /* it listens there only */
	struct gw_verify *verify;     /* owned */
	struct gw_metrics *metrics;   /* owned */
	/* Secrets. */
	struct gw_secrets stripe;
	struct gw_secrets gumroad;
	struct gw_secrets twitter;
	struct gw_secrets slack;
	struct nv_ec_key *sendgrid; /* owned; NULL: none */
	struct gw_secrets *custom;  /* owned: as config->gateway.webhooks */
	struct gw_hook *hooks;      /* owned list: under way */
	uint32_t n_hooks;
	struct gw_figures figures[GW_SOURCE_COUNT];
	int64_t started_ns;
	bool silent; /* the engine let a webhook wait too long, and has said nothing since
		      */
};

/* ---- hook.c: from lines to the answer ---- */

/* Keep the body, say the lines (an array of map.h's, stolen; NULL: no memory), answer the
 * call when all are committed. The facts of the array get `bytes` and `sha256`. */
void
gw_hook_begin(struct gw *gw, struct gw_call *call, enum gw_source source, json_t *lines);
/* A genuine webhook that was not understood: a fact with the reason, and 200, as its
 * sender cannot mend it. */
void gw_hook_unread(
	struct gw *gw, struct gw_call *call, enum gw_source source, const char *why);
/* 503: come again. */
void gw_hook_later(
	struct gw *gw, struct gw_call *call, enum gw_source source, const char *why);
/* Under way when the process ends: their callers are told to come again. */
void gw_hooks_drop(struct gw *gw);

/* A fact with an id of the body's own bytes: "PROVIDER:body:HEX". */
json_t *gw_fact(const struct gw_call *call, const char *provider, const char *type);
/* Hex of the body's SHA-256. */
void gw_body_sha256(const struct gw_call *call, char ret[65]);

/* Count a verdict; answer what is not genuine with this status (NO_SECRET: 503, with the
 * file that is missing). True: go on. */
bool gw_genuine(struct gw *gw, struct gw_call *call, enum gw_source source,
	enum gw_verdict verdict, int status, const char *secret);
/* The signed parts of a call; a header that is there twice counts as missing. */
struct gw_signed
gw_signed(const struct gw_call *call, const char *signature, const char *timestamp);
/* The value of a name in a query or form, decoded: heap, NULL when it is not there. */
char *gw_form_value(const char *form, const char *name);

/* ---- from_*.c: one sender each ---- */

void gw_from_stripe(struct gw_call *call);
void gw_from_gumroad(struct gw_call *call);
void gw_from_sendgrid(struct gw_call *call);
void gw_from_twitter(struct gw_call *call);
void gw_from_twitter_crc(struct gw_call *call);
void gw_from_slack(struct gw_call *call);
void gw_from_custom(struct gw_call *call);

/* The body of a custom webhook as lines; pure. 0; -EINVAL with a sentence for the sender;
 * -ENOMEM. */
int gw_custom_lines(const char *body, size_t bytes, const struct nv_conf_webhook *conf,
	json_t **ret_lines, struct nv_err *err);

/* ---- health.c: what a load balancer asks ---- */

void gw_health(struct gw_call *call);
void gw_ready(struct gw_call *call);

/* ---- figures.c ---- */

/* What `novactl gateway` shows; a new reference. */
json_t *gw_figures_json(const struct gw *gw);
/* RUN_DIR/gateway.sock: who connects (root or our user) gets them as a line. */
int gw_sock_open(struct gw *gw, struct nv_err *err);
void gw_sock_close(struct gw *gw);

#endif
