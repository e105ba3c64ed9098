/* What monitors and crawls are called: each agent has names of its own. */
#ifndef SCR_NAMES_H
#define SCR_NAMES_H

#include "plat.h"

#define SCR_NAME_KEY_BYTES (NV_NAME_MAX + 64)

/* "AGENT/NAME" of the call's `name`. False: the call has failed. */
bool scr_names_key(struct plat_call *call, char ret[SCR_NAME_KEY_BYTES]);
/* Keys that the call may see begin with it: its agent's, for a person all. */
void scr_names_prefix(const struct plat_call *call, char ret[SCR_NAME_KEY_BYTES]);
/* Borrowed: what stands behind the slash. agent: what stands before it. */
const char *scr_names_of(const char *key, char agent[NV_NAME_MAX]);
/* A duration argument, `fallback_ms` when it was not given, at least min_ms. False: the
 * call has failed. */
bool scr_names_duration(struct plat_call *call, const char *arg, int64_t fallback_ms,
	int64_t min_ms, int64_t *ret_ms);

#endif
