/* Profit by the hour: see spark.h. */
#include "spark.h"

#include "period.h"
#include "report.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static_assert(ENG_SPARK_HOURS <= ENG_PROFITS_MAX, "asked for at once");

struct eng_spark {
	int64_t from_ns;
	int64_t known_ns; /* the last commit when it was read: what is before is settled
			   */
	uint64_t events;  /* of the worker then */
	uint32_t config_gen; /* rates and zone are of this configuration */
	bool filled;
	nv_i128 at[ENG_SPARK_HOURS]; /* profit since ever when an hour began */
};

int64_t
eng_spark_from(int64_t now_ns)
{
	int64_t from_ns = 0;
	int64_t to_ns = 0;

	/* An hour in which the clocks go back is longer than one. */
	eng_hour_bounds(now_ns, &from_ns, &to_ns);
	from_ns += (now_ns - from_ns) / ENG_SPARK_STEP_NS * ENG_SPARK_STEP_NS;
	return from_ns - (ENG_SPARK_HOURS - 1) * ENG_SPARK_STEP_NS;
}

static int64_t
edge_ns(const struct eng_spark *s, size_t i)
{
	return s->from_ns + (int64_t)i * ENG_SPARK_STEP_NS;
}

/* Those that stay when the hours move on by whole ones. Returns how many are known. */
static size_t
keep(struct eng_spark *s, int64_t from_ns, uint32_t config_gen)
{
	int64_t moved = from_ns - s->from_ns;
	size_t n = ENG_SPARK_HOURS;

	if (!s->filled || s->config_gen != config_gen || moved < 0 ||
		moved % ENG_SPARK_STEP_NS != 0 ||
		moved / ENG_SPARK_STEP_NS >= ENG_SPARK_HOURS)
		return 0;
	/* What was ahead of the last commit then may have been added to since. */
	while (n > 0 && edge_ns(s, n - 1) > s->known_ns)
		n--;
	size_t gone = (size_t)(moved / ENG_SPARK_STEP_NS);

	n -= NV_MIN(n, gone);
	memmove(s->at, s->at + gone, n * sizeof s->at[0]);
	return n;
}

static int
look_up(struct eng *eng, struct led_view *v, const struct eng_worker *w,
	struct eng_spark *s, size_t known)
{
	int64_t edges[ENG_SPARK_HOURS];

	for (size_t i = known; i < ENG_SPARK_HOURS; i++)
		edges[i] = edge_ns(s, i);
	return eng_profits_at(
		eng, v, w->id, edges + known, ENG_SPARK_HOURS - known, s->at + known);
}

int
eng_spark_read(struct eng *eng, struct led_view *v, struct eng_worker *w, int64_t from_ns,
	nv_i128 ret[ENG_SPARK_HOURS])
{
	if (w->id == 0) {
		memset(ret, 0, ENG_SPARK_HOURS * sizeof ret[0]);
		return 0;
	}
	if (!w->spark)
		w->spark = calloc(1, sizeof *w->spark);
	struct eng_spark *s = w->spark;
	int rc = 0;

	if (!s)
		return -ENOMEM;
	if (!s->filled || s->from_ns != from_ns || s->events != w->totals.events ||
		s->config_gen != eng->config_gen) {
		size_t known = keep(s, from_ns, eng->config_gen);

		s->filled = false;
		s->from_ns = from_ns;
		s->known_ns = led_last_time(eng->led);
		if (known < ENG_SPARK_HOURS)
			rc = look_up(eng, v, w, s, known);
		if (rc < 0)
			return rc;
		s->events = w->totals.events;
		s->config_gen = eng->config_gen;
		s->filled = true;
	}
	for (size_t i = 0; i + 1 < ENG_SPARK_HOURS; i++)
		ret[i] = s->at[i + 1] - s->at[i];
	ret[ENG_SPARK_HOURS - 1] = eng_profit(&w->totals) - s->at[ENG_SPARK_HOURS - 1];
	return 0;
}

void
eng_spark_free(struct eng_worker *w)
{
	free(w->spark);
	w->spark = NULL;
}
