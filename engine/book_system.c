/* What only Nova's own processes may say, platforms and gateway: money of others, facts
 * about webhooks, ids that all of them share. */
#include "book_private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PROVIDER_BYTES_MAX 32

bool
eng_book_is_system(const struct eng_booking *b)
{
	return nv_name_is_system(b->s->worker->name);
}

/* How many bytes of "PROVIDER:..." are the provider; 0: it is no such id. */
static uint32_t
provider_bytes(const struct eng_text *id)
{
	const char *colon = id ? memchr(id->at, ':', id->bytes) : NULL;
	uint32_t n = colon ? (uint32_t)(colon - id->at) : 0;
	char name[PROVIDER_BYTES_MAX + 1];

	if (n == 0 || n > PROVIDER_BYTES_MAX || n + 1 == id->bytes)
		return 0;
	memcpy(name, id->at, n);
	name[n] = '\0';
	return nv_name_valid(name) ? n : 0;
}

/* Who is said to have said it, when it is known by an id of all of them. */
static struct eng_worker *
shared_speaker(struct eng_booking *b)
{
	struct eng_worker *w = eng_worker_add(b->eng, ENG_SHARED_SPEAKER);

	if (!w)
		eng_ledger_trouble(b->eng, "no memory for a worker");
	return w;
}

uint32_t
eng_book_scope(struct eng_booking *b, const struct eng_text *id)
{
	bool shared = eng_book_is_system(b) && provider_bytes(id) > 0;

	return eng_txn_worker(b->eng, b->txn, shared ? shared_speaker(b) : b->s->worker);
}

/* The platform's own worker: whose the money is that nobody has been named for, so that
 * gateway and platform say the same of it. */
struct eng_worker *
eng_book_nobody(struct eng_booking *b)
{
	const struct eng_text *id = eng_field(b->line, ENG_F_ID);
	uint32_t n = provider_bytes(id);
	char provider[PROVIDER_BYTES_MAX + 1];
	char name[NV_NAME_MAX];
	enum nv_platform platform;

	if (n == 0)
		return b->s->worker;
	memcpy(provider, id->at, n);
	provider[n] = '\0';
	if (!nv_platform_from(provider, &platform))
		return b->s->worker;
	(void)snprintf(
		name, sizeof(name), NV_SYSTEM_PREFIX "%s", nv_platform_name(platform));
	struct eng_worker *w = eng_worker_add(b->eng, name);

	if (!w)
		eng_ledger_trouble(b->eng, "no memory for a worker");
	return w;
}

static int
refuse(struct eng_booking *b, const char *what)
{
	(void)snprintf(b->reason, sizeof(b->reason),
		"%s: only Nova's own platforms and gateway may say that", what);
	return -EINVAL;
}

int
eng_book_check_speaker(struct eng_booking *b)
{
	const struct eng_text *agent = eng_field(b->line, ENG_F_AGENT);
	const char *own = b->s->worker->name;
	enum eng_event event = b->line->event;

	if (b->manual || eng_book_is_system(b))
		return 0;
	if (event == ENG_EV_WEBHOOK)
		return refuse(b, "webhook");
	if (event == ENG_EV_REFUND && !eng_line_has(b->line, ENG_F_AMOUNT))
		return refuse(b, "total of a refund");
	if (agent &&
		(event == ENG_EV_COST || event == ENG_EV_RESERVE ||
			event == ENG_EV_RELEASE) &&
		(agent->bytes != strlen(own) ||
			memcmp(agent->at, own, agent->bytes) != 0))
		return refuse(b, "agent, when it is another worker");
	return 0;
}

void
eng_book_webhook(struct eng_booking *b)
{
	const struct eng_text *provider = &b->line->field[ENG_F_FROM];

	b->ev.category = provider->at;
	b->ev.category_bytes = provider->bytes;
}

void
eng_book_total_id(struct eng_booking *b)
{
	char amount[NV_MONEY_BYTES];

	if (!b->ev.id)
		return;
	int n = snprintf(b->total_id, sizeof(b->total_id), "%.*s=%s", (int)b->ev.id_bytes,
		b->ev.id, nv_money_text(b->line->amount_nano, amount));

	b->ev.id = b->total_id;
	b->ev.id_bytes = (size_t)n;
}

int
eng_book_fee_of(struct eng_booking *b)
{
	const struct eng_text *id = eng_field(b->line, ENG_F_ID);
	struct led_event first;

	if (id) {
		const struct led_event probe = {.worker = eng_book_scope(b, id),
			.id = id->at,
			.id_bytes = id->bytes};

		if (led_batch_lookup_id(b->txn->batch, &probe, &first) == 0) {
			struct eng_worker *w = eng_worker_by_id(b->eng, first.worker);

			if (w && first.kind == LED_FEE)
				b->worker = w;
			return 0;
		}
	}
	int rc = eng_book_find_sale(b, false);

	b->has_sale = false; /* it takes nothing from the sale */
	return rc;
}

/* ---- sales that were told before ---- */

static void
on_moved(void *arg, uint32_t worker)
{
	struct eng_booking *b = arg;
	struct eng_worker *w = eng_worker_by_id(b->eng, worker);

	if (w)
		(void)eng_txn_worker(b->eng, b->txn, w);
}

static int
move(struct eng_booking *b, const struct led_sale *known)
{
	uint64_t seq = 0;

	b->ev.id = NULL; /* the names of the one before lead to it */
	b->ev.id_bytes = 0;
	int rc = led_batch_move(b->txn->batch, known->seq, &b->ev, on_moved, b, &seq);

	if (rc < 0 && !led_is_refusal(rc))
		eng_ledger_trouble(b->eng, "the ledger does not move a sale");
	if (rc < 0) {
		(void)snprintf(b->reason, sizeof(b->reason),
			"the sale (event %llu) cannot go over to %s",
			(unsigned long long)known->seq, b->worker->name);
		return -EINVAL;
	}
	eng_txn_added(b->txn, seq);
	return 1;
}

/* What was paid, without a fee: another message may bring that. */
static int64_t
gross_of(const struct led_event *ev, uint32_t *ret_currency)
{
	struct led_sale said = {0};

	for (unsigned i = 0; i < ev->n_legs; i++) {
		if (ev->legs[i].code == LED_CODE_REVENUE) {
			said.gross += ev->legs[i].nano;
			said.currency = ev->legs[i].currency;
		}
	}
	*ret_currency = said.currency;
	return said.gross;
}

int
eng_book_known_sale(struct eng_booking *b)
{
	struct led_event first;
	struct led_sale known;
	uint32_t currency;

	if (b->line->event != ENG_EV_REVENUE || b->manual || !eng_book_is_system(b) ||
		!b->ev.id || led_batch_lookup_id(b->txn->batch, &b->ev, &first) != 0 ||
		first.kind != LED_REVENUE)
		return 0;
	int rc = led_batch_sale(b->txn->batch,
		b->ev.said_by ? b->ev.said_by : b->ev.worker, b->ev.worker, b->ev.id,
		b->ev.id_bytes, &known);

	if (rc < 0)
		return 0;
	const struct eng_worker *owner = eng_worker_by_id(b->eng, known.worker);
	int64_t gross = gross_of(&b->ev, &currency);

	if (gross != known.gross || currency != known.currency)
		return 0; /* the ledger says that it is other content */
	bool named = eng_line_has(b->line, ENG_F_AGENT);
	bool nobodys = owner && nv_name_is_system(owner->name);

	if (named && nobodys && b->worker != owner && !known.corrected)
		return move(b, &known);
	if (named && b->worker != owner && !known.corrected) {
		(void)snprintf(b->reason, sizeof(b->reason),
			"the sale is %s's already, and %s is named now",
			owner ? owner->name : "another", b->worker->name);
		return -EINVAL;
	}
	if (led_batch_again(b->txn->batch, &b->ev) < 0)
		eng_ledger_trouble(b->eng, "the ledger does not count a duplicate");
	return 1;
}
