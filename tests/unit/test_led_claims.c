/* Random histories of everything that takes from something else (refunds, disputes,
 * reservations, corrections) against a model that keeps plain lists and says for each
 * step what the ledger must answer. The ledger is closed and opened again in between;
 * every sale's rest, every open reservation and every sum is compared, and verify must
 * agree. LED_SEED repeats a run, LED_EVENTS sets its length. */
#include "led_random.h"
#include "run_suite.h"

enum {
	WORKERS = 5,
	CURRENCIES = 2,
	VARIANTS = 3,
	PLATFORM = WORKERS + 1,
	SALES_AHEAD = 40
};

static const char *const currencies[CURRENCIES] = {"USD", "EUR"};

struct msale {        /* sale number n has id "sN" and external id "xN" */
	uint64_t seq; /* 0: has not come (yet) */
	uint32_t worker;
	uint32_t currency;
	uint32_t variant; /* 0 = none */
	int64_t gross;
	int64_t refunded;
	int64_t disputed;
	int64_t won;
	int64_t lost;
	bool corrected;
	uint64_t waiting; /* the newest event that waited for it; 0 = none */
};
struct mevent {
	enum led_kind kind;
	uint32_t worker;
	uint32_t currency;
	uint32_t variant;
	int64_t nano;
	int64_t fee;
	uint16_t code;
	uint32_t sale; /* number; 0 = names none */
	bool by_external;
	uint32_t scope;
	bool waits;   /* its sale is not known */
	bool matched; /* it counts against its sale */
	bool corrected;
	uint64_t waited_before; /* the one before of the same sale */
	uint32_t pend;          /* index + 1 */
	int64_t settled;
};
struct mpend {
	uint64_t seq;
	uint32_t worker;
	uint32_t currency;
	int64_t amount;
	int64_t left;
	int64_t expires;
	uint64_t stream;
};

static struct msale *sales;
static uint32_t n_sales; /* numbers given out, from 1 */
static uint32_t sales_cap;
static struct mevent *events; /* by seq */
static uint64_t n_events;
static uint64_t events_cap;
static struct mpend *pends;
static uint32_t n_pends;
static uint32_t pends_cap;
static uint32_t first_open; /* all before are resolved */
static uint64_t refused;

static struct mevent *
new_event(uint64_t seq, const struct mevent *ev)
{
	ck_assert_uint_eq(seq, n_events + 1);
	if (n_events + 2 > events_cap) {
		events_cap = events_cap ? events_cap * 2 : 4096;
		events = reallocarray(events, events_cap, sizeof(*events));
		ck_assert_ptr_nonnull(events);
	}
	events[++n_events] = *ev;
	return &events[n_events];
}

static struct msale *
sale_number(uint32_t n)
{
	while (n_sales < n) {
		if (n_sales + 2 > sales_cap) {
			sales_cap = sales_cap ? sales_cap * 2 : 1024;
			sales = reallocarray(sales, sales_cap, sizeof(*sales));
			ck_assert_ptr_nonnull(sales);
		}
		sales[++n_sales] = (struct msale){0};
	}
	return &sales[n];
}

static uint32_t
worker_id(struct led_batch *b, uint32_t worker)
{
	char name[NV_NAME_MAX];

	(void)snprintf(name, sizeof(name), "w%u", worker);
	return led_batch_worker_id(b, name);
}

static uint32_t
currency_id(struct led_batch *b, uint32_t currency)
{
	return led_batch_currency_id(b, currencies[currency]);
}

static struct led_event
event_of(struct led_batch *b, enum led_kind kind, uint32_t worker)
{
	struct led_event ev = plain_event(kind, worker_id(b, worker), "{}");

	ev.claimed_ns = ev.received_ns = now;
	return ev;
}

/* ---- sales and what comes back of them ---- */

static int64_t
left_of(const struct msale *s)
{
	return s->corrected ? 0 : s->gross - s->refunded - s->lost;
}

static int
fits(const struct msale *s, uint16_t code, int64_t nano, uint32_t currency)
{
	int64_t left = left_of(s);

	if (currency != s->currency)
		return -EDOM;
	if (code == LED_CODE_REFUND)
		return nano > left ? -ERANGE : 0;
	if (code == LED_CODE_DISPUTE)
		return nano > left - s->disputed ? -ERANGE : 0;
	if (code == LED_CODE_DISPUTE_WON)
		return nano > s->disputed ? -ERANGE : 0;
	return nano > s->disputed || nano > left ? -ERANGE : 0;
}

static void
take(struct msale *s, uint16_t code, int64_t nano)
{
	s->refunded += code == LED_CODE_REFUND ? nano : 0;
	s->disputed += code == LED_CODE_DISPUTE ? nano : 0;
	s->disputed -=
		code == LED_CODE_DISPUTE_WON || code == LED_CODE_DISPUTE_LOST ? nano : 0;
	s->won += code == LED_CODE_DISPUTE_WON ? nano : 0;
	s->lost += code == LED_CODE_DISPUTE_LOST ? nano : 0;
}

static void
match_one(struct msale *s, struct mevent *e, uint32_t scope, bool by_external)
{
	bool same_id = e->scope == scope || e->worker == scope;

	if (!e->waits || e->by_external != by_external || (!by_external && !same_id) ||
		fits(s, e->code, e->nano, e->currency) != 0)
		return;
	e->waits = false;
	e->matched = true;
	take(s, e->code, e->nano);
}

/* Whoever waits for it, by its id first, then by its external id, oldest first. */
static void
match_waiting(struct msale *s, uint32_t scope)
{
	uint64_t list[1000];
	uint32_t n = 0;

	for (uint64_t seq = s->waiting; seq && n < NV_LEN(list);
		seq = events[seq].waited_before)
		list[n++] = seq;
	for (uint32_t i = n; i > 0; i--)
		match_one(s, &events[list[i - 1]], scope, false);
	for (uint32_t i = n; i > 0; i--)
		match_one(s, &events[list[i - 1]], scope, true);
}

static void
do_sale(struct led_batch *b, uint32_t number)
{
	char id[24];
	char external[24];
	struct msale *s = sale_number(number);
	uint64_t seq;
	struct mevent m = {.kind = LED_REVENUE,
		.worker = 1 + below(WORKERS),
		.currency = below(CURRENCIES),
		.variant = below(VARIANTS + 1),
		.nano = some_amount(),
		.fee = below(3) ? 0 : 1 + below(1000000),
		.sale = number};
	struct led_event ev = event_of(b, LED_REVENUE, m.worker);

	if (s->seq)
		return;
	(void)snprintf(id, sizeof(id), "s%u", number);
	(void)snprintf(external, sizeof(external), "x%u", number);
	set_id(&ev, id);
	ev.external = external;
	ev.external_bytes = strlen(external);
	if (m.variant)
		ev.variant = led_batch_variant_id(b, &"abc"[m.variant - 1], 1);
	ck_assert_int_eq(led_batch_post(b, &ev, LED_CODE_REVENUE, "stripe", 6, m.nano,
				 currency_id(b, m.currency)),
		0);
	if (m.fee)
		ck_assert_int_eq(led_batch_post(b, &ev, LED_CODE_FEE, "stripe", 6, m.fee,
					 currency_id(b, m.currency)),
			0);
	ck_assert_int_eq(led_batch_event(b, &ev, &seq), 0);
	(void)new_event(seq, &m);
	*s = (struct msale){.waiting = s->waiting,
		.seq = seq,
		.worker = m.worker,
		.currency = m.currency,
		.variant = m.variant,
		.gross = m.nano};
	match_waiting(s, m.worker);
}

/* Of a sale that is there or one that is still to come. */
static void
do_back(struct led_batch *b)
{
	static const uint16_t codes[] = {LED_CODE_REFUND, LED_CODE_REFUND,
		LED_CODE_DISPUTE, LED_CODE_DISPUTE, LED_CODE_DISPUTE_WON,
		LED_CODE_DISPUTE_LOST};
	uint32_t number = n_sales > 200 && below(3) ? n_sales - below(200)
						    : 1 + below(n_sales + SALES_AHEAD);
	struct msale *s = sale_number(number);
	char of[24];
	struct led_sale found;
	uint64_t seq = 0;
	struct mevent m = {.sale = number,
		.by_external = below(2),
		.scope = below(2) ? PLATFORM : 1 + below(WORKERS),
		.code = codes[below(NV_LEN(codes))],
		.currency = s->seq && below(10) ? s->currency : below(CURRENCIES)};

	m.worker = s->seq ? s->worker : m.scope;
	if (!m.by_external && s->seq && below(3))
		m.scope = s->worker; /* else the id is somebody else's */
	m.kind = m.code == LED_CODE_REFUND ? LED_REFUND : LED_DISPUTE;
	m.nano = s->seq && below(5)
			 ? 1 + (int64_t)(random_u64() %
					 (uint64_t)(s->gross / (1 + below(4)) + 1))
			 : some_amount();
	(void)snprintf(of, sizeof(of), "%c%u", m.by_external ? 'x' : 's', number);
	struct led_event ev = event_of(b, m.kind, m.worker);

	ev.of = of;
	ev.of_bytes = strlen(of);
	if (m.scope != m.worker)
		ev.said_by = worker_id(b, m.scope);
	bool known = s->seq &&
		     (m.by_external || m.scope == s->worker || m.worker == s->worker);
	int rc = led_batch_sale(
		b, worker_id(b, m.scope), worker_id(b, m.worker), of, strlen(of), &found);

	ck_assert_int_eq(rc, known ? 0 : -ENOENT);
	if (known) {
		ck_assert_uint_eq(found.seq, s->seq);
		ck_assert_int_eq(led_sale_left(&found), left_of(s));
		ev.ref = s->seq;
	}
	ck_assert_int_eq(led_batch_post(b, &ev, (enum led_code)m.code, "stripe", 6,
				 m.nano, currency_id(b, m.currency)),
		0);
	int expected = known ? fits(s, m.code, m.nano, m.currency) : 0;

	ck_assert_int_eq(led_batch_event(b, &ev, &seq), expected);
	if (expected != 0) {
		refused++;
		return;
	}
	m.waits = !known;
	m.matched = known;
	m.waited_before = s->waiting;
	(void)new_event(seq, &m);
	if (known)
		take(s, m.code, m.nano);
	else
		s->waiting = seq;
}

/* ---- reservations ---- */

static void
do_reserve(struct led_batch *b)
{
	char id[24];
	uint64_t seq = 0;
	struct mevent m = {.kind = LED_RESERVE,
		.worker = 1 + below(WORKERS),
		.currency = below(CURRENCIES),
		.nano = some_amount(),
		.code = LED_CODE_RESERVE};
	struct led_event ev = event_of(b, LED_RESERVE, m.worker);
	int64_t expires = now + 1 + (int64_t)(random_u64() % (2 * HOUR));

	(void)snprintf(id, sizeof(id), "r%u", n_pends);
	set_id(&ev, id);
	ev.operation = "llm";
	ev.operation_bytes = 3;
	/* From no stream as far as offsets go: that part is the stream tests'. */
	ck_assert_int_eq(led_batch_reserve(b, &ev, m.nano, currency_id(b, m.currency),
				 expires, &seq),
		0);
	if (n_pends == pends_cap) {
		pends_cap = pends_cap ? pends_cap * 2 : 1024;
		pends = reallocarray(pends, pends_cap, sizeof(*pends));
		ck_assert_ptr_nonnull(pends);
	}
	pends[n_pends++] =
		(struct mpend){seq, m.worker, m.currency, m.nano, m.nano, expires, 0};
	m.pend = n_pends;
	(void)new_event(seq, &m);
	/* Said again: known. */
	if (below(8) == 0)
		ck_assert_int_eq(led_batch_reserve(b, &ev, m.nano,
					 currency_id(b, m.currency), expires, &seq),
			1);
}

static struct mpend *
some_pend(void)
{
	if (n_pends == 0)
		return NULL;
	return &pends[n_pends > 30 && below(5) ? n_pends - 1 - below(30)
					       : below(n_pends)];
}

static void
do_settle(struct led_batch *b)
{
	struct mpend *p = some_pend();
	uint64_t seq = 0;
	int64_t settled = 0;

	if (!p)
		return;
	struct mevent m = {.kind = LED_COST,
		.worker = below(20) ? p->worker : 1 + below(WORKERS),
		.currency = below(20) ? p->currency : below(CURRENCIES),
		.nano = 1 + (int64_t)(random_u64() %
				      (uint64_t)(p->amount / (1 + below(3)) + 1)),
		.code = LED_CODE_COST};
	struct led_event ev = event_of(b, LED_COST, m.worker);
	int expected = p->left == 0 || p->worker != m.worker ? -ENOENT
		       : p->currency != m.currency           ? -EDOM
		       : p->expires <= now                   ? -ETIME
							     : 0;

	ck_assert_int_eq(led_batch_post(b, &ev, LED_CODE_COST, "openai", 6, m.nano,
				 currency_id(b, m.currency)),
		0);
	ck_assert_int_eq(led_batch_settle(b, &ev, p->seq, m.nano,
				 currency_id(b, m.currency), &settled),
		expected);
	if (expected == 0) {
		ck_assert_int_eq(settled, NV_MIN(m.nano, p->left));
		m.pend = (uint32_t)(p - pends) + 1;
		m.settled = settled;
		p->left -= settled;
	} else {
		refused++;
	}
	ck_assert_int_eq(led_batch_event(b, &ev, &seq), 0);
	(void)new_event(seq, &m);
}

static void
note_release(uint64_t seq, struct mpend *p)
{
	struct mevent m = {.kind = LED_RELEASE,
		.worker = p->worker,
		.currency = p->currency,
		.nano = p->left,
		.code = LED_CODE_VOID,
		.pend = (uint32_t)(p - pends) + 1};

	p->left = 0;
	(void)new_event(seq, &m);
}

static void
do_void(struct led_batch *b)
{
	struct mpend *p = some_pend();
	uint64_t seq = 0;

	if (!p)
		return;
	ck_assert_int_eq(led_batch_void(b, NULL, p->seq, 0, &seq), p->left ? 0 : -ENOENT);
	if (p->left)
		note_release(seq, p);
}

static int
note_expired(void *arg, const struct led_pend *pend)
{
	struct mpend *p = NULL;

	(void)arg;
	for (uint32_t i = first_open; i < n_pends && !p; i++)
		p = pends[i].seq == pend->seq ? &pends[i] : NULL;
	ck_assert_ptr_nonnull(p);
	ck_assert_int_le(p->expires, now);
	ck_assert_int_eq(p->left, pend->left);
	note_release(n_events + 1, p);
	return 0;
}

/* At most a few at a time; never one that is not due. */
static void
do_expire(struct led *led, struct led_batch *b)
{
	unsigned max = below(2) ? 1000000 : 1 + below(3);
	uint64_t due = 0;

	/* Those of this very batch come with the next. */
	while (first_open < n_pends && pends[first_open].left == 0)
		first_open++;
	for (uint32_t i = first_open; i < n_pends; i++)
		due += pends[i].left > 0 && pends[i].expires <= now;
	int n = led_batch_expire(b, max, note_expired, NULL);

	ck_assert_uint_eq((uint64_t)n, NV_MIN(due, max));
	ck_assert(due == 0 || led_next_expiry(led) <= now);
}

/* ---- corrections ---- */

static int
why_not(const struct mevent *e, uint64_t seq)
{
	static const struct msale none;
	const struct msale *s = e->sale ? &sales[e->sale] : &none;

	(void)seq;
	if (e->kind == LED_RESERVE || e->kind == LED_RELEASE || e->kind == LED_CORRECTION)
		return -EINVAL;
	if (e->corrected)
		return -EALREADY;
	if (e->kind == LED_REVENUE)
		return s->refunded || s->disputed || s->won || s->lost ? -EBUSY : 0;
	if (e->code == LED_CODE_DISPUTE_WON || e->code == LED_CODE_DISPUTE_LOST)
		return -EBUSY;
	if (e->code == LED_CODE_DISPUTE && e->matched && e->nano > s->disputed)
		return -EBUSY;
	return 0;
}

static void
do_correct(struct led_batch *b)
{
	if (n_events == 0)
		return;
	uint64_t target = n_events > 300 && below(3) ? n_events - below(300)
						     : 1 + (random_u64() % n_events);
	struct mevent *e = &events[target];
	struct led_event ev = event_of(b, LED_CORRECTION, 1);
	uint64_t seq = 0;
	int expected = why_not(e, target);

	ck_assert_int_eq(led_batch_correct(b, target, &ev), expected);
	if (expected != 0) {
		refused++;
		return;
	}
	ck_assert_uint_eq(ev.worker, worker_id(b, e->worker));
	ck_assert_int_eq(led_batch_event(b, &ev, &seq), 0);
	struct mevent m = {.kind = LED_CORRECTION, .worker = e->worker};

	e->corrected = true;
	if (e->kind == LED_REVENUE)
		sales[e->sale].corrected = true;
	if (e->matched && e->code == LED_CODE_REFUND)
		sales[e->sale].refunded -= e->nano;
	if (e->matched && e->code == LED_CODE_DISPUTE)
		sales[e->sale].disputed -= e->nano;
	e->waits = false;
	e->matched = false;
	(void)new_event(seq, &m);
}

/* ---- the rest ---- */

static void
do_plain(struct led_batch *b)
{
	static const struct {
		enum led_kind kind;
		uint16_t code;
	} moves[] = {{LED_COST, LED_CODE_COST}, {LED_FEE, LED_CODE_FEE},
		{LED_PAYOUT, LED_CODE_PAYOUT}, {LED_GRANT, LED_CODE_GRANT},
		{LED_CONVERSION, LED_CODE_CONVERT}};
	uint32_t i = below(NV_LEN(moves));
	uint64_t seq = 0;
	struct mevent m = {.kind = moves[i].kind,
		.code = moves[i].code,
		.worker = 1 + below(WORKERS),
		.currency = below(CURRENCIES),
		.nano = some_amount()};
	struct led_event ev = event_of(b, m.kind, m.worker);

	if (m.kind == LED_CONVERSION)
		ck_assert_int_eq(led_batch_convert(b, &ev, NULL, 0, m.nano,
					 currency_id(b, m.currency), m.nano,
					 currency_id(b, 1 - m.currency)),
			0);
	else
		ck_assert_int_eq(led_batch_post(b, &ev, (enum led_code)m.code, "stripe",
					 6, m.nano, currency_id(b, m.currency)),
			0);
	ck_assert_int_eq(led_batch_event(b, &ev, &seq), 0);
	(void)new_event(seq, &m);
}

static void
do_something(struct led *led, struct led_batch *b)
{
	switch (below(12)) {
	case 0:
	case 1:
	case 2:
		/* Now and then one that was named before it came. */
		do_sale(b, n_sales && below(4) == 0 ? 1 + below(n_sales) : n_sales + 1);
		break;
	case 3:
	case 4:
	case 5:
		do_back(b);
		break;
	case 6:
		do_reserve(b);
		break;
	case 7:
		do_settle(b);
		break;
	case 8:
		do_void(b);
		break;
	case 9:
		do_correct(b);
		break;
	default:
		do_plain(b);
	}
	(void)led;
}

/* ---- comparing ---- */

static void
count(struct led_totals *t, const struct mevent *e, uint32_t currency)
{
	if (e->corrected || e->currency != currency)
		return;
	switch (e->kind) {
	case LED_COST:
		t->cost += e->nano;
		break;
	case LED_REVENUE:
		t->revenue += e->nano;
		t->fees += e->fee;
		break;
	case LED_FEE:
		t->fees += e->nano;
		break;
	case LED_REFUND:
		t->refunds += e->nano;
		break;
	case LED_DISPUTE:
		t->disputes += e->code == LED_CODE_DISPUTE       ? e->nano
			       : e->code == LED_CODE_DISPUTE_WON ? -(nv_i128)e->nano
								 : 0;
		break;
	case LED_PAYOUT:
		t->payouts += e->nano;
		break;
	case LED_GRANT:
		t->grants += e->nano;
		break;
	default:
		break;
	}
}

static void
check_worker(struct led_view *v, uint32_t worker, uint32_t currency)
{
	struct led_totals expected = {0};
	struct led_totals got;
	struct led_balance bal;
	nv_i128 pending = 0;
	nv_i128 spent = 0;
	nv_i128 granted = 0;
	char name[64];

	for (uint64_t i = 1; i <= n_events; i++) {
		const struct mevent *e = &events[i];

		if (e->worker != worker)
			continue;
		count(&expected, e, currency);
		if (e->currency == currency) {
			spent += e->corrected ? 0 : e->settled;
			granted += e->kind == LED_GRANT && !e->corrected ? e->nano : 0;
		}
	}
	for (uint32_t i = 0; i < n_pends; i++)
		pending += pends[i].worker == worker && pends[i].currency == currency
				   ? pends[i].left
				   : 0;
	(void)snprintf(name, sizeof(name), "w%u", worker);
	uint32_t id = led_view_worker_id(v, name);
	uint32_t code = led_view_currency_id(v, currencies[currency]);

	if (id == 0 || code == 0)
		return;
	(void)led_view_window(
		v, id, code, 0, INT64_MAX, &got); /* compared all the same */
	check_money(&got, &expected);
	(void)snprintf(name, sizeof(name), "Equity:Budget:w%u:Spent", worker);
	ck_assert_int_eq(led_view_balance(v, name, code, &bal), 0);
	ck_assert_money_eq(bal.credits - bal.debits, spent);
	ck_assert_money_eq(bal.credits_pending, pending);
	ck_assert_money_eq(bal.debits_pending, 0);
	name[strlen(name) - 6] = '\0';
	ck_assert_int_eq(led_view_balance(v, name, code, &bal), 0);
	ck_assert_money_eq(bal.credits - bal.debits, granted - spent);
	ck_assert_money_eq(bal.debits_pending, pending);
}

static void
check_variants(struct led_view *v)
{
	for (uint32_t variant = 1; variant <= VARIANTS; variant++) {
		struct led_totals expected = {0};
		struct led_totals got;

		for (uint64_t i = 1; i <= n_events; i++) {
			if (events[i].worker == 1 && events[i].variant == variant)
				count(&expected, &events[i], 0);
		}
		/* Ids of variants are given out in the order in which they came. */
		for (uint32_t id = 1; id <= VARIANTS; id++) {
			(void)led_view_variant(v, led_view_worker_id(v, "w1"), id,
				led_view_currency_id(v, "USD"), 0, INT64_MAX, &got);
			if (got.revenue == expected.revenue && got.fees == expected.fees)
				break;
			ck_assert_uint_lt(id, VARIANTS);
		}
	}
}

static int
check_pend(void *arg, const struct led_pend *pend)
{
	uint32_t *n = arg;

	while (*n < n_pends && pends[*n].left == 0)
		(*n)++;
	ck_assert_uint_lt(*n, n_pends);
	ck_assert_uint_eq(pends[*n].seq, pend->seq);
	ck_assert_int_eq(pends[*n].left, pend->left);
	ck_assert_int_eq(pends[*n].amount, pend->amount);
	ck_assert_int_eq(pends[*n].expires, pend->expires_ns);
	ck_assert_str_eq(pend->operation, "llm");
	(*n)++;
	return 0;
}

static int
count_unmatched(void *arg, uint64_t seq)
{
	ck_assert(events[seq].waits);
	++*(uint64_t *)arg;
	return 0;
}

static void
check_sales(struct led_view *v)
{
	struct led_sale got;

	for (uint32_t i = 1; i <= n_sales; i++) {
		const struct msale *s = &sales[i];

		if (s->seq == 0)
			continue;
		ck_assert_int_eq(led_view_sale(v, s->seq, &got), 0);
		ck_assert_int_eq(got.gross, s->gross);
		ck_assert_int_eq(got.refunded, s->refunded);
		ck_assert_int_eq(got.disputed, s->disputed);
		ck_assert_int_eq(got.won, s->won);
		ck_assert_int_eq(got.lost, s->lost);
		ck_assert_int_eq(led_sale_left(&got), left_of(s));
	}
	for (uint64_t i = 1; i <= n_events; i++) {
		uint64_t sale = 0;
		int rc = events[i].corrected ? 0 : led_view_sale_of(v, i, &sale);

		if (events[i].matched)
			ck_assert_uint_eq(sale, sales[events[i].sale].seq);
		else if (!events[i].corrected)
			ck_assert_int_eq(rc, -ENOENT);
		ck_assert_int_eq(led_view_corrected(v, i, &sale),
			events[i].corrected ? 0 : -ENOENT);
	}
}

static void
check_all(struct led *led)
{
	struct led_view *v = view(led);
	struct led_stats s;
	uint32_t next = 0;
	uint64_t unmatched = 0;
	uint64_t waiting = 0;

	for (uint32_t w = 1; w <= PLATFORM; w++) {
		for (uint32_t c = 0; c < CURRENCIES; c++)
			check_worker(v, w, c);
	}
	check_variants(v);
	ck_assert_int_eq(led_view_pends(v, 0, check_pend, &next), 0);
	while (next < n_pends && pends[next].left == 0)
		next++;
	ck_assert_uint_eq(next, n_pends);
	ck_assert_int_eq(led_view_unmatched(v, count_unmatched, &unmatched), 0);
	for (uint64_t i = 1; i <= n_events; i++)
		waiting += events[i].waits;
	ck_assert_uint_eq(unmatched, waiting);
	check_sales(v);
	ck_assert_int_eq(led_view_stats(v, &s), 0);
	ck_assert_uint_eq(s.events, n_events);
	ck_assert_uint_eq(s.unmatched, waiting);
	led_view_end(v);
}

START_TEST(histories)
{
	uint64_t target = setting("LED_EVENTS", 120000);
	uint64_t next_check = 500;

	begin_run(1);
	struct led *led = open_with(1);

	while (n_events < target) {
		struct led_batch *b = begin(led, now);
		uint32_t n = below(below(4) ? 40 : 1500);

		do_expire(led, b);
		for (uint32_t i = 0; i < n; i++)
			do_something(led, b);
		/* One that is given up leaves nothing: only when it did nothing here. */
		commit(b);
		if (n_events > next_check) {
			next_check = n_events * 2;
			check_all(led);
			led_close(led);
			verify_clean();
			led = open_with(1);
		}
		now += below(20) ? below(60) * SEC : below(5000) * SEC;
	}
	check_all(led);
	led_close(led);
	ck_assert_uint_eq(verify_clean(), n_events);
	ck_assert_uint_gt(refused, target / 100);
	remove_dir();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("led_claims");
	TCase *tc = tcase_create("claims");

	tcase_set_timeout(tc, 240);
	tcase_add_test(tc, histories);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
