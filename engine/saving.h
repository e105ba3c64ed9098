/* The scheduled backup (settings backup.*): `novactl backup create` in a process of its
 * own, whenever it is due. When the last one began is kept in the ledger as the setting
 * "backup", so a start neither repeats nor forgets one. */
#ifndef ENG_SAVING_H
#define ENG_SAVING_H

#include "eng.h"

/* After the ledger was opened and with the socket open: novactl asks. -ENOMEM. */
int eng_saving_open(struct eng *eng);
/* After a new configuration. */
void eng_saving_config(struct eng *eng);
void eng_saving_close(struct eng *eng);
/* Why there is no backup as young as there should be; "" when there is, or none is to be
 * made. */
const char *eng_saving_problem(const struct eng *eng);

/* Pure: when the next is due, after one that began at last_ns (0: there was none).
 * at_min: minutes after midnight of the configured zone, -1: at any time. */
int64_t eng_saving_due(int64_t last_ns, int64_t every_ms, int at_min, int64_t now_ns);
/* Pure: how long after so many failures in a row until the next attempt. Later and later,
 * up to the interval: one may have filled the disk before it failed. */
int64_t eng_saving_again_ms(unsigned failures, int64_t every_ms);

#endif
