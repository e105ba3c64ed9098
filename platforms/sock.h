/* RUN_DIR/platform/NAME.sock: one JSON object a line, and one line back, one at a time on
 * a connection. Anybody may connect; who.h says whose process it is before a line is
 * looked at. Sockets never block, buffers have ceilings, and who is slow waits alone. */
#ifndef PLAT_SOCK_H
#define PLAT_SOCK_H

#include "frame.h"

#define PLAT_CLIENTS_MAX      64
#define PLAT_IDLE_S           60.
#define PLAT_IN_BYTES_MAX     ((size_t)64 << 20) /* requests that are not whole, of all */
#define PLAT_ANSWER_BYTES_MAX ((size_t)64 << 20)

struct plat_client {
	struct plat_client *next;
	struct plat *plat;
	int fd;    /* owned */
	pid_t pid; /* who connected */
	int pidfd; /* owned: the same, and nobody who comes after it; -1 = gone */
	uid_t uid;
	ev_io in;
	ev_io out;
	ev_timer idle;
	struct nv_buf request;
	struct nv_buf answer; /* what is not sent yet */
	bool busy;            /* a call is under way, or whose it is is being asked */
	bool known;           /* agent and person are set */
	bool person;
	bool closing; /* when everything is sent */
	char agent[NV_NAME_MAX];
};

int plat_sock_open(struct plat *p, struct nv_err *err);
/* No new ones; idle ones are closed, busy ones when they have been answered. */
void plat_sock_end(struct plat *p);
void plat_sock_close(struct plat *p);
unsigned plat_sock_clients(const struct plat *p);

/* The answer to its line, without newline. The client may be gone afterwards. */
void plat_client_answer(struct plat_client *client, const char *line);
/* It is known whose it is: agent "" and a person, or an agent. NULL: nobody's, and why.
 */
void plat_client_known(
	struct plat_client *client, const char *agent, bool person, const char *why);

#endif
