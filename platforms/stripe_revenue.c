/* What came in: balance transactions of a time added up by currency, which is that of the
 * settlement. Currencies are never added to each other. */
#include "stripe.h"

#include "nv_clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_S INT64_C(2592000) /* 30 days */

enum kind { SALES, REFUNDS, DISPUTES, FEES, PAYOUTS, OTHER, KINDS };

static const char *const kind_names[] = {
	"sales", "refunds", "disputes", "fees", "payouts", "other"};

struct report {
	struct plat_call *call;
	json_t *rows; /* owned: {"USD agent": {"currency","key","n", sums...}} */
	const char *by;
	int64_t from_s, to_s;
	int rc;
};

static enum kind
kind_of(const json_t *txn)
{
	static const struct {
		const char *type;
		enum kind kind;
	} table[] = {{"charge", SALES}, {"payment", SALES}, {"refund", REFUNDS},
		{"payment_refund", REFUNDS}, {"payment_failure_refund", REFUNDS},
		{"refund_failure", REFUNDS}, {"payout", PAYOUTS},
		{"payout_cancel", PAYOUTS}, {"payout_failure", PAYOUTS},
		{"stripe_fee", FEES}, {"stripe_fx_fee", FEES}, {"tax_fee", FEES},
		{"network_cost", FEES}, {"application_fee", SALES},
		{"application_fee_refund", REFUNDS}};
	const char *type = map_text(txn, "type");
	const char *category = map_text(txn, "reporting_category");

	if (category && strncmp(category, "dispute", 7) == 0)
		return DISPUTES;
	for (size_t i = 0; type && i < NV_LEN(table); i++)
		if (strcmp(table[i].type, type) == 0)
			return table[i].kind;
	return OTHER;
}

/* In 10^-9 of a unit; a sum beyond what one amount may be is an error, not a lie. */
static int
add(json_t *row, const char *key, int64_t nano)
{
	int64_t sum = json_integer_value(json_object_get(row, key));

	if (__builtin_add_overflow(sum, nano, &sum))
		return -ERANGE;
	return json_object_set_new(row, key, json_integer(sum)) ? -ENOMEM : 0;
}

static const char *
key_of(const struct report *r, const json_t *txn)
{
	const json_t *source = map_object(txn, "source");
	const char *key = NULL;

	if (r->by && strcmp(r->by, "agent") == 0)
		key = stripe_agent_of(source);
	else if (r->by)
		key = map_text(txn, "type");
	return key ? key : "";
}

static int
add_txn(struct report *r, const json_t *txn)
{
	const char *currency = map_text(txn, "currency");
	char code[NV_CURRENCY_BYTES];
	char name[200];
	int64_t amount, fee, net;
	int64_t minor;
	json_t *row;

	if (!map_int(txn, "amount", &minor) ||
		map_stripe_nano(minor, currency, &amount, code) != 0 ||
		!map_int(txn, "fee", &minor) ||
		map_stripe_nano(minor, currency, &fee, code) != 0 ||
		!map_int(txn, "net", &minor) ||
		map_stripe_nano(minor, currency, &net, code) != 0)
		return -EPROTO;
	(void)snprintf(name, sizeof(name), "%s %s", code, key_of(r, txn));
	row = json_object_get(r->rows, name);
	if (!row) {
		row = json_pack("{s:s, s:s}", "currency", code, "key", key_of(r, txn));
		if (!row || json_object_set_new(r->rows, name, row) != 0)
			return -ENOMEM;
	}
	enum kind kind = kind_of(txn);
	int rc = add(row, kind_names[kind], kind == FEES ? -amount : amount);

	if (rc == 0)
		rc = add(row, "fees", fee);
	if (rc == 0)
		rc = add(row, "net", kind == PAYOUTS ? 0 : net);
	return rc ? rc : add(row, "n", 1);
}

static int
on_page(void *arg, const json_t *data, bool more)
{
	struct report *r = arg;
	json_t *txn;
	size_t i;

	(void)more;
	json_array_foreach(data, i, txn)
	{
		r->rc = add_txn(r, txn);
		if (r->rc)
			return 1;
	}
	return 0;
}

static json_t *
show_row(const struct report *r, const json_t *sums)
{
	json_t *row =
		json_pack("{s:O, s:O}", "currency", json_object_get(sums, "currency"),
			"transactions", json_object_get(sums, "n"));

	if (r->by)
		(void)json_object_set(row, r->by, json_object_get(sums, "key"));
	for (int k = 0; k < KINDS; k++)
		(void)json_object_set_new(row, kind_names[k],
			nv_json_money(json_integer_value(
				json_object_get(sums, kind_names[k]))));
	(void)json_object_set_new(row, "net",
		nv_json_money(json_integer_value(json_object_get(sums, "net"))));
	return row;
}

static void
on_end(void *arg, int rc, const char *why)
{
	struct report *r = arg;
	json_t *rows = json_array();
	const char *name;
	json_t *sums;

	json_object_foreach(r->rows, name, sums)
	{
		(void)json_array_append_new(rows, show_row(r, sums));
	}
	if (rc)
		plat_fail(r->call, NV_EXIT_FAILED, "%s", why);
	else if (r->rc)
		plat_fail(r->call, NV_EXIT_FAILED,
			r->rc == -ERANGE ? "a sum beyond 9.2e9 units"
					 : "a balance transaction without amount, fee, "
					   "net or currency");
	else
		plat_done(r->call,
			json_pack("{s:{s:o, s:o}, s:O}", "period", "from",
				nv_json_time(r->from_s * INT64_C(1000000000)), "to",
				nv_json_time(r->to_s * INT64_C(1000000000)), "rows",
				rows));
	json_decref(rows);
	json_decref(r->rows);
	free(r);
}

void
stripe_run_revenue(struct plat_call *call)
{
	struct stripe *s = plat_own(plat_call_platform(call));
	int64_t now_s = nv_wall_ns() / INT64_C(1000000000);
	int64_t from_s = now_s - DEFAULT_S;
	int64_t to_s = now_s;
	struct nv_err err = {0};
	char path[300];

	if (stripe_has_problem(call) || stripe_arg_time(call, "from", &from_s) != 0 ||
		stripe_arg_time(call, "to", &to_s) != 0)
		return;
	struct report *r = calloc(1, sizeof(*r));
	int rc = -ENOMEM;

	if (r) {
		*r = (struct report){.call = call,
			.rows = json_object(),
			.by = plat_arg_str(call, "by"),
			.from_s = from_s,
			.to_s = to_s};
		(void)snprintf(path, sizeof(path),
			"/v1/balance_transactions?limit=%d&created[gte]=%lld&created[lt]="
			"%lld&expand[0]=data.source",
			STRIPE_PAGE, (long long)from_s, (long long)to_s);
		rc = stripe_list(
			s, path, NULL, STRIPE_PAGES_MAX, on_page, on_end, r, &err);
	}
	if (rc == 0)
		return;
	if (r)
		json_decref(r->rows);
	free(r);
	plat_fail(call, NV_EXIT_FAILED, "%s", err.text[0] ? err.text : "out of memory");
}
