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

/* SUP_ROLL: a rolling restart of a worker; answered by a CTL_REPLY when it has begun.
 * What is negative is as the worker's configuration says. */
enum nv_roll_action { NV_ROLL_START = 1, NV_ROLL_ABORT };
struct nv_sup_roll {
	uint32_t request_id;
	char worker[NV_NAME_MAX];
	uint8_t action; /* enum nv_roll_action */
	int64_t surge;
	int64_t max_unavailable;
	int64_t abort_after;
	int64_t pause_ms;
};
int nv_sup_roll_encode(struct nv_wr *w, const struct nv_sup_roll *m);
int nv_sup_roll_decode(struct nv_sup_roll *m, const struct nv_msg *msg);

/* CTL_ROLL: in an answer to SUP_STATUS, after its worker: the rolling restart that is
 * under way, or the last one. */
struct nv_ctl_roll {
	uint32_t request_id;
	uint32_t id; /* counts from 1 for each worker */
	uint32_t done;
	uint32_t total;
	uint32_t failures;
	char worker[NV_NAME_MAX];
	char phase[24]; /* "surge", "batch", "done", "aborted" */
	char text[300];
};
int nv_ctl_roll_encode(struct nv_wr *w, const struct nv_ctl_roll *m);
int nv_ctl_roll_decode(struct nv_ctl_roll *m, const struct nv_msg *msg);

/* SUP_IDLE: before a SUP_DESIRE with fewer instances: those of the worker that have the
 * least to do, the best to drop first. */
#define NV_IDLE_MAX 1000
struct nv_sup_idle {
	char worker[NV_NAME_MAX];
	uint32_t n;
	uint32_t numbers[NV_IDLE_MAX];
};
int nv_sup_idle_encode(struct nv_wr *w, const struct nv_sup_idle *m);
int nv_sup_idle_decode(struct nv_sup_idle *m, const struct nv_msg *msg);

#endif
