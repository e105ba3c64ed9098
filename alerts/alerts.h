/* nova-alerts, the process: looks at the fleet, keeps the book of alerts, and tells
 * people over several channels, each with a queue of its own: one that is dead or slow
 * holds up nothing. What is open and what is still to be said lies in
 * STATE_DIR/alerts/state.json, written before anything is sent: a message may come twice
 * (only PagerDuty can tell), none is lost. */
#ifndef ALERTS_H
#define ALERTS_H

#include "nv_config.h"
#include "nv_http.h"
#include "nv_paths.h"
#include "queue.h"
#include "rules.h"
#include "wording.h"

#include <ev.h>

struct alerts;

/* ---- channel.c ---- */

struct alert_channel;
struct alert_ask;
/* what: one sentence about a test message. */
typedef void alert_tested_fn(
	void *arg, const struct alert_channel *channel, bool taken, const char *what);

struct alert_channel {
	struct alerts *alerts;
	enum alert_channel_kind kind;
	bool used;        /* it has what it needs */
	char why_not[80]; /* else what is missing */
	char *url;        /* owned, a secret: where it is written to */
	char *key;        /* owned, a secret: routing key, key of signatures; NULL */
	struct alert_queue queue;
	ev_timer timer; /* the next try */
	bool busy;
	struct nv_http_call *call;
	unsigned failures;
	int64_t failing_ms; /* wall: since when nothing went through; 0 = it does */
	bool handed_on;     /* what could not be said went to the fallback */
	bool dead;
	char trouble[200];
	uint64_t sent; /* notices */
	int64_t sent_ms;
	bool repeat;  /* what is sent next may have been said already */
	bool testing; /* the message under way is a test */
	alert_tested_fn *tested;
	void *tested_arg;
	struct alert_ask *mail;
};

/* Reads what each channel needs. 0 or -ENOMEM. */
int alert_channels_open(struct alerts *a);
void alert_channels_close(struct alerts *a);
/* What waits for a channel that is used no more is raised anew for those that are, as far
 * as it is not over. After alert_store_load. */
void alert_channels_inherit(struct alerts *a);
/* Queue it wherever it is grave enough; the caller saves, then alert_channels_go. */
void alert_channels_put(struct alerts *a, const struct alert_notice *notice);
void alert_channels_go(struct alerts *a);
/* One object a channel, for `novactl alerts channels`. NULL: no memory. */
json_t *alert_channels_show(const struct alerts *a);
/* Say a line at once on this channel, past its queue, and tell fn what became of it. 0,
 * -EBUSY: another message is under way, -ENOTCONN: the channel is not used. */
int alert_channel_test(struct alert_channel *channel, alert_tested_fn *fn, void *arg);
void alert_channels_forget_tests(struct alerts *a, const void *arg);

/* ---- ask.c: novactl as a child ---- */

#define ALERT_ASK_WORDS_MAX 16
/* answer: the object it printed, borrowed; NULL when it printed none, and why is a
 * sentence. code: its exit status, -1 when it had to be killed. */
typedef void alert_answer_fn(void *arg, int code, const json_t *answer, const char *why);
/* words: the verb and its arguments, ended by NULL; "--json" is added. 0 and fn comes
 * later, or negative errno. */
int alert_ask(struct alerts *a, const char *const *words, alert_answer_fn *fn, void *arg,
	struct alert_ask **ret);
/* No answer comes; the child is killed. NULL is fine. */
void alert_ask_cancel(struct alert_ask *ask);

/* ---- look.c ---- */

int alert_look_open(struct alerts *a);
void alert_look_close(struct alerts *a);
/* Now, instead of at the next turn: something was changed by us. */
void alert_look_soon(struct alerts *a);

/* ---- store.c ---- */

int alert_store_load(struct alerts *a, struct nv_err *err);
/* What fails is said once, and tried again with the next change. */
void alert_store_save(struct alerts *a);

/* ---- decide.c: a person answers an approval ---- */

/* who: "telegram:4711"; text is a sentence for him. over: it waits for nobody any more;
 * else the engine could not do it now, and the question stands. */
typedef void alert_decided_fn(void *arg, bool over, const char *text);
int alert_decide(struct alerts *a, bool approve, int64_t id, const char *who,
	alert_decided_fn *fn, void *arg);
/* Nobody is told any more; what novactl has said already stands. */
void alert_decide_close(struct alerts *a);
/* Is `id` one of the words of list? NULL: nobody is. */
bool alert_may(const char *list, const char *id);

/* ---- telegram.c, slack.c ---- */

int alert_telegram_open(struct alerts *a);
void alert_telegram_close(struct alerts *a);
/* payload: of Slack's interactivity, its signature checked by the gateway. 0, or -EINVAL:
 * it is nothing we know. */
int alert_slack_payload(struct alerts *a, const json_t *payload);
/* Presses that are not answered yet, for the disk; NULL: no memory. And back: 0 or
 * -ENOMEM; resume asks for each again. */
json_t *alert_slack_save(const struct alerts *a);
int alert_slack_load(struct alerts *a, const json_t *saved);
void alert_slack_resume(struct alerts *a);
void alert_slack_close(struct alerts *a);

/* ---- sock.c ---- */

int alert_sock_open(struct alerts *a, struct nv_err *err);
void alert_sock_close(struct alerts *a);

/* ---- all of it ---- */

struct alert_deciding;
struct alert_looking;
struct alert_telegram;
struct alert_slack;
struct alert_sock;

struct alerts {
	struct ev_loop *loop;
	struct nv_config *config; /* owned */
	struct nv_paths paths;
	bool by_hand;
	char host[256];
	char novactl[NV_PATH_MAX];
	struct nv_http *http; /* owned */
	struct alert_book *book;
	struct alert_memory *memory;
	struct alert_channel channels[ALERT_CHANNEL_COUNT];
	struct alert_looking *looking;
	struct alert_deciding *deciding;
	struct alert_telegram *telegram;
	struct alert_slack *slack;
	struct alert_sock *sock;
	int64_t telegram_next; /* the first update that was not answered yet */
	int64_t looked_ms;     /* wall: the last look that ended; 0 = none */
	bool store_broken;
};

#endif
