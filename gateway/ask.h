/* One question to another process of Nova over its unix socket: a JSON line there, a JSON
 * line back, {"ok":true,"data":{}} or {"ok":false,"code":n,"error":"sentence"}. */
#ifndef GW_ASK_H
#define GW_ASK_H

#include "nv_json.h"

#include <ev.h>

#define GW_ASK_BYTES_MAX ((size_t)4 << 20) /* of a question and of an answer */
#define GW_ASKS_MAX      64                /* at a time, over all */

struct gw_ask;
/* data is borrowed, NULL unless the answer was ok; why is "" then. gone: nobody was
 * there, or nobody answered in time: it may be asked again. */
typedef void gw_answer_fn(void *arg, json_t *data, bool gone, const char *why);

/* question is stolen. done is called once from the loop, never from here, unless the ask
 * is cancelled. -EAGAIN: too many already; -errno: nobody listens there. */
int gw_ask(struct ev_loop *loop, const char *path, json_t *question, int64_t timeout_ms,
	gw_answer_fn *done, void *arg, struct gw_ask **ret);
void gw_ask_cancel(struct gw_ask *ask); /* NULL is fine */

#endif
