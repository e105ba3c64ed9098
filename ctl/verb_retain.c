/* ledger retain and compact: old months to segment files, and their space back. The
 * engine does the first by itself (ledger.retention); here it is done while Nova is
 * stopped, or only shown. */
#include "backup.h"
#include "ledger_open.h"
#include "nv_clock.h"
#include "nv_units.h"
#include "retain.h"
#include "value.h"
#include "verbs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char older_default[] = "400d";

static int
before_of(struct ctl *ctl, int64_t *ret)
{
	const char *text = ctl_opt(&ctl->args, "older-than");
	struct nv_err err = {0};
	int64_t ms;

	if (nv_duration_parse(text ? text : older_default, &ms, &err) < 0 || ms < 0)
		return ctl_fail(&ctl->out, NV_EXIT_USAGE, "--older-than: %s", err.text);
	int64_t now = nv_wall_ns();

	*ret = now - NV_MIN(ms, now / NV_NS_PER_MS) * NV_NS_PER_MS;
	return NV_EXIT_OK;
}

static json_t *
segment_json(const struct led_segment *s)
{
	return ctl_need(json_pack("{s:I, s:I, s:I}", "first", (json_int_t)s->first,
		"last", (json_int_t)s->last, "events",
		(json_int_t)s->last - (json_int_t)s->first + 1));
}

static int
note_last(void *arg, const struct led_segment *s)
{
	*(uint64_t *)arg = s->last;
	return 0;
}

static void
show_list(struct ctl *ctl, json_t *list, bool planned)
{
	size_t i;
	json_t *row;

	if (ctl->out.json) {
		ctl_json(&ctl->out, ctl_need(json_pack("{s:b, s:O}", "dry_run", planned,
					    "segments", list)));
		return;
	}
	json_array_foreach(list, i, row)
	{
		ctl_print(&ctl->out, CTL_PLAIN, "%s events %lld to %lld (%lld)\n",
			planned ? "would move" : "moved",
			(long long)ctl_int(row, "first"), (long long)ctl_int(row, "last"),
			(long long)ctl_int(row, "events"));
	}
	if (json_array_size(list) == 0)
		ctl_print(&ctl->out, CTL_PLAIN, "nothing is old enough\n");
}

/* Lists what would be moved, or with `moved` what was, from segment `last` on. */
static int
plan(struct ctl *ctl, int64_t before)
{
	struct led *led = NULL;
	struct led_view *view = NULL;
	struct led_segment s;
	uint64_t last = 0;
	int code = ctl_ledger_open(ctl, &led, &view);

	if (code != NV_EXIT_OK)
		return code;
	json_t *list = ctl_need(json_array());
	int rc = led_view_segments(view, note_last, &last);

	while (rc == 0) {
		rc = led_retain_plan_after(view, before, last, &s);
		if (rc == 0) {
			(void)json_array_append_new(list, segment_json(&s));
			last = s.last;
		}
	}
	led_view_end(view);
	led_close(led);
	if (rc != -ENOENT)
		code = ctl_fail(&ctl->out, NV_EXIT_FAILED, "%s", strerror(-rc));
	else
		show_list(ctl, list, true);
	json_decref(list);
	return code;
}

struct moved {
	json_t *list;
	uint64_t after;
};

static int
note_moved(void *arg, const struct led_segment *s)
{
	struct moved *m = arg;

	if (s->first > m->after)
		(void)json_array_append_new(m->list, segment_json(s));
	return 0;
}

static int
move(struct led *led, int64_t before, struct moved *moved, struct nv_err *err)
{
	struct led_retain r;
	struct led_view *view;
	int rc = led_view_begin(led, &view, err);

	if (rc == 0) {
		rc = led_view_segments(view, note_last, &moved->after);
		led_view_end(view);
	}
	if (rc == 0)
		rc = led_retain_open(&r, led);
	if (rc < 0)
		return rc;
	do {
		int64_t now = NV_MAX(nv_wall_ns(), led_last_time(led));

		rc = led_retain_step(&r, before, now, err);
	} while (rc == 1);
	led_retain_close(&r);
	if (rc == 0)
		rc = led_view_begin(led, &view, err);
	if (rc == 0) {
		rc = led_view_segments(view, note_moved, moved);
		led_view_end(view);
	}
	return rc;
}

int
ctl_verb_ledger_retain(struct ctl *ctl)
{
	struct led_options opt = {0};
	struct moved moved = {0};
	struct nv_err err = {0};
	char dir[CTL_LEDGER_DIR_BYTES];
	struct led *led;
	int64_t before = 0;
	int code = before_of(ctl, &before);

	if (code == NV_EXIT_OK && ctl_opt(&ctl->args, "dry-run"))
		return plan(ctl, before);
	if (code == NV_EXIT_OK)
		code = ctl_ledger_dir(ctl, dir);
	if (code == NV_EXIT_OK) /* never one that is made by this */
		code = ctl_ledger_there(ctl, dir);
	if (code != NV_EXIT_OK)
		return code;
	int rc = led_open(dir, &opt, &led, &err);

	if (rc == -EBUSY)
		return ctl_fail(&ctl->out, NV_EXIT_NO,
			"Nova runs: it moves old events by itself (ledger.retention in "
			"nova.yaml)");
	if (rc < 0)
		return ctl_fail(&ctl->out, NV_EXIT_FAILED, "%s: %s", dir,
			err.text[0] ? err.text : strerror(-rc));
	moved.list = ctl_need(json_array());
	ctl_progress(&ctl->out, "moving old events to segments");
	rc = move(led, before, &moved, &err);
	ctl_progress_end(&ctl->out);
	led_close(led);
	if (rc < 0)
		code = ctl_fail(&ctl->out, NV_EXIT_FAILED, "%s",
			err.text[0] ? err.text : strerror(-rc));
	else
		show_list(ctl, moved.list, false);
	json_decref(moved.list);
	return code;
}

int
ctl_verb_ledger_compact(struct ctl *ctl)
{
	char dir[CTL_LEDGER_DIR_BYTES];
	char size[2][NV_UNITS_BYTES];
	struct nv_err err = {0};
	uint64_t before = 0;
	uint64_t after = 0;
	int code = ctl_ledger_dir(ctl, dir);

	if (code != NV_EXIT_OK)
		return code;
	ctl_progress(&ctl->out, "writing %s anew", dir);
	int rc = led_compact(dir, ctl_ledger_problem, ctl, &before, &after, &err);

	ctl_progress_end(&ctl->out);
	if (rc < 0)
		return ctl_fail(&ctl->out,
			rc == -EBUSY || rc == -ENOENT || rc == -EBADMSG ? NV_EXIT_NO
									: NV_EXIT_FAILED,
			"%s", err.text[0] ? err.text : strerror(-rc));
	if (ctl->out.json)
		ctl_json(&ctl->out,
			ctl_need(json_pack("{s:I, s:I}", "bytes_before",
				(json_int_t)before, "bytes_after", (json_int_t)after)));
	else
		ctl_print(&ctl->out, CTL_GREEN, "%s is %s now, %s before\n", dir,
			nv_size_show(after, size[0]), nv_size_show(before, size[1]));
	return NV_EXIT_OK;
}
