/* Asking novasupd without waiting: see supwatch.h. */
#include "supwatch.h"

#include "nv_chan.h"
#include "nv_clock.h"
#include "nv_fd.h"
#include "nv_paths.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define AGAIN_S 0.1 /* until the next novasupd is looked for */

struct gw_supwatch {
	struct ev_loop *loop;
	const char *run_dir; /* borrowed */
	gw_supwatch_fn *done;
	void *arg;
	struct nv_chan chan;
	bool asking;
	uint32_t id;
	int64_t as_of_ns;
	struct nv_fleet fleet; /* owned: as far as it has come */
	ev_timer patience;
	ev_timer again;
	char why[200]; /* why the last try failed */
};

static void
end(struct gw_supwatch *s, bool whole, const char *why)
{
	struct nv_fleet fleet = s->fleet;

	s->fleet = (struct nv_fleet){0};
	s->asking = false;
	ev_timer_stop(s->loop, &s->patience);
	ev_timer_stop(s->loop, &s->again);
	s->done(s->arg, whole ? &fleet : NULL, s->as_of_ns, why);
	nv_fleet_clear(&fleet);
}

static void
again(struct gw_supwatch *s, const char *why)
{
	(void)snprintf(s->why, sizeof(s->why), "%s", why);
	nv_fleet_clear(&s->fleet);
	if (!s->asking || ev_is_active(&s->again))
		return;
	ev_timer_set(&s->again, AGAIN_S, 0);
	ev_timer_start(s->loop, &s->again);
}

/* ---- what it says ---- */

static int
on_row(struct nv_chan *chan, struct nv_msg *msg)
{
	struct gw_supwatch *s = chan->owner;
	struct nv_rd r = nv_msg_reader(msg);

	if (nv_rd_u32(&r) != s->id || r.error || !s->asking)
		return 0; /* of a question that nobody waits for any more */
	int rc = nv_fleet_take(&s->fleet, msg);

	if (rc > 0)
		end(s, true, "");
	return NV_MIN(rc, 0);
}

static int
on_reply(struct nv_chan *chan, struct nv_msg *msg)
{
	struct gw_supwatch *s = chan->owner;
	struct nv_ctl_reply *reply = malloc(sizeof(*reply));
	int rc = reply ? nv_ctl_reply_decode(reply, msg) : -ENOMEM;

	if (rc == 0 && reply->request_id == s->id && s->asking) {
		char why[200];

		(void)snprintf(why, sizeof(why), "novasupd: %.180s", reply->text);
		end(s, false, why);
	}
	free(reply);
	return rc;
}

static nv_chan_handler_fn *const handlers[NV_MSG_TYPE_MAX] = {
	[NV_MSG_CTL_NOVA] = on_row,
	[NV_MSG_CTL_INCIDENT] = on_row,
	[NV_MSG_CTL_PROC] = on_row,
	[NV_MSG_CTL_WORKER] = on_row,
	[NV_MSG_CTL_ROLL] = on_row,
	[NV_MSG_CTL_INSTANCE] = on_row,
	[NV_MSG_CTL_LOG] = on_row,
	[NV_MSG_CTL_ROWS] = on_row,
	[NV_MSG_CTL_END] = on_row,
	[NV_MSG_CTL_REPLY] = on_reply,
};

static void
on_close(struct nv_chan *chan, const char *why)
{
	char text[200];

	(void)snprintf(text, sizeof(text), "novasupd %s",
		why ? why : "closed the connection before it answered");
	again(chan->owner, text);
}

/* ---- asking it ---- */

static int
reach(struct gw_supwatch *s)
{
	NV_CLEANUP_FD fd = nv_connect_unix(s->run_dir, "novasupd.sock", SOCK_SEQPACKET);

	if (fd < 0)
		return fd;
	nv_chan_open(
		&s->chan, s->loop, nv_fd_steal(&fd), 'C', 'S', handlers, on_close, s);
	return 0;
}

static void
try(struct gw_supwatch *s)
{
	struct nv_sup_request request = {.request_id = ++s->id};
	uint8_t body[256];
	struct nv_wr w;
	int rc = nv_chan_is_open(&s->chan) ? 0 : reach(s);

	nv_fleet_clear(&s->fleet);
	s->as_of_ns = nv_wall_ns();
	nv_wr_init(&w, body, sizeof(body));
	(void)nv_sup_request_encode(&w, NV_MSG_SUP_STATUS, &request);
	if (rc == 0)
		rc = nv_chan_send_wr(&s->chan, NV_MSG_SUP_STATUS, &w);
	if (rc == 0)
		return;
	char why[200];

	(void)snprintf(why, sizeof(why), "novasupd does not answer: %s",
		rc == -ENOENT || rc == -ECONNREFUSED ? "nobody listens on its socket"
						     : strerror(-rc));
	again(s, why);
}

static void
on_again(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)loop;
	(void)revents;
	try(timer->data);
}

static void
on_patience(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct gw_supwatch *s = timer->data;
	char why[200];

	(void)loop;
	(void)revents;
	(void)snprintf(why, sizeof(why), "%s",
		s->why[0] ? s->why : "novasupd does not answer in time");
	nv_chan_close(&s->chan);
	end(s, false, why);
}

void
gw_supwatch_ask(struct gw_supwatch *s, int64_t timeout_ms)
{
	if (s->asking)
		return;
	s->asking = true;
	s->why[0] = '\0';
	ev_timer_set(&s->patience, (double)timeout_ms / 1000, 0);
	ev_timer_start(s->loop, &s->patience);
	try(s);
}

bool
gw_supwatch_is_asking(const struct gw_supwatch *s)
{
	return s->asking;
}

void
gw_supwatch_rest(struct gw_supwatch *s)
{
	if (!s->asking)
		nv_chan_close(&s->chan);
}

struct gw_supwatch *
gw_supwatch_new(
	struct ev_loop *loop, const char *run_dir, gw_supwatch_fn *done, void *arg)
{
	struct gw_supwatch *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->loop = loop;
	s->run_dir = run_dir;
	s->done = done;
	s->arg = arg;
	s->chan.fd = -1;
	ev_timer_init(&s->patience, on_patience, 0, 0);
	ev_timer_init(&s->again, on_again, 0, 0);
	s->patience.data = s->again.data = s;
	return s;
}

void
gw_supwatch_free(struct gw_supwatch *s)
{
	if (!s)
		return;
	nv_chan_close(&s->chan);
	ev_timer_stop(s->loop, &s->patience);
	ev_timer_stop(s->loop, &s->again);
	nv_fleet_clear(&s->fleet);
	free(s);
}
