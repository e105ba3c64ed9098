/* The platform `twitter` (X, API v2): what its files share. docs/PLATFORMS.md says what
 * it does; facts of the API: docs.x.com, November 2026. */
#ifndef TWITTER_H
#define TWITTER_H

#include "api.h"
#include "twitter_words.h"

#define TW_ID_BYTES   24 /* a 64-bit number in decimal, as text always */
#define TW_THREAD_MAX 100

/* Those that X counts apart. */
enum tw_endpoint {
	TW_EP_POST,
	TW_EP_DELETE,
	TW_EP_SEARCH,
	TW_EP_MENTIONS,
	TW_EP_USER,
	TW_EP_ME,
	TW_EP_POSTS,
	TW_EP_TIMELINE,
	TW_EP_LIKE,
	TW_EP_UNLIKE,
	TW_EP_REPOST,
	TW_EP_UNREPOST,
	TW_EP_COUNT
};

struct tw {
	struct plat *plat;
	struct plat_api api;
	int64_t price_nano[NV_TWITTER_PRICES];
	char currency[NV_CURRENCY_BYTES]; /* of all prices */
	uint32_t length_max;              /* weighted */
	int64_t clock_off_ms;             /* X's clock less ours */
	bool post_names;                  /* it calls tweet.fields post.fields */
	char me_id[TW_ID_BYTES];          /* "" = not known yet */
	char read_day[12];                /* of the newest entry of the table "read" */
	int64_t closed_until_ms[TW_EP_COUNT]; /* wall; X's limit is used up till then */
};

/* ---- requests (twitter_http.c) ---- */

struct tw_request {
	enum tw_endpoint endpoint;
	const char *act;    /* for sentences: "post", "search", ... */
	const char *method; /* NULL: GET */
	const char *path;   /* behind the base URL, encoded, with its query */
	const json_t *body; /* NULL: none */
	bool user;          /* in the user's name, not the app's */
	bool once;          /* a repeat acts twice */
	bool has_turn;      /* of the platform's rate */
};

struct tw_answer {
	enum nv_http_outcome outcome;
	int status;
	const json_t *json;        /* with DONE an object; else perhaps NULL */
	bool unsent;               /* nothing left this machine */
	bool maybe;                /* an earlier try may have acted */
	int64_t wait_ms;           /* when to come back; -1: not said */
	struct tw_problem problem; /* unless DONE */
};

typedef void tw_done_fn(struct tw *tw, void *arg, const struct tw_answer *answer);

/* How X's answers are judged, for plat_api. */
extern const struct nv_http_policy tw_policy;

/* Ends in done, perhaps before it returns: the last thing its caller does. */
void
tw_send(struct tw *tw, const struct tw_request *request, tw_done_fn *done, void *arg);
/* "tweet.fields", or what this server calls it. */
const char *tw_fields_name(const struct tw *tw);
/* Are there keys for this? NULL, or what is missing. */
const char *tw_keys_missing(const struct tw *tw, bool user);

/* The user that the keys belong to: fn(tw, arg, NULL) when me_id is known, else with
 * what went wrong. */
typedef void tw_me_fn(struct tw *tw, void *arg, const struct tw_answer *failed);
void tw_with_me(struct tw *tw, tw_me_fn *fn, void *arg);

/* ---- what was read today (twitter_count.c) ---- */

/* What reading these costs: each resource once a UTC day. items: array of objects with
 * an id, or one such object; own: whose author is me_id costs as own data. They count as
 * read from now on. */
int64_t
tw_reads_nano(struct tw *tw, char kind, const json_t *items, enum nv_twitter_price price);

/* ---- verbs ---- */

void tw_search_run(struct plat_call *call);
void tw_mentions_run(struct plat_call *call);
void tw_user_run(struct plat_call *call);
void tw_me_run(struct plat_call *call);
void tw_metrics_run(struct plat_call *call);
void tw_length_run(struct plat_call *call);

void tw_post_run(struct plat_call *call);
void tw_thread_run(struct plat_call *call);
void tw_thread_send(struct plat_out *out);
void tw_thread_resolve(struct plat_out *out);
/* What the posts that are there cost. */
int64_t tw_thread_spent(const struct plat_out *out);

void tw_mark_run(struct plat_call *call);
void tw_mark_send(struct plat_out *out);

/* ---- small things (twitter.c) ---- */

bool tw_id_valid(const char *text);
/* The exit code that fits a problem. */
enum nv_exit tw_exit(const struct tw_problem *problem);
/* End a call with what went wrong. */
void tw_call_failed(struct plat_call *call, const struct tw_answer *answer);

#endif
