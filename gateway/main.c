/* nova-gateway: takes webhooks and says what they mean to nova-engine. Started by
 * novasupd when nova.yaml has `gateway:`, or by hand with the pipes on descriptors 3
 * and 4. */
#include "api.h"
#include "ask.h"
#include "auth.h"
#include "certificate.h"
#include "child.h"
#include "gateway.h"
#include "live.h"
#include "metrics.h"
#include "nv_clock.h"
#include "nv_fd.h"
#include "nv_log.h"
#include "nv_paths.h"
#include "nv_service.h"
#include "nv_title.h"
#include "nv_value.h"
#include "routes.h"
#include "setup.h"
#include "tail.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define EVENTS_FD          3
#define CONTROL_FD         4
#define TICK_S             1.
#define BEAT_TICKS         10
#define CERTIFICATE_TICKS  60
#define LOOK_S             0.02 /* while ending */
#define GRACE_MS           6000 /* a webhook under way has its answer within GW_HOOK_MS */
#define WRITE_MS           30000
#define FILES_OWN          128u /* descriptors besides connections */
#define BUFFERED_BYTES_MAX (UINT64_C(64) << 20)
#define UNREAD_BYTES_MAX   (UINT64_C(128) << 20)

static struct {
	struct gw gw;
	struct nv_paths paths;
	struct nv_config *config;          /* owned */
	struct gw_certificate certificate; /* nothing without TLS */
	struct gw_route *routes;           /* owned */
	char addr_file[NV_PATH_MAX + 16];
	ev_timer tick;
	ev_timer ending_look;
	int64_t ending_ms; /* of the monotonic clock; 0: it is not ending */
	ev_signal term;
	ev_signal interrupt;
	ev_signal hangup;
	unsigned ticks;
	uint64_t shown;
} self;

/* ---- once a second ---- */

static uint64_t
accepted(void)
{
	uint64_t n = 0;

	for (int i = 0; i < GW_SOURCE_COUNT; i++)
		n += self.gw.figures[i].accepted;
	return n;
}

static void
on_tick(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct gw *gw = &self.gw;
	char line[200];
	char address[GW_PEER_BYTES];

	(void)loop;
	(void)timer;
	(void)revents;
	gw_spool_sync(&gw->spool);
	gw_auth_tick(gw);
	if (self.ticks % CERTIFICATE_TICKS == 0)
		gw_certificate_look(&self.certificate, &gw->server);
	if (accepted() != self.shown && !self.ending_ms) {
		self.shown = accepted();
		nv_title_set("nova: gateway, %s, %llu webhooks",
			gw_server_address(&gw->server, address),
			(unsigned long long)self.shown);
	}
	if (self.ticks++ % BEAT_TICKS != 0)
		return;
	(void)snprintf(line, sizeof(line),
		"{\"event\":\"heartbeat\",\"status\":\"%u connections, %llu webhooks\"}",
		gw->server.n_conns, (unsigned long long)accepted());
	gw_emit_tell(&gw->emit, line);
}

/* ---- the end ---- */

static void
on_look(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)timer;
	(void)revents;
	if (gw_server_is_quiet(&self.gw.server) ||
		nv_mono_ms() > self.ending_ms + GRACE_MS)
		ev_break(loop, EVBREAK_ALL);
}

static void
begin_end(void)
{
	if (self.ending_ms)
		return;
	self.ending_ms = nv_mono_ms();
	(void)unlink(self.addr_file);
	gw_server_stop(&self.gw.server);
	ev_timer_init(&self.ending_look, on_look, LOOK_S, LOOK_S);
	ev_timer_start(self.gw.loop, &self.ending_look);
}

static void
on_signal(struct ev_loop *loop, ev_signal *signal, int revents)
{
	(void)loop;
	(void)signal;
	(void)revents;
	begin_end();
}

/* Who has renewed a certificate need not wait for the minute to be over. */
static void
on_hangup(struct ev_loop *loop, ev_signal *signal, int revents)
{
	(void)loop;
	(void)signal;
	(void)revents;
	gw_certificate_look(&self.certificate, &self.gw.server);
}

static void
on_stop(void *arg)
{
	(void)arg;
	begin_end();
}

/* ---- begin ---- */

static int
say_address(struct nv_err *err)
{
	char address[GW_PEER_BYTES];
	char line[GW_PEER_BYTES + 2];

	gw_server_address(&self.gw.server, address);
	int n = snprintf(line, sizeof(line), "%s\n", address);

	(void)snprintf(self.addr_file, sizeof(self.addr_file), "%s/gateway.addr",
		self.paths.run_dir);
	int rc = nv_write_file_atomic(self.addr_file, line, (size_t)n, 0644);

	if (rc < 0)
		return nv_err_set(err, rc, "%s: %s", self.addr_file, strerror(-rc));
	nv_info("listening at %s%s", address, self.certificate.tls ? " (TLS)" : "");
	nv_title_set("nova: gateway, %s", address);
	return 0;
}

/* As many connections as were asked for, or as the system allows: clients that take the
 * last descriptor would leave none for a body's file or for the platform. */
static uint32_t
connections_max(uint32_t wanted)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0)
		return wanted;
	if (files.rlim_cur < files.rlim_max) {
		rlim_t before = files.rlim_cur;

		files.rlim_cur = files.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &files) < 0)
			files.rlim_cur = before;
	}
	if (files.rlim_cur >= (rlim_t)wanted + FILES_OWN)
		return wanted;
	uint32_t room = files.rlim_cur > FILES_OWN + FILES_OWN
				? (uint32_t)files.rlim_cur - FILES_OWN
				: (uint32_t)files.rlim_cur / 2;

	room = NV_MAX(NV_MIN(room, wanted), 1u);
	nv_warn("gateway.max_connections is %u, but there may be %llu open files: %u "
		"connections",
		wanted, (unsigned long long)files.rlim_cur, room);
	return room;
}

static int
open_server(struct nv_err *err)
{
	struct gw *gw = &self.gw;
	const struct nv_conf_gateway *conf = &self.config->gateway;
	char host[GW_PEER_BYTES];
	uint16_t port;

	if (gw_listen_parse(conf->listen, host, &port) < 0)
		return nv_err_set(
			err, -EINVAL, "gateway.listen is \"%.60s\"", conf->listen);
	gw->loopback = nv_address_is_loopback(conf->listen);
	if (conf->tls_certificate) {
		int rc = gw_certificate_open(
			&self.certificate, conf->tls_certificate, conf->tls_key, err);

		if (rc < 0)
			return rc;
	}
	if (gw_routes_make(conf, &self.routes, &gw->server.n_routes) < 0)
		return nv_err_set(err, -ENOMEM, "no memory");
	gw->server = (struct gw_server){.loop = gw->loop,
		.routes = self.routes,
		.n_routes = gw->server.n_routes,
		.arg = gw,
		.admit = gw_auth_admit,
		.limits = {.header_ms = conf->header_timeout_ms,
			.body_ms = conf->body_timeout_ms,
			.idle_ms = conf->idle_timeout_ms,
			.write_ms = WRITE_MS,
			.connections = connections_max(conf->connections_max),
			.per_address = conf->per_address_max,
			.unread_bytes = UNREAD_BYTES_MAX,
			.streams = conf->streams_max,
			.buffered_bytes = BUFFERED_BYTES_MAX},
		.tls = self.certificate.tls};
	return gw_server_listen(&gw->server, host, port, err);
}

static int
descriptor(const char *variable, int fallback)
{
	const char *text = getenv(variable);

	return text && *text ? (int)strtol(text, NULL, 10) : fallback;
}

static int
open_parts(struct nv_err *err)
{
	struct gw *gw = &self.gw;
	const struct nv_conf_gateway *conf = &self.config->gateway;
	int rc = gw_secrets_read(gw) < 0 ? nv_err_set(err, -ENOMEM, "no memory") : 0;

	gw_emit_init(&gw->emit, gw->loop, descriptor("NOVA_EVENT_FD", EVENTS_FD),
		descriptor("NOVA_CONTROL_FD", CONTROL_FD));
	gw->emit.stop = on_stop;
	if (gw->emit.broken)
		nv_error("no pipes of novasupd's: webhooks are told to come again");
	if (rc == 0)
		rc = gw_spool_open(&gw->spool, self.paths.state_dir,
			conf->bodies_bytes_max, conf->bodies_age_ms, err);
	if (rc == 0 && gw_auth_open(gw, self.paths.state_dir) < 0)
		rc = nv_err_set(err, -ENOMEM, "no memory");
	if (rc == 0)
		rc = gw_sock_open(gw, err);
	if (rc == 0 && (gw_asker_open(gw) < 0 || gw_live_open(gw) < 0 ||
			       gw_tail_open(gw) < 0 || gw_children_open(gw) < 0 ||
			       gw_verify_open(gw) < 0 || gw_metrics_open(gw) < 0))
		rc = nv_err_set(err, -ENOMEM, "no memory");
	if (rc == 0)
		rc = open_server(err);
	if (rc == 0)
		rc = say_address(err);
	return rc;
}

static void
watch(void)
{
	struct gw *gw = &self.gw;

	(void)signal(SIGPIPE, SIG_IGN);
	ev_signal_init(&self.term, on_signal, SIGTERM);
	ev_signal_init(&self.interrupt, on_signal, SIGINT);
	ev_signal_init(&self.hangup, on_hangup, SIGHUP);
	ev_signal_start(gw->loop, &self.term);
	ev_signal_start(gw->loop, &self.hangup);
	ev_signal_start(gw->loop, &self.interrupt);
	ev_timer_init(&self.tick, on_tick, TICK_S, TICK_S);
	ev_timer_start(gw->loop, &self.tick);
}

static int
run(void)
{
	struct gw *gw = &self.gw;
	struct nv_err err = {0};
	bool by_hand;

	if (nv_service_config(self.paths.config, &self.config, &by_hand) < 0)
		return NV_EXIT_USAGE;
	gw->loop = ev_default_loop(EVFLAG_AUTO);
	if (!gw->loop) {
		nv_error("cannot start: no event loop");
		return NV_EXIT_FAILED;
	}
	gw->config = self.config;
	gw->run_dir = self.paths.run_dir;
	gw->paths = &self.paths;
	gw->started_ns = nv_wall_ns();
	nv_title_set("nova: gateway, starting");
	int rc = open_parts(&err);

	if (rc < 0) {
		nv_error("cannot start: %s", err.text);
		return rc == -EINVAL ? NV_EXIT_USAGE : NV_EXIT_FAILED;
	}
	watch();
	gw_emit_tell(&gw->emit, "{\"event\":\"ready\"}");
	ev_run(gw->loop, 0);
	gw_hooks_drop(gw);
	gw_server_fini(&gw->server);
	gw_metrics_close(gw);
	gw_verify_close(gw);
	gw_children_close(gw);
	gw_tail_close(gw);
	gw_live_close(gw);
	gw_asker_close(gw);
	gw_auth_close(gw);
	gw_sock_close(gw);
	gw_spool_fini(&gw->spool);
	gw_emit_fini(&gw->emit);
	gw_secrets_forget(gw);
	free(self.routes);
	gw_certificate_close(&self.certificate);
	nv_config_free(self.config);
	return NV_EXIT_OK;
}

static const char usage[] =
	"usage: nova-gateway [OPTION...]\n"
	"\n"
	"Takes webhooks, serves the dashboard, the API and /metrics. novasupd starts\n"
	"it where nova.yaml has a section gateway.\n"
	"\n"
	"Options:\n"
	"  --config FILE      nova.yaml\n"
	"  --run-dir DIR      sockets of the fleet\n"
	"  --state-dir DIR    where it keeps what it must not forget\n"
	"  --routes           print every route: method, path, least role\n"
	"  --help, --version\n"
	"\n"
	"The same as environment: NOVA_CONFIG, NOVA_RUN_DIR, NOVA_STATE_DIR.\n"
	"Exit codes: 0 it was asked to end, 2 wrong use, 4 it failed.\n"
	"See also: nova-gateway(8), nova.yaml(5), novasupd(8).\n";

static const char *const flags[] = {"routes", NULL};

int
main(int argc, char **argv)
{
	struct nv_service_args args = {.usage = usage, .flags = flags};
	int code = NV_EXIT_OK;

	nv_title_init(argc, argv);
	nv_log_init("nova-gateway");
	if (nv_service_args(&args, "nova-gateway", argc, argv, &self.paths, &code) < 0)
		return code;
	if (args.flag < 0)
		return run();
	gw_routes_print(stdout);
	return NV_EXIT_OK;
}
