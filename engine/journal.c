#include "journal.h"

#include "book.h"
#include "incident.h"
#include "intake.h"
#include "nv_log.h"
#include "resource.h"
#include "watchdog.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/* One line, read. Strings are borrowed from the JSON object. */
struct entry {
	const char *event;
	const char *worker;
	const char *cause;
	const char *state;
	const char *reason;
	const char *detail; /* what led to its end: "no sign of life for 2m ..." */
	const char *stage;
	const char *err_name; /* "ENOENT" */
	uint64_t stream;
	uint64_t instance;
	uint64_t generation;
	uint64_t cpu_us;
	uint64_t uptime_ms;
	int64_t pid;
	int64_t status;
	int64_t at_ns;
	bool crash;
};

static const char *
text(const json_t *root, const char *key)
{
	const char *value = json_string_value(json_object_get(root, key));

	return value ? value : "";
}

static bool
number(const json_t *root, const char *key, int64_t min, int64_t max, int64_t *ret)
{
	const json_t *value = json_object_get(root, key);

	*ret = 0;
	if (!value)
		return true;
	if (!json_is_integer(value) || json_integer_value(value) < min ||
		json_integer_value(value) > max)
		return false;
	*ret = json_integer_value(value);
	return true;
}

static bool
count(const json_t *root, const char *key, int64_t max, uint64_t *ret)
{
	int64_t value;
	bool good = number(root, key, 0, max, &value);

	*ret = (uint64_t)value;
	return good;
}

static bool
stream_id(const char *digits, uint64_t *ret)
{
	char *end;

	*ret = 0;
	if (!*digits)
		return true;
	errno = 0;
	*ret = strtoull(digits, &end, 10);
	return errno == 0 && *end == '\0' && *digits >= '0' && *digits <= '9';
}

/* NULL, or what is wrong with it. */
static const char *
read_entry(const json_t *root, struct entry *ret)
{
	double at = json_number_value(json_object_get(root, "at"));

	*ret = (struct entry){.event = text(root, "event"),
		.worker = text(root, "worker"),
		.cause = text(root, "cause"),
		.detail = text(root, "detail"),
		.state = text(root, "state"),
		.reason = text(root, "reason"),
		.stage = text(root, "stage"),
		.err_name = text(root, "errno"),
		.crash = json_is_true(json_object_get(root, "crash"))};
	if (!nv_name_valid(ret->worker))
		return "worker is not a worker's name";
	if (!stream_id(text(root, "stream"), &ret->stream))
		return "stream is not a number in a string";
	if (!count(root, "instance", UINT32_MAX, &ret->instance) ||
		!count(root, "generation", UINT32_MAX, &ret->generation))
		return "instance or generation is not a small whole number";
	if (!count(root, "cpu_us", INT64_MAX, &ret->cpu_us) ||
		!count(root, "uptime_ms", INT64_MAX, &ret->uptime_ms))
		return "cpu_us or uptime_ms is not a whole number";
	if (!number(root, "pid", 0, INT32_MAX, &ret->pid) ||
		!number(root, "status", INT32_MIN, INT32_MAX, &ret->status))
		return "pid or status is not a whole number";
	if (!(at >= 0 && at < 9e9))
		return "at is not unix seconds";
	ret->at_ns = (int64_t)llround(at * 1e6) * 1000; /* a double knows microseconds */
	return NULL;
}

/* "exit 3", "signal 9 (KILL)", "could not start: exec: No such file or directory". */
static void
describe_exit(const struct entry *e, char *buf, size_t buf_bytes)
{
	int status = (int)e->status;
	char how[120];

	if (strcmp(e->cause, "exec") == 0)
		(void)snprintf(how, sizeof(how), "could not start: %s: %s", e->stage,
			e->err_name);
	else if (WIFSIGNALED(status))
		(void)snprintf(how, sizeof(how), "signal %d (%s)", WTERMSIG(status),
			sigabbrev_np(WTERMSIG(status)) ? sigabbrev_np(WTERMSIG(status))
						       : "?");
	else
		(void)snprintf(how, sizeof(how), "exit %d", WEXITSTATUS(status));
	bool plain = strcmp(e->cause, "crash") == 0 || strcmp(e->cause, "exec") == 0;

	(void)snprintf(buf, buf_bytes, "%s%s%s after %llu.%01llu s%s%s",
		plain ? "" : e->cause, plain ? "" : ": ", how,
		(unsigned long long)(e->uptime_ms / 1000),
		(unsigned long long)(e->uptime_ms % 1000 / 100), *e->detail ? ": " : "",
		e->detail);
}

/* The record of a stream that is not live any more, or not yet; false for a fresh one. */
static bool
stored_stream(struct eng *eng, const struct entry *e, struct led_stream *ret)
{
	struct led_view *view;
	struct nv_err err = {0};

	if (led_view_begin(eng->led, &view, &err) != 0)
		eng_ledger_trouble(eng, err.text);
	int rc = led_view_stream(view, e->stream, ret);

	led_view_end(view);
	if (rc == -ENOENT)
		*ret = (struct led_stream){.stream_id = e->stream,
			.instance = (uint32_t)e->instance,
			.generation = (uint32_t)e->generation,
			.state = LED_STREAM_OPEN,
			.opened_ns = e->at_ns};
	else if (rc)
		eng_ledger_trouble(eng, "a stream's record cannot be read");
	return rc == 0;
}

/* The last word about what an incarnation used. */
static void
book_rest(
	struct eng *eng, struct eng_txn *txn, struct eng_worker *w, const struct entry *e)
{
	struct eng_stream *s = eng_intake_find(eng, e->stream);
	struct led_stream stored;

	if (e->stream == 0)
		return;
	if (s) {
		eng_resource_book(eng, txn, w, &s->rec, e->cpu_us,
			eng_resource_mem_kib_s(s->inst, txn->mono_ns));
		s->inst->gone = true;
		s->touched = true;
		return;
	}
	bool known = stored_stream(eng, e, &stored);

	stored.worker = eng_txn_worker(eng, txn, w);
	eng_resource_book(eng, txn, w, &stored, e->cpu_us, stored.mem_kib_s_booked);
	/* A failed exec has used nothing: its stream leaves no trace before it has come.
	 */
	if (known || stored.cpu_us_booked > 0)
		eng_txn_stream(eng, txn, &stored);
}

static void
note_start(struct eng *eng, struct eng_worker *w, const struct entry *e)
{
	struct eng_stream *s = eng_intake_find(eng, e->stream);

	w->halted = false;
	if (s) {
		s->inst->pid = (int32_t)e->pid;
		s->inst->gone = false;
		eng_watchdog_kick(eng);
	}
}

static void
note_state(struct eng_worker *w, const struct entry *e)
{
	w->halted = strcmp(e->state, "halted") == 0;
	if (w->halted)
		(void)snprintf(
			w->last_error, sizeof(w->last_error), "halted: %s", e->reason);
}

static bool
kind_of(const struct entry *e, enum led_kind *ret)
{
	if (strcmp(e->event, "start") == 0)
		*ret = LED_START;
	else if (strcmp(e->event, "exit") == 0)
		*ret = LED_EXIT;
	else if (strcmp(e->event, "state") == 0)
		*ret = LED_STATE;
	else
		return false;
	return true;
}

static void
book_entry(struct eng *eng, struct eng_txn *txn, struct eng_stream *journal,
	uint64_t offset, const struct entry *e, enum led_kind kind, const char *line,
	size_t bytes)
{
	struct eng_worker *w = eng_worker_find(eng, e->worker);

	if (!w)
		w = eng_worker_add(eng, e->worker);
	if (!w)
		eng_ledger_trouble(eng, "no memory for a worker");
	struct led_event ev = {.kind = kind,
		.flags = kind == LED_EXIT && e->crash ? LED_F_CRASH : 0,
		.worker = eng_txn_worker(eng, txn, w),
		.stream = journal->rec.stream_id,
		.stream_offset = offset,
		.claimed_ns = e->at_ns,
		.received_ns = txn->now_ns,
		.instance = (uint32_t)e->instance,
		.generation = (uint32_t)e->generation,
		.line = line,
		.line_bytes = bytes};

	if (eng_txn_event(eng, txn, w, &ev, NULL) < 0)
		eng_ledger_trouble(eng, "the ledger does not take a lifecycle event");
	if (kind == LED_START)
		note_start(eng, w, e);
	else if (kind == LED_STATE)
		note_state(w, e);
	else
		book_rest(eng, txn, w, e);
	if (kind == LED_EXIT && (e->crash || strcmp(e->cause, "exec") == 0 ||
					strcmp(e->cause, "oom") == 0))
		describe_exit(e, w->last_error, sizeof(w->last_error));
}

void
eng_journal_line(struct eng *eng, struct eng_txn *txn, struct eng_stream *journal,
	uint64_t offset, const char *line, size_t bytes)
{
	json_error_t error;
	json_t *root = json_loadb(line, bytes, JSON_REJECT_DUPLICATES, &error);
	struct entry e;
	enum led_kind kind = 0;
	bool incident =
		json_is_object(root) && strcmp(text(root, "event"), "incident") == 0;
	const char *wrong = !json_is_object(root) ? "not a JSON object"
			    : incident
				    ? eng_incident_book(eng, txn, journal->rec.stream_id,
					      offset, root, line, bytes)
				    : read_entry(root, &e);

	if (!wrong && !incident && !kind_of(&e, &kind))
		wrong = "not a lifecycle event Nova knows";
	if (wrong) {
		/* Nova's own words: kept like any line, but never passed over in silence.
		 */
		nv_error("a line of novasupd's journal is refused: %s: %.*s", wrong,
			(int)bytes, line);
		eng_book_refuse(eng, txn, journal, offset, line, bytes, wrong);
	} else if (!incident) {
		book_entry(eng, txn, journal, offset, &e, kind, line, bytes);
	}
	json_decref(root);
}

/* ---- what an earlier engine knew ---- */

/* Newest first: the first word about a worker is the one that holds. */
#define RECALL_EVENTS 20000

struct recall {
	struct eng *eng;
	unsigned left;
};

static void
recall_entry(struct eng_worker *w, const struct led_event *ev)
{
	json_t *root = json_loadb(ev->line, ev->line_bytes, 0, NULL);
	struct entry e;

	if (json_is_object(root) && !read_entry(root, &e)) {
		if (!w->recalled && ev->kind != LED_EXIT) {
			w->recalled = true;
			w->halted =
				ev->kind == LED_STATE && strcmp(e.state, "halted") == 0;
		}
		if (!w->last_error[0] && w->halted && ev->kind == LED_STATE)
			note_state(w, &e);
		if (!w->last_error[0] && ev->kind == LED_EXIT && e.crash)
			describe_exit(&e, w->last_error, sizeof(w->last_error));
	}
	json_decref(root);
}

static int
recall_event(void *arg, const struct led_event *ev)
{
	struct recall *r = arg;

	if (ev->worker != 0 && ev->stream != 0 &&
		(ev->kind == LED_START || ev->kind == LED_STATE ||
			ev->kind == LED_EXIT)) {
		struct eng_worker *w = eng_worker_by_id(r->eng, ev->worker);

		if (w)
			recall_entry(w, ev);
	}
	return --r->left == 0;
}

void
eng_journal_recall(struct eng *eng)
{
	struct recall r = {eng, RECALL_EVENTS};
	struct led_view *view;
	struct nv_err err = {0};

	if (led_view_begin(eng->led, &view, &err) != 0)
		eng_ledger_trouble(eng, err.text);
	int rc = led_view_events(view, 0, true, recall_event, &r);

	led_view_end(view);
	if (rc < 0)
		eng_ledger_trouble(eng, "the newest events cannot be read");
}
