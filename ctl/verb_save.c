/* backup create, list, verify and restore: a whole fleet, see save.h. */
#include "nv_restored.h"
#include "paths.h"
#include "save.h"
#include "table.h"
#include "value.h"
#include "verbs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define KEEP_MAX 100000

static int
refuse(struct ctl *ctl, int rc, const struct nv_err *err)
{
	bool no =
		rc == -EEXIST || rc == -EBUSY || rc == -EBADMSG || rc == -EPROTONOSUPPORT;

	return ctl_fail(&ctl->out, no ? NV_EXIT_NO : NV_EXIT_FAILED, "%s",
		err->text[0] ? err->text : strerror(-rc));
}

static json_t *
ledger_of(const json_t *manifest)
{
	return json_object_get(manifest, "ledger");
}

static void
show_ledger(struct ctl *ctl, const json_t *manifest)
{
	char buf[CTL_VALUE_BYTES];
	const json_t *ledger = ledger_of(manifest);

	ctl_field(&ctl->out, "events", ctl_count(ledger, "events", buf));
	ctl_field(&ctl->out, "until", ctl_when(ledger, "until", buf));
	ctl_field(&ctl->out, "head hash", ctl_str(ledger, "head_hash"));
}

int
ctl_verb_backup_create(struct ctl *ctl)
{
	struct ctl_backup_options opt = {.to = ctl->args.words[0],
		.unverified = ctl_opt(&ctl->args, "no-verify") != NULL,
		.gzip = ctl_opt(&ctl->args, "gzip") != NULL,
		.secrets = ctl_opt(&ctl->args, "secrets") != NULL};
	char path[PATH_MAX];
	json_t *about = NULL;
	json_t *removed = NULL;
	struct nv_err err = {0};
	size_t i;
	json_t *each;

	if (ctl_opt_number(&ctl->args, "keep", 1, KEEP_MAX, 0, &opt.keep, &err) < 0)
		return ctl_fail_err(&ctl->out, NV_EXIT_USAGE, &err);
	int code = ctl_paths_need(ctl, CTL_PLACE_STATE_DIR);

	if (code == NV_EXIT_OK)
		code = ctl_paths_need(ctl, CTL_PLACE_CONFIG);
	if (code != NV_EXIT_OK)
		return code;
	int rc = ctl_backup_make(ctl, &opt, path, &about, &removed, &err);

	if (rc == 0 && ctl->out.json) {
		ctl_json(&ctl->out,
			ctl_need(json_pack("{s:b, s:o, s:O, s:O, s:O}", "ok", 1, "path",
				ctl_json_str(path), "ledger", ledger_of(about),
				"verified", json_object_get(about, "verified"), "removed",
				removed)));
	} else if (rc == 0) {
		ctl_print(&ctl->out, CTL_GREEN, "%s: %s\n", path,
			opt.unverified ? "whole, not verified" : "verified");
		show_ledger(ctl, about);
		json_array_foreach(removed, i, each) ctl_print(
			&ctl->out, CTL_PLAIN, "removed %s\n", json_string_value(each));
	}
	json_decref(about);
	json_decref(removed);
	return rc < 0 ? (rc == -ENOENT ? ctl_fail(&ctl->out, NV_EXIT_NO, "%s", err.text)
				       : refuse(ctl, rc, &err))
		      : NV_EXIT_OK;
}

static void
list_row(struct ctl_table *t, const json_t *each)
{
	const json_t *manifest = json_object_get(each, "manifest");
	const json_t *ledger = ledger_of(manifest);
	const char *path = ctl_str(each, "path");
	const char *name = strrchr(path, '/');
	char buf[CTL_VALUE_BYTES];

	ctl_cell(t, CTL_BOLD, name ? name + 1 : path);
	if (!manifest || json_is_null(manifest)) {
		ctl_cell(t, CTL_RED, ctl_str(each, "problem"));
		return;
	}
	ctl_cell(t, CTL_PLAIN, ctl_when(ledger, "until", buf));
	ctl_cell(t, CTL_PLAIN, ctl_count(ledger, "events", buf));
	ctl_cell(t, CTL_PLAIN, ctl_count(ledger, "schema", buf));
	ctl_cell(t, CTL_PLAIN, ctl_true(manifest, "verified") ? "yes" : "no");
}

int
ctl_verb_backup_list(struct ctl *ctl)
{
	static const struct ctl_column columns[] = {{"BACKUP", false}, {"UNTIL", false},
		{"EVENTS", true}, {"SCHEMA", true}, {"VERIFIED", false}};
	struct nv_err err = {0};
	json_t *list = NULL;
	json_t *each;
	size_t i;
	int rc = ctl_backup_find(ctl->args.words[0], &list, &err);

	if (rc < 0)
		return rc == -ENOENT ? ctl_fail(&ctl->out, NV_EXIT_NO, "%s", err.text)
				     : refuse(ctl, rc, &err);
	size_t n = json_array_size(list);

	if (ctl->out.json) {
		json_array_foreach(list, i, each)(void)
			json_object_del(json_object_get(each, "manifest"), "files");
		ctl_json(&ctl->out, ctl_need(json_pack("{s:o}", "backups", list)));
		return n > 0 ? NV_EXIT_OK : NV_EXIT_NO;
	}
	if (n > 0) {
		struct ctl_table *t = ctl_table_new(columns, NV_LEN(columns));

		json_array_foreach(list, i, each) list_row(t, each);
		ctl_table_print(t, &ctl->out, NULL);
	} else {
		ctl_print(&ctl->out, CTL_PLAIN, "no backup in %s\n", ctl->args.words[0]);
	}
	json_decref(list);
	return n > 0 ? NV_EXIT_OK : NV_EXIT_NO;
}

static void
add_problem(void *arg, const char *problem)
{
	(void)json_array_append_new(arg, ctl_json_str(problem));
}

int
ctl_verb_backup_verify(struct ctl *ctl)
{
	const char *dir = ctl->args.words[0];
	struct nv_err err = {0};
	json_t *manifest = NULL;
	json_t *problems = ctl_need(json_array());
	json_t *each;
	uint64_t checked = 0;
	size_t i;
	int rc = ctl_manifest_read(dir, &manifest, &err);

	ctl_progress(&ctl->out, "verifying %s", dir);
	if (rc == 0)
		rc = ctl_backup_verify(
			dir, manifest, add_problem, problems, &checked, &err);
	ctl_progress_end(&ctl->out);
	json_decref(manifest);
	if (rc < 0) {
		json_decref(problems);
		return rc == -ENOENT ? ctl_fail(&ctl->out, NV_EXIT_NO, "%s", err.text)
				     : refuse(ctl, rc, &err);
	}
	if (ctl->out.json) {
		ctl_json(&ctl->out, ctl_need(json_pack("{s:b, s:I, s:O}", "ok", rc == 0,
					    "checked_events", (json_int_t)checked,
					    "problems", problems)));
	} else {
		json_array_foreach(problems, i, each)
			ctl_print(&ctl->out, CTL_RED, "%s\n", json_string_value(each));
		ctl_print(&ctl->out, rc == 0 ? CTL_GREEN : CTL_RED,
			"%s: %llu events checked, %zu problem%s\n",
			rc == 0 ? "good" : "BAD", (unsigned long long)checked,
			json_array_size(problems),
			json_array_size(problems) == 1 ? "" : "s");
	}
	json_decref(problems);
	return rc == 0 ? NV_EXIT_OK : NV_EXIT_NO;
}

int
ctl_verb_restore(struct ctl *ctl)
{
	struct ctl_restore_options opt = {.from = ctl->args.words[0],
		.replace = ctl_opt(&ctl->args, "replace") != NULL,
		.hold = ctl_opt(&ctl->args, "hold") != NULL};
	char before[NV_RESTORE_NAME];
	struct nv_err err = {0};
	json_t *about = NULL;
	uint64_t events = 0;
	int code = ctl_paths_need(ctl, CTL_PLACE_STATE_DIR);

	if (code != NV_EXIT_OK)
		return code;
	int rc = ctl_backup_restore(ctl, &opt, before, &about, &events, &err);

	if (rc == 0 && ctl->out.json) {
		ctl_json(&ctl->out,
			ctl_need(json_pack("{s:b, s:o, s:O, s:o}", "ok", 1, "state_dir",
				ctl_json_str(ctl->paths.state_dir), "ledger",
				ledger_of(about), "kept",
				before[0] ? ctl_json_str(before) : json_null())));
	} else if (rc == 0) {
		ctl_print(&ctl->out, CTL_GREEN, "%s: restored\n", ctl->paths.state_dir);
		show_ledger(ctl, about);
		if (before[0])
			ctl_print(&ctl->out, CTL_PLAIN,
				"what was there before is in %s/%s\n",
				ctl->paths.state_dir, before);
		ctl_print(&ctl->out, CTL_YELLOW,
			"what agents did and people decided since then is not known to "
			"the fleet\n");
	}
	json_decref(about);
	if (rc == -EEXIST)
		return ctl_fail(&ctl->out, NV_EXIT_NO,
			"%s: --replace puts the backup in its place and keeps it beside",
			err.text);
	return rc < 0 ? refuse(ctl, rc, &err) : NV_EXIT_OK;
}
