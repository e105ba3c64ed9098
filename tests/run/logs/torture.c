/* nova-logger under SIGKILL, with this program in the place of novasupd. Each round
 * starts a logger, hands it the streams, lets it run and kills it sys   at each system
 * call boundary in turn (ptrace) step  some instructions after one (ptrace, single steps)
 *   time  after a random while
 * Streams write numbered lines in fragments, end, and are followed by others into the
 * same files, which are rotated and compressed all the time. At the end each line is in
 * the files once and in its stream's order. Usage: PROGRAM LOGGER DIR SECONDS SEED */
#include "nv_chan.h"
#include "nv_clock.h"
#include "nv_fd.h"
#include "nv_msg_body.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#define LIVE          4
#define STREAMS_MAX   20000
#define QUIET_MS      10 /* without a system call: it has done what there was to do */
#define SYSCALLS_MAX  400
#define STEPS_MAX     1500
#define FINAL_MS      60000
#define LINE_MAX_TEXT 9000 /* some are longer than the logger's limit */

struct source {
	uint64_t id; /* 0: not there */
	unsigned file;
	int read_fd;
	int write_fd; /* -1: ended */
	int mem_fd;
	char line[LINE_MAX_TEXT + 64];
	size_t line_bytes;
	size_t line_at; /* of it is in the pipe */
};

static struct {
	const char *program;
	const char *dir;
	int table_fd;
	int sock;
	pid_t pid;
	struct source live[LIVE];
	uint64_t next_id;
	uint32_t lines[STREAMS_MAX]; /* written by stream id */
	uint32_t seen[STREAMS_MAX];
	uint32_t cut_left[STREAMS_MAX]; /* bytes of a long line that are to come */
	uint64_t seed;
	unsigned rounds;
	unsigned ended;
} t;

static void NV_PRINTF(1, 2) die(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	(void)vprintf(fmt, args);
	va_end(args);
	(void)putchar('\n');
	if (t.pid > 0)
		(void)kill(t.pid, SIGKILL);
	exit(1);
}

static uint32_t
draw(uint32_t below)
{
	t.seed = t.seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(t.seed >> 33) % below;
}

/* ---- streams ---- */

static void
source_new(struct source *s, unsigned file)
{
	*s = (struct source){.id = ++t.next_id, .file = file, .read_fd = -1};
	if (s->id >= STREAMS_MAX || nv_pipe(&s->read_fd, &s->write_fd, 0) < 0 ||
		nv_fd_set_nonblock(s->write_fd, true) < 0)
		die("a pipe: %s", strerror(errno));
	s->mem_fd = memfd_create("log", MFD_CLOEXEC);
	if (s->mem_fd < 0)
		die("memfd: %s", strerror(errno));
}

static void
source_drop(struct source *s)
{
	nv_fd_close(&s->read_fd);
	nv_fd_close(&s->write_fd);
	nv_fd_close(&s->mem_fd);
	s->id = 0;
	t.ended++;
}

/* The next line: "ID NUMBER xxxx...", of the length that the number says. */
static void
line_new(struct source *s)
{
	uint32_t n = t.lines[s->id]++;
	size_t pad = n % 97 == 96 ? 8100 + n % 200 : (size_t)(n * 37 % 180);
	int head = snprintf(
		s->line, sizeof(s->line), "%llu %u ", (unsigned long long)s->id, n);

	memset(s->line + head, 'x', pad);
	s->line[(size_t)head + pad] = '\n';
	s->line_bytes = (size_t)head + pad + 1;
	s->line_at = 0;
}

/* Some bytes, wherever they end in a line; false: the pipe is full. */
static bool
source_write(struct source *s, size_t bytes)
{
	while (bytes > 0) {
		if (s->line_at == s->line_bytes)
			line_new(s);
		size_t part = NV_MIN(bytes, s->line_bytes - s->line_at);
		ssize_t n = write(s->write_fd, s->line + s->line_at, part);

		if (n < 0)
			return false;
		s->line_at += (size_t)n;
		bytes -= (size_t)n;
	}
	return true;
}

static void
source_end(struct source *s)
{
	while (s->line_at < s->line_bytes) {
		if (!source_write(s, s->line_bytes - s->line_at))
			return; /* full: another time */
	}
	nv_fd_close(&s->write_fd);
}

static void
write_some(void)
{
	for (size_t i = 0; i < LIVE; i++) {
		struct source *s = &t.live[i];

		if (!s->id)
			source_new(s, i < 2 ? 0 : (unsigned)i);
		if (s->write_fd < 0)
			continue;
		(void)source_write(s, draw(6) == 0 ? 30000 : 1 + draw(3000));
		if (draw(6) == 0)
			source_end(s);
	}
}

/* ---- the logger ---- */

static void
logger_start(bool traced)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		die("socketpair: %s", strerror(errno));
	t.pid = fork();
	if (t.pid < 0)
		die("fork: %s", strerror(errno));
	if (t.pid == 0) {
		if (traced)
			(void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		(void)dup2(pair[1], 3);
		(void)execl(t.program, "nova-logger", (char *)NULL);
		_exit(127);
	}
	(void)close(pair[1]);
	t.sock = pair[0];
}

static void
send_msg(enum nv_msg_type type, const struct nv_wr *w, const int *fds, unsigned n)
{
	int rc = nv_msg_send(t.sock, type, w ? w->data : NULL, w ? w->bytes : 0, fds, n);

	if (rc < 0 && rc != -EPIPE && rc != -ECONNRESET)
		die("%s: %s", nv_msg_name(type), strerror(-rc));
}

static void
greet(void)
{
	struct nv_log_hello hello = {.log_dir = ""};
	uint8_t body[4352];
	struct nv_wr w;

	(void)snprintf(hello.log_dir, sizeof(hello.log_dir), "%s", t.dir);
	nv_wr_init(&w, body, sizeof(body));
	(void)nv_log_hello_encode(&w, &hello);
	send_msg(NV_MSG_LOG_HELLO, &w, &t.table_fd, 1);
	for (size_t i = 0; i < LIVE; i++) {
		const struct source *s = &t.live[i];
		const int fds[] = {s->read_fd, s->mem_fd};
		struct nv_log_stream m = {.log_id = s->id,
			.instance = (uint32_t)i + 1,
			.generation = (uint32_t)s->id,
			.policy = {.file_bytes_max = 20000,
				.files_kept = 1000,
				.compress = s->file == 0 ? NV_LOG_COMPRESS_GZIP
							 : NV_LOG_COMPRESS_NONE}};

		if (!s->id)
			continue;
		(void)snprintf(m.name, sizeof(m.name), "w%u", s->file);
		nv_wr_init(&w, body, sizeof(body));
		(void)nv_log_stream_encode(&w, &m);
		send_msg(NV_MSG_LOG_STREAM, &w, fds, 2);
	}
	send_msg(NV_MSG_LOG_SYNCED, NULL, NULL, 0);
}

/* What it has said so far, as novasupd would take it. */
static void
listen_to(void)
{
	static struct nv_msg msg;
	char why[200];
	int rc;

	while ((rc = nv_msg_recv(t.sock, 'L', 'S', &msg, why, sizeof(why))) == 1) {
		uint64_t id;

		if (msg.type != NV_MSG_SUP_LOG_CLOSED)
			continue;
		if (nv_body_u64_decode(&id, &msg) < 0)
			die("a bad SUP_LOG_CLOSED");
		for (size_t i = 0; i < LIVE; i++) {
			if (t.live[i].id == id && t.live[i].write_fd >= 0)
				die("stream %llu was closed while it is written to",
					(unsigned long long)id);
			if (t.live[i].id == id)
				source_drop(&t.live[i]);
		}
	}
	if (rc == -EPROTO)
		die("the logger broke the catalogue: %s", why);
}

static void
reap(void)
{
	int status;

	while (waitpid(t.pid, &status, 0) == t.pid && WIFSTOPPED(status))
		;
	t.pid = 0;
	listen_to();
	(void)close(t.sock);
}

static void
on_alarm(int sig)
{
	(void)sig; /* it interrupts the waiting */
}

/* The next stop, if there is one soon. */
static bool
stopped(int64_t patience_ms)
{
	int64_t until = nv_mono_ms() + patience_ms;

	do {
		int status;
		pid_t got = waitpid(t.pid, &status, 0);

		if (got == t.pid && WIFSTOPPED(status))
			return true;
		if (got == t.pid)
			die("the logger ended by itself: status %d", status);
	} while (nv_mono_ms() < until);
	return false;
}

static void
tick_on(void)
{
	const struct itimerval tick = {{0, 5000}, {0, 5000}};
	struct sigaction sa = {.sa_handler = on_alarm};

	(void)sigaction(SIGALRM, &sa, NULL);
	(void)setitimer(ITIMER_REAL, &tick, NULL);
}

/* Kill it at the n-th system call boundary, or some instructions later. */
static void
round_traced(unsigned n, unsigned steps)
{
	logger_start(true);
	greet();
	if (!stopped(FINAL_MS))
		die("the logger does not start");
	(void)ptrace(PTRACE_SETOPTIONS, t.pid, NULL,
		(void *)(intptr_t)(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL));
	bool there = true;

	for (unsigned i = 0; there && i < n + steps; i++) {
		if (ptrace(i < n ? PTRACE_SYSCALL : PTRACE_SINGLESTEP, t.pid, NULL,
			    NULL) < 0)
			die("ptrace: %s", strerror(errno));
		there = stopped(QUIET_MS);
	}
	(void)kill(t.pid, SIGKILL);
	reap();
}

static void
round_timed(void)
{
	logger_start(false);
	greet();
	(void)usleep(draw(20000));
	write_some();
	(void)usleep(draw(5000));
	(void)kill(t.pid, SIGKILL);
	reap();
}

/* Everything ends, and the last logger writes what there is. */
static void
finish(void)
{
	int64_t until = nv_mono_ms() + FINAL_MS;
	unsigned left = LIVE;

	logger_start(false);
	greet();
	while (left > 0) {
		struct pollfd p = {.fd = t.sock, .events = POLLIN};

		if (nv_mono_ms() > until)
			die("%u streams were not closed in %d ms", left, FINAL_MS);
		(void)poll(&p, 1, 10);
		listen_to();
		left = 0;
		for (size_t i = 0; i < LIVE; i++) {
			if (t.live[i].id && t.live[i].write_fd >= 0)
				source_end(&t.live[i]);
			left += t.live[i].id != 0;
		}
	}
	send_msg(NV_MSG_LOG_STOP, NULL, NULL, 0);
	reap();
}

/* ---- what is in the files ---- */

/* One line of the logs; the parts of a long one come one after the other. */
static void
look_at(const char *line, size_t bytes)
{
	struct nv_log_head head;
	unsigned long long id;
	unsigned n;
	ptrdiff_t used;

	if (!nv_log_head_parse(line, bytes, &head) || head.wall_ns < 0)
		die("no line of a log: %.*s", (int)NV_MIN(bytes, (size_t)100), line);
	const char *text = line + head.bytes;
	size_t left = bytes - head.bytes;
	bool cut = left > 6 && memcmp(text + left - 6, " [cut]", 6) == 0;

	left -= cut ? 6 : 0;
	if (head.generation >= STREAMS_MAX)
		die("no generation of ours: %u", head.generation);
	if (t.cut_left[head.generation] > 0) {
		if (left != t.cut_left[head.generation])
			die("the rest of a long line has %zu bytes, not %u", left,
				t.cut_left[head.generation]);
		t.cut_left[head.generation] = 0;
		return;
	}
	char *end;

	id = strtoull(text, &end, 10);
	n = (unsigned)strtoul(end, &end, 10);
	used = end - text;
	if (id != head.generation || id >= STREAMS_MAX || *end != ' ')
		die("a strange line: %.*s", (int)NV_MIN(bytes, (size_t)100), line);
	size_t pad = n % 97 == 96 ? 8100 + n % 200 : (size_t)(n * 37 % 180);

	if (cut) {
		t.cut_left[id] = (uint32_t)((size_t)used + 1 + pad - left);
	} else if (left != (size_t)used + 1 + pad) {
		die("line %u of stream %llu has %zu bytes, not %zu", n, id, left,
			(size_t)used + 1 + pad);
	}
	if (n != t.seen[id])
		die("stream %llu: line %u where %u was expected", id, n, t.seen[id]);
	t.seen[id] = n + 1;
}

static void
look_at_file(const char *name)
{
	static char line[32768];
	char path[2048];

	(void)snprintf(path, sizeof(path), "%s/%s", t.dir, name);
	gzFile f = gzopen(path, "re"); /* a plain file is read as it is */

	if (!f)
		die("%s: cannot be read", path);
	while (gzgets(f, line, sizeof(line))) {
		size_t bytes = strlen(line);

		if (line[bytes - 1] != '\n')
			die("%s: a line without its end: %.100s", path, line);
		look_at(line, bytes - 1);
	}
	int error;

	(void)gzerror(f, &error);
	if (error != Z_OK)
		die("%s: not whole", path);
	(void)gzclose(f);
}

static int
only_logs(const struct dirent *e)
{
	return e->d_name[0] == 'w' && !strstr(e->d_name, NV_LOG_PART_SUFFIX);
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
	/* "w0.log" is the newest of its own, and sorts before "w0.log.2026..." */
	const char *x = (*a)->d_name;
	const char *y = (*b)->d_name;

	if (x[1] == y[1] && (strlen(x) == 6) != (strlen(y) == 6))
		return strlen(x) == 6 ? 1 : -1;
	return strcmp(x, y);
}

static unsigned
look_at_all(void)
{
	struct dirent **names;
	int n = scandir(t.dir, &names, only_logs, by_name);
	unsigned files = 0;

	for (int i = 0; i < n; i++) {
		char twin[300];

		/* Killed between the whole compressed file and the end of its source. */
		(void)snprintf(twin, sizeof(twin), "%s.gz", names[i]->d_name);
		if (i + 1 < n && strcmp(names[i + 1]->d_name, twin) == 0)
			continue;
		look_at_file(names[i]->d_name);
		files++;
	}
	for (int i = 0; i < n; i++)
		free(names[i]);
	free(names);
	return files;
}

int
main(int argc, char **argv)
{
	if (argc != 5)
		return 2;
	t.program = argv[1];
	t.dir = argv[2];
	t.seed = strtoull(argv[4], NULL, 10);
	t.table_fd = memfd_create("table", MFD_CLOEXEC);
	(void)signal(SIGPIPE, SIG_IGN);
	tick_on();
	int64_t until = nv_mono_ms() + strtoll(argv[3], NULL, 10) * 1000;
	unsigned at = 1;
	uint64_t total = 0;

	while (nv_mono_ms() < until) {
		write_some();
		if (draw(4) == 0)
			round_timed();
		else if (draw(2))
			round_traced(1 + draw(SYSCALLS_MAX), draw(STEPS_MAX));
		else
			round_traced(at = at % SYSCALLS_MAX + 1, 0);
		t.rounds++;
	}
	finish();
	unsigned files = look_at_all();

	for (uint64_t id = 1; id <= t.next_id; id++) {
		if (t.seen[id] != t.lines[id])
			die("stream %llu: %u of %u lines", (unsigned long long)id,
				t.seen[id], t.lines[id]);
		total += t.lines[id];
	}
	(void)printf(
		"%u kills, %llu streams, %llu lines in %u files: 0 lost, 0 doubled\n",
		t.rounds, (unsigned long long)t.next_id, (unsigned long long)total,
		files);
	return total > 1000 && files > 3 ? 0 : 1;
}
