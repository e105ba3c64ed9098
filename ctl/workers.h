/* Changing what should run: ask the engine, then wait until novasupd shows it. Shared by
 * the verbs of workers, kill, deploy and undeploy. */
#ifndef CTL_WORKERS_H
#define CTL_WORKERS_H

#include "wait.h"

/* --timeout of the verb, or fallback_ms. 0 or -EINVAL. */
int ctl_timeout(struct ctl *ctl, int64_t fallback_ms, int64_t *ret_ms);
/* The engine's {"workers":[...]} answer as goals (the caller's to free). A worker that
 * the engine left in another state than asked for is settled at once: that is an answer
 * of no, unless all were asked for and it is out of service on purpose. */
struct ctl_goal *
ctl_goals_from(const json_t *data, enum ctl_want want, bool all, size_t *ret_n);
/* Wait for the goals and report. timeout_ms < 0: --timeout, else what fits the want. */
int ctl_follow_up(struct ctl *ctl, struct ctl_goal *goals, size_t n);
/* Both: for an engine verb that answers with {"workers":[...]}; args is stolen. */
int ctl_change(struct ctl *ctl, const char *verb, json_t *args, enum ctl_want want);

#endif
