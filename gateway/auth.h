/* Who may what: bearer tokens (nv_token.h), the sessions of browsers, and the checks that
 * a request from another site does not pass (docs/FACE.md). */
#ifndef GW_AUTH_H
#define GW_AUTH_H

#include "http.h"

/* A gw_admit_fn for the gateway's server: sets call->who. 401 not logged in, 403 the role
 * or a request of another site, 421 a Host that is not ours, 429 too many wrong tokens.
 */
int gw_auth_admit(struct gw_call *call, const char **ret_why);

#endif
