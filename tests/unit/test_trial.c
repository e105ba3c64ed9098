/* A/B tests inside the core: facts by day, whatever their order; decisions about shares
 * against simulated worlds with seasons, drift, delays and shares that change. */
#include "pol.h"
#include "run_suite.h"
#include "statsim.h"
#include "trial.h"

#include <stdio.h>
#include <string.h>

#define DAY   INT64_C(86400)
#define START (20000 * DAY)

static struct pol *
core(unsigned n_variants)
{
	struct pol_conf conf;
	struct pol_worker_conf wc;
	struct pol *p = NULL;

	pol_conf_init(&conf);
	ck_assert_int_eq(pol_new(&conf, &p), 0);
	pol_worker_conf_init(&wc);
	(void)snprintf(wc.name, sizeof(wc.name), "w");
	wc.run_interval_s = 3600;
	wc.instances_max = 1;
	wc.expected_sale_nano = 20 * NV_MONEY_SCALE;
	wc.n_variants = n_variants;
	for (unsigned i = 0; i < n_variants; i++)
		(void)snprintf(wc.variants[i], NV_NAME_MAX, "%c", 'a' + (char)i);
	ck_assert_int_eq(pol_worker_put(p, &wc), 0);
	return p;
}

static void
tell(struct pol *p, enum pol_fact_kind kind, int64_t ts, int64_t caused, unsigned v,
	double amount)
{
	const char name[2] = {(char)('a' + (char)v), 0};
	const struct pol_fact f = {.kind = kind,
		.worker = "w",
		.ts = ts,
		.caused_ts = kind == POL_REVENUE ? caused : 0,
		.sale_ts = kind == POL_REFUND ? caused : 0,
		.ok = true,
		.nano = (int64_t)(amount * 1e9),
		.variant = name};

	ck_assert_int_eq(pol_fact(p, &f), 0);
}

START_TEST(arms_by_hand)
{
	struct pol *p = core(2);
	struct pol_arm arms[POL_VARIANTS_MAX];
	double share[POL_VARIANTS_MAX];
	struct pol_pairs pairs;
	struct pol_pairs want = {0};
	const struct pol_worker *w = pol_find(p, "w");

	ck_assert(!pol_trial_arms(w, arms, share, &pairs));
	/* A day with 3:1 runs and one with 1:1; a sale counts for the day of its cause.
	 */
	for (unsigned i = 0; i < 3; i++)
		tell(p, POL_RUN, START + i, 0, 0, 0);
	tell(p, POL_RUN, START, 0, 1, 0);
	tell(p, POL_RUN, START + DAY, 0, 0, 0);
	tell(p, POL_RUN, START + DAY, 0, 1, 0);
	tell(p, POL_REVENUE, START + 5 * DAY, START, 0, 20);
	tell(p, POL_REVENUE, START + 2 * DAY, START + DAY, 1, 1000); /* cut at 240 */
	tell(p, POL_REVENUE, START + 2 * DAY, START, 1, 20);
	tell(p, POL_REFUND, START + 9 * DAY, START, 1, 20);
	tell(p, POL_REVENUE, START + 2 * DAY, START, 7, 20); /* no variant of its */
	ck_assert(pol_trial_arms(w, arms, share, &pairs));
	ck_assert_double_eq(share[0], 0.5);
	ck_assert_double_eq(arms[0].sales, 1);
	ck_assert_double_eq(arms[1].sales, 2);
	ck_assert_double_eq_tol(arms[0].net, 20, 1e-9);
	ck_assert_double_eq_tol(arms[1].net, 240 + 20 - 20, 1e-9);
	const double first[2] = {0.75, 0.25};
	const double second[2] = {0.5, 0.5};

	pol_pairs_sale(&want, 0, first, 2);
	pol_pairs_sale(&want, 1, first, 2);
	pol_pairs_sale(&want, 1, second, 2);
	ck_assert_double_eq_tol(
		pol_pairs_e(&pairs, 1, 0), pol_pairs_e(&want, 1, 0), 1e-12);
	/* Relative rates by maximum likelihood with five sales of prior each, iterated
	 * 200 times outside of this program: 1.37633. */
	double r = (5 + arms[1].sales) / (5 + arms[1].exposure) /
		   ((5 + arms[0].sales) / (5 + arms[0].exposure));

	ck_assert_double_eq_tol(r, 1.37633, 1e-4);
	pol_free(p);
}
END_TEST

/* The same facts in any order, saved and read back: the same bytes. */
START_TEST(order_and_save)
{
	struct sim sim = {9};
	struct nv_buf saved[2];
	struct pol *back = NULL;

	for (unsigned turn = 0; turn < 2; turn++) {
		struct pol *p = core(3);

		/* The priors are made at the first evaluation. */
		for (unsigned k = 0; k < 3000; k++) {
			unsigned i = turn ? 2999 - k : k;
			unsigned v = i % 3;
			int64_t ts = START + (int64_t)(i * 977 % 3000) * DAY / 50;

			tell(p, POL_RUN, ts, 0, v, 0);
			tell(p, POL_COST, ts, 0, v, 1 + v);
			if (i % 7 == 0)
				tell(p, POL_REVENUE, ts + 1000, ts, v, 30);
		}
		nv_buf_init(&saved[turn], 1 << 22);
		ck_assert_int_eq(pol_save(p, &saved[turn]), 0);
		pol_free(p);
	}
	ck_assert_uint_eq(saved[0].bytes, saved[1].bytes);
	ck_assert_int_eq(pol_load(saved[0].data, saved[0].bytes, &back), 0);
	struct pol_arm a[POL_VARIANTS_MAX];
	double share[POL_VARIANTS_MAX];
	struct pol_pairs pairs;
	struct pol *other = NULL;
	struct pol_arm b[POL_VARIANTS_MAX];

	ck_assert_int_eq(pol_load(saved[1].data, saved[1].bytes, &other), 0);
	ck_assert(pol_trial_arms(pol_find(back, "w"), a, share, &pairs));
	ck_assert(pol_trial_arms(pol_find(other, "w"), b, share, &pairs));
	ck_assert_mem_eq(a, b, 3 * sizeof(a[0]));
	for (size_t cut = 1; cut < saved[0].bytes; cut += 1 + sim_bits(&sim) % 4096) {
		struct pol *bad = NULL;

		ck_assert_int_lt(pol_load(saved[0].data, saved[0].bytes - cut, &bad), 0);
	}
	pol_free(back);
	pol_free(other);
	nv_buf_fini(&saved[0]);
	nv_buf_fini(&saved[1]);
}
END_TEST

/* ---- worlds ---- */

struct world {
	unsigned n;
	double rate[3]; /* sales per run */
	double season;  /* weekly wave */
	double drift;   /* the market grows or shrinks by this a day */
};

struct run {
	struct pol *p;
	int64_t now;
	unsigned moves;
	bool ended;
	double split[POL_VARIANTS_MAX];
};

static void
on_decision(const struct pol_decision *d, void *arg)
{
	struct run *r = arg;

	if (d->action != POL_OPTIMIZE_SPLIT)
		return;
	double sum = 0;

	for (unsigned v = 0; v < d->n_split; v++) {
		r->split[v] = d->split[v];
		sum += d->split[v];
		r->ended |= d->split[v] == 1;
	}
	ck_assert_double_eq_tol(sum, 1, 1e-9);
	ck_assert(d->why.p >= 0 && d->why.p <= 1 && d->text[0]);
	r->moves++;
}

/* 24 h of runs shared as told, sales up to three days later; the core is asked every 6 h
 * and gets what it asks for. Returns the share of the best at the end. */
static double
play(struct sim *sim, const struct world *w, unsigned days, bool *ret_ended,
	unsigned *ret_moves)
{
	struct run r = {.p = core(w->n)};

	for (unsigned v = 0; v < w->n; v++)
		r.split[v] = 1.0 / w->n;
	for (unsigned hour = 0; hour < days * 24; hour++) {
		double wave = (1 + w->season * sin(hour / 168.0 * 2 * M_PI)) *
			      exp(w->drift * hour / 24.0);

		r.now = START + (int64_t)hour * 3600;
		for (unsigned k = 0; k < 10; k++) {
			double u = sim_uniform(sim);
			unsigned v = 0;

			while (v + 1 < w->n && u > r.split[v])
				u -= r.split[v++];
			tell(r.p, POL_RUN, r.now, 0, v, 0);
			tell(r.p, POL_COST, r.now, 0, v, 0.1);
			if (sim_uniform(sim) < w->rate[v] * wave)
				tell(r.p, POL_REVENUE,
					r.now + (int64_t)(sim_uniform(sim) * 3 * DAY),
					r.now, v, 20 * sim_lognormal(sim, 0.3));
		}
		if (hour % 6 != 5)
			continue;
		unsigned moves = r.moves;

		ck_assert_int_eq(pol_evaluate(r.p, r.now, on_decision, &r), 0);
		struct pol_standing st = {
			.state = POL_ST_RUNNING, .instances = 1, .live = 1};

		if (r.moves != moves) {
			memcpy(st.split, r.split, sizeof st.split);
			ck_assert_int_eq(pol_standing_put(r.p, "w", r.now, &st), 0);
			ck_assert_int_eq(pol_answer(r.p, "w", POL_APPLIED, r.now), 0);
		} else {
			(void)pol_answer(r.p, "w", POL_REFUSED, r.now);
		}
	}
	unsigned best = 0;

	for (unsigned v = 1; v < w->n; v++)
		best = w->rate[v] > w->rate[best] ? v : best;
	*ret_ended = r.ended;
	*ret_moves = r.moves;
	pol_free(r.p);
	return r.split[best];
}

START_TEST(the_better_one_gets_the_runs)
{
	static const struct world worlds[] = {
		{2, {0.02, 0.04, 0}, 0, 0}, {3, {0.02, 0.02, 0.04}, 0.8, 0},
		{2, {0.05, 0.025, 0}, 0.5, -0.02}, /* a shrinking market */
	};

	for (size_t i = 0; i < NV_LEN(worlds); i++) {
		struct sim sim = {50 + i};
		unsigned most = 0;

		for (unsigned k = 0; k < 10; k++) {
			bool ended;
			unsigned moves;

			most += play(&sim, &worlds[i], 60, &ended, &moves) >= 0.8;
			ck_assert_uint_le(moves, 20); /* no fidgeting */
		}
		ck_assert_msg(most >= 9, "world %zu: %u of 10", i, most);
	}
}
END_TEST

/* Alike, in a market that swings and shrinks: it may end, since nothing is lost, but an
 * inferior one is hardly ever chosen. */
START_TEST(seasons_prove_nothing)
{
	static const struct world slightly = {2, {0.03, 0.039, 0}, 0.9, -0.02};
	struct sim sim = {70};
	unsigned wrong = 0;

	for (unsigned k = 0; k < 30; k++) {
		bool ended;
		unsigned moves;
		double share = play(&sim, &slightly, 50, &ended, &moves);

		wrong += ended && share == 0;
	}
	ck_assert_uint_le(wrong, 5);
}
END_TEST

/* Money of the days when half of the runs were of the worse one says less of today. */
START_TEST(old_money_of_a_worse_mix)
{
	struct pol *p = core(2);
	struct pol_standing st = {
		.state = POL_ST_RUNNING, .instances = 1, .live = 1, .split = {0, 1}};
	struct pol_mix mix;

	for (unsigned i = 0; i < 400; i++) {
		tell(p, POL_RUN, START + i, 0, i % 2, 0);
		if (i % 8 == 1 || i % 16 == 0) /* b sells twice as much as a */
			tell(p, POL_REVENUE, START + i, START + i, i % 2, 20);
	}
	const struct pol_worker *w = pol_find(p, "w");

	pol_mix_make(w, &mix);
	ck_assert_double_eq_tol(pol_mix_of(w, &mix, (int32_t)(START / DAY)), 1, 1e-9);
	ck_assert_int_eq(pol_standing_put(p, "w", START + DAY, &st), 0);
	pol_mix_make(w, &mix);
	/* (1 + r) / 2r */
	double r = mix.rate[1] / mix.rate[0];

	ck_assert_double_eq_tol(r, 1.8, 0.1);
	ck_assert_double_eq_tol(
		pol_mix_of(w, &mix, (int32_t)(START / DAY)), (1 + r) / (2 * r), 1e-9);
	ck_assert_double_eq(pol_mix_of(w, &mix, (int32_t)(START / DAY) + 1), 1);
	pol_free(p);
}
END_TEST

START_TEST(other_variants_begin_anew)
{
	struct pol *p = core(2);
	struct pol_arm arms[POL_VARIANTS_MAX];
	double share[POL_VARIANTS_MAX];
	struct pol_pairs pairs;
	struct pol_worker_conf wc = pol_find(p, "w")->conf;

	tell(p, POL_RUN, START, 0, 0, 0);
	ck_assert(pol_trial_arms(pol_find(p, "w"), arms, share, &pairs));
	ck_assert_int_eq(pol_worker_put(p, &wc), 0);
	ck_assert(pol_trial_arms(pol_find(p, "w"), arms, share, &pairs));
	(void)snprintf(wc.variants[1], NV_NAME_MAX, "other");
	ck_assert_int_eq(pol_worker_put(p, &wc), 0);
	ck_assert(!pol_trial_arms(pol_find(p, "w"), arms, share, &pairs));
	pol_free(p);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("trial");
	TCase *tc = tcase_create("trial");

	tcase_add_test(tc, arms_by_hand);
	tcase_add_test(tc, order_and_save);
	tcase_add_test(tc, the_better_one_gets_the_runs);
	tcase_add_test(tc, seasons_prove_nothing);
	tcase_add_test(tc, old_money_of_a_worse_mix);
	tcase_add_test(tc, other_variants_begin_anew);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
