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

/* Whose money is booked; what is of the other mode is a fact only. */
enum map_stripe_mode {
	MAP_STRIPE_LIVE,
	MAP_STRIPE_TEST,
	/* A webhook's secret belongs to an endpoint of one mode: what it has signed is of
	 * the mode that is meant. */
	MAP_STRIPE_BOTH
};

struct map_stripe {
	enum map_stripe_mode mode; /* `platforms.stripe.mode` */
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

/* ---- Gumroad ---- */

/* What the platform remembers of a sale, since Gumroad's own answer does not say it. */
struct map_gumroad_known {
	const char *agent; /* whom the sale is due to; NULL: nobody known */
	/* amount_refundable_in_currency of the time before anything was refunded; NULL:
	 * not known. In another currency than USD a refund of a part is worked out from
	 * it. */
	const char *full;
	bool disputed; /* the dispute was booked; it is not said with another amount */
};

struct map_gumroad {
	json_t *lines; /* owned: an array, the sale first */
	/* A static sentence about what of it is not booked; NULL: nothing is left out. */
	const char *note;
	/* Exactly what the lines say, in 10^-9 USD. */
	int64_t gross, fee, refunded, disputed;
	bool full_now; /* nothing was refunded yet: what is refundable is the `full` above
			*/
};

/* A sale as GET /v2/sales/:id and /v2/sales say it. Amounts are USD cents, whatever the
 * product's currency is. Not booked: what is free, a pre-order or a trial (nothing was
 * charged). The fee is Gumroad's and the affiliate's. Refunds are running totals; a
 * chargeback is a dispute over what was left of the sale. 0; -EINVAL; -ENOMEM. */
int map_gumroad_sale(const json_t *sale, const struct map_gumroad_known *known,
	struct map_gumroad *ret, struct nv_err *err);
void map_gumroad_fini(struct map_gumroad *m);

/* Whom a sale is due to by itself: the custom field agent_id; else what the map of the
 * configuration says about its offer code, product id or permalink (lookup answers a
 * worker's name or NULL). NULL: nobody. Borrowed from sale or from lookup. */
typedef const char *map_lookup_fn(void *arg, const char *key);
const char *map_gumroad_agent(const json_t *sale, map_lookup_fn *lookup, void *arg);

/* A ping: form posts are not signed, and a product's custom fields stand between
 * Gumroad's own, so only this is taken from one. Zero it, give it all pairs of the form
 * in their order (the first of a name counts), decoded once. */
#define MAP_GUMROAD_ID_BYTES 90
struct map_gumroad_ping {
	char sale[MAP_GUMROAD_ID_BYTES]; /* empty: it is about no sale */
	char subscription[MAP_GUMROAD_ID_BYTES];
	char resource[28]; /* "sale" when it says none: the settings page's pings */
	char agent[NV_NAME_MAX];
	bool test; /* the seller bought it to try */
};
void map_gumroad_ping_field(struct map_gumroad_ping *ping, const char *key,
	size_t key_bytes, const char *value, size_t value_bytes);
/* The `webhook` fact, said when the platform has confirmed the sale. -EINVAL: neither a
 * sale nor a subscription is named. */
int map_gumroad_ping_fact(
	const struct map_gumroad_ping *ping, json_t **ret_line, struct nv_err *err);

/* ---- SendGrid ---- */

/* The array of an Event Webhook: one `webhook` fact for each event, its id by
 * sg_event_id. `object` is the sg_message_id; `nova_id` and `agent` what the mail was
 * sent with (custom arguments). An event whose `event` is none of SendGrid's was
 * shadowed by a custom argument of that name: type "shadowed". What cannot be told apart
 * from others (no sg_event_id) gets an id of its own content, so that a repeat counts
 * once. -EINVAL: no array of objects, or over MAP_SENDGRID_MAX of them. */
#define MAP_SENDGRID_MAX 20000
int map_sendgrid_events(const json_t *events, json_t **ret_lines, struct nv_err *err);
/* Names of events and of fields that SendGrid puts beside custom arguments: an argument
 * must not be called so. */
bool map_sendgrid_reserved(const char *name);

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
/* A whole number of at most 10^18, so that a few of them can be added and negated; false
 * when it is missing or something else. */
#define MAP_INT_MAX INT64_C(1000000000000000000)
bool map_int(const json_t *object, const char *key, int64_t *ret);
/* An expandable field: the id, whether the field is a string or the object. NULL:
 * neither. */
const char *map_ref(const json_t *object, const char *key);
/* The object if it was expanded, else NULL. */
const json_t *map_object(const json_t *object, const char *key);

#endif
