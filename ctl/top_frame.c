/* Lines of a screen: see top_frame.h. */
#include "top_frame.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_BYTES_MAX ((size_t)32 << 10)

void
top_frame_init(struct top_frame *f, bool utf8)
{
	*f = (struct top_frame){.utf8 = utf8};
	f->lines = ctl_alloc(TOP_ROWS_MAX, sizeof(*f->lines));
	for (size_t i = 0; i < TOP_ROWS_MAX; i++)
		nv_buf_init(&f->lines[i].text, LINE_BYTES_MAX);
}

void
top_frame_fini(struct top_frame *f)
{
	for (size_t i = 0; f->lines && i < TOP_ROWS_MAX; i++)
		nv_buf_fini(&f->lines[i].text);
	free(f->lines);
	f->lines = NULL;
}

void
top_frame_clear(struct top_frame *f, unsigned rows, unsigned cols)
{
	f->rows = NV_MIN(rows, (unsigned)TOP_ROWS_MAX);
	f->cols = NV_MIN(cols, (unsigned)TOP_COLS_MAX);
	for (size_t i = 0; i < TOP_ROWS_MAX; i++) {
		nv_buf_clear(&f->lines[i].text);
		f->lines[i].width = 0;
	}
}

/* Safe text, at most `columns` wide. */
static void
add(struct top_line *line, enum top_style style, unsigned columns, const char *text,
	size_t bytes)
{
	char mark = (char)(1 + style);
	size_t fits = ctl_fit(text, bytes, columns);

	nv_buf_add(&line->text, &mark, 1);
	nv_buf_add(&line->text, text, fits);
	line->width += ctl_width(text, fits);
}

static void
blanks(struct top_line *line, enum top_style style, unsigned n)
{
	static const char space[] = "                                ";

	while (n > 0) {
		unsigned now = NV_MIN(n, (unsigned)sizeof(space) - 1);

		add(line, style, now, space, now);
		n -= now;
	}
}

static struct top_line *
line_of(struct top_frame *f, unsigned row)
{
	return row < f->rows ? &f->lines[row] : NULL;
}

/* What a terminal without UTF-8 can show of it: each column of another script a "?". */
static void
put_safe(struct top_frame *f, struct nv_buf *buf, const char *text, size_t bytes)
{
	struct nv_buf safe;

	nv_buf_init(&safe, LINE_BYTES_MAX);
	/* A line shows some hundred columns; nobody needs the rest of a megabyte. */
	ctl_safe(f->utf8 ? buf : &safe, text, NV_MIN(bytes, (size_t)TOP_COLS_MAX * 4),
		false);
	for (size_t i = 0; i < safe.bytes;) {
		size_t len = nv_utf8_len(safe.data + i, safe.bytes - i);

		if (len <= 1)
			nv_buf_add(buf, safe.data + i, 1);
		for (unsigned k = 0; len > 1 && k < ctl_width(safe.data + i, len); k++)
			nv_buf_puts(buf, "?");
		i += NV_MAX(len, (size_t)1);
	}
	nv_buf_fini(&safe);
}

void
top_text(struct top_frame *f, unsigned row, enum top_style style, const char *text,
	size_t bytes)
{
	struct top_line *line = line_of(f, row);
	struct nv_buf safe;

	if (!line || line->width >= f->cols)
		return;
	nv_buf_init(&safe, LINE_BYTES_MAX);
	put_safe(f, &safe, text, bytes);
	if (safe.data)
		add(line, style, f->cols - line->width, safe.data, safe.bytes);
	nv_buf_fini(&safe);
}

void
top_puts(struct top_frame *f, unsigned row, enum top_style style, const char *text)
{
	top_text(f, row, style, text, strlen(text));
}

void
top_printf(struct top_frame *f, unsigned row, enum top_style style, const char *fmt, ...)
{
	char text[TOP_COLS_MAX * 4];
	va_list args;

	va_start(args, fmt);
	int n = vsnprintf(text, sizeof(text), fmt, args);

	va_end(args);
	if (n > 0)
		top_text(f, row, style, text, NV_MIN((size_t)n, sizeof(text) - 1));
}

unsigned
top_wrap(struct top_frame *f, unsigned row, enum top_style style, const char *text)
{
	struct nv_buf safe;
	unsigned lines = 1;
	unsigned used = 0;

	nv_buf_init(&safe, LINE_BYTES_MAX);
	put_safe(f, &safe, text, strlen(text));
	for (size_t at = 0; at < safe.bytes;) {
		const char *word = safe.data + at;
		const char *space = memchr(word, ' ', safe.bytes - at);
		size_t bytes = space ? (size_t)(space - word) : safe.bytes - at;
		unsigned wide = ctl_width(word, bytes);

		if (used > 0 && used + 1 + wide > f->cols) {
			lines++;
			row++;
			used = 0;
		}
		struct top_line *line = line_of(f, row);

		if (line && used > 0)
			blanks(line, style, 1);
		if (line)
			add(line, style, f->cols - line->width, word, bytes);
		used += wide + (used > 0);
		at += bytes + (space != NULL);
	}
	nv_buf_fini(&safe);
	return lines;
}

void
top_cell(struct top_frame *f, unsigned row, enum top_style style, unsigned width,
	bool right, const char *text)
{
	struct top_line *line = line_of(f, row);
	struct nv_buf safe;

	if (!line || line->width >= f->cols)
		return;
	width = NV_MIN(width, f->cols - line->width);
	nv_buf_init(&safe, LINE_BYTES_MAX);
	put_safe(f, &safe, text, strlen(text));
	unsigned wide = ctl_width(safe.data ? safe.data : "", safe.bytes);
	unsigned to = line->width + width;

	if (wide <= width && right)
		blanks(line, style, width - wide);
	if (wide <= width) {
		add(line, style, width, safe.data ? safe.data : "", safe.bytes);
	} else if (width > 0) {
		add(line, style, width - 1, safe.data, safe.bytes);
		top_puts(f, row, style, f->utf8 ? "…" : "~");
	}
	if (line->width < to)
		blanks(line, style, to - line->width);
	nv_buf_fini(&safe);
}

void
top_pad(struct top_frame *f, unsigned row, enum top_style style, unsigned column)
{
	struct top_line *line = line_of(f, row);

	column = NV_MIN(column, f->cols);
	if (line && line->width < column)
		blanks(line, style, column - line->width);
}

void
top_frame_text(const struct top_frame *f, struct nv_buf *ret)
{
	for (unsigned row = 0; row < f->rows; row++) {
		const struct nv_buf *text = &f->lines[row].text;
		size_t blank = 0; /* not written yet: there may be nothing after them */

		for (size_t i = 0; i < text->bytes; i++) {
			if (text->data[i] == ' ') {
				blank++;
			} else if ((unsigned char)text->data[i] >= 0x20) {
				for (; blank > 0; blank--)
					nv_buf_puts(ret, " ");
				nv_buf_add(ret, text->data + i, 1);
			}
		}
		nv_buf_puts(ret, "\n");
	}
}
