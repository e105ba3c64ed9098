/* The tree of `novactl top`: see top_model.h. */
#include "top_model.h"
#include "out.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
top_fleet_clear(struct top_fleet *fleet)
{
	free(fleet->workers);
	free(fleet->instances);
	*fleet = (struct top_fleet){0};
}

void
top_model_init(struct top_model *m)
{
	*m = (struct top_model){
		.folded = ctl_need(json_object()), .unfolded = ctl_need(json_object())};
}

void
top_model_fini(struct top_model *m)
{
	top_fleet_clear(&m->fleet);
	free(m->groups);
	free(m->order);
	free(m->items);
	json_decref(m->folded);
	json_decref(m->unfolded);
	*m = (struct top_model){0};
}

/* ---- columns ---- */

static const char *const column_names[] = {
#define X(id, name) [TOP_BY_##id] = (name),
	TOP_COLUMNS(X)
#undef X
};

const char *
top_column_name(enum top_column column)
{
	return column_names[column];
}

int
top_column_parse(const char *name, enum top_column *ret, struct nv_err *err)
{
	struct nv_buf known;

	for (size_t i = 0; i < TOP_BY_COUNT; i++) {
		if (strcmp(name, column_names[i]) == 0) {
			*ret = (enum top_column)i;
			return 0;
		}
	}
	nv_buf_init(&known, 1024);
	for (size_t i = 0; i < TOP_BY_COUNT; i++)
		nv_buf_printf(&known, "%s%s", i ? ", " : "", column_names[i]);
	nv_err_set(err, -EINVAL, "\"%.40s\" is no column: expected one of %s", name,
		known.data ? known.data : "");
	nv_buf_fini(&known);
	return -EINVAL;
}

bool
top_roi(const struct top_money *money, int64_t *ret_ppm)
{
	return money->known && nv_roi_ppm(money->revenue, money->cost, ret_ppm);
}

/* ---- states ---- */

/* What needs a person comes first. */
static const char *const states[] = {"halted", "failed", "cooldown", "backoff", "unknown",
	"waiting", "starting", "stopping", "paused", "running", "stopped", "killed",
	"undeployed", "unconfigured"};
#define TROUBLES 5

static size_t
state_rank(const char *state)
{
	size_t i = 0;

	while (i < NV_LEN(states) && strcmp(state, states[i]) != 0)
		i++;
	return i;
}

bool
top_is_trouble(const char *state)
{
	return state_rank(state) < TROUBLES;
}

/* ---- groups ---- */

static void
add_figures(struct top_figures *sum, const struct top_figures *one)
{
	if (one->cpu_tenths >= 0)
		sum->cpu_tenths = NV_MAX(sum->cpu_tenths, INT64_C(0)) + one->cpu_tenths;
	if (one->rss_bytes >= 0)
		sum->rss_bytes = NV_MAX(sum->rss_bytes, INT64_C(0)) + one->rss_bytes;
	sum->uptime_ms = NV_MAX(sum->uptime_ms, one->uptime_ms);
	sum->restarts += one->restarts;
	/* A sum that leaves out what is not known would be a lie. */
	sum->today.known = sum->today.known && one->today.known;
	sum->today.cost += one->today.cost;
	sum->today.revenue += one->today.revenue;
	sum->today.profit += one->today.profit;
	sum->has_hours = sum->has_hours && one->has_hours;
	for (size_t i = 0; i < TOP_HOURS; i++)
		sum->hours[i] += one->hours[i];
}

static int
by_group_name(const void *a, const void *b, void *arg)
{
	const struct top_model *m = arg;
	const struct top_worker *x = &m->fleet.workers[*(const size_t *)a];
	const struct top_worker *y = &m->fleet.workers[*(const size_t *)b];
	int rc = m->flat ? 0 : strcmp(x->group, y->group);

	return rc ? rc : strcmp(x->name, y->name);
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* Without regard to case, of ASCII letters. */
static bool
contains(const char *text, const char *part)
{
	size_t bytes = strlen(part);

	for (; strlen(text) >= bytes; text++) {
		size_t i = 0;

		while (i < bytes && lower(text[i]) == lower(part[i]))
			i++;
		if (i == bytes)
			return true;
	}
	return false;
}

static bool
passes(const struct top_model *m, const struct top_worker *w)
{
	return contains(w->name, m->filter) || contains(w->group, m->filter) ||
	       contains(w->state, m->filter);
}

static void
count_worker(struct top_group *g, const struct top_worker *w)
{
	g->n_workers++;
	g->n_running += strcmp(w->state, "running") == 0;
	g->n_trouble += top_is_trouble(w->state);
	add_figures(&g->own, &w->own);
}

static struct top_group *
begin_group(struct top_model *m, const char *name, size_t first)
{
	struct top_group *g = &m->groups[m->n_groups++];

	*g = (struct top_group){.first = first,
		.own = {.cpu_tenths = TOP_UNKNOWN,
			.rss_bytes = TOP_UNKNOWN,
			.uptime_ms = TOP_UNKNOWN,
			.today.known = true,
			.has_hours = true}};
	(void)snprintf(g->name, sizeof(g->name), "%s", name);
	return g;
}

/* order: every worker that passes, groups together; groups: their sums. Flat: one group
 * without a name. Sums of a group are of those that are shown. */
static void
make_groups(struct top_model *m)
{
	m->order = ctl_grow(m->order, m->fleet.n_workers + 1, sizeof(*m->order));
	m->groups = ctl_grow(m->groups, m->fleet.n_workers + 1, sizeof(*m->groups));
	m->n_order = 0;
	m->n_groups = 0;
	for (size_t i = 0; i < m->fleet.n_workers; i++) {
		if (passes(m, &m->fleet.workers[i]))
			m->order[m->n_order++] = i;
	}
	qsort_r(m->order, m->n_order, sizeof(*m->order), by_group_name, m);
	struct top_group *g = m->groups; /* of the last worker, once there is one */

	for (size_t i = 0; i < m->n_order; i++) {
		const struct top_worker *w = &m->fleet.workers[m->order[i]];
		const char *name = m->flat ? "" : w->group;

		if (i == 0 || strcmp(g->name, name) != 0)
			g = begin_group(m, name, i);
		g->n_shown++;
		count_worker(g, w);
	}
}

/* ---- order ---- */

/* One row to be put in order, of whatever kind. */
struct sortable {
	const char *name;
	const char *state;
	const struct top_figures *own;
};

static int
compare_i128(nv_i128 a, nv_i128 b)
{
	return a < b ? -1 : a > b;
}

/* The figure of a column; false when it is not known. */
static bool
figure_of(const struct top_figures *f, enum top_column column, nv_i128 *ret)
{
	int64_t ppm = 0;

	switch (column) {
	case TOP_BY_CPU:
		*ret = f->cpu_tenths;
		return f->cpu_tenths >= 0;
	case TOP_BY_MEMORY:
		*ret = f->rss_bytes;
		return f->rss_bytes >= 0;
	case TOP_BY_UPTIME:
		*ret = f->uptime_ms;
		return f->uptime_ms >= 0;
	case TOP_BY_RESTARTS:
		*ret = f->restarts;
		return f->restarts >= 0;
	case TOP_BY_COST:
		*ret = f->today.cost;
		return f->today.known;
	case TOP_BY_REVENUE:
		*ret = f->today.revenue;
		return f->today.known;
	case TOP_BY_PROFIT:
		*ret = f->today.profit;
		return f->today.known;
	case TOP_BY_ROI:
		if (!top_roi(&f->today, &ppm))
			return false;
		*ret = ppm;
		return true;
	case TOP_BY_NAME:
	case TOP_BY_STATE:
	case TOP_BY_COUNT:
		break;
	}
	return false;
}

/* Names upwards, figures downwards; what is not known last either way. */
static int
compare(const struct top_model *m, const struct sortable *x, const struct sortable *y)
{
	nv_i128 a = 0;
	nv_i128 b = 0;
	int rc;

	if (m->sort == TOP_BY_NAME) {
		rc = strcmp(x->name, y->name);
	} else if (m->sort == TOP_BY_STATE) {
		size_t p = state_rank(x->state);
		size_t q = state_rank(y->state);

		rc = p < q ? -1 : p > q;
	} else {
		bool has_a = figure_of(x->own, m->sort, &a);
		bool has_b = figure_of(y->own, m->sort, &b);

		if (has_a != has_b)
			return has_a ? -1 : 1;
		rc = has_a ? compare_i128(b, a) : 0;
	}
	if (rc == 0)
		return strcmp(x->name, y->name);
	return m->reverse ? -rc : rc;
}

static int
by_worker(const void *a, const void *b, void *arg)
{
	const struct top_model *m = arg;
	const struct top_worker *x = &m->fleet.workers[*(const size_t *)a];
	const struct top_worker *y = &m->fleet.workers[*(const size_t *)b];
	struct sortable left = {x->name, x->state, &x->own};
	struct sortable right = {y->name, y->state, &y->own};

	return compare(m, &left, &right);
}

/* The state of a group is its worst. */
static int
by_group(const void *a, const void *b, void *arg)
{
	const struct top_group *x = a;
	const struct top_group *y = b;
	struct sortable left = {x->name, x->n_trouble ? states[0] : "running", &x->own};
	struct sortable right = {y->name, y->n_trouble ? states[0] : "running", &y->own};

	return compare(arg, &left, &right);
}

/* ---- lines ---- */

static void
add_item(struct top_model *m, enum top_kind kind, size_t group, size_t worker,
	size_t instance)
{
	m->items[m->n_items++] = (struct top_item){kind, group, worker, instance};
}

static void
add_worker(struct top_model *m, size_t group, size_t worker)
{
	const struct top_worker *w = &m->fleet.workers[worker];

	add_item(m, TOP_WORKER, group, worker, 0);
	if (!json_object_get(m->unfolded, w->name))
		return;
	for (size_t i = 0; i < w->n_instances; i++)
		add_item(m, TOP_INSTANCE, group, worker, w->instances + i);
}

static void
make_items(struct top_model *m)
{
	size_t room = m->n_groups + m->fleet.n_workers + m->fleet.n_instances + 1;

	m->items = ctl_grow(m->items, room, sizeof(*m->items));
	m->n_items = 0;
	for (size_t g = 0; g < m->n_groups; g++) {
		const struct top_group *group = &m->groups[g];

		if (!m->flat)
			add_item(m, TOP_GROUP, g, 0, 0);
		if (!m->flat && json_object_get(m->folded, group->name))
			continue;
		for (size_t i = 0; i < group->n_shown; i++)
			add_worker(m, g, m->order[group->first + i]);
	}
}

/* ---- selection ---- */

static struct top_key
key_of(const struct top_model *m, const struct top_item *item)
{
	struct top_key key = {.kind = item->kind};

	memcpy(key.group, m->groups[item->group].name, sizeof(key.group));
	if (item->kind == TOP_GROUP)
		return key;
	memcpy(key.worker, m->fleet.workers[item->worker].name, sizeof(key.worker));
	if (item->kind == TOP_INSTANCE)
		key.instance = m->fleet.instances[item->instance].number;
	return key;
}

/* Groups are found by group; workers wherever they stand now. */
static bool
is_it(const struct top_model *m, const struct top_item *item, const struct top_key *key)
{
	if (item->kind != key->kind)
		return false;
	if (item->kind == TOP_GROUP)
		return strcmp(m->groups[item->group].name, key->group) == 0;
	return strcmp(m->fleet.workers[item->worker].name, key->worker) == 0 &&
	       (item->kind == TOP_WORKER ||
		       m->fleet.instances[item->instance].number == key->instance);
}

static void
select_line(struct top_model *m, size_t line)
{
	m->selected = line;
	m->has_key = line < m->n_items;
	if (m->has_key)
		m->key = key_of(m, &m->items[line]);
}

/* Its new line; of one that is gone: its worker, its group, else the same line. */
static void
select_again(struct top_model *m)
{
	struct top_key key = m->key;
	size_t line = m->n_items ? NV_MIN(m->selected, m->n_items - 1) : 0;

	for (int up = 0; m->has_key && up < 3; up++) {
		for (size_t i = 0; i < m->n_items; i++) {
			if (is_it(m, &m->items[i], &key)) {
				select_line(m, i);
				return;
			}
		}
		/* A worker that vanished from an open group leaves its line to the next.
		 */
		if (key.kind == TOP_GROUP ||
			(key.kind == TOP_WORKER &&
				!json_object_get(m->folded, key.group)))
			break;
		key.kind = key.kind == TOP_INSTANCE ? TOP_WORKER : TOP_GROUP;
	}
	select_line(m, line);
}

void
top_model_arrange(struct top_model *m)
{
	make_groups(m);
	for (size_t g = 0; g < m->n_groups; g++)
		qsort_r(m->order + m->groups[g].first, m->groups[g].n_shown,
			sizeof(*m->order), by_worker, m);
	qsort_r(m->groups, m->n_groups, sizeof(*m->groups), by_group, m);
	make_items(m);
	select_again(m);
}

void
top_model_take(struct top_model *m, struct top_fleet *fleet)
{
	top_fleet_clear(&m->fleet);
	m->fleet = *fleet;
	*fleet = (struct top_fleet){0};
	top_model_arrange(m);
}

const struct top_item *
top_model_selected(const struct top_model *m)
{
	return m->selected < m->n_items ? &m->items[m->selected] : NULL;
}

const struct top_worker *
top_model_worker(const struct top_model *m)
{
	const struct top_item *item = top_model_selected(m);

	return item && item->kind != TOP_GROUP ? &m->fleet.workers[item->worker] : NULL;
}

const struct top_worker *
top_model_find(const struct top_model *m, const char *worker)
{
	for (size_t i = 0; i < m->fleet.n_workers; i++) {
		if (strcmp(m->fleet.workers[i].name, worker) == 0)
			return &m->fleet.workers[i];
	}
	return NULL;
}

void
top_model_move(struct top_model *m, long by)
{
	if (m->n_items == 0)
		return;
	long to = (long)m->selected;
	long last = (long)m->n_items - 1;

	if (by > last - to)
		to = last;
	else if (by < -to)
		to = 0;
	else
		to += by;
	select_line(m, (size_t)to);
}

bool
top_model_is_open(const struct top_model *m, const struct top_item *item)
{
	if (item->kind == TOP_GROUP)
		return !json_object_get(m->folded, m->groups[item->group].name);
	return item->kind == TOP_WORKER &&
	       json_object_get(m->unfolded, m->fleet.workers[item->worker].name);
}

static void
put(json_t *set, const char *name, bool in)
{
	if (in)
		(void)json_object_set_new(set, name, ctl_need(json_true()));
	else
		(void)json_object_del(set, name); /* it may not be in it */
}

void
top_model_fold(struct top_model *m, bool open)
{
	const struct top_item *item = top_model_selected(m);

	if (!item)
		return;
	if (item->kind == TOP_GROUP)
		put(m->folded, m->groups[item->group].name, !open);
	else
		put(m->unfolded, m->fleet.workers[item->worker].name, open);
	top_model_arrange(m);
}

void
top_model_page(struct top_model *m, size_t rows)
{
	if (rows == 0 || m->n_items <= rows) {
		m->first = 0;
		return;
	}
	if (m->selected < m->first)
		m->first = m->selected;
	if (m->selected >= m->first + rows)
		m->first = m->selected - rows + 1;
	m->first = NV_MIN(m->first, m->n_items - rows);
}

bool
top_model_wants_instances(const struct top_model *m)
{
	return json_object_size(m->unfolded) > 0;
}
