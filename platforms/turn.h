/* Who may send to the vendor next: plat_turn, plat_rate_heard, plat_rate_hold of plat.h.
 */
#ifndef PLAT_TURN_H
#define PLAT_TURN_H

#include "frame.h"

int plat_turns_open(struct plat *p);
void plat_turns_close(struct plat *p);
size_t plat_turns_waiting(const struct plat *p);
/* Until nobody is held back by what the vendor said: 0 = now. */
int64_t plat_turns_hold_ms(const struct plat *p);

#endif
