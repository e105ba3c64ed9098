/* The ladder: budget goes where the next unit of money returns most.
 *
 * Each volume of each worker is a step with a cost and a judged multiple: the 70%
 * quantile of its marginal multiple up to volume 1 (small volume buys knowledge), the 40%
 * quantile above (growth must pay). Steps that
 * are held count 1.2 times. All steps are bought from the top while their multiple
 * reaches the hurdle and the money is there. */
#include "cycle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct step {
	uint32_t worker;
	uint32_t level;
	double value;
	double cost;
	double hurdle;
	bool bought;
	bool out; /* while a swap is weighed */
};

int
pol_level_at(const struct pol_worker *w, double x)
{
	int at = -1;

	for (unsigned i = 0; i < w->n_levels && w->levels[i].x <= x * 1.02; i++)
		at = (int)i;
	return at;
}

/* Who has never sold has been unlucky or is a loser: its cheapest step is judged with
 * more hope, since it tells which for the least money. */
static const struct pol_quantile *
quantile_for(const struct pol *p, const struct pol_worker *w, unsigned i)
{
	if (w->levels[i].x > 1.02)
		return &p->q40;
	return i == 0 && w->levels[i].x < 0.71 && !(w->post.even_n > 0) ? &p->q90
									: &p->q70;
}

double
pol_step_judge(const struct pol *p, const struct pol_worker *w, unsigned i)
{
	double x1 = i > 0 ? w->levels[i - 1].x : 0;
	double x2 = w->levels[i].x;
	struct pol_gamma g = pol_post_marginal(&w->post, x1, x2);

	return g.mean * pol_quantile_of(quantile_for(p, w, i), g.shape);
}

/* The highest level it may be bought: -1 none. */
static int
highest(const struct pol_cycle *c, const struct pol_worker *w)
{
	const char *rule;
	double x = pol_volume(w);
	int held = pol_level_at(w, x);

	switch (w->st.state) {
	case POL_ST_CATALOG:
		/* deploy() asks further questions; it starts at the base volume */
		if (!w->conf.has_expected_roi ||
			w->conf.expected_roi_ppm < pol_min_roi(c->p, w))
			return -1;
		return pol_level_at(w, 1);
	case POL_ST_PAUSED_BY_POLICY:
		/* It goes on as it was set: by a breaker it keeps its place, else its
		 * steps must buy it anew. */
		return NV_MAX(pol_level_at(w, pol_volume_set(w)), 0);
	case POL_ST_RUNNING:
	case POL_ST_PAUSED_BY_BUDGET:
		held = NV_MAX(held, 0);
		if (!pol_may_grow(c, w, &rule))
			return held;
		return NV_MAX(held, pol_level_at(w, 2 * x));
	default:
		return -1;
	}
}

static int
better(const void *va, const void *vb)
{
	const struct step *a = va;
	const struct step *b = vb;

	if (a->value != b->value)
		return a->value > b->value ? -1 : 1;
	if (a->worker != b->worker)
		return a->worker < b->worker ? -1 : 1;
	return a->level < b->level ? -1 : a->level > b->level;
}

static size_t
steps_of(const struct pol_cycle *c, uint32_t at, struct step *s)
{
	struct pol_worker *w = c->p->workers[at];
	double held = pol_volume(w);
	double least = 1e300;
	double cost = 0;
	size_t n = 0;
	int top = highest(c, w);

	w->target = 0;
	for (int i = 0; i <= top; i++) {
		double x = w->levels[i].x;
		double value = w->step_value[i];
		bool is_held = x <= held * 1.02;

		if (is_held)
			value *= POL_HELD;
		/* A step cannot be bought before the one below it. */
		least = NV_MIN(least, value);
		s[n] = (struct step){.worker = at, .level = (uint32_t)i, .value = least};
		s[n].cost = pol_cost_at(w, x) - cost;
		cost += s[n].cost;
		/* What is only advised neither takes room nor makes any: buy(). */
		if (!pol_counts(c->p, w))
			s[n].cost = 0;
		s[n].hurdle = x <= 1.02 ? POL_HURDLE : POL_HURDLE_GROW;
		n++;
		/* Those above it cannot be bought: it stands for them. */
		if (least < s[n - 1].hurdle)
			break;
	}
	return n;
}

static bool
affordable(const struct pol_worker *w, const struct step *s)
{
	return w->conf.budget_daily_nano < 0 ||
	       pol_cost_at(w, w->levels[s->level].x) <=
		       pol_units(w->conf.budget_daily_nano);
}

/* Is the step the next one of its worker, and worth it? */
static bool
wanted(const struct pol_worker *w, const struct step *s)
{
	double below = s->level ? w->levels[s->level - 1].x : 0;

	return w->target >= below && w->target < w->levels[s->level].x &&
	       s->value >= s->hurdle && affordable(w, s);
}

/* A large step that does not fit beside smaller ones bought before it takes their place
 * when it returns more than all it needs to displace, from the bottom. True when it
 * did. */
static bool
swap(struct pol_cycle *c, struct step *s, size_t n, size_t at, double *total)
{
	struct pol *p = c->p;
	double room = POL_BUDGET_USE * c->budget - *total;
	double gain = s[at].cost * (s[at].value - 1);
	double lost = 0;
	size_t from = n;

	for (size_t i = n; i-- > 0 && room < s[at].cost && lost < gain;) {
		const struct pol_worker *w = p->workers[s[i].worker];

		if (!s[i].bought || !(s[i].cost > 0) || s[i].worker == s[at].worker ||
			w->target != w->levels[s[i].level].x)
			continue;
		/* Those of one worker go from its highest down: lower ones are worth
		 * more and come later in this loop. */
		s[i].out = true;
		p->workers[s[i].worker]->target =
			s[i].level ? w->levels[s[i].level - 1].x : 0;
		room += s[i].cost;
		lost += s[i].cost * (s[i].value - 1);
		from = i;
	}
	bool better = room >= s[at].cost && lost < gain;

	for (size_t i = from; i < n; i++) {
		struct pol_worker *w = p->workers[s[i].worker];

		if (!s[i].out)
			continue;
		s[i].out = false;
		if (better) {
			s[i].bought = false;
			*total -= s[i].cost;
		} else {
			w->target = NV_MAX(w->target, w->levels[s[i].level].x);
		}
	}
	if (better) {
		struct pol_worker *w = p->workers[s[at].worker];

		w->target = w->levels[s[at].level].x;
		s[at].bought = true;
		*total += s[at].cost;
	}
	return better;
}

/* What those that are only advised cost as they run, whatever is said about them. */
static double
advised_cost(const struct pol *p)
{
	double sum = 0;

	for (uint32_t i = 0; i < p->n_workers; i++) {
		const struct pol_worker *w = p->workers[i];

		if (!pol_counts(p, w) && w->post.valid)
			sum += pol_cost_at(w, pol_volume(w));
	}
	return sum;
}

/* Buys in order; remembers the best step that was left. */
static void
buy(struct pol_cycle *c, struct step *s, size_t n)
{
	struct pol *p = c->p;
	double total = c->pending + advised_cost(p);
	bool again = false;

	p->shadow = 0;
	p->next_best[0] = 0;
	p->next_best_multiple = 0;
	for (size_t i = 0; i < n; i++) {
		struct pol_worker *w = p->workers[s[i].worker];

		if (!wanted(w, &s[i]))
			continue;
		s[i].bought = total + s[i].cost <= POL_BUDGET_USE * c->budget;
		if (s[i].bought) {
			w->target = w->levels[s[i].level].x;
			total += s[i].cost;
		}
	}
	for (size_t i = 0; i < n; i++) {
		if (!s[i].bought && wanted(p->workers[s[i].worker], &s[i]) &&
			s[i].cost <= POL_BUDGET_USE * c->budget)
			again |= swap(c, s, n, i, &total);
	}
	/* What the swaps have left over goes to the best that fits. */
	for (size_t i = 0; i < n; i++) {
		struct pol_worker *w = p->workers[s[i].worker];

		if (s[i].bought)
			continue;
		if (again && wanted(w, &s[i]) &&
			total + s[i].cost <= POL_BUDGET_USE * c->budget) {
			s[i].bought = true;
			w->target = w->levels[s[i].level].x;
			total += s[i].cost;
		} else if (!p->next_best[0] && affordable(w, &s[i])) {
			(void)memcpy(p->next_best, w->conf.name, sizeof p->next_best);
			p->next_best_multiple = s[i].value;
			p->shadow = s[i].value;
		}
	}
}

int
pol_ladder(struct pol_cycle *c)
{
	struct pol *p = c->p;
	size_t n = 0;
	struct step *s = calloc((size_t)p->n_workers + 1, POL_LEVELS_MAX * sizeof *s);

	if (!s)
		return -ENOMEM;
	for (uint32_t i = 0; i < p->n_workers; i++) {
		p->workers[i]->target = 0;
		if (p->workers[i]->post.valid)
			n += steps_of(c, i, s + n);
	}
	qsort(s, n, sizeof *s, better);
	buy(c, s, n);
	free(s);
	return 0;
}
