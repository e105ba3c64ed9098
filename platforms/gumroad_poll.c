/* What no ping told: Gumroad's list of sales is read again and again. Pings get lost (a
 * time-out is never repeated), and refunds and chargebacks of old sales are told only to
 * who subscribed to them. Two walks over the list:
 *
 *   quick   at every poll, from two days before the last one that came to its end; only
 *           what is not as it was the last time is said;
 *   deep    once a day over `window`, with everything said again.
 *
 * Where a walk stands is kept after each page that is in the ledger (table "walk"), so a
 * restart goes on there. New sales come at the head of the list: a walk that lasts misses
 * them, the next quick one does not. */
#include "gumroad.h"

#include "nv_clock.h"
#include "nv_log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_NS          (INT64_C(86400) * NV_NS_PER_SEC)
#define OVERLAP_DAYS    2
#define PAGES_MAX       100000
#define DEEP_PAGES_MAX  50 /* at one poll, so that the quick walk has its turn */
#define DEEP_EVERY_DAYS 1

struct poll {
	struct gum *g;
	bool deep;
	unsigned pages;
	json_t *walk; /* owned: {"after","key"?,"began","deep"} */
	struct gum_walk *at;
	char next_key[256];
	unsigned pending; /* sales of the page that are not booked yet */
	int rc;
	char why[GUM_TEXT_BYTES];
};

static void
day_text(int64_t wall_ns, char day[GUM_DAY_BYTES])
{
	char text[NV_RFC3339_BYTES];

	(void)nv_rfc3339(NV_MAX(wall_ns, 0), text);
	memcpy(day, text, GUM_DAY_BYTES - 1);
	day[GUM_DAY_BYTES - 1] = '\0';
}

static const char *
name_of(const struct poll *poll)
{
	return poll->deep ? "deep" : "quick";
}

static int64_t
kept_time(struct gum *g, const char *key)
{
	json_t *value = NULL;
	int64_t t = 0;

	if (plat_get(g->p, "done", key, &value) == 0)
		t = json_integer_value(value);
	json_decref(value);
	return t;
}

static int
keep_walk(struct poll *poll)
{
	json_t *key = poll->next_key[0] ? json_string(poll->next_key) : json_null();

	if (json_object_set_new(poll->walk, "key", key) != 0)
		return -ENOMEM;
	return plat_put(poll->g->p, "walk", name_of(poll), poll->walk);
}

static void poll_start(struct gum *g, bool deep);

static void
poll_free(struct poll *poll)
{
	json_decref(poll->walk);
	free(poll);
}

/* The walk is through: the next one begins where this one began. */
static int
keep_done(struct poll *poll)
{
	json_t *began = json_object_get(poll->walk, "began");
	struct plat *p = poll->g->p;
	int rc = plat_batch_begin(p);

	if (rc != 0)
		return rc;
	rc = plat_put(p, "done", name_of(poll), began);
	/* The first of all went over the whole window. */
	if (rc == 0 && !poll->deep && kept_time(poll->g, "deep") == 0)
		rc = plat_put(p, "done", "deep", began);
	if (rc == 0)
		rc = plat_del(p, "walk", name_of(poll));
	int ended = plat_batch_end(p, rc == 0);

	return rc != 0 ? rc : ended;
}

static bool
deep_is_due(struct gum *g)
{
	return nv_wall_ns() - kept_time(g, "deep") >= DEEP_EVERY_DAYS * DAY_NS;
}

static void
poll_end(void *arg, enum gum_meaning meaning, const char *text)
{
	struct poll *poll = arg;
	struct gum *g = poll->g;
	bool deep = poll->deep;
	int rc = meaning == GUM_OK ? poll->rc : -EIO;

	if (meaning == GUM_OK && rc != 0)
		text = poll->why;
	if (rc == 0 && !poll->next_key[0]) {
		rc = keep_done(poll);
		text = "what was read could not be noted";
	} else if (meaning == GUM_NO && strstr(text, "page_key")) {
		/* A key it no longer takes: from the beginning again. */
		(void)plat_del(g->p, "walk", name_of(poll));
	}
	if (rc == 0 && !deep && deep_is_due(g))
		poll_start(g, true);
	else
		plat_poll_done(g->p, rc, rc == 0 ? NULL : text);
	poll_free(poll);
}

static void
page_done(struct poll *poll)
{
	struct gum_walk *at = poll->at;

	if (poll->rc == 0 && (poll->rc = keep_walk(poll)) != 0)
		(void)snprintf(poll->why, sizeof(poll->why),
			"where the list stands could not be noted: %s",
			strerror(-poll->rc));
	if (poll->rc != 0 || (poll->deep && ++poll->pages >= DEEP_PAGES_MAX))
		gum_walk_stop(at, GUM_OK, "");
	else
		gum_walk_next(at);
}

static void
sale_booked(void *arg, int rc, const char *why)
{
	struct poll *poll = arg;

	/* What cannot be understood is kept aside and holds up nothing. */
	if (rc != 0 && rc != -EINVAL && poll->rc == 0) {
		poll->rc = rc;
		(void)snprintf(poll->why, sizeof(poll->why), "%s", why);
	}
	if (--poll->pending == 0)
		page_done(poll);
}

static int
poll_page(void *arg, struct gum_walk *walk, const json_t *items, const char *page_key)
{
	struct poll *poll = arg;
	size_t i;
	json_t *sale;

	poll->at = walk;
	(void)snprintf(
		poll->next_key, sizeof(poll->next_key), "%s", page_key ? page_key : "");
	poll->pending = 1;
	json_array_foreach(items, i, sale)
	{
		poll->pending++;
		gum_book(poll->g, sale, NULL, poll->deep, sale_booked, poll);
	}
	sale_booked(poll, 0, "");
	return 2;
}

/* A walk that was begun goes on; else a new one. */
static json_t *
walk_of(struct gum *g, bool deep)
{
	json_t *walk = NULL;
	char after[GUM_DAY_BYTES];
	int64_t now = nv_wall_ns();
	int64_t from = now - g->window_days * DAY_NS;
	int64_t done = kept_time(g, "quick");

	if (plat_get(g->p, "walk", deep ? "deep" : "quick", &walk) == 0 &&
		map_text(walk, "after"))
		return walk;
	json_decref(walk);
	if (!deep && done > 0)
		from = done - OVERLAP_DAYS * DAY_NS;
	day_text(from, after);
	return json_pack("{s:s, s:I}", "after", after, "began", (json_int_t)now);
}

static void
poll_start(struct gum *g, bool deep)
{
	struct poll *poll = calloc(1, sizeof(*poll));
	struct nv_err err = {.text = "out of memory"};
	struct nv_buf path;
	int rc = -ENOMEM;

	nv_buf_init(&path, 512);
	nv_buf_puts(&path, "/sales");
	if (poll) {
		*poll = (struct poll){.g = g, .deep = deep, .walk = walk_of(g, deep)};
		nv_url_query(
			&path, "after", poll->walk ? map_text(poll->walk, "after") : "");
	}
	if (poll && poll->walk && path.error == 0) {
		const char *key = map_text(poll->walk, "key");

		(void)snprintf(
			poll->next_key, sizeof(poll->next_key), "%s", key ? key : "");
		rc = gum_walk(g, path.data, "sales", key, PAGES_MAX, poll_page, poll_end,
			poll, &err);
	}
	nv_buf_fini(&path);
	if (rc == 0)
		return;
	if (poll)
		poll_free(poll);
	plat_poll_done(g->p, rc, err.text);
}

void
gum_poll(struct plat *p)
{
	poll_start(plat_own(p), false);
}

/* The deep walk says everything again, whatever is known of a sale here; so it is due. */
int
gum_restored(struct plat *p, int64_t until_ns, uint64_t events)
{
	json_t *done = NULL;
	json_t *back = json_integer(NV_MAX(until_ns - PLAT_RESTORED_BACK_NS, (int64_t)1));
	json_t *due = json_integer(1);
	int rc = back && due ? plat_get(p, "done", "quick", &done) : -ENOMEM;

	(void)events;
	if (rc == 0 && json_integer_value(done) > json_integer_value(back))
		rc = plat_put(p, "done", "quick", back);
	if (rc == 0)
		rc = plat_put(p, "done", "deep", due);
	/* A walk that was begun may be past what is missing. */
	if (rc == 0 || rc == -ENOENT)
		rc = plat_del(p, "walk", "quick");
	if (rc == 0)
		rc = plat_del(p, "walk", "deep");
	json_decref(done);
	json_decref(back);
	json_decref(due);
	return rc;
}
