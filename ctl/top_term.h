/* The terminal of `novactl top`: the only part that knows ncurses. One at a time, since a
 * process has one. Whatever ends the process, but a SIGKILL, the terminal is as it was.
 */
#ifndef CTL_TOP_TERM_H
#define CTL_TOP_TERM_H

#include "top_frame.h"
#include "top_ui.h"

/* 0; -EINVAL with a sentence for a terminal that cannot be used. */
int top_term_open(struct nv_err *err);
void top_term_close(void);

/* What the locale of the environment says: only then text beyond ASCII is shown. */
bool top_term_utf8(void);
void top_term_size(unsigned *ret_rows, unsigned *ret_cols);
/* Only lines that have changed are given to ncurses, and only cells to the terminal. */
void top_term_show(const struct top_frame *frame);
/* The next key that was pressed; TOP_KEY_NONE when there is none. */
unsigned top_term_key(void);
/* Nobody will ever press a key again: the terminal was closed. */
bool top_term_is_gone(void);
/* The window has another size, or somebody else has written on it: all is drawn anew. */
void top_term_again(void);
/* Give the terminal back for a while; top_term_again takes it. */
void top_term_leave(void);

#endif
