#include "target.h"

#include "notify.h"
#include "nv_clock.h"
#include "nv_fd.h"
#include "nv_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A check that ends so much after its timeout says something about us (we were stopped,
 * or the machine was), not about the worker. */
#define HELD_UP_MS 1000
#define READS_MAX  64 /* datagrams of one pass */

struct probe_target {
	struct probe_target *next;
	struct probe *probe;
	struct nv_probe_watch watch;
	const struct nv_conf_worker *conf; /* borrowed from probe->config */
	const struct nv_conf_probe *check; /* the same; NULL: only the socket */
	struct probe_tally tally;
	ev_timer timer;
	int64_t begun_ms;
	struct probe_http *http; /* owned, while it runs */
	struct probe_exec *exec; /* owned, while it runs */
	int socket;              /* owned; -1 */
	ev_io io;
};

static void
arm(struct probe_target *t, int64_t after_ms)
{
	ev_timer_stop(t->probe->loop, &t->timer);
	ev_now_update(t->probe->loop);
	ev_timer_set(&t->timer, (double)after_ms / 1000, 0.);
	ev_timer_start(t->probe->loop, &t->timer);
}

static void
tell(struct probe_target *t)
{
	struct nv_sup_probe_state m = {.stream_id = t->watch.stream_id,
		.what = t->watch.what,
		.good = t->tally.good};
	uint8_t body[512];
	struct nv_wr w;

	(void)snprintf(m.reason, sizeof(m.reason), "%s", t->tally.reason);
	nv_wr_init(&w, body, sizeof(body));
	(void)nv_sup_probe_state_encode(&w, &m); /* the error stays in w */
	int rc = nv_chan_send_wr(&t->probe->sup, NV_MSG_SUP_PROBE_STATE, &w);

	if (rc < 0 && rc != -ENOTCONN) {
		nv_error("novasupd does not read what it is told; ending");
		_exit(NV_EXIT_FAILED); /* the next one is told anew what to ask */
	}
}

/* ---- can it answer at all? ---- */

static ssize_t
small_file(const char *path, char *buf, size_t buf_bytes)
{
	NV_CLEANUP_FD fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : nv_read_full(fd, buf, buf_bytes - 1);

	buf[n > 0 ? n : 0] = '\0';
	return n;
}

/* Stopped by a signal, by a debugger, or frozen: that it does not answer says nothing. */
static bool
stands_still(const struct nv_probe_watch *m)
{
	char path[400];
	char buf[1024];

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", m->pid);
	if (m->pid > 0 && small_file(path, buf, sizeof(buf)) > 0) {
		const char *state = strrchr(buf, ')');

		if (state &&
			(strncmp(state, ") T", 3) == 0 || strncmp(state, ") t", 3) == 0))
			return true;
	}
	if (!m->cgroup[0])
		return false;
	(void)snprintf(path, sizeof(path), "%s/cgroup.events", m->cgroup);
	return small_file(path, buf, sizeof(buf)) > 0 && strstr(buf, "frozen 1");
}

/* ---- checks ---- */

static void
on_result(void *arg, bool good, const char *why)
{
	struct probe_target *t = arg;
	int64_t took_ms = nv_mono_ms() - t->begun_ms;
	bool news = false;

	t->http = NULL;
	t->exec = NULL;
	arm(t, t->check->every_ms);
	if (good || (took_ms <= t->check->timeout_ms + HELD_UP_MS &&
			    !stands_still(&t->watch)))
		news = probe_tally_add(&t->tally, good, why);
	if (news)
		tell(t);
	/* It is ready: what comes next is novasupd's to say. */
	if (good && t->watch.what == NV_PROBE_WHAT_READY)
		ev_timer_stop(t->probe->loop, &t->timer);
}

static void
on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct probe_target *t = w->data;
	const struct nv_conf_probe *c = t->check;
	char why[PROBE_REASON_BYTES] = "no memory for a check";
	int rc;

	(void)loop;
	(void)revents;
	t->begun_ms = nv_mono_ms();
	if (c->kind == NV_PROBE_EXEC)
		rc = probe_exec_start(t->probe->loop, t->conf, c, t->watch.instance,
			on_result, t, &t->exec, why, sizeof(why));
	else
		rc = probe_http_start(t->probe->net,
			c->kind == NV_PROBE_TCP ? c->tcp : c->http,
			c->kind == NV_PROBE_TCP, c->timeout_ms, on_result, t, &t->http);
	if (rc < 0)
		on_result(t, false, why);
}

static void
on_socket(struct ev_loop *loop, ev_io *w, int revents)
{
	struct probe_target *t = w->data;
	char buf[PROBE_NOTIFY_BYTES_MAX];

	(void)revents;
	for (int i = 0; i < READS_MAX; i++) {
		ssize_t n = recv(t->socket, buf, sizeof(buf), MSG_DONTWAIT);

		if (n < 0)
			return;
		if (!probe_notify_is_ready(buf, (size_t)n))
			continue;
		ev_io_stop(loop, w);
		if (probe_tally_add(&t->tally, true, ""))
			tell(t);
		return;
	}
}

/* ---- targets ---- */

static void
target_free(struct probe_target *t)
{
	ev_timer_stop(t->probe->loop, &t->timer);
	if (t->socket >= 0)
		ev_io_stop(t->probe->loop, &t->io);
	nv_fd_close(&t->socket);
	probe_http_cancel(t->http);
	probe_exec_cancel(t->exec);
	free(t);
}

void
probe_target_drop(struct probe *p, uint64_t stream_id)
{
	for (struct probe_target **at = &p->targets; *at; at = &(*at)->next) {
		struct probe_target *t = *at;

		if (t->watch.stream_id != stream_id)
			continue;
		*at = t->next;
		p->n_targets--;
		target_free(t);
		return;
	}
}

void
probe_targets_clear(struct probe *p)
{
	while (p->targets)
		probe_target_drop(p, p->targets->watch.stream_id);
}

static struct probe_target *
target_new(struct probe *p, const struct nv_probe_watch *m,
	const struct nv_conf_worker *conf, const struct nv_conf_probe *check)
{
	struct probe_target *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	*t = (struct probe_target){.next = p->targets,
		.probe = p,
		.watch = *m,
		.conf = conf,
		.check = check,
		.socket = -1};
	probe_tally_init(&t->tally, (enum nv_probe_what)m->what,
		m->what == NV_PROBE_WHAT_HEALTH ? conf->health_failures : 1);
	ev_timer_init(&t->timer, on_timer, 0., 0.);
	t->timer.data = t;
	p->targets = t;
	p->n_targets++;
	return t;
}

int
probe_target_watch(struct probe *p, const struct nv_probe_watch *m, int socket)
{
	NV_CLEANUP_FD fd = socket;
	const struct nv_conf_worker *conf =
		p->config ? nv_config_worker(p->config, m->worker) : NULL;
	const struct nv_conf_probe *check;

	probe_target_drop(p, m->stream_id);
	/* No longer configured: it is about to be stopped. */
	if (!conf)
		return 0;
	check = m->what == NV_PROBE_WHAT_HEALTH ? &conf->health : &conf->ready_probe;
	if (fd < 0 && check->kind == NV_PROBE_NONE)
		return 0;
	if (p->n_targets >= PROBE_TARGETS_MAX)
		return -ENOBUFS;
	struct probe_target *t =
		target_new(p, m, conf, check->kind != NV_PROBE_NONE ? check : NULL);

	if (!t)
		return -ENOMEM;
	if (fd >= 0) {
		t->socket = nv_fd_steal(&fd);
		ev_io_init(&t->io, on_socket, t->socket, EV_READ);
		t->io.data = t;
		ev_io_start(p->loop, &t->io);
	}
	if (t->check)
		arm(t, t->check->after_ms);
	return 0;
}
