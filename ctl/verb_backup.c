/* ledger backup and restore: on the files themselves, the first also while Nova runs. */
#include "backup.h"
#include "ledger_open.h"
#include "nv_clock.h"
#include "nv_units.h"
#include "rebuild.h"
#include "replay.h"
#include "save.h"
#include "verbs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
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

/* A number of an event, a time, or how long ago. */
static int
read_until(const char *text, struct led_until *ret, struct nv_err *err)
{
	char *end;
	int64_t ms;

	*ret = (struct led_until){UINT64_MAX, INT64_MAX};
	if (text[0] && strspn(text, "0123456789") == strlen(text)) {
		errno = 0;
		ret->seq = strtoull(text, &end, 10);
		return errno == 0 && ret->seq > 0
			       ? 0
			       : nv_err_set(err, -EINVAL,
					 "--until: %s is no number of an event", text);
	}
	if (nv_rfc3339_parse(text, strlen(text), &ret->at_ns) == 0)
		return 0;
	if (nv_duration_parse(text, &ms, NULL) < 0)
		return nv_err_set(err, -EINVAL,
			"--until: expected the number of an event, a time such as "
			"2026-11-22T14:05:00Z, or 2h (ago), found \"%.60s\"",
			text);
	ret->at_ns = nv_wall_ns() - ms * NV_NS_PER_MS;
	return 0;
}

static json_t *
backup_json(const char *file, uint64_t events)
{
	return ctl_need(json_pack("{s:b, s:o, s:I}", "ok", 1, "file", ctl_json_str(file),
		"events", (json_int_t)events));
}

int
ctl_verb_ledger_backup(struct ctl *ctl)
{
	const char *file = ctl->args.words[0];
	const char *text = ctl_opt(&ctl->args, "until");
	struct led *led = NULL;
	struct led_view *view = NULL;
	struct led_until until;
	struct nv_err err = {0};
	uint64_t checked = 0;

	if (text && read_until(text, &until, &err) < 0)
		return ctl_fail_err(&ctl->out, NV_EXIT_USAGE, &err);
	int code = ctl_ledger_open(ctl, &led, &view);

	if (code != NV_EXIT_OK)
		return code;
	led_view_end(view); /* the copy takes a snapshot of its own */
	ctl_progress(&ctl->out, "copying and verifying %s", file);
	int rc = text ? led_backup_until(led, file, &until, ctl_ledger_problem, ctl,
				&checked, &err)
		      : led_backup(led, file, false, ctl_ledger_problem, ctl, &checked,
				&err);

	ctl_progress_end(&ctl->out);
	led_close(led);
	if (rc == -ENODATA)
		return ctl_fail(&ctl->out, NV_EXIT_NO, "%s", err.text);
	if (rc < 0)
		return refuse(ctl, rc, &err);
	if (ctl->out.json)
		ctl_json(&ctl->out, backup_json(file, checked));
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
