/* What a load balancer asks: does it answer, and would a webhook be taken now? */
#include "gateway.h"

#include <string.h>

void
gw_health(struct gw_call *call)
{
	gw_answer(call, 200, "text/plain", "ok\n", 3);
}

void
gw_ready(struct gw_call *call)
{
	const struct gw *gw = call->arg;
	const char *why = gw->emit.broken ? "no engine\n"
			  : gw->silent    ? "the engine does not answer\n"
					  : NULL;

	if (why)
		gw_answer(call, 503, "text/plain", why, strlen(why));
	else
		gw_answer(call, 200, "text/plain", "ready\n", 6);
}
