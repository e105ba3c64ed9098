/* A page from the net, read by nova-scrape-parse. */
#include "scr_url.h"
#include "scr_work.h"
#include "scrape.h"

#include "nv_json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct scr_fetch {
	struct scrape *scrape;
	struct scr_fetch *later; /* among all of them */
	struct scr_fetch **here; /* what points to it there */
	json_t *want;            /* owned */
	scr_page_fn *fn;         /* NULL: cancelled */
	void *arg;
	struct scr_got got; /* its texts are owned here */
};

static char *
copy(const char *text)
{
	return text ? strdup(text) : NULL;
}

static void
got_fini(struct scr_got *got)
{
	free((char *)(uintptr_t)got->why);
	free((char *)(uintptr_t)got->url);
	free((char *)(uintptr_t)got->type);
	free((char *)(uintptr_t)got->etag);
	free((char *)(uintptr_t)got->modified);
}

static void
fetch_free(struct scr_fetch *f)
{
	*f->here = f->later;
	if (f->later)
		f->later->here = f->here;
	json_decref(f->want);
	got_fini(&f->got);
	free(f);
}

void
scr_fetches_drop(struct scrape *s)
{
	while (s->fetches)
		fetch_free(s->fetches);
}

static void
finish(struct scr_fetch *f, json_t *data, const char *why)
{
	struct scr_page_got page = {.got = &f->got, .data = data, .why = why};

	if (f->fn)
		f->fn(f->arg, &page);
	fetch_free(f);
}

/* href as it stands there -> url, absolute; those that lead nowhere are dropped. */
static json_t *
absolute_links(const json_t *raw, const char *page_url)
{
	const char *base_href = json_string_value(json_object_get(raw, "base"));
	char *base = NULL;
	json_t *out = json_array(), *link;
	size_t i;

	if (base_href)
		(void)scr_url_resolve(
			page_url, base_href, &base); /* else the page's own */
	json_array_foreach(json_object_get(raw, "links"), i, link)
	{
		char *url = NULL;
		json_t *rel = json_object_get(link, "rel");

		if (scr_url_resolve(base ? base : page_url,
			    json_string_value(json_object_get(link, "href")), &url) < 0)
			continue;
		json_t *one = json_pack(
			"{s:s, s:O}", "url", url, "text", json_object_get(link, "text"));

		if (one && rel)
			(void)json_object_set(
				one, "rel", rel); /* the answer lacks it then */
		free(url);
		if (json_array_append_new(out, one) < 0) {
			json_decref(out);
			out = NULL;
			break;
		}
	}
	free(base);
	return out;
}

static void
on_read(void *arg, json_t *data, const char *why)
{
	struct scr_fetch *f = arg;
	json_t *raw = json_object_get(data, "links");

	if (raw &&
		json_object_set_new(data, "links", absolute_links(raw, f->got.url)) < 0)
		why = "no memory";
	finish(f, why ? NULL : data, why);
	json_decref(data);
}

/* What has text in it that the reader can read. */
static bool
is_page(const char *type)
{
	static const char *const types[] = {"text/", "application/xhtml",
		"application/xml", "application/json", "application/rss",
		"application/atom"};

	if (!type || !*type)
		return true;
	for (size_t i = 0; i < NV_LEN(types); i++) {
		if (strncasecmp(type, types[i], strlen(types[i])) == 0)
			return true;
	}
	return false;
}

static void
on_got(void *arg, const struct scr_got *got)
{
	struct scr_fetch *f = arg;
	char why[200];

	f->got = *got;
	f->got.body = NULL;
	f->got.why = copy(got->why);
	f->got.url = copy(got->url);
	f->got.type = copy(got->type);
	f->got.etag = copy(got->etag);
	f->got.modified = copy(got->modified);
	if (!f->got.url) {
		finish(f, NULL, "no memory");
		return;
	}
	if (got->code != NV_EXIT_OK) {
		finish(f, NULL, f->got.why ? f->got.why : "no memory");
		return;
	}
	if (got->status == 304) {
		finish(f, NULL, NULL);
		return;
	}
	if (!is_page(got->type)) {
		f->got.code = NV_EXIT_NO;
		(void)snprintf(why, sizeof(why), "it is no page: %.100s", got->type);
		finish(f, NULL, why);
		return;
	}
	if (got->type)
		(void)json_object_set_new(f->want, "type", nv_json_str(got->type));
	int rc = scr_pool_ask(
		f->scrape->pool, f->want, got->body, got->bytes, on_read, f, NULL);

	if (rc < 0) {
		f->got.code = NV_EXIT_FAILED;
		f->got.later = true;
		finish(f, NULL,
			rc == -ENOBUFS ? "too many pages wait to be read"
				       : strerror(-rc));
	}
}

int
scr_fetch_start(struct scrape *s, const struct scr_ask *ask, const json_t *want,
	scr_page_fn *fn, void *arg, struct scr_fetch **ret)
{
	struct scr_fetch *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	f->scrape = s;
	f->later = s->fetches;
	f->here = &s->fetches;
	if (f->later)
		f->later->here = &f->later;
	s->fetches = f;
	f->want = json_deep_copy(want);
	f->fn = fn;
	f->arg = arg;
	int rc = f->want ? scr_get_start(s->web, ask, on_got, f, NULL) : -ENOMEM;

	if (rc < 0) {
		fetch_free(f);
		return rc;
	}
	if (ret)
		*ret = f;
	return 0;
}

void
scr_fetch_cancel(struct scr_fetch *fetch)
{
	if (fetch)
		fetch->fn = NULL;
}
