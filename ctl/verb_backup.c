/* ledger backup and restore: on the files themselves, the first also while Nova runs. */
#include "backup.h"
#include "ledger_open.h"
#include "rebuild.h"
#include "save.h"
#include "verbs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SCHEMA_TRIES 5

static int
refuse(struct ctl *ctl, int rc, const struct nv_err *err)
{
	bool no =
		rc == -EEXIST || rc == -EBUSY || rc == -EBADMSG || rc == -EPROTONOSUPPORT;

	return ctl_fail(&ctl->out, no ? NV_EXIT_NO : NV_EXIT_FAILED, "%s",
		err->text[0] ? err->text : strerror(-rc));
}

int
ctl_verb_ledger_backup(struct ctl *ctl)
{
	const char *file = ctl->args.words[0];
	struct led *led = NULL;
	struct led_view *view = NULL;
	struct nv_err err = {0};
	uint64_t checked = 0;
	int code = ctl_ledger_open(ctl, &led, &view);

	if (code != NV_EXIT_OK)
		return code;
	led_view_end(view); /* the copy takes a snapshot of its own */
	ctl_progress(&ctl->out, "copying and verifying %s", file);
	int rc = led_backup(led, file, false, ctl_ledger_problem, ctl, &checked, &err);

	ctl_progress_end(&ctl->out);
	led_close(led);
	if (rc < 0)
		return refuse(ctl, rc, &err);
	if (ctl->out.json)
		ctl_json(&ctl->out,
			ctl_need(json_pack("{s:b, s:o, s:I}", "ok", 1, "file",
				ctl_json_str(file), "events", (json_int_t)checked)));
	else
		ctl_print(&ctl->out, CTL_GREEN, "%s: %llu events, verified\n", file,
			(unsigned long long)checked);
	return NV_EXIT_OK;
}

int
ctl_verb_ledger_restore(struct ctl *ctl)
{
	struct ctl_restore_options opt = {.from = ctl->args.words[0],
		.ledger_only = true,
		.replace = ctl_opt(&ctl->args, "replace") != NULL};
	char before[NV_RESTORE_NAME];
	char kept[PATH_MAX] = "";
	char dir[CTL_LEDGER_DIR_BYTES];
	struct nv_err err = {0};
	uint64_t events = 0;
	json_t *none = NULL;
	int code = ctl_ledger_dir(ctl, dir);

	if (code != NV_EXIT_OK)
		return code;
	int rc = ctl_backup_restore(ctl, &opt, before, &none, &events, &err);

	if (rc == -EEXIST)
		return ctl_fail(&ctl->out, NV_EXIT_NO,
			"%s: --replace puts the backup in its place and keeps it beside",
			err.text);
	if (rc < 0)
		return refuse(ctl, rc, &err);
	if (before[0])
		(void)snprintf(
			kept, sizeof(kept), "%s/%s/ledger", ctl->paths.state_dir, before);
	if (ctl->out.json) {
		ctl_json(&ctl->out,
			ctl_need(json_pack("{s:b, s:o, s:I, s:o}", "ok", 1, "ledger",
				ctl_json_str(dir), "events", (json_int_t)events, "kept",
				kept[0] ? ctl_json_str(kept) : json_null())));
		return NV_EXIT_OK;
	}
	ctl_print(&ctl->out, CTL_GREEN, "%s: %llu events, verified\n", dir,
		(unsigned long long)events);
	if (kept[0])
		ctl_print(&ctl->out, CTL_PLAIN, "what was there before is in %s\n", kept);
	return NV_EXIT_OK;
}

/* ---- schemas ---- */

int
ctl_verb_ledger_schema(struct ctl *ctl)
{
	char dir[CTL_LEDGER_DIR_BYTES];
	char file[CTL_LEDGER_DIR_BYTES + 16];
	struct nv_err err = {0};
	uint32_t schema = 0;
	int code = ctl_ledger_dir(ctl, dir);

	if (code == NV_EXIT_OK)
		code = ctl_ledger_there(ctl, dir);
	if (code != NV_EXIT_OK)
		return code;
	(void)snprintf(file, sizeof(file), "%s/ledger.mdb", dir);
	int rc = -EAGAIN;

	/* It is read without a lock, so that whoever may read the file may ask: a writer
	 * can get in the way. */
	for (int i = 0; rc < 0 && i < SCHEMA_TRIES; i++)
		rc = led_schema_of(file, &schema, &err);
	if (rc < 0)
		return ctl_fail(&ctl->out, NV_EXIT_FAILED, "%s: %s", dir, err.text);
	if (ctl->out.json)
		ctl_json(&ctl->out, ctl_need(json_pack("{s:I, s:i, s:i}", "schema",
					    (json_int_t)schema, "known", LED_SCHEMA,
					    "lowest", LED_SCHEMA_LOWEST)));
	else
		ctl_print(&ctl->out, CTL_PLAIN, "%u\n", (unsigned)schema);
	return NV_EXIT_OK;
}

int
ctl_verb_ledger_downgrade(struct ctl *ctl)
{
	char dir[CTL_LEDGER_DIR_BYTES];
	char kept[LED_REBUILD_KEPT_BYTES];
	struct nv_err err = {0};
	uint64_t checked = 0;
	int64_t to = 0;

	if (ctl_opt_number(&ctl->args, "to", 1, LED_SCHEMA - 1, 0, &to, &err) < 0)
		return ctl_fail_err(&ctl->out, NV_EXIT_USAGE, &err);
	if (to == 0)
		return ctl_fail(&ctl->out, NV_EXIT_USAGE,
			"ledger downgrade: expected --to N, a schema below %d",
			LED_SCHEMA);
	int code = ctl_ledger_dir(ctl, dir);

	if (code != NV_EXIT_OK)
		return code;
	ctl_progress(
		&ctl->out, "bringing the ledger in %s back to schema %d", dir, (int)to);
	int rc = led_downgrade(
		dir, (uint32_t)to, ctl_ledger_problem, ctl, &checked, kept, &err);

	ctl_progress_end(&ctl->out);
	if (rc == -EINVAL || rc == -ENOTSUP || rc == -ENOENT)
		return ctl_fail(&ctl->out, NV_EXIT_NO, "%s", err.text);
	if (rc < 0)
		return refuse(ctl, rc, &err);
	if (ctl->out.json)
		ctl_json(&ctl->out,
			ctl_need(json_pack("{s:b, s:I, s:I, s:o}", "ok", 1, "schema",
				(json_int_t)to, "events", (json_int_t)checked, "kept",
				ctl_json_str(kept))));
	else
		ctl_print(&ctl->out, CTL_GREEN,
			"%s: schema %d, %llu events, verified\nwhat was there before is "
			"in %s\n",
			dir, (int)to, (unsigned long long)checked, kept);
	return NV_EXIT_OK;
}
