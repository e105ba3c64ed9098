/* The processes that read pages: a few nova-scrape-parse, asked one page at a time. One
 * that dies, or that has not answered by the deadline, is killed and followed by a new
 * one; its page is an error, and no other page is touched by it. */
#ifndef SCR_POOL_H
#define SCR_POOL_H

#include "nv_err.h"

#include <ev.h>
#include <jansson.h>

#define SCR_POOL_CHILDREN        2
#define SCR_POOL_QUEUE_MAX       256
#define SCR_POOL_CPU_S           5              /* processor time of a page */
#define SCR_POOL_DEADLINE_MS     INT64_C(90000) /* and on the wall: a busy machine */
#define SCR_POOL_WANT_BYTES_MAX  ((size_t)1 << 20)
#define SCR_POOL_REPLY_BYTES_MAX ((size_t)32 << 20)

struct scr_pool;
struct scr_job;

/* data: a new reference of the callee's, what scr_work() makes; or NULL, and why. Never
 * from inside scr_pool_ask. */
typedef void scr_pool_done_fn(void *arg, json_t *data, const char *why);

/* program: path of nova-scrape-parse; NULL: beside this program. No process is started
 * before the first page. 0 or negative errno. */
int scr_pool_new(struct ev_loop *loop, const char *program, struct scr_pool **ret);
/* Pages under way get no answer. */
void scr_pool_free(struct scr_pool *pool);
/* want (borrowed) and body are copied. -ENOBUFS: too many wait; -EFBIG; -ENOMEM. */
int scr_pool_ask(struct scr_pool *pool, const json_t *want, const char *body,
	size_t bytes, scr_pool_done_fn *done, void *arg, struct scr_job **ret);
/* `done` does not come any more. NULL is fine. */
void scr_pool_cancel(struct scr_job *job);
/* How many processes had to be ended or died at a page. */
uint64_t scr_pool_broken(const struct scr_pool *pool);

#endif
