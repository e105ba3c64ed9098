/* The same payments told by events and balance transactions, in any order, several times,
 * each of them by some of its messages only: one sale each, the same refunds, disputes,
 * payouts and fees, and the same agent. The ledger here is a naive one with the rules of
 * docs/LEDGER.md: an id counts once and says the same thing always, a total is a floor.
 */
#include "map.h"
#include "run_suite.h"

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAYMENTS 700
#define ROUNDS   4
#define NANO     INT64_C(10000000) /* of a cent */

static const struct map_stripe live = {MAP_STRIPE_LIVE, NULL};

/* ---- the messages ---- */

struct message {
	char *text; /* owned */
	bool txn;
};

static struct message *messages;
static size_t n_messages;
static uint64_t seed;

static uint32_t
random_below(uint32_t n)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(seed >> 33) % n;
}

static void say(bool txn, const char *fmt, ...) NV_PRINTF(2, 3);

static void
say(bool txn, const char *fmt, ...)
{
	char text[3000];
	va_list args;

	va_start(args, fmt);
	int n = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	ck_assert_int_lt(n, (int)sizeof(text));
	for (char *p = text; *p; p++)
		if (*p == '\'')
			*p = '"';
	messages = realloc(messages, (n_messages + 1) * sizeof(*messages));
	messages[n_messages++] = (struct message){strdup(text), txn};
}

#define EVENT "{'id':'evt_%u_%s','livemode':true,'type':'%s','data':{'object':%s}}"

static void
say_event(unsigned i, const char *what, const char *type, const char *object)
{
	say(false, EVENT, i, what, type, object);
}

/* What a payment is, by its number. */
struct payment {
	unsigned cents, refunds[2];
	bool intent, agent, disputed, won, subscription;
};

static struct payment
payment_of(unsigned i)
{
	struct payment p = {.cents = 1000 + i * 7,
		.intent = i % 5 != 0,
		.agent = i % 3 != 0,
		.disputed = i % 11 == 4,
		.won = i % 2 == 0,
		.subscription = i % 4 == 1};

	if (!p.disputed && i % 6 == 2)
		p.refunds[0] = 100 + i % 50;
	if (p.refunds[0] && i % 12 == 2)
		p.refunds[1] = 30;
	return p;
}

static void
charge_text(char *buf, size_t bytes, unsigned i, unsigned refunded)
{
	struct payment p = payment_of(i);
	char intent[40] = "null";
	char agent[40] = "";

	if (p.intent)
		(void)snprintf(intent, sizeof(intent), "'pi_%u'", i);
	if (p.agent)
		(void)snprintf(agent, sizeof(agent), "'agent_id':'a%u'", i % 3);
	(void)snprintf(buf, bytes,
		"{'id':'ch_%u','object':'charge','status':'succeeded','paid':true,"
		"'captured':true,'amount':%u,'amount_captured':%u,'amount_refunded':%u,"
		"'currency':'usd','payment_intent':%s,'metadata':{%s},"
		"'balance_transaction':'txn_c%u'}",
		i, p.cents, p.cents, refunded, intent, agent, i);
}

static void
refund_text(char *buf, size_t bytes, unsigned i, unsigned k)
{
	struct payment p = payment_of(i);

	(void)snprintf(buf, bytes,
		"{'id':'re_%u_%u','object':'refund','status':'succeeded','amount':%u,"
		"'currency':'usd','charge':'ch_%u',%s%u',"
		"'balance_transaction':'txn_r%u_%u'}",
		i, k, p.refunds[k], i, p.intent ? "'payment_intent':'pi_" : "'x':'", i, i,
		k);
}

static void
say_refunds(unsigned i)
{
	struct payment p = payment_of(i);
	unsigned sum = 0;
	char object[1500];
	char what[20];

	for (unsigned k = 0; k < 2 && p.refunds[k]; k++) {
		sum += p.refunds[k];
		(void)snprintf(what, sizeof(what), "re%u", k);
		refund_text(object, sizeof(object), i, k);
		/* Some are told by the webhook, all by the journal. */
		if (i % 4 < 2)
			say_event(i, what, "refund.created", object);
		say(true,
			"{'id':'txn_r%u_%u','type':'refund','amount':-%u,'fee':0,"
			"'net':-%u,'currency':'usd','source':%s}",
			i, k, p.refunds[k], p.refunds[k], object);
		charge_text(object, sizeof(object), i, sum);
		(void)snprintf(what, sizeof(what), "cr%u", k);
		say_event(i, what, "charge.refunded", object);
	}
}

static void
say_dispute(unsigned i)
{
	struct payment p = payment_of(i);
	char object[1500];
	static const char *const steps[] = {"needs_response", "under_review", NULL};
	const char *status = NULL;

	for (unsigned k = 0; k < 3; k++) {
		char what[20];

		status = steps[k] ? steps[k] : p.won ? "won" : "lost";
		(void)snprintf(object, sizeof(object),
			"{'id':'dp_%u','object':'dispute','status':'%s','amount':%u,"
			"'currency':'usd','charge':'ch_%u'%s%u','balance_transactions':"
			"[{'id':'txn_d%u','amount':-%u,'fee':1500,'currency':'usd'}]}",
			i, status, p.cents, i,
			p.intent ? ",'payment_intent':'pi_" : ",'x':'", i, i, p.cents);
		(void)snprintf(what, sizeof(what), "dp%u", k);
		say_event(i, what,
			k == 0   ? "charge.dispute.created"
			: k == 1 ? "charge.dispute.updated"
				 : "charge.dispute.closed",
			object);
	}
	say(true,
		"{'id':'txn_d%u','type':'adjustment','amount':-%u,'fee':1500,'net':-1,"
		"'currency':'usd','source':%s}",
		i, p.cents, object);
}

static void
say_payment(unsigned i)
{
	struct payment p = payment_of(i);
	char charge[1500];
	char object[1500];
	char agent[60] = "";

	charge_text(charge, sizeof(charge), i, 0);
	if (p.agent)
		(void)snprintf(agent, sizeof(agent), "'agent_id':'a%u'", i % 3);
	/* Any subset of what tells of it, but never nothing. */
	unsigned told = p.intent ? i % 31 + 1 : 1;

	if (told & 1)
		say_event(i, "ch", "charge.succeeded", charge);
	if (told & 2) {
		(void)snprintf(object, sizeof(object),
			"{'id':'pi_%u','object':'payment_intent','status':'succeeded',"
			"'amount':%u,'amount_received':%u,'currency':'usd','metadata':"
			"{%s}}",
			i, p.cents, p.cents, agent);
		say_event(i, "pi", "payment_intent.succeeded", object);
	}
	if (told & 4) {
		(void)snprintf(object, sizeof(object),
			"{'id':'cs_%u','object':'checkout.session','payment_status':"
			"'paid','amount_total':%u,'currency':'usd','payment_intent':"
			"'pi_%u','metadata':{%s}}",
			i, p.cents, i, agent);
		say_event(i, "cs", "checkout.session.completed", object);
	}
	if (told & 8) {
		(void)snprintf(object, sizeof(object),
			p.subscription
				? "{'id':'in_%u','object':'invoice','status':'paid',"
				  "'amount_paid':%u,'currency':'usd','payment_intent':"
				  "'pi_%u','subscription_details':{'metadata':{%s}}}"
				: "{'id':'in_%u','object':'invoice','status':'paid',"
				  "'amount_paid':%u,'currency':'usd','charge':"
				  "{'id':'ch_x','payment_intent':'pi_%u'},'metadata':"
				  "{%s}}",
			i, p.cents, i, agent);
		say_event(i, "in", "invoice.paid", object);
	}
	if (told & 16)
		say(true,
			"{'id':'txn_c%u','type':'charge','amount':%u,'fee':59,'net':1,"
			"'currency':'usd','source':%s}",
			i, p.cents, charge);
	say_refunds(i);
	if (p.disputed)
		say_dispute(i);
}

/* ---- the naive ledger ---- */

struct books {
	json_t *lines; /* id -> line without what may differ */
	json_t *sales; /* id -> {"gross","by_id","total"} */
	json_t *sums;  /* kind -> nano */
	size_t duplicates;
};

static int64_t
nano_of(const json_t *line, const char *key)
{
	const char *text = json_string_value(json_object_get(line, key));
	int64_t nano = 0;

	if (text)
		ck_assert_int_eq(
			nv_money_parse(text, strlen(text), NV_DECIMAL_EXACT, &nano, NULL),
			0);
	return nano;
}

static void
add(json_t *o, const char *key, int64_t nano)
{
	(void)json_object_set_new(
		o, key, json_integer(json_integer_value(json_object_get(o, key)) + nano));
}

static json_t *
sale_of(struct books *b, const char *id)
{
	json_t *sale = json_object_get(b->sales, id);

	if (!sale) {
		sale = json_object();
		(void)json_object_set_new(b->sales, id, sale);
	}
	return sale;
}

static void
book(struct books *b, const json_t *line)
{
	const char *id = json_string_value(json_object_get(line, "id"));
	const char *kind = json_string_value(json_object_get(line, "event"));
	const char *of = json_string_value(json_object_get(line, "of"));
	const char *agent = json_string_value(json_object_get(line, "agent"));
	const json_t *known = json_object_get(b->lines, id);
	json_t *same = json_deep_copy(line);

	if (strcmp(kind, "webhook") == 0) {
		json_decref(same);
		return;
	}
	if (agent)
		(void)json_object_set_new(sale_of(b, id), "agent", json_string(agent));
	(void)json_object_del(same, "agent");
	(void)json_object_del(same, "at");
	if (known) {
		b->duplicates++;
		char *first = json_dumps(known, 0);
		char *second = json_dumps(same, 0);

		ck_assert_msg(json_equal(known, same), "%s is said in two ways: %s | %s",
			id, first, second);
		free(first);
		free(second);
		json_decref(same);
		return;
	}
	(void)json_object_set_new(b->lines, id, same);
	if (strcmp(kind, "revenue") == 0)
		add(sale_of(b, id), "gross", nano_of(line, "amount"));
	if (strcmp(kind, "refund") == 0) {
		json_t *sale = sale_of(b, of);
		int64_t total = nano_of(line, "total");

		add(sale, "by_id", nano_of(line, "amount"));
		if (total > json_integer_value(json_object_get(sale, "total")))
			(void)json_object_set_new(sale, "total", json_integer(total));
	} else {
		char name[60];
		const char *status = json_string_value(json_object_get(line, "status"));

		(void)snprintf(name, sizeof(name), "%s%s", kind, status ? status : "");
		add(b->sums, name, nano_of(line, "amount"));
	}
}

static void
read_message(struct books *b, const struct message *m)
{
	struct nv_err err = {0};
	json_t *value = json_loads(m->text, 0, NULL);
	json_t *lines = NULL;
	json_t *line;
	size_t i;

	ck_assert_msg(value != NULL, "%s", m->text);
	int rc = m->txn ? map_stripe_txn(value, &live, &lines, NULL, &err)
			: map_stripe_event(value, &live, &lines, &err);

	ck_assert_msg(rc == 0, "%s", err.text);
	json_array_foreach(lines, i, line) book(b, line);
	json_decref(lines);
	json_decref(value);
}

/* ---- what it must come to ---- */

static void
check(const struct books *b)
{
	int64_t revenue = 0, opened = 0, won = 0, fees = 0;

	for (unsigned i = 0; i < PAYMENTS; i++) {
		struct payment p = payment_of(i);
		char id[40];
		char agent[20];

		(void)snprintf(
			id, sizeof(id), p.intent ? "stripe:pi_%u" : "stripe:ch_%u", i);
		(void)snprintf(agent, sizeof(agent), "a%u", i % 3);
		const json_t *sale = json_object_get(b->sales, id);
		int64_t by_id = json_integer_value(json_object_get(sale, "by_id"));
		int64_t total = json_integer_value(json_object_get(sale, "total"));
		const char *whose = json_string_value(json_object_get(sale, "agent"));

		ck_assert_msg(json_integer_value(json_object_get(sale, "gross")) ==
				      p.cents * NANO,
			"%s", id);
		ck_assert_int_eq(NV_MAX(by_id, total),
			(int64_t)(p.refunds[0] + p.refunds[1]) * NANO);
		ck_assert_msg(
			p.agent ? whose && strcmp(whose, agent) == 0 : !whose, "%s", id);
		revenue += p.cents * NANO;
		opened += p.disputed ? p.cents * NANO : 0;
		won += p.disputed && p.won ? p.cents * NANO : 0;
		fees += p.disputed ? 1500 * NANO : 0;
		fees += p.intent && ((i % 31 + 1) & 16) ? 59 * NANO : 0;
	}
	ck_assert_int_eq(
		json_integer_value(json_object_get(b->sums, "revenue")), revenue);
	ck_assert_int_eq(
		json_integer_value(json_object_get(b->sums, "disputeopened")), opened);
	ck_assert_int_eq(json_integer_value(json_object_get(b->sums, "disputewon")), won);
	ck_assert_int_eq(json_integer_value(json_object_get(b->sums, "disputelost")),
		opened - won);
	ck_assert_int_eq(json_integer_value(json_object_get(b->sums, "fee")), fees);
}

START_TEST(any_order_ends_in_the_same_money)
{
	seed = (uint64_t)_i + 1;
	for (unsigned i = 0; i < PAYMENTS; i++)
		say_payment(i);
	/* Each is heard once at least; some again and again. */
	size_t once = n_messages;

	struct books b = {json_object(), json_object(), json_object(), 0};
	size_t n_heard = once + 10000 / ROUNDS;
	size_t *order = calloc(n_heard, sizeof(*order));

	for (size_t i = 0; i < n_heard; i++)
		order[i] = i < once ? i : random_below((uint32_t)once);
	for (size_t i = n_heard - 1; i > 0; i--) {
		size_t k = random_below((uint32_t)(i + 1));
		size_t kept = order[i];

		order[i] = order[k];
		order[k] = kept;
	}
	for (size_t i = 0; i < n_heard; i++)
		read_message(&b, &messages[order[i]]);
	ck_assert_uint_gt(b.duplicates, 1000);
	check(&b);
	free(order);
	for (size_t i = 0; i < n_messages; i++)
		free(messages[i].text);
	free(messages);
	json_decref(b.lines);
	json_decref(b.sales);
	json_decref(b.sums);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("map_stripe_order");
	TCase *tc = tcase_create("order");

	tcase_add_loop_test(tc, any_order_ends_in_the_same_money, 0, ROUNDS);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
