/* novasupd.sock: requests of root or of the owner, one packet each, answered by packets
 * that carry the request's id. */
#include "nv_accept.h"
#include "nv_clock.h"
#include "nv_fd.h"
#include "nv_log.h"
#include "nv_msg_flow.h"
#include "nv_msg_whose.h"
#include "nv_units.h"
#include "reexec.h"
#include "reload.h"
#include "sup.h"
#include "whose.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define WAIT_MS_MAX 3600000

struct sup_client {
	struct sup_client *next;
	struct sup *sup;
	struct nv_chan chan;
	uid_t uid;
	uint32_t reexec_id; /* of the request that waits for an answer */
};

struct waiter {
	struct waiter *next;
	struct sup_client *client; /* borrowed: goes with it */
	struct nv_sup_request request;
	int64_t until_ms;
};

struct sup_control {
	struct sup *sup;
	struct nv_accept accept;
	ev_timer timer; /* the next waiter's deadline */
	int fd;         /* owned */
	char path[NV_PATH_MAX + 16];
	struct sup_client *clients; /* owned */
	unsigned n_clients;
	struct waiter *waiters; /* owned */
	unsigned n_waiters;
};

static void reply(struct sup_client *c, uint32_t request_id, enum nv_exit code,
	const char *fmt, ...) NV_PRINTF(4, 5);

static void
send_reply(struct sup_client *c, uint32_t request_id, enum nv_exit code, const char *fmt,
	va_list ap)
{
	static struct nv_ctl_reply m; /* large, and one at a time */
	static uint8_t body[NV_MSG_BODY_MAX];
	struct nv_wr w;

	/* What is said to be done is not forgotten, whatever becomes of us. */
	if (!c->sup->groups.busy)
		sup_groups_keep(c->sup);
	sup_state_commit();
	m.request_id = request_id;
	m.code = (uint8_t)code;
	(void)vsnprintf(m.text, sizeof(m.text), fmt, ap);
	nv_wr_init(&w, body, sizeof(body));
	(void)nv_ctl_reply_encode(&w, &m); /* the error stays in w */
	(void)nv_chan_send_wr(&c->chan, NV_MSG_CTL_REPLY, &w);
}

static void
reply(struct sup_client *c, uint32_t request_id, enum nv_exit code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	send_reply(c, request_id, code, fmt, ap);
	va_end(ap);
}

void
sup_client_reply(struct sup_client *c, uint32_t request_id, enum nv_exit code,
	const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	send_reply(c, request_id, code, fmt, ap);
	va_end(ap);
}

struct sup *
sup_client_sup(const struct sup_client *client)
{
	return client->sup;
}

struct nv_chan *
sup_client_chan(struct sup_client *client)
{
	return &client->chan;
}

/* ---- waiting ---- */

static bool
worker_settled(const struct sup_worker *w)
{
	unsigned wanted = sup_worker_wanted(w);
	bool paused = sup_worker_paused(w);
	char why[400];

	if (!w->desired && !w->conf->system && w->sup->phase == SUP_RUNNING && !w->held)
		return false;
	for (uint32_t i = 0; i < w->n_instances; i++) {
		enum sup_inst_state s = w->instances[i]->machine.state;

		bool in = sup_worker_in(w, i);

		if (!in && sup_inst_live(&w->instances[i]->machine))
			return false;
		if (in && (s == SUP_INST_STARTING || s == SUP_INST_STOPPING ||
				  s == SUP_INST_BACKOFF || s == SUP_INST_COOLDOWN ||
				  (s == SUP_INST_STOPPED && !paused &&
					  !sup_group_lets_down(
						  w->instances[i], why, sizeof(why)))))
			return false;
	}
	return w->n_instances >= wanted || paused;
}

static bool
worker_fits(const struct sup_worker *w, enum nv_wait_for what)
{
	unsigned wanted = sup_worker_wanted(w);

	switch (what) {
	case NV_WAIT_STOPPED:
		return wanted == 0 && sup_worker_live(w) == 0;
	case NV_WAIT_RUNNING:
		return wanted > 0 && sup_worker_up(w) >= wanted && !sup_worker_paused(w);
	case NV_WAIT_SETTLED:
		return worker_settled(w);
	}
	return false;
}

/* NULL when all of them fit, else the first that does not. */
static const struct sup_worker *
not_yet(struct sup *sup, const struct nv_sup_request *r)
{
	for (const struct sup_worker *w = sup->workers; w; w = w->next) {
		if (r->worker[0] ? strcmp(r->worker, w->name) != 0 : w->conf->system)
			continue;
		if (!worker_fits(w, (enum nv_wait_for)r->wait_for))
			return w;
	}
	return NULL;
}

static bool
try_answer(struct sup *sup, struct waiter *w, int64_t now_ms)
{
	const struct sup_worker *bad = not_yet(sup, &w->request);
	char reason[300];

	if (!bad) {
		reply(w->client, w->request.request_id, NV_EXIT_OK, "done");
		return true;
	}
	if (now_ms < w->until_ms)
		return false;
	const char *state = sup_status_worker_state(bad, reason, sizeof(reason));

	reply(w->client, w->request.request_id, NV_EXIT_NO, "%s is still %s%s%s",
		bad->name, state, reason[0] ? ": " : "", reason);
	return true;
}

void
sup_control_check_waiters(struct sup *sup)
{
	struct sup_control *c = sup->control;
	int64_t now = nv_mono_ms();
	int64_t next = INT64_MAX;

	if (!c || !c->waiters)
		return;
	for (struct waiter **at = &c->waiters; *at;) {
		struct waiter *w = *at;

		if (!try_answer(sup, w, now)) {
			next = NV_MIN(next, w->until_ms);
			at = &w->next;
			continue;
		}
		*at = w->next;
		c->n_waiters--;
		free(w);
	}
	ev_timer_stop(sup->loop, &c->timer);
	if (next != INT64_MAX) {
		ev_timer_set(&c->timer, (double)(next - now) / 1000 + 0.001, 0.);
		ev_timer_start(sup->loop, &c->timer);
	}
}

static void
on_wait_timer(struct ev_loop *loop, ev_timer *t, int revents)
{
	(void)loop;
	(void)t;
	(void)revents; /* the check comes with every pass of the loop */
}

static void
drop_waiters(struct sup_control *c, const struct sup_client *client)
{
	for (struct waiter **at = &c->waiters; *at;) {
		struct waiter *w = *at;

		if (w->client != client) {
			at = &w->next;
			continue;
		}
		*at = w->next;
		c->n_waiters--;
		free(w);
	}
}

/* ---- requests ---- */

/* Decode, and find the worker when one is named: 1 with *ret_worker (NULL = all), 0 when
 * it was answered that there is none, -EBADMSG. */
static int
take_request(struct sup_client *c, struct nv_msg *msg, struct nv_sup_request *ret,
	struct sup_worker **ret_worker)
{
	if (nv_sup_request_decode(ret, msg) < 0)
		return -EBADMSG;
	*ret_worker = ret->worker[0] ? sup_worker_find(c->sup, ret->worker) : NULL;
	if (!ret->worker[0] || *ret_worker)
		return 1;
	const char *known[64];
	size_t n = 0;

	for (struct sup_worker *w = c->sup->workers; w && n < NV_LEN(known); w = w->next)
		known[n++] = w->name;
	const char *near = nv_name_nearest(ret->worker, known, n);

	reply(c, ret->request_id, NV_EXIT_NO, "there is no worker \"%s\"%s%s%s",
		ret->worker, near ? "; did you mean \"" : "", near ? near : "",
		near ? "\"?" : "");
	return 0;
}

static int
on_status(struct nv_chan *chan, struct nv_msg *msg)
{
	struct sup_client *c = chan->owner;
	struct nv_sup_request r;

	if (nv_sup_request_decode(&r, msg) < 0)
		return -EBADMSG;
	sup_status_send(c->sup, chan, &r);
	return 0;
}

static int
on_stop(struct nv_chan *chan, struct nv_msg *msg)
{
	struct sup_client *c = chan->owner;
	struct nv_sup_request r;
	struct sup_worker *w;
	int rc = take_request(c, msg, &r, &w);

	if (rc <= 0)
		return rc;
	if (w && w->conf->system) {
		reply(c, r.request_id, NV_EXIT_NO,
			"%s is one of Nova's own processes: it runs as long as its "
			"section is in nova.yaml",
			w->name);
		return 0;
	}
	for (struct sup_worker *each = c->sup->workers; each; each = each->next) {
		if (w ? each == w : !each->conf->system)
			sup_worker_hold(each, c->uid);
	}
	reply(c, r.request_id, NV_EXIT_OK, "stopping");
	return 0;
}

static int
on_restart(struct nv_chan *chan, struct nv_msg *msg)
{
	struct sup_client *c = chan->owner;
	struct nv_sup_request r;
	struct sup_worker *w;
	unsigned told = 0;
	char by[32];
	int rc = take_request(c, msg, &r, &w);

	if (rc <= 0)
		return rc;
	(void)snprintf(by, sizeof(by), "uid %u", c->uid);
	for (struct sup_worker *each = c->sup->workers; each; each = each->next) {
		if (w ? each != w : each->conf->system)
			continue;
		if (sup_worker_wanted(each) > 0)
			sup_group_revive(each);
		told += sup_worker_restart(each, r.instance, by);
	}
	if (told == 0)
		reply(c, r.request_id, NV_EXIT_NO,
			"nothing to restart: %s is not meant to run",
			w ? w->name : "no worker");
	else
		reply(c, r.request_id, NV_EXIT_OK, "restarting %u", told);
	return 0;
}

static int
on_reload(struct nv_chan *chan, struct nv_msg *msg)
{
	struct sup_client *c = chan->owner;
	static char text[15000];
	uint32_t id;

	if (nv_body_u32_decode(&id, msg) < 0)
		return -EBADMSG;
	int rc = sup_reload(c->sup, text, sizeof(text));

	reply(c, id, rc == 0 ? NV_EXIT_OK : NV_EXIT_NO, "%s", text);
	return 0;
}

struct plan_answer {
	struct sup_client *client;
	uint32_t request_id;
};

static void
send_plan_row(void *arg, const struct nv_ctl_plan *row)
{
	const struct plan_answer *a = arg;
	struct nv_ctl_plan m = *row;
	uint8_t body[1024];
	struct nv_wr w;

	m.request_id = a->request_id;
	nv_wr_init(&w, body, sizeof(body));
	(void)nv_ctl_plan_encode(&w, &m); /* the error stays in w */
	(void)nv_chan_send_wr(&a->client->chan, NV_MSG_CTL_PLAN, &w);
}

static int
on_plan(struct nv_chan *chan, struct nv_msg *msg)
{
	struct sup_client *c = chan->owner;
	struct nv_sup_plan m;
	static char text[15000];

	if (nv_sup_plan_decode(&m, msg) < 0)
		return -EBADMSG;
	struct plan_answer a = {.client = c, .request_id = m.request_id};
	int rc = sup_reload_plan(c->sup, m.apply, send_plan_row, &a, text, sizeof(text));

	reply(c, m.request_id, rc == 0 ? NV_EXIT_OK : NV_EXIT_NO, "%s", text);
	return 0;
}

/* A number of the request, or what the configuration says; UINT32_MAX: too large. */
static uint32_t
chosen(int64_t asked, uint32_t configured)
{
	return asked < 0 ? configured : asked > 10000 ? UINT32_MAX : (uint32_t)asked;
}

static void
begin_roll(struct sup_client *c, struct sup_worker *w, const struct nv_sup_roll *m)
{
	struct sup_roll_policy p = sup_roll_policy_of(w->conf);
	const char *why = NULL;
	char reason[300];

	p.surge = chosen(m->surge, p.surge);
	p.max_unavailable = chosen(m->max_unavailable, p.max_unavailable);
	p.abort_after = chosen(m->abort_after, p.abort_after);
	p.pause_ms = m->pause_ms < 0 ? p.pause_ms : NV_MIN(m->pause_ms, WAIT_MS_MAX);
	if (p.surge > SUP_ROLL_SURGE_MAX || p.max_unavailable > SUP_INSTANCES_MAX ||
		p.abort_after > SUP_INSTANCES_MAX)
		why = "a number is too large";
	else if (p.surge + p.max_unavailable == 0)
		why = "surge and max_unavailable are both 0: nothing could be replaced";
	if (why) {
		reply(c, m->request_id, NV_EXIT_USAGE, "%s", why);
		return;
	}
	if (sup_roll_active(&w->roll)) {
		sup_roll_text(&w->roll, reason, sizeof(reason));
		reply(c, m->request_id, NV_EXIT_NO,
			"a rolling restart of %s is under way: %s", w->name, reason);
		return;
	}
	if (sup_worker_wanted(w) == 0 || sup_worker_paused(w) || sup_group_is_held(w)) {
		const char *state = sup_status_worker_state(w, reason, sizeof(reason));

		reply(c, m->request_id, NV_EXIT_NO, "nothing to restart: %s is %s%s%s",
			w->name, state, reason[0] ? ": " : "", reason);
		return;
	}
	sup_roll_begin(w, &p);
	reply(c, m->request_id, NV_EXIT_OK, "rolling restart %u of %s begins", w->roll.id,
		w->name);
}

static int
on_roll(struct nv_chan *chan, struct nv_msg *msg)
{
	struct sup_client *c = chan->owner;
	struct nv_sup_roll m;
	char by[60];

	if (nv_sup_roll_decode(&m, msg) < 0 ||
		(m.action != NV_ROLL_START && m.action != NV_ROLL_ABORT))
		return -EBADMSG;
	struct sup_worker *w = sup_worker_find(c->sup, m.worker);

	if (!w || w->removed) {
		reply(c, m.request_id, NV_EXIT_NO, "there is no worker \"%s\"", m.worker);
		return 0;
	}
	if (m.action == NV_ROLL_START) {
		begin_roll(c, w, &m);
		return 0;
	}
	(void)snprintf(by, sizeof(by), "uid %u asked for it", (unsigned)c->uid);
	if (sup_roll_cancel(w, by))
		reply(c, m.request_id, NV_EXIT_OK, "aborted: the old instances stay");
	else
		reply(c, m.request_id, NV_EXIT_NO,
			"no rolling restart of %s is under way", w->name);
	return 0;
}

static int
on_brake(struct nv_chan *chan, struct nv_msg *msg)
{
	struct sup_client *c = chan->owner;
	struct nv_sup_brake m;
	char text[300];
	int rc = 0;

	if (nv_sup_brake_decode(&m, msg) < 0 || m.action < NV_BRAKE_STOP ||
		m.action > NV_BRAKE_RESUME)
		return -EBADMSG;
	if (!m.reason[0]) {
		reply(c, m.request_id, NV_EXIT_USAGE, "a reason is needed");
		return 0;
	}
	if (m.action == NV_BRAKE_RESUME)
		rc = sup_brake_lift(c->sup, c->uid, m.reason, text, sizeof(text));
	else
		(void)sup_brake_pull(c->sup, c->uid, m.reason,
			m.action == NV_BRAKE_STOP_NOW, text, sizeof(text));
	reply(c, m.request_id, rc < 0 ? NV_EXIT_NO : NV_EXIT_OK, "%s", text);
	return 0;
}

static int
on_shutdown(struct nv_chan *chan, struct nv_msg *msg)
{
	struct sup_client *c = chan->owner;
	char by[40];
	uint32_t id;

	if (nv_body_u32_decode(&id, msg) < 0)
		return -EBADMSG;
	(void)snprintf(by, sizeof(by), "uid %u", (unsigned)c->uid);
	sup_shutdown(c->sup, by);
	reply(c, id, NV_EXIT_OK, "stopping");
	return 0;
}

static void
on_reexec_done(void *arg, bool good, const char *text)
{
	struct sup_client *c = arg;

	reply(c, c->reexec_id, good ? NV_EXIT_OK : NV_EXIT_NO, "%s", text);
}

static int
on_reexec(struct nv_chan *chan, struct nv_msg *msg)
{
	struct sup_client *c = chan->owner;
	static struct nv_sup_reexec m;

	if (nv_sup_reexec_decode(&m, msg) < 0)
		return -EBADMSG;
	c->reexec_id = m.request_id;
	nv_info("daemon-reexec: asked by uid %u", (unsigned)c->uid);
	sup_reexec_begin(c->sup, m.binary, on_reexec_done, c);
	return 0;
}

static int
on_wait(struct nv_chan *chan, struct nv_msg *msg)
{
	struct sup_client *c = chan->owner;
	struct sup_control *control = c->sup->control;
	struct nv_sup_request r;
	struct sup_worker *worker;
	int rc = take_request(c, msg, &r, &worker);

	if (rc <= 0)
		return rc;
	if (r.wait_for < NV_WAIT_STOPPED || r.wait_for > NV_WAIT_SETTLED)
		return -EBADMSG;
	struct waiter *w =
		control->n_waiters < SUP_WAITERS_MAX ? calloc(1, sizeof(*w)) : NULL;

	if (!w) {
		reply(c, r.request_id, NV_EXIT_FAILED, "too many are waiting already");
		return 0;
	}
	*w = (struct waiter){.next = control->waiters,
		.client = c,
		.request = r,
		.until_ms = nv_mono_ms() + NV_MIN(r.timeout_ms, WAIT_MS_MAX)};
	control->waiters = w;
	control->n_waiters++;
	return 0; /* answered by the check that ends this pass */
}

static int
on_group_get(struct nv_chan *chan, struct nv_msg *msg)
{
	return sup_group_on_get(chan->owner, msg);
}

static int
on_group_do(struct nv_chan *chan, struct nv_msg *msg)
{
	return sup_group_on_do(chan->owner, msg);
}

static int
on_whose(struct nv_chan *chan, struct nv_msg *msg)
{
	struct sup_client *c = chan->owner;
	struct nv_sup_whose m;
	uint8_t body[128];
	struct nv_wr w;

	if (nv_sup_whose_decode(&m, msg) < 0)
		return -EBADMSG;
	bool lost;
	const struct sup_instance *inst = sup_whose(c->sup, m.pid, &lost);
	struct nv_ctl_whose answer = {.request_id = m.request_id};

	if (lost)
		memcpy(answer.worker, NV_WHOSE_LOST, sizeof(NV_WHOSE_LOST));
	if (inst) {
		memcpy(answer.worker, inst->worker->name, sizeof(answer.worker));
		answer.instance = inst->number;
		answer.generation = inst->generation;
		answer.platforms = inst->worker->conf->platforms;
	}
	nv_wr_init(&w, body, sizeof(body));
	(void)nv_ctl_whose_encode(&w, &answer); /* the error stays in w */
	(void)nv_chan_send_wr(chan, NV_MSG_CTL_WHOSE, &w);
	return 0;
}

static nv_chan_handler_fn *const handlers[NV_MSG_TYPE_MAX] = {
	[NV_MSG_SUP_GROUP_GET] = on_group_get,
	[NV_MSG_SUP_GROUP_DO] = on_group_do,
	[NV_MSG_SUP_STATUS] = on_status,
	[NV_MSG_SUP_STOP] = on_stop,
	[NV_MSG_SUP_RESTART] = on_restart,
	[NV_MSG_SUP_RELOAD] = on_reload,
	[NV_MSG_SUP_PLAN] = on_plan,
	[NV_MSG_SUP_ROLL] = on_roll,
	[NV_MSG_SUP_BRAKE] = on_brake,
	[NV_MSG_SUP_SHUTDOWN] = on_shutdown,
	[NV_MSG_SUP_WAIT] = on_wait,
	[NV_MSG_SUP_REEXEC] = on_reexec,
	[NV_MSG_SUP_WHOSE] = on_whose,
};

/* ---- connections ---- */

static void
client_free(struct sup_control *control, struct sup_client *client)
{
	struct sup_client **at = &control->clients;

	while (*at != client)
		at = &(*at)->next;
	*at = client->next;
	control->n_clients--;
	drop_waiters(control, client);
	sup_group_client_gone(client->sup, client);
	sup_reexec_forget(client);
	nv_chan_close(&client->chan);
	free(client);
}

static void
on_client_closed(struct nv_chan *chan, const char *why)
{
	struct sup_client *c = chan->owner;

	if (why)
		nv_warn("a client of the control socket (uid %u) sent %s; closed",
			(unsigned)c->uid, why);
	client_free(c->sup->control, c);
}

static void
on_connection(void *arg, int accepted)
{
	struct sup_control *control = arg;
	NV_CLEANUP_FD fd = accepted;
	uid_t uid;

	if (!nv_peer_is_ours(fd, &uid)) {
		nv_warn("the control socket refused uid %u", (unsigned)uid);
		return;
	}
	struct sup_client *c =
		control->n_clients < SUP_CLIENTS_MAX ? calloc(1, sizeof(*c)) : NULL;

	if (!c) {
		nv_warn("the control socket has too many clients; one was refused");
		return;
	}
	c->sup = control->sup;
	c->uid = uid;
	c->next = control->clients;
	control->clients = c;
	control->n_clients++;
	nv_chan_open(&c->chan, control->sup->loop, nv_fd_steal(&fd), 'S', 'C', handlers,
		on_client_closed, c);
}

int
sup_control_open(struct sup *sup, struct nv_err *err)
{
	struct sup_control *c = calloc(1, sizeof(*c));

	if (!c)
		return nv_err_set(err, -ENOMEM, "no memory for the control socket");
	(void)snprintf(c->path, sizeof(c->path), "%s/novasupd.sock", sup->paths.run_dir);
	c->sup = sup;
	/* Clients of the last novasupd ask again on the same socket. */
	c->fd = sup->control_fd >= 0 ? sup->control_fd
				     : nv_listen_unix(c->path, SOCK_SEQPACKET, 0600, 64);
	if (c->fd < 0) {
		int rc = c->fd;

		nv_err_set(err, rc, "%s: %s", c->path, strerror(-rc));
		free(c);
		return rc;
	}
	ev_timer_init(&c->timer, on_wait_timer, 0., 0.);
	nv_accept_start(&c->accept, sup->loop, c->fd, on_connection, c);
	sup->control = c;
	sup->control_fd = c->fd;
	return 0;
}

void
sup_control_close(struct sup *sup)
{
	struct sup_control *c = sup->control;

	if (!c)
		return;
	while (c->clients)
		client_free(c, c->clients);
	nv_accept_stop(&c->accept);
	ev_timer_stop(sup->loop, &c->timer);
	(void)unlink(c->path);
	nv_fd_close(&c->fd);
	free(c);
	sup->control = NULL;
}
