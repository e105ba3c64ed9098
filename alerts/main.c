/* nova-alerts: tells people what cannot wait. Started by novasupd when nova.yaml has a
 * section `alerts:`, or by hand. */
#include "alerts.h"

#include "nv_clock.h"
#include "nv_fd.h"
#include "nv_log.h"
#include "nv_service.h"
#include "nv_title.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEARTBEAT_S 20.

static struct {
	struct alerts alerts;
	ev_signal term;
	ev_signal interrupt;
	ev_timer beat;
	int events; /* -1: started by hand */
} self = {.events = -1};

/* ---- what novasupd hears of us ---- */

/* A pipe that is full: the engine is away, and a beat more or less is nothing. */
static void
say(const char *line)
{
	if (self.events >= 0 && write(self.events, line, strlen(line)) < 0 &&
		errno != EAGAIN)
		nv_warn("the engine does not hear us: %s", strerror(errno));
}

static void
on_beat(struct ev_loop *loop, ev_timer *timer, int revents)
{
	const struct alerts *a = &self.alerts;
	size_t open = alert_book_open(a->book);
	char line[160];

	(void)loop;
	(void)timer;
	(void)revents;
	nv_title_set("nova: alerts, %zu open", open);
	(void)snprintf(line, sizeof(line),
		"{\"event\":\"heartbeat\",\"status\":\"%zu alerts "
		"open\",\"progress\":%lld}\n",
		open, (long long)a->looked_ms);
	say(line);
}

static void
open_events(void)
{
	const char *text = getenv("NOVA_EVENT_FD");
	int fd = text ? (int)strtol(text, NULL, 10) : -1;

	if (fd > 2 && nv_fd_set_nonblock(fd, true) == 0 &&
		nv_fd_set_cloexec(fd, true) == 0)
		self.events = fd;
}

/* ---- start and end ---- */

static void
on_stop(struct ev_loop *loop, ev_signal *signal, int revents)
{
	(void)signal;
	(void)revents;
	ev_break(loop, EVBREAK_ALL);
}

static void
watch_signals(struct ev_loop *loop)
{
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	ev_signal_init(&self.term, on_stop, SIGTERM);
	ev_signal_init(&self.interrupt, on_stop, SIGINT);
	ev_signal_start(loop, &self.term);
	ev_signal_start(loop, &self.interrupt);
}

/* novactl finds the fleet by the same variables as everybody. */
static int
show_the_way(struct alerts *a)
{
	int bad = setenv("NOVA_RUN_DIR", a->paths.run_dir, 1);

	bad |= setenv("NOVA_STATE_DIR", a->paths.state_dir, 1);
	if (a->by_hand)
		bad |= setenv("NOVA_CONFIG", a->paths.config, 1);
	if (bad || snprintf(a->novactl, sizeof(a->novactl), "%s/novactl",
			   a->paths.bin_dir) >= (int)sizeof(a->novactl))
		return -ENOMEM;
	if (gethostname(a->host, sizeof(a->host) - 1) < 0)
		(void)snprintf(a->host, sizeof(a->host), "this machine");
	return 0;
}

static int
open_parts(struct alerts *a, struct nv_err *err)
{
	int rc;

	if (!a->config->alerts.on)
		return nv_err_set(err, -EINVAL, "%s/nova.yaml has no section `alerts:`",
			a->config->dir);
	a->book = alert_book_new();
	a->memory = alert_memory_new();
	rc = a->book && a->memory ? show_the_way(a) : -ENOMEM;
	if (rc == 0)
		rc = nv_http_new(a->loop, NULL, &a->http);
	if (rc == 0)
		rc = alert_channels_open(a);
	if (rc < 0)
		return nv_err_set(err, rc, "%s", strerror(-rc));
	rc = alert_store_load(a, err);
	if (rc == 0)
		alert_channels_inherit(a);
	if (rc == 0)
		rc = alert_sock_open(a, err);
	if (rc == 0 && (alert_telegram_open(a) < 0 || alert_look_open(a) < 0))
		rc = nv_err_set(err, -ENOMEM, "no memory");
	if (rc == 0)
		alert_slack_resume(a);
	return rc;
}

static void
close_parts(struct alerts *a)
{
	alert_look_close(a);
	alert_sock_close(a);
	alert_decide_close(a);
	alert_telegram_close(a);
	alert_slack_close(a);
	alert_channels_close(a);
	nv_http_free(a->http);
	alert_book_free(a->book);
	alert_memory_free(a->memory);
	nv_config_free(a->config);
}

static int
run(struct alerts *a)
{
	struct nv_err err = {0};

	if (nv_service_config(a->paths.config, &a->config, &a->by_hand) < 0)
		return NV_EXIT_USAGE;
	a->loop = ev_default_loop(EVFLAG_AUTO);
	if (!a->loop) {
		nv_error("cannot start: no event loop");
		return NV_EXIT_FAILED;
	}
	open_events();
	watch_signals(a->loop);
	int rc = open_parts(a, &err);

	if (rc == 0) {
		say("{\"event\":\"ready\"}\n");
		ev_timer_init(&self.beat, on_beat, 0., HEARTBEAT_S);
		ev_timer_start(a->loop, &self.beat);
		/* What an earlier one could not say. */
		alert_channels_go(a);
		nv_info("ready");
		ev_run(a->loop, 0);
	} else {
		nv_error("cannot start: %s", err.text);
	}
	close_parts(a);
	return rc == 0 ? NV_EXIT_OK : rc == -EINVAL ? NV_EXIT_USAGE : NV_EXIT_FAILED;
}

/* ---- arguments ---- */

static const char usage[] =
	"usage: nova-alerts [OPTION...]\n"
	"\n"
	"Tells people what cannot wait, and takes their yes or no. novasupd starts it\n"
	"where nova.yaml has a section alerts.\n"
	"\n"
	"Options:\n"
	"  --config FILE      nova.yaml\n"
	"  --run-dir DIR      sockets of the fleet\n"
	"  --state-dir DIR    where it keeps what it must not forget\n"
	"  --help, --version\n"
	"\n"
	"The same as environment: NOVA_CONFIG, NOVA_RUN_DIR, NOVA_STATE_DIR.\n"
	"Exit codes: 0 it was asked to end, 2 wrong use, 4 it failed.\n"
	"See also: nova-alerts(8), nova.yaml(5), novasupd(8).\n";

int
main(int argc, char **argv)
{
	struct nv_service_args args = {.usage = usage};
	int code = NV_EXIT_OK;

	nv_title_init(argc, argv);
	nv_log_init("nova-alerts");
	if (nv_service_args(&args, "nova-alerts", argc, argv, &self.alerts.paths, &code) <
		0)
		return code;
	return run(&self.alerts);
}
