/* Positions: see positions.h. */
#include "positions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *const eng_class_names[ENG_N_CLASSES] = {
	[ENG_AT_PLATFORM] = "platform",
	[ENG_DISPUTED] = "disputed",
	[ENG_AT_BANK] = "bank",
	[ENG_VENDORS] = "vendors",
};

/* The class of an account; ENG_N_CLASSES: none, it is income, an expense or a budget. */
static enum eng_class
class_of(const char *account)
{
	static const struct {
		const char *prefix;
		enum eng_class class;
	} prefixes[] = {{"Assets:Platform:", ENG_AT_PLATFORM},
		{"Assets:Disputed:", ENG_DISPUTED},
		{"Liabilities:Vendors:", ENG_VENDORS}};

	if (strcmp(account, "Assets:Bank") == 0)
		return ENG_AT_BANK;
	for (size_t i = 0; i < NV_LEN(prefixes); i++) {
		if (strncmp(account, prefixes[i].prefix, strlen(prefixes[i].prefix)) == 0)
			return prefixes[i].class;
	}
	return ENG_N_CLASSES;
}

static int
one_balance(void *arg, uint32_t id, const char *name, uint32_t currency, nv_i128 debits,
	nv_i128 credits)
{
	struct eng_positions *p = arg;
	enum eng_class class = class_of(name);

	(void)id;
	if (currency == 0 || currency > p->n)
		return -EBADMSG;
	if (class != ENG_N_CLASSES)
		p->own[currency - 1].v[class] += debits - credits;
	return 0;
}

/* ---- what has moved since ---- */

struct code_sum {
	uint32_t currency;
	nv_i128 nano;
	uint64_t events;
};

static int
one_sum(void *arg, uint32_t worker, uint32_t currency, const char *category, nv_i128 nano,
	uint64_t events)
{
	struct code_sum *s = arg;

	(void)worker;
	(void)category;
	if (s->currency == 0 || s->currency == currency) {
		s->nano += nano;
		s->events += events;
	}
	return 0;
}

int
eng_code_sum(struct led_view *v, uint32_t worker, enum led_code code, uint32_t currency,
	int64_t from_ns, int64_t to_ns, nv_i128 *ret)
{
	struct code_sum sum = {.currency = currency};
	int rc = led_view_categories(v, worker ? worker : LED_ALL_WORKERS, code, from_ns,
		to_ns, one_sum, &sum);

	*ret = sum.nano;
	return rc;
}

static int
undo_window(struct eng_positions *p, struct led_view *v, int64_t at_ns)
{
	for (uint32_t c = 1; c <= p->n; c++) {
		struct eng_position *own = &p->own[c - 1];
		struct led_totals t;
		nv_i128 lost = 0;
		int rc = led_view_window(v, 0, c, at_ns, INT64_MAX, &t);

		if (rc == 0 || rc == -ENOENT)
			rc = eng_code_sum(
				v, 0, LED_CODE_DISPUTE_LOST, c, at_ns, INT64_MAX, &lost);
		if (rc < 0)
			return rc;
		own->v[ENG_AT_PLATFORM] -=
			t.revenue - t.fees - t.refunds - t.disputes - t.payouts;
		own->v[ENG_DISPUTED] -= t.disputes - lost;
		own->v[ENG_AT_BANK] -= t.payouts;
		own->v[ENG_VENDORS] += t.cost;
	}
	return 0;
}

/* ---- conversions ----
 * The running totals know that there were some, not between which accounts. They are few:
 * the quarters of an hour in which there are any are found by halving, and only the
 * events of those are looked at. */

struct undo {
	struct eng_positions *p;
	struct led_view *view;
	uint64_t last_seq; /* of the quarter that is looked at */
};

static int
undo_legs(void *arg, const struct led_event *ev)
{
	struct undo *u = arg;

	if (ev->seq > u->last_seq)
		return 1;
	for (unsigned i = 0; i < ev->n_legs; i++) {
		const struct led_leg *leg = &ev->legs[i];
		const uint32_t accounts[] = {leg->debit, leg->credit};

		if ((leg->code & ~(unsigned)LED_CODE_REVERSAL) != LED_CODE_CONVERT)
			continue;
		if (leg->currency == 0 || leg->currency > u->p->n)
			return -EBADMSG;
		for (size_t side = 0; side < NV_LEN(accounts); side++) {
			char name[256];
			int rc = led_view_account_name(
				u->view, accounts[side], name, sizeof name);

			if (rc < 0)
				return rc;
			struct eng_position *own = &u->p->own[leg->currency - 1];
			enum eng_class class = class_of(name);
			bool back = leg->code & LED_CODE_REVERSAL;

			if (class != ENG_N_CLASSES)
				own->v[class] += side == 0 ? -leg->nano : leg->nano;
			/* A correction takes back what came by the other side. */
			if (class == ENG_AT_PLATFORM && (side == 0) != back)
				own->converted += back ? -leg->nano : leg->nano;
		}
	}
	return 0;
}

static int
undo_quarter(struct undo *u, int64_t from_ns, int64_t to_ns)
{
	struct led_totals before = {0};
	struct led_totals after = {0};
	int rc = led_view_window(u->view, 0, 0, 0, from_ns, &before);

	if (rc == 0 || rc == -ENOENT)
		rc = led_view_window(u->view, 0, 0, 0, to_ns, &after);
	if (rc < 0)
		return rc;
	u->last_seq = after.seq_last;
	rc = led_view_events(u->view, before.seq_last + 1, false, undo_legs, u);
	return rc < 0 ? rc : 0;
}

/* Both in quarters. */
static int
undo_conversions(struct undo *u, int64_t from, int64_t to)
{
	const int64_t edge = LED_CATEGORY_EDGE_NS;
	struct code_sum sum = {0};
	int rc = led_view_categories(u->view, LED_ALL_WORKERS, LED_CODE_CONVERT,
		from * edge, to * edge, one_sum, &sum);

	if (rc < 0 || (sum.events == 0 && sum.nano == 0))
		return rc;
	if (to - from == 1)
		return undo_quarter(u, from * edge, to * edge);
	int64_t middle = from + (to - from) / 2;

	rc = undo_conversions(u, from, middle); /* some 40 deep at most */
	return rc < 0 ? rc : undo_conversions(u, middle, to);
}

/* ---- all ---- */

int
eng_positions_at(
	struct eng *eng, struct led_view *v, int64_t at_ns, struct eng_positions *ret)
{
	int64_t last_ns = led_last_time(eng->led);

	*ret = (struct eng_positions){.n = led_view_n_currencies(v)};
	ret->own = calloc((size_t)ret->n + 1, sizeof *ret->own);
	if (!ret->own)
		return -ENOMEM;
	int rc = led_view_balances(v, one_balance, ret);

	if (rc == 0 && at_ns <= last_ns) {
		struct undo u = {ret, v, 0};

		rc = undo_window(ret, v, at_ns);
		if (rc == 0)
			rc = undo_conversions(&u, at_ns / LED_CATEGORY_EDGE_NS,
				last_ns / LED_CATEGORY_EDGE_NS + 1);
	}
	for (uint32_t c = 1; c <= ret->n && rc == 0; c++) {
		char code[NV_CURRENCY_BYTES];
		int64_t rate_nano = 0;

		rc = led_view_currency_code(v, c, code);
		if (rc < 0 || !eng_rate(eng->config, code, &rate_nano))
			continue;
		for (size_t k = 0; k < ENG_N_CLASSES; k++)
			ret->base.v[k] += eng_convert(ret->own[c - 1].v[k], rate_nano);
	}
	return rc;
}

void
eng_positions_fini(struct eng_positions *p)
{
	free(p->own);
	*p = (struct eng_positions){0};
}
