/* Questions of the gateway to other processes of Nova over their sockets (nv_ask): the
 * same question of many clients is asked once, its answer is kept for a while, and the
 * questions of all clients together take at most a quarter of the asked one's time, so
 * that nobody can slow the engine by looking at it.
 *
 * Pacing, for each socket: time in which an answer is waited for is paid from a purse of
 * GW_ASK_PURSE_MS that fills by GW_ASK_SHARE of the time that passes; a question is sent
 * while there is something in it. At most GW_ASK_UNDER_WAY are under way and
 * GW_ASK_WAITING wait; what comes beyond that, or waits longer than GW_ASK_MS, is told
 * that it is busy. */
#ifndef GW_ASK_H
#define GW_ASK_H

#include "nv_json.h"

#include <ev.h>

/* Sockets in RUN_DIR; those of platforms are asked by their names too. */
#define GW_ASK_ENGINE "engine.sock"
#define GW_ASK_ALERTS "alerts.sock"

#define GW_ASK_UNDER_WAY 4
#define GW_ASK_WAITING   64
#define GW_ASK_SHARE     0.25
#define GW_ASK_PURSE_MS  500
#define GW_ASK_MS        10000             /* for an answer, waiting included */
#define GW_ASK_CACHE_MAX ((size_t)8 << 20) /* bytes of answers that are kept */
#define GW_ASK_LANES_MAX 16                /* sockets */

struct gw;
struct gw_ask;   /* one that waits for an answer */
struct gw_asker; /* all of it */

struct gw_told {
	/* Borrowed, shared with others: never changed. NULL unless it was answered well;
	 * json_copy it to add to it. */
	json_t *data;
	const char *text; /* the line as it came; "" when none did */
	size_t bytes;
	int code;          /* enum nv_exit: 1, 2, 4 as answered; 3: nobody did */
	bool busy;         /* code 3, and it may be asked again soon */
	const char *error; /* "" or a sentence */
	int64_t as_of_ns;  /* wall clock: what it says was read at this time or later */
};
typedef void gw_ask_fn(void *arg, const struct gw_told *told);

/* Ask socket (a name in RUN_DIR). question is stolen; an answer that is at most ttl_ms
 * old will do (0: none that was asked before). done is called once, from the loop, never
 * from here, unless it is cancelled. 0, -ENOMEM, -E2BIG (too many different sockets);
 * done is not called then. */
int gw_ask(struct gw *gw, const char *socket, json_t *question, int64_t ttl_ms,
	gw_ask_fn *done, void *arg, struct gw_ask **ret);
/* {"verb":verb,"args":args} (args is stolen and may be NULL). */
int gw_ask_verb(struct gw *gw, const char *verb, json_t *args, int64_t ttl_ms,
	gw_ask_fn *done, void *arg, struct gw_ask **ret);
/* An answer whose text is all that is wanted: it is not read as JSON (data is NULL also
 * when code is 0), is not kept and may be large. */
int gw_ask_text(struct gw *gw, const char *socket, json_t *question, gw_ask_fn *done,
	void *arg, struct gw_ask **ret);
/* Before all that wait to be sent, and beyond GW_ASK_WAITING if need be: what everybody
 * looks at does not wait for what one asks. */
void gw_ask_first(struct gw_ask *ask);
void gw_ask_cancel(struct gw_ask *ask); /* NULL is fine */
/* Something was done that changes what would be answered: nothing that was asked before
 * this is an answer any more. */
void gw_ask_changed(struct gw *gw);

/* The answer for told that is not well (gw_answer_code); no_is_not_found: what a NO means
 * here. */
struct gw_call;
void
gw_ask_refuse(struct gw_call *call, const struct gw_told *told, bool no_is_not_found);

struct gw_ask_figures {
	uint64_t asked;  /* questions that were sent */
	uint64_t shared; /* answers given without sending one */
	uint64_t busy;
	uint64_t failed; /* nobody there, or no answer in time */
	int64_t waited_ms;
};
void gw_ask_figures(const struct gw *gw, struct gw_ask_figures *ret);

int gw_asker_open(struct gw *gw);
void gw_asker_close(struct gw *gw); /* all asks are cancelled by then or here */

#endif
