/* Inside of crawls: what is kept of one, and in which tables.
 *
 *   crawl     AGENT/NAME           how it was asked for, how far it is
 *   frontier  AGENT/NAME/NUMBER    {"url","depth","tries","not_before"}: to be fetched
 *   seen      AGENT/NAME/HASH      URLs that were ever in the frontier
 *   result    AGENT/NAME/NUMBER    pages, in the order they came
 *
 * What a page changes (its result, its place in the frontier, the links it adds, the
 * crawl's figures) is one batch: after a crash a page is either stored and never fetched
 * again, or as if it had not been asked for. */
#ifndef SCR_CRAWL_H
#define SCR_CRAWL_H

#include "scr_names.h"
#include "scr_url.h"
#include "scrape.h"

#define SCR_CRAWL_KEY_BYTES (SCR_NAME_KEY_BYTES + 48)
#define SCR_CRAWL_TRIES_MAX 3
#define SCR_CRAWL_FRONT_MAX INT64_C(1000000)

struct scr_front {
	int64_t number;
	char *url; /* owned */
	int64_t depth, tries;
};

int64_t scr_crawl_num(const json_t *crawl, const char *key);
const char *scr_crawl_str(const json_t *crawl, const char *key);
void scr_crawl_add(json_t *crawl, const char *key, int64_t n);

/* A URL for the frontier, unless it was there before; inside a batch. 1: added; 0: not.
 */
int scr_front_add(struct plat *p, const char *key, json_t *crawl, const char *url,
	int64_t depth, json_t *added);
/* The first that may be asked for now and is not in `taken`. 0; -ENOENT: none;
 * *ret_wait_ms (>= 0) when there is one to wait for, else -1. */
int scr_front_next(struct plat *p, const char *key, const int64_t *taken, size_t n_taken,
	struct scr_front *ret, int64_t *ret_wait_ms);
/* What became of a page, with all that follows; one batch. */
int scr_crawl_store(struct plat *p, const char *key, json_t *crawl,
	const struct scr_front *front, const struct scr_page_got *page);
/* All that is kept of it. */
int scr_crawl_forget(struct plat *p, const char *key);

#endif
