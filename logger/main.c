/* nova-logger: drains the stdout/stderr pipe of every worker into rotated files. It never
 * makes a worker wait for a disk: what cannot be written waits here, then is counted
 * and dropped. Started by novasupd with its channel on descriptor 3. */
#include "lines.h"
#include "logfile.h"
#include "nv_chan.h"
#include "nv_clock.h"
#include "nv_fd.h"
#include "nv_log.h"
#include "nv_msg_body.h"
#include "nv_title.h"

#include <errno.h>
#include <ev.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHANNEL_FD      3
#define READ_BYTES      65536
#define READS_PER_PASS  4 /* so that one worker cannot keep the others waiting */
#define RETRY_S         1.
#define STOP_PATIENCE_S 3.

struct logger {
	struct ev_loop *loop;
	struct nv_chan chan;
	struct log_limits limits;
	struct log_file *files; /* owned */
	struct stream *streams; /* owned */
	unsigned n_streams;
	ev_timer retry;
	ev_timer patience;
	ev_timer title;
	bool greeted;
	bool stopping;
};

struct stream {
	struct stream *next;
	struct logger *logger;
	struct log_file *file; /* holds a reference */
	uint64_t id;
	uint32_t instance;
	int fd; /* owned; -1 at end of file */
	ev_io io;
	char now[NV_RFC3339_BYTES]; /* of the current read */
	struct log_lines lines;
};

static struct logger logger;

/* ---- files ---- */

static struct log_file *
file_hold(const char *name)
{
	struct log_file *f = logger.files;

	while (f && strcmp(f->name, name) != 0)
		f = f->next;
	if (!f) {
		f = calloc(1, sizeof(*f));
		if (!f)
			return NULL;
		log_file_init(f, name);
		f->next = logger.files;
		logger.files = f;
	}
	f->refs++;
	return f;
}

static void
file_collect(struct log_file *f)
{
	struct log_file **at = &logger.files;

	if (f->refs > 0 || f->waiting.bytes > 0)
		return;
	while (*at != f)
		at = &(*at)->next;
	*at = f->next;
	log_file_fini(f);
	free(f);
}

static void
file_flush(struct log_file *f)
{
	int before = f->error;
	int rc = log_file_flush(f, &logger.limits, nv_mono_ms());

	if (rc < 0 && before != rc)
		nv_error("%s/%s.log: %s; trying again, dropping when %zu KiB wait",
			logger.limits.dir, f->name, strerror(-rc),
			LOG_WAITING_BYTES_MAX >> 10);
	else if (rc == 0 && before < 0)
		nv_info("%s/%s.log: writing again, %llu bytes were dropped",
			logger.limits.dir, f->name, (unsigned long long)f->dropped_ever);
	if (rc < 0 && !ev_is_active(&logger.retry)) {
		ev_timer_set(&logger.retry, RETRY_S, 0.);
		ev_timer_start(logger.loop, &logger.retry);
	}
}

/* ---- streams ---- */

static void
stream_free(struct stream *s)
{
	struct stream **at = &logger.streams;

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	logger.n_streams--;
	ev_io_stop(logger.loop, &s->io);
	nv_fd_close(&s->fd);
	s->file->refs--;
	file_collect(s->file);
	free(s);
}

static void
end_if_done(void)
{
	if (logger.stopping && logger.n_streams == 0)
		ev_break(logger.loop, EVBREAK_ALL);
}

/* At its end, and all of it in the file: novasupd may drop its descriptors. */
static void
close_if_written(struct stream *s)
{
	uint8_t body[8];
	struct nv_wr w;

	if (s->fd >= 0 || s->file->waiting.bytes > 0)
		return;
	nv_wr_init(&w, body, sizeof(body));
	nv_wr_u64(&w, s->id);
	(void)nv_chan_send_wr(
		&logger.chan, NV_MSG_SUP_LOG_CLOSED, &w); /* or nobody asks */
	stream_free(s);
	end_if_done();
}

static void
on_line(void *arg, const char *text, size_t bytes, bool cut)
{
	const struct stream *s = arg;

	log_file_line(s->file, s->now, s->instance, text, bytes, cut);
}

static void
on_output(struct ev_loop *loop, ev_io *w, int revents)
{
	struct stream *s = w->data;
	static char data[READ_BYTES];

	(void)revents;
	(void)nv_rfc3339(nv_wall_ns(), s->now);
	for (int i = 0; i < READS_PER_PASS; i++) {
		ssize_t n = read(s->fd, data, sizeof(data));

		if (n > 0) {
			log_lines_push(&s->lines, data, (size_t)n, on_line, s);
			continue;
		}
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (n < 0)
			nv_error("the output of %s#%u: %s", s->file->name, s->instance,
				strerror(errno));
		log_lines_end(&s->lines, on_line, s);
		ev_io_stop(loop, &s->io);
		nv_fd_close(&s->fd);
		break;
	}
	file_flush(s->file);
	close_if_written(s);
}

static int
on_stream(struct nv_chan *chan, struct nv_msg *msg)
{
	struct nv_log_stream m;

	(void)chan;
	if (nv_log_stream_decode(&m, msg) < 0 || !nv_name_valid(m.name) ||
		!logger.greeted)
		return -EBADMSG;
	struct stream *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->file = file_hold(m.name);
	if (!s->file) {
		free(s);
		return -ENOMEM;
	}
	s->logger = &logger;
	s->id = m.log_id;
	s->instance = m.instance;
	s->fd = nv_fd_steal(&msg->fds[0]);
	(void)nv_fd_set_nonblock(s->fd, true);
	ev_io_init(&s->io, on_output, s->fd, EV_READ);
	s->io.data = s;
	ev_io_start(logger.loop, &s->io);
	s->next = logger.streams;
	logger.streams = s;
	logger.n_streams++;
	return 0;
}

/* ---- life ---- */

static int
on_hello(struct nv_chan *chan, struct nv_msg *msg)
{
	struct nv_log_hello m;

	if (nv_log_hello_decode(&m, msg) < 0)
		return -EBADMSG;
	memcpy(logger.limits.dir, m.log_dir, sizeof(m.log_dir));
	logger.limits.file_bytes_max = m.file_bytes_max ? m.file_bytes_max : UINT64_MAX;
	logger.limits.files_kept = NV_MIN(m.files_kept, 1000);
	if (logger.greeted)
		return 0; /* new limits after a reload */
	logger.greeted = true;
	return nv_chan_send(chan, NV_MSG_SUP_LOGGER_READY, NULL, 0, NULL, 0);
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
	for (struct log_file *f = logger.files, *next; f; f = next) {
		next = f->next;
		file_flush(f);
		file_collect(f);
	}
	for (struct stream *s = logger.streams, *next; s; s = next) {
		next = s->next;
		close_if_written(s);
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
	uint64_t dropped = 0;

	(void)loop;
	(void)t;
	(void)revents;
	for (const struct log_file *f = logger.files; f; f = f->next)
		dropped += f->dropped_ever;
	if (dropped > 0)
		nv_title_set("nova: logger, %u pipes, %llu bytes dropped",
			logger.n_streams, (unsigned long long)dropped);
	else
		nv_title_set("nova: logger, %u pipes", logger.n_streams);
}

static nv_chan_handler_fn *const handlers[NV_MSG_TYPE_MAX] = {
	[NV_MSG_LOG_HELLO] = on_hello,
	[NV_MSG_LOG_STREAM] = on_stream,
	[NV_MSG_LOG_STOP] = on_stop,
	[NV_MSG_LOG_PING] = on_ping,
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
	for (struct log_file *f = logger.files; f; f = f->next)
		(void)log_file_flush(f, &logger.limits, nv_mono_ms()); /* the last try */
	while (logger.streams) {
		log_lines_end(&logger.streams->lines, on_line, logger.streams);
		file_flush(logger.streams->file);
		stream_free(logger.streams);
	}
	while (logger.files) {
		struct log_file *f = logger.files;

		logger.files = f->next;
		log_file_fini(f);
		free(f);
	}
	nv_chan_close(&logger.chan);
	ev_loop_destroy(logger.loop);
}

int
main(int argc, char **argv)
{
	nv_title_init(argc, argv);
	nv_log_init("nova-logger");
	if (argc > 1 && strcmp(argv[1], "--version") == 0) {
		(void)puts("nova-logger " NOVA_VERSION);
		return NV_EXIT_OK;
	}
	if (argc > 1 || !is_channel(CHANNEL_FD)) {
		(void)fputs("nova-logger is started by novasupd, with its channel on "
			    "descriptor 3\n",
			stderr);
		return NV_EXIT_USAGE;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	logger.loop = ev_loop_new(EVFLAG_NOENV);
	if (!logger.loop)
		return NV_EXIT_FAILED;
	(void)nv_fd_set_cloexec(CHANNEL_FD, true);
	ev_timer_init(&logger.retry, on_retry, 0., 0.);
	ev_timer_init(&logger.patience, on_patience, 0., 0.);
	ev_timer_init(&logger.title, on_title, 0.1, 2.);
	ev_timer_start(logger.loop, &logger.title);
	nv_title_set("nova: logger, starting");
	nv_chan_open(&logger.chan, logger.loop, CHANNEL_FD, 'L', 'S', handlers,
		on_channel_closed, &logger);
	ev_run(logger.loop, 0);
	fini();
	return NV_EXIT_OK;
}
