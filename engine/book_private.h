/* Between the two halves of booking: book.c makes the event of a line, book_money.c what
 * it moves. */
#ifndef ENG_BOOK_PRIVATE_H
#define ENG_BOOK_PRIVATE_H

#include "book.h"
#include "gate.h"
#include "scan.h"

/* What one line is on its way to become. */
struct eng_booking {
	struct eng *eng;
	struct eng_txn *txn;
	struct eng_stream *s;
	struct eng_worker *worker; /* whom it concerns: s->worker or the credited one */
	const struct eng_line *line;
	struct led_event ev;
	uint32_t currency;
	bool has_sale; /* it is about this one */
	struct led_sale sale;
	struct eng_reservation *reservation;  /* a cost counts against it; NULL = none */
	int64_t settled;                      /* so much of it */
	int64_t cost;                         /* all of it, in its currency */
	bool manual;                          /* said by a person, from no stream */
	char reason[ENG_REASON_BYTES];        /* why it is refused */
	char total_id[ENG_ID_BYTES_MAX + 40]; /* of a total: its id with the amount */
};

/* NULL: not given. */
static inline const struct eng_text *
eng_field(const struct eng_line *line, enum eng_field f)
{
	return eng_line_has(line, f) ? &line->field[f] : NULL;
}

/* Worker ids of the form PROVIDER:... that system workers say are this one's, so that
 * there is one namespace for all of them. */
#define ENG_SHARED_SPEAKER "nova.platforms"

/* ---- book_system.c ---- */
bool eng_book_is_system(const struct eng_booking *b);
/* 0, or -EINVAL with b->reason: an agent says what only system workers may. */
int eng_book_check_speaker(struct eng_booking *b);
/* Whose namespace an id is in: the speaker's, or the shared one. */
uint32_t eng_book_scope(struct eng_booking *b, const struct eng_text *id);
/* Whose money it is when nobody is named. */
struct eng_worker *eng_book_nobody(struct eng_booking *b);
void eng_book_webhook(struct eng_booking *b);
/* A sale whose id is known, said by a system worker: 1 it was dealt with (a duplicate, or
 * it has moved to the agent that is named now), 0 it is new, -EINVAL with b->reason. */
int eng_book_known_sale(struct eng_booking *b);
/* Whom a fee that names a sale is of, when nobody is named: the sale's worker; one that
 * was told before stays where it was booked. */
int eng_book_fee_of(struct eng_booking *b);
/* The id of a total: what is said twice is a total and its amount. */
void eng_book_total_id(struct eng_booking *b);

/* Everything of the line that moves money, into b->ev: 0, or -EINVAL with b->reason. */
int eng_book_movement(struct eng_booking *b);
/* Whom a refund or dispute is about, by the sale it names; before the event is begun.
 * `explicit`: the line says whom. */
int eng_book_find_sale(struct eng_booking *b, bool explicit);
/* Why the ledger refused b->ev, as a sentence into b->reason; rc is its answer. */
void eng_book_refusal(struct eng_booking *b, int rc);

#endif
