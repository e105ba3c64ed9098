/* From a pipe into a log: see pump.h. */
#include "pump.h"
#include "nv_clock.h"
#include "nv_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PASS_BYTES  ((size_t)256 << 10) /* so that no worker keeps the others waiting */
#define CHUNK_BYTES ((size_t)64 << 10)
#define PUNCH_BYTES ((uint64_t)256 << 10)
#define PAGE_BYTES  ((uint64_t)4096)

_Static_assert(
	CHUNK_BYTES > LOG_LINE_BYTES_MAX + 1, "a chunk holds a line of any length");

static void
count_waiting(struct log_pump *p)
{
	uint64_t waiting = p->taken - log_slot_get(p->slot)->done;

	*p->all_waiting += waiting - p->waiting;
	p->waiting = waiting;
}

int
log_pump_init(struct log_pump *p, struct log_file *file, struct log_slot *slot,
	int pipe_fd, int mem_fd, uint64_t *all_waiting)
{
	struct stat st;

	*p = (struct log_pump){.file = file,
		.slot = slot,
		.pipe_fd = pipe_fd,
		.mem_fd = mem_fd,
		.all_waiting = all_waiting};
	int rc = fstat(mem_fd, &st) < 0 ? -errno : nv_fd_set_nonblock(pipe_fd, true);

	if (rc == 0 && (uint64_t)st.st_size < log_slot_get(slot)->done)
		rc = -EBADMSG; /* these two do not belong together */
	if (rc < 0) {
		nv_fd_close(&p->pipe_fd);
		nv_fd_close(&p->mem_fd);
		return rc;
	}
	p->taken = (uint64_t)st.st_size;
	count_waiting(p);
	return 0;
}

void
log_pump_fini(struct log_pump *p)
{
	*p->all_waiting -= p->waiting;
	nv_fd_close(&p->pipe_fd);
	nv_fd_close(&p->mem_fd);
}

bool
log_pump_wants(const struct log_pump *p)
{
	if (p->eof)
		return false;
	return p->file->error == 0 || p->file->policy.when_full == NV_LOG_FULL_DROP;
}

int
log_pump_take(struct log_pump *p)
{
	size_t moved = 0;
	int rc = 1;

	while (rc == 1 && moved < PASS_BYTES) {
		off_t at = (off_t)p->taken;
		ssize_t n = splice(p->pipe_fd, NULL, p->mem_fd, &at, PASS_BYTES - moved,
			SPLICE_F_NONBLOCK | SPLICE_F_MOVE);

		if (n > 0) {
			moved += (size_t)n;
			p->taken += (uint64_t)n;
		} else if (n == 0) {
			p->eof = true;
			rc = 0;
		} else if (errno != EINTR) {
			rc = errno == EAGAIN ? 0 : -errno;
		}
	}
	count_waiting(p);
	return rc;
}

/* ---- writing ---- */

/* The text of `out` into the file, and then `after` holds. Nothing is written by halves:
 * what a full disk has taken of it is cut off again. */
static int
write_out(struct log_pump *p, uint64_t size, const struct nv_buf *out,
	const struct log_progress *after)
{
	struct log_file *f = p->file;
	struct log_progress now = *log_slot_get(p->slot);

	now.writing = 1;
	now.done_after = after->done;
	now.noted_after = after->noted;
	now.dev = f->dev;
	now.ino = f->ino;
	now.size_before = size;
	now.bytes = out->bytes;
	log_slot_commit(p->slot, &now);
	int rc = nv_write_full(f->fd, out->data, out->bytes);

	if (rc < 0) {
		/* Should even this fail, the file keeps a torn line; nothing is lost. */
		if (ftruncate(f->fd, (off_t)size) < 0)
			f->checked_ms = 0;
		now.writing = 0;
		log_slot_commit(p->slot, &now);
		return rc;
	}
	log_slot_commit(p->slot, after);
	return 0;
}

/* How a line of this stream begins now. */
static struct log_form
form_of(const struct log_pump *p, const struct log_now *now, char time[NV_RFC3339_BYTES])
{
	return (struct log_form){.time = p->file->policy.stamps == NV_LOG_STAMP_NONE
						 ? NULL
						 : nv_rfc3339(now->wall_ns, time),
		.instance = p->instance,
		.generation = p->generation};
}

static int
write_note(struct log_pump *p, const struct log_now *now)
{
	struct log_progress after = *log_slot_get(p->slot);
	char time[NV_RFC3339_BYTES];
	char from[NV_RFC3339_BYTES];
	char to[NV_RFC3339_BYTES];
	struct log_form form = form_of(p, now, time);
	struct nv_buf out;
	uint64_t size;
	int rc = log_file_ready(p->file, now, &size);

	if (rc < 0)
		return rc;
	nv_buf_init(&out, 1024);
	log_format_head(&out, &form);
	nv_buf_printf(&out,
		"nova-logger: %llu bytes were dropped here from %s to %s: %s\n",
		(unsigned long long)(after.dropped - after.noted),
		nv_rfc3339(after.drop_from_ns, from), nv_rfc3339(after.drop_to_ns, to),
		strerror((int)after.drop_error));
	after.noted = after.dropped;
	rc = out.error ? out.error : write_out(p, size, &out, &after);
	nv_buf_fini(&out);
	return rc;
}

/* Part of a chunk that was read from the memfd. */
struct chunk {
	const char *raw;
	size_t bytes;
	bool last;     /* all that will come */
	uint64_t size; /* of the file */
};

/* The next lines as one write. A kill in the middle of a write leaves its beginning in
 * the file, which is cut off again; whoever follows the file must not have seen a whole
 * line of it by then. The kernel stops only between pages: so either all lines of a write
 * lie in one page, or it is a single line. */
static size_t
next_write(const struct chunk *c, const struct log_form *form, uint64_t max,
	struct nv_buf *out, bool *ret_full)
{
	uint64_t room = max > c->size ? max - c->size : 0;
	uint64_t page = PAGE_BYTES - c->size % PAGE_BYTES;
	size_t took = log_format(out, form, c->raw, c->bytes, c->last,
		(size_t)NV_MIN(room, page), false, ret_full);

	if (took > 0 || !*ret_full)
		return took;
	took = log_format(out, form, c->raw, c->bytes, c->last, 0, true, ret_full);
	*ret_full = c->size > 0 && out->bytes > room;
	if (!*ret_full)
		return took;
	out->bytes = 0; /* the file has no room for it */
	return 0;
}

/* Write the chunk's lines: how many of its bytes that took, or -errno. */
static ssize_t
write_lines(struct log_pump *p, const struct log_now *now, struct chunk *c,
	struct nv_buf *out)
{
	uint64_t max = p->file->policy.file_bytes_max;
	char time[NV_RFC3339_BYTES];
	struct log_form form = form_of(p, now, time);
	ssize_t done = 0;

	for (;;) {
		bool full;

		nv_buf_clear(out);
		size_t took = next_write(c, &form, max, out, &full);

		if (took == 0 && full) {
			int rc = log_file_rotate(p->file, now);

			if (rc < 0 && p->file->fd < 0)
				return rc;
			if (rc < 0)
				max = UINT64_MAX; /* too large is better than none */
			else
				rc = log_file_ready(p->file, now, &c->size);
			if (rc < 0 && max != UINT64_MAX)
				return rc;
			continue;
		}
		if (took == 0 || out->error)
			return out->error ? out->error : done;
		struct log_progress after = *log_slot_get(p->slot);

		after.done += (uint64_t)took;
		int rc = write_out(p, c->size, out, &after);

		if (rc < 0)
			return rc;
		c->size += out->bytes;
		c->raw += took;
		c->bytes -= took;
		done += (ssize_t)took;
	}
}

/* 1: lines of a chunk are in the file; 0: there is no whole line; -errno. */
static int
write_chunk(struct log_pump *p, const struct log_now *now, bool at_end)
{
	static char raw[CHUNK_BYTES];
	uint64_t at = log_slot_get(p->slot)->done;
	struct chunk c = {.raw = raw};
	struct nv_buf out;
	int rc = log_file_ready(p->file, now, &c.size);

	if (rc < 0)
		return rc;
	ssize_t n = pread(p->mem_fd, raw,
		(size_t)NV_MIN((uint64_t)sizeof(raw), p->taken - at), (off_t)at);

	if (n < 0)
		return -errno;
	c.bytes = (size_t)n;
	c.last = at_end && at + (uint64_t)n == p->taken;
	nv_buf_init(
		&out, PAGE_BYTES + (size_t)2 * (LOG_LINE_BYTES_MAX + LOG_EXTRA_BYTES));
	ssize_t took = write_lines(p, now, &c, &out);

	nv_buf_fini(&out);
	return took > 0 ? 1 : (int)took;
}

/* ---- a file that cannot be written ---- */

/* The end of the line that the byte at `at` belongs to, or `at` itself when no newline is
 * near. */
static uint64_t
line_end(const struct log_pump *p, uint64_t at)
{
	char text[LOG_LINE_BYTES_MAX];
	ssize_t n = pread(p->mem_fd, text, sizeof(text), (off_t)at);
	const char *end = n > 0 ? memchr(text, '\n', (size_t)n) : NULL;

	return end ? at + (uint64_t)(end - text) + 1 : at;
}

void
log_pump_shed(struct log_pump *p, const struct log_now *now)
{
	struct log_progress after = *log_slot_get(p->slot);
	uint64_t max = *p->all_waiting > LOG_WAITING_ALL_MAX ? LOG_WAITING_BYTES_MIN
							     : LOG_WAITING_BYTES_MAX;

	if (p->file->policy.when_full != NV_LOG_FULL_DROP || p->taken - after.done <= max)
		return;
	/* Half of it at once, so that a flood is not looked at for each line. */
	uint64_t to = line_end(p, p->taken - max / 2);

	if (after.dropped == after.noted)
		after.drop_from_ns = now->wall_ns;
	after.drop_to_ns = now->wall_ns;
	after.drop_error = (uint32_t)-p->file->error;
	after.dropped += to - after.done;
	after.done = to;
	log_slot_commit(p->slot, &after);
	count_waiting(p);
}

void
log_pump_write(struct log_pump *p, const struct log_now *now, bool at_end)
{
	const struct log_progress *at = log_slot_get(p->slot);
	int rc = 0;

	if (at->noted < at->dropped)
		rc = write_note(p, now);
	while (rc >= 0 && log_slot_get(p->slot)->done < p->taken) {
		rc = write_chunk(p, now, at_end);
		if (rc == 0)
			break;
	}
	p->file->error = NV_MIN(rc, 0);
	if (rc < 0)
		log_pump_shed(p, now);
	if (log_slot_get(p->slot)->done - p->punched >= PUNCH_BYTES)
		log_pump_punch(p);
	count_waiting(p);
}

bool
log_pump_done(const struct log_pump *p)
{
	const struct log_progress *at = log_slot_get(p->slot);

	return p->eof && at->done == p->taken && at->noted == at->dropped;
}

uint64_t
log_pump_dropped(const struct log_pump *p)
{
	return log_slot_get(p->slot)->dropped;
}

void
log_pump_punch(struct log_pump *p)
{
	uint64_t done = log_slot_get(p->slot)->done;
	uint64_t from = p->punched / PAGE_BYTES * PAGE_BYTES;
	/* With nothing left in it, the page that is begun goes too. */
	uint64_t to = (done == p->taken ? done + PAGE_BYTES - 1 : done) / PAGE_BYTES *
		      PAGE_BYTES;

	/* A file system that cannot do it only costs memory. */
	if (to > from && fallocate(p->mem_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				 (off_t)from, (off_t)(to - from)) == 0)
		p->punched = done;
}
