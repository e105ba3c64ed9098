/* stop-everything, resume-everything: novasupd does it, with or without an engine. */
#include "nv_clock.h"
#include "nv_msg_brake.h"
#include "sup_client.h"
#include "value.h"
#include "verbs.h"
#include "workers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRIES_MAX         3
#define STOP_TIMEOUT_MS   60000
#define RESUME_TIMEOUT_MS 60000

/* Asked again when novasupd was replaced meanwhile: said twice it changes nothing. */
static int
ask(struct ctl *ctl, struct ctl_sup *sup, enum nv_brake_action action, const char *reason,
	char **ret_text, struct nv_err *err)
{
	struct nv_sup_brake m = {.action = (uint8_t)action};
	uint8_t body[sizeof(m) + 16];
	int code = ctl_sup_open(sup, &ctl->paths, err);

	(void)snprintf(m.reason, sizeof(m.reason), "%s", reason);
	for (int i = 0; code == NV_EXIT_OK && i < TRIES_MAX; i++) {
		struct nv_wr w;

		m.request_id = ++sup->last_id;
		nv_wr_init(&w, body, sizeof(body));
		(void)nv_sup_brake_encode(&w, &m); /* the error stays in w */
		code = ctl_sup_ask(sup, NV_MSG_SUP_BRAKE, m.request_id, &w, "",
			nv_mono_ms() + CTL_DEADLINE_MS, ret_text, err);
		if (!sup->gone)
			break;
		code = ctl_sup_again(sup) ? NV_EXIT_OK : code;
	}
	return code;
}

static int
wait_for(struct ctl_sup *sup, enum nv_wait_for what, int64_t timeout_ms,
	struct nv_err *err)
{
	struct nv_sup_request r = {
		.wait_for = (uint8_t)what, .timeout_ms = (uint32_t)timeout_ms};

	return ctl_sup_request(sup, NV_MSG_SUP_WAIT, &r,
		nv_mono_ms() + timeout_ms + CTL_DEADLINE_MS, NULL, err);
}

static int
take_reason(struct ctl *ctl, const char **ret)
{
	*ret = ctl_opt(&ctl->args, "reason");
	if (*ret && **ret && strlen(*ret) < NV_BRAKE_REASON_BYTES)
		return NV_EXIT_OK;
	return ctl_fail(&ctl->out, NV_EXIT_USAGE,
		"--reason is needed: why, in 1 to %d bytes; the ledger keeps it",
		NV_BRAKE_REASON_BYTES - 1);
}

static void
show(struct ctl *ctl, bool stopped, const char *text, int64_t told_ms, int64_t done_ms)
{
	if (ctl->out.json)
		ctl_json(&ctl->out,
			ctl_need(json_pack("{s:b, s:b, s:o, s:f, s:f}", "ok", true,
				"stopped", stopped, "text", ctl_json_str(text),
				"answered_s", (double)told_ms / 1000, "settled_s",
				(double)done_ms / 1000)));
	else
		ctl_print(&ctl->out, CTL_PLAIN, "%s (%lld ms); %s after %lld ms\n", text,
			(long long)told_ms,
			stopped ? "no process of theirs is left" : "settled",
			(long long)done_ms);
}

static int
change(struct ctl *ctl, enum nv_brake_action action, enum nv_wait_for what,
	int64_t patience_ms)
{
	struct ctl_sup sup = {.fd = -1};
	struct nv_err err = {0};
	char *text = NULL;
	const char *reason;
	int64_t timeout_ms;

	if (take_reason(ctl, &reason) != NV_EXIT_OK ||
		ctl_timeout(ctl, patience_ms, &timeout_ms) < 0)
		return NV_EXIT_USAGE;
	int64_t began_ms = nv_mono_ms();
	int code = ask(ctl, &sup, action, reason, &text, &err);
	int64_t told_ms = nv_mono_ms() - began_ms;

	if (code == NV_EXIT_OK) {
		ctl_progress(&ctl->out, "%s", text);
		code = wait_for(&sup, what, timeout_ms, &err);
	}
	if (code == NV_EXIT_OK)
		show(ctl, what == NV_WAIT_STOPPED, text, told_ms,
			nv_mono_ms() - began_ms);
	else
		(void)ctl_fail_err(&ctl->out, code, &err);
	free(text);
	ctl_sup_close(&sup);
	return code;
}

int
ctl_verb_stop_everything(struct ctl *ctl)
{
	return change(ctl, ctl_opt(&ctl->args, "now") ? NV_BRAKE_STOP_NOW : NV_BRAKE_STOP,
		NV_WAIT_STOPPED, STOP_TIMEOUT_MS);
}

int
ctl_verb_resume_everything(struct ctl *ctl)
{
	return change(ctl, NV_BRAKE_RESUME, NV_WAIT_SETTLED, RESUME_TIMEOUT_MS);
}
