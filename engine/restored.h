/* A ledger that was restored is told of in the ledger itself: one event, kept as the
 * setting "restored", with where it came from and until when it goes. */
#ifndef ENG_RESTORED_H
#define ENG_RESTORED_H

#include "eng.h"

#include <jansson.h>

/* After the ledger was opened, before anything is committed: the note that `novactl
 * restore` left holds for this very ledger, or it is none. */
void eng_restored_take(struct eng *eng);
/* {"at","from","until","events"}, a new reference; null when nothing was. */
json_t *eng_restored_json(const struct eng *eng);

#endif
