/* nova-logger: drains the stdout/stderr pipe of every worker into rotated files. Whatever
 * kills it, the next one goes on at the byte where it was (pump.h). Started by novasupd
 * with its channel on descriptor 3. */
#include "nv_chan.h"
#include "nv_cli.h"
#include "nv_clock.h"
#include "nv_fd.h"
#include "nv_log.h"
#include "nv_msg_body.h"
#include "nv_title.h"
#include "pump.h"
#include "tidy.h"

#include <dirent.h>
#include <errno.h>
#include <ev.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHANNEL_FD      3
#define FILE_BUCKETS    4096
#define RETRY_S         1.
#define PUNCH_S         1.
#define TITLE_S         0.5
#define BURIAL_S        0.05
#define BURIED_MAX      4096
#define STOP_PATIENCE_S 3.

struct stream {
	struct stream *next;
	struct stream **at; /* what points to it */
	uint64_t id;
	struct log_pump pump;
	ev_io io;
	uint64_t told_dropped;
	int told_error;
	bool idle; /* nothing since its memory was given back */
};

struct logger {
	struct ev_loop *loop;
	struct nv_chan chan;
	char dir[1024];
	struct log_table *table;
	struct log_file *files[FILE_BUCKETS]; /* owned */
	struct stream *streams;               /* owned */
	struct stream *by_slot[LOG_PROGRESS_SLOTS];
	unsigned n_streams;
	uint64_t waiting; /* bytes, of all streams */
	uint64_t dropped; /* bytes, by this process */
	ev_timer retry;
	ev_timer punch;
	ev_timer patience;
	ev_timer title;
	ev_timer burial;
	int buried[BURIED_MAX]; /* owned: to be closed soon */
	unsigned n_buried;
	ev_io tidy_io;
	int tidy_fd; /* pidfd of the process that tidies; -1: none */
	bool greeted;
	bool stopping;
};

static struct logger logger = {.tidy_fd = -1};

static struct log_now
now(void)
{
	return (struct log_now){nv_mono_ms(), nv_wall_ns()};
}

static void
start_once(ev_timer *t, double seconds)
{
	if (ev_is_active(t))
		return;
	ev_timer_set(t, seconds, 0.);
	ev_timer_start(logger.loop, t);
}

/* ---- files ---- */

static struct log_file **
bucket_of(const char *name)
{
	uint32_t hash = UINT32_C(2166136261);

	for (; *name; name++)
		hash = (hash ^ (uint8_t)*name) * UINT32_C(16777619);
	return &logger.files[hash % FILE_BUCKETS];
}

static struct log_file *
file_hold(const char *name)
{
	struct log_file **bucket = bucket_of(name);
	struct log_file *f = *bucket;

	while (f && strcmp(f->name, name) != 0)
		f = f->next;
	if (!f) {
		f = calloc(1, sizeof(*f));
		if (!f)
			return NULL;
		log_file_init(f, logger.dir, name);
		f->next = *bucket;
		*bucket = f;
	}
	f->refs++;
	return f;
}

static void
file_collect(struct log_file *f)
{
	struct log_file **at = bucket_of(f->name);

	if (f->refs > 0 || f->untidy)
		return;
	while (*at != f)
		at = &(*at)->next;
	*at = f->next;
	log_file_fini(f);
	free(f);
}

/* ---- rotated files ---- */

static void on_tidied(struct ev_loop *loop, ev_io *w, int revents);

static int
spawn_tidy(struct log_file *f)
{
	struct log_tidy_argv args;
	pid_t pid;

	log_tidy_argv(&args, logger.dir, f->name, &f->policy);
	int rc = -posix_spawn(&pid, "/proc/self/exe", NULL, NULL, args.argv, environ);

	if (rc < 0)
		return rc;
	logger.tidy_fd = pidfd_open(pid, 0);
	if (logger.tidy_fd < 0) {
		rc = -errno;
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
		return rc;
	}
	ev_io_set(&logger.tidy_io, logger.tidy_fd, EV_READ);
	ev_io_start(logger.loop, &logger.tidy_io);
	return 0;
}

static void
tidy_next(void)
{
	if (logger.tidy_fd >= 0 || logger.stopping)
		return;
	for (size_t i = 0; i < FILE_BUCKETS; i++) {
		struct log_file *f = logger.files[i];

		while (f && !f->untidy)
			f = f->next;
		if (!f)
			continue;
		f->untidy = false;
		int rc = spawn_tidy(f);

		if (rc < 0)
			nv_error("%s/%s.log: rotated files: %s; trying again at the next "
				 "rotation",
				logger.dir, f->name, strerror(-rc));
		file_collect(f);
		return;
	}
}

/* What the last logger has left undone: more files than wanted, or plain ones. */
static void
count_rotated(const char *name)
{
	char worker[NV_NAME_MAX];
	const char *stamp = strstr(name, ".log.");

	for (const char *more; stamp && (more = strstr(stamp + 1, ".log."));)
		stamp = more;
	if (!stamp || (size_t)(stamp - name) >= sizeof(worker))
		return;
	(void)snprintf(worker, sizeof(worker), "%.*s", (int)(stamp - name), name);
	struct log_file *f = *bucket_of(worker);

	while (f && strcmp(f->name, worker) != 0)
		f = f->next;
	if (!f)
		return;
	enum nv_log_file_kind kind = nv_log_file_kind(name, worker, NULL);

	if (kind == NV_LOG_FILE_OTHER)
		return;
	f->rotated++;
	if (kind == NV_LOG_FILE_PART || f->rotated > f->policy.files_kept ||
		(kind == NV_LOG_FILE_PLAIN && f->policy.compress == NV_LOG_COMPRESS_GZIP))
		f->untidy = true;
}

static void
look_for_untidy(void)
{
	DIR *d = opendir(logger.dir);

	if (!d)
		return; /* the first write says what is wrong with it */
	for (size_t i = 0; i < FILE_BUCKETS; i++) {
		for (struct log_file *f = logger.files[i]; f; f = f->next)
			f->rotated = 0;
	}
	for (const struct dirent *e; (e = readdir(d));)
		count_rotated(e->d_name);
	(void)closedir(d);
	tidy_next();
}

static void
end_tidy(int options)
{
	siginfo_t info;

	ev_io_stop(logger.loop, &logger.tidy_io);
	while (waitid(P_PIDFD, (id_t)logger.tidy_fd, &info, options) < 0 &&
		errno == EINTR)
		;
	nv_fd_close(&logger.tidy_fd);
}

static void
on_tidied(struct ev_loop *loop, ev_io *w, int revents)
{
	(void)loop;
	(void)w;
	(void)revents;
	end_tidy(WEXITED);
	tidy_next();
}

/* ---- streams ---- */

/* Close it in a moment. novasupd has the same pipe open, so that epoll does not forget it
 * when it is closed here; libev takes it out at the next event that nobody wants, for
 * which the descriptor must still be there. */
static void
bury(int fd)
{
	if (logger.n_buried == BURIED_MAX)
		nv_fd_close(&logger.buried[--logger.n_buried]);
	logger.buried[logger.n_buried++] = fd;
	start_once(&logger.burial, BURIAL_S);
}

static void
on_burial(struct ev_loop *loop, ev_timer *t, int revents)
{
	(void)loop;
	(void)t;
	(void)revents;
	while (logger.n_buried > 0)
		nv_fd_close(&logger.buried[--logger.n_buried]);
}

static void
stream_free(struct stream *s)
{
	struct log_file *f = s->pump.file;

	*s->at = s->next;
	if (s->next)
		s->next->at = s->at;
	logger.by_slot[s->pump.slot - logger.table->slots] = NULL;
	logger.n_streams--;
	ev_io_stop(logger.loop, &s->io);
	bury(nv_fd_steal(&s->pump.pipe_fd));
	log_pump_fini(&s->pump);
	f->refs--;
	file_collect(f);
	free(s);
	start_once(&logger.title, TITLE_S);
}

static void
end_if_done(void)
{
	if (logger.stopping && logger.n_streams == 0)
		ev_break(logger.loop, EVBREAK_ALL);
}

static int
send_closed(uint64_t id)
{
	uint8_t body[8];
	struct nv_wr w;

	nv_wr_init(&w, body, sizeof(body));
	nv_wr_u64(&w, id);
	return nv_chan_send_wr(&logger.chan, NV_MSG_SUP_LOG_CLOSED, &w);
}

/* At its end, and all of it in the file: novasupd may drop its descriptors. The entry
 * goes after the word: a logger that dies between leaves an entry without a stream, which
 * the next one frees; the other way round it would write everything again. */
static void
close_if_done(struct stream *s)
{
	if (!log_pump_done(&s->pump))
		return;
	struct log_slot *slot = s->pump.slot;
	int rc = send_closed(s->id);

	stream_free(s);
	if (rc == 0 || !nv_chan_is_open(&logger.chan))
		log_slot_free(slot); /* or nobody asks any more */
	end_if_done();
}

static void
tell(struct stream *s)
{
	const struct log_file *f = s->pump.file;
	struct nv_sup_log_lost m = {.log_id = s->id,
		.dropped_bytes = log_pump_dropped(&s->pump),
		.waiting_bytes = s->pump.waiting};
	uint8_t body[256];
	struct nv_wr w;

	if (m.dropped_bytes == s->told_dropped && f->error == s->told_error)
		return;
	logger.dropped += m.dropped_bytes - s->told_dropped;
	s->told_dropped = m.dropped_bytes;
	s->told_error = f->error;
	if (f->error)
		(void)snprintf(m.error, sizeof(m.error), "%s", strerror(-f->error));
	nv_wr_init(&w, body, sizeof(body));
	(void)nv_sup_log_lost_encode(&w, &m); /* the error stays in w */
	(void)nv_chan_send_wr(&logger.chan, NV_MSG_SUP_LOG_LOST, &w); /* or nobody asks */
	start_once(&logger.title, TITLE_S);
}

static void
watch(struct stream *s)
{
	bool on = log_pump_wants(&s->pump);

	if (on && !ev_is_active(&s->io))
		ev_io_start(logger.loop, &s->io);
	else if (!on && ev_is_active(&s->io))
		ev_io_stop(logger.loop, &s->io);
}

static void
stream_write(struct stream *s, const struct log_now *at)
{
	struct log_file *f = s->pump.file;
	int before = f->error;

	log_pump_write(&s->pump, at, s->pump.eof);
	if (f->error && f->error != before)
		nv_error("%s/%s.log: %s; trying again, %s", logger.dir, f->name,
			strerror(-f->error),
			f->policy.when_full == NV_LOG_FULL_WAIT
				? "the worker waits when its pipe is full"
				: "dropping the oldest lines when 1 MiB waits");
	else if (!f->error && before)
		nv_info("%s/%s.log: writing again", logger.dir, f->name);
	if (f->error)
		start_once(&logger.retry, RETRY_S);
	if (f->error != before)
		tell(s);
	if (f->untidy)
		tidy_next();
}

/* All that there is to do for one now; it may be gone afterwards. */
static void
stream_step(struct stream *s, bool try_file)
{
	const struct log_now at = now();

	if (try_file || !s->pump.file->error)
		stream_write(s, &at);
	else
		log_pump_shed(&s->pump, &at);
	watch(s);
	s->idle = false;
	start_once(&logger.punch, PUNCH_S);
	close_if_done(s);
}

static void
on_output(struct ev_loop *loop, ev_io *w, int revents)
{
	struct stream *s = w->data;
	int rc = log_pump_take(&s->pump);

	(void)revents;
	if (rc < 0) {
		nv_error("the output of %s#%u: %s; what it says now stays in its pipe",
			s->pump.file->name, s->pump.instance, strerror(-rc));
		ev_io_stop(loop, w);
		start_once(&logger.retry, RETRY_S);
	}
	stream_step(s, false);
}

static bool
good_policy(const struct nv_log_policy *p)
{
	return p->compress <= NV_LOG_COMPRESS_GZIP && p->stamps <= NV_LOG_STAMP_NONE &&
	       p->when_full <= NV_LOG_FULL_WAIT && p->files_kept <= 1000 &&
	       p->age_ms >= 0 && p->kept_ms_max >= 0;
}

static int
stream_new(const struct nv_log_stream *m, struct log_slot *slot, struct nv_msg *msg)
{
	struct stream *s = calloc(1, sizeof(*s));
	struct log_file *f = s ? file_hold(m->name) : NULL;

	if (!f) {
		free(s);
		return -ENOMEM;
	}
	f->policy = m->policy;
	int rc = log_pump_init(&s->pump, f, slot, nv_fd_steal(&msg->fds[0]),
		nv_fd_steal(&msg->fds[1]), &logger.waiting);

	if (rc < 0) {
		f->refs--;
		file_collect(f);
		free(s);
		return rc;
	}
	s->id = m->log_id;
	s->pump.instance = m->instance;
	s->pump.generation = m->generation;
	s->told_dropped = log_pump_dropped(&s->pump);
	ev_io_init(&s->io, on_output, s->pump.pipe_fd, EV_READ);
	s->io.data = s;
	s->at = &logger.streams;
	s->next = logger.streams;
	if (s->next)
		s->next->at = &s->next;
	logger.streams = s;
	logger.by_slot[slot - logger.table->slots] = s;
	logger.n_streams++;
	start_once(&logger.title, TITLE_S);
	watch(s);
	return 0;
}

/* What is kept of rotated files, and how. */
static bool
keeps_alike(const struct nv_log_policy *a, const struct nv_log_policy *b)
{
	return a->files_kept == b->files_kept && a->kept_bytes_max == b->kept_bytes_max &&
	       a->kept_ms_max == b->kept_ms_max && a->compress == b->compress;
}

static int
on_stream(struct nv_chan *chan, struct nv_msg *msg)
{
	struct nv_log_stream m;

	(void)chan;
	if (nv_log_stream_decode(&m, msg) < 0 || !nv_name_valid(m.name) ||
		!logger.greeted || m.log_id == 0 || !good_policy(&m.policy))
		return -EBADMSG;
	/* A novasupd that has resumed had not noted that it is over. */
	if (log_table_is_over(logger.table, m.log_id))
		return send_closed(m.log_id);
	struct log_slot *slot = log_table_take(logger.table, m.log_id);

	if (!slot)
		return -ENOSPC;
	struct stream *s = logger.by_slot[slot - logger.table->slots];

	if (!s)
		return stream_new(&m, slot, msg);
	/* Known: novasupd was replaced, or has new settings. Who wants fewer files need
	 * not wait for another one. */
	struct log_file *f = s->pump.file;

	f->untidy = f->untidy || !keeps_alike(&f->policy, &m.policy);
	f->policy = m.policy;
	watch(s);
	tidy_next();
	return 0;
}

/* An entry whose stream novasupd does not hold any more: its end was reported. */
static int
on_synced(struct nv_chan *chan, struct nv_msg *msg)
{
	(void)chan;
	(void)msg;
	if (!logger.greeted)
		return -EBADMSG;
	for (size_t i = 0; i < LOG_PROGRESS_SLOTS; i++) {
		if (logger.table->slots[i].id != 0 && !logger.by_slot[i])
			log_slot_free(&logger.table->slots[i]);
	}
	look_for_untidy();
	return 0;
}

/* ---- life ---- */

static int
on_hello(struct nv_chan *chan, struct nv_msg *msg)
{
	struct nv_log_hello m;

	if (nv_log_hello_decode(&m, msg) < 0)
		return -EBADMSG;
	if (logger.greeted)
		return 0; /* a new novasupd: everything is known */
	memcpy(logger.dir, m.log_dir, sizeof(m.log_dir));
	int rc = log_table_map(msg->fds[0], &logger.table);

	if (rc < 0)
		return rc;
	rc = log_table_recover(logger.table, logger.dir);
	if (rc < 0)
		nv_error("%s: whether the last line was written cannot be told: %s; it "
			 "is written again",
			logger.dir, strerror(-rc));
	logger.greeted = true;
	return nv_chan_send(chan, NV_MSG_SUP_LOGGER_READY, NULL, 0, NULL, 0);
}

/* Another novasupd after a SIGKILL of the last one: it says again what it holds, and may
 * not have heard that we are there. */
static int
on_resumed(struct nv_chan *chan, struct nv_msg *msg)
{
	(void)msg;
	return logger.greeted
		       ? nv_chan_send(chan, NV_MSG_SUP_LOGGER_READY, NULL, 0, NULL, 0)
		       : 0;
}

static void
begin_stop(void)
{
	if (logger.stopping)
		return;
	logger.stopping = true;
	ev_timer_set(&logger.patience, STOP_PATIENCE_S, 0.);
	ev_timer_start(logger.loop, &logger.patience);
	end_if_done();
}

static int
on_stop(struct nv_chan *chan, struct nv_msg *msg)
{
	(void)chan;
	(void)msg;
	begin_stop();
	return 0;
}

static int
on_ping(struct nv_chan *chan, struct nv_msg *msg)
{
	(void)msg;
	(void)nv_chan_send(chan, NV_MSG_SUP_LOGGER_PONG, NULL, 0, NULL,
		0); /* too full for it: then novasupd does not read, and does not count */
	return 0;
}

/* novasupd is gone: the workers go too, and what they have said is still in the pipes. */
static void
on_channel_closed(struct nv_chan *chan, const char *why)
{
	(void)chan;
	if (why)
		nv_error("novasupd sent %s", why);
	begin_stop();
}

static void
on_retry(struct ev_loop *loop, ev_timer *t, int revents)
{
	(void)loop;
	(void)t;
	(void)revents;
	for (struct stream *s = logger.streams, *next; s; s = next) {
		next = s->next;
		if (s->pump.file->error || s->pump.waiting > 0 || !ev_is_active(&s->io)) {
			tell(s);
			stream_step(s, true);
		}
	}
}

static void
on_punch(struct ev_loop *loop, ev_timer *t, int revents)
{
	(void)loop;
	(void)t;
	(void)revents;
	for (struct stream *s = logger.streams; s; s = s->next) {
		if (!s->idle)
			log_pump_punch(&s->pump);
		s->idle = true;
	}
}

static void
on_patience(struct ev_loop *loop, ev_timer *t, int revents)
{
	(void)t;
	(void)revents;
	nv_warn("ending with %u pipes that are still open or not written",
		logger.n_streams);
	ev_break(loop, EVBREAK_ALL);
}

static void
on_title(struct ev_loop *loop, ev_timer *t, int revents)
{
	(void)loop;
	(void)t;
	(void)revents;
	if (logger.dropped > 0)
		nv_title_set("nova: logger, %u pipes, %llu bytes dropped",
			logger.n_streams, (unsigned long long)logger.dropped);
	else
		nv_title_set("nova: logger, %u pipes", logger.n_streams);
}

static nv_chan_handler_fn *const handlers[NV_MSG_TYPE_MAX] = {
	[NV_MSG_LOG_HELLO] = on_hello,
	[NV_MSG_LOG_STREAM] = on_stream,
	[NV_MSG_LOG_STOP] = on_stop,
	[NV_MSG_LOG_PING] = on_ping,
	[NV_MSG_LOG_SYNCED] = on_synced,
	[NV_MSG_LOG_RESUMED] = on_resumed,
};

static bool
is_channel(int fd)
{
	int type = 0;
	socklen_t len = sizeof(type);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
	       type == SOCK_SEQPACKET;
}

static void
fini(void)
{
	const struct log_now at = now();

	while (logger.streams) { /* the last try */
		struct stream *s = logger.streams;

		log_pump_write(&s->pump, &at, true);
		stream_free(s);
	}
	for (size_t i = 0; i < FILE_BUCKETS; i++) {
		while (logger.files[i]) {
			struct log_file *f = logger.files[i];

			logger.files[i] = f->next;
			log_file_fini(f);
			free(f);
		}
	}
	while (logger.n_buried > 0)
		nv_fd_close(&logger.buried[--logger.n_buried]);
	if (logger.tidy_fd >= 0) {
		(void)pidfd_send_signal(logger.tidy_fd, SIGKILL, NULL, 0);
		end_tidy(WEXITED);
	}
	nv_chan_close(&logger.chan);
	log_table_unmap(logger.table);
	ev_loop_destroy(logger.loop);
}

static void
init_timers(void)
{
	ev_timer_init(&logger.retry, on_retry, 0., 0.);
	ev_timer_init(&logger.punch, on_punch, 0., 0.);
	ev_timer_init(&logger.patience, on_patience, 0., 0.);
	ev_timer_init(&logger.title, on_title, 0., 0.);
	ev_timer_init(&logger.burial, on_burial, 0., 0.);
	ev_io_init(&logger.tidy_io, on_tidied, -1, EV_READ);
}

static const char help[] =
	"usage: nova-logger\n"
	"\n"
	"Writes what workers print into files and rotates them. novasupd starts it,\n"
	"with a channel on descriptor 3.\n"
	"\n"
	"Options:\n"
	"  --help, --version\n"
	"\n"
	"Exit codes: 0 all is written, 2 wrong use, 4 it failed.\n"
	"See also: nova-logger(8), nova.yaml(5), novactl(1) logs.\n";

int
main(int argc, char **argv)
{
	static const char *const own[] = {"--tidy", NULL};

	nv_log_init("nova-logger");
	int code = nv_cli_started("nova-logger", help, own, argc, argv);

	if (code >= 0)
		return code;
	if (argc > 1)
		return log_tidy_main(argc, argv);
	nv_title_init(argc, argv);
	if (!is_channel(CHANNEL_FD)) {
		(void)fputs("nova-logger: is started by novasupd, with its channel on "
			    "descriptor 3\n",
			stderr);
		return NV_EXIT_USAGE;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	logger.loop = ev_loop_new(EVFLAG_NOENV);
	if (!logger.loop)
		return NV_EXIT_FAILED;
	(void)nv_fd_set_cloexec(CHANNEL_FD, true);
	init_timers();
	nv_title_set("nova: logger, starting");
	nv_chan_open(&logger.chan, logger.loop, CHANNEL_FD, 'L', 'S', handlers,
		on_channel_closed, &logger);
	ev_run(logger.loop, 0);
	fini();
	return NV_EXIT_OK;
}
