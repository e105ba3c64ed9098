/* Who may what: bearer tokens (nv_token.h), the sessions of browsers, and the checks that
 * a request from another site does not pass. docs/FACE.md says it for people. */
#ifndef GW_AUTH_H
#define GW_AUTH_H

#include "http.h"

struct gw;
struct gw_auth;

/* Read tokens and sessions. A file of them that is no good is said in the log, and nobody
 * is let in by it until it is. 0 or -ENOMEM. */
int gw_auth_open(struct gw *gw, const char *state_dir);
void gw_auth_close(struct gw *gw);

/* A gw_admit_fn for the gateway's server: sets call->who for every route that is not
 * open. 401 not logged in, 403 the role or a request of another site, 421 a Host that is
 * not ours, 429 too many wrong tokens. */
int gw_auth_admit(struct gw_call *call, const char **ret_why);

/* Once a second: read the tokens again when they have changed, end what their ends end
 * (sessions, streams), save the sessions. */
void gw_auth_tick(struct gw *gw);

/* POST, GET and DELETE /api/v1/session. */
void gw_session_post(struct gw_call *call);
void gw_session_get(struct gw_call *call);
void gw_session_delete(struct gw_call *call);

/* For figures. */
struct gw_auth_figures {
	uint64_t sessions; /* open now */
	uint64_t logins;
	uint64_t wrong;     /* tokens that nobody has */
	uint64_t ended;     /* tokens that have expired or were revoked */
	uint64_t lockouts;  /* addresses locked out so far */
	uint64_t forbidden; /* roles, CSRF, other sites */
};
void gw_auth_figures(const struct gw *gw, struct gw_auth_figures *ret);

#endif
