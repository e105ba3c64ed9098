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

#endif
