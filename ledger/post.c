/* Legs for an event by the rules of entry.c: roles and parties to account ids, with a
 * memory so that the name of an account is put together once and not per event. */
#include "batch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *
worker_name(const struct led *led, uint32_t id, char name[NV_NAME_MAX])
{
	size_t bytes;
	const char *text =
		led_texts_get(&led->dicts[LED_DICT_WORKER].names, id - 1, &bytes);

	NV_ASSERT(bytes < NV_NAME_MAX);
	memcpy(name, text, bytes);
	name[bytes] = '\0';
	return name;
}

/* Vendors and platforms are text from outside: past a bound new ones share one account.
 */
static uint32_t
party_account(struct led_batch *b, enum led_role role, const char *party, size_t bytes)
{
	struct led_dict *dict = &b->led->dicts[LED_DICT_ACCOUNT];
	char clean[LED_PARTY_MAX + 1];
	char name[LED_ACCOUNT_MAX + 1];

	(void)led_party_clean(party, bytes, clean); /* the length is not needed */
	size_t n = led_role_account(role, clean, name);

	if (dict->names.n >= LED_OPEN_NAMES_MAX &&
		led_texts_find(&dict->names, name, n) == LED_MAP_NONE)
		n = led_role_account(role, "Other", name);
	return led_dict_id(dict, name, n);
}

static uint32_t
role_account(struct led_batch *b, enum led_role role, uint32_t worker, const char *party,
	size_t party_bytes)
{
	char who[NV_NAME_MAX];
	char name[LED_ACCOUNT_MAX + 1];

	if (led_role_of_party(role))
		return party_account(b, role, party, party_bytes);
	if (led_role_of_worker(role))
		(void)worker_name(b->led, worker, who);
	else
		who[0] = '\0';
	return led_dict_id(&b->led->dicts[LED_DICT_ACCOUNT], name,
		led_role_account(role, who, name));
}

/* Whether it is there still, and that one: names that were taken back make room. */
static bool
is_key(const struct led_texts *keys, uint32_t i, const uint8_t *key, size_t key_bytes)
{
	size_t bytes;

	if (i >= keys->n)
		return false;
	const char *text = led_texts_get(keys, i, &bytes);

	return bytes == key_bytes && memcmp(text, key, bytes) == 0;
}

/* The account of a role: remembered by role, worker and the party as it was written. */
static uint32_t
account(struct led_batch *b, enum led_role role, uint32_t worker, const char *party,
	size_t party_bytes)
{
	struct led_posts *posts = &b->posts;
	uint8_t key[1 + 4 + LED_PARTY_MAX];
	bool is_new;
	bool of_party = led_role_of_party(role);
	uint32_t of = led_role_of_worker(role) ? worker : 0;
	size_t bytes = of_party ? party_bytes : 0;

	if (bytes > LED_PARTY_MAX || posts->keys.n >= LED_NAMES_MAX)
		return role_account(b, role, worker, party, party_bytes);
	key[0] = (uint8_t)role;
	memcpy(key + 1, &of, 4);
	if (bytes > 0)
		memcpy(key + 5, party, bytes);
	uint32_t i = posts->last[role];

	if (!is_key(&posts->keys, i, key, 5 + bytes))
		i = led_texts_find(&posts->keys, key, 5 + bytes);
	if (i != LED_MAP_NONE) {
		posts->last[role] = i;
		return posts->accounts[i];
	}
	uint32_t id = role_account(b, role, worker, party, party_bytes);

	if (id == 0)
		return 0;
	if (posts->keys.n == posts->cap) {
		uint32_t cap = posts->cap ? posts->cap * 2 : 64;
		uint32_t *p = reallocarray(posts->accounts, cap, sizeof(*p));

		if (!p)
			return 0;
		posts->accounts = p;
		posts->cap = cap;
	}
	i = led_texts_add(&posts->keys, key, 5 + bytes, &is_new);
	if (i == LED_MAP_NONE)
		return 0;
	posts->accounts[i] = id;
	return id;
}

/* One leg; its accounts are made on first use. */
static int
add_leg(struct led_batch *b, struct led_event *ev, struct led_leg leg)
{
	if (leg.debit == 0 || leg.credit == 0)
		return b->error = -ENOMEM;
	ev->legs[ev->n_legs++] = leg;
	return 0;
}

int
led_batch_convert(struct led_batch *b, struct led_event *ev, const char *party,
	size_t party_bytes, int64_t from_nano, uint32_t from_currency, int64_t to_nano,
	uint32_t to_currency)
{
	const struct led_texts *codes = &b->led->dicts[LED_DICT_CURRENCY].names;
	enum led_role role = party ? LED_ROLE_PLATFORM : LED_ROLE_BANK;
	char pair[2 * NV_CURRENCY_BYTES + 2];
	size_t from_bytes;
	size_t to_bytes;

	if (b->error)
		return b->error;
	if (from_nano <= 0 || from_nano > NV_MONEY_MAX || to_nano <= 0 ||
		to_nano > NV_MONEY_MAX || from_currency == to_currency ||
		from_currency == 0 || to_currency == 0 || from_currency > codes->n ||
		to_currency > codes->n)
		return -EINVAL;
	if (ev->n_legs + 2 > LED_LEGS_MAX)
		return -E2BIG;
	const char *from = led_texts_get(codes, from_currency - 1, &from_bytes);
	const char *to = led_texts_get(codes, to_currency - 1, &to_bytes);
	int n = snprintf(pair, sizeof(pair), "%.*s-%.*s", (int)from_bytes, from,
		(int)to_bytes, to);
	uint32_t trading = account(b, LED_ROLE_TRADING, 0, pair, (size_t)n);
	uint32_t assets = account(b, role, 0, party, party ? party_bytes : 0);
	int rc = add_leg(b, ev,
		(struct led_leg){
			trading, assets, from_nano, from_currency, LED_CODE_CONVERT});

	return rc ? rc
		  : add_leg(b, ev,
			    (struct led_leg){assets, trading, to_nano, to_currency,
				    LED_CODE_CONVERT});
}

int
led_batch_post(struct led_batch *b, struct led_event *ev, enum led_code code,
	const char *party, size_t party_bytes, int64_t nano, uint32_t currency)
{
	const struct led_rule *rule = led_rule(code);
	struct led *led = b->led;

	if (b->error)
		return b->error;
	if (!rule || nano <= 0 || nano > NV_MONEY_MAX || currency == 0 ||
		currency > led->dicts[LED_DICT_CURRENCY].names.n ||
		ev->worker > led->dicts[LED_DICT_WORKER].names.n ||
		(rule->needs_worker && ev->worker == 0) || (!party && party_bytes > 0))
		return -EINVAL;
	if (ev->n_legs >= LED_LEGS_MAX)
		return -E2BIG;
	struct led_leg leg = {
		.debit = account(b, rule->debit, ev->worker, party, party_bytes),
		.credit = account(b, rule->credit, ev->worker, party, party_bytes),
		.nano = nano,
		.currency = currency,
		.code = (uint16_t)code,
	};

	return add_leg(b, ev, leg);
}
