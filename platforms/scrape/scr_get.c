#include "scr_get.h"

#include "nv_clock.h"
#include "nv_json.h"
#include "nv_version.h"
#include "scr_site.h"
#include "scr_url.h"
#include "scr_work.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_DEADLINE_MS INT64_C(120000)
#define HOST_WAIT_S_MAX  3600 /* a Retry-After above it fails what waits for the host */

static bool
is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 ||
	       status == 308;
}

static int
set_url(struct scr_get *get, const char *url)
{
	char *origin, *path;
	int rc = scr_url_split(url, &origin, &path);

	if (rc < 0)
		return rc;
	char *copy = strdup(url);

	get->site = copy ? scr_site_get(get->site->web, origin) : NULL;
	free(origin);
	if (!get->site) {
		free(path);
		free(copy);
		return -ENOMEM;
	}
	free(get->url);
	free(get->path);
	get->url = copy;
	get->path = path;
	return 0;
}

static void
enqueue(struct scr_get *get, bool first)
{
	struct scr_site *site = get->site;

	if (first || !site->first) {
		get->next = site->first;
		site->first = get;
		if (!site->last)
			site->last = get;
	} else {
		site->last->next = get;
		site->last = get;
	}
	site->waiting++;
	if (!site->busy && !ev_is_active(&site->timer)) {
		ev_timer_set(&site->timer, 0, 0);
		ev_timer_start(site->web->loop, &site->timer);
	}
}

static void
tell(struct scr_get *get, const struct scr_got *got)
{
	if (get->fn)
		get->fn(get->arg, got);
	scr_get_free(get);
}

static void
fail(struct scr_get *get, const struct scr_got *like, const char *why)
{
	struct scr_got got = *like;

	got.code = NV_EXIT_FAILED;
	got.why = why;
	tell(get, &got);
}

/* A redirect is a request of its own: its host's robots.txt, its host's queue (in front,
 * since what follows it has waited already), no header but our own. */
static void
redirect(struct scr_get *get, const struct nv_http_answer *a, struct scr_got *got)
{
	const char *location = nv_http_header(a, "location");
	char *url = NULL;

	if (!location || scr_url_resolve(get->url, location, &url) < 0) {
		fail(get, got, "it redirects to nowhere that can be fetched");
		return;
	}
	if (get->hops > SCR_HOPS_MAX) {
		free(url);
		fail(get, got, "it redirects again and again");
		return;
	}
	free(get->etag);
	free(get->modified);
	get->etag = get->modified = NULL;
	int rc = set_url(get, url);

	free(url);
	if (rc < 0)
		fail(get, got, "no memory");
	else
		enqueue(get, true);
}

static void
on_answer(void *arg, const struct nv_http_answer *a)
{
	struct scr_get *get = arg;
	struct scr_site *site = get->site;
	bool busy_host = a->status == 429 || a->status == 503;
	struct scr_got got = {
		.code = a->outcome == NV_HTTP_DONE ? NV_EXIT_OK : NV_EXIT_NO,
		.why = a->err,
		.status = a->status,
		.url = get->url,
		.body = a->body,
		.bytes = a->body_bytes,
		.type = nv_http_header(a, "content-type"),
		.etag = nv_http_header(a, "etag"),
		.modified = nv_http_header(a, "last-modified"),
		.retry_after_s = -1,
		.requests = ++get->hops};

	site->web->bytes += a->body_bytes;
	scr_site_done(site, busy_host ? NV_MAX(a->retry_after_ms, 1000) : -1);
	if (a->retry_after_ms >= 0)
		got.retry_after_s = (a->retry_after_ms + 999) / 1000;
	if (a->outcome != NV_HTTP_DONE) {
		got.later = busy_host || a->status == 0 || a->status >= 500;
		if (a->status == 0 || a->status >= 500 || a->status == 429)
			got.code = NV_EXIT_FAILED;
	}
	if (is_redirect(a->status))
		redirect(get, a, &got);
	else
		tell(get, &got);
}

/* The platform's own rate, over all hosts, comes last. */
static void
on_turn(void *arg)
{
	struct scr_get *get = arg;
	struct scr_web *web = get->site->web;
	struct nv_http_header headers[4] = {
		{"Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.5"}};
	size_t n = 1;
	struct nv_err err = {.text = ""};

	if (get->etag)
		headers[n++] = (struct nv_http_header){"If-None-Match", get->etag};
	if (get->modified)
		headers[n++] =
			(struct nv_http_header){"If-Modified-Since", get->modified};
	struct nv_http_request request = {.url = get->url,
		.headers = headers,
		.headers_n = n,
		.user_agent = web->agent,
		.guard = web->guard,
		.policy = &nv_http_policy_once,
		.limits = {.deadline_ms = PAGE_DEADLINE_MS,
			.try_ms = PAGE_DEADLINE_MS,
			.body_bytes_max = web->body_bytes_max}};
	int rc = nv_http_start(web->http, &request, on_answer, get, NULL, &err);

	web->requests++;
	if (rc == 0)
		return;
	struct scr_got got = {.url = get->url,
		.retry_after_s = -1,
		.later = rc != -EINVAL,
		.requests = get->hops};

	scr_site_done(get->site, -1);
	fail(get, &got, err.text[0] ? err.text : strerror(-rc));
}

void
scr_get_send(struct scr_get *get)
{
	struct scr_got got = {.url = get->url,
		.retry_after_s = 1,
		.later = true,
		.requests = get->hops};

	if (plat_turn(get->site->web->plat, on_turn, get) == 0)
		return;
	scr_site_done(get->site, -1);
	fail(get, &got, "too many requests wait for their turn");
}

static int
get_new(struct scr_web *web, const char *url, struct scr_get **ret)
{
	/* Only to say which web it is, until the URL's own is known. */
	struct scr_site nowhere = {.web = web};
	struct scr_get *get = calloc(1, sizeof(*get));

	if (!get)
		return -ENOMEM;
	get->site = &nowhere;
	int rc = set_url(get, url);

	if (rc == 0 && get->site->waiting >= SCR_SITE_QUEUE_MAX)
		rc = -ENOBUFS;
	if (rc < 0) {
		scr_get_free(get);
		return rc;
	}
	get->later = web->gets;
	get->here = &web->gets;
	if (get->later)
		get->later->here = &get->later;
	web->gets = get;
	*ret = get;
	return 0;
}

int
scr_get_start(struct scr_web *web, const struct scr_ask *ask, scr_got_fn *fn, void *arg,
	struct scr_get **ret)
{
	struct scr_get *get;
	int rc = get_new(web, ask->url, &get);

	if (rc < 0)
		return rc;
	get->fn = fn;
	get->arg = arg;
	get->ignore_robots = ask->ignore_robots;
	get->etag = ask->etag ? strdup(ask->etag) : NULL;
	get->modified = ask->modified ? strdup(ask->modified) : NULL;
	enqueue(get, false);
	if (ret)
		*ret = get;
	return 0;
}

void
scr_get_cancel(struct scr_get *get)
{
	if (get)
		get->fn = NULL;
}

int
scr_web_robots(struct scr_web *web, const char *url, scr_robots_fn *fn, void *arg)
{
	struct scr_get *get;
	int rc = get_new(web, url, &get);

	if (rc < 0)
		return rc;
	get->only_robots = true;
	get->robots_fn = fn;
	get->arg = arg;
	enqueue(get, false);
	return 0;
}

int
scr_web_new(struct plat *p, struct scr_web **ret, struct nv_err *err)
{
	const struct nv_conf_scrape *conf = &plat_config(p)->scrape;
	struct scr_web *web = calloc(1, sizeof(*web));

	if (!web)
		return -ENOMEM;
	(void)snprintf(web->agent, sizeof(web->agent), "%s%s%s%s",
		conf->user_agent ? conf->user_agent : nv_user_agent(),
		conf->contact ? " (+" : "", conf->contact ? conf->contact : "",
		conf->contact ? ")" : "");
	web->plat = p;
	web->loop = plat_loop(p);
	web->guard = conf->allow_private ? NV_HTTP_ANY_ADDRESS : NV_HTTP_PUBLIC_ONLY;
	web->delay_ms = conf->delay_ms;
	web->body_bytes_max = NV_MIN((size_t)conf->body_bytes_max, SCR_BODY_BYTES_MAX);
	int rc = nv_http_new(web->loop, NULL, &web->http);

	if (rc < 0) {
		free(web);
		return nv_err_set(err, rc, "the HTTP client cannot start");
	}
	*ret = web;
	return 0;
}

void
scr_web_free(struct scr_web *web)
{
	if (!web)
		return;
	nv_http_free(web->http);
	while (web->gets)
		scr_get_free(web->gets);
	while (web->sites) {
		struct scr_site *site = web->sites;

		web->sites = site->next;
		scr_site_free(site);
	}
	free(web);
}

void
scr_web_show(const struct scr_web *web, json_t *state)
{
	unsigned waiting = 0;

	for (const struct scr_site *site = web->sites; site; site = site->next)
		waiting += site->waiting + site->busy;
	(void)json_object_set_new(state, "web",
		json_pack("{s:s, s:i, s:i, s:I, s:I, s:I}", "user_agent", web->agent,
			"hosts", (int)web->n_sites, "waiting", (int)waiting, "requests",
			(json_int_t)web->requests, "bytes", (json_int_t)web->bytes,
			"forbidden_by_robots", (json_int_t)web->forbidden));
}
