/* ledger backup and restore: on the files themselves, the first also while Nova runs. */
#include "backup.h"
#include "ledger_open.h"
#include "verbs.h"

#include <errno.h>
#include <string.h>

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
	const char *file = ctl->args.words[0];
	char dir[CTL_LEDGER_DIR_BYTES];
	char kept[LED_KEPT_BYTES];
	struct nv_err err = {0};
	uint64_t checked = 0;
	int code = ctl_ledger_dir(ctl, dir);

	if (code != NV_EXIT_OK)
		return code;
	ctl_progress(&ctl->out, "copying and verifying %s", file);
	int rc = led_restore(file, dir, ctl_opt(&ctl->args, "replace") != NULL,
		ctl_ledger_problem, ctl, &checked, kept, &err);

	ctl_progress_end(&ctl->out);
	if (rc == -EEXIST)
		return ctl_fail(&ctl->out, NV_EXIT_NO,
			"%s: --replace puts the backup in its place and keeps it beside",
			err.text);
	if (rc < 0)
		return refuse(ctl, rc, &err);
	if (ctl->out.json) {
		ctl_json(&ctl->out,
			ctl_need(json_pack("{s:b, s:o, s:I, s:o}", "ok", 1, "ledger",
				ctl_json_str(dir), "events", (json_int_t)checked, "kept",
				kept[0] ? ctl_json_str(kept) : json_null())));
		return NV_EXIT_OK;
	}
	ctl_print(&ctl->out, CTL_GREEN, "%s: %llu events, verified\n", dir,
		(unsigned long long)checked);
	if (kept[0])
		ctl_print(&ctl->out, CTL_PLAIN, "what was there before is in %s\n", kept);
	return NV_EXIT_OK;
}
