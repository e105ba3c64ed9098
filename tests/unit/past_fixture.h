/* A past written straight into a ledger, hour by hour, with the commit times of then:
 * what a fleet would have left behind after a month. Opened before an engine opens it. */
#ifndef PAST_FIXTURE_H
#define PAST_FIXTURE_H

#include "eng_fixture.h"

#include "nv_fd.h"

#include <sys/stat.h>

#define PAST_HOUR_NS (INT64_C(3600) * NV_NS_PER_SEC)

struct past_worker {
	const char *name;
	unsigned runs;     /* an hour */
	int64_t cost_nano; /* a run */
	unsigned every;    /* a sale every so many hours; 0 = none */
	int64_t sale_nano;
	int64_t delay_s;    /* of a sale after its run */
	unsigned fail_last; /* so many hours before now all runs fail */
};

struct past {
	struct led *led;
	struct led_batch *batch;
	uint32_t usd;
	int64_t now_ns;
};

static inline void
past_event(struct past *p, uint32_t worker, enum led_kind kind, enum led_code code,
	int64_t nano, int64_t caused_ns, bool ok)
{
	uint64_t seq = 0;
	struct led_event ev = {.kind = kind,
		.flags = ok ? LED_F_OK : 0,
		.worker = worker,
		.claimed_ns = p->now_ns,
		.received_ns = p->now_ns,
		.caused_ns = caused_ns,
		.duration_ms = kind == LED_RUN ? 10 : 0,
		.line = "{}",
		.line_bytes = 2};

	if (code)
		ck_assert_int_eq(
			led_batch_post(p->batch, &ev, code, NULL, 0, nano, p->usd), 0);
	ck_assert_int_eq(led_batch_event(p->batch, &ev, &seq), 0);
}

static inline void
past_hour(struct past *p, const struct past_worker *w, unsigned hour, unsigned left)
{
	uint32_t id = led_batch_worker_id(p->batch, w->name);
	bool ok = left > w->fail_last;

	for (unsigned i = 0; i < w->runs; i++) {
		past_event(p, id, LED_COST, LED_CODE_COST, w->cost_nano, 0, false);
		past_event(p, id, LED_RUN, 0, 0, 0, ok);
	}
	if (w->every && hour % w->every == w->every - 1 && ok)
		past_event(p, id, LED_REVENUE, LED_CODE_REVENUE, w->sale_nano,
			p->now_ns - w->delay_s * NV_NS_PER_SEC, false);
}

/* `hours` of it, the last of them ending at to_ns. */
static inline void
past_make(const char *dir, const struct past_worker *workers, size_t n, unsigned hours,
	int64_t to_ns)
{
	struct led_options opt = {.map_bytes = (uint64_t)64 << 20, .boot_id = 1};
	struct nv_err err = {0};
	struct past p = {0};
	char path[128];

	(void)snprintf(path, sizeof path, "%s/ledger", dir);
	ck_assert_msg(led_open(path, &opt, &p.led, &err) == 0, "%s", err.text);
	for (unsigned h = 0; h < hours; h++) {
		p.now_ns = to_ns - (int64_t)(hours - h) * PAST_HOUR_NS;
		ck_assert_msg(led_batch_begin(p.led, p.now_ns, &p.batch, &err) == 0, "%s",
			err.text);
		p.usd = led_batch_currency_id(p.batch, "USD");
		for (size_t i = 0; i < n; i++)
			past_hour(&p, &workers[i], h, hours - h);
		ck_assert_msg(led_batch_commit(p.batch, &err) == 0, "%s", err.text);
	}
	led_close(p.led);
}

/* The files of a ledger that nobody has open. */
static inline void
past_copy(const char *from, const char *to)
{
	DIR *d = opendir(from);
	const struct dirent *entry;

	ck_assert_ptr_nonnull(d);
	ck_assert_int_eq(mkdir(to, 0700), 0);
	while ((entry = readdir(d))) {
		char path[512];
		char *data = NULL;
		size_t bytes = 0;

		if (entry->d_name[0] == '.')
			continue;
		ck_assert_int_eq(nv_read_file_at(dirfd(d), entry->d_name, (size_t)1 << 30,
					 &data, &bytes),
			0);
		(void)snprintf(path, sizeof path, "%s/%s", to, entry->d_name);
		ck_assert_int_eq(nv_write_file_atomic(path, data, bytes, 0600), 0);
		free(data);
	}
	(void)closedir(d);
}

#endif
