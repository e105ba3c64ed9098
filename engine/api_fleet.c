/* Verbs that change what is wanted of workers: set, scale, kill, deploy, undeploy. All
 * are durable before they are answered, and remember who asked. */
#include "api.h"
#include "decide.h"
#include "fleet.h"
#include "txn.h"

#include "nv_clock.h"
#include "nv_json.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct change {
	struct eng_worker *worker;
	struct eng_desire desire;
	bool reset;
	uint64_t seq;
};

static json_t *
row_of(const struct eng_worker *w)
{
	return json_pack("{s:s, s:s, s:i, s:b, s:o, s:I}", "worker", w->name, "state",
		eng_worker_state(w), "instances", (int)eng_desire_instances(w), "paused",
		eng_worker_is_paused(w), "reason", nv_json_str(eng_worker_reason(w)),
		"epoch", (json_int_t)w->desire.epoch);
}

/* All changes in one commit, then tell novasupd; data gets a row for each worker of
 * `workers`, changed or not. */
static int
apply(struct eng_call *call, struct change *changes, size_t n_changes,
	struct eng_worker *const *workers, size_t n_workers)
{
	struct eng *eng = call->eng;
	struct eng_txn txn = {0};

	if (n_changes > 0) {
		eng_txn_begin(eng, &txn);
		for (size_t i = 0; i < n_changes; i++) {
			struct change *c = &changes[i];

			if (eng_desire_put(eng, &txn, c->worker, &c->desire, 0, &c->seq) <
				0)
				eng_ledger_trouble(
					eng, "a desired state cannot be written");
		}
		eng_txn_commit(eng, &txn);
	}
	for (size_t i = 0; i < n_changes; i++) {
		struct change *c = &changes[i];

		eng_desire_apply(c->worker, &c->desire, c->seq);
		eng_desire_send(eng, c->worker, c->reset);
	}
	json_t *list = json_array();
	int bad = list ? 0 : -1;

	for (size_t i = 0; i < n_workers; i++)
		bad |= json_array_append_new(list, row_of(workers[i]));
	if (bad) {
		json_decref(list);
		return -ENOMEM;
	}
	call->data = json_pack("{s:o}", "workers", list);
	return 0;
}

/* The desire with who, when and why filled in. */
static struct eng_desire
wish(const struct eng_call *call, const struct eng_worker *w, enum eng_want want,
	const char *reason)
{
	struct eng_desire d = w->desire;

	d.want = want;
	d.since_ns = call->now_ns;
	(void)snprintf(d.by, sizeof d.by, "%s", call->by);
	(void)snprintf(d.reason, sizeof d.reason, "%s", reason);
	return d;
}

/* ---- workers.set ---- */

enum action { ACT_START, ACT_STOP, ACT_PAUSE, ACT_RESUME, ACT_COUNT };
static const char *const action_words[ACT_COUNT] = {"start", "stop", "pause", "resume"};
static const char *const action_done[ACT_COUNT] = {
	"started", "stopped", "paused", "resumed"};

static int
own_process(struct eng_call *call, const struct eng_worker *w)
{
	return nv_err_set(&call->err, -EPERM,
		"%s is one of Nova's own processes: it runs as long as its section is in "
		"nova.yaml",
		w->name);
}

/* What the action makes of a worker. 0 nothing to do, 1 a change, negative: not possible
 * (only said when the worker was named; among all it is passed over). */
static int
act_on(struct eng_call *call, struct eng_worker *w, enum action action,
	struct change *change)
{
	enum eng_want want = w->desire.want;
	bool down = want != ENG_WANT_RUNNING && want != ENG_WANT_PAUSED;
	char reason[sizeof(((struct eng_desire *)NULL)->reason)];

	if (w->system)
		return own_process(call, w);
	if (!w->conf)
		return nv_err_set(&call->err, -EPERM,
			"%s is not in the configuration any more", w->name);
	if (want == ENG_WANT_KILLED && action != ACT_STOP)
		return nv_err_set(&call->err, -EPERM,
			"%s is killed (%s); deploy brings it back", w->name,
			w->desire.reason);
	if (down && (action == ACT_PAUSE || action == ACT_RESUME))
		return nv_err_set(&call->err, -EPERM, "%s is %s: there is nothing to %s",
			w->name, eng_want_name(want), action_words[action]);
	if (down && action == ACT_STOP)
		return 0;
	if (action == ACT_RESUME && want == ENG_WANT_RUNNING)
		return 0;
	(void)snprintf(reason, sizeof reason, "%s by %s", action_done[action], call->by);
	static const enum eng_want wants[ACT_COUNT] = {
		ENG_WANT_RUNNING, ENG_WANT_STOPPED, ENG_WANT_PAUSED, ENG_WANT_RUNNING};

	*change = (struct change){.worker = w,
		.desire = wish(call, w, wants[action], reason),
		.reset = action == ACT_START};
	if (want == ENG_WANT_UNDEPLOYED)
		change->desire.fresh_ns = call->now_ns;
	return 1;
}

static int
take_action(struct eng_call *call, enum action *ret)
{
	const char *word = NULL;
	int rc = nv_json_need_str(call->args, "action", 20, &word, &call->err);

	if (rc < 0)
		return rc;
	for (unsigned i = 0; i < ACT_COUNT; i++) {
		if (strcmp(word, action_words[i]) == 0) {
			*ret = (enum action)i;
			return 0;
		}
	}
	return nv_err_set(&call->err, -EINVAL,
		"action is \"%s\", expected start, stop, pause or resume", word);
}

/* The named workers, or all; owned by the caller. */
static int
take_workers(
	struct eng_call *call, struct eng_worker ***ret, size_t *ret_n, bool *ret_all)
{
	json_t *list = json_object_get(call->args, "workers");
	size_t n = 0;
	size_t i;
	json_t *item;

	if (list && !json_is_null(list) && !json_is_array(list))
		return nv_err_set(
			&call->err, -EINVAL, "workers: expected a list of names");
	*ret_all = json_array_size(list) == 0;
	if (*ret_all) {
		for (struct eng_worker *w = call->eng->workers; w; w = w->next)
			n++;
	} else {
		n = json_array_size(list);
	}
	struct eng_worker **workers = calloc(n + 1, sizeof(struct eng_worker *));

	if (!workers)
		return -ENOMEM;
	*ret = workers;
	*ret_n = 0;
	if (*ret_all) {
		for (struct eng_worker *w = call->eng->workers; w; w = w->next) {
			if (w->conf)
				workers[(*ret_n)++] = w;
		}
		return 0;
	}
	json_array_foreach(list, i, item)
	{
		struct eng_worker *w = NULL;
		const char *name = json_string_value(item);
		bool twice = false;

		if (!name)
			return nv_err_set(
				&call->err, -EINVAL, "workers: expected a list of names");
		int rc = eng_api_worker(call, name, &w);

		if (rc < 0)
			return rc;
		for (size_t k = 0; k < *ret_n; k++)
			twice |= workers[k] == w;
		if (!twice)
			workers[(*ret_n)++] = w;
	}
	return 0;
}

int
eng_verb_set(struct eng_call *call)
{
	enum action action = ACT_START;
	NV_CLEANUP_FREE struct eng_worker **workers = NULL;
	NV_CLEANUP_FREE struct change *changes = NULL;
	size_t n = 0;
	size_t n_changes = 0;
	bool all = false;
	int rc = take_action(call, &action);

	if (rc == 0)
		rc = take_workers(call, &workers, &n, &all);
	if (rc < 0)
		return rc;
	changes = calloc(n + 1, sizeof *changes);
	if (!changes)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		/* "All" starts what is deployed; the catalogue stays one. */
		if (all && action == ACT_START &&
			workers[i]->desire.want == ENG_WANT_UNDEPLOYED)
			continue;
		rc = act_on(call, workers[i], action, &changes[n_changes]);
		if (rc < 0 && !all)
			return rc;
		n_changes += rc == 1;
	}
	return apply(call, changes, n_changes, workers, n);
}

/* ---- scale ---- */

static int
scaled(struct eng_call *call, const struct eng_worker *w, uint64_t *ret)
{
	const json_t *multiplier = json_object_get(call->args, "multiplier");
	uint64_t now = NV_MAX(w->desire.instances, 1U);
	int rc = nv_json_get_u64(call->args, "instances", 0, UINT32_MAX, ret, &call->err);

	if (rc != -ENOENT && multiplier && !json_is_null(multiplier))
		return nv_err_set(&call->err, -EINVAL,
			"expected instances or multiplier, not both");
	if (rc != -ENOENT)
		return rc;
	if (!json_is_number(multiplier))
		return nv_err_set(&call->err, -EINVAL,
			"expected instances, or a multiplier such as 2 or 0.5");
	double by = json_number_value(multiplier);

	if (!(by > 0. && by <= 1000.))
		return nv_err_set(&call->err, -EINVAL,
			"multiplier must be above 0 and at most 1000");
	*ret = (uint64_t)llround((double)now * by);
	*ret = NV_MAX(*ret, 1U);
	return 0;
}

int
eng_verb_scale(struct eng_call *call)
{
	const char *name = NULL;
	struct eng_worker *w = NULL;
	uint64_t n = 0;
	int rc = nv_json_need_str(call->args, "worker", 200, &name, &call->err);

	if (rc == 0)
		rc = eng_api_worker(call, name, &w);
	if (rc != 0)
		return rc;
	if (!w->conf)
		return nv_err_set(&call->err, -EPERM,
			"%s is not in the configuration any more", w->name);
	rc = scaled(call, w, &n);
	if (rc != 0)
		return rc;
	uint32_t min = NV_MAX(w->conf->instances_min, 1U);

	if (n < min || n > w->conf->instances_max)
		return nv_err_set(&call->err, -EPERM,
			"%s may have %u to %u instances (instances.min and max), not "
			"%llu%s",
			w->name, min, w->conf->instances_max, (unsigned long long)n,
			n == 0 ? "; stop ends it" : "");
	char reason[sizeof(((struct eng_desire *)NULL)->reason)];
	struct change change = {.worker = w};

	(void)snprintf(reason, sizeof reason, "scaled from %u to %llu by %s",
		w->desire.instances, (unsigned long long)n, call->by);
	change.desire = wish(call, w, w->desire.want, reason);
	change.desire.instances = (uint32_t)n;
	/* A pause stays whose it was: only the count is the person's. */
	if (w->desire.want != ENG_WANT_RUNNING) {
		memcpy(change.desire.by, w->desire.by, sizeof change.desire.by);
		memcpy(change.desire.reason, w->desire.reason,
			sizeof change.desire.reason);
		change.desire.since_ns = w->desire.since_ns;
	}
	return apply(call, &change, n != w->desire.instances, &w, 1);
}

/* ---- kill, deploy, undeploy ---- */

static int
take_one(struct eng_call *call, struct eng_worker **ret)
{
	const char *name = NULL;
	struct eng_worker *w = NULL;
	int rc = nv_json_need_str(call->args, "worker", 200, &name, &call->err);

	if (rc == 0)
		rc = eng_api_worker(call, name, &w);
	if (rc == 0 && w->system)
		rc = own_process(call, w);
	if (rc == 0)
		*ret = w;
	return rc;
}

int
eng_verb_kill(struct eng_call *call)
{
	struct eng_worker *w = NULL;
	const char *why = "";
	char reason[sizeof(((struct eng_desire *)NULL)->reason)];
	int rc = take_one(call, &w);

	if (rc == 0)
		rc = nv_json_get_str(call->args, "reason", 150, &why, &call->err);
	if (rc < 0 && rc != -ENOENT)
		return rc;
	if (!w)
		return rc;
	(void)snprintf(reason, sizeof reason, "killed by %s%s%s", call->by,
		why[0] ? ": " : "", why);
	struct change change = {
		.worker = w, .desire = wish(call, w, ENG_WANT_KILLED, reason)};

	/* Killed already: the first reason stays. */
	return apply(call, &change, w->desire.want != ENG_WANT_KILLED, &w, 1);
}

int
eng_verb_deploy(struct eng_call *call)
{
	struct eng_worker *w = NULL;
	char reason[sizeof(((struct eng_desire *)NULL)->reason)];
	int rc = take_one(call, &w);

	if (rc != 0)
		return rc;
	if (!w->conf)
		return nv_err_set(&call->err, -EPERM,
			"%s is not in the configuration: add workers.d/%s.yaml first",
			w->name, w->name);
	(void)snprintf(reason, sizeof reason, "deployed by %s", call->by);
	struct change change = {.worker = w,
		.desire = wish(call, w, ENG_WANT_RUNNING, reason),
		.reset = true};

	/* It starts as it is configured, and is judged by what it does from now on. */
	change.desire.instances =
		NV_MAX(NV_MAX(w->conf->instances_start, w->conf->instances_min), 1U);
	change.desire.fresh_ns = call->now_ns;
	return apply(call, &change, w->desire.want != ENG_WANT_RUNNING, &w, 1);
}

int
eng_verb_undeploy(struct eng_call *call)
{
	struct eng_worker *w = NULL;
	char reason[sizeof(((struct eng_desire *)NULL)->reason)];
	int rc = take_one(call, &w);

	if (rc != 0)
		return rc;
	if (w->desire.want == ENG_WANT_KILLED) /* or a start would bring it back */
		return nv_err_set(&call->err, -EPERM,
			"%s is killed (%s) and stays so; deploy brings it back", w->name,
			w->desire.reason);
	(void)snprintf(reason, sizeof reason, "undeployed by %s", call->by);
	struct change change = {
		.worker = w, .desire = wish(call, w, ENG_WANT_UNDEPLOYED, reason)};

	return apply(call, &change, w->desire.want != ENG_WANT_UNDEPLOYED, &w, 1);
}
