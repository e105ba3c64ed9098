/* Whose process has connected: see who.h. One channel to novasupd, opened when somebody
 * asks; when it ends (novasupd was replaced) what was asked over it is asked again. */
#include "who.h"
#include "nv_chan.h"
#include "nv_clock.h"
#include "nv_fd.h"
#include "nv_msg_whose.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_MS 10000
#define AGAIN_S     0.1

/* A client that waits. */
struct asking {
	struct asking *next;
	struct plat_client *client; /* NULL: gone */
	uint32_t id;
	int64_t until_ms;
	bool sent; /* over the channel that is open */
};

struct plat_who {
	struct plat *plat;
	struct nv_chan chan;  /* fd -1: closed */
	struct asking *first; /* owned list */
	uint32_t serial;
	ev_timer again;
};

static void
drop(struct plat_who *who, struct asking *a)
{
	struct asking **link = &who->first;

	while (*link != a)
		link = &(*link)->next;
	*link = a->next;
	free(a);
}

/* No worker's: root or who runs Nova, or nobody. */
static void
judge_stranger(struct plat_client *client)
{
	if (client->uid == 0 || client->uid == geteuid())
		plat_client_known(client, "", true, NULL);
	else
		plat_client_known(client, NULL, false,
			"only root, who runs Nova, and agents that were granted it may "
			"ask");
}

/* Its number may be another's by the time that novasupd looks: then it is dead. */
static bool
is_alive(int pidfd)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};

	return pidfd >= 0 && poll(&p, 1, 0) == 0;
}

/* Nova's own workers that ask platforms: the gateway for sales, the alerter for mail. The
 * others hold a key of their own, or read what strangers wrote. */
static bool
is_of_nova(const char *worker)
{
	return strcmp(worker, "nova.gateway") == 0 || strcmp(worker, "nova.alerts") == 0;
}

static void
judge(const struct plat *p, struct plat_client *client, const struct nv_ctl_whose *m)
{
	enum nv_platform which;
	char why[300];

	if (!is_alive(client->pidfd)) {
		plat_client_known(client, NULL, false,
			"the process that connected is gone: nobody can tell whose it "
			"was");
	} else if (!m->worker[0]) {
		judge_stranger(client);
	} else if (strcmp(m->worker, NV_WHOSE_LOST) == 0) {
		plat_client_known(client, NULL, false,
			"a process that a worker started and that has left it may not "
			"ask: "
			"nobody can tell whose it is");
	} else if (is_of_nova(m->worker)) {
		plat_client_known(client, "", true, NULL);
	} else if (nv_platform_from(p->kind->name, &which) &&
		   (m->platforms >> which & 1)) {
		plat_client_known(client, m->worker, false, NULL);
	} else {
		(void)snprintf(why, sizeof why,
			"%s may not use %s: its file needs `platforms: [%s]`", m->worker,
			p->kind->name, p->kind->name);
		plat_client_known(client, NULL, false, why);
	}
}

/* ---- the channel ---- */

static int
on_whose(struct nv_chan *chan, struct nv_msg *msg)
{
	struct plat_who *who = chan->owner;
	struct nv_ctl_whose m;
	struct asking *a = who->first;

	if (nv_ctl_whose_decode(&m, msg) < 0)
		return -EBADMSG;
	while (a && a->id != m.request_id)
		a = a->next;
	struct plat_client *client = a ? a->client : NULL;

	if (a)
		drop(who, a);
	if (client)
		judge(who->plat, client, &m);
	return 0;
}

static nv_chan_handler_fn *const handlers[NV_MSG_TYPE_MAX] = {
	[NV_MSG_CTL_WHOSE] = on_whose,
};

static void
soon(struct plat_who *who)
{
	if (ev_is_active(&who->again))
		return;
	/* One that has run off has no delay left. */
	ev_timer_set(&who->again, AGAIN_S, 0.);
	ev_timer_start(who->plat->loop, &who->again);
}

static void
on_closed(struct nv_chan *chan, const char *why)
{
	struct plat_who *who = chan->owner;

	(void)why;
	for (struct asking *a = who->first; a; a = a->next)
		a->sent = false;
	if (who->first)
		soon(who);
}

static int
open_channel(struct plat_who *who)
{
	struct plat *p = who->plat;
	NV_CLEANUP_FD fd =
		nv_connect_unix(p->paths.run_dir, "novasupd.sock", SOCK_SEQPACKET);

	if (fd < 0)
		return fd;
	nv_chan_open(&who->chan, p->loop, nv_fd_steal(&fd), 'C', 'S', handlers, on_closed,
		who);
	return 0;
}

static int
send_one(struct plat_who *who, struct asking *a)
{
	struct nv_sup_whose m = {.request_id = a->id, .pid = a->client->pid};
	uint8_t body[16];
	struct nv_wr w;

	nv_wr_init(&w, body, sizeof body);
	(void)nv_sup_whose_encode(&w, &m); /* the error stays in w */
	int rc = nv_chan_send_wr(&who->chan, NV_MSG_SUP_WHOSE, &w);

	a->sent = rc == 0;
	return rc;
}

static void
give_up(struct plat_who *who, struct asking *a)
{
	struct plat_client *client = a->client;

	drop(who, a);
	if (client)
		plat_client_known(client, NULL, false,
			"novasupd does not answer, and only it knows whose process asks: "
			"try again");
}

/* Ask what was not asked yet; who has waited for too long is told. */
static void
step(struct plat_who *who)
{
	int64_t now_ms = nv_mono_ms();
	int rc = nv_chan_is_open(&who->chan) ? 0 : open_channel(who);
	struct asking *next;

	for (struct asking *a = who->first; a; a = next) {
		next = a->next;
		if (!a->client) {
			drop(who, a);
		} else if (now_ms > a->until_ms) {
			give_up(who, a);
			soon(who); /* what that did to the list is not ours */
			return;
		} else if (rc == 0 && !a->sent && send_one(who, a) < 0) {
			break;
		}
	}
	if (who->first)
		soon(who);
}

static void
on_again(struct ev_loop *loop, ev_timer *t, int revents)
{
	(void)loop;
	(void)revents;
	step(t->data);
}

/* ---- for the socket ---- */

/* Started by hand where no fleet runs, there are no agents. */
static bool
is_alone(struct plat_who *who)
{
	if (!who->plat->by_hand || nv_chan_is_open(&who->chan))
		return false;
	int rc = open_channel(who);

	return rc == -ENOENT || rc == -ECONNREFUSED;
}

void
plat_who_ask(struct plat *p, struct plat_client *client)
{
	struct plat_who *who = p->who;
	struct asking *a;

	if (is_alone(who)) {
		judge_stranger(client);
		return;
	}
	a = calloc(1, sizeof *a);
	if (!a) {
		plat_client_known(client, NULL, false, "out of memory");
		return;
	}
	*a = (struct asking){.next = who->first,
		.client = client,
		.id = ++who->serial,
		.until_ms = nv_mono_ms() + PATIENCE_MS};
	who->first = a;
	step(who);
}

void
plat_who_forget(struct plat *p, const struct plat_client *client)
{
	for (struct asking *a = p->who ? p->who->first : NULL; a; a = a->next) {
		if (a->client == client)
			a->client = NULL;
	}
}

int
plat_who_open(struct plat *p)
{
	struct plat_who *who = calloc(1, sizeof *who);

	if (!who)
		return -ENOMEM;
	who->plat = p;
	who->chan.fd = -1;
	ev_timer_init(&who->again, on_again, 0., 0.);
	who->again.data = who;
	p->who = who;
	return 0;
}

void
plat_who_close(struct plat *p)
{
	struct plat_who *who = p->who;

	if (!who)
		return;
	ev_timer_stop(p->loop, &who->again);
	nv_chan_close(&who->chan);
	while (who->first)
		drop(who, who->first);
	free(who);
	p->who = NULL;
}
