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
