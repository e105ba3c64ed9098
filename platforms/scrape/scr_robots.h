/* robots.txt (RFC 9309): which paths a crawler may ask for. Groups of the same agent are
 * one; the longest matching product token wins, without regard to case, else "*"; of the
 * rules the one with the longest path, Allow on a tie. Paths are compared as octets with
 * percent-encoding made the same on both sides. Crawl-delay and Sitemap are no part of
 * the RFC; they are read as they are used in the wild.
 *
 * Pure. What a status of the server means (4xx: all allowed, 5xx: nothing) is the
 * caller's. */
#ifndef SCR_ROBOTS_H
#define SCR_ROBOTS_H

#include "nv_base.h"

/* What is read of a file (RFC 9309, section 2.5: at least 500 KiB); the rest is left
 * out, and so is a line that was cut. */
#define SCR_ROBOTS_BYTES_MAX    ((size_t)500 * 1024)
#define SCR_ROBOTS_SITEMAPS     64
#define SCR_ROBOTS_DELAY_MAX_MS INT64_C(3600000)

struct scr_robots;

/* What the file says to one crawler. agent is its product token ("nova"), or a whole
 * User-Agent value, of which the token is taken. NULL without memory. */
struct scr_robots *scr_robots_parse(const char *text, size_t bytes, const char *agent);
void scr_robots_free(struct scr_robots *robots);

/* path: of a URL, with its query, beginning with "/"; "" is "/". *ret_rule (may be NULL)
 * borrows the path of the rule that decided, NULL when none did. /robots.txt itself is
 * always allowed. */
bool scr_robots_allowed(
	const struct scr_robots *robots, const char *path, const char **ret_rule);
/* -1: it says none. */
int64_t scr_robots_delay_ms(const struct scr_robots *robots);
/* i-th sitemap as it stands there; NULL past the last. */
const char *scr_robots_sitemap(const struct scr_robots *robots, unsigned i);

#endif
