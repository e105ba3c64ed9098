/* What is kept of crawls. */
#include "nv_clock.h"
#include "nv_crypto.h"
#include "nv_json.h"
#include "scr_crawl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define RETRY_MS INT64_C(30000)

int64_t
scr_crawl_num(const json_t *crawl, const char *key)
{
	return json_integer_value(json_object_get(crawl, key));
}

const char *
scr_crawl_str(const json_t *crawl, const char *key)
{
	return json_string_value(json_object_get(crawl, key));
}

void
scr_crawl_add(json_t *crawl, const char *key, int64_t n)
{
	/* Without memory a figure stays behind; the frontier is what counts. */
	(void)json_object_set_new(
		crawl, key, json_integer(scr_crawl_num(crawl, key) + n));
}

static void
numbered(char ret[SCR_CRAWL_KEY_BYTES], const char *key, int64_t number)
{
	(void)snprintf(ret, SCR_CRAWL_KEY_BYTES, "%s/%012lld", key, (long long)number);
}

static void
hashed(char ret[SCR_CRAWL_KEY_BYTES], const char *key, const char *url_key)
{
	uint8_t hash[NV_SHA256_BYTES];
	struct nv_piece piece = {url_key, strlen(url_key)};
	int n = snprintf(ret, SCR_CRAWL_KEY_BYTES, "%s/", key);

	nv_sha256(&piece, 1, hash);
	for (size_t i = 0; i < 16 && n > 0; i++)
		(void)snprintf(ret + n + 2 * i, 3, "%02x", hash[i]);
}

int
scr_front_add(struct plat *p, const char *key, json_t *crawl, const char *url,
	int64_t depth, json_t *added)
{
	char seen[SCR_CRAWL_KEY_BYTES], at[SCR_CRAWL_KEY_BYTES];
	NV_CLEANUP_FREE char *url_key = NULL;
	json_t *there = NULL, *entry;
	int rc = scr_url_key(url, &url_key);

	if (rc < 0)
		return rc == -ENOMEM ? rc : 0;
	hashed(seen, key, url_key);
	/* What this batch has put is perhaps not seen by a look into the store. */
	if (json_object_get(added, seen))
		return 0;
	rc = plat_get(p, "seen", seen, &there);
	if (rc != -ENOENT) {
		json_decref(there);
		return rc;
	}
	if (scr_crawl_num(crawl, "known") >= SCR_CRAWL_FRONT_MAX) {
		(void)json_object_set_new(crawl, "truncated", json_true());
		return 0;
	}
	rc = plat_put(p, "seen", seen, json_true());
	if (rc == 0)
		rc = json_object_set_new(added, seen, json_true()) < 0 ? -ENOMEM : 0;
	if (rc < 0 || depth < 0)
		return rc;
	entry = json_pack("{s:s, s:I}", "url", url, "depth", (json_int_t)depth);
	numbered(at, key, scr_crawl_num(crawl, "known"));
	rc = entry ? plat_put(p, "frontier", at, entry) : -ENOMEM;
	json_decref(entry);
	if (rc < 0)
		return rc;
	scr_crawl_add(crawl, "known", 1);
	scr_crawl_add(crawl, "waiting", 1);
	return 1;
}

struct pick {
	const int64_t *taken;
	size_t n_taken;
	struct scr_front *ret;
	int64_t now, wait_ms;
	bool found;
};

static int
pick_one(void *arg, const char *key, json_t *entry)
{
	struct pick *k = arg;
	const char *number = strrchr(key, '/');
	int64_t n = number ? strtoll(number + 1, NULL, 10) : -1;
	int64_t wait = (scr_crawl_num(entry, "not_before") - k->now) / NV_NS_PER_MS;
	const char *url = scr_crawl_str(entry, "url");

	for (size_t i = 0; i < k->n_taken; i++) {
		if (k->taken[i] == n)
			return 0;
	}
	if (wait > 0) {
		k->wait_ms = k->wait_ms < 0 ? wait : NV_MIN(k->wait_ms, wait);
		return 0;
	}
	k->ret->url = url ? strdup(url) : NULL;
	if (!k->ret->url)
		return -ENOMEM;
	k->ret->number = n;
	k->ret->depth = scr_crawl_num(entry, "depth");
	k->ret->tries = scr_crawl_num(entry, "tries");
	k->found = true;
	return 1;
}

int
scr_front_next(struct plat *p, const char *key, const int64_t *taken, size_t n_taken,
	struct scr_front *ret, int64_t *ret_wait_ms)
{
	char prefix[SCR_CRAWL_KEY_BYTES];
	struct pick k = {.taken = taken,
		.n_taken = n_taken,
		.ret = ret,
		.now = nv_wall_ns(),
		.wait_ms = -1};

	(void)snprintf(prefix, sizeof(prefix), "%s/", key);
	int rc = plat_each(p, "frontier", prefix, NULL, pick_one, &k);

	*ret_wait_ms = k.wait_ms;
	if (rc < 0)
		return rc;
	return k.found ? 0 : -ENOENT;
}

static bool
is_followed(const json_t *link)
{
	const char *rel = scr_crawl_str(link, "rel");

	return !rel || !strcasestr(rel, "nofollow");
}

static int
add_links(struct plat *p, const char *key, json_t *crawl, const struct scr_front *front,
	const struct scr_page_got *page)
{
	const char *start = scr_crawl_str(crawl, "url");
	enum scr_scope scope = (enum scr_scope)scr_crawl_num(crawl, "scope");
	json_t *added = json_object(), *link;
	size_t i;
	/* Where a redirect led need not be asked for again. */
	int rc =
		added ? scr_front_add(p, key, crawl, page->got->url, -1, added) : -ENOMEM;

	/* A redirect out of the scope: its page is kept, its links are not ours. */
	if (rc >= 0 && front->depth < scr_crawl_num(crawl, "depth") &&
		scr_url_in_scope(page->got->url, start, scope)) {
		json_array_foreach(json_object_get(page->data, "links"), i, link)
		{
			const char *url = scr_crawl_str(link, "url");

			if (!url || !is_followed(link) ||
				!scr_url_in_scope(url, start, scope))
				continue;
			rc = scr_front_add(p, key, crawl, url, front->depth + 1, added);
			if (rc < 0)
				break;
		}
	}
	json_decref(added);
	return rc < 0 ? rc : 0;
}

static int
put_result(struct plat *p, const char *key, json_t *crawl, const struct scr_front *front,
	const struct scr_page_got *page)
{
	static const char *const keys[] = {
		"title", "text", "fields", "records", "truncated"};
	char at[SCR_CRAWL_KEY_BYTES];
	int64_t number = scr_crawl_num(crawl, "fetched") + 1;
	json_t *links = json_object_get(page->data, "links");
	json_t *result = json_pack("{s:I, s:s, s:s, s:i, s:I, s:o, s:s?, s:I}", "number",
		(json_int_t)number, "url", front->url, "final_url", page->got->url,
		"status", page->got->status, "depth", (json_int_t)front->depth, "at",
		nv_json_time(nv_wall_ns()), "error", page->why, "links",
		(json_int_t)json_array_size(links));
	int rc = result ? 0 : -ENOMEM;

	for (size_t i = 0; i < NV_LEN(keys) && rc == 0; i++) {
		json_t *value = json_object_get(page->data, keys[i]);

		if (value && json_object_set(result, keys[i], value) < 0)
			rc = -ENOMEM;
	}
	numbered(at, key, number);
	if (rc == 0)
		rc = plat_put(p, "result", at, result);
	json_decref(result);
	return rc;
}

/* Again later, when that may help: the host was busy, or did not answer. */
static int
put_back(struct plat *p, const char *at, const struct scr_front *front,
	const struct scr_page_got *page)
{
	int64_t wait_ms = NV_MAX(page->got->retry_after_s * 1000, RETRY_MS);
	int64_t not_before = nv_wall_ns() + wait_ms * NV_NS_PER_MS;
	json_t *entry = json_pack("{s:s, s:I, s:I, s:I}", "url", front->url, "depth",
		(json_int_t)front->depth, "tries", (json_int_t)front->tries + 1,
		"not_before", (json_int_t)not_before);
	int rc = entry ? plat_put(p, "frontier", at, entry) : -ENOMEM;

	json_decref(entry);
	return rc;
}

static int
store(struct plat *p, const char *key, json_t *crawl, const struct scr_front *front,
	const struct scr_page_got *page)
{
	char at[SCR_CRAWL_KEY_BYTES];
	bool again =
		page->why && page->got->later && front->tries + 1 < SCR_CRAWL_TRIES_MAX;

	numbered(at, key, front->number);
	scr_crawl_add(crawl, "requests", page->got->requests);
	scr_crawl_add(crawl, "bytes", (int64_t)page->got->bytes);
	int rc = again ? put_back(p, at, front, page) : plat_del(p, "frontier", at);

	if (rc == 0 && !again) {
		rc = put_result(p, key, crawl, front, page);
		scr_crawl_add(crawl, "fetched", 1);
		scr_crawl_add(crawl, "failed", page->why != NULL);
		scr_crawl_add(crawl, "waiting", -1);
	}
	if (rc == 0 && !again && page->data)
		rc = add_links(p, key, crawl, front, page);
	return rc == 0 ? plat_put(p, "crawl", key, crawl) : rc;
}

int
scr_crawl_store(struct plat *p, const char *key, json_t *crawl,
	const struct scr_front *front, const struct scr_page_got *page)
{
	int rc = plat_batch_begin(p);

	if (rc < 0)
		return rc;
	rc = store(p, key, crawl, front, page);
	int ended = plat_batch_end(p, rc == 0);

	return rc < 0 ? rc : ended;
}

struct forget {
	struct plat *p;
	const char *table;
};

static int
forget_one(void *arg, const char *key, json_t *value)
{
	struct forget *f = arg;

	(void)value;
	return plat_del(f->p, f->table, key);
}

int
scr_crawl_forget(struct plat *p, const char *key)
{
	static const char *const tables[] = {"frontier", "seen", "result"};
	char prefix[SCR_CRAWL_KEY_BYTES];
	int rc = plat_batch_begin(p);

	if (rc < 0)
		return rc;
	(void)snprintf(prefix, sizeof(prefix), "%s/", key);
	for (size_t i = 0; i < NV_LEN(tables) && rc == 0; i++) {
		struct forget f = {.p = p, .table = tables[i]};

		rc = plat_each(p, tables[i], prefix, NULL, forget_one, &f);
	}
	if (rc == 0)
		rc = plat_del(p, "crawl", key);
	int ended = plat_batch_end(p, rc == 0);

	return rc < 0 ? rc : ended;
}
