/* Asking the daemons: see top_data.h. */
#include "top_data.h"
#include "ctl.h"

#include "nv_clock.h"
#include "nv_fd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define ANSWER_MS        30000 /* an engine that is only busy may take so long */
#define ANSWER_BYTES_MAX ((size_t)64 << 20) /* 1 KiB a worker, 64,000 of them */
#define HOURS_MS         60000 /* profit by hour is not asked for more often */
#define MANY_ROWS        200   /* of so many workers figures are asked for less often, */
#define MANY_MS          5000 /* as processes of large fleets are not sampled more often */
#define SHARE            9    /* pauses per time that the engine worked for us */
#define PAUSE_MS         5000 /* at most: it may have stood still, and works again */

static void
went(struct top_half *half, const char *why)
{
	half->asking = false;
	half->away = true;
	(void)snprintf(half->why, sizeof(half->why), "%s", why);
}

static void
begin(struct top_half *half)
{
	if (!half->asking)
		half->asked_ms = nv_mono_ms();
	half->asking = true;
}

static void
answered(struct top_half *half)
{
	half->asking = false;
	half->away = false;
	half->why[0] = '\0';
	half->answered_ms = nv_mono_ms();
}

/* ---- novasupd ---- */

static int
take_row(struct nv_chan *chan, struct nv_msg *msg)
{
	struct top_data *d = chan->owner;
	struct nv_rd r = nv_msg_reader(msg);

	if (nv_rd_u32(&r) != d->last_id)
		return 0; /* of a question that was given up */
	int rc = nv_fleet_take(&d->coming, msg);

	if (rc <= 0)
		return rc;
	nv_fleet_clear(&d->fleet);
	d->fleet = d->coming;
	d->coming = (struct nv_fleet){0};
	d->version++;
	answered(&d->sup);
	d->changed(d->arg);
	return 0;
}

/* A refusal: novasupd is starting or ending. */
static int
take_refusal(struct nv_chan *chan, struct nv_msg *msg)
{
	struct top_data *d = chan->owner;
	struct nv_ctl_reply *reply = ctl_alloc(1, sizeof(*reply));
	int rc = nv_ctl_reply_decode(reply, msg);

	if (rc == 0) {
		reply->text[NV_MIN(sizeof(reply->text), sizeof(d->sup.why)) - 1] = '\0';
		nv_fleet_clear(&d->coming);
		went(&d->sup, reply->text);
		d->changed(d->arg);
	}
	free(reply);
	return rc;
}

static nv_chan_handler_fn *const handlers[NV_MSG_TYPE_MAX] = {
	[NV_MSG_CTL_NOVA] = take_row,
	[NV_MSG_CTL_INCIDENT] = take_row,
	[NV_MSG_CTL_PROC] = take_row,
	[NV_MSG_CTL_WORKER] = take_row,
	[NV_MSG_CTL_ROLL] = take_row,
	[NV_MSG_CTL_INSTANCE] = take_row,
	[NV_MSG_CTL_LOG] = take_row,
	[NV_MSG_CTL_ROWS] = take_row,
	[NV_MSG_CTL_END] = take_row,
	[NV_MSG_CTL_REPLY] = take_refusal,
};

static void
on_close(struct nv_chan *chan, const char *why)
{
	struct top_data *d = chan->owner;

	nv_fleet_clear(&d->coming);
	went(&d->sup, why ? why : "it closed the connection");
	d->changed(d->arg);
}

/* A unix socket connects at once or not at all: -EAGAIN when its queue is full. */
static int
reach_novasupd(struct top_data *d)
{
	NV_CLEANUP_FD fd = nv_connect_unix(d->run_dir, "novasupd.sock", SOCK_SEQPACKET);

	if (fd < 0)
		return fd;
	nv_chan_open(
		&d->chan, d->loop, nv_fd_steal(&fd), 'C', 'S', handlers, on_close, d);
	return 0;
}

/* Why nobody can be asked, as a person says it. */
static const char *
absence(int rc)
{
	if (rc == -ENOENT || rc == -ECONNREFUSED)
		return "nobody listens";
	return strerror(-rc);
}

static void
ask_novasupd(struct top_data *d, bool full)
{
	struct nv_sup_request request = {.brief = !full};
	uint8_t body[NV_MSG_BODY_MAX];
	struct nv_wr w;
	int rc = nv_chan_is_open(&d->chan) ? 0 : reach_novasupd(d);

	begin(&d->sup);
	if (rc == 0) {
		request.request_id = ++d->last_id;
		nv_wr_init(&w, body, sizeof(body));
		(void)nv_sup_request_encode(
			&w, NV_MSG_SUP_STATUS, &request); /* the error stays in w */
		rc = nv_chan_send_wr(&d->chan, NV_MSG_SUP_STATUS, &w);
	}
	if (rc < 0 && d->sup.asking) { /* else on_close has said it */
		went(&d->sup, absence(rc));
		d->changed(d->arg);
	}
}

/* ---- the engine ---- */

static const struct {
	const char *verb;
	const char *args; /* JSON */
} questions[] = {
	[TOP_SLOT_METRICS] = {"workers.metrics", "{}"},
	[TOP_SLOT_TODAY] = {"pnl",
		"{\"period\":\"today\",\"by\":\"worker\",\"limit\":10000}"},
	[TOP_SLOT_OVERVIEW] = {"overview", "{}"},
	[TOP_SLOT_HOURS] = {"sparklines", "{\"hours\":24}"},
};

static void next_question(struct top_data *d);

static void
end_round(struct top_data *d)
{
	int64_t now_ms = nv_mono_ms();

	/* One that is not there is asked for again at the next tick. */
	d->not_before_ms = 0;
	if (d->round_full) {
		d->not_before_ms = now_ms + NV_MIN((now_ms - d->round_ms) * SHARE,
						    (int64_t)PAUSE_MS);
		answered(&d->engine);
	}
	d->changed(d->arg);
}

static void
on_answer(void *arg, const char *line, size_t bytes, const char *why)
{
	struct top_data *d = arg;
	json_t *answer = line ? json_loadb(line, bytes, 0, NULL) : NULL;

	d->ask = NULL;
	if (!answer) {
		d->round_full = false;
		went(&d->engine, line ? "its answer is no JSON" : why);
		end_round(d);
		return;
	}
	/* A "no" is an answer: this figure is not known, the others are. */
	json_decref(d->said[d->slot]);
	d->said[d->slot] = json_is_true(json_object_get(answer, "ok"))
				   ? json_incref(json_object_get(answer, "data"))
				   : NULL;
	json_decref(answer);
	d->said_ms[d->slot] = nv_mono_ms();
	d->version += d->slot != TOP_SLOT_OVERVIEW;
	d->slot++;
	next_question(d);
}

/* Who stands in it: rows of workers, of money. */
static size_t
rows_of(const struct top_data *d, enum top_slot slot)
{
	return json_array_size(json_object_get(
		d->said[slot], slot == TOP_SLOT_METRICS ? "workers" : "rows"));
}

static bool
is_due(const struct top_data *d, enum top_slot slot)
{
	int64_t pause_ms = 0;

	if (slot == TOP_SLOT_HOURS)
		pause_ms = HOURS_MS;
	else if (rows_of(d, slot) > MANY_ROWS)
		pause_ms = MANY_MS;
	return !d->said[slot] || nv_mono_ms() - d->said_ms[slot] >= pause_ms;
}

static void
next_question(struct top_data *d)
{
	char path[NV_PATH_MAX + 16];

	while (d->slot < TOP_SLOT_COUNT && !is_due(d, d->slot))
		d->slot++;
	if (d->slot == TOP_SLOT_COUNT) {
		end_round(d);
		return;
	}
	(void)snprintf(path, sizeof(path), "%s/engine.sock", d->run_dir);
	json_t *args = ctl_need(json_loads(questions[d->slot].args, 0, NULL));
	int rc = nv_ask_line(d->loop, path,
		ctl_need(json_pack(
			"{s:s, s:o}", "verb", questions[d->slot].verb, "args", args)),
		ANSWER_MS, ANSWER_BYTES_MAX, on_answer, d, &d->ask);

	if (rc < 0) {
		d->round_full = false;
		went(&d->engine, absence(rc));
		end_round(d);
	}
}

static void
ask_engine(struct top_data *d)
{
	begin(&d->engine);
	d->slot = TOP_SLOT_METRICS;
	d->round_ms = nv_mono_ms();
	d->round_full = true;
	next_question(d);
}

/* ---- both ---- */

void
top_data_init(struct top_data *d, struct ev_loop *loop, const char *run_dir,
	void (*changed)(void *arg), void *arg)
{
	*d = (struct top_data){.loop = loop, .changed = changed, .arg = arg};
	d->chan.fd = -1;
	(void)snprintf(d->run_dir, sizeof(d->run_dir), "%s", run_dir);
}

void
top_data_fini(struct top_data *d)
{
	nv_chan_close(&d->chan);
	nv_ask_cancel(d->ask);
	nv_fleet_clear(&d->coming);
	nv_fleet_clear(&d->fleet);
	for (size_t i = 0; i < TOP_SLOT_COUNT; i++)
		json_decref(d->said[i]);
}

void
top_data_ask(struct top_data *d, bool full)
{
	if (!d->sup.asking || !nv_chan_is_open(&d->chan))
		ask_novasupd(d, full);
	if (!d->ask && nv_mono_ms() >= d->not_before_ms)
		ask_engine(d);
}

void
top_data_hurry(struct top_data *d)
{
	d->not_before_ms = 0;
	d->said_ms[TOP_SLOT_METRICS] = 0;
	d->said_ms[TOP_SLOT_TODAY] = 0;
}

int64_t
top_data_oldest_ms(const struct top_data *d)
{
	const int64_t times[] = {d->sup.answered_ms, d->said_ms[TOP_SLOT_METRICS],
		d->said_ms[TOP_SLOT_TODAY], d->said_ms[TOP_SLOT_OVERVIEW]};
	int64_t oldest = 0;

	for (size_t i = 0; i < NV_LEN(times); i++) {
		if (times[i] > 0)
			oldest = oldest > 0 ? NV_MIN(oldest, times[i]) : times[i];
	}
	return oldest;
}

static bool
is_settled(const struct top_half *half)
{
	return half->answered_ms > 0 || half->away;
}

bool
top_data_settled(const struct top_data *d)
{
	return is_settled(&d->sup) && is_settled(&d->engine);
}

void
top_half_trouble(const struct top_half *half, const char *name, int64_t now_ms,
	char *text, size_t text_bytes)
{
	text[0] = '\0';
	if (half->away)
		(void)snprintf(text, text_bytes, "%s is away: %s", name, half->why);
	else if (half->asking && now_ms - half->asked_ms >= TOP_PATIENCE_MS)
		(void)snprintf(text, text_bytes, "%s does not answer for %lld s", name,
			(long long)(now_ms - half->asked_ms) / 1000);
}
