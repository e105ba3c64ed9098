/* Histories as text, for a person and for the file of histories that once failed. */
#include "history.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *const kind_name[EV_COUNT] = {
#define HISTORY_X(name, text) [EV_##name] = (text),
	HISTORY_KINDS(HISTORY_X)
#undef HISTORY_X
};
static const char *const field_name[F_COUNT] = {
#define HISTORY_X(name, text) [F_##name] = (text),
	HISTORY_FIELDS(HISTORY_X)
#undef HISTORY_X
};

void
event_print(FILE *out, const struct event *e)
{
	(void)fputs(kind_name[e->kind], out);
	for (int i = 0; i < F_COUNT; i++)
		if (e->f[i] != 0)
			(void)fprintf(out, " %s=%" PRId64, field_name[i], e->f[i]);
	(void)fputc('\n', out);
}

void
history_print(FILE *out, const struct history *h)
{
	(void)fprintf(out, "begin %" PRId64 "\n", h->begin_ms);
	for (unsigned i = 0; i < h->n; i++)
		event_print(out, &h->event[i]);
}

static int
parse_number(const char **at, int64_t *ret)
{
	bool minus = **at == '-';
	int64_t n = 0;

	*at += minus;
	if (**at < '0' || **at > '9')
		return -EINVAL;
	for (; **at >= '0' && **at <= '9'; (*at)++) {
		if (n > (INT64_MAX - 9) / 10)
			return -EINVAL;
		n = n * 10 + (**at - '0');
	}
	*ret = minus ? -n : n;
	return 0;
}

/* The name at `at` in a table; it ends with `end`. */
static int
parse_name(const char **at, const char *const *names, int count, char end)
{
	for (int i = 0; i < count; i++) {
		size_t n = strlen(names[i]);
		if (strncmp(*at, names[i], n) == 0 &&
			((*at)[n] == end || (end == ' ' && (*at)[n] == '\0'))) {
			*at += n;
			return i;
		}
	}
	return -EINVAL;
}

int
history_parse_line(struct history *h, const char *line)
{
	struct event e = {0};
	int kind;

	if (strncmp(line, "begin ", 6) == 0) {
		line += 6;
		return parse_number(&line, &h->begin_ms);
	}
	kind = parse_name(&line, kind_name, EV_COUNT, ' ');
	if (kind < 0 || h->n == HISTORY_MAX)
		return -EINVAL;
	e.kind = (enum event_kind)kind;
	while (*line == ' ') {
		line++;
		int field = parse_name(&line, field_name, F_COUNT, '=');
		if (field < 0)
			return -EINVAL;
		line++;
		if (parse_number(&line, &e.f[field]) < 0)
			return -EINVAL;
	}
	if (*line != '\0')
		return -EINVAL;
	h->event[h->n++] = e;
	return 0;
}
