/* Questions to other processes, shared and paced: see ask.h. */
#include "ask.h"

#include "gateway.h"
#include "nv_ask.h"
#include "nv_clock.h"
#include "nv_paths.h"
#include "reply.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SOCKET_BYTES 80
#define KEPT_MAX     256
#define KEPT_MS      60000 /* longer than any ttl: then it is nobody's answer */
#define PURSE_MIN_US (-1000 * INT64_C(1000)) /* one slow answer: no endless silence */
#define ANSWER_BYTES ((size_t)16 << 20)      /* what the engine says at most */
#define SWEEP_S      10.
#define WHY_BYTES    200
#define AT_ONCE_MAX  32 /* in one turn of the loop: who asks again comes after others */

enum state { QUEUED, UNDER_WAY, ANSWERED };

struct question;

struct gw_ask {
	struct gw_ask *next;
	struct question *question;
	gw_ask_fn *done;
	void *arg;
};

struct question {
	struct question *next;
	struct lane *lane;
	char *key;    /* owned: the line */
	json_t *json; /* owned until it is sent */
	enum state state;
	bool text_only;
	bool keep;           /* who asked would have taken an older answer */
	bool telling;        /* its answer is being handed out: it must not go */
	struct gw_ask *asks; /* owned list, in the order of asking */
	struct nv_ask *under_way;
	ev_timer patience; /* while it is queued */
	int64_t begun_ms;  /* asked for */
	int64_t sent_ms;
	int64_t sent_ns; /* wall clock */
	json_t *answer;  /* owned: the whole of it; ANSWERED */
	char *text;      /* owned */
	size_t bytes;
	char why[WHY_BYTES]; /* ANSWERED without an answer; busy says which kind */
	bool busy;
};

struct lane {
	struct gw *gw;
	char socket[SOCKET_BYTES];
	struct question *questions; /* owned list, in the order of sending */
	unsigned n_queued;
	unsigned n_under_way;
	int64_t purse_us;
	int64_t purse_at_us; /* when it was looked at */
	int64_t busy_from_us;
	int64_t fresh_ms; /* nothing sent before this is an answer */
	ev_timer pump;
};

struct gw_asker {
	struct lane *lanes[GW_ASK_LANES_MAX]; /* owned */
	size_t n_lanes;
	size_t kept_bytes;
	unsigned n_kept;
	ev_timer sweep;
	struct gw_ask_figures figures;
};

/* ---- questions ---- */

static void
append(struct lane *lane, struct question *q)
{
	struct question **link = &lane->questions;

	while (*link)
		link = &(*link)->next;
	*link = q;
}

static void
forget_answer(struct question *q)
{
	struct gw_asker *asker = q->lane->gw->asker;

	if (q->state != ANSWERED)
		return;
	asker->kept_bytes -= q->bytes;
	asker->n_kept--;
	json_decref(q->answer);
	free(q->text);
	q->answer = NULL;
	q->text = NULL;
	q->bytes = 0;
}

static void
question_free(struct question *q)
{
	struct question **link = &q->lane->questions;

	while (*link != q)
		link = &(*link)->next;
	*link = q->next;
	if (q->state == QUEUED)
		q->lane->n_queued--;
	if (q->state == UNDER_WAY)
		q->lane->n_under_way--;
	ev_timer_stop(q->lane->gw->loop, &q->patience);
	nv_ask_cancel(q->under_way);
	forget_answer(q);
	json_decref(q->json);
	free(q->key);
	free(q);
}

static bool
is_idle(const struct question *q)
{
	return q->state == ANSWERED && !q->asks && !q->telling;
}

/* Keep within bounds: the oldest answers go first. */
static void
trim(struct gw_asker *asker, size_t bytes_max, unsigned n_max, int64_t sent_after_ms)
{
	for (size_t i = 0; i < asker->n_lanes; i++) {
		struct question *next;

		for (struct question *q = asker->lanes[i]->questions; q; q = next) {
			next = q->next;
			if (is_idle(q) &&
				(asker->kept_bytes > bytes_max || asker->n_kept > n_max ||
					q->sent_ms < sent_after_ms))
				question_free(q);
		}
	}
}

static void
on_sweep(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct gw_asker *asker = timer->data;

	(void)revents;
	trim(asker, GW_ASK_CACHE_MAX, KEPT_MAX, nv_mono_ms() - KEPT_MS);
	if (asker->n_kept == 0)
		ev_timer_stop(loop, timer);
}

/* ---- answers ---- */

static void
fill_told(const struct question *q, struct gw_told *told)
{
	const json_t *error = json_object_get(q->answer, "error");
	bool ok = json_is_true(json_object_get(q->answer, "ok"));

	*told = (struct gw_told){.text = q->text ? q->text : "",
		.bytes = q->bytes,
		.busy = q->busy,
		.error = q->why,
		.as_of_ns = q->sent_ns};
	if (q->text_only && q->text)
		return;
	if (!q->answer) {
		told->code = NV_EXIT_UNREACHABLE;
	} else if (ok) {
		told->data = json_object_get(q->answer, "data");
	} else {
		json_int_t code = json_integer_value(json_object_get(q->answer, "code"));

		told->code = code == NV_EXIT_NO || code == NV_EXIT_USAGE ? (int)code
									 : NV_EXIT_FAILED;
		told->error = json_is_string(error) ? json_string_value(error)
						    : "it answered without a reason";
	}
}

static void
tell(struct question *q)
{
	struct gw_told told;

	fill_told(q, &told);
	q->telling = true;
	while (q->asks) {
		struct gw_ask *ask = q->asks;
		gw_ask_fn *done = ask->done;
		void *arg = ask->arg;

		q->asks = ask->next;
		free(ask);
		done(arg, &told);
	}
	q->telling = false;
}

/* It is answered, or will not be: who waits is told, and what others may use is kept. Who
 * is told may ask again, so nothing is sent from here: a client with many requests at
 * hand would come back deeper each time. */
static void
settle(struct question *q)
{
	struct gw_asker *asker = q->lane->gw->asker;
	struct lane *lane = q->lane;

	q->state = ANSWERED;
	asker->kept_bytes += q->bytes;
	asker->n_kept++;
	tell(q);
	if (!q->keep || !q->answer) {
		question_free(q);
	} else {
		trim(asker, GW_ASK_CACHE_MAX, KEPT_MAX, 0);
		if (asker->n_kept > 0 && !ev_is_active(&asker->sweep))
			ev_timer_again(lane->gw->loop, &asker->sweep);
	}
}

static const char *
who(const struct lane *lane)
{
	if (strcmp(lane->socket, GW_ASK_ENGINE) == 0)
		return "nova-engine";
	return strcmp(lane->socket, GW_ASK_ALERTS) == 0 ? "nova-alerts" : lane->socket;
}

static void
charge(struct lane *lane)
{
	int64_t now_us = nv_mono_ns() / 1000;
	int64_t waited_us = now_us - lane->busy_from_us;

	lane->purse_us = NV_MAX(lane->purse_us - waited_us, PURSE_MIN_US);
	lane->busy_from_us = now_us;
	lane->gw->asker->figures.waited_ms += waited_us / 1000;
}

static void pump(struct lane *lane);

static void
on_answer(void *arg, const char *line, size_t bytes, const char *why)
{
	struct question *q = arg;
	struct lane *lane = q->lane;

	q->under_way = NULL;
	charge(lane);
	lane->n_under_way--;
	if (line && (q->text = malloc(bytes + 1))) {
		memcpy(q->text, line, bytes);
		q->text[bytes] = '\0';
		q->bytes = bytes;
	}
	if (q->text && !q->text_only) {
		q->answer = json_loadb(line, bytes, 0, NULL);
		if (!json_is_object(q->answer)) {
			json_decref(q->answer);
			q->answer = NULL;
		}
	}
	if (!q->text || (!q->text_only && !q->answer)) {
		lane->gw->asker->figures.failed++;
		(void)snprintf(q->why, sizeof(q->why), "%s does not answer: %s",
			who(lane), line ? "what it said is no JSON" : why);
	}
	settle(q);
	pump(lane);
}

/* ---- pacing ---- */

static void
fill_purse(struct lane *lane)
{
	int64_t now_us = nv_mono_ns() / 1000;
	int64_t passed_us = NV_MIN(now_us - lane->purse_at_us, INT64_C(60000000));

	lane->purse_at_us = now_us;
	lane->purse_us =
		NV_MIN(lane->purse_us + (int64_t)((double)passed_us * GW_ASK_SHARE),
			(int64_t)GW_ASK_PURSE_MS * 1000);
}

static void
send_question(struct question *q)
{
	struct lane *lane = q->lane;
	struct gw_asker *asker = lane->gw->asker;
	char path[NV_PATH_MAX + SOCKET_BYTES];
	json_t *json = q->json;
	int64_t now_ms = nv_mono_ms();

	q->json = NULL;
	ev_timer_stop(lane->gw->loop, &q->patience);
	lane->n_queued--;
	lane->n_under_way++;
	if (lane->n_under_way == 1)
		lane->busy_from_us = nv_mono_ns() / 1000;
	q->state = UNDER_WAY;
	q->sent_ms = now_ms;
	q->sent_ns = nv_wall_ns();
	asker->figures.asked++;
	(void)snprintf(path, sizeof(path), "%s/%s", lane->gw->run_dir, lane->socket);
	int rc = nv_ask_line(lane->gw->loop, path, json,
		NV_MAX(q->begun_ms + GW_ASK_MS - now_ms, INT64_C(1000)), ANSWER_BYTES,
		on_answer, q, &q->under_way);

	if (rc == 0)
		return;
	lane->n_under_way--;
	asker->figures.failed++;
	(void)snprintf(q->why, sizeof(q->why), "%s is not there: %s", who(lane),
		rc == -ENOENT || rc == -ECONNREFUSED ? "nobody listens on its socket"
						     : strerror(-rc));
	settle(q);
}

static struct question *
first_queued(const struct lane *lane)
{
	for (struct question *q = lane->questions; q; q = q->next)
		if (q->state == QUEUED)
			return q;
	return NULL;
}

static void
pump_in(struct lane *lane, double seconds)
{
	ev_timer_stop(lane->gw->loop, &lane->pump);
	ev_timer_set(&lane->pump, seconds, 0);
	ev_timer_start(lane->gw->loop, &lane->pump);
}

/* Send what may be sent. */
static void
pump(struct lane *lane)
{
	struct question *q;
	unsigned sent = 0;

	fill_purse(lane);
	while (lane->n_under_way < GW_ASK_UNDER_WAY && (q = first_queued(lane))) {
		if (lane->purse_us <= 0) {
			pump_in(lane,
				(double)(1000 - lane->purse_us) / 1e6 / GW_ASK_SHARE);
			return;
		}
		/* One that fails at once may have brought another one. */
		if (sent++ == AT_ONCE_MAX) {
			pump_in(lane, 0);
			return;
		}
		send_question(q);
	}
}

/* One whose answer was there already when somebody asked. */
static struct question *
first_to_tell(const struct lane *lane)
{
	for (struct question *q = lane->questions; q; q = q->next)
		if (q->state == ANSWERED && q->asks && !q->telling)
			return q;
	return NULL;
}

static void
on_pump(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct lane *lane = timer->data;
	struct question *q;
	unsigned told = 0;

	(void)loop;
	(void)revents;
	while (told++ < AT_ONCE_MAX && (q = first_to_tell(lane)))
		tell(q);
	pump(lane);
	if (first_to_tell(lane))
		pump_in(lane, 0);
}

/* Queued for too long. */
static void
on_patience(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct question *q = timer->data;
	struct lane *lane = q->lane;

	(void)loop;
	(void)revents;
	lane->gw->asker->figures.busy++;
	lane->n_queued--;
	q->busy = true;
	(void)snprintf(q->why, sizeof(q->why),
		"%s is busy: too many questions wait for it", who(lane));
	settle(q);
	pump(lane);
}

/* ---- asking ---- */

static struct lane *
lane_of(struct gw *gw, const char *socket)
{
	struct gw_asker *asker = gw->asker;

	for (size_t i = 0; i < asker->n_lanes; i++)
		if (strcmp(asker->lanes[i]->socket, socket) == 0)
			return asker->lanes[i];
	if (asker->n_lanes == GW_ASK_LANES_MAX || strlen(socket) >= SOCKET_BYTES)
		return NULL;
	struct lane *lane = calloc(1, sizeof(*lane));

	if (!lane)
		return NULL;
	lane->gw = gw;
	(void)snprintf(lane->socket, sizeof(lane->socket), "%s", socket);
	lane->purse_us = (int64_t)GW_ASK_PURSE_MS * 1000;
	lane->purse_at_us = nv_mono_ns() / 1000;
	ev_timer_init(&lane->pump, on_pump, 0, 0);
	lane->pump.data = lane;
	asker->lanes[asker->n_lanes++] = lane;
	return lane;
}

/* One that will do: it waits to be sent, or its answer is new enough. */
static struct question *
find(const struct lane *lane, const char *key, bool text_only, int64_t ttl_ms)
{
	int64_t now_ms = nv_mono_ms();

	for (struct question *q = lane->questions; q; q = q->next) {
		if (q->text_only != text_only || strcmp(q->key, key) != 0)
			continue;
		if (q->state == QUEUED)
			return q;
		if (q->telling || q->sent_ms < lane->fresh_ms ||
			now_ms - q->sent_ms > ttl_ms || ttl_ms == 0)
			continue;
		return q;
	}
	return NULL;
}

/* question and key are taken. */
static struct question *
question_new(struct lane *lane, json_t *json, char *key, bool text_only)
{
	struct question *q = calloc(1, sizeof(*q));

	if (!q) {
		json_decref(json);
		free(key);
		return NULL;
	}
	q->lane = lane;
	q->json = json;
	q->key = key;
	q->text_only = text_only;
	q->begun_ms = nv_mono_ms();
	ev_timer_init(&q->patience, on_patience, (double)GW_ASK_MS / 1000, 0);
	q->patience.data = q;
	append(lane, q);
	if (lane->n_queued >= GW_ASK_WAITING) {
		/* No room: told so in the next turn of the loop. */
		ev_timer_set(&q->patience, 0, 0);
	}
	lane->n_queued++;
	ev_timer_start(lane->gw->loop, &q->patience);
	return q;
}

static int
begin(struct gw *gw, const char *socket, json_t *question, int64_t ttl_ms, bool text_only,
	gw_ask_fn *done, void *arg, struct gw_ask **ret)
{
	struct lane *lane = lane_of(gw, socket);
	NV_CLEANUP_FREE char *key = lane && question ? nv_json_line(question) : NULL;
	struct gw_ask *ask = key ? calloc(1, sizeof(*ask)) : NULL;
	struct question *q = ask ? find(lane, key, text_only, ttl_ms) : NULL;
	bool shared = q;

	if (q || !ask) {
		json_decref(question);
	} else {
		q = question_new(lane, question, key, text_only);
		key = NULL;
	}
	if (!q) {
		free(ask);
		return lane ? -ENOMEM : -E2BIG;
	}
	*ask = (struct gw_ask){.question = q, .done = done, .arg = arg};
	q->keep = q->keep || ttl_ms > 0;
	struct gw_ask **link = &q->asks;

	while (*link)
		link = &(*link)->next;
	*link = ask;
	gw->asker->figures.shared += shared;
	if (q->state != UNDER_WAY)
		pump_in(lane, 0);
	*ret = ask;
	return 0;
}

int
gw_ask(struct gw *gw, const char *socket, json_t *question, int64_t ttl_ms,
	gw_ask_fn *done, void *arg, struct gw_ask **ret)
{
	return begin(gw, socket, question, ttl_ms, false, done, arg, ret);
}

int
gw_ask_text(struct gw *gw, const char *socket, json_t *question, gw_ask_fn *done,
	void *arg, struct gw_ask **ret)
{
	return begin(gw, socket, question, 0, true, done, arg, ret);
}

int
gw_ask_verb(struct gw *gw, const char *verb, json_t *args, int64_t ttl_ms,
	gw_ask_fn *done, void *arg, struct gw_ask **ret)
{
	json_t *question = json_pack("{s:s}", "verb", verb);

	if (args && json_object_set_new(question, "args", args) < 0) {
		json_decref(question);
		question = NULL;
	}
	return gw_ask(gw, GW_ASK_ENGINE, question, ttl_ms, done, arg, ret);
}

void
gw_ask_first(struct gw_ask *ask)
{
	struct question *q = ask->question;
	struct lane *lane = q->lane;
	struct question **link = &lane->questions;

	if (q->state != QUEUED)
		return;
	while (*link != q)
		link = &(*link)->next;
	*link = q->next;
	q->next = lane->questions;
	lane->questions = q;
	/* There is room for it, whoever else waits. */
	ev_timer_stop(lane->gw->loop, &q->patience);
	ev_timer_set(&q->patience, (double)GW_ASK_MS / 1000, 0);
	ev_timer_start(lane->gw->loop, &q->patience);
}

void
gw_ask_cancel(struct gw_ask *ask)
{
	struct question *q = ask ? ask->question : NULL;
	struct gw_ask **link;

	if (!q)
		return;
	for (link = &q->asks; *link != ask; link = &(*link)->next)
		;
	*link = ask->next;
	free(ask);
	/* One that is under way goes on: its answer may serve another. */
	if (!q->asks && q->state == QUEUED)
		question_free(q);
}

void
gw_ask_changed(struct gw *gw)
{
	for (size_t i = 0; i < gw->asker->n_lanes; i++)
		gw->asker->lanes[i]->fresh_ms = nv_mono_ms() + 1;
}

void
gw_ask_refuse(struct gw_call *call, const struct gw_told *told, bool no_is_not_found)
{
	gw_answer_code(call, told->code, no_is_not_found, told->error);
}

void
gw_ask_figures(const struct gw *gw, struct gw_ask_figures *ret)
{
	*ret = gw->asker->figures;
}

/* ---- begin and end ---- */

int
gw_asker_open(struct gw *gw)
{
	struct gw_asker *asker = calloc(1, sizeof(*asker));

	if (!asker)
		return -ENOMEM;
	ev_timer_init(&asker->sweep, on_sweep, 0, SWEEP_S);
	asker->sweep.data = asker;
	gw->asker = asker;
	return 0;
}

void
gw_asker_close(struct gw *gw)
{
	struct gw_asker *asker = gw->asker;

	if (!asker)
		return;
	ev_timer_stop(gw->loop, &asker->sweep);
	for (size_t i = 0; i < asker->n_lanes; i++) {
		struct lane *lane = asker->lanes[i];

		ev_timer_stop(gw->loop, &lane->pump);
		while (lane->questions) {
			struct question *q = lane->questions;

			while (q->asks) {
				struct gw_ask *ask = q->asks;

				q->asks = ask->next;
				free(ask);
			}
			question_free(q);
		}
		free(lane);
	}
	free(asker);
	gw->asker = NULL;
}
