/* The ledger as a whole: its size and head, and its verification, which reads every event
 * and may take minutes: one at a time, its last outcome kept in STATE_DIR/gateway. */
#include "api_ask.h"
#include "child.h"
#include "gateway.h"
#include "nv_clock.h"
#include "nv_fd.h"
#include "nv_log.h"
#include "query.h"
#include "reply.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_BYTES_MAX ((size_t)4 << 20)
#define FILE_BYTES_MAX   ((size_t)4 << 20)
#define STATS_MS         1000

struct gw_verify {
	char path[NV_PATH_MAX + 32];
	struct gw_child *child; /* under way */
	json_t *last;           /* owned: as it is shown */
};

/* ---- what is known of the last one ---- */

static void
save(const struct gw_verify *v)
{
	NV_CLEANUP_FREE char *line = nv_json_line(v->last);
	int rc = line ? nv_write_file_atomic(v->path, line, strlen(line), 0600) : -ENOMEM;

	if (rc < 0)
		nv_warn("%s cannot be written: %s; the outcome is kept until the gateway "
			"ends",
			v->path, strerror(-rc));
}

/* State, when, by whom; the outcome's keys are added. False: no memory. */
static bool
set_last(struct gw_verify *v, const char *state, json_t *more)
{
	json_t *o = json_pack("{s:s, s:o, s:o, s:o}", "state", state, "started",
		nv_json_time(nv_wall_ns()), "ended", json_null(), "by", json_null());
	json_t *started = json_incref(json_object_get(v->last, "started"));
	json_t *by = json_incref(json_object_get(v->last, "by"));
	bool ended = strcmp(state, "running") != 0;
	int bad = o ? 0 : -1;

	if (ended && started)
		bad |= json_object_set(o, "started", started);
	if (ended && by)
		bad |= json_object_set(o, "by", by);
	if (ended)
		bad |= json_object_set_new(o, "ended", nv_json_time(nv_wall_ns()));
	bad |= more ? json_object_update(o, more) : -1;
	json_decref(more);
	json_decref(started);
	json_decref(by);
	if (bad) {
		json_decref(o);
		return false;
	}
	json_decref(v->last);
	v->last = o;
	save(v);
	return true;
}

int
gw_verify_open(struct gw *gw)
{
	struct gw_verify *v = calloc(1, sizeof(*v));
	NV_CLEANUP_FREE char *text = NULL;
	size_t bytes = 0;

	if (!v)
		return -ENOMEM;
	gw->verify = v;
	(void)snprintf(
		v->path, sizeof(v->path), "%s/gateway/verify.json", gw->paths->state_dir);
	if (nv_read_file_at(AT_FDCWD, v->path, FILE_BYTES_MAX, &text, &bytes) == 0)
		v->last = json_loadb(text, bytes, 0, NULL);
	if (!json_is_object(v->last)) {
		json_decref(v->last);
		v->last = NULL;
	}
	/* One that was under way when the process died is not any more. */
	const char *state = json_string_value(json_object_get(v->last, "state"));

	if (state && strcmp(state, "running") == 0)
		(void)set_last(v, "failed",
			json_pack("{s:s}", "error", "the gateway ended meanwhile"));
	return 0;
}

void
gw_verify_close(struct gw *gw)
{
	if (!gw->verify)
		return;
	gw_child_cancel(gw->verify->child);
	json_decref(gw->verify->last);
	free(gw->verify);
	gw->verify = NULL;
}

static json_t *
show(const struct gw_verify *v)
{
	return v->last ? json_incref(v->last) : json_pack("{s:s}", "state", "never");
}

json_t *
gw_verify_json(const struct gw *gw)
{
	return show(gw->verify);
}

/* ---- POST /ledger/verify ---- */

/* `novactl ledger verify` ends with 1 and a list when it has found something. */
static void
on_done(void *arg, const struct nv_program_end *end)
{
	struct gw_verify *v = arg;
	char error[600];
	json_t *answer = gw_child_answer(end, error, sizeof(error));
	bool done = json_is_boolean(json_object_get(answer, "ok"));

	v->child = NULL;
	if (done)
		(void)set_last(v, "done", json_incref(answer));
	else
		(void)set_last(
			v, "failed", json_pack("{s:o}", "error", nv_json_str(error)));
	nv_info("ledger verify: %s", !done ? error
				     : json_is_true(json_object_get(answer, "ok"))
					     ? "everything agrees"
					     : "problems were found");
	json_decref(answer);
}

void
gw_api_verify(struct gw_call *call)
{
	static const char *const keys[] = {NULL};
	static const char *const words[] = {"ledger", "verify", "--json", NULL};
	struct gw *gw = call->arg;
	struct gw_verify *v = gw->verify;
	const struct gw_child_spec spec = {.kind = GW_CHILD_VERIFY,
		.words = words,
		.bytes_max = ANSWER_BYTES_MAX,
		.done = on_done,
		.arg = v};
	json_t *body;

	if (gw_query_none(call) < 0 || gw_body_json(call, keys, &body) < 0)
		return;
	json_decref(body);
	if (v->child) {
		gw_answer_error(call, 409, "the ledger is being verified already");
		return;
	}
	int rc = gw_child_start(gw, &spec, &v->child);

	if (rc < 0) {
		gw_answer_busy(call, rc);
		return;
	}
	nv_info("ledger verify, asked for by %s (%s) at %s", call->who.name,
		gw_role_name(call->who.role), call->peer);
	(void)set_last(v, "running", json_pack("{s:s}", "by", call->who.name));
	gw_answer_json(call, 202, json_pack("{s:o}", "verify", show(v)));
}

/* ---- GET /ledger ---- */

struct asking {
	struct gw *gw;
	struct gw_call *call;
	struct gw_ask *ask;
};

static void
on_gone(struct gw_call *call)
{
	struct asking *a = call->own;

	gw_ask_cancel(a->ask);
	free(a);
}

/* Without an engine the last verification is known all the same. */
static void
on_told(void *arg, const struct gw_told *told)
{
	struct asking *a = arg;
	struct gw_call *call = a->call;
	json_t *body = json_pack("{s:o, s:o, s:o, s:o}", "as_of",
		nv_json_time(told->data ? told->as_of_ns : nv_wall_ns()), "stats",
		told->data ? json_incref(told->data) : json_null(), "verify",
		show(a->gw->verify), "warnings", json_array());

	call->gone = NULL;
	free(a);
	if (body && !told->data &&
		json_array_append_new(json_object_get(body, "warnings"),
			nv_json_str(told->error)) < 0) {
		json_decref(body);
		body = NULL;
	}
	gw_answer_json(call, 200, body);
}

void
gw_api_ledger(struct gw_call *call)
{
	struct asking *a;

	if (gw_query_none(call) < 0)
		return;
	a = calloc(1, sizeof(*a));
	if (a) {
		*a = (struct asking){.gw = call->arg, .call = call};
		call->own = a;
		call->gone = on_gone;
	}
	if (a && gw_ask_verb(call->arg, "ledger.stats", NULL, STATS_MS, on_told, a,
			 &a->ask) == 0)
		return;
	call->gone = NULL;
	free(a);
	gw_answer_error(call, 500, "no memory");
}
