/* What the service manager keeps open for us: see fdstore.h. */
#include "fdstore.h"
#include "fdtable.h"
#include "journal.h"
#include "notify.h"
#include "nv_buf.h"
#include "nv_clock.h"
#include "nv_fd.h"
#include "nv_log.h"
#include "state.h"
#include "stored.h"
#include "sup.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define TABLE_NAME       "t"
#define LISTEN_FDS_START 3 /* sd_listen_fds(3) */
#define AGAIN_S          0.02
#define WAIT_MS          100 /* for a manager that is busy; then the start goes on */
#define FLUSH_MS         2000
#define FLUSH_NAP_MS     10
#define FORGET_BYTES_MAX ((size_t)4 << 20)
/* No log of a stored one had a higher number than this above the highest that is left. */
#define LOG_IDS_AHEAD (UINT64_C(1) << 32)
#define ENDED_MODE    0400 /* of a stream's memfd whose exit is in the journal */

struct forgotten {
	uint64_t key; /* of its record */
	char name[SUP_STORED_NAME_BYTES];
};

struct came {
	char *name; /* borrowed from LISTEN_FDNAMES */
	int fd;
};

static struct {
	struct sup_stored *list; /* owned: what came with the start of the program */
	size_t n;
	struct sup *sup; /* NULL: nobody keeps anything */
	size_t fds_max;
	bool full_said;
	bool stale_table;     /* one is kept that nobody uses any more */
	bool own_kept;        /* the manager has our journal and the table of logs */
	unsigned unsaid;      /* streams and logs that the manager does not have yet */
	struct nv_buf forget; /* what it need not keep any more: whole struct forgotten */
	size_t n_forget;
	uint64_t next_forget; /* key */
	ev_timer again;
} store;

/* ---- what came ---- */

static int
compare(const void *a, const void *b)
{
	return strcmp(((const struct came *)a)->name, ((const struct came *)b)->name);
}

static size_t
listed(void)
{
	const char *pid = getenv("LISTEN_PID");
	const char *n = getenv("LISTEN_FDS");

	if (!pid || !n || strtol(pid, NULL, 10) != (long)getpid())
		return 0;
	long value = strtol(n, NULL, 10);

	return value > 0 && value < INT32_MAX - LISTEN_FDS_START ? (size_t)value : 0;
}

/* Names and numbers, by name; low numbers are wanted for other things. */
static size_t
name_all(struct came *came, size_t n, char *names)
{
	size_t named = 0;

	for (size_t i = 0; i < n; i++) {
		int fd = LISTEN_FDS_START + (int)i;
		char *name = strsep(&names, ":");

		if (fd < SUP_WINDOW_END) {
			int moved = fcntl(fd, F_DUPFD_CLOEXEC, SUP_WINDOW_END);

			(void)close(fd);
			fd = moved;
		}
		if (fd >= 0 && name) {
			(void)nv_fd_set_cloexec(fd, true);
			came[named++] = (struct came){name, fd};
		} else if (fd >= 0) {
			(void)close(fd);
		}
	}
	qsort(came, named, sizeof(*came), compare);
	return named;
}

static bool
is_whole(const struct sup_stored *s)
{
	bool pipe = s->kind == SUP_STORED_EVENTS || s->kind == SUP_STORED_LOG;

	return s->mem_fd >= 0 && (s->pipe_fd >= 0) == pipe;
}

static void
put_fd(struct sup_stored *s, int fd)
{
	struct stat st;
	bool known = fstat(fd, &st) == 0;
	int *to = known && S_ISFIFO(st.st_mode)  ? &s->pipe_fd
		  : known && S_ISREG(st.st_mode) ? &s->mem_fd
						 : NULL;

	if (to && *to < 0)
		*to = fd;
	else
		(void)close(fd);
}

/* One after the other with the same name belong together. */
static void
group(const struct came *came, size_t n)
{
	for (size_t i = 0; i < n;) {
		struct sup_stored s;
		const char *name = came[i].name;
		int rc = sup_stored_parse(name, &s);

		for (; i < n && strcmp(came[i].name, name) == 0; i++) {
			if (rc == 0)
				put_fd(&s, came[i].fd);
			else
				(void)close(came[i].fd);
		}
		if (rc == 0 && is_whole(&s)) {
			store.list[store.n++] = s;
			continue;
		}
		nv_warn("a descriptor that was kept for us is not used: %s", name);
		if (rc == 0) {
			nv_fd_close(&s.pipe_fd);
			nv_fd_close(&s.mem_fd);
		}
	}
}

void
sup_fdstore_take(void)
{
	const char *given = getenv("LISTEN_FDNAMES");
	size_t n = listed();
	NV_CLEANUP_FREE char *names = n > 0 && given ? strdup(given) : NULL;
	NV_CLEANUP_FREE struct came *came = n > 0 ? calloc(n, sizeof(*came)) : NULL;
	struct rlimit limit;

	if (names && came) {
		/* Moved ones get high numbers, which the soft limit may forbid. */
		(void)getrlimit(RLIMIT_NOFILE, &limit); /* cannot fail */
		struct rlimit all = {limit.rlim_max, limit.rlim_max};

		(void)setrlimit(
			RLIMIT_NOFILE, &all); /* up to the hard one always works */
		store.list = calloc(n, sizeof(*store.list));
		size_t named = name_all(came, n, names);

		if (store.list)
			group(came, named);
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
	/* Another binary of the same pid shall not take its descriptors for these. */
	(void)unsetenv("LISTEN_PID");
	(void)unsetenv("LISTEN_FDS");
	(void)unsetenv("LISTEN_FDNAMES");
}

size_t
sup_fdstore_taken(int **ret)
{
	size_t n = 0;

	*ret = calloc(2 * store.n + 1, sizeof(**ret));
	for (size_t i = 0; *ret && i < store.n; i++) {
		(*ret)[n++] = store.list[i].mem_fd;
		if (store.list[i].pipe_fd >= 0)
			(*ret)[n++] = store.list[i].pipe_fd;
	}
	return n;
}

/* ---- to the manager ---- */

static struct sup_stored
of_stream(const struct sup_stream *s)
{
	struct sup_stored stored = {
		.kind = s->event_inode == 0 ? SUP_STORED_JOURNAL : SUP_STORED_EVENTS,
		.id = s->id,
		.instance = s->instance,
		.generation = s->generation,
		.runner = s->runner,
		.pipe_fd = s->event_r,
		.mem_fd = s->memfd};

	memcpy(stored.worker, s->worker, sizeof(stored.worker));
	memcpy(stored.variant, s->variant, sizeof(stored.variant));
	return stored;
}

static struct sup_stored
of_log(const struct sup_log *log)
{
	struct sup_stored stored = {.kind = SUP_STORED_LOG,
		.id = log->id,
		.instance = log->instance,
		.generation = log->generation,
		.pipe_fd = log->read_fd,
		.mem_fd = log->mem_fd};

	memcpy(stored.worker, log->name, sizeof(stored.worker));
	return stored;
}

static bool
say_keep(const struct sup_stored *s)
{
	char name[SUP_STORED_NAME_BYTES];
	char text[SUP_STORED_NAME_BYTES + 32];
	const int fds[] = {s->mem_fd, s->pipe_fd};

	sup_stored_name(s, name);
	/* FDPOLL: or systemd drops a pipe as soon as nobody can write into it any more,
	 * which is when it is needed. */
	(void)snprintf(text, sizeof(text), "FDSTORE=1\nFDPOLL=0\nFDNAME=%s", name);
	return sup_notify_fds(store.sup, text, fds, s->pipe_fd >= 0 ? 2 : 1) == 0;
}

static bool
say_forget(const char *name)
{
	char text[SUP_STORED_NAME_BYTES + 32];

	(void)snprintf(text, sizeof(text), "FDSTOREREMOVE=1\nFDNAME=%s", name);
	return sup_notify_fds(store.sup, text, NULL, 0) == 0;
}

static void
try_again_soon(void)
{
	if (ev_is_active(&store.again))
		return;
	ev_timer_set(&store.again, AGAIN_S, 0.);
	ev_timer_start(store.sup->loop, &store.again);
}

/* More than the manager takes is not said, as it would complain of each. */
static bool
has_room(void)
{
	const struct sup_streams *all = &store.sup->streams;
	size_t n = (size_t)all->n_streams + all->n_logs + store.n_forget;
	bool room = n * 2 + 2 <= store.fds_max;

	if (!room && !store.full_said)
		nv_warn("the service manager keeps %zu descriptors, which is not enough "
			"for "
			"this fleet: what the others say is lost if the keeper is killed",
			store.fds_max);
	store.full_said = !room;
	return room;
}

static void
keep_stream(struct sup_stream *s)
{
	struct sup_stored stored = of_stream(s);

	if (s->kept)
		return;
	s->kept = has_room() && say_keep(&stored);
	store.unsaid += !s->kept;
}

static void
keep_log(struct sup_log *log)
{
	struct sup_stored stored = of_log(log);

	if (log->kept)
		return;
	log->kept = has_room() && say_keep(&stored);
	store.unsaid += !log->kept;
}

static struct sup_stored
of_journal(const struct sup *sup)
{
	return (struct sup_stored){.kind = SUP_STORED_JOURNAL,
		.id = sup->boot_id,
		.pipe_fd = -1,
		.mem_fd = sup_journal_fd(sup->journal)};
}

static void
keep_own(void)
{
	struct sup_stored journal = of_journal(store.sup);
	struct sup_stored table = {.kind = SUP_STORED_TABLE,
		.pipe_fd = -1,
		.mem_fd = store.sup->log_table_fd};

	if (store.stale_table && !say_forget(TABLE_NAME))
		return;
	store.stale_table = false;
	store.own_kept = say_keep(&journal) && say_keep(&table);
}

/* What does not fit is kept for nothing until the service stops. */
static bool
add_forgotten(uint64_t key, const char *name)
{
	struct forgotten f = {.key = key};

	if (store.n_forget == 0 && store.forget.bytes_max == 0)
		nv_buf_init(&store.forget, FORGET_BYTES_MAX);
	(void)snprintf(f.name, sizeof(f.name), "%s", name);
	nv_buf_add(&store.forget, &f, sizeof(f));
	bool added = !store.forget.error;

	store.forget.error = 0;
	store.n_forget += added;
	return added;
}

/* How many the manager keeps; 0: nobody keeps anything. systemd says it from version 254
 * on; our unit does for older ones. */
static size_t
fds_max(const struct sup *sup)
{
	const char *text = getenv("FDSTORE");
	long max = text ? strtol(text, NULL, 10) : 0;

	return max > 0 && sup->shared->notify_fd >= 0 ? (size_t)max : 0;
}

/* It is said after the commit that drops it, and, if we die before, by the next one. Also
 * while a resume has not come to sup_fdstore_start yet. */
static void
forget(const struct sup *sup, const char *name)
{
	if (fds_max(sup) == 0 || !add_forgotten(store.next_forget, name))
		return;
	sup_state_forget(store.next_forget++, name);
	if (store.sup)
		try_again_soon();
}

static void
say_forgotten(void)
{
	struct forgotten f;

	while (store.n_forget > 0) {
		memcpy(&f, store.forget.data, sizeof(f));
		if (!say_forget(f.name))
			return;
		sup_state_gone(SUP_REC_FORGET, f.key);
		nv_buf_consume(&store.forget, sizeof(f));
		store.n_forget--;
	}
}

static void
on_again(struct ev_loop *loop, ev_timer *t, int revents)
{
	(void)loop;
	(void)t;
	(void)revents;
	say_forgotten();
	if (!store.own_kept)
		keep_own();
	store.unsaid = 0;
	for (struct sup_stream *s = store.sup->streams.head; s; s = s->next)
		keep_stream(s);
	for (struct sup_log *log = store.sup->streams.logs; log; log = log->next)
		keep_log(log);
	if (!store.own_kept || store.n_forget > 0 ||
		(store.unsaid > 0 && !store.full_said))
		try_again_soon();
}

void
sup_fdstore_start(struct sup *sup)
{
	store.fds_max = fds_max(sup);
	if (store.fds_max == 0)
		return;
	store.sup = sup;
	ev_timer_init(&store.again, on_again, 0., 0.);
	store.own_kept = false;
	on_again(sup->loop, &store.again, 0);
}

/* The next fleet is not to think that this one was killed. */
static void
forget_own(const struct sup *sup)
{
	struct sup_stored journal = of_journal(sup);
	char name[SUP_STORED_NAME_BYTES];

	sup_stored_name(&journal, name);
	forget(sup, name);
	if (!sup->streams.logs)
		forget(sup, TABLE_NAME);
}

void
sup_fdstore_stop(struct sup *sup)
{
	int64_t until = nv_mono_ms() + FLUSH_MS;
	struct pollfd room = {.fd = sup->shared->notify_fd, .events = POLLOUT};

	if (store.sup) {
		if (sup->all_stored)
			forget_own(sup);
		ev_timer_stop(sup->loop, &store.again);
		say_forgotten();
		while (store.n_forget > 0 && nv_mono_ms() < until) {
			(void)poll(&room, 1, FLUSH_NAP_MS);
			say_forgotten();
		}
	}
	nv_buf_fini(&store.forget);
	store.n_forget = 0;
	store.sup = NULL;
}

void
sup_fdstore_forgotten(uint64_t key, const char *name)
{
	(void)add_forgotten(key, name);
	store.next_forget = NV_MAX(store.next_forget, key + 1);
}

void
sup_fdstore_keep(struct sup *sup, struct sup_stream *stream, struct sup_log *log)
{
	if (!store.sup)
		return;
	keep_stream(stream);
	keep_log(log);
	if (!stream->kept || !log->kept)
		try_again_soon();
	sup_notify_await(sup, WAIT_MS);
}

void
sup_fdstore_forget_stream(struct sup *sup, const struct sup_stream *stream)
{
	char name[SUP_STORED_NAME_BYTES];
	struct sup_stored stored = of_stream(stream);

	sup_stored_name(&stored, name);
	forget(sup, name);
}

void
sup_fdstore_forget_log(struct sup *sup, const struct sup_log *log)
{
	char name[SUP_STORED_NAME_BYTES];
	struct sup_stored stored = of_log(log);

	sup_stored_name(&stored, name);
	forget(sup, name);
}

/* ---- a fleet that begins with what another one has left ---- */

static void
mark_ended(const struct sup_stream *stream)
{
	(void)fchmod(stream->memfd, ENDED_MODE); /* else one exit is told twice */
}

void
sup_fdstore_ended(const struct sup_stream *stream)
{
	if (store.sup)
		mark_ended(stream);
}

static int64_t
age_ms(int fd)
{
	struct statx st;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &st) < 0 ||
		!(st.stx_mask & STATX_BTIME))
		return 0;
	int64_t born_ms = st.stx_btime.tv_sec * 1000 + st.stx_btime.tv_nsec / 1000000;

	return NV_MAX(nv_wall_ns() / NV_NS_PER_MS - born_ms, (int64_t)0);
}

/* Nobody saw it end. */
static void
note_end(struct sup *sup, const struct sup_stream *s)
{
	struct stat st;
	struct sup_journal_exit e = {.stream = s,
		.worker = s->worker,
		.instance = s->instance,
		.generation = s->generation,
		.status = SIGKILL,
		.cause = "stop",
		.by = "shutdown",
		.detail = "the keeper was killed, and every process with it; when "
			  "exactly is "
			  "not known",
		.uptime_ms = age_ms(s->memfd)};

	if (fstat(s->memfd, &st) == 0 && (st.st_mode & 07777) != ENDED_MODE)
		sup_journal_exit(sup->journal, &e);
}

static void
adopt_stream(struct sup *sup, struct sup_stored *from)
{
	struct sup_stream *s = sup_stream_add(&sup->streams);
	int nobody = -1;
	struct stat st;

	if (!s) {
		nv_error("no memory for what %s#%u has said", from->worker,
			from->instance);
		return;
	}
	s->id = from->id;
	s->instance = from->instance;
	s->generation = from->generation;
	s->runner = from->runner;
	memcpy(s->worker, from->worker, sizeof(s->worker));
	memcpy(s->variant, from->variant, sizeof(s->variant));
	s->event_r = nv_fd_steal(&from->pipe_fd);
	s->memfd = nv_fd_steal(&from->mem_fd);
	s->event_w = s->control_r = s->control_w = -1;
	if (from->kind == SUP_STORED_JOURNAL)
		return;
	s->event_inode = fstat(s->event_r, &st) == 0 ? st.st_ino : 1;
	/* Its worker reads nothing any more, but the engine wants one. */
	if (nv_pipe(&nobody, &s->control_w, 0) < 0)
		nv_error("no descriptor for what %s#%u has said", s->worker, s->instance);
	nv_fd_close(&nobody);
	note_end(sup, s);
}

static void
adopt_log(struct sup *sup, struct sup_stored *from)
{
	struct sup_log *log = sup_log_add(&sup->streams);
	const struct sup_worker *w = sup_worker_find(sup, from->worker);
	struct stat st;

	if (!log) {
		nv_error("no memory for what %s#%u has printed", from->worker,
			from->instance);
		return;
	}
	log->id = from->id;
	log->instance = from->instance;
	log->generation = from->generation;
	memcpy(log->name, from->worker, sizeof(log->name));
	log->policy = w ? w->conf->logs : sup->conf->config->logs;
	log->read_fd = nv_fd_steal(&from->pipe_fd);
	log->mem_fd = nv_fd_steal(&from->mem_fd);
	log->write_fd = -1;
	log->inode = fstat(log->read_fd, &st) == 0 ? st.st_ino : 0;
	if (sup->streams.log_counter < log->id + LOG_IDS_AHEAD)
		sup->streams.log_counter = log->id + LOG_IDS_AHEAD;
}

/* The logger's progress counts only with the logs it is about. */
static void
adopt_table(struct sup *sup, struct sup_stored *from)
{
	store.stale_table = from && !sup->streams.logs;
	if (!from || !sup->streams.logs)
		return;
	nv_fd_close(&sup->log_table_fd);
	sup->log_table_fd = nv_fd_steal(&from->mem_fd);
}

void
sup_fdstore_adopt(struct sup *sup)
{
	struct sup_stored *table = NULL;

	/* Sorted by name, so that logs come after journals and events. */
	for (size_t i = 0; i < store.n; i++) {
		struct sup_stored *s = &store.list[i];

		if (s->kind == SUP_STORED_TABLE)
			table = s;
		else if (s->kind == SUP_STORED_LOG)
			adopt_log(sup, s);
		else
			adopt_stream(sup, s);
	}
	adopt_table(sup, table);
	if (store.n > 0)
		nv_warn("an earlier fleet was killed: %u streams and %u logs of it are "
			"taken over",
			sup->streams.n_streams, sup->streams.n_logs);
}

void
sup_fdstore_adopted(struct sup *sup)
{
	for (const struct sup_stream *s = sup->streams.head; s; s = s->next)
		mark_ended(s);
	for (size_t i = 0; i < store.n; i++) {
		nv_fd_close(&store.list[i].mem_fd);
		nv_fd_close(&store.list[i].pipe_fd);
	}
	free(store.list);
	store.list = NULL;
	store.n = 0;
}
