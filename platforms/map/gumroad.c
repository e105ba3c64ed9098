/* Gumroad's sales and pings. What a field means was read from Gumroad's own server
 * (antiwork/gumroad): Purchase#as_json version 2, Api::V2::SalesController and
 * Purchase::PingNotification. */
#include "map.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define CENT_NANO (NV_MONEY_SCALE / 100)

/* "1,234.50", "1.234,50", "10": the number in hundredths. The last separator begins the
 * decimals when one or two digits follow it, else it is one of thousands: Gumroad has no
 * currency of three decimals. */
static int
parse_hundredths(const char *text, int64_t *ret)
{
	const char *last = NULL;
	int64_t v = 0;
	size_t digits = 0;

	for (const char *p = text; *p; p++)
		if (*p == '.' || *p == ',')
			last = p;
	size_t decimals = last ? strlen(last + 1) : 0;

	if (last && decimals != 1 && decimals != 2) {
		if (decimals != 3)
			return -EINVAL;
		decimals = 0;
	}
	for (const char *p = text; *p; p++) {
		if ((*p == '.' || *p == ',') && digits > 0)
			continue;
		if (*p < '0' || *p > '9' || ++digits > 14)
			return -EINVAL;
		v = v * 10 + (*p - '0');
	}
	if (digits == 0 || digits == decimals)
		return -EINVAL;
	for (size_t i = decimals; i < 2; i++)
		v *= 10;
	*ret = v;
	return 0;
}

static bool
flag(const json_t *sale, const char *key)
{
	return json_is_true(json_object_get(sale, key));
}

/* What was never charged, though it has a price; NULL when it was. */
static const char *
not_charged(const json_t *sale, int64_t price)
{
	if (price == 0)
		return "it was free";
	if (flag(sale, "is_preorder_authorization"))
		return "a pre-order: nothing was charged yet";
	/* The first purchase of a subscription with a trial is never charged; what is
	 * charged when the trial is over is a sale of its own. */
	if (map_text(sale, "free_trial_ends_on") && !flag(sale, "recurring_charge"))
		return "a free trial: nothing was charged";
	if (flag(sale, "is_gift_receiver_purchase"))
		return "the receiving end of a gift: the giver paid";
	return NULL;
}

/* Affiliates are paid from the seller's share; the amount only comes as "$2.50". */
static int
affiliate_cents(const json_t *sale, int64_t *ret, struct nv_err *err)
{
	const json_t *affiliate = map_object(sale, "affiliate");
	const char *text = affiliate ? map_text(affiliate, "amount") : NULL;

	*ret = 0;
	if (!text)
		return 0;
	if (*text != '$' || parse_hundredths(text + 1, ret) != 0)
		return nv_err_set(err, -EINVAL,
			"affiliate.amount: expected dollars such as $2.50, found %.40s",
			text);
	return 0;
}

/* Cents that went back to the buyer by now; *ret_note when it cannot be told. */
static int
refunded_cents(const json_t *sale, int64_t price, const struct map_gumroad_known *known,
	int64_t *ret, const char **ret_note, struct nv_err *err)
{
	const char *text = map_text(sale, "amount_refundable_in_currency");
	const char *symbol = map_text(sale, "currency_symbol");
	int64_t left, full;

	*ret = 0;
	if (flag(sale, "refunded")) {
		*ret = price;
		return 0;
	}
	if (!flag(sale, "partially_refunded"))
		return 0;
	if (!text || parse_hundredths(text, &left) != 0)
		return nv_err_set(err, -EINVAL,
			"amount_refundable_in_currency: expected an amount, found %.40s",
			text ? text : "nothing");
	if (symbol && strcmp(symbol, "$") == 0) {
		full = price;
	} else if (!known->full || parse_hundredths(known->full, &full) != 0 ||
		   full == 0) {
		*ret_note =
			"a part was refunded in another currency before Nova first saw "
			"the sale: how much in USD is not known";
		return 0;
	}
	if (left > full)
		return nv_err_set(err, -EINVAL,
			"amount_refundable_in_currency: %.40s is more than the sale was",
			text);
	*ret = price - nv_mul_div(price, left, full);
	return 0;
}

static int
add(json_t *lines, json_t *line, int bad)
{
	if (!line || bad) {
		json_decref(line);
		return -ENOMEM;
	}
	return json_array_append_new(lines, line) ? -ENOMEM : 0;
}

static json_t *
line_of(const char *kind, const json_t *sale, const char *suffix)
{
	json_t *line = map_line(kind, "gumroad", map_text(sale, "id"), suffix);

	if (line && json_object_set_new(line, "source", json_string("gumroad"))) {
		json_decref(line);
		return NULL;
	}
	return line;
}

/* A line about the sale. */
static json_t *
line_about(const char *kind, const json_t *sale, const char *suffix)
{
	json_t *line = line_of(kind, sale, suffix);
	char of[MAP_GUMROAD_ID_BYTES + 16];

	(void)snprintf(of, sizeof(of), "gumroad:%s", map_text(sale, "id"));
	if (line && json_object_set_new(line, "of", json_string(of))) {
		json_decref(line);
		return NULL;
	}
	return line;
}

static int
say_sale(struct map_gumroad *m, const json_t *sale, const char *agent)
{
	const json_t *offer = map_object(sale, "offer_code");
	json_t *line = line_of("revenue", sale, NULL);
	int bad = line ? 0 : -ENOMEM;

	if (line && map_text(sale, "created_at"))
		bad |= map_put_text(line, "at", map_text(sale, "created_at"), 40);
	if (line) {
		bad |= map_put_money(line, m->gross, "USD");
		if (m->fee > 0)
			bad |= json_object_set_new(line, "fee", nv_json_money(m->fee));
		bad |= map_put_agent(line, agent);
		bad |= map_put_text(line, "external_id", map_text(sale, "id"), 100);
		bad |= map_put_text(line, "product", map_text(sale, "product_id"), 100);
		bad |= map_put_text(
			line, "offer_code", offer ? map_text(offer, "code") : NULL, 100);
		bad |= map_put_text(
			line, "subscription", map_text(sale, "subscription_id"), 100);
		bad |= map_put_text(
			line, "currency_symbol", map_text(sale, "currency_symbol"), 16);
	}
	return add(m->lines, line, bad);
}

static int
say_refund(struct map_gumroad *m, const json_t *sale)
{
	char suffix[48];

	if (m->refunded == 0)
		return 0;
	(void)snprintf(suffix, sizeof(suffix), "refunded:%lld",
		(long long)(m->refunded / CENT_NANO));
	json_t *line = line_about("refund", sale, suffix);
	int bad = line ? 0 : -ENOMEM;

	if (line) {
		bad |= json_object_set_new(line, "total", nv_json_money(m->refunded));
		bad |= json_object_set_new(line, "currency", json_string("USD"));
	}
	return add(m->lines, line, bad);
}

/* Gumroad says that a payment is disputed, and that the dispute was won; never that it
 * was lost. */
static int
say_dispute(struct map_gumroad *m, const json_t *sale, bool said)
{
	int64_t left = m->gross - m->refunded;
	bool won = flag(sale, "dispute_won");
	bool open = flag(sale, "disputed") || flag(sale, "chargedback") || won;

	if (!open || (left == 0 && !said))
		return 0;
	if (!said) {
		json_t *line = line_about("dispute", sale, "dispute:opened");
		int bad = line ? 0 : -ENOMEM;

		if (line) {
			bad |= map_put_money(line, left, "USD");
			bad |= json_object_set_new(line, "status", json_string("opened"));
		}
		if (add(m->lines, line, bad) != 0)
			return -ENOMEM;
	}
	if (!won) {
		m->disputed = left;
		return 0;
	}
	/* Without an amount: all that is open. */
	json_t *line = line_about("dispute", sale, "dispute:won");

	return add(m->lines, line,
		line ? json_object_set_new(line, "status", json_string("won")) : -ENOMEM);
}

static int
check_id(const json_t *sale, struct nv_err *err)
{
	const char *id = map_text(sale, "id");

	if (!json_is_object(sale))
		return nv_err_set(err, -EINVAL, "expected a sale, an object");
	if (!id || strlen(id) >= MAP_GUMROAD_ID_BYTES)
		return nv_err_set(err, -EINVAL,
			"id: expected 1 to %d bytes of a sale's id",
			MAP_GUMROAD_ID_BYTES - 1);
	json_t *probe = line_of("revenue", sale, "dispute:opened");

	if (!probe)
		return nv_err_set(err, -EINVAL,
			"id: a sale's id has no blanks or control characters");
	json_decref(probe);
	return 0;
}

static int
read_amounts(const json_t *sale, const struct map_gumroad_known *known,
	struct map_gumroad *m, struct nv_err *err)
{
	int64_t price, fee = 0, affiliate, refunded;

	if (!map_int(sale, "price", &price) || price < 0 ||
		map_nano(price, 2, &m->gross) != 0)
		return nv_err_set(
			err, -EINVAL, "price: expected whole cents, not negative");
	if (json_object_get(sale, "gumroad_fee") &&
		!json_is_null(json_object_get(sale, "gumroad_fee")) &&
		(!map_int(sale, "gumroad_fee", &fee) || fee < 0))
		return nv_err_set(
			err, -EINVAL, "gumroad_fee: expected whole cents, not negative");
	if (affiliate_cents(sale, &affiliate, err) != 0)
		return -EINVAL;
	if (map_nano(fee, 2, &fee) != 0 || map_nano(affiliate, 2, &affiliate) != 0 ||
		fee > NV_MONEY_MAX - affiliate)
		return nv_err_set(
			err, -EINVAL, "gumroad_fee: beyond what Nova can count");
	m->fee = fee + affiliate;
	if (refunded_cents(sale, price, known, &refunded, &m->note, err) != 0)
		return -EINVAL;
	m->refunded = refunded * CENT_NANO;
	m->full_now = !flag(sale, "refunded") && !flag(sale, "partially_refunded");
	return 0;
}

int
map_gumroad_sale(const json_t *sale, const struct map_gumroad_known *known,
	struct map_gumroad *ret, struct nv_err *err)
{
	static const struct map_gumroad_known nothing = {0};
	struct map_gumroad m = {0};
	int rc;

	if (!known)
		known = &nothing;
	if ((rc = check_id(sale, err)) != 0 ||
		(rc = read_amounts(sale, known, &m, err)) != 0)
		return rc;
	m.lines = json_array();
	if (!m.lines)
		return -ENOMEM;
	const char *why = not_charged(sale, m.gross);

	if (why) {
		m.note = why;
		m.gross = m.fee = m.refunded = 0;
	} else if (say_sale(&m, sale, known->agent) != 0 || say_refund(&m, sale) != 0 ||
		   say_dispute(&m, sale, known->disputed) != 0) {
		map_gumroad_fini(&m);
		return -ENOMEM;
	}
	*ret = m;
	return 0;
}

void
map_gumroad_fini(struct map_gumroad *m)
{
	json_decref(m->lines);
	m->lines = NULL;
}

const char *
map_gumroad_agent(const json_t *sale, map_lookup_fn *lookup, void *arg)
{
	const json_t *fields = map_object(sale, "custom_fields");
	const json_t *offer = map_object(sale, "offer_code");
	const char *agent = map_agent(fields ? map_text(fields, "agent_id") : NULL);
	const char *keys[] = {offer ? map_text(offer, "code") : NULL,
		map_text(sale, "product_id"), map_text(sale, "product_permalink")};

	for (size_t i = 0; !agent && lookup && i < NV_LEN(keys); i++)
		if (keys[i])
			agent = map_agent(lookup(arg, keys[i]));
	return agent;
}

/* ---- pings ---- */

/* Kept when nothing of that name came before and it is a text that fits. */
static void
keep(char *to, size_t max, const char *value, size_t bytes)
{
	if (*to || bytes == 0 || bytes >= max)
		return;
	for (size_t i = 0; i < bytes; i++)
		if ((unsigned char)value[i] <= ' ' || (unsigned char)value[i] >= 0x7f)
			return;
	memcpy(to, value, bytes);
	to[bytes] = '\0';
}

static bool
is_key(const char *key, size_t bytes, const char *name)
{
	return strlen(name) == bytes && memcmp(key, name, bytes) == 0;
}

void
map_gumroad_ping_field(struct map_gumroad_ping *ping, const char *key, size_t key_bytes,
	const char *value, size_t value_bytes)
{
	if (is_key(key, key_bytes, "sale_id"))
		keep(ping->sale, sizeof(ping->sale), value, value_bytes);
	else if (is_key(key, key_bytes, "subscription_id"))
		keep(ping->subscription, sizeof(ping->subscription), value, value_bytes);
	else if (is_key(key, key_bytes, "resource_name"))
		keep(ping->resource, sizeof(ping->resource), value, value_bytes);
	else if (is_key(key, key_bytes, "url_params[agent_id]") ||
		 /* Brackets inside of names are encoded once more. */
		 is_key(key, key_bytes, "url_params%5Bagent_id%5D"))
		keep(ping->agent, sizeof(ping->agent), value, value_bytes);
	else if (is_key(key, key_bytes, "test"))
		ping->test |= is_key(value, value_bytes, "true");
}

int
map_gumroad_ping_fact(
	const struct map_gumroad_ping *ping, json_t **ret_line, struct nv_err *err)
{
	const char *resource = ping->resource[0] ? ping->resource : "sale";
	const char *object = ping->sale[0] ? ping->sale : ping->subscription;

	if (!*object)
		return nv_err_set(err, -EINVAL, "expected sale_id or subscription_id");
	json_t *line = map_line("webhook", "gumroad", resource, object);
	int bad = line ? 0 : -ENOMEM;

	if (line) {
		bad |= json_object_set_new(line, "provider", json_string("gumroad"));
		bad |= map_put_text(line, "type", resource, sizeof(ping->resource));
		bad |= map_put_text(line, "object", object, MAP_GUMROAD_ID_BYTES);
		bad |= map_put_agent(line, ping->agent);
		if (ping->test)
			bad |= map_put_text(
				line, "note", "a test sale is not booked", 100);
	}
	if (bad) {
		json_decref(line);
		return -ENOMEM;
	}
	*ret_line = line;
	return 0;
}
