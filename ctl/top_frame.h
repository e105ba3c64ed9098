/* One screen of `novactl top` as text with styles, before any terminal: what --once
 * prints, what tests read, and what ncurses is given. Pure. Everything put in is made
 * safe for a terminal (ctl_safe) and cut to the width of the screen, wide characters
 * counted. */
#ifndef CTL_TOP_FRAME_H
#define CTL_TOP_FRAME_H

#include "out.h"

#define TOP_ROWS_MAX 2000
#define TOP_COLS_MAX 1000

enum top_style {
	TOP_PLAIN,
	TOP_BOLD,
	TOP_DIM,
	TOP_RED,
	TOP_GREEN,
	TOP_YELLOW,
	TOP_HEAD,     /* titles of columns and panes */
	TOP_SELECTED, /* the chosen row: everything after it on the line too */
	TOP_ALARM,    /* what nobody may overlook */
	TOP_STYLES
};

/* Text of a line with the bytes 1 + style where a style begins: text that went through
 * ctl_safe has no byte below 0x20. Lines can be compared as bytes. */
struct top_line {
	struct nv_buf text;
	unsigned width; /* columns used */
};

struct top_frame {
	unsigned rows;
	unsigned cols;
	bool utf8;              /* the terminal shows more than ASCII */
	struct top_line *lines; /* owned; TOP_ROWS_MAX of them */
};

void top_frame_init(struct top_frame *frame, bool utf8);
void top_frame_fini(struct top_frame *frame);
/* Empty, of that size (within the limits). */
void top_frame_clear(struct top_frame *frame, unsigned rows, unsigned cols);

/* Append to a line; what does not fit is left out. A row beyond the frame is ignored. */
void top_text(struct top_frame *frame, unsigned row, enum top_style style,
	const char *text, size_t bytes);
void
top_puts(struct top_frame *frame, unsigned row, enum top_style style, const char *text);
void top_printf(struct top_frame *frame, unsigned row, enum top_style style,
	const char *fmt, ...) NV_PRINTF(4, 5);
/* The words of a text over as many lines as they need, from that row on: how many these
 * are. Beyond the frame it is only counted. */
unsigned
top_wrap(struct top_frame *frame, unsigned row, enum top_style style, const char *text);
/* Append exactly `width` columns: cut with a mark, or filled with blanks. */
void top_cell(struct top_frame *frame, unsigned row, enum top_style style, unsigned width,
	bool right, const char *text);
/* Blanks up to that column. */
void
top_pad(struct top_frame *frame, unsigned row, enum top_style style, unsigned column);

/* The lines without styles and without blanks at their ends, for files and pipes. */
void top_frame_text(const struct top_frame *frame, struct nv_buf *ret);

#endif
