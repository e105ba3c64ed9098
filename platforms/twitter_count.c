/* What reading costs: X charges for each resource that it hands out, once a UTC day. The
 * table "read" of the store holds what was handed out today, so that a restart does not
 * count it twice. */
#include "twitter.h"

#include "nv_clock.h"
#include "nv_log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define TABLE     "read"
#define DAY_BYTES 11

static const char *
today(char day[NV_RFC3339_BYTES])
{
	(void)nv_rfc3339(nv_wall_ns(), day);
	day[DAY_BYTES - 1] = '\0'; /* "2026-11-22" */
	return day;
}

struct sweep {
	struct plat *plat;
	const char *day;
};

static int
sweep_one(void *arg, const char *key, json_t *value)
{
	const struct sweep *s = arg;

	(void)value;
	return strncmp(key, s->day, DAY_BYTES - 1) < 0 ? plat_del(s->plat, TABLE, key)
						       : 1;
}

/* Yesterday's are of no use. */
static void
forget_old(struct tw *tw, const char *day)
{
	struct sweep s = {tw->plat, day};

	if (strcmp(tw->read_day, day) == 0)
		return;
	(void)snprintf(tw->read_day, sizeof tw->read_day, "%.10s", day);
	(void)plat_each(tw->plat, TABLE, "", NULL, sweep_one, &s);
}

/* Was it handed out today? It is from now on. Who cannot remember pays. */
static bool
first_today(struct tw *tw, char kind, const char *id, const char *day)
{
	char key[PLAT_KEY_BYTES_MAX];
	json_t *seen = NULL;

	(void)snprintf(key, sizeof key, "%s:%c:%s", day, kind, id);
	if (plat_get(tw->plat, TABLE, key, &seen) == 0) {
		json_decref(seen);
		return false;
	}
	(void)plat_put(tw->plat, TABLE, key, json_true());
	return true;
}

static int64_t
one_nano(struct tw *tw, char kind, const json_t *item, enum nv_twitter_price price,
	const char *day)
{
	const char *id = json_string_value(json_object_get(item, "id"));
	const char *author = json_string_value(json_object_get(item, "author_id"));

	if (!id || !tw_id_valid(id) || !first_today(tw, kind, id, day))
		return 0;
	if (tw->me_id[0] && strcmp(kind == 'u' ? id
				    : author   ? author
					       : "",
				    tw->me_id) == 0)
		price = NV_TWITTER_OWN;
	return tw->price_nano[price];
}

int64_t
tw_reads_nano(struct tw *tw, char kind, const json_t *items, enum nv_twitter_price price)
{
	char day[NV_RFC3339_BYTES];
	int64_t nano = 0;
	size_t i;
	json_t *item;

	(void)today(day);
	int rc = plat_batch_begin(tw->plat);

	forget_old(tw, day);
	if (json_is_object(items))
		nano = one_nano(tw, kind, items, price, day);
	json_array_foreach((json_t *)(uintptr_t)items, i, item)
	{
		nano += one_nano(tw, kind, item, price, day);
	}
	if (rc == 0)
		rc = plat_batch_end(tw->plat, true);
	if (rc < 0)
		nv_warn("what X handed out cannot be noted (%s): it may be counted twice "
			"today",
			strerror(-rc));
	return nano;
}
