/* Which elements of a page a selector means. Every walk is a loop (a page may be 200,000
 * elements deep), and every comparison costs a step: a selector that would take a
 * quadratic time on a hostile page ends with -ETIME. */
#ifndef SCR_MATCH_H
#define SCR_MATCH_H

#include "scr_css.h"

#include <libxml/tree.h>

struct scr_match {
	const xmlNode *scope; /* where the search began; NULL: the whole page */
	uint64_t steps_left;
};

#define SCR_MATCH_STEPS UINT64_C(200000000)

/* Whether the element matches. The selector's memos are used: begin a new walk with
 * scr_match_begin. Once steps_left is 0 the answers mean nothing. */
bool scr_match_is(struct scr_match *m, struct scr_list *list, const xmlNode *element);
void scr_match_begin(struct scr_list *list);

typedef int scr_match_fn(void *arg, xmlNode *element);
/* Every element below `top` (not itself) that matches, in document order. 0; -ETIME; or
 * what on_match returned that was not 0. */
int scr_match_each(xmlNode *top, struct scr_list *list, uint64_t *steps,
	scr_match_fn *on_match, void *arg);

/* Document order below `top`; NULL at the end. */
xmlNode *scr_next(const xmlNode *top, const xmlNode *node);
/* As scr_next, but without going into the node. */
xmlNode *scr_next_over(const xmlNode *top, const xmlNode *node);
/* Of an attribute without a namespace: its text, "" when it has none; NULL when there is
 * no such attribute. Borrowed. */
const char *scr_attr(const xmlNode *element, const char *name);

#endif
