/* deploy and undeploy. A new worker's file stays only when the whole configuration is
 * valid with it and novasupd has taken it. */
#include "conf.h"
#include "engine_client.h"
#include "nv_clock.h"
#include "nv_fd.h"
#include "paths.h"
#include "value.h"
#include "verbs.h"
#include "words.h"
#include "worker_file.h"
#include "workers.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ENGINE_LEARNS_MS 5000 /* novasupd hands the new configuration to the engine */
#define NAP_MS           20

struct order {
	const char *group;
	const char *worker;
	char *command[CTL_WORDS_MAX]; /* owned strings */
	size_t n_command;
	json_t *settings; /* owned */
	char file[NV_PATH_MAX + NV_NAME_MAX + 32];
};

static void
order_fini(struct order *order)
{
	for (size_t i = 0; i < order->n_command; i++)
		free(order->command[i]);
	json_decref(order->settings);
}

static int
add_setting(void *arg, const char *key, const char *value, struct nv_err *err)
{
	return ctl_worker_file_set(arg, key, value, err);
}

/* What the command line says; all of it checked before anything is touched. */
static int
order_read(struct ctl *ctl, struct order *order, struct nv_err *err)
{
	const struct ctl_args *args = &ctl->args;
	const char *command = ctl_opt(args, "command");
	int n_names = args->has_rest ? args->n_before_rest : args->n_words;

	if (n_names != 2)
		return nv_err_set(err, -EINVAL,
			"deploy: expected GROUP WORKER, found %d arguments (put the "
			"words of a "
			"command after --, or into --command)",
			n_names);
	order->group = args->words[0];
	order->worker = args->words[1];
	order->settings = ctl_need(json_object());
	for (int i = 0; i < 2; i++) {
		if (!nv_name_valid(args->words[i]))
			return nv_err_set(err, -EINVAL,
				"\"%s\" is no name: expected a-z, 0-9, _ . - and at most "
				"%d "
				"bytes, a letter or digit first",
				args->words[i], NV_NAME_MAX - 1);
	}
	if (command &&
		ctl_words_split(command, order->command, &order->n_command, err) < 0)
		return -EINVAL;
	for (int i = n_names; i < args->n_words; i++) {
		if (order->n_command == CTL_WORDS_MAX)
			return nv_err_set(err, -EINVAL,
				"the command has more than %d words", CTL_WORDS_MAX);
		if (!ctl_is_utf8(args->words[i]))
			return nv_err_set(err, -EINVAL,
				"a word of the command is not UTF-8: a YAML file cannot "
				"hold it");
		order->command[order->n_command++] = ctl_copy(args->words[i]);
	}
	for (size_t nth = 0;; nth++) {
		const char *pairs = ctl_opt_nth(args, "config", nth);

		if (!pairs)
			return 0;
		if (ctl_pairs_each(pairs, add_setting, order->settings, err) < 0)
			return -EINVAL;
	}
}

static void
print_errors(struct ctl *ctl, const struct nv_conf_errors *errs)
{
	for (size_t i = 0; i < errs->n; i++) {
		char text[1024];

		ctl_warn(&ctl->out, "%s",
			nv_err_string(&errs->list[i], text, sizeof(text)));
	}
	if (errs->n_more > 0)
		ctl_warn(&ctl->out, "and %zu more", errs->n_more);
}

/* Write the file, but only if the whole configuration is valid with it. */
static int
write_file(struct ctl *ctl, struct order *order)
{
	char dir[NV_PATH_MAX + 16];
	const char *config = ctl->paths.config;
	const char *slash = strrchr(config, '/');
	struct nv_conf_errors errs;

	(void)snprintf(dir, sizeof(dir), "%.*s/workers.d",
		slash ? (int)(slash - config) : 1, slash ? config : ".");
	(void)snprintf(
		order->file, sizeof(order->file), "%s/%s.yaml", dir, order->worker);
	if (access(order->file, F_OK) == 0)
		return ctl_fail(&ctl->out, NV_EXIT_NO,
			"%s exists, but novasupd does not know this worker: see `novactl "
			"config check`, then `novactl reload`",
			order->file);
	NV_CLEANUP_FREE char *text = ctl_worker_file_text(order->group, order->worker,
		order->command, order->n_command, order->settings);

	if (!text)
		return ctl_fail(&ctl->out, NV_EXIT_USAGE, "the settings are too long");
	int rc = ctl_conf_load(ctl, order->file, text, NULL, &errs);

	if (rc < 0)
		print_errors(ctl, &errs);
	nv_conf_errors_fini(&errs);
	if (rc < 0)
		return ctl_fail(&ctl->out, NV_EXIT_USAGE,
			"the configuration would not be valid with this worker: nothing "
			"was "
			"changed");
	rc = nv_mkdir_p(dir, 0755);
	if (rc == 0)
		rc = nv_write_file_atomic(order->file, text, strlen(text), 0644);
	if (rc < 0)
		return ctl_fail(
			&ctl->out, NV_EXIT_FAILED, "%s: %s", order->file, strerror(-rc));
	return NV_EXIT_OK;
}

/* Take the file away again; says so when it cannot. */
static int
take_back(struct ctl *ctl, const struct order *order, int code, const char *why)
{
	if (unlink(order->file) < 0)
		return ctl_fail(&ctl->out, NV_EXIT_FAILED,
			"%s, and %s could not be removed: %s", why, order->file,
			strerror(errno));
	return ctl_fail(&ctl->out, code, "%s; %s was not kept", why, order->file);
}

static int
add_new(struct ctl *ctl, struct ctl_sup *sup, struct order *order)
{
	struct nv_sup_request reload = {0};
	struct nv_err err = {0};
	NV_CLEANUP_FREE char *text = NULL;

	if (order->n_command == 0)
		return ctl_fail(&ctl->out, NV_EXIT_NO,
			"the configuration has no worker \"%s\": a new one needs "
			"--command",
			order->worker);
	int code = write_file(ctl, order);

	if (code != NV_EXIT_OK)
		return code;
	code = ctl_sup_request(sup, NV_MSG_SUP_RELOAD, &reload,
		nv_mono_ms() + CTL_DEADLINE_MS, &text, &err);
	if (code != NV_EXIT_OK)
		return take_back(ctl, order, code, text ? text : err.text);
	return NV_EXIT_OK;
}

/* The engine gets a new configuration a moment after novasupd took it. */
static int
ask_deploy(struct ctl *ctl, const char *worker, bool is_new, json_t **ret_data)
{
	int64_t deadline_ms = nv_mono_ms() + (is_new ? ENGINE_LEARNS_MS : 0);
	struct nv_err err = {0};

	for (;;) {
		json_t *args = ctl_need(json_pack("{s:s}", "worker", worker));

		ctl_put_option(ctl, args, "via");
		int code = ctl_engine_call(ctl, "deploy", args, ret_data, &err);

		if (code == NV_EXIT_OK)
			return code;
		if (code != NV_EXIT_NO || nv_mono_ms() >= deadline_ms)
			return ctl_fail_err(&ctl->out, code, &err);
		(void)poll(NULL, 0, NAP_MS);
	}
}

/* The file's worker as novasupd has it, or a new one made. */
static int
make_known(struct ctl *ctl, struct order *order, bool *ret_is_new)
{
	struct ctl_sup sup;
	struct nv_fleet fleet;
	struct nv_err err = {0};
	int code = ctl_sup_open(&sup, &ctl->paths, &err);

	if (code == NV_EXIT_OK)
		code = ctl_sup_status(&sup, "", &fleet, &err);
	if (code != NV_EXIT_OK) {
		ctl_sup_close(&sup);
		return ctl_fail_err(&ctl->out, code, &err);
	}
	const struct nv_ctl_worker *w = nv_fleet_worker(&fleet, order->worker);

	*ret_is_new = !w;
	if (!w)
		code = add_new(ctl, &sup, order);
	else if (strcmp(w->group, order->group) != 0)
		code = ctl_fail(&ctl->out, NV_EXIT_NO,
			"%s is in the group %s, not %s: its file says so", order->worker,
			w->group, order->group);
	else if (order->n_command > 0 || json_object_size(order->settings) > 0)
		code = ctl_fail(&ctl->out, NV_EXIT_NO,
			"the configuration already has %s: change its file and `novactl "
			"reload`, or deploy it without --command and --config",
			order->worker);
	nv_fleet_clear(&fleet);
	ctl_sup_close(&sup);
	return code;
}

static int
deploy(struct ctl *ctl, struct order *order)
{
	struct ctl_engine engine;
	struct nv_err err = {0};
	bool is_new = false;
	json_t *data = NULL;
	size_t n;
	/* Nothing is written when the engine could not deploy it anyway. */
	int code = ctl_engine_open(&engine, ctl, &err);

	ctl_engine_close(&engine);
	if (code != NV_EXIT_OK)
		return ctl_fail_err(&ctl->out, code, &err);
	ctl_paths_adopt(ctl);
	code = make_known(ctl, order, &is_new);
	if (code != NV_EXIT_OK)
		return code;
	code = ask_deploy(ctl, order->worker, is_new, &data);
	if (code != NV_EXIT_OK)
		return code;
	struct ctl_goal *goals = ctl_goals_from(data, CTL_WANT_RUNNING, false, &n);

	json_decref(data);
	code = ctl_follow_up(ctl, goals, n);
	free(goals);
	return code;
}

int
ctl_verb_deploy(struct ctl *ctl)
{
	struct order order = {0};
	struct nv_err err = {0};
	int64_t checked_ms;
	int code;

	if (ctl_timeout(ctl, 0, &checked_ms) < 0)
		return NV_EXIT_USAGE;
	if (order_read(ctl, &order, &err) < 0)
		code = ctl_fail_err(&ctl->out, NV_EXIT_USAGE, &err);
	else
		code = deploy(ctl, &order);
	order_fini(&order);
	return code;
}

int
ctl_verb_undeploy(struct ctl *ctl)
{
	const char *name = ctl->args.words[0];
	json_t *args = ctl_need(json_object());

	ctl_put_text(args, "worker", name);
	ctl_put_option(ctl, args, "via");
	return ctl_change(ctl, "undeploy", args, CTL_WANT_STOPPED);
}
