/* A page of HTML as a tree, and what is read of it. Only nova-scrape-parse and tests link
 * this: hostile HTML is never parsed in a process that holds sockets or secrets.
 *
 * Every walk is a loop: a page may be as deep as it is long. What is read is bounded;
 * what is over a bound is left out and the answer says "truncated". Makers return a new
 * reference, NULL without memory. */
#ifndef SCR_PAGE_H
#define SCR_PAGE_H

#include "nv_buf.h"
#include "nv_err.h"
#include "scr_match.h"

#include <jansson.h>

#define SCR_TEXT_BYTES_MAX ((size_t)4 << 20)   /* of all text of a page */
#define SCR_ITEM_BYTES_MAX ((size_t)256 << 10) /* of one element, cell or attribute */
#define SCR_ITEMS_MAX      20000               /* links, matches, list items, rows */
#define SCR_COLSPAN_MAX    1000 /* HTML, "attributes common to td and th elements" */
#define SCR_ROWSPAN_MAX    65534
#define SCR_CELLS_MAX      200000 /* of all tables of a page */
#define SCR_TABLES_MAX     200

/* utf8 is valid UTF-8 without NUL. Never NULL but without memory. */
xmlDoc *scr_page_parse(const char *utf8, size_t bytes);
void scr_page_free(xmlDoc *page);
/* Where searches begin: the document as a node. */
xmlNode *scr_page_top(xmlDoc *page);

/* The text of what is below (or is) the node, as a reader sees it: no script, style,
 * template, noscript; blocks on lines of their own, runs of white space one space (kept
 * in <pre>), no-break spaces are spaces. */
void scr_text(const xmlNode *node, struct nv_buf *out);
/* The same on one line: for cells, items, fields. */
void scr_text_line(const xmlNode *node, struct nv_buf *out);
/* scr_text_line as a JSON string. skip_lists leaves out lists below the node. */
json_t *scr_text_json(const xmlNode *node, bool skip_lists);
/* Whether elements of that name show nothing. */
bool scr_is_hidden(const xmlNode *element);
bool scr_is(const xmlNode *node, const char *name);

/* Text of <title>; null when there is none. */
json_t *scr_title(xmlNode *top);
/* {"base": the first <base href> or null, "links":[{"href","text","rel"?}]}: hrefs of a
 * and area as they stand there, trimmed; fragments alone are left out. */
json_t *scr_links(xmlNode *top);
/* [{"headers":[..]?,"rows":[[..]],"caption"?}]: the grid with cells of rowspan and
 * colspan repeated. list: which tables (NULL: all). */
json_t *scr_tables(xmlNode *top, struct scr_list *list, uint64_t *steps, bool *truncated);
/* [{"kind":"ul"|"ol"|"dl","items":[{"text","level"}|{"term","text"}]}]; lists in lists
 * are items of a greater level. */
json_t *scr_lists(xmlNode *top, struct scr_list *list, uint64_t *steps, bool *truncated);
/* Text of every element that matches, or the attribute of those that have it. */
json_t *scr_select(xmlNode *top, struct scr_list *list, const char *attr, uint64_t *steps,
	bool *truncated);

#endif
