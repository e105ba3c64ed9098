#include "intake.h"

#include "book.h"
#include "gate.h"
#include "journal.h"
#include "nv_clock.h"
#include "nv_fd.h"
#include "nv_log.h"
#include "ready.h"
#include "resource.h"
#include "scan.h"
#include "watchdog.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* So that one busy stream cannot fill every transaction. */
#define SHARE_BYTES (ENG_TXN_BYTES_MAX / 4)

static void commit_after(struct eng_intake *in, double seconds);
static void commit_soon(struct eng_intake *in);
static void commit_within(struct eng_intake *in, double seconds);

/* ---- streams ---- */

static void
enqueue(struct eng_intake *in, struct eng_stream *s)
{
	if (s->queued)
		return;
	s->queued = true;
	s->ready = NULL;
	if (in->ready_tail)
		in->ready_tail->ready = s;
	else
		in->ready_head = s;
	in->ready_tail = s;
}

static struct eng_stream *
dequeue(struct eng_intake *in)
{
	struct eng_stream *s = in->ready_head;

	in->ready_head = s->ready;
	if (!in->ready_head)
		in->ready_tail = NULL;
	s->queued = false;
	return s;
}

static uint64_t
room(const struct eng_intake *in, const struct eng_stream *s)
{
	uint64_t waiting = eng_stream_waiting(s);

	if (waiting >= ENG_STREAM_WINDOW_BYTES ||
		in->waiting_bytes >= ENG_WAITING_BYTES_MAX)
		return 0;
	return NV_MIN(ENG_STREAM_WINDOW_BYTES - waiting,
		ENG_WAITING_BYTES_MAX - in->waiting_bytes);
}

static void
stall(struct eng_intake *in, struct eng_stream *s)
{
	ev_io_stop(in->eng->loop, &s->io);
	if (!s->stalled) {
		s->stalled = true;
		in->n_stalled++;
	}
}

/* Take what the pipe has, within bounds; at a bound the writer waits. */
static void
fill(struct eng_intake *in, struct eng_stream *s)
{
	uint64_t max = room(in, s);

	if (max == 0) {
		stall(in, s);
		return;
	}
	int64_t n = eng_stream_fill(s, max);

	if (n < 0) {
		/* The kernel refuses: no memory for the memfd, most likely. The bytes are
		 * safe in the pipe. */
		nv_error("stream %llu: cannot take bytes: %s; the worker waits, trying "
			 "again in "
			 "%g s",
			(unsigned long long)s->rec.stream_id, strerror((int)-n),
			ENG_RETRY_S);
		stall(in, s);
		if (!ev_is_active(&in->commit))
			commit_after(in, ENG_RETRY_S);
		return;
	}
	in->waiting_bytes += (uint64_t)n;
	if (n > 0 || s->eof) {
		enqueue(in, s);
		/* Behind each line of the gateway or a platform a request waits. */
		if (s->worker && s->worker->system)
			commit_within(in, ENG_TXN_AWAITED_S);
		else
			commit_soon(in);
	}
	if (s->eof)
		ev_io_stop(in->eng->loop, &s->io);
}

static void
on_readable(struct ev_loop *loop, ev_io *w, int revents)
{
	struct eng_stream *s = w->data;

	(void)loop;
	(void)revents;
	fill(s->eng->intake, s);
}

struct eng_stream *
eng_intake_find(struct eng *eng, uint64_t stream_id)
{
	for (struct eng_stream *s = eng->intake->streams; s; s = s->next)
		if (s->rec.stream_id == stream_id)
			return s;
	return NULL;
}

static void
unlink_instance(struct eng_instance *inst)
{
	struct eng_instance **at = &inst->worker->instances;

	while (*at != inst)
		at = &(*at)->next;
	*at = inst->next;
}

static void
drop(struct eng_intake *in, struct eng_stream *s)
{
	struct eng_stream **at = &in->streams;

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	in->n_streams--;
	if (s->stalled)
		in->n_stalled--;
	ev_io_stop(in->eng->loop, &s->io);
	if (s->inst)
		unlink_instance(s->inst);
	eng_stream_free(s);
}

/* ---- one transaction ---- */

struct chunk {
	struct eng_intake *in;
	struct eng_txn *txn;
	struct eng_stream *s;
	const char *p;
	const char *end;
};

static void
take_line(struct chunk *c, const char *line_end, bool at_end)
{
	struct eng *eng = c->in->eng;
	struct eng_stream *s = c->s;
	size_t bytes = (size_t)(line_end - c->p);

	s->rec.lines++;
	c->in->lines++;
	if (bytes >= ENG_LINE_BYTES_MAX)
		eng_book_refuse(eng, c->txn, s, s->rec.offset, c->p, bytes,
			eng_reject_text(ENG_R_TOO_LONG));
	else if (!s->worker)
		eng_journal_line(eng, c->txn, s, s->rec.offset, c->p, bytes);
	else
		eng_book_line(eng, c->txn, s, s->rec.offset, c->p, bytes, at_end);
}

static void
advance(struct chunk *c, const char *to)
{
	c->s->rec.offset += (uint64_t)(to - c->p);
	c->p = to;
}

/* Whole lines of the chunk; what is left is the beginning of one. */
static void
take_lines(struct chunk *c)
{
	while (c->p < c->end) {
		const char *nl = memchr(c->p, '\n', (size_t)(c->end - c->p));

		if (c->s->skipping) {
			advance(c, nl ? nl + 1 : c->end);
			c->s->skipping = !nl;
		} else if (nl) {
			take_line(c, nl, false);
			advance(c, nl + 1);
		} else if (c->end - c->p >= ENG_LINE_BYTES_MAX) {
			take_line(c, c->end, false);
			advance(c, c->end);
			c->s->skipping = true;
		} else {
			return;
		}
	}
}

/* Every byte of an ended stream is accounted for. */
static void
finish(struct chunk *c)
{
	struct eng_stream *s = c->s;

	if (c->p < c->end) {
		take_line(c, c->end, true);
		advance(c, c->end);
	}
	NV_ASSERT(s->rec.offset == s->tail);
	if (s->worker)
		eng_gate_stream_over(c->in->eng, c->txn, s->worker, s->rec.stream_id);
	s->rec.state = LED_STREAM_CLOSED;
	s->rec.closed_ns = c->txn->now_ns;
	s->closed = true;
}

/* Consume up to max_bytes of one stream; returns how many it looked at. */
static uint64_t
take(struct eng_intake *in, struct eng_txn *txn, struct eng_stream *s, uint64_t max_bytes)
{
	uint64_t before = s->rec.offset;
	uint64_t n = NV_MIN(max_bytes, eng_stream_waiting(s));
	ssize_t got = n > 0 ? pread(s->mem_fd, in->buf, n, (off_t)before) : 0;

	if (got < 0 || (uint64_t)got != n) {
		/* Never seen on a memfd; not to be guessed about. */
		nv_error("stream %llu: cannot read back byte %llu: %s",
			(unsigned long long)s->rec.stream_id, (unsigned long long)before,
			got < 0 ? strerror(errno) : "short");
		_exit(NV_EXIT_FAILED);
	}
	struct chunk c = {in, txn, s, in->buf, in->buf + n};

	take_lines(&c);
	if (s->eof && before + n == s->tail)
		finish(&c);
	if (s->rec.offset != before || s->closed)
		s->touched = true;
	in->waiting_bytes -= s->rec.offset - before;
	in->bytes += s->rec.offset - before;
	if (before + n < s->tail)
		enqueue(in, s);
	return n;
}

static void
acknowledge(struct eng_intake *in, struct eng_stream *s)
{
	if (s->acks.bytes)
		in->control_dropped += eng_stream_control(s, s->acks.data, s->acks.bytes);
	nv_buf_clear(&s->acks);
}

static void
send_closed(struct eng *eng, const struct led_stream *rec)
{
	uint8_t body[16];
	struct nv_wr w;
	struct nv_sup_stream_closed m = {rec->stream_id, rec->offset};

	nv_wr_init(&w, body, sizeof(body));
	(void)nv_sup_stream_closed_encode(&w, &m);
	int rc = nv_chan_send_wr(&eng->sup, NV_MSG_SUP_STREAM_CLOSED, &w);

	/* A novasupd that reads nothing for megabytes: the next engine says it again.
	 * Without one there is nobody to tell. */
	if (rc == -ENOBUFS) {
		nv_error("novasupd does not read what it is told; ending");
		_exit(NV_EXIT_FAILED);
	}
}

/* What may be said and given back once the transaction is on disk. */
static void
after_commit(struct eng_intake *in, struct eng_stream *s)
{
	s->touched = false;
	acknowledge(in, s);
	if (s->said_ready)
		eng_ready_send(in->eng, s);
	if (s->closed) {
		NV_ASSERT(s != in->journal);
		send_closed(in->eng, &s->rec);
		if (s == in->earlier) {
			in->earlier = NULL;
			eng_stream_free(s);
		} else {
			drop(in, s);
		}
		return;
	}
	eng_stream_punch(s);
}

static void
resume_stalled(struct eng_intake *in)
{
	if (in->n_stalled == 0)
		return;
	for (struct eng_stream *s = in->streams; s; s = s->next) {
		if (s->stalled && !s->eof && room(in, s) >= ENG_STREAM_WINDOW_BYTES / 2) {
			s->stalled = false;
			in->n_stalled--;
			ev_io_start(in->eng->loop, &s->io);
		}
	}
}

static void
put_streams(struct eng_intake *in, struct eng_txn *txn)
{
	struct eng_stream *const journals[] = {in->journal, in->earlier};

	for (size_t i = 0; i < NV_LEN(journals); i++) {
		if (journals[i] && journals[i]->touched)
			eng_txn_stream(in->eng, txn, &journals[i]->rec);
	}
	for (struct eng_stream *s = in->streams; s; s = s->next) {
		if (!s->touched)
			continue;
		s->rec.worker = eng_txn_worker(in->eng, txn, s->worker);
		eng_txn_stream(in->eng, txn, &s->rec);
	}
}

static void
commit_once(struct eng_intake *in)
{
	struct eng_txn txn;
	uint64_t left = ENG_TXN_BYTES_MAX;
	struct eng_stream *next;

	ev_timer_stop(in->eng->loop, &in->commit);
	if (!in->ready_head) {
		resume_stalled(in);
		return;
	}
	in->committing = true;
	eng_txn_begin(in->eng, &txn);
	eng_gate_expire(in->eng, &txn);
	while (in->ready_head && left >= ENG_LINE_BYTES_MAX)
		left -= take(in, &txn, dequeue(in), NV_MIN(left, SHARE_BYTES));
	put_streams(in, &txn);
	eng_txn_commit(in->eng, &txn);
	if (in->journal && in->journal->touched)
		after_commit(in, in->journal);
	if (in->earlier && in->earlier->touched)
		after_commit(in, in->earlier);
	for (struct eng_stream *s = in->streams; s; s = next) {
		next = s->next;
		if (s->touched)
			after_commit(in, s);
	}
	resume_stalled(in);
	in->committing = false;
	if (in->ready_head)
		commit_soon(in);
}

/* Everything that has come; bounded, since nothing is read from the pipes meanwhile. */
int
eng_intake_flush(struct eng *eng)
{
	struct eng_intake *in = eng->intake;

	while (in && !in->committing && in->ready_head)
		commit_once(in);
	return 0;
}

static void
end_if_done(struct eng_intake *in)
{
	if ((in->stopping || in->orphaned) && eng_intake_done(in->eng))
		ev_break(in->eng->loop, EVBREAK_ALL);
}

static void
on_commit(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct eng_intake *in = w->data;

	(void)loop;
	(void)revents;
	commit_once(in);
	end_if_done(in);
}

static void
commit_after(struct eng_intake *in, double seconds)
{
	if (in->committing)
		return; /* it looks for itself what is left */
	ev_timer_stop(in->eng->loop, &in->commit);
	ev_timer_set(&in->commit, seconds, 0.);
	ev_timer_start(in->eng->loop, &in->commit);
}

static void
commit_within(struct eng_intake *in, double seconds)
{
	if (in->waiting_bytes >= ENG_TXN_BYTES_MAX)
		commit_after(in, 0.);
	else if (!ev_is_active(&in->commit) ||
		 ev_timer_remaining(in->eng->loop, &in->commit) > seconds)
		commit_after(in, seconds);
}

static void
commit_soon(struct eng_intake *in)
{
	commit_within(in, ENG_TXN_DELAY_S);
}

/* ---- streams come ---- */

/* What the ledger knows of a stream; a fresh record when it knows nothing. */
static int
known(struct eng *eng, uint64_t stream_id, struct led_stream *ret)
{
	struct led_view *view;
	struct nv_err err = {0};
	int rc = led_view_begin(eng->led, &view, &err);

	if (rc)
		eng_ledger_trouble(eng, err.text);
	rc = led_view_stream(view, stream_id, ret);
	led_view_end(view);
	if (rc == -ENOENT)
		*ret = (struct led_stream){.stream_id = stream_id,
			.state = LED_STREAM_OPEN,
			.opened_ns = nv_wall_ns()};
	else if (rc)
		eng_ledger_trouble(eng, "a stream's record cannot be read");
	return rc;
}

static struct eng_instance *
instance_new(struct eng_worker *worker, const struct nv_eng_stream *m,
	const struct led_stream *rec)
{
	struct eng_instance *inst = calloc(1, sizeof(*inst));

	if (!inst)
		return NULL;
	inst->worker = worker;
	inst->stream_id = m->stream_id;
	inst->instance = m->instance;
	inst->generation = m->generation;
	inst->pid = m->pid;
	(void)snprintf(inst->cgroup, sizeof(inst->cgroup), "%s", m->cgroup);
	inst->runner = m->runner;
	inst->seen_mono_ns = nv_mono_ns();
	inst->progress_mono_ns = inst->seen_mono_ns;
	inst->gone = m->pid == 0;
	inst->mem_kib_s = rec->mem_kib_s_booked;
	inst->booked_mono_ns = inst->seen_mono_ns;
	inst->next = worker->instances;
	worker->instances = inst;
	return inst;
}

int
eng_intake_stream(struct eng *eng, const struct nv_eng_stream *m, int pipe_fd, int mem_fd,
	int ctl_fd)
{
	struct eng_intake *in = eng->intake;
	struct led_stream rec;
	struct eng_stream *s;

	if (eng_intake_find(eng, m->stream_id) || !nv_name_valid(m->worker)) {
		nv_fd_close(&pipe_fd);
		nv_fd_close(&mem_fd);
		nv_fd_close(&ctl_fd);
		return -EINVAL;
	}
	(void)known(eng, m->stream_id, &rec);
	if (rec.state == LED_STREAM_CLOSED) {
		/* An earlier engine closed it and died before novasupd heard of it. */
		nv_fd_close(&pipe_fd);
		nv_fd_close(&mem_fd);
		nv_fd_close(&ctl_fd);
		send_closed(eng, &rec);
		return 0;
	}
	rec.instance = m->instance;
	rec.generation = m->generation;
	int rc = eng_stream_new(eng, &rec, pipe_fd, mem_fd, ctl_fd, &s);

	if (rc)
		return rc;
	s->worker = eng_worker_find(eng, m->worker);
	if (!s->worker)
		s->worker = eng_worker_add(eng, m->worker);
	(void)snprintf(s->variant, sizeof(s->variant), "%s", m->variant);
	s->inst = s->worker ? instance_new(s->worker, m, &rec) : NULL;
	if (!s->inst) {
		eng_stream_free(s);
		return -ENOMEM;
	}
	s->next = in->streams;
	in->streams = s;
	in->n_streams++;
	in->waiting_bytes += eng_stream_waiting(s);
	ev_io_init(&s->io, on_readable, s->pipe_fd, EV_READ);
	s->io.data = s;
	ev_io_start(eng->loop, &s->io);
	if (eng_stream_waiting(s) > 0) {
		enqueue(in, s);
		commit_soon(in);
	}
	eng_fleet_stream_opened(eng, s->worker);
	eng_gate_stream_opened(eng, s);
	eng_watchdog_kick(eng);
	eng_resource_wake(eng);
	return 0;
}

int
eng_intake_journal(struct eng *eng, uint64_t stream_id, int mem_fd)
{
	struct eng_intake *in = eng->intake;
	struct led_stream rec;

	if (in->journal) {
		nv_fd_close(&mem_fd);
		return -EINVAL;
	}
	(void)known(eng, stream_id, &rec);
	if (rec.state == LED_STREAM_CLOSED) {
		nv_fd_close(&mem_fd);
		return -EINVAL; /* of a life that was declared over */
	}
	int rc = eng_stream_new(eng, &rec, -1, mem_fd, -1, &in->journal);

	if (rc)
		return rc;
	in->waiting_bytes += eng_stream_waiting(in->journal);
	if (eng_stream_waiting(in->journal) > 0) {
		enqueue(in, in->journal);
		commit_soon(in);
	}
	return 0;
}

int
eng_intake_earlier(struct eng *eng, uint64_t stream_id, int mem_fd)
{
	struct eng_intake *in = eng->intake;
	struct led_stream rec;

	if (in->earlier && in->earlier->rec.stream_id == stream_id) {
		nv_fd_close(&mem_fd);
		return 0; /* said again by a novasupd that goes on */
	}
	if (in->earlier)
		(void)eng_intake_flush(eng);
	(void)known(eng, stream_id, &rec);
	if (rec.state == LED_STREAM_CLOSED || in->earlier) {
		nv_fd_close(&mem_fd);
		if (in->earlier)
			return -EINVAL;
		send_closed(eng, &rec);
		return 0;
	}
	int rc = eng_stream_new(eng, &rec, -1, mem_fd, -1, &in->earlier);

	if (rc)
		return rc;
	in->earlier->eof = true;
	in->waiting_bytes += eng_stream_waiting(in->earlier);
	enqueue(in, in->earlier);
	commit_soon(in);
	return 0;
}

int
eng_intake_journal_grew(struct eng *eng)
{
	struct eng_intake *in = eng->intake;

	if (!in->journal)
		return -EINVAL;
	uint64_t before = in->journal->tail;
	int rc = eng_stream_look(in->journal);

	if (rc)
		return rc;
	if (in->journal->tail > before) {
		in->waiting_bytes += in->journal->tail - before;
		enqueue(in, in->journal);
		commit_soon(in);
	}
	return 0;
}

/* ---- control lines, figures ---- */

void
eng_control_line(struct eng *eng, struct eng_worker *w, const char *json)
{
	char line[ENG_CONTROL_LINE_BYTES + 1];
	int n = snprintf(line, sizeof(line), "%s\n", json);

	NV_ASSERT(n > 0 && (size_t)n <= ENG_CONTROL_LINE_BYTES);
	for (struct eng_stream *s = eng->intake->streams; s; s = s->next)
		if (s->worker == w && !s->inst->gone)
			eng->intake->control_dropped +=
				eng_stream_control(s, line, (size_t)n);
}

void
eng_intake_figures(const struct eng *eng, struct eng_intake_figures *ret)
{
	const struct eng_intake *in = eng->intake;

	*ret = (struct eng_intake_figures){.streams = in->n_streams,
		.waiting_bytes = in->waiting_bytes,
		.stalled = in->n_stalled,
		.lines = in->lines,
		.bytes = in->bytes,
		.control_dropped = in->control_dropped};
}

/* ---- begin and end ---- */

static void
on_deadline(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct eng_intake *in = w->data;

	(void)revents;
	(void)eng_intake_flush(in->eng);
	if (!eng_intake_done(in->eng))
		nv_warn("%zu streams are still open at the end of the drain",
			in->n_streams);
	ev_break(loop, EVBREAK_ALL);
}

static void
drain(struct eng_intake *in, double seconds)
{
	ev_timer_stop(in->eng->loop, &in->deadline);
	ev_timer_set(&in->deadline, seconds, 0.);
	ev_timer_start(in->eng->loop, &in->deadline);
	if (in->journal)
		(void)eng_intake_journal_grew(in->eng);
	(void)eng_intake_flush(in->eng);
	end_if_done(in);
}

void
eng_intake_stop(struct eng *eng, uint32_t drain_ms)
{
	eng->intake->stopping = true;
	drain(eng->intake, drain_ms / 1000.0);
}

void
eng_intake_orphan(struct eng *eng)
{
	eng->intake->orphaned = true;
	drain(eng->intake, ENG_ORPHAN_DRAIN_S);
}

bool
eng_intake_done(const struct eng *eng)
{
	const struct eng_intake *in = eng->intake;

	return in->n_streams == 0 && !in->earlier &&
	       (!in->journal || eng_stream_waiting(in->journal) == 0);
}

int
eng_intake_open(struct eng *eng)
{
	struct eng_intake *in = calloc(1, sizeof(*in));

	if (!in)
		return -ENOMEM;
	in->eng = eng;
	in->buf = malloc(SHARE_BYTES);
	if (!in->buf) {
		free(in);
		return -ENOMEM;
	}
	ev_timer_init(&in->commit, on_commit, 0., 0.);
	in->commit.data = in;
	ev_timer_init(&in->deadline, on_deadline, 0., 0.);
	in->deadline.data = in;
	eng->intake = in;
	return 0;
}

void
eng_intake_close(struct eng *eng)
{
	struct eng_intake *in = eng->intake;

	if (!in)
		return;
	while (in->streams)
		drop(in, in->streams);
	eng_stream_free(in->journal);
	eng_stream_free(in->earlier);
	ev_timer_stop(eng->loop, &in->commit);
	ev_timer_stop(eng->loop, &in->deadline);
	free(in->buf);
	free(in);
	eng->intake = NULL;
}
