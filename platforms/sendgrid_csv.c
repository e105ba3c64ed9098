/* CSV: see sendgrid_csv.h. */
#include "sendgrid_csv.h"

#include "nv_buf.h"
#include "nv_json.h"

#include <errno.h>
#include <string.h>

struct csv {
	const char *at, *end;
	unsigned line;
	json_t *names; /* owned: array of texts */
	struct nv_buf field;
};

static int
bad(const struct csv *c, struct nv_err *err, const char *what)
{
	return nv_err_set(err, -EINVAL, "line %u: %s", c->line, what);
}

static bool
at_line_end(const struct csv *c)
{
	return c->at == c->end || *c->at == '\n' ||
	       (*c->at == '\r' && c->at + 1 < c->end && c->at[1] == '\n');
}

static void
skip_line_end(struct csv *c)
{
	if (c->at < c->end && *c->at == '\r')
		c->at++;
	if (c->at < c->end)
		c->at++;
	c->line++;
}

static int
quoted_field(struct csv *c, struct nv_err *err)
{
	c->at++;
	for (;;) {
		if (c->at == c->end)
			return bad(c, err, "a quote that is not closed");
		if (*c->at == '"' && (c->at + 1 == c->end || c->at[1] != '"'))
			break;
		c->at += *c->at == '"';
		c->line += *c->at == '\n';
		nv_buf_add(&c->field, c->at++, 1);
	}
	c->at++;
	if (!at_line_end(c) && *c->at != ',')
		return bad(c, err, "text behind a closing quote");
	return 0;
}

/* Into c->field. */
static int
next_field(struct csv *c, struct nv_err *err)
{
	int rc = 0;

	nv_buf_clear(&c->field);
	if (c->at < c->end && *c->at == '"')
		rc = quoted_field(c, err);
	else
		while (!at_line_end(c) && *c->at != ',')
			nv_buf_add(&c->field, c->at++, 1);
	if (rc == 0 && c->field.error == -ENOBUFS)
		return bad(c, err, "a field of over 4096 bytes");
	if (rc == 0 && c->field.data && memchr(c->field.data, '\0', c->field.bytes))
		return bad(c, err, "a NUL byte");
	return rc == 0 ? c->field.error : rc;
}

/* One row; add(arg, column) takes c->field. */
static int
read_row(struct csv *c, json_t *row, struct nv_err *err)
{
	for (size_t column = 0;; column++) {
		int rc = next_field(c, err);

		if (rc != 0)
			return rc;
		json_t *text = nv_json_text(c->field.data, c->field.bytes);
		const char *name = json_string_value(json_array_get(c->names, column));

		if (column >= SG_CSV_COLUMNS_MAX || (json_is_object(row) && !name)) {
			json_decref(text);
			return bad(c, err, "more columns than names in the first line");
		}
		if (json_is_object(row) ? json_object_set_new(row, name, text)
					: json_array_append_new(row, text))
			return nv_err_set(err, -ENOMEM, "out of memory");
		if (at_line_end(c)) {
			skip_line_end(c);
			return 0;
		}
		c->at++; /* the comma */
	}
}

static int
check_names(const struct csv *c, struct nv_err *err)
{
	size_t i, k;
	json_t *name, *other;

	json_array_foreach(c->names, i, name)
	{
		if (json_string_length(name) == 0)
			return nv_err_set(
				err, -EINVAL, "line 1: a column without a name");
		json_array_foreach(c->names, k,
			other) if (k < i &&
				   json_equal(name, other)) return nv_err_set(err,
			-EINVAL, "line 1: two columns are called \"%.40s\"",
			json_string_value(name));
	}
	return 0;
}

static int
read_rows(struct csv *c, size_t rows_max, json_t *rows, struct nv_err *err)
{
	int rc = read_row(c, c->names, err);

	if (rc == 0)
		rc = check_names(c, err);
	while (rc == 0 && c->at < c->end) {
		if (at_line_end(c)) {
			skip_line_end(c);
			continue;
		}
		json_t *row = json_object();

		if (json_array_size(rows) >= rows_max)
			rc = nv_err_set(err, -EINVAL, "more than %zu rows", rows_max);
		else
			rc = row ? read_row(c, row, err) : -ENOMEM;
		if (rc == 0 && json_array_append(rows, row) != 0)
			rc = -ENOMEM;
		json_decref(row);
	}
	return rc;
}

int
sg_csv_read(const char *text, size_t bytes, size_t rows_max, json_t **ret_rows,
	struct nv_err *err)
{
	struct csv c = {
		.at = text, .end = text + bytes, .line = 1, .names = json_array()};
	json_t *rows = json_array();
	int rc = rows && c.names ? 0 : -ENOMEM;

	if (bytes >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
		c.at += 3;
	nv_buf_init(&c.field, SG_CSV_FIELD_MAX);
	if (rc == 0 && c.at == c.end)
		rc = nv_err_set(err, -EINVAL, "line 1: expected the columns' names");
	if (rc == 0)
		rc = read_rows(&c, rows_max, rows, err);
	nv_buf_fini(&c.field);
	json_decref(c.names);
	if (rc == 0)
		*ret_rows = rows;
	else
		json_decref(rows);
	return rc;
}
