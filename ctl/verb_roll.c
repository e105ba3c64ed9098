/* workers restart --rolling: novasupd does it, this asks for it and shows how it goes. */
#include "nv_clock.h"
#include "nv_units.h"
#include "sup_client.h"
#include "value.h"
#include "verbs.h"
#include "workers.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#define POLL_MS         200
#define ROLL_TIMEOUT_MS 3600000

/* -1 when it is not given. */
static int
number(struct ctl *ctl, const char *name, int64_t min, int64_t *ret)
{
	struct nv_err err = {0};

	if (ctl_opt_number(&ctl->args, name, min, 10000, -1, ret, &err) < 0)
		return ctl_fail_err(&ctl->out, NV_EXIT_USAGE, &err);
	return NV_EXIT_OK;
}

static int
take_options(struct ctl *ctl, struct nv_sup_roll *m)
{
	const char *pause = ctl_opt(&ctl->args, "pause");
	struct nv_err err = {0};
	int code = number(ctl, "surge", 0, &m->surge);

	m->pause_ms = -1;
	if (code == NV_EXIT_OK)
		code = number(ctl, "max-unavailable", 0, &m->max_unavailable);
	if (code == NV_EXIT_OK)
		code = number(ctl, "abort-after", 1, &m->abort_after);
	if (code == NV_EXIT_OK && pause &&
		nv_duration_parse(pause, &m->pause_ms, &err) < 0)
		code = ctl_fail(&ctl->out, NV_EXIT_USAGE, "--pause: %s", err.text);
	return code;
}

/* One that is under way, or how it ended: NULL when it is not the one with this id. */
static int
look(struct ctl_sup *sup, const char *worker, struct nv_ctl_roll *ret, struct nv_err *err)
{
	struct nv_fleet fleet = {0};
	int code = ctl_sup_status(sup, worker, &fleet, err);
	const struct nv_ctl_roll *found =
		code == NV_EXIT_OK ? nv_fleet_roll(&fleet, worker) : NULL;

	if (code == NV_EXIT_OK && found)
		*ret = *found;
	else if (code == NV_EXIT_OK)
		code = nv_err_set(err, NV_EXIT_FAILED,
			"novasupd knows nothing of a rolling restart of %s", worker);
	nv_fleet_clear(&fleet);
	return code;
}

static bool
is_over(const struct nv_ctl_roll *roll)
{
	return strcmp(roll->phase, "done") == 0 || strcmp(roll->phase, "aborted") == 0;
}

static int
follow(struct ctl *ctl, struct ctl_sup *sup, const char *worker, struct nv_ctl_roll *roll,
	struct nv_err *err)
{
	int64_t timeout_ms;

	if (ctl_timeout(ctl, ROLL_TIMEOUT_MS, &timeout_ms) < 0)
		return NV_EXIT_USAGE;
	int64_t deadline_ms = nv_mono_ms() + timeout_ms;
	int code = look(sup, worker, roll, err);

	while (code == NV_EXIT_OK && !is_over(roll)) {
		if (nv_mono_ms() >= deadline_ms)
			return nv_err_set(err, NV_EXIT_FAILED,
				"%s: not over yet, and it goes on: %s", worker,
				roll->text);
		ctl_progress(&ctl->out, "%s: %s", worker, roll->text);
		(void)poll(NULL, 0, POLL_MS);
		code = look(sup, worker, roll, err);
	}
	if (code == NV_EXIT_OK && strcmp(roll->phase, "done") != 0)
		code = nv_err_set(err, NV_EXIT_NO, "%s: %s", worker, roll->text);
	return code;
}

static void
show(struct ctl *ctl, const struct nv_ctl_roll *roll, int code, const char *text)
{
	if (ctl->out.json)
		ctl_json(&ctl->out,
			ctl_need(json_pack("{s:b, s:o, s:s, s:I, s:I, s:I, s:o}", "ok",
				code == NV_EXIT_OK, "worker", ctl_json_str(roll->worker),
				"phase", roll->phase, "done", (json_int_t)roll->done,
				"total", (json_int_t)roll->total, "failures",
				(json_int_t)roll->failures, "text", ctl_json_str(text))));
	else
		ctl_print(&ctl->out, CTL_PLAIN, "%s: %s\n", roll->worker, text);
}

int
ctl_rolling(struct ctl *ctl)
{
	bool abort = ctl_opt(&ctl->args, "abort");
	struct nv_sup_roll request = {.action = abort ? NV_ROLL_ABORT : NV_ROLL_START};
	struct nv_ctl_roll roll = {.phase = ""};
	struct nv_err err = {0};
	struct ctl_sup sup;
	const char *worker = ctl->args.n_words == 1 ? ctl->args.words[0] : NULL;

	if (!worker)
		return ctl_fail(&ctl->out, NV_EXIT_USAGE,
			"--%s takes the name of one worker", abort ? "abort" : "rolling");
	if (strlen(worker) >= sizeof(request.worker))
		return ctl_fail(&ctl->out, NV_EXIT_USAGE, "the name is too long");
	(void)snprintf(request.worker, sizeof(request.worker), "%s", worker);
	(void)snprintf(roll.worker, sizeof(roll.worker), "%s", worker);
	int code = take_options(ctl, &request);

	if (code != NV_EXIT_OK)
		return code;
	code = ctl_sup_open(&sup, &ctl->paths, &err);
	if (code == NV_EXIT_OK)
		code = ctl_sup_roll(&sup, &request, nv_mono_ms() + CTL_DEADLINE_MS, &err);
	bool begun = code == NV_EXIT_OK;

	if (begun && !abort)
		code = follow(ctl, &sup, worker, &roll, &err);
	ctl_sup_close(&sup);
	if (begun && roll.phase[0] && ctl->out.json)
		show(ctl, &roll, code, roll.text);
	else if (code != NV_EXIT_OK)
		return ctl_fail_err(&ctl->out, code, &err);
	else
		show(ctl, &roll, code, abort ? err.text : roll.text);
	return code;
}
