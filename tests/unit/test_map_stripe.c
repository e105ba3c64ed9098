/* Stripe's objects as event lines: shapes of several API versions, currencies, what fails
 * later, and the promise that any order, subset of duplicates and mixture of events and
 * balance transactions of the same payments ends in the same money. */
#include "map.h"
#include "nv_buf.h"
#include "run_suite.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct map_stripe live = {false, NULL};

/* Texts below are JSON with single quotes. */
static json_t *
parse(const char *text)
{
	char *copy = strdup(text);
	json_error_t err;

	for (char *p = copy; *p; p++)
		if (*p == '\'')
			*p = '"';
	json_t *v = json_loads(copy, 0, &err);

	ck_assert_msg(v != NULL, "%s: %s", err.text, text);
	free(copy);
	return v;
}

/* One line a line, without times. */
static char *
show(const json_t *lines)
{
	struct nv_buf buf;
	json_t *line;
	size_t i;

	nv_buf_init(&buf, 1 << 20);
	json_array_foreach(lines, i, line)
	{
		(void)json_object_del(line, "at");
		(void)json_object_del(line, "source");
		(void)json_object_del(line, "provider");
		char *text = nv_json_line(line);

		for (char *p = text; *p; p++)
			if (*p == '"')
				*p = '\'';
		ck_assert_uint_lt(strlen(text), 4000);
		nv_buf_puts(&buf, text);
		nv_buf_puts(&buf, "\n");
		free(text);
	}
	char *text = nv_buf_take(&buf);

	return text ? text : strdup("");
}

static char *
map_event(const char *text, const struct map_stripe *how)
{
	struct nv_err err = {0};
	json_t *event = parse(text);
	json_t *lines = NULL;

	ck_assert_msg(map_stripe_event(event, how, &lines, &err) == 0, "%s: %s", err.text,
		text);
	char *shown = show(lines);

	json_decref(lines);
	json_decref(event);
	return shown;
}

#define EVENT(type, object) \
	"{'id':'evt_1','object':'event','livemode':true,'created':1700000000,'type':" \
	"'" type "','data':{'object':" object "}}"
#define FACT(type, rest) \
	"{'event':'webhook','id':'stripe:evt_1','type':'" type "'" rest "}\n"
#define SALE(id, amount, code) \
	"{'event':'revenue','id':'stripe:" id "','amount':'" amount \
	"','currency':'" code "'}\n"
#define CHARGE(rest) \
	"{'id':'ch_1','object':'charge','created':1700000000,'status':'succeeded'," \
	"'paid':true,'captured':true," rest "}"

static const struct {
	const char *name;
	const char *event;
	const char *lines;
} cases[] = {
	{"a charge of its own",
		EVENT("charge.succeeded", CHARGE("'amount':1999,'currency':'usd'")),
		SALE("ch_1", "19.99", "USD")
			FACT("charge.succeeded", ",'object':'ch_1'")},
	{"a charge of a payment intent, with an agent",
		EVENT("charge.succeeded",
			CHARGE("'amount':500,'currency':'jpy','payment_intent':'pi_1',"
			       "'metadata':{'agent_id':'writer'}")),
		"{'event':'revenue','id':'stripe:pi_1','amount':'500.00',"
		"'currency':'JPY','agent':'writer'}\n" FACT(
			"charge.succeeded", ",'object':'ch_1','agent':'writer'")},
	{"an expanded payment intent names the agent",
		EVENT("charge.succeeded",
			CHARGE("'amount':5,'currency':'usd','payment_intent':"
			       "{'id':'pi_1','metadata':{'agent_id':'a'}}")),
		"{'event':'revenue','id':'stripe:pi_1','amount':'0.05',"
		"'currency':'USD','agent':'a'}\n" FACT(
			"charge.succeeded", ",'object':'ch_1','agent':'a'")},
	{"no worker's name, or one of Nova's own, is nobody's",
		EVENT("charge.succeeded",
			CHARGE("'amount':5,'currency':'usd',"
			       "'metadata':{'agent_id':'nova.stripe'}")),
		SALE("ch_1", "0.05", "USD") FACT("charge.succeeded", ",'object':'ch_1'")},
	{"an authorisation moves nothing",
		EVENT("charge.succeeded",
			"{'id':'ch_1','object':'charge','status':'succeeded','paid':true,"
			"'captured':false,'amount':5,'currency':'usd'}"),
		FACT("charge.succeeded", ",'object':'ch_1'")},
	{"a part was captured",
		EVENT("charge.captured",
			CHARGE("'amount':1000,'amount_captured':600,"
			       "'amount_refunded':400,'currency':'eur'")),
		SALE("ch_1", "6.00", "EUR") FACT("charge.captured", ",'object':'ch_1'")},
	{"a part was captured, more may come",
		EVENT("charge.captured",
			CHARGE("'amount':1000,'amount_captured':600,'currency':'eur',"
			       "'payment_method_details':{'card':{'multicapture':"
			       "{'status':'available'}}}")),
		FACT("charge.captured",
			",'object':'ch_1','note':'captured in parts: the payment intent "
			"tells the whole'")},
	{"what was not captured was not refunded",
		EVENT("charge.refunded",
			CHARGE("'amount':1000,'amount_captured':600,"
			       "'amount_refunded':500,'currency':'eur'")),
		SALE("ch_1", "6.00", "EUR") "{'event':'refund','id':'stripe:ch_1:"
					    "refunded:100','currency':'EUR',"
					    "'total':'1.00','of':'stripe:ch_1'}\n" FACT(
						    "charge.refunded",
						    ",'object':'ch_1'")},
	{"a list of refunds that says all",
		EVENT("charge.refunded",
			CHARGE("'amount':1000,'amount_captured':1000,"
			       "'amount_refunded':300,'currency':'eur','payment_intent':"
			       "'pi_1','refunds':{'data':[{'id':'re_1','amount':100,"
			       "'currency':'eur','status':'succeeded','charge':'ch_1',"
			       "'payment_intent':'pi_1','balance_transaction':'txn_1'},"
			       "{'id':'re_2','amount':200,'currency':'eur','status':"
			       "'succeeded','charge':'ch_1','payment_intent':'pi_1',"
			       "'balance_transaction':'txn_2'}]}")),
		SALE("pi_1", "10.00", "EUR") "{'event':'refund','id':'stripe:re_1','"
					     "amount':'1.00','currency':'EUR',"
					     "'of':'stripe:pi_1'}\n"
					     "{'event':'refund','id':'stripe:re_2','"
					     "amount':'2.00','currency':'EUR',"
					     "'of':'stripe:pi_1'}\n" FACT(
						     "charge.refunded",
						     ",'object':'ch_1'")},
	{"a payment intent (2022-11-15)",
		EVENT("payment_intent.succeeded",
			"{'id':'pi_1','object':'payment_intent','status':'succeeded',"
			"'amount':100,'amount_received':90,'currency':'kwd',"
			"'latest_charge':'ch_1'}"),
		SALE("pi_1", "0.09", "KWD")
			FACT("payment_intent.succeeded", ",'object':'pi_1'")},
	{"a checkout session",
		EVENT("checkout.session.completed",
			"{'id':'cs_1','object':'checkout.session','payment_status':'paid'"
			","
			"'amount_total':700,'currency':'isk','payment_intent':'pi_1',"
			"'client_reference_id':'seller'}"),
		"{'event':'revenue','id':'stripe:pi_1','amount':'7.00','currency':'ISK',"
		"'agent':'seller'}\n" FACT("checkout.session.completed",
			",'object':'cs_1','agent':'seller'")},
	{"a session that is paid later",
		EVENT("checkout.session.completed",
			"{'id':'cs_1','object':'checkout.session','payment_status':"
			"'unpaid','amount_total':700,'currency':'usd','payment_intent':"
			"'pi_1'}"),
		FACT("checkout.session.completed", ",'object':'cs_1'")},
	{"a session of a subscription",
		EVENT("checkout.session.completed",
			"{'id':'cs_1','object':'checkout.session','payment_status':"
			"'paid','amount_total':700,'currency':'usd','mode':'subscription'"
			","
			"'payment_intent':null,'metadata':{'agent_id':'a'}}"),
		FACT("checkout.session.completed",
			",'object':'cs_1','agent':'a','note':'the payment is told by its "
			"charge or invoice'")},
	{"an invoice of the old shape",
		EVENT("invoice.paid",
			"{'id':'in_1','object':'invoice','status':'paid','amount_paid':"
			"1200,'currency':'usd','payment_intent':'pi_1','charge':'ch_1',"
			"'subscription_details':{'metadata':{'agent_id':'a'}}}"),
		"{'event':'revenue','id':'stripe:pi_1','amount':'12.00',"
		"'currency':'USD','agent':'a'}\n" FACT(
			"invoice.paid", ",'object':'in_1','agent':'a'")},
	{"an invoice of basil, with its payments",
		EVENT("invoice.paid",
			"{'id':'in_1','object':'invoice','status':'paid','amount_paid':"
			"1200,'currency':'usd','parent':{'subscription_details':"
			"{'metadata':{'agent_id':'a'}}},'payments':{'data':[{'id':'inpay_"
			"1',"
			"'status':'paid','amount_paid':1200,'currency':'usd','payment':"
			"{'type':'payment_intent','payment_intent':'pi_1'}}]}}"),
		"{'event':'revenue','id':'stripe:pi_1','amount':'12.00',"
		"'currency':'USD','agent':'a'}\n" FACT(
			"invoice.paid", ",'object':'in_1','agent':'a'")},
	{"an invoice of basil, without",
		EVENT("invoice.paid",
			"{'id':'in_1','object':'invoice','status':'paid','amount_paid':"
			"1200,'currency':'usd','parent':{'subscription_details':"
			"{'metadata':{'agent_id':'a'}}}}"),
		FACT("invoice.paid",
			",'object':'in_1','agent':'a','note':'the payment is told by its "
			"charge'")},
	{"the payment of an invoice",
		EVENT("invoice_payment.paid",
			"{'id':'inpay_1','object':'invoice_payment','status':'paid',"
			"'amount_paid':1200,'currency':'usd','payment':{'type':"
			"'payment_intent','payment_intent':'pi_1'}}"),
		SALE("pi_1", "12.00", "USD")
			FACT("invoice_payment.paid", ",'object':'inpay_1'")},
	{"a refund",
		EVENT("refund.created",
			"{'id':'re_1','object':'refund','status':'succeeded','amount':"
			"300,'currency':'usd','charge':'ch_1','payment_intent':'pi_1'}"),
		"{'event':'refund','id':'stripe:re_1','amount':'3.00','currency':'USD',"
		"'of':'stripe:pi_1'}\n" FACT("refund.created", ",'object':'re_1'")},
	{"a refund that waits for money",
		EVENT("refund.created",
			"{'id':'re_1','object':'refund','status':'pending','amount':"
			"300,'currency':'usd','charge':'ch_1','balance_transaction':"
			"null}"),
		FACT("refund.created", ",'object':'re_1'")},
	{"a refund that failed after the money had left",
		EVENT("refund.failed",
			"{'id':'re_1','object':'refund','status':'failed','amount':300,"
			"'currency':'usd','charge':'ch_1','balance_transaction':'txn_1',"
			"'failure_balance_transaction':'txn_2'}"),
		"{'event':'refund','id':'stripe:re_1','amount':'3.00','currency':'USD',"
		"'of':'stripe:ch_1'}\n"
		"{'event':'correction','id':'stripe:re_1:failed','of':'stripe:re_1'}"
		"\n" FACT("refund.failed", ",'object':'re_1'")},
	{"an inquiry takes no money",
		EVENT("charge.dispute.created",
			"{'id':'dp_1','object':'dispute','status':'warning_needs_"
			"response',"
			"'amount':1000,'currency':'usd','charge':'ch_1',"
			"'balance_transactions':[]}"),
		FACT("charge.dispute.created",
			",'object':'dp_1','note':'a dispute that has taken no money "
			"(yet)'")},
	{"a dispute, with its fee and another currency",
		EVENT("charge.dispute.created",
			"{'id':'du_1','object':'dispute','status':'needs_response',"
			"'amount':1000,'currency':'eur','charge':'ch_1','payment_intent':"
			"'pi_1','balance_transactions':[{'id':'txn_9','amount':-1100,"
			"'fee':1500,'net':-2600,'currency':'usd'}]}"),
		"{'event':'dispute','id':'stripe:du_1:opened','amount':'10.00',"
		"'currency':'EUR','status':'opened','of':'stripe:pi_1'}\n"
		"{'event':'fee','id':'stripe:txn_9','amount':'15.00','currency':'USD',"
		"'of':'stripe:pi_1'}\n"
		"{'event':'conversion','id':'stripe:txn_9:fx','amount':'11.00',"
		"'currency':'USD','to_amount':'10.00','to_currency':'EUR'}\n" FACT(
			"charge.dispute.created", ",'object':'du_1'")},
	{"a lost dispute says that it was opened",
		EVENT("charge.dispute.closed",
			"{'id':'dp_1','object':'dispute','status':'lost','amount':1000,"
			"'currency':'usd','charge':'ch_1','balance_transactions':[]}"),
		"{'event':'dispute','id':'stripe:dp_1:opened','amount':'10.00',"
		"'currency':'USD','status':'opened','of':'stripe:ch_1'}\n"
		"{'event':'dispute','id':'stripe:dp_1:lost','amount':'10.00',"
		"'currency':'USD','status':'lost','of':'stripe:ch_1'}\n" FACT(
			"charge.dispute.closed", ",'object':'dp_1'")},
	{"a payout",
		EVENT("payout.paid",
			"{'id':'po_1','object':'payout','status':'paid','amount':1000,"
			"'currency':'huf'}"),
		"{'event':'payout','id':'stripe:po_1','amount':'10.00',"
		"'currency':'HUF'}\n" FACT("payout.paid", ",'object':'po_1'")},
	{"a payout that is under way",
		EVENT("payout.created",
			"{'id':'po_1','object':'payout','status':'pending','amount':1000,"
			"'currency':'usd'}"),
		FACT("payout.created", ",'object':'po_1'")},
	{"a payout that came back",
		EVENT("payout.failed",
			"{'id':'po_1','object':'payout','status':'failed','amount':1000,"
			"'currency':'usd'}"),
		"{'event':'payout','id':'stripe:po_1','amount':'10.00',"
		"'currency':'USD'}\n"
		"{'event':'correction','id':'stripe:po_1:failed','of':'stripe:po_1'}"
		"\n" FACT("payout.failed", ",'object':'po_1'")},
	{"a type nobody knows",
		EVENT("moon.landed", "{'id':'moon_1','object':'moon','amount':5}"),
		FACT("moon.landed", ",'object':'moon_1'")},
	{"an object of another kind",
		EVENT("charge.succeeded", "{'id':'cus_1','object':'customer'}"),
		FACT("charge.succeeded",
			",'object':'cus_1','note':'not booked: data.object is not what "
			"the type of the event says'")},
	{"an amount that is a text",
		EVENT("charge.succeeded", CHARGE("'amount':'500','currency':'usd'")),
		FACT("charge.succeeded",
			",'object':'ch_1','note':'a charge without amount'")},
	{"an amount beyond all money",
		EVENT("charge.succeeded",
			CHARGE("'amount':900000000000000000,'currency':'usd'")),
		FACT("charge.succeeded",
			",'object':'ch_1','note':'an amount or a currency that cannot be "
			"read'")},
	{"an amount that cannot be negated",
		EVENT("refund.created",
			"{'id':'re_1','object':'refund','status':'succeeded','amount':"
			"-9223372036854775808,'currency':'usd','charge':'ch_1'}"),
		FACT("refund.created",
			",'object':'re_1','note':'a refund, dispute or payout without "
			"amount'")},
	{"a negative amount",
		EVENT("refund.created",
			"{'id':'re_1','object':'refund','status':'succeeded','amount':-5,"
			"'currency':'usd','charge':'ch_1'}"),
		FACT("refund.created",
			",'object':'re_1','note':'an amount that is not above 0'")},
	{"a refund of nothing",
		EVENT("refund.created",
			"{'id':'re_1','object':'refund','status':'succeeded','amount':5,"
			"'currency':'usd'}"),
		FACT("refund.created",
			",'object':'re_1','note':'it names neither a payment intent nor "
			"a charge'")},
	{"no currency code",
		EVENT("charge.succeeded", CHARGE("'amount':5,'currency':'dollars'")),
		FACT("charge.succeeded",
			",'object':'ch_1','note':'an amount or a currency that cannot be "
			"read'")},
	{"an id that is not plain",
		EVENT("charge.succeeded",
			"{'id':'ch 1','object':'charge','status':'succeeded','amount':5,"
			"'currency':'usd'}"),
		FACT("charge.succeeded",
			",'object':'ch 1','note':'an id that is longer than 128 bytes, "
			"or not plain'")},
};

START_TEST(an_event_becomes_its_lines)
{
	char *shown = map_event(cases[_i].event, &live);

	ck_assert_msg(strcmp(shown, cases[_i].lines) == 0, "%s:\n%s\nexpected\n%s",
		cases[_i].name, shown, cases[_i].lines);
	free(shown);
}
END_TEST

START_TEST(modes_and_accounts_are_never_mixed)
{
	static const char charge[] = CHARGE("'amount':5,'currency':'usd'");
	static const struct map_stripe test = {MAP_STRIPE_TEST, NULL};
	static const struct map_stripe both = {MAP_STRIPE_BOTH, NULL};
	static const struct map_stripe connected = {MAP_STRIPE_LIVE, "acct_1"};
	static const struct {
		const char *head;
		const struct map_stripe *how;
		bool booked;
	} table[] = {{"'livemode':true", &live, true}, {"'livemode':false", &live, false},
		{"'livemode':true", &test, false}, {"'livemode':false", &test, true},
		{"'livemode':null", &live, false}, {"'livemode':null", &test, false},
		{"'livemode':true", &both, true}, {"'livemode':false", &both, true},
		{"'livemode':null", &both, true},
		{"'livemode':true,'account':'acct_1'", &live, false},
		{"'livemode':true,'account':'acct_1'", &connected, true},
		{"'livemode':true,'account':'acct_2'", &connected, false},
		{"'livemode':true", &connected, true}};

	for (size_t i = 0; i < NV_LEN(table); i++) {
		char text[1000];

		(void)snprintf(text, sizeof(text),
			"{'id':'evt_1','type':'charge.succeeded',%s,'data':{'object':%s}"
			"}",
			table[i].head, charge);
		char *shown = map_event(text, table[i].how);

		ck_assert_msg(
			(strstr(shown, "'revenue'") != NULL) == table[i].booked &&
				(strstr(shown, "not booked") == NULL) == table[i].booked,
			"%zu: %s", i, shown);
		free(shown);
	}
}
END_TEST

START_TEST(what_is_no_event_is_refused)
{
	static const char *const bad[] = {"{}", "[]", "[5]", "{'id':'evt_1'}",
		"{'type':'charge.succeeded'}", "{'id':'','type':'x'}",
		"{'id':'ch_1','type':'charge.succeeded'}", "{'id':'evt_ 1','type':'x'}",
		"{'id':5,'type':'x'}"};

	for (size_t i = 0; i < NV_LEN(bad); i++) {
		struct nv_err err = {0};
		json_t *event = parse(bad[i]);
		json_t *lines = NULL;

		ck_assert_int_eq(map_stripe_event(event, &live, &lines, &err), -EINVAL);
		ck_assert(err.text[0] && !lines);
		ck_assert_int_eq(
			map_stripe_txn(event, &live, &lines, NULL, &err), -EINVAL);
		json_decref(event);
	}
	char *thin = map_event("{'id':'evt_1','object':'v2.core.event','type':"
			       "'v1.billing.meter.error_report_triggered','created':"
			       "'2026-01-01T00:00:00Z','related_object':{'id':'mtr_1'}}",
		&live);

	ck_assert_str_eq(thin,
		FACT("v1.billing.meter.error_report_triggered", ",'object':'mtr_1'"));
	free(thin);
}
END_TEST

static const struct {
	const char *txn;
	const char *lines; /* of map_stripe_txn */
	const char *note;  /* NULL: none */
} txns[] = {
	{"{'id':'txn_1','type':'charge','amount':1085,'fee':61,'net':1024,'currency':"
	 "'usd','source':" CHARGE("'amount':1000,'currency':'eur','payment_intent':"
				  "'pi_1','metadata':{'agent_id':'a'}") "}",
		"{'event':'revenue','id':'stripe:pi_1','amount':'10.00','currency':"
		"'EUR','agent':'a'}\n"
		"{'event':'fee','id':'stripe:txn_1','amount':'0.61','currency':'USD',"
		"'agent':'a','of':'stripe:pi_1'}\n"
		"{'event':'conversion','id':'stripe:txn_1:fx','amount':'10.00',"
		"'currency':'EUR','to_amount':'10.85','to_currency':'USD'}\n",
		NULL},
	{"{'id':'txn_2','type':'refund','amount':-325,'fee':0,'net':-325,'currency':"
	 "'usd','source':{'id':'re_1','object':'refund','status':'succeeded',"
	 "'amount':300,'currency':'eur','charge':'ch_1','payment_intent':'pi_1',"
	 "'balance_transaction':'txn_2'}}",
		"{'event':'refund','id':'stripe:re_1','amount':'3.00','currency':'EUR',"
		"'of':'stripe:pi_1'}\n"
		"{'event':'conversion','id':'stripe:txn_2:fx','amount':'3.25',"
		"'currency':'USD','to_amount':'3.00','to_currency':'EUR'}\n",
		NULL},
	{"{'id':'txn_3','type':'stripe_fee','amount':-200,'fee':0,'net':-200,"
	 "'currency':'usd','source':null}",
		"{'event':'fee','id':'stripe:txn_3','amount':'2.00','currency':'USD',"
		"'note':'stripe_fee'}\n",
		NULL},
	{"{'id':'txn_4','type':'payout','amount':-5000,'fee':50,'net':-5050,"
	 "'currency':'usd','source':{'id':'po_1','object':'payout','status':'pending',"
	 "'amount':5000,'currency':'usd'}}",
		"{'event':'payout','id':'stripe:po_1','amount':'50.00','currency':"
		"'USD'}\n{'event':'fee','id':'stripe:txn_4','amount':'0.50',"
		"'currency':'USD'}\n",
		NULL},
	{"{'id':'txn_5','type':'payout_failure','amount':5000,'fee':0,'net':5000,"
	 "'currency':'usd','source':{'id':'po_1','object':'payout','status':'failed',"
	 "'amount':5000,'currency':'usd'}}",
		"{'event':'payout','id':'stripe:po_1','amount':'50.00','currency':"
		"'USD'}\n{'event':'correction','id':'stripe:po_1:failed','of':"
		"'stripe:po_1'}\n",
		NULL},
	{"{'id':'txn_6','type':'adjustment','reporting_category':'dispute','amount':"
	 "-1000,'fee':1500,'net':-2500,'currency':'usd','source':{'id':'dp_1',"
	 "'object':'dispute','status':'needs_response','amount':1000,'currency':'usd',"
	 "'charge':'ch_1'}}",
		"{'event':'dispute','id':'stripe:dp_1:opened','amount':'10.00',"
		"'currency':'USD','status':'opened','of':'stripe:ch_1'}\n"
		"{'event':'fee','id':'stripe:txn_6','amount':'15.00','currency':'USD',"
		"'of':'stripe:ch_1'}\n",
		NULL},
	{"{'id':'txn_7','type':'payment_failure_refund','amount':-1000,'fee':0,"
	 "'net':-1000,'currency':'usd','source':{'id':'py_1','object':'charge',"
	 "'status':'failed','amount':1000,'currency':'usd','payment_intent':'pi_1'}}",
		"{'event':'refund','id':'stripe:txn_7:bounced','amount':'10.00',"
		"'currency':'USD','of':'stripe:pi_1'}\n",
		NULL},
	{"{'id':'txn_8','type':'topup','amount':1000,'net':1000,'currency':'usd'}", "",
		"money that is only held, lent or moved"},
	{"{'id':'txn_9','type':'moon_landing','amount':1000,'net':1000,'currency':"
	 "'usd'}",
		"", "a type of balance transaction Nova does not know"},
	{"{'id':'txn_a','type':'charge','amount':1000,'net':1000,'currency':'usd',"
	 "'source':'ch_1'}",
		"", "its source is not there, or of another kind than its type"},
	{"{'id':'txn_b','type':'application_fee','amount':100,'fee':0,'net':100,"
	 "'currency':'usd','source':{'id':'fee_1','object':'application_fee','amount':"
	 "100,'amount_refunded':0,'currency':'usd','account':'acct_2'}}",
		"{'event':'revenue','id':'stripe:fee_1','amount':'1.00','currency':"
		"'USD'}\n",
		NULL},
	{"{'id':'txn_c','type':'stripe_fee','amount':30,'fee':0,'net':30,'currency':"
	 "'usd'}",
		"{'event':'revenue','id':'stripe:txn_c','amount':'0.30','currency':"
		"'USD','note':'stripe_fee'}\n",
		NULL},
};

START_TEST(a_balance_transaction_becomes_its_lines)
{
	struct nv_err err = {0};
	json_t *txn = parse(txns[_i].txn);
	json_t *lines = NULL;
	const char *note = "";

	ck_assert_int_eq(map_stripe_txn(txn, &live, &lines, &note, &err), 0);
	char *shown = show(lines);

	ck_assert_msg(strcmp(shown, txns[_i].lines) == 0, "%d: %s\nexpected\n%s", _i,
		shown, txns[_i].lines);
	if (txns[_i].note)
		ck_assert_str_eq(note, txns[_i].note);
	else
		ck_assert_ptr_null(note);
	free(shown);
	json_decref(lines);
	json_decref(txn);
}
END_TEST

START_TEST(amounts_are_converted_exactly)
{
	static const struct {
		const char *currency;
		int64_t minor;
		int64_t nano; /* of the amount */
	} table[] = {{"usd", 1, 10000000}, {"USD", 123, 1230000000},
		{"jpy", 5, 5000000000}, {"kwd", 5120, 5120000000},
		{"isk", 500, 5000000000}, {"ugx", 500, 5000000000},
		{"mga", 7, 7000000000}, {"huf", 1045, 10450000000},
		{"xpf", 3, 3000000000}, {"bhd", 10, 10000000}};
	static const struct {
		const char *currency;
		int64_t nano;
	} bad[] = {{"usd", 1}, {"usd", 1005000000}, {"jpy", 500000000},
		{"kwd", 5125000000}, {"isk", 500000000}, {"us", 10000000},
		{"usdx", 10000000}, {"us1", 10000000}, {"", 10000000}, {NULL, 10000000}};
	char code[NV_CURRENCY_BYTES];
	struct nv_err err;
	int64_t v;

	for (size_t i = 0; i < NV_LEN(table); i++) {
		ck_assert_int_eq(
			map_stripe_nano(table[i].minor, table[i].currency, &v, code), 0);
		ck_assert_int_eq(v, table[i].nano);
		ck_assert_int_eq(map_stripe_minor(v, table[i].currency, &v, &err), 0);
		ck_assert_int_eq(v, table[i].minor);
	}
	for (size_t i = 0; i < NV_LEN(bad); i++)
		ck_assert_msg(
			map_stripe_minor(bad[i].nano, bad[i].currency, &v, &err) != 0,
			"%zu", i);
	ck_assert_int_eq(map_stripe_nano(INT64_MAX, "jpy", &v, code), -ERANGE);
	ck_assert_int_eq(map_stripe_nano(INT64_MIN, "usd", &v, code), -ERANGE);
	ck_assert_int_eq(map_stripe_nano(1, "dollar", &v, code), -EINVAL);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("map_stripe");
	TCase *tc = tcase_create("lines");

	tcase_add_loop_test(tc, an_event_becomes_its_lines, 0, (int)NV_LEN(cases));
	tcase_add_loop_test(
		tc, a_balance_transaction_becomes_its_lines, 0, (int)NV_LEN(txns));
	tcase_add_test(tc, modes_and_accounts_are_never_mixed);
	tcase_add_test(tc, what_is_no_event_is_refused);
	tcase_add_test(tc, amounts_are_converted_exactly);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
