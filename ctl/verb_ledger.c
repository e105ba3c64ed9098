/* ledger stats, and opening the ledger: straight from the files, whether or not anything
 * runs. */
#include "ledger_open.h"
#include "nv_restore.h"
#include "paths.h"
#include "retain.h"
#include "value.h"
#include "verbs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int
ctl_ledger_dir(struct ctl *ctl, char dir[CTL_LEDGER_DIR_BYTES])
{
	int code = ctl_paths_need(ctl, CTL_PLACE_STATE_DIR);

	(void)snprintf(dir, CTL_LEDGER_DIR_BYTES, "%s/ledger", ctl->paths.state_dir);
	return code;
}

const char *
ctl_restore_begun(const struct ctl *ctl)
{
	char ready[CTL_LEDGER_DIR_BYTES + 16];

	(void)snprintf(
		ready, sizeof(ready), "%s/" NV_RESTORE_READY, ctl->paths.state_dir);
	return access(ready, F_OK) == 0
		       ? "a restore was interrupted here; novasupd finishes it when it "
			 "is started, and so does `novactl restore`"
		       : NULL;
}

int
ctl_ledger_missing(struct ctl *ctl, const char *dir, int error)
{
	const char *begun = error == ENOENT ? ctl_restore_begun(ctl) : NULL;

	if (begun || error != ENOENT)
		return ctl_fail(&ctl->out, NV_EXIT_FAILED, "%s: %s", dir,
			begun ? begun : strerror(error));
	return ctl_fail(&ctl->out, NV_EXIT_NO, "%s: there is no ledger yet", dir);
}

int
ctl_ledger_there(struct ctl *ctl, const char *dir)
{
	char path[CTL_LEDGER_DIR_BYTES + 16];

	(void)snprintf(path, sizeof(path), "%s/ledger.mdb", dir);
	return access(path, F_OK) == 0 ? NV_EXIT_OK : ctl_ledger_missing(ctl, dir, errno);
}

void
ctl_ledger_problem(void *arg, const char *problem)
{
	struct ctl *ctl = arg;

	if (!ctl->out.json)
		ctl_print(&ctl->out, CTL_RED, "%s\n", problem);
}

/* Open read-only; an error is printed and its exit code returned. */
int
ctl_ledger_open(struct ctl *ctl, struct led **ret_led, struct led_view **ret_view)
{
	static const struct led_options options = {.read_only = true};
	char dir[CTL_LEDGER_DIR_BYTES];
	struct nv_err err = {0};

	int code = ctl_ledger_dir(ctl, dir);

	if (code != NV_EXIT_OK)
		return code;
	int rc = led_open(dir, &options, ret_led, &err);

	if (rc == -ENOENT)
		return ctl_ledger_missing(ctl, dir, ENOENT);
	if (rc < 0)
		return ctl_fail(&ctl->out, NV_EXIT_FAILED, "%s: %s", dir,
			err.text[0] ? err.text : strerror(-rc));
	rc = led_view_begin(*ret_led, ret_view, &err);
	if (rc < 0) {
		led_close(*ret_led);
		return ctl_fail(&ctl->out, NV_EXIT_FAILED, "%s: %s", dir,
			err.text[0] ? err.text : strerror(-rc));
	}
	return NV_EXIT_OK;
}

struct segments {
	uint64_t n;
	uint64_t events;
	uint64_t bytes;
};

static int
add_segment(void *arg, const struct led_segment *s)
{
	struct segments *all = arg;

	all->n++;
	all->events += s->last - s->first + 1;
	all->bytes += s->bytes;
	return 0;
}

static json_t *
stats_json(const struct led_stats *s)
{
	char hash[2 * sizeof(s->head_hash) + 1];

	for (size_t i = 0; i < sizeof(s->head_hash); i++)
		(void)snprintf(hash + 2 * i, 3, "%02x", s->head_hash[i]);
	return ctl_need(json_pack("{s:I, s:I, s:I, s:I, s:I, s:s, s:I}", "events",
		(json_int_t)s->events, "quarantined", (json_int_t)s->quarantined,
		"streams", (json_int_t)s->streams, "duplicates_refused",
		(json_int_t)s->duplicates_refused, "batches", (json_int_t)s->batches,
		"head_hash", hash, "bytes", (json_int_t)s->bytes));
}

int
ctl_verb_ledger_stats(struct ctl *ctl)
{
	static const char *const counts[] = {
		"events", "quarantined", "streams", "duplicates_refused", "batches"};
	struct led *led = NULL;
	struct led_view *view = NULL;
	struct led_stats stats;
	struct segments segments = {0};
	char text[CTL_VALUE_BYTES + NV_UNITS_BYTES];
	int code = ctl_ledger_open(ctl, &led, &view);

	if (code != NV_EXIT_OK)
		return code;
	int rc = led_view_stats(view, &stats);

	if (rc == 0)
		rc = led_view_segments(view, add_segment, &segments);
	led_view_end(view);
	led_close(led);
	if (rc < 0)
		return ctl_fail(&ctl->out, NV_EXIT_FAILED, "%s", strerror(-rc));
	json_t *data = stats_json(&stats);

	(void)json_object_set_new(data, "segments",
		ctl_need(json_pack("{s:I, s:I, s:I}", "files", (json_int_t)segments.n,
			"events", (json_int_t)segments.events, "bytes",
			(json_int_t)segments.bytes)));

	if (ctl->out.json) {
		ctl_json(&ctl->out, data);
		return NV_EXIT_OK;
	}
	char buf[CTL_VALUE_BYTES];
	char size[NV_UNITS_BYTES];

	for (size_t i = 0; i < NV_LEN(counts); i++) {
		NV_CLEANUP_FREE char *label = ctl_copy(counts[i]);
		char *low = strchr(label, '_');

		if (low)
			*low = ' ';
		ctl_field(&ctl->out, label, ctl_count(data, counts[i], buf));
	}
	ctl_field(&ctl->out, "size", nv_size_show(stats.bytes, size));
	if (segments.n > 0) {
		(void)snprintf(text, sizeof(text), "%llu events in %llu files, %s",
			(unsigned long long)segments.events,
			(unsigned long long)segments.n,
			nv_size_show(segments.bytes, size));
		ctl_field(&ctl->out, "segments", text);
	}
	ctl_field(&ctl->out, "head hash", ctl_str(data, "head_hash"));
	json_decref(data);
	return NV_EXIT_OK;
}
