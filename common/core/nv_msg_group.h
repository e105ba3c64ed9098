/* Bodies of the messages about supervision groups; the rules are those of
 * nv_msg_body.h. */
#ifndef NV_MSG_GROUP_H
#define NV_MSG_GROUP_H

#include "nv_msg.h"
#include "nv_name.h"

/* SUP_GROUP_GET: one group with its children, or all without ("" ). Answered by
 * CTL_GROUP, CTL_GROUP_CHILD and CTL_END, or by CTL_REPLY when there is no such group. */
struct nv_sup_group_get {
	uint32_t request_id;
	char group[NV_NAME_MAX];
};
int nv_sup_group_get_encode(struct nv_wr *w, const struct nv_sup_group_get *m);
int nv_sup_group_get_decode(struct nv_sup_group_get *m, const struct nv_msg *msg);

enum nv_group_do { /* stable */
	NV_GROUP_START = 1,
	NV_GROUP_STOP,
	NV_GROUP_RESTART,
	NV_GROUP_CHILD_START,
	NV_GROUP_CHILD_RESTART,
	NV_GROUP_CHILD_TERMINATE,
	NV_GROUP_CHILD_DELETE
};
/* SUP_GROUP_DO: answered by CTL_REPLY once it is done; its text is one word first: ok,
 * already_started, already_present, running, restarting, not_found, simple_one_for_one,
 * failed, ignored, invalid, busy, stopping. */
struct nv_sup_group_do {
	uint32_t request_id;
	uint8_t what;
	char group[NV_NAME_MAX];
	char child[NV_NAME_MAX]; /* a worker or a group; "" for what is not CHILD */
	uint32_t instance;       /* of a worker; 0: 1, or the group */
};
int nv_sup_group_do_encode(struct nv_wr *w, const struct nv_sup_group_do *m);
int nv_sup_group_do_decode(struct nv_sup_group_do *m, const struct nv_msg *msg);

struct nv_ctl_group {
	uint32_t request_id;
	char name[NV_NAME_MAX];
	char parent[NV_NAME_MAX];
	char strategy[24];
	char state[16]; /* starting, running, stopping, stopped, restarting, halted */
	char reason[300];
	uint32_t intensity;
	uint32_t period_s;
	uint32_t restarts; /* that count now */
	uint32_t given_up; /* since novasupd started */
	char auto_shutdown[20];
	char restart[12];
	bool significant;
	int64_t shutdown_ms; /* -1: infinity */
	uint32_t specs;
	uint32_t active;
	uint32_t supervisors;
	uint32_t workers;
};
int nv_ctl_group_encode(struct nv_wr *w, const struct nv_ctl_group *m);
int nv_ctl_group_decode(struct nv_ctl_group *m, const struct nv_msg *msg);

struct nv_ctl_group_child {
	uint32_t request_id;
	char group[NV_NAME_MAX];
	char name[NV_NAME_MAX];
	uint32_t instance; /* 0: a group */
	char state[16];    /* down, starting, running, stopping, restarting */
	char restart[12];
	bool significant;
	bool dynamic;
	int64_t shutdown_ms;
	int64_t retry_in_ms; /* -1: none is pending */
	int32_t pid;         /* 0: none */
};
int nv_ctl_group_child_encode(struct nv_wr *w, const struct nv_ctl_group_child *m);
int nv_ctl_group_child_decode(struct nv_ctl_group_child *m, const struct nv_msg *msg);

#endif
