/* config check, config show, reload. */
#include "conf.h"
#include "engine_client.h"
#include "nv_clock.h"
#include "paths.h"
#include "plan.h"
#include "sup_client.h"
#include "value.h"
#include "verbs.h"
#include "workers.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RELOAD_ENGINE_MS 5000

static json_t *
errors_json(const struct nv_conf_errors *errs)
{
	json_t *list = ctl_need(json_array());

	for (size_t i = 0; i < errs->n; i++) {
		const struct nv_err *e = &errs->list[i];

		(void)json_array_append_new(list,
			ctl_need(json_pack("{s:o, s:i, s:i, s:o}", "file",
				ctl_json_str(e->file), "line", (int)e->line, "column",
				(int)e->column, "text", ctl_json_str(e->text))));
	}
	return list;
}

static int
print_errors(struct ctl *ctl, const struct nv_conf_errors *errs)
{
	if (ctl->out.json) {
		ctl_json(&ctl->out,
			ctl_need(json_pack("{s:b, s:s, s:o, s:I}", "ok", 0, "config",
				ctl->paths.config, "errors", errors_json(errs), "more",
				(json_int_t)errs->n_more)));
		return NV_EXIT_NO;
	}
	for (size_t i = 0; i < errs->n; i++) {
		char text[1024];

		ctl_print(&ctl->out, CTL_PLAIN, "%s\n",
			nv_err_string(&errs->list[i], text, sizeof(text)));
	}
	return ctl_fail(&ctl->out, NV_EXIT_NO, "%zu error%s in the configuration",
		errs->n + errs->n_more, errs->n + errs->n_more == 1 ? "" : "s");
}

int
ctl_verb_config_check(struct ctl *ctl)
{
	struct nv_conf_errors errs;
	struct nv_config *config = NULL;
	int code = ctl_paths_need(ctl, CTL_PLACE_CONFIG);

	if (code != NV_EXIT_OK)
		return code;
	if (ctl_conf_load(ctl, NULL, NULL, &config, &errs) < 0) {
		code = print_errors(ctl, &errs);
	} else if (ctl->out.json) {
		ctl_json(&ctl->out, ctl_need(json_pack("{s:b, s:s, s:I, s:[]}", "ok", 1,
					    "config", ctl->paths.config, "workers",
					    (json_int_t)config->n_workers, "errors")));
	} else {
		ctl_print(&ctl->out, CTL_PLAIN, "%s: good, %zu worker%s\n",
			ctl->paths.config, config->n_workers,
			config->n_workers == 1 ? "" : "s");
	}
	nv_config_free(config);
	nv_conf_errors_fini(&errs);
	return code;
}

struct show {
	const char *prefix; /* NULL = all */
	bool only_set;      /* nothing that is a default */
	bool only_fleet;    /* nothing of one worker */
	struct ctl_table *table;
	json_t *list;
	size_t n;
};

static void
show_one(void *arg, const char *key, const char *value, const char *origin)
{
	struct show *show = arg;

	if ((show->prefix && strncmp(key, show->prefix, strlen(show->prefix)) != 0) ||
		(show->only_set && strcmp(origin, "default") == 0) ||
		(show->only_fleet && strncmp(key, "workers.", 8) == 0))
		return;
	show->n++;
	if (show->list) {
		(void)json_array_append_new(show->list,
			ctl_need(json_pack("{s:o, s:o, s:o}", "key", ctl_json_str(key),
				"value", ctl_json_str(value), "origin",
				ctl_json_str(origin))));
		return;
	}
	ctl_cell(show->table, CTL_BOLD, key);
	ctl_cell(show->table, CTL_DIM, origin);
	ctl_cell(show->table, CTL_PLAIN, value);
}

int
ctl_verb_config_show(struct ctl *ctl)
{
	static const struct ctl_column columns[] = {
		{"SETTING", false}, {"FROM", false}, {"VALUE", false}};
	struct nv_conf_sources sources = {0};
	struct nv_conf_errors errs;
	struct show show = {.prefix = ctl->args.words[0],
		.only_set = ctl_opt(&ctl->args, "set") != NULL,
		.only_fleet = ctl_opt(&ctl->args, "fleet") != NULL};

	int code = ctl_paths_need(ctl, CTL_PLACE_CONFIG);

	if (code != NV_EXIT_OK)
		return code;
	int rc = ctl_conf_load(ctl, NULL, NULL, NULL, &errs);

	if (rc < 0)
		code = print_errors(ctl, &errs);
	nv_conf_errors_fini(&errs);
	if (rc < 0)
		return code;
	errs = (struct nv_conf_errors){0};
	rc = nv_conf_sources_read(&sources, ctl->paths.config, &errs);
	nv_conf_errors_fini(&errs);
	if (ctl->out.json)
		show.list = ctl_need(json_array());
	else
		show.table = ctl_table_new(columns, NV_LEN(columns));
	if (rc == 0)
		rc = nv_config_show(&sources, show_one, &show);
	nv_conf_sources_fini(&sources);
	if (rc < 0)
		code = ctl_fail(&ctl->out, NV_EXIT_FAILED, "%s: %s", ctl->paths.config,
			strerror(-rc));
	else if (show.n == 0 && show.prefix)
		code = ctl_fail(&ctl->out, NV_EXIT_NO, "no setting begins with \"%s\"",
			show.prefix);
	else if (show.list)
		ctl_json(&ctl->out, ctl_need(json_pack("{s:s, s:O}", "config",
					    ctl->paths.config, "settings", show.list)));
	if (show.table)
		ctl_table_print(show.table, &ctl->out, NULL);
	json_decref(show.list);
	return code;
}

/* The engine reads the price table, after novasupd has answered: wait until it has the
 * configuration that is in force, and repeat what it says about the table. An engine that
 * is away takes the configuration when it comes; novasupd's answer stands. */
static void
warn_of_prices(struct ctl *ctl)
{
	int64_t deadline_ms = nv_mono_ms() + RELOAD_ENGINE_MS;
	struct ctl_sup sup;
	struct nv_fleet fleet = {0};
	struct nv_err err = {0};
	int code = ctl_sup_open(&sup, &ctl->paths, &err);

	if (code == NV_EXIT_OK)
		code = ctl_sup_status(&sup, "", &fleet, &err);
	ctl_sup_close(&sup);
	while (code == NV_EXIT_OK) {
		json_t *data = NULL;

		code = ctl_engine_call(ctl, "ping", NULL, &data, &err);
		bool taken = ctl_int(data, "config_gen") >= fleet.nova.config_gen;

		if (taken && ctl_str(data, "price_problem")[0])
			ctl_warn(&ctl->out, "%s; the prices stay as they were",
				ctl_str(data, "price_problem"));
		json_decref(data);
		if (taken || nv_mono_ms() >= deadline_ms)
			break;
		(void)poll(NULL, 0, 10);
	}
	nv_fleet_clear(&fleet);
}

/* Ask for the plan, with `apply` let it be carried out, and show it. *ret_changes: how
 * many differences there are. */
static int
plan(struct ctl *ctl, bool apply, size_t *ret_changes)
{
	struct ctl_sup sup;
	struct nv_err err = {0};
	struct nv_ctl_plan *rows = NULL;
	size_t n = 0;
	char *text = NULL;
	int code = ctl_sup_open(&sup, &ctl->paths, &err);

	if (code == NV_EXIT_OK)
		code = ctl_sup_plan(&sup, apply, nv_mono_ms() + CTL_DEADLINE_MS, &rows,
			&n, &text, &err);
	ctl_sup_close(&sup);
	if (code != NV_EXIT_OK)
		ctl_fail(&ctl->out, code, "%s", text ? text : err.text);
	else if (ctl->out.json)
		ctl_json(&ctl->out, ctl_plan_json(rows, n, apply, text));
	else
		ctl_plan_print(&ctl->out, rows, n, apply, text);
	*ret_changes = n;
	free(rows);
	free(text);
	return code;
}

int
ctl_verb_reload(struct ctl *ctl)
{
	bool apply = !ctl_opt(&ctl->args, "dry-run");
	size_t changes;
	int code = plan(ctl, apply, &changes);

	if (code == NV_EXIT_OK && apply)
		warn_of_prices(ctl);
	return code;
}

int
ctl_verb_config_diff(struct ctl *ctl)
{
	size_t changes;
	int code = plan(ctl, false, &changes);

	return code == NV_EXIT_OK && changes > 0 ? NV_EXIT_NO : code;
}
