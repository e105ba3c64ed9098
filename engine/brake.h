/* The emergency stop as the engine sees it: novasupd holds it (supervisor/brake.h), the
 * ledger remembers who, when and why. While it is on nothing is decided or executed. */
#ifndef ENG_BRAKE_H
#define ENG_BRAKE_H

#include "eng.h"

/* ENG_BRAKE: how things are. What the ledger does not know yet is recorded; an emergency
 * stop that the ledger knows and novasupd does not is pulled again. */
void eng_brake_take(struct eng *eng, const struct nv_brake *now);
/* The engine stops everything by itself. */
void eng_brake_pull(struct eng *eng, const char *reason);

#endif
