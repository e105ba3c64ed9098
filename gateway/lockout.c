/* Lockout: see lockout.h. */
#include "lockout.h"

#include <string.h>

/* Of IPv6 a household has a /64, and every address in it. */
static struct in6_addr
client_of(const struct in6_addr *address)
{
	struct in6_addr client = *address;

	if (!IN6_IS_ADDR_V4MAPPED(address))
		memset(&client.s6_addr[8], 0, 8);
	return client;
}

static const struct gw_lockout_entry *
find(const struct gw_lockout *l, const struct in6_addr *client)
{
	for (size_t i = 0; i < NV_LEN(l->entries); i++)
		if (l->entries[i].used &&
			memcmp(&l->entries[i].address, client, sizeof(*client)) == 0)
			return &l->entries[i];
	return NULL;
}

int64_t
gw_lockout_left(
	const struct gw_lockout *l, const struct in6_addr *address, int64_t now_ms)
{
	struct in6_addr client = client_of(address);
	const struct gw_lockout_entry *e = find(l, &client);

	return e && e->locked_ms > now_ms ? e->locked_ms - now_ms : 0;
}

/* A free place, or the one that has been calm for longest; who is locked stays, as long
 * as there is anybody who is not. */
static struct gw_lockout_entry *
place_for(struct gw_lockout *l, const struct in6_addr *client, int64_t now_ms)
{
	struct gw_lockout_entry *best = &l->entries[0];

	for (size_t i = 0; i < NV_LEN(l->entries); i++) {
		struct gw_lockout_entry *e = &l->entries[i];
		bool locked = e->locked_ms > now_ms;
		bool best_locked = best->locked_ms > now_ms;

		if (!e->used) {
			best = e;
			break;
		}
		if (locked != best_locked ? best_locked : e->last_ms < best->last_ms)
			best = e;
	}
	*best = (struct gw_lockout_entry){
		.used = true, .address = *client, .window_ms = now_ms};
	return best;
}

void
gw_lockout_wrong(struct gw_lockout *l, const struct in6_addr *address, int64_t now_ms)
{
	struct in6_addr client = client_of(address);
	const struct gw_lockout_entry *found = find(l, &client);
	struct gw_lockout_entry *e =
		found ? &l->entries[found - l->entries] : place_for(l, &client, now_ms);

	if (now_ms - e->last_ms > GW_LOCKOUT_FORGET_MS)
		e->locks = 0;
	if (now_ms - e->window_ms > GW_LOCKOUT_WINDOW_MS) {
		e->window_ms = now_ms;
		e->wrong = 0;
	}
	e->last_ms = now_ms;
	if (++e->wrong < GW_LOCKOUT_WRONG)
		return;
	int64_t wait_ms = GW_LOCKOUT_FIRST_MS << NV_MIN(e->locks, 10u);

	e->locked_ms = now_ms + NV_MIN(wait_ms, GW_LOCKOUT_MAX_MS);
	e->wrong = 0;
	e->window_ms = e->locked_ms;
	e->locks++;
	l->locks++;
}
