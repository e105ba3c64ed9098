#include "scr_diff.h"

#include "nv_base.h"
#include "nv_json.h"

#include <stdlib.h>
#include <string.h>

struct line {
	const char *text; /* borrowed */
	size_t bytes;
};

struct side {
	struct line *lines; /* owned */
	size_t n;
};

static int
split(const char *text, struct side *ret)
{
	size_t n = 0;

	for (const char *at = text; *at; at += *at == '\n') {
		at += strcspn(at, "\n");
		n++;
	}
	ret->lines = calloc(n + 1, sizeof(*ret->lines));
	if (!ret->lines)
		return -1;
	while (*text) {
		size_t bytes = strcspn(text, "\n");

		ret->lines[ret->n++] = (struct line){.text = text, .bytes = bytes};
		text += bytes + (text[bytes] == '\n');
	}
	return 0;
}

static bool
same(const struct line *a, const struct line *b)
{
	return a->bytes == b->bytes && memcmp(a->text, b->text, a->bytes) == 0;
}

struct diff {
	const struct line *a, *b; /* the parts between what is the same at both ends */
	size_t n, m, offset;
	uint16_t *lcs;   /* owned; (n + 1) * (m + 1): length of the longest common rest */
	json_t *changes; /* borrowed */
	json_t *open;    /* borrowed; the change being put together */
};

static int
change(struct diff *d, size_t at, const char *key, const struct line *line)
{
	size_t number = d->offset + at + 1;

	if (!d->open) {
		d->open = json_pack("{s:I, s:[], s:[]}", "line", (json_int_t)number,
			"removed", "added");
		if (json_array_append_new(d->changes, d->open) < 0)
			return -1;
	}
	return json_array_append_new(
		json_object_get(d->open, key), nv_json_text(line->text, line->bytes));
}

static uint16_t *
cell(struct diff *d, size_t i, size_t j)
{
	return &d->lcs[i * (d->m + 1) + j];
}

static int
table(struct diff *d)
{
	if (d->n > SCR_DIFF_LINES_MAX || d->m > SCR_DIFF_LINES_MAX)
		return 0;
	d->lcs = calloc((d->n + 1) * (d->m + 1), sizeof(*d->lcs));
	if (!d->lcs)
		return -1;
	for (size_t i = d->n; i-- > 0;) {
		for (size_t j = d->m; j-- > 0;) {
			uint16_t down = *cell(d, i + 1, j), right = *cell(d, i, j + 1);

			*cell(d, i, j) = same(&d->a[i], &d->b[j])
						 ? (uint16_t)(*cell(d, i + 1, j + 1) + 1)
						 : NV_MAX(down, right);
		}
	}
	return 0;
}

static int
walk(struct diff *d)
{
	size_t i = 0, j = 0;
	int rc = table(d);

	while (rc == 0 && (i < d->n || j < d->m)) {
		if (d->lcs && i < d->n && j < d->m && same(&d->a[i], &d->b[j])) {
			i++;
			j++;
			d->open = NULL;
		} else if (i < d->n &&
			   (j == d->m || !d->lcs ||
				   *cell(d, i + 1, j) >= *cell(d, i, j + 1))) {
			rc = change(d, j, "removed", &d->a[i++]);
		} else {
			rc = change(d, j, "added", &d->b[j]);
			j++;
		}
	}
	free(d->lcs);
	return rc;
}

json_t *
scr_diff(const char *before, const char *after)
{
	struct side a = {0}, b = {0};
	struct diff d = {.changes = json_array()};
	int rc = d.changes ? split(before, &a) : -1;

	if (rc == 0)
		rc = split(after, &b);
	if (rc == 0) {
		size_t head = 0, tail = 0, least = NV_MIN(a.n, b.n);

		while (head < least && same(&a.lines[head], &b.lines[head]))
			head++;
		while (tail < least - head &&
			same(&a.lines[a.n - 1 - tail], &b.lines[b.n - 1 - tail]))
			tail++;
		d.a = a.lines + head;
		d.b = b.lines + head;
		d.n = a.n - head - tail;
		d.m = b.n - head - tail;
		d.offset = head;
		rc = walk(&d);
	}
	free(a.lines);
	free(b.lines);
	if (rc < 0) {
		json_decref(d.changes);
		return NULL;
	}
	return d.changes;
}
