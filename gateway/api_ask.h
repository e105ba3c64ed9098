/* What the handlers of the API share. */
#ifndef GW_API_ASK_H
#define GW_API_ASK_H

#include "api.h"
#include "ask.h"
#include "nv_program.h"

/* A new reference to a copy of data (borrowed) with "as_of", which is what data itself
 * says where it says it. NULL: no memory. */
json_t *gw_json_as_of(json_t *data, int64_t as_of_ns);

/* What a child with --json has printed: the object (a new reference; NULL: none). Of one
 * that did not end well *error becomes the sentence: its own, or what is known. */
json_t *
gw_child_answer(const struct nv_program_end *end, char *error, size_t error_bytes);
/* Does the caller want the stream of it (Accept: text/event-stream)? */
bool gw_wants_stream(const struct gw_call *call);
/* Answer for a child that could not be started: 503 when it is too many. */
void gw_answer_busy(struct gw_call *call, int rc);

#endif
