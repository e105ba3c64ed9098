/* One question to another process of Nova over its unix socket: a JSON line there, a JSON
 * line back, {"ok":true,"data":{}} or {"ok":false,"code":n,"error":"sentence"}. */
#ifndef NV_ASK_H
#define NV_ASK_H

#include "nv_json.h"

#include <ev.h>

#define NV_ASK_BYTES_MAX ((size_t)4 << 20) /* of a question and of an answer */
#define NV_ASKS_MAX      64                /* at a time, over all */

struct nv_ask;
/* data is borrowed, NULL unless the answer was ok; why is "" then. gone: nobody was
 * there, or nobody answered in time: it may be asked again. */
typedef void nv_ask_fn(void *arg, json_t *data, bool gone, const char *why);

/* question is stolen. done is called once from the loop, never from here, unless the ask
 * is cancelled. -EAGAIN: too many already; -errno: nobody listens there. */
int nv_ask(struct ev_loop *loop, const char *path, json_t *question, int64_t timeout_ms,
	nv_ask_fn *done, void *arg, struct nv_ask **ret);
/* The same for who reads the answer itself: line is borrowed, without its newline, NULL
 * when none came (why says why). An answer may have bytes_max. */
typedef void nv_ask_line_fn(void *arg, const char *line, size_t bytes, const char *why);
int
nv_ask_line(struct ev_loop *loop, const char *path, json_t *question, int64_t timeout_ms,
	size_t bytes_max, nv_ask_line_fn *done, void *arg, struct nv_ask **ret);
void nv_ask_cancel(struct nv_ask *ask); /* NULL is fine */

#endif
