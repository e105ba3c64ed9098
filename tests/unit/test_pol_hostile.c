/* Facts nobody would send, all orders of them, and what is saved and read back. */
#include "pol_fixture.h"
#include "run_suite.h"

#include <errno.h>
#include <stdlib.h>

static struct notes notes;
static struct notes other;

static uint64_t
draw(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static const int64_t amounts[] = {
	0, 1, 1000, NV_MONEY_SCALE, 50 * NV_MONEY_SCALE, NV_MONEY_MAX / 2, NV_MONEY_MAX};
static const int64_t times[] = {0, 1, T0 - 400 * DAY, T0 - DAY, T0, T0 + DAY,
	T0 + 30 * DAY, T0 + 4000 * DAY, POL_TS_MAX};

/* Whatever comes, each number that goes out is finite (note() asserts it). */
START_TEST(extreme_facts)
{
	for (uint64_t seed = 1; seed <= 60; seed++) {
		struct pol *p = fleet_new(seed % 2 ? POL_MARGINAL : POL_STRICT, 100);
		uint64_t s = seed * 7919;
		static const char *const names[] = {"a", "b", "c"};
		struct pol_judgement j;
		int64_t now = T0;

		notes.n = 0;
		notes.obey = true;
		notes.pol = p;
		for (unsigned i = 0; i < 3; i++)
			fleet_add(p, names[i], i == 2);
		for (unsigned i = 0; i < 400; i++) {
			struct pol_fact f = {
				.kind = (enum pol_fact_kind)(draw(&s) % POL_FACT_COUNT),
				.worker = names[draw(&s) % 3],
				.ts = times[draw(&s) % NV_LEN(times)],
				.booked = draw(&s) % 2 ? now : 0,
				.nano = amounts[draw(&s) % NV_LEN(amounts)],
				.ok = draw(&s) % 2,
				.caused_ts = draw(&s) % 2
						     ? times[draw(&s) % NV_LEN(times)]
						     : 0,
				.sale_ts = draw(&s) % 2 ? times[draw(&s) % NV_LEN(times)]
							: 0,
				.sale_nano = amounts[draw(&s) % NV_LEN(amounts)]};

			ck_assert_int_eq(pol_fact(p, &f), 0);
			if (i % 10 == 0) {
				now += (int64_t)(draw(&s) % 3) * DAY + HOUR;
				notes.now = now;
				ck_assert_int_eq(pol_evaluate(p, now, note, &notes), 0);
			}
		}
		for (unsigned i = 0; i < 3; i++) {
			struct pol_decision d = {.finding = "", .why.rule = ""};

			ck_assert_int_eq(pol_judge(p, names[i], now, &j), 0);
			d.why = j.why;
			ck_assert_ptr_null(not_finite(&d));
			ck_assert(j.p_below_kill >= 0 && j.p_below_kill <= 1);
			ck_assert(j.p_above_scale >= 0 && j.p_above_scale <= 1);
		}
		pol_free(p);
	}
}
END_TEST

START_TEST(refused_facts)
{
	struct pol *p = fleet_new(POL_MARGINAL, 100);
	const struct pol_fact good = {
		.kind = POL_COST, .worker = "a", .ts = T0, .nano = 1};
	struct pol_fact f = good;

	fleet_add(p, "a", false);
	ck_assert_int_eq(pol_fact(p, &f), 0);
	f.worker = "nobody";
	ck_assert_int_eq(pol_fact(p, &f), -ENOENT);
	f = good;
	f.ts = -1;
	ck_assert_int_eq(pol_fact(p, &f), -EINVAL);
	f = good;
	f.ts = POL_TS_MAX + 1;
	ck_assert_int_eq(pol_fact(p, &f), -EINVAL);
	f = good;
	f.nano = -1; /* a correction */
	ck_assert_int_eq(pol_fact(p, &f), 0);
	f.kind = POL_REVENUE;
	ck_assert_int_eq(pol_fact(p, &f), -EINVAL);
	f.kind = POL_DISPUTE; /* one that was won */
	ck_assert_int_eq(pol_fact(p, &f), 0);
	f = good;
	f.nano = NV_MONEY_MAX + 1;
	ck_assert_int_eq(pol_fact(p, &f), -EINVAL);
	f = good;
	f.kind = POL_FACT_COUNT;
	ck_assert_int_eq(pol_fact(p, &f), -EINVAL);
	pol_free(p);
}
END_TEST

struct told {
	struct pol_fact f;
	uint64_t key;
};

static int
by_key(const void *a, const void *b)
{
	const struct told *x = a;
	const struct told *y = b;

	return (x->key > y->key) - (x->key < y->key);
}

/* The facts of each day in two orders: the same decisions, number for number. */
START_TEST(order_within_a_tick)
{
	static struct told day[300];
	struct pol *p = fleet_new(POL_MARGINAL, 100);
	struct pol *q = fleet_new(POL_MARGINAL, 100);
	uint64_t s = 4711;

	notes = (struct notes){.obey = true, .pol = p};
	other = (struct notes){.obey = true, .pol = q};
	for (unsigned i = 0; i < 4; i++) {
		char name[2] = {(char)('a' + i), 0};

		fleet_add(p, name, false);
		fleet_add(q, name, false);
	}
	for (int64_t d = 0; d < 40; d++) {
		static const char *const names[] = {"a", "b", "c", "d"};

		for (unsigned i = 0; i < NV_LEN(day); i++) {
			struct told *t = &day[i];
			unsigned w = (unsigned)(draw(&s) % 4);

			t->key = draw(&s);
			t->f = (struct pol_fact){.kind = draw(&s) % 20 < 9    ? POL_RUN
							 : draw(&s) % 20 < 16 ? POL_COST
							 : draw(&s) % 20 < 15
								 ? POL_REVENUE
								 : POL_REFUND,
				.worker = names[w],
				.ts = T0 + d * DAY + (int64_t)(draw(&s) % DAY),
				.booked = T0 + (d + 1) * DAY,
				.nano = (int64_t)(draw(&s) % (NV_MONEY_SCALE * (w + 1))),
				.ok = draw(&s) % 10 > 1};
			if (draw(&s) % 2 && t->f.ts > DAY)
				t->f.caused_ts = t->f.ts - (int64_t)(draw(&s) % DAY);
			if (draw(&s) % 4 == 0) /* late */
				t->f.ts -= (int64_t)(draw(&s) % 5) * DAY;
			ck_assert_int_eq(pol_fact(p, &t->f), 0);
		}
		qsort(day, NV_LEN(day), sizeof *day, by_key);
		for (unsigned i = 0; i < NV_LEN(day); i++)
			ck_assert_int_eq(pol_fact(q, &day[i].f), 0);
		notes.now = other.now = T0 + (d + 1) * DAY;
		ck_assert_int_eq(pol_evaluate(p, notes.now, note, &notes), 0);
		ck_assert_int_eq(pol_evaluate(q, other.now, note, &other), 0);
	}
	ck_assert_uint_gt(notes.n, 3);
	ck_assert_uint_eq(notes.n, other.n);
	for (size_t i = 0; i < notes.n; i++) {
		ck_assert_int_eq(notes.d[i].action, other.d[i].action);
		ck_assert_str_eq(notes.d[i].worker, other.d[i].worker);
		ck_assert(notes.d[i].why.p == other.d[i].why.p);
		ck_assert(notes.d[i].why.exposure == other.d[i].why.exposure);
	}
	pol_free(p);
	pol_free(q);
}
END_TEST

/* Saved and read back each day: decides as one that lived on. */
START_TEST(saved_and_read_back)
{
	struct pol *p = fleet_new(POL_MARGINAL, 100);
	struct pol *q = fleet_new(POL_MARGINAL, 100);
	struct life a[2] = {{.name = "a", .multiple = 6, .cost = 0.5, .good = 1},
		{.name = "b", .multiple = 0.4, .cost = 1, .good = 0.9}};
	struct life b[2] = {a[0], a[1]};

	notes = (struct notes){.obey = true};
	other = (struct notes){.obey = true};
	for (unsigned i = 0; i < 2; i++) {
		fleet_add(p, a[i].name, false);
		fleet_add(q, a[i].name, false);
	}
	for (int64_t d = 0; d < 50; d++) {
		struct nv_buf buf;
		struct pol *back;

		live(p, a, 2, T0 + d * DAY, 24, &notes);
		live(q, b, 2, T0 + d * DAY, 24, &other);
		nv_buf_init(&buf, 64 << 20);
		ck_assert_int_eq(pol_save(q, &buf), 0);
		ck_assert_int_eq(pol_load(buf.data, buf.bytes, &back), 0);
		pol_free(q);
		q = back;
		nv_buf_fini(&buf);
	}
	ck_assert_uint_gt(notes.n, 3);
	ck_assert_uint_eq(notes.n, other.n);
	for (size_t i = 0; i < notes.n; i++) {
		ck_assert_int_eq(notes.d[i].action, other.d[i].action);
		ck_assert(notes.d[i].why.p == other.d[i].why.p);
	}
	pol_free(p);
	pol_free(q);
}
END_TEST

START_TEST(damaged_cache)
{
	struct pol *p = fleet_new(POL_MARGINAL, 1000);
	struct pol *back = NULL;
	struct life l = {.name = "a", .multiple = 8, .cost = 3, .good = 1};
	struct nv_buf buf;

	notes = (struct notes){0}; /* nobody answers: a decision is open */
	fleet_add(p, "a", false);
	live(p, &l, 1, T0, 24 * 5, &notes);
	nv_buf_init(&buf, 64 << 20);
	ck_assert_int_eq(pol_save(p, &buf), 0);
	ck_assert_int_eq(pol_load(buf.data, buf.bytes, &back), 0);
	struct pol_decision d;
	int64_t ts;

	ck_assert_int_eq(pol_open_get(back, "a", &d, &ts), 0);
	ck_assert_str_eq(d.why.rule, "marginal");
	pol_free(back);
	for (size_t cut = 0; cut < buf.bytes; cut += 97)
		ck_assert_int_eq(pol_load(buf.data, cut, &back), -EBADMSG);
	for (size_t at = 0; at < buf.bytes; at += 61) {
		buf.data[at] ^= 0x10;
		ck_assert_int_eq(pol_load(buf.data, buf.bytes, &back), -EBADMSG);
		buf.data[at] ^= 0x10;
	}
	nv_buf_fini(&buf);
	pol_free(p);
}
END_TEST

/* What is not looked at again gives what looking again would give. */
START_TEST(quick_is_right)
{
	struct pol *p = fleet_new(POL_MARGINAL, 100);
	struct pol *q = fleet_new(POL_MARGINAL, 100);
	struct life a[2] = {{.name = "a", .multiple = 6, .cost = 0.5, .good = 1},
		{.name = "b", .multiple = 0.4, .cost = 1, .good = 1}};
	struct life b[2] = {a[0], a[1]};

	notes = (struct notes){.obey = true};
	other = (struct notes){.obey = true};
	for (unsigned i = 0; i < 2; i++) {
		fleet_add(p, a[i].name, false);
		fleet_add(q, a[i].name, false);
	}
	for (int64_t h = 0; h < 24 * 60; h++) {
		live(p, a, 2, T0 + h * HOUR, 1, &notes);
		for (uint32_t i = 0; i < q->n_workers; i++)
			q->workers[i]->dirty = true;
		live(q, b, 2, T0 + h * HOUR, 1, &other);
	}
	ck_assert_uint_eq(notes.n, other.n);
	for (size_t i = 0; i < notes.n; i++) {
		ck_assert_int_eq(notes.d[i].action, other.d[i].action);
		ck_assert(notes.d[i].why.p == other.d[i].why.p);
	}
	pol_free(p);
	pol_free(q);
}
END_TEST

START_TEST(as_many_as_there_may_be)
{
	struct pol *p = fleet_new(POL_MARGINAL, 100000);
	struct pol_worker_conf c;

	pol_worker_conf_init(&c);
	c.run_interval_s = HOUR;
	c.expected_cost_nano = NV_MONEY_SCALE / 10;
	c.expected_sale_nano = NV_MONEY_SCALE;
	for (unsigned i = 0; i < POL_WORKERS_MAX; i++) {
		/* The first in an order that is not that of the names. */
		(void)snprintf(
			c.name, sizeof c.name, "w%05u", i < 1000 ? i * 7919 % 1000 : i);
		ck_assert_int_eq(pol_worker_put(p, &c), 0);
	}
	(void)snprintf(c.name, sizeof c.name, "toomany");
	ck_assert_int_eq(pol_worker_put(p, &c), -ENOSPC);
	for (size_t i = 1; i < POL_WORKERS_MAX; i += 997)
		ck_assert_int_lt(
			strcmp(pol_worker_name(p, i - 1), pol_worker_name(p, i)), 0);
	ck_assert_int_eq(pol_worker_drop(p, "w00500"), 0);
	ck_assert_int_eq(pol_worker_drop(p, "w00500"), -ENOENT);
	ck_assert_ptr_nonnull(pol_find(p, "w19999"));
	ck_assert_ptr_null(pol_find(p, "w00500"));
	ck_assert_int_eq(pol_evaluate(p, T0, NULL, NULL), 0);
	pol_free(p);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("pol_hostile");
	TCase *tc = tcase_create("pol_hostile");

	tcase_add_test(tc, extreme_facts);
	tcase_add_test(tc, refused_facts);
	tcase_add_test(tc, order_within_a_tick);
	tcase_add_test(tc, saved_and_read_back);
	tcase_add_test(tc, damaged_cache);
	tcase_add_test(tc, quick_is_right);
	tcase_add_test(tc, as_many_as_there_may_be);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
