/* Queues of hosts and their robots.txt. */
#include "scr_site.h"

#include "nv_clock.h"
#include "nv_json.h"
#include "nv_uri.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROBOTS_DEADLINE_MS INT64_C(60000)

void
scr_get_free(struct scr_get *get)
{
	if (get->here)
		*get->here = get->later;
	if (get->later)
		get->later->here = get->here;
	free(get->url);
	free(get->path);
	free(get->etag);
	free(get->modified);
	free(get);
}

void
scr_site_free(struct scr_site *site)
{
	ev_timer_stop(site->web->loop, &site->timer);
	scr_robots_free(site->robots);
	free(site->origin);
	free(site);
}

static void
on_timer(struct ev_loop *loop, struct ev_timer *w, int revents)
{
	(void)loop;
	(void)revents;
	scr_site_pump(w->data);
}

/* Room for another: one that nobody waits for, and whose pause is over. */
static bool
forget_one(struct scr_web *web)
{
	int64_t now = nv_mono_ms();

	for (struct scr_site **at = &web->sites; *at; at = &(*at)->next) {
		struct scr_site *site = *at;

		if (site->busy || site->first || site->next_ms > now)
			continue;
		*at = site->next;
		web->n_sites--;
		scr_site_free(site);
		return true;
	}
	return false;
}

struct scr_site *
scr_site_get(struct scr_web *web, const char *origin)
{
	struct scr_site *site;

	for (site = web->sites; site; site = site->next) {
		if (strcmp(site->origin, origin) == 0)
			return site;
	}
	if (web->n_sites >= SCR_SITES_MAX && !forget_one(web))
		return NULL;
	site = calloc(1, sizeof(*site));
	if (!site)
		return NULL;
	site->origin = strdup(origin);
	if (!site->origin) {
		free(site);
		return NULL;
	}
	site->web = web;
	ev_timer_init(&site->timer, on_timer, 0, 0);
	site->timer.data = site;
	site->next = web->sites;
	web->sites = site;
	web->n_sites++;
	return site;
}

static json_t *
verdict(const struct scr_site *site, const char *path)
{
	const char *rule = NULL;
	bool allowed = site->robots ? scr_robots_allowed(site->robots, path, &rule)
				    : !site->forbidden;
	int64_t delay = site->robots ? scr_robots_delay_ms(site->robots) : -1;
	json_t *sitemaps = json_array();

	for (unsigned i = 0; site->robots && scr_robots_sitemap(site->robots, i); i++)
		(void)json_array_append_new(
			sitemaps, nv_json_str(scr_robots_sitemap(site->robots, i)));
	return json_pack("{s:b, s:o, s:o, s:o, s:i}", "allowed", allowed, "rule",
		rule ? nv_json_str(rule) : json_null(), "crawl_delay_s",
		delay >= 0 ? nv_json_real((double)delay / 1000) : json_null(), "sitemaps",
		sitemaps, "status", site->robots_status);
}

/* RFC 9309, 2.3.1: found is parsed; "unavailable" (4xx) allows everything; "unreachable"
 * (5xx, no answer) forbids everything. */
static void
on_robots(void *arg, const struct nv_http_answer *a)
{
	struct scr_site *site = arg;
	struct scr_web *web = site->web;
	int64_t ttl = SCR_ROBOTS_TTL_MS;

	scr_robots_free(site->robots);
	site->robots = NULL;
	site->forbidden = false;
	site->robots_status = a->status;
	if (a->outcome == NV_HTTP_DONE) {
		site->robots = scr_robots_parse(a->body, a->body_bytes, web->agent);
		site->forbidden = !site->robots;
	} else if (a->status < 400 || a->status >= 500 || a->status == 429) {
		/* Redirects without end are "unavailable" as well (2.3.1.2). */
		site->forbidden = a->status < 300 || a->status >= 400;
		ttl = site->forbidden ? SCR_ROBOTS_RETRY_MS : ttl;
	}
	site->robots_until_ms = nv_mono_ms() + ttl;
	site->busy = false;
	scr_site_pump(site);
}

static void
ask_robots(struct scr_site *site)
{
	struct scr_web *web = site->web;
	char url[NV_URI_BYTES_MAX + 16];
	struct nv_http_request request = {.url = url,
		.user_agent = web->agent,
		.guard = web->guard,
		.redirects_max = SCR_HOPS_MAX,
		.policy = &nv_http_policy_default,
		.limits = {.deadline_ms = ROBOTS_DEADLINE_MS,
			.try_ms = ROBOTS_DEADLINE_MS / 2,
			.body_bytes_max = (size_t)8 << 20}};
	int n = snprintf(url, sizeof(url), "%s/robots.txt", site->origin);

	site->busy = true;
	web->requests++;
	if (n > 0 && (size_t)n < sizeof(url) &&
		nv_http_start(web->http, &request, on_robots, site, NULL, NULL) == 0)
		return;
	site->forbidden = true;
	site->robots_until_ms = nv_mono_ms() + SCR_ROBOTS_RETRY_MS;
	site->busy = false;
}

static void
wake(struct scr_site *site, int64_t wait_ms)
{
	ev_timer_stop(site->web->loop, &site->timer);
	ev_timer_set(&site->timer, (double)wait_ms / 1000, 0);
	ev_timer_start(site->web->loop, &site->timer);
}

static struct scr_get *
pop(struct scr_site *site)
{
	struct scr_get *get = site->first;

	site->first = get->next;
	if (!site->first)
		site->last = NULL;
	site->waiting--;
	get->next = NULL;
	return get;
}

/* Whether it is over without a request. */
static bool
refused(struct scr_site *site, struct scr_get *get)
{
	char why[512];
	const char *rule = NULL;
	struct scr_got got = {.code = NV_EXIT_NO,
		.why = why,
		.url = get->url,
		.retry_after_s = -1,
		.requests = get->hops};

	if (get->only_robots) {
		get->robots_fn(get->arg, verdict(site, get->path), NULL);
		return true;
	}
	if (get->ignore_robots)
		return false;
	if (site->robots ? scr_robots_allowed(site->robots, get->path, &rule)
			 : !site->forbidden)
		return false;
	site->web->forbidden++;
	if (site->forbidden) {
		(void)snprintf(why, sizeof(why),
			"robots.txt of %.200s cannot be had (status %d): nothing may be "
			"asked "
			"there",
			site->origin, site->robots_status);
		got.later = true;
		got.retry_after_s = SCR_ROBOTS_RETRY_MS / 1000;
	} else {
		(void)snprintf(why, sizeof(why),
			"robots.txt of %.200s forbids it: %.200s", site->origin,
			rule ? rule : "");
	}
	get->fn(get->arg, &got);
	return true;
}

void
scr_site_pump(struct scr_site *site)
{
	while (!site->busy && site->first) {
		int64_t now = nv_mono_ms();
		bool cancelled = !site->first->fn && !site->first->robots_fn;

		if (!cancelled && now >= site->robots_until_ms &&
			!site->first->ignore_robots) {
			ask_robots(site);
			continue;
		}
		if (!cancelled && now < site->next_ms && !site->first->only_robots) {
			wake(site, site->next_ms - now);
			return;
		}
		struct scr_get *get = pop(site);

		if (cancelled || refused(site, get)) {
			scr_get_free(get);
			continue;
		}
		site->busy = true;
		scr_get_send(get);
	}
}

void
scr_site_done(struct scr_site *site, int64_t wait_ms)
{
	int64_t pause = site->web->delay_ms;

	if (site->robots)
		pause = NV_MAX(pause, scr_robots_delay_ms(site->robots));
	site->next_ms = nv_mono_ms() + NV_MAX(pause, wait_ms);
	site->busy = false;
	/* From the loop: who is told about this request may ask for the next one first.
	 */
	wake(site, 0);
}
