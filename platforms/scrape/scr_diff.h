/* What changed between two texts, line by line. */
#ifndef SCR_DIFF_H
#define SCR_DIFF_H

#include <jansson.h>

#define SCR_DIFF_LINES_MAX \
	2000 /* compared one by one, of each side, between the parts that \
		are the same; more are one change */

/* [{"line": in the new text, from 1, "removed":[..], "added":[..]}], empty when nothing
 * changed; the fewest lines that make the one out of the other. NULL without memory. */
json_t *scr_diff(const char *before, const char *after);

#endif
