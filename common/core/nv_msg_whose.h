/* Bodies of the messages that ask whose a process is; the rules are those of
 * nv_msg_body.h.
 */
#ifndef NV_MSG_WHOSE_H
#define NV_MSG_WHOSE_H

#include "nv_msg.h"
#include "nv_name.h"

/* SUP_WHOSE: whose process is this? Answered by a CTL_WHOSE. */
struct nv_sup_whose {
	uint32_t request_id;
	int32_t pid;
};
int nv_sup_whose_encode(struct nv_wr *w, const struct nv_sup_whose *m);
int nv_sup_whose_decode(struct nv_sup_whose *m, const struct nv_msg *msg);

/* In place of a worker's name, and never one: a process that some worker of the fleet
 * started, and that has left everything that says which. It is trusted with nothing. */
#define NV_WHOSE_LOST "-"

/* CTL_WHOSE: the process belongs to the tree of this incarnation, or to none. */
struct nv_ctl_whose {
	uint32_t request_id;
	char worker[NV_NAME_MAX]; /* "": of no worker of this fleet */
	uint32_t instance;
	uint32_t generation;
	uint32_t platforms; /* those its configuration grants it, 1 << enum nv_platform */
};
int nv_ctl_whose_encode(struct nv_wr *w, const struct nv_ctl_whose *m);
int nv_ctl_whose_decode(struct nv_ctl_whose *m, const struct nv_msg *msg);

#endif
