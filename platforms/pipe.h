/* The two pipes of a platform's process: events to the engine, each said until it is
 * answered, and what the engine answers. plat_book of plat.h is here. */
#ifndef PLAT_PIPE_H
#define PLAT_PIPE_H

#include "frame.h"

#define PLAT_RESERVE_S_CALL (INT64_C(3600))      /* how long a reservation is held */
#define PLAT_RESERVE_S_OUT  (INT64_C(7) * 86400) /* the same, of the outbox */

/* The descriptors are given by NOVA_EVENT_FD and NOVA_CONTROL_FD; without them nothing
 * can be booked, and plat_pipe_is_there is false. 0, -EBADF (given, and not open),
 * -ENOMEM.
 */
int plat_pipe_open(struct plat *p, struct nv_err *err);
/* What waits is told -ECANCELED. */
void plat_pipe_close(struct plat *p);
bool plat_pipe_is_there(const struct plat *p);
/* Everything said has been taken by the kernel: it will be in the ledger. */
bool plat_pipe_is_flushed(const struct plat *p);
/* Say a line that needs no answer; lost only when memory is. event is stolen. */
void plat_say(struct plat *p, json_t *event);
void plat_pipe_ready(struct plat *p);

/* refused: 0 = reserved; 1 = refused, and why in the engine's words, retry_after_s when
 * to ask again; negative: nobody answered. */
typedef void plat_asked_fn(
	struct plat *p, void *arg, int refused, const char *why, int64_t retry_after_s);
/* Ask for money: id as made by plat_uid. 0 and fn is called later, or -ENOTCONN, -ENOMEM.
 */
int plat_ask(struct plat *p, const char *id, int64_t nano, const char *currency,
	const char *agent, const char *operation, int64_t expires_s, plat_asked_fn *fn,
	void *arg);
/* What is left of it is not needed. */
void plat_release(struct plat *p, const char *id, const char *agent);
/* A cost as an event; a new reference. reservation "" = none. */
json_t *plat_cost_event(struct plat *p, const char *id, int64_t nano,
	const char *currency, const char *agent, const char *reservation,
	const char *operation, const char *note);

#endif
