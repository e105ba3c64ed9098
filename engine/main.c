/* nova-engine: reads every worker's pipe, owns the ledger, decides. Started by novasupd
 * with the channel to it on descriptor 3; it opens nothing else on its own but the
 * ledger, its socket, and what the configuration names. */
#include "anomalies.h"
#include "brake.h"
#include "count.h"
#include "decide.h"
#include "eng.h"
#include "evidence.h"
#include "fleet.h"
#include "intake.h"
#include "journal.h"
#include "nv_cli.h"
#include "nv_clock.h"
#include "nv_fd.h"
#include "nv_log.h"
#include "nv_title.h"
#include "nv_version.h"
#include "readers.h"
#include "ready.h"
#include "replay.h"
#include "resource.h"
#include "restored.h"
#include "retention.h"
#include "saving.h"
#include "simulate.h"
#include "txn.h"
#include "watchdog.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define CHANNEL_FD      3
#define NEWS_AFTER_S    1.0
#define READERS_EVERY_S 10.0 /* while somebody reads the ledger */
#define TROUBLE_SEND_MS 1000

static struct {
	struct eng eng;
	bool greeted; /* ENG_HELLO was served */
	bool synced;
	bool resumed; /* by another novasupd, which says everything again */
	int exit_code;
	ev_timer news;
} engine;

/* ---- trouble ---- */

static void
send_state(struct eng *eng, enum nv_engine_state state, const char *reason)
{
	struct nv_sup_engine_state m = {.state = (uint8_t)state};
	uint8_t body[1024];
	struct nv_wr w;

	(void)snprintf(m.reason, sizeof(m.reason), "%s", reason);
	nv_wr_init(&w, body, sizeof(body));
	(void)nv_sup_engine_state_encode(&w, &m);
	int rc = nv_chan_send_wr(&eng->sup, NV_MSG_SUP_ENGINE_STATE, &w);

	if (rc && rc != -ENOTCONN)
		nv_error("cannot tell novasupd the engine's state: %s", strerror(-rc));
}

/* The memory of LMDB after a failed commit is not to be trusted, and nothing of this
 * process' own state is needed: the next engine starts from the disk. */
NV_NORETURN void
eng_ledger_trouble(struct eng *eng, const char *what)
{
	nv_error("%s; ending, so that a new engine starts from what is on disk", what);
	send_state(eng, NV_ENGINE_TROUBLE, what);
	/* A full socket: give novasupd a moment to read, then hand over what is queued.
	 */
	for (int i = 0;
		i < 10 && nv_chan_is_open(&eng->sup) && !nv_chan_flushed(&eng->sup);
		i++) {
		struct pollfd pfd = {.fd = eng->sup.fd, .events = POLLOUT};

		(void)poll(&pfd, 1, TROUBLE_SEND_MS / 10);
		ev_feed_event(eng->loop, &eng->sup.out, EV_WRITE);
		ev_invoke_pending(eng->loop);
	}
	_exit(NV_EXIT_FAILED);
}

/* ---- configuration ---- */

static int
read_config(int fd, struct nv_config **ret)
{
	struct nv_conf_sources sources = {0};
	struct nv_conf_errors errs = {0};
	int rc = nv_conf_snapshot_read(fd, &sources);

	if (rc) {
		nv_error("cannot read the configuration's snapshot: %s", strerror(-rc));
		return rc;
	}
	rc = nv_config_parse(&sources, ret, &errs);
	if (rc == -EINVAL)
		nv_conf_errors_print(&errs, STDERR_FILENO);
	else if (rc)
		nv_error("cannot parse the configuration: %s", strerror(-rc));
	nv_conf_errors_fini(&errs);
	nv_conf_sources_fini(&sources);
	return rc;
}

static int
on_config(struct nv_chan *chan, struct nv_msg *msg)
{
	struct eng *eng = chan->owner;
	struct nv_config *config;
	struct nv_config *old = eng->config;
	struct nv_err err = {0};
	uint32_t gen;
	int rc = nv_body_u32_decode(&gen, msg);

	if (rc || !engine.synced)
		return -EBADMSG;
	if (gen == eng->config_gen)
		return 0; /* said again by a novasupd that has resumed */
	/* novasupd checked it; the one in force stays when we still cannot use it. */
	if (read_config(msg->fds[0], &config) != 0)
		return 0;
	eng_resource_settle(eng);
	(void)eng_intake_flush(eng);
	eng_enforce(eng); /* what was said before it counts by the old rules */
	eng->config = config;
	eng->config_gen = gen;
	rc = eng_fleet_load(eng, &err);
	if (rc)
		eng_ledger_trouble(eng, err.text);
	nv_config_free(old);
	eng_watchdog_kick(eng);
	/* A table that cannot be read leaves the one there was. */
	if (eng_price_open(eng, &err) != 0)
		nv_error("%s; the prices stay as they were", eng->price_problem);
	eng_decide_config(eng);
	eng_evidence_config(eng);
	eng_saving_config(eng);
	eng_retention_config(eng);
	eng_resource_close(eng);
	if (eng_resource_open(eng) != 0)
		return -ENOMEM;
	eng_desire_send_all(eng);
	nv_info("configuration generation %u", gen);
	return 0;
}

/* ---- start ---- */

static void
open_ledger(struct eng *eng)
{
	char dir[sizeof(eng->state_dir) + 16];
	char what[700];
	struct nv_err err = {0};
	struct led_options opt = {.boot_id = eng->boot_id};
	/* A small map, so that a test sees it grow. */
	const char *map = getenv("NOVA_TEST_LEDGER_MAP_BYTES");

	if (map)
		opt.map_bytes = strtoull(map, NULL, 10);
	(void)snprintf(dir, sizeof(dir), "%s/ledger", eng->state_dir);
	int rc = led_open(dir, &opt, &eng->led, &err);

	if (rc) {
		(void)snprintf(what, sizeof(what),
			"the ledger in %s cannot be opened: %s", dir,
			err.text[0] ? err.text : strerror(-rc));
		eng_ledger_trouble(eng, what);
	}
}

/* The probe: nothing is promised before one commit is on disk. */
static void
commit_start(struct eng *eng)
{
	struct eng_txn txn;
	char line[200];

	eng_txn_begin(eng, &txn);
	int n = snprintf(line, sizeof(line),
		"{\"event\":\"state\",\"state\":\"engine_start\",\"pid\":%d,\"version\":"
		"\"%s\","
		"\"boot\":\"%" PRIu64 "\",\"config_gen\":%u}",
		getpid(), nv_version(), eng->boot_id, eng->config_gen);
	struct led_event ev = {.kind = LED_STATE,
		.claimed_ns = txn.now_ns,
		.received_ns = txn.now_ns,
		.line = line,
		.line_bytes = (size_t)n};

	if (eng_txn_event(eng, &txn, NULL, &ev, NULL) != 0)
		eng_ledger_trouble(eng, "the ledger does not take the start event");
	/* No worker is known yet and nobody follows: the hooks have nothing to do. */
	eng_txn_commit(eng, &txn);
}

static void
fail_start(const struct nv_err *err, const char *doing)
{
	char text[800];

	nv_error("%s: %s", doing,
		err->text[0] ? nv_err_string(err, text, sizeof(text)) : "failed");
	_exit(NV_EXIT_FAILED);
}

static int
on_hello(struct nv_chan *chan, struct nv_msg *msg)
{
	struct eng *eng = chan->owner;
	struct nv_eng_hello hello;
	struct nv_err err = {0};

	if (engine.greeted || nv_eng_hello_decode(&hello, msg) != 0)
		return -EBADMSG;
	engine.greeted = true;
	eng->boot_id = hello.boot_id;
	eng->config_gen = hello.config_gen;
	(void)snprintf(eng->state_dir, sizeof(eng->state_dir), "%s", hello.state_dir);
	(void)snprintf(eng->run_dir, sizeof(eng->run_dir), "%s", hello.run_dir);
	if (read_config(msg->fds[0], &eng->config) != 0)
		_exit(NV_EXIT_FAILED);
	eng->autonomous = eng->config->autonomous_enabled;
	if (eng_intake_open(eng) != 0)
		fail_start(&err, "no memory");
	open_ledger(eng);
	eng_restored_take(eng);
	commit_start(eng);
	/* What the pipes hold is to be stored whatever prices are: ending here would lose
	 * it. Nobody runs meanwhile (enforce.c). */
	if (eng_price_open(eng, &err) != 0)
		nv_error("%s; agents are paused until it is mended and reloaded",
			eng->price_problem);
	if (eng_fleet_load(eng, &err) != 0)
		fail_start(&err, "the desired state cannot be read");
	eng_journal_recall(eng);
	if (eng_decide_open(eng, &err) != 0)
		fail_start(&err, "the decisions cannot be read");
	return 0;
}

static void
show_title(struct eng *eng)
{
	struct eng_intake_figures figures;
	char spent[NV_MONEY_BYTES];

	eng_intake_figures(eng, &figures);
	nv_title_set("nova: engine %zu worker%s, %" PRIu64 " stream%s, spent %s today",
		eng->config->n_workers, eng->config->n_workers == 1 ? "" : "s",
		figures.streams, figures.streams == 1 ? "" : "s",
		nv_money_show(eng_spent_today(eng), eng->config->base_currency, spent));
}

/* A moment after a commit: without one nothing is new, and nobody's reading costs space.
 */
static void
on_news(struct ev_loop *loop, ev_timer *w, int revents)
{
	(void)revents;
	ev_timer_stop(loop, w);
	show_title(w->data);
	w->repeat = NEWS_AFTER_S;
	if (eng_readers_look(w->data, nv_mono_ns())) {
		w->repeat = READERS_EVERY_S;
		ev_timer_again(loop, w);
		w->repeat = NEWS_AFTER_S;
	}
}

/* Another novasupd after a SIGKILL of the last one. What each had said and the other not
 * heard is said again, by both; what is known already changes nothing. */
static int
on_resumed(struct nv_chan *chan, struct nv_msg *msg)
{
	(void)chan;
	(void)msg;
	if (!engine.greeted)
		return -EBADMSG; /* nothing is lost: the next engine is greeted anew */
	engine.resumed = true;
	nv_info("novasupd was replaced: everything is said again");
	return 0;
}

static int
on_synced(struct nv_chan *chan, struct nv_msg *msg)
{
	struct eng *eng = chan->owner;
	struct nv_err err = {0};

	(void)msg;
	bool again = engine.resumed && engine.synced;

	engine.resumed = false;
	if (again) {
		send_state(eng, NV_ENGINE_READY, "");
		eng_desire_repeat_all(eng);
		eng_ready_again(eng);
		return 0;
	}
	if (!engine.greeted || engine.synced)
		return -EBADMSG;
	engine.synced = true;
	eng_intake_synced(eng);
	if (eng_resource_open(eng) != 0 || eng_watchdog_open(eng) != 0 ||
		eng_anomalies_open(eng, &err) != 0)
		fail_start(&err, "no memory");
	/* What waited while there was no engine may have used up a budget. */
	eng_enforce(eng);
	/* The socket first: whoever waits for "ready" may call at once. */
	if (eng_api_open(eng, &err) != 0)
		fail_start(&err, "the engine's socket cannot be opened");
	if (eng_evidence_open(eng) != 0)
		fail_start(&err, "the seals of the ledger cannot be read");
	if (eng_saving_open(eng) != 0 || eng_retention_open(eng) != 0 ||
		eng_count_open(eng) != 0)
		fail_start(&err, "no memory");
	send_state(eng, NV_ENGINE_READY, "");
	eng_desire_send_all(eng);
	eng_ready_again(eng);
	ev_init(&engine.news, on_news);
	engine.news.data = eng;
	engine.news.repeat = NEWS_AFTER_S;
	eng->news = &engine.news;
	show_title(eng);
	nv_info("ready: %zu workers, %zu streams", eng->config->n_workers,
		eng->intake->n_streams);
	return 0;
}

/* ---- streams ---- */

static int
on_journal(struct nv_chan *chan, struct nv_msg *msg)
{
	struct eng *eng = chan->owner;
	uint64_t stream_id;

	if (!engine.greeted || nv_body_u64_decode(&stream_id, msg) != 0 || stream_id == 0)
		return -EBADMSG;
	if (engine.resumed && eng->intake->journal &&
		eng->intake->journal->rec.stream_id == stream_id)
		return eng_intake_journal_grew(eng);
	if (stream_id != eng->boot_id)
		return eng_intake_earlier(eng, stream_id, nv_fd_steal(&msg->fds[0]));
	return eng_intake_journal(eng, stream_id, nv_fd_steal(&msg->fds[0]));
}

static int
on_journal_grew(struct nv_chan *chan, struct nv_msg *msg)
{
	struct eng *eng = chan->owner;
	uint64_t bytes;

	if (!engine.greeted || nv_body_u64_decode(&bytes, msg) != 0)
		return -EBADMSG;
	return eng_intake_journal_grew(eng);
}

static int
on_stream(struct nv_chan *chan, struct nv_msg *msg)
{
	struct eng *eng = chan->owner;
	struct nv_eng_stream m;

	if (!engine.greeted || nv_eng_stream_decode(&m, msg) != 0 || m.stream_id == 0)
		return -EBADMSG;
	if (engine.resumed && eng_intake_find(eng, m.stream_id))
		return 0; /* known; the descriptors that came are closed again */
	int pipe_fd = nv_fd_steal(&msg->fds[0]);
	int mem_fd = nv_fd_steal(&msg->fds[1]);
	int ctl_fd = nv_fd_steal(&msg->fds[2]);

	return eng_intake_stream(eng, &m, pipe_fd, mem_fd, ctl_fd);
}

static int
on_held(struct nv_chan *chan, struct nv_msg *msg)
{
	struct nv_eng_held m;

	if (!engine.greeted || nv_eng_held_decode(&m, msg) != 0)
		return -EBADMSG;
	eng_fleet_held(chan->owner, &m);
	return 0;
}

static int
on_brake(struct nv_chan *chan, struct nv_msg *msg)
{
	struct nv_brake m;

	if (!engine.greeted || nv_brake_decode(&m, msg) != 0)
		return -EBADMSG;
	eng_brake_take(chan->owner, &m);
	return 0;
}

/* Answered by the loop itself: an engine that hangs says nothing. */
static int
on_ping(struct nv_chan *chan, struct nv_msg *msg)
{
	(void)msg;
	(void)nv_chan_send(chan, NV_MSG_SUP_ENGINE_PONG, NULL, 0, NULL,
		0); /* a channel too full for it will not let other news through either */
	return 0;
}

/* ---- end ---- */

static int
on_stop(struct nv_chan *chan, struct nv_msg *msg)
{
	struct eng *eng = chan->owner;
	uint32_t drain_ms;

	if (nv_body_u32_decode(&drain_ms, msg) != 0)
		return -EBADMSG;
	if (!engine.greeted) {
		ev_break(eng->loop, EVBREAK_ALL);
		return 0;
	}
	nv_info("asked to stop: %zu streams to drain", eng->intake->n_streams);
	eng_intake_stop(eng, drain_ms);
	return 0;
}

static void
on_sup_closed(struct nv_chan *chan, const char *why)
{
	struct eng *eng = chan->owner;

	if (why) {
		nv_error("novasupd's channel carried %s: it cannot be trusted; ending",
			why);
		engine.exit_code = NV_EXIT_FAILED;
		ev_break(eng->loop, EVBREAK_ALL);
		return;
	}
	if (!engine.greeted) {
		ev_break(eng->loop, EVBREAK_ALL);
		return;
	}
	/* Not asked to stop: what the workers said is still to be kept. */
	if (!eng->intake->stopping)
		nv_warn("novasupd is gone: draining %zu streams, then ending",
			eng->intake->n_streams);
	eng_intake_orphan(eng);
}

static nv_chan_handler_fn *const handlers[NV_MSG_TYPE_MAX] = {
	[NV_MSG_ENG_HELLO] = on_hello,
	[NV_MSG_ENG_JOURNAL] = on_journal,
	[NV_MSG_ENG_STREAM] = on_stream,
	[NV_MSG_ENG_JOURNAL_GREW] = on_journal_grew,
	[NV_MSG_ENG_SYNCED] = on_synced,
	[NV_MSG_ENG_CONFIG] = on_config,
	[NV_MSG_ENG_HELD] = on_held,
	[NV_MSG_ENG_BRAKE] = on_brake,
	[NV_MSG_ENG_STOP] = on_stop,
	[NV_MSG_ENG_PING] = on_ping,
	[NV_MSG_ENG_RESUMED] = on_resumed,
};

/* Exit status 0 says that every stream is closed in the ledger. */
static int
finish(struct eng *eng)
{
	int code = engine.exit_code;

	eng->news = NULL;
	ev_timer_stop(eng->loop, &engine.news);
	if (engine.greeted) {
		(void)eng_intake_flush(eng);
		if (code == NV_EXIT_OK && !eng_intake_done(eng))
			code = NV_EXIT_FAILED;
		eng_api_close(eng);
		eng_count_close(eng);
		eng_retention_close(eng);
		eng_evidence_close(eng);
		eng_saving_close(eng);
		eng_anomalies_close(eng);
		eng_watchdog_close(eng);
		eng_resource_close(eng);
		eng_decide_close(eng);
		eng_intake_close(eng);
		eng_fleet_free(eng);
		eng_price_close(eng);
		led_close(eng->led);
		nv_config_free(eng->config);
	}
	nv_chan_close(&eng->sup);
	ev_loop_destroy(eng->loop);
	return code;
}

/* Three descriptors a stream: as many as the system allows. */
static void
raise_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		nv_warn("cannot raise the limit of open files: %s", strerror(errno));
}

static int
run(void)
{
	struct eng *eng = &engine.eng;

	(void)signal(SIGPIPE, SIG_IGN);
	/* A terminal's Ctrl-C goes to the whole group: novasupd says when to end. */
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	raise_files();
	eng->started_mono_ns = nv_mono_ns();
	eng->loop = ev_loop_new(EVFLAG_AUTO);
	if (!eng->loop) {
		nv_error("no event loop");
		return NV_EXIT_FAILED;
	}
	if (nv_fd_set_cloexec(CHANNEL_FD, true) != 0) {
		nv_error("descriptor %d is not the channel to novasupd: nova-engine is "
			 "started by novasupd",
			CHANNEL_FD);
		ev_loop_destroy(eng->loop);
		return NV_EXIT_USAGE;
	}
	nv_title_set("nova: engine starting");
	nv_chan_open(
		&eng->sup, eng->loop, CHANNEL_FD, 'E', 'S', handlers, on_sup_closed, eng);
	ev_run(eng->loop, 0);
	return finish(eng);
}

static const char help[] =
	"usage: nova-engine\n"
	"       nova-engine --replay\n"
	"\n"
	"Reads what workers report, keeps the ledger, decides what runs. novasupd\n"
	"starts it, with a channel on descriptor 3.\n"
	"\n"
	"Options:\n"
	"  --replay         decide on a history from standard input, and nothing else\n"
	"  --simulate ...   for `novactl simulate`\n"
	"  --help, --version\n"
	"\n"
	"Exit codes: 0 all is stored, 2 wrong use, 4 it failed.\n"
	"See also: nova-engine(8), novasupd(8), novactl(1).\n";

int
main(int argc, char **argv)
{
	static const char *const own[] = {
		"--append-anchor", "--replay", "--simulate", NULL};

	nv_title_init(argc, argv);
	nv_log_init("nova-engine");
	int code = nv_cli_started("nova-engine", help, own, argc, argv);

	if (code >= 0)
		return code;
	/* Internal: what may hang in a file system does so in a process of its own. */
	if (argc == 3 && strcmp(argv[1], "--append-anchor") == 0)
		return eng_evidence_append(argv[2]);
	if (argc == 2 && strcmp(argv[1], "--replay") == 0)
		return (int)eng_replay(stdin, stdout);
	if (argc >= 2 && strcmp(argv[1], "--simulate") == 0)
		return eng_simulate_main(argc, argv);
	if (argc > 1)
		return nv_cli_surplus("nova-engine", argv[argc - 1]);
	return run();
}
