/* What the gateway has done since it started, and the socket where novactl asks for it.
 */
#include "gateway.h"
#include "nv_accept.h"
#include "nv_clock.h"
#include "nv_fd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static json_t *
source_json(const struct gw_figures *f, enum gw_source source)
{
	json_t *refused = json_object();
	json_t *o = json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I}", "provider",
		gw_source_name(source), "accepted", (json_int_t)f->accepted, "events",
		(json_int_t)f->events, "unread", (json_int_t)f->unread, "lines_refused",
		(json_int_t)f->lines_refused, "unavailable", (json_int_t)f->unavailable,
		"bad", (json_int_t)f->bad);
	int bad = 0;

	for (int v = 0; v < GW_VERDICT_COUNT; v++) {
		if (v != GW_GENUINE)
			bad |= json_object_set_new(refused, gw_verdict_name(v),
				json_integer((json_int_t)f->verdicts[v]));
	}
	bad |= json_object_set_new(o, "refused", refused);
	bad |= json_object_set_new(o, "last", nv_json_time(f->last_ns));
	if (bad == 0)
		return o;
	json_decref(o);
	return NULL;
}

json_t *
gw_figures_json(const struct gw *gw)
{
	char address[GW_PEER_BYTES];
	json_t *answers = json_object();
	json_t *rows = json_array();
	int bad = answers && rows ? 0 : -1;

	for (int i = 0; i < GW_STATUS_MAX; i++) {
		char status[16];

		if (gw->server.answers[i] == 0)
			continue;
		(void)snprintf(status, sizeof(status), "%d", i);
		bad |= json_object_set_new(
			answers, status, json_integer((json_int_t)gw->server.answers[i]));
	}
	for (int i = 0; i < GW_SOURCE_COUNT; i++)
		bad |= json_array_append_new(rows, source_json(&gw->figures[i], i));
	json_t *o = json_pack(
		"{s:s, s:b, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o}", "address",
		gw_server_address(&gw->server, address), "tls", gw->server.tls != NULL,
		"ready", !gw->emit.broken && !gw->silent, "uptime_s",
		(json_int_t)((nv_wall_ns() - gw->started_ns) / NV_NS_PER_SEC),
		"connections", (json_int_t)gw->server.n_conns, "accepted",
		(json_int_t)gw->server.accepted, "turned_away",
		(json_int_t)gw->server.turned_away, "under_way", (json_int_t)gw->n_hooks,
		"bodies_kept", (json_int_t)gw->spool.kept, "bodies_lost",
		(json_int_t)gw->spool.failed, "answers", answers, "webhooks", rows);

	if (bad == 0)
		return o;
	json_decref(o);
	return NULL;
}

/* ---- the socket ---- */

struct gw_sock {
	int fd; /* owned */
	struct nv_accept accept;
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
};

/* The answer fits into the buffer of a fresh socket: nothing has to wait. */
static void
on_accepted(void *arg, int accepted)
{
	const struct gw *gw = arg;
	NV_CLEANUP_FD fd = accepted;
	uid_t uid;

	if (!nv_peer_is_ours(fd, &uid))
		return;
	json_t *o = json_pack("{s:b, s:o}", "ok", 1, "data", gw_figures_json(gw));
	NV_CLEANUP_FREE char *line = o ? nv_json_line(o) : NULL;

	json_decref(o);
	if (!line)
		return;
	/* Who does not get it all asks again. */
	if (send(fd, line, strlen(line), MSG_NOSIGNAL) >= 0)
		(void)send(fd, "\n", 1, MSG_NOSIGNAL);
}

int
gw_sock_open(struct gw *gw, struct nv_err *err)
{
	struct gw_sock *s = calloc(1, sizeof(*s));
	int rc = s ? 0 : -ENOMEM;

	if (s && snprintf(s->path, sizeof(s->path), "%s/gateway.sock", gw->run_dir) >=
			 (int)sizeof(s->path))
		rc = -ENAMETOOLONG;
	if (rc == 0) {
		/* What lies there is of one that was killed. */
		s->fd = nv_listen_unix(s->path, SOCK_STREAM, 0600, 16);
		rc = NV_MIN(s->fd, 0);
	}
	if (rc < 0) {
		free(s);
		return nv_err_set(
			err, rc, "%s/gateway.sock: %s", gw->run_dir, strerror(-rc));
	}
	nv_accept_start(&s->accept, gw->loop, s->fd, on_accepted, gw);
	gw->sock = s;
	return 0;
}

void
gw_sock_close(struct gw *gw)
{
	struct gw_sock *s = gw->sock;

	if (!s)
		return;
	nv_accept_stop(&s->accept);
	nv_fd_close(&s->fd);
	(void)unlink(s->path);
	free(s);
	gw->sock = NULL;
}
