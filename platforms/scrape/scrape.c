/* The platform `scrape`: its verbs about one page, its settings. */
#include "scrape.h"

#include "nv_clock.h"
#include "nv_json.h"
#include "scr_csv.h"
#include "scr_url.h"
#include "scr_work.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CSV_BYTES_MAX ((size_t)16 << 20)

/* ---- arguments ---- */

char *
scr_call_url(struct plat_call *call, const char *text)
{
	char *url = NULL;
	int rc = scr_url_resolve(NULL, text, &url);

	if (rc == 0)
		return url;
	plat_fail(call, NV_EXIT_USAGE, "url: %s",
		rc == -EINVAL  ? "an http or https URL without user and password "
				 "was expected, such as https://example.com/page"
		: rc == -E2BIG ? "it is too long"
			       : strerror(-rc));
	return NULL;
}

json_t *
scr_call_fields(struct plat_call *call)
{
	json_t *fields = json_object(), *item;
	size_t i;

	json_array_foreach(plat_arg_list(call, "fields"), i, item)
	{
		const char *text = json_string_value(item);
		const char *eq = strchr(text, '=');

		if (!eq || eq == text || eq - text > 60) {
			plat_fail(call, NV_EXIT_USAGE,
				"fields: NAME=SELECTOR was expected, not %.80s", text);
			json_decref(fields);
			return NULL;
		}
		NV_CLEANUP_FREE char *name = strndup(text, (size_t)(eq - text));

		if (!name || json_object_set_new(fields, name, nv_json_str(eq + 1)) < 0) {
			plat_fail(call, NV_EXIT_FAILED,
				"no memory, or a name that is no UTF-8");
			json_decref(fields);
			return NULL;
		}
	}
	return fields;
}

bool
scr_call_denied(struct plat_call *call, const char *name)
{
	if (!plat_arg_bool(call, name) || !plat_call_agent(call)[0])
		return false;
	plat_fail(call, NV_EXIT_NO, "%s: agents keep to robots.txt", name);
	return true;
}

bool
scr_call_unpaid(struct plat_call *call, const char *what)
{
	const struct scrape *s = plat_own(plat_call_platform(call));

	if (s->price_nano == 0 || !plat_call_agent(call)[0])
		return false;
	plat_fail(call, NV_EXIT_NO,
		"%s goes on by itself and costs money here (platforms.scrape.price): a "
		"person "
		"has to begin it",
		what);
	return true;
}

void
scr_book_request(struct scrape *s, const char *id, const char *agent, unsigned requests)
{
	if (s->price_nano == 0 || requests == 0)
		return;
	json_t *event = json_pack("{s:s, s:s, s:o, s:s, s:s, s:s}", "event", "cost", "id",
		id, "amount", nv_json_money((nv_i128)s->price_nano * requests),
		"currency", s->currency, "category", "scrape", "note", "pages fetched");

	if (event && agent[0])
		(void)json_object_set_new(event, "agent", json_string(agent));
	/* Without memory or pipes there is no way to say it; the frame shows that. */
	(void)plat_book(s->plat, event, NULL, NULL);
}

/* ---- one page ---- */

enum page_verb { V_FETCH, V_TEXT, V_LINKS, V_SELECT, V_FIELDS, V_LIST, V_TABLE };

static const struct page_kind {
	const char *verb;
	const char *key; /* of what the reader makes */
} page_kinds[] = {
	[V_FETCH] = {"fetch", "body"},
	[V_TEXT] = {"text", "text"},
	[V_LINKS] = {"links", "links"},
	[V_SELECT] = {"select", "select"},
	[V_FIELDS] = {"fields", "fields"},
	[V_LIST] = {"list", "lists"},
	[V_TABLE] = {"table", "tables"},
};

struct page {
	struct plat_call *call;
	struct scrape *scrape;
	enum page_verb verb;
	char *url;    /* owned */
	json_t *want; /* owned */
	bool csv;
};

static void
page_free(struct page *page)
{
	json_decref(page->want);
	free(page->url);
	free(page);
}

static void
tables_csv(struct nv_buf *out, const json_t *tables)
{
	json_t *table, *row;
	size_t i, j;

	json_array_foreach(tables, i, table)
	{
		if (i > 0)
			nv_buf_puts(out, "\r\n");
		if (json_object_get(table, "headers"))
			scr_csv_row(out, json_object_get(table, "headers"));
		json_array_foreach(json_object_get(table, "rows"), j, row)
			scr_csv_row(out, row);
	}
}

static void
lists_csv(struct nv_buf *out, const json_t *lists)
{
	json_t *list, *item;
	size_t i, j;

	json_array_foreach(lists, i, list)
	{
		json_array_foreach(json_object_get(list, "items"), j, item)
		{
			json_t *row = json_pack("[O?, O]", json_object_get(item, "term"),
				json_object_get(item, "text"));

			if (!json_object_get(item, "term"))
				(void)json_array_remove(row, 0);
			scr_csv_row(out, row);
			json_decref(row);
		}
	}
}

static json_t *
csv_of(const struct page *page, const json_t *data)
{
	const json_t *found = json_object_get(data, page_kinds[page->verb].key);
	const json_t *records = json_object_get(data, "records");
	struct nv_buf out;
	json_t *item, *one;
	size_t i;

	nv_buf_init(&out, CSV_BYTES_MAX);
	if (page->verb == V_TABLE) {
		tables_csv(&out, found);
	} else if (page->verb == V_LIST) {
		lists_csv(&out, found);
	} else if (page->verb == V_SELECT) {
		json_array_foreach(found, i, item)
		{
			one = json_pack("[O]", item);
			scr_csv_row(&out, one);
			json_decref(one);
		}
	} else if (page->verb == V_FIELDS && !records) {
		one = json_pack("[O]", found);
		scr_csv_records(&out, one);
		json_decref(one);
	} else {
		scr_csv_records(&out, records ? records : found);
	}
	json_t *text =
		out.error ? NULL : nv_json_text(out.data ? out.data : "", out.bytes);

	nv_buf_fini(&out);
	return text;
}

static json_t *
answer(const struct page *page, const struct scr_page_got *p)
{
	const struct scr_got *got = p->got;
	json_t *out = json_pack("{s:s, s:i, s:s?, s:s?, s:s?, s:I, s:i}", "url", got->url,
		"status", got->status, "content_type", got->type, "etag", got->etag,
		"last_modified", got->modified, "bytes", (json_int_t)got->bytes,
		"requests", (int)got->requests);

	if (!out)
		return NULL;
	int rc = page->csv ? json_object_set_new(out, "csv", csv_of(page, p->data))
			   : json_object_update(out, p->data);

	if (rc < 0) {
		json_decref(out);
		return NULL;
	}
	return out;
}

static void
on_page(void *arg, const struct scr_page_got *p)
{
	struct page *page = arg;
	struct plat_call *call = page->call;
	const struct scr_got *got = p->got;
	int64_t cost = page->scrape->price_nano * got->requests;

	if (cost > 0)
		(void)plat_spend(call, cost, page->scrape->currency, "pages fetched");
	if (!p->why)
		plat_done(call, answer(page, p));
	else if (got->later && got->retry_after_s > 0)
		plat_fail_later(call, got->retry_after_s, "%s", p->why);
	else
		plat_fail(call, got->code == NV_EXIT_OK ? NV_EXIT_FAILED : got->code,
			"%s", p->why);
	page_free(page);
}

static json_t *
want_of(struct plat_call *call, enum page_verb verb)
{
	const char *css = plat_arg_str(call, "css");
	const char *key = page_kinds[verb].key;
	json_t *fields;

	switch (verb) {
	case V_FETCH:
	case V_LINKS:
	case V_TEXT:
		return json_pack("{s:b, s:b}", key, 1, "title", 1);
	case V_LIST:
	case V_TABLE:
		return css ? json_pack("{s:s}", key, css) : json_pack("{s:b}", key, 1);
	case V_SELECT:
		return json_pack("{s:{s:s, s:s*}}", key, "css", css, "attr",
			plat_arg_str(call, "attr"));
	case V_FIELDS:
		fields = scr_call_fields(call);
		return fields ? json_pack("{s:o, s:s*}", key, fields, "rows",
					plat_arg_str(call, "rows"))
			      : NULL;
	}
	return NULL;
}

static enum page_verb
verb_of(const struct plat_call *call)
{
	enum page_verb verb = V_FETCH;

	while (strcmp(page_kinds[verb].verb, plat_call_verb(call)->name) != 0)
		verb++;
	return verb;
}

/* NULL: the call has been answered. */
static struct page *
page_new(struct plat_call *call)
{
	const char *format = plat_arg_str(call, "format");
	enum page_verb verb = verb_of(call);
	json_t *want = want_of(call, verb);
	char *url = want ? scr_call_url(call, plat_arg_str(call, "url")) : NULL;
	struct page *page = url ? calloc(1, sizeof(*page)) : NULL;

	if (!page) {
		if (url)
			plat_fail(call, NV_EXIT_FAILED, "no memory");
		free(url);
		json_decref(want);
		return NULL;
	}
	*page = (struct page){.call = call,
		.scrape = plat_own(plat_call_platform(call)),
		.verb = verb,
		.url = url,
		.want = want,
		.csv = format && strcmp(format, "csv") == 0};
	return page;
}

static void
page_go(struct plat_call *call)
{
	struct page *page = page_new(call);

	if (!page)
		return;
	struct scr_ask ask = {
		.url = page->url, .ignore_robots = plat_arg_bool(call, "ignore_robots")};
	int rc = scr_fetch_start(page->scrape, &ask, page->want, on_page, page, NULL);

	if (rc == 0)
		return;
	plat_fail(call, NV_EXIT_FAILED, "%s",
		rc == -ENOBUFS ? "too much waits for this host" : strerror(-rc));
	page_free(page);
}

/* What the reader is asked for; NULL: the call has failed. */
/* What it wants is looked at before its money is asked for, and nothing of it is kept
 * until there is some: a budget that says no ends the call. */
static void
page_run(struct plat_call *call)
{
	struct scrape *s = plat_own(plat_call_platform(call));
	struct nv_err err = {.text = ""};

	if (scr_call_denied(call, "ignore_robots"))
		return;
	json_t *want = want_of(call, verb_of(call));

	if (!want)
		return;
	int rc = scr_want_check(want, &err);

	json_decref(want);
	if (rc < 0) {
		plat_fail(call, NV_EXIT_USAGE, "%s", err.text);
		return;
	}
	char *url = scr_call_url(call, plat_arg_str(call, "url"));

	if (!url)
		return;
	free(url);
	/* As many requests as redirects allow; what is left is given back. */
	if (s->price_nano > 0)
		plat_reserve(
			call, s->price_nano * (SCR_HOPS_MAX + 1), s->currency, page_go);
	else
		page_go(call);
}

/* ---- robots ---- */

static void
on_robots(void *arg, json_t *verdict, const char *why)
{
	struct plat_call *call = arg;

	if (why)
		plat_fail(call, NV_EXIT_FAILED, "%s", why);
	else
		plat_done(call, verdict);
}

static void
robots_run(struct plat_call *call)
{
	struct scrape *s = plat_own(plat_call_platform(call));
	char *url = scr_call_url(call, plat_arg_str(call, "url"));

	if (!url)
		return;
	int rc = scr_web_robots(s->web, url, on_robots, call);

	free(url);
	if (rc < 0)
		plat_fail(call, NV_EXIT_FAILED, "%s", strerror(-rc));
}

/* ---- the table ---- */

#define URL_ARG \
	{ \
		"url", PLAT_TEXT, PLAT_REQUIRED, "of the page", NULL, 1, 8192 \
	}
#define FORMAT \
	{ \
		"format", PLAT_TEXT, 0, "json (unless told) or csv", "json|csv", 0, 0 \
	}
#define CSS_ARG(flag, what) \
	{ \
		"css", PLAT_TEXT, flag, what, NULL, 1, 4096 \
	}

static const struct plat_arg url_args[] = {URL_ARG, {0}};
static const struct plat_arg page_args[] = {URL_ARG, SCR_PAGE_ARGS, {0}};
static const struct plat_arg links_args[] = {URL_ARG, FORMAT, SCR_PAGE_ARGS, {0}};
static const struct plat_arg select_args[] = {URL_ARG,
	CSS_ARG(PLAT_REQUIRED, "CSS selector"),
	{"attr", PLAT_TEXT, PLAT_WORD, "this attribute, not the text", NULL, 1, 100},
	FORMAT, SCR_PAGE_ARGS, {0}};
static const struct plat_arg fields_args[] = {
	URL_ARG, SCR_FIELDS_ARGS, FORMAT, SCR_PAGE_ARGS, {0}};
static const struct plat_arg many_args[] = {URL_ARG,
	CSS_ARG(PLAT_WORD, "only those that this CSS selector means"), FORMAT,
	SCR_PAGE_ARGS, {0}};
static const struct plat_arg monitor_add_args[] = {
	{"name", PLAT_TEXT, PLAT_REQUIRED, "what it is called from now on", NULL, 1, 60},
	URL_ARG, CSS_ARG(0, "only the text of what this selector means"),
	{"every", PLAT_TEXT, 0, "how often: 1h unless told, 1m at least", NULL, 2, 20},
	SCR_PAGE_ARGS, {0}};
static const struct plat_arg name_args[] = {
	{"name", PLAT_TEXT, PLAT_REQUIRED, "of the monitor", NULL, 1, 60}, {0}};
static const struct plat_arg crawl_args[] = {
	{"name", PLAT_TEXT, PLAT_REQUIRED, "what it is called from now on", NULL, 1, 60},
	URL_ARG,
	{"scope", PLAT_TEXT, 0, "where links are followed to: host unless told",
		"host|domain|any", 0, 0},
	{"depth", PLAT_INT, 0, "links from the first page: 3 unless told", NULL, 0, 100},
	{"pages", PLAT_INT, 0, "so many at most: 100 unless told", NULL, 1, 1000000},
	{"bytes", PLAT_INT, 0, "so many of all pages at most: 1 GiB unless told", NULL, 1,
		INT64_C(1) << 40},
	{"time", PLAT_TEXT, 0, "so long at most: 1d unless told", NULL, 2, 20},
	{"text", PLAT_BOOL, 0, "keep the text of each page", NULL, 0, 0}, SCR_FIELDS_ARGS,
	SCR_PAGE_ARGS, {0}};
static const struct plat_arg crawl_name_args[] = {
	{"name", PLAT_TEXT, PLAT_WORD, "of the crawl; all unless told", NULL, 1, 60},
	{0}};
static const struct plat_arg crawl_one_args[] = {
	{"name", PLAT_TEXT, PLAT_REQUIRED, "of the crawl", NULL, 1, 60}, {0}};
static const struct plat_arg results_args[] = {
	{"name", PLAT_TEXT, PLAT_REQUIRED, "of the crawl", NULL, 1, 60},
	{"after", PLAT_INT, 0, "pages after this number", NULL, 0, INT64_MAX},
	{"limit", PLAT_INT, 0, "so many at most: 100 unless told", NULL, 1, 1000}, FORMAT,
	{0}};

#define A PLAT_AGENT
static const struct plat_verb verbs[] = {
	{"fetch", "a page as it is", A, NULL, page_args, page_run, NULL, NULL},
	{"text", "what a reader sees of it", A, NULL, page_args, page_run, NULL, NULL},
	{"links", "where it links to", A, NULL, links_args, page_run, NULL, NULL},
	{"select", "what a CSS selector finds", A, NULL, select_args, page_run, NULL,
		NULL},
	{"fields", "named fields, once or row by row", A, NULL, fields_args, page_run,
		NULL, NULL},
	{"list", "its lists", A, NULL, many_args, page_run, NULL, NULL},
	{"table", "its tables, as grids", A, NULL, many_args, page_run, NULL, NULL},
	{"robots", "whether robots.txt allows it", A, NULL, url_args, robots_run, NULL,
		NULL},
	{"monitor.add", "watch a page for changes", A, NULL, monitor_add_args,
		scr_monitor_add, NULL, NULL},
	{"monitor.list", "what is watched, and its last changes", A, NULL, NULL,
		scr_monitor_list, NULL, NULL},
	{"monitor.check", "look now", A, NULL, name_args, scr_monitor_check, NULL, NULL},
	{"monitor.remove", "watch it no longer", A, NULL, name_args, scr_monitor_remove,
		NULL, NULL},
	{"crawl.start", "follow links from a page", A, NULL, crawl_args, scr_crawl_start,
		NULL, NULL},
	{"crawl.status", "how far crawls are", A, NULL, crawl_name_args, scr_crawl_status,
		NULL, NULL},
	{"crawl.stop", "end one; what it has found stays", A, NULL, crawl_one_args,
		scr_crawl_stop, NULL, NULL},
	{"crawl.results", "its pages", A, NULL, results_args, scr_crawl_results, NULL,
		NULL},
	{"crawl.remove", "forget one and its pages", A, NULL, crawl_one_args,
		scr_crawl_remove, NULL, NULL},
	{0}};
#undef A

static int
settings(const struct nv_config *config, struct plat_settings *ret, struct nv_err *err)
{
	const struct nv_conf_platform *conf = &config->platforms[NV_PLATFORM_SCRAPE];

	(void)err;
	ret->poll_ms = 10000; /* whether a monitor is due; nothing is sent for it */
	ret->rate = (struct plat_limit){conf->rate.n, conf->rate.window_ms};
	ret->agent_rate =
		(struct plat_limit){conf->agent_rate.n, conf->agent_rate.window_ms};
	return 0;
}

static void
stop(struct plat *p)
{
	struct scrape *s = plat_own(p);

	scr_crawls_stop(s);
	scr_monitors_stop(s);
	scr_web_free(s->web);
	scr_pool_free(s->pool);
	scr_fetches_drop(s);
	free(s);
	plat_set_own(p, NULL);
}

static int
start(struct plat *p, struct nv_err *err)
{
	const struct nv_conf_scrape *conf = &plat_config(p)->scrape;
	struct scrape *s = calloc(1, sizeof(*s));

	if (!s)
		return nv_err_set(err, -ENOMEM, "no memory");
	s->plat = p;
	s->price_nano = conf->price.nano;
	memcpy(s->currency, conf->price.currency, sizeof(s->currency));
	plat_set_own(p, s);
	int rc = scr_web_new(p, &s->web, err);

	if (rc == 0)
		rc = scr_pool_new(plat_loop(p), NULL, &s->pool);
	if (rc == 0)
		rc = scr_monitors_start(s);
	if (rc == 0)
		rc = scr_crawls_start(s);
	if (rc < 0) {
		stop(p);
		return err->text[0] ? rc : nv_err_set(err, rc, "%s", strerror(-rc));
	}
	return 0;
}

static void
poll(struct plat *p)
{
	scr_monitors_poll(plat_own(p));
}

static void
show(struct plat *p, json_t *state)
{
	const struct scrape *s = plat_own(p);

	scr_web_show(s->web, state);
	(void)json_object_set_new(state, "pages_that_broke_the_reader",
		json_integer((json_int_t)scr_pool_broken(s->pool)));
}

static const char *const secrets[] = {NULL};

const struct plat_kind plat_scrape = {.name = "scrape",
	.summary = "pages of the web: text, links, fields, tables, changes, crawls",
	.secrets = secrets,
	.verbs = verbs,
	.settings = settings,
	.start = start,
	.stop = stop,
	.poll = poll,
	.show = show};
