#include "seen.h"

#include "supd.h"
#include "tap.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void
ledger_dir(const char *state_dir, char *buf, size_t buf_bytes)
{
	(void)snprintf(buf, buf_bytes, "%s/ledger", state_dir);
}

void
seen_view(const char *state_dir, seen_fn *fn, void *arg)
{
	struct led_options opt = {.read_only = true};
	struct led *led;
	struct led_view *view;
	struct nv_err err = {0};
	char dir[512];

	ledger_dir(state_dir, dir, sizeof(dir));
	if (led_open(dir, &opt, &led, &err) != 0)
		die("the ledger does not open: %s", err.text);
	if (led_view_begin(led, &view, &err) != 0)
		die("no view of the ledger: %s", err.text);
	fn(arg, view);
	led_view_end(view);
	led_close(led);
}

struct worker_query {
	const char *name;
	struct seen_worker *ret;
};

static void
read_worker(void *arg, struct led_view *view)
{
	struct worker_query *q = arg;
	uint32_t id = led_view_worker_id(view, q->name);

	if (id)
		(void)led_view_window(view, id, led_view_currency_id(view, "USD"), 0,
			INT64_MAX, &q->ret->totals);
}

void
seen_worker(const char *state_dir, const char *worker, struct seen_worker *ret)
{
	struct worker_query q = {worker, ret};

	*ret = (struct seen_worker){0};
	seen_view(state_dir, read_worker, &q);
}

struct event_query {
	enum led_kind kind;
	const char *worker;
	const char *text;
	uint32_t worker_id;
	uint64_t n;
};

static int
count_event(void *arg, const struct led_event *ev)
{
	struct event_query *q = arg;

	if ((q->kind == 0 || ev->kind == q->kind) &&
		(!q->worker || ev->worker == q->worker_id) &&
		(!q->text || memmem(ev->line, ev->line_bytes, q->text, strlen(q->text))))
		q->n++;
	return 0;
}

static void
count_events(void *arg, struct led_view *view)
{
	struct event_query *q = arg;

	if (q->worker)
		q->worker_id = led_view_worker_id(view, q->worker);
	if (led_view_events(view, 1, false, count_event, q) != 0)
		die("the events cannot be read");
}

uint64_t
seen_events(
	const char *state_dir, enum led_kind kind, const char *worker, const char *text)
{
	struct event_query q = {.kind = kind, .worker = worker, .text = text};

	seen_view(state_dir, count_events, &q);
	return q.n;
}

struct bad_query {
	const char *reason;
	uint64_t n;
};

static int
count_bad(void *arg, const struct led_bad *bad)
{
	struct bad_query *q = arg;

	q->n += strstr(bad->reason, q->reason) != NULL;
	return 0;
}

static void
count_bads(void *arg, struct led_view *view)
{
	if (led_view_quarantine(view, 1, false, count_bad, arg) != 0)
		die("the quarantine cannot be read");
}

uint64_t
seen_rejected(const char *state_dir, const char *reason)
{
	struct bad_query q = {reason, 0};

	seen_view(state_dir, count_bads, &q);
	return q.n;
}

static void
print_problem(void *arg, const char *problem)
{
	(void)arg;
	tap_note("%s", problem);
}

bool
seen_sound(const char *state_dir)
{
	char dir[512];
	uint64_t checked = 0;

	ledger_dir(state_dir, dir, sizeof(dir));
	int rc = led_verify_contained(dir, print_problem, NULL, &checked);

	tap_note("verify: %d, %" PRIu64 " events checked", rc, checked);
	return rc == 0;
}
