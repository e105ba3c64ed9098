/* The list of configuration errors: see nv_config.h. */
#include "nv_conf_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Text of a file reaches a terminal here: no control characters, whole UTF-8 only. */
static void
make_printable(char *text)
{
	while (*text) {
		size_t len = nv_utf8_len(text, strnlen(text, 4));

		if (len == 0 || (unsigned char)*text < 0x20 || *text == 0x7f) {
			*text = '?';
			len = 1;
		}
		text += len;
	}
}

static void
add(struct nv_conf_errors *errs, const char *file, unsigned line, unsigned column,
	const char *text)
{
	if (errs->n >= NV_CONFIG_ERRORS_MAX) {
		errs->n_more++;
		return;
	}
	struct nv_err *grown = realloc(errs->list, (errs->n + 1) * sizeof(*grown));

	if (!grown) {
		errs->n_more++; /* counted, so that nobody takes the file for good */
		return;
	}
	errs->list = grown;
	struct nv_err *e = &errs->list[errs->n++];

	*e = (struct nv_err){.line = line, .column = column};
	(void)snprintf(e->file, sizeof(e->file), "%s", file); /* cut is fine */
	(void)snprintf(e->text, sizeof(e->text), "%s", text);
	make_printable(e->file);
	make_printable(e->text);
}

void
nv_conf_error(struct nv_conf_errors *errs, const char *file, unsigned line,
	unsigned column, const char *fmt, ...)
{
	char text[sizeof(errs->list->text)];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap); /* cut is fine */
	va_end(ap);
	add(errs, file, line, column, text);
}

void
nv_conf_error_at(struct nv_conf_errors *errs, const struct nv_conf_origin *origin,
	const char *fmt, ...)
{
	char text[sizeof(errs->list->text)];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap); /* cut is fine */
	va_end(ap);
	add(errs, origin->source ? origin->source->name : "", origin->line,
		origin->column, text);
}

static int
compare_errors(const void *a, const void *b)
{
	const struct nv_err *x = a;
	const struct nv_err *y = b;
	int order = strcmp(x->file, y->file);

	if (order != 0)
		return order;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	if (x->column != y->column)
		return x->column < y->column ? -1 : 1;
	return strcmp(x->text, y->text);
}

void
nv_conf_errors_sort(struct nv_conf_errors *errs)
{
	if (errs->n > 1)
		qsort(errs->list, errs->n, sizeof(*errs->list), compare_errors);
}

void
nv_conf_errors_fini(struct nv_conf_errors *errs)
{
	if (errs) {
		free(errs->list);
		*errs = (struct nv_conf_errors){0};
	}
}

void
nv_conf_errors_print(const struct nv_conf_errors *errs, int fd)
{
	char line[1100];
	size_t n = errs->n + errs->n_more;

	for (size_t i = 0; i < errs->n; i++)
		(void)dprintf(
			fd, "%s\n", nv_err_string(&errs->list[i], line, sizeof(line)));
	if (errs->n_more > 0)
		(void)dprintf(fd, "... and %zu more\n", errs->n_more);
	(void)dprintf(fd, "%zu %s\n", n, n == 1 ? "error" : "errors");
}
