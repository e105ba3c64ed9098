/* Waiting for novasupd: see wait.h. */
#include "wait.h"
#include "conf.h"
#include "nv_clock.h"
#include "nv_units.h"
#include "paths.h"
#include "value.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAP_MS            20
#define STEADY_MS         250 /* an instance that lives this long did not die of its start */
#define GRACE_UNKNOWN_MS  30000
#define GRACE_INFINITY_MS INT64_C(3600000) /* as long as novasupd lets one wait */
#define STOP_SLACK_MS     5000

static void settle(struct ctl_goal *goal, int code, const char *fmt, ...) NV_PRINTF(3, 4);

static void
settle(struct ctl_goal *goal, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(goal->text, sizeof(goal->text), fmt, ap); /* cut is fine */
	va_end(ap);
	goal->done = true;
	goal->code = code;
}

static bool
counts_for(const struct ctl_goal *goal, const struct nv_ctl_instance *in)
{
	return strcmp(in->worker, goal->worker) == 0 &&
	       (goal->instance == 0 || in->instance == goal->instance);
}

/* The instance as it was before a restart is not what was asked for. */
static bool
is_old(const struct ctl_goal *goal, const struct nv_ctl_instance *in)
{
	for (size_t i = 0; goal->before && i < goal->before->n_instances; i++) {
		const struct nv_ctl_instance *old = &goal->before->instances[i];

		if (strcmp(old->worker, in->worker) == 0 &&
			old->instance == in->instance &&
			old->generation == in->generation && old->pid == in->pid)
			return true;
	}
	return false;
}

static bool
is_crash_state(const char *state)
{
	return strcmp(state, "backoff") == 0 || strcmp(state, "cooldown") == 0 ||
	       strcmp(state, "failed") == 0 || strcmp(state, "halted") == 0;
}

static void
settle_crashed(struct ctl_goal *goal, const struct nv_ctl_worker *w,
	const struct nv_ctl_instance *in)
{
	char span[NV_UNITS_BYTES];
	char next[80] = "";

	if (strcmp(w->state, "halted") != 0 && w->retry_in_ms >= 0)
		(void)snprintf(next, sizeof(next), "; next try in %s",
			nv_duration_show(w->retry_in_ms, span));
	const char *last = in && in->last_exit[0] ? in->last_exit : "no exit is known";
	bool twice = strstr(w->reason, last) != NULL;

	settle(goal, NV_EXIT_FAILED, "not running, %s: %s%s%s%s", w->state,
		twice ? "" : last, w->reason[0] && !twice ? "; " : "", w->reason, next);
}

static void
judge_running(struct ctl_goal *goal, const struct nv_fleet *fleet,
	const struct nv_ctl_worker *w)
{
	const struct nv_ctl_instance *crashed = NULL;
	const struct nv_ctl_instance *finished = NULL; /* and not to be restarted */
	uint32_t steady = 0;
	uint32_t alive = 0;
	char pids[200] = "";

	for (size_t i = 0; i < fleet->n_instances; i++) {
		const struct nv_ctl_instance *in = &fleet->instances[i];

		if (!counts_for(goal, in))
			continue;
		alive += in->pid > 0;
		if (is_crash_state(in->state) && !is_old(goal, in))
			crashed = in;
		if (strcmp(in->state, "stopped") == 0 && in->last_exit[0] &&
			!is_old(goal, in))
			finished = in;
		if (strcmp(in->state, "up") != 0 || in->uptime_ms < STEADY_MS ||
			is_old(goal, in))
			continue;
		size_t used = strlen(pids);

		steady++;
		(void)snprintf(pids + used, sizeof(pids) - used, "%s%d", used ? ", " : "",
			in->pid);
	}
	if (strcmp(w->state, "halted") == 0 || crashed) {
		settle_crashed(goal, w, crashed);
		return;
	}
	if (w->paused) {
		settle(goal, NV_EXIT_NO, "paused%s%s", w->reason[0] ? ": " : "",
			w->reason);
		return;
	}
	if (finished && strcmp(w->state, "stopped") == 0 && w->desired > 0) {
		settle(goal, NV_EXIT_NO, "not running, it has ended: %s%s%s",
			finished->last_exit, w->reason[0] ? "; " : "", w->reason);
		return;
	}
	uint32_t wanted = goal->instance ? 1 : w->desired;

	if (w->desired == 0)
		settle(goal, NV_EXIT_NO, "not running: no instance is wanted%s%s",
			w->reason[0] ? ": " : "", w->reason);
	else if (steady == wanted && alive == wanted)
		settle(goal, NV_EXIT_OK, "running, %u instance%s (pid %s)", steady,
			steady == 1 ? "" : "s", pids);
}

void
ctl_goal_judge(struct ctl_goal *goal, const struct nv_fleet *fleet)
{
	const struct nv_ctl_worker *w = nv_fleet_worker(fleet, goal->worker);

	if (!w) {
		/* A new one may not have reached novasupd yet. */
		if (goal->want == CTL_WANT_STOPPED && fleet->nova.ready)
			settle(goal, NV_EXIT_OK, "stopped (not in the configuration)");
		return;
	}
	(void)snprintf(goal->state, sizeof(goal->state), "%s", w->state);
	goal->desired = w->desired;
	goal->up = w->up;
	if (w->epoch < goal->epoch)
		return;
	switch (goal->want) {
	case CTL_WANT_STOPPED: /* decided by SUP_WAIT */
		break;
	case CTL_WANT_RUNNING:
		judge_running(goal, fleet, w);
		break;
	case CTL_WANT_PAUSED:
		if (w->paused)
			settle(goal, NV_EXIT_OK, "paused");
		break;
	case CTL_WANT_RESUMED:
		if (w->paused)
			settle(goal, NV_EXIT_NO, "still paused%s%s",
				w->reason[0] ? ": " : "", w->reason);
		else
			settle(goal, NV_EXIT_OK, "resumed, %s", w->state);
		break;
	}
}

static bool
applied(const struct ctl_goal *goal, const struct nv_fleet *fleet)
{
	const struct nv_ctl_worker *w = nv_fleet_worker(fleet, goal->worker);

	return w && w->epoch >= goal->epoch;
}

/* Ask novasupd to say when no process is left. */
static int
wait_stopped(
	struct ctl_sup *sup, struct ctl_goal *goal, int64_t left_ms, struct nv_err *err)
{
	struct nv_sup_request request = {.wait_for = NV_WAIT_STOPPED,
		.timeout_ms = (uint32_t)NV_MIN(NV_MAX(left_ms, 1), INT64_C(86400000))};

	(void)snprintf(request.worker, sizeof(request.worker), "%s", goal->worker);
	int code = ctl_sup_request(
		sup, NV_MSG_SUP_WAIT, &request, nv_mono_ms() + left_ms + 2000, NULL, err);

	if (code == NV_EXIT_OK) {
		settle(goal, NV_EXIT_OK, "stopped");
		(void)snprintf(goal->state, sizeof(goal->state), "stopped");
		goal->up = 0;
	} else if (code != NV_EXIT_UNREACHABLE)
		settle(goal, NV_EXIT_FAILED, "not stopped: %s", err->text);
	return code == NV_EXIT_UNREACHABLE ? code : NV_EXIT_OK;
}

/* One look at everything; *ret_pending counts what is not decided. */
static int
look(struct ctl *ctl, struct ctl_sup *sup, struct ctl_goal *goals, size_t n,
	int64_t deadline_ms, size_t *ret_pending, struct nv_err *err)
{
	static const char *const doing[] = {"stop", "start", "pause", "resume"};
	struct nv_fleet fleet;
	int code = ctl_sup_status(sup, n == 1 ? goals[0].worker : "", &fleet, err);
	size_t pending = 0;

	if (code == NV_EXIT_NO && n == 1) {
		settle(&goals[0], code, "%s", err->text);
		code = NV_EXIT_OK;
	}
	for (size_t i = 0; code == NV_EXIT_OK && i < n; i++) {
		if (goals[i].done)
			continue;
		ctl_goal_judge(&goals[i], &fleet);
		if (!goals[i].done && goals[i].want == CTL_WANT_STOPPED &&
			applied(&goals[i], &fleet)) {
			ctl_progress(&ctl->out, "waiting for %s to stop (%zu of %zu)",
				goals[i].worker, i + 1, n);
			code = wait_stopped(
				sup, &goals[i], deadline_ms - nv_mono_ms(), err);
		}
		if (!goals[i].done && pending++ == 0)
			ctl_progress(&ctl->out, "waiting for %s to %s: %s (%zu of %zu)",
				goals[i].worker, doing[goals[i].want], goals[i].state,
				i + 1, n);
	}
	nv_fleet_clear(&fleet);
	*ret_pending = pending;
	return code;
}

static void
time_over(struct ctl_goal *goal, int64_t timeout_ms)
{
	char span[NV_UNITS_BYTES];

	settle(goal, NV_EXIT_FAILED, "still %s after %s (%u of %u up)",
		goal->state[0] ? goal->state : "unknown to novasupd",
		nv_duration_show(timeout_ms, span), goal->up, goal->desired);
}

int
ctl_wait(struct ctl *ctl, struct ctl_sup *sup, struct ctl_goal *goals, size_t n,
	int64_t timeout_ms, struct nv_err *err)
{
	int64_t deadline_ms = nv_mono_ms() + timeout_ms;
	size_t pending = n;

	while (pending > 0) {
		int code = look(ctl, sup, goals, n, deadline_ms, &pending, err);

		if (code != NV_EXIT_OK) {
			ctl_progress_end(&ctl->out);
			return code;
		}
		if (pending == 0 || nv_mono_ms() >= deadline_ms)
			break;
		(void)poll(NULL, 0, NAP_MS);
	}
	ctl_progress_end(&ctl->out);
	for (size_t i = 0; i < n; i++) {
		if (!goals[i].done)
			time_over(&goals[i], timeout_ms);
	}
	return NV_EXIT_OK;
}

int
ctl_goals_report(struct ctl *ctl, const struct ctl_goal *goals, size_t n)
{
	json_t *rows = ctl_need(json_array());
	int worst = NV_EXIT_OK;

	for (size_t i = 0; i < n; i++) {
		const struct ctl_goal *g = &goals[i];

		worst = NV_MAX(worst, g->code);
		if (!ctl->out.json)
			ctl_print(&ctl->out, g->code == NV_EXIT_OK ? CTL_PLAIN : CTL_RED,
				"%s: %s\n", g->worker, g->text);
		(void)json_array_append_new(
			rows, ctl_need(json_pack("{s:s, s:b, s:s*, s:o, s:i, s:i, s:I}",
				      "worker", g->worker, "ok", g->code == NV_EXIT_OK,
				      "state", g->state[0] ? g->state : NULL, "result",
				      ctl_json_str(g->text), "desired", (int)g->desired,
				      "up", (int)g->up, "epoch", (json_int_t)g->epoch)));
	}
	if (ctl->out.json)
		ctl_json(&ctl->out, ctl_need(json_pack("{s:o}", "workers", rows)));
	else
		json_decref(rows);
	return worst;
}

int64_t
ctl_stop_timeout_ms(struct ctl *ctl, const struct ctl_goal *goals, size_t n)
{
	struct nv_conf_errors errs;
	struct nv_config *config = NULL;
	int64_t longest_ms = 0;

	ctl_paths_adopt(ctl);
	(void)ctl_conf_load(ctl, NULL, NULL, &config, &errs); /* without: a guess */
	nv_conf_errors_fini(&errs);
	for (size_t i = 0; i < n; i++) {
		const struct nv_conf_worker *w =
			config ? nv_config_worker(config, goals[i].worker) : NULL;

		int64_t grace_ms = w ? w->stop_grace_ms : GRACE_UNKNOWN_MS;

		longest_ms = NV_MAX(longest_ms,
			grace_ms == NV_INFINITY_MS ? GRACE_INFINITY_MS : grace_ms);
	}
	nv_config_free(config);
	return longest_ms + STOP_SLACK_MS;
}
