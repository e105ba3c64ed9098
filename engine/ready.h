/* The word `ready` on its way from a worker to novasupd. */
#ifndef ENG_READY_H
#define ENG_READY_H

#include "stream.h"

/* Tell novasupd; the event is committed. */
void eng_ready_send(struct eng *eng, struct eng_stream *s);
/* Tell novasupd again which incarnations have said that they are ready: it, or the engine
 * before this one, may have ended before the word arrived. */
void eng_ready_again(struct eng *eng);

#endif
