/* Who else reads the ledger, and for how long: looked at after commits. */
#ifndef ENG_READERS_H
#define ENG_READERS_H

#include "eng.h"

#define ENG_READERS_SLOW_NS (INT64_C(60) * 1000000000)

/* Frees what readers that died left behind; says once that a process has been reading one
 * state of the ledger for a minute, since the file grows for as long as it does. True:
 * there is somebody to be looked at again. */
bool eng_readers_look(struct eng *eng, int64_t mono_ns);

#endif
