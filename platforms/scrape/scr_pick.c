/* Links, lists, and what a selector finds. */
#include "nv_json.h"
#include "scr_ascii.h"
#include "scr_page.h"

#include <errno.h>
#include <string.h>

/* HTML attributes that are URLs are stripped of white space around them. */
static json_t *
trimmed(const char *text)
{
	size_t bytes;

	while (scr_is_space(*text))
		text++;
	bytes = strlen(text);
	while (bytes > 0 && scr_is_space(text[bytes - 1]))
		bytes--;
	return nv_json_text(text, NV_MIN(bytes, SCR_ITEM_BYTES_MAX));
}

static bool
is_elsewhere(const char *href)
{
	while (scr_is_space(*href))
		href++;
	return *href != '#';
}

static int
add_link(json_t *links, const xmlNode *e, const char *href)
{
	const char *rel = scr_attr(e, "rel");
	json_t *link = json_pack(
		"{s:o, s:o}", "href", trimmed(href), "text", scr_text_json(e, false));

	if (link && rel && json_object_set_new(link, "rel", trimmed(rel)) < 0) {
		json_decref(link);
		return -1;
	}
	return json_array_append_new(links, link);
}

json_t *
scr_links(xmlNode *top)
{
	json_t *links = json_array();
	const char *base = NULL;
	int rc = links ? 0 : -1;
	bool truncated = false;

	for (xmlNode *n = scr_next(top, top); n && rc == 0; n = scr_next(top, n)) {
		bool is_link = scr_is(n, "a") || scr_is(n, "area");
		const char *href =
			is_link || scr_is(n, "base") ? scr_attr(n, "href") : NULL;

		if (!href)
			continue;
		if (!is_link)
			base = base ? base : href; /* the first one counts */
		else if (json_array_size(links) == SCR_ITEMS_MAX)
			truncated = true;
		else if (is_elsewhere(href))
			rc = add_link(links, n, href);
	}
	json_t *all = rc == 0 ? json_pack("{s:o, s:b}", "base",
					base ? trimmed(base) : json_null(), "truncated",
					truncated)
			      : NULL;

	if (!all || json_object_set_new(all, "links", links) < 0) {
		if (!all)
			json_decref(links);
		json_decref(all);
		return NULL;
	}
	return all;
}

struct picked {
	json_t *array; /* borrowed */
	const char *attr;
	bool *truncated;
	size_t bytes;
};

static int
on_picked(void *arg, xmlNode *e)
{
	struct picked *p = arg;
	const char *value = p->attr ? scr_attr(e, p->attr) : NULL;
	json_t *one;

	if (p->attr && !value)
		return 0;
	if (json_array_size(p->array) == SCR_ITEMS_MAX || p->bytes > SCR_TEXT_BYTES_MAX) {
		*p->truncated = true;
		return 1;
	}
	one = p->attr ? nv_json_text(value, NV_MIN(strlen(value), SCR_ITEM_BYTES_MAX))
		      : scr_text_json(e, false);
	p->bytes += json_string_length(one);
	return json_array_append_new(p->array, one) < 0 ? -ENOMEM : 0;
}

json_t *
scr_select(xmlNode *top, struct scr_list *list, const char *attr, uint64_t *steps,
	bool *truncated)
{
	json_t *found = json_array();
	struct picked p = {.array = found, .attr = attr, .truncated = truncated};

	if (!found || scr_match_each(top, list, steps, on_picked, &p) < 0) {
		json_decref(found);
		return NULL;
	}
	return found;
}

static bool
is_list(const xmlNode *n)
{
	return scr_is(n, "ul") || scr_is(n, "ol") || scr_is(n, "dl");
}

struct lists {
	json_t *all; /* borrowed */
	size_t items;
	bool *truncated;
};

/* How many lists below `top` (itself one) the item stands in. */
static unsigned
level_of(const xmlNode *top, const xmlNode *item)
{
	unsigned level = 0;

	/* Deeper than anybody nests lists it is no list any more; and the way up is not
	 * walked for each of a page's thousands. */
	for (unsigned up = 0; item != top && up < 200; item = item->parent, up++)
		level += is_list(item);
	return level;
}

static json_t *
item_of(const xmlNode *list, const xmlNode *item, json_t **term)
{
	json_t *text = scr_text_json(item, true);

	if (scr_is(item, "dt")) {
		json_decref(*term);
		*term = text;
		return NULL;
	}
	if (scr_is(item, "dd"))
		return json_pack("{s:O?, s:o}", "term", *term, "text", text);
	return json_pack("{s:o, s:i}", "text", text, "level", (int)level_of(list, item));
}

static int
on_list(void *arg, xmlNode *list)
{
	struct lists *l = arg;
	json_t *term = NULL, *items = json_array();
	int rc = items ? 0 : -ENOMEM;

	if (!is_list(list)) {
		json_decref(items);
		return 0;
	}
	for (xmlNode *n = scr_next(list, list); n && rc == 0; n = scr_next(list, n)) {
		if (!scr_is(n, "li") && !scr_is(n, "dt") && !scr_is(n, "dd"))
			continue;
		if (++l->items > SCR_ITEMS_MAX) {
			*l->truncated = true;
			break;
		}
		json_t *item = item_of(list, n, &term);

		if (item && json_array_append_new(items, item) < 0)
			rc = -ENOMEM;
	}
	json_decref(term);
	json_t *one =
		json_pack("{s:s, s:o}", "kind", (const char *)list->name, "items", items);

	if (json_array_append_new(l->all, one) < 0)
		rc = -ENOMEM;
	return rc < 0 ? rc : *l->truncated ? 1 : 0;
}

json_t *
scr_lists(xmlNode *top, struct scr_list *list, uint64_t *steps, bool *truncated)
{
	json_t *all = json_array();
	struct lists l = {.all = all, .truncated = truncated};
	int rc = all ? 0 : -ENOMEM;

	if (list && rc == 0)
		rc = scr_match_each(top, list, steps, on_list, &l);
	xmlNode *n = list || !all ? NULL : scr_next(top, top);

	while (n && rc == 0) {
		rc = is_list(n) ? on_list(&l, n) : 0;
		n = is_list(n) ? scr_next_over(top, n) : scr_next(top, n);
	}
	if (rc < 0) {
		json_decref(all);
		return NULL;
	}
	return all;
}
