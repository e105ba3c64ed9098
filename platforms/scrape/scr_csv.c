#include "scr_csv.h"

#include "scr_ascii.h"

#include <string.h>

static bool
is_number(const char *text, size_t bytes)
{
	size_t i = 0, digits = 0, dots = 0;

	if (i < bytes && (text[i] == '-' || text[i] == '+'))
		i++;
	for (; i < bytes; i++) {
		digits += scr_is_digit(text[i]);
		dots += text[i] == '.';
		if (!scr_is_digit(text[i]) && text[i] != '.' && text[i] != ',')
			return false;
	}
	return digits > 0 && dots <= 1;
}

void
scr_csv_cell(struct nv_buf *out, const char *text, size_t bytes)
{
	bool formula = bytes > 0 && strchr("=+-@\t\r", text[0]) && text[0] &&
		       !is_number(text, bytes);
	bool quoted = formula;

	for (size_t i = 0; i < bytes && !quoted; i++)
		quoted = text[i] == '"' || text[i] == ',' || text[i] == '\n' ||
			 text[i] == '\r' || text[i] == ';' || text[i] == '\t';
	if (!quoted) {
		nv_buf_add(out, text, bytes);
		return;
	}
	nv_buf_puts(out, formula ? "\"'" : "\"");
	for (size_t i = 0; i < bytes; i++)
		nv_buf_add(
			out, text[i] == '"' ? "\"\"" : text + i, text[i] == '"' ? 2 : 1);
	nv_buf_puts(out, "\"");
}

static void
put(struct nv_buf *out, const json_t *value)
{
	if (json_is_string(value)) {
		scr_csv_cell(out, json_string_value(value), json_string_length(value));
	} else if (json_is_integer(value)) {
		nv_buf_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	} else if (json_is_boolean(value)) {
		nv_buf_puts(out, json_is_true(value) ? "true" : "false");
	}
}

void
scr_csv_row(struct nv_buf *out, const json_t *row)
{
	size_t i;
	json_t *cell;

	json_array_foreach(row, i, cell)
	{
		if (i > 0)
			nv_buf_puts(out, ",");
		put(out, cell);
	}
	nv_buf_puts(out, "\r\n");
}

void
scr_csv_records(struct nv_buf *out, const json_t *records)
{
	json_t *first = json_array_get(records, 0), *record;
	const char *name;
	json_t *value;
	size_t i, column = 0;

	if (!first)
		return;
	json_object_foreach(first, name, value)
	{
		if (column++ > 0)
			nv_buf_puts(out, ",");
		scr_csv_cell(out, name, strlen(name));
	}
	nv_buf_puts(out, "\r\n");
	json_array_foreach(records, i, record)
	{
		column = 0;
		json_object_foreach(first, name, value)
		{
			if (column++ > 0)
				nv_buf_puts(out, ",");
			put(out, json_object_get(record, name));
		}
		nv_buf_puts(out, "\r\n");
	}
}
