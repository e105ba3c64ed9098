/* health: is Nova itself well? What a container's health check, a probe of Kubernetes and
 * a script that has started it ask. It is not about workers: a worker that crashes is
 * Nova's work, and no reason to restart Nova. Quick, and quick to give up: who hangs has
 * LOOK_MS to answer, so that a health check ends before it is ended. */
#include "engine_client.h"
#include "nv_clock.h"
#include "nv_units.h"
#include "sup_client.h"
#include "value.h"
#include "verbs.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LOOK_MS 5000
#define NAP_MS  50

struct health {
	struct ctl *ctl;
	bool live;             /* it is enough that novasupd answers */
	int code;              /* enum nv_exit: OK, NO or UNREACHABLE */
	json_t *reasons;       /* owned; sentences, empty when all is well */
	struct nv_fleet fleet; /* all zero when novasupd has not answered */
	json_t *engine;        /* owned; its answer to a ping, or NULL */
};

static void
health_fini(struct health *h)
{
	json_decref(h->reasons);
	json_decref(h->engine);
	nv_fleet_clear(&h->fleet);
}

static void because(struct health *h, const char *fmt, ...) NV_PRINTF(2, 3);

static void
because(struct health *h, const char *fmt, ...)
{
	char text[900];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap); /* cut is fine */
	va_end(ap);
	if (h->code == NV_EXIT_OK)
		h->code = NV_EXIT_NO;
	(void)json_array_append_new(h->reasons, ctl_need(ctl_json_str(text)));
}

/* The engine is judged with novasupd's word on it, and by an answer of its own. */
static void
judge_processes(struct health *h)
{
	for (size_t i = 0; i < h->fleet.n_procs; i++) {
		const struct nv_ctl_proc *p = &h->fleet.procs[i];

		if (strcmp(p->state, "up") == 0 || strcmp(p->state, "running") == 0 ||
			strcmp(p->name, "nova-engine") == 0)
			continue;
		because(h, "%s is not up: %s%s%s", p->name, p->state,
			p->last_exit[0] ? ", the last one ended with " : "",
			p->last_exit);
	}
}

static void
judge_fleet(struct health *h)
{
	const struct nv_ctl_nova *nova = &h->fleet.nova;

	if (nova->stopping)
		because(h, "Nova is stopping");
	else if (!nova->ready)
		because(h, "Nova is not ready: the engine is %s%s%s", nova->engine_state,
			nova->engine_reason[0] ? ": " : "", nova->engine_reason);
	judge_processes(h);
}

/* False when there is no fleet to be well. */
static bool
look_at_novasupd(struct health *h)
{
	struct ctl_sup sup;
	struct nv_err err = {0};
	int code = ctl_sup_open_within(&sup, &h->ctl->paths, LOOK_MS, &err);

	if (code != NV_EXIT_OK) {
		because(h, "%s", err.text);
		h->code = code;
		return false;
	}
	code = ctl_sup_status_ask(&sup, "", true, &err);
	if (code == NV_EXIT_OK)
		code = ctl_sup_status_take(&sup, &h->fleet, &err);
	if (code != NV_EXIT_OK)
		because(h, "%s", err.text);
	else if (!h->live)
		judge_fleet(h);
	ctl_sup_close(&sup);
	return true;
}

static void
look_at_engine(struct health *h, int64_t deadline_ms)
{
	struct ctl_engine engine;
	struct nv_err err = {0};
	int code = ctl_engine_open_within(
		&engine, h->ctl, "engine.sock", "nova-engine", LOOK_MS, &err);

	if (code == NV_EXIT_OK)
		code = ctl_engine_send(&engine, "ping", NULL, &err);
	if (code == NV_EXIT_OK)
		code = ctl_engine_recv(&engine, deadline_ms, &h->engine, &err);
	/* Why there is none has been said by novasupd, where it knows. */
	if (code != NV_EXIT_OK && (h->fleet.nova.ready || h->fleet.nova.pid == 0))
		because(h, "%s", err.text);
	ctl_engine_close(&engine);
}

static void
look(struct health *h)
{
	int64_t deadline_ms = nv_mono_ms() + LOOK_MS;

	health_fini(h);
	*h = (struct health){
		.ctl = h->ctl, .live = h->live, .reasons = ctl_need(json_array())};
	if (look_at_novasupd(h) && !h->live)
		look_at_engine(h, deadline_ms);
}

static void
look_until_well(struct health *h, int64_t wait_ms)
{
	int64_t deadline_ms = nv_mono_ms() + wait_ms;

	for (;;) {
		look(h);
		if (h->code == NV_EXIT_OK || nv_mono_ms() >= deadline_ms)
			break;
		ctl_progress(&h->ctl->out, "waiting: %s",
			json_string_value(json_array_get(h->reasons, 0)));
		(void)poll(NULL, 0, NAP_MS);
	}
	ctl_progress_end(&h->ctl->out);
}

static json_t *
health_json(const struct health *h)
{
	const struct nv_ctl_nova *nova = &h->fleet.nova;
	json_t *object = ctl_need(json_pack("{s:b, s:O}", h->live ? "alive" : "healthy",
		h->code == NV_EXIT_OK, "reasons", h->reasons));

	(void)json_object_set_new(object, "nova",
		nova->pid ? ctl_need(nv_fleet_nova_json(&h->fleet)) : json_null());
	(void)json_object_set_new(
		object, "engine", h->engine ? json_incref(h->engine) : json_null());
	return object;
}

static void
health_text(const struct health *h)
{
	const struct nv_ctl_nova *nova = &h->fleet.nova;
	char span[NV_UNITS_BYTES];
	size_t i;
	json_t *reason;

	if (h->code == NV_EXIT_OK)
		ctl_print(&h->ctl->out, CTL_GREEN, "%s: Nova %s, pid %d, up %s%s%s\n",
			h->live ? "alive" : "healthy", nova->version, nova->pid,
			nv_duration_show((int64_t)nova->uptime_ms, span),
			nova->brake[0] ? "; " : "", nova->brake);
	json_array_foreach(h->reasons, i, reason)
	{
		ctl_print(&h->ctl->out, CTL_RED, "%s\n", json_string_value(reason));
	}
}

int
ctl_verb_health(struct ctl *ctl)
{
	struct health h = {.ctl = ctl, .live = ctl_opt(&ctl->args, "live") != NULL};
	const char *text = ctl_opt(&ctl->args, "wait");
	struct nv_err err = {0};
	int64_t wait_ms = 0;

	if (text && nv_duration_parse(text, &wait_ms, &err) < 0)
		return ctl_fail(&ctl->out, NV_EXIT_USAGE, "--wait: %s", err.text);
	look_until_well(&h, wait_ms);
	int code = h.code;

	if (ctl->out.json)
		ctl_json(&ctl->out, health_json(&h));
	else
		health_text(&h);
	health_fini(&h);
	return code;
}
