/* The state of `novactl top` as a person sees it, how keys change it, and how it is
 * drawn. Pure: it is told what the daemons said and which keys came; what it wants done
 * is in `order`, which the loop takes. Nothing that changes anything is ordered by one
 * key alone, but a pause, which the same key takes back. */
#ifndef CTL_TOP_UI_H
#define CTL_TOP_UI_H

#include "top_data.h"
#include "top_frame.h"
#include "top_model.h"

#define TOP_INPUT_BYTES    200
#define TOP_ANSWER_BYTES   400
#define TOP_QUESTION_BYTES 800  /* with the reason of what is to be approved */
#define TOP_LOG_LINES      1000 /* kept of a worker's log */

#define TOP_PANES(X) \
	X(DECISIONS, "Decisions") \
	X(APPROVALS, "Approvals") \
	X(LOG, "Log") \
	X(DETAILS, "Details") \
	X(WHY, "Why")
enum top_pane {
#define X(id, title) TOP_PANE_##id,
	TOP_PANES(X)
#undef X
		TOP_PANE_COUNT
};

enum top_mode {
	TOP_NORMAL,
	TOP_FILTERING, /* typing a filter, which works at once */
	TOP_SORTING,   /* choosing a column, which works at once */
	TOP_REASONING, /* typing why an approval is denied */
	TOP_ASKING,    /* "... ? y/n" */
	TOP_HELPING
};

/* Keys that are no character; others are code points. */
enum top_code {
	TOP_KEY_NONE = 0x110000, /* past the last code point */
	TOP_KEY_UP,
	TOP_KEY_DOWN,
	TOP_KEY_LEFT,
	TOP_KEY_RIGHT,
	TOP_KEY_PAGE_UP,
	TOP_KEY_PAGE_DOWN,
	TOP_KEY_HOME,
	TOP_KEY_END,
	TOP_KEY_ENTER,
	TOP_KEY_ESCAPE,
	TOP_KEY_ERASE,
	TOP_KEY_TAB
};

/* Something for novactl to do. */
struct top_order {
	json_t *argv; /* owned: verb and words as text; NULL: nothing */
	char what[120];
	char question[TOP_QUESTION_BYTES]; /* what a person has to say yes to */
};

struct top_ui {
	struct top_model model;
	const struct top_data *data; /* borrowed: what was said, and its age */
	int64_t now_ms;              /* monotonic */
	int64_t wall_ns;
	enum top_mode mode;
	enum top_pane pane;
	bool in_pane;      /* keys move in the pane, not in the tree */
	size_t pane_row;   /* selected in it, from the top of its list */
	size_t pane_first; /* on its first line */
	size_t pane_rows;  /* lines it had when it was drawn, as the next */
	size_t tree_rows;
	long log_back; /* lines scrolled back from the end of the log */
	char input[TOP_INPUT_BYTES];
	char kept[TOP_FILTER_BYTES]; /* the filter before it was typed over */
	int64_t approval;            /* that is denied while its reason is typed */
	struct top_order asked;      /* waits for yes or no */
	struct top_order order;      /* to be done now */
	char message[TOP_ANSWER_BYTES];
	bool message_bad;
	/* Of the worker in the pane. */
	char log_of[NV_NAME_MAX];
	char *log[TOP_LOG_LINES]; /* owned, a ring */
	size_t n_log;             /* ever added */
	char log_note[200];       /* why there is none */
	char why_of[NV_NAME_MAX];
	json_t *why; /* owned: the engine's answer; NULL: none yet */
	char why_note[200];
};

void top_ui_init(struct top_ui *ui, const struct top_data *data);
void top_ui_fini(struct top_ui *ui);
void top_order_clear(struct top_order *order);

/* The daemons have said something new. */
void top_ui_refresh(struct top_ui *ui);
/* False: the person wants to leave. */
bool top_ui_key(struct top_ui *ui, unsigned key);
void top_ui_say(struct top_ui *ui, bool bad, const char *fmt, ...) NV_PRINTF(3, 4);

/* The worker that log, details and why are about: the selected one; "" for none. */
const char *top_ui_subject(const struct top_ui *ui);
void top_ui_log_clear(struct top_ui *ui, const char *worker);
void top_ui_log_add(struct top_ui *ui, const char *line, size_t bytes);

/* What waits for an answer, newest last; borrowed, NULL when it is not known. */
const json_t *top_ui_approvals(const struct top_ui *ui);
const json_t *top_ui_overview(const struct top_ui *ui);
const char *top_ui_currency(const struct top_ui *ui);

/* Orders, by what is selected (top_order.c): they fill ui->asked and ask, or say why not.
 */
void top_order_pause(struct top_ui *ui);
void top_order_scale(struct top_ui *ui, int by);
void top_order_stop(struct top_ui *ui);
void top_order_kill(struct top_ui *ui);
void top_order_approve(struct top_ui *ui);
void top_order_deny(struct top_ui *ui);         /* asks for the reason first */
void top_order_deny_because(struct top_ui *ui); /* the reason is typed */

/* The whole screen. */
void top_draw(struct top_ui *ui, struct top_frame *frame, unsigned rows, unsigned cols);
/* The same as one text: every line of the tree (as far as TOP_ROWS_MAX goes), what was
 * decided and what waits below it. */
void top_draw_once(struct top_ui *ui, struct top_frame *frame, unsigned cols);
/* Parts of it. Rows they took. */
unsigned top_draw_header(
	const struct top_ui *ui, struct top_frame *frame, unsigned row, bool small);
unsigned
top_draw_tree(struct top_ui *ui, struct top_frame *frame, unsigned row, unsigned rows);
void
top_draw_pane(struct top_ui *ui, struct top_frame *frame, unsigned row, unsigned rows);
void top_draw_help(struct top_frame *frame);

/* An amount in at most `width` columns: with fewer digits and a unit rather than cut. A
 * currency other than USD is left to the title. */
const char *top_amount(nv_i128 nano, const char *currency, unsigned width, char buf[96]);
/* "12.5M" in at most 6 columns. */
const char *top_bytes(int64_t bytes, char buf[32]);
/* Profit of the last n hours as n blocks, from the lowest to the highest. */
const char *top_blocks(const nv_i128 hours[TOP_HOURS], size_t n, bool utf8, char buf[96]);

#endif
