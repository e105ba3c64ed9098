/* Who may what: see auth.h. */
#include "auth.h"

int
gw_auth_admit(struct gw_call *call, const char **ret_why)
{
	call->who = (struct gw_who){0};
	if (call->route->role == GW_OPEN)
		return 0;
	gw_answer_header(call, "WWW-Authenticate", "Bearer");
	*ret_why = "a token is needed";
	return 401;
}
