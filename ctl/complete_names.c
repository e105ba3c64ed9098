/* Names of a fleet for the shells: see complete.h. What does not answer is left out. */
#include "complete.h"
#include "conf.h"
#include "engine_client.h"
#include "nv_clock.h"
#include "nv_token.h"
#include "paths.h"
#include "platform.h"
#include "sup_client.h"
#include "value.h"

#include <stdio.h>
#include <string.h>

#define PATIENCE_MS   1000
#define DECISIONS_MAX 50

static void
put(const struct ctl_completion *to, const char *word, const char *what)
{
	ctl_complete_word(to, word, strlen(word), what);
}

/* Of the fleet that runs: false when none answers. */
static bool
from_fleet(struct ctl *ctl, const struct ctl_completion *to, bool groups)
{
	struct ctl_sup sup;
	struct nv_fleet fleet = {0};
	struct nv_err err;
	bool good =
		ctl_sup_open_within(&sup, &ctl->paths, PATIENCE_MS, &err) == NV_EXIT_OK &&
		ctl_sup_status(&sup, "", &fleet, &err) == NV_EXIT_OK;

	for (size_t i = 0; good && i < fleet.n_workers; i++) {
		const struct nv_ctl_worker *w = &fleet.workers[i];
		bool again = false;

		for (size_t k = 0; groups && k < i && !again; k++)
			again = strcmp(fleet.workers[k].group, w->group) == 0;
		if (!groups)
			put(to, w->worker, w->state);
		else if (!again)
			put(to, w->group, "group");
	}
	ctl_sup_close(&sup);
	nv_fleet_clear(&fleet);
	return good;
}

/* Of the files, when nothing runs. */
static void
from_files(struct ctl *ctl, const struct ctl_completion *to, bool groups)
{
	struct nv_conf_errors errs;
	struct nv_config *config = NULL;

	/* The default files may be another fleet's than the one that was named. */
	if (ctl->run_dir_given && !ctl->config_given)
		return;
	if (ctl_conf_load(ctl, NULL, NULL, &config, &errs) == 0) {
		for (size_t i = 0; i < config->n_workers; i++) {
			bool again = false;

			for (size_t k = 0; groups && k < i && !again; k++)
				again = strcmp(config->workers[k].group,
						config->workers[i].group) == 0;
			if (!again)
				put(to,
					groups ? config->workers[i].group
					       : config->workers[i].name,
					groups ? "group" : "not running");
		}
	}
	nv_config_free(config);
	nv_conf_errors_fini(&errs);
}

static void
put_fleet(struct ctl *ctl, const struct ctl_completion *to, bool groups)
{
	if (!from_fleet(ctl, to, groups))
		from_files(ctl, to, groups);
}

/* Rows of an answer: the word is the member `key`, what it is the members a and b. */
static void
put_rows(const struct ctl_completion *to, const json_t *rows, const char *key,
	const char *a, const char *b)
{
	size_t i;
	json_t *row;

	json_array_foreach(rows, i, row)
	{
		const json_t *id = json_object_get(row, key);
		char word[40];
		char what[200];

		(void)snprintf(word, sizeof(word), "%lld", (long long)ctl_int(row, key));
		(void)snprintf(what, sizeof(what), "%s%s%s", ctl_str(row, a),
			*b ? " " : "", ctl_str(row, b));
		what[strcspn(what, "\t\n")] = '\0';
		put(to, json_is_integer(id) ? word : ctl_str(row, key), what);
	}
}

static void
put_ids(struct ctl *ctl, const struct ctl_completion *to, const struct ctl_verb *verb)
{
	bool waiting =
		strcmp(verb->name, "approve") == 0 || strcmp(verb->name, "deny") == 0;
	json_t *args =
		waiting ? NULL : ctl_need(json_pack("{s:i}", "limit", DECISIONS_MAX));
	json_t *data = NULL;
	struct nv_err err;

	if (!waiting && strcmp(verb->name, "explain") != 0)
		json_decref(args);
	else if (ctl_engine_call(ctl, waiting ? "approvals" : "decisions", args, &data,
			 &err) == NV_EXIT_OK)
		put_rows(to, json_object_get(data, waiting ? "approvals" : "decisions"),
			"id", "type", "target");
	json_decref(data);
}

static void
put_tokens(struct ctl *ctl, const struct ctl_completion *to)
{
	struct nv_tokens tokens = {0};
	struct nv_err err;

	ctl_paths_adopt(ctl);
	if (nv_tokens_read(ctl->paths.state_dir, &tokens, &err) == 0) {
		for (size_t i = 0; i < tokens.n; i++) {
			if (tokens.list[i].revoked_ns == 0)
				put(to, tokens.list[i].name,
					nv_role_name(tokens.list[i].role));
		}
	}
	nv_tokens_fini(&tokens);
}

static void
put_alerts(struct ctl *ctl, const struct ctl_completion *to)
{
	struct ctl_engine engine;
	json_t *data = NULL;
	struct nv_err err;

	if (ctl_engine_open_within(&engine, ctl, "alerts.sock", "nova-alerts",
		    PATIENCE_MS, &err) == NV_EXIT_OK &&
		ctl_engine_send(&engine, "list", NULL, &err) == NV_EXIT_OK &&
		ctl_engine_recv(&engine, nv_mono_ms() + PATIENCE_MS, &data, &err) ==
			NV_EXIT_OK)
		put_rows(to, json_object_get(data, "alerts"), "key", "severity", "text");
	json_decref(data);
	ctl_engine_close(&engine);
}

static bool
is(const char *kind, size_t bytes, const char *word)
{
	return strlen(word) == bytes && memcmp(kind, word, bytes) == 0;
}

bool
ctl_complete_names(struct ctl *ctl, const struct ctl_completion *to,
	const struct ctl_verb *verb, const char *kind, size_t bytes)
{
	const char *name = verb ? verb->name : "";

	if (is(kind, bytes, "WORKER"))
		put_fleet(ctl, to, false);
	else if (is(kind, bytes, "GROUP"))
		put_fleet(ctl, to, true);
	else if (is(kind, bytes, "ID") && verb)
		put_ids(ctl, to, verb);
	else if (is(kind, bytes, "NAME") && strcmp(name, "token revoke") == 0)
		put_tokens(ctl, to);
	else if (is(kind, bytes, "KEY") && strcmp(name, "alerts") == 0)
		put_alerts(ctl, to);
	else if (is(kind, bytes, "NAME") && (!verb || strcmp(name, "platform") == 0))
		for (unsigned i = 0; i < NV_PLATFORMS; i++)
			put(to, nv_platform_name((enum nv_platform)i), "platform");
	else
		return false;
	return true;
}

void
ctl_complete_platform(
	struct ctl *ctl, const struct ctl_completion *to, const char *platform)
{
	struct nv_err err;
	json_t *description = nv_name_valid(platform)
				      ? ctl_platform_describe(ctl, platform, &err)
				      : NULL;

	put_rows(to, json_object_get(description, "verbs"), "name", "summary", "");
	json_decref(description);
}
