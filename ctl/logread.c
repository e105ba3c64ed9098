/* Reading logs: see logread.h. */
#include "logread.h"
#include "nv_clock.h"
#include "nv_fd.h"
#include "out.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define BLOCK_BYTES    65536
#define PATH_BYTES     1400
#define LINE_BYTES_MAX ((size_t)16 << 20) /* a longer one is handed over in pieces */
#define NEXT_TRIES     100
#define PATIENCE_MS    1000 /* a look without a notice, should one be lost */

/* ---- which lines ---- */

bool
ctl_log_wanted(const struct ctl_log_filter *f, const char *line, size_t bytes,
	int64_t *head_time)
{
	struct nv_log_head head = {.wall_ns = -1};
	bool ours = nv_log_head_parse(line, bytes, &head);

	if (ours && head.wall_ns >= 0)
		*head_time = head.wall_ns;
	if (f->since_ns > 0 && *head_time >= 0 && *head_time < f->since_ns)
		return false;
	if (f->instance && (!ours || head.instance != f->instance))
		return false;
	if (f->generation && (!ours || head.generation != f->generation))
		return false;
	if (f->generations &&
		(!ours || head.instance == 0 || head.instance > f->n_generations ||
			f->generations[head.instance - 1] != head.generation))
		return false;
	if (!f->grep)
		return true;
	/* From the text on, so that ^ is its beginning. */
	const char *text = line + (ours ? head.bytes : 0);
	regmatch_t range = {.rm_so = 0, .rm_eo = (regoff_t)(line + bytes - text)};

	return regexec(f->grep, text, 1, &range, REG_STARTEND) == 0;
}

static bool
is_plain(const struct ctl_log_filter *f)
{
	return !f->instance && !f->generation && !f->since_ns && !f->grep &&
	       !f->generations;
}

/* ---- rotated files ---- */

struct rotated {
	char name[200];
	int64_t wall_ns;
	bool packed; /* the name ends with .gz */
};

struct rotated_list {
	struct rotated *list; /* owned */
	size_t n;
};

static int
by_time(const void *a, const void *b)
{
	const struct rotated *x = a;
	const struct rotated *y = b;

	if (x->wall_ns != y->wall_ns)
		return x->wall_ns < y->wall_ns ? -1 : 1;
	return strcmp(y->name, x->name); /* NAME.gz before NAME: it is whole */
}

/* Those rotated after `after_ns`, oldest first. */
static int
list_rotated(const struct ctl_log *log, int64_t after_ns, struct rotated_list *ret)
{
	DIR *d = opendir(log->dir);
	size_t n = 0;

	*ret = (struct rotated_list){NULL, 0};
	if (!d)
		return -errno;
	for (const struct dirent *e; (e = readdir(d));) {
		int64_t ns;
		enum nv_log_file_kind kind =
			nv_log_file_kind(e->d_name, log->worker, &ns);

		if ((kind != NV_LOG_FILE_PLAIN && kind != NV_LOG_FILE_GZIP) ||
			ns <= after_ns || strlen(e->d_name) >= sizeof(ret->list->name))
			continue;
		if ((n & (n - 1)) == 0)
			ret->list =
				ctl_grow(ret->list, n ? n * 2 : 1, sizeof(*ret->list));
		(void)snprintf(
			ret->list[n].name, sizeof(ret->list[n].name), "%s", e->d_name);
		ret->list[n].packed = kind == NV_LOG_FILE_GZIP;
		ret->list[n++].wall_ns = ns;
	}
	(void)closedir(d);
	if (n > 0)
		qsort(ret->list, n, sizeof(*ret->list), by_time);
	for (size_t i = 0; i < n; i++) {
		/* Both are there for a moment when a file has been compressed. */
		if (ret->n == 0 || ret->list[ret->n - 1].wall_ns != ret->list[i].wall_ns)
			ret->list[ret->n++] = ret->list[i];
	}
	return 0;
}

/* A descriptor of it: it may have been compressed since it was listed. -ENOENT: gone. */
static int
open_rotated(const struct ctl_log *log, const struct rotated *r)
{
	char path[PATH_BYTES];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", log->dir, r->name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT) {
		(void)snprintf(path, sizeof(path), "%s/%s.gz", log->dir, r->name);
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	}
	return fd < 0 ? -errno : fd;
}

/* ---- lines of a file ---- */

struct reading {
	struct nv_buf buf;
	struct ctl_log_place *place; /* borrowed: of each line, before it is given */
	ctl_line_fn *fn;
	void *arg;
	off_t from; /* where it began */
	off_t done; /* bytes of whole lines that were handed over */
};

static int
give(struct reading *r, const char *line, size_t bytes, off_t at, bool ended)
{
	r->place->start = r->from + at;
	r->place->end = r->place->start + (off_t)bytes + ended;
	r->place->check = (uint32_t)crc32(0, (const Bytef *)line, (uInt)bytes);
	return r->fn(r->arg, line, bytes);
}

static int
take_lines(struct reading *r, const char *data, size_t bytes)
{
	size_t done = 0;
	int rc = 0;
	char *nl;

	nv_buf_add(&r->buf, data, bytes);
	while (rc == 0 && done < r->buf.bytes &&
		(nl = memchr(r->buf.data + done, '\n', r->buf.bytes - done))) {
		size_t line = (size_t)(nl - r->buf.data) - done;

		rc = give(r, r->buf.data + done, line, r->done + (off_t)done, true);
		done += line + 1;
	}
	if (rc == 0 && r->buf.bytes - done >= LINE_BYTES_MAX) {
		rc = give(r, r->buf.data + done, r->buf.bytes - done,
			r->done + (off_t)done, false);
		done = r->buf.bytes;
	}
	r->done += (off_t)done;
	nv_buf_consume(&r->buf, done);
	return rc ? rc : r->buf.error;
}

static int
take_rest(struct reading *r)
{
	int rc = r->buf.bytes ? give(r, r->buf.data, r->buf.bytes, r->done, false) : 0;

	r->done += (off_t)r->buf.bytes;
	nv_buf_clear(&r->buf);
	return rc;
}

/* Whole lines of fd from *at on; what has no newline yet only when `all`. */
static int
read_plain(int fd, off_t *at, bool all, struct ctl_log_place *place, ctl_line_fn *fn,
	void *arg)
{
	struct reading r = {.place = place, .fn = fn, .arg = arg, .from = *at};
	char block[BLOCK_BYTES];
	off_t from = *at;
	int rc = 0;

	nv_buf_init(&r.buf, LINE_BYTES_MAX + BLOCK_BYTES);
	while (rc == 0) {
		ssize_t n = pread(fd, block, sizeof(block), from);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			rc = n < 0 ? -errno : 0;
			break;
		}
		from += n;
		rc = take_lines(&r, block, (size_t)n);
	}
	if (rc == 0 && all)
		rc = take_rest(&r);
	*at += r.done;
	nv_buf_fini(&r.buf);
	return rc;
}

/* A rotated file, compressed or not (zlib reads both), from an offset on. Takes fd. */
static int
read_rotated(int fd, off_t from, struct ctl_log_place *place, ctl_line_fn *fn, void *arg)
{
	struct reading r = {.place = place, .fn = fn, .arg = arg, .from = from};
	char block[BLOCK_BYTES];
	gzFile f = gzdopen(fd, "r");
	int rc = 0;

	if (!f) {
		nv_fd_close(&fd);
		return -ENOMEM;
	}
	if (from > 0 && gzseek(f, from, SEEK_SET) != from)
		rc = -EBADMSG;
	nv_buf_init(&r.buf, LINE_BYTES_MAX + BLOCK_BYTES);
	for (int n; rc == 0 && (n = gzread(f, block, sizeof(block))) != 0;)
		rc = n < 0 ? -EBADMSG : take_lines(&r, block, (size_t)n);
	if (rc == 0)
		rc = take_rest(&r);
	nv_buf_fini(&r.buf);
	(void)gzclose(f);
	return rc;
}

/* Where the last n lines of the file start. */
static int
find_start(int fd, size_t n, off_t *ret_start)
{
	char block[BLOCK_BYTES];
	struct stat st;
	size_t lines = 0;

	if (fstat(fd, &st) < 0)
		return -errno;
	for (off_t at = st.st_size; at > 0;) {
		size_t want = (size_t)NV_MIN(at, (off_t)sizeof(block));
		ssize_t got = pread(fd, block, want, at - (off_t)want);

		if (got < 0 && errno == EINTR)
			continue;
		if (got != (ssize_t)want)
			return got < 0 ? -errno : -EAGAIN;
		for (size_t i = want; i > 0; i--) {
			off_t place = at - (off_t)want + (off_t)i;

			/* A newline at the very end ends the last line, starts none. */
			if (block[i - 1] != '\n' || place == st.st_size)
				continue;
			if (++lines == n) {
				*ret_start = place;
				return 0;
			}
		}
		at -= (off_t)want;
	}
	*ret_start = 0;
	return 0;
}

/* ---- the last lines ---- */

/* The last `cap` wanted lines of one file. */
struct ring {
	const struct ctl_log_filter *filter;
	struct ctl_log_place *place; /* borrowed: of the line that is read, or given */
	int64_t head_time;
	char **lines; /* owned, each owned */
	size_t *bytes;
	struct ctl_log_place *places;
	size_t n; /* ever taken */
	size_t cap;
	size_t room;
};

static int
ring_take(void *arg, const char *line, size_t bytes)
{
	struct ring *r = arg;

	if (!ctl_log_wanted(r->filter, line, bytes, &r->head_time))
		return 0;
	if (r->n == r->room && r->room < r->cap) {
		r->room = NV_MIN(r->room ? r->room * 2 : 64, r->cap);
		r->lines = ctl_grow(r->lines, r->room, sizeof(*r->lines));
		r->bytes = ctl_grow(r->bytes, r->room, sizeof(*r->bytes));
		r->places = ctl_grow(r->places, r->room, sizeof(*r->places));
	}
	size_t at = r->n % r->cap;

	if (r->n >= r->cap)
		free(r->lines[at]);
	r->lines[at] = ctl_alloc(bytes + 1, 1);
	memcpy(r->lines[at], line, bytes);
	r->bytes[at] = bytes;
	r->places[at] = *r->place;
	r->n++;
	return 0;
}

static int
ring_give(struct ring *r, ctl_line_fn *fn, void *arg)
{
	size_t held = NV_MIN(r->n, r->cap);
	int rc = 0;

	for (size_t i = r->n - held; rc == 0 && i < r->n; i++) {
		*r->place = r->places[i % r->cap];
		rc = fn(arg, r->lines[i % r->cap], r->bytes[i % r->cap]);
	}
	return rc;
}

static void
ring_fini(struct ring *r)
{
	for (size_t i = 0; i < NV_MIN(r->n, r->cap); i++)
		free(r->lines[i]);
	free(r->lines);
	free(r->bytes);
	free(r->places);
}

static int64_t
stamp_before(const struct rotated_list *all, size_t i)
{
	return i > 0 ? all->list[i - 1].wall_ns : INT64_MIN;
}

/* Older files, newest of them first, until there are n lines; then all in order. */
static int
tail_rotated(struct ctl_log *log, const struct rotated_list *all, size_t n,
	const struct ctl_log_filter *filter, ctl_line_fn *fn, void *arg)
{
	struct ring *rings = ctl_alloc(all->n + 1, sizeof(*rings));
	size_t used = 0;
	int rc = 0;

	for (size_t i = all->n; rc == 0 && i > 0 && n > 0; i--) {
		const struct rotated *r = &all->list[i - 1];

		if (filter->since_ns > r->wall_ns + NV_NS_PER_MS)
			break; /* all of it is older */
		int fd = open_rotated(log, r);

		if (fd == -ENOENT)
			continue; /* removed meanwhile */
		rings[used] = (struct ring){.filter = filter,
			.place = &log->place,
			.head_time = -1,
			.cap = n};
		log->place.after_ns = stamp_before(all, i - 1);
		rc = fd < 0 ? fd
			    : read_rotated(fd, 0, &log->place, ring_take, &rings[used]);
		n -= NV_MIN(n, rings[used].n);
		used++;
	}
	for (size_t i = used; i > 0; i--) {
		if (rc == 0)
			rc = ring_give(&rings[i - 1], fn, arg);
		ring_fini(&rings[i - 1]);
	}
	free(rings);
	return rc;
}

/* Which of them is the file that is open: by its plain name, which is there until the
 * compressed one is whole. all->n: none of them. */
static size_t
find_mine(const struct ctl_log *log, const struct rotated_list *all)
{
	struct stat mine;

	if (log->fd < 0 || fstat(log->fd, &mine) < 0)
		return all->n;
	for (size_t i = 0; i < all->n; i++) {
		char path[PATH_BYTES];
		struct stat st;
		size_t bytes = strlen(all->list[i].name) -
			       (all->list[i].packed ? strlen(".gz") : 0);

		(void)snprintf(path, sizeof(path), "%s/%.*s", log->dir, (int)bytes,
			all->list[i].name);
		if (lstat(path, &st) == 0 && st.st_ino == mine.st_ino &&
			st.st_dev == mine.st_dev)
			return i;
	}
	return all->n;
}

static bool
is_unlinked(int fd)
{
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && st.st_nlink == 0;
}

/* Up to the newest rotated file that is not the open one. */
static int
list_older(struct ctl_log *log, struct rotated_list *all)
{
	int rc = list_rotated(log, INT64_MIN, all);

	if (rc < 0)
		return rc;
	/* It was turned away between the opening and the listing. */
	all->n = find_mine(log, all);
	if (is_unlinked(log->fd)) {
		/* And compressed: now it is in the list. */
		nv_fd_close(&log->fd);
		free(all->list);
		rc = list_rotated(log, INT64_MIN, all);
	}
	log->stamp_ns = rc == 0 && all->n ? all->list[all->n - 1].wall_ns : INT64_MIN;
	return rc;
}

int
ctl_log_tail(struct ctl_log *log, size_t n, const struct ctl_log_filter *filter,
	bool partial, ctl_line_fn *fn, void *arg)
{
	struct ring last = {
		.filter = filter, .place = &log->place, .head_time = -1, .cap = n};
	struct rotated_list older;
	int rc = list_older(log, &older);

	if (rc == 0 && log->fd >= 0 && is_plain(filter) && n > 0)
		rc = find_start(log->fd, n, &log->at);
	if (rc == 0 && log->fd >= 0 && n == 0) {
		log->at = lseek(log->fd, 0, SEEK_END);
		rc = log->at < 0 ? -errno : 0;
	}
	log->place.after_ns = log->stamp_ns;
	if (rc == 0 && log->fd >= 0 && n > 0)
		rc = read_plain(
			log->fd, &log->at, partial, &log->place, ring_take, &last);
	if (rc == 0 && last.n < n)
		rc = tail_rotated(log, &older, n - last.n, filter, fn, arg);
	if (rc == 0 && n > 0)
		rc = ring_give(&last, fn, arg);
	ring_fini(&last);
	free(older.list);
	return rc;
}

/* ---- what comes ---- */

static int
open_current(const struct ctl_log *log, int *ret_fd)
{
	char path[PATH_BYTES];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/%s.log", log->dir, log->worker);
	NV_CLEANUP_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	*ret_fd = nv_fd_steal(&fd);
	return 0;
}

static int64_t
newest(const struct rotated_list *all)
{
	return all->n ? all->list[all->n - 1].wall_ns : INT64_MIN;
}

/* The file that is written, and all that were turned away before it: none was between the
 * two listings, so that no file is both or neither. -ENOENT: between two files; -EAGAIN:
 * they come too fast. */
static int
open_next(const struct ctl_log *log, int *ret_next, struct rotated_list *ret)
{
	for (int i = 0; i < NEXT_TRIES; i++) {
		NV_CLEANUP_FD next = -1;
		struct rotated_list before;
		int rc = list_rotated(log, log->stamp_ns, &before);
		int64_t until = newest(&before);

		free(before.list);
		if (rc == 0)
			rc = open_current(log, &next);
		if (rc == 0)
			rc = list_rotated(log, log->stamp_ns, ret);
		if (rc < 0)
			return rc;
		if (newest(ret) == until) {
			*ret_next = nv_fd_steal(&next);
			return 0;
		}
		free(ret->list);
	}
	return -EAGAIN;
}

/* Whole files that were written and turned away since the open one was. That is the first
 * of the list when it has been compressed, unless somebody else has moved it. */
static int
read_missed(
	struct ctl_log *log, const struct rotated_list *all, ctl_line_fn *fn, void *arg)
{
	size_t mine = find_mine(log, all);
	int rc = 0;

	log->place.after_ns = log->stamp_ns;
	if (mine == all->n && is_unlinked(log->fd))
		mine = 0;
	for (size_t i = 0; rc == 0 && i < all->n; i++) {
		int fd = i == mine ? -ENOENT : open_rotated(log, &all->list[i]);

		log->stamp_ns = all->list[i].wall_ns;
		if (fd >= 0)
			rc = read_rotated(fd, 0, &log->place, fn, arg);
		else if (fd != -ENOENT)
			rc = fd;
		log->place.after_ns = log->stamp_ns;
	}
	return rc;
}

/* Is the open file still the one that is written? */
static int
is_current(struct ctl_log *log)
{
	struct stat mine;
	struct stat now;
	NV_CLEANUP_FD fd = -1;
	int rc = open_current(log, &fd);

	if (rc < 0)
		return rc;
	if (fstat(fd, &now) < 0 || (log->fd >= 0 && fstat(log->fd, &mine) < 0))
		return -errno;
	if (log->fd < 0 || now.st_ino != mine.st_ino || now.st_dev != mine.st_dev)
		return 0;
	if (now.st_size < log->at)
		log->at = 0; /* cut: what is there is new */
	return 1;
}

static int
take_next(struct ctl_log *log, ctl_line_fn *fn, void *arg)
{
	struct rotated_list all = {0};
	NV_CLEANUP_FD next = -1;
	int rc = is_current(log);

	if (rc == 0)
		rc = open_next(log, &next, &all);
	else if (rc > 0)
		return 0;
	if (rc < 0)
		return rc == -ENOENT || rc == -EAGAIN ? 0 : rc; /* the next look */
	/* Nobody writes to the old one any more. */
	log->place.after_ns = log->stamp_ns;
	if (log->fd >= 0)
		rc = read_plain(log->fd, &log->at, true, &log->place, fn, arg);
	if (rc == 0)
		rc = read_missed(log, &all, fn, arg);
	free(all.list);
	if (rc != 0)
		return rc;
	nv_fd_close(&log->fd);
	log->fd = nv_fd_steal(&next);
	log->at = 0;
	log->place.after_ns = log->stamp_ns;
	return read_plain(log->fd, &log->at, false, &log->place, fn, arg);
}

int
ctl_log_more(struct ctl_log *log, ctl_line_fn *fn, void *arg)
{
	log->place.after_ns = log->stamp_ns;
	int rc = log->fd >= 0 ? read_plain(log->fd, &log->at, false, &log->place, fn, arg)
			      : 0;

	return rc == 0 ? take_next(log, fn, arg) : rc;
}

/* ---- after a line that was seen before ---- */

/* Does that line stand there, in a file compressed or not? Takes fd. */
static bool
stands_there(int fd, const struct ctl_log_place *place)
{
	char block[BLOCK_BYTES];
	gzFile f = fd < 0 ? NULL : gzdopen(fd, "r");
	off_t left = place->end - place->start;
	uLong check = 0;

	if (!f) {
		nv_fd_close(&fd);
		return false;
	}
	bool ok = gzseek(f, place->start, SEEK_SET) == place->start;

	while (ok && left > 0) {
		int want = (int)NV_MIN(left, (off_t)sizeof(block));
		int n = gzread(f, block, (unsigned)want);

		ok = n == want;
		left -= want;
		/* The newline is not the line's. */
		if (ok && left == 0 && block[n - 1] == '\n')
			n--;
		if (ok)
			check = crc32(check, (const Bytef *)block, (uInt)n);
	}
	(void)gzclose(f);
	return ok && (uint32_t)check == place->check;
}

/* The file of that place: the oldest that was rotated after its predecessor, or the one
 * that is written. Lines after it, then whole files, are handed over up to where the log
 * then stands. */
static int
read_from(struct ctl_log *log, const struct rotated_list *all,
	const struct ctl_log_place *place, bool *ret_gap, ctl_line_fn *fn, void *arg)
{
	int rc = 0;

	*ret_gap = !stands_there(
		all->n ? open_rotated(log, &all->list[0]) : dup(log->fd), place);
	for (size_t i = 0; rc == 0 && i < all->n; i++) {
		int fd = open_rotated(log, &all->list[i]);
		off_t from = i == 0 && !*ret_gap ? place->end : 0;

		log->place.after_ns = log->stamp_ns;
		log->stamp_ns = all->list[i].wall_ns;
		if (fd >= 0)
			rc = read_rotated(fd, from, &log->place, fn, arg);
		else if (fd != -ENOENT)
			rc = fd;
		else
			*ret_gap = true; /* removed meanwhile */
	}
	log->at = all->n == 0 && !*ret_gap ? place->end : 0;
	return rc;
}

int
ctl_log_after(struct ctl_log *log, const struct ctl_log_place *place, bool partial,
	ctl_line_fn *fn, void *arg, bool *ret_gap)
{
	struct rotated_list all = {0};
	int next = -1;

	log->stamp_ns = place->after_ns;
	int rc = open_next(log, &next, &all);

	/* Between two files: what is rotated can be read already. */
	if (rc == -ENOENT)
		rc = list_rotated(log, log->stamp_ns, &all);
	if (rc < 0)
		return rc;
	nv_fd_close(&log->fd);
	log->fd = next;
	rc = read_from(log, &all, place, ret_gap, fn, arg);
	free(all.list);
	log->place.after_ns = log->stamp_ns;
	if (rc == 0 && log->fd >= 0)
		rc = read_plain(log->fd, &log->at, partial, &log->place, fn, arg);
	return rc;
}

int
ctl_log_open(struct ctl_log *log, const char *dir, const char *worker)
{
	struct rotated_list all;

	*log = (struct ctl_log){.fd = -1, .stamp_ns = INT64_MIN};
	(void)snprintf(log->dir, sizeof(log->dir), "%s", dir);
	(void)snprintf(log->worker, sizeof(log->worker), "%s", worker);
	int rc = open_current(log, &log->fd);

	if (rc != -ENOENT)
		return rc;
	rc = list_rotated(log, INT64_MIN, &all);
	if (rc == 0 && all.n == 0)
		rc = -ENOENT;
	free(all.list);
	return rc;
}

void
ctl_log_fini(struct ctl_log *log)
{
	nv_fd_close(&log->fd);
}

/* ---- waiting ---- */

void
ctl_log_watch_open(struct ctl_log_watch *watch, const char *dir)
{
	watch->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (watch->fd >= 0 &&
		inotify_add_watch(watch->fd, dir,
			IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM) < 0)
		nv_fd_close(&watch->fd); /* then PATIENCE_MS alone wakes us */
}

bool
ctl_log_watch_wait(const struct ctl_log_watch *watch)
{
	struct pollfd p[] = {{.fd = STDOUT_FILENO}, {.fd = watch->fd, .events = POLLIN}};
	char sink[4096];

	(void)poll(p, watch->fd >= 0 ? 2 : 1, PATIENCE_MS);
	if (p[0].revents)
		return false;
	while (watch->fd >= 0 && read(watch->fd, sink, sizeof(sink)) > 0)
		;
	return true;
}

void
ctl_log_watch_close(struct ctl_log_watch *watch)
{
	nv_fd_close(&watch->fd);
}
