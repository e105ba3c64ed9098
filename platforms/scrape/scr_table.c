/* Tables as a grid (HTML, "forming a table"): a cell of several columns or rows stands in
 * each of them. */
#include "nv_json.h"
#include "scr_ascii.h"
#include "scr_page.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A cell of an earlier row that reaches down into this column. */
struct carry {
	unsigned rows; /* still to come */
	json_t *text;  /* owned */
};

struct grid {
	json_t *rows;          /* owned */
	json_t *headers;       /* owned; NULL: none */
	struct carry *carries; /* owned; SCR_COLSPAN_MAX + 1 of them */
	unsigned columns;      /* carries in use */
	size_t *cells_left;
	const xmlNode *group; /* thead, tbody, tfoot or table of the last row */
};

/* A number at the beginning, as HTML reads attributes ("3px" is 3). */
static unsigned
span_of(const xmlNode *cell, const char *name, unsigned max, unsigned otherwise)
{
	const char *text = scr_attr(cell, name);
	unsigned n = 0;

	if (!text)
		return 1;
	while (scr_is_space(*text))
		text++;
	if (*text == '+')
		text++;
	if (!scr_is_digit(*text))
		return 1;
	for (; scr_is_digit(*text); text++)
		n = NV_MIN(n * 10 + (unsigned)(*text - '0'), max);
	return n == 0 ? otherwise : n;
}

static int
put_cell(struct grid *g, json_t *row, json_t *text)
{
	if (*g->cells_left == 0 || json_array_size(row) >= SCR_COLSPAN_MAX)
		return 1;
	--*g->cells_left;
	return json_array_append(row, text) < 0 ? -ENOMEM : 0;
}

/* Cells that come from above, up to the first free column. */
static int
put_carried(struct grid *g, json_t *row)
{
	for (;;) {
		size_t at = json_array_size(row);

		if (at >= g->columns || g->carries[at].rows == 0)
			return 0;
		int rc = put_cell(g, row, g->carries[at].text);

		if (rc)
			return rc;
		if (--g->carries[at].rows == 0) {
			json_decref(g->carries[at].text);
			g->carries[at].text = NULL;
		}
	}
}

static int
put_own(struct grid *g, json_t *row, const xmlNode *cell)
{
	unsigned columns = span_of(cell, "colspan", SCR_COLSPAN_MAX, 1);
	/* 0: to the end of the group. */
	unsigned rows = span_of(cell, "rowspan", SCR_ROWSPAN_MAX, SCR_ROWSPAN_MAX + 1);
	json_t *text = scr_text_json(cell, false);
	int rc = text ? put_carried(g, row) : -ENOMEM;

	for (unsigned i = 0; rc == 0 && i < columns; i++) {
		size_t at = json_array_size(row);

		rc = put_cell(g, row, text);
		if (rc || rows < 2)
			continue;
		for (; g->columns <= at; g->columns++)
			g->carries[g->columns] = (struct carry){.rows = 0};
		json_decref(g->carries[at].text);
		g->carries[at] =
			(struct carry){.rows = rows - 1, .text = json_incref(text)};
	}
	json_decref(text);
	return rc;
}

static void
end_group(struct grid *g)
{
	for (unsigned i = 0; i < g->columns; i++) {
		json_decref(g->carries[i].text);
		g->carries[i] = (struct carry){.rows = 0};
	}
	g->columns = 0;
}

static bool
all_headers(const xmlNode *tr)
{
	bool any = false;

	for (const xmlNode *n = tr->children; n; n = n->next) {
		if (scr_is(n, "td"))
			return false;
		any |= scr_is(n, "th");
	}
	return any;
}

/* 0; 1: no more cells may be read; -ENOMEM. */
static int
on_row(struct grid *g, const xmlNode *tr)
{
	json_t *row = json_array();
	int rc = row ? 0 : -ENOMEM;

	if (tr->parent != g->group)
		end_group(g);
	g->group = tr->parent;
	for (const xmlNode *n = tr->children; n && rc == 0; n = n->next) {
		if (scr_is(n, "td") || scr_is(n, "th"))
			rc = put_own(g, row, n);
	}
	/* What reaches down at the right of the row's own last cell, with gaps between.
	 */
	while (rc == 0 && json_array_size(row) < g->columns) {
		rc = put_carried(g, row);
		if (rc == 0 && json_array_size(row) < g->columns) {
			json_t *gap = json_string("");

			rc = gap ? put_cell(g, row, gap) : -ENOMEM;
			json_decref(gap);
		}
	}
	if (rc < 0) {
		json_decref(row);
		return rc;
	}
	if (!g->headers && json_array_size(g->rows) == 0 && all_headers(tr))
		g->headers = row;
	else if (json_array_append_new(g->rows, row) < 0)
		return -ENOMEM;
	return rc;
}

struct tables {
	json_t *all; /* borrowed */
	size_t cells_left;
	bool *truncated;
};

static json_t *
grid_json(struct grid *g, json_t *caption)
{
	json_t *one = json_pack("{s:O, s:O?, s:O?}", "rows", g->rows, "headers",
		g->headers, "caption", caption);

	if (one && !g->headers)
		(void)json_object_del(one, "headers"); /* it may not be there */
	if (one && !caption)
		(void)json_object_del(one, "caption");
	return one;
}

static int
on_table(void *arg, xmlNode *table)
{
	struct tables *t = arg;
	struct grid g = {.rows = json_array(), .cells_left = &t->cells_left};
	json_t *caption = NULL;
	int rc = 0;

	g.carries = calloc(SCR_COLSPAN_MAX + 1, sizeof(*g.carries));
	if (!scr_is(table, "table")) {
		json_decref(g.rows);
		free(g.carries);
		return 0;
	}
	if (!g.rows || !g.carries)
		rc = -ENOMEM;
	xmlNode *n = rc == 0 ? scr_next(table, table) : NULL;

	while (n && rc == 0) {
		if (scr_is(n, "tr"))
			rc = on_row(&g, n);
		else if (scr_is(n, "caption") && !caption)
			caption = scr_text_json(n, false);
		/* A table in a cell is a table of its own. */
		n = scr_is(n, "td") || scr_is(n, "th") || scr_is(n, "table")
			    ? scr_next_over(table, n)
			    : scr_next(table, n);
	}
	if (rc >= 0 && json_array_append_new(t->all, grid_json(&g, caption)) < 0)
		rc = -ENOMEM;
	end_group(&g);
	json_decref(caption);
	json_decref(g.rows);
	json_decref(g.headers);
	free(g.carries);
	if (rc > 0 || json_array_size(t->all) >= SCR_TABLES_MAX) {
		*t->truncated = true;
		rc = rc < 0 ? rc : 1;
	}
	return rc;
}

json_t *
scr_tables(xmlNode *top, struct scr_list *list, uint64_t *steps, bool *truncated)
{
	json_t *all = json_array();
	struct tables t = {
		.all = all, .cells_left = SCR_CELLS_MAX, .truncated = truncated};
	int rc = all ? 0 : -ENOMEM;

	if (list && rc == 0)
		rc = scr_match_each(top, list, steps, on_table, &t);
	for (xmlNode *n = list || !all ? NULL : scr_next(top, top); n && rc == 0;
		n = scr_next(top, n))
		rc = on_table(&t, n);
	if (rc < 0) {
		json_decref(all);
		return NULL;
	}
	return all;
}
