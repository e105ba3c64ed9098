/* Whose process has connected: a person's (root or who runs Nova, and in no worker's
 * tree), or an agent's. The kernel says which process it is, novasupd whose. */
#ifndef PLAT_WHO_H
#define PLAT_WHO_H

#include "sock.h"

/* Answered with plat_client_known, now or later; when novasupd does not answer in time,
 * it is nobody's: who cannot be told apart from an agent gets nothing. */
void plat_who_ask(struct plat *p, struct plat_client *client);
/* The client is gone. */
void plat_who_forget(struct plat *p, const struct plat_client *client);
int plat_who_open(struct plat *p);
void plat_who_close(struct plat *p);

#endif
