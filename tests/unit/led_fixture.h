/* What the tests of the ledger share: a directory of their own, short ways to add
 * events, and verify that must find nothing. */
#ifndef LED_FIXTURE_H
#define LED_FIXTURE_H

#include "led.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SEC  INT64_C(1000000000)
#define MIN  (60 * SEC)
#define HOUR (60 * MIN)
#define DAY  (24 * HOUR)
#define T0   (INT64_C(1763769600) * SEC) /* 2025-11-22T00:00:00Z */

static char test_dir[] = "/tmp/nova-led.XXXXXX";

static inline void
remove_file(const char *name)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", test_dir, name);
	(void)unlink(path);
}

static inline void
make_dir(void)
{
	memcpy(test_dir + sizeof(test_dir) - 7, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(test_dir));
}

static inline void
remove_dir(void)
{
	static const char *const names[] = {"ledger.mdb", "ledger.mdb-lock",
		"writer.lock", "new.mdb", "new.mdb-lock", "copy", "export"};

	for (size_t i = 0; i < NV_LEN(names); i++)
		remove_file(names[i]);
	(void)rmdir(test_dir);
}

static inline const char *
file_in(const char *name)
{
	static char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", test_dir, name);
	return path;
}

static inline struct led *
open_with(uint64_t map_bytes)
{
	struct led_options opt = {.map_bytes = map_bytes, .boot_id = 7};
	struct led *led = NULL;
	struct nv_err err = {0};
	int rc = led_open(test_dir, &opt, &led, &err);

	ck_assert_msg(rc == 0, "open: %d %s", rc, err.text);
	return led;
}

static inline struct led *
open_reader(void)
{
	struct led_options opt = {.read_only = true};
	struct led *led = NULL;
	struct nv_err err = {0};
	int rc = led_open(test_dir, &opt, &led, &err);

	ck_assert_msg(rc == 0, "open: %d %s", rc, err.text);
	return led;
}

static inline struct led_batch *
begin(struct led *led, int64_t now)
{
	struct led_batch *b = NULL;
	struct nv_err err = {0};
	int rc = led_batch_begin(led, now, &b, &err);

	ck_assert_msg(rc == 0, "begin: %d %s", rc, err.text);
	return b;
}

static inline void
commit(struct led_batch *b)
{
	struct nv_err err = {0};
	int rc = led_batch_commit(b, &err);

	ck_assert_msg(rc == 0, "commit: %d %s", rc, err.text);
}

static inline struct led_view *
view(struct led *led)
{
	struct led_view *v = NULL;
	struct nv_err err = {0};
	int rc = led_view_begin(led, &v, &err);

	ck_assert_msg(rc == 0, "view: %d %s", rc, err.text);
	return v;
}

/* An event that came from no stream. */
static inline struct led_event
plain_event(enum led_kind kind, uint32_t worker, const char *line)
{
	return (struct led_event){
		.kind = kind,
		.worker = worker,
		.claimed_ns = T0,
		.received_ns = T0,
		.line = line,
		.line_bytes = strlen(line),
	};
}

static inline void
set_id(struct led_event *ev, const char *id)
{
	ev->id = id;
	ev->id_bytes = strlen(id);
}

static inline void
set_category(struct led_event *ev, const char *category)
{
	ev->category = category;
	ev->category_bytes = strlen(category);
}

static inline uint64_t
add(struct led_batch *b, const struct led_event *ev)
{
	uint64_t seq = 0;

	ck_assert_int_eq(led_batch_event(b, ev, &seq), 0);
	return seq;
}

/* One cost, in a batch of its own when `now` is given. */
static inline uint64_t
add_cost(struct led_batch *b, const char *worker, int64_t nano, const char *id)
{
	struct led_event ev = plain_event(LED_COST, led_batch_worker_id(b, worker), "{}");

	if (id)
		set_id(&ev, id);
	ck_assert_int_eq(led_batch_post(b, &ev, LED_CODE_COST, "openai", 6, nano,
				 led_batch_currency_id(b, "USD")),
		0);
	return add(b, &ev);
}

static inline struct led_totals
window(struct led *led, const char *worker, int64_t from, int64_t to)
{
	struct led_view *v = view(led);
	struct led_totals totals;
	int rc = led_view_window(v, worker ? led_view_worker_id(v, worker) : 0,
		led_view_currency_id(v, "USD"), from, to, &totals);

	ck_assert(rc == 0 || rc == -ENOENT);
	led_view_end(v);
	return totals;
}

static inline struct led_stats
stats(struct led *led)
{
	struct led_view *v = view(led);
	struct led_stats s;

	ck_assert_int_eq(led_view_stats(v, &s), 0);
	led_view_end(v);
	return s;
}

static inline void
tell_problem(void *arg, const char *problem)
{
	(void)arg;
	(void)fprintf(stderr, "verify: %s\n", problem);
}

/* In a child, since some tests have the ledger open. */
static inline uint64_t
verify_clean(void)
{
	uint64_t checked = 0;
	int rc = led_verify_contained(test_dir, tell_problem, NULL, &checked);

	ck_assert_int_eq(rc, 0);
	return checked;
}

#define ck_assert_money_eq(a, b) \
	do { \
		char a_text_[NV_MONEY_BYTES], b_text_[NV_MONEY_BYTES]; \
		ck_assert_str_eq( \
			nv_money_text((a), a_text_), nv_money_text((b), b_text_)); \
	} while (0)

#endif
