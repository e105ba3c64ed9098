/* Everything novactl prints. Text for people never carries a raw control character of
 * a worker to the terminal; --json prints one object; errors go to standard error as
 * one sentence, and with --json also as the object {"error","code"}. */
#ifndef CTL_OUT_H
#define CTL_OUT_H

#include "nv_buf.h"
#include "nv_err.h"

#include <jansson.h>

enum ctl_style { CTL_PLAIN, CTL_BOLD, CTL_DIM, CTL_RED, CTL_GREEN, CTL_YELLOW };

struct ctl_out {
	bool json;
	bool tty;         /* standard output is a terminal */
	bool colour;      /* and colour is wanted: no NO_COLOR, no TERM=dumb */
	bool progress;    /* standard error is a terminal and this is not --json */
	unsigned columns; /* width of the terminal; 0 = none, never cut */
	bool json_done;   /* the object is out */
	bool progress_shown;
	json_t *warnings; /* owned; of this command, for the object */
};

void ctl_out_init(struct ctl_out *out, bool json);
void ctl_out_fini(struct ctl_out *out);

/* Formatted text on standard output; control characters but the newline are shown as
 * escapes. */
void ctl_print(const struct ctl_out *out, enum ctl_style style, const char *fmt, ...)
	NV_PRINTF(3, 4);
/* "Label:   text" with newlines escaped too; nothing when text is NULL or "". */
void ctl_field(const struct ctl_out *out, const char *label, const char *text);

/* Append text made safe for a terminal: controls (C0, DEL, C1, bidirectional overrides)
 * as \xNN or \u{N}, bytes that are not UTF-8 as U+FFFD. keep_newline leaves \n alone. */
void ctl_safe(struct nv_buf *buf, const char *text, size_t bytes, bool keep_newline);
/* Whether all of it is UTF-8. */
bool ctl_is_utf8(const char *text);
/* Columns the text takes on a terminal: wide characters count two, marks none. The text
 * has gone through ctl_safe. */
unsigned ctl_width(const char *text, size_t bytes);
/* Bytes of the longest prefix at most `columns` wide. */
size_t ctl_fit(const char *text, size_t bytes, unsigned columns);
/* The escape sequences of a style, "" without colour. */
const char *ctl_style_on(const struct ctl_out *out, enum ctl_style style);
const char *ctl_style_off(const struct ctl_out *out, enum ctl_style style);

/* Print the object (stolen) and a newline; warnings so far are added as "warnings". */
void ctl_json(struct ctl_out *out, json_t *object);
/* An object on a line of its own, at once: for verbs that follow. */
void ctl_json_line(json_t *object);

/* "novactl: sentence" on standard error; returns code. */
int ctl_fail(struct ctl_out *out, int code, const char *fmt, ...) NV_PRINTF(3, 4);
int ctl_fail_err(struct ctl_out *out, int code, const struct nv_err *err);
/* A warning on standard error, kept for the object. */
void ctl_warn(struct ctl_out *out, const char *fmt, ...) NV_PRINTF(2, 3);
/* What is being waited for: one line on a terminal, overwritten by the next. */
void ctl_progress(struct ctl_out *out, const char *fmt, ...) NV_PRINTF(2, 3);
void ctl_progress_end(struct ctl_out *out);
/* Flush standard output. NV_EXIT_OK, or NV_EXIT_FAILED when it could not be written. */
int ctl_out_finish(struct ctl_out *out);

/* Memory is all or nothing for a command: prints "out of memory" and exits 4. */
void *ctl_alloc(size_t count, size_t bytes);
void *ctl_grow(void *old, size_t count, size_t bytes);
char *ctl_copy(const char *text);
/* A jansson call that only fails without memory. */
json_t *ctl_need(json_t *value);
/* json_string of bytes that may not be UTF-8. */
json_t *ctl_json_text(const char *text, size_t bytes);
json_t *ctl_json_str(const char *text);
void ctl_put_text(json_t *object, const char *key, const char *text);

#endif
