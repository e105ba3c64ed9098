/* What a line moves: its legs by the rules of docs/LEDGER.md, and what it names (a sale,
 * a reservation, an event to be taken back). */
#include "book_private.h"

#include "report.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int
refuse(struct eng_booking *b, const char *why)
{
	(void)snprintf(b->reason, sizeof(b->reason), "%s", why);
	return -EINVAL;
}

/* ---- in which currency ---- */

/* Codes may be written in small letters, as some platforms do. Without a rate the money
 * is booked all the same: it may be declared later. */
static int
read_currency(struct eng_booking *b, enum eng_field field, uint32_t *ret)
{
	const struct eng_text *text = &b->line->field[field];
	const char *name = field == ENG_F_CURRENCY ? "currency" : "to_currency";
	char code[NV_CURRENCY_BYTES] = "";

	for (uint32_t i = 0; i < text->bytes && i < sizeof(code) - 1; i++) {
		char c = text->at[i];

		code[i] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
	}
	if (text->bytes == strlen(code) && eng_currency_known(b->eng->config, code)) {
		*ret = eng_txn_currency(b->eng, b->txn, code);
		return 0;
	}
	if (text->bytes != strlen(code) || !nv_currency_valid(code))
		(void)snprintf(b->reason, sizeof(b->reason),
			"%s is not a code of 3 to 7 letters or digits, such as USD",
			name);
	else
		(void)snprintf(b->reason, sizeof(b->reason),
			"%s %s is neither a code of ISO 4217 nor declared under "
			"currencies",
			name, code);
	return -EINVAL;
}

static int
find_currency(struct eng_booking *b)
{
	if (eng_line_has(b->line, ENG_F_CURRENCY))
		return read_currency(b, ENG_F_CURRENCY, &b->currency);
	/* What comes back of a sale comes back as it was paid. */
	b->currency =
		b->has_sale && b->sale.currency && b->line->event != ENG_EV_FEE
			? b->sale.currency
			: eng_txn_currency(b->eng, b->txn, b->eng->config->base_currency);
	return 0;
}

/* ---- legs ---- */

static void
post(struct eng_booking *b, enum led_code code, const struct eng_text *party,
	int64_t nano)
{
	static const struct eng_text by_hand = {"manual", 6};

	if (nano == 0)
		return; /* nothing moves: the event alone says it */
	if (!party && b->manual)
		party = &by_hand;
	int rc = led_batch_post(b->txn->batch, &b->ev, code, party ? party->at : NULL,
		party ? party->bytes : 0, nano, b->currency);

	if (rc)
		eng_ledger_trouble(b->eng, "the ledger does not take a posting");
}

static void
set_category(struct eng_booking *b, const struct eng_text *category)
{
	if (category && category->bytes > 0) {
		b->ev.category = category->at;
		b->ev.category_bytes = category->bytes;
	}
}

/* A cost is spent from the reservation it names, or that of the run it is in, as far as
 * that goes; one that is gone does not make the money unspent. */
static void
settle(struct eng_booking *b, int64_t nano)
{
	const struct eng_text *id = eng_field(b->line, ENG_F_RESERVATION);

	if (nano == 0 || b->manual)
		return;
	b->cost = nano;
	b->reservation = eng_gate_of(
		b->worker, b->s->rec.stream_id, id ? id->at : NULL, id ? id->bytes : 0);
	b->settled = b->reservation ? eng_gate_settle(b->eng, b->txn, b->reservation,
					      &b->ev, nano, b->currency)
				    : 0;
}

/* What kind of call it is for, in costs and usage. */
static void
set_operation(struct eng_booking *b)
{
	const struct eng_text *operation = eng_field(b->line, ENG_F_OPERATION);

	if (operation) {
		b->ev.operation = operation->at;
		b->ev.operation_bytes = operation->bytes;
	} else if (b->line->event == ENG_EV_USAGE && b->worker->conf &&
		   b->worker->conf->n_operations > 0) {
		b->ev.operation = "llm"; /* so that its budget for it holds */
		b->ev.operation_bytes = 3;
	}
}

static int
book_cost(struct eng_booking *b)
{
	int rc = find_currency(b);

	if (rc)
		return rc;
	set_category(b, eng_field(b->line, ENG_F_CATEGORY));
	set_operation(b);
	post(b, LED_CODE_COST, eng_field(b->line, ENG_F_VENDOR), b->line->amount_nano);
	settle(b, b->line->amount_nano);
	return 0;
}

/* Tokens become a cost when their price is known; without one they are stored and
 * flagged, so that they can be seen, and never count as free. */
static int
book_usage(struct eng_booking *b)
{
	const struct eng_line *line = b->line;
	const struct eng_text *category = eng_field(line, ENG_F_CATEGORY);
	const struct eng_text *tier = eng_field(line, ENG_F_TIER);
	struct eng_usage usage = {.provider = line->vendor.at,
		.provider_bytes = line->vendor.bytes,
		.model = line->model.at,
		.model_bytes = line->model.bytes,
		.tier = tier ? tier->at : NULL,
		.tier_bytes = tier ? tier->bytes : 0,
		.input_tokens = line->tokens_in,
		.output_tokens = line->tokens_out,
		.cache_read_tokens = line->tokens_read,
		.cache_write_tokens = line->tokens_write,
		.cache_write_1h_tokens = line->tokens_write_1h,
		.input_audio_tokens = line->audio_in,
		.output_audio_tokens = line->audio_out,
		.searches = line->searches,
		.at_ns = b->ev.claimed_ns};
	char code[NV_CURRENCY_BYTES];
	char vendor[NV_NAME_MAX];
	int64_t nano;
	int rc = eng_price_usage(b->eng->price, &usage, &nano, code, vendor);

	b->ev.category = category && category->bytes ? category->at : "llm";
	b->ev.category_bytes = category && category->bytes ? category->bytes : 3;
	set_operation(b);
	if (rc) {
		b->ev.flags |= LED_F_UNPRICED;
		b->worker->unpriced++;
		(void)snprintf(b->worker->unpriced_model,
			sizeof b->worker->unpriced_model, "%.*s",
			(int)NV_MIN(line->model.bytes, 63u), line->model.at);
		return 0;
	}
	struct eng_text party = {vendor, (uint32_t)strlen(vendor)};

	b->currency = eng_txn_currency(b->eng, b->txn, code);
	post(b, LED_CODE_COST, &party, nano);
	settle(b, nano);
	return 0;
}

static int
book_plain(struct eng_booking *b, enum led_code code)
{
	const struct eng_text *source = eng_field(b->line, ENG_F_SOURCE);
	int rc = find_currency(b);

	if (rc)
		return rc;
	set_category(b, source);
	post(b, code, source, b->line->amount_nano);
	post(b, LED_CODE_FEE, source, b->line->fee_nano);
	return 0;
}

static int
book_revenue(struct eng_booking *b)
{
	const struct eng_text *external = eng_field(b->line, ENG_F_EXTERNAL_ID);

	if (external && external->bytes > 0 && external->bytes <= ENG_REF_BYTES_MAX) {
		b->ev.external = external->at;
		b->ev.external_bytes = external->bytes;
	}
	return book_plain(b, LED_CODE_REVENUE);
}

/* ---- what belongs to a sale ---- */

/* Whose it is may be known the second time only: then what it names tells that it is the
 * same. */
static int
book_fee(struct eng_booking *b)
{
	const struct eng_text *of = eng_field(b->line, ENG_F_OF);

	if (of) {
		b->ev.of = of->at;
		b->ev.of_bytes = of->bytes;
	}
	return book_plain(b, LED_CODE_FEE);
}

int
eng_book_find_sale(struct eng_booking *b, bool explicit)
{
	const struct eng_text *of = eng_field(b->line, ENG_F_OF);
	uint32_t scope = eng_book_scope(b, of);
	uint32_t worker = eng_txn_worker(b->eng, b->txn, b->worker);

	if (!of)
		return 0;
	int rc =
		led_batch_sale(b->txn->batch, scope, worker, of->at, of->bytes, &b->sale);

	if (rc < 0 && !led_is_refusal(rc))
		eng_ledger_trouble(b->eng, "the ledger does not find a sale");
	if (rc < 0)
		return 0; /* it may come later */
	b->has_sale = true;
	if (explicit)
		return 0;
	struct eng_worker *w = eng_worker_by_id(b->eng, b->sale.worker);

	if (w)
		b->worker = w;
	return 0;
}

/* Where the sale was made: what comes back leaves the same platform. The text is the
 * ledger's, and valid until the event is appended. */
static void
find_source(struct eng_booking *b, struct eng_text *ret, const struct eng_text **source)
{
	struct led_event sale;

	*source = eng_field(b->line, ENG_F_SOURCE);
	if (*source || !b->has_sale ||
		led_batch_lookup(b->txn->batch, b->sale.seq, &sale) != 0 ||
		sale.category_bytes == 0)
		return;
	*ret = (struct eng_text){sale.category, (uint32_t)sale.category_bytes};
	*source = ret;
}

/* How much: what the line says; of a dispute that has ended, what is open. One that was
 * told before is about as much as it was then. */
static int
find_amount(struct eng_booking *b, int64_t *ret)
{
	struct led_event first;

	*ret = b->line->amount_nano;
	if (eng_line_has(b->line, ENG_F_AMOUNT))
		return 0;
	if (b->ev.id && led_batch_lookup_id(b->txn->batch, &b->ev, &first) == 0 &&
		first.kind == LED_DISPUTE && first.n_legs > 0) {
		*ret = first.legs[0].nano;
		return 0;
	}
	if (!b->has_sale)
		return refuse(b, "the sale is not known (yet): say the amount");
	*ret = b->sale.disputed;
	return *ret > 0 ? 0 : refuse(b, "no dispute of this sale is open");
}

/* Of a sale: so much now, or so much in all by now. What a total has told before is not
 * counted again, and what was told before a total neither. */
static int
book_refund(struct eng_booking *b, const struct eng_text *source, int64_t nano)
{
	struct led_sale so_far = b->sale;
	bool total = !eng_line_has(b->line, ENG_F_AMOUNT);
	int rc = 0;

	if (!b->has_sale)
		rc = led_batch_waiting(b->txn->batch,
			b->ev.said_by ? b->ev.said_by : b->ev.worker, b->ev.of,
			b->ev.of_bytes, b->currency, &so_far);
	if (rc == 0 && total) {
		b->ev.flags |= LED_F_TOTAL;
		eng_book_total_id(b);
		post(b, LED_CODE_REFUND, source, NV_MAX(nano - so_far.refunded, 0));
	} else if (rc == 0) {
		post(b, LED_CODE_REFUND, source, nano);
		if (b->ev.n_legs > 0 && so_far.ahead > 0)
			rc = led_batch_take_ahead(b->txn->batch, &b->ev, so_far.ahead);
	}
	if (rc)
		eng_ledger_trouble(b->eng, "the ledger does not take a refund");
	return 0;
}

static int
book_back(struct eng_booking *b)
{
	static const enum led_code codes[] = {[ENG_DISPUTE_OPENED] = LED_CODE_DISPUTE,
		[ENG_DISPUTE_WON] = LED_CODE_DISPUTE_WON,
		[ENG_DISPUTE_LOST] = LED_CODE_DISPUTE_LOST};
	const struct eng_line *line = b->line;
	const struct eng_text *of = eng_field(line, ENG_F_OF);
	const struct eng_text *source;
	struct eng_text of_sale;
	int64_t nano = line->amount_nano;
	bool dispute = line->event == ENG_EV_DISPUTE;
	int rc = find_currency(b);

	if (of) {
		b->ev.of = of->at;
		b->ev.of_bytes = of->bytes;
	}
	if (b->has_sale) {
		b->ev.ref = b->sale.seq;
		b->ev.variant = b->sale.variant;
		b->ev.caused_ns = b->sale.caused_ns;
	}
	if (rc == 0 && dispute)
		rc = find_amount(b, &nano);
	if (rc)
		return rc;
	find_source(b, &of_sale, &source);
	set_category(b, source);
	if (!dispute && of)
		return book_refund(b, source, nano);
	post(b, dispute ? codes[line->dispute] : LED_CODE_REFUND, source, nano);
	post(b, LED_CODE_FEE, source, line->fee_nano);
	return 0;
}

/* ---- conversions, corrections ---- */

static int
book_conversion(struct eng_booking *b)
{
	const struct eng_text *source = eng_field(b->line, ENG_F_SOURCE);
	uint32_t to = 0;
	int rc = find_currency(b);

	if (rc == 0)
		rc = read_currency(b, ENG_F_TO_CURRENCY, &to);
	if (rc == 0 && to == b->currency)
		rc = refuse(b, "currency and to_currency are the same");
	if (rc)
		return rc;
	set_category(b, source);
	if (led_batch_convert(b->txn->batch, &b->ev, source ? source->at : NULL,
		    source ? source->bytes : 0, b->line->amount_nano, b->currency,
		    b->line->to_nano, to) != 0)
		eng_ledger_trouble(b->eng, "the ledger does not take a conversion");
	return 0;
}

/* The correction that was made when this line came the first time. */
static bool
said_before(struct eng_booking *b, uint64_t seq)
{
	struct led_event made;

	if (!b->ev.id || led_batch_lookup_id(b->txn->batch, &b->ev, &made) != 0 ||
		made.kind != LED_CORRECTION || made.ref != seq)
		return false;
	b->ev.ref = seq;
	b->ev.n_legs = made.n_legs;
	memcpy(b->ev.legs, made.legs, sizeof(made.legs));
	set_category(b, &(struct eng_text){made.category, (uint32_t)made.category_bytes});
	return true;
}

/* A worker takes back what it said itself, perhaps of another. */
static int
book_correction(struct eng_booking *b)
{
	const struct eng_text *of = &b->line->field[ENG_F_OF];
	/* What platforms say under an id of all of them, any of them may take back. */
	uint32_t scope = !b->manual && eng_book_is_system(b) ? eng_book_scope(b, of)
							     : b->ev.worker;
	struct led_event target;
	struct led_event probe = {.worker = scope, .id = of->at, .id_bytes = of->bytes};

	if (led_batch_lookup_id(b->txn->batch, &probe, &target) != 0)
		return refuse(b, "of names no event of this worker");
	uint64_t seq = target.seq;
	struct eng_worker *w = eng_worker_by_id(b->eng, target.worker);

	if (w && w != b->worker) {
		b->worker = w;
		if (b->ev.said_by == 0)
			b->ev.said_by = b->ev.worker;
		b->ev.worker = eng_txn_worker(b->eng, b->txn, w);
	}
	int rc = led_batch_correct(b->txn->batch, seq, &b->ev);

	if (rc == -EALREADY && said_before(b, seq))
		return 0;
	if (rc < 0) {
		eng_book_refusal(b, rc);
		return -EINVAL;
	}
	return 0;
}

int
eng_book_movement(struct eng_booking *b)
{
	if (b->line->rounded)
		b->ev.flags |= LED_F_ROUNDED;
	switch (b->line->event) {
	case ENG_EV_COST:
		return book_cost(b);
	case ENG_EV_USAGE:
		return book_usage(b);
	case ENG_EV_REVENUE:
		return book_revenue(b);
	case ENG_EV_REFUND:
	case ENG_EV_DISPUTE:
		return book_back(b);
	case ENG_EV_FEE:
		return book_fee(b);
	case ENG_EV_PAYOUT:
		return book_plain(b, LED_CODE_PAYOUT);
	case ENG_EV_CONVERSION:
		return book_conversion(b);
	case ENG_EV_CORRECTION:
		return book_correction(b);
	default:
		return 0;
	}
}

/* ---- why not ---- */

static void
too_much(struct eng_booking *b)
{
	char left[NV_MONEY_BYTES];
	char open[NV_MONEY_BYTES];
	char refunded[NV_MONEY_BYTES];
	const struct led_sale *sale = &b->sale;

	(void)snprintf(b->reason, sizeof(b->reason),
		"more than is left of the sale (event %llu): %s can come back, %s have "
		"been refunded, %s are in dispute",
		(unsigned long long)sale->seq, nv_money_text(led_sale_left(sale), left),
		nv_money_text(sale->refunded, refunded),
		nv_money_text(sale->disputed, open));
}

void
eng_book_refusal(struct eng_booking *b, int rc)
{
	bool correction = b->line->event == ENG_EV_CORRECTION;

	switch (rc) {
	case -EEXIST:
		(void)refuse(b, "id is known already, with other content");
		break;
	case -ERANGE:
		too_much(b);
		break;
	case -EDOM:
		(void)refuse(b, b->has_sale && b->sale.currency == 0
					? "nothing was paid for this sale"
					: "the sale was paid in another currency");
		break;
	case -EALREADY:
		(void)refuse(b, "this event has been corrected before");
		break;
	case -EBUSY:
		(void)refuse(b, "others build on this event: a sale with refunds or "
				"disputes, or a dispute that has ended");
		break;
	default:
		(void)refuse(b, correction
					? "nothing of this event can be taken back: it "
					  "moved no money"
					: "the ledger does not take such an event");
	}
}
