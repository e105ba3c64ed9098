/* Waiting until novasupd shows what was asked for. "stopped" is said only when novasupd
 * says that no process is left; "running" only when every wanted instance is up. */
#ifndef CTL_WAIT_H
#define CTL_WAIT_H

#include "ctl.h"
#include "sup_client.h"

#include <jansson.h>

enum ctl_want { CTL_WANT_STOPPED, CTL_WANT_RUNNING, CTL_WANT_PAUSED, CTL_WANT_RESUMED };

struct ctl_goal {
	char worker[NV_NAME_MAX];
	enum ctl_want want;
	uint64_t epoch; /* the desire novasupd must have applied; 0 = none to wait for */
	/* A restart: instances must be newer than these. */
	const struct nv_fleet *before; /* borrowed, NULL = none */
	uint32_t instance;             /* of the restart, 0 = all */
	/* Result. */
	bool done;
	int code;       /* enum nv_exit */
	char state[24]; /* as novasupd said last */
	char text[700]; /* what happened, one sentence without the name */
	uint32_t desired;
	uint32_t up;
};

/* Until all are done or the time is over; each goal gets its result. Anything but
 * NV_EXIT_OK means that novasupd did not answer: err says how, results are not known. */
int ctl_wait(struct ctl *ctl, struct ctl_sup *sup, struct ctl_goal *goals, size_t n,
	int64_t timeout_ms, struct nv_err *err);
/* Print results: rows on standard output, or {"workers":[...]}. Returns the worst code.
 */
int ctl_goals_report(struct ctl *ctl, const struct ctl_goal *goals, size_t n);
/* How long a stop of these may take: the longest grace of the configuration + 5 s. */
int64_t ctl_stop_timeout_ms(struct ctl *ctl, const struct ctl_goal *goals, size_t n);
/* Look at one goal against novasupd's answer; sets done when it is decided. Pure. */
void ctl_goal_judge(struct ctl_goal *goal, const struct nv_fleet *fleet);

#endif
