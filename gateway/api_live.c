/* GET /api/v1/overview, status, groups and workers: see api_live.h. A request waits for a
 * picture that is not older than a few seconds, then is answered from it. */
#include "api_live.h"

#include "ask.h"
#include "gateway.h"
#include "live.h"
#include "live_show.h"
#include "nv_clock.h"
#include "query.h"
#include "reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BODY_BYTES_MAX ((size_t)15 << 20) /* of all workers: what one answer may have */
#define ENGINE_TTL_MS  1000
#define JSON           "application/json"

/* A request that waits: for the picture, then perhaps for the engine. */
struct look {
	struct gw_call *call;
	struct gw *gw;
	void (*show)(struct look *look); /* answers it, or asks the engine first */
	struct gw_live_wait *wait;
	struct gw_ask *ask;
	gw_ask_fn *told;   /* who shows it */
	ev_timer patience; /* with the engine */
};

static void
look_free(struct look *look)
{
	gw_live_wait_cancel(look->wait);
	gw_ask_cancel(look->ask);
	ev_timer_stop(look->gw->loop, &look->patience);
	free(look);
}

static void
on_gone(struct gw_call *call)
{
	look_free(call->own);
}

static void
on_picture(void *arg, const char *why)
{
	struct look *look = arg;
	struct gw_call *call = look->call;

	look->wait = NULL;
	if (!why) {
		look->show(look);
		return;
	}
	look_free(look);
	gw_answer_code(call, NV_EXIT_UNREACHABLE, false, why);
}

/* What the engine knows is missing in the answer then, which says so. */
static void
on_impatient(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct look *look = timer->data;
	const struct gw_told told = {.code = NV_EXIT_UNREACHABLE,
		.text = "",
		.error = "nova-engine has not answered for 3 s"};

	(void)loop;
	(void)revents;
	gw_ask_cancel(look->ask);
	look->told(look, &told);
}

static void
begin(struct gw_call *call, void (*show)(struct look *look))
{
	struct look *look;

	if (gw_query_none(call) < 0)
		return;
	look = calloc(1, sizeof(*look));
	if (!look) {
		gw_answer_error(call, 500, "no memory");
		return;
	}
	*look = (struct look){.call = call, .gw = call->arg, .show = show};
	ev_init(&look->patience, on_impatient);
	look->patience.data = look;
	call->own = look;
	call->gone = on_gone;
	struct gw_live_wait *wait = NULL;

	/* It may have been answered in here: look is gone then, and wait is NULL. */
	if (gw_live_wait(look->gw, on_picture, look, &wait) < 0) {
		look_free(look);
		gw_answer_error(call, 500, "no memory");
	} else if (wait) {
		look->wait = wait;
	}
}

/* ---- answers ---- */

static void
answer_json(struct look *look, json_t *body)
{
	struct gw_call *call = look->call;

	look_free(look);
	gw_answer_json(call, 200, body);
}

static void
answer_error(struct look *look, int status, const char *text)
{
	struct gw_call *call = look->call;

	look_free(look);
	gw_answer_error(call, status, text);
}

static void
answer_buf(struct look *look, struct nv_buf *buf)
{
	struct gw_call *call = look->call;

	look_free(look);
	if (buf->error)
		gw_answer_error(call, 500, "the answer is too large");
	else
		gw_answer(call, 200, JSON, buf->data, buf->bytes);
	nv_buf_fini(buf);
}

/* "as_of":"..." of the picture, and what else says how good it is. */
static void
put_quality(struct nv_buf *buf, const struct gw_picture *p)
{
	char time[NV_RFC3339_BYTES];
	NV_CLEANUP_FREE char *warnings = p->warnings ? nv_json_line(p->warnings) : NULL;

	nv_buf_printf(buf, "\"as_of\":\"%s\",", nv_rfc3339(p->as_of_ns, time));
	if (p->sparks_as_of_ns)
		nv_buf_printf(buf, "\"spark_as_of\":\"%s\",",
			nv_rfc3339(p->sparks_as_of_ns, time));
	else
		nv_buf_puts(buf, "\"spark_as_of\":null,");
	nv_buf_printf(buf, "\"warnings\":%s", warnings ? warnings : "[]");
}

static void
show_overview(struct look *look)
{
	struct gw_call *call = look->call;
	struct gw_picture p;

	gw_live_picture(look->gw, &p);
	look_free(look);
	gw_answer(call, 200, JSON, p.overview, p.overview_bytes);
}

static void
show_workers(struct look *look)
{
	struct gw_picture p;
	struct nv_buf buf;
	bool first = true;

	gw_live_picture(look->gw, &p);
	nv_buf_init(&buf, BODY_BYTES_MAX);
	nv_buf_puts(&buf, "{");
	put_quality(&buf, &p);
	nv_buf_puts(&buf, ",\"workers\":[");
	for (size_t i = 0; i < p.n_rows; i++) {
		if (!p.rows[i].text)
			continue;
		if (!first)
			nv_buf_puts(&buf, ",");
		nv_buf_add(&buf, p.rows[i].text, p.rows[i].bytes);
		first = false;
	}
	nv_buf_puts(&buf, "]}");
	answer_buf(look, &buf);
}

static void
show_groups(struct look *look)
{
	struct gw_picture p;
	bool missing;

	gw_live_picture(look->gw, &p);
	answer_json(look, gw_live_groups(&p, NULL, &missing));
}

static void
show_group(struct look *look)
{
	struct gw_picture p;
	bool missing;

	gw_live_picture(look->gw, &p);
	json_t *body = gw_live_groups(&p, look->call->params[0], &missing);

	if (missing)
		answer_error(look, 404, "there is no group of this name with a worker");
	else
		answer_json(look, body);
}

static void
show_instances(struct look *look)
{
	const struct gw_row *row = gw_live_row(look->gw, look->call->params[0]);
	struct gw_picture p;
	json_t *instances = row ? json_object_get(row->json, "instances") : NULL;

	gw_live_picture(look->gw, &p);
	if (!row)
		answer_error(look, 404, "there is no worker of this name");
	else
		answer_json(
			look, json_pack("{s:o, s:s, s:O, s:O}", "as_of",
				      nv_json_time(p.as_of_ns), "worker", row->worker,
				      "instances", instances, "warnings", p.warnings));
}

/* ---- with a word of the engine ---- */

/* An engine that is away is null in the answer; another refusal is the answer. */
static bool
refused(struct look *look, const struct gw_told *told)
{
	struct gw_call *call = look->call;

	if (told->code == NV_EXIT_OK || told->code == NV_EXIT_UNREACHABLE)
		return false;
	look_free(look);
	gw_ask_refuse(call, told, true);
	return true;
}

/* Those of the picture, and that the engine has not said its word. A new reference. */
static json_t *
warnings_with(const struct gw_picture *p, const struct gw_told *told, const char *missing)
{
	json_t *list = json_copy((json_t *)(uintptr_t)p->warnings);
	char text[500];

	if (told->code != NV_EXIT_UNREACHABLE)
		return list;
	(void)snprintf(text, sizeof(text), "%.300s: %s",
		told->error[0] ? told->error : "nova-engine does not answer", missing);
	if (list && json_array_append_new(list, nv_json_str(text)) == 0)
		return list;
	json_decref(list);
	return NULL;
}

static void
ask(struct look *look, const char *verb, json_t *args, gw_ask_fn *done)
{
	look->told = done;
	ev_timer_set(&look->patience, (double)GW_LIVE_HALF_MS / 1000, 0);
	ev_timer_start(look->gw->loop, &look->patience);
	if (gw_ask_verb(look->gw, verb, args, ENGINE_TTL_MS, done, look, &look->ask) < 0)
		answer_error(look, 500, "no memory");
}

static void
on_summary(void *arg, const struct gw_told *told)
{
	struct look *look = arg;
	struct gw_picture p;

	look->ask = NULL;
	if (refused(look, told))
		return;
	gw_live_picture(look->gw, &p);
	if (told->data)
		p.as_of_ns = NV_MIN(p.as_of_ns, told->as_of_ns);
	json_t *warnings = warnings_with(&p, told, "figures of the fleet are missing");

	p.warnings = warnings;
	answer_json(look, gw_live_status(&p, told->data));
	json_decref(warnings);
}

static void
show_status(struct look *look)
{
	ask(look, "summary", NULL, on_summary);
}

static void
on_agent(void *arg, const struct gw_told *told)
{
	struct look *look = arg;
	struct gw_picture p;
	const struct gw_row *row = gw_live_row(look->gw, look->call->params[0]);

	look->ask = NULL;
	if (!row) {
		answer_error(look, 404, "there is no worker of this name");
		return;
	}
	/* One that the engine does not know yet has a row all the same. */
	if (told->code != NV_EXIT_NO && refused(look, told))
		return;
	gw_live_picture(look->gw, &p);
	if (told->data)
		p.as_of_ns = NV_MIN(p.as_of_ns, told->as_of_ns);
	json_t *agent = json_object_get(told->data, "agent");
	json_t *body = json_copy(row->json);
	int bad = json_object_set_new(body, "as_of", nv_json_time(p.as_of_ns));

	bad |= json_object_set_new(
		body, "agent", agent ? json_incref(agent) : json_null());
	bad |= json_object_set_new(body, "warnings",
		warnings_with(&p, told, "what it knows of this worker is missing"));
	if (bad) {
		json_decref(body);
		body = NULL;
	}
	answer_json(look, body);
}

static void
show_worker(struct look *look)
{
	const char *name = look->call->params[0];

	if (!gw_live_row(look->gw, name))
		answer_error(look, 404, "there is no worker of this name");
	else
		ask(look, "agent", json_pack("{s:s}", "worker", name), on_agent);
}

/* ---- routes ---- */

void
gw_api_overview(struct gw_call *call)
{
	begin(call, show_overview);
}

void
gw_api_status(struct gw_call *call)
{
	begin(call, show_status);
}

void
gw_api_groups(struct gw_call *call)
{
	begin(call, show_groups);
}

void
gw_api_group(struct gw_call *call)
{
	begin(call, show_group);
}

void
gw_api_workers(struct gw_call *call)
{
	begin(call, show_workers);
}

void
gw_api_worker(struct gw_call *call)
{
	begin(call, show_worker);
}

void
gw_api_instances(struct gw_call *call)
{
	begin(call, show_instances);
}
