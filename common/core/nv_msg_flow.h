/* Bodies of the messages about incidents, plans and rolling restarts; the rules are those
 * of nv_msg_body.h. */
#ifndef NV_MSG_FLOW_H
#define NV_MSG_FLOW_H

#include "nv_msg.h"
#include "nv_name.h"

/* CTL_INCIDENT: in an answer to SUP_STATUS, before the workers, while there is one. */
struct nv_ctl_incident {
	uint32_t request_id;
	uint32_t id;
	char state[24];                /* "open", "canary", "ramp" */
	uint32_t workers;              /* different ones that crashed */
	uint32_t held;                 /* instances that wait for it */
	uint32_t failed;               /* attempts that did not last */
	uint64_t since_ms;             /* it was opened so long ago */
	int64_t next_ms;               /* until something happens; -1: not by the clock */
	char canary[NV_NAME_MAX + 16]; /* "email_agent#1", "" */
	char text[400];
};
int nv_ctl_incident_encode(struct nv_wr *w, const struct nv_ctl_incident *m);
int nv_ctl_incident_decode(struct nv_ctl_incident *m, const struct nv_msg *msg);

/* SUP_PLAN: what the files mean for what runs; with `apply` they are taken, too. Answered
 * by a CTL_PLAN for each difference, and then a CTL_REPLY. */
struct nv_sup_plan {
	uint32_t request_id;
	bool apply;
};
int nv_sup_plan_encode(struct nv_wr *w, const struct nv_sup_plan *m);
int nv_sup_plan_decode(struct nv_sup_plan *m, const struct nv_msg *msg);

enum nv_plan_effect {
	NV_PLAN_LIVE = 1, /* taken over, nothing is restarted */
	NV_PLAN_RESTART,
	NV_PLAN_START,
	NV_PLAN_STOP,
	NV_PLAN_LATER /* at the next start: nothing runs now */
};
struct nv_ctl_plan {
	uint32_t request_id;
	uint8_t kind;             /* enum nv_conf_change_kind */
	uint8_t effect;           /* enum nv_plan_effect */
	uint32_t running;         /* instances of the worker with a process now */
	char worker[NV_NAME_MAX]; /* "": of the fleet */
	char key[100];            /* "": the worker as such */
	char from[320];
	char to[320];
};
int nv_ctl_plan_encode(struct nv_wr *w, const struct nv_ctl_plan *m);
int nv_ctl_plan_decode(struct nv_ctl_plan *m, const struct nv_msg *msg);

#endif
