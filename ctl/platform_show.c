/* What platforms answer, and their verbs, for people: see platform.h. */
#include "platform.h"
#include "table.h"
#include "value.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX 12
#define CELL_BYTES  1024

/* ---- help ---- */

static void
show_arg(const struct ctl_out *out, const json_t *arg)
{
	char head[CELL_BYTES];
	const char *choices = ctl_str(arg, "choices");

	(void)snprintf(head, sizeof(head), "%s %s", ctl_str(arg, "name"),
		*choices ? choices : ctl_str(arg, "type"));
	ctl_print(out, CTL_PLAIN, "  %-32s %s%s\n", head,
		ctl_true(arg, "required") ? "(required) " : "", ctl_str(arg, "help"));
}

static void
usage_of(const json_t *verb, char *buf, size_t buf_bytes)
{
	size_t n = (size_t)snprintf(buf, buf_bytes, "%s", ctl_str(verb, "name"));
	size_t i;
	json_t *arg;

	json_array_foreach(json_object_get(verb, "args"), i, arg)
	{
		bool required = ctl_true(arg, "required");

		if (!ctl_true(arg, "word") || n >= buf_bytes)
			continue;
		n += (size_t)snprintf(buf + n, buf_bytes - n, required ? " %s" : " [%s]",
			ctl_str(arg, "name"));
	}
}

void
ctl_platform_help(
	const struct ctl_out *out, const json_t *description, const json_t *verb)
{
	const char *name = ctl_str(description, "platform");
	char usage[CELL_BYTES];
	size_t i;
	json_t *each;

	if (!verb) {
		ctl_print(
			out, CTL_BOLD, "%s: %s\n", name, ctl_str(description, "summary"));
		json_array_foreach(json_object_get(description, "verbs"), i, each)
		{
			usage_of(each, usage, sizeof(usage));
			ctl_print(out, CTL_PLAIN, "  %-36s %s\n", usage,
				ctl_str(each, "summary"));
		}
		ctl_print(out, CTL_DIM, "`novactl platform %s VERB --help` shows one.\n",
			name);
		return;
	}
	usage_of(verb, usage, sizeof(usage));
	ctl_print(out, CTL_BOLD, "novactl platform %s %s\n", name, usage);
	ctl_print(out, CTL_PLAIN, "%s%s%s\n", ctl_str(verb, "summary"),
		ctl_true(verb, "effect")
			? "; kept in the outbox until its outcome is known"
			: "",
		ctl_true(verb, "agents") ? "; agents may call it" : "");
	json_array_foreach(json_object_get(verb, "args"), i, each) show_arg(out, each);
}

/* ---- answers ---- */

static bool
is_plain(const json_t *value)
{
	return !json_is_object(value) && !json_is_array(value);
}

/* A value in a few words; the caller's to free. */
static char *
text_of(const json_t *value)
{
	if (json_is_string(value))
		return ctl_copy(json_string_value(value));
	if (json_is_null(value))
		return ctl_copy("-");
	if (json_is_boolean(value))
		return ctl_copy(json_is_true(value) ? "yes" : "no");
	char *text = json_dumps(
		value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(10));

	return text ? text : ctl_copy("");
}

static void
show_rows(const struct ctl_out *out, const json_t *rows)
{
	struct ctl_column columns[COLUMNS_MAX];
	char heads[COLUMNS_MAX][64];
	const char *keys[COLUMNS_MAX];
	size_t n = 0;
	const json_t *first = json_array_get(rows, 0);
	const char *key;
	json_t *value;
	size_t i;

	json_object_foreach((json_t *)(uintptr_t)first, key, value)
	{
		if (n == COLUMNS_MAX || json_is_object(value))
			continue;
		(void)snprintf(heads[n], sizeof(heads[n]), "%s", key);
		for (char *c = heads[n]; *c; c++)
			*c = *c == '_' ? ' ' : (char)toupper((unsigned char)*c);
		columns[n] = (struct ctl_column){heads[n], json_is_number(value)};
		keys[n++] = key;
	}
	if (n == 0)
		return;
	struct ctl_table *table = ctl_table_new(columns, n);

	json_array_foreach(rows, i, value)
	{
		for (size_t k = 0; k < n; k++) {
			const json_t *cell = json_object_get(value, keys[k]);
			NV_CLEANUP_FREE char *text = cell ? text_of(cell) : NULL;

			ctl_cell(table, CTL_PLAIN, text);
		}
	}
	ctl_table_print(table, out, "none");
}

static bool
is_table(const json_t *value)
{
	size_t i;
	json_t *each;

	json_array_foreach(value, i, each)
	{
		if (!json_is_object(each))
			return false;
	}
	return json_is_array(value) && json_array_size(value) > 0;
}

static void
show_fields(const struct ctl_out *out, const json_t *object, const char *before)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)object, key, value)
	{
		char label[200];
		const json_t *v = value;

		(void)snprintf(label, sizeof(label), "%s%s", before, key);
		if (is_table(v))
			continue;
		if (json_is_object(v) && !*before) {
			(void)snprintf(label, sizeof(label), "%s.", key);
			show_fields(out, v, label);
			continue;
		}
		NV_CLEANUP_FREE char *text = text_of(v);

		ctl_field(out, label, is_plain(v) && json_is_null(v) ? "-" : text);
	}
}

void
ctl_platform_show(const struct ctl_out *out, const json_t *data)
{
	const char *key;
	json_t *value;

	show_fields(out, data, "");
	json_object_foreach((json_t *)(uintptr_t)data, key, value)
	{
		if (!is_table(value))
			continue;
		ctl_print(out, CTL_BOLD, "%s\n", key);
		show_rows(out, value);
	}
}
