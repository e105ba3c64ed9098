/* How a field is written. */
#ifndef SCR_WANT_H
#define SCR_WANT_H

#include "nv_err.h"

/* "h1", "a.next @href": selector and attribute (NULL: the text). "@href" alone is the
 * attribute of the element that is searched. Both owned by the caller. 0 or -ENOMEM. */
int
scr_field_split(const char *text, char **ret_css, char **ret_attr, struct nv_err *err);

#endif
