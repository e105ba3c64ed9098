/* The tree of `novactl top`: order, filter, folding, and a selection that stays with what
 * was selected. */
#include "run_suite.h"
#include "top_model.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct row {
	const char *name;
	const char *group;
	const char *state;
	int64_t cpu_tenths;
	int64_t restarts;
	int64_t cost; /* whole units */
	int64_t revenue;
	bool known;
	unsigned instances;
};

static const struct row rows[] = {
	{"email", "sales", "running", 15, 0, 10, 40, true, 2},
	{"phone", "sales", "halted", 0, 6, 5, 0, true, 1},
	{"writer", "content", "running", 100, 1, 20, 10, true, 1},
	{"critic", "content", "paused", TOP_UNKNOWN, 0, 0, 0, true, 0},
	{"Alone", "default", "running", 1, 0, 7, 7, false, 1},
};

static struct top_fleet
fleet_of(const struct row *list, size_t n)
{
	struct top_fleet f = {.workers = calloc(n + 1, sizeof(*f.workers)),
		.instances = calloc(50, sizeof(*f.instances))};

	for (size_t i = 0; i < n; i++) {
		struct top_worker *w = &f.workers[f.n_workers++];

		(void)snprintf(w->name, sizeof(w->name), "%s", list[i].name);
		(void)snprintf(w->group, sizeof(w->group), "%s", list[i].group);
		(void)snprintf(w->state, sizeof(w->state), "%s", list[i].state);
		w->own.cpu_tenths = list[i].cpu_tenths;
		w->own.rss_bytes = TOP_UNKNOWN;
		w->own.uptime_ms = TOP_UNKNOWN;
		w->own.restarts = list[i].restarts;
		w->own.today.known = list[i].known;
		w->own.today.cost = (nv_i128)list[i].cost * NV_MONEY_SCALE;
		w->own.today.revenue = (nv_i128)list[i].revenue * NV_MONEY_SCALE;
		w->own.today.profit = w->own.today.revenue - w->own.today.cost;
		w->instances = f.n_instances;
		w->n_instances = list[i].instances;
		for (unsigned k = 0; k < list[i].instances; k++)
			f.instances[f.n_instances++].number = k + 1;
	}
	return f;
}

static void
take(struct top_model *m, const struct row *list, size_t n)
{
	struct top_fleet f = fleet_of(list, n);

	top_model_take(m, &f);
	ck_assert_ptr_null(f.workers);
}

/* The lines as "sales email email#1 phone content ...". */
static const char *
lines(const struct top_model *m)
{
	static char text[4000];
	size_t at = 0;

	text[0] = '\0';
	for (size_t i = 0; i < m->n_items; i++) {
		const struct top_item *item = &m->items[i];
		const char *name = item->kind == TOP_GROUP
					   ? m->groups[item->group].name
					   : m->fleet.workers[item->worker].name;

		at += (size_t)snprintf(
			text + at, sizeof(text) - at, "%s%s", i ? " " : "", name);
		if (item->kind == TOP_INSTANCE)
			at += (size_t)snprintf(text + at, sizeof(text) - at, "#%u",
				m->fleet.instances[item->instance].number);
	}
	return text;
}

static void
select_name(struct top_model *m, const char *name)
{
	for (size_t i = 0; i < m->n_items; i++) {
		const struct top_item *item = &m->items[i];

		if (strcmp(name, item->kind == TOP_GROUP
					 ? m->groups[item->group].name
					 : m->fleet.workers[item->worker].name) == 0) {
			top_model_move(m, (long)i - (long)m->selected);
			return;
		}
	}
	ck_abort_msg("no line %s", name);
}

START_TEST(orders_by_every_column)
{
	static const struct {
		enum top_column sort;
		bool reverse;
		const char *expected;
	} cases[] = {
		{TOP_BY_NAME, false, "Alone critic email phone writer"},
		{TOP_BY_NAME, true, "writer phone email critic Alone"},
		{TOP_BY_STATE, false, "phone critic Alone email writer"},
		{TOP_BY_CPU, false, "writer email Alone phone critic"},
		/* What is not known stays last. */
		{TOP_BY_CPU, true, "phone Alone email writer critic"},
		{TOP_BY_RESTARTS, false, "phone writer Alone critic email"},
		{TOP_BY_COST, false, "writer email phone critic Alone"},
		{TOP_BY_REVENUE, false, "email writer critic phone Alone"},
		{TOP_BY_PROFIT, false, "email critic phone writer Alone"},
		/* 300%, -50%, -100%; none at zero cost. */
		{TOP_BY_ROI, false, "email writer phone Alone critic"},
		{TOP_BY_MEMORY, false, "Alone critic email phone writer"},
	};
	struct top_model m;

	top_model_init(&m);
	m.flat = true;
	take(&m, rows, NV_LEN(rows));
	for (size_t i = 0; i < NV_LEN(cases); i++) {
		m.sort = cases[i].sort;
		m.reverse = cases[i].reverse;
		top_model_arrange(&m);
		ck_assert_msg(strcmp(lines(&m), cases[i].expected) == 0,
			"case %zu: expected %s, found %s", i, cases[i].expected,
			lines(&m));
	}
	top_model_fini(&m);
}
END_TEST

START_TEST(groups_are_ordered_by_their_sums)
{
	struct top_model m;
	int64_t ppm = 0;

	top_model_init(&m);
	m.sort = TOP_BY_PROFIT;
	take(&m, rows, NV_LEN(rows));
	/* 30 - 5, 0 - 10, and one that is not known. */
	ck_assert_str_eq(
		lines(&m), "sales email phone content critic writer default Alone");
	ck_assert_uint_eq(m.groups[0].n_workers, 2);
	ck_assert_uint_eq(m.groups[0].n_running, 1);
	ck_assert_uint_eq(m.groups[0].n_trouble, 1);
	ck_assert_int_eq(m.groups[0].own.restarts, 6);
	ck_assert(m.groups[0].own.today.profit == (nv_i128)25 * NV_MONEY_SCALE);
	ck_assert(top_roi(&m.groups[0].own.today, &ppm));
	ck_assert_int_eq(ppm, 1666666);
	ck_assert_int_eq(m.groups[1].own.cpu_tenths, 100);
	ck_assert(!m.groups[2].own.today.known);
	ck_assert(!top_roi(&m.groups[2].own.today, &ppm));
	top_model_fini(&m);
}
END_TEST

START_TEST(filters_by_name_group_and_state)
{
	static const struct {
		const char *filter;
		const char *expected;
	} cases[] = {{"", "content critic writer default Alone sales email phone"},
		{"EMAIL", "sales email"}, {"alo", "default Alone"},
		{"content", "content critic writer"}, {"halt", "sales phone"},
		{"nobody", ""},
		{"e", "content critic writer default Alone sales email phone"},
		{"email_and_more_than_that", ""}};
	struct top_model m;

	top_model_init(&m);
	take(&m, rows, NV_LEN(rows));
	for (size_t i = 0; i < NV_LEN(cases); i++) {
		(void)snprintf(m.filter, sizeof(m.filter), "%s", cases[i].filter);
		top_model_arrange(&m);
		ck_assert_str_eq(lines(&m), cases[i].expected);
		ck_assert_int_eq(top_model_selected(&m) == NULL, !cases[i].expected[0]);
	}
	top_model_fini(&m);
}
END_TEST

START_TEST(folds_groups_and_workers)
{
	struct top_model m;

	top_model_init(&m);
	take(&m, rows, NV_LEN(rows));
	ck_assert(!top_model_wants_instances(&m));
	select_name(&m, "email");
	top_model_fold(&m, true);
	ck_assert_str_eq(lines(&m),
		"content critic writer default Alone sales email email#1 email#2 phone");
	ck_assert(top_model_wants_instances(&m));
	/* An instance shuts its worker, and the selection goes up to it. */
	top_model_move(&m, 2);
	ck_assert_int_eq(top_model_selected(&m)->kind, TOP_INSTANCE);
	top_model_fold(&m, false);
	ck_assert_int_eq(top_model_selected(&m)->kind, TOP_WORKER);
	ck_assert_str_eq(top_model_worker(&m)->name, "email");
	select_name(&m, "content");
	top_model_fold(&m, false);
	ck_assert_str_eq(lines(&m), "content default Alone sales email phone");
	ck_assert_ptr_null(top_model_worker(&m));
	/* Folds survive a new picture. */
	take(&m, rows, NV_LEN(rows));
	ck_assert_str_eq(lines(&m), "content default Alone sales email phone");
	top_model_fold(&m, true);
	ck_assert_str_eq(
		lines(&m), "content critic writer default Alone sales email phone");
	top_model_fini(&m);
}
END_TEST

START_TEST(selection_stays_with_its_worker)
{
	struct row others[NV_LEN(rows)];
	struct top_model m;

	memcpy(others, rows, sizeof(rows));
	top_model_init(&m);
	take(&m, rows, NV_LEN(rows));
	select_name(&m, "phone");
	m.sort = TOP_BY_RESTARTS;
	top_model_arrange(&m);
	ck_assert_str_eq(top_model_worker(&m)->name, "phone");
	m.flat = true;
	top_model_arrange(&m);
	ck_assert_str_eq(top_model_worker(&m)->name, "phone");
	ck_assert_uint_eq(m.selected, 0);
	/* Gone: the line is left to whoever stands there now. */
	others[1] = rows[0];
	others[0] = rows[2];
	take(&m, others, 2);
	ck_assert_str_eq(top_model_worker(&m)->name, "writer");
	take(&m, others, 0);
	ck_assert_ptr_null(top_model_selected(&m));
	take(&m, rows, NV_LEN(rows));
	ck_assert_ptr_nonnull(top_model_selected(&m));
	top_model_fini(&m);
}
END_TEST

START_TEST(pages_hold_the_selection)
{
	struct row many[100];
	char names[100][16];
	struct top_model m;

	for (size_t i = 0; i < 100; i++) {
		many[i] = rows[0];
		(void)snprintf(names[i], sizeof(names[i]), "w%03zu", i);
		many[i].name = names[i];
		many[i].instances = 0;
	}
	top_model_init(&m);
	m.flat = true;
	take(&m, many, 100);
	top_model_page(&m, 10);
	ck_assert_uint_eq(m.first, 0);
	top_model_move(&m, 10);
	top_model_page(&m, 10);
	ck_assert_uint_eq(m.first, 1);
	top_model_move(&m, 1000000);
	top_model_page(&m, 10);
	ck_assert_uint_eq(m.first, 90);
	ck_assert_uint_eq(m.selected, 99);
	/* The window grows: no line of it stays empty. */
	top_model_page(&m, 60);
	ck_assert_uint_eq(m.first, 40);
	top_model_move(&m, -1000000);
	top_model_page(&m, 10);
	ck_assert_uint_eq(m.first, 0);
	top_model_page(&m, 0);
	take(&m, many, 0);
	top_model_page(&m, 10);
	ck_assert_uint_eq(m.first, 0);
	top_model_fini(&m);
}
END_TEST

START_TEST(columns_have_names)
{
	enum top_column column;
	struct nv_err err = {0};

	for (size_t i = 0; i < TOP_BY_COUNT; i++) {
		ck_assert_int_eq(top_column_parse(top_column_name((enum top_column)i),
					 &column, &err),
			0);
		ck_assert_uint_eq(column, i);
	}
	ck_assert_int_eq(top_column_parse("size", &column, &err), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "profit, roi"));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("top_model");
	TCase *tests = tcase_create("model");

	tcase_add_test(tests, orders_by_every_column);
	tcase_add_test(tests, groups_are_ordered_by_their_sums);
	tcase_add_test(tests, filters_by_name_group_and_state);
	tcase_add_test(tests, folds_groups_and_workers);
	tcase_add_test(tests, selection_stays_with_its_worker);
	tcase_add_test(tests, pages_hold_the_selection);
	tcase_add_test(tests, columns_have_names);
	tcase_set_timeout(tests, 60);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
