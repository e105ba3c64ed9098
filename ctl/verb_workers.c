/* workers start, stop, restart, pause, resume, scale: see workers.h. */
#include "engine_client.h"
#include "nv_clock.h"
#include "nv_units.h"
#include "value.h"
#include "verbs.h"
#include "workers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START_TIMEOUT_MS 15000

int
ctl_timeout(struct ctl *ctl, int64_t fallback_ms, int64_t *ret_ms)
{
	const char *text = ctl_opt(&ctl->args, "timeout");
	struct nv_err err = {0};

	*ret_ms = fallback_ms;
	if (!text)
		return 0;
	if (nv_duration_parse(text, ret_ms, &err) < 0) {
		ctl_fail(&ctl->out, NV_EXIT_USAGE, "--timeout: %s", err.text);
		return -EINVAL;
	}
	return 0;
}

static bool
suits(enum ctl_want want, const char *state)
{
	switch (want) {
	case CTL_WANT_RUNNING:
		return strcmp(state, "running") == 0;
	case CTL_WANT_PAUSED:
		return strcmp(state, "paused") == 0;
	case CTL_WANT_RESUMED:
		return strcmp(state, "running") == 0;
	case CTL_WANT_STOPPED:
		return strcmp(state, "stopped") == 0 || strcmp(state, "killed") == 0 ||
		       strcmp(state, "undeployed") == 0;
	}
	return false;
}

/* Out of service on purpose: "start" of everything passes it over, rightly. */
static bool
is_out(const char *state)
{
	return strcmp(state, "killed") == 0 || strcmp(state, "undeployed") == 0 ||
	       strcmp(state, "stopped") == 0 || strcmp(state, "removed") == 0;
}

struct ctl_goal *
ctl_goals_from(const json_t *data, enum ctl_want want, bool all, size_t *ret_n)
{
	const json_t *list = json_object_get(data, "workers");
	struct ctl_goal *goals = ctl_alloc(json_array_size(list), sizeof(*goals));
	size_t i;
	json_t *row;

	json_array_foreach(list, i, row)
	{
		struct ctl_goal *g = &goals[i];
		const char *state = ctl_str(row, "state");

		g->want = want;
		g->epoch = (uint64_t)ctl_int(row, "epoch");
		(void)snprintf(
			g->worker, sizeof(g->worker), "%s", ctl_str(row, "worker"));
		if (suits(want, state))
			continue;
		g->done = true;
		g->code = all && is_out(state) ? NV_EXIT_OK : NV_EXIT_NO;
		(void)snprintf(g->state, sizeof(g->state), "%s", state);
		(void)snprintf(g->text, sizeof(g->text), "left as it is: %s%s%s", state,
			ctl_str(row, "reason")[0] ? ", " : "", ctl_str(row, "reason"));
	}
	*ret_n = json_array_size(list);
	return goals;
}

int
ctl_follow_up(struct ctl *ctl, struct ctl_goal *goals, size_t n)
{
	struct ctl_sup sup;
	struct nv_err err = {0};
	int64_t timeout_ms = START_TIMEOUT_MS;

	if (n > 0 && goals[0].want == CTL_WANT_STOPPED)
		timeout_ms = ctl_stop_timeout_ms(ctl, goals, n);
	if (ctl_timeout(ctl, timeout_ms, &timeout_ms) < 0)
		return NV_EXIT_USAGE;
	int code = ctl_sup_open(&sup, &ctl->paths, &err);

	if (code == NV_EXIT_OK)
		code = ctl_wait(ctl, &sup, goals, n, timeout_ms, &err);
	ctl_sup_close(&sup);
	if (code != NV_EXIT_OK)
		return ctl_fail(&ctl->out, code,
			"the engine has recorded the wish, but whether it happened is "
			"not "
			"known: %s",
			err.text);
	return ctl_goals_report(ctl, goals, n);
}

static int
follow_answer(struct ctl *ctl, const json_t *data, enum ctl_want want)
{
	size_t n;
	struct ctl_goal *goals = ctl_goals_from(data, want, ctl->args.n_words == 0, &n);
	int code = ctl_follow_up(ctl, goals, n);

	free(goals);
	return code;
}

int
ctl_change(struct ctl *ctl, const char *verb, json_t *args, enum ctl_want want)
{
	json_t *data = NULL;
	int64_t checked_ms;

	/* A bad --timeout must not be found after the change was made. */
	if (ctl_timeout(ctl, 0, &checked_ms) < 0) {
		json_decref(args);
		return NV_EXIT_USAGE;
	}
	int code = ctl_ask(ctl, verb, args, &data);

	if (code != NV_EXIT_OK)
		return code;
	code = follow_answer(ctl, data, want);
	json_decref(data);
	return code;
}

static json_t *
names_json(const struct ctl *ctl)
{
	json_t *list = ctl_need(json_array());

	for (int i = 0; i < ctl->args.n_words; i++)
		(void)json_array_append_new(list, ctl_json_str(ctl->args.words[i]));
	return list;
}

static json_t *
set_args(const struct ctl *ctl, const char *action)
{
	json_t *args = ctl_need(
		json_pack("{s:o, s:s}", "workers", names_json(ctl), "action", action));

	ctl_put_option(ctl, args, "via");
	return args;
}

int
ctl_verb_workers_start(struct ctl *ctl)
{
	return ctl_change(ctl, "workers.set", set_args(ctl, "start"), CTL_WANT_RUNNING);
}

int
ctl_verb_workers_pause(struct ctl *ctl)
{
	return ctl_change(ctl, "workers.set", set_args(ctl, "pause"), CTL_WANT_PAUSED);
}

int
ctl_verb_workers_resume(struct ctl *ctl)
{
	return ctl_change(ctl, "workers.set", set_args(ctl, "resume"), CTL_WANT_RESUMED);
}

/* Goals for the names given, or for every worker novasupd has (not for Nova's own). */
static struct ctl_goal *
goals_of_words(const struct ctl *ctl, const struct nv_fleet *fleet, enum ctl_want want,
	size_t *ret_n)
{
	size_t n_words = (size_t)ctl->args.n_words;
	size_t n_names = n_words ? n_words : fleet->n_workers;
	struct ctl_goal *goals = ctl_alloc(n_names, sizeof(*goals));
	size_t i = 0;

	for (size_t k = 0; k < n_names; k++) {
		const char *name =
			n_words ? ctl->args.words[k] : fleet->workers[k].worker;

		if (n_words == 0 && nv_name_is_system(name))
			continue;
		goals[i].want = want;
		(void)snprintf(goals[i].worker, sizeof(goals[i].worker), "%s", name);
		if (!nv_fleet_worker(fleet, goals[i].worker)) {
			goals[i].done = true;
			goals[i].code = NV_EXIT_NO;
			(void)snprintf(goals[i].text, sizeof(goals[i].text),
				"there is no such worker");
		}
		i++;
	}
	*ret_n = i;
	return goals;
}

/* One request a goal; a refusal settles it. Only a lost connection is an error. */
static int
request_each(struct ctl_sup *sup, enum nv_msg_type type, struct ctl_goal *goals, size_t n,
	struct nv_err *err)
{
	for (size_t i = 0; i < n; i++) {
		struct nv_sup_request request = {.instance = goals[i].instance};

		if (goals[i].done)
			continue;
		memcpy(request.worker, goals[i].worker, sizeof(request.worker));
		int code = ctl_sup_request(
			sup, type, &request, nv_mono_ms() + CTL_DEADLINE_MS, NULL, err);

		if (code == NV_EXIT_UNREACHABLE)
			return code;
		if (code == NV_EXIT_OK)
			continue;
		goals[i].done = true;
		goals[i].code = code;
		(void)snprintf(goals[i].text, sizeof(goals[i].text), "%s", err->text);
	}
	return NV_EXIT_OK;
}

/* Send `type` for the goals of the command line to novasupd, wait and report. */
static int
through_novasupd(struct ctl *ctl, enum nv_msg_type type, enum ctl_want want,
	void (*adjust)(struct ctl_goal *goals, size_t n, const struct nv_fleet *before))
{
	struct ctl_sup sup;
	struct nv_fleet before = {0};
	struct nv_err err = {0};
	struct ctl_goal *goals = NULL;
	size_t n = 0;
	int code = ctl_sup_open(&sup, &ctl->paths, &err);

	if (code == NV_EXIT_OK)
		code = ctl_sup_status(&sup, "", &before, &err);
	if (code == NV_EXIT_OK) {
		goals = goals_of_words(ctl, &before, want, &n);
		if (adjust)
			adjust(goals, n, &before);
		code = request_each(&sup, type, goals, n, &err);
	}
	ctl_sup_close(&sup);
	code = code == NV_EXIT_OK ? ctl_follow_up(ctl, goals, n)
				  : ctl_fail_err(&ctl->out, code, &err);
	free(goals);
	nv_fleet_clear(&before);
	return code;
}

/* An engine that is down or does not answer keeps nothing from being stopped. Should it
 * have heard the wish after all, it wants the same. */
int
ctl_verb_workers_stop(struct ctl *ctl)
{
	struct nv_err err = {0};
	struct nv_err sup_err = {0};
	struct ctl_sup sup;
	int64_t checked_ms;
	json_t *data = NULL;

	if (ctl_timeout(ctl, 0, &checked_ms) < 0)
		return NV_EXIT_USAGE;
	int code =
		ctl_engine_call(ctl, "workers.set", set_args(ctl, "stop"), &data, &err);

	if (code == NV_EXIT_OK) {
		code = follow_answer(ctl, data, CTL_WANT_STOPPED);
		json_decref(data);
		return code;
	}
	if (code != NV_EXIT_UNREACHABLE)
		return ctl_fail_err(&ctl->out, code, &err);
	code = ctl_sup_open(&sup, &ctl->paths, &sup_err);
	ctl_sup_close(&sup);
	if (code != NV_EXIT_OK)
		return ctl_fail_err(&ctl->out, code, &sup_err);
	ctl_warn(&ctl->out,
		"%s: novasupd stops the workers itself, and the next engine records it",
		err.text);
	return through_novasupd(ctl, NV_MSG_SUP_STOP, CTL_WANT_STOPPED, NULL);
}

/* "w#2" means instance 2 of w. */
static void
split_instances(struct ctl_goal *goals, size_t n, const struct nv_fleet *before)
{
	for (size_t i = 0; i < n; i++) {
		char *hash = strchr(goals[i].worker, '#');

		goals[i].before = before;
		if (!hash)
			continue;
		char *end;
		unsigned long v = strtoul(hash + 1, &end, 10);

		if (hash[1] < '1' || hash[1] > '9' || *end || v > UINT32_MAX)
			continue; /* stays "no such worker" */
		*hash = '\0';
		goals[i].instance = (uint32_t)v;
		if (nv_fleet_worker(before, goals[i].worker)) {
			goals[i].done = false;
			goals[i].code = NV_EXIT_OK;
			goals[i].text[0] = '\0';
		}
	}
}

/* Without names: those that are meant to run. */
static void
prepare_restart(struct ctl_goal *goals, size_t n, const struct nv_fleet *before)
{
	split_instances(goals, n, before);
	for (size_t i = 0; i < n; i++) {
		const struct nv_ctl_worker *w = nv_fleet_worker(before, goals[i].worker);

		if (goals[i].done || !w || (w->desired > 0 && !w->paused))
			continue;
		goals[i].done = true;
		goals[i].code = NV_EXIT_NO;
		(void)snprintf(goals[i].state, sizeof(goals[i].state), "%s", w->state);
		(void)snprintf(goals[i].text, sizeof(goals[i].text),
			"left as it is: %s%s%s", w->state, w->reason[0] ? ", " : "",
			w->reason);
	}
}

int
ctl_verb_workers_restart(struct ctl *ctl)
{
	static const char *const rolling[] = {
		"surge", "max-unavailable", "abort-after", "pause"};
	int64_t checked_ms;

	if (ctl_timeout(ctl, 0, &checked_ms) < 0)
		return NV_EXIT_USAGE;
	if (ctl_opt(&ctl->args, "rolling") || ctl_opt(&ctl->args, "abort"))
		return ctl_rolling(ctl);
	for (size_t i = 0; i < NV_LEN(rolling); i++) {
		if (ctl_opt(&ctl->args, rolling[i]))
			return ctl_fail(&ctl->out, NV_EXIT_USAGE,
				"--%s goes with --rolling", rolling[i]);
	}
	return through_novasupd(
		ctl, NV_MSG_SUP_RESTART, CTL_WANT_RUNNING, prepare_restart);
}

static bool
parse_multiplier(const char *text, double *ret)
{
	char *end;

	if (text[0] < '0' || text[0] > '9' || strspn(text, "0123456789.") != strlen(text))
		return false;
	errno = 0;
	*ret = strtod(text, &end);
	return errno == 0 && *end == '\0' && *ret <= 1000;
}

/* The count is kept also for a worker that does not run now: that is no failure, but
 * nothing to wait for either. */
static int
scale(struct ctl *ctl, json_t *args)
{
	json_t *data = NULL;
	int64_t checked_ms;
	size_t n;

	if (ctl_timeout(ctl, 0, &checked_ms) < 0) {
		json_decref(args);
		return NV_EXIT_USAGE;
	}
	ctl_put_option(ctl, args, "via");
	int code = ctl_ask(ctl, "workers.scale", args, &data);

	if (code != NV_EXIT_OK)
		return code;
	const json_t *list = json_object_get(data, "workers");
	struct ctl_goal *goals = ctl_goals_from(data, CTL_WANT_RUNNING, false, &n);

	for (size_t i = 0; i < n; i++) {
		const json_t *row = json_array_get(list, i);

		if (!goals[i].done)
			continue;
		goals[i].code = NV_EXIT_OK;
		(void)snprintf(goals[i].text, sizeof(goals[i].text),
			"%lld instances when it runs; now it is %s%s%s",
			(long long)ctl_int(row, "instances"), ctl_str(row, "state"),
			ctl_str(row, "reason")[0] ? ": " : "", ctl_str(row, "reason"));
	}
	code = ctl_follow_up(ctl, goals, n);
	free(goals);
	json_decref(data);
	return code;
}

int
ctl_verb_workers_scale(struct ctl *ctl)
{
	const char *worker = ctl->args.words[0];
	const char *multiplier = ctl_opt(&ctl->args, "multiplier");
	struct nv_err err = {0};
	int64_t instances;
	double factor;
	json_t *args;

	if (ctl_opt_number(&ctl->args, "instances", 0, 10000, -1, &instances, &err) < 0)
		return ctl_fail_err(&ctl->out, NV_EXIT_USAGE, &err);
	if ((instances >= 0) == (multiplier != NULL))
		return ctl_fail(&ctl->out, NV_EXIT_USAGE,
			"scale: give one of --instances N and --multiplier N");
	if (multiplier && !parse_multiplier(multiplier, &factor))
		return ctl_fail(&ctl->out, NV_EXIT_USAGE,
			"--multiplier: expected a number from 0 to 1000, found \"%s\"",
			multiplier);
	if (multiplier)
		args = json_pack("{s:s, s:f}", "worker", worker, "multiplier", factor);
	else
		args = json_pack("{s:s, s:I}", "worker", worker, "instances",
			(json_int_t)instances);
	if (!args)
		return ctl_fail(&ctl->out, NV_EXIT_USAGE, "the name is not UTF-8");
	return scale(ctl, args);
}
