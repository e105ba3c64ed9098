/* Inside the frame of a platform's process: its one state, and the seams between its
 * parts. Platforms include plat.h only.
 *
 *   frame.c   arguments, configuration, secrets, loop, polls, the end
 *   pipe.c    what is said to the engine, and what it answers
 *   store.c   the durable store
 *   outbox.c  requests that must happen once; outbox_begin.c: how they come to be;
 *             outbox_store.c: on the disk
 *   turn.c    who may send next; rate.c: token buckets (pure)
 *   sock.c    the socket; who.c: whose process asks
 *   call.c    one request: checked, begun, answered; args.c: arguments (pure)
 *   own.c     the verbs that every platform has
 */
#ifndef PLAT_FRAME_H
#define PLAT_FRAME_H

#include "nv_buf.h"
#include "nv_paths.h"
#include "plat.h"
#include "rate.h"

#include <sys/types.h>

#define PLAT_CALLS_MAX    256 /* under way */
#define PLAT_ID_BYTES_MAX 128 /* of what a caller names its request */
#define PLAT_UID_BYTES    40

struct plat_pipe;
struct plat_store;
struct plat_outbox;
struct plat_sock;
struct plat_turns;
struct plat_who;
struct plat_client;

struct plat_poll {
	ev_timer timer;
	bool under_way;
	bool again;         /* asked for while one was */
	unsigned failures;  /* in a row */
	int64_t last_ns;    /* wall; 0 = never */
	int64_t last_ok_ns; /* the same */
	int64_t next_ns;    /* the same; 0 = none */
	char why[512];      /* of the last failure; "" when the last one worked */
	uint64_t done;
};

/* An agent that has called: its bucket. */
struct plat_agent {
	struct plat_agent *next;
	char name[NV_NAME_MAX];
	struct plat_rate rate;
};

struct plat {
	struct ev_loop *loop;
	const struct plat_kind *kind;
	struct nv_config *config; /* owned */
	struct plat_settings settings;
	struct nv_paths paths;
	bool by_hand;                    /* not started by novasupd */
	char *secrets[PLAT_SECRETS_MAX]; /* owned; as kind->secrets */
	char problem[300]; /* why nothing works but state; "" when it does */
	void *own;
	struct plat_pipe *pipe; /* owned, as the next ones */
	struct plat_store *store;
	struct plat_outbox *outbox;
	struct plat_turns *turns;
	struct plat_who *who;
	struct plat_sock *sock;
	struct plat_agent *agents; /* owned list */
	struct plat_poll poll;
	struct plat_call *calls; /* owned list: under way */
	unsigned n_calls;
	uint64_t n_answered;
	uint64_t n_failed;
	int64_t started_ms; /* monotonic */
	bool ending;
	ev_timer title;
	char nonce[17];  /* of this process: random */
	uint64_t serial; /* of ids made with it */
};

struct plat_call {
	struct plat_call *next;
	struct plat *plat;
	struct plat_client *client; /* NULL: gone, or answered */
	const struct plat_verb *verb;
	json_t *args; /* owned: as the table says */
	char agent[NV_NAME_MAX];
	bool person; /* who calls is one, perhaps in the name of the agent */
	uid_t uid;
	char id[PLAT_ID_BYTES_MAX + 1];   /* the caller's; "" = none */
	char reservation[PLAT_UID_BYTES]; /* "" = none */
	plat_next_fn *next_fn;
	bool asking;          /* the engine, for the reservation */
	struct plat_out *out; /* borrowed: its entry, until that is stored */
	void *own;
	ev_timer deadline;
};

/* frame.c */
/* The whole program; an exit code. */
int plat_main(int argc, char **argv);
/* Unique for ever; fits PLAT_UID_BYTES. */
void plat_uid(struct plat *p, const char *what, char ret[PLAT_UID_BYTES]);
/* Something was done: the engine is told with the next heartbeat. */
void plat_show_title(struct plat *p);
/* One that is under way may be past what is new: another one follows it. */
void plat_poll_now(struct plat *p);
/* When the process ends and nothing is under way any more, this leaves the loop. */
void plat_check_end(struct plat *p);

/* call.c */
/* One line of a client; it is answered with plat_client_answer, now or later. */
void plat_call_line(struct plat *p, struct plat_client *client, const char *line,
	size_t bytes, const char *agent, bool person, uid_t uid);
/* The client is gone: its calls go on without it. */
void plat_call_forget(struct plat *p, const struct plat_client *client);
/* As plat_reserve, of any verb. */
void plat_call_reserve(struct plat_call *call, int64_t nano, const char *currency,
	int64_t expires_s, plat_next_fn *next);
/* Nobody knows: and the outbox entry to look at, in which state (both may be NULL). */
void plat_call_unknown_as(struct plat_call *call, const char *outbox_id,
	const char *state, const char *why);
void plat_call_refuse(struct plat_call *call, enum nv_exit code, int64_t retry_after_s,
	const char *why);
/* Own verbs and the kind's; NULL. */
const struct plat_verb *plat_verb_find(const struct plat_kind *kind, const char *name);

/* own.c */
extern const struct plat_verb plat_own_verbs[];
/* The tables as JSON, for help. A new reference. */
json_t *plat_describe(const struct plat_kind *kind);

#endif
