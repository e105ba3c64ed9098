/* What a vendor says, as lines Nova knows: pure functions from a vendor's JSON to event
 * lines, shared by the gateway (webhooks) and the platforms (polling), so that the same
 * money has the same id, amount and sentence whichever way it was heard of. No clock, no
 * files, no network; nothing here keeps state.
 *
 * A mapping answers an array of objects, each an event line (docs/PLATFORMS.md): first
 * the money in the order it has to be said, last one `webhook` fact for each event of a
 * webhook. The caller puts "ack" into each, `bytes` and `sha256` into the facts, and
 * writes them with nv_json_line. The array is the caller's to free. What moves no money
 * and is no webhook gives an empty array.
 *
 * Ids begin with the vendor ("stripe:pi_X"), so that what is said twice counts once; all
 * that stands beside an id is made from the vendor's own object and nothing else.
 *
 * 0; -EINVAL with a sentence when it is not what the function is for; -ENOMEM. */
#ifndef MAP_H
#define MAP_H

#include "nv_err.h"
#include "nv_json.h"
#include "nv_name.h"

/* ---- Stripe ---- */

struct map_stripe {
	/* Book what happened in test mode, and nothing that is live. The gateway has no
	 * key to tell it: `platforms.stripe.test`. What is of the other mode is a fact
	 * only. */
	bool test;
	/* `platforms.stripe.account`, borrowed: events of this connected account are
	 * ours. NULL: none is, what connected accounts earn is theirs. */
	const char *account;
};

/* An event of a webhook or of /v1/events, in any shape an api_version of 2019 or later
 * gives it. The last line is its `webhook` fact: {"event":"webhook","id":"stripe:evt_X",
 * "provider":"stripe","type","at","object"?,"agent"?,"note"?}; note says why money that
 * seems to be in it was not booked. Thin events ("v2.core.event") are facts only. An
 * event of a type that moves no money, or that nobody knows: the fact alone. */
int map_stripe_event(const json_t *event, const struct map_stripe *how,
	json_t **ret_lines, struct nv_err *err);

/* A balance transaction with its source expanded: sale, refund, dispute or payout as the
 * events say them, and the fee and conversion that only stand here. ret_note (may be
 * NULL) is a static sentence when nothing was booked of it, else NULL. */
int map_stripe_txn(const json_t *txn, const struct map_stripe *how, json_t **ret_lines,
	const char **ret_note, struct nv_err *err);

/* Minor units of a currency, as Stripe counts them, to 10^-9 of a unit and an upper case
 * code. -EINVAL: no currency code; -ERANGE: beyond NV_MONEY_MAX. */
int map_stripe_nano(int64_t minor, const char *currency, int64_t *ret_nano,
	char ret_code[NV_CURRENCY_BYTES]);
/* Back again, exactly: -EDOM when Stripe cannot charge this amount in this currency (a
 * fraction of a minor unit; 5.125 KWD; 0.5 ISK), with a sentence. */
int map_stripe_minor(
	int64_t nano, const char *currency, int64_t *ret_minor, struct nv_err *err);

/* ---- for those who write mappings ---- */

/* Minor units with so many decimals (0..9) to 10^-9: exact. -ERANGE beyond NV_MONEY_MAX.
 */
int map_nano(int64_t minor, unsigned decimals, int64_t *ret_nano);

/* {"event":KIND,"id":"PREFIX:ID[:SUFFIX]"}; suffix may be NULL. NULL when the id would be
 * longer than 128 bytes, holds a control character, or without memory. */
json_t *
map_line(const char *kind, const char *prefix, const char *id, const char *suffix);
/* "amount" (decimal string) and "currency" of a line. 0 or -ENOMEM. */
int map_put_money(json_t *line, int64_t nano, const char *code);
/* A text, cut at a character to at most bytes_max; nothing when it is NULL or empty. */
int map_put_text(json_t *line, const char *key, const char *text, size_t bytes_max);
/* "agent" when `name` is a worker's name and none of Nova's own; else nothing. */
int map_put_agent(json_t *line, const char *name);
/* The name if map_put_agent would take it, else NULL. */
const char *map_agent(const char *name);

/* object[key] as text; NULL when it is missing, null, empty or something else. */
const char *map_text(const json_t *object, const char *key);
/* A whole number; false when it is missing or something else. */
bool map_int(const json_t *object, const char *key, int64_t *ret);
/* An expandable field: the id, whether the field is a string or the object. NULL:
 * neither. */
const char *map_ref(const json_t *object, const char *key);
/* The object if it was expanded, else NULL. */
const json_t *map_object(const json_t *object, const char *key);

#endif
