/* Rows of the original's tables as rows for the engine: one description a table, one way
 * for all of them. See import.h. */
#include "import.h"

#include "nv_clock.h"
#include "nv_json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define COLUMNS_MAX    16
#define TEXT_BYTES_MAX 3000 /* of one value; nine of them fit a request */
#define CATEGORY_BYTES 64
#define NONE           (-1)

/* The columns are those of the original's core/memory.py, whose schema has been the same
 * in all of its versions; the first is the id. What may hold anything, secrets too, stays
 * where it is: agents.config, costs.request_data, system_metrics.metadata. */
static const struct def {
	const char *name;
	const char *what; /* as the engine calls it */
	const char *columns[COLUMNS_MAX];
	int stamp;
	int created;
	int amount; /* NONE: nothing moves */
	int agent;
	int agent_name;
	int category;
	const char *common; /* whose, when nobody can be named */
} defs[CTL_IMPORT_TABLES] = {
	[CTL_IMPORT_AGENTS] = {"agents", "agent",
		{"id", "deployed_at", "name", "type", "department", "status",
			"token_budget", "tokens_used", "total_cost", "revenue_generated",
			"roi", "last_active"},
		1, NONE, NONE, 0, NONE, NONE, NULL},
	[CTL_IMPORT_COSTS] = {"costs", "cost",
		{"id", "timestamp", "created_at", "cost", "agent_id", "agent_name",
			"model", "department", "operation", "input_tokens",
			"output_tokens"},
		1, 2, 3, 4, 5, 6, NULL},
	[CTL_IMPORT_REVENUE] = {"revenue", "revenue",
		{"id", "timestamp", "created_at", "amount", "agent_id", "source",
			"department", "description"},
		1, 2, 3, 4, NONE, 5, NULL},
	[CTL_IMPORT_DECISIONS] = {"decisions", "decision",
		{"id", "timestamp", "created_at", "agent", "decision_type", "question",
			"decision", "reasoning", "outcome", "tokens_used", "cost"},
		1, 2, NONE, 3, NONE, 4, NULL},
	[CTL_IMPORT_COUNCIL] = {"council_sessions", "decision",
		{"id", "timestamp", "created_at", "question", "thiel_analysis",
			"musk_analysis", "graham_analysis", "taleb_analysis", "consensus",
			"action_items", "dissents", "tokens_used", "cost"},
		1, 2, NONE, NONE, NONE, NONE, "council"},
	[CTL_IMPORT_OPPORTUNITIES] = {"opportunities", "note",
		{"id", "timestamp", "created_at", "title", "description", "source",
			"market_size", "competitive_analysis", "status", "assigned_to",
			"priority", "potential_revenue", "confidence_score"},
		1, 2, NONE, NONE, NONE, 5, "opportunities"},
	[CTL_IMPORT_METRICS] = {"system_metrics", "note",
		{"id", "timestamp", "created_at", "metric_name", "metric_value"}, 1, 2,
		NONE, NONE, NONE, 3, "system-metrics"},
};

static const struct ctl_cell nothing = {.type = CTL_CELL_NULL};

const char *
ctl_import_table_name(enum ctl_import_what table)
{
	return defs[table].name;
}

void
ctl_import_note(
	struct ctl_import_table *t, enum ctl_import_note note, const char *example)
{
	struct ctl_import_count *c = &t->notes[note];

	if (c->n < CTL_IMPORT_EXAMPLES)
		(void)snprintf(c->examples[c->n], sizeof c->examples[0], "%s", example);
	c->n++;
}

/* ---- one row ---- */

struct reading {
	struct ctl_import *im;
	enum ctl_import_what table;
};

static const struct ctl_cell *
at(const struct ctl_cell *cells, int i)
{
	return i == NONE ? &nothing : &cells[i];
}

static json_t *
text_json(const struct ctl_cell *cell, size_t max, ctl_import_notes *notes)
{
	struct nv_buf buf;

	nv_buf_init(&buf, max + 64);
	ctl_import_text(&buf, cell, max, notes);
	json_t *text = nv_json_text(buf.data ? buf.data : "", buf.bytes);

	nv_buf_fini(&buf);
	return ctl_need(text);
}

/* Everything that is not said otherwise. */
static json_t *
data_of(const struct def *def, const struct ctl_cell *cells, ctl_import_notes *notes)
{
	json_t *data = ctl_need(json_object());

	for (int i = 0; def->columns[i]; i++) {
		if (i == def->amount || i == def->created ||
			(i == def->stamp && def->created != NONE) ||
			cells[i].type == CTL_CELL_NULL)
			continue;
		json_t *value = cells[i].type == CTL_CELL_WHOLE
					? ctl_need(json_integer(cells[i].whole))
					: text_json(&cells[i], TEXT_BYTES_MAX, notes);

		if (json_object_set_new(data, def->columns[i], value) < 0)
			(void)ctl_need(NULL);
	}
	return data;
}

/* The number of the row, and what tells it from another one of the same number in another
 * file. What may be changed later is part of it where no money moves: a change is a new
 * fact. */
static void
put_id(json_t *row, const struct def *def, const struct ctl_cell *cells)
{
	char id[128];
	char number[32] = "";
	uint64_t hash = CTL_IMPORT_HASH_INIT;
	bool dated = def->amount != NONE &&
		     (at(cells, def->stamp)->type != CTL_CELL_NULL ||
			     at(cells, def->created)->type != CTL_CELL_NULL);

	if (cells[0].type == CTL_CELL_WHOLE)
		(void)snprintf(number, sizeof number, "%" PRId64 ":", cells[0].whole);
	else
		hash = ctl_import_hash(hash, &cells[0]);
	for (int i = 1; def->columns[i]; i++) {
		if (!dated || i == def->stamp || i == def->created)
			hash = ctl_import_hash(hash, &cells[i]);
	}
	(void)snprintf(id, sizeof id, "novaos:%s:%s%016" PRIx64, def->name, number, hash);
	ctl_put_text(row, "id", id);
}

static void
put_money(json_t *row, const char *currency, int64_t nano)
{
	char text[NV_MONEY_BYTES];

	ctl_put_text(row, "amount", nv_money_text(nano < 0 ? -nano : nano, text));
	ctl_put_text(row, "currency", currency);
	if (nano < 0 && json_object_set_new(row, "back", json_true()) < 0)
		(void)ctl_need(NULL);
}

static json_t *
row_json(struct reading *r, const struct ctl_cell *cells,
	const struct ctl_import_sent *about, int64_t at_ns, ctl_import_notes *notes)
{
	const struct def *def = &defs[r->table];
	char time[CTL_IMPORT_TIME_BYTES];
	json_t *row = ctl_need(json_object());
	const struct ctl_cell *category = at(cells, def->category);
	ctl_import_notes ignored = 0; /* it stands whole in the data */

	put_id(row, def, cells);
	ctl_put_text(row, "what", def->what);
	ctl_put_text(row, "worker", about->agent->worker);
	ctl_put_text(row, "at", ctl_import_time_text(at_ns, time));
	if (def->amount != NONE)
		put_money(row, r->im->currency, about->nano);
	if (r->table == CTL_IMPORT_AGENTS && about->agent->group[0])
		ctl_put_text(row, "group", about->agent->group);
	if (category->type != CTL_CELL_NULL) {
		json_t *text = text_json(category, CATEGORY_BYTES, &ignored);

		if (json_string_length(text) > 0)
			(void)json_object_set(row, "category", text); /* else none */
		json_decref(text);
	}
	if (json_object_set_new(row, "data", data_of(def, cells, notes)) < 0)
		(void)ctl_need(NULL);
	return row;
}

static struct ctl_import_agent *
whose(struct reading *r, const struct ctl_cell *cells, ctl_import_notes *notes)
{
	const struct def *def = &defs[r->table];

	if (def->common)
		return ctl_import_common(r->im, def->common);
	if (r->table == CTL_IMPORT_DECISIONS)
		return ctl_import_board(r->im, &cells[def->agent]);
	return ctl_import_agent_of(
		r->im, &cells[def->agent], at(cells, def->agent_name), notes);
}

static void
tell_notes(struct ctl_import_table *t, ctl_import_notes notes, bool left,
	const char *example)
{
	t->mended += !left && notes != 0;
	t->left += left;
	for (unsigned i = 0; i < CTL_IMPORT_NOTES; i++) {
		/* Of a row that was left out only why. */
		if (notes >> i & 1 && left == (i >= CTL_IMPORT_FIRST_LEFT))
			ctl_import_note(t, (enum ctl_import_note)i, example);
	}
}

static void
name_example(const struct ctl_cell *id, char ret[CTL_IMPORT_EXAMPLE_BYTES])
{
	struct nv_buf buf;
	ctl_import_notes ignored = 0;

	nv_buf_init(&buf, (size_t)CTL_IMPORT_EXAMPLE_BYTES + 32);
	ctl_import_text(&buf, id, CTL_IMPORT_EXAMPLE_BYTES - 1, &ignored);
	(void)snprintf(ret, CTL_IMPORT_EXAMPLE_BYTES, "%s", buf.data ? buf.data : "");
	nv_buf_fini(&buf);
}

static int
see_row(void *arg, const struct ctl_cell *cells, struct nv_err *err)
{
	struct reading *r = arg;
	struct ctl_import *im = r->im;
	struct ctl_import_table *t = &im->tables[r->table];
	const struct def *def = &defs[r->table];
	struct ctl_import_sent about = {.table = r->table};
	ctl_import_notes notes = 0;
	int64_t at_ns = 0;

	t->read++;
	if (t->read % 1000 == 0)
		ctl_progress(&im->ctl->out, "%s: %llu of %llu", def->name,
			(unsigned long long)t->read, (unsigned long long)t->rows);
	name_example(&cells[0], about.example);
	about.agent = whose(r, cells, &notes);
	int rc = cells[0].type == CTL_CELL_NULL ? -EINVAL : 0;

	if (rc < 0)
		notes |= UINT32_C(1) << CTL_LEFT_NO_ID;
	if (rc == 0 && def->amount != NONE)
		rc = ctl_import_amount(&cells[def->amount], &about.nano, &notes);
	if (rc == 0)
		rc = ctl_import_time(&im->clock, at(cells, def->stamp),
			at(cells, def->created), &at_ns, &notes);
	/* Nothing in the file could tell it: that is no fault of the row. */
	if (def->created == NONE)
		notes &= ~(UINT32_C(1) << CTL_MENDED_NO_ZONE);
	json_t *row = rc == 0 ? row_json(r, cells, &about, at_ns, &notes) : NULL;

	tell_notes(t, notes, rc < 0, about.example);
	about.agent->left += rc < 0 && def->amount != NONE;
	return rc < 0 ? 0 : ctl_import_push(im, row, &about, err);
}

/* ---- all tables ---- */

static int
see_table(void *arg, const char *name, bool plain, uint64_t rows, struct nv_err *err)
{
	struct ctl_import *im = arg;
	struct ctl_import_other *other;

	(void)err;
	for (int i = 0; i < CTL_IMPORT_TABLES; i++) {
		if (strcmp(defs[i].name, name) != 0)
			continue;
		im->tables[i].there = true;
		im->tables[i].rows = rows;
		if (!plain)
			(void)snprintf(im->tables[i].why, sizeof im->tables[i].why,
				"it is no plain table");
		return 0;
	}
	if (rows == 0 && plain)
		return 0;
	other = &im->others[NV_MIN(im->n_others, (size_t)CTL_IMPORT_OTHERS_MAX - 1)];
	if (im->n_others < CTL_IMPORT_OTHERS_MAX)
		im->n_others++;
	(void)snprintf(other->name, sizeof other->name, "%s", name);
	other->rows = rows;
	other->why = plain ? "Nova has nothing like it" : "it is no plain table";
	return 0;
}

/* Without these columns nothing of the table can be taken. */
static bool
usable(struct ctl_import *im, enum ctl_import_what table, uint32_t has)
{
	const struct def *def = &defs[table];
	const char *missing = NULL;

	if (def->amount != NONE && !(has >> def->amount & 1))
		missing = def->columns[def->amount];
	if (!(has & 1))
		missing = def->columns[0];
	if (missing)
		(void)snprintf(im->tables[table].why, sizeof im->tables[table].why,
			"it has no column %s", missing);
	return !missing;
}

static int
read_table(struct ctl_import *im, enum ctl_import_what table, struct nv_err *err)
{
	const struct def *def = &defs[table];
	uint32_t has = 0;

	if (!im->tables[table].there || im->tables[table].why[0])
		return 0;
	int rc = ctl_import_db_has(im->db, def->name, def->columns, &has, err);

	if (rc < 0 || !usable(im, table, has))
		return rc;
	im->clock.before_ns = 0;
	rc = ctl_import_db_rows(im->db, def->name, def->columns, see_row,
		&(struct reading){im, table}, err);
	return rc == 0 ? ctl_import_flush(im, err) : rc;
}

static int
see_zone(void *arg, const struct ctl_cell *cells, struct nv_err *err)
{
	struct ctl_import_clock *clock = arg;

	(void)err;
	if (!clock->known)
		ctl_import_zone_learn(clock, &cells[0], &cells[1]);
	return 0;
}

/* Of the newest costs: where the machine was that wrote them. */
static int
learn_zone(struct ctl_import *im, struct nv_err *err)
{
	static const char *const columns[] = {"id", "timestamp", "created_at", NULL};
	uint32_t has = 0;
	int rc = ctl_import_db_has(
		im->db, defs[CTL_IMPORT_COSTS].name, columns, &has, err);

	if (rc == -ENOENT || (rc == 0 && has != 7))
		return 0;
	return rc < 0 ? rc
		      : ctl_import_db_ask(im->db,
				"SELECT timestamp, created_at FROM costs ORDER BY id "
				"DESC "
				"LIMIT 100",
				see_zone, &im->clock, err);
}

int
ctl_import_rows(struct ctl_import *im, struct nv_err *err)
{
	int rc = ctl_import_db_tables(im->db, see_table, im, err);
	bool any = false;

	for (int i = 0; i < CTL_IMPORT_TABLES; i++)
		any |= im->tables[i].there;
	if (rc == 0 && !any)
		return nv_err_set(err, -EBADMSG,
			"%s has none of the original's tables: agents, costs, revenue, "
			"...",
			im->file);
	if (rc == 0 && !im->dry_run)
		rc = ctl_import_begin(im, err);
	if (rc == 0 && !ctl_opt(&im->ctl->args, "zone"))
		rc = learn_zone(im, err);
	for (int i = 0; i < CTL_IMPORT_TABLES && rc == 0; i++)
		rc = read_table(im, (enum ctl_import_what)i, err);
	ctl_progress_end(&im->ctl->out);
	return rc;
}
