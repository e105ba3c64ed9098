/* Pages that are watched: table "monitor", "AGENT/NAME" -> what is watched, what it was
 * when it was looked at last, and the newest changes. */
#include "scr_diff.h"
#include "scr_names.h"
#include "scr_work.h"
#include "scrape.h"

#include "nv_buf.h"
#include "nv_clock.h"
#include "nv_json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TABLE            "monitor"
#define MONITORS_MAX     1000
#define AT_ONCE_MAX      16
#define CHANGES_KEPT     10
#define CHANGE_BYTES_MAX ((size_t)256 << 10)
#define EVERY_MS         INT64_C(3600000)
#define EVERY_MS_MIN     INT64_C(60000)

struct check {
	struct scr_monitors *all;
	struct check *next;
	struct plat_call *call; /* NULL: it was due */
	char key[SCR_NAME_KEY_BYTES];
	struct scr_fetch *fetch;
};

struct scr_monitors {
	struct scrape *scrape;
	struct check *first; /* owned; under way */
	unsigned due;        /* of them, those of the poll */
	bool more;           /* others are due as well */
};

static int64_t
num(const json_t *m, const char *key)
{
	return json_integer_value(json_object_get(m, key));
}

static const char *
str(const json_t *m, const char *key)
{
	return json_string_value(json_object_get(m, key));
}

static void
set(json_t *m, const char *key, json_t *value)
{
	/* Without memory the old value stays: it is looked at again. */
	(void)json_object_set_new(m, key, value);
}

/* What is compared: the text of the page, or of what the selector finds, line by line. */
static char *
text_of(const json_t *data)
{
	const json_t *found = json_object_get(data, "select");
	struct nv_buf out;
	json_t *item;
	size_t i;

	if (!found) {
		const char *text = json_string_value(json_object_get(data, "text"));

		return strdup(text ? text : "");
	}
	nv_buf_init(&out, PLAT_VALUE_BYTES_MAX / 2);
	nv_buf_puts(&out, "");
	json_array_foreach(found, i, item)
	{
		nv_buf_puts(&out, json_string_value(item));
		nv_buf_puts(&out, "\n");
	}
	char *text = out.bytes > 0 ? nv_buf_take(&out) : strdup("");

	nv_buf_fini(&out);
	return text;
}

static void
remember(json_t *m, json_t *diff, int64_t now)
{
	json_t *changes = json_object_get(m, "changes");
	NV_CLEANUP_FREE char *line = nv_json_line(diff);
	json_t *kept = line && strlen(line) <= CHANGE_BYTES_MAX ? json_incref(diff)
								: json_null();

	while (json_array_size(changes) >= CHANGES_KEPT)
		(void)json_array_remove(changes, 0);
	(void)json_array_append_new(
		changes, json_pack("{s:o, s:o}", "at", nv_json_time(now), "diff", kept));
	set(m, "changed", json_integer(now));
	set(m, "changed_times", json_integer(num(m, "changed_times") + 1));
}

/* The record after a look. Returns the diff (a new reference; empty: no change), NULL
 * when it was the first look or there is nothing to compare. */
static json_t *
note(json_t *m, const struct scr_page_got *p, int64_t now)
{
	json_t *diff = NULL;

	set(m, "checked", json_integer(now));
	set(m, "checks", json_integer(num(m, "checks") + 1));
	set(m, "error", p->why ? nv_json_str(p->why) : json_null());
	if (p->why)
		return NULL;
	if (!p->data) /* 304 */
		return json_array();
	NV_CLEANUP_FREE char *text = text_of(p->data);
	const char *before = str(m, "text");

	if (!text)
		return NULL;
	set(m, "etag", p->got->etag ? nv_json_str(p->got->etag) : json_null());
	set(m, "last_modified",
		p->got->modified ? nv_json_str(p->got->modified) : json_null());
	if (before) {
		diff = scr_diff(before, text);
		if (diff && json_array_size(diff) > 0)
			remember(m, diff, now);
	}
	set(m, "text", nv_json_str(text));
	return diff;
}

static json_t *
shown(const char *key, const json_t *m)
{
	char agent[NV_NAME_MAX];
	const char *name = scr_names_of(key, agent);

	return json_pack("{s:s, s:s, s:s, s:O?, s:I, s:o, s:o, s:o, s:I, s:I, s:O?, s:O}",
		"name", name, "agent", agent, "url", str(m, "url"), "css",
		json_object_get(m, "css"), "every_s",
		(json_int_t)(num(m, "every_ms") / 1000), "checked",
		nv_json_time(num(m, "checked")), "changed",
		nv_json_time(num(m, "changed")), "next", nv_json_time(num(m, "next")),
		"checks", (json_int_t)num(m, "checks"), "changed_times",
		(json_int_t)num(m, "changed_times"), "error", json_object_get(m, "error"),
		"changes", json_object_get(m, "changes"));
}

static void
check_free(struct check *c)
{
	for (struct check **at = &c->all->first; *at; at = &(*at)->next) {
		if (*at == c) {
			*at = c->next;
			break;
		}
	}
	free(c);
}

static void
poll_over(struct scr_monitors *all)
{
	plat_poll_done(all->scrape->plat, all->more ? -EAGAIN : 0, NULL);
}

static void
answer(struct check *c, const struct scr_page_got *p, int rc, const json_t *m,
	json_t *diff)
{
	if (rc == -ENOENT)
		plat_fail(c->call, NV_EXIT_NO, "it has been removed meanwhile");
	else if (rc < 0)
		plat_fail(c->call, NV_EXIT_FAILED, "it could not be stored: %s",
			strerror(-rc));
	else if (p->why)
		plat_fail(c->call,
			p->got->code == NV_EXIT_OK ? NV_EXIT_FAILED : p->got->code, "%s",
			p->why);
	else
		plat_done(c->call, json_pack("{s:b, s:b, s:b, s:O?, s:o}", "changed",
					   diff && json_array_size(diff) > 0, "first",
					   !diff, "not_modified", p->got->status == 304,
					   "diff", diff, "monitor", shown(c->key, m)));
}

static void
pay(struct check *c, const struct scr_page_got *p, int64_t now)
{
	struct scrape *s = c->all->scrape;
	char agent[NV_NAME_MAX], id[SCR_NAME_KEY_BYTES + 48];
	int64_t cost = s->price_nano * p->got->requests;

	if (cost == 0)
		return;
	if (c->call) {
		(void)plat_spend(
			c->call, cost, s->currency, "a watched page"); /* shown */
		return;
	}
	(void)scr_names_of(c->key, agent);
	(void)snprintf(id, sizeof(id), "scrape:monitor:%s:%lld", c->key, (long long)now);
	scr_book_request(s, id, agent, p->got->requests);
}

static void
on_page(void *arg, const struct scr_page_got *p)
{
	struct check *c = arg;
	struct scr_monitors *all = c->all;
	int64_t now = nv_wall_ns();
	json_t *m = NULL, *diff = NULL;
	int rc = plat_get(all->scrape->plat, TABLE, c->key, &m);

	pay(c, p, now);
	if (rc == 0) {
		diff = note(m, p, now);
		set(m, "next", json_integer(now + num(m, "every_ms") * NV_NS_PER_MS));
		rc = plat_put(all->scrape->plat, TABLE, c->key, m);
	}
	if (c->call)
		answer(c, p, rc, m, diff);
	json_decref(diff);
	json_decref(m);
	bool last = !c->call && --all->due == 0;

	check_free(c);
	if (last)
		poll_over(all);
}

static int
check_start(struct scr_monitors *all, struct plat_call *call, const char *key,
	const json_t *m)
{
	struct check *c = calloc(1, sizeof(*c));
	const char *css = str(m, "css");
	struct scr_ask ask = {.url = str(m, "url"),
		.etag = str(m, "etag"),
		.modified = str(m, "last_modified"),
		.ignore_robots = json_is_true(json_object_get(m, "ignore_robots"))};
	json_t *want = css ? json_pack("{s:{s:s}}", "select", "css", css)
			   : json_pack("{s:b}", "text", 1);
	int rc = c && want ? 0 : -ENOMEM;

	if (rc == 0) {
		c->all = all;
		c->call = call;
		(void)snprintf(c->key, sizeof(c->key), "%s", key);
		rc = scr_fetch_start(all->scrape, &ask, want, on_page, c, &c->fetch);
	}
	json_decref(want);
	if (rc < 0) {
		free(c);
		return rc;
	}
	c->next = all->first;
	all->first = c;
	all->due += !call;
	return 0;
}

/* ---- the poll ---- */

struct due {
	struct scr_monitors *all;
	int64_t now;
};

static int
on_each(void *arg, const char *key, json_t *m)
{
	struct due *d = arg;

	if (num(m, "next") > d->now)
		return 0;
	if (d->all->due >= AT_ONCE_MAX) {
		d->all->more = true;
		return 1;
	}
	/* What cannot even be asked for is asked for again at the next poll. */
	(void)check_start(d->all, NULL, key, m);
	return 0;
}

void
scr_monitors_poll(struct scrape *s)
{
	struct due d = {.all = s->monitors, .now = nv_wall_ns()};

	s->monitors->more = false;
	int rc = plat_each(s->plat, TABLE, "", NULL, on_each, &d);

	if (s->monitors->due > 0)
		return;
	plat_poll_done(
		s->plat, rc < 0 ? rc : 0, rc < 0 ? "the store cannot be read" : NULL);
}

int
scr_monitors_start(struct scrape *s)
{
	s->monitors = calloc(1, sizeof(*s->monitors));
	if (!s->monitors)
		return -ENOMEM;
	s->monitors->scrape = s;
	return 0;
}

void
scr_monitors_stop(struct scrape *s)
{
	while (s->monitors && s->monitors->first) {
		scr_fetch_cancel(s->monitors->first->fetch);
		check_free(s->monitors->first);
	}
	free(s->monitors);
	s->monitors = NULL;
}

/* ---- verbs ---- */

static int
count_one(void *arg, const char *key, json_t *value)
{
	unsigned *n = arg;

	(void)key;
	(void)value;
	return ++*n > MONITORS_MAX;
}

void
scr_monitor_add(struct plat_call *call)
{
	struct scrape *s = plat_own(plat_call_platform(call));
	const char *css = plat_arg_str(call, "css");
	char key[SCR_NAME_KEY_BYTES];
	struct nv_err err = {.text = ""};
	int64_t every_ms;
	unsigned n = 0;
	json_t *m = NULL;

	if (!scr_names_key(call, key) || scr_call_denied(call, "ignore_robots") ||
		scr_call_unpaid(call, "a monitor") ||
		!scr_names_duration(call, "every", EVERY_MS, EVERY_MS_MIN, &every_ms))
		return;
	json_t *want = css ? json_pack("{s:{s:s}}", "select", "css", css) : json_object();

	if (scr_want_check(want, &err) < 0) {
		json_decref(want);
		plat_fail(call, NV_EXIT_USAGE, "%s", err.text);
		return;
	}
	json_decref(want);
	if (plat_get(s->plat, TABLE, key, &m) == 0) {
		json_decref(m);
		plat_fail(call, NV_EXIT_NO, "there is a monitor of that name");
		return;
	}
	(void)plat_each(
		s->plat, TABLE, "", NULL, count_one, &n); /* 0: the put will say it */
	if (n >= MONITORS_MAX) {
		plat_fail(
			call, NV_EXIT_NO, "there are %d monitors already", MONITORS_MAX);
		return;
	}
	char *url = scr_call_url(call, plat_arg_str(call, "url"));

	if (!url)
		return;
	m = json_pack("{s:s, s:s?, s:I, s:b, s:I, s:[]}", "url", url, "css", css,
		"every_ms", (json_int_t)every_ms, "ignore_robots",
		plat_arg_bool(call, "ignore_robots"), "next", (json_int_t)nv_wall_ns(),
		"changes");
	free(url);
	int rc = m ? plat_put(s->plat, TABLE, key, m) : -ENOMEM;

	if (rc < 0)
		plat_fail(call, NV_EXIT_FAILED, "it could not be stored: %s",
			strerror(-rc));
	else
		plat_done(call, json_pack("{s:o}", "monitor", shown(key, m)));
	json_decref(m);
}

static int
list_one(void *arg, const char *key, json_t *m)
{
	return json_array_append_new(arg, shown(key, m)) < 0 ? -ENOMEM : 0;
}

void
scr_monitor_list(struct plat_call *call)
{
	char prefix[SCR_NAME_KEY_BYTES];
	json_t *list = json_array();

	scr_names_prefix(call, prefix);
	int rc = plat_each(plat_call_platform(call), TABLE, prefix, NULL, list_one, list);

	if (rc < 0) {
		json_decref(list);
		plat_fail(call, NV_EXIT_FAILED, "%s", strerror(-rc));
		return;
	}
	plat_done(call, json_pack("{s:o}", "monitors", list));
}

static void
check_go(struct plat_call *call)
{
	struct scrape *s = plat_own(plat_call_platform(call));
	char key[SCR_NAME_KEY_BYTES];
	json_t *m = NULL;

	if (!scr_names_key(call, key))
		return;
	int rc = plat_get(s->plat, TABLE, key, &m);

	if (rc == 0)
		rc = check_start(s->monitors, call, key, m);
	json_decref(m);
	if (rc == -ENOENT)
		plat_fail(call, NV_EXIT_NO, "there is no monitor of that name");
	else if (rc < 0)
		plat_fail(call, NV_EXIT_FAILED, "%s", strerror(-rc));
}

void
scr_monitor_check(struct plat_call *call)
{
	struct scrape *s = plat_own(plat_call_platform(call));

	if (s->price_nano > 0)
		plat_reserve(
			call, s->price_nano * (SCR_HOPS_MAX + 1), s->currency, check_go);
	else
		check_go(call);
}

void
scr_monitor_remove(struct plat_call *call)
{
	struct plat *p = plat_call_platform(call);
	char key[SCR_NAME_KEY_BYTES];
	json_t *m = NULL;

	if (!scr_names_key(call, key))
		return;
	int rc = plat_get(p, TABLE, key, &m);

	json_decref(m);
	if (rc == 0)
		rc = plat_del(p, TABLE, key);
	if (rc == -ENOENT)
		plat_fail(call, NV_EXIT_NO, "there is no monitor of that name");
	else if (rc < 0)
		plat_fail(call, NV_EXIT_FAILED, "%s", strerror(-rc));
	else
		plat_done(
			call, json_pack("{s:s}", "removed", plat_arg_str(call, "name")));
}
