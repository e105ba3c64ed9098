/* Crawls: a few pages of each under way, the rest on the disk. */
#include "scr_crawl.h"

#include "nv_clock.h"
#include "nv_json.h"
#include "scr_csv.h"
#include "scr_work.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CRAWLS_MAX        32 /* that run at once */
#define AT_ONCE           4 /* pages of one; a host is asked one at a time all the same */
#define BYTES_DEFAULT     (INT64_C(1) << 30)
#define TIME_MS           (INT64_C(24) * 3600 * 1000)
#define CSV_BYTES_MAX     ((size_t)16 << 20)
#define RESULTS_BYTES_MAX ((size_t)24 << 20)

struct crawl;

struct slot {
	struct crawl *crawl;
	struct scr_front front; /* url NULL: free */
	struct scr_fetch *fetch;
};

struct crawl {
	struct scr_crawls *all;
	struct crawl *next;
	char key[SCR_NAME_KEY_BYTES];
	json_t *record; /* owned; as it is on the disk */
	json_t *want;   /* owned */
	struct slot slots[AT_ONCE];
	struct ev_timer timer;
};

struct scr_crawls {
	struct scrape *scrape;
	struct crawl *first; /* owned; those that run */
	unsigned n;
};

static void pump(struct crawl *c);

static struct crawl *
find(struct scr_crawls *all, const char *key)
{
	for (struct crawl *c = all->first; c; c = c->next) {
		if (strcmp(c->key, key) == 0)
			return c;
	}
	return NULL;
}

static void
crawl_free(struct crawl *c)
{
	for (struct crawl **at = &c->all->first; *at; at = &(*at)->next) {
		if (*at == c) {
			*at = c->next;
			c->all->n--;
			break;
		}
	}
	ev_timer_stop(plat_loop(c->all->scrape->plat), &c->timer);
	for (size_t i = 0; i < AT_ONCE; i++) {
		scr_fetch_cancel(c->slots[i].fetch);
		free(c->slots[i].front.url);
	}
	json_decref(c->record);
	json_decref(c->want);
	free(c);
}

/* It is over; what it found stays. */
static int
end(struct crawl *c, const char *state, const char *why)
{
	(void)json_object_set_new(c->record, "state", json_string(state));
	(void)json_object_set_new(c->record, "why", nv_json_str(why));
	(void)json_object_set_new(c->record, "ended", json_integer(nv_wall_ns()));
	int rc = plat_put(c->all->scrape->plat, "crawl", c->key, c->record);

	crawl_free(c);
	return rc;
}

static void
on_timer(struct ev_loop *loop, struct ev_timer *w, int revents)
{
	(void)loop;
	(void)revents;
	pump(w->data);
}

static void
wake(struct crawl *c, int64_t wait_ms)
{
	struct ev_loop *loop = plat_loop(c->all->scrape->plat);

	ev_timer_stop(loop, &c->timer);
	ev_timer_set(&c->timer, (double)wait_ms / 1000, 0);
	ev_timer_start(loop, &c->timer);
}

static unsigned
under_way(const struct crawl *c)
{
	unsigned n = 0;

	for (size_t i = 0; i < AT_ONCE; i++)
		n += c->slots[i].front.url != NULL;
	return n;
}

static void
slot_clear(struct slot *slot)
{
	free(slot->front.url);
	slot->front = (struct scr_front){.url = NULL};
	slot->fetch = NULL;
}

static void
on_page(void *arg, const struct scr_page_got *page)
{
	struct slot *slot = arg;
	struct crawl *c = slot->crawl;
	struct scrape *s = c->all->scrape;
	char agent[NV_NAME_MAX], id[SCR_CRAWL_KEY_BYTES + 80];

	(void)scr_names_of(c->key, agent);
	(void)snprintf(id, sizeof(id), "scrape:crawl:%s:%lld:%lld:%lld", c->key,
		(long long)scr_crawl_num(c->record, "started"),
		(long long)slot->front.number, (long long)slot->front.tries);
	scr_book_request(s, id, agent, page->got->requests);
	int rc = scr_crawl_store(s->plat, c->key, c->record, &slot->front, page);

	slot_clear(slot);
	if (rc < 0) {
		char why[128];

		(void)snprintf(
			why, sizeof(why), "it could not be stored: %s", strerror(-rc));
		/* Perhaps this cannot be stored either: then it goes on after the next
		 * start. */
		(void)end(c, "stopped", why);
		return;
	}
	wake(c, 0);
}

/* Which limit is reached; NULL: none. */
static const char *
used_up(const struct crawl *c)
{
	const json_t *r = c->record;

	if (scr_crawl_num(r, "fetched") + under_way(c) >= scr_crawl_num(r, "pages"))
		return "its number of pages is reached";
	if (scr_crawl_num(r, "bytes") >= scr_crawl_num(r, "bytes_max"))
		return "its number of bytes is reached";
	if (nv_wall_ns() >= scr_crawl_num(r, "until"))
		return "its time is over";
	return NULL;
}

/* 0: one more is under way; -ENOENT: there is none to begin now. */
static int
begin_one(struct crawl *c, int64_t *wait_ms)
{
	struct scrape *s = c->all->scrape;
	int64_t taken[AT_ONCE];
	size_t n = 0;
	struct slot *slot = NULL;

	for (size_t i = 0; i < AT_ONCE; i++) {
		if (c->slots[i].front.url)
			taken[n++] = c->slots[i].front.number;
		else
			slot = &c->slots[i];
	}
	if (!slot)
		return -ENOENT;
	int rc = scr_front_next(s->plat, c->key, taken, n, &slot->front, wait_ms);

	if (rc < 0)
		return rc;
	struct scr_ask ask = {.url = slot->front.url,
		.ignore_robots =
			json_is_true(json_object_get(c->record, "ignore_robots"))};

	rc = scr_fetch_start(s, &ask, c->want, on_page, slot, &slot->fetch);
	if (rc == -EINVAL) { /* cannot be: it was taken apart before */
		struct scr_got got = {.code = NV_EXIT_NO, .url = slot->front.url};
		struct scr_page_got page = {.got = &got, .why = "it is no URL"};

		rc = scr_crawl_store(s->plat, c->key, c->record, &slot->front, &page);
		slot_clear(slot);
	} else if (rc < 0) {
		slot_clear(slot);
	}
	return rc;
}

static void
pump(struct crawl *c)
{
	int64_t wait_ms = -1;
	const char *over = NULL;
	int rc = 0;

	while (rc == 0 && !(over = used_up(c)))
		rc = begin_one(c, &wait_ms);
	if (under_way(c) > 0)
		return;
	if (over)
		(void)end(c, "done", over); /* else it ends after the next start */
	else if (rc == -ENOENT && wait_ms < 0)
		(void)end(c, "done", "nothing is left");
	else
		wake(c, rc == -ENOENT ? wait_ms + 1 : 1000);
}

static int
load(struct scr_crawls *all, const char *key, json_t *record)
{
	const json_t *fields = json_object_get(record, "fields");
	struct crawl *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->all = all;
	(void)snprintf(c->key, sizeof(c->key), "%s", key);
	c->record = json_incref(record);
	c->want = json_pack("{s:b, s:b, s:b, s:O*, s:O*}", "title", 1, "links", 1, "text",
		json_is_true(json_object_get(record, "text")), "fields", fields, "rows",
		json_object_get(record, "rows"));
	ev_timer_init(&c->timer, on_timer, 0, 0);
	c->timer.data = c;
	for (size_t i = 0; i < AT_ONCE; i++)
		c->slots[i].crawl = c;
	c->next = all->first;
	all->first = c;
	all->n++;
	if (!c->want) {
		crawl_free(c);
		return -ENOMEM;
	}
	wake(c, 0);
	return 0;
}

static int
load_running(void *arg, const char *key, json_t *record)
{
	if (strcmp(scr_crawl_str(record, "state"), "running") != 0)
		return 0;
	json_t *own = json_deep_copy(record);
	int rc = own ? load(arg, key, own) : -ENOMEM;

	json_decref(own);
	return rc;
}

int
scr_crawls_start(struct scrape *s)
{
	s->crawls = calloc(1, sizeof(*s->crawls));
	if (!s->crawls)
		return -ENOMEM;
	s->crawls->scrape = s;
	return plat_each(s->plat, "crawl", "", NULL, load_running, s->crawls);
}

void
scr_crawls_stop(struct scrape *s)
{
	while (s->crawls && s->crawls->first)
		crawl_free(s->crawls->first);
	free(s->crawls);
	s->crawls = NULL;
}

/* ---- verbs ---- */

static json_t *
shown(const char *key, const json_t *r)
{
	char agent[NV_NAME_MAX];
	const char *name = scr_names_of(key, agent);

	return json_pack(
		"{s:s, s:s, s:O, s:O, s:O?, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o}",
		"name", name, "agent", agent, "url", json_object_get(r, "url"), "state",
		json_object_get(r, "state"), "why", json_object_get(r, "why"), "fetched",
		(json_int_t)scr_crawl_num(r, "fetched"), "failed",
		(json_int_t)scr_crawl_num(r, "failed"), "waiting",
		(json_int_t)scr_crawl_num(r, "waiting"), "known",
		(json_int_t)scr_crawl_num(r, "known"), "requests",
		(json_int_t)scr_crawl_num(r, "requests"), "bytes",
		(json_int_t)scr_crawl_num(r, "bytes"), "started",
		nv_json_time(scr_crawl_num(r, "started")), "ended",
		nv_json_time(scr_crawl_num(r, "ended")));
}

/* What the call asks for; NULL: it has failed. */
static json_t *
record_new(struct plat_call *call, int64_t time_ms)
{
	static const char *const scopes[] = {"host", "domain", "any"};
	const char *scope = plat_arg_str(call, "scope");
	struct nv_err err = {.text = ""};
	int64_t now = nv_wall_ns(), until = now + time_ms * NV_NS_PER_MS;
	json_t *fields = scr_call_fields(call);
	char *url = fields ? scr_call_url(call, plat_arg_str(call, "url")) : NULL;
	int in = SCR_SCOPE_HOST;

	if (!url) {
		json_decref(fields);
		return NULL;
	}
	for (int i = 0; scope && i < (int)NV_LEN(scopes); i++)
		in = strcmp(scope, scopes[i]) == 0 ? i : in;
	json_t *r = json_pack("{s:s, s:i, s:I, s:I, s:I, s:I, s:b, s:b, s:s, s:I, s:s*}",
		"url", url, "scope", in, "depth",
		(json_int_t)plat_arg_int(call, "depth", 3), "pages",
		(json_int_t)plat_arg_int(call, "pages", 100), "bytes_max",
		(json_int_t)plat_arg_int(call, "bytes", BYTES_DEFAULT), "until",
		(json_int_t)until, "text", plat_arg_bool(call, "text"), "ignore_robots",
		plat_arg_bool(call, "ignore_robots"), "state", "running", "started",
		(json_int_t)now, "rows", plat_arg_str(call, "rows"));

	free(url);
	if (r && json_object_size(fields) > 0)
		(void)json_object_set(
			r, "fields", fields); /* checked by the size below */
	json_decref(fields);
	if (!r) {
		plat_fail(call, NV_EXIT_FAILED, "no memory");
	} else if (scr_want_check(r, &err) < 0) {
		plat_fail(call, NV_EXIT_USAGE, "%s", err.text);
		json_decref(r);
		r = NULL;
	}
	return r;
}

static int
begin(struct scrape *s, const char *key, json_t *record)
{
	json_t *added = json_object();
	int rc = added ? plat_batch_begin(s->plat) : -ENOMEM;

	if (rc == 0) {
		rc = scr_front_add(
			s->plat, key, record, scr_crawl_str(record, "url"), 0, added);
		if (rc >= 0)
			rc = plat_put(s->plat, "crawl", key, record);
		int ended = plat_batch_end(s->plat, rc == 0);

		rc = rc < 0 ? rc : ended;
	}
	json_decref(added);
	return rc < 0 ? rc : load(s->crawls, key, record);
}

void
scr_crawl_start(struct plat_call *call)
{
	struct scrape *s = plat_own(plat_call_platform(call));
	char key[SCR_NAME_KEY_BYTES];
	int64_t time_ms;
	json_t *record = NULL;

	if (!scr_names_key(call, key) || scr_call_denied(call, "ignore_robots") ||
		scr_call_unpaid(call, "a crawl") ||
		!scr_names_duration(call, "time", TIME_MS, 1000, &time_ms))
		return;
	if (plat_get(s->plat, "crawl", key, &record) == 0) {
		json_decref(record);
		plat_fail(call, NV_EXIT_NO, "there is a crawl of that name");
		return;
	}
	if (s->crawls->n >= CRAWLS_MAX) {
		plat_fail(
			call, NV_EXIT_NO, "%d crawls are under way already", CRAWLS_MAX);
		return;
	}
	record = record_new(call, time_ms);
	if (!record)
		return;
	int rc = begin(s, key, record);

	if (rc < 0)
		plat_fail(call, NV_EXIT_FAILED, "it could not be stored: %s",
			strerror(-rc));
	else
		plat_done(call, json_pack("{s:o}", "crawl", shown(key, record)));
	json_decref(record);
}

/* As the disk has it; NULL: the call has failed. */
static json_t *
call_record(struct plat_call *call, char key[SCR_NAME_KEY_BYTES])
{
	json_t *record = NULL;

	if (!scr_names_key(call, key))
		return NULL;
	int rc = plat_get(plat_call_platform(call), "crawl", key, &record);

	if (rc == 0)
		return record;
	plat_fail(call, rc == -ENOENT ? NV_EXIT_NO : NV_EXIT_FAILED, "%s",
		rc == -ENOENT ? "there is no crawl of that name" : strerror(-rc));
	return NULL;
}

static int
list_one(void *arg, const char *key, json_t *record)
{
	return json_array_append_new(arg, shown(key, record)) < 0 ? -ENOMEM : 0;
}

void
scr_crawl_status(struct plat_call *call)
{
	char key[SCR_NAME_KEY_BYTES];
	json_t *list = json_array();
	int rc;

	if (plat_arg_given(call, "name")) {
		json_t *record = call_record(call, key);

		if (!record) {
			json_decref(list);
			return;
		}
		rc = list_one(list, key, record);
		json_decref(record);
	} else {
		scr_names_prefix(call, key);
		rc = plat_each(
			plat_call_platform(call), "crawl", key, NULL, list_one, list);
	}
	if (rc < 0) {
		json_decref(list);
		plat_fail(call, NV_EXIT_FAILED, "%s", strerror(-rc));
		return;
	}
	plat_done(call, json_pack("{s:o}", "crawls", list));
}

void
scr_crawl_stop(struct plat_call *call)
{
	struct scrape *s = plat_own(plat_call_platform(call));
	char key[SCR_NAME_KEY_BYTES];
	json_t *record = call_record(call, key);

	if (!record)
		return;
	struct crawl *c = find(s->crawls, key);
	int rc = 0;

	if (c) {
		json_decref(record);
		record = json_incref(c->record);
		rc = end(c, "stopped", "somebody stopped it");
	}
	if (rc < 0)
		plat_fail(call, NV_EXIT_FAILED, "it could not be stored: %s",
			strerror(-rc));
	else
		plat_done(call, json_pack("{s:o}", "crawl", shown(key, record)));
	json_decref(record);
}

void
scr_crawl_remove(struct plat_call *call)
{
	struct scrape *s = plat_own(plat_call_platform(call));
	char key[SCR_NAME_KEY_BYTES];
	json_t *record = call_record(call, key);
	struct crawl *c = record ? find(s->crawls, key) : NULL;

	if (!record)
		return;
	json_decref(record);
	if (c)
		crawl_free(c);
	int rc = scr_crawl_forget(s->plat, key);

	if (rc < 0)
		plat_fail(call, NV_EXIT_FAILED, "%s", strerror(-rc));
	else
		plat_done(
			call, json_pack("{s:s}", "removed", plat_arg_str(call, "name")));
}

/* ---- results ---- */

struct results {
	json_t *pages; /* borrowed */
	size_t limit, bytes;
	bool more;
};

static int
result_one(void *arg, const char *key, json_t *page)
{
	struct results *r = arg;
	NV_CLEANUP_FREE char *line = nv_json_line(page);

	(void)key;
	r->bytes += line ? strlen(line) : 0;
	if (json_array_size(r->pages) >= r->limit ||
		(json_array_size(r->pages) > 0 && r->bytes > RESULTS_BYTES_MAX)) {
		r->more = true;
		return 1;
	}
	return json_array_append(r->pages, page) < 0 ? -ENOMEM : 0;
}

/* One row a page, or one for each of its records. */
static json_t *
rows_of(const json_t *pages)
{
	json_t *rows = json_array(), *page, *one;
	size_t i, j;

	json_array_foreach(pages, i, page)
	{
		json_t *records = json_object_get(page, "records");
		json_t *head = json_pack("{s:O, s:O, s:O, s:O?, s:O?}", "number",
			json_object_get(page, "number"), "url",
			json_object_get(page, "final_url"), "status",
			json_object_get(page, "status"), "title",
			json_object_get(page, "title"), "error",
			json_object_get(page, "error"));
		json_t *alone = json_object_get(page, "fields");

		if (alone)
			(void)json_object_update(head, alone);
		if (!json_is_array(records)) {
			(void)json_array_append_new(rows, head);
			continue;
		}
		json_array_foreach(records, j, one)
		{
			json_t *row = json_copy(head);

			(void)json_object_update(row, one);
			(void)json_array_append_new(rows, row);
		}
		json_decref(head);
	}
	return rows;
}

static json_t *
results_csv(const json_t *pages)
{
	struct nv_buf out;
	json_t *rows = rows_of(pages);

	nv_buf_init(&out, CSV_BYTES_MAX);
	scr_csv_records(&out, rows);
	json_decref(rows);
	json_t *text =
		out.error ? NULL : nv_json_text(out.data ? out.data : "", out.bytes);

	nv_buf_fini(&out);
	return text;
}

void
scr_crawl_results(struct plat_call *call)
{
	struct plat *p = plat_call_platform(call);
	const char *format = plat_arg_str(call, "format");
	char key[SCR_NAME_KEY_BYTES], prefix[SCR_CRAWL_KEY_BYTES],
		after[SCR_CRAWL_KEY_BYTES];
	json_t *record = call_record(call, key);

	if (!record)
		return;
	json_decref(record);
	json_t *pages = json_array();
	struct results r = {
		.pages = pages, .limit = (size_t)plat_arg_int(call, "limit", 100)};

	(void)snprintf(prefix, sizeof(prefix), "%s/", key);
	(void)snprintf(after, sizeof(after), "%s/%012lld", key,
		(long long)NV_MIN(plat_arg_int(call, "after", 0), INT64_C(999999999999)));
	int rc = plat_each(p, "result", prefix, after, result_one, &r);

	if (rc < 0)
		plat_fail(call, NV_EXIT_FAILED, "%s", strerror(-rc));
	else if (format && strcmp(format, "csv") == 0)
		plat_done(call, json_pack("{s:o, s:b}", "csv", results_csv(pages), "more",
					r.more));
	else
		plat_done(call, json_pack("{s:O, s:b}", "pages", pages, "more", r.more));
	json_decref(pages);
}
