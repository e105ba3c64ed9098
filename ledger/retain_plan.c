/* Which events go into which segment: see retain.h. */
#include "chain.h"
#include "retain.h"
#include "view.h"

#include <errno.h>
#include <string.h>
#include <time.h>

static int
get_audit(struct led_view *v, uint64_t batch, struct led_audit *ret)
{
	uint8_t bytes[8];
	MDB_val value;
	int rc = led_view_get(v, LED_DB_AUDIT, bytes, led_key_u64(batch, bytes), &value);

	if (rc == 0)
		rc = led_audit_decode(batch, value.mv_data, value.mv_size, ret);
	return rc == -ENOENT ? -EBADMSG : rc;
}

/* The first nanosecond of the month (UTC) that a time is in, `months` later. */
static int64_t
month_of(int64_t ns, int months)
{
	time_t seconds = (time_t)(ns / 1000000000);
	struct tm tm;

	(void)gmtime_r(&seconds, &tm); /* of a year that has four digits */
	tm.tm_mday = 1;
	tm.tm_mon += months;
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	return (int64_t)timegm(&tm) * 1000000000;
}

/* The first batch from `low` on for which `test` holds, last + 1 when there is none; it
 * holds for every one after it. */
typedef bool batch_test_fn(const struct led_audit *a, uint64_t limit);

static bool
is_later(const struct led_audit *a, uint64_t limit)
{
	return a->time_ns >= (int64_t)limit;
}

static bool
ends_after(const struct led_audit *a, uint64_t limit)
{
	return a->first_seq + a->n_events > limit;
}

static int
first_batch(struct led_view *v, uint64_t low, uint64_t last, batch_test_fn *test,
	uint64_t limit, uint64_t *ret)
{
	uint64_t high = last + 1;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		struct led_audit a = {0};
		int rc = get_audit(v, middle, &a);

		if (rc < 0)
			return rc;
		if (test(&a, limit))
			high = middle;
		else
			low = middle + 1;
	}
	*ret = low;
	return 0;
}

/* From the first event that is in no segment to the end of its month, or as many as fit.
 */
static int
plan_from(struct led_view *v, const struct led_audit *newest, int64_t before_ns,
	uint64_t last, struct led_segment *ret)
{
	struct led_segment s = {.first = last + 1};
	struct led_audit a = {0};
	uint64_t end = 0;
	uint64_t full = 0;
	int rc = first_batch(v, 1, newest->batch, ends_after, s.first, &s.first_batch);

	if (rc == 0 && s.first_batch > newest->batch)
		return -ENOENT;
	if (rc == 0)
		rc = get_audit(v, s.first_batch, &a);
	if (rc < 0)
		return rc;
	int64_t month_end = month_of(a.time_ns, 1);

	if (month_end > before_ns || month_end > month_of(newest->time_ns, 0))
		return -ENOENT;
	rc = first_batch(
		v, s.first_batch, newest->batch, is_later, (uint64_t)month_end, &end);
	if (rc == 0)
		rc = first_batch(v, s.first_batch + 1, newest->batch, ends_after,
			s.first + LED_SEGMENT_EVENTS_MAX, &full);
	if (rc == 0) {
		s.last_batch = NV_MIN(end, full) - 1;
		rc = get_audit(v, s.last_batch, &a);
	}
	if (rc < 0)
		return rc;
	s.last = a.first_seq + a.n_events - 1;
	/* A batch has its events whole in one segment. */
	NV_ASSERT(s.last >= s.first);
	*ret = s;
	return 0;
}

static int
newest_audit(struct led_view *v, struct led_audit *ret)
{
	uint64_t batch = 0;
	int rc = led_last_u64(v->txn, v->led->dbi[LED_DB_AUDIT], &batch);

	if (rc == 0 && batch == 0)
		return -ENOENT;
	return rc < 0 ? rc : get_audit(v, batch, ret);
}

int
led_retain_plan_after(
	struct led_view *v, int64_t before_ns, uint64_t last, struct led_segment *ret)
{
	struct led_audit newest = {0};
	int rc = newest_audit(v, &newest);

	return rc < 0 ? rc : plan_from(v, &newest, before_ns, last, ret);
}

static int
note_last(void *arg, const struct led_segment *s)
{
	*(uint64_t *)arg = s->last;
	return 0;
}

int
led_retain_plan(struct led_view *v, int64_t before_ns, struct led_segment *ret)
{
	uint64_t last = 0;
	int rc = led_view_segments(v, note_last, &last);

	return rc < 0 ? rc : led_retain_plan_after(v, before_ns, last, ret);
}

struct segment_walk {
	led_segment_fn *fn;
	void *arg;
};

static int
one_segment(void *arg, const char *key, const void *value, size_t bytes)
{
	struct segment_walk *w = arg;
	struct led_segment s;

	(void)key;
	if (led_segment_parse(value, bytes, &s) < 0)
		return -EBADMSG;
	return w->fn(w->arg, &s);
}

int
led_view_segments(struct led_view *v, led_segment_fn *fn, void *arg)
{
	struct segment_walk w = {fn, arg};

	return led_view_states(v, "segment/", one_segment, &w);
}
