/* Settings given as environment variables, in .env or for real. A .env may hold the
 * secrets of other programs: their values are never copied, kept or shown. */
#include "nv_conf_private.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One assignment of a .env file. */
struct item {
	size_t start; /* where its name begins, and one past the end of its value */
	size_t end;
	unsigned line;
	unsigned column;
	const char *name;
	size_t name_bytes;
	const char *value; /* between the quotes */
	size_t value_bytes;
	const char *wrong; /* what is bad about the line */
};

struct scanner {
	const char *text;
	size_t bytes;
	size_t at;
	unsigned line;
	size_t line_start;
};

static void
skip_line(struct scanner *s)
{
	while (s->at < s->bytes && s->text[s->at] != '\n')
		s->at++;
	if (s->at < s->bytes) {
		s->at++;
		s->line++;
		s->line_start = s->at;
	}
}

static bool
at_blank(const struct scanner *s)
{
	return s->at < s->bytes && (s->text[s->at] == ' ' || s->text[s->at] == '\t' ||
					   s->text[s->at] == '\r');
}

/* A quoted value may go on over lines, as private keys do. */
static bool
scan_quoted(struct scanner *s, struct item *item)
{
	char quote = s->text[s->at++];
	size_t start = s->at;

	while (s->at < s->bytes && s->text[s->at] != quote) {
		if (quote == '"' && s->text[s->at] == '\\' && s->at + 1 < s->bytes)
			s->at++;
		if (s->text[s->at] == '\n') {
			s->line++;
			s->line_start = s->at + 1;
		}
		s->at++;
	}
	if (s->at >= s->bytes)
		return false;
	item->value = s->text + start;
	item->value_bytes = s->at - start;
	s->at++;
	return true;
}

/* Without quotes: up to the end of the line or a comment after a blank. */
static void
scan_plain(struct scanner *s, struct item *item)
{
	size_t start = s->at;
	size_t end = start;

	for (; s->at < s->bytes && s->text[s->at] != '\n'; s->at++) {
		if (s->text[s->at] == '#' &&
			(s->at == start || isblank((unsigned char)s->text[s->at - 1])))
			break;
		if (!at_blank(s))
			end = s->at + 1;
	}
	item->value = s->text + start;
	item->value_bytes = end - start;
}

static void
scan_name(struct scanner *s, struct item *item)
{
	if (s->bytes - s->at > 7 && memcmp(s->text + s->at, "export ", 7) == 0)
		s->at += 7;
	while (at_blank(s))
		s->at++;
	item->start = s->at;
	item->line = s->line;
	item->column = (unsigned)(s->at - s->line_start) + 1;
	item->name = s->text + s->at;
	while (s->at < s->bytes &&
		(isalnum((unsigned char)s->text[s->at]) ||
			strchr("_.-", s->text[s->at])) &&
		s->text[s->at])
		s->at++;
	item->name_bytes = (size_t)(s->text + s->at - item->name);
	while (at_blank(s))
		s->at++;
}

/* The next assignment, or the next bad line; false at the end. */
static bool
scan_item(struct scanner *s, struct item *item)
{
	for (;;) {
		while (at_blank(s))
			s->at++;
		if (s->at >= s->bytes)
			return false;
		if (s->text[s->at] != '\n' && s->text[s->at] != '#')
			break;
		skip_line(s);
	}
	*item = (struct item){0};
	scan_name(s, item);
	if (item->name_bytes == 0 || s->at >= s->bytes || s->text[s->at] != '=') {
		item->wrong = "expected NAME=VALUE or a comment";
		skip_line(s);
		return true;
	}
	s->at++;
	while (at_blank(s))
		s->at++;
	if (s->at < s->bytes && (s->text[s->at] == '"' || s->text[s->at] == '\'')) {
		if (!scan_quoted(s, item))
			item->wrong = "the quote is never closed";
	} else {
		scan_plain(s, item);
	}
	item->end = s->at;
	/* What follows a closing quote on its line can only be a comment. */
	while (at_blank(s))
		s->at++;
	if (!item->wrong && s->at < s->bytes && s->text[s->at] != '\n' &&
		s->text[s->at] != '#')
		item->wrong = "text after the closing quote";
	skip_line(s);
	return true;
}

static struct scanner
scan_begin(const struct nv_conf_source *source)
{
	struct scanner s = {.text = source->text, .bytes = source->bytes, .line = 1};

	if (s.bytes >= 3 && memcmp(s.text, "\xef\xbb\xbf", 3) == 0)
		s.at = 3; /* a byte order mark */
	return s;
}

/* The setting this name is a slip of the hand away from: into near, true; else false. */
static bool
slip_of(const char *name, char near[NV_VARIABLE_BYTES])
{
	const char *known[NV_OPTIONS_MAX * 4];
	char names[NV_OPTIONS_MAX * 4][NV_VARIABLE_BYTES];
	size_t n = 0;

	if (strlen(name) < 6) /* anything is near to so short a name */
		return false;
	for (size_t i = 0; i < nv_options_global_n; i++) {
		const struct nv_option *o = &nv_options_global[i];

		if (!nv_option_is_scalar(o))
			continue;
		known[n] = nv_option_variable(o, names[n]);
		n++;
		for (const char *v = o->variables; v && *v;) {
			size_t bytes = strcspn(v, " ");

			NV_ASSERT(n < NV_LEN(known));
			(void)snprintf(names[n], sizeof(names[n]), "%.*s", (int)bytes, v);
			known[n] = names[n];
			n++;
			v += bytes + strspn(v + bytes, " ");
		}
	}
	const char *nearest = nv_name_nearest(name, known, n);

	/* nv_name_nearest forgives a third of the word; a name that is not ours deserves
	 * a closer look: other programs' variables must not stop Nova. */
	if (!nearest ||
		(strncmp(name, "NOVA_", 5) != 0 &&
			nv_name_distance(name, nearest) > (strlen(name) >= 10 ? 2u : 1u)))
		return false;
	(void)snprintf(near, NV_VARIABLE_BYTES, "%s", nearest);
	return true;
}

/* Why this variable of a .env cannot stand; NULL when it can, or is not ours. */
static void
check_unknown(const struct nv_conf_origin *origin, const char *name,
	struct nv_conf_errors *errs)
{
	static const char *const outside[] = {"NOVA_CONFIG", "NOVA_STATE_DIR",
		"NOVA_RUN_DIR", "NOVA_LOG_DIR", "NOVA_LOG_LEVEL", "NOVA_SECRETS"};

	for (size_t i = 0; i < NV_LEN(outside); i++) {
		if (strcmp(name, outside[i]) == 0) {
			nv_conf_error_at(errs, origin,
				"%s: works only in the environment of the process, not "
				"in "
				".env, which is read later",
				name);
			return;
		}
	}
	char near[NV_VARIABLE_BYTES];

	if (slip_of(name, near))
		nv_conf_error_at(errs, origin,
			"%s: unknown variable; did you mean \"%s\"?", name, near);
	else if (strncmp(name, "NOVA_", 5) == 0)
		nv_conf_error_at(errs, origin,
			"%s: unknown variable; settings are NOVA_ and their key in "
			"capitals, "
			"such as NOVA_CRASHES_MAX",
			name);
}

/* Returns the option this item sets; errors and foreign variables: NULL. */
static const struct nv_option *
judge(const struct nv_conf_source *source, const struct item *item,
	struct nv_conf_errors *errs)
{
	struct nv_conf_origin origin = {source, item->line, item->column, NULL};
	char name[NV_VARIABLE_BYTES];

	if (item->wrong) {
		nv_conf_error_at(errs, &origin, "%s", item->wrong);
		return NULL;
	}
	if (item->name_bytes >= sizeof(name))
		return NULL;
	memcpy(name, item->name, item->name_bytes);
	name[item->name_bytes] = '\0';
	const struct nv_option *o = nv_option_by_variable(name, item->name_bytes);

	if (!o)
		check_unknown(&origin, name, errs);
	return o;
}

void
nv_conf_dotenv_strip(struct nv_conf_source *source, struct nv_conf_errors *errs)
{
	struct scanner s = scan_begin(source);
	struct item item;
	size_t done = 0;

	while (scan_item(&s, &item)) {
		if (!judge(source, &item, errs))
			continue;
		for (size_t i = done; i < item.start; i++) {
			if (source->text[i] != '\n')
				source->text[i] = ' ';
		}
		done = item.end;
	}
	for (size_t i = done; i < source->bytes; i++) {
		if (source->text[i] != '\n')
			source->text[i] = ' ';
	}
}

char *
nv_conf_dotenv_get(const char *text, size_t bytes, const char *names)
{
	/* The scanner only reads. */
	const struct nv_conf_source source = {
		.text = (char *)(uintptr_t)text, .bytes = bytes};
	struct scanner s = scan_begin(&source);
	struct item item;
	char *value = NULL;

	while (!value && scan_item(&s, &item)) {
		if (!item.wrong && item.value_bytes > 0 &&
			nv_option_has_word(names, item.name, item.name_bytes))
			value = strndup(item.value, item.value_bytes);
	}
	return value;
}

int
nv_conf_dotenv_walk(const char *text, size_t bytes, nv_dotenv_fn *fn, void *arg)
{
	/* The scanner only reads. */
	const struct nv_conf_source source = {
		.text = (char *)(uintptr_t)text, .bytes = bytes};
	struct scanner s = scan_begin(&source);
	struct item item;
	int rc = 0;

	while (rc == 0 && scan_item(&s, &item)) {
		const struct nv_dotenv_item told = {.line = item.line,
			.wrong = item.wrong,
			.name = item.name,
			.name_bytes = item.name_bytes,
			.value = item.value,
			.value_bytes = item.value_bytes};

		rc = fn(arg, &told);
	}
	return rc;
}

static int
add_var(struct nv_conf_vars *vars, const struct nv_option *option,
	const struct nv_conf_source *source, const struct item *item)
{
	if (item->value_bytes == 0)
		return 0; /* empty is as good as not set */
	struct nv_conf_var *grown = realloc(vars->list, (vars->n + 1) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	vars->list = grown;
	struct nv_conf_var *v = &vars->list[vars->n];

	*v = (struct nv_conf_var){
		.option = option, .origin = {source, item->line, item->column, NULL}};
	memcpy(v->name, item->name, item->name_bytes);
	v->value = strndup(item->value, item->value_bytes);
	if (!v->value)
		return -ENOMEM;
	vars->n++;
	return 0;
}

static int
read_dotenv(struct nv_conf_vars *vars, const struct nv_conf_source *source,
	struct nv_conf_errors *errs)
{
	struct scanner s = scan_begin(source);
	struct item item;
	size_t first = vars->n;
	int rc = 0;

	while (rc == 0 && scan_item(&s, &item)) {
		struct nv_conf_origin origin = {source, item.line, item.column, NULL};
		const struct nv_option *o = judge(source, &item, errs);

		if (!o)
			continue;
		for (size_t i = first; i < vars->n; i++) {
			if (strlen(vars->list[i].name) == item.name_bytes &&
				memcmp(vars->list[i].name, item.name, item.name_bytes) ==
					0)
				nv_conf_error_at(errs, &origin,
					"%s: given twice; first on line %u",
					vars->list[i].name, vars->list[i].origin.line);
		}
		if (vars->n - first >= NV_CONF_VARS_MAX) {
			nv_conf_error_at(
				errs, &origin, "more than %d settings", NV_CONF_VARS_MAX);
			break;
		}
		rc = add_var(vars, o, source, &item);
	}
	return rc;
}

static int
read_environment(struct nv_conf_vars *vars, const struct nv_conf_source *source)
{
	const char *at = source->text;
	const char *end = source->text + source->bytes;
	size_t first = vars->n;

	while (at < end && vars->n - first < NV_CONF_VARS_MAX) {
		const char *stop = memchr(at, '\0', (size_t)(end - at));
		const char *last = stop ? stop : end;
		const char *equals = memchr(at, '=', (size_t)(last - at));
		const struct nv_option *o =
			equals ? nv_option_by_variable(at, (size_t)(equals - at)) : NULL;

		if (o) {
			struct item item = {.name = at,
				.name_bytes = (size_t)(equals - at),
				.value = equals + 1,
				.value_bytes = (size_t)(last - equals - 1)};
			int rc = add_var(vars, o, source, &item);

			if (rc < 0)
				return rc;
		}
		at = last + 1;
	}
	return 0;
}

int
nv_conf_vars_read(struct nv_conf_vars *vars, const struct nv_conf_source *source,
	struct nv_conf_errors *errs)
{
	if (source->kind == NV_SOURCE_DOTENV)
		return read_dotenv(vars, source, errs);
	return source->kind == NV_SOURCE_ENVIRONMENT ? read_environment(vars, source) : 0;
}

void
nv_conf_vars_fini(struct nv_conf_vars *vars)
{
	for (size_t i = 0; i < vars->n; i++)
		free(vars->list[i].value);
	free(vars->list);
	*vars = (struct nv_conf_vars){0};
}

int
nv_conf_environment_text(char **ret_text, size_t *ret_bytes)
{
	struct nv_buf buf;

	nv_buf_init(&buf, NV_CONFIG_FILE_BYTES_MAX);
	for (char **e = environ; e && *e; e++) {
		size_t name_bytes = strcspn(*e, "=");

		if ((*e)[name_bytes] == '=' && nv_option_by_variable(*e, name_bytes))
			nv_buf_add(&buf, *e, strlen(*e) + 1);
	}
	*ret_bytes = buf.bytes;
	*ret_text = nv_buf_take(&buf);
	nv_buf_fini(&buf);
	return *ret_text ? 0 : -ENOMEM;
}
