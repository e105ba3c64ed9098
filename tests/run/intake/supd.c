#include "supd.h"

#include "nv_clock.h"
#include "nv_config.h"
#include "nv_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

void
die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)fputs("Bail out! ", stdout);
	(void)vfprintf(stdout, fmt, ap);
	(void)fputs("\n", stdout);
	va_end(ap);
	(void)fflush(stdout);
	exit(EXIT_FAILURE);
}

/* ---- configuration ---- */

void
supd_write_file(const char *path, const char *text)
{
	if (nv_write_file_atomic(path, text, strlen(text), 0644) != 0)
		die("cannot write %s: %s", path, strerror(errno));
}

static int
make_snapshot(const char *path)
{
	struct nv_conf_sources sources = {0};
	struct nv_conf_errors errs = {0};
	int fd;

	if (nv_conf_sources_read(&sources, path, &errs) != 0 ||
		nv_conf_snapshot_create(&sources, &fd) != 0) {
		nv_conf_errors_print(&errs, STDERR_FILENO);
		die("no snapshot of %s", path);
	}
	nv_conf_sources_fini(&sources);
	nv_conf_errors_fini(&errs);
	return fd;
}

static uint64_t
random_boot_id(void)
{
	uint64_t id;

	if (getrandom(&id, sizeof(id), 0) != sizeof(id))
		die("no random numbers");
	return (id | UINT64_C(1) << 63) & ~UINT64_C(0xffffff);
}

static void
new_life(struct supd *s)
{
	s->boot_id = random_boot_id();
	s->n_ids = 0;
	s->n_streams = 0;
	s->journal_lines = 0;
	s->journal = memfd_create("journal", MFD_CLOEXEC);
	if (s->journal < 0)
		die("no memfd: %s", strerror(errno));
}

void
supd_init(struct supd *s, const char *dir, const char *engine, const char *yaml,
	const char *const *workers, size_t n_workers)
{
	char path[512];
	char text[512];

	memset(s, 0, sizeof(*s));
	s->chan = -1;
	s->engine_pid = -1;
	s->sender_pid = -1;
	s->config_gen = 1;
	(void)snprintf(s->state_dir, sizeof(s->state_dir), "%s/state", dir);
	(void)snprintf(s->run_dir, sizeof(s->run_dir), "%s/run", dir);
	(void)snprintf(s->engine, sizeof(s->engine), "%s", engine);
	(void)snprintf(path, sizeof(path), "%s/workers.d", dir);
	if (nv_mkdir_p(path, 0755) || nv_mkdir_p(s->state_dir, 0755) ||
		nv_mkdir_p(s->run_dir, 0700))
		die("cannot make directories in %s", dir);
	for (size_t i = 0; i < n_workers; i++) {
		(void)snprintf(
			path, sizeof(path), "%s/workers.d/%s.yaml", dir, workers[i]);
		(void)snprintf(text, sizeof(text),
			"worker: %s\ncommand: [/bin/true]\nkind: service\n", workers[i]);
		supd_write_file(path, text);
	}
	(void)snprintf(path, sizeof(path), "%s/nova.yaml", dir);
	supd_write_file(path, yaml);
	s->config = make_snapshot(path);
	new_life(s);
}

static void
close_stream(struct supd_stream *st)
{
	nv_fd_close(&st->pipe_read);
	nv_fd_close(&st->pipe_write);
	nv_fd_close(&st->mem);
	nv_fd_close(&st->ctl_read);
	nv_fd_close(&st->ctl_write);
}

static void
end_life(struct supd *s)
{
	for (size_t i = 0; i < s->n_streams; i++)
		close_stream(&s->streams[i]);
	nv_fd_close(&s->journal);
}

void
supd_reboot(struct supd *s)
{
	end_life(s);
	new_life(s);
}

void
supd_fini(struct supd *s)
{
	supd_engine_kill(s);
	end_life(s);
	nv_fd_close(&s->config);
}

/* ---- streams ---- */

static void
send_stream(struct supd *s, const struct supd_stream *st)
{
	struct nv_eng_stream m = {.stream_id = st->id,
		.instance = st->instance,
		.generation = st->generation,
		.pid = st->pipe_write >= 0 ? st->pid : 0};
	uint8_t body[NV_MSG_BODY_MAX];
	int fds[3] = {st->pipe_read, st->mem, st->ctl_write};
	struct nv_wr w;

	(void)snprintf(m.worker, sizeof(m.worker), "%s", st->worker);
	nv_wr_init(&w, body, sizeof(body));
	if (nv_eng_stream_encode(&w, &m) != 0)
		die("a stream does not encode");
	for (;;) {
		int rc = nv_msg_send(s->chan, NV_MSG_ENG_STREAM, body, w.bytes, fds, 3);

		if (rc == 0 || rc == -EPIPE || rc == -ECONNRESET)
			return;
		if (rc != -EAGAIN)
			die("a stream is not sent: %s", strerror(-rc));
		struct pollfd pfd = {.fd = s->chan, .events = POLLOUT};

		(void)poll(&pfd, 1, 1000);
	}
}

size_t
supd_stream_add(struct supd *s, const char *worker, uint32_t instance,
	uint32_t generation, size_t pipe_bytes)
{
	if (s->n_streams == SUPD_STREAMS_MAX)
		die("too many streams");
	struct supd_stream *st = &s->streams[s->n_streams];

	*st = (struct supd_stream){.id = s->boot_id | ++s->n_ids,
		.instance = instance,
		.generation = generation,
		.pid = getpid()};
	(void)snprintf(st->worker, sizeof(st->worker), "%s", worker);
	st->mem = memfd_create("stream", MFD_CLOEXEC);
	if (nv_pipe(&st->pipe_read, &st->pipe_write, pipe_bytes) != 0 ||
		nv_pipe(&st->ctl_read, &st->ctl_write, 0) != 0 || st->mem < 0)
		die("no descriptors for a stream: %s", strerror(errno));
	(void)nv_fd_set_nonblock(st->ctl_read, true);
	s->n_streams++;
	if (s->chan >= 0)
		send_stream(s, st);
	return s->n_streams - 1;
}

int
supd_become_writer(struct supd *s, size_t index)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (size_t i = 0; i < s->n_streams; i++)
		if (i != index)
			nv_fd_close(&s->streams[i].pipe_write);
	nv_fd_close(&s->chan);
	return s->streams[index].pipe_write;
}

void
supd_stream_end(struct supd *s, size_t index)
{
	nv_fd_close(&s->streams[index].pipe_write);
}

/* ---- journal ---- */

void
supd_journal_line(struct supd *s, const char *line)
{
	uint8_t body[8];
	struct nv_wr w;
	struct stat st;

	if (nv_write_full(s->journal, line, strlen(line)) != 0 ||
		nv_write_full(s->journal, "\n", 1) != 0 || fstat(s->journal, &st) != 0)
		die("the journal does not take a line");
	s->journal_lines++;
	if (s->chan < 0)
		return;
	nv_wr_init(&w, body, sizeof(body));
	nv_wr_u64(&w, (uint64_t)st.st_size);
	/* A wake-up: a full socket or a dead engine does not matter. */
	(void)nv_msg_send(s->chan, NV_MSG_ENG_JOURNAL_GREW, body, w.bytes, NULL, 0);
}

void
supd_journal_start(struct supd *s, size_t index)
{
	const struct supd_stream *st = &s->streams[index];
	char line[512];

	(void)snprintf(line, sizeof(line),
		"{\"event\":\"start\",\"stream\":\"%" PRIu64
		"\",\"worker\":\"%s\",\"instance\":%u,\"generation\":%u,\"pid\":%d,"
		"\"at\":%.3f}",
		st->id, st->worker, st->instance, st->generation, st->pid,
		(double)nv_wall_ns() / 1e9);
	supd_journal_line(s, line);
}

void
supd_journal_exit(struct supd *s, size_t index, int status, bool crash, uint64_t cpu_us)
{
	const struct supd_stream *st = &s->streams[index];
	char line[512];

	(void)snprintf(line, sizeof(line),
		"{\"event\":\"exit\",\"stream\":\"%" PRIu64
		"\",\"worker\":\"%s\",\"instance\":%u,\"generation\":%u,\"pid\":%d,"
		"\"status\":%d,\"cause\":\"%s\",\"crash\":%s,\"uptime_ms\":5,\"cpu_us\":"
		"%" PRIu64 ",\"mem_peak_kib\":1,\"at\":%.3f}",
		st->id, st->worker, st->instance, st->generation, st->pid, status,
		crash ? "crash" : "exit", crash ? "true" : "false", cpu_us,
		(double)nv_wall_ns() / 1e9);
	supd_journal_line(s, line);
}

/* ---- engine ---- */

static void
send_with_fd(struct supd *s, enum nv_msg_type type, const struct nv_wr *w, int fd)
{
	int rc = nv_msg_send(s->chan, type, w->data, w->bytes, &fd, 1);

	if (rc && rc != -EPIPE && rc != -ECONNRESET)
		die("%s is not sent: %s", nv_msg_name(type), strerror(-rc));
}

static void
hand_over(struct supd *s)
{
	struct nv_eng_hello hello = {.boot_id = s->boot_id, .config_gen = s->config_gen};
	uint8_t body[NV_MSG_BODY_MAX];
	struct nv_wr w;

	(void)snprintf(hello.state_dir, sizeof(hello.state_dir), "%s", s->state_dir);
	(void)snprintf(hello.run_dir, sizeof(hello.run_dir), "%s", s->run_dir);
	nv_wr_init(&w, body, sizeof(body));
	(void)nv_eng_hello_encode(&w, &hello);
	send_with_fd(s, NV_MSG_ENG_HELLO, &w, s->config);
	nv_wr_init(&w, body, sizeof(body));
	nv_wr_u64(&w, s->boot_id);
	send_with_fd(s, NV_MSG_ENG_JOURNAL, &w, s->journal);
	for (size_t i = 0; i < s->n_streams; i++)
		if (!s->streams[i].dropped)
			send_stream(s, &s->streams[i]);
	if (!s->unsynced)
		(void)nv_msg_send(s->chan, NV_MSG_ENG_SYNCED, NULL, 0, NULL, 0);
}

/* A traced engine stands still while we would wait for room in the channel: another
 * process does the sending. */
static void
hand_over_aside(struct supd *s)
{
	s->sender_pid = fork();
	if (s->sender_pid < 0)
		die("no fork: %s", strerror(errno));
	if (s->sender_pid > 0)
		return;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	hand_over(s);
	_exit(0);
}

void
supd_engine_start(struct supd *s)
{
	int pair[2];

	if (s->chan >= 0 || s->engine_pid > 0)
		die("an engine runs already");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		die("no socketpair: %s", strerror(errno));
	(void)fflush(stdout);
	pid_t pid = fork();

	if (pid < 0)
		die("no fork: %s", strerror(errno));
	if (pid == 0) {
		char *argv[] = {s->engine, NULL};

		struct rlimit files;

		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (s->preload)
			(void)setenv("LD_PRELOAD", s->preload, 1);
		/* The pair may have got descriptor 3 itself: dup2 alone would then leave
		 * it to be closed by exec. */
		int fd = fcntl(pair[1], F_DUPFD, 10);

		if (fd < 0 || dup2(fd, 3) != 3 || close(fd) != 0)
			_exit(120);
		/* What most systems give a program to begin with. */
		if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_max > 1024) {
			files.rlim_cur = 1024;
			(void)setrlimit(RLIMIT_NOFILE, &files);
		}
		if (s->traced)
			(void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		(void)execv(s->engine, argv);
		_exit(121);
	}
	(void)close(pair[1]);
	s->chan = pair[0];
	s->engine_pid = pid;
	if (s->traced)
		hand_over_aside(s);
	else
		hand_over(s);
}

static void
on_closed(struct supd *s, const struct nv_msg *msg)
{
	struct nv_sup_stream_closed m;
	struct stat st;

	if (nv_sup_stream_closed_decode(&m, msg) != 0)
		die("a bad SUP_STREAM_CLOSED");
	for (size_t i = 0; i < s->n_streams; i++) {
		struct supd_stream *stream = &s->streams[i];

		if (stream->id != m.stream_id || stream->dropped)
			continue;
		if (fstat(stream->mem, &st) != 0)
			die("fstat: %s", strerror(errno));
		if ((uint64_t)st.st_size != m.bytes || stream->pipe_write >= 0) {
			s->bad_closes++;
			return;
		}
		stream->closed_bytes = m.bytes;
		stream->dropped = true;
		/* The control pipe is kept: acks may still be in it. */
		nv_fd_close(&stream->pipe_read);
		nv_fd_close(&stream->mem);
		nv_fd_close(&stream->ctl_write);
	}
}

static void
on_engine_state(struct supd *s, const struct nv_msg *msg)
{
	struct nv_sup_engine_state m;

	if (nv_sup_engine_state_decode(&m, msg) != 0)
		die("a bad SUP_ENGINE_STATE");
	if (m.state == NV_ENGINE_READY) {
		s->readies++;
		return;
	}
	s->troubles++;
	(void)snprintf(s->trouble, sizeof(s->trouble), "%s", m.reason);
}

static void
count_for_stream(struct supd *s, const struct nv_msg *msg)
{
	struct nv_sup_kill kill_m = {0};
	uint64_t id;
	bool is_kill = msg->type == NV_MSG_SUP_KILL;

	if (is_kill ? nv_sup_kill_decode(&kill_m, msg) : nv_body_u64_decode(&id, msg))
		die("a bad %s", nv_msg_name(msg->type));
	if (is_kill)
		id = kill_m.stream_id;
	for (size_t i = 0; i < s->n_streams; i++) {
		if (s->streams[i].id != id)
			continue;
		s->streams[i].killed += is_kill;
		s->streams[i].ready += !is_kill;
	}
}

/* 1 served one, 0 nothing there, -1 the engine is gone. */
static int
serve_one(struct supd *s)
{
	static struct nv_msg msg;
	char why[256];
	int rc = nv_msg_recv(s->chan, 'E', 'S', &msg, why, sizeof(why));

	if (rc == -EAGAIN)
		return 0;
	if (rc == -EPROTO)
		die("the engine breaks the catalogue: %s", why);
	if (rc <= 0)
		return -1;
	switch (msg.type) {
	case NV_MSG_SUP_ENGINE_STATE:
		on_engine_state(s, &msg);
		break;
	case NV_MSG_SUP_STREAM_CLOSED:
		on_closed(s, &msg);
		break;
	case NV_MSG_SUP_DESIRE:
		s->desires++;
		if (nv_sup_desire_decode(&s->desire, &msg) != 0)
			die("a bad SUP_DESIRE");
		break;
	case NV_MSG_SUP_DESIRE_END:
		s->desire_ends++;
		break;
	case NV_MSG_SUP_KILL:
	case NV_MSG_SUP_INSTANCE_READY:
		count_for_stream(s, &msg);
		break;
	default: /* what no test of the intake looks at */
		break;
	}
	nv_msg_fini(&msg);
	return 1;
}

bool
supd_pump_until(struct supd *s, supd_until_fn *fn, const void *arg, int timeout_ms)
{
	int64_t end = nv_mono_ms() + timeout_ms;

	while (s->chan >= 0) {
		int rc;

		do
			rc = serve_one(s);
		while (rc == 1);
		if (fn && fn(s, arg))
			return true;
		int64_t left = end - nv_mono_ms();

		if (rc < 0 || left <= 0)
			break;
		struct pollfd pfd = {.fd = s->chan, .events = POLLIN};

		(void)poll(&pfd, 1, (int)left);
	}
	return fn && fn(s, arg);
}

void
supd_pump(struct supd *s, int timeout_ms)
{
	(void)supd_pump_until(s, NULL, NULL, timeout_ms);
}

bool
supd_is_ready(const struct supd *s, const void *arg)
{
	return s->readies > *(const unsigned *)arg;
}

bool
supd_all_dropped(const struct supd *s, const void *arg)
{
	(void)arg;
	for (size_t i = 0; i < s->n_streams; i++)
		if (!s->streams[i].dropped)
			return false;
	return true;
}

void
supd_engine_send(struct supd *s, enum nv_msg_type type, const void *body, size_t bytes)
{
	int rc = nv_msg_send(s->chan, type, body, bytes, NULL, 0);

	if (rc && rc != -EPIPE && rc != -ECONNRESET)
		die("%s is not sent: %s", nv_msg_name(type), strerror(-rc));
}

void
supd_engine_gone(struct supd *s)
{
	int status;

	while (s->chan >= 0 && serve_one(s) == 1)
		;
	nv_fd_close(&s->chan);
	s->engine_pid = -1;
	/* The sender sees the engine's end as a closed peer. */
	if (s->sender_pid > 0 && waitpid(s->sender_pid, &status, 0) == s->sender_pid &&
		(!WIFEXITED(status) || WEXITSTATUS(status) != 0))
		die("the hand-over failed");
	s->sender_pid = -1;
}

void
supd_reload(struct supd *s)
{
	uint8_t body[4];
	struct nv_wr w;

	nv_wr_init(&w, body, sizeof(body));
	nv_wr_u32(&w, ++s->config_gen);
	send_with_fd(s, NV_MSG_ENG_CONFIG, &w, s->config);
}

void
supd_engine_kill(struct supd *s)
{
	int status;

	if (s->engine_pid <= 0)
		return;
	(void)kill(s->engine_pid, SIGKILL);
	do {
		if (waitpid(s->engine_pid, &status, __WALL) < 0 && errno != EINTR)
			die("waitpid: %s", strerror(errno));
	} while (!WIFEXITED(status) && !WIFSIGNALED(status));
	supd_engine_gone(s);
}

int
supd_engine_wait(struct supd *s, int timeout_ms)
{
	int64_t end = nv_mono_ms() + timeout_ms;
	int status;

	/* Its end closes the channel: that is what is waited for. */
	for (;;) {
		pid_t pid = waitpid(s->engine_pid, &status, WNOHANG);

		if (pid == s->engine_pid)
			break;
		int64_t left = end - nv_mono_ms();

		if (left <= 0)
			return -1;
		supd_pump(s, (int)NV_MIN(left, 20));
	}
	supd_engine_gone(s);
	return status;
}

int
supd_engine_stop(struct supd *s, uint32_t drain_ms, int timeout_ms)
{
	uint8_t body[4];
	struct nv_wr w;

	nv_wr_init(&w, body, sizeof(body));
	nv_wr_u32(&w, drain_ms);
	supd_engine_send(s, NV_MSG_ENG_STOP, body, w.bytes);
	return supd_engine_wait(s, timeout_ms);
}
