/* nova-probe: asks workers from outside whether they are ready and healthy: over TCP,
 * HTTP, or by a command. Started by novasupd, which does no network itself, with the
 * channel to it on descriptor 3; restarted by it when it dies, and told anew what to ask.
 */
#include "nv_cli.h"
#include "nv_fd.h"
#include "nv_log.h"
#include "nv_title.h"
#include "sweep.h"
#include "target.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define CHANNEL_FD 3

static struct {
	struct probe probe;
	int exit_code;
} self;

static void
show_title(void)
{
	nv_title_set("nova: probe, %u worker%s asked", self.probe.n_targets,
		self.probe.n_targets == 1 ? "" : "s");
}

/* ---- messages ---- */

static int
on_hello(struct nv_chan *chan, struct nv_msg *msg)
{
	struct probe *p = chan->owner;
	struct nv_conf_sources sources = {0};
	struct nv_conf_errors errs = {0};
	struct nv_config *config = NULL;
	uint32_t gen;

	if (nv_body_u32_decode(&gen, msg) < 0)
		return -EBADMSG;
	int rc = nv_conf_snapshot_read(msg->fds[0], &sources);

	if (rc == 0)
		rc = nv_config_parse(&sources, &config, &errs);
	if (rc < 0)
		nv_error("configuration %u: %s", gen,
			errs.n ? errs.list[0].text : strerror(-rc));
	nv_conf_errors_fini(&errs);
	nv_conf_sources_fini(&sources);
	/* Its settings are borrowed by the targets. */
	probe_targets_clear(p);
	nv_config_free(p->config);
	p->config = config;
	if (rc < 0)
		return rc == -ENOMEM ? 0 : -EBADMSG;
	return nv_chan_send(chan, NV_MSG_SUP_PROBE_UP, NULL, 0, NULL, 0);
}

static int
watch(struct nv_chan *chan, struct nv_msg *msg, int socket)
{
	struct probe *p = chan->owner;
	struct nv_probe_watch m;

	if (nv_probe_watch_decode(&m, msg) < 0 || !nv_name_valid(m.worker) ||
		(m.what != NV_PROBE_WHAT_READY && m.what != NV_PROBE_WHAT_HEALTH)) {
		nv_fd_close(&socket);
		return -EBADMSG;
	}
	int rc = probe_target_watch(p, &m, socket);

	if (rc < 0)
		nv_error("%s#%u is not asked: %s", m.worker, m.instance, strerror(-rc));
	show_title();
	return 0;
}

static int
on_watch(struct nv_chan *chan, struct nv_msg *msg)
{
	return watch(chan, msg, -1);
}

static int
on_notify(struct nv_chan *chan, struct nv_msg *msg)
{
	return watch(chan, msg, nv_fd_steal(&msg->fds[0]));
}

static int
on_drop(struct nv_chan *chan, struct nv_msg *msg)
{
	uint64_t id;

	if (nv_body_u64_decode(&id, msg) < 0)
		return -EBADMSG;
	probe_target_drop(chan->owner, id);
	show_title();
	return 0;
}

static int
on_ping(struct nv_chan *chan, struct nv_msg *msg)
{
	(void)msg;
	(void)nv_chan_send(chan, NV_MSG_SUP_PROBE_PONG, NULL, 0, NULL,
		0); /* a channel too full for it will not let other news through either */
	return 0;
}

static void
on_closed(struct nv_chan *chan, const char *why)
{
	struct probe *p = chan->owner;

	if (why) {
		nv_error("novasupd's channel carried %s; ending", why);
		self.exit_code = NV_EXIT_FAILED;
	}
	ev_break(p->loop, EVBREAK_ALL);
}

static nv_chan_handler_fn *const handlers[NV_MSG_TYPE_MAX] = {
	[NV_MSG_PROBE_HELLO] = on_hello,
	[NV_MSG_PROBE_WATCH] = on_watch,
	[NV_MSG_PROBE_NOTIFY] = on_notify,
	[NV_MSG_PROBE_DROP] = on_drop,
	[NV_MSG_PROBE_PING] = on_ping,
};

/* ---- begin and end ---- */

static int
run(void)
{
	struct probe *p = &self.probe;

	(void)signal(SIGPIPE, SIG_IGN);
	/* A terminal's Ctrl-C goes to the whole group: novasupd says when to end. */
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	/* The default loop: it is the one that reaps. */
	p->loop = ev_default_loop(EVFLAG_AUTO);
	if (!p->loop || probe_sweep_init() < 0 || probe_net_new(p->loop, &p->net) < 0) {
		nv_error("cannot start: no event loop, or no memory");
		return NV_EXIT_FAILED;
	}
	if (nv_fd_set_cloexec(CHANNEL_FD, true) != 0) {
		nv_error("descriptor %d is not the channel to novasupd: nova-probe is "
			 "started by novasupd",
			CHANNEL_FD);
		return NV_EXIT_USAGE;
	}
	nv_title_set("nova: probe, starting");
	nv_chan_open(&p->sup, p->loop, CHANNEL_FD, 'P', 'S', handlers, on_closed, p);
	ev_run(p->loop, 0);
	probe_targets_clear(p);
	probe_net_free(p->net);
	nv_config_free(p->config);
	nv_chan_close(&p->sup);
	return self.exit_code;
}

static const char help[] =
	"usage: nova-probe\n"
	"\n"
	"Asks workers from outside whether they are ready and healthy. novasupd\n"
	"starts it, with a channel on descriptor 3.\n"
	"\n"
	"Options:\n"
	"  --help, --version\n"
	"\n"
	"Exit codes: 0 it was asked to end, 2 wrong use, 4 it failed.\n"
	"See also: nova-probe(8), nova.yaml(5), novasupd(8).\n";

int
main(int argc, char **argv)
{
	nv_title_init(argc, argv);
	nv_log_init("nova-probe");
	int code = nv_cli_started("nova-probe", help, NULL, argc, argv);

	if (code >= 0)
		return code;
	return run();
}
