#include "scr_robots.h"

#include "scr_ascii.h"

#include <stdlib.h>
#include <string.h>

struct rule {
	char *path; /* owned, normalised */
	bool allow;
};

struct scr_robots {
	struct rule *rules; /* owned */
	unsigned n, cap;
	int64_t delay_ms;
	char *sitemaps[SCR_ROBOTS_SITEMAPS]; /* owned */
	unsigned n_sitemaps;
	bool no_memory;
};

/* The file is walked twice: the first walk finds how long the best matching product
 * token is, the second takes the rules of the groups with a token of that length. */
struct walk {
	struct scr_robots *robots;
	char token[128]; /* the crawler's, in lower case */
	int best;        /* bytes of the best token seen; 0: "*"; -1: none */
	bool taking;     /* the second walk */
	bool in_agents;  /* the last line that meant something was User-agent */
	bool mine;       /* the group is the crawler's */
};

/* Bytes of the product token at text (RFC 9309, section 2.2.1: letters, "_", "-"). Digits
 * and dots are taken too since crawlers have them, but a version ("/1.0") is not. */
static size_t
token_bytes(const char *text, size_t bytes)
{
	size_t n = 0;

	while (n < bytes && (scr_is_alnum(text[n]) || text[n] == '-' || text[n] == '_' ||
				    text[n] == '.'))
		n++;
	return n;
}

static bool
is_unreserved(unsigned char c)
{
	return scr_is_alnum((char)c) || c == '-' || c == '.' || c == '_' || c == '~';
}

static void
put_octet(struct nv_buf *out, unsigned char c)
{
	nv_buf_printf(out, "%%%02X", c);
}

/* Section 2.2.2: octets outside of printable ASCII are percent-encoded, what is encoded
 * without need is decoded. In a rule "*" and a "$" at the end are wildcards; as letters
 * of a URL they are encoded, as the RFC tells those to write them that mean them (2.2.3).
 */
static char *
normalise(const char *text, size_t bytes, bool is_rule)
{
	struct nv_buf out;

	nv_buf_init(&out, bytes * 3 + 2);
	nv_buf_puts(&out, "");
	for (size_t i = 0; i < bytes; i++) {
		unsigned char c = (unsigned char)text[i];
		bool last = i + 1 == bytes;

		if (c == '%' && i + 2 < bytes && scr_hex(text[i + 1]) >= 0 &&
			scr_hex(text[i + 2]) >= 0) {
			c = (unsigned char)(scr_hex(text[i + 1]) * 16 +
					    scr_hex(text[i + 2]));
			i += 2;
			if (is_unreserved(c))
				nv_buf_add(&out, &c, 1);
			else
				put_octet(&out, c);
		} else if (c <= 0x20 || c >= 0x7f || (c == '*' && !is_rule) ||
			   (c == '$' && !(is_rule && last)))
			put_octet(&out, c);
		else
			nv_buf_add(&out, &c, 1);
	}
	if (out.bytes == 0 && out.error == 0)
		return strdup("");
	char *text_out = nv_buf_take(&out);

	nv_buf_fini(&out);
	return text_out;
}

/* "*" any octets, "$" at the end of the pattern the end of the path. Goes back to the
 * last star only, so the time is at most the product of both lengths. */
static bool
matches(const char *pattern, const char *path)
{
	const char *star = NULL, *from = NULL;

	for (;;) {
		if (*pattern == '*') {
			star = ++pattern;
			from = path;
		} else if (*pattern == '\0' ||
			   (*pattern == '$' && !pattern[1] && !*path)) {
			return true;
		} else if (*path && *pattern == *path) {
			pattern++;
			path++;
		} else if (star && *from) {
			path = ++from;
			pattern = star;
		} else {
			return false;
		}
	}
}

static void
add_rule(struct walk *w, const char *value, size_t bytes, bool allow)
{
	struct scr_robots *r = w->robots;

	if (bytes == 0) /* an empty Disallow forbids nothing */
		return;
	if (r->n == r->cap) {
		unsigned cap = r->cap ? r->cap * 2 : 16;
		struct rule *rules = reallocarray(r->rules, cap, sizeof(*rules));

		if (!rules) {
			r->no_memory = true;
			return;
		}
		r->rules = rules;
		r->cap = cap;
	}
	char *path = normalise(value, bytes, true);

	if (!path)
		r->no_memory = true;
	else
		r->rules[r->n++] = (struct rule){.path = path, .allow = allow};
}

/* Seconds, perhaps with a fraction. */
static int64_t
delay_of(const char *text, size_t bytes)
{
	int64_t ms = 0, unit = 1000;
	size_t i = 0;

	if (bytes == 0 || !scr_is_digit(text[0]))
		return -1;
	for (; i < bytes && scr_is_digit(text[i]); i++)
		ms = NV_MIN(ms * 10 + (text[i] - '0') * INT64_C(1000),
			SCR_ROBOTS_DELAY_MAX_MS);
	if (i < bytes && text[i] == '.')
		for (i++; i < bytes && scr_is_digit(text[i]); i++)
			ms += (text[i] - '0') * (unit /= 10);
	return i == bytes ? NV_MIN(ms, SCR_ROBOTS_DELAY_MAX_MS) : -1;
}

/* A User-agent line: does its token belong to the crawler, and how well? */
static void
on_agent(struct walk *w, const char *value, size_t bytes)
{
	int length = -1;
	size_t n = token_bytes(value, bytes);

	if (!w->in_agents)
		w->mine = false;
	w->in_agents = true;
	if (bytes > 0 && value[0] == '*')
		length = 0;
	else if (n > 0 && n < sizeof(w->token) && scr_same(value, n, w->token) &&
		 w->token[n] == '\0')
		length = (int)n;
	if (!w->taking)
		w->best = NV_MAX(w->best, length);
	else if (length >= 0 && length == w->best)
		w->mine = true;
}

static void
on_record(struct walk *w, const char *key, size_t key_bytes, const char *value,
	size_t bytes)
{
	struct scr_robots *r = w->robots;
	bool allow = key_bytes == 5 && scr_same(key, 5, "allow");

	if (key_bytes == 10 && scr_same(key, 10, "user-agent")) {
		on_agent(w, value, bytes);
	} else if (allow || (key_bytes == 8 && scr_same(key, 8, "disallow"))) {
		w->in_agents = false;
		if (w->taking && w->mine)
			add_rule(w, value, bytes, allow);
	} else if (key_bytes == 11 && scr_same(key, 11, "crawl-delay")) {
		w->in_agents = false;
		int64_t ms = delay_of(value, bytes);

		if (w->taking && w->mine && ms >= 0)
			r->delay_ms = NV_MAX(r->delay_ms, ms);
	} else if (key_bytes == 7 && scr_same(key, 7, "sitemap")) {
		/* Belongs to no group and ends none. */
		if (!w->taking || bytes == 0 || r->n_sitemaps == SCR_ROBOTS_SITEMAPS)
			return;
		r->sitemaps[r->n_sitemaps] = strndup(value, bytes);
		if (r->sitemaps[r->n_sitemaps])
			r->n_sitemaps++;
	}
}

static void
on_line(struct walk *w, const char *line, size_t bytes)
{
	const char *hash = memchr(line, '#', bytes);
	const char *colon;

	if (hash)
		bytes = (size_t)(hash - line);
	colon = memchr(line, ':', bytes);
	if (!colon)
		return;
	const char *value = colon + 1, *end = line + bytes;

	while (line < colon && scr_is_space(*line))
		line++;
	while (colon > line && scr_is_space(colon[-1]))
		colon--;
	while (value < end && scr_is_space(*value))
		value++;
	while (end > value && scr_is_space(end[-1]))
		end--;
	on_record(w, line, (size_t)(colon - line), value, (size_t)(end - value));
}

static void
walk(struct walk *w, const char *text, size_t bytes, bool cut)
{
	size_t at = 0;

	w->in_agents = false;
	w->mine = false;
	while (at < bytes) {
		size_t end = at;

		while (end < bytes && text[end] != '\n' && text[end] != '\r')
			end++;
		if (end < bytes || !cut)
			on_line(w, text + at, end - at);
		at = end + 1;
	}
}

/* "Mozilla/5.0 (compatible; nova/1.0)" is asked about as "Mozilla": who calls gives the
 * token it goes by. */
static void
set_token(struct walk *w, const char *agent)
{
	size_t n = token_bytes(agent, strlen(agent));

	n = NV_MIN(n, sizeof(w->token) - 1);
	memcpy(w->token, agent, n);
	w->token[n] = '\0';
	scr_lower(w->token);
}

struct scr_robots *
scr_robots_parse(const char *text, size_t bytes, const char *agent)
{
	struct scr_robots *r = calloc(1, sizeof(*r));
	struct walk w = {.robots = r, .best = -1};
	bool cut = bytes > SCR_ROBOTS_BYTES_MAX;

	if (!r)
		return NULL;
	r->delay_ms = -1;
	set_token(&w, agent);
	if (cut)
		bytes = SCR_ROBOTS_BYTES_MAX;
	if (bytes >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		bytes -= 3;
	}
	walk(&w, text, bytes, cut);
	w.taking = true;
	walk(&w, text, bytes, cut);
	if (r->no_memory) {
		scr_robots_free(r);
		return NULL;
	}
	return r;
}

void
scr_robots_free(struct scr_robots *robots)
{
	if (!robots)
		return;
	for (unsigned i = 0; i < robots->n; i++)
		free(robots->rules[i].path);
	for (unsigned i = 0; i < robots->n_sitemaps; i++)
		free(robots->sitemaps[i]);
	free(robots->rules);
	free(robots);
}

bool
scr_robots_allowed(
	const struct scr_robots *robots, const char *path, const char **ret_rule)
{
	const struct rule *best = NULL;
	size_t best_bytes = 0;

	if (ret_rule)
		*ret_rule = NULL;
	if (strcmp(path, "/robots.txt") == 0)
		return true;
	NV_CLEANUP_FREE char *asked =
		normalise(*path ? path : "/", *path ? strlen(path) : 1, false);

	if (!asked) /* without memory nothing may be asked for */
		return false;
	for (unsigned i = 0; i < robots->n; i++) {
		const struct rule *rule = &robots->rules[i];
		size_t bytes = strlen(rule->path);

		if (best && (bytes < best_bytes || (bytes == best_bytes && !rule->allow)))
			continue;
		if (matches(rule->path, asked)) {
			best = rule;
			best_bytes = bytes;
		}
	}
	if (best && ret_rule)
		*ret_rule = best->path;
	return !best || best->allow;
}

int64_t
scr_robots_delay_ms(const struct scr_robots *robots)
{
	return robots->delay_ms;
}

const char *
scr_robots_sitemap(const struct scr_robots *robots, unsigned i)
{
	return i < robots->n_sitemaps ? robots->sitemaps[i] : NULL;
}
