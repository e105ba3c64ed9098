/* A table of money: rows (a worker, a category, a day...) of figures in every
 * currency that moved in a period. What is asked for by any key is filled into one, so
 * that every report adds up the same way:
 *
 *   - in each currency the rows add up to the whole exactly, in 128 bits;
 *   - in the base currency as well: an amount is converted at today's declared rate from
 *     the running sum of the rows in their order, so the fraction of 10^-9 that rounding
 *     leaves in one row is carried to the next and none is lost. A row may thereby differ
 *     by 10^-9 a currency from its own amount converted alone;
 *   - currencies without a rate are in no figure of the base currency.
 *
 * Windows come from the running totals of the ledger, never from a walk over events.
 * Money counts when it was committed; what was imported, when it was spent or earned. */
#ifndef ENG_TALLY_H
#define ENG_TALLY_H

#include "report.h"

enum eng_figure { /* amounts, positive as a rule */
	ENG_FIG_COST,
	ENG_FIG_REVENUE,
	ENG_FIG_REFUNDS,
	ENG_FIG_FEES,
	ENG_FIG_DISPUTES,
	ENG_FIG_PAYOUTS,
	ENG_FIG_GRANTS,
	ENG_N_FIGURES,
	ENG_N_PROFIT_FIGURES = ENG_FIG_PAYOUTS /* the first ones make profit or loss */
};

struct eng_figures {
	nv_i128 v[ENG_N_FIGURES];
};
struct eng_figures eng_figures_of(const struct led_totals *t);
nv_i128 eng_figures_earned(const struct eng_figures *f); /* net revenue */
nv_i128 eng_figures_profit(const struct eng_figures *f);
void eng_figures_add(
	struct eng_figures *sum, const struct eng_figures *f, int sign); /* 1 or -1 */
bool eng_figures_any(const struct eng_figures *f, size_t n); /* of the first n */

#define ENG_TALLY_KEY_BYTES 80
struct eng_tally_row {
	char key[ENG_TALLY_KEY_BYTES];
	int64_t from_ns; /* of a row of time; rows are ordered by it, then by key */
	int64_t to_ns;
	struct eng_figures base;   /* after eng_tally_convert */
	struct eng_figures cell[]; /* one a currency */
};

struct eng_tally_currency {
	uint32_t id;
	char code[NV_CURRENCY_BYTES];
	int64_t rate_nano;
	bool rated;
};

/* More rows than this are -E2BIG. */
#define ENG_TALLY_ROWS_MAX ((size_t)100000)

struct eng_tally {
	struct eng *eng;       /* borrowed */
	struct led_view *view; /* borrowed */
	int64_t from_ns;
	int64_t to_ns;
	/* What was imported is left out: for what rests on Nova's own books alone. Set
	 * behind eng_tally_init. */
	bool own;
	struct eng_tally_currency *currencies; /* owned: those with money in the period */
	size_t n_currencies;
	uint8_t *rows; /* owned: n_rows of `stride` bytes */
	size_t stride;
	size_t n_rows;
	size_t cap;
	struct eng_tally_row *total; /* owned: after eng_tally_convert */
};

/* Finds the currencies that moved in [from, to). 0, -ENOMEM, -EIO... In any case
 * eng_tally_fini is due. */
int eng_tally_init(struct eng_tally *t, struct eng *eng, struct led_view *view,
	int64_t from_ns, int64_t to_ns);
void eng_tally_fini(struct eng_tally *t);

struct eng_tally_row *eng_tally_at(const struct eng_tally *t, size_t i);
/* Another row, empty; rows of the same key (and time) become one later. NULL with
 * *ret_rc. Borrowed until the next one is asked for. */
struct eng_tally_row *eng_tally_row(struct eng_tally *t, const char *key, int64_t from_ns,
	int64_t to_ns, int *ret_rc);
/* Adds sign times the figures of a worker (0 = the fleet) over a window to a row: what
 * was committed in it, and what was imported as of that time. */
int eng_tally_window(struct eng_tally *t, struct eng_tally_row *row, uint32_t worker,
	int64_t from_ns, int64_t to_ns, int sign);
/* The second half of it alone. */
int eng_tally_past(struct eng_tally *t, struct eng_tally_row *row, uint32_t worker,
	int64_t from_ns, int64_t to_ns, int sign);
/* The place of a currency, or -ENOENT. */
int eng_tally_currency(const struct eng_tally *t, uint32_t id, size_t *ret);

/* Puts the rows in order, makes one of those with the same key, leaves out rows without
 * profit or loss (not rows of time), adds up the total and converts. */
void eng_tally_convert(struct eng_tally *t);

/* What order the rows of an answer have; the keys decide between equals. */
enum eng_tally_order {
	ENG_BY_KEY,
	ENG_BY_COST,
	ENG_BY_REVENUE,
	ENG_BY_PROFIT,
	ENG_BY_ROI /* those that cost nothing have none: last, also when the least come
		      first */
};
void eng_tally_sort(struct eng_tally *t, enum eng_tally_order order, bool least_first);

#endif
