/* Bodies of the messages about the emergency stop; the rules are those of nv_msg_body.h.
 */
#ifndef NV_MSG_BRAKE_H
#define NV_MSG_BRAKE_H

#include "nv_msg.h"

#define NV_BRAKE_REASON_BYTES 256
#define NV_BRAKE_BY_ENGINE    UINT32_MAX /* no person: what the engine watches */

/* The emergency stop, and how the last one was lifted. ENG_BRAKE carries it: before
 * ENG_SYNCED, and after each change. */
struct nv_brake {
	bool on;
	uint32_t uid;    /* who stopped everything, or NV_BRAKE_BY_ENGINE */
	int64_t wall_ns; /* when; 0: never */
	char reason[NV_BRAKE_REASON_BYTES];
	uint32_t lifted_uid;
	int64_t lifted_ns; /* 0: never */
	char lifted_reason[NV_BRAKE_REASON_BYTES];
};
int nv_brake_encode(struct nv_wr *w, const struct nv_brake *m);
int nv_brake_decode(struct nv_brake *m, const struct nv_msg *msg);
/* Who it was: "uid 0" or "engine". buf holds at least 24 bytes; returned. */
const char *nv_brake_by(uint32_t uid, char *buf, size_t buf_bytes);

/* "emergency stop by uid 0: REASON"; "" when there is none. Returns buf. */
const char *nv_brake_text(const struct nv_brake *m, char *buf, size_t buf_bytes);

/* SUP_BRAKE: answered by a CTL_REPLY when every agent has been signalled (or may start
 * again). */
enum nv_brake_action { NV_BRAKE_STOP = 1, NV_BRAKE_STOP_NOW, NV_BRAKE_RESUME };
struct nv_sup_brake {
	uint32_t request_id;
	uint8_t action; /* enum nv_brake_action; STOP_NOW: SIGKILL at once */
	char reason[NV_BRAKE_REASON_BYTES];
};
int nv_sup_brake_encode(struct nv_wr *w, const struct nv_sup_brake *m);
int nv_sup_brake_decode(struct nv_sup_brake *m, const struct nv_msg *msg);

/* SUP_BRAKE_PULL: the engine stops everything. */
struct nv_sup_brake_pull {
	uint32_t uid; /* of whom the ledger knows as the one who did, or
			 NV_BRAKE_BY_ENGINE */
	char reason[NV_BRAKE_REASON_BYTES];
};
int nv_sup_brake_pull_encode(struct nv_wr *w, const struct nv_sup_brake_pull *m);
int nv_sup_brake_pull_decode(struct nv_sup_brake_pull *m, const struct nv_msg *msg);

#endif
