/* What became of an import, for people and programs. See import.h. */
#include "import.h"
#include "table.h"
#include "value.h"

#include "nv_json.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Sums of doubles against exact sums: less than half a cent is rounding. */
#define ROUNDING_NANO (NV_MONEY_SCALE / 200)

/* ---- where the sums differ ---- */

static nv_i128
apart(nv_i128 a, nv_i128 b)
{
	return a > b ? a - b : b - a;
}

struct differences {
	json_t *list;
	const char *currency;
};

NV_PRINTF(2, 3)
static void
differ(struct differences *d, const char *fmt, ...)
{
	char text[600];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (json_array_append_new(d->list, ctl_json_str(text)) < 0)
		(void)ctl_need(NULL);
}

static const char *
shown_key(const struct ctl_import_agent *a)
{
	if (a->key[0] == '\0')
		return "(no agent)";
	return a->key[0] == '\1' ? a->key + 1 : a->key;
}

struct agent_sums {
	const char *what;
	nv_i128 file;
	nv_i128 taken;
	nv_i128 said;
};

/* What the file says of an agent in two places, and what was taken of it. */
static void
compare_sums(struct differences *d, const struct ctl_import_agent *a,
	const struct agent_sums *s)
{
	char file[NV_MONEY_BYTES];
	char taken[NV_MONEY_BYTES];
	char said[NV_MONEY_BYTES];

	(void)nv_money_show(s->file, d->currency, file);
	(void)nv_money_show(s->taken, d->currency, taken);
	(void)nv_money_show(s->said, d->currency, said);
	if (!a->summed)
		differ(d, "%s: SQLite's sum of its %s is no amount; %s was taken",
			shown_key(a), s->what, taken);
	else if (apart(s->file, s->taken) >= ROUNDING_NANO)
		differ(d,
			"%s: SQLite adds its %s up to %s, %s was taken; rows left out: "
			"%llu",
			shown_key(a), s->what, file, taken, (unsigned long long)a->left);
	if (a->said && apart(s->said, s->taken) >= ROUNDING_NANO)
		differ(d,
			"%s: the table agents says %s of %s, its rows that were taken "
			"say "
			"%s; only rows are booked",
			shown_key(a), s->what, said, taken);
}

static void
compare_agent(struct differences *d, const struct ctl_import_agent *a)
{
	compare_sums(
		d, a, &(struct agent_sums){"costs", a->file_cost, a->cost, a->said_cost});
	compare_sums(d, a,
		&(struct agent_sums){
			"revenue", a->file_revenue, a->revenue, a->said_revenue});
}

static nv_i128
ledger_says(const struct ctl_import *im, const char *worker, const char *key)
{
	nv_i128 sum = 0;
	size_t i;
	json_t *row;

	json_array_foreach(json_object_get(im->ledger, "workers"), i, row)
	{
		const char *text = ctl_str(row, key);

		if (strcmp(ctl_str(row, "worker"), worker) == 0 &&
			strcmp(ctl_str(row, "currency"), im->currency) == 0 &&
			!nv_sum_parse(text, &sum))
			sum = 0;
	}
	return sum;
}

static void
compare_ledger(struct differences *d, const char *worker, const char *what,
	nv_i128 ledger, nv_i128 file)
{
	char a[NV_MONEY_BYTES];
	char b[NV_MONEY_BYTES];

	if (ledger != file)
		differ(d,
			"%s: the ledger holds imported %s of %s, this file %s: the rest "
			"is "
			"of another file, or was corrected",
			worker, what, nv_money_show(ledger, d->currency, a),
			nv_money_show(file, d->currency, b));
}

/* What the ledger has of a worker, against all of its agents together. */
static void
compare_worker(struct differences *d, const struct ctl_import *im, size_t first)
{
	const char *worker = im->agents[first].worker;
	nv_i128 cost = 0;
	nv_i128 revenue = 0;

	for (size_t i = 0; i < im->n_agents; i++) {
		if (strcmp(im->agents[i].worker, worker) != 0)
			continue;
		if (i < first)
			return; /* told with that one */
		cost += im->agents[i].cost;
		revenue += im->agents[i].revenue;
	}
	compare_ledger(d, worker, "costs", ledger_says(im, worker, "cost"), cost);
	compare_ledger(d, worker, "revenue", ledger_says(im, worker, "revenue"), revenue);
}

static json_t *
differences_json(const struct ctl_import *im)
{
	struct differences d = {ctl_need(json_array()), im->currency};

	for (size_t i = 0; i < im->n_agents; i++) {
		compare_agent(&d, &im->agents[i]);
		if (im->ledger)
			compare_worker(&d, im, i);
	}
	return d.list;
}

/* ---- the object ---- */

static json_t *
notes_json(const struct ctl_import_table *t, bool left)
{
	json_t *list = ctl_need(json_array());

	for (unsigned i = 0; i < CTL_IMPORT_NOTES; i++) {
		const struct ctl_import_count *c = &t->notes[i];
		json_t *examples;

		if (c->n == 0 || left != (i >= CTL_IMPORT_FIRST_LEFT))
			continue;
		examples = ctl_need(json_array());
		for (size_t k = 0; k < NV_MIN(c->n, (uint64_t)CTL_IMPORT_EXAMPLES); k++) {
			if (json_array_append_new(
				    examples, ctl_json_str(c->examples[k])) < 0)
				(void)ctl_need(NULL);
		}
		if (json_array_append_new(list,
			    json_pack("{s:s, s:I, s:o}", "what",
				    ctl_import_note_text((enum ctl_import_note)i),
				    "count", (json_int_t)c->n, "examples", examples)) < 0)
			(void)ctl_need(NULL);
	}
	return list;
}

static json_t *
tables_json(const struct ctl_import *im)
{
	json_t *list = ctl_need(json_array());

	for (int i = 0; i < CTL_IMPORT_TABLES; i++) {
		const struct ctl_import_table *t = &im->tables[i];

		if (!t->there)
			continue;
		if (json_array_append_new(list,
			    json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:o, s:o}", "table",
				    ctl_import_table_name((enum ctl_import_what)i),
				    "read", (json_int_t)t->read, "imported",
				    (json_int_t)t->booked, "already_there",
				    (json_int_t)t->known, "rows_mended",
				    (json_int_t)t->mended, "rows_left_out",
				    (json_int_t)t->left, "mended", notes_json(t, false),
				    "left_out", notes_json(t, true))) < 0)
			(void)ctl_need(NULL);
	}
	return list;
}

static json_t *
untaken_json(const struct ctl_import *im)
{
	json_t *list = ctl_need(json_array());

	for (int i = 0; i < CTL_IMPORT_TABLES; i++) {
		const struct ctl_import_table *t = &im->tables[i];

		if (t->why[0] &&
			json_array_append_new(list,
				json_pack("{s:s, s:I, s:s}", "table",
					ctl_import_table_name((enum ctl_import_what)i),
					"rows", (json_int_t)t->rows, "why", t->why)) < 0)
			(void)ctl_need(NULL);
	}
	for (size_t i = 0; i < im->n_others; i++) {
		const struct ctl_import_other *o = &im->others[i];

		if (json_array_append_new(list,
			    json_pack("{s:o, s:I, s:s}", "table", ctl_json_str(o->name),
				    "rows", (json_int_t)o->rows, "why", o->why)) < 0)
			(void)ctl_need(NULL);
	}
	return list;
}

static json_t *
agents_json(const struct ctl_import *im)
{
	json_t *list = ctl_need(json_array());

	for (size_t i = 0; i < im->n_agents; i++) {
		const struct ctl_import_agent *a = &im->agents[i];

		if (json_array_append_new(list,
			    json_pack(
				    "{s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:I}",
				    "agent", ctl_json_str(shown_key(a)), "name",
				    a->name[0] ? ctl_json_str(a->name) : json_null(),
				    "worker", a->worker, "group",
				    a->group[0] ? json_string(a->group) : json_null(),
				    "cost_in_file",
				    a->summed ? nv_json_money(a->file_cost) : json_null(),
				    "cost_taken", nv_json_money(a->cost),
				    "revenue_in_file",
				    a->summed ? nv_json_money(a->file_revenue)
					      : json_null(),
				    "revenue_taken", nv_json_money(a->revenue), "said",
				    a->said ? json_pack("{s:o, s:o}", "cost",
						      nv_json_money(a->said_cost),
						      "revenue",
						      nv_json_money(a->said_revenue))
					    : json_null(),
				    "rows_left_out", (json_int_t)a->left)) < 0)
			(void)ctl_need(NULL);
	}
	return list;
}

static bool
complete(const struct ctl_import *im)
{
	bool all = im->n_others == 0;

	for (int i = 0; i < CTL_IMPORT_TABLES; i++)
		all = all && im->tables[i].left == 0 && !im->tables[i].why[0];
	return all;
}

/* ---- for people ---- */

static void
print_tables(const struct ctl_out *out, const json_t *report)
{
	static const struct ctl_column columns[] = {{"TABLE", false}, {"READ", true},
		{"IMPORTED", true}, {"ALREADY THERE", true}, {"MENDED", true},
		{"LEFT OUT", true}};
	static const char *const keys[] = {
		"read", "imported", "already_there", "rows_mended", "rows_left_out"};
	struct ctl_table *t = ctl_table_new(columns, NV_LEN(columns));
	char buf[CTL_VALUE_BYTES];
	size_t i;
	json_t *row;

	json_array_foreach(json_object_get(report, "tables"), i, row)
	{
		ctl_cell(t, CTL_PLAIN, ctl_str(row, "table"));
		for (size_t k = 0; k < NV_LEN(keys); k++)
			ctl_cell(t, CTL_PLAIN, ctl_count(row, keys[k], buf));
	}
	ctl_table_print(t, out, "no table of the original");
}

static void
print_notes(const struct ctl_out *out, const json_t *report, const char *key,
	const char *head)
{
	bool first = true;
	size_t i;
	size_t k;
	json_t *table;
	json_t *note;

	json_array_foreach(json_object_get(report, "tables"), i, table)
	{
		json_array_foreach(json_object_get(table, key), k, note)
		{
			const json_t *examples = json_object_get(note, "examples");
			size_t n = json_array_size(examples);

			if (first)
				ctl_print(out, CTL_BOLD, "\n%s\n", head);
			first = false;
			ctl_print(out, CTL_PLAIN, "  %s: %lld x %s (row%s",
				ctl_str(table, "table"),
				(long long)ctl_int(note, "count"), ctl_str(note, "what"),
				n == 1 ? "" : "s");
			for (size_t e = 0; e < n; e++)
				ctl_print(out, CTL_PLAIN, "%s %s", e ? "," : "",
					json_string_value(json_array_get(examples, e)));
			ctl_print(out, CTL_PLAIN, "%s)\n",
				ctl_int(note, "count") > (int64_t)n ? ", ..." : "");
		}
	}
}

static void
print_agents(const struct ctl_out *out, const json_t *report, const char *currency)
{
	static const struct ctl_column columns[] = {{"AGENT", false}, {"WORKER", false},
		{"COST IN FILE", true}, {"TAKEN", true}, {"REVENUE IN FILE", true},
		{"TAKEN", true}};
	static const char *const keys[] = {
		"cost_in_file", "cost_taken", "revenue_in_file", "revenue_taken"};
	struct ctl_table *t = ctl_table_new(columns, NV_LEN(columns));
	char buf[CTL_VALUE_BYTES];
	size_t i;
	json_t *row;

	json_array_foreach(json_object_get(report, "agents"), i, row)
	{
		ctl_cell(t, CTL_PLAIN, ctl_str(row, "agent"));
		ctl_cell(t, CTL_PLAIN, ctl_str(row, "worker"));
		for (size_t k = 0; k < NV_LEN(keys); k++)
			ctl_cell(t, CTL_PLAIN, ctl_money(row, keys[k], currency, buf));
	}
	ctl_print(out, CTL_PLAIN, "\n");
	ctl_table_print(t, out, "nobody is named");
}

static void
print_report(const struct ctl_import *im, const json_t *report)
{
	const struct ctl_out *out = &im->ctl->out;
	size_t i;
	json_t *row;

	if (im->dry_run)
		ctl_print(out, CTL_YELLOW, "dry run: nothing is booked\n");
	print_tables(out, report);
	print_notes(out, report, "mended", "Mended");
	print_notes(out, report, "left_out", "Left out");
	json_array_foreach(json_object_get(report, "not_taken"), i, row) ctl_print(out,
		CTL_PLAIN, "%s%s: %lld rows: %s\n", i ? "" : "\n", ctl_str(row, "table"),
		(long long)ctl_int(row, "rows"), ctl_str(row, "why"));
	print_agents(out, report, im->currency);
	json_array_foreach(json_object_get(report, "differences"), i, row) ctl_print(
		out, CTL_YELLOW, "%s%s\n", i ? "" : "\n", json_string_value(row));
}

int
ctl_import_report(struct ctl_import *im)
{
	bool all = complete(im);
	json_t *report = ctl_need(json_pack("{s:o, s:b, s:b, s:s, s:o, s:o, s:o, s:o}",
		"file", ctl_json_str(im->file), "dry_run", im->dry_run, "complete", all,
		"currency", im->currency, "tables", tables_json(im), "not_taken",
		untaken_json(im), "agents", agents_json(im), "differences",
		differences_json(im)));

	if (im->ctl->out.json) {
		ctl_json(&im->ctl->out, report);
	} else {
		print_report(im, report);
		json_decref(report);
	}
	return all ? NV_EXIT_OK : NV_EXIT_NO;
}
