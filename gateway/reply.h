/* JSON in and out of a call. */
#ifndef GW_REPLY_H
#define GW_REPLY_H

#include "http.h"
#include "nv_json.h"

/* Answer with JSON (stolen); NULL (no memory): 500. */
void gw_answer_json(struct gw_call *call, int status, json_t *body);
/* {"error":"sentence"} with the status for a code of novactl's or of a socket's answer:
 * 1: 409 (404 when `missing`), 2: 400, 3: 503 with Retry-After, else 500. */
void gw_answer_code(struct gw_call *call, int code, bool missing, const char *text);
/* The body as a JSON object whose keys are all among `keys` (the last one is NULL); an
 * empty body is an empty object. 0; else it was answered with 400 and the call is gone.
 * *ret is the caller's reference. */
int gw_body_json(struct gw_call *call, const char *const *keys, json_t **ret);

#endif
