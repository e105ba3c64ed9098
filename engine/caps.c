/* The fleet's caps: see caps.h. */
#include "caps.h"

#include "decide.h"
#include "gate.h"
#include "report.h"

#include "nv_clock.h"
#include "nv_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OWN_CAPS   4 /* of a worker besides its operations: total, day, limit, hour */
#define FLEET_CAPS 3
#define DEPTH_MAX \
	64 /* groups inside each other, beyond what the configuration allows \
	    */

/* ---- building ---- */

static struct eng_cap *
add(struct eng_caps *caps, enum eng_cap_scope scope, enum eng_cap_period period,
	const char *subject, nv_i128 limit)
{
	struct eng_cap *cap = &caps->list[caps->n++];

	*cap = (struct eng_cap){
		.scope = scope, .period = period, .limit = limit, .to_ns = INT64_MAX};
	(void)snprintf(cap->subject, sizeof cap->subject, "%s", subject);
	if (period == ENG_CAP_HOUR && limit >= 0)
		caps->hourly = true;
	return cap;
}

static size_t
count(const struct eng *eng)
{
	size_t n = FLEET_CAPS + eng->config->n_groups * 2;

	for (const struct eng_worker *w = eng->workers; w; w = w->next)
		n += OWN_CAPS + (w->conf ? w->conf->n_operations : 0);
	return n;
}

static void
hold(struct eng_purse *p, struct eng_cap *cap)
{
	p->caps[p->n_caps++] = cap;
}

/* The caps of its group and of the groups around that one. */
static void
hold_groups(const struct eng *eng, struct eng_purse *p, const char *name,
	enum eng_cap_period period, struct eng_cap *groups)
{
	const struct nv_conf_group *g = nv_config_group(eng->config, name);

	for (unsigned depth = 0; g && depth < DEPTH_MAX; depth++) {
		size_t i = (size_t)(g - eng->config->groups);

		hold(p, &groups[i * 2 + (period == ENG_CAP_HOUR)]);
		g = g->parent[0] ? nv_config_group(eng->config, g->parent) : NULL;
	}
}

static void
build_purse(struct eng *eng, struct eng_caps *caps, struct eng_worker *w,
	struct eng_cap *groups)
{
	const struct nv_conf_worker *conf = w->conf;
	struct eng_purse *p = w->purse ? w->purse : calloc(1, sizeof *p);

	NV_ASSERT(p != NULL);
	w->purse = p;
	free(p->caps);
	p->caps = calloc(FLEET_CAPS + OWN_CAPS + (size_t)2 * DEPTH_MAX +
				 (conf ? conf->n_operations : 0),
		sizeof(struct eng_cap *));
	NV_ASSERT(p->caps != NULL);
	_Static_assert(FLEET_CAPS + OWN_CAPS + 2 * DEPTH_MAX + NV_CONF_OPERATIONS_MAX <=
			       ENG_CAPS_OVER_MAX,
		"all caps over a worker");
	p->n_caps = 0;
	p->reserved = 0;
	hold(p, caps->fleet_day);
	hold(p, caps->fleet_limit);
	if (conf) {
		hold(p, add(caps, ENG_CAP_WORKER, ENG_CAP_TOTAL, w->name,
				conf->budget_total_nano));
		hold(p, add(caps, ENG_CAP_WORKER, ENG_CAP_DAY, w->name,
				conf->budget_daily_nano));
	}
	p->limit = add(caps, ENG_CAP_LIMIT, ENG_CAP_DAY, w->name,
		w->limited ? w->limit_nano : -1);
	hold(p, p->limit);
	for (size_t i = 0; conf && i < conf->n_operations; i++) {
		struct eng_cap *cap = add(caps, ENG_CAP_OPERATION, ENG_CAP_DAY, w->name,
			conf->operations[i].daily_nano);

		memcpy(cap->operation, conf->operations[i].name, sizeof cap->operation);
		hold(p, cap);
	}
	if (conf)
		hold_groups(eng, p, conf->group, ENG_CAP_DAY, groups);
	hold(p, caps->fleet_hour);
	if (conf) {
		hold(p, add(caps, ENG_CAP_WORKER, ENG_CAP_HOUR, w->name,
				conf->budget_hourly_nano));
		hold_groups(eng, p, conf->group, ENG_CAP_HOUR, groups);
	}
}

void
eng_caps_build(struct eng *eng)
{
	const struct nv_config *config = eng->config;
	struct eng_caps *caps = eng->caps ? eng->caps : calloc(1, sizeof *caps);

	NV_ASSERT(caps != NULL);
	eng->caps = caps;
	free(caps->list);
	*caps = (struct eng_caps){.list = calloc(count(eng), sizeof *caps->list)};
	NV_ASSERT(caps->list != NULL);
	caps->fleet_day =
		add(caps, ENG_CAP_FLEET, ENG_CAP_DAY, "", config->max_daily_budget_nano);
	caps->fleet_limit = add(caps, ENG_CAP_LIMIT, ENG_CAP_DAY, "",
		eng->fleet_limited ? eng->fleet_limit_nano : -1);
	caps->fleet_hour = add(
		caps, ENG_CAP_FLEET, ENG_CAP_HOUR, "", config->max_hourly_budget_nano);
	struct eng_cap *groups = &caps->list[caps->n];

	for (size_t i = 0; i < config->n_groups; i++) {
		const struct nv_conf_group *g = &config->groups[i];

		(void)add(
			caps, ENG_CAP_GROUP, ENG_CAP_DAY, g->name, g->budget_daily_nano);
		(void)add(caps, ENG_CAP_GROUP, ENG_CAP_HOUR, g->name,
			g->budget_hourly_nano);
	}
	for (struct eng_worker *w = eng->workers; w; w = w->next)
		build_purse(eng, caps, w, groups);
	for (size_t i = 0; i < caps->n; i++)
		caps->list[i].pacing = config->pacing &&
				       caps->list[i].period == ENG_CAP_DAY &&
				       caps->list[i].scope != ENG_CAP_OPERATION;
	eng_warn_load(eng);
	eng_gate_recount(eng);
}

void
eng_caps_free(struct eng *eng)
{
	for (struct eng_worker *w = eng->workers; w; w = w->next) {
		if (w->purse)
			free(w->purse->caps);
		free(w->purse);
		w->purse = NULL;
	}
	if (eng->caps)
		free(eng->caps->list);
	free(eng->caps);
	eng->caps = NULL;
}

/* ---- counting ---- */

bool
eng_caps_periods(struct eng *eng, int64_t now_ns)
{
	struct eng_caps *caps = eng->caps;
	const struct eng_decide *d = eng->decide;
	int64_t hour_ns = caps->hour_from_ns;
	bool moved = false;

	eng_hour_bounds(now_ns, &caps->hour_from_ns, &caps->hour_to_ns);
	moved = hour_ns != caps->hour_from_ns;
	for (size_t i = 0; i < caps->n; i++) {
		struct eng_cap *cap = &caps->list[i];
		int64_t from_ns = cap->from_ns;

		if (cap->period == ENG_CAP_DAY) {
			cap->from_ns = d->day_from_ns;
			cap->to_ns = d->day_to_ns;
		} else if (cap->period == ENG_CAP_HOUR) {
			cap->from_ns = caps->hour_from_ns;
			cap->to_ns = caps->hour_to_ns;
		}
		moved |= from_ns != cap->from_ns;
	}
	return moved;
}

static nv_i128
spent_in(const struct eng_worker *w, enum eng_cap_period period)
{
	return period == ENG_CAP_TOTAL ? w->totals.cost
	       : period == ENG_CAP_DAY ? w->totals.cost - w->day_base_cost
				       : w->totals.cost - w->purse->hour_base_cost;
}

/* What was granted to a worker is added to what it may spend ever. */
static void
grant(struct eng_worker *w)
{
	for (size_t i = 0;
		w->conf && w->conf->budget_total_nano >= 0 && i < w->purse->n_caps; i++) {
		struct eng_cap *cap = w->purse->caps[i];

		if (cap->period == ENG_CAP_TOTAL)
			cap->limit = w->conf->budget_total_nano + w->totals.grants;
	}
}

void
eng_caps_recount(struct eng *eng)
{
	struct eng_caps *caps = eng->caps;

	for (size_t i = 0; i < caps->n; i++) {
		if (caps->list[i].scope != ENG_CAP_OPERATION)
			caps->list[i].spent = 0;
	}
	for (struct eng_worker *w = eng->workers; w; w = w->next) {
		struct eng_purse *p = w->purse;

		if (!p) { /* has just been heard of: the fleet's all the same */
			caps->fleet_day->spent += w->totals.cost - w->day_base_cost;
			caps->fleet_limit->spent += w->totals.cost - w->day_base_cost;
			caps->fleet_hour->spent += w->totals.cost - w->day_base_cost;
			continue;
		}
		p->counted = w->totals.cost;
		grant(w);
		for (size_t i = 0; i < p->n_caps; i++) {
			if (p->caps[i]->scope != ENG_CAP_OPERATION)
				p->caps[i]->spent += spent_in(w, p->caps[i]->period);
		}
	}
}

struct by_operation {
	const struct eng *eng;
	struct led_view *view;
	const struct eng_purse *purse;
};

static int
add_operation(void *arg, uint32_t worker, uint32_t currency, const char *operation,
	nv_i128 nano, uint64_t events)
{
	struct by_operation *by = arg;
	char code[NV_CURRENCY_BYTES];
	int64_t rate;

	(void)worker;
	(void)events;
	/* Without a rate its worker is paused for that. */
	if (led_view_currency_code(by->view, currency, code) < 0 ||
		!eng_rate(by->eng->config, code, &rate))
		return 0;
	for (size_t i = 0; i < by->purse->n_caps; i++) {
		struct eng_cap *cap = by->purse->caps[i];

		if (cap->scope == ENG_CAP_OPERATION &&
			strcmp(cap->operation, operation) == 0)
			cap->spent += eng_convert(nano, rate);
	}
	return 0;
}

/* What was spent today on each kind of call. */
static void
count_operations(struct eng *eng, struct led_view *v, struct eng_worker *w)
{
	struct by_operation by = {.eng = eng, .view = v, .purse = w->purse};

	if (!w->conf || w->conf->n_operations == 0 || w->id == 0 || !eng->decide)
		return;
	for (size_t i = 0; i < w->purse->n_caps; i++) {
		if (w->purse->caps[i]->scope == ENG_CAP_OPERATION)
			w->purse->caps[i]->spent = 0;
	}
	if (led_view_operations(v, w->id, eng->decide->day_from_ns, INT64_MAX,
		    add_operation, &by) < 0)
		nv_warn("what %s has spent by operation cannot be read; tried again with "
			"its next cost",
			w->name);
}

void
eng_caps_spent(struct eng *eng, struct led_view *v, struct eng_worker *w)
{
	struct eng_purse *p = w->purse;

	if (!p)
		return;
	nv_i128 more = w->totals.cost - p->counted;

	for (size_t i = 0; more != 0 && i < p->n_caps; i++) {
		if (p->caps[i]->scope != ENG_CAP_OPERATION)
			p->caps[i]->spent += more;
	}
	if (more != 0)
		count_operations(eng, v, w);
	p->counted = w->totals.cost;
	grant(w);
}

void
eng_caps_operations(struct eng *eng, struct led_view *v)
{
	for (struct eng_worker *w = eng->workers; w; w = w->next) {
		if (w->purse)
			count_operations(eng, v, w);
	}
}

static bool
concerns(const struct eng_cap *cap, const char *operation)
{
	return cap->scope != ENG_CAP_OPERATION || strcmp(cap->operation, operation) == 0;
}

void
eng_caps_reserve(struct eng_worker *w, const char *operation, nv_i128 more)
{
	struct eng_purse *p = w->purse;

	for (size_t i = 0; i < p->n_caps; i++) {
		if (concerns(p->caps[i], operation))
			p->caps[i]->reserved += more;
	}
	p->reserved += more;
}

size_t
eng_caps_of(const struct eng_worker *w, const char *operation, const struct eng_cap **ret)
{
	const struct eng_purse *p = w->purse;
	size_t n = 0;

	for (size_t i = 0; i < p->n_caps; i++) {
		if (concerns(p->caps[i], operation))
			ret[n++] = p->caps[i];
	}
	return n;
}

size_t
eng_caps_of_operations(const struct eng_worker *w, const struct eng_cap **ret)
{
	const struct eng_purse *p = w->purse;
	size_t n = 0;

	for (size_t i = 0; i < p->n_caps; i++) {
		if (p->caps[i]->scope == ENG_CAP_OPERATION)
			ret[n++] = p->caps[i];
	}
	return n;
}

void
eng_caps_called(
	struct eng_worker *w, const char *operation, size_t operation_bytes, nv_i128 cost)
{
	struct eng_purse *p = w->purse;

	for (size_t i = 0; p && i < p->n_caps; i++) {
		struct eng_cap *cap = p->caps[i];

		if (cap->scope == ENG_CAP_OPERATION &&
			strlen(cap->operation) == operation_bytes &&
			memcmp(cap->operation, operation, operation_bytes) == 0)
			cap->spent += cost;
	}
}

bool
eng_caps_any(const struct eng_worker *w)
{
	for (size_t i = 0; w->purse && i < w->purse->n_caps; i++) {
		if (w->purse->caps[i]->limit >= 0)
			return true;
	}
	return false;
}
